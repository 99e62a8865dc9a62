//! Reading the rows of one range as chunks. Boundary: from SQL to tuples with their keys; where chunks are kept is not known here.
//!
//! Rows come in key order, so equal keys are neighbours and a range can be continued behind its last stored row. The continued read
//! begins *with* that row and drops it: a second row with the same key is then seen as the duplicate it is, instead of being jumped over.
//!
//! A table without a key is read by the physical place of its rows, which tells them apart within one snapshot only. So it is one range and one
//! chunk, which is there with all of its rows or not at all, and never continued.

use super::{KeyRange, Reader, SourceError};
use crate::pg::{CopyOut, KeyError, KeyReader, PgError, SourceQuery, ident, literal, select_list, to_text};
use crate::row::{Column, LegacyKey, SqlType, Tuples, decode, read_tuple};

/// What the rows of a table without a key may have in all, in bytes. They are one chunk, and a chunk is in memory whole, at once as it was read
/// and as it is made of that, with a key for every row: so it takes several times as much. A fourth of what the staging file takes as one
/// payload leaves room for target rows that are larger. Tables that nobody gave a key are small or logs, and for a log a key can be made.
pub const WITHOUT_KEY_BYTES: usize = 256 << 20;

/// What is read for one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityQuery {
    /// The entity's name.
    pub entity: String,
    /// Where from.
    pub query: SourceQuery,
    /// The columns to read, in the order in which they stand in the tuples.
    pub columns: Vec<Column>,
    /// The key's columns as positions in `columns`.
    pub key: Vec<usize>,
}

impl EntityQuery {
    /// The query that reads the rows for which `condition` (empty: all) holds, in key order. Places need none: no two rows have the same, and
    /// a table that is too large would be sorted before it is refused.
    pub(super) fn copy_query(&self, condition: &str) -> String {
        let keys: Vec<String> = self.key_columns().map(|c| format!("src.{}", ident(&c.name))).collect();
        let order = if self.query.ctid { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        let columns = select_list(self.columns.iter().map(|c| c.name.as_str()));
        let filter = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
        format!("SELECT {columns} {}{filter}{order}", self.query.from_clause())
    }

    /// The condition of a range, or of the rest of it from `from` on; empty for all rows.
    pub(super) fn range_condition(&self, range: &KeyRange, from: Option<&[String]>) -> String {
        let names: Vec<String> = self.key_columns().map(|c| format!("src.{}", ident(&c.name))).collect();
        let mut parts = Vec::new();
        match from {
            Some(literals) if literals.len() == 1 => parts.push(format!("{} >= {}", names.join(", "), literals.join(", "))),
            Some(literals) => parts.push(format!("ROW({}) >= ROW({})", names.join(", "), literals.join(", "))),
            None => parts.extend(range.above.map(|above| format!("{} > {above}", names.join(", ")))),
        }
        parts.extend(range.to.map(|to| format!("{} <= {to}", names.join(", "))));
        let condition = parts.join(" AND ");
        // NULL is in no range; the last one takes it in, to have it found.
        let nullable: Vec<String> = self.key_columns().filter(|c| c.nullable).map(|c| format!("src.{} IS NULL", ident(&c.name))).collect();
        if condition.is_empty() || range.to.is_some() || nullable.is_empty() {
            condition
        } else {
            format!("({condition} OR {})", nullable.join(" OR "))
        }
    }

    pub(super) fn failed(&self, source: PgError) -> SourceError {
        SourceError::Query { entity: self.entity.clone(), source }
    }

    fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|at| self.columns.get(*at))
    }
}

/// Where a range continues: the key fields of the last row that was stored, as a tuple. Opaque bytes, kept with the chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumePoint(Box<[u8]>);

impl ResumePoint {
    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Kept bytes; they are checked when they are used.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// SQL literals of the key's fields.
    fn literals(&self, entity: &EntityQuery) -> Option<Vec<String>> {
        let mut fields = Vec::new();
        let end = read_tuple(&self.0, 0, entity.key.len(), &mut fields).ok()?;
        if end != self.0.len() {
            return None;
        }
        key_literals(entity, &fields)
    }
}

/// SQL literals of the fields of a key.
pub(super) fn key_literals(entity: &EntityQuery, fields: &[Option<&[u8]>]) -> Option<Vec<String>> {
    let literal_of = |(column, field): (&Column, Option<&[u8]>)| {
        let text = to_text(&decode(&column.ty, field?).ok()?)?;
        Some(match &column.ty {
            SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => text,
            // `character` alone would be char(1) and cut the text.
            SqlType::Bpchar => format!("{}::bpchar", literal(&text)),
            ty => format!("{}::{ty}", literal(&text)),
        })
    };
    entity.key_columns().zip(fields.iter().copied()).map(literal_of).collect()
}

/// Some megabytes of rows in key order, or all rows of a table without a key.
#[derive(Debug)]
pub struct SourceChunk {
    /// The rows, in `row::tuple` layout, one field for each of the entity's columns.
    pub tuples: Vec<u8>,
    /// How many.
    pub rows: u32,
    /// The first row's key.
    pub first_key: LegacyKey,
    /// The last row's key.
    pub last_key: LegacyKey,
    /// Where to continue behind this chunk.
    pub resume: ResumePoint,
}

