//! Values while an expression is evaluated. Boundary: no field bytes (decoding is `field.rs`) and no semantics of operators
//! (those are `expr`'s).

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
    /// `timetz`: microseconds since midnight, and the zone in seconds west of Greenwich, as the wire has it
    TimeTz(i64, i32),
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
    /// An array, in the form of its field bytes: see [`super::Array`], which reads and makes them.
    Array(Cow<'a, [u8]>),
    /// Any other type: its field bytes.
    Raw(Cow<'a, [u8]>),
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

    /// The value without borrows.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(v),
            Self::Int2(v) => Value::Int2(v),
            Self::Int4(v) => Value::Int4(v),
            Self::Int8(v) => Value::Int8(v),
            Self::Float4(v) => Value::Float4(v),
            Self::Float8(v) => Value::Float8(v),
            Self::Numeric(v) => Value::Numeric(v),
            Self::Text(v) => Value::Text(Cow::Owned(v.into_owned())),
            Self::Bytea(v) => Value::Bytea(Cow::Owned(v.into_owned())),
            Self::Date(v) => Value::Date(v),
            Self::Time(v) => Value::Time(v),
            Self::TimeTz(v, west) => Value::TimeTz(v, west),
            Self::Timestamp(v) => Value::Timestamp(v),
            Self::TimestampTz(v) => Value::TimestampTz(v),
            Self::Interval(v) => Value::Interval(v),
            Self::Uuid(v) => Value::Uuid(v),
            Self::Json(v) => Value::Json(Cow::Owned(v.into_owned())),
            Self::Jsonb(v) => Value::Jsonb(Cow::Owned(v.into_owned())),
            Self::Array(v) => Value::Array(Cow::Owned(v.into_owned())),
            Self::Raw(v) => Value::Raw(Cow::Owned(v.into_owned())),
        }
    }

    /// The value, its texts and bytes borrowed.
    #[must_use]
    pub fn borrowed(&'a self) -> Self {
        match self {
            Self::Text(v) => Self::Text(Cow::Borrowed(v)),
            Self::Bytea(v) => Self::Bytea(Cow::Borrowed(v)),
            Self::Json(v) => Self::Json(Cow::Borrowed(v)),
            Self::Jsonb(v) => Self::Jsonb(Cow::Borrowed(v)),
            Self::Array(v) => Self::Array(Cow::Borrowed(v)),
            Self::Raw(v) => Self::Raw(Cow::Borrowed(v)),
            other => other.clone(),
        }
    }

    /// Text that borrows.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}
