//! Taking constraints and indexes down before a load. Boundary: what, and how it comes back as SQL; putting it back is `constraints`'.
//!
//! Only tables that the caller knows to be empty and ours are touched. Kept up is what others lean on: exclusion constraints, clustered and
//! replica identity indexes, keys of published tables, keys that a foreign key from a table outside the load refers to, everything on
//! partitioned tables, and whatever the server itself says is depended on.

use std::fmt::Write as _;

use uuid::Uuid;

use super::TargetError;
use crate::pg::{PgError, QualifiedName, Row, Session, ident, literal};

/// What was taken down. The order is the order of putting back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A primary key.
    PrimaryKey,
    /// A unique constraint.
    Unique,
    /// A unique index that is no constraint.
    UniqueIndex,
    /// Any other index.
    Index,
    /// A foreign key.
    ForeignKey,
    /// A trigger that was disabled.
    Trigger,
}

impl RecordKind {
    const ALL: [Self; 6] = [Self::PrimaryKey, Self::Unique, Self::UniqueIndex, Self::Index, Self::ForeignKey, Self::Trigger];

    /// The word stored for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::PrimaryKey => "primary key",
            Self::Unique => "unique constraint",
            Self::UniqueIndex => "unique index",
            Self::Index => "index",
            Self::ForeignKey => "foreign key",
            Self::Trigger => "trigger",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }

    /// Whether rows that are equal stand in its way.
    pub fn is_unique(self) -> bool {
        matches!(self, Self::PrimaryKey | Self::Unique | Self::UniqueIndex)
    }
}

/// One thing that was, or is to be, taken down, with all that is needed to put it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismantleRecord {
    /// Its number within the staging file's records.
    pub seq: i32,
    /// What it is.
    pub kind: RecordKind,
    /// The table.
    pub table: QualifiedName,
    /// The constraint, index or trigger.
    pub name: String,
    /// The statement that takes it down.
    pub drop_sql: String,
    /// The statements that put it back. All names in them are qualified.
    pub create_sql: String,
    /// Columns or expressions of a unique key, columns of a foreign key, as SQL; else empty.
    pub key: Vec<String>,
    /// For a partial index: its predicate.
    pub predicate: Option<String>,
    /// Whether NULLs count as equal in a unique key.
    pub nulls_equal: bool,
    /// For a foreign key: the table it refers to.
    pub parent: Option<QualifiedName>,
    /// For a foreign key: the columns there, as SQL.
    pub parent_key: Vec<String>,
    /// Whether it was put back.
    pub restored: bool,
}

/// Something that stays up, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The table.
    pub table: QualifiedName,
    /// The constraint or index.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// What to take down.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DismantlePlan {
    /// In the order of putting back.
    pub records: Vec<DismantleRecord>,
    /// What stays.
    pub kept: Vec<Kept>,
}

/// Definitions are printed with every name qualified when the search path is empty, and are put back under the same path.
pub(super) const QUALIFIED: &str = "SET LOCAL search_path = ''";

fn oids(session: &mut Session, tables: &[QualifiedName]) -> Result<Vec<u32>, TargetError> {
    let names: Vec<String> = tables.iter().map(QualifiedName::to_sql).collect();
    let rows = session.query("SELECT DISTINCT n::regclass::oid FROM unnest($1::text[]) n", &[&names])?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// Plans what to take down for `tables`, which the caller knows to be empty and ours.
pub fn plan_dismantle(session: &mut Session, tables: &[QualifiedName]) -> Result<DismantlePlan, TargetError> {
    // The names are looked up under the user's search path, the definitions under the empty one.
    let oids = oids(session, tables)?;
    session.ahead(&format!("BEGIN READ ONLY; {QUALIFIED}"));
    let answers = session.query_all(&[(INDEXES, &[&oids]), (FOREIGN_KEYS, &[&oids])]);
    // Behind an error, too. Where nothing is taken down, nothing more may be asked for as long as the load takes.
    let ended = session.execute("ROLLBACK");
    let mut plan = DismantlePlan::default();
    if let [indexes, foreign_keys] = answers?.as_slice() {
        plan_indexes(indexes, &mut plan);
        plan_foreign_keys(foreign_keys, &mut plan);
    }
    ended?;
    number(&mut plan);
    Ok(plan)
}

/// How many locks the server has room for, those of everybody together.
pub fn room_for_locks(session: &mut Session) -> Result<usize, TargetError> {
    let rows = session.query(
        "SELECT current_setting('max_locks_per_transaction')::bigint
                * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)",
        &[],
    )?;
    Ok(rows.first().map_or(0, |row| usize::try_from(row.get::<_, i64>(0)).unwrap_or(0)))
}

