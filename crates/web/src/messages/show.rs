//! One message as a chosen recipient will see it.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Permission, UnixMillis,
    id::{MailingId, MessageId},
    template::without_entities,
};
use vestnik_store::{mailings, messages};

use super::{Reader, notices, readers, render};
use crate::{
    error::Error,
    form::{FormErrors, Path, Query},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// For whom the preview is.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ShowQuery {
    /// Someone's id.
    #[serde(default)]
    pub(crate) recipient: String,
    /// Whom to offer for choice.
    #[serde(default)]
    pub(crate) q: String,
    /// What `q` was when the choice was offered.
    #[serde(default)]
    pub(crate) was: String,
}

/// A mailing that sends the message.
#[derive(Debug, Serialize)]
pub(crate) struct MailingLink {
    pub(crate) id: MailingId,
    pub(crate) name: String,
}

/// The message as the reader gets it.
#[derive(Debug, Serialize)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) has_html: bool,
    pub(crate) text: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ShowView {
    pub(crate) id: MessageId,
    pub(crate) subject: String,
    pub(crate) updated_at: UnixMillis,
    /// Nothing when it cannot be rendered for this reader; `errors` say why.
    pub(crate) letter: Option<Letter>,
    pub(crate) errors: FormErrors,
    /// What the subject probably means, if it has entities of HTML: it is plain text.
    pub(crate) subject_meant: Option<String>,
    /// What looks like a placeholder and is sent as it stands.
    pub(crate) notices: Vec<String>,
    /// Whether the text part is made from the HTML.
    pub(crate) text_is_made: bool,
    pub(crate) reader: Reader,
    /// Its words, and those of others to choose from, by id.
    pub(crate) readers: Vec<(String, String)>,
    pub(crate) search: String,
    pub(crate) mailings: Vec<MailingLink>,
    pub(crate) may_send: bool,
}

/// Mailings that send a message.
pub(super) async fn used_by(app: &AppState, user: &CurrentUser, id: MessageId) -> Result<Vec<MailingLink>, Error> {
    let found = mailings::using(&app.db, &user.actor, id).await?;
    Ok(found.into_iter().map(|mailing| MailingLink { id: mailing.id, name: mailing.name }).collect())
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Error> {
    let message = messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let search = query.q.trim().to_owned();
    let mut offered = readers(&app, &user, &search).await?;
    // Whoever has typed a new search wants one of those who are found.
    let searched_anew = search != query.was.trim();
    let reader = match offered.first() {
        Some(first) if query.recipient.is_empty() || searched_anew => first.clone(),
        _ => Reader::find(&app, &page, &user, &query.recipient).await?,
    };
    if !offered.iter().any(|one| one.id == reader.id) {
        offered.insert(0, reader.clone());
    }
    let mailings = used_by(&app, &user, id).await?;

    let (letter, errors) = match render(&app, &user, message.clone(), reader.clone()).await {
        Ok(rendered) => {
            let has_html = rendered.html.is_some();
            (Some(Letter { subject: rendered.subject, has_html, text: rendered.text }), FormErrors::none())
        }
        Err(problems) => (None, page.errors(&problems)),
    };
    let view = ShowView {
        id,
        updated_at: message.updated_at,
        subject_meant: without_entities(&message.subject),
        notices: notices(&page, &message),
        text_is_made: message.text.trim().is_empty(),
        subject: message.subject,
        letter,
        errors,
        readers: offered
            .iter()
            .map(|one| (one.id.map_or_else(String::new, |id| id.to_string()), one.words()))
            .collect(),
        reader,
        search,
        mailings,
        may_send: user.actor.may(Permission::SendMail),
    };
    page.show("messages/show.html", &view)
}
