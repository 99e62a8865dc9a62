//! The SQLite file itself: creating it, telling what a file is before SQLite sees it, connections. Boundary: no table of the
//! schema is read or written here but `meta`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Params, Row};
use uuid::Uuid;

use super::reader::Meta;
use super::runs::{Moment, new_id};
use super::{EntityId, RunId, StagingError};
use crate::row::LegacyKey;

/// `etls`, in the header of every staging file (`PRAGMA application_id`): `file` and we know it by that.
const APPLICATION_ID: u32 = 0x6574_6C73;
/// The format that this program writes and reads (`PRAGMA user_version`).
const FORMAT: u32 = 1;
const INIT: &str = include_str!("../../staging/0001_init.sql");
const INIT_NAME: &str = "0001_init";

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;
/// Owner only: the file holds the rows of both databases.
const MODE: u32 = 0o600;
/// How long another program's lock is waited for, in our own and in SQLite's sense.
const BUSY: Duration = Duration::from_secs(10);
/// Statements that stay prepared; there are fewer than this.
const STATEMENTS: usize = 128;

/// A file that belongs to the staging file, called like it with an ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Opens or creates a file that only its owner may read, from its first byte on.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(MODE).open(path)
}

/// Creates the staging file. It is made whole under another name and then renamed: whenever the process is killed, there is
/// either no staging file or a complete one. The caller holds the lock.
pub(super) fn create(path: &Path) -> Result<(), StagingError> {
    if path.exists() {
        return Err(StagingError::Exists { path: path.to_owned() });
    }
    let draft = beside(path, ".new");
    // Left by a creation that was killed; nobody can be working on it, the lock is ours.
    for ending in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(beside(&draft, ending)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(unwritable(&draft, source)),
            _ => {}
        }
    }
    private_file(&draft).map_err(|source| unwritable(&draft, source))?;
    let db = Connection::open_with_flags(absolute(&draft)?, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.pragma_update(None, "page_size", PAGE_SIZE)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    let transaction = db.unchecked_transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.execute_batch(INIT)?;
    transaction.execute(
        "INSERT INTO meta (id, format_version, staging_id, created_at, tool_version, migration) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        (FORMAT, new_id().to_string(), Moment::now().0, env!("CARGO_PKG_VERSION"), INIT_NAME),
    )?;
    transaction.commit()?;
    write_ahead(&db)?;
    db.close().map_err(|(_, source)| StagingError::from(source))?;
    fs::rename(&draft, path).map_err(|source| unwritable(path, source))?;
    // The name is durable only when its folder is.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| unwritable(folder, source))
}

/// Larger than SQLite's 4 KiB: chunks are blobs of megabytes. Measured with `benches/staging.rs`: against 4 KiB, payloads are
/// stored and read in 15 to 20 % less time and the id map is read in 4 %; storing keys makes no difference.
const PAGE_SIZE: u32 = 16_384;

/// Connects for writing. The caller holds the lock and has checked the file.
pub(super) fn connect_writer(path: &Path) -> Result<Connection, StagingError> {
    for ending in ["", "-wal", "-shm"] {
        tighten(&beside(path, ending))?;
    }
    let db = Connection::open_with_flags(absolute(path)?, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    settle(&db)?;
    write_ahead(&db)?;
    // FULL: a commit that was reported is on the disk, also when the power fails. The target's ledger is compared with it.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "cache_size", -16_384)?;
    // In pages, 64 MiB: copying back every 4 MB, SQLite's default, would be after every chunk.
    db.pragma_update(None, "wal_autocheckpoint", 4_096)?;
    db.pragma_update(None, "journal_size_limit", 64 << 20)?;
    // A file that nobody may write to is found out here and not at the first chunk.
    if db.is_readonly("main")? {
        return Err(StagingError::NotWritable { detail: format!("{} is read-only", path.display()) });
    }
    db.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    Ok(db)
}

/// Connects for reading. In a folder where SQLite may not put its `-shm` file, a staging file that nobody has left work in
/// can still be read: nobody can be writing to it either.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, StagingError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = |name: &Path, flags| {
        let db = Connection::open_with_flags(name, flags)?;
        settle(&db)?;
        db.pragma_update(None, "query_only", true)?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(db)
    };
    let path = absolute(path)?;
    match connect(&path, flags) {
        Err(StagingError::NotWritable { .. }) if wal_bytes(&path) == 0 => {
            connect(Path::new(&immutable_uri(&path)), flags | OpenFlags::SQLITE_OPEN_URI)
        }
        other => other,
    }
}

fn settle(db: &Connection) -> Result<(), StagingError> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.busy_timeout(BUSY)?;
    // Sorting in memory: temporary files would hold rows outside of the one protected file.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    // The file is input: its schema may not call what has effects, and its pages are checked when they are read.
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    Ok(())
}

fn write_ahead(db: &Connection) -> Result<(), StagingError> {
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode == "wal" { Ok(()) } else { Err(StagingError::NotWritable { detail: format!("its journal stays in mode {mode}") }) }
}

/// SQLite is built to read names that begin with `file:` as URIs; no absolute path does.
fn absolute(path: &Path) -> Result<PathBuf, StagingError> {
    std::path::absolute(path).map_err(|source| StagingError::Io { action: "find", path: path.to_owned(), source })
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            _ => {
                let _ = write!(uri, "%{byte:02x}");
            }
        }
    }
    uri + "?immutable=1"
}

