//! Parameters that know their type, so that a statement with parameters is one round trip: without types the server is asked for them first.
//! Boundary: the Rust types that statements of ours take.

use tokio_postgres::types::{ToSql, Type};

/// A parameter of a statement.
pub(crate) trait SqlParam: Sync {
    /// The type that the statement is told.
    fn sql_type(&self) -> Type;
    /// The value.
    fn value(&self) -> &(dyn ToSql + Sync);
}

macro_rules! params {
    ($($rust:ty => $scalar:ident $array:ident),* $(,)?) => {$(
        impl SqlParam for $rust {
            fn sql_type(&self) -> Type {
                Type::$scalar
            }
            fn value(&self) -> &(dyn ToSql + Sync) {
                self
            }
        }
        impl SqlParam for Option<$rust> {
            fn sql_type(&self) -> Type {
                Type::$scalar
            }
            fn value(&self) -> &(dyn ToSql + Sync) {
                self
            }
        }
        impl SqlParam for Vec<$rust> {
            fn sql_type(&self) -> Type {
                Type::$array
            }
            fn value(&self) -> &(dyn ToSql + Sync) {
                self
            }
        }
        impl SqlParam for Vec<Option<$rust>> {
            fn sql_type(&self) -> Type {
                Type::$array
            }
            fn value(&self) -> &(dyn ToSql + Sync) {
                self
            }
        }
    )*};
}

params! {
    bool => BOOL BOOL_ARRAY,
    i16 => INT2 INT2_ARRAY,
    i32 => INT4 INT4_ARRAY,
    i64 => INT8 INT8_ARRAY,
    u32 => OID OID_ARRAY,
    String => TEXT TEXT_ARRAY,
    &str => TEXT TEXT_ARRAY,
    &[u8] => BYTEA BYTEA_ARRAY,
}
