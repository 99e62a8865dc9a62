//! `to_date` and `to_timestamp`: moments out of text by a template (`DCH_from_char`, `do_to_timestamp`).
//!
//! Which moment `to_timestamp` gives depends on the zone of the session unless the template has `TZH`; without it, it is refused.

use super::reader::Reader;
use super::template::{Field, Part, parse};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::datetime::calendar::{
    Civil, DAY, HOUR, JULIAN, MINUTE, SECOND, civil_from_days, date, days_from_civil, days_in, iso_week_start, timestamp,
};
use crate::expr::registry::{Prepared, text_of};
use crate::row::Value;

/// A template that texts are read by.
#[derive(Debug)]
struct Template {
    parts: Vec<Part>,
    /// `to_date`, not `to_timestamp`.
    date: bool,
    iso: bool,
}

pub(super) fn prepare(literals: &[Option<&str>], date: bool) -> Result<Box<dyn Prepared>, String> {
    let parts = parse(literals.get(1).copied().flatten().unwrap_or_default())?;
    let (mut iso, mut gregorian, mut zone) = (false, false, false);
    for part in &parts {
        let Part::Pattern(pattern) = part else { continue };
        match pattern.field {
            Field::Zone => return Err(format!("the pattern {} is for to_char only", pattern.word)),
            Field::ZoneHour => zone = true,
            Field::IsoDayOfYear | Field::IsoDay | Field::IsoWeek | Field::IsoYear(_) => iso = true,
            Field::DayOfYear
            | Field::DayOfMonth
            | Field::DayOfWeek
            | Field::MonthNumber
            | Field::Month
            | Field::Mon
            | Field::Roman
            | Field::WeekOfYear
            | Field::WeekOfMonth
            | Field::YearComma
            | Field::Year(_) => gregorian = true,
            _ => {}
        }
    }
    if iso && gregorian {
        return Err("a template is either of ISO weeks or of months and days".to_owned());
    }
    if !date && !zone {
        return Err(
            "without TZH in the template the moment depends on the time zone of the session: cast the text to timestamp, or use to_date"
                .to_owned(),
        );
    }
    Ok(Box::new(Template { parts, date, iso }))
}

/// What was read; nothing is 0, as on the server.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub hour: i64,
    pub afternoon: i64,
    pub minute: i64,
    pub second: i64,
    pub of_day: i64,
    pub weekday: i64,
    pub day: i64,
    pub of_year: i64,
    pub month: i64,
    pub millis: i64,
    pub year: i64,
    pub before_christ: i64,
    pub week: i64,
    pub week_of_month: i64,
    pub century: i64,
    pub julian: i64,
    pub micros: i64,
    pub year_digits: usize,
    pub twelve: bool,
    pub zone_sign: i64,
    pub zone_hour: i64,
    pub zone_minute: i64,
}

#[cold]
pub(super) fn invalid() -> EvalError {
    EvalError::sql("22007", "the text does not fit the template")
}

#[cold]
pub(super) fn overflow() -> EvalError {
    EvalError::sql("22008", "date/time field value out of range")
}

impl Prepared for Template {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let text = text_of(&mut args[0])?;
        let mut found = Reader::new(text.as_bytes()).read(&self.parts)?;
        let moment = found.moment(self.iso)?;
        if !(0..=15).contains(&found.zone_hour) || !(0..60).contains(&found.zone_minute) {
            return Err(EvalError::sql("22009", "time zone displacement out of range"));
        }
        if self.date {
            return date(moment.days());
        }
        if found.zone_sign == 0 {
            return Err(EvalError::sql("0A000", "a time without a zone; which one is meant depends on the session"));
        }
        let east = found.zone_sign * (found.zone_hour * HOUR + found.zone_minute * MINUTE);
        timestamp(moment.instant() - i128::from(east)).map(Value::TimestampTz)
    }

    fn fallible(&self) -> bool {
        true
    }
}

/// The server reckons in 32 bits, where what is beyond all dates and times wraps around.
#[allow(clippy::cast_possible_truncation, reason = "it is what it is for")]
fn wrapped(n: i64) -> i64 {
    i64::from(n as i32)
}

/// Year, month and day of a day of an ISO year, counted from 0. The server reckons in 32 bits; what does not fit is no date that anybody
/// could mean, and some date or other there.
fn iso_day(year: i64, day: i64) -> Result<(i64, i64, i64), EvalError> {
    let start = iso_week_start(year, 1);
    let fits = |days: i64| (-32_044..=i64::from(i32::MAX)).contains(&(days + JULIAN));
    if !fits(start - 7) || !fits(start + 7) || !fits(start + day) {
        return Err(EvalError::sql("0A000", "a day of an ISO year that is beyond all dates"));
    }
    Ok(civil_from_days(start + day))
}