/// Reads the chunks of one range.
pub struct ChunkReader<'a> {
    entity: &'a EntityQuery,
    keys: KeyReader,
    copy: CopyOut<'a>,
    /// Key fields of the row before, as a tuple; empty before the first.
    last: Vec<u8>,
    /// The key to drop once, when it is the first to come.
    stored: Option<Vec<u8>>,
}

impl<'a> ChunkReader<'a> {
    /// Begins to read `range`, behind `resume` where a part of it was read before (in this snapshot or an earlier one).
    pub fn start(
        reader: &'a mut Reader,
        entity: &'a EntityQuery,
        range: &KeyRange,
        resume: Option<&ResumePoint>,
        chunk_bytes: usize,
    ) -> Result<Self, SourceError> {
        if entity.key.is_empty() {
            return Err(SourceError::NoKey { entity: entity.entity.clone() });
        }
        let keys =
            KeyReader::new(&entity.columns, &entity.key).map_err(|source| SourceError::Key { entity: entity.entity.clone(), source })?;
        let from = match resume {
            Some(_) if entity.query.ctid => return Err(SourceError::ResumePoint { entity: entity.entity.clone() }),
            Some(point) => Some(point.literals(entity).ok_or_else(|| SourceError::ResumePoint { entity: entity.entity.clone() })?),
            None => None,
        };
        let query = entity.copy_query(&entity.range_condition(range, from.as_deref()));
        let sql = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
        let chunk_bytes = if entity.query.ctid { WITHOUT_KEY_BYTES } else { chunk_bytes };
        let copy = CopyOut::start(reader.session(), &sql, entity.columns.len(), chunk_bytes).map_err(|e| entity.failed(e))?;
        Ok(Self { entity, keys, copy, last: Vec::new(), stored: resume.map(|r| r.as_bytes().to_vec()) })
    }

    /// The next chunk, `None` at the end of the range. After an error the reader's connection is to be thrown away.
    pub fn next_chunk(&mut self) -> Result<Option<SourceChunk>, SourceError> {
        loop {
            let Some(batch) = self.copy.next_batch().map_err(|e| self.entity.failed(e))? else { return Ok(None) };
            // Only the last batch of a table has fewer bytes.
            if self.entity.query.ctid && batch.tuples.len() >= WITHOUT_KEY_BYTES {
                return Err(SourceError::TooLarge { entity: self.entity.entity.clone(), limit: WITHOUT_KEY_BYTES });
            }
            if let Some(chunk) = self.chunk(batch.tuples)? {
                return Ok(Some(chunk));
            }
        }
    }

    /// Checks the keys of a batch; `None` when it held nothing but the row that was stored before.
    fn chunk(&mut self, mut tuples: Vec<u8>) -> Result<Option<SourceChunk>, SourceError> {
        let mut fields = Vec::with_capacity(self.entity.columns.len());
        let (mut rows, mut skipped, mut last_at) = (0_u32, 0, 0);
        let (mut first_key, mut current) = (None, Vec::new());
        let mut walk = Tuples::new(&tuples, self.entity.columns.len());
        while let Some(at) = walk.next_into(&mut fields).map_err(|e| self.damaged(&e))? {
            self.write_key(&fields, &mut current)?;
            if self.last == current {
                return Err(self.duplicate(&fields));
            }
            std::mem::swap(&mut self.last, &mut current);
            if self.stored.take().is_some_and(|stored| stored == self.last) {
                skipped = at.end;
                continue;
            }
            if first_key.is_none() {
                first_key = Some(self.key(&fields)?);
            }
            last_at = at.start;
            rows += 1;
        }
        let Some(first_key) = first_key else { return Ok(None) };
        read_tuple(&tuples, last_at, self.entity.columns.len(), &mut fields).map_err(|e| self.damaged(&e))?;
        let last_key = self.key(&fields)?;
        tuples.drain(..skipped);
        Ok(Some(SourceChunk { tuples, rows, first_key, last_key, resume: ResumePoint::from_bytes(&self.last) }))
    }

    /// The key fields of a row as a tuple.
    fn write_key(&self, fields: &[Option<&[u8]>], out: &mut Vec<u8>) -> Result<(), SourceError> {
        out.clear();
        out.extend_from_slice(&u16::try_from(self.entity.key.len()).unwrap_or(u16::MAX).to_be_bytes());
        for at in &self.entity.key {
            let Some(bytes) = fields.get(*at).copied().flatten() else {
                let column = self.entity.columns.get(*at).map(|c| c.name.clone()).unwrap_or_default();
                return Err(SourceError::Key { entity: self.entity.entity.clone(), source: KeyError::Null { column } });
            };
            out.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
            out.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn key(&self, fields: &[Option<&[u8]>]) -> Result<LegacyKey, SourceError> {
        self.keys.read(fields).map_err(|source| SourceError::Key { entity: self.entity.entity.clone(), source })
    }

    fn duplicate(&self, fields: &[Option<&[u8]>]) -> SourceError {
        let key = match self.keys.read(fields) {
            Ok(LegacyKey::Int(key)) => Some(key),
            _ => None,
        };
        SourceError::DuplicateKey { entity: self.entity.entity.clone(), key }
    }

    fn damaged(&self, error: &dyn std::fmt::Display) -> SourceError {
        self.entity.failed(PgError::Protocol { server: "the source".to_owned(), what: error.to_string() })
    }
}
