//! The types and functions that most plans are made of, over one table of values at the edges of their types.

use std::fmt::Write as _;

use super::Family;

/// The family.
pub fn family() -> Family {
    let expressions = EXPRESSIONS.iter().map(|text| (*text).to_owned()).chain(generated()).collect();
    Family { name: "basics", setup: format!("{SETUP}{}", rows()), expressions }
}

/// The table, and what an older server lacks.
const SETUP: &str = r"
create type mood as enum ('sad', 'ok', 'happy');
create table cases (id int primary key, i2 int2, i4 int4, i8 int8, n numeric, n2 numeric, t text, t2 text, v varchar, c char(6), b bool, b2 bool,
  d date, d2 date, ts timestamp, tz timestamptz, u uuid, j jsonb, m mood, tn text, ti text, tj text, td text, tu text, tb text);
create function pg_input_is_valid(x text, ty text) returns bool language plpgsql strict as $f$ begin
  execute 'select $1::' || ty using x; return true;
exception when data_exception or invalid_text_representation then return false; end $f$;
";

const INT2: &[&str] = &["0", "1", "-1", "7", "32767", "-32768", "100"];
const INT4: &[&str] = &["0", "1", "-1", "42", "2147483647", "-2147483648", "-7", "65536"];
const INT8: &[&str] = &["0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808", "-13", "4294967296"];
const NUMERIC: &[&str] = &[
    "0",
    "0.00",
    "1",
    "-1",
    "1.5",
    "-2.5",
    "0.5",
    "-0.5",
    "2.345",
    "1e-20",
    "1e20",
    "123456789012345678901234567890.123456789",
    "-99999999999999999999999999999999",
    "NaN",
    "Infinity",
    "-Infinity",
    "79228162514264337593543950335",
    "0.0000000000000000000000000001",
    "12345.678",
    "-0.001",
    "3",
    "10000",
    "9999.9999",
    "1e40",
    "1e-40",
    "32767.5",
    "2147483647.4999",
    "9223372036854775807.5",
    "-9223372036854775808.4",
    "100",
    "7.0000",
];
const TEXT: &[&str] = &[
    "",
    " ",
    "a",
    "A",
    "abc",
    "  abc  ",
    "Straße",
    "ÄÖÜ",
    "日本語",
    "a😀b",
    "null",
    "NULL",
    "a,b,,c",
    "a%b",
    "a_b",
    r"a\b",
    "50%",
    "x'y",
    "\ta\n",
    "\u{e9}e",
    "İstanbul ıI",
    "foo bar baz",
    "aaa",
    "The quick  brown   fox",
    "user@example.com",
    "2020-01-01",
    "ABCabc123",
    "ſK\u{212a}",
    "\u{a0}nbsp\u{3000}",
    "ﬁ",
    "ǅ",
    "abcabc",
    "-",
    "a-b-c",
    "%",
    "_",
    r"\",
    "é",
    "É",
];
const BPCHAR: &[&str] = &["", "a", "abc", "  x", "abcdef", "é"];
const DATES: &[&str] = &[
    "2000-01-01",
    "1999-12-31",
    "2024-02-29",
    "1900-03-01",
    "infinity",
    "-infinity",
    "0001-01-01",
    "0044-03-15 BC",
    "4714-11-24 BC",
    "5874897-12-31",
    "12345-06-07",
    "1970-01-01",
];
const TIMESTAMPS: &[&str] = &[
    "2000-01-01 00:00:00",
    "1999-12-31 23:59:59.999999",
    "2024-02-29 12:34:56.7",
    "infinity",
    "-infinity",
    "4714-11-24 00:00:00 BC",
    "294276-12-31 23:59:59.999999",
    "1970-01-01",
    "0001-01-01 01:02:03.000004",
    "2024-02-29 00:00:00",
];
const UUIDS: &[&str] =
    &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "8447d4f1-aa3b-5f07-bf14-2a147ec9e837"];
