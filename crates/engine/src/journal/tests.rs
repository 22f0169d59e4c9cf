use super::*;
use vestnik_model::delivery::DeliveryState;
use vestnik_store::life::Life;

fn outcome(delivery: i64) -> Outcome {
    Outcome {
        delivery: DeliveryId(delivery),
        run: RunId(1),
        mailing: MailingId(1),
        epoch: 1,
        state: DeliveryState::Sent,
        due_at: None,
        excused: false,
        attempt: None,
    }
}

fn life(name: &str) -> Life {
    Life { name: name.to_owned(), restored_at: None, backup_at: None, held: false }
}

#[test]
fn a_journal_of_another_life_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::begin(folder.path(), "node", "one").unwrap();
    journal.hand_over(None, handed_over(1)).unwrap();
    drop(journal);
    assert!(left_behind(folder.path(), &life("other")).unwrap().is_empty());
    assert_eq!(of_other_lives(folder.path(), &life("other")).unwrap(), 1);
    assert_eq!(left_behind(folder.path(), &life("one")).unwrap().len(), 1);
    // As a version before lives wrote it: it belongs to the first.
    fs::write(lock_path(folder.path(), "node"), boot()).unwrap();
    let restored = Life { restored_at: Some(UnixMillis(1)), ..life("two") };
    assert!(left_behind(folder.path(), &restored).unwrap().is_empty());
    let left = left_behind(folder.path(), &life("one")).unwrap();
    assert!(left[0].complete);
    assert_eq!(left[0].records, [Record::HandedOver(handed_over(1))]);
}

fn handed_over(delivery: i64) -> HandedOver {
    HandedOver {
        delivery: DeliveryId(delivery),
        run: RunId(1),
        mailing: MailingId(1),
        epoch: 1,
        number: 1,
        excused: 0,
        at: UnixMillis(0),
        on_unknown: UnknownPolicy::Hold,
        recipient: 7,
    }
}

#[test]
fn of_each_claim_the_last_record_counts_and_a_torn_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::begin(folder.path(), "node", "one").unwrap();
    journal.hand_over(None, handed_over(1)).unwrap();
    journal.hand_over(Some(&outcome(1)), handed_over(2)).unwrap();
    journal.hand_over(None, handed_over(3)).unwrap();
    journal.answered(&outcome(3)).unwrap();
    journal.answered(&outcome(4)).unwrap();
    journal.lock().file.write_all(b"{\"d\":{\"delivery\":5,\"ru").unwrap();
    assert!(left_behind(folder.path(), &life("one")).unwrap().is_empty(), "its process lives");
    drop(journal);
    let mut left = left_behind(folder.path(), &life("one")).unwrap();
    assert_eq!(left.len(), 1);
    let left = left.remove(0);
    assert!(left.complete);
    assert_eq!(left.recipients.len(), 3);
    let mut records = left.records.clone();
    records.sort_by_key(Record::claim);
    let expected =
        [Record::Outcome(outcome(1).into()), Record::HandedOver(handed_over(2)), Record::Outcome(outcome(3).into())];
    assert_eq!(records, expected, "of 4 the ledger knows already, or it was never handed over");
    left.forget().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_was_being_rendered_is_read_back_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::begin(folder.path(), "node", "one").unwrap();
    let noted = |run, delivery| Noted { run: RunId(run), delivery };
    journal.preparing(0, RunId(7));
    for (connection, run, delivery) in [(2, 7, 70), (0, 8, 80), (2, 8, 81)] {
        journal.notes.rendering(connection, RunId(run), DeliveryId(delivery));
    }
    drop(journal);
    let left = left_behind(folder.path(), &life("one")).unwrap().remove(0);
    let expected = [noted(7, None), noted(8, Some(DeliveryId(80))), noted(8, Some(DeliveryId(81)))];
    assert_eq!(left.rendering, expected, "the last of each connection; one has rendered nothing");
    // A version before this one noted nothing.
    fs::remove_file(rendering::path(folder.path(), "node")).unwrap();
    drop(left);
    let left = left_behind(folder.path(), &life("one")).unwrap().remove(0);
    assert_eq!(left.rendering, []);
    left.forget().unwrap();
}

#[test]
fn segments_go_when_their_messages_are_in_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::begin(folder.path(), "node", "one").unwrap();
    let count = || names_in(folder.path()).unwrap().iter().filter(|name| name.ends_with(".log")).count();
    let mut waiting = Vec::new();
    for delivery in 0.. {
        journal.hand_over(None, handed_over(delivery)).unwrap();
        waiting.push(outcome(delivery));
        if count() == 3 {
            break;
        }
    }
    let (first, rest) = waiting.split_at(1);
    journal.committed(rest);
    assert_eq!(count(), 2, "the first segment still has one that counts, the last is being written");
    journal.committed(first);
    assert_eq!(count(), 1, "the one that is being written");
}

#[test]
fn an_outcome_that_a_version_before_error_kinds_wrote_is_read() {
    let line = r#"{"r":{"delivery":7,"run":1,"mailing":1,"epoch":1,"state":"pending","due_at":5,"excused":true,"attempt":
        {"number":1,"at":3,"successful":false,"unknown":false,"code":null,"enhanced":null,
        "reply":"the server closed the connection","phase":"data","server":"mx:25","tls":"","duration_ms":9}}}"#;
    let Record::Outcome(outcome) = serde_json::from_str(line).unwrap() else { panic!("an outcome") };
    let attempt = outcome.attempt.unwrap();
    assert_eq!(
        (attempt.reply.as_ref(), attempt.error, attempt.outage),
        ("the server closed the connection", None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn committed_outcomes_are_kept_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let keep = Duration::from_secs(600);
    let journal = Journal::begin(folder.path(), "node", "one").unwrap().keeping(keep);
    let count = || names_in(folder.path()).unwrap().iter().filter(|name| name.ends_with(".log")).count();
    let mut given = Vec::new();
    for delivery in 0.. {
        journal.hand_over(None, handed_over(delivery)).unwrap();
        // The recorder may be quicker than the connection.
        if delivery % 2 == 0 {
            journal.answered(&outcome(delivery)).unwrap();
            journal.committed(&[outcome(delivery)]);
        } else {
            journal.committed(&[outcome(delivery)]);
            journal.answered(&outcome(delivery)).unwrap();
        }
        given.push((outcome(delivery), 7));
        if count() == 3 {
            break;
        }
    }
    let kept: Vec<(Outcome, u64)> = journal.outcomes().flat_map(Result::unwrap).collect();
    assert_eq!(kept, given, "in their order, with their recipients");
    journal.forget_kept();
    assert_eq!(count(), 3);
    tokio::time::advance(keep).await;
    assert_eq!(count(), 3, "nothing expires by itself");
    journal.forget_kept();
    assert_eq!(count(), 1, "the one that is being written");
}
