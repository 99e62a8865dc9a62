//! The staging file as a whole, on real files: what is stored comes back, what fails leaves nothing, what was altered is seen.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::row::{Column, Group, Incident, KeyKind, LegacyKey, Outcome, Reject, SqlType, TupleWriter, oid, read_tuple, reason};

const ROWS: i64 = 10;

/// A staging file with one run, one snapshot, two entities (offices, and orders that refer to them), one range each.
struct Fixture {
    folder: TempDir,
    writer: Option<StagingWriter>,
    run: RunId,
    snapshot: SnapshotId,
    offices: EntityId,
    orders: EntityId,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = StagingWriter::create(&folder.path().join("staging.db")).unwrap();
        let run = writer.start_run(&run_start("hash-1")).unwrap().id;
        let snapshot = writer.record_snapshot(&snapshot(run)).unwrap();
        let offices = writer.register_entity(&entity("offices")).unwrap();
        let orders = writer.register_entity(&entity("orders")).unwrap();
        for entity in [offices, orders] {
            writer.plan_ranges(entity, &[RangeSpec { lower: None, upper: None }]).unwrap();
        }
        Self { folder, writer: Some(writer), run, snapshot, offices, orders }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("staging.db")
    }

    fn writer(&mut self) -> &mut StagingWriter {
        self.writer.as_mut().unwrap()
    }

    fn reader(&self) -> StagingReader {
        StagingReader::open(&self.path()).unwrap()
    }

    /// Closes the writer, so that everything stands in the one file.
    fn close(&mut self) -> PathBuf {
        self.writer = None;
        self.path()
    }

    /// Alters the file behind the module's back.
    fn alter(&mut self, sql: &str) {
        let db = Connection::open(self.close()).unwrap();
        assert_eq!(db.execute(sql, []).unwrap(), 1);
    }

    fn extracted(&self, entity: EntityId, seq: u32) -> ExtractedChunk {
        let first = i64::from(seq) * ROWS;
        ExtractedChunk {
            entity,
            range_no: 0,
            seq,
            snapshot: self.snapshot,
            run: self.run,
            first_key: LegacyKey::Int(first),
            last_key: LegacyKey::Int(first + ROWS - 1),
            payload: payload(first..first + ROWS),
        }
    }

    fn extract(&mut self, entity: EntityId, seq: u32) -> ChunkId {
        let chunk = self.extracted(entity, seq);
        self.writer().store_extracted(&chunk, false).unwrap()
    }

    /// Row 3 is quarantined, row 5 filtered, row 7 merged into row 6; the others are to be loaded.
    fn transformed(&self, chunk: ChunkId, seq: u32) -> TransformedChunk {
        let first = i64::from(seq) * ROWS;
        let record = |key: i64| {
            let (outcome, new_key, detail) = match key - first {
                3 => (Outcome::Quarantined, None, Some(reason::REF_MISSING.into())),
                5 => (Outcome::Filtered, None, Some("soft-deleted".into())),
                7 => (Outcome::Merged, Some(minted(chunk, key - 1)), Some((key - 1).to_string().into())),
                _ => (Outcome::Loaded, Some(minted(chunk, key)), None),
            };
            let row_no = u32::try_from(key - first).unwrap();
            KeyRecord { row_no, key: LegacyKey::Int(key), outcome, new_key, detail }
        };
        let sum = |outcome, sum: &str| ControlSum { name: "price".into(), outcome, group: Group::default(), sum: sum.into() };
        TransformedChunk {
            chunk,
            run: self.run,
            payload: payload((first..first + ROWS).filter(|key| ![3, 5, 7].contains(&(key - first)))),
            keys: (first..first + ROWS).map(record).collect(),
            quarantine: vec![QuarantineRecord {
                row_no: 3,
                reject: Reject {
                    code: reason::REF_MISSING.into(),
                    column: Some("office_id".into()),
                    sqlstate: None,
                    message: "no such office".into(),
                },
            }],
            incidents: vec![IncidentCount { incident: Incident { column: "email".into(), code: "EMAIL_INVALID".into() }, count: 2 }],
            controls: vec![sum(Outcome::Loaded, "70.50"), sum(Outcome::Quarantined, "0.1")],
            references: vec![ReferenceCount {
                column: "office_id".into(),
                parent: self.offices,
                hit: 8,
                null: 1,
                missing: 1,
                parent_quarantined: 0,
                parent_filtered: 0,
            }],
        }
    }

    fn transform(&mut self, chunk: ChunkId, seq: u32) {
        let transformed = self.transformed(chunk, seq);
        self.writer().store_transformed(&transformed).unwrap();
    }

    fn load(&mut self, chunk: ChunkId, refused: &[u32], invalidate: &[EntityId]) -> LoadMark {
        let loaded = self.loaded(chunk, refused, invalidate);
        self.writer().mark_loaded(&loaded).unwrap()
    }

    fn loaded(&self, chunk: ChunkId, refused: &[u32], invalidate: &[EntityId]) -> LoadedChunk {
        let refused = refused.iter().map(|row_no| RefusedRow {
            row_no: *row_no,
            sqlstate: Some("23514".into()),
            constraint: Some("orders_price_check".into()),
            column: None,
            message: "violates check constraint".into(),
            detail: None,
        });
        LoadedChunk { chunk, run: self.run, refused: refused.collect(), controls: None, invalidate: invalidate.to_vec() }
    }
}

