//! What can be begun now: transforms whose parents are transformed, loads whose parents are settled, rebuilds whose tables are
//! filled. Boundary: it begins and counts; what comes of it is heard in `coordinator`.

use std::sync::Arc;

use super::account;
use super::constraints::is_unique;
use super::coordinator::{Coordinator, Message, Preparation, RebuildState};
use super::load::LoadJob;
use super::settings::{PipelineError, Stage};
use super::shared::guarded;
use super::{prepare, run};
use crate::target::{DismantleRecord, RecordKind};
use crate::transform::Inputs;

impl<'c> Coordinator<'c, '_> {
    fn goes_through(&self, stage: Stage) -> bool {
        self.shared.setup.settings.stages.include(stage)
    }

    pub(super) fn dispatch(&mut self, pool: &rayon::Scope<'c>) {
        for entity in 0..self.states.len() {
            if self.states[entity].taking_part {
                self.dispatch_transforms(entity, pool);
                self.dispatch_loads(entity);
            }
        }
        if self.goes_through(Stage::Load) {
            self.dispatch_rebuilds();
            self.dispatch_finishes();
        }
    }

    fn dispatch_transforms(&mut self, entity: usize, pool: &rayon::Scope<'c>) {
        let may = self.goes_through(Stage::Transform) || self.states[entity].sent_back;
        let parents_done = self.shared.setup.plan.entities[entity].parents.iter().all(|p| self.states[p.entity].is_transformed());
        if !may || !parents_done || self.states[entity].untransformed.is_empty() {
            return;
        }
        let surveyed = self.shared.setup.entities[entity].as_ref().is_some_and(crate::plan::CompiledEntity::needs_survey);
        if surveyed && !self.states[entity].extracted {
            return;
        }
        let room = self.shared.setup.settings.jobs + 1;
        let current = self.generations[entity];
        match &self.states[entity].preparation {
            Preparation::Ready { generation, inputs } if *generation == current => {
                let inputs = Arc::clone(inputs);
                while self.transforms_running < room
                    && let Some((chunk, rows)) = self.states[entity].untransformed.pop_front()
                {
                    self.transforms_running += 1;
                    self.states[entity].transforming += 1;
                    let (shared, store, own, inputs) = (self.shared, self.store.clone(), self.own.clone(), Arc::clone(&inputs));
                    pool.spawn(move |_| {
                        let transform = || run::transform_one(shared, entity, chunk, rows, current, &inputs, &store);
                        let done = account::busy(|| guarded("a transform", transform));
                        if let Err(error) = done {
                            let _ = own.send(Message::Failed(error));
                            let _ = own.send(Message::Stale { entity, chunk, rows });
                        }
                    });
                }
            }
            Preparation::Running => {}
            _ => {
                self.states[entity].preparation = Preparation::Running;
                self.transforms_running += 1;
                let (shared, own, generations) = (self.shared, self.own.clone(), self.generations.clone());
                pool.spawn(move |_| {
                    let message = match account::busy(|| guarded("a preparation", || prepare::inputs(shared, entity, &generations))) {
                        Ok(inputs) => Message::Prepared { entity, generation: current, inputs: Arc::new(inputs) },
                        Err(error) => {
                            let _ = own.send(Message::Failed(error));
                            let empty = Inputs {
                                namespace: uuid::Uuid::nil(),
                                run_started_at: 0,
                                parents: Vec::new(),
                                adopted: None,
                                survey: None,
                            };
                            // Nobody uses it: after a failure nothing is dispatched. It only says that the job has ended.
                            Message::Prepared { entity, generation: u64::MAX, inputs: Arc::new(empty) }
                        }
                    };
                    let _ = own.send(message);
                });
            }
        }
    }

    fn dispatch_loads(&mut self, entity: usize) {
        if !self.goes_through(Stage::Load) || self.states[entity].unloaded.is_empty() {
            return;
        }
        let parents_settled = self.shared.setup.plan.entities[entity].parents.iter().all(|p| self.is_settled(p.entity));
        if !parents_settled || self.states[entity].stands_on_itself && !self.states[entity].is_transformed() {
            return;
        }
        if self.states[entity].stands_on_itself && self.states[entity].unloaded.len() > 1 {
            let message = format!(
                "{} refers to itself under a foreign key that stays up, and it is more than one chunk: a row could come before its parent; empty the table and use constraints = \"auto\", or raise --chunk-bytes so that it is one chunk",
                self.name(entity)
            );
            let _ = self.own.send(Message::Failed(PipelineError::NotReady { message }));
            return;
        }
        match self.keys_are_distinct(entity) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let _ = self.own.send(Message::Failed(error));
                return;
            }
        }
        while self.loads_running <= self.loaders
            && let Some((chunk, rows)) = self.states[entity].unloaded.pop_front()
        {
            self.states[entity].loading += 1;
            self.send(LoadJob::Chunk { entity, chunk, rows });
        }
    }

    /// Whether no two entities mint one new key for a table that both feed; asked once all of them are transformed, and before a
    /// row of theirs is sent. Within an entity two different keys do not meet.
    fn keys_are_distinct(&mut self, entity: usize) -> Result<bool, PipelineError> {
        let Some(table) = self.table_of(entity).cloned() else { return Ok(true) };
        let feeding: Vec<usize> = (0..self.states.len()).filter(|e| self.table_of(*e) == Some(&table)).collect();
        if feeding.len() < 2 || self.distinct.contains(&table) {
            return Ok(true);
        }
        if feeding.iter().any(|e| self.states[*e].taking_part && !self.states[*e].is_transformed()) {
            return Ok(false);
        }
        self.shared.reader()?.check_collisions(&self.shared.entity(entity)?.target)?;
        self.distinct.push(table);
        Ok(true)
    }

    fn send(&mut self, job: LoadJob) {
        self.loads_running += 1;
        // The channel has room for every job that may be under way, so this does not wait; it fails only when all loaders are
        // gone, and then their error is on its way.
        let _ = self.loads.send(job);
    }

    fn table_of(&self, entity: usize) -> Option<&crate::pg::QualifiedName> {
        self.shared.load_plans[entity].as_ref().map(|load| &load.table)
    }

    /// Whether every entity of this run that feeds the table is loaded.
    fn is_filled(&self, table: &crate::pg::QualifiedName) -> bool {
        (0..self.states.len())
            .filter(|e| self.states[*e].taking_part && self.table_of(*e) == Some(table))
            .all(|e| self.states[e].is_loaded())
    }

    fn is_mapping(&self, table: &crate::pg::QualifiedName) -> bool {
        self.shared.load_plans.iter().flatten().any(|load| load.mapping.as_ref().is_some_and(|(mapping, _)| mapping == table))
    }

    fn is_unique_again(&self, table: &crate::pg::QualifiedName) -> bool {
        self.rebuilds.iter().all(|r| r.record.table != *table || !is_unique(r.record.kind) || r.state == RebuildState::Done)
    }

    /// Whether an entity's rows in the target are final: children may be loaded.
    fn is_settled(&self, entity: usize) -> bool {
        self.states[entity].is_loaded() && self.table_of(entity).is_none_or(|table| self.is_unique_again(table))
    }

    /// Whether a table that this one would lock is locked by another rebuild: two at once on one table wait for each other's
    /// locks, at worst in a circle.
    fn is_being_rebuilt(&self, record: &DismantleRecord) -> bool {
        let tables = |r: &DismantleRecord| [Some(r.table.clone()), r.parent.clone()];
        let wanted = tables(record);
        let running = self.rebuilds.iter().filter(|r| r.state == RebuildState::Running);
        running.flat_map(|r| tables(&r.record)).flatten().any(|table| wanted.iter().flatten().any(|w| *w == table))
    }

    fn dispatch_rebuilds(&mut self) {
        let everything_loaded = self.states.iter().all(|s| !s.taking_part || s.is_loaded());
        for number in 0..self.rebuilds.len() {
            if self.loads_running > self.loaders {
                return;
            }
            let record = &self.rebuilds[number].record;
            if self.is_being_rebuilt(record) {
                continue;
            }
            let filled = |table| if self.is_mapping(table) { everything_loaded } else { self.is_filled(table) };
            let due = self.rebuilds[number].state == RebuildState::Waiting
                && filled(&record.table)
                && match record.kind {
                    kind if is_unique(kind) => true,
                    RecordKind::ForeignKey => {
                        let parent = record.parent.as_ref();
                        self.is_unique_again(&record.table) && parent.is_none_or(|parent| filled(parent) && self.is_unique_again(parent))
                    }
                    _ => self.is_unique_again(&record.table),
                };
            if due {
                let record = Box::new(record.clone());
                self.rebuilds[number].state = RebuildState::Running;
                self.send(LoadJob::Rebuild { number, record });
            }
        }
    }

    fn dispatch_finishes(&mut self) {
        for entity in 0..self.states.len() {
            let state = &self.states[entity];
            if self.loads_running > self.loaders || !state.taking_part || state.finished || state.sent_back && !state.is_loaded() {
                continue;
            }
            let Some(table) = self.table_of(entity) else { continue };
            let up = self.rebuilds.iter().all(|r| r.record.table != *table || r.state == RebuildState::Done);
            if up && self.is_settled(entity) {
                // Marked now, so that it is not sent twice; `Finished` confirms it.
                self.states[entity].finished = true;
                self.send(LoadJob::Finish { entity });
            }
        }
    }
}
