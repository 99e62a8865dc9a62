//! The one thread that writes to the staging file. Steps that wait are committed together: one fsync for all of them.
//!
//! Boundary: it knows that a step has a name and makes rows and state durable, not what is in it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};
use thiserror::Error;

use super::account;
use super::coordinator::Message;
use super::failpoint::failpoint;
use super::settings::PipelineError;
use crate::staging::{StagingError, StagingWriter};

/// Steps in one transaction at most. Each can carry a chunk, so this also bounds the write-ahead log of one commit.
const STEPS: usize = 16;

/// A durable step: what it does, and what is told to the coordinator once it is durable.
pub(super) struct Step {
    /// The stage, for the failpoints around it: `<name>.storing` dies before the commit, `<name>.stored` after.
    pub(super) name: &'static str,
    pub(super) work: Work,
    /// Who waits until it is durable.
    pub(super) waits: Option<Sender<()>>,
}

type Work = Box<dyn FnOnce(&mut StagingWriter) -> Result<Message, StagingError> + Send>;

/// The store has stopped because of an error, which the coordinator hears of.
#[derive(Clone, Copy, Debug, Error)]
#[error("the staging file takes nothing any more")]
pub(super) struct NotStored;

/// Where steps are handed in. Waits while the thread is behind.
#[derive(Clone)]
pub(super) struct Store<'p> {
    steps: Sender<Step>,
    /// Steps handed in whose message is not out yet.
    pending: &'p AtomicUsize,
}

impl<'p> Store<'p> {
    pub(super) fn new(steps: Sender<Step>, pending: &'p AtomicUsize) -> Self {
        Self { steps, pending }
    }

    /// Hands a step in; `false` when the store has stopped because of an error, which the coordinator hears of.
    pub(super) fn put(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut StagingWriter) -> Result<Message, StagingError> + Send + 'static,
    ) -> bool {
        self.send(Step { name, work: Box::new(work), waits: None })
    }

    /// Hands a step in and waits until it is durable.
    pub(super) fn put_and_wait(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut StagingWriter) -> Result<(), StagingError> + Send + 'static,
    ) -> Result<(), NotStored> {
        let (waits, durable) = bounded(1);
        self.send(Step { name, work: Box::new(|writer| work(writer).map(|()| Message::Nothing)), waits: Some(waits) });
        account::handing(|| durable.recv()).map_err(|_| NotStored)
    }

    fn send(&self, step: Step) -> bool {
        self.pending.fetch_add(1, Ordering::SeqCst);
        account::handing(|| self.steps.send(step)).is_ok()
    }
}

/// Works until every [`Store`] is gone, or a step fails. A step that fails takes its whole batch back.
pub(super) fn work(
    mut writer: StagingWriter,
    steps: &Receiver<Step>,
    coordinator: &Sender<Message>,
    pending: &AtomicUsize,
) -> StagingWriter {
    while let Ok(first) = account::idle(|| steps.recv()) {
        match batch(&mut writer, first, steps) {
            Ok(messages) => {
                for (message, waits) in messages {
                    if let Some(waits) = waits {
                        // Whoever waits no more does not need to hear of it.
                        let _ = waits.send(());
                    }
                    // The coordinator may have given up already; what is durable stays durable.
                    let _ = coordinator.send(message);
                    pending.fetch_sub(1, Ordering::SeqCst);
                }
            }
            Err(error) => {
                let _ = coordinator.send(Message::Failed(PipelineError::Staging(error)));
                // Hand-ins fail from here on, and their threads stop.
                break;
            }
        }
    }
    writer
}

/// What is told of a step, and who waits until it is durable.
type Told = (Message, Option<Sender<()>>);

/// Runs a step and those that wait behind it; gives what is to be told of each now that they are durable.
fn batch(writer: &mut StagingWriter, first: Step, steps: &Receiver<Step>) -> Result<Vec<Told>, StagingError> {
    writer.begin_batch()?;
    let (mut names, mut messages) = (Vec::new(), Vec::new());
    let mut next = Some(first);
    while let Some(step) = next {
        messages.push(((step.work)(writer)?, step.waits));
        names.push(step.name);
        next = if names.len() < STEPS { steps.try_recv().ok() } else { None };
    }
    for name in &names {
        failpoint(&format!("{name}.storing"));
    }
    writer.commit_batch()?;
    for name in &names {
        failpoint(&format!("{name}.stored"));
    }
    Ok(messages)
}
