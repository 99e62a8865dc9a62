//! `x = any (array)`, `x <> all (array)`, and rows in order. Boundary: evaluation; binding is in `collection.rs`.

use std::borrow::Cow;

use super::array;
use super::compare::{Comparator, Comparison};
use super::context::{Context, EvalError, Evaluated, Reference, Resolved};
use super::registry::mismatch;
use super::typed::Node;
use crate::row::{LegacyKey, SqlType, Value};

/// An operator between a value and every element of an array.
#[derive(Debug)]
pub(super) struct Quantified {
    pub operator: &'static str,
    pub all: bool,
    /// The comparison of the columns 0, the operand, and 1, an element.
    pub predicate: Node,
    pub sides: [Node; 2],
    pub element: SqlType,
}

/// The two values that a predicate compares.
struct Slots<'v>([Value<'v>; 2]);

impl<'v> Context<'v> for Slots<'v> {
    fn field(&mut self, column: usize) -> Result<Value<'v>, EvalError> {
        self.0.get(column).cloned().ok_or_else(mismatch)
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Err(mismatch())
    }

    fn legacy_key(&self) -> Cow<'v, str> {
        Cow::Borrowed("")
    }

    fn resolve(&mut self, _: &'v Reference, _: LegacyKey) -> Resolved {
        Resolved::Missing
    }

    fn incident(&mut self, _: &'v str) {}

    fn run_started_at(&self) -> i64 {
        0
    }
}

impl Quantified {
    pub fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        let operand = self.sides[0].eval(ctx)?;
        let whole = self.sides[1].eval(ctx)?;
        if whole.is_null() {
            return Ok(Value::Null);
        }
        let mut unknown = false;
        for field in &array::array_of(&whole)? {
            let element = array::decoded(&self.element, field)?;
            let mut slots = Slots([operand.borrowed(), element]);
            match self.predicate.eval(&mut slots)? {
                Value::Bool(holds) if holds != self.all => return Ok(Value::Bool(holds)),
                Value::Bool(_) => {}
                Value::Null => unknown = true,
                _ => return Err(mismatch()),
            }
        }
        Ok(if unknown { Value::Null } else { Value::Bool(self.all) })
    }

    /// Whether the comparison can fail.
    pub fn can_fail(&self) -> bool {
        let mut open = vec![&self.predicate];
        while let Some(node) = open.pop() {
            if node.can_fail() {
                return true;
            }
            open.extend(node.children());
        }
        false
    }
}

/// Rows are in the order of the first pair that differs; a NULL before that leaves it unknown.
pub(super) fn rows<'r, C: Context<'r>>(op: Comparison, pairs: &'r [(Comparator, [Node; 2])], ctx: &mut C) -> Evaluated<'r> {
    for (by, [left, right]) in pairs {
        let (left, right) = (left.eval(ctx)?, right.eval(ctx)?);
        if left.is_null() || right.is_null() {
            return Ok(Value::Null);
        }
        let order = by.order(&left, &right)?;
        if order.is_ne() {
            return Ok(Value::Bool(op.holds(order)));
        }
    }
    Ok(Value::Bool(op.holds(std::cmp::Ordering::Equal)))
}
