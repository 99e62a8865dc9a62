//! From the plan as written to the [`Plan`]: settings understood, expressions parsed, references matched with entities,
//! entities put in load order. Boundary: offline; nothing here needs a catalogue.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::document::{AdoptDocument, CodesDocument, Document, EntityDocument, PlanFile, read};
use super::expect::{ExpectOn, ExpectPlan, resolve_expects};
use super::problem::{Problems, nearest};
use super::text::Text;
use super::unit::{TestPlan, resolve_tests};
use super::{fingerprint, graph};
use crate::expr::{Ast, CodeTable, Diagnostic, Functions, OnMissing, codes as codes_of_expressions, parse};

/// The code tables of a plan, by name.
pub type Codes = BTreeMap<String, Arc<CodeTable>>;

/// What becomes of foreign keys and indexes during the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraints {
    /// Taken down on empty tables of ours, rebuilt and validated after.
    Auto,
    /// Left alone.
    Keep,
}

/// What becomes of user triggers during the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triggers {
    /// They fire.
    Fire,
    /// They are disabled and put back.
    Disable,
}

/// How many rows may end in quarantine before the run ends with exit code 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// A number of rows.
    Rows(u64),
    /// Hundredths of a percent of the rows read.
    BasisPoints(u64),
}

impl Budget {
    /// Whether `quarantined` of `read` rows are within the budget.
    pub fn allows(self, quarantined: u64, read: u64) -> bool {
        match self {
            Self::Rows(rows) => quarantined <= rows,
            Self::BasisPoints(points) => u128::from(quarantined) * 10_000 <= u128::from(read) * u128::from(points),
        }
    }
}

/// What becomes of a row whose expression fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// It is quarantined with the SQLSTATE.
    Quarantine,
    /// The column becomes NULL, and the incident is counted.
    Null,
    /// The run stops.
    Fail,
}

/// A target column and the expression that fills it.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    /// The target column.
    pub name: String,
    /// Where its name stands.
    pub place: (usize, std::ops::Range<usize>),
    /// The expression as written.
    pub text: Text,
    /// The same, parsed.
    pub expr: Ast,
    /// What a failing expression does.
    pub on_error: OnError,
}

/// A named filter.
#[derive(Clone, Debug)]
pub struct FilterPlan {
    /// The name under which its rows are counted.
    pub name: String,
    /// The condition as written.
    pub text: Text,
    /// The same, parsed.
    pub when: Ast,
}

/// How duplicates are brought together.
#[derive(Clone, Debug)]
pub enum MergePlan {
    /// An expression gives the survivor's key.
    Into {
        /// As written.
        text: Text,
        /// Parsed.
        expr: Ast,
    },
    /// Rows equal in these target columns; the smallest key survives.
    By(Vec<Text>),
}

/// Where the keys of rows that are in the target already are read.
#[derive(Clone, Debug)]
pub struct AdoptPlan {
    /// The column of the target table that carries the legacy key.
    pub column: Option<Text>,
    /// A query in the target whose rows are a legacy key and a new key: what no column of the table tells, merged keys above all.
    pub pairs: Option<Text>,
}

/// A source column that is left out by name.
#[derive(Clone, Debug)]
pub struct IgnoredColumn {
    /// The column.
    pub name: String,
    /// Where it stands.
    pub place: (usize, std::ops::Range<usize>),
    /// Why.
    pub reason: String,
}

/// A control sum: an expression over the source row and its counterpart over the target row.
#[derive(Clone, Debug)]
pub struct ControlPlan {
    /// Its name.
    pub name: String,
    /// The source side as written.
    pub source_text: Text,
    /// The source side, parsed; it is also sent to the source server as it is written.
    pub source: Ast,
    /// SQL over the target table.
    pub target: Text,
    /// What the sum is grouped by; empty for one sum over all rows.
    pub by: Vec<GroupPlan>,
}

impl ControlPlan {
    /// Whether the source can be asked for the sum of every group.
    pub fn source_has_groups(&self) -> bool {
        !self.by.is_empty() && self.by.iter().all(|group| group.source.is_some())
    }
}

