//! The validation as a whole: what is compared in which order. Boundary: each comparison is in its own file.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::adopted::check_adopted;
use super::alarms;
use super::cells::{Means, TableResult, compare_table};
use super::controls::check_controls;
use super::expectations::check_expectations;
use super::ledger::check_ledgers;
use super::mapping::{MappingResult, Mappings, compare_mapping};
use super::multiset::RowHasher;
use super::profile::Profiler;
use super::references::check_references;
use super::subject::{Feed, Subject, Subjects, Table};
use super::upkeep::{check_constraints, check_sequences};
use super::{EntityCheck, ValidateError, Validation};
use crate::pg::{Endpoint, QualifiedName, Session};
use crate::plan::{CompiledEntity, Plan};
use crate::staging::{Moment, StagingReader};

/// What is to be validated.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its entities, compiled; `None` for one that is not selected and could not be compiled.
    pub entities: &'a [Option<CompiledEntity>],
    /// Which entities the command is about.
    pub selected: &'a [bool],
    /// The staging file.
    pub staging: &'a Path,
    /// The source, where it is known; only expectations that were never put to it are asked there.
    pub source: Option<&'a Endpoint>,
    /// The target.
    pub target: &'a Endpoint,
    /// Threads that may be busy at a time.
    pub jobs: usize,
    /// Whether differing cells are shown with their values.
    pub show_values: bool,
    /// Set from outside to end it early; it then fails with [`ValidateError::Interrupted`].
    pub stop: &'a AtomicBool,
}

/// How far a validation is. Called from several threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It began; so many rows are read back.
    Began {
        /// Rows over all selected entities.
        rows: u64,
    },
    /// Rows of the target were read back.
    Rows {
        /// The first entity of the table, by its index in the plan.
        entity: usize,
        /// Rows read of the table so far.
        rows: u64,
    },
    /// Something worth a line.
    Note(String),
}

/// Compares the target with the staging file. Differences are findings, not errors.
///
/// Nothing else may write to the target meanwhile: each table is read in a snapshot of its own.
pub fn validate(request: &Request<'_>, observe: &(dyn Fn(&Progress) + Sync)) -> Result<Validation, ValidateError> {
    let began = Moment::now();
    let reader = StagingReader::open(request.staging)?;
    let mut session = request.target.connect()?;
    let subjects = Subjects::gather(request, &reader, &mut session)?;
    observe(&Progress::Began { rows: subjects.tables.iter().map(Table::expected).sum() });
    let hasher = RowHasher::new();
    let means = Means { staging: request.staging, hasher: &hasher, show_values: request.show_values, stop: request.stop };
    let mappings = mapping_table(request, &subjects, &mut session)?;
    // The connection is free meanwhile, and what is asked over it does not depend on the rows.
    let (compared, beside) = compare_tables(request, &subjects, mappings.as_ref(), means, observe, || {
        let (mut ledgers, mut beside) = (Validation::default(), Validation::default());
        check_ledgers(&subjects, &reader, &mut ledgers)?;
        check_constraints(&subjects, &reader, &mut session, &mut beside)?;
        check_sequences(&subjects, &mut session, &mut beside)?;
        check_expectations(request, &reader, &mut session, &mut beside)?;
        Ok::<_, ValidateError>((ledgers, beside))
    });
    let (results, (mut found, beside)) = (compared?, beside?);
    let others: Vec<u64> = results.iter().map(|result| result.cells.check.others).collect();
    let mut of_table: Vec<Vec<&Subject>> = vec![Vec::new(); subjects.tables.len()];
    subjects.entities.iter().for_each(|subject| of_table[subject.table].push(subject));
    for ((table, of_table), result) in subjects.tables.iter().zip(of_table).zip(results) {
        take_result(&of_table, table, result, &mut found);
    }
    found.entities.sort_by_key(|entity| entity.index);
    check_adopted(&subjects, &reader, &mut session, &mut found)?;
    check_references(request, &subjects, &reader, &mut session, &mut found)?;
    check_controls(request, &subjects, &others, &reader, &mut session, &mut found)?;
    let planned = request.plan.by_name();
    found.profiles.sort_by_key(|profile| planned.get(profile.entity.as_str()).copied());
    alarms::raise(request, &subjects, &reader, &mut found)?;
    found.take_beside(beside);
    found.micros = Moment::now().micros_since(began);
    Ok(found)
}

fn mapping_table(request: &Request<'_>, subjects: &Subjects, session: &mut Session) -> Result<Option<Mappings>, ValidateError> {
    let Some(text) = &request.plan.mappings else { return Ok(None) };
    let wrong = || ValidateError::Plan { entity: request.plan.name.clone(), what: "`mappings` is no table name".to_owned() };
    let name = subjects.known.table(&QualifiedName::parse(&text.value).ok_or_else(wrong)?, session)?.name;
    let alone = subjects.known.was_empty(&name);
    Ok(Some(Mappings { name, alone }))
}

