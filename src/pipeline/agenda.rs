//! What must be looked at again when something has changed. Boundary: facts and numbers of entities, tables and rebuilds; whether
//! something is begun is `dispatch`'s.
//!
//! A plan can have thousands of entities, and every chunk of theirs gives several messages. To go through all entities for each message
//! would cost the square of their number; so what follows from a change is found by what hangs on it: the children of an entity, the
//! entities that feed a table, the constraints of a table. Everything that could be begun is on a list here. What is on a list and cannot
//! be begun is taken off, and comes back with the change that makes it possible.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::constraints::is_unique;
use super::coordinator::{EntityState, Rebuild, RebuildState};
use crate::pg::QualifiedName;
use crate::plan::EntityPlan;
use crate::target::{LoadPlan, RecordKind};

/// What is known of an entity since it was last noted.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "how far each of four stages is")]
struct Standing {
    extracted: bool,
    transformed: bool,
    loaded: bool,
    finished: bool,
}

/// A table of the target: one that entities go into, or one whose constraints are down.
#[derive(Debug, Default)]
struct Table {
    /// Every entity that goes into it.
    feeds: Vec<usize>,
    /// Entities of this run that go into it and are not transformed, and not loaded.
    untransformed: usize,
    unloaded: usize,
    /// What of it is down, and how much of that are unique keys.
    down: usize,
    down_unique: usize,
    /// Foreign keys of the table to itself that are down: they can refuse rows of it, as unique keys can.
    down_to_itself: usize,
    /// Rebuilds that lock it: its own, and those of foreign keys that refer to it.
    rebuilds: Vec<usize>,
    /// Whether a rebuild that locks it is under way: two at once wait for each other's locks, at worst in a circle.
    locked: bool,
    /// Rebuilds that found it locked. While there are some, it is locked or a rebuild that would lock it is on the list.
    queue: VecDeque<usize>,
    /// Whether the new keys of all that feed it are known to be distinct.
    distinct: bool,
    /// Whether keys are published in it: then everything that is loaded goes into it.
    is_mapping: bool,
}

/// How many of this run are not that far.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) extract: usize,
    pub(super) transform: usize,
    pub(super) load: usize,
    pub(super) finish: usize,
    pub(super) rebuilds: usize,
}

/// The lists, and what they are made from.
#[derive(Debug)]
pub(super) struct Agenda {
    /// Entities that may have a chunk to transform.
    pub(super) transforms: BTreeSet<usize>,
    /// Entities that may have a chunk to load.
    pub(super) loads: BTreeSet<usize>,
    /// Rebuilds that may be due.
    pub(super) rebuilds: BTreeSet<usize>,
    /// Entities whose table may be complete.
    pub(super) finishes: BTreeSet<usize>,
    pub(super) open: Open,
    standings: Vec<Standing>,
    taking_part: Vec<bool>,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
    /// Children of this run that are not transformed.
    untransformed_children: Vec<usize>,
    table_of: Vec<Option<usize>>,
    tables: Vec<Table>,
    mapping: Option<usize>,
    /// Of each rebuild: its table, the table that it refers to, and what it is.
    locks: Vec<(usize, Option<usize>, RecordKind)>,
}

