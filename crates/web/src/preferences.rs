//! Language and theme: two small forms in every page's corner, which work without scripts.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::Url;
use vestnik_model::user::{Language, Theme};
use vestnik_store::users;

use crate::{
    error::Error,
    form::Form,
    session::{own_path, with_cookie},
    state::{AppState, Settings},
    visit::{LANGUAGE_COOKIE, THEME_COOKIE, Visit},
};

/// The language that was chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct LanguageForm {
    language: Language,
}

/// The theme that was chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct ThemeForm {
    theme: Theme,
}

/// Switches the language and goes back to the page.
pub(crate) async fn set_language(
    State(app): State<AppState>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<LanguageForm>,
) -> Result<Response, Error> {
    if let Some(who) = &visit.user {
        users::set_language(&app.db, &who.actor, form.language).await?;
    }
    let back = Redirect::to(&came_from(&headers)).into_response();
    Ok(with_cookie(back, &lasting(&app.settings, LANGUAGE_COOKIE, form.language.as_str())))
}

/// Switches the theme and goes back to the page.
pub(crate) async fn set_theme(
    State(app): State<AppState>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<ThemeForm>,
) -> Result<Response, Error> {
    if let Some(who) = &visit.user {
        users::set_theme(&app.db, &who.actor, form.theme).await?;
    }
    let back = Redirect::to(&came_from(&headers)).into_response();
    Ok(with_cookie(back, &lasting(&app.settings, THEME_COOKIE, form.theme.as_str())))
}

/// The page that the form stood on. Only its path is taken, so that no header leads to another site.
pub(crate) fn came_from(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()?.parse::<Url>().ok());
    let path = referer.map(|url| match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    });
    path.as_deref().and_then(own_path).unwrap_or("/").to_owned()
}

/// A cookie that stays for a year.
pub(crate) fn lasting(settings: &Settings, name: &str, value: &str) -> String {
    let secure = if settings.https() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}")
}
