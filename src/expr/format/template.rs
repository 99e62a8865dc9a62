//! Templates of dates and times: cut into patterns and the characters between them (`parse_format`).

/// What a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// `AM`, `PM`
    Meridiem,
    /// `AD`, `BC`
    Era,
    Century,
    /// The name of the day.
    Day,
    /// The name of the day in three letters.
    Dy,
    DayOfYear,
    DayOfMonth,
    DayOfWeek,
    /// As many digits of the second's fraction.
    Fraction(usize),
    /// Spaces count from here on.
    Exact,
    Hour12,
    Hour24,
    IsoDayOfYear,
    IsoDay,
    IsoWeek,
    /// The ISO year, its last digits.
    IsoYear(usize),
    Julian,
    Minute,
    MonthNumber,
    /// The name of the month.
    Month,
    /// The name of the month in three letters.
    Mon,
    Milliseconds,
    Microseconds,
    Quarter,
    Roman,
    SecondOfDay,
    Second,
    ZoneHour,
    ZoneMinute,
    Zone,
    WeekOfYear,
    WeekOfMonth,
    /// The year with a comma behind the thousands.
    YearComma,
    /// The year, its last digits.
    Year(usize),
}

/// How letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Title,
    Lower,
}

/// A pattern with what is written around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub field: Field,
    /// As it is written, for messages and for its length.
    pub word: &'static str,
    pub case: Case,
    /// `FM`: without padding.
    pub fill: bool,
    /// `TH` or `th` behind it.
    pub ordinal: Option<Case>,
}

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Pattern(Pattern),
    /// A character between patterns that is neither letter nor digit.
    Separator(char),
    Space(char),
    Char(char),
}

/// The patterns in the order in which they are looked for.
const PATTERNS: &[(&str, Field)] = &[
    ("A.D.", Field::Era),
    ("A.M.", Field::Meridiem),
    ("AD", Field::Era),
    ("AM", Field::Meridiem),
    ("B.C.", Field::Era),
    ("BC", Field::Era),
    ("CC", Field::Century),
    ("DAY", Field::Day),
    ("DDD", Field::DayOfYear),
    ("DD", Field::DayOfMonth),
    ("DY", Field::Dy),
    ("Day", Field::Day),
    ("Dy", Field::Dy),
    ("D", Field::DayOfWeek),
    ("FF1", Field::Fraction(1)),
    ("FF2", Field::Fraction(2)),
    ("FF3", Field::Fraction(3)),
    ("FF4", Field::Fraction(4)),
    ("FF5", Field::Fraction(5)),
    ("FF6", Field::Fraction(6)),
    ("FX", Field::Exact),
    ("HH24", Field::Hour24),
    ("HH12", Field::Hour12),
    ("HH", Field::Hour12),
    ("IDDD", Field::IsoDayOfYear),
    ("ID", Field::IsoDay),
    ("IW", Field::IsoWeek),
    ("IYYY", Field::IsoYear(4)),
    ("IYY", Field::IsoYear(3)),
    ("IY", Field::IsoYear(2)),
    ("I", Field::IsoYear(1)),
    ("J", Field::Julian),
    ("MI", Field::Minute),
    ("MM", Field::MonthNumber),
    ("MONTH", Field::Month),
    ("MON", Field::Mon),
    ("MS", Field::Milliseconds),
    ("Month", Field::Month),
    ("Mon", Field::Mon),
    ("OF", Field::Zone),
    ("P.M.", Field::Meridiem),
    ("PM", Field::Meridiem),
    ("Q", Field::Quarter),
    ("RM", Field::Roman),
    ("SSSSS", Field::SecondOfDay),
    ("SSSS", Field::SecondOfDay),
    ("SS", Field::Second),
    ("TZH", Field::ZoneHour),
    ("TZM", Field::ZoneMinute),
    ("TZ", Field::Zone),
    ("US", Field::Microseconds),
    ("WW", Field::WeekOfYear),
    ("W", Field::WeekOfMonth),
    ("Y,YYY", Field::YearComma),
    ("YYYY", Field::Year(4)),
    ("YYY", Field::Year(3)),
    ("YY", Field::Year(2)),
    ("Y", Field::Year(1)),
    ("a.d.", Field::Era),
    ("a.m.", Field::Meridiem),
    ("ad", Field::Era),
    ("am", Field::Meridiem),
    ("b.c.", Field::Era),
    ("bc", Field::Era),
    ("cc", Field::Century),
    ("day", Field::Day),
    ("ddd", Field::DayOfYear),
    ("dd", Field::DayOfMonth),
    ("dy", Field::Dy),
    ("d", Field::DayOfWeek),
    ("ff1", Field::Fraction(1)),
    ("ff2", Field::Fraction(2)),
    ("ff3", Field::Fraction(3)),
    ("ff4", Field::Fraction(4)),
    ("ff5", Field::Fraction(5)),
    ("ff6", Field::Fraction(6)),
    ("fx", Field::Exact),
    ("hh24", Field::Hour24),
    ("hh12", Field::Hour12),
    ("hh", Field::Hour12),
    ("iddd", Field::IsoDayOfYear),
    ("id", Field::IsoDay),
    ("iw", Field::IsoWeek),
    ("iyyy", Field::IsoYear(4)),
    ("iyy", Field::IsoYear(3)),
    ("iy", Field::IsoYear(2)),
    ("i", Field::IsoYear(1)),
    ("j", Field::Julian),
    ("mi", Field::Minute),
    ("mm", Field::MonthNumber),
    ("month", Field::Month),
    ("mon", Field::Mon),
    ("ms", Field::Milliseconds),
    ("of", Field::Zone),
    ("p.m.", Field::Meridiem),
    ("pm", Field::Meridiem),
    ("q", Field::Quarter),
    ("rm", Field::Roman),
    ("sssss", Field::SecondOfDay),
    ("ssss", Field::SecondOfDay),
    ("ss", Field::Second),
    ("tzh", Field::ZoneHour),
    ("tzm", Field::ZoneMinute),
    ("tz", Field::Zone),
    ("us", Field::Microseconds),
    ("ww", Field::WeekOfYear),
    ("w", Field::WeekOfMonth),
    ("y,yyy", Field::YearComma),
    ("yyyy", Field::Year(4)),
    ("yyy", Field::Year(3)),
    ("yy", Field::Year(2)),
    ("y", Field::Year(1)),
];

