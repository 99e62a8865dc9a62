//! One snapshot for all readers. Boundary: connections and their transactions; what is read in them is `read`'s matter.

use super::SourceError;
use crate::pg::{Endpoint, PgError, Row, Session, server_info};

/// The snapshot that a run reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its exported name; `None` where the server cannot export one, and only one reader can work.
    pub name: Option<String>,
    /// When it was taken, by the server's clock (ISO text, UTC).
    pub taken_at: String,
    /// The cluster's identity, where this user may know it.
    pub system_identifier: Option<String>,
    /// The database.
    pub database: String,
    /// The server's version.
    pub version: String,
    /// The write-ahead log's position, where this user may know it.
    pub lsn: Option<String>,
    /// Why only one reader can work, where that is so.
    pub single_reader: Option<String>,
}

/// Keeps the snapshot alive: readers can join as long as this lives. A reader that has joined keeps the snapshot for itself.
#[derive(Debug)]
pub struct SnapshotHolder {
    reader: Reader,
    info: SnapshotInfo,
}

impl SnapshotHolder {
    /// Opens a snapshot and exports it. A server that cannot export (a standby before version 10, some poolers and forks) leaves the
    /// holder's own connection as the only reader, and [`SnapshotInfo::single_reader`] says why.
    pub fn open(endpoint: &Endpoint) -> Result<Self, SourceError> {
        let mut session = endpoint.connect()?;
        let server = server_info(&mut session)?;
        let position = if server.standby { "pg_last_wal_replay_lsn" } else { "pg_current_wal_lsn" };
        let taken = format!(
            "SELECT to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),
                    CASE WHEN pg_catalog.has_function_privilege('pg_catalog.{position}()', 'EXECUTE') THEN pg_catalog.{position}()::text END"
        );
        begin(&mut session);
        // Not behind a savepoint: a subtransaction cannot export.
        let (mut answers, single_reader) = match session.query_all(&[("SELECT pg_catalog.pg_export_snapshot()", &[]), (&taken, &[])]) {
            Ok(answers) => (answers, None),
            Err(PgError::Server { error, .. }) => {
                session.execute("ROLLBACK")?;
                begin(&mut session);
                let taken = session.query(&taken, &[])?;
                (vec![taken], Some(format!("the source cannot share a snapshot between connections: {error}")))
            }
            Err(error) => return Err(error.into()),
        };
        let field = |rows: Option<Vec<Row>>, at: usize| rows?.first()?.try_get::<_, Option<String>>(at).ok().flatten();
        let taken = answers.pop();
        let (taken_at, lsn) = (field(taken.clone(), 0).unwrap_or_default(), field(taken, 1));
        let name = field(answers.pop(), 0);
        let info = SnapshotInfo {
            name,
            taken_at,
            system_identifier: server.system_identifier,
            database: server.database,
            version: server.version,
            lsn,
            single_reader,
        };
        let mut reader = Reader { session };
        reader.session.ahead(SAVEPOINT);
        Ok(Self { reader, info })
    }

    /// Ends the snapshot and leaves the connection to whoever connects next.
    pub fn close(self, endpoint: &Endpoint) {
        let mut session = self.reader.session;
        if session.execute("ROLLBACK").is_ok() {
            endpoint.keep(session);
        }
    }

    /// What it is.
    pub fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    /// The holder's own connection as a reader: for planning and control sums, and the only reader where the snapshot cannot be shared.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

/// A connection that reads the snapshot.
#[derive(Debug)]
pub struct Reader {
    session: Session,
}

impl Reader {
    /// Opens a further connection to the same snapshot.
    pub fn join(endpoint: &Endpoint, snapshot: &SnapshotInfo) -> Result<Self, SourceError> {
        let Some(name) = &snapshot.name else {
            return Err(SourceError::NotShared { why: snapshot.single_reader.clone().unwrap_or_default() });
        };
        let mut session = endpoint.connect()?;
        // The snapshot must be set before the transaction's first query.
        let begun =
            session.execute(&format!("{BEGIN}; SET TRANSACTION SNAPSHOT {}; {ROOM_TO_SORT}; {SAVEPOINT}", crate::pg::literal(name)));
        match begun {
            // "invalid snapshot identifier" and "could not import the requested snapshot: the source transaction is not running".
            Err(source) if matches!(source.sqlstate(), Some("22023" | "55000")) => {
                Err(SourceError::SnapshotLost { snapshot: name.clone(), source })
            }
            Err(source) => Err(source.into()),
            Ok(()) => Ok(Self { session }),
        }
    }

    /// Gives up the locks on what was read so far, and with them any error; the snapshot stays. A transaction keeps a lock on every table
    /// and index that it has read until it ends, and this one ends with the run: with thousands of tables the server's room for locks,
    /// which is shared by everybody, would be used up.
    pub fn let_go(&mut self) -> Result<(), PgError> {
        self.session.execute("ROLLBACK TO SAVEPOINT etl_reader")
    }

    /// The same together with what is read next, for whoever reads on at once.
    pub fn let_go_and_read_on(&mut self) {
        self.session.ahead("ROLLBACK TO SAVEPOINT etl_reader");
    }

    /// The connection.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Everything is read behind it. A snapshot belongs to the transaction, so going back to the savepoint leaves it as it is.
const SAVEPOINT: &str = "SAVEPOINT etl_reader";

/// Rows are read in key order; a join that has to be sorted for it should not go to disk for want of a few megabytes. A larger setting
/// of the user stands.
const ROOM_TO_SORT: &str = "SELECT pg_catalog.set_config('work_mem', '64MB', true)
     WHERE pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) < 67108864";

/// Begins with the next request.
fn begin(session: &mut Session) {
    session.ahead(BEGIN);
    session.ahead(ROOM_TO_SORT);
}
