//! Conditions and texts that are told from field bytes as they stand, without a value made of them: what most columns of a plan are.
//! Boundary: an answer is given where it is the one that evaluation gives; for NULL, for bytes that no server sends and for everything
//! else there is none, and the node is evaluated.

use super::compare::{Comparator, Comparison};
use super::context::{Context, EvalError};
use super::numeric;
use super::typed::Node;
use crate::row::{Numeric, SqlType, Value};

/// How a column's field bytes can be read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    /// A whole number of so many bits, or what is counted by one: days, microseconds.
    Bits16,
    Bits32,
    Bits64,
    Numeric,
    Text,
    /// Not at all.
    Other,
}

impl Form {
    pub fn of(ty: &SqlType) -> Self {
        match ty {
            SqlType::Bool => Self::Bool,
            SqlType::Int2 => Self::Bits16,
            SqlType::Int4 | SqlType::Date => Self::Bits32,
            SqlType::Int8 | SqlType::Timestamp | SqlType::TimestampTz => Self::Bits64,
            SqlType::Numeric => Self::Numeric,
            ty if ty.is_text() => Self::Text,
            _ => Self::Other,
        }
    }

    #[inline]
    fn count(self, bytes: &[u8]) -> Option<i64> {
        match self {
            Self::Bits16 => bytes.try_into().ok().map(i16::from_be_bytes).map(i64::from),
            Self::Bits32 => bytes.try_into().ok().map(i32::from_be_bytes).map(i64::from),
            Self::Bits64 => bytes.try_into().ok().map(i64::from_be_bytes),
            _ => None,
        }
    }
}

/// The number that a constant is counted by, where it and a column are compared by those numbers alone.
fn count(by: &Comparator, constant: &Value<'_>) -> Option<i64> {
    match (by, constant) {
        (Comparator::Int, Value::Int2(n)) => Some(i64::from(*n)),
        (Comparator::Int, Value::Int4(n)) => Some(i64::from(*n)),
        (Comparator::Int, Value::Int8(n)) | (Comparator::TimestampTz, Value::TimestampTz(n)) => Some(*n),
        _ => None,
    }
}

/// A comparison of a column with a constant, both counted by whole numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    column: usize,
    form: Form,
    /// For less, equal and greater, a bit that says whether the comparison holds.
    holds: u8,
    constant: i64,
}

impl Counted {
    pub fn new(op: Comparison, by: &Comparator, sides: &[Node; 2]) -> Option<Self> {
        let [Node::Column { index, form, .. }, Node::Const(constant)] = sides else { return None };
        let constant = match (by, form, constant) {
            // A date beside a timestamp is brought to its midnight first.
            (Comparator::Instant, Form::Bits32, Value::Date(days)) => i64::from(*days),
            (Comparator::Instant, Form::Bits64, Value::Timestamp(micros)) => *micros,
            _ => count(by, constant)?,
        };
        if !matches!(form, Form::Bits16 | Form::Bits32 | Form::Bits64) {
            return None;
        }
        let holds = [std::cmp::Ordering::Less, std::cmp::Ordering::Equal, std::cmp::Ordering::Greater]
            .into_iter()
            .enumerate()
            .fold(0, |holds, (bit, order)| holds | u8::from(op.holds(order)) << bit);
        Some(Self { column: *index, form: *form, holds, constant })
    }

    #[inline]
    pub fn test<'r, C: Context<'r>>(&self, ctx: &C) -> Option<bool> {
        let count = self.form.count(ctx.bytes(self.column)?)?;
        let order = u8::from(count >= self.constant) + u8::from(count > self.constant);
        Some(self.holds >> order & 1 == 1)
    }
}

/// The conditions of a `case` that all compare one column with a constant first, in their order.
#[derive(Debug)]
pub(super) struct Switch {
    pub column: usize,
    /// The constants, where they and the column are counted by whole numbers.
    counts: Option<(Form, Box<[i64]>)>,
}

impl Switch {
    pub fn new(branches: &[(Node, Node)]) -> Option<Self> {
        let compared: Vec<_> = branches.iter().map(|(when, _)| when.subject()).collect::<Option<_>>()?;
        let column = compared.first()?.column;
        if compared.iter().any(|other| other.column != column) {
            return None;
        }
        let counted: Option<Vec<Counted>> = compared.iter().map(|subject| subject.counted).collect();
        let counts = counted.and_then(|all| Some((all.first()?.form, all.iter().map(|one| one.constant).collect())));
        Some(Self { column, counts })
    }

    /// The number that the column is counted by in this row, and those of the branches.
    #[inline]
    pub fn counts<'r, C: Context<'r>>(&self, ctx: &C) -> Option<(i64, &[i64])> {
        let (form, counts) = self.counts.as_ref()?;
        Some((form.count(ctx.bytes(self.column)?)?, counts))
    }
}

/// The column of `column = constant`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    pub column: usize,
    pub counted: Option<Counted>,
}

/// How a function can be carried out on texts and numbers that stand somewhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direct {
    /// Not otherwise than by its values.
    No,
    /// It gives a part of the text.
    Part(for<'a> fn(&'a str) -> &'a str),
    /// It gives a text, borrowed where it can be.
    Text(for<'a> fn(&'a str) -> std::borrow::Cow<'a, str>),
    /// It makes a number of two.
    Numbers(fn(&Numeric, &Numeric) -> Result<Numeric, EvalError>),
}

impl Node {
    /// The truth of a boolean column.
    #[inline]
    pub fn flag<'r, C: Context<'r>>(&self, ctx: &C) -> Option<bool> {
        match self {
            Self::Column { index, form: Form::Bool, .. } => match ctx.bytes(*index)? {
                [0] => Some(false),
                [1] => Some(true),
                _ => None,
            },
            _ => None,
        }
    }

    /// The number, where it stands in the row or in the plan.
    #[inline]
    pub fn number<'r, C: Context<'r>>(&self, ctx: &C) -> Option<Numeric> {
        match self {
            Self::Column { index, form: Form::Numeric, .. } => Numeric::from_wire(ctx.bytes(*index)?),
            Self::Cast { to: SqlType::Numeric, operand, .. } => match **operand {
                Self::Column { index, form, .. } => form.count(ctx.bytes(index)?).map(numeric::from_int),
                _ => None,
            },
            Self::Const(Value::Numeric(Numeric::Small(small))) => Some(Numeric::Small(*small)),
            _ => None,
        }
    }

    /// The text, where it stands in the row or in the plan, whole or in part.
    #[inline]
    pub fn piece<'r, C: Context<'r>>(&'r self, ctx: &C) -> Option<&'r str> {
        match self {
            Self::Column { index, form: Form::Text, .. } => std::str::from_utf8(ctx.bytes(*index)?).ok(),
            Self::Const(Value::Text(text)) => Some(text),
            Self::Call { builtin, args } => match (builtin.direct, &args[..]) {
                (Direct::Part(part), [Self::Column { index, form: Form::Text, .. }]) => {
                    std::str::from_utf8(ctx.bytes(*index)?).ok().map(part)
                }
                (Direct::Part(part), [deeper]) => deeper.deeper_piece(ctx).map(part),
                _ => None,
            },
            _ => None,
        }
    }

    #[inline(never)]
    fn deeper_piece<'r, C: Context<'r>>(&'r self, ctx: &C) -> Option<&'r str> {
        self.piece(ctx)
    }
}
