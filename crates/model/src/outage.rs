//! Times in which a mail server takes no mail.

use crate::text_enum::text_enum;

text_enum! {
    /// What is the matter with a mail server. The words are `outage-…-{name}`.
    pub enum OutageKind {
        /// No connection to it can be made, or none that speaks SMTP.
        Unreachable = "unreachable",
        /// It answers, and no session can begin: it refuses us or the password, or its certificate does not hold.
        Rejecting = "rejecting",
        /// It takes connections, and puts every message off.
        Deferring = "deferring",
        /// The trouble is on this side: messages cannot be handed over.
        Local = "local",
    }
}
