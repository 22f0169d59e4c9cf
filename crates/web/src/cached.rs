//! What pages keep for the next visitor (S-54 to S-57): every region of the cache in one place, and the rule by which a
//! region is forgotten.
//!
//! *The rule.* A form that has done its work has those regions made anew, on every node, that show what it changes and stay
//! fresh for longer than one would wait ([`note_change`]). All else, what changes by time, by sending, or from the command
//! line, is seen when a region's values are no longer fresh.
//!
//! A shared page is kept for strangers alone; whoever has signed in gets one of their own.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::{body::Body, response::Response};
use vestnik_cache::Region;
use vestnik_model::{Actor, UnixMillis, secret};
use vestnik_store::{figures::Figures, reports};

use crate::{error::Error, state::AppState};

/// The first page before strangers. With [`FIGURES`] and what caches on the way may keep ([`SHARED`], once in a proxy of
/// ours and once in a browser) it is right within five seconds of a change, wherever that was made.
pub(crate) const HOME: Region = Region { name: "home", fresh_for: Duration::from_secs(1) };
/// The figures on it, and the articles that were chosen.
pub(crate) const FIGURES: Region = Region { name: "home-figures", fresh_for: Duration::from_secs(1) };
/// Counting each address once means reading all of them. As long as the lists are as long as they were, the count holds;
/// an address that was changed for another may be seen a little later.
pub(crate) const UNIQUE: Region = Region { name: "home-unique", fresh_for: Duration::from_secs(300) };
/// The blog's list before strangers.
pub(crate) const ARTICLES: Region = Region { name: "articles", fresh_for: Duration::from_secs(5) };
/// An article before strangers.
pub(crate) const ARTICLE: Region = Region { name: "article", fresh_for: Duration::from_secs(5) };
/// The feed and the map.
pub(crate) const FEED: Region = Region { name: "feed", fresh_for: Duration::from_secs(60) };
/// The list of users as a page (S-56). Figures that move with each mailing may be this old.
pub(crate) const USERS: Region = Region { name: "users", fresh_for: Duration::from_secs(30) };

/// The days of the overview's chart, of each person's own data.
pub(crate) const DAYS: Region = Region { name: "days", fresh_for: Duration::from_secs(2) };

/// What came of each person's sendings by domain and by answer, which is summed up no more often itself.
pub(crate) const BREAKDOWN: Region = Region { name: "breakdown", fresh_for: Duration::from_secs(3) };

/// All of them.
pub(crate) const REGIONS: &[Region] = &[HOME, FIGURES, UNIQUE, ARTICLES, ARTICLE, FEED, USERS, DAYS, BREAKDOWN];

/// The actor's figures for each of these days, as [`reports::by_day`] tells them.
pub(crate) async fn by_day(app: &AppState, actor: &Actor, bounds: &[UnixMillis]) -> Result<Vec<Figures>, Error> {
    // The beginnings of all days, because the same span has other days in other zones.
    let days: Vec<String> = bounds.iter().map(|at| at.0.to_string()).collect();
    let key = secret::hash(&format!("{} {}", actor.user(), days.join(" ")));
    let make = async || Ok::<_, Error>(reports::by_day(&app.db, actor, bounds).await?);
    Ok(app.cache.get_or_make_json(DAYS, &key, make).await?.0)
}

/// Where forms are sent to, by how their paths begin, and which regions show what they change.
const CHANGES: &[(&str, &[Region])] = &[
    ("/register", &[USERS]),
    ("/confirm", &[USERS]),
    ("/recover", &[USERS]),
    ("/login", &[USERS]),
    ("/settings", &[USERS, ARTICLE]),
    ("/setup", &[USERS, HOME, FIGURES]),
    ("/manage/users", &[USERS, ARTICLE]),
    ("/manage/groups", &[USERS]),
    ("/manage/articles", &[FIGURES, HOME, ARTICLES, ARTICLE, FEED]),
    ("/manage/settings", &[HOME, ARTICLES, ARTICLE, FEED]),
];

/// Forms below these that change nothing that is kept.
const LOOKS: &[&str] = &["/manage/articles/preview", "/manage/articles/pictures", "/manage/settings/mail"];

