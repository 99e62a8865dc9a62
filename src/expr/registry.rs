//! The functions of the language: name, argument types, result, strictness, whether they can fail. What the documentation
//! lists and what `bind` resolves is this one table; each family's file holds its part of it.
//!
//! Boundary: signatures. Functions whose result type depends on their arguments (`coalesce`, `ref`, …) are listed here for
//! their names and bound in `special.rs`.

use super::context::{EvalError, Evaluated};
use super::direct::Direct;
use super::{
    array, bits, bytes, citext, datetime, encoding, float, format, identity, interval, json, mask, network, numeric, pattern, quote,
    regexp, text, text_edit, zone,
};
use crate::row::{SqlType, Value};

/// The type of an argument or a result, as a signature names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `numeric`
    Numeric,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `text`
    Text,
    /// `character`
    Bpchar,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `timestamp`
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `time`
    Time,
    /// `timetz`
    TimeTz,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `inet`
    Inet,
    /// `cidr`
    Cidr,
    /// `macaddr`
    Macaddr,
    /// `macaddr8`
    Macaddr8,
    /// `bit`
    Bit,
    /// `bit varying`
    Varbit,
    /// `citext`
    Citext,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `text[]`
    TextArray,
    /// `integer[]`
    Int4Array,
    /// Any type; literals become text.
    Any,
    /// The element type that all arguments of this kind, and the elements of those that are [`Ty::AnyArray`], have in common
    /// (`anycompatible`).
    AnyElement,
    /// An array of that type (`anycompatiblearray`).
    AnyArray,
    /// Any type, converted to text by its output function.
    AnyText,
    /// Any type that has a JSON form.
    AnyJson,
}

impl Ty {
    /// The type, where it is one.
    pub fn sql(self) -> Option<SqlType> {
        Some(match self {
            Self::Bool => SqlType::Bool,
            Self::Int2 => SqlType::Int2,
            Self::Int4 => SqlType::Int4,
            Self::Int8 => SqlType::Int8,
            Self::Numeric => SqlType::Numeric,
            Self::Float4 => SqlType::Float4,
            Self::Float8 => SqlType::Float8,
            Self::Time => SqlType::Time,
            Self::TimeTz => SqlType::TimeTz,
            Self::Uuid => SqlType::Uuid,
            Self::Inet => SqlType::Inet,
            Self::Cidr => SqlType::Cidr,
            Self::Macaddr => SqlType::Macaddr,
            Self::Macaddr8 => SqlType::Macaddr8,
            Self::Bit => SqlType::Bit,
            Self::Varbit => SqlType::Varbit,
            Self::Citext => SqlType::Citext,
            Self::Json => SqlType::Json,
            Self::TextArray => SqlType::Text.array(),
            Self::Int4Array => SqlType::Int4.array(),
            Self::Text => SqlType::Text,
            Self::Bpchar => SqlType::Bpchar,
            Self::Bytea => SqlType::Bytea,
            Self::Date => SqlType::Date,
            Self::Timestamp => SqlType::Timestamp,
            Self::TimestampTz => SqlType::TimestampTz,
            Self::Interval => SqlType::Interval,
            Self::Jsonb => SqlType::Jsonb,
            Self::AnyText | Self::AnyJson | Self::Any | Self::AnyElement | Self::AnyArray => return None,
        })
    }

    /// The word in a signature.
    pub fn word(self) -> String {
        match self {
            Self::AnyElement => "element".to_owned(),
            Self::AnyArray => "element[]".to_owned(),
            _ => self.sql().map_or_else(|| "any".to_owned(), |ty| ty.to_string()),
        }
    }
}

/// The implementation of a function: takes its arguments out of the slice.
pub(super) type Run = for<'r> fn(&mut [Value<'r>]) -> Evaluated<'r>;

/// The types of a call, for implementations that need them: elements of arrays are decoded by their type.
#[derive(Debug)]
pub(super) struct Types {
    pub args: Box<[SqlType]>,
    pub result: SqlType,
}

/// The implementation of a function that needs the types of its arguments.
pub(super) type RunTyped = for<'r> fn(&mut [Value<'r>], &'r Types) -> Evaluated<'r>;

/// A call some of whose arguments are literals that were worked up once: a pattern, a format, a time zone, a field.
pub(super) trait Prepared: std::fmt::Debug + Send + Sync {
    /// The value for these arguments, the literals among them.
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r>;
    /// Whether it can end in an error.
    fn fallible(&self) -> bool;
}

