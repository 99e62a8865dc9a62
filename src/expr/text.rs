//! Functions of text. Boundary: no patterns (`pattern.rs`) and no conversions (`cast.rs`).
//!
//! Text is UTF-8 and counted in characters. `lower`, `upper` and `ilike` map each character on its own, as PostgreSQL does
//! with the locales of the C library: a character whose other case has several characters (`ß`) stays as it is. A server
//! with an ICU locale differs in exactly those characters, one with the locale `C` in every character that is not ASCII.

use std::borrow::Cow;

use super::context::{EvalError, Evaluated};
use super::direct::Direct;
use super::registry::{Builtin, Ty, int_of, text_of};
use crate::row::Value;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("btrim", &[Ty::Text], Ty::Text, |a| trim(a, true, true), "without spaces at both ends")
        .direct(Direct::Part(|text| without_spaces(text, true, true))),
    Builtin::new("btrim", &[Ty::Text, Ty::Text], Ty::Text, |a| trim(a, true, true), "without these characters at both ends"),
    Builtin::new("ltrim", &[Ty::Text], Ty::Text, |a| trim(a, true, false), "without spaces in front")
        .direct(Direct::Part(|text| without_spaces(text, true, false))),
    Builtin::new("ltrim", &[Ty::Text, Ty::Text], Ty::Text, |a| trim(a, true, false), "without these characters in front"),
    Builtin::new("rtrim", &[Ty::Text], Ty::Text, |a| trim(a, false, true), "without spaces at the end")
        .direct(Direct::Part(|text| without_spaces(text, false, true))),
    Builtin::new("rtrim", &[Ty::Text, Ty::Text], Ty::Text, |a| trim(a, false, true), "without these characters at the end"),
    Builtin::new("lower", &[Ty::Text], Ty::Text, |a| recase(a, lower), "in lower case").direct(Direct::Text(lower)),
    Builtin::new("upper", &[Ty::Text], Ty::Text, |a| recase(a, upper), "in upper case").direct(Direct::Text(upper)),
    Builtin::new("length", &[Ty::Text], Ty::Int4, length, "number of characters"),
    Builtin::new("length", &[Ty::Bpchar], Ty::Int4, padded_length, "number of characters without the padding"),
    Builtin::new("char_length", &[Ty::Text], Ty::Int4, length, "number of characters"),
    Builtin::new("char_length", &[Ty::Bpchar], Ty::Int4, padded_length, "number of characters without the padding"),
    Builtin::new("character_length", &[Ty::Text], Ty::Int4, length, "number of characters"),
    Builtin::new("character_length", &[Ty::Bpchar], Ty::Int4, padded_length, "number of characters without the padding"),
    Builtin::new("octet_length", &[Ty::Text], Ty::Int4, octets, "number of bytes"),
    Builtin::new("octet_length", &[Ty::Bpchar], Ty::Int4, octets, "number of bytes, padding included"),
    Builtin::new("left", &[Ty::Text, Ty::Int4], Ty::Text, left, "the first n characters; all but the last -n where n is negative"),
    Builtin::new("right", &[Ty::Text, Ty::Int4], Ty::Text, right, "the last n characters; all but the first -n where n is negative"),
    Builtin::new("lpad", &[Ty::Text, Ty::Int4], Ty::Text, |a| pad(a, true), "filled up or cut to n characters").fails(),
    Builtin::new("lpad", &[Ty::Text, Ty::Int4, Ty::Text], Ty::Text, |a| pad(a, true), "filled up in front or cut to n characters").fails(),
    Builtin::new("rpad", &[Ty::Text, Ty::Int4], Ty::Text, |a| pad(a, false), "filled up or cut to n characters").fails(),
    Builtin::new("rpad", &[Ty::Text, Ty::Int4, Ty::Text], Ty::Text, |a| pad(a, false), "filled up at the end or cut to n characters")
        .fails(),
    Builtin::new("substr", &[Ty::Text, Ty::Int4], Ty::Text, substring, "from the n-th character on"),
    Builtin::new("substr", &[Ty::Text, Ty::Int4, Ty::Int4], Ty::Text, substring, "from the n-th character on, m characters").fails(),
    Builtin::new("substring", &[Ty::Text, Ty::Int4], Ty::Text, substring, "from the n-th character on"),
    Builtin::new("substring", &[Ty::Text, Ty::Int4, Ty::Int4], Ty::Text, substring, "from the n-th character on, m characters").fails(),
    Builtin::new("replace", &[Ty::Text, Ty::Text, Ty::Text], Ty::Text, replace, "every occurrence of one text replaced by another"),
    Builtin::new("strpos", &[Ty::Text, Ty::Text], Ty::Int4, position, "where the second text begins in the first; 0 where it does not"),
    Builtin::new(
        "split_part",
        &[Ty::Text, Ty::Text, Ty::Int4],
        Ty::Text,
        split_part,
        "the n-th part between separators; from the end where n is negative",
    )
    .fails(),
    Builtin::new("starts_with", &[Ty::Text, Ty::Text], Ty::Bool, starts_with, "whether the first text begins with the second"),
    Builtin::new("concat", &[Ty::AnyText], Ty::Text, concat, "the arguments in text form, one behind the other; NULL counts as nothing")
        .lenient()
        .variadic(),
    Builtin::new(
        "concat_ws",
        &[Ty::Text, Ty::AnyText],
        Ty::Text,
        concat_ws,
        "the arguments that are not NULL, with a separator between them",
    )
    .lenient()
    .variadic(),
    Builtin::new("repeat", &[Ty::Text, Ty::Int4], Ty::Text, repeat, "n times").fails(),
    Builtin::new("reverse", &[Ty::Text], Ty::Text, reverse, "the characters from last to first"),
];

