//! A person's own account: another address, all that is theirs, and its end.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{DAY, NOW, add_recipients, minutes, plan, plan_for, send_all, someone, tick};
use vestnik_mail::address::EmailAddress;
use vestnik_model::audit::Action;
use vestnik_model::id::{AuditId, MailingId, MessageId, RecipientId, RunId, SessionId, UserId};
use vestnik_model::problem::StoredProblem;
use vestnik_model::run::RunState;
use vestnik_model::user::{Language, Registration, TokenPurpose};
use vestnik_model::{Actor, BuiltinGroup, UnixMillis};
use vestnik_store::audit::{self, Author};
use vestnik_store::groups::{self, Changed};
use vestnik_store::letters::{LetterOutcome, NewLetter};
use vestnik_store::mailings::Selection;
use vestnik_store::new_address::{self, Asked, Moved};
use vestnik_store::sessions::Origin;
use vestnik_store::tokens::{self, Redeemed};
use vestnik_store::{Db, databases, ledger, letters, mailings, messages, people, runs, sessions, users};

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

fn author() -> Author {
    Author::at_console(NOW)
}

/// A letter that is about someone's account.
fn letter<'a>(user: UserId, recipient: &'a EmailAddress, key: &'a str) -> NewLetter<'a> {
    NewLetter { user, kind: "test", recipient, recipient_name: "", subject: "S", text: "T", html: "", key }
}

/// Wants an address; the letter with the link is on its way.
async fn ask(db: &Db, actor: &Actor, wanted: &str, token: &str, now: UnixMillis) -> Asked {
    let wanted = address(wanted);
    let about_it = [letter(actor.user(), &wanted, token)];
    new_address::ask(db, actor, &wanted, token, &about_it, now, now.plus(DAY)).await.unwrap()
}

/// Follows the link in a browser that is signed in as nobody.
async fn follow(db: &Db, actor: &Actor, token: &str, now: UnixMillis) -> Moved {
    let before = address("before@example.com");
    new_address::take(db, token, None, &letter(actor.user(), &before, "goodbye"), "192.0.2.7", now).await.unwrap()
}

async fn email(db: &Db, actor: &Actor) -> String {
    users::find(db, actor.user()).await.unwrap().unwrap().email
}

async fn wanted(db: &Db, actor: &Actor, now: UnixMillis) -> Option<String> {
    new_address::wanted(db, actor, now).await.unwrap().map(|wanted| wanted.email)
}

async fn session(db: &Db, actor: &Actor, cookie: &str) -> SessionId {
    sessions::create(db, actor.user(), cookie, Origin::default(), NOW, NOW.plus(DAY)).await.unwrap();
    sessions::find(db, cookie, NOW).await.unwrap().unwrap().0.id
}

async fn administrator(db: &Db, name: &str) -> Actor {
    let actor = someone(db, name).await;
    people::join(db, actor.user(), BuiltinGroup::Administrators, &author()).await.unwrap();
    let user = users::find(db, actor.user()).await.unwrap().unwrap();
    groups::actor_of(db, &user).await.unwrap()
}

