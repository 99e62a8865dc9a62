//! Intervals out of text: PostgreSQL's decoder (`DecodeInterval`), and ISO 8601's forms with a `P` in front.
//!
//! Fractions of units are `double precision` on the server, and so they are here. `IntervalStyle` is taken to be what it is without a
//! setting: only `sql_standard` reads `-1 2:00` otherwise.

use crate::expr::context::EvalError;
use crate::expr::datetime::calendar::{DAY, HOUR, MINUTE, SECOND, interval_out_of_range};
use crate::expr::datetime::fields::{Shape, fraction, leading_int, leading_long, split};
use crate::expr::datetime::input::{bad, clock};
use crate::expr::datetime::words::{Unit, unit};
use crate::row::Interval;

/// What is read so far; PostgreSQL keeps the years apart until the end.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    years: i32,
    months: i32,
    days: i32,
    micros: i64,
}

/// A field that does not fit.
#[cold]
fn overflow() -> EvalError {
    EvalError::sql("22015", "interval field value out of range")
}

impl Sum {
    fn micros(&mut self, value: i64, fraction: f64, unit: i64) -> Option<()> {
        self.micros = value.checked_mul(unit).and_then(|micros| self.micros.checked_add(micros))?;
        self.fraction_of(fraction, unit)
    }

    /// A part of a unit in microseconds, rounded.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a fraction of a unit is below it")]
    fn fraction_of(&mut self, fraction: f64, unit: i64) -> Option<()> {
        if fraction == 0.0 {
            return Some(());
        }
        let exact = fraction * unit as f64;
        let mut micros = exact as i64;
        let rest = exact - micros as f64;
        if rest > 0.5 {
            micros += 1;
        } else if rest < -0.5 {
            micros -= 1;
        }
        self.micros = self.micros.checked_add(micros)?;
        Some(())
    }

    fn days(&mut self, value: i64, unit: i32) -> Option<()> {
        self.days = i32::try_from(value).ok()?.checked_mul(unit).and_then(|days| self.days.checked_add(days))?;
        Some(())
    }

    /// A part of a unit of days: whole days, and the rest in microseconds.
    #[allow(clippy::cast_possible_truncation, reason = "a fraction of a month is below it")]
    fn days_of(&mut self, fraction: f64, unit: i32) -> Option<()> {
        if fraction == 0.0 {
            return Some(());
        }
        let exact = fraction * f64::from(unit);
        let days = exact as i32;
        self.days = self.days.checked_add(days)?;
        self.fraction_of(exact - f64::from(days), DAY)
    }

    fn months(&mut self, value: i64) -> Option<()> {
        self.months = i32::try_from(value).ok().and_then(|months| self.months.checked_add(months))?;
        Some(())
    }

    fn years(&mut self, value: i64, unit: i32) -> Option<()> {
        self.years = i32::try_from(value).ok()?.checked_mul(unit).and_then(|years| self.years.checked_add(years))?;
        Some(())
    }

    /// A part of years in months, rounded.
    #[allow(clippy::cast_possible_truncation, reason = "a fraction of a millennium is below it")]
    fn months_of(&mut self, fraction: f64, years: i32) -> Option<()> {
        let months = (fraction * f64::from(years) * 12.0).round_ties_even() as i32;
        self.months = self.months.checked_add(months)?;
        Some(())
    }

    fn add(&mut self, unit: Unit, value: i64, part: f64) -> Result<(), EvalError> {
        let years = |sum: &mut Self, unit| sum.years(value, unit).and_then(|()| sum.months_of(part, unit));
        let done = match unit {
            Unit::Microsecond => self.micros(value, part, 1),
            Unit::Millisecond => self.micros(value, part, 1000),
            Unit::Second => self.micros(value, part, SECOND),
            Unit::Minute => self.micros(value, part, MINUTE),
            Unit::Hour => self.micros(value, part, HOUR),
            Unit::Day => self.days(value, 1).and_then(|()| self.fraction_of(part, DAY)),
            Unit::Week => self.days(value, 7).and_then(|()| self.days_of(part, 7)),
            Unit::Month => self.months(value).and_then(|()| self.days_of(part, 30)),
            Unit::Year => years(self, 1),
            Unit::Decade => years(self, 10),
            Unit::Century => years(self, 100),
            Unit::Millennium => years(self, 1000),
            _ => return Err(bad()),
        };
        done.ok_or_else(overflow)
    }

