//! What begins at once with storing a mailing, and what is asked about first (S-15).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{DAY, NOW, add_recipients, minutes, newest, send_all, someone, status, tick};
use vestnik_model::mailing::{MailingDraft, MailingInput, MailingStatus};
use vestnik_model::message::MessageDraft;
use vestnik_model::run::RunState;
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::mailings::{LateStart, Saved, Saving, Selection};
use vestnik_store::{Db, databases, mailings, messages, runs};

const UNDO: Duration = Duration::from_secs(30);

fn saving(late_start: LateStart) -> Saving<'static> {
    Saving { undo: UNDO, late_start, ..Saving::at(NOW, "key") }
}

async fn draft(db: &Db, actor: &Actor, start: &str, repeat: &str) -> MailingDraft {
    let message = MessageDraft::parse("Menu", "", "Text").unwrap();
    let message = messages::create(db, actor, &message, NOW).await.unwrap();
    let input = MailingInput {
        message_id: Some(message),
        starts_at: start,
        periodicity: repeat,
        time_zone: "UTC",
        ..MailingInput::default()
    };
    MailingDraft::parse(&input, NOW).unwrap()
}

databases! {
    async fn start_that_has_passed_begins_after_the_time_to_undo(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 2).await;
        let draft = draft(&db, &anna, "2026-11-24T06:00Z", "once").await;
        let saved = mailings::create(&db, &anna, &draft, &Selection::All, &saving(LateStart::Ask)).await.unwrap();
        let Saved::Begins(mailing, run) = saved else { panic!("{saved:?}") };
        let planned = newest(&db, &anna, mailing).await;
        assert_eq!((planned.id, planned.state, planned.begins_at), (run, RunState::Planned, NOW.plus(UNDO)));
        assert_eq!((planned.planned_at, planned.occurrence_at), (NOW, UnixMillis(NOW.0 - 3_600_000)));
        assert!(tick(&db, NOW).await.is_empty(), "the scheduler makes no second one");
        tick(&db, NOW.plus(UNDO).minus(Duration::from_millis(1))).await;
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Planned);
        tick(&db, NOW.plus(UNDO)).await;
        send_all(&db, mailing, run, NOW.plus(UNDO)).await;
        assert_eq!(newest(&db, &anna, mailing).await.counts.sent, 2);
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Completed);
    }

    async fn what_was_undone_can_be_planned_anew(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mut draft = draft(&db, &anna, "2026-11-24T06:00Z", "once").await;
        let saved = mailings::create(&db, &anna, &draft, &Selection::All, &saving(LateStart::Ask)).await.unwrap();
        let Saved::Begins(mailing, run) = saved else { panic!("{saved:?}") };
        assert!(runs::undo(&db, &anna, run, NOW).await.unwrap());
        assert_eq!(status(&db, &anna, mailing).await, MailingStatus::Created);
        // The same schedule is not fired anew by a change of the name.
        let saved = mailings::update(&db, &anna, mailing, &draft, None, None, &saving(LateStart::Ask)).await.unwrap();
        assert_eq!(saved, Saved::Saved(mailing));
        tick(&db, NOW.plus(DAY)).await;
        assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
        // Another end is another schedule with the same occurrence.
        draft.ends_at = Some(NOW.plus(DAY));
        let saved = mailings::update(&db, &anna, mailing, &draft, None, None, &saving(LateStart::Ask)).await.unwrap();
        let Saved::Begins(_, again) = saved else { panic!("{saved:?}") };
        assert_ne!(again, run);
        tick(&db, NOW.plus(UNDO)).await;
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Sending);
    }

    async fn start_more_than_a_day_past_is_asked_about_with_its_numbers(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 3).await;
        let draft = draft(&db, &anna, "2025-11-24T07:00Z", "once").await;
        let create = async |late| mailings::create(&db, &anna, &draft, &Selection::All, &saving(late)).await.unwrap();
        let asked = Saved::Late { days: 365, recipients: 3 };
        assert_eq!(create(LateStart::Ask).await, asked);
        assert_eq!(create(LateStart::AgreedFor(2)).await, asked, "the list has grown since");
        assert_eq!(mailings::count(&db, &anna).await.unwrap(), 0, "nothing is stored");
        assert!(matches!(create(LateStart::AgreedFor(3)).await, Saved::Begins(..)));
        assert!(matches!(create(LateStart::Allowed).await, Saved::Begins(..)));
    }

    async fn repeating_mailing_begins_with_its_latest_occurrence(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let draft = draft(&db, &anna, "2026-11-20T10:00Z", "daily").await;
        let saved = mailings::create(&db, &anna, &draft, &Selection::All, &saving(LateStart::Allowed)).await.unwrap();
        let Saved::Begins(mailing, _) = saved else { panic!("{saved:?}") };
        let found = mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
        assert_eq!(found.next_at, Some(NOW.plus(minutes(180))), "today's");
        let runs = runs::of_mailing(&db, &anna, mailing, 10).await.unwrap();
        let occurrences: Vec<_> = runs.iter().map(|run| (run.state, run.occurrence_at)).collect();
        let yesterday = UnixMillis(NOW.plus(minutes(180)).0 - 86_400_000);
        assert_eq!(occurrences, [(RunState::Planned, yesterday)], "those before it are no missed ones");
    }

    async fn edit_that_moves_the_start_into_the_past_can_be_undone_and_is_asked_about(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let ahead = draft(&db, &anna, "2026-11-25T10:00Z", "once").await;
        let saved = mailings::create(&db, &anna, &ahead, &Selection::All, &saving(LateStart::Ask)).await.unwrap();
        let Saved::Saved(mailing) = saved else { panic!("{saved:?}") };
        let update = async |start, late| {
            let draft = draft(&db, &anna, start, "once").await;
            mailings::update(&db, &anna, mailing, &draft, None, None, &saving(late)).await.unwrap()
        };
        assert_eq!(update("2026-10-25T10:00Z", LateStart::Ask).await, Saved::Late { days: 29, recipients: 1 });
        let found = mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
        assert_eq!((found.starts_at, found.version), (ahead.start.map(|start| start.at), 1), "nothing is stored");
        assert!(matches!(update("2026-11-24T06:00Z", LateStart::Ask).await, Saved::Begins(..)));
        let run = newest(&db, &anna, mailing).await;
        assert_eq!((run.state, run.begins_at), (RunState::Planned, NOW.plus(UNDO)));
        // While that one waits, another change of the schedule makes no second one.
        assert_eq!(update("2026-11-24T06:30Z", LateStart::Ask).await, Saved::Saved(mailing));
        assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
    }

    async fn time_of_day_in_a_gap_is_kept(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let draft = draft(&db, &anna, "2027-03-28 02:30", "daily").await;
        let berlin = MailingInput {
            message_id: Some(draft.message_id), starts_at: "2027-03-28 02:30", periodicity: "daily",
            time_zone: "Europe/Berlin", ..MailingInput::default()
        };
        let draft = MailingDraft::parse(&berlin, NOW).unwrap();
        let saved = mailings::create(&db, &anna, &draft, &Selection::All, &saving(LateStart::Ask)).await.unwrap();
        let Saved::Saved(mailing) = saved else { panic!("{saved:?}") };
        let found = async || mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
        let half_past_three = found().await.next_at.unwrap();
        assert_eq!(half_past_three.to_string(), "2027-03-28T01:30:00Z");
        assert_eq!(tick(&db, half_past_three).await.len(), 1);
        assert_eq!(found().await.next_at.unwrap().to_string(), "2027-03-29T00:30:00Z", "half past two");
        // The same form saved again changes nothing of it.
        let saved = mailings::update(&db, &anna, mailing, &draft, None, None, &saving(LateStart::Ask)).await.unwrap();
        assert_eq!((saved, found().await.next_at.unwrap().to_string()), (Saved::Saved(mailing), "2027-03-29T00:30:00Z".to_owned()));
    }

    async fn of_two_edits_of_a_version_the_second_is_told(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let draft = draft(&db, &anna, "", "once").await;
        let saved = mailings::create(&db, &anna, &draft, &Selection::All, &saving(LateStart::Ask)).await.unwrap();
        let Saved::Saved(mailing) = saved else { panic!("{saved:?}") };
        let save = |name: &str, version| {
            let draft = MailingDraft { name: name.to_owned(), ..draft.clone() };
            let (db, anna) = (db.clone(), anna.clone());
            async move {
                mailings::update(&db, &anna, mailing, &draft, None, version, &saving(LateStart::Ask)).await.unwrap()
            }
        };
        let (one, two) = tokio::join!(save("One", Some(1)), save("Two", Some(1)));
        let mut both = [one, two];
        both.sort_by_key(|saved| *saved == Saved::Changed);
        assert_eq!(both, [Saved::Saved(mailing), Saved::Changed]);
        assert_eq!(save("Three", Some(2)).await, Saved::Saved(mailing));
        assert_eq!(save("Four", Some(2)).await, Saved::Changed);
        assert_eq!(save("Five", None).await, Saved::Saved(mailing), "whatever it has become");
        assert_eq!(mailings::find(&db, &anna, mailing).await.unwrap().unwrap().name, "Five");
    }
}
