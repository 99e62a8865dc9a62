//! Arithmetic and bits of whole numbers. Boundary: the result has the wider of the two widths, and what does not fit it is an error.

use super::{division_by_zero, out_of_range};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::registry::{int_of, mismatch};
use crate::row::Value;

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

pub(super) fn int_add<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    int2(args, i128::checked_add)
}

pub(super) fn int_sub<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    int2(args, i128::checked_sub)
}

pub(super) fn int_mul<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    int2(args, i128::checked_mul)
}

pub(super) fn int_div<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if int_of(&args[1])? == 0 {
        return Err(division_by_zero());
    }
    int2(args, i128::checked_div)
}

pub(super) fn int_rem<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if int_of(&args[1])? == 0 {
        return Err(division_by_zero());
    }
    int2(args, i128::checked_rem)
}

pub(super) fn int_neg<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let n = i128::from(int_of(&args[0])?);
    sized(Some(-n), (&args[0], None))
}

pub(super) fn int_abs<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let n = i128::from(int_of(&args[0])?);
    sized(Some(n.abs()), (&args[0], None))
}

#[allow(clippy::unnecessary_wraps, reason = "all functions have one signature")]
pub(super) fn int_plus<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    Ok(std::mem::replace(&mut args[0], Value::Null))
}

fn bits<'r>(args: &mut [Value<'r>], f: fn(i64, i64) -> i64) -> Evaluated<'r> {
    let n = f(int_of(&args[0])?, int_of(&args[1])?);
    sized(Some(i128::from(n)), (&args[0], Some(&args[1])))
}

pub(super) fn int_and<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    bits(args, |l, r| l & r)
}

pub(super) fn int_or<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    bits(args, |l, r| l | r)
}

pub(super) fn int_xor<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    bits(args, |l, r| l ^ r)
}

pub(super) fn int_not<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let n = !i128::from(int_of(&args[0])?);
    sized(Some(n), (&args[0], None))
}

/// `<<`: the processor counts the places modulo the width of its registers, 32 bits for `smallint`, and so does PostgreSQL.
pub(super) fn int_left<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let places = places(&args[1])?;
    Ok(match args[0] {
        Value::Int2(n) => Value::Int2(low_half(i32::from(n).wrapping_shl(places))),
        Value::Int4(n) => Value::Int4(n.wrapping_shl(places)),
        Value::Int8(n) => Value::Int8(n.wrapping_shl(places)),
        _ => return Err(mismatch()),
    })
}

/// `>>`, which keeps the sign.
pub(super) fn int_right<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let places = places(&args[1])?;
    Ok(match args[0] {
        Value::Int2(n) => Value::Int2(low_half(i32::from(n).wrapping_shr(places))),
        Value::Int4(n) => Value::Int4(n.wrapping_shr(places)),
        Value::Int8(n) => Value::Int8(n.wrapping_shr(places)),
        _ => return Err(mismatch()),
    })
}

fn places(value: &Value<'_>) -> Result<u32, EvalError> {
    // A count modulo 64 at most: the low bits decide, whatever the sign.
    Ok(u32::try_from(int_of(value)? & 63).unwrap_or(0))
}

#[allow(clippy::cast_possible_truncation, reason = "the upper half is what the shift pushed out")]
fn low_half(n: i32) -> i16 {
    n as i16
}

fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

pub(super) fn int_gcd<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let divisor = common_divisor(int_of(&args[0])?.unsigned_abs(), int_of(&args[1])?.unsigned_abs());
    sized(Some(i128::from(divisor)), (&args[0], Some(&args[1])))
}

pub(super) fn int_lcm<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (a, b) = (int_of(&args[0])?, int_of(&args[1])?);
    let divisor = i128::from(common_divisor(a.unsigned_abs(), b.unsigned_abs()));
    let multiple = if a == 0 || b == 0 { 0 } else { i128::from(a) / divisor * i128::from(b) };
    sized(Some(multiple.abs()), (&args[0], Some(&args[1])))
}
