//! Names and types. Boundary: from the untyped tree to the typed one; every mistake becomes a diagnostic.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Ast;
use super::code_table::CodeTable;
use super::diagnostic::Diagnostic;
use super::functions::Functions;
use super::typed::Expr;
use crate::row::{Column, KeyKind, SqlType};

/// How rows of an entity are called: what `ref` needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityKey {
    /// The entity's number, handed back in [`super::Reference`].
    pub index: usize,
    /// The kind of each column of its legacy key. One whole-number column makes a whole-number key; everything else is text.
    pub key: Vec<KeyKind>,
}

/// The names that an expression can use.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The columns of the source query.
    pub columns: &'a [Column],
    /// The plan's functions.
    pub functions: &'a Functions,
    /// The plan's code tables, by name.
    pub codes: &'a BTreeMap<String, Arc<CodeTable>>,
    /// The entities that `ref` can name.
    pub entities: &'a dyn Fn(&str) -> Option<EntityKey>,
    /// All their names, for suggestions.
    pub entity_names: &'a [String],
}

/// Resolves names and types. `expected` is the type of the target column: literals of no type of their own take it on, and values whose
/// type has an assignment cast to it are cast.
pub fn bind(ast: &Ast, scope: &Scope, expected: Option<&SqlType>) -> Result<Expr, Vec<Diagnostic>> {
    let _ = (ast, scope, expected);
    Err(vec![Diagnostic::new(super::codes::UNSUPPORTED, 0..0, "not yet")])
}
