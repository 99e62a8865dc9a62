//! Arithmetic of whole numbers and of `numeric`. Boundary: exact, with PostgreSQL's rules of result scale (`numeric.c`), its
//! NaN and its infinities; `real` and `double precision` are `float`'s.

mod integer;
mod more;
mod power;
mod series;
mod table;
mod text;

use std::cmp::Ordering;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, Sign};
use rust_decimal::Decimal;

use super::context::{EvalError, Evaluated};
use super::registry::{int_of, mismatch};
use crate::row::{Numeric, Value};

pub(super) use table::{FUNCTIONS, OPERATORS};
pub(super) use text::{is_space, parse};

/// How far `round` and `trunc` follow a negative second argument: beyond every digit that a value can have.
const MIN_ROUND_SCALE: i64 = -131_073;
/// `NUMERIC_MAX_DISPLAY_SCALE`: how far a division goes.
const MAX_DIVISION_SCALE: i64 = 1000;
/// `NUMERIC_MIN_SIG_DIGITS`: how many significant digits a division gives at least.
const MIN_DIVISION_DIGITS: i64 = 16;
/// `NUMERIC_DSCALE_MAX`
const MAX_SCALE: i64 = 0x3FFF;
/// Digits in front of the point: a weight of 16 bits in groups of four.
const MAX_INTEGER_DIGITS: u64 = 131_072;

#[cold]
pub(super) fn out_of_range() -> EvalError {
    EvalError::sql("22003", "number out of range")
}

#[cold]
pub(super) fn division_by_zero() -> EvalError {
    EvalError::sql("22012", "division by zero")
}

/// A `numeric` argument.
pub(super) fn numeric_of<'v>(value: &'v Value<'_>) -> Result<&'v Numeric, EvalError> {
    match value {
        Value::Numeric(n) => Ok(n),
        _ => Err(mismatch()),
    }
}

fn numeric1<'r>(args: &mut [Value<'r>], f: fn(&Numeric) -> Numeric) -> Evaluated<'r> {
    Ok(Value::Numeric(f(numeric_of(&args[0])?)))
}

fn numeric2<'r>(args: &mut [Value<'r>], f: fn(&Numeric, &Numeric) -> Result<Numeric, EvalError>) -> Evaluated<'r> {
    Ok(Value::Numeric(f(numeric_of(&args[0])?, numeric_of(&args[1])?)?))
}

/// Mantissa and scale of a value that a `Decimal` holds.
fn parts(value: &Numeric) -> Option<(i128, u32)> {
    match value {
        Numeric::Small(value) => Some((value.mantissa(), value.scale())),
        _ => None,
    }
}

fn small(mantissa: i128, scale: u32) -> Numeric {
    match Decimal::try_from_i128_with_scale(mantissa, scale) {
        Ok(value) => Numeric::Small(value),
        Err(_) => Numeric::from_big(BigDecimal::new(BigInt::from(mantissa), i64::from(scale))),
    }
}

/// A computed value, within the limits of the format.
fn checked(value: BigDecimal) -> Result<Numeric, EvalError> {
    let value = Numeric::from_big(value);
    if matches!(value, Numeric::Big(_)) && (value.integer_digits() > MAX_INTEGER_DIGITS || i64::from(value.scale()) > MAX_SCALE) {
        return Err(out_of_range());
    }
    Ok(value)
}

fn sign(value: &Numeric) -> Ordering {
    match value {
        Numeric::Small(value) => value.mantissa().cmp(&0),
        Numeric::Big(value) => match value.sign() {
            Sign::Minus => Ordering::Less,
            Sign::NoSign => Ordering::Equal,
            Sign::Plus => Ordering::Greater,
        },
        Numeric::NaN | Numeric::Infinity => Ordering::Greater,
        Numeric::NegInfinity => Ordering::Less,
    }
}

fn infinity(positive: bool) -> Numeric {
    if positive { Numeric::Infinity } else { Numeric::NegInfinity }
}

