//! What transforming the largest entity of the flagship migration costs: a chunk of tasks with five references, the key
//! snapshots it looks them up in, and the minting of keys. `cargo bench --bench transform`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use etl::row::{KeyKind, LegacyKey, Outcome};
use etl::transform::{KeySnapshot, KeySnapshotBuilder, Minter, transform_chunk};
use support::{CHUNK, NAMESPACE, below, mixed, nth_id, tasks};

/// Keys of the largest parent.
const KEYS: i64 = 327_771;

fn chunk(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let entity = support::tasks_entity(folder.path());
    let (inputs, tuples) = (support::inputs(&entity), tasks(0..CHUNK));
    let output = transform_chunk(&entity, &inputs, &tuples, &[]).unwrap();
    // A bench that quarantined everything would be fast: eight rows in a thousand have no order, and few one in quarantine.
    assert!((26_700..26_800).contains(&output.loaded), "{}", output.loaded);
    let mut group = criterion.benchmark_group("transform");
    group.sample_size(30);
    group.throughput(Throughput::Elements(CHUNK.unsigned_abs()));
    group.bench_function("transform_chunk, 27,000 tasks", |bench| {
        bench.iter(|| transform_chunk(&entity, &inputs, black_box(&tuples), &[]).unwrap());
    });
}

/// The `n`-th key of a kind of table.
type Nth = fn(i64) -> LegacyKey;

/// How keys can lie: close together, far apart, and as text.
const LAYOUTS: [(&str, KeyKind, Nth); 3] = [
    ("dense", KeyKind::Int, |n| LegacyKey::Int(nth_id(n))),
    ("sparse", KeyKind::Int, |n| LegacyKey::Int(n * 1_000 + below(256, mixed(n)))),
    ("text", KeyKind::Text, |n| LegacyKey::Text(format!("{}:{}", n / 7, n % 7).into())),
];

fn build(keys: &[LegacyKey], kind: KeyKind) -> KeySnapshot {
    let mut builder = KeySnapshotBuilder::new(kind);
    for key in keys {
        builder.add(key.clone(), Outcome::Loaded, Some([7; 16]));
    }
    builder.finish()
}

fn snapshots(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    group.sample_size(10);
    for (name, kind, nth) in LAYOUTS {
        let keys: Vec<LegacyKey> = (0..KEYS).map(nth).collect();
        group.throughput(Throughput::Elements(KEYS.unsigned_abs()));
        group.bench_function(format!("build, 327,771 keys, {name}"), |bench| bench.iter(|| build(black_box(&keys), kind)));
        let snapshot = build(&keys, kind);
        // Not in key order: neighbours in a chunk of children name parents far apart.
        let asked: Vec<LegacyKey> = (0..CHUNK).map(|n| nth(below(KEYS, mixed(n)))).collect();
        group.throughput(Throughput::Elements(CHUNK.unsigned_abs()));
        group.bench_function(format!("look up, {name}"), |bench| {
            bench.iter(|| asked.iter().filter(|key| snapshot.fate(black_box(key)).is_some()).count());
        });
    }
}

fn minting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mint");
    group.throughput(Throughput::Elements(CHUNK.unsigned_abs()));
    for (name, _, nth) in LAYOUTS.into_iter().filter(|(name, ..)| *name != "sparse") {
        let keys: Vec<LegacyKey> = (0..CHUNK).map(|n| nth(n * 11)).collect();
        let mut minter = Minter::new(NAMESPACE, "treatment_plans");
        group.bench_function(format!("{name} keys"), |bench| {
            bench.iter(|| keys.iter().fold(0, |seen, key| seen ^ minter.mint(black_box(key))[0]));
        });
    }
}

criterion_group!(benches, chunk, snapshots, minting);
criterion_main!(benches);
