//! Arithmetic and functions. Boundary: what PostgreSQL's `float.c` takes for an overflow, an underflow or a bad argument.

use super::{compare, float_of};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::numeric::{division_by_zero, out_of_range};
use crate::expr::registry::{int_of, mismatch};
use crate::row::Value;

/// `RADIANS_PER_DEGREE`
const RADIANS_PER_DEGREE: f64 = 0.017_453_292_519_943_295;

pub(super) type Real = Result<f64, EvalError>;

/// A function of one `double precision`.
pub(super) fn one<'r>(args: &mut [Value<'r>], f: impl Fn(f64) -> Real) -> Evaluated<'r> {
    f(float_of(&args[0])?).map(Value::Float8)
}

/// A function of two.
pub(super) fn two<'r>(args: &mut [Value<'r>], f: impl Fn(f64, f64) -> Real) -> Evaluated<'r> {
    f(float_of(&args[0])?, float_of(&args[1])?).map(Value::Float8)
}

/// An operator of two numbers, in the width of the wider one.
macro_rules! arithmetic {
    ($name:ident, $op:tt, $unless:expr) => {
        pub(super) fn $name<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
            if let (Value::Float4(l), Value::Float4(r)) = (&args[0], &args[1]) {
                let result = l $op r;
                return check(f64::from(*l), f64::from(*r), f64::from(result), $unless).map(|()| Value::Float4(result));
            }
            let (l, r) = (float_of(&args[0])?, float_of(&args[1])?);
            let result = l $op r;
            check(l, r, result, $unless).map(|()| Value::Float8(result))
        }
    };
}

/// Whether a result that is zero is one that lost all its digits.
type Underflow = fn(f64, f64) -> bool;

fn check(left: f64, right: f64, result: f64, underflow: Underflow) -> Result<(), EvalError> {
    if (result.is_infinite() && !left.is_infinite() && !right.is_infinite()) || (result == 0.0 && underflow(left, right)) {
        return Err(out_of_range());
    }
    Ok(())
}

arithmetic!(add, +, |_, _| false);
arithmetic!(subtract, -, |_, _| false);
arithmetic!(multiply, *, |l, r| l != 0.0 && r != 0.0);
arithmetic!(quotient, /, |l, r| l != 0.0 && !r.is_infinite());

pub(super) fn divide<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if float_of(&args[1])? == 0.0 && !float_of(&args[0])?.is_nan() {
        return Err(division_by_zero());
    }
    quotient(args)
}

/// A function that stays within its width.
pub(super) fn same<'r>(args: &mut [Value<'r>], f: fn(f64) -> f64) -> Evaluated<'r> {
    #[allow(clippy::cast_possible_truncation, reason = "a sign changes nothing about the digits")]
    Ok(match &args[0] {
        Value::Float4(x) => Value::Float4(f(f64::from(*x)) as f32),
        Value::Float8(x) => Value::Float8(f(*x)),
        _ => return Err(mismatch()),
    })
}

/// The result, unless it is infinite or zero where the argument gives no cause.
fn within(result: f64, infinite: bool, zero: bool) -> Real {
    if (result.is_infinite() && !infinite) || (result == 0.0 && !zero) { Err(out_of_range()) } else { Ok(result) }
}

#[allow(clippy::unnecessary_wraps, reason = "all functions have one signature")]
pub(super) fn sign(x: f64) -> Real {
    Ok(if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    })
}

pub(super) fn sqrt(x: f64) -> Real {
    if x < 0.0 {
        return Err(EvalError::sql("2201F", "cannot take square root of a negative number"));
    }
    within(x.sqrt(), x.is_infinite(), x == 0.0)
}

pub(super) fn exp(x: f64) -> Real {
    within(x.exp(), x.is_infinite(), x.is_infinite())
}

#[allow(clippy::float_cmp, reason = "PostgreSQL's own comparisons")]
fn logarithm(x: f64, f: fn(f64) -> f64) -> Real {
    if x == 0.0 {
        return Err(EvalError::sql("2201E", "cannot take logarithm of zero"));
    }
    if x < 0.0 {
        return Err(EvalError::sql("2201E", "cannot take logarithm of a negative number"));
    }
    within(f(x), x.is_infinite(), x == 1.0)
}

pub(super) fn ln(x: f64) -> Real {
    logarithm(x, f64::ln)
}

pub(super) fn log10(x: f64) -> Real {
    logarithm(x, f64::log10)
}

#[allow(clippy::float_cmp, reason = "PostgreSQL's own comparisons")]
pub(super) fn power(x: f64, y: f64) -> Real {
    if x.is_nan() || y.is_nan() {
        return Ok(if (x.is_nan() && y == 0.0) || x == 1.0 { 1.0 } else { f64::NAN });
    }
    if x == 0.0 && y < 0.0 {
        return Err(EvalError::sql("2201F", "zero raised to a negative power is undefined"));
    }
    if x < 0.0 && y.floor() != y {
        return Err(EvalError::sql("2201F", "a negative number raised to a non-integer power yields a complex result"));
    }
    let infinite = x.is_infinite() || y.is_infinite();
    within(x.powf(y), infinite, x == 0.0 || infinite)
}

/// A function that has no value at the infinities.
pub(super) fn trigonometric(x: f64, f: fn(f64) -> f64) -> Real {
    if x.is_infinite() { Err(out_of_range()) } else { Ok(f(x)) }
}

/// A function with values for -1 to 1 alone.
pub(super) fn inverse(x: f64, f: fn(f64) -> f64) -> Real {
    if x.is_nan() || (-1.0..=1.0).contains(&x) { Ok(f(x)) } else { Err(out_of_range()) }
}

pub(super) fn degrees(x: f64) -> Real {
    within(x / RADIANS_PER_DEGREE, x.is_infinite(), x == 0.0)
}

pub(super) fn radians(x: f64) -> Real {
    within(x * RADIANS_PER_DEGREE, x.is_infinite(), x == 0.0)
}

pub(super) fn width_bucket<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let bad = |message| Err(EvalError::sql("2201G", message));
    let (x, low, high, count) = (float_of(&args[0])?, float_of(&args[1])?, float_of(&args[2])?, int_of(&args[3])?);
    if count <= 0 {
        return bad("count must be greater than zero");
    }
    if x.is_nan() || low.is_nan() || high.is_nan() {
        return bad("operand, lower bound, and upper bound cannot be NaN");
    }
    if low.is_infinite() || high.is_infinite() {
        return bad("lower and upper bounds must be finite");
    }
    let (below, beyond) = match compare(low, high) {
        std::cmp::Ordering::Equal => return bad("lower bound cannot equal upper bound"),
        std::cmp::Ordering::Less => (x < low, x >= high),
        std::cmp::Ordering::Greater => (x > low, x <= high),
    };
    let bucket = if below {
        0
    } else if beyond {
        count + 1
    } else {
        #[allow(clippy::cast_precision_loss, reason = "a count of 32 bits")]
        let bucket = count as f64 * (x - low) / (high - low) + 1.0;
        // PostgreSQL gives what the processor makes of it.
        if bucket.is_nan() || bucket >= 2_147_483_648.0 {
            return Err(EvalError::sql("0A000", "out of the range of the computation"));
        }
        #[allow(clippy::cast_possible_truncation, reason = "checked before")]
        let bucket = bucket as i64;
        bucket
    };
    i32::try_from(bucket).map(Value::Int4).map_err(|_| out_of_range())
}
