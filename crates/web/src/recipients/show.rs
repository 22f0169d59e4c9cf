//! One recipient, and the letters to them.

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::{
    UnixMillis,
    delivery::Fate,
    id::{MailingId, RecipientId, RunId},
    recipient::Recipient,
};
use vestnik_store::{
    fates::{self, Addressed},
    recipients,
};

use crate::{
    error::Error,
    form::Path,
    mailings::{explanation::Explanation, fates::last_explanation},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// Letters that are shown.
const LETTERS: usize = 50;

/// A letter to the recipient.
#[derive(Debug, Serialize)]
pub(crate) struct LetterView {
    pub(crate) mailing: MailingId,
    /// What the mailing is called.
    pub(crate) name: String,
    pub(crate) run: RunId,
    /// When the sending was due.
    pub(crate) due_at: UnixMillis,
    /// To which address it went, which may not be theirs any more.
    pub(crate) email: String,
    pub(crate) fate: Fate,
    pub(crate) attempts: i64,
    /// When the last attempt ended.
    pub(crate) at: Option<UnixMillis>,
    /// What the server said to it.
    pub(crate) explanation: Explanation,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ShowView {
    pub(crate) recipient: Recipient,
    /// The newest, the newest first.
    pub(crate) letters: Vec<LetterView>,
    /// How many are shown of more.
    pub(crate) cut: Option<usize>,
    pub(crate) now: UnixMillis,
}

impl From<Addressed> for LetterView {
    fn from(letter: Addressed) -> Self {
        Self {
            mailing: letter.mailing_id,
            name: letter.name,
            run: letter.run_id,
            due_at: letter.occurrence_at,
            email: letter.email,
            fate: Fate::of(letter.state),
            attempts: letter.attempts,
            at: letter.last.at,
            explanation: last_explanation(letter.state, &letter.last),
        }
    }
}

/// Shows them.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<RecipientId>,
) -> Result<Response, Error> {
    let recipient = recipients::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let mut found = fates::of_recipient(&app.db, &user.actor, id, LETTERS as i64 + 1).await?;
    let cut = (found.len() > LETTERS).then_some(LETTERS);
    found.truncate(LETTERS);
    let letters = found.into_iter().map(LetterView::from).collect();
    page.show("recipients/show.html", &ShowView { recipient, letters, cut, now: app.now() })
}
