//! `to_char` of dates, timestamps and intervals (`DCH_to_char`).

use std::fmt::Write as _;

use super::template::{Case, DAYS, Field, MONTHS, Part, Pattern, ROMAN, ordinal, parse};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::datetime::calendar::{
    Civil, FIRST_DAY, HOUR, JULIAN, MINUTE, SECOND, days_from_civil, is_infinite, iso_week, iso_week_start, weekday,
};
use crate::expr::datetime::date_to_timestamp;
use crate::expr::registry::{Prepared, mismatch};
use crate::expr::text::MOST_BYTES;
use crate::row::{Interval, Value};

/// What a template is filled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Date,
    Timestamp,
    Interval,
}

/// A template of a moment.
#[derive(Debug)]
struct Template {
    parts: Vec<Part>,
    /// Whether nothing at all is written: then there is no text, not an empty one.
    empty: bool,
}

pub(super) fn prepare(literals: &[Option<&str>], source: Source) -> Result<Box<dyn Prepared>, String> {
    let template = literals.get(1).copied().flatten().unwrap_or_default();
    let parts = parse(template)?;
    for part in &parts {
        let Part::Pattern(pattern) = part else { continue };
        let word = pattern.word;
        match (pattern.field, source) {
            (Field::Zone | Field::ZoneHour | Field::ZoneMinute, _) => {
                return Err(format!("the pattern {word} prints the time zone of the session"));
            }
            (
                Field::Meridiem
                | Field::Fraction(_)
                | Field::Hour12
                | Field::Hour24
                | Field::Minute
                | Field::Milliseconds
                | Field::Microseconds
                | Field::SecondOfDay
                | Field::Second,
                Source::Date,
            ) => return Err(format!("the pattern {word} of a date depends on the time zone of the session: cast the date to timestamp")),
            (
                Field::IsoDayOfYear
                | Field::IsoWeek
                | Field::IsoYear(_)
                | Field::Julian
                | Field::Era
                | Field::Month
                | Field::Mon
                | Field::Day
                | Field::Dy
                | Field::DayOfWeek
                | Field::IsoDay,
                Source::Interval,
            ) => return Err(format!("an interval has no {word}")),
            _ => {}
        }
    }
    Ok(Box::new(Template { parts, empty: template.is_empty() }))
}

/// The parts of a moment or an interval.
#[derive(Clone, Copy, Debug)]
struct Shown {
    interval: bool,
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
    /// Days since 2000-01-01.
    days: i64,
    of_year: i64,
}

impl Shown {
    fn moment(micros: i64) -> Self {
        let civil = Civil::of(micros);
        let days = civil.days();
        Self {
            interval: false,
            year: civil.year,
            month: civil.month,
            day: civil.day,
            hour: civil.hour(),
            minute: civil.minute(),
            second: civil.second(),
            fraction: civil.fraction(),
            days,
            of_year: days - days_from_civil(civil.year, 1, 1) + 1,
        }
    }

    fn interval(span: Interval) -> Self {
        let day = i64::from(span.days);
        Self {
            interval: true,
            year: i64::from(span.months / 12),
            month: i64::from(span.months % 12),
            day,
            hour: span.micros / HOUR,
            minute: span.micros / MINUTE % 60,
            second: span.micros / SECOND % 60,
            fraction: span.micros % SECOND,
            days: 0,
            of_year: i64::from(span.months.wrapping_mul(30).wrapping_add(span.days)),
        }
    }

    /// The year without its sign, as a date shows it.
    fn unsigned(&self, year: i64) -> i64 {
        if self.interval || year > 0 { year } else { 1 - year }
    }
}

/// The number of a week by that of a day, in 32 bits: the days of an interval wrap around.
fn week(day: i64) -> i64 {
    i64::from(i32::try_from(day).unwrap_or(0).wrapping_sub(1)) / 7 + 1
}

impl Prepared for Template {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let shown = match args[0] {
            Value::Date(days) => {
                // PostgreSQL makes a moment of it first, in the session's zone.
                let micros = date_to_timestamp(days)?;
                if i64::from(days) == FIRST_DAY {
                    return Err(EvalError::sql("0A000", "the first day of all, which not every time zone has"));
                }
                if self.empty || is_infinite(micros) {
                    return Ok(Value::Null);
                }
                Shown::moment(micros)
            }
            _ if self.empty => return Ok(Value::Null),
            Value::Timestamp(micros) if is_infinite(micros) => return Ok(Value::Null),
            Value::Timestamp(micros) => Shown::moment(micros),
            Value::Interval(span) => Shown::interval(span),
            _ => return Err(mismatch()),
        };
        let mut out = String::with_capacity(self.parts.len() * 2);
        for part in &self.parts {
            match part {
                Part::Pattern(pattern) => show(pattern, &shown, &mut out),
                Part::Separator(c) | Part::Space(c) | Part::Char(c) => out.push(*c),
            }
            if out.len() > MOST_BYTES {
                return Err(EvalError::sql("54000", "the text is too long"));
            }
        }
        Ok(Value::Text(out.into()))
    }

    fn fallible(&self) -> bool {
        true
    }
}

fn cased(word: &str, case: Case) -> String {
    match case {
        Case::Upper => word.to_ascii_uppercase(),
        Case::Title => word.to_owned(),
        Case::Lower => word.to_ascii_lowercase(),
    }
}

/// A name of up to nine letters, padded unless told otherwise.
fn name(word: &str, pattern: &Pattern, width: usize, out: &mut String) {
    let word = cased(word, pattern.case);
    let width = if pattern.fill { 0 } else { width };
    let _ = write!(out, "{word:<width$}");
}

