//! The second factor, as people meet it: setting it up, logging in with it, losing the phone, being made to have it.

use std::time::Duration;

use axum::http::{StatusCode, header};
use vestnik_model::{
    Actor, BuiltinGroup, Installation, UnixMillis, audit::Action, installation::SecondFactorPolicy,
    second_factor::SharedSecret, user::User,
};
use vestnik_store::{
    audit::{self, AuditFilter, Author},
    groups, installation, people, second_factor, sessions, users,
};

use crate::testing::{Answer, Browser, PASSWORD, TestApp};

const STEP: Duration = Duration::from_secs(30);
const WRONG: &str = "000000";

/// Whoever has a second factor, at their browser.
struct Enrolled {
    user: User,
    browser: Browser,
    secret: SharedSecret,
    codes: Vec<String>,
}

impl Enrolled {
    /// What the app shows now; the next one, if this one has been used.
    fn code(&self, app: &TestApp) -> String {
        self.secret.code_at(app.clock_now()).expect("a code")
    }
}

impl TestApp {
    /// Logs in with the password, and gets as far as that leads.
    async fn log_in(&self, user: &User, next: &str) -> (Browser, Answer) {
        let mut browser = self.browser();
        let answer = browser.post("/login", &[("email", &user.email), ("password", PASSWORD), ("next", next)]).await;
        (browser, answer)
    }

    /// The secret that is offered to the session that was used last.
    async fn offered(&self, user: &User) -> SharedSecret {
        let (actor, now) = (Actor::of(user), self.clock_now());
        let session = sessions::all(&self.db, &actor, now).await.expect("sessions")[0].id;
        second_factor::offered(&self.db, &actor, session, now).await.expect("asked").expect("a secret")
    }

    /// Sets up an app as a person does, and waits for its next code.
    async fn enrol(&self, user: User) -> Enrolled {
        let (mut browser, _) = self.log_in(&user, "").await;
        let asked = browser.post("/settings/two-factor", &[("current", PASSWORD)]).await;
        assert_eq!(asked.goes_to(), Some("/settings/two-factor/app"), "{}", asked.text);
        let secret = self.offered(&user).await;
        let code = secret.code_at(self.clock_now()).expect("a code");
        let answer = browser.post("/settings/two-factor/app", &[("code", &code)]).await;
        let codes = codes(&answer);
        self.clock.advance(STEP);
        Enrolled { user, browser, secret, codes }
    }

    async fn want_it_from_everyone(&self) {
        let chief = self.user("chief").await;
        self.put(&chief, BuiltinGroup::Administrators).await;
        let actor = groups::actor_of(&self.db, &chief).await.expect("asked");
        let before = installation::read(&self.db).await.expect("settings");
        let wanted = Installation { second_factor: SecondFactorPolicy::Required, ..before };
        let author = Author::at_console(UnixMillis(0));
        installation::update(&self.db, &actor, &author, |_| wanted).await.expect("changed");
    }

    async fn put(&self, user: &User, group: BuiltinGroup) {
        people::join(&self.db, user.id, group, &Author::at_console(UnixMillis(0))).await.expect("joined");
    }

    /// How often the log tells of it.
    async fn noted(&self, action: Action) -> usize {
        let reader = self.find_user("reader@example.org").await;
        let reader = match reader {
            Some(reader) => reader,
            None => self.user("reader").await,
        };
        let reader = Actor::with(&reader, BuiltinGroup::Administrators.permissions(), SecondFactorPolicy::Optional);
        let filter = AuditFilter { action: Some(action), text: String::new() };
        audit::list(&self.db, &reader, &filter, None, 50).await.expect("the log").rows.len()
    }
}

/// The recovery codes on a page.
fn codes(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let list = answer.text.split("id=\"codes\">").nth(1).expect("codes").split("</ol>").next().expect("their end");
    let codes: Vec<String> =
        list.split("<li>").skip(1).map(|code| code.split('<').next().expect("a code").to_owned()).collect();
    assert_eq!(codes.len(), 10);
    codes
}

fn is_at_login(answer: &Answer) -> bool {
    answer.goes_to().is_some_and(|to| to == "/login" || to.starts_with("/login?"))
}

