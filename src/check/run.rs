//! The check as a whole: both sides are looked at, then the plan is compiled against what they are. Boundary: each side is in its own
//! file; binding expressions is `plan::compile`'s.

use std::thread;

use super::census::Census;
use super::expect::{self, Looked};
use super::source::{self, SourceSide};
use super::target::{self, Asked, TargetLook};
use super::unit::{TestRun, run_tests, tell_tests};
use super::{CheckError, disk, nulls, staged, with_ancestors, without_key};
use crate::pg::{Endpoint, ServerInfo, Session, TableInfo, server_info};
use crate::plan::{CompiledEntity, ExpectOn, Plan, Problem, Problems, Severity, TargetColumn, TargetShape, compile};
use crate::row::Column;
use crate::staging::{EntityRecord, StagingReader};

/// The oldest server that is known to work; older ones are out of support.
const OLDEST: u32 = 140_000;

/// Where one side of the migration is looked at.
#[derive(Clone, Copy)]
pub enum Side<'a> {
    /// The database itself.
    Server(&'a Endpoint),
    /// What the staging file recorded of it.
    Staged(&'a StagingReader),
}

/// What is to be checked.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The entities that the command is about.
    pub selected: &'a [bool],
    /// The old database.
    pub source: Side<'a>,
    /// The new one.
    pub target: Side<'a>,
    /// What becomes of expectations and tests.
    pub asks: Asks,
}

/// What becomes of the plan's expectations and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The source answers its expectations now; a test that fails is a problem.
    Now,
    /// Expectations are only understood, because they are asked in the snapshot that is read, or after the load; a test that fails is a problem.
    Later,
    /// The tests alone are run, and whoever asked for it tells how they ended.
    Tests,
}

/// Rows and bytes of an entity, as the source's planner estimates them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntitySize {
    /// Rows.
    pub rows: u64,
    /// Bytes of their fields.
    pub bytes: u64,
}

/// What a check learnt, one place for each entity of the plan.
#[derive(Debug, Default)]
pub struct Checked {
    /// The entities, ready to run; `None` for one that is not selected or has problems.
    pub entities: Vec<Option<CompiledEntity>>,
    /// The target tables, where the target was looked at.
    pub tables: Vec<Option<TableInfo>>,
    /// How much there is to read, where the source was looked at.
    pub sizes: Vec<Option<EntitySize>>,
    /// The source server, where it was looked at.
    pub source: Option<ServerInfo>,
    /// The target server, where it was looked at.
    pub target: Option<ServerInfo>,
    /// Bytes that the staging file will take, where the source was looked at.
    pub disk_needed: Option<u64>,
    /// Worth knowing, and no problem.
    pub notes: Vec<String>,
    /// The expectations that were looked at.
    pub expectations: Vec<Looked>,
    /// The tests that were run.
    pub tests: Vec<TestRun>,
}

/// Problems that can be there only because something else of the same file could not be read.
const FOLLOWING: [&str; 6] = ["E0120", "E0220", "E0221", "E0232", "E0233", "E0234"];

/// Checks the plan. Every mistake goes to `problems`; an error says that a side could not be looked at, and what was found until
/// then is reported all the same.
pub fn check(request: &Request<'_>, problems: &mut Problems) -> Result<Checked, CheckError> {
    let Request { plan, selected, .. } = *request;
    let mut found = Problems::default();
    let checked = look(request, &mut found);
    // What is wrong with an entity that is not selected is nobody's business now.
    let silent: Vec<usize> = plan.entities.iter().zip(selected).filter(|(_, selected)| !**selected).map(|(e, _)| e.file).collect();
    let broken: Vec<usize> = problems.all().iter().filter_map(|p| p.place.as_ref().map(|(file, _)| *file)).collect();
    for problem in found.all() {
        let hidden = problem
            .place
            .as_ref()
            .is_some_and(|(file, _)| silent.contains(file) || (broken.contains(file) && FOLLOWING.contains(&problem.code)));
        if !hidden {
            problems.push(problem.clone());
        }
    }
    checked
}

