//! skeleton
use super::{KeyRange, Reader, SourceError};
use crate::pg::SourceQuery;
use crate::row::{Column, LegacyKey};

/// What is read for one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityQuery {
    /// The entity's name.
    pub entity: String,
    /// Where from.
    pub query: SourceQuery,
    /// The columns to read, in the order in which they stand in the tuples.
    pub columns: Vec<Column>,
    /// The key's columns as positions in `columns`.
    pub key: Vec<usize>,
}

/// Where a range continues: the key fields of the last row that was stored. Opaque bytes, kept with the chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumePoint(Box<[u8]>);

impl ResumePoint {
    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// Kept bytes; they are checked when they are used.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

/// Some megabytes of rows in key order.
#[derive(Debug)]
pub struct SourceChunk {
    /// The rows, in `row::tuple` layout, one field for each of the entity's columns.
    pub tuples: Vec<u8>,
    /// How many.
    pub rows: u32,
    /// The first row's key.
    pub first_key: LegacyKey,
    /// The last row's key.
    pub last_key: LegacyKey,
    /// Where to continue behind this chunk.
    pub resume: ResumePoint,
}

/// Reads the chunks of one range.
pub struct ChunkReader<'a> {
    _reader: &'a mut Reader,
}

impl<'a> ChunkReader<'a> {
    /// Begins to read `range`, behind `resume` where a part of it was read before.
    pub fn start(
        _reader: &'a mut Reader,
        _entity: &'a EntityQuery,
        _range: &KeyRange,
        _resume: Option<&ResumePoint>,
        _chunk_bytes: usize,
    ) -> Result<Self, SourceError> {
        unimplemented!()
    }
    /// The next chunk, `None` at the end of the range. After an error the reader's connection is to be thrown away.
    pub fn next_chunk(&mut self) -> Result<Option<SourceChunk>, SourceError> {
        unimplemented!()
    }
}
