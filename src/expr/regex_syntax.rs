//! PostgreSQL's advanced regular expressions, written anew for the `regex` crate. Boundary: syntax only; matching and
//! replacing are `pattern.rs`'s. What the crate cannot match as PostgreSQL does is refused with a reason.
//!
//! Character classes are those of a UTF-8 database with a locale of the C library: digits are ASCII, no-break spaces are no
//! spaces. Cases are folded here, one character to one, because the crate folds by other rules (`ſ` to `s`, `K` to `k`).

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use super::text::{lower_char, upper_char};

/// A translated pattern: its alternatives at the top, each in the crate's syntax.
#[derive(Debug)]
pub(super) struct Translated {
    pub branches: Vec<String>,
    /// Whether, for each alternative alone, the first match by preference (the crate) is the longest (PostgreSQL).
    pub longest: bool,
    /// Number of capturing groups.
    pub groups: usize,
    /// Whether it asks where words begin or end.
    pub words: bool,
}

/// Why a pattern is refused.
pub(super) type Refusal = String;

/// Translates a pattern; `fold` for matching without regard to case.
pub(super) fn translate(pattern: &str, fold: bool) -> Result<Translated, Refusal> {
    if pattern.starts_with("***") {
        return Err("patterns that begin with *** are not supported".into());
    }
    let (pattern, fold) = match pattern.strip_prefix("(?i)") {
        Some(rest) => (rest, true),
        None => (pattern, fold),
    };
    let mut parser = Parser { chars: pattern.chars().peekable(), fold, groups: 0, longest: true, words: false, depth: 0 };
    let branches = parser.alternatives()?;
    if parser.chars.next().is_some() {
        return Err("parentheses are not balanced".into());
    }
    Ok(Translated { branches, longest: parser.longest, groups: parser.groups, words: parser.words })
}

struct Parser<'a> {
    chars: Peekable<Chars<'a>>,
    fold: bool,
    groups: usize,
    longest: bool,
    words: bool,
    depth: usize,
}

/// What a quantifier can follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom {
    /// Matches exactly one character.
    One,
    /// A group.
    Group,
    /// Matches a place.
    Place,
}

