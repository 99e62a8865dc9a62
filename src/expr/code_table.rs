//! Code tables as an expression sees them. Boundary: entries in text form; evidence and file format are `plan`'s.

use std::collections::BTreeMap;

/// What the codes of a legacy column stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeTable {
    /// The name used in `code('name', …)`.
    pub name: String,
    /// Code in text form → value in text form.
    pub entries: BTreeMap<String, String>,
    /// What NULL stands for; NULL where absent.
    pub on_null: Option<String>,
    /// What any other code stands for, counted as an incident; a reject where absent.
    pub otherwise: Option<String>,
}
