//! Casts: which exist, where they may happen unasked, and what they do. Boundary: PostgreSQL's `pg_cast` and its input and
//! output functions, less what depends on the session (`TimeZone`, `DateStyle`); typmods of columns are `transform`'s.

#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "all casts have one signature")]

use std::borrow::Cow;
use std::sync::Arc;

use super::array::Conversion;
use super::context::{EvalError, Evaluated};
use super::registry::{int_of, mismatch, text_of};
use super::{bits, datetime, float, interval, json, network, numeric};
use crate::row::{Interval, SqlType, Value};

/// Where a cast may happen without being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// Anywhere.
    Implicit,
    /// Where a value goes into a column.
    Assignment,
    /// Only where it is written.
    Explicit,
}

/// The implementation of a cast of a value that is not NULL.
pub(super) type Run = for<'r> fn(Value<'r>) -> Evaluated<'r>;

/// What a cast does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The value stays what it is.
    Nothing,
    /// The value is converted; the flag tells whether that can fail.
    Convert(Run, bool),
    /// Text becomes a label of the enumerated type, or the cast fails.
    Label,
    /// A cast from or to an array.
    Array(Arc<Conversion>),
}

/// A cast from one type to another.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub how: How,
    pub step: Step,
    /// Whether a value can lose something by it, so that it is not done unasked even where PostgreSQL would.
    pub lossy: bool,
}

/// The cast from one type to another. `None` where there is none.
#[allow(clippy::match_same_arms, reason = "casts stand with their kind")]
pub(super) fn find(from: &SqlType, to: &SqlType) -> Option<Cast> {
    use SqlType as T;
    if from == to {
        return Some(nothing(How::Implicit));
    }
    Some(match (from, to) {
        (T::Text | T::Varchar, T::Text | T::Varchar | T::Bpchar) | (T::Name, T::Text) | (T::Bpchar, T::Bpchar) => nothing(How::Implicit),
        (T::Name, T::Varchar | T::Bpchar) => nothing(How::Assignment),
        (T::Text | T::Varchar, T::Name) => convert(How::Implicit, to_name, false),
        (T::Bpchar, T::Name) => convert(How::Implicit, |v| unpad(to_name(v)?), false),
        // The padding of `character` is no part of the text.
        (T::Bpchar, T::Text | T::Varchar) => convert(How::Implicit, unpad, false),
        (T::Int2, T::Int4) | (T::Int2 | T::Int4, T::Int8) => convert(How::Implicit, if *to == T::Int4 { to_int4 } else { to_int8 }, false),
        (T::Int4 | T::Int8, T::Int2) => convert(How::Assignment, to_int2, true),
        (T::Int8, T::Int4) => convert(How::Assignment, to_int4, true),
        (T::Int2 | T::Int4 | T::Int8, T::Numeric) => convert(How::Implicit, to_numeric, false),
        (T::Numeric, T::Int2) => lossy(convert(How::Assignment, to_int2, true)),
        (T::Numeric, T::Int4) => lossy(convert(How::Assignment, to_int4, true)),
        (T::Numeric, T::Int8) => lossy(convert(How::Assignment, to_int8, true)),
        // A `double precision` holds every whole number of up to 53 bits, a `real` of up to 24.
        (T::Int2 | T::Int4 | T::Float4, T::Float8) => convert(How::Implicit, float::to_float8, false),
        (T::Int8, T::Float8) => lossy(convert(How::Implicit, float::to_float8, false)),
        (T::Numeric, T::Float8) => lossy(convert(How::Implicit, float::to_float8, true)),
        (T::Int2, T::Float4) => convert(How::Implicit, float::to_float4, false),
        (T::Int4 | T::Int8, T::Float4) => lossy(convert(How::Implicit, float::to_float4, false)),
        (T::Numeric, T::Float4) => lossy(convert(How::Implicit, float::to_float4, true)),
        (T::Float8, T::Float4) => lossy(convert(How::Assignment, float::to_float4, true)),
        (T::Float4 | T::Float8, T::Int2) => lossy(convert(How::Assignment, float::to_int2, true)),
        (T::Float4 | T::Float8, T::Int4) => lossy(convert(How::Assignment, float::to_int4, true)),
        (T::Float4 | T::Float8, T::Int8) => lossy(convert(How::Assignment, float::to_int8, true)),
        (T::Float4 | T::Float8, T::Numeric) => lossy(convert(How::Assignment, float::to_numeric, false)),
        (T::Bool, T::Int4) => convert(How::Explicit, bool_to_int, false),
        (T::Int4, T::Bool) => convert(How::Explicit, int_to_bool, false),
        (T::Date, T::Timestamp) => convert(How::Implicit, date_to_timestamp, true),
        (T::Timestamp, T::Date) => lossy(convert(How::Assignment, timestamp_to_date, true)),
        (T::Jsonb, T::Bool) => convert(How::Explicit, json::to_bool, true),
        (T::Jsonb, T::Numeric) => convert(How::Explicit, json::to_numeric, true),
        (T::Jsonb, T::Int2 | T::Int4 | T::Int8 | T::Float4 | T::Float8) => convert(How::Explicit, json::to_number(to)?, true),
        (T::Time, T::Interval) => convert(How::Implicit, time_to_interval, false),
        (T::Timestamp | T::TimeTz | T::Interval, T::Time) => lossy(convert(How::Assignment, to_time, *from == T::Interval)),
        (T::Json, T::Jsonb) => convert(How::Assignment, parse_jsonb, true),
        (T::Jsonb, T::Json) => convert(How::Assignment, jsonb_to_json, false),
        (T::Citext, T::Text | T::Varchar) => nothing(How::Implicit),
        (T::Citext, T::Bpchar) | (T::Text | T::Varchar, T::Citext) => nothing(How::Assignment),
        (T::Bpchar, T::Citext) => convert(How::Assignment, unpad, false),
        (T::Bit | T::Varbit, T::Bit | T::Varbit) => nothing(How::Implicit),
        (T::Cidr, T::Inet) => convert(How::Implicit, network::cidr_to_inet, false),
        // It loses what stands behind the mask.
        (T::Inet, T::Cidr) => lossy(convert(How::Assignment, network::inet_to_cidr, false)),
        (T::Macaddr, T::Macaddr8) => convert(How::Implicit, network::mac_to_mac8, false),
        (T::Macaddr8, T::Macaddr) => convert(How::Implicit, network::mac8_to_mac, true),
        (T::Array(_), _) | (T::Text | T::Varchar | T::Name | T::Bpchar, T::Array(_)) => array(from, to)?,
        (from, T::Text | T::Varchar | T::Bpchar | T::Citext) => convert(How::Assignment, output(from)?, false),
        (T::Text | T::Varchar | T::Name | T::Bpchar | T::Citext, T::Enum(_)) => {
            Cast { how: How::Explicit, step: Step::Label, lossy: false }
        }
        (T::Text | T::Varchar | T::Name | T::Bpchar | T::Citext, to) => convert(How::Explicit, input(to)?, true),
        _ => return None,
    })
}

