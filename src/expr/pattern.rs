//! `like`, regular expressions and `regexp_replace`. Boundary: patterns are literals, so they are compiled once; only `like` also
//! takes patterns from rows.

use std::borrow::Cow;

use regex::Regex;

use super::context::{EvalError, Evaluated};
use super::numeric::is_space;
use super::regex_syntax::{self, Translated};
use super::registry::{Builtin, text_of};
use super::text::lower_char;
use crate::row::Value;

pub(super) const FUNCTIONS: &[Builtin] = &[];

/// Patterns of more `%` than this fail, as PostgreSQL fails when its stack is full.
const DEEPEST: usize = 2_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    /// No, and no later beginning of the text can help.
    Never,
}

/// `text LIKE pattern`, its escape character made a backslash.
pub(super) fn like(text: &str, pattern: &str) -> Result<bool, EvalError> {
    Ok(match_like(text.as_bytes(), pattern.as_bytes(), 0)? == Match::Yes)
}

/// `text ILIKE pattern`
pub(super) fn ilike(text: &str, pattern: &str) -> Result<bool, EvalError> {
    let fold = |text: &str| text.chars().map(lower_char).collect::<String>();
    like(&fold(text), &fold(pattern))
}

/// `like_match.c`, step by step: where it raises an error, this does.
fn match_like(mut text: &[u8], mut pattern: &[u8], depth: usize) -> Result<Match, EvalError> {
    let trailing = || EvalError::sql("22025", "LIKE pattern must not end with escape character");
    if depth > DEEPEST {
        return Err(EvalError::sql("54001", "LIKE pattern has too many wildcards"));
    }
    if pattern == b"%" {
        return Ok(Match::Yes);
    }
    while let (Some(t), Some(p)) = (text.first(), pattern.first()) {
        match p {
            b'\\' => {
                pattern = &pattern[1..];
                if pattern.first().ok_or_else(trailing)? != t {
                    return Ok(Match::No);
                }
            }
            b'%' => {
                pattern = &pattern[1..];
                loop {
                    match pattern.first() {
                        None => return Ok(Match::Yes),
                        Some(b'%') => pattern = &pattern[1..],
                        Some(b'_') => {
                            if text.is_empty() {
                                return Ok(Match::Never);
                            }
                            text = next_char(text);
                            pattern = &pattern[1..];
                        }
                        Some(_) => break,
                    }
                }
                let first = if pattern[0] == b'\\' { *pattern.get(1).ok_or_else(trailing)? } else { pattern[0] };
                while let Some(t) = text.first() {
                    if *t == first {
                        let found = match_like(text, pattern, depth + 1)?;
                        if found != Match::No {
                            return Ok(found);
                        }
                    }
                    text = next_char(text);
                }
                return Ok(Match::Never);
            }
            b'_' => {
                text = next_char(text);
                pattern = &pattern[1..];
                continue;
            }
            p if p != t => return Ok(Match::No),
            _ => {}
        }
        text = &text[1..];
        pattern = &pattern[1..];
    }
    if !text.is_empty() {
        return Ok(Match::No);
    }
    Ok(if pattern.iter().all(|p| *p == b'%') { Match::Yes } else { Match::Never })
}

fn next_char(text: &[u8]) -> &[u8] {
    let length = 1 + text[1..].iter().take_while(|b| **b & 0xC0 == 0x80).count();
    &text[length..]
}

/// `like_escape`: the pattern with another escape character, written with backslashes. `None` where that is no single character.
pub(super) fn with_escape(pattern: &str, escape: &str) -> Option<String> {
    let mut chars = escape.chars();
    let (escape, None) = (chars.next(), chars.next()) else { return None };
    if escape == Some('\\') {
        return Some(pattern.to_owned());
    }
    let mut out = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        if Some(c) == escape && !escaped {
            out.push('\\');
            escaped = true;
            continue;
        }
        if c == '\\' {
            out.push('\\');
            if !escaped {
                out.push('\\');
            }
        } else {
            out.push(c);
        }
        escaped = false;
    }
    Some(out)
}

pub(super) fn run_like<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, pattern) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    like(&text, &pattern).map(Value::Bool)
}

pub(super) fn run_ilike<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, pattern) = (text_of(&mut args[0])?, text_of(&mut args[1])?);
    ilike(&text, &pattern).map(Value::Bool)
}

fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|_| "the pattern is too large".to_owned())
}

/// A compiled pattern for `~` and `~*`.
#[derive(Debug)]
pub(super) struct Matcher {
    regex: Regex,
    words: Words,
}

/// What is asked about texts before a pattern with word boundaries is matched: the crate takes some characters for parts of words
/// that PostgreSQL does not. Texts with those are refused rather than matched otherwise.
#[derive(Debug)]
struct Words(Option<Regex>);

