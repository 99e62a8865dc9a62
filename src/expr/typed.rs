//! The typed tree. Boundary: evaluation only; what a function does is in the file of its family.

use super::context::{Context, EvalError, Reference};
use crate::row::{SqlType, Value};

/// A bound expression: every name resolved, every cast explicit.
#[derive(Debug)]
pub struct Expr {
    pub(super) ty: SqlType,
    pub(super) columns: Vec<usize>,
    pub(super) references: Vec<Reference>,
}

impl Expr {
    /// The type of its values.
    pub fn ty(&self) -> &SqlType {
        &self.ty
    }

    /// Whether evaluation can end in anything but a value.
    pub fn fallible(&self) -> bool {
        true
    }

    /// The source columns that it reads, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The source column that it is, where it is nothing else: its field bytes can pass through untouched.
    pub fn as_column(&self) -> Option<usize> {
        None
    }

    /// Whether it is `new_id()` and nothing else.
    pub fn is_new_id(&self) -> bool {
        false
    }

    /// The references that it resolves.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The expression as SQL, casts made explicit.
    pub fn to_sql(&self) -> String {
        String::new()
    }

    /// Its value for the row of `ctx`.
    pub fn eval<'r, C: Context<'r>>(&'r self, ctx: &mut C) -> Result<Value<'r>, EvalError> {
        let _ = ctx;
        Err(EvalError::sql("0A000", "not compiled yet"))
    }
}
