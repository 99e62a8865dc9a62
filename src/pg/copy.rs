//! skeleton
use super::{PgError, Session};
use thiserror::Error;

/// A stream that is not binary COPY.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("malformed COPY stream: {what}")]
pub struct CopyFormatError {
    /// What is wrong.
    pub what: &'static str,
}

/// Appends the header of a binary COPY stream.
pub fn copy_header(_out: &mut Vec<u8>) {
    unimplemented!()
}

/// Appends its trailer.
pub fn copy_trailer(_out: &mut Vec<u8>) {
    unimplemented!()
}

/// Whole tuples in `row::tuple` layout.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TupleBatch {
    /// The tuples.
    pub tuples: Vec<u8>,
    /// How many.
    pub rows: u32,
}

/// Cuts a binary COPY stream, which arrives in arbitrary pieces, into batches of whole tuples.
#[derive(Debug)]
pub struct CopySplitter {}

impl CopySplitter {
    /// Batches of at least `batch_bytes`, except the last.
    pub fn new(_columns: usize, _batch_bytes: usize) -> Self {
        unimplemented!()
    }
    /// Takes the next piece.
    pub fn push(&mut self, _bytes: &[u8]) -> Result<(), CopyFormatError> {
        unimplemented!()
    }
    /// A batch, when one is full.
    pub fn take_full(&mut self) -> Option<TupleBatch> {
        unimplemented!()
    }
    /// The rest, at the end of the stream; an error when the stream was cut short.
    pub fn finish(&mut self) -> Result<Option<TupleBatch>, CopyFormatError> {
        unimplemented!()
    }
}

/// A running `COPY … TO STDOUT (FORMAT binary)`.
pub struct CopyOut<'a> {
    _session: &'a mut Session,
}

impl<'a> CopyOut<'a> {
    /// Starts it. `sql` is the whole statement.
    pub fn start(_session: &'a mut Session, _sql: &str, _columns: usize, _batch_bytes: usize) -> Result<Self, PgError> {
        unimplemented!()
    }
    /// The next batch, `None` at the end.
    pub fn next_batch(&mut self) -> Result<Option<TupleBatch>, PgError> {
        unimplemented!()
    }
}
