//! The expression language of plans: PostgreSQL's expressions over the columns of one source row.
//!
//! ```text
//! text ─parse─► Ast (untyped, byte spans) ─bind─► Expr (typed, casts made explicit) ─eval─► Value
//! ```
//!
//! PostgreSQL is the oracle: an expression means here what it means there, to the digit and to the SQLSTATE. What is not
//! supported is refused by `bind`, by name; it never evaluates to something else.
//!
//! Boundary: values come from and go to the outside through [`Context`]; no field bytes, no files, no connection. Only
//! `parse.rs` names `sqlparser`.

mod array;
mod ast;
mod bind;
mod bits;
mod bytes;
mod cast;
mod citext;
mod code_table;
mod coerce;
mod collection;
mod compare;
mod context;
mod datetime;
mod diagnostic;
mod direct;
mod encoding;
mod encoding_tables;
mod eval;
mod float;
mod fold;
mod format;
mod functions;
mod identity;
mod interval;
mod json;
mod lookup;
mod mask;
mod network;
mod nullability;
mod numeric;
mod overloads;
mod parse;
mod pattern;
mod quantified;
mod quote;
mod regex_class;
mod regex_match;
mod regex_syntax;
mod regex_tree;
mod regexp;
mod registry;
mod resolve;
mod special;
mod sql;
#[cfg(test)]
mod tests;
mod text;
mod text_edit;
mod typed;
mod zone;

pub use ast::{Ast, RefCall};
pub use bind::{EntityKey, Scope, bind};
pub use code_table::CodeTable;
pub use context::{Context, EvalError, Fault, OnCycle, OnMissing, Reference, Resolved};
pub use diagnostic::{Diagnostic, codes};
pub use functions::Functions;
pub use nullability::Nulls;
pub use parse::parse;
pub use registry::{Builtin, Ty, catalogue, operator_signatures, signatures, special, volatile};
pub use typed::Expr;
