//! Conditions and NULLs that are decided when a statement is planned: what stands beside them is not evaluated, and raises no error. And the
//! operator that is meant for two types, by the type of `nullif`, for every pair.

use super::Family;

/// The family.
pub fn family() -> Family {
    let expressions = EXPRESSIONS.iter().map(|text| (*text).to_owned()).chain(generated()).chain(pairs()).collect();
    Family { name: "constants", setup: SETUP.to_owned(), expressions }
}

const SETUP: &str = r"
create type mood as enum ('sad', 'ok');
create table cases (id int primary key, x int, y int, b bool, m mood, t text, v varchar, c char(4), nm name, i2 int2, i8 int8, n numeric, f4 float4,
  f8 float8, d date, ts timestamp, w varbit, o bit(4), g inet, k cidr, ai int[], an numeric[], at text[], j jsonb);
insert into cases values
  (0, 0, 1, true, 'sad', 'ab', 'ab', 'ab', 'ab', 0, 0, 0, 0, 0, '2020-01-01', '2020-01-01', '1010', '1010', '10.0.0.0/8', '10.0.0.0/8', '{1,2}', '{1,NULL}', '{a,b}', '1'),
  (1, 1, 0, false, 'ok', 'ab  ', 'ab  ', 'ab', 'ab  ', 1, 1, 1.0, 1, 1, '2020-01-02', '2020-01-02 00:00:01', '101', '0101', '10.0.0.1/8', '10.0.0.0/16', '{}', '{}', '{}', 'null'),
  (2, null, 0, null, null, '', '', '', '', 32767, 16777217, 16777217, 16777216, 16777217, 'infinity', 'infinity', '', '0000', '::1', '::/0', null, null, '{NULL}', '[]'),
  (3, 7, null, true, 'ok', repeat('é', 40), repeat('é', 40), 'é', repeat('é', 40), 7, 7, 7.1, 7.1, 7.1, null, null, '1', '1111', '1.2.3.4', '1.2.3.4/32', '{7}', '{7.1}', '{é}', '{}');
insert into cases values (4);
";

/// Every comparison with a constant NULL, beside a division that fails.
fn generated() -> Vec<String> {
    let mut all = Vec::new();
    for (side, null) in [
        ("an", "null"),
        ("ai", "null"),
        ("at", "null"),
        ("x", "null"),
        ("t", "null"),
        ("j", "null"),
        ("d", "null"),
        ("m", "null"),
        ("b", "null"),
        ("an", "null::numeric[]"),
        ("an", "null::int[]::numeric[]"),
        ("x", "null::int"),
        ("x", "null::int2"),
        ("t", "null::varchar"),
        ("m", "null::text::mood"),
        ("n", "null::numeric(4, 2)"),
        ("v", "null::varchar(3)"),
    ] {
        for condition in [
            format!("{side} = {null}"),
            format!("{side} <> {null}"),
            format!("{null} = {side}"),
            format!("{side} is distinct from {null}"),
            format!("{null} is not distinct from {side}"),
            format!("{side} in ({null})"),
            format!("{side} in ({null}, {null})"),
            format!("{side} not in ({null}, {side})"),
            format!("{null} in ({side}, {side})"),
            format!("({side}, 1) = ({null}, x)"),
            format!("({side}, 1) <> ({null}, x)"),
            format!("(x, {side}) in ((y, {null}), (1, {null}))"),
            format!("nullif({side}, {null}) is null"),
            format!("nullif({null}, {side}) is null"),
            format!("coalesce({null}, {side}) is null"),
            format!("coalesce({null}, {null}) is null"),
        ] {
            all.push(format!("({condition}) = (y / x = 1)"));
            all.push(format!("(case when {condition} then 1 end) + y / x"));
        }
        for operator in ["<", "<=", ">", ">="] {
            all.push(
                format!("({side} collate \"C\" {operator} {null}) = (y / x = 1)")
                    .replace(" collate \"C\"", if matches!(side, "t" | "v" | "at") { " collate \"C\"" } else { "" }),
            );
        }
    }
    all
}

/// `nullif`, comparisons, `in`, `case` and `any` of every pair of types, and literals that are read in a way of their own.
fn pairs() -> Vec<String> {
    let mut all = Vec::new();
    let texts = ["t", "v", "c", "nm", "'ab'", "null"];
    let numbers = ["x", "i2", "i8", "n", "f4", "f8", "7", "null"];
    let dates = ["d", "ts", "null"];
    let bits = ["w", "o", "null"];
    let addresses = ["g", "k", "null"];
    for group in [&texts[..], &numbers, &dates, &bits, &addresses] {
        for left in group {
            for right in group.iter().filter(|right| **right != *left || *left != "null") {
                all.push(format!("nullif({left}, {right})"));
                all.extend(["=", "<>", "is distinct from"].map(|operator| format!("{left} {operator} {right}")));
                let collate = if group == texts { " collate \"C\"" } else { "" };
                all.push(format!("{left}{collate} < {right}"));
                all.push(format!("{left} in ({right}, {right})"));
                // A literal there is a text.
                if *left != "null" || group == texts {
                    all.push(format!("case {left} when {right} then 1 else 2 end"));
                }
                if *right != "null" {
                    all.push(format!("{left} = any (array[{right}, null])"));
                }
            }
        }
    }
    for text in EXPONENTS {
        all.push(format!("(left(v, 0) || '{text}')::numeric"));
        all.push(format!("(left(v, 0) || '{text}')::jsonb"));
        all.push(format!("(left(v, 0) || '{text}')::float8"));
    }
    // A literal beside `name` is cut to its length.
    let long = "é".repeat(40);
    all.extend([
        format!("nm = '{long}'"),
        format!("nm = any ('{{{long}}}')"),
        format!("nullif('{long}', nm)"),
        format!("nm in ('{long}', 'ab')"),
    ]);
    all
}

