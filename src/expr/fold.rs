//! Conditions, choices and comparisons whose outcome the plan's constants decide. Boundary: what PostgreSQL simplifies when it plans a
//! statement (`eval_const_expressions`), so far as it keeps an operand from being evaluated, and with it an error from being raised. So
//! what is constant and neither a truth nor NULL is left to the rows.

use std::borrow::Cow;

use super::ast::Test;
use super::compare::{Comparator, Comparison};
use super::context::{Context, EvalError, Reference, Resolved};
use super::direct::Switch;
use super::registry::{Builtin, Ty, mismatch};
use super::typed::Node;
use crate::row::{LegacyKey, Value};

/// A row without columns: what a constant reads.
struct NoRow;

impl<'r> Context<'r> for NoRow {
    fn field(&mut self, _: usize) -> Result<Value<'r>, EvalError> {
        Err(mismatch())
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Err(mismatch())
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        Cow::Borrowed("")
    }

    fn resolve(&mut self, _: &'r Reference, _: LegacyKey) -> Resolved {
        Resolved::Missing
    }

    fn incident(&mut self, _: &'r str) {}

    fn run_started_at(&self) -> i64 {
        0
    }
}

fn is_null(node: &Node) -> bool {
    matches!(node, Node::Const(Value::Null))
}

/// The truth of a constant condition; `None` where it is not constant.
#[allow(clippy::option_option, reason = "not constant, unknown, a truth")]
fn truth(node: &Node) -> Option<Option<bool>> {
    match node {
        Node::Const(Value::Bool(value)) => Some(Some(*value)),
        Node::Const(Value::Null) => Some(None),
        _ => None,
    }
}

/// What is made of constants alone, where it comes to a truth or to NULL. What fails, fails at the rows that reach it.
pub(super) fn constant(node: Node) -> Node {
    if !node.children().into_iter().all(|child| matches!(child, Node::Const(_) | Node::Literal(_))) {
        return node;
    }
    let value = match node.eval(&mut NoRow) {
        Ok(Value::Bool(value)) => Value::Bool(value),
        Ok(Value::Null) => Value::Null,
        _ => return node,
    };
    Node::Const(value)
}

/// A call of constants alone, where it comes to a truth or to NULL. What PostgreSQL does not evaluate when it plans, because it may depend
/// on the session, is left alone.
pub(super) fn call(builtin: &'static Builtin, call: Node) -> Node {
    let by_session = matches!(builtin.name, "to_char" | "concat_ws" | "array_to_string") || builtin.args.contains(&Ty::TimestampTz);
    if by_session { call } else { constant(call) }
}

/// Two conditions, joined by `or` (decided by true) or by `and` (decided by false). A constant that decides does so wherever it stands; one
/// that says nothing goes.
fn joined(left: Node, right: Node, decisive: bool) -> Node {
    match (truth(&left), truth(&right)) {
        (Some(Some(value)), _) | (_, Some(Some(value))) if value == decisive => Node::Const(Value::Bool(decisive)),
        (Some(Some(_)), _) => right,
        (_, Some(Some(_))) => left,
        (Some(None), Some(None)) => Node::Const(Value::Null),
        _ if decisive => Node::Or(Box::new([left, right])),
        _ => Node::And(Box::new([left, right])),
    }
}

pub(super) fn and(left: Node, right: Node) -> Node {
    joined(left, right, false)
}

pub(super) fn or(left: Node, right: Node) -> Node {
    joined(left, right, true)
}

pub(super) fn not(operand: Node) -> Node {
    constant(Node::Not(Box::new(operand)))
}

/// A condition that is turned round where `negated`.
pub(super) fn turned(condition: Node, negated: bool) -> Node {
    if negated { not(condition) } else { condition }
}

pub(super) fn is(operand: Node, test: Test, negated: bool) -> Node {
    constant(Node::Is { operand: Box::new(operand), test, negated })
}

/// A comparison: a constant NULL on one side leaves the other side alone.
pub(super) fn compare(op: Comparison, by: Comparator, left: Node, right: Node) -> Node {
    if is_null(&left) || is_null(&right) {
        return Node::Const(Value::Null);
    }
    constant(Node::compare(op, by, [left, right]))
}

/// `nullif`: nothing is equal to a constant NULL, and so nothing is compared with it.
pub(super) fn nullif(by: Comparator, left: Node, right: Node) -> Node {
    if is_null(&left) || is_null(&right) {
        return left;
    }
    Node::Nullif { by, sides: Box::new([left, right]) }
}

/// `coalesce` without its constant NULLs, and without what stands behind a constant that is none.
pub(super) fn coalesce(args: Vec<Node>) -> Node {
    let mut left: Vec<Node> = Vec::new();
    for arg in args.into_iter().filter(|arg| !is_null(arg)) {
        let last = matches!(arg, Node::Const(_) | Node::Literal(_));
        left.push(arg);
        if last {
            break;
        }
    }
    match left.len() {
        0 => Node::Const(Value::Null),
        1 => left.remove(0),
        _ => Node::Coalesce(left.into()),
    }
}

/// `case` without the branches that are never taken; a branch that is always taken stands for all behind it.
pub(super) fn case(branches: impl Iterator<Item = (Node, Node)>, mut otherwise: Node) -> Node {
    let mut left = Vec::new();
    for (when, then) in branches {
        match truth(&when) {
            None => left.push((when, then)),
            Some(Some(true)) => {
                otherwise = then;
                break;
            }
            Some(_) => {}
        }
    }
    if left.is_empty() {
        return otherwise;
    }
    Node::Case { switch: Switch::new(&left), branches: left.into(), otherwise: Box::new(otherwise) }
}

/// A node that is NULL where its operand is: of a constant NULL, NULL itself.
pub(super) fn strict(operand: Node, node: impl FnOnce(Box<Node>) -> Node) -> Node {
    if is_null(&operand) { operand } else { node(Box::new(operand)) }
}
