//! What the expression language costs: columns as plans have them, each beside the same column in Rust by hand. Both read field
//! bytes and give a value, and must agree on every row. `cargo bench --bench expression`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use etl::expr::{Context, EntityKey, EvalError, Expr, Fault, Functions, Reference, Resolved, Scope, bind, parse};
use etl::row::decode;
use etl::row::{Column, LegacyKey, Numeric, SqlType, TupleWriter, Tuples, Value};
use rust_decimal::Decimal;
use support::{below, column, mixed, optional};

const ROWS: i64 = 10_000;

/// 2020-01-01 00:00 UTC in microseconds since 2000-01-01.
const YEAR_2020: i64 = 631_152_000_000_000;

/// A row of the source: its fields, in the order of [`columns`].
type Row<'r> = [Option<&'r [u8]>];
type ByHand = for<'r> fn(&Row<'r>) -> Value<'r>;

fn columns() -> Vec<Column> {
    vec![
        column("first_name", SqlType::Text, true),
        column("last_name", SqlType::Text, true),
        column("email", SqlType::Varchar, true),
        column("price", SqlType::Numeric, true),
        column("quantity", SqlType::Int4, true),
        column("state", SqlType::Int4, true),
        column("checked", SqlType::Bool, false),
        column("made_at", SqlType::TimestampTz, true),
    ]
}

fn rows() -> Vec<u8> {
    let mut writer = TupleWriter::default();
    for n in 0..ROWS {
        let x = mixed(n);
        let few = below(256, x);
        let email = match n % 10 {
            0 => None,
            1 => Some("  ".to_owned()),
            _ => Some(format!(" M.Mueller{n}@Example.org")),
        };
        writer.begin(8);
        writer.field(if n % 3 == 0 { b" Magdalena " } else { b"Johann" });
        optional(&mut writer, (n % 97 != 0).then_some("Müller-Lüdenscheidt "));
        optional(&mut writer, email);
        writer.field_with(|out| Numeric::Small(Decimal::new(below(10_000_000, x >> 8), 2)).to_wire(out));
        writer.field(&i32::try_from(few).unwrap().to_be_bytes());
        writer.field(&i32::try_from(few % 5).unwrap().to_be_bytes());
        writer.field(&[u8::from(few % 2 == 0)]);
        optional(&mut writer, (n % 10 != 5).then(|| (YEAR_2020 + (few - 128) * 1_000_000).to_be_bytes()));
    }
    writer.into_bytes()
}

/// Reads fields as a transform does, and has no surroundings.
struct Fields<'c, 'r> {
    columns: &'c [Column],
    row: &'c Row<'r>,
}

impl<'r> Context<'r> for Fields<'_, 'r> {
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError> {
        let Some(bytes) = self.row[column] else { return Ok(Value::Null) };
        decode(&self.columns[column].ty, bytes)
            .map_err(|error| Fault::Reject { code: Cow::Borrowed("FIELD_MALFORMED"), message: Cow::Owned(error.to_string()) }.into())
    }

    fn bytes(&self, column: usize) -> Option<&'r [u8]> {
        self.row[column]
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Ok([0; 16])
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        Cow::Borrowed("")
    }

    fn resolve(&mut self, _: &'r Reference, _: LegacyKey) -> Resolved {
        Resolved::Missing
    }

    fn incident(&mut self, _: &'r str) {}

    fn run_started_at(&self) -> i64 {
        0
    }
}

fn text(field: Option<&[u8]>) -> Option<&str> {
    field.map(|bytes| std::str::from_utf8(bytes).unwrap())
}

fn int4(field: Option<&[u8]>) -> Option<i32> {
    field.map(|bytes| i32::from_be_bytes(bytes.try_into().unwrap()))
}

fn decimal(field: Option<&[u8]>) -> Option<Decimal> {
    match Numeric::from_wire(field?).unwrap() {
        Numeric::Small(value) => Some(value),
        _ => None,
    }
}

