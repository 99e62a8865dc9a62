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
    let quotient = left / right;
    let rest = left - &quotient * right;
    if rest.magnitude() * 2_u32 < *right.magnitude() {
        return quotient;
    }
    quotient + if (left.sign() == Sign::Minus) == (right.sign() == Sign::Minus) { 1 } else { -1 }
}

/// What a product lacks: the products of groups whose places, counted from the first ones, add up to `first` or more.
struct Missing {
    left: Groups,
    right: Groups,
    first: i64,
    /// That of the product of both, each with a whole number of groups behind its point.
    scale: i64,
}

impl Missing {
    /// Of a product that is computed to two groups more than stand behind the point.
    fn of(left: &Fixed, right: &Fixed, behind: i64) -> Self {
        let padded = |number: &Fixed| number.scale + (4 - number.scale.rem_euclid(4)) % 4;
        let scale = padded(left) + padded(right);
        let (left, right) = (left.groups(), right.groups());
        Self { first: left.weight + right.weight + behind + 3, left, right, scale }
    }

    /// The products of groups whose places add up to this.
    fn column(&self, place: i64) -> u64 {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let from = place.saturating_sub(self.right.groups.len() - 1);
        let left = self.left.groups.get(from..).unwrap_or_default();
        let right = self.right.groups.get(..=place - from).unwrap_or_default();
        left.iter().zip(right.iter().rev()).map(|(l, r)| u64::from(*l) * u64::from(*r)).sum()
    }

    /// How many units `rest` is off without the products: zero or less. Column after column is added up, until those that remain, each
    /// worth a ten-thousandth of the one before, make no difference.
    fn steps(&self, rest: &BigInt, unit: &BigInt) -> BigInt {
        let down = |missing: &BigInt| {
            let left = rest - missing;
            if left.sign() == Sign::Minus { -((unit - left - BigInt::from(1)) / unit) } else { left / unit }
        };
        let weight = self.left.weight + self.right.weight;
        let last = i64::try_from(self.left.groups.len() + self.right.groups.len()).unwrap_or(i64::MAX) - 2;
        let most = BigInt::from(self.left.groups.len().min(self.right.groups.len())) * 100_000_000_u32;
        let mut missing = BigInt::from(0);
        for place in self.first..=last {
            let power = power_of_ten(4 * (weight - place) + self.scale);
            let steps = down(&missing);
            if steps == down(&(&missing + &most * &power)) {
                return steps;
            }
            missing += self.column(place) * power;
        }
        down(&missing)
    }
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

    /// Without the digits that no product with a number below 1, at this scale, looks at.
    pub fn cut(&self, scale: i64) -> Self {
        let kept = 4 * ((scale.max(0) + 3) / 4 + 2);
        if self.scale <= kept {
            return self.clone();
        }
        Self { digits: &self.digits / power_of_ten(self.scale - kept), scale: kept }
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
    /// they would carry. Of thousands of groups that is as much as the last digit.
    pub fn times(&self, other: &Self, scale: i64) -> Self {
        let behind = |digits: i64| (digits.max(0) + 3) / 4;
        let kept = 4 * (behind(scale) + 2);
        let exact = Self { digits: &self.digits * &other.digits, scale: self.scale + other.scale };
        if behind(self.scale) + behind(other.scale) <= behind(scale) + 2 || exact.scale <= kept || exact.is_zero() {
            return exact.rounded(scale);
        }
        let unit = power_of_ten(exact.scale - scale);
        let whole = BigInt::from(exact.digits.magnitude() + (&unit / BigInt::from(2)).magnitude());
        let mut magnitude = &whole / &unit;
        let rest = whole - &magnitude * &unit;
        let groups = self.digits.bits().min(other.digits.bits()) / 13 + 2;
        if rest < BigInt::from(groups * 10_002) * power_of_ten(exact.scale - kept) {
            // What is left out may be more than what stands above the point where the rounding turns.
            let missing = Missing::of(self, other, behind(scale));
            let padding = power_of_ten(missing.scale - exact.scale);
            magnitude += missing.steps(&(rest * &padding), &(unit * padding));
        }
        Self { digits: if exact.digits.sign() == Sign::Minus { -magnitude } else { magnitude }, scale }
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
        (self.length() - 1 - self.scale).div_euclid(4)
    }

    /// How many decimal digits it has, wherever its point is. From the first bits; where these leave it open, by comparison.
    fn length(&self) -> i64 {
        let magnitude = self.digits.magnitude();
        let behind = magnitude.bits().saturating_sub(64);
        #[allow(clippy::cast_precision_loss, reason = "the error is looked at")]
        let estimate =
            u64::try_from(magnitude >> behind).map_or(0.0, |first| (first as f64).log10()) + behind as f64 * std::f64::consts::LOG10_2;
        #[allow(clippy::cast_possible_truncation, reason = "some hundred thousand at most")]
        let nearest = estimate.round() as i64;
        #[allow(clippy::cast_precision_loss, reason = "some hundred thousand at most")]
        let open = (estimate - nearest as f64).abs() < 1e-6;
        #[allow(clippy::cast_possible_truncation, reason = "some hundred thousand at most")]
        let below = if open { nearest - i64::from(magnitude < power_of_ten(nearest).magnitude()) } else { estimate.floor() as i64 };
        below + 1
    }

    /// The nearest `double precision`, infinite beyond its range.
    pub fn to_double(&self) -> f64 {
        format!("{}e{}", self.digits, -self.scale).parse().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_at_powers_of_ten() {
        for n in (1..60).chain([999, 1000, 16_383, 131_071]) {
            for (digits, length) in [(power_of_ten(n) - 1, n), (power_of_ten(n), n + 1), (power_of_ten(n) + 1, n + 1)] {
                assert_eq!(Fixed::new(digits, 0).length(), length, "near 10^{n}");
            }
        }
        assert_eq!(Fixed::new(7, 0).length(), 1);
    }
}
