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
use vestnik_model::Permission;

use crate::{
    accounts::{
        account, avatar, confirm, export, leave, login, login_code, new_address, password_recovery, registration,
        security, settings, two_factor,
    },
    blog, caught,
    concurrency::{self, Kind},
    contacts, dashboard, deletions,
    error::Error,
    form::{LARGEST_FORM, LARGEST_TYPED},
    health, home,
    mailings::{again, attempts, control, delete, fates, form, list as mailing_list, live, review, show},
    manage, media, messages, preferences, recipients, reports, setup,
    state::AppState,
    typed::{self, ShownAt},
    visit::Visit,
};

use Permission::{
    AnswerFeedback, BlockUsers, DisableMailings, ManageBlog, ManageGroups, ManageSettings, ManageUsers, ViewAudit,
    ViewMailings, ViewRecipients, ViewUsers,
};
use Who::{Anyone, May, Owner, SignedIn};

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
        .get("/login/code", Anyone, login_code::form)
        .post("/login/code", Anyone, login_code::submit)
        .post("/logout", Anyone, login::logout)
        .get("/confirm/{token}", Anyone, confirm::ask)
        .post("/confirm/{token}", Anyone, confirm::submit)
        .post("/confirm", SignedIn, confirm::resend)
        .get("/confirm/address/{token}", Anyone, new_address::ask)
        .post("/confirm/address/{token}", Anyone, new_address::take)
        .get("/recover", Anyone, password_recovery::form)
        .post("/recover", Anyone, password_recovery::submit)
        .get("/recover/{token}", Anyone, password_recovery::new_password)
        .post("/recover/{token}", Anyone, password_recovery::set_password)
        .get("/settings", SignedIn, settings::form)
        .post("/settings", SignedIn, settings::submit)
        .picture("/settings/avatar", SignedIn, avatar::submit)
        .post("/settings/avatar/remove", SignedIn, avatar::remove)
        .get("/settings/security", SignedIn, security::show)
        .post("/settings/password", SignedIn, security::change_password)
        .get("/settings/two-factor", SignedIn, two_factor::ask)
        .post("/settings/two-factor", SignedIn, two_factor::begin)
        .get("/settings/two-factor/app", SignedIn, two_factor::app)
        .post("/settings/two-factor/app", SignedIn, two_factor::confirm)
        .get("/settings/two-factor/codes", SignedIn, two_factor::ask_codes)
        .post("/settings/two-factor/codes", SignedIn, two_factor::renew_codes)
        .get("/settings/two-factor/off", SignedIn, two_factor::ask_off)
        .post("/settings/two-factor/off", SignedIn, two_factor::switch_off)
        .post("/settings/sessions/{id}/end", Owner, security::end_session)
        .get("/settings/account", SignedIn, account::show)
        .post("/settings/account/address", SignedIn, new_address::submit)
        .post("/settings/account/address/withdraw", SignedIn, new_address::withdraw)
        .file_by_form("/settings/account/export", SignedIn, export::download)
        .get("/settings/account/delete", SignedIn, leave::ask)
        .post("/settings/account/delete", SignedIn, leave::submit)
        .get("/goodbye", Anyone, leave::goodbye)
        .get("/media/{*key}", Anyone, media::show)
        // The blog
        .get("/blog", Anyone, blog::list)
        .get("/blog/feed.xml", Anyone, blog::feed::rss)
        .get("/blog/{slug}", Anyone, blog::show)
        .get("/sitemap.xml", Anyone, blog::feed::sitemap)
        // How to reach those who run it
        .get("/contacts", Anyone, contacts::show)
        .post("/contacts", Anyone, contacts::submit)
        // For whoever starts, stops and balances processes
        .probe("/healthz", health::alive)
        .probe("/readyz", health::ready)
        // The first administrator. The link is the right to it.
        .get("/setup/{token}", Anyone, setup::form)
        .post("/setup/{token}", Anyone, setup::submit)
        .post("/setup/{token}/test", Anyone, setup::try_mail)
        // Overview
        .get("/dashboard", SignedIn, dashboard::show)
        .stream("/live", SignedIn, live::everything)
        // Recipients
        .get("/recipients", SignedIn, recipients::list::show)
        .get("/recipients/new", SignedIn, recipients::edit::new)
        .typed("/recipients/new", SignedIn, recipients::edit::create)
        .get("/recipients/delete", SignedIn, recipients::delete::ask_many)
        .post("/recipients/delete", SignedIn, recipients::delete::delete_many)
        .file("/recipients/export.csv", SignedIn, recipients::export::everyone)
        .file("/recipients/export.xlsx", SignedIn, recipients::export::workbook)
        .get("/recipients/import", SignedIn, recipients::import::form)
        .upload("/recipients/import", SignedIn, recipients::import::submit)
        .get("/recipients/import/sample.csv", SignedIn, recipients::export::sample)
        .get("/recipients/imports/{id}", Owner, recipients::import::show)
        .file("/recipients/imports/{id}/rejected.csv", Owner, recipients::export::rejected)
        .file("/recipients/imports/{id}/warnings.csv", Owner, recipients::export::warnings)
        .get("/recipients/{id}", Owner, recipients::show::show)
        .get("/recipients/{id}/edit", Owner, recipients::edit::form)
        .typed("/recipients/{id}/edit", Owner, recipients::edit::submit)
        .get("/recipients/{id}/delete", Owner, recipients::delete::ask)
        .post("/recipients/{id}/delete", Owner, recipients::delete::delete)
        // What is deleted step by step
        .get("/deletions/{id}", Owner, deletions::show)
        // Messages
        .get("/messages", SignedIn, messages::list::show)
        .get("/messages/new", SignedIn, messages::edit::new)
        .typed("/messages/new", SignedIn, messages::edit::create)
        .post("/messages/preview", SignedIn, messages::preview::unsaved)
        .get("/messages/{id}", Owner, messages::show::show)
        .get("/messages/{id}/preview", Owner, messages::preview::saved)
        .post("/messages/{id}/test", Owner, messages::test_send::submit)
        .get("/messages/{id}/edit", Owner, messages::edit::form)
        .typed("/messages/{id}/edit", Owner, messages::edit::submit)
        .get("/messages/{id}/delete", Owner, messages::delete::ask)
        .post("/messages/{id}/delete", Owner, messages::delete::delete)
        // Mailings
        .get("/mailings", SignedIn, mailing_list::show)
        .get("/mailings/new", SignedIn, form::new)
        .typed("/mailings/new", SignedIn, form::create)
        .get("/mailings/{id}", Owner, show::show)
        .stream("/mailings/{id}/live", Owner, live::mailing)
        .get("/mailings/{id}/edit", Owner, form::edit)
        .typed("/mailings/{id}/edit", Owner, form::update)
        .get("/mailings/{id}/review", Owner, review::show)
        .post("/mailings/{id}/send", Owner, review::send)
        .post("/mailings/{id}/schedule", Owner, form::schedule)
        .get("/mailings/{id}/delete", Owner, delete::ask)
        .post("/mailings/{id}/delete", Owner, delete::submit)
        .get("/mailings/{id}/report", Owner, reports::mailing::show)
        .get("/mailings/{id}/attempts", Owner, attempts::show)
        .file("/mailings/{id}/attempts.csv", Owner, attempts::csv)
        .get("/mailings/{id}/recipients", Owner, fates::show)
        .file("/mailings/{id}/recipients.csv", Owner, fates::csv)
        .get("/mailings/{id}/disable", Owner, control::ask_disable)
        .post("/mailings/{id}/disable", Owner, control::disable)
        .post("/mailings/{id}/enable", Owner, control::enable)
        .post("/runs/{id}/undo", Owner, show::undo)
        .post("/runs/{id}/pause", Owner, control::pause)
        .post("/runs/{id}/resume", Owner, control::resume)
        .get("/runs/{id}/cancel", Owner, control::ask_cancel)
        .post("/runs/{id}/cancel", Owner, control::cancel)
        .post("/runs/{id}/retry-failed", Owner, again::failed)
        .post("/runs/{id}/send-missed", Owner, again::missed)
        .get("/runs/{id}/resend-unknown", Owner, again::ask_unknown)
        .post("/runs/{id}/resend-unknown", Owner, again::unknown)
        .get("/reports", SignedIn, reports::show)
        .file("/reports/days.csv", SignedIn, reports::days_csv)
        .file("/reports/mailings.csv", SignedIn, reports::mailings_csv)
        .file("/reports/report.xlsx", SignedIn, reports::workbook)
        // Everyone's, for those who watch over it
        .get("/manage/users", May(ViewUsers), manage::users::show)
        .get("/manage/users/new", May(ManageUsers), manage::new_user::form)
        .post("/manage/users/new", May(ManageUsers), manage::new_user::submit)
        .get("/manage/users/{id}", May(ViewUsers), manage::user::show)
        .get("/manage/users/{id}/report", May(ViewUsers), manage::report::show)
        .file("/manage/users/{id}/report/days.csv", May(ViewUsers), manage::report::days_csv)
        .file("/manage/users/{id}/report/mailings.csv", May(ViewUsers), manage::report::mailings_csv)
        .file("/manage/users/{id}/report/report.xlsx", May(ViewUsers), manage::report::workbook)
        .get("/manage/users/{id}/block", May(BlockUsers), manage::user::ask_block)
        .post("/manage/users/{id}/block", May(BlockUsers), manage::user::block)
        .post("/manage/users/{id}/unblock", May(BlockUsers), manage::user::unblock)
        .post("/manage/users/{id}/groups", May(ManageUsers), manage::user::set_groups)
        .post("/manage/users/{id}/sign-out", May(ManageUsers), manage::user::sign_out)
        .post("/manage/users/{id}/recovery", May(ManageUsers), manage::user::recovery)
        .get("/manage/users/{id}/second-factor", May(ManageUsers), manage::user::ask_second_factor)
        .post("/manage/users/{id}/second-factor", May(ManageUsers), manage::user::reset_second_factor)
        .get("/manage/users/{id}/delete", May(ManageUsers), manage::user::ask_delete)
        .post("/manage/users/{id}/delete", May(ManageUsers), manage::user::delete)
        .get("/manage/mailings", May(ViewMailings), manage::mailings::list)
        .get("/manage/mailings/{id}", May(ViewMailings), manage::mailings::show)
        .get("/manage/mailings/{id}/report", May(ViewMailings), manage::report::mailing)
        .get("/manage/mailings/{id}/disable", May(DisableMailings), manage::mailings::ask_disable)
        .post("/manage/mailings/{id}/disable", May(DisableMailings), manage::mailings::disable)
        .post("/manage/mailings/{id}/enable", May(DisableMailings), manage::mailings::enable)
        .get("/manage/recipients", May(ViewRecipients), manage::recipients::list)
        // The blog as it is written
        .get("/manage/articles", May(ManageBlog), manage::articles::list)
        .get("/manage/articles/new", May(ManageBlog), manage::articles::new)
        .typed("/manage/articles/new", May(ManageBlog), manage::articles::create)
        .post("/manage/articles/preview", May(ManageBlog), manage::articles::preview)
        .picture("/manage/articles/pictures", May(ManageBlog), manage::articles::upload::submit)
        .get("/manage/articles/{id}", May(ManageBlog), manage::articles::edit)
        .typed("/manage/articles/{id}", May(ManageBlog), manage::articles::update)
        .post("/manage/articles/{id}/message", May(ManageBlog), manage::articles::to_message)
        .get("/manage/articles/{id}/delete", May(ManageBlog), manage::articles::ask_delete)
        .post("/manage/articles/{id}/delete", May(ManageBlog), manage::articles::delete)
        // What people write on the contacts page
        .get("/manage/feedback", May(AnswerFeedback), manage::feedback::list)
        .get("/manage/feedback/{id}", May(AnswerFeedback), manage::feedback::show)
        .typed_at(ShownAt::Above, "/manage/feedback/{id}/answer", May(AnswerFeedback), manage::feedback::answer)
        .post("/manage/feedback/{id}/state", May(AnswerFeedback), manage::feedback::set_state)
        .get("/manage/feedback/{id}/delete", May(AnswerFeedback), manage::feedback::ask_delete)
        .post("/manage/feedback/{id}/delete", May(AnswerFeedback), manage::feedback::delete)
        // Administration
        .get("/manage/groups", May(ManageGroups), manage::groups::list)
        .get("/manage/groups/new", May(ManageGroups), manage::groups::new)
        .post("/manage/groups/new", May(ManageGroups), manage::groups::create)
        .get("/manage/groups/{id}", May(ManageGroups), manage::groups::form)
        .post("/manage/groups/{id}", May(ManageGroups), manage::groups::update)
        .get("/manage/groups/{id}/delete", May(ManageGroups), manage::groups::ask_delete)
        .post("/manage/groups/{id}/delete", May(ManageGroups), manage::groups::delete)
        .get("/manage/settings", May(ManageSettings), manage::settings::show)
        .post("/manage/settings", May(ManageSettings), manage::settings::submit)
        .post("/manage/settings/resume-sending", May(ManageSettings), manage::settings::resume_sending)
        .post("/manage/settings/mail", May(ManageSettings), manage::settings::set_mail)
        .post("/manage/settings/mail/test", May(ManageSettings), manage::settings::try_mail)
        .get("/manage/caches", May(ManageSettings), manage::caches::show)
        .post("/manage/caches", May(ManageSettings), manage::caches::forget)
        .get("/manage/audit", May(ViewAudit), manage::audit::show)
        .file("/manage/audit.csv", May(ViewAudit), manage::audit::csv)
        // Caught mail. Who sees which is for `caught` to decide.
        .get("/caught", Anyone, caught::list)
        .post("/caught/clear", SignedIn, caught::clear)
        .get("/caught/{id}", Anyone, caught::show)
        .get("/caught/{id}/html", Anyone, caught::html)
        .get("/caught/{id}/source", Anyone, caught::source)
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
    /// Whoever has signed in and has this permission. To others it is 403.
    May(Permission),
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

