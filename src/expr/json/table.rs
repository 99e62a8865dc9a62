//! The signatures of the functions and operators of JSON.

use super::super::registry::{Builtin, Ty};
use super::{build, compare, edit, get};

const ROWS: &str = "an expression has one value: spread the rows in the source query";
const RECORD: &str = "build the value from its parts: jsonb_build_object('a', a, 'b', b)";

pub(in crate::expr) const FUNCTIONS: &[Builtin] = &[
    Builtin::typed("to_jsonb", &[Ty::AnyJson], Ty::Jsonb, build::to_jsonb, "the value as jsonb").fails(),
    Builtin::typed("to_json", &[Ty::AnyJson], Ty::Json, build::to_json, "the value as json").fails(),
    Builtin::typed("array_to_json", &[Ty::AnyArray], Ty::Json, build::array_to_json, "an array as json").fails(),
    Builtin::typed("array_to_json", &[Ty::AnyArray, Ty::Bool], Ty::Json, build::array_to_json, "the same, with or without lines").fails(),
    Builtin::typed("jsonb_build_object", &[Ty::AnyJson], Ty::Jsonb, build::build_object, "an object of keys and values in turn")
        .fails()
        .lenient()
        .variadic(),
    Builtin::typed("json_build_object", &[Ty::AnyJson], Ty::Json, build::build_json_object, "an object of keys and values in turn")
        .fails()
        .lenient()
        .variadic(),
    Builtin::typed("jsonb_build_array", &[Ty::AnyJson], Ty::Jsonb, build::build_array, "an array of the values")
        .fails()
        .lenient()
        .variadic(),
    Builtin::typed("json_build_array", &[Ty::AnyJson], Ty::Json, build::build_json_array, "an array of the values")
        .fails()
        .lenient()
        .variadic(),
    Builtin::new("jsonb_object", &[Ty::TextArray], Ty::Jsonb, build::object_of_texts, "an object of keys and values in turn").fails(),
    Builtin::new("jsonb_object", &[Ty::TextArray, Ty::TextArray], Ty::Jsonb, build::object_of_texts, "an object of keys and of values")
        .fails(),
    Builtin::new("json_object", &[Ty::TextArray], Ty::Json, build::json_object_of_texts, "an object of keys and values in turn").fails(),
    Builtin::new("json_object", &[Ty::TextArray, Ty::TextArray], Ty::Json, build::json_object_of_texts, "an object of keys and of values")
        .fails(),
    Builtin::new("jsonb_typeof", &[Ty::Jsonb], Ty::Text, get::type_of, "object, array, string, number, boolean or null"),
    Builtin::new("json_typeof", &[Ty::Json], Ty::Text, get::type_of, "object, array, string, number, boolean or null"),
    Builtin::new("jsonb_array_length", &[Ty::Jsonb], Ty::Int4, get::array_length, "the number of elements").fails(),
    Builtin::new("json_array_length", &[Ty::Json], Ty::Int4, get::array_length, "the number of elements").fails(),
    Builtin::new(
        "jsonb_extract_path",
        &[Ty::Jsonb, Ty::Text],
        Ty::Jsonb,
        |args| get::path(args, false, true, true),
        "the part at a path of keys and indexes",
    )
    .variadic(),
    Builtin::new(
        "jsonb_extract_path_text",
        &[Ty::Jsonb, Ty::Text],
        Ty::Text,
        |args| get::path(args, true, true, true),
        "the part at a path of keys and indexes, as text",
    )
    .variadic(),
    Builtin::new(
        "json_extract_path",
        &[Ty::Json, Ty::Text],
        Ty::Json,
        |args| get::path(args, false, false, true),
        "the part at a path of keys and indexes",
    )
    .fails()
    .variadic(),
    Builtin::new(
        "json_extract_path_text",
        &[Ty::Json, Ty::Text],
        Ty::Text,
        |args| get::path(args, true, false, true),
        "the part at a path of keys and indexes, as text",
    )
    .fails()
    .variadic(),
    Builtin::new("jsonb_set", &[Ty::Jsonb, Ty::TextArray, Ty::Jsonb], Ty::Jsonb, edit::set, "the value with the part at a path set")
        .fails(),
    Builtin::new(
        "jsonb_set",
        &[Ty::Jsonb, Ty::TextArray, Ty::Jsonb, Ty::Bool],
        Ty::Jsonb,
        edit::set,
        "the same, with a missing last step created or not",
    )
    .fails(),
    Builtin::new(
        "jsonb_set_lax",
        &[Ty::Jsonb, Ty::TextArray, Ty::Jsonb],
        Ty::Jsonb,
        edit::set_lax,
        "jsonb_set that says what becomes of NULL: use_json_null, raise_exception, delete_key, return_target",
    )
    .fails()
    .lenient(),
    Builtin::new(
        "jsonb_set_lax",
        &[Ty::Jsonb, Ty::TextArray, Ty::Jsonb, Ty::Bool],
        Ty::Jsonb,
        edit::set_lax,
        "jsonb_set that says what becomes of NULL: use_json_null, raise_exception, delete_key, return_target",
    )
    .fails()
    .lenient(),
    Builtin::new(
        "jsonb_set_lax",
        &[Ty::Jsonb, Ty::TextArray, Ty::Jsonb, Ty::Bool, Ty::Text],
        Ty::Jsonb,
        edit::set_lax,
        "jsonb_set that says what becomes of NULL: use_json_null, raise_exception, delete_key, return_target",
    )
    .fails()
    .lenient(),
    Builtin::new("jsonb_insert", &[Ty::Jsonb, Ty::TextArray, Ty::Jsonb], Ty::Jsonb, edit::insert, "the value with one more before a path")
        .fails(),
    Builtin::new(
        "jsonb_insert",
        &[Ty::Jsonb, Ty::TextArray, Ty::Jsonb, Ty::Bool],
        Ty::Jsonb,
        edit::insert,
        "the same, before the path or behind it",
    )
    .fails(),
    Builtin::new("jsonb_strip_nulls", &[Ty::Jsonb], Ty::Jsonb, edit::strip_nulls, "the value without members that are null").fails(),
    Builtin::new("json_strip_nulls", &[Ty::Json], Ty::Json, edit::json_strip_nulls, "the value without members that are null").fails(),
    Builtin::new("jsonb_pretty", &[Ty::Jsonb], Ty::Text, edit::pretty, "the value on several lines").fails(),
    Builtin::refuse("row_to_json", &[Ty::Any], Ty::Json, RECORD),
    Builtin::refuse("row_to_json", &[Ty::Any, Ty::Bool], Ty::Json, RECORD),
    Builtin::refuse("jsonb_object_keys", &[Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_each", &[Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_each_text", &[Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_array_elements", &[Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_array_elements_text", &[Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_to_record", &[Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_to_recordset", &[Ty::Jsonb], Ty::Jsonb, ROWS),
    Builtin::refuse("jsonb_populate_record", &[Ty::Any, Ty::Jsonb], Ty::Any, RECORD),
    Builtin::refuse("jsonb_populate_recordset", &[Ty::Any, Ty::Jsonb], Ty::Any, RECORD),
    Builtin::refuse("json_object_keys", &[Ty::Json], Ty::Json, ROWS),
    Builtin::refuse("json_each", &[Ty::Json], Ty::Json, ROWS),
    Builtin::refuse("json_each_text", &[Ty::Json], Ty::Json, ROWS),
    Builtin::refuse("json_array_elements", &[Ty::Json], Ty::Json, ROWS),
    Builtin::refuse("json_array_elements_text", &[Ty::Json], Ty::Json, ROWS),
    Builtin::refuse("json_to_record", &[Ty::Json], Ty::Json, ROWS),
    Builtin::refuse("json_to_recordset", &[Ty::Json], Ty::Json, ROWS),
    Builtin::refuse("json_populate_record", &[Ty::Any, Ty::Json], Ty::Any, RECORD),
    Builtin::refuse("json_populate_recordset", &[Ty::Any, Ty::Json], Ty::Any, RECORD),
];

pub(in crate::expr) const OPERATORS: &[Builtin] = &[
    Builtin::new("->", &[Ty::Jsonb, Ty::Text], Ty::Jsonb, |a| get::field(a, false), ""),
    Builtin::new("->", &[Ty::Jsonb, Ty::Int4], Ty::Jsonb, |a| get::element(a, false), ""),
    Builtin::new("->>", &[Ty::Jsonb, Ty::Text], Ty::Text, |a| get::field(a, true), ""),
    Builtin::new("->>", &[Ty::Jsonb, Ty::Int4], Ty::Text, |a| get::element(a, true), ""),
    Builtin::new("->", &[Ty::Json, Ty::Text], Ty::Json, |a| get::json_field(a, false), "").fails(),
    Builtin::new("->", &[Ty::Json, Ty::Int4], Ty::Json, |a| get::json_element(a, false), "").fails(),
    Builtin::new("->>", &[Ty::Json, Ty::Text], Ty::Text, |a| get::json_field(a, true), "").fails(),
    Builtin::new("->>", &[Ty::Json, Ty::Int4], Ty::Text, |a| get::json_element(a, true), "").fails(),
    Builtin::new("#>", &[Ty::Jsonb, Ty::TextArray], Ty::Jsonb, |a| get::path(a, false, true, false), ""),
    Builtin::new("#>>", &[Ty::Jsonb, Ty::TextArray], Ty::Text, |a| get::path(a, true, true, false), ""),
    Builtin::new("#>", &[Ty::Json, Ty::TextArray], Ty::Json, |a| get::path(a, false, false, false), "").fails(),
    Builtin::new("#>>", &[Ty::Json, Ty::TextArray], Ty::Text, |a| get::path(a, true, false, false), "").fails(),
    Builtin::new("@>", &[Ty::Jsonb, Ty::Jsonb], Ty::Bool, compare::contains, "").fails(),
    Builtin::new("<@", &[Ty::Jsonb, Ty::Jsonb], Ty::Bool, compare::contained, "").fails(),
    Builtin::new("?", &[Ty::Jsonb, Ty::Text], Ty::Bool, compare::exists, ""),
    Builtin::new("?|", &[Ty::Jsonb, Ty::TextArray], Ty::Bool, compare::exists_any, ""),
    Builtin::new("?&", &[Ty::Jsonb, Ty::TextArray], Ty::Bool, compare::exists_all, ""),
    Builtin::new("||", &[Ty::Jsonb, Ty::Jsonb], Ty::Jsonb, edit::concat, "").fails(),
    Builtin::new("-", &[Ty::Jsonb, Ty::Text], Ty::Jsonb, edit::delete_key, "").fails(),
    Builtin::new("-", &[Ty::Jsonb, Ty::Int4], Ty::Jsonb, edit::delete_index, "").fails(),
    Builtin::new("-", &[Ty::Jsonb, Ty::TextArray], Ty::Jsonb, edit::delete_keys, "").fails(),
    Builtin::new("#-", &[Ty::Jsonb, Ty::TextArray], Ty::Jsonb, edit::delete_path, "").fails(),
];
