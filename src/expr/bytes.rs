//! `bytea`: parts, bits, text forms and hashes. Boundary: no text functions, those are `text.rs`; text of other encodings is
//! `encoding.rs`.
//!
//! The text form is the hexadecimal one, whatever `bytea_output` says in a session. `like` of bytes, and the functions of bit strings
//! that share names with those of bytes, are refused.

use std::borrow::Cow;
use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::context::{EvalError, Evaluated};
use super::registry::{Builtin, Ty, int_of, mismatch, text_of};
use super::text::{MOST_BYTES, count, too_long, value};
use super::text_edit::overlaid;
use crate::row::Value;

const NO_BITS: &str = "compute it in the source query: bit strings are passed through only";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("length", &[Ty::Bytea], Ty::Int4, |a| count(bytes_of(&mut a[0])?.len()), "number of bytes"),
    Builtin::refuse("length", &[Ty::Bytea, Ty::Text], Ty::Int4, "write length(convert_from(x, 'LATIN1'))"),
    Builtin::new("octet_length", &[Ty::Bytea], Ty::Int4, |a| count(bytes_of(&mut a[0])?.len()), "number of bytes"),
    Builtin::new("bit_length", &[Ty::Bytea], Ty::Int4, bits, "number of bits").fails(),
    Builtin::new("bit_count", &[Ty::Bytea], Ty::Int8, bit_count, "number of bits that are set"),
    Builtin::new("substr", &[Ty::Bytea, Ty::Int4], Ty::Bytea, substring, "from the n-th byte on"),
    Builtin::new("substr", &[Ty::Bytea, Ty::Int4, Ty::Int4], Ty::Bytea, substring, "from the n-th byte on, m bytes").fails(),
    Builtin::new("substring", &[Ty::Bytea, Ty::Int4], Ty::Bytea, substring, "from the n-th byte on"),
    Builtin::new("substring", &[Ty::Bytea, Ty::Int4, Ty::Int4], Ty::Bytea, substring, "from the n-th byte on, m bytes").fails(),
    Builtin::new("position", &[Ty::Bytea, Ty::Bytea], Ty::Int4, position, "where the second bytes begin in the first; 0 where they do not"),
    Builtin::refuse("position", &[Ty::Bit, Ty::Bit], Ty::Int4, NO_BITS),
    Builtin::new("overlay", &[Ty::Bytea, Ty::Bytea, Ty::Int4], Ty::Bytea, overlay, "the second bytes put over the first from the n-th on")
        .fails(),
    Builtin::new(
        "overlay",
        &[Ty::Bytea, Ty::Bytea, Ty::Int4, Ty::Int4],
        Ty::Bytea,
        overlay,
        "m bytes from the n-th on replaced by the second ones",
    )
    .fails(),
    Builtin::new("get_byte", &[Ty::Bytea, Ty::Int4], Ty::Int4, get_byte, "the byte at this place, from 0").fails(),
    Builtin::new(
        "set_byte",
        &[Ty::Bytea, Ty::Int4, Ty::Int4],
        Ty::Bytea,
        set_byte,
        "the byte at this place, from 0, set to the last 8 bits of a number",
    )
    .fails(),
    Builtin::new("get_bit", &[Ty::Bytea, Ty::Int8], Ty::Int4, get_bit, "the bit at this place, from 0, the lowest of a byte first").fails(),
    Builtin::new("set_bit", &[Ty::Bytea, Ty::Int8, Ty::Int4], Ty::Bytea, set_bit, "the bit at this place, from 0, set to 0 or 1").fails(),
    Builtin::new("btrim", &[Ty::Bytea, Ty::Bytea], Ty::Bytea, |a| trim(a, true, true), "without these bytes at both ends"),
    Builtin::new("ltrim", &[Ty::Bytea, Ty::Bytea], Ty::Bytea, |a| trim(a, true, false), "without these bytes in front"),
    Builtin::new("rtrim", &[Ty::Bytea, Ty::Bytea], Ty::Bytea, |a| trim(a, false, true), "without these bytes at the end"),
    Builtin::new("encode", &[Ty::Bytea, Ty::Text], Ty::Text, encode, "bytes as text: 'hex', 'base64' or 'escape'").fails(),
    Builtin::new("decode", &[Ty::Text, Ty::Text], Ty::Bytea, decode, "text as bytes: 'hex', 'base64' or 'escape'").fails(),
    Builtin::new(
        "md5",
        &[Ty::Text],
        Ty::Text,
        |a| value(hex(&Md5::digest(text_of(&mut a[0])?.as_bytes()))),
        "the MD5 of the bytes, in hexadecimal",
    ),
    Builtin::new("md5", &[Ty::Bytea], Ty::Text, |a| value(hex(&Md5::digest(bytes_of(&mut a[0])?))), "the MD5 of the bytes, in hexadecimal"),
    Builtin::new("sha224", &[Ty::Bytea], Ty::Bytea, hash::<Sha224>, "the SHA-224 of the bytes"),
    Builtin::new("sha256", &[Ty::Bytea], Ty::Bytea, hash::<Sha256>, "the SHA-256 of the bytes: sha256(convert_to(x, 'UTF8'))"),
    Builtin::new("sha384", &[Ty::Bytea], Ty::Bytea, hash::<Sha384>, "the SHA-384 of the bytes"),
    Builtin::new("sha512", &[Ty::Bytea], Ty::Bytea, hash::<Sha512>, "the SHA-512 of the bytes"),
];

