//! The one order of things: which chunk is transformed next, which is loaded next, which constraint comes back up. A state machine
//! fed by messages; what it learns of is durable already.
//!
//! Boundary: it moves names of chunks, never rows. An entity is transformed when its parents are transformed, and loaded when
//! its parents are settled (loaded, and unique again), so that a parent refused by the server is known before a child that
//! refers to it is sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::constraints::is_unique;
use super::load::LoadJob;
use super::settings::{Event, PipelineError, Stage};
use super::shared::Shared;
use super::store::Store;
use super::{prepare, run};
use crate::staging::{ChunkId, LoadMark};
use crate::target::{DismantleRecord, RecordKind};
use crate::transform::Inputs;

/// What the threads tell. Everything here is durable, or failed.
pub(super) enum Message {
    /// A durable step of no consequence here.
    Nothing,
    Extracted {
        entity: usize,
        chunk: ChunkId,
        rows: u64,
    },
    EntityExtracted {
        entity: usize,
    },
    ReaderDone,
    Prepared {
        entity: usize,
        generation: u64,
        inputs: Arc<Inputs>,
    },
    Transformed {
        entity: usize,
        chunk: ChunkId,
        rows: u64,
    },
    /// It was made with inputs that changed meanwhile, and was not stored.
    Stale {
        entity: usize,
        chunk: ChunkId,
        rows: u64,
    },
    Loaded {
        entity: usize,
        rows: u64,
        refused: usize,
        mark: LoadMark,
    },
    Rebuilt {
        number: usize,
        changed: Vec<(usize, LoadMark)>,
    },
    Finished {
        entity: usize,
    },
    Failed(PipelineError),
}

enum Preparation {
    Wanted,
    Running,
    Ready { generation: u64, inputs: Arc<Inputs> },
}

/// A chunk that waits, and its rows.
type Waiting = VecDeque<(ChunkId, u64)>;

/// Where an entity stands.
#[allow(clippy::struct_excessive_bools, reason = "four facts that are independent of one another")]
pub(super) struct EntityState {
    pub(super) taking_part: bool,
    pub(super) extracted: bool,
    pub(super) untransformed: Waiting,
    pub(super) unloaded: Waiting,
    pub(super) finished: bool,
    /// Whether its table has a foreign key to itself that stays up during the load.
    pub(super) stands_on_itself: bool,
    /// Rows each stage has done, over all runs.
    pub(super) rows: [u64; 3],
    preparation: Preparation,
    transforming: usize,
    loading: usize,
    /// Rows that the target refused, by this run's beginning.
    pub(super) refused: u64,
    /// Whether rows that it refers to were refused, so that its chunks were sent back: then `etl load` transforms them again, too.
    pub(super) sent_back: bool,
}

impl EntityState {
    pub(super) fn new(taking_part: bool) -> Self {
        Self {
            taking_part,
            extracted: false,
            untransformed: Waiting::new(),
            unloaded: Waiting::new(),
            finished: false,
            stands_on_itself: false,
            rows: [0; 3],
            preparation: Preparation::Wanted,
            transforming: 0,
            loading: 0,
            refused: 0,
            sent_back: false,
        }
    }

    pub(super) fn is_transformed(&self) -> bool {
        self.extracted && self.untransformed.is_empty() && self.transforming == 0
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.is_transformed() && self.unloaded.is_empty() && self.loading == 0
    }
}

