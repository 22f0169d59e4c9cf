//! Stored secrets: encrypted, read with the database's key alone, and named when that key is lost.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{NOW, someone};
use sqlx::{Connection as _, SqliteConnection};
use vestnik_model::id::UserId;
use vestnik_model::keyring::{Keyring, key_of};
use vestnik_model::second_factor::{Code, RecoveryCode, SharedSecret};
use vestnik_model::secret::SystemRandom;
use vestnik_model::{Actor, BuiltinGroup, Installation};
use vestnik_store::audit::Author;
use vestnik_store::groups::Changed;
use vestnik_store::second_factor::{self, Confirmed, Offered};
use vestnik_store::secrets::{self, Belonging, Lost};
use vestnik_store::sessions::Origin;
use vestnik_store::testing::{TestDatabase, test_keys};
use vestnik_store::{Db, Error, databases, groups, installation, people, sessions, users};

const STEP: Duration = Duration::from_secs(30);
const URL: &str = "smtp://anna:s%2Fecret@relay.example:587?starttls=required";

fn console() -> Author {
    Author::at_console(NOW)
}

fn another_key() -> Keyring {
    Keyring::parse(&Keyring::generate(&SystemRandom), Arc::new(SystemRandom)).unwrap()
}

/// Two keys, the first of which encrypts.
fn both(first: &str, second: &str) -> Keyring {
    Keyring::parse(&format!("{first},{second}"), Arc::new(SystemRandom)).unwrap()
}

async fn administrator(db: &Db, name: &str) -> Actor {
    let id = someone(db, name).await.user();
    people::join(db, id, BuiltinGroup::Administrators, &console()).await.unwrap();
    groups::actor_of(db, &users::find(db, id).await.unwrap().unwrap()).await.unwrap()
}

async fn set_server(db: &Db, actor: &Actor, url: &str) {
    let change = |now: Installation| Installation { smtp_url: url.to_owned(), ..now };
    assert_eq!(installation::update(db, actor, &console(), change).await.unwrap(), Changed::Done);
}

/// Sets up an app for someone.
async fn enrol(db: &Db, actor: &Actor, name: &str) -> (SharedSecret, Vec<RecoveryCode>) {
    sessions::create(db, actor.user(), name, Origin::default(), NOW, NOW.plus(common::DAY)).await.unwrap();
    let session = sessions::find(db, name, NOW).await.unwrap().unwrap().0.id;
    let (secret, codes) = (SharedSecret::new(&SystemRandom), RecoveryCode::several(&SystemRandom));
    let offered = second_factor::offer(db, actor, session, None, &secret, NOW, NOW.plus(STEP)).await.unwrap();
    assert_eq!(offered, Offered::Done);
    let user = users::find(db, actor.user()).await.unwrap().unwrap();
    let author = Author::at_browser(&user, "192.0.2.1", NOW.minus(STEP));
    let digits = secret.code_at(author.at).unwrap();
    let confirmed = second_factor::confirm(db, actor, session, &digits, &codes, &author).await.unwrap();
    assert_eq!(confirmed, Confirmed::On);
    (secret, codes)
}

/// What stands in the tables.
async fn stored(db: &Db) -> (String, String, Vec<(UserId, String)>) {
    let (url, password): (String, String) =
        db.fetch_one("SELECT smtp_url, smtp_password FROM installation", &[]).await.unwrap();
    (url, password, db.fetch_all("SELECT user_id, secret FROM second_factors ORDER BY user_id", &[]).await.unwrap())
}

/// Whether codes of someone's app are taken.
async fn takes_codes(db: &Db, actor: &Actor, secret: &SharedSecret) -> bool {
    let code = Code::App(secret.code_at(NOW.plus(STEP)).unwrap());
    let author = Author { at: NOW.plus(STEP), ..console() };
    let codes = RecoveryCode::several(&SystemRandom);
    let renewed = second_factor::renew_codes(db, actor, &code, &codes, &author).await.unwrap();
    renewed == second_factor::Renewed::Done
}