#[tokio::test]
async fn an_app_is_set_up_with_password_and_code_and_recovery_codes_are_shown_once() {
    let app = TestApp::start().await;
    let anna = app.user("anna").await;
    let (mut elsewhere, _) = app.log_in(&anna, "").await;
    let (mut browser, _) = app.log_in(&anna, "").await;
    browser.get("/settings/security").await.says("Two-factor login").says("Off").says("href=\"/settings/two-factor\"");
    assert_eq!(browser.get("/settings/two-factor/app").await.goes_to(), Some("/settings/security#two-factor"));
    browser.get("/settings/two-factor").await.says("Set up two-factor login");
    let wrong = browser.post("/settings/two-factor", &[("current", "not the password")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says("This is not your current password.").says("aria-invalid=\"true\"");

    assert_eq!(
        browser.post("/settings/two-factor", &[("current", PASSWORD)]).await.goes_to(),
        Some("/settings/two-factor/app")
    );
    let secret = app.offered(&anna).await;
    let page = browser.get("/settings/two-factor/app").await;
    page.says(&secret.for_typing())
        .says("role=\"img\" aria-label=\"QR code for the app.")
        .says("otpauth:&#x2f;&#x2f;totp");
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(
        elsewhere.get("/settings/two-factor/app").await.goes_to(),
        Some("/settings/security#two-factor"),
        "it was shown to another session"
    );
    // A secret of the browser's own is no secret of ours.
    let own = SharedSecret::new(&vestnik_model::secret::SystemRandom);
    let code = own.code_at(app.clock_now()).expect("a code");
    let form = [("code", code.as_str()), ("secret", &own.for_typing())];
    for (form, words) in [
        (&form[..], "This code does not fit."),
        (&[("code", "12345")], "A code from the app has 6 digits"),
        (&[("code", "0123-4567-89ab-cdef")], "This code does not fit."),
        (&[], "Please fill this in."),
    ] {
        let answer = browser.post("/settings/two-factor/app", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(words).says(&secret.for_typing());
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }
    assert!(users::find(&app.db, anna.id).await.expect("asked").expect("anna").second_factor_at.is_none());

    let code = secret.code_at(app.clock_now()).expect("a code");
    let answer = browser.post("/settings/two-factor/app", &[("code", &code)]).await;
    answer.says("Two-factor login is on").says("download=\"recovery-codes.txt\"").says("data:text/plain");
    let shown = codes(&answer);
    assert!(answer.text.contains(&format!("{}%0D%0A{}", shown[0], shown[1])), "the file has them too");
    let page = browser.get("/settings/security").await;
    page.says("10 left").says("On since");
    assert!(!page.text.contains(&shown[0]) && !page.text.contains(&secret.for_typing()));
    assert_eq!(browser.get("/settings/two-factor/app").await.goes_to(), Some("/settings/security#two-factor"));
    let again = browser.post("/settings/two-factor/app", &[("code", &code)]).await;
    assert_eq!(again.goes_to(), Some("/settings/security#two-factor"));
    assert!(is_at_login(&elsewhere.get("/dashboard").await), "no session goes on without it");
    let letter = app.letters(1).await.remove(0);
    assert_eq!(letter.subject, "Two-factor login to Vestnik is on");
    assert!(!letter.text.contains(&shown[0]) && !letter.text.contains(&secret.for_typing()));
    app.stop().await;
}

#[tokio::test]
async fn a_password_alone_leads_to_the_question_for_a_code_and_no_further() {
    let app = TestApp::start().await;
    let anna = app.enrol(app.user("anna").await).await;
    let (mut browser, answer) = app.log_in(&anna.user, "/mailings?page=2").await;
    assert_eq!(answer.goes_to(), Some("/login/code?next=%2Fmailings%3Fpage%3D2"));
    assert_eq!(browser.cookie("session"), None);
    let cookie = answer.headers[header::SET_COOKIE].to_str().expect("text");
    for part in ["login=", "Path=/", "Max-Age=600", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(is_at_login(&browser.get("/dashboard").await));
    // Nor is the secret of the half login one of a session.
    let half = browser.cookie("login").expect("a half login").to_owned();
    browser.set_cookie("session", &half);
    assert!(is_at_login(&browser.get("/dashboard").await));
    assert!(is_at_login(&app.browser().get("/login/code").await), "without the password there is no question");
    assert!(is_at_login(&app.browser().post("/login/code", &[("code", &anna.code(&app))]).await));

    let page = browser.get("/login/code?next=%2Fmailings%3Fpage%3D2").await;
    page.says("autocomplete=\"one-time-code\"").says("inputmode=\"numeric\"").says("value=\"&#x2f;mailings?page=2\"");
    let page = browser.get("/login/code?with=recovery&next=%2Fmailings").await;
    page.says("Recovery code").says("value=\"&#x2f;mailings\"");
    assert!(!page.text.contains("inputmode"), "recovery codes have letters");
    let next = ("next", "/mailings?page=2");
    let wrong = browser.post("/login/code", &[("code", WRONG), next]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says("This code does not fit.").says("value=\"&#x2f;mailings?page=2\"");
    assert_eq!(app.noted(Action::SecondFactorFailed).await, 1);
    let before = app.noted(Action::LoggedIn).await;
    let code = anna.code(&app);
    let typed = format!("{} {}", &code[..3], &code[3..]);
    let answer = browser.post("/login/code", &[("code", &typed), next]).await;
    assert_eq!(answer.goes_to(), Some("/mailings?page=2"));
    assert_eq!(browser.cookie("login"), None);
    assert_ne!(browser.cookie("session"), Some(half.as_str()));
    browser.get("/mailings").await.says("Hello, anna!");
    assert_eq!(app.noted(Action::LoggedIn).await, before + 1);

    // Each code and each half login once.
    let (mut second, _) = app.log_in(&anna.user, "//evil.example").await;
    second.post("/login/code", &[("code", &code)]).await.says("This code does not fit.");
    app.clock.advance(STEP);
    let answer = second.post("/login/code", &[("code", &anna.code(&app)), ("next", "//evil.example")]).await;
    assert_eq!(answer.goes_to(), Some("/dashboard"));
    let mut third = app.browser();
    third.set_cookie("login", &half);
    app.clock.advance(STEP);
    assert!(is_at_login(&third.post("/login/code", &[("code", &anna.code(&app))]).await));
    third.get("/login").await.says("The time for the code is over.");
    app.stop().await;
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_tells_how_many_are_left() {
    let app = TestApp::start().await;
    let anna = app.enrol(app.user("anna").await).await;
    for (number, left) in [(0, "9 codes are left"), (1, "8 codes are left")] {
        let (mut browser, _) = app.log_in(&anna.user, "").await;
        if number == 1 {
            browser.post("/login/code", &[("code", &anna.codes[0])]).await.says("This code does not fit.");
        }
        let typed = anna.codes[number].replace('-', " ").to_uppercase();
        let answer = browser.post("/login/code", &[("code", &typed)]).await;
        assert_eq!(answer.goes_to(), Some("/dashboard"));
        browser.get("/dashboard").await.says(left);
    }
    assert_eq!(app.noted(Action::RecoveryCodeUsed).await, 2);
    let mut browser = anna.browser;
    browser.get("/settings/security").await.says("8 left");
    let wrong = browser.post("/settings/two-factor/codes", &[("current", "not the password")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Whoever has recovery codes has the second factor: a password alone does not get them.
    let alone = browser.post("/settings/two-factor/codes", &[("current", PASSWORD)]).await;
    assert_eq!(alone.status, StatusCode::UNPROCESSABLE_ENTITY);
    let proof = [("current", PASSWORD), ("code", anna.codes[3].as_str())];
    let new = codes(&browser.post("/settings/two-factor/codes", &proof).await);
    browser.get("/settings/security").await.says("10 left");
    let (mut other, _) = app.log_in(&anna.user, "").await;
    other.post("/login/code", &[("code", &anna.codes[2])]).await.says("This code does not fit.");
    for (number, code) in new.iter().enumerate() {
        let (mut other, _) = app.log_in(&anna.user, "").await;
        other.post("/login/code", &[("code", code)]).await;
        if number == 9 {
            other.get("/dashboard").await.says("It was the last one");
        }
    }
    browser.get("/settings/security").await.says("none left").says("You are running out of recovery codes");
    app.stop().await;
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_for_the_account_wherever_it_comes_from() {
    let app = TestApp::start().await;
    let mut anna = app.enrol(app.user("anna").await).await;
    let (mut one, _) = app.log_in(&anna.user, "").await;
    let (mut two, _) = app.log_in(&anna.user, "").await;
    for guess in 0..10 {
        let browser = if guess % 2 == 0 { &mut one } else { &mut two };
        let answer = browser.post("/login/code", &[("code", WRONG)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let code = anna.code(&app);
    for browser in [&mut one, &mut two] {
        let answer = browser.post("/login/code", &[("code", &code)]).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    }
    let off = anna.browser.post("/settings/two-factor/off", &[("current", PASSWORD), ("code", WRONG)]).await;
    assert_eq!(off.status, StatusCode::TOO_MANY_REQUESTS, "nor is the way round it open");
    assert_eq!(app.noted(Action::SecondFactorFailed).await, 10);
    // Others are not concerned.
    let boris = app.enrol(app.user("boris").await).await;
    let (mut other, _) = app.log_in(&boris.user, "").await;
    assert_eq!(other.post("/login/code", &[("code", &boris.code(&app))]).await.goes_to(), Some("/dashboard"));
    app.stop().await;
}

#[tokio::test]
async fn a_half_login_ends_after_ten_minutes_and_with_everything_that_ends_sessions() {
    let app = TestApp::start().await;
    let mut anna = app.enrol(app.user("anna").await).await;
    let (mut late, _) = app.log_in(&anna.user, "").await;
    app.clock.advance(Duration::from_secs(600));
    assert!(is_at_login(&late.get("/login/code").await));
    assert!(is_at_login(&late.post("/login/code", &[("code", &anna.code(&app))]).await));

    let (mut before, _) = app.log_in(&anna.user, "").await;
    let form = [("current", PASSWORD), ("password", "a new long phrase")];
    assert_eq!(anna.browser.post("/settings/password", &form).await.goes_to(), Some("/settings/security"));
    assert!(is_at_login(&before.post("/login/code", &[("code", &anna.code(&app))]).await));
    anna.browser.get("/settings/security").await.says("The password is changed");

    let mut blocked = app.browser();
    blocked.post("/login", &[("email", &anna.user.email), ("password", "a new long phrase")]).await;
    assert_eq!(blocked.get("/login/code").await.status, StatusCode::OK);
    let admin = app.user("admin").await;
    app.put(&admin, BuiltinGroup::Administrators).await;
    let admin = groups::actor_of(&app.db, &admin).await.expect("asked");
    let author = Author::at_console(app.clock_now());
    people::block(&app.db, &admin, anna.user.id, "spam", &author).await.expect("blocked");
    assert!(is_at_login(&blocked.post("/login/code", &[("code", &anna.code(&app))]).await));
    app.stop().await;
}

#[tokio::test]
async fn a_link_to_a_new_password_does_not_get_past_it() {
    let app = TestApp::start().await;
    let anna = app.enrol(app.user("anna").await).await;
    app.letters(1).await;
    let mut browser = app.browser();
    browser.post("/recover", &[("email", &anna.user.email)]).await;
    let letter = app.letters(1).await.remove(0);
    let link = letter.text.split_whitespace().find(|word| word.contains("/recover/")).expect("a link");
    let path = link.trim_start_matches("http://vestnik.example");
    let answer = browser.post(path, &[("password", "a new long phrase")]).await;
    assert_eq!(answer.goes_to(), Some("/login/code?next=%2Fdashboard"));
    assert!(is_at_login(&browser.get("/dashboard").await));
    browser.get("/login/code?next=%2Fdashboard").await.says("The password is changed");
    let answer = browser.post("/login/code", &[("code", &anna.code(&app)), ("next", "/dashboard")]).await;
    assert_eq!(answer.goes_to(), Some("/dashboard"));
    browser.get("/dashboard").await.says("Hello, anna!");
    app.stop().await;
}

#[tokio::test]
async fn it_is_switched_off_with_password_and_code() {
    let app = TestApp::start().await;
    let mut anna = app.enrol(app.user("anna").await).await;
    app.letters(1).await;
    let code = anna.code(&app);
    let browser = &mut anna.browser;
    browser.get("/settings/two-factor/off").await.says("Switch off two-factor login?");
    for (current, typed, words) in [
        ("not the password", code.as_str(), "This is not your current password."),
        (PASSWORD, WRONG, "This code does not fit."),
        (PASSWORD, "", "Please fill this in."),
    ] {
        let answer = browser.post("/settings/two-factor/off", &[("current", current), ("code", typed)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        answer.says(words);
    }
    // A wrong password has not used the code up.
    let answer = browser.post("/settings/two-factor/off", &[("current", PASSWORD), ("code", &code)]).await;
    assert_eq!(answer.goes_to(), Some("/settings/security#two-factor"));
    browser.get("/settings/security").await.says("Two-factor login is off.").says("Off");
    assert_eq!(app.letters(1).await[0].subject, "Two-factor login to Vestnik is off");
    let (_, answer) = app.log_in(&anna.user, "").await;
    assert_eq!(answer.goes_to(), Some("/dashboard"));
    assert_eq!(app.noted(Action::SecondFactorOff).await, 1);
    for path in ["/settings/two-factor/off", "/settings/two-factor/codes"] {
        assert_eq!(anna.browser.get(path).await.goes_to(), Some("/settings/security#two-factor"), "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn another_phone_takes_over_with_password_and_code() {
    let app = TestApp::start().await;
    let mut anna = app.enrol(app.user("anna").await).await;
    anna.browser.get("/settings/two-factor").await.says("Another phone").says("name=\"code\"");
    let password = ("current", PASSWORD);
    let alone = anna.browser.post("/settings/two-factor", &[password]).await;
    assert_eq!(alone.status, StatusCode::UNPROCESSABLE_ENTITY, "a password alone must not exchange it");
    let wrong = anna.browser.post("/settings/two-factor", &[password, ("code", WRONG)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(anna.browser.get("/settings/two-factor/app").await.goes_to(), Some("/settings/security#two-factor"));
    let answer = anna.browser.post("/settings/two-factor", &[password, ("code", &anna.codes[0])]).await;
    assert_eq!(answer.goes_to(), Some("/settings/two-factor/app"));
    let secret = app.offered(&anna.user).await;
    assert_ne!(secret, anna.secret);
    let code = secret.code_at(app.clock_now()).expect("a code");
    codes(&anna.browser.post("/settings/two-factor/app", &[("code", &code)]).await);
    app.clock.advance(STEP);
    let (mut browser, _) = app.log_in(&anna.user, "").await;
    for old in [anna.code(&app), anna.codes[1].clone()] {
        browser.post("/login/code", &[("code", &old)]).await.says("This code does not fit.");
    }
    let code = secret.code_at(app.clock_now()).expect("a code");
    assert_eq!(browser.post("/login/code", &[("code", &code)]).await.goes_to(), Some("/dashboard"));
    app.stop().await;
}

#[tokio::test]
async fn where_it_is_wanted_management_stays_closed_without_it() {
    let app = TestApp::start().await;
    let manager = app.user("manager").await;
    app.put(&manager, BuiltinGroup::Managers).await;
    let (mut browser, _) = app.log_in(&manager, "").await;
    assert_eq!(browser.get("/manage/users").await.status, StatusCode::OK);
    app.want_it_from_everyone().await;

    let page = browser.get("/recipients").await;
    page.says("stay closed until you set up two-factor login").says("href=\"/settings/two-factor\"");
    assert!(!page.text.contains("id=\"nav-manage\""), "nothing is offered that does not open");
    let answer = browser.get("/manage/users").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.says("Two-factor login comes first").says("href=\"/settings/two-factor\"");
    let answer = browser.get("/manage/groups").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.says("Your account does not have the right to do this.");
    assert_eq!(browser.get("/mailings/new").await.status, StatusCode::OK, "their own things stay theirs");
    let (mut other, _) = app.signed_in("anna").await;
    assert!(!other.get("/dashboard").await.text.contains("two-factor"), "it is wanted of nobody else");

    let mut manager = app.enrol(manager).await;
    let page = manager.browser.get("/manage/users").await;
    assert_eq!(page.status, StatusCode::OK);
    page.says("id=\"nav-manage\"");
    assert!(!page.text.contains("stay closed"));
    let page = manager.browser.get("/settings/security").await;
    page.says("It cannot be switched off");
    assert!(!page.text.contains("/settings/two-factor/off"));
    let form = [("current", PASSWORD), ("code", &manager.code(&app))];
    let answer = manager.browser.post("/settings/two-factor/off", &form).await;
    assert_eq!(answer.goes_to(), Some("/settings/security#two-factor"));
    manager.browser.get("/settings/security").await.says("It cannot be switched off: the administrators");
    assert!(manager.browser.get("/settings/two-factor/off").await.goes_to().is_some());
    let (_, answer) = app.log_in(&manager.user, "").await;
    assert_eq!(answer.goes_to(), Some("/login/code?next=%2Fdashboard"));
    app.stop().await;
}

#[tokio::test]
async fn the_page_after_setting_it_up_no_longer_asks_for_it() {
    let app = TestApp::start().await;
    let manager = app.user("manager").await;
    app.put(&manager, BuiltinGroup::Managers).await;
    app.want_it_from_everyone().await;
    let (mut browser, _) = app.log_in(&manager, "").await;
    browser.post("/settings/two-factor", &[("current", PASSWORD)]).await;
    browser.get("/settings/two-factor/app").await.says("stay closed until");
    let code = app.offered(&manager).await.code_at(app.clock_now()).expect("a code");
    let answer = browser.post("/settings/two-factor/app", &[("code", &code)]).await;
    assert!(!answer.text.contains("stay closed until"));
    answer.says("id=\"nav-manage\"");
    app.stop().await;
}

#[tokio::test]
async fn an_administrator_resets_it_for_someone_who_has_lost_the_phone() {
    let app = TestApp::start().await;
    let admin = app.user("admin").await;
    app.put(&admin, BuiltinGroup::Administrators).await;
    let manager = app.user("manager").await;
    app.put(&manager, BuiltinGroup::Managers).await;
    let mut anna = app.enrol(app.user("anna").await).await;
    app.letters(1).await;
    let (mut chief, _) = app.log_in(&admin, "").await;
    let (mut other, _) = app.log_in(&manager, "").await;
    let (page, reset) =
        (format!("/manage/users/{}", anna.user.id), format!("/manage/users/{}/second-factor", anna.user.id));
    other.get(&page).await.says("Two-factor login").says("since 24 November 2026");
    for path in [&reset, &format!("/manage/users/{}/second-factor", admin.id)] {
        assert_eq!(other.post(path, &[]).await.status, StatusCode::FORBIDDEN);
    }
    chief.get(&page).await.says(&reset);
    chief.get(&reset).await.says("Reset two-factor login of “anna”?");
    assert_eq!(chief.post(&reset, &[]).await.goes_to(), Some(page.as_str()));
    let shown = chief.get(&page).await;
    shown.says("Two-factor login is reset. anna is told by letter.");
    assert!(!shown.text.contains(&reset));
    chief.post(&reset, &[]).await;
    chief.get(&page).await.says("No longer needed");
    assert!(is_at_login(&anna.browser.get("/dashboard").await), "signed out");
    let letter = app.letters(1).await.remove(0);
    assert_eq!(
        (letter.recipient.as_str(), letter.subject.as_str()),
        ("anna@example.org", "Two-factor login to Vestnik was reset")
    );
    chief.get("/manage/audit").await.says("Two-factor login reset").says("Two-factor login switched on");
    let (_, answer) = app.log_in(&anna.user, "").await;
    assert_eq!(answer.goes_to(), Some("/dashboard"));
    app.stop().await;
}
