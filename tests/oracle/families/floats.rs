//! `real` and `double precision`: text forms, casts, arithmetic and functions.

use super::Family;

/// The family.
pub fn family() -> Family {
    Family { name: "floats", setup: setup(), expressions: expressions() }
}

const FLOAT8: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "0.1",
    "-0.5",
    "0.5",
    "1.5",
    "2.5",
    "-2.5",
    "3.5",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-5",
    "0.0001",
    "123456789012345",
    "1234567890123456",
    "1e15",
    "999999999999999",
    "1e22",
    "1e23",
    "9007199254740993",
    "5e-324",
    "2.2250738585072014e-308",
    "2.2250738585072011e-308",
    "1.7976931348623157e308",
    "-1.7976931348623157e308",
    "3.4028235677973366e+38",
    "3.4028234663852886e+38",
    "1e-46",
    "7e-46",
    "1.401298464324817e-45",
    "2147483647",
    "2147483647.5",
    "-2147483648.5",
    "-2147483648.6",
    "32767.5",
    "-32768.5",
    "9223372036854775807",
    "9223372036854774784",
    "-9223372036854775808",
    "709.5",
    "710",
    "-745.2",
    "-746",
    "0.30000000000000004",
    "100",
    "1e100",
    "1e-100",
    "3.141592653589793",
    "0.7853981633974483",
    "16777217",
    "1e16",
    "5.684341886080802e-14",
    "123.456",
    "-7.25",
    "1e200",
    "0.99999999999999989",
];
const SECOND: &[&str] = &["0", "1", "-1", "2", "-2", "3", "0.5", "-0.5", "NaN", "Infinity", "-Infinity", "1e300", "1e-300", "-3", "0.1"];
const FLOAT4: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "0.1",
    "1.1",
    "0.5",
    "2.5",
    "-3.5",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-45",
    "1.17549435e-38",
    "3.4028235e38",
    "-3.4028235e38",
    "123456",
    "1234567",
    "1e6",
    "999999",
    "0.0001",
    "0.00001",
    "16777216",
    "16777217",
    "33554432",
    "8388608",
    "1e10",
    "3e10",
    "2147483647",
    "32767.5",
    "9.223372e18",
    "0.3",
    "123.456",
    "1e-20",
];
const TEXTS: &[&str] = &[
    "1",
    " 1.5 ",
    "-.5",
    "5.",
    "+3e2",
    "1e",
    "1e+",
    "e5",
    ".",
    "",
    " ",
    "abc",
    "NaN",
    "nan",
    "-nan",
    "+NaN",
    "nan(123)",
    "nan(a_b)",
    "nan(",
    "nan(-)",
    "nanx",
    "inf",
    "-inf",
    "+inf",
    "Infinity",
    "-INFINITY",
    "infinit",
    "infx",
    "1e400",
    "-1e400",
    "1e-400",
    "0e-400",
    "0e999999999999",
    "1e-324",
    "3e-324",
    "2e-324",
    "1e308",
    "1.7976931348623159e308",
    "1.7976931348623158e308",
    "1e39",
    "3.4028236e38",
    "3.4028235677973366e38",
    "1e-45",
    "7e-46",
    "1e-46",
    "0x1A",
    "0x1.8p1",
    "0x",
    "0x.8",
    "0xg",
    "0x1p",
    "-0x1p-1074",
    "0x1p-1075",
    "0x1.8p-1075",
    "0x1p1024",
    "0x1.fffffffffffff8p1023",
    "0x1.fffffffffffff7p1023",
    "0x0p99999",
    "0X1P+4",
    "1_000",
    "1 2",
    "\t1\n",
    "1d",
    "0.1f",
    "١",
    "9007199254740993",
    "16777217",
    "0.1000000000000000055511151231257827021181583404541015625",
    "00001",
    "--1",
    "+-1",
    "1e5 x",
    "123456789012345678901234567890",
    "0.000000000000000000000000000001",
    "1e22",
    "1e23",
    "8.5e-46",
    "1.4012984e-45",
    "0b1",
    "1e00000000005",
    "\u{a0}1",
    "2.2250738585072011e-308",
    "1.5e+0003",
];

