//! One row: filters, merge, columns in order, and the surroundings that expressions ask. Boundary: decides how far the row
//! itself goes; what other rows of its entity make of it is `survey`'s and `chunk`'s.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use super::adopted::AdoptedKeys;
use super::assign::Assignment;
use super::keys::{Fate, KeySnapshot};
use super::mint::Minter;
use super::survey::Survey;
use crate::expr::{Context, EvalError, Expr, Fault, Reference, Resolved};
use crate::pg;
use crate::plan::{CompiledEntity, CompiledMerge, NewIds, OnError};
use crate::row::{Group, LegacyKey, Reject, TupleWriter, Value, decode, reason};

/// What transforms of an entity read besides its rows. The same for every chunk of it.
#[derive(Debug)]
pub struct Inputs {
    /// Where new keys are minted.
    pub namespace: Uuid,
    /// When the migration's first run started: microseconds since 2000-01-01 00:00 UTC.
    pub run_started_at: i64,
    /// The key snapshots of the parents, by entity index.
    pub parents: Vec<Option<Arc<KeySnapshot>>>,
    /// Rows of the entity that are in the target already.
    pub adopted: Option<Arc<AdoptedKeys>>,
    /// What a first look at all rows of the entity found, where it needs one.
    pub survey: Option<Arc<Survey>>,
}

/// How far a row got by itself.
#[derive(Debug)]
pub(super) enum RowEnd {
    /// Its tuple is written.
    Written,
    /// A filter left it out.
    Filtered(String),
    /// Another row's key stands for it.
    MergedInto(LegacyKey),
    /// It is to be kept aside.
    Rejected(Reject),
}

/// The plan says that the run fails at such a row.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) column: String,
    pub(super) message: String,
}

/// A reference from a row to another row of its entity, as met in a survey.
#[derive(Clone, Debug)]
pub(super) struct SelfEdge {
    pub(super) column: usize,
    pub(super) parent: LegacyKey,
    /// Whether the row goes on without the parent.
    pub(super) optional: bool,
}

/// What a row leaves behind besides its tuple. Cleared for each row.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// (column, code), each once.
    pub(super) incidents: Vec<(usize, String)>,
    /// (column, parent entity, what was found) of every look-up.
    pub(super) lookups: Vec<(usize, usize, Resolved)>,
    /// (column, was NULL) of columns with references.
    pub(super) references: Vec<(usize, bool)>,
    pub(super) self_edges: Vec<SelfEdge>,
    /// Where each column's field bytes stand in the tuple buffer.
    pub(super) fields: Vec<Range<usize>>,
}

impl Traces {
    pub(super) fn clear(&mut self) {
        self.incidents.clear();
        self.lookups.clear();
        self.references.clear();
        self.self_edges.clear();
        self.fields.clear();
    }
}

/// Transforms rows of one entity, one at a time.
pub(super) struct RowTransformer<'e> {
    entity: &'e CompiledEntity,
    inputs: &'e Inputs,
    assignments: Vec<Assignment>,
    has_references: Vec<bool>,
    minter: Minter,
    /// In a survey every self reference is taken for good, and noted.
    surveying: bool,
}

struct RowContext<'c, 'r> {
    entity: &'r CompiledEntity,
    inputs: &'r Inputs,
    fields: &'c [Option<&'r [u8]>],
    key: &'c LegacyKey,
    id: &'c OnceCell<[u8; 16]>,
    minter: &'c mut Minter,
    column: usize,
    surveying: bool,
    traces: &'c mut Traces,
}

impl<'r> Context<'r> for RowContext<'_, 'r> {
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError> {
        let Some(bytes) = self.fields[column] else { return Ok(Value::Null) };
        let source = &self.entity.source[column];
        decode(&source.ty, bytes).map_err(|error| {
            let message = Cow::Owned(format!("source column {}: {error}", source.name));
            Fault::Reject { code: Cow::Borrowed(reason::FIELD_MALFORMED), message }.into()
        })
    }

