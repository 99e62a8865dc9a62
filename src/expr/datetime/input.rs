//! Dates and times out of text: PostgreSQL's decoder (`DecodeDateTime`, `DecodeTimeOnly`), step by step, so that what it reads is read
//! and what it refuses is refused.
//!
//! Boundary: three things that the session decides are not guessed. A text whose meaning depends on `DateStyle` is read in all three orders
//! and refused (SQLSTATE 0A000) unless they agree; abbreviations of time zones but `UTC`, `GMT` and `Z` are refused where their offset
//! matters; a `timestamptz` without a zone is refused.

mod labels;
mod numbers;

use super::calendar::{DAY, HOUR, JULIAN, MINUTE, SECOND, civil_from_days, days_from_civil, days_in};
use super::fields::{Shape, fraction, leading_int, micros, split};
use super::words::{Unit, Word, word};
use crate::expr::context::EvalError;
use crate::expr::zone::{self, Zone};

pub(in crate::expr) use numbers::{clock, offset};

/// What a text says.
#[derive(Clone, Debug)]
pub(in crate::expr) enum Read {
    Infinity,
    NegInfinity,
    Epoch,
    Moment(Moment),
}

/// A day, a time of day and a zone.
#[derive(Clone, Debug)]
pub(in crate::expr) struct Moment {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    /// Microseconds of the day; a day and more where the text says so.
    pub micros: i64,
    pub zone: Offset,
    /// Whether it has a day: times may stand without one.
    pub dated: bool,
}

impl Moment {
    /// Days since 2000-01-01.
    pub fn days(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day)
    }

    /// Microseconds since 2000-01-01, the zone not looked at.
    pub fn instant(&self) -> i128 {
        i128::from(self.days()) * i128::from(DAY) + i128::from(self.micros)
    }
}

/// The zone that a text says.
#[derive(Clone, Debug)]
pub(in crate::expr) enum Offset {
    Absent,
    /// Seconds east of UTC.
    East(i64),
    Named(Zone),
    /// An abbreviation, whose meaning is the session's.
    Abbreviation,
}

#[cold]
pub(in crate::expr) fn bad() -> EvalError {
    EvalError::sql("22007", "invalid input syntax for a date or time")
}

#[cold]
pub(in crate::expr) fn overflow() -> EvalError {
    EvalError::sql("22008", "date/time field value out of range")
}

#[cold]
fn zone_overflow() -> EvalError {
    EvalError::sql("22009", "time zone displacement out of range")
}

/// The order of a date's numbers where nothing else tells (`DateStyle`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Ymd,
    Dmy,
    Mdy,
}

/// Reads a date and a time of day.
pub(in crate::expr) fn read(text: &str, room: usize) -> Result<Read, EvalError> {
    agreed(text, room, false)
}

/// Reads a time of day.
pub(in crate::expr) fn read_time(text: &str) -> Result<Moment, EvalError> {
    match agreed(text, 128, true)? {
        Read::Moment(moment) => Ok(moment),
        _ => Err(bad()),
    }
}

/// The reading on which all orders agree.
fn agreed(text: &str, room: usize, time: bool) -> Result<Read, EvalError> {
    let fields = split(text, room).ok_or_else(bad)?;
    let mut first = Decoder::new(Order::Mdy, time);
    let reading = first.run(&fields);
    if !first.ordered {
        return reading;
    }
    let same = |other: &Result<Read, EvalError>| match (&reading, other) {
        (Ok(Read::Moment(a)), Ok(Read::Moment(b))) => (a.year, a.month, a.day, a.micros) == (b.year, b.month, b.day, b.micros),
        (Err(a), Err(b)) => a == b,
        _ => false,
    };
    for order in [Order::Dmy, Order::Ymd] {
        if !same(&Decoder::new(order, time).run(&fields)) {
            return Err(EvalError::sql("0A000", "a date whose order of day, month and year depends on DateStyle"));
        }
    }
    reading
}

const MONTH: u32 = 1 << 1;
const YEAR: u32 = 1 << 2;
const DATE_DAY: u32 = 1 << 3;
const ZONE: u32 = 1 << 5;
const MERIDIEM: u32 = 1 << 9;
const HOURS: u32 = 1 << 10;
const MINUTES: u32 = 1 << 11;
const SECONDS: u32 = 1 << 12;
const ALL_SECONDS: u32 = SECONDS | 1 << 13 | 1 << 14;
const DAY_OF_YEAR: u32 = 1 << 15;
const WEEKDAY: u32 = 1 << 16;
const ERA: u32 = 1 << 18;
const DATE: u32 = YEAR | MONTH | DATE_DAY;
const TIME: u32 = HOURS | MINUTES | ALL_SECONDS;

/// What the next number was announced to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    Unit(Unit),
    Time,
}

/// One reading of a text.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "what was seen and what was said, each of them a yes or no")]
struct Decoder {
    order: Order,
    /// Whether the order was asked for.
    ordered: bool,
    only_time: bool,
    seen: u32,
    year: i64,
    month: i64,
    day: i64,
    of_year: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
    text_month: bool,
    julian: bool,
    two_digits: bool,
    before_christ: bool,
    afternoon: Option<bool>,
    label: Option<Label>,
    zone: Offset,
    special: Option<Read>,
}

type Step = Result<u32, EvalError>;