fn wal_bytes(path: &Path) -> u64 {
    fs::metadata(beside(path, "-wal")).map_or(0, |wal| wal.len())
}

/// Takes away what others may do with a file. A copy made with `cp` or put there by a script is the usual case.
fn tighten(path: &Path) -> Result<(), StagingError> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    let open_to_others = metadata.permissions().mode() & 0o077;
    if open_to_others == 0 {
        return Ok(());
    }
    log::warn!("{} could be read by others; it is private now", path.display());
    fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(|source| unwritable(path, source))
}

pub(super) fn unwritable(path: &Path, source: io::Error) -> StagingError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StagingError::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            StagingError::NotWritable { detail: format!("{}: {source}", path.display()) }
        }
        _ => StagingError::Io { action: "write", path: path.to_owned(), source },
    }
}

/// Tells from the header what a file is, before SQLite sees it: opening something else would create files beside it.
pub(super) fn check_file(path: &Path) -> Result<(), StagingError> {
    let owned = || path.to_owned();
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => StagingError::Missing { path: owned() },
        io::ErrorKind::IsADirectory => StagingError::NotStaging { path: owned() },
        _ => StagingError::Io { action: "read", path: owned(), source },
    };
    let mut file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?.len();
    let mut header = Vec::with_capacity(HEADER_BYTES);
    file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(failed)?;
    let common = header.len().min(MAGIC.len());
    if header[..common] != MAGIC[..common] {
        return Err(StagingError::NotStaging { path: owned() });
    }
    if header.len() < HEADER_BYTES {
        return Err(StagingError::Truncated { path: owned(), expected: HEADER_BYTES as u64, found });
    }
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if number(68) != APPLICATION_ID {
        return Err(StagingError::NotStaging { path: owned() });
    }
    if number(60) != FORMAT {
        return Err(StagingError::OtherVersion { path: owned(), found: number(60), supported: FORMAT });
    }
    // The number of pages in the header is good when the two change counters agree. With a -wal file, pages can be missing
    // here and stand there: SQLite itself then sees what is whole.
    let page = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let expected = page * u64::from(number(28));
    if found < expected && number(24) == number(92) && wal_bytes(path) == 0 {
        return Err(StagingError::Truncated { path: owned(), expected, found });
    }
    Ok(())
}

pub(super) fn read_meta(db: &Connection) -> Result<Meta, StagingError> {
    let sql = "SELECT format_version, staging_id, created_at, tool_version FROM meta";
    let (format, id, created, tool_version): (u32, String, i64, String) =
        db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let staging_id = Uuid::parse_str(&id).map_err(|_| StagingError::BadRecord { table: "meta", what: format!("the staging id {id}") })?;
    Ok(Meta { format, staging_id, created: Moment(created), tool_version })
}

/// The rows of a query, each made into what it stands for.
pub(super) fn rows<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    mut make: impl FnMut(&Row<'_>) -> Result<T, StagingError>,
) -> Result<Vec<T>, StagingError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(make(row)?);
    }
    Ok(all)
}

/// A count, as SQLite keeps it.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count that was kept.
pub(super) fn count(row: &Row<'_>, at: usize) -> Result<u64, StagingError> {
    let value: i64 = row.get(at)?;
    u64::try_from(value).map_err(|_| StagingError::BadRecord { table: "a count", what: format!("the number {value}") })
}

/// A condition on the parameter `?1`: of one entity, or of all. A condition for both, `?1 IS NULL OR entity = ?1`, finds no index: whoever
/// asks for every entity in turn would go through all of them each time.
pub(super) fn of_entity(one: &'static str, entity: Option<EntityId>) -> &'static str {
    if entity.is_some() { one } else { "?1 IS NULL" }
}

/// A run id that was kept.
pub(super) fn run_id(text: &str) -> Result<RunId, StagingError> {
    Uuid::parse_str(text).map(RunId).map_err(|_| StagingError::BadRecord { table: "runs", what: format!("the id {text}") })
}

/// A legacy key as SQLite keeps it.
pub(super) fn key_value(key: &LegacyKey) -> rusqlite::types::ToSqlOutput<'_> {
    use rusqlite::types::{ToSqlOutput, ValueRef};
    ToSqlOutput::Borrowed(match key {
        LegacyKey::Int(key) => ValueRef::Integer(*key),
        LegacyKey::Text(key) => ValueRef::Text(key.as_bytes()),
    })
}

/// A legacy key that was kept.
pub(super) fn key(row: &Row<'_>, at: usize) -> Result<LegacyKey, StagingError> {
    optional_key(row, at)?.ok_or_else(|| StagingError::BadRecord { table: "a key column", what: "NULL".to_owned() })
}

/// A legacy key that was kept, or none.
pub(super) fn optional_key(row: &Row<'_>, at: usize) -> Result<Option<LegacyKey>, StagingError> {
    use rusqlite::types::ValueRef;
    let bad = |what: &str| StagingError::BadRecord { table: "a key column", what: what.to_owned() };
    match row.get_ref(at)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(key) => Ok(Some(LegacyKey::Int(key))),
        ValueRef::Text(key) => {
            std::str::from_utf8(key).map(|key| Some(LegacyKey::Text(key.into()))).map_err(|_| bad("text that is not UTF-8"))
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(bad("neither a whole number nor a text")),
    }
}
