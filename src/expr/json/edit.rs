//! `jsonb` with parts set, inserted, removed or put together. Boundary: what is not touched is copied as it is, because a part of
//! canonical text is canonical.

use std::borrow::Cow;

use super::super::array::array_of;
use super::super::context::{EvalError, Evaluated};
use super::super::registry::{int_of, mismatch, text_of};
use super::get::read_json;
use super::tape::{Part, Tape, index_of};
use super::text::{escape, object};
use crate::row::{SqlType, Value};

/// What is done at the end of a path (`JB_PATH_…`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Create,
    Replace,
    Before,
    After,
    Delete,
}

impl Edit {
    fn adds(self) -> bool {
        matches!(self, Self::Create | Self::Before | Self::After)
    }
}

fn jsonb<'r>(text: String) -> Evaluated<'r> {
    if text.len() > 256 << 20 { Err(EvalError::sql("54000", "requested length too large")) } else { Ok(Value::Jsonb(Cow::Owned(text))) }
}

fn usage(message: &'static str) -> EvalError {
    EvalError::sql("22023", message)
}

/// The path of an edit: a step that is NULL is a mistake only where it is reached.
fn path_of(value: &Value<'_>) -> Result<Vec<Option<String>>, EvalError> {
    let array = array_of(value)?;
    if array.dimensions().len() > 1 {
        return Err(EvalError::sql("2202E", "wrong number of array subscripts"));
    }
    let step = |field| match super::super::array::decoded(&SqlType::Text, field)? {
        Value::Null => Ok(None),
        mut value => text_of(&mut value).map(|text| Some(text.into_owned())),
    };
    array.iter().map(step).collect()
}

/// The members of an object, as they are without escapes.
fn members(tape: &Tape<'_>, of: usize) -> Result<Vec<(String, String)>, EvalError> {
    tape.pairs(of).map(|(key, value)| Ok((tape.string(key)?.into_owned(), tape.text_of(value).to_owned()))).collect()
}

fn list(elements: &[Cow<'_, str>]) -> String {
    format!("[{}]", elements.join(", "))
}

/// `setPath`: the whole value with the part at the path changed. The parts around it are rebuilt from the inside out.
fn edited(tape: &Tape<'_>, path: &[Option<String>], new: &str, edit: Edit) -> Result<String, EvalError> {
    // Down the path, as far as there are containers, to the one that is changed.
    let mut at = 0;
    for (level, step) in path.iter().enumerate() {
        let step = step.as_deref().ok_or_else(|| EvalError::sql("22004", "an element of the path is null"))?;
        let last = level + 1 == path.len();
        let entry = tape.entry(at);
        let changed = match entry.part {
            Part::Object => {
                let found = tape.value(at, step)?;
                match found {
                    Some(value) if !last => {
                        at = value;
                        continue;
                    }
                    Some(_) if matches!(edit, Edit::Before | Edit::After) => return Err(usage("cannot replace existing key")),
                    Some(_) => {
                        let mut members = members(tape, at)?;
                        members.retain(|(key, _)| key != step);
                        if edit != Edit::Delete {
                            members.push((step.to_owned(), new.to_owned()));
                        }
                        object(members)
                    }
                    None if last && edit.adds() => {
                        let mut members = members(tape, at)?;
                        members.push((step.to_owned(), new.to_owned()));
                        object(members)
                    }
                    None => return Ok(tape.text.to_owned()),
                }
            }
            Part::Array => {
                let index = index_of(step).ok_or_else(|| EvalError::sql("22P02", "an element of the path is not an integer"))?;
                let count = i64::try_from(entry.count).map_err(|_| mismatch())?;
                let index = if index < 0 && -index <= count { count + index } else { index };
                let here = usize::try_from(index).ok().and_then(|index| tape.elements(at).nth(index));
                match here {
                    Some(element) if !last => {
                        at = element;
                        continue;
                    }
                    None if !last || !edit.adds() => return Ok(tape.text.to_owned()),
                    _ => {}
                }
                let mut elements: Vec<Cow<'_, str>> = tape.elements(at).map(|element| tape.text_of(element).into()).collect();
                match (here, usize::try_from(index)) {
                    (Some(_), Ok(place)) => match edit {
                        Edit::Create | Edit::Replace => elements[place] = new.into(),
                        Edit::Before => elements.insert(place, new.into()),
                        Edit::After => elements.insert(place + 1, new.into()),
                        Edit::Delete => drop(elements.remove(place)),
                    },
                    // Before the beginning, or behind the end.
                    (_, Err(_)) => elements.insert(0, new.into()),
                    (None, Ok(_)) => elements.push(new.into()),
                }
                list(&elements)
            }
            _ => return Ok(tape.text.to_owned()),
        };
        let range = tape.entry(at).range.clone();
        return Ok([&tape.text[..range.start], &changed, &tape.text[range.end..]].concat());
    }
    Ok(tape.text.to_owned())
}

fn edit<'r>(args: &[Value<'r>], json: &str, new: &str, edit: Edit) -> Evaluated<'r> {
    let path = path_of(&args[1])?;
    let tape = Tape::read(json)?;
    if tape.is_scalar() {
        return Err(usage("cannot change a path in a scalar"));
    }
    let idle = tape.root().count == 0 && !edit.adds();
    if idle || path.is_empty() {
        return jsonb(json.to_owned());
    }
    jsonb(edited(&tape, &path, new, edit)?)
}

