//! Fills a summary. Boundary: every number comes out of the staging file, a validation or the system; nothing is rendered here.

use std::collections::{BTreeMap, HashMap};

use super::ReportError;
use super::proof::Proof;
use super::spans::{Facts, spans};
use super::summary::{Ending, EntitySummary, Incident, ParentEdge, PlanChange, SCHEMA, Seconds, Snapshot, Summary, Totals};
use crate::plan::{EntityPlan, Plan};
use crate::staging::{EntityId, EntityLedger, IncidentTotal, RunId, RunRecord, StageTime, StagingReader};
use crate::validate::EntityCheck;

impl Summary {
    /// Reads the result out of the staging file, and what a validation found.
    pub fn collect(staging: &StagingReader, plan: &Plan, ending: &Ending<'_>, proof: Option<&Proof>) -> Result<Self, ReportError> {
        let validation = proof.map(|proof| &proof.found);
        let times = stage_times(staging)?;
        let ledgers = staging.ledger()?;
        let by_name: HashMap<&str, &(EntityId, EntityLedger)> = ledgers.iter().map(|one| (one.1.name.as_str(), one)).collect();
        let mut of_entity: HashMap<EntityId, Vec<&StageTime>> = HashMap::new();
        for time in &times {
            of_entity.entry(time.entity).or_default().push(time);
        }
        let checks = validation.iter().flat_map(|found| &found.entities).map(|check| (check.name.as_str(), check));
        let checks: HashMap<&str, &EntityCheck> = checks.collect();
        let mut held: HashMap<EntityId, BTreeMap<String, u64>> = HashMap::new();
        for count in staging.quarantine_counts(None)? {
            *held.entry(count.entity).or_default().entry(count.code).or_default() += count.rows;
        }
        let mut incidents: HashMap<EntityId, Vec<Incident>> = HashMap::new();
        for total in staging.incidents(None)? {
            let IncidentTotal { entity, incident, count } = total;
            incidents.entry(entity).or_default().push(Incident { column: incident.column, code: incident.code, count });
        }
        let mut entities = Vec::new();
        for planned in &plan.entities {
            let Some((id, ledger)) = by_name.get(planned.name.as_str()) else { continue };
            let mut entity = collect_entity(staging, *id, ledger, of_entity.get(id).map_or(&[][..], Vec::as_slice))?;
            entity.reasons = held.remove(id).unwrap_or_default();
            entity.incidents = incidents.remove(id).unwrap_or_default();
            entity.target.clone_from(&planned.target.value);
            entity.level = planned.level;
            entity.phase.clone_from(&planned.phase);
            entity.parents = parents(plan, planned);
            if let Some(checked) = checks.get(planned.name.as_str()) {
                entity.seconds.validate = checked.micros;
            }
            entities.push(entity);
        }
        let snapshots = staging.snapshots()?.into_iter().map(|row| Snapshot {
            taken: row.taken.to_string(),
            database: row.record.database,
            server_version: row.record.server_version,
            wal_lsn: row.record.wal_lsn,
        });
        let found = validation.cloned().unwrap_or_default();
        // What comes after the stages (a validation, or a later command that reports on this run) is no part of its speed.
        let record = staging.run(ending.run)?;
        let moving = record.as_ref().and_then(|run| Some(run.finished?.micros_since(run.started))).unwrap_or(ending.wall_micros);
        Ok(Self {
            schema: SCHEMA,
            run: ending.run.to_string(),
            status: status(ending.exit),
            exit: ending.exit,
            reason: ending.reason.to_owned(),
            wall_micros: ending.wall_micros,
            peak_rss_bytes: peak_rss_bytes(),
            migration: plan.name.clone(),
            plan_hash: plan.hash.to_string(),
            snapshots: snapshots.collect(),
            totals: totals(&entities),
            entities,
            validated: validation.is_some(),
            controls: found.controls,
            references: found.references,
            tables: found.tables,
            differences: found.differences,
            differences_found: found.found,
            rows_unexamined: found.unexamined,
            rows_per_second: rate(moved(&times, ending.run), moving),
            threads: Vec::new(),
            report: ending.report.map(|path| path.display().to_string()),
            alarms: found.alarms,
            profiles: found.profiles,
            expectations: found.expectations,
            upkeep: found.upkeep,
            validated_at: proof.map(|proof| proof.at.to_string()),
            stages: record.as_ref().map_or_else(Vec::new, |run| spans(plan, run, &ledgers, &times, validation)),
            facts: record.as_ref().map_or_else(Facts::default, |run| facts(plan, run)),
            plan_changes: plan_changes(staging)?,
        })
    }
}

/// The word for an exit code.
fn status(exit: u8) -> &'static str {
    match exit {
        0 => "done",
        2 => "invalid",
        3 => "over_budget",
        4 => "different",
        5 => "refused",
        130 => "interrupted",
        _ => "failed",
    }
}

/// The circumstances of a run.
fn facts(plan: &Plan, run: &RunRecord) -> Facts {
    Facts {
        command: run.command.clone(),
        tool_version: run.tool_version.clone(),
        source: run.source.clone(),
        target: run.target.clone(),
        started: run.started.to_string(),
        finished: run.finished.map(|finished| finished.to_string()),
        staging: plan.staging.display().to_string(),
    }
}

