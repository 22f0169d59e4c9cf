//! Reports: a person's figures over a span of time, by day and by mailing (S-29 to S-31). They read what
//! [`figures`](crate::figures) keeps, never the ledger itself.

use sqlx::AssertSqlSafe;
use vestnik_model::id::MailingId;
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Param, Result};
use crate::figures::Figures;
use crate::page::{Cursor, NewestFirst, Page};

/// From a time to another, which is not in it; both are beginnings of a quarter of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: UnixMillis,
    /// The first moment after it.
    pub until: UnixMillis,
}

const SUMS: &str = "CAST(sum(f.attempts_ok) AS BIGINT) AS attempts_ok,
    CAST(sum(f.attempts_failed) AS BIGINT) AS attempts_failed, CAST(sum(f.sent) AS BIGINT) AS sent,
    CAST(sum(f.failed) AS BIGINT) AS failed, CAST(sum(f.expired) AS BIGINT) AS expired,
    CAST(sum(f.skipped) AS BIGINT) AS skipped, CAST(sum(f.unknown) AS BIGINT) AS unknown,
    CAST(sum(f.cancelled) AS BIGINT) AS cancelled";
/// Whose, from when, until when.
const IN_SPAN: &str = "FROM figures f WHERE f.owner_id = $1 AND f.quarter >= $2 AND f.quarter < $3";

/// The mailings of which anything was tried or ran out of time, each with its figures.
fn by_mailing_sql(also: &str) -> String {
    format!(
        "SELECT f.mailing_id AS id, {SUMS} {IN_SPAN}{also} GROUP BY f.mailing_id
         HAVING sum(f.attempts_ok) + sum(f.attempts_failed) + sum(f.expired) > 0"
    )
}

#[derive(sqlx::FromRow)]
struct DayRow {
    day: i64,
    #[sqlx(flatten)]
    figures: Figures,
}

/// The actor's figures for each of these days. `bounds` are their beginnings and, last, the end of the last one. A short
/// read of few days, as on the overview; for a report's span pass a heavy handle ([`Db::heavy`]).
pub async fn by_day(db: &Db, actor: &Actor, bounds: &[UnixMillis]) -> Result<Vec<Figures>> {
    // By quarters first: their order is the table's, and it takes longer to sort a year's rows than to read them.
    let sql = format!(
        "SELECT (f.quarter - $2) / $4 AS day, {SUMS} FROM (SELECT f.quarter, {SUMS} {IN_SPAN} GROUP BY f.quarter) AS f
         GROUP BY 1"
    );
    let mut days = Vec::with_capacity(bounds.len());
    let mut begin = 0;
    while let [from, next, ..] = bounds[begin..] {
        // Days of one length after another, which is all of them but where clocks are changed, in one statement.
        let length = next.0 - from.0;
        let equal = bounds[begin..].windows(2).take_while(|pair| pair[1].0 - pair[0].0 == length).count();
        let until = bounds[begin + equal];
        let rows: Vec<DayRow> =
            db.fetch_all(AssertSqlSafe(sql.as_str()), &[&actor.user(), &from, &until, &length]).await?;
        days.resize(begin + equal, Figures::default());
        for row in rows {
            if let Some(day) = usize::try_from(row.day).ok().and_then(|day| days.get_mut(begin + day)) {
                *day = row.figures;
            }
        }
        begin += equal;
    }
    Ok(days)
}

/// Hours of a week, the first of which begins on Monday at 0:00.
pub const WEEK: usize = 7 * 24;

#[derive(sqlx::FromRow)]
struct HourRow {
    hour: i64,
    #[sqlx(flatten)]
    figures: Figures,
}

/// The actor's figures by the hours of a week on the reader's clock. `stretches` are spans of which each has clocks that
/// are so many milliseconds ahead of UTC.
pub async fn by_hour_of_week(
    db: &Db,
    actor: &Actor,
    stretches: &[(UnixMillis, UnixMillis, i64)],
) -> Result<Vec<Figures>> {
    let db = &db.heavy(actor);
    // 1970 began on a Thursday.
    const MONDAY: i64 = 3 * 24;
    const HOUR: i64 = 3_600_000;
    let sql = format!(
        "SELECT ((f.quarter + $4) / {HOUR} + {MONDAY}) % {WEEK} AS hour, {SUMS}
         FROM (SELECT f.quarter, {SUMS} {IN_SPAN} GROUP BY f.quarter) AS f GROUP BY 1"
    );
    let mut hours = vec![Figures::default(); WEEK];
    for (from, until, ahead) in stretches {
        let rows: Vec<HourRow> =
            db.fetch_all(AssertSqlSafe(sql.as_str()), &[&actor.user(), from, until, ahead]).await?;
        for row in rows {
            if let Some(hour) = usize::try_from(row.hour).ok().and_then(|hour| hours.get_mut(hour)) {
                *hour = *hour + row.figures;
            }
        }
    }
    Ok(hours)
}

