//! Every cell of a table: what was staged against what is read back. Boundary: one table; the verdict over all of them is in `run`.
//!
//! First both sides are streamed once and hashed into buckets. Where all buckets agree, so does every cell. Where some do not, both sides
//! are streamed again, and the rows of these buckets are met one by one: at most [`KEPT_ROWS`] at a time, so that memory does not grow
//! with the table, until as many differences are known as are listed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::ValidateError;
use super::describe::{digest, id_text, value_text};
use super::finding::{Difference, DifferenceKind, LISTED, Profile, TableCheck};
use super::lookup::{KEPT_ROWS, Lookup, Meeting, Place};
use super::multiset::{BucketSet, Multiset, RowHasher, Shape, all_buckets};
use super::profile::Profiler;
use super::staged::{for_chunk, for_each_row};
use super::subject::{Feed, Table};
use crate::pg::Session;
use crate::row::Tuples;
use crate::staging::{ChunkId, Moment, StagingReader};
use crate::target::read_back;

/// Bytes of tuples that are read back at a time.
const BATCH_BYTES: usize = 1 << 20;
/// Bytes of differing target rows that are kept to be shown; what comes after them is only counted.
const SHOWN_BYTES: usize = 32 << 20;

/// What the comparison of a table found.
#[derive(Debug)]
pub(super) struct TableResult {
    /// In numbers.
    pub check: TableCheck,
    /// The differences that can be listed.
    pub differences: Vec<Difference>,
    /// Rows that differ beyond those.
    pub beyond: u64,
    /// Rows of differing buckets that were not looked into.
    pub unexamined: u64,
    /// What it took.
    pub micros: u64,
    /// When it began.
    pub began: Moment,
    /// The profiles of the entities that were asked for.
    pub profiles: Vec<Profile>,
}

/// What a comparison works with.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    /// The staging file.
    pub staging: &'a Path,
    /// The key of this validation.
    pub hasher: &'a RowHasher,
    /// Whether values are shown.
    pub show_values: bool,
    /// Set when it is to end early.
    pub stop: &'a AtomicBool,
}

/// Compares a table, and profiles the entities that have a profiler on the way: one place for each of the table's feeds. `observe` is told
/// the rows read back so far, in the first pass.
pub(super) fn compare_table(
    table: &Table,
    session: &mut Session,
    means: Means<'_>,
    mut profilers: Vec<Option<Profiler<'_>>>,
    observe: &(dyn Fn(u64) + Sync),
) -> Result<TableResult, ValidateError> {
    let began = Moment::now();
    let (staged, target) = thread::scope(|scope| {
        let staged = scope.spawn(|| staged_side(table, means, &mut profilers));
        let target = target_side(table, session, means, observe);
        let staged = staged.join().map_err(|_| ValidateError::Panicked { thread: "the comparison of staged rows" });
        Ok::<_, ValidateError>((staged??, target?))
    })?;
    let differing = if table.same_columns { staged.differing(&target) } else { all_buckets().collect() };
    let mut findings = Findings::default();
    let unexamined = examine(table, session, means, &differing, [&staged, &target], &mut findings)?;
    let differences = show(table, means, &mut findings)?;
    let check = TableCheck {
        table: table.name(),
        entities: table.feeds.iter().map(|feed| feed.name.clone()).collect(),
        expected: table.expected(),
        rows: target.rows(),
        others: findings.others,
        cells: table.feeds.iter().map(|feed| feed.loaded() * feed.columns.len() as u64).sum(),
    };
    Ok(TableResult {
        check,
        differences,
        beyond: findings.beyond,
        unexamined,
        micros: Moment::now().micros_since(began),
        began,
        profiles: profilers.into_iter().flatten().map(Profiler::finish).collect(),
    })
}

fn staged_side(table: &Table, means: Means<'_>, profilers: &mut [Option<Profiler<'_>>]) -> Result<Multiset, ValidateError> {
    let reader = StagingReader::open(means.staging)?;
    let mut side = Multiset::new();
    for ((feed_no, feed), profiler) in (0_u32..).zip(&table.feeds).zip(profilers) {
        for chunk in &feed.chunks {
            if means.stop.load(Ordering::Relaxed) {
                return Err(ValidateError::Interrupted);
            }
            for_chunk(&reader, feed_no, feed, chunk, |row| {
                let id = means.hasher.id(row.fields[feed.id_at]);
                side.add(id, means.hasher.row(&feed.staged, row.tuple, row.fields));
                if let Some(profiler) = profiler {
                    profiler.add(row.fields);
                }
            })?;
            if let Some(profiler) = profiler {
                profiler.add_source(&reader, chunk)?;
            }
        }
    }
    Ok(side)
}

