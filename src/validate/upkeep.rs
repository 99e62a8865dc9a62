//! What a load took down and set: constraints, indexes and triggers are back and valid, sequences are ahead. Boundary: asks the staging
//! file and the catalogue; puts nothing back itself.

use std::collections::{HashMap, HashSet};

use super::ValidateError;
use super::finding::{Difference, DifferenceKind, Validation};
use super::subject::{Subjects, Table};
use crate::pg::{OwnedSequence, QualifiedName, Session, ident, literal, owned_sequences};
use crate::staging::StagingReader;

/// Every constraint, index and trigger by schema, table and name, and whether it is valid and in force. An index of a constraint has the
/// constraint's name; both must be good.
const STANDING: &str = "SELECT n.nspname, r.relname, x.name, bool_and(x.good) FROM (
       SELECT conrelid AS of, conname AS name, convalidated AS good FROM pg_catalog.pg_constraint WHERE conrelid <> 0
       UNION ALL SELECT i.indrelid, c.relname, i.indisvalid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
       UNION ALL SELECT tgrelid, tgname, tgenabled <> 'D' FROM pg_catalog.pg_trigger WHERE NOT tgisinternal) AS x
     JOIN pg_catalog.pg_class r ON r.oid = x.of JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') GROUP BY 1, 2, 3";

/// Checks that everything that was taken down stands again. Of all tables, selected or not: a load that was stopped must not stay unnoticed.
pub(super) fn check_constraints(
    subjects: &Subjects,
    reader: &StagingReader,
    session: &mut Session,
    found: &mut Validation,
) -> Result<(), ValidateError> {
    let down = reader.dismantled()?;
    let standing: HashMap<[String; 3], bool> = if down.is_empty() {
        HashMap::new()
    } else {
        let rows = session.text_rows(STANDING)?.into_iter();
        rows.filter_map(|row| {
            let mut row = row.into_iter().flatten();
            Some(([row.next()?, row.next()?, row.next()?], row.next()? == "t"))
        })
        .collect()
    };
    found.upkeep.constraints = down.len() as u64;
    for one in &down {
        let what = match (one.restored, standing.get(&[one.schema.clone(), one.table.clone(), one.name.clone()])) {
            (true, Some(true)) => continue,
            (true, Some(false)) => "was put back and is not valid or not in force; validate or enable it",
            (true, None) => "was put back and is gone again; create it again",
            (false, _) => "was taken down for the load and was not put back; `etl load` puts it back",
        };
        found.add(constraint(&format!("{}.{}", one.schema, one.table), &one.name, what));
    }
    let known: HashSet<[&str; 3]> =
        down.iter().filter(|one| !one.restored).map(|one| [&one.schema, &one.table, &one.name].map(String::as_str)).collect();
    for record in &subjects.known.target.down {
        let schema = record.table.schema.as_deref().unwrap_or_default();
        if !known.contains(&[schema, &record.table.name, &record.name]) {
            let what = "is still taken down according to the target; `etl load` puts it back";
            found.add(constraint(&record.table.to_string(), &record.name, what));
        }
    }
    Ok(())
}

fn constraint(table: &str, name: &str, what: &str) -> Difference {
    let mut difference = Difference::new(DifferenceKind::Constraint, format!("{name} {what}"));
    difference.table = Some(table.to_owned());
    difference.column = Some(name.to_owned());
    difference
}

/// Checks that no sequence of the tables gives a value next that is taken already.
pub(super) fn check_sequences(subjects: &Subjects, session: &mut Session, found: &mut Validation) -> Result<(), ValidateError> {
    let names: Vec<QualifiedName> = subjects.tables.iter().map(|table| table.info.name.clone()).collect();
    for (table, sequences) in subjects.tables.iter().zip(owned_sequences(session, &names)?) {
        for owned in sequences {
            found.upkeep.sequences += 1;
            if let Some((next, largest)) = behind(session, table, &owned)? {
                let mut difference = Difference::new(
                    DifferenceKind::Sequence,
                    format!("{} would give a value that is taken; set it behind the largest value of {}", owned.sequence, owned.column),
                );
                difference.table = Some(table.name());
                difference.column = Some(owned.column.clone());
                difference.expected = Some(format!("more than {largest}"));
                difference.found = Some(next.to_string());
                found.add(difference);
            }
        }
    }
    Ok(())
}

/// The next value and the largest one in use, where that is not smaller. A sequence that counts down is left to its makers.
fn behind(session: &mut Session, table: &Table, owned: &OwnedSequence) -> Result<Option<(i128, i128)>, ValidateError> {
    let sql = format!(
        "SELECT s.last_value, s.is_called, q.seqincrement, (SELECT max({}) FROM {}) FROM {} AS s, pg_catalog.pg_sequence AS q \
         WHERE q.seqrelid = {}::regclass",
        ident(&owned.column),
        table.info.name.to_sql(),
        owned.sequence.to_sql(),
        literal(&owned.sequence.to_sql())
    );
    let rows = session.text_rows(&sql)?;
    let Some([last, called, increment, largest]) = rows.first().map(Vec::as_slice) else { return Ok(None) };
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<i128>().ok());
    let (Some(last), Some(increment), Some(largest)) = (number(last), number(increment), number(largest)) else { return Ok(None) };
    let next = if called.as_deref() == Some("t") { last + increment } else { last };
    Ok((increment > 0 && next <= largest).then_some((next, largest)))
}
