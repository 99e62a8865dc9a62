//! Numbers with a chosen count of digits, for roots, logarithms and powers. Boundary: the operations of `numeric.c` that take a
//! result scale; which scale is chosen is `power`'s.
//!
//! Every operation rounds half away from zero at the scale that it is given, as PostgreSQL's own do, so that a computation in the
//! same steps ends in the same digits.

use std::cmp::Ordering;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, Sign};

use crate::row::Numeric;

/// A number: `digits × 10^-scale`. The scale may be negative, for digits that were rounded away in front of the point.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    pub digits: BigInt,
    pub scale: i64,
}

/// A number in groups of four digits, as PostgreSQL stores it.
#[derive(Debug)]
pub(super) struct Groups {
    /// The place of the first group: 0 for the one in front of the point.
    pub weight: i64,
    /// Without zero groups at either end.
    pub groups: Vec<u16>,
}

/// `10^n`
pub(super) fn power_of_ten(n: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(n).unwrap_or(0))
}

/// The quotient, rounded half away from zero.
pub(super) fn divide_rounding(left: &BigInt, right: &BigInt) -> BigInt {
    let (quotient, rest) = (left / right, left % right);
    if rest.magnitude() * 2_u32 < *right.magnitude() {
        return quotient;
    }
    quotient + if (left.sign() == Sign::Minus) == (right.sign() == Sign::Minus) { 1 } else { -1 }
}

impl Fixed {
    pub fn new(digits: impl Into<BigInt>, scale: i64) -> Self {
        Self { digits: digits.into(), scale }
    }

    /// A finite value.
    pub fn of(value: &Numeric) -> Self {
        let (digits, scale) = super::big(value).into_bigint_and_exponent();
        Self { digits, scale }
    }

    pub fn into_decimal(self) -> BigDecimal {
        BigDecimal::new(self.digits, self.scale)
    }

    pub fn is_zero(&self) -> bool {
        self.digits.sign() == Sign::NoSign
    }

    pub fn sign(&self) -> Sign {
        self.digits.sign()
    }

    fn digits_at(&self, scale: i64) -> BigInt {
        match scale - self.scale {
            0 => self.digits.clone(),
            up @ 1.. => &self.digits * power_of_ten(up),
            down => divide_rounding(&self.digits, &power_of_ten(-down)),
        }
    }

    /// Rounded to a scale.
    pub fn rounded(&self, scale: i64) -> Self {
        Self { digits: self.digits_at(scale), scale }
    }

    pub fn plus(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self { digits: self.digits_at(scale) + other.digits_at(scale), scale }
    }

    pub fn minus(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self { digits: self.digits_at(scale) - other.digits_at(scale), scale }
    }

    /// The product (`mul_var`): groups of digits that lie more than two groups behind the last one wanted are not computed, nor what
    /// they would carry.
    pub fn times(&self, other: &Self, scale: i64) -> Self {
        let behind = |digits: i64| (digits.max(0) + 3) / 4;
        let kept = 4 * (behind(scale) + 2);
        let exact = Self { digits: &self.digits * &other.digits, scale: self.scale + other.scale };
        if behind(self.scale) + behind(other.scale) <= behind(scale) + 2 || exact.scale <= kept || exact.is_zero() {
            return exact.rounded(scale);
        }
        // What is left out makes a difference only just above the point where the rounding turns.
        let turn = BigInt::from(5) * power_of_ten(exact.scale - scale - 1);
        let above = BigInt::from(exact.digits.magnitude() % power_of_ten(exact.scale - scale).magnitude()) - turn;
        let groups = self.digits.bits().min(other.digits.bits()) / 13 + 2;
        if above.sign() == Sign::Minus || above > BigInt::from(groups * 10_002) * power_of_ten(exact.scale - kept) {
            return exact.rounded(scale);
        }
        self.truncated(other, scale)
    }

