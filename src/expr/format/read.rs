//! `to_date` and `to_timestamp`: moments out of text by a template (`DCH_from_char`, `do_to_timestamp`).
//!
//! Which moment `to_timestamp` gives depends on the zone of the session unless the template has `TZH`; without it, it is refused.

use super::template::{DAYS, Field, MONTHS, Part, Pattern, ROMAN, parse};
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
struct Found {
    hour: i64,
    afternoon: i64,
    minute: i64,
    second: i64,
    of_day: i64,
    weekday: i64,
    day: i64,
    of_year: i64,
    month: i64,
    millis: i64,
    year: i64,
    before_christ: i64,
    week: i64,
    week_of_month: i64,
    century: i64,
    julian: i64,
    micros: i64,
    year_digits: usize,
    twelve: bool,
    zone_sign: i64,
    zone_hour: i64,
    zone_minute: i64,
}

#[cold]
fn invalid() -> EvalError {
    EvalError::sql("22007", "the text does not fit the template")
}

#[cold]
fn overflow() -> EvalError {
    EvalError::sql("22008", "date/time field value out of range")
}

impl Prepared for Template {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let text = text_of(&mut args[0])?;
        let mut reader = Reader { text: text.as_bytes(), at: 0, found: Found::default() };
        reader.read(&self.parts)?;
        let mut found = reader.found;
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

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    found: Found,
}

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | 0xb | 0xc | b'\r')
}

