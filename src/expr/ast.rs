//! The expression as it was written: an untyped tree of our own with byte ranges, so that the parser's releases touch one
//! file. Boundary: no names are resolved here and no types are known.

use std::collections::BTreeSet;
use std::ops::Range;

use super::context::{OnCycle, OnMissing};
use super::functions::Functions;

type Visit<'v> = &'v mut dyn FnMut(&str, &[Node], &[(String, Node)], &Range<usize>);

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Ast {
    pub(super) root: Node,
    pub(super) text: String,
}

/// A `ref(…)` that an expression contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefCall {
    /// The entity named.
    pub entity: String,
    /// Where, in bytes of the expression.
    pub span: Range<usize>,
    /// What becomes of a row without its parent.
    pub on_missing: OnMissing,
    /// What becomes of a row in a cycle.
    pub on_cycle: Option<OnCycle>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// Digits, point and exponent, with a minus sign where one was folded in.
    Number(String),
    /// A literal of unknown type.
    Text(String),
    Column(String),
    Not(Box<Node>),
    /// An operator in front of its operand.
    Prefix(&'static str, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    Is(Box<Node>, Test, bool),
    Distinct {
        left: Box<Node>,
        right: Box<Node>,
        negated: bool,
    },
    In {
        operand: Box<Node>,
        list: Vec<Node>,
        negated: bool,
    },
    Between {
        operand: Box<Node>,
        low: Box<Node>,
        high: Box<Node>,
        negated: bool,
    },
    Like {
        operand: Box<Node>,
        pattern: Box<Node>,
        escape: Option<String>,
        by: Pattern,
        negated: bool,
    },
    /// `array[…]`
    Array(Vec<Node>),
    /// `(a, b)`
    Row(Vec<Node>),
    Subscript {
        array: Box<Node>,
        index: Box<Node>,
    },
    Slice {
        array: Box<Node>,
        lower: Option<Box<Node>>,
        upper: Option<Box<Node>>,
    },
    /// `x = any (array)`, `x <> all (array)`
    Quantified {
        operator: &'static str,
        operand: Box<Node>,
        array: Box<Node>,
        all: bool,
    },
    Case {
        operand: Option<Box<Node>>,
        branches: Vec<(Node, Node)>,
        otherwise: Option<Box<Node>>,
    },
    Cast(Box<Node>, TypeName),
    Collate(Box<Node>, String),
    Call {
        name: String,
        args: Vec<Node>,
        named: Vec<(String, Node)>,
    },
}

/// What a pattern is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    Like,
    Ilike,
    Similar,
}

/// What `IS` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Null,
    True,
    False,
    Unknown,
}

/// A type as written, its name folded, with its modifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypeName {
    pub name: String,
    pub modifiers: Vec<i64>,
    /// How many `[]` stand behind it.
    pub dimensions: usize,
}

impl Ast {
    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every column named, in order of first appearance, with the place of its first appearance.
    pub fn columns(&self) -> Vec<(String, Range<usize>)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        self.root.walk(&mut |node| {
            if let Kind::Column(name) = &node.kind
                && seen.insert(name.clone())
            {
                found.push((name.clone(), node.span.clone()));
            }
        });
        found
    }

    /// Every `ref(…)`, those inside the plan's functions included. Calls that are not well formed are left to `bind`, which says why.
    pub fn references(&self, functions: &Functions) -> Vec<RefCall> {
        let mut found = Vec::new();
        self.calls(functions, &mut |name, args, named, _| {
            let ("ref", Some(Node { kind: Kind::Text(entity), span })) = (name, args.first()) else { return };
            let option = |wanted: &str| {
                named.iter().find(|(name, _)| name == wanted).and_then(|(_, value)| match &value.kind {
                    Kind::Text(text) => Some(text.as_str()),
                    _ => None,
                })
            };
            found.push(RefCall {
                entity: entity.clone(),
                span: span.clone(),
                on_missing: match option("on_missing") {
                    Some("null") => OnMissing::Null,
                    Some("fail") => OnMissing::Fail,
                    _ => OnMissing::Quarantine,
                },
                on_cycle: match option("on_cycle") {
                    Some("null") => Some(OnCycle::Null),
                    Some("quarantine") => Some(OnCycle::Quarantine),
                    _ => None,
                },
            });
        });
        found
    }

    /// Every code table named, those inside the plan's functions included.
    pub fn code_tables(&self, functions: &Functions) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        self.calls(functions, &mut |name, args, _, _| {
            if let ("code", Some(Node { kind: Kind::Text(table), span })) = (name, args.first()) {
                found.push((table.clone(), span.clone()));
            }
        });
        found
    }

    /// Visits the calls (name, arguments, options, place) of the expression after the plan's functions are put in. A call that cannot be put in is visited as it is.
    fn calls(&self, functions: &Functions, visit: Visit) {
        let expanded = functions.expand(&self.root);
        expanded.as_ref().unwrap_or(&self.root).walk(&mut |node| {
            if let Kind::Call { name, args, named } = &node.kind {
                visit(name, args, named, &node.span);
            }
        });
    }
}

