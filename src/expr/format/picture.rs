//! Templates of numbers: what they hold and what goes together (`NUMDesc_prepare`). `D` and `G` are those of the locale C: a point and a
//! comma.

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Nine,
    Zero,
    Point,
    Comma,
    Minus,
    Plus,
    Sign,
    /// `TH`, or `th`
    Ordinal {
        lower: bool,
    },
    Roman {
        lower: bool,
    },
    /// A pattern that is not at a place: `FM`, `S`, `PR`, `V`, `B`, `EEEE`
    Elsewhere,
    Char(char),
}

/// Where the sign of `S` stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Anchor {
    #[default]
    Nowhere,
    Before,
    Behind,
}

/// A template and what follows from all of it.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each says whether a pattern is there")]
pub(super) struct Picture {
    pub parts: Vec<Part>,
    pub pre: usize,
    pub post: usize,
    pub multi: u32,
    pub anchor: Anchor,
    /// Digits in front of the `S`.
    pub anchored: usize,
    pub zero_start: usize,
    pub zero_end: usize,
    pub decimal: bool,
    pub zero: bool,
    pub fill: bool,
    pub sign: bool,
    pub bracket: bool,
    pub minus: bool,
    pub plus: bool,
    pub roman: bool,
    pub shift: bool,
    pub scientific: bool,
    pub blank: bool,
}

const WORDS: &[&str] = &[",", ".", "0", "9", "B", "C", "D", "EEEE", "FM", "G", "L", "MI", "PL", "PR", "RN", "SG", "SP", "S", "TH", "V"];

impl Picture {
    pub fn parse(template: &str) -> Result<Self, String> {
        let mut picture = Self::default();
        let mut rest = template;
        while let Some(first) = rest.chars().next() {
            let upper = WORDS.iter().find(|word| rest.starts_with(**word));
            let lower = || WORDS.iter().find(|word| rest.get(..word.len()).is_some_and(|text| text == word.to_ascii_lowercase()));
            if let Some(word) = upper.or_else(lower) {
                let is_lower = first.is_ascii_lowercase();
                rest = &rest[word.len()..];
                let part = picture.add(word, is_lower)?;
                picture.parts.push(part);
            } else if let Some(quoted) = rest.strip_prefix('"') {
                rest = picture.quote(quoted);
            } else {
                let text = rest.strip_prefix('\\').filter(|behind| behind.starts_with('"')).unwrap_or(rest);
                let c = text.chars().next().unwrap_or(first);
                rest = &text[c.len_utf8()..];
                picture.parts.push(Part::Char(c));
            }
        }
        Ok(picture)
    }

    fn quote<'t>(&mut self, text: &'t str) -> &'t str {
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => return &text[at + 1..],
                '\\' if chars.peek().is_some() => self.parts.extend(chars.next().map(|(_, c)| Part::Char(c))),
                c => self.parts.push(Part::Char(c)),
            }
        }
        ""
    }

    fn add(&mut self, word: &str, lower: bool) -> Result<Part, String> {
        if self.scientific {
            return Err("EEEE must be the last pattern".to_owned());
        }
        let together = || Err(format!("{word} does not go together with the signs before it"));
        Ok(match word {
            "9" | "0" if self.bracket => return Err(format!("{word} must stand before PR")),
            "9" if self.multi >= 18 => return Err("V moves the point by 18 digits at most".to_owned()),
            "9" => {
                if self.shift {
                    self.multi += 1;
                } else if self.decimal {
                    self.post += 1;
                } else {
                    self.pre += 1;
                }
                Part::Nine
            }
            "0" => {
                if !self.zero && !self.decimal {
                    self.zero = true;
                    self.zero_start = self.pre;
                }
                if self.decimal {
                    self.post += 1;
                } else {
                    self.pre += 1;
                }
                self.zero_end = self.pre + self.post;
                Part::Zero
            }
            "B" => {
                self.blank |= self.pre == 0 && self.post == 0 && !self.zero;
                Part::Elsewhere
            }
            "D" | "." => {
                if self.decimal || self.shift {
                    return Err(format!("{word} stands twice, or beside V"));
                }
                self.decimal = true;
                Part::Point
            }
            "FM" => {
                self.fill = true;
                Part::Elsewhere
            }
            "S" => {
                if self.sign || self.plus || self.minus || self.bracket {
                    return together();
                }
                self.sign = true;
                if self.decimal {
                    self.anchor = Anchor::Behind;
                } else {
                    self.anchor = Anchor::Before;
                    self.anchored = self.pre;
                }
                Part::Elsewhere
            }
            "MI" | "PL" | "SG" if self.sign => return together(),
            "MI" => {
                self.minus = true;
                Part::Minus
            }
            "PL" => {
                self.plus = true;
                Part::Plus
            }
            "SG" => {
                (self.minus, self.plus) = (true, true);
                Part::Sign
            }
            "PR" if self.sign || self.plus || self.minus => return together(),
            "PR" => {
                self.bracket = true;
                Part::Elsewhere
            }
            "RN" => {
                self.roman = true;
                Part::Roman { lower }
            }
            "V" if self.decimal => return Err("V does not go together with a point".to_owned()),
            "V" => {
                self.shift = true;
                Part::Elsewhere
            }
            "EEEE" => {
                if self.blank || self.fill || self.sign || self.bracket || self.minus || self.plus || self.roman || self.shift {
                    return Err("EEEE goes together with 9, 0 and a point only".to_owned());
                }
                self.scientific = true;
                Part::Elsewhere
            }
            "G" | "," => Part::Comma,
            "TH" => Part::Ordinal { lower },
            "L" => return Err("the pattern L depends on the locale of the session".to_owned()),
            _ => return Err(format!("the pattern {word} is not implemented by PostgreSQL")),
        })
    }
}
