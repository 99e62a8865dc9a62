//! The plan: how a migration is declared. `document` reads the TOML as written, with places; `resolve` turns it into a
//! [`Plan`] in load order; `compile` binds its expressions against source and target columns.
//!
//! Boundary: files and text in, a checked plan out. It opens no connection: column types are handed in by whoever read them
//! from a catalogue or from a staging file.

mod compile;
mod document;
mod expect;
mod fingerprint;
mod graph;
mod problem;
mod resolve;
mod settings;
mod text;
mod unit;

pub use compile::{
    CompiledColumn, CompiledControl, CompiledEntity, CompiledFilter, CompiledGroup, CompiledMerge, CompiledTest, KeyAnswers, KeyColumns,
    ParentUse, TargetColumn, TargetShape, compile,
};
pub use document::{PlanFile, read as read_document};
pub use expect::{Asked, ExpectOn, ExpectPlan, Gravity, Wanted};
pub(crate) use problem::nearest;
pub use problem::{Problem, Problems, Severity};
pub use resolve::{
    AdoptPlan, Budget, Codes, ColumnPlan, Constraints, ControlPlan, EntityPlan, FilterPlan, GroupPlan, IgnoredColumn, MergePlan, NewIds,
    OnError, Parent, Plan, Triggers, load,
};
pub use settings::{SettingError, expand};
pub use text::Text;
pub use unit::{Answer, AnswerPlan, Expected, TestPlan, ValuePlan};