/// Works the literals of a call up: one place for each argument, `None` for those that are no literals. The error is for the
/// author of the plan.
pub(super) type Prepare = fn(&[Option<&str>]) -> Result<Box<dyn Prepared>, String>;

/// How a function is carried out.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    /// PostgreSQL would choose this signature and the tool has none for it: what to write instead.
    Refused(&'static str),
    /// A function of the values.
    Plain(Run),
    /// A function of the values and their types.
    Typed(RunTyped),
    /// The arguments at these places must be literals.
    Prepared(&'static [usize], Prepare),
}

/// One signature of a function.
#[derive(Debug)]
pub struct Builtin {
    /// The name, folded.
    pub name: &'static str,
    /// The arguments' types.
    pub args: &'static [Ty],
    /// Whether the last argument may stand any number of times, none included.
    pub variadic: bool,
    /// The result's type.
    pub result: Ty,
    /// Whether NULL in gives NULL out.
    pub strict: bool,
    /// Whether it can end in an error.
    pub fallible: bool,
    /// One line for the documentation.
    pub summary: &'static str,
    pub(super) how: How,
    pub(super) direct: Direct,
}

impl Builtin {
    pub(super) const fn new(name: &'static str, args: &'static [Ty], result: Ty, run: Run, summary: &'static str) -> Self {
        Self::with(name, args, result, How::Plain(run), summary)
    }

    pub(super) const fn typed(name: &'static str, args: &'static [Ty], result: Ty, run: RunTyped, summary: &'static str) -> Self {
        Self::with(name, args, result, How::Typed(run), summary)
    }

    /// A call whose arguments at `literals` are worked up once. Whether it can fail is then the prepared call's to say.
    pub(super) const fn prepared(
        name: &'static str,
        args: &'static [Ty],
        result: Ty,
        literals: &'static [usize],
        prepare: Prepare,
        summary: &'static str,
    ) -> Self {
        Self::with(name, args, result, How::Prepared(literals, prepare), summary)
    }

    const fn with(name: &'static str, args: &'static [Ty], result: Ty, how: How, summary: &'static str) -> Self {
        Self { name, args, variadic: false, result, strict: true, fallible: false, summary, how, direct: Direct::No }
    }

    pub(super) const fn refuse(name: &'static str, args: &'static [Ty], result: Ty, why: &'static str) -> Self {
        Self::with(name, args, result, How::Refused(why), "")
    }

    pub(super) const fn fails(mut self) -> Self {
        self.fallible = true;
        self
    }

    /// How it is carried out on a text that stands somewhere; it must be what the function itself gives.
    pub(super) const fn direct(mut self, direct: Direct) -> Self {
        self.direct = direct;
        self
    }

    pub(super) const fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    pub(super) const fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    /// Whether it is a subscript or a slice: those of a NULL are not evaluated.
    pub(super) fn is_subscript(&self) -> bool {
        self.name.starts_with('[')
    }

    /// Whether there is an implementation.
    pub fn is_supported(&self) -> bool {
        !matches!(self.how, How::Refused(_))
    }

    /// The places of the arguments that must be literals.
    pub fn literals(&self) -> &'static [usize] {
        match self.how {
            How::Prepared(literals, _) => literals,
            _ => &[],
        }
    }

    /// What to write instead, where there is no implementation.
    pub fn instead(&self) -> Option<&'static str> {
        match self.how {
            How::Refused(instead) => Some(instead),
            _ => None,
        }
    }

    /// `name(type, …) → type`
    pub fn signature(&self) -> String {
        let args: Vec<String> = self.args.iter().map(|a| a.word()).collect();
        format!("{}({}{})", self.name, args.join(", "), if self.variadic { ", …" } else { "" })
    }
}

/// The families in the order of the documentation.
pub(super) const FAMILIES: &[(&str, &[Builtin])] = &[
    ("text", text::FUNCTIONS),
    ("text", text_edit::FUNCTIONS),
    ("text", quote::FUNCTIONS),
    ("patterns", regexp::FUNCTIONS),
    ("bytes", bytes::FUNCTIONS),
    ("bytes", encoding::FUNCTIONS),
    ("numbers", numeric::FUNCTIONS),
    ("floating point", float::FUNCTIONS),
    ("dates and times", datetime::FUNCTIONS),
    ("intervals", interval::FUNCTIONS),
    ("time zones", zone::FUNCTIONS),
    ("formats", format::FUNCTIONS),
    ("json", json::FUNCTIONS),
    ("json paths", json::path::FUNCTIONS),
    ("arrays", array::FUNCTIONS),
    ("networks", network::FUNCTIONS),
    ("bit strings", bits::FUNCTIONS),
    ("citext", citext::FUNCTIONS),
    ("identity", identity::FUNCTIONS),
    ("rehearsal data", mask::FUNCTIONS),
];

