//! What is counted and summed beside the rows: control sums, incidents, references. Boundary: sums are exact decimals in
//! text, added exactly; what is summed is decided by the plan.

use super::{EntityId, SnapshotId, StagingError, StagingReader};
use crate::row::{Incident, Outcome};

/// A control sum over the rows of a chunk with one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSum {
    /// The control's name.
    pub name: String,
    /// The outcome of the rows it is over.
    pub outcome: Outcome,
    /// The sum as an exact decimal.
    pub sum: String,
}

/// A control sum that the source computed over all rows of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceControl {
    /// The control's name.
    pub name: String,
    /// The snapshot it was computed in.
    pub snapshot: SnapshotId,
    /// The sum as an exact decimal.
    pub sum: String,
}

/// A control sum of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlTotal {
    /// The control's name.
    pub name: String,
    /// The outcome of the rows it is over.
    pub outcome: Outcome,
    /// The sum as an exact decimal.
    pub sum: String,
}

/// How often an incident occurred in a chunk, or in an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentCount {
    /// The incident.
    pub incident: Incident,
    /// In how many rows.
    pub count: u64,
}

/// How often an incident occurred in an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentTotal {
    /// The entity.
    pub entity: EntityId,
    /// The incident.
    pub incident: Incident,
    /// In how many rows.
    pub count: u64,
}

/// What became of the references of one column to one parent, in a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceCount {
    /// The target column.
    pub column: String,
    /// The entity it refers to.
    pub parent: EntityId,
    /// Found and usable.
    pub hit: u64,
    /// NULL in the source.
    pub null: u64,
    /// No such row in the source.
    pub missing: u64,
    /// The parent is in quarantine.
    pub parent_quarantined: u64,
    /// The parent was left out by a filter.
    pub parent_filtered: u64,
}

/// What became of the references of one column to one parent, in an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceTotal {
    /// The entity that refers.
    pub entity: EntityId,
    /// The counts over its chunks.
    pub count: ReferenceCount,
}

impl StagingReader {
    /// The control sums of an entity by name and outcome.
    pub fn control_totals(&self, entity: EntityId) -> Result<Vec<ControlTotal>, StagingError> {
        let _ = entity;
        todo!()
    }

    /// The control sums that the source computed.
    pub fn source_controls(&self, entity: EntityId) -> Result<Vec<SourceControl>, StagingError> {
        let _ = entity;
        todo!()
    }

    /// Incidents with their counts, of one entity or all.
    pub fn incidents(&self, entity: Option<EntityId>) -> Result<Vec<IncidentTotal>, StagingError> {
        let _ = entity;
        todo!()
    }

    /// References with their counts, of one entity or all.
    pub fn references(&self, entity: Option<EntityId>) -> Result<Vec<ReferenceTotal>, StagingError> {
        let _ = entity;
        todo!()
    }
}
