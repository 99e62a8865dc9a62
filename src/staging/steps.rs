//! The durable steps of a chunk: each puts rows and state into one transaction. Boundary: everything here is all or nothing,
//! and everything that depends on what is replaced goes with it.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;
use uuid::Uuid;

use super::chunks::{chunk_row, chunk_rows};
use super::controls::{delete_sums, insert_incidents, insert_references, insert_sums};
use super::database::{key_value, stored};
use super::entities::{finish_range, name_of};
use super::id_map::{MapDigest, chunk_keys, delete_keys, insert_keys, merged_keys, quarantine_key};
use super::payload::{PayloadHead, payload_head};
use super::quarantine::insert_row;
use super::{
    ChunkEvent, ChunkId, ChunkRow, ChunkState, ControlSum, EntityId, IncidentCount, KeyRecord, OutcomeCounts, PayloadError,
    QuarantineRecord, QuarantineRow, QuarantineStage, ReferenceCount, RefusedRow, RunId, SnapshotId, StagingError, StagingWriter,
};
use crate::row::{LegacyKey, Outcome, reason};

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
        let head = extracted_head(chunk)?;
        self.step(|db| {
            let id = put_extracted(db, chunk, &head)?;
            if range_done {
                finish_range(db, chunk.entity, chunk.range_no)?;
            }
            Ok(id)
        })
    }

    /// Stores what transform made of a chunk, in place of what it made before.
    pub fn store_transformed(&mut self, chunk: &TransformedChunk) -> Result<(), StagingError> {
        let head = transformed_head(chunk)?;
        self.step(|db| put_transformed(db, chunk, &head))
    }

    /// Records that the target has committed a chunk, with the rows it refused and what follows from that.
    pub fn mark_loaded(&mut self, chunk: &LoadedChunk) -> Result<LoadMark, StagingError> {
        self.step(|db| {
            let known = chunk_row(db, chunk.chunk)?;
            let state = moved(&known, ChunkEvent::Load)?;
            db.prepare_cached("UPDATE chunks SET state = ?2, loaded_run = ?3 WHERE id = ?1")?.execute((
                known.id.0,
                state.word(),
                chunk.run.to_string(),
            ))?;
            refuse(db, &known, chunk)
        })
    }

    /// Records that rows of a loaded chunk were taken out of the target again, because a constraint that was rebuilt refuses them.
    pub fn refuse_loaded(&mut self, chunk: &LoadedChunk) -> Result<LoadMark, StagingError> {
        self.step(|db| {
            let known = chunk_row(db, chunk.chunk)?;
            moved(&known, ChunkEvent::RefuseLoaded)?;
            refuse(db, &known, chunk)
        })
    }

    /// Gives up what transform made of these entities, and gives the chunks that went back to extracted. Fails where a chunk is
    /// loaded already.
    pub fn invalidate_transform(&mut self, entities: &[EntityId]) -> Result<Vec<ChunkId>, StagingError> {
        self.step(|db| {
            refuse_if_loaded(db, entities)?;
            invalidate(db, entities)
        })
    }

    /// Records that these chunks are about to be taken out of the target, before the first of them is: whoever finds the file
    /// after a crash knows what was meant.
    pub fn begin_withdrawal(&mut self, chunks: &[ChunkId], run: RunId) -> Result<(), StagingError> {
        self.step(|db| {
            let mut mark = db.prepare_cached("UPDATE chunks SET withdrawn_by = ?2 WHERE id = ?1 AND state = 'loaded'")?;
            for chunk in chunks {
                if mark.execute((chunk.0, run.to_string()))? != 1 {
                    return Err(StagingError::Unknown { what: format!("the loaded chunk {chunk}") });
                }
            }
            Ok(())
        })
    }

    /// Records that chunks were taken out of the target: what was made of them is given up with that, and what was made of
    /// the rows of `descendants` that are not loaded.
    pub fn finish_withdrawal(&mut self, chunks: &[ChunkId], descendants: &[EntityId]) -> Result<(), StagingError> {
        self.step(|db| {
            for id in chunks {
                let state = moved(&chunk_row(db, *id)?, ChunkEvent::Withdraw)?;
                clear_transform(db, *id, ClearKeys::OfChunk)?;
                reset(db, *id, state)?;
            }
            invalidate(db, descendants)?;
            Ok(())
        })
    }

    /// Gives up what was read of these entities, and what was made of it. Fails where a chunk is loaded already.
    pub fn invalidate_extract(&mut self, entities: &[EntityId]) -> Result<(), StagingError> {
        self.step(|db| {
            refuse_if_loaded(db, entities)?;
            invalidate(db, entities)?;
            for entity in entities {
                for sql in [
                    "DELETE FROM extracted WHERE chunk IN (SELECT id FROM chunks WHERE entity = ?1)",
                    "DELETE FROM chunks WHERE entity = ?1",
                    "DELETE FROM ranges WHERE entity = ?1",
                    "DELETE FROM source_controls WHERE entity = ?1",
                    "UPDATE entities SET extracted_run = NULL WHERE id = ?1",
                ] {
                    db.prepare_cached(sql)?.execute([entity.0])?;
                }
            }
            Ok(())
        })
    }
}

