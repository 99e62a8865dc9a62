//! Moments made, cut and compared: `make_date` and its kin, `date_trunc`, `date_bin`, `age`, `to_timestamp` of seconds.

use super::calendar::{
    Civil, DAY, HOUR, MINUTE, SECOND, checked_day, civil_from_days, date, days_in, is_infinite, iso_week, iso_week_start, out_of_range,
    timestamp,
};
use super::input::offset;
use super::words::{Unit, unit};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::registry::{Prepared, int_of, mismatch, text_of};
use crate::expr::zone::Named;
use crate::row::{Interval, Value};

fn float_of(value: &Value<'_>) -> Result<f64, EvalError> {
    match value {
        Value::Float8(n) => Ok(*n),
        _ => Err(mismatch()),
    }
}

pub(super) fn make_date<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    date(checked_day(int_of(&args[0])?, int_of(&args[1])?, int_of(&args[2])?)?)
}

/// Hours, minutes and seconds as microseconds of a day, 24:00:00 included.
fn clock(args: &[Value<'_>]) -> Result<i64, EvalError> {
    let (hour, minute, second) = (int_of(&args[0])?, int_of(&args[1])?, float_of(&args[2])?);
    let micros = (second * 1e6).round_ties_even();
    if !(0..=24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..=60e6).contains(&micros) {
        return Err(out_of_range());
    }
    #[allow(clippy::cast_possible_truncation, reason = "at most a minute")]
    let total = hour * HOUR + minute * MINUTE + micros as i64;
    if total > DAY { Err(out_of_range()) } else { Ok(total) }
}

pub(super) fn make_time<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    clock(args).map(Value::Time)
}

fn made(args: &[Value<'_>]) -> Result<i64, EvalError> {
    let day = checked_day(int_of(&args[0])?, int_of(&args[1])?, int_of(&args[2])?)?;
    timestamp(i128::from(day) * i128::from(DAY) + i128::from(clock(&args[3..6])?))
}

pub(super) fn make_timestamp<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    made(args).map(Value::Timestamp)
}

/// A zone as `make_timestamptz` takes it: an offset with its sign, or a name.
fn sane_zone(name: &str) -> Result<Named, EvalError> {
    let unknown = || EvalError::sql("22023", "time zone not recognized");
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(unknown());
    }
    match offset(name) {
        Ok(east) => Ok(Named::East(east)),
        Err(error) if error.sqlstate() == Some("22007") => Named::read(name),
        Err(_) => Err(unknown()),
    }
}

pub(super) fn make_timestamptz<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let local = made(args)?;
    let zone = sane_zone(&text_of(&mut args[6])?)?;
    let east = zone.of_local(i128::from(local))?;
    timestamp(i128::from(local) - i128::from(east) * i128::from(SECOND)).map(Value::TimestampTz)
}

/// `to_timestamp(double precision)`: seconds since 1970.
pub(super) fn from_epoch<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let seconds = float_of(&args[0])?;
    if seconds.is_infinite() {
        return Ok(Value::TimestampTz(if seconds > 0.0 { i64::MAX } else { i64::MIN }));
    }
    // 4714-11-24 BC and 294277-01-01.
    if seconds.is_nan() || !(-210_866_803_200.0..9_224_318_016_000.0).contains(&seconds) {
        return Err(out_of_range());
    }
    let micros = ((seconds - 946_684_800.0) * 1e6).round_ties_even();
    #[allow(clippy::cast_possible_truncation, reason = "within the range that was asked for")]
    timestamp(micros as i128).map(Value::TimestampTz)
}

/// `date_trunc` with its unit, and its zone where it has one.
#[derive(Debug)]
struct Trunc {
    unit: Unit,
    zone: Option<Named>,
}

pub(super) fn prepare_trunc(literals: &[Option<&str>]) -> Result<Box<dyn Prepared>, String> {
    let name = literals.first().copied().flatten().unwrap_or_default();
    let unit = unit(&name.to_ascii_lowercase())
        .filter(|unit| !matches!(unit, Unit::Zone | Unit::ZoneHour | Unit::ZoneMinute))
        .ok_or_else(|| format!("`{name}` is no unit that a date can be cut to"))?;
    let zone = literals.get(2).copied().flatten().map(Named::literal).transpose()?;
    Ok(Box::new(Trunc { unit, zone }))
}

