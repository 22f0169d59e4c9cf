//! Samples of oversight and administration.

use vestnik_model::{
    Permission, UnixMillis,
    audit::Action,
    id::{AuditId, GroupId, MailingId, RecipientId, UserId},
    mailing::DisabledBy,
};
use vestnik_store::{audit::Noted, oversight::OverseenRecipient, people::PersonRow};

use super::{
    Sample, errors_at,
    mailings::{explanation, figures, rows, run},
    page,
};
use crate::{
    form::FormErrors,
    mailings::show::FailureView,
    manage::{
        audit::{AuditQuery, AuditView},
        groups::{DeleteGroupView, GroupForm, GroupRow, GroupView, GroupsView},
        mailings::{AskDisableView, MailingView, MailingsView, OverseenRow},
        new_user::{NewUserForm, NewUserView},
        recipients::RecipientsView,
        user::{Allowed, AskView, GroupChoice, LetterView, UserView},
        users::UsersView,
    },
    page::Pager,
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);
const NAME: &str = "Анна <Север>";
const EMAIL: &str = "\"><b>@example.org";

fn person(blocked: bool) -> PersonRow {
    PersonRow {
        id: UserId(1 + i64::from(blocked)),
        email: EMAIL.into(),
        name: NAME.into(),
        confirmed_at: (!blocked).then_some(NOW),
        created_at: NOW,
        seen_at: (!blocked).then_some(NOW),
        blocked_at: blocked.then_some(NOW),
        recipients: 12_480,
        mailings: 24,
        sent: 48_211,
    }
}

fn choice(id: i64, builtin: Option<&'static str>) -> GroupChoice {
    GroupChoice { id: GroupId(id), builtin, name: "Auditor <Север>".into(), chosen: builtin.is_some() }
}

fn user(full: bool) -> UserView {
    UserView {
        id: UserId(7),
        email: EMAIL.into(),
        name: NAME.into(),
        confirmed: full,
        created_at: NOW,
        seen_at: full.then_some(NOW),
        blocked_at: (!full).then_some(NOW),
        blocked_reason: "<b>spam".into(),
        second_factor_at: full.then_some(NOW),
        letter: full.then(|| LetterView {
            subject: "<b>Приглашение".into(),
            state: "failed".into(),
            tone: "warn",
            explanation: explanation("550 5.1.1 <b>"),
            at: NOW,
        }),
        figures: figures(full),
        groups: vec![choice(1, Some("users")), choice(5, None)],
        allowed: Allowed {
            block: true,
            manage: full,
            groups: full,
            report: full,
            see_mailings: full,
            see_recipients: full,
        },
        oneself: full,
    }
}

fn overseen() -> Vec<OverseenRow> {
    let owned = |row| OverseenRow { row, owner_id: UserId(7), owner_email: EMAIL.into(), owner_name: NAME.into() };
    rows().into_iter().map(owned).collect()
}

fn mailing(full: bool) -> Option<MailingView> {
    let row = overseen().into_iter().nth(usize::from(full))?;
    let failure = FailureView {
        reason: vestnik_model::reason::Reason::Other,
        code: Some(550),
        explanation: explanation("550 <b>no"),
        count: 41,
    };
    Some(MailingView {
        row,
        starts_at: full.then_some(NOW),
        ends_at: full.then_some(NOW),
        periodicity: "weekly",
        text: if full { "<b>Text".into() } else { String::new() },
        html: "<script>".into(),
        disabled_reason: "<b>prices".into(),
        disabled_by: if full { DisabledBy::Manager } else { DisabledBy::Block },
        runs: if full { vec![run(vestnik_model::run::RunState::Completed)] } else { Vec::new() },
        failures: if full { vec![failure] } else { Vec::new() },
        may_disable: full,
    })
}

fn recipient() -> OverseenRecipient {
    OverseenRecipient {
        id: RecipientId(3),
        email: EMAIL.into(),
        full_name: NAME.into(),
        comment: "<b>".repeat(60),
        created_at: NOW,
        owner_id: UserId(7),
        owner_email: EMAIL.into(),
        owner_name: NAME.into(),
    }
}

