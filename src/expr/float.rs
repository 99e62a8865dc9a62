//! `real` and `double precision`: IEEE arithmetic and PostgreSQL's text forms. Boundary: exact numbers are `numeric.rs`.

use super::registry::Builtin;

pub(super) const FUNCTIONS: &[Builtin] = &[];

pub(super) const OPERATORS: &[Builtin] = &[];
