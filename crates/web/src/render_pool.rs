//! Renders users' messages for pages (previews, reviews, checks before saving, test emails) on a few threads of its own.
//!
//! Users write the templates, and some write slow ones. Rendering shares no threads with anything else, so it cannot hold
//! up a login or a database; users take turns, each with one rendering at a time; and a rendering ends at its deadline,
//! or when the visitor who waits for it has gone.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use axum::http::StatusCode;
use tokio::{sync::oneshot, time::Instant};
use vestnik_model::{Problem, Problems, id::UserId, template::RenderLimits};

/// Renderings at once, of all users together.
const THREADS: usize = 2;
/// Renderings of one user that may wait. A page asks for one, and people have few pages open.
pub(crate) const WAITING_OF_ONE: usize = 4;
/// Renderings that may wait in all.
const WAITING: usize = 256;
/// How long one rendering may take. A newsletter takes a few milliseconds.
const LONGEST: Duration = Duration::from_secs(2);

/// Why nothing was rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRendered {
    /// This user's renderings wait already.
    TooMany,
    /// Everyone's together are too many.
    Busy,
    /// The renderer panicked.
    Failed,
}

impl NotRendered {
    /// In words, for the place where the message would stand.
    pub(crate) fn problem(self) -> Problem {
        Problem::new(match self {
            Self::TooMany => "problem-render-too-many",
            Self::Busy => "problem-render-busy",
            Self::Failed => "problem-render-failed",
        })
    }

    /// The same, at a form's field.
    pub(crate) fn problems(self, field: &'static str) -> Problems {
        Problems::one(field, self.problem())
    }
}

