//! A text that is read along a template of a date or a time: which characters belong to which pattern.

use super::read::{Found, invalid, overflow};
use super::template::{DAYS, Field, MONTHS, Part, Pattern, ROMAN};
use crate::expr::context::EvalError;

/// A text, and what was found in it so far.
pub(super) struct Reader<'t> {
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

impl<'t> Reader<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, found: Found::default() }
    }

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

    /// Reads along a template until one of the two ends.
    pub fn read(mut self, parts: &[Part]) -> Result<Found, EvalError> {
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
        Ok(self.found)
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