pub(super) fn prepare_trunc_interval(literals: &[Option<&str>]) -> Result<Box<dyn Prepared>, String> {
    let prepared = prepare_trunc(literals)?;
    if literals.first().copied().flatten().and_then(|name| unit(&name.to_ascii_lowercase())) == Some(Unit::Week) {
        return Err("an interval cannot be cut to weeks, because months have no whole number of them".to_owned());
    }
    Ok(prepared)
}

impl Trunc {
    fn cut(&self, civil: Civil) -> Civil {
        let mut civil = civil;
        let step = match self.unit {
            Unit::Microsecond => 1,
            Unit::Millisecond => 1000,
            Unit::Second => SECOND,
            Unit::Minute => MINUTE,
            Unit::Hour => HOUR,
            _ => DAY,
        };
        civil.micros -= civil.micros % step;
        civil.year = match (self.unit, civil.year) {
            (Unit::Millennium, year) if year > 0 => (year + 999) / 1000 * 1000 - 999,
            (Unit::Millennium, year) => -((999 - (year - 1)) / 1000) * 1000 + 1,
            (Unit::Century, year) if year > 0 => (year + 99) / 100 * 100 - 99,
            (Unit::Century, year) => -((99 - (year - 1)) / 100) * 100 + 1,
            (Unit::Decade, year) if year > 0 => year / 10 * 10,
            (Unit::Decade, year) => -((8 - (year - 1)) / 10) * 10,
            (_, year) => year,
        };
        match self.unit {
            Unit::Week => {
                let (year, week) = iso_week(civil.days());
                (civil.year, civil.month, civil.day) = civil_from_days(iso_week_start(year, week));
            }
            Unit::Year | Unit::Decade | Unit::Century | Unit::Millennium => (civil.month, civil.day) = (1, 1),
            Unit::Quarter => (civil.month, civil.day) = ((civil.month - 1) / 3 * 3 + 1, 1),
            Unit::Month => civil.day = 1,
            _ => {}
        }
        civil
    }

    /// Whether a cut to the unit is a matter of the calendar, so that the offset is looked up again.
    fn moves_days(&self) -> bool {
        !matches!(self.unit, Unit::Microsecond | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour)
    }

    fn cut_interval(&self, span: Interval) -> Interval {
        let (mut months, mut days, mut micros) = (span.months, span.days, span.micros);
        let month_step = match self.unit {
            Unit::Millennium => 12_000,
            Unit::Century => 1200,
            Unit::Decade => 120,
            Unit::Year => 12,
            Unit::Quarter => 3,
            _ => 1,
        };
        months -= months % month_step;
        let step = match self.unit {
            Unit::Microsecond => 1,
            Unit::Millisecond => 1000,
            Unit::Second => SECOND,
            Unit::Minute => MINUTE,
            Unit::Hour => HOUR,
            _ => {
                micros = 0;
                1
            }
        };
        micros -= micros % step;
        if self.moves_days() && self.unit != Unit::Day {
            days = 0;
        }
        Interval { months, days, micros }
    }
}

impl Prepared for Trunc {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        match (&args[1], &self.zone) {
            (Value::Timestamp(micros), _) if is_infinite(*micros) => Ok(Value::Timestamp(*micros)),
            (Value::TimestampTz(micros), _) if is_infinite(*micros) => Ok(Value::TimestampTz(*micros)),
            (Value::Timestamp(micros), _) => self.cut(Civil::of(*micros)).timestamp().map(Value::Timestamp),
            (Value::TimestampTz(utc), Some(zone)) => {
                let east = zone.of_utc(*utc)?;
                let local = i128::from(*utc) + i128::from(east) * i128::from(SECOND);
                let local = i64::try_from(local).map_err(|_| out_of_range())?;
                let cut = self.cut(Civil::of(local));
                let east = if self.moves_days() { zone.of_local(cut.instant())? } else { east };
                timestamp(cut.instant() - i128::from(east) * i128::from(SECOND)).map(Value::TimestampTz)
            }
            (Value::Interval(span), _) => Ok(Value::Interval(self.cut_interval(*span))),
            _ => Err(mismatch()),
        }
    }

    fn fallible(&self) -> bool {
        true
    }
}

