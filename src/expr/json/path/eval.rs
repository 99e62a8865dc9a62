//! Paths followed and predicates decided. Boundary: PostgreSQL's `executeItem` and `executePredicate` in lax mode.

use std::cmp::Ordering;

use super::super::super::context::EvalError;
use super::super::super::numeric;
use super::super::tape::{Part, Tape};
use super::{Comparing, Index, Operand, Predicate, Scalar, Step};

/// Appends the parts to which the steps lead from one. `unwrap`: whether an array in the place of what a step takes stands for its
/// elements; those are not taken apart once more.
pub(super) fn walk(steps: &[Step], tape: &Tape<'_>, at: usize, unwrap: bool, found: &mut Vec<usize>) -> Result<(), EvalError> {
    let Some((step, rest)) = steps.split_first() else {
        found.push(at);
        return Ok(());
    };
    let entry = tape.entry(at);
    let array = entry.part == Part::Array;
    match step {
        Step::Key(_) | Step::AnyKey | Step::Filter(_) if array && unwrap => {
            for element in tape.elements(at) {
                walk(steps, tape, element, false, found)?;
            }
        }
        Step::Key(key) => {
            if entry.part == Part::Object
                && let Some(value) = tape.value(at, key)?
            {
                walk(rest, tape, value, true, found)?;
            }
        }
        Step::AnyKey => {
            if entry.part == Part::Object {
                for (_, value) in tape.pairs(at) {
                    walk(rest, tape, value, true, found)?;
                }
            }
        }
        Step::AnyElement if array => {
            for element in tape.elements(at) {
                walk(rest, tape, element, true, found)?;
            }
        }
        // What is no array is taken for an array of one.
        Step::AnyElement => walk(rest, tape, at, true, found)?,
        Step::Elements(ranges) => {
            let size = if array { i64::try_from(entry.count).unwrap_or(i64::MAX) } else { 1 };
            let place = |index: Index| match index {
                Index::At(n) => n,
                Index::Last(n) => size - 1 - n,
            };
            for (from, to) in ranges {
                for index in place(*from).max(0)..=place(*to).min(size - 1) {
                    let element = if array { tape.element(at, index) } else { Some(at) };
                    if let Some(element) = element {
                        walk(rest, tape, element, true, found)?;
                    }
                }
            }
        }
        Step::Filter(predicate) => {
            if holds(predicate, tape, at)? == Some(true) {
                walk(rest, tape, at, true, found)?;
            }
        }
    }
    Ok(())
}

/// Whether a predicate holds of a part; `None` is unknown.
pub(super) fn holds(predicate: &Predicate, tape: &Tape<'_>, at: usize) -> Result<Option<bool>, EvalError> {
    Ok(match predicate {
        Predicate::And(sides) => match holds(&sides[0], tape, at)? {
            Some(false) => Some(false),
            left => match holds(&sides[1], tape, at)? {
                Some(true) => left,
                right => right,
            },
        },
        Predicate::Or(sides) => match holds(&sides[0], tape, at)? {
            Some(true) => Some(true),
            left => match holds(&sides[1], tape, at)? {
                Some(false) => left,
                right => right,
            },
        },
        Predicate::Not(operand) => holds(operand, tape, at)?.map(|holds| !holds),
        Predicate::Unknown(operand) => Some(holds(operand, tape, at)?.is_none()),
        Predicate::Exists(Operand::Literal(_)) => Some(true),
        Predicate::Exists(Operand::Path { root, steps }) => {
            let mut found = Vec::new();
            walk(steps, tape, if *root { 0 } else { at }, true, &mut found)?;
            Some(!found.is_empty())
        }
        Predicate::Compare(op, left, right) => {
            let (left, right) = (scalars(left, tape, at)?, scalars(right, tape, at)?);
            decide(left.iter().flat_map(|l| right.iter().map(move |r| compare(*op, l, r))))
        }
        Predicate::StartsWith(operand, prefix) => {
            let values = scalars(operand, tape, at)?;
            decide(values.iter().map(|value| match value {
                Scalar::String(text) => Some(text.starts_with(&**prefix)),
                _ => None,
            }))
        }
    })
}

/// In lax mode one pair for which it holds is enough.
fn decide(pairs: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut unknown = false;
    for pair in pairs {
        match pair {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(false) }
}

/// What an operand of a predicate stands for; arrays stand for their elements.
fn scalars<'t>(operand: &'t Operand, tape: &Tape<'t>, at: usize) -> Result<Vec<Scalar<'t>>, EvalError> {
    let (root, steps) = match operand {
        Operand::Literal(literal) => return Ok(vec![literal.clone()]),
        Operand::Path { root, steps } => (*root, steps),
    };
    let mut found = Vec::new();
    walk(steps, tape, if root { 0 } else { at }, true, &mut found)?;
    let mut values = Vec::with_capacity(found.len());
    for at in found {
        if tape.entry(at).part == Part::Array {
            for element in tape.elements(at) {
                values.push(scalar(tape, element)?);
            }
        } else {
            values.push(scalar(tape, at)?);
        }
    }
    Ok(values)
}

fn scalar<'t>(tape: &Tape<'t>, at: usize) -> Result<Scalar<'t>, EvalError> {
    Ok(match tape.entry(at).part {
        Part::Null => Scalar::Null,
        Part::Bool => Scalar::Bool(tape.text_of(at) == "true"),
        Part::Number => Scalar::Number(numeric::parse(tape.text_of(at))?),
        Part::String => Scalar::String(tape.string(at)?),
        Part::Array | Part::Object => Scalar::Container,
    })
}

/// `compareItems`; strings by their bytes, which is the order of code points.
fn compare(op: Comparing, left: &Scalar<'_>, right: &Scalar<'_>) -> Option<bool> {
    let order = match (left, right) {
        (Scalar::Null, Scalar::Null) => Ordering::Equal,
        // NULL differs from everything else, and is in no order with it.
        (Scalar::Null, _) | (_, Scalar::Null) => return Some(op == Comparing::NotEqual),
        (Scalar::Bool(l), Scalar::Bool(r)) => l.cmp(r),
        (Scalar::Number(l), Scalar::Number(r)) => numeric::compare(l, r),
        (Scalar::String(l), Scalar::String(r)) => l.as_bytes().cmp(r.as_bytes()),
        _ => return None,
    };
    Some(match op {
        Comparing::Equal => order.is_eq(),
        Comparing::NotEqual => order.is_ne(),
        Comparing::Less => order.is_lt(),
        Comparing::LessOrEqual => order.is_le(),
        Comparing::Greater => order.is_gt(),
        Comparing::GreaterOrEqual => order.is_ge(),
    })
}