/// The routes in front of which nothing stands.
pub(crate) fn probes() -> Router<AppState> {
    table().probes
}

/// A page that takes longer than this is not worth waiting for.
const PATIENCE: Duration = Duration::from_secs(30);
/// An upload may take this long: 100 MB over a slow line.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Largest upload, in bytes.
pub const LARGEST_UPLOAD: usize = 512 * 1024 * 1024;

#[derive(Default)]
struct Table {
    router: Router<AppState>,
    probes: Router<AppState>,
    list: Vec<RouteInfo>,
}

impl Table {
    /// A page, or anything else that only reads.
    fn get<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::GET, path, who, limited(on(MethodFilter::GET, handler), PATIENCE, LARGEST_FORM))
    }

    /// A file that is sent while it is read: only its beginning is timed.
    fn file<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        let route = with_limit(Kind::File, on(MethodFilter::GET, handler));
        self.add(Method::GET, path, who, limited(route, PATIENCE, LARGEST_FORM))
    }

    /// The same when asking for it is an act.
    fn file_by_form<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        let route = with_limit(Kind::File, on(MethodFilter::POST, handler));
        self.add(Method::POST, path, who, limited(route, PATIENCE, LARGEST_FORM))
    }

    /// A stream of events, which may go on for ever: only its beginning is timed.
    fn stream<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        let route = with_limit(Kind::Stream, on(MethodFilter::GET, handler));
        self.add(Method::GET, path, who, limited(route, PATIENCE, LARGEST_FORM))
    }

    /// A form.
    fn post<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::POST, path, who, limited(on(MethodFilter::POST, handler), PATIENCE, LARGEST_FORM))
    }

    /// A form into which people type at length: what was typed is kept when their session has ended meanwhile.
    fn typed<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.typed_at(ShownAt::Same, path, who, handler)
    }

    /// The same for a form that stands on a page of another address.
    fn typed_at<H: Handler<T, AppState>, T: 'static>(
        self,
        shown_at: ShownAt,
        path: &'static str,
        who: Who,
        handler: H,
    ) -> Self {
        let route = limited(on(MethodFilter::POST, handler), PATIENCE, LARGEST_TYPED);
        self.add_kept(Method::POST, path, who, route, Some(shown_at))
    }

    /// A form with a file.
    fn upload<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        let route = with_limit(Kind::Upload, on(MethodFilter::POST, handler));
        self.add(Method::POST, path, who, limited(route, UPLOAD_PATIENCE, LARGEST_UPLOAD))
    }

    /// A form with a picture; [`media::PictureForm`] knows how large it may be.
    fn picture<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        let route = with_limit(Kind::Upload, on(MethodFilter::POST, handler));
        let route = route.layer::<_, Infallible>(DefaultBodyLimit::disable());
        self.add(Method::POST, path, who, route.layer(patient(UPLOAD_PATIENCE)))
    }

    /// An answer to a program that asks how the process is.
    fn probe<H: Handler<T, AppState>, T: 'static>(mut self, path: &'static str, handler: H) -> Self {
        self.probes = self.probes.route(path, on(MethodFilter::GET, handler));
        self.list.push(RouteInfo { method: Method::GET, path, who: Anyone });
        self
    }

    fn add(self, method: Method, path: &'static str, who: Who, route: MethodRouter<AppState>) -> Self {
        self.add_kept(method, path, who, route, None)
    }

    fn add_kept(
        mut self,
        method: Method,
        path: &'static str,
        who: Who,
        route: MethodRouter<AppState>,
        kept: Option<ShownAt>,
    ) -> Self {
        let route = match who {
            Anyone => route,
            SignedIn | Owner => {
                route.layer(middleware::from_fn(move |visit, request, next| signed_in(kept, visit, request, next)))
            }
            May(permission) => route.layer(middleware::from_fn(move |visit, request, next| {
                permitted(permission, kept, visit, request, next)
            })),
        };
        self.router = self.router.route(path, route);
        self.list.push(RouteInfo { method, path, who });
        self
    }
}