/// The state of a chunk after an event.
fn moved(chunk: &ChunkRow, event: ChunkEvent) -> Result<ChunkState, StagingError> {
    chunk.state.after(event).ok_or(StagingError::WrongState { chunk: chunk.id.0, state: chunk.state, event })
}

/// The head of the payload that is to be stored.
pub(super) fn extracted_head(chunk: &ExtractedChunk) -> Result<PayloadHead, StagingError> {
    let named = || format!("{} of range {} of entity {}", chunk.seq, chunk.range_no, chunk.entity.0);
    payload_head(&chunk.payload).map_err(|source| StagingError::BadPayload { chunk: named(), source })
}

/// Stores a chunk of source rows.
pub(super) fn put_extracted(db: &Connection, chunk: &ExtractedChunk, head: &PayloadHead) -> Result<ChunkId, StagingError> {
    let id = insert_chunk(db, chunk, head)?;
    db.prepare_cached("INSERT INTO extracted (chunk, payload) VALUES (?1, ?2)")?.execute((id.0, &chunk.payload))?;
    Ok(id)
}

/// The head of the payload that is to be stored.
pub(super) fn transformed_head(chunk: &TransformedChunk) -> Result<PayloadHead, StagingError> {
    payload_head(&chunk.payload).map_err(|source| StagingError::BadPayload { chunk: chunk.chunk.to_string(), source })
}

/// Stores what transform made of a chunk, in place of what it made before.
pub(super) fn put_transformed(db: &Connection, chunk: &TransformedChunk, head: &PayloadHead) -> Result<(), StagingError> {
    let id = chunk.chunk;
    let known = chunk_row(db, id)?;
    let state = moved(&known, ChunkEvent::Transform)?;
    let counts = close(&known, chunk, head)?;
    if known.state == ChunkState::Transformed {
        clear_transform(db, id, ClearKeys::OfChunk)?;
    }
    let part = insert_keys(db, known.entity, id, &chunk.keys)?;
    for record in &chunk.quarantine {
        let key = key_of(chunk, record.row_no)?;
        insert_row(db, &record.to_row(known.entity, id, key, chunk.run))?;
    }
    insert_incidents(db, id, &chunk.incidents)?;
    insert_sums(db, id, &chunk.controls)?;
    insert_references(db, id, &chunk.references)?;
    db.prepare_cached("INSERT INTO transformed (chunk, payload) VALUES (?1, ?2)")?.execute((id.0, &chunk.payload))?;
    db.prepare_cached(
        "UPDATE chunks SET state = ?2, transformed_rows = ?3, transformed_bytes = ?4, transformed_digest = ?5, \
         transformed_run = ?6, key_min = ?7, key_max = ?8, map_digest = ?9, loaded = ?10, merged = ?11, filtered = ?12, \
         quarantined = ?13, adopted = ?14 WHERE id = ?1",
    )?
    .execute((
        id.0,
        state.word(),
        stored(head.rows),
        stored(head.raw_bytes),
        &head.digest,
        chunk.run.to_string(),
        part.bounds.as_ref().map(|(min, _)| key_value(min)),
        part.bounds.as_ref().map(|(_, max)| key_value(max)),
        &part.digest.to_bytes(),
        stored(counts.loaded),
        stored(counts.merged),
        stored(counts.filtered),
        stored(counts.quarantined),
        stored(counts.adopted),
    ))?;
    Ok(())
}

