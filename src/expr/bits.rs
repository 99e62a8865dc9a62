//! `bit` and `bit varying`: their text form, lengths and operators. Boundary: values stand as field bytes, a count of bits and the bits
//! from the left; equality and order are `compare.rs`.
//!
//! Parts of bit strings (`substring`, `overlay`, `position`, `get_bit`, `set_bit`), `||` and casts from and to whole numbers are
//! refused: compute them in the source query.

#![allow(clippy::needless_pass_by_value, reason = "casts have one signature")]

use std::borrow::Cow;
use std::cmp::Ordering;

use super::context::{EvalError, Evaluated};
use super::registry::{Builtin, Ty, int_of, mismatch, text_of};
use crate::row::Value;

const IN_SOURCE: &str = "compute it in the source query";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("length", &[Ty::Bit], Ty::Int4, |a| count(bits_of(&a[0])?.count), "number of bits"),
    Builtin::new("bit_length", &[Ty::Bit], Ty::Int4, |a| count(bits_of(&a[0])?.count), "number of bits"),
    Builtin::new("octet_length", &[Ty::Bit], Ty::Int4, |a| count(bits_of(&a[0])?.bytes.len()), "number of bytes that the bits take"),
    Builtin::new("bit_count", &[Ty::Bit], Ty::Int8, ones, "number of bits that are 1"),
    Builtin::refuse("substring", &[Ty::Bit, Ty::Int4], Ty::Bit, IN_SOURCE),
    Builtin::refuse("substring", &[Ty::Bit, Ty::Int4, Ty::Int4], Ty::Bit, IN_SOURCE),
    Builtin::refuse("overlay", &[Ty::Bit, Ty::Bit, Ty::Int4], Ty::Bit, IN_SOURCE),
    Builtin::refuse("overlay", &[Ty::Bit, Ty::Bit, Ty::Int4, Ty::Int4], Ty::Bit, IN_SOURCE),
    Builtin::refuse("get_bit", &[Ty::Bit, Ty::Int4], Ty::Int4, IN_SOURCE),
    Builtin::refuse("set_bit", &[Ty::Bit, Ty::Int4, Ty::Int4], Ty::Bit, IN_SOURCE),
];

pub(super) const OPERATORS: &[Builtin] = &[
    Builtin::new("&", &[Ty::Bit, Ty::Bit], Ty::Bit, |a| both(a, |l, r| l & r), "").fails(),
    Builtin::new("|", &[Ty::Bit, Ty::Bit], Ty::Bit, |a| both(a, |l, r| l | r), "").fails(),
    Builtin::new("#", &[Ty::Bit, Ty::Bit], Ty::Bit, |a| both(a, |l, r| l ^ r), "").fails(),
    Builtin::new("<<", &[Ty::Bit, Ty::Int4], Ty::Bit, |a| shift(a, false), ""),
    Builtin::new(">>", &[Ty::Bit, Ty::Int4], Ty::Bit, |a| shift(a, true), ""),
    Builtin::new("~", &[Ty::Bit], Ty::Bit, inverted, ""),
];

/// `bit(bit, n, explicit)`: what a cast to `bit(n)` does.
pub(super) static FIXED: Builtin =
    Builtin::new("bit", &[Ty::Bit, Ty::Int4, Ty::Bool], Ty::Bit, |a| resized(a, true), "cut or filled up with zeros at the end");
/// `varbit(varbit, n, explicit)`: what a cast to `bit varying(n)` does.
pub(super) static AT_MOST: Builtin =
    Builtin::new("varbit", &[Ty::Varbit, Ty::Int4, Ty::Bool], Ty::Varbit, |a| resized(a, false), "cut at the end");

/// The greatest length that a type can be declared with (`MaxAttrSize` in bits).
pub(super) const MOST_BITS: i64 = 83_886_080;

struct Bits<'v> {
    count: usize,
    bytes: &'v [u8],
}

fn bits_of<'v>(value: &'v Value<'_>) -> Result<Bits<'v>, EvalError> {
    let Value::Raw(raw) = value else { return Err(mismatch()) };
    let (count, bytes) = raw.split_first_chunk().ok_or_else(mismatch)?;
    let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| mismatch())?;
    if bytes.len() == count.div_ceil(8) { Ok(Bits { count, bytes }) } else { Err(mismatch()) }
}

