//! Backups: everything is in them, either database takes them, and what comes of one holds still.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::{DAY, NOW, add_recipients, claim_all, minutes, newest, outcome, plan, someone, tick};
use serde_json::Value;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::DeliveryId;
use vestnik_model::recipient::address;
use vestnik_model::run::RunState;
use vestnik_model::user::User;
use vestnik_model::{Actor, EmailAddress, UnixMillis};
use vestnik_store::audit::Author;
use vestnik_store::control::{self, Again, Controlled, SentAgain};
use vestnik_store::db::schema::newest_migration;
use vestnik_store::dump::{
    Column, FILTERED, Kind, LEFT_OUT, LOOSE, Origin, Quieted, Restored, Restoring, Snapshot, Table, Taken, Target,
    parse,
};
use vestnik_store::groups::Changed;
use vestnik_store::letters::NewLetter;
use vestnik_store::settle::{Source, settle};
use vestnik_store::testing::{TestDatabase, assert_figures_agree, test_keys};
use vestnik_store::{Db, databases, deliveries, expansion, installation, letters, life, mailings, runs, users};

struct Backup {
    migration: i64,
    tables: Vec<(Table, Option<i64>, Vec<Vec<Value>>)>,
}

async fn back_up(db: &Db) -> Backup {
    let Taken::Snapshot(mut snapshot) = Snapshot::take(db).await.unwrap() else { panic!("no snapshot") };
    let mut tables = Vec::new();
    for table in snapshot.tables.clone() {
        let mut rows = Vec::new();
        let count = snapshot.each_row(&table, |line| {
            rows.push(parse(&table, line.as_bytes()).expect("a row"));
            Ok(())
        });
        assert_eq!(count.await.unwrap(), rows.len() as u64);
        tables.push((table.clone(), snapshot.last_id(&table).await.unwrap(), rows));
    }
    Backup { migration: snapshot.migration, tables }
}

impl Backup {
    /// What it says, in no order.
    fn content(&self) -> BTreeMap<String, BTreeSet<String>> {
        let rows = |table: &Table, rows: &[Vec<Value>]| {
            let named = |row: &Vec<Value>| {
                let fields = table.columns.iter().map(|column| column.name.as_str()).zip(row);
                serde_json::to_string(&fields.collect::<BTreeMap<_, _>>()).unwrap()
            };
            rows.iter().map(named).collect()
        };
        self.tables.iter().map(|(table, _, found)| (table.name.clone(), rows(table, found))).collect()
    }

    async fn put_into(&self, db: &Db) -> Target {
        let tables: Vec<Table> = self.tables.iter().map(|(table, ..)| table.clone()).collect();
        Restoring::begin(db, self.migration, &tables).await.unwrap()
    }

    async fn restore(&self, db: &Db, at: UnixMillis, name: &str, now: UnixMillis) -> Quieted {
        let Target::Ready(mut restoring) = self.put_into(db).await else { panic!("it is not taken") };
        for (table, last, rows) in &self.tables {
            restoring.load(table, rows).await.unwrap();
            if let Some(last) = last {
                restoring.go_on_after(table, *last).await.unwrap();
            }
        }
        match restoring.finish(&Origin { backup_at: at, name: name.into() }, now).await.unwrap() {
            Restored::Done(quieted, _) => quieted,
            Restored::Broken(table) => panic!("{table} is broken"),
        }
    }
}

fn letter<'a>(user: &User, recipient: &'a EmailAddress, key: &'a str) -> NewLetter<'a> {
    let (kind, recipient_name, subject, text, html) = ("recover", "", "", "a link", "");
    NewLetter { user: user.id, kind, recipient, recipient_name, subject, text, html, key }
}

/// Which letters the answers of [`much`] have, and how those are.
async fn letters_of_answers(db: &Db) -> Vec<(String, Option<String>)> {
    let sql = "SELECT a.text, l.state FROM feedback_answers a LEFT JOIN letters l ON l.id = a.letter_id ORDER BY a.id";
    db.fetch_all(sql, &[]).await.unwrap()
}

