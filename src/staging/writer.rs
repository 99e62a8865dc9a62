//! The writing side: one connection, one lock, transactions. Boundary: opening and group commit; the operations themselves are
//! in `runs`, `entities`, `steps` and `constraints`.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::database::{check_file, connect_writer, create, read_meta};
use super::{Meta, StagingError, StagingLock};

/// The one connection that writes. Holds the lock of the staging file as long as it lives.
#[derive(Debug)]
pub struct StagingWriter {
    // Closed before the lock is given back: fields are dropped in this order.
    db: Connection,
    batch: Batch,
    _lock: StagingLock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// Each operation is a transaction of its own.
    None,
    /// Operations are part of one transaction.
    Open,
    /// An operation failed, and the transaction was rolled back. Stays so until the owner of the batch has taken note.
    Lost,
}

impl StagingWriter {
    /// Opens the staging file, continuing with what is there.
    pub fn open(path: &Path) -> Result<Self, StagingError> {
        // Before the lock, whose file would otherwise be left beside nothing.
        check_file(path)?;
        Self::connect(path, StagingLock::acquire(path)?)
    }

    /// Creates a staging file that is not there yet.
    pub fn create(path: &Path) -> Result<Self, StagingError> {
        let lock = StagingLock::acquire(path)?;
        create(path)?;
        Self::connect(path, lock)
    }

    /// Opens the staging file, or creates it.
    pub fn open_or_create(path: &Path) -> Result<Self, StagingError> {
        let lock = StagingLock::acquire(path)?;
        match check_file(path) {
            Err(StagingError::Missing { .. }) => create(path)?,
            checked => checked?,
        }
        Self::connect(path, lock)
    }

    fn connect(path: &Path, lock: StagingLock) -> Result<Self, StagingError> {
        let db = connect_writer(path)?;
        read_meta(&db)?;
        Ok(Self { db, batch: Batch::None, _lock: lock })
    }

    /// What the file says of itself.
    pub fn meta(&self) -> Result<Meta, StagingError> {
        read_meta(&self.db)
    }

    /// Opens a batch: the operations until `commit_batch` become durable together, or not at all. When one of them fails, all of
    /// them are taken back, and the rest of the batch is refused. A batch that is open already goes on.
    pub fn begin_batch(&mut self) -> Result<(), StagingError> {
        match self.batch {
            Batch::None => {
                self.db.execute_batch("BEGIN IMMEDIATE")?;
                self.batch = Batch::Open;
                Ok(())
            }
            Batch::Open => Ok(()),
            Batch::Lost => Err(StagingError::BatchLost),
        }
    }

    /// Makes the batch durable. After an error, nothing of the batch was kept, and another can be opened.
    pub fn commit_batch(&mut self) -> Result<(), StagingError> {
        match std::mem::replace(&mut self.batch, Batch::None) {
            Batch::None => Ok(()),
            Batch::Open => self.db.execute_batch("COMMIT").map_err(|failure| {
                self.roll_back();
                failure.into()
            }),
            Batch::Lost => Err(StagingError::BatchLost),
        }
    }

    /// Takes the batch back.
    pub fn abandon_batch(&mut self) {
        if std::mem::replace(&mut self.batch, Batch::None) == Batch::Open {
            self.roll_back();
        }
    }

    /// One operation: in the open batch, or in a transaction of its own.
    pub(super) fn step<T>(&mut self, write: impl FnOnce(&Connection) -> Result<T, StagingError>) -> Result<T, StagingError> {
        match self.batch {
            Batch::None => {
                let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let result = write(&transaction)?;
                transaction.commit()?;
                Ok(result)
            }
            Batch::Open => write(&self.db).inspect_err(|_| {
                self.roll_back();
                self.batch = Batch::Lost;
            }),
            Batch::Lost => Err(StagingError::BatchLost),
        }
    }

    fn roll_back(&self) {
        // SQLite has done it already after some failures (disk full, I/O); asking again is then an error without meaning.
        if !self.db.is_autocommit()
            && let Err(failure) = self.db.execute_batch("ROLLBACK")
        {
            log::debug!("rolling back in the staging file: {failure}");
        }
    }
}
