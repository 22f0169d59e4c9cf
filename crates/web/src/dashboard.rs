//! «Обзор»: what is being sent now, what there is, and what to do next.

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::{Actor, period::Period, user::User};
use vestnik_store::{figures::Figures, mailings, reports, runs, stats};

use crate::{
    error::Error,
    i18n,
    mailings::{
        list::Row,
        live::{RunKey, key},
        progress::{RateMeters, RunView, TroubleView},
    },
    page::Page,
    reports::{choice, drawing::DrawingView},
    session::CurrentUser,
    state::AppState,
};

/// Runs shown at once; more than these going on together are seldom.
const LIVE: i64 = 5;
const RECENT: usize = 5;

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
    /// In thirty days, today being the last.
    pub(crate) sent_month: i64,
    pub(crate) attempts_ok: i64,
    pub(crate) attempts_failed: i64,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct DashboardView {
    pub(crate) live: LiveRunsView,
    pub(crate) figures: FiguresView,
    /// The thirty days; `None`: nothing was sent or refused on them.
    pub(crate) drawing: Option<DrawingView>,
    /// Which days these are, and in which zone.
    pub(crate) month: String,
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

/// Thirty days on someone's calendar, today being the last.
pub(crate) struct Month {
    days: Period,
    by_day: Vec<Figures>,
}

/// Figures over everything that the actor has, and those of the reader's last thirty days one by one.
pub(crate) async fn figures(app: &AppState, reader: &User, actor: &Actor) -> Result<(FiguresView, Month), Error> {
    let days = choice::usual(choice::today(app.now(), reader));
    let bounds = days.bounds(&reader.zone());
    let (totals, by_day) = tokio::try_join!(stats::totals(&app.db, actor), reports::by_day(&app.db, actor, &bounds))?;
    let figures = FiguresView {
        recipients: totals.recipients,
        messages: totals.messages,
        mailings: totals.mailings,
        sent: totals.sent,
        failed: totals.failed,
        sent_month: by_day.iter().map(|day| day.sent).sum(),
        attempts_ok: totals.attempts_ok,
        attempts_failed: totals.attempts_failed,
    };
    Ok((figures, Month { days, by_day }))
}

/// Shows it.
pub(crate) async fn show(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let recent = mailings::list(&app.db, &user.actor, None, RECENT).await?;
    let (figures, month) = figures(&app, &user.user, &user.actor).await?;
    let (language, days) = (page.language(), month.days);
    let drawing = DrawingView::of(language, days, &month.by_day);
    let zone = i18n::zone_label(language, app.now(), &user.user.time_zone);
    let view = DashboardView {
        live: live_runs(&app, &user.actor, &user.user.time_zone, &mut RateMeters::default()).await?,
        drawing: (drawing.total.sent + drawing.total.failed > 0).then_some(drawing),
        month: format!("{}, {zone}", i18n::days(language, days.first(), days.last())),
        figures,
        recent: recent.rows.into_iter().map(Row::from).collect(),
    };
    page.show("dashboard/show.html", &view)
}
