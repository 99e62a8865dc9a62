//! The durable steps of a chunk: each puts rows and state into one transaction. Boundary: everything here is all or nothing,
//! and everything that depends on what is replaced goes with it.

use super::{
    ChunkId, ControlSum, EntityId, IncidentCount, KeyRecord, QuarantineRecord, ReferenceCount, RefusedRow, RunId, SnapshotId, StagingError,
    StagingWriter,
};
use crate::row::LegacyKey;

/// Source rows of a range, as read.
#[derive(Clone, Debug)]
pub struct ExtractedChunk {
    /// Their entity.
    pub entity: EntityId,
    /// The range they are from.
    pub range_no: u32,
    /// The chunk's place in the range, from 0 without a gap.
    pub seq: u32,
    /// The snapshot they were read in.
    pub snapshot: SnapshotId,
    /// The run that read them.
    pub run: RunId,
    /// The key of the first row.
    pub first_key: LegacyKey,
    /// The key of the last row.
    pub last_key: LegacyKey,
    /// The tuples, from `encode_payload`; row and byte counts are taken from it.
    pub payload: Vec<u8>,
}

/// What transform made of a chunk.
#[derive(Clone, Debug)]
pub struct TransformedChunk {
    /// The chunk.
    pub chunk: ChunkId,
    /// The run that transformed it.
    pub run: RunId,
    /// The target tuples, from `encode_payload`, one for each key that is to be loaded, in the same order.
    pub payload: Vec<u8>,
    /// Where each row of the chunk ended, in row order, one for each source row.
    pub keys: Vec<KeyRecord>,
    /// The reason of each row that is quarantined.
    pub quarantine: Vec<QuarantineRecord>,
    /// What was repaired.
    pub incidents: Vec<IncidentCount>,
    /// Control sums by outcome.
    pub controls: Vec<ControlSum>,
    /// What became of the references.
    pub references: Vec<ReferenceCount>,
}

/// A chunk that the target has committed.
#[derive(Clone, Debug)]
pub struct LoadedChunk {
    /// The chunk.
    pub chunk: ChunkId,
    /// The run that loaded it.
    pub run: RunId,
    /// Rows that the server refused.
    pub refused: Vec<RefusedRow>,
    /// The chunk's control sums anew, where refused rows changed them.
    pub controls: Option<Vec<ControlSum>>,
    /// The entities whose transformed and not yet loaded chunks must be transformed again because rows were refused.
    pub invalidate: Vec<EntityId>,
}

/// What marking a chunk loaded changed elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadMark {
    /// Chunks that went back to extracted.
    pub invalidated: Vec<ChunkId>,
    /// Rows of the same entity that were merged into a refused row, and are in quarantine with it now.
    pub orphaned: Vec<OrphanedMerge>,
}

/// A row whose survivor was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrphanedMerge {
    /// Its chunk; may be loaded already, then its key stands in the target's mapping table.
    pub chunk: ChunkId,
    /// Its key.
    pub key: LegacyKey,
}

impl StagingWriter {
    /// Stores a chunk of source rows; with `range_done` the range is read to its end with it.
    pub fn store_extracted(&mut self, chunk: &ExtractedChunk, range_done: bool) -> Result<ChunkId, StagingError> {
        let _ = (chunk, range_done);
        todo!()
    }

    /// Stores what transform made of a chunk, in place of what it made before.
    pub fn store_transformed(&mut self, chunk: &TransformedChunk) -> Result<(), StagingError> {
        let _ = chunk;
        todo!()
    }

    /// Records that the target has committed a chunk, with the rows it refused and what follows from that.
    pub fn mark_loaded(&mut self, chunk: &LoadedChunk) -> Result<LoadMark, StagingError> {
        let _ = chunk;
        todo!()
    }

    /// Records that rows of a loaded chunk were taken out of the target again, because a constraint that was rebuilt refuses them.
    pub fn refuse_loaded(&mut self, chunk: &LoadedChunk) -> Result<LoadMark, StagingError> {
        let _ = chunk;
        todo!()
    }

    /// Gives up what transform made of these entities. Fails where a chunk is loaded already.
    pub fn invalidate_transform(&mut self, entities: &[EntityId]) -> Result<Vec<ChunkId>, StagingError> {
        let _ = entities;
        todo!()
    }

    /// Gives up what was read of these entities, and what was made of it. Fails where a chunk is loaded already.
    pub fn invalidate_extract(&mut self, entities: &[EntityId]) -> Result<(), StagingError> {
        let _ = entities;
        todo!()
    }
}