fn run_start(plan_hash: &str) -> RunStart {
    let file = |path: &str| PlanFile { path: path.into(), text: format!("# {path}\n") };
    RunStart {
        command: "run".into(),
        plan_hash: plan_hash.into(),
        plan_files: vec![file("etl.toml"), file("entities/orders.toml")],
        source: Some("postgres://amy:s3cret@old/legacy".into()),
        target: None,
    }
}

fn snapshot(run: RunId) -> SnapshotRecord {
    SnapshotRecord {
        run,
        exported_name: "00000003-0000001B-1".into(),
        system_identifier: Some("7412345678901234567".into()),
        database: "legacy".into(),
        server_version: "15.18".into(),
        wal_lsn: Some("0/1A2B3C4".into()),
    }
}

fn entity(name: &str) -> EntityRecord {
    EntityRecord {
        name: name.into(),
        target_table: format!("public.{name}"),
        key_kind: KeyKind::Int,
        source_columns: vec![Column { name: "id".into(), ty: SqlType::builtin(oid::INT8).unwrap(), typmod: -1, nullable: false }],
        target_columns: vec![],
        extract_hash: "extract".into(),
        transform_hash: "transform".into(),
        adopt_hash: "adopt".into(),
    }
}

/// One tuple of one `bigint` for each key.
fn payload(keys: impl Iterator<Item = i64>) -> Vec<u8> {
    let mut tuples = TupleWriter::default();
    let mut rows = 0;
    for key in keys {
        tuples.begin(1);
        tuples.field(&key.to_be_bytes());
        rows += 1;
    }
    encode_payload(1, rows, tuples.as_bytes()).unwrap()
}