fn flag(value: Option<&Value<'_>>, otherwise: bool) -> Result<bool, EvalError> {
    match value {
        None => Ok(otherwise),
        Some(Value::Bool(flag)) => Ok(*flag),
        _ => Err(mismatch()),
    }
}

pub(super) fn set<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let create = flag(args.get(3), true)?;
    let (json, new) = (text_of(&mut args[0])?, text_of(&mut args[2])?);
    edit(args, &json, &new, if create { Edit::Create } else { Edit::Replace })
}

pub(super) fn insert<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let after = flag(args.get(3), false)?;
    let (json, new) = (text_of(&mut args[0])?, text_of(&mut args[2])?);
    edit(args, &json, &new, if after { Edit::After } else { Edit::Before })
}

pub(super) fn set_lax<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if args[0].is_null() || args[1].is_null() || args.get(3).is_some_and(Value::is_null) {
        return Ok(Value::Null);
    }
    let create = flag(args.get(3), true)?;
    let treatment = match args.get_mut(4) {
        Some(Value::Null) => return Err(usage("null_value_treatment must not be null")),
        Some(treatment) => text_of(treatment)?,
        None => Cow::Borrowed("use_json_null"),
    };
    let json = text_of(&mut args[0])?;
    let how = if create { Edit::Create } else { Edit::Replace };
    if !args[2].is_null() {
        let new = text_of(&mut args[2])?;
        return edit(args, &json, &new, how);
    }
    match &*treatment {
        "raise_exception" => Err(EvalError::sql("22004", "JSON value must not be null")),
        "use_json_null" => edit(args, &json, "null", how),
        "delete_key" => edit(args, &json, "", Edit::Delete),
        "return_target" => Ok(Value::Jsonb(json)),
        _ => Err(usage("unknown null_value_treatment")),
    }
}

pub(super) fn delete_path<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let json = text_of(&mut args[0])?;
    edit(args, &json, "", Edit::Delete)
}

/// The value without the keys, or the strings in an array, for which `gone` holds.
fn without<'r>(json: &str, gone: impl Fn(&str) -> bool) -> Evaluated<'r> {
    let tape = Tape::read(json)?;
    match tape.root().part {
        Part::Object => {
            let mut members = members(&tape, 0)?;
            members.retain(|(key, _)| !gone(key));
            jsonb(object(members))
        }
        Part::Array => {
            let mut elements = Vec::with_capacity(tape.root().count);
            for element in tape.elements(0) {
                if tape.entry(element).part != Part::String || !gone(&tape.string(element)?) {
                    elements.push(Cow::Borrowed(tape.text_of(element)));
                }
            }
            jsonb(list(&elements))
        }
        _ => Err(usage("cannot delete from scalar")),
    }
}

pub(super) fn delete_key<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (json, gone) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    without(&json, |key| key == gone)
}

pub(super) fn delete_keys<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let gone = path_of(&args[1])?;
    let json = text_of(&mut args[0])?;
    without(&json, |key| gone.iter().flatten().any(|gone| gone == key))
}

pub(super) fn delete_index<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (json, index) = (text_of(&mut args[0])?, int_of(&args[1])?);
    let tape = Tape::read(&json)?;
    match tape.root().part {
        Part::Object => Err(usage("cannot delete from object using integer index")),
        Part::Array => {
            let count = i64::try_from(tape.root().count).map_err(|_| mismatch())?;
            let gone = usize::try_from(if index < 0 { count + index } else { index }).ok();
            let kept = tape.elements(0).enumerate().filter(|(at, _)| Some(*at) != gone);
            let elements: Vec<Cow<'_, str>> = kept.map(|(_, element)| tape.text_of(element).into()).collect();
            jsonb(list(&elements))
        }
        _ => Err(usage("cannot delete from scalar")),
    }
}

