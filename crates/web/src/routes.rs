//! The whole product on one screen: every route, who may ask for it, and the handler that answers.
//!
//! A route exists only by standing in this table, and the table is what tests walk: [`list`] names every method and path.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    handler::Handler,
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use tower_http::timeout::TimeoutLayer;

use crate::{
    accounts::{confirm, login, password_recovery, registration, settings},
    dashboard,
    error::Error,
    form::LARGEST_FORM,
    home, preferences,
    state::AppState,
    visit::Visit,
};

use Who::{Anyone, Owner, SignedIn};

fn table() -> Table {
    Table::default()
        // Home, language and theme
        .get("/", Anyone, home::show)
        .post("/language", Anyone, preferences::set_language)
        .post("/theme", Anyone, preferences::set_theme)
        // Accounts
        .get("/register", Anyone, registration::form)
        .post("/register", Anyone, registration::submit)
        .get("/login", Anyone, login::form)
        .post("/login", Anyone, login::submit)
        .post("/logout", Anyone, login::logout)
        .get("/confirm/{token}", Anyone, confirm::ask)
        .post("/confirm/{token}", Anyone, confirm::submit)
        .post("/confirm", SignedIn, confirm::resend)
        .get("/recover", Anyone, password_recovery::form)
        .post("/recover", Anyone, password_recovery::submit)
        .get("/recover/{token}", Anyone, password_recovery::new_password)
        .post("/recover/{token}", Anyone, password_recovery::set_password)
        .get("/settings", SignedIn, settings::form)
        .post("/settings", SignedIn, settings::submit)
        .post("/settings/password", SignedIn, settings::change_password)
        // Overview
        .get("/dashboard", SignedIn, dashboard::show)
    // Recipients

    // Messages

    // Mailings

    // Caught mail
}

/// Who may ask for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everyone.
    Anyone,
    /// Whoever has signed in. Others are sent to the login page before the handler is reached.
    SignedIn,
    /// Whoever has signed in and owns what the id in the path names; to others it is 404. The handler sees to that by
    /// passing its actor to the store; a test walks all of these with another's ids.
    Owner,
}

/// One route, for tests and documentation.
#[derive(Debug, Clone)]
pub struct RouteInfo {
    /// GET or POST.
    pub method: Method,
    /// The path with its parameters: `/recipients/{id}`.
    pub path: &'static str,
    /// Who may ask.
    pub who: Who,
}

/// Every route of the product.
pub fn list() -> Vec<RouteInfo> {
    table().list
}

/// The routes as axum serves them.
pub(crate) fn router() -> Router<AppState> {
    table().router
}

/// A page that takes longer than this is not worth waiting for.
const PATIENCE: Duration = Duration::from_secs(30);
/// An upload may take this long: 50 MB over a slow line.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Largest upload, in bytes.
pub const LARGEST_UPLOAD: usize = 256 * 1024 * 1024;

#[derive(Default)]
struct Table {
    router: Router<AppState>,
    list: Vec<RouteInfo>,
}

impl Table {
    /// A page, or anything else that only reads. A stream may go on for ever: only its beginning is timed.
    fn get<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::GET, path, who, limited(on(MethodFilter::GET, handler), PATIENCE, LARGEST_FORM))
    }

    /// A form.
    fn post<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::POST, path, who, limited(on(MethodFilter::POST, handler), PATIENCE, LARGEST_FORM))
    }

    /// A form with a file.
    #[expect(dead_code, reason = "the import of recipients is the first to use it")]
    fn upload<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::POST, path, who, limited(on(MethodFilter::POST, handler), UPLOAD_PATIENCE, LARGEST_UPLOAD))
    }

    fn add(mut self, method: Method, path: &'static str, who: Who, route: MethodRouter<AppState>) -> Self {
        let route = match who {
            Anyone => route,
            SignedIn | Owner => route.layer(middleware::from_fn(signed_in)),
        };
        self.router = self.router.route(path, route);
        self.list.push(RouteInfo { method, path, who });
        self
    }
}

fn limited(route: MethodRouter<AppState>, patience: Duration, largest_body: usize) -> MethodRouter<AppState> {
    route
        .layer::<_, Infallible>(DefaultBodyLimit::max(largest_body))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, patience))
}

/// Stands in front of every handler that is not for everyone, so that forgetting to ask is impossible.
async fn signed_in(visit: Visit, request: Request, next: Next) -> Response {
    if visit.user.is_some() { next.run(request).await } else { Error::SignIn.into_response() }
}
