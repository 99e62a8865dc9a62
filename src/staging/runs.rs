//! Runs: who did what when, with which plan, between which databases, in which snapshots. Boundary: the only place of the
//! program that reads the clock.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;

use super::database::{count, rows, run_id, stored};
use super::{EntityId, StagingError, StagingReader, StagingWriter};

/// A run of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A snapshot of the source in which chunks were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SnapshotId(pub i64);

/// A point in time: microseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// A file of the plan, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFile {
    /// Its path as the plan names it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is recorded when a run begins.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// The command, without values that could be secret.
    pub command: String,
    /// Identifies the plan as a whole.
    pub plan_hash: String,
    /// All files of the plan.
    pub plan_files: Vec<PlanFile>,
    /// The source as URL or as host, port and database. A password in it is left out before it is stored.
    pub source: Option<String>,
    /// The target, likewise.
    pub target: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunExit {
    /// The exit code of the process.
    pub code: u8,
    /// In words: `done`, `interrupted`, or the message of the error.
    pub reason: String,
}

/// A run as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// The command.
    pub command: String,
    /// When it began.
    pub started: Moment,
    /// When it ended; `None` while it goes on, or when it was killed.
    pub finished: Option<Moment>,
    /// How it ended.
    pub exit: Option<RunExit>,
    /// The version of `etl`.
    pub tool_version: String,
    /// The plan.
    pub plan_hash: String,
    /// The source without its password.
    pub source: Option<String>,
    /// The target without its password.
    pub target: Option<String>,
}

/// A snapshot of the source as taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRecord {
    /// The run that took it.
    pub run: RunId,
    /// The name that `pg_export_snapshot()` gave.
    pub exported_name: String,
    /// `system_identifier` of `pg_control_system()`, where it may be read.
    pub system_identifier: Option<String>,
    /// The database.
    pub database: String,
    /// `server_version`
    pub server_version: String,
    /// `pg_current_wal_lsn()`, where it may be read.
    pub wal_lsn: Option<String>,
}

/// A snapshot as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// The snapshot.
    pub id: SnapshotId,
    /// When it was taken.
    pub taken: Moment,
    /// What was recorded.
    pub record: SnapshotRecord,
}

/// What a stage of a run took for an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageTime {
    /// The run.
    pub run: RunId,
    /// The entity.
    pub entity: EntityId,
    /// The stage, in the words of the report.
    pub stage: String,
    /// Microseconds.
    pub micros: u64,
    /// Rows that went through.
    pub rows: u64,
    /// When the first of it began.
    pub began: Moment,
    /// When the last of it ended.
    pub ended: Moment,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        let micros = |elapsed: std::time::Duration| i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        Self(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => micros(after),
            Err(before) => -micros(before.duration()),
        })
    }

    /// Microseconds since an earlier moment; 0 when the clock was set back in between.
    pub fn micros_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

impl fmt::Display for Moment {
    /// `2026-01-31T12:00:00Z`. The civil date is computed in eras of 400 years that begin on 1 March, so that the leap day is
    /// the last of its year (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS_OF_ERA: i64 = 146_097;
        let seconds = self.0.div_euclid(1_000_000);
        let (days, second) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
        let (era, day_of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
    }
}

/// A new id of its own: by time and chance.
pub(super) fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Leaves the password out of a URL or of a connection string in `name=value` form. Callers do so as well; nothing that is
/// kept may depend on that alone.
fn without_password(identity: &str) -> String {
    if let Some((scheme, rest)) = identity.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let query_start = rest.find('?').unwrap_or(rest.len());
        // The last `@`: a password that was not encoded can hold one itself.
        let host_start = rest[..end].rfind('@').or_else(|| rest[..query_start].rfind('@'));
        let (user, host) = host_start.map_or(("", rest), |at| (&rest[..at], &rest[at..]));
        let user = user.split_once(':').map_or(user, |(name, _)| name);
        let (host, query) = host.split_once('?').map_or((host, None), |(host, query)| (host, Some(query)));
        let kept: Vec<_> = query.into_iter().flat_map(|query| query.split('&')).filter(|part| !is_secret(part)).collect();
        let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
        return format!("{scheme}://{user}{host}{query}");
    }
    // A quoted password can hold blanks: nothing behind it is kept.
    identity.split_whitespace().take_while(|part| !is_secret(part)).collect::<Vec<_>>().join(" ")
}