/// `date_bin`: the beginning of the stride that a moment falls in.
pub(super) fn date_bin<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let Value::Interval(stride) = args[0] else { return Err(mismatch()) };
    let zoned = matches!(args[1], Value::TimestampTz(_));
    let (Value::Timestamp(micros) | Value::TimestampTz(micros), Value::Timestamp(origin) | Value::TimestampTz(origin)) =
        (&args[1], &args[2])
    else {
        return Err(mismatch());
    };
    let (micros, origin) = (*micros, *origin);
    let value = |micros| if zoned { Value::TimestampTz(micros) } else { Value::Timestamp(micros) };
    if is_infinite(micros) {
        return Ok(value(micros));
    }
    if is_infinite(origin) {
        return Err(out_of_range());
    }
    if stride.months != 0 {
        // The server's own refusal has this code.
        return Err(EvalError::sql("0A000", "timestamps cannot be binned into months or years"));
    }
    let stride = i64::from(stride.days).checked_mul(DAY).and_then(|days| days.checked_add(stride.micros)).filter(|stride| *stride > 0);
    let stride = stride.ok_or_else(out_of_range)?;
    let difference = micros.checked_sub(origin).ok_or_else(out_of_range)?;
    timestamp(i128::from(origin) + i128::from(difference) - i128::from(difference.rem_euclid(stride))).map(value)
}

/// `age(a, b)`: years, months, days and time from one to the other.
pub(super) fn age<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (Value::Timestamp(left), Value::Timestamp(right)) = (&args[0], &args[1]) else { return Err(mismatch()) };
    // The server takes the later infinity for the number that stands for it, and refuses the earlier one.
    if *left == i64::MIN || *right == i64::MIN {
        return Err(out_of_range());
    }
    let negative = left < right;
    let (from, to) = if negative { (*left, *right) } else { (*right, *left) };
    let (from, to) = (Civil::of(from), Civil::of(to));
    let mut micros = to.micros - from.micros;
    let mut days = to.day - from.day;
    let mut months = (to.year - from.year) * 12 + to.month - from.month;
    if micros < 0 {
        micros += DAY;
        days -= 1;
    }
    // Days are borrowed from the month in which the earlier one lies.
    while days < 0 {
        days += days_in(from.year, from.month);
        months -= 1;
    }
    let sign = if negative { -1 } else { 1 };
    let narrow = |n: i64| i32::try_from(sign * n).map_err(|_| out_of_range());
    Ok(Value::Interval(Interval { months: narrow(months)?, days: narrow(days)?, micros: sign * micros }))
}

/// `date(timestamp)`
pub(super) fn to_date<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    match args[0] {
        Value::Timestamp(micros) => super::arithmetic::timestamp_to_date(micros),
        _ => Err(mismatch()),
    }
}

/// Whether two spans of time have a moment in common (`overlaps`): each is given by its ends, in any order, and holds its beginning
/// but not its end.
pub(super) fn overlaps<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let order = |v: &Value<'r>| match v {
        Value::Null => Ok(None),
        Value::Timestamp(n) | Value::TimestampTz(n) | Value::Time(n) => Ok(Some(*n)),
        _ => Err(mismatch()),
    };
    let (mut ts1, mut te1, mut ts2, mut te2) = (order(&args[0])?, order(&args[1])?, order(&args[2])?, order(&args[3])?);
    // A span with one end unknown begins with the other.
    for (start, end) in [(&mut ts1, &mut te1), (&mut ts2, &mut te2)] {
        match (*start, *end) {
            (None, None) => return Ok(Value::Null),
            (None, some) => (*start, *end) = (some, None),
            (Some(s), Some(e)) if s > e => (*start, *end) = (Some(e), Some(s)),
            _ => {}
        }
    }
    let (Some(start1), Some(start2)) = (ts1, ts2) else { return Ok(Value::Null) };
    let apart = |other: Option<i64>| if other.is_some() { Value::Bool(false) } else { Value::Null };
    Ok(match start1.cmp(&start2) {
        std::cmp::Ordering::Greater => match te2 {
            None => Value::Null,
            Some(end2) if start1 < end2 => Value::Bool(true),
            Some(_) => apart(te1),
        },
        std::cmp::Ordering::Less => match te1 {
            None => Value::Null,
            Some(end1) if start2 < end1 => Value::Bool(true),
            Some(_) => apart(te2),
        },
        std::cmp::Ordering::Equal if te1.is_some() && te2.is_some() => Value::Bool(true),
        std::cmp::Ordering::Equal => Value::Null,
    })
}
