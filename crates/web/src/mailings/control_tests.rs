use std::time::Duration;

use axum::http::StatusCode;
use vestnik_model::{
    Actor, UnixMillis,
    delivery::DeliveryState::{self, Failed, Sent, Unknown},
    id::{MailingId, RunId},
    run::RunState,
};
use vestnik_store::{control, deliveries, mailings, runs};

use super::tests::{deliver, form, mailing_of, prepared};
use crate::testing::{Browser, TestApp};

/// A person whose mailing to three people goes out; `results` are those of the first, in the order of their addresses.
struct Going {
    app: TestApp,
    browser: Browser,
    actor: Actor,
    run: RunId,
    id: MailingId,
    page: String,
}

impl Going {
    async fn with(results: &'static [(&'static str, DeliveryState)]) -> Self {
        let app = TestApp::start().await;
        let (mut browser, actor, message, _) = prepared(&app).await;
        let id = mailing_of(&browser.post("/mailings/new", &form(&message.to_string(), &[])).await);
        let page = format!("/mailings/{id}");
        browser.post(&format!("{page}/send"), &[]).await;
        let run = runs::open_of(&app.db, &actor, 1).await.expect("found")[0].id;
        app.clock.advance(Duration::from_secs(31));
        let mut going = Self { id: id.parse().expect("an id"), app, browser, actor, run, page };
        going.deliver(results).await;
        going
    }

    async fn deliver(&mut self, results: &'static [(&'static str, DeliveryState)]) {
        let limit = i64::try_from(results.len()).expect("a few");
        deliver(&self.app, &self.actor, self.run, limit, |email| {
            let found = results.iter().find(|(name, _)| email.starts_with(name));
            found.unwrap_or_else(|| panic!("{email} was not to be sent to")).1
        })
        .await;
    }

    /// Presses a button of the run; answers what the page says then.
    async fn press(&mut self, act: &str) -> String {
        let answer = self.browser.post(&format!("/runs/{}/{act}", self.run), &[]).await;
        assert_eq!(answer.goes_to(), Some(self.page.as_str()), "{act}");
        self.look().await
    }

    async fn look(&mut self) -> String {
        let answer = self.browser.get(&self.page).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.text
    }

    async fn state(&self) -> RunState {
        runs::find(&self.app.db, &self.actor, self.run).await.expect("found").expect("a run").state
    }

    /// What the engine does with what was called off.
    async fn end(&self) {
        while deliveries::end_waiting(&self.app.db, self.app.clock_now()).await.expect("ended") {}
    }
}

#[track_caller]
fn says(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "{words:?} is not in\n{page}");
    }
}

#[track_caller]
fn is_silent(page: &str, words: &[&str]) {
    for words in words {
        assert!(!page.contains(words), "{words:?} is in\n{page}");
    }
}

#[tokio::test]
async fn a_run_is_paused_and_resumed() {
    let mut going = Going::with(&[("one", Sent)]).await;
    let (pause, resume) = (format!("/runs/{}/pause", going.run), format!("/runs/{}/resume", going.run));
    let page = going.look().await;
    says(&page, &[&pause, "Cancel sending"]);
    is_silent(&page, &[&resume]);
    says(&going.press("resume").await, &["It cannot be resumed"]);

    let page = going.press("pause").await;
    says(&page, &["The sending is paused", ">Paused<", &resume, "Cancel sending", "2 recipients are waiting."]);
    says(&page, &["Nothing has been sent since 24 November 2026, 10:00, Moscow (UTC+3)."]);
    is_silent(&page, &[&pause, "refuses the sender"]);
    assert_eq!(going.state().await, RunState::Paused);
    says(&going.press("pause").await, &["There is nothing to pause"]);
    says(&going.browser.get("/dashboard").await.text, &[">Paused<", &resume]);
    says(&going.browser.get("/mailings").await.text, &["Paused · 33.3%"]);

    says(&going.press("resume").await, &["The sending goes on", &pause]);
    assert_eq!(going.state().await, RunState::Expanding);
    going.app.stop().await;
}

