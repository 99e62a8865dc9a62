//! The text form of arrays: `array_in` and `array_out`. Boundary: framing; what the text of an element means is its type's, and comes
//! in as a function.

use std::borrow::Cow;

use super::super::context::EvalError;
use super::{checked_dimensions, too_large};
use crate::row::{Array, Dimension, MOST_DIMENSIONS};

#[cold]
fn malformed() -> EvalError {
    EvalError::sql("22P02", "malformed array literal")
}

/// `array_isspace`
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

/// An array as it was written: its dimensions, and its elements, `None` for NULL.
pub(super) struct Written<'t> {
    pub dimensions: Vec<Dimension>,
    pub elements: Vec<Option<Cow<'t, str>>>,
}

/// Reads an array literal.
pub(super) fn read(text: &str) -> Result<Written<'_>, EvalError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut bounds: Vec<Dimension> = Vec::new();
    let space = |at: &mut usize| {
        while bytes.get(*at).copied().is_some_and(is_space) {
            *at += 1;
        }
    };
    loop {
        space(&mut at);
        if bytes.get(at) != Some(&b'[') {
            break;
        }
        at += 1;
        if bounds.len() >= MOST_DIMENSIONS {
            return Err(EvalError::sql("54000", "number of array dimensions exceeds the maximum allowed (6)"));
        }
        let first = bound(bytes, &mut at)?;
        let (lower, upper) = if bytes.get(at) == Some(&b':') {
            at += 1;
            (first, bound(bytes, &mut at)?)
        } else {
            (1, first)
        };
        if bytes.get(at) != Some(&b']') {
            return Err(malformed());
        }
        at += 1;
        if upper < lower {
            return Err(EvalError::sql("2202E", "upper bound cannot be less than lower bound"));
        }
        let length = upper.checked_sub(lower).and_then(|n| n.checked_add(1));
        bounds.push(Dimension { length: length.ok_or_else(huge)?, lower });
    }
    if !bounds.is_empty() {
        if bytes.get(at) != Some(&b'=') {
            return Err(malformed());
        }
        at += 1;
        space(&mut at);
    }
    if bytes.get(at) != Some(&b'{') {
        return Err(malformed());
    }
    let lengths = count(&bytes[at..])?;
    let dimensions = if bounds.is_empty() {
        lengths.iter().map(|length| Dimension { length: *length, lower: 1 }).collect()
    } else {
        if bounds.len() != lengths.len() || bounds.iter().zip(&lengths).any(|(bound, length)| bound.length != *length) {
            return Err(malformed());
        }
        bounds
    };
    let items = checked_dimensions(&dimensions)?;
    if items == 0 {
        return Ok(Written { dimensions: Vec::new(), elements: Vec::new() });
    }
    let elements = items_of(&text[at..], &lengths, items)?;
    Ok(Written { dimensions, elements })
}

#[cold]
fn huge() -> EvalError {
    EvalError::sql("0A000", "an array with bounds beyond the range of integers")
}

/// A bound as `atoi` reads it: digits and signs in any order, of which the number at the beginning counts.
fn bound(bytes: &[u8], at: &mut usize) -> Result<i32, EvalError> {
    let length = bytes[*at..].iter().take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+')).count();
    if length == 0 {
        return Err(malformed());
    }
    let written = &bytes[*at..*at + length];
    *at += length;
    let (negative, digits) = match written {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let mut n = 0_i64;
    for digit in digits.iter().take_while(|b| b.is_ascii_digit()) {
        n = n.checked_mul(10).and_then(|n| n.checked_add(i64::from(digit - b'0'))).ok_or_else(huge)?;
    }
    i32::try_from(if negative { -n } else { n }).map_err(|_| huge())
}

/// Where the reader is (`ArrayParseState`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    NoLevel,
    LevelStarted,
    ElementStarted,
    QuotedStarted,
    QuotedCompleted,
    ElementDelimited,
    LevelCompleted,
    LevelDelimited,
}

