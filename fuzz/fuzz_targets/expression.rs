//! Expressions: whatever is written is parsed and bound or refused, and what is bound gives a value or an error for every row.
#![no_main]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use etl::expr::{CodeTable, Context, EntityKey, EvalError, Functions, Reference, Resolved, Scope, bind, parse};
use etl::row::{ArrayWriter, Column, Dimension, EnumType, Interval, KeyKind, LegacyKey, Numeric, SqlType, Value};
use libfuzzer_sys::fuzz_target;

struct Row<'r>(&'r [Value<'static>]);

impl<'r> Context<'r> for Row<'r> {
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError> {
        Ok(self.0[column].borrowed())
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Ok([7; 16])
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        Cow::Borrowed("4711")
    }

    fn resolve(&mut self, _: &'r Reference, key: LegacyKey) -> Resolved {
        if key == LegacyKey::Int(1) { Resolved::Found([1; 16]) } else { Resolved::Missing }
    }

    fn incident(&mut self, _: &'r str) {}

    fn run_started_at(&self) -> i64 {
        0
    }
}

struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value<'static>>>,
}

fn array(elements: &[i32]) -> Value<'static> {
    let dimensions = [Dimension { length: i32::try_from(elements.len()).unwrap_or(0), lower: 1 }];
    let mut writer = ArrayWriter::new(&dimensions, 23);
    for element in elements {
        let written: Result<(), ()> = writer.element(|out| {
            out.extend_from_slice(&element.to_be_bytes());
            Ok(())
        });
        written.expect("written");
    }
    Value::Array(Cow::Owned(writer.finish()))
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mood = SqlType::Enum(Arc::new(EnumType { name: "mood".to_owned(), labels: vec!["sad".to_owned(), "ok".to_owned()] }));
    let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
    let raw = |bytes: &'static [u8]| Value::Raw(Cow::Borrowed(bytes));
    let numeric = |text: &str| {
        let sign = if text.starts_with('-') { 0x40_u8 } else { 0 };
        Value::Numeric(Numeric::from_wire(&[0, 1, 0, 0, sign, 0, 0, 2, 0, 7]).expect("a numeric"))
    };
    let interval = |months, days, micros| Value::Interval(Interval { months, days, micros });
    let all: Vec<(&str, SqlType, [Value<'static>; 2])> = vec![
        ("b", SqlType::Bool, [Value::Bool(true), Value::Bool(false)]),
        ("i2", SqlType::Int2, [Value::Int2(i16::MIN), Value::Int2(3)]),
        ("i4", SqlType::Int4, [Value::Int4(i32::MIN), Value::Int4(1)]),
        ("i8", SqlType::Int8, [Value::Int8(i64::MIN), Value::Int8(i64::MAX)]),
        ("n", SqlType::Numeric, [numeric("7.00"), numeric("-7.00")]),
        ("nan", SqlType::Numeric, [Value::Numeric(Numeric::NaN), Value::Numeric(Numeric::NegInfinity)]),
        ("f4", SqlType::Float4, [Value::Float4(-0.0), Value::Float4(f32::MAX)]),
        ("f8", SqlType::Float8, [Value::Float8(f64::NAN), Value::Float8(5e-324)]),
        ("t", SqlType::Text, [text("Äpfel 😀 e\u{301} 2024-02-29"), text("")]),
        ("v", SqlType::Varchar, [text("abc"), text("12.50")]),
        ("c", SqlType::Bpchar, [text("ab   "), text("     ")]),
        ("x", SqlType::Citext, [text("MiXed"), text("é")]),
        ("y", SqlType::Bytea, [Value::Bytea(Cow::Borrowed(b"\x00\xff")), Value::Bytea(Cow::Borrowed(b""))]),
        ("d", SqlType::Date, [Value::Date(i32::MAX), Value::Date(-2_451_507)]),
        ("tm", SqlType::Time, [Value::Time(86_400_000_000), Value::Time(1)]),
        ("ttz", SqlType::TimeTz, [Value::TimeTz(0, 57_599), Value::TimeTz(86_400_000_000, -57_599)]),
        ("ts", SqlType::Timestamp, [Value::Timestamp(i64::MIN), Value::Timestamp(9_223_371_331_199_999_999)]),
        ("tz", SqlType::TimestampTz, [Value::TimestampTz(-211_813_488_000_000_000), Value::TimestampTz(0)]),
        ("iv", SqlType::Interval, [interval(i32::MAX, i32::MIN, i64::MIN), interval(14, -3, 1)]),
        ("u", SqlType::Uuid, [Value::Uuid([0; 16]), Value::Uuid([255; 16])]),
        ("j", SqlType::Json, [Value::Json(Cow::Borrowed("{ \"a\" : [1, null] }")), Value::Json(Cow::Borrowed("\"x\""))]),
        ("jb", SqlType::Jsonb, [Value::Jsonb(Cow::Borrowed("{\"a\": [1, {\"b\": null}]}")), Value::Jsonb(Cow::Borrowed("[]"))]),
        ("ip", SqlType::Inet, [raw(&[2, 24, 0, 4, 192, 168, 1, 5]), raw(&[3, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4])]),
        ("net", SqlType::Cidr, [raw(&[2, 8, 1, 4, 10, 0, 0, 0]), raw(&[2, 0, 1, 4, 0, 0, 0, 0])]),
        ("mac", SqlType::Macaddr, [raw(&[1, 2, 3, 4, 5, 6]), raw(&[255; 6])]),
        ("mac8", SqlType::Macaddr8, [raw(&[1, 2, 3, 255, 254, 4, 5, 6]), raw(&[255; 8])]),
        ("w", SqlType::Varbit, [raw(&[0, 0, 0, 9, 0xAA, 0x80]), raw(&[0, 0, 0, 0])]),
        ("m", mood, [text("sad"), text("ok")]),
        ("a", SqlType::Int4.array(), [array(&[1, 2, 3]), array(&[])]),
    ];
    let columns = all.iter().map(|(name, ty, _)| Column { name: (*name).to_owned(), ty: ty.clone(), typmod: -1, nullable: true }).collect();
    let row = |n: usize| all.iter().map(|(_, _, values)| values[n].clone()).collect();
    let nulls = all.iter().map(|_| Value::Null).collect();
    Table { columns, rows: vec![row(0), row(1), nulls] }
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(ast) = parse(text) else { return };
    let functions = Functions::new();
    let codes: BTreeMap<String, Arc<CodeTable>> = BTreeMap::new();
    let entities = |name: &str| (name == "parents").then(|| EntityKey { index: 0, key: vec![KeyKind::Int], new_key: SqlType::Uuid });
    let names = ["parents".to_owned()];
    let scope = Scope { columns: &TABLE.columns, functions: &functions, codes: &codes, entities: &entities, entity_names: &names, new_id: &SqlType::Uuid };
    for expected in [None, Some(&SqlType::Text), Some(&SqlType::Int4)] {
        let Ok(expr) = bind(&ast, &scope, expected) else { continue };
        let _ = expr.to_sql();
        for row in &TABLE.rows {
            let result = expr.eval(&mut Row(row));
            if result.as_ref().is_err_and(|error| error.sqlstate().is_some()) {
                assert!(expr.fallible(), "an error that was not announced: {text}");
            }
        }
    }
});