#[tokio::test]
async fn a_run_whose_sender_is_refused_says_what_to_do() {
    let mut going = Going::with(&[]).await;
    control::pause_for(&going.app.db, going.run, "550 5.7.1 <b>Sender</b> rejected", going.app.clock_now())
        .await
        .expect("paused");
    for (language, words) in [
        ("en", "The mail server does not take this sending’s letters"),
        ("ru", "Почтовый сервер не принимает письма этой отправки"),
    ] {
        going.browser.post("/language", &[("language", language)]).await;
        for path in [going.page.as_str(), "/dashboard"] {
            let page = going.browser.get(path).await.text;
            says(&page, &[words, "550 5.7.1 &lt;b&gt;Sender&lt;&#x2f;b&gt; rejected", "news@vestnik.example"]);
        }
    }
    says(&going.look().await, &["ничего не отправляется. Ждут 3 получателя."]);
    going.app.stop().await;
}

#[tokio::test]
async fn cancelling_asks_first_and_says_what_it_does() {
    let mut going = Going::with(&[("one", Sent)]).await;
    let cancel = format!("/runs/{}/cancel", going.run);
    let words = ["The letter has gone to 1 recipient already.", "2 more recipients will not get it."];
    let dialog = format!("data-dialog=\"cancel-run-{}\"", going.run);
    says(&going.look().await, &[&dialog, words[0], words[1]]);
    says(&going.browser.get(&cancel).await.text, &words);
    assert_ne!(going.state().await, RunState::Stopping, "looking changes nothing");

    let page = going.press("cancel").await;
    says(&page, &["The sending is being cancelled", ">Being cancelled<", "2 letters will not go out any more."]);
    is_silent(&page, &[&cancel, "/pause", "/resume"]);
    says(&going.press("cancel").await, &["There is nothing to cancel"]);
    assert_eq!(going.browser.get(&cancel).await.goes_to(), Some(going.page.as_str()));
    says(&going.press("send-missed").await, &["Try again in a minute"]);

    going.end().await;
    assert_eq!(going.state().await, RunState::Cancelled);
    let page = going.look().await;
    says(&page, &[">Cancelled<", "Send to 2 recipients not reached"]);
    is_silent(&page, &["failed letter"]);
    for act in ["pause", "resume", "cancel"] {
        says(&going.press(act).await, &["note-warn"]);
        assert_eq!(going.state().await, RunState::Cancelled, "{act}");
    }
    says(&going.press("send-missed").await, &["2 letters are in the queue again."]);
    going.deliver(&[("two", Sent), ("three", Sent)]).await;
    says(&going.look().await, &[">Completed<"]);
    going.app.stop().await;
}

#[tokio::test]
async fn what_failed_is_sent_again() {
    let mut going = Going::with(&[("one", Failed), ("two", Sent), ("three", Failed)]).await;
    let page = going.look().await;
    says(&page, &["Retry 2 failed letters"]);
    is_silent(&page, &["not reached", "Nobody knows"]);
    says(&going.press("retry-failed").await, &["2 letters are in the queue again."]);
    assert_eq!(going.state().await, RunState::Sending);
    says(&going.press("retry-failed").await, &["There is nothing to send again"]);
    going.deliver(&[("one", Sent), ("three", Failed)]).await;
    says(&going.look().await, &["Retry 1 failed letter"]);
    going.browser.post("/language", &[("language", "ru")]).await;
    says(&going.look().await, &["Повторить 1 неудачное<"]);
    going.app.stop().await;
}

