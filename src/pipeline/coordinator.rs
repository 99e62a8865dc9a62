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

use super::agenda::Agenda;
use super::load::LoadJob;
use super::settings::{Event, PipelineError, Stage};
use super::shared::Shared;
use super::store::Store;
use crate::staging::{ChunkId, LoadMark};
use crate::target::DismantleRecord;
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
    /// Loading may begin, or taking constraints down has failed; why, was told before.
    Dismantled(Dismantled),
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
    /// A loader's job failed; why, was told before.
    LoadGivenUp,
    Failed(PipelineError),
}

/// What a transform of an entity needs, and whether it is there.
pub(super) enum Preparation {
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
    pub(super) preparation: Preparation,
    pub(super) transforming: usize,
    pub(super) loading: usize,
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

/// What is down while rows are loaded.
#[derive(Default)]
pub(super) struct Dismantled {
    pub(super) rebuilds: Vec<Rebuild>,
    /// Of each entity, whether its table has a foreign key to itself that stays up; empty for none.
    pub(super) on_themselves: Vec<bool>,
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
    /// Whether constraints are being taken down: nothing is loaded before it is known which.
    pub(super) dismantling: bool,
    /// What may be possible now.
    pub(super) agenda: Agenda,
    /// The generations as far as messages told of them: see `Shared::generations`. A preparation keeps them as they were when it began.
    pub(super) generations: Arc<Vec<u64>>,
    pub(super) readers: usize,
    pub(super) loaders: usize,
    pub(super) moved: [u64; 3],
    pub(super) transforms_running: usize,
    pub(super) loads_running: usize,
    /// Those of `loads_running` that build an index or look through a table: more of them than there are `jobs` would only share the
    /// server's memory among more.
    pub(super) rebuilds_running: usize,
}

impl<'c> Coordinator<'c, '_> {
    /// Works until everything asked for is done, nothing more can be done, or an error. Gives whether all is done.
    pub(super) fn work(&mut self, pool: &rayon::Scope<'c>, messages: &Receiver<Message>) -> Result<bool, PipelineError> {
        let mut failed: Option<PipelineError> = None;
        self.prepare_first(pool);
        loop {
            if failed.is_none() && !self.shared.stopping() {
                self.dispatch(pool);
                if self.is_done() {
                    return Ok(true);
                }
            }
            let idle = !self.dismantling && self.readers == 0 && self.transforms_running == 0 && self.loads_running == 0;
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

    /// Notes that an entity has changed.
    pub(super) fn changed(&mut self, entity: usize) {
        let state = &mut self.states[entity];
        if state.is_transformed() {
            // The keys of its parents, which it held, may be many.
            state.preparation = Preparation::Wanted;
        }
        for parent in self.agenda.note(entity, state) {
            // All children of the parent are transformed.
            self.shared.snapshots().remove(&parent);
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Nothing | Message::Failed(_) => {}
            Message::ReaderDone => self.readers -= 1,
            Message::Dismantled(dismantled) => {
                self.dismantling = false;
                for (state, on_itself) in self.states.iter_mut().zip(dismantled.on_themselves) {
                    state.stands_on_itself = on_itself;
                }
                self.rebuilds = dismantled.rebuilds;
                let (plan, load_plans) = (self.shared.setup.plan, &self.shared.load_plans);
                self.agenda = Agenda::new(&plan.entities, load_plans, &self.states, &self.rebuilds);
            }
            Message::LoadGivenUp => self.loads_running -= 1,
            Message::Extracted { entity, chunk, rows } => {
                self.states[entity].untransformed.push_back((chunk, rows));
                self.progress(entity, Stage::Extract, rows);
                self.changed(entity);
            }
            Message::EntityExtracted { entity } => {
                self.states[entity].extracted = true;
                let rows = self.states[entity].rows[0];
                (self.shared.observe)(&Event::Expected { entity, rows });
                self.changed(entity);
            }
            Message::Prepared { entity, generation, inputs } => {
                self.transforms_running -= 1;
                self.states[entity].preparation = Preparation::Ready { generation, inputs };
                self.changed(entity);
            }
            Message::Transformed { entity, chunk, rows } => {
                self.transforms_running -= 1;
                self.states[entity].transforming -= 1;
                self.states[entity].unloaded.push_back((chunk, rows));
                self.progress(entity, Stage::Transform, rows);
                self.changed(entity);
            }
            Message::Stale { entity, chunk, rows } => {
                self.transforms_running -= 1;
                self.states[entity].transforming -= 1;
                self.states[entity].untransformed.push_back((chunk, rows));
                self.changed(entity);
            }
            Message::Loaded { entity, rows, refused, mark } => {
                self.loads_running -= 1;
                self.states[entity].loading -= 1;
                if refused > 0 {
                    self.shared.note(format!("the target refused {refused} rows of {}: they are in quarantine", self.name(entity)));
                    self.send_back(entity, &mark);
                }
                self.progress(entity, Stage::Load, rows);
                self.changed(entity);
            }
            Message::Rebuilt { number, changed } => {
                self.loads_running -= 1;
                self.rebuilds_running -= 1;
                self.rebuilds[number].state = RebuildState::Done;
                for (entity, mark) in changed {
                    self.shared.note(format!(
                        "rows of {} stood in the way of {}: they are in quarantine",
                        self.name(entity),
                        self.rebuilds[number].record.name
                    ));
                    self.send_back(entity, &mark);
                }
                // Behind what is sent back: a parent that is unique again lets its children be loaded.
                self.agenda.rebuilt(number);
            }
            Message::Finished { entity } => {
                self.loads_running -= 1;
                self.states[entity].finished = true;
                self.changed(entity);
            }
        }
    }

    pub(super) fn name(&self, entity: usize) -> &str {
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
        let generations = Arc::make_mut(&mut self.generations);
        let descendants = self.shared.descendants(entity);
        for below in descendants.iter().chain([&entity]) {
            generations[*below] += 1;
        }
        for descendant in descendants {
            let state = &mut self.states[descendant];
            state.sent_back = true;
            let (back, kept): (Waiting, Waiting) = state.unloaded.drain(..).partition(|(chunk, _)| mark.invalidated.contains(chunk));
            let rows: u64 = back.iter().map(|(_, rows)| rows).sum();
            state.rows[1] = state.rows[1].saturating_sub(rows);
            state.unloaded = kept;
            state.untransformed.extend(back);
            self.changed(descendant);
        }
    }

    fn is_done(&self) -> bool {
        let settings = &self.shared.setup.settings;
        let open = &self.agenda.open;
        if settings.stages.include(Stage::Load) {
            !self.dismantling && open.rebuilds == 0 && self.loads_running == 0 && open.load == 0 && open.finish == 0
        } else if settings.stages.include(Stage::Transform) {
            open.transform == 0
        } else {
            open.extract == 0 && self.readers == 0
        }
    }
}
