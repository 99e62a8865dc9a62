//! `bytea`: parts, bits, text forms, hashes, and text of other encodings.

use std::fmt::Write as _;

use super::Family;

/// The family.
pub fn family() -> Family {
    let mut sql = String::from(
        "create table cases (id int primary key, x bytea, y bytea, t text, e text, n int4, n8 int8);
         insert into cases select i, set_byte('\\x00', 0, i), '\\x', chr(i + 1), chr(i + 200), i - 128, i from generate_series(0, 255) i;\n",
    );
    for (at, bytes) in BYTES.iter().enumerate() {
        let next = BYTES[(at * 5 + 2) % BYTES.len()];
        let text = TEXTS[at % TEXTS.len()].replace('\'', "''");
        let form = ["hex", "base64", "escape", "HEX", "bogus"][at % 5];
        let _ =
            writeln!(sql, "insert into cases values ({}, '\\x{bytes}', '\\x{next}', '{text}', '{form}', {}, {});", at + 1000, at, at * 3);
    }
    for (at, text) in TEXTS.iter().enumerate() {
        let text = text.replace('\'', "''");
        for (way, form) in ["hex", "base64", "escape"].iter().enumerate() {
            let _ = writeln!(sql, "insert into cases values ({}, '\\x01', null, '{text}', '{form}', -1, -1);", 2000 + at * 4 + way);
        }
    }
    sql.push_str("insert into cases values (9000, null, null, null, null, null, null);");
    let expressions = EXPRESSIONS.iter().map(|text| (*text).to_owned()).chain(generated()).collect();
    Family { name: "bytes", setup: sql, expressions }
}

/// Characters of the scripts for which there are encodings of one byte, one a row.
pub fn encodings() -> Family {
    let setup = "create table cases (id int primary key, e text);
        insert into cases select i, chr(i) from generate_series(1, 1800) i;
        insert into cases select i, chr(i) from generate_series(7680, 8500) i;
        insert into cases select i, chr(i) from generate_series(8700, 9640) i;
        insert into cases select i, chr(i) from generate_series(64256, 65300) i"
        .to_owned();
    let mut expressions: Vec<String> = ENCODINGS[..29].iter().map(|encoding| format!("convert_to(e, '{encoding}')")).collect();
    expressions.extend(["NFC", "NFD", "NFKC", "NFKD"].map(|form| format!("normalize(e, {form}) /* age */")));
    expressions.extend(["ascii(e)", "octet_length(e)", "quote_ident(e)"].map(str::to_owned));
    Family { name: "encodings", setup, expressions }
}

const BYTES: &[&str] = &[
    "",
    "00",
    "ff",
    "61",
    "616263",
    "5c",
    "5c5c27",
    "00ff00ff",
    "c3a9",
    "e697a5",
    "f09f9880",
    "eda080",
    "c0af",
    "f4908080",
    "20206120",
    "deadbeefcafebabe",
    // 56 to 58 bytes, and 114: where lines of base64 end.
    "0101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101",
    "010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101",
    "01010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101",
    "010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101",
    "80a4d0",
    "4d81fcbe0a",
];

const TEXTS: &[&str] = &[
    "",
    "00",
    "0",
    "0g",
    "DE AD\nbe ef",
    "D E",
    "YWJj",
    "YQ==",
    "YWI=",
    "Y Q = =",
    "YQ=",
    "YQ",
    "Y===",
    "=YQ=",
    "YQ==YWJj",
    "YWI=YQ==",
    "YW!j",
    "YWJjé",
    r"\x",
    r"\x00ff",
    r"\x0",
    r"\xzz",
    r"\x 61 62",
    r"\\",
    r"\",
    r"\000\377",
    r"\400",
    r"\12",
    r"a\134b",
    r"plain é 日",
    r"\X61",
    "++//",
    "+/+/",
    "a\u{7f}",
];

