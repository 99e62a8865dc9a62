//! The group of a control sum: the values it is grouped by, as text. Boundary: how a group is written down; what is grouped by is the
//! plan's matter.

use serde::{Deserialize, Serialize};

/// The values that a row is grouped by, each in PostgreSQL's text, `None` for NULL. Empty where a control has no groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(pub Vec<Option<String>>);

impl Group {
    /// As a JSON array of texts and nulls.
    pub fn to_json(&self) -> String {
        let parts: Vec<serde_json::Value> = self.0.iter().map(|part| part.clone().map_or(serde_json::Value::Null, Into::into)).collect();
        serde_json::Value::Array(parts).to_string()
    }

    /// What [`Group::to_json`] wrote; `None` when it is something else.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// For people: the values one after another.
    pub fn words(&self) -> String {
        self.0.iter().map(|part| part.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_written_and_read() {
        let group = Group(vec![Some("EUR \"1\"".to_owned()), None]);
        assert_eq!(group.to_json(), r#"["EUR \"1\"",null]"#);
        assert_eq!(Group::from_json(&group.to_json()), Some(group.clone()));
        assert_eq!(group.words(), "EUR \"1\", NULL");
        assert_eq!(Group::default().to_json(), "[]");
        assert_eq!(Group::from_json("{}"), None);
    }
}
