//! Everyone's mailings: to look at (S-39), and to disable (S-42).

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::{
    Permission, UnixMillis,
    id::{MailingId, UserId},
    mailing::DisabledBy,
};
use vestnik_store::{
    control::Controlled,
    ledger, messages,
    oversight::{self, OverseenFilter},
    runs,
};

use super::{ListQuery, PAGE_SIZE, ReasonForm, author};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, Path, Query},
    mailings::{
        control::one_line,
        list::Row,
        progress::RunView,
        show::{FAILURES, FailureView, RUNS},
    },
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
    visit::Visit,
};

/// A row of the list.
#[derive(Debug, Serialize)]
pub(crate) struct OverseenRow {
    #[serde(flatten)]
    pub(crate) row: Row,
    pub(crate) owner_id: UserId,
    pub(crate) owner_email: String,
    pub(crate) owner_name: String,
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct MailingsView {
    pub(crate) rows: Vec<OverseenRow>,
    pub(crate) search: String,
    /// Whose, if only one person's are wanted.
    pub(crate) owner: String,
    pub(crate) pager: Pager,
}

/// A mailing as one who watches over it sees it.
#[derive(Debug, Serialize)]
pub(crate) struct MailingView {
    pub(crate) row: OverseenRow,
    pub(crate) starts_at: Option<UnixMillis>,
    pub(crate) ends_at: Option<UnixMillis>,
    pub(crate) periodicity: &'static str,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) disabled_reason: String,
    pub(crate) disabled_by: DisabledBy,
    pub(crate) runs: Vec<RunView>,
    pub(crate) failures: Vec<FailureView>,
    pub(crate) may_disable: bool,
}

/// The page that asks before a mailing is disabled.
#[derive(Debug, Serialize)]
pub(crate) struct AskDisableView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    pub(crate) owner_name: String,
    pub(crate) going: bool,
}

/// Shows everyone's.
pub(crate) async fn list(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let filter = OverseenFilter { search: query.q.trim().to_owned(), owner: query.owner.parse().ok() };
    let cursor = query.at.parse().ok();
    let found = oversight::mailings(&app.db, &user.actor, &filter, cursor.as_ref(), PAGE_SIZE).await?;
    let pager = Pager::of("/manage/mailings", &[("q", filter.search.as_str()), ("owner", &query.owner)], &found);
    let rows = found.rows.into_iter().map(OverseenRow::from).collect();
    page.show("manage/mailings.html", &MailingsView { rows, search: filter.search, owner: query.owner, pager })
}

impl From<oversight::OverseenMailing> for OverseenRow {
    fn from(mailing: oversight::OverseenMailing) -> Self {
        Self {
            owner_id: mailing.row.mailing.owner_id,
            owner_email: mailing.owner_email,
            owner_name: mailing.owner_name,
            row: Row::from(mailing.row),
        }
    }
}

/// Shows one. Only functions that read are called in the name of its owner.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let (mailing, owner) = oversight::mailing(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let looking = user.actor.looking_at(owner.id);
    let message = messages::find(&app.db, &looking, mailing.message_id).await?.ok_or(Error::NotFound)?;
    let found = runs::of_mailing(&app.db, &looking, id, RUNS).await?;
    let failures = match found.first() {
        Some(run) if run.counts.failed > 0 => ledger::failures(&app.db, &looking, run.id, FAILURES).await?,
        _ => Vec::new(),
    };
    let now = app.now();
    let view = MailingView {
        starts_at: mailing.starts_at,
        ends_at: mailing.ends_at,
        periodicity: mailing.periodicity.as_str(),
        disabled_reason: mailing.disabled_reason.clone(),
        disabled_by: mailing.disabled_by,
        runs: found.iter().map(|run| RunView::of(run, &mailing.name, None, now)).collect(),
        failures: failures.into_iter().map(FailureView::from).collect(),
        may_disable: user.actor.may(Permission::DisableMailings),
        text: message.text,
        html: message.html,
        row: OverseenRow {
            owner_id: owner.id,
            owner_email: owner.email,
            owner_name: owner.name,
            row: Row::alone(mailing, message.subject),
        },
    };
    page.show("manage/mailing.html", &view)
}

/// Asks whether, and why, to disable someone's mailing.
pub(crate) async fn ask_disable(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let (mailing, owner) = oversight::mailing(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let newest = runs::newest(&app.db, &user.actor.looking_at(owner.id), id).await?;
    let going = newest.is_some_and(|run| !run.state.is_final());
    let view = AskDisableView { id, name: mailing.name, owner_name: owner.name, going };
    page.show("manage/disable.html", &view)
}

/// Disables someone's mailing.
pub(crate) async fn disable(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, Error> {
    let (reason, author) = (one_line(&form.reason), author(&app, &visit, &user));
    let disabled = oversight::disable(&app.db, &user.actor, id, &reason, &author).await?;
    answer(disabled, "flash-mailing-off", "flash-mailing-disabled-already", id)
}

/// Enables someone's mailing.
pub(crate) async fn enable(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let enabled = oversight::enable(&app.db, &user.actor, id, &author(&app, &visit, &user)).await?;
    answer(enabled, "flash-mailing-on", "flash-manage-not-now", id)
}

fn answer(controlled: Controlled, done: &'static str, not_now: &'static str, id: MailingId) -> Result<Response, Error> {
    let said = match controlled {
        Controlled::Done => Flash::ok(done),
        Controlled::NotNow => Flash::warn(not_now),
        Controlled::NotFound => return Err(Error::NotFound),
    };
    Ok(said.and_go(&format!("/manage/mailings/{id}")))
}
