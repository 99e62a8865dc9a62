//! The calendar and the limits of PostgreSQL's dates and timestamps: proleptic Gregorian, with a year 0 that is 1 BC.

use crate::expr::context::{EvalError, Evaluated};
use crate::row::Value;

/// Days from 0000-03-01 to 2000-01-01 in the calendar that has a year 0.
const EPOCH: i64 = 730_425;
/// Microseconds of a day.
pub(in crate::expr) const DAY: i64 = 86_400_000_000;
pub(in crate::expr) const HOUR: i64 = 3_600_000_000;
pub(in crate::expr) const MINUTE: i64 = 60_000_000;
pub(in crate::expr) const SECOND: i64 = 1_000_000;
/// 4714-11-24 BC, where PostgreSQL's calendar begins.
pub(in crate::expr) const FIRST_DAY: i64 = -2_451_545;
/// The day behind 5874897-12-31.
const END_DAY: i64 = 2_145_031_949;
/// 294277-01-01 00:00, where timestamps end.
const END_TIMESTAMP: i64 = 9_223_371_331_200_000_000;
/// The Julian day of 2000-01-01.
pub(in crate::expr) const JULIAN: i64 = 2_451_545;
/// 1970-01-01, in days since 2000-01-01.
pub(in crate::expr) const UNIX_EPOCH: i64 = -10_957;

#[cold]
pub(in crate::expr) fn out_of_range() -> EvalError {
    EvalError::sql("22008", "date or time out of range")
}

/// A sum that has no place in 64 bits. Older releases of PostgreSQL go on with what is left of it, newer ones refuse it.
#[cold]
pub(in crate::expr) fn beyond() -> EvalError {
    EvalError::sql("0A000", "a span of time beyond what every release of PostgreSQL computes")
}

#[cold]
pub(in crate::expr) fn interval_out_of_range() -> EvalError {
    EvalError::sql("22008", "interval out of range")
}

/// A date within PostgreSQL's range, from days since 2000-01-01.
pub(in crate::expr) fn date<'r>(days: i64) -> Evaluated<'r> {
    if !(FIRST_DAY..END_DAY).contains(&days) {
        return Err(out_of_range());
    }
    i32::try_from(days).map(Value::Date).map_err(|_| out_of_range())
}

/// Microseconds within the range of timestamps.
pub(in crate::expr) fn timestamp(micros: i128) -> Result<i64, EvalError> {
    match i64::try_from(micros) {
        Ok(micros) if (FIRST_DAY * DAY..END_TIMESTAMP).contains(&micros) => Ok(micros),
        _ => Err(out_of_range()),
    }
}

/// Whether a timestamp is one of the two infinities.
pub(in crate::expr) const fn is_infinite(micros: i64) -> bool {
    micros == i64::MAX || micros == i64::MIN
}

/// Days since 2000-01-01 of a day in the proleptic Gregorian calendar with a year 0.
pub(in crate::expr) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

/// Year, month and day of days since 2000-01-01.
pub(in crate::expr) fn civil_from_days(days: i64) -> (i64, i64, i64) {
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

/// How many days a month has.
pub(in crate::expr) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of the week: 0 is Sunday.
pub(in crate::expr) fn weekday(days: i64) -> i64 {
    (days + 6).rem_euclid(7)
}

/// The Monday that begins the first week of an ISO year.
fn iso_year_start(year: i64) -> i64 {
    let fourth = days_from_civil(year, 1, 4);
    fourth - (weekday(fourth) + 6) % 7
}

/// The first day of a week of an ISO year.
pub(in crate::expr) fn iso_week_start(year: i64, week: i64) -> i64 {
    iso_year_start(year) + (week - 1) * 7
}

/// ISO year and week of a day.
pub(in crate::expr) fn iso_week(days: i64) -> (i64, i64) {
    let (year, _, _) = civil_from_days(days);
    let start = if days >= iso_year_start(year + 1) {
        year + 1
    } else if days >= iso_year_start(year) {
        year
    } else {
        year - 1
    };
    (start, (days - iso_year_start(start)) / 7 + 1)
}

/// A moment taken apart: the year counts 1 BC as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr) struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    /// Microseconds of the day.
    pub micros: i64,
}

impl Civil {
    /// Of a timestamp.
    pub fn of(micros: i64) -> Self {
        let (year, month, day) = civil_from_days(micros.div_euclid(DAY));
        Self { year, month, day, micros: micros.rem_euclid(DAY) }
    }

    /// Days since 2000-01-01.
    pub fn days(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day)
    }

    /// Microseconds since 2000-01-01, not checked for the range.
    pub fn instant(&self) -> i128 {
        i128::from(self.days()) * i128::from(DAY) + i128::from(self.micros)
    }

    /// A timestamp, or the error that it is out of range.
    pub fn timestamp(&self) -> Result<i64, EvalError> {
        timestamp(self.instant())
    }

    pub fn hour(&self) -> i64 {
        self.micros / HOUR
    }

    pub fn minute(&self) -> i64 {
        self.micros / MINUTE % 60
    }

    pub fn second(&self) -> i64 {
        self.micros / SECOND % 60
    }

    /// Microseconds of the second.
    pub fn fraction(&self) -> i64 {
        self.micros % SECOND
    }
}

/// The year as it is written: there is no year 0.
pub(in crate::expr) fn written_year(year: i64) -> i64 {
    if year > 0 { year } else { year - 1 }
}

/// Day, month and year where they are a day of the calendar; the year is written, negative ones are BC.
pub(in crate::expr) fn checked_day(year: i64, month: i64, day: i64) -> Result<i64, EvalError> {
    let year = match year {
        0 => return Err(out_of_range()),
        year if year < 0 => year + 1,
        year => year,
    };
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return Err(out_of_range());
    }
    Ok(days_from_civil(year, month, day))
}
