//! The questions to the catalogue. Boundary: it asks; the answers are `catalog`'s values.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::param::SqlParam;
use super::{
    Check, ColumnList, Domain, ForeignKey, Identity, OwnedSequence, PgError, Privileges, QualifiedName, RelationKind, RowSecurity,
    ServerInfo, Session, TableColumn, TableInfo, Trigger, UniqueKey, read_only, types, values_apart,
};
use crate::row::Column;

/// Describes a table, view or foreign table.
pub fn describe_table(session: &mut Session, name: &QualifiedName) -> Result<TableInfo, PgError> {
    match describe_tables(session, std::slice::from_ref(name))?.into_iter().next().flatten() {
        Some(table) => Ok(table),
        None => Err(no_table(session, name)?),
    }
}

/// Describes tables, views and foreign tables: each topic of the catalogue is one question for all of them, and all go together, so it is one
/// round trip however many there are, and one more for types that users made. One place a name, `None` where there is no such table. One schema that may not be looked
/// into fails all: whoever wants to know which asks for them one by one.
pub fn describe_tables(session: &mut Session, names: &[QualifiedName]) -> Result<Vec<Option<TableInfo>>, PgError> {
    let wanted: Vec<String> = names.iter().map(QualifiedName::to_sql).collect();
    let wanted: &[&dyn SqlParam] = &[&wanted];
    let (children, parents) = (foreign_keys_sql("conrelid"), foreign_keys_sql("confrelid"));
    let asked = [RELATIONS, COLUMNS, UNIQUE_KEYS, &children, &parents, CHECKS, TRIGGERS].map(|sql| (sql, wanted));
    let answers = <[Vec<Row>; 7]>::try_from(session.query_all(&asked)?);
    let unanswered = |_| PgError::Protocol { server: session.server().to_owned(), what: "an answer too many or too few".to_owned() };
    let [found, of_columns, of_unique, of_children, of_parents, of_checks, of_triggers] = answers.map_err(unanswered)?;
    let mut columns = columns(session, &of_columns)?;
    let mut unique = by_table(&of_unique, unique_key);
    let mut foreign_keys_of = by_table(&of_children, foreign_key);
    let mut referenced_by = by_table(&of_parents, foreign_key);
    let mut checks = by_table(&of_checks, |row| Check { name: row.get("name"), definition: row.get("definition") });
    let mut triggers = by_table(&of_triggers, trigger);
    let mut tables: Vec<Option<TableInfo>> = vec![None; names.len()];
    let mut first: HashMap<u32, usize> = HashMap::new();
    for row in found {
        let (oid, place): (u32, i64) = (row.get("oid"), row.get("place"));
        let Some(place) = usize::try_from(place - 1).ok().filter(|place| *place < names.len()) else { continue };
        tables[place] = match first.get(&oid) {
            // Several entities may fill one table.
            Some(earlier) => tables[*earlier].clone(),
            None => Some(table_info(
                &row,
                columns.remove(&oid).unwrap_or_default(),
                unique.remove(&oid).unwrap_or_default(),
                (foreign_keys_of.remove(&oid).unwrap_or_default(), referenced_by.remove(&oid).unwrap_or_default()),
                (checks.remove(&oid).unwrap_or_default(), triggers.remove(&oid).unwrap_or_default()),
            )),
        };
        first.entry(oid).or_insert(place);
    }
    Ok(tables)
}

