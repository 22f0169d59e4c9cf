//! Searching finds what is written in Cyrillic, in whatever case, on both databases alike.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, add_recipients, plan, someone};
use vestnik_model::audit::Action;
use vestnik_model::id::UserId;
use vestnik_model::installation::SecondFactorPolicy;
use vestnik_model::{Actor, BuiltinGroup};
use vestnik_store::audit::{self, AuditFilter, Author, Entry};
use vestnik_store::caught::{self, NewCaught, Viewer};
use vestnik_store::oversight::{self, OverseenFilter};
use vestnik_store::people::{self, PeopleFilter};
use vestnik_store::testing::TestDatabase;
use vestnik_store::{Db, databases, recipients, users};

async fn administrator(db: &Db, id: UserId) -> Actor {
    let author = Author::at_console(NOW);
    people::join(db, id, BuiltinGroup::Administrators, &author).await.unwrap();
    let user = users::find(db, id).await.unwrap().unwrap();
    Actor::with(&user, BuiltinGroup::Administrators.permissions(), SecondFactorPolicy::Optional)
}

/// How many users, mailings, entries of the audit log and caught mails the words find.
async fn found(db: &Db, admin: &Actor, words: &str) -> [usize; 4] {
    let filter = PeopleFilter { search: words.to_owned(), ..PeopleFilter::default() };
    let users = people::list(db, admin, &filter, None, 10).await.unwrap().rows.len();
    let filter = OverseenFilter { search: words.to_owned(), owner: None };
    let mailings = oversight::mailings(db, admin, &filter, None, 10).await.unwrap().rows.len();
    let filter = AuditFilter { text: words.to_owned(), ..AuditFilter::default() };
    let entries = audit::list(db, admin, &filter, None, 10).await.unwrap().rows.len();
    [users, mailings, entries, caught::list(db, Viewer::User(admin), words, None, 10).await.unwrap().rows.len()]
}

async fn caught_mail(db: &Db, subject: &str) {
    let mail = NewCaught {
        sender: "news@example.com".into(),
        recipient: "Anna@Example.org".into(),
        subject: subject.into(),
        message_id: String::new(),
        raw: Vec::new(),
        caught_at: NOW,
    };
    caught::insert(db, vec![mail]).await.unwrap();
}

databases! {
    async fn upper_and_lower_case_are_one(db: Db) {
        let anna = someone(&db, "anna").await;
        let admin = administrator(&db, anna.user()).await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        db.execute("UPDATE messages SET subject = 'ОСЕНЬ и Ёлка'", &[]).await.unwrap();
        // A mailing without a name is called by its message's subject.
        let input = vestnik_model::mailing::MailingInput {
            message_id: Some(vestnik_model::id::MessageId(1)), time_zone: "UTC", ..Default::default()
        };
        let draft = vestnik_model::mailing::MailingDraft::parse(&input, NOW).unwrap();
        vestnik_store::mailings::update(&db, &anna, mailing, &draft, None, None, &vestnik_store::mailings::Saving::at(NOW, "key")).await.unwrap();
        let entry = Entry::new(Action::MailingDisabled, None, "Осень и ЁЛКА (anna@example.com)");
        audit::note_alone(&db, &Author::at_console(NOW), entry).await.unwrap();
        caught_mail(&db, "Осень И Ёлка").await;
        for words in ["осень", "ОСЕНЬ", "ёлка", "елка", " Осень и ёлка ", "елка осень"] {
            assert_eq!(found(&db, &admin, words).await, [0, 1, 1, 1], "{words}");
        }
        assert_eq!(found(&db, &admin, "зима").await, [0; 4]);
        assert_eq!(found(&db, &admin, "anna@EXAMPLE").await, [1, 1, 2, 1], "addresses as before");
    }
}