pub(super) const OPERATORS: &[Builtin] =
    &[Builtin::new("||", &[Ty::Bytea, Ty::Bytea], Ty::Bytea, append, "the bytes one behind the other")];

/// Takes an argument of bytes.
pub(super) fn bytes_of<'r>(value: &mut Value<'r>) -> Result<Cow<'r, [u8]>, EvalError> {
    match std::mem::replace(value, Value::Null) {
        Value::Bytea(bytes) => Ok(bytes),
        _ => Err(mismatch()),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the end of every function of this file")]
fn bytea<'r>(bytes: impl Into<Cow<'r, [u8]>>) -> Evaluated<'r> {
    Ok(Value::Bytea(bytes.into()))
}

/// A part of bytes that shares their memory. A range beyond the end is cut.
fn slice(bytes: Cow<'_, [u8]>, from: usize, to: usize) -> Cow<'_, [u8]> {
    let to = to.min(bytes.len());
    let from = from.min(to);
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[from..to]),
        Cow::Owned(mut bytes) => {
            bytes.truncate(to);
            bytes.drain(..from);
            Cow::Owned(bytes)
        }
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    push_hex(bytes, &mut out);
    out
}

fn push_hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn hash<'r, D: Digest>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    bytea(D::digest(bytes_of(&mut args[0])?).to_vec())
}

fn bits<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let bits = bytes_of(&mut args[0])?.len().checked_mul(8).and_then(|bits| i32::try_from(bits).ok());
    bits.map(Value::Int4).ok_or_else(|| EvalError::sql("22003", "integer out of range"))
}

fn bit_count<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    Ok(Value::Int8(bytes_of(&mut args[0])?.iter().map(|byte| i64::from(byte.count_ones())).sum()))
}

fn substring<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, start) = (bytes_of(&mut args[0])?, int_of(&args[1])?);
    let end = match args.get(2) {
        None => i64::MAX,
        Some(length) => {
            let length = int_of(length)?;
            if length < 0 {
                return Err(EvalError::sql("22011", "negative substring length not allowed"));
            }
            start + length
        }
    };
    let place = |n: i64| usize::try_from(n.max(1) - 1).unwrap_or(usize::MAX);
    bytea(slice(bytes, place(start), place(end)))
}