/// One thing that a control sum is grouped by. All sides must give the same values.
#[derive(Clone, Debug)]
pub struct GroupPlan {
    /// SQL of the source; `None` where only the plan can tell the group, and the source is then asked for the whole sum only.
    pub source: Option<Text>,
    /// The expression over the source row as written.
    pub expr_text: Text,
    /// Parsed.
    pub expr: Ast,
    /// SQL over the target table.
    pub target: Text,
}

/// An entity that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its index in [`Plan::entities`].
    pub entity: usize,
    /// Whether a child can be loaded without it.
    pub optional: bool,
}

/// How an entity's new keys come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewIds {
    /// UUIDv5 of the migration's namespace and `<table>:<legacy key>`.
    UuidV5,
    /// Rows keep their legacy key, a whole number.
    Keep,
}

/// One entity of the plan.
#[derive(Clone, Debug)]
pub struct EntityPlan {
    /// Its name: what references and `--only` say.
    pub name: String,
    /// The plan file it is declared in.
    pub file: usize,
    /// The part of the migration that it belongs to, for `--phase`.
    pub phase: Option<String>,
    /// The target table as written, `public.orders`.
    pub target: Text,
    /// The key columns of the source query; `ctid` alone for a table that has no key.
    pub key: Vec<Text>,
    /// A table name or a SELECT.
    pub from: Text,
    /// How new keys come about.
    pub ids: NewIds,
    /// The columns in order of evaluation.
    pub columns: Vec<ColumnPlan>,
    /// Source columns that are left out.
    pub ignore: Vec<IgnoredColumn>,
    /// Filters in order of evaluation.
    pub filters: Vec<FilterPlan>,
    /// Duplicates.
    pub merge: Option<MergePlan>,
    /// Rows that are in the target already.
    pub adopt: Option<AdoptPlan>,
    /// Target columns in which no two rows may be equal.
    pub unique: Vec<Text>,
    /// Control sums.
    pub controls: Vec<ControlPlan>,
    /// What is expected of its rows; no part of the fingerprints, since no row changes by it.
    pub expects: Vec<ExpectPlan>,
    /// Unit tests of its mapping; no part of the fingerprints either.
    pub tests: Vec<TestPlan>,
    /// Entities that its references name, itself left out.
    pub parents: Vec<Parent>,
    /// Whether it refers to itself.
    pub refers_to_itself: bool,
    /// Its level in the load order.
    pub level: usize,
    /// Changes when the rows that are read would change.
    pub extract_fingerprint: Uuid,
    /// Changes when the rows that are made of them could change: with the entity's own part of the plan, and with the functions and code
    /// tables that it uses.
    pub transform_fingerprint: Uuid,
    /// Changes when other keys would be adopted.
    pub adopt_fingerprint: Uuid,
}

impl EntityPlan {
    /// Whether its table has no key, and the physical place of a row stands for one: `key = "ctid"`. A place is one row's within a snapshot
    /// only, so nothing is read a second time by it.
    pub fn has_no_key(&self) -> bool {
        matches!(self.key.as_slice(), [key] if key.value == "ctid")
    }
}

/// A whole plan, in load order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The migration's name.
    pub name: String,
    /// The folder of `etl.toml`; relative paths of the plan start there.
    pub folder: PathBuf,
    /// The staging file.
    pub staging: PathBuf,
    /// The namespace in which new keys are minted.
    pub namespace: Uuid,
    /// Rows that may end in quarantine.
    pub budget: Budget,
    /// The source's URL as written, `${…}` not filled in.
    pub source_url: Option<String>,
    /// The target's URL as written.
    pub target_url: Option<String>,
    /// Named queries that every `from` may use.
    pub with: Vec<(String, String)>,
    /// The table to which the id map is published.
    pub mappings: Option<Text>,
    /// Foreign keys and indexes during the load.
    pub constraints: Constraints,
    /// User triggers during the load.
    pub triggers: Triggers,
    /// Code tables.
    pub codes: Codes,
    /// Functions.
    pub functions: Functions,
    /// Entities in load order.
    pub entities: Vec<EntityPlan>,
    /// What is expected of the databases as a whole.
    pub expects: Vec<ExpectPlan>,
    /// The files it was read from.
    pub files: Vec<PlanFile>,
    /// A digest of all files.
    pub hash: Uuid,
}