impl Agenda {
    pub(super) fn new(entities: &[EntityPlan], load_plans: &[Option<LoadPlan>], states: &[EntityState], rebuilds: &[Rebuild]) -> Self {
        let mut tables: Vec<Table> = Vec::new();
        let mut numbers: HashMap<QualifiedName, usize> = HashMap::new();
        let mut number = |name: &QualifiedName, tables: &mut Vec<Table>| {
            *numbers.entry(name.clone()).or_insert_with(|| {
                tables.push(Table::default());
                tables.len() - 1
            })
        };
        let table_of: Vec<Option<usize>> =
            load_plans.iter().map(|load| load.as_ref().map(|load| number(&load.table, &mut tables))).collect();
        let mapping = load_plans.iter().flatten().find_map(|load| load.mapping.as_ref());
        let mapping = mapping.map(|(name, _)| number(name, &mut tables));
        if let Some(mapping) = mapping {
            tables[mapping].is_mapping = true;
        }
        let mut locks = Vec::with_capacity(rebuilds.len());
        for (at, rebuild) in rebuilds.iter().enumerate() {
            let record = &rebuild.record;
            let table = number(&record.table, &mut tables);
            let parent = record.parent.as_ref().map(|parent| number(parent, &mut tables)).filter(|parent| *parent != table);
            tables[table].down += 1;
            tables[table].down_unique += usize::from(is_unique(record.kind));
            tables[table].down_to_itself += usize::from(is_to_itself(record.kind, parent));
            tables[table].rebuilds.push(at);
            if let Some(parent) = parent {
                tables[parent].rebuilds.push(at);
            }
            locks.push((table, parent, record.kind));
        }
        let parents: Vec<Vec<usize>> = entities.iter().map(|entity| entity.parents.iter().map(|p| p.entity).collect()).collect();
        let mut children = vec![Vec::new(); entities.len()];
        let mut untransformed_children = vec![0; entities.len()];
        for (child, parents) in parents.iter().enumerate() {
            for parent in parents {
                children[*parent].push(child);
                untransformed_children[*parent] += usize::from(states[child].taking_part);
            }
        }
        let mut open = Open { rebuilds: rebuilds.len(), ..Open::default() };
        for (entity, state) in states.iter().enumerate() {
            if let Some(table) = table_of[entity] {
                tables[table].feeds.push(entity);
                tables[table].untransformed += usize::from(state.taking_part);
                tables[table].unloaded += usize::from(state.taking_part);
            }
            for count in [&mut open.extract, &mut open.transform, &mut open.load, &mut open.finish] {
                *count += usize::from(state.taking_part);
            }
        }
        let mut agenda = Self {
            transforms: BTreeSet::new(),
            loads: BTreeSet::new(),
            // Tables that nothing of this run goes into are full as they are.
            rebuilds: (0..rebuilds.len()).collect(),
            finishes: BTreeSet::new(),
            open,
            standings: vec![Standing::default(); states.len()],
            taking_part: states.iter().map(|state| state.taking_part).collect(),
            parents,
            children,
            untransformed_children,
            table_of,
            tables,
            mapping,
            locks,
        };
        for (entity, state) in states.iter().enumerate() {
            agenda.note(entity, state);
        }
        agenda
    }

    /// Takes down where an entity stands now, and puts on the lists whatever that may have made possible. Gives the entities whose keys
    /// nobody needs any more.
    pub(super) fn note(&mut self, entity: usize, state: &EntityState) -> Vec<usize> {
        let now = Standing {
            extracted: state.extracted,
            transformed: state.is_transformed(),
            loaded: state.is_loaded(),
            finished: state.finished,
        };
        let was = std::mem::replace(&mut self.standings[entity], now);
        let mut unneeded = Vec::new();
        if state.taking_part {
            count(&mut self.open.extract, was.extracted, now.extracted);
            count(&mut self.open.transform, was.transformed, now.transformed);
            count(&mut self.open.load, was.loaded, now.loaded);
            count(&mut self.open.finish, was.finished, now.finished);
            if let Some(table) = self.table_of[entity].map(|at| &mut self.tables[at]) {
                count(&mut table.untransformed, was.transformed, now.transformed);
                count(&mut table.unloaded, was.loaded, now.loaded);
            }
            for parent in &self.parents[entity] {
                let open = &mut self.untransformed_children[*parent];
                count(open, was.transformed, now.transformed);
                if *open == 0 {
                    unneeded.push(*parent);
                }
            }
            self.transforms.insert(entity);
            self.loads.insert(entity);
            self.finishes.insert(entity);
        }
        if now.transformed && !was.transformed {
            self.transforms.extend(self.children[entity].iter().filter(|child| self.taking_part[**child]));
            self.all_transformed(entity);
        }
        if now.loaded && !was.loaded {
            self.settled(entity);
            if let Some(table) = self.table_of[entity]
                && self.is_filled(table)
            {
                self.rebuilds.extend(&self.tables[table].rebuilds);
            }
            if let Some(mapping) = self.mapping.filter(|_| self.open.load == 0) {
                self.rebuilds.extend(&self.tables[mapping].rebuilds);
            }
        }
        unneeded
    }

    /// Where several entities go into one table, the last of them to be transformed lets all be loaded.
    fn all_transformed(&mut self, entity: usize) {
        if let Some(table) = self.table_of[entity].map(|at| &self.tables[at]).filter(|table| table.untransformed == 0) {
            self.loads.extend(table.feeds.iter().filter(|feed| self.taking_part[**feed]));
        }
    }

    fn settled(&mut self, entity: usize) {
        if self.is_settled(entity) {
            self.loads.extend(self.children[entity].iter().filter(|child| self.taking_part[**child]));
        }
    }