/// The operators, family by family.
pub(super) const OPERATORS: &[(&str, &[Builtin])] = &[
    ("text", text_edit::OPERATORS),
    ("patterns", regexp::OPERATORS),
    ("bytes", bytes::OPERATORS),
    ("numbers", numeric::OPERATORS),
    ("floating point", float::OPERATORS),
    ("dates and times", datetime::OPERATORS),
    ("intervals", interval::OPERATORS),
    ("json", json::OPERATORS),
    ("json paths", json::path::OPERATORS),
    ("arrays", array::OPERATORS),
    ("networks", network::OPERATORS),
    ("bit strings", bits::OPERATORS),
];

/// The functions that are syntax, or whose types depend on their arguments, with one line for the documentation.
pub(super) const SPECIAL: &[(&str, &str)] = &[
    ("coalesce", "the first argument that is not NULL"),
    ("nullif", "NULL where the two are equal, else the first"),
    ("greatest", "the greatest argument that is not NULL"),
    ("least", "the least argument that is not NULL"),
    ("pg_input_is_valid", "whether text can be cast to the named type"),
    ("new_id", "the new key of this row"),
    ("legacy_key", "the legacy key of this row, as text"),
    ("ref", "the new key of the row of another entity with this legacy key"),
    ("code", "what a code stands for in a code table of the plan"),
    ("reject", "keeps the row aside with this reason"),
    ("incident", "the value, and counts an incident"),
    ("run_started_at", "when the run started; the same for every row"),
];

/// `like` with a pattern from the row.
pub(super) static LIKE: Builtin = Builtin::new("like", &[Ty::Text, Ty::Text], Ty::Bool, pattern::run_like, "").fails();
/// `ilike` with a pattern from the row.
pub(super) static ILIKE: Builtin = Builtin::new("ilike", &[Ty::Text, Ty::Text], Ty::Bool, pattern::run_ilike, "").fails();
/// `like` with a literal that was checked.
pub(super) static LIKE_LITERAL: Builtin = Builtin::new("like", &[Ty::Text, Ty::Text], Ty::Bool, pattern::run_like, "");
/// `ilike` with a literal that was checked.
pub(super) static ILIKE_LITERAL: Builtin = Builtin::new("ilike", &[Ty::Text, Ty::Text], Ty::Bool, pattern::run_ilike, "");
/// `text || text`
pub(super) static APPEND: Builtin = Builtin::new("||", &[Ty::Text, Ty::Text], Ty::Text, text::append, "");

/// Functions whose result changes from call to call, and what to write instead.
pub(super) const VOLATILE: &[(&str, &str)] = &[
    ("now", "run_started_at() is the same for every row and every attempt"),
    ("current_timestamp", "run_started_at() is the same for every row and every attempt"),
    ("transaction_timestamp", "run_started_at() is the same for every row and every attempt"),
    ("statement_timestamp", "run_started_at() is the same for every row and every attempt"),
    ("clock_timestamp", "run_started_at() is the same for every row and every attempt"),
    ("timeofday", "run_started_at() is the same for every row and every attempt"),
    ("localtimestamp", "run_started_at() is the same for every row and every attempt"),
    ("localtime", "run_started_at() is the same for every row and every attempt"),
    ("current_time", "run_started_at() is the same for every row and every attempt"),
    ("current_date", "write the date: date '2025-01-31'"),
    ("random", "compute a value from the row: md5(id::text)"),
    ("random_normal", "compute a value from the row: md5(id::text)"),
    ("setseed", "compute a value from the row: md5(id::text)"),
    ("gen_random_uuid", "new_id() is the same on every run"),
    ("uuid_generate_v1", "new_id() is the same on every run"),
    ("uuid_generate_v1mc", "new_id() is the same on every run"),
    ("uuid_generate_v4", "new_id() is the same on every run"),
    ("uuidv4", "new_id() is the same on every run"),
    ("uuidv7", "new_id() is the same on every run"),
    ("nextval", "let the target column's default or identity number the rows"),
    ("currval", "let the target column's default or identity number the rows"),
    ("lastval", "let the target column's default or identity number the rows"),
    ("txid_current", "compute a value from the row"),
    ("current_user", "write the name"),
    ("session_user", "write the name"),
    ("user", "write the name"),
    ("current_setting", "write the value"),
    ("pg_backend_pid", "compute a value from the row"),
];