/// Sets a part that has no other value yet.
fn set(part: &mut i64, value: i64) -> Result<(), EvalError> {
    if *part != 0 && *part != value {
        return Err(invalid());
    }
    *part = value;
    Ok(())
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn spaces(&mut self) -> i64 {
        let count = self.text[self.at..].iter().take_while(|c| is_space(**c)).count();
        self.at += count;
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// One character, of however many bytes.
    fn skip(&mut self) {
        if self.at < self.text.len() {
            self.at += 1;
            while self.peek().is_some_and(|c| c & 0xC0 == 0x80) {
                self.at += 1;
            }
        }
    }

    fn read(&mut self, parts: &[Part]) -> Result<(), EvalError> {
        let (mut exact, mut extra) = (false, 0_i64);
        for (place, part) in parts.iter().enumerate() {
            if self.peek().is_none() {
                break;
            }
            let is_exact = matches!(part, Part::Pattern(Pattern { field: Field::Exact, .. }));
            if !exact && !is_exact && (place == 0 || matches!(part, Part::Pattern(_))) {
                extra += self.spaces();
            }
            let Some(next) = self.peek() else {
                // What is behind the last space is not read, unless it is a pattern, which then finds nothing.
                match part {
                    Part::Pattern(pattern) => {
                        self.pattern(pattern, parts, place, extra)?;
                    }
                    _ => break,
                }
                continue;
            };
            match part {
                Part::Space(_) | Part::Separator(_) if exact => self.skip(),
                Part::Space(_) | Part::Separator(_) => {
                    extra -= 1;
                    if is_space(next) || next.is_ascii_punctuation() {
                        self.at += 1;
                        extra += 1;
                    }
                }
                Part::Char(_) if !exact && extra > 0 => extra -= 1,
                Part::Char(_) => self.skip(),
                Part::Pattern(Pattern { field: Field::Exact, .. }) => exact = true,
                Part::Pattern(pattern) => {
                    self.pattern(pattern, parts, place, extra)?;
                    if !exact {
                        extra = self.spaces();
                    }
                }
            }
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &Pattern, parts: &[Part], place: usize, extra: i64) -> Result<(), EvalError> {
        let open = pattern.fill || closed(pattern, parts.get(place + 1));
        let length = pattern.word.len();
        match pattern.field {
            Field::Exact => return Ok(()),
            Field::Meridiem => {
                let words: &[&str] = if pattern.word.contains('.') { &["a.m.", "p.m."] } else { &["am", "pm"] };
                let value = self.word(words)?;
                self.found.twelve = true;
                return set(&mut self.found.afternoon, value);
            }
            Field::Era => {
                let words: &[&str] = if pattern.word.contains('.') { &["a.d.", "b.c."] } else { &["ad", "bc"] };
                let value = self.word(words)?;
                return set(&mut self.found.before_christ, value);
            }
            Field::Month => {
                let month = self.word(&MONTHS)? + 1;
                return set(&mut self.found.month, month);
            }
            Field::Mon => {
                let month = self.word(&MONTHS.map(|month| &month[..3]))? + 1;
                return set(&mut self.found.month, month);
            }
            Field::Day | Field::Dy => {
                let day = if pattern.field == Field::Day { self.word(&DAYS)? } else { self.word(&DAYS.map(|day| &day[..3]))? };
                set(&mut self.found.weekday, day)?;
                self.found.weekday += 1;
                return Ok(());
            }
            Field::Roman => {
                let month = 12 - self.word(&ROMAN)?;
                return set(&mut self.found.month, month);
            }
            Field::YearComma => self.year_comma()?,
            Field::ZoneHour => {
                match self.peek() {
                    Some(sign @ (b'+' | b'-' | b' ')) => {
                        self.found.zone_sign = if sign == b'-' { -1 } else { 1 };
                        self.at += 1;
                    }
                    // A minus sign may have been taken for a separator.
                    _ => {
                        let minus = extra > 0 && self.at > 0 && self.text[self.at - 1] == b'-';
                        self.found.zone_sign = if minus { -1 } else { 1 };
                    }
                }
                let (hour, _) = self.number(2, open)?;
                return set(&mut self.found.zone_hour, hour);
            }
            Field::ZoneMinute => {
                if self.found.zone_sign == 0 {
                    self.found.zone_sign = 1;
                }
                let (minute, _) = self.number(2, open)?;
                return set(&mut self.found.zone_minute, minute);
            }
            _ => self.digits(pattern, length, open)?,
        }
        if pattern.ordinal.is_some() {
            self.skip();
            self.skip();
        }
        Ok(())
    }

    /// Patterns of digits.
    fn digits(&mut self, pattern: &Pattern, length: usize, open: bool) -> Result<(), EvalError> {
        let length = match pattern.field {
            Field::Hour12 | Field::Hour24 => 2,
            Field::Milliseconds | Field::IsoDayOfYear => 3,
            Field::Microseconds => 6,
            Field::Fraction(digits) => digits,
            Field::IsoDay => 1,
            _ => length,
        };
        let (value, used) = self.number(length, open)?;
        let found = &mut self.found;
        match pattern.field {
            Field::Hour12 | Field::Hour24 => {
                set(&mut found.hour, value)?;
                found.twelve |= pattern.field == Field::Hour12;
            }
            Field::Minute => set(&mut found.minute, value)?,
            Field::Second => set(&mut found.second, value)?,
            Field::SecondOfDay => set(&mut found.of_day, value)?,
            Field::Milliseconds => {
                set(&mut found.millis, value)?;
                found.millis *= 10_i64.pow(u32::try_from(3_usize.saturating_sub(used)).unwrap_or(0));
            }
            Field::Microseconds | Field::Fraction(_) => {
                set(&mut found.micros, value)?;
                found.micros *= 10_i64.pow(u32::try_from(6_usize.saturating_sub(used)).unwrap_or(0));
            }
            Field::MonthNumber => set(&mut found.month, value)?,
            Field::DayOfYear | Field::IsoDayOfYear => set(&mut found.of_year, value)?,
            Field::DayOfMonth => set(&mut found.day, value)?,
            Field::DayOfWeek => set(&mut found.weekday, value)?,
            Field::IsoDay => {
                set(&mut found.weekday, value)?;
                found.weekday = if found.weekday + 1 > 7 { 1 } else { found.weekday + 1 };
            }
            Field::WeekOfYear | Field::IsoWeek => set(&mut found.week, value)?,
            Field::WeekOfMonth => set(&mut found.week_of_month, value)?,
            Field::Century => set(&mut found.century, value)?,
            Field::Julian => set(&mut found.julian, value)?,
            Field::Year(digits) | Field::IsoYear(digits) => {
                set(&mut found.year, value)?;
                if digits < 4 && used < 4 {
                    found.year = near_2020(found.year);
                }
                found.year_digits = digits;
            }
            // A quarter is read, and says nothing.
            _ => {}
        }
        Ok(())
    }

    /// `2,024`
    fn year_comma(&mut self) -> Result<(), EvalError> {
        let start = self.at;
        let (thousands, _) = self.long().filter(|_| self.at > start).ok_or_else(invalid)?;
        if self.peek() != Some(b',') {
            return Err(invalid());
        }
        self.at += 1;
        let digits = self.text[self.at..].iter().take(3).take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 {
            return Err(invalid());
        }
        let years = self.text[self.at..self.at + digits].iter().fold(0, |n, d| n * 10 + i64::from(d - b'0'));
        self.at += digits;
        let year = thousands.checked_mul(1000).and_then(|n| n.checked_add(years)).filter(|year| i32::try_from(*year).is_ok());
        set(&mut self.found.year, year.ok_or_else(|| EvalError::sql("0A000", "a year of more than 32 bits"))?)?;
        self.found.year_digits = 4;
        Ok(())
    }

    /// `strtol`: the number here and whether it fits 64 bits.
    fn long(&mut self) -> Option<(i64, bool)> {
        let start = self.at;
        self.spaces();
        let mut negative = false;
        if let Some(sign @ (b'+' | b'-')) = self.peek() {
            negative = sign == b'-';
            self.at += 1;
        }
        let count = self.text[self.at..].iter().take_while(|c| c.is_ascii_digit()).count();
        if count == 0 {
            self.at = start;
            return None;
        }
        let mut n = Some(0_i64);
        for digit in &self.text[self.at..self.at + count] {
            n = n.and_then(|n| n.checked_mul(10)?.checked_add(i64::from(digit - b'0')));
        }
        self.at += count;
        Some((n.map_or(0, |n| if negative { -n } else { n }), n.is_some()))
    }

    /// A number of this length; of any length where nothing that follows could be taken for a digit of it. Also how much was used.
    fn number(&mut self, length: usize, open: bool) -> Result<(i64, usize), EvalError> {
        let start = self.at;
        self.spaces();
        let read = if open {
            self.at = start;
            self.long()
        } else {
            if self.text.len() - self.at < length {
                return Err(invalid());
            }
            let mut part = Reader { text: &self.text[..self.at + length], at: self.at, found: Found::default() };
            let read = part.long();
            let used = part.at - self.at;
            if used > 0 && used < length {
                return Err(invalid());
            }
            self.at = part.at;
            read
        };
        if self.at == start {
            return Err(invalid());
        }
        let (value, fits) = read.unwrap_or((0, true));
        if !fits || i32::try_from(value).is_err() {
            return Err(overflow());
        }
        Ok((value, self.at - start))
    }

    /// One of these words, in any case.
    fn word(&mut self, words: &[&str]) -> Result<i64, EvalError> {
        let rest = &self.text[self.at..];
        let fits = |word: &&str| rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word.as_bytes());
        let place = words.iter().position(fits).ok_or_else(invalid)?;
        self.at += words[place].len();
        i64::try_from(place).map_err(|_| invalid())
    }
}

/// Whether no digit can follow a pattern, so that it takes all that there are.
fn closed(pattern: &Pattern, next: Option<&Part>) -> bool {
    pattern.ordinal.is_some()
        || match next {
            None => true,
            Some(Part::Pattern(next)) => matches!(
                next.field,
                Field::Meridiem
                    | Field::Era
                    | Field::Day
                    | Field::Dy
                    | Field::Fraction(_)
                    | Field::Exact
                    | Field::Month
                    | Field::Mon
                    | Field::Zone
                    | Field::Roman
                    | Field::ZoneHour
            ),
            Some(Part::Separator(c) | Part::Space(c) | Part::Char(c)) => !c.is_ascii_digit(),
        }
}

/// A year of fewer than four digits, near 2020.
fn near_2020(year: i64) -> i64 {
    match year {
        ..70 | 100..520 => year + 2000,
        70..100 => year + 1900,
        520..1000 => year + 1000,
        _ => year,
    }
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
                let monday = iso_week_start(year, self.week);
                let later = if self.weekday > 1 { self.weekday - 2 } else { 6 };
                (year, month, day) = civil_from_days(monday + if self.weekday == 0 { 0 } else { later });
                (has_year, has_month, has_day) = (true, true, true);
            } else {
                self.of_year = (self.week - 1) * 7 + 1;
            }
        }
        if self.week_of_month != 0 {
            self.day = (self.week_of_month - 1) * 7 + 1;
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
                (year, month, day) = civil_from_days(iso_week_start(year, 1) - 1 + self.of_year);
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
            return if century >= 0 { (century - 1) * 100 + 1 } else { century * 100 + 1 };
        }
        if century != 0 && self.year_digits <= 2 {
            let year = self.year % 100;
            return match (year, century >= 0) {
                (0, positive) => century * 100 + i64::from(!positive),
                (year, true) => year + (century - 1) * 100,
                (year, false) => (century + 1) * 100 - year + 1,
            };
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
        let fraction = self.millis * 1000 + self.micros;
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) || !(0..SECOND).contains(&fraction) {
            return Err(overflow());
        }
        Ok((hour * HOUR + minute * MINUTE + second * SECOND + fraction) % DAY)
    }
}