fn full_name<'r>(row: &Row<'r>) -> Value<'r> {
    match (text(row[0]), text(row[1])) {
        (Some(first), Some(last)) => {
            let (first, last) = (first.trim_matches(' '), last.trim_matches(' '));
            let mut name = String::with_capacity(first.len() + last.len() + 1);
            name.push_str(first);
            name.push(' ');
            name.push_str(last);
            Value::Text(name.into())
        }
        _ => Value::Null,
    }
}

fn email<'r>(row: &Row<'r>) -> Value<'r> {
    let Some(email) = text(row[2]).map(|email| email.trim_matches(' ')) else { return Value::Null };
    if email.is_empty() { Value::Null } else { Value::Text(email.to_lowercase().into()) }
}

fn amount<'r>(row: &Row<'r>) -> Value<'r> {
    match (decimal(row[3]), int4(row[4])) {
        (Some(price), Some(quantity)) => Value::Numeric(Numeric::Small(price.checked_mul(Decimal::from(quantity)).unwrap())),
        _ => Value::Null,
    }
}

fn status<'r>(row: &Row<'r>) -> Value<'r> {
    let (state, checked) = (int4(row[5]), row[6] == Some(&[1]));
    Value::text(match state {
        Some(1) if checked => "completed",
        Some(1) => "in_review",
        Some(2) => "in_progress",
        Some(3) => "on_hold",
        _ => "pending",
    })
}

fn recent<'r>(row: &Row<'r>) -> Value<'r> {
    row[7].map_or(Value::Null, |bytes| Value::Bool(i64::from_be_bytes(bytes.try_into().unwrap()) >= YEAR_2020))
}

const CASES: [(&str, &str, ByHand); 5] = [
    ("trim and concat", "btrim(first_name) || ' ' || btrim(last_name)", full_name),
    ("lower, trim, nullif", "nullif(lower(btrim(email)), '')", email),
    ("exact price × quantity", "price * quantity", amount),
    (
        "case with four arms",
        "case when state = 1 and checked then 'completed' when state = 1 then 'in_review' when state = 2 then 'in_progress' \
         when state = 3 then 'on_hold' else 'pending' end",
        status,
    ),
    ("comparison", "made_at >= '2020-01-01 00:00:00+00'", recent),
];

fn bound(text: &str, columns: &[Column]) -> Expr {
    let (functions, codes) = (Functions::new(), BTreeMap::new());
    let entities = |_: &str| None::<EntityKey>;
    let scope = Scope { columns, functions: &functions, codes: &codes, entities: &entities, entity_names: &[], new_id: &SqlType::Uuid };
    bind(&parse(text).unwrap(), &scope, None).unwrap()
}

fn expressions(criterion: &mut Criterion) {
    let (columns, bytes) = (columns(), rows());
    let mut rows: Vec<Vec<Option<&[u8]>>> = Vec::new();
    let (mut walk, mut fields) = (Tuples::new(&bytes, columns.len()), Vec::new());
    while walk.next_into(&mut fields).unwrap().is_some() {
        rows.push(fields.clone());
    }
    for (name, text, by_hand) in CASES {
        let expr = bound(text, &columns);
        for row in &rows {
            assert_eq!(expr.eval(&mut Fields { columns: &columns, row }).unwrap(), by_hand(row), "{text}");
        }
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(ROWS.unsigned_abs()));
        group.bench_function("expression", |bench| {
            bench.iter(|| {
                for row in &rows {
                    black_box(black_box(&expr).eval(&mut Fields { columns: &columns, row }).unwrap());
                }
            });
        });
        group.bench_function("by hand", |bench| {
            bench.iter(|| {
                for row in &rows {
                    black_box(black_box(by_hand)(row));
                }
            });
        });
    }
}

criterion_group!(benches, expressions);
criterion_main!(benches);
