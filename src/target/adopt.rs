//! Reading the keys of rows that are in the target already: from a column of the table, from a query, and from what an earlier
//! migration published. Boundary: reads; one key must lead to one row, whatever it is read from.

use std::collections::{BTreeMap, HashMap};

use super::TargetError;
use crate::pg::{CopyOut, QualifiedName, Session, ident, literal};
use crate::row::{KeyKind, LegacyKey, NewKey, Tuples};

/// Where the keys of an entity are.
#[derive(Clone, Copy, Debug)]
pub struct AdoptSource<'a> {
    /// The entity.
    pub entity: &'a str,
    /// Its table.
    pub table: &'a QualifiedName,
    /// The column of the new key.
    pub id: &'a str,
    /// Whether the new keys are the legacy ones.
    pub kept: bool,
    /// What its legacy keys are made of.
    pub kind: KeyKind,
    /// The column that carries the legacy key.
    pub column: Option<&'a str>,
    /// A query whose rows are a legacy key and a new key.
    pub pairs: Option<&'a str>,
    /// The mapping table and the entity's type in it.
    pub mapping: Option<(&'a QualifiedName, &'a str)>,
}

/// A key that leads to a row of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedRow {
    /// The legacy key.
    pub key: LegacyKey,
    /// The row's new key.
    pub id: NewKey,
    /// The key that the row stands for, where it is another one.
    pub survivor: Option<LegacyKey>,
    /// Whether the mapping table has the pair under the entity's own type.
    pub published: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// In the order of the keys.
    pub rows: Vec<AdoptedRow>,
    /// Pairs whose new key has no row.
    pub stale: u64,
}

const BATCH_BYTES: usize = 1 << 20;

/// Reads the keys. `mint` gives the new key that a legacy key would get: of several keys of one row, that one is the row's own.
///
/// # Errors
/// When one key leads to two rows; both are named.
pub fn read_adopted(
    session: &mut Session,
    source: &AdoptSource<'_>,
    mut mint: impl FnMut(&LegacyKey) -> [u8; 16],
) -> Result<Adopted, TargetError> {
    let mut found = Found { source, rows: HashMap::new(), keys: BTreeMap::new(), stale: 0 };
    found.carried(session)?;
    if let Some((mapping, entity_type)) = source.mapping {
        let sql = format!("SELECT legacy_id, new_id FROM {} WHERE entity_type = {}", mapping.to_sql(), literal(entity_type));
        found.pairs(session, &sql, Origin::Published)?;
    }
    if let Some(pairs) = source.pairs {
        found.pairs(session, pairs.trim().trim_end_matches(';'), Origin::Declared)?;
    }
    Ok(found.finish(&mut mint))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The plan says that these are keys of the entity.
    Declared,
    /// The mapping table says so; another entity may feed the same table with keys of another kind.
    Published,
}

struct Found<'a> {
    source: &'a AdoptSource<'a>,
    /// Every row of the table, with the key that it carries.
    rows: HashMap<[u8; 16], Option<LegacyKey>>,
    /// For each key its row, and whether the pair is published.
    keys: BTreeMap<LegacyKey, ([u8; 16], bool)>,
    stale: u64,
}

