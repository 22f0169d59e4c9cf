use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use tokio_stream::StreamExt;
use tower::ServiceExt;
use vestnik_model::{
    Actor, Problem, UnixMillis,
    delivery::DeliveryState,
    id::{DeliveryId, MessageId, RecipientId, RunId},
    mailing::Audience,
    message::MessageDraft,
    recipient::RecipientDraft,
};
use vestnik_store::{
    deliveries,
    expansion::{self, Expanded},
    mailings, messages,
    recipients::{self, Saved},
    runs,
    settle::{AttemptMade, Outcome, Source, settle},
};

use crate::testing::{Answer, Browser, TestApp};

/// How long those wait whom [`deliver`] leaves pending.
const PUT_OFF: Duration = Duration::from_secs(300);

/// A person with three recipients and a message.
pub(crate) async fn prepared(app: &TestApp) -> (Browser, Actor, MessageId, Vec<RecipientId>) {
    let (browser, actor) = app.signed_in("anna").await;
    let draft = MessageDraft::parse("Hello {{ recipient.full_name }}", "", "Autumn menu").expect("a message");
    let message = messages::create(&app.db, &actor, &draft, UnixMillis(1)).await.expect("stored");
    let mut ids = Vec::new();
    for (email, name) in [("one@example.org", "One"), ("two@example.org", "Two"), ("three@example.com", "Three")] {
        let draft = RecipientDraft::parse(email, name, "").expect("a recipient");
        match recipients::create(&app.db, &actor, &draft, UnixMillis(1)).await.expect("stored") {
            Saved::Saved(id) => ids.push(id),
            other => panic!("{other:?}"),
        }
    }
    (browser, actor, message, ids)
}

pub(crate) fn form<'a>(message: &'a str, extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("message_id", message), ("time_zone", "Europe/Moscow"), ("act", "save")];
    if !extra.iter().any(|(name, _)| *name == "audience") {
        form.push(("audience", "all"));
    }
    if !extra.iter().any(|(name, _)| *name == "when") {
        form.push(("when", "demand"));
    }
    form.extend_from_slice(extra);
    form
}

/// Sends what is due, as the engine does: the first recipient is refused for good.
async fn send(app: &TestApp, actor: &Actor, run: RunId) {
    deliver(app, actor, run, 100, |email| match email.starts_with("one@") {
        true => DeliveryState::Failed,
        false => DeliveryState::Sent,
    })
    .await;
}

/// Sends to up to `limit` recipients, as the engine does, with these results.
pub(crate) async fn deliver(
    app: &TestApp,
    actor: &Actor,
    run: RunId,
    limit: i64,
    result: impl Fn(&str) -> DeliveryState,
) {
    let now = app.clock_now();
    runs::begin_due(&app.db, "vestnik.example", now).await.expect("begun");
    while expansion::expand(&app.db, run, now).await.expect("expanded") == Expanded::More {}
    let mailing = runs::find(&app.db, actor, run).await.expect("found").expect("a run").mailing_id;
    let claimed = deliveries::claim(&app.db, run, "test", DeliveryId(0), limit, now).await.expect("claimed");
    let outcomes: Vec<Outcome> = claimed
        .iter()
        .map(|delivery| {
            let state = result(&delivery.email);
            let (code, enhanced, reply) = match state {
                DeliveryState::Sent => (Some(250), Some("2.0.0"), "OK"),
                DeliveryState::Unknown => (None, None, ""),
                DeliveryState::Pending => (Some(451), Some("4.7.1"), "Greylisted"),
                _ => (Some(550), Some("5.1.1"), "<b>User</b> unknown"),
            };
            let attempt = AttemptMade {
                number: delivery.number,
                at: now,
                successful: state == DeliveryState::Sent,
                unknown: state == DeliveryState::Unknown,
                code,
                enhanced: enhanced.map(Into::into),
                reply: reply.into(),
                error: (state == DeliveryState::Unknown).then(|| Problem::new("smtp-connection-closed")),
                outage: None,
                unreached: false,
                phase: "data".into(),
                server: "mx.example.org:25".into(),
                tls: "TLSv1.3".into(),
                duration_ms: 12,
            };
            Outcome {
                delivery: delivery.id,
                run,
                mailing,
                epoch: delivery.epoch,
                state,
                due_at: (state == DeliveryState::Pending).then(|| now.plus(PUT_OFF)),
                excused: false,
                attempt: Some(attempt),
            }
        })
        .collect();
    settle(&app.db, &outcomes, Source::Sender, now).await.expect("settled");
}