fn is_secret(part: &str) -> bool {
    let name = part.split('=').next().unwrap_or(part).trim().to_ascii_lowercase();
    name == "password" || name == "sslpassword"
}

impl StagingWriter {
    /// Records that a run begins, with its plan.
    pub fn start_run(&mut self, start: &RunStart) -> Result<RunRecord, StagingError> {
        let record = RunRecord {
            id: RunId(new_id()),
            command: start.command.clone(),
            started: Moment::now(),
            finished: None,
            exit: None,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            plan_hash: start.plan_hash.clone(),
            source: start.source.as_deref().map(without_password),
            target: start.target.as_deref().map(without_password),
        };
        self.step(|db| {
            store_plan(db, &start.plan_hash, &start.plan_files)?;
            db.prepare_cached(
                "INSERT INTO runs (id, command, started_at, tool_version, plan, source, target) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                record.id.to_string(),
                &record.command,
                record.started.0,
                &record.tool_version,
                &record.plan_hash,
                &record.source,
                &record.target,
            ))?;
            Ok(())
        })?;
        Ok(record)
    }

    /// Records how a run ended.
    pub fn finish_run(&mut self, run: RunId, exit: &RunExit) -> Result<RunRecord, StagingError> {
        self.step(|db| {
            let changed = db
                .prepare_cached("UPDATE runs SET finished_at = ?2, exit_code = ?3, exit_reason = ?4 WHERE id = ?1")?
                .execute((run.to_string(), Moment::now().0, exit.code, &exit.reason))?;
            if changed == 0 {
                return Err(StagingError::Unknown { what: format!("run {run}") });
            }
            db.prepare_cached(&format!("{RUN} WHERE id = ?1"))?.query_row([run.to_string()], |row| Ok(read_run(row)))?
        })
    }

    /// Records a snapshot of the source.
    pub fn record_snapshot(&mut self, snapshot: &SnapshotRecord) -> Result<SnapshotId, StagingError> {
        self.step(|db| {
            db.prepare_cached(
                "INSERT INTO snapshots (run, taken_at, exported_name, system_identifier, database, server_version, wal_lsn) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                snapshot.run.to_string(),
                Moment::now().0,
                &snapshot.exported_name,
                &snapshot.system_identifier,
                &snapshot.database,
                &snapshot.server_version,
                &snapshot.wal_lsn,
            ))?;
            Ok(SnapshotId(db.last_insert_rowid()))
        })
    }

    /// Keeps what a validation found, as its maker writes it.
    pub fn record_validation(&mut self, run: RunId, result: &str) -> Result<(), StagingError> {
        self.step(|db| {
            db.prepare_cached("INSERT INTO validations (run, recorded_at, result) VALUES (?1, ?2, ?3)")?.execute((
                run.to_string(),
                Moment::now().0,
                result,
            ))?;
            Ok(())
        })
    }

    /// Adds to what a stage of a run took for an entity.
    pub fn record_stage_time(&mut self, time: &StageTime) -> Result<(), StagingError> {
        self.step(|db| {
            db.prepare_cached(
                "INSERT INTO stage_times (run, entity, stage, micros, rows, began_at, ended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (run, entity, stage) DO UPDATE SET micros = micros + excluded.micros, rows = rows + excluded.rows, \
                 began_at = min(began_at, excluded.began_at), ended_at = max(ended_at, excluded.ended_at)",
            )?
            .execute((
                time.run.to_string(),
                time.entity.0,
                &time.stage,
                stored(time.micros),
                stored(time.rows),
                time.began.0,
                time.ended.0,
            ))?;
            Ok(())
        })
    }
}

/// Keeps the files of a plan, once for all runs that have it.
fn store_plan(db: &Connection, hash: &str, files: &[PlanFile]) -> Result<(), StagingError> {
    if db.prepare_cached("INSERT INTO plans (hash) VALUES (?1) ON CONFLICT DO NOTHING")?.execute([hash])? == 0 {
        return Ok(());
    }
    let mut insert = db.prepare_cached("INSERT INTO plan_files (plan, ordinal, path, text) VALUES (?1, ?2, ?3, ?4)")?;
    for (ordinal, file) in (0_u32..).zip(files) {
        insert.execute((hash, ordinal, &file.path, &file.text))?;
    }
    Ok(())
}

const RUN: &str = "SELECT id, command, started_at, finished_at, exit_code, exit_reason, tool_version, plan, source, target FROM runs";

