//! Roots, logarithms and powers of `numeric`. Boundary: the scales that `numeric.c` chooses for the result and for every step on
//! the way, so that all digits are PostgreSQL's, the uncertain last ones of a logarithm included.

#![allow(clippy::approx_constant, reason = "the constants of `numeric.c`, no more exact than they are there")]

use std::cmp::Ordering;

use bigdecimal::num_bigint::{BigInt, Sign};

use super::series::Fixed;
use super::{MAX_DIVISION_SCALE, MIN_DIVISION_DIGITS, checked, compare, division_by_zero, from_int, numeric_of, sign, small};
use crate::expr::context::{EvalError, Evaluated};
use crate::row::{Numeric, Value};

/// `NUMERIC_MAX_RESULT_SCALE`: `exp` of three times as much is beyond the format.
const MAX_RESULT_SCALE: f64 = 2000.0;
/// `NUMERIC_WEIGHT_MAX`
const MAX_WEIGHT: i64 = 32_767;
const LOG10_OF_E: f64 = 0.434_294_481_903_252;
const LOG10_OF_2: f64 = 0.301_029_995_663_981;

#[cold]
fn overflow() -> EvalError {
    EvalError::sql("22003", "value overflows numeric format")
}

#[cold]
fn bad_logarithm(zero: bool) -> EvalError {
    let message = if zero { "cannot take logarithm of zero" } else { "cannot take logarithm of a negative number" };
    EvalError::sql("2201E", message)
}

#[cold]
fn bad_power(message: &'static str) -> EvalError {
    EvalError::sql("2201F", message)
}

/// A function of one argument.
pub(super) fn one<'r>(args: &mut [Value<'r>], f: fn(&Numeric) -> Result<Numeric, EvalError>) -> Evaluated<'r> {
    f(numeric_of(&args[0])?).map(Value::Numeric)
}

/// The digits of an estimate, cut as a cast to an integer cuts them.
#[allow(clippy::cast_possible_truncation, reason = "estimates are far within the range, and the cast saturates")]
fn cut(estimate: f64) -> i64 {
    estimate as i64
}

/// At least 16 significant digits, no fewer decimals than an operand shows, and no more than a `numeric` shows.
fn display_scale(decimals: i64, operands: &[&Numeric]) -> i64 {
    let least = operands.iter().map(|n| i64::from(n.scale())).fold(decimals, i64::max);
    least.clamp(0, MAX_DIVISION_SCALE)
}

pub(super) fn sqrt(value: &Numeric) -> Result<Numeric, EvalError> {
    if sign(value).is_lt() {
        return Err(bad_power("cannot take square root of a negative number"));
    }
    if !value.is_finite() {
        return Ok(value.clone());
    }
    let number = Fixed::of(value);
    // Half the digits in front of the point; groups of four, and a division that cuts, as in `numeric_sqrt`.
    let digits = (number.weight() + 1) * 4 / 2 - 1;
    let scale = display_scale(MIN_DIVISION_DIGITS - digits, &[value]);
    checked(number.root(scale).into_decimal())
}

pub(super) fn exp(value: &Numeric) -> Result<Numeric, EvalError> {
    match value {
        Numeric::NegInfinity => return Ok(small(0, 0)),
        Numeric::NaN | Numeric::Infinity => return Ok(value.clone()),
        _ => {}
    }
    let number = Fixed::of(value);
    let digits = (number.to_double() * LOG10_OF_E).clamp(-MAX_RESULT_SCALE, MAX_RESULT_SCALE);
    let scale = display_scale(MIN_DIVISION_DIGITS - cut(digits), &[value]);
    checked(exponential(&number, scale)?.into_decimal())
}

pub(super) fn ln(value: &Numeric) -> Result<Numeric, EvalError> {
    match value {
        Numeric::NegInfinity => return Err(bad_logarithm(false)),
        Numeric::NaN | Numeric::Infinity => return Ok(value.clone()),
        _ => {}
    }
    let number = Fixed::of(value);
    let scale = display_scale(MIN_DIVISION_DIGITS - logarithm_digits(&number), &[value]);
    checked(logarithm(&number, scale)?.into_decimal())
}

