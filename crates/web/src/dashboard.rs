//! «Обзор»: what is being sent now, what there is, and what to do next.

use std::time::Duration;

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::{
    Actor, UnixMillis,
    id::MailingId,
    period::Period,
    user::{Language, User},
};
use vestnik_store::{breakdown::RunsOf, figures::Figures, mailings, reports::Span, runs, stats};

use crate::{
    cached,
    error::Error,
    i18n,
    mailings::{
        list::Row,
        live::{RunKey, key},
        outages::OutageView,
        progress::{RateMeters, RunView},
    },
    page::Page,
    reports::{
        breakdown::{BreakdownView, ReasonView},
        choice,
        drawing::DrawingView,
        view::span,
    },
    session::CurrentUser,
    state::AppState,
};

/// Runs shown at once; more than these going on together are seldom.
const LIVE: i64 = 5;
const RECENT: usize = 5;
/// Mailings that will fire, and reasons why letters were not delivered.
const UPCOMING: i64 = 4;
const REASONS: usize = 4;
/// Outages that are over are told of for so long, and so many of them.
const OUTAGE_TOLD: Duration = Duration::from_secs(3 * 86_400);
const PAST_OUTAGES: i64 = 3;

/// What is being sent now: the part that the stream keeps up to date.
#[derive(Debug, Default, Serialize)]
pub(crate) struct LiveRunsView {
    pub(crate) runs: Vec<RunView>,
    /// Outages of mail servers that hold them up now.
    pub(crate) outages: Vec<OutageView>,
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
    /// By how much that is more or less than in the thirty days before; empty: by nothing, or there was nothing.
    pub(crate) sent_change: String,
    pub(crate) attempts_ok: i64,
    pub(crate) attempts_failed: i64,
}

/// What to do next, until the first letter has gone out.
#[derive(Debug, Serialize)]
pub(crate) struct StepView {
    /// The words are `start-{name}`, `start-{name}-text` and, for what is done on a page, `start-{name}-do`.
    pub(crate) name: &'static str,
    pub(crate) done: bool,
    /// Whether it is the first that is not done.
    pub(crate) next: bool,
    /// Where it is done; empty: in a letter.
    pub(crate) href: String,
}

/// A mailing that will fire.
#[derive(Debug, Serialize)]
pub(crate) struct UpcomingView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    pub(crate) at: UnixMillis,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct DashboardView {
    /// Empty: something has been sent.
    pub(crate) steps: Vec<StepView>,
    pub(crate) upcoming: Vec<UpcomingView>,
    /// Why letters of the thirty days were not delivered: the commonest reasons.
    pub(crate) reasons: Vec<ReasonView>,
    pub(crate) time_zone: String,
    pub(crate) live: LiveRunsView,
    pub(crate) figures: FiguresView,
    /// The thirty days; `None`: nothing was sent or refused on them.
    pub(crate) drawing: Option<DrawingView>,
    /// Which days these are, and in which zone.
    pub(crate) month: String,
    pub(crate) recent: Vec<Row>,
    /// Outages that held mailings up in the last days and are over.
    pub(crate) past: Vec<OutageView>,
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
        let view = RunView::of(&run, &mailing.name, meters.look(&run, now), now).with_next_try(app, actor).await?;
        live.key.push(key(&run, &view));
        live.runs.push(view);
    }
    live.outages = OutageView::current(app, !live.runs.is_empty()).await?;
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
    let Span { from, until } = span(days.before(), &reader.zone());
    let before = [from, until];
    let (totals, by_day, earlier) = tokio::try_join!(
        async { Ok::<_, Error>(stats::totals(&app.db, actor).await?) },
        cached::by_day(app, actor, &bounds),
        cached::by_day(app, actor, &before),
    )?;
    let sent_month = by_day.iter().map(|day| day.sent).sum();
    let sent_before = earlier.iter().map(|day| day.sent).sum();
    let figures = FiguresView {
        recipients: totals.recipients,
        messages: totals.messages,
        mailings: totals.mailings,
        sent: totals.sent,
        failed: totals.failed,
        sent_month,
        sent_change: change(reader.language, sent_month, sent_before),
        attempts_ok: totals.attempts_ok,
        attempts_failed: totals.attempts_failed,
    };
    Ok((figures, Month { days, by_day }))
}

fn change(language: Language, now: i64, before: i64) -> String {
    let sign = if now > before { "+" } else { "" };
    if now == before || before == 0 { String::new() } else { sign.to_owned() + &i18n::number(language, now - before) }
}

/// What there is to do before the first letter goes out. `newest` is the newest mailing.
fn steps(user: &User, figures: &FiguresView, newest: Option<MailingId>) -> Vec<StepView> {
    let send = newest.map_or_else(|| "/mailings/new".to_owned(), |id| format!("/mailings/{id}/review"));
    let steps = [
        ("confirm", user.confirmed_at.is_some(), String::new()),
        ("recipients", figures.recipients > 0, "/recipients".to_owned()),
        ("message", figures.messages > 0, "/messages/new".to_owned()),
        ("mailing", figures.mailings > 0, "/mailings/new".to_owned()),
        ("send", false, send),
    ];
    let next = steps.iter().position(|(_, done, _)| !done);
    let view = |(index, (name, done, href))| StepView { name, done, next: Some(index) == next, href };
    steps.into_iter().enumerate().map(view).collect()
}

/// Shows it.
pub(crate) async fn show(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let recent = mailings::list(&app.db, &user.actor, None, RECENT).await?;
    let upcoming = mailings::upcoming(&app.db, &user.actor, UPCOMING).await?;
    let (figures, month) = figures(&app, &user.user, &user.actor).await?;
    let (language, days) = (page.language(), month.days);
    let drawing = DrawingView::of(language, days, &month.by_day);
    let zone = i18n::zone_label(language, app.now(), &user.user.time_zone);
    let live = live_runs(&app, &user.actor, &user.user.time_zone, &mut RateMeters::default()).await?;
    let begun = figures.attempts_ok + figures.attempts_failed > 0 || !live.runs.is_empty();
    let newest = recent.rows.first().map(|row| row.mailing.id);
    let failed = drawing.total.failed + drawing.total.expired + drawing.total.unknown > 0;
    let mut reasons = Vec::new();
    if failed {
        let of = RunsOf::Span(span(days, &user.user.zone()));
        reasons = BreakdownView::reasons_of(&app, &user.actor, of).await?;
        reasons.truncate(REASONS);
    }
    let view = DashboardView {
        steps: if begun { Vec::new() } else { steps(&user.user, &figures, newest) },
        upcoming: upcoming
            .into_iter()
            .map(|mailing| UpcomingView { id: mailing.id, name: mailing.name, at: mailing.next_at })
            .collect(),
        reasons,
        time_zone: user.user.time_zone.clone(),
        live,
        drawing: (drawing.total.sent + drawing.total.failed > 0).then_some(drawing),
        month: format!("{}, {zone}", i18n::days(language, days.first(), days.last())),
        figures,
        recent: recent.rows.into_iter().map(Row::from).collect(),
        past: OutageView::ended_since(&app, &user.actor, app.now().minus(OUTAGE_TOLD), PAST_OUTAGES).await?,
    };
    page.show("dashboard/show.html", &view)
}
