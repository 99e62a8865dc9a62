//! `like` and `similar to`. Boundary: regular expressions are `regexp.rs`'s. `like` takes patterns from rows as well; `similar to` is a regular
//! expression written otherwise, and takes literals.

use super::context::{EvalError, Evaluated};
use super::registry::text_of;
use super::text::lower_char;
use crate::row::Value;

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

/// `similar_escape_internal`: a pattern of `similar to` as a regular expression. The escape character is a backslash unless it is written
/// otherwise; an empty one is none.
pub(super) fn similar(pattern: &str, escape: Option<&str>) -> Result<String, String> {
    let mut chars = escape.unwrap_or("\\").chars();
    let (escape, None) = (chars.next(), chars.next()) else { return Err("an escape is one character or none".into()) };
    let mut out = String::from("^(?:");
    let (mut escaped, mut bracket, mut quotes) = (false, false, 0);
    for c in pattern.chars() {
        match c {
            '"' if escaped && !bracket => {
                out.push_str(match quotes {
                    0 => "){1,1}?(",
                    1 => "){1,1}(?:",
                    _ => return Err("a pattern has two separators at most".into()),
                });
                quotes += 1;
            }
            c if escaped => out.extend(['\\', c]),
            c if Some(c) == escape => {
                escaped = true;
                continue;
            }
            '\\' => out.push_str("\\\\"),
            c if bracket => {
                out.push(c);
                bracket = c != ']';
            }
            '[' => {
                out.push(c);
                bracket = true;
            }
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '(' => out.push_str("(?:"),
            '.' | '^' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
        escaped = false;
    }
    out.push_str(")$");
    Ok(out)
}