/// `ArrayCount`: checks the syntax and gives the length of each dimension; none for an empty array.
fn count(bytes: &[u8]) -> Result<Vec<i32>, EvalError> {
    use State as S;
    let (mut nest, mut dimensions) = (0_usize, 1_usize);
    let mut seen = [0_i32; MOST_DIMENSIONS];
    let mut lengths = [1_i32; MOST_DIMENSIONS];
    let mut last = [0_i32; MOST_DIMENSIONS];
    let (mut quoted, mut empty) = (false, true);
    let mut state = S::NoLevel;
    let mut at = 0;
    loop {
        if matches!(state, S::ElementStarted | S::QuotedStarted) {
            empty = false;
        }
        let byte = *bytes.get(at).ok_or_else(malformed)?;
        let mut item_done = false;
        let mut done = false;
        match byte {
            b'\\' => {
                if !matches!(state, S::LevelStarted | S::ElementStarted | S::QuotedStarted | S::ElementDelimited) {
                    return Err(malformed());
                }
                if state != S::QuotedStarted {
                    state = S::ElementStarted;
                }
                at += 1;
                if at >= bytes.len() {
                    return Err(malformed());
                }
            }
            b'"' => {
                if !matches!(state, S::LevelStarted | S::QuotedStarted | S::ElementDelimited) {
                    return Err(malformed());
                }
                quoted = !quoted;
                state = if quoted { S::QuotedStarted } else { S::QuotedCompleted };
            }
            _ if quoted => {}
            b'{' => {
                if !matches!(state, S::NoLevel | S::LevelStarted | S::LevelDelimited) {
                    return Err(malformed());
                }
                state = S::LevelStarted;
                if nest >= MOST_DIMENSIONS {
                    return Err(EvalError::sql("54000", "number of array dimensions exceeds the maximum allowed (6)"));
                }
                seen[nest] = 0;
                nest += 1;
                dimensions = dimensions.max(nest);
            }
            b'}' => {
                let ends = matches!(state, S::ElementStarted | S::QuotedCompleted | S::LevelCompleted);
                if !(ends || (nest == 1 && state == S::LevelStarted)) {
                    return Err(malformed());
                }
                state = S::LevelCompleted;
                nest = nest.checked_sub(1).ok_or_else(malformed)?;
                if last[nest] != 0 && lengths[nest] != last[nest] {
                    return Err(malformed());
                }
                last[nest] = lengths[nest];
                lengths[nest] = 1;
                if nest == 0 {
                    (done, item_done) = (true, true);
                } else {
                    seen[nest - 1] = seen[nest - 1].checked_add(1).ok_or_else(too_large)?;
                }
            }
            b',' => {
                if !matches!(state, S::ElementStarted | S::QuotedCompleted | S::LevelCompleted) {
                    return Err(malformed());
                }
                state = if state == S::LevelCompleted { S::LevelDelimited } else { S::ElementDelimited };
                item_done = true;
                lengths[nest - 1] = lengths[nest - 1].checked_add(1).ok_or_else(too_large)?;
            }
            byte if is_space(byte) => {}
            _ => {
                if !matches!(state, S::LevelStarted | S::ElementStarted | S::ElementDelimited) {
                    return Err(malformed());
                }
                state = S::ElementStarted;
            }
        }
        at += 1;
        if item_done {
            seen[dimensions - 1] = seen[dimensions - 1].checked_add(1).ok_or_else(too_large)?;
        }
        if done {
            break;
        }
    }
    if bytes[at..].iter().any(|byte| !is_space(*byte)) {
        return Err(malformed());
    }
    Ok(if empty { Vec::new() } else { seen[..dimensions].to_vec() })
}

