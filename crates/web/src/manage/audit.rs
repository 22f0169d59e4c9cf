//! The audit log: read, filtered, and as CSV. There is no other way to it.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use vestnik_model::{UnixMillis, audit::Action, id::AuditId};
use vestnik_store::audit::{self, AuditFilter, Noted};

use super::PAGE_SIZE;
use crate::{
    csv_file,
    error::Error,
    form::Query,
    i18n,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

/// Rows that the export reads at once.
const BATCH: i64 = 1_000;

/// The filter as it stands in the address. What makes no sense counts as not given.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AuditQuery {
    /// An act, or empty.
    pub(crate) action: String,
    /// Words in who or whom.
    pub(crate) q: String,
    /// Where the page begins.
    #[serde(skip_serializing)]
    pub(crate) at: String,
}

impl AuditQuery {
    fn filter(&self) -> AuditFilter {
        AuditFilter { action: self.action.parse().ok(), text: self.q.replace('\0', "") }
    }

    fn pairs(&self) -> [(&str, &str); 2] {
        [("action", &self.action), ("q", &self.q)]
    }
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct AuditView {
    pub(crate) rows: Vec<Noted>,
    pub(crate) query: AuditQuery,
    /// Every act; the words are `audit-{name}`.
    pub(crate) actions: Vec<&'static str>,
    pub(crate) pager: Pager,
    /// Address of the CSV with the same filter.
    pub(crate) csv: String,
    pub(crate) now: UnixMillis,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Error> {
    let cursor = query.at.parse().ok();
    let found = audit::list(&app.db, &user.actor, &query.filter(), cursor.as_ref(), PAGE_SIZE).await?;
    let mut csv = form_urlencoded::Serializer::new(String::new());
    csv.extend_pairs(query.pairs());
    let view = AuditView {
        pager: Pager::of("/manage/audit", &query.pairs(), &found),
        rows: found.rows,
        actions: Action::ALL.iter().map(|action| action.as_str()).collect(),
        csv: format!("/manage/audit.csv?{}", csv.finish()),
        query,
        now: app.now(),
    };
    page.show("manage/audit.html", &view)
}

/// The same filter, all pages, as a CSV file.
pub(crate) async fn csv(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Error> {
    let name = csv_file::name("audit", &user.user, app.now());
    let (actor, language, filter) = (user.actor.clone(), page.language(), query.filter());
    Ok(csv_file::answer(&name, language, move |file| async move {
        file.send([HEADS.map(|head| i18n::text(language, head, &[]))]).await?;
        let db = app.db.heavy_for_file(&actor);
        let mut after = AuditId(0);
        loop {
            let rows = audit::batch_after(&db, &actor, &filter, after, BATCH).await?;
            let Some(last) = rows.last().map(|entry| entry.id) else { return Ok(()) };
            after = last;
            file.send(rows.into_iter().map(line)).await?;
        }
    }))
}

/// What stands above the columns of a file.
pub(crate) const HEADS: [&str; 7] = [
    "audit-column-time",
    "audit-column-actor",
    "audit-column-address",
    "audit-column-action",
    "audit-column-subject",
    "audit-column-before",
    "audit-column-after",
];

/// An entry as it stands in a file.
pub(crate) fn line(entry: Noted) -> [String; 7] {
    let at = entry.at.to_string();
    [at, entry.actor, entry.address, entry.action.to_string(), entry.subject, entry.before, entry.after]
}
