//! Values while an expression is evaluated. Boundary: no field bytes (decoding is `pg`'s field codec) and no semantics of
//! operators (those are `expr`'s).

use std::borrow::Cow;

use super::Numeric;

/// A value. Text borrows from the row or the plan wherever it can.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL of any type.
    Null,
    /// `boolean`
    Bool(bool),
    /// `smallint`
    Int2(i16),
    /// `integer`
    Int4(i32),
    /// `bigint`
    Int8(i64),
    /// `real`
    Float4(f32),
    /// `double precision`
    Float8(f64),
    /// `numeric`
    Numeric(Numeric),
    /// `text`, `varchar`, `char(n)` (with its padding), `name`, and labels of enumerated types
    Text(Cow<'a, str>),
    /// `bytea`
    Bytea(Cow<'a, [u8]>),
    /// `date`: days since 2000-01-01; `i32::MAX` and `i32::MIN` are ±infinity
    Date(i32),
    /// `time`: microseconds since midnight
    Time(i64),
    /// `timestamp`: microseconds since 2000-01-01 00:00; `i64::MAX` and `i64::MIN` are ±infinity
    Timestamp(i64),
    /// `timestamptz`: the same, in UTC
    TimestampTz(i64),
    /// `interval`
    Interval(Interval),
    /// `uuid`
    Uuid([u8; 16]),
    /// `json`, as written
    Json(Cow<'a, str>),
    /// `jsonb`, in the canonical text that PostgreSQL prints
    Jsonb(Cow<'a, str>),
    /// Any other type: its field bytes, for passing through only.
    Raw(&'a [u8]),
}

/// An `interval`; PostgreSQL keeps the three parts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months, twelve of them written as a year.
    pub months: i32,
    /// Days, which need not have 24 hours.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl<'a> Value<'a> {
    /// Whether the value is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Text that borrows.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}
