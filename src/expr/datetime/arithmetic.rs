//! The operators of dates, times and timestamps.

use super::calendar::{Civil, DAY, beyond, date, days_in, is_infinite, out_of_range, timestamp};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::registry::{int_of, mismatch};
use crate::row::{Interval, Value};

fn days_of(value: &Value<'_>) -> Result<i32, EvalError> {
    match value {
        Value::Date(days) => Ok(*days),
        _ => Err(mismatch()),
    }
}

fn interval_of(value: &Value<'_>) -> Result<Interval, EvalError> {
    match value {
        Value::Interval(span) => Ok(*span),
        _ => Err(mismatch()),
    }
}

/// The same with its operands in the other order.
pub(super) fn swapped<'r>(args: &mut [Value<'r>], run: fn(&mut [Value<'r>]) -> Evaluated<'r>) -> Evaluated<'r> {
    args.swap(0, 1);
    run(args)
}

pub(super) fn date_plus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    match days_of(&args[0])? {
        infinite @ (i32::MAX | i32::MIN) => Ok(Value::Date(infinite)),
        days => date(i64::from(days) + int_of(&args[1])?),
    }
}

pub(super) fn date_minus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    match days_of(&args[0])? {
        infinite @ (i32::MAX | i32::MIN) => Ok(Value::Date(infinite)),
        days => date(i64::from(days) - int_of(&args[1])?),
    }
}

pub(super) fn days_between<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (left, right) = (days_of(&args[0])?, days_of(&args[1])?);
    let infinite = |days: i32| days == i32::MAX || days == i32::MIN;
    if infinite(left) || infinite(right) {
        return Err(EvalError::sql("22008", "cannot subtract infinite dates"));
    }
    // The server subtracts 32-bit numbers; no two dates of its range are that far apart.
    left.checked_sub(right).map(Value::Int4).ok_or_else(out_of_range)
}

/// `date::timestamp`
pub(in crate::expr) fn date_to_timestamp(days: i32) -> Result<i64, EvalError> {
    match days {
        i32::MAX => Ok(i64::MAX),
        i32::MIN => Ok(i64::MIN),
        days => timestamp(i128::from(days) * i128::from(DAY)),
    }
}

/// `timestamp::date`
pub(in crate::expr) fn timestamp_to_date<'r>(micros: i64) -> Evaluated<'r> {
    match micros {
        i64::MAX => Ok(Value::Date(i32::MAX)),
        i64::MIN => Ok(Value::Date(i32::MIN)),
        micros => date(micros.div_euclid(DAY)),
    }
}

/// A moment some months, days and microseconds later: months first, their day cut to the end of the month, then days, then the rest;
/// none of the steps may leave the range.
pub(in crate::expr) fn later(micros: i64, months: i64, days: i64, time: i64) -> Result<i64, EvalError> {
    if is_infinite(micros) {
        return Ok(micros);
    }
    let mut moved = micros;
    if months != 0 {
        moved = add_months(Civil::of(moved), months).timestamp()?;
    }
    if days != 0 {
        moved = timestamp(i128::from(moved) + i128::from(days) * i128::from(DAY))?;
    }
    timestamp(i128::from(moved) + i128::from(time))
}

/// The same day of another month, or its last day.
pub(super) fn add_months(civil: Civil, months: i64) -> Civil {
    let month = civil.year * 12 + civil.month - 1 + months;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    Civil { year, month, day: civil.day.min(days_in(year, month)), ..civil }
}

fn plus(micros: i64, span: Interval) -> Result<i64, EvalError> {
    later(micros, i64::from(span.months), i64::from(span.days), span.micros)
}

fn minus(micros: i64, span: Interval) -> Result<i64, EvalError> {
    later(micros, -i64::from(span.months), -i64::from(span.days), span.micros.checked_neg().ok_or_else(out_of_range)?)
}

/// `date + interval`, `timestamp + interval`
pub(super) fn plus_interval<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    moved(args, plus)
}

/// `date - interval`, `timestamp - interval`
pub(super) fn minus_interval<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    moved(args, minus)
}

fn moved<'r>(args: &mut [Value<'r>], by: fn(i64, Interval) -> Result<i64, EvalError>) -> Evaluated<'r> {
    let span = interval_of(&args[1])?;
    match args[0] {
        Value::Date(days) => by(date_to_timestamp(days)?, span).map(Value::Timestamp),
        Value::Timestamp(micros) => by(micros, span).map(Value::Timestamp),
        Value::TimestampTz(micros) if span.months == 0 && span.days == 0 => by(micros, span).map(Value::TimestampTz),
        // An infinite moment is what it is in every zone.
        Value::TimestampTz(micros) if is_infinite(micros) => Ok(Value::TimestampTz(micros)),
        Value::TimestampTz(_) => {
            Err(EvalError::sql("0A000", "a moment and days or months: which moment that is depends on the time zone of the session"))
        }
        _ => Err(mismatch()),
    }
}

/// `timestamp - timestamp`: days of 24 hours, and the rest.
pub(super) fn between<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (left, right) = match (&args[0], &args[1]) {
        (Value::Timestamp(left), Value::Timestamp(right)) | (Value::TimestampTz(left), Value::TimestampTz(right)) => (*left, *right),
        _ => return Err(mismatch()),
    };
    if is_infinite(left) || is_infinite(right) {
        return Err(EvalError::sql("22008", "cannot subtract infinite timestamps"));
    }
    let micros = left.checked_sub(right).ok_or_else(beyond)?;
    let days = i32::try_from(micros / DAY).map_err(|_| out_of_range())?;
    Ok(Value::Interval(Interval { months: 0, days, micros: micros % DAY }))
}

/// `date + time`
pub(super) fn date_plus_time<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let start = date_to_timestamp(days_of(&args[0])?)?;
    match args[1] {
        Value::Time(_) if is_infinite(start) => Ok(Value::Timestamp(start)),
        Value::TimeTz(..) if is_infinite(start) => Ok(Value::TimestampTz(start)),
        Value::Time(micros) => timestamp(i128::from(start) + i128::from(micros)).map(Value::Timestamp),
        Value::TimeTz(micros, west) => {
            timestamp(i128::from(start) + i128::from(micros) + i128::from(west) * 1_000_000).map(Value::TimestampTz)
        }
        _ => Err(mismatch()),
    }
}

/// `time + interval`: around the clock.
pub(super) fn time_plus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let span = interval_of(&args[1])?;
    around(&args[0], |micros| micros.wrapping_add(span.micros))
}

/// `time - interval`
pub(super) fn time_minus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let span = interval_of(&args[1])?;
    around(&args[0], |micros| micros.wrapping_sub(span.micros))
}

/// The sum wraps around in 64 bits before it wraps around the clock, as it does on the server.
fn around<'r>(time: &Value<'_>, by: impl Fn(i64) -> i64) -> Evaluated<'r> {
    match time {
        Value::Time(micros) => Ok(Value::Time(by(*micros).rem_euclid(DAY))),
        Value::TimeTz(micros, west) => Ok(Value::TimeTz(by(*micros).rem_euclid(DAY), *west)),
        _ => Err(mismatch()),
    }
}

/// `time - time`
pub(super) fn time_between<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    match (&args[0], &args[1]) {
        (Value::Time(left), Value::Time(right)) => Ok(Value::Interval(Interval { months: 0, days: 0, micros: left - right })),
        _ => Err(mismatch()),
    }
}