/// Something that is down, and how far putting it back is.
pub(super) struct Rebuild {
    pub(super) record: DismantleRecord,
    pub(super) state: RebuildState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RebuildState {
    Waiting,
    Running,
    Done,
}

pub(super) struct Coordinator<'c, 's> {
    pub(super) shared: &'c Shared<'s>,
    pub(super) store: Store<'c>,
    pub(super) pending: &'c AtomicUsize,
    pub(super) loads: Sender<LoadJob>,
    pub(super) own: Sender<Message>,
    pub(super) states: Vec<EntityState>,
    pub(super) rebuilds: Vec<Rebuild>,
    /// The generations as far as messages told of them: see `Shared::generations`.
    pub(super) generations: Vec<u64>,
    pub(super) readers: usize,
    pub(super) loaders: usize,
    pub(super) moved: [u64; 3],
    pub(super) transforms_running: usize,
    pub(super) loads_running: usize,
}

impl<'c> Coordinator<'c, '_> {
    /// Works until everything asked for is done, nothing more can be done, or an error. Gives whether all is done.
    pub(super) fn work(&mut self, pool: &rayon::Scope<'c>, messages: &Receiver<Message>) -> Result<bool, PipelineError> {
        let mut failed: Option<PipelineError> = None;
        loop {
            if failed.is_none() && !self.shared.stopping() {
                self.dispatch(pool);
                if self.is_done() {
                    return Ok(true);
                }
            }
            let idle = self.readers == 0 && self.transforms_running == 0 && self.loads_running == 0;
            if idle && self.pending.load(Ordering::SeqCst) == 0 && messages.is_empty() {
                return match failed {
                    Some(error) => Err(error),
                    None if self.shared.stopping() => Ok(false),
                    None => Err(self.stuck()),
                };
            }
            match messages.recv_timeout(Duration::from_millis(100)) {
                Ok(Message::Failed(error)) => {
                    // The first error is the cause; others follow from it. Readers see the flag at their next chunk.
                    failed.get_or_insert(error);
                    self.shared.stop.store(true, Ordering::SeqCst);
                    // A failed store takes no more steps, and whoever was about to hand one in will not be heard of again.
                    if matches!(failed, Some(PipelineError::Staging(_))) {
                        return failed.map_or(Ok(false), Err);
                    }
                }
                Ok(message) => self.hear(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return failed.map_or(Ok(false), Err),
            }
        }
    }

    /// Nothing runs, nothing can be begun, and not everything is done: that is a mistake of ours, said rather than waited for.
    fn stuck(&self) -> PipelineError {
        let waiting: Vec<&str> = self
            .states
            .iter()
            .zip(&self.shared.setup.plan.entities)
            .filter(|(s, _)| s.taking_part && !s.finished)
            .map(|(_, e)| e.name.as_str())
            .collect();
        PipelineError::NotReady {
            message: format!("nothing more can be done for {}: `etl status` shows how far each stage is", waiting.join(", ")),
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Nothing | Message::Failed(_) => {}
            Message::ReaderDone => self.readers -= 1,
            Message::Extracted { entity, chunk, rows } => {
                self.states[entity].untransformed.push_back((chunk, rows));
                self.progress(entity, Stage::Extract, rows);
            }
            Message::EntityExtracted { entity } => {
                self.states[entity].extracted = true;
                let rows = self.states[entity].rows[0];
                (self.shared.observe)(&Event::Expected { entity, rows });
            }
            Message::Prepared { entity, generation, inputs } => {
                self.transforms_running -= 1;
                self.states[entity].preparation = Preparation::Ready { generation, inputs };
            }
            Message::Transformed { entity, chunk, rows } => {
                self.transforms_running -= 1;
                self.states[entity].transforming -= 1;
                self.states[entity].unloaded.push_back((chunk, rows));
                self.progress(entity, Stage::Transform, rows);
                self.release_snapshots();
            }
            Message::Stale { entity, chunk, rows } => {
                self.transforms_running -= 1;
                self.states[entity].transforming -= 1;
                self.states[entity].untransformed.push_back((chunk, rows));
            }
            Message::Loaded { entity, rows, refused, mark } => {
                self.loads_running -= 1;
                self.states[entity].loading -= 1;
                if refused > 0 {
                    self.shared.note(format!("the target refused {refused} rows of {}: they are in quarantine", self.name(entity)));
                    self.send_back(entity, &mark);
                }
                self.progress(entity, Stage::Load, rows);
            }
            Message::Rebuilt { number, changed } => {
                self.loads_running -= 1;
                self.rebuilds[number].state = RebuildState::Done;
                for (entity, mark) in changed {
                    self.shared.note(format!(
                        "rows of {} stood in the way of {}: they are in quarantine",
                        self.name(entity),
                        self.rebuilds[number].record.name
                    ));
                    self.send_back(entity, &mark);
                }
            }
            Message::Finished { entity } => {
                self.loads_running -= 1;
                self.states[entity].finished = true;
            }
        }
    }

    fn name(&self, entity: usize) -> &str {
        &self.shared.setup.plan.entities[entity].name
    }

    fn progress(&mut self, entity: usize, stage: Stage, rows: u64) {
        let at = stage as usize;
        self.moved[at] += rows;
        self.states[entity].rows[at] += rows;
        (self.shared.observe)(&Event::Progress { entity, stage, rows: self.states[entity].rows[at] });
    }

    /// Rows of `entity` are gone: what was made with its keys is made again.
    fn send_back(&mut self, entity: usize, mark: &LoadMark) {
        self.generations[entity] += 1;
        for descendant in self.shared.descendants(entity) {
            self.generations[descendant] += 1;
            let state = &mut self.states[descendant];
            state.sent_back = true;
            let (back, kept): (Waiting, Waiting) = state.unloaded.drain(..).partition(|(chunk, _)| mark.invalidated.contains(chunk));
            let rows: u64 = back.iter().map(|(_, rows)| rows).sum();
            state.rows[1] = state.rows[1].saturating_sub(rows);
            state.unloaded = kept;
            state.untransformed.extend(back);
        }
    }

    /// Snapshots of entities whose children are all transformed are not needed any more.
    fn release_snapshots(&self) {
        let needed: Vec<usize> = self
            .shared
            .setup
            .plan
            .entities
            .iter()
            .zip(&self.states)
            .filter(|(_, state)| state.taking_part && !state.is_transformed())
            .flat_map(|(entity, _)| entity.parents.iter().map(|p| p.entity))
            .collect();
        self.shared.snapshots().retain(|entity, _| needed.contains(entity));
    }

    fn goes_through(&self, stage: Stage) -> bool {
        self.shared.setup.settings.stages.include(stage)
    }

    fn dispatch(&mut self, pool: &rayon::Scope<'c>) {
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
                        if let Err(error) = run::transform_one(shared, entity, chunk, rows, current, &inputs, &store) {
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
                    let message = match prepare::inputs(shared, entity, &generations) {
                        Ok(inputs) => Message::Prepared { entity, generation: current, inputs: Arc::new(inputs) },
                        Err(error) => {
                            let _ = own.send(Message::Failed(error));
                            let empty = Inputs { namespace: uuid::Uuid::nil(), run_started_at: 0, parents: Vec::new(), survey: None };
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
        while self.loads_running <= self.loaders
            && let Some((chunk, rows)) = self.states[entity].unloaded.pop_front()
        {
            self.states[entity].loading += 1;
            self.send(LoadJob::Chunk { entity, chunk, rows });
        }
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

    fn is_done(&self) -> bool {
        let settings = &self.shared.setup.settings;
        let all = |done: &dyn Fn(&EntityState) -> bool| self.states.iter().filter(|s| s.taking_part).all(done);
        if settings.stages.include(Stage::Load) {
            let up = self.rebuilds.iter().all(|r| r.state == RebuildState::Done);
            return up && self.loads_running == 0 && all(&|s| s.is_loaded() && s.finished);
        }
        if settings.stages.include(Stage::Transform) {
            all(&EntityState::is_transformed)
        } else {
            all(&|s| s.extracted) && self.readers == 0
        }
    }
}
