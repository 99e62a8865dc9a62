//! What the type and the modifier of a column demand of its values beyond their type: lengths, digits, precisions, labels, of elements
//! and attributes, too. Boundary: one value; that it is a column's is `assign`'s matter.
//!
//! PostgreSQL's receive functions round times, intervals and numerics to the column's precision without a word, so nothing that
//! they would round may reach them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::row::{
    Array, ArrayType, ArrayWriter, AttributeWriter, Attributes, CompositeType, EnumType, Interval, Numeric, SqlType, Value, decode, encode,
    reason,
};

/// Why a value does not fit. The message goes behind the column's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) code: &'static str,
    pub(super) sqlstate: &'static str,
    pub(super) message: String,
}

impl Misfit {
    pub(super) fn malformed(what: &str) -> Self {
        Self { code: reason::FIELD_MALFORMED, sqlstate: "22P03", message: format!(": {what}") }
    }

    fn too_long(most: usize, what: &str) -> Self {
        Self { code: reason::VALUE_TOO_LONG, sqlstate: "22001", message: format!(" holds {most} {what} and the value has more") }
    }

    fn imprecise(message: String) -> Self {
        Self { code: reason::PRECISION_LOST, sqlstate: "22008", message }
    }
}

/// A type with its modifier.
#[derive(Debug)]
pub(super) struct Shape {
    ty: SqlType,
    limit: Limit,
}

#[derive(Debug)]
enum Limit {
    None,
    /// A field of exactly so many bytes.
    Bytes(usize),
    /// At most so many characters.
    Characters(usize),
    /// Exactly so many characters, padded with blanks.
    Padded(usize),
    /// `name`: what fits with its end mark.
    Name,
    /// `numeric(precision, scale)`; the scale can be negative.
    Numeric {
        precision: i64,
        scale: i32,
    },
    /// So many digits of a second.
    SecondDigits(u32),
    /// The smallest unit of an interval, and the digits of its seconds.
    Interval {
        unit: Unit,
        digits: u32,
    },
    /// Exactly so many bits.
    Bits(usize),
    /// At most so many bits.
    MostBits(usize),
    Label(Arc<EnumType>),
    Elements(Arc<ArrayType>, Box<Shape>),
    Attributes(Arc<CompositeType>, Box<[Shape]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Years,
    Months,
    Days,
    Hours,
    Minutes,
    Seconds,
}

/// A typmod of a type with a length counts its own four bytes (`VARHDRSZ`).
const HEADER: i32 = 4;
/// `NAMEDATALEN`, its end mark left out.
const NAME_BYTES: usize = 63;
/// Digits of a second where none are declared.
const ALL_DIGITS: u32 = 6;

impl Shape {
    pub(super) fn new(ty: &SqlType, typmod: i32) -> Self {
        Self { ty: ty.clone(), limit: Limit::of(ty, typmod) }
    }

    /// Whether every value that decodes as the type fits and is held as it is.
    fn takes_all(&self) -> bool {
        matches!(self.limit, Limit::None | Limit::Bytes(_))
    }

    /// Whether field bytes are, at a glance, what the column will hold. `false` also stands for "not seen at a glance".
    pub(super) fn holds_as_is(&self, bytes: &[u8]) -> bool {
        match &self.limit {
            Limit::None => {
                !matches!(self.ty, SqlType::Array(_) | SqlType::Composite(_)) && (!self.ty.is_text() || std::str::from_utf8(bytes).is_ok())
            }
            Limit::Bytes(length) => bytes.len() == *length,
            Limit::Characters(most) => std::str::from_utf8(bytes).is_ok_and(|text| text.len() <= *most || text.chars().count() <= *most),
            Limit::Numeric { precision, scale } => numeric_holds(bytes, *precision, *scale),
            _ => false,
        }
    }

