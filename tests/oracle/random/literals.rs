//! Literals for the arguments that must be literals: patterns, formats, fields, zones. Which of them a function takes is told by
//! its name where that is known, else all are tried.

/// Regular expressions that cost little on any text.
#[rustfmt::skip]
pub const PATTERNS: &[&str] = &[
    "a", "^a", "a$", "^$", "^a.c$", "b+", "[a-c]", "[^a-c]", r"\d", r"\D", r"\s+", r"\S", r"\w", r"\W", "[[:alpha:]]", "[[:digit:]]+",
    "[[:space:]]", "[[:upper:]]", "[[:lower:]]", "^[[:alnum:]_]+$", r"\.", "a{2}", "a{1,2}b", "x*", r"^[^@\s]+@[^@\s]+$", "[é-ü]", "É",
    "ß", "日", "a|b", "(a|b)c", "(ab)+", "k", "s", "i", r"\\", "a*?b", r"(\d+)-(\d+)", "^(.)(.*)$", "(a)(b)?", ",", " ", "", ".", "%",
    r"^\d{4}-\d{2}-\d{2}$", r"\mfoo\M", "(?:foo|bar)", r"[^\d.]", "e", "[,;]", "(?i)abc", "(?=a)", r"(.)\1", "***=a", "[[:punct:]]",
];
/// Flags of regular expressions.
pub const FLAGS: &[&str] = &["", "g", "i", "gi", "c", "n", "x", "s", "m", "q", "p", "z"];
/// Flags of patterns that are searched for.
pub const SEARCH_FLAGS: &[&str] = &["", "i", "c", "n", "x", "s", "m", "g"];
/// Patterns of `like`.
pub const LIKES: &[&str] =
    &["%", "_", "a%", "%a", "%a%", "a_c", r"a\%b", "", "%%", "_%", "___", r"\\", "ä%", "%SS%", "%ß%", "abc", "%b%c%", "É", "%😀%", "_b_"];
/// Patterns of `similar to`.
pub const SIMILAR: &[&str] = &["%", "a%", "%(b|d)%", "[a-c]+", "abc", "_{3}", "%[0-9]%", "", "(a|é)_*", r"\%", "a.c", "^a$"];
/// Templates of dates.
#[rustfmt::skip]
pub const DATE_FORMATS: &[&str] = &[
    "YYYY-MM-DD", "YYYY-MM-DD HH24:MI:SS", "DD.MM.YYYY", "FMDD.FMMM.YYYY", "YYYYMMDD", "HH12:MI AM", "HH24:MI:SS.US", "Day", "FMDay",
    "Mon", "FMMonth", "YYYY BC", "IYYY-IW-ID", "DDD", "Q", "CC", "J", "MS", "SSSS", "D", "W", "WW", "MM/DD/YY", "YYYY\"T\"MM", "DY",
    "month", "Y,YYY", "RM", "FF3", "TZ", "OF", "TMDay", "HH24", "DDth", "Mon DD, YYYY", "a.m.", "US", "YYY", "FXYYYY-MM-DD", "", "xyz",
];
/// Templates of numbers.
#[rustfmt::skip]
pub const NUMBER_FORMATS: &[&str] = &[
    "999", "000", "FM999", "999D99", "999.99", "FM999999.00", "9,999", "9G999", "S999", "MI999", "999PR", "PL99", "SG99", "RN", "FMRN",
    "999th", "999V99", "0000.0000", "9.99EEEE", "L999", "B999", "FM0.99", "99999999999999999999.99", "", "xyz", "\"x\"99", "FM9", "0",
    "9999999999",
];
/// Fields of dates, times and intervals.
#[rustfmt::skip]
pub const FIELDS: &[&str] = &[
    "year", "month", "day", "hour", "minute", "second", "millisecond", "microsecond", "milliseconds", "microseconds", "decade", "century",
    "millennium", "quarter", "week", "dow", "isodow", "doy", "isoyear", "epoch", "julian", "timezone", "timezone_hour", "timezone_minute",
    "Year", "MONTH", "years", "days", "fortnight", "",
];
/// Time zones.
#[rustfmt::skip]
pub const ZONES: &[&str] = &[
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "utc", "Z", "+02", "-05:30",
    "EST", "CET", "GMT", "Etc/GMT+5", "europe/berlin", "Nowhere/Land", "America/Caracas", "Africa/Monrovia", "",
];
/// Encodings of bytes.
pub const ENCODINGS: &[&str] = &["hex", "base64", "escape", "HEX", "base64url", "", "utf8"];
/// Encodings of characters.
pub const CHARSETS: &[&str] = &["UTF8", "utf-8", "LATIN1", "WIN1252", "SQL_ASCII", "LATIN9", "iso-8859-1", "nonsense"];
/// Digests and keyed digests.
pub const DIGESTS: &[&str] = &["sha256", "md5", "sha1", "sha512", "SHA224", "sha384", "nonsense"];
/// Normal forms of Unicode.
pub const FORMS: &[&str] = &["NFC", "NFD", "NFKC", "NFKD", "nfc", "x"];
/// Paths into jsonb.
#[rustfmt::skip]
pub const JSON_PATHS: &[&str] = &[
    "$", "$.a", "$.b.c", "$[0]", "$[*]", "$.*", "$.b.c[last]", "$.a ? (@ > 0)", "$[*] ? (@ == 1)", "strict $.a", "$.**", "$.a.type()",
    "$.size()", "$.k == \"x\"", "exists($.a)", "$.a + 1", "$[", "$.b ? (exists(@.c))", "$[*] ? (@ like_regex \"^t\")", "$.\"é\"",
];
/// Keys and places in json.
pub const KEYS: &[&str] = &["a", "b", "c", "k", "0", "1", "", "é"];
/// Conditions on jsonb.
pub const PREDICATES: &[&str] = &["$.a == 1", "$.a > 0", "$[*] == 1", "exists($.a)", "$.k == \"x\"", "$.a == null", "$ == 0", "$.a"];
/// Formats of `format`.
pub const FORMATS: &[&str] =
    &["%s", "%I", "%L", "x%sy%s", "%%", "%2$s %1$s", "%10s|", "%-10s|", "", "plain", "%s %s %s", "%1$L", "%x", "%*s"];
