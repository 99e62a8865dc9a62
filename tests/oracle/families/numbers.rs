//! Whole numbers and `numeric`: functions, operators and casts at the edges of their types.

use super::Family;

/// The family.
pub fn family() -> Family {
    Family { name: "numbers", setup: setup(), expressions: expressions() }
}

const NUMERIC: &[&str] = &[
    "0",
    "0.00",
    "1",
    "1.0000",
    "-1",
    "2",
    "-2",
    "0.5",
    "-0.5",
    "10",
    "100",
    "0.1",
    "1.1",
    "0.9",
    "1.0999999999",
    "0.9000000001",
    "1.000000000000000000000000000001",
    "0.999999999999999999999999999999",
    "3",
    "-3",
    "7.25",
    "1.5",
    "2.5",
    "-7.999",
    "9999",
    "10000",
    "9999.9999",
    "12345.678900",
    "0.0001",
    "0.00009999",
    "1e-20",
    "1e20",
    "1e-300",
    "123456789012345678901234567890.123456789",
    "-99999999999999999999999999999999",
    "1e200",
    "-1e-200",
    "1e400",
    "NaN",
    "Infinity",
    "-Infinity",
    "2147483647",
    "-2147483648",
    "9223372036854775807",
    "-9223372036854775808.5",
    "79228162514264337593543950335",
    "0.0000000000000000000000000001",
    "6000",
    "5999.5",
    "-6000",
    "-13.37",
    "308.25",
    "17",
    "-17",
    "32177",
];

const SECOND: &[&str] = &["2", "0", "-1", "0.5", "-3", "NaN", "Infinity", "-Infinity", "12345.6789", "-17"];
const WHOLE: &[&str] = &["0", "1", "-1", "12", "-18", "33", "-5", "32767", "-32768"];

fn setup() -> String {
    let list = |values: &[&str]| values.iter().map(|v| format!("'{v}'")).collect::<Vec<_>>().join(", ");
    format!(
        "create table cases (id serial primary key, n numeric, m numeric, i2 int2, j2 int2, i4 int4, j4 int4, i8 int8, j8 int8);
         insert into cases (n, m) select n, m from unnest(array[{numeric}]::numeric[]) n, unnest(array[{second}]::numeric[]) m;
         insert into cases (i2, j2) select a, b from unnest(array[{whole}]::int2[]) a, unnest(array[{whole}]::int2[]) b;
         insert into cases (i4, j4) select a, b from unnest(array[{whole}, '2147483647', '-2147483648']::int4[]) a,
                                                     unnest(array[{whole}, '2147483647', '-2147483648']::int4[]) b;
         insert into cases (i8, j8, j4) select a, b, b from unnest(array[{whole}, '9223372036854775807', '-9223372036854775808', '32177']::int8[]) a,
                                                        unnest(array[{whole}]::int8[]) b;
         insert into cases (i8, j8) select a, a from unnest(array['9223372036854775807', '-9223372036854775808']::int8[]) a;
         insert into cases default values",
        numeric = list(NUMERIC),
        second = list(SECOND),
        whole = list(WHOLE),
    )
}

fn expressions() -> Vec<String> {
    let mut all: Vec<String> = EXPRESSIONS.iter().map(|text| (*text).to_owned()).collect();
    for name in [
        "sqrt",
        "exp",
        "ln",
        "log",
        "log10",
        "scale",
        "min_scale",
        "trim_scale",
        "abs",
        "sign",
        "ceil",
        "ceiling",
        "floor",
        "round",
        "trunc",
    ] {
        all.push(format!("{name}(n)"));
    }
    for name in ["log", "power", "pow", "gcd", "lcm", "div", "mod"] {
        all.push(format!("{name}(n, m)"));
    }
    all.extend(["i2, j2", "i4, j4", "i8, j8", "i2, j4"].map(|args| format!("mod({args})")));
    for name in ["gcd", "lcm"] {
        all.extend(["i4, j4", "i8, j8", "i4, n", "i8, j4"].map(|args| format!("{name}({args})")));
    }
    for operator in ["+", "-", "*", "/", "%", "^", "=", "<", ">="] {
        all.push(format!("n {operator} m"));
    }
    for operator in ["+", "-", "*", "/", "%", "&", "|", "#"] {
        all.extend([("i2", "j2"), ("i4", "j4"), ("i8", "j8")].map(|(l, r)| format!("{l} {operator} {r}")));
    }
    for operator in ["+", "-", "*", "/"] {
        all.extend([("i2", "j4"), ("i8", "j4"), ("i4", "j8"), ("i2", "j8"), ("i8", "j2")].map(|(l, r)| format!("{l} {operator} {r}")));
    }
    for operator in ["&", "|", "#"] {
        all.extend([("i2", "j4"), ("i8", "j4"), ("i8", "7"), ("7", "i2"), ("i4", "'12'")].map(|(l, r)| format!("{l} {operator} {r}")));
    }
    for operator in ["<<", ">>"] {
        all.extend(
            [("i2", "j2"), ("i2", "j4"), ("i4", "j4"), ("i8", "j4"), ("i4", "3"), ("i8", "65"), ("i2", "17")]
                .map(|(l, r)| format!("{l} {operator} {r}")),
        );
    }
    for operator in ["~", "@", "+", "-"] {
        all.extend(["i2", "i4", "i8"].map(|x| format!("{operator} {x}")));
    }
    for (precision, scale) in [(1, 0), (5, 2), (3, -2), (2, 5), (1000, 1000), (1000, -1000), (1, 1), (10, 0), (38, 10), (1, -1)] {
        all.push(format!("n::numeric({precision}, {scale})"));
        all.push(format!("i8::numeric({precision}, {scale})"));
    }
    all
}