impl Node {
    /// Visits the node and everything below it, in the order of writing.
    pub fn walk(&self, visit: &mut dyn FnMut(&Node)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// Nodes on the longest way down.
    pub fn depth(&self) -> usize {
        1 + self.children().into_iter().map(Self::depth).max().unwrap_or(0)
    }

    fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Column(_) => Vec::new(),
            Kind::Not(a) | Kind::Prefix(_, a) | Kind::Is(a, ..) | Kind::Cast(a, _) | Kind::Collate(a, _) => vec![a],
            Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Binary(_, a, b)
            | Kind::Distinct { left: a, right: b, .. }
            | Kind::Subscript { array: a, index: b }
            | Kind::Quantified { operand: a, array: b, .. } => vec![a, b],
            Kind::Like { operand, pattern, .. } => vec![operand, pattern],
            Kind::In { operand, list, .. } => std::iter::once(&**operand).chain(list).collect(),
            Kind::Between { operand, low, high, .. } => vec![operand, low, high],
            Kind::Case { operand, branches, otherwise } => {
                let branches = branches.iter().flat_map(|(when, then)| [when, then]);
                operand.as_deref().into_iter().chain(branches).chain(otherwise.as_deref()).collect()
            }
            Kind::Array(list) | Kind::Row(list) => list.iter().collect(),
            Kind::Slice { array, lower, upper } => std::iter::once(&**array).chain(lower.as_deref()).chain(upper.as_deref()).collect(),
            Kind::Call { args, named, .. } => args.iter().chain(named.iter().map(|(_, value)| value)).collect(),
        }
    }

    /// Every direct child, to be changed in place.
    pub fn children_mut(&mut self) -> Vec<&mut Node> {
        match &mut self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Column(_) => Vec::new(),
            Kind::Not(a) | Kind::Prefix(_, a) | Kind::Is(a, ..) | Kind::Cast(a, _) | Kind::Collate(a, _) => vec![a],
            Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Binary(_, a, b)
            | Kind::Distinct { left: a, right: b, .. }
            | Kind::Subscript { array: a, index: b }
            | Kind::Quantified { operand: a, array: b, .. } => vec![a, b],
            Kind::Like { operand, pattern, .. } => vec![operand, pattern],
            Kind::In { operand, list, .. } => std::iter::once(&mut **operand).chain(list).collect(),
            Kind::Between { operand, low, high, .. } => vec![operand, low, high],
            Kind::Case { operand, branches, otherwise } => {
                let branches = branches.iter_mut().flat_map(|(when, then)| [when, then]);
                operand.as_deref_mut().into_iter().chain(branches).chain(otherwise.as_deref_mut()).collect()
            }
            Kind::Array(list) | Kind::Row(list) => list.iter_mut().collect(),
            Kind::Slice { array, lower, upper } => {
                std::iter::once(&mut **array).chain(lower.as_deref_mut()).chain(upper.as_deref_mut()).collect()
            }
            Kind::Call { args, named, .. } => args.iter_mut().chain(named.iter_mut().map(|(_, value)| value)).collect(),
        }
    }
}
