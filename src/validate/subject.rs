//! What is compared: the selected entities, the target tables they go into, and every other staged entity that goes there too, because a
//! table can only be compared whole. Boundary: gathers and checks that there is something to compare; compares nothing.

use std::collections::HashMap;

use super::known::Known;
use super::multiset::Shape;
use super::{Request, ValidateError};
use crate::pg::{QualifiedName, Session, TableInfo};
use crate::plan::NewIds;
use crate::row::Column;
use crate::staging::{ChunkRow, ChunkState, EntityId, EntityLedger, StagingReader};

/// A selected entity.
#[derive(Debug)]
pub(super) struct Subject {
    /// Its index in the plan.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// In the staging file.
    pub id: EntityId,
    /// Its table, by position in [`Subjects::tables`].
    pub table: usize,
}

/// A staged entity whose rows are in a table.
#[derive(Debug)]
pub(super) struct Feed {
    /// In the staging file.
    pub id: EntityId,
    /// Its name.
    pub name: String,
    /// Its index in the plan, where the plan has it.
    pub index: Option<usize>,
    /// The columns of its staged target rows, as they were when they were staged.
    pub columns: Vec<Column>,
    /// Which of them is the id.
    pub id_at: usize,
    /// Its loaded chunks.
    pub chunks: Vec<ChunkRow>,
    /// How a staged row is hashed: in the order of the table's columns.
    pub staged: Shape,
    /// How a row read back is hashed as if it were of this entity.
    pub read_back: Shape,
    /// Positions of its columns among those read back.
    pub positions: Vec<usize>,
}

impl Feed {
    /// Rows that should be in the target.
    pub fn loaded(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.counts.loaded).sum()
    }
}

/// A target table.
#[derive(Debug)]
pub(super) struct Table {
    /// As the catalogue describes it.
    pub info: TableInfo,
    /// What the mapping table calls its rows.
    pub entity_type: String,
    /// Whether their keys stand there: what is kept is its own map.
    pub is_published: bool,
    /// Its rows come from these.
    pub feeds: Vec<Feed>,
    /// The columns that are read back: all that any of the entities writes.
    pub columns: Vec<String>,
    /// Which of them is the id.
    pub id_at: usize,
    /// Whether all entities write the same columns, so that a row can be hashed without knowing whose it is.
    pub same_columns: bool,
    /// Whether all rows must be ours.
    pub alone: bool,
}

impl Table {
    /// Rows that should be there.
    pub fn expected(&self) -> u64 {
        self.feeds.iter().map(Feed::loaded).sum()
    }

    /// The table's name for messages.
    pub fn name(&self) -> String {
        self.info.name.to_string()
    }
}

/// All there is to compare.
#[derive(Debug)]
pub(super) struct Subjects {
    /// The selected entities in load order.
    pub entities: Vec<Subject>,
    /// Their tables.
    pub tables: Vec<Table>,
    /// All entities of the staging file, and what the target says of its tables.
    pub known: Known,
}

impl Subjects {
    /// Gathers what is selected. Fails where an entity is not loaded to its end.
    pub fn gather(request: &Request<'_>, reader: &StagingReader, session: &mut Session) -> Result<Self, ValidateError> {
        let known = Known::ask(request, reader, session)?;
        let planned = request.plan.by_name();
        let (mut entities, mut tables) = (Vec::new(), Vec::new());
        let mut table_of: HashMap<EntityId, usize> = HashMap::new();
        for (index, entity) in request.plan.entities.iter().enumerate() {
            if !request.selected.get(index).copied().unwrap_or(false) {
                continue;
            }
            let not_staged = || ValidateError::NotStaged { entity: entity.name.clone() };
            let id = known.named(&entity.name).ok_or_else(not_staged)?.id;
            finished(known.ledger(id).ok_or_else(not_staged)?)?;
            let table = match table_of.get(&id) {
                Some(table) => *table,
                None => {
                    let table = gather_table(request, index, &known, &planned, reader, session)?;
                    table_of.extend(table.feeds.iter().map(|feed| (feed.id, tables.len())));
                    tables.push(table);
                    tables.len() - 1
                }
            };
            entities.push(Subject { index, name: entity.name.clone(), id, table });
        }
        Ok(Self { entities, tables, known })
    }

