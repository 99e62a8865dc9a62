//! The signatures of the functions and operators of arrays, and which types they are refused for.

use super::super::bind::Binder;
use super::super::registry::{Builtin, Ty};
use super::{Conversion, append, cat, functions, prepend, search};
use crate::row::SqlType;

const ROWS: &str = "an expression has one value: spread the array in the source query";

pub(in crate::expr) const FUNCTIONS: &[Builtin] = &[
    Builtin::new(
        "array_length",
        &[Ty::AnyArray, Ty::Int4],
        Ty::Int4,
        functions::length,
        "the length of a dimension; NULL where there is none",
    ),
    Builtin::new("array_lower", &[Ty::AnyArray, Ty::Int4], Ty::Int4, functions::lower, "the first index of a dimension"),
    Builtin::new("array_upper", &[Ty::AnyArray, Ty::Int4], Ty::Int4, functions::upper, "the last index of a dimension"),
    Builtin::new("array_ndims", &[Ty::AnyArray], Ty::Int4, functions::ndims, "the number of dimensions; NULL for an empty array"),
    Builtin::new("array_dims", &[Ty::AnyArray], Ty::Text, functions::dims, "the bounds of all dimensions, as in [1:2][0:3]"),
    Builtin::new("cardinality", &[Ty::AnyArray], Ty::Int4, functions::cardinality, "the number of elements in all dimensions").fails(),
    Builtin::typed("array_append", &[Ty::AnyArray, Ty::AnyElement], Ty::AnyArray, append, "one more element at the end").lenient().fails(),
    Builtin::typed("array_prepend", &[Ty::AnyElement, Ty::AnyArray], Ty::AnyArray, prepend, "one more element at the beginning")
        .lenient()
        .fails(),
    Builtin::typed("array_cat", &[Ty::AnyArray, Ty::AnyArray], Ty::AnyArray, cat, "two arrays, one behind the other").lenient().fails(),
    Builtin::typed("array_position", &[Ty::AnyArray, Ty::AnyElement], Ty::Int4, search::position, "the first index of a value")
        .lenient()
        .fails(),
    Builtin::typed(
        "array_position",
        &[Ty::AnyArray, Ty::AnyElement, Ty::Int4],
        Ty::Int4,
        search::position,
        "the first index of a value, from an index on",
    )
    .lenient()
    .fails(),
    Builtin::typed("array_positions", &[Ty::AnyArray, Ty::AnyElement], Ty::Int4Array, search::positions, "all indexes of a value")
        .lenient()
        .fails(),
    Builtin::typed("array_remove", &[Ty::AnyArray, Ty::AnyElement], Ty::AnyArray, search::remove, "the array without a value")
        .lenient()
        .fails(),
    Builtin::typed(
        "array_replace",
        &[Ty::AnyArray, Ty::AnyElement, Ty::AnyElement],
        Ty::AnyArray,
        search::replace,
        "the array with one value in the place of another",
    )
    .lenient()
    .fails(),
    Builtin::typed("array_to_string", &[Ty::AnyArray, Ty::Text], Ty::Text, functions::to_string, "the elements with a text between them")
        .fails(),
    Builtin::typed(
        "array_to_string",
        &[Ty::AnyArray, Ty::Text, Ty::Text],
        Ty::Text,
        functions::to_string,
        "the same, with a text for NULL",
    )
    .lenient()
    .fails(),
    Builtin::new("string_to_array", &[Ty::Text, Ty::Text], Ty::TextArray, functions::from_string, "the parts between separators")
        .lenient()
        .fails(),
    Builtin::new(
        "string_to_array",
        &[Ty::Text, Ty::Text, Ty::Text],
        Ty::TextArray,
        functions::from_string,
        "the same; a part that is the third text is NULL",
    )
    .lenient()
    .fails(),
    Builtin::typed("array_fill", &[Ty::AnyElement, Ty::Int4Array], Ty::AnyArray, functions::fill, "an array of one value in these lengths")
        .lenient()
        .fails(),
    Builtin::typed(
        "array_fill",
        &[Ty::AnyElement, Ty::Int4Array, Ty::Int4Array],
        Ty::AnyArray,
        functions::fill,
        "the same, with the first indexes",
    )
    .lenient()
    .fails(),
    Builtin::typed("trim_array", &[Ty::AnyArray, Ty::Int4], Ty::AnyArray, functions::trim, "the array without its last n elements").fails(),
    Builtin::typed(
        "width_bucket",
        &[Ty::AnyElement, Ty::AnyArray],
        Ty::Int4,
        search::bucket,
        "the number of the bucket a value falls into, given the lower bounds",
    )
    .fails(),
    Builtin::refuse("unnest", &[Ty::AnyArray], Ty::AnyElement, ROWS),
    Builtin::refuse("generate_subscripts", &[Ty::AnyArray, Ty::Int4], Ty::Int4, ROWS),
    Builtin::refuse("generate_subscripts", &[Ty::AnyArray, Ty::Int4, Ty::Bool], Ty::Int4, ROWS),
];

