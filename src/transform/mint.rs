//! New keys: the legacy key itself where an entity keeps it, else UUIDv5 of the migration's namespace and `<table>:<legacy key>`, so that a re-run, a rebuilt map and another
//! machine all agree. Source of the rule: RFC 9562, section 5.5.

use std::fmt::Write as _;

use uuid::Uuid;

use crate::plan::NewIds;
use crate::row::{LegacyKey, NewKey};

/// Mints the new keys of one entity.
#[derive(Clone, Debug)]
pub struct Minter {
    ids: NewIds,
    namespace: Uuid,
    name: String,
    prefix: usize,
}

impl Minter {
    /// UUIDs of the table `entity_type` within `namespace`.
    pub fn new(namespace: Uuid, entity_type: &str) -> Self {
        Self::of(NewIds::UuidV5, namespace, entity_type)
    }

    /// Keys as the plan says.
    pub fn of(ids: NewIds, namespace: Uuid, entity_type: &str) -> Self {
        Self { ids, namespace, name: format!("{entity_type}:"), prefix: entity_type.len() + 1 }
    }

    /// The new key of a legacy key.
    pub fn mint(&mut self, key: &LegacyKey) -> [u8; 16] {
        // A text is never kept: no such plan is compiled.
        if let (NewIds::Keep, LegacyKey::Int(key)) = (self.ids, key) {
            return NewKey::kept(*key).into_bytes();
        }
        self.name.truncate(self.prefix);
        // Writing to a String cannot fail.
        let _ = write!(self.name, "{key}");
        *Uuid::new_v5(&self.namespace, self.name.as_bytes()).as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_vectors() {
        let namespace = Uuid::parse_str("cfb876f9-4e6b-5f83-a236-2b37d70f3a41").expect("a uuid");
        let mint = |table: &str, key: LegacyKey| Uuid::from_bytes(Minter::new(namespace, table).mint(&key)).to_string();
        assert_eq!(mint("doctors", LegacyKey::Int(1)), "8447d4f1-aa3b-5f07-bf14-2a147ec9e837");
        assert_eq!(mint("comments", LegacyKey::Text("comment:1".into())), "bc136d24-3f94-507b-80c3-465f59947cbd");
        assert_eq!(mint("team_members", LegacyKey::Text("1:2".into())), "83c53dd1-ea6e-5521-83b0-60f7b070f543");
    }
}
