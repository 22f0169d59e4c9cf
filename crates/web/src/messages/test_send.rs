//! A test letter: the message as a chosen recipient gets it, sent to oneself.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use vestnik_model::{Permission, id::MessageId, secret::new_key};
use vestnik_store::{
    letters::{self, NewLetter},
    messages,
};

use super::{Reader, render};
use crate::{
    error::Error,
    flash::Flash,
    form::Path,
    letters::own_address,
    limits::Limit,
    page::Page,
    render_pool::status_of,
    session::{CurrentUser, own_path},
    state::AppState,
    typed::Sent,
};

const TEST_LETTERS: Limit = Limit::per_minutes("test-letter", 30, 30);

/// As whom.
#[derive(Debug, Deserialize)]
pub(crate) struct TestForm {
    #[serde(default)]
    recipient: String,
    /// The page to go back to, when it is not the message's.
    #[serde(default)]
    next: String,
}

/// Queues the letter.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
    Sent { form, hash }: Sent<TestForm>,
) -> Result<Response, Error> {
    let message = messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let reader = Reader::find(&app, &page, &user, &form.recipient).await?;
    let back = match reader.id {
        _ if !form.next.is_empty() => own_path(&form.next).unwrap_or("/messages").to_owned(),
        Some(recipient) => format!("/messages/{id}?recipient={recipient}"),
        None => format!("/messages/{id}"),
    };
    if !user.actor.may(Permission::SendMail) {
        return Ok(Flash::warn("flash-test-unconfirmed").and_go(&back));
    }
    TEST_LETTERS.count(&app, &user.user.id.to_string()).await?;
    let rendered = match render(&app, &user, message, reader).await {
        Ok(rendered) => rendered,
        // The page says what is wrong with the template.
        Err(problems) if status_of(&problems) == StatusCode::UNPROCESSABLE_ENTITY => {
            return Ok(Flash::warn("flash-test-not-rendered").and_go(&back));
        }
        Err(_) => return Ok(Flash::warn("flash-test-busy").and_go(&back)),
    };

    let own = own_address(&user.user)?;
    let letter = NewLetter {
        user: user.user.id,
        kind: "test",
        recipient: &own,
        recipient_name: &user.user.name,
        subject: &rendered.subject,
        text: &rendered.text,
        html: rendered.html.as_deref().unwrap_or_default(),
        key: &new_key(&*app.random, 12),
    };
    letters::enqueue_once(&app.db, &user.actor, &letter, hash.as_ref(), app.now()).await?;
    Ok(Flash::ok("flash-test-queued").with("email", own.as_str()).and_go(&back))
}
