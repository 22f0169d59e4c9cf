use std::sync::mpsc;

use axum::http::{StatusCode, header};
use tokio::{sync::oneshot, task::JoinHandle};
use vestnik_model::{
    Actor, UnixMillis,
    id::{MessageId, RecipientId, UserId},
    recipient::RecipientDraft,
};
use vestnik_store::{messages, recipients};

use crate::{
    render_pool::WAITING_OF_ONE,
    testing::{Browser, PASSWORD, TestApp},
};

async fn recipient(app: &TestApp, actor: &Actor, email: &str, full_name: &str) -> RecipientId {
    let draft = RecipientDraft::parse(email, full_name, "").expect("a recipient");
    match recipients::create(&app.db, actor, &draft, UnixMillis(1)).await.expect("a database") {
        recipients::Saved::Saved(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Writes a message through the form.
async fn write(browser: &mut Browser, subject: &str, html: &str, text: &str) -> MessageId {
    let answer = browser.post("/messages/new", &[("subject", subject), ("html", html), ("text", text)]).await;
    let path = answer.goes_to().unwrap_or_else(|| panic!("{}: {}", answer.status, answer.text));
    path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id")
}

/// A rendering of someone's that goes on until something is sent, or this is dropped. Comes back when it is running.
async fn hold_rendering(app: &TestApp, user: UserId) -> mpsc::Sender<()> {
    let (letting_go, held) = mpsc::channel();
    let (began, running) = oneshot::channel();
    let state = app.state.clone();
    tokio::spawn(async move {
        let held = move |_: &_| {
            let _ = began.send(());
            let _ = held.recv();
        };
        state.renders.run(user, held).await
    });
    running.await.expect("it runs");
    letting_go
}

/// As many previews of the browser's as may wait; comes back when they do.
async fn fill_renderings(
    app: &TestApp,
    browser: &Browser,
    form: &'static [(&str, &str)],
) -> Vec<JoinHandle<StatusCode>> {
    let mut waiting = Vec::new();
    while waiting.len() < WAITING_OF_ONE {
        let mut browser = browser.clone();
        waiting.push(tokio::spawn(async move { browser.post("/messages/preview", form).await.status }));
        while app.state.renders.waiting() < waiting.len() {
            tokio::task::yield_now().await;
        }
    }
    waiting
}

const HELLO: &str = "Привет, {{ recipient.full_name }}";

#[tokio::test]
async fn s08_write_look_change_and_delete_a_message() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    anna.get("/messages").await.says("No messages yet");
    anna.get("/messages/new").await.says("data-insert").says("{{ recipient.full_name }}");
    let id = write(&mut anna, HELLO, "<h1>Меню</h1>\r\n<p>{{ recipient.email }}</p>", "").await;
    let page = anna.get(&format!("/messages/{id}")).await;
    anna.get("/messages").await.says("Привет, [full name]").says("1 message");
    page.says("Message saved.").says("Привет, Anna Ivanova").says("someone made up").says("made from the HTML");

    let edit = format!("/messages/{id}/edit");
    anna.get(&edit).await.says("&lt;h1&gt;Меню");
    anna.post(&edit, &[("subject", "Новая тема"), ("html", ""), ("text", "Просто текст")]).await;
    anna.get(&format!("/messages/{id}")).await.says("Новая тема").says("Просто текст");

    anna.get(&format!("/messages/{id}/delete")).await.says("Delete this message?");
    assert_eq!(anna.post(&format!("/messages/{id}/delete"), &[]).await.goes_to(), Some("/messages"));
    assert_eq!(messages::count(&app.db, &actor).await.expect("a database"), 0);
    app.stop().await;
}

#[tokio::test]
async fn errors_of_templates_stand_at_their_field_with_the_line() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    let form = [("subject", "Тема"), ("html", "<p>\r\n\r\n{{ recipient.phone }}</p>"), ("text", "{% for %}")];
    let answer = anna.post("/messages/new", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("id=\"text-error\"").says("Line 1").says("{{ recipient.phone }}&lt;");
    let answer = anna
        .post("/messages/new", &[("subject", ""), ("html", "<p>\r\n\r\n{{ recipient.phone }}"), ("text", "")])
        .await;
    answer.says("id=\"subject-error\"");
    let answer = anna
        .post("/messages/new", &[("subject", "Тема"), ("html", "<p>\r\n\r\n{{ recipient.phone }}"), ("text", "")])
        .await;
    answer.says("id=\"html-error\"").says("Line 3");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    let answer = anna.post("/messages/new", &[("subject", endless), ("html", ""), ("text", "x")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("id=\"subject-error\"");
    let answer = anna.post("/messages/new", &[("subject", "Тема"), ("html", " "), ("text", "")]).await;
    answer.says("id=\"text-error\"");
    assert_eq!(messages::count(&app.db, &actor).await.expect("a database"), 0);
    app.stop().await;
}

#[tokio::test]
async fn a_preview_is_for_the_chosen_recipient_and_runs_nothing() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    let boris = recipient(&app, &actor, "boris@sever.example", "<script>alert(1)</script>").await;
    let vera = recipient(&app, &actor, "vera@sever.example", "Вера").await;
    let id =
        write(&mut anna, HELLO, "<p>Здравствуйте, {{ recipient.full_name }}!</p>", "Текст: {{ recipient.full_name }}")
            .await;

    let page = anna.get(&format!("/messages/{id}?recipient={vera}")).await;
    page.says("Привет, Вера").says("Текст: Вера").says("sandbox src=").says(&format!("preview?recipient={vera}"));
    let frame = anna.get(&format!("/messages/{id}/preview?recipient={boris}")).await;
    frame.says("Здравствуйте, &lt;script&gt;alert(1)");
    let policy = frame.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    let page = anna.get(&format!("/messages/{id}?recipient={boris}")).await;
    assert!(!page.text.contains("<script>alert"), "{}", page.text);

    // A new search chooses whom it finds; a choice among those who were found stays.
    anna.get(&format!("/messages/{id}?q=boris&was=&recipient={vera}")).await.says("Привет, &lt;script&gt;");
    anna.get(&format!("/messages/{id}?q=boris&was=boris&recipient={vera}")).await.says("Привет, Вера");

    let form =
        [("subject", "Тема"), ("html", "<b>{{ recipient.full_name }}"), ("text", ""), ("recipient", &vera.to_string())];
    let frame = anna.post("/messages/preview", &form).await;
    assert_eq!((frame.status, frame.text.as_str()), (StatusCode::OK, "<b>Вера"));
    assert!(frame.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text").starts_with("sandbox;"));
    let frame = anna.post("/messages/preview", &[("subject", "Тема"), ("html", ""), ("text", "1 < 2")]).await;
    frame.says("1 &lt; 2");
    let frame = anna.post("/messages/preview", &[("subject", "Тема"), ("html", "{{ <script>"), ("text", "")]).await;
    assert_eq!(frame.status, StatusCode::UNPROCESSABLE_ENTITY);
    frame.says("Line 1");
    assert!(!frame.text.contains("<script>"), "{}", frame.text);
    assert_eq!(messages::count(&app.db, &actor).await.expect("a database"), 1, "a preview stores nothing");
    app.stop().await;
}

#[tokio::test]
async fn another_persons_message_is_not_there() {
    let app = TestApp::start().await;
    let (mut anna, annas) = app.signed_in("anna").await;
    let (mut boris, boriss) = app.signed_in("boris").await;
    let vera = recipient(&app, &annas, "vera@sever.example", "Вера").await;
    let id = write(&mut anna, "Тема", "", "Текст").await;
    for path in ["", "/edit", "/preview", "/delete"] {
        assert_eq!(boris.get(&format!("/messages/{id}{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/edit", "/test", "/delete"] {
        let answer = boris.post(&format!("/messages/{id}{path}"), &[("subject", "x"), ("text", "x")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Another's recipient cannot be looked at through one's own message either.
    let own = write(&mut boris, "{{ recipient.email }}", "", "x").await;
    for path in ["", "/preview"] {
        let answer = boris.get(&format!("/messages/{own}{path}?recipient={vera}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let form = [("subject", "x"), ("text", "x"), ("recipient", &vera.to_string())];
    assert_eq!(boris.post("/messages/preview", &form).await.status, StatusCode::NOT_FOUND);
    let answer = boris.post(&format!("/messages/{own}/test"), &[("recipient", &vera.to_string())]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(messages::count(&app.db, &annas).await.expect("a database"), 1);
    assert_eq!(messages::count(&app.db, &boriss).await.expect("a database"), 1);
    app.stop().await;
}

#[tokio::test]
async fn s09_a_test_letter_goes_to_oneself_with_the_recipients_fields() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    let vera = recipient(&app, &actor, "vera@sever.example", "Вера\u{a0}К").await;
    let id = write(&mut anna, HELLO, "<p>{{ recipient.email }}</p>", "").await;
    let answer = anna.post(&format!("/messages/{id}/test"), &[("recipient", &vera.to_string())]).await;
    let back = format!("/messages/{id}?recipient={vera}");
    assert_eq!(answer.goes_to(), Some(back.as_str()));
    anna.get(&back).await.says("The test letter is on its way to anna@example.org.");
    let letters = app.letters(1).await;
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!((letter.recipient.as_str(), letter.subject.as_str()), ("anna@example.org", "Привет, Вера\u{a0}К"));
    assert_eq!(letter.html, "<p>vera@sever.example</p>");
    assert!(letter.text.contains("vera@sever.example"), "{}", letter.text);

    // Whoever has not confirmed their address sends nothing, not even there.
    let mut boris = app.browser();
    let form = [
        ("email", "boris@example.org"),
        ("name", "Борис"),
        ("password", "осенний кофе 7"),
        ("time_zone", "Europe/Moscow"),
    ];
    boris.post("/register", &form).await;
    boris.post("/login", &[("email", "boris@example.org"), ("password", "осенний кофе 7")]).await;
    app.letters(1).await;
    let own = write(&mut boris, "Тема", "", "Текст").await;
    boris.post(&format!("/messages/{own}/test"), &[]).await;
    boris.get(&format!("/messages/{own}")).await.says("Confirm your own address first");
    assert_eq!(vestnik_store::letters::pending(&app.db).await.expect("a database"), 2, "the earlier two and no other");
    app.stop().await;
}

#[tokio::test]
async fn a_message_in_use_is_not_deleted() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    recipient(&app, &actor, "vera@sever.example", "Вера").await;
    let id = write(&mut anna, "Тема", "", "Текст").await;
    let draft = vestnik_model::mailing::MailingDraft {
        name: "Осеннее меню".into(),
        message_id: id,
        audience: vestnik_model::mailing::Audience::All,
        start: None,
        ends_at: None,
        periodicity: vestnik_model::schedule::Periodicity::Once,
        time_zone: "UTC".into(),
        on_unknown: vestnik_model::mailing::UnknownPolicy::Hold,
    };
    let all = vestnik_store::mailings::Selection::All;
    let saved = vestnik_store::mailings::create(
        &app.db,
        &actor,
        &draft,
        &all,
        &vestnik_store::mailings::Saving::at(UnixMillis(1), "key"),
    )
    .await
    .expect("a database");
    assert!(matches!(saved, vestnik_store::mailings::Saved::Saved(_)), "{saved:?}");
    anna.get(&format!("/messages/{id}/delete")).await.says("The message is in use").says("Осеннее меню");
    let answer = anna.post(&format!("/messages/{id}/delete"), &[]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.says("a mailing needs it");
    assert_eq!(messages::count(&app.db, &actor).await.expect("a database"), 1);
    app.stop().await;
}

#[tokio::test]
async fn one_persons_previews_hold_up_nobody_else() {
    const FORM: &[(&str, &str)] = &[("subject", "Тема"), ("html", "<p>Привет"), ("text", "")];
    let app = TestApp::start().await;
    let (mut anna, annas) = app.signed_in("anna").await;
    let (mut boris, _) = app.signed_in("boris").await;
    let held = hold_rendering(&app, annas.user()).await;
    let waiting = fill_renderings(&app, &anna, FORM).await;

    // More of them are told so, where they look, and lose nothing.
    let refused = anna.post("/messages/preview", FORM).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    refused.says("You have several previews in progress already");
    let refused = anna.post("/messages/new", FORM).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    refused.says("You have several previews in progress already").says("&lt;p&gt;Привет");
    assert_eq!(messages::count(&app.db, &annas).await.expect("a database"), 0);

    // Others see no difference.
    let shown = boris.post("/messages/preview", FORM).await;
    assert_eq!((shown.status, shown.text.as_str()), (StatusCode::OK, "<p>Привет"));
    write(&mut boris, "Тема", "<p>Привет", "").await;
    let login = app.browser().post("/login", &[("email", "boris@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(login.goes_to(), Some("/dashboard"));
    assert_eq!(app.state.renders.waiting(), WAITING_OF_ONE, "hers wait all the while");

    drop(held);
    for one in waiting {
        assert_eq!(one.await.expect("a task"), StatusCode::OK);
    }
    write(&mut anna, "Тема", "<p>Привет", "").await;
    app.stop().await;
}

#[tokio::test]
async fn entities_in_a_subject_are_noticed() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    let id = write(&mut anna, "Fish &amp; chips", "", "Text").await;
    anna.get(&format!("/messages/{id}")).await.says("You may mean: Fish &amp; chips <a").says("/edit#subject");
    let id = write(&mut anna, "Fish & chips", "", "Text").await;
    assert!(!anna.get(&format!("/messages/{id}")).await.text.contains("You may mean"));
    app.stop().await;
}
