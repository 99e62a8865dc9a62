//! Columns as JSON: what the types of stored rows are, without any server. Boundary: `staging/FORMAT.md` has the form.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StagingError;
use crate::row::{ArrayType, Column, CompositeField, CompositeType, EnumType, ServerOid, SqlType, Typmod};

/// A column as it stands in `source_columns` and `target_columns`.
#[derive(Serialize, Deserialize)]
struct StoredColumn {
    name: String,
    #[serde(flatten)]
    ty: StoredType,
    typmod: i32,
    nullable: bool,
}

/// A type. One of `oid`, `labels`, `element`, `attributes`, `extension` says what it is.
#[derive(Default, Serialize, Deserialize)]
struct StoredType {
    #[serde(rename = "type")]
    name: String,
    /// For types that are the same on every server, and for those that are none of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    oid: Option<u32>,
    /// For enumerated types.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    /// For arrays.
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<Box<StoredPart>>,
    /// For composite types.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Vec<StoredPart>>,
    /// For types of extensions that the tool knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
}

/// The elements of an array, or an attribute of a composite type.
#[derive(Serialize, Deserialize)]
struct StoredPart {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    ty: StoredType,
    typmod: i32,
    /// The OID that stands in the bytes.
    wire_oid: u32,
}

/// Types within types: no catalogue gives more.
const DEEPEST: usize = 64;

fn stored(ty: &SqlType) -> StoredType {
    let mut stored = StoredType { name: ty.to_string(), oid: ty.builtin_oid(), ..StoredType::default() };
    match ty {
        SqlType::Other { oid, .. } => stored.oid = Some(oid.0),
        SqlType::Enum(of) => stored.labels = Some(of.labels.clone()),
        SqlType::Citext => stored.extension = Some("citext".to_owned()),
        SqlType::Array(array) => {
            let (typmod, wire_oid) = (array.element_typmod.0, array.element_oid.0);
            stored.element = Some(Box::new(StoredPart { name: None, ty: self::stored(&array.element), typmod, wire_oid }));
        }
        SqlType::Composite(composite) => {
            let part = |field: &CompositeField| StoredPart {
                name: Some(field.name.clone()),
                ty: self::stored(&field.ty),
                typmod: field.typmod.0,
                wire_oid: field.oid.0,
            };
            stored.attributes = Some(composite.fields.iter().map(part).collect());
        }
        _ => {}
    }
    stored
}

fn restored(stored: StoredType, deeper: usize) -> Result<SqlType, StagingError> {
    let name = stored.name;
    let Some(deeper) = deeper.checked_sub(1) else { return Err(bad(format!("the type {name}"))) };
    if let Some(labels) = stored.labels {
        return Ok(SqlType::Enum(Arc::new(EnumType { name, labels })));
    }
    if let Some(element) = stored.element {
        let (element_oid, element_typmod) = (ServerOid(element.wire_oid), Typmod(element.typmod));
        return Ok(SqlType::Array(Arc::new(ArrayType { element: restored(element.ty, deeper)?, element_typmod, element_oid })));
    }
    if let Some(attributes) = stored.attributes {
        let field = |part: StoredPart| {
            let (oid, typmod) = (ServerOid(part.wire_oid), Typmod(part.typmod));
            Ok(CompositeField { name: part.name.unwrap_or_default(), ty: restored(part.ty, deeper)?, typmod, oid })
        };
        let fields = attributes.into_iter().map(field).collect::<Result<_, StagingError>>()?;
        return Ok(SqlType::Composite(Arc::new(CompositeType { name, fields })));
    }
    match (stored.extension.as_deref(), stored.oid) {
        (Some("citext"), _) => Ok(SqlType::Citext),
        (None, Some(oid)) => Ok(SqlType::builtin(oid).unwrap_or(SqlType::Other { oid: ServerOid(oid), name: name.into() })),
        _ => Err(bad(format!("the type {name}"))),
    }
}

pub(super) fn columns_to_json(columns: &[Column]) -> Result<String, StagingError> {
    let stored: Vec<_> = columns
        .iter()
        .map(|column| StoredColumn { name: column.name.clone(), ty: stored(&column.ty), typmod: column.typmod, nullable: column.nullable })
        .collect();
    serde_json::to_string(&stored).map_err(|failure| unreadable(&failure))
}

pub(super) fn columns_from_json(json: &str) -> Result<Vec<Column>, StagingError> {
    let stored: Vec<StoredColumn> = serde_json::from_str(json).map_err(|failure| unreadable(&failure))?;
    let column = |column: StoredColumn| {
        Ok(Column { name: column.name, ty: restored(column.ty, DEEPEST)?, typmod: column.typmod, nullable: column.nullable })
    };
    stored.into_iter().map(column).collect()
}

fn unreadable(failure: &serde_json::Error) -> StagingError {
    bad(format!("columns that cannot be read ({failure})"))
}

fn bad(what: String) -> StagingError {
    StagingError::BadRecord { table: "entities", what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::same_to_the_byte;

    #[test]
    fn columns_of_every_type_come_back() {
        let mut types: Vec<SqlType> = (0..10_000).filter_map(SqlType::builtin).collect();
        assert!(types.len() > 25);
        let labels = vec!["open".to_owned(), "it's \"done\"".to_owned()];
        let status = SqlType::Enum(Arc::new(EnumType { name: "order_status".to_owned(), labels }));
        types.push(status.clone());
        types.push(SqlType::Citext);
        types.push(SqlType::Other { oid: ServerOid(600), name: "point".into() });
        types.push(SqlType::Text.array());
        let past = SqlType::Array(Arc::new(ArrayType { element: status, element_typmod: Typmod::NONE, element_oid: ServerOid(16_400) }));
        let field = |name: &str, ty, typmod, oid| CompositeField { name: name.to_owned(), ty, typmod: Typmod(typmod), oid: ServerOid(oid) };
        let fields = vec![field("zip", SqlType::Varchar, 9, 1043), field("past", past, -1, 16_399)];
        let address = SqlType::Composite(Arc::new(CompositeType { name: "address".to_owned(), fields }));
        types.push(address.clone());
        types.push(SqlType::Array(Arc::new(ArrayType { element: address, element_typmod: Typmod(5), element_oid: ServerOid(16_500) })));
        let column = |(n, ty)| Column { name: format!("c{n}"), ty, typmod: n, nullable: n % 2 == 0 };
        let columns: Vec<Column> = (0..).zip(types).map(column).collect();
        let restored = columns_from_json(&columns_to_json(&columns).unwrap()).unwrap();
        assert!(same_to_the_byte(&restored, &columns), "{restored:?}");
    }
}
