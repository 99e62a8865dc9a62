//! What a validation found: plain values that are shown, written to reports and printed for programs. Boundary: no comparison
//! here. The serialised names are part of the machine-readable result (see `report::Summary`) and stay as they are.

use serde::{Deserialize, Serialize};

use crate::plan::{ExpectOn, Gravity};
use crate::row::Group;

/// The most differences that are listed; all of them are counted.
pub(super) const LISTED: usize = 1_000;
/// The most groups of a control sum that are listed; all of them are compared.
pub(super) const GROUPS_LISTED: usize = 1_000;

/// What kind of difference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The ledger is not closed, or the target's ledger says something else.
    Ledger,
    /// A column of a row holds something else.
    Cell,
    /// A staged row is not in the target.
    MissingRow,
    /// The target has a row that nobody staged, in a table that was empty before the load.
    ExtraRow,
    /// Rows refer to rows that are not there.
    Reference,
    /// A control sum does not close.
    Control,
    /// The mapping table says something else than the id map.
    Mapping,
    /// Something that was taken down does not stand again, or is not validated.
    Constraint,
    /// A sequence would give a value that is taken.
    Sequence,
    /// An expectation of the plan is not met.
    Expectation,
}

impl DifferenceKind {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Cell => "cell",
            Self::MissingRow => "missing_row",
            Self::ExtraRow => "extra_row",
            Self::Reference => "reference",
            Self::Control => "control",
            Self::Mapping => "mapping",
            Self::Constraint => "constraint",
            Self::Sequence => "sequence",
            Self::Expectation => "expectation",
        }
    }
}

/// One difference between what was staged and what the target holds. A field that does not apply is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What kind it is.
    pub kind: DifferenceKind,
    /// The entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The target table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The new key of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The legacy key of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The target column; the control's, constraint's or sequence's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What was staged: the digest of a cell, or a count or sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What the target holds, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The staged value itself; only when values were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_value: Option<String>,
    /// The target's value itself; only when values were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_value: Option<String>,
    /// The difference in words, without values of rows.
    pub message: String,
}

impl Difference {
    /// A difference with nothing but its words.
    pub fn new(kind: DifferenceKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            entity: None,
            table: None,
            row: None,
            key: None,
            column: None,
            expected: None,
            found: None,
            expected_value: None,
            found_value: None,
            message: message.into(),
        }
    }
}

/// How it is known that no reference leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanProof {
    /// A validated foreign key of the target guards it.
    ForeignKey,
    /// The rows were counted.
    Counted,
}

/// What became of the references of one column to one parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The entity that refers.
    pub entity: String,
    /// The target column.
    pub column: String,
    /// The entity it refers to.
    pub parent: String,
    /// Loaded rows with this parent.
    pub hit: u64,
    /// Loaded rows that name no parent; counted with the column's first parent.
    pub null: u64,
    /// Rows whose parent the source does not have, whatever became of them.
    pub missing: u64,
    /// Rows whose parent is in quarantine.
    pub parent_quarantined: u64,
    /// Rows whose parent a filter left out.
    pub parent_filtered: u64,
    /// Rows of the target that refer to a row that is not there; of a column with several parents: to none of them.
    pub orphans: u64,
    /// How that is known.
    pub proof: OrphanProof,
    /// The query of the target that counts the orphans again.
    pub sql: String,
}

/// A control sum, closed or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The entity.
    pub entity: String,
    /// The control's name.
    pub name: String,
    /// The sum over all rows, as the source computed it; `None` where it was not asked.
    pub source: Option<String>,
    /// The sum over the loaded and adopted rows, as staged.
    pub loaded: String,
    /// The sum over the rows that were kept aside, left out or merged.
    pub held: String,
    /// The sum that the target computed over its rows.
    pub target: Option<String>,
    /// Whether source = loaded + held and loaded = target, exactly, as a whole and in every group.
    pub equal: bool,
    /// What it is grouped by, as the plan writes it.
    pub by: Vec<String>,
    /// The groups: those that differ first, then by their values; at most 1,000.
    pub groups: Vec<ControlGroup>,
    /// How many groups there are.
    pub groups_found: u64,
    /// The query that gives the source's figures again.
    pub source_sql: String,
    /// The query that gives the target's figures again.
    pub target_sql: String,
}

/// A group of a control sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlGroup {
    /// The values it is grouped by.
    pub group: Group,
    /// The sum over all rows, as the source computed it; `None` where only the plan can tell the group.
    pub source: Option<String>,
    /// The sum over the loaded and adopted rows, as staged.
    pub loaded: String,
    /// The sum over the rows that were kept aside, left out or merged.
    pub held: String,
    /// The sum that the target computed.
    pub target: Option<String>,
    /// Whether source = loaded + held and loaded = target, exactly.
    pub equal: bool,
}

/// What kind of alarm it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A target table has more rows of ours than were read.
    MoreRows,
    /// References were looked up, and none was found.
    ReferenceNeverHit,
    /// All references lead to one parent, though there are others.
    SingleParent,
    /// A target column has one value, though what it is made of varies.
    Constant,
    /// A target column is NULL in all rows, though what it is made of is not.
    AllNull,
    /// A target column has clearly fewer values than what it is made of, and no incident says why.
    FewerValues,
    /// An expectation of the plan that is only to be told is not met, or could not be asked.
    Expectation,
}

