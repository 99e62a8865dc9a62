//! Text of other encodings in `bytea`: `convert_from`, `convert_to`, `convert`. Boundary: which encodings there are and what PostgreSQL
//! makes of their bytes; bytes that mean nothing in an encoding are the error that they are there, not a stand-in.
//!
//! The encodings of one byte and UTF-8 are here. Those of several bytes (EUC, SJIS, BIG5, GBK, GB18030, UHC, JOHAB) are refused, and so is
//! `SQL_ASCII`, and conversions between two encodings neither of which is UTF-8. Names of encodings must be literals.

use std::collections::HashMap;

use super::bytes::bytes_of;
use super::context::{EvalError, Evaluated};
use super::encoding_tables::TABLES;
use super::registry::{Builtin, Prepared, Ty, text_of};
use super::text::{MOST_BYTES, too_long};
use crate::row::Value;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::prepared(
        "convert_from",
        &[Ty::Bytea, Ty::Text],
        Ty::Text,
        &[1],
        |a| prepare(Call::From, a[1], None),
        "the text that bytes of an encoding are: 'LATIN1', 'WIN1252', 'UTF8', …",
    ),
    Builtin::prepared(
        "convert_to",
        &[Ty::Text, Ty::Text],
        Ty::Bytea,
        &[1],
        |a| prepare(Call::To, None, a[1]),
        "the bytes of text in an encoding",
    ),
    Builtin::prepared(
        "convert",
        &[Ty::Bytea, Ty::Text, Ty::Text],
        Ty::Bytea,
        &[1, 2],
        |a| prepare(Call::Bytes, a[1], a[2]),
        "bytes of one encoding as bytes of another one",
    ),
];

/// Other names of encodings, as PostgreSQL has them: letters and digits, in lower case.
const ALIASES: &[(&str, &str)] = &[
    ("abc", "WIN1258"),
    ("alt", "WIN866"),
    ("iso88591", "LATIN1"),
    ("iso885910", "LATIN6"),
    ("iso885913", "LATIN7"),
    ("iso885914", "LATIN8"),
    ("iso885915", "LATIN9"),
    ("iso885916", "LATIN10"),
    ("iso88592", "LATIN2"),
    ("iso88593", "LATIN3"),
    ("iso88594", "LATIN4"),
    ("iso88599", "LATIN5"),
    ("koi8", "KOI8R"),
    ("tcvn", "WIN1258"),
    ("tcvn5712", "WIN1258"),
    ("vscii", "WIN1258"),
    ("win", "WIN1251"),
];

/// An encoding.
#[derive(Debug)]
enum Encoding {
    Utf8,
    /// One byte a character: its upper half, and back.
    Single {
        name: &'static str,
        upper: Box<[char; 128]>,
        back: HashMap<char, u8>,
    },
}

impl Encoding {
    fn named(name: &str) -> Result<Self, String> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        if matches!(plain.as_str(), "utf8" | "unicode") {
            return Ok(Self::Utf8);
        }
        let windows = plain.strip_prefix("windows").map(|number| format!("win{number}"));
        let plain = windows.unwrap_or(plain);
        let plain = ALIASES.iter().find(|(alias, _)| *alias == plain).map_or(plain, |(_, name)| name.to_ascii_lowercase());
        let table = TABLES.iter().find(|(name, _)| name.replace('_', "").to_ascii_lowercase() == plain);
        let (name, table) = table.ok_or_else(|| {
            let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
            format!("the encoding {name} is not supported; UTF8, {} are", names.join(", "))
        })?;
        let mut upper = Box::new([char::REPLACEMENT_CHARACTER; 128]);
        let mut back = HashMap::with_capacity(128);
        for ((place, c), byte) in upper.iter_mut().zip(table.chars()).zip(0x80..=0xFF_u8) {
            *place = c;
            if c != char::REPLACEMENT_CHARACTER {
                back.insert(c, byte);
            }
        }
        Ok(Self::Single { name, upper, back })
    }

    fn is_utf8(&self) -> bool {
        matches!(self, Self::Utf8)
    }

    fn decode(&self, bytes: &[u8]) -> Result<String, EvalError> {
        if bytes.contains(&0) {
            return Err(invalid());
        }
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| invalid()),
            Self::Single { upper, .. } => {
                if bytes.len() > MOST_BYTES / 3 {
                    return Err(too_long());
                }
                let mut out = String::with_capacity(bytes.len() + bytes.len() / 8);
                for byte in bytes {
                    match byte.checked_sub(0x80).map(|at| upper[usize::from(at)]) {
                        None => out.push(char::from(*byte)),
                        Some(char::REPLACEMENT_CHARACTER) => return Err(untranslatable()),
                        Some(c) => out.push(c),
                    }
                }
                Ok(out)
            }
        }
    }

    fn encode(&self, text: &str) -> Result<Vec<u8>, EvalError> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Single { back, .. } => {
                let byte = |c: char| match u8::try_from(c) {
                    Ok(byte) if byte < 0x80 => Ok(byte),
                    _ => back.get(&c).copied().ok_or_else(untranslatable),
                };
                text.chars().map(byte).collect()
            }
        }
    }
}

fn invalid() -> EvalError {
    EvalError::sql("22021", "invalid byte sequence for the encoding")
}

fn untranslatable() -> EvalError {
    EvalError::sql("22P05", "a character has no equivalent in the other encoding")
}

#[derive(Clone, Copy, Debug)]
enum Call {
    From,
    To,
    Bytes,
}

#[derive(Debug)]
struct Conversion {
    call: Call,
    from: Encoding,
    to: Encoding,
}

fn prepare(call: Call, from: Option<&str>, to: Option<&str>) -> Result<Box<dyn Prepared>, String> {
    let encoding = |name: Option<&str>| name.map_or(Ok(Encoding::Utf8), Encoding::named);
    let (from, to) = (encoding(from)?, encoding(to)?);
    if let (Encoding::Single { name: l, .. }, Encoding::Single { name: r, .. }) = (&from, &to)
        && l != r
    {
        return Err(format!("{l} is not converted to {r} here; write convert_to(convert_from(x, '{l}'), '{r}')"));
    }
    Ok(Box::new(Conversion { call, from, to }))
}

impl Prepared for Conversion {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        match self.call {
            Call::From => self.from.decode(&bytes_of(&mut args[0])?).map(|text| Value::Text(text.into())),
            Call::To => self.to.encode(&text_of(&mut args[0])?).map(|bytes| Value::Bytea(bytes.into())),
            Call::Bytes => {
                let bytes = bytes_of(&mut args[0])?;
                // Bytes of one encoding that stay in it are checked and not looked up.
                if !self.from.is_utf8() && !self.to.is_utf8() {
                    return if bytes.contains(&0) { Err(invalid()) } else { Ok(Value::Bytea(bytes)) };
                }
                let text = self.from.decode(&bytes)?;
                self.to.encode(&text).map(|bytes| Value::Bytea(bytes.into()))
            }
        }
    }

    fn fallible(&self) -> bool {
        !matches!((self.call, &self.to), (Call::To, Encoding::Utf8))
    }
}
