//! From a type's OID to our type: built-in types at once, enums and domains by the catalogue. Boundary: types only.

use std::collections::HashMap;
use std::sync::Arc;

use super::{PgError, Session};
use crate::row::{EnumType, ServerOid, SqlType};

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
    /// The domain's checks.
    pub checks: Vec<String>,
}

/// Describes types. Domains over domains are followed to the bottom by the query; their checks add up, and the modifier is that of the
/// innermost that has one.
const DESCRIBE: &str = "
WITH RECURSIVE chain AS (
  SELECT t.oid AS root, t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull, 0 AS depth
    FROM pg_catalog.pg_type t WHERE t.oid = ANY ($1)
  UNION ALL
  SELECT c.root, t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull, c.depth + 1
    FROM chain c JOIN pg_catalog.pg_type t ON c.typtype = 'd' AND t.oid = c.typbasetype)
SELECT c.root, c.oid AS base, pg_catalog.format_type(c.oid, NULL) AS base_name,
       CASE WHEN c.depth > 0 THEN pg_catalog.format_type(c.root, NULL) END AS domain,
       coalesce((SELECT max(typtypmod) FROM chain o WHERE o.root = c.root AND o.typtype = 'd'), -1) AS typmod,
       (SELECT bool_or(typnotnull) FROM chain o WHERE o.root = c.root AND o.typtype = 'd') IS TRUE AS not_null,
       coalesce((SELECT array_agg(pg_catalog.pg_get_constraintdef(k.oid) ORDER BY o.depth, k.conname)
                   FROM chain o JOIN pg_catalog.pg_constraint k ON k.contypid = o.oid AND k.contype = 'c' WHERE o.root = c.root), '{}') AS checks,
       CASE WHEN c.typtype = 'e' THEN coalesce((SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
                   FROM pg_catalog.pg_enum e WHERE e.enumtypid = c.oid), '{}') END AS labels
  FROM chain c WHERE c.typtype <> 'd'";

/// Describes these types.
pub(super) fn resolve(session: &mut Session, oids: &[u32]) -> Result<HashMap<u32, KnownType>, PgError> {
    let mut known = HashMap::new();
    let mut ask = Vec::new();
    for oid in oids {
        match SqlType::builtin(*oid) {
            Some(ty) => {
                known.insert(*oid, KnownType { ty, typmod: -1, domain: None, not_null: false, checks: Vec::new() });
            }
            None if ask.contains(oid) => {}
            None => ask.push(*oid),
        }
    }
    if ask.is_empty() {
        return Ok(known);
    }
    for row in session.query(DESCRIBE, &[&ask])? {
        let (root, base, name): (u32, u32, String) = (row.get("root"), row.get("base"), row.get("base_name"));
        let ty = match (SqlType::builtin(base), row.get::<_, Option<Vec<String>>>("labels")) {
            (Some(ty), _) => ty,
            (None, Some(labels)) => SqlType::Enum(Arc::new(EnumType { name, labels })),
            (None, None) => SqlType::Other { oid: ServerOid(base), name: name.into() },
        };
        known.insert(
            root,
            KnownType {
                ty,
                typmod: row.get("typmod"),
                domain: row.get("domain"),
                not_null: row.get("not_null"),
                checks: row.get("checks"),
            },
        );
    }
    Ok(known)
}

/// The type with this OID; it was there when it was asked for, so its absence is the server's mistake.
pub(super) fn known<'a>(types: &'a HashMap<u32, KnownType>, oid: u32, session: &Session) -> Result<&'a KnownType, PgError> {
    types.get(&oid).ok_or_else(|| PgError::Protocol {
        server: session.server().to_owned(),
        what: format!("its catalogue has no type with the OID {oid}"),
    })
}
