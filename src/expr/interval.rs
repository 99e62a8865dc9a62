//! `interval`: arithmetic, comparison, text forms. Boundary: what is added to dates and times is in `datetime.rs`.
//!
//! Months, days and microseconds are kept apart; only comparison takes a month for 30 days and a day for 24 hours. Products and
//! quotients with `double precision` are computed in it, as on the server.

mod call;
mod input;

use std::fmt::Write as _;

pub(super) use input::parse;

use super::context::{EvalError, Evaluated};
use super::datetime::calendar::{DAY, beyond, interval_out_of_range};
use super::datetime::push_time;
use super::registry::{Builtin, Ty, int_of, mismatch};
use crate::row::{Interval, Value};

const INTERVAL: Ty = Ty::Interval;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("justify_hours", &[INTERVAL], INTERVAL, |a| justified(a, hours), "24 hours become a day").fails(),
    Builtin::new("justify_days", &[INTERVAL], INTERVAL, |a| justified(a, days), "30 days become a month").fails(),
    Builtin::new(
        "justify_interval",
        &[INTERVAL],
        INTERVAL,
        |a| justified(a, both),
        "24 hours become a day, 30 days a month, all of one sign",
    )
    .fails(),
    made(&[]),
    made(&[Ty::Int4]),
    made(&[Ty::Int4, Ty::Int4]),
    made(&[Ty::Int4, Ty::Int4, Ty::Int4]),
    made(&[Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4]),
    made(&[Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4]),
    made(&[Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4]),
    made(&[Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Float8]),
];

const fn made(args: &'static [Ty]) -> Builtin {
    Builtin::new("make_interval", args, INTERVAL, make, "years, months, weeks, days, hours, minutes and seconds").fails()
}

pub(super) const OPERATORS: &[Builtin] = &[
    Builtin::new("+", &[INTERVAL, INTERVAL], INTERVAL, plus, "").fails(),
    Builtin::new("-", &[INTERVAL, INTERVAL], INTERVAL, minus, "").fails(),
    Builtin::new("-", &[INTERVAL], INTERVAL, negate, "").fails(),
    Builtin::new("*", &[INTERVAL, Ty::Float8], INTERVAL, multiply, "").fails(),
    Builtin::new(
        "*",
        &[Ty::Float8, INTERVAL],
        INTERVAL,
        |a| {
            a.swap(0, 1);
            multiply(a)
        },
        "",
    )
    .fails(),
    Builtin::new("/", &[INTERVAL, Ty::Float8], INTERVAL, divide, "").fails(),
];

fn interval_of(value: &Value<'_>) -> Result<Interval, EvalError> {
    match value {
        Value::Interval(span) => Ok(*span),
        _ => Err(mismatch()),
    }
}

fn float_of(value: &Value<'_>) -> Result<f64, EvalError> {
    match value {
        Value::Float8(n) => Ok(*n),
        _ => Err(mismatch()),
    }
}

/// What an interval is compared by: microseconds, of months of 30 days and days of 24 hours.
pub(super) fn order_of(span: Interval) -> i128 {
    (i128::from(span.months) * 30 + i128::from(span.days)) * i128::from(DAY) + i128::from(span.micros)
}

/// The text form in the style `postgres`: `1 year 2 mons -3 days +04:05:06`.
pub(super) fn text(span: Interval) -> String {
    let mut text = String::new();
    let mut negative = false;
    for (count, unit) in [(span.months / 12, "year"), (span.months % 12, "mon"), (span.days, "day")] {
        if count != 0 {
            let sign = if negative && count > 0 { "+" } else { "" };
            let between = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{between}{sign}{count} {unit}{}", if count == 1 { "" } else { "s" });
            negative = count < 0;
        }
    }
    if text.is_empty() || span.micros != 0 {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(if span.micros < 0 {
            "-"
        } else if negative {
            "+"
        } else {
            ""
        });
        if span.micros == i64::MIN {
            text.push_str("2562047788:00:54.775808");
        } else {
            push_time(&mut text, span.micros.abs());
        }
    }
    text
}

/// `interval::time`: what is left of whole days.
pub(super) fn time_of(span: Interval) -> Result<i64, EvalError> {
    // The server rounds up to whole days first, and that has no place in 64 bits.
    if span.micros < -(i64::MAX - DAY) {
        return Err(beyond());
    }
    Ok(span.micros.rem_euclid(DAY))
}

fn combine(left: Interval, right: Interval) -> Option<Interval> {
    Some(Interval {
        months: left.months.checked_add(right.months)?,
        days: left.days.checked_add(right.days)?,
        micros: left.micros.checked_add(right.micros)?,
    })
}

fn plus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    combine(interval_of(&args[0])?, interval_of(&args[1])?).map(Value::Interval).ok_or_else(interval_out_of_range)
}

fn minus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (left, right) = (interval_of(&args[0])?, interval_of(&args[1])?);
    let difference = || {
        Some(Interval {
            months: left.months.checked_sub(right.months)?,
            days: left.days.checked_sub(right.days)?,
            micros: left.micros.checked_sub(right.micros)?,
        })
    };
    difference().map(Value::Interval).ok_or_else(interval_out_of_range)
}

