//! Sessions: a random secret in a cookie, its hash in the store; and the extractors that say who is signed in.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use url::form_urlencoded;
use vestnik_model::{
    Actor, UnixMillis,
    second_factor::Code,
    secret::new_secret,
    user::{Session, User},
};
use vestnik_store::{
    logins::{self, Arrival, Begun, Finished},
    second_factor::Used,
    sessions::{self, Origin},
};

use crate::{
    error::Error,
    flash::Flash,
    state::{AppState, Settings},
    visit::{SignedIn, Visit},
};

/// How long a second factor is waited for after the password.
pub(crate) const HALF_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A cookie of ours that holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Of a session.
    Session,
    /// Of a half login, which waits for the second factor.
    HalfLogin,
    /// Of a browser, by which accounts know it after their session has ended.
    Device,
}

impl Held {
    /// `__Host-` makes browsers refuse the cookie from another host or over plain HTTP, but needs HTTPS itself.
    fn name(self, settings: &Settings) -> &'static str {
        match (self, settings.https()) {
            (Self::Session, true) => "__Host-session",
            (Self::Session, false) => "session",
            (Self::HalfLogin, true) => "__Host-login",
            (Self::HalfLogin, false) => "login",
            (Self::Device, true) => "__Host-device",
            (Self::Device, false) => "device",
        }
    }

    fn set(self, settings: &Settings, value: &str, lifetime: Duration) -> String {
        let (name, max_age) = (self.name(settings), lifetime.as_secs());
        let secure = if settings.https() { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")
    }

    fn remove(self, settings: &Settings) -> String {
        self.set(settings, "", Duration::ZERO)
    }
}

/// How long browsers keep a session's cookie: as long as they do any (RFC 6265bis 5.5). Whether the session has ended is
/// for the service to say.
const COOKIE_LIFETIME: Duration = Duration::from_secs(400 * 86_400);
/// How stale the note of a session's last use may be; a write for every page would be one too many.
const NOTED_EVERY: Duration = Duration::from_secs(600);

/// Who the session cookie belongs to.
pub(crate) async fn find(app: &AppState, jar: &CookieJar) -> Result<Option<SignedIn>, Error> {
    let Some(cookie) = jar.get(Held::Session.name(&app.settings)) else { return Ok(None) };
    let now = app.now();
    let Some((session, user, actor)) = valid(app, cookie.value(), now).await? else { return Ok(None) };
    if session.seen_at.until(now) >= NOTED_EVERY {
        let lifetimes = app.installation().await?.session_lifetimes();
        sessions::touch(&app.db, &session, now, lifetimes.ends_at(session.created_at, now)).await?;
    }
    let cookie = CookieSecret(cookie.value().into());
    Ok(Some(SignedIn { actor, user: Arc::new(user), session: session.id, cookie }))
}

/// The session of a cookie, if it has not ended, with its person and what they may.
async fn valid(app: &AppState, cookie: &str, now: UnixMillis) -> Result<Option<(Session, User, Actor)>, Error> {
    let Some(found) = sessions::find(&app.db, cookie, now).await? else { return Ok(None) };
    let (session, ..) = &found;
    // The lifetimes may have become shorter since the session was last used.
    let lifetimes = app.installation().await?.session_lifetimes();
    Ok((lifetimes.ends_at(session.created_at, session.seen_at) > now).then_some(found))
}

/// The actor of a session that was found earlier, with the permissions of this moment; `None`: the session has ended.
/// Does not count as a use of the session.
pub(crate) async fn recheck(app: &AppState, who: &SignedIn) -> Result<Option<Actor>, Error> {
    Ok(valid(app, &who.cookie.0, app.now()).await?.map(|(_, _, actor)| actor))
}

/// What a browser gets that is let in.
struct Secrets {
    /// For the cookie of its session, or of its half login.
    session: String,
    /// For the cookie by which accounts know it: the one that it has, or another.
    device: String,
    /// From where it comes.
    address: String,
}

impl Secrets {
    fn new(app: &AppState, visit: &Visit) -> Self {
        let device = visit.device.as_ref().map(|device| device.secret().to_owned());
        Self {
            session: new_secret(&*app.random),
            device: device.unwrap_or_else(|| new_secret(&*app.random)),
            address: visit.address.to_string(),
        }
    }

    /// The browser of this visit, to be let in with them.
    async fn arrival<'a>(&'a self, app: &AppState, visit: &'a Visit) -> Result<Arrival<'a>, Error> {
        let at = app.now();
        let expires_at = app.installation().await?.session_lifetimes().ends_at(at, at);
        let origin = Origin { address: &self.address, agent: &visit.agent };
        Ok(Arrival { cookie: &self.session, origin, device: &self.device, at, expires_at })
    }
}

/// The secret by which accounts know the browser that asks.
pub(crate) fn device(app: &AppState, jar: &CookieJar) -> Option<CookieSecret> {
    let value = jar.get(Held::Device.name(&app.settings))?.value();
    let is_ours = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours.then(|| CookieSecret(value.into()))
}

