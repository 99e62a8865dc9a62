//! Arrays of every shape: empty, with NULLs, with bounds of their own, of several dimensions; and rows of values.

use std::fmt::Write as _;

use super::Family;

/// The family.
pub fn family() -> Family {
    let expressions = EXPRESSIONS.iter().map(|text| (*text).to_owned()).chain(generated()).collect();
    Family { name: "arrays", setup: format!("{SETUP}{}", rows()), expressions }
}

const SETUP: &str = r"
create type mood as enum ('sad', 'ok', 'happy');
create table cases (id int primary key, ia int[], ib int[], la bigint[], na numeric[], ta text[], tb text[], va varchar[], ca char(3)[], ba bool[],
  da date[], sa timestamp[], ua uuid[], ma mood[], ja jsonb[], a text, i int, k int, l bigint, n numeric, t text, u text, b bool, d date, m mood);
";

const INTS: &[&str] = &[
    "{}",
    "{1,2,3}",
    "{NULL}",
    "{1,NULL,3}",
    "[0:2]={1,2,3}",
    "[-1:0]={5,6}",
    "{{1,2},{3,4}}",
    "[0:1][2:3]={{1,2},{3,4}}",
    "{{{1},{2}},{{3},{NULL}}}",
    "{2147483647,-2147483648}",
    "{3,2,1,2}",
    "[2147483644:2147483645]={1,2}",
    "[-2147483648:-2147483647]={1,2}",
    "{{1,2}}",
    "{1}",
    "{1,2}",
];
const LONGS: &[&str] = &["{}", "{1,2,3}", "{9223372036854775807,-9223372036854775808}", "{NULL,3000000000}", "{{1},{2}}"];
const NUMERICS: &[&str] = &["{}", "{1.50,NULL,NaN}", "{Infinity,-1e-20,1e40}", "{1.5,2.5,-0.5}", "{{1.0},{1.00}}", "{1.00,2.00,3.00}"];
const TEXTS: &[&str] = &[
    "{}",
    "{a,b,c}",
    r#"{"",NULL,"NULL","null"}"#,
    r#"{"a b","c,d","{x}","q\"q","b\\s"}"#,
    "{é,😀,日本語}",
    r#"{" lead","trail ","	tab"}"#,
    "{{a,b},{c,d}}",
    "[0:1]={x,y}",
    "{b,a,b}",
    "{e\u{301}}",
    "{a%,_b}",
    "{1,2,3}",
    "{a,NULL}",
];
const ARRAY_TEXTS: &[&str] = &[
    "{}",
    " { } ",
    "{1,2,3}",
    " {1 , 2,3 } ",
    "{1,,2}",
    "{1,2",
    "1,2}",
    "{1}x",
    "{1} ",
    "{{1,2},{3,4}}",
    "{{1,2},{3}}",
    "{{1},{2,3}}",
    "{{1,2},3}",
    "{1,{2,3}}",
    "{{}}",
    "{{},{}}",
    "{,}",
    "{1,}",
    "[0:2]={1,2,3}",
    "[1:3] = {1,2,3}",
    "[0:2]= {1,2,3}",
    "[3]={1,2,3}",
    "[2]={1,2,3}",
    "[1:0]={}",
    "[1:1]={}",
    "[0:1][2:3]={{1,2},{3,4}}",
    "[0:1][2:3]={1,2}",
    "[1:2]",
    "[]={1}",
    "[1:]={1}",
    "[:1]={1}",
    "[a:b]={1}",
    "[+1:+2]={1,2}",
    "[-2:-1]={1,2}",
    " [1:2]={1,2}",
    "[1:2][1:1]={{1},{2}}",
    "[1:2] [1:1]={{1},{2}}",
    "{NULL,null,Null}",
    r#"{"NULL","1"}"#,
    r#"{"1"}"#,
    r#"{"1}"#,
    r#"{1"2"}"#,
    r#"{"1"2}"#,
    r#"{ "1" , "2" }"#,
    r"{\1}",
    r"{1\",
    r"{\}}",
    r"{a\ }",
    r"{a\ b c }",
    r"{ \ a}",
    "{a b,  c d  }",
    r#"{"a\"b","c\\d"}"#,
    "{t,f,true}",
    "{abc}",
    "{99999999999}",
    "{1.5}",
    "{2020-01-01,infinity}",
    "{8447d4f1-aa3b-5f07-bf14-2a147ec9e837}",
    "{sad,happy}",
    "{sad,glad}",
    r#"{"{\"a\": 1}"}"#,
    r"{[1],{}}",
    "",
    " ",
    "null",
    "{{{{{{1}}}}}}",
    "{{{{{{{1}}}}}}}",
    "{{{1},{2}},{{3},{4}}}",
    "{{{1},{2}},{{3}}}",
    "{{1},{{2}}}",
    "{{{1}},{2}}",
    "[1:1][1:1][1:1][1:1][1:1][1:1][1:1]={1}",
    "[5:4]={}",
    "{😀,é}",
    "{1} {2}",
    "{1}}",
    "{nUlL,\"\"}",
    "[2147483647:2147483647]={1}",
    "[2147483646:2147483646]={1}",
    "{}{}",
    "{\u{a0}}",
    "{a\u{b}b\u{c}}",
    "{\n1\t,\r2 }",
];

fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn rows() -> String {
    let pick = |values: &[&str], row: usize| {
        if row > values.len() && row.is_multiple_of(7) { "null".to_owned() } else { literal(values[row % values.len()]) }
    };
    let shifted = |values: &[&str], row: usize| pick(values, row.wrapping_mul(5).wrapping_add(row / values.len()));
    let mut sql = String::from("insert into cases values ");
    for row in 0..ARRAY_TEXTS.len() + 20 {
        let fields = [
            pick(INTS, row),
            shifted(INTS, row),
            shifted(LONGS, row),
            pick(NUMERICS, row),
            pick(TEXTS, row),
            shifted(TEXTS, row),
            shifted(TEXTS, row + 3),
            pick(&["{}", "{a,b}", "{\"a  \",NULL}", "{é,abc}"], row),
            pick(&["{}", "{t,f}", "{NULL,t}", "{{t},{f}}"], row),
            pick(&["{}", "{2020-01-01,infinity,-infinity}", "{\"0044-03-15 BC\",NULL}"], row),
            pick(&["{}", "{\"2020-01-01 00:00:00\",infinity}", "{\"0044-03-15 01:02:03.4 BC\",NULL}"], row),
            pick(&["{}", "{8447d4f1-aa3b-5f07-bf14-2a147ec9e837,NULL}", "{00000000-0000-0000-0000-000000000000}"], row),
            pick(&["{}", "{sad,happy}", "{NULL,ok}", "{ok,sad,ok}"], row),
            pick(&["{}", r#"{"{\"a\": 1}",NULL,"1.0"}"#, r#"{"\"x\"","1.00"}"#, r#"{"1.00"}"#], row),
            pick(ARRAY_TEXTS, row),
            pick(&["1", "0", "2", "-1", "3", "2147483647", "-2147483648", "7"], row),
            shifted(&["1", "0", "2", "-1", "3"], row),
            pick(&["1", "2", "3", "3000000000", "-1", "9223372036854775807"], row),
            pick(&["1", "1.50", "NaN", "-0.5", "1e40", "2.0"], row),
            pick(&["a", "b", "", "NULL", "é", "q\"q", "a,b,,c", "aXbXX", "1", "日本語", " "], row),
            shifted(&["a", ",", "", "X", "b", "é", "NULL"], row),
            pick(&["t", "f", "t"], row),
            pick(&["2020-01-01", "infinity", "0044-03-15 BC", "2024-02-29"], row),
            pick(&["sad", "ok", "happy"], row),
        ];
        let _ = write!(sql, "{}({row}, {})", if row == 0 { "" } else { ", " }, fields.join(", "));
    }
    sql
}

/// Every array column, what it is an array of, and a scalar to look for.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("ia", "int", "i"),
    ("la", "bigint", "l"),
    ("na", "numeric", "n"),
    ("ta", "text", "t"),
    ("va", "varchar", "t::varchar"),
    ("ca", "bpchar", "'a'::bpchar"),
    ("ba", "bool", "b"),
    ("da", "date", "d"),
    ("sa", "timestamp", "timestamp '2020-01-01'"),
    ("ua", "uuid", "uuid '8447d4f1-aa3b-5f07-bf14-2a147ec9e837'"),
    ("ma", "mood", "m"),
    ("ja", "jsonb", "jsonb '1.0'"),
];

fn generated() -> Vec<String> {
    let mut all = Vec::new();
    for (array, element, scalar) in COLUMNS {
        all.push(format!("{array}::text"));
        all.push((*array).to_owned());
        // Other dates than those in ISO form are refused.
        all.push(format!("a::{element}[]{}", if matches!(*element, "date" | "timestamp") { " /* iso */" } else { "" }));
        all.push(format!("array[{scalar}, null, {scalar}]"));
        all.push(format!("array_fill({scalar}, array[2, 1])"));
        for name in ["cardinality", "array_ndims", "array_dims"] {
            all.push(format!("{name}({array})"));
        }
        for name in ["array_length", "array_lower", "array_upper"] {
            all.extend(["1", "2", "0", "-1", "i"].map(|n| format!("{name}({array}, {n})")));
        }
        all.push(format!("array_append({array}, {scalar})"));
        all.push(format!("array_append({array}, null)"));
        all.push(format!("array_prepend({scalar}, {array})"));
        all.push(format!("array_cat({array}, {array})"));
        all.push(format!("{array} || {array}"));
        all.push(format!("{array} || {scalar}"));
        all.push(format!("{scalar} || {array}"));
        all.push(format!("{array} || null"));
        all.push(format!("array_position({array}, {scalar})"));
        all.push(format!("array_position({array}, null)"));
        all.push(format!("array_position({array}, {scalar}, i)"));
        all.push(format!("array_positions({array}, {scalar})"));
        all.push(format!("array_remove({array}, {scalar})"));
        all.push(format!("array_remove({array}, null)"));
        all.push(format!("array_replace({array}, {scalar}, null)"));
        all.push(format!("array_replace({array}, null, {scalar})"));
        all.push(format!("array_to_string({array}, ',')"));
        all.push(format!("array_to_string({array}, t, u)"));
        all.push(format!("trim_array({array}, 1)"));
        all.push(format!("trim_array({array}, k)"));
        all.push(format!("{array}[1]"));
        all.push(format!("{array}[i]"));
        all.push(format!("{array}[1][2]"));
        all.push(format!("{array}[1:2]"));
        all.push(format!("{array}[2:]"));
        all.push(format!("{array}[:k]"));
        all.push(format!("{array}[:]"));
        all.push(format!("{array}[1:2][1]"));
        all.push(format!("{array}[1][1:1]"));
        all.push(format!("{array}[:][2:]"));
        for operator in ["=", "<>", "is distinct from", "@>", "<@", "&&"] {
            all.push(format!("{array} {operator} {array}"));
            all.push(format!("{array} {operator} {array}[1:1]"));
            all.push(format!("{array} {operator} '{{}}'"));
        }
        for operator in ["=", "<>"] {
            for all_or_any in ["any", "all", "some"] {
                all.push(format!("{scalar} {operator} {all_or_any} ({array})"));
            }
        }
    }
    for operator in ["<", "<=", ">", ">=", "=", "<>", "@>", "<@", "&&"] {
        all.push(format!("ia {operator} ib"));
        if operator.starts_with(['<', '>', '=']) && operator != "<@" {
            all.push(format!("i {operator} any (ia)"));
            all.push(format!("i {operator} all (ia)"));
            all.push(format!("l {operator} any (ia)"));
            all.push(format!("n {operator} all (ia)"));
            all.push(format!("t collate \"C\" {operator} any (ta)"));
            all.push(format!("ta collate \"C\" {operator} tb"));
            all.push(format!("(i, t collate \"C\") {operator} (k, u)"));
            all.push(format!("(i, k, l) {operator} (k, l, i)"));
            all.push(format!("row(i, d) {operator} row(1, '2020-01-01')"));
            all.push(format!("row(i) {operator} row(k)"));
            all.push(format!("da {operator} da[1:2]"));
            all.push(format!("ba {operator} '{{t,f}}'"));
            all.push(format!("ma {operator} '{{ok}}'"));
            all.push(format!("na {operator} '{{1.5,2}}'"));
        } else {
            all.push(format!("ta {operator} tb"));
        }
    }
    all
}

const EXPRESSIONS: &[&str] = &[
    "array[1, 2, 3]",
    "array[1, 2.5]",
    "array[1, null, '3']",
    "array['a', 'b']",
    "array['a', t]",
    "array[i, l]",
    "array[i, l, n]",
    "array[[1, 2], [3, 4]]",
    "array[array[i, k], array[k, i]]",
    "array[ia, ib]",
    "array[ia, null]",
    "array[[ia, ib], [ib, ia]]",
    "array[[], []]::int[]",
    "array[]::int[]",
    "array[]::text[]",
    "array[null]::int[]",
    "array['1', '2']::int[]",
    "array[i, k]::bigint[]",
    "array[i, k]::text[]",
    "array[1.5, n]::int[]",
    "array[b, null]::text[]",
    "array[t, u]::int[]",
    "array[[t], [u]]::varchar[]",
    "array[null, null]",
    "array[m, 'ok']",
    "(array[[1, 2], [3, 4]])[2][k]",
    "(array['a', 'b'])[k]",
    "(ia)[1]",
    "'{1,2,3}'::int[]",
    "('{1,2,3}'::int[])[2]",
    "('[5:7]={a,b,c}'::text[])[6]",
    "ia[i:k]",
    "ia[k:i]",
    "ia[l]",
    "ia[n]",
    "ia['1']",
    "ia[null]",
    "ia[null:1]",
    "ia[0:1][1:1]",
    "ia[1][1][1]",
    "ia[1:1][1:2][1:1]",
    "ia[2:1]",
    "ia::bigint[]",
    "ia::smallint[]",
    "la::int[]",
    "na::int[]",
    "na::bigint[]::text",
    "ia::numeric[]",
    "ia::text[]",
    "ta::int[]",
    "ta::varchar[]",
    "va::text[]",
    "ca::text[]",
    "ba::text[]",
    "ba::text[]::text",
    "da::text[]",
    "da::timestamp[]",
    "sa::date[]",
    "ta::mood[]",
    "ma::text[]",
    "ma::text[]::mood[]",
    "ja::text[]",
    "ja::json[]",
    "ia::varchar",
    "a::text[]",
    "a::bpchar[]",
    "array_append('[2147483645:2147483646]={1,2}'::int[], i)",
    "array_prepend(i, '[2147483645:2147483646]={1,2}'::int[]) /* iso */",
    "array_prepend(i, '[-2147483648:-2147483647]={1,2}'::int[])",
    "a::int[]::text",
    "a::text[]::text",
    "a::text[]::text[]::text",
    "coalesce(ia, '{}')",
    "coalesce(ia, la)",
    "coalesce(a::text[], ta)",
    "nullif(ia, '{}')",
    "nullif(ta, '{a,b,c}')",
    "greatest(ia, ib)",
    "case when ia = '{1,2,3}' then ib else '{}' end",
    "ia in (ib, '{1,2,3}')",
    "ia is null",
    "ia || l",
    "ia || n",
    "n || ia",
    "ia || la",
    "ia || '{7}'",
    "'{7}' || ia",
    "null || ia",
    "ta || t",
    "t || ta",
    "va || t",
    "ia || array[[9, 9]]",
    "ia || array[9, 9]",
    "array[9, 9] || ia",
    "array_cat(ia, la)",
    "array_cat(ia, null)",
    "array_cat(null, ia)",
    "array_append(null::int[], i)",
    "array_append(ia, l)",
    "array_prepend(n, ia)",
    "array_prepend(null, ia)",
    "array_append(ia, 1.5)",
    "array_position(ia, l)",
    "array_position(ia, 2, null)",
    "array_position(ta, 'a')",
    "array_positions(ta, null)",
    "array_replace(ia, 1, l)",
    "array_replace(ta, 'a', 'é')",
    "array_remove(ta, 'b')",
    "array_to_string(ia, ', ', '*')",
    "array_to_string(ia, null)",
    "array_to_string(ia, ',', null)",
    "array_to_string(null::int[], ',')",
    "string_to_array(t, ',')",
    "string_to_array(t, u)",
    "string_to_array(t, '')",
    "string_to_array(t, null)",
    "string_to_array(t, null, 'a')",
    "string_to_array(t, 'X', '')",
    "string_to_array(t, u, t)",
    "string_to_array(null, ',')",
    "array_to_string(string_to_array(t, u), u)",
    "array_fill(i, array[3])",
    "array_fill(i, ib)",
    "array_fill(null::int, array[2])",
    "array_fill(7, '{}')",
    "array_fill(t, array[2, 2], array[0, -1])",
    "array_fill(i, array[k], array[i])",
    "array_fill(1, null)",
    "array_fill(1, array[2], null)",
    "array_fill(1, array[null]::int[])",
    "array_fill(1, array[-1])",
    "array_fill(1, array[2147483647])",
    "array_fill(1, array[1,1,1,1,1,1,1])",
    "array_fill(1, array[2], array[2147483647])",
    "trim_array(ia, 0)",
    "trim_array(ia, 100)",
    "trim_array(ia, -1)",
    "width_bucket(i, array[0, 1, 2])",
    "width_bucket(i, ia)",
    "width_bucket(l, la)",
    "width_bucket(n, array[0, 1.5, 2])",
    "width_bucket(d, array[date '2020-01-01', '2024-01-01'])",
    "i = any ('{1,2,3}')",
    "t = any ('{a,b}')",
    "'a' = any (ta)",
    "null = any (ia)",
    "i = any (null::int[])",
    "i = any (array[k, 1, null])",
    "i <> all (array[k, 1])",
    "i = any (array[]::int[])",
    "i = all (array[]::int[])",
    "d = any (array[date '2020-01-01', null])",
    "d < any (sa)",
    "m = any ('{ok,happy}')",
    "m < any (ma)",
    "jsonb '1' = any (ja)",
    "not (i = any (ia))",
    "(i, t) = (k, u)",
    "(i, t) <> (1, 'a')",
    "(i, t) = (1, null)",
    "(i, null) < (1, 2)",
    "(i, k) < (1, null)",
    "(null, k) < (1, 2)",
    "(i, t) is distinct from (k, u)",
    "(i, t) is not distinct from (k, null)",
    "row(i, t) = row(1, 'a')",
    "(i, t) in ((1, 'a'), (2, 'b'), (k, u))",
    "(i, t) not in ((1, 'a'), (null, 'b'))",
    "(i, k) between (0, 0) and (2, 2)",
    "(i, k) not between (0, 0) and (2, 2)",
    "case (i, k) when (1, 1) then 'x' when (2, 0) then 'y' end",
    "(i, t) is null",
    "(i, t) is not null",
    "row(i, null) is null",
    "(i, 1 / k) < (1, 0)",
    "array[array_length(ta, 1), cardinality(ia)]",
    "array_upper(ia, 1) - array_lower(ia, 1)",
    "greatest(da, '{2020-01-01}')",
];
