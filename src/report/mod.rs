//! Results of a run: one summary, as text for a terminal, as JSON for programs, as Markdown and as one HTML page for people.
//!
//! Boundary: every number is read from the staging file or from a validation, none is typed or estimated here. It writes report
//! files; printing is the command line's.

mod collect;
mod error;
mod files;
mod grid;
mod html;
mod markdown;
mod number;
mod proof;
mod spans;
mod summary;
mod text;
mod threads;

pub use collect::peak_rss_bytes;
pub use error::ReportError;
pub use number::{bytes, duration, thousands};
pub use proof::Proof;
pub use spans::{Facts, StageSpan};
pub use summary::{Ending, EntitySummary, Incident, ParentEdge, PlanChange, SCHEMA, Seconds, Snapshot, Summary, Totals};
pub use threads::{ThreadTime, account};
