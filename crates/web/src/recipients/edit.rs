//! One recipient: adding, changing.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem,
    id::RecipientId,
    recipient::{Recipient, RecipientDraft},
};
use vestnik_store::recipients::{self, Saved};

use crate::{
    error::Error,
    flash::Flash,
    form::{FormErrors, Path},
    page::Page,
    session::CurrentUser,
    state::AppState,
    typed::{Restored, Sent, TypedView},
};

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RecipientForm {
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) full_name: String,
    #[serde(default)]
    pub(crate) comment: String,
}

/// The page of the form.
#[derive(Debug, Default, Serialize)]
pub(crate) struct FormView {
    pub(crate) form: RecipientForm,
    pub(crate) errors: FormErrors,
    /// Who is changed; nobody when a new one is added.
    pub(crate) id: Option<RecipientId>,
    /// Who has the typed address already.
    pub(crate) holder: Option<RecipientId>,
    pub(crate) typed: TypedView,
}

impl From<Recipient> for RecipientForm {
    fn from(recipient: Recipient) -> Self {
        Self { email: recipient.email, full_name: recipient.full_name, comment: recipient.comment }
    }
}

const FORM: &str = "recipients/form.html";

/// An empty form.
pub(crate) async fn new(page: Page, Restored(typed): Restored<RecipientForm>) -> Result<Response, Error> {
    let restored = TypedView::restored(typed.is_some());
    page.show(FORM, &FormView { form: typed.unwrap_or_default(), typed: restored, ..FormView::default() })
}

/// Adds a recipient.
pub(crate) async fn create(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Sent { form, hash }: Sent<RecipientForm>,
) -> Result<Response, Error> {
    let draft = match RecipientDraft::parse(&form.email, &form.full_name, &form.comment) {
        Ok(draft) => draft,
        Err(problems) => {
            return page.invalid(FORM, &FormView { form, errors: page.errors(&problems), ..FormView::default() });
        }
    };

    match recipients::create_once(&app.db, &user.actor, &draft, hash.as_ref(), app.now()).await? {
        Saved::Saved(_) => {
            Ok(Flash::ok("flash-recipient-added").with("email", draft.email.as_str()).and_go("/recipients"))
        }
        Saved::EmailTaken(holder) => taken(&page, form, None, holder),
        // The holder of the address was deleted between the two questions to the store: an accident of a moment.
        Saved::NotFound => Err(Error::internal("an address was taken and is not")),
    }
}

/// The form with what is stored.
pub(crate) async fn form(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<RecipientId>,
    Restored(typed): Restored<RecipientForm>,
) -> Result<Response, Error> {
    let recipient = recipients::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let restored = TypedView::restored(typed.is_some());
    let form = typed.unwrap_or_else(|| recipient.into());
    page.show(FORM, &FormView { form, id: Some(id), typed: restored, ..FormView::default() })
}

/// Changes a recipient.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<RecipientId>,
    Sent { form, .. }: Sent<RecipientForm>,
) -> Result<Response, Error> {
    // Before the form is read: another's recipient is not there, whatever is typed.
    recipients::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let draft = match RecipientDraft::parse(&form.email, &form.full_name, &form.comment) {
        Ok(draft) => draft,
        Err(problems) => {
            let view = FormView { form, errors: page.errors(&problems), id: Some(id), ..FormView::default() };
            return page.invalid(FORM, &view);
        }
    };

    match recipients::update(&app.db, &user.actor, id, &draft, app.now()).await? {
        Saved::Saved(id) => Ok(Flash::ok("flash-recipient-saved").and_go(&format!("/recipients/{id}"))),
        Saved::EmailTaken(holder) => taken(&page, form, Some(id), holder),
        Saved::NotFound => Err(Error::NotFound),
    }
}

/// The form again, because someone in the list has the address.
fn taken(page: &Page, form: RecipientForm, id: Option<RecipientId>, holder: RecipientId) -> Result<Response, Error> {
    let errors = page.error("email", &Problem::new("problem-recipient-taken"));
    page.invalid(FORM, &FormView { form, errors, id, holder: Some(holder), ..FormView::default() })
}
