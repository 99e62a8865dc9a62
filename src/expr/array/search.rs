//! Functions that compare elements. Boundary: which types can be compared is checked when the call is bound.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::compare::Comparator;
use super::super::context::{EvalError, Evaluated};
use super::super::registry::{Types, int_of};
use super::{array_of, comparator, copy, decoded, empty, type_of, write};
use crate::row::{Array, ArrayWriter, Dimension, SqlType, Value, encode, oid};

fn same(by: &Comparator, ty: &SqlType, field: Option<&[u8]>, wanted: &Value<'_>) -> Result<bool, EvalError> {
    by.same(&decoded(ty, field)?, wanted)
}

fn flat(array: &Array<'_>) -> Result<(), EvalError> {
    // PostgreSQL's own refusal, by the same code.
    if array.dimensions().len() > 1 {
        return Err(EvalError::sql("0A000", "searching for elements in multidimensional arrays is not supported"));
    }
    Ok(())
}

pub(super) fn position<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let array = array_of(&args[0])?;
    flat(&array)?;
    let Some(dimension) = array.dimensions().first() else { return Ok(Value::Null) };
    if args[1].is_null() && array.iter().all(|field| field.is_some()) {
        return Ok(Value::Null);
    }
    let first = match args.get(2) {
        Some(Value::Null) => return Err(EvalError::sql("22004", "initial position must not be null")),
        Some(start) => int_of(start)?,
        None => i64::from(dimension.lower),
    };
    let ty = &type_of(&types.args[0])?.element;
    let by = comparator(ty)?;
    for (at, field) in (i64::from(dimension.lower)..).zip(array.iter()) {
        if at >= first && same(&by, ty, field, &args[1])? {
            return i32::try_from(at).map(Value::Int4).map_err(|_| super::too_large());
        }
    }
    Ok(Value::Null)
}

pub(super) fn positions<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let array = array_of(&args[0])?;
    flat(&array)?;
    let ty = &type_of(&types.args[0])?.element;
    let by = comparator(ty)?;
    let lower = array.dimensions().first().map_or(1, |d| i64::from(d.lower));
    let mut found = Vec::new();
    for (at, field) in (lower..).zip(array.iter()) {
        if same(&by, ty, field, &args[1])? {
            found.push(i32::try_from(at).map_err(|_| super::too_large())?.to_be_bytes());
        }
    }
    let length = i32::try_from(found.len()).map_err(|_| super::too_large())?;
    write(&[Dimension { length, lower: 1 }], oid::INT4, found.iter().map(|at| Some(&at[..])))
}

pub(super) fn remove<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let array = array_of(&args[0])?;
    let [dimension, rest @ ..] = array.dimensions() else { return Ok(std::mem::replace(&mut args[0], Value::Null)) };
    if !rest.is_empty() {
        return Err(EvalError::sql("0A000", "removing elements from multidimensional arrays is not supported"));
    }
    let of = type_of(&types.result)?;
    let by = comparator(&of.element)?;
    let mut kept = Vec::with_capacity(array.len());
    for field in &array {
        if !same(&by, &of.element, field, &args[1])? {
            kept.push(field);
        }
    }
    if kept.is_empty() {
        return Ok(empty(of.element_oid.0));
    }
    let dimension = Dimension { length: i32::try_from(kept.len()).map_err(|_| super::too_large())?, lower: dimension.lower };
    write(&[dimension], of.element_oid.0, kept.into_iter())
}

pub(super) fn replace<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let array = array_of(&args[0])?;
    let of = type_of(&types.result)?;
    let by = comparator(&of.element)?;
    let mut new = Vec::new();
    if !args[2].is_null() {
        encode(&args[2], &of.element, &mut new).map_err(|_| super::mismatch())?;
    }
    let new = (!args[2].is_null()).then_some(&new[..]);
    let mut writer = ArrayWriter::new(array.dimensions(), of.element_oid.0);
    for field in &array {
        copy(&mut writer, if same(&by, &of.element, field, &args[1])? { new } else { field });
    }
    Ok(Value::Array(Cow::Owned(super::bounded(writer.finish())?)))
}

/// Whether an element that is no NULL is in an array.
fn holds(by: &Comparator, ty: &SqlType, array: &Array<'_>, wanted: &Value<'_>) -> Result<bool, EvalError> {
    for field in array {
        if field.is_some() && by.equal(&decoded(ty, field)?, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether all elements of the second array are in the first. A NULL is in no array.
fn includes(outer: &Value<'_>, inner: &Value<'_>, types: &Types) -> Result<bool, EvalError> {
    let (outer, inner) = (array_of(outer)?, array_of(inner)?);
    let ty = &type_of(&types.args[0])?.element;
    let by = comparator(ty)?;
    for field in &inner {
        if field.is_none() || !holds(&by, ty, &outer, &decoded(ty, field)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn contains<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    includes(&args[0], &args[1], types).map(Value::Bool)
}

pub(super) fn contained<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    includes(&args[1], &args[0], types).map(Value::Bool)
}

pub(super) fn overlap<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    let (left, right) = (array_of(&args[0])?, array_of(&args[1])?);
    let ty = &type_of(&types.args[0])?.element;
    let by = comparator(ty)?;
    for field in &left {
        if field.is_some() && holds(&by, ty, &right, &decoded(ty, field)?)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// `width_bucket` over the lower bounds of buckets, which must be in ascending order.
pub(super) fn bucket<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    let array = array_of(&args[1])?;
    if array.dimensions().len() > 1 {
        return Err(EvalError::sql("2202E", "thresholds must be one-dimensional array"));
    }
    if array.iter().any(|field| field.is_none()) {
        return Err(EvalError::sql("22004", "thresholds array must not contain NULLs"));
    }
    let ty = &type_of(&types.args[1])?.element;
    let by = comparator(ty)?;
    let bounds: Vec<_> = array.iter().collect();
    let (mut low, mut high) = (0, bounds.len());
    while low < high {
        let middle = low.midpoint(high);
        if by.order(&args[0], &decoded(ty, bounds[middle])?)? == Ordering::Less {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    i32::try_from(low).map(Value::Int4).map_err(|_| super::too_large())
}