/// `ReadArrayStr`: the elements at their places. The syntax was checked by [`count`].
fn items_of<'t>(text: &'t str, lengths: &[i32], items: usize) -> Result<Vec<Option<Cow<'t, str>>>, EvalError> {
    let bytes = text.as_bytes();
    let mut elements: Vec<Option<Cow<'t, str>>> = vec![None; items];
    let mut index = [0_usize; MOST_DIMENSIONS];
    let mut nest = 0_usize;
    let mut at = 0;
    let place = |index: &[usize; MOST_DIMENSIONS]| {
        lengths
            .iter()
            .zip(index)
            .fold(0_usize, |offset, (length, index)| offset.saturating_mul(usize::try_from(*length).unwrap_or(0)).saturating_add(*index))
    };
    let mut done = false;
    while !done {
        // What is plain is borrowed; escapes and quotes make it a text of its own.
        let (mut quoting, mut quoted, mut leading) = (false, false, true);
        let (mut start, mut end) = (at, at);
        let mut built: Option<Vec<u8>> = None;
        let mut built_end = 0;
        let mut offset: Option<usize> = None;
        let mut item_done = false;
        while !item_done {
            let byte = *bytes.get(at).ok_or_else(malformed)?;
            let mut keep = None;
            match byte {
                b'\\' => {
                    let built = built.get_or_insert_with(|| if leading { Vec::new() } else { bytes[start..at].to_vec() });
                    at += 1;
                    built.push(*bytes.get(at).ok_or_else(malformed)?);
                    (leading, quoting) = (false, true);
                    built_end = built.len();
                }
                b'"' => {
                    let built = built.get_or_insert_with(|| if leading { Vec::new() } else { bytes[start..at].to_vec() });
                    quoted = !quoted;
                    if quoted {
                        leading = false;
                    } else {
                        built_end = built.len();
                    }
                    quoting = true;
                }
                _ if quoted => keep = Some(byte),
                b'{' => {
                    if nest >= lengths.len() {
                        return Err(malformed());
                    }
                    nest += 1;
                    index[nest - 1] = 0;
                }
                b'}' => {
                    nest = nest.checked_sub(1).ok_or_else(malformed)?;
                    offset = offset.or_else(|| Some(place(&index)));
                    index[nest] = 0;
                    if nest == 0 {
                        (done, item_done) = (true, true);
                    } else {
                        index[nest - 1] += 1;
                    }
                }
                b',' => {
                    offset = offset.or_else(|| Some(place(&index)));
                    item_done = true;
                    index[lengths.len() - 1] += 1;
                }
                byte if is_space(byte) => {
                    if !leading {
                        keep = Some(byte);
                    }
                }
                byte => {
                    if leading {
                        (start, leading) = (at, false);
                    }
                    if built.is_none() {
                        end = at + 1;
                    }
                    keep = Some(byte);
                    if let Some(built) = &mut built {
                        built.push(byte);
                        built_end = built.len();
                        keep = None;
                    }
                }
            }
            if let (Some(byte), Some(built)) = (keep, &mut built) {
                built.push(byte);
            }
            at += 1;
        }
        let item: Cow<'t, str> = match built {
            None => Cow::Borrowed(text.get(start..end).ok_or_else(malformed)?),
            Some(mut built) => {
                built.truncate(built_end);
                Cow::Owned(String::from_utf8(built).map_err(|_| malformed())?)
            }
        };
        let slot = offset.and_then(|offset| elements.get_mut(offset)).ok_or_else(malformed)?;
        *slot = if !quoting && item.eq_ignore_ascii_case("null") { None } else { Some(item) };
    }
    Ok(elements)
}

/// Whether an element's text must stand in quotes.
fn needs_quotes(text: &str) -> bool {
    let odd = |byte: u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',') || is_space(byte);
    text.is_empty() || text.eq_ignore_ascii_case("null") || text.bytes().any(odd)
}

fn element(text: &str, out: &mut String) {
    if !needs_quotes(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// `array_out`; `print` gives the text of an element's bytes.
pub(super) fn write<'v>(
    array: &Array<'v>,
    mut print: impl FnMut(&'v [u8]) -> Result<Cow<'v, str>, EvalError>,
) -> Result<String, EvalError> {
    let dimensions = array.dimensions();
    if array.is_empty() {
        return Ok("{}".to_owned());
    }
    let mut out = String::new();
    if dimensions.iter().any(|d| d.lower != 1) {
        out.push_str(&bounds(dimensions));
        out.push('=');
    }
    let lengths: Vec<usize> = dimensions.iter().map(|d| usize::try_from(d.length).unwrap_or(0)).collect();
    for (at, field) in array.iter().enumerate() {
        // As many braces open before an element, and close behind it, as dimensions begin, and end, with it.
        let edge = |at: usize| {
            let mut block = 1;
            lengths
                .iter()
                .rev()
                .take_while(|length| {
                    block *= **length;
                    at.is_multiple_of(block)
                })
                .count()
        };
        if at > 0 {
            out.push(',');
        }
        (0..edge(at)).for_each(|_| out.push('{'));
        match field {
            None => out.push_str("NULL"),
            Some(field) => element(&print(field)?, &mut out),
        }
        (0..edge(at + 1)).for_each(|_| out.push('}'));
    }
    Ok(out)
}

/// `[1:2][0:3]`
pub(super) fn bounds(dimensions: &[Dimension]) -> String {
    let bounds = dimensions.iter().map(|d| format!("[{}:{}]", d.lower, i64::from(d.lower) + i64::from(d.length) - 1));
    bounds.collect()
}
