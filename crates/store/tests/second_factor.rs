//! The second factor at login, on both databases: codes and half logins work once, and rights wait for it where it is
//! wanted.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{NOW, minutes, someone};
use vestnik_model::audit::Action;
use vestnik_model::id::{SessionId, UserId};
use vestnik_model::installation::SecondFactorPolicy;
use vestnik_model::second_factor::{Code, RecoveryCode, SharedSecret};
use vestnik_model::secret::SystemRandom;
use vestnik_model::user::{TokenPurpose, User};
use vestnik_model::{Actor, BuiltinGroup, Installation, Permission, UnixMillis};
use vestnik_store::audit::{self, AuditFilter, Author};
use vestnik_store::groups::Changed;
use vestnik_store::logins::{self, Arrival, Begun, Finished};
use vestnik_store::second_factor::{self, Confirmed, Offered, Renewed, SwitchedOff, Used};
use vestnik_store::sessions::Origin;
use vestnik_store::users::Recovered;
use vestnik_store::{Db, databases, groups, installation, mailings, people, sessions, tokens, users};

const STEP: Duration = Duration::from_secs(30);

fn console() -> Author {
    Author::at_console(NOW)
}

fn arrival(cookie: &str, at: UnixMillis) -> Arrival<'_> {
    Arrival {
        cookie,
        origin: Origin { address: "192.0.2.1", agent: "a test" },
        device: "",
        at,
        expires_at: at.plus(common::DAY),
    }
}

async fn user(db: &Db, id: UserId) -> User {
    users::find(db, id).await.unwrap().unwrap()
}

async fn session(db: &Db, actor: &Actor, cookie: &str) -> SessionId {
    sessions::create(db, actor.user(), cookie, Origin::default(), NOW, NOW.plus(common::DAY)).await.unwrap();
    sessions::find(db, cookie, NOW).await.unwrap().unwrap().0.id
}

/// Whoever has set up an app, with what it shares and their recovery codes.
struct Enrolled {
    actor: Actor,
    secret: SharedSecret,
    codes: Vec<RecoveryCode>,
}

impl Enrolled {
    fn code(&self, at: UnixMillis) -> Code {
        Code::App(self.secret.code_at(at).unwrap())
    }

    fn recovery(&self, number: usize) -> Code {
        Code::Recovery(self.codes[number].clone())
    }
}

/// Sets up an app with the code of two steps ago, so that those of now are still to be had.
async fn enrol(db: &Db, actor: Actor) -> Enrolled {
    let before = NOW.minus(STEP * 2);
    let secret = SharedSecret::new(&SystemRandom);
    let at = session(db, &actor, "enrolling").await;
    let offered = second_factor::offer(db, &actor, at, None, &secret, before, NOW).await.unwrap();
    assert_eq!(offered, Offered::Done);
    let enrolled = Enrolled { actor, secret, codes: RecoveryCode::several(&SystemRandom) };
    let digits = enrolled.secret.code_at(before).unwrap();
    let author = Author::at_browser(&user(db, enrolled.actor.user()).await, "192.0.2.1", before);
    let confirmed = second_factor::confirm(db, &enrolled.actor, at, &digits, &enrolled.codes, &author).await.unwrap();
    assert_eq!(confirmed, Confirmed::On);
    enrolled
}

/// A login after the right password, which waits for the code.
async fn half_login(db: &Db, actor: &Actor, cookie: &str) {
    let user = user(db, actor.user()).await;
    let begun = logins::begin(db, &user, arrival(cookie, NOW), NOW.plus(minutes(10))).await.unwrap();
    assert_eq!(begun, Begun::HalfLogin);
}

async fn want_from_everyone(db: &Db, actor: &Actor) {
    let wanted = Installation { second_factor: SecondFactorPolicy::Required, ..installation::read(db).await.unwrap() };
    assert_eq!(installation::update(db, actor, &console(), |_| wanted).await.unwrap(), Changed::Done);
}

async fn member(db: &Db, name: &str, group: BuiltinGroup) -> Actor {
    let actor = someone(db, name).await;
    people::join(db, actor.user(), group, &console()).await.unwrap();
    now(db, &actor).await
}

