//! Dates and timestamps: calendar, text forms, arithmetic. Boundary: nothing here reads a clock or a time zone; what depends
//! on the session's `TimeZone` or `DateStyle` is refused where it is bound, or at the value where only that shows it.

use std::fmt::Write as _;

use super::context::{EvalError, Evaluated};
use super::numeric::is_space;
use super::registry::{Builtin, Ty, int_of, mismatch};
use crate::row::Value;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("isfinite", &[Ty::Date], Ty::Bool, is_finite, "whether it is neither infinity"),
    Builtin::new("isfinite", &[Ty::Timestamp], Ty::Bool, is_finite, "whether it is neither infinity"),
    Builtin::new("isfinite", &[Ty::TimestampTz], Ty::Bool, is_finite, "whether it is neither infinity"),
    Builtin::refuse("isfinite", &[Ty::Interval], Ty::Bool, "an interval is always finite"),
];

const ZONE: &str = "intervals are not supported: compute it in the source query";

pub(super) const OPERATORS: &[Builtin] = &[
    Builtin::new("+", &[Ty::Date, Ty::Int4], Ty::Date, date_plus, "").fails(),
    Builtin::new(
        "+",
        &[Ty::Int4, Ty::Date],
        Ty::Date,
        |a| {
            a.swap(0, 1);
            date_plus(a)
        },
        "",
    )
    .fails(),
    Builtin::new("-", &[Ty::Date, Ty::Int4], Ty::Date, date_minus, "").fails(),
    Builtin::new("-", &[Ty::Date, Ty::Date], Ty::Int4, days_between, "").fails(),
    Builtin::refuse("+", &[Ty::Date, Ty::Interval], Ty::Timestamp, ZONE),
    Builtin::refuse("-", &[Ty::Date, Ty::Interval], Ty::Timestamp, ZONE),
    Builtin::refuse("+", &[Ty::Timestamp, Ty::Interval], Ty::Timestamp, ZONE),
    Builtin::refuse("-", &[Ty::Timestamp, Ty::Interval], Ty::Timestamp, ZONE),
    Builtin::refuse("-", &[Ty::Timestamp, Ty::Timestamp], Ty::Interval, ZONE),
    Builtin::refuse("+", &[Ty::TimestampTz, Ty::Interval], Ty::TimestampTz, ZONE),
    Builtin::refuse("-", &[Ty::TimestampTz, Ty::Interval], Ty::TimestampTz, ZONE),
    Builtin::refuse("-", &[Ty::TimestampTz, Ty::TimestampTz], Ty::Interval, ZONE),
    Builtin::refuse("+", &[Ty::Interval, Ty::Interval], Ty::Interval, ZONE),
    Builtin::refuse("-", &[Ty::Interval, Ty::Interval], Ty::Interval, ZONE),
    Builtin::refuse("-", &[Ty::Interval], Ty::Interval, ZONE),
];

/// Days from 0000-03-01 to 2000-01-01 in the calendar that has a year 0.
const EPOCH: i64 = 730_425;
const DAY: i64 = 86_400_000_000;
/// 4714-11-24 BC, where PostgreSQL's calendar begins.
const FIRST_DAY: i64 = -2_451_545;
/// The day behind 5874897-12-31.
const END_DAY: i64 = 2_145_031_949;
/// 294277-01-01 00:00, where timestamps end.
const END_TIMESTAMP: i64 = 9_223_371_331_200_000_000;

#[cold]
fn out_of_range() -> EvalError {
    EvalError::sql("22008", "date or time out of range")
}

/// A date within PostgreSQL's range, from days since 2000-01-01.
fn date<'r>(days: i64) -> Evaluated<'r> {
    if !(FIRST_DAY..END_DAY).contains(&days) {
        return Err(out_of_range());
    }
    i32::try_from(days).map(Value::Date).map_err(|_| out_of_range())
}