fn number(plan: &mut DismantlePlan) {
    plan.records.sort_by(|a, b| (a.kind, &a.table, &a.name).cmp(&(b.kind, &b.table, &b.name)));
    for (seq, record) in (0..).zip(&mut plan.records) {
        record.seq = seq;
    }
}

/// `held_by`: tables outside the load that refer to the key. `prefix`: settings that the index was made with and its definition does not say.
const INDEXES: &str = "
SELECT n.nspname::text AS schema, t.relname::text AS table, c.relname::text AS name, k.contype::text AS contype, i.indisunique AS unique,
       i.indisclustered AS clustered, i.indisreplident AS replica, t.relkind = 'p' OR t.relispartition AS partitioned,
       i.indisexclusion OR k.contype = 'x' AS exclusion, NOT i.indisvalid AS invalid,
       i.indisprimary AND EXISTS (SELECT 1 FROM pg_catalog.pg_publication_tables p WHERE p.schemaname = n.nspname AND p.tablename = t.relname) AS published,
       (SELECT string_agg(DISTINCT f.conrelid::regclass::text, ', ') FROM pg_catalog.pg_constraint f
         WHERE f.contype = 'f' AND f.conindid = i.indexrelid AND f.conrelid <> ALL ($1)) AS held_by,
       pg_catalog.pg_get_indexdef(i.indexrelid) AS definition, k.condeferrable AS deferrable, k.condeferred AS deferred,
       (SELECT spcname::text FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
       pg_catalog.obj_description(i.indexrelid, 'pg_class') AS index_comment,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS constraint_comment,
       ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, x, true) FROM pg_catalog.generate_series(1, i.indnkeyatts::int) x ORDER BY x) AS key,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_equal
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
 WHERE i.indrelid = ANY ($1)";

fn plan_indexes(rows: &[Row], plan: &mut DismantlePlan) {
    for row in rows {
        let table = QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("table"));
        let name: String = row.get("name");
        let flag = |column: &str| row.get::<_, Option<bool>>(column) == Some(true);
        let held_by: Option<String> = row.get("held_by");
        let reason = if flag("partitioned") {
            Some("the table is partitioned".to_owned())
        } else if flag("exclusion") {
            Some("it is an exclusion constraint".to_owned())
        } else if flag("clustered") {
            Some("the table is clustered by it".to_owned())
        } else if flag("replica") || flag("published") {
            Some("it is the table's replica identity".to_owned())
        } else if flag("invalid") {
            Some("it is not valid: a CREATE INDEX CONCURRENTLY did not finish".to_owned())
        } else {
            held_by.map(|tables| format!("{tables} refers to it and is not loaded"))
        };
        if let Some(reason) = reason {
            plan.kept.push(Kept { table, name, reason });
            continue;
        }
        let index = QualifiedName { schema: table.schema.clone(), name: name.clone() };
        let contype: Option<&str> = row.get("contype");
        let kind = match contype {
            Some("p") => RecordKind::PrimaryKey,
            Some(_) => RecordKind::Unique,
            None if flag("unique") => RecordKind::UniqueIndex,
            None => RecordKind::Index,
        };
        let mut create = match row.get::<_, Option<String>>("tablespace") {
            Some(tablespace) => format!("SET LOCAL default_tablespace = {}; ", literal(&tablespace)),
            None => String::new(),
        };
        create.push_str(row.get("definition"));
        let comment = |on: String, text: Option<String>| text.map_or_else(String::new, |t| format!("; COMMENT ON {on} IS {}", literal(&t)));
        let drop_sql = if contype.is_some() {
            // The constraint is hung on an index made by the index's own definition: pg_get_constraintdef says nothing of storage
            // parameters and operator classes.
            let word = if kind == RecordKind::PrimaryKey { "PRIMARY KEY" } else { "UNIQUE" };
            let deferral = match (flag("deferrable"), flag("deferred")) {
                (true, true) => " DEFERRABLE INITIALLY DEFERRED",
                (true, false) => " DEFERRABLE",
                _ => "",
            };
            let _ = write!(
                create,
                "; ALTER TABLE {} ADD CONSTRAINT {name} {word} USING INDEX {name}{deferral}",
                table.to_sql(),
                name = ident(&name)
            );
            create.push_str(&comment(format!("CONSTRAINT {} ON {}", ident(&name), table.to_sql()), row.get("constraint_comment")));
            format!("ALTER TABLE {} DROP CONSTRAINT {}", table.to_sql(), ident(&name))
        } else {
            format!("DROP INDEX {}", index.to_sql())
        };
        create.push_str(&comment(format!("INDEX {}", index.to_sql()), row.get("index_comment")));
        plan.records.push(DismantleRecord {
            seq: 0,
            kind,
            table,
            name,
            drop_sql,
            create_sql: create,
            key: if kind.is_unique() { row.get("key") } else { Vec::new() },
            predicate: row.get("predicate"),
            nulls_equal: flag("nulls_equal"),
            parent: None,
            parent_key: Vec::new(),
            restored: false,
        });
    }
    plan.kept.sort_by(|a, b| (&a.table, &a.name).cmp(&(&b.table, &b.name)));
}

