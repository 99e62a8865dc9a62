//! What is asked once for all tables and entities, so that a validation of thousands of small tables does not ask thousands of times.
//! Boundary: answers by table and entity; what is compared is `subject`'s.

use std::collections::{HashMap, HashSet};

use super::{Request, ValidateError};
use crate::pg::{PgError, QualifiedName, Session, TableInfo, describe_table, describe_tables};
use crate::staging::{EntityId, EntityLedger, EntityRow, StagingReader};
use crate::target::{Ledger, read_standing_ledger};

/// The staging file's entities and the target's tables.
#[derive(Debug)]
pub(super) struct Known {
    /// All entities of the staging file.
    pub staged: Vec<EntityRow>,
    by_id: HashMap<EntityId, usize>,
    by_name: HashMap<String, usize>,
    /// By the table's name without its schema.
    by_table: HashMap<String, Vec<usize>>,
    ledgers: HashMap<EntityId, EntityLedger>,
    described: HashMap<QualifiedName, TableInfo>,
    /// Schema and name of tables that were empty when the load began.
    were_empty: HashSet<(String, String)>,
    /// What the target's own ledger holds.
    pub target: Ledger,
    /// Tables, as a plan named them, into which another staging file loaded rows.
    foreign: HashSet<String>,
}

impl Known {
    /// Asks both sides.
    pub fn ask(request: &Request<'_>, reader: &StagingReader, session: &mut Session) -> Result<Self, ValidateError> {
        let staged = reader.entities()?;
        let mut by_table: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, row) in staged.iter().enumerate() {
            if let Some(table) = QualifiedName::parse(&row.record.target_table) {
                by_table.entry(table.name).or_default().push(at);
            }
        }
        let planned = request.plan.entities.iter().zip(request.selected).filter(|(_, selected)| **selected);
        // What they refer to is asked about as well.
        let with_parents = planned.flat_map(|(entity, _)| {
            let parents = entity.parents.iter().map(|parent| &request.plan.entities[parent.entity]);
            std::iter::once(entity).chain(parents)
        });
        let targets = with_parents.map(|entity| &entity.target.value);
        let mut names: Vec<QualifiedName> = targets.filter_map(|target| QualifiedName::parse(target)).collect();
        // Whatever schema it is in by another plan's words: it may be the same table.
        let bare: HashSet<&str> = names.iter().map(|name| name.name.as_str()).collect();
        let staged_names = staged.iter().filter_map(|row| QualifiedName::parse(&row.record.target_table));
        let same: Vec<QualifiedName> = staged_names.filter(|name| bare.contains(name.name.as_str())).collect();
        names.extend(same);
        names.extend(request.plan.mappings.as_ref().and_then(|mappings| QualifiedName::parse(&mappings.value)));
        names.sort_unstable();
        names.dedup();
        let described: HashMap<QualifiedName, TableInfo> = match describe_tables(session, &names) {
            Ok(tables) => names.iter().cloned().zip(tables).filter_map(|(name, table)| Some((name, table?))).collect(),
            // One that may not be looked into fails all; then each is asked for by itself, where it is needed.
            Err(error) => error.refusal().map(|_| HashMap::new())?,
        };
        let ledger = read_standing_ledger(session, reader.meta()?.staging_id)?;
        // Constraints and indexes are only taken down where the table was empty. Triggers are disabled on any table and say nothing.
        let down = reader.dismantled()?.into_iter().filter(|one| !one.kind.to_ascii_lowercase().contains("trigger"));
        Ok(Self {
            by_id: staged.iter().enumerate().map(|(at, row)| (row.id, at)).collect(),
            by_name: staged.iter().enumerate().map(|(at, row)| (row.record.name.clone(), at)).collect(),
            by_table,
            ledgers: reader.ledger()?.into_iter().collect(),
            described,
            were_empty: down.map(|one| (one.schema, one.table)).collect(),
            foreign: ledger.foreign.iter().map(|load| load.table.clone()).collect(),
            target: ledger,
            staged,
        })
    }

    /// An entity of the staging file.
    pub fn entity(&self, id: EntityId) -> Option<&EntityRow> {
        self.by_id.get(&id).map(|at| &self.staged[*at])
    }

    /// An entity of the staging file by its name.
    pub fn named(&self, name: &str) -> Option<&EntityRow> {
        self.by_name.get(name).map(|at| &self.staged[*at])
    }

    /// The entities of the staging file that go into a table of this name, in whatever schema.
    pub fn going_into<'k>(&'k self, table: &str) -> impl Iterator<Item = &'k EntityRow> + use<'k> {
        self.by_table.get(table).into_iter().flatten().map(|at| &self.staged[*at])
    }

    /// The ledger of an entity of the staging file.
    pub fn ledger(&self, id: EntityId) -> Option<&EntityLedger> {
        self.ledgers.get(&id)
    }

    /// A table of the target.
    pub fn table(&self, name: &QualifiedName, session: &mut Session) -> Result<TableInfo, PgError> {
        match self.described.get(name) {
            Some(table) => Ok(table.clone()),
            None => describe_table(session, name),
        }
    }

    /// Whether the table, named with its schema, is known to have been empty when the load began.
    pub fn was_empty(&self, table: &QualifiedName) -> bool {
        self.were_empty.contains(&(table.schema.clone().unwrap_or_default(), table.name.clone()))
    }

    /// Whether another staging file loaded rows into the table.
    pub fn has_others(&self, table: &QualifiedName) -> bool {
        self.foreign.contains(&table.to_string())
    }
}
