//! Field bytes to values and back, as PostgreSQL's binary send and receive functions write them. Boundary: one field at a time;
//! framing is `tuple.rs`, the wire form of `numeric` is `numeric.rs`, that of arrays `array.rs`. Bytes are input: a malformed field
//! is an error.

use std::borrow::Cow;

use thiserror::Error;

use super::{Array, ArrayWriter, AttributeWriter, Attributes, CompositeType, Interval, Numeric, SqlType, Value};

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
        SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name | SqlType::Citext | SqlType::Enum(_) => {
            Value::Text(text(bytes)?)
        }
        SqlType::Bytea => Value::Bytea(Cow::Borrowed(bytes)),
        SqlType::Date => Value::Date(i32::from_be_bytes(fixed(bytes).ok_or_else(|| bad("expected 4 bytes"))?)),
        SqlType::Time => match fixed(bytes).map(i64::from_be_bytes) {
            Some(micros @ 0..=DAY_MICROS) => Value::Time(micros),
            _ => return Err(bad("expected 8 bytes within a day")),
        },
        SqlType::TimeTz => match bytes.split_at_checked(8).and_then(|(m, z)| Some((fixed(m)?, fixed(z)?))) {
            Some((micros, west)) => match (i64::from_be_bytes(micros), i32::from_be_bytes(west)) {
                // timetz_recv: less than 16 hours either way.
                (micros @ 0..=DAY_MICROS, west @ -57_599..=57_599) => Value::TimeTz(micros, west),
                _ => return Err(bad("expected a time within a day and a zone within 16 hours")),
            },
            None => return Err(bad("expected 12 bytes")),
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
        SqlType::Array(array) => {
            check_array(&array.element, bytes, DEEPEST).ok_or_else(|| bad("no array of its elements"))?;
            Value::Array(Cow::Borrowed(bytes))
        }
        SqlType::Composite(composite) => {
            check_composite(composite, bytes, DEEPEST).ok_or_else(|| bad("no row of its attributes"))?;
            Value::Raw(Cow::Borrowed(bytes))
        }
        SqlType::Money => Value::Raw(Cow::Borrowed(fixed::<8>(bytes).map(|_| bytes).ok_or_else(|| bad("expected 8 bytes"))?)),
        SqlType::Macaddr => Value::Raw(Cow::Borrowed(fixed::<6>(bytes).map(|_| bytes).ok_or_else(|| bad("expected 6 bytes"))?)),
        SqlType::Macaddr8 => Value::Raw(Cow::Borrowed(fixed::<8>(bytes).map(|_| bytes).ok_or_else(|| bad("expected 8 bytes"))?)),
        SqlType::Inet | SqlType::Cidr => {
            // Family, bits of the mask, whether it is a cidr, length of the address, the address.
            match bytes {
                [2, 0..=32, 0 | 1, 4, address @ ..] if address.len() == 4 => {}
                [3, 0..=128, 0 | 1, 16, address @ ..] if address.len() == 16 => {}
                _ => return Err(bad("no network address")),
            }
            Value::Raw(Cow::Borrowed(bytes))
        }
        SqlType::Bit | SqlType::Varbit => {
            let bits = bytes.first_chunk().map(|n| i32::from_be_bytes(*n)).and_then(|n| usize::try_from(n).ok());
            if bits.is_none_or(|bits| bytes.len() - 4 != bits.div_ceil(8)) {
                return Err(bad("as many bytes as its bits need"));
            }
            Value::Raw(Cow::Borrowed(bytes))
        }
        SqlType::Xml | SqlType::Other { .. } => Value::Raw(Cow::Borrowed(bytes)),
    })
}

/// Arrays in composites in arrays: more than anyone has, and few enough for any stack.
const DEEPEST: usize = 32;

/// Whether every element decodes as the element's type.
fn check_array(element: &SqlType, bytes: &[u8], deeper: usize) -> Option<()> {
    Array::read(bytes)?.iter().flatten().try_for_each(|field| check(element, field, deeper))
}