fn minted(chunk: ChunkId, key: i64) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), format!("{chunk}:{key}").as_bytes())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn everything_that_is_stored_comes_back() {
    let mut at = Fixture::new();
    let (run, offices, orders) = (at.run, at.offices, at.orders);
    let chunk = at.extract(orders, 0);
    at.transform(chunk, 0);
    at.load(chunk, &[], &[]);
    at.writer().finish_range(orders, 0).unwrap();
    let control = SourceControl { name: "price".into(), snapshot: at.snapshot, group: Group::default(), sum: "70.60".into() };
    at.writer().finish_extract(orders, run, std::slice::from_ref(&control)).unwrap();
    let time = StageTime { run, entity: orders, stage: "load".into(), micros: 5, rows: 7, began: Moment(10), ended: Moment(20) };
    let second = StageTime { began: Moment(5), ended: Moment(15), ..time.clone() };
    at.writer().record_stage_time(&time).unwrap();
    at.writer().record_stage_time(&second).unwrap();
    let exit = RunExit { code: 0, reason: "done".into() };
    at.writer().finish_run(run, &exit).unwrap();

    // A reader beside the writer, and one on the file alone.
    for close in [false, true] {
        if close {
            at.close();
        }
        let reader = at.reader();
        let last = reader.last_run().unwrap().unwrap();
        assert_eq!((last.id, last.exit, last.source.as_deref()), (run, Some(exit.clone()), Some("postgres://amy@old/legacy")));
        assert_eq!(reader.runs().unwrap().len(), 1);
        assert_eq!(reader.plan_files("hash-1").unwrap(), run_start("").plan_files);
        assert_eq!(reader.snapshots().unwrap()[0].record, snapshot(run));
        assert_eq!(reader.entities().unwrap().len(), 2);
        let found = reader.entity("orders").unwrap().unwrap();
        assert_eq!((found.id, &found.record, found.extracted_run), (orders, &entity("orders"), Some(run)));
        assert_eq!(reader.entity("tasks").unwrap(), None);
        let row = reader.chunk(chunk).unwrap();
        assert_eq!((row.state, row.rows, row.transformed_rows, row.counts.loaded), (ChunkState::Loaded, 10, Some(7), 7));
        assert_eq!((row.first_key, row.last_key), (LegacyKey::Int(0), LegacyKey::Int(9)));
        assert_eq!(reader.chunks(orders, Some(ChunkState::Extracted)).unwrap(), []);
        assert_eq!(reader.load_extracted(chunk).unwrap().rows, 10);
        assert_eq!(reader.load_transformed(chunk).unwrap().rows, 7);
        let keys = reader.chunk_keys(chunk).unwrap();
        assert_eq!(keys.iter().map(|key| key.row_no).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        assert_eq!(keys[5].detail.as_deref(), Some("soft-deleted"));
        assert_eq!(reader.keys_of(minted(chunk, 6)).unwrap().len(), 2, "the row, and the one that was merged into it");
        let entry = reader.key(orders, &LegacyKey::Int(7)).unwrap().unwrap();
        assert_eq!((entry.chunk, entry.row.outcome, entry.row.new_key), (chunk, Outcome::Merged, Some(minted(chunk, 6))));
        let (held, tuple) = reader.quarantined_row(orders, &LegacyKey::Int(3)).unwrap().unwrap();
        assert_eq!((held.code.as_str(), held.stage, held.run), (reason::REF_MISSING, QuarantineStage::Transform, run));
        let mut fields = Vec::new();
        read_tuple(&tuple, 0, 1, &mut fields).unwrap();
        assert_eq!(fields, [Some(&3_i64.to_be_bytes()[..])]);
        assert_eq!(reader.quarantine_counts(None).unwrap()[0].rows, 1);
        assert_eq!(reader.quarantine(&QuarantineFilter { code: Some("OTHER".into()), ..Default::default() }).unwrap(), []);
        assert_eq!(reader.incidents(Some(orders)).unwrap()[0].count, 2);
        assert_eq!(reader.references(None).unwrap()[0].count.parent, offices);
        assert_eq!(reader.source_controls(orders).unwrap(), std::slice::from_ref(&control));
        assert_eq!(reader.control_totals(orders).unwrap()[0].sum, "70.50");
        assert_eq!(reader.stage_times(run).unwrap(), [StageTime { micros: 10, rows: 14, began: Moment(5), ..time.clone() }]);
        let ledger = reader.check_ledger(orders).unwrap();
        assert!(ledger.is_finished() && ledger.is_closed());
        assert_eq!(ledger.done, OutcomeCounts { loaded: 7, merged: 1, filtered: 1, quarantined: 1, adopted: 0 });
        assert!(!reader.entity_ledger(offices).unwrap().is_finished());
        reader.check_collisions("public.orders").unwrap();
        reader.check_integrity().unwrap();
        assert_eq!(reader.meta().unwrap().format, 1);
    }
}

#[test]
fn text_keys_in_any_order_are_found_by_their_bytes() {
    let mut at = Fixture::new();
    let orders = at.orders;
    let chunk = at.extract(orders, 0);
    let mut transformed = at.transformed(chunk, 0);
    let words = ["b", "B", "é", "a", "10", "9", "", "ab", "a:b", "z"];
    for (record, word) in transformed.keys.iter_mut().zip(words) {
        record.key = LegacyKey::Text(word.into());
    }
    at.writer().store_transformed(&transformed).unwrap();
    let reader = at.reader();
    let mut seen = Vec::new();
    reader.for_each_key(orders, |row| seen.push(row.key)).unwrap();
    let mut sorted = seen.clone();
    sorted.sort();
    assert_eq!((seen.len(), &seen), (10, &sorted), "in the order of LegacyKey");
    let keys: Vec<_> = reader.chunk_keys(chunk).unwrap().into_iter().map(|key| key.key).collect();
    assert_eq!(keys, words.map(|word| LegacyKey::Text(word.into())), "in row order");
}

#[test]
fn steps_out_of_turn_are_refused() {
    let mut at = Fixture::new();
    let orders = at.orders;
    let chunk = at.extract(orders, 0);
    let transformed = at.transformed(chunk, 0);
    let loaded = at.loaded(chunk, &[], &[]);
    let refused = |result: Result<LoadMark, StagingError>| assert!(matches!(result, Err(StagingError::WrongState { .. })));

    refused(at.writer().mark_loaded(&loaded));
    refused(at.writer().refuse_loaded(&loaded));
    at.writer().store_transformed(&transformed).unwrap();
    refused(at.writer().refuse_loaded(&loaded));
    at.writer().mark_loaded(&loaded).unwrap();
    refused(at.writer().mark_loaded(&loaded));
    assert!(matches!(at.writer().store_transformed(&transformed), Err(StagingError::WrongState { .. })));
    assert!(matches!(at.writer().invalidate_transform(&[orders]), Err(StagingError::LoadedAlready { chunks: 1, .. })));
    assert!(matches!(at.writer().invalidate_extract(&[orders]), Err(StagingError::LoadedAlready { chunks: 1, .. })));
    // The same place twice, and a place behind a gap.
    for seq in [0, 2] {
        let chunk = at.extracted(orders, seq);
        assert!(matches!(at.writer().store_extracted(&chunk, false), Err(StagingError::BadPayload { .. })));
    }
    let run = at.run;
    assert!(matches!(at.writer().finish_extract(orders, run, &[]), Err(StagingError::RangesOpen { open: 1, .. })));
    assert_eq!(at.reader().check_ledger(orders).unwrap().done.loaded, 7);
}

#[test]
fn a_ledger_that_does_not_close_is_refused() {
    let mut at = Fixture::new();
    let chunk = at.extract(at.orders, 0);
    let good = at.transformed(chunk, 0);
    let mut missing_row = good.clone();
    missing_row.keys.pop();
    let mut missing_tuple = good.clone();
    missing_tuple.payload = payload(0..6);
    let mut missing_reason = good.clone();
    missing_reason.quarantine.clear();
    let mut wrong_reason = good.clone();
    wrong_reason.quarantine[0].row_no = 4;
    let mut reason_beyond = good.clone();
    reason_beyond.quarantine[0].row_no = 4_000_000;
    let mut missing_key = good.clone();
    missing_key.keys[0].new_key = None;
    for bad in [missing_row, missing_tuple, missing_reason, wrong_reason, reason_beyond, missing_key] {
        assert!(matches!(at.writer().store_transformed(&bad), Err(StagingError::OpenLedger { .. })));
    }
    assert_eq!(at.reader().chunk(chunk).unwrap().state, ChunkState::Extracted);
    at.writer().store_transformed(&good).unwrap();
}

#[test]
fn a_chunk_transformed_twice_is_as_one_transformed_once() {
    let mut at = Fixture::new();
    let orders = at.orders;
    let chunk = at.extract(orders, 0);
    at.transform(chunk, 0);
    let dump = |at: &Fixture| {
        let reader = at.reader();
        let tables = ["chunks", "id_map", "quarantine", "incidents", "control_sums", "reference_counts", "transformed"];
        tables.map(|table| reader.sql(&format!("SELECT * FROM {table}"), 100).unwrap())
    };
    let once = dump(&at);
    let mut other = at.transformed(chunk, 0);
    other.keys[0].outcome = Outcome::Filtered;
    other.keys[0].new_key = None;
    other.payload = payload(0..6);
    other.incidents.clear();
    at.writer().store_transformed(&other).unwrap();
    assert_ne!(dump(&at), once);
    at.transform(chunk, 0);
    assert_eq!(dump(&at), once);
    at.reader().for_each_key(orders, |_| ()).unwrap();
}

#[test]
fn refused_rows_take_what_depends_on_them_along() {
    let mut at = Fixture::new();
    let (offices, orders) = (at.offices, at.orders);
    let office_chunks = [at.extract(offices, 0), at.extract(offices, 1)];
    let order_chunks = [at.extract(orders, 0), at.extract(orders, 1), at.extract(orders, 2)];
    for (seq, chunk) in (0..).zip(office_chunks) {
        at.transform(chunk, seq);
    }
    // A row of the second chunk of offices was merged into a row of the first.
    let mut second = at.transformed(office_chunks[1], 1);
    second.keys[7].new_key = Some(minted(office_chunks[0], 2));
    at.writer().store_transformed(&second).unwrap();
    at.transform(order_chunks[0], 0);
    at.transform(order_chunks[1], 1);

    let mark = at.load(office_chunks[0], &[2, 6], &[orders]);
    assert_eq!(mark.invalidated, order_chunks[..2]);
    let mut orphaned: Vec<_> = mark.orphaned.iter().map(|one| (one.chunk, one.key.clone())).collect();
    orphaned.sort();
    assert_eq!(orphaned, [(office_chunks[0], LegacyKey::Int(7)), (office_chunks[1], LegacyKey::Int(17))]);

    let reader = at.reader();
    let row = reader.chunk(office_chunks[0]).unwrap();
    assert_eq!(row.counts, OutcomeCounts { loaded: 5, merged: 0, filtered: 1, quarantined: 4, adopted: 0 });
    assert_eq!((row.state, row.refused, row.transformed_rows), (ChunkState::Loaded, 2, Some(7)));
    assert_eq!(reader.chunk(office_chunks[1]).unwrap().counts.quarantined, 2);
    let tuples: Vec<_> = reader.tuple_rows(office_chunks[0]).unwrap().into_iter().map(|key| (key.row_no, key.outcome)).collect();
    assert_eq!(tuples.len(), 7, "a tuple that was refused stays in its place");
    assert_eq!(tuples[2], (2, Outcome::Quarantined));
    let (held, _) = reader.quarantined_row(offices, &LegacyKey::Int(2)).unwrap().unwrap();
    assert_eq!((held.code.as_str(), held.sqlstate.as_deref()), (reason::SERVER_REFUSED, Some("23514")));
    let (held, _) = reader.quarantined_row(offices, &LegacyKey::Int(17)).unwrap().unwrap();
    assert_eq!((held.code.as_str(), held.stage), (reason::SURVIVOR_NOT_LOADED, QuarantineStage::Load));
    reader.for_each_key(offices, |_| ()).unwrap();
    reader.check_ledger(offices).unwrap();
    let ledger = reader.check_ledger(orders).unwrap();
    assert_eq!((ledger.chunks_extracted, ledger.untransformed), (3, 30));
    for table in ["id_map", "quarantine"] {
        let left = reader.sql(&format!("SELECT count(*) FROM {table} WHERE entity = {}", orders.0), 1).unwrap();
        assert_eq!(left.rows, [[Some("0".to_owned())]], "{table}");
    }
    drop(reader);

    // Found out when a unique index is rebuilt, after the load; the row that is gone already cannot be refused again.
    let late = at.loaded(office_chunks[0], &[0], &[]);
    at.writer().refuse_loaded(&late).unwrap();
    assert!(matches!(at.writer().refuse_loaded(&late), Err(StagingError::Unknown { .. })));
    assert_eq!(at.reader().check_ledger(offices).unwrap().refused, 3);
    // What was given up is made again.
    at.transform(order_chunks[0], 0);
    at.reader().for_each_key(orders, |_| ()).unwrap();
}

#[test]
fn a_loaded_chunk_stays_when_its_siblings_are_given_up() {
    let mut at = Fixture::new();
    let (offices, orders) = (at.offices, at.orders);
    let office = at.extract(offices, 0);
    let chunks = [at.extract(orders, 0), at.extract(orders, 1)];
    at.transform(office, 0);
    at.transform(chunks[0], 0);
    at.transform(chunks[1], 1);
    at.load(chunks[0], &[], &[]);
    assert_eq!(at.load(office, &[0], &[orders]).invalidated, chunks[1..]);
    let reader = at.reader();
    assert_eq!(reader.for_each_key(orders, |_| ()).unwrap(), 10);
    assert_eq!(reader.check_ledger(orders).unwrap().done.loaded, 7);
}

#[test]
fn a_changed_plan_needs_its_rows_given_up_first() {
    let mut at = Fixture::new();
    let orders = at.orders;
    let other_transform = EntityRecord { transform_hash: "other".into(), ..entity("orders") };
    let other_extract = EntityRecord { extract_hash: "other".into(), ..entity("orders") };
    assert_eq!(at.writer().register_entity(&entity("orders")).unwrap(), orders);
    let chunk = at.extract(orders, 0);
    assert_eq!(at.writer().register_entity(&other_transform).unwrap(), orders, "nothing depends on it yet");
    at.writer().register_entity(&entity("orders")).unwrap();
    at.transform(chunk, 0);
    let changed = at.writer().register_entity(&other_transform).unwrap_err();
    assert!(matches!(changed, StagingError::EntityChanged { stage: "transform", .. }), "{changed}");
    assert_eq!(at.writer().invalidate_transform(&[orders]).unwrap(), [chunk]);
    at.writer().register_entity(&other_transform).unwrap();
    let changed = at.writer().register_entity(&other_extract).unwrap_err();
    assert!(matches!(changed, StagingError::EntityChanged { stage: "extract", .. }), "{changed}");
    at.transform(chunk, 0);
    at.writer().invalidate_extract(&[orders]).unwrap();
    at.writer().register_entity(&other_extract).unwrap();
    let reader = at.reader();
    assert_eq!((reader.chunks(orders, None).unwrap(), reader.ranges(orders).unwrap()), (vec![], vec![]));
    let empty = ["chunks", "extracted", "transformed", "id_map", "quarantine", "incidents", "control_sums", "reference_counts"];
    for table in empty {
        assert_eq!(reader.sql(&format!("SELECT * FROM {table}"), 1).unwrap().rows, Vec::<Vec<_>>::new(), "{table}");
    }
    assert_eq!(reader.entity("orders").unwrap().unwrap().record.extract_hash, "other");
}

#[test]
fn reads_at_once_see_one_state() {
    let mut at = Fixture::new();
    let orders = at.orders;
    at.extract(orders, 0);
    let reader = at.reader();
    let read = |reader: &StagingReader| reader.entity_ledger(orders).map(|ledger| ledger.read);
    let seen = reader.at_once(|reader| {
        let before = read(reader)?;
        at.extract(orders, 1);
        Ok((before, read(reader)?))
    });
    assert_eq!(seen.unwrap(), (10, 10));
    assert_eq!(read(&reader).unwrap(), 20);
}

#[test]
fn ranges_say_where_to_continue() {
    let mut at = Fixture::new();
    let orders = at.orders;
    let known = at.writer().plan_ranges(orders, &[]).unwrap();
    assert_eq!(known.len(), 1, "planned once");
    assert_eq!((known[0].chunks, &known[0].last_key, known[0].done), (0, &None, false));
    at.extract(orders, 0);
    let second = at.extracted(orders, 1);
    at.writer().store_extracted(&second, true).unwrap();
    let ranges = at.reader().ranges(orders).unwrap();
    assert_eq!((ranges[0].chunks, &ranges[0].last_key, ranges[0].done), (2, &Some(LegacyKey::Int(19)), true));
    assert!(matches!(at.writer().finish_range(orders, 9), Err(StagingError::Unknown { .. })));
}

#[test]
fn a_batch_is_all_or_nothing() {
    let mut at = Fixture::new();
    let orders = at.orders;
    at.writer().begin_batch().unwrap();
    at.extract(orders, 0);
    at.extract(orders, 1);
    assert_eq!(at.reader().chunks(orders, None).unwrap(), [], "not visible before the commit");
    at.writer().commit_batch().unwrap();
    assert_eq!(at.reader().chunks(orders, None).unwrap().len(), 2);

    at.writer().begin_batch().unwrap();
    let third = at.extract(orders, 2);
    let gap = at.extracted(orders, 7);
    assert!(at.writer().store_extracted(&gap, false).is_err());
    let rest = at.transformed(third, 2);
    assert!(matches!(at.writer().store_transformed(&rest), Err(StagingError::BatchLost)));
    assert!(matches!(at.writer().begin_batch(), Err(StagingError::BatchLost)));
    assert!(matches!(at.writer().commit_batch(), Err(StagingError::BatchLost)));
    assert_eq!(at.reader().chunks(orders, None).unwrap().len(), 2);
    at.writer().begin_batch().unwrap();
    at.extract(orders, 2);
    at.writer().abandon_batch();
    at.extract(orders, 2);
    assert_eq!(at.reader().chunks(orders, None).unwrap().len(), 3);
}

#[test]
fn a_writer_that_dies_in_a_transaction_leaves_what_was_committed() {
    let mut at = Fixture::new();
    let orders = at.orders;
    let chunk = at.extract(orders, 0);
    at.writer().begin_batch().unwrap();
    at.transform(chunk, 0);
    at.extract(orders, 1);
    // As after kill -9: the files as they are at this instant, opened elsewhere.
    let copy = tempfile::tempdir().unwrap();
    for ending in ["", "-wal"] {
        let name = format!("staging.db{ending}");
        fs::copy(at.folder.path().join(&name), copy.path().join(&name)).unwrap();
    }
    let mut revived = StagingWriter::open(&copy.path().join("staging.db")).unwrap();
    let reader = StagingReader::open(&copy.path().join("staging.db")).unwrap();
    assert_eq!(reader.chunk(chunk).unwrap().state, ChunkState::Extracted);
    assert_eq!(reader.ranges(orders).unwrap()[0].chunks, 1);
    reader.check_integrity().unwrap();
    revived.store_transformed(&at.transformed(chunk, 0)).unwrap();
    assert_eq!(reader.check_ledger(orders).unwrap().pending.loaded, 7);

    // And as after a panic: the connection is dropped, the lock is given back.
    let path = at.close();
    let again = StagingWriter::open(&path).unwrap();
    drop(again);
    assert_eq!(at.reader().chunk(chunk).unwrap().state, ChunkState::Extracted);
}

#[test]
fn a_file_is_private_from_the_first_byte_and_made_so_again() {
    let mut at = Fixture::new();
    let orders = at.orders;
    at.extract(orders, 0);
    for ending in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(&at.folder.path().join(format!("staging.db{ending}"))), 0o600, "{ending}");
    }
    let path = at.close();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    StagingWriter::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_creation_that_was_killed_leaves_no_staging_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("staging.db");
    assert!(matches!(StagingWriter::open(&path), Err(StagingError::Missing { .. })));
    assert!(matches!(StagingReader::open(&path), Err(StagingError::Missing { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "looking leaves nothing behind");
    fs::write(folder.path().join("staging.db.new"), "half a draft").unwrap();
    fs::write(folder.path().join("staging.db.new-journal"), "and its journal").unwrap();
    drop(StagingWriter::open_or_create(&path).unwrap());
    let id = StagingReader::open(&path).unwrap().meta().unwrap().staging_id;
    assert!(matches!(StagingWriter::create(&path), Err(StagingError::Exists { .. })));
    assert_eq!(StagingWriter::open_or_create(&path).unwrap().meta().unwrap().staging_id, id, "opened, not made anew");
    assert!(!folder.path().join("staging.db.new").exists());
}

#[test]
fn the_second_writer_is_refused_and_readers_are_not() {
    let at = Fixture::new();
    assert!(matches!(StagingWriter::open(&at.path()), Err(StagingError::Busy { holder: Some(_), .. })));
    assert!(matches!(StagingWriter::open_or_create(&at.path()), Err(StagingError::Busy { .. })));
    at.reader();
}

#[test]
fn other_files_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| (StagingReader::open(path).unwrap_err(), StagingWriter::open(path).unwrap_err());
    let path = folder.path().join("text.db");
    fs::write(&path, "id,name\n1,Amy\n".repeat(20)).unwrap();
    assert!(matches!(open(&path), (StagingError::NotStaging { .. }, StagingError::NotStaging { .. })));
    let path = folder.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE meta (id)").unwrap();
    assert!(matches!(open(&path), (StagingError::NotStaging { .. }, StagingError::NotStaging { .. })));
    assert!(matches!(open(folder.path()), (StagingError::NotStaging { .. }, StagingError::NotStaging { .. })));
    let path = folder.path().join("empty.db");
    fs::write(&path, "").unwrap();
    assert!(matches!(open(&path), (StagingError::Truncated { .. }, StagingError::Truncated { .. })));

    let path = Fixture::new().close_and_keep(folder.path(), "newer.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(open(&path).0, StagingError::OtherVersion { found: 2, supported: 1, .. }));

    let path = Fixture::new().close_and_keep(folder.path(), "cut.db");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(open(&path), (StagingError::Truncated { .. }, StagingError::Truncated { .. })));
}

#[test]
fn damaged_pages_are_an_error_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = Fixture::new().close_and_keep(folder.path(), "staging.db");
    let bytes = fs::read(&path).unwrap();
    for at in (100..bytes.len()).step_by(1_009) {
        let mut damaged = bytes.clone();
        for byte in damaged.iter_mut().skip(at).take(40) {
            *byte ^= 0x5A;
        }
        fs::write(&path, &damaged).unwrap();
        if let Ok(reader) = StagingReader::open(&path) {
            let _ = reader.check_integrity();
            let _ = reader.ledger();
            let _ = reader.runs();
            let _ = reader.entities().map(|all| all.iter().map(|one| reader.check_ledger(one.id)).collect::<Vec<_>>());
        }
    }
}

