//! Arithmetic of whole numbers and of `numeric`. Boundary: exact, with PostgreSQL's rules of result scale (`numeric.c`), its
//! NaN and its infinities; text forms are `cast.rs`'s.

use std::cmp::Ordering;

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, Sign};
use rust_decimal::Decimal;

use super::context::{EvalError, Evaluated};
use super::registry::{Builtin, Ty, int_of, mismatch};
use crate::row::{Numeric, Value};

const N: Ty = Ty::Numeric;
const FLOAT: &str = "PostgreSQL computes this in double precision, which is not exact: cast the argument to numeric";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("abs", &[Ty::Int2], Ty::Int2, int_abs, "without its sign").fails(),
    Builtin::new("abs", &[Ty::Int4], Ty::Int4, int_abs, "without its sign").fails(),
    Builtin::new("abs", &[Ty::Int8], Ty::Int8, int_abs, "without its sign").fails(),
    Builtin::new("abs", &[N], N, |a| numeric1(a, abs), "without its sign"),
    Builtin::refuse("abs", &[Ty::Float8], Ty::Float8, FLOAT),
    Builtin::new("round", &[N], N, |a| rounded(a, Rounding::Half), "rounded half away from zero"),
    Builtin::new("round", &[N, Ty::Int4], N, |a| rounded(a, Rounding::Half), "rounded half away from zero to n digits").fails(),
    Builtin::refuse("round", &[Ty::Float8], Ty::Float8, FLOAT),
    Builtin::new("trunc", &[N], N, |a| rounded(a, Rounding::Zero), "without its fraction"),
    Builtin::new("trunc", &[N, Ty::Int4], N, |a| rounded(a, Rounding::Zero), "cut to n digits").fails(),
    Builtin::refuse("trunc", &[Ty::Float8], Ty::Float8, FLOAT),
    Builtin::new("ceil", &[N], N, |a| rounded(a, Rounding::Up), "the least whole number not below it"),
    Builtin::refuse("ceil", &[Ty::Float8], Ty::Float8, FLOAT),
    Builtin::new("ceiling", &[N], N, |a| rounded(a, Rounding::Up), "the least whole number not below it"),
    Builtin::refuse("ceiling", &[Ty::Float8], Ty::Float8, FLOAT),
    Builtin::new("floor", &[N], N, |a| rounded(a, Rounding::Down), "the greatest whole number not above it"),
    Builtin::refuse("floor", &[Ty::Float8], Ty::Float8, FLOAT),
    Builtin::new("sign", &[N], N, |a| numeric1(a, signum), "-1, 0 or 1"),
    Builtin::refuse("sign", &[Ty::Float8], Ty::Float8, FLOAT),
    Builtin::new("mod", &[Ty::Int2, Ty::Int2], Ty::Int2, int_rem, "the remainder, with the sign of the first").fails(),
    Builtin::new("mod", &[Ty::Int4, Ty::Int4], Ty::Int4, int_rem, "the remainder, with the sign of the first").fails(),
    Builtin::new("mod", &[Ty::Int8, Ty::Int8], Ty::Int8, int_rem, "the remainder, with the sign of the first").fails(),
    Builtin::new("mod", &[N, N], N, |a| numeric2(a, remainder), "the remainder, with the sign of the first").fails(),
];