#[tokio::test]
async fn letters_of_unknown_fate_are_sent_again_after_a_warning() {
    let mut going = Going::with(&[("one", Unknown), ("two", Sent), ("three", Unknown)]).await;
    let resend = format!("/runs/{}/resend-unknown", going.run);
    says(&going.look().await, &["Nobody knows whether 2 letters have arrived", "Send again to 2 recipients"]);
    says(&going.browser.get(&resend).await.text, &["get a second copy", "Send again to 2 recipients"]);
    let attempts = going.browser.get(&format!("{}/attempts", going.page)).await.text;
    says(&attempts, &["no answer; may have arrived", "TLS 1.3"]);
    let csv = going.browser.get(&format!("{}/attempts.csv", going.page)).await.text;
    says(&csv, &[",no answer; may have arrived,"]);

    says(&going.press("resend-unknown").await, &["2 letters are in the queue again."]);
    going.deliver(&[("one", Sent), ("three", Sent)]).await;
    is_silent(&going.look().await, &["Nobody knows"]);
    assert_eq!(going.browser.get(&resend).await.goes_to(), Some(going.page.as_str()));
    going.app.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_again_after_the_end_or_without_the_right() {
    let mut going = Going::with(&[("one", Failed), ("two", Sent), ("three", Unknown)]).await;
    let mailing = mailings::find(&going.app.db, &going.actor, going.id).await.expect("found").expect("a mailing");
    let message = mailing.message_id.to_string();
    let over = form(&message, &[("audience", "keep"), ("ends_at", "2026-11-24T10:30")]);
    let over: Vec<_> =
        over.into_iter().map(|(name, value)| (name, if value == "keep" { "all" } else { value })).collect();
    assert_eq!(going.browser.post(&format!("{}/edit", going.page), &over).await.status, StatusCode::SEE_OTHER);
    going.app.clock.advance(Duration::from_secs(3600));
    let page = going.look().await;
    says(&page, &["The end of the mailing has passed, so nothing can be sent again.", "/edit#ends_at"]);
    is_silent(&page, &["Retry 1", "resend-unknown"]);
    for act in ["retry-failed", "send-missed", "resend-unknown"] {
        says(&going.press(act).await, &["The end of the mailing has passed. Change it to send."]);
    }
    going.app.stop().await;
}

#[tokio::test]
async fn s20_a_disabled_mailing_sends_nothing_until_it_is_enabled() {
    let mut going = Going::with(&[("one", Sent)]).await;
    let (disable, enable) = (format!("{}/disable", going.page), format!("{}/enable", going.page));
    says(&going.look().await, &[&disable, "The sending that is going on is cancelled, too"]);
    says(&going.browser.get(&disable).await.text, &["Disable the mailing “Hello [full name]”?", "name=\"reason\""]);

    let answer = going.browser.post(&disable, &[("reason", " wrong <b>prices</b>\r\n")]).await;
    assert_eq!(answer.goes_to(), Some(going.page.as_str()));
    let page = going.look().await;
    says(
        &page,
        &["Nothing of it is sent until you enable it.", ">Disabled<", "wrong &lt;b&gt;prices&lt;&#x2f;b&gt;", &enable],
    );
    says(&page, &["The mailing is disabled since 24 November 2026, 10:00, Moscow (UTC+3)", ">Being cancelled<"]);
    going.end().await;
    let page = going.look().await;
    is_silent(&page, &["/review", "send-missed", "data-dialog=\"disable-mailing\""]);
    for path in ["/mailings", "/dashboard"] {
        says(&going.browser.get(path).await.text, &[">Disabled<"]);
    }
    let review = going.browser.get(&format!("{}/review", going.page)).await.text;
    says(&review, &["The mailing is disabled. Enable it to send"]);
    is_silent(&review, &["Send to 3 recipients"]);
    let answer = going.browser.post(&format!("{}/send", going.page), &[]).await;
    assert_eq!(answer.goes_to(), Some(going.page.as_str()));
    says(&going.look().await, &["The mailing is disabled. Enable it to send."]);
    says(&going.press("send-missed").await, &["The mailing is disabled. Enable it to send."]);
    going.browser.post(&disable, &[]).await;
    says(&going.look().await, &["disabled already", "wrong &lt;b&gt;prices"]);
    let message = going.browser.get(&format!("{}/edit", going.page)).await;
    assert_eq!(message.status, StatusCode::OK);

    going.browser.post(&enable, &[]).await;
    let page = going.look().await;
    says(&page, &["The mailing is enabled.", "/review", "Send to 2 recipients not reached"]);
    is_silent(&page, &[">Disabled<", "prices"]);
    going.browser.post(&enable, &[]).await;
    says(&going.look().await, &["enabled already"]);
    going.app.stop().await;
}

#[tokio::test]
async fn an_edit_of_a_disabled_mailing_does_not_promise_to_send_it() {
    let app = TestApp::start().await;
    let (mut browser, _, message, _) = prepared(&app).await;
    let message = message.to_string();
    let planned = form(&message, &[("when", "planned"), ("starts_at", "2026-11-25T09:00"), ("periodicity", "daily")]);
    let id = mailing_of(&browser.post("/mailings/new", &planned).await);
    let page = format!("/mailings/{id}");
    browser.get(&page).await.says("Next sending:");
    browser.post(&format!("{page}/disable"), &[]).await;
    assert!(!browser.get(&page).await.text.contains("Next sending:"));
    let edited = browser.post(&format!("{page}/edit"), &planned).await;
    assert_eq!(edited.goes_to(), Some(page.as_str()));
    browser.get(&page).await.says("It is disabled, so nothing is sent until you enable it.");
    browser.post(&format!("{page}/enable"), &[]).await;
    browser.get(&page).await.says("Next sending:");
    app.stop().await;
}

#[tokio::test]
async fn what_was_sent_before_is_said_before_it_is_sent_again() {
    let mut going = Going::with(&[("one", Failed), ("two", Sent), ("three", Unknown)]).await;
    let review = format!("{}/review", going.page);
    let page = going.browser.get(&review).await.text;
    says(&page, &["This mailing was sent before: 24 November 2026, 10:00", "It went to 2 recipients."]);
    says(&page, &["Send only to those not reached (1)", "Send to 3 recipients"]);
    // A second sending that is taken back reaches nobody; the first still counts.
    going.browser.post(&format!("{}/send", going.page), &[]).await;
    is_silent(&going.browser.get(&review).await.text, &["was sent before"]);
    let run = runs::open_of(&going.app.db, &going.actor, 1).await.expect("found")[0].id;
    going.browser.post(&format!("/runs/{run}/undo"), &[]).await;
    says(&going.browser.get(&review).await.text, &["It went to 2 recipients."]);
    going.app.stop().await;
}

#[tokio::test]
async fn the_form_asks_what_to_do_with_letters_of_unknown_fate() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let message = message.to_string();
    let checked = |value: &str| format!("value=\"{value}\" checked");
    browser.get("/mailings/new").await.says(&checked("hold"));
    let id = mailing_of(&browser.post("/mailings/new", &form(&message, &[("on_unknown", "resend")])).await);
    browser.get(&format!("/mailings/{id}/edit")).await.says(&checked("resend"));
    let id: MailingId = id.parse().expect("an id");
    let mailing = mailings::find(&app.db, &actor, id).await.expect("found").expect("a mailing");
    assert_eq!(mailing.on_unknown.as_str(), "resend");
    let answer = browser.post("/mailings/new", &form(&message, &[("on_unknown", "guess")])).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("id=\"on_unknown-error\"");
    app.stop().await;
}

#[tokio::test]
async fn an_earlier_run_that_still_goes_on_is_shown_beside_the_newest() {
    let mut going = Going::with(&[("one", Sent)]).await;
    going.press("pause").await;
    // The next occurrence of a mailing does not wait for the one before.
    let message = mailings::find(&going.app.db, &going.actor, going.id).await.expect("found").expect("it").message_id;
    let message = message.to_string();
    let planned = form(&message, &[("when", "planned"), ("starts_at", "2026-11-24T10:30"), ("periodicity", "daily")]);
    going.browser.post(&format!("{}/edit", going.page), &planned).await;
    going.app.clock.advance(Duration::from_secs(3600));
    let now: UnixMillis = going.app.clock_now();
    for mailing in runs::due(&going.app.db, now, 10).await.expect("found") {
        runs::fire(&going.app.db, &mailing, "k", now).await.expect("fired");
    }
    let newest = runs::newest(&going.app.db, &going.actor, going.id).await.expect("found").expect("a run").id;
    assert_ne!(newest, going.run);
    let (old, new) = (format!("/runs/{}/resume", going.run), format!("id=\"run-{newest}\""));
    says(&going.look().await, &[&old, &new]);
    going.app.stop().await;
}
