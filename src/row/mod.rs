//! What a row is made of: column types, values, their field bytes, tuples, legacy keys and rejects.
//!
//! Boundary: the bottom layer. It knows PostgreSQL's types and the byte layout of fields and tuples, but no connection, no
//! plan, no file and no expression. Nothing here does I/O.

mod array;
mod composite;
mod field;
mod group;
mod key;
mod new_key;
mod numeric;
mod outcome;
mod sql_type;
mod tuple;
mod value;

pub use array::{Array, ArrayWriter, Dimension, Elements, MOST_DIMENSIONS};
pub use composite::{AttributeWriter, Attributes};
pub use field::{MalformedField, Unencodable, decode, encode};
pub use group::Group;
pub use key::{KeyKind, LegacyKey};
pub use new_key::NewKey;
pub use numeric::Numeric;
pub use outcome::{Incident, Outcome, Reject, reason};
pub use sql_type::{ArrayType, Column, CompositeField, CompositeType, EnumType, ServerOid, SqlType, Typmod, oid, same_to_the_byte};
pub use tuple::{MalformedTuple, TupleWriter, Tuples, read_tuple};
pub use value::{Interval, Value};