fn insert_chunk(db: &Connection, chunk: &ExtractedChunk, head: &PayloadHead) -> Result<ChunkId, StagingError> {
    // A gap or a second chunk of the same place would be rows read twice or not at all.
    let sql = "SELECT coalesce(max(seq) + 1, 0) FROM chunks WHERE entity = ?1 AND range_no = ?2";
    let next: u32 = db.prepare_cached(sql)?.query_row((chunk.entity.0, chunk.range_no), |row| row.get(0))?;
    let named = || format!("{} of range {} of entity {}", chunk.seq, chunk.range_no, chunk.entity.0);
    if chunk.seq != next {
        let source = PayloadError::Count { what: "place in the range", found: u64::from(chunk.seq), expected: u64::from(next) };
        return Err(StagingError::BadPayload { chunk: named(), source });
    }
    if head.rows == 0 {
        return Err(StagingError::BadPayload { chunk: named(), source: PayloadError::Empty });
    }
    db.prepare_cached(
        "INSERT INTO chunks (entity, range_no, seq, state, snapshot, first_key, last_key, rows, raw_bytes, stored_bytes, digest, \
         extracted_run) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute((
        chunk.entity.0,
        chunk.range_no,
        chunk.seq,
        ChunkState::Extracted.word(),
        chunk.snapshot.0,
        key_value(&chunk.first_key),
        key_value(&chunk.last_key),
        stored(head.rows),
        stored(head.raw_bytes),
        stored(chunk.payload.len() as u64),
        &head.digest,
        chunk.run.to_string(),
    ))?;
    Ok(ChunkId(db.last_insert_rowid()))
}

/// Closes the ledger of a chunk: each row has one outcome, what is to be loaded has a tuple, what is kept aside has a reason, and
/// there is a new key where the outcome says so.
fn close(known: &ChunkRow, chunk: &TransformedChunk, head: &PayloadHead) -> Result<OutcomeCounts, StagingError> {
    let differs = |detail: &str, rows, counted| {
        Err(StagingError::OpenLedger { what: format!("chunk {}", known.id), rows, counted, detail: detail.to_owned() })
    };
    if chunk.keys.len() as u64 != known.rows {
        return differs("all outcomes", known.rows, chunk.keys.len() as u64);
    }
    let mut counts = OutcomeCounts::default();
    for record in &chunk.keys {
        *counts.of_mut(record.outcome) += 1;
        let has_key = matches!(record.outcome, Outcome::Loaded | Outcome::Merged | Outcome::Adopted);
        if has_key != record.new_key.is_some() {
            return differs("a new key where the outcome says so", u64::from(has_key), u64::from(record.new_key.is_some()));
        }
    }
    if head.rows != counts.loaded {
        return differs("target tuples", counts.loaded, head.rows);
    }
    let mut reasons: Vec<_> = chunk.quarantine.iter().map(|record| record.row_no).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let is_held = |row_no: &&u32| {
        let found = chunk.keys.binary_search_by_key(*row_no, |record| record.row_no);
        found.is_ok_and(|at| chunk.keys[at].outcome == Outcome::Quarantined)
    };
    let explained = reasons.iter().filter(is_held).count() as u64;
    if explained != counts.quarantined || chunk.quarantine.len() as u64 != explained {
        return differs("reasons of quarantined rows", counts.quarantined, chunk.quarantine.len() as u64);
    }
    Ok(counts)
}

/// The key of a row of a chunk that is being stored.
fn key_of(chunk: &TransformedChunk, row_no: u32) -> Result<LegacyKey, StagingError> {
    let found = chunk.keys.binary_search_by_key(&row_no, |record| record.row_no);
    let at = found.map_err(|_| StagingError::Unknown { what: format!("row {row_no} in chunk {}", chunk.chunk) })?;
    Ok(chunk.keys[at].key.clone())
}

/// What changes in a chunk when rows of it go into quarantine after it was transformed.
#[derive(Default)]
struct Shift {
    loaded: u64,
    merged: u64,
    before: MapDigest,
    after: MapDigest,
}

