//! Caught mail: whose it is, who sees it, and what it says about links and addresses.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{DAY, NOW, add_recipients, claim_all, plan, someone, tick};
use vestnik_model::delivery::message_id;
use vestnik_model::installation::SecondFactorPolicy;
use vestnik_model::user::{Language, Registration, TokenPurpose, User};
use vestnik_model::{Actor, BuiltinGroup, UnixMillis};
use vestnik_store::audit::Author;
use vestnik_store::caught::{self, NewCaught, Viewer};
use vestnik_store::letters::NewLetter;
use vestnik_store::{Db, databases, letters, people, runs, tokens, users};

fn mail(to: &str, message_id: String) -> NewCaught {
    NewCaught {
        sender: "news@example.com".into(),
        recipient: to.into(),
        subject: to.into(),
        message_id,
        raw: b"Subject: x\r\n\r\n".to_vec(),
        caught_at: NOW,
    }
}

async fn system_email(db: &Db, actor: &Actor, key: &str) -> NewCaught {
    let address = "x@example.com".parse().unwrap();
    let letter = NewLetter {
        user: actor.user(),
        kind: "confirm",
        recipient: &address,
        recipient_name: "",
        subject: "Confirm",
        text: "text",
        html: "",
        key,
    };
    letters::enqueue(db, &letter, NOW).await.unwrap();
    mail(&format!("{key}@example.com"), format!("{key}@example.com"))
}

/// To whom the mails are that someone sees, the oldest first.
async fn seen(db: &Db, viewer: Viewer<'_>) -> Vec<String> {
    let found = caught::list(db, viewer, "", None, 100).await.unwrap().rows;
    assert_eq!(caught::count(db, viewer).await.unwrap(), found.len() as i64);
    for mail in &found {
        assert!(caught::find(db, viewer, mail.id).await.unwrap().is_some());
    }
    found.into_iter().rev().map(|mail| mail.recipient).collect()
}

async fn unconfirmed(db: &Db, name: &str) -> User {
    let email = format!("{name}@example.com");
    let registration = Registration::parse(&email, name, "correct horse battery", Language::En, "UTC").unwrap();
    users::create(db, &registration, "hash", None, NOW).await.unwrap().unwrap()
}

async fn reread(db: &Db, user: &User) -> User {
    users::find(db, user.id).await.unwrap().unwrap()
}

/// Confirms an address by an email that was caught, or by one that was not.
async fn confirm(db: &Db, user: &User, key: &str, caught: bool, now: UnixMillis) -> User {
    tokens::issue(db, user.id, TokenPurpose::Confirm, key, now, now.plus(DAY)).await.unwrap();
    if caught {
        let email = system_email(db, &Actor::of(user), key).await;
        caught::insert(db, vec![email]).await.unwrap();
    }
    users::confirm(db, key, now).await.unwrap();
    reread(db, user).await
}

