//! JSON in both types: parts, paths, containment, edits, construction.

use std::fmt::Write as _;

use super::Family;

/// The family.
pub fn family() -> Family {
    let expressions = EXPRESSIONS.iter().map(|text| (*text).to_owned()).chain(generated()).collect();
    Family { name: "jsons", setup: format!("{SETUP}{}", rows()), expressions }
}

const SETUP: &str = r"
create type mood as enum ('sad', 'ok', 'happy');
create table cases (id int primary key, j jsonb, j2 jsonb, s json, p text[], k text, x int, i int, l bigint, n numeric, b bool, t text, c char(4),
  d date, ts timestamp, u uuid, m mood, ia int[], ta text[], na numeric[], ja jsonb[]);
";

const JSONS: &[&str] = &[
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "1.50",
    "1.5",
    "-0.0",
    "1e20",
    "12345678901234567890123456789012345678901234567890.123",
    r#""""#,
    r#""a""#,
    r#""é😀\n\"""#,
    r#"{"a": 1}"#,
    r#"{"a": 1.0}"#,
    r#"{"a": null, "b": [1, 2, {"c": null, "d": "x"}]}"#,
    r#"{"b": 2, "a": 1, "aa": {"a": {"a": {}}}}"#,
    "[1, 2, 3]",
    "[1, 2, 3, 1.0, \"a\"]",
    "[[1, 2], [3], []]",
    r#"[{"a": 1}, {"a": 2, "b": "a"}, null, true]"#,
    r#"{"a": [], "b": {}}"#,
    "[null, null]",
    "[\"a\", \"b\", \"a\", \"c\"]",
    r#"{"0": "zero", "-1": "minus", "": "empty", "é": "ü"}"#,
    r#"{"a": {"b": {"c": "foo"}}}"#,
    "32768",
    "2147483648.4",
    "9223372036854775808",
    "[1]",
    "[[1]]",
    "[\"1\"]",
    r#"{"a": "a\\b\u0001"}"#,
    "[[[[[[[[[[]]]]]]]]]]",
    "9999999",
    "-1",
    r#"{"a": {"b": [1, 2, 3]}, "b": "1"}"#,
];
const TEXTS: &[&str] = &[
    r#" { "a" : 1 , "a" : 2 , "b":[ 1 ,2 ] } "#,
    "[1,2 , 3]",
    " null ",
    r#"{"a": {"b": 1}, "a": {"c": 2}, "b": [[1], [2, 3], [4, 5, 6]]}"#,
    " \"x\" ",
    r#"{"a":"\u00e9\ud83d\ude00","b":"\/"}"#,
    r#"{"a":"\u0000"}"#,
    r#"{"a":"\ud800"}"#,
    r#"["\ude00", 1]"#,
    r#"{"\u0061":1}"#,
    "{ }",
    "[ ]",
    "1e3",
    "[[1, 2],\n[3]]",
    r#"{"a":{"b":null},"c":[null,{"d":null}]}"#,
    "true",
    "\t[null, true]\n",
    "1.50",
];
const PATHS: &[&str] = &[
    "{}",
    "{a}",
    "{b}",
    "{a,b}",
    "{a,b,c}",
    "{b,2}",
    "{b,2,c}",
    "{0}",
    "{1,a}",
    "{-1}",
    "{-100}",
    "{100}",
    "{a,a,a}",
    "{aa,a,a}",
    "{NULL}",
    "{a,NULL}",
    "{\"\"}",
    "{é}",
    "{\" 1\"}",
    "{+1}",
    "{1x}",
    "{0,0}",
    "{a,b,1}",
    "{{a,b}}",
    "{99999999999}",
    "{-2147483648}",
    "{z}",
    "{z,y}",
    "{b,-1}",
    "{1,-1}",
];

/// Paths of SQL/JSON.
const PATH_TEXTS: &[&str] = &[
    "$",
    "lax $.a",
    "$.a.b",
    "$ . \"a\" . \"b\" . c",
    "$.*",
    "$.*.*",
    "$[*]",
    "$[*][*]",
    "$[*].a",
    "$[0]",
    "$[-1]",
    "$[last]",
    "$[last - 1]",
    "$[1 to 2]",
    "$[0, last]",
    "$[2 to 1]",
    "$[0 to last]",
    "$[100]",
    "$.b[*].c",
    "$.b[last].d",
    "$[0].a[0]",
    "$.\"é\"",
    "$.\"\"",
    "$.a == 1",
    "$ == 1.5",
    "$ != 1",
    "$ <> null",
    "$ == null",
    "$[*] == 1",
    "$[*] > 1",
    "$[*] >= \"a\"",
    "$.* < 2",
    "$ == \"é😀\\n\\\"\"",
    "1 == 1",
    "$.a == $.b",
    "$.b[*] == $.b[*]",
    "$ == true",
    "$ < true",
    "$ == -1",
    "$.a ? (@ == 1)",
    "$[*] ? (@ > 1)",
    "$ ? (@.a == 1)",
    "$[*] ? (@.a >= 1 && @.a < 2)",
    "$[*] ? (@.a == 1 || @.b == \"a\")",
    "$[*] ? (!(@ == 1))",
    "$ ? (exists(@.a))",
    "$ ? (exists(@.b[*].c))",
    "$ ? (!exists(@.a))",
    "$[*] ? ((@ > 1) is unknown)",
    "$.* ? (@ starts with \"x\")",
    "$[*] ? (@ starts with \"a\")",
    "$ starts with \"a\"",
    "exists($.a)",
    "!exists($.a) || $.a == 1",
    "($.a == 1) is unknown",
    "$.a == 1 && $.b == 2 || $.c == 3",
    "$.a ? (@.b ? (@.c == \"foo\").c == \"foo\")",
    "$.b ? (@ == $.b)",
    "$.a.b[1 to last] ? (@ > 2)",
    "$ ? (@[*] == 2)",
    "$[*] ? (@ == null)",
    "$.type",
    "$.last",
];

fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn rows() -> String {
    let pick = |values: &[&str], row: usize| {
        if row > values.len() && row.is_multiple_of(11) { "null".to_owned() } else { literal(values[row % values.len()]) }
    };
    let shifted = |values: &[&str], row: usize| pick(values, row * 5 + row / values.len());
    let mut sql = String::from("insert into cases values ");
    for row in 0..JSONS.len() * 4 {
        let fields = [
            pick(JSONS, row),
            shifted(JSONS, row),
            pick(TEXTS, row),
            pick(PATHS, row),
            pick(&["a", "b", "", "é", "0", "-1", "zz", "1", "aa"], row),
            shifted(&["0", "1", "-1", "2", "100", "-100", "2147483647", "-2147483648"], row),
            pick(&["0", "-1", "2147483647"], row),
            pick(&["0", "-9223372036854775808"], row),
            pick(&["0", "1.50", "NaN", "Infinity", "-1e-20", "1e40"], row),
            pick(&["t", "f"], row),
            pick(&["", "a", "é\"\\", "\u{1}\u{7f}😀", "a\nb", "</script>"], row),
            pick(&["a", "é", "abcd"], row),
            pick(&["2020-01-01", "infinity", "-infinity", "0044-03-15 BC", "12345-01-02"], row),
            pick(&["2020-01-01 00:00:00", "2020-01-01 01:02:03.400000", "infinity", "-infinity", "0044-03-15 01:02:03 BC"], row),
            pick(&["8447d4f1-aa3b-5f07-bf14-2a147ec9e837"], row),
            pick(&["sad", "ok"], row),
            pick(&["{}", "{1,NULL}", "{{1,2},{3,4}}", "[0:1]={5,6}", "{{{1},{2}}}"], row),
            pick(&["{}", "{a,b}", "{a,NULL}", "{NULL,a}", "{\"q\\\"\",é,x}", "{{a,b},{c,d}}", "{{a,b,c}}", "{a,1,a,2}", "{{{a,b}}}"], row),
            pick(&["{}", "{NaN,1.0}", "{Infinity}"], row),
            pick(&["{}", r#"{"{\"a\": 1}",NULL}"#], row),
        ];
        let _ = write!(sql, "{}({row}, {})", if row == 0 { "" } else { ", " }, fields.join(", "));
    }
    sql
}

fn generated() -> Vec<String> {
    let mut all = Vec::new();
    for json in ["j", "s"] {
        for operator in ["->", "->>"] {
            all.extend(["k", "x", "'a'", "'b'", "0", "1", "-1", "null::text", "null::int"].map(|key| format!("{json} {operator} {key}")));
        }
        for operator in ["#>", "#>>"] {
            all.push(format!("{json} {operator} p"));
            all.extend(["{}", "{a}", "{a,b}", "{b,0}", "{b,2,c}", "{1}", "{-1}"].map(|path| format!("{json} {operator} '{path}'")));
        }
        let prefix = if json == "j" { "jsonb" } else { "json" };
        for name in ["typeof", "array_length", "strip_nulls"] {
            all.push(format!("{prefix}_{name}({json})"));
        }
        for name in ["extract_path", "extract_path_text"] {
            all.push(format!("{prefix}_{name}({json}, 'a')"));
            all.push(format!("{prefix}_{name}({json}, k, 'b', x::text)"));
            all.push(format!("{prefix}_{name}({json}, 'b', '0')"));
        }
        all.push(format!("{prefix}_object(ta)"));
        all.push(format!("{prefix}_object(ta, ta)"));
        all.push(format!("{prefix}_object(ta, '{{1,2}}')"));
        all.push(format!("{prefix}_object('{{a,1,b,2}}')"));
        for value in ["i", "l", "n", "b", "t", "c", "d", "ts", "u", "m", "ia", "ta", "na", "ja", "j", "s", "t::varchar", "1.50", "true"] {
            all.push(format!("to_{prefix}({value})"));
            all.push(format!("{prefix}_build_array({value}, null, {value})"));
            all.push(format!("{prefix}_build_object('k', {value})"));
            all.push(format!("{prefix}_build_object({value}, 1)"));
        }
        all.push(format!("{prefix}_build_object('b', 1, 'a', 'x', 'b', j, 'aa', null)"));
        all.push(format!("{prefix}_build_object(k, t, t, k)"));
        all.push(format!("{prefix}_build_object()"));
        all.push(format!("{prefix}_build_array()"));
        all.push(format!("{prefix}_build_array(1, 'two', 3.0, {prefix}_build_object('a', ia))"));
    }
    for operator in ["=", "<>", "@>", "<@", "||", "is distinct from", "is not distinct from"] {
        all.extend(
            ["j2", "j", "'1'", "'[]'", "'{}'", "'[1]'", r#"'"a"'"#, r#"'{"a": 1}'"#, "null"].map(|json| format!("j {operator} {json}")),
        );
        all.push(format!("'[1, 2]' {operator} j"));
        all.push(format!("(j -> 'a') {operator} (j2 -> 'a')"));
    }
    for operator in ["<", "<=", ">", ">="] {
        all.push(format!("j {operator} j2 /* iso */"));
        all.push(format!("j {operator} '1.5' /* iso */"));
        all.push(format!("j {operator} '[]' /* iso */"));
    }
    for new in ["j2", "'9'", "null"] {
        for name in ["jsonb_set", "jsonb_insert"] {
            all.push(format!("{name}(j, p, {new})"));
            all.push(format!("{name}(j, p, {new}, b)"));
            for path in ["{a}", "{0}", "{-1}", "{-9}", "{9}", "{b,1}", "{a,b,0}", "{zz}", "{}", "{b,-1}", "{0,0}"] {
                all.push(format!("{name}(j, '{path}', {new})"));
                all.push(format!("{name}(j, '{path}', {new}, false)"));
                all.push(format!("{name}(j, '{path}', {new}, true)"));
            }
        }
        all.push(format!("jsonb_set_lax(j, p, {new})"));
        all.push(format!("jsonb_set_lax(j, p, {new}, b)"));
        for treatment in ["use_json_null", "raise_exception", "delete_key", "return_target", "nonsense"] {
            all.push(format!("jsonb_set_lax(j, p, {new}, b, '{treatment}')"));
        }
        all.push(format!("jsonb_set_lax(j, '{{a}}', {new}, true, null)"));
    }
    for path in ["{a}", "{0}", "{-1}", "{-9}", "{b,1}", "{a,b,0}", "{zz}", "{}", "{b,-1}", "{0,0}"] {
        all.push(format!("j #- '{path}'"));
    }
    for path in PATH_TEXTS {
        for name in ["exists", "match", "query_first", "query_array"] {
            all.push(format!("jsonb_path_{name}(j, '{path}')"));
        }
        all.push(format!("j @? '{path}'"));
        all.push(format!("j @@ '{path}'"));
    }
    for ty in ["boolean", "smallint", "integer", "bigint", "numeric", "text", "varchar", "json", "jsonb"] {
        all.push(format!("j::{ty}"));
        all.push(format!("(j -> 'a')::{ty}"));
    }
    all
}

const EXPRESSIONS: &[&str] = &[
    "j #- p",
    "j - k",
    "j - x",
    "j - ta",
    "j - 'a'",
    "j - 0",
    "j - 1",
    "j - -1",
    "j - '{a,b}'::text[]",
    "j ? k",
    "j ? 'a'",
    "j ?| ta",
    "j ?& ta",
    "j ?| '{a,b}'",
    "j ?& array['a', 'b']",
    "j ?& '{}'",
    "j ?| '{}'",
    "j['a']",
    "j['b'][2]['c']",
    "j[0]",
    "j[x]",
    "j[k]",
    "j[-1]",
    "j[null]",
    "jsonb_pretty(j)",
    "jsonb_pretty('[]')",
    "jsonb_pretty(j2 -> 'b')",
    "j::text::json",
    "s::jsonb",
    "s::text",
    "s::jsonb::text",
    "t || j",
    "t || s::text",
    "j || t::jsonb",
    "'null' || j",
    "j || '\"s\"'",
    "array_to_json(ia)",
    "array_to_json(ia, true)",
    "array_to_json(ta, false)",
    "array_to_json(ja, b)",
    "jsonb_build_object('a', j -> 'a', 'b', jsonb_build_array(i, l))",
    "jsonb_build_object('x', array[1, 2])",
    "nullif(j, '{}')",
    "nullif(j -> 'a', 'null')",
    "coalesce(j -> 'a', j -> 'b', '{}')",
    "j in ('1', '{}', j2)",
    "case j when '1.500' then 1 when '[]' then 2 end",
    "jsonb_array_length(j -> 'b')",
    "jsonb_typeof(j -> 'b' -> 2)",
    "j #>> array['a', k]",
    "j #> array[k, x::text]",
    "jsonb_set(j, array['a', k], to_jsonb(t))",
    "jsonb_set(jsonb_set(j, '{x}', '1'), '{x,y}', '2')",
    "j = any (ja)",
    "'1' = j",
    "(j ->> 'a')::int",
    "json_build_object('a', s -> 'a')",
    "array[j, j2]",
    "'{\"b\": 1, \"a\": [1, 2.0]}'::jsonb",
];
