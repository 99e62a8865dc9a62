//! New keys of rows: a UUID, or the whole number that a row was called by before and keeps. Boundary: the 16 bytes in which the id map and
//! the key snapshots hold both, and the ways out of them; who has which is the plan's matter.

use std::fmt;

use uuid::Uuid;

use super::{SqlType, Value};

/// A new key in the form in which it is kept and looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NewKey([u8; 16]);

/// The first half of a kept number; the second half is the number, big endian, so that the last bytes are those that differ. Its version
/// would be 0, which no generator of UUIDs gives.
const KEPT: [u8; 8] = *b"kept\0\0\0\0";

impl NewKey {
    /// A legacy key that its row keeps.
    pub fn kept(key: i64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&KEPT);
        bytes[8..].copy_from_slice(&key.to_be_bytes());
        Self(bytes)
    }

    /// The number, where it is one that was kept.
    pub fn as_kept(self) -> Option<i64> {
        (self.0[..8] == KEPT).then(|| self.second_half())
    }

    /// Reads what PostgreSQL prints of a column with new keys.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self::kept).ok().or_else(|| Uuid::parse_str(text).ok().map(Self::from))
    }

    /// The 16 bytes.
    pub fn into_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The key as a value of its type: that of the legacy keys where they are kept, else `uuid`. `None` where the type cannot hold it.
    #[inline]
    pub fn to_value(self, ty: &SqlType) -> Option<Value<'static>> {
        let number = || self.as_kept();
        match ty {
            SqlType::Uuid => Some(Value::Uuid(self.0)),
            SqlType::Int2 => number()?.try_into().ok().map(Value::Int2),
            SqlType::Int4 => number()?.try_into().ok().map(Value::Int4),
            SqlType::Int8 => number().map(Value::Int8),
            _ => None,
        }
    }

    fn second_half(self) -> i64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[8..]);
        i64::from_be_bytes(bytes)
    }
}

impl From<[u8; 16]> for NewKey {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl From<Uuid> for NewKey {
    fn from(id: Uuid) -> Self {
        Self(id.into_bytes())
    }
}

impl From<NewKey> for Uuid {
    fn from(key: NewKey) -> Self {
        Self::from_bytes(key.0)
    }
}

/// As PostgreSQL prints it.
impl fmt::Display for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_kept() {
            Some(key) => key.fmt(f),
            None => Uuid::from(*self).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn kept_numbers_come_back_from_bytes_values_and_text(key: i64) {
            let kept = NewKey::from(NewKey::kept(key).into_bytes());
            prop_assert_eq!(kept.as_kept(), Some(key));
            prop_assert_eq!(NewKey::parse(&kept.to_string()), Some(kept));
            prop_assert_eq!(kept.to_value(&SqlType::Int8), Some(Value::Int8(key)));
            prop_assert_eq!(kept.to_value(&SqlType::Int4), i32::try_from(key).ok().map(Value::Int4));
            prop_assert_eq!(kept.to_value(&SqlType::Int2), i16::try_from(key).ok().map(Value::Int2));
        }
    }

    #[test]
    fn a_uuid_is_no_number() {
        let id = Uuid::parse_str("8447d4f1-aa3b-5f07-bf14-2a147ec9e837").unwrap();
        assert_eq!(NewKey::from(id).as_kept(), None);
        assert_eq!(NewKey::parse(&id.to_string()), Some(id.into()));
        assert_eq!(NewKey::from(id).to_string(), id.to_string());
        assert_eq!(NewKey::from(id).to_value(&SqlType::Int8), None);
        assert_eq!(NewKey::from(Uuid::nil()).as_kept(), None);
        assert_eq!(NewKey::parse("no key"), None);
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        assert_eq!(NewKey::kept(-2).into_bytes(), [b'k', b'e', b'p', b't', 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 254]);
    }
}
