//! Whether an expression can be NULL, and because of which source columns. Boundary: what can be told from the expression alone;
//! whether a column really holds NULL is the source's matter, and what to make of it `check`'s.
//!
//! It errs towards silence: an expression that is NULL for some values of columns that are not NULL (`nullif`, a `case` without
//! `else`, `->>`) is not named here, because that is mostly what its author means.

use std::collections::BTreeSet;

use super::ast::Test;
use super::context::{OnCycle, OnMissing};
use super::typed::{Expr, Node, Otherwise};
use crate::row::Value;

/// How an expression becomes NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nulls {
    /// The source columns whose NULL makes it NULL.
    pub columns: BTreeSet<usize>,
    /// Whether the plan asks for NULL: by an option of `ref` or `code`, or because NULL is all that there is.
    pub asked: bool,
}

impl Nulls {
    fn and(mut self, other: Self) -> Self {
        self.columns.extend(other.columns);
        self.asked |= other.asked;
        self
    }

    fn is_never(&self) -> bool {
        self.columns.is_empty() && !self.asked
    }
}

impl Expr {
    /// How the expression becomes NULL in a row in which the columns `known` are not NULL.
    pub fn nulls(&self, known: &BTreeSet<usize>) -> Nulls {
        if matches!(self.node, Node::Const(Value::Null)) {
            return Nulls { asked: true, ..Nulls::default() };
        }
        nulls(&self.node, known)
    }

    /// The columns that are not NULL in a row for which this condition does not hold: `x is null` leaves rows in which `x` is not.
    pub fn not_null_otherwise(&self) -> BTreeSet<usize> {
        known_when(&self.node, false)
    }
}

fn nulls(node: &Node, known: &BTreeSet<usize>) -> Nulls {
    let all = |nodes: &[Node]| nodes.iter().fold(Nulls::default(), |so_far, node| so_far.and(nulls(node, known)));
    let any = |nodes: &[Node]| {
        let each: Vec<Nulls> = nodes.iter().map(|node| nulls(node, known)).collect();
        // NULL only where all of them are: one that never is decides.
        if each.iter().any(Nulls::is_never) { Nulls::default() } else { each.into_iter().fold(Nulls::default(), Nulls::and) }
    };
    match node {
        Node::Column { index, .. } if !known.contains(index) => Nulls { columns: BTreeSet::from([*index]), asked: false },
        Node::Case { branches, otherwise, .. } => {
            let mut known = known.clone();
            let mut found = Nulls::default();
            for (when, then) in branches {
                let here: BTreeSet<usize> = known.union(&known_when(when, true)).copied().collect();
                found = found.and(nulls(then, &here));
                known.extend(known_when(when, false));
            }
            found.and(nulls(otherwise, &known))
        }
        Node::Coalesce(args) | Node::Extreme { args, .. } => any(args),
        Node::Call { builtin, args } if builtin.strict => all(args),
        Node::Concat(pieces) => all(pieces),
        Node::Extended(call) if call.builtin.strict => all(&call.args),
        Node::And(sides) | Node::Or(sides) | Node::Compare { sides, .. } => all(&sides[..]),
        Node::Nullif { sides, .. } => nulls(&sides[0], known),
        Node::In { operand, .. }
        | Node::Not(operand)
        | Node::Cast { operand, .. }
        | Node::Label { operand, .. }
        | Node::Precision { operand, .. }
        | Node::Truncate { operand, .. }
        | Node::Valid { operand, .. }
        | Node::Incident { value: operand, .. } => nulls(operand, known),
        Node::Ref(reference) => {
            let asked = reference.reference.on_missing == OnMissing::Null || reference.reference.on_cycle == Some(OnCycle::Null);
            all(&reference.key).and(Nulls { asked, ..Nulls::default() })
        }
        Node::Code(code) => {
            let of_null = if code.on_null.is_null() { nulls(&code.operand, known) } else { Nulls::default() };
            of_null.and(Nulls { asked: matches!(code.otherwise, Otherwise::Null), ..Nulls::default() })
        }
        _ => Nulls::default(),
    }
}

