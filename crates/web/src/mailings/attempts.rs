//! The ledger of a mailing: every attempt with what the mail server answered (S-23 to S-25), filtered, and as CSV.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use vestnik_model::{
    Actor, UnixMillis,
    delivery::Attempt,
    id::{AttemptId, MailingId, RunId},
    user::Language,
};
use vestnik_store::{
    ledger::{self, AttemptFilter},
    mailings, runs,
};

use super::explanation::Explanation;
use crate::{
    csv_file::{self, CsvFile, Stop},
    error::Error,
    form::{Path, Query},
    i18n,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

const PAGE_SIZE: usize = 100;
/// Rows that the export reads at once.
const BATCH: i64 = 1_000;

/// The filter as it stands in the address. What makes no sense counts as not given.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AttemptsQuery {
    /// Number of a run, or empty.
    pub(crate) run: String,
    /// `yes`, `no`, or empty.
    pub(crate) successful: String,
    /// SMTP reply code, or empty.
    pub(crate) code: String,
    /// Words in the address or the answer.
    pub(crate) text: String,
    /// Where the page begins.
    #[serde(skip_serializing)]
    pub(crate) at: String,
}

impl AttemptsQuery {
    fn filter(&self, mailing: MailingId) -> AttemptFilter {
        AttemptFilter {
            run: self.run.parse().ok(),
            successful: match self.successful.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            code: self.code.parse().ok(),
            // PostgreSQL takes no NUL.
            text: self.text.replace('\0', ""),
            ..AttemptFilter::of(mailing)
        }
    }

    fn pairs(&self) -> [(&str, &str); 4] {
        [("run", &self.run), ("successful", &self.successful), ("code", &self.code), ("text", &self.text)]
    }

    /// The filter as it stands in an address, with the `?` if there is any.
    fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs().into_iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: AttemptId,
    pub(crate) email: String,
    pub(crate) at: UnixMillis,
    /// The words are `attempt-{result}`.
    pub(crate) result: AttemptResult,
    pub(crate) number: i64,
    pub(crate) explanation: Explanation,
    pub(crate) server: String,
    /// The version of TLS; empty: none, or unknown.
    pub(crate) tls: String,
    pub(crate) duration_ms: i64,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AttemptResult {
    /// The mail server took the message.
    Successful,
    /// It did not.
    Failed,
    /// There was no answer; it may have taken it.
    Unknown,
}

impl AttemptResult {
    fn of(attempt: &Attempt) -> Self {
        match (attempt.successful, attempt.unknown) {
            (true, _) => Self::Successful,
            (false, true) => Self::Unknown,
            (false, false) => Self::Failed,
        }
    }
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct AttemptsView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    pub(crate) query: AttemptsQuery,
    /// Reply codes that came.
    pub(crate) codes: Vec<i64>,
    /// Runs with their times.
    pub(crate) runs: Vec<(RunId, UnixMillis)>,
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    /// Address of the CSV with the same filter.
    pub(crate) csv: String,
    pub(crate) now: UnixMillis,
}

impl From<Attempt> for Row {
    fn from(attempt: Attempt) -> Self {
        Self {
            result: AttemptResult::of(&attempt),
            id: attempt.id,
            email: attempt.email,
            at: attempt.at,
            number: attempt.number,
            explanation: Explanation::of(
                (attempt.code, attempt.enhanced.as_deref(), &attempt.reply),
                &attempt.error,
                &attempt.phase,
            ),
            server: attempt.server,
            tls: tls_name(&attempt.tls),
            duration_ms: attempt.duration_ms,
        }
    }
}

/// A version of TLS as people write it: `TLS 1.3`.
fn tls_name(version: &str) -> String {
    version.strip_prefix("TLSv").map_or_else(|| version.to_owned(), |number| format!("TLS {number}"))
}

/// Shows a page of them.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Query(query): Query<AttemptsQuery>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let cursor = query.at.parse().ok();
    let found = ledger::attempts(&app.db, &user.actor, &query.filter(id), cursor.as_ref(), PAGE_SIZE).await?;
    let runs = runs::of_mailing(&app.db, &user.actor, id, 50).await?;
    let view = AttemptsView {
        id,
        name: mailing.name,
        codes: ledger::codes(&app.db, &user.actor, id).await?,
        runs: runs.iter().map(|run| (run.id, run.occurrence_at)).collect(),
        pager: Pager::of(&format!("/mailings/{id}/attempts"), &query.pairs(), &found),
        rows: found.rows.into_iter().map(Row::from).collect(),
        csv: format!("/mailings/{id}/attempts.csv{}", query.address()),
        query,
        now: app.now(),
    };
    page.show("mailings/attempts.html", &view)
}

/// The same filter, all pages, as a CSV file: read in batches while it is sent, so that a million rows need no more
/// memory than a thousand.
pub(crate) async fn csv(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Query(query): Query<AttemptsQuery>,
) -> Result<Response, Error> {
    mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let name = csv_file::name(&format!("attempts-{id}"), &user.user, app.now());
    let (actor, language, filter) = (user.actor.clone(), page.language(), query.filter(id));
    Ok(csv_file::answer(
        &name,
        language,
        move |file| async move { write(&app, &actor, language, &filter, &file).await },
    ))
}

async fn write(
    app: &AppState,
    actor: &Actor,
    language: Language,
    filter: &AttemptFilter,
    file: &CsvFile,
) -> Result<(), Stop> {
    let table = AttemptTable::new(language);
    file.send([table.heads()]).await?;
    let db = app.db.heavy_for_file(actor);
    let mut after = AttemptId(0);
    loop {
        let rows = ledger::batch_after(&db, actor, filter, after, BATCH).await?;
        let Some(last) = rows.last().map(|attempt| attempt.id) else { return Ok(()) };
        after = last;
        file.send(rows.into_iter().map(|attempt| table.line(attempt))).await?;
    }
}

/// Attempts as they stand in a file, in its reader's language.
#[derive(Debug)]
pub(crate) struct AttemptTable {
    language: Language,
    successful: String,
    failed: String,
    unknown: String,
}

impl AttemptTable {
    pub(crate) fn new(language: Language) -> Self {
        let word = |id: &str| i18n::text(language, id, &[]);
        Self {
            language,
            successful: word("attempt-successful"),
            failed: word("attempt-failed"),
            unknown: word("attempt-unknown"),
        }
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        let heads = [
            "csv-time",
            "csv-successful",
            "csv-code",
            "csv-enhanced",
            "csv-reply",
            "csv-message-id",
            "csv-number",
            "csv-error",
        ];
        [vec!["email".to_owned()], heads.map(|id| i18n::text(self.language, id, &[])).to_vec()].concat()
    }

    pub(crate) fn line(&self, attempt: Attempt) -> Vec<String> {
        let result = match AttemptResult::of(&attempt) {
            AttemptResult::Successful => &self.successful,
            AttemptResult::Failed => &self.failed,
            AttemptResult::Unknown => &self.unknown,
        };
        let error = i18n::attempt_error(self.language, &attempt.error, &attempt.phase);
        vec![
            attempt.email,
            attempt.at.to_string(),
            result.clone(),
            attempt.code.map(|code| code.to_string()).unwrap_or_default(),
            attempt.enhanced.unwrap_or_default(),
            attempt.reply,
            attempt.message_id,
            attempt.number.to_string(),
            error,
        ]
    }
}
