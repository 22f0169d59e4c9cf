//! A word to the user that survives one redirect: «Сохранено».
//!
//! It travels in a cookie as an id of a translation with its arguments, so that it is said in the language of the page
//! that shows it. The cookie is the reader's own and holds nothing secret; ids other than `flash-…` are ignored.

use axum::{
    http::header,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::Serialize;
use url::form_urlencoded;
use vestnik_model::user::Language;

use crate::{
    i18n::{self, FluentValue},
    readable::readable,
};

const COOKIE: &str = "flash";

/// A word to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    tone: Tone,
    id: String,
    args: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Ok,
    Warn,
}

/// A word to the user as the page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Note {
    tone: &'static str,
    text: String,
}

impl Flash {
    /// Something was done: `Flash::ok("flash-saved")`.
    pub fn ok(id: &'static str) -> Self {
        Self { tone: Tone::Ok, id: id.to_owned(), args: Vec::new() }
    }

    /// Something could not be done.
    pub fn warn(id: &'static str) -> Self {
        Self { tone: Tone::Warn, id: id.to_owned(), args: Vec::new() }
    }

    /// Adds an argument of the sentence. Whole numbers choose plural forms.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        // A cookie holds 4 KB; a long subject is cut rather than lost with the whole message.
        let short: String = value.to_string().chars().take(120).collect();
        self.args.push((name.to_owned(), short));
        self
    }

    /// Redirects to an own path, where the word is shown.
    pub fn and_go(self, path: &str) -> Response {
        (AppendHeaders([(header::SET_COOKIE, self.cookie().to_string())]), Redirect::to(path)).into_response()
    }

    fn cookie(&self) -> Cookie<'static> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("", if self.tone == Tone::Ok { "ok" } else { "warn" }).append_pair("", &self.id);
        query.extend_pairs(&self.args);
        // Ends with the browser's session at the latest; the page that shows it takes it back.
        Cookie::build((COOKIE, query.finish())).path("/").http_only(true).same_site(SameSite::Lax).build()
    }

    /// What the previous page left, if anything.
    pub(crate) fn from_jar(jar: &CookieJar) -> Option<Self> {
        let mut pairs = form_urlencoded::parse(jar.get(COOKIE)?.value().as_bytes()).into_owned();
        let tone = if pairs.next()?.1 == "ok" { Tone::Ok } else { Tone::Warn };
        let id = pairs.next()?.1;
        id.starts_with("flash-").then(|| Self { tone, id, args: pairs.take(8).collect() })
    }

    /// The value of the `Set-Cookie` that takes the word back once it has been shown.
    pub(crate) fn removal() -> String {
        format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
    }

    pub(crate) fn in_words(&self, language: Language) -> Option<Note> {
        if !i18n::has(language, &self.id) {
            return None;
        }
        let args: Vec<_> = self
            .args
            .iter()
            .map(|(name, value)| {
                // Names of mailings and subjects may hold a template's variables.
                let text = |_| FluentValue::from(readable(language, value));
                (name.as_str(), value.parse::<i64>().map_or_else(text, FluentValue::from))
            })
            .collect();
        let tone = if self.tone == Tone::Ok { "ok" } else { "warn" };
        Some(Note { tone, text: i18n::text(language, &self.id, &args) })
    }
}
