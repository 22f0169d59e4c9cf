//! Groups, blocking and the audit log (S-38 to S-47), on both databases.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, add_recipients, plan, someone};
use vestnik_model::audit::Action;
use vestnik_model::installation::SecondFactorPolicy;
use vestnik_model::mailing::DisabledBy;
use vestnik_model::run::RunState;
use vestnik_model::{Actor, BuiltinGroup, GroupDraft, Permission};
use vestnik_store::audit::{self, AuditFilter, Author};
use vestnik_store::control::{self, Controlled};
use vestnik_store::groups::{self, Changed};
use vestnik_store::people::PeopleFilter;
use vestnik_store::{Db, databases, mailings, oversight, people, runs, sessions, users};

/// Someone in a group, with what it allows.
async fn member(db: &Db, name: &str, group: BuiltinGroup) -> Actor {
    let actor = someone(db, name).await;
    people::join(db, actor.user(), group, &author()).await.unwrap();
    let user = users::find(db, actor.user()).await.unwrap().unwrap();
    groups::actor_of(db, &user).await.unwrap()
}

fn author() -> Author {
    Author::at_console(NOW)
}

async fn group(db: &Db, builtin: BuiltinGroup) -> vestnik_model::Group {
    groups::all(db)
        .await
        .unwrap()
        .into_iter()
        .map(|(group, _)| group)
        .find(|group| group.builtin == Some(builtin))
        .unwrap()
}

