//! `extract` and `date_part`: the fields of a moment. The result of `extract` is `numeric` with the scale that PostgreSQL gives it, that of
//! `date_part` is `double precision`.
//!
//! Of a `timestamptz` only the epoch can be told here; every other field depends on the zone of the session.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;

use super::arithmetic::date_to_timestamp;
use super::calendar::{
    Civil, DAY, HOUR, JULIAN, MINUTE, SECOND, UNIX_EPOCH, civil_from_days, days_from_civil, is_infinite, iso_week, weekday, written_year,
};
use super::words::{Unit, field};
use crate::expr::context::Evaluated;
use crate::expr::numeric;
use crate::expr::registry::{Prepared, mismatch};
use crate::row::{Interval, Numeric, Value};

/// What the field is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Date,
    /// A date that is taken for its first moment.
    DateAsTimestamp,
    Timestamp,
    TimestampTz,
    Time,
    TimeTz,
    Interval,
}

/// The field of a value.
#[derive(Debug)]
struct Part {
    unit: Unit,
    /// Whether the result is `double precision`.
    float: bool,
    /// Whether a date is made a timestamp first, which not every date fits into.
    widen: bool,
}

/// A field before it is made `numeric` or `double precision`.
enum Found {
    Whole(i64),
    /// A whole number of the 10^n-th part.
    Scaled(i128, u32),
    /// Microseconds since 1970.
    Epoch(i128),
    /// The Julian day with its fraction in microseconds.
    Julian(i64, i64),
    Infinite {
        negative: bool,
    },
    Null,
}

/// Prepares the field of one kind of value.
pub(super) fn prepare(literals: &[Option<&str>], source: Source, float: bool) -> Result<Box<dyn Prepared>, String> {
    let name = literals.first().copied().flatten().unwrap_or_default();
    let unit = field(name).ok_or_else(|| format!("`{name}` is no field of a date or a time"))?;
    let of_day = matches!(unit, Unit::Microsecond | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour);
    let of_zone = matches!(unit, Unit::Zone | Unit::ZoneHour | Unit::ZoneMinute);
    let fits = match source {
        Source::TimestampTz if unit != Unit::Epoch => {
            return Err(format!("the {name} of a moment depends on the time zone of the session: write x at time zone 'Europe/Berlin'"));
        }
        Source::TimestampTz => true,
        Source::Date => !of_day && !of_zone,
        Source::Timestamp | Source::DateAsTimestamp => !of_zone,
        Source::Time => of_day || unit == Unit::Epoch,
        Source::TimeTz => of_day || of_zone || unit == Unit::Epoch,
        Source::Interval => !of_zone && !matches!(unit, Unit::Week | Unit::Julian | Unit::Dow | Unit::IsoDow | Unit::Doy | Unit::IsoYear),
    };
    if !fits {
        return Err(format!("there is no {name} of such a value"));
    }
    Ok(Box::new(Part { unit, float, widen: source == Source::DateAsTimestamp }))
}

impl Prepared for Part {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let found = match args[1] {
            Value::Date(days) if self.widen => self.of_timestamp(date_to_timestamp(days)?),
            Value::Date(days) => self.of_date(days),
            Value::Timestamp(micros) | Value::TimestampTz(micros) => self.of_timestamp(micros),
            Value::Time(micros) => self.of_time(micros, 0),
            Value::TimeTz(micros, west) => self.of_time(micros, i64::from(west)),
            Value::Interval(span) => self.of_interval(span),
            _ => return Err(mismatch()),
        };
        Ok(if self.float { self.floating(&found, &args[1]) } else { exact(&found) })
    }

    fn fallible(&self) -> bool {
        self.widen
    }
}

fn exact<'r>(found: &Found) -> Value<'r> {
    Value::Numeric(match found {
        Found::Null => return Value::Null,
        Found::Infinite { negative: true } => Numeric::NegInfinity,
        Found::Infinite { negative: false } => Numeric::Infinity,
        Found::Whole(n) => numeric::from_int(*n),
        Found::Scaled(n, scale) => Numeric::from_big(BigDecimal::new(BigInt::from(*n), i64::from(*scale))),
        Found::Epoch(micros) => {
            let exact = BigDecimal::new(BigInt::from(*micros), 6);
            if i64::try_from(*micros).is_ok() {
                return Value::Numeric(Numeric::from_big(exact));
            }
            // Beyond 64 bits the server divides, and its quotients have sixteen digits at least, not all of them.
            let whole = Numeric::from_big(BigDecimal::from(*micros));
            let seconds = numeric::divide(&whole, &numeric::from_int(SECOND));
            return seconds.and_then(|seconds| numeric::round(&seconds, 6, numeric::Rounding::Half)).map_or(Value::Null, Value::Numeric);
        }
        Found::Julian(day, micros) => {
            let part = numeric::divide(&numeric::from_int(*micros), &numeric::from_int(DAY));
            return part.and_then(|part| numeric::add(&numeric::from_int(*day), &part)).map_or(Value::Null, Value::Numeric);
        }
    })
}

