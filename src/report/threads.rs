//! Where the time of a run went: the account of its threads. Boundary: says what was measured; nothing is measured here.

use serde::Serialize;

use super::grid::Grid;
use super::number::bytes;

/// What the threads of one kind did with their time, summed over them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ThreadTime {
    /// `read`, `transform`, `store` or `load`.
    pub role: &'static str,
    /// Threads.
    pub threads: u64,
    /// Seconds from their beginning to their end.
    pub wall_seconds: f64,
    /// Seconds of computing; `null` where the system does not say.
    pub cpu_seconds: Option<f64>,
    /// Seconds in which they could have computed and had no processor; `null` where the system does not say.
    pub ready_seconds: Option<f64>,
    /// Seconds without anything to do.
    pub idle_seconds: f64,
    /// Seconds of waiting until the staging file took what was done.
    pub handing_seconds: f64,
    /// Seconds of waiting for a server, or for the disk under the staging file.
    pub waiting_seconds: f64,
    /// Of all this, seconds for constraints, sequences and statistics.
    pub finishing_seconds: f64,
    /// Bytes of rows that were read, made or sent; packed, where they were stored.
    pub bytes: u64,
}

/// The account for a terminal, with what held the run back most.
pub fn account(times: &[ThreadTime]) -> Vec<String> {
    let mut grid = Grid::new(&["in seconds", "n", "wall", "cpu", "no cpu", "idle", "staging", "waiting", "bytes"]);
    let number = |seconds: f64| if seconds < 1000.0 { format!("{seconds:.2}") } else { format!("{seconds:.0}") };
    let known = |seconds: Option<f64>| seconds.map_or_else(|| "?".to_owned(), number);
    for time in times {
        let what = match time.role {
            "read" => "reading",
            "store" => "staging",
            "load" => "loading",
            _ => "transform",
        };
        grid.row(vec![
            what.to_owned(),
            time.threads.to_string(),
            number(time.wall_seconds),
            known(time.cpu_seconds),
            known(time.ready_seconds),
            number(time.idle_seconds),
            number(time.handing_seconds),
            number(time.waiting_seconds),
            bytes(time.bytes),
        ]);
    }
    let mut lines = grid.render();
    lines.extend(held_back(times));
    lines
}

/// The one thing that took the largest part of the time.
fn held_back(times: &[ThreadTime]) -> Option<String> {
    let threads = |time: &ThreadTime| u32::try_from(time.threads.max(1)).map_or(1.0, f64::from);
    let whole = times.iter().map(|time| time.wall_seconds / threads(time)).fold(0.0, f64::max);
    let mut causes: Vec<(f64, String)> = Vec::new();
    for time in times {
        let share = |seconds: f64| seconds / threads(time) / whole;
        let (waited, worked) = match time.role {
            "read" => ("the source server, which readers waited for", "reading rows"),
            "load" => ("the target server, which loaders waited for", "sending rows"),
            "store" => ("the disk under the staging file", "writing the staging file"),
            _ => ("transform, waiting", "transforming rows"),
        };
        causes.push((share(time.waiting_seconds), waited.to_owned()));
        causes.push((share(time.cpu_seconds.unwrap_or(0.0)), format!("{worked}, on the processors given to it")));
    }
    // A thread that is woken up waits for a processor within the time that it had nothing to do.
    let (active, ready) = times.iter().fold((0.0, 0.0), |(active, ready), time| {
        let without = time.ready_seconds.unwrap_or(0.0);
        (active + time.cpu_seconds.unwrap_or(0.0) + time.waiting_seconds + without, ready + without)
    });
    causes.push((ready / active, "the processors: threads were ready and had none".to_owned()));
    let (share, cause) = causes.into_iter().filter(|(share, _)| share.is_finite()).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!("held back most by {cause} ({:.0} % of the time)", share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_names_what_held_the_run_back_and_fits_a_terminal() {
        let one = |role, threads, wall_seconds, cpu, ready, idle_seconds, waiting_seconds| ThreadTime {
            role,
            threads,
            wall_seconds,
            cpu_seconds: Some(cpu),
            ready_seconds: Some(ready),
            idle_seconds,
            waiting_seconds,
            bytes: 987_654_321_000,
            ..ThreadTime::default()
        };
        let times = [
            one("read", 2, 4000.0, 500.0, 100.0, 0.0, 3400.0),
            one("transform", 2, 20_000.0, 1200.0, 100.0, 18_700.0, 0.0),
            one("store", 1, 10_000.0, 600.0, 0.0, 9000.0, 400.0),
            one("load", 2, 20_000.0, 500.0, 0.0, 4500.0, 15_000.0),
        ];
        let lines = account(&times);
        assert!(lines.iter().all(|line| line.chars().count() <= 80 && !line.contains('…')), "{lines:#?}");
        assert!(lines[4].starts_with("loading"), "{lines:#?}");
        assert!(lines[4].contains(" 15000 "), "{lines:#?}");
        let said = "held back most by the target server, which loaders waited for (75 % of the time)";
        assert_eq!(lines.last().map(String::as_str), Some(said));
    }
}