impl Plan {
    /// The index of the entity with this name.
    pub fn entity(&self, name: &str) -> Option<usize> {
        self.entities.iter().position(|e| e.name == name)
    }

    /// Everything that refers to an entity, directly or through others, in load order.
    pub fn descendants(&self, index: usize) -> Vec<usize> {
        let mut below = vec![false; self.entities.len()];
        // Load order: a descendant stands behind its parents, so one pass is enough.
        for (at, entity) in self.entities.iter().enumerate().skip(index + 1) {
            below[at] = entity.parents.iter().any(|p| p.entity == index || below[p.entity]);
        }
        (0..below.len()).filter(|at| below[*at]).collect()
    }

    /// The expectations about one database that concern these entities, each with the index of the entity in whose file it stands. What is
    /// expected of the target as a whole can only be asked when all entities are there.
    pub fn expectations(&self, on: ExpectOn, selected: &[bool]) -> Vec<(Option<usize>, &ExpectPlan)> {
        let whole = on == ExpectOn::Source || !selected.contains(&false);
        let of_plan = self.expects.iter().filter(|_| whole).map(|expect| (None, expect));
        let of_entities = self.entities.iter().enumerate().filter(|(index, _)| selected.get(*index) == Some(&true));
        let of_entities = of_entities.flat_map(|(index, entity)| entity.expects.iter().map(move |expect| (Some(index), expect)));
        of_plan.chain(of_entities).filter(|(_, expect)| expect.on == on).collect()
    }

    /// The indexes of all entities by their names, for whoever looks up many.
    pub fn by_name(&self) -> HashMap<&str, usize> {
        self.entities.iter().enumerate().map(|(index, entity)| (entity.name.as_str(), index)).collect()
    }

    /// The names of all entities, in load order.
    pub fn entity_names(&self) -> Vec<String> {
        self.entities.iter().map(|e| e.name.clone()).collect()
    }
}

/// Reads and resolves the plan at `path`. `None` when there is nothing to go on with; `problems` says why.
pub fn load(path: &Path, problems: &mut Problems) -> Option<Plan> {
    let document = read(path, problems);
    if document.files.is_empty() {
        return None;
    }
    let functions = functions(&document, problems);
    let codes: Codes = document.codes.iter().map(|codes| (codes.name.clone(), Arc::new(code_table(codes, problems)))).collect();
    let entities: Vec<EntityPlan> =
        document.entities.iter().filter_map(|entity| resolve_entity(entity, &document, &functions, problems)).collect();
    let entities = in_load_order(entities, &functions, &codes, problems);
    let expects = resolve_expects(&document.expects, false, problems);
    one_name_each(&expects, &entities, problems);
    let namespace = namespace(&document, &entities, problems);
    let hash = fingerprint::of_texts(document.files.iter().flat_map(|f| [f.name.as_str(), f.text.as_str()]));
    for ids in document.ids.iter().chain(document.entities.iter().filter_map(|e| e.ids.as_ref())) {
        known_ids(ids, problems);
    }
    Some(Plan {
        name: document.name.as_ref().map_or_else(|| "migration".to_owned(), |n| n.value.clone()),
        staging: document.folder.join(document.staging.as_ref().map_or("staging.db", |s| &s.value)),
        namespace,
        budget: budget(document.quarantine.as_ref(), problems),
        source_url: document.source_url.as_ref().map(|u| u.value.clone()),
        target_url: document.target_url.as_ref().map(|u| u.value.clone()),
        with: document.with.iter().map(|w| (w.name.clone(), w.value.value.clone())).collect(),
        mappings: document.mappings.clone(),
        constraints: choice(
            document.constraints.as_ref(),
            &[("auto", Constraints::Auto), ("keep", Constraints::Keep)],
            Constraints::Auto,
            problems,
        ),
        triggers: choice(document.triggers.as_ref(), &[("fire", Triggers::Fire), ("disable", Triggers::Disable)], Triggers::Fire, problems),
        codes,
        functions,
        entities,
        expects,
        folder: document.folder,
        files: document.files,
        hash,
    })
}

