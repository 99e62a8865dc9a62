//! Functions of text that rewrite it or look at its characters: capitals, overlays, code points, Unicode's forms. Boundary:
//! lengths, parts and joins are `text.rs`; what quotes text for SQL is `quote.rs`.
//!
//! `initcap` goes by the C library's rules, one character to one, as `lower` and `upper` do.
//!
//! `normalize` and `is normalized` know the characters of Unicode 14, as PostgreSQL 15 does. The forms of an assigned character never
//! change, but a server leaves characters alone that are newer than its tables, and every server version has other tables: texts with
//! characters that are newer than Unicode 14, or not assigned, are refused (SQLSTATE 0A000) rather than guessed.
//!
//! `strip_accents` is ours; `unaccent` of PostgreSQL goes by a file of the server and is not taken for it.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc, is_nfc_quick, is_nfd, is_nfkc, is_nfkd};

use super::context::{EvalError, Evaluated};
use super::registry::{Builtin, Ty, int_of, text_of};
use super::text::{byte_of, lower_char, too_long, upper_char, value};
use crate::row::Value;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("initcap", &[Ty::Text], Ty::Text, initcap, "every word with a capital in front, the rest in lower case"),
    Builtin::new(
        "translate",
        &[Ty::Text, Ty::Text, Ty::Text],
        Ty::Text,
        translate,
        "each character of the second text replaced by the one at its place in the third; dropped where there is none",
    ),
    Builtin::new(
        "overlay",
        &[Ty::Text, Ty::Text, Ty::Int4],
        Ty::Text,
        overlay,
        "the second text put over the first from the n-th character on",
    )
    .fails(),
    Builtin::new(
        "overlay",
        &[Ty::Text, Ty::Text, Ty::Int4, Ty::Int4],
        Ty::Text,
        overlay,
        "m characters from the n-th on replaced by the second text",
    )
    .fails(),
    Builtin::new("ascii", &[Ty::Text], Ty::Int4, ascii, "the code point of the first character; 0 for the empty text"),
    Builtin::new("chr", &[Ty::Int4], Ty::Text, chr, "the character with this code point").fails(),
    Builtin::new("to_hex", &[Ty::Int4], Ty::Text, |a| hexadecimal(a, true), "in hexadecimal, negative numbers as two's complement"),
    Builtin::new("to_hex", &[Ty::Int8], Ty::Text, |a| hexadecimal(a, false), "in hexadecimal, negative numbers as two's complement"),
    Builtin::new("bit_length", &[Ty::Text], Ty::Int4, bits, "number of bits").fails(),
    Builtin::new(
        "position",
        &[Ty::Text, Ty::Text],
        Ty::Int4,
        super::text::position,
        "where the second text begins in the first; 0 where it does not: position(b in a)",
    ),
    Builtin::new("normalize", &[Ty::Text], Ty::Text, normalize, "in Unicode's composed form (NFC)").fails(),
    Builtin::new("normalize", &[Ty::Text, Ty::Text], Ty::Text, normalize, "in a form of Unicode: NFC, NFD, NFKC or NFKD").fails(),
    Builtin::new("is_normalized", &[Ty::Text], Ty::Bool, is_normalized, "whether it is in Unicode's composed form (NFC)").fails(),
    Builtin::new(
        "is_normalized",
        &[Ty::Text, Ty::Text],
        Ty::Bool,
        is_normalized,
        "whether it is in a form of Unicode: x is NFD normalized",
    )
    .fails(),
    Builtin::new(
        "strip_accents",
        &[Ty::Text],
        Ty::Text,
        strip_accents,
        "without the accents of Latin, Greek and Cyrillic letters; ø, ł, ß and their like become plain letters",
    ),
];

pub(super) const OPERATORS: &[Builtin] =
    &[Builtin::new("^@", &[Ty::Text, Ty::Text], Ty::Bool, super::text::starts_with, "whether the first text begins with the second")];

