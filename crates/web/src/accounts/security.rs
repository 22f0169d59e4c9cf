//! What keeps an account its owner's: the password, the second factor, and the browsers that are signed in.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{Problem, Problems, UnixMillis, id::SessionId, password};
use vestnik_store::{second_factor, sessions, users};

use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path},
    limits::Limit,
    page::Page,
    session::{self, CurrentUser},
    state::AppState,
};

const PASSWORD_CHECKS: Limit = Limit::per_minutes("settings-password", 10, 15);

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

/// The second factor.
#[derive(Debug, Serialize)]
pub(crate) struct FactorView {
    /// Since when it is on.
    pub(crate) since: Option<UnixMillis>,
    /// Recovery codes that were not used yet.
    pub(crate) codes_left: i64,
    /// Whether it is wanted of this person.
    pub(crate) required: bool,
    /// Whether it can be set up: the address is confirmed.
    pub(crate) allowed: bool,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct SecurityView {
    pub(crate) factor: FactorView,
    pub(crate) password_errors: FormErrors,
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

/// The page without errors.
async fn view(app: &AppState, user: &CurrentUser) -> Result<SecurityView, Error> {
    let sessions = sessions::all(&app.db, &user.actor, app.now()).await?.into_iter().map(|session| SessionView {
        current: session.id == user.session,
        id: session.id,
        address: session.address,
        browser: named(&session.agent, BROWSERS),
        system: named(&session.agent, SYSTEMS),
        created_at: session.created_at,
        seen_at: session.seen_at,
    });
    let factor = FactorView {
        since: user.user.second_factor_at,
        codes_left: second_factor::codes_left(&app.db, &user.actor).await?,
        required: user.actor.needs_second_factor(),
        allowed: user.user.confirmed_at.is_some(),
    };
    Ok(SecurityView { factor, password_errors: FormErrors::none(), sessions: sessions.collect() })
}

/// Shows it.
pub(crate) async fn show(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show("accounts/security.html", &view(&app, &user).await?)
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
    Ok(Flash::ok("flash-session-ended").and_go("/settings/security#sessions"))
}

/// Looks whether it is their password, at the field `current`. A session that was left open must not be a way to guess it.
pub(super) async fn check_password(
    app: &AppState,
    user: &CurrentUser,
    current: &str,
    problems: &mut Problems,
) -> Result<(), Error> {
    PASSWORD_CHECKS.count(app, &user.user.id.to_string()).await?;
    if !app.passwords.verify(current.to_owned(), Some(user.user.password_hash.clone())).await? {
        problems.add("current", Problem::new("problem-password-wrong"));
    }
    Ok(())
}

/// Changes the password, ends all sessions, and begins a new one here.
pub(crate) async fn change_password(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Error> {
    let mut problems = Problems::default();
    check_password(&app, &user, &form.current, &mut problems).await?;
    let password =
        problems.take("password", password::check_password(&form.password, &user.user.email, &user.user.name));
    let password = match problems.into_result(password) {
        Ok(password) => password,
        Err(problems) => {
            let shown = SecurityView { password_errors: page.errors(&problems), ..view(&app, &user).await? };
            return page.invalid("accounts/security.html", &shown);
        }
    };

    let hash = app.passwords.hash(password).await?;
    if !users::change_password(&app.db, &user.user, &hash, app.now()).await? {
        return Err(Error::SignIn);
    }
    let done = Flash::ok("flash-password-changed").and_go("/settings/security");
    session::renew(&app, &page.visit, &user, done).await
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
