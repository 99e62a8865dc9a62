//! The legacy key of a row, out of its fields. Boundary: which columns are the key is the plan's matter; here they are positions.

use std::fmt::Write as _;

use thiserror::Error;

use super::to_text;
use crate::row::{Column, KeyKind, LegacyKey, MalformedField, SqlType, Value, decode};

/// Why a row has no key, or a column cannot be one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// A key column is NULL.
    #[error("the key column `{column}` is NULL in a row")]
    Null {
        /// The column.
        column: String,
    },
    /// A key column's type cannot be a key.
    #[error("the column `{column}` is of type {ty}, which cannot be a key; cast it to text in `from`")]
    Unsupported {
        /// The column.
        column: String,
        /// Its type.
        ty: String,
    },
    /// The bytes are not what the type says.
    #[error("the key column `{column}`: {source}")]
    Malformed {
        /// The column.
        column: String,
        /// What is wrong.
        source: MalformedField,
    },
}

/// Reads the legacy key out of rows.
///
/// One integer column gives an integer; anything else its text, several columns joined with `:`. In a key of several columns a
/// `:` or `\` within a part is written `\:` or `\\`, so that two different keys never get the same text.
#[derive(Clone, Debug)]
pub struct KeyReader {
    parts: Vec<(usize, Column)>,
}

impl KeyReader {
    /// `positions` are the key's columns among `columns`, in the key's order.
    pub fn new(columns: &[Column], positions: &[usize]) -> Result<Self, KeyError> {
        let parts: Vec<(usize, Column)> = positions.iter().filter_map(|at| Some((*at, columns.get(*at)?.clone()))).collect();
        match parts.iter().find(|(_, column)| !can_be_key(&column.ty)) {
            Some((_, column)) => Err(KeyError::Unsupported { column: column.name.clone(), ty: column.ty.to_string() }),
            None => Ok(Self { parts }),
        }
    }

    /// What keys it gives.
    pub fn kind(&self) -> KeyKind {
        match self.parts.as_slice() {
            [(_, column)] if column.ty.is_integer() => KeyKind::Int,
            _ => KeyKind::Text,
        }
    }

    /// The columns of the key, in its order.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.parts.iter().map(|(_, column)| column)
    }

    /// The key of a row, `fields` being all of its fields.
    pub fn read(&self, fields: &[Option<&[u8]>]) -> Result<LegacyKey, KeyError> {
        if let [part] = self.parts.as_slice() {
            return Ok(match value(part, fields)? {
                Value::Int2(key) => LegacyKey::Int(key.into()),
                Value::Int4(key) => LegacyKey::Int(key.into()),
                Value::Int8(key) => LegacyKey::Int(key),
                other => LegacyKey::Text(part_text(&part.1, &other)?.into()),
            });
        }
        let mut key = String::new();
        for (i, part) in self.parts.iter().enumerate() {
            if i > 0 {
                key.push(':');
            }
            let text = part_text(&part.1, &value(part, fields)?)?;
            for c in text.chars() {
                if matches!(c, ':' | '\\') {
                    key.push('\\');
                }
                let _ = write!(key, "{c}");
            }
        }
        Ok(LegacyKey::Text(key.into()))
    }
}

fn value<'a>((at, column): &(usize, Column), fields: &[Option<&'a [u8]>]) -> Result<Value<'a>, KeyError> {
    let bytes = fields.get(*at).copied().flatten().ok_or_else(|| KeyError::Null { column: column.name.clone() })?;
    decode(&column.ty, bytes).map_err(|source| KeyError::Malformed { column: column.name.clone(), source })
}

fn part_text(column: &Column, value: &Value<'_>) -> Result<String, KeyError> {
    let text = to_text(value).ok_or_else(|| KeyError::Unsupported { column: column.name.clone(), ty: column.ty.to_string() })?;
    // The cast of `char(n)` to text drops the padding, and so does everyone who writes such a key down.
    Ok(if column.ty == SqlType::Bpchar { text.trim_end_matches(' ').to_owned() } else { text })
}

/// Types with one text form for one value, an order, and a literal that reads back as the same value.
fn can_be_key(ty: &SqlType) -> bool {
    matches!(
        ty,
        SqlType::Bool
            | SqlType::Int2
            | SqlType::Int4
            | SqlType::Int8
            | SqlType::Numeric
            | SqlType::Text
            | SqlType::Varchar
            | SqlType::Bpchar
            | SqlType::Name
            | SqlType::Bytea
            | SqlType::Date
            | SqlType::Time
            | SqlType::Timestamp
            | SqlType::TimestampTz
            | SqlType::Uuid
            | SqlType::Enum(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, ty: SqlType) -> Column {
        Column { name: name.to_owned(), ty, typmod: -1, nullable: true }
    }

    #[test]
    fn keys_by_kind() {
        let columns = [column("a", SqlType::Int4), column("b", SqlType::Text), column("c", SqlType::Bpchar), column("d", SqlType::Float8)];
        let fields: [Option<&[u8]>; 4] = [Some(&[0, 0, 0, 7]), Some(b"x:y\\"), Some(b"ab  "), None];
        let read = |positions: &[usize]| KeyReader::new(&columns, positions).and_then(|r| r.read(&fields));
        assert_eq!(read(&[0]).unwrap(), LegacyKey::Int(7));
        assert_eq!(read(&[1]).unwrap(), LegacyKey::Text("x:y\\".into()));
        assert_eq!(read(&[2]).unwrap(), LegacyKey::Text("ab".into()));
        assert_eq!(read(&[0, 1, 2]).unwrap(), LegacyKey::Text("7:x\\:y\\\\:ab".into()));
        assert!(matches!(read(&[3]), Err(KeyError::Unsupported { .. })));
        assert_eq!(KeyReader::new(&columns, &[0]).unwrap().kind(), KeyKind::Int);
        assert_eq!(KeyReader::new(&columns, &[0, 1]).unwrap().kind(), KeyKind::Text);
        let null: [Option<&[u8]>; 4] = [None; 4];
        assert_eq!(KeyReader::new(&columns, &[0]).unwrap().read(&null), Err(KeyError::Null { column: "a".to_owned() }));
    }
}
