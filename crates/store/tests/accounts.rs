//! Accounts, sessions, links, letters (S-32 to S-35).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{DAY, NOW, minutes, someone};
use vestnik_model::problem::StoredProblem;
use vestnik_model::user::{Language, Registration, TokenPurpose};
use vestnik_store::audit::Author;
use vestnik_store::letters::{LetterOutcome, NewLetter};
use vestnik_store::logins::{self, Arrival, Begun};
use vestnik_store::tokens::{self, Redeemed};
use vestnik_store::users::Recovered;
use vestnik_store::{databases, letters, sessions, users};

fn registration(email: &str) -> Registration {
    Registration::parse(email, "Anna", "correct horse battery", Language::Ru, "Europe/Moscow").unwrap()
}

databases! {
    async fn browsers_and_addresses_are_known_where_someone_has_signed_in(db: Db) {
        let anna = someone(&db, "anna").await;
        someone(&db, "boris").await;
        let account = users::find(&db, anna.user()).await.unwrap().unwrap();
        let origin = sessions::Origin { address: "192.0.2.1", agent: "a test" };
        let signing_in =
            Arrival { cookie: "cookie", origin, device: "her browser", at: NOW, expires_at: NOW.plus(DAY) };
        assert_eq!(logins::begin(&db, &account, signing_in, NOW).await.unwrap(), Begun::Session);
        for (email, device, address, since, known) in [
            ("anna@example.com", "her browser", "198.51.100.1", NOW, true),
            ("\"Anna\"@EXAMPLE.com", "her browser", "198.51.100.1", NOW, true),
            ("anna@example.com", "another", "192.0.2.1", NOW.minus(minutes(1)), true),
            ("anna@example.com", "another", "192.0.2.1", NOW, false),
            ("anna@example.com", "", "198.51.100.1", NOW.minus(minutes(1)), false),
            ("boris@example.com", "her browser", "192.0.2.1", NOW.minus(minutes(1)), false),
            ("none@example.com", "her browser", "192.0.2.1", NOW.minus(minutes(1)), false),
        ] {
            let email = email.parse().unwrap();
            let is_known = logins::is_known(&db, &email, device, address, since).await.unwrap();
            assert_eq!(is_known, known, "{email} {device} {address}");
        }
        assert_eq!(logins::remove_old_devices(&db, NOW.plus(DAY * 399)).await.unwrap(), 0);
        assert_eq!(logins::remove_old_devices(&db, NOW.plus(DAY * 401)).await.unwrap(), 1);
    }

    async fn an_address_has_one_account(db: Db) {
        let anna = users::create(&db, &registration("Anna@Example.com"), "hash", None, NOW).await.unwrap().unwrap();
        assert!(users::create(&db, &registration("anna@example.COM"), "hash", None, NOW).await.unwrap().is_none());
        let found = users::find_by_email(&db, &"ANNA@example.com".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(found.id, anna.id);
        assert_eq!(found.confirmed_at, None);
        for (token, at) in [("one", NOW), ("two", NOW.plus(minutes(5)))] {
            tokens::issue(&db, anna.id, TokenPurpose::Confirm, token, NOW, NOW.plus(DAY)).await.unwrap();
            assert_eq!(users::confirm(&db, token, at).await.unwrap(), Redeemed::Valid(anna.id));
        }
        assert_eq!(users::find(&db, anna.id).await.unwrap().unwrap().confirmed_at, Some(NOW));
    }

    async fn a_link_works_once_in_time_and_for_its_purpose(db: Db) {
        let anna = users::create(&db, &registration("anna@example.com"), "hash", None, NOW).await.unwrap().unwrap().id;
        let end = NOW.plus(minutes(60));
        tokens::issue(&db, anna, TokenPurpose::Confirm, "first", NOW, end).await.unwrap();
        tokens::issue(&db, anna, TokenPurpose::Confirm, "second", NOW, end).await.unwrap();
        let redeem = |token: &'static str, now| users::confirm(&db, token, now);
        assert_eq!(redeem("first", NOW).await.unwrap(), Redeemed::Expired(anna), "a newer letter ends it");
        assert_eq!(redeem("nonsense", NOW).await.unwrap(), Redeemed::Unknown);
        let recovered = users::recover(&db, "second", "new hash", "", NOW).await.unwrap();
        assert_eq!(recovered, Recovered::Gone, "a confirmation opens no password");
        assert_eq!(redeem("second", end).await.unwrap(), Redeemed::Expired(anna));
        let (one, two) = tokio::join!(redeem("second", NOW), redeem("second", NOW));
        let mut both = [one.unwrap(), two.unwrap()];
        both.sort_by_key(|redeemed| *redeemed != Redeemed::Valid(anna));
        assert_eq!(both, [Redeemed::Valid(anna), Redeemed::Used(anna)]);
    }

    async fn a_new_password_ends_every_session_and_every_recovery_link(db: Db) {
        let anna = users::create(&db, &registration("anna@example.com"), "hash", None, NOW).await.unwrap().unwrap().id;
        let end = NOW.plus(DAY);
        sessions::create(&db, anna, "cookie", sessions::Origin::default(), NOW, end).await.unwrap();
        tokens::issue(&db, anna, TokenPurpose::Recover, "link", NOW, end).await.unwrap();
        assert!(sessions::find(&db, "cookie", NOW).await.unwrap().is_some());
        assert!(sessions::find(&db, "cookie", end).await.unwrap().is_none(), "it ends by itself");
        assert!(sessions::find(&db, "other", NOW).await.unwrap().is_none());
        let before = users::find(&db, anna).await.unwrap().unwrap();
        assert!(users::reset_password(&db, anna, "new hash", &Author::at_console(NOW)).await.unwrap());
        // Someone who was still at it with the old password comes too late.
        assert!(!users::change_password(&db, &before, "stolen hash", NOW).await.unwrap());
        let now = users::find(&db, anna).await.unwrap().unwrap();
        assert_eq!(now.password_hash, "new hash");
        assert!(users::change_password(&db, &now, "newer hash", NOW).await.unwrap());
        assert!(sessions::find(&db, "cookie", NOW).await.unwrap().is_none());
        assert_eq!(tokens::look(&db, TokenPurpose::Recover, "link", NOW).await.unwrap(), Redeemed::Used(anna));
    }

    async fn a_letter_is_taken_once_and_its_secret_is_not_kept(db: Db) {
        let anna = users::create(&db, &registration("anna@example.com"), "hash", None, NOW).await.unwrap().unwrap().id;
        let recipient = "anna@example.com".parse().unwrap();
        let letter = NewLetter {
            user: anna, kind: "confirm", recipient: &recipient, recipient_name: "Anna", subject: "Confirm",
            text: "https://example.com/confirm/secret", html: "", key: "key",
        };
        letters::enqueue(&db, &letter, NOW).await.unwrap();
        let later = NOW.plus(minutes(15));
        let claim = |now| letters::claim(&db, 10, now, later);
        let taken = claim(NOW).await.unwrap();
        assert_eq!((taken.len(), taken[0].attempts), (1, 1));
        assert!(claim(NOW).await.unwrap().is_empty());
        letters::settle(&db, taken[0].id, LetterOutcome::Again(NOW.plus(minutes(1))), "451 later", &StoredProblem::default()).await.unwrap();
        assert!(claim(NOW).await.unwrap().is_empty());
        let again = claim(NOW.plus(minutes(1))).await.unwrap();
        assert_eq!(again[0].attempts, 2);
        letters::settle(&db, again[0].id, LetterOutcome::Sent, "250 ok", &StoredProblem::default()).await.unwrap();
        let (text,): (String,) = db.fetch_one("SELECT text FROM letters", &[]).await.unwrap();
        assert_eq!(text, "");
        assert_eq!(letters::pending(&db).await.unwrap(), 0);
    }
}