/// Casts from and to arrays: element by element, or by the text form.
fn array(from: &SqlType, to: &SqlType) -> Option<Cast> {
    let by = |how, conversion| Cast { how, step: Step::Array(Arc::new(conversion)), lossy: false };
    Some(match (from, to) {
        (SqlType::Array(from), SqlType::Array(to)) => {
            let element = find(&from.element, &to.element)?;
            let conversion = Arc::new(Conversion::of(&element.step, &to.element)?);
            Cast { step: Step::Array(Arc::new(Conversion::Elements(from.clone(), to.clone(), conversion))), ..element }
        }
        (_, SqlType::Text | SqlType::Varchar | SqlType::Bpchar) => by(How::Assignment, Conversion::output(from)?),
        (_, SqlType::Array(_)) => by(How::Explicit, Conversion::input(to)?),
        _ => return None,
    })
}

const fn nothing(how: How) -> Cast {
    Cast { how, step: Step::Nothing, lossy: false }
}

const fn convert(how: How, run: Run, fallible: bool) -> Cast {
    Cast { how, step: Step::Convert(run, fallible), lossy: false }
}

const fn lossy(mut cast: Cast) -> Cast {
    cast.lossy = true;
    cast
}

/// The input function of a type.
pub(super) fn input(to: &SqlType) -> Option<Run> {
    Some(match to {
        SqlType::Bool => parse_bool,
        SqlType::Int2 => parse_int2,
        SqlType::Int4 => parse_int4,
        SqlType::Int8 => parse_int8,
        SqlType::Numeric => parse_numeric,
        SqlType::Float4 => float::parse4,
        SqlType::Float8 => float::parse8,
        SqlType::Date => |v| datetime::parse_date(&text(v)?),
        SqlType::Timestamp => |v| datetime::parse_timestamp(&text(v)?),
        SqlType::TimestampTz => |v| datetime::parse_timestamptz(&text(v)?),
        SqlType::Time => |v| datetime::parse_time(&text(v)?),
        SqlType::TimeTz => |v| datetime::parse_timetz(&text(v)?),
        SqlType::Interval => |v| interval::parse(&text(v)?).map(Value::Interval),
        SqlType::Uuid => parse_uuid,
        SqlType::Bytea => super::bytes::input,
        SqlType::Json => parse_json,
        SqlType::Jsonb => parse_jsonb,
        SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Citext => |v| text(v).map(Value::Text),
        SqlType::Name => to_name,
        SqlType::Inet => network::parse_inet,
        SqlType::Cidr => network::parse_cidr,
        SqlType::Macaddr => network::parse_mac,
        SqlType::Macaddr8 => network::parse_mac8,
        SqlType::Bit | SqlType::Varbit => bits::parse,
        _ => return None,
    })
}

