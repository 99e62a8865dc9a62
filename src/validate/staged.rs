//! The staged side: the target rows of an entity's loaded chunks, without those that the server refused. Boundary: reads payloads,
//! gives rows.

use std::sync::atomic::{AtomicBool, Ordering};

use super::ValidateError;
use super::lookup::Place;
use super::subject::Feed;
use crate::row::{Outcome, Tuples};
use crate::staging::{ChunkRow, StagingReader};

/// A staged target row.
pub(super) struct StagedRow<'a> {
    /// Where it is.
    pub place: Place,
    /// All of it, in `row::tuple` layout.
    pub tuple: &'a [u8],
    /// Its fields.
    pub fields: &'a [Option<&'a [u8]>],
}

/// Gives every row of the table's entities that should be in the target, chunk after chunk.
pub(super) fn for_each_row(
    reader: &StagingReader,
    feeds: &[Feed],
    stop: &AtomicBool,
    mut each: impl FnMut(&StagedRow<'_>),
) -> Result<(), ValidateError> {
    for (feed_no, feed) in (0_u32..).zip(feeds) {
        for chunk in &feed.chunks {
            if stop.load(Ordering::Relaxed) {
                return Err(ValidateError::Interrupted);
            }
            for_chunk(reader, feed_no, feed, chunk, &mut each)?;
        }
    }
    Ok(())
}

/// Gives the rows of one chunk.
pub(super) fn for_chunk(
    reader: &StagingReader,
    feed_no: u32,
    feed: &Feed,
    chunk: &ChunkRow,
    mut each: impl FnMut(&StagedRow<'_>),
) -> Result<(), ValidateError> {
    let payload = reader.load_transformed(chunk.id)?;
    // Refused rows keep their tuple; who they are is only asked where there are some.
    let refused: Vec<bool> = match chunk.refused_tuples() {
        0 => Vec::new(),
        _ => reader.tuple_rows(chunk.id)?.iter().map(|row| row.outcome != Outcome::Loaded).collect(),
    };
    let damaged = |source| ValidateError::Damaged { entity: feed.name.clone(), chunk: chunk.id.0, source };
    let (mut walk, mut fields) = (Tuples::new(&payload.tuples, feed.columns.len()), Vec::new());
    let mut position = 0_u32;
    while let Some(range) = walk.next_into(&mut fields).map_err(damaged)? {
        let left_out = usize::try_from(position).ok().and_then(|at| refused.get(at)).copied().unwrap_or(false);
        if !left_out {
            let place = Place { feed: feed_no, chunk: chunk.id.0, position };
            each(&StagedRow { place, tuple: &payload.tuples[range], fields: &fields });
        }
        position += 1;
    }
    Ok(())
}
