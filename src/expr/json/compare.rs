//! Equality, order and containment of `jsonb`. Boundary: PostgreSQL's `compareJsonbContainers` and `JsonbDeepContains`.

use std::cmp::Ordering;

use super::super::array::{array_of, decoded};
use super::super::context::{EvalError, Evaluated};
use super::super::numeric;
use super::super::registry::text_of;
use super::tape::{Part, Tape};
use crate::row::{SqlType, Value};

/// How deep containment is followed: it recurs.
const DEEPEST: usize = 1_000;

/// Whether two canonical texts are equal: the same, but for the scale of numbers.
pub(in crate::expr) fn equal(left: &str, right: &str) -> Result<bool, EvalError> {
    if left == right {
        return Ok(true);
    }
    // Only a number with a fraction can be written in two ways.
    if !left.contains('.') && !right.contains('.') {
        return Ok(false);
    }
    walk(left, right, |_, _| Ok(Ordering::Less)).map(Ordering::is_eq)
}

/// The order of two canonical texts. Two strings that differ are in the order of the database's collation, which is not known.
pub(in crate::expr) fn order(left: &str, right: &str) -> Result<Ordering, EvalError> {
    walk(left, right, |_, _| Err(EvalError::sql("0A000", "the order of strings in jsonb depends on the collation of the database")))
}

fn walk(left: &str, right: &str, strings: impl Fn(&str, &str) -> Result<Ordering, EvalError>) -> Result<Ordering, EvalError> {
    let (left, right) = (Tape::read(left)?, Tape::read(right)?);
    // A lone scalar is kept as an array of one, which comes before a true one, unless their lengths decide.
    match (left.is_scalar(), right.is_scalar()) {
        (true, false) if right.root().part == Part::Array => {
            return Ok(if right.root().count == 1 { Ordering::Less } else { 1.cmp(&right.root().count) });
        }
        (false, true) if left.root().part == Part::Array => {
            return Ok(if left.root().count == 1 { Ordering::Greater } else { left.root().count.cmp(&1) });
        }
        _ => {}
    }
    // Containers of one type have as many entries or differ in that, so both texts are walked in step.
    for at in 0..left.entries.len().min(right.entries.len()) {
        let (l, r) = (left.entry(at), right.entry(at));
        let order = match l.part.cmp(&r.part) {
            Ordering::Equal => match l.part {
                Part::Array | Part::Object => l.count.cmp(&r.count),
                Part::Null => Ordering::Equal,
                Part::Bool => (left.text_of(at) == "true").cmp(&(right.text_of(at) == "true")),
                Part::Number => numbers(left.text_of(at), right.text_of(at))?,
                Part::String if left.text_of(at) == right.text_of(at) => Ordering::Equal,
                Part::String => strings(left.text_of(at), right.text_of(at))?,
            },
            different => different,
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

/// The order of two numbers.
pub(super) fn numbers(left: &str, right: &str) -> Result<Ordering, EvalError> {
    Ok(numeric::compare(&numeric::parse(left)?, &numeric::parse(right)?))
}

/// Whether two scalars are equal.
fn same(left: &Tape<'_>, l: usize, right: &Tape<'_>, r: usize) -> Result<bool, EvalError> {
    if left.entry(l).part != right.entry(r).part {
        return Ok(false);
    }
    match left.entry(l).part {
        Part::Number => Ok(numbers(left.text_of(l), right.text_of(r))?.is_eq()),
        _ => Ok(left.text_of(l) == right.text_of(r)),
    }
}

fn within(outer: &Tape<'_>, o: usize, inner: &Tape<'_>, i: usize, depth: usize) -> Result<bool, EvalError> {
    if depth > DEEPEST {
        return Err(EvalError::sql("54001", "jsonb nested too deeply"));
    }
    if outer.entry(o).part != inner.entry(i).part {
        return Ok(false);
    }
    if outer.entry(o).is_scalar() {
        return same(outer, o, inner, i);
    }
    if outer.entry(o).part == Part::Object {
        if outer.entry(o).count < inner.entry(i).count {
            return Ok(false);
        }
        for (key, value) in inner.pairs(i) {
            // Keys in canonical text are equal where their texts are.
            let found = outer.pairs(o).find(|(name, _)| outer.text_of(*name) == inner.text_of(key));
            let Some((_, found)) = found else { return Ok(false) };
            if !within(outer, found, inner, value, depth + 1)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    for element in inner.elements(i) {
        let mut found = false;
        for candidate in outer.elements(o) {
            if within(outer, candidate, inner, element, depth + 1)? {
                found = true;
                break;
            }
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn includes(outer: &str, inner: &str) -> Result<bool, EvalError> {
    let (outer, inner) = (Tape::read(outer)?, Tape::read(inner)?);
    // An array holds a lone scalar that is one of its elements.
    if outer.root().part == Part::Array && inner.is_scalar() {
        for element in outer.elements(0) {
            if same(&outer, element, &inner, 0)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    within(&outer, 0, &inner, 0, 0)
}

pub(super) fn contains<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (outer, inner) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    includes(&outer, &inner).map(Value::Bool)
}

pub(super) fn contained<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (inner, outer) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    includes(&outer, &inner).map(Value::Bool)
}

/// Whether a text is a key of an object, an element of an array, or the string itself.
fn known(tape: &Tape<'_>, key: &str) -> Result<bool, EvalError> {
    let is = |at: usize| Ok::<bool, EvalError>(tape.entry(at).part == Part::String && tape.string(at)? == key);
    match tape.root().part {
        Part::Object => tape.value(0, key).map(|found| found.is_some()),
        Part::Array => {
            for element in tape.elements(0) {
                if is(element)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => is(0),
    }
}

pub(super) fn exists<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (json, key) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    known(&Tape::read(&json)?, &key).map(Value::Bool)
}

/// `?|` and `?&`; NULL among the keys is left out.
fn exist(args: &mut [Value<'_>], all: bool) -> Result<bool, EvalError> {
    let json = text_of(&mut args[0])?;
    let tape = Tape::read(&json)?;
    for field in array_of(&args[1])?.iter().flatten() {
        let mut key = decoded(&SqlType::Text, Some(field))?;
        if known(&tape, &text_of(&mut key)?)? != all {
            return Ok(!all);
        }
    }
    Ok(all)
}

pub(super) fn exists_any<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    exist(args, false).map(Value::Bool)
}

pub(super) fn exists_all<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    exist(args, true).map(Value::Bool)
}
