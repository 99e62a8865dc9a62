//! Regular expressions, and `similar to`: which of several matches is taken, what groups hold, flags, and the functions around them.

use std::fmt::Write as _;

use super::Family;

/// The family.
pub fn family() -> Family {
    let mut sql = String::from(
        "create table cases (id int primary key, t text, v varchar, c char(8), y text, n int4, m int4); insert into cases values ",
    );
    for (at, text) in TEXTS.iter().enumerate() {
        let quoted = text.replace('\'', "''");
        let by = REPLACEMENTS[at % REPLACEMENTS.len()].replace('\'', "''");
        let short: String = text.chars().take(8).collect();
        let short = short.replace('\'', "''");
        let _ = write!(sql, "({at}, '{quoted}', '{quoted}', '{short}', '{by}', {}, {}), ", at % 7, at % 4);
    }
    let _ = write!(sql, "({}, null, null, null, null, null, null)", TEXTS.len());
    Family { name: "patterns", setup: sql, expressions: EXPRESSIONS.iter().map(|text| (*text).to_owned()).chain(generated()).collect() }
}

const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "aa",
    "ab",
    "abc",
    "aab",
    "aabb",
    "abab",
    "ababab",
    "abcabcabc",
    "xabcabcy",
    "foobarbequebazilbarfbonk",
    "foobarbeque foobarquux",
    "<a><b>c</b></a>",
    "<<x>>",
    "key=value; k2=v2;k3 = v3",
    "a=1,b=22,c=333",
    "2024-02-29T12:34:56",
    "12.34.56",
    "+49 (30) 1234-567",
    "john.doe@example.com, jane@ex.org",
    "photo.jpeg image.png scan.tif.gif",
    "the quick  brown   fox",
    "line one\nline two\n\nlast",
    "\n",
    "tab\tand\r\nline",
    "Straße ÄÖÜ äöü",
    "日本語 日 本",
    "a😀b😀😀c",
    "e\u{301}a b",
    "ǅ ǆ Ǆ",
    "ſK\u{212a}ks",
    r"back\slash\\x",
    "100% [x] {y} (z) $^.|?*+",
    "aaaaaaaaaaaaaaaaaaaa",
    "xyxyxyz",
    "abcd",
    "abbbc",
    "XabcXX",
    "a,b;;c",
    "foo1bar22baz333",
    "AbC aBc ABC",
    "a\"b,c{d} NULL",
    "0",
    "1 2 3",
];

