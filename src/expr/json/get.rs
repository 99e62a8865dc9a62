//! Parts of `json` and `jsonb`: members, elements, paths, and what a value is. Boundary: a part is handed out as the text that it has
//! within the whole, without a copy where the whole is borrowed.

use std::borrow::Cow;
use std::ops::Range;

use super::super::array::{array_of, decoded};
use super::super::context::{EvalError, Evaluated};
use super::super::registry::{Builtin, Ty, int_of, mismatch, text_of};
use super::super::text::slice;
use super::tape::{Part, Tape, end_of_string, index_of};
use super::text::{escape, unescaped};
use crate::row::{SqlType, Value};

/// `x['key'][0]` of a `jsonb`.
pub(in crate::expr) static SUBSCRIPT: Builtin =
    Builtin::new("[]", &[Ty::Jsonb, Ty::Text], Ty::Jsonb, |args| path(args, false, true, true), "a part of a jsonb");

/// The end of the canonical value that begins at `at`. `None` where the text is not canonical.
fn end_of(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut next = at;
    loop {
        match *bytes.get(next)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'"' => next = end_of_string(bytes, next)? - 1,
            _ => {
                // Within a container a scalar ends by itself; alone, it ends where it ends.
                if depth == 0 {
                    let run = bytes[next..].iter().position(|b| matches!(b, b',' | b'}' | b']')).unwrap_or(bytes.len() - next);
                    return Some(next + run);
                }
            }
        }
        next += 1;
        if depth == 0 {
            return Some(next);
        }
    }
}

/// Calls `visit` with the range of each member's key (in quotes) and value, or of each element, until it says that it has enough.
/// For canonical text only.
fn items(text: &str, mut visit: impl FnMut(Option<&str>, Range<usize>) -> bool) -> Result<(), EvalError> {
    let bytes = text.as_bytes();
    let object = bytes.first() == Some(&b'{');
    let mut at = 1;
    while !matches!(bytes.get(at), Some(b'}' | b']')) {
        if bytes.get(at..at + 2) == Some(b", ") {
            at += 2;
        }
        let mut key = None;
        if object {
            let end = end_of_string(bytes, at).ok_or_else(mismatch)?;
            key = text.get(at..end);
            at = end + 2;
        }
        let end = end_of(bytes, at).ok_or_else(mismatch)?;
        if visit(key, at..end) {
            return Ok(());
        }
        at = end;
    }
    Ok(())
}

/// A part of a value, as JSON or as text.
fn part(text: Cow<'_, str>, range: Range<usize>, as_text: bool, binary: bool) -> Evaluated<'_> {
    let part = slice(text, range);
    if !as_text {
        return Ok(if binary { Value::Jsonb(part) } else { Value::Json(part) });
    }
    Ok(match part.as_bytes().first() {
        Some(b'"') if part.contains('\\') => Value::Text(Cow::Owned(unescaped(&part)?)),
        Some(b'"') => {
            let inner = 1..part.len() - 1;
            Value::Text(slice(part, inner))
        }
        Some(b'n') => Value::Null,
        _ => Value::Text(part),
    })
}

/// `jsonb -> text`, `jsonb ->> text`
pub(super) fn field<'r>(args: &mut [Value<'r>], as_text: bool) -> Evaluated<'r> {
    let (json, key) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    if !json.starts_with('{') {
        return Ok(Value::Null);
    }
    let mut wanted = String::with_capacity(key.len() + 2);
    escape(&key, &mut wanted);
    let mut found = None;
    items(&json, |key, value| {
        if key == Some(&wanted) {
            found = Some(value);
        }
        found.is_some()
    })?;
    found.map_or(Ok(Value::Null), |range| part(json, range, as_text, true))
}

/// `jsonb -> int`, `jsonb ->> int`
pub(super) fn element<'r>(args: &mut [Value<'r>], as_text: bool) -> Evaluated<'r> {
    let (json, index) = (text_of(&mut args[0])?, int_of(&args[1])?);
    if json.starts_with('{') {
        return Ok(Value::Null);
    }
    if !json.starts_with('[') {
        // PostgreSQL keeps a lone scalar as an array of one, and this operator shows it.
        let whole = 0..json.len();
        return if index == 0 || index == -1 { part(json, whole, as_text, true) } else { Ok(Value::Null) };
    }
    let wanted = if index >= 0 {
        index
    } else {
        let mut count = 0_i64;
        items(&json, |_, _| {
            count += 1;
            false
        })?;
        count + index
    };
    let (mut at, mut found) = (0, None);
    items(&json, |_, value| {
        if at == wanted {
            found = Some(value);
        }
        at += 1;
        found.is_some()
    })?;
    found.map_or(Ok(Value::Null), |range| part(json, range, as_text, true))
}

/// Reads a `json`. PostgreSQL takes the escapes out of every string when it looks for a part, so that is where a bad one is found.
pub(super) fn read_json(text: &str) -> Result<Tape<'_>, EvalError> {
    let tape = Tape::read(text)?;
    if text.contains("\\u") {
        for at in (0..tape.entries.len()).filter(|at| tape.entry(*at).part == Part::String) {
            tape.string(at)?;
        }
    }
    Ok(tape)
}