    /// The value as the column holds it.
    pub(super) fn fit<'v>(&self, value: &'v Value<'v>) -> Result<Cow<'v, Value<'v>>, Misfit> {
        if self.ty.is_integer() {
            return self.fit_integer(value).map(Cow::Owned);
        }
        match (&self.limit, value) {
            (Limit::Characters(most), Value::Text(text)) if text.len() > *most && text.chars().count() > *most => {
                return Err(Misfit::too_long(*most, "characters"));
            }
            (Limit::Padded(length), Value::Text(text)) => return pad(text, *length).map(|text| Cow::Owned(Value::Text(Cow::Owned(text)))),
            (Limit::Name, Value::Text(text)) if text.len() > NAME_BYTES => return Err(Misfit::too_long(NAME_BYTES, "bytes")),
            (Limit::Numeric { precision, scale }, Value::Numeric(number)) => {
                return fit_numeric(number, *precision, *scale).map(|n| Cow::Owned(Value::Numeric(n)));
            }
            (Limit::SecondDigits(digits), _) => second_digits(*digits, value)?,
            (Limit::Interval { unit, digits }, Value::Interval(interval)) => fit_interval(*unit, *digits, *interval)?,
            (Limit::Bits(_) | Limit::MostBits(_), Value::Raw(bytes)) => self.fit_bits(bytes)?,
            (Limit::Label(labels), Value::Text(label)) if !labels.labels.iter().any(|l| l == label) => {
                let message = format!(": the value is no label of {}", labels.name);
                return Err(Misfit { code: reason::ENUM_LABEL_UNKNOWN, sqlstate: "22P02", message });
            }
            (Limit::Elements(array, element), Value::Array(bytes)) => {
                return elements(array, element, bytes).map(|bytes| Cow::Owned(Value::Array(Cow::Owned(bytes))));
            }
            (Limit::Attributes(composite, shapes), Value::Raw(bytes)) => {
                return attributes(composite, shapes, bytes).map(|bytes| Cow::Owned(Value::Raw(Cow::Owned(bytes))));
            }
            _ => {}
        }
        Ok(Cow::Borrowed(value))
    }

    /// Appends a field within another as the column holds it.
    fn refit(&self, field: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
        let value = decode(&self.ty, field).map_err(|error| Misfit::malformed(&error.to_string()))?;
        let value = self.fit(&value)?;
        encode(&value, &self.ty, out).map_err(|error| Misfit::malformed(&error.to_string()))
    }