impl Decoder {
    fn new(order: Order, only_time: bool) -> Self {
        Self {
            order,
            ordered: false,
            only_time,
            seen: 0,
            year: 0,
            month: 0,
            day: 0,
            of_year: 0,
            hour: 0,
            minute: 0,
            second: 0,
            fraction: 0,
            text_month: false,
            julian: false,
            two_digits: false,
            before_christ: false,
            afternoon: None,
            label: None,
            zone: Offset::Absent,
            special: None,
        }
    }

    fn order(&mut self) -> Order {
        self.ordered = true;
        self.order
    }

    fn run(&mut self, fields: &[(Shape, String)]) -> Result<Read, EvalError> {
        let reading = self.decode(fields);
        // PostgreSQL reads some numbers and times beside the word, and gives nothing for them.
        if reading.is_err() && self.special.is_some() && fields.len() > 1 {
            return Err(EvalError::sql("0A000", "infinity or epoch beside other parts of a date"));
        }
        reading
    }

    fn decode(&mut self, fields: &[(Shape, String)]) -> Result<Read, EvalError> {
        for (at, (shape, field)) in fields.iter().enumerate() {
            let mask = match shape {
                Shape::Date => self.date_field(fields, at)?,
                Shape::Time => self.time_field(field)?,
                Shape::Zone => self.zone_field(field)?,
                Shape::Number => self.number_field(fields, at)?,
                Shape::Word | Shape::Signed => match self.word_field(fields, at)? {
                    Some(mask) => mask,
                    None => continue,
                },
            };
            if mask & self.seen != 0 {
                return Err(bad());
            }
            self.seen |= mask;
        }
        self.finish()
    }

    fn zone_field(&mut self, field: &str) -> Step {
        self.zone = Offset::East(offset(field)?);
        Ok(ZONE)
    }

    fn date_field(&mut self, fields: &[(Shape, String)], at: usize) -> Step {
        let field = fields[at].1.as_str();
        if self.only_time {
            let last = fields.len() - 1;
            if at == 0 && fields.len() >= 2 && (fields[last].0 == Shape::Date || fields[1].0 == Shape::Time) {
                return self.date(field);
            }
            return if field.starts_with(|c: char| c.is_ascii_digit()) { self.time_with_zone(field, DATE) } else { self.zone_name(field) };
        }
        if self.label == Some(Label::Unit(Unit::Julian)) {
            let (days, behind) = leading_int(field).filter(|(days, _)| *days >= 0).ok_or_else(overflow)?;
            self.set_julian(days);
            self.zone = Offset::East(offset(behind)?);
            self.label = None;
            return Ok(DATE | TIME | ZONE);
        }
        if self.label.is_some() || self.seen & (MONTH | DATE_DAY) == MONTH | DATE_DAY {
            if !field.starts_with(|c: char| c.is_ascii_digit()) && self.label.is_none() {
                return self.zone_name(field);
            }
            if self.label.take().is_some_and(|label| label != Label::Time) {
                return Err(bad());
            }
            return self.time_with_zone(field, 0);
        }
        self.date(field)
    }

    fn zone_name(&mut self, field: &str) -> Step {
        match zone::full_name(field) {
            Some(zone) => self.zone = Offset::Named(zone),
            None if zone::may_be_posix(field) => {
                return Err(EvalError::sql("0A000", "a time zone that is not named by the time zone database"));
            }
            None => return Err(EvalError::sql("22023", "time zone not recognized")),
        }
        Ok(ZONE)
    }

    /// `134500-05`
    fn time_with_zone(&mut self, field: &str, dated: u32) -> Step {
        if self.seen & TIME == TIME {
            return Err(bad());
        }
        let sign = field.find('-').ok_or_else(bad)?;
        self.zone = Offset::East(offset(&field[sign..])?);
        Ok(self.run_together(&field[..sign], self.seen | dated)? | ZONE)
    }

    /// `13:45[:59[.5]]`, and `45:59.5`
    fn time_field(&mut self, field: &str) -> Step {
        // What stands before a time can only have been a `t`.
        match self.label {
            Some(Label::Time) => self.label = None,
            Some(_) if !self.only_time => return Err(bad()),
            _ => {}
        }
        let time = clock(field)?;
        (self.hour, self.minute, self.second, self.fraction) = (time.hour, time.minute, time.second, time.fraction);
        if i32::try_from(self.hour).is_err() || (!self.only_time && self.time_overflows()) {
            return Err(overflow());
        }
        Ok(TIME)
    }

    fn number_field(&mut self, fields: &[(Shape, String)], at: usize) -> Step {
        let field = fields[at].1.as_str();
        if let Some(label) = self.label {
            return self.labelled(label, field);
        }
        let point = field.find('.');
        if self.only_time {
            return match point {
                Some(_) if at == 0 && fields.len() >= 2 && fields[fields.len() - 1].0 == Shape::Date => self.date(field),
                Some(digits) if digits > 2 => self.run_together(field, self.seen | DATE),
                Some(_) => Err(bad()),
                None if field.len() > 4 => self.run_together(field, self.seen | DATE),
                None => self.number(field, false, self.seen | DATE),
            };
        }
        match point {
            Some(_) if self.seen & DATE == 0 => self.date(field),
            Some(digits) if digits > 2 => self.run_together(field, self.seen),
            _ if field.len() >= 6 && (self.seen & DATE == 0 || self.seen & TIME == 0) => self.run_together(field, self.seen),
            _ => self.number(field, self.text_month, self.seen),
        }
    }
}
