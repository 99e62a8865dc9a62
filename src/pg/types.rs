//! From a type's OID to our type: built-in types at once, everything that users and extensions made by the catalogue. Boundary: types
//! only.

use std::collections::HashMap;
use std::sync::Arc;

use tokio_postgres::Row;

use super::{PgError, Session};
use crate::row::{ArrayType, CompositeField, CompositeType, EnumType, ServerOid, SqlType, Typmod};

/// A type of the server, a domain taken down to what it is made of.
#[derive(Clone, Debug)]
pub(super) struct KnownType {
    /// The base type.
    pub ty: SqlType,
    /// The domain's modifier, -1 for types that are no domain.
    pub typmod: i32,
    /// The domain's name, where it is one.
    pub domain: Option<String>,
    /// Whether a domain forbids NULL.
    pub not_null: bool,
    /// The checks of the domain and of the domains below it, those of elements and attributes included.
    pub checks: Vec<String>,
}

/// Describes types, and all types that they are made of. An array type is one that its element's type names as such: `int2vector` and
/// its like have elements, too, and are something else.
const DESCRIBE: &str = "
WITH RECURSIVE reach(oid) AS (
  SELECT u.oid FROM unnest($1::oid[]) AS u(oid)
  UNION
  SELECT below.oid FROM reach r JOIN pg_catalog.pg_type t ON t.oid = r.oid
    CROSS JOIN LATERAL (
      SELECT t.typbasetype AS oid WHERE t.typtype = 'd'
      UNION ALL SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
      UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
                 WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) below)
SELECT t.oid, t.typtype::text AS kind, pg_catalog.format_type(t.oid, NULL) AS name, t.typname::text AS bare_name,
       t.typbasetype AS base, t.typtypmod AS typmod, t.typnotnull AS not_null,
       (SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) AS element,
       (SELECT x.extname::text FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
         WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.refclassid = 'pg_catalog.pg_extension'::regclass
           AND d.deptype = 'e') AS extension,
       coalesce((SELECT array_agg(pg_catalog.pg_get_constraintdef(k.oid) ORDER BY k.conname)
                   FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '{}') AS checks,
       coalesce((SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
                   FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid), '{}') AS labels,
       coalesce(a.names, '{}') AS attribute_names, coalesce(a.types, '{}') AS attribute_types, coalesce(a.typmods, '{}') AS attribute_typmods
  FROM reach JOIN pg_catalog.pg_type t ON t.oid = reach.oid
  LEFT JOIN LATERAL (SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names, array_agg(a.atttypid ORDER BY a.attnum) AS types,
                            array_agg(a.atttypmod ORDER BY a.attnum) AS typmods
                       FROM pg_catalog.pg_attribute a
                      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) a ON true";

/// A row of the answer.
struct Entry {
    kind: String,
    name: String,
    bare_name: String,
    base: u32,
    typmod: i32,
    not_null: bool,
    element: Option<u32>,
    extension: Option<String>,
    checks: Vec<String>,
    labels: Vec<String>,
    attributes: Vec<(String, u32, i32)>,
}

impl Entry {
    fn read(row: &Row) -> Self {
        let names: Vec<String> = row.get("attribute_names");
        let types: Vec<u32> = row.get("attribute_types");
        let typmods: Vec<i32> = row.get("attribute_typmods");
        Self {
            kind: row.get("kind"),
            name: row.get("name"),
            bare_name: row.get("bare_name"),
            base: row.get("base"),
            typmod: row.get("typmod"),
            not_null: row.get("not_null"),
            element: row.get("element"),
            extension: row.get("extension"),
            checks: row.get("checks"),
            labels: row.get("labels"),
            attributes: names.into_iter().zip(types).zip(typmods).map(|((name, ty), typmod)| (name, ty, typmod)).collect(),
        }
    }
}

/// Types within types: more than anyone has.
const DEEPEST: usize = 32;

fn build(entries: &HashMap<u32, Entry>, oid: u32, deeper: usize) -> KnownType {
    let plain = |ty| KnownType { ty, typmod: -1, domain: None, not_null: false, checks: Vec::new() };
    if let Some(ty) = SqlType::builtin(oid) {
        return plain(ty);
    }
    let unknown = |name: &str| SqlType::Other { oid: ServerOid(oid), name: name.into() };
    let (Some(entry), Some(deeper)) = (entries.get(&oid), deeper.checked_sub(1)) else { return plain(unknown("unknown")) };
    if entry.kind == "d" {
        let base = build(entries, entry.base, deeper);
        let mut checks = entry.checks.clone();
        checks.extend(base.checks);
        return KnownType {
            ty: base.ty,
            // Only the innermost domain can have one.
            typmod: if base.domain.is_some() { base.typmod } else { entry.typmod },
            domain: Some(entry.name.clone()),
            not_null: entry.not_null || base.not_null,
            checks,
        };
    }
    if let Some(element) = entry.element {
        let known = build(entries, element, deeper);
        let (element_oid, element_typmod) = (ServerOid(element), Typmod(known.typmod));
        let ty = SqlType::Array(Arc::new(ArrayType { element: known.ty, element_typmod, element_oid }));
        return KnownType { checks: known.checks, ..plain(ty) };
    }
    match (entry.kind.as_str(), entry.extension.as_deref()) {
        ("e", _) => plain(SqlType::Enum(Arc::new(EnumType { name: entry.name.clone(), labels: entry.labels.clone() }))),
        ("c", _) => {
            let mut checks = Vec::new();
            let mut fields = Vec::with_capacity(entry.attributes.len());
            for (name, oid, typmod) in &entry.attributes {
                let known = build(entries, *oid, deeper);
                let typmod = Typmod(if known.domain.is_some() { known.typmod } else { *typmod });
                fields.push(CompositeField { name: name.clone(), ty: known.ty, typmod, oid: ServerOid(*oid) });
                checks.extend(known.checks);
            }
            let ty = SqlType::Composite(Arc::new(CompositeType { name: entry.name.clone(), fields }));
            KnownType { checks, ..plain(ty) }
        }
        (_, Some("citext")) if entry.bare_name == "citext" => plain(SqlType::Citext),
        // An extension can be installed in any schema; its types are the same in each.
        (_, Some(_)) => plain(unknown(&entry.bare_name)),
        (_, None) => plain(unknown(&entry.name)),
    }
}

/// Describes these types.
pub(super) fn resolve(session: &mut Session, oids: &[u32]) -> Result<HashMap<u32, KnownType>, PgError> {
    let mut ask: Vec<u32> = oids.iter().copied().filter(|oid| SqlType::builtin(*oid).is_none()).collect();
    ask.sort_unstable();
    ask.dedup();
    let entries: HashMap<u32, Entry> = if ask.is_empty() {
        HashMap::new()
    } else {
        session.query(DESCRIBE, &[&ask])?.iter().map(|row| (row.get("oid"), Entry::read(row))).collect()
    };
    let there = |oid: &&u32| SqlType::builtin(**oid).is_some() || entries.contains_key(*oid);
    Ok(oids.iter().filter(there).map(|oid| (*oid, build(&entries, *oid, DEEPEST))).collect())
}

/// The type with this OID; it was there when it was asked for, so its absence is the server's mistake.
pub(super) fn known<'a>(types: &'a HashMap<u32, KnownType>, oid: u32, session: &Session) -> Result<&'a KnownType, PgError> {
    types.get(&oid).ok_or_else(|| PgError::Protocol {
        server: session.server().to_owned(),
        what: format!("its catalogue has no type with the OID {oid}"),
    })
}
