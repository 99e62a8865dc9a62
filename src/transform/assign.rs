//! Assignment: from a value to the bytes of its target column. PostgreSQL's assignment casts, except that what they would
//! cut, round or pad away is refused: a value that the column cannot hold exactly is a reject with a reason.
//!
//! What is written is what the server will hold, to the byte (scale of numerics, padding of `char(n)`), so that reading the
//! target back and comparing bytes is a proof.

use std::borrow::Cow;

use super::limit::{Misfit, Shape};
use crate::plan::CompiledColumn;
use crate::row::{Column, Reject, SqlType, TupleWriter, Value, decode, encode, reason};

/// How the values of one target column are written.
#[derive(Debug)]
pub(super) struct Assignment {
    column: Column,
    shape: Shape,
    /// The source column whose bytes are taken as they are, where source and target type are the same.
    raw: Option<usize>,
}

impl Assignment {
    pub(super) fn new(compiled: &CompiledColumn, source: &[Column]) -> Self {
        let same = |from: &SqlType, to: &SqlType| match (from, to) {
            (SqlType::Text | SqlType::Varchar | SqlType::Citext, SqlType::Text | SqlType::Varchar | SqlType::Citext) => true,
            (SqlType::Bpchar | SqlType::Enum(_), _) => false,
            (from, to) => from == to,
        };
        let raw = compiled.expr.as_column().filter(|at| same(&source[*at].ty, &compiled.column.ty));
        Self { column: compiled.column.clone(), shape: Shape::new(&compiled.column.ty, compiled.column.typmod), raw }
    }

    /// The source column to hand to [`Self::write_raw`] in place of evaluating the expression.
    pub(super) fn raw(&self) -> Option<usize> {
        self.raw
    }

    /// Whether NULL is refused.
    pub(super) fn mandatory(&self) -> bool {
        !self.column.nullable
    }

    pub(super) fn name(&self) -> &str {
        &self.column.name
    }

    /// Writes a field whose bytes come from the source.
    pub(super) fn write_raw(&self, field: Option<&[u8]>, out: &mut TupleWriter) -> Result<(), Reject> {
        let Some(bytes) = field else { return self.write_null(out) };
        if self.shape.holds_as_is(bytes) {
            out.field(bytes);
            return Ok(());
        }
        let value = decode(&self.column.ty, bytes).map_err(|error| self.reject(&Misfit::malformed(&error.to_string())))?;
        self.write(&value, out)
    }

    /// Writes an evaluated value.
    pub(super) fn write(&self, value: &Value<'_>, out: &mut TupleWriter) -> Result<(), Reject> {
        if value.is_null() {
            return self.write_null(out);
        }
        let value = self.shape.fit(value).map_err(|misfit| self.reject(&misfit))?;
        let mut encoded = Ok(());
        out.field_with(|bytes| encoded = encode(&value, &self.column.ty, bytes));
        encoded.map_err(|error| self.reject(&Misfit::malformed(&error.to_string())))
    }

    fn write_null(&self, out: &mut TupleWriter) -> Result<(), Reject> {
        if self.mandatory() {
            let message = " is NOT NULL and the value is NULL".to_owned();
            return Err(self.reject(&Misfit { code: reason::NULL_MANDATORY, sqlstate: "23502", message }));
        }
        out.null();
        Ok(())
    }

    fn reject(&self, misfit: &Misfit) -> Reject {
        Reject {
            code: Cow::Borrowed(misfit.code),
            column: Some(self.column.name.clone()),
            sqlstate: Some(Cow::Borrowed(misfit.sqlstate)),
            message: format!("{}{}", self.name(), misfit.message),
        }
    }
}
