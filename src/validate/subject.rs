//! What is compared: the selected entities, the target tables they go into, and every other staged entity that goes there too, because a
//! table can only be compared whole. Boundary: gathers and checks that there is something to compare; compares nothing.

use super::multiset::Shape;
use super::{Request, ValidateError};
use crate::pg::{QualifiedName, Session, TableInfo, describe_table};
use crate::plan::NewIds;
use crate::row::Column;
use crate::staging::{ChunkRow, ChunkState, EntityId, EntityLedger, EntityRow, StagingReader};
use crate::target::foreign_loads;

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
    /// All entities of the staging file.
    pub staged: Vec<EntityRow>,
}

impl Subjects {
    /// Gathers what is selected. Fails where an entity is not loaded to its end.
    pub fn gather(request: &Request<'_>, reader: &StagingReader, session: &mut Session) -> Result<Self, ValidateError> {
        let staged = reader.entities()?;
        let mut subjects = Self { entities: Vec::new(), tables: Vec::new(), staged };
        for (index, entity) in request.plan.entities.iter().enumerate() {
            if !request.selected.get(index).copied().unwrap_or(false) {
                continue;
            }
            let Some(row) = subjects.staged.iter().find(|row| row.record.name == entity.name) else {
                return Err(ValidateError::NotStaged { entity: entity.name.clone() });
            };
            let id = row.id;
            finished(&reader.entity_ledger(id)?)?;
            let known = subjects.tables.iter().position(|table| table.feeds.iter().any(|feed| feed.id == id));
            if known.is_none() {
                subjects.tables.push(gather_table(request, index, &subjects.staged, reader, session)?);
            }
            let table = known.unwrap_or(subjects.tables.len() - 1);
            subjects.entities.push(Subject { index, name: entity.name.clone(), id, table });
        }
        Ok(subjects)
    }

    /// The name of an entity of the staging file.
    pub fn name(&self, id: EntityId) -> Option<&str> {
        self.staged.iter().find(|row| row.id == id).map(|row| row.record.name.as_str())
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
    staged: &[EntityRow],
    reader: &StagingReader,
    session: &mut Session,
) -> Result<Table, ValidateError> {
    let entity = &request.plan.entities[index];
    let wrong = |what: &str| ValidateError::Plan { entity: entity.name.clone(), what: what.to_owned() };
    let target = QualifiedName::parse(&entity.target.value).ok_or_else(|| wrong("its target is no table name"))?;
    let compiled = request.entities.get(index).and_then(Option::as_ref).ok_or_else(|| wrong("it could not be compiled"))?;
    let id_column = compiled.columns.get(compiled.id_column).map(|c| c.column.name.clone()).ok_or_else(|| wrong("it has no id"))?;
    let info = describe_table(session, &target)?;
    let mut feeds = Vec::new();
    for row in staged {
        let Some(other) = QualifiedName::parse(&row.record.target_table).filter(|other| other.name == info.name.name) else { continue };
        if other != info.name && describe_table(session, &other)?.oid != info.oid {
            continue;
        }
        let ledger = reader.entity_ledger(row.id)?;
        if ledger.read == 0 && !ledger.extracted {
            continue;
        }
        finished(&ledger)?;
        let columns = row.record.target_columns.clone();
        let id_at = columns.iter().position(|c| c.name == id_column);
        let id_at = id_at.ok_or_else(|| wrong(&format!("{} writes no column {id_column} there", row.record.name)))?;
        feeds.push(Feed {
            id: row.id,
            name: row.record.name.clone(),
            index: request.plan.entity(&row.record.name),
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
    let names = [info.name.clone(), target];
    let alone = !adopted && was_empty(reader, &info.name)? && foreign_loads(session, reader.meta()?.staging_id, &names)?.is_empty();
    let entity_type = compiled.entity_type.clone();
    let is_published = compiled.ids != NewIds::Keep;
    let mut table = Table { info, entity_type, is_published, feeds, columns: Vec::new(), id_at: 0, same_columns: true, alone };
    arrange(&mut table, &id_column);
    Ok(table)
}

/// Whether the table is known to have been empty when the load began: constraints and indexes are only taken down where it was. Triggers
/// are disabled on any table and say nothing.
pub(super) fn was_empty(reader: &StagingReader, table: &QualifiedName) -> Result<bool, ValidateError> {
    let down = reader.dismantled()?;
    let of_table = |schema: &str, name: &str| table.schema.as_deref() == Some(schema) && table.name == name;
    Ok(down.iter().any(|one| of_table(&one.schema, &one.table) && !one.kind.to_ascii_lowercase().contains("trigger")))
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