/// PostgreSQL's order: NaN is equal to itself and greater than everything else.
pub(super) fn compare(left: &Numeric, right: &Numeric) -> Ordering {
    let rank = |n: &Numeric| match n {
        Numeric::NegInfinity => 0,
        Numeric::Small(_) | Numeric::Big(_) => 1,
        Numeric::Infinity => 2,
        Numeric::NaN => 3,
    };
    match (left, right) {
        (Numeric::Small(l), Numeric::Small(r)) => l.cmp(r),
        _ => rank(left).cmp(&rank(right)).then_with(|| match (left.to_big(), right.to_big()) {
            (Some(l), Some(r)) => l.cmp(&r),
            _ => Ordering::Equal,
        }),
    }
}

pub(super) fn add(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if let (Some((l, ls)), Some((r, rs))) = (parts(left), parts(right)) {
        let scale = ls.max(rs);
        let align = |m: i128, s: u32| m.checked_mul(10_i128.checked_pow(scale - s)?);
        if let Some(sum) = align(l, ls).zip(align(r, rs)).and_then(|(l, r)| l.checked_add(r)) {
            return Ok(small(sum, scale));
        }
    }
    match (left, right) {
        (Numeric::NaN, _) | (_, Numeric::NaN) | (Numeric::Infinity, Numeric::NegInfinity) | (Numeric::NegInfinity, Numeric::Infinity) => {
            Ok(Numeric::NaN)
        }
        (Numeric::Infinity | Numeric::NegInfinity, _) => Ok(left.clone()),
        (_, Numeric::Infinity | Numeric::NegInfinity) => Ok(right.clone()),
        _ => {
            let scale = i64::from(left.scale().max(right.scale()));
            checked((big(left) + big(right)).with_scale(scale))
        }
    }
}

/// A finite value.
fn big(value: &Numeric) -> BigDecimal {
    value.to_big().unwrap_or_default()
}

pub(super) fn negate(value: &Numeric) -> Numeric {
    match value {
        Numeric::Small(value) => Numeric::Small(-*value),
        Numeric::Big(value) => Numeric::Big(Box::new(-(**value).clone())),
        Numeric::NaN => Numeric::NaN,
        Numeric::Infinity => Numeric::NegInfinity,
        Numeric::NegInfinity => Numeric::Infinity,
    }
}

fn abs(value: &Numeric) -> Numeric {
    if sign(value) == Ordering::Less { negate(value) } else { value.clone() }
}

fn signum(value: &Numeric) -> Numeric {
    if matches!(value, Numeric::NaN) {
        return Numeric::NaN;
    }
    small(sign(value) as i128, 0)
}

fn subtract(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    add(left, &negate(right))
}

pub(super) fn multiply(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if let (Some((l, ls)), Some((r, rs))) = (parts(left), parts(right)) {
        // Of two halves the product always fits; finding out for the whole costs more than the product.
        let product = match (i64::try_from(l), i64::try_from(r)) {
            (Ok(l), Ok(r)) => Some(i128::from(l) * i128::from(r)),
            _ => l.checked_mul(r),
        };
        if let Some(product) = product {
            return Ok(small(product, ls + rs));
        }
    }
    if matches!(left, Numeric::NaN) || matches!(right, Numeric::NaN) {
        return Ok(Numeric::NaN);
    }
    if !left.is_finite() || !right.is_finite() {
        let (l, r) = (sign(left), sign(right));
        return Ok(if l.is_eq() || r.is_eq() { Numeric::NaN } else { infinity(l == r) });
    }
    let product = big(left) * big(right);
    let scale = i64::from(left.scale()) + i64::from(right.scale());
    checked(if scale > MAX_SCALE { round_big(&product, MAX_SCALE, Rounding::Half) } else { product.with_scale(scale) })
}