/// Someone with most kinds of things, of which nothing is under way.
async fn much(db: &Db) -> Actor {
    let anna = someone(db, "anna").await;
    add_recipients(db, &anna, 700).await;
    let mailing = plan(db, &anna, "2026-11-24T06:00Z", "", "daily").await;
    let run = tick(db, NOW).await[0];
    let claims = claim_all(db, run, NOW).await;
    let outcomes: Vec<_> = claims.iter().map(|claim| outcome(mailing, run, claim, DeliveryState::Sent, NOW)).collect();
    settle(db, &outcomes, Source::Sender, NOW).await.unwrap();
    for sql in [
        "UPDATE users SET name = 'Анна \"quoted\" \\ {}[] line\nbreak tab\t', avatar = 'avatars/1/a.png'",
        "INSERT INTO pictures (id, width, height, files, created_at) VALUES (7, 1, 1, 'blog/b.jpg 480 blog/c.jpg 960', 0)",
        "INSERT INTO articles (author_id, title, title_key, slug, lead, body, cover_id, cover_alt, created_at, updated_at)
         VALUES ((SELECT id FROM users), 't', 't', 's', '', '', 7, '', 0, 0)",
        "DELETE FROM articles",
        "INSERT INTO feedback (id, key, name, email, language, subject, text, search_key, state, created_at)
         VALUES (3, 'k', 'n', 'e', 'ru', 's', 't', 's', 'answered', 0)",
        "UPDATE deliveries SET owner = NULL",
    ] {
        db.execute(sql, &[]).await.unwrap();
    }
    let user = users::find(db, anna.user()).await.unwrap().unwrap();
    // Two answers: the letter of one has gone, that of the other waits.
    for (key, state) in [("gone", "sent"), ("waits", "pending")] {
        letters::enqueue(db, &letter(&user, &address(&user.email).unwrap(), key), NOW).await.unwrap();
        db.execute("UPDATE letters SET state = $1 WHERE id = (SELECT max(id) FROM letters)", &[&state]).await.unwrap();
        let sql = "INSERT INTO feedback_answers (feedback_id, author_name, text, letter_id, created_at)
            SELECT 3, '', $1, max(id), 0 FROM letters";
        db.execute(sql, &[&key]).await.unwrap();
    }
    let raw: Vec<u8> = (0..=255).collect();
    let sql =
        "INSERT INTO caught (sender, recipient, subject, subject_key, raw, caught_at) VALUES ('', '', '', '', $1, 0)";
    db.execute(sql, &[&raw]).await.unwrap();
    anna
}

