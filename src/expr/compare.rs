//! Equality and order. Boundary: both sides have been brought to types that one of these orders takes; which, is `bind`'s.

use std::cmp::Ordering;
use std::sync::Arc;

use super::array;
use super::context::EvalError;
use super::registry::{int_of, mismatch};
use super::{bits, citext, float, interval, json, network, numeric};
use crate::row::{EnumType, SqlType, Value};

/// How two values that are not NULL are compared.
#[derive(Clone, Debug)]
pub(super) enum Comparator {
    Bool,
    /// Whole numbers of any width.
    Int,
    Numeric,
    /// `real` and `double precision` in any mix.
    Float,
    /// Bytes: equality of text under every collation of a deterministic kind, order under the collation "C".
    Text,
    /// `character`: the same without the padding.
    Padded,
    /// Dates and timestamps in any mix.
    Instant,
    TimestampTz,
    Time,
    /// The moment first, then the zone.
    TimeTz,
    /// Months of 30 days, days of 24 hours.
    Interval,
    Uuid,
    /// `citext`: in lower case.
    Citext,
    /// `inet` and `cidr`.
    Network,
    /// `macaddr` and `macaddr8`: their bytes.
    Bytes,
    /// `bit` and `bit varying`.
    Bits,
    Bytea,
    /// Labels in the order of the type.
    Enum(Arc<EnumType>),
    /// `jsonb`. Strings in it are in the order of the database's collation, so where that decides, the order is refused.
    Jsonb,
    /// Arrays of one type, by the order of their elements.
    Array(Arc<(Comparator, SqlType)>),
}

const DAY: i128 = 86_400_000_000;

fn instant(value: &Value<'_>) -> Result<i128, EvalError> {
    Ok(match value {
        Value::Date(i32::MAX) | Value::Timestamp(i64::MAX) => i128::MAX,
        Value::Date(i32::MIN) | Value::Timestamp(i64::MIN) => i128::MIN,
        Value::Date(days) => i128::from(*days) * DAY,
        Value::Timestamp(micros) => i128::from(*micros),
        _ => return Err(mismatch()),
    })
}

impl Comparator {
    /// The order of two values, neither of them NULL.
    pub fn order(&self, left: &Value<'_>, right: &Value<'_>) -> Result<Ordering, EvalError> {
        Ok(match (self, left, right) {
            (Self::Text, Value::Text(l), Value::Text(r)) => l.as_bytes().cmp(r.as_bytes()),
            (Self::Int, l, r) => int_of(l)?.cmp(&int_of(r)?),
            (Self::Numeric, Value::Numeric(l), Value::Numeric(r)) => numeric::compare(l, r),
            (Self::Float, l, r) => float::compare(float::float_of(l)?, float::float_of(r)?),
            (Self::Bool, Value::Bool(l), Value::Bool(r)) => l.cmp(r),
            (Self::Padded, Value::Text(l), Value::Text(r)) => l.trim_end_matches(' ').as_bytes().cmp(r.trim_end_matches(' ').as_bytes()),
            (Self::Instant, l, r) => instant(l)?.cmp(&instant(r)?),
            (Self::TimestampTz, Value::TimestampTz(l), Value::TimestampTz(r)) | (Self::Time, Value::Time(l), Value::Time(r)) => l.cmp(r),
            (Self::TimeTz, Value::TimeTz(l, lz), Value::TimeTz(r, rz)) => {
                let moment = |micros: i64, west: i32| micros + i64::from(west) * 1_000_000;
                moment(*l, *lz).cmp(&moment(*r, *rz)).then(lz.cmp(rz))
            }
            (Self::Interval, Value::Interval(l), Value::Interval(r)) => interval::order_of(*l).cmp(&interval::order_of(*r)),
            (Self::Uuid, Value::Uuid(l), Value::Uuid(r)) => l.cmp(r),
            (Self::Citext, Value::Text(l), Value::Text(r)) => citext::order(l, r),
            (Self::Network, l, r) => network::order_inet(l, r)?,
            (Self::Bytes, Value::Raw(l), Value::Raw(r)) | (Self::Bytea, Value::Bytea(l), Value::Bytea(r)) => l.cmp(r),
            (Self::Bits, l, r) => bits::order(l, r)?,
            (Self::Enum(ty), Value::Text(l), Value::Text(r)) => {
                let place = |label: &str| ty.labels.iter().position(|known| known == label).ok_or_else(mismatch);
                place(l)?.cmp(&place(r)?)
            }
            (Self::Jsonb, Value::Jsonb(l), Value::Jsonb(r)) => json::order(l, r)?,
            (Self::Array(of), l, r) => array::order(&of.0, &of.1, l, r)?,
            _ => return Err(mismatch()),
        })
    }

    /// Whether the order, equality apart, depends on a collation.
    pub fn is_collated(&self) -> bool {
        match self {
            Self::Text | Self::Padded | Self::Citext => true,
            Self::Array(of) => of.0.is_collated(),
            _ => false,
        }
    }

    /// Whether finding the order can fail.
    pub fn can_fail(&self) -> bool {
        match self {
            Self::Jsonb => true,
            Self::Array(of) => of.0.can_fail(),
            _ => false,
        }
    }

    /// Whether two values, neither of them NULL, are equal. Texts are compared by length first, and empty ones not at
    /// all: `memcmp` with a dangling pointer costs tens of nanoseconds on some machines, and `= ''` stands in every clean-up.
    pub fn equal(&self, left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvalError> {
        match (self, left, right) {
            (Self::Text, Value::Text(l), Value::Text(r)) => Ok(l.len() == r.len() && (l.is_empty() || l == r)),
            (Self::Jsonb, Value::Jsonb(l), Value::Jsonb(r)) => json::equal(l, r),
            (Self::Array(of), l, r) => array::equal(&of.0, &of.1, l, r),
            (Self::Int, Value::Int4(l), Value::Int4(r)) => Ok(l == r),
            (Self::Int, Value::Int8(l), Value::Int8(r)) => Ok(l == r),
            _ => self.order(left, right).map(Ordering::is_eq),
        }
    }

    /// `IS NOT DISTINCT FROM`
    pub fn same(&self, left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvalError> {
        match (left.is_null(), right.is_null()) {
            (true, true) => Ok(true),
            (false, false) => self.equal(left, right),
            _ => Ok(false),
        }
    }
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks for an order, not for equality alone.
    pub fn orders(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }

    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}
