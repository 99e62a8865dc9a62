//! The machine-readable result of a run. Boundary: the shape only; it is filled in `collect` and rendered in `text` and
//! `markdown`.
//!
//! **Schema 1.** Fields are only ever added; none is renamed, removed or given another meaning. A program must ignore fields that
//! it does not know. A change that cannot be made this way is schema 2.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::ReportError;
use super::number::thousands;
use super::spans::{Facts, StageSpan};
use super::threads::ThreadTime;
use crate::staging::RunId;
use crate::validate::{Alarm, Control, Difference, Expectation, Profile, Reference, TableCheck, Upkeep};

/// The version of the shape of [`Summary`].
pub const SCHEMA: u32 = 1;

/// How the command ended, as the command line knows it.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// The run.
    pub run: RunId,
    /// The exit code.
    pub exit: u8,
    /// The reason in words: `done`, `interrupted`, or the message of the error.
    pub reason: &'a str,
    /// Microseconds from the command's start to now.
    pub wall_micros: u64,
    /// The report that is written beside, where one is.
    pub report: Option<&'a Path>,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The version of this shape: 1.
    pub schema: u32,
    /// The id of the run.
    pub run: String,
    /// `done`, `over_budget`, `different`, `interrupted`, `refused`, `invalid` or `failed`; one word for the exit code.
    pub status: &'static str,
    /// The exit code.
    pub exit: u8,
    /// The reason of the exit in words.
    pub reason: String,
    /// Seconds that this run took.
    #[serde(rename = "wall_seconds", serialize_with = "seconds")]
    pub wall_micros: u64,
    /// The most memory that this process had in use, in bytes; `null` where the system does not say.
    pub peak_rss_bytes: Option<u64>,
    /// The migration's name in the plan.
    pub migration: String,
    /// The digest of the plan.
    pub plan_hash: String,
    /// The snapshots of the source in which rows were read; more than one when a stopped extract was continued.
    pub snapshots: Vec<Snapshot>,
    /// One for each entity of the plan that is in the staging file, in load order.
    pub entities: Vec<EntitySummary>,
    /// The sums over `entities`.
    pub totals: Totals,
    /// Whether the target was compared with what was staged; without it `controls`, `references` and `differences` are empty.
    pub validated: bool,
    /// Control sums.
    pub controls: Vec<Control>,
    /// References by column.
    pub references: Vec<Reference>,
    /// The target tables as read back.
    pub tables: Vec<TableCheck>,
    /// The first 1,000 differences.
    pub differences: Vec<Difference>,
    /// How many differences there are.
    pub differences_found: u64,
    /// Rows in regions that differ and were not looked into, because so many differ already.
    pub rows_unexamined: u64,
    /// Rows that this run took through its busiest stage, by second of its stages (a validation is left out); `null` when it moved none.
    pub rows_per_second: Option<u64>,
    /// What the threads of this run spent their time on; empty where they had nothing to do.
    pub threads: Vec<ThreadTime>,
    /// The report that was written, where one was.
    pub report: Option<String>,
    /// What a person has to look at, though it is no difference.
    pub alarms: Vec<Alarm>,
    /// What the columns hold in the loaded rows, source against target.
    pub profiles: Vec<Profile>,
    /// The expectations of the plan, of the source and of the target.
    pub expectations: Vec<Expectation>,
    /// What was checked beside the rows.
    pub upkeep: Upkeep,
    /// When the target was compared, in UTC; `null` where it was not.
    pub validated_at: Option<String>,
    /// When the stages of this run began and ended for each entity.
    pub stages: Vec<StageSpan>,
    /// What was run, between what, by what.
    pub facts: Facts,
    /// Where the plan was mended under loaded rows, oldest first.
    pub plan_changes: Vec<PlanChange>,
}

/// A plan that was mended after rows of an entity were loaded, and taken over because all of them come out the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanChange {
    /// The entity.
    pub entity: String,
    /// The run that took it over.
    pub run: String,
    /// Its command.
    pub command: String,
    /// When it began.
    pub at: String,
    /// The digests of the plan before and after.
    pub from_plan: String,
    /// After.
    pub to_plan: String,
    /// The digests of what the plan makes of the entity, before and after.
    pub from_hash: String,
    /// After.
    pub to_hash: String,
    /// Rows that have an outcome, were compared, and come out the same.
    pub rows: u64,
}

