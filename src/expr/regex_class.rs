//! Bracket expressions and classes of characters in regular expressions. Boundary: `regex_syntax.rs` reads everything around them.

use super::regex_syntax::{Parser, Refusal};
use super::text::{lower_char, upper_char};
use std::fmt::Write as _;

impl Parser<'_> {
    /// A bracket expression, behind its opening bracket.
    pub(super) fn bracket(&mut self, out: &mut String) -> Result<(), Refusal> {
        out.push('[');
        if self.chars.next_if_eq(&'^').is_some() {
            out.push_str(if self.options.stop { "^\\n" } else { "^" });
        }
        let mut first = true;
        loop {
            let c = self.chars.next().ok_or("brackets [] are not balanced")?;
            match c {
                ']' if !first => break,
                '[' => match self.chars.peek() {
                    Some(':') => self.class(out)?,
                    Some('.' | '=') => return Err("collating elements cannot be matched here".into()),
                    _ => self.range('[', out)?,
                },
                '\\' => match self.chars.next().ok_or("the pattern ends in a backslash")? {
                    'd' => out.push_str(DIGIT),
                    's' => out.push_str(SPACE),
                    'w' => out.push_str(WORD),
                    'D' | 'S' | 'W' => return Err("\\D, \\S and \\W do not stand within brackets".into()),
                    c => {
                        let c = self.character(c)?;
                        self.range(c, out)?;
                    }
                },
                c => self.range(c, out)?,
            }
            first = false;
        }
        out.push(']');
        Ok(())
    }

    /// A character within brackets, or the range that it begins.
    fn range(&mut self, low: char, out: &mut String) -> Result<(), Refusal> {
        let mut ahead = self.chars.clone();
        let high = if ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']') {
            self.chars.next();
            match self.chars.next().ok_or("brackets [] are not balanced")? {
                '\\' => {
                    let c = self.chars.next().ok_or("the pattern ends in a backslash")?;
                    self.character(c)?
                }
                '[' if matches!(self.chars.peek(), Some(':' | '.' | '=')) => return Err("a range ends in a character".into()),
                c => c,
            }
        } else {
            low
        };
        if high < low {
            return Err("a range is the wrong way round".into());
        }
        if high == low {
            if self.options.fold {
                push(lower_char(low), out);
                push(upper_char(low), out);
            } else {
                push(low, out);
            }
            return Ok(());
        }
        push(low, out);
        out.push('-');
        push(high, out);
        if self.options.fold {
            if u32::from(high) - u32::from(low) > 0x1000 {
                return Err("a range this large cannot be matched without regard to case".into());
            }
            for c in low..=high {
                for other in [lower_char(c), upper_char(c)] {
                    if other != c {
                        push(other, out);
                    }
                }
            }
        }
        Ok(())
    }

    /// `[:name:]`, behind its first bracket.
    fn class(&mut self, out: &mut String) -> Result<(), Refusal> {
        self.chars.next();
        let mut name = String::new();
        loop {
            match self.chars.next() {
                Some(':') => break,
                Some(c) if c.is_ascii_alphabetic() && name.len() < 8 => name.push(c),
                _ => return Err("a character class has no name of PostgreSQL".into()),
            }
        }
        if self.chars.next() != Some(']') {
            return Err("brackets [] are not balanced".into());
        }
        out.push_str(match name.as_str() {
            "digit" => DIGIT,
            "space" => SPACE,
            "alpha" => ALPHA,
            "alnum" => ALNUM,
            // Without regard to case, an upper-case letter is any letter.
            "upper" | "lower" if self.options.fold => ALPHA,
            // A letter is upper case where it has a lower case, and the other way round; the title case of digraphs is both.
            "upper" => r"\p{Uppercase}\p{Lt}",
            "lower" => r"\p{Lowercase}\x{1C5}\x{1C8}\x{1CB}\x{1F2}",
            "xdigit" => "0-9A-Fa-f",
            // These two are PostgreSQL's own, whatever the locale.
            "blank" => r"\t ",
            "cntrl" => r"\x{0}-\x{1F}\x{7F}-\x{9F}",
            name => return Err(format!("the class [:{name}:] is not supported")),
        });
        Ok(())
    }
}

pub(super) const DIGIT: &str = "0-9";
pub(super) const SPACE: &str = r"\t-\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200A}\x{2028}\x{2029}\x{205F}\x{3000}";
/// The C library counts the digits of other scripts among the letters.
const ALPHA: &str = r"\p{Alphabetic}[\p{Nd}--0-9]";
const ALNUM: &str = r"\p{Alphabetic}\p{Nd}";
pub(super) const WORD: &str = r"\p{Alphabetic}\p{Nd}_";

/// Characters that are part of words for the crate and not for PostgreSQL: combining marks, joiners, unusual connectors.
pub(super) const NOT_WORD: &str = r"[\w--[\p{Alphabetic}\p{Nd}_]]";

/// A character in the crate's syntax, inside brackets and outside.
pub(super) fn push(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}
