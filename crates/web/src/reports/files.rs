//! The tables of a report as CSV files, over the same days.

use axum::response::Response;
use vestnik_model::{Actor, id::MailingId, user::User};
use vestnik_store::{
    figures::Figures,
    reports::{self, MailingFigures},
};

use super::{
    choice::{self, ReportQuery},
    view::span,
};
use crate::{csv_file, error::Error, page::Page, state::AppState};

/// Mailings that are read at once.
pub(super) const BATCH: i64 = 500;

/// The heads of the columns with figures, in the order of [`counts`].
pub(super) const HEADS: [&str; 8] = [
    "run-sent",
    "run-failed",
    "run-expired",
    "run-skipped",
    "run-unknown",
    "run-cancelled",
    "figure-attempts-ok",
    "figure-attempts-failed",
];

/// Their values.
pub(super) fn counts(figures: &Figures) -> [i64; 8] {
    [
        figures.sent,
        figures.failed,
        figures.expired,
        figures.skipped,
        figures.unknown,
        figures.cancelled,
        figures.attempts_ok,
        figures.attempts_failed,
    ]
}

fn columns(figures: &Figures) -> [String; 8] {
    counts(figures).map(|count| count.to_string())
}

fn heads(page: &Page, before: &[&str], after: &[&str]) -> Vec<String> {
    before.iter().chain(&HEADS).chain(after).map(|id| page.text(id, &[])).collect()
}

/// A line for each day, also where the page shows weeks.
pub(crate) fn days(
    app: &AppState,
    page: &Page,
    reader: &User,
    actor: &Actor,
    query: &ReportQuery,
) -> Result<Response, Error> {
    let period = query.period(choice::today(app.now(), reader)).map_err(|_| Error::BadRequest)?;
    let bounds = period.bounds(&reader.zone());
    let name = csv_file::name("report-days", reader, app.now());
    let (app, page, actor) = (app.clone(), page.clone(), actor.clone());
    Ok(csv_file::answer(&name, page.language(), async move |file| {
        file.send([heads(&page, &["chart-day"], &[])]).await?;
        let figures = reports::by_day(&app.db.heavy_for_file(&actor), &actor, &bounds).await?;
        let line = |(day, figures): (jiff::civil::Date, &Figures)| {
            [day.to_string()].into_iter().chain(columns(figures)).collect::<Vec<_>>()
        };
        file.send(period.days().zip(&figures).map(line)).await
    }))
}

/// A line for each mailing.
pub(crate) fn mailings(
    app: &AppState,
    page: &Page,
    reader: &User,
    actor: &Actor,
    query: &ReportQuery,
) -> Result<Response, Error> {
    let period = query.period(choice::today(app.now(), reader)).map_err(|_| Error::BadRequest)?;
    let span = span(period, &reader.zone());
    let name = csv_file::name("report-mailings", reader, app.now());
    let (app, page, actor) = (app.clone(), page.clone(), actor.clone());
    Ok(csv_file::answer(&name, page.language(), async move |file| {
        file.send([heads(&page, &["csv-mailing-number", "mailing"], &["report-last-run"])]).await?;
        let line = |row: MailingFigures| {
            let last = row.last_at.map(|at| at.to_string()).unwrap_or_default();
            let ends = [row.id.to_string(), row.name].into_iter();
            ends.chain(columns(&row.figures)).chain([last]).collect::<Vec<_>>()
        };
        let db = app.db.heavy_for_file(&actor);
        let mut after = MailingId(0);
        loop {
            let rows = reports::mailings_after(&db, &actor, span, after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id;
            file.send(rows.into_iter().map(line)).await?;
        }
    }))
}
