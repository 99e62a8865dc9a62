//! Assignment: from a value to the bytes of its target column. PostgreSQL's assignment casts, except that what they would
//! cut, round or pad away is refused: a value that the column cannot hold exactly is a reject with a reason.
//!
//! What is written is what the server will hold, to the byte (scale of numerics, padding of `char(n)`), so that reading the
//! target back and comparing bytes is a proof.

use std::borrow::Cow;
use std::sync::Arc;

use crate::plan::CompiledColumn;
use crate::row::{Column, EnumType, Numeric, Reject, SqlType, TupleWriter, Value, decode, encode, reason};

/// How the values of one target column are written.
#[derive(Debug)]
pub(super) struct Assignment {
    column: Column,
    limit: Limit,
    /// The source column whose bytes are taken as they are, where source and target type are the same.
    raw: Option<usize>,
}

/// What the column's type and typmod demand beyond the type itself.
#[derive(Debug)]
enum Limit {
    None,
    /// A field of exactly so many bytes.
    Bytes(usize),
    /// At most so many characters.
    Characters(usize),
    /// Exactly so many characters, padded with blanks.
    Padded(usize),
    /// `numeric(precision, scale)`
    Numeric {
        precision: u32,
        scale: u32,
    },
    /// So many digits of a second.
    SecondDigits(u32),
    Label(Arc<EnumType>),
}

/// A typmod of a type with a length counts its own four bytes (`VARHDRSZ`).
const HEADER: i32 = 4;

impl Limit {
    fn of(column: &Column) -> Self {
        let length = usize::try_from(column.typmod - HEADER).ok();
        match (&column.ty, length) {
            (SqlType::Varchar, Some(n)) => Self::Characters(n),
            (SqlType::Bpchar, Some(n)) => Self::Padded(n),
            (SqlType::Numeric, Some(typmod)) => {
                // numeric.c: precision in the upper half, scale in the lower eleven bits. A negative scale (PostgreSQL 15)
                // has its sign bit there; such a column is left to the server, which rounds, so every value is refused here.
                let (precision, scale) = ((typmod >> 16) & 0xFFFF, typmod & 0x7FF);
                Self::Numeric { precision: u32::try_from(precision).unwrap_or(0), scale: u32::try_from(scale).unwrap_or(0) }
            }
            (SqlType::Time | SqlType::Timestamp | SqlType::TimestampTz, _) if (0..6).contains(&column.typmod) => {
                Self::SecondDigits(column.typmod.unsigned_abs())
            }
            (SqlType::Bool, _) => Self::Bytes(1),
            (SqlType::Int2, _) => Self::Bytes(2),
            (SqlType::Int4 | SqlType::Float4 | SqlType::Date, _) => Self::Bytes(4),
            (SqlType::Int8 | SqlType::Float8 | SqlType::Time | SqlType::Timestamp | SqlType::TimestampTz, _) => Self::Bytes(8),
            (SqlType::Uuid | SqlType::Interval, _) => Self::Bytes(16),
            (SqlType::Enum(labels), _) => Self::Label(Arc::clone(labels)),
            _ => Self::None,
        }
    }
}

impl Assignment {
    pub(super) fn new(compiled: &CompiledColumn, source: &[Column]) -> Self {
        let same = |from: &SqlType, to: &SqlType| match (from, to) {
            (SqlType::Other { name: from, .. }, SqlType::Other { name: to, .. }) => from == to,
            (SqlType::Text | SqlType::Varchar, SqlType::Text | SqlType::Varchar) => true,
            (SqlType::Bpchar | SqlType::Enum(_), _) => false,
            (from, to) => from == to,
        };
        let raw = compiled.expr.as_column().filter(|at| same(&source[*at].ty, &compiled.column.ty));
        Self { column: compiled.column.clone(), limit: Limit::of(&compiled.column), raw }
    }

    /// The source column to hand to [`Self::write_raw`] in place of evaluating the expression.
    pub(super) fn raw(&self) -> Option<usize> {
        self.raw
    }

    /// Whether NULL is refused.
    pub(super) fn mandatory(&self) -> bool {
        !self.column.nullable
    }

    pub(super) fn name(&self) -> &str {
        &self.column.name
    }

    /// Writes a field whose bytes come from the source as they are.
    pub(super) fn write_raw(&self, field: Option<&[u8]>, out: &mut TupleWriter) -> Result<(), Reject> {
        let Some(bytes) = field else { return self.write_null(out) };
        let fits = match &self.limit {
            Limit::None => !self.column.ty.is_text() || std::str::from_utf8(bytes).is_ok(),
            Limit::Bytes(length) => bytes.len() == *length,
            Limit::Characters(most) => match std::str::from_utf8(bytes) {
                Ok(text) if text.len() <= *most || text.chars().count() <= *most => true,
                Ok(_) => return Err(self.too_long(*most)),
                Err(_) => false,
            },
            Limit::Numeric { precision, scale } if numeric_fits(bytes, *precision, *scale) => true,
            Limit::Padded(_) | Limit::Numeric { .. } | Limit::SecondDigits(_) | Limit::Label(_) => {
                let value = decode(&self.column.ty, bytes).map_err(|e| self.malformed(&e.to_string()))?;
                return self.write(&value, out);
            }
        };
        if !fits {
            return Err(self.malformed("the field's bytes are not of its type"));
        }
        out.field(bytes);
        Ok(())
    }

    /// Writes an evaluated value.
    pub(super) fn write(&self, value: &Value<'_>, out: &mut TupleWriter) -> Result<(), Reject> {
        if value.is_null() {
            return self.write_null(out);
        }
        let value = self.fit(value)?;
        let mut encoded = Ok(());
        out.field_with(|bytes| encoded = encode(&value, &self.column.ty, bytes));
        encoded.map_err(|e| self.malformed(&e.to_string()))
    }