/// What follows from a load: refused rows go into quarantine, with the rows that were merged into them; sums are replaced;
/// what was made of other entities in the belief that the rows would be there is given up.
fn refuse(db: &Connection, known: &ChunkRow, chunk: &LoadedChunk) -> Result<LoadMark, StagingError> {
    let mut mark = LoadMark::default();
    if !chunk.refused.is_empty() {
        let mut shifts = BTreeMap::new();
        let gone = refuse_rows(db, known, chunk, &mut shifts)?;
        mark.orphaned = orphan_merged(db, known.entity, chunk.run, &gone, &mut shifts)?;
        for (of, shift) in &shifts {
            apply(db, *of, shift)?;
        }
    }
    if let Some(sums) = &chunk.controls {
        delete_sums(db, known.id)?;
        insert_sums(db, known.id, sums)?;
    }
    mark.invalidated = invalidate(db, &chunk.invalidate)?;
    Ok(mark)
}

/// Quarantines the refused rows; gives their new keys, each with the legacy key it stood for.
fn refuse_rows(
    db: &Connection,
    known: &ChunkRow,
    chunk: &LoadedChunk,
    shifts: &mut BTreeMap<ChunkId, Shift>,
) -> Result<HashMap<Uuid, LegacyKey>, StagingError> {
    let mut gone = HashMap::new();
    let mut loaded: HashMap<u32, (LegacyKey, Option<Uuid>)> = chunk_keys(db, known.id)?
        .into_iter()
        .filter(|key| key.outcome == Outcome::Loaded)
        .map(|key| (key.row_no, (key.key, key.new_key)))
        .collect();
    let shift = shifts.entry(known.id).or_default();
    for refused in &chunk.refused {
        // Taken out: a row that is named twice is counted once, or the ledger would not close.
        let (key, new_key) = loaded
            .remove(&refused.row_no)
            .ok_or_else(|| StagingError::Unknown { what: format!("loaded row {} in chunk {}", refused.row_no, known.id) })?;
        shift.loaded += 1;
        shift.before.add(known.entity, &key, Outcome::Loaded, new_key);
        shift.after.add(known.entity, &key, Outcome::Quarantined, None);
        quarantine_key(db, known.entity, &key, reason::SERVER_REFUSED)?;
        insert_row(db, &refused.clone().into_row(known.entity, known.id, key.clone(), chunk.run))?;
        gone.extend(new_key.map(|new_key| (new_key, key)));
    }
    Ok(gone)
}

/// Quarantines the rows of the entity that were merged into rows that are gone: their keys would lead nowhere.
fn orphan_merged(
    db: &Connection,
    entity: EntityId,
    run: RunId,
    gone: &HashMap<Uuid, LegacyKey>,
    shifts: &mut BTreeMap<ChunkId, Shift>,
) -> Result<Vec<OrphanedMerge>, StagingError> {
    let mut orphaned = Vec::new();
    // The whole entity is read for them, so only where there can be one.
    let sql = "SELECT EXISTS (SELECT 1 FROM chunks WHERE entity = ?1 AND merged > 0)";
    if !db.prepare_cached(sql)?.query_row([entity.0], |row| row.get::<_, bool>(0))? {
        return Ok(orphaned);
    }
    for merged in merged_keys(db, entity)? {
        let (key, new_key) = (merged.row.key, merged.row.new_key);
        let Some(survivor) = new_key.and_then(|new_key| gone.get(&new_key)) else { continue };
        let shift = shifts.entry(merged.chunk).or_default();
        shift.merged += 1;
        shift.before.add(entity, &key, Outcome::Merged, new_key);
        shift.after.add(entity, &key, Outcome::Quarantined, None);
        quarantine_key(db, entity, &key, reason::SURVIVOR_NOT_LOADED)?;
        insert_row(
            db,
            &QuarantineRow {
                entity,
                key: key.clone(),
                chunk: merged.chunk,
                row_no: merged.row.row_no,
                stage: QuarantineStage::Load,
                code: reason::SURVIVOR_NOT_LOADED.to_owned(),
                column: None,
                sqlstate: None,
                constraint: None,
                message: format!("the row {survivor} that it was merged into was refused by the server"),
                detail: None,
                run,
            },
        )?;
        orphaned.push(OrphanedMerge { chunk: merged.chunk, key });
    }
    Ok(orphaned)
}

