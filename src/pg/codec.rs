//! Field bytes to values and back, as PostgreSQL's binary send and receive functions write them. Boundary: one field at a time;
//! framing is `row::tuple`'s, the wire form of `numeric` is `row::Numeric`'s. Bytes are input: a malformed field is an error.

use std::borrow::Cow;

use thiserror::Error;

use crate::row::{Interval, Numeric, SqlType, Value};

/// Field bytes that are not what their type says.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the bytes of a {ty} field are malformed: {what}")]
pub struct MalformedField {
    /// The type.
    pub ty: String,
    /// What is wrong.
    pub what: &'static str,
}

/// A value that is not of the type it is to be written as.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a value of kind {kind} cannot be written as {ty}")]
pub struct Unencodable {
    /// The type.
    pub ty: String,
    /// The value's kind.
    pub kind: &'static str,
}

/// One day, the upper end of `time` (24:00 included).
const DAY_MICROS: i64 = 86_400_000_000;

/// Decodes the bytes of one field that is not NULL.
pub fn decode<'a>(ty: &SqlType, bytes: &'a [u8]) -> Result<Value<'a>, MalformedField> {
    let bad = |what| MalformedField { ty: ty.to_string(), what };
    let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| bad("not UTF-8"));
    Ok(match ty {
        SqlType::Bool => match bytes {
            [0] => Value::Bool(false),
            [1] => Value::Bool(true),
            _ => return Err(bad("expected one byte, 0 or 1")),
        },
        SqlType::Int2 => Value::Int2(i16::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 2 bytes"))?)),
        SqlType::Int4 => Value::Int4(i32::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 4 bytes"))?)),
        SqlType::Int8 => Value::Int8(i64::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 8 bytes"))?)),
        SqlType::Float4 => Value::Float4(f32::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 4 bytes"))?)),
        SqlType::Float8 => Value::Float8(f64::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 8 bytes"))?)),
        SqlType::Numeric => Value::Numeric(Numeric::from_wire(bytes).ok_or_else(|| bad("no numeric"))?),
        SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name | SqlType::Enum(_) => Value::Text(text(bytes)?),
        SqlType::Bytea => Value::Bytea(Cow::Borrowed(bytes)),
        SqlType::Date => Value::Date(i32::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 4 bytes"))?)),
        SqlType::Time => match fixed(bytes).map(i64::from_be_bytes) {
            Some(micros @ 0..=DAY_MICROS) => Value::Time(micros),
            _ => return Err(bad("expected 8 bytes within a day")),
        },
        SqlType::Timestamp => Value::Timestamp(i64::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 8 bytes"))?)),
        SqlType::TimestampTz => Value::TimestampTz(i64::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 8 bytes"))?)),
        SqlType::Interval => {
            let all: [u8; 16] = fixed(bytes).ok_or_else(|| bad("expected 16 bytes"))?;
            let (micros, rest) = all.split_at(8);
            let (days, months) = rest.split_at(4);
            let part = |b: &[u8]| fixed(b).map(i32::from_be_bytes).ok_or_else(|| bad("expected 16 bytes"));
            Value::Interval(Interval {
                months: part(months)?,
                days: part(days)?,
                micros: fixed(micros).map(i64::from_be_bytes).ok_or_else(|| bad("expected 16 bytes"))?,
            })
        }
        SqlType::Uuid => Value::Uuid(fixed(bytes).ok_or_else(|| bad("expected 16 bytes"))?),
        SqlType::Json => Value::Json(text(bytes)?),
        SqlType::Jsonb => match bytes {
            [1, rest @ ..] => Value::Jsonb(text(rest)?),
            _ => return Err(bad("expected version 1")),
        },
        SqlType::Other { .. } => Value::Raw(bytes),
    })
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// Appends the bytes of a value that is not NULL, without a length. The value must be of the type's own kind: conversions are
/// assignments, with their own rules and rejects, and none happens here.
pub fn encode(value: &Value<'_>, ty: &SqlType, out: &mut Vec<u8>) -> Result<(), Unencodable> {
    match (value, ty) {
        (Value::Bool(v), SqlType::Bool) => out.push(u8::from(*v)),
        (Value::Int2(v), SqlType::Int2) => out.extend_from_slice(&v.to_be_bytes()),
        (Value::Int4(v), SqlType::Int4) | (Value::Date(v), SqlType::Date) => out.extend_from_slice(&v.to_be_bytes()),
        (Value::Int8(v), SqlType::Int8)
        | (Value::Time(v), SqlType::Time)
        | (Value::Timestamp(v), SqlType::Timestamp)
        | (Value::TimestampTz(v), SqlType::TimestampTz) => out.extend_from_slice(&v.to_be_bytes()),
        (Value::Float4(v), SqlType::Float4) => out.extend_from_slice(&v.to_be_bytes()),
        (Value::Float8(v), SqlType::Float8) => out.extend_from_slice(&v.to_be_bytes()),
        (Value::Numeric(v), SqlType::Numeric) => v.to_wire(out),
        (Value::Text(v), SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name | SqlType::Enum(_))
        | (Value::Json(v), SqlType::Json) => out.extend_from_slice(v.as_bytes()),
        (Value::Bytea(v), SqlType::Bytea) => out.extend_from_slice(v),
        (Value::Interval(v), SqlType::Interval) => {
            out.extend_from_slice(&v.micros.to_be_bytes());
            out.extend_from_slice(&v.days.to_be_bytes());
            out.extend_from_slice(&v.months.to_be_bytes());
        }
        (Value::Uuid(v), SqlType::Uuid) => out.extend_from_slice(v),
        (Value::Jsonb(v), SqlType::Jsonb) => {
            out.push(1);
            out.extend_from_slice(v.as_bytes());
        }
        (Value::Raw(v), SqlType::Other { .. }) => out.extend_from_slice(v),
        _ => return Err(Unencodable { ty: ty.to_string(), kind: kind(value) }),
    }
    Ok(())
}

fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bool(_) => "boolean",
        Value::Int2(_) => "smallint",
        Value::Int4(_) => "integer",
        Value::Int8(_) => "bigint",
        Value::Float4(_) => "real",
        Value::Float8(_) => "double precision",
        Value::Numeric(_) => "numeric",
        Value::Text(_) => "text",
        Value::Bytea(_) => "bytea",
        Value::Date(_) => "date",
        Value::Time(_) => "time",
        Value::Timestamp(_) => "timestamp",
        Value::TimestampTz(_) => "timestamptz",
        Value::Interval(_) => "interval",
        Value::Uuid(_) => "uuid",
        Value::Json(_) => "json",
        Value::Jsonb(_) => "jsonb",
        Value::Raw(_) => "raw bytes",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::row::EnumType;

    fn all_types() -> Vec<SqlType> {
        let mut types: Vec<SqlType> =
            [16, 17, 19, 20, 21, 23, 25, 114, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1700, 2950, 3802]
                .into_iter()
                .map(|oid| SqlType::builtin(oid).unwrap())
                .collect();
        types.push(SqlType::Enum(Arc::new(EnumType { name: "mood".to_owned(), labels: vec!["ok".to_owned()] })));
        types.push(SqlType::Other { oid: 869, name: "inet".into() });
        types
    }

    proptest! {
        /// Whatever decodes, encodes to the same bytes; nothing panics. (A numeric can be written in more than one way.)
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(ty in prop::sample::select(all_types()), bytes in prop::collection::vec(any::<u8>(), 0..24), size in prop::option::of(prop::sample::select(vec![1_usize, 2, 4, 8, 16]))) {
            let mut bytes = bytes;
            if let Some(size) = size {
                bytes.resize(size, 1);
            }
            if let Ok(value) = decode(&ty, &bytes) {
                let mut again = Vec::new();
                encode(&value, &ty, &mut again).unwrap();
                if ty != SqlType::Numeric {
                    prop_assert_eq!(again, bytes);
                }
            }
        }

        #[test]
        fn a_value_of_another_kind_is_refused(ty in prop::sample::select(all_types())) {
            let mut out = Vec::new();
            prop_assert!(encode(&Value::Null, &ty, &mut out).is_err());
            if ty != SqlType::Bool {
                prop_assert!(encode(&Value::Bool(true), &ty, &mut out).is_err());
            }
            prop_assert!(out.is_empty());
        }
    }

    #[test]
    fn text_that_is_no_utf8_is_an_error() {
        assert_eq!(decode(&SqlType::Text, b"\xff").unwrap_err().what, "not UTF-8");
        assert_eq!(decode(&SqlType::Jsonb, b"\x02{}").unwrap_err().what, "expected version 1");
    }
}
