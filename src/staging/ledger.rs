//! The ledger: for every entity, how many rows were read and where they ended. Boundary: derived from the chunks each time it
//! is asked for, stored nowhere.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::chunks::chunk_rows;
use super::database::{count, of_entity, rows};
use super::entities::unknown;
use super::id_map::outcome;
use super::quarantine::refused_rows;
use super::retry::moved_tuples;
use super::{ChunkId, ChunkRow, ChunkState, EntityId, OutcomeCounts, StagingError, StagingReader};
use crate::row::Outcome;

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

/// All ledgers, or that of one entity.
fn read_ledgers(db: &Connection, entity: Option<EntityId>) -> Result<Vec<(EntityId, EntityLedger)>, StagingError> {
    let sql = format!(
        "SELECT e.id, e.name, e.extracted_run IS NOT NULL, count(r.range_no), coalesce(sum(r.done), 0) \
         FROM entities AS e LEFT JOIN ranges AS r ON r.entity = e.id WHERE {} GROUP BY e.id ORDER BY e.id",
        of_entity("e.id = ?1", entity)
    );
    let mut ledgers = rows(db, &sql, [entity.map(|entity| entity.0)], |row| {
        let ledger = EntityLedger {
            name: row.get(1)?,
            extracted: row.get(2)?,
            ranges: count(row, 3)?,
            ranges_done: count(row, 4)?,
            ..EntityLedger::default()
        };
        Ok((EntityId(row.get(0)?), ledger))
    })?;
    let sql = format!(
        "SELECT entity, state, count(*), sum(rows - moved), sum(loaded), sum(merged), sum(filtered), sum(quarantined), sum(adopted), \
         sum(refused), sum(raw_bytes), coalesce(sum(transformed_bytes), 0) FROM chunks WHERE {} GROUP BY entity, state",
        of_entity("entity = ?1", entity)
    );
    rows(db, &sql, [entity.map(|entity| entity.0)], |row| {
        let of = EntityId(row.get(0)?);
        match ledgers.binary_search_by_key(&of, |(id, _)| *id) {
            Ok(at) => add_chunks(&mut ledgers[at].1, row),
            Err(_) => Err(unknown(of)),
        }
    })?;
    Ok(ledgers)
}

fn add_chunks(ledger: &mut EntityLedger, row: &Row<'_>) -> Result<(), StagingError> {
    let (chunks, read) = (count(row, 2)?, count(row, 3)?);
    let counts = OutcomeCounts {
        loaded: count(row, 4)?,
        merged: count(row, 5)?,
        filtered: count(row, 6)?,
        quarantined: count(row, 7)?,
        adopted: count(row, 8)?,
    };
    match ChunkState::from_word(&row.get::<_, String>(1)?)? {
        ChunkState::Planned => {}
        ChunkState::Extracted => (ledger.chunks_extracted, ledger.untransformed) = (chunks, read),
        ChunkState::Transformed => (ledger.chunks_transformed, ledger.pending) = (chunks, counts),
        ChunkState::Loaded => (ledger.chunks_loaded, ledger.done) = (chunks, counts),
    }
    ledger.read += read;
    ledger.refused += count(row, 9)?;
    ledger.raw_bytes += count(row, 10)?;
    ledger.transformed_bytes += count(row, 11)?;
    Ok(())
}

fn read_ledger(db: &Connection, entity: EntityId) -> Result<EntityLedger, StagingError> {
    read_ledgers(db, Some(entity))?.pop().map(|(_, ledger)| ledger).ok_or_else(|| unknown(entity))
}

/// Compares what is said of a chunk with what the id map and the quarantine hold of it.
fn check_chunk(db: &Connection, chunk: &ChunkRow, mapped: &OutcomeCounts) -> Result<(), StagingError> {
    let differs =
        |detail: String, rows, counted| Err(StagingError::OpenLedger { what: format!("chunk {}", chunk.id), rows, counted, detail });
    for outcome in [Outcome::Loaded, Outcome::Merged, Outcome::Filtered, Outcome::Quarantined, Outcome::Adopted] {
        if chunk.counts.of(outcome) != mapped.of(outcome) {
            return differs(format!("{} in the id map", outcome.word()), chunk.counts.of(outcome), mapped.of(outcome));
        }
    }
    let expected = if chunk.state == ChunkState::Extracted { 0 } else { chunk.rows };
    if chunk.counts.total() != expected {
        return differs("all outcomes".to_owned(), expected, chunk.counts.total());
    }
    let sql = "SELECT count(*) FROM quarantine WHERE chunk = ?1";
    let kept = db.prepare_cached(sql)?.query_row([chunk.id.0], |row| Ok(count(row, 0)))??;
    if kept != chunk.counts.quarantined {
        return differs("rows in quarantine".to_owned(), chunk.counts.quarantined, kept);
    }
    let refused = refused_rows(db, chunk.id)?.len() as u64;
    if refused != chunk.refused {
        return differs("rows refused by the server".to_owned(), chunk.refused, refused);
    }
    let tuples = chunk.counts.loaded + chunk.refused + moved_tuples(db, chunk.id)?.len() as u64;
    if chunk.transformed_rows.unwrap_or(0) != tuples {
        return differs("target tuples".to_owned(), chunk.transformed_rows.unwrap_or(0), tuples);
    }
    Ok(())
}

impl StagingReader {
    /// The ledger of every entity, in the order in which they were registered.
    pub fn ledger(&self) -> Result<Vec<(EntityId, EntityLedger)>, StagingError> {
        self.at_once(|reader| read_ledgers(&reader.db, None))
    }

    /// The ledger of one entity.
    pub fn entity_ledger(&self, entity: EntityId) -> Result<EntityLedger, StagingError> {
        self.at_once(|reader| read_ledger(&reader.db, entity))
    }

    /// Compares the ledger of an entity, chunk by chunk, with the rows of the id map and the quarantine.
    pub fn check_ledger(&self, entity: EntityId) -> Result<EntityLedger, StagingError> {
        self.at_once(|reader| {
            let mut mapped: HashMap<ChunkId, OutcomeCounts> = HashMap::new();
            // Counted here and not by GROUP BY, which would sort the whole entity.
            let mut statement = reader.db.prepare_cached("SELECT chunk, outcome FROM id_map WHERE entity = ?1")?;
            let mut keys = statement.query([entity.0])?;
            while let Some(row) = keys.next()? {
                *mapped.entry(ChunkId(row.get(0)?)).or_default().of_mut(outcome(row, 1)?) += 1;
            }
            for chunk in chunk_rows(&reader.db, entity, None)? {
                check_chunk(&reader.db, &chunk, &mapped.remove(&chunk.id).unwrap_or_default())?;
            }
            let ledger = read_ledger(&reader.db, entity)?;
            if let Some((chunk, counts)) = mapped.into_iter().next() {
                let detail = format!("rows of the id map are of chunk {chunk}, which it does not have");
                return Err(StagingError::OpenLedger { what: ledger.name, rows: 0, counted: counts.total(), detail });
            }
            Ok(ledger)
        })
    }
}