/// Names of types.
pub const TYPES: &[&str] =
    &["int2", "integer", "bigint", "numeric", "uuid", "json", "jsonb", "boolean", "date", "timestamp", "inet", "time", "interval"];
/// Anything else.
pub const WORDS: &[&str] =
    &["a", "", "1", "-", "ab", "é", "😀", "year", "f", "t", "null", "{}", "[]", "en", "xxx", "abc", "email", "default"];

const ALL: &[&[&str]] = &[
    PATTERNS,
    FLAGS,
    LIKES,
    SIMILAR,
    DATE_FORMATS,
    NUMBER_FORMATS,
    FIELDS,
    ZONES,
    ENCODINGS,
    CHARSETS,
    DIGESTS,
    FORMS,
    JSON_PATHS,
    FORMATS,
    TYPES,
    WORDS,
];

/// The literals to try for the argument at this place.
pub fn of(name: &str, at: usize, over_numbers: bool) -> &'static [&'static [&'static str]] {
    known(name, at, over_numbers).unwrap_or(ALL)
}

/// The literals that the argument at this place takes, where its function is known for that.
pub fn known(name: &str, at: usize, over_numbers: bool) -> Option<&'static [&'static [&'static str]]> {
    let pools: &[&[&str]] = match (name, at) {
        _ if name.starts_with("regexp_") && at == 1 => &[PATTERNS],
        // `g` only replaces.
        ("regexp_replace", _) => &[FLAGS],
        _ if name.starts_with("regexp_") => &[SEARCH_FLAGS],
        ("like" | "ilike", _) => &[LIKES],
        ("similar_to_escape" | "similar_escape", _) => &[SIMILAR],
        ("to_char", _) if over_numbers => &[NUMBER_FORMATS],
        ("to_number", _) => &[NUMBER_FORMATS],
        ("to_char" | "to_date" | "to_timestamp", _) => &[DATE_FORMATS],
        ("date_trunc" | "date_part" | "extract", 0) => &[FIELDS],
        ("timezone" | "date_trunc", _) => &[ZONES],
        ("encode" | "decode", _) => &[ENCODINGS],
        ("convert_from" | "convert_to" | "convert", _) | ("length", 1) => &[CHARSETS],
        ("digest" | "hmac", _) => &[DIGESTS],
        ("normalize" | "is_normalized", _) => &[FORMS],
        ("format", _) => &[FORMATS],
        ("pg_input_is_valid", _) => &[TYPES],
        ("->" | "->>" | "?", 1) => &[KEYS],
        ("@@", _) => &[PREDICATES],
        ("@?", _) => &[JSON_PATHS],
        _ if name.contains("_extract_path") && at > 0 => &[KEYS],
        _ if name.starts_with("jsonb_path") => &[JSON_PATHS, PREDICATES],
        _ => return None,
    };
    Some(pools)
}