impl Fixture {
    /// Puts a file with some content of every kind elsewhere.
    fn close_and_keep(mut self, folder: &Path, name: &str) -> PathBuf {
        let chunk = self.extract(self.orders, 0);
        self.transform(chunk, 0);
        let path = folder.join(name);
        fs::copy(self.close(), &path).unwrap();
        path
    }
}

#[test]
fn altered_payloads_and_keys_are_seen() {
    let altered = |sql: &str| {
        let mut at = Fixture::new();
        let chunks = [at.extract(at.orders, 0), at.extract(at.orders, 1)];
        at.transform(chunks[0], 0);
        at.transform(chunks[1], 1);
        at.alter(sql);
        let reader = at.reader();
        let payload = |result: Result<Payload, StagingError>| matches!(result, Err(StagingError::DamagedChunk { .. }));
        let mut seen = Vec::new();
        if payload(reader.load_extracted(chunks[0])) {
            seen.push("extracted");
        }
        if payload(reader.load_transformed(chunks[0])) {
            seen.push("transformed");
        }
        if matches!(reader.for_each_key(at.orders, |_| ()), Err(StagingError::AlteredKeys { .. })) {
            seen.push("keys");
        }
        if matches!(reader.check_ledger(at.orders), Err(StagingError::OpenLedger { .. })) {
            seen.push("ledger");
        }
        seen
    };
    let none: [&str; 0] = [];
    assert_eq!(altered("UPDATE extracted SET payload = payload WHERE chunk = 1"), none);
    assert_eq!(
        altered("UPDATE extracted SET payload = CAST(substr(payload, 1, 40) || x'ff' || substr(payload, 42) AS BLOB) WHERE chunk = 1"),
        ["extracted"]
    );
    assert_eq!(altered("UPDATE extracted SET payload = (SELECT payload FROM extracted WHERE chunk = 2) WHERE chunk = 1"), ["extracted"]);
    assert_eq!(
        altered("UPDATE transformed SET payload = (SELECT payload FROM transformed WHERE chunk = 2) WHERE chunk = 1"),
        ["transformed"]
    );
    assert_eq!(altered("UPDATE id_map SET new_key = randomblob(16) WHERE key = 1"), ["keys"]);
    assert_eq!(altered("UPDATE id_map SET key = 1000 WHERE key = 1"), ["keys"]);
    assert_eq!(altered("UPDATE id_map SET outcome = 1 WHERE key = 1"), ["keys", "ledger"]);
    assert_eq!(altered("DELETE FROM id_map WHERE key = 1"), ["keys", "ledger"]);
    assert_eq!(altered("DELETE FROM quarantine WHERE key = 3"), ["ledger"]);
}