const REPLACEMENTS: &[&str] = &[r"<\1>", r"[\&]", "", r"\2-\1", r"\\", r"\", r"x\9y", "é😀", r"\1\1", r"\q"];

/// Patterns of every shape: plain ones, ones of which the longest match is not the first, ones with groups of all kinds.
const PATTERNS: &[&str] = &[
    "a",
    "b*",
    "",
    "a+",
    "a*",
    "^a",
    "a$",
    "^.*$",
    ".",
    ".+",
    ".*?",
    ".+?",
    "a+?",
    "a??",
    "a{2}",
    "a{2,}",
    "a{2,3}",
    "a{1,2}?",
    "a{0}b",
    "a{0,1}b",
    "<.*?>",
    "<.*>",
    "<[^>]+>",
    "a|ab|abc",
    "a|ab",
    "(a|ab)",
    "(a|ab)(c|bcd)?",
    "(a|ab)(c|bcd)(d*)",
    "(ab)+",
    "(ab)*",
    "(?:ab)+",
    "(a|b)+",
    "(a|b)*c",
    "(a*)+",
    "(a*)*",
    "(a+)+b",
    "(a*)(ab)*(b*)",
    "(a*)(b|abc)(c*)",
    "(a*?)(b*)",
    "(a*)(b*?)",
    "(.*?)(b+)",
    "^(.*?),(.*)$",
    "(.*?),(.*)",
    "(.*),(.*?)",
    "([^=]+)=([^;,]*)",
    r"(\w+)\s*=\s*(\w+)",
    r"(\w+)=(\d+)",
    r"(\d{4})-(\d{2})-(\d{2})",
    r"(\d+)\.(\d+)",
    r"\.(jpe?g|png|gif|tiff?)",
    r"(foo|bar)([0-9]+)?",
    "foo(bar)(beque)?(baz)?",
    "foo(?:bar|barbeque)(.*)",
    "(foo)(.*)(bar)",
    "(foo)(.*?)(bar)",
    "(xy)*z",
    "(xy){2}",
    "(x(y))+",
    "((x)|(y))+",
    "((a)|(b)|(c))*",
    "((ab)|(abc))*",
    "(a(b)?)+",
    "(a(b)?)*",
    "(a(b)?)*?",
    "(a|(b))+?",
    "((a*)b)*",
    "(a?)(ab)?",
    "(a?)*",
    "(a??)*b",
    "(a{2})*",
    "(a{1,3})(a{0,3})",
    "(a{1,3}?)(a{0,3})",
    "(a{1,3}?)(a{2,3}?)",
    "(?:a|ab)(?:c|bcd)?",
    "(?:a+b*?)(c*)",
    "(?:a*?b*)(c*)",
    "a*?b*(c*)",
    "a*b*?(c*)",
    "(?:(a)|b)*",
    "(?:(a)|(b))*?c",
    "(a)|(b)",
    "(a)(x)?|(b)(c)?",
    "^(a)|(b)$",
    "(^a)|(b$)",
    "(a|b|c|)+",
    "(|a)+",
    "(a|)+",
    "()",
    "(())a",
    "(a)(b)(c)(d)?",
    "(.)(.)(.)",
    "(.)*",
    "(.)+?",
    "([a-c]+)([b-d]*)",
    "([a-c]+?)([b-d]*)",
    r"(\s*)(\S+)(\s*)",
    r"\s+",
    r"\s*",
    r"[^a-z]+",
    r"\W",
    "[[:alpha:]]+",
    "[[:upper:]]",
    "ä",
    "Ä",
    "ß",
    "[ä-ü]",
    "[^ä-ü]+",
    "ǅ",
    "[ǅ]",
    "[^ǅ]",
    "k",
    "[k]",
    "[a-z]",
    "😀",
    "😀+",
    "(😀)(b|c)",
    "日",
    r"\m\w",
    r"\w\M",
    r"\ya",
    r"\Ya|b",
    r"\y(\w)",
    r"(?:a|ab)\y",
    r"\\",
    r"[\\]",
    r"\$\^\.",
    "[x]",
    r"\[x\]",
    r"\n",
    "^",
    "$",
    "^$",
    "^l.*e$",
    "e$",
    ".n",
    "[^x]n",
    "(?i)ABC",
    "(?in)^LINE",
    "(?x) a b # comment\n c",
    "a(?#comment)b",
    "(?q)a.b",
    "***=a.b",
    "***:a.b",
    "***=(a)",
    "x(?:a(?:b(?:c)))+y",
    "(?:(?:ab)+c)+",
    "(a+|b+)*",
    "(a+|b+)*?c",
    "((a+)|(b+))*(c)",
    "(a(.)?)(b?)",
    "([a-z]+)(\\d+)?",
    "(a.*)?b",
    "(a.*?)?b",
    "(?:a.*?)?(b)",
    "(a)?(ab)?",
    "(ab|a)(bcd|c)?(.*)",
    "(.*)(\\d+)",
    "(.*?)(\\d+)",
    "(\\d+?)(\\d*)",
    "(a{1,1})(b)",
    "(a+){1,1}?(a*)",
    "(a+){2,2}",
    "(a+){2}(b*)",
    "(a+?){2}(a*)",
    "((a|b){2}){0,1}(.)",
    "(a|b){2,3}?(c?)",
];

const FLAGS: &[&str] = &["i", "n", "p", "w", "x", "q", "ics", "tnsm", "im"];

/// Beginnings that say how the rest is read, and flags that take them for what they are, or not.
const PREFIXED: &[&str] =
    &["***=a", "***:a", "***=", "***:", "(?i)A", "(?q)a", "***:(?q)a", "***=(?i)a", "***:(?i)A", "***:***=a", "***=***=a"];
const PREFIX_FLAGS: &[&str] = &["", "g", "i", "x", "n", "q", "qi", "iq", "qt", "qc", "qs", "nqs"];

const FLAGGED: &[&str] = &[
    "a",
    "ABC",
    "^l",
    "e$",
    "^$",
    ".+",
    "(.*)$",
    "^(.*)$",
    "[^o]+",
    "a b",
    "(a) # c",
    "o.e",
    "a|AB",
    "(.)\\n(.)",
    "\\A.",
    ".\\Z",
    "ǅ",
    "[ǅ]",
];

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn generated() -> Vec<String> {
    let mut all = Vec::new();
    for pattern in PATTERNS {
        // Groups of alternatives beside word boundaries are refused.
        let p = literal(pattern);
        all.push(format!("t ~ {p}"));
        all.push(format!("t !~* {p}"));
        all.push(format!("regexp_match(t, {p})"));
        all.push(format!("regexp_split_to_array(t, {p})"));
        all.push(format!("regexp_replace(t, {p}, y, 'g')"));
        all.push(format!("regexp_replace(t, {p}, y)"));
        all.push(format!("regexp_substr(t, {p})"));
        all.push(format!("substring(t from {p})"));
    }
    for pattern in FLAGGED {
        for flags in FLAGS {
            let (p, f) = (literal(pattern), literal(flags));
            all.push(format!("regexp_match(t, {p}, {f})"));
            all.push(format!("regexp_like(t, {p}, {f})"));
            all.push(format!("regexp_replace(t, {p}, '[\\&]', {})", literal(&format!("g{flags}"))));
        }
    }
    for pattern in PREFIXED {
        for flags in PREFIX_FLAGS {
            // What stands behind it is `***`, and nothing to repeat.
            if *pattern == "***:***=a" && !flags.contains('q') {
                continue;
            }
            let (p, f) = (literal(pattern), literal(flags));
            all.push(format!("regexp_replace('x***=***=a (?q)a ***:(?i)A' || t, {p}, '<\\&>', {f})"));
            all.push(format!("regexp_like({p} || t, {p}, {f})").replace(", 'g')", ", '')"));
        }
    }
    for pattern in ["a", "(a)(b)?", "b*", "(.)(.)", "", "\\d+"] {
        let p = literal(pattern);
        for start in ["2", "n", "100"] {
            all.push(format!("regexp_count(t, {p}, {start})"));
            all.push(format!("regexp_count(t, {p}, {start}, 'i')"));
            all.push(format!("regexp_instr(t, {p}, {start})"));
            all.push(format!("regexp_substr(t, {p}, {start})"));
            all.push(format!("regexp_replace(t, {p}, '<\\&>', {start})"));
            for nth in ["2", "m"] {
                all.push(format!("regexp_instr(t, {p}, {start}, {nth})"));
                all.push(format!("regexp_substr(t, {p}, {start}, {nth})"));
                all.push(format!("regexp_substr(t, {p}, {start}, {nth}, 'i')"));
                all.push(format!("regexp_replace(t, {p}, '<\\1>', {start}, {nth})"));
                all.push(format!("regexp_replace(t, {p}, y, {start}, {nth}, 'gi')"));
                for group in ["0", "1", "3"] {
                    all.push(format!("regexp_instr(t, {p}, {start}, {nth}, 0, '', {group})"));
                    all.push(format!("regexp_instr(t, {p}, {start}, {nth}, 1, 'i', {group})"));
                    all.push(format!("regexp_substr(t, {p}, {start}, {nth}, '', {group})"));
                }
                all.push(format!("regexp_instr(t, {p}, {start}, {nth}, m)"));
            }
        }
    }
    for pattern in [
        "abc",
        "%",
        "_",
        "a%",
        "%b%",
        "(a|b)%",
        "(a|ab)(c|bcd)",
        "a_c",
        "[a-c]+",
        "a{2}",
        "%(b|c)",
        "a.c",
        "^a$",
        r"\%",
        r"\_",
        r"%\d%",
        "a|b",
        "(ab)*",
        "[^a]%",
        "[%]%",
        "",
        r"a\",
        "日%",
        "_😀%",
        "%$^.%",
        r"%\\%",
        "a+b*c?",
        r#"%\"b\"%"#,
        r#"[\"]%"#,
    ] {
        for operator in ["similar to", "not similar to"] {
            all.push(format!("t {operator} {}", literal(pattern)));
            all.push(format!("c {operator} {}", literal(pattern)));
            all.push(format!("t {operator} {} escape '!'", literal(&pattern.replace('\\', "!"))));
            all.push(format!("t {operator} {} escape ''", literal(pattern)));
            all.push(format!("t {operator} {} escape 'é'", literal(&pattern.replace('\\', "é"))));
        }
    }
    all
}

/// Expressions over the columns of the table.
const EXPRESSIONS: &[&str] = &[
    "v ~ 'a'",
    "c ~ 'a$'",
    "c ~* 'A '",
    "c !~ 'a'",
    "c !~* 'A'",
    "t ~ null",
    "t !~ null",
    "null ~ 'a'",
    "'abc' ~ 'b'",
    "t similar to null",
    "regexp_match(c, '(a) *$')",
    "regexp_match(v, 'b')",
    "regexp_match(null, 'b')",
    "regexp_match(t, null)",
    "regexp_replace(t, null, 'x')",
    "regexp_replace(t, 'a', null)",
    "regexp_replace(t, '(a)|b', 'x', 'g')",
    r"regexp_replace(t, '^\s+|\s+$', '', 'g')",
    r"regexp_replace(t, '(\w)(\w)', '\2\1', 'g')",
    r"regexp_replace(t, '[^[:alnum:]]+', '-', 'g')",
    "regexp_replace(t, '\\y(?:a|ab)(c)', 'x')",
    "substring(t from '@(.*)$')",
    "substring(t, '([0-9]+)')",
    "substring(t from null)",
    "regexp_like(t, 'a')",
    "regexp_substr(t, 'a', 0)",
    "regexp_instr(t, 'a', 1, 1, 2)",
    "regexp_count('ABCABCAXYaxy', 'A.')",
    "regexp_replace('foobarbaz', 'b(..)', 'X\\1Y', 'g')",
    "regexp_split_to_array('hello world', '\\s+')",
];
