//! The functions and operators of regular expressions. Boundary: patterns and flags are literals and are compiled once; how they match
//! is `regex_match.rs`'s. `regexp_matches` and `regexp_split_to_table` give several rows and are refused.

use std::borrow::Cow;

use super::context::{EvalError, Evaluated};
use super::regex_match::{Need, Pattern, Span};
use super::regex_syntax::Options;
use super::registry::{Builtin, Prepare, Prepared, Ty, int_of, text_of};
use super::text::{MOST_BYTES, byte_of, count, slice, too_long, value};
use crate::row::{ArrayWriter, Dimension, SqlType, Value};

const T: Ty = Ty::Text;
const N: Ty = Ty::Int4;

const fn call(
    name: &'static str,
    args: &'static [Ty],
    result: Ty,
    literals: &'static [usize],
    prepare: Prepare,
    summary: &'static str,
) -> Builtin {
    Builtin::prepared(name, args, result, literals, prepare, summary)
}

const SEVERAL_ROWS: &str = "one row stays one row: use regexp_match or regexp_split_to_array, or compute it in the source query";

pub(super) const FUNCTIONS: &[Builtin] = &[
    call("regexp_like", &[T, T], Ty::Bool, &[1], |a| prepare(Kind::Like, a, 2), "whether a pattern matches"),
    call("regexp_like", &[T, T, T], Ty::Bool, &[1, 2], |a| prepare(Kind::Like, a, 2), "whether a pattern matches; flags i, n, p, w, x, q"),
    call(
        "regexp_match",
        &[T, T],
        Ty::TextArray,
        &[1],
        |a| prepare(Kind::Groups, a, 2),
        "the groups of the first match, or the match; NULL where there is none",
    ),
    call("regexp_match", &[T, T, T], Ty::TextArray, &[1, 2], |a| prepare(Kind::Groups, a, 2), "the groups of the first match, with flags"),
    Builtin::refuse("regexp_matches", &[T, T], Ty::TextArray, SEVERAL_ROWS),
    Builtin::refuse("regexp_matches", &[T, T, T], Ty::TextArray, SEVERAL_ROWS),
    Builtin::refuse("regexp_split_to_table", &[T, T], T, SEVERAL_ROWS),
    Builtin::refuse("regexp_split_to_table", &[T, T, T], T, SEVERAL_ROWS),
    call(
        "regexp_split_to_array",
        &[T, T],
        Ty::TextArray,
        &[1],
        |a| prepare(Kind::Split, a, 2),
        "the parts between the matches of a pattern",
    ),
    call(
        "regexp_split_to_array",
        &[T, T, T],
        Ty::TextArray,
        &[1, 2],
        |a| prepare(Kind::Split, a, 2),
        "the parts between the matches, with flags",
    ),
    call("regexp_count", &[T, T], N, &[1], |a| prepare(Kind::Count, a, 3), "number of matches"),
    call("regexp_count", &[T, T, N], N, &[1], |a| prepare(Kind::Count, a, 3), "number of matches from the n-th character on"),
    call(
        "regexp_count",
        &[T, T, N, T],
        N,
        &[1, 3],
        |a| prepare(Kind::Count, a, 3),
        "number of matches from the n-th character on, with flags",
    ),
    call("regexp_instr", &[T, T], N, &[1], |a| prepare(Kind::Place, a, 5), "where the first match begins; 0 where there is none"),
    call("regexp_instr", &[T, T, N], N, &[1], |a| prepare(Kind::Place, a, 5), "where the first match from the n-th character on begins"),
    call("regexp_instr", &[T, T, N, N], N, &[1], |a| prepare(Kind::Place, a, 5), "where the m-th match begins"),
    call(
        "regexp_instr",
        &[T, T, N, N, N],
        N,
        &[1],
        |a| prepare(Kind::Place, a, 5),
        "where the m-th match begins (0) or what follows it (1)",
    ),
    call("regexp_instr", &[T, T, N, N, N, T], N, &[1, 5], |a| prepare(Kind::Place, a, 5), "the same with flags"),
    call("regexp_instr", &[T, T, N, N, N, T, N], N, &[1, 5], |a| prepare(Kind::Place, a, 5), "the same for a group of the match"),
    call("regexp_substr", &[T, T], T, &[1], |a| prepare(Kind::Part, a, 4), "the first match"),
    call("regexp_substr", &[T, T, N], T, &[1], |a| prepare(Kind::Part, a, 4), "the first match from the n-th character on"),
    call("regexp_substr", &[T, T, N, N], T, &[1], |a| prepare(Kind::Part, a, 4), "the m-th match from the n-th character on"),
    call("regexp_substr", &[T, T, N, N, T], T, &[1, 4], |a| prepare(Kind::Part, a, 4), "the same with flags"),
    call("regexp_substr", &[T, T, N, N, T, N], T, &[1, 4], |a| prepare(Kind::Part, a, 4), "the same for a group of the match"),
    call(
        "substring",
        &[T, T],
        T,
        &[1],
        |a| prepare(Kind::First, a, 2),
        "the first group of the first match, or the match: substring(x from '…')",
    ),
    Builtin::refuse("substring", &[T, T, T], T, "write a regular expression: substring(x from '…')"),
    call(
        "regexp_replace",
        &[T, T, T],
        T,
        &[1],
        |a| prepare(Kind::Replace, a, 3),
        "the first match replaced; \\1 is a group, \\& the match",
    ),
    call("regexp_replace", &[T, T, T, T], T, &[1, 3], |a| prepare(Kind::Replace, a, 3), "matches replaced, all with the flag g"),
    call("regexp_replace", &[T, T, T, N], T, &[1], |a| prepare(Kind::Replace, a, 5), "the first match from the n-th character on replaced"),
    call("regexp_replace", &[T, T, T, N, N], T, &[1], |a| prepare(Kind::Replace, a, 5), "the m-th match replaced, all where m is 0"),
    call("regexp_replace", &[T, T, T, N, N, T], T, &[1, 5], |a| prepare(Kind::Replace, a, 5), "the same with flags"),
];