/// The operators `+ - * / %` and the signs. The mixed widths are PostgreSQL's own (`int24pl` and its kin): they decide the result's width.
pub(super) const OPERATORS: &[Builtin] = &[
    op("+", &[Ty::Int2, Ty::Int2], Ty::Int2, int_add),
    op("+", &[Ty::Int2, Ty::Int4], Ty::Int4, int_add),
    op("+", &[Ty::Int4, Ty::Int2], Ty::Int4, int_add),
    op("+", &[Ty::Int4, Ty::Int4], Ty::Int4, int_add),
    op("+", &[Ty::Int2, Ty::Int8], Ty::Int8, int_add),
    op("+", &[Ty::Int8, Ty::Int2], Ty::Int8, int_add),
    op("+", &[Ty::Int4, Ty::Int8], Ty::Int8, int_add),
    op("+", &[Ty::Int8, Ty::Int4], Ty::Int8, int_add),
    op("+", &[Ty::Int8, Ty::Int8], Ty::Int8, int_add),
    op("+", &[N, N], N, |a| numeric2(a, add)),
    Builtin::refuse("+", &[Ty::Float8, Ty::Float8], Ty::Float8, FLOAT),
    op("-", &[Ty::Int2, Ty::Int2], Ty::Int2, int_sub),
    op("-", &[Ty::Int2, Ty::Int4], Ty::Int4, int_sub),
    op("-", &[Ty::Int4, Ty::Int2], Ty::Int4, int_sub),
    op("-", &[Ty::Int4, Ty::Int4], Ty::Int4, int_sub),
    op("-", &[Ty::Int2, Ty::Int8], Ty::Int8, int_sub),
    op("-", &[Ty::Int8, Ty::Int2], Ty::Int8, int_sub),
    op("-", &[Ty::Int4, Ty::Int8], Ty::Int8, int_sub),
    op("-", &[Ty::Int8, Ty::Int4], Ty::Int8, int_sub),
    op("-", &[Ty::Int8, Ty::Int8], Ty::Int8, int_sub),
    op("-", &[N, N], N, |a| numeric2(a, |x, y| add(x, &negate(y)))),
    Builtin::refuse("-", &[Ty::Float8, Ty::Float8], Ty::Float8, FLOAT),
    op("*", &[Ty::Int2, Ty::Int2], Ty::Int2, int_mul),
    op("*", &[Ty::Int2, Ty::Int4], Ty::Int4, int_mul),
    op("*", &[Ty::Int4, Ty::Int2], Ty::Int4, int_mul),
    op("*", &[Ty::Int4, Ty::Int4], Ty::Int4, int_mul),
    op("*", &[Ty::Int2, Ty::Int8], Ty::Int8, int_mul),
    op("*", &[Ty::Int8, Ty::Int2], Ty::Int8, int_mul),
    op("*", &[Ty::Int4, Ty::Int8], Ty::Int8, int_mul),
    op("*", &[Ty::Int8, Ty::Int4], Ty::Int8, int_mul),
    op("*", &[Ty::Int8, Ty::Int8], Ty::Int8, int_mul),
    op("*", &[N, N], N, |a| numeric2(a, multiply)),
    Builtin::refuse("*", &[Ty::Float8, Ty::Float8], Ty::Float8, FLOAT),
    op("/", &[Ty::Int2, Ty::Int2], Ty::Int2, int_div),
    op("/", &[Ty::Int2, Ty::Int4], Ty::Int4, int_div),
    op("/", &[Ty::Int4, Ty::Int2], Ty::Int4, int_div),
    op("/", &[Ty::Int4, Ty::Int4], Ty::Int4, int_div),
    op("/", &[Ty::Int2, Ty::Int8], Ty::Int8, int_div),
    op("/", &[Ty::Int8, Ty::Int2], Ty::Int8, int_div),
    op("/", &[Ty::Int4, Ty::Int8], Ty::Int8, int_div),
    op("/", &[Ty::Int8, Ty::Int4], Ty::Int8, int_div),
    op("/", &[Ty::Int8, Ty::Int8], Ty::Int8, int_div),
    op("/", &[N, N], N, |a| numeric2(a, divide)),
    Builtin::refuse("/", &[Ty::Float8, Ty::Float8], Ty::Float8, FLOAT),
    op("%", &[Ty::Int2, Ty::Int2], Ty::Int2, int_rem),
    op("%", &[Ty::Int4, Ty::Int4], Ty::Int4, int_rem),
    op("%", &[Ty::Int8, Ty::Int8], Ty::Int8, int_rem),
    op("%", &[N, N], N, |a| numeric2(a, remainder)),
    op("-", &[Ty::Int2], Ty::Int2, int_neg),
    op("-", &[Ty::Int4], Ty::Int4, int_neg),
    op("-", &[Ty::Int8], Ty::Int8, int_neg),
    Builtin::new("-", &[N], N, |a| numeric1(a, negate), ""),
    Builtin::refuse("-", &[Ty::Float8], Ty::Float8, FLOAT),
];

