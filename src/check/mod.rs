//! The plan against both catalogues, before anything moves: everything that can be known without moving a row, all problems at
//! once, each where it is written.
//!
//! Boundary: it asks and compares. It writes nothing, anywhere; what is found goes to `plan::Problems`, what was learnt to whoever
//! runs the stages. Where a server is gone, what the staging file recorded of it stands in its place.

mod census;
mod controls;
mod disk;
mod error;
mod expect;
mod near;
mod nulls;
mod parents;
mod run;
mod source;
mod staged;
mod target;
mod unit;
mod without_key;

pub use disk::free_bytes;
pub use error::CheckError;
pub use expect::Looked;
pub use parents::{Need, parents, with_ancestors};
pub use run::{Asks, Checked, EntitySize, Request, Side, check};
pub use unit::{TestRun, run_tests, tell_tests};