/// A span in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Total {
    /// How many mailings did anything.
    pub mailings: i64,
    /// What came of them.
    #[sqlx(flatten)]
    pub figures: Figures,
}

/// All that the actor's mailings did in a span.
pub async fn total(db: &Db, actor: &Actor, span: Span) -> Result<Total> {
    let db = &db.heavy(actor);
    let by_mailing = by_mailing_sql("");
    let sql = format!(
        "SELECT count(*) AS mailings, {} FROM ({by_mailing}) AS f",
        // Of nothing there is no sum.
        SUMS.replace("CAST(sum(", "CAST(COALESCE(sum(").replace(") AS BIGINT)", "), 0) AS BIGINT)")
    );
    db.fetch_one(AssertSqlSafe(sql), &[&actor.user(), &span.from, &span.until]).await
}

/// A mailing in a report.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MailingFigures {
    /// Which.
    pub id: MailingId,
    /// What it is called.
    pub name: String,
    /// What came of it in the span.
    #[sqlx(flatten)]
    pub figures: Figures,
    /// When the last of its runs began that began before the span's end.
    pub last_at: Option<UnixMillis>,
}

const LAST_AT: &str = "(SELECT u.started_at FROM runs u WHERE u.mailing_id = page.id AND u.started_at < $3
    ORDER BY u.occurrence_at DESC LIMIT 1) AS last_at";

/// A page of the actor's mailings that did anything in a span: those that sent most first.
pub async fn by_mailing(
    db: &Db,
    actor: &Actor,
    span: Span,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<MailingFigures>> {
    let db = &db.heavy(actor);
    let key = |cursor: &Cursor| cursor.key.parse::<i64>().ok();
    let cursor = cursor.filter(|cursor| key(cursor).is_some());
    let sent = cursor.and_then(key).unwrap_or(i64::MAX);
    let NewestFirst { compare, direction, from: id } = NewestFirst::at(cursor);
    let limit = size as i64 + 1;
    let sql = format!(
        "SELECT page.*, m.name,
            {LAST_AT}
         FROM (SELECT * FROM ({}) AS found WHERE (sent, id) {compare} ($4, $5)
            ORDER BY sent {direction}, id {direction} LIMIT $6) AS page
         JOIN mailings m ON m.id = page.id ORDER BY sent {direction}, id {direction}",
        by_mailing_sql("")
    );
    let args: &[&dyn Param] = &[&actor.user(), &span.from, &span.until, &sent, &id, &limit];
    let rows: Vec<MailingFigures> = db.fetch_all(AssertSqlSafe(sql), args).await?;
    Ok(Page::of(rows, cursor, size, |row| (row.id.0, row.figures.sent.to_string())))
}

/// The actor's mailings after an id that did anything in a span, oldest first, for files that never hold all of them:
/// what a mailing has sent may change between two batches, and none is missed or comes twice.
pub async fn mailings_after(
    db: &Db,
    actor: &Actor,
    span: Span,
    after: MailingId,
    limit: i64,
) -> Result<Vec<MailingFigures>> {
    let db = &db.heavy(actor);
    let sql = format!(
        "SELECT page.*, m.name, {LAST_AT} FROM ({} ORDER BY f.mailing_id LIMIT $5) AS page
         JOIN mailings m ON m.id = page.id ORDER BY page.id",
        by_mailing_sql(" AND f.mailing_id > $4")
    );
    db.fetch_all(AssertSqlSafe(sql), &[&actor.user(), &span.from, &span.until, &after, &limit]).await
}

/// When the actor's mailings last did anything, to the quarter of an hour; `None`: never.
pub async fn last_active(db: &Db, actor: &Actor) -> Result<Option<UnixMillis>> {
    let sql = "SELECT max(quarter) FROM figures WHERE owner_id = $1";
    let (at,): (Option<UnixMillis>,) = db.fetch_one(sql, &[&actor.user()]).await?;
    Ok(at)
}