async fn copied_there_and_back(here: TestDatabase, there: TestDatabase, back: TestDatabase) {
    let (one, two, three) =
        (here.open().await, Db::open(&there.address()).await.unwrap().with_keys(Some(test_keys())), back.open().await);
    let anna = much(&one).await;
    let first = back_up(&one).await;
    assert_eq!(first.migration, newest_migration());
    assert_eq!(first.restore(&two, NOW, "two", NOW).await, Quieted::default());
    let second = back_up(&two).await;
    second.restore(&three, NOW, "three", NOW).await;
    let third = back_up(&three).await;
    // Each copy notes that it is one, and no more.
    let [mut first, mut second, mut third] = [first.content(), second.content(), third.content()];
    for (content, notes) in [(&mut first, 0), (&mut second, 1), (&mut third, 2)] {
        assert_eq!(content.remove("audit").unwrap().len(), notes);
        assert!(content["deliveries"].len() == 700 && content["caught"].len() == 1 && content["groups"].len() == 4);
    }
    assert_eq!(first, second);
    assert_eq!(first, third);
    let letters = [("gone".to_owned(), Some("sent".to_owned())), ("waits".to_owned(), None)];
    for db in [&two, &three] {
        assert_figures_agree(db).await;
        assert_eq!(letters_of_answers(db).await, letters);
        // New rows are numbered on, also where the last ones are gone.
        let sql = "INSERT INTO articles (title, title_key, slug, lead, body, cover_alt, created_at, updated_at)
            VALUES ('', '', 'x', '', '', '', 0, 0) RETURNING id";
        let mut tx = db.begin().await.unwrap();
        let (id,): (i64,) = tx.fetch_one(sql, &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(id, 2);
        add_recipients(db, &anna, 701).await;
    }
    for (db, database) in [(one, here), (two, there), (three, back)] {
        db.close().await;
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_copy_says_the_same_from_sqlite() {
    copied_there_and_back(TestDatabase::sqlite(), TestDatabase::postgres().await, TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_copy_says_the_same_from_postgres() {
    copied_there_and_back(TestDatabase::postgres().await, TestDatabase::sqlite(), TestDatabase::postgres().await).await;
}

/// A backup of an older version is brought up to date as the database itself would have been.
async fn an_old_one_is_brought_up_to_date(here: TestDatabase, there: TestDatabase) {
    let (one, two) = (Db::open(&here.address()).await.unwrap().with_keys(Some(test_keys())), there.open().await);
    one.migrate_to(4).await.unwrap();
    let sql = "INSERT INTO users (id, email, email_key, name, password_hash, language, time_zone, theme, created_at)
        VALUES (5, 'a@b.c', 'a@b.c', 'АННА', '', 'ru', 'UTC', 'auto', 0)";
    one.execute(sql, &[]).await.unwrap();
    one.execute("DELETE FROM groups WHERE builtin = 'managers'", &[]).await.unwrap();
    let backup = back_up(&one).await;
    assert_eq!(backup.migration, 4);
    backup.restore(&two, NOW, "two", NOW).await;
    let (name, groups): (String, i64) =
        two.fetch_one("SELECT name_key, (SELECT count(*) FROM groups) FROM users", &[]).await.unwrap();
    assert_eq!((name.as_str(), groups), ("анна", 3));
    let made = back_up(&two).await;
    assert_eq!(made.migration, newest_migration());
    for (db, database) in [(one, here), (two, there)] {
        db.close().await;
        database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_one_is_brought_up_to_date_on_sqlite() {
    an_old_one_is_brought_up_to_date(TestDatabase::postgres().await, TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_one_is_brought_up_to_date_on_postgres() {
    an_old_one_is_brought_up_to_date(TestDatabase::sqlite(), TestDatabase::postgres().await).await;
}

/// Another database of the same kind.
async fn another(db: &Db) -> (TestDatabase, Db) {
    let database = if db.is_embedded() { TestDatabase::sqlite() } else { TestDatabase::postgres().await };
    let opened = database.open().await;
    (database, opened)
}

async fn gone(database: TestDatabase, db: Db) {
    db.close().await;
    database.remove().await;
}

databases! {
    // A new table comes into backups by itself, unless it is put on the list of those that do not.
    async fn every_table_is_in_a_backup_or_left_out_on_purpose(db: Db) {
        let tables = back_up(&db).await.content();
        let known: BTreeSet<&str> =
            tables.keys().map(String::as_str).chain(LEFT_OUT.iter().map(|(table, _)| *table)).collect();
        let sql = if db.is_embedded() {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        } else {
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'"
        };
        let there: Vec<(String,)> = db.fetch_all(sql, &[]).await.unwrap();
        let there: BTreeSet<&str> =
            there.iter().map(|(name,)| name.as_str()).filter(|name| *name != "_sqlx_migrations").collect();
        assert_eq!(there, known, "tables, and what is in a backup or on the list");
        assert!(tables.keys().all(|table| LEFT_OUT.iter().all(|(left_out, _)| left_out != table)));
    }

    // A reference to a row that may be missing must be let go, or no backup with it can be restored.
    async fn nothing_in_a_backup_refers_to_what_is_not(db: Db) {
        let sql = if db.is_embedded() {
            "SELECT t.name, f.\"from\", f.\"table\" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
             WHERE t.type = 'table'"
        } else {
            "SELECT CAST(t.relname AS TEXT), CAST(a.attname AS TEXT), CAST(o.relname AS TEXT) FROM pg_constraint f
             JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (f.conkey) WHERE f.contype = 'f'"
        };
        let references: Vec<(String, String, String)> = db.fetch_all(sql, &[]).await.unwrap();
        assert!(references.len() > 20, "{references:?}");
        let is_left_out = |name: &str| LEFT_OUT.iter().any(|(table, _)| *table == name);
        let may_miss = |name: &str| is_left_out(name) || FILTERED.iter().any(|(table, _)| *table == name);
        let loose: BTreeSet<(&str, &str, &str)> = references
            .iter()
            .map(|(from, column, to)| (from.as_str(), column.as_str(), to.as_str()))
            .filter(|(from, _, to)| !is_left_out(from) && may_miss(to))
            .collect();
        assert_eq!(loose, LOOSE.iter().copied().collect());
    }

    // Those that were made before anything was let go.
    async fn a_reference_to_a_letter_that_is_not_there_is_let_go(db: Db) {
        much(&db).await;
        let mut backup = back_up(&db).await;
        let (table, _, rows) = backup.tables.iter_mut().find(|(table, ..)| table.name == "feedback_answers").unwrap();
        let letter = table.columns.iter().position(|column| column.name == "letter_id").unwrap();
        assert_eq!((&rows[0][letter], &rows[1][letter]), (&Value::from(1), &Value::Null));
        rows[1][letter] = Value::from(2);
        let (database, copy) = another(&db).await;
        backup.restore(&copy, NOW, "copy", NOW).await;
        let letters = letters_of_answers(&copy).await;
        assert_eq!((letters[0].1.as_deref(), letters[1].1.as_deref()), (Some("sent"), None));
        gone(database, copy).await;
    }

    async fn an_archive_says_nothing_of_what_is_never_in_one(db: Db) {
        let backup = back_up(&db).await;
        let table = |name: &str, columns: &[(&str, Kind)]| Table {
            name: name.into(),
            columns: columns.iter().map(|(name, kind)| Column { name: (*name).into(), kind: *kind }).collect(),
        };
        let life = table("life", &[
            ("id", Kind::Number),
            ("name", Kind::Text),
            ("restored_at", Kind::Number),
            ("backup_at", Kind::Number),
            ("held", Kind::Truth),
        ]);
        for more in [life, backup.tables[0].0.clone()] {
            let tables: Vec<Table> = backup.tables.iter().map(|(table, ..)| table.clone()).chain([more]).collect();
            let target = Restoring::begin(&db, backup.migration, &tables).await.unwrap();
            assert!(matches!(target, Target::Unlike), "{target:?}");
        }
    }

    async fn no_table_is_altered_while_a_backup_is_made(db: Db) {
        let Taken::Snapshot(snapshot) = Snapshot::take(&db).await.unwrap() else { panic!("no snapshot") };
        let alter = async || {
            let mut tx = db.begin().await.unwrap();
            if tx.is_shared() {
                tx.execute("SET LOCAL lock_timeout = '200ms'", &[]).await.unwrap();
            }
            let altered = tx.execute("ALTER TABLE caught ADD COLUMN more BIGINT", &[]).await.is_ok();
            tx.commit().await.unwrap();
            altered
        };
        // SQLite goes on reading what was.
        assert_eq!(alter().await, db.is_embedded());
        let known = snapshot.tables.iter().find(|table| table.name == "caught").unwrap();
        assert!(known.columns.iter().all(|column| column.name != "more"));
        drop(snapshot);
        assert_eq!(alter().await, !db.is_embedded());
    }

    async fn a_backup_is_of_one_moment_whatever_is_written_meanwhile(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 10).await;
        let Taken::Snapshot(mut snapshot) = Snapshot::take(&db).await.unwrap() else { panic!("no snapshot") };
        add_recipients(&db, &anna, 30).await;
        someone(&db, "boris").await;
        for (name, rows) in [("users", 1), ("recipients", 10)] {
            let table = snapshot.tables.iter().find(|table| table.name == name).unwrap().clone();
            assert_eq!(snapshot.each_row(&table, |_| Ok(())).await.unwrap(), rows);
        }
    }

    async fn only_an_empty_database_takes_one(db: Db) {
        much(&db).await;
        let backup = back_up(&db).await;
        assert!(matches!(backup.put_into(&db).await, Target::HasData(_)));
        let before = backup.content();
        let (database, empty) = another(&db).await;
        // As it is after a start: with a link to set it up.
        installation::allow_setup(&empty, "token", NOW).await.unwrap();
        let Target::Ready(mut restoring) = backup.put_into(&empty).await else { panic!("it is not taken") };
        let (table, _, rows) = backup.tables.iter().find(|(table, ..)| table.name == "users").unwrap();
        restoring.load(table, rows).await.unwrap();
        // Half of it is nothing.
        drop(restoring);
        let after = back_up(&empty).await.content();
        assert!(after["users"].is_empty() && after["groups"].len() == 4);
        empty.execute("DROP TABLE _sqlx_migrations", &[]).await.unwrap();
        assert!(matches!(backup.put_into(&empty).await, Target::Foreign(_)));
        gone(database, empty).await;
        assert_eq!(back_up(&db).await.content(), before);
    }

    async fn of_two_that_restore_at_once_one_does(db: Db) {
        much(&db).await;
        let backup = std::sync::Arc::new(back_up(&db).await);
        let (database, copy) = another(&db).await;
        let restore = || {
            let (backup, copy) = (backup.clone(), copy.clone());
            tokio::spawn(async move {
                let Target::Ready(mut restoring) = backup.put_into(&copy).await else { return false };
                for (table, _, rows) in &backup.tables {
                    restoring.load(table, rows).await.unwrap();
                }
                let origin = Origin { backup_at: NOW, name: "copy".into() };
                matches!(restoring.finish(&origin, NOW).await.unwrap(), Restored::Done(..))
            })
        };
        let (one, other) = tokio::join!(restore(), restore());
        assert!(one.unwrap() != other.unwrap(), "the second finds what the first has put there");
        assert_eq!(back_up(&copy).await.content()["deliveries"].len(), 700);
        gone(database, copy).await;
    }

    async fn what_was_under_way_holds_still(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 10).await;
        let resend = plan(&db, &anna, "2026-11-24T06:00Z", "", "daily").await;
        db.execute("UPDATE mailings SET on_unknown = 'resend'", &[]).await.unwrap();
        let run = tick(&db, NOW).await[0];
        let claims = deliveries::claim(&db, run, "node", DeliveryId(0), 4, NOW).await.unwrap();
        let sent = [outcome(resend, run, &claims[0], DeliveryState::Sent, NOW)];
        settle(&db, &sent, Source::Sender, NOW).await.unwrap();
        // Another run is in its time to undo, and another whose window ends; another is being called off.
        let undo = plan(&db, &anna, "", "", "once").await;
        runs::demand(&db, &anna, undo, "key", minutes(1), NOW).await.unwrap();
        let ending = plan(&db, &anna, "", "", "once").await;
        runs::demand(&db, &anna, ending, "key", minutes(1), NOW).await.unwrap();
        let sql = "UPDATE runs SET ends_at = $1 WHERE mailing_id = $2";
        db.execute(sql, &[&NOW.plus(DAY), &ending]).await.unwrap();
        let off = plan(&db, &anna, "", "", "once").await;
        runs::demand(&db, &anna, off, "key", Duration::ZERO, NOW).await.unwrap();
        tick(&db, NOW).await;
        let off_run = runs::newest(&db, &anna, off).await.unwrap().unwrap().id;
        control::cancel(&db, &anna, off_run, NOW).await.unwrap();
        let user = users::find(&db, anna.user()).await.unwrap().unwrap();
        let address = address(&user.email).unwrap();
        let letter = letter(&user, &address, "k");
        letters::enqueue(&db, &letter, NOW).await.unwrap();

        let backup = back_up(&db).await;
        let (database, copy) = another(&db).await;
        let restored_at = NOW.plus(DAY * 3);
        assert_eq!(backup.restore(&copy, NOW, "copy", restored_at).await, Quieted { unknown: 3, paused: 3 });
        let run_of = newest(&copy, &anna, resend).await;
        assert_eq!((run_of.state, run_of.counts.sent, run_of.counts.unknown), (RunState::Paused, 1, 3));
        assert_eq!(letters::pending(&copy).await.unwrap(), 0);
        letters::enqueue(&copy, &letter, NOW).await.unwrap();

        // Held: nothing fires, begins, expands or is claimed; not even what a person lets go on.
        let look = restored_at.plus(DAY);
        let begun = runs::newest(&copy, &anna, undo).await.unwrap().unwrap();
        assert_eq!(begun.state, RunState::Paused);
        for run in [run, begun.id] {
            assert_eq!(control::resume(&copy, &anna, run).await.unwrap(), Controlled::Done);
        }
        assert!(expansion::expanding(&copy).await.unwrap().is_empty());
        assert!(tick(&copy, look).await.is_empty());
        assert!(runs::open(&copy, look).await.unwrap().is_empty());
        assert_eq!(newest(&copy, &anna, undo).await.state, RunState::Planned);
        assert_eq!(runs::next_due(&copy).await.unwrap(), None);
        assert!(letters::claim(&copy, 10, look, look).await.unwrap().is_empty());
        while deliveries::end_waiting(&copy, look).await.unwrap() {}
        assert_eq!(newest(&copy, &anna, off).await.state, RunState::Cancelled, "what only ends goes on");
        assert_eq!(newest(&copy, &anna, ending).await.state, RunState::Planned, "it begins before it ends");

        // The word. What is not an administrator's does not count.
        let waiting = life::waiting(&copy, look).await.unwrap();
        assert_eq!((waiting.planned, waiting.passed, waiting.paused, waiting.going), (1, 1, 0, 3));
        let author = Author::at_console(look);
        assert_eq!(life::resume(&copy, Some(&anna), &author, "key").await.unwrap(), Changed::NotAllowed);
        assert_eq!(life::resume(&copy, None, &author, "key").await.unwrap(), Changed::Done);
        assert_eq!(life::resume(&copy, None, &author, "key").await.unwrap(), Changed::NotNow);
        let known = life::read(&copy).await.unwrap();
        assert_eq!((known.name.as_str(), known.held, known.backup_at), ("copy", false, Some(NOW)));
        // The word itself sets nothing off: the four days that have passed are noted as missed.
        assert!(tick(&copy, look).await.is_empty());
        let of_mailing = runs::of_mailing(&copy, &anna, resend, 10).await.unwrap();
        let missed = of_mailing.iter().filter(|run| run.state == RunState::Missed).count();
        assert_eq!(missed, 4);
        let planned = mailings::find(&copy, &anna, resend).await.unwrap().unwrap();
        assert!(planned.next_at.unwrap() > look);
        assert_eq!(letters::claim(&copy, 10, look, look).await.unwrap().len(), 1);
        // What waited goes; of those that the original had claimed, none, before someone decides so.
        assert_eq!(claim_all(&copy, run, look).await.len(), 6);
        assert_eq!(control::send_again(&copy, &anna, run, Again::Unknown, look).await.unwrap(), SentAgain::Waiting(3));
        // The one that had not begun begins as any other.
        assert_eq!(claim_all(&copy, begun.id, look).await.len(), 10);
        while deliveries::end_waiting(&copy, look).await.unwrap() {}
        let over = newest(&copy, &anna, ending).await;
        assert_eq!((over.state, over.counts.expired), (RunState::Completed, 10));
        for run in [begun.id, over.id] {
            let sql = "SELECT mail_domain, started_at FROM runs WHERE id = $1";
            let (domain, started): (String, Option<i64>) = copy.fetch_one(sql, &[&run]).await.unwrap();
            assert_eq!((domain.as_str(), started), ("vestnik.example", Some(look.0)));
        }
        assert_figures_agree(&copy).await;
        gone(database, copy).await;
    }

    async fn a_life_has_one_name(db: Db) {
        assert_eq!(life::enter(&db, "one").await.unwrap().name, "one");
        assert_eq!(life::enter(&db, "two").await.unwrap().name, "one");
    }
}