const JSONB: &[&str] = &[
    "{}",
    "[]",
    "null",
    "1.50",
    r#""text""#,
    "true",
    r#"{"a": 1, "b": {"c": [1, 2, {"d": null}]}, "k": "v\n\"q\"", "": 0}"#,
    r#"[1, "two", null, false, [], {"a": 1}]"#,
    r#"{"a": "x,}]y", "b": null, "é": "ü"}"#,
    r#"{"a": {"a": {"a": "deep"}}}"#,
];
const NUMBERS: &[&str] = &[
    "1",
    " 12 ",
    "-7",
    "+3",
    "1.5",
    "1e3",
    "abc",
    "",
    "NaN",
    "inf",
    "-Infinity",
    "99999",
    "3000000000",
    "99999999999999999999",
    "1e-5",
    ".5",
    "5.",
    "1e400",
    "0x1g",
    "1 2",
    "--1",
    "-0",
    "0.10",
    "1e131073",
    "٣",
    "\t9\n",
    "12a",
];
const BOOLEANS: &[&str] =
    &["t", "true", "T", "yes", "y", "on", "1", "f", "false", "n", "no", "off", "of", "o", "0", "", " tru ", "maybe", "truee", "ye"];
const DATE_TEXTS: &[&str] = &[
    "2020-01-31",
    " 2020-01-31 ",
    "2020-02-30",
    "2020-13-01",
    "infinity",
    "-infinity",
    "",
    "foo",
    "epoch",
    "2020-1-5",
    "12020-01-31",
    "0044-03-15 BC",
    "0000-01-01",
    "2020-01-31 10:20:30",
    "2020-01-31T10:20:30.123456",
    "2020-01-31 24:00:00",
    "2020-01-31 23:59:60",
    "2020-01-31 25:00:00",
    "2020-01-31 10:60",
    "2020-01-31 10:20:30.1234567",
    "2020-01-31 10:20:30+02",
    "2020-01-31 10:20:30Z",
    "2020-01-31 10:20:30.9999999",
    "5874898-01-01",
    "294277-01-01",
    "4714-11-23 BC",
    "20200131",
    "2020-01-31 10:20:30 BC",
    "2020-01-31 10:20",
    "9999999-01-01",
    "2019-02-29",
];
const UUID_TEXTS: &[&str] = &[
    "8447d4f1-aa3b-5f07-bf14-2a147ec9e837",
    "8447D4F1AA3B5F07BF142A147EC9E837",
    "{8447d4f1-aa3b-5f07-bf14-2a147ec9e837}",
    "8447-d4f1-aa3b-5f07-bf14-2a14-7ec9-e837",
    "8447d4f1",
    "",
    " 8447d4f1-aa3b-5f07-bf14-2a147ec9e837",
    "8447d4f1-aa3b-5f07-bf14-2a147ec9e83g",
    "{8447d4f1-aa3b-5f07-bf14-2a147ec9e837",
    "8447d4f1aa3b5f07bf142a147ec9e837-",
];
const JSON_TEXTS: &[&str] = &[
    "{}",
    " [1, 2 ,3] ",
    r#"{"b":1,"a":2}"#,
    r#"{"a":1,"a":2,"b":{"z":1,"y":2,"xx":3}}"#,
    "1e3",
    "1.50",
    "-0",
    "-0.0",
    "1E-3",
    "01",
    "1.",
    ".5",
    "-",
    "+1",
    "nul",
    "null",
    "true",
    "truex",
    r#""a\u00e9\n\/""#,
    r#""\u0000""#,
    r#""\ud83d\ude00""#,
    r#""\ud83d""#,
    r#""\ude00""#,
    r#""\ud83dx""#,
    "\"\t\"",
    "\"\u{7f}\"",
    r#""\x""#,
    r#""\u12g4""#,
    "[",
    "]",
    "[1,]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "",
    " ",
    "1 2",
    "[1 2]",
    "1e200000",
    r#"{"bb":1,"a":2,"c":[{"zz":1,"y":1,"zz":2}]}"#,
    r#"{"é":1,"zz":2,"y":3}"#,
    r#""\u0001\u001f\b\f\r""#,
    "[[[[[]]]]]",
    "123456789012345678901234567890.1234567890",
    "1é",
    "\u{feff}1",
    "[1]x",
    r#"["a","b"]"#,
    "0.1e-2",
    "-1e-2",
    "-1.5e+3",
    "\"unterminated",
    r#""\"#,
    r#"{"":{"":1}}"#,
    r#"{"k":1e131073}"#,
    r#"{"a":"b"}"#,
    "tRue",
    "[null,true]",
    "\"日本\"",
];

