//! What the columns of an entity hold, on both sides: the source's columns of the rows that were loaded, against the target columns that
//! are made of them. Boundary: reads the staging file alone, once, with a bounded memory for each column; what a figure means is judged in
//! `alarms`.
//!
//! Only loaded rows are profiled, also on the source's side: rows that were held back are told of by the ledger and the quarantine, and
//! without them both sides are figures of the same rows, so that a difference is one of the mapping.

mod column;
mod distinct;

use std::sync::atomic::Ordering;

use column::Figures;

use super::ValidateError;
use super::cells::Means;
use super::finding::{Profile, TargetColumn};
use super::staged::for_chunk;
use super::subject::Feed;
use crate::plan::CompiledEntity;
use crate::row::{Column, Outcome, Tuples};
use crate::staging::{ChunkRow, Moment, StagingReader};

/// Profiles the loaded rows of an entity. `None` where they were staged with other columns than the plan has now.
pub(super) fn profile(
    feed: &Feed,
    source: &[Column],
    compiled: &CompiledEntity,
    means: Means<'_>,
) -> Result<Option<Profile>, ValidateError> {
    let names = |columns: &[Column]| columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    let planned: Vec<String> = compiled.columns.iter().map(|c| c.column.name.clone()).collect();
    if names(source) != names(&compiled.source) || names(&feed.columns) != planned {
        return Ok(None);
    }
    let began = Moment::now();
    let mut mapped: Vec<usize> = compiled.columns.iter().flat_map(|c| c.expr.columns()).copied().collect();
    mapped.sort_unstable();
    mapped.dedup();
    let mut from: Vec<(usize, Figures)> = mapped.iter().map(|at| (*at, Figures::new(&source[*at], means.show_values))).collect();
    let mut into: Vec<Figures> = feed.columns.iter().map(|column| Figures::new(column, means.show_values)).collect();
    let reader = StagingReader::open(means.staging)?;
    let mut rows = 0;
    for chunk in feed.chunks.iter().filter(|chunk| chunk.counts.loaded > 0) {
        if means.stop.load(Ordering::Relaxed) {
            return Err(ValidateError::Interrupted);
        }
        for_chunk(&reader, 0, feed, chunk, |row| {
            rows += 1;
            for (figures, field) in into.iter_mut().zip(row.fields) {
                figures.add(*field);
            }
        })?;
        for_source(&reader, feed, source.len(), chunk, |fields| {
            for (at, figures) in &mut from {
                figures.add(fields[*at]);
            }
        })?;
    }
    let target = into.into_iter().zip(&compiled.columns).map(|(figures, compiled)| TargetColumn {
        facts: figures.finish(),
        made_of: compiled.expr.columns().iter().map(|at| source[*at].name.clone()).collect(),
    });
    Ok(Some(Profile {
        entity: feed.name.clone(),
        rows,
        target: target.collect(),
        source: from.into_iter().map(|(_, figures)| figures.finish()).collect(),
        micros: Moment::now().micros_since(began),
    }))
}

/// Gives the fields of every source row of a chunk that was loaded.
fn for_source(
    reader: &StagingReader,
    feed: &Feed,
    columns: usize,
    chunk: &ChunkRow,
    mut each: impl FnMut(&[Option<&[u8]>]),
) -> Result<(), ValidateError> {
    let payload = reader.load_extracted(chunk.id)?;
    let aside = rows_aside(reader, chunk)?;
    let mut aside = aside.into_iter().peekable();
    let damaged = |source| ValidateError::Damaged { entity: feed.name.clone(), chunk: chunk.id.0, source };
    let (mut walk, mut fields) = (Tuples::new(&payload.tuples, columns), Vec::new());
    let mut row_no = 0_u32;
    while walk.next_into(&mut fields).map_err(damaged)?.is_some() {
        if aside.next_if_eq(&row_no).is_none() {
            each(&fields);
        }
        row_no += 1;
    }
    Ok(())
}

/// The rows of a chunk that were not loaded, in order. The id map is only asked where the quarantine does not know them all: it has a row
/// for every source row.
fn rows_aside(reader: &StagingReader, chunk: &ChunkRow) -> Result<Vec<u32>, ValidateError> {
    if chunk.counts.loaded == chunk.rows {
        return Ok(Vec::new());
    }
    if chunk.counts.loaded + chunk.counts.quarantined == chunk.rows {
        return Ok(reader.quarantined_rows(chunk.id)?);
    }
    let keys = reader.chunk_keys(chunk.id)?;
    Ok(keys.iter().filter(|key| key.outcome != Outcome::Loaded).map(|key| key.row_no).collect())
}
