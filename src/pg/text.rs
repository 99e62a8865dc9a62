//! The text that PostgreSQL prints for a value, for the types that legacy keys are made of. Boundary: `DateStyle` ISO and time zone
//! UTC, whatever the server's settings: a key's text must not depend on who asks.

use std::fmt::Write as _;

use crate::row::Value;

/// The text form of a value; `None` for NULL and for types that are no keys (floats, intervals, `json`, types of users).
pub fn to_text(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Bool(v) => v.to_string(),
        Value::Int2(v) => v.to_string(),
        Value::Int4(v) => v.to_string(),
        Value::Int8(v) => v.to_string(),
        Value::Numeric(v) => v.to_string(),
        Value::Text(v) => v.clone().into_owned(),
        Value::Bytea(v) => v.iter().fold("\\x".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
        Value::Date(i32::MAX) | Value::Timestamp(i64::MAX) | Value::TimestampTz(i64::MAX) => "infinity".to_owned(),
        Value::Date(i32::MIN) | Value::Timestamp(i64::MIN) | Value::TimestampTz(i64::MIN) => "-infinity".to_owned(),
        Value::Date(days) => {
            let (date, era) = date(i64::from(*days));
            date + era
        }
        Value::Time(micros) => time(*micros),
        Value::Timestamp(micros) => timestamp(*micros, ""),
        Value::TimestampTz(micros) => timestamp(*micros, "+00"),
        Value::Uuid(bytes) => uuid::Uuid::from_bytes(*bytes).to_string(),
        Value::Null
        | Value::Float4(_)
        | Value::Float8(_)
        | Value::TimeTz(..)
        | Value::Interval(_)
        | Value::Json(_)
        | Value::Jsonb(_)
        | Value::Array(_)
        | Value::Raw(_) => return None,
    })
}

const DAY_MICROS: i64 = 86_400_000_000;

fn timestamp(micros: i64, zone: &str) -> String {
    let (date, era) = date(micros.div_euclid(DAY_MICROS));
    format!("{date} {}{zone}{era}", time(micros.rem_euclid(DAY_MICROS)))
}

fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if fraction > 0 {
        let _ = write!(text, ".{fraction:06}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

/// The date that is `days` after 2000-01-01, and its era. Proleptic Gregorian, counted in eras of 400 years of 146,097 days that
/// begin on the first of March, so that the leap day is the last of its year.
fn date(days: i64) -> (String, &'static str) {
    // 2000-03-01 is day 60; era 0 begins there.
    let from_march = days - 60;
    let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = 2000 + 400 * era + year_of_era + i64::from(month <= 2);
    // There is no year 0: it is 1 BC.
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day_of_month:02}"), era)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_postgresql_prints_it() {
        // select v::text from (values …), DateStyle ISO, time zone UTC
        for (value, text) in [
            (Value::Date(0), "2000-01-01"),
            (Value::Date(59), "2000-02-29"),
            (Value::Date(-1), "1999-12-31"),
            (Value::Date(8_826), "2024-03-01"),
            (Value::Date(-730_119), "0001-01-01"),
            (Value::Date(-730_120), "0001-12-31 BC"),
            (Value::Date(-2_451_507), "4713-01-01 BC"),
            (Value::Timestamp(-1), "1999-12-31 23:59:59.999999"),
            (Value::TimestampTz(1_500_000), "2000-01-01 00:00:01.5+00"),
            (Value::TimestampTz(i64::MAX), "infinity"),
            (Value::Time(86_400_000_000), "24:00:00"),
            (Value::Bool(true), "true"),
            (Value::Bytea(b"\x00\xff".as_slice().into()), "\\x00ff"),
        ] {
            assert_eq!(to_text(&value).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn no_instant_panics(micros: i64, days: i32) {
            let _ = to_text(&Value::Timestamp(micros));
            let _ = to_text(&Value::Date(days));
        }
    }
}
