//! Entities as they were when their rows were stored, and the key ranges they are read in. Boundary: what is needed to
//! continue and to read stored rows without any server; the plan itself is kept whole with the run.

use super::{RunId, SnapshotId, SourceControl, StagingError, StagingReader, StagingWriter};
use crate::row::{Column, KeyKind, LegacyKey};

/// An entity of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(pub i64);

/// What is recorded of an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRecord {
    /// Its name in the plan.
    pub name: String,
    /// Where it goes, `schema.table`.
    pub target_table: String,
    /// What its keys are made of.
    pub key_kind: KeyKind,
    /// The columns of its source query, in the order of the stored tuples.
    pub source_columns: Vec<Column>,
    /// The columns of the target that are written, in the order of the stored tuples.
    pub target_columns: Vec<Column>,
    /// Identifies the part of the plan that decides what is read.
    pub extract_hash: String,
    /// Identifies the part of the plan that decides what is made of it.
    pub transform_hash: String,
}

/// An entity as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRow {
    /// The entity.
    pub id: EntityId,
    /// What was recorded.
    pub record: EntityRecord,
    /// The run that finished reading it.
    pub extracted_run: Option<RunId>,
}

/// A range of keys: `lower < key <= upper`, open where there is no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSpec {
    /// The greatest key before the range.
    pub lower: Option<LegacyKey>,
    /// The last key that can be in the range.
    pub upper: Option<LegacyKey>,
}

/// A range as recorded, and how far it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRow {
    /// Its number within the entity, from 0.
    pub range_no: u32,
    /// Its bounds.
    pub spec: RangeSpec,
    /// Whether it was read to its end.
    pub done: bool,
    /// Chunks stored of it: the next one has this sequence number.
    pub chunks: u32,
    /// The key of the last row stored of it: reading continues behind it.
    pub last_key: Option<LegacyKey>,
}

impl StagingWriter {
    /// Registers an entity, once: a second time with the same record it gives the same id. What differs is replaced as long as
    /// no row depends on it; otherwise the rows must be given up first (`invalidate_extract`, `invalidate_transform`).
    pub fn register_entity(&mut self, entity: &EntityRecord) -> Result<EntityId, StagingError> {
        let _ = entity;
        todo!()
    }

    /// Plans the ranges in which an entity is read, once: those that are planned already stay, and are given back.
    pub fn plan_ranges(&mut self, entity: EntityId, ranges: &[RangeSpec]) -> Result<Vec<RangeRow>, StagingError> {
        let _ = (entity, ranges);
        todo!()
    }

    /// Marks a range as read to its end when there is nothing behind its last stored chunk.
    pub fn finish_range(&mut self, entity: EntityId, range_no: u32) -> Result<(), StagingError> {
        let _ = (entity, range_no);
        todo!()
    }

    /// Marks an entity as read to its end, with the control sums that the source itself gave. All ranges must be done.
    pub fn finish_extract(&mut self, entity: EntityId, run: RunId, controls: &[SourceControl]) -> Result<(), StagingError> {
        let _ = (entity, run, controls, SnapshotId(0));
        todo!()
    }
}

impl StagingReader {
    /// All entities, in the order in which they were registered.
    pub fn entities(&self) -> Result<Vec<EntityRow>, StagingError> {
        todo!()
    }

    /// The entity of this name.
    pub fn entity(&self, name: &str) -> Result<Option<EntityRow>, StagingError> {
        let _ = name;
        todo!()
    }

    /// The ranges of an entity, and how far each was read.
    pub fn ranges(&self, entity: EntityId) -> Result<Vec<RangeRow>, StagingError> {
        let _ = entity;
        todo!()
    }
}
