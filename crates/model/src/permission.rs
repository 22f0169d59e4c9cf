//! Who may do what. Handlers, templates, the command line and `store` ask [`Actor::may`] and nothing else.
//!
//! Permissions belong to groups, and a person has those of all their groups. Four groups are there from the start;
//! administrators change their permissions and make others.

use crate::id::{GroupId, UserId};
use crate::installation::SecondFactorPolicy;
use crate::problem::{Problem, Problems, line};
use crate::text_enum::text_enum;
use crate::user::User;

text_enum! {
    /// Something that can be allowed.
    pub enum Permission {
        /// Keep recipients, messages and mailings of one's own.
        ManageOwn = "manage_own",
        /// Let mail go out to people: start and plan mailings.
        SendMail = "send_mail",
        /// See everyone's mailings, and what became of them (S-39).
        ViewMailings = "view_mailings",
        /// See everyone's recipients (S-39).
        ViewRecipients = "view_recipients",
        /// See the list of users and their figures (S-40).
        ViewUsers = "view_users",
        /// Block and unblock users (S-41).
        BlockUsers = "block_users",
        /// Disable and enable everyone's mailings (S-42).
        DisableMailings = "disable_mailings",
        /// Write articles (S-51).
        ManageBlog = "manage_blog",
        /// Read and answer what people write on the contacts page (S-53).
        AnswerFeedback = "answer_feedback",
        /// Make, change and delete accounts, and say who is in which group (S-46).
        ManageUsers = "manage_users",
        /// Make, change and delete groups (S-47).
        ManageGroups = "manage_groups",
        /// Change the settings of the installation.
        ManageSettings = "manage_settings",
        /// Read who did what.
        ViewAudit = "view_audit",
    }
}

impl Permission {
    /// Whether it is about things of one's own, and about nobody else's.
    pub const fn concerns_own(self) -> bool {
        matches!(self, Self::ManageOwn | Self::SendMail)
    }
}

text_enum! {
    /// The groups that are there from the start. They can be given other permissions, and cannot be deleted.
    pub enum BuiltinGroup {
        /// Everyone who registers.
        Users = "users",
        /// Those who watch over the others.
        Managers = "managers",
        /// Those who write the blog.
        ContentManagers = "content_managers",
        /// Those who run the installation.
        Administrators = "administrators",
    }
}

impl BuiltinGroup {
    /// What it may until an administrator decides otherwise.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{
            BlockUsers, DisableMailings, ManageBlog, ManageOwn, SendMail, ViewMailings, ViewRecipients, ViewUsers,
        };
        match self {
            Self::Users => &[ManageOwn, SendMail],
            Self::Managers => {
                &[ManageOwn, SendMail, ViewMailings, ViewRecipients, ViewUsers, BlockUsers, DisableMailings]
            }
            Self::ContentManagers => &[ManageOwn, SendMail, ManageBlog],
            Self::Administrators => Permission::ALL,
        }
    }
}

/// A group as a person describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDraft {
    /// What it is called.
    pub name: String,
    /// What its members may.
    pub permissions: Vec<Permission>,
}

impl GroupDraft {
    /// Checks the typed fields: `name`, `permissions`. Things of one's own need not be allowed: everyone has them. A
    /// permission that is named twice is given once.
    pub fn parse(name: &str, permissions: &[String]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = problems.take("name", line(name, true, 100));
        let parsed: Result<Vec<Permission>, _> = permissions.iter().map(|permission| permission.parse()).collect();
        let permissions = problems.take("permissions", parsed.map_err(|_| Problem::new("problem-choice")));
        let once = |typed: Vec<Permission>| Permission::ALL.iter().copied().filter(|one| typed.contains(one)).collect();
        problems.into_result(name.zip(permissions).map(|(name, typed)| Self { name, permissions: once(typed) }))
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Identifier.
    pub id: GroupId,
    /// Which of those that are there from the start; they are named in the reader's language.
    pub builtin: Option<BuiltinGroup>,
    /// What it is called.
    pub name: String,
    /// What its members may.
    pub permissions: Vec<Permission>,
}

/// The person for whom something is done. Every function that touches a user's data takes one, so that
/// forgetting the owner does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    user: UserId,
    permissions: Vec<Permission>,
    /// What their groups allow and a second factor would give them.
    withheld: Vec<Permission>,
    /// Whether a second factor is wanted of them, set up or not.
    needs_factor: bool,
}

impl Actor {
    /// A person acting for themselves, with what everyone may who registers.
    pub fn of(user: &User) -> Self {
        Self::with(user, BuiltinGroup::Users.permissions(), SecondFactorPolicy::Optional)
    }

