//! Writing a message: a new one, or one that is there.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problems,
    id::{MessageId, RecipientId},
    message::{LONGEST_SUBJECT, Message, MessageDraft},
};
use vestnik_store::messages;

use super::readers;
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// What is typed.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct MessageForm {
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) html: String,
    #[serde(default)]
    pub(crate) text: String,
    /// For whom the preview beside the form is.
    #[serde(default)]
    pub(crate) recipient: String,
}

impl MessageForm {
    /// Checks it, templates and all, off the threads that answer requests: a long message takes a moment.
    pub(super) async fn check(&self) -> Result<Result<MessageDraft, Problems>, Error> {
        let form = self.clone();
        let check = move || {
            // Browsers send line ends as CR LF; in a letter they are what the mail format makes of them.
            let lines = |text: &str| text.replace("\r\n", "\n");
            MessageDraft::parse(&form.subject, &lines(&form.html), &lines(&form.text))
        };
        tokio::task::spawn_blocking(check).await.map_err(Error::internal)
    }
}

impl From<Message> for MessageForm {
    fn from(message: Message) -> Self {
        Self { subject: message.subject, html: message.html, text: message.text, recipient: String::new() }
    }
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct FormView {
    pub(crate) form: MessageForm,
    pub(crate) errors: FormErrors,
    /// Which one is changed; none when it is new.
    pub(crate) id: Option<MessageId>,
    /// For whom it can be previewed, with words for each.
    pub(crate) readers: Vec<(Option<RecipientId>, String)>,
    pub(crate) longest_subject: usize,
}

async fn view(
    app: &AppState,
    user: &CurrentUser,
    form: MessageForm,
    errors: FormErrors,
    id: Option<MessageId>,
) -> Result<FormView, Error> {
    let readers = readers(app, user, "").await?;
    let readers = readers.iter().map(|reader| (reader.id, reader.words())).collect();
    Ok(FormView { form, errors, id, readers, longest_subject: LONGEST_SUBJECT })
}

const FORM: &str = "messages/form.html";

/// An empty form.
pub(crate) async fn new(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show(FORM, &view(&app, &user, MessageForm::default(), FormErrors::none(), None).await?)
}

/// Stores a new message.
pub(crate) async fn create(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<MessageForm>,
) -> Result<Response, Error> {
    let draft = match form.check().await? {
        Ok(draft) => draft,
        Err(problems) => return page.invalid(FORM, &view(&app, &user, form, page.errors(&problems), None).await?),
    };

    let id = messages::create(&app.db, &user.actor, &draft, app.now()).await?;
    Ok(Flash::ok("flash-message-saved").and_go(&format!("/messages/{id}")))
}

/// The form with what is stored.
pub(crate) async fn form(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
) -> Result<Response, Error> {
    let message = messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    page.show(FORM, &view(&app, &user, message.into(), FormErrors::none(), Some(id)).await?)
}

/// Changes a message. Runs that have begun keep what they send.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
    Form(form): Form<MessageForm>,
) -> Result<Response, Error> {
    // Before the form is read: another's message is not there, whatever is typed.
    messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let draft = match form.check().await? {
        Ok(draft) => draft,
        Err(problems) => return page.invalid(FORM, &view(&app, &user, form, page.errors(&problems), Some(id)).await?),
    };

    match messages::update(&app.db, &user.actor, id, &draft, app.now()).await? {
        true => Ok(Flash::ok("flash-message-saved").and_go(&format!("/messages/{id}"))),
        false => Err(Error::NotFound),
    }
}