/// Where the plan was mended under loaded rows.
fn plan_changes(staging: &StagingReader) -> Result<Vec<PlanChange>, ReportError> {
    let mut changes = Vec::new();
    for change in staging.plan_changes()? {
        let Some(run) = staging.run(change.run)? else { continue };
        changes.push(PlanChange {
            entity: change.entity,
            run: run.id.to_string(),
            command: run.command,
            at: run.started.to_string(),
            from_plan: change.from_plan,
            to_plan: run.plan_hash,
            from_hash: change.from_hash,
            to_hash: change.to_hash,
            rows: change.rows,
        });
    }
    Ok(changes)
}

fn parents(plan: &Plan, planned: &EntityPlan) -> Vec<ParentEdge> {
    let others = planned.parents.iter().filter_map(|parent| {
        let entity = plan.entities.get(parent.entity)?.name.clone();
        Some(ParentEdge { entity, optional: parent.optional })
    });
    let itself = planned.refers_to_itself.then(|| ParentEdge { entity: planned.name.clone(), optional: true });
    others.chain(itself).collect()
}

/// What all runs of the staging file took.
fn stage_times(staging: &StagingReader) -> Result<Vec<StageTime>, ReportError> {
    let mut times = Vec::new();
    for run in staging.runs()? {
        times.extend(staging.stage_times(run.id)?);
    }
    Ok(times)
}

/// Rows that a run took through its busiest stage.
fn moved(times: &[StageTime], run: RunId) -> u64 {
    let stage = |stage: &str| times.iter().filter(|time| time.run == run && time.stage == stage).map(|time| time.rows).sum();
    ["extract", "transform", "load"].map(stage).into_iter().max().unwrap_or(0)
}

/// Rows by second; `None` where there is nothing to tell.
fn rate(rows: u64, micros: u64) -> Option<u64> {
    if rows == 0 {
        return None;
    }
    u64::try_from((u128::from(rows) * 1_000_000).checked_div(u128::from(micros))?).ok()
}

fn collect_entity(
    staging: &StagingReader,
    id: EntityId,
    ledger: &EntityLedger,
    times: &[&StageTime],
) -> Result<EntitySummary, ReportError> {
    let took = |stage: &str| times.iter().filter(|time| time.stage == stage).map(|time| time.micros).sum();
    let seconds = Seconds { extract: took("extract"), transform: took("transform"), load: took("load"), validate: took("validate") };
    let filtered = ledger.done.filtered + ledger.pending.filtered;
    Ok(EntitySummary {
        name: ledger.name.clone(),
        target: String::new(),
        read: ledger.read,
        loaded: ledger.done.loaded,
        merged: ledger.done.merged + ledger.pending.merged,
        adopted: ledger.done.adopted + ledger.pending.adopted,
        filtered,
        quarantined: ledger.done.quarantined + ledger.pending.quarantined,
        pending: ledger.untransformed + ledger.pending.loaded,
        seconds,
        rows_per_second: rate(ledger.read, seconds.moving()),
        reasons: BTreeMap::new(),
        filters: if filtered > 0 { filters(staging, id)? } else { BTreeMap::new() },
        incidents: Vec::new(),
        phase: None,
        level: 0,
        parents: Vec::new(),
    })
}

/// Far more filters than a plan has.
const MOST_FILTERS: usize = 10_000;

/// Rows left out, by the name of the filter.
fn filters(staging: &StagingReader, id: EntityId) -> Result<BTreeMap<String, u64>, ReportError> {
    let query = format!(
        "SELECT detail, count(*) FROM id_map WHERE entity = {} AND outcome = {} GROUP BY detail",
        id.0,
        crate::row::Outcome::Filtered as u8
    );
    let rows = staging.sql(&query, MOST_FILTERS)?.rows.into_iter();
    Ok(rows
        .filter_map(|row| {
            let mut row = row.into_iter();
            let name = row.next()?.unwrap_or_else(|| "(unnamed)".to_owned());
            Some((name, row.next()??.parse().ok()?))
        })
        .collect())
}

fn totals(entities: &[EntitySummary]) -> Totals {
    let sum = |of: fn(&EntitySummary) -> u64| entities.iter().map(of).sum();
    Totals {
        read: sum(|e| e.read),
        loaded: sum(|e| e.loaded),
        merged: sum(|e| e.merged),
        adopted: sum(|e| e.adopted),
        filtered: sum(|e| e.filtered),
        quarantined: sum(|e| e.quarantined),
        pending: sum(|e| e.pending),
    }
}

/// The most memory that this process had in use so far; `None` where the system does not say.
pub fn peak_rss_bytes() -> Option<u64> {
    high_water_mark(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Linux gives it in kB, which are 1,024 bytes there.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_read_as_linux_writes_it() {
        assert_eq!(high_water_mark("Name:\tetl\nVmPeak:\t  9 kB\nVmHWM:\t  118784 kB\nVmRSS:\t1 kB\n"), Some(121_634_816));
        assert_eq!(high_water_mark("Name:\tetl\n"), None);
    }

    #[test]
    fn rates_are_whole_and_never_divide_by_zero() {
        assert_eq!(rate(768_962, 8_100_000), Some(94_933));
        assert_eq!(rate(10, 0), None);
        assert_eq!(rate(0, 5), None);
    }

    #[test]
    fn every_exit_code_has_a_word() {
        let words = [0, 1, 2, 3, 4, 5, 130].map(status);
        assert_eq!(words, ["done", "failed", "invalid", "over_budget", "different", "refused", "interrupted"]);
    }
}
