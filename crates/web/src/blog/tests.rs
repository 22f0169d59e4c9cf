//! The blog before strangers: what they see and what not, views, old addresses, programs.

use axum::http::StatusCode;
use axum::{body::Body, http::Request};
use std::time::Duration;
use vestnik_model::{
    Actor, BuiltinGroup, UnixMillis,
    article::{ArticleDraft, slug},
    id::ArticleId,
    installation::SecondFactorPolicy,
};
use vestnik_store::{
    articles::{self, Kept},
    audit::Author,
    groups, people,
};

use crate::testing::{Answer, Browser, TestApp};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

async fn writer(app: &TestApp) -> Actor {
    let user = app.user("writer").await;
    people::join(&app.db, user.id, BuiltinGroup::ContentManagers, &Author::at_console(UnixMillis(0)))
        .await
        .expect("in");
    Actor::with(&user, &groups::permissions_of(&app.db, user.id).await.expect("granted"), SecondFactorPolicy::Optional)
}

async fn article(app: &TestApp, actor: &Actor, title: &str, published_at: Option<UnixMillis>) -> ArticleId {
    let draft = ArticleDraft {
        title: title.into(),
        slug: slug(title),
        lead: String::new(),
        body: format!("Text of **{title}** <script>alert(1)</script>"),
        cover_alt: String::new(),
        published_at,
    };
    let author = Author::at_console(app.clock_now());
    match articles::create(&app.db, actor, &draft, None, false, &author).await.expect("a database") {
        Kept::Done(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Someone at a network address reads a page with a browser, or something else.
async fn read_from(browser: &mut Browser, path: &str, address: &str, agent: &str) -> Answer {
    let request = Request::get(path).header("x-forwarded-for", address).header("user-agent", agent);
    browser.send(request.body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn s50_strangers_read_what_is_published_and_nothing_else() {
    let app = TestApp::start().await;
    let writer = writer(&app).await;
    let now = app.clock_now();
    article(&app, &writer, "Autumn", Some(now)).await;
    article(&app, &writer, "Winter", Some(now.plus(Duration::from_secs(3_600)))).await;
    article(&app, &writer, "Summer", None).await;
    let mut stranger = app.browser();
    let list = stranger.get("/blog").await;
    // What nobody has written a lead for shows its beginning.
    list.says("Autumn").says("24 November 2026").says("<p class=\"article-lead\">Text of Autumn");
    assert!(!list.text.contains("Winter") && !list.text.contains("Summer"));
    let page = stranger.get("/blog/autumn").await;
    page.says("<strong>Autumn</strong>").says("og:title").says("rel=\"canonical\"").says("writer");
    assert!(!page.text.contains("<script>alert"));
    assert!(page.headers["cache-control"].to_str().expect("text").starts_with("public"));
    for path in ["/blog/winter", "/blog/summer", "/blog/nothing"] {
        assert_eq!(stranger.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/blog/feed.xml", "/sitemap.xml"] {
        let feed = stranger.get(path).await;
        feed.says("http://vestnik.example/blog/autumn");
        assert!(!feed.text.contains("winter") && !feed.text.contains("summer"), "{path}");
    }
    stranger.get("/blog/feed.xml").await.says("Tue, 24 Nov 2026 07:00:00 +0000").says("&lt;strong&gt;Autumn");

    // Its time comes by itself.
    app.clock.advance(Duration::from_secs(3_600));
    stranger.get("/blog/winter").await.says("Winter");

    // Whoever keeps the blog sees all of it, and no cache keeps that for others.
    let mut keeper = app.browser();
    keeper.post("/login", &[("email", "writer@example.org"), ("password", crate::testing::PASSWORD)]).await;
    let draft = keeper.get("/blog/summer").await;
    draft.says("Only those who keep the blog");
    assert!(draft.headers["cache-control"].to_str().expect("text").starts_with("private"));
    assert!(keeper.get("/blog/autumn").await.headers["cache-control"].to_str().expect("text").starts_with("private"));
    app.stop().await;
}

#[tokio::test]
async fn first_page_has_figures_and_random_articles() {
    let app = TestApp::start().await;
    let writer = writer(&app).await;
    for number in 0..20 {
        let at = app.clock_now().minus(Duration::from_secs(60 * number));
        article(&app, &writer, &format!("Article {number}"), Some(at)).await;
    }
    let mut stranger = app.browser();
    let first = stranger.get("/blog").await;
    let (list, chosen) = first.text.split_once("<h2 id=\"blog-chosen\">Chosen at random</h2>").expect("both");
    assert_eq!(list.matches("<dd class=\"figure num\">").count(), 3);
    assert_eq!(list.matches("<li class=\"card article\">").count(), 12);
    assert_eq!(chosen.matches("<li class=\"card article\">").count(), 3);
    let next = first.text.split("blog?at=").nth(1).and_then(|rest| rest.split('"').next()).expect("more");
    let further = stranger.get(&format!("/blog?at={next}")).await;
    further.says("Article 12");
    assert!(!further.text.contains("blog-chosen") && !further.text.contains("figure num"));
    app.stop().await;
}

#[tokio::test]
async fn article_is_rendered_when_saved_or_at_its_next_view() {
    let app = TestApp::start().await;
    let writer = writer(&app).await;
    let html = async |id: ArticleId| {
        let sql = "SELECT html, html_version FROM articles WHERE id = $1";
        app.db.fetch_one::<(String, i64)>(sql, &[&id]).await.expect("an article")
    };
    // An article that was not saved through the form has no HTML until it is read.
    let id = article(&app, &writer, "Autumn", Some(app.clock_now())).await;
    assert_eq!(html(id).await, (String::new(), 0));
    app.browser().get("/blog/autumn").await.says("<strong>Autumn</strong>");
    let (made, version) = html(id).await;
    assert!(made.contains("<strong>Autumn</strong>") && !made.contains("<script>") && version > 0, "{made}");
    // Stored HTML is shown as it is.
    app.db.execute("UPDATE articles SET html = '<p>as it was kept</p>'", &[]).await.expect("changed");
    let mut keeper = app.browser();
    keeper.post("/login", &[("email", "writer@example.org"), ("password", crate::testing::PASSWORD)]).await;
    keeper.get("/blog/autumn").await.says("as it was kept");
    // HTML of another version is rendered again.
    app.db.execute("UPDATE articles SET html_version = 999", &[]).await.expect("changed");
    keeper.get("/blog/autumn").await.says("<strong>Autumn</strong>");

    let form = |body: &str| -> Vec<(&'static str, String)> {
        vec![("title", "Autumn".into()), ("slug", "autumn".into()), ("body", body.into()), ("when", "now".into())]
    };
    async fn save(keeper: &mut Browser, path: &str, form: Vec<(&'static str, String)>) -> Answer {
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        keeper.post(path, &form).await
    }
    let path = format!("/manage/articles/{id}");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(save(&mut keeper, &path, form("Text of *winter*")).await.status, StatusCode::SEE_OTHER);
    assert!(html(id).await.0.contains("<em>winter</em>"));

    // Deep nesting is refused at its field, and nothing typed is lost.
    let deep = ">".repeat(50_000);
    for path in [path.as_str(), "/manage/articles/new", "/manage/articles/preview"] {
        let refused = save(&mut keeper, path, form(&deep)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        refused
            .says("id=\"body-error\"")
            .says("nested inside each other more than 100 levels deep")
            .says(&"&gt;".repeat(50_000));
    }
    // An article that was saved before there was a limit is shown as preformatted text.
    let sql = "UPDATE articles SET body = $1, html_version = 0, published_at = 0";
    app.db.execute(sql, &[&deep]).await.expect("changed");
    keeper.get("/blog/autumn").await.says(&format!("<pre>{}</pre>", "&gt;".repeat(50_000)));
    app.browser().get("/blog/feed.xml").await.says("&lt;pre&gt;");
    app.browser().get("/blog").await.says("Autumn");
    app.stop().await;
}

#[tokio::test]
async fn s52_a_visitor_counts_once_a_day_and_writers_and_machines_do_not() {
    let app = TestApp::start().await;
    let writer = writer(&app).await;
    let id = article(&app, &writer, "Autumn", Some(app.clock_now())).await;
    let mut stranger = app.browser();
    for _ in 0..3 {
        read_from(&mut stranger, "/blog/autumn", "192.0.2.1", FIREFOX).await;
    }
    read_from(&mut stranger, "/blog/autumn", "192.0.2.2", FIREFOX).await;
    read_from(&mut stranger, "/blog/autumn", "192.0.2.3", "Mozilla/5.0 (compatible; YandexBot/3.0)").await;
    read_from(&mut stranger, "/blog/autumn", "192.0.2.4", "").await;
    let mut keeper = app.browser();
    keeper.post("/login", &[("email", "writer@example.org"), ("password", crate::testing::PASSWORD)]).await;
    read_from(&mut keeper, "/blog/autumn", "192.0.2.5", FIREFOX).await;
    assert!(stranger.has_no_cookies(), "no cookie is set for it");
    let mut views = 0;
    for _ in 0..200 {
        views = articles::find(&app.db, &writer, id).await.expect("a database").expect("there").views;
        if views > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(views, 2, "two people have read it");
    app.stop().await;
}

#[tokio::test]
async fn old_addresses_lead_to_new_ones() {
    let app = TestApp::start().await;
    let writer = writer(&app).await;
    let id = article(&app, &writer, "Autumn", Some(app.clock_now())).await;
    let draft = ArticleDraft {
        title: "Autumn".into(),
        slug: "fall".into(),
        lead: String::new(),
        body: "x".into(),
        cover_alt: String::new(),
        published_at: Some(app.clock_now()),
    };
    let author = Author::at_console(app.clock_now());
    articles::update(&app.db, &writer, id, None, &draft, None, &author).await.expect("a database");
    let answer = app.browser().get("/blog/autumn").await;
    assert_eq!((answer.status, answer.goes_to()), (StatusCode::PERMANENT_REDIRECT, Some("/blog/fall")));
    app.stop().await;
}