/// A bit string; bits behind the last are made 0.
fn made<'r>(count: usize, bytes: impl IntoIterator<Item = u8>) -> Value<'r> {
    let mut all = i32::try_from(count).unwrap_or(i32::MAX).to_be_bytes().to_vec();
    all.extend(bytes.into_iter().take(count.div_ceil(8)));
    if let (true, Some(last)) = (!count.is_multiple_of(8), all.last_mut()) {
        *last &= 0xFF << (8 - count % 8);
    }
    Value::Raw(Cow::Owned(all))
}

fn count<'r>(n: usize) -> Evaluated<'r> {
    i32::try_from(n).map(Value::Int4).map_err(|_| mismatch())
}

fn ones<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let ones: u32 = bits_of(&args[0])?.bytes.iter().map(|byte| byte.count_ones()).sum();
    Ok(Value::Int8(ones.into()))
}

fn both<'r>(args: &mut [Value<'r>], of: impl Fn(u8, u8) -> u8) -> Evaluated<'r> {
    let (l, r) = (bits_of(&args[0])?, bits_of(&args[1])?);
    if l.count != r.count {
        return Err(EvalError::sql("22026", "bit strings of different sizes cannot be combined"));
    }
    Ok(made(l.count, l.bytes.iter().zip(r.bytes).map(|(l, r)| of(*l, *r))))
}

fn inverted<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let bits = bits_of(&args[0])?;
    Ok(made(bits.count, bits.bytes.iter().map(|byte| !byte)))
}

fn shift<'r>(args: &mut [Value<'r>], right: bool) -> Evaluated<'r> {
    let (bits, by) = (bits_of(&args[0])?, int_of(&args[1])?);
    let right = right == (by >= 0);
    let by = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX).min(bits.count);
    let byte = |at: Option<usize>| at.and_then(|at| bits.bytes.get(at)).copied().map_or(0, u16::from);
    let moved = (0..bits.bytes.len()).map(|at| {
        let pair = if right {
            let from = at.checked_sub(by / 8);
            (byte(from.and_then(|at| at.checked_sub(1))) << 8 | byte(from)) >> (by % 8)
        } else {
            let from = at.checked_add(by / 8);
            (byte(from) << 8 | byte(from.map(|at| at + 1))) >> (8 - by % 8)
        };
        pair.to_be_bytes()[1]
    });
    Ok(made(bits.count, moved))
}

fn resized<'r>(args: &mut [Value<'r>], fill: bool) -> Evaluated<'r> {
    let (bits, wanted) = (bits_of(&args[0])?, usize::try_from(int_of(&args[1])?).map_err(|_| mismatch())?);
    let wanted = if fill { wanted } else { wanted.min(bits.count) };
    Ok(made(wanted, bits.bytes.iter().copied().chain(std::iter::repeat(0))))
}

/// `bit_cmp`: the bytes, then the lengths.
pub(super) fn order(left: &Value<'_>, right: &Value<'_>) -> Result<Ordering, EvalError> {
    let (l, r) = (bits_of(left)?, bits_of(right)?);
    let shorter = l.bytes.len().min(r.bytes.len());
    Ok(l.bytes[..shorter].cmp(&r.bytes[..shorter]).then(l.count.cmp(&r.count)))
}

/// `bit_out`, `varbit_out`
pub(super) fn output(value: Value<'_>) -> Evaluated<'_> {
    let bits = bits_of(&value)?;
    let digit = |at: usize| if bits.bytes[at / 8] >> (7 - at % 8) & 1 == 1 { '1' } else { '0' };
    Ok(Value::Text(Cow::Owned((0..bits.count).map(digit).collect())))
}

/// `bit_in`, `varbit_in` without a length: binary digits, or hexadecimal ones behind an `x`.
pub(super) fn parse(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    let (radix, digits) = match text.as_bytes().first() {
        Some(b'b' | b'B') => (2, &text[1..]),
        Some(b'x' | b'X') => (16, &text[1..]),
        _ => (2, &*text),
    };
    let width = if radix == 2 { 1 } else { 4 };
    let wrong = || EvalError::sql("22P02", "not a valid binary or hexadecimal digit");
    let (mut bytes, mut bits) = (Vec::with_capacity(digits.len() * width / 8 + 1), 0_usize);
    for digit in digits.chars() {
        let value = digit.to_digit(radix).and_then(|d| u8::try_from(d).ok()).ok_or_else(wrong)?;
        if bits.is_multiple_of(8) {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= value << (8 - width - bits % 8);
        }
        bits += width;
    }
    Ok(made(bits, bytes))
}