#[test]
fn one_key_twice_and_one_new_key_twice_are_errors_that_name_the_rows() {
    let mut at = Fixture::new();
    let orders = at.orders;
    let chunks = [at.extract(orders, 0), at.extract(orders, 1)];
    at.transform(chunks[0], 0);
    let mut twice = at.transformed(chunks[1], 1);
    twice.keys[4].key = LegacyKey::Int(2);
    let failure = at.writer().store_transformed(&twice).unwrap_err();
    assert!(matches!(&failure, StagingError::DuplicateKey { entity, key } if entity == "orders" && key == "2"), "{failure}");
    assert_eq!(at.reader().chunk(chunks[1]).unwrap().state, ChunkState::Extracted);

    let mut collides = at.transformed(chunks[1], 1);
    collides.keys[4].new_key = Some(minted(chunks[0], 2));
    at.writer().store_transformed(&collides).unwrap();
    let failure = at.reader().check_collisions("public.orders").unwrap_err();
    let StagingError::Collision { first, second, new_key, .. } = &failure else { panic!("{failure}") };
    assert_eq!((first.as_str(), second.as_str(), *new_key), ("orders 2", "orders 14", minted(chunks[0], 2).into()));
}

#[test]
fn any_sqlite_can_read_the_map() {
    let mut at = Fixture::new();
    let chunk = at.extract(at.orders, 0);
    at.transform(chunk, 0);
    let db = Connection::open(at.close()).unwrap();
    let key = |key: i64| {
        let sql = "SELECT outcome, new_key, detail FROM keys WHERE entity = 'orders' AND key = ?1";
        db.query_row(sql, [key], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?)))
            .unwrap()
    };
    assert_eq!(key(1), ("loaded".to_owned(), Some(minted(chunk, 1).to_string()), None));
    assert_eq!(key(5), ("filtered".to_owned(), None, Some("soft-deleted".to_owned())));
    let ledger: (String, i64, i64) = db
        .query_row("SELECT entity, read, to_load FROM ledger WHERE read > 0", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert_eq!(ledger, ("orders".to_owned(), 10, 7));
    let reasons: i64 = db.query_row("SELECT rows FROM reasons WHERE code = 'REF_MISSING'", [], |row| row.get(0)).unwrap();
    assert_eq!(reasons, 1);
    let plan: String =
        db.query_row("EXPLAIN QUERY PLAN SELECT * FROM keys WHERE entity = 'orders' AND key = 1", [], |row| row.get(3)).unwrap();
    assert!(plan.starts_with("SEARCH"), "{plan}");
}

