//! The list of mailings, newest first.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    id::MailingId,
    mailing::{Audience, Mailing},
    run::RunState,
};
use vestnik_store::mailings::{self, MailingRow};

use super::StatusView;
use crate::{
    error::Error,
    form::Query,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

pub(crate) const PAGE_SIZE: usize = 50;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    pub(crate) at: String,
}

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    pub(crate) subject: String,
    pub(crate) audience: Audience,
    pub(crate) status: StatusView,
    pub(crate) time_zone: String,
    pub(crate) sent: i64,
    pub(crate) failed: i64,
    /// Where its newest run stands, done and all of it, if that goes on. The words are `run-state-{state}`.
    pub(crate) going: Option<(RunState, i64, i64)>,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    pub(crate) total: i64,
}

impl Row {
    /// A mailing by itself, without the figures of its runs.
    pub(crate) fn alone(mailing: Mailing, subject: String) -> Self {
        Self::from(MailingRow {
            mailing,
            subject,
            sent: 0,
            failed: 0,
            run_id: None,
            run_state: None,
            run_recipients: 0,
            run_done: 0,
        })
    }
}

impl From<MailingRow> for Row {
    fn from(row: MailingRow) -> Self {
        let going = row.run_state.filter(|state| {
            matches!(state, RunState::Expanding | RunState::Sending | RunState::Paused | RunState::Stopping)
        });
        Self {
            id: row.mailing.id,
            status: StatusView::of(&row.mailing),
            name: row.mailing.name,
            subject: row.subject,
            audience: row.mailing.audience,
            time_zone: row.mailing.time_zone,
            sent: row.sent,
            failed: row.failed,
            going: going.map(|state| (state, row.run_done, row.run_recipients)),
        }
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let cursor = query.at.parse().ok();
    let found = mailings::list(&app.db, &user.actor, cursor.as_ref(), PAGE_SIZE).await?;
    let total = mailings::count(&app.db, &user.actor).await?;
    let pager = Pager::of("/mailings", &[], &found);
    let rows = found.rows.into_iter().map(Row::from).collect();
    page.show("mailings/list.html", &ListView { rows, pager, total })
}