pub(super) const OPERATORS: &[Builtin] = &[
    call("~", &[T, T], Ty::Bool, &[1], |a| operator(a, false, false), "whether a pattern matches"),
    call("~", &[Ty::Bpchar, T], Ty::Bool, &[1], |a| operator(a, false, false), "whether a pattern matches"),
    call("~*", &[T, T], Ty::Bool, &[1], |a| operator(a, true, false), "whether a pattern matches, whatever the case"),
    call("~*", &[Ty::Bpchar, T], Ty::Bool, &[1], |a| operator(a, true, false), "whether a pattern matches, whatever the case"),
    call("!~", &[T, T], Ty::Bool, &[1], |a| operator(a, false, true), "whether a pattern does not match"),
    call("!~", &[Ty::Bpchar, T], Ty::Bool, &[1], |a| operator(a, false, true), "whether a pattern does not match"),
    call("!~*", &[T, T], Ty::Bool, &[1], |a| operator(a, true, true), "whether a pattern does not match, whatever the case"),
    call("!~*", &[Ty::Bpchar, T], Ty::Bool, &[1], |a| operator(a, true, true), "whether a pattern does not match, whatever the case"),
];

/// `~` and its like.
#[derive(Debug)]
struct Matcher {
    pattern: Pattern,
    negated: bool,
}

fn operator(args: &[Option<&str>], fold: bool, negated: bool) -> Result<Box<dyn Prepared>, String> {
    let pattern = Pattern::new(args.get(1).copied().flatten().unwrap_or_default(), Options::folding(fold), Need::Match)?;
    Ok(Box::new(Matcher { pattern, negated }))
}

impl Prepared for Matcher {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let text = text_of(&mut args[0])?;
        self.pattern.check(&text)?;
        Ok(Value::Bool(self.pattern.is_match(&text) != self.negated))
    }

    fn fallible(&self) -> bool {
        self.pattern.fallible()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Like,
    Groups,
    Split,
    Count,
    Place,
    Part,
    First,
    Replace,
}

/// A call of one of the functions.
#[derive(Debug)]
struct Call {
    kind: Kind,
    pattern: Pattern,
    global: bool,
    /// Whether a number among the arguments can be out of its range.
    numbers: bool,
}

