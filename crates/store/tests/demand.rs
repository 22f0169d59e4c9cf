//! Runs on demand that are asked for more than once: a command that is repeated mails nobody twice.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{NOW, add_recipients, minutes, newest, plan, send_all, someone, tick};
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::run::RunState;
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::control::{self, Controlled};
use vestnik_store::runs::{Demanded, DemandedOnce, Repeat};
use vestnik_store::testing::TestDatabase;
use vestnik_store::{Db, databases, runs};

const ONCE: Repeat<'static> = Repeat { again: false, key: None };
const AGAIN: Repeat<'static> = Repeat { again: true, key: None };

fn named(key: &str) -> Repeat<'_> {
    Repeat { again: false, key: Some(key) }
}

fn again_named(key: &str) -> Repeat<'_> {
    Repeat { again: true, key: Some(key) }
}

async fn ask(db: &Db, actor: &Actor, mailing: MailingId, repeat: Repeat<'_>, now: UnixMillis) -> DemandedOnce {
    runs::demand_by_command(db, actor, mailing, "key", repeat, now).await.unwrap()
}

async fn begins(db: &Db, actor: &Actor, mailing: MailingId, repeat: Repeat<'_>, now: UnixMillis) -> RunId {
    match ask(db, actor, mailing, repeat, now).await {
        DemandedOnce::Asked(Demanded::Planned(run)) => run,
        other => panic!("not begun: {other:?}"),
    }
}

async fn finish(db: &Db, mailing: MailingId, run: RunId, now: UnixMillis) {
    tick(db, now).await;
    send_all(db, mailing, run, now).await;
}

fn later(count: u64) -> UnixMillis {
    NOW.plus(minutes(count))
}