pub(in crate::expr) const OPERATORS: &[Builtin] = &[
    Builtin::typed("@>", &[Ty::AnyArray, Ty::AnyArray], Ty::Bool, search::contains, ""),
    Builtin::typed("<@", &[Ty::AnyArray, Ty::AnyArray], Ty::Bool, search::contained, ""),
    Builtin::typed("&&", &[Ty::AnyArray, Ty::AnyArray], Ty::Bool, search::overlap, ""),
];

/// `array || element`; which of the three is meant is decided in `collection.rs`.
pub(in crate::expr) static APPEND: Builtin =
    Builtin::typed("||", &[Ty::AnyArray, Ty::AnyElement], Ty::AnyArray, append, "").lenient().fails();
/// `element || array`
pub(in crate::expr) static PREPEND: Builtin =
    Builtin::typed("||", &[Ty::AnyElement, Ty::AnyArray], Ty::AnyArray, prepend, "").lenient().fails();
/// `array || array`
pub(in crate::expr) static CAT: Builtin = Builtin::typed("||", &[Ty::AnyArray, Ty::AnyArray], Ty::AnyArray, cat, "").lenient().fails();

/// Why a call is refused though its signature fits: PostgreSQL would refuse it, or elements have no text or no order here.
pub(in crate::expr) fn misuse(builtin: &Builtin, args: &[Option<&SqlType>], element: Option<&SqlType>) -> Option<String> {
    let exact = matches!(builtin.name, "@>" | "<@" | "&&") && builtin.args.contains(&Ty::AnyArray);
    let concrete = exact
        || matches!(
            builtin.name,
            "array_length"
                | "array_lower"
                | "array_upper"
                | "array_ndims"
                | "array_dims"
                | "cardinality"
                | "array_to_string"
                | "trim_array"
                | "array_fill"
                | "to_json"
                | "to_jsonb"
                | "array_to_json"
        );
    let polymorphic = |ty: &Ty| matches!(ty, Ty::AnyArray | Ty::AnyElement | Ty::AnyJson);
    let untyped = |(ty, arg): (&Ty, Option<&SqlType>)| polymorphic(ty) && arg.is_none();
    if concrete && !exact && builtin.args.iter().zip(args.iter().copied()).any(untyped) {
        return Some("the type of the argument must be known".to_owned());
    }
    if exact
        && let [Some(left), Some(right)] = args
        && left != right
    {
        return Some(format!("there is no {left} {} {right}", builtin.name));
    }
    let element = element?;
    let compared = exact
        || matches!(builtin.name, "array_position" | "array_positions" | "array_remove" | "array_replace" | "width_bucket" if builtin.args.contains(&Ty::AnyArray));
    if compared {
        let Some(by) = Binder::comparator(element) else { return Some(format!("values of type {element} are not compared here")) };
        if builtin.name == "width_bucket" && by.is_collated() {
            return Some("the order of text depends on the collation of the database".to_owned());
        }
    }
    if builtin.name == "array_to_json" && !crate::expr::json::has_form(element) {
        return Some(format!("the JSON form of {element} is not supported"));
    }
    if builtin.name == "array_to_string" && Conversion::output(element).is_none() {
        return Some(format!("the text form of {element} is not supported"));
    }
    None
}
