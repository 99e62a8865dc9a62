//! `etl` moves a legacy relational database into a re-modelled PostgreSQL schema with new keys, and proves that nothing
//! was lost. The modules in the order in which the data flows:
//!
//! ```text
//! plan ──► check ──► extract ──► transform ──► load ──► validate ──► report
//!                       │            │           │
//!                       └── staging.db: runs, chunks, id map, quarantine, ledger
//! ```

pub mod check;
pub mod cli;
pub mod error;
pub mod explain;
pub mod expr;
pub mod pg;
pub mod pipeline;
pub mod plan;
pub mod report;
pub mod row;
pub mod source;
pub mod staging;
pub mod target;
pub mod transform;
pub mod validate;