fn read_run(row: &Row<'_>) -> Result<RunRecord, StagingError> {
    let id: String = row.get(0)?;
    let exit = row.get::<_, Option<u8>>(4)?.zip(row.get(5)?);
    Ok(RunRecord {
        id: run_id(&id)?,
        command: row.get(1)?,
        started: Moment(row.get(2)?),
        finished: row.get::<_, Option<i64>>(3)?.map(Moment),
        exit: exit.map(|(code, reason)| RunExit { code, reason }),
        tool_version: row.get(6)?,
        plan_hash: row.get(7)?,
        source: row.get(8)?,
        target: row.get(9)?,
    })
}

impl StagingReader {
    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<RunRecord>, StagingError> {
        rows(&self.db, &format!("{RUN} ORDER BY rowid"), [], read_run)
    }

    /// The latest run.
    pub fn last_run(&self) -> Result<Option<RunRecord>, StagingError> {
        Ok(rows(&self.db, &format!("{RUN} ORDER BY rowid DESC LIMIT 1"), [], read_run)?.pop())
    }

    /// One run.
    pub fn run(&self, run: RunId) -> Result<Option<RunRecord>, StagingError> {
        let sql = format!("{RUN} WHERE id = ?1");
        self.db.prepare_cached(&sql)?.query_row([run.to_string()], |row| Ok(read_run(row))).optional()?.transpose()
    }

    /// The files of a plan, in the order in which they were given.
    pub fn plan_files(&self, plan_hash: &str) -> Result<Vec<PlanFile>, StagingError> {
        let sql = "SELECT path, text FROM plan_files WHERE plan = ?1 ORDER BY ordinal";
        rows(&self.db, sql, [plan_hash], |row| Ok(PlanFile { path: row.get(0)?, text: row.get(1)? }))
    }

    /// All snapshots, oldest first.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRow>, StagingError> {
        let sql =
            "SELECT id, taken_at, run, exported_name, system_identifier, database, server_version, wal_lsn FROM snapshots ORDER BY id";
        rows(&self.db, sql, [], |row| {
            let run: String = row.get(2)?;
            let record = SnapshotRecord {
                run: run_id(&run)?,
                exported_name: row.get(3)?,
                system_identifier: row.get(4)?,
                database: row.get(5)?,
                server_version: row.get(6)?,
                wal_lsn: row.get(7)?,
            };
            Ok(SnapshotRow { id: SnapshotId(row.get(0)?), taken: Moment(row.get(1)?), record })
        })
    }

    /// The last validation that was recorded: when, and what it found.
    pub fn last_validation(&self) -> Result<Option<(Moment, String)>, StagingError> {
        let sql = "SELECT recorded_at, result FROM validations ORDER BY id DESC LIMIT 1";
        Ok(rows(&self.db, sql, [], |row| Ok((Moment(row.get(0)?), row.get(1)?)))?.pop())
    }

    /// What each stage of a run took.
    pub fn stage_times(&self, run: RunId) -> Result<Vec<StageTime>, StagingError> {
        let sql = "SELECT entity, stage, micros, rows, began_at, ended_at FROM stage_times WHERE run = ?1 ORDER BY entity, stage";
        rows(&self.db, sql, [run.to_string()], |row| {
            Ok(StageTime {
                run,
                entity: EntityId(row.get(0)?),
                stage: row.get(1)?,
                micros: count(row, 2)?,
                rows: count(row, 3)?,
                began: Moment(row.get(4)?),
                ended: Moment(row.get(5)?),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_people_read_them() {
        for (seconds, text) in [
            (0_i64, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Moment(seconds * 1_000_000).to_string(), text);
        }
    }

    #[test]
    fn passwords_are_never_kept() {
        for (given, kept) in [
            ("postgres://amy:s3cret@db:5432/legacy", "postgres://amy@db:5432/legacy"),
            ("postgres://amy:s3/cr@t@db/legacy", "postgres://amy@db/legacy"),
            ("postgres://db/legacy?password=s3cret&sslmode=require", "postgres://db/legacy?sslmode=require"),
            ("postgres://amy@db/legacy", "postgres://amy@db/legacy"),
            ("host=db user=amy password='s3 cret' dbname=legacy", "host=db user=amy"),
            ("db:5432/legacy", "db:5432/legacy"),
        ] {
            assert_eq!(without_password(given), kept);
        }
    }
}
