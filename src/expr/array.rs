//! Arrays: `array[…]`, subscripts, `any` and `all`, and the functions of arrays. Boundary: elements are decoded by their type only
//! where a function looks at them; framing is `row::Array`'s.

use super::registry::Builtin;

pub(super) const FUNCTIONS: &[Builtin] = &[];

pub(super) const OPERATORS: &[Builtin] = &[];
