//! PostgreSQL's advanced regular expressions, read into a tree. Boundary: syntax only; what the tree matches is `regex_match.rs`'s. What
//! cannot be matched as PostgreSQL does is refused with a reason: back-references, lookahead and lookbehind, collating elements, and the
//! two older syntaxes (flags `b` and `e`).
//!
//! Character classes are those of a UTF-8 database with a locale of the C library: digits are ASCII, no-break spaces are no
//! spaces. Cases are folded here, one character to one, because the crate folds by other rules (`ſ` to `s`, `K` to `k`).

use std::iter::Peekable;
use std::str::Chars;

use super::regex_class::{DIGIT, SPACE, WORD, push};
use super::regex_tree::{Branch, Item};
use super::text::{lower_char, upper_char};

/// Why a pattern is refused.
pub(super) type Refusal = String;

/// What the flags of a pattern say. The flags stand in the order in which they are written: a later one takes back what an earlier one said.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "one a flag")]
pub(super) struct Options {
    /// `g`: all matches.
    pub global: bool,
    /// `i`: without regard to case.
    pub(super) fold: bool,
    /// `.` and `[^…]` do not match a newline.
    pub(super) stop: bool,
    /// `^` and `$` match at newlines, too.
    lines: bool,
    /// `x`: white space and comments are nothing.
    expanded: bool,
    /// `q`: the pattern is a text.
    literal: bool,
}

impl Options {
    /// What `~*` (or `~`) says.
    pub fn folding(fold: bool) -> Self {
        Self { fold, ..Self::default() }
    }

    /// `parse_re_flags`
    pub fn new(flags: &str) -> Result<Self, Refusal> {
        let mut options = Self::default();
        for flag in flags.chars() {
            match flag {
                'g' => options.global = true,
                other => options.set(other)?,
            }
        }
        Ok(options)
    }

    fn set(&mut self, flag: char) -> Result<(), Refusal> {
        match flag {
            'c' => self.fold = false,
            'i' => self.fold = true,
            'm' | 'n' => (self.stop, self.lines) = (true, true),
            'p' => (self.stop, self.lines) = (true, false),
            's' => (self.stop, self.lines) = (false, false),
            'w' => (self.stop, self.lines) = (false, true),
            'q' => self.literal = true,
            't' => self.expanded = false,
            'x' => self.expanded = true,
            'b' | 'e' => return Err(format!("the older syntax of the flag {flag} is not supported")),
            other => return Err(format!("there is no flag {}", other.escape_default())),
        }
        Ok(())
    }
}

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub branches: Vec<Branch>,
    /// Number of capturing groups.
    pub groups: usize,
    /// Whether it asks where words begin or end.
    pub words: bool,
}

/// Reads a pattern, its prefixes (`***=`, `(?i)`) included.
pub(super) fn read(pattern: &str, mut options: Options) -> Result<Parsed, Refusal> {
    let mut pattern = pattern;
    if options.literal && (options.stop || options.lines || options.expanded) {
        return Err("the flag q does not go together with n, p, w and x".into());
    }
    // With the flag q, no prefix means anything.
    if !options.literal
        && let Some(rest) = pattern.strip_prefix("***")
    {
        pattern = match rest.strip_prefix(['=', ':']) {
            Some(behind) => {
                options.literal = rest.starts_with('=');
                behind
            }
            None => return Err("a pattern does not begin with ***".into()),
        };
    }
    let letters = |text: &str| text.find(|c: char| !c.is_ascii_alphabetic()).filter(|n| *n > 0 && text[*n..].starts_with(')'));
    if !options.literal
        && let Some(inside) = pattern.strip_prefix("(?")
        && let Some(length) = letters(inside)
    {
        inside[..length].chars().try_for_each(|flag| options.set(flag))?;
        pattern = &inside[length + 1..];
    }
    let mut parser = Parser { chars: pattern.chars().peekable(), options, groups: 0, words: false, depth: 0 };
    if options.literal {
        let items = pattern.chars().map(|c| {
            let mut out = String::new();
            parser.literal(c, &mut out);
            Item::One(out)
        });
        return Ok(Parsed { branches: vec![items.collect()], groups: 0, words: false });
    }
    let branches = parser.alternatives()?;
    if parser.chars.next().is_some() {
        return Err("parentheses are not balanced".into());
    }
    Ok(Parsed { branches, groups: parser.groups, words: parser.words })
}

pub(super) struct Parser<'a> {
    pub(super) chars: Peekable<Chars<'a>>,
    pub(super) options: Options,
    groups: usize,
    words: bool,
    depth: usize,
}