    /// A person with the permissions of their groups. Someone who is blocked may nothing. Before the address is confirmed
    /// (S-33) a person keeps their own things and no more: a stranger could have registered with it. Where a second
    /// factor is wanted of someone who has none, what concerns others is withheld until they set one up.
    ///
    /// What is asked of the person on whom something is done is `granted` itself: whoever cannot use their rights at the
    /// moment still has them.
    pub fn with(user: &User, granted: &[Permission], wanted: SecondFactorPolicy) -> Self {
        let proven = user.blocked_at.is_none() && user.confirmed_at.is_some();
        let granted = if proven { granted } else { &[] };
        let needs_factor = wanted.asks_of(granted);
        let lacks_factor = needs_factor && user.second_factor_at.is_none();
        let (mut permissions, withheld): (Vec<_>, Vec<_>) =
            granted.iter().partition(|permission| !lacks_factor || permission.concerns_own());
        // S-45: whatever their groups are, everyone has things of their own.
        if user.blocked_at.is_none() && !permissions.contains(&Permission::ManageOwn) {
            permissions.push(Permission::ManageOwn);
        }
        Self { user: user.id, permissions, withheld, needs_factor }
    }

    /// This person looking at another's data, to read it and for nothing else: what is done in the name of the answer
    /// has no permission.
    pub fn looking_at(&self, owner: UserId) -> Self {
        Self { user: owner, permissions: Vec::new(), withheld: Vec::new(), needs_factor: false }
    }

    /// Whose data this person works with.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Whether this person may do it.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Whether this person may do at least what `others` may. Nobody gives, takes or stops more than they have: who
    /// may block users could otherwise block the administrators.
    pub fn may_all(&self, others: &[Permission]) -> bool {
        others.iter().all(|permission| self.may(*permission))
    }

    /// What this person's groups allow and is withheld until they set up a second factor.
    pub fn withheld(&self) -> &[Permission] {
        &self.withheld
    }

    /// Whether this person must have a second factor, and so cannot switch it off.
    pub fn needs_second_factor(&self) -> bool {
        self.needs_factor
    }

    /// Everything that this person may.
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use crate::user::{Language, Theme};

    #[test]
    fn administrators_may_everything_and_managers_no_more_than_is_said() {
        let managers = BuiltinGroup::Managers.permissions();
        assert!(!managers.contains(&Permission::ManageUsers) && !managers.contains(&Permission::ViewAudit));
        for group in BuiltinGroup::ALL {
            let own = group.permissions();
            assert!(own.iter().all(|permission| BuiltinGroup::Administrators.permissions().contains(permission)));
            assert!(own.contains(&Permission::ManageOwn), "S-45: everyone has mailings of their own");
        }
    }

    fn boss(second_factor_at: Option<UnixMillis>) -> User {
        User {
            id: UserId(7),
            email: "boss@example.com".into(),
            name: "Boss".into(),
            password_hash: String::new(),
            language: Language::En,
            time_zone: "UTC".into(),
            theme: Theme::Auto,
            confirmed_at: Some(UnixMillis(1)),
            created_at: UnixMillis(1),
            blocked_at: None,
            blocked_reason: String::new(),
            seen_at: None,
            phone: String::new(),
            city: String::new(),
            avatar: String::new(),
            avatar_small: String::new(),
            second_factor_at,
            confirmed_by_catcher: false,
        }
    }

    #[test]
    fn what_concerns_others_is_withheld_until_a_wanted_second_factor_is_set_up() {
        use SecondFactorPolicy::{Optional, Required};
        let own = BuiltinGroup::Users.permissions();
        let managers = BuiltinGroup::Managers.permissions();
        let set_up = Some(UnixMillis(2));
        for (policy, since, granted, may) in [
            (Optional, None, managers, managers),
            (Required, set_up, managers, managers),
            (Required, None, managers, own),
            (Required, None, own, own),
            (Required, None, &[Permission::ViewAudit], &[Permission::ManageOwn]),
        ] {
            let actor = Actor::with(&boss(since), granted, policy);
            assert_eq!(actor.permissions(), may, "{policy} {since:?} {granted:?}");
            let withheld: Vec<_> = granted.iter().copied().filter(|permission| !may.contains(permission)).collect();
            assert_eq!(actor.withheld(), withheld, "{policy} {since:?} {granted:?}");
            assert_eq!(actor.needs_second_factor(), policy == Required && granted != own, "{policy} {granted:?}");
        }
        let unproven = User { confirmed_at: None, ..boss(None) };
        let actor = Actor::with(&unproven, managers, Required);
        assert!(actor.withheld().is_empty(), "the address comes first");
        assert_eq!(actor.permissions(), [Permission::ManageOwn]);
        let blocked = User { blocked_at: set_up, ..boss(None) };
        assert!(Actor::with(&blocked, managers, Required).permissions().is_empty());
    }

    #[test]
    fn a_group_is_read_from_what_is_typed() {
        let typed = |permissions: &[&str]| permissions.iter().map(ToString::to_string).collect::<Vec<_>>();
        let draft = GroupDraft::parse(" Auditor ", &typed(&["view_audit", "view_mailings", "view_audit"])).unwrap();
        assert_eq!(draft.name, "Auditor");
        assert_eq!(draft.permissions, [Permission::ViewMailings, Permission::ViewAudit]);
        let problems = GroupDraft::parse("", &typed(&["fly"])).unwrap_err();
        assert_eq!(problems.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["name", "permissions"]);
    }
}
