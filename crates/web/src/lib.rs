//! The web interface: pages rendered on the server, in Russian and English.
//!
//! # How to add a page
//!
//! Say, `/segments`, a list, and `/segments/new`, a form.
//!
//! 1. **Route**: two lines in `routes.rs`: `.get("/segments", SignedIn, segments::list)`. With an id of the user's own
//!    in the path: `Owner`. With a file: `.upload(…)`. Who may ask is enforced by the table.
//! 2. **Handler**: `src/segments.rs` (a folder when it grows past 500 lines). It reads top to bottom: extract, decide,
//!    store, answer.
//!
//!    ```ignore
//!    pub(crate) async fn list(
//!        State(app): State<AppState>, page: Page, user: CurrentUser, Query(query): Query<ListQuery>,
//!    ) -> Result<Response, Error> {
//!        let segments = segments::list(&app.db, &user.actor, query.cursor()).await?;
//!        page.show("segments/list.html", &ListView { segments })
//!    }
//!
//!    pub(crate) async fn create(
//!        State(app): State<AppState>, page: Page, user: CurrentUser, Form(form): Form<SegmentForm>,
//!    ) -> Result<Response, Error> {
//!        let draft = match SegmentDraft::parse(&form.name) {
//!            Ok(draft) => draft,
//!            Err(problems) => return page.invalid("segments/form.html", &FormView { form, errors: page.errors(&problems) }),
//!        };
//!        let id = segments::create(&app.db, &user.actor, &draft, app.now()).await?;
//!        Ok(Flash::ok("flash-segment-created").with("name", draft.name).and_go(&format!("/segments/{id}")))
//!    }
//!    ```
//!
//!    Another's object: the store answers `None`, the handler `.ok_or(Error::NotFound)?`. A view is a `Serialize`
//!    struct; a form is a struct of strings, `Deserialize + Serialize + Default`. Rules live in `model`, not here.
//! 3. **Template**: `templates/segments/list.html`, `{% extends "layout.html" %}` with the blocks `title` and `content`;
//!    `{% from "macros.html" import field, … %}`. Its vocabulary is in `docs/interface.md`, what it can call in
//!    `page/engine.rs`. An absent value is `None` in the view: undefined names are errors.
//! 4. **Words**: `locales/{ru,en}/segments.ftl`. Ids begin with the family's name; `flash-…` for words after a redirect.
//! 5. **Sample**: a line in `src/samples/segments.rs` with sample data: a test renders every template in every language.
//!
//! Nothing to register: `build.rs` embeds what lies in `templates/` and `locales/`.

mod accounts;
mod archive;
mod blog;
mod cached;
mod caught;
mod chart;
mod concurrency;
mod conflict;
mod contacts;
pub mod counts;
mod csrf;
mod csv_file;
mod dashboard;
pub mod delays;
mod deletions;
mod download;
mod embedded;
pub mod error;
pub mod flash;
pub mod form;
pub mod headers;
pub mod health;
mod home;
mod html_pictures;
pub mod i18n;
pub mod letters;
pub mod limits;
mod mail_server;
mod mailings;
mod manage;
#[cfg(test)]
mod matrix_tests;
pub mod measures;
pub mod media;
mod messages;
#[cfg(test)]
mod owner_tests;
pub mod page;
pub mod password;
mod preferences;
mod qr;
mod readable;
mod recipients;
mod render_pool;
mod reports;
pub mod routes;
#[cfg(test)]
mod samples;
pub mod session;
pub mod setup;
#[cfg(test)]
mod shell_tests;
pub mod state;
#[cfg(test)]
mod testing;
pub mod trial;
mod typed;
#[cfg(test)]
mod typed_tests;
pub mod visit;
mod worker_pool;
mod xlsx;

use axum::{Router, middleware};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, DefaultPredicate,
        predicate::{NotForContentType, Predicate},
    },
};

pub use accounts::confirm::ask_again as ask_to_confirm_again;
pub use state::{AppState, FixedMail, Settings};

use crate::error::Error;

/// The whole web interface. Requests have to carry a `ConnectInfo<SocketAddr>`: rate limits need the visitor's address.
pub fn router(app: AppState) -> Router {
    dressed(routes::router(), app)
}

/// What is compressed already gains nothing.
fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new().and(NotForContentType::const_new(archive::MEDIA_TYPE))
}

/// Routes with everything that stands in front of them.
fn dressed(routes: Router<AppState>, app: AppState) -> Router {
    // From the inside out. Whatever fails inside `visit::layer` gets its page there.
    let pages = routes
        .fallback(async || Error::NotFound)
        .layer(csrf::layer(&app.settings))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), visit::layer))
        .layer(middleware::from_fn(headers::add))
        .layer(middleware::from_fn_with_state(app.clone(), measures::layer))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .with_state(app.clone());
    let probes = routes::probes().with_state(app.clone());
    let everything = vestnik_assets::routes().merge(probes).merge(pages);
    everything.layer(middleware::from_fn_with_state(app, headers::everywhere))
}