/// Functions and operators whose result depends on the collation of their arguments: what they do under `collate "C"` is not here.
pub(super) const COLLATED: &[&str] = &[
    "lower",
    "upper",
    "initcap",
    "~",
    "~*",
    "!~",
    "!~*",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
    "regexp_split_to_array",
    "regexp_substr",
    "substring",
];

/// `MaxAllocSize` of PostgreSQL: no text can be longer.
const MAX_BYTES: usize = 0x3FFF_FFFF;
/// What one expression may make of one row. PostgreSQL goes to `MAX_BYTES`; so much would end the process, not the row.
pub(super) const MOST_BYTES: usize = 256 << 20;

pub(super) fn too_long() -> EvalError {
    EvalError::sql("54000", "requested length too large")
}

/// The part of a text that shares its memory.
pub(super) fn slice(text: Cow<'_, str>, range: std::ops::Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(mut text) => {
            text.truncate(range.end);
            text.drain(..range.start);
            Cow::Owned(text)
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "the end of every function of this file")]
pub(super) fn value<'r>(text: impl Into<Cow<'r, str>>) -> Evaluated<'r> {
    Ok(Value::Text(text.into()))
}

pub(super) fn count(n: usize) -> Evaluated<'static> {
    i32::try_from(n).map(Value::Int4).map_err(|_| too_long())
}

/// The byte at which the n-th character (from 0) begins; the end where there are fewer.
pub(super) fn byte_of(text: &str, n: usize) -> usize {
    if text.is_ascii() {
        return n.min(text.len());
    }
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

fn trim<'r>(args: &mut [Value<'r>], front: bool, back: bool) -> Evaluated<'r> {
    let text = text_of(&mut args[0])?;
    let set = match args.get_mut(1) {
        Some(set) => text_of(set)?,
        None => Cow::Borrowed(" "),
    };
    let kept = between(&text, &set, front, back);
    value(slice(text, kept))
}

fn without_spaces(text: &str, front: bool, back: bool) -> &str {
    &text[between(text, " ", front, back)]
}

/// What is left of a text without these characters at its ends.
#[inline]
fn between(text: &str, set: &str, front: bool, back: bool) -> std::ops::Range<usize> {
    // Bytes of ASCII are no part of any other character.
    if let [only] = set.as_bytes() {
        return among(text.as_bytes(), |byte| byte == *only, front, back);
    }
    if set.is_ascii() {
        return among(text.as_bytes(), |byte| set.as_bytes().contains(&byte), front, back);
    }
    let in_set = |c: char| set.contains(c);
    let start = if front { text.len() - text.trim_start_matches(in_set).len() } else { 0 };
    start..if back { start + text[start..].trim_end_matches(in_set).len() } else { text.len() }
}