impl Parser<'_> {
    /// Alternatives up to a closing parenthesis or the end.
    fn alternatives(&mut self) -> Result<Vec<String>, Refusal> {
        let mut branches = vec![self.branch()?.0];
        while self.chars.next_if_eq(&'|').is_some() {
            branches.push(self.branch()?.0);
        }
        Ok(branches)
    }

    /// One alternative, and whether it is a single character.
    fn branch(&mut self) -> Result<(String, bool), Refusal> {
        let mut out = String::new();
        let (mut atoms, mut single) = (0, true);
        while let Some(&c) = self.chars.peek() {
            if c == '|' || c == ')' {
                break;
            }
            self.chars.next();
            let start = out.len();
            let atom = self.atom(c, &mut out)?;
            let quantified = self.quantifier(atom, &mut out, start)?;
            atoms += 1;
            single &= atom == Atom::One && !quantified;
        }
        Ok((out, single && atoms == 1))
    }

    fn atom(&mut self, c: char, out: &mut String) -> Result<Atom, Refusal> {
        match c {
            '(' => self.group(out)?,
            '[' => {
                self.bracket(out)?;
                return Ok(Atom::One);
            }
            '.' => out.push_str("(?s:.)"),
            '^' => {
                out.push_str("\\A");
                return Ok(Atom::Place);
            }
            '$' => {
                out.push_str("\\z");
                return Ok(Atom::Place);
            }
            '*' | '+' | '?' => return Err("a quantifier has nothing to repeat".into()),
            '{' if self.chars.peek().is_some_and(char::is_ascii_digit) => return Err("a quantifier has nothing to repeat".into()),
            '\\' => return self.escape(out),
            c => self.literal(c, out),
        }
        Ok(if c == '(' { Atom::Group } else { Atom::One })
    }

    fn group(&mut self, out: &mut String) -> Result<(), Refusal> {
        self.depth += 1;
        if self.depth > 50 {
            return Err("groups are nested too deeply".into());
        }
        if self.chars.next_if_eq(&'?').is_some() {
            match self.chars.next() {
                Some(':') => out.push_str("(?:"),
                Some('=' | '!' | '<') => return Err("lookahead and lookbehind cannot be matched here".into()),
                _ => return Err("embedded options are not supported; use ~* to ignore case".into()),
            }
        } else {
            self.groups += 1;
            out.push('(');
        }
        let mut several = false;
        let mut all_single = true;
        loop {
            let (branch, single) = self.branch()?;
            all_single &= single;
            out.push_str(&branch);
            match self.chars.next() {
                Some('|') => {
                    several = true;
                    out.push('|');
                }
                Some(')') => break,
                _ => return Err("parentheses are not balanced".into()),
            }
        }
        // Of alternatives, PostgreSQL takes the longest, the crate the first. One character is as long as another.
        if several && !all_single {
            self.longest = false;
        }
        out.push(')');
        self.depth -= 1;
        Ok(())
    }

    /// Whether there was a quantifier.
    fn quantifier(&mut self, atom: Atom, out: &mut String, start: usize) -> Result<bool, Refusal> {
        let quantifier = match self.chars.peek() {
            Some('*') => "*".to_owned(),
            Some('+') => "+".to_owned(),
            Some('?') => "?".to_owned(),
            Some('{') => {
                let mut ahead = self.chars.clone();
                ahead.next();
                if !ahead.peek().is_some_and(char::is_ascii_digit) {
                    return Ok(false);
                }
                let bounds = self.bounds()?;
                self.apply(atom, out, start, &bounds)?;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        self.chars.next();
        self.apply(atom, out, start, &quantifier)?;
        Ok(true)
    }

    fn apply(&mut self, atom: Atom, out: &mut String, start: usize, quantifier: &str) -> Result<(), Refusal> {
        if atom == Atom::Place {
            return Err("a quantifier has nothing to repeat".into());
        }
        // A literal may have been written as several characters of the crate's syntax.
        let operand = out.split_off(start);
        let _ = write!(out, "(?:{operand}){quantifier}");
        if atom == Atom::Group {
            self.longest = false;
        }
        if self.chars.next_if_eq(&'?').is_some() {
            out.push('?');
            // One quantifier that is not greedy turns the preference of the whole expression in PostgreSQL.
            self.longest = false;
        }
        if matches!(self.chars.peek(), Some('*' | '+' | '?')) {
            return Err("a quantifier has nothing to repeat".into());
        }
        Ok(())
    }

    fn bounds(&mut self) -> Result<String, Refusal> {
        self.chars.next();
        let least = self.bound()?.ok_or("the bounds of a quantifier are not numbers")?;
        let most = if self.chars.next_if_eq(&',').is_some() { self.bound()? } else { Some(least) };
        if self.chars.next() != Some('}') {
            return Err("the braces of a quantifier are not balanced".into());
        }
        match most {
            Some(most) if most < least => Err("the bounds of a quantifier are the wrong way round".into()),
            Some(most) => Ok(format!("{{{least},{most}}}")),
            None => Ok(format!("{{{least},}}")),
        }
    }

    fn bound(&mut self) -> Result<Option<u32>, Refusal> {
        let mut number = None;
        while let Some(digit) = self.chars.peek().and_then(|c| c.to_digit(10)) {
            self.chars.next();
            let n = number.unwrap_or(0) * 10 + digit;
            // `DUPMAX` of PostgreSQL.
            if n > 255 {
                return Err("a quantifier goes to 255 at most".into());
            }
            number = Some(n);
        }
        Ok(number)
    }

    fn literal(&self, c: char, out: &mut String) {
        if self.fold && (lower_char(c) != c || upper_char(c) != c) {
            out.push('[');
            for c in [c, lower_char(c), upper_char(c)] {
                push(c, out);
            }
            out.push(']');
        } else {
            push(c, out);
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<Atom, Refusal> {
        let c = self.chars.next().ok_or("the pattern ends in a backslash")?;
        let class = |out: &mut String, negated: bool, members: &str| {
            let _ = write!(out, "[{}{members}]", if negated { "^" } else { "" });
            Ok(Atom::One)
        };
        let place = |out: &mut String, place: &str| {
            out.push_str(place);
            Ok(Atom::Place)
        };
        self.words |= matches!(c, 'm' | 'M' | 'y' | 'Y');
        match c {
            'd' | 'D' => class(out, c == 'D', DIGIT),
            's' | 'S' => class(out, c == 'S', SPACE),
            'w' | 'W' => class(out, c == 'W', WORD),
            'A' => place(out, "\\A"),
            'Z' => place(out, "\\z"),
            'm' => place(out, "\\b{start}"),
            'M' => place(out, "\\b{end}"),
            'y' => place(out, "\\b"),
            'Y' => place(out, "\\B"),
            '1'..='9' => Err("back-references cannot be matched here".into()),
            c => {
                let c = self.character(c)?;
                self.literal(c, out);
                Ok(Atom::One)
            }
        }
    }

    /// The character that an escape stands for.
    fn character(&mut self, c: char) -> Result<char, Refusal> {
        Ok(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'B' => '\\',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' => self.hex(4)?,
            'U' => self.hex(8)?,
            c if c.is_ascii_alphanumeric() => return Err(format!("the escape \\{c} is not supported")),
            c => c,
        })
    }

    fn hex(&mut self, digits: usize) -> Result<char, Refusal> {
        let mut code = 0_u32;
        for _ in 0..digits {
            let digit = self.chars.next().and_then(|c| c.to_digit(16)).ok_or("an escape has too few hexadecimal digits")?;
            code = code.checked_mul(16).ok_or("an escape is no character")? + digit;
        }
        char::from_u32(code).filter(|c| *c != '\0').ok_or_else(|| "an escape is no character".into())
    }

    /// A bracket expression, behind its opening bracket.
    fn bracket(&mut self, out: &mut String) -> Result<(), Refusal> {
        out.push('[');
        if self.chars.next_if_eq(&'^').is_some() {
            out.push('^');
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
        push(low, out);
        if high != low {
            out.push('-');
            push(high, out);
        }
        if self.fold {
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
            "upper" | "lower" if self.fold => ALPHA,
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

const DIGIT: &str = "0-9";
const SPACE: &str = r"\t-\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200A}\x{2028}\x{2029}\x{205F}\x{3000}";
/// The C library counts the digits of other scripts among the letters.
const ALPHA: &str = r"\p{Alphabetic}[\p{Nd}--0-9]";
const ALNUM: &str = r"\p{Alphabetic}\p{Nd}";
const WORD: &str = r"\p{Alphabetic}\p{Nd}_";

/// Characters that are part of words for the crate and not for PostgreSQL: combining marks, joiners, unusual connectors.
pub(super) const NOT_WORD: &str = r"[\w--[\p{Alphabetic}\p{Nd}_]]";

/// A character in the crate's syntax, inside brackets and outside.
fn push(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}