/// The columns that are certainly not NULL where the condition is true (`holds`), or where it is not true.
fn known_when(condition: &Node, holds: bool) -> BTreeSet<usize> {
    match (condition, holds) {
        (Node::Is { operand, test: Test::Null, negated }, _) if *negated == holds => decisive(operand),
        // Where `and` is true, or `or` is not, both sides are so.
        (Node::And(sides), true) | (Node::Or(sides), false) => {
            sides.iter().fold(BTreeSet::new(), |known, side| known.union(&known_when(side, holds)).copied().collect())
        }
        // What is true is not NULL.
        (condition, true) => decisive(condition),
        _ => BTreeSet::new(),
    }
}

/// The columns any of which being NULL makes the node NULL.
fn decisive(node: &Node) -> BTreeSet<usize> {
    let all = |nodes: &[Node]| nodes.iter().flat_map(decisive).collect();
    match node {
        Node::Column { index, .. } => BTreeSet::from([*index]),
        Node::Call { builtin, args } if builtin.strict => all(args),
        Node::Concat(pieces) => all(pieces),
        Node::Extended(call) if call.builtin.strict => all(&call.args),
        Node::Compare { sides, .. } => all(&sides[..]),
        Node::Nullif { sides, .. } => decisive(&sides[0]),
        Node::In { operand, .. }
        | Node::Not(operand)
        | Node::Cast { operand, .. }
        | Node::Label { operand, .. }
        | Node::Precision { operand, .. }
        | Node::Truncate { operand, .. }
        | Node::Valid { operand, .. }
        | Node::Incident { value: operand, .. } => decisive(operand),
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::expr::{EntityKey, Functions, Scope, bind, parse};
    use crate::row::{Column, KeyKind, SqlType};

    /// The columns among a, b, c whose NULL makes the expression NULL, and whether NULL is asked for.
    fn of(text: &str, known: &[usize]) -> (Vec<&'static str>, bool) {
        let column = |name: &str, ty| Column { name: name.to_owned(), ty, typmod: -1, nullable: true };
        let columns = [column("a", SqlType::Text), column("b", SqlType::Text), column("c", SqlType::Int8)];
        let entities = |_: &str| Some(EntityKey { index: 0, key: vec![KeyKind::Int], new_key: SqlType::Uuid });
        let scope = Scope {
            columns: &columns,
            functions: &Functions::new(),
            codes: &BTreeMap::new(),
            entities: &entities,
            entity_names: &[],
            new_id: &SqlType::Uuid,
        };
        let expr = bind(&parse(text).unwrap(), &scope, None).unwrap();
        let nulls = expr.nulls(&known.iter().copied().collect());
        (nulls.columns.into_iter().map(|at| ["a", "b", "c"][at]).collect(), nulls.asked)
    }

    #[test]
    fn null_comes_from_columns_that_nothing_stands_in_for() {
        for (text, columns) in [
            ("lower(a) || b", &["a", "b"][..]),
            ("coalesce(a, b)", &["a", "b"]),
            ("coalesce(a, b, 'x')", &[]),
            ("a is null", &[]),
            ("case when a is null then 'x' else a end", &[]),
            ("case when nullif(btrim(a), '') is null then 'x' else a end", &[]),
            ("case when a = 'x' then a else b end", &["b"]),
            ("case when a is null or b is null then reject('NO') else a || b end", &[]),
            ("case when c > 0 and b ~ 'x' then b else 'y' end", &[]),
            ("c::text", &["c"]),
            ("ref('x', c)", &["c"]),
        ] {
            assert_eq!(of(text, &[]), (columns.to_vec(), false), "{text}");
        }
        assert_eq!(of("a || b", &[0]).0, ["b"]);
        assert_eq!(of("coalesce(a, b)", &[1]).0, [""; 0], "b stands in");
    }

    #[test]
    fn null_can_be_asked_for() {
        for text in ["null", "ref('x', 1, on_missing => 'null')", "ref('x', 1, on_cycle => 'null')"] {
            assert!(of(text, &[]).1, "{text}");
        }
        assert!(!of("coalesce(ref('x', 1, on_missing => 'null'), new_id())", &[]).1);
    }
}