impl PlanChange {
    /// The change in words.
    pub(super) fn told(&self) -> String {
        let Self { entity, command, at, rows, .. } = self;
        format!("the plan of {entity} was mended (etl {command}, {at}); {} rows had an outcome, and come out the same", thousands(*rows))
    }
}

/// The rows of an entity and where they ended: `read = loaded + merged + adopted + filtered + quarantined + pending`, always.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntitySummary {
    /// Its name in the plan.
    pub name: String,
    /// The target table as the plan writes it.
    pub target: String,
    /// Rows read from the source.
    pub read: u64,
    /// Rows in the target.
    pub loaded: u64,
    /// Rows that another row stands for.
    pub merged: u64,
    /// Rows that were in the target before.
    pub adopted: u64,
    /// Rows that a filter left out.
    pub filtered: u64,
    /// Rows kept aside with a reason.
    pub quarantined: u64,
    /// Rows that have no outcome yet or wait for their load; 0 once the entity is finished. Until then the other outcomes can change.
    pub pending: u64,
    /// What the stages took.
    pub seconds: Seconds,
    /// Rows read by second of extract, transform and load together; `null` when these took no time that could be measured.
    pub rows_per_second: Option<u64>,
    /// Rows in quarantine by the code of the reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows left out by the name of the filter.
    pub filters: BTreeMap<String, u64>,
    /// Repaired values of loaded rows.
    pub incidents: Vec<Incident>,
    /// The phase that the plan puts it in, where the plan names phases.
    pub phase: Option<String>,
    /// Its level in the load order: entities of one level do not refer to each other.
    pub level: usize,
    /// The entities that it refers to, itself among them.
    pub parents: Vec<ParentEdge>,
}

/// A reference from an entity to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParentEdge {
    /// The entity that is referred to.
    pub entity: String,
    /// Whether a row can be loaded without it.
    pub optional: bool,
}

/// What the stages took for an entity, over all runs that worked at it, summed over the threads. Microseconds here, seconds when
/// serialised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seconds {
    /// Reading the source.
    #[serde(serialize_with = "seconds")]
    pub extract: u64,
    /// Transforming.
    #[serde(serialize_with = "seconds")]
    pub transform: u64,
    /// Writing the target.
    #[serde(serialize_with = "seconds")]
    pub load: u64,
    /// Reading the target back.
    #[serde(serialize_with = "seconds")]
    pub validate: u64,
}

/// Repaired values of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// The target column.
    pub column: String,
    /// The code.
    pub code: String,
    /// In how many rows.
    pub count: u64,
}

/// A snapshot of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// When it was taken, in UTC.
    pub taken: String,
    /// The database.
    pub database: String,
    /// The server's version.
    pub server_version: String,
    /// The position in the write-ahead log, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wal_lsn: Option<String>,
}

/// Sums over all entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Rows read from the source.
    pub read: u64,
    /// Rows in the target.
    pub loaded: u64,
    /// Rows that another row stands for.
    pub merged: u64,
    /// Rows that were in the target before.
    pub adopted: u64,
    /// Rows that filters left out.
    pub filtered: u64,
    /// Rows kept aside.
    pub quarantined: u64,
    /// Rows that have no outcome yet or wait for their load.
    pub pending: u64,
}

/// Microseconds as seconds: the only place where they become a float.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(super) fn seconds<S: serde::Serializer>(micros: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    #[allow(clippy::cast_precision_loss, reason = "exact below 285 years")]
    serializer.serialize_f64(*micros as f64 / 1e6)
}

impl Summary {
    /// The summary as one JSON object.
    pub fn to_json(&self) -> Result<String, ReportError> {
        serde_json::to_string(self).map_err(|source| ReportError::Json { source })
    }

    /// Whether any stage left something to be done.
    pub fn is_finished(&self) -> bool {
        self.totals.pending == 0
    }
}

