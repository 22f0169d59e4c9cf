//! Threads for one kind of CPU-bound work, apart from the runtime's blocking threads: a backlog of one kind does not delay
//! another. Work is refused when the queue is full.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::{Semaphore, oneshot};

/// Why a job has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full; trying again later helps.
    #[error("the queue of the worker pool is full")]
    QueueFull,
    /// The job panicked, or no thread could be started.
    #[error("the job of the worker pool failed")]
    Failed,
}

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads with a bounded queue. The threads end when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct WorkerPool {
    jobs: mpsc::Sender<Job>,
    places: Arc<Semaphore>,
}

impl WorkerPool {
    /// `places` bounds the jobs that run or wait.
    pub fn new(name: &str, threads: usize, places: usize) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = queue.clone();
            let next = move || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let work = move || {
                while let Ok(job) = next() {
                    job();
                }
            };
            if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(work) {
                tracing::error!(%error, name, "could not start a worker thread");
            }
        }
        Self { jobs, places: Arc::new(Semaphore::new(places)) }
    }

    /// Runs a job on one of the threads. A job whose future was dropped before it began is skipped; once begun, it runs to
    /// its end and occupies its place until then.
    ///
    /// # Errors
    /// The queue is full, or the job panicked.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PoolError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| PoolError::QueueFull)?;
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                // A panic drops the sender; the thread goes on with the next job.
                if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                    let _ = answer.send(done);
                }
            }
            drop(place);
        };
        self.jobs.send(Box::new(job)).map_err(|_| PoolError::Failed)?;
        answered.await.map_err(|_| PoolError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_are_refused_when_the_queue_is_full() {
        let pool = WorkerPool::new("test", 1, 2);
        let (begun, is_begun) = oneshot::channel();
        let (go_on, held) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move {
                let work = move || {
                    let _ = begun.send(());
                    held.recv().is_ok()
                };
                pool.run(work).await
            }
        });
        is_begun.await.unwrap();
        // Waits behind the first, until its visitor goes away.
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(|| panic!("nobody waits for this")).await }
        });
        while pool.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| ()).await, Err(PoolError::QueueFull));
        second.abort();
        assert!(second.await.is_err());
        go_on.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        while pool.places.available_permits() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| panic!("a mistake")).await.map(|()| 0), Err(PoolError::Failed));
        assert_eq!(pool.run(|| 5).await, Ok(5), "the thread goes on");
    }

    #[test]
    fn does_not_depend_on_the_blocking_threads_of_the_runtime() {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
        let (go_on, held) = mpsc::channel::<()>();
        runtime.block_on(async {
            let blocked = tokio::task::spawn_blocking(move || held.recv().is_ok());
            assert_eq!(WorkerPool::new("test", 1, 1).run(|| 5).await, Ok(5));
            go_on.send(()).unwrap();
            assert!(blocked.await.unwrap());
        });
    }
}