/// Lets everything be made anew that shows what a form has changed. One that was refused has changed nothing: strangers
/// would empty the cache with it.
pub(crate) async fn note_change(app: &AppState, method: &Method, path: &str, status: StatusCode) {
    let done = *method == Method::POST && (status.is_success() || status.is_redirection());
    if !done || LOOKS.iter().any(|start| path.starts_with(start)) {
        return;
    }
    for (start, regions) in CHANGES {
        if path.starts_with(start) {
            for region in *regions {
                app.cache.forget(*region).await;
            }
        }
    }
}

/// What caches between here and a stranger may do with a page: keep it for a second, in their language (see `Vary`),
/// which spares work when many come at once, and ask again then.
const SHARED: HeaderValue = HeaderValue::from_static("public, max-age=1");

/// Marks an answer as one for everyone.
pub(crate) fn for_everyone(mut response: Response, contents: &str) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(SHARED);
    if let Some(tag) = tag(contents) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// What tells an answer apart from others by its contents; weakly, because it may be compressed on its way (RFC 9110,
/// 8.8.1).
pub(crate) fn tag(contents: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("W/\"{}\"", &secret::hash(contents)[..32])).ok()
}

/// Whoever has this very answer already is told so, and gets nothing more (RFC 9110, 13.1.2).
pub(crate) fn spare(method: &Method, asked: &[HeaderValue], mut response: Response) -> Response {
    let known = |asked: &HeaderValue, tag: &HeaderValue| {
        let weak = |text: &str| text.trim().trim_start_matches("W/").to_owned();
        let (Ok(asked), Ok(tag)) = (asked.to_str(), tag.to_str()) else { return false };
        asked.trim() == "*" || asked.split(',').any(|one| weak(one) == weak(tag))
    };
    let tag = response.headers().get(header::ETAG);
    let is_known = tag.is_some_and(|tag| asked.iter().any(|asked| known(asked, tag)));
    let reads = *method == Method::GET || *method == Method::HEAD;
    if reads && is_known && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        drop_contents(response.headers_mut());
    }
    response
}