    fn finish(self) -> Result<Interval, EvalError> {
        let months = i64::from(self.years) * 12 + i64::from(self.months);
        let months = i32::try_from(months).map_err(|_| interval_out_of_range())?;
        Ok(Interval { months, days: self.days, micros: self.micros })
    }
}

/// `text::interval`
pub(in crate::expr) fn parse(text: &str) -> Result<Interval, EvalError> {
    let read = split(text, 256).ok_or_else(bad).and_then(|fields| decode(&fields));
    let read = match read {
        Err(error) if error.sqlstate() == Some("22007") => iso(text),
        read => read,
    };
    match read {
        Ok(sum) => sum.finish(),
        // Whatever does not fit has this code in an interval.
        Err(error) if error.sqlstate() == Some("22008") => Err(overflow()),
        Err(other) => Err(other),
    }
}

/// Which fields were there: one bit a unit.
fn bit(unit: Unit, fraction: f64) -> u32 {
    match unit {
        Unit::Second if fraction != 0.0 => SECONDS,
        unit => 1 << unit as u32,
    }
}

const SECONDS: u32 = 1 << Unit::Second as u32 | 1 << Unit::Millisecond as u32 | 1 << Unit::Microsecond as u32;
const TIME: u32 = SECONDS | 1 << Unit::Minute as u32 | 1 << Unit::Hour as u32;

/// The unit that a number without one has.
#[derive(Clone, Copy)]
enum Next {
    Seconds,
    Unit(Unit),
    Nothing,
}

/// From the end to the beginning, because units stand behind their numbers.
fn decode(fields: &[(Shape, String)]) -> Result<Sum, EvalError> {
    let mut sum = Sum::default();
    let (mut seen, mut ago, mut next) = (0, false, Next::Seconds);
    for (shape, field) in fields.iter().rev() {
        let mask = match shape {
            Shape::Time => {
                sum.micros = time(field)?;
                next = Next::Unit(Unit::Day);
                TIME
            }
            Shape::Zone if field[1..].contains(':') && time(&field[1..]).is_ok() => {
                let micros = time(&field[1..])?;
                sum.micros = if field.starts_with('-') { -micros } else { micros };
                next = Next::Unit(Unit::Day);
                TIME
            }
            Shape::Zone | Shape::Date | Shape::Number => {
                let (value, part, months) = number(field)?;
                let unit = match next {
                    _ if months => Unit::Month,
                    Next::Seconds => Unit::Second,
                    Next::Unit(unit) => unit,
                    Next::Nothing => return Err(bad()),
                };
                sum.add(unit, value, part)?;
                next = Next::Unit(if unit == Unit::Hour { Unit::Day } else { unit });
                bit(unit, part)
            }
            Shape::Word | Shape::Signed if field == "ago" => {
                ago = true;
                next = Next::Nothing;
                0
            }
            Shape::Word | Shape::Signed => {
                next = Next::Unit(unit(field).ok_or_else(bad)?);
                0
            }
        };
        if seen & mask != 0 {
            return Err(bad());
        }
        seen |= mask;
    }
    if seen == 0 {
        return Err(bad());
    }
    if ago {
        let negated = || {
            Some(Sum {
                years: sum.years.checked_neg()?,
                months: sum.months.checked_neg()?,
                days: sum.days.checked_neg()?,
                micros: sum.micros.checked_neg()?,
            })
        };
        sum = negated().ok_or_else(overflow)?;
    }
    Ok(sum)
}

fn time(field: &str) -> Result<i64, EvalError> {
    let time = clock(field)?;
    let rest = time.minute * MINUTE + time.second * SECOND + time.fraction;
    time.hour.checked_mul(HOUR).and_then(|hours| hours.checked_add(rest)).ok_or_else(overflow)
}

/// A number and its fraction; `1-2` is years and months, in months.
fn number(field: &str) -> Result<(i64, f64, bool), EvalError> {
    let (value, behind) = leading_long(field).ok_or_else(overflow)?;
    let negative = field.starts_with('-');
    if let Some(months) = behind.strip_prefix('-') {
        let (months, behind) = leading_int(months).filter(|(months, _)| (0..12).contains(months)).ok_or_else(overflow)?;
        if !behind.is_empty() {
            return Err(bad());
        }
        let months = if negative { -months } else { months };
        let total = value.checked_mul(12).and_then(|value| value.checked_add(months)).ok_or_else(overflow)?;
        return Ok((total, 0.0, true));
    }
    if behind.is_empty() {
        return Ok((value, 0.0, false));
    }
    let part = fraction(behind).ok_or_else(bad)?;
    Ok((value, if negative { -part } else { part }, false))
}

