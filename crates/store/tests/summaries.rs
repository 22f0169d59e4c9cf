//! Summaries of runs by domain and by answer say what a count of the ledger would (S-29 to S-31).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::BTreeMap;

use common::{DAY, NOW, claim_all, draft, minutes, outcome, plan, someone, tick};
use vestnik_model::delivery::DeliveryState::{self, Failed, Pending, Sent, Unknown};
use vestnik_model::id::{DeliveryId, MailingId, RunId};
use vestnik_model::reason::Reason;
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::breakdown::{self, Coverage, RunsOf};
use vestnik_store::control::{self, Again};
use vestnik_store::deliveries::{self, Claimed};
use vestnik_store::reports::Span;
use vestnik_store::settle::{Outcome, Source, settle};
use vestnik_store::{Db, databases, mailings, recipients, runs, summaries};

/// Code, enhanced code, kind of error, reply and phase.
type AttemptRow = (Option<i64>, Option<String>, String, String, String);

/// So many people at each of these domains, in turns.
async fn people_at(db: &Db, actor: &Actor, count: usize, domains: usize) {
    let drafts: Vec<_> = (0..count).map(|n| draft(&format!("r{n}@d{}.example", n % domains), "", "")).collect();
    recipients::add_all(db, actor, &drafts, NOW).await.unwrap();
}

async fn begun(db: &Db, actor: &Actor, end: &str) -> (MailingId, RunId) {
    let mailing = plan(db, actor, "2026-11-24T06:00Z", end, "once").await;
    (mailing, tick(db, NOW).await[0])
}

/// What a server answered.
fn said(
    of: (MailingId, RunId),
    claimed: &Claimed,
    state: DeliveryState,
    code: i64,
    words: &str,
    at: UnixMillis,
) -> Outcome {
    let mut made = outcome(of.0, of.1, claimed, state, at);
    let attempt = made.attempt.as_mut().unwrap();
    let (enhanced, text) = words.split_once(' ').unwrap_or((words, ""));
    (attempt.code, attempt.enhanced) = (Some(code), Some(enhanced.to_owned()).filter(|code| !code.is_empty()));
    attempt.reply = text.to_owned().into();
    made
}

/// What the janitor does at a time. Answers how many were made.
async fn sum_up(db: &Db, now: UnixMillis) -> usize {
    let mut made = 0;
    for due in summaries::due(db, now, 100).await.unwrap() {
        made += usize::from(summaries::make(db, &due, now).await.unwrap());
    }
    made
}

type OfDomains = BTreeMap<String, [i64; 4]>;
type OfReplies = BTreeMap<(String, i64, String), [i64; 4]>;

/// The same, counted from the ledger row by row.
async fn counted(db: &Db, run: RunId) -> (OfDomains, OfReplies) {
    let (mut domains, mut replies) = (OfDomains::new(), OfReplies::new());
    let deliveries: Vec<(i64, String, DeliveryState)> =
        db.fetch_all("SELECT id, email, state FROM deliveries WHERE run_id = $1", &[&run]).await.unwrap();
    let place = |state| [Sent, Failed, DeliveryState::Expired, Unknown].iter().position(|other| *other == state);
    for (id, email, state) in deliveries {
        if state.is_final() {
            let row = domains.entry(email.rsplit_once('@').unwrap().1.to_owned()).or_default();
            if let Some(place) = place(state) {
                row[place] += 1;
            }
        }
        let attempts: Vec<AttemptRow> = db
            .fetch_all(
                "SELECT code, enhanced, error_kind, reply, phase FROM attempts WHERE delivery_id = $1 AND NOT successful AND NOT stale ORDER BY id",
                &[&id],
            )
            .await
            .unwrap();
        let last = attempts.len();
        for (number, (code, enhanced, error, reply, phase)) in attempts.into_iter().enumerate() {
            let reason = Reason::of(code, enhanced.as_deref(), &error, &reply, &phase).to_string();
            let row = replies.entry((reason, code.unwrap_or(0), enhanced.unwrap_or_default() + &error)).or_default();
            row[0] += 1;
            if let Some(place) = place(state).filter(|place| *place > 0 && number + 1 == last) {
                row[place] += 1;
            }
        }
    }
    (domains, replies)
}

