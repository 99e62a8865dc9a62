//! `to_char` of numbers (`NUM_processor`).

use super::picture::{Anchor, Part, Picture};
use super::template::{Case, ordinal};
use crate::expr::context::{EvalError, Evaluated};
use crate::expr::numeric::{self, Rounding, numeric_of};
use crate::expr::registry::{Prepared, int_of, mismatch};
use crate::row::{Numeric, Value};

/// The longest template: a numeric has no more digits.
const LONGEST: usize = 8192;

/// `to_char` of a number.
#[derive(Debug)]
struct Show(Picture);

/// The template of a call.
pub(super) fn picture(literals: &[Option<&str>]) -> Result<Picture, String> {
    let template = literals.get(1).copied().flatten().unwrap_or_default();
    if template.len() > LONGEST {
        return Err("the template is too long".to_owned());
    }
    Picture::parse(template)
}

pub(super) fn prepare_show(literals: &[Option<&str>]) -> Result<Box<dyn Prepared>, String> {
    let picture = picture(literals)?;
    if picture.roman && (picture.shift || picture.decimal) {
        return Err("RN goes together with FM only".to_owned());
    }
    Ok(Box::new(Show(picture)))
}

/// The digits that a template is filled with.
struct Digits {
    negative: bool,
    /// Digits and a point, without a sign.
    text: String,
    pre: usize,
    post: usize,
}

impl Prepared for Show {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        let picture = &self.0;
        if picture.scientific {
            return scientific(&args[0], picture).map(|text| Value::Text(text.into()));
        }
        if picture.roman {
            let roman = roman(&args[0])?;
            return Ok(Value::Text(show_roman(picture, &roman).into()));
        }
        let digits = match &args[0] {
            Value::Float8(value) => of_float(*value, picture),
            value => of_exact(value, picture)?,
        };
        Writer::new(picture, digits).run().map(|text| Value::Text(text.into()))
    }

    fn fallible(&self) -> bool {
        true
    }
}

/// Text of a number with its sign taken off.
fn unsigned(text: String) -> (bool, String) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest.to_owned()),
        None => (false, text),
    }
}

fn of_exact(value: &Value<'_>, picture: &Picture) -> Result<Digits, EvalError> {
    let pre = picture.pre + if picture.shift { picture.multi as usize } else { 0 };
    let factor = || numeric::parse(&format!("1e{}", picture.multi));
    let text = match value {
        Value::Numeric(number) => {
            let shifted = if picture.shift { numeric::multiply(number, &factor()?)? } else { number.clone() };
            numeric::round(&shifted, i64::try_from(picture.post).unwrap_or(0), Rounding::Half)?.to_string()
        }
        value => {
            let mut n = i128::from(int_of(value)?);
            if picture.shift {
                n = 10_i128.checked_pow(picture.multi).and_then(|factor| n.checked_mul(factor)).ok_or_else(numeric::out_of_range)?;
                match value {
                    Value::Int8(_) if i64::try_from(n).is_err() => return Err(numeric::out_of_range()),
                    // The server goes on with what is left of it in 32 bits.
                    Value::Int4(_) if i32::try_from(n).is_err() => {
                        return Err(EvalError::sql("0A000", "an integer that V makes longer than 32 bits: cast it to bigint"));
                    }
                    _ => {}
                }
            }
            let zeros = if picture.post > 0 { format!(".{}", "0".repeat(picture.post)) } else { String::new() };
            format!("{n}{zeros}")
        }
    };
    let (negative, text) = unsigned(text);
    Ok(Digits { negative, text, pre, post: picture.post })
}

/// `double precision` has fifteen digits here, and no more behind the point than are left of them.
fn of_float(value: f64, picture: &Picture) -> Digits {
    let mut value = value;
    let mut pre = picture.pre;
    if picture.shift {
        value *= 10_f64.powi(i32::try_from(picture.multi).unwrap_or(i32::MAX));
        pre += picture.multi as usize;
    }
    let words = |value: f64| if value.is_nan() { "NaN" } else { "Infinity" }.to_owned();
    let whole = if value.is_finite() { format!("{:.0}", value.abs()) } else { words(value) };
    let post = if whole.len() >= 15 { 0 } else { picture.post.min(15 - whole.len()) };
    let (negative, text) = if value.is_finite() { unsigned(format!("{value:.post$}")) } else { (value == f64::NEG_INFINITY, words(value)) };
    Digits { negative, text, pre, post }
}

/// The walk over a template, digit by digit.
#[allow(clippy::struct_excessive_bools, reason = "the state of the walk")]
struct Writer<'p> {
    picture: &'p Picture,
    number: Vec<u8>,
    negative: bool,
    post: usize,
    /// Places in front of the number's first digit.
    spaces: usize,
    /// Where the number has its last digit that counts, with `FM`.
    last: Option<usize>,
    sign_written: bool,
    anchor: Anchor,
    bracket: bool,
    places: usize,
    at: usize,
    place: usize,
    within: bool,
    out: String,
}

