//! The questions to the catalogue. Boundary: it asks; the answers are `catalog`'s values.

use postgres::Row;

use super::{
    Check, ColumnList, Domain, ForeignKey, Identity, OwnedSequence, PgError, Privileges, QualifiedName, RelationKind, RowSecurity,
    ServerInfo, Session, TableColumn, TableInfo, Trigger, UniqueKey, types,
};
use crate::row::Column;

/// Describes a table, view or foreign table.
pub fn describe_table(session: &mut Session, name: &QualifiedName) -> Result<TableInfo, PgError> {
    let Some(row) = find_relation(session, name)? else { return Err(no_table(session, name)?) };
    let oid: u32 = row.get("oid");
    let tuples: f32 = row.get("reltuples");
    let (forced, enabled, bypass, owner): (bool, bool, bool, bool) =
        (row.get("forced"), row.get("enabled"), row.get("bypass"), row.get("owns"));
    let applies = enabled && !bypass && (forced || !owner);
    Ok(TableInfo {
        oid,
        name: QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("name")),
        kind: match row.get::<_, &str>("kind") {
            "p" => RelationKind::Partitioned,
            "v" | "m" => RelationKind::View,
            "f" => RelationKind::Foreign,
            _ => RelationKind::Table,
        },
        columns: columns(session, oid)?,
        unique: unique_keys(session, oid)?,
        foreign_keys: foreign_keys(session, "conrelid", oid)?,
        referenced_by: foreign_keys(session, "confrelid", oid)?,
        checks: checks(session, oid)?,
        triggers: triggers(session, oid)?,
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
    })
}