#[inline]
fn among(bytes: &[u8], in_set: impl Fn(u8) -> bool, front: bool, back: bool) -> std::ops::Range<usize> {
    let (mut start, mut end) = (0, bytes.len());
    while front && start < end && in_set(bytes[start]) {
        start += 1;
    }
    while back && start < end && in_set(bytes[end - 1]) {
        end -= 1;
    }
    start..end
}

/// The lower case of a character where it is one character.
pub(super) fn lower_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // The C library maps İ to i; the Unicode rule for the whole word makes two characters of it.
    if c == '\u{130}' {
        return 'i';
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The upper case of a character where it is one character.
pub(super) fn upper_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    // Greek with iota below: the rule for a whole word writes the iota out, the one for a character has a letter for it.
    let iota = match c {
        '\u{1F80}'..='\u{1FAF}' if u32::from(c) & 8 == 0 => 8,
        '\u{1FB3}' | '\u{1FC3}' | '\u{1FF3}' => 9,
        _ => 0,
    };
    if iota > 0 {
        return char::from_u32(u32::from(c) + iota).unwrap_or(c);
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn recase<'r>(args: &mut [Value<'r>], map: for<'a> fn(&'a str) -> Cow<'a, str>) -> Evaluated<'r> {
    value(match text_of(&mut args[0])? {
        Cow::Borrowed(text) => map(text),
        Cow::Owned(text) => match map(&text) {
            Cow::Owned(other) => Cow::Owned(other),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    })
}

fn lower(text: &str) -> Cow<'_, str> {
    mapped(text, |b| b.is_ascii_uppercase(), str::to_ascii_lowercase, lower_char)
}

fn upper(text: &str) -> Cow<'_, str> {
    mapped(text, |b| b.is_ascii_lowercase(), str::to_ascii_uppercase, upper_char)
}

/// Each character mapped on its own; the text itself where none changes.
#[inline]
fn mapped(text: &str, changes: impl Fn(u8) -> bool, ascii: impl Fn(&str) -> String, map: impl Fn(char) -> char) -> Cow<'_, str> {
    // One pass without a way out, which the compiler makes wide.
    let (all, any) = text.bytes().fold((0, false), |(all, any), b| (all | b, any | changes(b)));
    match (all < 0x80, any) {
        (true, true) => Cow::Owned(ascii(text)),
        (true, false) => Cow::Borrowed(text),
        _ if text.chars().all(|c| map(c) == c) => Cow::Borrowed(text),
        _ => Cow::Owned(text.chars().map(map).collect()),
    }
}

fn length<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    count(text_of(&mut args[0])?.chars().count())
}

fn padded_length<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    count(text_of(&mut args[0])?.trim_end_matches(' ').chars().count())
}

fn octets<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    count(text_of(&mut args[0])?.len())
}

/// The byte behind the first `n` characters; where `n` is negative, the byte before the last `-n`.
fn cut(text: &str, n: i64) -> usize {
    let wanted = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
    if n >= 0 { byte_of(text, wanted) } else { byte_of(text, text.chars().count().saturating_sub(wanted)) }
}

fn left<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, n) = (text_of(&mut args[0])?, int_of(&args[1])?);
    let end = cut(&text, n);
    value(slice(text, 0..end))
}

fn right<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, n) = (text_of(&mut args[0])?, int_of(&args[1])?);
    let end = text.len();
    // The server negates in 32 bits, where the least number stays what it is.
    let start = match n {
        // The last 0 characters are not all but the first 0.
        0 => end,
        n if n == i64::from(i32::MIN) => 0,
        n => cut(&text, -n),
    };
    value(slice(text, start..end))
}

