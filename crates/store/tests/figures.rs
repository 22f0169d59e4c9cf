//! Figures by quarters of an hour say what the ledger says, whatever happens (S-29, S-30).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, add_recipients, minutes, newest, outcome, plan, someone, tick};
use vestnik_model::delivery::DeliveryState::{self, Expired, Failed, Pending, Sent, Skipped, Unknown};
use vestnik_model::id::{DeliveryId, MailingId, RunId};
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::control::{self, Again};
use vestnik_store::deliveries::{self, Claimed};
use vestnik_store::figures::Figures;
use vestnik_store::mailings::Deleted;
use vestnik_store::settle::{Outcome, Source, settle};
use vestnik_store::testing::{TestDatabase, assert_figures_agree};
use vestnik_store::{Db, databases, mailings, reports};

const QUARTER: i64 = 900_000;

/// The figures of the quarters of an hour from 07:00 on, the last of them that has any first.
async fn quarters(db: &Db, actor: &Actor) -> Vec<Figures> {
    let bounds: Vec<UnixMillis> = (0..=12).map(|quarter| UnixMillis(NOW.0 + quarter * QUARTER)).collect();
    let mut found = reports::by_day(db, actor, &bounds).await.unwrap();
    while found.last() == Some(&Figures::default()) {
        found.pop();
    }
    found
}

async fn claim(db: &Db, run: RunId, node: &str, count: i64, now: UnixMillis) -> Vec<Claimed> {
    deliveries::claim(db, run, node, DeliveryId(0), count, now).await.unwrap()
}

/// Settles claims with an attempt each.
async fn ended(db: &Db, of: (MailingId, RunId), claims: &[Claimed], state: DeliveryState, at: UnixMillis, by: Source) {
    let outcomes: Vec<Outcome> = claims.iter().map(|claimed| outcome(of.0, of.1, claimed, state, at)).collect();
    settle(db, &outcomes, by, at).await.unwrap();
}

