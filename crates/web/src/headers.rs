//! Headers that every answer carries, and those of a message's preview.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use crate::{cached, state::AppState};

/// One year.
const HSTS: &str = "max-age=31536000";
const HSTS_OF_ALL: &str = "max-age=31536000; includeSubDomains";

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

/// Outermost middleware, for static files and probes as well: refuses requests with two Host headers (RFC 9112, 3.2), sets
/// `nosniff`, and with an HTTPS base URL HSTS and `Secure` cookies.
pub(crate) async fn everywhere(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        (StatusCode::BAD_REQUEST, "more than one Host header").into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if app.settings.https() {
        let subdomains = app.settings.hsts_subdomains;
        set(headers, header::STRICT_TRANSPORT_SECURITY, if subdomains { HSTS_OF_ALL } else { HSTS });
        secure_cookies(headers);
    }
    response
}

/// Adds `Secure` to cookies that lack it.
fn secure_cookies(headers: &mut HeaderMap) {
    if let header::Entry::Occupied(mut cookies) = headers.entry(header::SET_COOKIE) {
        for cookie in cookies.iter_mut() {
            let Ok(text) = cookie.to_str() else { continue };
            let is_secure = text.split(';').skip(1).any(|part| part.trim().eq_ignore_ascii_case("secure"));
            if !is_secure && let Ok(secured) = HeaderValue::from_str(&format!("{text}; Secure")) {
                *cookie = secured;
            }
        }
    }
}

/// Adds the headers of pages, except where a handler has set its own.
pub(crate) async fn add(request: Request, next: Next) -> Response {
    let (method, asked) = (request.method().clone(), known(request.headers()));
    let mut response = cached::spare(&method, &asked, next.run(request).await);
    let headers = response.headers_mut();
    set(headers, header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    // Our own pages see where a form was sent from; others learn nothing, not even from links in previews.
    set(headers, header::REFERRER_POLICY, "same-origin");
    set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(headers, HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    // What a page shows depends on who asks. `no-cache` lets the browser keep it for "back", after asking.
    set(headers, header::CACHE_CONTROL, "private, no-cache");
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

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};

    use super::*;
    use crate::testing::{PASSWORD, TestApp};

    const PATHS: [&str; 5] = ["/login", "/healthz", "/nowhere", "/assets/nothing.js", "/blog/feed.xml"];

    fn asset() -> &'static str {
        vestnik_assets::url("app.css")
    }

    #[tokio::test]
    async fn every_response_has_nosniff() {
        let app = TestApp::start().await;
        for path in PATHS.into_iter().chain([asset()]) {
            let answer = app.browser().get(path).await;
            assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert!(!answer.headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "{path}: there is no HTTPS here");
        }
        app.stop().await;
    }

    #[tokio::test]
    async fn https_responses_have_hsts_and_secure_cookies() {
        for (hsts_subdomains, expected) in [(false, HSTS), (true, HSTS_OF_ALL)] {
            let app = TestApp::start_with(|settings| {
                settings.base_url = "https://vestnik.example/".parse().unwrap();
                settings.hsts_subdomains = hsts_subdomains;
            })
            .await;
            for path in PATHS.into_iter().chain([asset()]) {
                let answer = app.browser().get(path).await;
                assert_eq!(answer.headers[header::STRICT_TRANSPORT_SECURITY], expected, "{path}");
            }
            let user = app.user("anna").await;
            let mut browser = app.browser();
            let begun = browser.post("/login", &[("email", &user.email), ("password", PASSWORD)]).await;
            let shown = browser.get("/dashboard").await;
            let chosen = browser.post("/theme", &[("theme", "dark")]).await;
            let cookies = |answer: &crate::testing::Answer| {
                answer.headers.get_all(header::SET_COOKIE).iter().cloned().collect::<Vec<_>>()
            };
            let all = [cookies(&begun), cookies(&shown), cookies(&chosen)].concat();
            for name in ["__Host-session=", "flash=", "theme="] {
                assert!(all.iter().any(|cookie| cookie.as_bytes().starts_with(name.as_bytes())), "{name}: {all:?}");
            }
            for cookie in all {
                let cookie = cookie.to_str().unwrap();
                assert_eq!(cookie.matches("; Secure").count(), 1, "{cookie}");
            }
            app.stop().await;
        }
    }

    #[tokio::test]
    async fn request_with_two_host_headers_is_refused() {
        let app = TestApp::start().await;
        for path in ["/login", "/healthz", asset()] {
            let request =
                Request::get(path).header(header::HOST, "vestnik.example").header(header::HOST, "evil.example");
            let answer = app.browser().send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        }
        app.stop().await;
    }
}
