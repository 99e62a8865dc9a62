//! `interval`, `time` and `timetz`: arithmetic, parts, text forms. Boundary: dates and timestamps are `datetime.rs`, zones `zone.rs`.

use super::registry::Builtin;

pub(super) const FUNCTIONS: &[Builtin] = &[];

pub(super) const OPERATORS: &[Builtin] = &[];
