//! Binds a plan's expressions against real columns: every name, type and mandatory column is checked here, and what comes out
//! is ready to run. Boundary: columns are handed in, read from catalogues by `check` or from a staging file by a later stage.

mod ids;
mod unit;

use std::collections::BTreeSet;

use crate::expr::{Ast, Diagnostic, EntityKey, Expr, Scope, bind, codes};
use crate::row::{Column, KeyKind, SqlType};

use super::problem::{Problem, Problems, Severity, nearest};
use super::resolve::{ColumnPlan, EntityPlan, GroupPlan, MergePlan, NewIds, OnError, Plan};
use super::text::Text;
pub use unit::{CompiledTest, KeyAnswers};

/// A column of the target table, as far as a plan cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetColumn {
    /// Name, type, typmod; `nullable` is the absence of NOT NULL.
    pub column: Column,
    /// Whether the server fills it when it is left out: DEFAULT or identity.
    pub has_default: bool,
    /// Whether it must not be written: GENERATED ALWAYS AS (…) STORED.
    pub generated: bool,
}

/// The columns on both ends of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetShape {
    /// What the entity's `from` gives.
    pub source: Vec<Column>,
    /// The target table's columns.
    pub target: Vec<TargetColumn>,
}

/// The key columns of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumns {
    /// Their positions in the source columns.
    pub columns: Vec<usize>,
    /// What their values make.
    pub kind: KeyKind,
}

/// A column, ready to be filled.
#[derive(Debug)]
pub struct CompiledColumn {
    /// The target column.
    pub column: Column,
    /// Its value.
    pub expr: Expr,
    /// What a failing expression does.
    pub on_error: OnError,
}

/// A filter, ready to be asked.
#[derive(Debug)]
pub struct CompiledFilter {
    /// Its name.
    pub name: String,
    /// Its condition.
    pub when: Expr,
}

/// How duplicates are brought together.
#[derive(Debug)]
pub enum CompiledMerge {
    /// The expression gives the survivor's key.
    Into(Expr),
    /// Equal in these columns (positions in [`CompiledEntity::columns`]).
    By(Vec<usize>),
}

/// A control sum, ready to be added up.
#[derive(Debug)]
pub struct CompiledControl {
    /// Its name.
    pub name: String,
    /// The source side.
    pub source: Expr,
    /// What it is grouped by.
    pub by: Vec<CompiledGroup>,
}

/// What a control sum is grouped by, ready to be told of a row.
#[derive(Debug)]
pub struct CompiledGroup {
    /// The expression over the source row.
    pub expr: Expr,
}

impl CompiledGroup {
    /// A value as the sides write it, without what may differ between servers and says nothing: zeros behind a number's last digit,
    /// blanks behind a padded text.
    pub fn normal(&self, text: String) -> String {
        match self.expr.ty() {
            SqlType::Bpchar => text.trim_end_matches(' ').to_owned(),
            SqlType::Numeric if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            _ => text,
        }
    }
}

/// An entity that references of this one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParentUse {
    /// Its index in the plan.
    pub entity: usize,
}

/// An entity, ready to be transformed.
#[derive(Debug)]
pub struct CompiledEntity {
    /// Its index in the plan.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// The target table as written.
    pub target: String,
    /// The bare name of the target table: the `entity_type` of the mapping table, and part of what new keys are minted of.
    pub entity_type: String,
    /// The columns of the staged rows.
    pub source: Vec<Column>,
    /// The key.
    pub key: KeyColumns,
    /// How new keys come about.
    pub ids: NewIds,
    /// The target columns that are written, in order of evaluation and of COPY.
    pub columns: Vec<CompiledColumn>,
    /// Which of `columns` is the new key.
    pub id_column: usize,
    /// Filters.
    pub filters: Vec<CompiledFilter>,
    /// Duplicates.
    pub merge: Option<CompiledMerge>,
    /// Columns in which no two rows may be equal; empty for none.
    pub unique: Vec<usize>,
    /// Control sums.
    pub controls: Vec<CompiledControl>,
    /// Parents, itself left out.
    pub parents: Vec<usize>,
    /// Whether it refers to itself.
    pub refers_to_itself: bool,
    /// Unit tests of its mapping.
    pub tests: Vec<CompiledTest>,
}

impl CompiledEntity {
    /// Whether outcomes of its rows depend on other rows of the same entity, so that all of them are looked at first.
    pub fn needs_survey(&self) -> bool {
        self.merge.is_some() || !self.unique.is_empty() || self.refers_to_itself
    }
}