/// Headers that describe contents, of which there are none.
fn drop_contents(headers: &mut HeaderMap) {
    const OF_CONTENTS: [HeaderName; 3] = [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_LANGUAGE];
    for name in OF_CONTENTS {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::Request, response::IntoResponse as _};
    use vestnik_model::{BuiltinGroup, UnixMillis};
    use vestnik_store::{audit::Author, people};

    use super::*;
    use crate::testing::{Browser, PASSWORD, TestApp};

    async fn keeper(app: &TestApp, group: BuiltinGroup) -> Browser {
        keeper_named(app, "keeper", group).await
    }

    async fn keeper_named(app: &TestApp, name: &str, group: BuiltinGroup) -> Browser {
        let user = app.user(name).await;
        people::join(&app.db, user.id, group, &Author::at_console(UnixMillis(0))).await.expect("in");
        let mut browser = app.browser();
        browser.post("/login", &[("email", &user.email), ("password", PASSWORD)]).await;
        browser
    }

    const ARTICLE: [(&str, &str); 8] = [
        ("title", "Autumn"),
        ("slug", "autumn"),
        ("lead", ""),
        ("body", "Pumpkins."),
        ("cover", ""),
        ("cover_alt", ""),
        ("when", "now"),
        ("published_at", ""),
    ];

    #[tokio::test]
    async fn s55_a_strangers_page_is_kept_until_a_form_changes_it() {
        let app = TestApp::start().await;
        let mut keeper = keeper(&app, BuiltinGroup::ContentManagers).await;
        keeper.post("/manage/articles/new", &ARTICLE).await;
        let mut stranger = app.browser();
        let first = stranger.get("/blog/autumn").await;
        assert_eq!(first.headers[header::CACHE_CONTROL], "public, max-age=1");
        let tag = first.says("Pumpkins.").headers[header::ETAG].clone();
        let again = |tag: &HeaderValue| Request::get("/blog/autumn").header(header::IF_NONE_MATCH, tag);
        let spared = stranger.send(again(&tag).body(Body::empty()).expect("a request")).await;
        assert_eq!((spared.status, spared.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(spared.headers[header::ETAG], tag);
        // In another language it is another page.
        stranger.language = "ru";
        assert_ne!(stranger.get("/blog/autumn").await.headers[header::ETAG], tag);
        stranger.language = "en";
        // Before whoever has signed in it is theirs, and nobody else's.
        let own = keeper.get("/blog/autumn").await;
        assert!(own.headers[header::CACHE_CONTROL].to_str().expect("ASCII").starts_with("private"));
        assert!(!own.headers.contains_key(header::ETAG) && own.text.contains("articles&#x2f;1"));
        assert!(!stranger.get("/blog/autumn").await.text.contains("articles&#x2f;1"));

        // What others try changes nothing.
        let made = |app: &TestApp| app.cached("article").made;
        let before = made(&app);
        app.browser().post("/manage/articles/1", &ARTICLE).await;
        keeper.post("/manage/articles/preview", &ARTICLE).await;
        stranger.get("/blog/autumn").await;
        assert_eq!(made(&app), before);

        let changed: Vec<_> = ARTICLE.iter().filter(|(name, _)| *name != "body").copied().collect();
        keeper.post("/manage/articles/1", &[&changed[..], &[("body", "Chestnuts.")]].concat()).await;
        stranger.get("/blog/autumn").await.says("Chestnuts.");
        let anew = stranger.send(again(&tag).body(Body::empty()).expect("a request")).await;
        assert_eq!(anew.status, StatusCode::OK);
        app.stop().await;
    }

    #[tokio::test]
    async fn list_of_users_has_an_etag_for_its_reader() {
        let app = TestApp::start().await;
        let mut admin = keeper(&app, BuiltinGroup::Administrators).await;
        // The greeting is shown once.
        assert!(!admin.get("/manage/users").await.headers.contains_key(header::ETAG));
        let list = admin.get("/manage/users").await;
        assert_eq!(list.headers[header::CACHE_CONTROL], "private, no-cache");
        let tag = list.headers[header::ETAG].clone();
        let again = || {
            let asked = Request::get("/manage/users").header(header::IF_NONE_MATCH, &tag);
            asked.body(Body::empty()).expect("a request")
        };
        let spared = admin.send(again()).await;
        assert_eq!((spared.status, spared.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        // Another reader has another page, and so has this one after a change.
        let mut manager = keeper_named(&app, "manager", BuiltinGroup::Managers).await;
        manager.get("/dashboard").await;
        assert_eq!(manager.send(again()).await.status, StatusCode::OK);
        app.user("boris").await;
        admin.post("/manage/caches", &[("region", "users")]).await;
        admin.get("/manage/caches").await;
        let changed = admin.send(again()).await;
        assert_eq!(changed.status, StatusCode::OK);
        changed.says("boris@example.org");
        app.stop().await;
    }

    #[tokio::test]
    async fn what_is_kept_is_seen_and_made_anew_by_hand() {
        let app = TestApp::start().await;
        let mut admin = keeper(&app, BuiltinGroup::Administrators).await;
        let mut stranger = app.browser();
        stranger.get("/blog").await;
        stranger.get("/blog").await;
        admin.get("/manage/caches").await.says("List of articles").says("50%");
        let done = admin.post("/manage/caches", &[("region", "articles")]).await;
        assert_eq!(done.goes_to(), Some("/manage/caches"));
        admin.get("/manage/audit").await.says("Cache made anew");
        stranger.get("/blog").await;
        admin.get("/manage/caches").await.says("33.3%");
        assert_eq!(admin.post("/manage/caches", &[("region", "x")]).await.status, StatusCode::NOT_FOUND);
        app.stop().await;
    }

    #[test]
    fn names_of_regions_are_unique() {
        for (position, region) in REGIONS.iter().enumerate() {
            assert!(REGIONS[..position].iter().all(|other| other.name != region.name), "{}", region.name);
        }
    }

    #[test]
    fn whoever_has_an_answer_is_spared_it() {
        let answer = || for_everyone("text".into_response(), "text");
        let tag = answer().headers()[header::ETAG].to_str().expect("ASCII").to_owned();
        for (method, asked, status) in [
            (Method::GET, tag.clone(), 304),
            (Method::HEAD, tag.clone(), 304),
            (Method::GET, tag.trim_start_matches("W/").to_owned(), 304),
            (Method::GET, format!("\"other\", {tag}"), 304),
            (Method::GET, "*".to_owned(), 304),
            (Method::GET, "\"other\"".to_owned(), 200),
            (Method::POST, tag, 200),
        ] {
            let header = HeaderValue::from_str(&asked).expect("a header");
            let spared = spare(&method, &[HeaderValue::from_static("\"else\""), header], answer());
            assert_eq!(spared.status(), status, "{method} {asked}");
            assert_eq!(spared.headers().contains_key(header::CONTENT_TYPE), status == 200);
        }
        assert_eq!(spare(&Method::GET, &[], answer()).status(), 200);
    }
}
