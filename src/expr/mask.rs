//! Rehearsal data: deterministic stand-ins for personal values. Boundary: ours alone, PostgreSQL has no such functions.
//!
//! One input has one stand-in, in every column, entity and run, so that equal values stay equal and keys still meet. NULL stays NULL, and the empty
//! text stays empty. A stand-in is made of the SHA-256 of the value under a key: the optional second argument, a literal. Nothing of the value can
//! be computed back from it; but whoever knows the key can try values out, and so can everybody where there is no key. Write one that is
//! kept secret: `mask_phone(phone, '${MASK_KEY}')`.
//!
//! Different values have different e-mail addresses and hashes. Names, numbers and texts are as good as the originals to look at, and two values may
//! share one.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::bytes::hex;
use super::context::Evaluated;
use super::registry::{Builtin, Prepared, Ty, text_of};
use crate::row::Value;

const T: Ty = Ty::Text;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::prepared("mask_email", &[T], T, &[], |a| prepare(Kind::Email, a), "an e-mail address at example.org in its place"),
    Builtin::prepared(
        "mask_email",
        &[T, T],
        T,
        &[1],
        |a| prepare(Kind::Email, a),
        "an e-mail address at example.org in its place, under a key",
    ),
    Builtin::prepared("mask_name", &[T], T, &[], |a| prepare(Kind::Name, a), "made-up words in the place of its words"),
    Builtin::prepared("mask_name", &[T, T], T, &[1], |a| prepare(Kind::Name, a), "made-up words in the place of its words, under a key"),
    Builtin::prepared(
        "mask_phone",
        &[T],
        T,
        &[],
        |a| prepare(Kind::Phone, a),
        "other digits in the place of its digits; +, length and grouping stay",
    ),
    Builtin::prepared("mask_phone", &[T, T], T, &[1], |a| prepare(Kind::Phone, a), "other digits in the place of its digits, under a key"),
    Builtin::prepared(
        "mask_text",
        &[T],
        T,
        &[],
        |a| prepare(Kind::Text, a),
        "other letters and digits in the place of its own; length, case, spaces and punctuation stay",
    ),
    Builtin::prepared(
        "mask_text",
        &[T, T],
        T,
        &[1],
        |a| prepare(Kind::Text, a),
        "other letters and digits in the place of its own, under a key",
    ),
    Builtin::prepared("mask_hash", &[T], T, &[], |a| prepare(Kind::Hash, a), "a hash in its place: 64 hexadecimal digits"),
    Builtin::prepared("mask_hash", &[T, T], T, &[1], |a| prepare(Kind::Hash, a), "a hash in its place, under a key"),
];

#[derive(Clone, Copy, Debug)]
enum Kind {
    Email,
    Name,
    Phone,
    Text,
    Hash,
}

/// A kind of stand-in under a key.
#[derive(Debug)]
struct Mask {
    kind: Kind,
    /// What every hash begins with: kind and key are part of it.
    keyed: Sha256,
}

#[allow(clippy::unnecessary_wraps, reason = "the signature of all that prepares")]
fn prepare(kind: Kind, args: &[Option<&str>]) -> Result<Box<dyn Prepared>, String> {
    let key = args.get(1).copied().flatten().unwrap_or_default();
    let mut keyed = Sha256::new();
    // Hashing the key to one length keeps it apart from the value.
    keyed.update([kind as u8]);
    keyed.update(Sha256::digest(key.as_bytes()));
    Ok(Box::new(Mask { kind, keyed }))
}

/// Bytes without end, made of a value.
struct Stream {
    seed: Sha256,
    block: [u8; 32],
    at: usize,
    blocks: u64,
}

impl Stream {
    fn byte(&mut self) -> u8 {
        if self.at == self.block.len() {
            self.block = self.seed.clone().chain_update(self.blocks.to_be_bytes()).finalize().into();
            self.blocks += 1;
            self.at = 0;
        }
        self.at += 1;
        self.block[self.at - 1]
    }

    /// One of these.
    fn pick(&mut self, from: &[u8]) -> char {
        char::from(from[usize::from(self.byte()) % from.len()])
    }
}

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";
const VOWELS: &[u8] = b"aeiou";
const CONSONANTS: &[u8] = b"bdfgklmnprstvz";

impl Mask {
    fn stream(&self, value: &str) -> Stream {
        Stream { seed: self.keyed.clone().chain_update(value.as_bytes()), block: [0; 32], at: 32, blocks: 0 }
    }

    fn hash(&self, value: &str) -> String {
        hex(&self.keyed.clone().chain_update(value.as_bytes()).finalize())
    }

