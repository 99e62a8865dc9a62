//! Named places where a test kills the process, as `kill -9` would: no destructor runs, no buffer is flushed. Compiled in only
//! with the feature `failpoints`; without it a point is nothing at all.
//!
//! `ETL_FAILPOINT=load.committed` dies there the first time, `ETL_FAILPOINT=load.committed:3` the third.

/// Dies here when the environment says so.
#[cfg(feature = "failpoints")]
pub(super) fn failpoint(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static SEEN: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("ETL_FAILPOINT").ok()?;
        let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), count.parse().ok()?))
    });
    if let Some((wanted, count)) = wanted
        && wanted == name
        && SEEN.fetch_add(1, Ordering::SeqCst) + 1 == *count
    {
        // Failure would leave the process alive, and the test that waits for its death would say so.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(super) fn failpoint(_name: &str) {}
