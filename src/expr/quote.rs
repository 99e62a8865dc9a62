//! Text quoted for SQL, and `format`. Boundary: `varlena.c`'s `text_format` and `quote.c`, their SQLSTATEs included.
//!
//! Which words are quoted as identifiers depends on the server's version; those of PostgreSQL 15 are here.

use super::context::{EvalError, Evaluated};
use super::registry::{Builtin, Ty, text_of};
use super::text::{MOST_BYTES, too_long, value};
use crate::row::Value;

pub(super) const FUNCTIONS: &[Builtin] = &[
    Builtin::new("quote_literal", &[Ty::Text], Ty::Text, |a| value(literal(&text_of(&mut a[0])?)), "as a literal of SQL"),
    Builtin::new("quote_literal", &[Ty::AnyText], Ty::Text, |a| value(literal(&text_of(&mut a[0])?)), "in text form, as a literal of SQL"),
    Builtin::refuse("quote_literal", &[Ty::Bool], Ty::Text, "write quote_literal(x::text)"),
    Builtin::new("quote_nullable", &[Ty::Text], Ty::Text, nullable, "as a literal of SQL; the word NULL for NULL").lenient(),
    Builtin::new("quote_nullable", &[Ty::AnyText], Ty::Text, nullable, "in text form, as a literal of SQL; the word NULL for NULL")
        .lenient(),
    Builtin::refuse("quote_nullable", &[Ty::Bool], Ty::Text, "write quote_nullable(x::text)"),
    Builtin::new("quote_ident", &[Ty::Text], Ty::Text, |a| value(identifier(&text_of(&mut a[0])?)), "as an identifier of SQL"),
    Builtin::new(
        "format",
        &[Ty::Text, Ty::AnyText],
        Ty::Text,
        format,
        "the text with %s, %I (identifier) and %L (literal) replaced by the arguments: %-10s, %2$s, %*s, %%",
    )
    .lenient()
    .variadic()
    .fails(),
];

/// The key words of PostgreSQL 15 that are quoted as identifiers: all but those that are not reserved at all.
const WORDS: &str = " all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char \
character check coalesce collate collation column concurrently constraint create cross current_catalog current_date current_role \
current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do else end except exists extract \
false fetch float for foreign freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect \
interval into is isnull join lateral leading least left like limit localtime localtimestamp national natural nchar none normalize not \
notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real references \
returning right row select session_user setof similar smallint some substring symmetric table tablesample then time timestamp to trailing \
treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement \
xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable ";

/// `quote_literal_cstr`
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 3);
    if text.contains('\\') {
        out.push('E');
    }
    out.push('\'');
    for c in text.chars() {
        if c == '\'' || c == '\\' {
            out.push(c);
        }
        out.push(c);
    }
    out.push('\'');
    out
}

/// `quote_identifier`
fn identifier(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = starts && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && !WORDS.contains(&format!(" {name} ")) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn nullable<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if args[0].is_null() {
        return value("NULL");
    }
    value(literal(&text_of(&mut args[0])?))
}

/// What stands between `%` and the letter.
struct Specifier {
    /// The place of the argument, from 1.
    argument: Option<usize>,
    /// The width as it is written, or the place of the argument that says it (0 for the next one).
    width: Result<i64, usize>,
    left: bool,
    /// The letter.
    kind: u8,
}

/// The format that is read, byte by byte.
struct Reader<'f> {
    rest: &'f [u8],
}

