//! `real` and `double precision`: IEEE arithmetic and PostgreSQL's text forms. Boundary: exact numbers are `numeric`.
//!
//! `sin`, `exp`, `power` and their like are the C library's, as they are the server's: two servers with different C libraries
//! can differ in the last digit, and so can the tool and a server. Refused are those that PostgreSQL or Rust compute on their own:
//! the functions of degrees, the inverse hyperbolic ones and the cube root.

#![allow(clippy::needless_pass_by_value, reason = "all casts have one signature")]

mod math;
mod table;
mod text;

use super::context::{EvalError, Evaluated};
use super::numeric::{self, out_of_range};
use super::registry::{int_of, mismatch, text_of};
use crate::row::{Numeric, Value};

pub(super) use table::{FUNCTIONS, OPERATORS};
pub(super) use text::{print4, print8};

/// A value of either type; every `real` is a `double precision`.
pub(super) fn float_of(value: &Value<'_>) -> Result<f64, EvalError> {
    match value {
        Value::Float8(x) => Ok(*x),
        Value::Float4(x) => Ok(f64::from(*x)),
        _ => Err(mismatch()),
    }
}

/// The order of `btree`: NaN is equal to itself and greater than everything else, and the two zeros are equal.
pub(super) fn compare(left: f64, right: f64) -> std::cmp::Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// `float8in`
pub(super) fn parse8(mut value: Value<'_>) -> Evaluated<'_> {
    text::parse(&text_of(&mut value)?).map(Value::Float8)
}

/// `float4in`
pub(super) fn parse4(mut value: Value<'_>) -> Evaluated<'_> {
    text::parse(&text_of(&mut value)?).map(Value::Float4)
}

/// The cast to text of either type.
pub(super) fn output(value: Value<'_>) -> Evaluated<'_> {
    match value {
        Value::Float8(x) => Ok(Value::Text(print8(x).into())),
        Value::Float4(x) => Ok(Value::Text(print4(x).into())),
        _ => Err(mismatch()),
    }
}

/// The cast of any number to `double precision`.
pub(super) fn to_float8(value: Value<'_>) -> Evaluated<'_> {
    Ok(Value::Float8(match &value {
        Value::Numeric(Numeric::NaN) => f64::NAN,
        Value::Numeric(Numeric::Infinity) => f64::INFINITY,
        Value::Numeric(Numeric::NegInfinity) => f64::NEG_INFINITY,
        Value::Numeric(n) => text::parse(&n.to_string())?,
        Value::Float4(_) | Value::Float8(_) => float_of(&value)?,
        #[allow(clippy::cast_precision_loss, reason = "what the cast means")]
        whole => int_of(whole)? as f64,
    }))
}

/// The cast of any number to `real`.
pub(super) fn to_float4(value: Value<'_>) -> Evaluated<'_> {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "what the cast means")]
    Ok(Value::Float4(match &value {
        Value::Numeric(Numeric::NaN) => f32::NAN,
        Value::Numeric(Numeric::Infinity) => f32::INFINITY,
        Value::Numeric(Numeric::NegInfinity) => f32::NEG_INFINITY,
        Value::Numeric(n) => text::parse(&n.to_string())?,
        Value::Float4(x) => *x,
        Value::Float8(x) => {
            let narrow = *x as f32;
            if (narrow.is_infinite() && !x.is_infinite()) || (narrow == 0.0 && *x != 0.0) {
                return Err(out_of_range());
            }
            narrow
        }
        whole => int_of(whole)? as f32,
    }))
}

/// The nearest whole number, half to even, that is at least `-limit` and below `limit`.
fn to_int(value: &Value<'_>, limit: f64) -> Result<i64, EvalError> {
    let whole = float_of(value)?.round_ties_even();
    #[allow(clippy::cast_possible_truncation, reason = "checked before")]
    if whole >= -limit && whole < limit { Ok(whole as i64) } else { Err(out_of_range()) }
}

pub(super) fn to_int2(value: Value<'_>) -> Evaluated<'_> {
    i16::try_from(to_int(&value, 32_768.0)?).map(Value::Int2).map_err(|_| out_of_range())
}

pub(super) fn to_int4(value: Value<'_>) -> Evaluated<'_> {
    i32::try_from(to_int(&value, 2_147_483_648.0)?).map(Value::Int4).map_err(|_| out_of_range())
}

pub(super) fn to_int8(value: Value<'_>) -> Evaluated<'_> {
    to_int(&value, 9_223_372_036_854_775_808.0).map(Value::Int8)
}

/// The cast to `numeric`, which keeps 15 significant digits of a `double precision` and 6 of a `real`.
pub(super) fn to_numeric(value: Value<'_>) -> Evaluated<'_> {
    let x = float_of(&value)?;
    Ok(Value::Numeric(if x.is_nan() {
        Numeric::NaN
    } else if x.is_infinite() {
        if x > 0.0 { Numeric::Infinity } else { Numeric::NegInfinity }
    } else {
        let digits = if matches!(value, Value::Float4(_)) { format!("{x:.5e}") } else { format!("{x:.14e}") };
        let (mantissa, exponent) = digits.split_once('e').ok_or_else(mismatch)?;
        // Without the zeros at the end: they would become digits behind the point.
        numeric::parse(&format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.')))?
    }))
}
