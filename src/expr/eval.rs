//! Evaluation: control flow and three-valued logic. Boundary: what a function does is in the file of its family, what is read comes
//! through [`Context`], what is asked of other entities is in `lookup.rs`.

use std::borrow::Cow;

use super::ast::Test;
use super::compare::{Comparator, Comparison};
use super::context::{Context, EvalError, Evaluated, Fault};
use super::direct::{Direct, Switch};
use super::lookup::{lend, new_key};
use super::registry::{Builtin, How, mismatch, text_of};
use super::typed::{Extended, Extra, Node};
use super::{numeric, quantified};
use crate::row::{Numeric, Value, reason};

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
            Self::Case { switch, branches, otherwise } => Self::case(switch.as_ref(), branches, otherwise, ctx),
            Self::Coalesce(args) => Self::coalesce(args, ctx),
            Self::Extreme { by, args, greatest } => Self::extreme(by, args, *greatest, ctx),
            Self::Call { builtin, args } => match &args[..] {
                [one] => match one.directly(builtin, ctx) {
                    Some(text) => Ok(Value::Text(text)),
                    None => Self::run(builtin, &mut [one.eval(ctx)?]),
                },
                [one, two] => match Self::directly_of(one, two, builtin, ctx) {
                    Some(number) => number.map(Value::Numeric),
                    None => match one.eval(ctx)? {
                        Value::Null if builtin.is_subscript() => Ok(Value::Null),
                        first => Self::run(builtin, &mut [first, two.eval(ctx)?]),
                    },
                },
                [one, two, three] => match one.eval(ctx)? {
                    Value::Null if builtin.is_subscript() => Ok(Value::Null),
                    first => Self::run(builtin, &mut [first, two.eval(ctx)?, three.eval(ctx)?]),
                },
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
            Self::NewId(ty) => new_key(ctx.new_id()?, ty),
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

    fn case<'r, C: Context<'r>>(
        switch: Option<&'r Switch>,
        branches: &'r [(Self, Self)],
        otherwise: &'r Self,
        ctx: &mut C,
    ) -> Evaluated<'r> {
        if let Some((count, counts)) = switch.and_then(|switch| switch.counts(ctx)) {
            for ((when, then), other) in branches.iter().zip(counts) {
                if count == *other && when.holds_besides(ctx)? {
                    return then.eval(ctx);
                }
            }
            return otherwise.eval(ctx);
        }
        let subject = switch.map(|switch| ctx.field(switch.column)).transpose()?;
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

    /// Whether a condition that has a subject is true where the subject is the constant.
    fn holds_besides<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Result<bool, EvalError> {
        match self {
            Self::And(sides) => Ok(sides[1].test(ctx)? == Some(true)),
            _ => Ok(true),
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
                if let Some(text) = piece.piece(ctx) {
                    *part = Cow::Borrowed(text);
                    continue;
                }
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
            Self::Compare { op, by, sides, counted } => match counted.as_ref().and_then(|counted| counted.test(ctx)) {
                None => Self::compared(*op, by, sides, ctx),
                holds => Ok(holds),
            },
            Self::In { by, operand, list, negated } => Self::within(by, operand, list, *negated, ctx),
            _ => match self.flag(ctx) {
                None => truth(&self.eval(ctx)?),
                holds => Ok(holds),
            },
        }
    }

    fn compared<'r, C: Context<'r>>(op: Comparison, by: &Comparator, sides: &'r [Self; 2], ctx: &mut C) -> Result<Option<bool>, EvalError> {
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

    /// What a function makes of this argument, where it is a text that stands somewhere.
    fn directly<'r, C: Context<'r>>(&'r self, builtin: &Builtin, ctx: &C) -> Option<Cow<'r, str>> {
        match builtin.direct {
            Direct::No | Direct::Numbers(_) => None,
            Direct::Part(part) => self.piece(ctx).map(|text| Cow::Borrowed(part(text))),
            Direct::Text(run) => self.piece(ctx).map(run),
        }
    }

    fn directly_of<'r, C: Context<'r>>(left: &Self, right: &Self, builtin: &Builtin, ctx: &C) -> Option<Result<Numeric, EvalError>> {
        let Direct::Numbers(run) = builtin.direct else { return None };
        Some(run(&left.number(ctx)?, &right.number(ctx)?))
    }

    fn call_many<'r, C: Context<'r>>(args: &'r [Self], builtin: &'static Builtin, ctx: &mut C) -> Evaluated<'r> {
        match Self::values(args, builtin, ctx)? {
            Some(mut values) => Self::run(builtin, &mut values),
            None => Ok(Value::Null),
        }
    }

    /// The arguments of a call; none where it is a subscript of NULL, which leaves its other arguments alone.
    fn values<'r, C: Context<'r>>(args: &'r [Self], builtin: &Builtin, ctx: &mut C) -> Result<Option<Vec<Value<'r>>>, EvalError> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(arg.eval(ctx)?);
            if values.len() == 1 && values[0].is_null() && builtin.is_subscript() {
                return Ok(None);
            }
        }
        Ok(Some(values))
    }

    fn run<'r>(builtin: &'static Builtin, values: &mut [Value<'r>]) -> Evaluated<'r> {
        let How::Plain(run) = builtin.how else { return Err(mismatch()) };
        if builtin.strict && values.iter().any(Value::is_null) { Ok(Value::Null) } else { run(values) }
    }
}

impl Extended {
    fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Evaluated<'r> {
        match &self.args[..] {
            [one] => self.run(&mut [one.eval(ctx)?]),
            [one, two] => match one.eval(ctx)? {
                Value::Null if self.builtin.is_subscript() => Ok(Value::Null),
                first => self.run(&mut [first, two.eval(ctx)?]),
            },
            [one, two, three] => match one.eval(ctx)? {
                Value::Null if self.builtin.is_subscript() => Ok(Value::Null),
                first => self.run(&mut [first, two.eval(ctx)?, three.eval(ctx)?]),
            },
            many => match Node::values(many, self.builtin, ctx)? {
                Some(mut values) => self.run(&mut values),
                None => Ok(Value::Null),
            },
        }
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
