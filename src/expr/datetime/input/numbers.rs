//! The numbers of a date or a time: which part each one is, and whether they are a day.

use super::{
    DATE, DATE_DAY, DAY, DAY_OF_YEAR, Decoder, EvalError, HOUR, MINUTE, MONTH, Moment, Offset, Order, Read, SECOND, Step, TIME, Word, YEAR,
    ZONE, bad, civil_from_days, days_from_civil, days_in, fraction, leading_int, micros, overflow, word, zone_overflow,
};

impl Decoder {
    /// A date whose parts are separated: `2025-01-31`, `31.1.2025`, `8-Jan-1999` (`DecodeDate`).
    pub(super) fn date(&mut self, text: &str) -> Step {
        let (mut mask, mut seen, mut text_month) = (0, self.seen, false);
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            let first = rest.bytes().next().ok_or_else(bad)?;
            let fits = if first.is_ascii_digit() { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
            let (part, behind) = rest.split_at(rest.bytes().take_while(fits).count());
            parts.push(part);
            // One character behind a part is dropped, whatever it is.
            rest = behind.get(1..).unwrap_or("");
        }
        // Words first: they are the month without a doubt.
        for part in parts.iter().filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic())) {
            match word(part) {
                Some(Word::Ignored) => {}
                Some(Word::Month(month)) if seen & MONTH == 0 => {
                    self.month = month;
                    text_month = true;
                    seen |= MONTH;
                    mask |= MONTH;
                }
                _ => return Err(bad()),
            }
        }
        for part in parts.iter().filter(|part| part.starts_with(|c: char| c.is_ascii_digit())) {
            let found = self.number(part, text_month, seen)?;
            if seen & found != 0 {
                return Err(bad());
            }
            seen |= found;
            mask |= found;
        }
        if seen & !(DAY_OF_YEAR | ZONE) == DATE { Ok(mask) } else { Err(bad()) }
    }

    /// A number on its own, by what is there already (`DecodeNumber`).
    pub(super) fn number(&mut self, text: &str, text_month: bool, seen: u32) -> Step {
        let (value, behind) = leading_int(text).ok_or_else(overflow)?;
        if behind.len() == text.len() {
            return Err(bad());
        }
        if behind.starts_with('.') {
            if text.len() - behind.len() > 2 {
                return self.run_together(text, seen | DATE);
            }
            self.fraction = micros(fraction(behind).ok_or_else(bad)?);
        } else if !behind.is_empty() {
            return Err(bad());
        }
        let long = text.len() >= 3;
        if text.len() == 3 && seen & DATE == YEAR && (1..=366).contains(&value) {
            if self.year > 5_874_897 {
                return Err(EvalError::sql("0A000", "the day of a year that no date has"));
            }
            self.of_year = value;
            return Ok(DAY_OF_YEAR | MONTH | DATE_DAY);
        }
        let part = match seen & DATE {
            0 if long => YEAR,
            0 => match self.order() {
                Order::Ymd => YEAR,
                Order::Dmy => DATE_DAY,
                Order::Mdy => MONTH,
            },
            YEAR | DATE_DAY => MONTH,
            MONTH if text_month && (long || self.order() == Order::Ymd) => YEAR,
            MONTH => DATE_DAY,
            // The first number was taken for the year, and this one must be it.
            seen if seen == YEAR | MONTH && text_month && long && self.two_digits => {
                self.day = self.year;
                self.year = value;
                self.two_digits = false;
                return Ok(DATE_DAY);
            }
            seen if seen == YEAR | MONTH => DATE_DAY,
            seen if seen == MONTH | DATE_DAY => YEAR,
            DATE => return self.run_together(text, seen),
            _ => return Err(bad()),
        };
        match part {
            YEAR => {
                self.year = value;
                self.two_digits = text.len() <= 2;
            }
            MONTH => self.month = value,
            _ => self.day = value,
        }
        Ok(part)
    }

    /// `20250131`, `134559`, `1345` (`DecodeNumberField`).
    pub(super) fn run_together(&mut self, text: &str, seen: u32) -> Step {
        let part = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0);
        let mut digits = text.len();
        if let Some(point) = text.find('.') {
            self.fraction = micros(fraction(&text[point..]).ok_or_else(bad)?);
            digits = point;
        } else if seen & DATE != DATE && digits >= 6 {
            if !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad());
            }
            self.day = part(digits - 2..digits);
            self.month = part(digits - 4..digits - 2);
            // `atoi` makes -1 of more digits than any number has, which is no year.
            self.year = text[..digits - 4].parse().unwrap_or(-1);
            if i32::try_from(self.year).is_err() {
                return Err(EvalError::sql("0A000", "a year of more digits than a number of 32 bits"));
            }
            if digits == 6 {
                self.two_digits = true;
            }
            return Ok(DATE);
        }
        if seen & TIME == TIME || !matches!(digits, 4 | 6) {
            return Err(bad());
        }
        (self.hour, self.minute, self.second) = (part(0..2), part(2..4), if digits == 6 { part(4..6) } else { 0 });
        Ok(TIME)
    }

    pub(super) fn time_overflows(&self) -> bool {
        let out = !(0..=24).contains(&self.hour)
            || !(0..60).contains(&self.minute)
            || !(0..=60).contains(&self.second)
            || !(0..=SECOND).contains(&self.fraction);
        out || self.micros() > DAY
    }

    fn micros(&self) -> i64 {
        self.hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.fraction
    }

    /// Whether the parts are a day (`ValidateDate`), and the hours of the afternoon.
    pub(super) fn finish(&mut self) -> Result<Read, EvalError> {
        if self.label.is_some() {
            // Releases differ over a unit with nothing behind it.
            return Err(EvalError::sql("0A000", "a date or time that ends in a unit"));
        }
        if let Some(special) = self.special.take() {
            return Ok(special);
        }
        if self.seen & YEAR != 0 && !self.julian {
            if self.before_christ {
                if self.year <= 0 {
                    return Err(overflow());
                }
                self.year = 1 - self.year;
            } else if self.two_digits {
                self.year += match self.year {
                    ..0 => return Err(overflow()),
                    0..70 => 2000,
                    70..100 => 1900,
                    _ => 0,
                };
            } else if self.year <= 0 {
                return Err(overflow());
            }
        }
        if self.seen & DAY_OF_YEAR != 0 {
            (self.year, self.month, self.day) = civil_from_days(days_from_civil(self.year, 1, 1) + self.of_year - 1);
        }
        if (self.seen & MONTH != 0 && !(1..=12).contains(&self.month)) || (self.seen & DATE_DAY != 0 && !(1..=31).contains(&self.day)) {
            return Err(overflow());
        }
        if self.seen & DATE == DATE && self.day > days_in(self.year, self.month) {
            return Err(overflow());
        }
        match self.afternoon {
            Some(_) if self.hour > 12 => return Err(overflow()),
            Some(false) if self.hour == 12 => self.hour = 0,
            Some(true) if self.hour != 12 => self.hour += 12,
            _ => {}
        }
        if self.only_time {
            if self.time_overflows() {
                return Err(overflow());
            }
            if self.seen & TIME != TIME {
                return Err(bad());
            }
        } else if self.seen & DATE != DATE {
            return Err(bad());
        }
        let zone = std::mem::replace(&mut self.zone, Offset::Absent);
        let dated = self.seen & DATE == DATE;
        Ok(Read::Moment(Moment { year: self.year, month: self.month, day: self.day, micros: self.micros(), zone, dated }))
    }
}

