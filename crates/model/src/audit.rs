//! What the audit log tells of.

use crate::text_enum::text_enum;

text_enum! {
    /// Something that was done. What it is called in pages is `audit-{name}`.
    pub enum Action {
        /// Someone signed in.
        LoggedIn = "logged_in",
        /// Someone tried to, with a wrong password.
        LoginFailed = "login_failed",
        /// Someone knew the password, and not the code that is asked for after it.
        SecondFactorFailed = "second_factor_failed",
        /// Someone used up a recovery code in place of an app's code.
        RecoveryCodeUsed = "recovery_code_used",
        /// Someone signed out.
        LoggedOut = "logged_out",
        /// Someone set up a second factor, or another app for it.
        SecondFactorOn = "second_factor_on",
        /// Someone switched theirs off.
        SecondFactorOff = "second_factor_off",
        /// Someone made new recovery codes; the ones before are worth nothing.
        RecoveryCodesMade = "recovery_codes_made",
        /// Someone's second factor was switched off by another.
        SecondFactorReset = "second_factor_reset",
        /// An account was made for someone.
        UserCreated = "user_created",
        /// Someone's account was changed by another.
        UserChanged = "user_changed",
        /// Someone was put into other groups.
        GroupsSet = "groups_set",
        /// Someone was blocked.
        UserBlocked = "user_blocked",
        /// Someone was unblocked.
        UserUnblocked = "user_unblocked",
        /// Someone was signed out everywhere.
        SessionsEnded = "sessions_ended",
        /// A letter to set a new password was sent to someone.
        RecoverySent = "recovery_sent",
        /// Someone's password was set anew at the command line.
        PasswordReset = "password_reset",
        /// Someone's address became another.
        AddressChanged = "address_changed",
        /// Someone took a copy of all their data.
        DataExported = "data_exported",
        /// Someone's account was deleted with all its data.
        UserDeleted = "user_deleted",
        /// A mailing was disabled by someone other than its owner.
        MailingDisabled = "mailing_disabled",
        /// Such a mailing was enabled.
        MailingEnabled = "mailing_enabled",
        /// A group was made.
        GroupCreated = "group_created",
        /// A group was given another name or other permissions.
        GroupChanged = "group_changed",
        /// A group was deleted.
        GroupDeleted = "group_deleted",
        /// An article was begun.
        ArticleCreated = "article_created",
        /// An article was changed, published or taken back.
        ArticleChanged = "article_changed",
        /// An article was deleted.
        ArticleDeleted = "article_deleted",
        /// What someone wrote on the contacts page was answered.
        FeedbackAnswered = "feedback_answered",
        /// It was deleted.
        FeedbackDeleted = "feedback_deleted",
        /// A part of the cache was forgotten by hand.
        CacheForgotten = "cache_forgotten",
        /// The first administrator was made, with the first settings.
        SetUp = "set_up",
        /// The settings of the installation were changed.
        SettingsChanged = "settings_changed",
        /// The database was restored from a backup.
        Restored = "restored",
        /// After that, someone let it send again.
        SendingResumed = "sending_resumed",
    }
}
