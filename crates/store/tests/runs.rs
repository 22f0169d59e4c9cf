//! Mailings fire, runs expand and end (S-07 to S-20).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{DAY, NOW, add_recipients, claim_all, minutes, newest, plan, plan_for, send_all, someone, status, tick};
use vestnik_model::UnixMillis;
use vestnik_model::mailing::{MailingDraft, MailingInput, MailingStatus};
use vestnik_model::message::MessageDraft;
use vestnik_model::run::RunState;
use vestnik_store::expansion::{self, Expanded};
use vestnik_store::mailings::{Deleted, Saved, Saving, Selection};
use vestnik_store::runs::{Demanded, Fired};
use vestnik_store::{databases, mailings, messages, runs};

databases! {
    async fn a_mailing_made_inside_of_its_window_fires_at_once_and_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 3).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "2026-11-24T08:00Z", "once").await;
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Created);
        let fired = tick(&db, NOW).await;
        assert_eq!(fired.len(), 1);
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Running);
        assert!(tick(&db, NOW).await.is_empty());
        send_all(&db, mailing, fired[0], NOW).await;
        let run = newest(&db, &anna, mailing).await;
        assert_eq!((run.state, run.counts.recipients, run.counts.sent), (RunState::Completed, 3, 3));
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Completed);
    }

    async fn a_mailing_planned_ahead_waits_for_its_start(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T07:02Z", "", "once").await;
        assert!(tick(&db, NOW).await.is_empty());
        assert_eq!(runs::next_due(&db).await.unwrap(), Some(NOW.plus(minutes(2))));
        assert!(tick(&db, NOW.plus(minutes(2)).minus(Duration::from_millis(1))).await.is_empty());
        assert_eq!(tick(&db, NOW.plus(minutes(2))).await.len(), 1);
        assert_eq!(newest(&db, &anna, mailing).await.counts.recipients, 1);
    }

    async fn a_mailing_whose_window_is_over_never_fires(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let message = messages::create(&db, &anna, &MessageDraft::parse("News", "", "Text").unwrap(), NOW).await.unwrap();
        let input = MailingInput {
            message_id: Some(message), starts_at: "2026-11-24T05:00Z", ends_at: "2026-11-24T06:00Z", periodicity: "daily",
            time_zone: "UTC", ..Default::default()
        };
        let draft = MailingDraft::parse(&input, NOW).unwrap();
        let saved = mailings::create(&db, &anna, &draft, &Selection::All, &Saving::at(NOW, "key")).await.unwrap();
        let Saved::Saved(mailing) = saved else { panic!("{saved:?}") };
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Completed);
        assert!(tick(&db, NOW).await.is_empty());
        assert!(tick(&db, NOW.plus(10 * DAY)).await.is_empty());
        let demanded = runs::demand(&db, &anna, mailing, "key", Duration::ZERO, NOW).await.unwrap();
        assert_eq!(demanded, Demanded::WindowOver);
    }

    async fn a_daily_mailing_fires_each_day_and_goes_on(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 2).await;
        let mailing = plan(&db, &anna, "2026-11-24T08:00Z", "", "daily").await;
        let mut fired = 0;
        // Two days, an hour at a time.
        for hour in 0..48 {
            let now = NOW.plus(minutes(hour * 60));
            for run in tick(&db, now).await {
                fired += 1;
                send_all(&db, mailing, run, now).await;
            }
        }
        assert_eq!(fired, 2);
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Running);
        let row = &mailings::list(&db, &anna, None, 10).await.unwrap().rows[0];
        assert_eq!((row.sent, row.run_done), (4, 2));
    }

    async fn occurrences_that_passed_unserved_are_missed_and_the_latest_runs(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T08:00Z", "", "daily").await;
        let fired = tick(&db, NOW.plus(3 * DAY)).await;
        assert_eq!(fired.len(), 1);
        let states: Vec<_> =
            runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().into_iter().rev().map(|run| run.state).collect();
        assert_eq!(states, [RunState::Missed, RunState::Missed, RunState::Sending]);
        let next = mailings::find(&db, &anna, mailing).await.unwrap().unwrap().next_at;
        assert_eq!(next, Some(NOW.plus(3 * DAY).plus(minutes(60))));
    }

    async fn a_window_that_ended_unserved_is_missed(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T08:00Z", "2026-11-24T09:00Z", "once").await;
        assert!(tick(&db, NOW.plus(DAY)).await.is_empty());
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Missed);
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Completed);
    }

    async fn two_schedulers_fire_an_occurrence_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "daily").await;
        let due = runs::due(&db, NOW, 10).await.unwrap();
        let fire = || async { runs::fire(&db, &due[0], "key", NOW).await.unwrap() };
        let (one, two, three) = tokio::join!(fire(), fire(), fire());
        let fired = [one, two, three].into_iter().filter(|fired| *fired != Fired::Nothing).count();
        assert_eq!(fired, 1);
        assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
    }

    async fn sending_now_can_be_undone_until_it_begins(db: Db) {
        let anna = someone(&db, "anna").await;
        let boris = someone(&db, "boris").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        let half_a_minute = Duration::from_secs(30);
        let Demanded::Planned(run) = runs::demand(&db, &anna, mailing, "key", half_a_minute, NOW).await.unwrap()
        else { panic!("not planned") };
        assert_eq!(runs::demand(&db, &anna, mailing, "key", half_a_minute, NOW).await.unwrap(), Demanded::Continues(run));
        assert_eq!(runs::demand(&db, &boris, mailing, "key", half_a_minute, NOW).await.unwrap(), Demanded::NotFound);
        assert!(tick(&db, NOW).await.is_empty());
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Planned);
        assert!(!runs::undo(&db, &boris, run, NOW).await.unwrap());
        assert!(runs::undo(&db, &anna, run, NOW).await.unwrap());
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Created);
        tick(&db, NOW.plus(minutes(1))).await;
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Cancelled);

        let later = NOW.plus(minutes(2));
        let Demanded::Planned(again) = runs::demand(&db, &anna, mailing, "key", half_a_minute, later).await.unwrap()
        else { panic!("not planned") };
        tick(&db, later.plus(half_a_minute)).await;
        assert!(!runs::undo(&db, &anna, again, later.plus(half_a_minute)).await.unwrap(), "it has begun");
    }

    async fn of_two_presses_of_the_button_one_sends(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        // Not in the same millisecond, so that no constraint helps.
        let press = |later: i64| {
            let (db, anna) = (db.clone(), anna.clone());
            let now = UnixMillis(NOW.0 + later);
            async move { runs::demand(&db, &anna, mailing, "key", Duration::ZERO, now).await.unwrap() }
        };
        let presses: Vec<_> = (0..8).map(|later| tokio::spawn(press(later))).collect();
        let mut planned = 0;
        for pressed in presses {
            planned += usize::from(matches!(pressed.await.unwrap(), Demanded::Planned(_)));
        }
        assert_eq!(planned, 1);
        assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
    }

    async fn a_schedule_set_right_does_not_send_again_what_was_sent(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00:30Z", "", "daily").await;
        let run = tick(&db, NOW).await[0];
        send_all(&db, mailing, run, NOW).await;
        let found = mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
        let save = |start: &'static str, name: &'static str| {
            let input = MailingInput {
                name, message_id: Some(found.message_id), starts_at: start, periodicity: "daily", time_zone: "UTC",
                ..Default::default()
            };
            let draft = MailingDraft::parse(&input, NOW).unwrap();
            let (db, anna) = (db.clone(), anna.clone());
            async move { mailings::update(&db, &anna, mailing, &draft, None, None, &Saving::at(NOW, "key")).await.unwrap() }
        };
        // A form that knows minutes only, saved with another name.
        assert_eq!(save("2026-11-24T06:00", "Renamed").await, Saved::Saved(mailing));
        assert!(tick(&db, NOW).await.is_empty());
        assert_eq!(save("2026-11-24T06:30", "Renamed").await, Saved::Saved(mailing));
        assert!(tick(&db, NOW).await.is_empty());
        let next = mailings::find(&db, &anna, mailing).await.unwrap().unwrap().next_at;
        assert_eq!(next, Some(NOW.plus(DAY).minus(minutes(30))));
    }

    async fn a_large_list_is_expanded_in_steps_each_recipient_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 45_000).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let due = runs::due(&db, NOW, 1).await.unwrap();
        let Fired::Run(run) = runs::fire(&db, &due[0], "key", NOW).await.unwrap() else { panic!("not fired") };
        runs::begin_due(&db, "vestnik.example", NOW).await.unwrap();
        let mut steps = 0;
        let done = loop {
            match expansion::expand(&db, run, NOW).await.unwrap() {
                Expanded::More => steps += 1,
                done => break done,
            }
        };
        assert_eq!(done, Expanded::Done { recipients: 45_000 });
        assert_eq!(steps, 3);
        assert_eq!(newest(&db, &anna, mailing).await.counts.recipients, 45_000);
        assert_eq!(claim_all(&db, run, NOW).await.len(), 45_000);
    }

    async fn only_those_who_are_chosen_get_it_and_never_anothers(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 12).await;
        add_recipients(&db, &boris, 5).await;
        let mine = common::all_ids(&db, &anna).await;
        let theirs = common::all_ids(&db, &boris).await;
        let both = Selection::Ids(vec![mine[0], mine[1], theirs[0]]);
        let matching = |search: &str, also: Vec<_>| Selection::Matching { search: search.into(), also };
        for (selection, count) in [
            (both, 2),
            (matching("r1", vec![]), 4),
            (matching("r1", vec![mine[0], mine[4], theirs[0]]), 5),
            (matching("", vec![]), 12),
        ] {
            let mailing = plan_for(&db, &anna, "", "", "once", &selection).await;
            let found = mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
            assert_eq!(mailings::audience_size(&db, &anna, &found).await.unwrap(), count, "{selection:?}");
            assert!(mailings::chosen(&db, &boris, mailing, 100).await.unwrap().is_empty());
        }
    }

    async fn a_mailing_in_use_is_not_deleted_and_one_without_recipients_not_made(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        assert_eq!(mailings::delete(&db, &anna, mailing).await.unwrap(), Deleted::Running);
        assert_eq!(mailings::delete(&db, &boris, mailing).await.unwrap(), Deleted::NotFound);
        send_all(&db, mailing, run, NOW).await;
        assert_eq!(mailings::delete(&db, &anna, mailing).await.unwrap(), Deleted::Gone);
        let message = messages::list(&db, &anna, None, 1).await.unwrap().rows[0].id;
        let input = MailingInput { message_id: Some(message), time_zone: "UTC", ..Default::default() };
        let draft = MailingDraft::parse(&input, NOW).unwrap();
        let empty = Selection::Ids(Vec::new());
        assert_eq!(mailings::create(&db, &anna, &draft, &empty, &Saving::at(NOW, "key")).await.unwrap(), Saved::NoRecipients);
        assert_eq!(mailings::create(&db, &boris, &draft, &Selection::All, &Saving::at(NOW, "key")).await.unwrap(), Saved::NoMessage);
        assert_eq!(mailings::count(&db, &anna).await.unwrap(), 0);
    }
}
