//! The text form of a `numeric`. Boundary: what is read; what is printed is the value's own `Display`.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, Sign};

use super::{MAX_INTEGER_DIGITS, MAX_SCALE, checked, infinity, out_of_range, small};
use crate::expr::context::EvalError;
use crate::row::Numeric;

/// `INT_MAX / 2`
const MOST_EXPONENT: i64 = 1_073_741_823;

/// `numeric_in`: the text form of a `numeric`.
pub(in crate::expr) fn parse(text: &str) -> Result<Numeric, EvalError> {
    let invalid = || EvalError::sql("22P02", "invalid input syntax for type numeric");
    let text = text.trim_matches(is_space);
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if text.eq_ignore_ascii_case("nan") {
        return Ok(Numeric::NaN);
    }
    if digits.eq_ignore_ascii_case("infinity") || digits.eq_ignore_ascii_case("inf") {
        return Ok(infinity(!negative));
    }
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
        return Err(invalid());
    }
    let exponent: i64 = match exponent {
        None => 0,
        Some(text) => {
            // `strtol`, which passes over blanks. An exponent of this size is an overflow, whatever stands behind it.
            let text = text.trim_start_matches(is_space);
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
            let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = &unsigned[..unsigned.len() - rest.len()];
            if digits.is_empty() {
                return Err(invalid());
            }
            let size = digits.parse().unwrap_or(i64::MAX);
            if size >= MOST_EXPONENT {
                return Err(out_of_range());
            }
            if !rest.is_empty() {
                return Err(invalid());
            }
            if text.starts_with('-') { -size } else { size }
        }
    };
    let joined = [whole, fraction].concat();
    let significant = joined.trim_start_matches('0');
    let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX) - exponent;
    let top = i64::try_from(significant.len()).unwrap_or(i64::MAX) - scale;
    if scale > MAX_SCALE || (!significant.is_empty() && top > i64::try_from(MAX_INTEGER_DIGITS).unwrap_or(i64::MAX)) {
        return Err(out_of_range());
    }
    if significant.len() <= 28 && (0..=28).contains(&scale) {
        let mantissa: i128 = significant.bytes().fold(0, |n, d| n * 10 + i128::from(d - b'0'));
        return Ok(small(if negative { -mantissa } else { mantissa }, u32::try_from(scale).unwrap_or(0)));
    }
    let magnitude = BigInt::parse_bytes(significant.as_bytes(), 10).unwrap_or_default();
    let integer = if negative { -magnitude } else { magnitude };
    if integer.sign() == Sign::NoSign {
        return checked(BigDecimal::new(integer, scale.max(0)));
    }
    checked(BigDecimal::new(integer, scale))
}

/// `isspace` in the locale of the input functions.
pub(in crate::expr) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms() {
        for (text, canonical) in [
            ("1e3", "1000"),
            ("1.50", "1.50"),
            ("1.50e1", "15.0"),
            (" -.5 ", "-0.5"),
            ("1e-3", "0.001"),
            ("1e 5", "100000"),
            ("-0", "0"),
            ("+inf", "Infinity"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), canonical, "{text}");
        }
        for text in ["", ".", "1e", "1 2", "0x10", "1_000", "--1", "-nan", "1e+ 5", "1e1073741822x"] {
            assert_eq!(parse(text).unwrap_err().sqlstate(), Some("22P02"), "{text}");
        }
        for text in ["1e131073", "1e999999999999", "0e-1073741822", "1e-1073741823x"] {
            assert_eq!(parse(text).unwrap_err().sqlstate(), Some("22003"), "{text}");
        }
    }
}