    fn fit_integer(&self, value: &Value<'_>) -> Result<Value<'static>, Misfit> {
        let number = match value {
            Value::Int2(n) => i64::from(*n),
            Value::Int4(n) => i64::from(*n),
            Value::Int8(n) => *n,
            _ => return Err(Misfit::malformed("the value is no integer")),
        };
        let fitted = match self.ty {
            SqlType::Int2 => i16::try_from(number).ok().map(Value::Int2),
            SqlType::Int4 => i32::try_from(number).ok().map(Value::Int4),
            _ => Some(Value::Int8(number)),
        };
        fitted.ok_or_else(|| {
            let message = format!(" is {} and the value is out of its range", self.ty);
            Misfit { code: reason::INTEGER_OUT_OF_RANGE, sqlstate: "22003", message }
        })
    }

    fn fit_bits(&self, bytes: &[u8]) -> Result<(), Misfit> {
        let bits = bytes.first_chunk().and_then(|n| usize::try_from(i32::from_be_bytes(*n)).ok());
        let bits = bits.ok_or_else(|| Misfit::malformed("no bit string"))?;
        match self.limit {
            Limit::Bits(wanted) if bits != wanted => {
                let message = format!(" holds exactly {wanted} bits and the value has {bits}");
                Err(Misfit { code: reason::LENGTH_MISMATCH, sqlstate: "22026", message })
            }
            Limit::MostBits(most) if bits > most => Err(Misfit::too_long(most, "bits")),
            _ => Ok(()),
        }
    }
}

impl Limit {
    fn of(ty: &SqlType, typmod: i32) -> Self {
        let length = usize::try_from(typmod.saturating_sub(HEADER)).ok();
        let digits = u32::try_from(typmod).ok().filter(|digits| *digits < ALL_DIGITS);
        match (ty, length, digits) {
            (SqlType::Varchar, Some(n), _) => Self::Characters(n),
            (SqlType::Bpchar, Some(n), _) => Self::Padded(n),
            (SqlType::Name, ..) => Self::Name,
            (SqlType::Numeric, Some(_), _) => {
                // numeric.c: precision in the upper half, scale in the lower eleven bits as a signed number.
                let packed = typmod - HEADER;
                Self::Numeric { precision: i64::from((packed >> 16) & 0xFFFF), scale: ((packed & 0x7FF) ^ 0x400) - 0x400 }
            }
            (SqlType::Time | SqlType::TimeTz | SqlType::Timestamp | SqlType::TimestampTz, _, Some(digits)) => Self::SecondDigits(digits),
            (SqlType::Interval, ..) if typmod >= 0 => Self::interval(typmod),
            (SqlType::Bit, ..) if typmod >= 0 => Self::Bits(usize::try_from(typmod).unwrap_or(0)),
            (SqlType::Varbit, ..) if typmod >= 0 => Self::MostBits(usize::try_from(typmod).unwrap_or(0)),
            (SqlType::Bool, ..) => Self::Bytes(1),
            (SqlType::Int2, ..) => Self::Bytes(2),
            (SqlType::Int4 | SqlType::Float4 | SqlType::Date, ..) => Self::Bytes(4),
            (SqlType::Int8 | SqlType::Float8 | SqlType::Time | SqlType::Timestamp | SqlType::TimestampTz, ..) => Self::Bytes(8),
            (SqlType::TimeTz, ..) => Self::Bytes(12),
            (SqlType::Uuid | SqlType::Interval, ..) => Self::Bytes(16),
            (SqlType::Enum(labels), ..) => Self::Label(Arc::clone(labels)),
            (SqlType::Array(array), ..) => {
                // Where the elements' domain says nothing, the column does: `varchar(5)[]`.
                let typmod = if array.element_typmod.0 >= 0 { array.element_typmod.0 } else { typmod };
                let element = Shape::new(&array.element, typmod);
                if element.takes_all() { Self::None } else { Self::Elements(Arc::clone(array), Box::new(element)) }
            }
            (SqlType::Composite(composite), ..) => {
                let shapes: Box<[Shape]> = composite.fields.iter().map(|field| Shape::new(&field.ty, field.typmod.0)).collect();
                if shapes.iter().all(Shape::takes_all) { Self::None } else { Self::Attributes(Arc::clone(composite), shapes) }
            }
            _ => Self::None,
        }
    }

