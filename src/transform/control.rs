//! Control sums, exactly: added up as decimals for each outcome, so that source = loaded + merged + filtered + quarantined can be
//! closed to the last digit. Boundary: addition only; what is summed is the plan's matter.

use bigdecimal::BigDecimal;
use rust_decimal::Decimal;

use crate::row::{Group, Numeric, Outcome, Value};

/// One control sum of the rows of a chunk that share an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlSum {
    /// The control's position in its entity.
    pub control: usize,
    /// The group of the rows.
    pub group: Group,
    /// The outcome of the rows.
    pub outcome: Outcome,
    /// The exact sum, as PostgreSQL prints it.
    pub sum: String,
}

/// An exact running sum with `numeric`'s rules: NaN wins over everything, infinities of both signs make NaN.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    small: Decimal,
    big: Option<BigDecimal>,
    special: Option<Numeric>,
    seen: bool,
}

impl Sum {
    pub(super) fn is_empty(&self) -> bool {
        !self.seen
    }

    /// Adds a value; NULL adds nothing, as in SQL.
    pub(super) fn add(&mut self, value: &Value<'_>) {
        let number = match value {
            Value::Int2(n) => Numeric::Small(Decimal::from(*n)),
            Value::Int4(n) => Numeric::Small(Decimal::from(*n)),
            Value::Int8(n) => Numeric::Small(Decimal::from(*n)),
            Value::Numeric(n) => n.clone(),
            _ => return,
        };
        self.seen = true;
        match number {
            Numeric::Small(n) => match self.small.checked_add(n).filter(|sum| sum.scale() >= self.small.scale().max(n.scale())) {
                Some(sum) => self.small = sum,
                // Full, or the addition would have rounded: what is there moves to the big sum.
                None => {
                    self.add_big(&Numeric::Small(self.small));
                    self.small = n;
                }
            },
            Numeric::Big(_) => self.add_big(&number),
            special => {
                let differs = self.special.as_ref().is_some_and(|s| *s != special);
                self.special = Some(if differs { Numeric::NaN } else { special });
            }
        }
    }

    fn add_big(&mut self, number: &Numeric) {
        if let Some(number) = number.to_big() {
            let sum = self.big.take().map_or_else(|| number.clone(), |sum| sum + &number);
            self.big = Some(sum);
        }
    }

    pub(super) fn total(&self) -> Numeric {
        if let Some(special) = &self.special {
            return special.clone();
        }
        match (&self.big, Numeric::Small(self.small).to_big()) {
            (Some(big), Some(small)) => Numeric::from_big(big + small),
            _ => Numeric::Small(self.small),
        }
    }
}

/// Whether two sums are the same number, however they are written.
pub fn same_sum(one: &str, other: &str) -> bool {
    let read = |text: &str| text.parse::<BigDecimal>().ok();
    one == other || read(one).is_some_and(|number| read(other) == Some(number))
}

/// A sum from which one part was taken and to which another was added; `None` where one of them is no finite number.
pub fn adjusted(sum: &str, minus: &str, plus: &str) -> Option<String> {
    let read = |text: &str| text.parse::<BigDecimal>().ok();
    Some((read(sum)? - read(minus)? + read(plus)?).to_plain_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[&str]) -> String {
        let mut sum = Sum::default();
        for value in values {
            let number = match *value {
                "NaN" => Numeric::NaN,
                "inf" => Numeric::Infinity,
                "-inf" => Numeric::NegInfinity,
                digits => Numeric::from_big(digits.parse().expect("a number")),
            };
            sum.add(&Value::Numeric(number));
        }
        sum.total().to_string()
    }

    #[test]
    fn no_digit_is_lost() {
        assert_eq!(sum(&["0.10", "0.2"]), "0.30");
        assert_eq!(sum(&["79228162514264337593543950335", "1", "0.01"]), "79228162514264337593543950336.01");
        assert_eq!(
            sum(&["1000000000000000000000000000000000000000", "0.0000000000000000000000000001"]),
            "1000000000000000000000000000000000000000.0000000000000000000000000001"
        );
        assert_eq!(
            sum(&["1234567890123456789012345678", "0.0000000000000000000000000001"]),
            "1234567890123456789012345678.0000000000000000000000000001"
        );
        assert_eq!(sum(&["1", "NaN", "2"]), "NaN");
        assert_eq!(sum(&["inf", "-inf"]), "NaN");
    }
}
