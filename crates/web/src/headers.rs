//! Headers that every answer carries, and those of a message's preview.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use crate::{cached, state::AppState};

/// Scripts, styles and connections from here alone. `data:` images are the marks inside the style sheet.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// A user's own HTML: no scripts, no forms, no plug-ins, an origin of its own; inline styles and images from anywhere,
/// because that is what letters are made of. Only our own pages may frame it.
const PREVIEW_POLICY: &str = "sandbox; default-src 'none'; img-src http: https: data:; media-src http: https:; \
     font-src https: data:; style-src 'unsafe-inline' https:; form-action 'none'; frame-ancestors 'self'";

/// The same for what someone else has written: nothing is loaded from other servers, which would learn who looks at it,
/// when, and from where.
const LOCAL_PREVIEW_POLICY: &str = "sandbox; default-src 'none'; img-src 'self' data:; font-src data:; \
     style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'";

/// Adds the headers, except where a handler has set its own.
pub(crate) async fn add(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let (method, asked) = (request.method().clone(), known(request.headers()));
    let mut response = cached::spare(&method, &asked, next.run(request).await);
    let headers = response.headers_mut();
    set(headers, header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Our own pages see where a form was sent from; others learn nothing, not even from links in previews.
    set(headers, header::REFERRER_POLICY, "same-origin");
    set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(headers, HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    // What a page shows depends on who asks. `no-cache` lets the browser keep it for "back", after asking.
    set(headers, header::CACHE_CONTROL, "private, no-cache");
    if app.settings.https() {
        set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// Which answers whoever asks has already.
fn known(headers: &HeaderMap) -> Vec<HeaderValue> {
    headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// A user's HTML for a sandboxed frame of ours: `<iframe sandbox src=…>`. `remote`: it loads what lies on other servers.
pub fn preview(html: String, remote: bool) -> Response {
    let policy = HeaderValue::from_static(if remote { PREVIEW_POLICY } else { LOCAL_PREVIEW_POLICY });
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}
