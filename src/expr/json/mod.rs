//! `json` and `jsonb`. A `jsonb` value *is* the canonical text that PostgreSQL prints, so parts of it are canonical too and are handed
//! out without copying; a `json` value is what was written. Boundary: semantics; the syntax is in `text.rs`, the places of the
//! parts in `tape.rs`.
//!
//! Canonical: keys by length, then by bytes; of equal keys the last; `": "` and `", "`; numbers as `numeric` prints them;
//! strings with the escapes of `escape_json`.
//!
//! Paths in the language of SQL/JSON are in `path`.
//!
//! Refused: functions that give several rows (`jsonb_each`, …) or take records (`row_to_json`), because an expression has one value
//! of a plain type; the JSON form of `timestamptz`, which depends on the session's time zone; and, at the value, the order of two
//! `jsonb` that is decided by strings, which depends on the database's collation.

mod build;
mod compare;
mod edit;
mod get;
pub(super) mod path;
mod table;
mod tape;
mod text;

pub(super) use build::{has_form, to_bool, to_number, to_numeric};
pub(super) use compare::{equal, order};
pub(super) use get::SUBSCRIPT;
pub(super) use table::{FUNCTIONS, OPERATORS};
pub(super) use text::{canonical, check};

use super::registry::mismatch;

/// What the functions give that can be called without arguments.
pub(super) fn empty(function: &str) -> Option<crate::row::Value<'static>> {
    use crate::row::Value;
    Some(match function {
        "jsonb_build_object" => Value::Jsonb("{}".into()),
        "json_build_object" => Value::Json("{}".into()),
        "jsonb_build_array" => Value::Jsonb("[]".into()),
        "json_build_array" => Value::Json("[]".into()),
        _ => return None,
    })
}
