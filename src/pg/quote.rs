//! Names and literals in SQL text. Boundary: text only; whether a name exists is the catalogue's matter.

use std::fmt;

/// An identifier, quoted. Always quoted: what the plan names is the exact name, and a name that is a key word today or in the
/// next major version needs no list here.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Identifiers, quoted, separated by commas.
pub fn idents<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|n| ident(n.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A string literal. The `E''` form where a backslash occurs, so that it means the same under both settings of
/// `standard_conforming_strings`.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// The name of a table, with its schema where one is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    /// The schema; `None` leaves the search path to decide.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

impl QualifiedName {
    /// A name with its schema.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }

    /// Reads a name as it is written in SQL: parts without quotes are folded to lower case, quoted parts stand as they are.
    /// `None` for everything else, above all for a query.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (first, rest) = part(text)?;
        if rest.is_empty() {
            return Some(Self { schema: None, name: first });
        }
        let (second, rest) = part(rest.trim_start().strip_prefix('.')?.trim_start())?;
        rest.is_empty().then_some(Self { schema: Some(first), name: second })
    }

    /// The name as SQL, every part quoted.
    pub fn to_sql(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", ident(schema), ident(&self.name)),
            None => ident(&self.name),
        }
    }
}

impl fmt::Display for QualifiedName {
    /// For people: quoted only where it could not be read otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |name: &str| {
            let mut chars = name.chars();
            let first = chars.next().is_some_and(|c| c == '_' || c.is_ascii_lowercase());
            if first && chars.all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit()) { name.to_owned() } else { ident(name) }
        };
        if let Some(schema) = &self.schema {
            write!(f, "{}.", plain(schema))?;
        }
        f.write_str(&plain(&self.name))
    }
}

/// One part of a name and what stands behind it.
fn part(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = quoted.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != '"' {
                name.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == '"') {
                name.push('"');
                chars.next();
            } else {
                return (!name.is_empty()).then_some((name, &quoted[at + 1..]));
            }
        }
        return None;
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let starts_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts_well.then(|| (name.to_lowercase(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_as_sql_reads_them() {
        for (text, schema, name) in [
            ("orders", None, "orders"),
            (" Public.Orders ", Some("public"), "orders"),
            ("\"Public\".\"Or\"\"ders\"", Some("Public"), "Or\"ders"),
            ("legacy . \"order.items\"", Some("legacy"), "order.items"),
            ("straße", None, "straße"),
        ] {
            let expected = QualifiedName { schema: schema.map(str::to_owned), name: name.to_owned() };
            assert_eq!(QualifiedName::parse(text), Some(expected), "{text}");
        }
        for text in ["", "select 1", "a.b.c", "a.", ".a", "\"a", "\"\"", "1a", "a b", "a;", "a -- b"] {
            assert_eq!(QualifiedName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn literals_mean_the_same_under_both_settings() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(schema in "[^\0]{1,8}", name in "[^\0]{1,8}") {
            let name = QualifiedName::new(schema, name);
            prop_assert_eq!(QualifiedName::parse(&name.to_sql()), Some(name.clone()));
            prop_assert_eq!(QualifiedName::parse(&name.to_string()), Some(name));
        }
    }
}
