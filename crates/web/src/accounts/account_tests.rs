//! A person's own account: another address, all that is theirs, and its end.

use std::{
    io::{Cursor, Read},
    time::Duration,
};

use axum::http::{StatusCode, header};
use serde_json::Value;
use vestnik_model::{Actor, BuiltinGroup, UnixMillis, delivery::DeliveryState, id::AuditId, recipient::RecipientDraft};
use vestnik_store::{
    audit::{self, Author},
    groups, installation, letters, people, recipients, runs, users,
};
use zip::ZipArchive;

use super::tests::{link, png};
use crate::mailings::tests::{deliver, form, mailing_of, prepared};
use crate::testing::{Answer, Browser, PASSWORD, TestApp};

const ASK: &str = "/settings/account/address";

async fn ask(browser: &mut Browser, email: &str) -> Answer {
    browser.post(ASK, &[("email", email), ("current", PASSWORD)]).await
}

/// The letters to an address.
fn to<'a>(letters: &'a [letters::Letter], address: &str) -> Vec<&'a letters::Letter> {
    letters.iter().filter(|letter| letter.recipient == address).collect()
}

#[tokio::test]
async fn an_address_changes_when_its_link_is_followed() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    let mut elsewhere = app.browser();
    elsewhere.post("/login", &[("email", "anna@example.org"), ("password", PASSWORD)]).await;
    let answer = ask(&mut anna, " Anna.New@Example.com ").await;
    assert_eq!(answer.goes_to(), Some("/settings/account"));
    let page = anna.get("/settings/account").await;
    page.says("A letter with the link is on its way to Anna.New@example.com.").says("waits to be confirmed");
    page.says("25 November 2026, 10:00, Moscow (UTC+3)");

    let letters = app.letters(2).await;
    let (new, old) = (to(&letters, "Anna.New@example.com"), to(&letters, "anna@example.org"));
    assert_eq!(
        (new[0].subject.as_str(), new[0].recipient_name.as_str()),
        ("Confirm your new address for Vestnik", "anna")
    );
    assert!(new[0].text.contains("anna@example.org") && new[0].text.contains("Anna.New@example.com"));
    assert!(old[0].text.contains("with Anna.New@example.com") && old[0].text.contains("/recover"), "{}", old[0].text);
    assert!(!old[0].text.contains("/confirm/"), "the old mailbox alone changes nothing");

    // Looking changes nothing, so that programs that look at links do no harm.
    let path = link(&new[0].text);
    anna.get(&path).await.says("you log in with Anna.New@example.com instead of anna@example.org");
    assert!(app.find_user("anna@example.org").await.is_some());
    let answer = anna.post(&path, &[]).await;
    assert_eq!(answer.goes_to(), Some("/settings/account"));
    anna.get("/settings/account")
        .await
        .says("Your address is Anna.New@example.com now.")
        .says(">Anna.New@example.com ");
    assert!(elsewhere.get("/dashboard").await.goes_to().is_some(), "other sessions have ended");
    let last = app.letters(1).await.remove(0);
    assert_eq!(
        (last.recipient.as_str(), last.subject.as_str()),
        ("anna@example.org", "Your account in Vestnik has another address")
    );
    assert!(last.text.contains("is Anna.New@example.com now"));

    let again = anna.post(&path, &[]).await;
    assert_eq!(again.status, StatusCode::GONE);
    again.says("This link no longer works");
    for (email, status) in [("anna@example.org", 422), ("anna.new@example.com", 303)] {
        let answer = app.browser().post("/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status.as_u16(), status, "{email}");
    }
    app.stop().await;
}