#[track_caller]
pub(crate) fn mailing_of(answer: &Answer) -> String {
    let to = answer.goes_to().unwrap_or_else(|| panic!("no redirect, {}:\n{}", answer.status, answer.text));
    to.split('/').nth(2).expect("an id").to_owned()
}

#[tokio::test]
async fn s14_s17_create_review_send_and_read_the_answers() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    browser.get("/dashboard").await.says("Where to begin");
    let message = message.to_string();
    let id = mailing_of(&browser.post("/mailings/new", &form(&message, &[])).await);
    browser.get("/mailings").await.says("Hello [full name]").says("Created");
    let review = browser.get(&format!("/mailings/{id}/review")).await;
    review
        .says("Hello Three")
        .says("anna <span class=\"text-mute fw-normal\">&lt;news@vestnik.example&gt;</span>")
        .says("Send to 3 recipients")
        .says("3 people will get it")
        .says("Letters stay in the catcher");

    let page = format!("/mailings/{id}");
    assert_eq!(browser.post(&format!("{page}/send"), &[]).await.goes_to(), Some(page.as_str()));
    browser.get(&page).await.says("About to begin").says("data-undo=\"30\"");
    // A second press changes nothing.
    browser.post(&format!("{page}/send"), &[]).await;
    browser.get(&page).await.says("The sending before is not over yet");
    let run = runs::open_of(&app.db, &actor, 10).await.expect("found");
    assert_eq!(run.len(), 1);
    let run = run[0].id;

    assert_eq!(browser.post(&format!("/runs/{run}/undo"), &[]).await.goes_to(), Some(page.as_str()));
    browser.get(&page).await.says("not one letter has left").says("Cancelled");

    app.clock.advance(Duration::from_secs(60));
    browser.post(&format!("{page}/send"), &[]).await;
    let run = runs::open_of(&app.db, &actor, 10).await.expect("found")[0].id;
    app.clock.advance(Duration::from_secs(31));
    send(&app, &actor, run).await;
    browser.post(&format!("/runs/{run}/undo"), &[]).await;
    browser
        .get(&page)
        .await
        .says("Too late to undo")
        .says("Completed")
        .says("550 5.1.1 &lt;b&gt;User&lt;&#x2f;b&gt; unknown");

    let attempts = format!("{page}/attempts");
    browser.get(&attempts).await.says("one@example.org").says("two@example.org").says("250 2.0.0 OK");
    let failed = browser.get(&format!("{attempts}?successful=no&code=550&text=user")).await;
    failed.says("one@example.org");
    assert!(!failed.text.contains("two@example.org"));
    browser.get(&format!("{attempts}?code=421")).await.says("Nothing here");
    // What makes no sense in an address is not there.
    browser.get(&format!("{attempts}?run=x&successful=maybe&code=%00&text=%00&at=zz")).await.says("two@example.org");

    let people = format!("{page}/recipients");
    browser.get(&people).await.says("one@example.org").says("two@example.org").says("250 2.0.0 OK");
    let refused = browser.get(&format!("{people}?fate=failed")).await;
    assert!(refused.says("one@example.org").says("refused").text.matches("<tr role=\"row\">").count() == 2);
    browser.get(&format!("{people}?fate=expired")).await.says("Nobody here");
    browser.get(&format!("{people}?fate=maybe&text=%00&at=zz")).await.says("two@example.org");
    assert_eq!(browser.get(&format!("{people}?run=999")).await.status, StatusCode::NOT_FOUND);
    browser.get(&page).await.says("/recipients?run=");
    let csv = browser.get(&format!("{people}.csv?fate=failed")).await;
    csv.says("one@example.org").says(",refused,1,").says("550");
    assert!(!csv.text.contains("two@example.org"));
    let csv = browser.get(&format!("{page}/attempts.csv")).await;
    assert_eq!(csv.status, StatusCode::OK);
    let lines: Vec<&str> = csv.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines[0],
        "email,time,result,code,enhanced code,server's answer,message id,attempt number,what happened"
    );
    assert_eq!(lines.len(), 4);
    assert!(
        lines.iter().any(|line| line.starts_with("one@example.org,2026-11-24T07:01:31Z,not successful,550,5.1.1,"))
    );
    let csv = browser.get(&format!("{page}/attempts.csv?successful=yes")).await;
    assert_eq!(csv.text.lines().count(), 3);

    browser.get("/dashboard").await.says("66.6%").says("Recent mailings");
    browser.get("/reports").await.says("Successful attempts");
    app.stop().await;
}