async fn shown(db: &Db, actor: &Actor, of: RunsOf) -> (OfDomains, OfReplies) {
    let domains = breakdown::by_domain(db, actor, of, 1_000).await.unwrap();
    let replies = breakdown::by_reply(db, actor, of, 1_000).await.unwrap();
    (
        domains.into_iter().map(|row| (row.domain, [row.sent, row.failed, row.expired, row.unknown])).collect(),
        replies
            .into_iter()
            .map(|row| {
                let key = (row.reason.to_string(), row.code, row.enhanced + &row.error.error_kind);
                (key, [row.attempts, row.failed, row.expired, row.unknown])
            })
            .collect(),
    )
}

fn today() -> RunsOf {
    RunsOf::Span(Span { from: NOW.minus(minutes(7 * 60)), until: NOW.plus(minutes(17 * 60)) })
}

databases! {
    async fn a_summary_is_a_count_of_the_ledger(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        people_at(&db, &anna, 60, 7).await;
        let of = begun(&db, &anna, "2026-11-24T09:00Z").await;
        let run = RunsOf::Mailing(of.0);
        assert_eq!(sum_up(&db, NOW).await, 0, "nothing has happened yet");
        // So there is nothing to wait for, however long the mail server is away.
        let nothing = Coverage { runs: 1, ..Coverage::default() };
        assert_eq!(breakdown::coverage(&db, &anna, run).await.unwrap(), nothing);

        // Two are lost with their node; one of them turns out to have been sent after all, the other refused.
        let lost = deliveries::claim(&db, of.1, "lost", DeliveryId(0), 2, NOW).await.unwrap();
        let unknown: Vec<_> = lost.iter().map(|claim| outcome(of.0, of.1, claim, Unknown, NOW)).collect();
        settle(&db, &unknown, Source::Takeover, NOW).await.unwrap();
        assert_eq!(breakdown::coverage(&db, &anna, run).await.unwrap(), Coverage { waiting: 1, ..nothing });
        let claims = claim_all(&db, of.1, NOW).await;
        let outcomes: Vec<_> = claims
            .iter()
            .enumerate()
            .map(|(n, claim)| match n % 6 {
                0 => said(of, claim, Failed, 550, "5.1.1 No such user", NOW),
                1 => said(of, claim, Failed, 550, " Sorry, mailbox full", NOW),
                2 => said(of, claim, Pending, 451, "4.7.1 Greylisted", NOW.plus(minutes(5))),
                3 if n < 20 => said(of, claim, Unknown, 250, "", NOW),
                _ => said(of, claim, Sent, 250, "2.0.0 Ok", NOW),
            })
            .collect();
        settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();

        // While it goes on it is summed up as well, at most twice a minute, and only when something has happened.
        assert_eq!((sum_up(&db, NOW).await, sum_up(&db, NOW).await), (1, 0));
        assert_eq!(shown(&db, &anna, run).await, counted(&db, of.1).await);
        let going = Coverage { as_of: Some(NOW), unsent: 20, ..nothing };
        assert_eq!(breakdown::coverage(&db, &anna, run).await.unwrap(), going);
        assert_eq!(sum_up(&db, NOW.plus(minutes(1))).await, 0);
        let told: Vec<_> = lost
            .iter()
            .zip([Sent, Failed])
            .map(|(claim, state)| said(of, claim, state, if state == Sent { 250 } else { 554 }, "5.7.1 Spam", NOW))
            .collect();
        settle(&db, &told, Source::Journal, NOW).await.unwrap();

        // The greylisted ones go out or run out of time.
        let later = NOW.plus(minutes(10));
        let again = deliveries::claim(&db, of.1, "node", DeliveryId(0), 4, later).await.unwrap();
        let outcomes: Vec<_> = again.iter().map(|claim| said(of, claim, Sent, 250, "2.0.0 Ok", later)).collect();
        settle(&db, &outcomes, Source::Sender, later).await.unwrap();
        let end = NOW.plus(minutes(180));
        while deliveries::end_waiting(&db, end).await.unwrap() {}
        let found = runs::find(&db, &anna, of.1).await.unwrap().unwrap();
        assert!(found.finished_at.is_some() && found.counts.expired > 0 && found.counts.unknown > 0);
        assert_eq!((sum_up(&db, end).await, sum_up(&db, end.plus(DAY)).await), (1, 0));
        let (domains, replies) = counted(&db, of.1).await;
        assert_eq!(shown(&db, &anna, run).await, (domains.clone(), replies.clone()));
        assert_eq!(shown(&db, &anna, today()).await, (domains.clone(), replies.clone()), "of all that began today");
        let sum = |place: usize| domains.values().map(|row| row[place]).sum::<i64>();
        let counts = found.counts;
        assert_eq!([sum(0), sum(1), sum(2), sum(3)], [counts.sent, counts.failed, counts.expired, counts.unknown]);
        assert_eq!(replies.values().map(|row| row[0]).sum::<i64>(), counts.attempts_failed);
        assert_eq!(replies.values().map(|row| row[1]).sum::<i64>(), counts.failed);
        let all = Coverage { unsent: counts.failed + counts.expired, ..nothing };
        assert_eq!(breakdown::coverage(&db, &anna, run).await.unwrap(), all);
        let rows = breakdown::by_reply(&db, &anna, run, 100).await.unwrap();
        let no_user = rows.iter().find(|row| row.enhanced == "5.1.1").unwrap();
        assert_eq!((no_user.reason, no_user.code, no_user.reply.as_str()), (Reason::NoAddress, 550, "No such user"));

        // Nothing of it is another's, or of other days.
        let none = (OfDomains::new(), OfReplies::new());
        assert_eq!(shown(&db, &boris, run).await, none);
        assert_eq!(shown(&db, &boris, today()).await, none);
        let yesterday = RunsOf::Span(Span { from: NOW.minus(DAY), until: NOW });
        assert_eq!(shown(&db, &anna, yesterday).await, none);
    }

    async fn what_is_sent_again_is_summed_up_anew(db: Db) {
        let anna = someone(&db, "anna").await;
        people_at(&db, &anna, 9, 3).await;
        let of = begun(&db, &anna, "").await;
        let claims = claim_all(&db, of.1, NOW).await;
        let outcomes: Vec<_> = claims.iter().map(|claim| said(of, claim, Failed, 550, "5.1.1 No", NOW)).collect();
        settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();
        assert_eq!(sum_up(&db, NOW).await, 1);
        let run = RunsOf::Mailing(of.0);
        assert_eq!(breakdown::by_domain(&db, &anna, run, 10).await.unwrap()[0].failed, 3);

        control::send_again(&db, &anna, of.1, Again::Failed, NOW.plus(minutes(1))).await.unwrap();
        let due = summaries::due(&db, NOW.plus(minutes(1)), 10).await.unwrap();
        let claims = claim_all(&db, of.1, NOW.plus(minutes(1))).await;
        let at = NOW.plus(minutes(2));
        let outcomes: Vec<_> = claims.iter().map(|claim| said(of, claim, Sent, 250, "2.0.0 Ok", at)).collect();
        settle(&db, &outcomes, Source::Sender, at).await.unwrap();
        // What was seen of a run that goes on is not taken for the whole when it is over meanwhile.
        for due in due {
            assert!(!summaries::make(&db, &due, at).await.unwrap());
        }
        assert_eq!(sum_up(&db, at).await, 1);
        let (domains, replies) = shown(&db, &anna, run).await;
        assert_eq!((domains.clone(), replies.clone()), counted(&db, of.1).await);
        assert_eq!(domains["d0.example"], [3, 0, 0, 0]);
        assert_eq!(replies.into_values().collect::<Vec<_>>(), [[9, 0, 0, 0]], "refused at first, and sent");
    }

    async fn of_many_domains_the_largest_are_named(db: Db) {
        let anna = someone(&db, "anna").await;
        let domains = summaries::DOMAINS + 60;
        people_at(&db, &anna, domains + 50, domains).await;
        let of = begun(&db, &anna, "").await;
        let claims = claim_all(&db, of.1, NOW).await;
        let outcomes: Vec<_> = claims
            .iter()
            .enumerate()
            .map(|(n, claim)| said(of, claim, Failed, 550, &format!("5.1.{n} Nobody {n}"), NOW))
            .collect();
        settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();
        assert_eq!(sum_up(&db, NOW).await, 1);
        let run = RunsOf::Mailing(of.0);
        let (by_domain, _) = shown(&db, &anna, run).await;
        assert_eq!(by_domain.len(), summaries::DOMAINS + 1);
        assert_eq!(by_domain.values().map(|row| row[1]).sum::<i64>() as usize, domains + 50, "none is lost");
        assert_eq!(by_domain["d0.example"][1], 2, "those with the most are named");
        let replies = breakdown::by_reply(&db, &anna, run, 1_000).await.unwrap();
        assert!(replies.len() <= summaries::REPLIES + Reason::ALL.len());
        assert_eq!(replies.iter().map(|row| row.failed).sum::<i64>() as usize, domains + 50);

        // A page names fewer, and says of how many the others are.
        let page = breakdown::by_domain(&db, &anna, run, 5).await.unwrap();
        assert_eq!((page.len(), page[5].domain.as_str()), (6, ""));
        assert_eq!(page.iter().map(|row| row.total).sum::<i64>() as usize, domains + 50);
        let page = breakdown::by_reply(&db, &anna, run, 3).await.unwrap();
        assert_eq!(page.iter().map(|row| row.failed).sum::<i64>() as usize, domains + 50);
        assert!(page.iter().filter(|row| row.code != summaries::OTHER_CODES).count() <= 3);
    }

    async fn what_is_deleted_takes_its_summaries_along(db: Db) {
        let anna = someone(&db, "anna").await;
        people_at(&db, &anna, 3, 1).await;
        let left = async |db: &Db| -> i64 {
            let sql = "SELECT (SELECT count(*) FROM run_summaries) + (SELECT count(*) FROM run_domains)
                + (SELECT count(*) FROM run_replies)";
            db.fetch_one::<(i64,)>(sql, &[]).await.unwrap().0
        };
        for _ in 0..2 {
            let of = begun(&db, &anna, "").await;
            let claims = claim_all(&db, of.1, NOW).await;
            let outcomes: Vec<_> = claims.iter().map(|claim| said(of, claim, Failed, 550, "5.1.1 No", NOW)).collect();
            settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();
        }
        let due = summaries::due(&db, NOW, 10).await.unwrap();
        assert_eq!((sum_up(&db, NOW).await, left(&db).await), (2, 6));
        for (count, rows) in [(1, 3), (0, 0)] {
            let mailing = mailings::list(&db, &anna, None, 1).await.unwrap().rows[0].mailing.id;
            mailings::delete(&db, &anna, mailing).await.unwrap();
            assert_eq!(left(&db).await, rows, "{count} mailings are left");
        }
        // Of runs that are gone meanwhile none is made.
        for due in due {
            assert!(!summaries::make(&db, &due, NOW.plus(DAY)).await.unwrap());
        }
        assert_eq!(left(&db).await, 0);
    }

    async fn two_nodes_do_not_make_the_same_summary(db: Db) {
        let anna = someone(&db, "anna").await;
        people_at(&db, &anna, 500, 5).await;
        let of = begun(&db, &anna, "").await;
        common::send_all(&db, of.0, of.1, NOW).await;
        let due = summaries::due(&db, NOW, 10).await.unwrap().remove(0);
        let make = || {
            let (db, due) = (db.clone(), due.clone());
            tokio::spawn(async move { summaries::make(&db, &due, NOW).await.unwrap() })
        };
        let both = [make(), make(), make()];
        for one in both {
            one.await.unwrap();
        }
        let rows = breakdown::by_domain(&db, &anna, RunsOf::Mailing(of.0), 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.sent).collect::<Vec<_>>(), [100; 5]);
        assert!(summaries::due(&db, NOW, 10).await.unwrap().is_empty());
    }
}