/// `flags` is the place of the flags.
fn prepare(kind: Kind, args: &[Option<&str>], flags: usize) -> Result<Box<dyn Prepared>, String> {
    let options = Options::new(args.get(flags).copied().flatten().unwrap_or_default())?;
    if options.global && kind != Kind::Replace {
        return Err("the flag g is for regexp_replace".into());
    }
    // Groups that nobody asks for need not be found.
    let named = |replacement: Option<&str>| replacement.is_none_or(|text| text.contains('\\'));
    let need = match kind {
        Kind::Like => Need::Match,
        Kind::Split | Kind::Count => Need::Span,
        Kind::Replace if !args.get(2).copied().is_some_and(named) => Need::Span,
        Kind::Place if args.len() < 7 => Need::Span,
        Kind::Part if args.len() < 6 => Need::Span,
        _ => Need::Groups,
    };
    let pattern = Pattern::new(args.get(1).copied().flatten().unwrap_or_default(), options, need)?;
    let numbers = matches!(kind, Kind::Count | Kind::Place | Kind::Part) && args.len() > 2
        || kind == Kind::Replace && (args.len() > 4 || args.len() == 4 && flags == 5);
    Ok(Box::new(Call { kind, pattern, global: options.global, numbers }))
}

/// The number at a place among the arguments; `default` where there is none.
fn number(args: &[Value<'_>], at: usize, default: i64, least: i64) -> Result<i64, EvalError> {
    let n = args.get(at).map_or(Ok(default), int_of)?;
    if n < least { Err(EvalError::sql("22023", "invalid value for a parameter of a regular expression function")) } else { Ok(n) }
}

/// The byte of the n-th character, from 1; `None` where it is further than right behind the text.
fn begin(text: &str, n: i64) -> Option<usize> {
    let n = usize::try_from(n - 1).ok()?;
    if n > text.len() {
        return None;
    }
    let at = byte_of(text, n);
    (at < text.len() || text.chars().count() == n).then_some(at)
}

fn place_of(text: &str, byte: usize) -> Evaluated<'static> {
    count(text[..byte].chars().count() + 1)
}

fn part(text: Cow<'_, str>, span: Option<Span>) -> Evaluated<'_> {
    match span {
        Some((start, end)) => value(slice(text, start..end)),
        None => Ok(Value::Null),
    }
}

fn array<'r>(parts: &[Option<&str>]) -> Evaluated<'r> {
    let length = i32::try_from(parts.len()).map_err(|_| too_long())?;
    let mut writer = ArrayWriter::new(&[Dimension { length, lower: 1 }], SqlType::Text.builtin_oid().unwrap_or_default());
    for part in parts {
        match part {
            None => writer.null(),
            Some(part) => writer.element(|out| {
                out.extend_from_slice(part.as_bytes());
                Ok::<(), EvalError>(())
            })?,
        }
    }
    Ok(Value::Array(writer.finish().into()))
}

impl Prepared for Call {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let text = text_of(&mut args[0])?;
        self.pattern.check(&text)?;
        match self.kind {
            Kind::Like => Ok(Value::Bool(self.pattern.is_match(&text))),
            Kind::Groups => self.groups(&text),
            Kind::Split => self.split(&text),
            Kind::Count => {
                let from = begin(&text, number(args, 2, 1, 1)?);
                let matches = from.map_or(Ok(0), |from| self.pattern.matches(&text, from).try_fold(0, |n, found| found.map(|_| n + 1)));
                count(matches?)
            }
            Kind::Place => {
                let (start, n, end) = (number(args, 2, 1, 1)?, number(args, 3, 1, 1)?, number(args, 4, 0, 0)?);
                if end > 1 {
                    return Err(EvalError::sql("22023", "invalid value for parameter \"endoption\""));
                }
                match self.nth(&text, start, n, number(args, 6, 0, 0)?)? {
                    Some((from, to)) => place_of(&text, if end == 1 { to } else { from }),
                    None => Ok(Value::Int4(0)),
                }
            }
            Kind::Part => {
                let (start, n, group) = (number(args, 2, 1, 1)?, number(args, 3, 1, 1)?, number(args, 5, 0, 0)?);
                let found = self.nth(&text, start, n, group)?;
                part(text, found)
            }
            Kind::First => {
                let Some(found) = self.pattern.find(&text, 0)? else { return Ok(Value::Null) };
                let found = if self.pattern.groups > 0 { self.pattern.groups(&text, found)?[0] } else { Some(found) };
                part(text, found)
            }
            Kind::Replace => {
                let by = text_of(&mut args[2])?;
                self.replace(text, &by, args)
            }
        }
    }

    fn fallible(&self) -> bool {
        self.numbers || self.pattern.fallible()
    }
}

