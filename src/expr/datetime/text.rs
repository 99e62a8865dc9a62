//! The text forms: the input functions of `date`, `time`, `timetz`, `timestamp` and `timestamptz`, and the output functions in ISO form.

use std::fmt::Write as _;

use super::calendar::{DAY, SECOND, UNIX_EPOCH, civil_from_days, date, timestamp};
use super::input::{Moment, Offset, Read, bad, read, read_time};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::registry::mismatch;
use crate::expr::zone;
use crate::row::Value;

/// How much of a text PostgreSQL looks at: a buffer of 128 characters and a place for the end of each of 25 fields.
const DATE_ROOM: usize = 128;
const TIMESTAMP_ROOM: usize = 128 + 24;

/// `text::date`
pub(in crate::expr) fn parse_date<'r>(text: &str) -> Evaluated<'r> {
    match read(text, DATE_ROOM)? {
        Read::Infinity => Ok(Value::Date(i32::MAX)),
        Read::NegInfinity => Ok(Value::Date(i32::MIN)),
        Read::Epoch => date(UNIX_EPOCH),
        // The time of day is read, checked and dropped, as the server does it.
        Read::Moment(moment) => date(moment.days()),
    }
}

/// `text::timestamp`; a zone that is written is ignored, as the server does it.
pub(in crate::expr) fn parse_timestamp<'r>(text: &str) -> Evaluated<'r> {
    Ok(Value::Timestamp(match read(text, TIMESTAMP_ROOM)? {
        Read::Infinity => i64::MAX,
        Read::NegInfinity => i64::MIN,
        Read::Epoch => UNIX_EPOCH * DAY,
        Read::Moment(moment) => timestamp(moment.instant())?,
    }))
}

/// `text::timestamptz`, of texts that say their zone.
pub(in crate::expr) fn parse_timestamptz<'r>(text: &str) -> Evaluated<'r> {
    Ok(Value::TimestampTz(match read(text, TIMESTAMP_ROOM)? {
        Read::Infinity => i64::MAX,
        Read::NegInfinity => i64::MIN,
        Read::Epoch => UNIX_EPOCH * DAY,
        Read::Moment(moment) => {
            let east = east(&moment)?
                .ok_or_else(|| EvalError::sql("0A000", "a time without a zone; which one is meant depends on the session"))?;
            timestamp(moment.instant() - i128::from(east) * i128::from(SECOND))?
        }
    }))
}

/// Seconds east of UTC; `None` where no zone is written.
fn east(moment: &Moment) -> Result<Option<i64>, EvalError> {
    match &moment.zone {
        Offset::Absent => Ok(None),
        Offset::East(seconds) => Ok(Some(*seconds)),
        Offset::Named(zone) => zone.of_local(moment.instant()).map(Some),
        Offset::Abbreviation => Err(zone::abbreviated()),
    }
}

/// `text::time`; a zone that is written is ignored, as the server does it.
pub(in crate::expr) fn parse_time<'r>(text: &str) -> Evaluated<'r> {
    let moment = read_time(text)?;
    if let Offset::Named(zone) = &moment.zone
        && !moment.dated
        && zone.fixed().is_none()
    {
        return Err(bad());
    }
    Ok(Value::Time(moment.micros))
}

/// `text::timetz`, of texts that say their zone.
pub(in crate::expr) fn parse_timetz<'r>(text: &str) -> Evaluated<'r> {
    let moment = read_time(text)?;
    let east = match &moment.zone {
        Offset::Named(zone) => match zone.fixed() {
            Some(east) => Some(east),
            None if moment.dated => east(&moment)?,
            None => return Err(bad()),
        },
        _ => east(&moment)?,
    };
    let east = east.ok_or_else(|| EvalError::sql("0A000", "a time without a zone; which one is meant depends on the session"))?;
    i32::try_from(-east).map(|west| Value::TimeTz(moment.micros, west)).map_err(|_| mismatch())
}

/// A date in ISO form.
pub(in crate::expr) fn date_text(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let (text, before) = day_text(i64::from(days));
            text + before
        }
    }
}

fn day_text(days: i64) -> (String, &'static str) {
    let (year, month, day) = civil_from_days(days);
    // There is no year 0: the year before 1 is 1 BC.
    let (year, before) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), before)
}

/// A timestamp in ISO form, with this character between date and time.
pub(in crate::expr) fn timestamp_text(micros: i64, between: char) -> String {
    if micros == i64::MAX || micros == i64::MIN {
        return if micros == i64::MAX { "infinity".to_owned() } else { "-infinity".to_owned() };
    }
    let (mut text, before) = day_text(micros.div_euclid(DAY));
    text.push(between);
    push_time(&mut text, micros.rem_euclid(DAY));
    text + before
}

/// `13:45:59[.5]`
pub(in crate::expr) fn push_time(text: &mut String, micros: i64) {
    let (seconds, fraction) = (micros / SECOND, micros % SECOND);
    let _ = write!(text, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if fraction > 0 {
        let digits = format!("{fraction:06}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
}

/// `time_out`
pub(in crate::expr) fn time_text(micros: i64) -> String {
    let mut text = String::with_capacity(15);
    push_time(&mut text, micros);
    text
}

/// `timetz_out`
pub(in crate::expr) fn timetz_text(micros: i64, west: i32) -> String {
    let mut text = time_text(micros);
    push_offset(&mut text, i64::from(west));
    text
}

/// An offset in seconds west of UTC, as far as it has minutes and seconds.
pub(in crate::expr) fn push_offset(text: &mut String, west: i64) {
    let seconds = west.abs();
    let _ = write!(text, "{}{:02}", if west <= 0 { '+' } else { '-' }, seconds / 3_600);
    if seconds % 3_600 != 0 {
        let _ = write!(text, ":{:02}", seconds / 60 % 60);
    }
    if seconds % 60 != 0 {
        let _ = write!(text, ":{:02}", seconds % 60);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::interval;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hostile_texts_never_panic(text in r"([0-9]{0,12}|[-+./: ,T]|[a-zA-Z]{1,11}|é|P|ago|BC|pm|J|UTC|Europe/Berlin|\PC){0,9}") {
            let _ = parse_date(&text);
            let _ = parse_timestamp(&text);
            let _ = parse_timestamptz(&text);
            let _ = parse_time(&text);
            let _ = parse_timetz(&text);
            let _ = interval::parse(&text).map(interval::text);
        }
    }
}
