//! Files of recipients: the whole list, the rows of an import that were not taken or not as they stood, and a sample to
//! begin with.

use axum::{extract::State, response::Response};
use vestnik_model::{
    id::{ImportId, RecipientId},
    recipient::Recipient,
    user::Language,
};
use vestnik_store::{Cursor, import, recipients};

use crate::{
    csv_file,
    error::Error,
    form::Path,
    i18n,
    page::Page,
    session::CurrentUser,
    state::AppState,
    xlsx::{self, Cell},
};

/// Rows in memory at a time.
const BATCH: usize = 1_000;
/// Widths of the columns of the workbook, in characters.
const EMAIL_WIDTH: u16 = 36;
const NAME_WIDTH: u16 = 36;
const COMMENT_WIDTH: u16 = 60;

/// The heads of columns, as the import understands them in either language.
pub(crate) fn heads(language: Language) -> [String; 3] {
    let ids = ["recipients-column-email", "recipients-column-full-name", "recipients-column-comment"];
    ids.map(|id| i18n::text(language, id, &[]))
}

/// A recipient as it stands in a file.
pub(crate) fn line(one: &Recipient) -> [&str; 3] {
    [&one.email, &one.full_name, &one.comment]
}

/// The whole list, in the order in which it grew.
pub(crate) async fn everyone(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let name = csv_file::name("recipients", &user.user, app.now());
    let db = app.db.heavy_for_file(&user.actor);
    Ok(csv_file::answer(&name, page.language(), async move |file| {
        file.send([heads(page.language())]).await?;
        let mut after = RecipientId(0);
        loop {
            let batch = recipients::batch_after(&db, &user.actor, after, BATCH as i64).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = last.id;
            file.send(batch.iter().map(line)).await?;
        }
    }))
}

/// The same as a workbook. What does not fit into a sheet stands in further ones.
pub(crate) async fn workbook(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let (name, now) = (xlsx::name("recipients", &user.user, app.now()), app.now());
    let db = app.db.heavy_for_file(&user.actor);
    Ok(xlsx::answer(&name, now, async move |book| {
        let title = page.text("recipients-title", &[]);
        let (mut after, mut sheets, mut room) = (RecipientId(0), 0, 0);
        loop {
            let batch = recipients::batch_after(&db, &user.actor, after, BATCH as i64).await?;
            if room < batch.len() || sheets == 0 {
                sheets += 1;
                room = xlsx::ROWS;
                let name = if sheets == 1 { title.clone() } else { format!("{title} {sheets}") };
                let widths = [EMAIL_WIDTH, NAME_WIDTH, COMMENT_WIDTH];
                book.sheet(name, heads(page.language()).into_iter().zip(widths).collect()).await?;
            }
            let Some(last) = batch.last() else { return Ok(()) };
            after = last.id;
            room -= batch.len();
            let row = |one: &Recipient| line(one).map(|value| Cell::Text(value.to_owned())).to_vec();
            book.rows(batch.iter().map(row).collect()).await?;
        }
    }))
}

/// The rows that an import could not take, with the reasons in words.
pub(crate) async fn rejected(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<ImportId>,
) -> Result<Response, Error> {
    import::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let db = app.db.heavy_for_file(&user.actor);

    let name = csv_file::name(&format!("import-{id}-rejected"), &user.user, app.now());
    Ok(csv_file::answer(&name, page.language(), async move |file| {
        file.send([
            ["import-column-line", "recipients-column-email", "import-column-reason"].map(|id| page.text(id, &[]))
        ])
        .await?;
        let mut cursor: Option<Cursor> = None;
        loop {
            let batch = import::rejects(&db, &user.actor, id, cursor.as_ref(), BATCH).await?;
            let rows = batch.rows.iter();
            file.send(
                rows.map(|row| {
                    [row.line.to_string(), row.email.clone(), i18n::problem(page.language(), &row.problem())]
                }),
            )
            .await?;
            cursor = batch.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }))
}

/// The rows of which something was not taken as it stood, with what was done instead.
pub(crate) async fn warnings(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<ImportId>,
) -> Result<Response, Error> {
    import::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let db = app.db.heavy_for_file(&user.actor);

    let name = csv_file::name(&format!("import-{id}-warnings"), &user.user, app.now());
    Ok(csv_file::answer(&name, page.language(), async move |file| {
        let heads = ["import-column-line", "recipients-column-email", "import-column-warning"];
        file.send([heads.map(|id| page.text(id, &[]))]).await?;
        let mut cursor: Option<Cursor> = None;
        loop {
            let batch = import::warnings(&db, &user.actor, id, cursor.as_ref(), BATCH).await?;
            let line = |row: &import::Warning| {
                [row.line.to_string(), row.email.clone(), i18n::problem(page.language(), &row.problem())]
            };
            file.send(batch.rows.iter().map(line)).await?;
            cursor = batch.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }))
}

/// A file to fill in.
pub(crate) async fn sample(page: Page) -> Result<Response, Error> {
    let example = ["import-sample-email", "import-sample-full-name", "import-sample-comment"];
    let example = example.map(|id| page.text(id, &[]));
    let language = page.language();
    Ok(csv_file::answer("recipients-sample.csv", language, async move |file| {
        file.send([heads(language), example]).await
    }))
}