/// Something that is no difference and still hardly ever meant: a person has to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What kind it is.
    pub kind: AlarmKind,
    /// The entity.
    pub entity: String,
    /// The target column.
    pub column: Option<String>,
    /// The alarm in words, without values of rows.
    pub message: String,
}

/// An expectation of the plan, and the answer. Never a value of a row: a number, or `true` or `false`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The entity in whose file it stands.
    pub entity: Option<String>,
    /// Its name.
    pub name: String,
    /// Which database was asked.
    pub on: ExpectOn,
    /// What it means when it is not met.
    pub severity: Gravity,
    /// What is expected, in words.
    pub expected: String,
    /// The answer; `None` where it was not asked.
    pub found: Option<String>,
    /// Whether it is met; `None` where it was not asked.
    pub met: Option<bool>,
    /// When the answer was true, in UTC: of the source, when the snapshot was taken.
    pub answered: Option<String>,
    /// Why it was not asked.
    pub why: Option<String>,
    /// The SQL that was asked.
    pub sql: String,
}

/// What a column holds in the loaded rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// Rows in which it is not NULL.
    pub values: u64,
    /// Of these, texts that are empty or blank.
    pub blank: u64,
    /// Different values.
    pub distinct: u64,
    /// Whether that is counted; beyond 4,096 it is an estimate with a standard error of 0.8 %.
    pub distinct_exact: bool,
    /// The smallest; of numbers, dates and timestamps only.
    pub min: Option<String>,
    /// The largest, likewise.
    pub max: Option<String>,
    /// A few values; only when values were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<String>,
}

/// A target column, and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetColumn {
    /// What it holds.
    #[serde(flatten)]
    pub facts: ColumnFacts,
    /// The source columns that its expression reads.
    pub made_of: Vec<String>,
}

/// What the columns of an entity hold in its loaded rows, on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The entity.
    pub entity: String,
    /// The loaded rows.
    pub rows: u64,
    /// The target columns.
    pub target: Vec<TargetColumn>,
    /// The source columns that they are made of.
    pub source: Vec<ColumnFacts>,
}

/// What was checked beside the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upkeep {
    /// Constraints, indexes and triggers that were taken down for the load, and are looked for.
    pub constraints: u64,
    /// Sequences of the tables.
    pub sequences: u64,
}

/// What was checked of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityCheck {
    /// Its name.
    pub name: String,
    /// Its index in the plan.
    pub index: usize,
    /// Loaded rows, as staged.
    pub loaded: u64,
    /// Microseconds that reading back and comparing took; a table that several entities feed is counted with the first.
    pub micros: u64,
    /// When that began: microseconds since 1970.
    pub began: i64,
}

/// What was checked of a target table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCheck {
    /// The table.
    pub table: String,
    /// The entities that feed it.
    pub entities: Vec<String>,
    /// Rows that should be there.
    pub expected: u64,
    /// Rows that were read back.
    pub rows: u64,
    /// Rows that others wrote: nothing is said about them.
    pub others: u64,
    /// Cells that were compared, by digest or one by one.
    pub cells: u64,
}

/// What a validation found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// The selected entities, in load order.
    pub entities: Vec<EntityCheck>,
    /// The tables they feed.
    pub tables: Vec<TableCheck>,
    /// Control sums.
    pub controls: Vec<Control>,
    /// References.
    pub references: Vec<Reference>,
    /// What a person has to look at.
    pub alarms: Vec<Alarm>,
    /// What the columns hold.
    pub profiles: Vec<Profile>,
    /// The expectations of the plan.
    #[serde(default)]
    pub expectations: Vec<Expectation>,
    /// What was checked beside the rows.
    pub upkeep: Upkeep,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// How many there are: every difference that is listed, and every differing row beyond that.
    pub found: u64,
    /// Rows in regions that are known to differ but were not looked into, because so many differ already.
    pub unexamined: u64,
    /// Microseconds that the validation took.
    pub micros: u64,
}

impl Validation {
    /// Whether the target holds exactly what was staged.
    pub fn is_clean(&self) -> bool {
        self.found == 0 && self.unexamined == 0
    }

    /// Adds a difference: always counted, listed as long as there is room.
    pub(super) fn add(&mut self, difference: Difference) {
        self.found += 1;
        if self.differences.len() < LISTED {
            self.differences.push(difference);
        }
    }

    /// Takes over what one comparison found: the listed differences, the rows that differ beyond them, and those not looked into.
    pub(super) fn take(&mut self, differences: Vec<Difference>, beyond: u64, unexamined: u64) {
        for difference in differences {
            self.add(difference);
        }
        self.found += beyond;
        self.unexamined += unexamined;
    }

    /// Takes over what was found beside the rows.
    pub(super) fn take_beside(&mut self, beside: Self) {
        let beyond = beside.found - beside.differences.len() as u64;
        self.take(beside.differences, beyond, beside.unexamined);
        self.alarms.extend(beside.alarms);
        self.expectations.extend(beside.expectations);
        self.upkeep = beside.upkeep;
    }
}
