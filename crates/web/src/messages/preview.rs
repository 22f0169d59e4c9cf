//! The letter itself, for a sandboxed frame: from what is stored, or from a form that is not saved yet.
//!
//! The frame's document has a policy of its own ([`headers::preview`]): nothing runs in it, and it reaches nothing of
//! ours.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problems, UnixMillis,
    id::MessageId,
    message::{Message, MessageDraft},
    template::Rendered,
};
use vestnik_store::messages;

use super::{Reader, edit::MessageForm, render};
use crate::{
    error::Error,
    form::{Form, Path, Query},
    headers, i18n,
    page::{self, Page},
    render_pool::status_of,
    session::CurrentUser,
    state::AppState,
};

/// For whom.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PreviewQuery {
    #[serde(default)]
    pub(crate) recipient: String,
}

/// What stands in the frame when there is no HTML: the text, or why there is nothing.
#[derive(Debug, Serialize)]
pub(crate) struct PlainView {
    pub(crate) text: String,
    pub(crate) problems: Vec<String>,
}

/// A stored message.
pub(crate) async fn saved(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
    Query(query): Query<PreviewQuery>,
) -> Result<Response, Error> {
    let message = messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let reader = Reader::find(&app, &page, &user, &query.recipient).await?;
    framed(&page, render(&app, &user, message, reader).await)
}

/// A form as it stands, without saving it.
pub(crate) async fn unsaved(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<MessageForm>,
) -> Result<Response, Error> {
    let reader = Reader::find(&app, &page, &user, &form.recipient).await?;
    let rendered = match form.check(&app, &user).await {
        Ok(draft) => render(&app, &user, message(draft, &user, app.now()), reader).await,
        Err(problems) => Err(problems),
    };
    framed(&page, rendered)
}

/// A draft as if it were stored.
fn message(draft: MessageDraft, user: &CurrentUser, now: UnixMillis) -> Message {
    Message {
        id: MessageId(0),
        owner_id: user.user.id,
        subject: draft.subject,
        html: draft.html,
        text: draft.text,
        created_at: now,
        updated_at: now,
        version: 0,
    }
}

fn framed(page: &Page, rendered: Result<Rendered, Problems>) -> Result<Response, Error> {
    let (plain, status) = match rendered {
        Ok(Rendered { html: Some(html), .. }) => return Ok(headers::preview(html, true)),
        Ok(Rendered { text, .. }) => (PlainView { text, problems: Vec::new() }, StatusCode::OK),
        Err(problems) => {
            let words = problems.iter().map(|(_, problem)| i18n::problem(page.language(), problem)).collect();
            (PlainView { text: String::new(), problems: words }, status_of(&problems))
        }
    };
    let mut response = headers::preview(page::fragment(page.language(), "messages/plain.html", &plain)?, false);
    *response.status_mut() = status;
    Ok(response)
}