fn setup() -> String {
    let list = |values: &[&str]| values.iter().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(", ");
    let texts = TEXTS.iter().map(|t| format!("('{t}')")).collect::<Vec<_>>().join(", ");
    format!(
        "create function pg_input_is_valid(x text, ty text) returns bool language plpgsql strict as $f$ begin
           execute 'select $1::' || ty using x; return true;
         exception when data_exception then return false; end $f$;
         create table cases (id serial primary key, f float8, g float8, a float4, b float4, i2 int2, i4 int4, i8 int8, n numeric, t text);
         insert into cases (f, g) select f, g from unnest(array[{float8}]::float8[]) f, unnest(array[{second}]::float8[]) g;
         insert into cases (a, b, f) select a, b, a from unnest(array[{float4}]::float4[]) a, unnest(array['0', '1', '-2', '0.1', 'NaN', 'Infinity', '1e30', '1e-30']::float4[]) b;
         -- Powers of two and of ten, and their neighbours.
         insert into cases (f) select 2::float8 ^ i from generate_series(-1074, 1023, 3) i; insert into cases (f) select ('x' || left(md5(i::text), 13))::bit(52)::int8 * 1.0::float8 * (10::float8 ^ (i % 300 - 150)) from generate_series(1, 300) i;
         insert into cases (f) select ('1e' || i)::float8 * k from generate_series(-307, 307, 3) i, unnest(array[1, 1.0000000000000002, 0.9999999999999999]::float8[]) k;
         insert into cases (a) select (2::float8 ^ i)::float4 from generate_series(-149, 127) i;
         insert into cases (a) select ('1e' || i)::float4 from generate_series(-44, 38) i;
         insert into cases (i8, i4, i2, n) select i, i % 2147483647, i % 32767, i from unnest(array[0, 1, -1, 9007199254740993, 9223372036854775807, -9223372036854775808, 16777217, 33554435]::int8[]) i;
         insert into cases (i8, a, f) select i, a, a from unnest(array[16777216, 16777217]::int8[]) i, unnest(array['16777216', '16777217']::float4[]) a;
         insert into cases (n, f, a) select n, 1, 1 from unnest(array['NaN', 'Infinity', '-Infinity', '1e-400', '1e400', '0.1', '1.1', '-1e39', '1e-50', '123456789.123456789',
           '9007199254740993', '0.00', '1e308', '1.50', '3e-324', '0.30000000000000004']::numeric[]) n;
         insert into cases (f, n, a) values (0.1, 0.1, 0.1), (1.1, 1.1, 1.1), ('NaN', 'NaN', 'NaN');
         insert into cases (t) values {texts};
         insert into cases default values",
        float8 = list(FLOAT8),
        second = list(SECOND),
        float4 = list(FLOAT4),
    )
}