const fn op(name: &'static str, args: &'static [Ty], result: Ty, run: super::registry::Run) -> Builtin {
    Builtin::new(name, args, result, run, "").fails()
}

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
fn division_by_zero() -> EvalError {
    EvalError::sql("22012", "division by zero")
}

/// A whole number in the wider of two widths.
fn sized<'r>(n: Option<i128>, like: (&Value<'r>, Option<&Value<'r>>)) -> Evaluated<'r> {
    let width = |v: &Value<'r>| match v {
        Value::Int2(_) => Ok(2),
        Value::Int4(_) => Ok(4),
        Value::Int8(_) => Ok(8),
        _ => Err(mismatch()),
    };
    let n = n.ok_or_else(out_of_range)?;
    let width = width(like.0)?.max(like.1.map_or(Ok(0), width)?);
    match width {
        2 => i16::try_from(n).map(Value::Int2),
        4 => i32::try_from(n).map(Value::Int4),
        _ => i64::try_from(n).map(Value::Int8),
    }
    .map_err(|_| out_of_range())
}

fn int2<'r>(args: &mut [Value<'r>], f: fn(i128, i128) -> Option<i128>) -> Evaluated<'r> {
    let n = f(i128::from(int_of(&args[0])?), i128::from(int_of(&args[1])?));
    sized(n, (&args[0], Some(&args[1])))
}

fn int_add<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    int2(args, i128::checked_add)
}

fn int_sub<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    int2(args, i128::checked_sub)
}

fn int_mul<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    int2(args, i128::checked_mul)
}

fn int_div<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if int_of(&args[1])? == 0 {
        return Err(division_by_zero());
    }
    int2(args, i128::checked_div)
}

fn int_rem<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if int_of(&args[1])? == 0 {
        return Err(division_by_zero());
    }
    int2(args, i128::checked_rem)
}

fn int_neg<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let n = i128::from(int_of(&args[0])?);
    sized(Some(-n), (&args[0], None))
}

fn int_abs<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let n = i128::from(int_of(&args[0])?);
    sized(Some(n.abs()), (&args[0], None))
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

pub(super) fn multiply(left: &Numeric, right: &Numeric) -> Result<Numeric, EvalError> {
    if let (Some((l, ls)), Some((r, rs))) = (parts(left), parts(right))
        && let Some(product) = l.checked_mul(r)
    {
        return Ok(small(product, ls + rs));
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

/// `numeric_in`: the text form of a `numeric`.
pub(super) fn parse(text: &str) -> Result<Numeric, EvalError> {
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
            // As `strtol` reads it: behind spaces. An exponent of this size is an overflow whatever stands behind it.
            let text = text.trim_start_matches(is_space);
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
            let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() == unsigned.len() {
                return Err(invalid());
            }
            let exponent = text[..text.len() - rest.len()].parse().unwrap_or(i64::MAX);
            if exponent.unsigned_abs() >= u64::from(u32::MAX / 4) {
                return Err(out_of_range());
            }
            if !rest.is_empty() {
                return Err(invalid());
            }
            exponent
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
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
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
    fn text_forms() {
        for (text, canonical) in
            [("1e3", "1000"), ("1.50", "1.50"), ("1.50e1", "15.0"), (" -.5 ", "-0.5"), ("1e-3", "0.001"), ("-0", "0"), ("+inf", "Infinity")]
        {
            assert_eq!(n(text).to_string(), canonical, "{text}");
        }
        for text in ["", ".", "1e", "1 2", "0x10", "1_000", "--1", "-nan", "1e400000x"] {
            assert!(matches!(parse(text), Err(EvalError::Sql { sqlstate: "22P02", .. })), "{text}");
        }
        for text in ["1e131073", "1e999999999999", "1e999999999999x"] {
            assert!(matches!(parse(text), Err(EvalError::Sql { sqlstate: "22003", .. })), "{text}");
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
