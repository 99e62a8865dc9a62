//! Dates, times and timestamps: what can be done with them. The calendar, the text forms and the implementations are in the files of the
//! folder; intervals are `interval.rs`, zones `zone.rs`, templates `format.rs`.
//!
//! Boundary: nothing here reads a clock or the session's time zone; what depends on `TimeZone` or `DateStyle` is refused where it is bound,
//! or at the value (SQLSTATE 0A000) where only that shows it: `timestamptz + interval` with days or months in the interval, and texts
//! whose day, month or zone the session decides.

mod arithmetic;
mod build;
pub(super) mod calendar;
pub(super) mod fields;
pub(super) mod input;
mod parts;
mod text;
pub(super) mod words;

pub(super) use arithmetic::{date_to_timestamp, timestamp_to_date};
use parts::Source;
pub(super) use text::{
    date_text, parse_date, parse_time, parse_timestamp, parse_timestamptz, parse_timetz, push_time, time_text, timestamp_text, timetz_text,
};

use super::context::Evaluated;
use super::registry::{Builtin, Ty, mismatch};
use crate::row::Value;

const CLOCK: &str = "it depends on the day of the run: write age(timestamp '2025-01-31', x)";
const SESSION: &str = "it depends on the time zone of the session: write x at time zone 'Europe/Berlin'";
const FINITE: &str = "whether it is neither infinity";
const FIELD: &str = "a field of it";
const CUT: &str = "cut to a unit";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("isfinite", &[Ty::Date], Ty::Bool, is_finite, FINITE),
    Builtin::new("isfinite", &[Ty::Timestamp], Ty::Bool, is_finite, FINITE),
    Builtin::new("isfinite", &[Ty::TimestampTz], Ty::Bool, is_finite, FINITE),
    Builtin::new("isfinite", &[Ty::Interval], Ty::Bool, is_finite, "true: an interval is always finite"),
    Builtin::prepared("extract", &[Ty::Text, Ty::Date], Ty::Numeric, &[0], |l| parts::prepare(l, Source::Date, false), FIELD),
    Builtin::prepared("extract", &[Ty::Text, Ty::Timestamp], Ty::Numeric, &[0], |l| parts::prepare(l, Source::Timestamp, false), FIELD),
    Builtin::prepared("extract", &[Ty::Text, Ty::TimestampTz], Ty::Numeric, &[0], |l| parts::prepare(l, Source::TimestampTz, false), FIELD),
    Builtin::prepared("extract", &[Ty::Text, Ty::Time], Ty::Numeric, &[0], |l| parts::prepare(l, Source::Time, false), FIELD),
    Builtin::prepared("extract", &[Ty::Text, Ty::TimeTz], Ty::Numeric, &[0], |l| parts::prepare(l, Source::TimeTz, false), FIELD),
    Builtin::prepared("extract", &[Ty::Text, Ty::Interval], Ty::Numeric, &[0], |l| parts::prepare(l, Source::Interval, false), FIELD),
    Builtin::new("date", &[Ty::Timestamp], Ty::Date, build::to_date, "its day").fails(),
    Builtin::refuse("date", &[Ty::TimestampTz], Ty::Date, SESSION),
    Builtin::prepared("date_part", &[Ty::Text, Ty::Date], Ty::Float8, &[0], |l| parts::prepare(l, Source::DateAsTimestamp, true), FIELD),
    Builtin::prepared("date_part", &[Ty::Text, Ty::Timestamp], Ty::Float8, &[0], |l| parts::prepare(l, Source::Timestamp, true), FIELD),
    Builtin::prepared("date_part", &[Ty::Text, Ty::TimestampTz], Ty::Float8, &[0], |l| parts::prepare(l, Source::TimestampTz, true), FIELD),
    Builtin::prepared("date_part", &[Ty::Text, Ty::Time], Ty::Float8, &[0], |l| parts::prepare(l, Source::Time, true), FIELD),
    Builtin::prepared("date_part", &[Ty::Text, Ty::TimeTz], Ty::Float8, &[0], |l| parts::prepare(l, Source::TimeTz, true), FIELD),
    Builtin::prepared("date_part", &[Ty::Text, Ty::Interval], Ty::Float8, &[0], |l| parts::prepare(l, Source::Interval, true), FIELD),
    Builtin::prepared("date_trunc", &[Ty::Text, Ty::Timestamp], Ty::Timestamp, &[0], build::prepare_trunc, CUT),
    Builtin::refuse(
        "date_trunc",
        &[Ty::Text, Ty::TimestampTz],
        Ty::TimestampTz,
        "name the zone, as in date_trunc('day', x, 'Europe/Berlin'), or cast a date to timestamp",
    ),
    Builtin::prepared("date_trunc", &[Ty::Text, Ty::TimestampTz, Ty::Text], Ty::TimestampTz, &[0, 2], build::prepare_trunc, CUT),
    Builtin::prepared("date_trunc", &[Ty::Text, Ty::Interval], Ty::Interval, &[0], build::prepare_trunc_interval, CUT),
    Builtin::new("date_bin", &[Ty::Interval, Ty::Timestamp, Ty::Timestamp], Ty::Timestamp, build::date_bin, "the beginning of its stride")
        .fails(),
    Builtin::new(
        "date_bin",
        &[Ty::Interval, Ty::TimestampTz, Ty::TimestampTz],
        Ty::TimestampTz,
        build::date_bin,
        "the beginning of its stride",
    )
    .fails(),
    Builtin::new("age", &[Ty::Timestamp, Ty::Timestamp], Ty::Interval, build::age, "years, months and days from the second to the first")
        .fails(),
    Builtin::refuse("age", &[Ty::TimestampTz, Ty::TimestampTz], Ty::Interval, SESSION),
    Builtin::refuse("age", &[Ty::Timestamp], Ty::Interval, CLOCK),
    Builtin::refuse("age", &[Ty::TimestampTz], Ty::Interval, CLOCK),
    Builtin::new("make_date", &[Ty::Int4, Ty::Int4, Ty::Int4], Ty::Date, build::make_date, "a date of year, month and day").fails(),
    Builtin::new("make_time", &[Ty::Int4, Ty::Int4, Ty::Float8], Ty::Time, build::make_time, "a time of hour, minute and seconds").fails(),
    Builtin::new(
        "make_timestamp",
        &[Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Float8],
        Ty::Timestamp,
        build::make_timestamp,
        "a timestamp of its six parts",
    )
    .fails(),
    Builtin::refuse(
        "make_timestamptz",
        &[Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Float8],
        Ty::TimestampTz,
        "name the zone as a seventh argument",
    ),
    Builtin::new(
        "make_timestamptz",
        &[Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Int4, Ty::Float8, Ty::Text],
        Ty::TimestampTz,
        build::make_timestamptz,
        "a moment of its six parts in a zone",
    )
    .fails(),
    Builtin::new("to_timestamp", &[Ty::Float8], Ty::TimestampTz, build::from_epoch, "the moment that many seconds after 1970 in UTC")
        .fails(),
    Builtin::new(
        "overlaps",
        &[Ty::Timestamp, Ty::Timestamp, Ty::Timestamp, Ty::Timestamp],
        Ty::Bool,
        build::overlaps,
        "whether two spans of time overlap",
    )
    .lenient(),
    Builtin::new(
        "overlaps",
        &[Ty::TimestampTz, Ty::TimestampTz, Ty::TimestampTz, Ty::TimestampTz],
        Ty::Bool,
        build::overlaps,
        "whether two spans of time overlap",
    )
    .lenient(),
    Builtin::new("overlaps", &[Ty::Time, Ty::Time, Ty::Time, Ty::Time], Ty::Bool, build::overlaps, "whether two spans of time overlap")
        .lenient(),
];