fn check(ty: &SqlType, field: &[u8], deeper: usize) -> Option<()> {
    let deeper = deeper.checked_sub(1)?;
    match ty {
        SqlType::Array(array) => check_array(&array.element, field, deeper),
        SqlType::Composite(composite) => check_composite(composite, field, deeper),
        ty => decode(ty, field).ok().map(|_| ()),
    }
}

fn check_composite(composite: &CompositeType, bytes: &[u8], deeper: usize) -> Option<()> {
    let mut pairs = Attributes::read(bytes, composite.fields.len())?.zip(&composite.fields);
    pairs.try_for_each(|(field, of)| field.map_or(Some(()), |field| check(&of.ty, field, deeper)))
}

/// Appends field bytes that were read from one server as another one takes them: the OIDs of types that users made are put in
/// anew, everything else stays what it is. The bytes were checked by [`decode`] already.
fn transcribe(ty: &SqlType, bytes: &[u8], out: &mut Vec<u8>, deeper: usize) -> Option<()> {
    let deeper = deeper.checked_sub(1)?;
    match ty {
        SqlType::Array(array) => {
            let read = Array::read(bytes)?;
            let mut writer = ArrayWriter::append(std::mem::take(out), read.dimensions(), array.element_oid.0);
            for element in &read {
                match element {
                    None => writer.null(),
                    Some(field) => writer.element(|out| transcribe(&array.element, field, out, deeper).ok_or(())).ok()?,
                }
            }
            *out = writer.finish();
        }
        SqlType::Composite(composite) => {
            let fields = Attributes::read(bytes, composite.fields.len())?;
            let mut writer = AttributeWriter::append(std::mem::take(out), composite.fields.len());
            for (field, of) in fields.zip(&composite.fields) {
                match field {
                    None => writer.null(of.oid.0),
                    Some(field) => writer.attribute(of.oid.0, |out| transcribe(&of.ty, field, out, deeper).ok_or(())).ok()?,
                }
            }
            *out = writer.finish();
        }
        _ => out.extend_from_slice(bytes),
    }
    Some(())
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
        (Value::Text(v), SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name | SqlType::Citext | SqlType::Enum(_))
        | (Value::Json(v), SqlType::Json) => out.extend_from_slice(v.as_bytes()),
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
        (Value::TimeTz(micros, west), SqlType::TimeTz) => {
            out.extend_from_slice(&micros.to_be_bytes());
            out.extend_from_slice(&west.to_be_bytes());
        }
        (Value::Array(v), SqlType::Array(_)) | (Value::Raw(v), SqlType::Composite(_)) => {
            transcribe(ty, v, out, DEEPEST).ok_or_else(|| Unencodable { ty: ty.to_string(), kind: kind(value) })?;
        }
        (Value::Bytea(v), SqlType::Bytea)
        | (
            Value::Raw(v),
            SqlType::Xml
            | SqlType::Money
            | SqlType::Inet
            | SqlType::Cidr
            | SqlType::Macaddr
            | SqlType::Macaddr8
            | SqlType::Bit
            | SqlType::Varbit
            | SqlType::Other { .. },
        ) => out.extend_from_slice(v),
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
        Value::TimeTz(..) => "timetz",
        Value::Array(_) => "array",
        Value::Raw(_) => "raw bytes",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::row::{EnumType, ServerOid};

    fn all_types() -> Vec<SqlType> {
        let mut types: Vec<SqlType> = [
            16, 17, 19, 20, 21, 23, 25, 114, 142, 650, 700, 701, 774, 790, 829, 869, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1560,
            1562, 1700, 2950, 3802,
        ]
        .into_iter()
        .map(|oid| SqlType::builtin(oid).unwrap())
        .collect();
        types.push(SqlType::Enum(Arc::new(EnumType { name: "mood".to_owned(), labels: vec!["ok".to_owned()] })));
        types.push(SqlType::Other { oid: ServerOid(600), name: "point".into() });
        types.push(SqlType::Citext);
        types.push(SqlType::Int4.array());
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
