//! Writing a message: a new one, or one that is there.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problems,
    id::{MessageId, RecipientId},
    message::{LONGEST_SUBJECT, Message, MessageDraft},
};
use vestnik_store::messages::{self, Updated};

use super::readers;
use crate::{
    conflict::{ConflictView, Field},
    error::Error,
    flash::Flash,
    form::{FormErrors, Path},
    page::Page,
    render_pool::{Cancel, status_of},
    session::CurrentUser,
    state::AppState,
    typed::{Restored, Sent, TypedView},
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
    /// Which version of the stored message the form was shown with.
    #[serde(default)]
    pub(crate) version: String,
}

impl MessageForm {
    /// Checks it, templates and all.
    pub(super) async fn check(&self, app: &AppState, user: &CurrentUser) -> Result<MessageDraft, Problems> {
        let form = self.clone();
        let check = move |cancel: &Cancel| {
            // Browsers send line ends as CR LF; in a letter they are what the mail format makes of them.
            let lines = |text: &str| text.replace("\r\n", "\n");
            let (html, text) = (lines(&form.html), lines(&form.text));
            cancel.within(|limits| MessageDraft::parse_within(&form.subject, &html, &text, limits))
        };
        app.renders.run(user.user.id, check).await.unwrap_or_else(|refused| Err(refused.problems("")))
    }
}

impl From<Message> for MessageForm {
    fn from(message: Message) -> Self {
        let Message { subject, html, text, version, .. } = message;
        Self { subject, html, text, recipient: String::new(), version: version.to_string() }
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
    pub(crate) typed: TypedView,
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
    Ok(FormView { form, errors, id, readers, longest_subject: LONGEST_SUBJECT, typed: TypedView::default() })
}

const FORM: &str = "messages/form.html";

/// An empty form.
pub(crate) async fn new(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Restored(typed): Restored<MessageForm>,
) -> Result<Response, Error> {
    let restored = TypedView::restored(typed.is_some());
    let view = view(&app, &user, typed.unwrap_or_default(), FormErrors::none(), None).await?;
    page.show(FORM, &FormView { typed: restored, ..view })
}

/// Stores a new message.
pub(crate) async fn create(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Sent { form, hash }: Sent<MessageForm>,
) -> Result<Response, Error> {
    let draft = match form.check(&app, &user).await {
        Ok(draft) => draft,
        Err(problems) => {
            let view = view(&app, &user, form, page.errors(&problems), None).await?;
            return page.answer(status_of(&problems), FORM, &view);
        }
    };

    let id = messages::create_once(&app.db, &user.actor, &draft, hash.as_ref(), app.now()).await?;
    Ok(Flash::ok("flash-message-saved").and_go(&format!("/messages/{id}")))
}

/// The form with what is stored.
pub(crate) async fn form(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
    Restored(typed): Restored<MessageForm>,
) -> Result<Response, Error> {
    let message = messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let restored = TypedView::restored(typed.is_some());
    let form = typed.unwrap_or_else(|| message.into());
    let view = view(&app, &user, form, FormErrors::none(), Some(id)).await?;
    page.show(FORM, &FormView { typed: restored, ..view })
}

/// Changes a message. Runs that have begun keep what they send.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
    Sent { mut form, .. }: Sent<MessageForm>,
) -> Result<Response, Error> {
    // Before the form is read: another's message is not there, whatever is typed.
    messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let draft = match form.check(&app, &user).await {
        Ok(draft) => draft,
        Err(problems) => {
            let view = view(&app, &user, form, page.errors(&problems), Some(id)).await?;
            return page.answer(status_of(&problems), FORM, &view);
        }
    };

    let saved = || Ok(Flash::ok("flash-message-saved").and_go(&format!("/messages/{id}")));
    match messages::update(&app.db, &user.actor, id, &draft, form.version.parse().ok(), app.now()).await? {
        Updated::Done => saved(),
        Updated::NotFound => Err(Error::NotFound),
        Updated::Changed => {
            let stored = messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
            // Whoever saves once more has seen it.
            form.version = stored.version.to_string();
            let fields = vec![
                Field::new("message-subject", stored.subject, &*form.subject),
                Field::new("message-html", stored.html, &*form.html),
                Field::new("message-text", stored.text, &*form.text),
            ];
            let keep = format!("/messages/{id}/edit");
            let conflict = ConflictView::of(&page, stored.updated_at, "message", keep, fields).await?;
            let Some(conflict) = conflict else { return saved() };
            let view = view(&app, &user, form, FormErrors::none(), Some(id)).await?;
            page.answer(StatusCode::CONFLICT, FORM, &FormView { typed: TypedView::conflict(conflict), ..view })
        }
    }
}
