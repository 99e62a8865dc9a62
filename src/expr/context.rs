//! What an expression needs from the outside while a row is evaluated, and how evaluation ends. Boundary: the contract with
//! `transform`; nothing here evaluates.

use std::borrow::Cow;

use crate::row::{LegacyKey, Value, reason};

/// What becomes of a row whose reference finds no loaded parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnMissing {
    /// The row is kept aside (the default).
    Quarantine,
    /// NULL, and an incident is counted.
    Null,
    /// The run fails.
    Fail,
}

/// What becomes of a row whose self reference is part of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnCycle {
    /// The row is kept aside.
    Quarantine,
    /// NULL, and an incident is counted.
    Null,
}

/// A reference to another entity (or to the row's own) that an expression resolves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The entity's number, as the scope gave it.
    pub entity: usize,
    /// The entity's name.
    pub entity_name: String,
    /// What becomes of the row when there is no such parent.
    pub on_missing: OnMissing,
    /// What becomes of the row in a cycle of self references; `None` where the plan does not say.
    pub on_cycle: Option<OnCycle>,
}

/// What a legacy key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// The new key.
    Found([u8; 16]),
    /// No such row in the source.
    Missing,
    /// The row is in quarantine.
    ParentQuarantined,
    /// A filter left the row out.
    ParentFiltered,
    /// The reference is part of a cycle of self references.
    Cycle,
}

/// The row under evaluation and the surroundings it may ask.
pub trait Context<'r> {
    /// The value of a source column.
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError>;
    /// The field bytes of a source column, where they can be looked at: there are none for NULL, and none in surroundings that have only
    /// values.
    fn bytes(&self, _column: usize) -> Option<&'r [u8]> {
        None
    }
    /// The new key of this row.
    fn new_id(&mut self) -> Result<[u8; 16], EvalError>;
    /// The legacy key of this row, in text form.
    fn legacy_key(&self) -> Cow<'r, str>;
    /// Looks a parent up.
    fn resolve(&mut self, reference: &'r Reference, key: LegacyKey) -> Resolved;
    /// Counts an incident.
    fn incident(&mut self, code: &'r str);
    /// When the run started: microseconds since 2000-01-01 00:00 UTC.
    fn run_started_at(&self) -> i64;
}

/// Why an expression has no value for a row. No larger than a pointer: it stands beside the value in every result of every part of
/// an expression, and is rare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct EvalError(Box<Fault>);

impl EvalError {
    /// What it is.
    pub fn fault(&self) -> &Fault {
        &self.0
    }

    /// PostgreSQL's code, where it is an error that PostgreSQL would have raised.
    pub fn sqlstate(&self) -> Option<&'static str> {
        match *self.0 {
            Fault::Sql { sqlstate, .. } => Some(sqlstate),
            _ => None,
        }
    }

    /// What it is, to keep.
    pub fn into_fault(self) -> Fault {
        *self.0
    }

    #[cold]
    pub(super) fn sql(sqlstate: &'static str, message: &'static str) -> Self {
        Fault::Sql { sqlstate, message: Cow::Borrowed(message) }.into()
    }
}

impl From<Fault> for EvalError {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self(Box::new(fault))
    }
}

/// The ways in which evaluation ends without a value. No message holds a value of the row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The row is to be kept aside.
    #[error("{code}: {message}")]
    Reject {
        /// One of [`reason`], or a code of the plan.
        code: Cow<'static, str>,
        /// The reason in words.
        message: Cow<'static, str>,
    },
    /// The row's parent was left out by a filter, and so is the row.
    #[error("{}: the parent was left out by a filter", reason::PARENT_FILTERED)]
    ParentFiltered,
    /// The plan says that the run fails here.
    #[error("{message}")]
    Fail {
        /// The reason in words.
        message: Cow<'static, str>,
    },
    /// An error that PostgreSQL would have raised.
    #[error("{message} (SQLSTATE {sqlstate})")]
    Sql {
        /// PostgreSQL's code of the error.
        sqlstate: &'static str,
        /// The reason in words.
        message: Cow<'static, str>,
    },
}

/// The result of evaluating a part of an expression.
pub(super) type Evaluated<'r> = Result<Value<'r>, EvalError>;