fn table_info(
    row: &Row,
    columns: Vec<TableColumn>,
    unique: Vec<UniqueKey>,
    (foreign_keys, referenced_by): (Vec<ForeignKey>, Vec<ForeignKey>),
    (checks, triggers): (Vec<Check>, Vec<Trigger>),
) -> TableInfo {
    let tuples: f32 = row.get("reltuples");
    let (forced, enabled, bypass, owner): (bool, bool, bool, bool) =
        (row.get("forced"), row.get("enabled"), row.get("bypass"), row.get("owns"));
    let applies = enabled && !bypass && (forced || !owner);
    TableInfo {
        oid: row.get("oid"),
        name: QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
        kind: match row.get::<_, &str>("kind") {
            "p" => RelationKind::Partitioned,
            "v" | "m" => RelationKind::View,
            "f" => RelationKind::Foreign,
            _ => RelationKind::Table,
        },
        columns,
        unique,
        foreign_keys,
        referenced_by,
        checks,
        triggers,
        row_security: match (enabled, applies) {
            (false, _) => RowSecurity::Off,
            (true, false) => RowSecurity::Exempt,
            (true, true) => RowSecurity::Applies,
        },
        owner: row.get("owner"),
        privileges: Privileges { owner, select: row.get("may_select"), insert: row.get("may_insert"), delete: row.get("may_delete") },
        // -1: never counted.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate, checked for its sign")]
        estimated_rows: (tuples >= 0.0).then_some(tuples as u64),
        bytes: u64::try_from(row.get::<_, i64>("bytes")).unwrap_or(0),
    }
}

/// The names are looked up before the join, once each.
const RELATIONS: &str =
    "WITH wanted AS MATERIALIZED (SELECT u.place, pg_catalog.to_regclass(u.name)::oid AS oid FROM unnest($1::text[]) WITH ORDINALITY u(name, place)),
              me AS MATERIALIZED (SELECT (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user) IS TRUE AS bypass)
         SELECT w.place, c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.reltuples,
                c.relforcerowsecurity AS forced, c.relrowsecurity AS enabled, pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
                pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owns, me.bypass,
                pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS may_select,
                pg_catalog.has_table_privilege(c.oid, 'INSERT') OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT') AS may_insert,
                pg_catalog.has_table_privilege(c.oid, 'DELETE') AS may_delete,
                coalesce(pg_catalog.pg_total_relation_size(c.oid), 0) AS bytes
           FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace CROSS JOIN me
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY w.place";

/// Rows of an answer about many tables, by the table's OID, in the order of the answer.
fn by_table<T>(rows: &[Row], mut value: impl FnMut(&Row) -> T) -> HashMap<u32, Vec<T>> {
    let mut of: HashMap<u32, Vec<T>> = HashMap::new();
    for row in rows {
        of.entry(row.get("of")).or_default().push(value(row));
    }
    of
}

fn no_table(session: &mut Session, name: &QualifiedName) -> Result<PgError, PgError> {
    let rows = session.query(
        "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND lower(c.relname) = lower($1::text) AND n.nspname !~ '^pg_toast' ORDER BY 1, 2",
        &[&name.name],
    )?;
    let candidates = rows.iter().map(|r| QualifiedName::new(r.get::<_, String>(0), r.get::<_, String>(1)).to_string()).collect();
    Ok(PgError::NoTable { server: session.server().to_owned(), table: name.to_string(), candidates })
}

const COLUMNS: &str =
    "SELECT a.attrelid AS of, a.attname::text AS name, a.atttypid AS type, a.atttypmod AS typmod, a.attnotnull AS not_null,
        pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared, a.attidentity::text AS identity, a.attgenerated <> '' AS generated,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default
   FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid IN (SELECT pg_catalog.to_regclass(w)::oid FROM unnest($1::text[]) AS w) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum";

fn columns(session: &mut Session, rows: &[Row]) -> Result<HashMap<u32, Vec<TableColumn>>, PgError> {
    let oids: Vec<u32> = rows.iter().map(|r| r.get("type")).collect();
    let resolved = types::resolve(session, &oids)?;
    let mut columns: HashMap<u32, Vec<TableColumn>> = HashMap::new();
    for row in rows {
        let known = types::known(&resolved, row.get("type"), session)?;
        let not_null: bool = row.get("not_null");
        columns.entry(row.get("of")).or_default().push(TableColumn {
            column: Column {
                name: row.get("name"),
                ty: known.ty.clone(),
                typmod: if known.domain.is_some() { known.typmod } else { row.get("typmod") },
                nullable: !(not_null || known.not_null),
            },
            declared: row.get("declared"),
            // Arrays of domains, and rows with them, are checked like the domains themselves.
            domain: (known.domain.clone().or_else(|| (!known.checks.is_empty()).then(|| known.ty.to_string())))
                .map(|name| Domain { name, checks: known.checks.clone() }),
            default: row.get("default"),
            identity: match row.get::<_, &str>("identity") {
                "a" => Identity::Always,
                "d" => Identity::ByDefault,
                _ => Identity::No,
            },
            generated: row.get("generated"),
        });
    }
    Ok(columns)
}

