//! Functions of `numeric` that are made of others. Boundary: no series (`power.rs`).

use std::cmp::Ordering;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, BigUint, Sign};

use super::series::{Fixed, power_of_ten};
use super::{abs, checked, compare, divide, division_by_zero, numeric_of, out_of_range, round, sign};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::registry::{int_of, mismatch};
use crate::row::{Numeric, Value};

/// The greatest argument of `factorial` whose result the format can hold.
const MAX_FACTORIAL: i64 = 32_177;

/// Both values as whole numbers at their common scale.
fn aligned(left: &Numeric, right: &Numeric) -> (BigInt, BigInt, i64) {
    let scale = i64::from(left.scale().max(right.scale()));
    (Fixed::of(left).rounded(scale).digits, Fixed::of(right).rounded(scale).digits, scale)
}

fn common_divisor(left: &BigInt, right: &BigInt) -> BigUint {
    let (mut a, mut b) = (left.magnitude().clone(), right.magnitude().clone());
    let zero = BigUint::default();
    while b != zero {
        let rest = &a % &b;
        a = std::mem::replace(&mut b, rest);
    }
    a
}

pub(super) fn gcd(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if !left.is_finite() || !right.is_finite() {
        return Ok(Numeric::NaN);
    }
    let (l, r, scale) = aligned(left, right);
    checked(BigDecimal::new(common_divisor(&l, &r).into(), scale))
}

pub(super) fn lcm(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if !left.is_finite() || !right.is_finite() {
        return Ok(Numeric::NaN);
    }
    let (l, r, scale) = aligned(left, right);
    let divisor = common_divisor(&l, &r);
    let multiple =
        if l.sign() == Sign::NoSign || r.sign() == Sign::NoSign { BigUint::default() } else { l.magnitude() / divisor * r.magnitude() };
    checked(BigDecimal::new(multiple.into(), scale))
}

/// `div`: towards zero.
pub(super) fn quotient(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if !left.is_finite() || !right.is_finite() {
        return divide(left, right);
    }
    if sign(right).is_eq() {
        return Err(division_by_zero());
    }
    let (l, r, _) = aligned(left, right);
    checked(BigDecimal::new(l / r, 0))
}

pub(super) fn factorial<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let n = int_of(&args[0])?;
    if n < 0 {
        return Err(EvalError::sql("22003", "factorial of a negative number is undefined"));
    }
    if n > MAX_FACTORIAL {
        return Err(out_of_range());
    }
    let product = product(1, n.unsigned_abs());
    checked(BigDecimal::new(product.into(), 0)).map(Value::Numeric)
}

/// The product of a range, halved again and again so that factors of like size are multiplied.
fn product(low: u64, high: u64) -> BigUint {
    if high < low + 16 {
        return (low..=high).map(BigUint::from).product();
    }
    let middle = low.midpoint(high);
    product(low, middle) * product(middle + 1, high)
}

pub(super) fn scale<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let value = numeric_of(&args[0])?;
    Ok(if value.is_finite() { Value::Int4(i32::try_from(value.scale()).unwrap_or(i32::MAX)) } else { Value::Null })
}

/// The value without zeros at the end of its fraction.
fn trimmed(value: &Numeric) -> (BigInt, i64) {
    let Fixed { mut digits, mut scale } = Fixed::of(value);
    if digits.sign() == Sign::NoSign {
        return (digits, 0);
    }
    // Many zeros at once first: a fraction can have thousands of them.
    for step in [4096, 256, 16, 1] {
        let power = power_of_ten(step);
        while scale >= step && (&digits % &power).sign() == Sign::NoSign {
            digits /= &power;
            scale -= step;
        }
    }
    (digits, scale)
}

pub(super) fn min_scale<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let value = numeric_of(&args[0])?;
    Ok(if value.is_finite() { Value::Int4(i32::try_from(trimmed(value).1).unwrap_or(i32::MAX)) } else { Value::Null })
}

pub(super) fn trim_scale<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let value = numeric_of(&args[0])?;
    if !value.is_finite() {
        return Ok(Value::Numeric(value.clone()));
    }
    let (digits, scale) = trimmed(value);
    checked(BigDecimal::new(digits, scale)).map(Value::Numeric)
}

#[cold]
fn bad_bucket(message: &'static str) -> EvalError {
    EvalError::sql("2201G", message)
}

pub(super) fn width_bucket<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let [operand, low, high, count] = args else { return Err(mismatch()) };
    let count = int_of(count)?;
    if count <= 0 {
        return Err(bad_bucket("count must be greater than zero"));
    }
    let (operand, low, high) = (numeric_of(operand)?, numeric_of(low)?, numeric_of(high)?);
    if [operand, low, high].into_iter().any(|n| matches!(n, Numeric::NaN)) {
        return Err(bad_bucket("operand, lower bound, and upper bound cannot be NaN"));
    }
    if !low.is_finite() || !high.is_finite() {
        return Err(bad_bucket("lower and upper bounds must be finite"));
    }
    let (below, beyond) = match compare(low, high) {
        Ordering::Equal => return Err(bad_bucket("lower bound cannot equal upper bound")),
        Ordering::Less => (compare(operand, low).is_lt(), compare(operand, high).is_ge()),
        Ordering::Greater => (compare(operand, low).is_gt(), compare(operand, high).is_le()),
    };
    let bucket = if below {
        0
    } else if beyond {
        count + 1
    } else {
        // The distance from the lower bound in widths of a bucket.
        let distance = |n: &Numeric| Fixed::of(n).minus(&Fixed::of(low));
        let part = abs(&checked((distance(operand).into_decimal() * BigDecimal::from(count)).abs())?);
        let whole = abs(&checked(distance(high).into_decimal().abs())?);
        // The quotient is rounded before it is cut: what is next to the upper bound can fall behind it, in PostgreSQL 15.
        let quotient = round(&divide(&part, &whole)?, 0, super::Rounding::Down)?;
        super::to_int(&quotient)? + 1
    };
    i32::try_from(bucket).map(Value::Int4).map_err(|_| out_of_range())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_factorial_fits() {
        let mut args = [Value::Int8(MAX_FACTORIAL)];
        assert!(factorial(&mut args).is_ok());
        args = [Value::Int8(MAX_FACTORIAL + 1)];
        assert!(factorial(&mut args).is_err());
        args = [Value::Int8(5)];
        assert_eq!(factorial(&mut args), Ok(Value::Numeric(super::super::from_int(120))));
    }
}
