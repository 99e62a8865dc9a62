//! The typed tree and its evaluation. Boundary: control flow and three-valued logic; what a function does is in the file of
//! its family, what it reads comes through [`Context`].
//!
//! Every name is resolved and every cast explicit, so a row is evaluated without a look-up by name and without an
//! allocation that the values themselves do not need.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::array::Conversion;
use super::ast::Test;
use super::cast;
use super::compare::{Comparator, Comparison};
use super::context::{Context, EvalError, Evaluated, Fault, OnCycle, OnMissing, Reference, Resolved};
use super::numeric;
use super::quantified::{self, Quantified};
use super::registry::{Builtin, How, Prepared, RunTyped, Types, int_of, mismatch, text_of};
use crate::row::{EnumType, LegacyKey, SqlType, Value, reason};

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
        /// The column that every condition compares with a constant first, where there is such a column: it is read once.
        subject: Option<usize>,
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
    NewId,
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
        matches!(self.node, Node::NewId)
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

/// A value of the plan, without copying its text.
fn lend<'r>(value: &'r Value<'static>) -> Value<'r> {
    value.borrowed()
}

fn truth(value: &Value<'_>) -> Result<Option<bool>, EvalError> {
    match value {
        Value::Bool(value) => Ok(Some(*value)),
        Value::Null => Ok(None),
        _ => Err(mismatch()),
    }
}

fn boolean<'r>(value: Option<bool>) -> Value<'r> {
    value.map_or(Value::Null, Value::Bool)
}