/// `jsonb || jsonb`
pub(super) fn concat<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (left, right) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    let (l, r) = (Tape::read(&left)?, Tape::read(&right)?);
    let is_object = |tape: &Tape<'_>| tape.root().part == Part::Object;
    if is_object(&l) && is_object(&r) {
        let mut all = members(&l, 0)?;
        all.extend(members(&r, 0)?);
        return jsonb(object(all));
    }
    let mut elements: Vec<Cow<'_, str>> = Vec::new();
    for tape in [&l, &r] {
        if tape.root().part == Part::Array {
            elements.extend(tape.elements(0).map(|element| Cow::Borrowed(tape.text_of(element))));
        } else {
            elements.push(tape.text.into());
        }
    }
    jsonb(list(&elements))
}

/// A container that is being written: where it ends, and whether something stands in it.
struct Open {
    end: usize,
    object: bool,
    filled: bool,
}

/// Writes a value anew without the members that are null. `json` is written without spaces, its strings with their escapes made anew.
fn stripped(tape: &Tape<'_>, binary: bool) -> Result<String, EvalError> {
    let (comma, colon) = if binary { (", ", ": ") } else { (",", ":") };
    let mut out = String::with_capacity(tape.text.len());
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    loop {
        while let Some(last) = open.last()
            && last.end <= at
        {
            out.push(if last.object { '}' } else { ']' });
            open.pop();
        }
        if at >= tape.entries.len() {
            return Ok(out);
        }
        if let Some(last) = open.last_mut() {
            if last.object && tape.entry(at + 1).part == Part::Null {
                at += 2;
                continue;
            }
            if last.filled {
                out.push_str(comma);
            }
            last.filled = true;
            if last.object {
                scalar(tape, at, &mut out)?;
                out.push_str(colon);
                at += 1;
            }
        }
        let entry = tape.entry(at);
        if entry.is_scalar() {
            scalar(tape, at, &mut out)?;
        } else {
            let object = entry.part == Part::Object;
            out.push(if object { '{' } else { '[' });
            open.push(Open { end: entry.next, object, filled: false });
        }
        at += 1;
    }
}

fn scalar(tape: &Tape<'_>, at: usize, out: &mut String) -> Result<(), EvalError> {
    if tape.entry(at).part == Part::String {
        escape(&tape.string(at)?, out);
    } else {
        out.push_str(tape.text_of(at));
    }
    Ok(())
}

pub(super) fn strip_nulls<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let json = text_of(&mut args[0])?;
    jsonb(stripped(&Tape::read(&json)?, true)?)
}

pub(super) fn json_strip_nulls<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let json = text_of(&mut args[0])?;
    Ok(Value::Json(Cow::Owned(stripped(&read_json(&json)?, false)?)))
}

/// `jsonb_pretty`: a line for each element and member.
pub(super) fn pretty<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let json = text_of(&mut args[0])?;
    let tape = Tape::read(&json)?;
    let mut out = String::with_capacity(json.len() * 2);
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    let line = |out: &mut String, depth: usize| {
        // The indentation of deeply nested values outgrows their text.
        if out.len() + 4 * depth > 256 << 20 {
            return Err(EvalError::sql("54000", "requested length too large"));
        }
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", depth));
        Ok(())
    };
    loop {
        while let Some(last) = open.last()
            && last.end <= at
        {
            let end = if last.object { '}' } else { ']' };
            open.pop();
            line(&mut out, open.len())?;
            out.push(end);
        }
        if at >= tape.entries.len() {
            return Ok(Value::Text(Cow::Owned(out)));
        }
        let depth = open.len();
        if let Some(last) = open.last_mut() {
            if last.filled {
                out.push(',');
            }
            last.filled = true;
            line(&mut out, depth)?;
            if last.object {
                out.push_str(tape.text_of(at));
                out.push_str(": ");
                at += 1;
            }
        }
        let entry = tape.entry(at);
        if entry.is_scalar() {
            out.push_str(tape.text_of(at));
        } else {
            let object = entry.part == Part::Object;
            out.push(if object { '{' } else { '[' });
            open.push(Open { end: entry.next, object, filled: false });
        }
        at += 1;
    }
}
