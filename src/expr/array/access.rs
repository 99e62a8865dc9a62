//! `array[…]`, subscripts and slices. Boundary: evaluation; which types they have is decided in `collection.rs`.

use std::borrow::Cow;

use super::super::context::{EvalError, Evaluated};
use super::super::registry::{Builtin, Prepared, Ty, int_of, mismatch};
use super::{array_of, copy, decoded, empty, type_of, write};
use crate::row::{Array, ArrayWriter, Dimension, MOST_DIMENSIONS, SqlType, Value, encode};

fn unreachable_plain<'r>(_: &mut [Value<'r>]) -> Evaluated<'r> {
    Err(mismatch())
}

/// `array[…]`
pub(in crate::expr) static ARRAY: Builtin =
    Builtin::new("array[]", &[], Ty::AnyArray, unreachable_plain, "an array of the values").lenient();
/// `x[i]`
pub(in crate::expr) static SUBSCRIPT: Builtin =
    Builtin::new("[]", &[Ty::AnyArray, Ty::Int4], Ty::AnyElement, unreachable_plain, "the element at this place");
/// `x[i:j]`
pub(in crate::expr) static SLICE: Builtin =
    Builtin::new("[:]", &[Ty::AnyArray, Ty::Int4, Ty::Int4], Ty::AnyArray, unreachable_plain, "the elements between these places");

/// Makes an array of elements, or of arrays of one shape.
#[derive(Debug)]
pub(in crate::expr) struct Construct {
    /// The type of the result, an array.
    pub ty: SqlType,
    /// Whether the arguments are arrays themselves.
    pub nested: bool,
}

impl Prepared for Construct {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        if self.nested { self.nest(args) } else { self.flat(args) }
    }

    fn fallible(&self) -> bool {
        true
    }
}

impl Construct {
    fn flat<'r>(&self, args: &[Value<'r>]) -> Evaluated<'r> {
        let ty = type_of(&self.ty)?;
        let length = i32::try_from(args.len()).map_err(|_| super::too_large())?;
        let mut writer = ArrayWriter::new(&[Dimension { length, lower: 1 }], ty.element_oid.0);
        for arg in args {
            if arg.is_null() {
                writer.null();
            } else {
                writer.element(|out| encode(arg, &ty.element, out)).map_err(|_| mismatch())?;
            }
        }
        Ok(Value::Array(Cow::Owned(super::bounded(writer.finish())?)))
    }

    fn nest<'r>(&self, args: &[Value<'r>]) -> Evaluated<'r> {
        let oid = type_of(&self.ty)?.element_oid.0;
        let uneven = || EvalError::sql("2202E", "multidimensional arrays must have array expressions with matching dimensions");
        let mut parts: Vec<Array<'_>> = Vec::with_capacity(args.len());
        let mut hollow = false;
        for arg in args {
            if arg.is_null() {
                hollow = true;
                continue;
            }
            let part = array_of(arg)?;
            if part.dimensions().is_empty() {
                hollow = true;
                continue;
            }
            if part.dimensions().len() >= MOST_DIMENSIONS {
                return Err(EvalError::sql("54000", "number of array dimensions exceeds the maximum allowed (6)"));
            }
            if parts.first().is_some_and(|first| first.dimensions() != part.dimensions()) {
                return Err(uneven());
            }
            parts.push(part);
        }
        let Some(first) = parts.first() else { return Ok(empty(oid)) };
        if hollow {
            return Err(uneven());
        }
        let mut dimensions = vec![Dimension { length: i32::try_from(parts.len()).map_err(|_| super::too_large())?, lower: 1 }];
        dimensions.extend_from_slice(first.dimensions());
        write(&dimensions, oid, parts.iter().flat_map(Array::iter))
    }
}

/// The element at one place.
#[derive(Debug)]
pub(in crate::expr) struct Subscript {
    /// The type of the elements.
    pub element: SqlType,
}

impl Prepared for Subscript {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let (whole, indexes) = args.split_first_mut().ok_or_else(mismatch)?;
        let array = array_of(whole)?;
        if array.dimensions().len() != indexes.len() {
            return Ok(Value::Null);
        }
        let mut place = 0_usize;
        for (dimension, index) in array.dimensions().iter().zip(indexes.iter()) {
            let Some(offset) = offset(*dimension, int_of(index)?) else { return Ok(Value::Null) };
            place = place * usize::try_from(dimension.length).unwrap_or(0) + offset;
        }
        match whole {
            Value::Array(Cow::Borrowed(bytes)) => {
                let bytes: &'r [u8] = bytes;
                let array = Array::read(bytes).ok_or_else(mismatch)?;
                decoded(&self.element, array.iter().nth(place).flatten())
            }
            _ => decoded(&self.element, array.iter().nth(place).flatten()).map(Value::into_owned),
        }
    }

    fn fallible(&self) -> bool {
        false
    }
}

/// How far an index is from the beginning of its dimension.
fn offset(dimension: Dimension, index: i64) -> Option<usize> {
    let offset = index - i64::from(dimension.lower);
    (offset < i64::from(dimension.length)).then_some(offset).and_then(|offset| usize::try_from(offset).ok())
}

/// The part of an array between places. A bound that is not written stands as the least or greatest integer.
#[derive(Debug)]
pub(in crate::expr) struct Slice {
    /// The OID of the elements' type.
    pub element_oid: u32,
}

impl Prepared for Slice {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let (whole, bounds) = args.split_first().ok_or_else(mismatch)?;
        let array = array_of(whole)?;
        let bounds =
            bounds.chunks_exact(2).map(|pair| Ok((int_of(&pair[0])?, int_of(&pair[1])?))).collect::<Result<Vec<_>, EvalError>>()?;
        slice(&array, &bounds, self.element_oid)
    }

    fn fallible(&self) -> bool {
        true
    }
}

/// `array_get_slice`: dimensions without bounds are taken whole, and every lower bound of the result is 1.
pub(super) fn slice(array: &Array<'_>, bounds: &[(i64, i64)], oid: u32) -> Evaluated<'static> {
    let dimensions = array.dimensions();
    if dimensions.is_empty() || bounds.len() > dimensions.len() {
        return Ok(empty(oid));
    }
    let mut ranges = Vec::with_capacity(dimensions.len());
    for (at, dimension) in dimensions.iter().enumerate() {
        let (first, last) = (i64::from(dimension.lower), i64::from(dimension.lower) + i64::from(dimension.length) - 1);
        let (lower, upper) = bounds.get(at).map_or((first, last), |(lower, upper)| ((*lower).max(first), (*upper).min(last)));
        if lower > upper {
            return Ok(empty(oid));
        }
        ranges.push(lower - first..=upper - first);
    }
    let length = |range: &std::ops::RangeInclusive<i64>| i32::try_from(range.end() - range.start() + 1).unwrap_or(0);
    let sliced: Vec<Dimension> = ranges.iter().map(|range| Dimension { length: length(range), lower: 1 }).collect();
    let mut writer = ArrayWriter::new(&sliced, oid);
    for (at, field) in array.iter().enumerate() {
        let mut rest = i64::try_from(at).map_err(|_| super::too_large())?;
        let inside = dimensions.iter().zip(&ranges).rev().all(|(dimension, range)| {
            let index = rest % i64::from(dimension.length);
            rest /= i64::from(dimension.length);
            range.contains(&index)
        });
        if inside {
            copy(&mut writer, field);
        }
    }
    Ok(Value::Array(Cow::Owned(writer.finish())))
}