fn apply(db: &Connection, chunk: ChunkId, shift: &Shift) -> Result<(), StagingError> {
    let mut digest =
        db.prepare_cached("SELECT map_digest FROM chunks WHERE id = ?1")?.query_row([chunk.0], |row| Ok(MapDigest::from_row(row, 0)))??;
    digest.leave(shift.before);
    digest.join(shift.after);
    db.prepare_cached(
        "UPDATE chunks SET loaded = loaded - ?2, merged = merged - ?3, quarantined = quarantined + ?2 + ?3, refused = refused + ?2, \
         map_digest = ?4 WHERE id = ?1",
    )?
    .execute((chunk.0, stored(shift.loaded), stored(shift.merged), &digest.to_bytes()))?;
    Ok(())
}

/// Puts the transformed chunks of these entities back to extracted.
pub(super) fn invalidate(db: &Connection, entities: &[EntityId]) -> Result<Vec<ChunkId>, StagingError> {
    let mut back = Vec::new();
    for entity in entities {
        // All at once where nothing of the entity is loaded: chunk by chunk, text keys would be searched once for each.
        let sql = "SELECT EXISTS (SELECT 1 FROM chunks WHERE entity = ?1 AND state = 'loaded')";
        let some_loaded: bool = db.prepare_cached(sql)?.query_row([entity.0], |row| row.get(0))?;
        if !some_loaded {
            db.prepare_cached("DELETE FROM id_map WHERE entity = ?1")?.execute([entity.0])?;
        }
        for chunk in chunk_rows(db, *entity, Some(ChunkState::Transformed))? {
            let state = moved(&chunk, ChunkEvent::InvalidateTransform)?;
            clear_transform(db, chunk.id, if some_loaded { ClearKeys::OfChunk } else { ClearKeys::AreGone })?;
            reset(db, chunk.id, state)?;
            back.push(chunk.id);
        }
    }
    Ok(back)
}

/// Puts a chunk's own row back to what it was when its source rows were stored.
fn reset(db: &Connection, chunk: ChunkId, state: ChunkState) -> Result<(), StagingError> {
    db.prepare_cached(
        "UPDATE chunks SET state = ?2, transformed_rows = NULL, transformed_bytes = NULL, transformed_digest = NULL, \
         transformed_run = NULL, key_min = NULL, key_max = NULL, map_digest = NULL, loaded = 0, merged = 0, filtered = 0, \
         quarantined = 0, adopted = 0, refused = 0, loaded_run = NULL, withdrawn_by = NULL WHERE id = ?1",
    )?
    .execute((chunk.0, state.word()))?;
    Ok(())
}

/// Whether the keys of a chunk must be removed with what else was made of it.
#[derive(Clone, Copy)]
enum ClearKeys {
    OfChunk,
    AreGone,
}

/// Removes everything that was made of a chunk; its own row is the caller's.
fn clear_transform(db: &Connection, chunk: ChunkId, keys: ClearKeys) -> Result<(), StagingError> {
    match keys {
        ClearKeys::OfChunk => delete_keys(db, chunk)?,
        ClearKeys::AreGone => {}
    }
    for sql in [
        "DELETE FROM quarantine WHERE chunk = ?1",
        "DELETE FROM incidents WHERE chunk = ?1",
        "DELETE FROM control_sums WHERE chunk = ?1",
        "DELETE FROM reference_counts WHERE chunk = ?1",
        "DELETE FROM transformed WHERE chunk = ?1",
        "UPDATE moved_rows SET had_tuple = 0 WHERE chunk = ?1",
    ] {
        db.prepare_cached(sql)?.execute([chunk.0])?;
    }
    Ok(())
}

pub(super) fn refuse_if_loaded(db: &Connection, entities: &[EntityId]) -> Result<(), StagingError> {
    for entity in entities {
        let chunks = chunk_rows(db, *entity, Some(ChunkState::Loaded))?.len() as u64;
        if chunks > 0 {
            return Err(StagingError::LoadedAlready { entity: name_of(db, *entity)?, chunks });
        }
    }
    Ok(())
}
