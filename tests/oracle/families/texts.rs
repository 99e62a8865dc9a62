//! Text: what rewrites it, takes it apart, quotes it and normalizes it.

use std::fmt::Write as _;

use super::Family;

/// The family.
pub fn family() -> Family {
    let mut sql = String::from(SETUP);
    for (at, text) in TEXTS.iter().enumerate() {
        let next = TEXTS[(at * 7 + 3) % TEXTS.len()];
        let number = NUMBERS[at % NUMBERS.len()];
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let padded: String = text.chars().take(6).collect();
        let form = FORMATS[at % FORMATS.len()];
        let _ = write!(
            sql,
            "{}({at}, {}, {}, {}, {}, {}, {number}, {number}, {}, {})",
            if at == 0 { "" } else { ", " },
            quoted(text),
            quoted(next),
            quoted(text),
            quoted(&padded),
            quoted(form),
            at % 3 == 0,
            if at % 4 == 0 { "null" } else { "1.50" },
        );
    }
    let rows = TEXTS.len();
    let _ = write!(sql, ", ({rows}, null, null, null, null, null, null, null, null, null)");
    for (at, form) in FORMATS.iter().enumerate() {
        let _ = write!(sql, ", ({}, 'a', 'b', 'v', 'c', '{}', 7, 7, true, 2)", 1000 + at, form.replace('\'', "''"));
    }
    Family { name: "texts", setup: sql, expressions: EXPRESSIONS.iter().map(|text| (*text).to_owned()).chain(generated()).collect() }
}

const SETUP: &str = "drop extension if exists \"uuid-ossp\" cascade; create extension \"uuid-ossp\";
  create table cases (id int primary key, t text, t2 text, v varchar, c char(6), f text, i4 int4, i8 int8, b bool, n numeric);
  insert into cases values ";

const NUMBERS: &[&str] =
    &["0", "1", "-1", "2", "65", "233", "8364", "128512", "55296", "1114111", "1114112", "2147483647", "-2147483648", "127", "5", "3"];

const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "hello world",
    "HELLO wORLD-foo_bar",
    "  both  ",
    "xxabcxx",
    "ÄÖÜ straße ßtart",
    "日本語 テスト",
    "a😀b 😀x",
    "e\u{301}cole e\u{301}",
    "école",
    "\u{1e9b}\u{323}",
    "ﬁn ½ ² ①x",
    "Å\u{212b}A\u{30a}",
    "한국어",
    "\u{1112}\u{1161}\u{11ab}",
    "q\u{307}\u{323}",
    "q\u{323}\u{307}",
    "ǅungla ǆ Ǆ",
    "İstanbul ıI iİ",
    "ſtraße \u{212a}elvin",
    "it's",
    r"back\slash",
    r"both ' and \",
    "select",
    "user",
    "name",
    "Name",
    "with space",
    "1abc",
    "_x1",
    "abc$",
    "a\"b",
    "normalize",
    "between",
    "null",
    "NULL",
    "x\ty\nz",
    "o'neil-smith mc'donald",
    "3rd 4TH x9y",
    "٣rd अआ a\u{94d}b",
    "aaa",
    "abcabcabc",
    "\u{a0}nbsp\u{3000}wide",
    "ΑΣ σας ΐ",
    "ᾳ ᾼ ῼ",
    "\u{fb2c}\u{5e9}",
    "\u{1d15e}",
    "12",
    " 7 ",
    "-12",
    "2147483648",
];

const FORMATS: &[&str] = &[
    "",
    "plain",
    "%s",
    "%I",
    "%L",
    "%%",
    "100%% %s",
    "%s %s",
    "%s %s %s",
    "%s %s %s %s",
    "%2$s %1$s",
    "%2$s %s",
    "%1$s %s %1$s",
    "%10s|",
    "%-10s|",
    "%-s|",
    "%--5s|",
    "%*s|",
    "%-*s|",
    "%*2$s|",
    "%1$*2$s|",
    "%3$*1$s|",
    "%2$-*3$s|",
    "%",
    "a%",
    "%5",
    "%1$",
    "%1$-",
    "%*",
    "%0$s",
    "%*0$s",
    "%d",
    "%é",
    "%1$d",
    "%99$s",
    "%99999999999s",
    "%2147483647$s",
    "%2147483648$s",
    "%*1s",
    "%5$s",
    "%3s%3I%3L|",
    "%-8I%-8L|",
    "% s",
    "%+s",
    "%05s|",
    "%00005s|",
    "ä%sö😀%sü",
    "%1$s%1$I%1$L",
    "%s%%%s",
    "%%s",
];

