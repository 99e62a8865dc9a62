//! The types of the columns of random rows. Every type that the tool distinguishes has some.

use std::sync::Arc;

use etl::row::{EnumType, SqlType};

/// A type with its columns.
pub struct Typed {
    pub ty: SqlType,
    /// The name in a cast.
    pub name: &'static str,
    /// The columns are this and a number.
    pub prefix: &'static str,
    /// How the columns are declared.
    pub declared: &'static str,
    pub columns: usize,
}

impl Typed {
    pub fn column(&self, n: usize) -> String {
        format!("{}_{n}", self.prefix)
    }
}

/// The labels of the enumerated type `mood`.
pub const MOODS: &[&str] = &["sad", "ok", "happy", "é 😀"];

/// All types.
pub fn all() -> Vec<Typed> {
    use SqlType as T;
    let mood = T::Enum(Arc::new(EnumType { name: "mood".into(), labels: MOODS.iter().map(|m| (*m).to_owned()).collect() }));
    let one = |ty, name, prefix, columns| Typed { ty, name, prefix, declared: name, columns };
    let mut types = vec![
        one(T::Bool, "bool", "b", 2),
        one(T::Int2, "int2", "i2", 2),
        one(T::Int4, "int4", "i4", 3),
        one(T::Int8, "int8", "i8", 2),
        one(T::Numeric, "numeric", "n", 3),
        one(T::Float4, "float4", "f4", 2),
        one(T::Float8, "float8", "f8", 2),
        one(T::Text, "text", "t", 4),
        one(T::Varchar, "varchar", "v", 2),
        Typed { declared: "char(6)", ..one(T::Bpchar, "bpchar", "c", 2) },
        one(T::Name, "name", "nm", 1),
        one(T::Bytea, "bytea", "y", 2),
        one(T::Date, "date", "d", 2),
        one(T::Time, "time", "tm", 2),
        one(T::TimeTz, "timetz", "tmz", 2),
        one(T::Timestamp, "timestamp", "ts", 2),
        one(T::TimestampTz, "timestamptz", "tsz", 2),
        one(T::Interval, "interval", "iv", 2),
        one(T::Uuid, "uuid", "u", 2),
        one(T::Json, "json", "js", 2),
        one(T::Jsonb, "jsonb", "jb", 3),
        one(T::Inet, "inet", "ip", 2),
        one(T::Cidr, "cidr", "net", 1),
        one(T::Macaddr, "macaddr", "mac", 1),
        one(T::Macaddr8, "macaddr8", "mac8", 1),
        Typed { declared: "bit(5)", ..one(T::Bit, "\"bit\"", "bt", 2) },
        one(T::Varbit, "varbit", "vb", 2),
        one(mood, "mood", "m", 2),
    ];
    let array = |of: SqlType, name, prefix| one(of.array(), name, prefix, 2);
    types.extend([
        array(T::Text, "text[]", "at"),
        array(T::Int4, "int4[]", "ai4"),
        array(T::Int8, "int8[]", "ai8"),
        array(T::Numeric, "numeric[]", "an"),
        array(T::Jsonb, "jsonb[]", "ajb"),
        array(T::Bool, "bool[]", "ab"),
        array(T::Date, "date[]", "ad"),
        array(T::Uuid, "uuid[]", "au"),
        array(T::Float8, "float8[]", "af8"),
        array(T::Varchar, "varchar[]", "av"),
        array(T::Timestamp, "timestamp[]", "ats"),
        array(T::Inet, "inet[]", "aip"),
        array(T::Interval, "interval[]", "aiv"),
        array(T::Bytea, "bytea[]", "ay"),
    ]);
    types
}

/// The statement that makes the table.
pub fn create_table() -> String {
    let columns: Vec<String> =
        all().iter().flat_map(|ty| (0..ty.columns).map(|n| format!("{} {}", ty.column(n), ty.declared)).collect::<Vec<_>>()).collect();
    let moods: Vec<String> = MOODS.iter().map(|mood| super::tree::quote(mood)).collect();
    format!("create type mood as enum ({}); create table cases (id int primary key, {})", moods.join(", "), columns.join(", "))
}
