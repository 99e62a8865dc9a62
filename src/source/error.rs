//! What can go wrong while the old database is read. Boundary: no policy; `error.rs` of the crate decides.

use thiserror::Error;

use crate::pg::{KeyError, PgError};

/// A failed read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The server or the way to it.
    #[error("{source}")]
    Pg {
        /// What happened.
        #[from]
        source: PgError,
    },
    /// The server refused an entity's query.
    #[error("entity {entity}: {source}")]
    Query {
        /// The entity.
        entity: String,
        /// What happened.
        source: PgError,
    },
    /// An entity without key columns.
    #[error("entity {entity} has no key; name the column (or columns) of `from` that tell its rows apart as `key`")]
    NoKey {
        /// The entity.
        entity: String,
    },
    /// A row without key, or one that cannot be read as a key.
    #[error(
        "entity {entity}: {source}; a row without key cannot be followed: mend it in the source, leave it out in `from`, or choose another `key`"
    )]
    Key {
        /// The entity.
        entity: String,
        /// What is wrong.
        source: KeyError,
    },
    /// Two rows have the same key.
    #[error("entity {entity}: two rows have the same key{}; check the joins in `from`, or name more columns as `key`", shown(*.key))]
    DuplicateKey {
        /// The entity.
        entity: String,
        /// The key, where it is a whole number; text keys can be personal data.
        key: Option<i64>,
    },
    /// A table that is read as a whole has too many bytes for that.
    #[error(
        "entity {entity} has no key, so its table is read as a whole, and it has more than {} MiB, which is too much for that; give it a key: a column that is added at the source (ALTER TABLE … ADD … GENERATED ALWAYS AS IDENTITY), or a query as `from` whose key is row_number() over (order by …), in an order that is always the same",
        limit >> 20
    )]
    TooLarge {
        /// The entity.
        entity: String,
        /// How many bytes its rows may have.
        limit: usize,
    },
    /// The kept place in a range cannot be read.
    #[error("entity {entity}: the staged place to continue at does not fit its key; the plan's `key` was changed: extract the entity anew")]
    ResumePoint {
        /// The entity.
        entity: String,
    },
    /// The snapshot cannot be joined.
    #[error("{why}; use --jobs 1 for the source")]
    NotShared {
        /// Why.
        why: String,
    },
    /// The snapshot's owner is gone.
    #[error(
        "the source's snapshot {snapshot} ended (its connection was lost or its time limited by the server): run the same command again, what was read is kept"
    )]
    SnapshotLost {
        /// The snapshot.
        snapshot: String,
        /// What happened.
        source: PgError,
    },
}

fn shown(key: Option<i64>) -> String {
    key.map_or_else(String::new, |key| format!(" ({key})"))
}

impl SourceError {
    /// Whether trying again can help; a lost snapshot needs a new one first.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Pg { source } | Self::Query { source, .. } => source.is_transient(),
            Self::SnapshotLost { .. } => true,
            Self::NoKey { .. }
            | Self::Key { .. }
            | Self::DuplicateKey { .. }
            | Self::TooLarge { .. }
            | Self::ResumePoint { .. }
            | Self::NotShared { .. } => false,
        }
    }
}