fn find_relation(session: &mut Session, name: &QualifiedName) -> Result<Option<Row>, PgError> {
    let rows = session.query(
        "SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.reltuples, c.relforcerowsecurity AS forced,
                c.relrowsecurity AS enabled, pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
                pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owns,
                (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user) IS TRUE AS bypass,
                pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS may_select,
                pg_catalog.has_table_privilege(c.oid, 'INSERT') OR pg_catalog.has_any_column_privilege(c.oid, 'INSERT') AS may_insert,
                pg_catalog.has_table_privilege(c.oid, 'DELETE') AS may_delete,
                coalesce(pg_catalog.pg_total_relation_size(c.oid), 0) AS bytes
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.oid = pg_catalog.to_regclass($1::text)",
        &[&name.to_sql()],
    )?;
    Ok(rows.into_iter().next())
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

fn columns(session: &mut Session, table: u32) -> Result<Vec<TableColumn>, PgError> {
    let rows = session.query(
        "SELECT a.attname::text AS name, a.atttypid AS type, a.atttypmod AS typmod, a.attnotnull AS not_null,
                pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared, a.attidentity::text AS identity, a.attgenerated <> '' AS generated,
                pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default
           FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        &[&table],
    )?;
    let oids: Vec<u32> = rows.iter().map(|r| r.get("type")).collect();
    let resolved = types::resolve(session, &oids)?;
    let mut columns = Vec::with_capacity(rows.len());
    for row in rows {
        let known = types::known(&resolved, row.get("type"), session)?;
        let not_null: bool = row.get("not_null");
        columns.push(TableColumn {
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

fn unique_keys(session: &mut Session, table: u32) -> Result<Vec<UniqueKey>, PgError> {
    // `indnullsnotdistinct` came with version 15; through to_jsonb the question is the same for all.
    let rows = session.query(
        "SELECT c.relname::text AS name, i.indisprimary AS primary, k.oid IS NOT NULL AS constraint,
                0 <> ALL (i.indkey::int2[]) AS plain, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
                coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_equal,
                (SELECT array_agg(CASE WHEN i.indkey[n - 1] = 0 THEN pg_catalog.pg_get_indexdef(i.indexrelid, n, true) ELSE
                          (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1]) END ORDER BY n)
                   FROM pg_catalog.generate_series(1, i.indnkeyatts::int) n) AS columns
           FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
           LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
          WHERE i.indrelid = $1 AND i.indisunique ORDER BY NOT i.indisprimary, c.relname",
        &[&table],
    )?;
    Ok(rows
        .iter()
        .map(|row| UniqueKey {
            name: row.get("name"),
            primary: row.get("primary"),
            constraint: row.get("constraint"),
            columns: row.get("columns"),
            plain: row.get("plain"),
            predicate: row.get("predicate"),
            nulls_equal: row.get("nulls_equal"),
        })
        .collect())
}

/// `side`: the column of `pg_constraint` that must be `table`.
fn foreign_keys(session: &mut Session, side: &str, table: u32) -> Result<Vec<ForeignKey>, PgError> {
    let names = |relation: &str, key: &str| {
        format!(
            "(SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.{key}) WITH ORDINALITY u(attnum, n)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = k.{relation} AND a.attnum = u.attnum)"
        )
    };
    // Foreign keys of partitions repeat the one of their parent (conparentid).
    let sql = format!(
        "SELECT k.conname::text AS name, n.nspname::text AS schema, c.relname::text AS table, pn.nspname::text AS parent_schema,
                p.relname::text AS parent, {} AS columns, {} AS parent_columns, k.condeferred AS deferred, k.convalidated AS validated
           FROM pg_catalog.pg_constraint k
           JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
          WHERE k.contype = 'f' AND k.conparentid = 0 AND k.{side} = $1 ORDER BY n.nspname, c.relname, k.conname",
        names("conrelid", "conkey"),
        names("confrelid", "confkey"),
    );
    let rows = session.query(&sql, &[&table])?;
    Ok(rows
        .iter()
        .map(|row| ForeignKey {
            name: row.get("name"),
            table: QualifiedName::new(row.get::<_, String>("schema"), row.get::<_, String>("table")),
            columns: row.get("columns"),
            parent: QualifiedName::new(row.get::<_, String>("parent_schema"), row.get::<_, String>("parent")),
            parent_columns: row.get("parent_columns"),
            deferred: row.get("deferred"),
            validated: row.get("validated"),
        })
        .collect())
}

fn checks(session: &mut Session, table: u32) -> Result<Vec<Check>, PgError> {
    let rows = session.query(
        "SELECT conname::text, pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint
          WHERE contype = 'c' AND conrelid = $1 ORDER BY conname",
        &[&table],
    )?;
    Ok(rows.iter().map(|row| Check { name: row.get(0), definition: row.get(1) }).collect())
}

fn triggers(session: &mut Session, table: u32) -> Result<Vec<Trigger>, PgError> {
    // tgtype bit 2 (4): INSERT. tgenabled O and A fire in an ordinary session, R and D do not.
    let rows = session.query(
        "SELECT tgname::text, pg_catalog.pg_get_triggerdef(oid), tgenabled IN ('O', 'A'), tgtype & 4 <> 0 FROM pg_catalog.pg_trigger
          WHERE tgrelid = $1 AND NOT tgisinternal ORDER BY tgname",
        &[&table],
    )?;
    Ok(rows.iter().map(|r| Trigger { name: r.get(0), definition: r.get(1), enabled: r.get(2), on_insert: r.get(3) }).collect())
}

/// Whether a table has no row.
pub fn is_empty(session: &mut Session, table: &QualifiedName) -> Result<bool, PgError> {
    let rows = session.query(&format!("SELECT NOT EXISTS (SELECT 1 FROM {})", table.to_sql()), &[])?;
    Ok(rows.first().is_some_and(|r| r.get(0)))
}

/// Describes the server and who we are there.
pub fn server_info(session: &mut Session) -> Result<ServerInfo, PgError> {
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
    Ok(ServerInfo {
        version: row.get(0),
        version_num: u32::try_from(row.get::<_, i32>(1)).unwrap_or(0),
        database: row.get(2),
        user: row.get(3),
        standby: row.get(4),
        system_identifier,
    })
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
pub fn owned_sequences(session: &mut Session, table: &QualifiedName) -> Result<Vec<OwnedSequence>, PgError> {
    let rows = session.query(
        "SELECT n.nspname::text, s.relname::text, a.attname::text
           FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
           JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
           JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
          WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
            AND d.refobjid = $1::text::regclass ORDER BY 1, 2",
        &[&table.to_sql()],
    )?;
    Ok(rows
        .iter()
        .map(|r| OwnedSequence { sequence: QualifiedName::new(r.get::<_, String>(0), r.get::<_, String>(1)), column: r.get(2) })
        .collect())
}
