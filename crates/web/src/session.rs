//! Sessions: a random secret in a cookie, its hash in the store; and the extractors that say who is signed in.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use url::form_urlencoded;
use vestnik_model::{secret::new_secret, user::User};
use vestnik_store::sessions::{self, Origin};

use crate::{
    error::Error,
    state::{AppState, Settings},
    visit::{SignedIn, Visit},
};

/// `__Host-` makes browsers refuse the cookie from another host or over plain HTTP, but needs HTTPS itself.
fn cookie_name(settings: &Settings) -> &'static str {
    if settings.https() { "__Host-session" } else { "session" }
}

fn cookie(settings: &Settings, value: &str, max_age: u64) -> String {
    let secure = if settings.https() { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}", cookie_name(settings))
}

/// How long browsers keep the cookie, in seconds: as long as they do for any (RFC 6265bis 5.5).
const COOKIE_SECONDS: u64 = 400 * 86_400;
/// How stale the note of a session's last use may be; a write for every page would be one too many.
const NOTED_EVERY: Duration = Duration::from_secs(600);

/// Who the session cookie belongs to.
pub(crate) async fn find(app: &AppState, jar: &CookieJar) -> Result<Option<SignedIn>, Error> {
    let Some(cookie) = jar.get(cookie_name(&app.settings)) else { return Ok(None) };
    let now = app.now();
    let Some((session, user, actor)) = sessions::find(&app.db, cookie.value(), now).await? else { return Ok(None) };
    let lifetime = app.installation().await?.session_lifetime();
    let unused = session.seen_at.until(now);
    // The lifetime may have become shorter since the session began.
    if unused >= lifetime {
        return Ok(None);
    }
    if unused >= NOTED_EVERY {
        sessions::touch(&app.db, &session, now, now.plus(lifetime)).await?;
    }
    let cookie = SessionCookie(cookie.value().into());
    Ok(Some(SignedIn { actor, user: Arc::new(user), session: session.id, cookie }))
}

/// Begins a session and puts its cookie on the answer. Always a new secret: whatever the browser had before, perhaps
/// planted by someone else, is worth nothing afterwards.
pub(crate) async fn begin(app: &AppState, visit: &Visit, user: &User, response: Response) -> Result<Response, Error> {
    if let Some(who) = &visit.user {
        sessions::end(&app.db, &who.cookie.0).await?;
    }
    let secret = new_secret(&*app.random);
    let now = app.now();
    let (address, agent) = (visit.address.to_string(), visit.agent.as_str());
    let origin = Origin { address: &address, agent };
    let lifetime = app.installation().await?.session_lifetime();
    sessions::create(&app.db, user.id, &secret, origin, now, now.plus(lifetime)).await?;
    // The cookie outlives the session: whether that has ended is for the service to say, and to forget it costs a login.
    Ok(with_cookie(response, &cookie(&app.settings, &secret, COOKIE_SECONDS)))
}

/// Ends this browser's session and takes its cookie back.
pub(crate) async fn end(app: &AppState, visit: &Visit, response: Response) -> Result<Response, Error> {
    if let Some(who) = &visit.user {
        sessions::end(&app.db, &who.cookie.0).await?;
    }
    Ok(with_cookie(response, &cookie(&app.settings, "", 0)))
}

/// The secret of a session, which is never printed.
#[derive(Clone)]
pub struct SessionCookie(Arc<str>);

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionCookie")
    }
}

/// Adds a `Set-Cookie` to an answer.
pub(crate) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The signed-in person. A stranger is sent to the login page, and back afterwards.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub SignedIn);

impl std::ops::Deref for CurrentUser {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let visit = Visit::from_request_parts(parts, state).await?;
        visit.user.clone().map(Self).ok_or(Error::SignIn)
    }
}

/// The signed-in person, if anyone is.
#[derive(Debug, Clone)]
pub struct MaybeUser(pub Option<SignedIn>);

impl<S: Sync> FromRequestParts<S> for MaybeUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Visit::from_request_parts(parts, state).await?.user.clone()))
    }
}

/// Sends a stranger to the login page, and from there back to the page that was asked for.
pub(crate) fn to_login(visit: &Visit) -> Response {
    if !visit.reads {
        return Redirect::to("/login").into_response();
    }
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", &visit.path).finish();
    Redirect::to(&format!("/login?{query}")).into_response()
}

/// The path if it is one of ours, else `None`: a link must not send people to another site after the login.
pub fn own_path(path: &str) -> Option<&str> {
    // Browsers read `\` as `/` and drop tabs and line ends, so `/\evil.example` is another host to them.
    let clean = !path.chars().any(|c| c == '\\' || c.is_control());
    (clean && path.starts_with('/') && !path.starts_with("//") && path.len() < 2_000).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn only_own_paths_are_redirected_to() {
        for own in ["/", "/mailings/5?tab=runs", "/a//b"] {
            assert_eq!(own_path(own), Some(own));
        }
        for foreign in ["", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "mailings"]
        {
            assert_eq!(own_path(foreign), None, "{foreign}");
        }
    }
}
