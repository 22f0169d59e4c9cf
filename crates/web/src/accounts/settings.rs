//! A person's settings: name, language, time zone, appearance, password.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, Problems,
    problem::line,
    user::{Language, Theme, check_password, time_zone_name},
};
use vestnik_store::users;

use super::count_account;
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors},
    i18n,
    limits::Limit,
    page::Page,
    session::{self, CurrentUser},
    state::AppState,
    visit::SignedIn,
};

const PASSWORD_CHECKS: Limit = Limit::per_minutes("settings-password", 10, 15);

/// What is typed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SettingsForm {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
    pub(crate) theme: String,
}

/// What is typed to change the password.
#[derive(Debug, Deserialize)]
pub(crate) struct PasswordForm {
    current: String,
    password: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct SettingsView {
    pub(crate) form: SettingsForm,
    pub(crate) errors: FormErrors,
    pub(crate) password_errors: FormErrors,
    pub(crate) zones: Vec<(String, String)>,
}

impl SettingsForm {
    fn of(who: &SignedIn) -> Self {
        Self {
            name: who.user.name.clone(),
            language: who.user.language.to_string(),
            time_zone: who.user.time_zone.clone(),
            theme: who.user.theme.to_string(),
        }
    }
}

fn view(app: &AppState, page: &Page, form: SettingsForm) -> SettingsView {
    let zones = i18n::zones(page.language(), app.now(), &form.time_zone);
    SettingsView { form, errors: FormErrors::none(), password_errors: FormErrors::none(), zones }
}

/// The settings as they are.
pub(crate) async fn form(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show("accounts/settings.html", &view(&app, &page, SettingsForm::of(&user)))
}

/// Changes them.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<SettingsForm>,
) -> Result<Response, Error> {
    let mut problems = Problems::default();
    let choice = || Problem::new("problem-choice");
    let name = problems.take("name", line(&form.name, true, 200));
    let zone = problems.take("time_zone", time_zone_name(&form.time_zone));
    let language = problems.take("language", form.language.parse::<Language>().map_err(|_| choice()));
    let theme = problems.take("theme", form.theme.parse::<Theme>().map_err(|_| choice()));
    let (Some(name), Some(zone), Some(language), Some(theme)) = (name, zone, language, theme) else {
        let view = SettingsView { errors: page.errors(&problems), ..view(&app, &page, form) };
        return page.invalid("accounts/settings.html", &view);
    };

    users::update_settings(&app.db, &user.actor, &name, language, &zone, theme).await?;
    Ok(Flash::ok("flash-settings-saved").and_go("/settings"))
}

/// Changes the password, ends all sessions, and begins a new one here.
pub(crate) async fn change_password(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Error> {
    // A session that was left open must not be a way to guess the password.
    count_account(&app, PASSWORD_CHECKS, &user.user.email).await?;
    let mut problems = Problems::default();
    let right = app.passwords.verify(form.current, Some(user.user.password_hash.clone())).await?;
    if !right {
        problems.add("current", Problem::new("problem-password-wrong"));
    }
    let password = problems.take("password", check_password(&form.password, &user.user.email, &user.user.name));
    let password = match problems.into_result(password) {
        Ok(password) => password,
        Err(problems) => {
            let form = SettingsForm::of(&user);
            let view = SettingsView { password_errors: page.errors(&problems), ..view(&app, &page, form) };
            return page.invalid("accounts/settings.html", &view);
        }
    };

    let hash = app.passwords.hash(password).await?;
    users::set_password(&app.db, user.user.id, &hash, app.now()).await?;
    let done = Flash::ok("flash-password-changed").and_go("/settings");
    session::begin(&app, &page.visit, &user.user, done).await
}