const FOREIGN_KEYS: &str =
    "SELECT n.nspname::text AS schema, t.relname::text AS table, k.conname::text AS name, pn.nspname::text AS parent_schema,
                p.relname::text AS parent, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
                pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment,
                t.relkind = 'p' OR t.relispartition OR p.relkind = 'p' OR k.conparentid <> 0 AS partitioned,
                (SELECT array_agg(pg_catalog.quote_ident(a.attname) ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS key,
                (SELECT array_agg(pg_catalog.quote_ident(a.attname) ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u(attnum, n)
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS parent_key
           FROM pg_catalog.pg_constraint k
           JOIN pg_catalog.pg_class t ON t.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
           JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
          WHERE k.contype = 'f' AND k.conrelid = ANY ($1)";

fn plan_foreign_keys(rows: &[Row], plan: &mut DismantlePlan) {
    for row in rows {
        let table = QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("table"));
        let name: String = row.get("name");
        if row.get::<_, bool>("partitioned") {
            plan.kept.push(Kept { table, name, reason: "the table is partitioned".to_owned() });
            continue;
        }
        let (on, constraint) = (table.to_sql(), ident(&name));
        let mut create = format!("ALTER TABLE {on} ADD CONSTRAINT {constraint} {}", row.get::<_, &str>("definition"));
        if let Some(text) = row.get::<_, Option<&str>>("comment") {
            let _ = write!(create, "; COMMENT ON CONSTRAINT {constraint} ON {on} IS {}", literal(text));
        }
        plan.records.push(DismantleRecord {
            seq: 0,
            kind: RecordKind::ForeignKey,
            drop_sql: format!("ALTER TABLE {on} DROP CONSTRAINT {constraint}"),
            create_sql: create,
            key: row.get("key"),
            predicate: None,
            nulls_equal: false,
            parent: Some(QualifiedName::new(row.get::<_, String>("parent_schema"), row.get::<_, String>("parent"))),
            parent_key: row.get("parent_key"),
            restored: false,
            table,
            name,
        });
    }
}

/// Plans the disabling of the user triggers of `tables`. While they are down they are down for everyone who writes to the tables.
pub fn plan_triggers(session: &mut Session, tables: &[QualifiedName]) -> Result<DismantlePlan, TargetError> {
    let oids = oids(session, tables)?;
    let rows = session.query(
        "SELECT n.nspname::text AS schema, t.relname::text AS table, g.tgname::text AS name, g.tgenabled = 'A' AS always
           FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class t ON t.oid = g.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
          WHERE g.tgrelid = ANY ($1) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')",
        &[&oids],
    )?;
    let mut plan = DismantlePlan::default();
    for row in rows {
        let table = QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("table"));
        let name: String = row.get("name");
        let enable = if row.get("always") { "ENABLE ALWAYS" } else { "ENABLE" };
        plan.records.push(DismantleRecord {
            seq: 0,
            kind: RecordKind::Trigger,
            drop_sql: format!("ALTER TABLE {} DISABLE TRIGGER {}", table.to_sql(), ident(&name)),
            create_sql: format!("ALTER TABLE {} {enable} TRIGGER {}", table.to_sql(), ident(&name)),
            key: Vec::new(),
            predicate: None,
            nulls_equal: false,
            parent: None,
            parent_key: Vec::new(),
            restored: false,
            table,
            name,
        });
    }
    number(&mut plan);
    Ok(plan)
}

/// Takes the plan's records down in one transaction: each is dropped and written to `etl.dismantled`, then all are given to `store` (which
/// makes them durable in the staging file), and only then is the transaction committed: at no point is something down whose definition
/// is not kept in two places. What others depend on is kept up; the plan that comes back says what was really taken down, under the
/// numbers it is kept by.
pub fn dismantle(
    session: &mut Session,
    staging_id: Uuid,
    plan: DismantlePlan,
    store: impl FnOnce(&DismantlePlan) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
) -> Result<DismantlePlan, TargetError> {
    session.transaction_with(QUALIFIED, |session| {
        let mut done = DismantlePlan { records: Vec::new(), kept: plan.kept };
        // Foreign keys first: they lean on the keys. All in one round trip, and one by one where something depends on one of them.
        let all: Vec<&str> = plan.records.iter().rev().map(|record| record.drop_sql.as_str()).collect();
        session.ahead(&format!("SAVEPOINT one;\n{};\nRELEASE SAVEPOINT one", all.join(";\n")));
        let first = match first_number(session, staging_id) {
            Ok(first) => {
                done.records = plan.records;
                first
            }
            Err(error) => {
                error.refusal()?;
                session.ahead("ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one");
                drop_each(session, plan.records, &mut done)?;
                first_number(session, staging_id)?
            }
        };
        for (seq, record) in (first..).zip(&mut done.records) {
            record.seq = seq;
        }
        keep(session, staging_id, &done.records)?;
        store(&done).map_err(|source| TargetError::NotStored { source })?;
        Ok(done)
    })
}

/// The number of the next record.
fn first_number(session: &mut Session, staging_id: Uuid) -> Result<i32, PgError> {
    let sql = "SELECT coalesce(max(seq) + 1, 0) FROM etl.dismantled WHERE staging_id = $1::text::uuid";
    Ok(session.query(sql, &[&staging_id.to_string()])?.first().map_or(0, |row| row.get(0)))
}

fn drop_each(session: &mut Session, records: Vec<DismantleRecord>, done: &mut DismantlePlan) -> Result<(), TargetError> {
    for record in records.into_iter().rev() {
        session.execute("SAVEPOINT one")?;
        match session.execute(&record.drop_sql) {
            Ok(()) => {
                session.execute("RELEASE SAVEPOINT one")?;
                done.records.push(record);
            }
            Err(PgError::Server { error, .. }) if error.sqlstate == "2BP01" => {
                session.execute("ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one")?;
                let reason = format!("something depends on it ({})", error.detail.as_deref().unwrap_or(&error.message));
                done.kept.push(Kept { table: record.table, name: record.name, reason });
            }
            Err(error) => return Err(error.into()),
        }
    }
    done.records.reverse();
    Ok(())
}

fn keep(session: &mut Session, staging_id: Uuid, records: &[DismantleRecord]) -> Result<(), TargetError> {
    let text = |value: &str| literal(value);
    let maybe = |value: Option<&str>| value.map_or_else(|| "NULL".to_owned(), literal);
    let list = |values: &[String]| format!("ARRAY[{}]::text[]", values.iter().map(|v| text(v)).collect::<Vec<_>>().join(", "));
    let rows = records.iter().map(|record| {
        let parent = record.parent.as_ref();
        let values = [
            format!("{}::uuid", text(&staging_id.to_string())),
            record.seq.to_string(),
            text(record.kind.word()),
            maybe(record.table.schema.as_deref()),
            text(&record.table.name),
            text(&record.name),
            text(&record.drop_sql),
            text(&record.create_sql),
            list(&record.key),
            maybe(record.predicate.as_deref()),
            record.nulls_equal.to_string(),
            maybe(parent.and_then(|p| p.schema.as_deref())),
            maybe(parent.map(|p| p.name.as_str())),
            list(&record.parent_key),
        ];
        format!("({})", values.join(", "))
    });
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    session.execute(&format!(
        "INSERT INTO etl.dismantled (staging_id, seq, kind, schema_name, table_name, name, drop_sql, create_sql, key, predicate, nulls_equal,
                                     parent_schema, parent_table, parent_key) VALUES {}",
        rows.join(",\n")
    ))?;
    Ok(())
}