impl Seconds {
    /// All stages that move rows, in microseconds.
    pub fn moving(&self) -> u64 {
        self.extract + self.transform + self.load
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plan::{ExpectOn, Gravity};
    use crate::validate::{AlarmKind, ColumnFacts, OrphanProof, TargetColumn};

    fn entity(name: &str, read: u64, quarantined: u64) -> EntitySummary {
        EntitySummary {
            name: name.to_owned(),
            target: format!("public.{name}"),
            read,
            loaded: read - quarantined,
            merged: 0,
            adopted: 0,
            filtered: 0,
            quarantined,
            pending: 0,
            seconds: Seconds { extract: 1_200_000, transform: 2_000_000, load: 3_900_000, validate: 1_100_000 },
            rows_per_second: Some(108_304),
            reasons: BTreeMap::new(),
            filters: BTreeMap::new(),
            incidents: Vec::new(),
            phase: None,
            level: 0,
            parents: Vec::new(),
        }
    }

    /// A summary with something of everything.
    #[allow(clippy::too_many_lines, reason = "one value, and every field of it")]
    pub(in crate::report) fn example() -> Summary {
        let mut orders = entity("orders", 25_012, 0);
        orders.filtered = 12;
        orders.loaded -= 12;
        orders.filters.insert("soft-deleted".to_owned(), 12);
        orders.incidents.push(Incident { column: "office_id".to_owned(), code: "REF_NULLED".to_owned(), count: 3 });
        let mut tasks = entity("tasks", 768_962, 6_358);
        tasks.reasons.insert("PARENT_QUARANTINED".to_owned(), 358);
        tasks.level = 1;
        tasks.parents.push(ParentEdge { entity: "orders".to_owned(), optional: false });
        tasks.reasons.insert("REF_MISSING".to_owned(), 6_000);
        Summary {
            schema: SCHEMA,
            run: "7f3a9c".to_owned(),
            status: "done",
            exit: 0,
            reason: "done".to_owned(),
            wall_micros: 8_100_000,
            peak_rss_bytes: Some(121_634_816),
            migration: "orthodontics".to_owned(),
            plan_hash: "c0ffee".to_owned(),
            snapshots: vec![Snapshot {
                taken: "2025-10-15T08:00:00Z".to_owned(),
                database: "legacy".to_owned(),
                server_version: "15.4".to_owned(),
                wal_lsn: None,
            }],
            entities: vec![orders, tasks],
            totals: Totals { read: 793_974, loaded: 787_604, merged: 0, adopted: 0, filtered: 12, quarantined: 6_358, pending: 0 },
            validated: true,
            controls: vec![Control {
                entity: "payments".to_owned(),
                name: "total_price".to_owned(),
                source: Some("4265865.12".to_owned()),
                loaded: "4265865.12".to_owned(),
                held: "0.00".to_owned(),
                target: Some("4265865.12".to_owned()),
                equal: true,
                by: Vec::new(),
                groups: Vec::new(),
                groups_found: 0,
                source_sql: "SELECT sum(total_price) FROM payment".to_owned(),
                target_sql: "SELECT sum(total_amount) FROM public.payments".to_owned(),
            }],
            references: vec![Reference {
                entity: "tasks".to_owned(),
                column: "order_id".to_owned(),
                parent: "orders".to_owned(),
                hit: 762_604,
                null: 0,
                missing: 6_000,
                parent_quarantined: 358,
                parent_filtered: 0,
                orphans: 0,
                proof: OrphanProof::ForeignKey,
                sql: "SELECT 0".to_owned(),
            }],
            tables: vec![TableCheck {
                table: "public.tasks".to_owned(),
                entities: vec!["tasks".to_owned()],
                expected: 762_604,
                rows: 762_604,
                others: 0,
                cells: 9_151_248,
            }],
            differences: Vec::new(),
            differences_found: 0,
            rows_unexamined: 0,
            rows_per_second: Some(98_021),
            threads: Vec::new(),
            report: Some("report.md".to_owned()),
            alarms: vec![Alarm {
                kind: AlarmKind::Constant,
                entity: "orders".to_owned(),
                column: Some("country".to_owned()),
                message: "has one value in all 25,000 loaded rows, and country, which it is made of, has 7".to_owned(),
            }],
            profiles: vec![Profile {
                entity: "orders".to_owned(),
                rows: 25_000,
                target: vec![TargetColumn {
                    facts: ColumnFacts {
                        name: "country".to_owned(),
                        ty: "text".to_owned(),
                        values: 25_000,
                        distinct: 1,
                        ..ColumnFacts::default()
                    },
                    made_of: vec!["country_code".to_owned()],
                }],
                source: vec![ColumnFacts {
                    name: "country_code".to_owned(),
                    ty: "text".to_owned(),
                    values: 24_000,
                    distinct: 7,
                    ..ColumnFacts::default()
                }],
            }],
            expectations: vec![Expectation {
                entity: Some("orders".to_owned()),
                name: "every status is known".to_owned(),
                on: ExpectOn::Source,
                severity: Gravity::Error,
                expected: "none".to_owned(),
                found: Some("0".to_owned()),
                met: Some(true),
                answered: Some("2025-10-15T08:00:00Z".to_owned()),
                why: None,
                sql: "SELECT count(*) FROM orders WHERE status > 7".to_owned(),
            }],
            upkeep: Upkeep { constraints: 12, sequences: 3 },
            validated_at: Some("2025-10-15T08:00:08Z".to_owned()),
            stages: vec![
                StageSpan { entity: "orders".to_owned(), stage: "extract".to_owned(), began: 0, ended: 1_200_000, worked: 1_200_000 },
                StageSpan { entity: "tasks".to_owned(), stage: "load".to_owned(), began: 2_000_000, ended: 6_100_000, worked: 3_900_000 },
            ],
            facts: Facts {
                command: "run".to_owned(),
                tool_version: "0.1.0".to_owned(),
                source: Some("postgres://amy@old/legacy".to_owned()),
                target: Some("postgres://amy@new/app".to_owned()),
                started: "2025-10-15T08:00:00Z".to_owned(),
                finished: Some("2025-10-15T08:00:07Z".to_owned()),
                staging: "staging.db".to_owned(),
            },
            plan_changes: Vec::new(),
        }
    }

    #[test]
    fn the_shape_that_programs_rely_on() {
        let json: serde_json::Value = serde_json::from_str(&example().to_json().unwrap()).unwrap();
        let at = |path: &str| json.pointer(path).unwrap_or_else(|| panic!("{path} is missing")).clone();
        assert_eq!(at("/schema"), 1);
        assert_eq!(at("/status"), "done");
        assert_eq!(at("/exit"), 0);
        assert_eq!(at("/wall_seconds"), 8.1);
        assert_eq!(at("/peak_rss_bytes"), 121_634_816);
        assert_eq!(at("/entities/1/name"), "tasks");
        assert_eq!(at("/entities/1/read"), 768_962);
        assert_eq!(at("/entities/1/loaded"), 762_604);
        assert_eq!(at("/entities/1/seconds/extract"), 1.2);
        assert_eq!(at("/entities/1/reasons/REF_MISSING"), 6_000);
        assert_eq!(at("/entities/0/filters/soft-deleted"), 12);
        assert_eq!(at("/entities/0/incidents/0/count"), 3);
        assert_eq!(at("/controls/0/source"), "4265865.12");
        assert_eq!(at("/controls/0/equal"), true);
        assert_eq!(at("/references/0/orphans"), 0);
        assert_eq!(at("/references/0/proof"), "foreign_key");
        assert_eq!(at("/differences"), serde_json::json!([]));
        assert_eq!(at("/expectations/0/met"), true);
        assert_eq!(at("/expectations/0/on"), "source");
        assert_eq!(at("/expectations/0/severity"), "error");
        for field in
            ["/run", "/plan_hash", "/snapshots/0/taken", "/totals/read", "/reason", "/report", "/entities/0/merged", "/entities/0/adopted"]
        {
            at(field);
        }
    }
}
