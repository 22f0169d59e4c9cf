//! The page: gathered alike for oneself and for those who watch over others.

use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Serialize;
use vestnik_model::{
    Actor, Permission, UnixMillis,
    id::{MailingId, UserId},
    period::Period,
    user::{Language, User},
};
use vestnik_store::{
    breakdown::RunsOf,
    figures::Figures,
    reports::{self, MailingFigures, Span, Total},
};

use super::{
    breakdown::BreakdownView,
    choice::{self, OFFERED, ReportQuery},
    drawing::DrawingView,
};
use crate::{
    error::Error,
    form::FormErrors,
    i18n,
    page::{Page, Pager},
    state::AppState,
};

const PAGE_SIZE: usize = 50;

/// Whose report it is.
#[derive(Debug)]
pub(crate) struct Subject {
    /// In whose name it is read.
    pub(crate) actor: Actor,
    /// Who that is; `None`: the reader.
    owner: Option<OwnerView>,
    /// Where it stands.
    path: String,
    /// Where its mailings can be looked at; `None`: nowhere.
    mailings: Option<&'static str>,
}

/// Someone other than the reader.
#[derive(Debug, Serialize)]
pub(crate) struct OwnerView {
    pub(crate) id: UserId,
    pub(crate) name: String,
    pub(crate) email: String,
}

impl OwnerView {
    /// Of a user.
    pub(crate) fn of(owner: &User) -> Self {
        Self { id: owner.id, name: owner.name.clone(), email: owner.email.clone() }
    }
}

impl Subject {
    /// The reader's own.
    pub(crate) fn oneself(actor: &Actor) -> Self {
        Self { actor: actor.clone(), owner: None, path: "/reports".to_owned(), mailings: Some("/mailings") }
    }