#[tokio::test]
async fn recipients_are_searched_and_ticked_in_the_form() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, ids) = prepared(&app).await;
    let message = message.to_string();
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();

    // A search brings the form back with what was typed; a tick that the next search does not show is kept.
    let mut search =
        form(&message, &[("audience", "chosen"), ("search", "EXAMPLE.com"), ("name", "Typed"), ("id", &ids[0])]);
    search.retain(|(name, _)| *name != "act");
    search.push(("act", "search"));
    let found = browser.post("/mailings/new", &search).await;
    assert_eq!(found.status, StatusCode::OK);
    found
        .says("three@example.com")
        .says("value=\"Typed\"")
        .says("Ticked in earlier searches: 1")
        .says("All who match: 1");
    assert!(!found.text.contains("two@example.org"));
    assert_eq!(mailings::count(&app.db, &actor).await.expect("counted"), 0);
    // Enter in another field presses the same button; nobody is being chosen, so it saves.
    let mut enter = form(&message, &[]);
    enter.retain(|(name, _)| *name != "act");
    enter.push(("act", "search"));
    assert_eq!(browser.post("/mailings/new", &enter).await.status, StatusCode::SEE_OTHER);

    let ticked =
        form(&message, &[("audience", "chosen"), ("id", &ids[0]), ("id", &ids[2]), ("id", "999999"), ("id", "x")]);
    let id = mailing_of(&browser.post("/mailings/new", &ticked).await);
    let mailing = mailings::find(&app.db, &actor, id.parse().expect("an id")).await.expect("found").expect("a mailing");
    assert_eq!(mailing.audience, Audience::Chosen);
    assert_eq!(mailings::audience_size(&app.db, &actor, &mailing).await.expect("counted"), 2);

    let matching = form(&message, &[("audience", "chosen"), ("all", "1"), ("search", "example.org")]);
    browser.post(&format!("/mailings/{id}/edit"), &matching).await;
    let chosen = mailings::chosen(&app.db, &actor, mailing.id, 10).await.expect("found");
    assert_eq!(chosen.iter().map(ToString::to_string).collect::<Vec<_>>(), ids[..2]);
    browser.get(&format!("/mailings/{id}/edit")).await.says("Keep those chosen before").says("2 recipients");
    let keep = form(&message, &[("audience", "keep"), ("name", "Renamed")]);
    assert_eq!(browser.post(&format!("/mailings/{id}/edit"), &keep).await.status, StatusCode::SEE_OTHER);
    assert_eq!(mailings::audience_size(&app.db, &actor, &mailing).await.expect("counted"), 2);
    app.stop().await;
}

