//! Random expressions as trees, so that a part can be evaluated alone and replaced.

use etl::row::SqlType;

/// An expression.
#[derive(Clone, Debug)]
pub struct Tree {
    pub parts: Vec<Part>,
    /// The type, as far as it is known.
    pub ty: SqlType,
    /// Which rule made it: what is counted.
    pub rule: String,
    /// A column or a literal, which needs no parentheses.
    pub atom: bool,
}

/// A piece of an expression's text.
#[derive(Clone, Debug)]
pub enum Part {
    Text(String),
    Child(Tree),
}

impl Tree {
    pub fn column(name: &str, ty: &SqlType) -> Self {
        Self { parts: vec![Part::Text(name.to_owned())], ty: ty.clone(), rule: "column".into(), atom: true }
    }

    /// A literal with its type.
    pub fn literal(text: &str, type_name: &str, ty: &SqlType) -> Self {
        let text = format!("{}::{type_name}", quote(text));
        Self { parts: vec![Part::Text(text)], ty: ty.clone(), rule: "literal".into(), atom: true }
    }

    /// Text that stands as it is: a bare literal, a number.
    pub fn bare(text: impl Into<String>, ty: &SqlType) -> Self {
        Self { parts: vec![Part::Text(text.into())], ty: ty.clone(), rule: "literal".into(), atom: true }
    }

    /// A node from a form in which `$` stands for the next child.
    pub fn form(rule: impl Into<String>, ty: &SqlType, form: &str, children: Vec<Self>) -> Self {
        let mut children = children.into_iter();
        let mut parts = Vec::new();
        for (at, text) in form.split('$').enumerate() {
            if at > 0 {
                parts.extend(children.next().map(Part::Child));
            }
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
        }
        Self { parts, ty: ty.clone(), rule: rule.into(), atom: false }
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Child(child) if child.atom => child.write(out),
                Part::Child(child) => {
                    out.push('(');
                    child.write(out);
                    out.push(')');
                }
            }
        }
    }

    pub fn children(&self) -> impl Iterator<Item = &Self> {
        self.parts.iter().filter_map(|part| match part {
            Part::Child(child) => Some(child),
            Part::Text(_) => None,
        })
    }

    /// The tree with its n-th child replaced.
    pub fn with_child(&self, n: usize, by: Self) -> Self {
        let mut tree = self.clone();
        let mut children = tree.parts.iter_mut().filter(|part| matches!(part, Part::Child(_)));
        if let Some(place) = children.nth(n) {
            *place = Part::Child(by);
        }
        tree
    }

    /// Whether a column stands in it. What holds none is evaluated when the statement is planned, errors included.
    pub fn has_column(&self) -> bool {
        self.rule == "column" || self.children().any(Self::has_column)
    }
}

/// A text as a literal.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