/// The operators. `timestamptz ± interval` is a matter of the session's zone unless the interval has neither days nor months.
pub(super) const OPERATORS: &[Builtin] = &[
    op("+", &[Ty::Date, Ty::Int4], Ty::Date, arithmetic::date_plus),
    op("+", &[Ty::Int4, Ty::Date], Ty::Date, |a| arithmetic::swapped(a, arithmetic::date_plus)),
    op("-", &[Ty::Date, Ty::Int4], Ty::Date, arithmetic::date_minus),
    op("-", &[Ty::Date, Ty::Date], Ty::Int4, arithmetic::days_between),
    op("+", &[Ty::Date, Ty::Interval], Ty::Timestamp, arithmetic::plus_interval),
    op("+", &[Ty::Interval, Ty::Date], Ty::Timestamp, |a| arithmetic::swapped(a, arithmetic::plus_interval)),
    op("-", &[Ty::Date, Ty::Interval], Ty::Timestamp, arithmetic::minus_interval),
    op("+", &[Ty::Date, Ty::Time], Ty::Timestamp, arithmetic::date_plus_time),
    op("+", &[Ty::Time, Ty::Date], Ty::Timestamp, |a| arithmetic::swapped(a, arithmetic::date_plus_time)),
    op("+", &[Ty::Date, Ty::TimeTz], Ty::TimestampTz, arithmetic::date_plus_time),
    op("+", &[Ty::TimeTz, Ty::Date], Ty::TimestampTz, |a| arithmetic::swapped(a, arithmetic::date_plus_time)),
    op("+", &[Ty::Timestamp, Ty::Interval], Ty::Timestamp, arithmetic::plus_interval),
    op("+", &[Ty::Interval, Ty::Timestamp], Ty::Timestamp, |a| arithmetic::swapped(a, arithmetic::plus_interval)),
    op("-", &[Ty::Timestamp, Ty::Interval], Ty::Timestamp, arithmetic::minus_interval),
    op("-", &[Ty::Timestamp, Ty::Timestamp], Ty::Interval, arithmetic::between),
    op("+", &[Ty::TimestampTz, Ty::Interval], Ty::TimestampTz, arithmetic::plus_interval),
    op("+", &[Ty::Interval, Ty::TimestampTz], Ty::TimestampTz, |a| arithmetic::swapped(a, arithmetic::plus_interval)),
    op("-", &[Ty::TimestampTz, Ty::Interval], Ty::TimestampTz, arithmetic::minus_interval),
    op("-", &[Ty::TimestampTz, Ty::TimestampTz], Ty::Interval, arithmetic::between),
    Builtin::new("+", &[Ty::Time, Ty::Interval], Ty::Time, arithmetic::time_plus, ""),
    Builtin::new("+", &[Ty::Interval, Ty::Time], Ty::Time, |a| arithmetic::swapped(a, arithmetic::time_plus), ""),
    Builtin::new("-", &[Ty::Time, Ty::Interval], Ty::Time, arithmetic::time_minus, ""),
    Builtin::new("-", &[Ty::Time, Ty::Time], Ty::Interval, arithmetic::time_between, ""),
    Builtin::new("+", &[Ty::TimeTz, Ty::Interval], Ty::TimeTz, arithmetic::time_plus, ""),
    Builtin::new("+", &[Ty::Interval, Ty::TimeTz], Ty::TimeTz, |a| arithmetic::swapped(a, arithmetic::time_plus), ""),
    Builtin::new("-", &[Ty::TimeTz, Ty::Interval], Ty::TimeTz, arithmetic::time_minus, ""),
];

const fn op(name: &'static str, args: &'static [Ty], result: Ty, run: super::registry::Run) -> Builtin {
    Builtin::new(name, args, result, run, "").fails()
}

fn is_finite<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    Ok(Value::Bool(match args[0] {
        Value::Date(days) => days != i32::MAX && days != i32::MIN,
        Value::Timestamp(t) | Value::TimestampTz(t) => !calendar::is_infinite(t),
        Value::Interval(_) => true,
        _ => return Err(mismatch()),
    }))
}
