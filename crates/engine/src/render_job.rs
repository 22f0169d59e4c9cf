//! Rendering a job's mail: on the spot, or on a thread of its own if it may take long.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vestnik_model::Problem;
use vestnik_model::template::RenderLimits;

use crate::Context;
use crate::queue::Taken;
use crate::render_budget::SLOW;
use crate::run_content::Prepared;

/// Why there is no mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRendered {
    /// Something is wrong with the message, or with the recipient's values in it; the same comes of it each time.
    Wrong(Problem),
    /// The deadline passed. A busy machine needs longer for the same message, so another try may succeed.
    TooSlow(Problem),
}

/// Work that is given up at its deadline, and how long it took. The time counts from the moment when a thread begins it:
/// how long it waited for one says nothing of the message.
pub fn within<T>(
    longest: Duration,
    stop: impl Fn() -> bool,
    work: impl FnOnce(RenderLimits<'_>) -> Result<T, Problem>,
) -> (Result<T, NotRendered>, Duration) {
    let began = Instant::now();
    let is_late = || began.elapsed() >= longest;
    let is_over = || stop() || is_late();
    let done = work(RenderLimits { cancelled: Some(&is_over) });
    let done = done.map_err(|problem| match &*problem.id {
        "problem-template-cancelled" if is_late() => NotRendered::TooSlow(problem),
        _ => NotRendered::Wrong(problem),
    });
    (done, began.elapsed())
}

/// Renders a job's mail.
pub async fn render(context: &Context, job: &Arc<Taken>, full_name: &str) -> Result<Prepared, NotRendered> {
    if !job.is_apart() {
        let began = Instant::now();
        let mail = job.run.prepare(&job.claimed, full_name, RenderLimits::default());
        let took = began.elapsed();
        if took >= SLOW {
            job.rendered(took);
        }
        return mail.map_err(NotRendered::Wrong);
    }
    let (context, apart, full_name) = (context.clone(), Arc::clone(job), full_name.to_owned());
    let rendering = move || {
        let stop = || apart.run.is_halted() || context.is_stopping();
        within(context.config.longest_rendering, stop, |limits| apart.run.prepare(&apart.claimed, &full_name, limits))
    };
    match tokio::task::spawn_blocking(rendering).await {
        Ok((mail, took)) => {
            let given_up = matches!(mail, Err(NotRendered::TooSlow(_)));
            job.rendered(if given_up { took.max(SLOW) } else { took });
            mail
        }
        // The connection knows what to do about a message that panics.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is ending, and this task with it.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// What a template does between two looks at its limits.
    fn look(limits: RenderLimits<'_>) -> Result<(), Problem> {
        let is_over = limits.cancelled.is_some_and(|is_over| is_over());
        if is_over { Err(Problem::new("problem-template-cancelled")) } else { Ok(()) }
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_told_from_what_is_wrong() {
        let cancelled = Problem::new("problem-template-cancelled");
        let wrong = Problem::new("problem-template-not-number");
        let long = Duration::from_secs(10);
        let failed = |problem: &Problem| Err::<(), _>(problem.clone());
        assert_eq!(within(long, || false, look).0, Ok(()));
        assert_eq!(within(Duration::ZERO, || false, look).0, Err(NotRendered::TooSlow(cancelled.clone())));
        assert_eq!(within(long, || true, look).0, Err(NotRendered::Wrong(cancelled.clone())), "stopped by others");
        assert_eq!(within(Duration::ZERO, || false, |_| failed(&wrong)).0, Err(NotRendered::Wrong(wrong.clone())));
    }

    #[test]
    fn waiting_for_a_thread_takes_no_time_off() {
        let longest = Duration::from_secs(10);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (free, busy) = mpsc::channel::<()>();
            let other = tokio::task::spawn_blocking(move || busy.recv());
            let rendering = tokio::task::spawn_blocking(move || within(longest, || false, look));
            tokio::time::advance(6 * longest).await;
            free.send(()).unwrap();
            other.await.unwrap().unwrap();
            assert_eq!(rendering.await.unwrap(), (Ok(()), Duration::ZERO));
        });
    }
}