/// `json -> text`, `json ->> text`
pub(super) fn json_field<'r>(args: &mut [Value<'r>], as_text: bool) -> Evaluated<'r> {
    let (json, key) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    let tape = read_json(&json)?;
    let found = if tape.root().part == Part::Object { tape.value(0, &key)? } else { None };
    let range = found.map(|at| tape.entry(at).range.clone());
    range.map_or(Ok(Value::Null), |range| part(json, range, as_text, false))
}

/// `json -> int`, `json ->> int`
pub(super) fn json_element<'r>(args: &mut [Value<'r>], as_text: bool) -> Evaluated<'r> {
    let (json, index) = (text_of(&mut args[0])?, int_of(&args[1])?);
    let tape = read_json(&json)?;
    // The least integer stands for no index at all.
    let sought = tape.root().part == Part::Array && index != i64::from(i32::MIN);
    let found = if sought { tape.element(0, index) } else { None };
    let range = found.map(|at| tape.entry(at).range.clone());
    range.map_or(Ok(Value::Null), |range| part(json, range, as_text, false))
}

/// A path of keys and indexes, from an array or from the arguments themselves. `None` where one of them is NULL.
pub(super) fn steps(args: &mut [Value<'_>], listed: bool) -> Result<Option<Vec<String>>, EvalError> {
    let mut steps = Vec::new();
    if listed {
        for arg in args {
            if arg.is_null() {
                return Ok(None);
            }
            steps.push(text_of(arg)?.into_owned());
        }
        return Ok(Some(steps));
    }
    for field in &array_of(&args[0])? {
        let mut step = decoded(&SqlType::Text, field)?;
        if step.is_null() {
            return Ok(None);
        }
        steps.push(text_of(&mut step)?.into_owned());
    }
    Ok(Some(steps))
}

/// `#>`, `#>>`, `…_extract_path`: `listed` where the path's steps are arguments.
pub(super) fn path<'r>(args: &mut [Value<'r>], as_text: bool, binary: bool, listed: bool) -> Evaluated<'r> {
    let json = text_of(&mut args[0])?;
    let Some(steps) = steps(&mut args[1..], listed)? else { return Ok(Value::Null) };
    if !binary {
        let tape = read_json(&json)?;
        let found = json_path(&tape, 0, &steps, 0)?;
        let lone = steps.is_empty() && tape.is_scalar() && !(as_text && matches!(tape.root().part, Part::String | Part::Null));
        // What PostgreSQL gives of a lone scalar begins where the text does.
        let range = found.map(|at| if lone { 0..tape.entry(at).range.end } else { tape.entry(at).range.clone() });
        return range.map_or(Ok(Value::Null), |range| part(json, range, as_text, false));
    }
    let tape = Tape::read(&json)?;
    let mut at = 0;
    for step in steps {
        let found = match tape.entry(at).part {
            Part::Object => tape.value(at, &step)?,
            Part::Array => index_of(&step).filter(|index| *index != i64::from(i32::MIN)).and_then(|index| tape.element(at, index)),
            _ => None,
        };
        match found {
            Some(found) => at = found,
            None => return Ok(Value::Null),
        }
    }
    let range = tape.entry(at).range.clone();
    part(json, range, as_text, binary)
}

/// The part of a `json` at a path. Of equal keys the last that leads to the end of the path counts.
fn json_path(tape: &Tape<'_>, at: usize, steps: &[String], level: usize) -> Result<Option<usize>, EvalError> {
    let Some(step) = steps.get(level) else { return Ok(Some(at)) };
    match tape.entry(at).part {
        Part::Object => {
            let mut found = None;
            for (key, value) in tape.pairs(at) {
                if tape.string(key)? == *step {
                    found = json_path(tape, value, steps, level + 1)?.or(found);
                }
            }
            Ok(found)
        }
        Part::Array => {
            let index = index_of(step).filter(|index| *index != i64::from(i32::MIN)).map(|index| from_front(tape, at, index, level));
            let element = index.filter(|index| *index >= 0).and_then(|index| tape.element(at, index));
            element.map_or(Ok(None), |element| json_path(tape, element, steps, level + 1))
        }
        _ => Ok(None),
    }
}

/// An index from the end becomes one from the front by the length of the first array on its level that is long enough, on the path or
/// not: PostgreSQL's parser changes it for good when it meets that array.
fn from_front(tape: &Tape<'_>, target: usize, index: i64, level: usize) -> i64 {
    if index >= 0 {
        return index;
    }
    let mut ends: Vec<usize> = Vec::new();
    for at in 0..=target {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
        }
        let entry = tape.entry(at);
        let count = i64::try_from(entry.count).unwrap_or(0);
        if ends.len() == level && entry.part == Part::Array && -index <= count {
            return index + count;
        }
        if !entry.is_scalar() {
            ends.push(entry.next);
        }
    }
    index
}

pub(super) fn type_of<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let json = text_of(&mut args[0])?;
    let first = json.trim_start_matches([' ', '\t', '\n', '\r']).as_bytes().first();
    Ok(Value::text(match first {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }))
}

pub(super) fn array_length<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let json = text_of(&mut args[0])?;
    let tape = Tape::read(&json)?;
    match tape.root().part {
        Part::Array => i32::try_from(tape.root().count).map(Value::Int4).map_err(|_| mismatch()),
        Part::Object => Err(EvalError::sql("22023", "cannot get array length of a non-array")),
        _ => Err(EvalError::sql("22023", "cannot get array length of a scalar")),
    }
}