impl Part {
    /// The sums of PostgreSQL in the same order, so that the last digit is the same.
    #[allow(clippy::cast_precision_loss, reason = "the result is double precision")]
    fn floating<'r>(&self, found: &Found, value: &Value<'r>) -> Value<'r> {
        Value::Float8(match (found, value) {
            (Found::Null, _) => return Value::Null,
            (Found::Infinite { negative }, _) => {
                if *negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            (Found::Whole(n), _) => *n as f64,
            (Found::Julian(day, micros), _) => {
                let seconds = (micros / SECOND) as f64 + (micros % SECOND) as f64 / 1e6;
                *day as f64 + seconds / 86_400.0
            }
            (Found::Scaled(_, 6), Value::Interval(span)) if self.unit == Unit::Epoch => {
                let mut seconds = span.micros as f64 / 1e6;
                seconds += 365.25 * 86_400.0 * f64::from(span.months / 12);
                seconds += 30.0 * 86_400.0 * f64::from(span.months % 12);
                seconds + 86_400.0 * f64::from(span.days)
            }
            (Found::Scaled(_, 6), Value::TimeTz(micros, west)) if self.unit == Unit::Epoch => *micros as f64 / 1e6 + f64::from(*west),
            // Where the difference does not fit into 64 bits, both its sides are rounded first.
            (Found::Epoch(n), _) if self.unit == Unit::Epoch && *n >= i128::from(i64::MAX) => {
                let epoch = UNIX_EPOCH * DAY;
                ((n + i128::from(epoch)) as f64 - epoch as f64) / 1e6
            }
            (Found::Epoch(n) | Found::Scaled(n, 6), _) if self.unit == Unit::Epoch => *n as f64 / 1e6,
            (Found::Scaled(n, 3), _) => (n / 1_000_000) as f64 * 1000.0 + (n % 1_000_000) as f64 / 1000.0,
            (Found::Epoch(n) | Found::Scaled(n, _), _) => (n / 1_000_000) as f64 + (n % 1_000_000) as f64 / 1e6,
        })
    }

    fn of_infinity(&self, negative: bool) -> Found {
        let grows =
            matches!(self.unit, Unit::Year | Unit::Decade | Unit::Century | Unit::Millennium | Unit::Julian | Unit::IsoYear | Unit::Epoch);
        if grows { Found::Infinite { negative } } else { Found::Null }
    }

    fn of_date(&self, days: i32) -> Found {
        if days == i32::MAX || days == i32::MIN {
            return self.of_infinity(days == i32::MIN);
        }
        let days = i64::from(days);
        match self.unit {
            Unit::Epoch => Found::Whole((days - UNIX_EPOCH) * 86_400),
            Unit::Julian => Found::Whole(days + JULIAN),
            _ => self.of_day(days),
        }
    }

    fn of_timestamp(&self, micros: i64) -> Found {
        if is_infinite(micros) {
            return self.of_infinity(micros == i64::MIN);
        }
        let civil = Civil::of(micros);
        match self.unit {
            Unit::Epoch => Found::Epoch(i128::from(micros) - i128::from(UNIX_EPOCH * DAY)),
            Unit::Julian => Found::Julian(civil.days() + JULIAN, civil.micros),
            Unit::Microsecond | Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour => self.of_clock(civil.micros),
            _ => self.of_day(civil.days()),
        }
    }

    /// Fields of a time of day, or of the time of an interval.
    fn of_clock(&self, micros: i64) -> Found {
        let seconds = micros % MINUTE;
        match self.unit {
            Unit::Microsecond => Found::Whole(seconds),
            Unit::Millisecond => Found::Scaled(i128::from(seconds), 3),
            Unit::Second => Found::Scaled(i128::from(seconds), 6),
            Unit::Minute => Found::Whole(micros / MINUTE % 60),
            _ => Found::Whole(micros / HOUR),
        }
    }

    fn of_day(&self, days: i64) -> Found {
        let (year, month, day) = civil_from_days(days);
        Found::Whole(match self.unit {
            Unit::Day => day,
            Unit::Month => month,
            Unit::Quarter => (month - 1) / 3 + 1,
            Unit::Week => iso_week(days).1,
            Unit::Year => written_year(year),
            Unit::Decade if year >= 0 => year / 10,
            Unit::Decade => -((8 - (year - 1)) / 10),
            Unit::Century if year > 0 => (year + 99) / 100,
            Unit::Century => -((99 - (year - 1)) / 100),
            Unit::Millennium if year > 0 => (year + 999) / 1000,
            Unit::Millennium => -((999 - (year - 1)) / 1000),
            Unit::IsoYear => written_year(iso_week(days).0),
            Unit::Dow => weekday(days),
            Unit::IsoDow => (weekday(days) + 6) % 7 + 1,
            Unit::Doy => days - days_from_civil(year, 1, 1) + 1,
            _ => return Found::Null,
        })
    }

    fn of_time(&self, micros: i64, west: i64) -> Found {
        match self.unit {
            Unit::Epoch => Found::Scaled(i128::from(micros) + i128::from(west * SECOND), 6),
            Unit::Zone => Found::Whole(-west),
            Unit::ZoneHour => Found::Whole(-west / 3600),
            Unit::ZoneMinute => Found::Whole(-west / 60 % 60),
            _ => self.of_clock(micros),
        }
    }

    fn of_interval(&self, span: Interval) -> Found {
        let (years, months) = (i64::from(span.months / 12), i64::from(span.months % 12));
        Found::Whole(match self.unit {
            Unit::Epoch => {
                // Years have 365¼ days, months 30.
                let days = i128::from(years) * 1461 + (i128::from(months) * 30 + i128::from(span.days)) * 4;
                return Found::Scaled(days * i128::from(DAY / 4) + i128::from(span.micros), 6);
            }
            Unit::Day => i64::from(span.days),
            Unit::Month => months,
            Unit::Quarter => months / 3 + 1,
            Unit::Year => years,
            Unit::Decade => years / 10,
            Unit::Century => years / 100,
            Unit::Millennium => years / 1000,
            _ => return self.of_clock(span.micros),
        })
    }
}