/// Hours, minutes, seconds and microseconds as they are written; the hour is not checked.
pub(in crate::expr) struct Clock {
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub fraction: i64,
}

/// `13:45[:59[.5]]`, and `45:59.5` (`DecodeTimeCommon`).
pub(in crate::expr) fn clock(text: &str) -> Result<Clock, EvalError> {
    let (hour, behind) = super::super::fields::leading_long(text).ok_or_else(overflow)?;
    let (minute, behind) = leading_int(behind.strip_prefix(':').ok_or_else(bad)?).ok_or_else(overflow)?;
    let mut time = Clock { hour, minute, second: 0, fraction: 0 };
    if behind.starts_with('.') {
        let fraction = micros(fraction(behind).ok_or_else(bad)?);
        if i32::try_from(hour).is_err() {
            return Err(overflow());
        }
        time = Clock { hour: 0, minute: hour, second: minute, fraction };
    } else if let Some(seconds) = behind.strip_prefix(':') {
        let (second, behind) = leading_int(seconds).ok_or_else(overflow)?;
        time.second = second;
        if !behind.is_empty() {
            time.fraction = micros(fraction(behind).ok_or_else(bad)?);
        }
    } else if !behind.is_empty() {
        return Err(bad());
    }
    let valid =
        time.hour >= 0 && (0..60).contains(&time.minute) && (0..=60).contains(&time.second) && (0..=SECOND).contains(&time.fraction);
    if valid { Ok(time) } else { Err(overflow()) }
}

/// `+02`, `-05:30`, `+0530`, `+01:02:03`: seconds east of UTC (`DecodeTimezone`).
pub(in crate::expr) fn offset(text: &str) -> Result<i64, EvalError> {
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(bad()),
    };
    let (mut hours, mut behind) = leading_int(&text[1..]).ok_or_else(zone_overflow)?;
    let (mut minutes, mut seconds) = (0, 0);
    if let Some(rest) = behind.strip_prefix(':') {
        (minutes, behind) = leading_int(rest).ok_or_else(zone_overflow)?;
        if let Some(rest) = behind.strip_prefix(':') {
            (seconds, behind) = leading_int(rest).ok_or_else(zone_overflow)?;
        }
    } else if behind.is_empty() && text.len() > 3 {
        (hours, minutes) = (hours / 100, hours % 100);
    }
    if !(0..=15).contains(&hours) || !(0..60).contains(&minutes) || !(0..60).contains(&seconds) {
        return Err(zone_overflow());
    }
    if behind.is_empty() { Ok(sign * ((hours * 60 + minutes) * 60 + seconds)) } else { Err(bad()) }
}
