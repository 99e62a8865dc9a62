//! Unit tests, bound to columns: the given row becomes an entity without source columns whose target columns are the source's, so that
//! its values are made and written exactly as rows are; the expected columns likewise. Boundary: nothing is run here.

use std::ops::Range;

use super::{CompiledColumn, CompiledEntity, Compiler, KeyColumns, bare_name};
use crate::expr::{Scope, codes, parse};
use crate::plan::problem::nearest;
use crate::plan::resolve::{NewIds, OnError};
use crate::plan::text::Text;
use crate::plan::unit::{Answer, Expected, TestPlan, ValuePlan};
use crate::row::{Column, KeyKind, LegacyKey, NewKey};

/// What references find of one entity.
#[derive(Debug)]
pub struct KeyAnswers {
    /// The entity's index in the plan.
    pub entity: usize,
    /// The part of its name that new keys are minted of.
    pub entity_type: String,
    /// How its new keys come about.
    pub ids: NewIds,
    /// What its keys are made of.
    pub kind: KeyKind,
    /// The keys that are there, and what became of them.
    pub keys: Vec<(LegacyKey, Answer)>,
}

/// A unit test, ready to be run.
#[derive(Debug)]
pub struct CompiledTest {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub place: (usize, Range<usize>),
    /// The source row, and the other rows of the entity: each makes one tuple out of nothing.
    pub rows: Vec<CompiledEntity>,
    /// What references find; one for each parent of the entity.
    pub answers: Vec<KeyAnswers>,
    /// What must come of the row; the values of one that is loaded are columns of the tested entity by name.
    pub expected: Expected<Box<CompiledEntity>>,
    /// The incidents of the row as (column, code), sorted; `None` where they are not compared.
    pub incidents: Option<Vec<(String, String)>>,
}

impl CompiledEntity {
    /// An entity that is made of these columns alone and reads no source.
    pub fn of_values(index: usize, name: &str, entity_type: &str, source: Vec<Column>, columns: Vec<CompiledColumn>) -> Self {
        Self {
            index,
            name: name.to_owned(),
            target: entity_type.to_owned(),
            entity_type: entity_type.to_owned(),
            source,
            key: KeyColumns { columns: Vec::new(), kind: KeyKind::Int },
            ids: NewIds::UuidV5,
            columns,
            id_column: 0,
            filters: Vec::new(),
            merge: None,
            unique: Vec::new(),
            controls: Vec::new(),
            parents: Vec::new(),
            refers_to_itself: false,
            tests: Vec::new(),
        }
    }
}