/// The encodings of one byte, and a few of their other names.
const ENCODINGS: &[&str] = &[
    "UTF8",
    "unicode",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1251",
    "WIN1252",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1256",
    "WIN1257",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "KOI8U",
    "iso-8859-1",
    "Windows-1252",
    "win",
    "alt",
    "abc",
    "tcvn",
    "koi8",
    "ISO88599",
    "iso 8859 15",
    "windows866",
];

fn generated() -> Vec<String> {
    let mut all = Vec::new();
    for encoding in ENCODINGS {
        // All 256 bytes stand in the table.
        all.push(format!("convert_from(x, '{encoding}')"));
        all.push(format!("convert(x, '{encoding}', 'UTF8')"));
        all.push(format!("convert(x, '{encoding}', '{encoding}')"));
        all.push(format!("convert_to(e, '{encoding}')"));
        all.push(format!("convert_to(convert_from(x, '{encoding}'), '{encoding}')"));
        all.push(format!("convert(x, 'UTF8', '{encoding}')"));
    }
    for name in ["length", "octet_length", "bit_length", "bit_count", "md5", "sha224", "sha256", "sha384", "sha512"] {
        all.push(format!("{name}(x)"));
    }
    for form in ["'hex'", "'base64'", "'escape'", "'Base64'", "'bogus'", "e"] {
        all.push(format!("encode(x, {form})"));
        all.push(format!("decode(t, {form})"));
        all.push(format!("decode(encode(x, {form}), {form})"));
    }
    for start in ["0", "1", "2", "-3", "100", "n", "2147483647"] {
        for name in ["substr", "substring"] {
            all.push(format!("{name}(x, {start})"));
            all.extend(["0", "1", "2", "-1", "n", "2147483647"].map(|many| format!("{name}(x, {start}, {many})")));
        }
        all.push(format!("overlay(x placing y from {start})"));
        all.extend(["0", "1", "-4", "n", "2147483647"].map(|many| format!("overlay(x placing '\\xaabb' from {start} for {many})")));
        all.push(format!("get_byte(x, {start})"));
        all.push(format!("get_bit(x, {start})"));
        all.extend(["0", "255", "256", "-1", "n"].map(|new| format!("set_byte(x, {start}, {new})")));
        all.extend(["0", "1", "2", "n"].map(|new| format!("set_bit(x, {start}, {new})")));
    }
    for name in ["btrim", "ltrim", "rtrim"] {
        all.extend([r"'\x20'", r"'\x00ff'", "''", "y", "'a'"].map(|set| format!("{name}(x, {set})")));
    }
    for operator in ["=", "<>", "<", "<=", ">", ">=", "is distinct from"] {
        all.push(format!("x {operator} y"));
        all.push(format!(r"x {operator} '\x61'"));
    }
    all
}

/// Expressions over the columns of the table.
const EXPRESSIONS: &[&str] = &[
    "x",
    "x::text",
    "t::bytea",
    "t::bytea::text",
    "x || y",
    r"x || '\x00'",
    "'a' || x",
    "x || t",
    "t || x",
    "concat(x, '|', y)",
    "coalesce(x, y)",
    "nullif(x, '')",
    "greatest(x, y)",
    "least(x, y)",
    r"x in ('\x61', '\x', y)",
    "x between '' and y",
    "position(y in x)",
    "position('b' in x)",
    "position('' in x)",
    r"substring(x from 2 for 2)",
    "substring(x for 2)",
    "get_bit(x, n8)",
    "set_bit(x, n8, 1)",
    "get_byte(x, null)",
    "trim(both '\\x20' from x)",
    "length(decode('00ff', 'hex'))",
    r"bytea '\xdeadbeef'",
    r"'abc'::bytea",
    r"encode(sha256(convert_to(t, 'UTF8')), 'hex')",
    "convert_to(t, 'UTF8')",
    "convert_from(convert_to(t, 'UTF8'), 'UTF8') = t",
    "convert_from(decode(t, 'escape'), 'LATIN1')",
    "md5(x) = md5(encode(x, 'hex'))",
    "md5(t)",
    "format('%s %L', x, x)",
    "quote_literal(x)",
    "convert_from(null, 'LATIN1')",
    "encode(x, null)",
];
