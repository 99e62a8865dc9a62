//! What the staging file costs: storing the transformed chunks of the largest entity with their keys, reading the keys back for
//! a snapshot, packing and unpacking payloads. `cargo bench --bench staging`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use etl::row::{LegacyKey, Outcome, TupleWriter};
use etl::staging::{ChunkId, ExtractedChunk, KeyRecord, RunId, StagingReader, TransformedChunk, decode_payload, encode_payload};
use support::Staging;
use uuid::Uuid;

/// The tasks of the flagship migration, in chunks of some 4 MB.
const KEYS: i64 = 768_962;
const ROWS: i64 = 24_000;
/// Chunks that are committed together.
const BATCH: usize = 4;

/// Tuples like those of a task: an id, two references, two times, a state, a text.
fn tuples(keys: std::ops::Range<i64>) -> Vec<u8> {
    let mut writer = TupleWriter::default();
    for key in keys {
        writer.begin(7);
        writer.field(new_key(key).as_bytes());
        writer.field(new_key(key / 3).as_bytes());
        writer.field(new_key(key / 40).as_bytes());
        writer.field(&(700_000_000_000_000 + key * 61_000_000).to_be_bytes());
        writer.field(&(700_000_000_000_000 + key * 61_700_123).to_be_bytes());
        writer.field(if key % 3 == 0 { b"completed" } else { b"open" });
        writer.field(format!("Task {key}: see the treatment plan of the patient and call back").as_bytes());
    }
    writer.into_bytes()
}

