//! What the columns of an entity hold, on both sides: the source's columns of the rows that were loaded, against the target columns that
//! are made of them. Boundary: rows and what is staged of their source, with a bounded memory for each column; what a figure means is judged in
//! `alarms`.
//!
//! Only loaded rows are profiled, also on the source's side: rows that were held back are told of by the ledger and the quarantine, and
//! without them both sides are figures of the same rows, so that a difference is one of the mapping.

mod column;
mod distinct;

use column::Figures;

use super::ValidateError;
use super::finding::{Profile, TargetColumn};
use super::subject::Feed;
use crate::plan::CompiledEntity;
use crate::row::{Column, Outcome, Tuples};
use crate::staging::{ChunkRow, StagingReader};

/// The profile of an entity while its loaded rows are gone through.
pub(super) struct Profiler<'a> {
    feed: &'a Feed,
    source: &'a [Column],
    compiled: &'a CompiledEntity,
    /// The source's columns that the mapping reads, with their places.
    from: Vec<(usize, Figures)>,
    into: Vec<Figures>,
    rows: u64,
}

impl<'a> Profiler<'a> {
    /// Of no row yet. `None` where they were staged with other columns than the plan has now.
    pub(super) fn new(feed: &'a Feed, source: &'a [Column], compiled: &'a CompiledEntity, show_values: bool) -> Option<Self> {
        let names = |columns: &[Column]| columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        let planned: Vec<String> = compiled.columns.iter().map(|c| c.column.name.clone()).collect();
        if names(source) != names(&compiled.source) || names(&feed.columns) != planned {
            return None;
        }
        let mut mapped: Vec<usize> = compiled.columns.iter().flat_map(|c| c.expr.columns()).copied().collect();
        mapped.sort_unstable();
        mapped.dedup();
        let from = mapped.iter().map(|at| (*at, Figures::new(&source[*at], show_values))).collect();
        let into = feed.columns.iter().map(|column| Figures::new(column, show_values)).collect();
        Some(Self { feed, source, compiled, from, into, rows: 0 })
    }

    /// Adds a staged target row.
    pub(super) fn add(&mut self, fields: &[Option<&[u8]>]) {
        self.rows += 1;
        for (figures, field) in self.into.iter_mut().zip(fields) {
            figures.add(*field);
        }
    }

    /// Adds the source's rows of a chunk whose target rows were added.
    pub(super) fn add_source(&mut self, reader: &StagingReader, chunk: &ChunkRow) -> Result<(), ValidateError> {
        if chunk.counts.loaded == 0 {
            return Ok(());
        }
        let from = &mut self.from;
        for_source(reader, self.feed, self.source.len(), chunk, |fields| {
            for (at, figures) in &mut *from {
                figures.add(fields[*at]);
            }
        })
    }

    /// What it comes to.
    pub(super) fn finish(self) -> Profile {
        let target = self.into.into_iter().zip(&self.compiled.columns).map(|(figures, compiled)| TargetColumn {
            facts: figures.finish(),
            made_of: compiled.expr.columns().iter().map(|at| self.source[*at].name.clone()).collect(),
        });
        Profile {
            entity: self.feed.name.clone(),
            rows: self.rows,
            target: target.collect(),
            source: self.from.into_iter().map(|(_, figures)| figures.finish()).collect(),
        }
    }
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
