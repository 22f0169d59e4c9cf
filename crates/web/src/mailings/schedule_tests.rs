//! When a mailing is sent: planned ahead, at once, and what is asked or refused (S-15, S-16).

use std::time::Duration;

use axum::http::StatusCode;
use vestnik_model::{message::MessageDraft, recipient::RecipientDraft, run::RunState};
use vestnik_store::{mailings, messages, recipients, runs};

use super::tests::{form, mailing_of, prepared};
use crate::testing::{Answer, TestApp};

fn planned<'a>(start: &'a str, extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("when", "planned"), ("starts_at", start)];
    fields.extend_from_slice(extra);
    fields
}

/// What the button that begins at once sends.
fn agreement(answer: &Answer) -> String {
    let (_, rest) = answer.text.split_once("name=\"late\" value=\"").expect("the button");
    rest.split('"').next().expect("a value").replace("&#x2f;", "/")
}

#[tokio::test]
async fn s16_a_planned_mailing_goes_by_itself() {
    let app = TestApp::start().await;
    let (mut browser, _, message, _) = prepared(&app).await;
    let message = message.to_string();
    let typed = planned("2026-11-25T09:00", &[("periodicity", "daily"), ("name", "Digest")]);
    let id = mailing_of(&browser.post("/mailings/new", &form(&message, &typed)).await);
    let page = browser.get(&format!("/mailings/{id}")).await;
    page.says("goes out by itself")
        .says("Next sending:")
        .says("25 November 2026, 09:00, Moscow (UTC+3)")
        .says("every day");
    let edit = browser.get(&format!("/mailings/{id}/edit")).await;
    edit.says("value=\"2026-11-25T09:00\"").says("value=\"Digest\"");
    app.stop().await;
}

#[tokio::test]
async fn s15_start_that_has_passed_begins_at_once_and_can_be_undone() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let message = message.to_string();
    // It is 10:00 in Moscow.
    let past = form(&message, &planned("2026-11-24T09:00", &[]));
    let id = mailing_of(&browser.post("/mailings/new", &past).await);
    let page = browser.get(&format!("/mailings/{id}")).await;
    page.says("it begins in 30 seconds").says("data-undo=\"30\"").says("max=\"30\"");
    let run = runs::open_of(&app.db, &actor, 10).await.expect("found")[0].id;
    browser.post(&format!("/runs/{run}/undo"), &[]).await;
    assert_eq!(runs::find(&app.db, &actor, run).await.expect("found").expect("a run").state, RunState::Cancelled);
    browser.get(&format!("/mailings/{id}")).await.says("not one letter has left");

    // An edit that moves the start into the past is the same.
    let ahead = form(&message, &planned("2026-11-25T09:00", &[]));
    let id = mailing_of(&browser.post("/mailings/new", &ahead).await);
    let answer = browser.post(&format!("/mailings/{id}/edit"), &past).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    browser.get(&format!("/mailings/{id}")).await.says("data-undo=\"30\"");
    app.stop().await;
}

#[tokio::test]
async fn implausible_years_are_refused_at_their_field() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let message = message.to_string();
    for year in ["0027", "1970", "1999", "2037", "2126", "9999"] {
        let time = format!("{year}-01-15T10:00");
        for (field, other) in [("starts_at", "ends_at"), ("ends_at", "starts_at")] {
            let when = if field == "starts_at" { "planned" } else { "demand" };
            let typed = form(&message, &[("when", when), (field, &time), (other, ""), ("name", "Kept")]);
            let answer = browser.post("/mailings/new", &typed).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{time}");
            answer.says(&format!("id=\"{field}-error\"")).says("Check the year: it should be from 2000 to 2036");
            answer.says(&format!("value=\"{time}\"")).says("value=\"Kept\"");
        }
    }
    assert_eq!(mailings::count(&app.db, &actor).await.expect("counted"), 0);
    assert_eq!(runs::open_of(&app.db, &actor, 10).await.expect("found").len(), 0);
    app.stop().await;
}

#[tokio::test]
async fn start_long_past_is_asked_about_before_anything_is_stored() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let message = message.to_string();
    let past = form(&message, &planned("2025-11-24T10:00", &[("name", "Kept")]));
    let asked = browser.post("/mailings/new", &past).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    asked
        .says("The start lies 365 days in the past")
        .says("The mailing begins at once, to 3 recipients.")
        .says("Begin at once, to 3 recipients")
        .says("id=\"starts_at-error\"")
        .says("value=\"Kept\"");
    assert_eq!(mailings::count(&app.db, &actor).await.expect("counted"), 0);

    // The answer holds for the start and the number that it was given for.
    let agreed = agreement(&asked);
    let other = form(&message, &planned("2024-11-24T10:00", &[("late", &agreed)]));
    browser.post("/mailings/new", &other).await.says("The start lies 730 days in the past");
    let draft = RecipientDraft::parse("four@example.org", "", "").expect("a recipient");
    recipients::create(&app.db, &actor, &draft, app.clock_now()).await.expect("stored");
    let again = form(&message, &planned("2025-11-24T10:00", &[("late", &agreed)]));
    let asked = browser.post("/mailings/new", &again).await;
    asked.says("Begin at once, to 4 recipients");
    let agreed = agreement(&asked);
    let typed = form(&message, &planned("2025-11-24T10:00", &[("late", &agreed)]));
    let id = mailing_of(&browser.post("/mailings/new", &typed).await);
    browser.get(&format!("/mailings/{id}")).await.says("data-undo=\"30\"");
    app.stop().await;
}

