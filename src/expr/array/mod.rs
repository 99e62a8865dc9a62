//! Arrays: `array[…]`, subscripts, slices, `any` and `all`, and the functions of arrays. Boundary: elements are decoded by their type
//! only where a function looks at them; framing is `row::Array`'s, how the syntax is bound is `collection.rs`.
//!
//! Refused: functions that give several rows (`unnest`, `generate_subscripts`), because an expression has one value; the order of
//! arrays of text without `collate "C"`, and the text form of arrays whose elements have none here (`timestamptz`, which depends on
//! the session's time zone).

mod access;
mod convert;
mod functions;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub(super) use access::{ARRAY, Construct, SLICE, SUBSCRIPT, Slice, Subscript};
pub(super) use convert::Conversion;
pub(super) use functions::{append, cat, prepend};
pub(super) use table::{APPEND, CAT, FUNCTIONS, OPERATORS, PREPEND, misuse};

use std::borrow::Cow;

use super::bind::Binder;
use super::compare::Comparator;
use super::context::{EvalError, Evaluated};
use super::registry::mismatch;
use crate::row::{Array, ArrayType, ArrayWriter, Dimension, MOST_DIMENSIONS, SqlType, Value, decode};

/// What one expression may make of one row.
const MOST_BYTES: usize = 256 << 20;
/// `MaxArraySize` of PostgreSQL.
const MOST_ELEMENTS: usize = 0x3FFF_FFFF / 8;

#[cold]
fn too_large() -> EvalError {
    EvalError::sql("54000", "array size exceeds the maximum allowed")
}

fn bounded(bytes: Vec<u8>) -> Result<Vec<u8>, EvalError> {
    if bytes.len() > MOST_BYTES { Err(too_large()) } else { Ok(bytes) }
}

fn bounded_text(text: String) -> Result<String, EvalError> {
    if text.len() > MOST_BYTES { Err(EvalError::sql("54000", "requested length too large")) } else { Ok(text) }
}

/// The array in a value.
pub(super) fn array_of<'v>(value: &'v Value<'_>) -> Result<Array<'v>, EvalError> {
    match value {
        Value::Array(bytes) => Array::read(bytes).ok_or_else(mismatch),
        _ => Err(mismatch()),
    }
}

/// The array type of an argument or result.
fn type_of(ty: &SqlType) -> Result<&ArrayType, EvalError> {
    match ty {
        SqlType::Array(array) => Ok(array),
        _ => Err(mismatch()),
    }
}

/// An element of an array.
pub(super) fn decoded<'v>(ty: &SqlType, field: Option<&'v [u8]>) -> Evaluated<'v> {
    field.map_or(Ok(Value::Null), |field| decode(ty, field).map_err(|_| mismatch()))
}

/// The equality and order of elements. Which types have one was checked when the call was bound.
fn comparator(ty: &SqlType) -> Result<Comparator, EvalError> {
    Binder::comparator(ty).ok_or_else(mismatch)
}

/// How many elements these dimensions have (`ArrayGetNItems`, `ArrayCheckBounds`).
fn checked_dimensions(dimensions: &[Dimension]) -> Result<usize, EvalError> {
    if dimensions.len() > MOST_DIMENSIONS {
        return Err(EvalError::sql("54000", "number of array dimensions exceeds the maximum allowed (6)"));
    }
    let mut items = usize::from(!dimensions.is_empty());
    for dimension in dimensions {
        let length = usize::try_from(dimension.length).map_err(|_| too_large())?;
        items = items.checked_mul(length).filter(|n| i32::try_from(*n).is_ok()).ok_or_else(too_large)?;
    }
    if items > MOST_ELEMENTS {
        return Err(too_large());
    }
    if dimensions.iter().any(|d| d.lower.checked_add(d.length).is_none()) {
        return Err(EvalError::sql("54000", "array lower bound is too large"));
    }
    Ok(items)
}

/// An array of these field bytes.
fn write<'f>(dimensions: &[Dimension], element_oid: u32, fields: impl Iterator<Item = Option<&'f [u8]>>) -> Evaluated<'static> {
    checked_dimensions(dimensions)?;
    let mut writer = ArrayWriter::new(dimensions, element_oid);
    for field in fields {
        copy(&mut writer, field);
    }
    Ok(Value::Array(Cow::Owned(bounded(writer.finish())?)))
}

/// Appends field bytes as they are.
fn copy(writer: &mut ArrayWriter, field: Option<&[u8]>) {
    match field {
        None => writer.null(),
        Some(field) => {
            let _ = writer.element(|out| {
                out.extend_from_slice(field);
                Ok::<(), ()>(())
            });
        }
    }
}

/// An array without elements.
fn empty(element_oid: u32) -> Value<'static> {
    Value::Array(Cow::Owned(ArrayWriter::new(&[], element_oid).finish()))
}

/// `array_cmp`: element by element, NULL last; then by number of elements, dimensions, lengths and bounds.
pub(super) fn order(by: &Comparator, element: &SqlType, left: &Value<'_>, right: &Value<'_>) -> Result<std::cmp::Ordering, EvalError> {
    use std::cmp::Ordering;
    let (left, right) = (array_of(left)?, array_of(right)?);
    for (l, r) in left.iter().zip(right.iter()) {
        let order = match (l, r) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (l, r) => by.order(&decoded(element, l)?, &decoded(element, r)?)?,
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    let (l, r) = (left.dimensions(), right.dimensions());
    let shape = left.len().cmp(&right.len()).then(l.len().cmp(&r.len()));
    let lengths = || l.iter().map(|d| d.length).cmp(r.iter().map(|d| d.length));
    let bounds = || l.iter().map(|d| d.lower).cmp(r.iter().map(|d| d.lower));
    Ok(shape.then_with(lengths).then_with(bounds))
}

/// `array_eq`: the same dimensions, and the same elements; NULL is equal to NULL.
pub(super) fn equal(by: &Comparator, element: &SqlType, left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvalError> {
    let (left, right) = (array_of(left)?, array_of(right)?);
    if left.dimensions() != right.dimensions() {
        return Ok(false);
    }
    for (l, r) in left.iter().zip(right.iter()) {
        if !by.same(&decoded(element, l)?, &decoded(element, r)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}
