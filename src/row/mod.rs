//! What a row is made of: column types, values, tuples of field bytes, legacy keys and rejects.
//!
//! Boundary: the bottom layer. It knows PostgreSQL's types and the byte layout of a tuple, but no connection, no plan,
//! no file and no expression. Nothing here does I/O.

mod key;
mod numeric;
mod outcome;
mod sql_type;
mod tuple;
mod value;

pub use key::{KeyKind, LegacyKey};
pub use numeric::Numeric;
pub use outcome::{Incident, Outcome, Reject, reason};
pub use sql_type::{Column, EnumType, SqlType, oid};
pub use tuple::{MalformedTuple, TupleWriter, Tuples, read_tuple};
pub use value::{Interval, Value};
