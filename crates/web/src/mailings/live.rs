//! Progress as it happens (S-21): one stream of server-sent events a page.
//!
//! The tables are the truth: the stream looks at them twice a second while something goes on and seldom otherwise, and
//! sends a part of the page only when it has changed. A stream ends after some minutes and the browser opens the next
//! one, so that whoever has been signed out meanwhile gets none.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use vestnik_model::{
    Actor, UnixMillis,
    id::MailingId,
    mailing::MailingStatus,
    run::{Counts, Run, RunState},
    user::Language,
};
use vestnik_store::{mailings, runs};

use super::{
    progress::{RateMeter, RunView, TroubleView, overall_rate},
    show::{LiveView, RUNS},
};
use crate::{dashboard, error::Error, form::Path, page::fragment, session::CurrentUser, state::AppState, visit::Visit};

/// Between two looks while something goes on: at most two updates a second.
const OFTEN: Duration = Duration::from_millis(500);
/// Between two looks while nothing does.
const SELDOM: Duration = Duration::from_secs(2);
/// How long one stream lasts.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

type Events = Sse<axum::response::sse::KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>>;

/// Runs as they stand, a mailing's status with its next firing, and mail servers in trouble.
type Key = (Vec<(i64, RunState, Counts)>, Option<(MailingStatus, Option<UnixMillis>)>, Vec<TroubleView>);

/// A part of a page as the stream renders it; in the page it is the variable `live`, too.
#[derive(Debug, Serialize)]
pub(crate) struct Live<'a, T> {
    pub(crate) live: &'a T,
}

/// What one look found.
struct Look {
    /// What of it makes a difference to the page; nothing is sent while it stays the same.
    key: Key,
    html: String,
    /// Whether to look again soon.
    busy: bool,
}

/// Something that is looked at again and again. A trait and not a closure, because a closure cannot promise yet that
/// what it returns may move between threads.
trait Watch: Send + 'static {
    /// Looks. `None`: there is nothing to look at any more.
    fn look(&mut self, app: &AppState) -> impl Future<Output = Result<Option<Look>, Error>> + Send;
}

struct WatchMailing {
    actor: Actor,
    language: Language,
    id: MailingId,
    meter: RateMeter,
}

struct WatchAll {
    actor: Actor,
    language: Language,
    time_zone: String,
}

/// The stream of a mailing's page.
pub(crate) async fn mailing(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Events, Error> {
    mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let (actor, language) = (user.actor.clone(), visit.language);
    Ok(stream(app, WatchMailing { actor, language, id, meter: RateMeter::default() }))
}

/// The stream of the overview: everything that is being sent.
pub(crate) async fn everything(State(app): State<AppState>, visit: Visit, user: CurrentUser) -> Result<Events, Error> {
    let time_zone = user.user.time_zone.clone();
    Ok(stream(app, WatchAll { actor: user.actor.clone(), language: visit.language, time_zone }))
}

impl Watch for WatchMailing {
    async fn look(&mut self, app: &AppState) -> Result<Option<Look>, Error> {
        let id = self.id;
        let Some(mailing) = mailings::find(&app.db, &self.actor, id).await? else { return Ok(None) };
        let found = runs::of_mailing(&app.db, &self.actor, id, RUNS).await?;
        let now = app.now();
        let shown = found.first().map(|run| {
            // Only while it goes out: the seconds before would make it look slow.
            let rate = match run.state {
                RunState::Expanding | RunState::Sending => self.meter.look(run.counts.done(), now),
                RunState::Planned | RunState::Completed | RunState::Cancelled | RunState::Missed => None,
            };
            let rate = rate.or_else(|| overall_rate(run, now));
            RunView::of(run, &mailing.name, rate, now)
        });
        let busy = shown.as_ref().is_some_and(|run| run.live);
        let view = LiveView::of(app, &mailing, &found, shown).await?;
        let part = |template| fragment(self.language, template, &Live { live: &view });
        let head = partial(&format!("mailing-{id}-head"), &part("mailings/head.html")?);
        let html = head + &partial(&format!("mailing-{id}-live"), &part("mailings/live.html")?);
        let run = found.first().map(key).into_iter().collect();
        Ok(Some(Look { key: (run, Some((mailing.status, mailing.next_at)), view.troubles), html, busy }))
    }
}

impl Watch for WatchAll {
    async fn look(&mut self, app: &AppState) -> Result<Option<Look>, Error> {
        let live = dashboard::live_runs(app, &self.actor, &self.time_zone).await?;
        let html = fragment(self.language, "dashboard/live.html", &Live { live: &live })?;
        let html = partial("dashboard-live", &html);
        Ok(Some(Look { busy: !live.runs.is_empty(), key: (live.key, None, live.troubles), html }))
    }
}

/// What of a run makes a difference to a page.
pub(crate) fn key(run: &Run) -> (i64, RunState, Counts) {
    (run.id.0, run.state, run.counts)
}

/// One part of a page for htmx, which puts it in the place of the element with that id.
fn partial(id: &str, html: &str) -> String {
    format!("<hx-partial hx-target=\"#{id}\" hx-swap=\"outerMorph\">{html}</hx-partial>")
}

/// Looks again and again, and sends what has changed, until the browser goes away, the time is up, or the service ends.
fn stream(app: AppState, mut watch: impl Watch) -> Events {
    let (events, received) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut closing = app.closing();
        let end = tokio::time::sleep(LIFETIME);
        tokio::pin!(end);
        let mut shown = None;
        let mut number = 0_u64;
        loop {
            let wait = match watch.look(&app).await {
                Ok(Some(found)) => {
                    let changed = shown.as_ref() != Some(&found.key);
                    shown = Some(found.key);
                    if changed {
                        number += 1;
                        let event = Event::default().id(number.to_string()).data(found.html);
                        if events.send(Ok(event)).await.is_err() {
                            return;
                        }
                    }
                    if found.busy { OFTEN } else { SELDOM }
                }
                // The mailing is gone.
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(?error, "a look at the progress failed");
                    SELDOM
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = &mut end => return,
                () = events.closed() => return,
                _ = closing.wait_for(|closing| *closing) => return,
            }
        }
    });
    Sse::new(ReceiverStream::new(received)).keep_alive(KeepAlive::default())
}
