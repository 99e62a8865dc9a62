//! Digests of what in a plan decides what is read of an entity, what is made of it, and what is adopted: by them a later command
//! knows whether stored rows are still those of the plan. Boundary: the texts as written; a blank more is another digest.

use uuid::Uuid;

use super::document::{Document, EntityDocument};
use super::resolve::NewIds;
use super::text::Text;
use crate::expr::{Ast, Functions};

/// A digest of texts: UUIDv5, so SHA-1, of the texts with their lengths between them.
pub(super) fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Uuid {
    let mut all = Vec::new();
    for text in texts {
        all.extend_from_slice(&(text.len() as u64).to_be_bytes());
        all.extend_from_slice(text.as_bytes());
    }
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &all)
}

fn optional(text: Option<&Text>) -> &str {
    text.map_or("", |text| &text.value)
}

/// What decides which rows are read.
pub(super) fn of_extract(entity: &EntityDocument, document: &Document, from: &Text) -> Uuid {
    let keys = entity.key.iter().map(|k| k.value.as_str());
    let with = document.with.iter().flat_map(|w| [w.name.as_str(), w.value.value.as_str()]);
    of_texts(keys.chain([from.value.as_str()]).chain(with))
}

/// What decides what is made of them. Of the functions and code tables only those count that `expressions` use, directly or through
/// functions: a code that is added concerns the entities that look it up, and no others.
pub(super) fn of_transform(
    entity: &EntityDocument,
    document: &Document,
    (target, ids): (&Text, NewIds),
    functions: &Functions,
    expressions: &[&Ast],
) -> Uuid {
    let own = [entity.name.as_str(), target.value.as_str()]
        .into_iter()
        .chain(entity.key.iter().map(|k| k.value.as_str()))
        .chain(entity.columns.iter().flat_map(|c| [c.name.as_str(), c.expr.value.as_str(), optional(c.on_error.as_ref())]))
        .chain(entity.filters.iter().flat_map(|f| [f.name.value.as_str(), f.when.value.as_str()]))
        .chain(entity.merge.iter().flat_map(|m| m.into.iter().chain(&m.by).map(|t| t.value.as_str())))
        .chain(entity.unique.iter().map(|u| u.value.as_str()))
        .chain(entity.controls.iter().flat_map(|c| [c.name.as_str(), optional(c.source.as_ref())]))
        .chain(entity.controls.iter().flat_map(|c| &c.by).flat_map(|g| [optional(g.source.as_ref()), optional(g.plan.as_ref())]));
    let used = functions.used_by(expressions);
    let functions_used = document
        .functions
        .iter()
        .filter(|f| used.contains(&f.name))
        .flat_map(|f| std::iter::once(f.name.as_str()).chain(f.args.iter().map(|a| a.value.as_str())).chain([f.expr.value.as_str()]));
    let tables: Vec<String> = expressions.iter().flat_map(|ast| ast.code_tables(functions)).map(|(table, _)| table).collect();
    let codes = document.codes.iter().filter(|c| tables.contains(&c.name)).flat_map(|c| {
        let pairs = c.entries.iter().flat_map(|e| [e.name.as_str(), e.value.value.as_str()]);
        // Whether there is one counts as well: an empty text is a value.
        let fixed = [&c.on_null, &c.otherwise].map(|t| t.as_ref().map_or(["", ""], |t| ["=", &t.value]));
        std::iter::once(c.name.as_str()).chain(pairs).chain(fixed.into_iter().flatten())
    });
    let namespace = document.namespace.iter().map(|n| n.value.as_str());
    // Plans in which nothing is kept have the digests that they always had.
    let kept = (ids == NewIds::Keep).then_some("keep");
    of_texts(own.chain(functions_used).chain(codes).chain(namespace).chain(kept))
}

/// What decides which rows of the target are adopted.
pub(super) fn of_adopt(entity: &EntityDocument) -> Uuid {
    of_texts(entity.adopt.iter().flat_map(|a| [optional(a.column.as_ref()), optional(a.pairs.as_ref())]))
}