/// As random as a minted key, at less cost.
fn new_key(key: i64) -> Uuid {
    let mixed = u128::from(key.unsigned_abs() + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Uuid::from_u128(mixed ^ (mixed >> 67))
}

fn ranges() -> Vec<std::ops::Range<i64>> {
    (0..KEYS).step_by(usize::try_from(ROWS).unwrap()).map(|first| first..(first + ROWS).min(KEYS)).collect()
}

fn extract(file: &mut Staging, payload: impl Fn(&std::ops::Range<i64>) -> Vec<u8>) {
    for (batch, ranges) in (0_u32..).zip(ranges().chunks(BATCH)) {
        file.writer.begin_batch().unwrap();
        for (seq, range) in (batch * u32::try_from(BATCH).unwrap()..).zip(ranges) {
            let chunk = ExtractedChunk {
                entity: file.entity,
                range_no: 0,
                seq,
                snapshot: file.snapshot,
                run: file.run,
                first_key: LegacyKey::Int(range.start),
                last_key: LegacyKey::Int(range.end - 1),
                payload: payload(range),
            };
            file.writer.store_extracted(&chunk, false).unwrap();
        }
        file.writer.commit_batch().unwrap();
    }
}

fn transformed(run: RunId) -> Vec<TransformedChunk> {
    let record =
        |(row_no, key)| KeyRecord { row_no, key: LegacyKey::Int(key), outcome: Outcome::Loaded, new_key: Some(new_key(key)), detail: None };
    (1..)
        .zip(ranges())
        .map(|(chunk, range)| TransformedChunk {
            chunk: ChunkId(chunk),
            run,
            payload: encode_payload(7, range.clone().count() as u64, &tuples(range.clone())).unwrap(),
            keys: (0..).zip(range).map(record).collect(),
            quarantine: vec![],
            incidents: vec![],
            controls: vec![],
            references: vec![],
        })
        .collect()
}

fn store(file: &mut Staging, chunks: &[TransformedChunk]) {
    for batch in chunks.chunks(BATCH) {
        file.writer.begin_batch().unwrap();
        for chunk in batch {
            file.writer.store_transformed(chunk).unwrap();
        }
        file.writer.commit_batch().unwrap();
    }
}

fn staging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("staging");
    group.sample_size(10);
    group.throughput(Throughput::Elements(KEYS.unsigned_abs()));
    // Source rows of one byte: what is measured is the storing of keys and target rows.
    let small = |range: &std::ops::Range<i64>| encode_payload(1, range.clone().count() as u64, &[0]).unwrap();
    let chunks = transformed(RunId(Uuid::nil()));
    let prepare = |folder: &tempfile::TempDir| {
        let mut file = support::staging(folder.path());
        extract(&mut file, small);
        let mut chunks = chunks.clone();
        for chunk in &mut chunks {
            chunk.run = file.run;
        }
        (file, chunks)
    };
    group.bench_function("store_transformed, 768,962 keys", |bench| {
        bench.iter_batched(
            || {
                let folder = tempfile::tempdir().unwrap();
                let (file, chunks) = prepare(&folder);
                (folder, file, chunks)
            },
            |(folder, mut file, chunks)| {
                store(&mut file, &chunks);
                (folder, file, chunks)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("store_transformed, 768,962 keys, four ranges at once", |bench| {
        bench.iter_batched(
            || {
                let folder = tempfile::tempdir().unwrap();
                let (file, chunks) = prepare(&folder);
                let quarter = chunks.len().div_ceil(4);
                let order = (0..quarter).flat_map(|at| (0..4).map(move |range| range * quarter + at));
                let interleaved: Vec<_> = order.filter_map(|at| chunks.get(at).cloned()).collect();
                (folder, file, interleaved)
            },
            |(folder, mut file, chunks)| {
                store(&mut file, &chunks);
                (folder, file, chunks)
            },
            BatchSize::PerIteration,
        );
    });
    let payloads: Vec<_> = chunks.iter().map(|chunk| chunk.payload.clone()).collect();
    group.bench_function("store_extracted, 768,962 rows", |bench| {
        bench.iter_batched(
            || {
                let folder = tempfile::tempdir().unwrap();
                let file = support::staging(folder.path());
                (folder, file)
            },
            |(folder, mut file)| {
                extract(&mut file, |range| payloads[usize::try_from(range.start / ROWS).unwrap()].clone());
                (folder, file)
            },
            BatchSize::PerIteration,
        );
    });
    let folder = tempfile::tempdir().unwrap();
    let (mut file, filled) = prepare(&folder);
    store(&mut file, &filled);
    let reader = StagingReader::open(&folder.path().join("staging.db")).unwrap();
    group.bench_function("for_each_key, 768,962 keys", |bench| {
        bench.iter(|| {
            let mut keys = Vec::with_capacity(768_962);
            reader.for_each_key(file.entity, |row| keys.push((row.key, row.new_key))).unwrap();
            keys
        });
    });
    group.bench_function("tuple_rows, 768,962 keys", |bench| {
        bench.iter(|| filled.iter().map(|chunk| reader.tuple_rows(chunk.chunk).unwrap().len()).sum::<usize>());
    });
    group.bench_function("check_collisions, 768,962 keys", |bench| bench.iter(|| reader.check_collisions("public.tasks").unwrap()));
    group.bench_function("check_ledger, 768,962 keys", |bench| bench.iter(|| reader.check_ledger(file.entity).unwrap()));
    group.bench_function("load_transformed, 768,962 rows", |bench| {
        bench.iter(|| filled.iter().map(|chunk| reader.load_transformed(chunk.chunk).unwrap().tuples.len()).sum::<usize>());
    });
    group.bench_function("invalidate and store again, 768,962 keys", |bench| {
        bench.iter(|| {
            file.writer.invalidate_transform(&[file.entity]).unwrap();
            store(&mut file, &filled);
        });
    });
}

fn payload(criterion: &mut Criterion) {
    let tuples = tuples(0..ROWS);
    let packed = encode_payload(7, ROWS.unsigned_abs(), &tuples).unwrap();
    let mut group = criterion.benchmark_group("payload");
    group.throughput(Throughput::Bytes(tuples.len() as u64));
    group.bench_function("encode", |bench| bench.iter(|| encode_payload(7, ROWS.unsigned_abs(), black_box(&tuples)).unwrap()));
    group.bench_function("decode", |bench| bench.iter(|| decode_payload(black_box(&packed)).unwrap()));
}

criterion_group!(benches, payload, staging);
criterion_main!(benches);