databases! {
    async fn each_quarter_says_what_happened_in_it(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 10).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "2026-11-24T08:00Z", "once").await;
        let run = tick(&db, NOW).await[0];
        let of = (mailing, run);

        // 07:00: three have it, one refuses for good, two are to be tried again, one is lost with its node.
        let claims = claim(&db, run, "lost", 1, NOW).await;
        ended(&db, of, &claims, Unknown, NOW, Source::Takeover).await;
        let lost = claims;
        let claims = claim(&db, run, "here", 6, NOW).await;
        ended(&db, of, &claims[..3], Sent, NOW.plus(minutes(1)), Source::Sender).await;
        ended(&db, of, &claims[3..4], Failed, NOW.plus(minutes(14)), Source::Sender).await;
        ended(&db, of, &claims[4..], Pending, NOW.plus(minutes(14)), Source::Sender).await;
        let first = Figures {
            attempts_ok: 3, attempts_failed: 4, sent: 3, failed: 1, unknown: 1, ..Figures::default()
        };
        assert_eq!(quarters(&db, &anna).await, [first]);

        // 07:15: of the two, one has it now; its recipient removed, another is skipped without an attempt.
        let later = NOW.plus(minutes(15));
        let claims = claim(&db, run, "here", 5, later).await;
        let again = claims.iter().position(|claimed| claimed.number == 2).unwrap();
        ended(&db, of, &claims[again..again + 1], Sent, later, Source::Sender).await;
        let skipped = &claims[usize::from(again == 0)];
        let skipped = Outcome { attempt: None, due_at: None, ..outcome(mailing, run, skipped, Skipped, NOW) };
        settle(&db, &[skipped], Source::Sender, later).await.unwrap();
        let second = Figures { attempts_ok: 1, sent: 1, skipped: 1, ..Figures::default() };
        assert_eq!(quarters(&db, &anna).await, [first, second]);
        // A process that is gone gives back what it had not begun.
        deliveries::release(&db, "here").await.unwrap();

        // 08:00, the end of the window: the rest is too late.
        let end = NOW.plus(minutes(60));
        while deliveries::end_waiting(&db, end).await.unwrap() {}
        let over = Figures { expired: 3, ..Figures::default() };
        let none = Figures::default();
        assert_eq!(quarters(&db, &anna).await, [first, second, none, none, over]);

        // 08:15: the lost node's journal tells that it had been sent, at twenty past seven.
        let told = outcome(mailing, run, &lost[0], Sent, NOW.plus(minutes(20)));
        settle(&db, &[told], Source::Journal, NOW.plus(minutes(75))).await.unwrap();
        let first = Figures { unknown: 0, ..first };
        let second = Figures { attempts_ok: 2, sent: 2, ..second };
        assert_eq!(quarters(&db, &anna).await, [first, second, none, none, over]);
        assert_eq!(newest(&db, &anna, mailing).await.counts.sent, 5);

        // What is taken up again is taken out of the quarters in which it had ended.
        db.execute("UPDATE mailings SET ends_at = NULL", &[]).await.unwrap();
        let last = NOW.plus(minutes(90));
        control::send_again(&db, &anna, run, Again::NotReached, last).await.unwrap();
        let first = Figures { failed: 0, ..first };
        assert_eq!(quarters(&db, &anna).await, [first, second]);
        control::cancel(&db, &anna, run, last).await.unwrap();
        while deliveries::end_waiting(&db, last).await.unwrap() {}
        let called_off = Figures { cancelled: 4, ..none };
        assert_eq!(quarters(&db, &anna).await, [first, second, none, none, none, none, called_off]);
        assert_figures_agree(&db).await;
    }

    async fn whatever_happens_the_figures_are_a_count_of_the_ledger(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 150).await;
        let mut runs = Vec::new();
        for _ in 0..3 {
            let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
            runs.push((mailing, tick(&db, NOW).await[0]));
        }
        // A walk that is the same each time (xorshift).
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % below as u64).unwrap()
        };
        let mut now = NOW;
        let mut claimed: Vec<(&'static str, (MailingId, RunId), Claimed)> = Vec::new();
        let mut gone: Vec<((MailingId, RunId), Claimed)> = Vec::new();
        let mut seen = [false; 6];
        let mut learned = 0;
        for _ in 0..300 {
            now = now.plus(minutes(random(9) as u64));
            let of = runs[random(3)];
            match random(12) {
                0..=2 => {
                    let node = ["one", "two"][random(2)];
                    claimed.extend(claim(&db, of.1, node, 6, now).await.into_iter().map(|claim| (node, of, claim)));
                }
                // Some results of one node, in one commit, of any of the runs; perhaps of claims taken from it since.
                3 | 4 => {
                    let mut outcomes = Vec::new();
                    while !claimed.is_empty() && random(5) > 0 {
                        let (_, of, claim) = claimed.swap_remove(random(claimed.len()));
                        let state = [Sent, Sent, Pending, Pending, Failed, Unknown, Expired, Skipped][random(8)];
                        let made = outcome(of.0, of.1, &claim, state, now);
                        let untried = matches!(state, Expired | Skipped) || state == Pending && random(2) == 0;
                        outcomes.push(if untried { Outcome { attempt: None, due_at: None, ..made } } else { made });
                    }
                    settle(&db, &outcomes, Source::Sender, now).await.unwrap();
                }
                // A node is lost: its claims are unknown, or sent again, and it comes back with its journal.
                5 | 6 => {
                    let node = ["one", "two"][random(2)];
                    let (lost, kept) = std::mem::take(&mut claimed).into_iter().partition(|(by, ..)| *by == node);
                    claimed = kept;
                    let lost: Vec<_> = lost;
                    let state = [Unknown, Pending][random(2)];
                    let outcomes: Vec<_> =
                        lost.iter().map(|(_, of, claim)| outcome(of.0, of.1, claim, state, now)).collect();
                    settle(&db, &outcomes, Source::Takeover, now).await.unwrap();
                    gone.extend(lost.into_iter().map(|(_, of, claim)| (of, claim)));
                }
                7 | 8 => {
                    let told: Vec<_> = gone.drain(gone.len() / 2..).collect();
                    let outcomes: Vec<_> = told
                        .iter()
                        .map(|(of, claim)| outcome(of.0, of.1, claim, [Sent, Failed, Pending, Unknown][random(4)], now))
                        .collect();
                    let by = [Source::Journal, Source::Sender][random(2)];
                    let stale = settle(&db, &outcomes, by, now).await.unwrap();
                    learned += outcomes.len() - stale;
                    if random(3) == 0 {
                        deliveries::release(&db, ["one", "two"][random(2)]).await.unwrap();
                    }
                }
                9 | 10 => {
                    let which = [Again::Failed, Again::NotReached, Again::Unknown][random(3)];
                    control::send_again(&db, &anna, of.1, which, now).await.unwrap();
                }
                _ => match random(8) {
                    0 => drop(control::cancel(&db, &anna, of.1, now).await.unwrap()),
                    1 | 2 => drop(control::pause(&db, &anna, of.1, now).await.unwrap()),
                    3 | 4 => drop(control::resume(&db, &anna, of.1).await.unwrap()),
                    _ => while deliveries::end_waiting(&db, now).await.unwrap() {},
                },
            }
            tick(&db, now).await;
            assert_figures_agree(&db).await;
            let all = reports::by_day(&db, &anna, &[NOW, now.plus(minutes(15))]).await.unwrap()[0];
            assert_eq!(all.sent, all.attempts_ok);
            let counts = [all.sent, all.failed, all.expired, all.skipped, all.unknown, all.cancelled];
            seen.iter_mut().zip(counts).for_each(|(seen, count)| *seen |= count > 0);
        }
        assert_eq!(seen, [true; 6], "the walk came by every state");
        assert!(learned > 20, "and by nodes that came back and knew better: {learned}");
    }

    async fn nodes_that_count_at_once_do_not_wait_for_each_other(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 400).await;
        let mut runs = Vec::new();
        for _ in 0..3 {
            let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
            runs.push((mailing, tick(&db, NOW).await[0]));
        }
        let node = |name: &'static str, turn: usize| {
            let (db, mut runs) = (db.clone(), runs.clone());
            // Each comes upon the runs in an order of its own, and upon four quarters of an hour in each commit.
            runs.rotate_left(turn % 3);
            tokio::spawn(async move {
                for _ in 0..25 {
                    let mut outcomes = Vec::new();
                    for (quarter, (mailing, run)) in runs.iter().cycle().take(6).enumerate() {
                        let at = NOW.plus(minutes(15 * ((quarter + turn) % 4) as u64));
                        let claims = claim(&db, *run, name, 2, NOW).await;
                        outcomes.extend(claims.iter().map(|claim| outcome(*mailing, *run, claim, Sent, at)));
                    }
                    settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();
                }
            })
        };
        let nodes = ["one", "two", "three", "four"].into_iter().enumerate().map(|(turn, name)| node(name, turn));
        for node in nodes.collect::<Vec<_>>() {
            node.await.unwrap();
        }
        assert_figures_agree(&db).await;
        let sent: i64 = quarters(&db, &anna).await.iter().map(|figures| figures.sent).sum();
        assert_eq!(sent, 1_200);
    }

    async fn two_presses_of_a_button_take_up_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 300).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let claims = claim(&db, run, "here", 300, NOW).await;
        ended(&db, (mailing, run), &claims, Failed, NOW, Source::Sender).await;
        let press = || {
            let (db, anna) = (db.clone(), anna.clone());
            tokio::spawn(async move { control::send_again(&db, &anna, run, Again::Failed, NOW).await.unwrap() })
        };
        let presses = [press(), press(), press(), press()];
        for press in presses {
            press.await.unwrap();
        }
        let counts = newest(&db, &anna, mailing).await.counts;
        assert_eq!((counts.failed, counts.pending()), (0, 300));
    }

    async fn what_is_deleted_takes_its_figures_along(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let mut sent = Vec::new();
        for person in [&anna, &boris] {
            add_recipients(&db, person, 3).await;
            for _ in 0..2 {
                let mailing = plan(&db, person, "2026-11-24T06:00Z", "", "once").await;
                let run = tick(&db, NOW).await[0];
                common::send_all(&db, mailing, run, NOW).await;
                sent.push(mailing);
            }
        }
        assert_eq!(mailings::delete(&db, &anna, sent[0]).await.unwrap(), Deleted::Gone);
        assert_eq!(quarters(&db, &anna).await[0].sent, 3);
        assert_eq!(quarters(&db, &boris).await[0].sent, 6);
        db.execute("UPDATE users SET deleted_at = 1 WHERE id = $1", &[&boris.user()]).await.unwrap();
        vestnik_store::erasure::erase_deleted(&db, NOW).await.unwrap();
        let (left,): (i64,) = db.fetch_one("SELECT count(*) FROM figures", &[]).await.unwrap();
        assert_eq!(left, 1);
        assert_figures_agree(&db).await;
    }
}