#[tokio::test]
async fn whether_the_address_is_anothers_is_told_to_its_holder_alone() {
    let app = TestApp::start().await;
    let boris = app.user("boris").await;
    let (mut anna, _) = app.signed_in("anna").await;
    let taken = ask(&mut anna, "boris@example.org").await;
    let shown = anna.get("/settings/account").await.text;
    let to_boris = app.letters(2).await;
    anna.post("/settings/account/address/withdraw", &[]).await;
    let free = ask(&mut anna, "vera@example.org").await;
    assert_eq!((taken.status, taken.goes_to()), (free.status, free.goes_to()));
    let otherwise = anna.get("/settings/account").await.text;
    assert_eq!(shown.replace("boris@", "vera@"), otherwise, "the page is the same");
    let to_vera = app.letters(2).await;

    let letter = to(&to_boris, &boris.email)[0];
    assert_eq!(
        (letter.subject.as_str(), letter.recipient_name.as_str()),
        ("Someone wanted to use your address in Vestnik", "boris")
    );
    assert!(!letter.text.contains("anna") && !letter.text.contains("/confirm/"), "{}", letter.text);
    let (one, two) = (to(&to_boris, "anna@example.org")[0], to(&to_vera, "anna@example.org")[0]);
    assert_eq!(one.text.replace("boris@", "vera@"), two.text, "nor do the letters to who asks tell");

    // Until it is followed the address can become another's. Whoever follows it reads that mailbox and is told.
    let path = link(&to(&to_vera, "vera@example.org")[0].text);
    app.user("vera").await;
    anna.get(&path).await.says("vera@example.org");
    let late = anna.post(&path, &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says("This address has an account");
    assert!(app.find_user("anna@example.org").await.is_some());
    assert!(!anna.get("/settings/account").await.text.contains("waits to be confirmed"));
    app.stop().await;
}

#[tokio::test]
async fn a_wish_that_cannot_be_is_refused_at_its_field() {
    let app = TestApp::start().await;
    let only = installation::read(&app.db).await.expect("settings");
    let only = vestnik_model::Installation { allowed_domains: "example.org xn--e1afmkfd.xn--p1ai".into(), ..only };
    let chief = app.user("chief").await;
    people::join(&app.db, chief.id, BuiltinGroup::Administrators, &Author::at_console(UnixMillis(0)))
        .await
        .expect("in");
    let admin = groups::actor_of(&app.db, &chief).await.expect("rights");
    let author = Author::at_console(UnixMillis(0));
    installation::update(&app.db, &admin, &author, |_| only).await.expect("set");
    let (mut anna, _) = app.signed_in("anna").await;
    for (email, password, words) in [
        ("anna", PASSWORD, "The address has no @."),
        ("ANNA@example.org", PASSWORD, "This is your address already."),
        (
            "anna@elsewhere.example",
            PASSWORD,
            "Only addresses in these domains are accepted here: example.org, xn--e1afmkfd.xn--p1ai.",
        ),
        ("new@example.org", "not the password", "This is not your current password."),
    ] {
        let answer = anna.post(ASK, &[("email", email), ("current", password)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        answer.says(words).says(&format!("value=\"{email}\"")).says("aria-invalid=\"true\"");
    }
    assert_eq!(ask(&mut anna, "анна@пример.рф").await.goes_to(), Some("/settings/account"), "it has more spellings");
    app.stop().await;
}

#[tokio::test]
async fn nobodys_mailbox_is_flooded() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    let (mut boris, _) = app.signed_in("boris").await;
    for _ in 0..3 {
        assert_eq!(ask(&mut anna, "stranger@example.com").await.status, StatusCode::SEE_OTHER);
    }
    for browser in [&mut anna, &mut boris] {
        let answer = ask(browser, "Stranger@EXAMPLE.com").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "whoever asks");
    }
    for number in 0..4 {
        ask(&mut boris, &format!("stranger{number}@example.com")).await;
    }
    assert_eq!(ask(&mut boris, "more@example.com").await.status, StatusCode::TOO_MANY_REQUESTS);
    app.stop().await;
}

#[tokio::test]
async fn a_wish_ends_with_a_new_password_and_with_time() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    ask(&mut anna, "new@example.com").await;
    let first = link(&to(&app.letters(2).await, "new@example.com")[0].text);
    // Whoever reads the letter to the old address and did not ask sets a new password.
    let mut owner = app.browser();
    owner.post("/recover", &[("email", "anna@example.org")]).await;
    let recover = link(&app.letters(1).await.remove(0).text);
    assert_eq!(owner.post(&recover, &[("password", "a phrase of her own")]).await.goes_to(), Some("/dashboard"));
    assert_eq!(app.browser().get(&first).await.status, StatusCode::GONE);
    assert_eq!(app.browser().post(&first, &[]).await.status, StatusCode::GONE);
    assert!(anna.get("/settings/account").await.goes_to().is_some(), "and the thief is out");

    owner.post(ASK, &[("email", "new@example.com"), ("current", "a phrase of her own")]).await;
    let second = link(&to(&app.letters(2).await, "new@example.com")[0].text);
    assert_eq!(owner.get(&second).await.status, StatusCode::OK);
    app.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(owner.get(&second).await.status, StatusCode::GONE);
    assert!(!owner.get("/settings/account").await.text.contains("waits to be confirmed"));
    app.stop().await;
}

/// The files of an archive by name.
fn unpacked(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/zip");
    let mut archive = ZipArchive::new(Cursor::new(answer.bytes.to_vec())).expect("an archive");
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).expect("a file");
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("its content, with its checksum");
            let name = file.name().expect("a name").into_owned();
            (name, String::from_utf8_lossy(&content).into_owned())
        })
        .collect()
}