fn timestamp(micros: i128) -> Result<i64, EvalError> {
    match i64::try_from(micros) {
        Ok(micros) if (FIRST_DAY * DAY..END_TIMESTAMP).contains(&micros) => Ok(micros),
        _ => Err(out_of_range()),
    }
}

fn is_finite<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    Ok(Value::Bool(match args[0] {
        Value::Date(days) => days != i32::MAX && days != i32::MIN,
        Value::Timestamp(t) | Value::TimestampTz(t) => t != i64::MAX && t != i64::MIN,
        _ => return Err(mismatch()),
    }))
}

fn days_of(value: &Value<'_>) -> Result<i32, EvalError> {
    match value {
        Value::Date(days) => Ok(*days),
        _ => Err(mismatch()),
    }
}

fn date_plus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    match days_of(&args[0])? {
        infinite @ (i32::MAX | i32::MIN) => Ok(Value::Date(infinite)),
        days => date(i64::from(days) + int_of(&args[1])?),
    }
}

fn date_minus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    match days_of(&args[0])? {
        infinite @ (i32::MAX | i32::MIN) => Ok(Value::Date(infinite)),
        days => date(i64::from(days) - int_of(&args[1])?),
    }
}

fn days_between<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (left, right) = (days_of(&args[0])?, days_of(&args[1])?);
    let infinite = |days: i32| days == i32::MAX || days == i32::MIN;
    if infinite(left) || infinite(right) {
        return Err(EvalError::sql("22008", "cannot subtract infinite dates"));
    }
    // The server subtracts 32-bit numbers; no two dates of its range are that far apart.
    left.checked_sub(right).map(Value::Int4).ok_or_else(out_of_range)
}

/// `date::timestamp`
pub(super) fn date_to_timestamp(days: i32) -> Result<i64, EvalError> {
    match days {
        i32::MAX => Ok(i64::MAX),
        i32::MIN => Ok(i64::MIN),
        days => timestamp(i128::from(days) * i128::from(DAY)),
    }
}

/// `timestamp::date`
pub(super) fn timestamp_to_date<'r>(micros: i64) -> Evaluated<'r> {
    match micros {
        i64::MAX => Ok(Value::Date(i32::MAX)),
        i64::MIN => Ok(Value::Date(i32::MIN)),
        micros => date(micros.div_euclid(DAY)),
    }
}

/// Days since 2000-01-01 of a day in the proleptic Gregorian calendar with a year 0.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A date in ISO form.
pub(super) fn date_text(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let (text, before) = day_text(i64::from(days));
            text + before
        }
    }
}

fn day_text(days: i64) -> (String, &'static str) {
    let (year, month, day) = civil_from_days(days);
    // There is no year 0: the year before 1 is 1 BC.
    let (year, before) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), before)
}