const EXPRESSIONS: &[&str] = &[
    "@ n",
    "+ n",
    "- n",
    "+5",
    "- 5",
    "n ^ 2",
    "n ^ -2",
    "n ^ 0.5",
    "2.0 ^ n",
    "n ^ '2'",
    "i4::numeric ^ 3",
    "(n ^ 2) ^ 0.5",
    "n ^ 2 * 3 + 1",
    // Products of thousands of groups, whose last digits turn on what is left out of them.
    "case when id = 1 then exp(round(-4.0, 16383)) end",
    "case when id = 1 then exp(rpad('0.009', 16385, '7')::numeric) end",
    "case when id = 1 then exp(rpad('-0.009', 16386, '7')::numeric) end",
    "case when id = 1 then exp(rpad('3.009', 16385, '7')::numeric) end",
    "case when id = 1 then exp(rpad('-3.009', 16386, '7')::numeric) end",
    "case when id = 1 then power(1.5, rpad('2.3', 16385, '1')::numeric) end",
    "(9.001 ^ (3001 + i2 % 7)) % 1e9",
    "(9.5 ^ (9001 + i2 % 7)) % 1e9",
    "((- 8.999999999) ^ (4001 + i2 % 7)) % 1e9",
    "(123456789.987654321 ^ (1234 + i2 % 7)) % 1e9",
    "1.0000001 ^ (2000000000 + i2 % 7)",
    "0.99999 ^ (200000 + i2 % 7)",
    "case when id = 1 then (1.5 ^ (200001 + i4 % 7)) % 1e9 end",
    "case when id = 2 then (3.000000000000000001 ^ (60001 + i4 % 7)) % 1e9 end",
    "(- n) ^ 2",
    "-(n ^ 2)",
    "2.0 ^ 3 ^ 2",
    "2.0 ^ -3",
    "2.0 ^ - 3 * 4",
    "@ n * 2",
    "@ (n + 2)",
    "(@ n) + 2",
    "~ i4 & 3",
    "~ (i4 + 3)",
    "i4 & 3 | 4",
    "i4 | 3 & 4 # 5",
    "1 + i4 << 2",
    "i4 << 1 + 2",
    "i4 & 12 = 12",
    "i4 # 3 > 2",
    "@ i4 & 7",
    "i4 & -1",
    "power(n, 2)",
    "power(n, -17)",
    "power(2.0, i4)",
    "power(0.0, n)",
    "power(10.0, i2)",
    "power(1.000000001, i4)",
    "power(n, 12345)",
    "power(1.01, n)",
    "log(2.0, n)",
    "log(n, 10.0)",
    "log(m, n)",
    "ln(abs(n) + 1)",
    "ln(1 + 1 / (abs(n) + 1))",
    "exp(m)",
    "exp(m / 3)",
    "exp(ln(abs(n) + 0.001))",
    "sqrt(abs(n))",
    "sqrt(2.0)",
    "sqrt(n * n)",
    "factorial(i8)",
    "factorial(i4)",
    "factorial(i2)",
    "factorial(5)",
    "width_bucket(n, 0.0, 10.0, 5)",
    "width_bucket(n, 10, 0.5, 7)",
    "width_bucket(n, m, 100, 3)",
    "width_bucket(n, m, -1, 10)",
    "width_bucket(n, 0.1, m, 2147483647)",
    "width_bucket(n, 0.0, 1.0, i4)",
    "width_bucket(n, -9999999999999999999, 1e30, 7)",
    "width_bucket(n, 0.0, 3.0, 3)",
    "n::int2",
    "n::int4",
    "n::int8",
    "n::text",
    "i2::numeric",
    "i8::int4",
    "i4::int2",
    "round(n, 2)",
    "round(n, -2)",
    "trunc(n, 1)",
    "round(n, j4)",
    "trunc(n, i4)",
    "greatest(n, m)",
    "least(n, m, i4)",
    "nullif(n, m)",
    "nullif(i4, 1.0)",
    "n in (1, 2, 3.0)",
    "i4 in (1, 2, 3.0)",
    "n between m and 10",
    "case n when 1 then 'a' when 2 then 'b' else 'c' end",
    "case when i4 = 1 and j4 = 0 then 'a' when i4 = 12 then 'b' when i4 = -1 and 1 / j4 > 0 then 'c' else 'd' end",
    "case when i4 = 1 and 1 / j4 > 0 then 'a' when i4 = 0 then 'b' end",
    "case when i4 = 1 and j4 > 0 and 1 / j4 > 0 then 'a' when i4 = 0 and j4 = 0 then 'b' end",
    "case when i4 = 1 and 1 / j4 > 0 and 1 / j8 > 0 then 'a' else 'b' end",
    "case i4 when 1 then 'a' when 12 then 'b' when j4 then 'c' end",
    "case n when 1.0 then 'a' when 2 then 'b' when 'NaN' then 'c' else 'd' end",
    "n is not distinct from m",
    "coalesce(n, i4, 0)",
];
