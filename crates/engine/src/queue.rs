//! Claimed deliveries that wait for a connection, with fair turns between runs: whoever takes a job gets it from the
//! run whose turn it is, so that ten letters need not wait for a million.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use vestnik_model::id::RunId;
use vestnik_store::deliveries::Claimed;

use crate::run_content::RunContent;

/// A delivery to be sent.
#[derive(Debug)]
pub struct Job {
    /// The claim.
    pub claimed: Claimed,
    /// What its run sends.
    pub run: Arc<RunContent>,
}

/// The jobs of one run.
struct Line {
    run: RunId,
    jobs: VecDeque<Job>,
}

#[derive(Default)]
struct Lines {
    /// The line at the front has the next turn.
    lines: VecDeque<Line>,
    length: usize,
    /// Connections that have nothing to do.
    waiting: usize,
}

impl Lines {
    fn take(&mut self) -> Option<Job> {
        let mut line = self.lines.pop_front()?;
        let job = line.jobs.pop_front();
        if !line.jobs.is_empty() {
            self.lines.push_back(line);
        }
        self.length -= usize::from(job.is_some());
        job
    }
}

/// See the module.
#[derive(Default)]
pub struct Queue {
    lines: Mutex<Lines>,
    filled: Notify,
    drained: Notify,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        // Nothing panics while it is held; should it, the lines are still lines.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds jobs of one run.
    pub fn push(&self, run: RunId, jobs: impl IntoIterator<Item = Job>) {
        let mut lines = self.lock();
        let before = lines.length;
        let index = lines.lines.iter().position(|line| line.run == run).unwrap_or_else(|| {
            lines.lines.push_back(Line { run, jobs: VecDeque::new() });
            lines.lines.len() - 1
        });
        let line = &mut lines.lines[index];
        let length = line.jobs.len();
        line.jobs.extend(jobs);
        let added = line.jobs.len() - length;
        if line.jobs.is_empty() {
            lines.lines.remove(index);
        }
        lines.length = before + added;
        let wake = added.min(lines.waiting);
        drop(lines);
        for _ in 0..wake {
            self.filled.notify_one();
        }
    }

    /// The next job; waits for one.
    pub async fn take(&self) -> Job {
        loop {
            let mut filled = pin!(self.filled.notified());
            // Registered before the look, or else a push between the look and the wait could wake one of several.
            filled.as_mut().enable();
            {
                let mut lines = self.lock();
                if let Some(job) = lines.take() {
                    drop(lines);
                    self.drained.notify_one();
                    return job;
                }
                lines.waiting += 1;
            }
            let waiting = Waiting(self);
            filled.await;
            drop(waiting);
        }
    }

    /// The job after the one at hand, whose commands may ride along with it; `None` while another connection has
    /// nothing to do and would begin it sooner.
    pub fn take_ahead(&self) -> Option<Job> {
        let mut lines = self.lock();
        let job = if lines.length > lines.waiting { lines.take() } else { None };
        drop(lines);
        if job.is_some() {
            self.drained.notify_one();
        }
        job
    }

    /// Whether jobs of this run wait.
    pub fn has(&self, run: RunId) -> bool {
        self.lock().lines.iter().any(|line| line.run == run)
    }

    /// How many jobs wait.
    pub fn len(&self) -> usize {
        self.lock().length
    }

    /// Whether no job waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until a job has been taken since the last call.
    pub async fn drained(&self) {
        self.drained.notified().await;
    }

    /// Takes all jobs away.
    pub fn clear(&self) -> Vec<Job> {
        let mut lines = self.lock();
        lines.length = 0;
        lines.lines.drain(..).flat_map(|line| line.jobs).collect()
    }
}

/// Counts a connection as waiting until it is dropped, also when its wait is cut short.
struct Waiting<'a>(&'a Queue);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}