    /// Letter for letter, digit for digit. What is neither a letter, a digit, a space nor ASCII becomes a letter as well.
    fn text(&self, value: &str) -> String {
        let mut stream = self.stream(value);
        let mut other = |c: char| match c {
            c if c.is_numeric() => stream.pick(DIGITS),
            c if c.is_uppercase() => stream.pick(UPPER),
            c if c.is_whitespace() || c.is_ascii() && !c.is_ascii_alphabetic() => c,
            _ => stream.pick(LOWER),
        };
        value.chars().map(&mut other).collect()
    }

    /// Word for word: two or three syllables each, however long the word is, in its capitals.
    fn name(&self, value: &str) -> String {
        let mut stream = self.stream(value);
        let mut out = String::with_capacity(value.len());
        let is_separator = |c: char| c.is_whitespace() || c.is_ascii_punctuation();
        for piece in value.split_inclusive(is_separator) {
            let (word, behind) = match piece.chars().next_back() {
                Some(last) if is_separator(last) => (&piece[..piece.len() - last.len_utf8()], Some(last)),
                _ => (piece, None),
            };
            let first = word.chars().next().is_some_and(char::is_uppercase);
            let all = first && word.chars().nth(1).is_some() && !word.chars().any(char::is_lowercase);
            let syllables = if word.is_empty() { 0 } else { 2 + stream.byte() % 2 };
            for at in 0..syllables {
                let consonant = stream.pick(CONSONANTS);
                out.push(if all || first && at == 0 { consonant.to_ascii_uppercase() } else { consonant });
                let vowel = stream.pick(VOWELS);
                out.push(if all { vowel.to_ascii_uppercase() } else { vowel });
            }
            out.extend(behind);
        }
        out
    }
}

impl Prepared for Mask {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let value = text_of(&mut args[0])?;
        if value.is_empty() {
            return Ok(Value::Text(value));
        }
        Ok(Value::Text(Cow::Owned(match self.kind {
            Kind::Email => format!("u{}@example.org", &self.hash(&value)[..32]),
            Kind::Name => self.name(&value),
            Kind::Phone | Kind::Text => self.text(&value),
            Kind::Hash => self.hash(&value),
        })))
    }

    fn fallible(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(kind: Kind, value: &str, key: Option<&str>) -> String {
        let prepared = prepare(kind, &[None, key]).unwrap();
        match prepared.run(&mut [Value::text(value)]).unwrap() {
            Value::Text(text) => text.into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn stand_ins_stay_what_they_are() {
        // Fixed for good: a rehearsal of next year is compared with one of today.
        assert_eq!(mask(Kind::Email, "ann@corp.com", None), "u4640c8d8222b60ed8574a188e5e0aeb9@example.org");
        assert_eq!(mask(Kind::Name, "Ann-Marie O'Neil van BERG", Some("k")), "Tapipe-Bureme Solu'Domanu kibi GEVO");
        assert_eq!(mask(Kind::Phone, "+49 (30) 123-45", Some("k")), "+38 (03) 321-89");
        assert_eq!(mask(Kind::Text, "Hello Wörld 日本 42!", Some("k")), "Cpybb Utgcw je 01!");
        assert_eq!(mask(Kind::Hash, "x", Some("k")), "30e81a25bedb99adea85b58f110d36888278e966c5fa1154c7be4e8b91dc297b");
    }

    #[test]
    fn the_form_of_a_value_stays() {
        let shape = |text: &str| -> String {
            let class = |c: char| {
                if c.is_numeric() {
                    '0'
                } else if c.is_uppercase() {
                    'A'
                } else if c.is_alphabetic() {
                    'a'
                } else {
                    c
                }
            };
            text.chars().map(class).collect()
        };
        for value in ["+49 (30) 123-45", "Hello Wörld 42!", "É é", "a\tb\n"] {
            assert_eq!(shape(&mask(Kind::Text, value, None)), shape(value));
            assert_ne!(mask(Kind::Text, value, None), value);
        }
        assert_eq!(mask(Kind::Text, "日😀e\u{301}", None).chars().count(), 4);
        assert!(mask(Kind::Text, "日😀e\u{301}", None).is_ascii());
        assert_eq!(mask(Kind::Name, "Ann-Marie O'Neil", None).matches([' ', '-', '\'']).collect::<String>(), "- '");
    }

    #[test]
    fn the_key_and_the_kind_matter_and_empty_stays_empty() {
        for kind in [Kind::Email, Kind::Name, Kind::Phone, Kind::Text, Kind::Hash] {
            let value = "0123456789 abcdefghij";
            assert_eq!(mask(kind, value, Some("k")), mask(kind, value, Some("k")));
            assert_ne!(mask(kind, value, Some("k")), mask(kind, value, Some("l")));
            assert_ne!(mask(kind, value, Some("k")), mask(kind, value, None));
            assert_eq!(mask(kind, "", Some("k")), "");
        }
        assert_ne!(mask(Kind::Phone, "0123456789", None), mask(Kind::Text, "0123456789", None));
    }
}
