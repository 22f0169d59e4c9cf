//! Reading a file of recipients: the upload, the progress, what became of it.
//!
//! The file is written to disk as it comes in and never held in memory. It has no name there: it is gone with its last
//! reader, also when the process dies.

use std::{
    fs::File,
    io::{self, SeekFrom},
};

use axum::{
    extract::{Multipart, State, multipart::MultipartError},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use tokio::io::{AsyncSeekExt, AsyncWriteExt, BufWriter};
use tracing::Instrument;
use vestnik_model::{
    Problem, UnixMillis,
    id::ImportId,
    import::{Column, Layout},
};
use vestnik_store::import::{self, Import};

use crate::{
    concurrency::Permit,
    error::Error,
    form::{FormErrors, Path},
    i18n,
    page::Page,
    routes::LARGEST_UPLOAD,
    session::CurrentUser,
    state::AppState,
};

/// Rejected rows, and warnings, that the page itself shows; those that are kept are in the file beside it.
const SHOWN_REJECTS: usize = 20;
/// Earlier imports beside the form.
const SHOWN_IMPORTS: i64 = 5;

/// The page with the form.
#[derive(Debug, Serialize)]
pub(crate) struct FormView {
    pub(crate) errors: FormErrors,
    /// Largest file, in megabytes.
    pub(crate) largest: usize,
    pub(crate) latest: Vec<ImportView>,
}

/// An import as the pages show it.
#[derive(Debug, Serialize)]
pub(crate) struct ImportView {
    pub(crate) id: ImportId,
    pub(crate) file_name: String,
    /// `reading`, `done` or `failed`.
    pub(crate) state: String,
    /// The state, or `none` if the file is done and no row was taken: the words are `import-state-{name}`.
    pub(crate) outcome: String,
    pub(crate) tone: &'static str,
    pub(crate) size: i64,
    pub(crate) position: i64,
    pub(crate) added: i64,
    pub(crate) updated: i64,
    pub(crate) unchanged: i64,
    pub(crate) rejected: i64,
    pub(crate) blank_rows: i64,
    pub(crate) warnings: i64,
    /// Why the file as a whole could not be taken, in words.
    pub(crate) problem: Option<String>,
    pub(crate) created_at: UnixMillis,
}

/// A row that could not be taken, or not as it stood, in words.
#[derive(Debug, Serialize)]
pub(crate) struct RejectView {
    pub(crate) line: i64,
    pub(crate) email: String,
    pub(crate) reason: String,
}

/// The page of one import.
#[derive(Debug, Serialize)]
pub(crate) struct ShowView {
    pub(crate) import: ImportView,
    /// The first of them.
    pub(crate) rejects: Vec<RejectView>,
    /// Rejected rows, and warnings, that are kept at most.
    pub(crate) kept: usize,
    /// The first rows of which something was not taken as it stood.
    pub(crate) warnings: Vec<RejectView>,
    /// How the file was understood, once its header has been read.
    pub(crate) layout: Option<LayoutView>,
}

/// How a file was understood, in words.
#[derive(Debug, Serialize)]
pub(crate) struct LayoutView {
    pub(crate) encoding: String,
    /// Names of columns, joined.
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) comment: String,
    /// Those that have values and are not taken.
    pub(crate) not_taken: Vec<String>,
    /// Those that are not taken and have none.
    pub(crate) empty: Vec<String>,
}

impl LayoutView {
    fn of(page: &Page, layout: Layout) -> Self {
        let name = |column: &Column| match column.name.as_str() {
            "" => page.text("import-column-unnamed", &[("n", column.number.into())]),
            name => name.to_owned(),
        };
        let names = |columns: &[Column]| columns.iter().map(name).collect::<Vec<_>>();
        let (filled, empty): (Vec<_>, Vec<_>) = layout.not_taken.into_iter().partition(|column| column.filled);
        Self {
            encoding: layout.encoding,
            email: names(&layout.email).join(", "),
            full_name: names(&layout.full_name).join(", "),
            comment: names(&layout.comment).join(", "),
            not_taken: names(&filled),
            empty: names(&empty),
        }
    }
}

impl ImportView {
    fn of(page: &Page, import: Import) -> Self {
        Self {
            problem: import.problem().map(|problem| i18n::problem(page.language(), &problem)),
            tone: match import.state.as_str() {
                "done" if import.taken() == 0 => "warn",
                "done" => "ok",
                "failed" => "warn",
                _ => "act",
            },
            outcome: match import.state.as_str() {
                "done" if import.taken() == 0 => "none".to_owned(),
                state => state.to_owned(),
            },
            id: import.id,
            file_name: import.file_name,
            state: import.state,
            size: import.size,
            position: import.position.min(import.size),
            added: import.added,
            updated: import.updated,
            unchanged: import.unchanged,
            rejected: import.rejected,
            blank_rows: import.blank_rows,
            warnings: import.warnings,
            created_at: import.created_at,
        }
    }
}