#[tokio::test]
async fn window_in_which_nothing_can_be_sent_is_refused_at_its_end() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let message = message.to_string();
    let demand = [("when", "demand"), ("ends_at", "2026-11-24T09:59")];
    let ended = planned("2026-11-23T09:00", &[("ends_at", "2026-11-23T10:00")]);
    let soon = planned("2026-11-24T09:00", &[("ends_at", "2026-11-24T10:00:20")]);
    for (fields, words) in [
        (demand.as_slice(), "nothing could be sent any more"),
        (ended.as_slice(), "nothing could be sent any more"),
        (soon.as_slice(), "sending begins when 30 seconds to undo are over"),
    ] {
        let answer = browser.post("/mailings/new", &form(&message, fields)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        answer.says(words).says("id=\"ends_at-error\"");
    }
    assert_eq!(mailings::count(&app.db, &actor).await.expect("counted"), 0);

    // One that ends by itself can still be renamed.
    let typed = form(&message, &[("ends_at", "2026-11-24T12:00")]);
    let id = mailing_of(&browser.post("/mailings/new", &typed).await);
    app.clock.advance(Duration::from_secs(86_400));
    let typed = form(&message, &[("ends_at", "2026-11-24T12:00"), ("name", "Renamed")]);
    assert_eq!(browser.post(&format!("/mailings/{id}/edit"), &typed).await.status, StatusCode::SEE_OTHER);
    let review = browser.get(&format!("/mailings/{id}/review")).await;
    review.says("Renamed").says("The end has passed");
    assert!(!review.text.contains("Send to 3"));
    app.stop().await;
}

#[tokio::test]
async fn send_now_is_refused_where_the_window_ends_before_the_time_to_undo() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let typed = form_of(&message.to_string(), "2026-11-24T10:10");
    let typed: Vec<_> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let id = mailing_of(&browser.post("/mailings/new", &typed).await);
    app.clock.advance(Duration::from_secs(9 * 60 + 45));
    browser.post(&format!("/mailings/{id}/send"), &[]).await;
    browser.get(&format!("/mailings/{id}/review")).await.says("comes before the time to undo is over");
    assert_eq!(runs::open_of(&app.db, &actor, 10).await.expect("found").len(), 0);
    app.stop().await;
}

fn form_of(message: &str, ends_at: &str) -> Vec<(&'static str, String)> {
    [
        ("message_id", message),
        ("time_zone", "Europe/Moscow"),
        ("audience", "all"),
        ("when", "demand"),
        ("ends_at", ends_at),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

#[tokio::test]
async fn send_later_plans_it_for_the_time_that_is_typed() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let id = mailing_of(&browser.post("/mailings/new", &form(&message.to_string(), &[("name", "Menu")])).await);
    let review = browser.get(&format!("/mailings/{id}/review")).await;
    review.says("Send later").says("value=\"2026-11-25T10:00\"").says("Moscow (UTC+3)").says("Plan for 3 recipients");
    let path = format!("/mailings/{id}/schedule");
    let answer = browser.post(&path, &[("starts_at", "2026-11-26T08:30"), ("version", "1")]).await;
    assert_eq!(answer.goes_to(), Some(format!("/mailings/{id}").as_str()));
    let page = browser.get(&format!("/mailings/{id}")).await;
    page.says("goes out by itself").says("26 November 2026, 08:30").says("Menu");
    let stored = mailings::find(&app.db, &actor, id.parse().expect("an id")).await.expect("found").expect("a mailing");
    assert_eq!((stored.name.as_str(), stored.version), ("Menu", 2));

    // What is wrong with the time is said in the whole form, with what was typed.
    for (start, words) in [
        ("2026-11-24T09:00", "Choose one that is still to come."),
        ("0027-01-15T10:00", "Check the year"),
        ("", "Say when to start."),
    ] {
        let answer = browser.post(&path, &[("starts_at", start), ("version", "2")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{start}");
        answer.says(words).says("id=\"starts_at-error\"").says(&format!("value=\"{start}\"")).says("value=\"Menu\"");
    }
    // Someone has planned it meanwhile.
    let answer = browser.post(&path, &[("starts_at", "2026-11-27T10:00"), ("version", "1")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.says("<mark>2026-11-26</mark>").says("<mark>2026-11-27</mark>").says("value=\"2026-11-27T10:00\"");
    app.stop().await;
}

#[tokio::test]
async fn time_of_day_in_a_gap_is_shown_as_it_was_typed() {
    let app = TestApp::start().await;
    let (mut browser, actor, _, _) = prepared(&app).await;
    let draft = MessageDraft::parse("News", "", "Text").expect("a message");
    let message = messages::create(&app.db, &actor, &draft, app.clock_now()).await.expect("stored").to_string();
    let typed = [
        ("message_id", message.as_str()),
        ("time_zone", "Europe/Berlin"),
        ("audience", "all"),
        ("when", "planned"),
        ("starts_at", "2027-03-28T02:30"),
        ("periodicity", "daily"),
    ];
    let id = mailing_of(&browser.post("/mailings/new", &typed).await);
    browser.get(&format!("/mailings/{id}")).await.says("28 March 2027, 03:30");
    browser.get(&format!("/mailings/{id}/edit")).await.says("value=\"2027-03-28T02:30\"");
    app.stop().await;
}
