//! JSON made of other values, and values made of JSON. Boundary: each type's text form is its output function's; here is what
//! becomes a number, a string or a word (`json_categorize_type`).

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::array::{array_of, decoded};
use super::super::cast;
use super::super::context::{EvalError, Evaluated};
use super::super::datetime;
use super::super::numeric;
use super::super::registry::{Types, mismatch, text_of};
use super::tape::{Part, Tape};
use super::text::{canonical, escape, object};
use crate::row::{Array, Numeric, SqlType, Value};

/// Whether values of a type have a JSON form here. That of `timestamptz` depends on the time zone of the session.
pub(in crate::expr) fn has_form(ty: &SqlType) -> bool {
    match ty {
        SqlType::TimestampTz => false,
        SqlType::Array(array) => has_form(&array.element),
        SqlType::Bpchar | SqlType::Citext => true,
        ty => cast::output(ty).is_some(),
    }
}

/// The output function's text of a value.
fn output<'r>(value: Value<'r>, ty: &SqlType) -> Result<Cow<'r, str>, EvalError> {
    match value {
        Value::Text(text) => Ok(text),
        value if *ty == SqlType::Inet => text_of(&mut crate::expr::network::inet_output(value)?),
        value => text_of(&mut cast::output(ty).ok_or_else(mismatch)?(value)?),
    }
}

/// Appends the JSON form of a value: canonical, or as type `json` has it.
fn render(value: Value<'_>, ty: &SqlType, binary: bool, out: &mut String) -> Result<(), EvalError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Value::Int2(n) => drop(write!(out, "{n}")),
        Value::Int4(n) => drop(write!(out, "{n}")),
        Value::Int8(n) => drop(write!(out, "{n}")),
        Value::Numeric(n @ (Numeric::NaN | Numeric::Infinity | Numeric::NegInfinity)) => drop(write!(out, "\"{n}\"")),
        Value::Numeric(n) => drop(write!(out, "{n}")),
        Value::Float4(_) | Value::Float8(_) => {
            let text = output(value, ty)?;
            match numeric::parse(&text)? {
                Numeric::NaN | Numeric::Infinity | Numeric::NegInfinity => drop(write!(out, "\"{text}\"")),
                n if binary => drop(write!(out, "{n}")),
                _ => out.push_str(&text),
            }
        }
        Value::Json(json) if binary => out.push_str(&canonical(&json)?),
        Value::Json(json) | Value::Jsonb(json) => out.push_str(&json),
        Value::Array(_) => {
            let SqlType::Array(of) = ty else { return Err(mismatch()) };
            nested(&array_of(&value)?, &of.element, if binary { ", " } else { "," }, binary, out)?;
        }
        other => escape(&plain(other, ty)?, out),
    }
    if out.len() > 256 << 20 {
        return Err(EvalError::sql("54000", "requested length too large"));
    }
    Ok(())
}

/// An array as arrays in arrays, one level for each dimension. `between` stands between the elements of the outermost.
fn nested(array: &Array<'_>, element: &SqlType, between: &str, binary: bool, out: &mut String) -> Result<(), EvalError> {
    if array.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    let lengths: Vec<usize> = array.dimensions().iter().map(|d| usize::try_from(d.length).unwrap_or(0)).collect();
    let edge = |at: usize| {
        let mut block = 1;
        let whole = |length: &&usize| {
            block *= **length;
            at.is_multiple_of(block)
        };
        lengths.iter().rev().take_while(whole).count()
    };
    for (at, field) in array.iter().enumerate() {
        let ended = edge(at);
        if at > 0 {
            let outermost = ended + 1 == lengths.len();
            out.push_str(match (outermost, binary) {
                (true, _) => between,
                (false, true) => ", ",
                (false, false) => ",",
            });
        }
        (0..ended).for_each(|_| out.push('['));
        render(decoded(element, field)?, element, binary, out)?;
        (0..edge(at + 1)).for_each(|_| out.push(']'));
    }
    Ok(())
}

/// The text of a value that is a string in JSON, or of a key.
fn plain<'r>(value: Value<'r>, ty: &SqlType) -> Result<Cow<'r, str>, EvalError> {
    Ok(match value {
        Value::Text(text) => text,
        Value::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Value::Timestamp(t) => Cow::Owned(datetime::timestamp_text(t, 'T')),
        Value::Json(_) | Value::Jsonb(_) | Value::Array(_) => {
            return Err(EvalError::sql("22023", "key value must be scalar, not array, composite, or json"));
        }
        other => return output(other, ty),
    })
}

fn taken<'r>(value: &mut Value<'r>) -> Value<'r> {
    std::mem::replace(value, Value::Null)
}

#[allow(clippy::unnecessary_wraps, reason = "the end of every function of this file")]
fn made<'r>(text: String, binary: bool) -> Evaluated<'r> {
    Ok(if binary { Value::Jsonb(Cow::Owned(text)) } else { Value::Json(Cow::Owned(text)) })
}

fn converted<'r>(args: &mut [Value<'r>], types: &Types, binary: bool) -> Evaluated<'r> {
    let mut out = String::new();
    render(taken(&mut args[0]), &types.args[0], binary, &mut out)?;
    made(out, binary)
}

pub(super) fn to_jsonb<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    converted(args, types, true)
}

pub(super) fn to_json<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    converted(args, types, false)
}

pub(super) fn array_to_json<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    let SqlType::Array(of) = &types.args[0] else { return Err(mismatch()) };
    let lines = matches!(args.get(1), Some(Value::Bool(true)));
    let mut out = String::new();
    nested(&array_of(&args[0])?, &of.element, if lines { ",\n " } else { "," }, false, &mut out)?;
    made(out, false)
}

