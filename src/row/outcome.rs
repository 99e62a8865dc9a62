//! Where a row ends: its outcome, and the reason that is recorded with it. Boundary: vocabulary only; who decides is
//! `transform` (before the load) and `target` (what the server refuses).

use std::borrow::Cow;

/// Where a source row ended. Exactly one of these for every row that was read: the ledger is their count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// The row is in the target.
    Loaded = 0,
    /// Another row stands for it; its key maps to that row's new key.
    Merged = 1,
    /// A named filter of the plan leaves it out, or its parent was left out.
    Filtered = 2,
    /// It is kept aside with a reason.
    Quarantined = 3,
    /// It was in the target before the migration began.
    Adopted = 4,
}

impl Outcome {
    /// The outcome with this stored number.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Loaded, Self::Merged, Self::Filtered, Self::Quarantined, Self::Adopted].into_iter().find(|o| *o as u8 == code)
    }

    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Merged => "merged",
            Self::Filtered => "filtered",
            Self::Quarantined => "quarantined",
            Self::Adopted => "adopted",
        }
    }
}

/// The reason codes that the tool itself gives; a plan adds its own with `reject('CODE')`.
pub mod reason {
    /// A reference found no such parent row in the source.
    pub const REF_MISSING: &str = "REF_MISSING";
    /// A reference named a parent that is in quarantine.
    pub const PARENT_QUARANTINED: &str = "PARENT_QUARANTINED";
    /// A reference named a parent that a filter left out; the row is filtered, not quarantined.
    pub const PARENT_FILTERED: &str = "PARENT_FILTERED";
    /// A reference was nulled because its parent is missing (an incident).
    pub const REF_NULLED: &str = "REF_NULLED";
    /// A self reference was nulled because it was part of a cycle (an incident).
    pub const SELF_CYCLE: &str = "SELF_CYCLE";
    /// A self reference is part of a cycle and the plan does not say what becomes of it.
    pub const REF_CYCLE: &str = "REF_CYCLE";
    /// A code is not in its code table.
    pub const CODE_UNMAPPED: &str = "CODE_UNMAPPED";
    /// A code was nulled because it is not in its code table (an incident).
    pub const CODE_NULLED: &str = "CODE_NULLED";
    /// A code took its table's default (an incident).
    pub const CODE_DEFAULTED: &str = "CODE_DEFAULTED";
    /// NULL in a NOT NULL column.
    pub const NULL_MANDATORY: &str = "NULL_MANDATORY";
    /// Text longer than the column.
    pub const VALUE_TOO_LONG: &str = "VALUE_TOO_LONG";
    /// A bit string whose length is not the column's.
    pub const LENGTH_MISMATCH: &str = "LENGTH_MISMATCH";
    /// A number that the column cannot hold exactly.
    pub const NUMERIC_OVERFLOW: &str = "NUMERIC_OVERFLOW";
    /// A whole number outside the column's range.
    pub const INTEGER_OUT_OF_RANGE: &str = "INTEGER_OUT_OF_RANGE";
    /// A text that is no label of the column's enumerated type.
    pub const ENUM_LABEL_UNKNOWN: &str = "ENUM_LABEL_UNKNOWN";
    /// A time, timestamp or interval with more precision than the column.
    pub const PRECISION_LOST: &str = "PRECISION_LOST";
    /// An expression failed with a SQLSTATE.
    pub const EXPRESSION_FAILED: &str = "EXPRESSION_FAILED";
    /// A failing expression was nulled by the plan (an incident).
    pub const EXPRESSION_NULLED: &str = "EXPRESSION_NULLED";
    /// Equal in `unique` columns to a row with a smaller key.
    pub const DUPLICATE_KEY: &str = "DUPLICATE_KEY";
    /// The row it should be merged into was not loaded.
    pub const SURVIVOR_NOT_LOADED: &str = "SURVIVOR_NOT_LOADED";
    /// The target server refused the row.
    pub const SERVER_REFUSED: &str = "SERVER_REFUSED";
    /// A field's bytes are not what its type says.
    pub const FIELD_MALFORMED: &str = "FIELD_MALFORMED";
}

/// Why a row is kept aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// One of [`reason`], or a code of the plan.
    pub code: Cow<'static, str>,
    /// The target column whose expression gave it, where one did.
    pub column: Option<String>,
    /// The SQLSTATE, where PostgreSQL has one for the case.
    pub sqlstate: Option<Cow<'static, str>>,
    /// The reason in words. Never holds a value of the row.
    pub message: String,
}

/// A counted repair of one value of a row that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incident {
    /// The target column.
    pub column: String,
    /// One of [`reason`], or a code of the plan.
    pub code: String,
}