/// What someone may as things stand.
async fn now(db: &Db, actor: &Actor) -> Actor {
    groups::actor_of(db, &user(db, actor.user()).await).await.unwrap()
}

databases! {
    async fn an_unconfirmed_account_sets_up_no_second_factor(db: Db) {
        let anna = someone(&db, "anna").await;
        let at = session(&db, &anna, "cookie").await;
        let secret = SharedSecret::new(&SystemRandom);
        let confirmed = async |yes: bool| {
            let at = if yes { Some(NOW) } else { None };
            db.execute("UPDATE users SET confirmed_at = $1", &[&at]).await.unwrap();
        };
        let offer = async |code: Option<&Code>| {
            second_factor::offer(&db, &anna, at, code, &secret, NOW, NOW.plus(STEP)).await.unwrap()
        };
        confirmed(false).await;
        assert_eq!(offer(None).await, Offered::ConfirmFirst);
        // Offered while it was confirmed, and proven afterwards.
        confirmed(true).await;
        assert_eq!(offer(None).await, Offered::Done);
        confirmed(false).await;
        let (codes, digits) = (RecoveryCode::several(&SystemRandom), secret.code_at(NOW).unwrap());
        let author = Author::at_browser(&user(&db, anna.user()).await, "192.0.2.1", NOW);
        let proven = async || second_factor::confirm(&db, &anna, at, &digits, &codes, &author).await.unwrap();
        assert_eq!(proven().await, Confirmed::Gone);
        assert_eq!(user(&db, anna.user()).await.second_factor_at, None);
        confirmed(true).await;
        assert_eq!(proven().await, Confirmed::On);
        // Whoever has one moves it to another phone all the same.
        confirmed(false).await;
        let at = session(&db, &anna, "another").await;
        let code = Code::Recovery(codes[0].clone());
        let moved = second_factor::offer(&db, &anna, at, Some(&code), &secret, NOW, NOW.plus(STEP)).await.unwrap();
        assert_eq!(moved, Offered::Done);
    }

    async fn recovery_of_an_unconfirmed_account_removes_what_was_set_up(db: Db) {
        for confirmed in [true, false] {
            let name = if confirmed { "anna" } else { "boris" };
            let enrolled = enrol(&db, someone(&db, name).await).await;
            let id = enrolled.actor.user();
            common::add_recipients(&db, &enrolled.actor, 1).await;
            let mailing = common::plan(&db, &enrolled.actor, "2026-12-01T10:00", "", "daily").await;
            if !confirmed {
                db.execute("UPDATE users SET confirmed_at = NULL WHERE id = $1", &[&id]).await.unwrap();
            }
            tokens::issue(&db, id, TokenPurpose::Recover, name, NOW, NOW.plus(common::DAY)).await.unwrap();
            let recovered = users::recover(&db, name, "new hash", "192.0.2.9", NOW).await.unwrap();
            assert_eq!(recovered, Recovered::Done { factor_removed: !confirmed });
            let user = user(&db, id).await;
            assert_eq!(user.second_factor_at.is_some(), confirmed);
            assert_eq!((user.confirmed_at.is_some(), user.password_hash.as_str()), (true, "new hash"));
            let planned = mailings::find(&db, &enrolled.actor, mailing).await.unwrap().unwrap();
            assert_eq!(planned.disabled_at.is_none(), confirmed, "nothing goes out that its new holder has not seen");
            assert_eq!(users::recover(&db, name, "newer hash", "", NOW).await.unwrap(), Recovered::Gone);
        }
    }

    async fn an_app_counts_once_its_code_was_given_in_the_session_that_asked(db: Db) {
        let anna = someone(&db, "anna").await;
        let (here, there) = (session(&db, &anna, "here").await, session(&db, &anna, "there").await);
        let secret = SharedSecret::new(&SystemRandom);
        let codes = RecoveryCode::several(&SystemRandom);
        let end = NOW.plus(minutes(15));
        second_factor::offer(&db, &anna, here, None, &secret, NOW, end).await.unwrap();
        assert_eq!(second_factor::offered(&db, &anna, here, NOW).await.unwrap(), Some(secret.clone()));
        assert_eq!(second_factor::offered(&db, &anna, there, NOW).await.unwrap(), None);
        assert_eq!(second_factor::offered(&db, &anna, here, end).await.unwrap(), None);
        let boris = someone(&db, "boris").await;
        assert_eq!(second_factor::offered(&db, &boris, here, NOW).await.unwrap(), None);

        let digits = secret.code_at(NOW).unwrap();
        let confirm = async |session, digits: &str, at: UnixMillis| {
            let author = Author::at_browser(&user(&db, anna.user()).await, "192.0.2.1", at);
            second_factor::confirm(&db, &anna, session, digits, &codes, &author).await.unwrap()
        };
        let wrong = if digits == "000000" { "000001" } else { "000000" };
        assert_eq!(confirm(here, wrong, NOW).await, Confirmed::WrongCode);
        assert_eq!(user(&db, anna.user()).await.second_factor_at, None);
        assert_eq!(confirm(there, &digits, NOW).await, Confirmed::Gone, "what was shown to another session");
        let late = secret.code_at(end).unwrap();
        assert_eq!(confirm(here, &late, end).await, Confirmed::Gone, "what was shown too long ago");
        no_code_is_asked_for(&db, &anna).await;
        assert_eq!(confirm(here, &digits, NOW).await, Confirmed::On);
        assert_eq!(user(&db, anna.user()).await.second_factor_at, Some(NOW));
        assert_eq!(second_factor::codes_left(&db, &anna).await.unwrap(), 10);
        assert_eq!(confirm(here, &digits, NOW).await, Confirmed::Gone);
        for cookie in ["here", "there"] {
            assert!(sessions::find(&db, cookie, NOW).await.unwrap().is_none(), "no session goes on without it");
        }
        // The code that has switched it on lets nobody in besides.
        half_login(&db, &anna, "half").await;
        let again = logins::finish(&db, "half", &Code::App(digits), arrival("full", NOW)).await.unwrap();
        assert_eq!(again, Finished::WrongCode);
    }

    async fn an_app_is_exchanged_only_with_a_code(db: Db) {
        let anna = enrol(&db, someone(&db, "anna").await).await;
        let here = session(&db, &anna.actor, "here").await;
        let secret = SharedSecret::new(&SystemRandom);
        let end = NOW.plus(minutes(15));
        let offer = async |code: Option<&Code>| {
            second_factor::offer(&db, &anna.actor, here, code, &secret, NOW, end).await.unwrap()
        };
        assert_eq!(offer(None).await, Offered::WrongCode);
        let wrong = SharedSecret::new(&SystemRandom).code_at(NOW).unwrap();
        assert_eq!(offer(Some(&Code::App(wrong))).await, Offered::WrongCode);
        assert_eq!(second_factor::offered(&db, &anna.actor, here, NOW).await.unwrap(), None);
        assert_eq!(offer(Some(&anna.recovery(0))).await, Offered::Done);
        assert_eq!(offer(Some(&anna.recovery(0))).await, Offered::WrongCode, "once");
        assert_eq!(offer(Some(&anna.code(NOW))).await, Offered::Done);

        // Until the new app has shown a code, the old one counts.
        half_login(&db, &anna.actor, "half").await;
        let later = NOW.plus(STEP);
        let session = logins::finish(&db, "half", &anna.code(later), arrival("full", later)).await.unwrap();
        assert_eq!(session, Finished::Session(Used::App));
        let author = Author::at_browser(&user(&db, anna.actor.user()).await, "192.0.2.1", later);
        let codes = RecoveryCode::several(&SystemRandom);
        let digits = secret.code_at(later).unwrap();
        let confirmed = second_factor::confirm(&db, &anna.actor, here, &digits, &codes, &author).await.unwrap();
        assert_eq!(confirmed, Confirmed::On);
        half_login(&db, &anna.actor, "half").await;
        for code in [anna.code(later.plus(STEP)), anna.recovery(1)] {
            let finished = logins::finish(&db, "half", &code, arrival("full", later.plus(STEP))).await.unwrap();
            assert_eq!(finished, Finished::WrongCode, "{code:?} of the app before");
        }
        let code = Code::Recovery(codes[0].clone());
        let finished = logins::finish(&db, "half", &code, arrival("other", later)).await.unwrap();
        assert_eq!(finished, Finished::Session(Used::Recovery { left: 9 }));
    }

    async fn a_code_lets_one_browser_in(db: Db) {
        let anna = enrol(&db, someone(&db, "anna").await).await;
        for (code, kind) in [(anna.code(NOW), "app"), (anna.recovery(3), "recovery")] {
            let halves = [format!("{kind} one"), format!("{kind} two")];
            for half in &halves {
                half_login(&db, &anna.actor, half).await;
            }
            let finish = async |half: &str| {
                let cookie = format!("session of {half}");
                logins::finish(&db, half, &code, arrival(&cookie, NOW)).await.unwrap()
            };
            let (one, two) = tokio::join!(finish(&halves[0]), finish(&halves[1]));
            let let_in = [one, two].iter().filter(|finished| matches!(finished, Finished::Session(_))).count();
            assert_eq!(let_in, 1, "{kind}: of two at once one gets in, and not {one:?} and {two:?}");
            assert!([one, two].contains(&Finished::WrongCode), "{kind}");
        }
        assert_eq!(second_factor::codes_left(&db, &anna.actor).await.unwrap(), 9);

        // A step that was taken takes the older ones with it; a newer one is taken.
        half_login(&db, &anna.actor, "late").await;
        let older = logins::finish(&db, "late", &anna.code(NOW.minus(STEP)), arrival("x", NOW)).await.unwrap();
        assert_eq!(older, Finished::WrongCode);
        let newer = logins::finish(&db, "late", &anna.code(NOW.plus(STEP)), arrival("x", NOW)).await.unwrap();
        assert_eq!(newer, Finished::Session(Used::App));
        // Nobody else's code is of use.
        let boris = enrol(&db, someone(&db, "boris").await).await;
        half_login(&db, &anna.actor, "half").await;
        for code in [boris.code(NOW), boris.recovery(0)] {
            let finished = logins::finish(&db, "half", &code, arrival("y", NOW)).await.unwrap();
            assert_eq!(finished, Finished::WrongCode, "{code:?}");
        }
    }

    async fn a_half_login_works_once_and_for_ten_minutes(db: Db) {
        let anna = enrol(&db, someone(&db, "anna").await).await;
        half_login(&db, &anna.actor, "half").await;
        let end = NOW.plus(minutes(10));
        let found = logins::waiting(&db, "half", NOW).await.unwrap().unwrap();
        assert_eq!(found.id, anna.actor.user());
        assert!(logins::waiting(&db, "other", NOW).await.unwrap().is_none());
        assert!(logins::waiting(&db, "half", end).await.unwrap().is_none());
        assert!(sessions::find(&db, "half", NOW).await.unwrap().is_none(), "it is no session");
        let late = logins::finish(&db, "half", &anna.code(end), arrival("full", end)).await.unwrap();
        assert_eq!(late, Finished::Gone);
        // Two codes that are both right, at once: the half login is good for one of them.
        let codes = [anna.recovery(0), anna.recovery(1)];
        let (one, two) = tokio::join!(
            logins::finish(&db, "half", &codes[0], arrival("one", NOW)),
            logins::finish(&db, "half", &codes[1], arrival("two", NOW)),
        );
        let both = [one.unwrap(), two.unwrap()];
        assert!(both.contains(&Finished::Gone) && both.contains(&Finished::Session(Used::Recovery { left: 9 })), "{both:?}");
        assert_eq!(second_factor::codes_left(&db, &anna.actor).await.unwrap(), 9, "the other one was not used up");
        let begun = [sessions::find(&db, "one", NOW).await.unwrap(), sessions::find(&db, "two", NOW).await.unwrap()];
        assert_eq!(begun.iter().flatten().count(), 1);

        half_login(&db, &anna.actor, "forgotten").await;
        assert_eq!(logins::remove_expired(&db, NOW).await.unwrap(), 0);
        assert_eq!(logins::remove_expired(&db, end).await.unwrap(), 1);
    }

    async fn whatever_ends_sessions_ends_half_logins(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let anna = enrol(&db, someone(&db, "anna").await).await;
        let id = anna.actor.user();
        for how in ["signed out everywhere", "new password", "other groups", "blocked", "unblocked", "reset"] {
            if how != "unblocked" {
                half_login(&db, &anna.actor, "half").await;
                assert!(logins::waiting(&db, "half", NOW).await.unwrap().is_some(), "{how}");
            }
            let changed = match how {
                "signed out everywhere" => people::end_sessions(&db, &admin, id, &console()).await.unwrap(),
                "new password" => {
                    assert!(users::reset_password(&db, id, "new hash", &console()).await.unwrap());
                    Changed::Done
                }
                "other groups" => people::set_groups(&db, &admin, id, &[], &console()).await.unwrap(),
                "blocked" => people::block(&db, &admin, id, "", &console()).await.unwrap(),
                "unblocked" => people::unblock(&db, &admin, id, &console()).await.unwrap(),
                _ => people::reset_second_factor(&db, Some(&admin), id, &console()).await.unwrap(),
            };
            assert_eq!(changed, Changed::Done, "{how}");
            assert!(logins::waiting(&db, "half", NOW).await.unwrap().is_none(), "{how}");
            let finished = logins::finish(&db, "half", &anna.code(NOW), arrival("full", NOW)).await.unwrap();
            assert_eq!(finished, Finished::Gone, "{how}");
        }
        // Whoever was blocked between the two steps stays out, also if a half login were left.
        let boris = enrol(&db, someone(&db, "boris").await).await;
        half_login(&db, &boris.actor, "left").await;
        db.execute("UPDATE users SET blocked_at = 1 WHERE id = $1", &[&boris.actor.user()]).await.unwrap();
        let finished = logins::finish(&db, "left", &boris.code(NOW), arrival("full", NOW)).await.unwrap();
        assert_eq!(finished, Finished::Gone);
    }

    async fn a_login_that_is_finished_while_sessions_are_ended_leaves_none(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let anna = enrol(&db, someone(&db, "anna").await).await;
        let id = anna.actor.user();
        for round in 0..10 {
            half_login(&db, &anna.actor, "half").await;
            let code = anna.recovery(round);
            let end = async || match round % 2 {
                0 => assert!(users::reset_password(&db, id, "new hash", &console()).await.unwrap()),
                _ => assert_eq!(people::end_sessions(&db, &admin, id, &console()).await.unwrap(), Changed::Done),
            };
            let (finished, ()) = tokio::join!(logins::finish(&db, "half", &code, arrival("full", NOW)), end());
            let finished = finished.unwrap();
            assert!(matches!(finished, Finished::Session(_) | Finished::Gone), "{finished:?}");
            assert!(sessions::find(&db, "full", NOW).await.unwrap().is_none(), "{round}: {finished:?}");
        }
    }

    async fn a_password_that_was_changed_meanwhile_opens_nothing(db: Db) {
        let anna = someone(&db, "anna").await;
        let looked_at = user(&db, anna.user()).await;
        let begin = async |user: &User, cookie: &str| {
            logins::begin(&db, user, arrival(cookie, NOW), NOW.plus(minutes(10))).await.unwrap()
        };
        assert_eq!(begin(&looked_at, "one").await, Begun::Session);
        assert!(sessions::find(&db, "one", NOW).await.unwrap().is_some());
        users::reset_password(&db, anna.user(), "new hash", &console()).await.unwrap();
        assert_eq!(begin(&looked_at, "two").await, Begun::Refused);
        assert!(sessions::find(&db, "two", NOW).await.unwrap().is_none());
        db.execute("UPDATE users SET blocked_at = 1 WHERE id = $1", &[&anna.user()]).await.unwrap();
        assert_eq!(begin(&user(&db, anna.user()).await, "three").await, Begun::Refused);
    }

    async fn recovery_codes_are_made_anew_and_the_ones_before_are_worth_nothing(db: Db) {
        let anna = someone(&db, "anna").await;
        let author = Author::at_browser(&user(&db, anna.user()).await, "192.0.2.1", NOW);
        let codes = RecoveryCode::several(&SystemRandom);
        let guessed = Code::parse("000000").unwrap();
        let none = second_factor::renew_codes(&db, &anna, &guessed, &codes, &author).await.unwrap();
        assert_eq!(none, Renewed::NotOn, "there is nothing to recover");
        let anna = enrol(&db, anna).await;
        let renew = async |code: &Code| {
            second_factor::renew_codes(&db, &anna.actor, code, &codes, &author).await.unwrap()
        };
        // Whoever has the codes has the second factor: a password does not get them.
        assert_eq!(renew(&Code::Recovery(codes[0].clone())).await, Renewed::WrongCode);
        assert_eq!(renew(&anna.recovery(1)).await, Renewed::Done);
        assert_eq!(renew(&anna.recovery(2)).await, Renewed::WrongCode, "those from before are gone");
        half_login(&db, &anna.actor, "half").await;
        let old = logins::finish(&db, "half", &anna.recovery(0), arrival("full", NOW)).await.unwrap();
        assert_eq!(old, Finished::WrongCode);
        let new = Code::Recovery(codes[9].clone());
        let new = logins::finish(&db, "half", &new, arrival("full", NOW)).await.unwrap();
        assert_eq!(new, Finished::Session(Used::Recovery { left: 9 }));
        let (hashes,): (String,) = db.fetch_one("SELECT max(hash) FROM recovery_codes", &[]).await.unwrap();
        assert_eq!(hashes.len(), 64, "no code is stored");
    }

    async fn it_is_switched_off_with_a_code_unless_it_is_wanted(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let anna = enrol(&db, member(&db, "anna", BuiltinGroup::Managers).await).await;
        let boris = enrol(&db, someone(&db, "boris").await).await;
        let off = async |who: &Enrolled, code: &Code| {
            let author = Author::at_browser(&user(&db, who.actor.user()).await, "192.0.2.1", NOW);
            second_factor::switch_off(&db, &who.actor, code, &author).await.unwrap()
        };
        assert_eq!(off(&anna, &boris.code(NOW)).await, SwitchedOff::WrongCode);
        // She has begun before it was wanted, and is asked as things are now.
        want_from_everyone(&db, &admin).await;
        assert_eq!(off(&anna, &anna.code(NOW)).await, SwitchedOff::Required);
        assert_eq!(off(&boris, &boris.code(NOW)).await, SwitchedOff::Done, "of those who keep their own it is not");
        assert_eq!(off(&boris, &boris.recovery(0)).await, SwitchedOff::NotOn);
        let boris = user(&db, boris.actor.user()).await;
        assert_eq!(boris.second_factor_at, None);
        assert_eq!(logins::begin(&db, &boris, arrival("full", NOW), NOW).await.unwrap(), Begun::Session);
        for table in ["second_factors", "recovery_codes", "second_factor_offers"] {
            let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE user_id = $1"));
            let (left,): (i64,) = db.fetch_one(sql, &[&boris.id]).await.unwrap();
            assert_eq!(left, 0, "{table}");
        }
    }

    async fn rights_over_others_wait_for_it_where_it_is_wanted(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let manager = enrol(&db, member(&db, "manager", BuiltinGroup::Managers).await).await;
        let anna = someone(&db, "anna").await;
        want_from_everyone(&db, &admin).await;

        // Who had begun to act before is asked again in the act itself.
        let blocked = people::block(&db, &admin, anna.user(), "", &console()).await.unwrap();
        assert_eq!(blocked, Changed::NotAllowed);
        let cut = now(&db, &admin).await;
        assert_eq!(cut.permissions(), [Permission::ManageOwn, Permission::SendMail]);
        assert_eq!(cut.withheld().len(), Permission::ALL.len() - 2);
        session(&db, &admin, "cookie").await;
        assert_eq!(sessions::find(&db, "cookie", NOW).await.unwrap().unwrap().2, cut);
        // Whose rights wait has them all the same: a manager does not get at an administrator that way.
        let boss = now(&db, &manager.actor).await;
        assert_eq!(boss.permissions().len(), BuiltinGroup::Managers.permissions().len());
        let stopped = people::block(&db, &boss, admin.user(), "", &console()).await.unwrap();
        assert_eq!(stopped, Changed::NotAllowed);
        assert_eq!(people::block(&db, &boss, anna.user(), "", &console()).await.unwrap(), Changed::Done);

        let admin = enrol(&db, admin).await;
        let admin = now(&db, &admin.actor).await;
        assert!(admin.withheld().is_empty() && admin.may(Permission::ManageUsers));
    }

    async fn an_administrator_resets_it_and_so_does_the_command_line(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let manager = member(&db, "manager", BuiltinGroup::Managers).await;
        let anna = enrol(&db, someone(&db, "anna").await).await;
        session(&db, &anna.actor, "cookie").await;
        let reset = async |actor: Option<&Actor>, id| {
            people::reset_second_factor(&db, actor, id, &console()).await.unwrap()
        };
        assert_eq!(reset(Some(&manager), anna.actor.user()).await, Changed::NotAllowed);
        assert_eq!(reset(Some(&anna.actor), admin.user()).await, Changed::NotFound);
        assert_eq!(reset(Some(&admin), anna.actor.user()).await, Changed::Done);
        assert_eq!(reset(Some(&admin), anna.actor.user()).await, Changed::NotNow);
        assert!(sessions::find(&db, "cookie", NOW).await.unwrap().is_none());
        assert_eq!(user(&db, anna.actor.user()).await.second_factor_at, None);

        let admin = enrol(&db, admin).await;
        assert_eq!(reset(Some(&admin.actor), admin.actor.user()).await, Changed::NotAllowed, "their own is switched off with a code");
        assert_eq!(reset(None, admin.actor.user()).await, Changed::Done);
        assert_eq!(reset(None, UserId(999)).await, Changed::NotFound);
        let log = audit::list(&db, &admin.actor, &AuditFilter::default(), None, 50).await.unwrap();
        for action in [Action::SecondFactorReset, Action::SecondFactorOn] {
            let of = log.rows.iter().filter(|entry| entry.action == action).map(|entry| entry.subject.as_str());
            assert_eq!(of.collect::<Vec<_>>(), ["admin@example.com", "anna@example.com"], "{action}");
        }
    }

    async fn the_log_tells_how_someone_got_in_and_holds_no_secret(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let anna = enrol(&db, someone(&db, "anna").await).await;
        half_login(&db, &anna.actor, "half").await;
        logins::finish(&db, "half", &anna.recovery(0), arrival("full", NOW)).await.unwrap();
        let log = audit::list(&db, &admin, &AuditFilter::default(), None, 50).await.unwrap();
        let told = format!("{:?}", log.rows);
        for secret in [anna.secret.for_typing().replace(' ', ""), anna.codes[0].written(), "half".into(), "full".into()] {
            assert!(!told.contains(&secret), "{told}");
        }
        let of_anna: Vec<_> = log.rows.iter().filter(|entry| entry.subject == "anna@example.com").collect();
        let acts: Vec<Action> = of_anna.iter().map(|entry| entry.action).collect();
        assert_eq!(acts, [Action::RecoveryCodeUsed, Action::LoggedIn, Action::SecondFactorOn], "newest first");
        assert_eq!((of_anna[0].after.as_str(), of_anna[0].address.as_str()), ("\"9\"", "192.0.2.1"));
    }
}

/// Before a second factor is on, a right password is all there is.
async fn no_code_is_asked_for(db: &Db, actor: &Actor) {
    let user = user(db, actor.user()).await;
    let begun = logins::begin(db, &user, arrival("whole", NOW), NOW.plus(minutes(10))).await.unwrap();
    assert_eq!(begun, Begun::Session);
}