pub(super) fn log10(value: &Numeric) -> Result<Numeric, EvalError> {
    log(&from_int(10), value)
}

pub(super) fn log(base: &Numeric, value: &Numeric) -> Result<Numeric, EvalError> {
    if !base.is_finite() || !value.is_finite() {
        if matches!(base, Numeric::NaN) || matches!(value, Numeric::NaN) {
            return Ok(Numeric::NaN);
        }
        let (b, v) = (sign(base), sign(value));
        return match (b, v) {
            (Ordering::Less, _) | (_, Ordering::Less) => Err(bad_logarithm(false)),
            (Ordering::Equal, _) | (_, Ordering::Equal) => Err(bad_logarithm(true)),
            _ if base.is_finite() => Ok(Numeric::Infinity),
            _ if value.is_finite() => Ok(small(0, 0)),
            _ => Ok(Numeric::NaN),
        };
    }
    let (b, v) = (Fixed::of(base), Fixed::of(value));
    let (b_digits, v_digits) = (logarithm_digits(&b), logarithm_digits(&v));
    let digits = v_digits - b_digits;
    let scale = display_scale(MIN_DIVISION_DIGITS - digits, &[base, value]);
    let b = logarithm(&b, (scale + digits - b_digits + 8).max(0))?;
    let v = logarithm(&v, (scale + digits - v_digits + 8).max(0))?;
    if b.is_zero() {
        return Err(division_by_zero());
    }
    checked(v.over(&b, scale).into_decimal())
}

pub(super) fn power(base: &Numeric, exponent: &Numeric) -> Result<Numeric, EvalError> {
    if !base.is_finite() || !exponent.is_finite() {
        return special_power(base, exponent);
    }
    if sign(base).is_eq() && sign(exponent).is_lt() {
        return Err(bad_power("zero raised to a negative power is undefined"));
    }
    let whole = whole(exponent);
    if let Some(n) = whole.as_ref().and_then(|n| i32::try_from(n).ok()) {
        let scale = display_scale(MIN_DIVISION_DIGITS, &[base]);
        return checked(whole_power(&Fixed::of(base), n, scale)?.into_decimal());
    }
    if sign(base).is_eq() {
        return Ok(small(0, 16));
    }
    let negative = sign(base).is_lt();
    if negative && whole.is_none() {
        return Err(bad_power("a negative number raised to a non-integer power yields a complex result"));
    }
    let odd = whole.is_some_and(|n| n.bit(0));
    let mut b = Fixed::of(base);
    b.digits = BigInt::from(b.digits.magnitude().clone());
    let e = Fixed::of(exponent);
    let b_digits = logarithm_digits(&b);
    // A first estimate, to know how many digits the result has in front of the point.
    let rough = (8 - b_digits).max(0);
    let estimate = logarithm(&b, rough)?.times(&e, rough).to_double();
    if estimate.abs() > MAX_RESULT_SCALE * 3.01 {
        return if estimate > 0.0 { Err(overflow()) } else { checked(Fixed::new(0, MAX_DIVISION_SCALE).into_decimal()) };
    }
    let digits = cut(estimate * LOG10_OF_E);
    let scale = display_scale(MIN_DIVISION_DIGITS - digits, &[base, exponent]);
    let significant = (scale + digits).max(0);
    let local = (significant - b_digits + 8).max(0);
    let product = logarithm(&b, local)?.times(&e, local);
    let mut result = exponential(&product, scale)?;
    if negative && odd {
        result.digits = -result.digits;
    }
    checked(result.into_decimal())
}

/// The value of a finite number without fraction.
fn whole(value: &Numeric) -> Option<BigInt> {
    let Fixed { digits, scale } = Fixed::of(value);
    let power = super::series::power_of_ten(scale);
    (&digits % &power == BigInt::from(0)).then(|| digits / power)
}