/// Expectations are reported and remembered by their names.
fn one_name_each(of_plan: &[ExpectPlan], entities: &[EntityPlan], problems: &mut Problems) {
    let all: Vec<&ExpectPlan> = of_plan.iter().chain(entities.iter().flat_map(|entity| &entity.expects)).collect();
    for (at, expect) in all.iter().enumerate() {
        if all[..at].iter().any(|other| other.name == expect.name) {
            let message = format!("two expectations are called `{}`", expect.name);
            let help = Some("give each a name of its own".to_owned());
            problems.error("E0023", Some(expect.place.clone()), message, "this is the second", help);
        }
    }
}

fn functions(document: &Document, problems: &mut Problems) -> Functions {
    let mut functions = Functions::new();
    for function in &document.functions {
        let Some(body) = parsed(&function.expr, problems) else { continue };
        let args = function.args.iter().map(|a| a.value.clone()).collect();
        if let Err(diagnostic) = functions.define(&function.name, args, body) {
            report(&diagnostic, &function.expr, problems);
        }
    }
    functions
}

/// Parses an expression of the plan; a mistake is reported where it is written.
pub(super) fn parsed(text: &Text, problems: &mut Problems) -> Option<Ast> {
    match parse(&text.value) {
        Ok(ast) => Some(ast),
        Err(diagnostic) => {
            report(&diagnostic, text, problems);
            None
        }
    }
}

/// Turns a diagnostic of an expression into a problem of the plan.
fn report(diagnostic: &Diagnostic, text: &Text, problems: &mut Problems) {
    problems.error(diagnostic.code, Some(text.place(&diagnostic.span)), &diagnostic.message, "", diagnostic.help.clone());
}

fn code_table(codes: &CodesDocument, problems: &mut Problems) -> CodeTable {
    if codes.evidence.is_none() {
        let help = Some("add evidence = \"where this is known from\": a code table nobody believes is worse than none".to_owned());
        problems.error("E0013", Some(codes.place.clone()), format!("code table `{}` has no evidence", codes.name), "here", help);
    }
    CodeTable {
        name: codes.name.clone(),
        entries: codes.entries.iter().map(|e| (e.name.clone(), e.value.value.clone())).collect(),
        on_null: codes.on_null.as_ref().map(|t| t.value.clone()),
        otherwise: codes.otherwise.as_ref().map(|t| t.value.clone()),
    }
}

pub(super) fn choice<T: Copy>(written: Option<&Text>, choices: &[(&str, T)], default: T, problems: &mut Problems) -> T {
    let Some(text) = written else { return default };
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
        return *value;
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    problems.error(
        "E0012",
        Some(text.whole()),
        format!("`{}` is not known", text.value),
        "here",
        Some(format!("write one of {}", words.join(", "))),
    );
    default
}

/// The word of `ids`; `None` for one that is not known.
fn new_ids(text: &Text) -> Option<NewIds> {
    match text.value.as_str() {
        "uuid_v5" => Some(NewIds::UuidV5),
        "keep" => Some(NewIds::Keep),
        _ => None,
    }
}

fn known_ids(text: &Text, problems: &mut Problems) {
    if new_ids(text).is_some() {
        return;
    }
    let help = if text.value.starts_with("uuid_v7") {
        "write ids = \"uuid_v5\": new keys are made of the legacy key alone; a column beside the key can be uuid_v7(time, id)"
    } else {
        "write ids = \"uuid_v5\" for new keys, or ids = \"keep\" for the whole numbers that the rows have"
    };
    problems.error("E0012", Some(text.whole()), format!("ids = \"{}\" is not known", text.value), "here", Some(help.to_owned()));
}

