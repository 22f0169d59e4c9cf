//! A person's profile: what they say of themselves (S-36), language, time zone, appearance.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::user::ProfileDraft;
use vestnik_store::users;

use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors},
    i18n,
    page::Page,
    session::CurrentUser,
    state::AppState,
    visit::SignedIn,
};

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SettingsForm {
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) city: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
    pub(crate) theme: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct SettingsView {
    pub(crate) form: SettingsForm,
    pub(crate) errors: FormErrors,
    pub(crate) avatar_errors: FormErrors,
    /// The picture's key; empty: none.
    pub(crate) avatar: String,
    pub(crate) zones: Vec<(String, String)>,
}

impl SettingsForm {
    pub(crate) fn of(who: &SignedIn) -> Self {
        Self {
            name: who.user.name.clone(),
            phone: who.user.phone.clone(),
            city: who.user.city.clone(),
            language: who.user.language.to_string(),
            time_zone: who.user.time_zone.clone(),
            theme: who.user.theme.to_string(),
        }
    }
}

/// The page with this in its form, and no errors yet.
pub(crate) fn view(app: &AppState, page: &Page, user: &CurrentUser, form: SettingsForm) -> SettingsView {
    SettingsView {
        zones: i18n::zones(page.language(), app.now(), &form.time_zone),
        form,
        errors: FormErrors::none(),
        avatar_errors: FormErrors::none(),
        avatar: user.user.avatar.clone(),
    }
}

/// The settings as they are.
pub(crate) async fn form(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show("accounts/settings.html", &view(&app, &page, &user, SettingsForm::of(&user)))
}

/// Changes them.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<SettingsForm>,
) -> Result<Response, Error> {
    let SettingsForm { name, phone, city, language, time_zone, theme } = &form;
    match ProfileDraft::parse(name, phone, city, language, time_zone, theme) {
        Ok(draft) => {
            users::update_profile(&app.db, &user.actor, &draft).await?;
            Ok(Flash::ok("flash-settings-saved").and_go("/settings"))
        }
        Err(problems) => {
            let shown = SettingsView { errors: page.errors(&problems), ..view(&app, &page, &user, form) };
            page.invalid("accounts/settings.html", &shown)
        }
    }
}
