//! Accounts whose address nobody has proven: what whoever made one cannot do to the holder of the address, and how often
//! strangers may try.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use vestnik_model::{
    Actor, UnixMillis,
    second_factor::{RecoveryCode, SharedSecret},
    secret::SystemRandom,
};
use vestnik_store::{audit::Author, second_factor, sessions};

use super::tests::link;
use crate::testing::{Answer, Browser, PASSWORD, TestApp};

const ANNA: &str = "anna@sever.example";
const GUESSED: &str = "осенний кофе 7";

async fn register(browser: &mut Browser, email: &str) -> Answer {
    let form = [("email", email), ("name", "Анна"), ("password", GUESSED), ("time_zone", "Europe/Moscow")];
    browser.post("/register", &form).await
}

async fn confirmed(app: &TestApp) -> bool {
    app.find_user(ANNA).await.expect("an account").confirmed_at.is_some()
}

#[tokio::test]
async fn following_the_link_confirms_only_for_whoever_has_the_account() {
    let app = TestApp::start().await;
    let (mut stranger, mut holder) = (app.browser(), app.browser());
    register(&mut stranger, ANNA).await;
    stranger.post("/login", &[("email", ANNA), ("password", GUESSED)]).await;
    let path = link(&app.letters(1).await.remove(0).text);

    // Whoever reads the mailbox has neither the session nor the password.
    holder.get(&path).await.says("enter the password that you chose").says("You did not register?");
    for (password, words) in [("", "Please fill this in."), ("not the password", "This is not your current password.")]
    {
        let answer = holder.post(&path, &[("password", password)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(words);
        assert!(!confirmed(&app).await);
    }
    // Being signed in to another account is no better.
    let (mut boris, _) = app.signed_in("boris").await;
    boris.get(&path).await.says("enter the password that you chose");
    assert_eq!(boris.post(&path, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!confirmed(&app).await);

    // With the password the link confirms, and signs in.
    assert_eq!(holder.post(&path, &[("password", GUESSED)]).await.goes_to(), Some("/dashboard"));
    holder.get("/dashboard").await.says("The address is confirmed");
    assert!(confirmed(&app).await);
    assert_eq!(holder.post(&path, &[("password", GUESSED)]).await.status, StatusCode::GONE);
    app.stop().await;
}

#[tokio::test]
async fn guessing_the_password_behind_the_link_is_as_slow_as_at_the_login() {
    let app = TestApp::start().await;
    register(&mut app.browser(), ANNA).await;
    let path = link(&app.letters(1).await.remove(0).text);
    let mut browser = app.browser();
    for turn in 0..10 {
        let (to, form) = if turn % 2 == 0 {
            (path.as_str(), vec![("password", "wrong")])
        } else {
            ("/login", vec![("email", ANNA), ("password", "wrong")])
        };
        assert_eq!(browser.post(to, &form).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(browser.post(&path, &[("password", GUESSED)]).await.status, StatusCode::TOO_MANY_REQUESTS);
    app.stop().await;
}

#[tokio::test]
async fn a_new_address_is_taken_only_for_whoever_has_the_account() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    anna.post("/settings/account/address", &[("email", "victim@example.org"), ("current", PASSWORD)]).await;
    let letters = app.letters(2).await;
    let letter = letters.iter().find(|letter| letter.kind == "new-address").expect("the letter with the link");
    let path = link(&letter.text);
    let mut victim = app.browser();
    victim.get(&path).await.says("Password of the account anna@example.org");
    assert_eq!(victim.post(&path, &[("password", "a guess")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(app.find_user("victim@example.org").await.is_none());
    assert_eq!(victim.post(&path, &[("password", PASSWORD)]).await.goes_to(), Some("/settings/account"));
    assert!(app.find_user("victim@example.org").await.is_some());
    assert_eq!(victim.get("/settings/account").await.status, StatusCode::OK, "signed in");
    app.stop().await;
}

#[tokio::test]
async fn recovery_takes_an_unconfirmed_account_from_whoever_made_it() {
    let app = TestApp::start().await;
    let mut stranger = app.browser();
    register(&mut stranger, ANNA).await;
    app.letters(1).await;
    stranger.post("/login", &[("email", ANNA), ("password", GUESSED)]).await;

    // No second factor can be set up, on any page.
    stranger.get("/settings/security").await.says("Confirm your address first. Two-factor login can be set up");
    assert_eq!(stranger.get("/settings/two-factor").await.goes_to(), Some("/settings/security#two-factor"));
    let begun = stranger.post("/settings/two-factor", &[("current", GUESSED)]).await;
    assert_eq!(begun.goes_to(), Some("/settings/security#two-factor"));
    stranger.get("/settings/security").await.says("Confirm your address first");

    // One that was set up before there was this rule.
    let user = app.find_user(ANNA).await.expect("an account");
    let now = app.clock_now();
    app.db.execute("UPDATE users SET confirmed_at = $1 WHERE id = $2", &[&now, &user.id]).await.expect("changed");
    let actor = Actor::of(&user);
    let session = sessions::all(&app.db, &actor, now).await.expect("found")[0].id;
    let secret = SharedSecret::new(&SystemRandom);
    let end = UnixMillis(now.0 + 1_000);
    second_factor::offer(&app.db, &actor, session, None, &secret, now, end).await.expect("offered");
    let codes = RecoveryCode::several(&SystemRandom);
    let digits = secret.code_at(now).expect("a code");
    let author = Author::at_browser(&user, "192.0.2.1", now);
    second_factor::confirm(&app.db, &actor, session, &digits, &codes, &author).await.expect("on");
    app.db.execute("UPDATE users SET confirmed_at = NULL", &[]).await.expect("changed");

    let mut holder = app.browser();
    holder.post("/recover", &[("email", ANNA)]).await;
    let path = link(&app.letters(1).await.remove(0).text);
    assert_eq!(holder.post(&path, &[("password", "a new long phrase")]).await.goes_to(), Some("/dashboard"));
    holder.get("/dashboard").await.says("two-factor login that was set up for this account was removed");
    let user = app.find_user(ANNA).await.expect("an account");
    assert_eq!((user.confirmed_at.is_some(), user.second_factor_at), (true, None));
    assert_eq!(stranger.get("/dashboard").await.goes_to(), Some("/login?next=%2Fdashboard"));
    app.stop().await;
}

/// So many ways to write one address.
const SPELLINGS: [&str; 5] =
    [ANNA, "ANNA@sever.example", "\"anna\"@sever.example", "anna@SEVER.example", " \"Anna\"@Sever.Example "];

#[tokio::test]
async fn an_address_gets_three_registration_emails_a_day_however_it_is_written() {
    let app = TestApp::start().await;
    let mut pages = Vec::new();
    for turn in 0..15 {
        // From another network each time: what is counted is the address.
        let mut browser = app.browser_from(&format!("192.0.2.{turn}"));
        let answer = register(&mut browser, SPELLINGS[turn % 5]).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.says("Check your mail");
        // Those of one spelling are alike, whether an email was sent or not.
        pages.push(answer.text);
    }
    for (turn, page) in pages.iter().enumerate() {
        assert_eq!(*page, pages[turn % 5]);
    }
    let letters = app.letters(3).await;
    assert_eq!(letters.len(), 3);
    app.no_more_letters().await;
    register(&mut app.browser(), "boris@sever.example").await;
    app.letters(1).await;
    app.stop().await;
}

#[tokio::test]
async fn recovery_counts_an_address_once_however_it_is_written() {
    let app = TestApp::start().await;
    app.user("anna").await;
    let mut pages = Vec::new();
    for (turn, email) in
        ["anna@example.org", "\"anna\"@example.org", "ANNA@example.org", "\"Anna\"@EXAMPLE.org", "anna@example.org"]
            .into_iter()
            .enumerate()
    {
        let answer = app.browser_from(&format!("192.0.2.{turn}")).post("/recover", &[("email", email)]).await;
        assert_eq!(answer.status, StatusCode::OK);
        pages.push(answer.text);
    }
    assert_eq!(pages[0], pages[4], "the page does not tell whether an email was sent");
    assert_eq!(app.letters(3).await.len(), 3);
    app.no_more_letters().await;
    app.stop().await;
}

#[tokio::test]
async fn strangers_who_guess_do_not_lock_the_owner_out() {
    let app = TestApp::start().await;
    let user = app.user("anna").await;
    let form = [("email", user.email.as_str()), ("password", PASSWORD)];
    let wrong = [("email", user.email.as_str()), ("password", "wrong")];
    // She has signed in with one browser, and from one address with another.
    let mut own = app.browser_from("198.51.100.1");
    assert_eq!(own.post("/login", &form).await.goes_to(), Some("/dashboard"));
    own.post("/logout", &[]).await;
    for n in 0..60 {
        app.browser_from(&format!("192.0.2.{n}")).post("/login", &wrong).await;
    }
    let status = async |browser: &mut Browser| browser.post("/login", &form).await.status;
    assert_eq!(status(&mut app.browser_from("203.0.113.1")).await, StatusCode::TOO_MANY_REQUESTS, "a stranger");
    assert_eq!(status(&mut app.browser_from("198.51.100.1")).await, StatusCode::SEE_OTHER, "the address is known");
    own.address = "203.0.113.2".to_owned();
    assert_eq!(status(&mut own).await, StatusCode::SEE_OTHER, "the browser is known");
    // An account that is not there answers alike.
    for n in 0..60 {
        let none = [("email", "none@example.org"), ("password", "wrong")];
        app.browser_from(&format!("192.0.2.{n}")).post("/login", &none).await;
    }
    let request = Request::post("/login")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from("email=none%40example.org&password=x"))
        .expect("a request");
    assert_eq!(app.browser_from("203.0.113.1").send(request).await.status, StatusCode::TOO_MANY_REQUESTS);
    app.stop().await;
}
