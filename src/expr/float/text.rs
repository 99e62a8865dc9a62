//! The text forms of `real` and `double precision`. Boundary: what `strtod` of the C library reads, and the shortest digits that
//! read back as the same value, in the layout that PostgreSQL gives them.

use bigdecimal::num_bigint::BigInt;

use crate::expr::context::EvalError;
use crate::expr::numeric::{is_space, out_of_range};

/// Beyond this power of two, either way, a value is infinite or zero, whatever its digits (of which there are at most so many).
const FARTHEST: i64 = 1 << 32;

/// A type that is read.
pub(super) trait Float: Copy + std::str::FromStr + PartialEq {
    const ZERO: Self;
    const NAN: Self;
    const INFINITY: Self;
    fn negated(self) -> Self;
    fn is_infinite(self) -> bool;
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const NAN: Self = Self::NAN;
    const INFINITY: Self = Self::INFINITY;

    fn negated(self) -> Self {
        -self
    }

    fn is_infinite(self) -> bool {
        self.is_infinite()
    }
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    const NAN: Self = Self::NAN;
    const INFINITY: Self = Self::INFINITY;

    fn negated(self) -> Self {
        -self
    }

    fn is_infinite(self) -> bool {
        self.is_infinite()
    }
}

/// The value of a text: a decimal or hexadecimal number, or a word, with white space around it.
pub(super) fn parse<F: Float>(text: &str) -> Result<F, EvalError> {
    let invalid = || EvalError::sql("22P02", "invalid input syntax for a floating-point number");
    let text = text.trim_matches(is_space);
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = |value: F| if negative { value.negated() } else { value };
    if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        return Ok(signed(F::INFINITY));
    }
    if is_nan(unsigned) {
        return Ok(F::NAN);
    }
    let (value, is_zero) = if unsigned.get(..2).is_some_and(|p| p.eq_ignore_ascii_case("0x")) {
        hexadecimal(&unsigned[2..]).ok_or_else(invalid)?
    } else {
        match decimal(unsigned) {
            Some(read) => read,
            // A number out of range is that before anybody looks at what stands behind it.
            None => match decimal::<F>(leading(unsigned)) {
                Some((value, is_zero)) if value.is_infinite() || (value == F::ZERO && !is_zero) => return Err(out_of_range()),
                _ => return Err(invalid()),
            },
        }
    };
    let value: F = value;
    if value.is_infinite() || (value == F::ZERO && !is_zero) {
        return Err(out_of_range());
    }
    Ok(signed(value))
}

/// The number at the beginning of a text.
fn leading(text: &str) -> &str {
    let bytes = text.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let behind = end + 1 + sign;
        if bytes.get(behind).is_some_and(u8::is_ascii_digit) {
            end = digits(behind);
        }
    }
    &text[..end]
}

/// `nan`, with the letters that the C library allows in parentheses behind it.
fn is_nan(text: &str) -> bool {
    if !text.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("nan")) {
        return false;
    }
    match text[3..].strip_prefix('(').map(|rest| rest.strip_suffix(')')) {
        None => text.len() == 3,
        Some(inner) => inner.is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')),
    }
}

/// The whole part, the fraction and the exponent.
fn split(text: &str, exponent: [char; 2]) -> Option<(&str, &str, i64)> {
    let (mantissa, exponent) = match text.find(exponent) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = match exponent {
        None => 0,
        Some(digits) => {
            let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let size = unsigned.parse().unwrap_or(FARTHEST).min(FARTHEST);
            if digits.starts_with('-') { -size } else { size }
        }
    };
    (!whole.is_empty() || !fraction.is_empty()).then_some((whole, fraction, exponent))
}

/// The value, and whether its digits are all zeros.
fn decimal<F: Float>(text: &str) -> Option<(F, bool)> {
    let (whole, fraction, exponent) = split(text, ['e', 'E'])?;
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let is_zero = whole.bytes().chain(fraction.bytes()).all(|b| b == b'0');
    Some((format!("{whole}.{fraction}e{exponent}").parse().ok()?, is_zero))
}

