//! skeleton
use crate::row::{SqlType, Value};
use thiserror::Error;

/// Field bytes that are not what their type says.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the bytes of a {ty} field are malformed: {what}")]
pub struct MalformedField {
    /// The type.
    pub ty: String,
    /// What is wrong.
    pub what: &'static str,
}

/// A value that is not of the type it is to be written as.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a value of {kind} cannot be written as {ty}")]
pub struct Unencodable {
    /// The type.
    pub ty: String,
    /// The value's kind.
    pub kind: &'static str,
}

/// Decodes the bytes of one field that is not NULL.
pub fn decode<'a>(_ty: &SqlType, _bytes: &'a [u8]) -> Result<Value<'a>, MalformedField> {
    unimplemented!()
}

/// Appends the bytes of a value that is not NULL, without a length.
pub fn encode(_value: &Value<'_>, _ty: &SqlType, _out: &mut Vec<u8>) -> Result<(), Unencodable> {
    unimplemented!()
}