pub(super) fn divide(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if matches!(left, Numeric::NaN) || matches!(right, Numeric::NaN) {
        return Ok(Numeric::NaN);
    }
    if !left.is_finite() {
        return match (right.is_finite(), sign(right)) {
            (false, _) => Ok(Numeric::NaN),
            (true, Ordering::Equal) => Err(division_by_zero()),
            (true, right) => Ok(infinity(right == sign(left))),
        };
    }
    if !right.is_finite() {
        return Ok(small(0, 0));
    }
    if sign(right).is_eq() {
        return Err(division_by_zero());
    }
    let scale = division_scale(left, right);
    let (ls, rs) = (i64::from(left.scale()), i64::from(right.scale()));
    // left / right = l / r × 10^(rs - ls); the quotient is wanted times 10^scale.
    let shift = scale + rs - ls;
    // Fewer digits than the left side has behind its point: the right side grows instead.
    let (shift, back) = (u32::try_from(shift).unwrap_or(0), u32::try_from(-shift).unwrap_or(0));
    if let (Some((l, _)), Some((r, _))) = (parts(left), parts(right))
        && back == 0
        && let Some(l) = 10_i128.checked_pow(shift).and_then(|power| l.checked_mul(power))
    {
        let (quotient, rest) = (l / r, l % r);
        // Half away from zero; a rest is below r, so doubling a rest of 28 digits stays within 38.
        let away = rest.unsigned_abs() * 2 >= r.unsigned_abs();
        let step = if (l < 0) == (r < 0) { 1 } else { -1 };
        return Ok(small(quotient + if away { step } else { 0 }, u32::try_from(scale).unwrap_or(0)));
    }
    let l = big(left).as_bigint_and_exponent().0 * BigInt::from(10).pow(shift);
    let r = big(right).as_bigint_and_exponent().0 * BigInt::from(10).pow(back);
    let (quotient, rest) = (&l / &r, &l % &r);
    let away = rest.magnitude() * 2_u32 >= *r.magnitude();
    let step = if (l.sign() == Sign::Minus) == (r.sign() == Sign::Minus) { 1 } else { -1 };
    checked(BigDecimal::new(quotient + if away { step } else { 0 }, scale))
}

/// `select_div_scale` of `numeric.c`: at least 16 significant digits, and no fewer decimals than either operand shows.
fn division_scale(left: &Numeric, right: &Numeric) -> i64 {
    let ((lw, ld), (rw, rd)) = (leading(left), leading(right));
    let weight = lw - rw - i64::from(ld <= rd);
    let scale = MIN_DIVISION_DIGITS - weight * 4;
    scale.max(i64::from(left.scale())).max(i64::from(right.scale())).clamp(0, MAX_DIVISION_SCALE)
}

/// Weight and value of the first digit to base 10,000; (0, 0) for zero.
fn leading(value: &Numeric) -> (i64, u32) {
    let digits = match value {
        Numeric::Small(value) => value.mantissa().unsigned_abs().to_string(),
        Numeric::Big(value) => value.as_bigint_and_exponent().0.magnitude().to_str_radix(10),
        _ => return (0, 0),
    };
    if digits == "0" {
        return (0, 0);
    }
    let top = i64::try_from(digits.len()).unwrap_or(0) - 1 - i64::from(value.scale());
    let taken = usize::try_from(top.rem_euclid(4) + 1).unwrap_or(1);
    let first = digits.bytes().chain(std::iter::repeat(b'0')).take(taken).fold(0, |n, d| n * 10 + u32::from(d - b'0'));
    (top.div_euclid(4), first)
}

fn remainder(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if matches!(left, Numeric::NaN) || matches!(right, Numeric::NaN) {
        return Ok(Numeric::NaN);
    }
    if !left.is_finite() {
        return if right.is_finite() && sign(right).is_eq() { Err(division_by_zero()) } else { Ok(Numeric::NaN) };
    }
    if !right.is_finite() {
        return Ok(left.clone());
    }
    if sign(right).is_eq() {
        return Err(division_by_zero());
    }
    let scale = left.scale().max(right.scale());
    let align = |value: &Numeric| big(value).with_scale(i64::from(scale)).as_bigint_and_exponent().0;
    checked(BigDecimal::new(align(left) % align(right), i64::from(scale)))
}

/// Where the digits that go are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    Half,
    Zero,
    Up,
    Down,
}

fn rounded<'r>(args: &mut [Value<'r>], rounding: Rounding) -> Evaluated<'r> {
    let scale = args.get(1).map_or(Ok(0), int_of)?;
    round(numeric_of(&args[0])?, scale, rounding).map(Value::Numeric)
}

