//! What field bytes cost: from bytes to values and back for the types that a legacy database is made of, the walk over the
//! tuples of a chunk, and cutting them out of what the server sends. `cargo bench --bench codec`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use etl::pg::{CopySplitter, copy_header, copy_trailer};
use etl::row::{Numeric, SqlType, Tuples, Value, decode, encode};
use support::{CHUNK, mixed, task_columns, tasks};

/// Fields of one type that are decoded and encoded in one go.
const FIELDS: i64 = 10_000;

/// A field of the type, as the server sends it.
fn field(ty: &SqlType, n: i64) -> Vec<u8> {
    let x = mixed(n);
    let low = i32::try_from(x & 0x7FFF_FFFF).unwrap();
    let value = match ty {
        SqlType::Int4 => Value::Int4(low),
        SqlType::Int8 => Value::Int8(i64::from(low) << 8),
        // Amounts with two digits behind the point, up to 21,474,836.47.
        SqlType::Numeric => Value::Numeric(Numeric::from_big(format!("{}.{:02}", low / 100, low % 100).parse().unwrap())),
        SqlType::Text => Value::Text(format!("Näheres zu Vorgang {n}: see the plan of the patient").into()),
        SqlType::TimestampTz => Value::TimestampTz(700_000_000_000_000 + n * 61_000_000),
        SqlType::Uuid => Value::Uuid((u128::from(x) << 64 | u128::from(mixed(n + FIELDS))).to_be_bytes()),
        _ => Value::Jsonb(format!(r#"{{"jaw": {}, "kind": "aligner", "steps": [1, 2, {n}], "note": "none"}}"#, n % 4).into()),
    };
    let mut bytes = Vec::new();
    encode(&value, ty, &mut bytes).unwrap();
    bytes
}

fn fields(criterion: &mut Criterion) {
    for (direction, name) in [(Direction::Decode, "decode"), (Direction::Encode, "encode")] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(FIELDS.unsigned_abs()));
        for ty in [SqlType::Int4, SqlType::Int8, SqlType::Numeric, SqlType::Text, SqlType::TimestampTz, SqlType::Uuid, SqlType::Jsonb] {
            let fields: Vec<Vec<u8>> = (0..FIELDS).map(|n| field(&ty, n)).collect();
            let values: Vec<Value<'_>> = fields.iter().map(|bytes| decode(&ty, bytes).unwrap()).collect();
            let mut out = Vec::with_capacity(fields.iter().map(Vec::len).sum());
            group.bench_function(ty.to_string(), |bench| match direction {
                Direction::Decode => bench.iter(|| {
                    for bytes in &fields {
                        black_box(decode(black_box(&ty), bytes).unwrap());
                    }
                }),
                Direction::Encode => bench.iter(|| {
                    out.clear();
                    for value in &values {
                        encode(value, black_box(&ty), &mut out).unwrap();
                    }
                    out.len()
                }),
            });
        }
        group.finish();
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Decode,
    Encode,
}

fn walk(criterion: &mut Criterion) {
    let (bytes, columns) = (tasks(0..CHUNK), task_columns());
    let mut group = criterion.benchmark_group("tuples");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("walk", |bench| {
        bench.iter(|| {
            let (mut walk, mut fields, mut rows) = (Tuples::new(black_box(&bytes), columns.len()), Vec::new(), 0_u32);
            while walk.next_into(&mut fields).unwrap().is_some() {
                black_box(&fields);
                rows += 1;
            }
            rows
        });
    });
    group.bench_function("walk and decode every field", |bench| {
        bench.iter(|| {
            let (mut walk, mut fields) = (Tuples::new(black_box(&bytes), columns.len()), Vec::new());
            while walk.next_into(&mut fields).unwrap().is_some() {
                for (column, field) in columns.iter().zip(&fields) {
                    if let Some(bytes) = field {
                        black_box(decode(&column.ty, bytes).unwrap());
                    }
                }
            }
        });
    });
}

/// Cutting what the server sends into batches: one message a row, as COPY has it.
fn split(criterion: &mut Criterion) {
    let (bytes, columns) = (tasks(0..CHUNK), task_columns());
    let mut header = Vec::new();
    copy_header(&mut header);
    let mut messages = vec![header];
    let (mut walk, mut fields) = (Tuples::new(&bytes, columns.len()), Vec::new());
    while let Some(row) = walk.next_into(&mut fields).unwrap() {
        messages.push(bytes[row].to_vec());
    }
    let mut trailer = Vec::new();
    copy_trailer(&mut trailer);
    messages.push(trailer);
    let mut group = criterion.benchmark_group("copy");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("split", |bench| {
        bench.iter(|| {
            let mut splitter = CopySplitter::new(columns.len(), 1 << 20);
            for message in black_box(&messages) {
                splitter.push(message).unwrap();
                black_box(splitter.take_full());
            }
            splitter.finish().unwrap()
        });
    });
}

criterion_group!(benches, fields, walk, split);
criterion_main!(benches);