    /// timestamp.c: the fields in the upper half, one bit each, the digits in the lower.
    fn interval(typmod: i32) -> Self {
        const ALL_FIELDS: i32 = 0x7FFF;
        let fields = (typmod >> 16) & ALL_FIELDS;
        let has = |bit: i32| fields & (1 << bit) != 0;
        let unit = match fields {
            ALL_FIELDS => Unit::Seconds,
            _ if has(12) => Unit::Seconds,
            _ if has(11) => Unit::Minutes,
            _ if has(10) => Unit::Hours,
            _ if has(3) => Unit::Days,
            _ if has(1) => Unit::Months,
            _ if has(2) => Unit::Years,
            _ => Unit::Seconds,
        };
        Self::Interval { unit, digits: u32::try_from(typmod & 0xFFFF).unwrap_or(ALL_DIGITS).min(ALL_DIGITS) }
    }
}

fn pad(text: &str, length: usize) -> Result<String, Misfit> {
    let text = text.trim_end_matches(' ');
    match length.checked_sub(text.chars().count()) {
        Some(blanks) => Ok(format!("{text}{}", " ".repeat(blanks))),
        None => Err(Misfit::too_long(length, "characters")),
    }
}

fn fit_numeric(number: &Numeric, precision: i64, scale: i32) -> Result<Numeric, Misfit> {
    if *number == Numeric::NaN {
        return Ok(Numeric::NaN);
    }
    let room = precision - i64::from(scale);
    let fitted = match u32::try_from(scale) {
        Ok(scale) => number.rescale_exact(scale),
        Err(_) => number.with_zeros_exact(scale.unsigned_abs()),
    };
    fitted.filter(|n| n.leading_place().is_none_or(|place| place <= room)).ok_or_else(|| {
        let message = format!(" is numeric({precision},{scale}) and cannot hold the value exactly");
        Misfit { code: reason::NUMERIC_OVERFLOW, sqlstate: "22003", message }
    })
}

fn second_digits(digits: u32, value: &Value<'_>) -> Result<(), Misfit> {
    let micros = match value {
        Value::Timestamp(i64::MIN | i64::MAX) | Value::TimestampTz(i64::MIN | i64::MAX) => return Ok(()),
        Value::Time(micros) | Value::TimeTz(micros, _) | Value::Timestamp(micros) | Value::TimestampTz(micros) => *micros,
        _ => return Ok(()),
    };
    if micros % 10_i64.pow(ALL_DIGITS - digits) == 0 {
        return Ok(());
    }
    Err(Misfit::imprecise(format!(" keeps {digits} digits of a second and the value has more")))
}

fn fit_interval(unit: Unit, digits: u32, value: Interval) -> Result<(), Misfit> {
    const MINUTE: i64 = 60_000_000;
    let (whole, unit) = match unit {
        Unit::Years => (value.months % 12 == 0 && value.days == 0 && value.micros == 0, "years"),
        Unit::Months => (value.days == 0 && value.micros == 0, "months"),
        Unit::Days => (value.micros == 0, "days"),
        Unit::Hours => (value.micros % (60 * MINUTE) == 0, "hours"),
        Unit::Minutes => (value.micros % MINUTE == 0, "minutes"),
        Unit::Seconds => (true, "seconds"),
    };
    if !whole {
        return Err(Misfit::imprecise(format!(" keeps {unit} and the value has smaller parts")));
    }
    if value.micros % 10_i64.pow(ALL_DIGITS - digits) != 0 {
        return Err(Misfit::imprecise(format!(" keeps {digits} digits of a second and the value has more")));
    }
    Ok(())
}

fn elements(array: &ArrayType, element: &Shape, bytes: &[u8]) -> Result<Vec<u8>, Misfit> {
    let read = Array::read(bytes).ok_or_else(|| Misfit::malformed("no array"))?;
    let mut writer = ArrayWriter::append(Vec::with_capacity(bytes.len()), read.dimensions(), array.element_oid.0);
    for field in &read {
        match field {
            None => writer.null(),
            Some(field) => writer.element(|out| element.refit(field, out))?,
        }
    }
    Ok(writer.finish())
}

fn attributes(composite: &CompositeType, shapes: &[Shape], bytes: &[u8]) -> Result<Vec<u8>, Misfit> {
    let read = Attributes::read(bytes, composite.fields.len()).ok_or_else(|| Misfit::malformed("no row of its attributes"))?;
    let mut writer = AttributeWriter::append(Vec::with_capacity(bytes.len()), composite.fields.len());
    for ((field, of), shape) in read.zip(&composite.fields).zip(shapes) {
        match field {
            None => writer.null(of.oid.0),
            Some(field) => writer.attribute(of.oid.0, |out| shape.refit(field, out))?,
        }
    }
    Ok(writer.finish())
}

/// Whether the wire form has exactly this scale and at most the digits that the precision leaves in front of the point, seen
/// from its header and first digit alone. `false` also stands for "not seen at a glance".
fn numeric_holds(bytes: &[u8], precision: i64, scale: i32) -> bool {
    let [count_hi, count_lo, weight_hi, weight_lo, sign_hi, sign_lo, scale_hi, scale_lo, digits @ ..] = bytes else { return false };
    let count = usize::from(u16::from_be_bytes([*count_hi, *count_lo]));
    let weight = i16::from_be_bytes([*weight_hi, *weight_lo]);
    let sign = u16::from_be_bytes([*sign_hi, *sign_lo]);
    let found = i32::from(u16::from_be_bytes([*scale_hi, *scale_lo]));
    let room = precision - i64::from(scale);
    if digits.len() != 2 * count || found != scale || room < 0 || (sign != 0 && sign != 0x4000) {
        return false;
    }
    let whole = match (u32::try_from(weight), digits) {
        (Ok(groups), [hi, lo, ..]) => 4 * groups + u16::from_be_bytes([*hi, *lo]).checked_ilog10().map_or(0, |d| d + 1),
        _ => 0,
    };
    i64::from(whole) <= room
}