/// Whether a character is part of a word for the C library: letters and decimal digits of all scripts.
fn is_alnum(c: char) -> bool {
    static ALNUM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{Alphabetic}\p{Nd}]").ok());
    if c.is_ascii() || c.is_alphabetic() {
        return c.is_alphanumeric();
    }
    c.is_numeric() && ALNUM.as_ref().is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4])))
}

fn initcap<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let text = text_of(&mut args[0])?;
    let mut inside = false;
    let mapped = text.chars().map(|c| {
        let mapped = if inside { lower_char(c) } else { upper_char(c) };
        inside = is_alnum(c);
        mapped
    });
    value(mapped.collect::<String>())
}

fn translate<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, from, to) = (text_of(&mut args[0])?, text_of(&mut args[1])?, text_of(&mut args[2])?);
    if !text.chars().any(|c| from.contains(c)) {
        return value(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match from.chars().position(|known| known == c) {
            None => out.push(c),
            Some(at) => out.extend(to.chars().nth(at)),
        }
    }
    value(out)
}

fn overlay<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, by, start) = (text_of(&mut args[0])?, text_of(&mut args[1])?, int_of(&args[2])?);
    let many = match args.get(3) {
        Some(many) => int_of(many)?,
        None => i64::try_from(by.chars().count()).unwrap_or(i64::MAX),
    };
    let (front, behind) = overlaid(start, many)?;
    let (front, behind) = (byte_of(&text, front), byte_of(&text, behind));
    value(format!("{}{by}{}", &text[..front], &text[behind..]))
}

/// How much stays in front of an overlay, and from where on it stays behind it: `text_overlay`, counted from 0.
pub(super) fn overlaid(start: i64, many: i64) -> Result<(usize, usize), EvalError> {
    if start <= 0 {
        return Err(EvalError::sql("22011", "negative substring length not allowed"));
    }
    // The server adds in 32 bits.
    let behind = i32::try_from(start + many).map_err(|_| EvalError::sql("22003", "integer out of range"))?;
    let place = |n: i64| usize::try_from(n.max(1) - 1).unwrap_or(usize::MAX);
    Ok((place(start), place(i64::from(behind))))
}

fn ascii<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let first = text_of(&mut args[0])?.chars().next().map_or(0, u32::from);
    Ok(Value::Int4(i32::try_from(first).unwrap_or(0)))
}

fn chr<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let code = int_of(&args[0])?;
    if code < 0 {
        return Err(EvalError::sql("22023", "character number must be positive"));
    }
    match u32::try_from(code).ok().and_then(char::from_u32) {
        None | Some('\0') => Err(EvalError::sql("54000", "there is no such character")),
        Some(c) => value(c.to_string()),
    }
}

fn hexadecimal<'r>(args: &mut [Value<'r>], narrow: bool) -> Evaluated<'r> {
    let n = int_of(&args[0])?;
    value(if narrow { format!("{:x}", n & 0xFFFF_FFFF) } else { format!("{n:x}") })
}

fn bits<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let bits = text_of(&mut args[0])?.len().checked_mul(8).and_then(|bits| i32::try_from(bits).ok());
    bits.map(Value::Int4).ok_or_else(|| EvalError::sql("22003", "integer out of range"))
}

/// Unicode's forms.
#[derive(Clone, Copy)]
enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

/// Text and form of a call.
fn with_form<'r>(args: &mut [Value<'r>]) -> Result<(Cow<'r, str>, Form), EvalError> {
    static NEWER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\P{Age=14.0}").ok());
    let text = text_of(&mut args[0])?;
    let form = match args.get_mut(1) {
        None => Form::Nfc,
        Some(form) => match text_of(form)?.to_ascii_uppercase().as_str() {
            "NFC" => Form::Nfc,
            "NFD" => Form::Nfd,
            "NFKC" => Form::Nfkc,
            "NFKD" => Form::Nfkd,
            _ => return Err(EvalError::sql("22023", "invalid normalization form")),
        },
    };
    if !text.is_ascii() && NEWER.as_ref().is_none_or(|newer| newer.is_match(&text)) {
        return Err(EvalError::sql("0A000", "a text with characters that are newer than Unicode 14"));
    }
    Ok((text, form))
}

