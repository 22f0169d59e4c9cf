use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

use crate::testing::{Browser, PASSWORD, TestApp};

const ANNA: &str = "anna@sever.example";

async fn register(browser: &mut Browser, email: &str) -> crate::testing::Answer {
    let form = [("email", email), ("name", "Анна"), ("password", "осенний кофе 7"), ("time_zone", "Europe/Moscow")];
    browser.post("/register", &form).await
}

/// The path of the link in a letter.
pub(super) fn link(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("http://vestnik.example/")).expect("a link");
    line.trim_start_matches("http://vestnik.example").to_owned()
}

#[tokio::test]
async fn s32_s33_s34_register_confirm_log_in_log_out() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.language = "ru";
    browser.get("/register").await.says("Регистрация").says("Москва (UTC+3)");
    register(&mut browser, ANNA).await.says("Проверьте почту").says(ANNA);

    let letter = app.letters(1).await.remove(0);
    assert_eq!((letter.recipient.as_str(), letter.recipient_name.as_str()), (ANNA, "Анна"));
    assert_eq!(letter.subject, "«Вестник»: подтвердите адрес");
    assert!(letter.text.starts_with("Здравствуйте, Анна!"), "{}", letter.text);
    assert!(letter.html.replace("&#x2f;", "/").contains(&link(&letter.text)));

    // Signing in works before the address is confirmed; a banner says what is missing.
    let answer = browser.post("/login", &[("email", " Anna@Sever.example "), ("password", "осенний кофе 7")]).await;
    assert_eq!((answer.status, answer.goes_to()), (StatusCode::SEE_OTHER, Some("/dashboard")));
    let cookie = answer.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
    let all: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
    let session = all.iter().find(|c| c.as_bytes().starts_with(b"session=")).expect("a session cookie");
    let session = session.to_str().expect("text");
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session} {cookie}");
    let dashboard = browser.get("/dashboard").await;
    dashboard.says("Здравствуйте, Анна!").says("Подтвердите адрес anna@sever.example");
    assert!(!browser.get("/dashboard").await.text.contains("Здравствуйте"), "a word is said once");

    // Looking at the link changes nothing, so that programs that look at links do no harm.
    let path = link(&letter.text);
    for _ in 0..2 {
        browser.get(&path).await.says("Подтвердить адрес");
        assert!(app.find_user(ANNA).await.expect("an account").confirmed_at.is_none());
    }
    assert_eq!(browser.post(&path, &[]).await.goes_to(), Some("/dashboard"));
    assert!(app.find_user(ANNA).await.expect("an account").confirmed_at.is_some());
    assert!(!browser.get("/dashboard").await.text.contains("Подтвердите адрес anna"));
    let again = browser.post(&path, &[]).await;
    assert_eq!(again.status, StatusCode::GONE);
    again.says("Ссылка больше не действует");

    let old = browser.cookie("session").expect("a session").to_owned();
    assert_eq!(browser.post("/logout", &[]).await.goes_to(), Some("/login"));
    assert_eq!(browser.cookie("session"), None);
    browser.set_cookie("session", &old);
    assert_eq!(browser.get("/settings").await.goes_to(), Some("/login?next=%2Fsettings"));
    app.stop().await;
}

#[tokio::test]
async fn an_address_with_an_account_gets_the_same_page_and_another_letter() {
    let app = TestApp::start().await;
    let (mut first, mut second) = (app.browser(), app.browser());
    let one = register(&mut first, ANNA).await;
    let two = register(&mut second, "ANNA@sever.example").await;
    assert_eq!((one.status, one.text.replace(ANNA, "")), (two.status, two.text.replace("ANNA@sever.example", "")));
    let letters = app.letters(2).await;
    assert!(letters.iter().any(|letter| letter.subject == "You already have an account with Vestnik"));
    app.stop().await;
}

#[tokio::test]
async fn a_form_with_errors_comes_back_with_what_was_typed() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let form =
        [("email", "anna.sever.example"), ("name", "<b>Anna"), ("password", "short"), ("time_zone", "Mars/Base")];
    let answer = browser.post("/register", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer
        .says("The address has no @.")
        .says("The password is shorter than 10 characters.")
        .says("Unknown time zone: Mars&#x2f;Base.")
        .says("value=\"anna.sever.example\"")
        .says("value=\"&lt;b&gt;Anna\"")
        .says("aria-describedby=\"password-error password-help\"");
    assert!(!answer.text.contains("value=\"short\""), "a password is never sent back");

    // What no page of ours sends is a bad request, and a page.
    let request = Request::post("/register").header("content-type", "text/plain").body(Body::from("x"));
    let answer = browser.send(request.expect("a request")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    answer.says("We did not understand that");
    app.stop().await;
}

#[tokio::test]
async fn whoever_has_been_here_unconfirmed_is_told_what_ends() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    register(&mut browser, ANNA).await;
    browser.post("/login", &[("email", ANNA), ("password", "осенний кофе 7")]).await;
    browser.post("/recover", &[("email", ANNA)]).await;
    let mut letters = app.letters(2).await;
    letters.sort_by_key(|letter| letter.text.contains("/recover/"));
    let path = link(&letters[1].text);
    browser.get(&path).await.says("All other sessions will end");
    browser.post(&path, &[("password", "a new long phrase")]).await;
    browser.get("/dashboard").await.says("All other sessions have ended");
    app.stop().await;
}

