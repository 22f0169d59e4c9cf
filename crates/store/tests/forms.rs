//! What was typed is neither taken twice nor lost.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{NOW, add_recipients, draft as recipient, plan, send_all, someone, tick};
use vestnik_model::id::MessageId;
use vestnik_model::message::MessageDraft;
use vestnik_store::kept_forms::{self, Keeping, Kept, LARGEST_SUM, LARGEST_SUM_OF_USER, LIFETIME, NewForm};
use vestnik_store::messages::Updated;
use vestnik_store::runs::Demanded;
use vestnik_store::submitted_forms::{self, FormHash};
use vestnik_store::{Db, databases, messages, recipients, runs};

fn message(subject: &str) -> MessageDraft {
    MessageDraft::parse(subject, "", "Text").unwrap()
}

async fn keep(db: &Db, form: NewForm<'_>) -> i64 {
    match kept_forms::keep(db, form, NOW).await.unwrap() {
        Keeping::Kept(id) => id,
        other => panic!("not kept: {other:?}"),
    }
}

databases! {
    async fn form_sent_eight_times_at_once_creates_one(db: Db) {
        let anna = someone(&db, "anna").await;
        let form = FormHash::of("/messages/new", "form=1&subject=Menu");
        let send = || {
            let (db, anna, form) = (db.clone(), anna.clone(), form.clone());
            async move { messages::create_once(&db, &anna, &message("Menu"), Some(&form), NOW).await.unwrap() }
        };
        let sent: Vec<_> = (0..8).map(|_| tokio::spawn(send())).collect();
        let mut created: Vec<MessageId> = Vec::new();
        for one in sent {
            created.push(one.await.unwrap());
        }
        assert!(created.iter().all(|id| *id == created[0]), "{created:?}");
        assert_eq!(messages::count(&db, &anna).await.unwrap(), 1);
    }

    async fn another_form_or_another_person_creates_another(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let form = FormHash::of("/messages/new", "form=1&subject=Menu");
        let first = messages::create_once(&db, &anna, &message("Menu"), Some(&form), NOW).await.unwrap();
        let changed = FormHash::of("/messages/new", "form=1&subject=Menu+2");
        assert_ne!(messages::create_once(&db, &anna, &message("Menu 2"), Some(&changed), NOW).await.unwrap(), first);
        let theirs = messages::create_once(&db, &boris, &message("Menu"), Some(&form), NOW).await.unwrap();
        assert_ne!(theirs, first);
        assert!(messages::find(&db, &boris, first).await.unwrap().is_none());
        // Without a form, each is another.
        assert_ne!(messages::create(&db, &anna, &message("Menu"), NOW).await.unwrap(), first);
        assert_eq!(submitted_forms::forget(&db, NOW).await.unwrap(), 0);
        assert_eq!(submitted_forms::forget(&db, NOW.plus(Duration::from_millis(1))).await.unwrap(), 3);
    }

    async fn form_that_created_nothing_can_be_sent_again(db: Db) {
        let anna = someone(&db, "anna").await;
        let form = FormHash::of("/recipients/new", "form=1");
        let vera = recipient("vera@example.org", "Vera", "");
        let recipients::Saved::Saved(first) = recipients::create(&db, &anna, &vera, NOW).await.unwrap()
        else { panic!("not saved") };
        let taken = recipients::Saved::EmailTaken(first);
        assert_eq!(recipients::create_once(&db, &anna, &vera, Some(&form), NOW).await.unwrap(), taken);
        assert_eq!(recipients::create_once(&db, &anna, &vera, Some(&form), NOW).await.unwrap(), taken);
        let other = recipient("other@example.org", "", "");
        let recipients::Saved::Saved(second) = recipients::create_once(&db, &anna, &other, Some(&form), NOW).await.unwrap()
        else { panic!("not saved") };
        let again = recipients::create_once(&db, &anna, &other, Some(&form), NOW).await.unwrap();
        assert_eq!(again, recipients::Saved::Saved(second));
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 2);
    }

    async fn button_pressed_again_after_the_run_does_not_send_again(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        let form = FormHash::of("/mailings/1/send", "form=1");
        let press = async || {
            runs::demand_once(&db, &anna, mailing, "key", Duration::ZERO, Some(&form), NOW).await.unwrap()
        };
        let Demanded::Planned(run) = press().await else { panic!("not planned") };
        tick(&db, NOW).await;
        send_all(&db, mailing, run, NOW).await;
        assert_eq!(press().await, Demanded::Repeated(run));
        assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
    }

    async fn button_that_joined_a_run_does_not_begin_another_after_it(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T07:00Z", "", "once").await;
        let form = FormHash::of("/mailings/1/send", "form=1");
        let press = async || {
            runs::demand_once(&db, &anna, mailing, "key", Duration::ZERO, Some(&form), NOW).await.unwrap()
        };
        let run = tick(&db, NOW).await[0];
        assert_eq!(press().await, Demanded::Continues(run));
        assert_eq!(press().await, Demanded::Repeated(run), "pressed twice");
        send_all(&db, mailing, run, NOW).await;
        assert_eq!(press().await, Demanded::Repeated(run));
        assert_eq!(runs::of_mailing(&db, &anna, mailing, 10).await.unwrap().len(), 1);
    }

    async fn message_changed_meanwhile_is_not_overwritten(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let id = messages::create(&db, &anna, &message("One"), NOW).await.unwrap();
        let save = async |subject: &str, version| {
            messages::update(&db, &anna, id, &message(subject), version, NOW).await.unwrap()
        };
        assert_eq!(save("Two", Some(1)).await, Updated::Done);
        assert_eq!(save("Three", Some(1)).await, Updated::Changed);
        let stored = messages::find(&db, &anna, id).await.unwrap().unwrap();
        assert_eq!((stored.subject.as_str(), stored.version), ("Two", 2));
        assert_eq!(save("Three", Some(2)).await, Updated::Done);
        assert_eq!(save("Four", None).await, Updated::Done);
        let theirs = messages::update(&db, &boris, id, &message("Five"), Some(4), NOW).await.unwrap();
        assert_eq!(theirs, Updated::NotFound);
    }

    async fn kept_form_is_seen_by_its_own_person_on_its_own_browser_for_an_hour(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let form = NewForm { browser: "cookie", user: anna.user(), path: "/messages/new", body: "subject=Menu" };
        let id = keep(&db, form).await;
        let kept = Kept { id, browser: "cookie", path: "/messages/new" };
        let found = async |actor, kept, now| kept_forms::find(&db, actor, kept, now).await.unwrap();
        assert_eq!(found(&anna, kept, NOW).await.as_deref(), Some("subject=Menu"));
        assert_eq!(found(&boris, kept, NOW).await, None);
        assert_eq!(found(&anna, Kept { browser: "another", ..kept }, NOW).await, None);
        assert_eq!(found(&anna, Kept { path: "/messages/1/edit", ..kept }, NOW).await, None);
        assert_eq!(found(&anna, Kept { id: id + 1, ..kept }, NOW).await, None);
        assert_eq!(found(&anna, kept, NOW.plus(LIFETIME)).await, None);
        let nobody = NewForm { user: vestnik_model::id::UserId(99), ..form };
        assert_eq!(kept_forms::keep(&db, nobody, NOW).await.unwrap(), Keeping::NoUser);
        assert_eq!(kept_forms::forget(&db, NOW).await.unwrap(), 0);
        assert_eq!(kept_forms::forget(&db, NOW.plus(Duration::from_millis(1))).await.unwrap(), 1);
    }

    async fn few_forms_are_kept_for_a_browser(db: Db) {
        let anna = someone(&db, "anna").await;
        let mut ids = Vec::new();
        for n in 0..7 {
            let body = format!("subject={n}");
            let form = NewForm { browser: "cookie", user: anna.user(), path: "/messages/new", body: &body };
            ids.push(keep(&db, form).await);
        }
        let mut seen = Vec::new();
        for id in ids {
            let kept = Kept { id, browser: "cookie", path: "/messages/new" };
            seen.extend(kept_forms::find(&db, &anna, kept, NOW).await.unwrap());
        }
        assert_eq!(seen, ["subject=2", "subject=3", "subject=4", "subject=5", "subject=6"]);
    }

    async fn oldest_forms_of_a_person_give_way_to_new_ones(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let body = "ы".repeat(LARGEST_SUM_OF_USER as usize / 8);
        let mut ids = Vec::new();
        for n in 0..6 {
            // Each on a browser of its own, so that the number for one browser does not matter.
            let browser = format!("cookie {n}");
            let user = if n == 0 { &boris } else { &anna };
            let form = NewForm { browser: &browser, user: user.user(), path: "/messages/new", body: &body };
            ids.push(keep(&db, form).await);
        }
        let left: Vec<(i64, i64)> = db.fetch_all("SELECT id, size FROM kept_forms ORDER BY id", &[]).await.unwrap();
        // Four quarters of what one person may have; the fifth one's place was the oldest one's.
        let size = body.len() as i64;
        assert_eq!(left, [ids[0], ids[2], ids[3], ids[4], ids[5]].map(|id| (id, size)));
        let whole = "x".repeat(LARGEST_SUM_OF_USER as usize);
        let form = NewForm { browser: "cookie", user: anna.user(), path: "/messages/new", body: &whole };
        let last = keep(&db, form).await;
        let left: Vec<(i64,)> = db.fetch_all("SELECT id FROM kept_forms ORDER BY id", &[]).await.unwrap();
        assert_eq!(left, [(ids[0],), (last,)]);
        let too_large = format!("{whole}x");
        let form = NewForm { body: &too_large, ..form };
        assert_eq!(kept_forms::keep(&db, form, NOW).await.unwrap(), Keeping::NoRoom);
        let left: Vec<(i64,)> = db.fetch_all("SELECT id FROM kept_forms ORDER BY id", &[]).await.unwrap();
        assert_eq!(left, [(ids[0],), (last,)], "nothing gives way to what cannot be kept");
    }

    async fn forms_of_others_do_not_give_way(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let form = NewForm { browser: "cookie", user: boris.user(), path: "/messages/new", body: "subject=Menu" };
        keep(&db, form).await;
        // As if there were so many.
        db.execute("UPDATE kept_forms SET size = $1", &[&(LARGEST_SUM - 20)]).await.unwrap();
        let form = NewForm { user: anna.user(), ..form };
        let first = keep(&db, form).await;
        let second = keep(&db, form).await;
        let left: Vec<(i64,)> =
            db.fetch_all("SELECT id FROM kept_forms WHERE user_id = $1", &[&anna.user()]).await.unwrap();
        assert_eq!(left, [(second,)], "{first} and {second} are too much together");
        let form = NewForm { body: "subject=Menu+of+the+day", ..form };
        assert_eq!(kept_forms::keep(&db, form, NOW).await.unwrap(), Keeping::NoRoom);
    }
}