impl Node {
    /// It recurs, once for each level of the expression, and so leaves whatever needs room to others.
    pub(super) fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        match self {
            Self::Const(value) => Ok(lend(value)),
            Self::Literal(literal) => Ok(lend(&literal.value)),
            Self::Column { index, .. } => ctx.field(*index),
            Self::And(_) | Self::Or(_) | Self::Not(_) | Self::Is { .. } | Self::Compare { .. } | Self::In { .. } => {
                self.test(ctx).map(boolean)
            }
            Self::Nullif { by, sides } => Self::nullif(by, sides, ctx),
            Self::Distinct { by, sides, negated } => Self::distinct(by, sides, *negated, ctx),
            Self::Case { subject, branches, otherwise } => Self::case(*subject, branches, otherwise, ctx),
            Self::Coalesce(args) => Self::coalesce(args, ctx),
            Self::Extreme { by, args, greatest } => Self::extreme(by, args, *greatest, ctx),
            Self::Call { builtin, args } => match &args[..] {
                [one] => Self::call([one], builtin, ctx),
                [one, two] => Self::call([one, two], builtin, ctx),
                [one, two, three] => Self::call([one, two, three], builtin, ctx),
                many => Self::call_many(many, builtin, ctx),
            },
            Self::Extended(call) => call.eval(ctx),
            Self::RowCompare { op, pairs } => quantified::rows(*op, pairs, ctx),
            Self::Quantified(quantified) => quantified.eval(ctx),
            Self::Concat(pieces) => Self::concat(pieces, ctx),
            Self::Cast { operand, .. }
            | Self::Convert { operand, .. }
            | Self::Label { operand, .. }
            | Self::Precision { operand, .. }
            | Self::Truncate { operand, .. }
            | Self::Valid { operand, .. } => self.single(operand, ctx),
            Self::NewId => ctx.new_id().map(Value::Uuid),
            Self::LegacyKey => Ok(Value::Text(ctx.legacy_key())),
            Self::RunStartedAt => Ok(Value::TimestampTz(ctx.run_started_at())),
            Self::Ref(reference) => reference.eval(ctx),
            Self::Code(code) => code.eval(ctx),
            Self::Reject(code) => Err(Self::rejected(code)),
            Self::Incident { code, value } => {
                let value = value.eval(ctx);
                if value.is_ok() {
                    ctx.incident(code);
                }
                value
            }
        }
    }

    fn rejected(code: &str) -> EvalError {
        Fault::Reject { code: Cow::Owned(code.to_owned()), message: Cow::Borrowed("rejected by a rule of the plan") }.into()
    }

    fn is<'r, C: Context<'r>>(&'r self, test: Test, ctx: &mut C) -> Result<bool, EvalError> {
        Ok(match test {
            Test::Null => self.eval(ctx)?.is_null(),
            Test::Unknown => self.test(ctx)?.is_none(),
            Test::True => self.test(ctx)? == Some(true),
            Test::False => self.test(ctx)? == Some(false),
        })
    }

    fn case<'r, C: Context<'r>>(subject: Option<usize>, branches: &'r [(Self, Self)], otherwise: &'r Self, ctx: &mut C) -> Evaluated<'r> {
        let subject = subject.map(|column| ctx.field(column)).transpose()?;
        for (when, then) in branches {
            let holds = match &subject {
                Some(subject) => when.holds_for(subject, ctx)?,
                None => when.test(ctx)? == Some(true),
            };
            if holds {
                return then.eval(ctx);
            }
        }
        otherwise.eval(ctx)
    }

    /// The column of `column = constant`, alone or in front of an `and`.
    pub fn subject(&self) -> Option<usize> {
        match self {
            Self::Compare { op: Comparison::Equal, sides, .. } => match &**sides {
                [Self::Column { index, .. }, Self::Const(constant)] if !constant.is_null() => Some(*index),
                _ => None,
            },
            Self::And(sides) if matches!(sides[0], Self::Compare { .. }) => sides[0].subject(),
            _ => None,
        }
    }

    /// Whether a condition that has a subject is true for this value of it.
    fn holds_for<'r, C: Context<'r>>(&'r self, subject: &Value<'_>, ctx: &mut C) -> Result<bool, EvalError> {
        match self {
            Self::Compare { by, sides, .. } => match &sides[1] {
                Self::Const(constant) => Ok(!subject.is_null() && by.equal(subject, constant)?),
                _ => Err(mismatch()),
            },
            // Beside an unknown left side the right one is evaluated, too: it may end in an error.
            Self::And(sides) => {
                let left = sides[0].holds_for(subject, ctx)?;
                if !left && !subject.is_null() {
                    return Ok(false);
                }
                let right = sides[1].test(ctx)?;
                Ok(left && right == Some(true))
            }
            _ => Err(mismatch()),
        }
    }

    /// All pieces are evaluated, as arguments are, and their room is reserved at once.
    fn concat<'r, C: Context<'r>>(pieces: &'r [Self], ctx: &mut C) -> Evaluated<'r> {
        let mut text = String::new();
        let mut null = false;
        for some in pieces.chunks(4) {
            let mut parts = [const { Cow::Borrowed("") }; 4];
            for (part, piece) in parts.iter_mut().zip(some) {
                match piece.eval(ctx)? {
                    Value::Text(text) => *part = text,
                    Value::Null => null = true,
                    _ => return Err(mismatch()),
                }
            }
            text.reserve(parts.iter().map(|part| part.len()).sum());
            for part in &parts {
                text.push_str(part);
            }
        }
        Ok(if null { Value::Null } else { Value::Text(Cow::Owned(text)) })
    }

    fn coalesce<'r, C: Context<'r>>(args: &'r [Self], ctx: &mut C) -> Evaluated<'r> {
        for arg in args {
            let value = arg.eval(ctx)?;
            if !value.is_null() {
                return Ok(value);
            }
        }
        Ok(Value::Null)
    }

    fn distinct<'r, C: Context<'r>>(by: &Comparator, sides: &'r [Self; 2], negated: bool, ctx: &mut C) -> Evaluated<'r> {
        let (left, right) = (sides[0].eval(ctx)?, sides[1].eval(ctx)?);
        Ok(Value::Bool(by.same(&left, &right)? == negated))
    }

    /// Nodes of one operand, NULL where that is NULL.
    fn single<'r, C: Context<'r>>(&'r self, operand: &'r Self, ctx: &mut C) -> Evaluated<'r> {
        match operand.eval(ctx)? {
            Value::Null => Ok(Value::Null),
            value => self.converted(value),
        }
    }

    fn converted<'r>(&'r self, mut value: Value<'r>) -> Evaluated<'r> {
        match self {
            Self::Cast { run, .. } => run(value),
            Self::Convert { by, .. } => by.run(value),
            Self::Label { ty, .. } => match value {
                Value::Text(text) if ty.labels.iter().any(|label| *label == text) => Ok(Value::Text(text)),
                Value::Text(_) => {
                    let message = Cow::Owned(format!("no label of {}", ty.name));
                    Err(Fault::Reject { code: Cow::Borrowed(reason::ENUM_LABEL_UNKNOWN), message }.into())
                }
                _ => Err(mismatch()),
            },
            Self::Precision { precision, scale, .. } => {
                numeric::constrain(numeric::numeric_of(&value)?, *precision, *scale).map(Value::Numeric)
            }
            Self::Truncate { length, .. } => {
                let text = text_of(&mut value)?;
                let end = text.char_indices().nth(*length).map_or(text.len(), |(at, _)| at);
                Ok(Value::Text(super::text::slice(text, 0..end)))
            }
            Self::Valid { input, .. } => match input(value) {
                Ok(_) => Ok(Value::Bool(true)),
                // Class 22, data exceptions: what a server reports softly. Everything else is an error there, too.
                Err(error) if matches!(error.fault(), Fault::Sql { sqlstate, .. } if sqlstate.starts_with("22")) => Ok(Value::Bool(false)),
                Err(error) => Err(error),
            },
            _ => Err(mismatch()),
        }
    }

    /// A condition, without a value made of it: `None` is unknown.
    fn test<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Result<Option<bool>, EvalError> {
        match self {
            Self::And(sides) => Self::connect(sides, false, ctx),
            Self::Or(sides) => Self::connect(sides, true, ctx),
            Self::Not(operand) => Ok(operand.test(ctx)?.map(|value| !value)),
            Self::Is { operand, test, negated } => Ok(Some(operand.is(*test, ctx)? != *negated)),
            Self::Compare { op, by, sides } => Self::compare(*op, by, sides, ctx),
            Self::In { by, operand, list, negated } => Self::within(by, operand, list, *negated, ctx),
            _ => truth(&self.eval(ctx)?),
        }
    }

    fn compare<'r, C: Context<'r>>(op: Comparison, by: &Comparator, sides: &'r [Self; 2], ctx: &mut C) -> Result<Option<bool>, EvalError> {
        let left = sides[0].eval(ctx)?;
        sides[1].with(ctx, |right| {
            if left.is_null() || right.is_null() {
                return Ok(None);
            }
            Ok(Some(match op {
                Comparison::Equal => by.equal(&left, right)?,
                Comparison::NotEqual => !by.equal(&left, right)?,
                op => op.holds(by.order(&left, right)?),
            }))
        })
    }

    fn nullif<'r, C: Context<'r>>(by: &Comparator, sides: &'r [Self; 2], ctx: &mut C) -> Evaluated<'r> {
        let left = sides[0].eval(ctx)?;
        let same = sides[1].with(ctx, |right| Ok(!left.is_null() && !right.is_null() && by.equal(&left, right)?))?;
        Ok(if same { Value::Null } else { left })
    }

    /// Looks at a value; constants are looked at where they stand.
    fn with<'r, C: Context<'r>, T>(&'r self, ctx: &mut C, look: impl FnOnce(&Value<'_>) -> Result<T, EvalError>) -> Result<T, EvalError> {
        match self {
            Self::Const(value) => look(value),
            Self::Literal(literal) => look(&literal.value),
            node => look(&node.eval(ctx)?),
        }
    }

    /// `and` (decided by false) and `or` (decided by true); the right side is left alone where the left decides.
    fn connect<'r, C: Context<'r>>(sides: &'r [Self; 2], decisive: bool, ctx: &mut C) -> Result<Option<bool>, EvalError> {
        let left = sides[0].test(ctx)?;
        if left == Some(decisive) {
            return Ok(left);
        }
        let right = sides[1].test(ctx)?;
        Ok(if right == Some(decisive) { right } else { left.and(right) })
    }

    fn within<'r, C: Context<'r>>(
        by: &Comparator,
        operand: &'r Self,
        list: &'r [Self],
        negated: bool,
        ctx: &mut C,
    ) -> Result<Option<bool>, EvalError> {
        let operand = operand.eval(ctx)?;
        if operand.is_null() {
            return Ok(None);
        }
        let mut unknown = false;
        for item in list {
            let found = item.with(ctx, |item| if item.is_null() { Ok(None) } else { by.equal(&operand, item).map(Some) })?;
            match found {
                None => unknown = true,
                Some(true) => return Ok(Some(!negated)),
                Some(false) => {}
            }
        }
        Ok(if unknown { None } else { Some(negated) })
    }

    fn extreme<'r, C: Context<'r>>(by: &Comparator, args: &'r [Self], greatest: bool, ctx: &mut C) -> Evaluated<'r> {
        let mut best = Value::Null;
        for arg in args {
            let value = arg.eval(ctx)?;
            if value.is_null() {
                continue;
            }
            // Of equal values the first stays, as in PostgreSQL: 1.0 and 1.00 are equal and not the same.
            let better = best.is_null() || {
                let order = by.order(&value, &best)?;
                if greatest { order.is_gt() } else { order.is_lt() }
            };
            if better {
                best = value;
            }
        }
        Ok(best)
    }

    /// The arguments stand on the stack: almost all functions have three or fewer.
    fn call<'r, C: Context<'r>, const N: usize>(args: [&'r Self; N], builtin: &'static Builtin, ctx: &mut C) -> Evaluated<'r> {
        let mut values = [const { Value::Null }; N];
        for (at, (value, arg)) in values.iter_mut().zip(args).enumerate() {
            *value = arg.eval(ctx)?;
            if at == 0 && value.is_null() && builtin.is_subscript() {
                return Ok(Value::Null);
            }
        }
        Self::run(builtin, &mut values)
    }

    fn call_many<'r, C: Context<'r>>(args: &'r [Self], builtin: &'static Builtin, ctx: &mut C) -> Evaluated<'r> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(arg.eval(ctx)?);
            if values.len() == 1 && values[0].is_null() && builtin.is_subscript() {
                return Ok(Value::Null);
            }
        }
        Self::run(builtin, &mut values)
    }

    fn run<'r>(builtin: &'static Builtin, values: &mut [Value<'r>]) -> Evaluated<'r> {
        let How::Plain(run) = builtin.how else { return Err(mismatch()) };
        if builtin.strict && values.iter().any(Value::is_null) { Ok(Value::Null) } else { run(values) }
    }

    /// The nodes below.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Const(_)
            | Self::Literal(_)
            | Self::Column { .. }
            | Self::NewId
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
            Self::Label { .. } | Self::Precision { .. } | Self::Ref(_) | Self::Reject(_) | Self::NewId => true,
            _ => false,
        }
    }
}