databases! {
    async fn a_finished_run_is_not_followed_by_another(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 2).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        let run = begins(&db, &anna, mailing, ONCE, NOW).await;
        let goes_on = DemandedOnce::Asked(Demanded::Continues(run));
        assert_eq!(ask(&db, &anna, mailing, ONCE, NOW).await, goes_on, "planned");
        tick(&db, NOW).await;
        assert_eq!(ask(&db, &anna, mailing, ONCE, NOW).await, goes_on, "being sent");
        assert_eq!(ask(&db, &anna, mailing, AGAIN, NOW).await, goes_on, "one at a time");
        assert_eq!(control::pause(&db, &anna, run, NOW).await.unwrap(), Controlled::Done);
        assert_eq!(ask(&db, &anna, mailing, ONCE, NOW).await, goes_on, "paused");
        finish(&db, mailing, run, NOW).await;
        for minute in 1..=10 {
            assert_eq!(ask(&db, &anna, mailing, ONCE, later(minute)).await, DemandedOnce::AlreadyOver(run));
        }
        assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);

        let second = begins(&db, &anna, mailing, AGAIN, later(11)).await;
        finish(&db, mailing, second, later(11)).await;
        assert_eq!(ask(&db, &anna, mailing, ONCE, later(12)).await, DemandedOnce::AlreadyOver(second));
        assert_eq!(newest(&db, &anna, mailing).await.counts.sent, 2);
    }

    async fn a_key_begins_one_run(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        let other = plan(&db, &anna, "", "", "once").await;
        let first = begins(&db, &anna, mailing, again_named("monday"), NOW).await;
        let goes_on = DemandedOnce::Asked(Demanded::Continues(first));
        assert_eq!(ask(&db, &anna, mailing, again_named("monday"), NOW).await, goes_on);
        assert_eq!(ask(&db, &anna, mailing, named("tuesday"), NOW).await, goes_on, "whoever asks gets what is sent");
        assert_eq!(ask(&db, &anna, mailing, again_named("tuesday"), NOW).await, DemandedOnce::Busy(first));
        finish(&db, mailing, first, NOW).await;
        for repeat in [again_named("monday"), named("monday"), named("wednesday"), ONCE] {
            assert_eq!(ask(&db, &anna, mailing, repeat, later(1)).await, DemandedOnce::AlreadyOver(first), "{repeat:?}");
        }
        let second = begins(&db, &anna, mailing, again_named("tuesday"), later(1)).await;
        finish(&db, mailing, second, later(1)).await;
        // Each of them knows its own run, also when another one is newer.
        assert_eq!(ask(&db, &anna, mailing, again_named("monday"), later(2)).await, DemandedOnce::AlreadyOver(first));
        assert_eq!(ask(&db, &anna, mailing, again_named("tuesday"), later(2)).await, DemandedOnce::AlreadyOver(second));
        // Keys are each mailing's own.
        begins(&db, &anna, other, named("monday"), later(2)).await;
        let boris = someone(&db, "boris").await;
        let not_found = DemandedOnce::Asked(Demanded::NotFound);
        assert_eq!(ask(&db, &boris, mailing, again_named("monday"), later(2)).await, not_found);
    }

    async fn of_many_that_ask_at_once_one_begins(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        for repeat in [ONCE, again_named("monday")] {
            let mailing = plan(&db, &anna, "", "", "once").await;
            // Not in the same millisecond, so that no constraint on times helps.
            let asked: Vec<_> = (0..8)
                .map(|n| {
                    let (db, anna, now) = (db.clone(), anna.clone(), UnixMillis(NOW.0 + n));
                    tokio::spawn(async move { ask(&db, &anna, mailing, repeat, now).await })
                })
                .collect();
            let mut begun = 0;
            for one in asked {
                begun += usize::from(matches!(one.await.unwrap(), DemandedOnce::Asked(Demanded::Planned(_))));
            }
            assert_eq!(begun, 1);
            assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
        }
    }

    async fn a_cancelled_run_counts_and_an_undone_one_does_not(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        let half_a_minute = Duration::from_secs(30);
        let Demanded::Planned(undone) = runs::demand(&db, &anna, mailing, "key", half_a_minute, NOW).await.unwrap()
        else { panic!("not planned") };
        assert!(runs::undo(&db, &anna, undone, NOW).await.unwrap());
        let cancelled = begins(&db, &anna, mailing, named("monday"), later(1)).await;
        assert_eq!(control::cancel(&db, &anna, cancelled, later(1)).await.unwrap(), Controlled::Done);
        let goes_on = DemandedOnce::Asked(Demanded::Continues(cancelled));
        assert_eq!(ask(&db, &anna, mailing, ONCE, later(1)).await, goes_on, "it is being cancelled");
        tick(&db, later(1)).await;
        vestnik_store::deliveries::end_waiting(&db, later(1)).await.unwrap();
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Cancelled);
        for repeat in [ONCE, named("monday"), again_named("monday")] {
            assert_eq!(ask(&db, &anna, mailing, repeat, later(2)).await, DemandedOnce::AlreadyOver(cancelled));
        }
        begins(&db, &anna, mailing, AGAIN, later(2)).await;
    }

    async fn scheduled_run_that_a_command_joins_counts_as_asked_for(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        for repeat in [ONCE, AGAIN, named("monday")] {
            let mailing = plan(&db, &anna, "2026-11-24T07:02Z", "", "daily").await;
            let scheduled = tick(&db, later(2)).await[0];
            assert_eq!(control::pause(&db, &anna, scheduled, later(2)).await.unwrap(), Controlled::Done);
            let goes_on = DemandedOnce::Asked(Demanded::Continues(scheduled));
            assert_eq!(ask(&db, &anna, mailing, repeat, later(2)).await, goes_on);
            assert!(!newest(&db, &anna, mailing).await.state.is_final());
            // Another key joins the run as well, and does not take the first one's place.
            assert_eq!(ask(&db, &anna, mailing, named("tuesday"), later(2)).await, goes_on);
            finish(&db, mailing, scheduled, later(2)).await;
            let key = repeat.key.unwrap_or("tuesday");
            for repeat in [ONCE, named(key), again_named(key)] {
                assert_eq!(ask(&db, &anna, mailing, repeat, later(3)).await, DemandedOnce::AlreadyOver(scheduled));
            }
            assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
            begins(&db, &anna, mailing, AGAIN, later(4)).await;
        }
    }

    async fn commands_that_join_a_run_while_it_ends_do_not_deadlock(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        for day in 0..8 {
            let mailing = plan(&db, &anna, "2026-11-24T07:02Z", "", "once").await;
            let now = later(2 + day);
            let scheduled = tick(&db, now).await[0];
            let joining: Vec<_> = (0..4)
                .map(|_| {
                    let (db, anna) = (db.clone(), anna.clone());
                    tokio::spawn(async move { ask(&db, &anna, mailing, named("monday"), now).await })
                })
                .collect();
            send_all(&db, mailing, scheduled, now).await;
            for one in joining {
                one.await.unwrap();
            }
        }
    }

    async fn runs_of_a_schedule_do_not_count(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T07:02Z", "2026-11-24T08:00Z", "once").await;
        let scheduled = tick(&db, later(2)).await[0];
        send_all(&db, mailing, scheduled, later(2)).await;
        let run = begins(&db, &anna, mailing, ONCE, later(3)).await;
        finish(&db, mailing, run, later(3)).await;
        // Also when its window is over, so that whoever repeats the command learns that it was sent.
        assert_eq!(ask(&db, &anna, mailing, ONCE, later(90)).await, DemandedOnce::AlreadyOver(run));
        let window_over = DemandedOnce::Asked(Demanded::WindowOver);
        assert_eq!(ask(&db, &anna, mailing, AGAIN, later(90)).await, window_over);
    }
}