/// Exponents as `strtol` reads them.
const EXPONENTS: &[&str] = &[
    "1e999999999999",
    "1e-8150507624",
    "1e-8150507624e-8",
    "1e1073741822",
    "1e1073741823",
    "1e1073741822x",
    "1e1073741823x",
    "1e2147483647",
    "1e-1073741823",
    "1e-1073741824",
    "1e-1073741823x",
    "1e1e1",
    "1e99999999999999999999999",
    "1e99999999999999999999x",
    "1e-99999999999999999999x",
    "0e999999999999",
    "0e-99999999999",
    "1e2147483648x",
    "1e-2147483648x",
    "1e-2147483649x",
    "1e200000x",
    "1e-200000x",
    "1e 5",
    "1e+ 5",
    "1e+-5",
    "1e-20000 x",
    "1e-99999999999 ",
    "0e1073741822",
    "0e-1073741822",
    "0e1073741823",
    "1x1e1073741824",
    "1.1.1e1073741824",
    "1e1073741824.5",
    "66.150507624e-8150507624e-8",
    ".e1073741824",
];

#[rustfmt::skip]
const EXPRESSIONS: &[&str] = &[
    // and, or, not
    "y / x = 1 and false", "false and y / x = 1", "y / x = 1 or true", "true or y / x = 1", "y / x = 1 and 1 = 2", "y / x = 1 or 1 < 2", "y / x = 1 and null", "null and y / x = 1", "y / x = 1 or null", "y / x = 1 and true",
    "(y / x = 1 and b) and false", "not (y / x = 1 and false)", "not (y / x = 1 or not false)", "b and (y / x = 1 and null) and false", "(null and null) = (y / x = 1)", "(null or null) = (y / x = 1)", "(not null) = (y / x = 1)",
    "(null is true) and y / x = 1", "(null is unknown) or y / x = 1", "(1 is not null) or y / x = 1", "('{1}'::int[] is null) and y / x = 1", "(1.5::float8 is null) and y / x = 1", "(null::int is distinct from null::int) and y / x = 1",
    "('a' = 'b') and y / x = 1", "'a'::name = 'b' and y / x = 1", "1 in (2, 3) and y / x = 1", "1 not in (2, 3) or y / x = 1", "1 in (2, null) and y / x = 1", "1 = any ('{2,3}') and y / x = 1", "1 <> all ('{2,3}') or y / x = 1", "(1 = any ('{2,null}')) = (y / x = 1)",
    "1 between 2 and 3 and y / x = 1", "null::int between 1 and y / x", "x between null and y / x", "(1, 2) = (1, 3) and y / x = 1", "(null, 1) <> (y / x, 2)", "(y / x, 1) = (null, 2)", "(y / x, 1) < (null, 2)", "date '2020-01-01' < '2020-01-02' or y / x = 1",
    // choices
    "case when false then y / x else 3 end", "case when b then 1 when true then 2 else y / x end", "case when null then y / x end", "(case when false then 1 end) + y / x", "(case when b and false then 1 end) + y / x", "case 1 when 2 then y / x when 1 then 5 else y / x end",
    "case x when null then 1 else 2 end", "(case x when null then 1 end) + y / x", "case y / x when null then 1 end", "case when x <> 0 and y / x >= 0 then 'a' when false then 'b' else 'c' end", "case when x = 1 then 'a' when x = 7 and true then 'b' when x = 0 and false then 'c' end",
    "coalesce(null, y / x)", "coalesce(1, y / x)", "coalesce(null, 1, y / x)", "coalesce(x, 1, y / x)", "length(coalesce(null, null)) + y / x", "nullif(null, y / x)", "nullif(y / x, null)", "nullif(null::int, y / x) + y / x",
    // casts, and what is made of them
    "length(null::varchar(3)) + y / x", "null::numeric(3, 2) + y / x", "length(null::bit(3)) + y / x", "array_length(null::int[]::text[], y / x)", "array_length(null::text::int[], y / x)", "(null::text::mood = 'ok') = (y / x = 1)",
    "length(case when x < null then 'a' end) + y / x", "('x' like null) = (y / x = 1)", "(null similar to 'a') = (y / x = 1)", "(null::int[])[y / x]", "(null::int[])[8] + y / x", "('{1,2}'::int[])[8] + y / x", "('{1,2}'::int[])[2] + y / x", "array_length((null::int[])[1:2], y / x)", "(case when false then ai end)[8] + y / x", "(('{}'::jsonb)['a'] = 'null') = (y / x = 1)", "least(null::int, null) + y / x", "length(regexp_substr('a', 'b')) + y / x", "(regexp_match('a', 'b') = at) = (y / x = 1)", "array_length('{}'::int[], 1) + y / x", "y / x = 1 and starts_with('a', 'b')", "y / x = 1 and 'a' like 'b%'", "y / x = 1 or 'a' ~ 'a'", "length('{}'::jsonb ->> 'a') + y / x", "date_part('month', 'infinity'::timestamp) + y / x", "length(to_char('infinity'::timestamp, 'YYYY')) + y / x", "length(concat_ws(null::text, 'a')) + y / x", "length(array_to_string(null::int[], ',', 'x')) + y / x", "array_length(string_to_array(null::text, ','), 1) + y / x", "array_position('{1}'::int[], 2) + y / x", "greatest(true, null) or y / x = 1", "least(null, 1) + y / x", "ai[y / x]", "ai[1:y / x]", "ai[y / x:]", "j['a'][(y / x)::int]", "ai[1][y / x]", "case 'ab ' when c then 1 when v then 2 end", "case 'x' when nm then 1 when 'x' then 2 end",
];
