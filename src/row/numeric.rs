//! `numeric`, exactly. Boundary: the value and its wire form; arithmetic with PostgreSQL's rules of scale is in `expr`.
//!
//! `rust_decimal`'s own `FromSql` drops digits that it has no room for, so the wire form is decoded here: into a `Decimal`
//! where that holds it exactly, scale included, and into a `BigDecimal` everywhere else.

use std::fmt::{self, Write as _};

use bigdecimal::BigDecimal;
use bigdecimal::Zero as _;
use bigdecimal::num_bigint::{BigInt, Sign};
use rust_decimal::Decimal;

/// A `numeric`, with its display scale.
#[derive(Clone, Debug, PartialEq)]
pub enum Numeric {
    /// A value that a `Decimal` holds exactly, with the same scale.
    Small(Decimal),
    /// Any other finite value. Its exponent is the display scale, never negative.
    Big(Box<BigDecimal>),
    /// Not a number
    NaN,
    /// `Infinity`
    Infinity,
    /// `-Infinity`
    NegInfinity,
}

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEG_INFINITY: u16 = 0xF000;
/// PostgreSQL's own limit of a scale (`NUMERIC_DSCALE_MASK`).
const MAX_SCALE: u16 = 0x3FFF;

impl Numeric {
    /// Decodes the wire form: digit count, weight, sign, display scale, then digits to base 10,000
    /// (`numeric_send` in PostgreSQL's `numeric.c`). `None` when the bytes are not one.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let count = usize::from(word(0)?);
        let weight = i32::from(word(2)?.cast_signed());
        let (sign, scale) = (word(4)?, word(6)?);
        if bytes.len() != 8 + 2 * count {
            return None;
        }
        match sign {
            NAN => return Some(Self::NaN),
            INFINITY => return Some(Self::Infinity),
            NEG_INFINITY => return Some(Self::NegInfinity),
            0 | NEGATIVE if scale <= MAX_SCALE => {}
            _ => return None,
        }
        let digits = bytes[8..].chunks_exact(2).map(|d| u16::from_be_bytes([d[0], d[1]]));
        if digits.clone().any(|d| d > 9_999) {
            return None;
        }
        // The value is `integer × 10^exponent`; with the display scale it is `mantissa × 10^-scale`.
        let exponent = 4 * (weight + 1 - i32::try_from(count).ok()?);
        Self::small(digits.clone(), exponent, scale, sign == NEGATIVE).or_else(|| Self::big(digits, exponent, scale, sign == NEGATIVE))
    }

    fn small(digits: impl Iterator<Item = u16>, exponent: i32, scale: u16, negative: bool) -> Option<Self> {
        let mut mantissa: i128 = 0;
        for digit in digits {
            mantissa = mantissa.checked_mul(10_000)?.checked_add(i128::from(digit))?;
        }
        let shift = exponent + i32::from(scale);
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        if shift >= 0 {
            mantissa = mantissa.checked_mul(power)?;
        } else if mantissa % power == 0 {
            mantissa /= power;
        } else {
            return None;
        }
        let mantissa = if negative { -mantissa } else { mantissa };
        Decimal::try_from_i128_with_scale(mantissa, u32::from(scale)).ok().map(Self::Small)
    }

    fn big(digits: impl Iterator<Item = u16>, exponent: i32, scale: u16, negative: bool) -> Option<Self> {
        let mut text = String::new();
        for digit in digits {
            let _ = write!(text, "{digit:04}");
        }
        let magnitude = BigInt::parse_bytes(text.as_bytes(), 10).unwrap_or_default();
        let integer = if negative { -magnitude } else { magnitude };
        let value = BigDecimal::new(integer, i64::from(-exponent));
        // Digits behind the display scale do not come from a server, and one that is given some cuts them off.
        let scale = i64::from(scale);
        let exact = value.with_scale(scale);
        (exact == value).then(|| Self::Big(Box::new(exact)))
    }

    /// Appends the wire form.
    pub fn to_wire(&self, out: &mut Vec<u8>) {
        let special = |out: &mut Vec<u8>, sign: u16| {
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&sign.to_be_bytes());
            out.extend_from_slice(&[0; 2]);
        };
        match self {
            Self::NaN => special(out, NAN),
            Self::Infinity => special(out, INFINITY),
            Self::NegInfinity => special(out, NEG_INFINITY),
            Self::Small(value) => {
                let scale = value.scale();
                let padding = (4 - scale % 4) % 4;
                let mut rest = value.mantissa().unsigned_abs() * 10_u128.pow(padding);
                let mut digits = [0_u16; 10];
                let mut first = digits.len();
                while rest > 0 {
                    first -= 1;
                    #[allow(clippy::cast_possible_truncation, reason = "a remainder of 10,000 fits")]
                    {
                        digits[first] = (rest % 10_000) as u16;
                    }
                    rest /= 10_000;
                }
                let weight = i32::try_from(digits.len() - first).unwrap_or(0) - 1 - i32::try_from(scale.div_ceil(4)).unwrap_or(0);
                write_digits(out, &digits[first..], weight, value.is_sign_negative(), scale);
            }
            Self::Big(value) => {
                let (integer, exponent) = value.as_bigint_and_exponent();
                let scale = u32::try_from(exponent.max(0)).unwrap_or(0);
                let mut text = integer.magnitude().to_str_radix(10);
                // A whole number of groups of four on both sides of the point.
                let padding = usize::try_from((4 - exponent.rem_euclid(4)) % 4).unwrap_or(0);
                text.extend(std::iter::repeat_n('0', padding));
                // By hand: a width in a format goes to 65,535, and a numeric has up to 147,455 digits.
                text.insert_str(0, &"000"[..text.len().next_multiple_of(4) - text.len()]);
                let digits: Vec<u16> = text.as_bytes().chunks(4).map(|c| c.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'))).collect();
                let fraction_groups = (exponent + i64::try_from(padding).unwrap_or(0)) / 4;
                let weight = i64::try_from(digits.len()).unwrap_or(0) - 1 - fraction_groups;
                write_digits(out, &digits, i32::try_from(weight).unwrap_or(0), integer.sign() == Sign::Minus, scale);
            }
        }
    }

    /// The value as a `BigDecimal`, `None` for NaN and the infinities.
    pub fn to_big(&self) -> Option<BigDecimal> {
        match self {
            Self::Small(value) => Some(BigDecimal::new(BigInt::from(value.mantissa()), i64::from(value.scale()))),
            Self::Big(value) => Some((**value).clone()),
            Self::NaN | Self::Infinity | Self::NegInfinity => None,
        }
    }

    /// The smallest form of an exact value: a `Decimal` where that holds it with its scale.
    pub fn from_big(value: BigDecimal) -> Self {
        let (integer, exponent) = value.as_bigint_and_exponent();
        if exponent < 0 {
            return Self::from_big(value.with_scale(0));
        }
        let small = i128::try_from(&integer).ok().zip(u32::try_from(exponent).ok());
        match small.and_then(|(mantissa, scale)| Decimal::try_from_i128_with_scale(mantissa, scale).ok()) {
            Some(value) => Self::Small(value),
            None => Self::Big(Box::new(value)),
        }
    }

    /// The display scale: digits behind the point.
    pub fn scale(&self) -> u32 {
        match self {
            Self::Small(value) => value.scale(),
            Self::Big(value) => u32::try_from(value.as_bigint_and_exponent().1.max(0)).unwrap_or(0),
            Self::NaN | Self::Infinity | Self::NegInfinity => 0,
        }
    }

    /// Whether the value is finite.
    pub fn is_finite(&self) -> bool {
        matches!(self, Self::Small(_) | Self::Big(_))
    }

    /// The value with exactly `scale` digits behind the point; `None` when that would lose a digit, and for values that
    /// are not finite.
    pub fn rescale_exact(&self, scale: u32) -> Option<Self> {
        if self.is_finite() && self.scale() == scale {
            return Some(self.clone());
        }
        if let Self::Small(value) = self {
            let mut exact = *value;
            exact.rescale(scale);
            if exact.scale() == scale && exact == *value {
                return Some(Self::Small(exact));
            }
        }
        let value = self.to_big()?;
        let exact = value.with_scale(i64::from(scale));
        (exact == value).then(|| Self::from_big(exact))
    }

    /// The place of the first digit that is not 0, counted from the point to the left: 3 for 123, 0 for 0.5, -1 for 0.05. `None` for 0 and
    /// for values that are not finite.
    pub fn leading_place(&self) -> Option<i64> {
        let (digits, scale) = match self {
            Self::Small(value) => (u64::from(value.mantissa().unsigned_abs().checked_ilog10()?) + 1, i64::from(value.scale())),
            Self::Big(value) if value.is_zero() => return None,
            Self::Big(value) => (value.digits(), value.as_bigint_and_exponent().1),
            Self::NaN | Self::Infinity | Self::NegInfinity => return None,
        };
        i64::try_from(digits).ok()?.checked_sub(scale)
    }

    /// Digits in front of the point: 0 for values below one.
    pub fn integer_digits(&self) -> u64 {
        self.leading_place().and_then(|place| u64::try_from(place).ok()).unwrap_or(0)
    }

    /// The value with no digit behind the point where it is a multiple of `10^zeros`; else `None`.
    pub fn with_zeros_exact(&self, zeros: u32) -> Option<Self> {
        let whole = self.rescale_exact(0)?;
        let value = whole.to_big()?;
        (value.with_scale(-i64::from(zeros)) == value).then_some(whole)
    }
}

