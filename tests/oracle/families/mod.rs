//! What the oracle is asked, family by family: a table of values at the edges of their types, and expressions over its columns.

pub mod basics;
mod floats;
mod numbers;

/// A table and the expressions that are asked about each of its rows.
pub struct Family {
    /// The name, for messages.
    pub name: &'static str,
    /// SQL that makes the table `cases`, its first column an integer `id`, and fills it.
    pub setup: String,
    /// Expressions over the columns of the table.
    pub expressions: Vec<String>,
}

/// All families.
pub fn all() -> Vec<Family> {
    vec![basics::family(), floats::family(), numbers::family()]
}