impl<'p> Writer<'p> {
    fn new(picture: &'p Picture, digits: Digits) -> Self {
        let Digits { negative, text, pre, post } = digits;
        let mut number = text.into_bytes();
        let whole = number.iter().position(|c| *c == b'.').unwrap_or(number.len());
        let mut spaces = 0;
        if whole < pre {
            spaces = pre - whole;
        } else if whole > pre {
            // It does not fit.
            number = vec![b'#'; pre + post + 1];
            number[pre] = b'.';
        }
        let bracket = picture.bracket && (negative || !picture.fill);
        let own_sign = picture.plus || picture.minus;
        let sign_written = if own_sign { picture.minus } else { !negative && picture.fill && !picture.sign };
        let anchor = match picture.anchor {
            Anchor::Before if !own_sign && pre == picture.anchored => Anchor::Behind,
            anchor => anchor,
        };
        let mut places = (post + pre).wrapping_sub(1);
        let mut last = None;
        if picture.fill && picture.decimal {
            last = number.iter().position(|c| *c == b'.').map(|point| {
                let behind = number[point..].iter().rposition(|c| !matches!(c, b'0' | b'.'));
                point + behind.unwrap_or(0)
            });
            if let Some(relevant) = &mut last
                && picture.zero_end > spaces
            {
                *relevant = (*relevant).max((number.len() - 1).min(picture.zero_end - spaces));
            }
        }
        if !sign_written && spaces == 0 {
            places = places.wrapping_add(1);
        }
        Self {
            picture,
            number,
            negative,
            post,
            spaces,
            last,
            sign_written,
            anchor,
            bracket,
            places,
            at: 0,
            place: 0,
            within: false,
            out: String::new(),
        }
    }

    fn run(mut self) -> Result<String, EvalError> {
        let picture = self.picture;
        for part in &picture.parts {
            match part {
                Part::Nine | Part::Zero | Part::Point => self.digit(*part),
                Part::Comma if self.within => self.out.push(','),
                Part::Minus if self.negative => self.out.push('-'),
                Part::Plus if !self.negative => self.out.push('+'),
                Part::Comma | Part::Minus | Part::Plus if !picture.fill => self.out.push(' '),
                Part::Sign => self.out.push(if self.negative { '-' } else { '+' }),
                Part::Ordinal { lower } if self.number[0] != b'#' && !self.negative && !picture.decimal => {
                    if !self.number.last().is_some_and(u8::is_ascii_digit) {
                        return Err(EvalError::sql("22P02", "there is no ordinal of what is not a number"));
                    }
                    let digits = String::from_utf8_lossy(&self.number);
                    self.out.push_str(ordinal(&digits, if *lower { Case::Lower } else { Case::Upper }));
                }
                Part::Char(c) => self.out.push(*c),
                _ => {}
            }
        }
        // Where the number ends before the template, the server's text ends.
        if let Some(end) = self.out.find('\0') {
            self.out.truncate(end);
        }
        Ok(self.out)
    }

    fn current(&self) -> u8 {
        self.number.get(self.at).copied().unwrap_or(0)
    }

    /// `0.5` is shown as ` .5` by `9.9`.
    fn hides_zero(&self) -> bool {
        !self.picture.zero && self.at == 0 && self.number.first() == Some(&b'0') && self.post != 0
    }

    fn ends_in_point(&self) -> bool {
        self.last.is_some_and(|last| self.number.get(last) == Some(&b'.'))
    }

    fn sign(&mut self) {
        let picture = self.picture;
        let here = self.place >= self.spaces || (picture.zero && picture.zero_start == self.place);
        if self.sign_written || !here || (self.hides_zero() && !self.ends_in_point()) {
            return;
        }
        if picture.sign {
            if self.anchor == Anchor::Before {
                self.out.push(if self.negative { '-' } else { '+' });
                self.sign_written = true;
            }
            return;
        }
        if self.bracket {
            self.out.push(if self.negative { '<' } else { ' ' });
        } else if self.negative {
            self.out.push('-');
        } else if !picture.fill {
            self.out.push(' ');
        }
        self.sign_written = true;
    }

    fn digit(&mut self, part: Part) {
        let picture = self.picture;
        self.within = false;
        self.sign();
        if self.place < self.spaces && (!picture.zero || picture.zero_start > self.place) {
            if !picture.fill {
                self.out.push(' ');
            }
        } else if picture.zero && self.place < self.spaces {
            self.out.push('0');
            self.within = true;
        } else {
            self.of_number(part);
            if self.at < self.number.len() {
                self.at += 1;
            }
        }
        let mut end = self.places.wrapping_add(usize::from(self.spaces > 0)).wrapping_add(usize::from(picture.decimal));
        if self.last == Some(self.at) {
            end = self.place;
        }
        if self.place + 1 == end {
            if self.sign_written && self.bracket {
                self.out.push(if self.negative { '>' } else { ' ' });
            } else if picture.sign && self.anchor == Anchor::Behind {
                self.out.push(if self.negative { '-' } else { '+' });
            }
        }
        self.place += 1;
    }

