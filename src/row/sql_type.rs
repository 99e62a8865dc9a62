//! The types of columns, as far as the tool distinguishes them. Boundary: names and OIDs only; field bytes are decoded in
//! `field.rs`, typmods are applied where a value is assigned to a target column.
//!
//! A type that is not distinguished passes through as its bytes, into a column of the type with the same name. Not everything can:
//! * `regclass` and its like hold a number that means another object on another server: cast them to text in the source query;
//! * types without binary form (`aclitem`, `seg`, `isn`) are refused by the source's COPY: cast them to text there;
//! * an empty `int2vector` or `oidvector` is refused by the target, which cannot read what it writes itself;
//! * a range over arrays or rows of users' types holds OIDs that are not put in anew; a target where they differ refuses it;
//! * `xml` comes without its XML declaration of version 1.0, as PostgreSQL sends and dumps it.

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
    pub const BIT: u32 = 1560;
    pub const VARBIT: u32 = 1562;
    pub const TIMETZ: u32 = 1266;
    pub const MACADDR: u32 = 829;
    pub const MACADDR8: u32 = 774;
    pub const INET: u32 = 869;
    pub const CIDR: u32 = 650;
    pub const MONEY: u32 = 790;
    pub const XML: u32 = 142;
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
    /// `time with time zone`
    TimeTz,
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
    /// `xml`: its bytes pass through
    Xml,
    /// `money`: a whole number of the smallest unit; how many make one is the server's locale, so it only passes through
    Money,
    /// `inet`
    Inet,
    /// `cidr`
    Cidr,
    /// `macaddr`
    Macaddr,
    /// `macaddr8`
    Macaddr8,
    /// `bit`
    Bit,
    /// `bit varying`
    Varbit,
    /// `citext` of the extension of that name: text that is compared without regard to case.
    Citext,
    /// An enumerated type with its labels.
    Enum(Arc<EnumType>),
    /// An array of any number of dimensions.
    Array(Arc<ArrayType>),
    /// A composite type.
    Composite(Arc<CompositeType>),
    /// Any other type: its bytes pass through untouched where source and target type are the same.
    Other {
        /// The type's OID on the server it was read from.
        oid: ServerOid,
        /// The name as `format_type` gives it; what is compared between servers.
        name: Arc<str>,
    },
}

/// An OID of one server. The OIDs of types that users made mean nothing on another server, so they take no part in the
/// equality of types; what is written for a server carries that server's.
#[derive(Clone, Copy, Debug)]
pub struct ServerOid(pub u32);

