//! What a person has typed is worth more than the request that brings it.
//!
//! - A form that creates something and is sent twice creates it once: [`Sent`] has its hash, the store claims it
//!   ([`vestnik_store::submitted_forms`]).
//! - A form whose session has ended meanwhile is kept on the server ([`set_aside`], [`to_login`]) and stands on its page
//!   again once the same person has signed in on the same browser ([`Restored`]). It is never saved by itself.
//! - A form of one account is not taken in the name of another that has signed in meanwhile.
//!
//! Forms say of themselves, in hidden fields (`form_marks.html`), which form they are and whose.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use serde::{Serialize, de::DeserializeOwned};
use url::form_urlencoded;
use vestnik_model::{id::UserId, secret::new_secret};
use vestnik_store::{
    kept_forms::{self, Keeping, Kept, LIFETIME, NewForm},
    submitted_forms::FormHash,
};

use crate::{
    conflict::ConflictView,
    error::Error,
    flash::Flash,
    form::Form,
    limits::{Limit, address_key},
    session,
    state::{AppState, Settings},
    visit::Visit,
};

/// The fields of `form_marks.html`: a random number for each form that is shown, and who it was shown to.
const FORM_FIELD: &str = "form_id";
const USER_FIELD: &str = "form_user";
/// The parameter that says which kept form a page shows.
const RESTORE: &str = "typed";
/// Largest form that is kept, in bytes.
const LARGEST_KEPT: usize = 4 * 1024 * 1024;
/// Forms kept for one network address.
const KEPT: Limit = Limit::per_minutes("kept-form", 20, 60);

/// What a page with a form shows beside it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct TypedView {
    /// Whether the form shows what was typed before the session ended.
    pub(crate) restored: bool,
    /// What someone else has saved meanwhile.
    pub(crate) conflict: Option<ConflictView>,
}

impl TypedView {
    /// Of a form that shows what is stored, or what was kept.
    pub(crate) fn restored(restored: bool) -> Self {
        Self { restored, conflict: None }
    }

    /// Of a form that someone else was quicker with.
    pub(crate) fn conflict(conflict: ConflictView) -> Self {
        Self { restored: false, conflict: Some(conflict) }
    }
}

/// A form from the body, and what it is known by.
#[derive(Debug)]
pub(crate) struct Sent<T> {
    /// The fields.
    pub(crate) form: T,
    /// Stands for this very form with everything in it. `None`: it does not say which form it is.
    pub(crate) hash: Option<FormHash>,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, state).await.map_err(IntoResponse::into_response)?;
        let path = parts.uri.path().to_owned();
        let head = parts.clone();
        let bytes = Bytes::from_request(Request::from_parts(parts, body), state).await.map_err(|rejection| {
            let status = rejection.into_response().status();
            // 413 keeps its own page.
            if status == StatusCode::PAYLOAD_TOO_LARGE {
                status.into_response()
            } else {
                Error::BadRequest.into_response()
            }
        })?;
        let owner = field(&bytes, USER_FIELD).and_then(|owner| owner.parse().ok()).map(UserId);
        let user = visit.user.as_ref().map(|who| who.user.id);
        if owner.is_some() && user.is_some() && owner != user {
            return Err(Error::AnothersForm.into_response());
        }
        let named = field(&bytes, FORM_FIELD).is_some_and(|name| !name.is_empty());
        let hash = if named { str::from_utf8(&bytes).ok().map(|body| FormHash::of(&path, body)) } else { None };
        let Form(form) = Form::from_request(Request::from_parts(head, Body::from(bytes)), state).await?;
        Ok(Self { form, hash })
    }
}

/// The first field of this name in an urlencoded body.
fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Where a form stands, for someone who comes back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShownAt {
    /// At the address that it is sent to.
    Same,
    /// At the address above it: `/manage/feedback/5/answer` is sent from `/manage/feedback/5`.
    Above,
}

