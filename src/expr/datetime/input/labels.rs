//! Words of a date or a time, and numbers that a word announces.

use super::{
    ALL_SECONDS, DATE, DATE_DAY, DAY, Decoder, ERA, EvalError, HOUR, HOURS, JULIAN, Label, MERIDIEM, MINUTE, MINUTES, MONTH, Offset, Read,
    SECOND, SECONDS, Shape, Step, TIME, Unit, WEEKDAY, Word, YEAR, ZONE, bad, civil_from_days, fraction, leading_int, micros, overflow,
    word, zone,
};

impl Decoder {
    /// A number behind a unit, or behind `t`.
    pub(super) fn labelled(&mut self, label: Label, field: &str) -> Step {
        let (value, behind) = leading_int(field).ok_or_else(overflow)?;
        let may = matches!(label, Label::Unit(Unit::Julian | Unit::Second) | Label::Time);
        let fraction_or_end = behind.is_empty() || (may && behind.starts_with('.'));
        if !fraction_or_end {
            return Err(bad());
        }
        let mask = match label {
            Label::Unit(Unit::Year) => {
                self.year = value;
                YEAR
            }
            // With a month and an hour there already, `m` is a minute.
            Label::Unit(Unit::Month) if self.seen & MONTH != 0 && self.seen & HOURS != 0 => {
                self.minute = value;
                MINUTES
            }
            Label::Unit(Unit::Month) => {
                self.month = value;
                MONTH
            }
            Label::Unit(Unit::Day) => {
                self.day = value;
                DATE_DAY
            }
            Label::Unit(Unit::Hour) => {
                self.hour = value;
                HOURS
            }
            Label::Unit(Unit::Minute) => {
                self.minute = value;
                MINUTES
            }
            Label::Unit(Unit::Second) => {
                self.second = value;
                if behind.is_empty() {
                    SECONDS
                } else {
                    self.fraction = micros(fraction(behind).ok_or_else(bad)?);
                    ALL_SECONDS
                }
            }
            Label::Unit(Unit::Julian) if value < 0 => return Err(overflow()),
            Label::Unit(Unit::Julian) => {
                self.set_julian(value);
                if behind.is_empty() {
                    DATE
                } else {
                    // The fraction of the day, cut to microseconds.
                    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "within a day")]
                    let of_day = (fraction(behind).ok_or_else(bad)? * DAY as f64) as i64;
                    self.set_micros(of_day);
                    DATE | TIME
                }
            }
            Label::Time => {
                let mask = self.run_together(field, self.seen | DATE)?;
                if mask != TIME {
                    return Err(bad());
                }
                mask
            }
            Label::Unit(_) => return Err(bad()),
        };
        self.label = None;
        Ok(mask)
    }

    pub(super) fn set_julian(&mut self, days: i64) {
        (self.year, self.month, self.day) = civil_from_days(days - JULIAN);
        self.julian = true;
    }

    fn set_micros(&mut self, micros: i64) {
        self.hour = micros / HOUR;
        self.minute = micros / MINUTE % 60;
        self.second = micros / SECOND % 60;
        self.fraction = micros % SECOND;
    }

    pub(super) fn word_field(&mut self, fields: &[(Shape, String)], at: usize) -> Result<Option<u32>, EvalError> {
        let field = fields[at].1.as_str();
        if let Some(zone) = zone::abbreviation(field) {
            self.zone = zone.map_or(Offset::Abbreviation, Offset::East);
            return Ok(Some(ZONE));
        }
        let Some(found) = word(field) else {
            // Before it is given up, a word is looked up as the name of a zone.
            self.zone = Offset::Named(zone::full_name(field).ok_or_else(bad)?);
            return Ok(Some(ZONE));
        };
        Ok(Some(match found {
            Word::Ignored => return Ok(None),
            Word::Now => return Err(EvalError::sql("0A000", "a date or time that depends on the clock")),
            Word::Midnight => {
                self.set_micros(0);
                self.zone = Offset::East(0);
                TIME | ZONE
            }
            Word::Infinity | Word::NegInfinity | Word::Epoch | Word::Month(_) | Word::Weekday if self.only_time => return Err(bad()),
            Word::Infinity | Word::NegInfinity | Word::Epoch => {
                self.special = Some(match found {
                    Word::Infinity => Read::Infinity,
                    Word::NegInfinity => Read::NegInfinity,
                    _ => Read::Epoch,
                });
                DATE | TIME | ZONE
            }
            Word::Month(month) => {
                let mut mask = MONTH;
                if self.seen & MONTH != 0 && !self.text_month && self.seen & DATE_DAY == 0 && (1..=31).contains(&self.month) {
                    self.day = self.month;
                    mask = DATE_DAY;
                }
                self.text_month = true;
                self.month = month;
                mask
            }
            Word::Daylight => return Err(EvalError::sql("0A000", "a daylight saving time that depends on the time zone")),
            Word::Meridiem { afternoon } => {
                self.afternoon = Some(afternoon);
                MERIDIEM
            }
            Word::Era { before_christ } => {
                self.before_christ = before_christ;
                ERA
            }
            Word::Weekday => WEEKDAY,
            Word::Unit(unit) => {
                if !self.only_time && self.label.is_some() {
                    return Err(EvalError::sql("0A000", "a date or time with two units in a row"));
                }
                self.label = Some(Label::Unit(unit));
                0
            }
            Word::Time => {
                let next = fields.get(at + 1).map(|(shape, _)| *shape);
                if (!self.only_time && self.seen & DATE != DATE) || !matches!(next, Some(Shape::Number | Shape::Time | Shape::Date)) {
                    return Err(bad());
                }
                self.label = Some(Label::Time);
                0
            }
        }))
    }
}