/// What was found in a table and its part of the mapping table.
struct Compared {
    cells: TableResult,
    mapping: Option<MappingResult>,
}

/// One piece of work: the cells of a table, or its part of the mapping table.
#[derive(Clone, Copy)]
enum Part {
    Cells(usize),
    Mapping(usize),
}

enum Found {
    Cells(usize, TableResult),
    Mapping(usize, MappingResult),
}

/// Compares the tables and their parts of the mapping table, the biggest first, several at a time. Each comparison has a thread for
/// either side, but most of the work is the server's. `meanwhile` is done on this thread.
fn compare_tables<T>(
    request: &Request<'_>,
    subjects: &Subjects,
    mappings: Option<&Mappings>,
    means: Means<'_>,
    observe: &(dyn Fn(&Progress) + Sync),
    meanwhile: impl FnOnce() -> T,
) -> (Result<Vec<Compared>, ValidateError>, T) {
    let tables = 0..subjects.tables.len();
    let published = tables.clone().filter(|at| mappings.is_some() && subjects.tables[*at].is_published);
    let mut parts: Vec<Part> = tables.map(Part::Cells).chain(published.map(Part::Mapping)).collect();
    // A row of the mapping table has a third of the columns of a usual row.
    parts.sort_by_key(|part| match part {
        Part::Cells(at) => std::cmp::Reverse(subjects.tables[*at].expected()),
        Part::Mapping(at) => std::cmp::Reverse(subjects.tables[*at].expected() / 3),
    });
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<Found>, ValidateError> {
        let mut session = request.target.connect()?;
        let mut done = Vec::new();
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
            match (part, mappings) {
                (Part::Cells(at), _) => {
                    let table = &subjects.tables[at];
                    let entity = table.feeds.iter().find_map(|feed| feed.index).unwrap_or(0);
                    done.push(Found::Cells(
                        at,
                        compare_table(table, &mut session, means, profilers(request, subjects, at, means), &|rows| {
                            observe(&Progress::Rows { entity, rows });
                        })?,
                    ));
                }
                (Part::Mapping(at), Some(mappings)) => {
                    done.push(Found::Mapping(at, compare_mapping(&subjects.tables[at], mappings, &mut session, means)?));
                }
                (Part::Mapping(_), None) => {}
            }
        }
        request.target.keep(session);
        Ok(done)
    };
    let workers = request.jobs.clamp(1, parts.len().max(1));
    let (found, beside) = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let beside = meanwhile();
        let joined = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(ValidateError::Panicked { thread: "the comparison of tables" })));
        (joined.collect::<Result<Vec<_>, _>>(), beside)
    });
    (found.map(|found| in_order(found.into_iter().flatten())), beside)
}

/// What was found, in the order of the tables.
fn in_order(found: impl Iterator<Item = Found>) -> Vec<Compared> {
    let mut compared: Vec<(usize, Compared)> = Vec::new();
    let mut of_mapping: Vec<(usize, MappingResult)> = Vec::new();
    for one in found {
        match one {
            Found::Cells(at, cells) => compared.push((at, Compared { cells, mapping: None })),
            Found::Mapping(at, mapping) => of_mapping.push((at, mapping)),
        }
    }
    compared.sort_by_key(|(at, _)| *at);
    for (at, mapping) in of_mapping {
        compared[at].1.mapping = Some(mapping);
    }
    compared.into_iter().map(|(_, compared)| compared).collect()
}

/// A profiler for each feed of a table that is a selected entity.
fn profilers<'a>(request: &Request<'a>, subjects: &'a Subjects, at: usize, means: Means<'_>) -> Vec<Option<Profiler<'a>>> {
    let profiler = |feed: &'a Feed| {
        let subject = subjects.entities.iter().find(|subject| subject.id == feed.id)?;
        let compiled = request.entities.get(subject.index)?.as_ref()?;
        Profiler::new(feed, &subjects.known.entity(feed.id)?.record.source_columns, compiled, means.show_values)
    };
    subjects.tables[at].feeds.iter().map(profiler).collect()
}

fn take_result(of_table: &[&Subject], table: &Table, result: Compared, found: &mut Validation) {
    let (mut micros, began) = (result.cells.micros, result.cells.began.0);
    for subject in of_table {
        let loaded = table.feeds.iter().find(|feed| feed.id == subject.id).map_or(0, Feed::loaded);
        let micros = std::mem::take(&mut micros);
        found.entities.push(EntityCheck { name: subject.name.clone(), index: subject.index, loaded, micros, began });
    }
    found.tables.push(result.cells.check);
    found.profiles.extend(result.cells.profiles);
    found.take(result.cells.differences, result.cells.beyond, result.cells.unexamined);
    if let Some(mapping) = result.mapping {
        found.take(mapping.differences, mapping.beyond, mapping.unexamined);
    }
}
