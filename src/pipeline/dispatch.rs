//! What can be begun now: transforms whose parents are transformed, loads whose parents are settled, rebuilds whose tables are
//! filled. Boundary: it begins and counts; what comes of it is heard in `coordinator`, and what may be possible now is on the lists of
//! `agenda`.

use std::sync::Arc;

use super::account;
use super::agenda::Comparable;
use super::coordinator::{Coordinator, Message, Preparation, RebuildState};
use super::load::LoadJob;
use super::settings::{PipelineError, Stage};
use super::shared::guarded;
use super::{prepare, run};
use crate::transform::Inputs;

impl<'c> Coordinator<'c, '_> {
    fn goes_through(&self, stage: Stage) -> bool {
        self.shared.setup.settings.stages.include(stage)
    }

    pub(super) fn dispatch(&mut self, pool: &rayon::Scope<'c>) {
        let mut from = 0;
        while self.has_room_to_transform()
            && let Some(entity) = self.agenda.transforms.range(from..).next().copied()
        {
            self.dispatch_transforms(entity, pool);
            // Without room for all its chunks it stays on the list.
            if self.has_room_to_transform() {
                self.agenda.transforms.remove(&entity);
            }
            from = entity + 1;
        }
        if !self.goes_through(Stage::Load) || self.dismantling {
            return;
        }
        while self.has_room_to_load()
            && let Some(entity) = self.agenda.loads.first().copied()
        {
            self.dispatch_loads(entity);
            if self.has_room_to_load() {
                self.agenda.loads.remove(&entity);
            }
        }
        while self.has_room_to_load()
            && self.rebuilds_running <= self.shared.setup.settings.jobs
            && let Some(number) = self.agenda.rebuilds.pop_first()
        {
            let rebuild = &mut self.rebuilds[number];
            if self.agenda.begin_rebuild(number, rebuild.state) {
                rebuild.state = RebuildState::Running;
                self.rebuilds_running += 1;
                let record = Box::new(rebuild.record.clone());
                self.send(LoadJob::Rebuild { number, record });
            }
        }
        while self.has_room_to_load()
            && let Some(entity) = self.agenda.finishes.pop_first()
        {
            if !self.states[entity].finished && self.agenda.is_complete(entity) {
                // Marked now, so that it is not sent twice; `Finished` confirms it.
                self.states[entity].finished = true;
                self.changed(entity);
                self.send(LoadJob::Finish { entity });
            }
        }
    }

    /// One transform more than there are threads, so that none waits for the next.
    fn has_room_to_transform(&self) -> bool {
        self.transforms_running <= self.shared.setup.settings.jobs
    }

    /// One job more than there are loaders.
    fn has_room_to_load(&self) -> bool {
        self.loads_running <= self.loaders
    }

    fn dispatch_transforms(&mut self, entity: usize, pool: &rayon::Scope<'c>) {
        let may = self.goes_through(Stage::Transform) || self.states[entity].sent_back;
        if !may || self.states[entity].untransformed.is_empty() {
            return;
        }
        if !self.shared.setup.plan.entities[entity].parents.iter().all(|p| self.agenda.is_transformed(p.entity)) {
            return;
        }
        let surveyed = self.shared.setup.entities[entity].as_ref().is_some_and(crate::plan::CompiledEntity::needs_survey);
        if surveyed && !self.states[entity].extracted {
            return;
        }
        let current = self.generations[entity];
        match &self.states[entity].preparation {
            Preparation::Ready { generation, inputs } if *generation == current => {
                let inputs = Arc::clone(inputs);
                while self.has_room_to_transform()
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
            _ => self.prepare(entity, pool),
        }
    }

    /// Looks up the keys of parents that earlier runs brought in while the first rows are still read.
    pub(super) fn prepare_first(&mut self, pool: &rayon::Scope<'c>) {
        for entity in 0..self.states.len() {
            let parents = &self.shared.setup.plan.entities[entity].parents;
            let reads = self.states[entity].taking_part && !self.states[entity].extracted && self.goes_through(Stage::Transform);
            let surveyed = self.shared.setup.entities[entity].as_ref().is_some_and(crate::plan::CompiledEntity::needs_survey);
            let known = !parents.is_empty() && parents.iter().all(|parent| self.agenda.is_transformed(parent.entity));
            // As many as there are threads: the keys are held until they are needed.
            if reads && known && !surveyed && self.has_room_to_transform() {
                self.prepare(entity, pool);
            }
        }
    }

    fn prepare(&mut self, entity: usize, pool: &rayon::Scope<'c>) {
        let current = self.generations[entity];
        self.states[entity].preparation = Preparation::Running;
        self.transforms_running += 1;
        let (shared, own, generations) = (self.shared, self.own.clone(), Arc::clone(&self.generations));
        pool.spawn(move |_| {
            let message = match account::busy(|| guarded("a preparation", || prepare::inputs(shared, entity, &generations))) {
                Ok(inputs) => Message::Prepared { entity, generation: current, inputs: Arc::new(inputs) },
                Err(error) => {
                    let _ = own.send(Message::Failed(error));
                    let empty =
                        Inputs { namespace: uuid::Uuid::nil(), run_started_at: 0, parents: Vec::new(), adopted: None, survey: None };
                    // Nobody uses it: after a failure nothing is dispatched. It only says that the job has ended.
                    Message::Prepared { entity, generation: u64::MAX, inputs: Arc::new(empty) }
                }
            };
            let _ = own.send(message);
        });
    }

    fn dispatch_loads(&mut self, entity: usize) {
        if self.states[entity].unloaded.is_empty() {
            return;
        }
        let parents_settled = self.shared.setup.plan.entities[entity].parents.iter().all(|p| self.agenda.is_settled(p.entity));
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
        while self.has_room_to_load()
            && let Some((chunk, rows)) = self.states[entity].unloaded.pop_front()
        {
            self.states[entity].loading += 1;
            self.send(LoadJob::Chunk { entity, chunk, rows });
        }
    }

    /// Whether no two entities mint one new key for a table that both feed; asked once all of them are transformed, and before a
    /// row of theirs is sent. Within an entity two different keys do not meet.
    fn keys_are_distinct(&mut self, entity: usize) -> Result<bool, PipelineError> {
        match self.agenda.keys_to_compare(entity) {
            None => Ok(true),
            Some(Comparable::Later) => Ok(false),
            Some(Comparable::Now) => {
                self.shared.reader()?.check_collisions(&self.shared.entity(entity)?.target)?;
                self.agenda.keys_are_distinct(entity);
                Ok(true)
            }
        }
    }

    fn send(&mut self, job: LoadJob) {
        self.loads_running += 1;
        // The channel has room for every job that may be under way, so this does not wait; it fails only when all loaders are
        // gone, and then their error is on its way.
        let _ = self.loads.send(job);
    }
}
