//! What can go wrong in a handler, and the one place that turns it into a page.
//!
//! - [`Error`] is for what ends a request: not found, not allowed, too often, broken. A handler returns it with `?`.
//! - What a person can mend at a field is no `Error` but a [`crate::form::FormErrors`], answered with 422 and the form.
//!
//! An `Error` becomes a bare response that carries a [`Failure`]; the outermost layer ([`into_page`]) draws the page in
//! the visitor's language. So panics, timeouts and bodies that are too large end in the same page.

use std::{any::Any, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;

use crate::{
    manage, page,
    password::PasswordError,
    render_pool::NotRendered,
    state::AppState,
    typed::{self, SetAside},
    visit::Visit,
    worker_pool::PoolError,
};

/// `Retry-After` of refusals for too much load.
const SOON: Duration = Duration::from_secs(5);

/// Ends a request.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing, or it is someone else's: the answer is the same.
    NotFound,
    /// Not allowed to this person.
    Forbidden,
    /// Allowed to this person, once they have set up a second factor.
    SecondFactorWanted,
    /// A form that another site sent.
    CrossSite,
    /// A form that was shown to another account, which was signed in here before.
    AnothersForm,
    /// Only for people who have signed in; they are sent to the login page and back.
    SignIn,
    /// The request makes no sense: no browser sends this from our pages.
    BadRequest,
    /// Too often; try again after this time.
    TooOften(Duration),
    /// The user has as much in progress as the limits allow; trying again after some of it has ended helps.
    Busy,
    /// A read was stopped at its time limit; asking for less helps.
    TimedOut,
    /// The service has more work than it can do; trying again helps.
    Overloaded,
    /// Something of ours is broken. The text goes to the log, never to the page.
    Internal(String),
}

impl Error {
    /// Something of ours is broken.
    pub fn internal(what: impl ToString) -> Self {
        Self::Internal(what.to_string())
    }
}

impl From<vestnik_store::Error> for Error {
    fn from(error: vestnik_store::Error) -> Self {
        match error {
            vestnik_store::Error::TooManyReads => Self::Busy,
            vestnik_store::Error::ReadTooLong => Self::TimedOut,
            error => Self::internal(error),
        }
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Overloaded => Self::Overloaded,
            PasswordError::Broken(_) => Self::internal(error),
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::QueueFull => Self::Overloaded,
            PoolError::Failed => Self::internal(error),
        }
    }
}

impl From<NotRendered> for Error {
    fn from(refused: NotRendered) -> Self {
        match refused {
            NotRendered::TooMany | NotRendered::Busy => Self::TooOften(Duration::from_secs(60)),
            NotRendered::Failed => Self::internal("a message could not be rendered"),
        }
    }
}

impl From<minijinja::Error> for Error {
    fn from(error: minijinja::Error) -> Self {
        // Names the template and the line. The longer form has the variables too, which is what the page shows of people.
        Self::Internal(error.to_string())
    }
}

/// What [`into_page`] knows of an error response beyond its status.
#[derive(Debug, Clone)]
struct Failure {
    kind: &'static str,
    retry_after: Option<Duration>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        let (status, kind, retry_after) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "404", None),
            Self::Forbidden => (StatusCode::FORBIDDEN, "403", None),
            Self::SecondFactorWanted => (StatusCode::FORBIDDEN, "second-factor", None),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross-site", None),
            Self::AnothersForm => (StatusCode::CONFLICT, "anothers-form", None),
            Self::SignIn => (StatusCode::UNAUTHORIZED, "401", None),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "400", None),
            Self::TooOften(wait) => (StatusCode::TOO_MANY_REQUESTS, "429", Some(wait)),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy", Some(SOON)),
            Self::TimedOut => (StatusCode::SERVICE_UNAVAILABLE, "too-long", None),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "503", Some(SOON)),
            Self::Internal(what) => {
                tracing::error!(error = what, "a request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "500", None)
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Failure { kind, retry_after });
        response
    }
}

/// For `CatchPanicLayer`: a panic ends its own request and nothing else.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response<Body> {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("something that is no text");
    Error::Internal(format!("a handler panicked: {what}")).into_response()
}

/// What the page of an error shows.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorView {
    /// Which sentences: `error-{kind}-title`, `error-{kind}-text`.
    pub(crate) kind: &'static str,
    pub(crate) status: u16,
    pub(crate) request_id: String,
    /// Minutes to wait, rounded up.
    pub(crate) minutes: u64,
}

/// Gives an error response its page. Others pass unchanged, also pages with an error status of their own (422).
pub(crate) async fn into_page(app: &AppState, visit: &Visit, response: Response<Body>) -> Response<Body> {
    let mut status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let failure = response.extensions().get::<Failure>().cloned();
    let aside = response.extensions().get::<SetAside>().cloned();
    if failure.is_none() && drawn_already(&response) {
        return response;
    }
    let mut kind = failure.as_ref().map_or_else(|| kind_of(status), |failure| failure.kind);
    // Whoever may look at everyone's is told that it is another's; to others it is as if it were not there.
    if kind == "404" && manage::is_anothers(app, visit).await {
        (status, kind) = (StatusCode::FORBIDDEN, "others");
    }
    // A script that reopens a stream would follow a redirect and take the login page for one, and shows no page.
    if visit.streams && matches!(kind, "401" | "busy") {
        return status.into_response();
    }
    if kind == "401" {
        let kept = match &aside {
            Some(aside) => typed::to_login(app, visit, aside).await,
            None => None,
        };
        return kept.unwrap_or_else(|| crate::session::to_login(visit));
    }
    let wait = failure.and_then(|failure| failure.retry_after);
    let view = ErrorView {
        kind,
        status: status.as_u16(),
        request_id: visit.request_id.clone(),
        minutes: wait.map_or(0, |wait| wait.as_secs().div_ceil(60)),
    };
    let mut drawn = page::error_page(app, visit, status, &view);
    // What the layers had to say beside the body, such as `Allow` with 405.
    for (name, value) in response.headers() {
        if name == header::ALLOW {
            drawn.headers_mut().insert(name, value.clone());
        }
    }
    if let Some(wait) = wait {
        drawn.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    drawn
}

fn drawn_already(response: &Response<Body>) -> bool {
    let of = |kind: &str| {
        response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(kind.as_bytes()))
    };
    of("text/html") || of("text/csv")
}

fn kind_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "404",
        StatusCode::FORBIDDEN => "403",
        StatusCode::UNAUTHORIZED => "401",
        StatusCode::METHOD_NOT_ALLOWED => "405",
        StatusCode::PAYLOAD_TOO_LARGE => "413",
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => "503",
        status if status.is_server_error() => "500",
        _ => "400",
    }
}