fn namespace(document: &Document, entities: &[EntityPlan], problems: &mut Problems) -> Uuid {
    let help = || Some(format!("add namespace = \"{}\" under [migration], and never change it: new keys are minted in it", Uuid::now_v7()));
    match &document.namespace {
        Some(text) => Uuid::parse_str(&text.value).unwrap_or_else(|_| {
            problems.error("E0010", Some(text.whole()), "the namespace is no UUID", "here", help());
            Uuid::nil()
        }),
        // Nothing is minted.
        None if !entities.is_empty() && entities.iter().all(|entity| entity.ids == NewIds::Keep) => Uuid::nil(),
        None => {
            problems.error("E0010", Some((0, 0..0)), "the plan has no namespace for new keys", "in this file", help());
            Uuid::nil()
        }
    }
}

fn budget(text: Option<&Text>, problems: &mut Problems) -> Budget {
    let Some(text) = text else { return Budget::Rows(0) };
    let value = text.value.trim();
    let read = match value.strip_suffix('%') {
        Some(percent) => basis_points(percent.trim()).map(Budget::BasisPoints),
        None => value.parse().ok().map(Budget::Rows),
    };
    read.unwrap_or_else(|| {
        let help = Some("write a number of rows, or a percentage with at most two decimals: \"2%\", \"0.5%\"".to_owned());
        problems.error("E0011", Some(text.whole()), format!("`{value}` is no quarantine budget"), "here", help);
        Budget::Rows(0)
    })
}

/// Hundredths of a percent, read exactly.
fn basis_points(percent: &str) -> Option<u64> {
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, ""));
    let fraction = match fraction.len() {
        0 => 0,
        1 => fraction.parse::<u64>().ok()? * 10,
        2 => fraction.parse().ok()?,
        _ => return None,
    };
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(fraction)
}

fn resolve_entity(entity: &EntityDocument, document: &Document, functions: &Functions, problems: &mut Problems) -> Option<EntityPlan> {
    let columns = entity.columns.iter().filter_map(|column| {
        let choices = [("quarantine", OnError::Quarantine), ("null", OnError::Null), ("fail", OnError::Fail)];
        let on_error = choice(column.on_error.as_ref(), &choices, OnError::Quarantine, problems);
        let expr = parsed(&column.expr, problems)?;
        Some(ColumnPlan { name: column.name.clone(), place: column.place.clone(), text: column.expr.clone(), expr, on_error })
    });
    let columns: Vec<ColumnPlan> = columns.collect();
    let filters = entity.filters.iter().filter_map(|filter| {
        Some(FilterPlan { name: filter.name.value.clone(), text: filter.when.clone(), when: parsed(&filter.when, problems)? })
    });
    let filters: Vec<FilterPlan> = filters.collect();
    let merge = entity.merge.as_ref().and_then(|merge| match (&merge.into, merge.by.as_slice()) {
        (Some(into), []) => Some(MergePlan::Into { text: into.clone(), expr: parsed(into, problems)? }),
        (None, [_, ..]) => Some(MergePlan::By(merge.by.clone())),
        _ => {
            let help = Some("`into` is an expression that gives the survivor's key, `by` a list of target columns".to_owned());
            problems.error("E0014", Some(merge.place.clone()), "[merge] needs either `into` or `by`", "here", help);
            None
        }
    });
    let controls: Vec<ControlPlan> = entity.controls.iter().filter_map(|control| resolve_control(control, entity, problems)).collect();
    let (target, from) = (entity.target.clone()?, entity.from.clone()?);
    let mut expressions: Vec<&Ast> = columns.iter().map(|c| &c.expr).chain(filters.iter().map(|f| &f.when)).collect();
    if let Some(MergePlan::Into { expr, .. }) = &merge {
        expressions.push(expr);
    }
    expressions.extend(controls.iter().flat_map(|c| c.by.iter().map(|group| &group.expr).chain([&c.source])));
    let ids = entity.ids.as_ref().or(document.ids.as_ref()).and_then(new_ids).unwrap_or(NewIds::UuidV5);
    let extract_fingerprint = fingerprint::of_extract(entity, document, &from);
    let transform_fingerprint = fingerprint::of_transform(entity, document, (&target, ids), functions, &expressions);
    Some(EntityPlan {
        name: entity.name.clone(),
        file: entity.file,
        phase: entity.phase.as_ref().map(|phase| phase.value.clone()),
        target,
        key: entity.key.clone(),
        from,
        ids,
        columns,
        ignore: entity
            .ignore
            .iter()
            .map(|e| IgnoredColumn { name: e.name.clone(), place: e.place.clone(), reason: e.value.value.clone() })
            .collect(),
        filters,
        merge,
        adopt: entity.adopt.as_ref().and_then(|adopt| resolve_adopt(adopt, problems)),
        unique: entity.unique.clone(),
        controls,
        expects: resolve_expects(&entity.expects, true, problems),
        tests: resolve_tests(entity, problems),
        parents: Vec::new(),
        refers_to_itself: false,
        level: 0,
        extract_fingerprint,
        transform_fingerprint,
        adopt_fingerprint: fingerprint::of_adopt(entity),
    })
}