fn hexadecimal<F: Float>(text: &str) -> Option<(F, bool)> {
    let (whole, fraction, exponent) = split(text, ['p', 'P'])?;
    let digits = [whole, fraction].concat();
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some((F::ZERO, true));
    }
    // The digits as a whole number times a power of two.
    let places = i64::try_from(fraction.len()).ok()?;
    let exponent = exponent - 4 * places;
    let top = exponent + 4 * i64::try_from(significant.len()).ok()?;
    if top > 2000 {
        return Some((F::INFINITY, false));
    }
    if top < -2000 {
        return Some((F::ZERO, false));
    }
    let digits = BigInt::parse_bytes(significant.as_bytes(), 16)?;
    let exact = match u32::try_from(exponent) {
        Ok(up) => (digits << up).to_string(),
        // 2^-n is 5^n × 10^-n.
        Err(_) => format!("{}e{exponent}", digits * BigInt::from(5).pow(u32::try_from(-exponent).ok()?)),
    };
    Some((exact.parse().ok()?, false))
}

/// `float8out`
pub(in crate::expr) fn print8(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return layout(&format!("{x:e}"), 15);
    }
    let significand = x.to_bits() & ((1 << 52) - 1);
    let unit = (i32::try_from((x.to_bits() >> 52) & 0x7FF).unwrap_or(0)).max(1) - 1075;
    let is_between = |text: &str| is_between(text, significand, unit, 52, x.abs() >= f64::MIN_POSITIVE);
    let digits = shortest(format!("{x:e}"), |n| format!("{x:.n$e}"), |text| text.parse() == Ok(x) && !is_between(text));
    layout(&digits, 15)
}

/// `float4out`
pub(in crate::expr) fn print4(x: f32) -> String {
    if x == 0.0 || !x.is_finite() {
        return layout(&format!("{x:e}"), 6);
    }
    let significand = u64::from(x.to_bits() & ((1 << 23) - 1));
    let unit = (i32::try_from((x.to_bits() >> 23) & 0xFF).unwrap_or(0)).max(1) - 150;
    let is_between = |text: &str| is_between(text, significand, unit, 23, x.abs() >= f32::MIN_POSITIVE);
    let digits = shortest(format!("{x:e}"), |n| format!("{x:.n$e}"), |text| text.parse() == Ok(x) && !is_between(text));
    layout(&digits, 6)
}

/// The shortest digits that are taken for the value. Of two that are as near, PostgreSQL takes the even one, which is what exact
/// digits are rounded to.
fn shortest(ours: String, exact: impl Fn(usize) -> String, taken: impl Fn(&str) -> bool) -> String {
    let places = ours.split_once('e').and_then(|(m, _)| m.split_once('.')).map_or(0, |(_, fraction)| fraction.len());
    let rounded = exact(places);
    if taken(&rounded) {
        return rounded;
    }
    if taken(&ours) {
        return ours;
    }
    (places + 1..17).map(exact).find(|text| taken(text)).unwrap_or(ours)
}

/// Whether digits lie just in the middle between a value and one of its neighbours. Both middles read back as the value where its last
/// bit is 0, which PostgreSQL makes no use of.
fn is_between(digits: &str, significand: u64, unit: i32, bits: u32, normal: bool) -> bool {
    let Some((mantissa, exponent)) = digits.split_once('e') else { return false };
    let places = i32::try_from(mantissa.split_once('.').map_or(0, |(_, f)| f.len())).unwrap_or(0);
    let (Ok(n), Ok(exponent)) = (mantissa.replace(['.', '-'], "").parse::<u64>(), exponent.parse::<i32>()) else { return false };
    let exponent = exponent - places;
    let whole = if normal { significand | 1 << bits } else { significand };
    // In quarters of the unit, because below a power of two the neighbour is half as far.
    let middles = [whole * 4 + 2, whole * 4 - if significand == 0 && normal { 1 } else { 2 }];
    let unit = unit - 2;
    // n × 10^exponent = middle × 2^unit, with all powers on the side where they are whole.
    let power = |base: u32, n: i32| BigInt::from(base).pow(u32::try_from(n.max(0)).unwrap_or(0));
    let left = BigInt::from(n) * power(10, exponent) * power(2, -unit);
    middles.into_iter().any(|middle| left == BigInt::from(middle) * power(2, unit) * power(10, -exponent))
}

/// PostgreSQL's layout of digits that are written as `d.ddde±n`: an exponent from `limit` digits in front of the point on.
fn layout(text: &str, limit: i32) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return match text {
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            _ => "NaN".to_owned(),
        };
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..limit).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest.replace('.', "")),
        None => ("", mantissa.replace('.', "")),
    };
    let point = usize::try_from(exponent + 1).unwrap_or(0);
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0)));
    }
    match digits.split_at_checked(point) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits}{}", "0".repeat(point - digits.len())),
    }
}
