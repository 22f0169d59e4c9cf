//! What administrators decide about the installation, and what comes of it.

use axum::http::StatusCode;
use std::time::Duration;
use vestnik_model::{BuiltinGroup, UnixMillis};
use vestnik_store::{audit::Author, installation, people};

use crate::testing::{Browser, PASSWORD, TestApp};

async fn administrator(app: &TestApp) -> Browser {
    let (browser, actor) = app.signed_in("admin").await;
    let author = Author::at_console(UnixMillis(0));
    people::join(&app.db, actor.user(), BuiltinGroup::Administrators, &author).await.expect("joined");
    browser
}

fn typed<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("name", "Ромашка"),
        ("language", "ru"),
        ("time_zone", "Asia/Omsk"),
        ("registration", "open"),
        ("allowed_domains", ""),
        ("session_days", "30"),
        ("session_limit_days", "90"),
        ("second_factor", "optional"),
    ];
    form.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    form.extend(more);
    form
}

fn registering(email: &str) -> [(&str, &str); 3] {
    [("email", email), ("name", "Boris"), ("password", "a rather long phrase")]
}

#[tokio::test]
async fn s46_only_the_invited_or_only_some_domains_may_register() {
    let app = TestApp::start().await;
    let mut admin = administrator(&app).await;
    let saved = admin.post("/manage/settings", &typed(&[("allowed_domains", "@Sever.example, пример.рф")])).await;
    assert_eq!(saved.goes_to(), Some("/manage/settings"));
    let mut stranger = app.browser();
    stranger.get("/register").await.says("Omsk").says("Ромашка</title>");
    let refused = stranger.post("/register", &registering("boris@elsewhere.example")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says("sever.example, xn--e1afmkfd.xn--p1ai").says("id=\"email-error\"").says("value=\"Boris\"");
    stranger.post("/register", &registering("boris@SEVER.example")).await.says("Check your mail");
    assert_eq!(app.find_user("boris@sever.example").await.expect("an account").time_zone, "Asia/Omsk");

    admin.post("/manage/settings", &typed(&[("registration", "invited")])).await;
    assert_eq!(stranger.get("/register").await.status, StatusCode::FORBIDDEN);
    let refused = stranger.post("/register", &registering("vera@sever.example")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    refused.says("By invitation only");
    assert!(app.find_user("vera@sever.example").await.is_none());
    for path in ["/", "/login"] {
        assert!(!stranger.get(path).await.text.contains("href=\"/register\""), "{path}");
    }
    // Whom an administrator invites gets in all the same.
    let invited = [("email", "vera@else.example"), ("name", "Vera"), ("language", "ru"), ("group", "users")];
    admin.post("/manage/users/new", &invited).await;
    assert!(app.find_user("vera@else.example").await.is_some());
    app.stop().await;
}

#[tokio::test]
async fn letters_carry_the_name_that_the_installation_has() {
    let app = TestApp::start().await;
    let mut admin = administrator(&app).await;
    admin.post("/manage/settings", &typed(&[])).await;
    let invited = [("email", "vera@else.example"), ("name", "Vera"), ("language", "en"), ("group", "users")];
    admin.post("/manage/users/new", &invited).await;
    let letter = app.letters(1).await.remove(0);
    assert_eq!(letter.subject, "You are invited to Ромашка");
    assert!(letter.text.contains("Sent by Ромашка, the mailing service at vestnik.example."), "{}", letter.text);
    app.stop().await;
}

#[tokio::test]
async fn a_session_lasts_as_long_as_is_set_also_one_that_began_before() {
    let app = TestApp::start().await;
    let mut admin = administrator(&app).await;
    let (mut anna, _) = app.signed_in("anna").await;
    let day = Duration::from_secs(86_400);
    app.clock.advance(day * 29);
    assert_eq!(anna.get("/dashboard").await.status, StatusCode::OK);
    app.clock.advance(day * 29);
    assert_eq!(anna.get("/dashboard").await.status, StatusCode::OK, "whoever comes back stays signed in");

    admin = {
        drop(admin);
        let mut again = app.browser();
        again.post("/login", &[("email", "admin@example.org"), ("password", PASSWORD)]).await;
        again
    };
    admin.post("/manage/settings", &typed(&[("session_days", "7")])).await;
    app.clock.advance(day * 8);
    assert!(anna.get("/dashboard").await.goes_to().expect("the login page").starts_with("/login"));
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let mut admin = administrator(&app).await;
    let wrong = [("allowed_domains", "two..dots"), ("session_days", "forever"), ("time_zone", "Mars/Base")];
    let page = admin.post("/manage/settings", &typed(&wrong)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (field, _) in wrong {
        page.says(&format!("id=\"{field}-error\""));
    }
    page.says("two..dots").says("value=\"forever\"").says("value=\"Ромашка\"");
    assert_eq!(installation::read(&app.db).await.expect("settings").name, "");
    app.stop().await;
}

#[tokio::test]
async fn the_mail_server_is_tried_and_then_kept_and_its_password_is_never_shown() {
    let app = TestApp::start().await;
    let mut admin = administrator(&app).await;
    let server = |host, password| {
        [
            ("route", "server"),
            ("host", host),
            ("port", "2525"),
            ("encryption", "starttls"),
            ("smtp_user", "anna"),
            ("smtp_password", password),
            ("from_address", "news@example.org"),
            ("from_name", "Ромашка"),
            ("trial_to", "me@example.org"),
        ]
    };
    let test = "/manage/settings/mail/test";
    admin.post(test, &server("mail.example.org", "hush-hush")).await.says("250 2.0.0 for &lt;me@example.org&gt;");
    admin.post(test, &server("nowhere.example", "hush-hush")).await.says("no such server").says("&lt;no&gt; such host");
    admin.post(test, &server("", "hush-hush")).await.says("href=\"#host\"");
    assert_eq!(installation::read(&app.db).await.expect("settings").smtp_url, "", "nothing is kept");

    let refused = admin.post("/manage/settings/mail", &server("mail.example.org", "")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says("id=\"smtp_password-error\"");
    let saved = admin.post("/manage/settings/mail", &server("mail.example.org", "hush-hush")).await;
    assert_eq!(saved.goes_to(), Some("/manage/settings"));
    let page = admin.get("/manage/settings").await;
    page.says("mail.example.org").says("It is stored");
    assert!(!page.text.contains("hush-hush"));
    let kept = installation::read(&app.db).await.expect("settings");
    assert_eq!(kept.smtp_url, "smtp://anna:hush%2Dhush@mail.example.org:2525?starttls=required".replace("%2D", "-"));
    // One that does not answer is kept, too, and told of.
    let saved = admin.post("/manage/settings/mail", &server("nowhere.example", "hush-hush")).await;
    assert_eq!(saved.goes_to(), Some("/manage/settings"));
    admin.get("/manage/settings").await.says("There is no such server").says("nowhere.example");
    admin.post("/manage/settings/mail", &server("mail.example.org", "hush-hush")).await;
    // Changed without typing the password again; but it goes to no other server.
    admin.post("/manage/settings/mail", &server("mail.example.org", "")).await;
    assert!(installation::read(&app.db).await.expect("settings").smtp_url.contains("hush"));
    let stolen = admin.post(test, &server("mallory.example", "")).await;
    stolen.says("href=\"#smtp_password\"");
    admin.get("/manage/audit").await.says("mail.example.org:2525").says("Settings changed");
    assert!(!admin.get("/manage/audit").await.text.contains("hush"));
    app.stop().await;
}

#[tokio::test]
async fn a_copy_of_a_backup_sends_when_an_administrator_says_so() {
    let app = TestApp::start().await;
    let mut admin = administrator(&app).await;
    let (mut anna, _) = app.signed_in("anna").await;
    assert!(!admin.get("/dashboard").await.text.contains("made of a backup"));
    let saved = admin.post("/manage/settings/resume-sending", &[]).await;
    assert_eq!(saved.goes_to(), Some("/manage/settings"));
    admin.get("/manage/settings").await.says("No longer needed");
    let sql = "UPDATE life SET held = TRUE, restored_at = $1, backup_at = $2";
    let at = UnixMillis(1_795_503_600_000);
    app.db.execute(sql, &[&at, &at.minus(Duration::from_secs(3_600))]).await.expect("held");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    // Everyone is told, and those who can do something about it, where.
    admin.get("/dashboard").await.says("made of a backup").says("/manage/settings#held");
    let page = anna.get("/dashboard").await;
    page.says("made of a backup");
    assert!(!page.text.contains("settings#held"));
    assert_eq!(anna.post("/manage/settings/resume-sending", &[]).await.status, StatusCode::FORBIDDEN);
    admin.get("/manage/settings").await.says("0 planned mailings").says("Let mail go out");
    admin.post("/manage/settings/resume-sending", &[]).await;
    let page = admin.get("/manage/settings").await;
    page.says("Mail goes out again");
    assert!(!page.text.contains("Let mail go out"));
    admin.get("/manage/audit").await.says("Sending after a restore allowed");
}