/// What was written before there were keys is found once a database is brought up to date.
async fn finds_what_is_there(database: TestDatabase) {
    let db = Db::open(&database.address()).await.unwrap();
    db.migrate_to(2).await.unwrap();
    for sql in [
        "INSERT INTO users (id, email, email_key, name, password_hash, language, time_zone, theme, confirmed_at, created_at)
         VALUES (1, 'a@b.c', 'a@b.c', 'Осень ЛТД', '', 'ru', 'UTC', 'auto', 0, 0)",
        "INSERT INTO messages VALUES (1, 1, 's', '', '', 0, 0)",
        "INSERT INTO mailings (id, owner_id, name, message_id, audience, periodicity, time_zone, status, created_at,
            updated_at) VALUES (1, 1, 'Осень', 1, 'all', 'once', 'UTC', 'completed', 0, 0)",
        "INSERT INTO caught (sender, recipient, subject, raw, caught_at) SELECT '', '', subject, '', 0
         FROM (WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
            SELECT CASE WHEN n = 2500 THEN 'ОСЕНЬ' ELSE 'зима' END AS subject FROM n ORDER BY n) AS mails",
    ] {
        db.execute(sql, &[]).await.unwrap();
    }
    db.migrate_to(4).await.unwrap();
    db.execute(
        "INSERT INTO audit (at, actor, address, action, subject, before, after)
         VALUES (0, 'Анна', '', 'user_blocked', 'ОСЕНЬ', '', '')",
        &[],
    )
    .await
    .unwrap();
    db.migrate().await.unwrap();
    let admin = administrator(&db, UserId(1)).await;
    assert_eq!(found(&db, &admin, "осень").await, [1, 1, 1, 1]);
    assert_eq!(found(&db, &admin, "лтд").await, [1, 1, 0, 0], "a mailing is found by its owner as well");
    assert_eq!(found(&db, &admin, "анна").await, [0, 0, 1, 0]);
    // It is done once: what is changed afterwards stays as it is.
    db.execute("UPDATE mailings SET name_key = 'x'", &[]).await.unwrap();
    db.migrate().await.unwrap();
    assert_eq!(found(&db, &admin, "осень").await[1], 1, "by its owner");
    assert_eq!(found(&db, &admin, "x").await[1], 1);
    db.close().await;
    database.remove().await;
}

/// Keys that were stored with their «ё» are folded once a database is brought up to date.
async fn finds_folded_what_is_there(database: TestDatabase) {
    let db = Db::open(&database.address()).await.unwrap();
    db.migrate_to(12).await.unwrap();
    for sql in [
        "INSERT INTO users (id, email, email_key, name, name_key, password_hash, language, time_zone, theme, confirmed_at,
            created_at) VALUES (1, 'a@b.c', 'a@b.c', 'Анна', 'анна', '', 'ru', 'UTC', 'auto', 0, 0)",
        "INSERT INTO recipients (owner_id, email, email_key, domain, full_name, name_key, comment, comment_key,
            created_at, updated_at)
         SELECT 1, email, email, 'example.org', name, key, name, key, 0, 0
         FROM (WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2500)
            SELECT 'r' || n || '@example.org' AS email, CASE WHEN n % 2 = 0 THEN 'Пётр' ELSE 'Вера' END AS name,
                CASE WHEN n % 2 = 0 THEN 'пётр' ELSE 'вера' END AS key FROM n ORDER BY n) AS people",
        "UPDATE users SET recipients = 2500",
        "INSERT INTO caught (sender, recipient, subject, subject_key, raw, caught_at) VALUES ('', '', 'Ёлка', 'ёлка', '', 0)",
        "INSERT INTO audit (at, actor, address, action, subject, before, after, search_key)
         VALUES (0, 'Анна', '', 'user_blocked', 'Ёлка', '', '', 'анна\nёлка')",
    ] {
        db.execute(sql, &[]).await.unwrap();
    }
    db.migrate().await.unwrap();
    let user = users::find(&db, UserId(1)).await.unwrap().unwrap();
    let anna = Actor::with(&user, &[], SecondFactorPolicy::Optional);
    for (words, found) in [("петр", 1_250), ("ПЁТР", 1_250), ("вера", 1_250), ("вера петр", 0)] {
        assert_eq!(recipients::count(&db, &anna, words).await.unwrap(), found, "{words}");
    }
    let keys: (i64,) = db
        .fetch_one("SELECT count(*) FROM recipients WHERE name_key = 'петр' AND comment_key = 'петр'", &[])
        .await
        .unwrap();
    assert_eq!(keys.0, 1_250);
    let admin = administrator(&db, UserId(1)).await;
    assert_eq!(found(&db, &admin, "елка").await, [0, 0, 1, 1]);
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_folds_what_is_there_on_sqlite() {
    finds_folded_what_is_there(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_folds_what_is_there_on_postgres() {
    finds_folded_what_is_there(TestDatabase::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_makes_what_is_there_found_on_sqlite() {
    finds_what_is_there(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_makes_what_is_there_found_on_postgres() {
    finds_what_is_there(TestDatabase::postgres().await).await;
}