impl Extended {
    fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        match &self.args[..] {
            [one] => self.call([one], ctx),
            [one, two] => self.call([one, two], ctx),
            [one, two, three] => self.call([one, two, three], ctx),
            many => {
                let mut values = Vec::with_capacity(many.len());
                for arg in many {
                    values.push(arg.eval(ctx)?);
                    if values.len() == 1 && values[0].is_null() && self.builtin.is_subscript() {
                        return Ok(Value::Null);
                    }
                }
                self.run(&mut values)
            }
        }
    }

    /// The arguments stand on the stack, as those of plain calls do.
    fn call<'r, C: Context<'r>, const N: usize>(&'r self, args: [&'r Node; N], ctx: &mut C) -> Evaluated<'r> {
        let mut values = [const { Value::Null }; N];
        for (at, (value, arg)) in values.iter_mut().zip(args).enumerate() {
            *value = arg.eval(ctx)?;
            if at == 0 && value.is_null() && self.builtin.is_subscript() {
                return Ok(Value::Null);
            }
        }
        self.run(&mut values)
    }

    fn run<'r>(&'r self, values: &mut [Value<'r>]) -> Evaluated<'r> {
        if self.builtin.strict && values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        match &self.extra {
            Extra::Typed(run, types) => run(values, types),
            Extra::Prepared(prepared) => prepared.run(values),
        }
    }
}

