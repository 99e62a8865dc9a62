//! The parts of a JSON text, in the order of writing, without a tree: every part knows where its text is and which part is the next on
//! its own level. Boundary: places; the text was checked when the value was made.

use std::ops::Range;

use super::super::context::EvalError;
use super::super::registry::mismatch;
use super::text::unescaped;

/// What a part is, in PostgreSQL's order of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Null,
    String,
    Number,
    Bool,
    Array,
    Object,
}

/// A part of a JSON text.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub part: Part,
    pub range: Range<usize>,
    /// The entry behind this one and everything in it.
    pub next: usize,
    /// Elements of an array, pairs of an object.
    pub count: usize,
}

impl Entry {
    pub fn is_scalar(&self) -> bool {
        self.part < Part::Array
    }
}

/// All parts of a text. A pair of an object is two entries.
#[derive(Debug)]
pub(super) struct Tape<'t> {
    pub text: &'t str,
    pub entries: Vec<Entry>,
}

impl<'t> Tape<'t> {
    pub fn read(text: &'t str) -> Result<Self, EvalError> {
        let bytes = text.as_bytes();
        let mut entries: Vec<Entry> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            let part = match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => {
                    at += 1;
                    continue;
                }
                b'}' | b']' => {
                    at += 1;
                    let (place, next) = (open.pop().ok_or_else(mismatch)?, entries.len());
                    let entry = &mut entries[place];
                    entry.range.end = at;
                    entry.next = next;
                    if entry.part == Part::Object {
                        entry.count /= 2;
                    }
                    continue;
                }
                b'{' => Part::Object,
                b'[' => Part::Array,
                b'"' => Part::String,
                b'n' => Part::Null,
                b't' | b'f' => Part::Bool,
                _ => Part::Number,
            };
            match part {
                Part::Object | Part::Array => at += 1,
                Part::String => at = end_of_string(bytes, at).ok_or_else(mismatch)?,
                _ => {
                    let run = bytes[at..].iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'));
                    at = run.map_or(bytes.len(), |run| at + run);
                }
            }
            if let Some(parent) = open.last() {
                entries[*parent].count += 1;
            }
            if part >= Part::Array {
                open.push(entries.len());
            }
            let next = entries.len() + 1;
            entries.push(Entry { part, range: start..at, next, count: 0 });
        }
        if entries.is_empty() || !open.is_empty() {
            return Err(mismatch());
        }
        Ok(Self { text, entries })
    }

    pub fn root(&self) -> &Entry {
        &self.entries[0]
    }

    pub fn is_scalar(&self) -> bool {
        self.root().is_scalar()
    }

    pub fn entry(&self, at: usize) -> &Entry {
        &self.entries[at]
    }

    pub fn text_of(&self, at: usize) -> &'t str {
        &self.text[self.entries[at].range.clone()]
    }

    /// A string without quotes and escapes.
    pub fn string(&self, at: usize) -> Result<std::borrow::Cow<'t, str>, EvalError> {
        let quoted = self.text_of(at);
        if quoted.contains('\\') {
            return unescaped(quoted).map(std::borrow::Cow::Owned);
        }
        quoted.get(1..quoted.len() - 1).map(std::borrow::Cow::Borrowed).ok_or_else(mismatch)
    }

    /// The elements of an array.
    pub fn elements(&self, of: usize) -> Level<'_, 't> {
        Level { tape: self, at: of + 1, end: self.entries[of].next }
    }

    /// The pairs of an object: the entries of key and value.
    pub fn pairs(&self, of: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut level = self.elements(of);
        std::iter::from_fn(move || Some((level.next()?, level.next()?)))
    }

    /// The value of a key; of equal keys the last.
    pub fn value(&self, of: usize, key: &str) -> Result<Option<usize>, EvalError> {
        let mut found = None;
        for (name, value) in self.pairs(of) {
            if self.string(name)? == key {
                found = Some(value);
            }
        }
        Ok(found)
    }

    /// The element at an index, from the end where it is negative.
    pub fn element(&self, of: usize, index: i64) -> Option<usize> {
        let index = if index < 0 { i64::try_from(self.entries[of].count).ok()? + index } else { index };
        self.elements(of).nth(usize::try_from(index).ok()?)
    }
}

/// The entries on one level.
pub(super) struct Level<'v, 't> {
    tape: &'v Tape<'t>,
    at: usize,
    end: usize,
}

impl Iterator for Level<'_, '_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let here = self.at;
        if here >= self.end {
            return None;
        }
        self.at = self.tape.entries[here].next;
        Some(here)
    }
}

/// The place behind the string whose quote this is.
pub(super) fn end_of_string(bytes: &[u8], quote: usize) -> Option<usize> {
    let mut next = quote + 1;
    loop {
        match bytes.get(next)? {
            b'"' => return Some(next + 1),
            b'\\' => next += 2,
            _ => next += 1,
        }
    }
}

/// A whole number as C's `strtol` takes a complete text.
pub(super) fn index_of(text: &str) -> Option<i64> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse::<i32>().ok().map(i64::from)
}