/// Runs from before they were told apart: what may have been asked for is not sent again by a repeated command.
async fn runs_that_are_there_already(database: TestDatabase) {
    let db = Db::open(&database.address()).await.unwrap();
    db.migrate_to(12).await.unwrap();
    let statements = [
        "INSERT INTO users (id, email, email_key, name, password_hash, language, time_zone, theme, confirmed_at, created_at)
         VALUES (1, 'anna@example.com', 'anna@example.com', 'Anna', 'hash', 'en', 'UTC', 'auto', 1, 1)",
        "INSERT INTO messages (id, owner_id, subject, html, text, created_at, updated_at)
         VALUES (1, 1, 'Hello', '', 'Text', 1, 1)",
        "INSERT INTO mailings (id, owner_id, name, message_id, audience, starts_at, periodicity, time_zone, status,
            created_at, updated_at)
         VALUES (1, 1, 'by hand', 1, 'all', NULL, 'once', 'UTC', 'completed', 1, 1),
            (2, 1, 'by schedule', 1, 'all', 1000, 'daily', 'UTC', 'running', 1, 1)",
        "INSERT INTO runs (id, mailing_id, owner_id, occurrence_at, state, begins_at, key, audience, started_at, subject,
            html, text)
         VALUES (1, 1, 1, 1000, 'completed', 31000, 'a', 'all', 31000, '', '', ''),
            (2, 1, 1, 2000, 'cancelled', 32000, 'b', 'all', NULL, '', '', ''),
            (3, 2, 1, 1000, 'completed', 1002, 'c', 'all', 1002, '', '', ''),
            (4, 2, 1, 5000, 'completed', 5000, 'd', 'all', 5000, '', '', ''),
            (5, 2, 1, 6000, 'missed', 6000, 'e', 'all', NULL, '', '', ''),
            -- From a page, between two occurrences; half a minute to undo.
            (6, 2, 1, 86400123, 'completed', 86430123, 'f', 'all', 86430200, '', '', ''),
            -- From a page, by chance in the very millisecond of a minute.
            (7, 2, 1, 86461000, 'completed', 86491000, 'g', 'all', 86491100, '', '', ''),
            -- Days later, when the process came back.
            (8, 2, 1, 86401000, 'completed', 259200017, 'h', 'all', 259200017, '', '', ''),
            -- By a command, when the place of that millisecond was taken.
            (9, 2, 1, 172860999, 'completed', 172860998, 'i', 'all', 172860998, '', '', ''),
            -- From a page, and undone.
            (10, 2, 1, 172860123, 'cancelled', 172890123, 'j', 'all', NULL, '', '', '')",
    ];
    for sql in statements {
        db.execute(sql, &[]).await.unwrap();
    }
    db.migrate().await.unwrap();
    let asked: Vec<(i64,)> = db.fetch_all("SELECT id FROM runs WHERE on_demand ORDER BY id", &[]).await.unwrap();
    assert_eq!(asked, [(1,), (4,), (6,), (7,), (9,)]);
    db.close().await;
    database.remove().await;
}

#[tokio::test]
async fn runs_that_are_there_already_on_sqlite() {
    runs_that_are_there_already(TestDatabase::sqlite()).await;
}

#[tokio::test]
async fn runs_that_are_there_already_on_postgres() {
    runs_that_are_there_already(TestDatabase::postgres().await).await;
}