/// A timestamp in ISO form, with this character between date and time.
pub(super) fn timestamp_text(micros: i64, between: char) -> String {
    if micros == i64::MAX || micros == i64::MIN {
        return if micros == i64::MAX { "infinity".to_owned() } else { "-infinity".to_owned() };
    }
    let (mut text, before) = day_text(micros.div_euclid(DAY));
    let of_day = micros.rem_euclid(DAY);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let _ = write!(text, "{between}{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if fraction > 0 {
        let digits = format!("{fraction:06}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text + before
}

/// What a text says, as far as it says it in ISO form.
struct Moment {
    days: i64,
    /// Microseconds of the day; absent where no time is written.
    micros: Option<i64>,
    /// Seconds east of UTC, where a zone is written.
    offset: Option<i64>,
}

/// A zone behind a time.
enum Zone {
    Absent,
    /// Seconds east of UTC.
    East(i64),
    OutOfRange,
}

enum Read {
    Moment(Moment),
    Infinity,
    NegInfinity,
    Epoch,
}

/// Reads the ISO forms. PostgreSQL reads many more, some of them by `DateStyle`; those are refused rather than guessed.
fn read(text: &str) -> Result<Read, EvalError> {
    let invalid = || EvalError::sql("22007", "invalid input syntax for a date or time");
    let text = text.trim_matches(is_space);
    match text.to_ascii_lowercase().as_str() {
        "infinity" | "+infinity" => return Ok(Read::Infinity),
        "-infinity" => return Ok(Read::NegInfinity),
        "epoch" => return Ok(Read::Epoch),
        "now" | "today" | "tomorrow" | "yesterday" => {
            return Err(EvalError::sql("0A000", "a date that depends on the day of the run"));
        }
        _ => {}
    }
    // Without a digit there is nothing that any style could read.
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Err(invalid());
    }
    iso(text)?.map(Read::Moment).ok_or_else(|| EvalError::sql("0A000", "a date or time that is not in ISO form (2025-01-31 13:45:00)"))
}

/// `None` where the text is not in ISO form.
fn iso(text: &str) -> Result<Option<Moment>, EvalError> {
    let (text, before_christ) = match text.len().checked_sub(2).and_then(|at| text.split_at_checked(at)) {
        Some((head, tail)) if tail.eq_ignore_ascii_case("bc") && head.ends_with(is_space) => (head.trim_end_matches(is_space), true),
        _ => (text, false),
    };
    let mut rest = text;
    let Some((year, digits)) = number(&mut rest, 1..=7) else { return basic(text, before_christ) };
    // With fewer digits than four, which part is the year is a matter of style.
    if digits < 4 || !eat(&mut rest, '-') {
        return basic(text, before_christ);
    }
    let Some((month, _)) = number(&mut rest, 1..=2) else { return Ok(None) };
    if !eat(&mut rest, '-') {
        return Ok(None);
    }
    let Some((day, _)) = number(&mut rest, 1..=2) else { return Ok(None) };
    finish(year, month, day, rest, before_christ)
}

/// `20250131`, with nothing behind it.
fn basic(text: &str, before_christ: bool) -> Result<Option<Moment>, EvalError> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap_or(0);
    finish(part(0..4), part(4..6), part(6..8), "", before_christ)
}

fn finish(year: i64, month: i64, day: i64, mut rest: &str, before_christ: bool) -> Result<Option<Moment>, EvalError> {
    let field = || EvalError::sql("22008", "date/time field value out of range");
    let (mut micros, mut offset) = (None, Zone::Absent);
    if !rest.is_empty() {
        if rest.starts_with(['T', 't']) || rest.starts_with(is_space) {
            rest = rest[1..].trim_start_matches(is_space);
        } else {
            return Ok(None);
        }
        let Some(of_day) = time(&mut rest) else { return Ok(None) };
        let Some(zone) = zone(rest.trim_start_matches(is_space)) else { return Ok(None) };
        micros = Some(of_day);
        offset = zone;
    }
    let year = match (before_christ, year) {
        (_, 0) => return Err(field()),
        (true, year) => 1 - year,
        (false, year) => year,
    };
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return Err(field());
    }
    let micros = match micros {
        None => None,
        Some(Ok(micros)) => Some(micros),
        Some(Err(())) => return Err(field()),
    };
    let offset = match offset {
        Zone::Absent => None,
        Zone::East(seconds) => Some(seconds),
        Zone::OutOfRange => return Err(EvalError::sql("22009", "time zone displacement out of range")),
    };
    Ok(Some(Moment { days: days_from_civil(year, month, day), micros, offset }))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Takes the digits in front, if there are as many as that.
fn number(rest: &mut &str, digits: std::ops::RangeInclusive<usize>) -> Option<(i64, usize)> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !digits.contains(&count) {
        return None;
    }
    let (number, behind) = rest.split_at(count);
    *rest = behind;
    Some((number.parse().ok()?, count))
}

fn eat(rest: &mut &str, c: char) -> bool {
    match rest.strip_prefix(c) {
        Some(behind) => {
            *rest = behind;
            true
        }
        None => false,
    }
}

