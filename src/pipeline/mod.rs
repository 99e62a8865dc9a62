//! Where the stages meet: the only threads, the one order of things, resume, progress.
//!
//! ```text
//! reader threads ──► store thread ──► coordinator ──► rayon: transform ──► store thread ──► coordinator ──► loader threads
//!  (source)           (SQLite)        (this order)      (pure)                                               (target)
//! ```
//!
//! Every arrow is a bounded channel, and what travels is the name of a chunk: its bytes are in the staging file, so a stage that
//! falls behind costs disk, not memory. Boundary: stages never see each other; what is right or wrong with a plan is
//! `check`'s, what is printed is `cli`'s.

mod account;
mod adopt;
mod agenda;
mod constraints;
mod coordinator;
mod dispatch;
mod expect;
mod extract;
mod failpoint;
mod load;
mod mended;
mod open;
mod plan_change;
mod prepare;
mod resume;
mod retry;
mod rollback;
mod run;
mod settings;
mod shared;
mod source_sums;
mod store;

pub use account::{Role, Usage};
pub use adopt::{Adoption, adopt};
pub use constraints::put_back;
pub use rollback::{Rollback, RollbackEntity, RolledBack, catch_up, plan_rollback, roll_back};
pub use run::run;
pub use settings::{Event, Finished, PipelineError, Redo, Retry, Settings, Setup, Stage, Stages};