/// A number of ISO 8601's forms: whole part, fraction, and what is behind it.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below 10^15")]
fn iso_number(text: &str) -> Result<(i64, f64, &str), EvalError> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = usize::from(text.starts_with('-'));
    if text[end..].starts_with("0x") || text[end..].starts_with("0X") {
        return Err(EvalError::sql("0A000", "an interval with a hexadecimal number"));
    }
    let whole = digits(&text[end..]);
    end += whole;
    let mut part = 0;
    if text[end..].starts_with('.') {
        part = digits(&text[end + 1..]);
        end += 1 + part;
    }
    if whole + part == 0 {
        // `-inf` and `-nan` are numbers to the server, and out of range.
        let rest = text.get(1..4).unwrap_or("").to_ascii_lowercase();
        return Err(if text.starts_with('-') && (rest == "inf" || rest == "nan") { overflow() } else { bad() });
    }
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let count = digits(&exponent[sign..]);
        if count > 0 {
            end += 1 + sign + count;
        }
    }
    let value: f64 = text[..end].parse().map_err(|_| bad())?;
    if value.is_infinite() {
        return Err(bad());
    }
    if !(-1e15..=1e15).contains(&value) {
        return Err(overflow());
    }
    Ok((value as i64, value - value.trunc(), &text[end..]))
}

/// `P1Y2M3DT4H5M6S`, and the alternative formats `P0001-02-03T04:05:06` and `P00010203T040506`.
fn iso(text: &str) -> Result<Sum, EvalError> {
    let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or_else(bad)?;
    let mut sum = Sum::default();
    let (mut in_date, mut have) = (true, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            (rest, in_date, have) = (time, false, false);
            continue;
        }
        let start = rest;
        let (value, part, behind) = iso_number(rest)?;
        let width = start.trim_start_matches('-').bytes().take_while(u8::is_ascii_digit).count();
        let letter = behind.chars().next();
        rest = letter.map_or("", |c| &behind[c.len_utf8()..]);
        let unit = match (in_date, letter) {
            (true, Some('Y')) => Unit::Year,
            (true, Some('M')) => Unit::Month,
            (true, Some('W')) => Unit::Week,
            (true, Some('D')) => Unit::Day,
            (false, Some('H')) => Unit::Hour,
            (false, Some('M')) => Unit::Minute,
            (false, Some('S')) => Unit::Second,
            (true, Some('T') | None) if width == 8 && !have => {
                sum.add(Unit::Year, value / 10_000, 0.0)?;
                sum.add(Unit::Month, value / 100 % 100, 0.0)?;
                sum.add(Unit::Day, value % 100, part)?;
                (in_date, have) = (false, false);
                continue;
            }
            (false, None) if width == 6 && !have => {
                sum.add(Unit::Hour, value / 10_000, 0.0)?;
                sum.add(Unit::Minute, value / 100 % 100, 0.0)?;
                sum.add(Unit::Second, value % 100, 0.0)?;
                sum.add(Unit::Microsecond, 0, part)?;
                return Ok(sum);
            }
            (true, Some('-' | 'T') | None) if !have => {
                match alternative(&mut sum, start, ['-', '-'], [Unit::Year, Unit::Month, Unit::Day])? {
                    Some(time) => {
                        (rest, in_date, have) = (time, false, false);
                        continue;
                    }
                    None => return Ok(sum),
                }
            }
            (false, Some(':') | None) if !have => {
                return match alternative(&mut sum, start, [':', ':'], [Unit::Hour, Unit::Minute, Unit::Second])? {
                    None => Ok(sum),
                    Some(_) => Err(bad()),
                };
            }
            _ => return Err(bad()),
        };
        sum.add(unit, value, part)?;
        have = true;
    }
    Ok(sum)
}

/// Up to three numbers with a character between them; what is behind a `T`, or nothing at the end.
fn alternative<'t>(sum: &mut Sum, text: &'t str, between: [char; 2], units: [Unit; 3]) -> Result<Option<&'t str>, EvalError> {
    let mut rest = text;
    for (at, unit) in units.into_iter().enumerate() {
        let (value, part, behind) = iso_number(rest)?;
        sum.add(unit, value, part)?;
        if behind.is_empty() {
            return Ok(None);
        }
        if let Some(time) = behind.strip_prefix('T') {
            return Ok(Some(time));
        }
        rest = between.get(at).and_then(|c| behind.strip_prefix(*c)).ok_or_else(bad)?;
    }
    Err(bad())
}
