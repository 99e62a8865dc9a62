//! What is told of one column: values, blanks, different values, the smallest and the largest. Boundary: field bytes in, figures out; a
//! text is never kept unless values were asked for.

use std::cmp::Ordering;

use super::distinct::Distinct;
use crate::pg::to_text;
use crate::row::{Column, Numeric, SqlType, Value, decode};
use crate::validate::describe::value_text;
use crate::validate::finding::ColumnFacts;

/// Samples of a column that are shown where values were asked for.
const SAMPLES: usize = 3;

/// The figures of a column in the making.
pub(super) struct Figures {
    column: Column,
    values: u64,
    blank: u64,
    distinct: Distinct,
    range: Option<(Value<'static>, Value<'static>)>,
    has_range: bool,
    is_text: bool,
    samples: Option<Vec<String>>,
    /// The last value: rows in key order repeat a value often.
    last: Vec<u8>,
}

impl Figures {
    pub fn new(column: &Column, show_values: bool) -> Self {
        let has_range = column.ty.is_integer()
            || matches!(
                column.ty,
                SqlType::Numeric | SqlType::Float4 | SqlType::Float8 | SqlType::Date | SqlType::Timestamp | SqlType::TimestampTz
            );
        let is_text = matches!(column.ty, SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Citext);
        Self {
            column: column.clone(),
            values: 0,
            blank: 0,
            distinct: Distinct::new(),
            range: None,
            has_range,
            is_text,
            samples: show_values.then(Vec::new),
            last: Vec::new(),
        }
    }

    pub fn add(&mut self, field: Option<&[u8]>) {
        let Some(bytes) = field else { return };
        self.values += 1;
        if self.is_text && bytes.iter().all(u8::is_ascii_whitespace) {
            self.blank += 1;
        }
        if self.values > 1 && self.last == bytes {
            return;
        }
        self.last.clear();
        self.last.extend_from_slice(bytes);
        let new = self.distinct.add(bytes);
        if new
            && let Some(samples) = &mut self.samples
            && samples.len() < SAMPLES
        {
            samples.push(value_text(&self.column.ty, Some(bytes)));
        }
        // Among few values one that is known cannot move the bounds.
        if self.has_range && (new || !self.distinct.is_exact()) {
            self.widen(bytes);
        }
    }

    fn widen(&mut self, bytes: &[u8]) {
        let Ok(value) = decode(&self.column.ty, bytes) else { return };
        let Some((least, most)) = &mut self.range else {
            let value = value.into_owned();
            self.range = Some((value.clone(), value));
            return;
        };
        if compare(&value, least) == Ordering::Less {
            *least = value.into_owned();
        } else if compare(&value, most) == Ordering::Greater {
            *most = value.into_owned();
        }
    }

    pub fn finish(self) -> ColumnFacts {
        let (min, max) = self.range.map_or((None, None), |(least, most)| (shown(&least), shown(&most)));
        ColumnFacts {
            name: self.column.name,
            ty: self.column.ty.to_string(),
            values: self.values,
            blank: self.blank,
            distinct: self.distinct.count(),
            distinct_exact: self.distinct.is_exact(),
            min,
            max,
            samples: self.samples.unwrap_or_default(),
        }
    }
}

/// The order of values of one type, as PostgreSQL has it: NaN is greater than every number.
fn compare(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Int2(a), Value::Int2(b)) => a.cmp(b),
        (Value::Int4(a), Value::Int4(b)) | (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Int8(a), Value::Int8(b)) | (Value::Timestamp(a), Value::Timestamp(b)) | (Value::TimestampTz(a), Value::TimestampTz(b)) => {
            a.cmp(b)
        }
        (Value::Float4(a), Value::Float4(b)) => floats(f64::from(*a), f64::from(*b)),
        (Value::Float8(a), Value::Float8(b)) => floats(*a, *b),
        (Value::Numeric(a), Value::Numeric(b)) => numbers(a, b),
        _ => Ordering::Equal,
    }
}

fn floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn numbers(a: &Numeric, b: &Numeric) -> Ordering {
    let place = |n: &Numeric| match n {
        Numeric::NegInfinity => 0,
        Numeric::Small(_) | Numeric::Big(_) => 1,
        Numeric::Infinity => 2,
        Numeric::NaN => 3,
    };
    match (a, b) {
        (Numeric::Small(a), Numeric::Small(b)) => a.cmp(b),
        _ => place(a).cmp(&place(b)).then_with(|| a.to_big().cmp(&b.to_big())),
    }
}

fn shown(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Float4(value) => Some(value.to_string()),
        Value::Float8(value) => Some(value.to_string()),
        other => to_text(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn column(ty: SqlType) -> Column {
        Column { name: "c".to_owned(), ty, typmod: -1, nullable: true }
    }

    proptest! {
        #[test]
        fn figures_are_those_of_the_values(values in prop::collection::vec(prop::option::of(-50_i32..50), 0..300)) {
            let mut figures = Figures::new(&column(SqlType::Int4), false);
            for value in &values {
                let bytes = value.map(i32::to_be_bytes);
                figures.add(bytes.as_ref().map(<[u8; 4]>::as_slice));
            }
            let facts = figures.finish();
            let set: Vec<i32> = values.iter().flatten().copied().collect();
            prop_assert_eq!(facts.values, set.len() as u64);
            prop_assert_eq!(facts.distinct, set.iter().collect::<BTreeSet<_>>().len() as u64);
            prop_assert_eq!(facts.min, set.iter().min().map(ToString::to_string));
            prop_assert_eq!(facts.max, set.iter().max().map(ToString::to_string));
            prop_assert!(facts.distinct_exact && facts.samples.is_empty());
        }

        #[test]
        fn numerics_are_ordered_as_the_server_orders_them(cents in prop::collection::vec(-10_000_i64..10_000, 1..50)) {
            let mut figures = Figures::new(&column(SqlType::Numeric), false);
            for cent in &cents {
                let mut bytes = Vec::new();
                Numeric::Small(rust_decimal::Decimal::new(*cent, 2)).to_wire(&mut bytes);
                figures.add(Some(&bytes));
            }
            let text = |cent: Option<&i64>| cent.map(|cent| rust_decimal::Decimal::new(*cent, 2).to_string());
            let facts = figures.finish();
            prop_assert_eq!(facts.min, text(cents.iter().min()));
            prop_assert_eq!(facts.max, text(cents.iter().max()));
        }
    }

    #[test]
    fn a_text_shows_nothing_of_itself_and_its_blanks_are_counted() {
        let mut figures = Figures::new(&column(SqlType::Text), false);
        for text in ["secret", "", "  ", "secret"] {
            figures.add(Some(text.as_bytes()));
        }
        figures.add(None);
        let facts = figures.finish();
        assert_eq!((facts.values, facts.blank, facts.distinct), (4, 2, 3));
        assert_eq!((facts.min.clone(), facts.max.clone(), facts.samples.len()), (None, None, 0));
        let mut asked = Figures::new(&column(SqlType::Text), true);
        asked.add(Some(b"secret"));
        assert_eq!(asked.finish().samples, ["secret"]);
    }

    #[test]
    fn nan_is_the_largest() {
        assert_eq!(numbers(&Numeric::NaN, &Numeric::Infinity), Ordering::Greater);
        assert_eq!(floats(f64::NAN, 1.0), Ordering::Greater);
        assert_eq!(floats(f64::NAN, f64::NAN), Ordering::Equal);
    }
}