    /// Whether an entity is transformed.
    pub(super) fn is_transformed(&self, entity: usize) -> bool {
        self.standings[entity].transformed
    }

    /// Whether an entity's rows in the target are final: children may be loaded.
    pub(super) fn is_settled(&self, entity: usize) -> bool {
        self.standings[entity].loaded
            && self.table_of[entity].is_none_or(|table| self.tables[table].down_unique + self.tables[table].down_to_itself == 0)
    }

    /// Whether an entity's rows are final and everything of its table is up.
    pub(super) fn is_complete(&self, entity: usize) -> bool {
        self.standings[entity].loaded && self.table_of[entity].is_some_and(|table| self.tables[table].down == 0)
    }

    /// Whether the new keys of an entity still have to be compared with those of others that go into its table, and whether that is
    /// possible already.
    pub(super) fn keys_to_compare(&self, entity: usize) -> Option<Comparable> {
        let table = &self.tables[self.table_of[entity]?];
        (table.feeds.len() > 1 && !table.distinct).then_some(if table.untransformed == 0 { Comparable::Now } else { Comparable::Later })
    }

    /// The new keys of all that go into the entity's table are distinct.
    pub(super) fn keys_are_distinct(&mut self, entity: usize) {
        if let Some(table) = self.table_of[entity] {
            self.tables[table].distinct = true;
        }
    }

    /// Whether every entity of this run that goes into the table is loaded.
    fn is_filled(&self, table: usize) -> bool {
        let table = &self.tables[table];
        if table.is_mapping { self.open.load == 0 } else { table.unloaded == 0 }
    }

    /// Whether what is down can come back now. If not, it is heard of again.
    pub(super) fn begin_rebuild(&mut self, number: usize, state: RebuildState) -> bool {
        let (table, parent, kind) = self.locks[number];
        let is_unique_again = |at: usize| self.tables[at].down_unique == 0;
        let due = state == RebuildState::Waiting
            && self.is_filled(table)
            && match kind {
                kind if is_unique(kind) => true,
                RecordKind::ForeignKey => {
                    is_unique_again(table) && parent.is_none_or(|parent| self.is_filled(parent) && is_unique_again(parent))
                }
                _ => is_unique_again(table),
            };
        let locked = [Some(table), parent].into_iter().flatten().find(|at| self.tables[*at].locked);
        let begins = due && locked.is_none();
        if let Some(locked) = locked.filter(|_| due) {
            self.tables[locked].queue.push_back(number);
        }
        for at in [Some(table), parent].into_iter().flatten() {
            if begins {
                self.tables[at].locked = true;
            } else {
                self.next_in_queue(at);
            }
        }
        begins
    }

    /// Lets the next rebuild that waits for a table be looked at, where nobody has it.
    fn next_in_queue(&mut self, table: usize) {
        if !self.tables[table].locked {
            self.rebuilds.extend(self.tables[table].queue.pop_front());
        }
    }

    /// A constraint is up again.
    pub(super) fn rebuilt(&mut self, number: usize) {
        let (table, parent, kind) = self.locks[number];
        for at in [Some(table), parent].into_iter().flatten() {
            self.tables[at].locked = false;
            self.next_in_queue(at);
        }
        self.open.rebuilds -= 1;
        self.tables[table].down -= 1;
        if is_unique(kind) {
            self.tables[table].down_unique -= 1;
            if self.tables[table].down_unique == 0 {
                self.rebuilds.extend(&self.tables[table].rebuilds);
                for at in 0..self.tables[table].feeds.len() {
                    self.settled(self.tables[table].feeds[at]);
                }
            }
        }
        if is_to_itself(kind, parent) {
            self.tables[table].down_to_itself -= 1;
            for at in 0..self.tables[table].feeds.len() {
                self.settled(self.tables[table].feeds[at]);
            }
        }
        if self.tables[table].down == 0 {
            self.finishes.extend(self.tables[table].feeds.iter().filter(|feed| self.taking_part[**feed]));
        }
    }
}

/// Whether it is a foreign key of a table to itself; `parent` is the other table that it locks.
fn is_to_itself(kind: RecordKind, parent: Option<usize>) -> bool {
    kind == RecordKind::ForeignKey && parent.is_none()
}

/// When keys can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparable {
    Now,
    Later,
}

/// Counts what is not that far.
fn count(open: &mut usize, was: bool, now: bool) {
    match (was, now) {
        (false, true) => *open -= 1,
        (true, false) => *open += 1,
        _ => {}
    }
}