/// A generator with a fixed seed: the same rows on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).expect("fits")).expect("fits")
    }

    /// A value as a literal; sometimes NULL.
    fn pick(&mut self, row: usize, values: &[&str]) -> String {
        // The first rows go through all values in order, so that none is missed.
        let value = if row < values.len() { values[row] } else { values[self.below(values.len())] };
        if row >= values.len() && self.below(8) == 0 { "null".into() } else { literal(value) }
    }

    fn numeric(&mut self, row: usize) -> String {
        if row < NUMERIC.len() || self.below(3) == 0 {
            return self.pick(row, NUMERIC);
        }
        let (whole, fraction) = (self.below(24), self.below(16));
        let mut digits = |n: usize| (0..n).map(|_| char::from(b'0' + u8::try_from(self.below(10)).expect("a digit"))).collect::<String>();
        let text = format!("{}0{}.{}0", if whole % 3 == 0 { "-" } else { "" }, digits(whole), digits(fraction));
        literal(&text)
    }
}

fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

const ROWS: usize = 160;

/// The statement that fills the table.
fn rows() -> String {
    let mut random = Random(0x5EED_0F0E_1234_5678);
    let mut sql = String::from("insert into cases values ");
    for row in 0..ROWS {
        let fields = [
            random.pick(row, INT2),
            random.pick(row, INT4),
            random.pick(row, INT8),
            random.numeric(row),
            random.numeric(row + ROWS),
            random.pick(row, TEXT),
            random.pick(row + ROWS, TEXT),
            random.pick(row + ROWS, TEXT),
            random.pick(row, BPCHAR),
            random.pick(row + ROWS, &["true", "false"]),
            random.pick(row + ROWS, &["true", "false"]),
            random.pick(row, DATES),
            random.pick(row + ROWS, DATES),
            random.pick(row, TIMESTAMPS),
            random.pick(row, TIMESTAMPS),
            random.pick(row, UUIDS),
            random.pick(row, JSONB),
            random.pick(row, &["sad", "ok", "happy"]),
            random.pick(row, NUMBERS),
            random.pick(row + ROWS, NUMBERS),
            random.pick(row, JSON_TEXTS),
            random.pick(row, DATE_TEXTS),
            random.pick(row, UUID_TEXTS),
            random.pick(row, BOOLEANS),
        ];
        let _ = write!(sql, "{}({row}, {})", if row == 0 { "" } else { ", " }, fields.join(", "));
    }
    sql
}

