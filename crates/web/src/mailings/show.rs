//! A mailing's page: what it is, how its newest run goes, what became of those before.

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::{
    UnixMillis,
    id::{MailingId, MessageId, RunId},
    mailing::{Audience, Mailing},
    schedule::Periodicity,
};
use vestnik_store::{
    ledger::{self, FailureGroup},
    mailings, messages, runs,
};

use super::{
    StatusView,
    progress::{RunView, overall_rate},
};
use crate::{
    error::Error, flash::Flash, form::Path, page::Page, session::CurrentUser, state::AppState,
};

/// Runs that the page lists.
const RUNS: i64 = 50;
/// Kinds of failure that it lists.
const FAILURES: i64 = 10;

/// What a mailing is, for its page.
#[derive(Debug, Serialize)]
pub(crate) struct MailingView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    pub(crate) message_id: MessageId,
    pub(crate) subject: String,
    pub(crate) audience: Audience,
    pub(crate) recipients: i64,
    pub(crate) starts_at: Option<UnixMillis>,
    pub(crate) ends_at: Option<UnixMillis>,
    pub(crate) periodicity: Periodicity,
    pub(crate) time_zone: String,
    pub(crate) status: StatusView,
    pub(crate) over: bool,
}

/// A kind of failure.
#[derive(Debug, Serialize)]
pub(crate) struct FailureView {
    pub(crate) code: Option<i64>,
    pub(crate) reply: String,
    pub(crate) count: i64,
}

/// The part that the stream keeps up to date.
#[derive(Debug, Serialize)]
pub(crate) struct LiveView {
    pub(crate) id: MailingId,
    pub(crate) status: StatusView,
    pub(crate) run: Option<RunView>,
    pub(crate) time_zone: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ShowView {
    pub(crate) mailing: MailingView,
    pub(crate) live: LiveView,
    pub(crate) runs: Vec<RunView>,
    pub(crate) failures: Vec<FailureView>,
    /// Sent by all runs.
    pub(crate) sent: i64,
    /// Failed in all runs.
    pub(crate) failed: i64,
    /// Attempts of all runs.
    pub(crate) attempts: i64,
}

impl MailingView {
    /// Gathers what belongs to it. `None`: the actor has no such mailing.
    pub(crate) async fn find(app: &AppState, user: &CurrentUser, id: MailingId) -> Result<Option<(Self, Mailing)>, Error> {
        let Some(mailing) = mailings::find(&app.db, &user.actor, id).await? else { return Ok(None) };
        let message = messages::find(&app.db, &user.actor, mailing.message_id).await?.ok_or(Error::NotFound)?;
        let recipients = mailings::audience_size(&app.db, &user.actor, &mailing).await?;
        let view = Self {
            id,
            name: mailing.name.clone(),
            message_id: mailing.message_id,
            subject: message.subject,
            audience: mailing.audience,
            recipients,
            starts_at: mailing.starts_at,
            ends_at: mailing.ends_at,
            periodicity: mailing.periodicity,
            time_zone: mailing.time_zone.clone(),
            status: StatusView::of(&mailing),
            over: mailing.is_over(app.now()),
        };
        Ok(Some((view, mailing)))
    }
}

impl From<FailureGroup> for FailureView {
    fn from(group: FailureGroup) -> Self {
        Self { code: group.code, reply: group.reply, count: group.count }
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let (mailing, _) = MailingView::find(&app, &user, id).await?.ok_or(Error::NotFound)?;
    let now = app.now();
    let found = runs::of_mailing(&app.db, &user.actor, id, RUNS).await?;
    let runs: Vec<RunView> =
        found.iter().map(|run| RunView::of(run, &mailing.name, overall_rate(run, now), now)).collect();
    let failures = match runs.first() {
        Some(run) if run.attempts_failed > 0 => ledger::failures(&app.db, &user.actor, run.id, FAILURES).await?,
        _ => Vec::new(),
    };

    let live =
        LiveView { id, status: mailing.status, run: runs.first().cloned(), time_zone: mailing.time_zone.clone() };
    let view = ShowView {
        live,
        sent: runs.iter().map(|run| run.sent).sum(),
        failed: runs.iter().map(|run| run.failed).sum(),
        attempts: runs.iter().map(|run| run.attempts).sum(),
        failures: failures.into_iter().map(FailureView::from).collect(),
        runs,
        mailing,
    };
    page.show("mailings/show.html", &view)
}

/// Takes a sending back while its time to undo lasts.
pub(crate) async fn undo(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    let run = runs::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let undone = runs::undo(&app.db, &user.actor, id, app.now()).await?;
    let said = if undone { Flash::ok("flash-run-undone") } else { Flash::warn("flash-run-too-late") };
    Ok(said.and_go(&format!("/mailings/{}", run.mailing_id)))
}
