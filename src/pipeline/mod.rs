//! Where the stages meet: the only threads, the one order of things, resume, progress.
//!
//! Boundary: stages never see each other; they meet here, through `row` and `staging`. What is right or wrong with a plan is `check`'s,
//! what is printed is `cli`'s.

mod settings;

pub use settings::{Event, Finished, PipelineError, Redo, Settings, Setup, Stage, Stages, run};