fn resolve_adopt(adopt: &AdoptDocument, problems: &mut Problems) -> Option<AdoptPlan> {
    if adopt.column.is_none() && adopt.pairs.is_none() {
        let help =
            "write adopt = \"legacy_id\", the target column that carries the legacy key, or a query: adopt = { pairs = \"select …\" }";
        problems.error("E0020", Some(adopt.place.clone()), "`adopt` does not say where the keys are", "here", Some(help.to_owned()));
        return None;
    }
    Some(AdoptPlan { column: adopt.column.clone(), pairs: adopt.pairs.clone() })
}

fn resolve_control(control: &super::document::ControlDocument, entity: &EntityDocument, problems: &mut Problems) -> Option<ControlPlan> {
    let file = entity.file;
    let text = |value: &str| Text::new(value, file, control.place.1.clone(), "");
    let source = control.source.clone().unwrap_or_else(|| text(&control.name));
    let target = control.target.clone().or_else(|| {
        // "sum" alone: the one target column that is this source column and nothing else.
        let mut same = entity.columns.iter().filter(|c| c.expr.value.trim() == control.name);
        let found = same.next().filter(|_| same.next().is_none())?;
        Some(text(&found.name))
    });
    let Some(target) = target else {
        let help =
            Some(format!("write {} = {{ source = \"…\", target = \"…\" }}: what to sum in the source and in the target", control.name));
        let message = format!("control `{}` does not say what it is compared with in the target", control.name);
        problems.error("E0015", Some(control.place.clone()), message, "here", help);
        return None;
    };
    let by = control.by.iter().filter_map(|group| resolve_group(group, entity, problems)).collect();
    Some(ControlPlan { name: control.name.clone(), source: parsed(&source, problems)?, source_text: source, target, by })
}

/// A string alone says all sides: the target's is the one column that is made of this expression and nothing else, or the same SQL.
fn resolve_group(group: &super::document::GroupDocument, entity: &EntityDocument, problems: &mut Problems) -> Option<GroupPlan> {
    let Some(expr_text) = group.plan.clone().or_else(|| group.source.clone()) else {
        let help = Some("write by = { source = \"…\", target = \"…\" }, or `plan` instead of `source`".to_owned());
        problems.error("E0017", Some(group.place.clone()), "a group of a control sum needs `source` or `plan`", "here", help);
        return None;
    };
    let target = group.target.clone().unwrap_or_else(|| {
        let mut same = entity.columns.iter().filter(|c| c.expr.value.trim() == expr_text.value.trim());
        let found = same.next().filter(|_| same.next().is_none());
        found.map_or_else(
            || expr_text.clone(),
            |column| Text::new(&format!("\"{}\"", column.name.replace('"', "\"\"")), entity.file, expr_text.span.clone(), ""),
        )
    });
    Some(GroupPlan { source: group.source.clone(), expr: parsed(&expr_text, problems)?, expr_text, target })
}

