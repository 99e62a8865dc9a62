//! How PostgreSQL is spoken: sessions and TLS, the catalogue, the framing of binary COPY, field bytes, quoting.
//!
//! Boundary: it knows the protocol and the catalogue, but no plan, no staging file and no stage. The `postgres` crate's types
//! stay inside `pg`, `source` and `target`; the layers above see [`Session`] as a handle only.

mod address;
mod catalog;
mod codec;
mod connect;
mod copy;
mod error;
mod key;
mod quote;
mod session;
mod text;
mod tls;

pub use address::{EndpointError, SslMode};
pub use catalog::{
    Check, ColumnList, Domain, ForeignKey, Identity, OwnedSequence, Privileges, QueryInfo, RelationKind, RowSecurity, ServerInfo,
    SourceQuery, TableColumn, TableInfo, Trigger, UniqueKey, column_list, describe_query, describe_table, is_empty, owned_sequences,
    server_info,
};
pub use codec::{MalformedField, Unencodable, decode, encode};
pub use connect::{Endpoint, Role};
pub use copy::{CopyFormatError, CopyOut, CopySplitter, TupleBatch, copy_header, copy_trailer};
pub use error::{PgError, ServerError};
pub use key::{KeyError, KeyReader};
pub use quote::{QualifiedName, ident, idents, literal};
pub use session::Session;
pub use text::to_text;
