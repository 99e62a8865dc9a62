//! Control sums as exact numbers. Boundary: reading, adding and comparing; no rounding, ever.

use std::str::FromStr as _;

use bigdecimal::BigDecimal;

/// A sum, with PostgreSQL's rules for what is not finite: NaN wins and equals itself, infinities of both signs make NaN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// A number.
    Finite(BigDecimal),
    /// `Infinity`
    Infinity,
    /// `-Infinity`
    NegInfinity,
    /// `NaN`
    NaN,
}

impl Amount {
    /// Nothing added up.
    pub fn zero() -> Self {
        Self::Finite(BigDecimal::default())
    }

    /// Reads what PostgreSQL prints for a `numeric`; `None` when it is no number.
    pub fn read(text: &str) -> Option<Self> {
        Some(match text {
            "NaN" => Self::NaN,
            "Infinity" => Self::Infinity,
            "-Infinity" => Self::NegInfinity,
            number => Self::Finite(BigDecimal::from_str(number).ok()?),
        })
    }

    /// Adds another.
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => Self::Finite(a + b),
            (Self::NaN, _) | (_, Self::NaN) | (Self::Infinity, Self::NegInfinity) | (Self::NegInfinity, Self::Infinity) => Self::NaN,
            (Self::Infinity, _) | (_, Self::Infinity) => Self::Infinity,
            (Self::NegInfinity, _) | (_, Self::NegInfinity) => Self::NegInfinity,
        }
    }

    /// Digits behind the point.
    pub fn scale(&self) -> i64 {
        match self {
            Self::Finite(value) => value.as_bigint_and_exponent().1.max(0),
            Self::Infinity | Self::NegInfinity | Self::NaN => 0,
        }
    }

    /// In full, with at least `scale` digits behind the point.
    pub fn text(&self, scale: i64) -> String {
        match self {
            Self::Finite(value) => value.with_scale(scale.max(self.scale())).to_plain_string(),
            Self::Infinity => "Infinity".to_owned(),
            Self::NegInfinity => "-Infinity".to_owned(),
            Self::NaN => "NaN".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Amount {
        Amount::read(text).expect("a number")
    }

    #[test]
    fn no_digit_is_lost_and_scale_does_not_matter() {
        assert_eq!(read("0.10").plus(read("0.2")), read("0.3"));
        assert_eq!(
            read("100000000000000000000000000000000000000.01").plus(read("0.00000000000000000001")).text(0),
            "100000000000000000000000000000000000000.01000000000000000001"
        );
        assert_eq!(read("1.5").text(2), "1.50");
        assert_eq!(Amount::zero().text(2), "0.00");
        assert_eq!(read("-0.25").text(0), "-0.25");
        assert!(Amount::read("a lot").is_none());
    }

    #[test]
    fn what_is_not_finite_follows_postgresql() {
        assert_eq!(read("NaN").plus(read("1")), Amount::NaN);
        assert_eq!(read("Infinity").plus(read("-Infinity")), Amount::NaN);
        assert_eq!(read("Infinity").plus(read("1")), Amount::Infinity);
        assert_eq!(Amount::NaN, Amount::NaN);
    }
}