/// Limits how many of these a user has in progress.
fn with_limit(kind: Kind, route: MethodRouter<AppState>) -> MethodRouter<AppState> {
    route.layer(middleware::from_fn(move |visit, request, next| concurrency::limit(kind, visit, request, next)))
}

fn limited(route: MethodRouter<AppState>, patience: Duration, largest_body: usize) -> MethodRouter<AppState> {
    route.layer::<_, Infallible>(DefaultBodyLimit::max(largest_body)).layer(patient(patience))
}

fn patient(patience: Duration) -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, patience)
}

/// Stands in front of every handler that is not for everyone, so that forgetting to ask is impossible.
async fn signed_in(kept: Option<ShownAt>, visit: Visit, request: Request, next: Next) -> Response {
    match visit.user {
        Some(_) => next.run(request).await,
        None => typed::set_aside(kept, request, Error::SignIn).await,
    }
}

/// The same for handlers that need a permission.
async fn permitted(
    permission: Permission,
    kept: Option<ShownAt>,
    visit: Visit,
    request: Request,
    next: Next,
) -> Response {
    match &visit.user {
        None => typed::set_aside(kept, request, Error::SignIn).await,
        Some(user) if user.actor.withheld().contains(&permission) => Error::SecondFactorWanted.into_response(),
        Some(user) if !user.actor.may(permission) => Error::Forbidden.into_response(),
        Some(_) => next.run(request).await,
    }
}
