//! Who may do what. Handlers, templates, the command line and `store` ask here and nowhere else.

use crate::id::UserId;
use crate::text_enum::text_enum;
use crate::user::User;

text_enum! {
    /// Something that can be allowed.
    pub enum Permission {
        /// Keep recipients, messages and mailings of one's own.
        ManageOwn = "manage_own",
        /// Let mail go out to people: start and plan mailings.
        SendMail = "send_mail",
    }
}

/// The person for whom something is done. Every function that touches a user's data takes one, so that
/// forgetting the owner does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    user: UserId,
    permissions: Vec<Permission>,
}

impl Actor {
    /// A person acting for themselves. Mail goes out only from a confirmed address (S-33), or else a stranger
    /// could send in the name of an address that is not theirs.
    pub fn of(user: &User) -> Self {
        let mut permissions = vec![Permission::ManageOwn];
        if user.confirmed_at.is_some() {
            permissions.push(Permission::SendMail);
        }
        Self { user: user.id, permissions }
    }

    /// Whose data this person works with.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Whether this person may do it.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}