impl Compiler<'_> {
    /// The tests of the entity. Each is looked at, also where the entity has other problems.
    pub(super) fn tests(&mut self, index: usize, key: Option<&KeyColumns>) -> Vec<CompiledTest> {
        let entity = self.entity;
        entity.tests.iter().filter_map(|test| self.test(index, key, test)).collect()
    }

    fn test(&mut self, index: usize, key: Option<&KeyColumns>, test: &TestPlan) -> Option<CompiledTest> {
        let before = self.problems.errors();
        let mut rows = vec![self.source_row(index, key, test, &test.given)];
        for beside in &test.beside {
            let mut values: Vec<ValuePlan> = test.given.iter().filter(|v| !beside.iter().any(|b| b.name == v.name)).cloned().collect();
            values.extend(beside.iter().cloned());
            rows.push(self.source_row(index, key, test, &values));
        }
        let answers = self.answers(test);
        if let Expected::Filtered(name) = &test.expected {
            self.known_filter(test, name);
        }
        let expected = test.expected.clone().map(|values| Box::new(self.target_row(index, test, &values)));
        for (column, _) in test.incidents.iter().flatten() {
            let known: Vec<&str> = self.entity.columns.iter().map(|c| c.name.as_str()).collect();
            if !known.contains(&column.as_str()) {
                self.no_column(test, column, test.place.clone(), "mapped column", &known);
            }
        }
        let mut incidents = test.incidents.clone();
        if let Some(incidents) = &mut incidents {
            incidents.sort();
        }
        (self.problems.errors() == before).then(|| CompiledTest {
            name: test.name.clone(),
            place: test.place.clone(),
            rows,
            answers,
            expected,
            incidents,
        })
    }

    fn no_column(&mut self, test: &TestPlan, name: &str, place: (usize, Range<usize>), what: &str, known: &[&str]) {
        let help = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        self.problems.error("E0250", Some(place), format!("test `{}` names no {what}: `{name}`", test.name), "not there", help);
    }

    fn known_filter(&mut self, test: &TestPlan, name: &str) {
        let known: Vec<&str> = self.entity.filters.iter().map(|f| f.name.as_str()).collect();
        if !known.contains(&name) && name != crate::row::reason::PARENT_FILTERED {
            let help = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let message = format!("test `{}` expects a filter that is not there: `{name}`", test.name);
            self.problems.error("E0250", Some(test.place.clone()), message, "this test", help);
        }
    }

    /// A value of a test: no column of the source can be named in it.
    fn value(&mut self, value: &ValuePlan, column: &Column) -> Option<CompiledColumn> {
        let scope = Scope { columns: &[], ..self.scope };
        let mut alone = Compiler { plan: self.plan, entity: self.entity, shape: self.shape, scope, problems: &mut *self.problems };
        let expr = alone.bind(&value.expr, &value.text, Some(&column.ty))?;
        Some(CompiledColumn { column: column.clone(), expr, on_error: OnError::Quarantine })
    }

    fn source_row(&mut self, index: usize, key: Option<&KeyColumns>, test: &TestPlan, values: &[ValuePlan]) -> CompiledEntity {
        let source = &self.shape.source;
        let known: Vec<&str> = source.iter().map(|c| c.name.as_str()).collect();
        for value in values.iter().filter(|v| !known.contains(&v.name.as_str())) {
            self.no_column(test, &value.name, value.place.clone(), "source column", &known);
        }
        let mut columns = Vec::new();
        for (at, column) in source.iter().enumerate() {
            if let Some(value) = values.iter().find(|v| v.name == column.name) {
                columns.extend(self.value(value, column));
                continue;
            }
            let why = if key.is_some_and(|key| key.columns.contains(&at)) {
                Some("is the key")
            } else if column.nullable {
                None
            } else {
                Some("is NOT NULL")
            };
            if let Some(why) = why {
                let help = format!("add to given: {} = …, or take it from another test with like = \"…\"", column.name);
                let message = format!("test `{}` does not give `{}` ({}), which {why}", test.name, column.name, column.ty);
                self.problems.error("E0251", Some(test.place.clone()), message, "this test", Some(help));
            } else if let Ok(null) = parse("null") {
                let (file, span) = test.place.clone();
                let null =
                    ValuePlan { name: column.name.clone(), place: test.place.clone(), text: Text::new("null", file, span, ""), expr: null };
                columns.extend(self.value(&null, column));
            }
        }
        CompiledEntity::of_values(index, &test.name, &bare_name(&self.entity.target.value), Vec::new(), columns)
    }

    fn target_row(&mut self, index: usize, test: &TestPlan, values: &[ValuePlan]) -> CompiledEntity {
        let entity = self.entity;
        let known: Vec<&str> = entity.columns.iter().map(|c| c.name.as_str()).collect();
        let mut columns = Vec::new();
        for value in values {
            if !known.contains(&value.name.as_str()) {
                self.no_column(test, &value.name, value.place.clone(), "mapped column", &known);
            } else if let Some(target) = self.shape.target.iter().find(|c| c.column.name == value.name) {
                let column = target.column.clone();
                columns.extend(self.value(value, &column));
            }
        }
        let row = CompiledEntity::of_values(index, &test.name, &bare_name(&entity.target.value), Vec::new(), columns);
        CompiledEntity { ids: entity.ids, ..row }
    }

    /// What each parent answers; of those that the test does not name, every key is missing.
    fn answers(&mut self, test: &TestPlan) -> Vec<KeyAnswers> {
        let (plan, entity) = (self.plan, self.entity);
        let mut found: Vec<KeyAnswers> = Vec::new();
        for parent in &entity.parents {
            let of = &plan.entities[parent.entity];
            let single_int = (self.scope.entities)(&of.name).is_some_and(|key| key.key.as_slice() == [KeyKind::Int]);
            let kind = if single_int { KeyKind::Int } else { KeyKind::Text };
            let entity_type = bare_name(&of.target.value);
            found.push(KeyAnswers { entity: parent.entity, entity_type, ids: of.ids, kind, keys: Vec::new() });
        }
        for answer in &test.answers {
            let Some(parent) = plan.entity(&answer.entity) else {
                let help =
                    nearest(&answer.entity, self.scope.entity_names.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
                let message = format!("unknown entity `{}`", answer.entity);
                self.problems.error(codes::UNKNOWN_ENTITY, Some(answer.place.clone()), message, "no entity of the plan", help);
                continue;
            };
            let Some(of) = found.iter_mut().find(|of| of.entity == parent) else {
                let itself = answer.entity == entity.name;
                let message = format!("test `{}` answers for {}, to which {} does not refer", test.name, answer.entity, entity.name);
                let help = if itself { "other rows of the entity itself stand in `beside`" } else { "leave it out" };
                self.problems.error("E0252", Some(answer.place.clone()), message, "not asked", Some(help.to_owned()));
                continue;
            };
            let key = match of.kind {
                KeyKind::Int => answer.key.value.trim().parse().ok().map(LegacyKey::Int),
                KeyKind::Text => Some(LegacyKey::Text(answer.key.value.as_str().into())),
            };
            let of_another_kind = |id: NewKey| id.as_kept().is_some() != (of.ids == NewIds::Keep);
            if let Answer::Id(id) = answer.answer
                && of_another_kind(id)
            {
                let what = if of.ids == NewIds::Keep { "keeps its keys, which are whole numbers" } else { "has UUIDs" };
                let message = format!("`{id}` is no new key of {}, which {what}", answer.entity);
                self.problems.error("E0252", Some(answer.key.whole()), message, "here", None);
                continue;
            }
            match key {
                Some(key) => of.keys.push((key, answer.answer)),
                None => {
                    let message = format!("`{}` is no key of {}, whose keys are whole numbers", answer.key.value, answer.entity);
                    self.problems.error("E0252", Some(answer.key.whole()), message, "here", None);
                }
            }
        }
        found
    }
}