#[allow(clippy::too_many_lines, reason = "a list of lists")]
/// Expressions made of every operator and every pair of types that it takes.
fn generated() -> Vec<String> {
    let mut all = Vec::new();
    let numbers = ["i2", "i4", "i8", "n", "n2", "2", "-3", "0", "1.5", "10000000000", "'7'"];
    for operator in ["+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"] {
        for left in &numbers[..5] {
            all.extend(numbers.iter().map(|right| format!("{left} {operator} {right}")));
            all.push(format!("4 {operator} {left}"));
        }
    }
    for operator in ["=", "<>", "is distinct from", "is not distinct from"] {
        for (left, right) in [
            ("t", "t2"),
            ("t", "v"),
            ("v", "t2"),
            ("v", "v"),
            ("c", "c"),
            ("c", "t"),
            ("t", "'abc'"),
            ("v", "'abc'"),
            ("c", "'abc'"),
            ("u", "u"),
            ("u", "'8447d4f1-aa3b-5f07-bf14-2a147ec9e837'"),
            ("m", "'ok'"),
            ("m", "m"),
        ] {
            all.push(format!("{left} {operator} {right}"));
        }
    }
    for operator in ["<", "<=", ">", ">=", "=", "<>"] {
        for (left, right) in [
            ("d", "d2"),
            ("d", "ts"),
            ("ts", "d"),
            ("ts", "ts"),
            ("d", "'2000-01-01'"),
            ("ts", "'2000-01-01 00:00:00'"),
            ("tz", "tz"),
            ("tz", "'2000-01-01 00:00:00+00'"),
            ("b", "b2"),
            ("m", "'ok'"),
            ("u", "u"),
            ("d", "date '1999-12-31'"),
        ] {
            all.push(format!("{left} {operator} {right}"));
        }
        all.push(format!("t collate \"C\" {operator} t2"));
        all.push(format!("t {operator} 'b' collate \"C\""));
    }
    for name in ["lower", "upper", "length", "char_length", "character_length", "octet_length", "btrim", "ltrim", "rtrim", "reverse", "md5"]
    {
        all.extend(["t", "v", "c", "'  Ab '"].map(|arg| format!("{name}({arg})")));
    }
    for name in ["btrim", "ltrim", "rtrim"] {
        all.extend(["' a'", "'abc'", "''", "t2"].map(|set| format!("{name}(t, {set})")));
    }
    for n in ["0", "1", "2", "-1", "-2", "100", "i4", "null::int"] {
        all.extend(["left", "right"].map(|name| format!("{name}(t, {n})")));
        all.push(format!("substr(t, {n})"));
    }
    for n in ["0", "1", "5", "-1", "12"] {
        for name in ["lpad", "rpad"] {
            all.push(format!("{name}(t, {n})"));
            all.extend(["'xy'", "''", "'é'", "t2"].map(|fill| format!("{name}(t, {n}, {fill})")));
        }
        all.push(format!("repeat(t, {n})"));
        all.extend(["1", "2", "-1", "-2", "4", "0"].map(|m| format!("substring(t, {n}, {m})")));
        all.extend(["','", "'a'", "''", "' '", "'ab'", "t2"].map(|by| format!("split_part(t, {by}, {n})")));
    }
    for cast in ["int2", "int4", "int8", "numeric", "text", "varchar", "numeric(6,2)", "numeric(3)", "numeric(4,-2)", "numeric(2,4)"] {
        all.extend(["i2", "i4", "i8", "n"].map(|column| format!("{column}::{cast}")));
    }
    for cast in ["int2", "int4", "int8", "numeric", "numeric(6,2)"] {
        all.push(format!("tn::{cast}"));
    }
    for scale in ["0", "1", "2", "-1", "-3", "30", "i2"] {
        all.extend(["n", "i4"].map(|column| format!("round({column}, {scale})")));
        all.push(format!("trunc(n, {scale})"));
    }
    for pattern in PATTERNS {
        for operator in ["~", "~*", "!~", "!~*"] {
            all.push(format!("t {operator} {}", literal(pattern)));
        }
    }
    for pattern in [
        "%", "_", "a%", "%a", "%a%", "a_c", r"a\%b", r"a\_b", "", "%%", "_%", "%_", "___", r"\\", "ä%", "%SS%", "%ß%", "abc", "%b%c%",
        r"%\_b", "É",
    ] {
        for operator in ["like", "not like", "ilike", "not ilike"] {
            all.push(format!("t {operator} {}", literal(pattern)));
        }
        all.push(format!("t like {} escape '!'", literal(&pattern.replace('\\', "!"))));
        all.push(format!("t like {} escape ''", literal(pattern)));
    }
    for (pattern, by) in [
        (r"\s+", " "),
        (r"[^a-z]", ""),
        (r"\D", ""),
        ("a", r"<\&>"),
        (r"(\w)(\w)", r"\2\1"),
        ("b*", "X"),
        (r"^\s+|\s+$", ""),
        ("(a)(b)?", r"[\1|\2|\3]"),
        ("", "-"),
        ("x", r"\\"),
        ("a|ab|abc", "#"),
        ("A", "z"),
        (r"\s*,\s*", ";"),
        ("(.)", r"\1\1"),
        ("o", r"\q"),
        ("é", "e"),
        (r"\mb", "B"),
    ] {
        for flags in ["", ", 'g'", ", 'gi'", ", 'i'"] {
            // A quantified group is refused; its cases are in the unit tests.
            if pattern != "(a)(b)?" {
                all.push(format!("regexp_replace(t, {}, {}{flags})", literal(pattern), literal(by)));
            }
        }
    }
    all
}

