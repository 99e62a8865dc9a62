//! Values of rows, for people. Boundary: decoding is `pg`'s codec; here a field becomes a text, or a JSON value that loses no digit.

use serde_json::Value as Json;

use crate::pg::to_text;
use crate::row::{Column, Value, decode};

/// A field as text; `None` for NULL. Bytes that are no value of the type are shown as what they are.
pub(super) fn text(column: &Column, field: Option<&[u8]>) -> Option<String> {
    let bytes = field?;
    let Ok(value) = decode(&column.ty, bytes) else { return Some(format!("malformed: {}", hex(bytes))) };
    Some(match &value {
        Value::Null => return None,
        Value::Float4(v) => v.to_string(),
        Value::Float8(v) => v.to_string(),
        Value::Interval(v) => {
            format!("{} mons {} days {}.{:06} secs", v.months, v.days, v.micros / 1_000_000, (v.micros % 1_000_000).abs())
        }
        Value::Json(v) | Value::Jsonb(v) => v.to_string(),
        Value::Raw(v) => hex(v),
        other => to_text(other).unwrap_or_else(|| hex(bytes)),
    })
}

/// A field as JSON: numbers that a program could read wrongly stay texts.
pub(super) fn json(column: &Column, field: Option<&[u8]>) -> Json {
    match field.and_then(|bytes| decode(&column.ty, bytes).ok()) {
        Some(Value::Bool(v)) => v.into(),
        Some(Value::Int2(v)) => v.into(),
        Some(Value::Int4(v)) => v.into(),
        _ => text(column, field).map_or(Json::Null, Json::String),
    }
}

/// What stands for a value that is not to be seen.
pub(super) fn masked(column: &Column, field: Option<&[u8]>) -> String {
    match field {
        None => "NULL".to_owned(),
        Some(bytes) if column.ty.is_text() => format!("••• ({} bytes)", bytes.len()),
        Some(_) => "•••".to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold("\\x".to_owned(), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::SqlType;

    fn column(ty: SqlType) -> Column {
        Column { name: "c".into(), ty, typmod: -1, nullable: true }
    }

    #[test]
    fn fields_are_shown_masked_or_not() {
        let name = column(SqlType::Text);
        assert_eq!(text(&name, Some(b"Ann")).as_deref(), Some("Ann"));
        assert_eq!(masked(&name, Some(b"Ann")), "••• (3 bytes)");
        assert_eq!((text(&name, None), masked(&name, None)), (None, "NULL".to_owned()));
        let number = column(SqlType::Int8);
        assert_eq!(json(&number, Some(&i64::MAX.to_be_bytes())), Json::String(i64::MAX.to_string()));
        assert_eq!(json(&column(SqlType::Int4), Some(&7_i32.to_be_bytes())), Json::from(7));
        assert_eq!(text(&number, Some(b"x")).as_deref(), Some("malformed: \\x78"));
    }
}
