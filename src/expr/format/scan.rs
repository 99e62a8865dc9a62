//! `to_number`: a number read along a template (`NUM_numpart_from_char`).

use super::number::picture;
use super::picture::{Anchor, Part, Picture};
use crate::expr::context::Evaluated;
use crate::expr::numeric;
use crate::expr::registry::{Prepared, text_of};
use crate::row::Value;

/// A template that texts are read by.
#[derive(Debug)]
struct Read(Picture);

pub(super) fn prepare(literals: &[Option<&str>]) -> Result<Box<dyn Prepared>, String> {
    let picture = picture(literals)?;
    if picture.scientific || picture.roman || picture.shift {
        return Err("EEEE, RN and V are for to_char only".to_owned());
    }
    Ok(Box::new(Read(picture)))
}
impl Prepared for Read {
    fn run<'r>(&'r self, args: &mut [Value<'r>]) -> Evaluated<'r> {
        if self.0.parts.is_empty() {
            return Ok(Value::Null);
        }
        let text = text_of(&mut args[0])?;
        let mut scan =
            Scan { picture: &self.0, text: text.as_bytes(), at: 0, sign: ' ', digits: String::new(), pre: 0, post: 0, point: false };
        for part in &self.0.parts {
            if scan.at >= scan.text.len() {
                break;
            }
            scan.part(*part);
        }
        if scan.digits.ends_with('.') {
            scan.digits.pop();
        }
        let number = numeric::parse(&format!("{}{}", scan.sign, scan.digits))?;
        let scale = i64::try_from(scan.post).unwrap_or(0);
        numeric::constrain(&number, i64::try_from(self.0.pre).unwrap_or(0) + scale, scale).map(Value::Numeric)
    }

    fn fallible(&self) -> bool {
        true
    }
}

/// A text that is read along a template.
struct Scan<'t> {
    picture: &'t Picture,
    text: &'t [u8],
    at: usize,
    sign: char,
    digits: String,
    pre: usize,
    post: usize,
    point: bool,
}

impl Scan<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn ended(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Skips so many characters, but no digits, signs or separators.
    fn eat(&mut self, count: usize) {
        for _ in 0..count {
            if self.ended() || matches!(self.peek(), b'0'..=b'9' | b'.' | b',' | b'+' | b'-' | 0) {
                break;
            }
            self.character();
        }
    }

    fn character(&mut self) {
        // By its first byte: a digit's place may have ended within a character.
        self.at += match self.peek() {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => 1,
        };
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Nine | Part::Zero | Part::Point => {
                self.digit(part);
                self.at += 1;
            }
            // While no digit of the number was written out, which never happens here, a comma is skipped or not by `FM`.
            Part::Comma if !self.picture.fill && self.peek() == b',' => self.at += 1,
            Part::Minus if self.peek() == b'-' => self.take_sign(),
            Part::Plus if self.peek() == b'+' => self.take_sign(),
            Part::Sign if matches!(self.peek(), b'-' | b'+') => self.take_sign(),
            Part::Minus | Part::Plus | Part::Sign => self.eat(1),
            Part::Ordinal { .. } if self.picture.decimal => {}
            Part::Ordinal { .. } => self.eat(2),
            Part::Char(_) => self.character(),
            Part::Comma | Part::Elsewhere | Part::Roman { .. } => {}
        }
    }

    fn take_sign(&mut self) {
        self.sign = char::from(self.peek());
        self.at += 1;
    }

    /// One digit or the point, and the sign where it is anchored to the first or the last of them.
    fn digit(&mut self, part: Part) {
        if self.peek() == b' ' {
            self.at += 1;
        }
        if self.ended() {
            return;
        }
        let anchored = self.picture.sign;
        if self.sign == ' ' && part != Part::Point && self.pre + self.post == 0 {
            let before = anchored && self.picture.anchor == Anchor::Before;
            let minus = self.peek() == b'-' || (!before && self.picture.bracket && self.peek() == b'<');
            if minus || self.peek() == b'+' {
                self.sign = if minus { '-' } else { '+' };
                self.at += 1;
            }
        }
        if self.ended() {
            return;
        }
        let mut read = false;
        if self.peek().is_ascii_digit() {
            if self.point && self.post == self.picture.post {
                return;
            }
            self.digits.push(char::from(self.peek()));
            if self.point {
                self.post += 1;
            } else {
                self.pre += 1;
            }
            read = true;
        } else if self.picture.decimal && !self.point && self.peek() == b'.' {
            self.digits.push('.');
            self.point = true;
            read = true;
        }
        if self.sign != ' ' || self.pre + self.post == 0 {
            return;
        }
        let next = self.text.get(self.at + 1).copied();
        if anchored && read && next.is_some_and(|c| !c.is_ascii_digit()) {
            if let Some(sign @ (b'-' | b'+')) = next {
                self.sign = char::from(sign);
                self.at += 1;
            }
        } else if !read && !anchored && (self.picture.plus || self.picture.minus) && matches!(self.peek(), b'-' | b'+') {
            self.sign = char::from(self.peek());
        }
    }
}
