//! Chunks: their states and what is known of each without touching its rows. Boundary: the state machine and the metadata;
//! the steps that move a chunk on, with its rows, are in `steps`.

use std::fmt;

use rusqlite::{Connection, Row};

use super::database::{count, key, rows, run_id};
use super::{EntityId, RunId, SnapshotId, StagingError, StagingReader};
use crate::row::{LegacyKey, Outcome};

/// A chunk of one entity's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkId(pub i64);

/// How far a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChunkState {
    /// Its range is planned; nothing of it is stored, it has no row yet.
    Planned,
    /// Its source rows are stored.
    Extracted,
    /// Its target rows, keys and rejects are stored as well.
    Transformed,
    /// Its target rows are in the target, with the proof beside them.
    Loaded,
}

/// What happens to a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChunkEvent {
    /// Its source rows were read.
    Extract,
    /// Its rows were transformed, perhaps again.
    Transform,
    /// The target has committed it.
    Load,
    /// Rows that were loaded were taken out again, because a constraint that was rebuilt refused them.
    RefuseLoaded,
    /// What transform made of it is no longer good.
    InvalidateTransform,
    /// What was read is no longer good.
    InvalidateExtract,
    /// Its rows were taken out of the target by a rollback.
    Withdraw,
}

impl ChunkState {
    /// The state after `event`; `None` where the state does not allow it.
    ///
    /// A loaded chunk goes nowhere: its rows are in the target, and only a rollback there frees it. It cannot be loaded a
    /// second time either, since that would count its refused rows twice.
    pub fn after(self, event: ChunkEvent) -> Option<Self> {
        use ChunkEvent::{Extract, InvalidateExtract, InvalidateTransform, Load, RefuseLoaded, Transform, Withdraw};
        match (self, event) {
            (Self::Planned, Extract) | (Self::Extracted | Self::Transformed, InvalidateTransform) | (Self::Loaded, Withdraw) => {
                Some(Self::Extracted)
            }
            (Self::Extracted | Self::Transformed, Transform) => Some(Self::Transformed),
            (Self::Transformed, Load) | (Self::Loaded, RefuseLoaded) => Some(Self::Loaded),
            (Self::Planned, InvalidateTransform | InvalidateExtract) | (Self::Extracted | Self::Transformed, InvalidateExtract) => {
                Some(Self::Planned)
            }
            (Self::Planned, Transform | Load | RefuseLoaded | Withdraw)
            | (Self::Extracted, Extract | Load | RefuseLoaded | Withdraw)
            | (Self::Transformed, Extract | RefuseLoaded | Withdraw)
            | (Self::Loaded, Extract | Transform | Load | InvalidateTransform | InvalidateExtract) => None,
        }
    }

    /// The word that stands in the table and in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Extracted => "extracted",
            Self::Transformed => "transformed",
            Self::Loaded => "loaded",
        }
    }

    pub(super) fn from_word(word: &str) -> Result<Self, StagingError> {
        [Self::Planned, Self::Extracted, Self::Transformed, Self::Loaded]
            .into_iter()
            .find(|state| state.word() == word)
            .ok_or_else(|| StagingError::BadRecord { table: "chunks", what: format!("the state {word}") })
    }
}

impl ChunkEvent {
    /// What happens, as it is said in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Extract => "storing source rows",
            Self::Transform => "storing transformed rows",
            Self::Load => "marking it loaded",
            Self::RefuseLoaded => "taking loaded rows out",
            Self::InvalidateTransform => "transforming it anew",
            Self::InvalidateExtract => "reading it anew",
            Self::Withdraw => "taking it out of the target",
        }
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many rows ended where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// In the target, or on the way there.
    pub loaded: u64,
    /// Merged into another row.
    pub merged: u64,
    /// Left out by a filter.
    pub filtered: u64,
    /// Kept aside.
    pub quarantined: u64,
    /// In the target before.
    pub adopted: u64,
}

impl OutcomeCounts {
    /// The count of one outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Loaded => self.loaded,
            Outcome::Merged => self.merged,
            Outcome::Filtered => self.filtered,
            Outcome::Quarantined => self.quarantined,
            Outcome::Adopted => self.adopted,
        }
    }

    /// The count of one outcome, to be changed.
    pub fn of_mut(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Loaded => &mut self.loaded,
            Outcome::Merged => &mut self.merged,
            Outcome::Filtered => &mut self.filtered,
            Outcome::Quarantined => &mut self.quarantined,
            Outcome::Adopted => &mut self.adopted,
        }
    }

    /// All rows.
    pub fn total(&self) -> u64 {
        self.loaded + self.merged + self.filtered + self.quarantined + self.adopted
    }

    /// Adds the counts of another chunk.
    pub fn add(&mut self, other: &Self) {
        self.loaded += other.loaded;
        self.merged += other.merged;
        self.filtered += other.filtered;
        self.quarantined += other.quarantined;
        self.adopted += other.adopted;
    }
}

