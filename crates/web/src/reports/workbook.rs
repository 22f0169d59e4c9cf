//! All tables of a report as one workbook, over the same days.

use axum::response::Response;
use vestnik_model::{Actor, id::MailingId, user::User};
use vestnik_store::{
    Db,
    breakdown::{self, RunsOf},
    figures::Figures,
    reports,
};

use super::{
    breakdown::explanation_of,
    choice::{self, ReportQuery},
    drawing::DrawingView,
    files::{BATCH, HEADS, counts},
    view::span,
};
use crate::{
    download::Stop,
    error::Error,
    i18n,
    mailings::explanation::Explanation,
    page::Page,
    state::AppState,
    xlsx::{self, Book, Cell},
};

/// Domains, and kinds of answers, in it.
const DOMAINS: i64 = 5_000;
const REPLIES: i64 = 1_000;

/// Widths of columns, in characters.
const NARROW: u16 = 14;
const MIDDLE: u16 = 22;
const WIDE: u16 = 44;
const WIDEST: u16 = 90;

/// Answers with it.
pub(crate) fn answer(
    app: &AppState,
    page: &Page,
    reader: &User,
    actor: &Actor,
    query: &ReportQuery,
) -> Result<Response, Error> {
    let period = query.period(choice::today(app.now(), reader)).map_err(|_| Error::BadRequest)?;
    let (name, now) = (xlsx::name("report", reader, app.now()), app.now());
    let (app, page, actor, reader) = (app.clone(), page.clone(), actor.clone(), reader.clone());
    Ok(xlsx::answer(&name, now, async move |book| {
        let zone = reader.zone();
        let (bounds, stretches) = (period.bounds(&zone), period.stretches(&zone));
        let db = app.db.heavy_for_file(&actor);
        let (by_day, by_hour) =
            tokio::try_join!(reports::by_day(&db, &actor, &bounds), reports::by_hour_of_week(&db, &actor, &stretches))?;
        book.sheet(page.text("workbook-days", &[]), columns(&page, &[("chart-day", NARROW)], &[])).await?;
        let day = |(day, figures): (_, &Figures)| row([Cell::Day(day)], figures, []);
        book.rows(period.days().zip(&by_day).map(day).collect()).await?;

        for (sheet, head, drawing) in [
            ("workbook-hours", "chart-hour", DrawingView::of_hours(page.language(), &by_hour)),
            ("workbook-weekdays", "chart-weekday", DrawingView::of_weekdays(page.language(), &by_hour)),
        ] {
            book.sheet(page.text(sheet, &[]), columns(&page, &[(head, MIDDLE)], &[])).await?;
            let rows = drawing.rows.into_iter().map(|part| row([Cell::Text(part.name)], &part.figures, []));
            book.rows(rows.collect()).await?;
        }
        let span = span(period, &zone);
        mailings(&db, &page, &actor, &reader, span, &book).await?;
        domains(&db, &page, &actor, RunsOf::Span(span), &book).await?;
        replies(&db, &page, &actor, RunsOf::Span(span), &book).await
    }))
}

fn columns(page: &Page, before: &[(&str, u16)], after: &[(&str, u16)]) -> Vec<(String, u16)> {
    let figures = HEADS.map(|head| (head, NARROW));
    before.iter().chain(&figures).chain(after).map(|(id, width)| (page.text(id, &[]), *width)).collect()
}

fn row<const B: usize, const A: usize>(before: [Cell; B], figures: &Figures, after: [Cell; A]) -> Vec<Cell> {
    before.into_iter().chain(counts(figures).map(Cell::Number)).chain(after).collect()
}

async fn mailings(
    db: &Db,
    page: &Page,
    actor: &Actor,
    reader: &User,
    span: reports::Span,
    book: &Book,
) -> Result<(), Stop> {
    let heads = columns(page, &[("csv-mailing-number", NARROW), ("mailing", WIDE)], &[("report-last-run", MIDDLE)]);
    book.sheet(page.text("workbook-mailings", &[]), heads).await?;
    let mut after = MailingId(0);
    loop {
        let batch = reports::mailings_after(db, actor, span, after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.id;
        let line = |mailing: reports::MailingFigures| {
            let last = Cell::time(mailing.last_at, reader);
            row([Cell::Number(mailing.id.0), Cell::Text(mailing.name)], &mailing.figures, [last])
        };
        book.rows(batch.into_iter().map(line).collect()).await?;
    }
}

async fn domains(db: &Db, page: &Page, actor: &Actor, of: RunsOf, book: &Book) -> Result<(), Stop> {
    let heads = [
        ("breakdown-domain", WIDE),
        ("run-sent", NARROW),
        ("run-failed", NARROW),
        ("run-expired", NARROW),
        ("run-unknown", NARROW),
        ("run-share", NARROW),
    ];
    let heads = heads.map(|(id, width)| (page.text(id, &[]), width)).into();
    book.sheet(page.text("workbook-domains", &[]), heads).await?;
    let found = breakdown::by_domain(db, actor, of, DOMAINS).await?;
    let others = page.text("breakdown-other-domains", &[]);
    let line = |row: breakdown::DomainFigures| {
        let decided = row.sent + row.failed + row.expired + row.unknown;
        let name = if row.domain.is_empty() { others.clone() } else { row.domain };
        let counts = [row.sent, row.failed, row.expired, row.unknown].map(Cell::Number);
        [Cell::Text(name)].into_iter().chain(counts).chain([Cell::Share(row.sent, decided)]).collect()
    };
    book.rows(found.into_iter().map(line).collect()).await
}

async fn replies(db: &Db, page: &Page, actor: &Actor, of: RunsOf, book: &Book) -> Result<(), Stop> {
    let heads = [
        ("breakdown-reason", WIDE),
        ("attempt-reply", WIDEST),
        ("breakdown-attempts", NARROW),
        ("run-failed", NARROW),
        ("run-expired", NARROW),
        ("run-unknown", NARROW),
    ];
    let heads = heads.map(|(id, width)| (page.text(id, &[]), width)).into();
    book.sheet(page.text("workbook-replies", &[]), heads).await?;
    let found = breakdown::by_reply(db, actor, of, REPLIES).await?;
    let several = page.text("breakdown-several", &[]);
    let line = |row: breakdown::ReplyFigures| {
        let Explanation { error, phase, reply } = explanation_of(&row);
        let error = i18n::attempt_error(page.language(), &error, &phase);
        let parts = [error, reply].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        let words = if parts.is_empty() { several.clone() } else { parts.join(" ") };
        let reason = page.text(&format!("reason-{}", row.reason), &[]);
        let counts = [row.attempts, row.failed, row.expired, row.unknown].map(Cell::Number);
        [Cell::Text(reason), Cell::Text(words)].into_iter().chain(counts).collect()
    };
    book.rows(found.into_iter().map(line).collect()).await
}