/// `indnullsnotdistinct` came with version 15; through `to_jsonb` the question is the same for all.
const UNIQUE_KEYS: &str = "SELECT i.indrelid AS of, c.relname::text AS name, i.indisprimary AS primary, k.oid IS NOT NULL AS constraint,
        0 <> ALL (i.indkey::int2[]) AS plain, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
        coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_equal,
        (SELECT array_agg(CASE WHEN i.indkey[n - 1] = 0 THEN pg_catalog.pg_get_indexdef(i.indexrelid, n, true) ELSE
                  (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1]) END ORDER BY n)
           FROM pg_catalog.generate_series(1, i.indnkeyatts::int) n) AS columns
   FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
   LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
  WHERE i.indrelid IN (SELECT pg_catalog.to_regclass(w)::oid FROM unnest($1::text[]) AS w) AND i.indisunique
  ORDER BY NOT i.indisprimary, c.relname";

fn unique_key(row: &Row) -> UniqueKey {
    UniqueKey {
        name: row.get("name"),
        primary: row.get("primary"),
        constraint: row.get("constraint"),
        columns: row.get("columns"),
        plain: row.get("plain"),
        predicate: row.get("predicate"),
        nulls_equal: row.get("nulls_equal"),
    }
}

/// `side`: the column of `pg_constraint` that must be one of the tables.
fn foreign_keys_sql(side: &str) -> String {
    let names = |relation: &str, key: &str| {
        format!(
            "(SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.{key}) WITH ORDINALITY u(attnum, n)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = k.{relation} AND a.attnum = u.attnum)"
        )
    };
    // Foreign keys of partitions repeat the one of their parent (conparentid).
    format!(
        "SELECT k.{side} AS of, k.conname::text AS name, n.nspname::text AS schema, c.relname::text AS table, pn.nspname::text AS parent_schema,
                p.relname::text AS parent, {} AS columns, {} AS parent_columns, k.condeferred AS deferred, k.convalidated AS validated
           FROM pg_catalog.pg_constraint k
           JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
          WHERE k.contype = 'f' AND k.conparentid = 0 AND k.{side} IN (SELECT pg_catalog.to_regclass(w)::oid FROM unnest($1::text[]) AS w)
          ORDER BY n.nspname, c.relname, k.conname",
        names("conrelid", "conkey"),
        names("confrelid", "confkey"),
    )
}

fn foreign_key(row: &Row) -> ForeignKey {
    ForeignKey {
        name: row.get("name"),
        table: QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("table")),
        columns: row.get("columns"),
        parent: QualifiedName::new(row.get::<_, String>("parent_schema"), row.get::<_, String>("parent")),
        parent_columns: row.get("parent_columns"),
        deferred: row.get("deferred"),
        validated: row.get("validated"),
    }
}

const CHECKS: &str =
    "SELECT conrelid AS of, conname::text AS name, pg_catalog.pg_get_constraintdef(oid) AS definition FROM pg_catalog.pg_constraint
  WHERE contype = 'c' AND conrelid IN (SELECT pg_catalog.to_regclass(w)::oid FROM unnest($1::text[]) AS w) ORDER BY conname";

