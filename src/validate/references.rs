//! References: what became of them, and that none leads nowhere. Boundary: counts of the staging file, and proof from the target.

use std::collections::HashMap;

use super::finding::{Difference, DifferenceKind, OrphanProof, Reference, Validation};
use super::subject::{Subject, Subjects, Table};
use super::{Request, ValidateError};
use crate::pg::{QualifiedName, Session, ident};
use crate::staging::{EntityId, ReferenceTotal, StagingReader};

/// Where a reference leads.
struct Parent {
    table: QualifiedName,
    id_column: String,
}

/// Checks every reference column of the selected entities.
pub(super) fn check_references(
    request: &Request<'_>,
    subjects: &Subjects,
    reader: &StagingReader,
    session: &mut Session,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    let planned = request.plan.by_name();
    for subject in &subjects.entities {
        let totals = reader.references(Some(subject.id))?;
        let mut columns: Vec<&str> = Vec::new();
        for total in &totals {
            if !columns.contains(&total.count.column.as_str()) {
                columns.push(&total.count.column);
            }
        }
        for column in columns {
            let of_column: Vec<&ReferenceTotal> = totals.iter().filter(|total| total.count.column == column).collect();
            check_column((request, &planned), subjects, subject, column, &of_column, session, found)?;
        }
    }
    Ok(())
}

fn check_column(
    (request, planned): (&Request<'_>, &HashMap<&str, usize>),
    subjects: &Subjects,
    subject: &Subject,
    column: &str,
    totals: &[&ReferenceTotal],
    session: &mut Session,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    let table = &subjects.tables[subject.table];
    let mut parents = Vec::new();
    for total in totals {
        parents.push(parent((request, planned), subjects, subject, total.count.parent, session)?);
    }
    let (orphans, proof) = orphans(table, column, &parents, session)?;
    let sql = orphan_sql(table, column, &parents);
    for total in totals {
        let count = &total.count;
        found.references.push(Reference {
            entity: subject.name.clone(),
            column: column.to_owned(),
            parent: subjects.name(count.parent).unwrap_or_default().to_owned(),
            hit: count.hit,
            null: count.null,
            missing: count.missing,
            parent_quarantined: count.parent_quarantined,
            parent_filtered: count.parent_filtered,
            orphans,
            proof,
            sql: sql.clone(),
        });
    }
    if orphans > 0 {
        let mut difference = Difference::new(DifferenceKind::Reference, format!("rows whose {column} leads to no row"));
        difference.entity = Some(subject.name.clone());
        difference.table = Some(table.name());
        difference.column = Some(column.to_owned());
        difference.expected = Some("0".to_owned());
        difference.found = Some(orphans.to_string());
        found.add(difference);
    }
    Ok(())
}

fn parent(
    (request, planned): (&Request<'_>, &HashMap<&str, usize>),
    subjects: &Subjects,
    subject: &Subject,
    id: EntityId,
    session: &mut Session,
) -> Result<Parent, ValidateError> {
    let wrong = |what: String| ValidateError::Plan { entity: subject.name.clone(), what };
    let record = subjects.known.entity(id).map(|row| &row.record);
    let record = record.ok_or_else(|| wrong("it refers to an entity that is not in the staging file".to_owned()))?;
    let target = QualifiedName::parse(&record.target_table);
    let target = target.ok_or_else(|| wrong(format!("the target of {} is no table name", record.name)))?;
    let info = subjects.known.table(&target, session)?;
    let compiled = planned.get(record.name.as_str()).and_then(|index| request.entities.get(*index)?.as_ref());
    let planned = compiled.and_then(|entity| entity.columns.get(entity.id_column)).map(|column| column.column.name.clone());
    // A parent that is not part of the command need not be compiled; its id is then what the catalogue says.
    let id_column = planned.or_else(|| info.primary_key().and_then(|key| key.columns.first().cloned()));
    let id_column = id_column.ok_or_else(|| wrong(format!("the table {} has no primary key to refer to", info.name)))?;
    Ok(Parent { table: info.name, id_column })
}

/// Rows that refer to none of the parents. A validated foreign key says that there are none; else they are counted.
fn orphans(table: &Table, column: &str, parents: &[Parent], session: &mut Session) -> Result<(u64, OrphanProof), ValidateError> {
    if let [parent] = parents {
        let guarded = table.info.foreign_keys.iter().any(|key| {
            key.validated && key.columns == [column] && key.parent == parent.table && key.parent_columns == [parent.id_column.clone()]
        });
        if guarded {
            return Ok((0, OrphanProof::ForeignKey));
        }
    }
    let count = session
        .text_rows(&orphan_sql(table, column, parents))?
        .first()
        .and_then(|row| row.first().cloned().flatten())
        .and_then(|text| text.parse().ok());
    Ok((count.unwrap_or(0), OrphanProof::Counted))
}

/// Counts the rows that refer to none of the parents.
fn orphan_sql(table: &Table, column: &str, parents: &[Parent]) -> String {
    let nowhere: Vec<String> = parents
        .iter()
        .map(|p| format!(" AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE p.{} = c.{})", p.table.to_sql(), ident(&p.id_column), ident(column)))
        .collect();
    format!("SELECT count(*) FROM {} AS c WHERE c.{} IS NOT NULL{}", table.info.name.to_sql(), ident(column), nowhere.concat())
}