fn expressions() -> Vec<String> {
    let mut all: Vec<String> = EXPRESSIONS.iter().map(|text| (*text).to_owned()).collect();
    for name in [
        "abs", "round", "trunc", "ceil", "ceiling", "floor", "sign", "sqrt", "exp", "ln", "log", "log10", "degrees", "radians", "sin",
        "cos", "tan", "cot", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    ] {
        all.extend(["f", "a", "g"].map(|x| format!("{name}({x})")));
    }
    all.extend(["round", "ceil", "sqrt", "exp", "ln", "trunc", "sign"].map(|name| format!("{name}(i4)")));
    for name in ["power", "pow", "atan2"] {
        all.extend(["f, g", "g, f", "a, b", "a, g", "f, 2", "2, g", "i4, 2"].map(|args| format!("{name}({args})")));
    }
    let pairs = [
        ("f", "g"),
        ("a", "b"),
        ("a", "f"),
        ("f", "a"),
        ("f", "i4"),
        ("i4", "f"),
        ("a", "i4"),
        ("i2", "a"),
        ("a", "i8"),
        ("i8", "a"),
        ("n", "f"),
        ("f", "n"),
        ("a", "n"),
        ("f", "2"),
        ("2", "f"),
        ("a", "1.5"),
        ("0.1", "a"),
        ("f", "'0.1'"),
        ("'0.1'", "a"),
        ("a", "0.1::real"),
        ("f", "10000000000"),
    ];
    for operator in ["+", "-", "*", "/", "=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"] {
        all.extend(pairs.map(|(l, r)| format!("{l} {operator} {r}")));
    }
    for operator in ["-", "+", "@", "|/"] {
        all.extend(["f", "a"].map(|x| format!("{operator} {x}")));
    }
    for ty in ["int2", "int4", "int8", "numeric", "float4", "float8", "text", "varchar", "numeric(10,3)", "real", "double precision"] {
        all.extend(["f", "a", "i2", "i4", "i8", "n"].map(|x| format!("{x}::{ty}")));
    }
    for ty in ["float4", "float8"] {
        all.push(format!("t::{ty}"));
        all.push(format!("pg_input_is_valid(t, '{ty}')").replace("float8", "double precision").replace("float4", "real"));
    }
    all
}

const EXPRESSIONS: &[&str] = &[
    "f ^ 2",
    "f ^ g",
    "2 ^ 3 ^ 2",
    "i4 ^ 2",
    "(- f) ^ 2",
    "a ^ 2",
    "|/ 2",
    "|/ (f + 1)",
    "(|/ f) + 1",
    "|/ f * 2",
    "|/ i4",
    "pi()",
    "pi() * f",
    "width_bucket(f, 0, 10, 5)",
    "width_bucket(f, 10, 0, 5)",
    "width_bucket(f, g, 1e307, 3)",
    "width_bucket(a, 0, 1, 2147483647)",
    "width_bucket(f, 0.1::float8, 0.7::float8, 6)",
    "greatest(f, g)",
    "least(f, g)",
    "greatest(a, b)",
    "greatest(a, i4)",
    "greatest(i8, a)",
    "least(a, f, i4)",
    "greatest(n, a)",
    "nullif(f, g)",
    "nullif(a, f)",
    "nullif(f, a)",
    "nullif(i4, f)",
    "nullif(i8, a)",
    "nullif(n, a)",
    "nullif(a, 0.1)",
    "coalesce(a, f)",
    "coalesce(i4, a)",
    "coalesce(n, a)",
    "coalesce(n, f)",
    "case when f > 0 then a else i4 end",
    "case a when 0.1 then 'yes' when 1 then 'one' else 'no' end",
    "case f when 0.1 then 'yes' else 'no' end",
    "a in (0.1)",
    "a in (0.1, 1.1)",
    "a not in (0.1, 1.1)",
    "f in (0.1, 1.1, 2)",
    "a in (0.1, 1.1, f)",
    "i8 in (a, 1)",
    "i8 in (1.5, 16777217::real)",
    "n in (0.1::real, 0.1::float8)",
    "a in (0.1, null)",
    "a in (0.1::float8, 2)",
    "f between 0 and 1",
    "a between 0.1 and 0.3",
    "f is null",
    "f || 'x'",
    "concat(f, '/', a)",
    "'0.1'::float8",
    "'0.1'::real + 0",
    "float8 '1e5'",
    "real '1e-5'",
    "1e10::float8",
    "0.1::real::float8",
    "0.1::real::numeric",
    "0.1::float8::numeric",
    "123456789::real",
    "abs(-1.5::float8)",
    "mod(f::numeric, 7)",
    "round(f::numeric, 2)",
    "round(a::numeric, 2)",
    "(f * 100)::int8 / 100.0",
    "f = a::float8",
    "f::text::float8 = f",
    "a::text::float4 = a",
    "f + n::float8",
    "i4 / 2::float8",
    "i4 / 2.0::real",
    "sqrt(2)",
    "exp(1)",
    "- f",
    "0::float8 / -1",
];