impl Found<'_> {
    fn key(&self, text: &str) -> Option<LegacyKey> {
        match self.source.kind {
            KeyKind::Int => text.trim().parse().ok().map(LegacyKey::Int),
            KeyKind::Text => Some(LegacyKey::Text(text.into())),
        }
    }

    /// The rows of the table, and the keys in the column that carries them.
    fn carried(&mut self, session: &mut Session) -> Result<(), TargetError> {
        let column = if self.source.kept { Some(self.source.id) } else { self.source.column };
        let column = column.map_or_else(|| "NULL".to_owned(), ident);
        let sql = format!("SELECT {column}::text, {} FROM {}", ident(self.source.id), self.source.table.to_sql());
        self.read(session, &sql, |found, text, id| {
            let key = match text {
                None => None,
                Some(text) => Some(found.key(text).ok_or_else(|| found.no_key(text))?),
            };
            if let Some(key) = &key {
                found.enter(key.clone(), id, false)?;
            }
            found.rows.insert(id, key);
            Ok(())
        })
    }

    fn pairs(&mut self, session: &mut Session, sql: &str, origin: Origin) -> Result<(), TargetError> {
        self.read(session, sql, |found, text, id| {
            let Some(text) = text else { return Ok(()) };
            let Some(key) = found.key(text) else {
                return if origin == Origin::Published { Ok(()) } else { Err(found.no_key(text)) };
            };
            if !found.rows.contains_key(&id) {
                found.stale += 1;
                return Ok(());
            }
            found.enter(key, id, origin == Origin::Published)
        })
    }

    fn read(
        &mut self,
        session: &mut Session,
        sql: &str,
        mut each: impl FnMut(&mut Self, Option<&str>, [u8; 16]) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let entity = self.source.entity.to_owned();
        let failed = |source| TargetError::Adopt { entity: entity.clone(), source };
        let malformed = || TargetError::AdoptShape { entity: entity.clone() };
        // Whatever the query's types are, the server turns them into the two that are wanted here, or says what is wrong.
        let id_type = if self.source.kept { "bigint" } else { "uuid" };
        let sql = format!("COPY (SELECT k::text, i::text::{id_type} FROM ({sql}) AS q (k, i)) TO STDOUT (FORMAT binary)");
        let mut copy = CopyOut::start(session, &sql, 2, BATCH_BYTES).map_err(failed)?;
        while let Some(batch) = copy.next_batch().map_err(failed)? {
            let (mut walk, mut fields) = (Tuples::new(&batch.tuples, 2), Vec::new());
            while walk.next_into(&mut fields).map_err(|_| malformed())?.is_some() {
                let key = fields[0].map(std::str::from_utf8).transpose().map_err(|_| malformed())?;
                let Some(id) = fields[1] else { continue };
                let id = match id.try_into().map(i64::from_be_bytes) {
                    Ok(number) if self.source.kept => NewKey::kept(number).into_bytes(),
                    _ => id.try_into().map_err(|_| malformed())?,
                };
                each(self, key, id)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, key: LegacyKey, id: [u8; 16], published: bool) -> Result<(), TargetError> {
        match self.keys.get_mut(&key) {
            Some((known, _)) if *known != id => Err(TargetError::AdoptConflict {
                entity: self.source.entity.to_owned(),
                key: key.to_string(),
                first: (*known).into(),
                second: id.into(),
            }),
            Some((_, known)) => {
                *known |= published;
                Ok(())
            }
            None => {
                self.keys.insert(key, (id, published));
                Ok(())
            }
        }
    }

    fn no_key(&self, text: &str) -> TargetError {
        TargetError::AdoptKey { entity: self.source.entity.to_owned(), key: text.to_owned() }
    }

    fn finish(self, mint: &mut impl FnMut(&LegacyKey) -> [u8; 16]) -> Adopted {
        // Rows that carry no key themselves: their own is the one that they were minted of, else the smallest that leads to them.
        let mut own: HashMap<[u8; 16], LegacyKey> = HashMap::new();
        for (key, (id, _)) in &self.keys {
            if self.rows.get(id).is_some_and(Option::is_none) && (!own.contains_key(id) || mint(key) == *id) {
                own.insert(*id, key.clone());
            }
        }
        let rows = self.keys.iter().map(|(key, (id, published))| {
            let carried = self.rows.get(id).and_then(Option::as_ref).or_else(|| own.get(id));
            let survivor = carried.filter(|carried| *carried != key).cloned();
            AdoptedRow { key: key.clone(), id: (*id).into(), survivor, published: *published }
        });
        Adopted { rows: rows.collect(), stale: self.stale }
    }
}
