//! The settings of the installation and its first administrator, on both databases.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, someone};
use vestnik_model::audit::Action;
use vestnik_model::installation::{RegistrationPolicy, SecondFactorPolicy};
use vestnik_model::user::{Language, Registration};
use vestnik_model::{Actor, BuiltinGroup, Installation, Permission};
use vestnik_store::audit::{self, AuditFilter, Author};
use vestnik_store::groups::{self, Changed};
use vestnik_store::installation::{self, SetUp};
use vestnik_store::{Db, databases, people, users};

fn author() -> Author {
    Author::at_console(NOW)
}

fn registration(name: &str) -> Registration {
    Registration::parse(&format!("{name}@example.com"), name, "a long enough phrase", Language::Ru, "UTC").unwrap()
}

async fn set_up(db: &Db, token: &str, name: &str, wanted: &Installation) -> SetUp {
    installation::set_up(db, token, &registration(name), "hash", wanted, author()).await.unwrap()
}

databases! {
    async fn an_administrator_changes_the_settings_and_the_log_tells_what(db: Db) {
        let actor = someone(&db, "admin").await;
        people::join(&db, actor.user(), BuiltinGroup::Administrators, &author()).await.unwrap();
        let user = users::find(&db, actor.user()).await.unwrap().unwrap();
        let admin = Actor::with(&user, &groups::permissions_of(&db, user.id).await.unwrap(), SecondFactorPolicy::Optional);
        let before = installation::read(&db).await.unwrap();
        assert_eq!((before.registration, before.session_days), (RegistrationPolicy::Open, 30));
        let wanted = Installation {
            name: "Ромашка".into(),
            registration: RegistrationPolicy::Invited,
            smtp_url: "smtp://anna:top-secret@mail.example.org:587?starttls=required".into(),
            ..before
        };

        let someone_else = someone(&db, "boris").await;
        let refused = installation::update(&db, &someone_else, &author(), |_| wanted.clone()).await.unwrap();
        assert_eq!(refused, Changed::NotAllowed);
        assert_eq!(installation::update(&db, &admin, &author(), |_| wanted.clone()).await.unwrap(), Changed::Done);
        assert_eq!(installation::read(&db).await.unwrap(), wanted);

        let filter = AuditFilter { action: Some(Action::SettingsChanged), ..AuditFilter::default() };
        let noted = audit::list(&db, &admin, &filter, None, 10).await.unwrap().rows;
        assert_eq!(noted.len(), 1);
        assert!(noted[0].after.contains("registration=invited") && noted[0].before.contains("registration=open"));
        assert!(noted[0].after.contains("anna@mail.example.org:587") && !noted[0].after.contains("top-secret"));
        assert!(!noted[0].after.contains("session_days"), "only what has changed");
        assert!(noted[0].after.contains("mail_password=***"));

        // What another has changed meanwhile stays.
        let author = author();
        let (one, other) = tokio::join!(
            installation::update(&db, &admin, &author, |now| Installation { session_days: 7, ..now }),
            installation::update(&db, &admin, &author, |now| Installation { name: "Daisy".into(), ..now }),
        );
        assert_eq!((one.unwrap(), other.unwrap()), (Changed::Done, Changed::Done));
        let now = installation::read(&db).await.unwrap();
        assert_eq!((now.session_days, now.name.as_str()), (7, "Daisy"));
    }

    async fn a_setup_link_makes_one_administrator_and_no_more(db: Db) {
        assert!(!installation::has_administrator(&db).await.unwrap());
        for token in ["first node", "second node"] {
            installation::allow_setup(&db, token, NOW).await.unwrap();
            assert!(installation::may_set_up(&db, token, NOW).await.unwrap());
        }
        assert!(!installation::may_set_up(&db, "guessed", NOW).await.unwrap());
        let late = NOW.plus(installation::SETUP_LIFETIME);
        assert!(!installation::may_set_up(&db, "first node", late).await.unwrap(), "it ends by itself");
        let wanted = Installation { name: "Ромашка".into(), ..installation::read(&db).await.unwrap() };
        assert!(matches!(set_up(&db, "guessed", "mallory", &wanted).await, SetUp::Gone));

        // An address that is someone's does not use the link up.
        someone(&db, "taken").await;
        assert!(matches!(set_up(&db, "first node", "taken", &wanted).await, SetUp::EmailTaken));

        let others = Installation { name: "Other".into(), ..wanted.clone() };
        let (one, other) = tokio::join!(
            set_up(&db, "first node", "anna", &wanted),
            set_up(&db, "second node", "boris", &others),
        );
        let ((SetUp::Done(user), SetUp::Gone) | (SetUp::Gone, SetUp::Done(user))) = (one, other) else {
            panic!("one of the two is first");
        };
        let actor = Actor::with(&user, &groups::permissions_of(&db, user.id).await.unwrap(), SecondFactorPolicy::Optional);
        assert!(Permission::ALL.iter().all(|permission| actor.may(*permission)), "an administrator at once");
        assert!(installation::has_administrator(&db).await.unwrap());
        let name = if user.name == "anna" { "Ромашка" } else { "Other" };
        assert_eq!(installation::read(&db).await.unwrap().name, name);
        for token in ["first node", "second node"] {
            assert!(!installation::may_set_up(&db, token, NOW).await.unwrap());
        }
    }

    async fn a_link_is_worth_nothing_once_there_is_an_administrator(db: Db) {
        installation::allow_setup(&db, "link", NOW).await.unwrap();
        let anna = someone(&db, "anna").await;
        people::join(&db, anna.user(), BuiltinGroup::Administrators, &author()).await.unwrap();
        assert!(!installation::may_set_up(&db, "link", NOW).await.unwrap());
        let wanted = installation::read(&db).await.unwrap();
        assert!(matches!(set_up(&db, "link", "mallory", &wanted).await, SetUp::Gone));
    }
}