    /// The name of an entity of the staging file.
    pub fn name(&self, id: EntityId) -> Option<&str> {
        self.known.entity(id).map(|row| row.record.name.as_str())
    }
}

fn finished(ledger: &EntityLedger) -> Result<(), ValidateError> {
    if ledger.is_finished() {
        return Ok(());
    }
    let what = if !ledger.extracted {
        "it was not read to its end".to_owned()
    } else if ledger.untransformed > 0 {
        format!("{} rows are not transformed", ledger.untransformed)
    } else {
        format!("{} chunks are not loaded", ledger.chunks_transformed)
    };
    Err(ValidateError::NotFinished { entity: ledger.name.clone(), what })
}

fn gather_table(
    request: &Request<'_>,
    index: usize,
    known: &Known,
    planned: &HashMap<&str, usize>,
    reader: &StagingReader,
    session: &mut Session,
) -> Result<Table, ValidateError> {
    let entity = &request.plan.entities[index];
    let wrong = |what: &str| ValidateError::Plan { entity: entity.name.clone(), what: what.to_owned() };
    let target = QualifiedName::parse(&entity.target.value).ok_or_else(|| wrong("its target is no table name"))?;
    let compiled = request.entities.get(index).and_then(Option::as_ref).ok_or_else(|| wrong("it could not be compiled"))?;
    let id_column = compiled.columns.get(compiled.id_column).map(|c| c.column.name.clone()).ok_or_else(|| wrong("it has no id"))?;
    let info = known.table(&target, session)?;
    let mut feeds = Vec::new();
    for row in known.going_into(&info.name.name) {
        let Some(other) = QualifiedName::parse(&row.record.target_table) else { continue };
        if other != info.name && known.table(&other, session)?.oid != info.oid {
            continue;
        }
        let Some(ledger) = known.ledger(row.id) else { continue };
        if ledger.read == 0 && !ledger.extracted {
            continue;
        }
        finished(ledger)?;
        let columns = row.record.target_columns.clone();
        let id_at = columns.iter().position(|c| c.name == id_column);
        let id_at = id_at.ok_or_else(|| wrong(&format!("{} writes no column {id_column} there", row.record.name)))?;
        feeds.push(Feed {
            id: row.id,
            name: row.record.name.clone(),
            index: planned.get(row.record.name.as_str()).copied(),
            columns,
            id_at,
            chunks: reader.chunks(row.id, Some(ChunkState::Loaded))?,
            staged: Shape::Whole,
            read_back: Shape::Whole,
            positions: Vec::new(),
        });
    }
    let adopted = feeds.iter().flat_map(|feed| &feed.chunks).any(|chunk| chunk.counts.adopted > 0);
    // The ledger names tables as the plan does; another plan may have named the same table with its schema.
    let alone = !adopted && known.was_empty(&info.name) && !known.has_others(&info.name) && !known.has_others(&target);
    let entity_type = compiled.entity_type.clone();
    let is_published = compiled.ids != NewIds::Keep;
    let mut table = Table { info, entity_type, is_published, feeds, columns: Vec::new(), id_at: 0, same_columns: true, alone };
    arrange(&mut table, &id_column);
    Ok(table)
}

/// Puts the columns of all entities into one order, and says how a row of each is hashed so that both sides agree.
fn arrange(table: &mut Table, id_column: &str) {
    for column in table.feeds.iter().flat_map(|feed| &feed.columns) {
        if !table.columns.contains(&column.name) {
            table.columns.push(column.name.clone());
        }
    }
    table.id_at = table.columns.iter().position(|name| name == id_column).unwrap_or(0);
    for feed in &mut table.feeds {
        let (columns, of) = (&table.columns, &feed.columns);
        let at = |name: &String| of.iter().position(|c| c.name == *name);
        let read_back: Vec<usize> = (0..columns.len()).filter(|union| at(&columns[*union]).is_some()).collect();
        let staged: Vec<usize> = columns.iter().filter_map(at).collect();
        feed.positions = of.iter().filter_map(|c| columns.iter().position(|name| *name == c.name)).collect();
        table.same_columns &= read_back.len() == columns.len();
        feed.read_back = Shape::new(read_back, columns.len());
        feed.staged = Shape::new(staged, of.len());
    }
}