const PATTERNS: &[&str] = &[
    "a",
    "^a",
    "a$",
    "^$",
    "^a.c$",
    "b+",
    "(ab|c)+",
    "[a-c]",
    "[^a-c]",
    r"\d",
    r"\D",
    r"\s",
    r"\S",
    r"\w",
    r"\W",
    r"\mfoo\M",
    r"\yb",
    r"\Ya",
    "[[:alpha:]]",
    "[[:digit:]]+",
    "[[:space:]]",
    "[[:upper:]]",
    "[[:lower:]]",
    "^[[:alnum:]_]+$",
    r"\.",
    "a{2}",
    "a{2,}",
    "a{1,2}b",
    "x*",
    r"^[^@\s]+@[^@\s]+$",
    "[]a]",
    "[^]a]",
    "[a-]",
    "[é-ü]",
    "É",
    "ß",
    "日.語",
    "a|",
    "()",
    "(a|b)c",
    r"[\d,]",
    r"\u0061",
    "k",
    "s",
    "ı",
    "i",
    r"\\",
    "a*?b",
    "{",
    "a{,2}",
    r"\A",
    r"c\Z",
    "(?:foo|bar)",
    "[a-z]+ [a-z]+",
    "[[:xdigit:]]{2}",
    r"\n",
    r"\t",
];