#[tokio::test]
async fn s35_recovery_sets_a_new_password_and_ends_other_sessions() {
    let app = TestApp::start().await;
    let (mut elsewhere, _) = app.signed_in("anna").await;
    let mut browser = app.browser();
    let known = browser.post("/recover", &[("email", "anna@example.org")]).await;
    let unknown = browser.post("/recover", &[("email", "none@example.org")]).await;
    assert_eq!(known.status, unknown.status);
    assert_eq!(known.text.replace("anna@", ""), unknown.text.replace("none@", ""));

    let path = link(&app.letters(1).await.remove(0).text);
    browser.get(&path).await.says("anna@example.org");
    let short = browser.post(&path, &[("password", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY, "and the link still works:");
    let answer = browser.post(&path, &[("password", "a new long phrase")]).await;
    assert_eq!(answer.goes_to(), Some("/dashboard"));
    assert_eq!(browser.get("/dashboard").await.status, StatusCode::OK);
    assert_eq!(elsewhere.get("/dashboard").await.goes_to(), Some("/login?next=%2Fdashboard"));
    assert_eq!(browser.get(&path).await.status, StatusCode::GONE);

    let mut other = app.browser();
    let old = other.post("/login", &[("email", "anna@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    old.says("The address or the password is not right.");

    // A newer link ends the older one, and an hour ends any.
    other.post("/recover", &[("email", "anna@example.org")]).await;
    let older = link(&app.letters(1).await.remove(0).text);
    other.post("/recover", &[("email", "anna@example.org")]).await;
    let newer = link(&app.letters(1).await.remove(0).text);
    assert_eq!(other.get(&older).await.status, StatusCode::GONE);
    assert_eq!(other.get(&newer).await.status, StatusCode::OK);
    app.clock.advance(Duration::from_secs(3601));
    assert_eq!(other.get(&newer).await.status, StatusCode::GONE);
    app.stop().await;
}

#[tokio::test]
async fn login_leads_only_to_own_pages_and_begins_a_new_session() {
    let app = TestApp::start().await;
    app.user("anna").await;
    for (next, expected) in [
        ("/mailings?page=2", "/mailings?page=2"),
        ("//evil.example", "/dashboard"),
        ("https://evil.example/", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
    ] {
        let mut browser = app.browser();
        browser.set_cookie("session", "planted");
        let form = [("email", "anna@example.org"), ("password", PASSWORD), ("next", next)];
        assert_eq!(browser.post("/login", &form).await.goes_to(), Some(expected), "{next}");
        assert_ne!(browser.cookie("session"), Some("planted"));
    }
    app.stop().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_for_known_and_unknown_accounts_alike() {
    let app = TestApp::start().await;
    app.user("anna").await;
    for email in ["anna@example.org", "none@example.org"] {
        let mut browser = app.browser();
        for _ in 0..10 {
            let answer = browser.post("/login", &[("email", email), ("password", "wrong password")]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let answer = browser.post("/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        answer.says("Try again in 15 minutes.");
        let wait: u64 = answer.headers[header::RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
        assert!((840..=900).contains(&wait), "{wait}");
    }
    // The owner is somewhere else.
    let form = format!("email=anna%40example.org&password={}", PASSWORD.replace(' ', "+"));
    let request = Request::post("/login")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-for", "192.0.2.7")
        .body(Body::from(form))
        .expect("a request");
    assert_eq!(app.browser().send(request).await.status, StatusCode::SEE_OTHER);
    app.stop().await;
}

#[tokio::test]
async fn settings_change_the_language_and_the_password() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    let (mut elsewhere, form) = (app.browser(), [("email", "anna@example.org"), ("password", PASSWORD)]);
    elsewhere.post("/login", &form).await;

    let form = [("name", "Анна"), ("language", "ru"), ("time_zone", "Asia/Omsk"), ("theme", "dark")];
    assert_eq!(browser.post("/settings", &form).await.goes_to(), Some("/settings"));
    let page = browser.get("/settings").await;
    page.says("Настройки сохранены.").says("lang=\"ru\" data-bs-theme=\"dark\"").says("Омск (UTC+6)");
    let wrong =
        browser.post("/settings", &[("name", " "), ("language", "xx"), ("time_zone", "UTC"), ("theme", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);

    let wrong = [("current", "not the password"), ("password", "a new long phrase")];
    let answer = browser.post("/settings/password", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Текущий пароль не подошёл.");
    let right = [("current", PASSWORD), ("password", "a new long phrase")];
    assert_eq!(browser.post("/settings/password", &right).await.goes_to(), Some("/settings/security"));
    browser.get("/settings/security").await.says("Пароль сменён");
    assert_eq!(elsewhere.get("/settings").await.status, StatusCode::SEE_OTHER);
    app.stop().await;
}

#[tokio::test]
async fn the_confirmation_letter_can_be_had_again() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    register(&mut browser, ANNA).await;
    let first = link(&app.letters(1).await.remove(0).text);
    browser.post("/login", &[("email", ANNA), ("password", "осенний кофе 7")]).await;
    for _ in 0..3 {
        assert_eq!(browser.post("/confirm", &[]).await.goes_to(), Some("/dashboard"));
    }
    assert_eq!(browser.post("/confirm", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    let newest = link(&app.letters(3).await.remove(2).text);
    assert_eq!(browser.get(&first).await.status, StatusCode::GONE);
    assert_eq!(browser.post(&newest, &[]).await.goes_to(), Some("/dashboard"));
    app.stop().await;
}

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(width, height).write_to(&mut file, image::ImageFormat::Png).expect("a picture");
    file.into_inner()
}

#[tokio::test]
async fn s36_a_profile_has_a_picture_a_phone_number_and_a_city() {
    let app = TestApp::start().await;
    let (mut browser, anna) = app.signed_in("anna").await;
    let form = [
        ("name", "Анна"),
        ("phone", "+7 912 345-67-89"),
        ("city", "Омск"),
        ("language", "en"),
        ("time_zone", "Asia/Omsk"),
        ("theme", "auto"),
    ];
    assert_eq!(browser.post("/settings", &form).await.goes_to(), Some("/settings"));
    browser.get("/settings").await.says("+7 912 345-67-89").says("Омск");
    let wrong = browser.post("/settings", &[("name", "Анна"), ("phone", "call me"), ("city", "Омск")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says("Write the number with").says("call me");

    let answer = browser.upload_as("picture", "/settings/avatar", "me.png", &png(300, 200)).await;
    assert_eq!(answer.goes_to(), Some("/settings"));
    let path = |page: &str| {
        let page = page.replace("&#x2f;", "/");
        // The small one is in the navigation, before it.
        let start = page.rfind("/media/avatars/").expect("a picture on the page");
        page[start..].split('"').next().expect("its end").to_owned()
    };
    let first = path(&browser.get("/settings").await.text);
    let shown = app.browser().get(&first).await;
    assert_eq!(shown.headers[header::CONTENT_TYPE], "image/jpeg");
    assert!(shown.headers[header::CACHE_CONTROL].to_str().expect("text").contains("immutable"));
    assert_eq!(shown.headers["cross-origin-resource-policy"], "cross-origin", "letters show pictures, too");
    browser.upload_as("picture", "/settings/avatar", "me.png", &png(100, 100)).await;
    let second = path(&browser.get("/settings").await.text);
    assert_ne!(first, second);
    assert_eq!(app.browser().get(&first).await.status, StatusCode::NOT_FOUND, "nothing shows it any more");
    browser.post("/settings/avatar/remove", &[]).await;
    assert_eq!(app.browser().get(&second).await.status, StatusCode::NOT_FOUND);
    assert!(vestnik_store::users::find(&app.db, anna.user()).await.expect("found").expect("anna").avatar.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_says_why() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    // A GIF's head that claims 50,000 by 50,000 pixels.
    let bomb = b"GIF89a\x50\xc3\x50\xc3\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x50\xc3\x50\xc3\x00\x02\x02L\x01\x00;";
    let large = vec![0; 9 * 1024 * 1024];
    let cut = &png(300, 200)[..200];
    let cases: [(&[u8], u16, &str); 6] = [
        (bomb, 422, "The picture is too large: 50"),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>", 422, "This is neither JPEG"),
        (b"%PDF-1.7", 422, "This is neither JPEG"),
        (cut, 422, "The picture is damaged"),
        (b"", 422, "Choose a file"),
        (&large, 413, "larger than 8"),
    ];
    for (file, status, words) in cases {
        let answer = browser.upload_as("picture", "/settings/avatar", "me.png", file).await;
        assert_eq!(answer.status.as_u16(), status, "{words}");
        answer.says(words);
    }
    for path in ["/media/../vestnik.db", "/media/avatars/1", "/media/avatars/1/none.jpg"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_person_ends_their_other_sessions() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    let mut elsewhere = app.browser();
    elsewhere.post("/login", &[("email", "anna@example.org"), ("password", PASSWORD)]).await;
    let page = browser.get("/settings/security").await.text;
    let start = page.find("/settings/sessions/").expect("another session");
    let path = page[start..].split('"').next().expect("its end").to_owned();
    assert_eq!(page.matches("/settings/sessions/").count(), 1, "this one is ended by signing out");
    browser.post(&path, &[]).await;
    assert!(elsewhere.get("/dashboard").await.goes_to().is_some(), "signed out");
    assert_eq!(browser.get("/dashboard").await.status, StatusCode::OK);
    app.stop().await;
}
