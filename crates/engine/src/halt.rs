//! Runs that were paused or called off, here or by another process: what is claimed of them goes back, and connections
//! that hold one of their messages let go of it.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use vestnik_model::id::RunId;
use vestnik_store::{Result, runs};

use crate::Context;
use crate::claimer::give_back;
use crate::run_content::RunContent;

/// How often runs are looked at when nobody calls. Stop means stop: within two seconds, also if the call is lost.
const LOOK: Duration = Duration::from_millis(500);

/// Whether a run was paused or cancelled, for the connections that hold its messages.
#[derive(Debug, Default)]
pub struct HaltFlag {
    is_set: AtomicBool,
    changed: Notify,
}

impl HaltFlag {
    /// Sets it and wakes whoever waits. `true`: it was not set before.
    pub fn set(&self) -> bool {
        let first = !self.is_set.swap(true, Ordering::SeqCst);
        self.changed.notify_waiters();
        first
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }

    /// Waits until it is set.
    pub async fn wait(&self) {
        let mut changed = pin!(self.changed.notified());
        // Registered before the look, so that a call between the look and the wait is not lost.
        changed.as_mut().enable();
        if !self.is_set() {
            changed.await;
        }
    }
}

/// What the runs send that deliveries are claimed of.
#[derive(Default)]
pub struct Contents(Mutex<HashMap<RunId, Arc<RunContent>>>);

impl Contents {
    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Arc<RunContent>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a run sends, if it is known.
    pub fn get(&self, run: RunId) -> Option<Arc<RunContent>> {
        self.lock().get(&run).cloned()
    }

    /// Keeps what a run sends.
    pub fn keep(&self, content: &Arc<RunContent>) {
        self.lock().insert(content.id, Arc::clone(content));
    }
}

/// Runs until the process stops.
pub async fn run(context: Context) {
    while !context.is_stopping() {
        let called = context.db.signals().control.notified();
        if let Err(error) = turn(&context).await {
            tracing::error!(%error, "it could not be seen which runs go on");
        }
        tokio::select! {
            () = called => {}
            _ = context.sleep(LOOK) => {}
        }
    }
}

async fn turn(context: &Context) -> Result<()> {
    let known: Vec<RunId> = context.contents.lock().keys().copied().collect();
    let halted = runs::halted(&context.db, &known).await?;
    for run in &halted {
        // One that goes on later is known anew; this one stays halted for whoever still holds it.
        if let Some(content) = context.contents.lock().remove(run) {
            content.halt();
        }
    }
    if !halted.is_empty() {
        for job in context.queue.remove(&halted) {
            give_back(context, &job, None).await;
        }
    }
    Ok(())
}
