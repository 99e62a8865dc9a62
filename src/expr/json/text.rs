//! JSON text: checked as type `json` has it, or made into the canonical text that `jsonb` prints. Boundary: syntax; what functions do
//! with JSON is in the files beside this one.

use std::fmt::Write as _;

use super::super::context::EvalError;
use super::super::numeric;

/// Nesting beyond this is refused. PostgreSQL's own limit is its stack (`max_stack_depth`), about this deep with the default of 2 MB.
const DEEPEST: usize = 10_000;

#[cold]
pub(super) fn invalid() -> EvalError {
    EvalError::sql("22P02", "invalid input syntax for type json")
}

/// Whether JSON is only checked or made canonical. `json` keeps escapes as they are, so `\u0000` and half surrogates are no errors in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Check,
    Canonical,
}

/// The canonical text of a JSON text.
pub(in crate::expr) fn canonical(text: &str) -> Result<String, EvalError> {
    let mut parser =
        Parser { bytes: text.as_bytes(), text, at: 0, mode: Mode::Canonical, out: String::with_capacity(text.len() + text.len() / 8) };
    parser.document()?;
    Ok(parser.out)
}

/// Whether a text is JSON, as type `json` has it.
pub(in crate::expr) fn check(text: &str) -> Result<(), EvalError> {
    Parser { bytes: text.as_bytes(), text, at: 0, mode: Mode::Check, out: String::new() }.document()
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    mode: Mode,
    out: String,
}

/// An array or object that is open.
enum Open {
    Array { first: bool },
    Object { start: usize, members: Vec<Member> },
}