/// Expressions over the columns of the table.
const EXPRESSIONS: &[&str] = &[
    // logic
    "b and b2",
    "b or b2",
    "not b",
    "b and null",
    "b or null",
    "null and null",
    "b is true",
    "b is not true",
    "b is false",
    "b is not false",
    "b is unknown",
    "b is not unknown",
    "t is null",
    "i4 is not null",
    "b = b2 or b is null and not b2",
    "not b and b2 or b",
    "true and b",
    "'t' and b",
    // conditional
    "case when i4 > 0 then 'pos' when i4 < 0 then 'neg' else 'zero' end",
    "case i4 when 0 then 'none' when 1 then 'one' end",
    "case when b then i4 else n end",
    "case when b then i2 else i8 end",
    "case when b then 1 else 2.5 end",
    "case t when 'a' then 1 when 'A' then 2 else 3 end",
    "case when b then d end",
    "case when b then v else 'x' end",
    "case m when 'ok' then 1 else 0 end",
    "case when b then null else t end",
    "case when i4 = 0 then 0 else 10 / i4 end",
    "coalesce(t, 'none')",
    "coalesce(t, v)",
    "coalesce(v, t)",
    "coalesce(i2, i4, i8)",
    "coalesce(i4, n, 0)",
    "coalesce(d, '2000-01-01')",
    "coalesce(null, null, t)",
    "coalesce(null, 'x')",
    "coalesce(i4, 1)",
    "nullif(t, '')",
    "nullif(v, '')",
    "nullif(c, 'a')",
    "nullif(i4, 0)",
    "nullif(i4, i8)",
    "nullif(i2, 0)",
    "nullif(i4, n)",
    "nullif(n, 0)",
    "nullif(d, d2)",
    "nullif(b, true)",
    "nullif(u, u)",
    "nullif(m, 'ok')",
    "nullif(t, t2)",
    "nullif('a', 'b')",
    "greatest(i2, i4)",
    "greatest(i4, i8, 5)",
    "greatest(n, n2, i4)",
    "least(n, n2)",
    "least(i2, 3)",
    "greatest(d, d2)",
    "least(ts, d)",
    "greatest(d, '2010-01-01')",
    "least(b, b2)",
    "greatest(t collate \"C\", t2)",
    "least(t, t2 collate \"C\", 'b')",
    "greatest(m, 'ok')",
    "greatest(null, i4)",
    "i4 in (1, 42, -7)",
    "i4 in (1, null)",
    "i4 not in (1, 42)",
    "i4 not in (1, null)",
    "t in ('a', 'abc', t2)",
    "i2 in (1, 2.5, 100)",
    "n in (1, 2.50)",
    "i4 in ('1', '42')",
    "d in ('2000-01-01', d2)",
    "m in ('ok', 'sad')",
    "v in ('a', 'b')",
    "c in ('a', 'b')",
    "u in ('00000000-0000-0000-0000-000000000000')",
    "i4 between 0 and 100",
    "i4 not between 0 and 100",
    "n between -1 and i4",
    "d between '1990-01-01' and d2",
    "i4 between i2 and i8",
    "n not between n2 and 5",
    "ts between '2000-01-01' and '2025-01-01'",
    // arithmetic
    "-i2",
    "-i4",
    "-i8",
    "-n",
    "-(-i4)",
    "abs(i2)",
    "abs(i4)",
    "abs(i8)",
    "abs(n)",
    "sign(n)",
    "ceil(n)",
    "ceiling(n)",
    "floor(n)",
    "round(n)",
    "trunc(n)",
    "mod(i4, 7)",
    "mod(i8, i4)",
    "mod(i2, 3::int2)",
    "mod(n, n2)",
    "mod(n, 3)",
    "mod(i4, n)",
    "i4 + i4 * 2 - 1",
    "(i4 + 1) / 2",
    "n * 100 / 7",
    "n / 3",
    "1 / n",
    "n / n2",
    "100 / 7",
    "100.0 / 7",
    "-7 / 2",
    "-7 % 3",
    "2147483647",
    "-2147483648",
    "2147483648",
    "9223372036854775808",
    "1e3",
    "1.50",
    ".5",
    "i4 * 1.10",
    "n * n2",
    "n + n2",
    "n - n2",
    "n % n2",
    "(n * n2) / 3",
    "-2147483648::int8",
    "i2 * i2",
    "i2 + i2",
    "i4 - '5'",
    "n + '1.5'",
    // text
    "t || t2",
    "t || 'x'",
    "'x' || t",
    "t || i4",
    "i4 || t",
    "i4 || 'x'",
    "t || n",
    "t || b",
    "b || 'x'",
    "t || d",
    "t || u",
    "t || m",
    "t || v",
    "v || 'x'",
    "c || 'x'",
    "c || c",
    "'a' || 'b'",
    "t || null",
    "t || j",
    "coalesce(t, 'X') || '-' || i4",
    "t || c",
    "replace(t, 'a', 'bb')",
    "replace(t, '', 'x')",
    "replace(t, 'abc', t2)",
    "replace(t, 'a', '')",
    "strpos(t, 'b')",
    "strpos(t, '')",
    "strpos(t, t2)",
    "position('b' in t)",
    "position(t2 in t)",
    "starts_with(t, 'a')",
    "starts_with(t, '')",
    "concat(t, i4, n, b)",
    "concat(null, 'a')",
    "concat(d, ts, u, m, j)",
    "concat(c, '|')",
    "concat_ws(',', t, i4, null, b)",
    "concat_ws(null, 'a')",
    "concat_ws(t, 'a', 'b')",
    "concat('comment:', i4)",
    "concat_ws('-', null, null)",
    "concat(null)",
    "substring(t from 2)",
    "substring(t from 2 for 3)",
    "substring(t for 2)",
    "substring(t, 2147483647, 2147483647)",
    "substring(t, -2147483648, 2147483647)",
    "trim(t)",
    "trim(both 'a' from t)",
    "trim(trailing 'c' from t)",
    "lower(t) = 'abc'",
    "length(t || ' ')",
    "t like t2",
    "t ilike t2",
    "t2 like t",
    "c like 'a%'",
    "c like 'a'",
    "v like '%b%'",
    "t like null",
    "t not like t2",
    "c ~ '^a $'",
    "c ~ 'a$'",
    "v ~ 'b'",
    "t ~ null",
    "lpad(i4::text, 6, '0')",
    "concat('PAT-', lpad(i4::text, 6, '0'))",
    "upper(left(t, 1)) || substr(t, 2)",
    "nullif(nullif(btrim(t), ''), 'null')",
    "regexp_like(t, 'a')",
    "regexp_like(t, 'A', 'i')",
    "lower(m::text)",
    "lower(c)",
    "c::text",
    "c::varchar",
    "length(c)",
    "left(c, 3)",
    "repeat('ab', 3)",
    "split_part('a,b,c', ',', 2)",
    "t::varchar(3)",
    "v::varchar(2)",
    "cast(t as varchar(1))",
    "i4::text",
    "n::text",
    "b::text",
    "d::text",
    "ts::text",
    "u::text",
    "j::text",
    "m::text",
    "md5(i4::text)",
    "md5(t || t2)",
    // casts
    "tb::bool",
    "i4::bool",
    "b::int",
    "b::int4::text",
    "ti::int",
    "tn::numeric",
    "tn::int8",
    "tu::uuid",
    "t::mood",
    "m::text::mood",
    "'ok'::mood",
    "td::date /* iso */",
    "td::timestamp /* iso */",
    "tj::jsonb",
    "tj::json",
    "tj::jsonb::text",
    "j::json",
    "tj::json::jsonb",
    "d::timestamp",
    "ts::date",
    "d::timestamp::date",
    "date '2020-02-29'",
    "timestamp '2020-02-29 12:00:00.5'",
    "cast('12' as int)",
    "'12'::int8",
    "n::int",
    "n::int2",
    "n::int8",
    "i8::int",
    "i8::int2",
    "i4::int2",
    "i4::numeric",
    "v::text",
    "u::text::uuid",
    "numeric '1.50'",
    "int '5'",
    "cast(n as numeric(12,2))",
    "null::int",
    "null::text",
    "null::jsonb",
    // dates
    "d + 1",
    "d - 1",
    "1 + d",
    "d + i4",
    "d - i4",
    "d - d2",
    "d + i2",
    "isfinite(d)",
    "isfinite(ts)",
    "isfinite(tz)",
    "d < date '1900-01-01' or d > date '2100-12-31'",
    "d = ts",
    "d <> ts",
    "ts > d2",
    // json
    "j -> 'a'",
    "j ->> 'a'",
    "j -> 0",
    "j ->> 1",
    "j -> -1",
    "j ->> 'k'",
    "j -> 'b' -> 'c' -> 2",
    "j ->> ''",
    "j -> 'é'",
    "j ->> 'é'",
    "j -> t",
    "j ->> t",
    "j -> i4",
    "j -> 'a' ->> 'a'",
    "jsonb_typeof(j)",
    "jsonb_typeof(j -> 'a')",
    "jsonb_typeof(tj::jsonb)",
    "tj::jsonb -> 'a'",
    "tj::jsonb ->> 0",
    "to_jsonb(t)",
    "to_jsonb(i4)",
    "to_jsonb(n)",
    "to_jsonb(b)",
    "to_jsonb(d)",
    "to_jsonb(ts)",
    "to_jsonb(u)",
    "to_jsonb(j)",
    "to_jsonb(m)",
    "to_jsonb(v)",
    "to_jsonb(c)",
    "to_jsonb(t)::text",
    "jsonb_build_object('a', i4)",
    "jsonb_build_object('b', t, 'a', n, 'b', b)",
    "jsonb_build_object(t, t2)",
    "jsonb_build_object('d', d, 'ts', ts, 'u', u, 'j', j, 'm', m)",
    "jsonb_build_object(i4, 1, b, 2, d, 3)",
    "jsonb_build_object()",
    "jsonb_build_object('_raw', tj)",
    "jsonb_build_object('x', null)",
    "jsonb_build_object('j', j, 'z', tj)",
    "jsonb_build_object('c', c, c, 1)",
    "nullif(tj, '{}')::jsonb",
    "jsonb_build_object('k', 'v')",
    "jsonb_build_object(n, n)",
    "jsonb_build_object(ts, 1)",
    "pg_input_is_valid(tj, 'jsonb')",
    "pg_input_is_valid(tj, 'json')",
    "pg_input_is_valid(tn, 'int2')",
    "pg_input_is_valid(tn, 'integer')",
    "pg_input_is_valid(tn, 'bigint')",
    "pg_input_is_valid(tn, 'numeric')",
    "pg_input_is_valid(tu, 'uuid')",
    "pg_input_is_valid(td, 'date') /* iso */",
    "pg_input_is_valid(td, 'timestamp') /* iso */",
    "pg_input_is_valid(tb, 'boolean')",
    "case when pg_input_is_valid(tj, 'jsonb') then tj::jsonb else jsonb_build_object('_raw', tj) end",
];

/// What is asked about every character, and for how many the answer may differ: a server's C library and this program know
/// Unicode as of different years.
pub const CHARACTERS: &[(&str, usize)] = &[
    (r"t ~ '\d'", 0),
    (r"t ~ '\s'", 0),
    (r"t ~ '\w'", 5_000),
    ("t ~ '[[:alpha:]]'", 5_000),
    ("t ~ '[[:upper:]]'", 60),
    ("t ~ '[[:lower:]]'", 110),
    ("t ~ '[[:blank:]]'", 0),
    ("t ~ '[[:cntrl:]]'", 0),
    ("t ~ '[[:xdigit:]]'", 0),
    ("lower(t)", 60),
    ("upper(t)", 60),
    ("initcap(t)", 60),
    ("initcap('x' || t || 'Y')", 5_060),
    ("t ~ '.'", 0),
    ("t ~* 's'", 0),
    ("t ~* '[a-zà-ÿ]'", 0),
    ("t ilike 'k'", 0),
];
