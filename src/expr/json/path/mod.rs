//! SQL/JSON paths over `jsonb`, as far as they are plain: `$`, `.key`, `."key"`, `.*`, `[0]`, `[last]`, `[1 to 2]`, `[*]`, filters
//! `?(@.a == 1 && exists(@.b))`, and the predicates themselves. Boundary: lax mode, in which the shape of the data is never an error.
//!
//! Refused when the expression is bound: strict mode, variables, methods (`.size()`), arithmetic, `.**`, `like_regex`.

mod eval;
mod parse;

use std::borrow::Cow;

use super::super::context::{EvalError, Evaluated};
use super::super::registry::{Builtin, Prepared, Ty, text_of};
use super::tape::Tape;
use crate::row::Value;

/// A step of a path.
#[derive(Debug)]
enum Step {
    Key(Box<str>),
    AnyKey,
    AnyElement,
    /// Ranges of indexes.
    Elements(Vec<(Index, Index)>),
    Filter(Predicate),
}

/// An index, counted from the front or back from the last element.
#[derive(Clone, Copy, Debug)]
enum Index {
    At(i64),
    Last(i64),
}

#[derive(Debug)]
enum Operand {
    /// From the whole value, or from the one that a filter looks at.
    Path {
        root: bool,
        steps: Vec<Step>,
    },
    Literal(Scalar<'static>),
}

#[derive(Debug)]
enum Predicate {
    Compare(Comparing, Operand, Operand),
    StartsWith(Operand, Box<str>),
    Exists(Operand),
    And(Box<[Predicate; 2]>),
    Or(Box<[Predicate; 2]>),
    Not(Box<Predicate>),
    Unknown(Box<Predicate>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparing {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What can be compared.
#[derive(Clone, Debug)]
enum Scalar<'t> {
    Null,
    Bool(bool),
    Number(crate::row::Numeric),
    String(Cow<'t, str>),
    /// An array or object, which cannot.
    Container,
}

#[derive(Debug)]
enum Path {
    Steps(Vec<Step>),
    Predicate(Predicate),
}

/// What is asked of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Exists,
    First,
    All,
    Match,
    /// The same, with NULL where there is no single boolean.
    MatchOrNull,
}

#[derive(Debug)]
struct Asked {
    path: Path,
    ask: Ask,
}

fn prepare(args: &[Option<&str>], ask: Ask) -> Result<Box<dyn Prepared>, String> {
    let text = args.get(1).copied().flatten().ok_or("a path must be a literal")?;
    Ok(Box::new(Asked { path: parse::parse(text)?, ask }))
}

const PATH: &[Ty] = &[Ty::Jsonb, Ty::Text];
const VARIABLES: &str = "put the values into the path itself";
const ROWS: &str = "an expression has one value: jsonb_path_query_array gives all of them in one array";

pub(in crate::expr) const FUNCTIONS: &[Builtin] = &[
    Builtin::prepared("jsonb_path_exists", PATH, Ty::Bool, &[1], |args| prepare(args, Ask::Exists), "whether a path leads to anything"),
    Builtin::prepared("jsonb_path_match", PATH, Ty::Bool, &[1], |args| prepare(args, Ask::Match), "whether the predicate of a path holds"),
    Builtin::prepared(
        "jsonb_path_query_first",
        PATH,
        Ty::Jsonb,
        &[1],
        |args| prepare(args, Ask::First),
        "the first part that a path leads to",
    ),
    Builtin::prepared(
        "jsonb_path_query_array",
        PATH,
        Ty::Jsonb,
        &[1],
        |args| prepare(args, Ask::All),
        "all parts that a path leads to, as an array",
    ),
    Builtin::refuse("jsonb_path_query", PATH, Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_path_query", &[Ty::Jsonb, Ty::Text, Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_path_exists", &[Ty::Jsonb, Ty::Text, Ty::Jsonb], Ty::Bool, VARIABLES),
    Builtin::refuse("jsonb_path_match", &[Ty::Jsonb, Ty::Text, Ty::Jsonb], Ty::Bool, VARIABLES),
    Builtin::refuse("jsonb_path_query_first", &[Ty::Jsonb, Ty::Text, Ty::Jsonb], Ty::Jsonb, VARIABLES),
    Builtin::refuse("jsonb_path_query_array", &[Ty::Jsonb, Ty::Text, Ty::Jsonb], Ty::Jsonb, VARIABLES),
    Builtin::refuse("jsonb_path_query", &[Ty::Jsonb, Ty::Text, Ty::Jsonb, Ty::Bool], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_path_exists", &[Ty::Jsonb, Ty::Text, Ty::Jsonb, Ty::Bool], Ty::Bool, VARIABLES),
    Builtin::refuse("jsonb_path_match", &[Ty::Jsonb, Ty::Text, Ty::Jsonb, Ty::Bool], Ty::Bool, VARIABLES),
    Builtin::refuse("jsonb_path_query_first", &[Ty::Jsonb, Ty::Text, Ty::Jsonb, Ty::Bool], Ty::Jsonb, VARIABLES),
    Builtin::refuse("jsonb_path_query_array", &[Ty::Jsonb, Ty::Text, Ty::Jsonb, Ty::Bool], Ty::Jsonb, VARIABLES),
];

pub(in crate::expr) const OPERATORS: &[Builtin] = &[
    Builtin::prepared("@?", PATH, Ty::Bool, &[1], |args| prepare(args, Ask::Exists), ""),
    Builtin::prepared("@@", PATH, Ty::Bool, &[1], |args| prepare(args, Ask::MatchOrNull), ""),
];

impl Prepared for Asked {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let json = text_of(&mut args[0])?;
        let tape = Tape::read(&json)?;
        let verdict = match &self.path {
            Path::Predicate(predicate) => Some(eval::holds(predicate, &tape, 0)?),
            Path::Steps(_) => None,
        };
        if let Some(verdict) = verdict {
            let word = match verdict {
                None => "null",
                Some(true) => "true",
                Some(false) => "false",
            };
            return Ok(match self.ask {
                Ask::Exists => Value::Bool(true),
                Ask::First => Value::Jsonb(word.into()),
                Ask::All => Value::Jsonb(format!("[{word}]").into()),
                Ask::Match | Ask::MatchOrNull => verdict.map_or(Value::Null, Value::Bool),
            });
        }
        let Path::Steps(steps) = &self.path else { return Err(super::mismatch()) };
        let mut found = Vec::new();
        eval::walk(steps, &tape, 0, true, &mut found)?;
        Ok(match self.ask {
            Ask::Exists => Value::Bool(!found.is_empty()),
            Ask::First => found.first().map_or(Value::Null, |at| Value::Jsonb(tape.text_of(*at).to_owned().into())),
            Ask::All => {
                let parts: Vec<&str> = found.iter().map(|at| tape.text_of(*at)).collect();
                Value::Jsonb(format!("[{}]", parts.join(", ")).into())
            }
            Ask::Match | Ask::MatchOrNull => match &found[..] {
                [one] if tape.text_of(*one) == "true" => Value::Bool(true),
                [one] if tape.text_of(*one) == "false" => Value::Bool(false),
                [one] if tape.text_of(*one) == "null" => Value::Null,
                _ if self.ask == Ask::MatchOrNull => Value::Null,
                _ => return Err(EvalError::sql("22038", "single boolean result is expected")),
            },
        })
    }

    fn fallible(&self) -> bool {
        true
    }
}
