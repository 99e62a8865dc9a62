//! `bytea`: encodings, hashes, and text of other encodings. Boundary: no text functions, those are `text.rs`.

use super::registry::Builtin;

pub(super) const FUNCTIONS: &[Builtin] = &[];

pub(super) const OPERATORS: &[Builtin] = &[];
