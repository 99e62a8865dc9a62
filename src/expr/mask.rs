//! Rehearsal data: deterministic stand-ins for personal values. Boundary: ours alone, PostgreSQL has no such functions.

use super::registry::Builtin;

pub(super) const FUNCTIONS: &[Builtin] = &[];
