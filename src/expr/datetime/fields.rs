//! Text cut into fields: the first pass over dates, times and intervals (`ParseDateTime`).

/// What a field looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr) enum Shape {
    Number,
    /// Letters.
    Word,
    /// Digits or letters with `-`, `/` or `.` between them.
    Date,
    /// Digits with colons.
    Time,
    /// A sign and digits.
    Zone,
    /// A sign and letters.
    Signed,
}

/// As many fields as PostgreSQL takes.
const MOST: usize = 25;

/// The fields of a text, in lower case; `None` where it is none, or has too many, or is longer than `room`.
pub(in crate::expr) fn split(text: &str, room: usize) -> Option<Vec<(Shape, String)>> {
    let bytes = text.as_bytes();
    let (mut at, mut used) = (0, 0);
    let mut fields = Vec::new();
    while at < bytes.len() {
        let first = bytes[at];
        if is_space(first) {
            at += 1;
            continue;
        }
        if fields.len() >= MOST {
            return None;
        }
        let mut field = String::new();
        let shape = match first {
            b'0'..=b'9' => number(bytes, &mut at, &mut field),
            b'.' => {
                take(bytes, &mut at, &mut field, |c| c == b'.');
                // One point only: the second begins another field.
                at -= field.len() - 1;
                field.truncate(1);
                take(bytes, &mut at, &mut field, |c| c.is_ascii_digit());
                Shape::Number
            }
            c if c.is_ascii_alphabetic() => letters(bytes, &mut at, &mut field),
            b'+' | b'-' => {
                field.push(char::from(first));
                at += 1;
                while bytes.get(at).copied().is_some_and(is_space) {
                    at += 1;
                }
                match bytes.get(at) {
                    Some(c) if c.is_ascii_digit() => {
                        take(bytes, &mut at, &mut field, |c| c.is_ascii_digit() || matches!(c, b':' | b'.' | b'-'));
                        Shape::Zone
                    }
                    Some(c) if c.is_ascii_alphabetic() => {
                        take(bytes, &mut at, &mut field, |c| c.is_ascii_alphabetic());
                        Shape::Signed
                    }
                    _ => return None,
                }
            }
            c if c.is_ascii_punctuation() => {
                at += 1;
                continue;
            }
            _ => return None,
        };
        used += field.len() + 1;
        if used > room {
            return None;
        }
        fields.push((shape, field));
    }
    Some(fields)
}

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n' | 0xb | 0xc | b'\r')
}

fn take(bytes: &[u8], at: &mut usize, field: &mut String, fits: impl Fn(u8) -> bool) {
    while let Some(c) = bytes.get(*at).copied().filter(|c| fits(*c)) {
        field.push(char::from(c.to_ascii_lowercase()));
        *at += 1;
    }
}

fn number(bytes: &[u8], at: &mut usize, field: &mut String) -> Shape {
    take(bytes, at, field, |c| c.is_ascii_digit());
    match bytes.get(*at).copied() {
        Some(b':') => {
            take(bytes, at, field, |c| c.is_ascii_digit() || matches!(c, b':' | b'.'));
            Shape::Time
        }
        Some(delimiter @ (b'-' | b'/' | b'.')) => {
            field.push(char::from(delimiter));
            *at += 1;
            if !bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                take(bytes, at, field, |c| c.is_ascii_alphanumeric() || c == delimiter);
                return Shape::Date;
            }
            take(bytes, at, field, |c| c.is_ascii_digit());
            if bytes.get(*at) == Some(&delimiter) {
                take(bytes, at, field, |c| c.is_ascii_digit() || c == delimiter);
                return Shape::Date;
            }
            if delimiter == b'.' { Shape::Number } else { Shape::Date }
        }
        _ => Shape::Number,
    }
}

/// A word; with punctuation in it, it is a date or the name of a zone.
fn letters(bytes: &[u8], at: &mut usize, field: &mut String) -> Shape {
    take(bytes, at, field, |c| c.is_ascii_alphabetic());
    let date = match bytes.get(*at).copied() {
        Some(b'-' | b'/' | b'.') => true,
        Some(c) if c == b'+' || c.is_ascii_digit() => super::words::word(field).is_none(),
        _ => false,
    };
    if !date {
        return Shape::Word;
    }
    take(bytes, at, field, |c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'/' | b'_' | b'.' | b':'));
    Shape::Date
}

/// `strtol` to 32 bits: the number in front and what is behind it. `None` where it does not fit.
pub(in crate::expr) fn leading_int(text: &str) -> Option<(i64, &str)> {
    leading_long(text).filter(|(n, _)| i32::try_from(*n).is_ok())
}

/// `strtol` to 64 bits.
pub(in crate::expr) fn leading_long(text: &str) -> Option<(i64, &str)> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return Some((0, text));
    }
    let mut n: i64 = 0;
    for digit in digits[..count].bytes() {
        let digit = i64::from(digit - b'0');
        n = n.checked_mul(10)?;
        n = if negative { n.checked_sub(digit)? } else { n.checked_add(digit)? };
    }
    Some((n, &digits[count..]))
}

/// A fraction, its point in front, as PostgreSQL's `strtod` has it; `None` where something stands behind it.
pub(in crate::expr) fn fraction(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('.')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if digits.is_empty() { Some(0.0) } else { format!("0.{digits}").parse().ok() }
}

/// A fraction of a second in microseconds.
#[allow(clippy::cast_possible_truncation, reason = "at most a million")]
pub(in crate::expr) fn micros(fraction: f64) -> i64 {
    (fraction * 1e6).round_ties_even() as i64
}