impl Call {
    /// The n-th match from a character on, or a group of it.
    fn nth(&self, text: &str, start: i64, n: i64, group: i64) -> Result<Option<Span>, EvalError> {
        let Some(from) = begin(text, start) else { return Ok(None) };
        let n = usize::try_from(n - 1).unwrap_or(usize::MAX);
        let Some(found) = self.pattern.matches(text, from).nth(n).transpose()? else { return Ok(None) };
        // A pattern without groups has one, which is the match.
        match (usize::try_from(group).unwrap_or(usize::MAX), self.pattern.groups) {
            (0, _) | (1, 0) => Ok(Some(found)),
            (group, groups) if group <= groups => Ok(self.pattern.groups(text, found)?[group - 1]),
            _ => Ok(None),
        }
    }

    fn groups<'r>(&self, text: &str) -> Evaluated<'r> {
        let Some(found) = self.pattern.find(text, 0)? else { return Ok(Value::Null) };
        if self.pattern.groups == 0 {
            return array(&[Some(&text[found.0..found.1])]);
        }
        let groups = self.pattern.groups(text, found)?;
        array(&groups.iter().map(|group| group.map(|(start, end)| &text[start..end])).collect::<Vec<_>>())
    }

    /// Matches that are empty count only within the text, and not right behind another match.
    fn split<'r>(&self, text: &str) -> Evaluated<'r> {
        let (mut parts, mut done, mut last) = (Vec::new(), 0, 0);
        for found in self.pattern.matches(text, 0) {
            let (start, end) = found?;
            if start < text.len() && end > last {
                parts.push(Some(&text[done..start]));
                done = end;
            }
            last = end;
        }
        parts.push(Some(&text[done..]));
        array(&parts)
    }

    /// `replace_text_regexp`
    fn replace<'r>(&self, text: Cow<'r, str>, by: &str, args: &[Value<'r>]) -> Evaluated<'r> {
        // The fourth argument is a number or the flags.
        let from = match args.get(3) {
            Some(Value::Text(_)) | None => Some(0),
            Some(_) => begin(&text, number(args, 3, 1, 1)?),
        };
        let only = match args.get(4) {
            None if self.global => None,
            None => Some(1),
            Some(_) => usize::try_from(number(args, 4, 1, 0)?).ok().filter(|n| *n > 0),
        };
        let Some(from) = from else { return value(text) };
        let mut out = String::new();
        let mut done = 0;
        for (at, found) in self.pattern.matches(&text, from).enumerate() {
            let (start, end) = found?;
            if only.is_some_and(|n| at + 1 != n) {
                continue;
            }
            out.push_str(&text[done..start]);
            self.expand(&text, (start, end), by, &mut out)?;
            done = end;
            if out.len() > MOST_BYTES {
                return Err(too_long());
            }
            if only.is_some() {
                break;
            }
        }
        if done == 0 && out.is_empty() {
            // Nothing was replaced, or nothing by nothing.
            return value(text);
        }
        out.push_str(&text[done..]);
        value(out)
    }

    /// Appends the replacement: `\1` to `\9` are groups, `\&` is the match, `\\` is a backslash, any other `\` is itself.
    fn expand(&self, text: &str, whole: Span, by: &str, out: &mut String) -> Result<(), EvalError> {
        if !by.contains('\\') {
            out.push_str(by);
            return Ok(());
        }
        let mut groups = None;
        let mut chars = by.chars().peekable();
        while let Some(c) = chars.next() {
            let Some(escaped) = (if c == '\\' { chars.peek().copied() } else { None }) else {
                out.push(c);
                continue;
            };
            match escaped {
                '1'..='9' => {
                    let found = match &groups {
                        Some(found) => found,
                        None => groups.insert(if self.pattern.groups > 0 { self.pattern.groups(text, whole)? } else { Vec::new() }),
                    };
                    let group = escaped.to_digit(10).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
                    if let Some(Some((start, end))) = found.get(group - 1) {
                        out.push_str(&text[*start..*end]);
                    }
                }
                '&' => out.push_str(&text[whole.0..whole.1]),
                '\\' => out.push('\\'),
                _ => {
                    out.push('\\');
                    continue;
                }
            }
            chars.next();
            if out.len() > MOST_BYTES {
                return Err(too_long());
            }
        }
        Ok(())
    }
}
