//! Control over what is being sent: pause, resume, cancel a run; disable and enable a mailing (S-20).
//!
//! Each act is one form. What loses something is asked first, on a page that a script turns into a dialog. An act that
//! comes too late, because the run has moved on meanwhile, says so and changes nothing.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Permission,
    id::{MailingId, RunId},
    mailing::{DisabledBy, Mailing},
    run::{Run, RunState},
};
use vestnik_store::{
    control::{self, Controlled},
    mailings, runs,
};

use super::progress::RunView;
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, Path},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// Longest reason for disabling a mailing, in characters.
pub(crate) const LONGEST_REASON: usize = 200;

/// The page that asks before a run is cancelled.
#[derive(Debug, Serialize)]
pub(crate) struct CancelView {
    pub(crate) run: RunView,
}

/// The page that asks before a mailing is disabled.
#[derive(Debug, Serialize)]
pub(crate) struct DisableView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    /// Whether something is being sent, which is called off with it.
    pub(crate) going: bool,
}

/// Why a mailing is disabled, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DisableForm {
    reason: String,
}

/// One of the user's runs with its mailing.
pub(super) async fn found(app: &AppState, user: &CurrentUser, id: RunId) -> Result<(Run, Mailing), Error> {
    let run = runs::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let mailing = mailings::find(&app.db, &user.actor, run.mailing_id).await?.ok_or(Error::NotFound)?;
    Ok((run, mailing))
}

/// Back to the mailing with a word about what came of it.
fn said(
    controlled: Controlled,
    done: &'static str,
    not_now: &'static str,
    mailing: MailingId,
) -> Result<Response, Error> {
    let said = match controlled {
        Controlled::Done => Flash::ok(done),
        Controlled::NotNow => Flash::warn(not_now),
        Controlled::NotFound => return Err(Error::NotFound),
    };
    Ok(said.and_go(&format!("/mailings/{mailing}")))
}

/// Halts a run.
pub(crate) async fn pause(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    let (_, mailing) = found(&app, &user, id).await?;
    let paused = control::pause(&app.db, &user.actor, id, app.now()).await?;
    said(paused, "flash-run-paused", "flash-run-not-paused", mailing.id)
}

/// Lets a run go on.
pub(crate) async fn resume(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    let (_, mailing) = found(&app, &user, id).await?;
    if !user.actor.may(Permission::SendMail) {
        return Ok(Flash::warn("flash-run-unconfirmed").and_go(&format!("/mailings/{}", mailing.id)));
    }
    let resumed = control::resume(&app.db, &user.actor, id).await?;
    said(resumed, "flash-run-resumed", "flash-run-not-resumed", mailing.id)
}

/// Asks whether to cancel a run.
pub(crate) async fn ask_cancel(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    let (run, mailing) = found(&app, &user, id).await?;
    if run.state.is_final() || run.state == RunState::Stopping {
        return Ok(Flash::warn("flash-run-not-cancelled").and_go(&format!("/mailings/{}", mailing.id)));
    }
    page.show("mailings/cancel.html", &CancelView { run: RunView::of(&run, &mailing.name, None, app.now()) })
}

/// Cancels a run.
pub(crate) async fn cancel(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    let (_, mailing) = found(&app, &user, id).await?;
    let cancelled = control::cancel(&app.db, &user.actor, id, app.now()).await?;
    said(cancelled, "flash-run-cancelled", "flash-run-not-cancelled", mailing.id)
}

/// Asks whether, and why, to disable a mailing.
pub(crate) async fn ask_disable(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    if mailing.disabled_at.is_some() {
        return Ok(Flash::warn("flash-mailing-disabled-already").and_go(&format!("/mailings/{id}")));
    }
    let going = runs::newest(&app.db, &user.actor, id).await?.is_some_and(|run| !run.state.is_final());
    let view = DisableView { id, name: mailing.name, going };
    page.show("mailings/disable.html", &view)
}

/// Disables a mailing.
pub(crate) async fn disable(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Form(form): Form<DisableForm>,
) -> Result<Response, Error> {
    let reason = one_line(&form.reason);
    let disabled = control::disable(&app.db, &user.actor, id, &reason, app.now()).await?;
    said(disabled, "flash-mailing-off", "flash-mailing-disabled-already", id)
}

/// Enables a mailing again.
pub(crate) async fn enable(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let by_manager = mailing.disabled_at.is_some() && mailing.disabled_by == DisabledBy::Manager;
    let not_now = if by_manager { "flash-mailing-enable-refused" } else { "flash-mailing-enabled-already" };
    let enabled = control::enable(&app.db, &user.actor, id, app.now()).await?;
    said(enabled, "flash-mailing-on", not_now, id)
}

/// A reason as one line that fits. Nothing hangs on it, so that what does not fit is cut and not refused.
pub(crate) fn one_line(reason: &str) -> String {
    let line: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().chars().take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_reason_is_one_line() {
        assert_eq!(super::one_line(" wrong\r\nprices\0 "), "wrong  prices");
        assert_eq!(super::one_line(&"ё".repeat(300)).chars().count(), super::LONGEST_REASON);
    }
}
