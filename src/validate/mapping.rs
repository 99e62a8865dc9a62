//! The mapping table: every key that was loaded or merged is published under the new key that the id map has, and no other key of ours
//! is published at all. Boundary: in a mapping table that others have filled too, nothing is said about keys that the staging file does
//! not know.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::thread;

use super::ValidateError;
use super::cells::Means;
use super::finding::{Difference, DifferenceKind, LISTED};
use super::lookup::{KEPT_ROWS, Lookup, Meeting, Place};
use super::multiset::{BucketSet, Multiset, RowHasher};
use super::subject::Table;
use crate::pg::{CopyOut, QualifiedName, Session, literal};
use crate::row::{LegacyKey, MalformedTuple, Outcome, Tuples};
use crate::staging::StagingReader;

const BATCH_BYTES: usize = 1 << 20;

/// The differences of a table's part of the mapping table, and how many there are beyond those listed.
pub(super) struct MappingResult {
    /// Those that are listed.
    pub differences: Vec<Difference>,
    /// Rows that differ beyond those.
    pub beyond: u64,
    /// Rows of differing buckets that were not looked into.
    pub unexamined: u64,
}

/// The mapping table.
#[derive(Debug)]
pub(super) struct Mappings {
    /// Its name, with its schema.
    pub name: QualifiedName,
    /// Whether it was empty when the load began, so that every key under our entity types must be known.
    pub alone: bool,
}

/// Compares the mapping rows of the entities of a table with the id map.
pub(super) fn compare_mapping(
    table: &Table,
    mappings: &Mappings,
    session: &mut Session,
    means: Means<'_>,
) -> Result<MappingResult, ValidateError> {
    let ((staged, known), target) = thread::scope(|scope| {
        let staged = scope.spawn(|| {
            // All keys are counted beside those that are published: they are what is kept when buckets are looked into.
            let (mut side, mut known, mut text) = (Multiset::new(), Multiset::new(), String::new());
            for_each_key(table, means, |_, key, new_id| {
                text.clear();
                // Writing to a String cannot fail.
                let _ = write!(text, "{key}");
                let id = key_id(means.hasher, &text);
                known.add(id, 0);
                if let Some(new_id) = new_id {
                    side.add(id, means.hasher.bytes(&new_id));
                }
            })?;
            Ok::<_, ValidateError>((side, known))
        });
        let mut side = Multiset::new();
        let target = for_each_mapping(table, mappings, session, means, |key, new_id| {
            side.add(key_id(means.hasher, key), means.hasher.bytes(new_id));
        });
        let staged = staged.join().map_err(|_| ValidateError::Panicked { thread: "the comparison of the id map" });
        Ok::<_, ValidateError>((staged??, target.map(|()| side)?))
    })?;
    let differing = staged.differing(&target);
    let mut result = MappingResult { differences: Vec::new(), beyond: 0, unexamined: 0 };
    let mut rest = differing.as_slice();
    while !rest.is_empty() && result.differences.len() < LISTED {
        let (mut rows, mut taken) = (0, 0);
        while taken < rest.len() && (taken == 0 || rows + known.rows_in(rest[taken]) <= KEPT_ROWS) {
            rows += known.rows_in(rest[taken]);
            taken += 1;
        }
        let (now, later) = rest.split_at(taken);
        examine(table, mappings, session, means, &BucketSet::new(now), &mut result)?;
        rest = later;
    }
    result.unexamined = rest.iter().map(|bucket| staged.rows_in(*bucket).max(target.rows_in(*bucket))).sum();
    Ok(result)
}

/// Keys are texts of any length; both sides name them by the same hash.
fn key_id(hasher: &RowHasher, key: &str) -> u128 {
    hasher.bytes(key.as_bytes())
}

/// Gives every key of the table's entities, with the new key under which it should be published.
fn for_each_key(table: &Table, means: Means<'_>, mut each: impl FnMut(u32, &LegacyKey, Option<[u8; 16]>)) -> Result<(), ValidateError> {
    let reader = StagingReader::open(means.staging)?;
    for (feed_no, feed) in (0_u32..).zip(&table.feeds) {
        if means.stop.load(Ordering::Relaxed) {
            return Err(ValidateError::Interrupted);
        }
        reader.for_each_key(feed.id, |row| {
            let published = matches!(row.outcome, Outcome::Loaded | Outcome::Merged | Outcome::Adopted);
            each(feed_no, &row.key, row.new_key.filter(|_| published).map(uuid::Uuid::into_bytes));
        })?;
    }
    Ok(())
}

