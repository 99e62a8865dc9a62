//! What can go wrong while the new database is written. Boundary: no policy; rows that the server refuses are data, not errors.

use thiserror::Error;

use crate::pg::PgError;

/// A failed write.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The server or the way to it.
    #[error("{source}")]
    Pg {
        /// What happened.
        #[from]
        source: PgError,
    },
    /// A chunk could not be loaded, and not because of its rows.
    #[error("loading {entity} into {table}: {source}")]
    Load {
        /// The entity.
        entity: String,
        /// The table.
        table: String,
        /// What happened.
        source: PgError,
    },
    /// A chunk's bytes are not tuples of the table's columns.
    #[error("a staged chunk of {entity} is damaged: {what}; run `etl transform` for it again")]
    DamagedChunk {
        /// The entity.
        entity: String,
        /// What is wrong.
        what: String,
    },
    /// The server refuses the mapping table's rows.
    #[error("{table} does not take the legacy ids of {entity}: {source}; it may hold ids of an earlier migration: see `etl adopt`")]
    Mapping {
        /// The entity.
        entity: String,
        /// The mapping table.
        table: String,
        /// What happened.
        source: PgError,
    },
    /// The ledger has this chunk with other content.
    #[error(
        "the target's ledger already holds chunk {chunk} of {entity} with other content: the staging file is not the one that was loaded; use the staging file of that run, or `etl rollback` it"
    )]
    LedgerMismatch {
        /// The entity.
        entity: String,
        /// The chunk.
        chunk: i64,
    },
    /// A unique constraint or index cannot be put back.
    #[error("{table} holds duplicates, {name} cannot be put back")]
    DuplicatesOnRestore {
        /// The table.
        table: String,
        /// The constraint or index.
        name: String,
        /// What the server said.
        source: PgError,
    },
    /// A foreign key cannot be put back.
    #[error("{table} has rows without a parent, {name} cannot be put back")]
    OrphansOnRestore {
        /// The table.
        table: String,
        /// The constraint.
        name: String,
        /// What the server said.
        source: PgError,
    },
    /// Something else cannot be put back.
    #[error(
        "{name} on {table} cannot be put back: {source}; its definition is kept in etl.dismantled and is tried again by every `etl load`"
    )]
    Restore {
        /// The table.
        table: String,
        /// The constraint, index or trigger.
        name: String,
        /// What happened.
        source: PgError,
    },
    /// Storing the definitions before the drop failed; nothing was dropped.
    #[error("the definitions could not be stored in the staging file, so nothing was taken down")]
    NotStored {
        /// What happened there.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The keys of rows that are there already cannot be read.
    #[error(
        "reading the keys to adopt for {entity}: {source}; `adopt` names a column of the target table, or a query in the target that gives a legacy key and a new key"
    )]
    Adopt {
        /// The entity.
        entity: String,
        /// What happened.
        source: PgError,
    },
    /// What was read is no pair of a key and a UUID.
    #[error("the keys to adopt for {entity} are not pairs of a legacy key and a UUID")]
    AdoptShape {
        /// The entity.
        entity: String,
    },
    /// A legacy key that is none of the entity's.
    #[error("`{key}` cannot be a key of {entity}, whose keys are whole numbers: correct `adopt` in the plan, or the row in the target")]
    AdoptKey {
        /// The entity.
        entity: String,
        /// What was read.
        key: String,
    },
    /// One legacy key leads to two rows.
    #[error(
        "{entity} {key} is two rows in the target, {first} and {second}: only one of them can be adopted; correct the target, or `adopt` in the plan"
    )]
    AdoptConflict {
        /// The entity.
        entity: String,
        /// The key.
        key: String,
        /// One row's new key.
        first: crate::row::NewKey,
        /// The other's.
        second: crate::row::NewKey,
    },
    /// Rows that stay refer to rows that are to be removed.
    #[error(
        "{rows} rows of {child} refer by {column} to rows of {table} that are to be removed, and are not part of the rollback; remove or re-point them first"
    )]
    StillReferred {
        /// The table whose rows are to be removed.
        table: String,
        /// The table that refers to it.
        child: String,
        /// The column.
        column: String,
        /// How many rows.
        rows: u64,
    },
    /// Another `etl` works on the target.
    #[error("another etl is loading into {server}{}; wait for it or stop it", who(.holder.as_deref()))]
    Locked {
        /// The target.
        server: String,
        /// Its backend, where we may know it.
        holder: Option<String>,
    },
}

fn who(holder: Option<&str>) -> String {
    holder.map_or_else(String::new, |h| format!(" ({h})"))
}

impl TargetError {
    /// Whether trying again can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Pg { source } | Self::Load { source, .. } | Self::Mapping { source, .. } | Self::Restore { source, .. } => {
                source.is_transient()
            }
            Self::Adopt { source, .. } => source.is_transient(),
            Self::DamagedChunk { .. }
            | Self::StillReferred { .. }
            | Self::AdoptShape { .. }
            | Self::AdoptKey { .. }
            | Self::AdoptConflict { .. }
            | Self::LedgerMismatch { .. }
            | Self::DuplicatesOnRestore { .. }
            | Self::OrphansOnRestore { .. }
            | Self::NotStored { .. }
            | Self::Locked { .. } => false,
        }
    }
}
