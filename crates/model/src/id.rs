//! Identifiers of rows: one type a table, so that a run's id cannot be passed where a mailing's is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A person with an account.
    UserId,
    /// A signed-in browser.
    SessionId,
    /// A group of people with the same permissions.
    GroupId,
    /// An entry of the audit log.
    AuditId,
    /// An address that mail is sent to, in one user's list.
    RecipientId,
    /// Subject and body. Not the `Message-ID` of a mail.
    MessageId,
    /// A message, its audience and its schedule.
    MailingId,
    /// One firing of a mailing.
    RunId,
    /// One recipient in one run.
    DeliveryId,
    /// One try to hand a delivery to a mail server.
    AttemptId,
    /// A time in which a mail server took no mail.
    OutageId,
    /// One file of recipients being read in.
    ImportId,
    /// Something that is deleted step by step.
    DeletionId,
    /// A letter of the service itself: confirmation, recovery, test send.
    LetterId,
    /// A mail that the built-in catcher took.
    CaughtId,
    /// An article of the blog.
    ArticleId,
    /// An uploaded picture.
    PictureId,
    /// What someone wrote on the contacts page.
    FeedbackId,
}
