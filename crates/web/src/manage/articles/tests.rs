//! How the blog is written, and by whom.

use axum::http::StatusCode;
use image::{ImageFormat, RgbImage};
use std::io::Cursor;
use vestnik_model::{BuiltinGroup, UnixMillis};
use vestnik_store::{audit::Author, people};

use crate::testing::{Browser, PASSWORD, TestApp};

async fn keeper(app: &TestApp) -> Browser {
    let user = app.user("keeper").await;
    people::join(&app.db, user.id, BuiltinGroup::ContentManagers, &Author::at_console(UnixMillis(0)))
        .await
        .expect("in");
    let mut browser = app.browser();
    browser.post("/login", &[("email", &user.email), ("password", PASSWORD)]).await;
    browser
}

fn typed<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("title", "Осеннее меню"),
        ("slug", ""),
        ("lead", ""),
        ("body", "Тыква и **корица**."),
        ("cover", ""),
        ("cover_alt", ""),
        ("when", "draft"),
        ("published_at", ""),
    ];
    form.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    form.extend(more);
    form
}

fn photo(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
    picture.write_to(&mut bytes, ImageFormat::Jpeg).expect("encoded");
    bytes.into_inner()
}

#[tokio::test]
async fn s51_an_article_is_written_looked_at_published_changed_and_deleted() {
    let app = TestApp::start().await;
    let mut keeper = keeper(&app).await;
    keeper.get("/manage/articles").await.says("No articles");
    let made = keeper.post("/manage/articles/new", &typed(&[])).await;
    assert_eq!(made.goes_to(), Some("/manage/articles/1"), "{}", made.text);
    keeper.get("/manage/articles/1").await.says("value=\"osennee-meniu\"").says("Тыква и **корица**.");
    keeper.post("/manage/articles/preview", &typed(&[])).await.says("<strong>корица</strong>");
    let mut stranger = app.browser();
    assert_eq!(stranger.get("/blog/osennee-meniu").await.status, StatusCode::NOT_FOUND);

    keeper.post("/manage/articles/1", &typed(&[("when", "now")])).await;
    keeper.get("/manage/articles?state=published").await.says("Осеннее меню");
    stranger.get("/blog/osennee-meniu").await.says("<strong>корица</strong>");
    keeper.post("/manage/articles/1", &typed(&[("when", "now"), ("slug", "autumn")])).await;
    assert_eq!(stranger.get("/blog/osennee-meniu").await.goes_to(), Some("/blog/autumn"));
    keeper.post("/manage/articles/1", &typed(&[("when", "draft"), ("slug", "autumn")])).await;
    assert_eq!(stranger.get("/blog/autumn").await.status, StatusCode::NOT_FOUND);

    keeper.get("/manage/articles/1/delete").await.says("Delete the article");
    assert_eq!(keeper.post("/manage/articles/1/delete", &[]).await.goes_to(), Some("/manage/articles"));
    assert_eq!(keeper.get("/manage/articles/1").await.status, StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let mut keeper = keeper(&app).await;
    let wrong = [("title", " "), ("slug", "Осень"), ("when", "at"), ("published_at", "soon")];
    let page = keeper.post("/manage/articles/new", &typed(&wrong)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["title", "slug", "published_at"] {
        page.says(&format!("id=\"{field}-error\""));
    }
    page.says("Тыква и **корица**.").says("such as osen");
    keeper.post("/manage/articles/new", &typed(&[("slug", "autumn")])).await;
    let taken = keeper.post("/manage/articles/new", &typed(&[("slug", "autumn")])).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    taken.says("id=\"slug-error\"").says("Another article");
    app.stop().await;
}

#[tokio::test]
async fn s68_a_picture_is_kept_in_widths_and_stands_in_the_article() {
    let app = TestApp::start().await;
    let mut keeper = keeper(&app).await;
    let upload = "/manage/articles/pictures";
    let page = keeper.upload_as("picture", upload, "cup.jpg", &photo(1_200, 800)).await;
    page.says("1200 × 800").says("picture:1").says("id=\"cover-1\" value=\"1\" checked");
    let small = keeper.upload_as("picture", upload, "dot.jpg", &photo(90, 60)).await;
    small.says("90 × 60");
    let refused = keeper.upload_as("picture", upload, "x.svg", b"<svg/>").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says("id=\"picture-error\"");

    let body = ("body", "![Чашка](picture:1) ![Точка](picture:2) ![Нет](picture:77)");
    let form = typed(&[body, ("cover", "1"), ("cover_alt", "Чашка кофе"), ("when", "now")]);
    assert_eq!(keeper.post("/manage/articles/new", &form).await.goes_to(), Some("/manage/articles/1"));
    let mut stranger = app.browser();
    let article = stranger.get("/blog/osennee-meniu").await;
    article.says("alt=\"Чашка кофе\"").says(" 480w, ").says(" 960w, ").says(" 1200w").says("Нет");
    article.says("og:image");
    assert!(!article.text.contains("picture:"), "no number is left");
    let key = article.text.split("/media/").nth(1).and_then(|rest| rest.split([' ', '"']).next()).expect("a key");
    let picture = stranger.get(&format!("/media/{key}")).await;
    assert_eq!(picture.headers["cache-control"], "public, max-age=31536000, immutable");
    stranger.get("/blog").await.says("alt=\"Чашка кофе\"");
    app.stop().await;
}

#[tokio::test]
async fn an_article_becomes_a_message_whose_text_is_no_template() {
    let app = TestApp::start().await;
    let mut keeper = keeper(&app).await;
    let body = ("body", "Пишите `{{ recipient.email }}` и {% if x %} {# так #} {просто}.");
    keeper.post("/manage/articles/new", &typed(&[body, ("title", "{{ 1 + 1 }} меню"), ("when", "now")])).await;
    let made = keeper.post("/manage/articles/1/message", &[]).await;
    assert_eq!(made.goes_to(), Some("/messages/1/edit"), "{}", made.text);
    let letter = keeper.get("/messages/1/preview").await;
    letter.says("{{ recipient.email }}").says("{% if x %}").says("{# так #} {просто}");
    letter.says("http://vestnik.example/blog/");
    keeper.get("/messages").await.says("меню");
    app.stop().await;
}

#[tokio::test]
async fn managers_and_users_do_not_write_the_blog() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    for path in ["/manage/articles", "/manage/articles/new"] {
        assert_eq!(anna.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(anna.post("/manage/articles/new", &typed(&[])).await.status, StatusCode::FORBIDDEN);
    app.stop().await;
}

#[tokio::test]
async fn two_who_change_an_article_at_once_do_not_write_over_each_other() {
    let app = TestApp::start().await;
    let mut keeper = keeper(&app).await;
    keeper.post("/manage/articles/new", &typed(&[])).await;
    let page = keeper.get("/manage/articles/1").await.text;
    let seen = page.split("name=\"seen\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a time");
    app.clock.advance(std::time::Duration::from_secs(60));
    assert!(keeper.post("/manage/articles/1", &typed(&[("seen", seen), ("lead", "First")])).await.goes_to().is_some());
    let late = keeper.post("/manage/articles/1", &typed(&[("seen", seen), ("lead", "Second")])).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says("Saved elsewhere while you were typing").says("Second");
    let known = app.clock_now().0.to_string();
    late.says(&format!("name=\"seen\" value=\"{known}\""));
    assert!(
        keeper.post("/manage/articles/1", &typed(&[("seen", &known), ("lead", "Second")])).await.goes_to().is_some()
    );
    app.stop().await;
}
