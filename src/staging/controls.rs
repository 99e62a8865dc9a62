//! What is counted and summed beside the rows: control sums, incidents, references. Boundary: sums are exact decimals in
//! text, added exactly; what is summed is decided by the plan.

use std::str::FromStr as _;

use bigdecimal::BigDecimal;
use rusqlite::Connection;

use super::database::{count, of_entity, rows, stored};
use super::id_map::outcome;
use super::{ChunkId, EntityId, SnapshotId, StagingError, StagingReader};
use crate::row::{Group, Incident, Outcome};

/// A control sum over the rows of a chunk with one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSum {
    /// The control's name.
    pub name: String,
    /// The outcome of the rows it is over.
    pub outcome: Outcome,
    /// Their group; empty where the control has no groups.
    pub group: Group,
    /// The sum as an exact decimal.
    pub sum: String,
}

/// A control sum that the source computed over all rows of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceControl {
    /// The control's name.
    pub name: String,
    /// The snapshot it was computed in.
    pub snapshot: SnapshotId,
    /// The group; empty for the sum over all rows.
    pub group: Group,
    /// The sum as an exact decimal.
    pub sum: String,
}

/// A control sum of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlTotal {
    /// The control's name.
    pub name: String,
    /// The outcome of the rows it is over.
    pub outcome: Outcome,
    /// Their group; empty where the control has no groups.
    pub group: Group,
    /// The sum as an exact decimal.
    pub sum: String,
}

/// How often an incident occurred in a chunk, or in an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentCount {
    /// The incident.
    pub incident: Incident,
    /// In how many rows.
    pub count: u64,
}

/// How often an incident occurred in an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentTotal {
    /// The entity.
    pub entity: EntityId,
    /// The incident.
    pub incident: Incident,
    /// In how many rows.
    pub count: u64,
}

/// What became of the references of one column to one parent, in a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceCount {
    /// The target column.
    pub column: String,
    /// The entity it refers to.
    pub parent: EntityId,
    /// Found and usable.
    pub hit: u64,
    /// NULL in the source.
    pub null: u64,
    /// No such row in the source.
    pub missing: u64,
    /// The parent is in quarantine.
    pub parent_quarantined: u64,
    /// The parent was left out by a filter.
    pub parent_filtered: u64,
}

/// What became of the references of one column to one parent, in an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceTotal {
    /// The entity that refers.
    pub entity: EntityId,
    /// The counts over its chunks.
    pub count: ReferenceCount,
}

/// Keeps the control sums of a chunk.
pub(super) fn insert_sums(db: &Connection, chunk: ChunkId, sums: &[ControlSum]) -> Result<(), StagingError> {
    let mut insert = db.prepare_cached("INSERT INTO control_sums (chunk, name, outcome, grp, sum) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for one in sums {
        insert.execute((chunk.0, &one.name, one.outcome as u8, one.group.to_json(), &one.sum))?;
    }
    Ok(())
}

/// Removes the control sums of a chunk.
pub(super) fn delete_sums(db: &Connection, chunk: ChunkId) -> Result<(), StagingError> {
    db.prepare_cached("DELETE FROM control_sums WHERE chunk = ?1")?.execute([chunk.0])?;
    Ok(())
}

/// Keeps the incidents of a chunk.
pub(super) fn insert_incidents(db: &Connection, chunk: ChunkId, incidents: &[IncidentCount]) -> Result<(), StagingError> {
    let mut insert = db.prepare_cached("INSERT INTO incidents (chunk, column_name, code, count) VALUES (?1, ?2, ?3, ?4)")?;
    for one in incidents {
        insert.execute((chunk.0, &one.incident.column, &one.incident.code, stored(one.count)))?;
    }
    Ok(())
}

/// Keeps the counts of the references of a chunk.
pub(super) fn insert_references(db: &Connection, chunk: ChunkId, references: &[ReferenceCount]) -> Result<(), StagingError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO reference_counts (chunk, column_name, parent, hit, nulls, missing, parent_quarantined, parent_filtered) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for one in references {
        let [hit, null, missing, quarantined, filtered] =
            [one.hit, one.null, one.missing, one.parent_quarantined, one.parent_filtered].map(stored);
        insert.execute((chunk.0, &one.column, one.parent.0, hit, null, missing, quarantined, filtered))?;
    }
    Ok(())
}

/// A sum in the making. Numbers that are not finite follow PostgreSQL: NaN wins, infinities of both signs give NaN.
enum Sum {
    Finite(BigDecimal),
    Infinity,
    NegInfinity,
    NaN,
}

impl Sum {
    fn read(text: &str) -> Result<Self, StagingError> {
        Ok(match text {
            "NaN" => Self::NaN,
            "Infinity" => Self::Infinity,
            "-Infinity" => Self::NegInfinity,
            number => Self::Finite(
                BigDecimal::from_str(number)
                    .map_err(|_| StagingError::BadRecord { table: "control_sums", what: "a sum that is no number".to_owned() })?,
            ),
        })
    }

    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Finite(a), Self::Finite(b)) => Self::Finite(a + b),
            (Self::NaN, _) | (_, Self::NaN) | (Self::Infinity, Self::NegInfinity) | (Self::NegInfinity, Self::Infinity) => Self::NaN,
            (Self::Infinity, _) | (_, Self::Infinity) => Self::Infinity,
            (Self::NegInfinity, _) | (_, Self::NegInfinity) => Self::NegInfinity,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Finite(value) => value.to_plain_string(),
            Self::Infinity => "Infinity".to_owned(),
            Self::NegInfinity => "-Infinity".to_owned(),
            Self::NaN => "NaN".to_owned(),
        }
    }
}

