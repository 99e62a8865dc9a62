//! What the threads of a run spend their time on. Boundary: measures and adds up; the clock is the staging file's, what it says about a
//! run is told by `report`.
//!
//! A thread notes only what it waits for inside the program. The system says how long it computed and how long it was ready and had no
//! processor; what is left of its time it waited for the outside: a server, or the disk under the staging file.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use crate::staging::Moment;

/// A kind of thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Reads the source.
    Read,
    /// Transforms chunks.
    Transform,
    /// Writes the staging file.
    Store,
    /// Fills the target, and puts its constraints back.
    Load,
}

impl Role {
    /// All of them, in the order of the data's way.
    pub const ALL: [Self; 4] = [Self::Read, Self::Transform, Self::Store, Self::Load];

    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Transform => "transform",
            Self::Store => "store",
            Self::Load => "load",
        }
    }
}

/// What the threads of one kind did with their time: microseconds, summed over the threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Threads.
    pub threads: u64,
    /// From their beginning to their end.
    pub wall: u64,
    /// Computing; `None` where the system does not say.
    pub cpu: Option<u64>,
    /// Ready to compute, while the processors were busy with something else; `None` where the system does not say.
    pub ready: Option<u64>,
    /// Without anything to do.
    pub idle: u64,
    /// Waiting until the staging file's thread took what was done.
    pub handing: u64,
    /// Of the rest, putting constraints back, with sequences and statistics.
    pub finishing: u64,
    /// Bytes of tuples that were read, made, stored or sent; packed, where they are stored.
    pub bytes: u64,
}

impl Usage {
    /// Waiting for a server or a disk: what is not told otherwise.
    pub fn outside(&self) -> u64 {
        let known = self.cpu.unwrap_or(0) + self.ready.unwrap_or(0) + self.idle + self.handing;
        self.wall.saturating_sub(known)
    }

    fn add(&mut self, other: &Self) {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a.unwrap_or(0) + b?);
        *self = Self {
            threads: self.threads,
            wall: self.wall + other.wall,
            cpu: sum(self.cpu, other.cpu),
            ready: sum(self.ready, other.ready),
            idle: self.idle + other.idle,
            handing: self.handing + other.handing,
            finishing: self.finishing + other.finishing,
            bytes: self.bytes + other.bytes,
        };
    }
}

/// What a thread notes itself; microseconds and bytes.
#[derive(Clone, Copy, Default)]
struct Noted {
    idle: u64,
    handing: u64,
    finishing: u64,
    busy: u64,
    bytes: u64,
}

/// When a thread's account began, and what the system said of the thread then.
#[derive(Clone, Copy)]
struct Began {
    at: Moment,
    scheduled: Option<(u64, u64)>,
}

thread_local! {
    static BEGAN: Cell<Option<Began>> = const { Cell::new(None) };
    static NOTED: Cell<Noted> = const { Cell::new(Noted { idle: 0, handing: 0, finishing: 0, busy: 0, bytes: 0 }) };
}

/// Begins the account of this thread.
pub(super) fn open() {
    BEGAN.set(Some(Began { at: Moment::now(), scheduled: scheduled() }));
    NOTED.set(Noted::default());
}

fn timed<T>(work: impl FnOnce() -> T, note: impl FnOnce(&mut Noted) -> &mut u64) -> T {
    let since = Moment::now();
    let done = work();
    let mut noted = NOTED.get();
    *note(&mut noted) += Moment::now().micros_since(since);
    NOTED.set(noted);
    done
}

/// Waits for something to do.
pub(super) fn idle<T>(wait: impl FnOnce() -> T) -> T {
    timed(wait, |noted| &mut noted.idle)
}

/// Waits for the staging file's thread.
pub(super) fn handing<T>(wait: impl FnOnce() -> T) -> T {
    timed(wait, |noted| &mut noted.handing)
}

/// Puts constraints back.
pub(super) fn finishing<T>(work: impl FnOnce() -> T) -> T {
    timed(work, |noted| &mut noted.finishing)
}

/// Does a piece of work on a thread whose waiting for the next one is not ours.
pub(super) fn busy<T>(work: impl FnOnce() -> T) -> T {
    timed(work, |noted| &mut noted.busy)
}

/// Notes bytes that went through this thread.
pub(super) fn bytes(some: usize) {
    let mut noted = NOTED.get();
    noted.bytes += some as u64;
    NOTED.set(noted);
}

/// The account of a run.
#[derive(Debug, Default)]
pub(super) struct Account(Mutex<[Usage; Role::ALL.len()]>);

impl Account {
    /// So many threads of a kind are at work together.
    pub(super) fn count(&self, role: Role, threads: usize) {
        let mut usages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        usages[role as usize].threads = usages[role as usize].threads.max(threads as u64);
    }

    /// Does a thread's work from its beginning to its end.
    pub(super) fn of<T>(&self, role: Role, work: impl FnOnce() -> T) -> T {
        open();
        let done = work();
        self.close(role);
        done
    }

    /// Ends the account of this thread.
    pub(super) fn close(&self, role: Role) {
        let Some(began) = BEGAN.take() else { return };
        let noted = NOTED.get();
        let spent = began.scheduled.zip(scheduled()).map(|(before, now)| (now.0 - before.0, now.1 - before.1));
        let wall = Moment::now().micros_since(began.at);
        let usage = Usage {
            threads: 0,
            wall,
            cpu: spent.map(|(cpu, _)| cpu / 1000),
            ready: spent.map(|(_, ready)| ready / 1000),
            idle: noted.idle + if noted.busy > 0 { wall.saturating_sub(noted.busy) } else { 0 },
            handing: noted.handing,
            finishing: noted.finishing,
            bytes: noted.bytes,
        };
        let mut usages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        usages[role as usize].add(&usage);
    }

    /// What there is so far.
    pub(super) fn usages(&self) -> Vec<(Role, Usage)> {
        let usages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Role::ALL.into_iter().zip(*usages).filter(|(_, usage)| usage.wall > 0).collect()
    }
}

/// Nanoseconds that this thread computed, and that it was ready and waited for a processor: the first two numbers of Linux's
/// `/proc/thread-self/schedstat`. Elsewhere there is no such file.
fn scheduled() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