/// The cast to text of a type. It is the output function, except for `boolean`.
pub(super) fn output(from: &SqlType) -> Option<Run> {
    Some(match from {
        SqlType::Bool => |v| match v {
            Value::Bool(true) => Ok(Value::text("true")),
            Value::Bool(false) => Ok(Value::text("false")),
            _ => Err(mismatch()),
        },
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => |v| owned(int_of(&v)?.to_string()),
        SqlType::Numeric => |v| owned(numeric::numeric_of(&v)?.to_string()),
        SqlType::Float4 | SqlType::Float8 => float::output,
        SqlType::Date => |v| match v {
            Value::Date(days) => owned(datetime::date_text(days)),
            _ => Err(mismatch()),
        },
        SqlType::Timestamp => |v| match v {
            Value::Timestamp(t) => owned(datetime::timestamp_text(t, ' ')),
            _ => Err(mismatch()),
        },
        SqlType::Time | SqlType::TimeTz | SqlType::Interval => |v| match v {
            Value::Time(micros) => owned(datetime::time_text(micros)),
            Value::TimeTz(micros, west) => owned(datetime::timetz_text(micros, west)),
            Value::Interval(span) => owned(interval::text(span)),
            _ => Err(mismatch()),
        },
        SqlType::Uuid => |v| match v {
            Value::Uuid(id) => owned(uuid::Uuid::from_bytes(id).to_string()),
            _ => Err(mismatch()),
        },
        SqlType::Inet | SqlType::Cidr => network::with_mask,
        SqlType::Macaddr | SqlType::Macaddr8 => network::mac_output,
        SqlType::Bit | SqlType::Varbit => bits::output,
        SqlType::Citext => |v| text(v).map(Value::Text),
        SqlType::Bytea => super::bytes::output,
        SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name | SqlType::Json | SqlType::Jsonb | SqlType::Enum(_) => {
            |v| text(v).map(Value::Text)
        }
        _ => return None,
    })
}

