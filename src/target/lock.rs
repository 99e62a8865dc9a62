//! One `etl` at a time in a target. Boundary: an advisory lock of the server, held by a connection of its own, so that it ends with the
//! process whatever becomes of it.

use std::thread::sleep;
use std::time::Duration;

use super::TargetError;
use crate::pg::{Endpoint, Session};

/// "etl load" in ASCII. One number for all: advisory locks are per database, and two migrations into one database would take down and put
/// back each other's constraints.
const KEY: i64 = 0x6574_6C20_6C6F_6164;
/// The server needs a moment to notice that the process before is gone.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Held while an `etl` loads into a target.
#[derive(Debug)]
pub struct TargetLock {
    session: Session,
}

impl TargetLock {
    /// Takes the lock over a connection of its own.
    pub fn acquire(endpoint: &Endpoint) -> Result<Self, TargetError> {
        let mut session = endpoint.connect()?;
        for attempt in 0..TRIES {
            if attempt > 0 {
                sleep(PAUSE);
            }
            let rows = session.query("SELECT pg_catalog.pg_try_advisory_lock($1)", &[&KEY])?;
            if rows.first().is_some_and(|r| r.get(0)) {
                return Ok(Self { session });
            }
        }
        let holder = session.query(
            "SELECT format('process %s of user %s%s', a.pid, a.usename, coalesce(' from ' || a.client_addr::text, ''))
               FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
              WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND ((l.classid::bigint << 32) | l.objid::bigint) = $1
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
            &[&KEY],
        )?;
        Err(TargetError::Locked { server: session.server().to_owned(), holder: holder.first().and_then(|r| r.get(0)) })
    }

    /// Whether it is still held: it is lost with its connection.
    pub fn is_held(&mut self) -> bool {
        self.session.execute("SELECT 1").is_ok()
    }
}