fn normalize<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, form) = with_form(args)?;
    if text.is_ascii() || matches!(form, Form::Nfc) && is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return value(text);
    }
    // A character of the compatibility forms can become 18 characters.
    if text.len() > super::text::MOST_BYTES / 18 {
        return Err(too_long());
    }
    value(match form {
        Form::Nfc => text.nfc().collect::<String>(),
        Form::Nfd => text.nfd().collect(),
        Form::Nfkc => text.nfkc().collect(),
        Form::Nfkd => text.nfkd().collect(),
    })
}

fn is_normalized<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let (text, form) = with_form(args)?;
    Ok(Value::Bool(match form {
        Form::Nfc => is_nfc(&text),
        Form::Nfd => is_nfd(&text),
        Form::Nfkc => is_nfkc(&text),
        Form::Nfkd => is_nfkd(&text),
    }))
}

/// Letters whose stroke, ligature or form is no accent to Unicode, and what they are written as without it.
#[rustfmt::skip]
const PLAIN: &[(char, &str)] = &[
    ('ß', "ss"), ('ẞ', "SS"), ('Æ', "AE"), ('æ', "ae"), ('Œ', "OE"), ('œ', "oe"), ('Ø', "O"), ('ø', "o"), ('Ł', "L"), ('ł', "l"),
    ('Đ', "D"), ('đ', "d"), ('Ð', "D"), ('ð', "d"), ('Þ', "TH"), ('þ', "th"), ('Ħ', "H"), ('ħ', "h"), ('Ŧ', "T"), ('ŧ', "t"),
    ('ı', "i"), ('ĸ', "k"), ('Ŋ', "N"), ('ŋ', "n"), ('Ɨ', "I"), ('ɨ', "i"), ('Ƶ', "Z"), ('ƶ', "z"), ('Ɵ', "O"), ('ɵ', "o"),
    ('Ǥ', "G"), ('ǥ', "g"), ('Ƀ', "B"), ('ƀ', "b"), ('Ⱥ', "A"), ('ⱥ', "a"), ('Ȼ', "C"), ('ȼ', "c"), ('Ɇ', "E"), ('ɇ', "e"),
    ('Ɉ', "J"), ('ɉ', "j"), ('Ɍ', "R"), ('ɍ', "r"), ('Ɏ', "Y"), ('ɏ', "y"), ('Ⱡ', "L"), ('ⱡ', "l"), ('Ᵽ', "P"), ('ᵽ', "p"),
];

/// Decomposed, without the block of combining accents (U+0300 to U+036F), letters of the table above written plainly, and composed
/// again. Marks of other scripts, which are no accents, stay.
fn strip_accents<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    let text = text_of(&mut args[0])?;
    if text.is_ascii() {
        return value(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')) {
        match PLAIN.iter().find(|(letter, _)| *letter == c) {
            Some((_, letters)) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    value(plain.nfc().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_go_and_other_marks_stay() {
        for (text, plain) in [
            ("Jürgen Müßig", "Jurgen Mussig"),
            ("Søren Łukasz Đặng", "Soren Lukasz Dang"),
            ("ÉCOLE cœur ﬁn", "ECOLE coeur ﬁn"),
            ("Čapek, Ångström, İzmir, ılık", "Capek, Angstrom, Izmir, ilik"),
            ("Ελλάς Ένα йод ёлка", "Ελλας Ενα иод елка"),
            ("がぎ हिन्दी 한국어 e\u{301}😀", "がぎ हिन्दी 한국어 e😀"),
            ("", ""),
        ] {
            let mut args = [Value::text(text)];
            assert_eq!(strip_accents(&mut args).unwrap(), Value::text(plain));
        }
    }
}