databases! {
    async fn an_address_comes_with_its_link_and_not_before(db: Db) {
        let anna = someone(&db, "anna").await;
        let (here, _) = (session(&db, &anna, "here").await, session(&db, &anna, "elsewhere").await);
        for (purpose, token) in [(TokenPurpose::Recover, "recover"), (TokenPurpose::Confirm, "confirm")] {
            tokens::issue(&db, anna.user(), purpose, token, NOW, NOW.plus(DAY)).await.unwrap();
        }
        assert_eq!(ask(&db, &anna, "New@Example.org", "link", NOW).await, Asked::Noted);
        assert_eq!(wanted(&db, &anna, NOW).await.as_deref(), Some("New@example.org"));
        assert_eq!(email(&db, &anna).await, "anna@example.com");
        let (user, to) = new_address::look(&db, "link", NOW).await.unwrap().unwrap();
        assert_eq!((user.id, to.as_str()), (anna.user(), "New@example.org"));

        let before = address("anna@example.com");
        let goodbye = letter(anna.user(), &before, "goodbye");
        let moved = new_address::take(&db, "link", Some(here), &goodbye, "192.0.2.7", NOW).await.unwrap();
        assert!(matches!(moved, Moved::Done));
        assert_eq!(email(&db, &anna).await, "New@example.org");
        assert!(users::find_by_email(&db, &address("new@EXAMPLE.org")).await.unwrap().is_some());
        assert!(users::find_by_email(&db, &before).await.unwrap().is_none(), "it is free again");
        assert_eq!(wanted(&db, &anna, NOW).await, None);
        assert!(matches!(follow(&db, &anna, "link", NOW).await, Moved::Gone), "once");
        assert!(sessions::find(&db, "here", NOW).await.unwrap().is_some());
        assert!(sessions::find(&db, "elsewhere", NOW).await.unwrap().is_none());
        for (purpose, token) in [(TokenPurpose::Recover, "recover"), (TokenPurpose::Confirm, "confirm")] {
            let left = tokens::look(&db, purpose, token, NOW).await.unwrap();
            assert_eq!(left, Redeemed::Used(anna.user()), "{purpose}");
        }
        let queued = letters::claim(&db, 10, NOW, NOW.plus(DAY)).await.unwrap();
        let to: Vec<_> = queued.iter().map(|letter| letter.recipient.as_str()).collect();
        assert_eq!(to, ["New@example.org", "anna@example.com"]);
        let noted = audit::own_after(&db, &anna, AuditId(0), 10).await.unwrap();
        assert_eq!((noted.len(), noted[0].action), (1, Action::AddressChanged));
        assert_eq!((noted[0].before.as_str(), noted[0].after.as_str()), ("\"anna@example.com\"", "\"New@example.org\""));
        assert_eq!((noted[0].actor.as_str(), noted[0].address.as_str()), ("anna@example.com", "192.0.2.7"));
    }

    async fn a_link_proves_the_address_that_it_was_sent_to_and_ends_with_the_wish(db: Db) {
        let anna = someone(&db, "anna").await;
        ask(&db, &anna, "first@example.org", "first", NOW).await;
        ask(&db, &anna, "second@example.org", "second", NOW).await;
        assert!(matches!(follow(&db, &anna, "first", NOW).await, Moved::Gone), "a newer wish ends it");
        let boris = someone(&db, "boris").await;
        assert!(matches!(follow(&db, &boris, "second", NOW).await, Moved::Gone), "the letter is for another account");
        assert!(new_address::look(&db, "second", NOW.plus(DAY)).await.unwrap().is_none());
        assert!(matches!(follow(&db, &anna, "second", NOW.plus(DAY)).await, Moved::Gone), "too late");
        assert_eq!(wanted(&db, &anna, NOW.plus(DAY)).await, None);
        assert_eq!(new_address::remove_expired(&db, NOW).await.unwrap(), 0);
        assert_eq!(new_address::remove_expired(&db, NOW.plus(DAY)).await.unwrap(), 1);

        // Whoever changes their mind, or the password, or is stopped, does not move.
        ask(&db, &anna, "third@example.org", "third", NOW).await;
        new_address::withdraw(&db, &anna, NOW).await.unwrap();
        ask(&db, &anna, "fourth@example.org", "fourth", NOW).await;
        users::reset_password(&db, anna.user(), "hash", &author()).await.unwrap();
        assert_eq!(wanted(&db, &anna, NOW).await, None);
        ask(&db, &anna, "fifth@example.org", "fifth", NOW).await;
        let admin = administrator(&db, "admin").await;
        people::block(&db, &admin, anna.user(), "", &author()).await.unwrap();
        for token in ["third", "fourth", "fifth"] {
            assert!(new_address::look(&db, token, NOW).await.unwrap().is_none(), "{token}");
            assert!(matches!(follow(&db, &anna, token, NOW).await, Moved::Gone), "{token}");
        }
        assert_eq!(email(&db, &anna).await, "anna@example.com");
        assert_eq!(ask(&db, &anna, "sixth@example.org", "sixth", NOW).await, Asked::ConfirmFirst, "blocked");
    }

    async fn of_two_who_take_the_same_address_at_once_one_gets_it(db: Db) {
        for round in 0..5 {
            let address = format!("shared{round}@example.org");
            let (anna, boris) = (someone(&db, &format!("anna{round}")).await, someone(&db, &format!("boris{round}")).await);
            let (for_anna, for_boris) = (format!("a{round}"), format!("b{round}"));
            ask(&db, &anna, &address, &for_anna, NOW).await;
            ask(&db, &boris, &address, &for_boris, NOW).await;
            let (one, two) = tokio::join!(follow(&db, &anna, &for_anna, NOW), follow(&db, &boris, &for_boris, NOW));
            let winner = match (&one, &two) {
                (Moved::Done, Moved::Taken) => &anna,
                (Moved::Taken, Moved::Done) => &boris,
                other => panic!("{other:?}"),
            };
            let holder = users::find_by_email(&db, &address.parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(holder.id, winner.user());
            for who in [&anna, &boris] {
                assert_eq!(wanted(&db, who, NOW).await, None);
            }
            assert!(matches!(follow(&db, &boris, &for_boris, NOW).await, Moved::Gone), "the link is used up");
        }
        // The same link twice at once.
        let vera = someone(&db, "vera").await;
        ask(&db, &vera, "vera@example.org", "vera", NOW).await;
        let (one, two) = tokio::join!(follow(&db, &vera, "vera", NOW), follow(&db, &vera, "vera", NOW));
        assert!(matches!((&one, &two), (Moved::Done, Moved::Gone) | (Moved::Gone, Moved::Done)), "{one:?} {two:?}");
    }

    async fn rights_stay_with_the_address_that_they_were_given_to(db: Db) {
        let registration = Registration::parse("chief@example.com", "X", "correct horse battery", Language::En, "UTC");
        let stranger = users::create(&db, &registration.unwrap(), "hash", None, NOW).await.unwrap().unwrap();
        let stranger = Actor::of(&stranger);
        assert_eq!(ask(&db, &stranger, "other@example.com", "link", NOW).await, Asked::Noted);
        // Someone takes them for the holder of the address that they have registered with.
        people::join(&db, stranger.user(), BuiltinGroup::Managers, &author()).await.unwrap();
        assert!(new_address::look(&db, "link", NOW).await.unwrap().is_none());
        assert!(matches!(follow(&db, &stranger, "link", NOW).await, Moved::Gone));
        assert_eq!(ask(&db, &stranger, "other@example.com", "again", NOW).await, Asked::ConfirmFirst);
        tokens::issue(&db, stranger.user(), TokenPurpose::Confirm, "own", NOW, NOW.plus(DAY)).await.unwrap();
        users::confirm(&db, "own", NOW).await.unwrap();
        assert_eq!(ask(&db, &stranger, "other@example.com", "again", NOW).await, Asked::Noted);
        assert!(matches!(follow(&db, &stranger, "again", NOW).await, Moved::Done));
    }

    async fn a_new_address_is_a_confirmed_one(db: Db) {
        let registration = Registration::parse("wrogn@example.com", "X", "correct horse battery", Language::En, "UTC");
        let user = users::create(&db, &registration.unwrap(), "hash", None, NOW).await.unwrap().unwrap();
        ask(&db, &Actor::of(&user), "wrong@example.com", "link", NOW).await;
        let later = NOW.plus(minutes(5));
        assert!(matches!(follow(&db, &Actor::of(&user), "link", later).await, Moved::Done));
        assert_eq!(users::find(&db, user.id).await.unwrap().unwrap().confirmed_at, Some(later));
    }

    async fn whoever_leaves_leaves_nothing_but_a_goodbye(db: Db) {
        let anna = someone(&db, "anna").await;
        session(&db, &anna, "here").await;
        add_recipients(&db, &anna, 30).await;
        let id = plan(&db, &anna, "2026-11-24 06:00", "", "daily").await;
        let run = tick(&db, NOW).await[0];
        ask(&db, &anna, "new@example.com", "link", NOW).await;
        letters::claim(&db, 10, NOW, NOW.plus(DAY)).await.unwrap();
        let to = address("anna@example.com");
        let by_herself = Author { user: Some(anna.user()), name: "anna@example.com".into(), ..author() };
        let goodbye = letter(anna.user(), &to, "goodbye");
        assert_eq!(people::delete_oneself(&db, &anna, &goodbye, &by_herself).await.unwrap(), Changed::Done);
        assert_eq!(people::delete_oneself(&db, &anna, &goodbye, &by_herself).await.unwrap(), Changed::NotFound);
        assert!(users::find(&db, anna.user()).await.unwrap().is_none());
        assert!(users::find_by_email(&db, &to).await.unwrap().is_none());
        assert!(sessions::find(&db, "here", NOW).await.unwrap().is_none());
        assert_eq!(runs::find(&db, &anna, run).await.unwrap().unwrap().state, RunState::Stopping, "{id} is called off");
        assert!(matches!(follow(&db, &anna, "link", NOW).await, Moved::Gone));

        while vestnik_store::deliveries::end_waiting(&db, NOW).await.unwrap() {}
        vestnik_store::erasure::erase_deleted(&db, NOW).await.unwrap();
        for table in ["users", "recipients", "messages", "mailings", "runs", "deliveries", "tokens", "new_addresses"] {
            let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            let (left,): (i64,) = db.fetch_one(sql, &[]).await.unwrap();
            assert_eq!(left, 0, "{table}");
        }
        let queued = letters::claim(&db, 10, NOW, NOW.plus(DAY)).await.unwrap();
        assert_eq!((queued.len(), queued[0].recipient.as_str()), (1, "anna@example.com"), "it is sent all the same");
        letters::settle(&db, queued[0].id, LetterOutcome::Sent, "250 ok", &StoredProblem::default()).await.unwrap();
        let (left,): (i64,) = db.fetch_one("SELECT count(*) FROM letters", &[]).await.unwrap();
        assert_eq!(left, 0, "and then not even the address is left");
        let noted = audit::own_after(&db, &anna, AuditId(0), 10).await.unwrap();
        assert_eq!(noted.iter().map(|entry| entry.action).collect::<Vec<_>>(), [Action::UserDeleted]);
    }

    async fn the_last_administrator_cannot_leave(db: Db) {
        let (first, second) = (administrator(&db, "first").await, administrator(&db, "second").await);
        let to = address("chief@example.com");
        let (goodbye, other) = (letter(first.user(), &to, "1"), letter(second.user(), &to, "2"));
        let author = author();
        let (one, two) = tokio::join!(
            people::delete_oneself(&db, &first, &goodbye, &author),
            people::delete_oneself(&db, &second, &other, &author),
        );
        let mut both = [one.unwrap(), two.unwrap()];
        both.sort_by_key(|changed| *changed != Changed::Done);
        assert_eq!(both, [Changed::Done, Changed::LastAdministrator]);
        assert_eq!(letters::pending(&db).await.unwrap(), 1, "who stays gets no goodbye");
        let mut left = 0;
        for who in [&first, &second] {
            left += usize::from(users::find(&db, who.user()).await.unwrap().is_some());
        }
        assert_eq!(left, 1);
    }

    async fn all_that_is_someones_is_listed_and_nothing_else(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        for who in [&anna, &boris] {
            add_recipients(&db, who, 5).await;
        }
        let everyone = common::all_ids(&db, &anna).await;
        let chosen = Selection::Ids(everyone[..3].to_vec());
        let to_three = plan_for(&db, &anna, "2026-11-24 06:00", "", "once", &chosen).await;
        let theirs = plan(&db, &boris, "2026-11-24 06:00", "", "once").await;
        let fired = tick(&db, NOW).await;
        for (mailing, run) in [(to_three, fired[0]), (theirs, fired[1])] {
            send_all(&db, mailing, run, NOW).await;
        }
        let (run, another) = (fired[0], fired[1]);

        let found = messages::batch_after(&db, &anna, MessageId(0), 10).await.unwrap();
        assert_eq!((found.len(), found[0].text.as_str()), (1, "Text"));
        assert!(messages::batch_after(&db, &anna, found[0].id, 10).await.unwrap().is_empty());
        let found = mailings::batch_after(&db, &anna, MailingId(0), 10).await.unwrap();
        assert_eq!(found.iter().map(|mailing| mailing.id).collect::<Vec<_>>(), [to_three]);
        let found = mailings::chosen_after(&db, &anna, to_three, RecipientId(0), 2).await.unwrap();
        assert_eq!(found, [(everyone[0], "r1@example.org".to_owned()), (everyone[1], "r2@example.org".to_owned())]);
        let rest = mailings::chosen_after(&db, &anna, to_three, everyone[1], 2).await.unwrap();
        assert_eq!(rest.len(), 1);
        assert!(mailings::chosen_after(&db, &boris, to_three, RecipientId(0), 9).await.unwrap().is_empty());
        let found = runs::batch_after(&db, &anna, RunId(0), 10).await.unwrap();
        assert_eq!(found.iter().map(|run| run.id).collect::<Vec<_>>(), [run]);
        assert_eq!(runs::message_of(&db, &anna, run).await.unwrap().unwrap().text, "Text");
        assert!(runs::message_of(&db, &anna, another).await.unwrap().is_none());
        let found = ledger::deliveries_after(&db, &anna, run, everyone[0], 10).await.unwrap();
        assert_eq!(found.iter().map(|one| one.email.as_str()).collect::<Vec<_>>(), ["r2@example.org", "r3@example.org"]);
        assert!(ledger::deliveries_after(&db, &anna, another, RecipientId(0), 10).await.unwrap().is_empty());
    }
}