/// The signatures of an operator with this many operands.
pub(super) fn operators(name: &str, operands: usize) -> impl Iterator<Item = &'static Builtin> {
    operator_signatures().map(|(_, f)| f).filter(move |f| f.name == name && f.args.len() == operands)
}

/// The signatures of a name.
pub(super) fn named(name: &str) -> impl Iterator<Item = &'static Builtin> {
    signatures().map(|(_, f)| f).filter(move |f| f.name == name)
}

/// Whether a name has a meaning already.
pub(super) fn is_known(name: &str) -> bool {
    named(name).next().is_some() || SPECIAL.iter().chain(VOLATILE).any(|(known, _)| *known == name)
}

/// Every name that can be called, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let builtin = FAMILIES.iter().flat_map(|(_, functions)| functions.iter()).filter(|f| f.is_supported()).map(|f| f.name);
    builtin.chain(SPECIAL.iter().map(|(name, _)| *name))
}

/// A value that is not of the type that `bind` gave it: a column whose bytes were decoded as another type.
#[cold]
pub(super) fn mismatch() -> EvalError {
    EvalError::sql("XX000", "a value is not of its column's type")
}

/// Takes a text argument.
pub(super) fn text_of<'r>(value: &mut Value<'r>) -> Result<std::borrow::Cow<'r, str>, EvalError> {
    match std::mem::replace(value, Value::Null) {
        Value::Text(text) | Value::Json(text) | Value::Jsonb(text) => Ok(text),
        _ => Err(mismatch()),
    }
}

/// Takes a whole number.
pub(super) fn int_of(value: &Value<'_>) -> Result<i64, EvalError> {
    match value {
        Value::Int2(n) => Ok(i64::from(*n)),
        Value::Int4(n) => Ok(i64::from(*n)),
        Value::Int8(n) => Ok(*n),
        _ => Err(mismatch()),
    }
}

/// The functions of PostgreSQL that can be called, family by family: what the documentation lists.
pub fn catalogue() -> impl Iterator<Item = (&'static str, &'static Builtin)> {
    FAMILIES.iter().flat_map(|(family, functions)| functions.iter().filter(|f| f.is_supported()).map(move |f| (*family, f)))
}

/// Every signature of a function, family by family, those that are refused included.
pub fn signatures() -> impl Iterator<Item = (&'static str, &'static Builtin)> {
    complete(FAMILIES, super::overloads::FUNCTIONS)
}

/// Every signature of an operator, family by family, those that are refused included.
pub fn operator_signatures() -> impl Iterator<Item = (&'static str, &'static Builtin)> {
    complete(OPERATORS, super::overloads::OPERATORS)
}

/// The signatures of the families, then those of `rest` that no family has.
fn complete(
    families: &'static [(&'static str, &'static [Builtin])],
    rest: &'static [Builtin],
) -> impl Iterator<Item = (&'static str, &'static Builtin)> {
    let own = move || families.iter().flat_map(|(family, functions)| functions.iter().map(move |f| (*family, f)));
    let stands = move |f: &Builtin| own().any(|(_, o)| o.name == f.name && o.args == f.args && o.variadic == f.variadic);
    own().chain(rest.iter().filter(move |f| !stands(f)).map(|f| ("not supported", f)))
}

/// The functions that are refused because every call gives another value, and what to write instead.
pub fn volatile() -> &'static [(&'static str, &'static str)] {
    VOLATILE
}

/// The functions without a fixed signature, each with one line.
pub fn special() -> &'static [(&'static str, &'static str)] {
    SPECIAL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_says_what_it_does() {
        for (_, function) in catalogue() {
            assert!(!function.summary.is_empty(), "{}", function.signature());
        }
    }

    #[test]
    fn no_signature_stands_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for (_, functions) in FAMILIES {
            for function in *functions {
                assert!(seen.insert(function.signature()), "{}", function.signature());
            }
        }
    }

    #[test]
    fn a_refused_signature_says_what_to_do() {
        for function in FAMILIES.iter().chain(OPERATORS).flat_map(|(_, f)| f.iter()) {
            assert!(!matches!(function.how, How::Refused("")), "{}", function.signature());
        }
    }
}
