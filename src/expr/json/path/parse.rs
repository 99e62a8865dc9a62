//! Paths as they are written. Boundary: whatever PostgreSQL reads and this does not is refused when the expression is bound.

use super::super::super::numeric;
use super::super::text::unescaped;
use super::{Comparing, Index, Operand, Path, Predicate, Scalar, Step};

/// Parentheses and filters in one another.
const DEEPEST: usize = 32;

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    filter: bool,
}

type Parsed<T> = Result<T, String>;

/// Reads a path.
pub(super) fn parse(text: &str) -> Parsed<Path> {
    let mut parser = Parser { text, at: 0, depth: 0, filter: false };
    if parser.word("strict") {
        return Err("strict paths are not supported: write a lax one".to_owned());
    }
    parser.word("lax");
    let path = parser.top()?;
    parser.space();
    if parser.at < text.len() { Err(parser.unknown()) } else { Ok(path) }
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn unknown(&self) -> String {
        format!("this part of the path is not supported: {}", self.rest())
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']).len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// A word that ends where its letters do.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let found = self.rest().strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_key));
        if found {
            self.at += word.len();
        }
        found
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEEPEST { Err("the path is nested too deeply".to_owned()) } else { Ok(()) }
    }

    fn top(&mut self) -> Parsed<Path> {
        self.space();
        // A path alone, or a predicate that begins with one.
        let start = self.at;
        if self.rest().starts_with('$') {
            let operand = self.operand()?;
            self.space();
            if let (Operand::Path { steps, .. }, true) = (operand, self.at == self.text.len()) {
                return Ok(Path::Steps(steps));
            }
            self.at = start;
        }
        Ok(Path::Predicate(self.either()?))
    }

    fn either(&mut self) -> Parsed<Predicate> {
        let mut left = self.both()?;
        while self.take("||") {
            left = Predicate::Or(Box::new([left, self.both()?]));
        }
        Ok(left)
    }

    fn both(&mut self) -> Parsed<Predicate> {
        let mut left = self.predicate()?;
        while self.take("&&") {
            left = Predicate::And(Box::new([left, self.predicate()?]));
        }
        Ok(left)
    }

    fn predicate(&mut self) -> Parsed<Predicate> {
        if self.take("!") {
            return Ok(Predicate::Not(Box::new(self.delimited()?.ok_or_else(|| self.unknown())?)));
        }
        if let Some(delimited) = self.delimited()? {
            if self.word("is") {
                return if self.word("unknown") { Ok(Predicate::Unknown(Box::new(delimited))) } else { Err(self.unknown()) };
            }
            return Ok(delimited);
        }
        let left = self.operand()?;
        if self.word("starts") {
            if !self.word("with") {
                return Err(self.unknown());
            }
            return match self.operand()? {
                Operand::Literal(Scalar::String(prefix)) => Ok(Predicate::StartsWith(left, prefix.into())),
                _ => Err("`starts with` takes a string".to_owned()),
            };
        }
        let operators = [
            ("==", Comparing::Equal),
            ("!=", Comparing::NotEqual),
            ("<>", Comparing::NotEqual),
            ("<=", Comparing::LessOrEqual),
            (">=", Comparing::GreaterOrEqual),
            ("<", Comparing::Less),
            (">", Comparing::Greater),
        ];
        for (token, operator) in operators {
            if self.take(token) {
                return Ok(Predicate::Compare(operator, left, self.operand()?));
            }
        }
        Err(self.unknown())
    }

    /// `(predicate)` or `exists(path)`.
    fn delimited(&mut self) -> Parsed<Option<Predicate>> {
        if self.word("exists") {
            if !self.take("(") {
                return Err(self.unknown());
            }
            let operand = self.operand()?;
            return if self.take(")") { Ok(Some(Predicate::Exists(operand))) } else { Err(self.unknown()) };
        }
        if !self.take("(") {
            return Ok(None);
        }
        self.deeper()?;
        let predicate = self.either()?;
        self.depth -= 1;
        if self.take(")") { Ok(Some(predicate)) } else { Err(self.unknown()) }
    }

    fn operand(&mut self) -> Parsed<Operand> {
        self.space();
        let rest = self.rest();
        let literal = |scalar| Ok(Operand::Literal(scalar));
        match rest.chars().next() {
            Some('$') => {
                self.at += 1;
                if self.rest().starts_with(|c| is_key(c) || c == '"') {
                    return Err("variables are not supported: write the value".to_owned());
                }
                Ok(Operand::Path { root: true, steps: self.steps()? })
            }
            Some('@') if self.filter => {
                self.at += 1;
                Ok(Operand::Path { root: false, steps: self.steps()? })
            }
            Some('"') => literal(Scalar::String(self.string()?.into())),
            Some('-' | '0'..='9') => {
                let number = self.number()?;
                literal(Scalar::Number(numeric::parse(number).map_err(|error| error.to_string())?))
            }
            _ if self.word("true") => literal(Scalar::Bool(true)),
            _ if self.word("false") => literal(Scalar::Bool(false)),
            _ if self.word("null") => literal(Scalar::Null),
            _ => Err(self.unknown()),
        }
    }

    /// A number in the form that JSON has for it.
    fn number(&mut self) -> Parsed<&'t str> {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_')).len();
        let number = &rest[..length];
        let whole = number.strip_prefix('-').unwrap_or(number);
        let plain = whole.starts_with(|c: char| c.is_ascii_digit())
            && (whole == "0" || whole.starts_with("0.") || !whole.starts_with('0'))
            && whole.split('.').count() <= 2
            && whole.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        if !plain {
            return Err(self.unknown());
        }
        self.at += length;
        Ok(number)
    }

    fn string(&mut self) -> Parsed<String> {
        let end = super::super::tape::end_of_string(self.text.as_bytes(), self.at).ok_or("a string of the path has no end")?;
        let quoted = self.text.get(self.at..end).ok_or_else(|| self.unknown())?;
        let string = unescaped(quoted).map_err(|_| "an escape of the path is not supported".to_owned())?;
        self.at = end;
        Ok(string)
    }

    fn steps(&mut self) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            if self.take(".") {
                self.space();
                if self.take("*") {
                    if self.rest().starts_with('*') {
                        return Err("`.**` is not supported: name the keys".to_owned());
                    }
                    steps.push(Step::AnyKey);
                    continue;
                }
                let key = if self.rest().starts_with('"') {
                    self.string()?
                } else {
                    let rest = self.rest();
                    let length = rest.find(|c| !is_key(c)).unwrap_or(rest.len());
                    if length == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
                        return Err(self.unknown());
                    }
                    self.at += length;
                    self.space();
                    if self.rest().starts_with('(') {
                        return Err("methods are not supported in a path".to_owned());
                    }
                    rest[..length].to_owned()
                };
                steps.push(Step::Key(key.into()));
            } else if self.take("[") {
                steps.push(self.subscript()?);
            } else if self.take("?") {
                if !self.take("(") {
                    return Err(self.unknown());
                }
                self.deeper()?;
                let outer = std::mem::replace(&mut self.filter, true);
                let predicate = self.either()?;
                self.filter = outer;
                self.depth -= 1;
                if !self.take(")") {
                    return Err(self.unknown());
                }
                steps.push(Step::Filter(predicate));
            } else {
                return Ok(steps);
            }
        }
    }

    fn subscript(&mut self) -> Parsed<Step> {
        if self.take("*") {
            return if self.take("]") { Ok(Step::AnyElement) } else { Err(self.unknown()) };
        }
        let mut ranges = Vec::new();
        loop {
            let from = self.index()?;
            let to = if self.word("to") { self.index()? } else { from };
            ranges.push((from, to));
            if self.take("]") {
                return Ok(Step::Elements(ranges));
            }
            if !self.take(",") {
                return Err(self.unknown());
            }
        }
    }

    fn index(&mut self) -> Parsed<Index> {
        if self.word("last") {
            let back = if self.take("-") { self.whole()? } else { 0 };
            return Ok(Index::Last(back));
        }
        let negative = self.take("-");
        let whole = self.whole()?;
        Ok(Index::At(if negative { -whole } else { whole }))
    }

    fn whole(&mut self) -> Parsed<i64> {
        self.space();
        match self.number()?.parse::<i32>() {
            Ok(n) if n >= 0 => Ok(i64::from(n)),
            _ => Err("an index of the path is not supported".to_owned()),
        }
    }
}

/// What a key without quotes is made of. PostgreSQL takes more; those keys can be put in quotes.
fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