/// `13:45[:59[.123456]]`: microseconds of the day; `Err` where a field is out of range, `None` where it is no time.
fn time(rest: &mut &str) -> Option<Result<i64, ()>> {
    let (hour, _) = number(rest, 1..=2)?;
    if !eat(rest, ':') {
        return None;
    }
    let (minute, 2) = number(rest, 2..=2)? else { return None };
    let (mut second, mut fraction) = (0, 0);
    if eat(rest, ':') {
        (second, _) = number(rest, 2..=2)?;
        if let Some(behind) = rest.strip_prefix('.') {
            let count = behind.bytes().take_while(u8::is_ascii_digit).count();
            if count == 0 {
                return None;
            }
            fraction = micros(&behind[..count]);
            *rest = &behind[count..];
        }
    }
    let of_day = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    // 24:00:00 and a leap second are the next minute, as the server has it.
    let valid = minute <= 59 && second <= 60 && of_day <= DAY && hour <= 24;
    Some(if valid { Ok(of_day) } else { Err(()) })
}

/// A fraction of a second in microseconds. Six digits are exact; more are rounded as the server does it, by way of a double.
fn micros(digits: &str) -> i64 {
    if digits.len() <= 6 {
        return format!("{digits:0<6}").parse().unwrap_or(0);
    }
    let fraction: f64 = format!("0.{digits}").parse().unwrap_or(0.0);
    #[allow(clippy::cast_possible_truncation, reason = "at most a million")]
    {
        (fraction * 1e6).round_ties_even() as i64
    }
}

/// `Z`, `+02`, `+02:30`, `+0230`: seconds east of UTC. `None` where it is something else.
fn zone(text: &str) -> Option<Zone> {
    if text.is_empty() {
        return Some(Zone::Absent);
    }
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(Zone::East(0));
    }
    let (sign, mut rest) = match text.as_bytes()[0] {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match number(&mut rest, 1..=4)? {
        (hours, 1..=2) => (hours, if eat(&mut rest, ':') { number(&mut rest, 2..=2)?.0 } else { 0 }),
        (both, 4) => (both / 100, both % 100),
        _ => return None,
    };
    if !rest.is_empty() {
        return None;
    }
    Some(if hours <= 15 && minutes <= 59 { Zone::East(sign * (hours * 60 + minutes) * 60) } else { Zone::OutOfRange })
}

/// `text::date`
pub(super) fn parse_date<'r>(text: &str) -> Evaluated<'r> {
    match read(text)? {
        Read::Infinity => Ok(Value::Date(i32::MAX)),
        Read::NegInfinity => Ok(Value::Date(i32::MIN)),
        Read::Epoch => date(days_from_civil(1970, 1, 1)),
        // The time of day is read, checked and dropped, as the server does it.
        Read::Moment(moment) => date(moment.days),
    }
}

/// `text::timestamp`; a zone that is written is ignored, as the server does it.
pub(super) fn parse_timestamp<'r>(text: &str) -> Evaluated<'r> {
    Ok(Value::Timestamp(match read(text)? {
        Read::Infinity => i64::MAX,
        Read::NegInfinity => i64::MIN,
        Read::Epoch => days_from_civil(1970, 1, 1) * DAY,
        Read::Moment(moment) => timestamp(instant(&moment))?,
    }))
}

/// `text::timestamptz`, of texts that say their zone.
pub(super) fn parse_timestamptz<'r>(text: &str) -> Evaluated<'r> {
    Ok(Value::TimestampTz(match read(text)? {
        Read::Infinity => i64::MAX,
        Read::NegInfinity => i64::MIN,
        Read::Epoch => days_from_civil(1970, 1, 1) * DAY,
        Read::Moment(moment) => match moment.offset {
            Some(offset) => timestamp(instant(&moment) - i128::from(offset) * 1_000_000)?,
            None => return Err(EvalError::sql("0A000", "a time without a zone; which one is meant depends on the session")),
        },
    }))
}

fn instant(moment: &Moment) -> i128 {
    i128::from(moment.days) * i128::from(DAY) + i128::from(moment.micros.unwrap_or(0))
}