/// As `pow` of the C library: what an operand that is not finite gives.
fn special_power(base: &Numeric, exponent: &Numeric) -> Result<Numeric, EvalError> {
    let one = from_int(1);
    let is_one = base.is_finite() && compare(base, &one).is_eq();
    let (b, e) = (sign(base), sign(exponent));
    match (base, exponent) {
        (Numeric::NaN, _) => return Ok(if exponent.is_finite() && e.is_eq() { one } else { Numeric::NaN }),
        (_, Numeric::NaN) => return Ok(if is_one { one } else { Numeric::NaN }),
        _ => {}
    }
    if b.is_eq() && e.is_lt() {
        return Err(bad_power("zero raised to a negative power is undefined"));
    }
    // An infinity counts as a whole number.
    let whole = if exponent.is_finite() { whole(exponent) } else { Some(BigInt::from(0)) };
    if b.is_lt() && whole.is_none() {
        return Err(bad_power("a negative number raised to a non-integer power yields a complex result"));
    }
    if is_one || e.is_eq() {
        return Ok(one);
    }
    if b.is_eq() {
        return Ok(small(0, 0));
    }
    if !exponent.is_finite() {
        let size = if base.is_finite() { compare(&super::abs(base), &one) } else { Ordering::Greater };
        return Ok(match size {
            Ordering::Equal => one,
            size if size.is_gt() == e.is_gt() => Numeric::Infinity,
            _ => small(0, 0),
        });
    }
    Ok(match base {
        _ if e.is_lt() => small(0, 0),
        Numeric::NegInfinity if whole.is_some_and(|n| n.bit(0)) => Numeric::NegInfinity,
        _ => Numeric::Infinity,
    })
}

/// `power_var_int`: squarings, each with as many digits as the result will need.
fn whole_power(base: &Fixed, exponent: i32, scale: i64) -> Result<Fixed, EvalError> {
    let one = Fixed::new(1, 0);
    match exponent {
        0 => return Ok(one.rounded(scale)),
        1 => return Ok(base.rounded(scale)),
        -1 => return Ok(one.over(base, scale)),
        2 => return Ok(base.times(base, scale)),
        _ => {}
    }
    if base.is_zero() {
        return Ok(Fixed::new(0, scale));
    }
    let groups = base.groups();
    let (mut first, mut place) = (0.0, (groups.weight + 1) * 4);
    for group in groups.groups.iter().take(4) {
        first = first * 10_000.0 + f64::from(*group);
        place -= 4;
    }
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let digits = f64::from(exponent) * (f64::log10(first) + place as f64);
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let (limit, smallest) = ((3 * MAX_WEIGHT * 4) as f64, -(scale.min(MAX_DIVISION_SCALE) as f64));
    if digits > limit {
        return Err(overflow());
    }
    if digits + 1.0 < smallest {
        return Ok(Fixed::new(0, scale));
    }
    let significant = 1 + scale + cut(digits) + cut(f64::from(exponent).abs().ln()) + 8;
    let mut bits = exponent.unsigned_abs();
    let mut square = base.clone();
    let mut result = if bits & 1 == 1 { base.clone() } else { one.clone() };
    bits >>= 1;
    while bits > 0 {
        let local = (significant - 2 * square.weight() * 4).min(2 * square.scale).max(0);
        square = square.times(&square, local);
        if bits & 1 == 1 {
            let local = (significant - (square.weight() + result.weight()) * 4).min(square.scale + result.scale).max(0);
            result = square.times(&result, local);
        }
        if square.weight() > MAX_WEIGHT || result.weight() > MAX_WEIGHT {
            return if exponent > 0 { Err(overflow()) } else { Ok(Fixed::new(0, scale)) };
        }
        bits >>= 1;
    }
    if exponent > 0 {
        return Ok(result.rounded(scale));
    }
    if result.is_zero() { Err(division_by_zero()) } else { Ok(one.over(&result, scale)) }
}

