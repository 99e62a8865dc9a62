//! Results of a run: one summary, as text for a terminal, as JSON for programs, as Markdown for people.
//!
//! Boundary: every number is read from the staging file or from a validation, none is typed or estimated here. It writes report
//! files; printing is the command line's.

mod error;
mod summary;

pub use error::ReportError;
pub use summary::{Ending, EntitySummary, Incident, Seconds, Snapshot, Summary, Totals, peak_rss_bytes};
