//! The ledger: for every entity, how many rows were read and where they ended. Boundary: derived from the chunks each time it
//! is asked for, stored nowhere.

use super::{EntityId, OutcomeCounts, StagingError, StagingReader};

/// Where the rows of an entity stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityLedger {
    /// The entity's name.
    pub name: String,
    /// Ranges planned.
    pub ranges: u64,
    /// Ranges read to their end.
    pub ranges_done: u64,
    /// Whether the entity was read to its end.
    pub extracted: bool,
    /// Chunks that are extracted and no further.
    pub chunks_extracted: u64,
    /// Chunks that are transformed and no further.
    pub chunks_transformed: u64,
    /// Chunks that are loaded.
    pub chunks_loaded: u64,
    /// Rows read.
    pub read: u64,
    /// Rows that are not transformed.
    pub untransformed: u64,
    /// The outcomes of the rows in chunks that are transformed and not loaded; `loaded` here says: to be loaded.
    pub pending: OutcomeCounts,
    /// The outcomes of the rows in loaded chunks.
    pub done: OutcomeCounts,
    /// How many rows the server refused; they are among the quarantined.
    pub refused: u64,
    /// Bytes of the source tuples.
    pub raw_bytes: u64,
    /// Bytes of the target tuples.
    pub transformed_bytes: u64,
}

impl EntityLedger {
    /// Whether everything was read and every row has ended.
    pub fn is_finished(&self) -> bool {
        self.extracted && self.chunks_extracted == 0 && self.chunks_transformed == 0
    }

    /// Whether every row that was read has exactly one outcome.
    pub fn is_closed(&self) -> bool {
        self.read == self.done.total()
    }

    /// Whether all rows are transformed, loaded or not.
    pub fn is_transformed(&self) -> bool {
        self.extracted && self.chunks_extracted == 0
    }
}

impl StagingReader {
    /// The ledger of every entity, in the order in which they were registered.
    pub fn ledger(&self) -> Result<Vec<(EntityId, EntityLedger)>, StagingError> {
        todo!()
    }

    /// The ledger of one entity.
    pub fn entity_ledger(&self, entity: EntityId) -> Result<EntityLedger, StagingError> {
        let _ = entity;
        todo!()
    }

    /// Compares the ledger of an entity, chunk by chunk, with the rows of the id map and the quarantine.
    pub fn check_ledger(&self, entity: EntityId) -> Result<EntityLedger, StagingError> {
        let _ = entity;
        todo!()
    }
}
