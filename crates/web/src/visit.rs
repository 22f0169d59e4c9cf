//! Who asks, and how they want to be answered: found out once for each request, before anything else.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use tokio::time::Instant;
use tracing::Instrument;
use url::{Host, Url};
use vestnik_model::{
    Actor,
    id::SessionId,
    secret::new_key,
    user::{Language, Theme, User},
};

use crate::{cached, concurrency::Kind, error, flash::Flash, i18n, session, state::AppState};

/// Cookie with the chosen language, for people who are not signed in.
pub(crate) const LANGUAGE_COOKIE: &str = "lang";
/// Cookie with the chosen theme, for people who are not signed in.
pub(crate) const THEME_COOKIE: &str = "theme";

/// One request's circumstances. Handlers take it by value; it is cheap to clone.
#[derive(Debug, Clone)]
pub struct Visit(Arc<Circumstances>);

/// The parts of [`Visit`].
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// Language of the answer: the person's setting, else the cookie, else what the browser accepts.
    pub language: Language,
    /// Theme of the answer: the person's setting, else the cookie.
    pub theme: Theme,
    /// Who is signed in.
    pub user: Option<SignedIn>,
    /// A word from the previous page.
    pub flash: Option<Flash>,
    /// Path and query that were asked for.
    pub path: String,
    /// Whether the request only reads, so that its path can be visited again.
    pub reads: bool,
    /// Whether a stream of server-sent events is wanted, not a page.
    pub streams: bool,
    /// Whether the request came from this machine itself, and through no proxy: see [`is_direct`].
    pub direct: bool,
    /// Where the request came from, for rate limits. Not logged.
    pub address: IpAddr,
    /// By what accounts know the browser at which someone has signed in before.
    pub device: Option<session::CookieSecret>,
    /// What the browser calls itself, cut to a length that fits a list.
    pub agent: String,
    /// Names this request in the log and on the page of an internal error. A proxy of ours may have given it
    /// (`X-Request-Id`).
    pub request_id: String,
}

/// A signed-in person.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The person.
    pub user: Arc<User>,
    /// In whose name `store` is asked.
    pub actor: Actor,
    /// Which of the person's sessions it is.
    pub session: SessionId,
    /// The session's secret, to end it.
    pub(crate) cookie: session::CookieSecret,
}

impl std::ops::Deref for Visit {
    type Target = Circumstances;

    fn deref(&self) -> &Circumstances {
        &self.0
    }
}

impl Visit {
    /// Wraps circumstances that were found out elsewhere (tests).
    pub fn new(circumstances: Circumstances) -> Self {
        Self(Arc::new(circumstances))
    }

    /// The same visit after an act that has changed who this person is to us.
    pub(crate) fn now_by(&self, who: SignedIn) -> Self {
        Self::new(Circumstances { user: Some(who), ..Circumstances::clone(self) })
    }

    /// The first segment of the path, below `manage` the first two: which entry of the navigation is the current one.
    pub fn section(&self) -> &str {
        let path = self.path.split(['?', '.']).next().unwrap_or_default().trim_start_matches('/');
        let segments = if path.starts_with("manage/") { 2 } else { 1 };
        let end = path.match_indices('/').nth(segments - 1).map_or(path.len(), |(end, _)| end);
        &path[..end]
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = error::Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| error::Error::internal("no visit: the layer is missing"))
    }
}

/// The layer: finds out the circumstances, lets the request through, and turns errors into pages in the right language.
pub(crate) async fn layer(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (mut parts, body) = request.into_parts();
    let method = parts.method.clone();
    // The route and not the path, in which there may be a secret.
    let route = parts.extensions.get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let (visit, trouble) = find_out(&app, &parts).await;
    let span = tracing::info_span!("request", id = %visit.request_id, method = %parts.method);
    parts.extensions.insert(visit.clone());
    parts.extensions.insert(app.clone());
    let request = Request::from_parts(parts, body);
    async move {
        let response = match trouble {
            Some(trouble) => trouble.into_response(),
            None => run(&app, &visit, request, next).await,
        };
        if let (false, Some(signed_in)) = (visit.reads, &visit.user) {
            app.counts.forget(signed_in.actor.user());
        }
        cached::note_change(&app, &method, &visit.path, response.status()).await;
        let mut response = error::into_page(&app, &visit, response).await;
        if let Ok(id) = HeaderValue::from_str(&visit.request_id) {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
        }
        tracing::debug!(route, status = response.status().as_u16(), ms = began.elapsed().as_millis(), "answered");
        response
    }
    .instrument(span)
    .await
}

async fn find_out(app: &AppState, request: &Parts) -> (Visit, Option<error::Error>) {
    let headers = &request.headers;
    let jar = CookieJar::from_headers(headers);
    let installation = app.installation().await.ok();
    // If the database cannot say who this is, the page of the error is shown as to a stranger.
    let (user, trouble) = match session::find(app, &jar).await {
        Ok(user) => (user, None),
        Err(trouble) => (None, Some(trouble)),
    };
    let settings = user.as_ref().map(|signed_in| &signed_in.user);
    let language = settings
        .map(|user| user.language)
        .or_else(|| jar.get(LANGUAGE_COOKIE)?.value().parse().ok())
        .or_else(|| i18n::accepted(text(headers, header::ACCEPT_LANGUAGE)))
        .or_else(|| Some(installation?.language))
        .unwrap_or(Language::En);
    let theme =
        settings.map(|user| user.theme).or_else(|| jar.get(THEME_COOKIE)?.value().parse().ok()).unwrap_or(Theme::Auto);
    let visit = Visit::new(Circumstances {
        language,
        theme,
        user,
        reads: request.method.is_safe(),
        streams: text(headers, header::ACCEPT).contains("text/event-stream"),
        flash: (request.method == Method::GET).then(|| Flash::from_jar(&jar)).flatten(),
        path: request.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        direct: !app.settings.behind_proxy && is_direct(request),
        address: address(app, request),
        device: session::device(app, &jar),
        agent: text(headers, header::USER_AGENT).chars().filter(|c| !c.is_control()).take(200).collect(),
        request_id: given_number(headers)
            .filter(|_| app.settings.behind_proxy)
            .map_or_else(|| new_key(&*app.random, 8), str::to_owned),
    });
    (visit, trouble)
}

