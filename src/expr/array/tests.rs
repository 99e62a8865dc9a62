//! What the server cannot be asked about: refusals, the printed form, and input that is made up. Values are compared with a server in
//! `tests/oracle`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Expr, Functions, Scope, bind, parse};
use crate::row::{Column, SqlType};

fn bound(text: &str) -> Result<Expr, String> {
    let column = |name: &str, ty| Column { name: name.into(), ty, typmod: -1, nullable: true };
    let columns = [
        column("ia", SqlType::Int4.array()),
        column("la", SqlType::Int8.array()),
        column("ta", SqlType::Text.array()),
        column("va", SqlType::Varchar.array()),
        column("za", SqlType::TimestampTz.array()),
        column("i", SqlType::Int4),
        column("t", SqlType::Text),
        column("j", SqlType::Jsonb),
        column("s", SqlType::Json),
        column("z", SqlType::TimestampTz),
    ];
    let (functions, codes) = (Functions::new(), BTreeMap::new());
    let scope =
        Scope { columns: &columns, functions: &functions, codes: &codes, entities: &|_| None, entity_names: &[], new_id: &SqlType::Uuid };
    let ast = parse(text).map_err(|mistake| mistake.to_string())?;
    bind(&ast, &scope, None).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// Each of them is an error there, too.
const WRONG: &[&str] = &[
    "ia = la",
    "ta = va",
    "ia @> la",
    "ia && la",
    "ia in (la)",
    "array[1, 'x']",
    "array[1, true]",
    "array[]",
    "array[ia, 1]",
    "array[[1], 2]",
    "array_length('{1}', 1)",
    "cardinality(null)",
    "array_fill('x', array[1])",
    "array_to_string('{1}', ',')",
    "array_append(ia, 'x')",
    "array_append(ia, true)",
    "ia || 'x'",
    "ia || true",
    "ia[true]",
    "i[1]",
    "ia[1][1][1][1][1][1][1]",
    "array[1, 2][1]",
    "j[1:2]",
    "j[1.5]",
    "i = any (i)",
    "i = any ('{x}')",
    "t = any (ia)",
    "i + any (ia)",
    "(i, t) = (1, 'a', 2)",
    "(i, t) = 1",
    "(i, t) < (t, i)",
    "row(i, t) in (1, 2)",
    "s = s",
    "s @> s",
    "s ? 'a'",
    "s || s",
    "j @> t",
    "j - 1.5",
    "to_jsonb('x')",
    "jsonb_set(j, '{a}', 1)",
    "s::int",
    "jsonb_path_exists(j, t)",
    "jsonb_path_exists(j, '$.')",
    "j @? '@.a'",
    "j @@ '$[last] == last'",
    "jsonb_object(ia)",
    "width_bucket(i, ta)",
];

/// What PostgreSQL has and is refused here, by its name.
const REFUSED: &[(&str, &str)] = &[
    ("ta < ta", "collation"),
    ("width_bucket(t, ta)", "collation"),
    ("za::text", "timestamp"),
    ("array_to_string(za, ',')", "timestamp"),
    ("to_jsonb(z)", "timestamp"),
    ("jsonb_build_array(za)", "timestamp"),
    ("unnest(ia)", "unnest"),
    ("generate_subscripts(ia, 1)", "generate_subscripts"),
    ("jsonb_each(j)", "jsonb_each"),
    ("jsonb_array_elements_text(j)", "jsonb_array_elements_text"),
    ("json_object_keys(s)", "json_object_keys"),
    ("jsonb_path_query(j, '$')", "jsonb_path_query"),
    ("j @? 'strict $.a'", "strict"),
    ("j @? '$.**.a'", "**"),
    ("j @? '$.a.size() > 1'", "methods"),
    ("j @? '$.a ? (@ like_regex \"x\")'", "not supported"),
    ("j @? '$.a + 1 == 2'", "not supported"),
    ("j @? '$x'", "variables"),
    ("(ia[1:2])[1]", "parentheses"),
];

#[test]
fn what_postgresql_refuses_is_refused() {
    for text in WRONG {
        assert!(bound(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_refused_is_named() {
    for (text, word) in REFUSED {
        let why = bound(text).err().unwrap_or_default();
        assert!(why.contains(word), "{text}: {why}");
    }
}

#[test]
fn arrays_and_rows_are_printed_as_sql() {
    for (text, sql) in [
        ("array[i, 2]", "array[i, 2]"),
        ("ia[1][i]", "(ia)[1][i]"),
        ("ia[2:]", "(ia)[2:2147483647]"),
        ("ia::bigint[]", "cast(ia as bigint[])"),
        ("ia::text", "cast(ia as text)"),
        ("'{1,2}'::int[]", "cast('{1,2}' as integer[])"),
        ("i = any (ia)", "(i = any (ia))"),
        ("'a' <> all (ta)", "('a' <> all (ta))"),
        ("(i, t) = (1, 'a')", "((i = 1) and (t = 'a'))"),
        ("(i, 1) < (1, i)", "(row(i, 1) < row(1, i))"),
        ("ia || i", "(ia || i)"),
        ("j['a'][1]", "(j)['a'][cast(1 as text)]"),
    ] {
        assert_eq!(bound(text).map(|expr| expr.to_sql()), Ok(sql.to_owned()), "{text}");
    }
}

proptest! {
    /// Nothing that looks like an array makes the reader panic, and what it reads is consistent.
    #[test]
    fn made_up_literals_are_read_or_refused(text in "[-{},\"\\\\ \\[\\]:=0-3aN\u{e9}]{0,24}") {
        if let Ok(written) = super::text::read(&text) {
            prop_assert_eq!(super::checked_dimensions(&written.dimensions), Ok(written.elements.len()));
        }
    }

    #[test]
    fn made_up_paths_are_read_or_refused(text in "[$@.*\\[\\]?()a0-2=!<>&|\"\\\\ \u{e9}]{0,24}") {
        let _ = bound(&format!("j @? '{text}'"));
    }
}
