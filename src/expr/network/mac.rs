//! `macaddr` and `macaddr8`: text forms and the casts between them. Boundary: values stand as field bytes.

use std::borrow::Cow;

use super::super::context::{EvalError, Evaluated};
use super::super::registry::{mismatch, text_of};
use super::{raw, text};
use crate::row::Value;

pub(super) fn maker<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let mut bytes = raw(&args[0])?.to_vec();
    bytes.iter_mut().skip(3).for_each(|byte| *byte = 0);
    Ok(Value::Raw(Cow::Owned(bytes)))
}

pub(super) fn set_7th_bit<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let mut bytes = raw(&args[0])?.to_vec();
    *bytes.first_mut().ok_or_else(mismatch)? |= 0x02;
    Ok(Value::Raw(Cow::Owned(bytes)))
}

/// `macaddr_out`, `macaddr8_out`
pub(in crate::expr) fn mac_output(value: Value<'_>) -> Evaluated<'_> {
    let bytes: Vec<String> = raw(&value)?.iter().map(|byte| format!("{byte:02x}")).collect();
    text(bytes.join(":"))
}

/// What stands in the middle of an address of eight bytes that was one of six.
const MIDDLE: [u8; 2] = [0xFF, 0xFE];

fn widened(bytes: [u8; 6]) -> Vec<u8> {
    [&bytes[..3], &MIDDLE, &bytes[3..]].concat()
}

pub(in crate::expr) fn mac_to_mac8(value: Value<'_>) -> Evaluated<'_> {
    let bytes: [u8; 6] = raw(&value)?.try_into().map_err(|_| mismatch())?;
    Ok(Value::Raw(Cow::Owned(widened(bytes))))
}

pub(in crate::expr) fn mac8_to_mac(value: Value<'_>) -> Evaluated<'_> {
    let bytes: [u8; 8] = raw(&value)?.try_into().map_err(|_| mismatch())?;
    if bytes[3..5] != MIDDLE {
        return Err(EvalError::sql("22003", "macaddr8 data out of range to convert to macaddr"));
    }
    Ok(Value::Raw(Cow::Owned([&bytes[..3], &bytes[5..]].concat())))
}

/// `macaddr_in` reads with `scanf`, which takes more than anyone writes: signs and `0x` in front of bytes are refused.
pub(in crate::expr) fn parse_mac(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    let odd = text.bytes().any(|b| matches!(b, b'x' | b'X' | b'+'))
        || text.split(|c: char| c.is_ascii_hexdigit()).any(|gap| gap.trim().len() > 1);
    if odd && text.bytes().filter(u8::is_ascii_hexdigit).count() >= 6 {
        return Err(EvalError::sql("0A000", "not in the form 08:00:2b:01:02:03"));
    }
    let shapes: [(&[usize], u8); 7] =
        [(&[1; 6], b':'), (&[1; 6], b'-'), (&[3, 3], b':'), (&[3, 3], b'-'), (&[2, 2, 2], b'.'), (&[2, 2, 2], b'-'), (&[6], b' ')];
    let found = shapes.iter().find_map(|(groups, separator)| scan(text.as_bytes(), groups, *separator));
    let bytes = found.ok_or_else(|| {
        let signed = text.contains('-') && text.bytes().filter(u8::is_ascii_hexdigit).count() >= 6;
        if signed {
            EvalError::sql("0A000", "not in the form 08:00:2b:01:02:03")
        } else {
            EvalError::sql("22P02", "invalid input syntax for type macaddr")
        }
    })?;
    let bytes: Option<Vec<u8>> = bytes.into_iter().map(|byte| u8::try_from(byte).ok()).collect();
    bytes.map(|bytes| Value::Raw(Cow::Owned(bytes))).ok_or_else(|| EvalError::sql("22003", "invalid octet value in macaddr value"))
}

/// Groups of bytes with separators between them. A byte that is alone in its group can have any number of digits, else two at most.
fn scan(text: &[u8], groups: &[usize], separator: u8) -> Option<Vec<u32>> {
    let (mut rest, mut bytes) = (text, Vec::new());
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(&[separator])?;
        }
        for _ in 0..*group {
            rest = rest.trim_ascii_start();
            let most = if *group == 1 { usize::MAX } else { 2 };
            let count = rest.iter().take(most).take_while(|b| b.is_ascii_hexdigit()).count();
            let (hex, behind) = rest.split_at(count);
            if hex.is_empty() {
                return None;
            }
            let digit = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0);
            bytes.push(hex.iter().fold(0_u32, |n, b| n.saturating_mul(16).saturating_add(digit(b))));
            rest = behind;
        }
    }
    rest.trim_ascii().is_empty().then_some(bytes)
}

/// `macaddr8_in`
pub(in crate::expr) fn parse_mac8(mut value: Value<'_>) -> Evaluated<'_> {
    let text = text_of(&mut value)?;
    read_mac8(text.as_bytes())
        .map(|bytes| Value::Raw(Cow::Owned(bytes)))
        .ok_or_else(|| EvalError::sql("22P02", "invalid input syntax for type macaddr8"))
}

fn read_mac8(text: &[u8]) -> Option<Vec<u8>> {
    let space = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let mut rest = &text[text.iter().take_while(|b| space(b)).count()..];
    let (mut bytes, mut spacer) = (Vec::new(), None);
    while let [high, low, behind @ ..] = rest {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        if bytes.len() == 8 {
            return None;
        }
        bytes.push(digit(*high)? << 4 | digit(*low)?);
        rest = behind;
        if let [c @ (b':' | b'-' | b'.'), behind @ ..] = rest {
            if *spacer.get_or_insert(*c) != *c {
                return None;
            }
            rest = behind;
        }
        if matches!(bytes.len(), 6 | 8) && rest.first().is_some_and(space) {
            if !rest.iter().all(space) {
                return None;
            }
            rest = &[];
        }
    }
    match bytes.len() {
        6 => bytes.try_into().ok().map(widened),
        8 => Some(bytes),
        _ => None,
    }
}