impl ShownAt {
    fn page(self, path: &str) -> String {
        match self {
            Self::Same => path.to_owned(),
            Self::Above => path.rsplit_once('/').map_or(path, |(above, _)| above).to_owned(),
        }
    }
}

/// A form that came without a session, on its way to [`to_login`].
#[derive(Debug, Clone)]
pub(crate) struct SetAside {
    user: UserId,
    page: String,
    body: String,
    /// The secret of the browser, if it has one already.
    browser: Option<String>,
}

/// Puts what was typed beside the answer that it cannot be taken.
pub(crate) async fn set_aside(shown_at: Option<ShownAt>, request: Request, refused: Error) -> Response {
    let mut response = refused.into_response();
    if let Some(shown_at) = shown_at
        && let Some(aside) = SetAside::read(shown_at, request).await
    {
        response.extensions_mut().insert(aside);
    }
    response
}

impl SetAside {
    async fn read(shown_at: ShownAt, request: Request) -> Option<Self> {
        let browser = cookie(request.headers());
        let page = shown_at.page(request.uri().path());
        let bytes = to_bytes(request.into_body(), LARGEST_KEPT).await.ok()?;
        let user = field(&bytes, USER_FIELD)?.parse().ok().map(UserId)?;
        Some(Self { user, page, body: String::from_utf8(bytes.into()).ok()?, browser })
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    [true, false].into_iter().find_map(|https| jar.get(cookie_name(https))).map(|cookie| cookie.value().to_owned())
}

fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-typed" } else { "typed" }
}

fn new_cookie(settings: &Settings, secret: &str) -> String {
    let (name, secure) = (cookie_name(settings.https()), if settings.https() { "; Secure" } else { "" });
    let max_age = Duration::as_secs(&LIFETIME);
    format!("{name}={secret}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")
}

/// Sends a stranger to the login page, and from there to the form that was set aside. `None`: it could not be kept.
pub(crate) async fn to_login(app: &AppState, visit: &Visit, aside: &SetAside) -> Option<Response> {
    KEPT.count(app, &address_key(visit.address)).await.ok()?;
    let browser = aside.browser.clone().unwrap_or_else(|| new_secret(&*app.random));
    let form = NewForm { browser: &browser, user: aside.user, path: &aside.page, body: &aside.body };
    let id = match kept_forms::keep(&app.db, form, app.now()).await {
        Ok(Keeping::Kept(id)) => id,
        Ok(Keeping::NoUser) => return None,
        Ok(Keeping::NoRoom) => {
            tracing::warn!(user = %aside.user, size = aside.body.len(), "no room to keep a form whose session has ended");
            return None;
        }
        Err(error) => {
            tracing::error!(%error, "could not keep a form whose session has ended");
            return None;
        }
    };
    let next = format!("{}?{RESTORE}={id}", aside.page);
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish();
    let response = Flash::warn("flash-form-kept").and_go(&format!("/login?{query}"));
    Some(session::with_cookie(response, &new_cookie(&app.settings, &browser)))
}

/// What was typed into the form of this page before the session ended, if the address asks for it. Only the person who
/// typed it sees it, on the browser that they used.
#[derive(Debug)]
pub(crate) struct Restored<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Restored<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Self::Rejection> {
        let visit = Visit::from_request_parts(parts, app).await?;
        let query = parts.uri.query().unwrap_or_default();
        let id = field(query.as_bytes(), RESTORE).and_then(|id| id.parse().ok());
        let (Some(id), Some(browser), Some(who)) = (id, cookie(&parts.headers), &visit.user) else {
            return Ok(Self(None));
        };
        let kept = Kept { id, browser: &browser, path: parts.uri.path() };
        let Some(body) = kept_forms::find(&app.db, &who.actor, kept, app.now()).await? else { return Ok(Self(None)) };
        let mut request = Request::post("/").body(Body::from(body)).map_err(Error::internal)?;
        let urlencoded = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, urlencoded);
        // What an older version of the form had sent may not be read any more.
        Ok(Self(Form::<T>::from_request(request, app).await.ok().map(|Form(form)| form)))
    }
}
