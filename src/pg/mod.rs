//! How PostgreSQL is spoken: sessions and TLS, the catalogue, the framing of binary COPY, field bytes, quoting.
//!
//! Boundary: it knows the protocol and the catalogue, but no plan, no staging file and no stage. The driver's types
//! stay inside `pg`, `source` and `target`; the layers above see [`Session`] as a handle only.

mod address;
mod ask;
mod catalog;
mod connect;
mod copy;
mod describe;
mod driver;
mod error;
mod files;
mod key;
mod param;
mod query;
mod quote;
mod session;
mod text;
mod tls;
mod types;

pub use address::{EndpointError, SslMode};
pub use ask::{Question, ask, ask_all, plans, read_only, values_apart};
pub use catalog::{
    Check, ColumnList, Domain, ForeignKey, Identity, OwnedSequence, Privileges, RelationKind, RowSecurity, ServerInfo, TableColumn,
    TableInfo, Trigger, UniqueKey,
};
pub use connect::{Endpoint, Role};
pub use copy::{CopyFormatError, CopyOut, CopySplitter, TupleBatch, copy_header, copy_trailer};
pub use describe::{are_empty, column_list, describe_table, describe_tables, owned_sequences, server_info};
pub(crate) use driver::{CopyIn, Flight, Landing, Leg};
pub use error::{PgError, ServerError};
pub use key::{KeyError, KeyReader};
pub(crate) use param::SqlParam;
pub(crate) use query::select_list;
pub use query::{Origin, QueryInfo, SourceQuery, describe_queries, describe_query, unique_columns, without_own_places};
pub use quote::{QualifiedName, ident, idents, literal};
pub use session::Session;
pub use text::to_text;
pub(crate) use tokio_postgres::Row;
