//! Functions over the shape of arrays, and those that put arrays together or take them to text and back. Boundary: the order and
//! equality of elements is in `search.rs`.

use std::borrow::Cow;

use super::super::context::{EvalError, Evaluated};
use super::super::registry::{Types, int_of, mismatch, text_of};
use super::{Conversion, array_of, bounded, checked_dimensions, copy, decoded, empty, type_of, write};
use crate::row::{Array, ArrayWriter, Dimension, MOST_DIMENSIONS, SqlType, Value, encode, oid};

fn dimension_of<'v>(array: &'v Array<'_>, number: &Value<'_>) -> Result<Option<&'v Dimension>, EvalError> {
    let number = int_of(number)?;
    Ok(usize::try_from(number - 1).ok().and_then(|at| array.dimensions().get(at)))
}

pub(super) fn length<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let array = array_of(&args[0])?;
    Ok(dimension_of(&array, &args[1])?.map_or(Value::Null, |d| Value::Int4(d.length)))
}

pub(super) fn lower<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let array = array_of(&args[0])?;
    Ok(dimension_of(&array, &args[1])?.map_or(Value::Null, |d| Value::Int4(d.lower)))
}

pub(super) fn upper<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let array = array_of(&args[0])?;
    Ok(dimension_of(&array, &args[1])?.map_or(Value::Null, |d| Value::Int4(d.lower.saturating_add(d.length - 1))))
}

pub(super) fn ndims<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let dimensions = array_of(&args[0])?.dimensions().len();
    Ok(if dimensions == 0 { Value::Null } else { Value::Int4(i32::try_from(dimensions).unwrap_or(0)) })
}

pub(super) fn dims<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let array = array_of(&args[0])?;
    let dimensions = array.dimensions();
    Ok(if dimensions.is_empty() { Value::Null } else { Value::Text(super::text::bounds(dimensions).into()) })
}

pub(super) fn cardinality<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    i32::try_from(array_of(&args[0])?.len()).map(Value::Int4).map_err(|_| super::too_large())
}

/// An array and one more element, in front of the others or behind them.
fn grown<'r>(array: &Value<'r>, element: &Value<'r>, ty: &SqlType, front: bool) -> Evaluated<'r> {
    let ty = type_of(ty)?;
    let old = if array.is_null() { None } else { Some(array_of(array)?) };
    let bounds = match old.as_ref().map_or(&[][..], Array::dimensions) {
        [] => Dimension { length: 1, lower: 1 },
        [one] => {
            let overflow = || EvalError::sql("22003", "integer out of range");
            let edge = if front { one.lower.checked_sub(1) } else { one.lower.checked_add(one.length) };
            edge.ok_or_else(overflow)?;
            Dimension { length: one.length + 1, lower: one.lower }
        }
        _ => return Err(EvalError::sql("22000", "argument must be empty or one-dimensional array")),
    };
    if front && bounds.lower.checked_add(bounds.length).is_none() {
        // PostgreSQL makes such an array, and no server reads it back.
        return Err(EvalError::sql("0A000", "an array whose last index is the greatest integer"));
    }
    checked_dimensions(&[bounds])?;
    let mut writer = ArrayWriter::new(&[bounds], ty.element_oid.0);
    let add = |writer: &mut ArrayWriter| {
        if element.is_null() {
            writer.null();
            return Ok(());
        }
        writer.element(|out| encode(element, &ty.element, out)).map_err(|_| mismatch())
    };
    if front {
        add(&mut writer)?;
    }
    if let Some(old) = &old {
        old.iter().for_each(|field| copy(&mut writer, field));
    }
    if !front {
        add(&mut writer)?;
    }
    Ok(Value::Array(Cow::Owned(bounded(writer.finish())?)))
}

pub(in crate::expr) fn append<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    grown(&args[0], &args[1], &types.result, false)
}

pub(in crate::expr) fn prepend<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    grown(&args[1], &args[0], &types.result, true)
}

/// `array_cat`: arrays of one shape, or an array and a part of it.
pub(in crate::expr) fn cat<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(std::mem::replace(&mut args[1], Value::Null));
    }
    if args[1].is_null() {
        return Ok(std::mem::replace(&mut args[0], Value::Null));
    }
    let (left, right) = (array_of(&args[0])?, array_of(&args[1])?);
    let (l, r) = (left.dimensions(), right.dimensions());
    if l.is_empty() && !r.is_empty() {
        drop(left);
        return Ok(std::mem::replace(&mut args[1], Value::Null));
    }
    if r.is_empty() {
        drop(right);
        return Ok(std::mem::replace(&mut args[0], Value::Null));
    }
    let uneven = || EvalError::sql("2202E", "cannot concatenate incompatible arrays");
    let sum = |a: i32, b: i32| a.checked_add(b).ok_or_else(super::too_large);
    let mut dimensions;
    if l.len() == r.len() {
        if l[1..] != r[1..] {
            return Err(uneven());
        }
        dimensions = l.to_vec();
        dimensions[0].length = sum(l[0].length, r[0].length)?;
    } else if l.len() + 1 == r.len() {
        if *l != r[1..] {
            return Err(uneven());
        }
        dimensions = r.to_vec();
        dimensions[0].length = sum(r[0].length, 1)?;
    } else if l.len() == r.len() + 1 {
        if *r != l[1..] {
            return Err(uneven());
        }
        dimensions = l.to_vec();
        dimensions[0].length = sum(l[0].length, 1)?;
    } else {
        return Err(uneven());
    }
    write(&dimensions, type_of(&types.result)?.element_oid.0, left.iter().chain(right.iter()))
}

