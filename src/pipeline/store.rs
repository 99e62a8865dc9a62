//! The one thread that writes to the staging file. Steps that wait are committed together: one fsync for all of them.
//!
//! Boundary: it knows that a step has a name and makes rows and state durable, not what is in it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender};

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
}

type Work = Box<dyn FnOnce(&mut StagingWriter) -> Result<Message, StagingError> + Send>;

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
        self.pending.fetch_add(1, Ordering::SeqCst);
        account::handing(|| self.steps.send(Step { name, work: Box::new(work) })).is_ok()
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
                for message in messages {
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

fn batch(writer: &mut StagingWriter, first: Step, steps: &Receiver<Step>) -> Result<Vec<Message>, StagingError> {
    writer.begin_batch()?;
    let (mut names, mut messages) = (Vec::new(), Vec::new());
    let mut next = Some(first);
    while let Some(step) = next {
        messages.push((step.work)(writer)?);
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