impl Ref {
    fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        let Some(key) = self.key(ctx)? else { return Ok(Value::Null) };
        let resolved = ctx.resolve(&self.reference, key);
        let parent = &self.reference.entity_name;
        let (code, what) = match resolved {
            Resolved::Found(id) => return Ok(Value::Uuid(id)),
            Resolved::Cycle => {
                if self.reference.on_cycle == Some(OnCycle::Null) {
                    ctx.incident(reason::SELF_CYCLE);
                    return Ok(Value::Null);
                }
                let message = Cow::Owned(format!("the reference to {parent} is part of a cycle"));
                return Err(Fault::Reject { code: Cow::Borrowed(reason::REF_CYCLE), message }.into());
            }
            Resolved::Missing => (reason::REF_MISSING, "is not in the source"),
            Resolved::ParentQuarantined => (reason::PARENT_QUARANTINED, "is in quarantine"),
            Resolved::ParentFiltered => (reason::PARENT_FILTERED, "was left out by a filter"),
        };
        let message = || Cow::Owned(format!("the row of {parent} that is referred to {what}"));
        match self.reference.on_missing {
            OnMissing::Null => {
                ctx.incident(reason::REF_NULLED);
                Ok(Value::Null)
            }
            OnMissing::Fail => Err(Fault::Fail { message: message() }.into()),
            OnMissing::Quarantine if resolved == Resolved::ParentFiltered => Err(Fault::ParentFiltered.into()),
            OnMissing::Quarantine => Err(Fault::Reject { code: Cow::Borrowed(code), message: message() }.into()),
        }
    }

    /// `None` where a part of the key is NULL.
    fn key<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Result<Option<LegacyKey>, EvalError> {
        let mut joined: Option<Cow<'r, str>> = None;
        for part in &self.key {
            let mut value = part.eval(ctx)?;
            if value.is_null() {
                return Ok(None);
            }
            if self.whole {
                return int_of(&value).map(|key| Some(LegacyKey::Int(key)));
            }
            let text = text_of(&mut value)?;
            joined = Some(match joined {
                None => text,
                Some(joined) => Cow::Owned(format!("{joined}:{text}")),
            });
        }
        Ok(joined.map(|key| LegacyKey::Text(key.into())))
    }
}

impl Code {
    fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        let code = self.operand.eval(ctx)?;
        let found = match (&self.entries, &code) {
            (_, Value::Null) => Some(&self.on_null),
            (Entries::Ints(entries), code) => entries.get(&int_of(code)?),
            (Entries::Texts(entries), Value::Text(code)) => entries.get(&**code),
            _ => return Err(mismatch()),
        };
        match (found, &self.otherwise) {
            (Some(value), _) => Ok(lend(value)),
            (None, Otherwise::Null) => {
                ctx.incident(reason::CODE_NULLED);
                Ok(Value::Null)
            }
            (None, Otherwise::Default(value)) => {
                ctx.incident(reason::CODE_DEFAULTED);
                Ok(lend(value))
            }
            (None, Otherwise::Reject) => {
                let message = Cow::Owned(format!("the code is not in the code table {}", self.table));
                Err(Fault::Reject { code: Cow::Borrowed(reason::CODE_UNMAPPED), message }.into())
            }
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