fn key<'r>(value: &mut Value<'r>, ty: &SqlType) -> Result<Cow<'r, str>, EvalError> {
    if value.is_null() {
        return Err(EvalError::sql("22023", "key must not be null"));
    }
    plain(taken(value), ty)
}

pub(super) fn build_object<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    let mut members = Vec::with_capacity(args.len() / 2);
    for (pair, types) in args.chunks_exact_mut(2).zip(types.args.chunks_exact(2)) {
        let name = key(&mut pair[0], &types[0])?.into_owned();
        let mut value = String::new();
        render(taken(&mut pair[1]), &types[1], true, &mut value)?;
        members.push((name, value));
    }
    made(object(members), true)
}

pub(super) fn build_json_object<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    let mut out = String::from("{");
    for (at, (pair, types)) in args.chunks_exact_mut(2).zip(types.args.chunks_exact(2)).enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        escape(&key(&mut pair[0], &types[0])?, &mut out);
        out.push_str(" : ");
        render(taken(&mut pair[1]), &types[1], false, &mut out)?;
    }
    out.push('}');
    made(out, false)
}

fn listed<'r>(args: &mut [Value<'r>], types: &Types, binary: bool) -> Evaluated<'r> {
    let mut out = String::from("[");
    for (at, (value, ty)) in args.iter_mut().zip(&types.args).enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        render(taken(value), ty, binary, &mut out)?;
    }
    out.push(']');
    made(out, binary)
}

pub(super) fn build_array<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    listed(args, types, true)
}

pub(super) fn build_json_array<'r>(args: &mut [Value<'r>], types: &'r Types) -> Evaluated<'r> {
    listed(args, types, false)
}

/// The pairs of `json_object`: keys and values in turn, in rows of two, or in two arrays.
fn pairs(args: &[Value<'_>]) -> Result<Vec<(String, Option<String>)>, EvalError> {
    let uneven = |message| EvalError::sql("2202E", message);
    let texts = |array: &Array<'_>| {
        let text = |field| match decoded(&SqlType::Text, field)? {
            Value::Null => Ok(None),
            mut value => text_of(&mut value).map(|text| Some(text.into_owned())),
        };
        array.iter().map(text).collect::<Result<Vec<Option<String>>, EvalError>>()
    };
    let first = array_of(&args[0])?;
    let flat: Vec<(Option<String>, Option<String>)> = if let Some(second) = args.get(1) {
        let second = array_of(second)?;
        let dimensions = first.dimensions().len();
        if dimensions > 1 || dimensions != second.dimensions().len() {
            return Err(uneven("wrong number of array subscripts"));
        }
        if first.len() != second.len() {
            return Err(uneven("mismatched array dimensions"));
        }
        texts(&first)?.into_iter().zip(texts(&second)?).collect()
    } else {
        match first.dimensions() {
            [] => {}
            [one] if one.length % 2 == 0 => {}
            [_] => return Err(uneven("array must have even number of elements")),
            [_, two] if two.length == 2 => {}
            _ => return Err(uneven("array must have two columns")),
        }
        texts(&first)?.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    let keyed = |(key, value): (Option<String>, Option<String>)| {
        Ok((key.ok_or_else(|| EvalError::sql("22004", "null value not allowed for object key"))?, value))
    };
    flat.into_iter().map(keyed).collect()
}

fn string(value: Option<&str>) -> String {
    let mut out = String::new();
    match value {
        None => out.push_str("null"),
        Some(value) => escape(value, &mut out),
    }
    out
}

pub(super) fn object_of_texts<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let members = pairs(args)?.into_iter().map(|(key, value)| (key, string(value.as_deref()))).collect();
    made(object(members), true)
}

pub(super) fn json_object_of_texts<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let members: Vec<String> =
        pairs(args)?.into_iter().map(|(key, value)| format!("{} : {}", string(Some(&key)), string(value.as_deref()))).collect();
    made(format!("{{{}}}", members.join(", ")), false)
}

/// The scalar that a `jsonb` is, where it is one of this kind.
fn scalar_of(value: &mut Value<'_>, part: Part) -> Result<String, EvalError> {
    let json = text_of(value)?;
    let tape = Tape::read(&json)?;
    if tape.root().part != part {
        return Err(EvalError::sql("22023", "cannot cast this kind of jsonb to the type"));
    }
    Ok(json.into_owned())
}

/// `jsonb::boolean`
pub(in crate::expr) fn to_bool(mut value: Value<'_>) -> Evaluated<'_> {
    Ok(Value::Bool(scalar_of(&mut value, Part::Bool)? == "true"))
}

/// `jsonb::numeric`
pub(in crate::expr) fn to_numeric(mut value: Value<'_>) -> Evaluated<'_> {
    numeric::parse(&scalar_of(&mut value, Part::Number)?).map(Value::Numeric)
}

fn by_numeric<'r>(value: Value<'r>, to: &SqlType) -> Evaluated<'r> {
    let number = to_numeric(value)?;
    match cast::find(&SqlType::Numeric, to) {
        Some(cast::Cast { step: cast::Step::Convert(run, _), .. }) => run(number),
        _ => Err(mismatch()),
    }
}

/// `jsonb::smallint` and so on: by way of `numeric`.
pub(in crate::expr) fn to_number(to: &SqlType) -> Option<cast::Run> {
    cast::find(&SqlType::Numeric, to)?;
    Some(match to {
        SqlType::Int2 => |value| by_numeric(value, &SqlType::Int2),
        SqlType::Int4 => |value| by_numeric(value, &SqlType::Int4),
        SqlType::Int8 => |value| by_numeric(value, &SqlType::Int8),
        SqlType::Float4 => |value| by_numeric(value, &SqlType::Float4),
        SqlType::Float8 => |value| by_numeric(value, &SqlType::Float8),
        _ => return None,
    })
}