databases! {
    async fn mail_belongs_to_the_owner_of_its_run_or_of_its_account(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let mut mails = Vec::new();
        for (actor, domain) in [(&anna, "a"), (&boris, "b")] {
            add_recipients(&db, actor, 2).await;
            let mailing = plan(&db, actor, "2026-11-24T07:00", "", "once").await;
            let run = tick(&db, NOW).await[0];
            for claimed in claim_all(&db, run, NOW).await {
                mails.push(mail(&format!("{}@{domain}", claimed.email), message_id("key", claimed.id, "x.example")));
            }
            assert_eq!(runs::newest(&db, actor, mailing).await.unwrap().unwrap().id, run);
        }
        // A key of another run, a delivery that is not there, and mail of others.
        mails.push(mail("forged", "another.1@x.example".into()));
        mails.push(mail("gone", "key.999999@x.example".into()));
        mails.push(mail("nobody", String::new()));
        mails.push(mail("anna@example.com", "unknown@x.example".into()));
        mails.push(system_email(&db, &boris, "0a1b").await);
        caught::insert(&db, mails).await.unwrap();

        let admin = users::find(&db, someone(&db, "chief").await.user()).await.unwrap().unwrap();
        let as_group = |group: BuiltinGroup| Actor::with(&admin, group.permissions(), SecondFactorPolicy::Optional);
        let (chief, manager) = (as_group(BuiltinGroup::Administrators), as_group(BuiltinGroup::Managers));
        let (of_anna, of_boris) = (["r1@example.org@a", "r2@example.org@a"], ["r1@example.org@b", "r2@example.org@b"]);
        assert_eq!(seen(&db, Viewer::User(&anna)).await, of_anna);
        assert_eq!(seen(&db, Viewer::User(&boris)).await, [of_boris[0], of_boris[1], "0a1b@example.com"]);
        assert_eq!(seen(&db, Viewer::User(&chief)).await.len(), 9);
        assert!(seen(&db, Viewer::User(&manager)).await.is_empty(), "who watches over mailings reads no mail");
        assert!(seen(&db, Viewer::Visitor).await.is_empty());
        let others = caught::list(&db, Viewer::User(&boris), "", None, 1).await.unwrap().rows[0].id;
        assert!(caught::find(&db, Viewer::User(&anna), others).await.unwrap().is_none());

        // What the demo has sent is for everyone who may look without signing in, and for nobody else.
        let run = runs::open_of(&db, &anna, 10).await.unwrap()[0].id;
        assert_eq!(caught::publish(&db, run).await.unwrap(), 2);
        assert_eq!(seen(&db, Viewer::Visitor).await, of_anna);
        assert_eq!(seen(&db, Viewer::User(&boris)).await.len(), 3);

        assert_eq!(caught::clear(&db, &manager).await.unwrap(), 0);
        assert_eq!(caught::clear(&db, &boris).await.unwrap(), 3);
        assert_eq!(seen(&db, Viewer::User(&anna)).await, of_anna);
        assert_eq!(caught::clear(&db, &chief).await.unwrap(), 6);
    }

    async fn what_the_catcher_alone_has_seen_is_confirmed_again(db: Db) {
        let caught = unconfirmed(&db, "caught").await;
        let caught = confirm(&db, &caught, "one", true, NOW).await;
        assert_eq!((caught.confirmed_at, caught.confirmed_by_catcher), (Some(NOW), true));
        let real = unconfirmed(&db, "real").await;
        let real = confirm(&db, &real, "two", false, NOW).await;
        assert_eq!((real.confirmed_at, real.confirmed_by_catcher), (Some(NOW), false));
        let vouched = someone(&db, "vouched").await;

        let asked: Vec<_> = users::unconfirm_caught(&db).await.unwrap().into_iter().map(|user| user.id).collect();
        assert_eq!(asked, [caught.id]);
        assert!(users::unconfirm_caught(&db).await.unwrap().is_empty(), "once");
        for (id, confirmed) in [(caught.id, false), (real.id, true), (vouched.user(), true)] {
            assert_eq!(users::find(&db, id).await.unwrap().unwrap().confirmed_at.is_some(), confirmed);
        }
        // Again through the catcher is no more than before; through a mail server it stays.
        let again = confirm(&db, &caught, "three", true, NOW).await;
        assert!(again.confirmed_at.is_some() && again.confirmed_by_catcher);
        assert_eq!(users::unconfirm_caught(&db).await.unwrap().len(), 1);
        let proven = confirm(&db, &caught, "four", false, NOW.plus(DAY)).await;
        assert_eq!((proven.confirmed_at, proven.confirmed_by_catcher), (Some(NOW.plus(DAY)), false));
        let later = confirm(&db, &caught, "five", true, NOW.plus(DAY)).await;
        assert!(!later.confirmed_by_catcher, "what a mail server has proven stays so");
        assert!(users::unconfirm_caught(&db).await.unwrap().is_empty());
    }

    async fn a_caught_link_is_worth_nothing_once_mail_reaches_people(db: Db) {
        let (stranger, real) = (unconfirmed(&db, "stranger").await, unconfirmed(&db, "real").await);
        for (user, key) in [(&stranger, "caught"), (&real, "sent")] {
            tokens::issue(&db, user.id, TokenPurpose::Confirm, key, NOW, NOW.plus(DAY)).await.unwrap();
        }
        let email = system_email(&db, &Actor::of(&stranger), "caught").await;
        caught::insert(&db, vec![email]).await.unwrap();
        assert!(users::unconfirm_caught(&db).await.unwrap().is_empty(), "nobody has confirmed");
        for (user, key, confirmed) in [(&stranger, "caught", false), (&real, "sent", true)] {
            users::confirm(&db, key, NOW).await.unwrap();
            assert_eq!(reread(&db, user).await.confirmed_at.is_some(), confirmed, "{key}");
        }
    }

    async fn the_installation_keeps_an_administrator(db: Db) {
        let author = Author::at_console(NOW);
        let (anna, boris) = (unconfirmed(&db, "anna").await, unconfirmed(&db, "boris").await);
        confirm(&db, &anna, "one", true, NOW).await;
        confirm(&db, &boris, "two", true, NOW).await;
        people::join(&db, anna.id, BuiltinGroup::Administrators, &author).await.unwrap();
        let asked = users::unconfirm_caught(&db).await.unwrap();
        assert_eq!(asked.iter().map(|user| user.id).collect::<Vec<_>>(), [boris.id]);
        assert!(reread(&db, &anna).await.confirmed_at.is_some());
        // With another one whose address is proven, it is her turn.
        let vera = someone(&db, "vera").await;
        people::join(&db, vera.user(), BuiltinGroup::Administrators, &author).await.unwrap();
        let asked = users::unconfirm_caught(&db).await.unwrap();
        assert_eq!(asked.iter().map(|user| user.id).collect::<Vec<_>>(), [anna.id]);
    }
}