/// Cuts a template. The error names what depends on the session or is not there.
pub(super) fn parse(template: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let mut fill = false;
        if let Some(behind) = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            fill = true;
            rest = behind;
        } else if rest.starts_with("TM") || rest.starts_with("tm") {
            return Err("the pattern TM depends on the locale of the session".to_owned());
        }
        if let Some((word, field)) = PATTERNS.iter().find(|(word, _)| rest.starts_with(word)) {
            rest = &rest[word.len()..];
            let case = match word.as_bytes() {
                [first, ..] if first.is_ascii_lowercase() => Case::Lower,
                [_, second, ..] if second.is_ascii_lowercase() => Case::Title,
                _ => Case::Upper,
            };
            let mut pattern = Pattern { field: *field, word, case, fill, ordinal: None };
            for (suffix, case) in [("TH", Case::Upper), ("th", Case::Lower)] {
                if let Some(behind) = rest.strip_prefix(suffix) {
                    pattern.ordinal = Some(case);
                    rest = behind;
                    break;
                }
            }
            if pattern.ordinal.is_none() && rest.starts_with("SP") {
                return Err("the pattern SP is not implemented by PostgreSQL".to_owned());
            }
            parts.push(Part::Pattern(pattern));
        } else if let Some(quoted) = rest.strip_prefix('"') {
            rest = quote(quoted, &mut parts);
        } else if let Some(c) = rest.strip_prefix('\\').filter(|behind| behind.starts_with('"')).unwrap_or(rest).chars().next() {
            rest = &rest[rest.len().min(c.len_utf8() + usize::from(c == '"'))..];
            parts.push(if c.is_ascii_punctuation() {
                Part::Separator(c)
            } else if matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r') {
                Part::Space(c)
            } else {
                Part::Char(c)
            });
        }
    }
    Ok(parts)
}

/// Takes what stands in double quotes; a backslash keeps the character behind it.
fn quote<'t>(text: &'t str, parts: &mut Vec<Part>) -> &'t str {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return &text[at + 1..],
            '\\' if chars.peek().is_some() => parts.extend(chars.next().map(|(_, c)| Part::Char(c))),
            c => parts.push(Part::Char(c)),
        }
    }
    ""
}

/// The suffix of an ordinal number: `ST`, `ND`, `RD` or `TH`.
pub(super) fn ordinal(digits: &str, case: Case) -> &'static str {
    let bytes = digits.as_bytes();
    let teen = bytes.len() > 1 && bytes[bytes.len() - 2] == b'1';
    let upper = match bytes.last() {
        Some(b'1') if !teen => "ST",
        Some(b'2') if !teen => "ND",
        Some(b'3') if !teen => "RD",
        _ => "TH",
    };
    match (upper, case) {
        (upper, Case::Upper) => upper,
        ("ST", _) => "st",
        ("ND", _) => "nd",
        ("RD", _) => "rd",
        _ => "th",
    }
}

pub(super) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(super) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// December first.
pub(super) const ROMAN: [&str; 12] = ["XII", "XI", "X", "IX", "VIII", "VII", "VI", "V", "IV", "III", "II", "I"];