/// Gives the legacy id and new id of every mapping row of the table's entity type.
fn for_each_mapping(
    table: &Table,
    mappings: &Mappings,
    session: &mut Session,
    means: Means<'_>,
    mut each: impl FnMut(&str, &[u8]),
) -> Result<(), ValidateError> {
    let sql = format!(
        "COPY (SELECT legacy_id::text, new_id::uuid FROM {} WHERE entity_type = {}) TO STDOUT (FORMAT binary)",
        mappings.name.to_sql(),
        literal(&table.entity_type)
    );
    let mut copy = CopyOut::start(session, &sql, 2, BATCH_BYTES)?;
    let read_back = |source| ValidateError::ReadBack { table: mappings.name.to_string(), source };
    while let Some(batch) = copy.next_batch()? {
        if means.stop.load(Ordering::Relaxed) {
            return Err(ValidateError::Interrupted);
        }
        let (mut walk, mut fields) = (Tuples::new(&batch.tuples, 2), Vec::new());
        while let Some(range) = walk.next_into(&mut fields).map_err(read_back)? {
            let key = std::str::from_utf8(fields[0].unwrap_or_default());
            let key = key.map_err(|_| read_back(MalformedTuple { at: range.start, what: "text in UTF-8" }))?;
            each(key, fields[1].unwrap_or_default());
        }
    }
    Ok(())
}

/// Whom a hash of a new key stands for when there should be none. No hash is compared with it: see [`Lookup::meet`].
const NOT_PUBLISHED: u32 = u32::MAX;

fn examine(
    table: &Table,
    mappings: &Mappings,
    session: &mut Session,
    means: Means<'_>,
    buckets: &BucketSet,
    result: &mut MappingResult,
) -> Result<(), ValidateError> {
    let mut lookup = Lookup::default();
    for_each_key(table, means, |feed, key, new_id| {
        let id = key_id(means.hasher, &key.to_string());
        if buckets.holds(id) {
            let position = if new_id.is_some() { 0 } else { NOT_PUBLISHED };
            let hash = new_id.map_or(0, |new_id| means.hasher.bytes(&new_id));
            lookup.add(id, hash, Place { feed, chunk: 0, position });
        }
    })?;
    lookup.ready();
    for_each_mapping(table, mappings, session, means, |key, new_id| {
        let id = key_id(means.hasher, key);
        if !buckets.holds(id) {
            return;
        }
        match lookup.meet(id, |_| means.hasher.bytes(new_id)) {
            Meeting::Altered(place) if place.position == NOT_PUBLISHED => {
                push(result, table, Some(place.feed), key, "the mapping table has a key whose row was not loaded");
            }
            Meeting::Altered(place) => {
                push(result, table, Some(place.feed), key, "the mapping table has another new key than the id map");
            }
            Meeting::Unknown if mappings.alone => {
                push(result, table, None, key, "the mapping table has a key that this migration does not know");
            }
            Meeting::Same | Meeting::Unknown => {}
        }
    })?;
    let missing: BTreeSet<u128> = lookup.unmet_ids(|place| place.position != NOT_PUBLISHED).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for_each_key(table, means, |feed, key, new_id| {
        let key = key.to_string();
        if new_id.is_some() && missing.contains(&key_id(means.hasher, &key)) {
            push(result, table, Some(feed), &key, "a key that was loaded or merged is not in the mapping table");
        }
    })
}

fn push(result: &mut MappingResult, table: &Table, feed: Option<u32>, key: &str, message: &str) {
    if result.differences.len() >= LISTED {
        result.beyond += 1;
        return;
    }
    let mut difference = Difference::new(DifferenceKind::Mapping, message);
    difference.entity = feed.and_then(|feed| table.feeds.get(usize::try_from(feed).ok()?)).map(|feed| feed.name.clone());
    difference.table = Some(table.name());
    difference.key = Some(key.to_owned());
    result.differences.push(difference);
}
