//! What the pipeline measured of its threads, as the report tells it. Boundary: units and words; neither side knows the other.

use crate::pipeline::{Role, Usage};
use crate::report::ThreadTime;

#[allow(clippy::cast_precision_loss, reason = "microseconds of a run have fewer than 53 bits")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// The account of a run's threads, as it is reported.
pub(super) fn thread_times(usages: &[(Role, Usage)]) -> Vec<ThreadTime> {
    let one = |(role, usage): &(Role, Usage)| ThreadTime {
        role: role.word(),
        threads: usage.threads,
        wall_seconds: seconds(usage.wall),
        cpu_seconds: usage.cpu.map(seconds),
        ready_seconds: usage.ready.map(seconds),
        idle_seconds: seconds(usage.idle),
        handing_seconds: seconds(usage.handing),
        waiting_seconds: seconds(usage.outside()),
        finishing_seconds: seconds(usage.finishing),
        bytes: usage.bytes,
    };
    usages.iter().map(one).collect()
}
