//! The front end: styles, scripts, fonts and icons, built by `build.rs` from the sources beside this file and embedded.
//! `docs/interface.md` tells how pages use them.

use axum::Router;
use memory_serve::{CacheControl, MemoryServe};
use std::sync::LazyLock;

mod files {
    include!(concat!(env!("OUT_DIR"), "/files.rs"));
}

/// Serves every built file under `/assets/`, compressed as the browser likes it. Names carry a hash of the contents, so
/// answers may be kept for ever.
pub fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    // Compressing takes a moment and memory-serve keeps the results for good, so once a process, however many
    // applications the tests start.
    static SERVED: LazyLock<Router> = LazyLock::new(|| {
        MemoryServe::new(files::FILES)
            .index_file(None)
            .enable_brotli(true)
            .enable_gzip(true)
            .cache_control(CacheControl::Custom("public, max-age=31536000, immutable"))
            .into_router()
    });
    Router::new().nest_service("/assets", SERVED.clone())
}

/// The address of a built file by its plain name: `app.css`, `app.js`, `favicon.svg`, or a font such as
/// `onest-cyrillic-wght-normal.woff2`.
///
/// # Panics
///
/// On a name that the build did not make: a slip in a template, found by the first test that renders it.
pub fn url(name: &str) -> &'static str {
    find(files::URLS, name).unwrap_or_else(|| panic!("the front end has no file named {name}"))
}

/// An icon as inline SVG with `class="icon"`, hidden from screen readers. The names are Lucide's, listed in
/// `src/icons.txt`; `None` for one that is not listed.
pub fn icon(name: &str) -> Option<&'static str> {
    find(files::ICONS, name)
}

/// The names that [`icon`] knows, in alphabetical order.
pub fn icons() -> impl Iterator<Item = &'static str> {
    files::ICONS.iter().map(|(name, _)| *name)
}

fn find(table: &'static [(&str, &'static str)], name: &str) -> Option<&'static str> {
    let index = table.binary_search_by_key(&name, |(key, _)| key).ok()?;
    table.get(index).map(|(_, value)| *value)
}