    fn bytes(&self, column: usize) -> Option<&'r [u8]> {
        self.fields[column]
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Ok(*self.id.get_or_init(|| self.minter.mint(self.key)))
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        Cow::Owned(self.key.to_string())
    }

    fn resolve(&mut self, reference: &'r Reference, key: LegacyKey) -> Resolved {
        let found = if reference.entity == self.entity.index {
            if self.surveying {
                let optional = reference.on_missing == crate::expr::OnMissing::Null;
                // What is kept is known, and an expression may compute with it; no UUID decides anything.
                let taken = if self.entity.ids == NewIds::Keep { self.minter.mint(&key) } else { [0; 16] };
                self.traces.self_edges.push(SelfEdge { column: self.column, parent: key, optional });
                return Resolved::Found(taken);
            }
            let Some(survey) = &self.inputs.survey else { return Resolved::Missing };
            if survey.in_cycle(self.column, self.key) {
                return Resolved::Cycle;
            }
            survey.keys().fate(&key)
        } else {
            self.inputs.parents.get(reference.entity).and_then(Option::as_ref).and_then(|keys| keys.fate(&key))
        };
        let resolved = match found {
            Some(Fate::Found(id)) => Resolved::Found(id),
            Some(Fate::Quarantined) => Resolved::ParentQuarantined,
            Some(Fate::Filtered) => Resolved::ParentFiltered,
            None => Resolved::Missing,
        };
        self.traces.lookups.push((self.column, reference.entity, resolved));
        resolved
    }

    fn incident(&mut self, code: &'r str) {
        let column = self.column;
        if !self.traces.incidents.iter().any(|(at, known)| *at == column && known == code) {
            self.traces.incidents.push((column, code.to_owned()));
        }
    }

    fn run_started_at(&self) -> i64 {
        self.inputs.run_started_at
    }
}

impl<'e> RowTransformer<'e> {
    pub(super) fn new(entity: &'e CompiledEntity, inputs: &'e Inputs, surveying: bool) -> Self {
        Self {
            entity,
            inputs,
            assignments: entity.columns.iter().map(|c| Assignment::new(c, &entity.source)).collect(),
            has_references: entity.columns.iter().map(|c| !c.expr.references().is_empty()).collect(),
            minter: Minter::of(entity.ids, inputs.namespace, &entity.entity_type),
            surveying,
        }
    }

    /// The new key of a row of this entity.
    pub(super) fn mint(&mut self, key: &LegacyKey) -> [u8; 16] {
        self.minter.mint(key)
    }

    /// Transforms a row; its tuple is appended to `out`, or nothing is.
    pub(super) fn run(
        &mut self,
        key: &LegacyKey,
        id: &OnceCell<[u8; 16]>,
        fields: &[Option<&'e [u8]>],
        traces: &mut Traces,
        out: &mut TupleWriter,
    ) -> Result<RowEnd, Stop> {
        traces.clear();
        let entity = self.entity;
        let mut context = RowContext {
            entity,
            inputs: self.inputs,
            fields,
            key,
            id,
            minter: &mut self.minter,
            column: usize::MAX,
            surveying: self.surveying,
            traces,
        };
        for filter in &entity.filters {
            match filter.when.eval(&mut context) {
                Ok(Value::Bool(true)) => return Ok(RowEnd::Filtered(filter.name.clone())),
                Ok(_) => {}
                Err(error) => {
                    return ended(error, &format!("filter {}", filter.name), OnError::Quarantine).map(|e| e.unwrap_or(RowEnd::Written));
                }
            }
        }
        if let Some(CompiledMerge::Into(survivor)) = &entity.merge {
            match survivor_key(survivor, entity, &mut context) {
                Ok(Some(survivor)) if survivor != *key => return Ok(RowEnd::MergedInto(survivor)),
                Ok(_) => {}
                Err(error) => return ended(error, "merge", OnError::Quarantine).map(|e| e.unwrap_or(RowEnd::Written)),
            }
        }
        out.begin(entity.columns.len());
        for (at, compiled) in entity.columns.iter().enumerate() {
            context.column = at;
            if let Some(end) = write_column(&self.assignments[at], compiled, &mut context, self.has_references[at], out)? {
                out.abandon();
                return Ok(end);
            }
        }
        Ok(RowEnd::Written)
    }
}

/// Evaluates and writes one column; gives an end when the row does not go on.
fn write_column<'r>(
    assignment: &Assignment,
    compiled: &'r crate::plan::CompiledColumn,
    context: &mut RowContext<'_, 'r>,
    has_references: bool,
    out: &mut TupleWriter,
) -> Result<Option<RowEnd>, Stop> {
    let before = out.as_bytes().len();
    let written = if let Some(source) = assignment.raw() {
        assignment.write_raw(context.fields[source], out)
    } else {
        let value = match compiled.expr.eval(context) {
            Ok(value) => value,
            Err(error) => match ended(error, assignment.name(), compiled.on_error)? {
                Some(end) => return Ok(Some(end)),
                None => nulled(context),
            },
        };
        if has_references {
            context.traces.references.push((context.column, value.is_null()));
        }
        assignment.write(&value, out)
    };
    if let Err(reject) = written {
        let repaired = match compiled.on_error {
            OnError::Quarantine => Err(reject),
            OnError::Fail => return Err(Stop { column: assignment.name().to_owned(), message: reject.message }),
            OnError::Null if reject.code == reason::NULL_MANDATORY => Err(reject),
            OnError::Null => {
                out.truncate(before);
                assignment.write(&nulled(context), out)
            }
        };
        if let Err(reject) = repaired {
            return Ok(Some(RowEnd::Rejected(reject)));
        }
    }
    context.traces.fields.push(before + 4..out.as_bytes().len());
    Ok(None)
}