/// A member of an object: its key without escapes, and where its text `"key": value` begins in the output.
struct Member {
    key: String,
    start: usize,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), EvalError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // At the beginning of a value.
            self.space();
            match self.bytes.get(self.at).copied() {
                Some(b'[') => {
                    self.enter(&open)?;
                    self.emit("[");
                    self.space();
                    if self.take(b']') {
                        self.emit("]");
                    } else {
                        open.push(Open::Array { first: true });
                        continue;
                    }
                }
                Some(b'{') => {
                    self.enter(&open)?;
                    let start = self.out.len();
                    self.emit("{");
                    self.space();
                    if self.take(b'}') {
                        self.emit("}");
                    } else {
                        let mut members = Vec::new();
                        self.key(&mut members)?;
                        open.push(Open::Object { start, members });
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            // Behind a value: close what ends here, until something goes on.
            loop {
                self.space();
                match open.last_mut() {
                    None if self.at == self.bytes.len() => return Ok(()),
                    None => return Err(self.unexpected()),
                    Some(Open::Array { first }) => {
                        *first = false;
                        if self.take(b',') {
                            self.emit(", ");
                            break;
                        }
                        if !self.take(b']') {
                            return Err(self.unexpected());
                        }
                        self.emit("]");
                        open.pop();
                    }
                    Some(Open::Object { start, members }) => {
                        if self.take(b',') {
                            self.space();
                            self.emit(", ");
                            self.key(members)?;
                            break;
                        }
                        if !self.take(b'}') {
                            return Err(self.unexpected());
                        }
                        let (start, members) = (*start, std::mem::take(members));
                        self.order(start, &members);
                        self.emit("}");
                        open.pop();
                    }
                }
            }
        }
    }

    fn enter(&mut self, open: &[Open]) -> Result<(), EvalError> {
        if open.len() >= DEEPEST {
            return Err(EvalError::sql("54001", "JSON nested too deeply"));
        }
        self.at += 1;
        Ok(())
    }

    fn emit(&mut self, text: &str) {
        if self.mode == Mode::Canonical {
            self.out.push_str(text);
        }
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn key(&mut self, members: &mut Vec<Member>) -> Result<(), EvalError> {
        self.space();
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(invalid());
        }
        let start = self.out.len();
        let key = self.string()?;
        if self.mode == Mode::Canonical {
            escape(&key, &mut self.out);
            self.out.push_str(": ");
            members.push(Member { key, start });
        }
        self.space();
        if self.take(b':') { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Puts the members of an object in order. Most objects are in order already.
    fn order(&mut self, start: usize, members: &[Member]) {
        let before = |a: &str, b: &str| (a.len(), a).cmp(&(b.len(), b));
        if members.windows(2).all(|pair| before(&pair[0].key, &pair[1].key).is_lt()) {
            return;
        }
        let ends = members.iter().skip(1).map(|next| next.start - 2).chain([self.out.len()]);
        let mut members: Vec<(String, std::ops::Range<usize>)> =
            members.iter().zip(ends).map(|(member, end)| (member.key.clone(), member.start..end)).collect();
        members.sort_by(|a, b| before(&a.0, &b.0));
        let mut ordered = String::with_capacity(self.out.len() - start);
        for (at, (key, range)) in members.iter().enumerate() {
            // The sort is stable: of equal keys the last one written comes last.
            if members.get(at + 1).is_some_and(|(next, _)| next == key) {
                continue;
            }
            ordered.push_str(if ordered.is_empty() { "{" } else { ", " });
            ordered.push_str(&self.out[range.clone()]);
        }
        self.out.truncate(start);
        self.out.push_str(&ordered);
    }

    fn scalar(&mut self) -> Result<(), EvalError> {
        match self.bytes.get(self.at) {
            Some(b'"') => {
                let string = self.string()?;
                if self.mode == Mode::Canonical {
                    escape(&string, &mut self.out);
                }
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => {
                // A word ends where its letters end: `nullx` is one wrong word.
                let end = self.bytes[self.at..].iter().position(|b| !is_word(*b)).map_or(self.bytes.len(), |n| self.at + n);
                let word = &self.bytes[self.at..end];
                if !matches!(word, b"true" | b"false" | b"null") {
                    return Err(invalid());
                }
                let word = &self.text[self.at..end];
                self.at = end;
                if self.mode == Mode::Canonical {
                    self.out.push_str(word);
                }
                Ok(())
            }
            None => Err(invalid()),
        }
    }

    fn digits(&mut self) -> usize {
        let count = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn number(&mut self) -> Result<(), EvalError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(invalid());
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(invalid());
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            if self.digits() == 0 {
                return Err(invalid());
            }
        }
        if self.bytes.get(self.at).is_some_and(|b| is_word(*b)) {
            return Err(invalid());
        }
        if self.mode == Mode::Canonical {
            let text = self.text;
            let token = &text[start..self.at];
            // Plain whole numbers are printed as they are written.
            if token.len() < 28 && token.bytes().all(|b| b.is_ascii_digit()) {
                self.out.push_str(token);
            } else {
                match numeric::parse(token) {
                    Ok(number) => _ = write!(self.out, "{number}"),
                    Err(error) => {
                        self.lookahead()?;
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// The token behind a number is read before the number is looked at, and its mistake is the first to be found.
    fn lookahead(&mut self) -> Result<(), EvalError> {
        self.space();
        match self.bytes.get(self.at) {
            None | Some(b'{' | b'}' | b'[' | b']' | b',' | b':') => Ok(()),
            Some(b'"') => self.string().map(drop),
            Some(_) => {
                self.mode = Mode::Check;
                self.scalar()
            }
        }
    }

    /// A token that must not stand here: its own mistake comes first.
    fn unexpected(&mut self) -> EvalError {
        self.lookahead().err().unwrap_or_else(invalid)
    }

    /// The string at the quote, without its escapes.
    fn string(&mut self) -> Result<String, EvalError> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let run = self.bytes[self.at..].iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)).ok_or_else(invalid)?;
            string.push_str(&self.text[self.at..self.at + run]);
            self.at += run;
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(string);
                }
                b'\\' => {
                    self.at += 1;
                    let escaped = *self.bytes.get(self.at).ok_or_else(invalid)?;
                    self.at += 1;
                    string.push(match escaped {
                        b'"' => '"',
                        b'\\' => '\\',
                        b'/' => '/',
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => self.unicode()?,
                        _ => return Err(invalid()),
                    });
                }
                _ => return Err(invalid()),
            }
        }
    }

    fn hex(&mut self) -> Result<u32, EvalError> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or_else(invalid)?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + char::from(*digit).to_digit(16).ok_or_else(invalid)?;
        }
        self.at += 4;
        Ok(code)
    }

    fn unicode(&mut self) -> Result<char, EvalError> {
        let code = self.hex()?;
        if self.mode == Mode::Check {
            return Ok(' ');
        }
        match code {
            0 => Err(EvalError::sql("22P05", "\\u0000 cannot be converted to text")),
            0xD800..=0xDBFF => {
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(invalid());
                }
                let low = self.hex()?;
                if !(0xDC00..=0xDFFF).contains(&low) {
                    return Err(invalid());
                }
                char::from_u32(0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00)).ok_or_else(invalid)
            }
            code => char::from_u32(code).ok_or_else(invalid),
        }
    }
}