    fn write_null(&self, out: &mut TupleWriter) -> Result<(), Reject> {
        if self.mandatory() {
            return Err(self.reject(reason::NULL_MANDATORY, "23502", format!("{} is NOT NULL and the value is NULL", self.name())));
        }
        out.null();
        Ok(())
    }

    /// The value as the column holds it.
    fn fit<'v>(&self, value: &'v Value<'v>) -> Result<Cow<'v, Value<'v>>, Reject> {
        if self.column.ty.is_integer() {
            return self.fit_integer(value).map(Cow::Owned);
        }
        match (&self.limit, value) {
            (Limit::Characters(most), Value::Text(text)) if text.len() > *most && text.chars().count() > *most => Err(self.too_long(*most)),
            (Limit::Padded(length), Value::Text(text)) => {
                let text = text.trim_end_matches(' ');
                let characters = text.chars().count();
                if characters > *length {
                    return Err(self.too_long(*length));
                }
                Ok(Cow::Owned(Value::Text(Cow::Owned(format!("{text}{}", " ".repeat(length - characters))))))
            }
            (Limit::Numeric { precision, scale }, Value::Numeric(number)) => self.fit_numeric(number, *precision, *scale),
            (Limit::SecondDigits(digits), Value::Time(micros) | Value::Timestamp(micros) | Value::TimestampTz(micros)) => {
                let infinite = !matches!(value, Value::Time(_)) && (*micros == i64::MAX || *micros == i64::MIN);
                if !infinite && micros % 10_i64.pow(6 - digits) != 0 {
                    let message = format!("{} keeps {digits} digits of a second and the value has more", self.name());
                    return Err(self.reject(reason::PRECISION_LOST, "22008", message));
                }
                Ok(Cow::Borrowed(value))
            }
            (Limit::Label(labels), Value::Text(label)) if !labels.labels.iter().any(|l| l == label) => {
                let message = format!("the value is no label of {}", labels.name);
                Err(self.reject(reason::ENUM_LABEL_UNKNOWN, "22P02", message))
            }
            _ => Ok(Cow::Borrowed(value)),
        }
    }

    fn fit_integer(&self, value: &Value<'_>) -> Result<Value<'static>, Reject> {
        let number = match value {
            Value::Int2(n) => i64::from(*n),
            Value::Int4(n) => i64::from(*n),
            Value::Int8(n) => *n,
            _ => return Err(self.malformed("the value is no integer")),
        };
        let fitted = match self.column.ty {
            SqlType::Int2 => i16::try_from(number).ok().map(Value::Int2),
            SqlType::Int4 => i32::try_from(number).ok().map(Value::Int4),
            _ => Some(Value::Int8(number)),
        };
        fitted.ok_or_else(|| {
            let message = format!("the value is out of the range of {} ({})", self.name(), self.column.ty);
            self.reject(reason::INTEGER_OUT_OF_RANGE, "22003", message)
        })
    }

    fn fit_numeric<'v>(&self, number: &Numeric, precision: u32, scale: u32) -> Result<Cow<'v, Value<'v>>, Reject> {
        if *number == Numeric::NaN {
            return Ok(Cow::Owned(Value::Numeric(Numeric::NaN)));
        }
        let room = u64::from(precision.saturating_sub(scale));
        let fitted = number.rescale_exact(scale).filter(|n| n.integer_digits() <= room);
        fitted.map(|n| Cow::Owned(Value::Numeric(n))).ok_or_else(|| {
            let message = format!("{} is numeric({precision},{scale}) and cannot hold the value exactly", self.name());
            self.reject(reason::NUMERIC_OVERFLOW, "22003", message)
        })
    }

    fn too_long(&self, most: usize) -> Reject {
        self.reject(reason::VALUE_TOO_LONG, "22001", format!("{} holds {most} characters and the value has more", self.name()))
    }

    fn malformed(&self, what: &str) -> Reject {
        self.reject(reason::FIELD_MALFORMED, "22P03", format!("{}: {what}", self.name()))
    }

    fn reject(&self, code: &'static str, sqlstate: &'static str, message: String) -> Reject {
        Reject { code: Cow::Borrowed(code), column: Some(self.column.name.clone()), sqlstate: Some(Cow::Borrowed(sqlstate)), message }
    }
}

/// Whether the wire form has exactly this scale and at most the digits that the precision leaves in front of the point, seen
/// from its header and first digit alone. `false` also stands for "not seen at a glance".
fn numeric_fits(bytes: &[u8], precision: u32, scale: u32) -> bool {
    let [count_hi, count_lo, weight_hi, weight_lo, sign_hi, sign_lo, scale_hi, scale_lo, digits @ ..] = bytes else { return false };
    let count = usize::from(u16::from_be_bytes([*count_hi, *count_lo]));
    let weight = i16::from_be_bytes([*weight_hi, *weight_lo]);
    let sign = u16::from_be_bytes([*sign_hi, *sign_lo]);
    let found = u32::from(u16::from_be_bytes([*scale_hi, *scale_lo]));
    if digits.len() != 2 * count || found != scale || (sign != 0 && sign != 0x4000) {
        return false;
    }
    let whole = match (u32::try_from(weight), digits) {
        (Ok(groups), [hi, lo, ..]) => 4 * groups + u16::from_be_bytes([*hi, *lo]).checked_ilog10().map_or(0, |d| d + 1),
        _ => 0,
    };
    whole <= precision.saturating_sub(scale)
}