fn negate<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let span = interval_of(&args[0])?;
    let negated =
        || Some(Interval { months: span.months.checked_neg()?, days: span.days.checked_neg()?, micros: span.micros.checked_neg()? });
    negated().map(Value::Interval).ok_or_else(interval_out_of_range)
}

/// The whole part of a number of 32 bits.
fn whole(n: f64) -> Result<i32, EvalError> {
    if n.is_nan() || n >= -f64::from(i32::MIN) || n < f64::from(i32::MIN) {
        return Err(interval_out_of_range());
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked")]
    Ok(n as i32)
}

/// Rounded to the microsecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round_ties_even() / 1e6
}

/// Months, days and microseconds scaled apart; fractions go down to the next unit, never up (`interval_mul`, `interval_div`).
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "PostgreSQL's own computation, checked where it is")]
fn scaled(span: Interval, scale: impl Fn(f64) -> f64) -> Result<Interval, EvalError> {
    let (by_months, by_days) = (scale(f64::from(span.months)), scale(f64::from(span.days)));
    let (months, mut days) = (whole(by_months)?, whole(by_days)?);
    let month_days = rounded((by_months - f64::from(months)) * 30.0);
    let mut seconds = rounded((by_days - f64::from(days) + month_days - month_days.trunc()) * 86_400.0);
    if seconds.abs() >= 86_400.0 {
        let over = (seconds / 86_400.0).trunc();
        days = days.checked_add(over as i32).ok_or_else(interval_out_of_range)?;
        seconds -= over * 86_400.0;
    }
    days = days.checked_add(month_days as i32).ok_or_else(interval_out_of_range)?;
    let micros = (scale(span.micros as f64) + seconds * 1e6).round_ties_even();
    if micros.is_nan() || !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&micros) {
        return Err(interval_out_of_range());
    }
    Ok(Interval { months, days, micros: micros as i64 })
}

fn multiply<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let factor = float_of(&args[1])?;
    scaled(interval_of(&args[0])?, |n| n * factor).map(Value::Interval)
}

fn divide<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let divisor = float_of(&args[1])?;
    if divisor == 0.0 {
        return Err(EvalError::sql("22012", "division by zero"));
    }
    scaled(interval_of(&args[0])?, |n| n / divisor).map(Value::Interval)
}

fn justified<'r>(args: &mut [Value<'r>], by: fn(Interval) -> Option<Interval>) -> Evaluated<'r> {
    by(interval_of(&args[0])?).map(Value::Interval).ok_or_else(interval_out_of_range)
}

/// Takes whole days out of the time, and gives both one sign.
fn hours(mut span: Interval) -> Option<Interval> {
    span.days = span.days.checked_add(i32::try_from(span.micros / DAY).ok()?)?;
    span.micros %= DAY;
    Some(level_time(span))
}

fn level_time(mut span: Interval) -> Interval {
    if span.days > 0 && span.micros < 0 {
        span.micros += DAY;
        span.days -= 1;
    } else if span.days < 0 && span.micros > 0 {
        span.micros -= DAY;
        span.days += 1;
    }
    span
}

/// Takes months of 30 days out of the days, and gives both one sign.
fn days(mut span: Interval) -> Option<Interval> {
    span.months = span.months.checked_add(span.days / 30)?;
    span.days %= 30;
    if span.months > 0 && span.days < 0 {
        span.days += 30;
        span.months -= 1;
    } else if span.months < 0 && span.days > 0 {
        span.days -= 30;
        span.months += 1;
    }
    Some(span)
}

fn both(mut span: Interval) -> Option<Interval> {
    if (span.days > 0 && span.micros > 0) || (span.days < 0 && span.micros < 0) {
        span.months = span.months.checked_add(span.days / 30)?;
        span.days %= 30;
    }
    span.days = span.days.checked_add(i32::try_from(span.micros / DAY).ok()?)?;
    span.micros %= DAY;
    span.months = span.months.checked_add(span.days / 30)?;
    span.days %= 30;
    if span.months > 0 && (span.days < 0 || (span.days == 0 && span.micros < 0)) {
        span.days += 30;
        span.months -= 1;
    } else if span.months < 0 && (span.days > 0 || (span.days == 0 && span.micros > 0)) {
        span.days -= 30;
        span.months += 1;
    }
    Some(level_time(span))
}

fn make<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let whole = |at: usize| args.get(at).map_or(Ok(0), int_of);
    let seconds = args.get(6).map_or(Ok(0.0), float_of)?;
    let micros = (seconds * 1e6).round_ties_even();
    if !seconds.is_finite() {
        return Err(interval_out_of_range());
    }
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&micros) {
        return Err(beyond());
    }
    let narrow = |n: i64| i32::try_from(n).map_err(|_| beyond());
    #[allow(clippy::cast_possible_truncation, reason = "checked")]
    let micros = micros as i64;
    let time = whole(4)?.checked_mul(3_600_000_000).and_then(|hours| hours.checked_add(micros));
    let minutes = whole(5)?.checked_mul(60_000_000);
    let micros = time.zip(minutes).and_then(|(time, minutes)| time.checked_add(minutes)).ok_or_else(beyond)?;
    let months = narrow(whole(0)? * 12 + whole(1)?)?;
    let days = narrow(whole(2)? * 7 + whole(3)?)?;
    Ok(Value::Interval(Interval { months, days, micros }))
}
