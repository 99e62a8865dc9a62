//! Time zones by name: `at time zone`. Boundary: the session's own zone is never asked for; what depends on it is refused by `bind`.

use super::registry::Builtin;

pub(super) const FUNCTIONS: &[Builtin] = &[];