/// What the lexer of PostgreSQL takes as part of a word: letters, digits, `_` and everything that is not ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// `escape_json`: the string in quotes.
pub(in crate::expr) fn escape(string: &str, out: &mut String) {
    out.push('"');
    let mut done = 0;
    for (at, byte) in string.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x0C => "\\f",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1F => "",
            _ => continue,
        };
        out.push_str(&string[done..at]);
        if short.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(short);
        }
        done = at + 1;
    }
    out.push_str(&string[done..]);
    out.push('"');
}

/// The string that a JSON string, quotes included, stands for.
pub(super) fn unescaped(quoted: &str) -> Result<String, EvalError> {
    Parser { bytes: quoted.as_bytes(), text: quoted, at: 0, mode: Mode::Canonical, out: String::new() }.string()
}

/// An object of keys, as they are without escapes, and canonical values; of equal keys the last.
pub(super) fn object(members: Vec<(String, String)>) -> String {
    let mut out = String::from("{");
    let mut places = Vec::with_capacity(members.len());
    for (key, value) in members {
        if !places.is_empty() {
            out.push_str(", ");
        }
        let start = out.len();
        escape(&key, &mut out);
        out.push_str(": ");
        out.push_str(&value);
        places.push(Member { key, start });
    }
    let mut parser = Parser { bytes: &[], text: "", at: 0, mode: Mode::Canonical, out };
    parser.order(0, &places);
    parser.out.push('}');
    parser.out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text() {
        for (text, expected) in [
            (r#" {"b":[1,2 ],"a":1} "#, r#"{"a": 1, "b": [1, 2]}"#),
            (r#"{"bb":1,"a":2,"a":3,"c":{}}"#, r#"{"a": 3, "c": {}, "bb": 1}"#),
            ("1e3", "1000"),
            ("[1.50, -0, 1E-2, []]", "[1.50, 0, 0.01, []]"),
            (r#""\u00e9\ud83d\ude00\u0001\/\n""#, "\"é😀\\u0001/\\n\""),
        ] {
            assert_eq!(canonical(text).unwrap(), expected);
        }
    }

    #[test]
    fn what_postgresql_refuses() {
        for (text, state) in [
            ("", "22P02"),
            ("{", "22P02"),
            ("[1,]", "22P02"),
            ("01", "22P02"),
            ("nul", "22P02"),
            ("1 2", "22P02"),
            ("{\"a\" 1}", "22P02"),
            ("\"\t\"", "22P02"),
            (r#""\ud83d""#, "22P02"),
            (r#""\udc00""#, "22P02"),
            (r#""\u0000""#, "22P05"),
            ("1e200000", "22003"),
        ] {
            assert_eq!(canonical(text).unwrap_err().sqlstate(), Some(state), "{text}");
        }
        let deep = "[".repeat(1_000_000);
        assert_eq!(canonical(&deep).unwrap_err().sqlstate(), Some("54001"));
    }
}
