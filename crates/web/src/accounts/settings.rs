//! A person's settings: what they say of themselves (S-36), language, time zone, appearance, password, their sessions.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, Problems, UnixMillis,
    id::SessionId,
    user::{ProfileDraft, check_password},
};
use vestnik_store::{sessions, users};

use super::count_account;
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path},
    i18n,
    limits::Limit,
    page::Page,
    session::{self, CurrentUser},
    state::AppState,
    visit::SignedIn,
};

const PASSWORD_CHECKS: Limit = Limit::per_minutes("settings-password", 10, 15);

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

/// What is typed to change the password.
#[derive(Debug, Deserialize)]
pub(crate) struct PasswordForm {
    current: String,
    password: String,
}

/// A browser that is signed in.
#[derive(Debug, Serialize)]
pub(crate) struct SessionView {
    pub(crate) id: SessionId,
    /// Whether it is this one.
    pub(crate) current: bool,
    pub(crate) address: String,
    /// What it is; empty: unknown.
    pub(crate) browser: &'static str,
    /// On what it runs; empty: unknown.
    pub(crate) system: &'static str,
    pub(crate) created_at: UnixMillis,
    pub(crate) seen_at: UnixMillis,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct SettingsView {
    pub(crate) form: SettingsForm,
    pub(crate) errors: FormErrors,
    pub(crate) password_errors: FormErrors,
    pub(crate) avatar_errors: FormErrors,
    /// The picture's key; empty: none.
    pub(crate) avatar: String,
    pub(crate) zones: Vec<(String, String)>,
    pub(crate) sessions: Vec<SessionView>,
}

/// What browsers call themselves in `User-Agent`. Each names those it wants to be taken for as well, so that the first
/// that is found is meant.
const BROWSERS: &[(&str, &str)] = &[
    ("YaBrowser/", "Yandex Browser"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
/// The same for systems.
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

fn named(agent: &str, known: &[(&str, &'static str)]) -> &'static str {
    known.iter().find(|(mark, _)| agent.contains(mark)).map_or("", |(_, name)| name)
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
pub(crate) async fn view(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    form: SettingsForm,
) -> Result<SettingsView, Error> {
    let sessions = sessions::all(&app.db, &user.actor, app.now()).await?.into_iter().map(|session| SessionView {
        current: session.id == user.session,
        id: session.id,
        address: session.address,
        browser: named(&session.agent, BROWSERS),
        system: named(&session.agent, SYSTEMS),
        created_at: session.created_at,
        seen_at: session.seen_at,
    });
    Ok(SettingsView {
        zones: i18n::zones(page.language(), app.now(), &form.time_zone),
        form,
        errors: FormErrors::none(),
        password_errors: FormErrors::none(),
        avatar_errors: FormErrors::none(),
        avatar: user.user.avatar.clone(),
        sessions: sessions.collect(),
    })
}

/// The settings as they are.
pub(crate) async fn form(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show("accounts/settings.html", &view(&app, &page, &user, SettingsForm::of(&user)).await?)
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
            let shown = SettingsView { errors: page.errors(&problems), ..view(&app, &page, &user, form).await? };
            page.invalid("accounts/settings.html", &shown)
        }
    }
}

/// Ends one of the person's other sessions.
pub(crate) async fn end_session(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<SessionId>,
) -> Result<Response, Error> {
    if !sessions::end_one(&app.db, &user.actor, id).await? {
        return Err(Error::NotFound);
    }
    Ok(Flash::ok("flash-session-ended").and_go("/settings#sessions"))
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
            let shown = view(&app, &page, &user, SettingsForm::of(&user)).await?;
            let shown = SettingsView { password_errors: page.errors(&problems), ..shown };
            return page.invalid("accounts/settings.html", &shown);
        }
    };

    let hash = app.passwords.hash(password).await?;
    users::set_password(&app.db, user.user.id, &hash, app.now()).await?;
    let done = Flash::ok("flash-password-changed").and_go("/settings");
    session::begin(&app, &page.visit, &user.user, done).await
}

#[cfg(test)]
mod tests {
    use super::{BROWSERS, SYSTEMS, named};

    #[test]
    fn browsers_are_known_by_their_name_and_not_by_whom_they_imitate() {
        let chrome =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0";
        for (agent, browser, system) in [
            (format!("{chrome} Safari/537.36"), "Chrome", "Windows"),
            (format!("{chrome} Safari/537.36 Edg/142.0.0.0"), "Edge", "Windows"),
            (format!("{chrome} YaBrowser/25.10.0 Safari/537.36"), "Yandex Browser", "Windows"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".into(), "Firefox", "Linux"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Safari/604.1"
                    .into(),
                "Safari",
                "iPhone",
            ),
            ("something else".into(), "", ""),
        ] {
            assert_eq!((named(&agent, BROWSERS), named(&agent, SYSTEMS)), (browser, system), "{agent}");
        }
    }
}