fn pad<'r>(args: &mut [Value<'r>], front: bool) -> Evaluated<'r> {
    let (text, n) = (text_of(&mut args[0])?, int_of(&args[1])?);
    let fill = match args.get_mut(2) {
        Some(fill) => text_of(fill)?,
        None => Cow::Borrowed(" "),
    };
    let wanted = usize::try_from(n).unwrap_or(0);
    // PostgreSQL asks for four bytes a character before it looks at the text.
    if wanted.saturating_mul(4) > MAX_BYTES {
        return Err(too_long());
    }
    let has = text.chars().count();
    if has >= wanted || fill.is_empty() {
        let end = byte_of(&text, wanted);
        return value(slice(text, 0..end));
    }
    let filling = fill.chars().cycle().take(wanted - has);
    value(if front { filling.chain(text.chars()).collect::<String>() } else { text.chars().chain(filling).collect() })
}

fn substring<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, start) = (text_of(&mut args[0])?, int_of(&args[1])?);
    let end = match args.get(2) {
        None => i64::MAX,
        Some(length) => {
            let length = int_of(length)?;
            if length < 0 {
                return Err(EvalError::sql("22011", "negative substring length not allowed"));
            }
            start.saturating_add(length)
        }
    };
    let first = usize::try_from(start.max(1) - 1).unwrap_or(usize::MAX);
    let many = usize::try_from(end.saturating_sub(start.max(1))).unwrap_or(0);
    let from = byte_of(&text, first);
    let to = from + byte_of(&text[from..], many);
    value(slice(text, from..to))
}

fn replace<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, from, to) = (text_of(&mut args[0])?, text_of(&mut args[1])?, text_of(&mut args[2])?);
    if from.is_empty() || !text.contains(&*from) {
        return value(text);
    }
    let grown = text.len().saturating_add(text.matches(&*from).count().saturating_mul(to.len()));
    if grown > MOST_BYTES {
        return Err(too_long());
    }
    value(text.replace(&*from, &to))
}

pub(super) fn position<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, part) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    count(text.find(&*part).map_or(0, |at| text[..at].chars().count() + 1))
}

fn split_part<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, separator, n) = (text_of(&mut args[0])?, text_of(&mut args[1])?, int_of(&args[2])?);
    if n == 0 {
        return Err(EvalError::sql("22023", "field position must not be zero"));
    }
    if text.is_empty() {
        return value("");
    }
    if separator.is_empty() {
        return value(if n == 1 || n == -1 { text } else { Cow::Borrowed("") });
    }
    let wanted = usize::try_from(n.unsigned_abs() - 1).unwrap_or(usize::MAX);
    // Counted from the front in both directions: separators that overlap are found from the front.
    let wanted =
        if n > 0 { Some(wanted) } else { text.split(&*separator).count().checked_sub(1).and_then(|last| last.checked_sub(wanted)) };
    let range = wanted.and_then(|wanted| text.split(&*separator).nth(wanted)).map(|part| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        start..start + part.len()
    });
    match range {
        Some(range) => value(slice(text, range)),
        None => value(""),
    }
}

pub(super) fn starts_with<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, start) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    Ok(Value::Bool(text.starts_with(&*start)))
}

fn concat<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    join(args, "")
}

fn concat_ws<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let separator = text_of(&mut args[0])?;
    join(&mut args[1..], &separator)
}

fn join<'r>(args: &mut [Value<'r>], separator: &str) -> Evaluated<'r> {
    let mut joined: Option<String> = None;
    for arg in args.iter_mut().filter(|a| !a.is_null()) {
        let text = text_of(arg)?;
        match &mut joined {
            None => joined = Some(text.into_owned()),
            Some(joined) => {
                joined.push_str(separator);
                joined.push_str(&text);
            }
        }
    }
    value(joined.unwrap_or_default())
}

/// `text || text`
pub(super) fn append<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (left, right) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    if right.is_empty() {
        return value(left);
    }
    let mut joined = left.into_owned();
    joined.push_str(&right);
    value(joined)
}

fn repeat<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, n) = (text_of(&mut args[0])?, int_of(&args[1])?);
    let n = usize::try_from(n).unwrap_or(0);
    if text.len().saturating_mul(n) > MOST_BYTES {
        return Err(too_long());
    }
    value(text.repeat(n))
}

fn reverse<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    value(text_of(&mut args[0])?.chars().rev().collect::<String>())
}
