//! The way of the largest entity through the staging file without its servers: source chunks as they are staged, transformed on all
//! cores, stored as target chunks with keys, quarantine and ledger. `cargo bench --bench end_to_end`
//!
//! As in a run, each thread reads, transforms and packs chunks of its own, and one thread writes, several chunks a transaction.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use etl::plan::CompiledEntity;
use etl::row::{Incident, LegacyKey};
use etl::staging::{
    ChunkId, EntityId, ExtractedChunk, IncidentCount, KeyRecord, QuarantineRecord, ReferenceCount, RunId, StagingReader, StagingWriter,
    TransformedChunk, encode_payload,
};
use etl::transform::{ChunkOutput, Inputs, KeyFate, transform_chunk};
use support::{CHUNK, PARENTS, nth_id, register, task_columns, tasks};
use uuid::Uuid;

const ROWS: i64 = 700_000;
/// Chunks that wait for the writer at most, and chunks that are committed together at most.
const WAITING: usize = 8;

/// The migration as it stands after `extract`.
struct Extracted {
    folder: tempfile::TempDir,
    run: RunId,
    chunks: Vec<ChunkId>,
    /// The parents' numbers in the staging file, by their index in the plan.
    parents: Vec<Option<EntityId>>,
}

fn extracted(entity: &CompiledEntity) -> Extracted {
    let folder = tempfile::tempdir().unwrap();
    let mut file = support::staging(folder.path());
    let mut parents = vec![None; PARENTS.len() + 1];
    for reference in entity.columns.iter().flat_map(|column| column.expr.references()) {
        parents[reference.entity] = Some(register(&mut file.writer, &reference.entity_name));
    }
    let columns = task_columns().len();
    let mut chunks = Vec::new();
    for (seq, first) in (0..).zip((0..ROWS).step_by(usize::try_from(CHUNK).unwrap())) {
        let last = (first + CHUNK).min(ROWS) - 1;
        let chunk = ExtractedChunk {
            entity: file.entity,
            range_no: 0,
            seq,
            snapshot: file.snapshot,
            run: file.run,
            first_key: LegacyKey::Int(nth_id(first)),
            last_key: LegacyKey::Int(nth_id(last)),
            payload: encode_payload(columns, (last + 1 - first).unsigned_abs(), &tasks(first..last + 1)).unwrap(),
        };
        chunks.push(file.writer.store_extracted(&chunk, last + 1 == ROWS).unwrap());
    }
    Extracted { run: file.run, folder, chunks, parents }
}

/// A chunk as it goes to the staging file.
fn packed(entity: &CompiledEntity, start: &Extracted, chunk: ChunkId, output: ChunkOutput) -> TransformedChunk {
    let keys = output.keys.into_iter().map(|row| {
        let outcome = row.fate.outcome();
        let (new_key, detail) = match row.fate {
            KeyFate::Loaded(id) | KeyFate::Adopted(id) => (Some(Uuid::from_bytes(id)), None),
            KeyFate::Merged { id, survivor } => (Some(Uuid::from_bytes(id)), Some(survivor.into())),
            KeyFate::Filtered(name) => (None, Some(name.into())),
            KeyFate::Quarantined(code) => (None, Some(code.into())),
        };
        KeyRecord { row_no: row.row, key: row.key, outcome, new_key, detail }
    });
    let incident = |column, code, count| IncidentCount { incident: Incident { column, code }, count };
    TransformedChunk {
        chunk,
        run: start.run,
        payload: encode_payload(entity.columns.len(), output.loaded, &output.tuples).unwrap(),
        keys: keys.collect(),
        quarantine: output.rejects.into_iter().map(|r| QuarantineRecord { row_no: r.row, reject: r.reject }).collect(),
        incidents: output.incidents.into_iter().map(|i| incident(i.column, i.code, i.count)).collect(),
        controls: vec![],
        references: output
            .references
            .into_iter()
            .map(|r| ReferenceCount {
                column: r.column,
                parent: start.parents[r.parent].unwrap(),
                hit: r.hit,
                null: r.null,
                missing: r.missing,
                parent_quarantined: r.parent_quarantined,
                parent_filtered: r.parent_filtered,
            })
            .collect(),
    }
}

fn work(entity: &CompiledEntity, inputs: &Inputs, start: &Extracted, file: &Path, next: &AtomicUsize, done: &SyncSender<TransformedChunk>) {
    let reader = StagingReader::open(file).unwrap();
    while let Some(chunk) = start.chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
        let source = reader.load_extracted(*chunk).unwrap();
        let output = transform_chunk(entity, inputs, &source.tuples, &[]).unwrap();
        done.send(packed(entity, start, *chunk, output)).unwrap();
    }
}

fn store(writer: &mut StagingWriter, chunks: &Receiver<TransformedChunk>) {
    while let Ok(first) = chunks.recv() {
        writer.begin_batch().unwrap();
        writer.store_transformed(&first).unwrap();
        for chunk in chunks.try_iter().take(WAITING - 1) {
            writer.store_transformed(&chunk).unwrap();
        }
        writer.commit_batch().unwrap();
    }
}

/// Transforms everything that is extracted in `file`.
fn transform(entity: &CompiledEntity, inputs: &Inputs, start: &Extracted, file: &Path) {
    let (next, (done, chunks)) = (AtomicUsize::new(0), sync_channel(WAITING));
    let mut writer = StagingWriter::open(file).unwrap();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            let (next, done) = (&next, done.clone());
            scope.spawn(move || work(entity, inputs, start, file, next, &done));
        }
        drop(done);
        store(&mut writer, &chunks);
    });
}

fn end_to_end(criterion: &mut Criterion) {
    let plan = tempfile::tempdir().unwrap();
    let entity = support::tasks_entity(plan.path());
    let (inputs, start) = (support::inputs(&entity), extracted(&entity));
    let fresh = || -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("staging.db");
        std::fs::copy(start.folder.path().join("staging.db"), &file).unwrap();
        (folder, file)
    };
    let (checked, file) = fresh();
    transform(&entity, &inputs, &start, &file);
    let ledger = StagingReader::open(&file).unwrap().entity_ledger(EntityId(1)).unwrap();
    assert_eq!((ledger.read, ledger.pending.total()), (ROWS.unsigned_abs(), ROWS.unsigned_abs()));
    drop(checked);
    let mut group = criterion.benchmark_group("end to end");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ROWS.unsigned_abs()));
    group.bench_function("700,000 tasks from staged source rows to staged target rows", |bench| {
        bench.iter_batched(
            fresh,
            |(folder, file)| {
                transform(&entity, &inputs, &start, &file);
                folder
            },
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