#[tokio::test]
async fn everything_that_is_someones_comes_in_an_archive() {
    let app = TestApp::start().await;
    let (mut anna, actor, message, ids) = prepared(&app).await;
    let (mut boris, other) = app.signed_in("boris").await;
    for (who, email, name) in [(&actor, "formula@example.org", "=cmd"), (&other, "secret@example.com", "Third")] {
        let draft = RecipientDraft::parse(email, name, "").expect("a recipient");
        recipients::create(&app.db, who, &draft, app.clock_now()).await.expect("stored");
    }
    let (message, two) = (message.to_string(), ids[1].to_string());
    let chosen = form(&message, &[("audience", "chosen"), ("id", &two), ("name", "Menu")]);
    let mailing = mailing_of(&anna.post("/mailings/new", &chosen).await);
    anna.post(&format!("/mailings/{mailing}/send"), &[]).await;
    app.clock.advance(Duration::from_secs(60));
    let run = runs::open_of(&app.db, &actor, 1).await.expect("found")[0].id;
    deliver(&app, &actor, run, 100, |_| DeliveryState::Sent).await;
    anna.upload_as("picture", "/settings/avatar", "me.png", &png(300, 200)).await;
    boris.post("/messages/new", &[("subject", "Boris's"), ("text", "Text"), ("html", "")]).await;

    let answer = anna.post("/settings/account/export", &[]).await;
    assert_eq!(answer.headers[header::CONTENT_DISPOSITION], "attachment; filename=\"vestnik-2026-11-24.zip\"");
    assert!(!answer.headers.contains_key(header::CONTENT_ENCODING));
    let files = unpacked(&answer);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "README.txt",
            "profile.json",
            "pictures/avatar.jpg",
            "pictures/avatar-small.jpg",
            "recipients.csv",
            "messages.json",
            "mailings.json",
            "mailing-recipients.csv",
            "runs.csv",
            "sent.json",
            "deliveries.csv",
            "attempts.csv",
            "feedback.json",
            "sessions.json",
            "audit.csv",
        ]
    );
    let file =
        |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, content)| content.as_str()).expect("it");
    let json = |name: &str| serde_json::from_str::<Value>(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        file("README.txt").starts_with("Your data in Vestnik\r\n") && file("README.txt").contains("anna@example.org")
    );
    for (name, _) in files.iter().skip(1).filter(|(name, _)| !name.starts_with("pictures/")) {
        assert!(file("README.txt").contains(name.as_str()), "{name} is explained");
    }
    assert_eq!(json("profile.json")["email"], "anna@example.org");
    assert!(json("profile.json")["confirmed_at"].as_str().expect("a time").starts_with("2026-"));
    assert!(!file("profile.json").contains("argon2"), "no password");
    assert_eq!(json("messages.json")[0]["text"], "Autumn menu");
    assert_eq!(
        (&json("mailings.json")[0]["name"], &json("mailings.json")[0]["audience"]),
        (&"Menu".into(), &"chosen".into())
    );
    let table = |name: &str| file(name).trim_start_matches('\u{feff}').lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(table("mailing-recipients.csv"), ["mailing,email".to_owned(), format!("{mailing},two@example.org")]);
    assert_eq!(json("sent.json")[0]["subject"], "Hello {{ recipient.full_name }}");
    assert!(table("runs.csv")[1].starts_with(&format!("{run},{mailing},2026-11-24T")), "{}", table("runs.csv")[1]);
    assert_eq!(table("deliveries.csv")[1], format!("{run},two@example.org,sent,1"));
    let ledger = anna.get(&format!("/mailings/{mailing}/attempts.csv")).await.text;
    let ledger: Vec<&str> = ledger.trim_start_matches('\u{feff}').lines().collect();
    let attempts = [format!("mailing,run,{}", ledger[0]), format!("{mailing},{run},{}", ledger[1])];
    assert_eq!(table("attempts.csv"), attempts, "as the ledger has them");
    assert_eq!(json("sessions.json").as_array().expect("a list").len(), 1);
    assert!(file("audit.csv").contains("logged_in") && file("audit.csv").contains("data_exported"));
    let all: String = files.iter().map(|(_, content)| content.as_str()).collect();
    assert!(!all.contains("boris") && !all.contains("secret@"), "and nothing of another's");
    assert_eq!(file("recipients.csv"), anna.get("/recipients/export.csv").await.text, "as the product exports it");

    // In Russian it speaks Russian, and an account with nothing in it has its archive as well.
    boris.post("/language", &[("language", "ru")]).await;
    let empty = app.user("empty").await;
    let mut browser = app.browser();
    browser.post("/login", &[("email", &empty.email), ("password", PASSWORD)]).await;
    let files = unpacked(&browser.post("/settings/account/export", &[]).await);
    assert!(files.iter().any(|(name, content)| name == "sent.json" && content == "[\n]\n"));
    let files = unpacked(&boris.post("/settings/account/export", &[]).await);
    assert!(files[0].1.starts_with("Ваши данные в «Вестнике»"));
    for _ in 0..5 {
        boris.post("/settings/account/export", &[]).await;
    }
    assert_eq!(boris.post("/settings/account/export", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    app.stop().await;
}

#[tokio::test]
async fn an_account_goes_with_all_its_data() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    let mut elsewhere = app.browser();
    elsewhere.post("/login", &[("email", "anna@example.org"), ("password", PASSWORD)]).await;
    let draft = RecipientDraft::parse("one@example.com", "", "").expect("a recipient");
    recipients::create(&app.db, &actor, &draft, app.clock_now()).await.expect("stored");
    anna.upload_as("picture", "/settings/avatar", "me.png", &png(300, 200)).await;
    let user = users::find(&app.db, actor.user()).await.expect("found").expect("anna");
    let pictures = [user.avatar, user.avatar_small].map(|key| format!("/media/{key}"));
    assert_eq!(app.browser().get(&pictures[0]).await.status, StatusCode::OK);

    anna.get("/settings/account").await.says("/settings/account/delete");
    let page = anna.get("/settings/account/delete").await;
    page.says("This cannot be undone")
        .says("<dt>Recipients</dt><dd class=\"num\">1</dd>")
        .says("type anna@example.org");
    for (email, password, words) in [
        ("anna@example.org", "not the password", "This is not your current password."),
        ("boris@example.org", PASSWORD, "This is not the address of this account."),
        ("", "", "This is not the address of this account."),
    ] {
        let answer = anna.post("/settings/account/delete", &[("email", email), ("current", password)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        answer.says(words);
    }
    let form = [("email", " ANNA@example.org"), ("current", PASSWORD)];
    let answer = anna.post("/settings/account/delete", &form).await;
    assert_eq!(answer.goes_to(), Some("/goodbye"));
    assert_eq!(anna.cookie("session"), None);
    anna.get("/goodbye").await.says("Your account is deleted").says("Log in");
    assert!(elsewhere.get("/dashboard").await.goes_to().is_some(), "signed out everywhere");
    assert!(app.find_user("anna@example.org").await.is_none());
    for picture in &pictures {
        assert_eq!(app.browser().get(picture).await.status, StatusCode::NOT_FOUND);
    }
    vestnik_store::erasure::erase_deleted(&app.db, app.state.now()).await.expect("erased");
    let letter = app.letters(1).await.remove(0);
    assert_eq!(
        (letter.recipient.as_str(), letter.subject.as_str()),
        ("anna@example.org", "Your account in Vestnik is deleted")
    );
    assert!(letter.text.starts_with("Hello anna,") && !letter.text.contains("http"), "{}", letter.text);
    let noted = audit::own_after(&app.db, &actor, AuditId(0), 50).await.expect("the log");
    let last = noted.last().expect("an entry");
    assert_eq!((last.action.as_str(), last.actor.as_str()), ("user_deleted", "anna@example.org"));
    // The address is free for whoever comes next.
    app.user("anna").await;
    app.stop().await;
}

#[tokio::test]
async fn the_last_administrator_is_told_why_they_cannot_go() {
    let app = TestApp::start().await;
    let console = Author::at_console(UnixMillis(0));
    let (mut chief, actor): (Browser, Actor) = app.signed_in("chief").await;
    people::join(&app.db, actor.user(), BuiltinGroup::Administrators, &console).await.expect("joined");
    chief.get("/settings/account/delete").await.says("You are the last administrator").says("/manage/users");
    let form = [("email", "chief@example.org"), ("current", PASSWORD)];
    let answer = chief.post("/settings/account/delete", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("You are the last administrator");
    assert!(app.find_user("chief@example.org").await.is_some());
    assert_eq!(letters::pending(&app.db).await.expect("counted"), 0, "no goodbye");

    let second = app.user("second").await;
    people::join(&app.db, second.id, BuiltinGroup::Administrators, &console).await.expect("joined");
    assert!(!chief.get("/settings/account/delete").await.text.contains("last administrator"));
    assert_eq!(chief.post("/settings/account/delete", &form).await.goes_to(), Some("/goodbye"));
    app.stop().await;
}
