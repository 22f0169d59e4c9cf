//! Progress as it happens (S-21): one stream of server-sent events a page.
//!
//! The tables are the truth: the stream looks at them twice a second while something goes on and seldom otherwise, and
//! sends a part of the page only when it has changed. Each look is made with the session as it is then: when the session
//! has ended, or its user is blocked, so does the stream. It also ends after some minutes, and the browser opens the next.

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
    id::{MailingId, RunId},
    mailing::MailingStatus,
    run::{Counts, Run, RunState},
    user::Language,
};
use vestnik_store::{mailings, runs};

use super::{
    outages::OutageView,
    progress::{RateMeters, RunView},
    show::{FailuresView, LiveView, RUNS, split},
};
use crate::{
    dashboard,
    error::Error,
    form::Path,
    page::fragment,
    session::{self, CurrentUser},
    state::AppState,
    visit::{SignedIn, Visit},
};

/// Between two looks while something goes on: at most two updates a second.
const OFTEN: Duration = Duration::from_millis(500);
/// Between two looks while nothing does.
const SELDOM: Duration = Duration::from_secs(2);
/// How long one stream lasts.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

type Events = Sse<axum::response::sse::KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>>;

/// What of a page makes a difference to it: runs as they stand, how the mailing stands, mail servers in trouble.
type Key = (Vec<RunKey>, Option<MailingKey>, Vec<OutageView>);
/// A run as it stands, why it is paused, and when it goes on.
pub(crate) type RunKey = (RunId, RunState, Counts, String, Option<UnixMillis>);
/// A mailing's status, its next firing, whether it is over, and since when and why it is disabled.
type MailingKey = (MailingStatus, Option<UnixMillis>, bool, Option<(UnixMillis, String)>);

/// A part of a page as the stream renders it; in the page it is the variable `live`, too.
#[derive(Debug, Serialize)]
pub(crate) struct Live<'a, T> {
    pub(crate) live: &'a T,
}

/// Why letters were not delivered, in the same way.
#[derive(Debug, Serialize)]
pub(crate) struct Failures<'a> {
    pub(crate) failures: &'a FailuresView,
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
    /// Looks, as this actor may. `None`: there is nothing to look at any more.
    fn look(&mut self, app: &AppState, actor: &Actor) -> impl Future<Output = Result<Option<Look>, Error>> + Send;
}

struct WatchMailing {
    language: Language,
    id: MailingId,
    meters: RateMeters,
    /// The newest run, whether it is over, and how many it failed for, at the last look.
    newest: Option<(RunId, bool, i64)>,
}

struct WatchAll {
    language: Language,
    time_zone: String,
    meters: RateMeters,
}

/// The stream of a mailing's page.
pub(crate) async fn mailing(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Events, Error> {
    mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let watch = WatchMailing { language: visit.language, id, meters: RateMeters::default(), newest: None };
    Ok(stream(app, user.0, watch))
}

/// The stream of the overview: everything that is being sent.
pub(crate) async fn everything(State(app): State<AppState>, visit: Visit, user: CurrentUser) -> Result<Events, Error> {
    let time_zone = user.user.time_zone.clone();
    let watch = WatchAll { language: visit.language, time_zone, meters: RateMeters::default() };
    Ok(stream(app, user.0, watch))
}

impl Watch for WatchMailing {
    async fn look(&mut self, app: &AppState, actor: &Actor) -> Result<Option<Look>, Error> {
        let id = self.id;
        let Some(mailing) = mailings::find(&app.db, actor, id).await? else { return Ok(None) };
        let found = runs::of_mailing(&app.db, actor, id, RUNS).await?;
        let now = app.now();
        let meters = &mut self.meters;
        let view = LiveView::of(app, actor, &mailing, &found, |run| meters.look(run, now)).await?;
        let busy = view.runs.iter().any(RunView::moves);
        let part = |template| fragment(self.language, template, &Live { live: &view });
        let head = partial(&format!("mailing-{id}-head"), &part("mailings/head.html")?);
        let mut html = head + &partial(&format!("mailing-{id}-live"), &part("mailings/live.html")?);
        let newest = found.first().map(|run| (run.id, run.state.is_final(), run.counts.failed));
        let before = std::mem::replace(&mut self.newest, newest);
        // Only when it has ended since the last look: these are read from the attempts.
        if before.is_some() && before != newest && newest.is_some_and(|(_, over, _)| over) {
            let failures = FailuresView::of(app, actor, id, &found).await?;
            let card = fragment(self.language, "mailings/failures.html", &Failures { failures: &failures })?;
            html += &partial(&format!("mailing-{id}-failures"), &card);
        }
        let disabled = mailing.disabled_at.map(|at| (at, mailing.disabled_reason));
        let stands = (mailing.status, mailing.next_at, view.over, disabled);
        let runs = split(&found).0.into_iter().zip(&view.runs).map(|(run, view)| key(run, view)).collect();
        Ok(Some(Look { key: (runs, Some(stands), view.outages), html, busy }))
    }
}

impl Watch for WatchAll {
    async fn look(&mut self, app: &AppState, actor: &Actor) -> Result<Option<Look>, Error> {
        let live = dashboard::live_runs(app, actor, &self.time_zone, &mut self.meters).await?;
        let html = fragment(self.language, "dashboard/live.html", &Live { live: &live })?;
        let html = partial("dashboard-live", &html);
        Ok(Some(Look { busy: live.runs.iter().any(RunView::moves), key: (live.key, None, live.outages), html }))
    }
}

/// What of a run makes a difference to a page.
pub(crate) fn key(run: &Run, view: &RunView) -> RunKey {
    (run.id, run.state, run.counts, run.paused_by.clone(), view.next_try)
}

/// One part of a page for htmx, which puts it in the place of the element with that id.
fn partial(id: &str, html: &str) -> String {
    format!("<hx-partial hx-target=\"#{id}\" hx-swap=\"outerMorph\">{html}</hx-partial>")
}

/// Looks again and again, and sends what has changed, until the browser goes away, the session or the time is over, or the
/// service ends.
fn stream(app: AppState, who: SignedIn, mut watch: impl Watch) -> Events {
    let (events, received) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut closing = app.closing();
        let end = tokio::time::sleep(LIFETIME);
        tokio::pin!(end);
        let mut shown = None;
        let mut number = 0_u64;
        loop {
            let looked = async {
                match session::recheck(&app, &who).await? {
                    Some(actor) => watch.look(&app, &actor).await,
                    None => Ok(None),
                }
            };
            let wait = match looked.await {
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
                // The mailing is gone, or the session is.
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