fn group(row: &rusqlite::Row<'_>, at: usize, table: &'static str) -> Result<Group, StagingError> {
    let text: String = row.get(at)?;
    Group::from_json(&text).ok_or_else(|| StagingError::BadRecord { table, what: "a group that is no list of texts".to_owned() })
}

impl StagingReader {
    /// The control sums of an entity by name, group and outcome.
    pub fn control_totals(&self, entity: EntityId) -> Result<Vec<ControlTotal>, StagingError> {
        let sql = "SELECT s.name, s.grp, s.outcome, s.sum FROM control_sums AS s JOIN chunks AS c ON c.id = s.chunk WHERE c.entity = ?1 \
                   ORDER BY s.name, s.grp, s.outcome";
        let parts = rows(&self.db, sql, [entity.0], |row| {
            let sum = Sum::read(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?;
            Ok((row.get::<_, String>(0)?, group(row, 1, "control_sums")?, outcome(row, 2)?, sum))
        })?;
        let mut totals: Vec<(String, Group, Outcome, Sum)> = Vec::new();
        for (name, group, outcome, part) in parts {
            let sum = match totals.pop_if(|last| (&last.0, &last.1, last.2) == (&name, &group, outcome)) {
                Some((.., sum)) => sum.plus(part),
                None => part,
            };
            totals.push((name, group, outcome, sum));
        }
        Ok(totals.into_iter().map(|(name, group, outcome, sum)| ControlTotal { name, outcome, group, sum: sum.text() }).collect())
    }

    /// The control sums of one chunk.
    pub fn chunk_sums(&self, chunk: ChunkId) -> Result<Vec<ControlSum>, StagingError> {
        let sql = "SELECT name, outcome, grp, sum FROM control_sums WHERE chunk = ?1 ORDER BY name, grp, outcome";
        rows(&self.db, sql, [chunk.0], |row| {
            Ok(ControlSum { name: row.get(0)?, outcome: outcome(row, 1)?, group: group(row, 2, "control_sums")?, sum: row.get(3)? })
        })
    }

    /// The control sums that the source computed.
    pub fn source_controls(&self, entity: EntityId) -> Result<Vec<SourceControl>, StagingError> {
        let sql = "SELECT name, snapshot, grp, sum FROM source_controls WHERE entity = ?1 ORDER BY name, grp";
        rows(&self.db, sql, [entity.0], |row| {
            let group = group(row, 2, "source_controls")?;
            Ok(SourceControl { name: row.get(0)?, snapshot: SnapshotId(row.get(1)?), group, sum: row.get(3)? })
        })
    }

    /// Incidents with their counts, of one entity or all.
    pub fn incidents(&self, entity: Option<EntityId>) -> Result<Vec<IncidentTotal>, StagingError> {
        let sql = format!(
            "SELECT c.entity, i.column_name, i.code, sum(i.count) FROM incidents AS i JOIN chunks AS c ON c.id = i.chunk \
             WHERE {} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            of_entity("c.entity = ?1", entity)
        );
        rows(&self.db, &sql, [entity.map(|entity| entity.0)], |row| {
            let incident = Incident { column: row.get(1)?, code: row.get(2)? };
            Ok(IncidentTotal { entity: EntityId(row.get(0)?), incident, count: count(row, 3)? })
        })
    }

    /// References with their counts, of one entity or all.
    pub fn references(&self, entity: Option<EntityId>) -> Result<Vec<ReferenceTotal>, StagingError> {
        let sql = format!(
            "SELECT c.entity, r.column_name, r.parent, sum(r.hit), sum(r.nulls), sum(r.missing), sum(r.parent_quarantined), \
             sum(r.parent_filtered) FROM reference_counts AS r JOIN chunks AS c ON c.id = r.chunk \
             WHERE {} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            of_entity("c.entity = ?1", entity)
        );
        rows(&self.db, &sql, [entity.map(|entity| entity.0)], |row| {
            let counts = ReferenceCount {
                column: row.get(1)?,
                parent: EntityId(row.get(2)?),
                hit: count(row, 3)?,
                null: count(row, 4)?,
                missing: count(row, 5)?,
                parent_quarantined: count(row, 6)?,
                parent_filtered: count(row, 7)?,
            };
            Ok(ReferenceTotal { entity: EntityId(row.get(0)?), count: counts })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_follow_postgresql_where_they_are_not_finite() {
        let sum = |parts: &[&str]| parts.iter().map(|part| Sum::read(part).unwrap()).reduce(Sum::plus).unwrap().text();
        assert_eq!(sum(&["0.10", "0.20", "-0.05"]), "0.25");
        assert_eq!(
            sum(&["99999999999999999999999999999999999999.000000000000000000001", "1"]),
            "100000000000000000000000000000000000000.000000000000000000001"
        );
        assert_eq!(sum(&["1", "Infinity"]), "Infinity");
        assert_eq!(sum(&["-Infinity", "Infinity"]), "NaN");
        assert_eq!(sum(&["NaN", "Infinity", "1"]), "NaN");
        assert!(Sum::read("1,5").is_err());
    }
}