/// The status of an answer that shows these problems: what a person has to mend (422), or to try again (429, 503).
pub(crate) fn status_of(problems: &Problems) -> StatusCode {
    let is = |refused: NotRendered| problems.iter().any(|(_, problem)| *problem == refused.problem());
    if is(NotRendered::TooMany) {
        StatusCode::TOO_MANY_REQUESTS
    } else if is(NotRendered::Busy) || is(NotRendered::Failed) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

/// Tells a rendering when to end.
#[derive(Debug, Clone)]
pub(crate) struct Cancel {
    gone: Arc<AtomicBool>,
    deadline: Instant,
}

impl Cancel {
    /// Whether it is time to end.
    pub(crate) fn is_due(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }

    /// Does some rendering within these limits.
    pub(crate) fn within<T>(&self, render: impl FnOnce(RenderLimits<'_>) -> T) -> T {
        let cancelled = || self.is_due();
        render(RenderLimits { cancelled: Some(&cancelled) })
    }
}

/// Sets its flag when the visitor who waits is gone.
struct Waiter(Arc<AtomicBool>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Job {
    gone: Arc<AtomicBool>,
    work: Box<dyn FnOnce(&Cancel) + Send>,
}

/// One user's renderings.
struct Turn {
    user: UserId,
    waiting: VecDeque<Job>,
    /// Whether one of them is being rendered.
    running: bool,
}

#[derive(Default)]
struct State {
    /// Users with renderings; those at the front have the next turn.
    turns: VecDeque<Turn>,
    waiting: usize,
    closing: bool,
}

impl State {
    /// The rendering whose turn it is.
    fn take(&mut self) -> Option<(UserId, Job)> {
        let at = self.turns.iter().position(|turn| !turn.running && !turn.waiting.is_empty())?;
        let mut turn = self.turns.remove(at)?;
        let job = turn.waiting.pop_front()?;
        self.waiting -= 1;
        turn.running = true;
        let user = turn.user;
        self.turns.push_back(turn);
        Some((user, job))
    }

    fn done(&mut self, user: UserId) {
        for turn in self.turns.iter_mut().filter(|turn| turn.user == user) {
            turn.running = false;
        }
        self.turns.retain(|turn| turn.running || !turn.waiting.is_empty());
    }

    /// Takes a rendering up, or refuses it. Those whose visitor has gone make room.
    fn push(&mut self, user: UserId, job: Job) -> Result<(), NotRendered> {
        let mut waiting = 0;
        for turn in &mut self.turns {
            turn.waiting.retain(|job| !job.gone.load(Ordering::Relaxed));
            waiting += turn.waiting.len();
        }
        self.waiting = waiting;
        let at = self.turns.iter().position(|turn| turn.user == user);
        if at.is_some_and(|at| self.turns[at].waiting.len() >= WAITING_OF_ONE) {
            return Err(NotRendered::TooMany);
        }
        if self.waiting >= WAITING {
            return Err(NotRendered::Busy);
        }
        self.waiting += 1;
        match at {
            Some(at) => self.turns[at].waiting.push_back(job),
            None => self.turns.push_back(Turn { user, waiting: VecDeque::from([job]), running: false }),
        }
        Ok(())
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    pushed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        while !state.closing {
            let Some((user, job)) = state.take() else {
                state = self.pushed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            if !job.gone.load(Ordering::Relaxed) {
                let cancel = Cancel { gone: job.gone, deadline: Instant::now() + LONGEST };
                // Whoever waits sees that no answer comes.
                if catch_unwind(AssertUnwindSafe(|| (job.work)(&cancel))).is_err() {
                    tracing::error!(%user, "the renderer panicked");
                }
            }
            state = self.lock();
            state.done(user);
            // This user's next one may be what another thread is waiting for.
            self.pushed.notify_one();
        }
    }
}

/// The threads, and what waits for them. They end with the last of whoever holds the pool.
pub struct RenderPool {
    shared: Arc<Shared>,
}

impl Default for RenderPool {
    fn default() -> Self {
        let shared = Arc::new(Shared::default());
        for number in 0..THREADS {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(format!("render-{number}"));
            if let Err(error) = thread.spawn(move || shared.work()) {
                tracing::error!(%error, "could not start a thread that renders messages");
            }
        }
        Self { shared }
    }
}

impl Drop for RenderPool {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.pushed.notify_all();
    }
}

impl RenderPool {
    /// Does some rendering of a user's when it is their turn. What takes long has to look at [`Cancel`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        user: UserId,
        work: impl FnOnce(&Cancel) -> T + Send + 'static,
    ) -> Result<T, NotRendered> {
        let waiter = Waiter(Arc::default());
        let (answer, answered) = oneshot::channel();
        let work = Box::new(move |cancel: &Cancel| {
            // A visitor who has gone hears nothing.
            let _ = answer.send(work(cancel));
        });
        self.shared.lock().push(user, Job { gone: Arc::clone(&waiter.0), work })?;
        self.shared.pushed.notify_one();
        answered.await.map_err(|_| NotRendered::Failed)
    }

    /// How many renderings wait for their turn.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.shared.lock().waiting
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const ANNA: UserId = UserId(1);
    const BORIS: UserId = UserId(2);

    /// A rendering that goes on until it is let go.
    struct Held {
        letting_go: mpsc::Sender<()>,
        done: tokio::task::JoinHandle<Result<bool, NotRendered>>,
    }

    /// Begins one; comes back when it is running.
    async fn hold(pool: &Arc<RenderPool>, user: UserId) -> Held {
        let (letting_go, held) = mpsc::channel();
        let (began, running) = oneshot::channel();
        let pool = Arc::clone(pool);
        let done = tokio::spawn(async move {
            pool.run(user, move |cancel| {
                let _ = began.send(());
                let _ = held.recv();
                cancel.gone.load(Ordering::Relaxed)
            })
            .await
        });
        running.await.expect("it runs");
        Held { letting_go, done }
    }

    async fn until(pool: &RenderPool, so: impl Fn(&State) -> bool) {
        while !so(&pool.shared.lock()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn queue(pool: &Arc<RenderPool>, user: UserId) -> tokio::task::JoinHandle<Result<u32, NotRendered>> {
        let pool = Arc::clone(pool);
        tokio::spawn(async move { pool.run(user, |_| 1).await })
    }

    #[tokio::test]
    async fn one_users_renderings_leave_a_thread_to_the_others() {
        let pool = Arc::new(RenderPool::default());
        let held = hold(&pool, ANNA).await;
        let waiting: Vec<_> = (0..WAITING_OF_ONE).map(|_| queue(&pool, ANNA)).collect();
        until(&pool, |state| state.waiting == WAITING_OF_ONE).await;
        assert_eq!(pool.run(ANNA, |_| 1).await, Err(NotRendered::TooMany));
        for n in 0..100 {
            assert_eq!(pool.run(BORIS, move |_| n).await, Ok(n));
        }
        assert!(waiting.iter().all(|one| !one.is_finished()), "a user has one at a time");
        held.letting_go.send(()).expect("it waits");
        assert_eq!(held.done.await.expect("a task"), Ok(false));
        for one in waiting {
            assert_eq!(one.await.expect("a task"), Ok(1));
        }
        assert!(pool.shared.lock().turns.is_empty(), "nothing is kept of users who have none");
    }

    #[tokio::test]
    async fn a_visitor_who_leaves_cancels_their_rendering() {
        let pool = Arc::new(RenderPool::default());
        let held = hold(&pool, ANNA).await;
        let waiting = queue(&pool, ANNA);
        until(&pool, |state| state.waiting == 1).await;
        waiting.abort();
        let _ = waiting.await;
        // What waited makes room for others,
        let others: Vec<_> = (0..WAITING_OF_ONE).map(|_| queue(&pool, ANNA)).collect();
        until(&pool, |state| state.waiting == WAITING_OF_ONE).await;
        // and what runs is told.
        let (told, tells) = mpsc::channel();
        let (began, running) = oneshot::channel();
        let boris = {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move {
                pool.run(BORIS, move |cancel| {
                    let _ = began.send(());
                    while !cancel.gone.load(Ordering::Relaxed) {
                        thread::yield_now();
                    }
                    let _ = told.send(cancel.is_due());
                })
                .await
            })
        };
        running.await.expect("it runs");
        boris.abort();
        let is_due = tokio::task::spawn_blocking(move || tells.recv()).await.expect("a task");
        assert_eq!(is_due, Ok(true));
        held.letting_go.send(()).expect("it waits");
        for one in others {
            assert_eq!(one.await.expect("a task"), Ok(1));
        }
    }

    #[tokio::test]
    async fn a_rendering_that_panics_takes_nothing_with_it() {
        let pool = Arc::new(RenderPool::default());
        for _ in 0..THREADS + 1 {
            let panicked: Result<(), _> = pool.run(ANNA, |_| panic!("on purpose")).await;
            assert_eq!(panicked, Err(NotRendered::Failed));
        }
        assert_eq!(pool.run(ANNA, |_| 1).await, Ok(1));
    }

    #[test]
    fn users_take_turns_and_all_together_are_bounded() {
        let mut state = State::default();
        let job = || Job { gone: Arc::default(), work: Box::new(|_| {}) };
        for user in [1, 1, 1, 2, 3] {
            state.push(UserId(user), job()).expect("room");
        }
        let mut order = Vec::new();
        while let Some((user, _)) = state.take() {
            order.push(user.0);
            state.done(user);
        }
        assert_eq!(order, [1, 2, 3, 1, 1]);
        for user in 0..WAITING as i64 {
            state.push(UserId(user), job()).expect("room");
        }
        assert_eq!(state.push(UserId(-1), job()), Err(NotRendered::Busy));
    }

    #[test]
    fn the_deadline_ends_a_rendering() {
        let due = |deadline| Cancel { gone: Arc::default(), deadline }.is_due();
        let now = Instant::now();
        assert!(due(now));
        assert!(!due(now + Duration::from_secs(3_600)));
        let cancel = Cancel { gone: Arc::default(), deadline: now };
        assert!(cancel.within(|limits| limits.cancelled.is_some_and(|cancelled| cancelled())));
    }
}