#[tokio::test]
async fn each_fault_stands_at_its_field_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let message = message.to_string();
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: &[Case<'_>] = &[
        (
            &[("when", "planned"), ("starts_at", "2026-11-25T10:00"), ("ends_at", "2026-11-25T09:00")],
            "ends_at",
            "The end must be later",
        ),
        (&[("when", "planned"), ("starts_at", "soon")], "starts_at", "Give a date and a time"),
        (&[("when", "planned"), ("starts_at", "")], "starts_at", "Say when to start."),
        (&[("audience", "chosen")], "audience", "Tick at least one recipient."),
        (&[("audience", "chosen"), ("id", "999999")], "audience", "No one would get this mailing"),
        (&[("audience", "chosen"), ("all", "1"), ("search", "nobody")], "audience", "No one would get this mailing"),
        (&[("name", "a\r\nBcc: x@example.org")], "name", "Remove the control characters"),
        (&[("time_zone", "Mars/Base")], "time_zone", "Unknown time zone"),
    ];
    for (extra, field, words) in cases {
        let mut typed = form(&message, extra);
        if extra.iter().any(|(name, _)| *name == "time_zone") {
            typed.remove(1);
        }
        typed.push(("name", "Typed before"));
        if extra.iter().any(|(name, _)| *name == "name") {
            typed.pop();
        }
        let answer = browser.post("/mailings/new", &typed).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{extra:?}");
        answer.says(words).says(&format!("id=\"{field}-error\""));
        if !extra.iter().any(|(name, _)| *name == "name") {
            answer.says("value=\"Typed before\"");
        }
    }
    for foreign in ["", "999999", "x"] {
        let answer = browser.post("/mailings/new", &form(foreign, &[])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says("id=\"message_id-error\"");
    }
    assert_eq!(mailings::count(&app.db, &actor).await.expect("counted"), 0);
    app.stop().await;
}

#[tokio::test]
async fn nothing_goes_out_from_an_address_that_is_not_confirmed() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let registration =
        [("email", "new@example.org"), ("name", "New"), ("password", "a long enough phrase"), ("time_zone", "UTC")];
    browser.post("/register", &registration).await;
    browser.post("/login", &registration).await;
    let actor = Actor::of(&app.find_user("new@example.org").await.expect("an account"));
    let draft = MessageDraft::parse("s", "", "t").expect("a message");
    let message = messages::create(&app.db, &actor, &draft, UnixMillis(1)).await.expect("stored").to_string();
    let recipient = RecipientDraft::parse("one@example.org", "", "").expect("a recipient");
    recipients::create(&app.db, &actor, &recipient, UnixMillis(1)).await.expect("stored");

    let planned = form(&message, &[("when", "planned"), ("starts_at", "2026-11-25T10:00")]);
    let answer = browser.post("/mailings/new", &planned).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("first confirm your address").says("id=\"when-error\"");
    let id = mailing_of(&browser.post("/mailings/new", &form(&message, &[])).await);
    let review = browser.get(&format!("/mailings/{id}/review")).await;
    review.says("Confirm the address new@example.org");
    assert!(!review.text.contains("Send to 1 recipient"));
    browser.post(&format!("/mailings/{id}/send"), &[]).await;
    assert!(runs::open_of(&app.db, &actor, 10).await.expect("found").is_empty());
    app.stop().await;
}

#[tokio::test]
async fn a_mailing_is_deleted_unless_it_is_being_sent() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let id = mailing_of(&browser.post("/mailings/new", &form(&message.to_string(), &[])).await);
    let page = format!("/mailings/{id}");
    browser.get(&format!("{page}/delete")).await.says("Delete the mailing");
    browser.post(&format!("{page}/send"), &[]).await;
    assert_eq!(browser.post(&format!("{page}/delete"), &[]).await.goes_to(), Some(page.as_str()));
    let run = runs::open_of(&app.db, &actor, 1).await.expect("found")[0].id;
    browser.post(&format!("/runs/{run}/undo"), &[]).await;
    assert_eq!(browser.post(&format!("{page}/delete"), &[]).await.goes_to(), Some("/mailings"));
    browser.get("/mailings").await.says("“Hello [full name]”");
    assert_eq!(browser.get(&page).await.status, StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test]