/// Lets in whoever has given the right password, as it was when this `user` was read, and goes to the page `next`; or, if
/// they have a second factor, asks for it first. There is no other way from a password to a session. `news` is a word on
/// what was done besides; without it they are greeted.
pub(crate) async fn begin(
    app: &AppState,
    visit: &Visit,
    user: &User,
    next: &str,
    news: Option<Flash>,
) -> Result<Response, Error> {
    let secrets = Secrets::new(app, visit);
    let arrival = secrets.arrival(app, visit).await?;
    match logins::begin(&app.db, user, arrival, arrival.at.plus(HALF_LIFETIME)).await? {
        Begun::Session => let_in(app, visit, &secrets, news.unwrap_or_else(|| welcome(user)).and_go(next)).await,
        Begun::HalfLogin => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            let path = format!("/login/code?{query}");
            let asked = news.map_or_else(|| Redirect::to(&path).into_response(), |news| news.and_go(&path));
            Ok(with_cookie(asked, &Held::HalfLogin.set(&app.settings, &secrets.session, HALF_LIFETIME)))
        }
        Begun::Refused => Ok(Redirect::to("/login").into_response()),
    }
}

/// Makes this browser's half login a session, if the code is right; the answer leads to the page `next`.
pub(crate) async fn finish(
    app: &AppState,
    visit: &Visit,
    half: &HalfLogin,
    code: &Code,
    next: &str,
) -> Result<Result<Response, Finished>, Error> {
    let secrets = Secrets::new(app, visit);
    let finished = logins::finish(&app.db, &half.cookie, code, secrets.arrival(app, visit).await?).await?;
    let said = match finished {
        Finished::Session(Used::App) => welcome(&half.user),
        // Stays until it is read.
        Finished::Session(Used::Recovery { left }) => Flash::warn("flash-welcome-recovery").with("left", left),
        Finished::WrongCode | Finished::Gone => return Ok(Err(finished)),
    };
    let response = let_in(app, visit, &secrets, said.and_go(next)).await?;
    Ok(Ok(with_cookie(response, &Held::HalfLogin.remove(&app.settings))))
}

fn welcome(user: &User) -> Flash {
    Flash::ok("flash-welcome").with("name", &user.name)
}

/// Puts a new session's cookie on the answer. Always a new secret: whatever the browser had before, perhaps planted by
/// someone else, is worth nothing afterwards.
async fn let_in(app: &AppState, visit: &Visit, secrets: &Secrets, response: Response) -> Result<Response, Error> {
    if let Some(who) = &visit.user {
        sessions::end(&app.db, &who.cookie.0).await?;
    }
    let response = with_cookie(response, &Held::Device.set(&app.settings, &secrets.device, COOKIE_LIFETIME));
    Ok(with_cookie(response, &Held::Session.set(&app.settings, &secrets.session, COOKIE_LIFETIME)))
}

/// Begins a new session here for someone who is signed in and of whom every session was ended just now.
pub(crate) async fn renew(
    app: &AppState,
    visit: &Visit,
    user: &CurrentUser,
    response: Response,
) -> Result<Response, Error> {
    let secrets = Secrets::new(app, visit);
    let Arrival { cookie, origin, at, expires_at, .. } = secrets.arrival(app, visit).await?;
    sessions::create(&app.db, user.user.id, cookie, origin, at, expires_at).await?;
    let_in(app, visit, &secrets, response).await
}

/// A browser at which the password was right, and whose second factor is waited for.
pub(crate) struct HalfLogin {
    /// Whose.
    pub(crate) user: User,
    cookie: String,
}

/// The half login of this browser.
pub(crate) async fn half_login(app: &AppState, jar: &CookieJar) -> Result<Option<HalfLogin>, Error> {
    let Some(cookie) = jar.get(Held::HalfLogin.name(&app.settings)) else { return Ok(None) };
    let user = logins::waiting(&app.db, cookie.value(), app.now()).await?;
    Ok(user.map(|user| HalfLogin { user, cookie: cookie.value().to_owned() }))
}

/// Ends this browser's session and takes its cookie back.
pub(crate) async fn end(app: &AppState, visit: &Visit, response: Response) -> Result<Response, Error> {
    if let Some(who) = &visit.user {
        sessions::end(&app.db, &who.cookie.0).await?;
    }
    Ok(with_cookie(response, &Held::Session.remove(&app.settings)))
}

/// The secret of a cookie, which is never printed.
#[derive(Clone)]
pub struct CookieSecret(Arc<str>);

impl CookieSecret {
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for CookieSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CookieSecret")
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
    use std::time::Duration;

    use super::{HALF_LIFETIME, Held, own_path};
    use crate::state::{FixedMail, Settings};

    #[test]
    fn cookies_are_kept_from_scripts_and_behind_https_from_other_hosts() {
        let settings = |base_url: &str| Settings {
            base_url: base_url.parse().expect("an address"),
            mail: FixedMail::default(),
            behind_proxy: false,
            hsts_subdomains: false,
            password_hashes_at_once: 1,
            data_dir: std::env::temp_dir(),
            undo_delay: Duration::ZERO,
        };
        let secure = settings("https://mail.example.org/");
        assert_eq!(
            Held::HalfLogin.set(&secure, "x", HALF_LIFETIME),
            "__Host-login=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(Held::Session.set(&secure, "x", HALF_LIFETIME).starts_with("__Host-session=x;"));
        let plain = settings("http://localhost:8000/");
        assert_eq!(Held::HalfLogin.remove(&plain), "login=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        assert!(Held::Session.remove(&plain).starts_with("session=;"));
    }

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
