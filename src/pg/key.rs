//! skeleton
use super::MalformedField;
use crate::row::{Column, KeyKind, LegacyKey};
use thiserror::Error;

/// Why a row has no key, or a column cannot be one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// A key column is NULL.
    #[error("the key column `{column}` is NULL in a row")]
    Null {
        /// Column.
        column: String,
    },
    /// A key column's type cannot be a key.
    #[error("`{column}` is of type {ty}, which cannot be a key: cast it to text or an integer in `from`")]
    Unsupported {
        /// Column.
        column: String,
        /// Its type.
        ty: String,
    },
    /// The bytes are not what the type says.
    #[error("the key column `{column}`: {source}")]
    Malformed {
        /// Column.
        column: String,
        /// What is wrong.
        source: MalformedField,
    },
}

/// Reads the legacy key out of rows.
#[derive(Clone, Debug)]
pub struct KeyReader {}

impl KeyReader {
    /// `positions` are the key's columns among `columns`, in the key's order.
    pub fn new(_columns: &[Column], _positions: &[usize]) -> Result<Self, KeyError> {
        unimplemented!()
    }
    /// What keys it gives.
    pub fn kind(&self) -> KeyKind {
        unimplemented!()
    }
    /// The key of a row.
    pub fn read(&self, _fields: &[Option<&[u8]>]) -> Result<LegacyKey, KeyError> {
        unimplemented!()
    }
}