impl RejectView {
    fn of(page: &Page, line: i64, email: String, problem: &Problem) -> Self {
        Self { line, email, reason: i18n::problem(page.language(), problem) }
    }
}

async fn form_view(app: &AppState, page: &Page, user: &CurrentUser, errors: FormErrors) -> Result<FormView, Error> {
    let latest = import::latest(&app.db, &user.actor, SHOWN_IMPORTS).await?;
    let latest = latest.into_iter().map(|import| ImportView::of(page, import)).collect();
    Ok(FormView { errors, largest: LARGEST_UPLOAD / 1024 / 1024, latest })
}

/// The form.
pub(crate) async fn form(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show("recipients/import.html", &form_view(&app, &page, &user, FormErrors::none()).await?)
}

/// Takes a file and begins to read it.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    permit: Permit,
    multipart: Multipart,
) -> Result<Response, Error> {
    let received = match receive(&app, multipart).await? {
        Ok(received) => received,
        Err((status, problem)) => {
            let view = form_view(&app, &page, &user, page.error("file", &problem)).await?;
            return page.answer(status, "recipients/import.html", &view);
        }
    };

    let id = import::begin(&app.db, &user.actor, &received.name, received.size, app.now()).await?;
    let reading = async move {
        // The upload counts against the user's limit until the file has been read.
        let _permit = permit;
        if let Err(error) = import::read(&app.db, &user.actor, id, received.file, &*app.clock).await {
            tracing::error!(%id, %error, "an import broke off");
        }
        app.counts.forget(user.actor.user());
    };
    tokio::spawn(reading.instrument(tracing::Span::current()));
    Ok(Redirect::to(&format!("/recipients/imports/{id}")).into_response())
}

/// How it goes, and what became of it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<ImportId>,
) -> Result<Response, Error> {
    let import = import::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let rejects = import::rejects(&app.db, &user.actor, id, None, SHOWN_REJECTS).await?;

    let rejects = rejects.rows.into_iter();
    let rejects = rejects.map(|row| RejectView::of(&page, row.line, row.email.clone(), &row.problem())).collect();
    let warnings = import::warnings(&app.db, &user.actor, id, None, SHOWN_REJECTS).await?.rows.into_iter();
    let warnings = warnings.map(|row| RejectView::of(&page, row.line, row.email.clone(), &row.problem())).collect();
    let layout = import.layout().map(|layout| LayoutView::of(&page, layout));
    let import = ImportView::of(&page, import);
    page.show("recipients/imported.html", &ShowView { import, rejects, kept: import::KEPT_ROWS, warnings, layout })
}

/// A file that has come in, ready to be read.
struct Received {
    name: String,
    size: u64,
    file: File,
}

/// Why there is no file: with what status to answer, and the problem at the field.
type Refused = (StatusCode, Problem);

async fn receive(app: &AppState, mut multipart: Multipart) -> Result<Result<Received, Refused>, Error> {
    let mut field = loop {
        match multipart.next_field().await {
            Ok(Some(field)) if field.name() == Some("file") => break field,
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, Problem::new("problem-import-no-file")))),
            Err(error) => return Ok(Err(cut_off(&error))),
        }
    };
    let name = file_name(field.file_name().unwrap_or_default());
    let folder = app.settings.data_dir.clone();
    let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await.map_err(Error::internal)?;
    let mut file = BufWriter::with_capacity(256 * 1024, tokio::fs::File::from_std(file.map_err(broken)?));
    let mut size = 0;
    loop {
        match field.chunk().await {
            Ok(Some(chunk)) => {
                size += chunk.len() as u64;
                file.write_all(&chunk).await.map_err(broken)?;
            }
            Ok(None) => break,
            Err(error) => return Ok(Err(cut_off(&error))),
        }
    }
    if size == 0 {
        let problem = if name.is_empty() { "problem-import-no-file" } else { "problem-import-empty" };
        return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, Problem::new(problem))));
    }
    file.flush().await.map_err(broken)?;
    let mut file = file.into_inner();
    file.seek(SeekFrom::Start(0)).await.map_err(broken)?;
    Ok(Ok(Received { name, size, file: file.into_std().await }))
}

fn broken(error: io::Error) -> Error {
    Error::internal(format!("an uploaded file could not be written: {error}"))
}

fn cut_off(error: &MultipartError) -> Refused {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let problem = Problem::new("problem-import-file-large").with("largest", LARGEST_UPLOAD / 1024 / 1024);
        return (StatusCode::PAYLOAD_TOO_LARGE, problem);
    }
    (StatusCode::UNPROCESSABLE_ENTITY, Problem::new("problem-import-upload"))
}

/// As the person's machine calls it, without its folders, on one line and not too long for a page.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect::<String>().trim().to_owned()
}
