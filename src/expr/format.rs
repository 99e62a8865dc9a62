//! `to_char`, `to_date`, `to_timestamp`, `to_number`: values by a template. Boundary: templates are literals and are read once.

use super::registry::Builtin;

pub(super) const FUNCTIONS: &[Builtin] = &[];