/// What is known of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkRow {
    /// The chunk.
    pub id: ChunkId,
    /// Its entity.
    pub entity: EntityId,
    /// The range it was cut from.
    pub range_no: u32,
    /// Its place in the range, from 0.
    pub seq: u32,
    /// How far it is.
    pub state: ChunkState,
    /// The snapshot it was read in.
    pub snapshot: SnapshotId,
    /// The key of its first row.
    pub first_key: LegacyKey,
    /// The key of its last row.
    pub last_key: LegacyKey,
    /// Source rows, without those that count in a later chunk.
    pub rows: u64,
    /// Bytes of their tuples.
    pub raw_bytes: u64,
    /// Bytes of the stored payload.
    pub stored_bytes: u64,
    /// Target tuples, once transformed. Tuples that the server refused stay among them: see `StagingReader::tuple_rows`.
    pub transformed_rows: Option<u64>,
    /// Bytes of the target tuples, once transformed.
    pub transformed_bytes: Option<u64>,
    /// How many rows ended where, once transformed; all 0 before.
    pub counts: OutcomeCounts,
    /// How many of the quarantined rows were refused by the server.
    pub refused: u64,
    /// The run that extracted it.
    pub extracted_run: RunId,
    /// The run that transformed it.
    pub transformed_run: Option<RunId>,
    /// The run that loaded it.
    pub loaded_run: Option<RunId>,
    /// The rollback that is taking it out of the target.
    pub withdrawn_by: Option<RunId>,
}

impl ChunkRow {
    /// Tuples of the payload that the server refused, those of rows that count in a later chunk now included.
    pub fn refused_tuples(&self) -> u64 {
        self.transformed_rows.unwrap_or(0).saturating_sub(self.counts.loaded)
    }
}

const CHUNK: &str = "SELECT id, entity, range_no, seq, state, snapshot, first_key, last_key, rows - moved, raw_bytes, stored_bytes, \
                     transformed_rows, transformed_bytes, loaded, merged, filtered, quarantined, adopted, refused, extracted_run, \
                     transformed_run, loaded_run, withdrawn_by FROM chunks";

fn read_chunk(row: &Row<'_>) -> Result<ChunkRow, StagingError> {
    let optional_count = |at| if row.get_ref(at)? == rusqlite::types::ValueRef::Null { Ok(None) } else { count(row, at).map(Some) };
    let optional_run = |at| row.get::<_, Option<String>>(at)?.map(|run| run_id(&run)).transpose();
    Ok(ChunkRow {
        id: ChunkId(row.get(0)?),
        entity: EntityId(row.get(1)?),
        range_no: row.get(2)?,
        seq: row.get(3)?,
        state: ChunkState::from_word(&row.get::<_, String>(4)?)?,
        snapshot: SnapshotId(row.get(5)?),
        first_key: key(row, 6)?,
        last_key: key(row, 7)?,
        rows: count(row, 8)?,
        raw_bytes: count(row, 9)?,
        stored_bytes: count(row, 10)?,
        transformed_rows: optional_count(11)?,
        transformed_bytes: optional_count(12)?,
        counts: OutcomeCounts {
            loaded: count(row, 13)?,
            merged: count(row, 14)?,
            filtered: count(row, 15)?,
            quarantined: count(row, 16)?,
            adopted: count(row, 17)?,
        },
        refused: count(row, 18)?,
        extracted_run: run_id(&row.get::<_, String>(19)?)?,
        transformed_run: optional_run(20)?,
        loaded_run: optional_run(21)?,
        withdrawn_by: optional_run(22)?,
    })
}

/// What is known of a chunk.
pub(super) fn chunk_row(db: &Connection, chunk: ChunkId) -> Result<ChunkRow, StagingError> {
    let found = rows(db, &format!("{CHUNK} WHERE id = ?1"), [chunk.0], read_chunk)?.pop();
    found.ok_or_else(|| StagingError::Unknown { what: format!("chunk {chunk}") })
}

/// The chunks of an entity in range and sequence order, of one state or all.
pub(super) fn chunk_rows(db: &Connection, entity: EntityId, state: Option<ChunkState>) -> Result<Vec<ChunkRow>, StagingError> {
    let sql = format!("{CHUNK} WHERE entity = ?1 AND state = coalesce(?2, state) ORDER BY range_no, seq");
    rows(db, &sql, (entity.0, state.map(ChunkState::word)), read_chunk)
}

impl StagingReader {
    /// The chunks of an entity in range and sequence order, of one state or all.
    pub fn chunks(&self, entity: EntityId, state: Option<ChunkState>) -> Result<Vec<ChunkRow>, StagingError> {
        chunk_rows(&self.db, entity, state)
    }

    /// One chunk.
    pub fn chunk(&self, chunk: ChunkId) -> Result<ChunkRow, StagingError> {
        chunk_row(&self.db, chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChunkEvent::{Extract, InvalidateExtract, InvalidateTransform, Load, RefuseLoaded, Transform, Withdraw};
    use ChunkState::{Extracted, Loaded, Planned, Transformed};

    #[test]
    fn every_state_has_an_answer_to_every_event() {
        let events = [Extract, Transform, Load, RefuseLoaded, InvalidateTransform, InvalidateExtract, Withdraw];
        let expected = [
            (Planned, [Some(Extracted), None, None, None, Some(Planned), Some(Planned), None]),
            (Extracted, [None, Some(Transformed), None, None, Some(Extracted), Some(Planned), None]),
            (Transformed, [None, Some(Transformed), Some(Loaded), None, Some(Extracted), Some(Planned), None]),
            (Loaded, [None, None, None, Some(Loaded), None, None, Some(Extracted)]),
        ];
        for (state, after) in expected {
            assert_eq!(events.map(|event| state.after(event)), after, "{state:?}");
            assert_eq!(ChunkState::from_word(state.word()).unwrap(), state);
        }
    }
}