databases! {
    async fn the_groups_are_there_from_the_start_and_can_be_restored(db: Db) {
        for builtin in BuiltinGroup::ALL {
            let mut wanted: Vec<Permission> = builtin.permissions().to_vec();
            wanted.sort_by_key(|permission| Permission::ALL.iter().position(|known| known == permission));
            assert_eq!(group(&db, *builtin).await.permissions, wanted, "{builtin}");
        }
        assert_eq!(groups::restore_builtin(&db, &author()).await.unwrap(), 0, "nothing to restore");
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let managers = group(&db, BuiltinGroup::Managers).await;
        let draft = GroupDraft { name: "x".into(), permissions: vec![Permission::ManageOwn] };
        assert_eq!(groups::update(&db, &admin, managers.id, &draft, &author()).await.unwrap(), Changed::Done);
        let changed = group(&db, BuiltinGroup::Managers).await;
        assert_eq!((changed.name, changed.permissions), (managers.name, vec![Permission::ManageOwn]), "it keeps its name");
        assert_eq!(groups::restore_builtin(&db, &author()).await.unwrap(), 1);
        assert_eq!(groups::delete(&db, &admin, managers.id, &author()).await.unwrap(), Changed::Builtin);
    }

    async fn two_administrators_who_remove_each_other_leave_one(db: Db) {
        let (first, second) = (
            member(&db, "first", BuiltinGroup::Administrators).await,
            member(&db, "second", BuiltinGroup::Administrators).await,
        );
        let users = [group(&db, BuiltinGroup::Users).await.id];
        let one = author();
        let (a, b) = tokio::join!(
            people::set_groups(&db, &first, second.user(), &users, &one),
            people::block(&db, &second, first.user(), "", &one),
        );
        let mut changed = [a.unwrap(), b.unwrap()];
        changed.sort_by_key(|changed| *changed != Changed::Done);
        assert_eq!(changed[0], Changed::Done);
        assert!(matches!(changed[1], Changed::LastAdministrator | Changed::NotAllowed), "{changed:?}");
        // Not even by themselves.
        for last in [&first, &second] {
            people::set_groups(&db, last, last.user(), &users, &one).await.unwrap();
        }
        let mut left = 0;
        for one in [&first, &second] {
            let free = users::find(&db, one.user()).await.unwrap().unwrap().blocked_at.is_none();
            let granted = groups::permissions_of(&db, one.user()).await.unwrap();
            left += i32::from(free && granted.contains(&Permission::ManageGroups));
        }
        assert_eq!(left, 1);
    }

    async fn nobody_gives_or_takes_more_than_they_have(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let manager = member(&db, "manager", BuiltinGroup::Managers).await;
        let (anna, author) = (someone(&db, "anna").await, author());
        let admins = [group(&db, BuiltinGroup::Administrators).await.id];
        for (who, whom) in [(&manager, anna.user()), (&manager, manager.user()), (&anna, anna.user())] {
            let changed = people::set_groups(&db, who, whom, &admins, &author).await.unwrap();
            assert!(matches!(changed, Changed::NotAllowed | Changed::NotFound), "{changed:?}");
        }
        // Even one who may put people into groups gives no more than they have.
        let staff = GroupDraft {
            name: "Staff".into(),
            permissions: vec![Permission::ManageOwn, Permission::SendMail, Permission::ManageUsers],
        };
        let (_, id) = groups::create(&db, Some(&admin), &staff, &author).await.unwrap();
        people::set_groups(&db, &admin, anna.user(), &[id.unwrap()], &author).await.unwrap();
        let user = users::find(&db, anna.user()).await.unwrap().unwrap();
        let anna = groups::actor_of(&db, &user).await.unwrap();
        let boris = someone(&db, "boris").await;
        let given = people::set_groups(&db, &anna, boris.user(), &admins, &author).await.unwrap();
        assert_eq!(given, Changed::NotAllowed);
        let given = people::set_groups(&db, &anna, boris.user(), &[id.unwrap()], &author).await.unwrap();
        assert_eq!(given, Changed::Done);
        assert_eq!(people::block(&db, &manager, admin.user(), "", &author).await.unwrap(), Changed::NotAllowed);
        assert_eq!(people::delete(&db, &anna, admin.user(), &author).await.unwrap(), Changed::NotAllowed);
    }

    async fn blocking_stops_everything_of_one_person_and_of_no_other(db: Db) {
        let manager = member(&db, "manager", BuiltinGroup::Managers).await;
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let mut planned = Vec::new();
        for actor in [&anna, &boris] {
            add_recipients(&db, actor, 3).await;
            planned.push(plan(&db, actor, "2026-11-25 10:00", "", "daily").await);
            let end = NOW.plus(common::DAY);
            let cookie = actor.user().to_string();
            sessions::create(&db, actor.user(), &cookie, sessions::Origin::default(), NOW, end).await.unwrap();
            let delay = std::time::Duration::ZERO;
            runs::demand(&db, actor, planned[planned.len() - 1], "key", delay, NOW).await.unwrap();
        }
        assert_eq!(people::block(&db, &manager, anna.user(), "spam", &author()).await.unwrap(), Changed::Done);
        assert_eq!(people::block(&db, &manager, anna.user(), "again", &author()).await.unwrap(), Changed::NotNow);
        let of = async |actor: &Actor, at: usize| {
            let mailing = mailings::find(&db, actor, planned[at]).await.unwrap().unwrap();
            let run = runs::newest(&db, actor, planned[at]).await.unwrap().unwrap();
            let session = sessions::find(&db, &actor.user().to_string(), NOW).await.unwrap();
            (mailing.disabled_at.is_some(), mailing.next_at.is_some(), run.state, session.is_some())
        };
        assert_eq!(of(&anna, 0).await, (true, false, RunState::Stopping, false));
        assert_eq!(of(&boris, 1).await, (false, true, RunState::Planned, true));
        let blocked = users::find(&db, anna.user()).await.unwrap().unwrap();
        assert_eq!(blocked.blocked_reason, "spam");
        let powers = BuiltinGroup::Administrators.permissions();
        assert!(Actor::with(&blocked, powers, SecondFactorPolicy::Optional).permissions().is_empty());
        let filter = PeopleFilter { blocked: Some(true), ..PeopleFilter::default() };
        let listed = people::list(&db, &manager, &filter, None, 10).await.unwrap();
        assert_eq!(listed.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [anna.user()]);
        assert!(people::list(&db, &boris, &filter, None, 10).await.unwrap().rows.is_empty(), "who may not see sees nobody");

        // Unblocked, they are in again, and nothing begins by itself.
        assert_eq!(people::unblock(&db, &manager, anna.user(), &author()).await.unwrap(), Changed::Done);
        let mailing = mailings::find(&db, &anna, planned[0]).await.unwrap().unwrap();
        assert_eq!((mailing.next_at, mailing.disabled_by), (None, DisabledBy::Block));
        assert_eq!(control::enable(&db, &anna, planned[0], NOW).await.unwrap(), Controlled::Done);
    }

    async fn what_was_being_made_while_its_owner_was_blocked_goes_nowhere(db: Db) {
        let manager = member(&db, "manager", BuiltinGroup::Managers).await;
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 3).await;
        let id = plan(&db, &anna, "2026-11-25 10:00", "", "daily").await;
        people::block(&db, &manager, anna.user(), "spam", &author()).await.unwrap();
        assert_eq!(control::enable(&db, &anna, id, NOW).await.unwrap(), Controlled::NotNow, "also from the command line");
        // As another process would leave it that had begun a moment before: a plan, and a run.
        let plan = "UPDATE mailings SET disabled_at = NULL, disabled_by = 'owner', next_at = $1 WHERE id = $2";
        db.execute(plan, &[&NOW, &id]).await.unwrap();
        let later = NOW.plus(common::DAY);
        for mailing in runs::due(&db, later, 10).await.unwrap() {
            assert_eq!(runs::fire(&db, &mailing, "key", later).await.unwrap(), runs::Fired::Nothing);
        }
        let run = "INSERT INTO runs (mailing_id, owner_id, occurrence_at, state, begins_at, key, subject, html, text, audience)
            VALUES ($1, $2, 1, 'planned', 1, 'key', '', '', '', 'all')";
        db.execute(run, &[&id, &anna.user()]).await.unwrap();
        control::stop_forbidden(&db, later).await.unwrap();
        let mailing = mailings::find(&db, &anna, id).await.unwrap().unwrap();
        assert_eq!((mailing.next_at, mailing.disabled_by, mailing.disabled_reason.as_str()), (None, DisabledBy::Block, "spam"));
        let run = runs::newest(&db, &anna, id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Stopping);
    }

    async fn an_unproved_address_has_no_power_and_is_no_administrator(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let draft = vestnik_model::user::Registration::parse(
            "boss@example.com", "Boss", "correct horse battery", vestnik_model::user::Language::En, "UTC",
        ).unwrap();
        let group = BuiltinGroup::Administrators;
        let made = people::create(&db, Some(&admin), &draft, "hash", None, group, &author()).await.unwrap();
        let people::Created::Done(boss) = made else { panic!("{made:?}") };
        assert_eq!(groups::actor_of(&db, &boss).await.unwrap().permissions(), [Permission::ManageOwn]);
        let users = [self::group(&db, BuiltinGroup::Users).await.id];
        let left = people::set_groups(&db, &admin, admin.user(), &users, &author()).await.unwrap();
        assert_eq!(left, Changed::LastAdministrator);
    }

    async fn an_invitation_gives_no_more_than_its_author_has(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let content = group(&db, BuiltinGroup::ContentManagers).await;
        let powers = GroupDraft { name: String::new(), permissions: vec![Permission::ManageOwn, Permission::ManageGroups] };
        groups::update(&db, &admin, content.id, &powers, &author()).await.unwrap();
        let staff = GroupDraft { name: "Staff".into(), permissions: vec![Permission::ManageBlog, Permission::ManageUsers] };
        let (_, id) = groups::create(&db, Some(&admin), &staff, &author()).await.unwrap();
        let nina = someone(&db, "nina").await;
        people::set_groups(&db, &admin, nina.user(), &[id.unwrap()], &author()).await.unwrap();
        let draft = vestnik_model::user::Registration::parse(
            "second@example.com", "Second", "correct horse battery", vestnik_model::user::Language::En, "UTC",
        ).unwrap();
        let invited = people::create(
            &db, Some(&nina), &draft, "hash", None, BuiltinGroup::ContentManagers, &author(),
        ).await.unwrap();
        assert!(matches!(invited, people::Created::NotAllowed), "{invited:?}");
        // Into her own group, which gives what she has.
        let invited = people::create(&db, Some(&nina), &draft, "hash", None, id.unwrap(), &author()).await.unwrap();
        let people::Created::Done(second) = invited else { panic!("{invited:?}") };
        let users = group(&db, BuiltinGroup::Users).await.id;
        assert_eq!(groups::of_user(&db, second.id).await.unwrap(), [users, id.unwrap()]);
        groups::delete(&db, &admin, id.unwrap(), &author()).await.unwrap();
        let late = people::create(&db, Some(&admin), &draft, "hash", None, id.unwrap(), &author()).await.unwrap();
        assert!(matches!(late, people::Created::NoGroup), "{late:?}");
    }

    async fn a_manager_disables_anyones_mailing_and_its_owner_cannot_enable_it(db: Db) {
        let manager = member(&db, "manager", BuiltinGroup::Managers).await;
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 1).await;
        let id = plan(&db, &anna, "2026-11-25 10:00", "", "daily").await;
        assert_eq!(oversight::disable(&db, &boris, id, "", &author()).await.unwrap(), Controlled::NotFound);
        // What its owner has disabled already a manager disables for good.
        control::disable(&db, &anna, id, "a pause", NOW).await.unwrap();
        assert_eq!(oversight::disable(&db, &manager, id, "wrong prices", &author()).await.unwrap(), Controlled::Done);
        assert_eq!(oversight::disable(&db, &manager, id, "again", &author()).await.unwrap(), Controlled::NotNow);
        assert_eq!(control::enable(&db, &anna, id, NOW).await.unwrap(), Controlled::NotNow);
        assert_eq!(oversight::enable(&db, &manager, id, &author()).await.unwrap(), Controlled::Done);
        // What its owner stops only its owner starts.
        control::disable(&db, &anna, id, "a pause", NOW).await.unwrap();
        assert_eq!(oversight::enable(&db, &manager, id, &author()).await.unwrap(), Controlled::NotNow);
        assert_eq!(control::enable(&db, &anna, id, NOW).await.unwrap(), Controlled::Done);
        assert!(mailings::find(&db, &anna, id).await.unwrap().unwrap().next_at.is_some());
        let seen = oversight::mailings(&db, &manager, &Default::default(), None, 10).await.unwrap();
        assert_eq!(seen.rows[0].owner_email, "anna@example.com");
        assert!(oversight::mailings(&db, &boris, &Default::default(), None, 10).await.unwrap().rows.is_empty());
    }

    async fn each_act_has_its_entry_and_deleting_leaves_nothing_else(db: Db) {
        let admin = member(&db, "admin", BuiltinGroup::Administrators).await;
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 30).await;
        let id = plan(&db, &anna, "2026-11-25 10:00", "", "daily").await;
        oversight::disable(&db, &admin, id, "x", &author()).await.unwrap();
        people::block(&db, &admin, anna.user(), "spam", &author()).await.unwrap();
        people::end_sessions(&db, &admin, anna.user(), &author()).await.unwrap();
        assert_eq!(people::delete(&db, &admin, anna.user(), &author()).await.unwrap(), Changed::Done);
        assert!(people::find(&db, &admin, anna.user()).await.unwrap().is_none(), "nobody sees them");
        vestnik_store::erasure::erase_deleted(&db, NOW).await.unwrap();
        assert_eq!(people::delete(&db, &admin, anna.user(), &author()).await.unwrap(), Changed::NotFound);
        for table in ["recipients", "messages", "mailings", "mailing_recipients", "runs", "deliveries"] {
            let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            let (left,): (i64,) = db.fetch_one(sql, &[]).await.unwrap();
            assert_eq!(left, 0, "{table}");
        }
        let log = audit::list(&db, &admin, &AuditFilter::default(), None, 50).await.unwrap();
        let acts: Vec<Action> = log.rows.iter().map(|entry| entry.action).collect();
        use Action::{GroupsSet, MailingDisabled, SessionsEnded, UserBlocked, UserDeleted};
        assert_eq!(acts, [UserDeleted, SessionsEnded, UserBlocked, MailingDisabled, GroupsSet], "newest first");
        assert!(log.rows.iter().all(|entry| !entry.subject.is_empty()));
        let filter = AuditFilter { action: Some(UserBlocked), text: "ANNA".into() };
        let found = audit::list(&db, &admin, &filter, None, 50).await.unwrap();
        assert_eq!((found.rows.len(), found.rows[0].after.as_str()), (1, "\"spam\""));
        assert!(audit::list(&db, &anna, &AuditFilter::default(), None, 50).await.unwrap().rows.is_empty());
    }
}
