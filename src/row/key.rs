//! Legacy keys: how a row of the old database is called. Boundary: the key as a value; the map from keys to new ids is in
//! `staging`.

use std::fmt;

/// What the keys of an entity are made of; decides how they are stored, compared and looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// One `smallint`, `integer` or `bigint` column.
    Int,
    /// Text, any other single type in its text form, or several columns joined by `:`.
    Text,
}

/// The key of one legacy row within its entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegacyKey {
    /// A whole-number key.
    Int(i64),
    /// Every other key, in the text form that goes to the mapping table.
    Text(Box<str>),
}

impl LegacyKey {
    /// What the key is made of.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Int(_) => KeyKind::Int,
            Self::Text(_) => KeyKind::Text,
        }
    }
}

impl fmt::Display for LegacyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(key) => write!(f, "{key}"),
            Self::Text(key) => f.write_str(key),
        }
    }
}