/// Matches references with entities, and sorts by level. What cannot be matched is reported.
fn in_load_order(mut entities: Vec<EntityPlan>, functions: &Functions, codes: &Codes, problems: &mut Problems) -> Vec<EntityPlan> {
    let names: Vec<String> = entities.iter().map(|e| e.name.clone()).collect();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (index, (entity, name)) in entities.iter().zip(&names).enumerate() {
        let first = *by_name.entry(name).or_insert(index);
        if first < index {
            let message = format!("two entities are called `{}`", entity.name);
            let help = Some(format!("the other stands in {}; give one of them name = \"…\"", entities[first].target.value));
            problems.error("E0016", Some((entity.file, 0..0)), message, "this is the second", help);
        }
    }
    let mut parents: Vec<Vec<usize>> = vec![Vec::new(); entities.len()];
    for (index, entity) in entities.iter_mut().enumerate() {
        let mut uses: Vec<(&Ast, &Text)> = entity.columns.iter().map(|c| (&c.expr, &c.text)).collect();
        uses.extend(entity.filters.iter().map(|f| (&f.when, &f.text)));
        let mut found = Vec::new();
        for (ast, text) in uses {
            for (table, span) in ast.code_tables(functions) {
                if !codes.contains_key(&table) {
                    let help = nearest(&table, codes.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                    problems.error(
                        codes_of_expressions::UNKNOWN_CODE_TABLE,
                        Some(text.place(&span)),
                        format!("unknown code table `{table}`"),
                        "no [codes] of that name",
                        help,
                    );
                }
            }
            for call in ast.references(functions) {
                match by_name.get(call.entity.as_str()).copied() {
                    Some(parent) => found.push((parent, call.on_missing == OnMissing::Null)),
                    None => {
                        let help = nearest(&call.entity, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                        let message = format!("unknown entity `{}`", call.entity);
                        problems.error(
                            codes_of_expressions::UNKNOWN_ENTITY,
                            Some(text.place(&call.span)),
                            message,
                            "no entity of the plan",
                            help,
                        );
                    }
                }
            }
        }
        entity.refers_to_itself = found.iter().any(|(parent, _)| *parent == index);
        found.retain(|(parent, _)| *parent != index);
        found.sort_unstable();
        for (parent, optional) in found {
            // Sorted: a hard use of a parent stands before its optional uses.
            if parents[index].last() != Some(&parent) {
                parents[index].push(parent);
                entity.parents.push(Parent { entity: parent, optional });
            }
        }
    }
    let levels = match graph::levels(&parents) {
        Ok(levels) => levels,
        Err(cycle) => {
            let way: Vec<&str> = cycle.iter().chain(cycle.first()).map(|e| names[*e].as_str()).collect();
            let message = format!("the references go in a circle: {}", way.join(" → "));
            let help = Some("load one of them without that reference, and set it in an entity of its own".to_owned());
            problems.error("E0019", Some((entities[cycle[0]].file, 0..0)), message, "part of the circle", help);
            return entities;
        }
    };
    let mut order: Vec<usize> = (0..entities.len()).collect();
    order.sort_by_key(|e| levels[*e]);
    let mut place_of = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, entity)| place_of[*entity] = place);
    let mut sorted: Vec<EntityPlan> = order.iter().map(|e| entities[*e].clone()).collect();
    for (entity, old) in sorted.iter_mut().zip(&order) {
        entity.level = levels[*old];
        entity.parents.iter_mut().for_each(|p| p.entity = place_of[p.entity]);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_exact() {
        assert_eq!(basis_points("2"), Some(200));
        assert_eq!(basis_points("0.5"), Some(50));
        assert_eq!(basis_points("0.555"), None);
        assert!(Budget::BasisPoints(200).allows(2, 100));
        assert!(!Budget::BasisPoints(200).allows(3, 100));
        assert!(!Budget::Rows(0).allows(1, 100));
    }
}