/// Runs the handler with one of the user's request permits, which is released when the response begins.
async fn run(app: &AppState, visit: &Visit, request: Request, next: Next) -> Response {
    let Some(who) = &visit.user else { return next.run(request).await };
    match app.concurrency.acquire(Kind::Request, who.user.id).await {
        Ok(_permit) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn host(request: &Parts) -> Option<Url> {
    let host = request.uri.authority().map_or_else(|| text(&request.headers, header::HOST), |host| host.as_str());
    format!("http://{host}/").parse().ok()
}

/// Whether the address is one of this machine alone.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn peer(request: &Parts) -> IpAddr {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}

/// Headers by which proxies say for whom they ask.
const FORWARDED: [&str; 7] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-server", "x-real-ip"];

/// Whether whoever asks sits at this machine. The connection says so: it comes from loopback, and nothing in the request
/// speaks of a proxy. What the visitor writes into `Host` proves nothing; it must be a name of this machine as well only
/// because a site of strangers can have its own name made to point here, and its scripts in a browser here would read
/// along.
fn is_direct(request: &Parts) -> bool {
    peer(request).to_canonical().is_loopback()
        && FORWARDED.iter().all(|name| !request.headers.contains_key(*name))
        && host(request).is_some_and(|host| is_local(&host))
}

fn address(app: &AppState, request: &Parts) -> IpAddr {
    let peer = peer(request);
    if !app.settings.behind_proxy {
        return peer;
    }
    // The last entry is the one our own proxy wrote; those before it are whatever the visitor sent.
    request
        .headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok())
        .unwrap_or(peer)
}

/// The number that our own proxy has given the request, so that its log and ours speak of the same one.
fn given_number(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get("x-request-id")?.to_str().ok()?;
    let plain = (8..=64).contains(&given.len()) && given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain.then_some(given)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{
        extract::ConnectInfo,
        http::{HeaderMap, HeaderValue, Request},
    };

    #[test]
    fn a_request_keeps_the_number_that_it_came_with() {
        for (given, taken) in [
            ("9f86d081884c7d659a2feaa0c55ad015", true),
            ("1b4e28ba-2fa1-11d2-883f-0016d3cca427", true),
            ("short", false),
            ("a line of words\tand more", false),
            ("<script>alert(1)</script>", false),
        ] {
            let headers =
                HeaderMap::from_iter([("x-request-id".parse().expect("a name"), HeaderValue::from_static(given))]);
            assert_eq!(super::given_number(&headers), taken.then_some(given), "{given}");
        }
        assert_eq!(super::given_number(&HeaderMap::new()), None);
    }

    #[test]
    fn only_an_unforwarded_request_from_loopback_is_direct() {
        let asked = |peer: &str, headers: &[(&str, &str)]| {
            let mut request = Request::get("/caught");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let mut parts = request.body(()).expect("a request").into_parts().0;
            let peer: SocketAddr = peer.parse().expect("an address");
            parts.extensions.insert(ConnectInfo(peer));
            super::is_direct(&parts)
        };
        for (peer, headers, direct) in [
            ("127.0.0.1:5", [("host", "127.0.0.1:8000")].as_slice(), true),
            ("[::1]:5", &[("host", "localhost:8000")], true),
            ("[::ffff:127.0.0.1]:5", &[("host", "localhost")], true),
            // A name is no proof.
            ("192.0.2.1:5", &[("host", "localhost")], false),
            ("[2001:db8::1]:5", &[("host", "127.0.0.1:8000")], false),
            ("127.0.0.1:5", &[("host", "mail.example.org")], false),
            ("127.0.0.1:5", &[], false),
            // Behind a proxy of which the service has not been told.
            ("127.0.0.1:5", &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")], false),
            ("127.0.0.1:5", &[("host", "localhost"), ("forwarded", "for=127.0.0.1")], false),
            ("127.0.0.1:5", &[("host", "localhost"), ("x-forwarded-proto", "https")], false),
            ("127.0.0.1:5", &[("host", "localhost"), ("x-real-ip", "127.0.0.1")], false),
            ("127.0.0.1:5", &[("host", "localhost"), ("via", "1.1 proxy")], false),
        ] {
            assert_eq!(asked(peer, headers), direct, "{peer} {headers:?}");
        }
    }

    #[test]
    fn names_of_this_machine_are_local() {
        for (address, local) in [
            ("http://localhost:8000/", true),
            ("http://127.0.0.1:8000/", true),
            ("http://[::1]:8000/", true),
            ("http://10.0.0.5:8000/", false),
            ("https://mail.example.org/", false),
            ("https://localhost.example.org/", false),
        ] {
            assert_eq!(super::is_local(&address.parse().expect("an address")), local, "{address}");
        }
    }
}
