//! What the oracle is asked, family by family: a table of values at the edges of their types, and expressions over its columns.

pub mod arrays;
pub mod basics;
pub mod bytes;
pub mod constants;
pub mod floats;
pub mod formats;
pub mod jsons;
pub mod numbers;
pub mod patterns;
pub mod texts;
pub mod times;
pub mod types;

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
    vec![
        basics::family(),
        constants::family(),
        floats::family(),
        numbers::family(),
        arrays::family(),
        jsons::family(),
        texts::family(),
        patterns::family(),
        bytes::family(),
        bytes::encodings(),
        times::family(),
        formats::family(),
        types::family(),
    ]
}