pub(super) fn trim<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    let (array, n) = (array_of(&args[0])?, int_of(&args[1])?);
    let first = array.dimensions().first();
    let length = first.map_or(0, |d| i64::from(d.length));
    if n < 0 || n > length {
        return Err(EvalError::sql("2202E", "number of elements to trim must be between 0 and the length of the array"));
    }
    // In 32 bits, as there: below the least bound it comes out on the other side.
    let n = i32::try_from(n).map_err(|_| mismatch())?;
    let upper = first.map_or(0, |d| i64::from(d.lower.wrapping_add(d.length).wrapping_sub(n).wrapping_sub(1)));
    super::access::slice(&array, &[(i64::MIN, upper)], type_of(&types.result)?.element_oid.0)
}

/// A list of integers, as `array_fill` takes its dimensions and bounds.
fn integers(value: &Value<'_>) -> Result<Vec<i32>, EvalError> {
    if value.is_null() {
        return Err(EvalError::sql("22004", "dimension array or low bound array cannot be null"));
    }
    let array = array_of(value)?;
    if array.dimensions().len() > 1 {
        return Err(EvalError::sql("2202E", "wrong number of array subscripts"));
    }
    let int = |field: Option<&[u8]>| match decoded(&SqlType::Int4, field)? {
        Value::Int4(n) => Ok(n),
        Value::Null => Err(EvalError::sql("22004", "dimension values cannot be null")),
        _ => Err(mismatch()),
    };
    array.iter().map(int).collect()
}

pub(super) fn fill<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    let ty = type_of(&types.result)?;
    // Both must be there before either is looked into.
    if args[1..].iter().any(Value::is_null) {
        return Err(EvalError::sql("22004", "dimension array or low bound array cannot be null"));
    }
    let lengths = integers(&args[1])?;
    if lengths.len() > MOST_DIMENSIONS {
        return Err(EvalError::sql("54000", "number of array dimensions exceeds the maximum allowed (6)"));
    }
    let lowers = match args.get(2) {
        Some(lowers) => {
            let lowers = integers(lowers)?;
            if lowers.len() != lengths.len() {
                return Err(EvalError::sql("2202E", "wrong number of array subscripts"));
            }
            lowers
        }
        None => vec![1; lengths.len()],
    };
    let dimensions: Vec<Dimension> =
        lengths.iter().zip(&lowers).map(|(length, lower)| Dimension { length: *length, lower: *lower }).collect();
    let items = checked_dimensions(&dimensions)?;
    if items == 0 {
        return Ok(empty(ty.element_oid.0));
    }
    let mut field = Vec::new();
    if !args[0].is_null() {
        encode(&args[0], &ty.element, &mut field).map_err(|_| mismatch())?;
    }
    if items.saturating_mul(field.len() + 4) > super::MOST_BYTES {
        return Err(super::too_large());
    }
    let field = (!args[0].is_null()).then_some(&field[..]);
    write(&dimensions, ty.element_oid.0, std::iter::repeat_n(field, items))
}

pub(super) fn to_string<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    if args[0].is_null() || args[1].is_null() {
        return Ok(Value::Null);
    }
    let mut null = match args.get_mut(2) {
        Some(null) if !null.is_null() => Some(text_of(null)?),
        _ => None,
    };
    let separator = text_of(&mut args[1])?;
    let ty = type_of(&types.args[0])?;
    let print = Conversion::output(&ty.element).ok_or_else(mismatch)?;
    let mut out = String::new();
    let mut first = true;
    for field in &array_of(&args[0])? {
        let item = match (field, &mut null) {
            (None, None) => continue,
            (None, Some(null)) => Cow::Borrowed(&**null),
            (Some(field), _) => text_of(&mut print.run(decoded(&ty.element, Some(field))?)?)?,
        };
        if !first {
            out.push_str(&separator);
        }
        first = false;
        out.push_str(&item);
        if out.len() > super::MOST_BYTES {
            return Err(EvalError::sql("54000", "requested length too large"));
        }
    }
    Ok(Value::Text(Cow::Owned(out)))
}

pub(super) fn from_string<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let text = text_of(&mut args[0])?;
    let null = match args.get_mut(2) {
        Some(null) if !null.is_null() => Some(text_of(null)?),
        _ => None,
    };
    let separator = if args[1].is_null() { None } else { Some(text_of(&mut args[1])?) };
    let items: Vec<&str> = match &separator {
        _ if text.is_empty() => Vec::new(),
        None => text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect(),
        Some(separator) if separator.is_empty() => vec![&*text],
        Some(separator) => text.split(&**separator).collect(),
    };
    let dimension = Dimension { length: i32::try_from(items.len()).map_err(|_| super::too_large())?, lower: 1 };
    let fields = items.iter().map(|item| (null.as_deref() != Some(*item)).then_some(item.as_bytes()));
    write(&[dimension], oid::TEXT, fields)
}
