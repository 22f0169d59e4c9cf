//! What became of each recipient: a sending's whole ledger by person, filtered, and as CSV. Those are in it, too, for whom
//! nothing was tried.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use vestnik_model::{
    Actor, UnixMillis,
    delivery::{DeliveryState, Fate},
    id::{MailingId, RecipientId, RunId},
    user::Language,
};
use vestnik_store::{
    fates::{self, Addressee, FateFilter, LastAnswer},
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
/// Sendings to choose from.
const RUNS: i64 = 50;

/// The filter as it stands in the address. What makes no sense counts as not given.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FatesQuery {
    /// Number of a run; empty: the newest.
    pub(crate) run: String,
    /// One of [`Fate`], or empty.
    pub(crate) fate: String,
    /// Words in the address.
    pub(crate) text: String,
    /// Where the page begins.
    #[serde(skip_serializing)]
    pub(crate) at: String,
}

impl FatesQuery {
    fn filter(&self, run: RunId) -> FateFilter {
        // PostgreSQL takes no NUL.
        FateFilter { run, fate: self.fate.parse().ok(), text: self.text.replace('\0', "") }
    }

    fn pairs(&self) -> [(&str, &str); 3] {
        [("run", &self.run), ("fate", &self.fate), ("text", &self.text)]
    }
}

/// A recipient in the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// `None`: they are no longer in the list.
    pub(crate) id: Option<RecipientId>,
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) fate: Fate,
    pub(crate) attempts: i64,
    /// When the last attempt ended.
    pub(crate) at: Option<UnixMillis>,
    /// How it ended.
    pub(crate) explanation: Explanation,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct FatesView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
    pub(crate) query: FatesQuery,
    /// The sending that is shown; `None`: there was none.
    pub(crate) run: Option<RunId>,
    /// Sendings with their times.
    pub(crate) runs: Vec<(RunId, UnixMillis)>,
    pub(crate) fates: &'static [Fate],
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    /// Address of the CSV with the same filter.
    pub(crate) csv: String,
    pub(crate) now: UnixMillis,
}

impl From<Addressee> for Row {
    fn from(one: Addressee) -> Self {
        let explanation = last_explanation(one.state, &one.last);
        Self {
            id: one.full_name.is_some().then_some(one.recipient_id),
            email: one.email,
            full_name: one.full_name.unwrap_or_default(),
            fate: Fate::of(one.state),
            attempts: one.attempts,
            at: one.last.at,
            explanation,
        }
    }
}

/// How the last attempt ended. What the server said to an attempt says nothing of the next, which was not made.
pub(crate) fn last_explanation(state: DeliveryState, last: &LastAnswer) -> Explanation {
    if state == DeliveryState::Skipped {
        return Explanation::default();
    }
    let said = (last.code, last.enhanced.as_deref(), last.reply.as_deref().unwrap_or_default());
    Explanation::of(said, &last.error, last.phase.as_deref().unwrap_or_default())
}

/// The sending that is asked for, among the mailing's own.
async fn run_of(app: &AppState, actor: &Actor, id: MailingId, query: &FatesQuery) -> Result<Option<RunId>, Error> {
    let Ok(asked) = query.run.parse() else {
        return Ok(runs::newest(&app.db, actor, id).await?.map(|run| run.id));
    };
    let run = runs::find(&app.db, actor, asked).await?.filter(|run| run.mailing_id == id);
    Ok(Some(run.ok_or(Error::NotFound)?.id))
}

/// Shows a page of them.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Query(query): Query<FatesQuery>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let run = run_of(&app, &user.actor, id, &query).await?;
    let path = format!("/mailings/{id}/recipients");
    let cursor = query.at.parse().ok();
    let (rows, pager) = match run {
        Some(run) => {
            let found = fates::list(&app.db, &user.actor, &query.filter(run), cursor.as_ref(), PAGE_SIZE).await?;
            let pager = Pager::of(&path, &query.pairs(), &found);
            (found.rows.into_iter().map(Row::from).collect(), pager)
        }
        None => (Vec::new(), Pager::default()),
    };
    let runs = runs::of_mailing(&app.db, &user.actor, id, RUNS).await?;
    let mut csv = form_urlencoded::Serializer::new(String::new());
    csv.extend_pairs(query.pairs().into_iter().filter(|(_, value)| !value.is_empty()));
    let view = FatesView {
        id,
        name: mailing.name,
        run,
        runs: runs.iter().map(|run| (run.id, run.occurrence_at)).collect(),
        fates: Fate::ALL,
        rows,
        pager,
        csv: format!("{path}.csv?{}", csv.finish()),
        query,
        now: app.now(),
    };
    page.show("mailings/fates.html", &view)
}

/// The same filter, all pages, as a CSV file.
pub(crate) async fn csv(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Query(query): Query<FatesQuery>,
) -> Result<Response, Error> {
    mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let run = run_of(&app, &user.actor, id, &query).await?.ok_or(Error::NotFound)?;
    let name = csv_file::name(&format!("recipients-{id}-{run}"), &user.user, app.now());
    let (actor, language, filter) = (user.actor.clone(), page.language(), query.filter(run));
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
    filter: &FateFilter,
    file: &CsvFile,
) -> Result<(), Stop> {
    let word = |id: &str| i18n::text(language, id, &[]);
    let heads =
        ["csv-full-name", "csv-fate", "csv-number", "csv-time", "csv-code", "csv-enhanced", "csv-reply", "csv-error"];
    file.send([[vec!["email".to_owned()], heads.map(word).to_vec()].concat()]).await?;
    let db = app.db.heavy_for_file(actor);
    let mut after = RecipientId(0);
    loop {
        let rows = fates::after(&db, actor, filter, after, BATCH).await?;
        let Some(last) = rows.last().map(|one| one.recipient_id) else { return Ok(()) };
        after = last;
        let line = |one: Addressee| {
            vec![
                one.email,
                one.full_name.unwrap_or_default(),
                word(&format!("fate-{}", Fate::of(one.state))),
                one.attempts.to_string(),
                one.last.at.map(|at| at.to_string()).unwrap_or_default(),
                one.last.code.map(|code| code.to_string()).unwrap_or_default(),
                one.last.enhanced.unwrap_or_default(),
                one.last.reply.unwrap_or_default(),
                i18n::attempt_error(language, &one.last.error, one.last.phase.as_deref().unwrap_or_default()),
            ]
        };
        file.send(rows.into_iter().map(line)).await?;
    }
}