databases! {
    async fn secrets_are_stored_encrypted_and_read_back(db: Db) {
        let admin = administrator(&db, "chief").await;
        set_server(&db, &admin, URL).await;
        let (secret, _) = enrol(&db, &admin, "cookie").await;
        let (url, password, factors) = stored(&db).await;
        assert_eq!(url, "smtp://anna@relay.example:587?starttls=required");
        assert_eq!(key_of(&password), Some(test_keys().id()));
        assert!(factors.iter().all(|(_, stored)| key_of(stored) == Some(test_keys().id())));
        let read = installation::read(&db).await.unwrap();
        assert_eq!((read.smtp_url.as_str(), read.mail_password_unreadable), (URL, false));
        assert!(takes_codes(&db, &admin, &secret).await);

        // Another setting leaves it as it is; without a password nothing is kept of one.
        let change = |now: Installation| Installation { name: "Ромашка".into(), ..now };
        installation::update(&db, &admin, &console(), change).await.unwrap();
        assert_eq!(stored(&db).await.1, password);
        set_server(&db, &admin, "smtp://relay.example:25?starttls=optional").await;
        assert_eq!(stored(&db).await.1, "");
        assert_eq!(installation::read(&db).await.unwrap().smtp_url, "smtp://relay.example:25?starttls=optional");
    }

    async fn without_the_key_secrets_are_neither_read_nor_written(db: Db) {
        let admin = administrator(&db, "chief").await;
        set_server(&db, &admin, URL).await;
        let (secret, codes) = enrol(&db, &admin, "cookie").await;
        let before = stored(&db).await;
        for keys in [None, Some(another_key())] {
            let stranger = db.clone().with_keys(keys.clone());
            assert_eq!(
                secrets::prepare(&stranger).await.unwrap(),
                Belonging::Another(test_keys().id().to_owned()),
                "it belongs to the first key that came"
            );
            let lost = Lost {
                mail_server: Some("smtp://anna@relay.example:587?starttls=required".into()),
                second_factors: vec!["chief@example.com".into()],
            };
            assert_eq!(secrets::lost(&stranger).await.unwrap(), lost);
            let read = installation::read(&stranger).await.unwrap();
            assert!(read.mail_password_unreadable && !read.smtp_url.contains("ecret"));
            assert!(!takes_codes(&stranger, &admin, &secret).await);
            assert!(!second_factor::is_readable(&stranger, admin.user()).await.unwrap());
            // Another setting can be changed, and leaves the password alone.
            let change = |now: Installation| Installation { name: format!("{keys:?}"), ..now };
            installation::update(&stranger, &admin, &console(), change).await.unwrap();
            assert_eq!(stored(&db).await, before);
        }
        let without = db.clone().with_keys(None);
        let change = |now: Installation| Installation { smtp_url: URL.replace("anna", "boris"), ..now };
        let refused = installation::update(&without, &admin, &console(), change).await;
        assert!(matches!(refused, Err(Error::NoKey)), "{refused:?}");
        assert_eq!(stored(&db).await, before);
        assert!(secrets::lost(&db).await.unwrap().is_empty());

        // The key is lost: what it encrypted is named, kept, and entered anew. Recovery codes go on working.
        let new = db.clone().with_keys(Some(another_key()));
        let lost = secrets::adopt(&new).await.unwrap();
        assert_eq!((lost.mail_server.is_some(), lost.second_factors.len()), (true, 1));
        assert_eq!(secrets::prepare(&new).await.unwrap(), Belonging::Ours);
        assert!(matches!(secrets::prepare(&db).await.unwrap(), Belonging::Another(_)));
        set_server(&new, &admin, URL).await;
        assert_eq!(installation::read(&new).await.unwrap().smtp_url, URL);
        let recovery = Code::Recovery(codes[0].clone());
        sessions::create(&db, admin.user(), "again", Origin::default(), NOW, NOW.plus(common::DAY)).await.unwrap();
        let session = sessions::find(&db, "again", NOW).await.unwrap().unwrap().0.id;
        let secret = SharedSecret::new(&SystemRandom);
        let end = NOW.plus(STEP);
        let offered = second_factor::offer(&new, &admin, session, Some(&recovery), &secret, NOW, end).await.unwrap();
        assert_eq!(offered, Offered::Done);
    }

    async fn a_new_key_takes_over_while_the_old_one_is_at_hand(db: Db) {
        let admin = administrator(&db, "chief").await;
        let (old, new) = (Keyring::generate(&SystemRandom), Keyring::generate(&SystemRandom));
        let ring = |text: &str| Keyring::parse(text, Arc::new(SystemRandom)).unwrap();
        let with_old = db.clone().with_keys(Some(ring(&old)));
        secrets::adopt(&with_old).await.unwrap();
        set_server(&with_old, &admin, URL).await;
        let (secret, _) = enrol(&with_old, &admin, "cookie").await;

        // First both at every node, the old one first; then the new one first.
        let old_first = db.clone().with_keys(Some(both(&old, &new)));
        assert_eq!(secrets::prepare(&old_first).await.unwrap(), Belonging::Ours);
        let new_first = db.clone().with_keys(Some(both(&new, &old)));
        assert_eq!(secrets::prepare(&new_first).await.unwrap(), Belonging::Ours);
        let (_, password, factors) = stored(&db).await;
        let id = ring(&new).id().to_owned();
        assert_eq!(key_of(&password), Some(id.as_str()));
        assert!(factors.iter().all(|(_, stored)| key_of(stored) == Some(id.as_str())));
        assert_eq!(installation::read(&old_first).await.unwrap().smtp_url, URL, "nodes that are to follow read it");
        let with_new = db.clone().with_keys(Some(ring(&new)));
        assert_eq!(secrets::prepare(&with_new).await.unwrap(), Belonging::Ours);
        assert!(secrets::lost(&with_new).await.unwrap().is_empty());
        assert!(takes_codes(&with_new, &admin, &secret).await);
        assert!(matches!(secrets::prepare(&with_old).await.unwrap(), Belonging::Another(_)));
    }
}

