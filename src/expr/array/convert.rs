//! Casts from and to arrays: element by element between arrays, by the text form otherwise. Boundary: what a cast does with an
//! element is `cast.rs`'s; these find it once, when the expression is bound.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::cast::{self, Run, Step};
use super::super::context::{Evaluated, Fault};
use super::super::registry::{mismatch, text_of};
use super::{array_of, bounded, text};
use crate::row::{ArrayType, ArrayWriter, EnumType, SqlType, Value, decode, encode, reason};

/// What is done with a value that is not NULL.
#[derive(Clone, Debug)]
pub(in crate::expr) enum Conversion {
    /// Nothing.
    Keep,
    /// A cast without types.
    Run(Run, bool),
    /// Text becomes a label.
    Label(Arc<EnumType>),
    /// Each element is converted.
    Elements(Arc<ArrayType>, Arc<ArrayType>, Arc<Conversion>),
    /// A text becomes an array.
    Parse(Arc<ArrayType>, Arc<Conversion>),
    /// An array becomes a text.
    Print(Arc<ArrayType>, Arc<Conversion>),
}

impl Conversion {
    /// What a cast does.
    pub fn of(step: &Step, to: &SqlType) -> Option<Self> {
        Some(match (step, to) {
            (Step::Nothing, _) => Self::Keep,
            (Step::Convert(run, fallible), _) => Self::Run(*run, *fallible),
            (Step::Label, SqlType::Enum(ty)) => Self::Label(ty.clone()),
            (Step::Label, _) => return None,
            (Step::Array(conversion), _) => Self::clone(conversion),
        })
    }

    /// The input function of a type.
    pub fn input(to: &SqlType) -> Option<Self> {
        Some(match to {
            SqlType::Array(array) => Self::Parse(array.clone(), Arc::new(Self::input(&array.element)?)),
            SqlType::Enum(ty) => Self::Label(ty.clone()),
            ty => Self::Run(cast::input(ty)?, true),
        })
    }

    /// The output function of a type.
    pub fn output(from: &SqlType) -> Option<Self> {
        Some(match from {
            SqlType::Array(array) => Self::Print(array.clone(), Arc::new(Self::output(&array.element)?)),
            SqlType::Bool => Self::Run(cast::bool_output, false),
            SqlType::Inet => Self::Run(crate::expr::network::inet_output, false),
            ty => Self::Run(cast::output(ty)?, false),
        })
    }

    /// Whether it can fail.
    pub fn fallible(&self) -> bool {
        match self {
            Self::Keep => false,
            Self::Run(_, fallible) => *fallible,
            // A text that is made of an array can be too long.
            Self::Label(_) | Self::Parse(..) | Self::Print(..) => true,
            Self::Elements(.., element) => element.fallible(),
        }
    }

    /// Carries it out.
    pub fn run<'r>(&self, value: Value<'r>) -> Evaluated<'r> {
        match self {
            Self::Keep => Ok(value),
            Self::Run(run, _) => run(value),
            Self::Label(ty) => label(ty, value),
            Self::Elements(from, to, element) => {
                let array = array_of(&value)?;
                let mut writer = ArrayWriter::new(array.dimensions(), to.element_oid.0);
                for field in &array {
                    let Some(field) = field else {
                        writer.null();
                        continue;
                    };
                    let converted = element.run(decode(&from.element, field).map_err(|_| mismatch())?)?;
                    writer.element(|out| encode(&converted, &to.element, out)).map_err(|_| mismatch())?;
                }
                Ok(Value::Array(Cow::Owned(bounded(writer.finish())?)))
            }
            Self::Parse(to, element) => parse(to, element, value),
            Self::Print(from, element) => print(from, element, &value),
        }
    }
}

fn label<'r>(ty: &EnumType, value: Value<'r>) -> Evaluated<'r> {
    match value {
        Value::Text(text) if ty.labels.iter().any(|label| *label == text) => Ok(Value::Text(text)),
        Value::Text(_) => {
            let message = Cow::Owned(format!("no label of {}", ty.name));
            Err(Fault::Reject { code: Cow::Borrowed(reason::ENUM_LABEL_UNKNOWN), message }.into())
        }
        _ => Err(mismatch()),
    }
}

fn parse<'r>(to: &ArrayType, element: &Conversion, mut value: Value<'r>) -> Evaluated<'r> {
    let text = text_of(&mut value)?;
    let written = text::read(&text)?;
    let mut writer = ArrayWriter::new(&written.dimensions, to.element_oid.0);
    for item in written.elements {
        match item {
            None => writer.null(),
            Some(item) => {
                let value = element.run(Value::Text(item))?;
                writer.element(|out| encode(&value, &to.element, out)).map_err(|_| mismatch())?;
            }
        }
    }
    Ok(Value::Array(Cow::Owned(bounded(writer.finish())?)))
}

fn print<'r>(from: &ArrayType, element: &Conversion, value: &Value<'r>) -> Evaluated<'r> {
    let array = array_of(value)?;
    let text = text::write(&array, |field| {
        let mut text = element.run(decode(&from.element, field).map_err(|_| mismatch())?)?;
        text_of(&mut text)
    })?;
    super::bounded_text(text).map(|text| Value::Text(Cow::Owned(text)))
}