fn position<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, part) = (bytes_of(&mut args[0])?, bytes_of(&mut args[1])?);
    if part.is_empty() {
        return Ok(Value::Int4(1));
    }
    count(bytes.windows(part.len()).position(|window| window == &*part).map_or(0, |at| at + 1))
}

fn overlay<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, by, start) = (bytes_of(&mut args[0])?, bytes_of(&mut args[1])?, int_of(&args[2])?);
    let many = match args.get(3) {
        Some(many) => int_of(many)?,
        None => i64::try_from(by.len()).unwrap_or(i64::MAX),
    };
    let (front, behind) = overlaid(start, many)?;
    bytea([&bytes[..front.min(bytes.len())], &by, &bytes[behind.min(bytes.len())..]].concat())
}

/// An index that must be one of the value's.
fn index(n: i64, length: usize) -> Result<usize, EvalError> {
    let found = usize::try_from(n).ok().filter(|n| *n < length);
    found.ok_or_else(|| EvalError::sql("2202E", "index out of valid range"))
}

fn get_byte<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, n) = (bytes_of(&mut args[0])?, int_of(&args[1])?);
    Ok(Value::Int4(i32::from(bytes[index(n, bytes.len())?])))
}

fn set_byte<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, n, new) = (bytes_of(&mut args[0])?, int_of(&args[1])?, int_of(&args[2])?);
    let at = index(n, bytes.len())?;
    let mut bytes = bytes.into_owned();
    bytes[at] = new.to_le_bytes()[0];
    bytea(bytes)
}

fn get_bit<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, n) = (bytes_of(&mut args[0])?, int_of(&args[1])?);
    let at = index(n, bytes.len().saturating_mul(8))?;
    Ok(Value::Int4(i32::from(bytes[at / 8] >> (at % 8) & 1)))
}

fn set_bit<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, n, new) = (bytes_of(&mut args[0])?, int_of(&args[1])?, int_of(&args[2])?);
    let at = index(n, bytes.len().saturating_mul(8))?;
    if !matches!(new, 0 | 1) {
        return Err(EvalError::sql("22023", "new bit must be 0 or 1"));
    }
    let mut bytes = bytes.into_owned();
    let bit = 1 << (at % 8);
    bytes[at / 8] = if new == 1 { bytes[at / 8] | bit } else { bytes[at / 8] & !bit };
    bytea(bytes)
}

fn trim<'r>(args: &mut [Value<'r>], front: bool, back: bool) -> Evaluated<'r> {
    let (bytes, set) = (bytes_of(&mut args[0])?, bytes_of(&mut args[1])?);
    let start = if front { bytes.iter().position(|b| !set.contains(b)).unwrap_or(bytes.len()) } else { 0 };
    let end = if back { bytes.iter().rposition(|b| !set.contains(b)).map_or(0, |last| last + 1) } else { bytes.len() };
    bytea(slice(bytes, start, end))
}

fn append<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (left, right) = (bytes_of(&mut args[0])?, bytes_of(&mut args[1])?);
    if left.len() + right.len() > MOST_BYTES {
        return Err(too_long());
    }
    let mut joined = left.into_owned();
    joined.extend_from_slice(&right);
    bytea(joined)
}

/// `byteaout`, in its hexadecimal form.
pub(super) fn output(mut value: Value<'_>) -> Evaluated<'_> {
    let bytes = bytes_of(&mut value)?;
    let mut out = String::with_capacity(2 + 2 * bytes.len());
    out.push_str("\\x");
    push_hex(&bytes, &mut out);
    Ok(Value::Text(out.into()))
}

/// `byteain`: hexadecimal behind `\x`, else the older form with escapes.
pub(super) fn input(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    bytea(match text.strip_prefix("\\x") {
        Some(digits) => decode_hex(digits.as_bytes())?,
        None => decode_escape(text.as_bytes())?,
    })
}

fn unknown_form() -> EvalError {
    EvalError::sql("22023", "unrecognized encoding")
}

fn encode<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (bytes, form) = (bytes_of(&mut args[0])?, text_of(&mut args[1])?);
    value(match form.to_ascii_lowercase().as_str() {
        "hex" => hex(&bytes),
        "base64" => encode_base64(&bytes),
        "escape" => encode_escape(&bytes),
        _ => return Err(unknown_form()),
    })
}

