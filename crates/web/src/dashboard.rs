//! «Обзор»: what is being sent now, what there is, and what to do next.

use std::time::Duration;

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::Actor;
use vestnik_store::{mailings, runs, stats};

use crate::{
    error::Error,
    mailings::{
        list::Row,
        live::{RunKey, key},
        progress::{RateMeters, RunView, TroubleView},
    },
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// Runs shown at once; more than these going on together are seldom.
const LIVE: i64 = 5;
const RECENT: usize = 5;
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is being sent now: the part that the stream keeps up to date.
#[derive(Debug, Default, Serialize)]
pub(crate) struct LiveRunsView {
    pub(crate) runs: Vec<RunView>,
    /// Mail servers that hold them up.
    pub(crate) troubles: Vec<TroubleView>,
    pub(crate) time_zone: String,
    /// What mail comes from now, in case that a mail server refuses it.
    pub(crate) sender: String,
    #[serde(skip)]
    pub(crate) key: Vec<RunKey>,
}

/// Figures over everything.
#[derive(Debug, Default, Serialize)]
pub(crate) struct FiguresView {
    pub(crate) recipients: i64,
    pub(crate) messages: i64,
    pub(crate) mailings: i64,
    pub(crate) sent: i64,
    pub(crate) failed: i64,
    pub(crate) sent_month: i64,
    pub(crate) attempts_ok: i64,
    pub(crate) attempts_failed: i64,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct DashboardView {
    pub(crate) live: LiveRunsView,
    pub(crate) figures: FiguresView,
    pub(crate) recent: Vec<Row>,
}

/// What is being sent now.
pub(crate) async fn live_runs(
    app: &AppState,
    actor: &Actor,
    time_zone: &str,
    meters: &mut RateMeters,
) -> Result<LiveRunsView, Error> {
    let now = app.now();
    let sender = app.settings.mail_from(&*app.installation().await?);
    let mut live = LiveRunsView { time_zone: time_zone.to_owned(), sender, ..LiveRunsView::default() };
    for run in runs::open_of(&app.db, actor, LIVE).await? {
        let Some(mailing) = mailings::find(&app.db, actor, run.mailing_id).await? else { continue };
        live.key.push(key(&run));
        live.runs.push(RunView::of(&run, &mailing.name, meters.look(&run, now), now));
    }
    live.troubles = TroubleView::current(app, !live.runs.is_empty()).await?;
    Ok(live)
}

/// Figures over everything that the actor has.
pub(crate) async fn figures(app: &AppState, actor: &Actor) -> Result<FiguresView, Error> {
    let totals = stats::totals(&app.db, actor).await?;
    Ok(FiguresView {
        recipients: totals.recipients,
        messages: totals.messages,
        mailings: totals.mailings,
        sent: totals.sent,
        failed: totals.failed,
        sent_month: stats::sent_since(&app.db, actor, app.now().minus(MONTH)).await?,
        attempts_ok: totals.attempts_ok,
        attempts_failed: totals.attempts_failed,
    })
}

/// Shows it.
pub(crate) async fn show(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let recent = mailings::list(&app.db, &user.actor, None, RECENT).await?;
    let view = DashboardView {
        live: live_runs(&app, &user.actor, &user.user.time_zone, &mut RateMeters::default()).await?,
        figures: figures(&app, &user.actor).await?,
        recent: recent.rows.into_iter().map(Row::from).collect(),
    };
    page.show("dashboard/show.html", &view)
}
