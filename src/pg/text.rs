//! skeleton
use crate::row::Value;
/// The text that PostgreSQL prints for a value (DateStyle ISO, time zone UTC); `None` for types that are not printed here.
pub fn to_text(_value: &Value<'_>) -> Option<String> {
    unimplemented!()
}