fn look(request: &Request<'_>, found: &mut Problems) -> Result<Checked, CheckError> {
    let Request { plan, selected, .. } = *request;
    // The keys of the parents say what a reference looks up, so their queries are described as well.
    let wanted = with_ancestors(plan, selected);
    let mut checked = Checked::default();
    let records = match (request.source, request.target) {
        (Side::Staged(staging), _) | (_, Side::Staged(staging)) => staged::records(plan, staging)?,
        (Side::Server(_), Side::Server(_)) => vec![None; plan.entities.len()],
    };
    let (sources, targets) = both_sides(request, &wanted, &records, &mut checked, found)?;
    same_database(request, &checked, found);
    room(plan, &checked, found);
    let (sources, origins): (Vec<_>, Vec<_>) =
        sources.into_iter().map(|side| side.map_or((None, Vec::new()), |side| (Some(side.columns), side.origins))).unzip();
    let shape = |index: usize, source: Option<Vec<Column>>, target: Option<Vec<TargetColumn>>| match (source, target) {
        (Some(source), Some(target)) => Some(TargetShape { source, target }),
        // A parent that is only looked up: its key is needed, its columns are not.
        (Some(source), None) if !selected[index] => Some(TargetShape { source, target: Vec::new() }),
        _ => None,
    };
    let shapes: Vec<Option<TargetShape>> =
        sources.into_iter().zip(targets).enumerate().map(|(index, (source, target))| shape(index, source, target)).collect();
    checked.entities = compile(plan, &shapes, found);
    for (entity, selected) in checked.entities.iter_mut().zip(selected) {
        *entity = entity.take().filter(|_| *selected);
    }
    let mut census = Census::new(match request.source {
        Side::Server(endpoint) => Some(endpoint),
        Side::Staged(_) => None,
    });
    for (entity, origins) in checked.entities.iter().zip(&origins) {
        if let Some(entity) = entity {
            checked.notes.extend(nulls::look(plan, entity, origins, &mut census, found));
        }
    }
    checked.tests = run_tests(plan, &checked.entities);
    if request.asks != Asks::Tests {
        tell_tests(plan, &checked.tests, found);
    }
    Ok(checked)
}

/// Looks at both servers at once: most of it is waiting for answers.
#[allow(clippy::type_complexity, reason = "what the two sides give")]
fn both_sides(
    request: &Request<'_>,
    wanted: &[bool],
    records: &[Option<EntityRecord>],
    checked: &mut Checked,
    problems: &mut Problems,
) -> Result<(Vec<Option<SourceSide>>, Vec<Option<Vec<TargetColumn>>>), CheckError> {
    let Request { plan, selected, asks, .. } = *request;
    let endpoint = match request.target {
        Side::Server(endpoint) => endpoint,
        Side::Staged(_) => {
            let sources = source_side(request, wanted, records, checked, problems)?;
            return Ok((sources, recorded_target(request, records, checked, problems)));
        }
    };
    let (mut of_target, mut found) = (Checked::default(), Problems::default());
    let (sources, targets) = thread::scope(|scope| {
        let targets = scope.spawn(|| target_side(endpoint, plan, selected, asks, &mut of_target, &mut found));
        let sources = source_side(request, wanted, records, checked, problems);
        (sources, targets.join())
    });
    found.all().iter().for_each(|problem| problems.push(problem.clone()));
    checked.tables = of_target.tables;
    checked.target = of_target.target;
    checked.notes.extend(of_target.notes);
    checked.expectations.extend(of_target.expectations);
    let sources = sources?;
    Ok((sources, targets.map_err(|_| CheckError::Panicked)??))
}

fn source_side(
    request: &Request<'_>,
    wanted: &[bool],
    records: &[Option<EntityRecord>],
    checked: &mut Checked,
    problems: &mut Problems,
) -> Result<Vec<Option<SourceSide>>, CheckError> {
    let plan = request.plan;
    let endpoint = match request.source {
        Side::Server(endpoint) => endpoint,
        Side::Staged(_) => {
            checked.sizes = vec![None; plan.entities.len()];
            let columns = plan.entities.iter().enumerate();
            let columns = columns.map(|(i, e)| staged::source_columns(e, records[i].as_ref(), request.selected[i], problems));
            return Ok(columns.map(|columns| Some(SourceSide { columns: columns?, origins: Vec::new(), size: None })).collect());
        }
    };
    let look = |checked: &mut Checked, problems: &mut Problems| {
        let mut session = endpoint.connect()?;
        let server = server_info(&mut session)?;
        old_server("source", &server, problems);
        let sides = source::look(plan, wanted, &mut session, &server.user, problems)?;
        if request.asks == Asks::Now {
            checked.notes.extend(source::unguarded(plan, request.selected, &mut session)?);
            checked.notes.extend(without_key::notes(plan, request.selected, &sides));
        }
        if request.asks != Asks::Tests {
            let now = request.asks == Asks::Now;
            checked.expectations.extend(expect::look(plan, request.selected, ExpectOn::Source, now, &mut session, problems)?);
        }
        checked.source = Some(server);
        endpoint.keep(session);
        Ok(sides)
    };
    let sides = look(checked, problems).map_err(|source| CheckError::Source { source })?;
    let of_selected = |(side, selected): (&Option<SourceSide>, &bool)| side.as_ref().filter(|_| *selected).and_then(|side| side.size);
    checked.sizes = sides.iter().zip(request.selected).map(of_selected).collect();
    checked.disk_needed = Some(disk::needed(&checked.sizes));
    Ok(sides)
}