#[test]
fn queries_read_and_nothing_else() {
    let at = Fixture::new();
    let reader = at.reader();
    let answer = reader.sql("-- a comment\n SELECT name, id, NULL, x'00ff' FROM entities ORDER BY id", 1).unwrap();
    assert_eq!(answer.columns[..2], ["name", "id"]);
    assert_eq!(answer.rows, [[Some("offices".to_owned()), Some("1".to_owned()), None, Some("x'00ff'".to_owned())]]);
    assert!(answer.more);
    assert!(reader.sql("WITH a AS (SELECT 1) SELECT * FROM a;", 5).is_ok());
    let attach = format!("ATTACH '{}' AS other", at.folder.path().join("other.db").display());
    for refused in [
        "DELETE FROM runs",
        "WITH a AS (SELECT 1) DELETE FROM runs",
        "SELECT 1; DELETE FROM runs",
        "PRAGMA query_only = off",
        "BEGIN",
        "VACUUM INTO '/tmp/elsewhere.db'",
        &attach,
        "",
        "SELECT nothing FROM nowhere",
        "SELECT load_extension('x')",
    ] {
        assert!(matches!(reader.sql(refused, 5), Err(StagingError::NotAQuery { .. })), "{refused}");
    }
    assert!(!at.folder.path().join("other.db").exists());
    assert_eq!(reader.runs().unwrap().len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_can_be_read() {
    let mut at = Fixture::new();
    let path = at.close();
    fs::set_permissions(at.folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    // A superuser may write anywhere, so that nothing can be seen here.
    if fs::write(at.folder.path().join("probe"), "").is_err() {
        assert_eq!(StagingReader::open(&path).unwrap().entities().unwrap().len(), 2);
        let new = at.folder.path().join("new.db");
        assert!(matches!(StagingWriter::create(&new), Err(StagingError::NotWritable { .. })));
    }
    fs::set_permissions(at.folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let nowhere = at.folder.path().join("no/such/folder/staging.db");
    assert!(matches!(StagingWriter::open_or_create(&nowhere), Err(StagingError::NotWritable { .. })));
}

#[test]
fn dismantled_constraints_are_kept_until_they_stand_again() {
    let mut at = Fixture::new();
    let run = at.run;
    let one = |ordinal, name: &str| DismantledConstraint {
        ordinal,
        schema: "public".into(),
        table: "orders".into(),
        name: name.into(),
        kind: "foreign key".into(),
        definition: format!("ALTER TABLE public.orders ADD CONSTRAINT {name} FOREIGN KEY (office_id) REFERENCES public.offices (id)"),
        restored: false,
    };
    let both = [one(0, "a"), one(1, "b")];
    at.writer().record_dismantled(run, &both).unwrap();
    at.writer().mark_restored("public", "orders", "b").unwrap();
    let found = at.reader().dismantled().unwrap();
    assert_eq!(found, [both[0].clone(), DismantledConstraint { restored: true, ..both[1].clone() }]);
    at.writer().record_dismantled(run, &both).unwrap();
    assert_eq!(at.reader().dismantled().unwrap(), both);
    assert!(matches!(at.writer().mark_restored("public", "orders", "c"), Err(StagingError::Unknown { .. })));
}