/// `boolout`: what `concat` shows of a boolean.
pub(super) fn bool_output(value: Value<'_>) -> Evaluated<'_> {
    match value {
        Value::Bool(true) => Ok(Value::text("t")),
        Value::Bool(false) => Ok(Value::text("f")),
        _ => Err(mismatch()),
    }
}

fn text(mut value: Value<'_>) -> Result<Cow<'_, str>, EvalError> {
    text_of(&mut value)
}

fn owned<'r>(text: String) -> Evaluated<'r> {
    Ok(Value::Text(Cow::Owned(text)))
}

fn unpad(value: Value<'_>) -> Evaluated<'_> {
    let text = text(value)?;
    let end = text.trim_end_matches(' ').len();
    Ok(Value::Text(super::text::slice(text, 0..end)))
}

/// `text_name`: as many whole characters as fit into 63 bytes.
fn to_name(value: Value<'_>) -> Evaluated<'_> {
    let text = text(value)?;
    let end = text.floor_char_boundary(63);
    Ok(Value::Text(super::text::slice(text, 0..end)))
}

fn whole(value: &Value<'_>) -> Result<i64, EvalError> {
    match value {
        Value::Numeric(n) => numeric::to_int(n),
        value => int_of(value),
    }
}

fn to_int2(value: Value<'_>) -> Evaluated<'_> {
    i16::try_from(whole(&value)?).map(Value::Int2).map_err(|_| numeric::out_of_range())
}

fn to_int4(value: Value<'_>) -> Evaluated<'_> {
    i32::try_from(whole(&value)?).map(Value::Int4).map_err(|_| numeric::out_of_range())
}

fn to_int8(value: Value<'_>) -> Evaluated<'_> {
    whole(&value).map(Value::Int8)
}

fn to_numeric(value: Value<'_>) -> Evaluated<'_> {
    Ok(Value::Numeric(numeric::from_int(int_of(&value)?)))
}

fn bool_to_int(value: Value<'_>) -> Evaluated<'_> {
    match value {
        Value::Bool(value) => Ok(Value::Int4(i32::from(value))),
        _ => Err(mismatch()),
    }
}

fn int_to_bool(value: Value<'_>) -> Evaluated<'_> {
    Ok(Value::Bool(int_of(&value)? != 0))
}

fn date_to_timestamp(value: Value<'_>) -> Evaluated<'_> {
    match value {
        Value::Date(days) => datetime::date_to_timestamp(days).map(Value::Timestamp),
        _ => Err(mismatch()),
    }
}

fn timestamp_to_date(value: Value<'_>) -> Evaluated<'_> {
    match value {
        Value::Timestamp(micros) => datetime::timestamp_to_date(micros),
        _ => Err(mismatch()),
    }
}

fn time_to_interval(value: Value<'_>) -> Evaluated<'_> {
    match value {
        Value::Time(micros) => Ok(Value::Interval(Interval { months: 0, days: 0, micros })),
        _ => Err(mismatch()),
    }
}

/// The time of day; an infinite timestamp has none.
fn to_time(value: Value<'_>) -> Evaluated<'_> {
    Ok(match value {
        Value::Timestamp(micros) if datetime::calendar::is_infinite(micros) => Value::Null,
        Value::Timestamp(micros) => Value::Time(micros.rem_euclid(datetime::calendar::DAY)),
        Value::TimeTz(micros, _) => Value::Time(micros),
        Value::Interval(span) => Value::Time(interval::time_of(span)?),
        _ => return Err(mismatch()),
    })
}

fn jsonb_to_json(value: Value<'_>) -> Evaluated<'_> {
    text(value).map(Value::Json)
}

fn parse_jsonb(value: Value<'_>) -> Evaluated<'_> {
    let canonical = json::canonical(&text(value)?)?;
    Ok(Value::Jsonb(Cow::Owned(canonical)))
}

fn parse_json(value: Value<'_>) -> Evaluated<'_> {
    let text = text(value)?;
    json::check(&text)?;
    Ok(Value::Json(text))
}

fn parse_numeric(value: Value<'_>) -> Evaluated<'_> {
    numeric::parse(&text(value)?).map(Value::Numeric)
}

/// `boolin`: any beginning of a word that says which.
fn parse_bool(value: Value<'_>) -> Evaluated<'_> {
    let text = text(value)?;
    let word = text.trim_matches(numeric::is_space).to_ascii_lowercase();
    let begins = |full: &str, least: usize| word.len() >= least && full.starts_with(&word);
    if begins("true", 1) || begins("yes", 1) || word == "on" || word == "1" {
        Ok(Value::Bool(true))
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0" {
        Ok(Value::Bool(false))
    } else {
        Err(EvalError::sql("22P02", "invalid input syntax for type boolean"))
    }
}

/// The input functions of whole numbers, as they are up to PostgreSQL 15; later ones also read `0x1F` and `1_000`, which fail here. The
/// digits are added up below zero, and one too many ends the reading: what stands behind it is not looked at.
pub(super) fn parse_int(value: Value<'_>, least: i64) -> Result<i64, EvalError> {
    let invalid = || EvalError::sql("22P02", "invalid input syntax for a whole number");
    let text = text(value)?;
    let text = text.trim_start_matches(numeric::is_space);
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &digits[..digits.len() - rest.len()];
    if digits.is_empty() {
        return Err(invalid());
    }
    let below = |n: i64, d: u8| n.checked_mul(10)?.checked_sub(i64::from(d - b'0')).filter(|n| *n >= least);
    let n = digits.bytes().try_fold(0_i64, below).ok_or_else(numeric::out_of_range)?;
    if !rest.trim_start_matches(numeric::is_space).is_empty() {
        return Err(invalid());
    }
    if negative { Ok(n) } else { n.checked_neg().filter(|_| n > least).ok_or_else(numeric::out_of_range) }
}

fn parse_int2(value: Value<'_>) -> Evaluated<'_> {
    i16::try_from(parse_int(value, i64::from(i16::MIN))?).map(Value::Int2).map_err(|_| numeric::out_of_range())
}

fn parse_int4(value: Value<'_>) -> Evaluated<'_> {
    i32::try_from(parse_int(value, i64::from(i32::MIN))?).map(Value::Int4).map_err(|_| numeric::out_of_range())
}

fn parse_int8(value: Value<'_>) -> Evaluated<'_> {
    parse_int(value, i64::MIN).map(Value::Int8)
}

/// `uuid_in`: 32 digits, a hyphen allowed behind every fourth, braces allowed around them.
fn parse_uuid(value: Value<'_>) -> Evaluated<'_> {
    let invalid = || EvalError::sql("22P02", "invalid input syntax for type uuid");
    let text = text(value)?;
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or_else(invalid)?,
        None => &*text,
    };
    let mut rest = inner.as_bytes();
    let mut id = [0_u8; 16];
    for (at, byte) in id.iter_mut().enumerate() {
        let [high, low, behind @ ..] = rest else { return Err(invalid()) };
        let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(invalid);
        *byte = digit(*high)? << 4 | digit(*low)?;
        rest = match behind {
            [b'-', behind @ ..] if at % 2 == 1 && at < 15 => behind,
            behind => behind,
        };
    }
    if rest.is_empty() { Ok(Value::Uuid(id)) } else { Err(invalid()) }
}