/// `exp_var`: the Taylor series, after halving the argument until it is small.
fn exponential(argument: &Fixed, scale: i64) -> Result<Fixed, EvalError> {
    let mut estimate = argument.to_double();
    if estimate.abs() >= MAX_RESULT_SCALE * 3.0 {
        return if estimate > 0.0 { Err(overflow()) } else { Ok(Fixed::new(0, scale)) };
    }
    let digits = cut(estimate * LOG10_OF_E);
    let mut halvings = 0_u32;
    while estimate.abs() > 0.01 {
        halvings += 1;
        estimate /= 2.0;
    }
    let x = match halvings {
        0 => argument.clone(),
        n => argument.over(&Fixed::new(BigInt::from(1) << n, 0), argument.scale + i64::from(n)),
    };
    let significant = (1 + digits + scale + cut(f64::from(halvings) * LOG10_OF_2)).max(0) + 8;
    let local = significant - 1;
    // Of an argument with thousands of digits, no product looks farther than this: its first group, like that of every term, stands
    // behind the point.
    let factor = x.cut(local);
    let mut rest = Fixed::new(0, local);
    let mut term = factor.times(&factor, local).over(&Fixed::new(2, 0), local);
    let mut n = 2_u32;
    while !term.is_zero() {
        rest = rest.plus(&term);
        n += 1;
        term = term.times(&factor, local).over(&Fixed::new(n, 0), local);
    }
    let mut result = Fixed::new(1, 0).plus(&x).plus(&rest);
    for _ in 0..halvings {
        let local = (significant - result.weight() * 2 * 4).max(0);
        result = result.times(&result, local);
    }
    Ok(result.rounded(scale))
}

/// `ln_var`: the series of the inverse hyperbolic tangent, after taking roots until the argument is close to 1.
fn logarithm(argument: &Fixed, scale: i64) -> Result<Fixed, EvalError> {
    match argument.sign() {
        Sign::NoSign => return Err(bad_logarithm(true)),
        Sign::Minus => return Err(bad_logarithm(false)),
        Sign::Plus => {}
    }
    let (low, high, one) = (Fixed::new(9, 1), Fixed::new(11, 1), Fixed::new(1, 0));
    let mut x = argument.clone();
    let mut roots = 0_u32;
    while x.cmp(&low).is_le() || x.cmp(&high).is_ge() {
        x = x.root(scale - x.weight() * 4 / 2 + 8);
        roots += 1;
    }
    let local = scale + cut(f64::from(roots + 1) * LOG10_OF_2) + 8;
    let mut result = x.minus(&one).over(&x.plus(&one), local);
    let mut odd_power = result.clone();
    let square = result.times(&result, local);
    let mut n = 1_u32;
    loop {
        n += 2;
        odd_power = odd_power.times(&square, local);
        let term = odd_power.over(&Fixed::new(n, 0), local);
        if term.is_zero() {
            break;
        }
        result = result.plus(&term);
    }
    Ok(result.times(&Fixed::new(BigInt::from(1) << (roots + 1), 0), scale))
}

/// `estimate_ln_dweight`: the place of the first digit of the natural logarithm; 0 where there is none.
fn logarithm_digits(value: &Fixed) -> i64 {
    if value.sign() != Sign::Plus {
        return 0;
    }
    if value.cmp(&Fixed::new(9, 1)).is_ge() && value.cmp(&Fixed::new(11, 1)).is_le() {
        let near = value.minus(&Fixed::new(1, 0)).groups();
        return near.groups.first().map_or(0, |first| near.weight * 4 + i64::from(first.ilog10()));
    }
    let groups = value.groups();
    let (mut digits, mut place) = (0.0, (groups.weight + 1) * 4);
    for group in groups.groups.iter().take(2) {
        digits = digits * 10_000.0 + f64::from(*group);
        place -= 4;
    }
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let logarithm = f64::ln(digits) + place as f64 * 2.302_585_092_994_046;
    cut(logarithm.abs().log10())
}
