//! The blog for programs: a feed (RSS 2.0) for readers, a map (sitemaps.org 0.9) for search engines.

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use vestnik_model::{UnixMillis, article::Article};
use vestnik_store::articles;

use super::markdown::{self, Place};
use crate::{
    cached::{self, FEED},
    error::Error,
    i18n,
    state::AppState,
};

/// Articles in the feed.
const NEWEST: i64 = 20;
/// Addresses in a map; more are not read.
const MAPPED: usize = 50_000;

/// The newest articles in full.
pub(crate) async fn rss(State(app): State<AppState>) -> Result<Response, Error> {
    let (feed, _) = app.cache.get_or_make_json(FEED, "rss", async || feed(&app).await).await?;
    Ok(answer(feed, "application/rss+xml; charset=utf-8"))
}

async fn feed(app: &AppState) -> Result<String, Error> {
    let installation = app.installation().await?;
    let found = articles::newest(&app.db, app.now(), NEWEST).await?;
    let language = installation.language;
    let name = i18n::service_name(language, &installation.name);
    let mut feed = String::from(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    let _ = write!(
        feed,
        r#"<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>{}</title><link>{}</link><description>{}</description><language>{language}</language><atom:link href="{}" rel="self" type="application/rss+xml"/>"#,
        xml(&name),
        xml(&app.settings.link("/blog")),
        xml(&i18n::text(language, "blog-lead", &[])),
        xml(&app.settings.link("/blog/feed.xml")),
    );
    for article in found {
        item(app, &mut feed, &article).await?;
    }
    feed.push_str("</channel></rss>");
    Ok(feed)
}

async fn item(app: &AppState, feed: &mut String, article: &Article) -> Result<(), Error> {
    let place = Place::Elsewhere(app.settings.base_url.clone());
    let html = markdown::render_any(app, &article.body, place).await?;
    let address = app.settings.link(&format!("/blog/{}", article.slug));
    let lead = if article.lead.is_empty() { markdown::beginning(&article.body, 300) } else { article.lead.clone() };
    let _ = write!(
        feed,
        r#"<item><title>{}</title><link>{address}</link><guid isPermaLink="false">{}</guid><pubDate>{}</pubDate><description>{}</description><content:encoded>{}</content:encoded></item>"#,
        xml(&article.title),
        // Stays the same when the address changes, so that nobody reads it as new.
        xml(&app.settings.link(&format!("/blog#{}", article.id))),
        date(article.published_at.unwrap_or(article.created_at)),
        xml(&lead),
        xml(&html),
    );
    Ok(())
}

/// RFC 822, as RSS wants it, in UTC.
fn date(at: UnixMillis) -> String {
    at.timestamp().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// Where everything is that everyone may read.
pub(crate) async fn sitemap(State(app): State<AppState>) -> Result<Response, Error> {
    let (map, _) = app.cache.get_or_make_json(FEED, "map", async || map(&app).await).await?;
    Ok(answer(map, "application/xml; charset=utf-8"))
}

async fn map(app: &AppState) -> Result<String, Error> {
    let mut map = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">"#,
    );
    for path in ["/", "/blog", "/contacts"] {
        let _ = write!(map, "<url><loc>{}</loc></url>", xml(&app.settings.link(path)));
    }
    let found = articles::published(&app.db, app.now(), None, MAPPED).await?;
    for article in found.rows {
        let address = app.settings.link(&format!("/blog/{}", article.slug));
        let changed = article.updated_at.timestamp();
        let _ = write!(map, "<url><loc>{}</loc><lastmod>{changed}</lastmod></url>", xml(&address));
    }
    map.push_str("</urlset>");
    Ok(map)
}

fn answer(text: String, media_type: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    let contents = text.clone();
    cached::for_everyone((headers, text).into_response(), &contents)
}

/// A text inside an element or an attribute. What XML 1.0 has no place for is left out.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => safe.push(c),
        }
    }
    safe
}
