//! Every route before everyone: who gets what. The table is `matrix.txt`, one row a route; a route without a row, or a
//! row without its route, fails.
//!
//! To write the table anew after a change, and then read what has changed: `VESTNIK_WRITE_MATRIX=1 cargo test matrix`.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use tower::ServiceExt;
use vestnik_model::{
    Actor, BuiltinGroup, UnixMillis,
    mailing::{MailingDraft, MailingInput},
    message::MessageDraft,
    recipient::RecipientDraft,
    user::{Language, Registration, User},
};
use vestnik_store::{
    Db,
    audit::Author,
    deletions, groups, import, mailings, messages, people, recipients, runs,
    sessions::{self, Origin},
    users,
};

use crate::{
    routes::{self, RouteInfo},
    testing::TestApp,
};

const TABLE: &str = include_str!("matrix.txt");

/// Those who ask, from those who may least: what the last of them do changes nothing for those before.
const ROLES: [&str; 7] = ["visitor", "blocked", "other", "content", "manager", "admin", "owner"];

async fn person(db: &Db, name: &str, group: BuiltinGroup, now: UnixMillis) -> User {
    let email = format!("{name}@example.org");
    let registration = Registration::parse(&email, name, "a long enough phrase", Language::En, "UTC").expect("typed");
    // Nobody signs in by password here.
    let user = users::create(db, &registration, "no hash", Some(now), now).await.expect("stored").expect("new");
    people::join(db, user.id, group, &Author::at_console(now)).await.expect("joined");
    sessions::create(db, user.id, name, Origin::default(), now, now.plus(std::time::Duration::from_secs(30 * 86_400)))
        .await
        .expect("begun");
    user
}

/// One of each thing, by the beginning of its paths: the longest beginning that fits names it.
async fn things(app: &TestApp) -> Vec<(&'static str, String)> {
    let (db, now) = (&app.db, app.clock_now());
    let owner = person(db, "owner", BuiltinGroup::Users, now).await;
    let victim = person(db, "victim", BuiltinGroup::Users, now).await;
    let blocked = person(db, "blocked", BuiltinGroup::Users, now).await;
    person(db, "other", BuiltinGroup::Users, now).await;
    person(db, "content", BuiltinGroup::ContentManagers, now).await;
    person(db, "manager", BuiltinGroup::Managers, now).await;
    let admin = person(db, "admin", BuiltinGroup::Administrators, now).await;
    let admin = groups::actor_of(db, &admin).await.expect("asked");
    let author = Author::at_console(now);
    people::block(db, &admin, blocked.id, "", &author).await.expect("blocked");
    // As if it had begun in the same moment.
    let end = now.plus(std::time::Duration::from_secs(30 * 86_400));
    sessions::create(db, blocked.id, "blocked", Origin::default(), now, end).await.expect("begun");

    let actor = Actor::of(&owner);
    let draft = RecipientDraft::parse("one@example.org", "One", "").expect("a recipient");
    let recipients::Saved::Saved(recipient) = recipients::create(db, &actor, &draft, now).await.expect("stored") else {
        panic!("not stored")
    };
    let message = MessageDraft::parse("Subject", "", "Text").expect("a message");
    let message = messages::create(db, &actor, &message, now).await.expect("stored");
    let input = MailingInput { message_id: Some(message), time_zone: "UTC", ..MailingInput::default() };
    let draft = MailingDraft::parse(&input, now).expect("a mailing");
    let all = mailings::Selection::All;
    let mailings::Saved::Saved(mailing) =
        mailings::create(db, &actor, &draft, &all, &mailings::Saving::at(now, "key")).await.expect("stored")
    else {
        panic!("not stored")
    };
    let delay = std::time::Duration::from_secs(30);
    let runs::Demanded::Planned(run) = runs::demand(db, &actor, mailing, "key", delay, now).await.expect("planned")
    else {
        panic!("not planned")
    };
    let read = import::begin(db, &actor, "list.csv", 100, now).await.expect("begun");
    let session = sessions::all(db, &actor, now).await.expect("found")[0].id;
    let group = groups::all(db).await.expect("groups")[0].0.id;
    let deletion = deletions::begin_recipients(db, &actor, "", 1, now).await.expect("begun");
    vec![
        ("/deletions/", deletion.to_string()),
        ("/recipients/imports/", read.to_string()),
        ("/recipients/", recipient.to_string()),
        ("/messages/", message.to_string()),
        ("/mailings/", mailing.to_string()),
        ("/runs/", run.to_string()),
        ("/settings/sessions/", session.to_string()),
        ("/manage/users/", victim.id.to_string()),
        ("/manage/mailings/", mailing.to_string()),
        ("/manage/groups/", group.to_string()),
        ("/caught/", "1".to_owned()),
    ]
}

/// What came back in a word: a status, or `login` for the way there.
async fn ask(app: &TestApp, method: &Method, path: &str, role: &str) -> String {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "vestnik.example")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if role != "visitor" {
        request = request.header(header::COOKIE, format!("session={role}"));
    }
    // A stream's body never ends; its status is enough.
    let answer = app.router().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    if answer.status() == StatusCode::SEE_OTHER && to.starts_with("/login?") || to == "/login" && path != "/logout" {
        "login".to_owned()
    } else {
        answer.status().as_u16().to_string()
    }
}

async fn row(route: RouteInfo) -> String {
    let app = TestApp::start().await;
    let things = things(&app).await;
    let id = things.iter().find(|(start, _)| route.path.starts_with(start)).map_or("1", |(_, id)| id.as_str());
    let path = route.path.replace("{id}", id).replace("{token}", "x").replace("{*key}", "x.jpg");
    let mut row = format!("{:5}{:42}", route.method.as_str(), route.path);
    for role in ROLES {
        row.push_str(&format!("{:8}", ask(&app, &route.method, &path, role).await));
    }
    app.stop().await;
    row.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_matrix_of_routes_and_people() {
    let asked: Vec<_> = routes::list().into_iter().map(|route| tokio::spawn(row(route))).collect();
    let mut rows = vec![format!("{:47}{}", "", ROLES.map(|role| format!("{role:8}")).concat().trim_end())];
    for row in asked {
        rows.push(row.await.expect("a row"));
    }
    let table = rows.join("\n") + "\n";
    if std::env::var_os("VESTNIK_WRITE_MATRIX").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/matrix.txt"), &table).expect("written");
        return;
    }
    for (now, expected) in table.lines().zip(TABLE.lines()) {
        assert_eq!(now, expected, "the route stands differently in matrix.txt");
    }
    assert_eq!(rows.len(), TABLE.lines().count(), "as many rows as routes");
}