impl Reader<'_> {
    fn here(&self) -> Result<u8, EvalError> {
        self.rest.first().copied().ok_or_else(|| EvalError::sql("22023", "unterminated format() type specifier"))
    }

    fn step(&mut self) -> Result<u8, EvalError> {
        self.rest = self.rest.get(1..).unwrap_or_default();
        self.here()
    }

    fn digits(&mut self) -> Result<Option<i64>, EvalError> {
        let mut number = None;
        while let digit @ b'0'..=b'9' = self.here()? {
            let next = number.unwrap_or(0_i64) * 10 + i64::from(digit - b'0');
            if next > i64::from(i32::MAX) {
                return Err(EvalError::sql("22003", "number is out of range"));
            }
            number = Some(next);
            self.step()?;
        }
        Ok(number)
    }

    /// The place of an argument, behind which a `$` is expected or was seen.
    fn place(&mut self, number: i64) -> Result<usize, EvalError> {
        if number == 0 {
            return Err(EvalError::sql("22023", "format specifies argument 0, but arguments are numbered from 1"));
        }
        self.step()?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// `text_format_parse_format`
    fn specifier(&mut self) -> Result<Specifier, EvalError> {
        let mut found = Specifier { argument: None, width: Ok(0), left: false, kind: 0 };
        if let Some(number) = self.digits()? {
            if self.here()? != b'$' {
                found.width = Ok(number);
                found.kind = self.here()?;
                return Ok(found);
            }
            found.argument = Some(self.place(number)?);
        }
        while self.here()? == b'-' {
            found.left = true;
            self.step()?;
        }
        if self.here()? == b'*' {
            self.step()?;
            found.width = Err(0);
            if let Some(number) = self.digits()? {
                if self.here()? != b'$' {
                    return Err(EvalError::sql("22023", "width argument position must be ended by \"$\""));
                }
                found.width = Err(self.place(number)?);
            }
        } else if let Some(number) = self.digits()? {
            found.width = Ok(number);
        }
        found.kind = self.here()?;
        Ok(found)
    }
}

/// Appends a text, filled up with spaces to the width.
fn fill(out: &mut String, text: &str, width: i64, left: bool) -> Result<(), EvalError> {
    let left = left || width < 0;
    // The server negates in 32 bits.
    if width <= i64::from(i32::MIN) {
        return Err(EvalError::sql("22003", "number is out of range"));
    }
    let width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    let missing = if width == 0 { 0 } else { width.saturating_sub(text.chars().count()) };
    if out.len().saturating_add(text.len()).saturating_add(missing) > MOST_BYTES {
        return Err(too_long());
    }
    if left {
        out.push_str(text);
    }
    out.extend(std::iter::repeat_n(' ', missing));
    if !left {
        out.push_str(text);
    }
    Ok(())
}

/// The text of an argument; `None` for NULL.
fn argument<'a>(args: &'a [Value<'_>], at: usize) -> Result<Option<&'a str>, EvalError> {
    match args.get(at) {
        None => Err(EvalError::sql("22023", "too few arguments for format()")),
        Some(Value::Null) => Ok(None),
        Some(Value::Text(text) | Value::Json(text) | Value::Jsonb(text)) => Ok(Some(text)),
        Some(_) => Err(super::registry::mismatch()),
    }
}

/// `pg_strtoint32`, for a width.
fn whole(text: &str) -> Result<i64, EvalError> {
    super::cast::parse_int(Value::Text(text.into()), i64::from(i32::MIN))
}

fn format<'r>(args: &mut [Value<'r>]) -> Evaluated<'r> {
    if args[0].is_null() {
        return Ok(Value::Null);
    }
    let format = text_of(&mut args[0])?;
    let mut out = String::with_capacity(format.len());
    let mut next = 1;
    let mut rest = &*format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let mut reader = Reader { rest: &rest.as_bytes()[at..] };
        if reader.step()? == b'%' {
            out.push('%');
            rest = &rest[at + 2..];
            continue;
        }
        let Specifier { argument: place, width, left, kind } = reader.specifier()?;
        if !matches!(kind, b's' | b'I' | b'L') {
            return Err(EvalError::sql("22023", "unrecognized format() type specifier"));
        }
        // Only ASCII was passed.
        rest = &rest[rest.len() - reader.rest.len() + 1..];
        let width = match width {
            Ok(width) => width,
            Err(place) => {
                let at = if place > 0 { place } else { next };
                next = at.saturating_add(1);
                argument(args, at)?.map_or(Ok(0), whole)?
            }
        };
        let at = place.unwrap_or(next);
        next = at.saturating_add(1);
        match (argument(args, at)?, kind) {
            (None, b's') => fill(&mut out, "", width, left)?,
            (None, b'L') => fill(&mut out, "NULL", width, left)?,
            (None, _) => return Err(EvalError::sql("22004", "null values cannot be formatted as an SQL identifier")),
            (Some(text), b's') => fill(&mut out, text, width, left)?,
            (Some(text), b'L') => fill(&mut out, &literal(text), width, left)?,
            (Some(text), _) => fill(&mut out, &identifier(text), width, left)?,
        }
    }
    out.push_str(rest);
    value(out)
}