fn generated() -> Vec<String> {
    let mut all = Vec::new();
    for arg in ["t", "v", "c"] {
        for name in [
            "initcap",
            "ascii",
            "bit_length",
            "quote_literal",
            "quote_ident",
            "quote_nullable",
            "lower",
            "upper",
            "btrim",
            "normalize",
            "md5",
            "octet_length",
        ] {
            all.push(format!("{name}({arg})"));
        }
    }
    for form in ["NFC", "NFD", "NFKC", "NFKD"] {
        all.push(format!("normalize(t, {form})"));
        all.push(format!("t is {form} normalized"));
        all.push(format!("t is not {form} normalized"));
    }
    for from in ["'abc'", "'éa'", "''", "'aa'", "t2", "'😀'"] {
        for to in ["'x'", "'xyz123'", "''", "'é😀'", "t2"] {
            all.push(format!("translate(t, {from}, {to})"));
        }
    }
    for start in ["1", "2", "0", "-1", "100", "i4", "2147483647"] {
        all.push(format!("overlay(t placing t2 from {start})"));
        for many in ["0", "1", "3", "-1", "-5", "i4", "2147483647", "-2147483648"] {
            all.push(format!("overlay(t placing 'éX' from {start} for {many})"));
        }
    }
    for words in ["leading", "trailing", "both", ""] {
        for set in ["", "' '", "'x'", "'xa'", "''", "'é ß'", "t2"] {
            all.push(format!("trim({words} {set} from t)"));
            all.push(format!("trim({words} {set} from t || '  ')"));
        }
    }
    all.push("trim(from c)".to_owned());
    all.push("trim(LEADING FROM '  x' || t)".to_owned());
    for name in ["btrim", "ltrim", "rtrim"] {
        for set in ["'x'", "'xab '", "''", "'ß é'", "t2"] {
            all.push(format!("{name}(t, {set})"));
        }
    }
    for args in ["", ", t", ", t, t2", ", i4, t, n", ", n, b, c", ", null, t", ", b, i8, v", ", 5::int2, t, 'lit'"] {
        all.push(format!("format(f{args})"));
    }
    all
}

/// Expressions over the columns of the table.
const EXPRESSIONS: &[&str] = &[
    "chr(i4)",
    "chr(0)",
    "chr(ascii(nullif(t, '')))",
    "to_hex(i4)",
    "to_hex(i8)",
    "to_hex(255)",
    "to_hex(-1)",
    "to_hex(-1::int8)",
    "to_hex(9223372036854775807)",
    "quote_literal(i4)",
    "quote_literal(n)",
    "quote_literal(null)",
    "quote_literal('x')",
    "quote_nullable(i4)",
    "quote_nullable(null)",
    "quote_nullable(n)",
    "quote_ident(null)",
    "t ^@ 'a'",
    "t ^@ t2",
    "t ^@ ''",
    "t ^@ left(t, 2)",
    "v ^@ 'a'",
    "starts_with(t, t2)",
    "position('b' in t)",
    "position(t2 in t)",
    "position('' in t)",
    "position(null in t)",
    "position('é' in v)",
    "position('a' in c)",
    "strpos(t, 'x')",
    "is_normalized(t)",
    "is_normalized(t, 'nfd')",
    "is_normalized(t, 'bogus')",
    "t is normalized",
    "t is not normalized",
    "normalize(normalize(t, NFKD), NFC)",
    "format('%s', i4)",
    "format('%*s', '99999999999.5', i4)",
    "format('%*s', '99999999999x'::text, i4)",
    "format('%*s', '5x', i4)",
    "format('%*s', ' 7 '::text, i4)",
    "format('%*s', '+7'::text, i4)",
    "format('%*s', '-', i4)",
    "format('%*s', '-2147483648', i4)",
    "format('%*s', '2147483648 x', i4)",
    "format('%s and %s', n, b)",
    "format('%L', null)",
    "format('%I', null)",
    "format(null, 1)",
    "format('%s', null)",
    "format('[%*s]', i4 % 50, 'x')",
    "format('[%-*s]', i4 % 50, t)",
    "format('[%*s]', t, 'x')",
    "format('[%*s]', null, 'x')",
    "format('[%*s]', '7', 'x')",
    "format('Hello')",
    "concat(t, c, b, n)",
    "substring(t from 2 for 3)",
    "substr(t, 2, 3)",
    "initcap(lower(t))",
    "upper(initcap(t))",
    "lower('İI')",
    "trim(t)",
    "trim(both from null)",
    "length(normalize(t, NFD))",
    "reverse(t)",
    "lpad(t, 5, t2)",
    "left(t, -1)",
    "uuid_nil()",
    "uuid_ns_dns()",
    "uuid_ns_url()",
    "uuid_ns_oid()",
    "uuid_ns_x500()",
    "uuid_generate_v5(uuid_ns_dns(), t)",
    "uuid_generate_v3(uuid_ns_url(), t)",
    "uuid_generate_v5('8447d4f1-aa3b-5f07-bf14-2a147ec9e837', 'orders:' || i4)",
    "uuid_generate_v5(null, t)",
];