/// tgtype bit 2 (4): INSERT. tgenabled O and A fire in an ordinary session, R and D do not.
const TRIGGERS: &str =
    "SELECT tgrelid AS of, tgname::text AS name, pg_catalog.pg_get_triggerdef(oid) AS definition, tgenabled IN ('O', 'A') AS enabled,
        tgtype & 4 <> 0 AS on_insert
   FROM pg_catalog.pg_trigger
  WHERE tgrelid IN (SELECT pg_catalog.to_regclass(w)::oid FROM unnest($1::text[]) AS w) AND NOT tgisinternal ORDER BY tgname";

fn trigger(row: &Row) -> Trigger {
    Trigger { name: row.get("name"), definition: row.get("definition"), enabled: row.get("enabled"), on_insert: row.get("on_insert") }
}

/// For each table, whether it has no row.
pub fn are_empty(session: &mut Session, tables: &[QualifiedName]) -> Result<Vec<bool>, PgError> {
    let looks: Vec<String> = tables.iter().map(|table| format!("SELECT NOT EXISTS (SELECT 1 FROM {})", table.to_sql())).collect();
    let answers = read_only(session, |session| values_apart(session, &looks))?;
    Ok(answers.iter().map(|answer| answer.as_deref() == Some("t")).collect())
}

/// Describes the server and who we are there.
pub fn server_info(session: &mut Session) -> Result<ServerInfo, PgError> {
    if let Some(info) = session.info() {
        return Ok(info.clone());
    }
    let rows = session.query(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, current_database()::text, current_user::text,
                pg_catalog.pg_is_in_recovery(), pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')",
        &[],
    )?;
    let row = rows.first().ok_or_else(|| PgError::Protocol { server: session.server().to_owned(), what: "no row".to_owned() })?;
    // Managed servers often keep it to themselves; it only serves to notice that a URL means another server today.
    let system_identifier = if row.get(5) {
        let rows = session.query("SELECT system_identifier::text FROM pg_catalog.pg_control_system()", &[]);
        rows.ok().and_then(|rows| rows.first().map(|r| r.get(0)))
    } else {
        None
    };
    let info = ServerInfo {
        version: row.get(0),
        version_num: u32::try_from(row.get::<_, i32>(1)).unwrap_or(0),
        database: row.get(2),
        user: row.get(3),
        standby: row.get(4),
        system_identifier,
    };
    *session.info() = Some(info.clone());
    Ok(info)
}

/// All relations that people made, with their columns: what a misspelt name is compared with.
pub fn column_list(session: &mut Session) -> Result<Vec<ColumnList>, PgError> {
    let rows = session.query(
        "SELECT n.nspname::text, c.relname::text, array_agg(a.attname::text ORDER BY a.attnum)
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
          GROUP BY 1, 2 ORDER BY 1, 2",
        &[],
    )?;
    Ok(rows
        .iter()
        .map(|r| ColumnList { table: QualifiedName::new(r.get::<_, String>(0), r.get::<_, String>(1)), columns: r.get(2) })
        .collect())
}

/// The sequences that belong to columns of a table: of `serial` and identity columns.
pub fn owned_sequences(session: &mut Session, tables: &[QualifiedName]) -> Result<Vec<Vec<OwnedSequence>>, PgError> {
    let names: Vec<String> = tables.iter().map(QualifiedName::to_sql).collect();
    let rows = session.query(
        "WITH wanted AS MATERIALIZED (SELECT u.place, u.name::regclass::oid AS rel FROM unnest($1::text[]) WITH ORDINALITY u(name, place))
         SELECT w.place, n.nspname::text, s.relname::text, a.attname::text
           FROM wanted w JOIN pg_catalog.pg_depend d ON d.refobjid = w.rel
           JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
           JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
           JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
          ORDER BY 1, 2, 3",
        &[&names],
    )?;
    let mut sequences = vec![Vec::new(); tables.len()];
    for row in rows {
        if let Some(of) = usize::try_from(row.get::<_, i64>(0) - 1).ok().and_then(|place| sequences.get_mut(place)) {
            of.push(OwnedSequence { sequence: QualifiedName::new(row.get::<_, String>(1), row.get::<_, String>(2)), column: row.get(3) });
        }
    }
    Ok(sequences)
}
