//! One writer at a time, across processes. Boundary: the lock file beside the staging file; the kernel gives the lock back
//! whatever becomes of the process, so a lock file that is left lying means nothing.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::StagingError;
use super::database::{beside, private_file, unwritable};

/// How often the lock is tried, and how long after each time. `etl status` holds it for an instant to see whether anybody does,
/// and that must not make a run that starts just then give up.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// The exclusive lock of a staging file, held until it is dropped. Not the staging file itself is locked: SQLite locks that
/// in its own way, and a program that closes it for any reason would give up a lock of ours with it.
#[derive(Debug)]
pub struct StagingLock {
    _file: File,
}

impl StagingLock {
    /// Takes the lock of the staging file at `path`, which need not exist yet.
    pub fn acquire(path: &Path) -> Result<Self, StagingError> {
        let lock = lock_path(path);
        let mut file = private_file(&lock).map_err(|source| unwritable(&lock, source))?;
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries > 0 => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(StagingError::Busy { path: path.to_owned(), holder: read_holder(&mut file) }),
                Err(TryLockError::Error(source)) => return Err(StagingError::Io { action: "lock", path: lock, source }),
            }
        }
        // Only for the message of whoever finds it locked.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|source| unwritable(&lock, source))?;
        Ok(Self { _file: file })
    }

    /// The process that works with the staging file: `None` when there is none, `Some(0)` when its number cannot be read.
    pub fn holder(path: &Path) -> Option<u32> {
        let mut file = File::open(lock_path(path)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_holder(&mut file).unwrap_or(0)),
            _ => None,
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

fn read_holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_second_one_is_refused_and_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("staging.db");
        assert_eq!(StagingLock::holder(&path), None);
        let first = StagingLock::acquire(&path).unwrap();
        assert_eq!(StagingLock::holder(&path), Some(std::process::id()));
        let refused = StagingLock::acquire(&path).unwrap_err();
        assert!(matches!(refused, StagingError::Busy { holder: Some(pid), .. } if pid == std::process::id()), "{refused}");
        assert_eq!(std::fs::metadata(lock_path(&path)).unwrap().permissions().mode() & 0o777, 0o600);
        drop(first);
        assert_eq!(StagingLock::holder(&path), None);
        StagingLock::acquire(&path).unwrap();
    }
}