fn feed_of(table: &Table, place: Place) -> &Feed {
    &table.feeds[usize::try_from(place.feed).unwrap_or(0)]
}

/// A row read back: its id as a number, its tuple, its fields.
type Row<'r> = (u128, &'r [u8], &'r [Option<&'r [u8]>]);

fn for_each_target_row(
    table: &Table,
    session: &mut Session,
    means: Means<'_>,
    observe: &(dyn Fn(u64) + Sync),
    mut each: impl FnMut(Row<'_>),
) -> Result<(), ValidateError> {
    let mut stream = read_back(session, &table.info.name, &table.columns, None, BATCH_BYTES)?;
    let mut rows = 0;
    while let Some(batch) = stream.next_batch()? {
        if means.stop.load(Ordering::Relaxed) {
            return Err(ValidateError::Interrupted);
        }
        let (mut walk, mut fields) = (Tuples::new(&batch.tuples, table.columns.len()), Vec::new());
        let damaged = |source| ValidateError::ReadBack { table: table.name(), source };
        while let Some(range) = walk.next_into(&mut fields).map_err(damaged)? {
            each((means.hasher.id(fields[table.id_at]), &batch.tuples[range], &fields));
        }
        rows += u64::from(batch.rows);
        observe(rows);
    }
    Ok(())
}

fn target_side(table: &Table, session: &mut Session, means: Means<'_>, observe: &(dyn Fn(u64) + Sync)) -> Result<Multiset, ValidateError> {
    let mut side = Multiset::new();
    for_each_target_row(table, session, means, observe, |(id, tuple, fields)| {
        side.add(id, means.hasher.row(&Shape::Whole, tuple, fields));
    })?;
    Ok(side)
}

/// Rows that differ, before they are put into words.
#[derive(Debug, Default)]
struct Findings {
    /// Staged rows to be shown; with the target's tuple where that differs, without where it is missing.
    staged: BTreeMap<Place, Option<Vec<u8>>>,
    /// Ids of rows that nobody staged.
    extra: Vec<String>,
    /// Rows that others wrote.
    others: u64,
    /// Differing rows that are only counted.
    beyond: u64,
    bytes: usize,
}

impl Findings {
    fn has_room(&self) -> bool {
        self.staged.len() + self.extra.len() < LISTED && self.bytes < SHOWN_BYTES
    }

    fn add_staged(&mut self, place: Place, tuple: Option<&[u8]>) {
        if self.has_room() {
            self.bytes += tuple.map_or(0, <[u8]>::len);
            self.staged.insert(place, tuple.map(<[u8]>::to_vec));
        } else {
            self.beyond += 1;
        }
    }

    fn add_extra(&mut self, id: impl FnOnce() -> String) {
        if self.has_room() {
            self.extra.push(id());
        } else {
            self.beyond += 1;
        }
    }
}

/// Looks into differing buckets, as many at a time as can be kept. Gives the rows of those that it left out.
fn examine(
    table: &Table,
    session: &mut Session,
    means: Means<'_>,
    differing: &[u16],
    sides: [&Multiset; 2],
    findings: &mut Findings,
) -> Result<u64, ValidateError> {
    let mut rest = differing;
    while !rest.is_empty() && findings.has_room() {
        let (mut rows, mut taken) = (0, 0);
        // At least one bucket, however full it is.
        while taken < rest.len() && (taken == 0 || rows + sides[0].rows_in(rest[taken]) <= KEPT_ROWS) {
            rows += sides[0].rows_in(rest[taken]);
            taken += 1;
        }
        let (now, later) = rest.split_at(taken);
        examine_buckets(table, session, means, &BucketSet::new(now), findings)?;
        rest = later;
    }
    Ok(rest.iter().map(|bucket| sides[0].rows_in(*bucket).max(sides[1].rows_in(*bucket))).sum())
}

fn examine_buckets(
    table: &Table,
    session: &mut Session,
    means: Means<'_>,
    buckets: &BucketSet,
    findings: &mut Findings,
) -> Result<(), ValidateError> {
    let reader = StagingReader::open(means.staging)?;
    let mut lookup = Lookup::default();
    for_each_row(&reader, &table.feeds, means.stop, |row| {
        let feed = feed_of(table, row.place);
        let id = means.hasher.id(row.fields[feed.id_at]);
        if buckets.holds(id) {
            lookup.add(id, means.hasher.row(&feed.staged, row.tuple, row.fields), row.place);
        }
    })?;
    lookup.ready();
    let id_type = &table.feeds[0].columns[table.feeds[0].id_at].ty;
    for_each_target_row(table, session, means, &|_| {}, |(id, tuple, fields)| {
        if !buckets.holds(id) {
            return;
        }
        let hash = |feed: u32| {
            let feed = &table.feeds[usize::try_from(feed).unwrap_or(0)];
            means.hasher.row(&feed.read_back, tuple, fields)
        };
        match lookup.meet(id, hash) {
            Meeting::Same => {}
            Meeting::Altered(place) => findings.add_staged(place, Some(tuple)),
            Meeting::Unknown if table.alone => findings.add_extra(|| id_text(id_type, fields[table.id_at])),
            Meeting::Unknown => findings.others += 1,
        }
    })?;
    for place in lookup.unmet() {
        findings.add_staged(place, None);
    }
    Ok(())
}

/// Puts the differing rows into words, cell by cell.
fn show(table: &Table, means: Means<'_>, findings: &mut Findings) -> Result<Vec<Difference>, ValidateError> {
    let mut differences = Vec::new();
    let reader = StagingReader::open(means.staging)?;
    let mut wanted = std::mem::take(&mut findings.staged);
    while let Some((first, _)) = wanted.first_key_value() {
        let (feed_no, chunk_no) = (first.feed, first.chunk);
        let feed = feed_of(table, *first);
        let chunk = reader.chunk(ChunkId(chunk_no))?;
        let keys = reader.tuple_rows(chunk.id)?;
        for_chunk(&reader, feed_no, feed, &chunk, |row| {
            let Some(tuple) = wanted.remove(&row.place) else { return };
            let mut base = Difference::new(DifferenceKind::MissingRow, "a row that was loaded is not in the target");
            base.entity = Some(feed.name.clone());
            base.table = Some(table.name());
            base.row = Some(id_text(&feed.columns[feed.id_at].ty, row.fields[feed.id_at]));
            let key = usize::try_from(row.place.position).ok().and_then(|at| keys.get(at));
            base.key = key.map(|row| row.key.to_string());
            match tuple {
                None => differences.push(base),
                Some(tuple) => show_cells(table, feed, means, &base, row.fields, &tuple, &mut differences),
            }
        })?;
        // Whatever is left of the chunk has no row there; it cannot be, and must not keep the loop going.
        wanted.retain(|place, _| (place.feed, place.chunk) != (feed_no, chunk_no));
    }
    for id in std::mem::take(&mut findings.extra) {
        let mut extra = Difference::new(DifferenceKind::ExtraRow, "a row is in the target that was not loaded by this migration");
        extra.table = Some(table.name());
        extra.row = Some(id);
        differences.push(extra);
    }
    Ok(differences)
}

fn show_cells(
    table: &Table,
    feed: &Feed,
    means: Means<'_>,
    base: &Difference,
    staged: &[Option<&[u8]>],
    tuple: &[u8],
    differences: &mut Vec<Difference>,
) {
    let mut fields = Vec::new();
    // It was read once already, when it was met.
    if crate::row::read_tuple(tuple, 0, table.columns.len(), &mut fields).is_err() {
        return;
    }
    for ((column, position), expected) in feed.columns.iter().zip(&feed.positions).zip(staged) {
        let found = fields[*position];
        if *expected == found {
            continue;
        }
        let mut cell = base.clone();
        cell.kind = DifferenceKind::Cell;
        cell.column = Some(column.name.clone());
        cell.expected = Some(digest(*expected));
        cell.found = Some(digest(found));
        if means.show_values {
            cell.expected_value = Some(value_text(&column.ty, *expected));
            cell.found_value = Some(value_text(&column.ty, found));
        }
        cell.message = format!("{} differs from what was loaded", column.name);
        differences.push(cell);
    }
}