async fn unfinished(db: &Db) -> Vec<String> {
    let steps: Vec<(String,)> = db.fetch_all("SELECT step FROM unfinished ORDER BY step", &[]).await.unwrap();
    steps.into_iter().map(|(step,)| step).collect()
}

/// SQLite's, which rises when a database is rewritten.
async fn schema_version(db: &Db) -> i64 {
    let (version,): (i64,) = db.fetch_one("SELECT schema_version FROM pragma_schema_version", &[]).await.unwrap();
    version
}

/// A database of before, with secrets in clear text, is encrypted when it is opened.
async fn clear_text_is_encrypted(database: TestDatabase) {
    let db = Db::open(&database.address()).await.unwrap().with_keys(Some(test_keys()));
    db.migrate_to(12).await.unwrap();
    let secret = SharedSecret::new(&SystemRandom);
    db.execute("UPDATE installation SET smtp_url = $1", &[&URL]).await.unwrap();
    db.execute(
        "INSERT INTO users (email, email_key, name, password_hash, language, time_zone, theme, confirmed_at, created_at,
            second_factor_at) VALUES ('a@example.com', 'a@example.com', 'A', 'hash', 'en', 'UTC', 'auto', 1, 1, 1)",
        &[],
    )
    .await
    .unwrap();
    let sql = "INSERT INTO second_factors (user_id, secret, last_step) VALUES (1, $1, 0)";
    db.execute(sql, &[&secret.reveal()]).await.unwrap();
    db.migrate().await.unwrap();
    assert_eq!(secrets::prepare(&db).await.unwrap(), Belonging::Ours);
    let (_, password, factors) = stored(&db).await;
    assert!(key_of(&password).is_some() && factors.iter().all(|(_, stored)| key_of(stored).is_some()));
    assert_eq!(installation::read(&db).await.unwrap().smtp_url, URL);
    let user = users::find(&db, UserId(1)).await.unwrap().unwrap();
    assert!(takes_codes(&db, &Actor::of(&user), &secret).await);
    // Commands leave it at that; what serves or sends rewrites the database.
    assert_eq!(unfinished(&db).await, ["clear_free_pages"]);
    if let TestDatabase::Sqlite(_) = database {
        // Someone reads what was there before, so that the log cannot be emptied.
        let path = database.address();
        let mut reader = SqliteConnection::connect(&path).await.unwrap();
        sqlx::raw_sql("BEGIN; SELECT * FROM second_factors").execute(&mut reader).await.unwrap();
        secrets::clear_free_pages(&db).await;
        assert_eq!(unfinished(&db).await, ["empty_log"], "it is rewritten");
        let rewritten = schema_version(&db).await;
        secrets::clear_free_pages(&db).await;
        assert_eq!(unfinished(&db).await, ["empty_log"]);
        assert_eq!(schema_version(&db).await, rewritten, "and not rewritten again");
        reader.close().await.unwrap();
        assert_eq!(secrets::prepare(&db).await.unwrap(), Belonging::Ours);
    }
    secrets::clear_free_pages(&db).await;
    assert!(unfinished(&db).await.is_empty());
    db.close().await;
    database.remove().await;
}

#[tokio::test]
async fn clear_text_is_encrypted_on_sqlite() {
    clear_text_is_encrypted(TestDatabase::sqlite()).await;
}

#[tokio::test]
async fn clear_text_is_encrypted_on_postgres() {
    clear_text_is_encrypted(TestDatabase::postgres().await).await;
}