fn decode<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, form) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    bytea(match form.to_ascii_lowercase().as_str() {
        "hex" => decode_hex(text.as_bytes())?,
        "base64" => decode_base64(text.as_bytes())?,
        "escape" => decode_escape(text.as_bytes())?,
        _ => return Err(unknown_form()),
    })
}

/// `hex_decode`: pairs of digits with white space between them.
fn decode_hex(text: &[u8]) -> Result<Vec<u8>, EvalError> {
    let digit = |c: u8| {
        let value = char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
        value.ok_or_else(|| EvalError::sql("22023", "invalid hexadecimal digit"))
    };
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut rest = text.iter();
    while let Some(&high) = rest.next() {
        if matches!(high, b' ' | b'\n' | b'\t' | b'\r') {
            continue;
        }
        let high = digit(high)?;
        let low = *rest.next().ok_or_else(|| EvalError::sql("22023", "invalid hexadecimal data: odd number of digits"))?;
        out.push(high << 4 | digit(low)?);
    }
    Ok(out)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `pg_base64_encode`: a line ends behind its 76th character, the last one as well.
fn encode_base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() / 57 * 77 + 80);
    let mut line = 0;
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let letter = BASE64[usize::try_from(bits >> (18 - 6 * at) & 63).unwrap_or(0)];
            out.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
        line += 4;
        if line == 76 && group.len() == 3 {
            out.push('\n');
            line = 0;
        }
    }
    out
}

/// `pg_base64_decode`, step by step: it goes on behind `=`.
fn decode_base64(text: &[u8]) -> Result<Vec<u8>, EvalError> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut position, mut end) = (0_u32, 0, 0);
    for c in text {
        let six = match c {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'=' => {
                end = match (end, position) {
                    (0, 2) => 1,
                    (0, 3) => 2,
                    (0, _) => return Err(EvalError::sql("22023", "unexpected \"=\" while decoding base64 sequence")),
                    (end, _) => end,
                };
                0
            }
            c => {
                let found = BASE64.iter().position(|letter| letter == c).and_then(|at| u32::try_from(at).ok());
                found.ok_or_else(|| EvalError::sql("22023", "invalid symbol while decoding base64 sequence"))?
            }
        };
        bits = bits << 6 | six;
        position += 1;
        if position == 4 {
            let [_, first, second, third] = bits.to_be_bytes();
            out.push(first);
            if end != 1 {
                out.push(second);
            }
            if end == 0 {
                out.push(third);
            }
            (bits, position) = (0, 0);
        }
    }
    if position == 0 { Ok(out) } else { Err(EvalError::sql("22023", "invalid base64 end sequence")) }
}

/// `esc_encode`
fn encode_escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0 | 0x80.. => drop(write!(out, "\\{byte:03o}")),
            b'\\' => out.push_str("\\\\"),
            byte => out.push(char::from(*byte)),
        }
    }
    out
}

/// `esc_decode`
fn decode_escape(text: &[u8]) -> Result<Vec<u8>, EvalError> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        rest = match (first, behind) {
            (b'\\', [high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', behind @ ..]) => {
                out.push((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'));
                behind
            }
            (b'\\', [b'\\', behind @ ..]) => {
                out.push(b'\\');
                behind
            }
            (b'\\', _) => return Err(EvalError::sql("22P02", "invalid input syntax for type bytea")),
            (byte, behind) => {
                out.push(*byte);
                behind
            }
        };
    }
    Ok(out)
}