impl Words {
    fn new(asked: bool) -> Result<Self, String> {
        asked.then(|| compile(regex_syntax::NOT_WORD)).transpose().map(Self)
    }

    fn check(&self, text: &str) -> Result<(), EvalError> {
        match &self.0 {
            Some(strange) if !text.is_ascii() && strange.is_match(text) => {
                Err(EvalError::sql("0A000", "a text with combining marks, for a pattern with word boundaries"))
            }
            _ => Ok(()),
        }
    }
}

impl Matcher {
    /// Compiles a pattern; `fold` for matching without regard to case.
    pub fn new(pattern: &str, fold: bool) -> Result<Self, String> {
        let Translated { branches, words, .. } = regex_syntax::translate(pattern, fold)?;
        Ok(Self { regex: compile(&branches.join("|"))?, words: Words::new(words)? })
    }

    pub fn is_match(&self, text: &str) -> Result<bool, EvalError> {
        self.words.check(text)?;
        Ok(self.regex.is_match(text))
    }

    pub fn fallible(&self) -> bool {
        self.words.0.is_some()
    }
}

/// A compiled `regexp_replace`.
#[derive(Debug)]
pub(super) struct Replacer {
    /// The alternatives at the top, each on its own: of those that match at the same place PostgreSQL takes the longest match.
    branches: Vec<Regex>,
    words: Words,
    global: bool,
}

impl Replacer {
    /// Compiles pattern and flags.
    pub fn new(pattern: &str, flags: &str) -> Result<Self, String> {
        if let Some(other) = flags.chars().find(|c| !matches!(c, 'g' | 'i' | 'c')) {
            return Err(format!("the flag {} is not supported; g and i are", if is_space(other) { ' ' } else { other }));
        }
        // The last one of the two wins.
        let fold = flags.chars().rfind(|c| matches!(c, 'i' | 'c')) == Some('i');
        let Translated { branches, longest, groups, words } = regex_syntax::translate(pattern, fold)?;
        if !longest {
            return Err(
                "which of several matches PostgreSQL takes (the longest) cannot be told here for a pattern with a repeated group, an \
                        alternative within a group, or a quantifier that is not greedy"
                    .into(),
            );
        }
        if groups > 0 && branches.len() > 1 {
            return Err("groups and alternatives at the top of one pattern cannot be replaced here; write two replacements".into());
        }
        let branches = branches.iter().map(|branch| compile(branch)).collect::<Result<_, _>>()?;
        Ok(Self { branches, words: Words::new(words)?, global: flags.contains('g') })
    }

    /// The leftmost of the longest matches at or behind `from`.
    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let matches = self.branches.iter().filter_map(|branch| branch.find_at(text, from));
        matches.map(|found| (found.start(), found.end())).min_by_key(|(start, end)| (*start, usize::MAX - end))
    }

    /// Replaces as PostgreSQL does, empty matches behind a match included.
    pub fn replace<'r>(&self, text: Cow<'r, str>, replacement: &str) -> Result<Cow<'r, str>, EvalError> {
        self.words.check(&text)?;
        let Some(first) = self.find(&text, 0) else { return Ok(text) };
        let mut out = String::with_capacity(text.len() + replacement.len());
        let (mut done, mut next) = (0, Some(first));
        while let Some((start, end)) = next {
            out.push_str(&text[done..start]);
            self.expand(&text, start, replacement, (start, end), &mut out);
            done = end;
            if !self.global {
                break;
            }
            let from = if start == end {
                match text[end..].chars().next() {
                    Some(c) => end + c.len_utf8(),
                    None => break,
                }
            } else {
                end
            };
            next = self.find(&text, from);
        }
        out.push_str(&text[done..]);
        Ok(Cow::Owned(out))
    }

    pub fn fallible(&self) -> bool {
        self.words.0.is_some()
    }

    /// Appends the replacement: `\1` to `\9` are groups, `\&` is the match, `\\` is a backslash, any other `\` is itself.
    fn expand(&self, text: &str, from: usize, replacement: &str, whole: (usize, usize), out: &mut String) {
        if !replacement.contains('\\') {
            out.push_str(replacement);
            return;
        }
        let captures = self.branches.first().filter(|_| self.branches.len() == 1).and_then(|branch| branch.captures_at(text, from));
        let mut chars = replacement.chars().peekable();
        while let Some(c) = chars.next() {
            let Some(escaped) = (if c == '\\' { chars.peek().copied() } else { None }) else {
                out.push(c);
                continue;
            };
            match escaped {
                '1'..='9' => {
                    let group = escaped.to_digit(10).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                    out.push_str(captures.as_ref().and_then(|c| c.get(group)).map_or("", |m| m.as_str()));
                }
                '&' => out.push_str(&text[whole.0..whole.1]),
                '\\' => out.push('\\'),
                _ => {
                    out.push('\\');
                    continue;
                }
            }
            chars.next();
        }
    }
}