impl Found {
    fn moment(&mut self, iso: bool) -> Result<Civil, EvalError> {
        let micros = self.clock()?;
        let (mut year, mut month, mut day) = (0, 1, 1);
        let (mut has_year, mut has_month, mut has_day) = (false, false, false);
        if self.year != 0 || self.century != 0 {
            year = self.full_year();
            has_year = true;
        }
        if self.julian != 0 {
            if self.julian < 0 {
                return Err(EvalError::sql("0A000", "a Julian day below zero"));
            }
            (year, month, day) = civil_from_days(self.julian - JULIAN);
            (has_year, has_month, has_day) = (true, true, true);
        }
        if self.week != 0 {
            if iso {
                let later = if self.weekday > 1 { self.weekday - 2 } else { 6 };
                (year, month, day) = iso_day(year, (self.week - 1) * 7 + if self.weekday == 0 { 0 } else { later })?;
                (has_year, has_month, has_day) = (true, true, true);
            } else {
                self.of_year = wrapped((self.week - 1) * 7 + 1);
            }
        }
        if self.week_of_month != 0 {
            self.day = wrapped((self.week_of_month - 1) * 7 + 1);
        }
        if self.day != 0 {
            (day, has_day) = (self.day, true);
        }
        if self.month != 0 {
            (month, has_month) = (self.month, true);
        }
        if self.of_year != 0 && (month <= 1 || day <= 1) {
            if year == 0 && self.before_christ == 0 {
                return Err(invalid());
            }
            if iso {
                (year, month, day) = iso_day(year, self.of_year - 1)?;
                has_year = true;
            } else {
                (month, day) = self.of_days(year, month, day);
            }
            (has_month, has_day) = (true, true);
        }
        if (has_month && !(1..=12).contains(&month)) || (has_day && !(1..=31).contains(&day)) {
            return Err(overflow());
        }
        if has_year && has_month && has_day && day > days_in(year, month) {
            return Err(overflow());
        }
        Ok(Civil { year, month, day, micros })
    }

    /// The month and the day of a day of the year, where they are not there already; the month may be the thirteenth.
    fn of_days(&self, year: i64, month: i64, day: i64) -> (i64, i64) {
        let before = |month: i64| days_from_civil(year, 1, 1).abs_diff(days_from_civil(year, month, 1));
        let mut found = 1;
        let mut sum = days_in(year, 1);
        while found <= 12 && self.of_year > sum {
            found += 1;
            if found <= 12 {
                sum += days_in(year, found);
            }
        }
        let start = if found <= 12 { i64::try_from(before(found)).unwrap_or(0) } else { sum };
        (if month <= 1 { found } else { month }, if day <= 1 { self.of_year - start } else { day })
    }

    fn full_year(&mut self) -> i64 {
        if self.century != 0 && (self.year == 0 || self.year_digits <= 2) && self.before_christ != 0 {
            self.century = -self.century;
        }
        let century = self.century;
        if self.year == 0 {
            let year = if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 };
            return wrapped(year);
        }
        if century != 0 && self.year_digits <= 2 {
            let year = self.year % 100;
            return wrapped(match (year, century >= 0) {
                (0, positive) => century * 100 + i64::from(!positive),
                (year, true) => year + (century - 1) * 100,
                (year, false) => (century + 1) * 100 - year + 1,
            });
        }
        let year = if self.before_christ != 0 { -self.year } else { self.year };
        if year < 0 { year + 1 } else { year }
    }

    /// Microseconds of the day.
    fn clock(&self) -> Result<i64, EvalError> {
        let (mut hour, mut minute, mut second) = (self.of_day / 3600, self.of_day / 60 % 60, self.of_day % 60);
        if self.second != 0 {
            second = self.second;
        }
        if self.minute != 0 {
            minute = self.minute;
        }
        if self.hour != 0 {
            hour = self.hour;
        }
        if self.twelve {
            if !(1..=12).contains(&hour) {
                return Err(invalid());
            }
            if self.afternoon != 0 && hour < 12 {
                hour += 12;
            } else if self.afternoon == 0 && hour == 12 {
                hour = 0;
            }
        }
        let fraction = wrapped(self.millis * 1000 + self.micros);
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) || !(0..SECOND).contains(&fraction) {
            return Err(overflow());
        }
        Ok((hour * HOUR + minute * MINUTE + second * SECOND + fraction) % DAY)
    }
}