/// What an installation of before has is counted when it is brought up to date.
async fn counts_what_is_there(database: TestDatabase) {
    let db = Db::open(&database.address()).await.unwrap();
    db.migrate_to(4).await.unwrap();
    let day = NOW.0;
    for sql in [
        "INSERT INTO users (id, email, email_key, name, password_hash, language, time_zone, theme, created_at)
         VALUES (1, 'a@b.c', 'a@b.c', 'Анна', '', 'ru', 'UTC', 'auto', 0)",
        "INSERT INTO messages VALUES (1, 1, 's', '', '', 0, 0)",
        "INSERT INTO mailings (id, owner_id, name, message_id, audience, periodicity, time_zone, status, created_at,
            updated_at) VALUES (1, 1, 'Осень', 1, 'all', 'once', 'UTC', 'completed', 0, 0)",
        "INSERT INTO runs (id, mailing_id, owner_id, occurrence_at, state, begins_at, key, audience, finished_at, subject,
            html, text, recipients, sent, failed, expired, unknown, attempts_ok, attempts_failed)
         VALUES (1, 1, 1, 0, 'completed', 0, '', 'all', {day} + 7200000, '', '', '', 6, 2, 1, 2, 1, 2, 4)",
        "INSERT INTO deliveries (id, run_id, recipient_id, email, state, due_at, attempts) VALUES
            (1, 1, 1, '', 'sent', 0, 2), (2, 1, 2, '', 'sent', 0, 1), (3, 1, 3, '', 'failed', 0, 1),
            (4, 1, 4, '', 'expired', 0, 1), (5, 1, 5, '', 'expired', 0, 0), (6, 1, 6, '', 'unknown', 0, 1)",
        "INSERT INTO attempts (delivery_id, run_id, mailing_id, number, at, successful, unknown, reply, phase, server,
            duration_ms, stale) VALUES
            (1, 1, 1, 1, {day}, FALSE, FALSE, '', '', '', 0, FALSE),
            (1, 1, 1, 2, {day} + 899999, TRUE, FALSE, '', '', '', 0, FALSE),
            (2, 1, 1, 1, {day} + 900000, TRUE, FALSE, '', '', '', 0, FALSE),
            (3, 1, 1, 1, {day} + 900000, FALSE, FALSE, '', '', '', 0, FALSE),
            (4, 1, 1, 1, {day}, FALSE, FALSE, '', '', '', 0, FALSE),
            (6, 1, 1, 1, {day} + 900001, FALSE, TRUE, '', '', '', 0, FALSE),
            (6, 1, 1, 1, {day} + 1900000, TRUE, FALSE, '', '', '', 0, TRUE)",
    ] {
        db.execute(sqlx::AssertSqlSafe(sql.replace("{day}", &day.to_string())), &[]).await.unwrap();
    }
    db.migrate().await.unwrap();
    assert_figures_agree(&db).await;
    let user = vestnik_store::users::find(&db, vestnik_model::id::UserId(1)).await.unwrap().unwrap();
    let found = quarters(&db, &Actor::of(&user)).await;
    let first = Figures { attempts_ok: 1, attempts_failed: 2, sent: 1, ..Figures::default() };
    let second = Figures { attempts_ok: 1, attempts_failed: 2, sent: 1, failed: 1, unknown: 1, ..Figures::default() };
    assert_eq!((found[0], found[1], found[8].expired), (first, second, 2), "the window ended at nine");
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_counts_what_is_there_on_sqlite() {
    counts_what_is_there(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_counts_what_is_there_on_postgres() {
    counts_what_is_there(TestDatabase::postgres().await).await;
}