/// The target as the staging file recorded it.
fn recorded_target(
    request: &Request<'_>,
    records: &[Option<EntityRecord>],
    checked: &mut Checked,
    problems: &mut Problems,
) -> Vec<Option<Vec<TargetColumn>>> {
    checked.tables = vec![None; request.plan.entities.len()];
    let columns = request.plan.entities.iter().zip(records).zip(request.selected);
    let columns = columns.map(|((entity, record), selected)| {
        let record = record.as_ref().filter(|_| *selected)?;
        staged::target_columns(entity, record, problems)
    });
    columns.collect()
}

fn target_side(
    endpoint: &Endpoint,
    plan: &Plan,
    selected: &[bool],
    asks: Asks,
    checked: &mut Checked,
    problems: &mut Problems,
) -> Result<Vec<Option<Vec<TargetColumn>>>, CheckError> {
    let look = |checked: &mut Checked, problems: &mut Problems| {
        let mut session: Session = endpoint.connect()?;
        let server = server_info(&mut session)?;
        old_server("target", &server, problems);
        if server.standby {
            let help = Some("name the primary server with --target URL".to_owned());
            problems.error("E0302", None, "the target is a standby, which takes no rows", "", help);
        }
        let notes = &mut checked.notes;
        let tables = TargetLook { plan, session: &mut session, server: &server, problems, notes, known: None, asked: Asked::default() }
            .tables(selected)?;
        checked.target = Some(server);
        if asks != Asks::Tests {
            checked.expectations.extend(expect::look(plan, selected, ExpectOn::Target, false, &mut session, problems)?);
        }
        endpoint.keep(session);
        Ok(tables)
    };
    checked.tables = look(checked, problems).map_err(|source| CheckError::Target { source })?;
    Ok(checked.tables.iter().map(|table| table.as_ref().map(target::shape)).collect())
}

fn old_server(which: &str, server: &ServerInfo, problems: &mut Problems) {
    if server.version_num < OLDEST {
        let message = format!("the {which} is PostgreSQL {}, and 14 is the oldest that is supported", server.version);
        let help = Some("bring it up to date, or restore a dump of it into a newer server and migrate from there".to_owned());
        problems.error("E0301", None, message, "", help);
    }
}

fn same_database(request: &Request<'_>, checked: &Checked, problems: &mut Problems) {
    let (Some(source), Some(target)) = (&checked.source, &checked.target) else { return };
    let one_cluster = match (&source.system_identifier, &target.system_identifier) {
        (Some(a), Some(b)) => a == b,
        // Not told: the addresses have to do.
        _ => match (request.source, request.target) {
            (Side::Server(a), Side::Server(b)) => address(a.redacted()) == address(b.redacted()),
            _ => false,
        },
    };
    if one_cluster && source.database == target.database {
        problems.push(Problem {
            severity: Severity::Warning,
            code: "E0303",
            message: format!("source and target are the same database, {}", source.database),
            place: None,
            label: String::new(),
            help: Some("if that is not meant, mend [source] url or [target] url".into()),
        });
    }
}

/// Host and port of a URL without its user.
fn address(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, address)| address)
}

fn room(plan: &Plan, checked: &Checked, problems: &mut Problems) {
    let Some((needed, free)) = checked.disk_needed.zip(disk::free_bytes(&plan.staging)) else { return };
    if needed > free {
        const MEGABYTE: u64 = 1 << 20;
        problems.push(Problem {
            severity: Severity::Warning,
            code: "E0350",
            message: format!(
                "the staging file will need about {} MB, and {} MB are free beside {}",
                needed / MEGABYTE,
                free / MEGABYTE,
                plan.staging.display()
            ),
            place: None,
            label: String::new(),
            help: Some("free some space, or put it elsewhere with --staging FILE".into()),
        });
    }
}