fn noted(action: Action) -> Noted {
    let console = action == Action::GroupsSet;
    Noted {
        id: AuditId(1),
        at: NOW,
        actor: if console { String::new() } else { EMAIL.into() },
        address: if console { String::new() } else { "192.0.2.7".into() },
        action,
        subject: NAME.into(),
        before: if console { "[\"<b>\"]".into() } else { String::new() },
        after: if console { "[\"<b>\"]".into() } else { String::new() },
    }
}

fn group(id: Option<i64>, builtin: Option<&'static str>, errors: FormErrors) -> GroupView {
    GroupView {
        id: id.map(GroupId),
        builtin,
        form: GroupForm {
            name: "Auditor <Север>".into(), permission: vec!["view_audit".into(), "manage_own".into()]
        },
        errors,
        permissions: Permission::ALL
            .iter()
            .map(|permission| (*permission, *permission != Permission::ViewAudit))
            .collect(),
    }
}

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for full in [true, false] {
        let pager = || Pager { previous: None, next: full.then(|| "/manage/users?at=a1".into()) };
        let search = || if full { "\"><b>".to_owned() } else { String::new() };
        let state = if full { "blocked".to_owned() } else { String::new() };
        samples.push(page(
            "manage/users.html",
            UsersView {
                rows: if full { vec![person(false), person(true)] } else { Vec::new() },
                search: search(),
                state,
                total: 2,
                pager: pager(),
                may_create: full,
                now: NOW,
            },
        ));
        samples.push(page("manage/user.html", user(full)));
        let rows = if full { overseen() } else { Vec::new() };
        let owner = || if full { "7".to_owned() } else { String::new() };
        samples.push(page(
            "manage/mailings.html",
            MailingsView { rows, search: search(), owner: owner(), pager: pager() },
        ));
        samples.extend(mailing(full).map(|view| page("manage/mailing.html", view)));
        let ask = AskDisableView { id: MailingId(5), name: NAME.into(), owner_name: NAME.into(), going: full };
        samples.push(page("manage/disable.html", ask));
        let rows = if full { vec![recipient()] } else { Vec::new() };
        samples.push(page(
            "manage/recipients.html",
            RecipientsView { rows, search: search(), owner: owner(), pager: pager() },
        ));
        let errors = if full { FormErrors::none() } else { errors_at(&["email", "name"]) };
        let form = NewUserForm { email: EMAIL.into(), name: NAME.into(), language: "ru".into(), group: "users".into() };
        samples.push(page(
            "manage/new_user.html",
            NewUserView { form, errors, groups: vec![choice(1, Some("users")), choice(5, None)] },
        ));
        let errors = if full { FormErrors::none() } else { errors_at(&["name", "permissions"]) };
        samples.push(page("manage/group.html", group(full.then_some(5), None, errors)));
        let rows = if full { Action::ALL.iter().copied().map(noted).collect() } else { Vec::new() };
        samples.push(page(
            "manage/audit.html",
            AuditView {
                rows,
                query: AuditQuery { action: "user_blocked".into(), q: search(), at: String::new() },
                actions: Action::ALL.iter().map(|action| action.as_str()).collect(),
                pager: pager(),
                csv: "/manage/audit.csv".into(),
                now: NOW,
            },
        ));
    }
    samples.push(page("manage/group.html", group(Some(1), Some("managers"), FormErrors::none())));
    let asked = || AskView { id: UserId(7), name: NAME.into(), email: EMAIL.into() };
    samples.push(page("manage/block.html", asked()));
    samples.push(page("manage/delete_user.html", asked()));
    samples.push(page("manage/second_factor.html", asked()));
    samples.push(page("manage/delete_group.html", DeleteGroupView { id: GroupId(5), name: NAME.into() }));
    let groups = [choice(1, Some("managers")), choice(5, None)].map(|group| GroupRow {
        group,
        members: 3,
        permissions: Permission::ALL.to_vec(),
    });
    samples.push(page("manage/groups.html", GroupsView { rows: groups.into() }));
    samples
}
