//! Scheduling delays of this process: how long a probe waits for the runtime, for one of its blocking threads, for the
//! password pool, and for a database connection for short reads. A delay above the limit makes `/readyz` answer 503, so
//! that a load balancer sends visitors to other nodes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};
use vestnik_store::Db;

use crate::password::Passwords;

/// Interval between two probes of a resource.
const EVERY: Duration = Duration::from_millis(500);
/// A longer delay makes the process not ready.
pub const LIMIT: Duration = Duration::from_secs(2);

/// What is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// The runtime: how late a task is woken.
    Runtime,
    /// The runtime's blocking threads.
    BlockingThreads,
    /// The pool that hashes and checks passwords.
    Passwords,
    /// The database connections for short reads.
    Database,
}

impl Resource {
    const ALL: [Self; 4] = [Self::Runtime, Self::BlockingThreads, Self::Passwords, Self::Database];

    /// What `/readyz` answers when its delay is above the limit.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Runtime => "overloaded: tasks wait for the runtime",
            Self::BlockingThreads => "overloaded: blocking work waits for a thread",
            Self::Passwords => "overloaded: passwords wait to be checked",
            Self::Database => "overloaded: reads wait for the database",
        }
    }
}

/// A probe of one resource.
enum Task<'a> {
    Blocking,
    Password(&'a Passwords),
    Read(&'a Db),
}

impl Task<'_> {
    fn resource(&self) -> Resource {
        match self {
            Self::Blocking => Resource::BlockingThreads,
            Self::Password(_) => Resource::Passwords,
            Self::Read(_) => Resource::Database,
        }
    }

    async fn is_done(&self) -> bool {
        match self {
            Self::Blocking => tokio::task::spawn_blocking(|| ()).await.is_ok(),
            // A full queue counts as waiting.
            Self::Password(passwords) => passwords.probe().await.is_ok(),
            Self::Read(db) => {
                // An error is no delay; `/readyz` queries the database itself.
                let _ = db.micros().await;
                true
            }
        }
    }
}

/// Delay of a resource.
#[derive(Debug, Clone, Copy, Default)]
struct Delay {
    /// When the probe in progress began to wait; `None`: no probe is in progress.
    since: Option<Instant>,
    /// How long the last probe waited.
    last: Duration,
}

impl Delay {
    fn delay(&self, now: Instant) -> Duration {
        self.last.max(self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)))
    }
}

/// The delays of all resources. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Delays(Arc<Mutex<[Delay; 4]>>);

impl Delays {
    /// The first resource whose delay is above the limit. A probe that still waits counts.
    pub fn starved(&self, now: Instant) -> Option<Resource> {
        let probes = self.lock();
        Resource::ALL.into_iter().find(|resource| probes[*resource as usize].delay(now) > LIMIT)
    }

    /// A probe begins to wait at this time, which may lie ahead.
    pub(crate) fn begin(&self, resource: Resource, since: Instant) {
        self.lock()[resource as usize].since = Some(since);
    }

    /// The probe has ended.
    pub(crate) fn end(&self, resource: Resource, now: Instant) {
        let probe = &mut self.lock()[resource as usize];
        let waited = probe.since.take().map(|since| now.saturating_duration_since(since));
        probe.last = waited.unwrap_or_default();
    }

    fn lock(&self) -> MutexGuard<'_, [Delay; 4]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Probes all resources until it is dropped. `passwords` is `None` in processes that check none.
    pub async fn watch(&self, db: &Db, passwords: Option<&Passwords>) {
        let probe = |task| self.probe(task);
        let passwords = async {
            if let Some(passwords) = passwords {
                probe(Task::Password(passwords)).await;
            }
        };
        tokio::join!(self.watch_runtime(), passwords, probe(Task::Read(db)), probe(Task::Blocking));
    }

    /// Probes one resource until it is dropped.
    async fn probe(&self, task: Task<'_>) {
        let resource = task.resource();
        loop {
            self.begin(resource, Instant::now());
            while !task.is_done().await {
                sleep(EVERY).await;
            }
            self.end(resource, Instant::now());
            sleep(EVERY).await;
        }
    }

    /// Measures how late the runtime wakes a task.
    async fn watch_runtime(&self) {
        loop {
            let due = Instant::now() + EVERY;
            self.begin(Resource::Runtime, due);
            sleep_until(due).await;
            tokio::task::yield_now().await;
            self.end(Resource::Runtime, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use vestnik_store::testing::TestDatabase;

    use super::*;

    #[test]
    fn resource_is_starved_until_a_probe_ends_in_time() {
        let (delays, began) = (Delays::default(), Instant::now());
        let at = |millis| began + Duration::from_millis(millis);
        assert_eq!(delays.starved(at(0)), None);
        delays.begin(Resource::Database, at(0));
        assert_eq!(delays.starved(at(2_000)), None);
        assert_eq!(delays.starved(at(2_001)), Some(Resource::Database), "it still waits");
        delays.end(Resource::Database, at(5_000));
        assert_eq!(delays.starved(at(5_001)), Some(Resource::Database), "it has waited");
        delays.begin(Resource::Database, at(5_500));
        delays.end(Resource::Database, at(5_510));
        assert_eq!(delays.starved(at(5_511)), None);
        // A task that is due later is not late.
        delays.begin(Resource::Runtime, at(10_000));
        assert_eq!(delays.starved(at(9_000)), None);
        assert_eq!(delays.starved(at(12_001)), Some(Resource::Runtime));
    }

    #[test]
    fn notices_that_all_blocking_threads_are_busy() {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let database = TestDatabase::sqlite();
            let db = database.open().await;
            let (go_on, held) = mpsc::channel::<()>();
            let (begun, is_begun) = tokio::sync::oneshot::channel();
            let blocked = tokio::task::spawn_blocking(move || {
                let _ = begun.send(());
                held.recv().is_ok()
            });
            is_begun.await.unwrap();
            let delays = Delays::default();
            let waits = |resource: Resource| delays.lock()[resource as usize].since.is_some();
            let until = async |is: bool| {
                while waits(Resource::BlockingThreads) != is {
                    tokio::task::yield_now().await;
                }
            };
            let look = async {
                until(true).await;
                // Probes of other resources end meanwhile; this one does not.
                sleep(EVERY * 2).await;
                assert!(waits(Resource::BlockingThreads));
                go_on.send(()).unwrap();
                until(false).await;
            };
            tokio::select! {
                () = delays.watch(&db, None) => unreachable!("it watches for ever"),
                () = look => {}
            }
            assert!(blocked.await.unwrap());
            db.close().await;
            database.remove().await;
        });
    }
}
