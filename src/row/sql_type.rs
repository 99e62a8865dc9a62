//! The types of columns, as far as the tool distinguishes them. Boundary: names and OIDs only; field bytes are decoded in
//! `pg`, typmods are applied where a value is assigned to a target column.

use std::fmt;
use std::sync::Arc;

/// OIDs of PostgreSQL's built-in types (`src/include/catalog/pg_type.dat`); they are the same on every server.
pub mod oid {
    #![allow(missing_docs)]
    pub const BOOL: u32 = 16;
    pub const BYTEA: u32 = 17;
    pub const NAME: u32 = 19;
    pub const INT8: u32 = 20;
    pub const INT2: u32 = 21;
    pub const INT4: u32 = 23;
    pub const TEXT: u32 = 25;
    pub const OID: u32 = 26;
    pub const JSON: u32 = 114;
    pub const FLOAT4: u32 = 700;
    pub const FLOAT8: u32 = 701;
    pub const BPCHAR: u32 = 1042;
    pub const VARCHAR: u32 = 1043;
    pub const DATE: u32 = 1082;
    pub const TIME: u32 = 1083;
    pub const TIMESTAMP: u32 = 1114;
    pub const TIMESTAMPTZ: u32 = 1184;
    pub const INTERVAL: u32 = 1186;
    pub const TIMETZ: u32 = 1266;
    pub const NUMERIC: u32 = 1700;
    pub const UUID: u32 = 2950;
    pub const JSONB: u32 = 3802;
}

/// The type of a column or an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `text`
    Text,
    /// `character varying`
    Varchar,
    /// `character`, blank-padded
    Bpchar,
    /// `name`
    Name,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    TimestampTz,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `json`: kept byte for byte
    Json,
    /// `jsonb`: in PostgreSQL's canonical text
    Jsonb,
    /// An enumerated type with its labels.
    Enum(Arc<EnumType>),
    /// Any other type: its bytes pass through untouched where source and target type are the same.
    Other {
        /// The type's OID on the server it was read from; not comparable between servers for types that users made.
        oid: u32,
        /// The name as `format_type` gives it; what is compared between servers.
        name: Arc<str>,
    },
}

/// An enumerated type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EnumType {
    /// The name as `format_type` gives it.
    pub name: String,
    /// The labels in sort order.
    pub labels: Vec<String>,
}

impl SqlType {
    /// The built-in type with this OID; `None` where the catalogue must be asked (enums, domains, everything else).
    pub fn builtin(oid: u32) -> Option<Self> {
        Some(match oid {
            oid::BOOL => Self::Bool,
            oid::BYTEA => Self::Bytea,
            oid::NAME => Self::Name,
            oid::INT8 => Self::Int8,
            oid::INT2 => Self::Int2,
            oid::INT4 => Self::Int4,
            oid::TEXT => Self::Text,
            oid::JSON => Self::Json,
            oid::FLOAT4 => Self::Float4,
            oid::FLOAT8 => Self::Float8,
            oid::BPCHAR => Self::Bpchar,
            oid::VARCHAR => Self::Varchar,
            oid::DATE => Self::Date,
            oid::TIME => Self::Time,
            oid::TIMESTAMP => Self::Timestamp,
            oid::TIMESTAMPTZ => Self::TimestampTz,
            oid::INTERVAL => Self::Interval,
            oid::NUMERIC => Self::Numeric,
            oid::UUID => Self::Uuid,
            oid::JSONB => Self::Jsonb,
            _ => return None,
        })
    }

    /// Whether values of the type are character strings: one representation, different rules of comparison and padding.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar | Self::Bpchar | Self::Name)
    }

    /// Whether values of the type are whole numbers of two, four or eight bytes.
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Varchar => "character varying",
            Self::Bpchar => "character",
            Self::Name => "name",
            Self::Bytea => "bytea",
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::TimestampTz => "timestamp with time zone",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Enum(e) => &e.name,
            Self::Other { name, .. } => name,
        })
    }
}

/// A column of a source query or of a target table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, unquoted.
    pub name: String,
    /// The type; a domain stands as its base type, because that is what travels.
    pub ty: SqlType,
    /// `atttypmod`: length, precision and scale as the server encodes them; -1 where none is declared or known.
    pub typmod: i32,
    /// Whether NULL can occur. `true` where it is not known.
    pub nullable: bool,
}