    /// Someone's, as one who may look at users sees it.
    pub(crate) fn other(reader: &Actor, owner: &User) -> Self {
        let sees = reader.may(Permission::ViewMailings);
        Self {
            actor: reader.looking_at(owner.id),
            owner: Some(OwnerView::of(owner)),
            path: format!("/manage/users/{}/report", owner.id),
            mailings: sees.then_some("/manage/mailings"),
        }
    }
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ReportView {
    pub(crate) owner: Option<OwnerView>,
    pub(crate) path: String,
    /// The periods that are offered, and whether it is this one. The words are `report-period-{name}`.
    pub(crate) periods: Vec<(&'static str, bool)>,
    /// The days that the fields show.
    pub(crate) from: String,
    pub(crate) to: String,
    /// No field takes a day after this.
    pub(crate) today: String,
    pub(crate) errors: FormErrors,
    /// The days that are shown.
    pub(crate) days: String,
    pub(crate) zone: String,
    pub(crate) days_before: String,
    pub(crate) cells: Vec<CellView>,
    /// What became of letters that were not sent: `run-{name}`, and how many.
    pub(crate) others: Vec<(&'static str, i64)>,
    /// `None`: nothing happened on these days.
    pub(crate) drawing: Option<DrawingView>,
    /// The hours of the day and the days of the week on which it happened.
    pub(crate) hours: Option<DrawingView>,
    pub(crate) weekdays: Option<DrawingView>,
    /// `None`: what servers said to others' mailings is for those who may look at them.
    pub(crate) breakdown: Option<BreakdownView>,
    pub(crate) rows: Vec<RowView>,
    pub(crate) pager: Pager,
    pub(crate) mailings: Option<&'static str>,
    pub(crate) days_csv: String,
    pub(crate) mailings_csv: String,
    pub(crate) workbook: String,
    /// When something happened last; `None`: never.
    pub(crate) last: Option<LastView>,
}

/// A figure in large, and how it was before.
#[derive(Debug, Serialize)]
pub(crate) struct CellView {
    /// The id of its words.
    pub(crate) words: &'static str,
    pub(crate) value: String,
    /// `None`: there was nothing that it could have been.
    pub(crate) before: Option<String>,
    /// By how much it is more or less; empty: by nothing.
    pub(crate) change: String,
    /// `ok`, `warn` or `mute`.
    pub(crate) tone: &'static str,
}

/// A mailing's row.
#[derive(Debug, Serialize)]
pub(crate) struct RowView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    pub(crate) last_at: Option<UnixMillis>,
}

impl From<MailingFigures> for RowView {
    fn from(row: MailingFigures) -> Self {
        Self { id: row.id, name: row.name, figures: row.figures, last_at: row.last_at }
    }
}

/// The last day on which something happened, and the days until then.
#[derive(Debug, Serialize)]
pub(crate) struct LastView {
    pub(crate) day: String,
    pub(crate) href: String,
}

/// Shows a report to its reader, in the reader's time zone.
pub(crate) async fn show(
    app: &AppState,
    page: &Page,
    reader: &User,
    subject: Subject,
    query: ReportQuery,
) -> Result<Response, Error> {
    let today = choice::today(app.now(), reader);
    match query.period(today) {
        Ok(period) => {
            let view = gather(app, page, reader, subject, &query, period).await?;
            page.show("reports/show.html", &view)
        }
        Err(problems) => {
            let usual = ReportQuery { at: String::new(), ..ReportQuery::default() };
            let view = gather(app, page, reader, subject, &usual, choice::usual(today)).await?;
            let errors = page.errors(&problems).in_order(&["from", "to"]);
            page.invalid("reports/show.html", &ReportView { errors, from: query.from, to: query.to, ..view })
        }
    }
}

async fn gather(
    app: &AppState,
    page: &Page,
    reader: &User,
    subject: Subject,
    query: &ReportQuery,
    period: Period,
) -> Result<ReportView, Error> {
    let (language, zone, actor) = (page.language(), reader.zone(), &subject.actor);
    let before = period.before();
    let bounds = period.bounds(&zone);
    let (now, earlier) = (span(period, &zone), span(before, &zone));
    let cursor = query.at.parse().ok();
    let stretches = period.stretches(&zone);
    let db = app.db.heavy(actor);
    let (by_day, by_hour, total, total_before, found) = tokio::try_join!(
        reports::by_day(&db, actor, &bounds),
        reports::by_hour_of_week(&db, actor, &stretches),
        reports::total(&db, actor, now),
        reports::total(&db, actor, earlier),
        reports::by_mailing(&db, actor, now, cursor.as_ref(), PAGE_SIZE),
    )?;
    let drawing = DrawingView::of(language, period, &by_day);
    let total = Total { figures: drawing.total, ..total };
    let drawing = (drawing.total != Figures::default()).then_some(drawing);
    let happened = drawing.as_ref().is_some_and(|drawing| drawing.total.sent + drawing.total.failed > 0);
    let breakdown = match &drawing {
        Some(_) if subject.mailings.is_some() => Some(BreakdownView::of(app, actor, RunsOf::Span(now)).await?),
        _ => None,
    };
    let name = query.name();
    Ok(ReportView {
        periods: OFFERED.map(|offered| (offered, offered == name)).into(),
        from: period.first().to_string(),
        to: period.last().to_string(),
        today: choice::today(app.now(), reader).to_string(),
        errors: FormErrors::none(),
        days: i18n::days(language, period.first(), period.last()),
        zone: i18n::zone_label(language, UnixMillis(now.until.0 - 1), &reader.time_zone),
        days_before: i18n::days(language, before.first(), before.last()),
        cells: cells(language, &total, &total_before),
        others: others(&total.figures),
        last: match drawing {
            Some(_) => None,
            None => last(app, language, &subject, &zone).await?,
        },
        drawing,
        hours: happened.then(|| DrawingView::of_hours(language, &by_hour)),
        weekdays: happened.then(|| DrawingView::of_weekdays(language, &by_hour)),
        breakdown,
        pager: Pager::of(&subject.path, &query.pairs(), &found),
        // What others' mailings are called is for those who may look at them.
        rows: found.rows.into_iter().filter(|_| subject.mailings.is_some()).map(RowView::from).collect(),
        days_csv: format!("{}/days.csv{}", subject.path, query.address()),
        mailings_csv: format!("{}/mailings.csv{}", subject.path, query.address()),
        workbook: format!("{}/report.xlsx{}", subject.path, query.address()),
        mailings: subject.mailings,
        owner: subject.owner,
        path: subject.path,
    })
}

/// When a period's first day begins, and its last one is over.
pub(crate) fn span(period: Period, zone: &TimeZone) -> Span {
    let bounds = period.bounds(zone);
    let at = |bound: Option<&UnixMillis>| bound.copied().unwrap_or(UnixMillis(0));
    Span { from: at(bounds.first()), until: at(bounds.last()) }
}

fn cells(language: Language, now: &Total, before: &Total) -> Vec<CellView> {
    let count = |words, now: i64, before: i64, tones: [&'static str; 2]| {
        let sign = if now > before { "+" } else { "" };
        CellView {
            words,
            value: i18n::number(language, now),
            before: Some(i18n::number(language, before)),
            change: if now == before { String::new() } else { sign.to_owned() + &i18n::number(language, now - before) },
            tone: tones[usize::from(now < before)],
        }
    };
    let (figures, was) = (&now.figures, &before.figures);
    let share = |of: &Figures| (of.attempts_ok, of.attempts_ok + of.attempts_failed);
    let (part, whole) = share(figures);
    let (part_before, whole_before) = share(was);
    // Beside a share of nothing there is nothing to compare.
    let points = if whole == 0 || whole_before == 0 {
        None
    } else {
        i18n::points(language, (part, whole), (part_before, whole_before))
    };
    let better = i128::from(part) * i128::from(whole_before) > i128::from(part_before) * i128::from(whole);
    let percent = |part, whole| (whole > 0).then(|| i18n::percent(language, part, whole));
    vec![
        count("figure-sent", figures.sent, was.sent, ["mute"; 2]),
        count("figure-attempts", whole, whole_before, ["mute"; 2]),
        count("figure-attempts-ok", figures.attempts_ok, was.attempts_ok, ["mute"; 2]),
        count("figure-attempts-failed", figures.attempts_failed, was.attempts_failed, ["warn", "ok"]),
        CellView {
            words: "figure-share",
            value: percent(part, whole).unwrap_or_else(|| i18n::text(language, "none-yet-dash", &[])),
            before: percent(part_before, whole_before),
            change: points
                .map(|points| i18n::text(language, "report-points", &[("n", points.into())]))
                .unwrap_or_default(),
            tone: if better { "ok" } else { "warn" },
        },
        count("figure-mailings", now.mailings, before.mailings, ["mute"; 2]),
    ]
}

fn others(figures: &Figures) -> Vec<(&'static str, i64)> {
    let all = [
        ("failed", figures.failed),
        ("expired", figures.expired),
        ("skipped", figures.skipped),
        ("unknown", figures.unknown),
        ("cancelled", figures.cancelled),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

async fn last(
    app: &AppState,
    language: Language,
    subject: &Subject,
    zone: &TimeZone,
) -> Result<Option<LastView>, Error> {
    let Some(at) = reports::last_active(&app.db, &subject.actor).await? else { return Ok(None) };
    let day = at.timestamp().to_zoned(zone.clone()).date();
    let days = choice::usual(day);
    let (from, to) = (days.first().to_string(), days.last().to_string());
    let address = choice::address(&[("from", &from), ("to", &to)]);
    Ok(Some(LastView { day: i18n::day(language, day), href: subject.path.clone() + &address }))
}