impl Parser<'_> {
    /// Passes over comments, and over white space where it means nothing.
    fn skip(&mut self) {
        loop {
            let mut ahead = self.chars.clone();
            match ahead.next() {
                Some(c) if self.options.expanded && (c.is_ascii_whitespace() || c == '\u{b}') => {}
                Some('#') if self.options.expanded => drop(ahead.by_ref().find(|c| *c == '\n')),
                Some('(') if ahead.next() == Some('?') && ahead.next() == Some('#') => drop(ahead.by_ref().find(|c| *c == ')')),
                _ => return,
            }
            self.chars = ahead;
        }
    }

    /// Alternatives up to a closing parenthesis or the end.
    fn alternatives(&mut self) -> Result<Vec<Branch>, Refusal> {
        let mut branches = vec![self.branch()?];
        while self.chars.next_if_eq(&'|').is_some() {
            branches.push(self.branch()?);
        }
        Ok(branches)
    }

    fn branch(&mut self) -> Result<Branch, Refusal> {
        let mut items = Branch::new();
        loop {
            self.skip();
            match self.chars.peek() {
                None | Some('|' | ')') => return Ok(items),
                Some(&c) => {
                    self.chars.next();
                    let item = self.item(c)?;
                    self.skip();
                    let item = self.quantified(item)?;
                    items.push(item);
                }
            }
        }
    }

    fn item(&mut self, c: char) -> Result<Item, Refusal> {
        let mut out = String::new();
        match c {
            '(' => return self.group(),
            '[' => self.bracket(&mut out)?,
            '.' => out.push_str(if self.options.stop { "[^\\n]" } else { "(?s:.)" }),
            '^' => return Ok(Item::Place(if self.options.lines { "(?m:^)" } else { "\\A" })),
            '$' => return Ok(Item::Place(if self.options.lines { "(?m:$)" } else { "\\z" })),
            '*' | '+' | '?' => return Err("a quantifier has nothing to repeat".into()),
            '{' if self.chars.peek().is_some_and(char::is_ascii_digit) => return Err("a quantifier has nothing to repeat".into()),
            '\\' => return self.escape(),
            c => self.literal(c, &mut out),
        }
        Ok(Item::One(out))
    }

    fn group(&mut self) -> Result<Item, Refusal> {
        self.depth += 1;
        if self.depth > 50 {
            return Err("groups are nested too deeply".into());
        }
        let index = if self.chars.next_if_eq(&'?').is_some() {
            match self.chars.next() {
                Some(':') => None,
                Some('=' | '!' | '<') => return Err("lookahead and lookbehind cannot be matched here".into()),
                _ => return Err("options stand at the beginning of a pattern only".into()),
            }
        } else {
            self.groups += 1;
            Some(self.groups)
        };
        let branches = self.alternatives()?;
        if self.chars.next() != Some(')') {
            return Err("parentheses are not balanced".into());
        }
        self.depth -= 1;
        Ok(Item::Group { index, branches })
    }

    fn quantified(&mut self, item: Item) -> Result<Item, Refusal> {
        let mut ahead = self.chars.clone();
        let (least, most, exact) = match ahead.next() {
            Some('{') if ahead.peek().is_some_and(char::is_ascii_digit) => self.bounds()?,
            Some(c @ ('*' | '+' | '?')) => {
                self.chars = ahead;
                (u32::from(c == '+'), (c == '?').then_some(1), false)
            }
            _ => return Ok(item),
        };
        if matches!(item, Item::Place(_)) {
            return Err("a quantifier has nothing to repeat".into());
        }
        let lazy = self.chars.next_if_eq(&'?').is_some();
        // `{2}` has the preference of what it repeats; `{2,2}` has one of its own.
        let greedy = if exact { None } else { Some(!lazy) };
        self.skip();
        if matches!(self.chars.peek(), Some('*' | '+' | '?')) {
            return Err("a quantifier has nothing to repeat".into());
        }
        Ok(Item::Repeat { item: Box::new(item), least, most, greedy })
    }

    /// Least, most, and whether one number stands for both.
    fn bounds(&mut self) -> Result<(u32, Option<u32>, bool), Refusal> {
        self.chars.next();
        let least = self.bound()?.ok_or("the bounds of a quantifier are not numbers")?;
        let exact = self.chars.next_if_eq(&',').is_none();
        let most = if exact { Some(least) } else { self.bound()? };
        if self.chars.next() != Some('}') {
            return Err("the braces of a quantifier are not balanced".into());
        }
        if most.is_some_and(|most| most < least) {
            return Err("the bounds of a quantifier are the wrong way round".into());
        }
        Ok((least, most, exact))
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
        if self.options.fold && (lower_char(c) != c || upper_char(c) != c) {
            // The title case of digraphs is neither, and does not match itself.
            out.push('[');
            push(lower_char(c), out);
            push(upper_char(c), out);
            out.push(']');
        } else {
            push(c, out);
        }
    }

    fn escape(&mut self) -> Result<Item, Refusal> {
        let c = self.chars.next().ok_or("the pattern ends in a backslash")?;
        self.words |= matches!(c, 'm' | 'M' | 'y' | 'Y');
        let class = |members: &str| Item::One(format!("[{}{members}]", if c.is_ascii_uppercase() { "^" } else { "" }));
        Ok(match c {
            'd' | 'D' => class(DIGIT),
            's' | 'S' => class(SPACE),
            'w' | 'W' => class(WORD),
            'A' => Item::Place("\\A"),
            'Z' => Item::Place("\\z"),
            'm' => Item::Place("\\b{start}"),
            'M' => Item::Place("\\b{end}"),
            'y' => Item::Place("\\b"),
            'Y' => Item::Place("\\B"),
            '1'..='9' => return Err("back-references cannot be matched here".into()),
            c => {
                let c = self.character(c)?;
                let mut out = String::new();
                self.literal(c, &mut out);
                Item::One(out)
            }
        })
    }

    /// The character that an escape stands for.
    pub(super) fn character(&mut self, c: char) -> Result<char, Refusal> {
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
}
