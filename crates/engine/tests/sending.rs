//! The engine against a real SMTP conversation: everyone gets their mail once, and the ledger says what the server said
//! (S-15 to S-28).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{NOW, add_recipients, newest, number_of, plan, send_now, someone, start, until, until_over};
use vestnik_mail::address::EmailAddress;
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_model::UnixMillis;
use vestnik_model::clock::{Clock as _, SettableClock, SystemClock};
use vestnik_model::id::RecipientId;
use vestnik_model::mailing::{MailingDraft, MailingInput};
use vestnik_model::run::RunState;
use vestnik_store::ledger::{self, AttemptFilter};
use vestnik_store::letters::{self, NewLetter};
use vestnik_store::mailings::{Saved, Saving, Selection};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{databases, mailings, messages, outages, recipients, runs};

databases! {
    async fn everyone_gets_their_own_mail_once(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 500).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = plan(&db, &anna, "", "", "once", NOW).await;
        send_now(&db, &anna, mailing, SystemClock.now()).await;
        let run = until_over(&db, &anna, mailing).await;
        assert_eq!((run.counts.sent, run.counts.attempts(), run.counts.pending()), (500, 500, 0));

        let mut expected: Vec<String> = (1..=500).map(|n| format!("r{n}@example.org")).collect();
        expected.sort();
        assert_eq!(server.recipients(), expected);
        assert!(server.violations().is_empty(), "{:?}", server.violations());
        let accepted = server.accepted();
        let mut ids = std::collections::HashSet::new();
        for mail in &accepted {
            let parsed = mail_parser::MessageParser::new().parse(&mail.bytes).unwrap();
            let number = mail.to[0].trim_start_matches('r').split('@').next().unwrap().to_owned();
            assert_eq!(parsed.subject(), Some(format!("Для Имя {number}").as_str()));
            assert_eq!(mail.to.len(), 1, "one envelope for each recipient");
            assert!(parsed.body_html(0).unwrap().contains(&mail.to[0]));
            assert!(parsed.body_text(0).unwrap().contains(&mail.to[0]));
            assert_eq!(parsed.from().unwrap().first().unwrap().name(), Some("Анна"));
            assert_eq!(parsed.reply_to().unwrap().first().unwrap().address(), Some("anna@example.com"));
            ids.insert(parsed.message_id().unwrap().to_owned());
        }
        assert_eq!(ids.len(), 500);
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn later_is_tried_again_never_is_not_and_the_counts_agree(db: Db) {
        // A tenth is told "later" once, a twentieth "never".
        let behaviour = Behaviour::good()
            .on_if(Stage::Rcpt, |event: &Event| number_of(event) % 20 == 7, Action::reply("550 5.1.1 No such user"))
            .on_if(
                Stage::Rcpt,
                |event: &Event| number_of(event) % 10 == 3 && event.seen == 0,
                Action::reply("451 4.7.1 Greylisted, come back"),
            );
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 200).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = plan(&db, &anna, "", "", "once", NOW).await;
        send_now(&db, &anna, mailing, SystemClock.now()).await;
        let run = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((run.counts.sent, run.counts.failed), (190, 10));
        assert_eq!((run.counts.attempts_ok, run.counts.attempts_failed), (190, 30));
        assert_eq!(server.accepted().len(), 190);

        let filter = AttemptFilter::of(mailing);
        let attempts = ledger::batch_after(&db, &anna, &filter, vestnik_model::id::AttemptId(0), 1_000).await.unwrap();
        assert_eq!(attempts.len(), 220);
        let refused: Vec<_> = attempts.iter().filter(|attempt| attempt.code == Some(550)).collect();
        assert_eq!(refused.len(), 10);
        assert_eq!(refused[0].reply, "No such user");
        assert_eq!((refused[0].enhanced.as_deref(), refused[0].phase.as_str()), (Some("5.1.1"), "rcpt-to"));
        let retried: Vec<_> = attempts.iter().filter(|attempt| attempt.number == 2).collect();
        assert_eq!(retried.len(), 20);
        assert!(retried.iter().all(|attempt| attempt.successful));
        let groups = ledger::failures(&db, &anna, run.id, 10).await.unwrap();
        assert_eq!(groups.iter().map(|group| (group.code, group.count)).collect::<Vec<_>>(), [(Some(550), 10)]);
    }

    async fn a_daily_mailing_fires_when_the_clock_reaches_each_day(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 3).await;
        let clock = Arc::new(SettableClock::at(NOW));
        let engine = start(&db, clock.clone(), &server.url()).await;
        let mailing = plan(&db, &anna, "2026-11-24T08:00Z", "", "daily", NOW).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(newest(&db, &anna, mailing).await.is_none(), "it is not time yet");
        for day in 1..=2 {
            clock.advance(Duration::from_secs(86_400));
            until("the day's run is over", || async {
                let all = runs::of_mailing(&db, &anna, mailing, 10).await.unwrap();
                (all.len() == day && all.iter().all(|run| run.state == RunState::Completed)).then_some(())
            })
            .await;
            assert_eq!(server.accepted().len(), 3 * day);
        }
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn nothing_is_sent_past_the_end_of_the_window(db: Db) {
        let behaviour = Behaviour::good().on(Stage::Rcpt, Action::reply("450 4.2.1 Mailbox busy"));
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 20).await;
        let clock = Arc::new(SettableClock::at(NOW));
        let engine = start(&db, clock.clone(), &server.url()).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "2026-11-24T09:00Z", "once", NOW).await;
        until("everyone was tried", || async {
            newest(&db, &anna, mailing).await.filter(|run| run.counts.attempts_failed == 20)
        })
        .await;
        server.behave(Behaviour::good());
        clock.set(UnixMillis(NOW.0 + 7_200_000));
        let run = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((run.counts.expired, run.counts.sent), (20, 0));
        assert!(server.accepted().is_empty());
    }

    async fn a_server_that_is_away_costs_no_attempt_and_is_noticed_when_it_is_back(db: Db) {
        // A port that nobody listens on, until someone does.
        let reserved = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = reserved.local_addr().unwrap();
        drop(reserved);
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 30).await;
        let engine = start(&db, Arc::new(SystemClock), &format!("smtp://{address}?starttls=off")).await;
        let mailing = plan(&db, &anna, "", "", "once", NOW).await;
        send_now(&db, &anna, mailing, SystemClock.now()).await;
        until("the outage is noted", || async { (!outages::current(&db).await.unwrap().is_empty()).then_some(()) }).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let run = newest(&db, &anna, mailing).await.unwrap();
        let unreached = run.counts.attempts_failed;
        assert!((1..30).contains(&unreached), "only those at hand when it was noticed: {unreached}");
        assert_eq!((run.counts.attempts_ok, run.counts.pending()), (0, 30));

        let server = FaultServer::start_on(address, Behaviour::good()).await.unwrap();
        let run = until_over(&db, &anna, mailing).await;
        assert_eq!((run.counts.sent, run.counts.attempts_ok), (30, 30));
        assert!(outages::current(&db).await.unwrap().is_empty());
        assert_eq!(server.accepted().len(), 30);
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn a_graceful_stop_loses_nothing_and_the_next_process_goes_on(db: Db) {
        let server = FaultServer::start(Behaviour::good().on(Stage::Dot, Action::Delay(Duration::from_millis(50)))).await.unwrap();
        server.accept_only(50);
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 600).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = plan(&db, &anna, "", "", "once", NOW).await;
        send_now(&db, &anna, mailing, SystemClock.now()).await;
        until("some are sent", || async {
            newest(&db, &anna, mailing).await.filter(|run| run.counts.sent == 50)
        })
        .await;
        // What is at the server when the engine is told to stop is answered then.
        tokio::join!(engine.stop(), async { server.accept_all() });
        assert_figures_agree(&db).await;
        let run = newest(&db, &anna, mailing).await.unwrap();
        assert!(run.counts.pending() > 0, "it was stopped in the middle");
        assert_eq!(run.counts.unknown, 0);
        assert_eq!(run.counts.sent as usize, server.accepted().len());

        server.behave(Behaviour::good());
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let run = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((run.counts.sent, run.counts.attempts()), (600, 600));
        assert_eq!(server.accepted().len(), 600);
    }

    async fn a_stop_while_the_server_is_silent_leaves_nothing_unknown(db: Db) {
        let server = FaultServer::start(Behaviour::good().on(Stage::Rcpt, Action::Silence)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 100).await;
        let mailing = plan(&db, &anna, "", "", "once", NOW).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        send_now(&db, &anna, mailing, SystemClock.now()).await;
        until("the server was spoken to", || async { (server.connections() >= 4).then_some(()) }).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let run = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((run.counts.sent, run.counts.unknown), (100, 0));
        assert_eq!(server.accepted().len(), 100);
    }

    async fn a_small_mailing_does_not_wait_for_a_large_one(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        server.accept_only(200);
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 10_000).await;
        let large = plan(&db, &anna, "", "", "once", NOW).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        send_now(&db, &anna, large, SystemClock.now()).await;
        until("the large one is going", || async {
            newest(&db, &anna, large).await.filter(|run| run.counts.sent == 200)
        })
        .await;
        let first: Vec<RecipientId> =
            recipients::batch_after(&db, &anna, RecipientId(0), 10).await.unwrap().iter().map(|r| r.id).collect();
        let message = messages::list(&db, &anna, None, 1).await.unwrap().rows[0].id;
        let input = MailingInput {
            message_id: Some(message), audience: "chosen", time_zone: "UTC", ..MailingInput::default()
        };
        let draft = MailingDraft::parse(&input, NOW).unwrap();
        let saving = Saving::at(NOW, "key");
        let saved = mailings::create(&db, &anna, &draft, &Selection::Ids(first), &saving).await.unwrap();
        let Saved::Saved(small) = saved
        else { panic!("not saved") };
        send_now(&db, &anna, small, SystemClock.now()).await;
        until("the small one is claimed", || async {
            newest(&db, &anna, small).await.filter(|run| run.state == RunState::Sending)
        })
        .await;
        server.accept_all();
        until_over(&db, &anna, small).await;
        // The first ten of the large one, who had theirs before, get another message now.
        let accepted = server.accepted();
        let last = accepted.iter().rposition(|mail| accepted.iter().filter(|other| other.to == mail.to).count() == 2);
        let last = last.unwrap();
        assert!(last < 9_000, "the small one ended after {last} messages of both");
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn letters_of_the_service_go_out_and_are_tried_again(db: Db) {
        let behaviour = Behaviour::good().once(Stage::Rcpt, Action::reply("550 5.1.1 No such user"));
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        for (address, key) in [("gone@example.com", "one"), ("anna@example.com", "two")] {
            let recipient = EmailAddress::parse(address).unwrap();
            let letter = NewLetter {
                user: anna.user(), kind: "confirm", recipient: &recipient, recipient_name: "Анна",
                subject: "Подтвердите адрес", text: "https://vestnik.example/confirm/1", html: "", key,
            };
            letters::enqueue(&db, &letter, SystemClock.now()).await.unwrap();
            until("the letter is done", || async { (letters::pending(&db).await.unwrap() == 0).then_some(()) }).await;
        }
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!(server.recipients(), ["anna@example.com"]);
        let mail = &server.accepted()[0];
        let parsed = mail_parser::MessageParser::new().parse(&mail.bytes).unwrap();
        assert_eq!(parsed.subject(), Some("Подтвердите адрес"));
        assert!(parsed.header("Auto-Submitted").is_some());
    }
}
