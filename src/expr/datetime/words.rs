//! The words of dates, times and intervals: PostgreSQL's two tables of tokens, of which ten letters count.

/// What a unit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr) enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Julian,
    Dow,
    IsoDow,
    Doy,
    IsoYear,
    Zone,
    ZoneHour,
    ZoneMinute,
    Epoch,
}

/// A word of a date or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Infinity,
    NegInfinity,
    Epoch,
    /// A day or a time that depends on the clock.
    Now,
    Midnight,
    Era {
        before_christ: bool,
    },
    Meridiem {
        afternoon: bool,
    },
    Month(i64),
    Weekday,
    /// The next number is this.
    Unit(Unit),
    /// `t` before a time.
    Time,
    /// `dst` behind a zone.
    Daylight,
    Ignored,
}

/// The first ten letters.
fn key(word: &str) -> &str {
    word.get(..10).unwrap_or(word)
}

/// A word of a date, in lower case.
pub(super) fn word(word: &str) -> Option<Word> {
    Some(match key(word) {
        "-infinity" => Word::NegInfinity,
        "infinity" => Word::Infinity,
        "epoch" => Word::Epoch,
        "now" | "today" | "tomorrow" | "yesterday" => Word::Now,
        "allballs" => Word::Midnight,
        "ad" => Word::Era { before_christ: false },
        "bc" => Word::Era { before_christ: true },
        "am" => Word::Meridiem { afternoon: false },
        "pm" => Word::Meridiem { afternoon: true },
        "at" | "on" => Word::Ignored,
        "dst" => Word::Daylight,
        "t" => Word::Time,
        "mon" | "monday" | "tue" | "tues" | "tuesday" | "wed" | "weds" | "wednesday" | "thu" | "thur" | "thurs" | "thursday" | "fri"
        | "friday" | "sat" | "saturday" | "sun" | "sunday" => Word::Weekday,
        "y" => Word::Unit(Unit::Year),
        "m" => Word::Unit(Unit::Month),
        "d" => Word::Unit(Unit::Day),
        "h" => Word::Unit(Unit::Hour),
        "mm" => Word::Unit(Unit::Minute),
        "s" => Word::Unit(Unit::Second),
        "j" | "jd" | "julian" => Word::Unit(Unit::Julian),
        "dow" => Word::Unit(Unit::Dow),
        "doy" => Word::Unit(Unit::Doy),
        "isodow" => Word::Unit(Unit::IsoDow),
        "isoyear" => Word::Unit(Unit::IsoYear),
        other => return month(other).map(Word::Month),
    })
}

fn month(word: &str) -> Option<i64> {
    Some(match word {
        "jan" | "january" => 1,
        "feb" | "february" => 2,
        "mar" | "march" => 3,
        "apr" | "april" => 4,
        "may" => 5,
        "jun" | "june" => 6,
        "jul" | "july" => 7,
        "aug" | "august" => 8,
        "sep" | "sept" | "september" => 9,
        "oct" | "october" => 10,
        "nov" | "november" => 11,
        "dec" | "december" => 12,
        _ => return None,
    })
}

/// A unit of an interval, in lower case.
pub(in crate::expr) fn unit(word: &str) -> Option<Unit> {
    Some(match key(word) {
        "c" | "cent" | "centuries" | "century" => Unit::Century,
        "d" | "day" | "days" => Unit::Day,
        "dec" | "decade" | "decades" | "decs" => Unit::Decade,
        "h" | "hour" | "hours" | "hr" | "hrs" => Unit::Hour,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "microsecon" | "us" | "usec" | "usecond" | "useconds" | "usecs" => Unit::Microsecond,
        "mil" | "millennia" | "millennium" | "mils" => Unit::Millennium,
        "millisecon" | "ms" | "msec" | "msecond" | "mseconds" | "msecs" => Unit::Millisecond,
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "qtr" | "quarter" => Unit::Quarter,
        "s" | "sec" | "second" | "seconds" | "secs" => Unit::Second,
        "timezone" => Unit::Zone,
        "timezone_h" => Unit::ZoneHour,
        "timezone_m" => Unit::ZoneMinute,
        "w" | "week" | "weeks" => Unit::Week,
        "y" | "year" | "years" | "yr" | "yrs" => Unit::Year,
        _ => return None,
    })
}

/// A field of `extract`: a unit of an interval, or a word for a part of a date.
pub(in crate::expr) fn field(name: &str) -> Option<Unit> {
    let name = name.to_ascii_lowercase();
    unit(&name).or_else(|| match word(&name) {
        Some(Word::Unit(unit)) => Some(unit),
        Some(Word::Epoch) => Some(Unit::Epoch),
        _ => None,
    })
}
