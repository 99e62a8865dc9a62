//! A string of the plan and where its characters stand in the file, so that a mistake inside an expression is shown where it
//! is written and not at the quote before it. Boundary: TOML's string forms only.

use std::ops::Range;

/// A string value and its place.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Text {
    /// The value, escapes resolved.
    pub value: String,
    /// The file, as an index into the plan's files.
    pub file: usize,
    /// The byte range of the token in the file, quotes included.
    pub span: Range<usize>,
    /// Where the value begins in the file, and whether its bytes stand there one to one.
    begins: Option<usize>,
    escapes: Vec<(usize, usize)>,
}

impl Text {
    /// The value of the token at `span` of `source`.
    pub fn new(value: &str, file: usize, span: Range<usize>, source: &str) -> Self {
        let mut text = Self { value: value.to_owned(), file, span: span.clone(), begins: None, escapes: Vec::new() };
        let Some(token) = source.get(span.clone()) else { return text };
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| token.starts_with(q));
        let Some(quotes) = quotes else { return text };
        let mut begins = quotes.len();
        if quotes.len() == 3 {
            begins += token[begins..].chars().take_while(|c| *c == '\r').count();
            begins += usize::from(token[begins..].starts_with('\n'));
        }
        text.begins = Some(span.start + begins);
        if quotes.starts_with('"') && token.contains('\\') {
            text.escapes = escape_offsets(&token[begins..]);
        }
        text
    }

    /// The place of a byte range of the value in the file.
    pub fn place(&self, range: &Range<usize>) -> (usize, Range<usize>) {
        let Some(begins) = self.begins else { return (self.file, self.span.clone()) };
        let at = |offset: usize| {
            begins + offset + self.escapes.iter().filter(|(behind, _)| *behind <= offset).map(|(_, extra)| extra).sum::<usize>()
        };
        let (start, end) = (at(range.start).min(self.span.end), at(range.end).min(self.span.end));
        (self.file, start..end.max(start))
    }

    /// The place of the whole value.
    pub fn whole(&self) -> (usize, Range<usize>) {
        (self.file, self.span.clone())
    }
}

/// For each escape of a basic string: the offset in the value behind it, and by how many bytes the source is longer there.
fn escape_offsets(body: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut value_at, mut at) = (0, 0);
    let bytes = body.as_bytes();
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            (value_at, at) = (value_at + 1, at + 1);
            continue;
        }
        let (source, value) = match bytes.get(at + 1) {
            Some(b'u') => (6, decoded_length(body, at + 2, 4)),
            Some(b'U') => (10, decoded_length(body, at + 2, 8)),
            Some(b'x') => (4, decoded_length(body, at + 2, 2)),
            Some(c) if c.is_ascii_whitespace() => (1 + body[at + 1..].len() - body[at + 1..].trim_start().len(), 0),
            _ => (2, 1),
        };
        found.push((value_at + value, source - value));
        (value_at, at) = (value_at + value, at + source);
    }
    found
}

fn decoded_length(body: &str, at: usize, digits: usize) -> usize {
    let code = body.get(at..at + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    code.and_then(char::from_u32).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(source: &str, needle: &str) -> String {
        let parsed = toml::from_str::<toml::Table>(source).expect("TOML");
        let value = parsed["x"].as_str().expect("a string").to_owned();
        let start = source.find(['"', '\'']).expect("a quote");
        let text = Text::new(&value, 0, start..source.trim_end().len(), source);
        let at = value.find(needle).expect("needle");
        source[text.place(&(at..at + needle.len())).1].to_owned()
    }

    #[test]
    fn places_are_exact_in_every_form_of_string() {
        assert_eq!(marked("x = 'lower(nmae)'", "nmae"), "nmae");
        assert_eq!(marked("x = \"a || 'b' || nmae\"", "nmae"), "nmae");
        assert_eq!(marked("x = \"\"\"\n  case when\n    nmae end\"\"\"", "nmae"), "nmae");
        assert_eq!(marked("x = '''\nnmae'''", "nmae"), "nmae");
        assert_eq!(marked("x = \"a ~ '\\\\s\\u00e9' and nmae\"", "nmae"), "nmae");
        assert_eq!(marked("x = \"\"\"a \\\n   nmae\"\"\"", "nmae"), "nmae");
    }
}