/// Compiles every entity whose shape is known. `shapes` has one place for each entity of the plan.
pub fn compile(plan: &Plan, shapes: &[Option<TargetShape>], problems: &mut Problems) -> Vec<Option<CompiledEntity>> {
    let keys: Vec<Option<KeyColumns>> =
        plan.entities.iter().zip(shapes).map(|(entity, shape)| key_columns(entity, &shape.as_ref()?.source, problems)).collect();
    let names = plan.entity_names();
    let entity_key = |name: &str| {
        let index = plan.entity(name)?;
        // The key of an entity whose own problems hide it still has a kind, so that its children are checked all the same.
        let columns = keys[index].as_ref().zip(shapes[index].as_ref());
        let key = columns.map_or_else(
            || vec![KeyKind::Int; plan.entities[index].key.len()],
            |(key, shape)| {
                key.columns.iter().map(|at| if shape.source[*at].ty.is_integer() { KeyKind::Int } else { KeyKind::Text }).collect()
            },
        );
        Some(EntityKey { index, key, new_key: ids::new_keys(&plan.entities[index], shapes[index].as_ref(), keys[index].as_ref()) })
    };
    let compile = |(index, entity): (usize, &EntityPlan)| {
        let shape = shapes[index].as_ref()?;
        let new_id = ids::new_keys(entity, Some(shape), keys[index].as_ref());
        let scope = Scope {
            columns: &shape.source,
            functions: &plan.functions,
            codes: &plan.codes,
            entities: &entity_key,
            entity_names: &names,
            new_id: &new_id,
        };
        Compiler { plan, entity, shape, scope, problems }.run(index, keys[index].clone())
    };
    plan.entities.iter().enumerate().map(compile).collect()
}

fn key_columns(entity: &EntityPlan, source: &[Column], problems: &mut Problems) -> Option<KeyColumns> {
    let mut columns = Vec::new();
    for key in &entity.key {
        match source.iter().position(|c| c.name == key.value) {
            Some(at) => columns.push(at),
            None => unknown_column("E0201", "key column", key, source.iter().map(|c| c.name.as_str()), problems),
        }
    }
    if columns.len() != entity.key.len() || columns.is_empty() {
        return None;
    }
    let kind = if columns.len() == 1 && source[columns[0]].ty.is_integer() { KeyKind::Int } else { KeyKind::Text };
    Some(KeyColumns { columns, kind })
}

fn unknown_column<'a>(code: &'static str, what: &str, name: &Text, known: impl Iterator<Item = &'a str>, problems: &mut Problems) {
    let help = nearest(&name.value, known).map(|near| format!("did you mean `{near}`?"));
    problems.error(code, Some(name.whole()), format!("unknown {what} `{}`", name.value), "not there", help);
}

struct Compiler<'c> {
    plan: &'c Plan,
    entity: &'c EntityPlan,
    shape: &'c TargetShape,
    scope: Scope<'c>,
    problems: &'c mut Problems,
}