    fn of_number(&mut self, part: Part) {
        let picture = self.picture;
        if self.current() == b'.' {
            if !self.ends_in_point() || picture.fill {
                self.out.push('.');
            }
        } else if self.last.is_some_and(|last| self.at > last) && part != Part::Zero {
        } else if self.hides_zero() {
            if !picture.fill {
                self.out.push(' ');
            } else if self.ends_in_point() {
                self.out.push('0');
            }
        } else {
            self.out.push(char::from(self.current()));
            self.within = true;
        }
    }
}

/// `9.99EEEE`
fn scientific(value: &Value<'_>, picture: &Picture) -> Result<String, EvalError> {
    let post = picture.post;
    let (text, exact) = match value {
        Value::Float8(value) if !value.is_finite() => return Ok(hashes(picture)),
        Value::Float8(value) => (format!("{value:.post$e}"), None),
        // The server goes by `double precision`, which holds it.
        Value::Int4(n) => (format!("{:.post$e}", f64::from(*n)), None),
        Value::Int8(n) => (String::new(), Some(numeric::from_int(*n))),
        value => (String::new(), Some(numeric_of(value)?.clone())),
    };
    let text = match exact {
        None => text,
        Some(Numeric::NaN | Numeric::Infinity | Numeric::NegInfinity) => return Ok(hashes(picture)),
        Some(number) => exact_scientific(&number, post)?,
    };
    let (mantissa, exponent) = text.split_once('e').ok_or_else(mismatch)?;
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    let space = if mantissa.starts_with('-') { "" } else { " " };
    Ok(format!("{space}{mantissa}e{sign}{exponent:0>2}"))
}

fn hashes(picture: &Picture) -> String {
    let mut text = vec!['#'; picture.pre + picture.post + 6];
    text[0] = ' ';
    if let Some(point) = text.get_mut(picture.pre + 1) {
        *point = '.';
    }
    text.into_iter().collect()
}

/// A numeric, rounded half away from zero.
fn exact_scientific(number: &Numeric, post: usize) -> Result<String, EvalError> {
    let (negative, text) = unsigned(number.to_string());
    let point = text.find('.').unwrap_or(text.len());
    let digits: String = text.chars().filter(|c| *c != '.').collect();
    let first = digits.find(|c| c != '0');
    let exponent = first.map_or(0, |first| i64::try_from(point).unwrap_or(0) - 1 - i64::try_from(first).unwrap_or(0));
    // One digit behind the last that is shown decides the rounding; a numeric of a large scale has more than the mantissa can.
    let significant = first.map_or("0", |first| &digits[first..]);
    let significant = &significant[..significant.len().min(post.saturating_add(2))];
    let mantissa = numeric::parse(&format!("{}.{}", &significant[..1], &significant[1..]))?;
    let mantissa = numeric::round(&mantissa, i64::try_from(post).unwrap_or(0), Rounding::Half)?;
    Ok(format!("{}{mantissa}e{exponent}", if negative { "-" } else { "" }))
}

/// Values and their letters.
const NUMERALS: [(i64, &str); 13] = [
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

/// A number in Roman numerals; fifteen hashes where there is none.
fn roman(value: &Value<'_>) -> Result<String, EvalError> {
    let n = match value {
        Value::Int4(n) => i64::from(*n),
        Value::Int8(_) => return Err(EvalError::sql("0A000", "a bigint in Roman numerals: cast it to integer")),
        Value::Numeric(number) => {
            let n = numeric::to_int(number)?;
            i32::try_from(n).map(i64::from).map_err(|_| numeric::out_of_range())?
        }
        Value::Float8(value) => {
            let rounded = value.round_ties_even();
            if !(-2_147_483_648.0..=2_147_483_647.0).contains(&rounded) {
                return Err(EvalError::sql("0A000", "a number of more than 32 bits in Roman numerals"));
            }
            #[allow(clippy::cast_possible_truncation, reason = "checked")]
            {
                rounded as i64
            }
        }
        _ => return Err(mismatch()),
    };
    if !(1..=3999).contains(&n) {
        return Ok("#".repeat(15));
    }
    let (mut rest, mut text) = (n, String::new());
    for (value, numeral) in NUMERALS {
        while rest >= value {
            text.push_str(numeral);
            rest -= value;
        }
    }
    Ok(text)
}

fn show_roman(picture: &Picture, roman: &str) -> String {
    let mut out = String::new();
    for part in &picture.parts {
        match part {
            Part::Roman { lower } => {
                let text = if *lower { roman.to_ascii_lowercase() } else { roman.to_owned() };
                out.push_str(&if picture.fill { text } else { format!("{text:>15}") });
            }
            Part::Comma if !picture.fill => out.push(' '),
            Part::Char(c) => out.push(*c),
            _ => {}
        }
    }
    out
}
