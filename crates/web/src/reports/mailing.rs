//! A mailing's runs side by side: what each of them did, how long it took and how fast it went (S-30).

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::{
    Actor, UnixMillis,
    id::{MailingId, RunId},
    mailing::Mailing,
    run::{Counts, Run, RunState},
    user::Language,
};
use vestnik_store::{breakdown::RunsOf, figures::Figures, mailings, runs};

use super::{breakdown::BreakdownView, drawing::DrawingView, view::OwnerView};
use crate::{
    error::Error,
    form::{Path, Query},
    i18n,
    mailings::{
        outages::OutageView,
        progress::{sent_nothing, tone},
    },
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

/// Runs on a page, as many bars as can be told apart.
const PAGE_SIZE: usize = 30;

/// Where the page begins.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct RunsQuery {
    at: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct MailingReportView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    /// Where mailings are: `/mailings`, or `/manage/mailings` for those who watch over others.
    pub(crate) base: &'static str,
    /// Whose it is; `None`: the reader's.
    pub(crate) owner: Option<OwnerView>,
    /// The reader's time zone, for programs and for people.
    pub(crate) time_zone: String,
    pub(crate) zone: String,
    /// How many runs there are, and all of them together.
    pub(crate) runs: i64,
    pub(crate) total: RunRow,
    /// `None`: nothing was sent or refused.
    pub(crate) drawing: Option<DrawingView>,
    pub(crate) rows: Vec<RunRow>,
    /// Outages of mail servers that held its runs up, newest first.
    pub(crate) outages: Vec<OutageView>,
    pub(crate) pager: Pager,
    pub(crate) breakdown: BreakdownView,
}

/// A run, or all of them together.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RunRow {
    /// `None`: all together.
    pub(crate) id: Option<RunId>,
    pub(crate) at: Option<UnixMillis>,
    /// The same in words, on the reader's clock.
    pub(crate) when: String,
    /// The words are `run-state-{state}`.
    pub(crate) state: Option<RunState>,
    pub(crate) tone: &'static str,
    /// Whether it is over and nothing was sent.
    pub(crate) sent_nothing: bool,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    /// Deliveries of which it is known whether they were sent, or nobody will know.
    pub(crate) decided: i64,
    /// From its beginning to its end, in seconds; `None`: it goes on.
    pub(crate) seconds: Option<u64>,
    /// Letters sent a second, in words.
    pub(crate) rate: Option<String>,
}

impl RunRow {
    fn of(language: Language, zone: &str, run: &Run) -> Self {
        let took = run.started_at.zip(run.finished_at).map(|(from, until)| (until.0 - from.0).max(0));
        Self {
            id: Some(run.id),
            at: run.started_at,
            when: run.started_at.map(|at| i18n::moment(language, at, zone)).unwrap_or_default(),
            state: Some(run.state),
            tone: tone(run),
            sent_nothing: sent_nothing(run),
            seconds: took.map(|millis| millis.unsigned_abs().div_ceil(1_000)),
            // What took less than a second says nothing of how much goes in one.
            rate: took
                .filter(|_| run.counts.sent > 0)
                .map(|took| i18n::rate(language, run.counts.sent, took.max(1_000))),
            ..Self::together(run.counts)
        }
    }

    fn together(counts: Counts) -> Self {
        Self { decided: counts.sent + counts.failed + counts.expired + counts.unknown, counts, ..Self::default() }
    }
}

fn figures(counts: &Counts) -> Figures {
    let Counts { sent, failed, expired, skipped, unknown, cancelled, attempts_ok, attempts_failed, .. } = *counts;
    Figures { attempts_ok, attempts_failed, sent, failed, expired, skipped, unknown, cancelled }
}

/// Shows it for one's own.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Query(query): Query<RunsQuery>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    answer(&app, &page, &user, &user.actor, (mailing, None), query).await
}

/// Shows a mailing in the name of its owner, who is named unless it is the reader.
pub(crate) async fn answer(
    app: &AppState,
    page: &Page,
    reader: &CurrentUser,
    actor: &Actor,
    (mailing, owner): (Mailing, Option<OwnerView>),
    query: RunsQuery,
) -> Result<Response, Error> {
    let (language, time_zone) = (page.language(), &reader.user.time_zone);
    let cursor = query.at.parse().ok();
    let found = runs::begun(&app.db, actor, mailing.id, cursor.as_ref(), PAGE_SIZE).await?;
    let totals = runs::totals(&app.db, actor, mailing.id).await?;
    let bars: Vec<_> =
        found.rows.iter().rev().filter_map(|run| run.started_at.map(|at| (at, figures(&run.counts)))).collect();
    let drawing = DrawingView::of_runs(language, time_zone, &bars);
    let base = if owner.is_some() { "/manage/mailings" } else { "/mailings" };
    let view = MailingReportView {
        id: mailing.id,
        base,
        zone: i18n::zone_label(language, app.now(), time_zone),
        time_zone: time_zone.clone(),
        runs: totals.runs,
        total: RunRow::together(totals.counts),
        drawing: (drawing.total.sent + drawing.total.failed > 0).then_some(drawing),
        pager: Pager::of(&format!("{base}/{}/report", mailing.id), &[], &found),
        rows: found.rows.iter().map(|run| RunRow::of(language, time_zone, run)).collect(),
        outages: OutageView::of_mailing(app, actor, mailing.id).await?,
        breakdown: BreakdownView::of(app, actor, RunsOf::Mailing(mailing.id)).await?,
        name: mailing.name,
        owner,
    };
    page.show("reports/mailing.html", &view)
}