/// The value with `scale` digits behind the point, negative for digits in front of it that become zeros.
pub(super) fn round(value: &Numeric, scale: i64, rounding: Rounding) -> Result<Numeric, EvalError> {
    if !value.is_finite() {
        return Ok(value.clone());
    }
    let scale = scale.clamp(MIN_ROUND_SCALE, MAX_SCALE);
    if let Some((mantissa, has)) = parts(value) {
        let has = i64::from(has);
        let drop = u32::try_from(has - scale).ok();
        if let Some(power) = drop.and_then(|n| 10_i128.checked_pow(n)) {
            let kept = divide_rounding(mantissa, power, rounding);
            if scale >= 0 {
                return Ok(small(kept, u32::try_from(scale).unwrap_or(0)));
            }
            if let Some(whole) = u32::try_from(-scale).ok().and_then(|n| 10_i128.checked_pow(n)).and_then(|p| kept.checked_mul(p)) {
                return Ok(small(whole, 0));
            }
        }
    }
    checked(round_big(&big(value), scale, rounding))
}

fn divide_rounding(mantissa: i128, power: i128, rounding: Rounding) -> i128 {
    let (kept, rest) = (mantissa / power, mantissa % power);
    kept + match rounding {
        Rounding::Half if rest.abs() * 2 >= power && rest != 0 => rest.signum(),
        Rounding::Up if rest > 0 => 1,
        Rounding::Down if rest < 0 => -1,
        _ => 0,
    }
}

fn round_big(value: &BigDecimal, scale: i64, rounding: Rounding) -> BigDecimal {
    let mode = match rounding {
        Rounding::Half => bigdecimal::RoundingMode::HalfUp,
        Rounding::Zero => bigdecimal::RoundingMode::Down,
        Rounding::Up => bigdecimal::RoundingMode::Ceiling,
        Rounding::Down => bigdecimal::RoundingMode::Floor,
    };
    value.with_scale_round(scale, mode).with_scale(scale.max(0))
}

/// `numeric(precision, scale)`: rounded to the scale; more digits in front of the point than the rest of the precision is an error.
pub(super) fn constrain(value: &Numeric, precision: i64, scale: i64) -> Result<Numeric, EvalError> {
    let value = match value {
        Numeric::NaN => return Ok(Numeric::NaN),
        // PostgreSQL: an infinity does not fit any precision.
        Numeric::Infinity | Numeric::NegInfinity => return Err(EvalError::sql("22003", "numeric field overflow")),
        finite => round(finite, scale, Rounding::Half)?,
    };
    let room = precision - scale;
    let fits = if room >= 0 {
        value.integer_digits() <= room.unsigned_abs()
    } else {
        // Fewer digits than the scale: the first ones behind the point must be zeros.
        let limit = BigDecimal::new(BigInt::from(1), -room);
        big(&value).abs() < limit
    };
    if fits { Ok(value) } else { Err(EvalError::sql("22003", "numeric field overflow")) }
}

/// A whole number as `numeric`.
pub(super) fn from_int(n: i64) -> Numeric {
    Numeric::Small(Decimal::from(n))
}

/// The nearest whole number, half away from zero.
pub(super) fn to_int(value: &Numeric) -> Result<i64, EvalError> {
    if !value.is_finite() {
        return Err(EvalError::sql("0A000", "NaN and infinity are no whole numbers"));
    }
    if value.integer_digits() > 19 {
        return Err(out_of_range());
    }
    match round(value, 0, Rounding::Half)? {
        Numeric::Small(value) => i64::try_from(value.mantissa()).map_err(|_| out_of_range()),
        _ => Err(out_of_range()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Numeric {
        parse(text).unwrap()
    }

    #[test]
    fn division_has_the_scale_of_postgresql() {
        // select a / b
        for (a, b, quotient) in [
            ("1", "3", "0.33333333333333333333"),
            ("10", "3", "3.3333333333333333"),
            ("10000", "3", "3333.3333333333333333"),
            ("1.00", "8", "0.12500000000000000000"),
            ("2", "-3", "-0.66666666666666666667"),
            ("1e-30", "7", "0.000000000000000000000000000000142857142857142857"),
        ] {
            assert_eq!(divide(&n(a), &n(b)).unwrap().to_string(), quotient, "{a} / {b}");
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (text, scale, rounded) in
            [("0.5", 0, "1"), ("-0.5", 0, "-1"), ("2.345", 2, "2.35"), ("1250", -2, "1300"), ("1", 3, "1.000"), ("4", -1, "0")]
        {
            assert_eq!(round(&n(text), scale, Rounding::Half).unwrap().to_string(), rounded, "round({text}, {scale})");
        }
    }
}
