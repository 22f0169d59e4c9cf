//! A mailing's page: what it is, how its newest run goes, what became of those before.

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::{
    Actor, Permission, UnixMillis,
    id::{MailingId, MessageId, RunId},
    mailing::{Audience, DisabledBy, Mailing},
    reason::Reason,
    run::Run,
    schedule::Periodicity,
};
use vestnik_store::{
    ledger::{self, FailureGroup},
    mailings, messages, runs,
};

use super::{StatusView, explanation::Explanation, outages::OutageView, progress::RunView};
use crate::{
    error::Error, flash::Flash, form::Path, i18n, messages::check, page::Page, session::CurrentUser, state::AppState,
};

/// Runs that the page lists.
pub(crate) const RUNS: i64 = 50;
/// Kinds of failure that it lists.
pub(crate) const FAILURES: i64 = 10;

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
    /// The words are `reason-{reason}`.
    pub(crate) reason: Reason,
    pub(crate) code: Option<i64>,
    pub(crate) explanation: Explanation,
    pub(crate) count: i64,
}

/// What the stream keeps up to date: the head of the page, and how it goes.
#[derive(Debug, Serialize)]
pub(crate) struct LiveView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    /// Whether its end has passed.
    pub(crate) over: bool,
    pub(crate) status: StatusView,
    /// Why it is disabled, if it is; may be empty.
    pub(crate) disabled_reason: String,
    /// Whether it takes a manager to enable it.
    pub(crate) disabled_by_manager: bool,
    /// Its runs that go on, newest first; if none does, its newest.
    pub(crate) runs: Vec<RunView>,
    /// Whether one of them goes on.
    pub(crate) going: bool,
    /// When its newest run was due, if that is over.
    pub(crate) last_at: Option<UnixMillis>,
    /// Outages of mail servers that hold it up now.
    pub(crate) outages: Vec<OutageView>,
    pub(crate) time_zone: String,
    /// Whether the user may let mail go out.
    pub(crate) may_send: bool,
    /// What mail comes from now, in case that a mail server refuses it.
    pub(crate) sender: String,
    /// The figures of all runs together, if there are several.
    pub(crate) totals: Option<TotalsView>,
}

/// Figures of several runs together.
#[derive(Debug, Serialize)]
pub(crate) struct TotalsView {
    pub(crate) sent: i64,
    pub(crate) failed: i64,
    pub(crate) attempts: i64,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ShowView {
    /// What keeps its message from being sent, in words.
    pub(crate) broken: Vec<String>,
    pub(crate) mailing: MailingView,
    pub(crate) live: LiveView,
    /// The runs that are not in the live part.
    pub(crate) runs: Vec<RunView>,
    pub(crate) failures: FailuresView,
}

/// Why letters of the newest sending were not delivered.
#[derive(Debug, Serialize)]
pub(crate) struct FailuresView {
    pub(crate) mailing: MailingId,
    /// Which sending that is.
    pub(crate) run: Option<RunId>,
    pub(crate) rows: Vec<FailureView>,
}

impl FailuresView {
    /// Of the newest of these runs.
    pub(crate) async fn of(app: &AppState, actor: &Actor, mailing: MailingId, runs: &[Run]) -> Result<Self, Error> {
        let groups = match runs.first() {
            Some(run) if run.counts.failed > 0 => ledger::failures(&app.db, actor, run.id, FAILURES).await?,
            _ => Vec::new(),
        };
        let rows = groups.into_iter().map(FailureView::from).collect();
        Ok(Self { mailing, run: runs.first().map(|run| run.id), rows })
    }
}

impl MailingView {
    /// Gathers what belongs to it. `None`: the actor has no such mailing.
    pub(crate) async fn find(
        app: &AppState,
        user: &CurrentUser,
        id: MailingId,
    ) -> Result<Option<(Self, Mailing)>, Error> {
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

impl LiveView {
    /// `rate` measures a run, in messages a second.
    pub(crate) async fn of(
        app: &AppState,
        actor: &Actor,
        mailing: &Mailing,
        runs: &[Run],
        mut rate: impl FnMut(&Run) -> Option<f64>,
    ) -> Result<Self, Error> {
        let now = app.now();
        let going = runs.iter().any(|run| !run.state.is_final());
        let mut shown = Vec::new();
        for run in split(runs).0 {
            let view = RunView::of(run, &mailing.name, rate(run), now).with_next_try(app, actor).await?;
            shown.push(view.with_outages(app, actor).await?);
        }
        let several = runs.iter().filter(|run| run.counts.recipients > 0).count() > 1;
        Ok(Self {
            id: mailing.id,
            name: mailing.name.clone(),
            over: mailing.is_over(now),
            outages: OutageView::current(app, going).await?,
            status: StatusView::of(mailing),
            disabled_reason: mailing.disabled_reason.clone(),
            disabled_by_manager: mailing.disabled_by == DisabledBy::Manager,
            last_at: runs.first().filter(|run| run.state.is_final()).map(|run| run.occurrence_at),
            runs: shown,
            going,
            time_zone: mailing.time_zone.clone(),
            may_send: actor.may(Permission::SendMail),
            sender: app.settings.mail_from(&*app.installation().await?),
            totals: several.then(|| TotalsView {
                sent: runs.iter().map(|run| run.counts.sent).sum(),
                failed: runs.iter().map(|run| run.counts.failed).sum(),
                attempts: runs.iter().map(|run| run.counts.attempts()).sum(),
            }),
        })
    }
}

/// Divides runs, newest first, into those that the live part shows and the others.
pub(super) fn split(runs: &[Run]) -> (Vec<&Run>, Vec<&Run>) {
    let (going, over): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| !run.state.is_final());
    match over.split_first() {
        Some((newest, earlier)) if going.is_empty() => (vec![newest], earlier.to_vec()),
        _ => (going, over),
    }
}

impl From<FailureGroup> for FailureView {
    fn from(group: FailureGroup) -> Self {
        let FailureGroup { code, enhanced, phase, reply, error, count } = group;
        let reason = Reason::of(code, enhanced.as_deref(), &error.error_kind, &reply, &phase);
        Self { reason, code, explanation: Explanation::of((code, enhanced.as_deref(), &reply), &error, &phase), count }
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let (mailing, stored) = MailingView::find(&app, &user, id).await?.ok_or(Error::NotFound)?;
    let now = app.now();
    let found = runs::of_mailing(&app.db, &user.actor, id, RUNS).await?;
    let message = messages::find(&app.db, &user.actor, stored.message_id).await?.ok_or(Error::NotFound)?;
    let broken = match check(&app, &user, message).await {
        Ok(()) => Vec::new(),
        Err(problems) => problems.iter().map(|(_, problem)| i18n::problem(page.language(), problem)).collect(),
    };
    let view = ShowView {
        broken,
        live: LiveView::of(&app, &user.actor, &stored, &found, |_| None).await?,
        runs: split(&found).1.into_iter().map(|run| RunView::of(run, &mailing.name, None, now)).collect(),
        failures: FailuresView::of(&app, &user.actor, id, &found).await?,
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