fn show(pattern: &Pattern, at: &Shown, out: &mut String) {
    let start = out.len();
    // A number in so many digits, and one place more for a sign.
    let number = |out: &mut String, n: i64, digits: usize, negative: bool| {
        let width = if pattern.fill { 0 } else { digits + usize::from(negative) };
        let _ = write!(out, "{n:0width$}");
    };
    match pattern.field {
        Field::Meridiem => {
            let afternoon = at.hour % 24 >= 12;
            let dots = pattern.word.contains('.');
            out.push_str(match (pattern.case, dots, afternoon) {
                (Case::Lower, true, true) => "p.m.",
                (Case::Lower, true, false) => "a.m.",
                (Case::Lower, false, true) => "pm",
                (Case::Lower, false, false) => "am",
                (_, true, true) => "P.M.",
                (_, true, false) => "A.M.",
                (_, false, true) => "PM",
                (_, false, false) => "AM",
            });
            return;
        }
        Field::Era => {
            let dots = pattern.word.contains('.');
            let era = match (dots, at.year <= 0) {
                (true, true) => "B.C.",
                (true, false) => "A.D.",
                (false, true) => "BC",
                (false, false) => "AD",
            };
            out.push_str(&if pattern.case == Case::Lower { era.to_ascii_lowercase() } else { era.to_owned() });
            return;
        }
        Field::Month => return name(MONTHS[place(at.month - 1)], pattern, 9, out),
        Field::Mon => return name(&MONTHS[place(at.month - 1)][..3], pattern, 0, out),
        Field::Day => return name(DAYS[place(weekday(at.days))], pattern, 9, out),
        Field::Dy => return name(&DAYS[place(weekday(at.days))][..3], pattern, 0, out),
        Field::Roman => return roman(pattern, at, out),
        Field::Exact | Field::Zone | Field::ZoneHour | Field::ZoneMinute => return,
        Field::Hour12 => number(out, if at.hour % 12 == 0 { 12 } else { at.hour % 12 }, 2, at.hour < 0),
        Field::Hour24 => number(out, at.hour, 2, at.hour < 0),
        Field::Minute => number(out, at.minute, 2, at.minute < 0),
        Field::Second => number(out, at.second, 2, at.second < 0),
        Field::Milliseconds => drop(write!(out, "{:03}", at.fraction / 1000)),
        Field::Microseconds => drop(write!(out, "{:06}", at.fraction)),
        Field::Fraction(digits) => {
            let part = at.fraction / 10_i64.pow(6 - u32::try_from(digits).unwrap_or(6));
            let _ = write!(out, "{part:0digits$}");
        }
        Field::SecondOfDay => drop(write!(out, "{}", at.hour * 3600 + at.minute * 60 + at.second)),
        Field::MonthNumber => number(out, at.month, 2, at.month < 0),
        Field::DayOfYear => number(out, at.of_year, 3, false),
        Field::IsoDayOfYear => number(out, at.days - iso_week_start(iso_week(at.days).0, 1) + 1, 3, false),
        Field::DayOfMonth => number(out, at.day, 2, false),
        Field::DayOfWeek => drop(write!(out, "{}", weekday(at.days) + 1)),
        Field::IsoDay => drop(write!(out, "{}", (weekday(at.days) + 6) % 7 + 1)),
        Field::WeekOfYear => number(out, week(at.of_year), 2, false),
        Field::IsoWeek => number(out, iso_week(at.days).1, 2, false),
        Field::WeekOfMonth => drop(write!(out, "{}", week(at.day))),
        Field::Quarter if at.month == 0 => return,
        Field::Quarter => drop(write!(out, "{}", (at.month - 1) / 3 + 1)),
        Field::Century => {
            let century = match at.year {
                year if at.interval => year / 100,
                year if year > 0 => (year - 1) / 100 + 1,
                year => year / 100 - 1,
            };
            if (-99..=99).contains(&century) {
                number(out, century, 2, century < 0);
            } else {
                let _ = write!(out, "{century}");
            }
        }
        Field::YearComma => {
            let year = at.unsigned(at.year);
            let _ = write!(out, "{},{:03}", year / 1000, year - year / 1000 * 1000);
        }
        Field::Year(digits) => year(at.unsigned(at.year), digits, at.unsigned(at.year) < 0, pattern, out),
        Field::IsoYear(digits) => year(at.unsigned(iso_week(at.days).0), digits, false, pattern, out),
        Field::Julian => drop(write!(out, "{}", at.days + JULIAN)),
    }
    if let Some(case) = pattern.ordinal {
        let suffix = ordinal(&out[start..], case);
        out.push_str(suffix);
    }
}

fn year(year: i64, digits: usize, negative: bool, pattern: &Pattern, out: &mut String) {
    let (year, width) = match digits {
        4 => (year, 4),
        3 => (year % 1000, 3),
        2 => (year % 100, 2),
        _ => (year % 10, 0),
    };
    let width = if pattern.fill || width == 0 { 0 } else { width + usize::from(negative) };
    let _ = write!(out, "{year:0width$}");
}

fn roman(pattern: &Pattern, at: &Shown, out: &mut String) {
    let month = match (at.month, at.year) {
        (0, 0) => return,
        (0, year) if year >= 0 => 0,
        (0, _) => 11,
        (month, _) if month < 0 => -(month + 1),
        (month, _) => 12 - month,
    };
    name(ROMAN[place(month)], pattern, 4, out);
}

fn place(n: i64) -> usize {
    usize::try_from(n).unwrap_or(0)
}