fn nulled<'r>(context: &mut RowContext<'_, 'r>) -> Value<'r> {
    context.incident(reason::EXPRESSION_NULLED);
    Value::Null
}

/// How an evaluation error ends the row; `None` when the plan says that the value becomes NULL.
fn ended(error: EvalError, column: &str, on_error: OnError) -> Result<Option<RowEnd>, Stop> {
    Ok(match error.into_fault() {
        Fault::Reject { code, message } => {
            let column = Some(column.to_owned());
            Some(RowEnd::Rejected(Reject { code, column, sqlstate: None, message: message.into_owned() }))
        }
        Fault::ParentFiltered => Some(RowEnd::Filtered(reason::PARENT_FILTERED.to_owned())),
        Fault::Fail { message } => return Err(Stop { column: column.to_owned(), message: message.into_owned() }),
        Fault::Sql { sqlstate, message } => match on_error {
            OnError::Quarantine => Some(RowEnd::Rejected(Reject {
                code: Cow::Borrowed(reason::EXPRESSION_FAILED),
                column: Some(column.to_owned()),
                sqlstate: Some(Cow::Borrowed(sqlstate)),
                message: message.into_owned(),
            })),
            OnError::Null => None,
            OnError::Fail => return Err(Stop { column: column.to_owned(), message: format!("{message} (SQLSTATE {sqlstate})") }),
        },
    })
}

/// The survivor's key that a merge expression gives; `None` for NULL, which merges nothing.
fn survivor_key<'r>(survivor: &'r Expr, entity: &CompiledEntity, context: &mut RowContext<'_, 'r>) -> Result<Option<LegacyKey>, EvalError> {
    let value = survivor.eval(context)?;
    let number = match &value {
        Value::Null => return Ok(None),
        Value::Int2(n) => Some(i64::from(*n)),
        Value::Int4(n) => Some(i64::from(*n)),
        Value::Int8(n) => Some(*n),
        _ => None,
    };
    let key = match (entity.key.kind, number) {
        (crate::row::KeyKind::Int, Some(number)) => Some(LegacyKey::Int(number)),
        (crate::row::KeyKind::Int, None) => None,
        (crate::row::KeyKind::Text, _) => pg::to_text(&value).map(|text| LegacyKey::Text(text.into())),
    };
    key.map(Some).ok_or_else(|| {
        let message = Cow::Borrowed("the merge expression does not give a key of this entity");
        Fault::Reject { code: Cow::Borrowed(reason::FIELD_MALFORMED), message }.into()
    })
}

/// Evaluates the control sums of a row.
pub(super) fn controls<'r>(
    entity: &'r CompiledEntity,
    inputs: &'r Inputs,
    minter: &mut Minter,
    key: &LegacyKey,
    fields: &[Option<&'r [u8]>],
    mut add: impl FnMut(usize, Group, &Value<'r>),
) -> Result<(), Stop> {
    let id = OnceCell::new();
    let mut traces = Traces::default();
    for (at, control) in entity.controls.iter().enumerate() {
        let mut context = RowContext {
            entity,
            inputs,
            fields,
            key,
            id: &id,
            minter: &mut *minter,
            column: usize::MAX,
            surveying: true,
            traces: &mut traces,
        };
        let value = control
            .source
            .eval(&mut context)
            .map_err(|error| Stop { column: format!("control {}", control.name), message: error.to_string() })?;
        // A group that cannot be told is NULL: it says nothing about the row, and a source that tells it differs visibly.
        let parts = control.by.iter().map(|group| {
            let value = group.expr.eval(&mut context).ok()?;
            pg::to_text(&value).map(|text| group.normal(text))
        });
        let group = Group(parts.collect());
        add(at, group, &value);
    }
    Ok(())
}
