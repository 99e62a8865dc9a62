//! `citext`, the extension's text without regard to case. Boundary: what it has of its own; everything else it has by its implicit cast to
//! text, which PostgreSQL chooses wherever the other side is a text and no literal.
//!
//! It compares and matches in lower case, character by character, as the C library's locales give it. Its own variants of functions
//! that search are refused: cast it to text to have what text has.

use std::cmp::Ordering;

use super::registry::{Builtin, Ty};
use super::text::lower_char;

const AS_TEXT: &str = "cast it to text, with lower() where case must not count: replace(lower(x::text), …)";

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::refuse("replace", &[Ty::Citext, Ty::Citext, Ty::Citext], Ty::Text, AS_TEXT),
    Builtin::refuse("split_part", &[Ty::Citext, Ty::Citext, Ty::Int4], Ty::Text, AS_TEXT),
    Builtin::refuse("strpos", &[Ty::Citext, Ty::Citext], Ty::Int4, AS_TEXT),
    Builtin::refuse("translate", &[Ty::Citext, Ty::Citext, Ty::Text], Ty::Text, AS_TEXT),
    Builtin::refuse("regexp_match", &[Ty::Citext, Ty::Citext], Ty::TextArray, AS_TEXT),
    Builtin::refuse("regexp_match", &[Ty::Citext, Ty::Citext, Ty::Text], Ty::TextArray, AS_TEXT),
    Builtin::refuse("regexp_replace", &[Ty::Citext, Ty::Citext, Ty::Text], Ty::Text, AS_TEXT),
    Builtin::refuse("regexp_replace", &[Ty::Citext, Ty::Citext, Ty::Text, Ty::Text], Ty::Text, AS_TEXT),
    Builtin::refuse("regexp_split_to_array", &[Ty::Citext, Ty::Citext], Ty::TextArray, AS_TEXT),
    Builtin::refuse("regexp_split_to_array", &[Ty::Citext, Ty::Citext, Ty::Text], Ty::TextArray, AS_TEXT),
];

/// `citextcmp` under the collation "C"; equality under every one.
pub(super) fn order(left: &str, right: &str) -> Ordering {
    let lower = |text: &str| text.chars().map(lower_char).collect::<String>();
    if left == right { Ordering::Equal } else { lower(left).as_bytes().cmp(lower(right).as_bytes()) }
}