fn write_digits(out: &mut Vec<u8>, digits: &[u16], weight: i32, negative: bool, scale: u32) {
    let leading = digits.iter().take_while(|d| **d == 0).count();
    let digits = &digits[leading..];
    let digits = &digits[..digits.len() - digits.iter().rev().take_while(|d| **d == 0).count()];
    let (weight, sign) =
        if digits.is_empty() { (0, 0) } else { (weight - i32::try_from(leading).unwrap_or(0), if negative { NEGATIVE } else { 0 }) };
    let word = |n: i64| u16::try_from(n & 0xFFFF).unwrap_or(0).to_be_bytes();
    out.extend_from_slice(&word(i64::try_from(digits.len()).unwrap_or(0)));
    out.extend_from_slice(&word(i64::from(weight)));
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&word(i64::from(scale)));
    for digit in digits {
        out.extend_from_slice(&digit.to_be_bytes());
    }
}

impl fmt::Display for Numeric {
    /// As PostgreSQL prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A `Decimal` keeps a minus sign on zero; PostgreSQL has none.
            Self::Small(value) if value.is_zero() => write!(f, "{}", value.abs()),
            Self::Small(value) => write!(f, "{value}"),
            Self::Big(value) => f.write_str(&value.to_plain_string()),
            Self::NaN => f.write_str("NaN"),
            Self::Infinity => f.write_str("Infinity"),
            Self::NegInfinity => f.write_str("-Infinity"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(value: &Numeric) -> Numeric {
        let mut wire = Vec::new();
        value.to_wire(&mut wire);
        Numeric::from_wire(&wire).expect("own wire form")
    }

    #[test]
    fn the_longest_numbers_come_back() {
        for wire in [[0, 1, 0x7F, 0xFF, 0, 0, 0, 0, 0, 1], [0, 1, 0xF0, 0, 0, 0, 0x3F, 0xFF, 0x27, 0x06]] {
            let value = Numeric::from_wire(&wire).unwrap();
            assert_eq!(round_trip(&value), value);
            assert!(value.to_string().len() > 10_000);
        }
    }

    #[test]
    fn known_wire_forms() {
        // select encode(numeric_send(…), 'hex') on PostgreSQL 15
        for (hex, text) in [
            ("0000000000000000", "0"),
            ("0000000000000002", "0.00"),
            ("0001000000000000000c", "12"),
            ("00020000400000020001157c", "-1.55"),
            ("0001ffff0000000404d2", "0.1234"),
            ("00010001000000000001", "10000"),
            ("0000000 0c0000000".replace(' ', "").as_str(), "NaN"),
        ] {
            let wire: Vec<u8> = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
            let value = Numeric::from_wire(&wire).expect(text);
            assert_eq!(value.to_string(), text);
            let mut again = Vec::new();
            value.to_wire(&mut again);
            assert_eq!(again, wire, "{text}");
        }
    }

    #[test]
    fn the_longest_values_are_written() {
        for digits in [65_534, 65_537, 131_072] {
            let text = "7".repeat(digits);
            let value = Numeric::from_big(text.parse().expect("a number"));
            assert_eq!(round_trip(&value).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn small_values_keep_value_and_scale(mantissa in -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335, scale in 0_u32..=28) {
            let value = Decimal::from_i128_with_scale(mantissa, scale);
            let Numeric::Small(back) = round_trip(&Numeric::Small(value)) else { panic!("a Decimal fits a Decimal") };
            prop_assert_eq!(back.scale(), scale);
            prop_assert_eq!(back.mantissa(), mantissa);
        }

        #[test]
        fn big_values_keep_every_digit(digits in "[1-9][0-9]{30,80}", scale in 0_i64..90, negative: bool) {
            let integer = BigInt::parse_bytes(digits.as_bytes(), 10).unwrap();
            let value = BigDecimal::new(if negative { -integer } else { integer }, scale);
            let back = round_trip(&Numeric::Big(Box::new(value.clone())));
            prop_assert_eq!(back.scale(), u32::try_from(scale).unwrap());
            prop_assert_eq!(back.to_big().unwrap(), value);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Numeric::from_wire(&bytes);
        }
    }
}