impl PartialEq for ServerOid {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ServerOid {}

impl std::hash::Hash for ServerOid {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// A modifier within a type, as the server encodes it; -1 where there is none. As modifiers of columns it takes no part in the equality
/// of types: whether a value fits is asked value by value.
#[derive(Clone, Copy, Debug)]
pub struct Typmod(pub i32);

impl Typmod {
    /// No modifier.
    pub const NONE: Self = Self(-1);
}

impl PartialEq for Typmod {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Typmod {}

impl std::hash::Hash for Typmod {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// An array type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArrayType {
    /// The type of the elements; a domain stands as its base type.
    pub element: SqlType,
    /// What the elements' domain demands of their length or precision; where they are of no domain, the column says it.
    pub element_typmod: Typmod,
    /// The OID that stands in the header of every value: the elements' type, a domain as itself.
    pub element_oid: ServerOid,
}

/// A composite type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompositeType {
    /// The name as `format_type` gives it.
    pub name: String,
    /// The attributes in their order.
    pub fields: Vec<CompositeField>,
}

/// An attribute of a composite type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CompositeField {
    /// The name, unquoted.
    pub name: String,
    /// The type; a domain stands as its base type.
    pub ty: SqlType,
    /// What the attribute demands of length or precision.
    pub typmod: Typmod,
    /// The OID that stands before every value of the attribute.
    pub oid: ServerOid,
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
            oid::TIMETZ => Self::TimeTz,
            oid::XML => Self::Xml,
            oid::MONEY => Self::Money,
            oid::INET => Self::Inet,
            oid::CIDR => Self::Cidr,
            oid::MACADDR => Self::Macaddr,
            oid::MACADDR8 => Self::Macaddr8,
            oid::BIT => Self::Bit,
            oid::VARBIT => Self::Varbit,
            _ => return None,
        })
    }

    /// The OID of a built-in type, which is the same on every server.
    pub fn builtin_oid(&self) -> Option<u32> {
        Some(match self {
            Self::Bool => oid::BOOL,
            Self::Int2 => oid::INT2,
            Self::Int4 => oid::INT4,
            Self::Int8 => oid::INT8,
            Self::Float4 => oid::FLOAT4,
            Self::Float8 => oid::FLOAT8,
            Self::Numeric => oid::NUMERIC,
            Self::Text => oid::TEXT,
            Self::Varchar => oid::VARCHAR,
            Self::Bpchar => oid::BPCHAR,
            Self::Name => oid::NAME,
            Self::Bytea => oid::BYTEA,
            Self::Date => oid::DATE,
            Self::Time => oid::TIME,
            Self::TimeTz => oid::TIMETZ,
            Self::Timestamp => oid::TIMESTAMP,
            Self::TimestampTz => oid::TIMESTAMPTZ,
            Self::Interval => oid::INTERVAL,
            Self::Uuid => oid::UUID,
            Self::Json => oid::JSON,
            Self::Jsonb => oid::JSONB,
            Self::Xml => oid::XML,
            Self::Money => oid::MONEY,
            Self::Inet => oid::INET,
            Self::Cidr => oid::CIDR,
            Self::Macaddr => oid::MACADDR,
            Self::Macaddr8 => oid::MACADDR8,
            Self::Bit => oid::BIT,
            Self::Varbit => oid::VARBIT,
            Self::Citext | Self::Enum(_) | Self::Array(_) | Self::Composite(_) | Self::Other { .. } => return None,
        })
    }

    /// The array type over this type. The element's OID is that of a built-in type, or 0 where only the target's catalogue knows it.
    #[must_use]
    pub fn array(self) -> Self {
        let element_oid = ServerOid(self.builtin_oid().unwrap_or(0));
        Self::Array(Arc::new(ArrayType { element: self, element_typmod: Typmod::NONE, element_oid }))
    }

    /// Whether values of the type hold an object of their server by its number (`regclass` and the like), which is another object, or
    /// none, on another server.
    pub fn holds_object_numbers(&self) -> bool {
        const BY_NUMBER: [&str; 11] = [
            "regclass",
            "regproc",
            "regprocedure",
            "regoper",
            "regoperator",
            "regtype",
            "regrole",
            "regnamespace",
            "regconfig",
            "regdictionary",
            "regcollation",
        ];
        match self {
            Self::Other { name, .. } => BY_NUMBER.contains(&&**name),
            Self::Array(array) => array.element.holds_object_numbers(),
            Self::Composite(composite) => composite.fields.iter().any(|field| field.ty.holds_object_numbers()),
            _ => false,
        }
    }

    /// Whether values of the type are character strings: one representation, different rules of comparison and padding.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar | Self::Bpchar | Self::Name | Self::Citext)
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
            Self::TimeTz => "time with time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::TimestampTz => "timestamp with time zone",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Xml => "xml",
            Self::Money => "money",
            Self::Inet => "inet",
            Self::Cidr => "cidr",
            Self::Macaddr => "macaddr",
            Self::Macaddr8 => "macaddr8",
            Self::Bit => "bit",
            Self::Varbit => "bit varying",
            Self::Citext => "citext",
            Self::Enum(e) => &e.name,
            Self::Array(array) => return write!(f, "{}[]", array.element),
            Self::Composite(composite) => &composite.name,
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

/// Whether columns are the same to the byte of what is written into them: the numbers that their server gives to types, and modifiers
/// within types, counted.
pub fn same_to_the_byte(one: &[Column], other: &[Column]) -> bool {
    // What equality leaves out, the derived form shows.
    one == other && format!("{one:?}") == format!("{other:?}")
}
