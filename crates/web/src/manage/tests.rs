//! Those who watch over others, and those who run the installation (S-38 to S-48).

use axum::http::StatusCode;
use vestnik_model::problem::StoredProblem;
use vestnik_model::{
    Actor, BuiltinGroup, UnixMillis,
    mailing::{MailingDraft, MailingInput},
    message::MessageDraft,
    recipient::RecipientDraft,
};
use vestnik_store::{
    audit::Author,
    groups,
    letters::{self, LetterOutcome, NewLetter},
    mailings, messages, people, recipients, runs, users,
};

use crate::testing::{Browser, PASSWORD, TestApp};

/// Someone in one of the groups that are there from the start, signed in.
pub(crate) async fn member(app: &TestApp, name: &str, group: BuiltinGroup) -> (Browser, Actor) {
    let user = app.user(name).await;
    app.join(&user, group).await;
    let mut browser = app.browser();
    browser.post("/login", &[("email", &user.email), ("password", PASSWORD)]).await;
    (browser, groups::actor_of(&app.db, &user).await.expect("asked"))
}

/// A mailing of this person that is planned for now.
async fn mailing(app: &TestApp, actor: &Actor) -> i64 {
    let now = app.clock_now();
    let recipient = RecipientDraft::parse("one@example.org", "One", "").expect("a recipient");
    recipients::create(&app.db, actor, &recipient, now).await.expect("stored");
    let message = MessageDraft::parse("Autumn menu", "", "Text").expect("a message");
    let message = messages::create(&app.db, actor, &message, now).await.expect("stored");
    let input = MailingInput { message_id: Some(message), time_zone: "UTC", ..MailingInput::default() };
    let draft = MailingDraft::parse(&input, now).expect("a mailing");
    match mailings::create(&app.db, actor, &draft, &mailings::Selection::All, &mailings::Saving::at(now, "key"))
        .await
        .expect("stored")
    {
        mailings::Saved::Saved(id) => {
            let delay = std::time::Duration::from_secs(30);
            runs::demand(&app.db, actor, id, "key", delay, now).await.expect("planned");
            id.0
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn s39_a_manager_sees_everything_and_s43_changes_nothing_of_others() {
    let app = TestApp::start().await;
    let (_, anna) = app.signed_in("anna").await;
    let id = mailing(&app, &anna).await;
    let (mut manager, _) = member(&app, "manager", BuiltinGroup::Managers).await;
    manager.get("/manage/mailings").await.says("Autumn menu").says("anna@example.org");
    manager.get(&format!("/manage/mailings/{id}")).await.says("Autumn menu").says("Text");
    manager.get("/manage/recipients?q=one").await.says("one@example.org");
    manager.get("/manage/users?q=ann").await.says("anna@example.org");
    manager.get(&format!("/manage/users/{}", anna.user())).await.says("anna@example.org");

    // By hand, on the owner's own addresses: there, and not theirs to touch.
    for path in [format!("/mailings/{id}"), format!("/mailings/{id}/edit"), format!("/mailings/{id}/attempts.csv")] {
        let answer = manager.get(&path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        answer.says("This belongs to another user");
    }
    for path in [format!("/mailings/{id}/delete"), format!("/mailings/{id}/send"), "/recipients/1/edit".to_owned()] {
        let answer = manager.post(&path, &[("email", "x@example.org")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(manager.get("/mailings/999").await.status, StatusCode::NOT_FOUND);
    let page = manager.get(&format!("/manage/mailings/{id}")).await.text;
    assert!(!page.contains("/edit\"") && !page.contains("/delete\""), "no button changes it");
    app.stop().await;
}

#[tokio::test]
async fn s42_what_a_manager_disables_its_owner_cannot_enable() {
    let app = TestApp::start().await;
    let (mut owner, anna) = app.signed_in("anna").await;
    let id = mailing(&app, &anna).await;
    let (mut manager, _) = member(&app, "manager", BuiltinGroup::Managers).await;
    let disable = format!("/manage/mailings/{id}/disable");
    manager.get(&disable).await.says("Disable");
    assert_eq!(manager.post(&disable, &[("reason", "wrong prices")]).await.status, StatusCode::SEE_OTHER);
    let run = runs::newest(&app.db, &anna, vestnik_model::id::MailingId(id)).await.expect("found").expect("a run");
    assert_eq!(run.state, vestnik_model::run::RunState::Stopping);
    owner.get(&format!("/mailings/{id}")).await.says("wrong prices").says("only a manager can enable it");
    owner.post(&format!("/mailings/{id}/enable"), &[]).await;
    owner.get(&format!("/mailings/{id}")).await.says("only a manager can enable it");
    manager.post(&format!("/manage/mailings/{id}/enable"), &[]).await;
    assert!(!owner.get(&format!("/mailings/{id}")).await.text.contains("wrong prices"));
    app.stop().await;
}

#[tokio::test]
async fn s41_whoever_is_blocked_is_out_at_once_and_reads_why() {
    let app = TestApp::start().await;
    let (mut owner, anna) = app.signed_in("anna").await;
    let id = mailing(&app, &anna).await;
    let (mut manager, _) = member(&app, "manager", BuiltinGroup::Managers).await;
    let block = format!("/manage/users/{}/block", anna.user());
    manager.get(&block).await.says("Their sessions end at once");
    manager.post(&block, &[("reason", "spam to strangers")]).await;
    assert!(owner.get("/dashboard").await.goes_to().is_some_and(|to| to.starts_with("/login")), "signed out");
    let answer = owner.post("/login", &[("email", "anna@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("spam to strangers");
    let wrong = owner.post("/login", &[("email", "anna@example.org"), ("password", "not the password")]).await;
    assert!(!wrong.text.contains("blocked"), "only whoever knows the password is told");
    let letters = app.letters(1).await;
    assert!(letters[0].text.contains("spam to strangers") && letters[0].recipient == "anna@example.org");
    let run = runs::newest(&app.db, &anna, vestnik_model::id::MailingId(id)).await.expect("found").expect("a run");
    assert_eq!(run.state, vestnik_model::run::RunState::Stopping);
    let mailing = mailings::find(&app.db, &anna, vestnik_model::id::MailingId(id)).await.expect("found");
    assert!(mailing.expect("still there").disabled_at.is_some());

    manager.post(&format!("/manage/users/{}/unblock", anna.user()), &[]).await;
    let answer = owner.post("/login", &[("email", "anna@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(answer.goes_to(), Some("/dashboard"));
    // Nothing begins by itself; the owner enables what is wanted.
    owner.get(&format!("/mailings/{id}")).await.says("Enable");
    app.stop().await;
}

#[tokio::test]
async fn nobody_acts_on_someone_who_may_more_and_an_administrator_is_left() {
    let app = TestApp::start().await;
    let (mut admin, chief) = member(&app, "admin", BuiltinGroup::Administrators).await;
    let (mut manager, _) = member(&app, "manager", BuiltinGroup::Managers).await;
    let admins = format!("/manage/users/{}", chief.user());
    for path in ["/block", "/unblock"] {
        assert_eq!(manager.post(&format!("{admins}{path}"), &[]).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(!manager.get(&admins).await.text.contains("/block\""));
    // Not even themselves out of the last seat.
    let answer = admin.post(&format!("{admins}/groups"), &[("group", "1")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    admin.get(&admins).await.says("That would leave no administrator");
    assert_eq!(admin.post(&format!("{admins}/block"), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.post(&format!("{admins}/delete"), &[]).await.status, StatusCode::FORBIDDEN);
    let all = groups::all(&app.db).await.expect("groups");
    let (own, _) = all.iter().find(|(group, _)| group.builtin == Some(BuiltinGroup::Administrators)).expect("there");
    let path = format!("/manage/groups/{}", own.id);
    admin.post(&path, &[("permission", "manage_own")]).await;
    admin.get("/manage/groups").await.says("That would leave no administrator");
    app.stop().await;
}

#[tokio::test]
async fn s47_a_group_is_made_given_and_felt() {
    let app = TestApp::start().await;
    let (mut admin, _) = member(&app, "admin", BuiltinGroup::Administrators).await;
    let boris = app.user("boris").await;
    let form = [("name", "Auditor"), ("permission", "view_audit"), ("permission", "view_mailings")];
    assert_eq!(admin.post("/manage/groups/new", &form).await.goes_to(), Some("/manage/groups"));
    let again = admin.post("/manage/groups/new", &form).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.says("There is a group of that name already");
    let all = groups::all(&app.db).await.expect("groups");
    let (auditor, _) = all.iter().find(|(group, _)| group.name == "Auditor").expect("made");
    admin.post(&format!("/manage/users/{}/groups", boris.id), &[("group", &auditor.id.to_string())]).await;

    let mut browser = app.browser();
    browser.post("/login", &[("email", "boris@example.org"), ("password", PASSWORD)]).await;
    browser.get("/manage/audit").await.says("Group created").says("Auditor").says("view_audit");
    assert_eq!(browser.get("/manage/mailings").await.status, StatusCode::OK);
    for path in ["/manage/users", "/manage/recipients", "/manage/groups"] {
        assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let csv = browser.get("/manage/audit.csv?action=groups_set").await;
    assert!(csv.text.contains("boris@example.org") && csv.text.contains("Auditor"), "{}", csv.text);
    app.stop().await;
}

#[tokio::test]
async fn the_log_names_groups_in_the_readers_language() {
    let app = TestApp::start().await;
    let (mut admin, chief) = member(&app, "admin", BuiltinGroup::Administrators).await;
    let boris = app.user("boris").await;
    let all = groups::all(&app.db).await.expect("groups");
    let id = |wanted| {
        let found = all.iter().find(|(group, _)| group.builtin == Some(wanted));
        found.map(|(group, _)| group.id).expect("there from the start")
    };
    let (managers, writers) = (id(BuiltinGroup::Managers), id(BuiltinGroup::ContentManagers));
    people::set_groups(&app.db, &chief, boris.id, &[managers, writers], &Author::at_console(app.clock_now()))
        .await
        .expect("given");
    let form = [("permission", "manage_own"), ("permission", "view_users")];
    admin.post(&format!("/manage/groups/{writers}"), &form).await;
    admin.post("/manage/groups/new", &[("name", "Managers \\ \"North\""), ("permission", "view_users")]).await;
    admin.post("/language", &[("language", "ru")]).await;
    let log = admin.get("/manage/audit").await;
    for said in ["Менеджеры</data>", "Контент-менеджеры</data>", "Пользователи</data>", "Менеджеры</data>; "]
    {
        log.says(said);
    }
    log.says("Managers \\ &quot;North&quot;</td>");
    for name in [">Users<", ">Managers<", ">Content managers<"] {
        assert!(!log.text.contains(name), "{name}");
    }
    app.stop().await;
}

#[tokio::test]
async fn s46_an_administrator_invites_and_deletes() {
    let app = TestApp::start().await;
    let (mut admin, _) = member(&app, "admin", BuiltinGroup::Administrators).await;
    let (_, anna) = app.signed_in("anna").await;
    mailing(&app, &anna).await;
    let form = [("email", "new@example.org"), ("name", "Nina"), ("language", "ru"), ("group", "managers")];
    let made = admin.post("/manage/users/new", &form).await;
    assert!(made.goes_to().is_some_and(|to| to.starts_with("/manage/users/")));
    admin.post("/manage/users/new", &form).await.says("This address has an account already");
    // Also into a group of one's own, as long as it is there.
    let auditor = [("name", "Auditor <North>"), ("permission", "view_audit")];
    assert_eq!(admin.post("/manage/groups/new", &auditor).await.goes_to(), Some("/manage/groups"));
    let all = groups::all(&app.db).await.expect("groups");
    let (auditor, _) = all.iter().find(|(group, _)| group.builtin.is_none()).expect("made");
    let number = auditor.id.to_string();
    admin.get("/manage/users/new").await.says(&format!("<option value=\"{number}\">Auditor &lt;North&gt;</option>"));
    let own = [("email", "eve@example.org"), ("name", "Eve"), ("language", "en"), ("group", number.as_str())];
    let eve = admin.post("/manage/users/new", &own).await;
    let eve = eve.goes_to().expect("her page").rsplit('/').next().expect("an id").parse().expect("an id");
    assert!(groups::of_user(&app.db, eve).await.expect("asked").contains(&auditor.id));
    let mut letters = app.letters(2).await;
    assert_eq!(letters.len(), 2, "both are invited");
    let gone = [("email", "adam@example.org"), ("name", "Adam"), ("language", "en"), ("group", "99")];
    admin.post("/manage/users/new", &gone).await.says("adam@example.org").says("id=\"group-error\"");
    let letter = letters.remove(0);
    // What the mail server says to the invitation stands on the person's page.
    let page = made.goes_to().expect("her page").to_owned();
    admin.get(&page).await.says("Приглашение в сервис рассылок «Вестник»").says("On its way");
    let refused = "550 5.1.1 <b>unknown";
    letters::settle(&app.db, letter.id, LetterOutcome::Failed, refused, &StoredProblem::default())
        .await
        .expect("noted");
    // Not what the person has written to others.
    let id = page.rsplit('/').next().expect("an id").parse().expect("an id");
    let (stranger, subject) = ("stranger@example.org".parse().expect("an address"), "Re: a private matter");
    let answer = NewLetter {
        user: id,
        kind: "feedback-answer",
        recipient: &stranger,
        recipient_name: "",
        subject,
        text: "",
        html: "",
        key: "k",
    };
    letters::enqueue(&app.db, &answer, app.clock_now()).await.expect("queued");
    let shown = admin.get(&page).await;
    shown.says("Not delivered").says("550 5.1.1 &lt;b&gt;unknown");
    assert!(!shown.text.contains(subject));
    let link = letter.text.split_whitespace().find(|word| word.contains("/recover/")).expect("a link");
    let path = link.trim_start_matches("http://vestnik.example");
    let mut browser = app.browser();
    assert!(!browser.get(path).await.says("new@example.org").text.contains("essions"), "she has none that could end");
    assert_eq!(browser.post(path, &[("password", "a phrase of her own")]).await.goes_to(), Some("/dashboard"));
    browser.get("/dashboard").await.says("Пароль задан. Добро пожаловать!");
    assert_eq!(browser.get("/manage/users").await.status, StatusCode::OK, "she is a manager");

    admin.post(&format!("/manage/users/{}/delete", anna.user()), &[]).await;
    assert!(!admin.get("/manage/users").await.text.contains("anna@example.org"));
    assert!(users::find(&app.db, anna.user()).await.expect("asked").is_none());
    admin.get("/manage/audit").await.says("User deleted").says("anna@example.org");
    app.stop().await;
}

#[tokio::test]
async fn s56_the_list_of_users_is_made_once_and_a_change_shows_at_once() {
    let app = TestApp::start().await;
    let (mut manager, _) = member(&app, "manager", BuiltinGroup::Managers).await;
    let cached = |answer: &crate::testing::Answer| answer.headers["x-cache"].to_str().expect("text").to_owned();
    assert_eq!(cached(&manager.get("/manage/users").await), "made");
    let again = manager.get("/manage/users").await;
    assert_eq!(cached(&again), "memory");
    again.says("manager@example.org").says("<title>Users");
    // Others see it with their own shell, and with their own rights.
    let (mut other, _) = member(&app, "other", BuiltinGroup::Managers).await;
    other.get("/manage/users").await;
    let answer = other.get("/manage/users").await;
    assert_eq!(cached(&answer), "memory");
    answer.says("other</span></a>");
    let (mut admin, _) = member(&app, "admin", BuiltinGroup::Administrators).await;
    admin.get("/manage/users").await.says("/manage/users/new");
    assert!(!manager.get("/manage/users").await.text.contains("/manage/users/new"));

    app.browser().post("/register", &[("email", "nina@example.org"), ("name", "Nina"), ("password", PASSWORD)]).await;
    let answer = manager.get("/manage/users").await;
    assert_eq!(cached(&answer), "made");
    answer.says("nina@example.org");
    app.stop().await;
}

#[tokio::test]
async fn s56_a_change_on_one_node_shows_at_once_on_another() {
    let redis = std::env::var("VESTNIK_TEST_REDIS_URL").expect("VESTNIK_TEST_REDIS_URL names a Redis for tests");
    let app = TestApp::start().await;
    let (_, manager) = member(&app, "manager", BuiltinGroup::Managers).await;
    let prefix = vestnik_model::secret::new_key(&vestnik_model::secret::SystemRandom, 8);
    let [mut here, mut there] = std::array::from_fn(|_| app.browser_of_node(&redis, &prefix));
    for browser in [&mut here, &mut there] {
        browser.post("/login", &[("email", "manager@example.org"), ("password", PASSWORD)]).await;
    }
    let list = "/manage/users?state=active";
    // Once both are connected, what one has made the other finds.
    let mut shared = false;
    for round in 0..200 {
        let list = format!("{list}&q=manager&round={round}");
        here.get(&list).await;
        shared = there.get(&list).await.headers["x-cache"] == "redis";
        if shared {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(shared, "what one node makes the other finds in Redis");
    for name in ["first", "second", "third"] {
        let email = format!("{name}@example.org");
        here.get(list).await;
        there.get(list).await;
        here.post("/register", &[("email", &email), ("name", name), ("password", PASSWORD)]).await;
        here.get(list).await.says(&email);
        let mut seen = false;
        for _ in 0..50 {
            seen = there.get(list).await.text.contains(&email);
            if seen {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(4)).await;
        }
        assert!(seen, "{email} is seen on the other node within 200 ms");
    }
    // Whoever is blocked on one node is out on the other.
    let (_, chief) = member(&app, "admin", BuiltinGroup::Administrators).await;
    let author = Author::at_console(app.clock_now());
    people::block(&app.db, &chief, manager.user(), "", &author).await.expect("asked");
    for browser in [&mut here, &mut there] {
        assert!(browser.get("/dashboard").await.goes_to().is_some_and(|to| to.starts_with("/login")));
    }
    app.stop().await;
}

impl TestApp {
    async fn join(&self, user: &vestnik_model::user::User, group: BuiltinGroup) {
        let author = Author::at_console(UnixMillis(0));
        people::join(&self.db, user.id, group, &author).await.expect("joined");
    }
}
