//! The typed tree. Boundary: what an expression is, once it is bound; its evaluation is in `eval.rs`.
//!
//! Every name is resolved and every cast explicit, so a row is evaluated without a look-up by name and without an
//! allocation that the values themselves do not need.

use std::collections::HashMap;
use std::sync::Arc;

use super::array::Conversion;
use super::ast::Test;
use super::cast;
use super::compare::{Comparator, Comparison};
use super::context::{Context, EvalError, Reference};
use super::direct::{Counted, Form, Subject, Switch};
use super::quantified::Quantified;
use super::registry::{Builtin, Prepared, RunTyped, Types};
use crate::row::{EnumType, SqlType, Value};

/// A bound expression: every name resolved, every cast explicit.
#[derive(Debug)]
pub struct Expr {
    pub(super) node: Node,
    pub(super) ty: SqlType,
    pub(super) columns: Vec<usize>,
    pub(super) references: Vec<Reference>,
    pub(super) fallible: bool,
}

#[derive(Debug)]
pub(super) enum Node {
    Const(Value<'static>),
    /// A constant of a type whose values are printed by the text that they were written as.
    Literal(Box<Literal>),
    Column {
        index: usize,
        form: Form,
        name: Box<str>,
    },
    Not(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Is {
        operand: Box<Node>,
        test: Test,
        negated: bool,
    },
    Compare {
        op: Comparison,
        by: Comparator,
        sides: Box<[Node; 2]>,
        counted: Option<Counted>,
    },
    Distinct {
        by: Comparator,
        sides: Box<[Node; 2]>,
        negated: bool,
    },
    In {
        by: Comparator,
        operand: Box<Node>,
        list: Box<[Node]>,
        negated: bool,
    },
    Case {
        /// Where every condition compares one column with a constant first: it is read once.
        switch: Option<Switch>,
        branches: Box<[(Node, Node)]>,
        otherwise: Box<Node>,
    },
    Coalesce(Box<[Node]>),
    Nullif {
        by: Comparator,
        sides: Box<[Node; 2]>,
    },
    Extreme {
        by: Comparator,
        args: Box<[Node]>,
        greatest: bool,
    },
    Call {
        builtin: &'static Builtin,
        args: Box<[Node]>,
    },
    Extended(Box<Extended>),
    /// Three texts or more with `||` between them.
    Concat(Vec<Node>),
    Cast {
        run: cast::Run,
        fallible: bool,
        to: SqlType,
        operand: Box<Node>,
    },
    /// A cast from or to an array.
    Convert {
        by: Arc<Conversion>,
        to: SqlType,
        operand: Box<Node>,
    },
    /// The order of two rows of values.
    RowCompare {
        op: Comparison,
        pairs: Box<[(Comparator, [Node; 2])]>,
    },
    /// `x = any (array)`
    Quantified(Box<Quantified>),
    Label {
        ty: Arc<EnumType>,
        operand: Box<Node>,
    },
    Precision {
        precision: i64,
        scale: i64,
        operand: Box<Node>,
    },
    Truncate {
        length: usize,
        operand: Box<Node>,
    },
    Valid {
        input: cast::Run,
        ty: SqlType,
        operand: Box<Node>,
    },
    /// The new key of the row, of this type.
    NewId(SqlType),
    LegacyKey,
    RunStartedAt,
    Ref(Box<Ref>),
    Code(Box<Code>),
    Reject(Box<str>),
    Incident {
        code: Box<str>,
        value: Box<Node>,
    },
}

#[derive(Debug)]
pub(super) struct Literal {
    pub value: Value<'static>,
    pub text: Box<str>,
    pub ty: SqlType,
}

/// A call that needs more than the values of its arguments.
#[derive(Debug)]
pub(super) struct Extended {
    pub builtin: &'static Builtin,
    pub args: Box<[Node]>,
    pub extra: Extra,
}

/// What a call needs beyond the values of its arguments.
#[derive(Debug)]
pub(super) enum Extra {
    /// The types.
    Typed(RunTyped, Types),
    /// Literals that were worked up.
    Prepared(Box<dyn Prepared>),
}

#[derive(Debug)]
pub(super) struct Ref {
    pub reference: Reference,
    /// One whole number, or texts to be joined.
    pub whole: bool,
    pub key: Box<[Node]>,
    /// The type of the parent's new keys.
    pub new_key: SqlType,
}

/// A code table, its values of the type that is wanted.
#[derive(Debug)]
pub(super) struct Code {
    pub table: Box<str>,
    pub operand: Node,
    pub entries: Entries,
    pub on_null: Value<'static>,
    pub otherwise: Otherwise,
}

#[derive(Debug)]
pub(super) enum Entries {
    Ints(HashMap<i64, Value<'static>>),
    Texts(HashMap<Box<str>, Value<'static>>),
}

#[derive(Debug)]
pub(super) enum Otherwise {
    Reject,
    Null,
    Default(Value<'static>),
}

impl Expr {
    /// The type of its values.
    pub fn ty(&self) -> &SqlType {
        &self.ty
    }

    /// Whether evaluation can end in anything but a value.
    pub fn fallible(&self) -> bool {
        self.fallible
    }

    /// The source columns that it reads, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The source column that it is, where it is nothing else: its field bytes can pass through untouched.
    pub fn as_column(&self) -> Option<usize> {
        match self.node {
            Node::Column { index, .. } => Some(index),
            _ => None,
        }
    }

    /// Whether it is `new_id()` and nothing else.
    pub fn is_new_id(&self) -> bool {
        matches!(self.node.whole_number(), Node::NewId(_))
    }

    /// The source column that it is, where it is nothing else than that column, or a cast of it to a whole number.
    pub fn as_whole_number(&self) -> Option<usize> {
        match self.node.whole_number() {
            Node::Column { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// The references that it resolves.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The signatures of the registry that it calls, in no order; the same one as often as it is called.
    pub fn builtins(&self) -> Vec<&'static Builtin> {
        let (mut found, mut open) = (Vec::new(), vec![&self.node]);
        while let Some(next) = open.pop() {
            match next {
                Node::Call { builtin, .. } => found.push(*builtin),
                Node::Extended(call) => found.push(call.builtin),
                _ => {}
            }
            open.extend(next.children());
        }
        found
    }

    /// Its value for the row of `ctx`.
    pub fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Result<Value<'r>, EvalError> {
        self.node.eval(ctx)
    }
}

impl Node {
    pub fn compare(op: Comparison, by: Comparator, sides: [Self; 2]) -> Self {
        let counted = Counted::new(op, &by, &sides);
        Self::Compare { op, by, sides: Box::new(sides), counted }
    }

    /// The column of `column = constant`, alone or in front of an `and`.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Self::Compare { op: Comparison::Equal, sides, counted, .. } => match &**sides {
                [Self::Column { index, .. }, Self::Const(constant)] if !constant.is_null() => {
                    Some(Subject { column: *index, counted: *counted })
                }
                _ => None,
            },
            Self::And(sides) if matches!(sides[0], Self::Compare { .. }) => sides[0].subject(),
            _ => None,
        }
    }

    /// What is cast to another width of whole numbers, which leaves the number what it is or fails.
    fn whole_number(&self) -> &Self {
        match self {
            Self::Cast { to, operand, .. } if to.is_integer() => operand.whole_number(),
            node => node,
        }
    }

    /// The nodes below.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Const(_)
            | Self::Literal(_)
            | Self::Column { .. }
            | Self::NewId(_)
            | Self::LegacyKey
            | Self::RunStartedAt
            | Self::Reject(_) => Vec::new(),
            Self::Not(operand)
            | Self::Is { operand, .. }
            | Self::Cast { operand, .. }
            | Self::Convert { operand, .. }
            | Self::Label { operand, .. }
            | Self::Precision { operand, .. }
            | Self::Truncate { operand, .. }
            | Self::Valid { operand, .. }
            | Self::Incident { value: operand, .. } => vec![operand],
            Self::And(sides)
            | Self::Or(sides)
            | Self::Compare { sides, .. }
            | Self::Distinct { sides, .. }
            | Self::Nullif { sides, .. } => sides.iter().collect(),
            Self::In { operand, list, .. } => std::iter::once(&**operand).chain(list).collect(),
            Self::Case { branches, otherwise, .. } => {
                branches.iter().flat_map(|(when, then)| [when, then]).chain(std::iter::once(&**otherwise)).collect()
            }
            Self::Coalesce(args) | Self::Extreme { args, .. } | Self::Call { args, .. } => args.iter().collect(),
            Self::Extended(call) => call.args.iter().collect(),
            Self::RowCompare { pairs, .. } => pairs.iter().flat_map(|(_, sides)| sides).collect(),
            Self::Quantified(quantified) => quantified.sides.iter().collect(),
            Self::Concat(pieces) => pieces.iter().collect(),
            Self::Ref(reference) => reference.key.iter().collect(),
            Self::Code(code) => vec![&code.operand],
        }
    }

    /// Whether this node, its children apart, can end in anything but a value.
    pub fn can_fail(&self) -> bool {
        match self {
            Self::Call { builtin, .. } => builtin.fallible,
            Self::Extended(call) => match &call.extra {
                Extra::Typed(..) => call.builtin.fallible,
                Extra::Prepared(prepared) => prepared.fallible(),
            },
            Self::Cast { fallible, .. } => *fallible,
            Self::Convert { by, .. } => by.fallible(),
            Self::Compare { op, by, .. } => op.orders() && by.can_fail(),
            Self::Extreme { by, .. } => by.can_fail(),
            Self::RowCompare { pairs, .. } => pairs.iter().any(|(by, _)| by.can_fail()),
            Self::Quantified(quantified) => quantified.can_fail(),
            Self::Code(code) => matches!(code.otherwise, Otherwise::Reject),
            Self::Valid { ty, .. } => {
                !matches!(ty, SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric | SqlType::Uuid | SqlType::Bool)
            }
            Self::Label { .. } | Self::Precision { .. } | Self::Ref(_) | Self::Reject(_) | Self::NewId(_) => true,
            _ => false,
        }
    }
}

/// Whether `like` with this pattern can fail; used for literals.
pub(super) fn like_is_well_formed(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.next().is_none() {
            return false;
        }
    }
    true
}