impl Compiler<'_> {
    fn run(mut self, index: usize, key: Option<KeyColumns>) -> Option<CompiledEntity> {
        let before = self.problems.errors();
        let filters = self.filters();
        let merge_into = self.merge_into();
        let columns = self.columns();
        let controls = self.controls();
        self.source_coverage();
        self.target_coverage();
        let id_column = self.id_column(key.as_ref(), &columns);
        let merge_by = match &self.entity.merge {
            Some(MergePlan::By(names)) => Some(CompiledMerge::By(self.positions(names, &columns))),
            _ => None,
        };
        let unique = self.positions(&self.entity.unique, &columns);
        let tests = self.tests(index, key.as_ref());
        if self.problems.errors() > before {
            return None;
        }
        Some(CompiledEntity {
            index,
            name: self.entity.name.clone(),
            target: self.entity.target.value.clone(),
            entity_type: bare_name(&self.entity.target.value),
            source: self.shape.source.clone(),
            key: key?,
            ids: self.entity.ids,
            columns,
            id_column: id_column?,
            filters,
            merge: merge_into.or(merge_by),
            unique,
            controls,
            parents: self.entity.parents.iter().map(|p| p.entity).collect(),
            refers_to_itself: self.entity.refers_to_itself,
            tests,
        })
    }

    fn bind(&mut self, ast: &Ast, text: &Text, expected: Option<&SqlType>) -> Option<Expr> {
        match bind(ast, &self.scope, expected) {
            Ok(expr) => Some(expr),
            Err(diagnostics) => {
                for diagnostic in &diagnostics {
                    let label =
                        self.function_at(diagnostic, text).map_or_else(String::new, |name| format!("with `{name}` of [functions] put in"));
                    let place = Some(text.place(&diagnostic.span));
                    self.problems.error(diagnostic.code, place, &diagnostic.message, label, diagnostic.help.clone());
                }
                None
            }
        }
    }

    /// The function of the plan whose call is marked: what is wrong may be inside of it.
    fn function_at(&self, diagnostic: &Diagnostic, text: &Text) -> Option<&str> {
        if matches!(diagnostic.code, codes::FUNCTION_ARITY | codes::FUNCTION_RECURSION) {
            return None;
        }
        let (name, _) = text.value.get(diagnostic.span.clone())?.split_once('(')?;
        self.plan.functions.names().find(|known| *known == name.trim_end())
    }

    fn filters(&mut self) -> Vec<CompiledFilter> {
        let entity = self.entity;
        let filters = entity.filters.iter();
        filters
            .filter_map(|f| Some(CompiledFilter { name: f.name.clone(), when: self.bind(&f.when, &f.text, Some(&SqlType::Bool))? }))
            .collect()
    }

    fn merge_into(&mut self) -> Option<CompiledMerge> {
        let entity = self.entity;
        let Some(MergePlan::Into { text, expr }) = &entity.merge else { return None };
        Some(CompiledMerge::Into(self.bind(expr, text, None)?))
    }

    fn columns(&mut self) -> Vec<CompiledColumn> {
        let (entity, shape) = (self.entity, self.shape);
        let mut compiled = Vec::new();
        for planned in &entity.columns {
            let Some(target) = shape.target.iter().find(|c| c.column.name == planned.name) else {
                let help = nearest(&planned.name, shape.target.iter().map(|c| c.column.name.as_str()))
                    .map(|near| format!("did you mean `{near}`?"));
                let message = format!("{} has no column `{}`", entity.target.value, planned.name);
                self.problems.error("E0230", Some(planned.place.clone()), message, "not in the target", help);
                continue;
            };
            if target.generated {
                let message = format!("`{}` is computed by the target", planned.name);
                self.problems.error(
                    "E0231",
                    Some(planned.place.clone()),
                    message,
                    "must not be written",
                    Some("leave this line out".into()),
                );
                continue;
            }
            if let Some(expr) = self.bind(&planned.expr, &planned.text, Some(&target.column.ty)) {
                if !target.column.nullable {
                    self.null_for_nothing(planned, &expr);
                }
                compiled.push(CompiledColumn { column: target.column.clone(), expr, on_error: planned.on_error });
            }
        }
        compiled
    }

    /// An option that makes a value NULL, and a column that takes none: the row is quarantined, whatever the option says.
    fn null_for_nothing(&mut self, planned: &ColumnPlan, expr: &Expr) {
        let what = if planned.on_error == OnError::Null {
            "a value that fails becomes NULL"
        } else if expr.nulls(&BTreeSet::new()).asked {
            "this becomes NULL"
        } else {
            return;
        };
        self.problems.push(Problem {
            severity: Severity::Warning,
            code: "E0240",
            message: format!("{what}, and {}.{} is NOT NULL", self.entity.target.value, planned.name),
            place: Some(planned.text.whole()),
            label: String::new(),
            help: Some("leave that out: such a row is quarantined all the same".into()),
        });
    }

    fn controls(&mut self) -> Vec<CompiledControl> {
        let entity = self.entity;
        let mut compiled = Vec::new();
        for control in &entity.controls {
            let Some(source) = self.bind(&control.source, &control.source_text, None) else { continue };
            if !source.ty().is_integer() && *source.ty() != SqlType::Numeric {
                let message = format!("control `{}` is {}, which has no exact sum", control.name, source.ty());
                let place = Some(control.source_text.whole());
                self.problems.error("E0235", place, message, "here", Some("sum an integer or numeric expression".into()));
                continue;
            }
            let by = control.by.iter().filter_map(|group| self.group(&control.name, group)).collect();
            compiled.push(CompiledControl { name: control.name.clone(), source, by });
        }
        compiled
    }

    /// Both servers and this program must write the value in the same way.
    fn group(&mut self, control: &str, group: &GroupPlan) -> Option<CompiledGroup> {
        let expr = self.bind(&group.expr, &group.expr_text, None)?;
        let plain = matches!(
            expr.ty(),
            SqlType::Bool | SqlType::Numeric | SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name | SqlType::Enum(_)
        ) || matches!(expr.ty(), SqlType::Date | SqlType::Uuid)
            || expr.ty().is_integer();
        if !plain {
            let message = format!("control `{control}` is grouped by a {}, which servers can write in several ways", expr.ty());
            let help = Some("group by a whole number, a numeric, a text, a date, a boolean or an enum; cast to one of them".to_owned());
            self.problems.error("E0237", Some(group.expr_text.whole()), message, "here", help);
            return None;
        }
        Some(CompiledGroup { expr })
    }

    /// Every source column is read by something, or stands in `[ignore]`.
    fn source_coverage(&mut self) {
        let entity = self.entity;
        let mut used: Vec<String> = entity.key.iter().map(|k| k.value.clone()).collect();
        let mut asts: Vec<&Ast> = entity.columns.iter().map(|c| &c.expr).collect();
        asts.extend(entity.filters.iter().map(|f| &f.when));
        asts.extend(entity.controls.iter().map(|c| &c.source));
        asts.extend(entity.controls.iter().flat_map(|c| &c.by).map(|group| &group.expr));
        if let Some(MergePlan::Into { expr, .. }) = &entity.merge {
            asts.push(expr);
        }
        used.extend(asts.iter().flat_map(|ast| ast.columns()).map(|(name, _)| name));
        // A misspelt name is one mistake, not two: a column that may be meant by it counts as used.
        let unknown: Vec<String> = used.iter().filter(|name| !self.shape.source.iter().any(|c| c.name == **name)).cloned().collect();
        let meant = |column: &str| unknown.iter().any(|name| nearest(name, [column]).is_some());
        for column in &self.shape.source {
            let ignored = entity.ignore.iter().find(|i| i.name == column.name);
            match (used.contains(&column.name) || meant(&column.name), ignored) {
                (false, None) => {
                    let message = format!("source column `{}` ({}) is neither mapped nor ignored", column.name, column.ty);
                    let help = Some(format!("map it in [columns], or add to [ignore]: {} = \"why it is left out\"", column.name));
                    self.problems.error("E0220", Some(entity.from.whole()), message, "comes from here", help);
                }
                (true, Some(ignored)) => self.problems.push(Problem {
                    severity: Severity::Warning,
                    code: "E0221",
                    message: format!("`{}` stands in [ignore] and is used all the same", column.name),
                    place: Some(ignored.place.clone()),
                    label: "used above".into(),
                    help: Some("take it out of [ignore]".into()),
                }),
                _ => {}
            }
        }
        for ignored in &entity.ignore {
            if !self.shape.source.iter().any(|c| c.name == ignored.name) {
                let known = self.shape.source.iter().map(|c| c.name.as_str());
                let help = nearest(&ignored.name, known).map(|near| format!("did you mean `{near}`?"));
                self.problems.error(
                    "E0222",
                    Some(ignored.place.clone()),
                    format!("the source has no column `{}`", ignored.name),
                    "not there",
                    help,
                );
            }
            if ignored.reason.trim().is_empty() {
                self.problems.error("E0223", Some(ignored.place.clone()), "a column is ignored without a reason", "say why", None);
            }
        }
        let mut names: Vec<&str> = self.shape.source.iter().map(|c| c.name.as_str()).collect();
        names.sort_unstable();
        for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
            let help = Some(format!("give one of them another name: … as other_{}", pair[0]));
            let message = format!("`from` gives two columns called `{}`", pair[0]);
            self.problems.error("E0224", Some(entity.from.whole()), message, "in this query", help);
        }
    }

    /// Every mandatory column is filled.
    fn target_coverage(&mut self) {
        let entity = self.entity;
        let known = |name: &str| self.shape.target.iter().any(|t| t.column.name == name);
        for target in &self.shape.target {
            // A misspelt name is one mistake, not two.
            let meant = |name: &str| name == target.column.name || (!known(name) && nearest(name, [target.column.name.as_str()]).is_some());
            let mapped = entity.columns.iter().any(|c| meant(&c.name));
            if !mapped && !target.column.nullable && !target.has_default && !target.generated {
                let message = format!("{}.{} is NOT NULL, has no default, and is not mapped", entity.target.value, target.column.name);
                let help = Some(format!("add to [columns]: {} = \"…\"", target.column.name));
                self.problems.error("E0232", Some(entity.target.whole()), message, "the target table", help);
            }
        }
    }

    fn positions(&mut self, names: &[Text], columns: &[CompiledColumn]) -> Vec<usize> {
        let mut positions = Vec::new();
        for name in names {
            match columns.iter().position(|c| c.column.name == name.value) {
                Some(at) => {
                    if columns[at].expr.references().iter().any(|r| r.entity == self.plan.entity(&self.entity.name).unwrap_or(usize::MAX)) {
                        let message = format!("`{}` refers to its own entity, so it cannot decide which rows are duplicates", name.value);
                        self.problems.error("E0236", Some(name.whole()), message, "here", None);
                    }
                    positions.push(at);
                }
                // A column that is planned but did not compile has its own problem already.
                None if self.entity.columns.iter().any(|c| c.name == name.value) => {}
                None => unknown_column("E0234", "target column", name, self.entity.columns.iter().map(|c| c.name.as_str()), self.problems),
            }
        }
        positions
    }
}

/// The last part of a table name, unquoted.
fn bare_name(table: &str) -> String {
    let last = table.rsplit('.').next().unwrap_or(table);
    last.trim_matches('"').to_owned()
}
