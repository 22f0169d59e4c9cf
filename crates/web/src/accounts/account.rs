//! A person's account as a whole: its address, all that is theirs, and its end. Each has a file of its own.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::UnixMillis;
use vestnik_store::new_address;

use crate::{error::Error, form::FormErrors, page::Page, session::CurrentUser, state::AppState};

/// Where the page is.
pub(super) const ACCOUNT: &str = "/settings/account";

/// What is typed to get another address.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AddressForm {
    pub(crate) email: String,
    #[serde(skip_serializing)]
    pub(crate) current: String,
}

/// The address that is wanted and not proven yet.
#[derive(Debug, Serialize)]
pub(crate) struct WantedView {
    pub(crate) email: String,
    /// When its link ends.
    pub(crate) expires_at: UnixMillis,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct AccountView {
    pub(crate) form: AddressForm,
    pub(crate) errors: FormErrors,
    pub(crate) wanted: Option<WantedView>,
}

/// The page with this in its form.
pub(super) async fn view(
    app: &AppState,
    user: &CurrentUser,
    form: AddressForm,
    errors: FormErrors,
) -> Result<AccountView, Error> {
    let wanted = new_address::wanted(&app.db, &user.actor, app.now()).await?;
    let wanted = wanted.map(|wanted| WantedView { email: wanted.email, expires_at: wanted.expires_at });
    Ok(AccountView { form, errors, wanted })
}

/// Shows it.
pub(crate) async fn show(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let shown = view(&app, &user, AddressForm::default(), FormErrors::none()).await?;
    page.show("accounts/account.html", &shown)
}