    /// The product, as far as it is computed.
    fn truncated(&self, other: &Self, scale: i64) -> Self {
        let behind = (scale.max(0) + 3) / 4;
        let (left, right) = (self.groups(), other.groups());
        let weight = left.weight + right.weight + 2;
        let all = left.groups.len() + right.groups.len() + 1;
        let count = usize::try_from(weight + 1 + behind + 2).unwrap_or(0).min(all);
        if count < 3 {
            return Self { digits: BigInt::from(0), scale };
        }
        let mut sums = vec![0_u64; count];
        for (at, digit) in left.groups.iter().enumerate().take(count - 2) {
            for (sum, by) in sums[at + 2..].iter_mut().zip(&right.groups) {
                *sum += u64::from(*digit) * u64::from(*by);
            }
        }
        let mut carry = 0;
        let mut text = vec![0; count];
        for (group, sum) in text.iter_mut().zip(&sums).rev() {
            carry += sum;
            *group = carry % 10_000;
            carry /= 10_000;
        }
        let pairs: Vec<u8> =
            text.into_iter().flat_map(|group| [group / 100, group % 100]).map(|pair| u8::try_from(pair).unwrap_or(0)).collect();
        let digits = BigInt::from_radix_be(Sign::Plus, &pairs, 100).unwrap_or_default();
        let digits = if (self.digits.sign() == Sign::Minus) == (other.digits.sign() == Sign::Minus) { digits } else { -digits };
        let has = 4 * (i64::try_from(count).unwrap_or(0) - 1 - weight);
        let exact = if has < 0 { Self { digits: digits * power_of_ten(-has), scale: 0 } } else { Self { digits, scale: has } };
        exact.rounded(scale)
    }

    /// The quotient. The divisor is not zero.
    pub fn over(&self, other: &Self, scale: i64) -> Self {
        // self / other = digits / digits × 10^(other.scale - self.scale), wanted times 10^scale.
        let shift = scale + other.scale - self.scale;
        let digits = if shift >= 0 {
            divide_rounding(&(&self.digits * power_of_ten(shift)), &other.digits)
        } else {
            divide_rounding(&self.digits, &(&other.digits * power_of_ten(-shift)))
        };
        Self { digits, scale }
    }

    /// The square root of a number that is not negative.
    pub fn root(&self, scale: i64) -> Self {
        // One digit more than is wanted, and the rest cut off: that digit decides how it is rounded.
        let shift = 2 * (scale + 1) - self.scale;
        let square = if shift >= 0 { &self.digits * power_of_ten(shift) } else { &self.digits / power_of_ten(-shift) };
        Self { digits: square.sqrt(), scale: scale + 1 }.rounded(scale)
    }

    pub fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.digits_at(scale).cmp(&other.digits_at(scale))
    }

    pub fn groups(&self) -> Groups {
        if self.is_zero() {
            return Groups { weight: 0, groups: Vec::new() };
        }
        let mut text = self.digits.magnitude().to_str_radix(10);
        // A whole number of groups on both sides of the point.
        let behind = (4 - self.scale.rem_euclid(4)) % 4;
        text.extend(std::iter::repeat_n('0', usize::try_from(behind).unwrap_or(0)));
        // By hand: a width in a format goes to 65,535.
        text.insert_str(0, &"000"[..text.len().next_multiple_of(4) - text.len()]);
        let mut groups: Vec<u16> = text.as_bytes().chunks(4).map(|c| c.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'))).collect();
        let weight = i64::try_from(groups.len()).unwrap_or(0) - 1 - (self.scale + behind) / 4;
        while groups.last() == Some(&0) {
            groups.pop();
        }
        Groups { weight, groups }
    }

    /// The place of the first group of four digits.
    pub fn weight(&self) -> i64 {
        if self.is_zero() {
            return 0;
        }
        let count = i64::try_from(self.digits.magnitude().to_str_radix(10).len()).unwrap_or(0);
        (count - 1 - self.scale).div_euclid(4)
    }

    /// The nearest `double precision`, infinite beyond its range.
    pub fn to_double(&self) -> f64 {
        format!("{}e{}", self.digits, -self.scale).parse().unwrap_or(f64::NAN)
    }
}