async fn s21_the_stream_tells_what_changes() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let id = mailing_of(&browser.post("/mailings/new", &form(&message.to_string(), &[])).await);
    browser.post(&format!("/mailings/{id}/send"), &[]).await;
    let run = runs::open_of(&app.db, &actor, 1).await.expect("found")[0].id;

    let open = |path: String| {
        let request = Request::get(path)
            .header("cookie", format!("session={}", browser.cookie("session").expect("a session")))
            .header("accept", "text/event-stream")
            .body(Body::empty())
            .expect("a request");
        app.router().oneshot(request)
    };
    let response = open(format!("/mailings/{id}/live")).await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = response.into_body().into_data_stream();
    let mut next = async || {
        let chunk = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("in time");
        String::from_utf8(chunk.expect("an event").expect("data").to_vec()).expect("text")
    };
    let first = next().await;
    assert!(first.contains("id: 1") && !first.contains("event:"), "{first}");
    assert!(
        first.contains(&format!("<hx-partial hx-target=\"#mailing-{id}-live\" hx-swap=\"outerMorph\">")),
        "{first}"
    );
    assert!(first.contains("About to begin"), "{first}");
    app.clock.advance(Duration::from_secs(31));
    send(&app, &actor, run).await;
    let second = next().await;
    assert!(second.contains("id: 2") && second.contains("Completed"), "{second}");
    // And why some were not delivered, which stands beside.
    assert!(second.contains(&format!("hx-target=\"#mailing-{id}-failures\"")), "{second}");
    assert!(second.contains("550 5.1.1 &lt;b&gt;User"), "{second}");

    let response = open("/live".into()).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    // A stranger's stream ends with a status that a script understands, not with the login page.
    let request = Request::get("/live").header("accept", "text/html, text/event-stream").body(Body::empty());
    let response = app.router().oneshot(request.expect("a request")).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    app.stop().await;
}

#[tokio::test]
async fn when_all_who_are_left_were_put_off_the_pages_say_until_when() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, recipients) = prepared(&app).await;
    let own = |index: usize| format!("/recipients/{}", recipients[index]);
    browser.get(&own(0)).await.says("None of your latest sendings");
    let id = mailing_of(&browser.post("/mailings/new", &form(&message.to_string(), &[])).await);
    browser.post(&format!("/mailings/{id}/send"), &[]).await;
    app.clock.advance(Duration::from_secs(31));
    let run = runs::open_of(&app.db, &actor, 1).await.expect("found")[0].id;
    deliver(&app, &actor, run, 100, |email| match email.starts_with("one@") {
        true => DeliveryState::Pending,
        false => DeliveryState::Sent,
    })
    .await;
    let pages = [format!("/mailings/{id}"), "/dashboard".to_owned()];
    for page in &pages {
        browser.get(page).await.says("The next try: 24 November 2026, 10:05").says("fate=waiting");
    }
    let waits = browser.get(&format!("/mailings/{id}/recipients?run={run}&fate=waiting")).await;
    waits.says("one@example.org").says("Greylisted");
    assert!(!waits.text.contains("two@example.org"));
    // Each recipient's own page has the letters to them, by the address that they went to.
    let page = browser.get(&own(0)).await;
    page.says(">waiting<").says("451 4.7.1 Greylisted").says(&format!("/mailings/{id}\""));
    assert!(!page.text.contains("the newest"), "all are shown");
    let corrected = [("email", "first@example.org"), ("full_name", "One"), ("comment", "")];
    browser.post(&format!("{}/edit", own(0)), &corrected).await;
    browser.get(&own(0)).await.says("first@example.org").says("<span class=\"sub\">one@example.org</span>");
    browser.get(&own(1)).await.says(">sent<").says("250 2.0.0 OK");
    app.clock.advance(PUT_OFF);
    for page in &pages {
        assert!(!browser.get(page).await.text.contains("The next try"), "it is due");
    }
    app.stop().await;
}
