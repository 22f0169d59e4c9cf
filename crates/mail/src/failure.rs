//! Why there is no session: [`Failure`] answers whose fault it is, whether waiting helps, and what to show.

use std::fmt;

use crate::{
    error::SmtpError,
    reply::Reply,
    verdict::{Blame, Phase, Verdict},
};

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The name could not be resolved.
    Dns,
    /// No address took the connection.
    Unreachable,
    /// A phase's deadline passed.
    TimedOut,
    /// The connection broke or ended.
    Lost,
    /// The TLS handshake failed, or the certificate does not hold.
    Tls,
    /// The server answered the TLS handshake with something else: it speaks no TLS there, or not from the beginning.
    NotTls,
    /// Going on would have been unsafe: a password in clear text, plain text after STARTTLS.
    Insecure,
    /// The server lacks what the configuration demands: STARTTLS, a known AUTH mechanism.
    Unsupported,
    /// The server refused; see the reply.
    Refused,
    /// What came was no SMTP reply.
    Garbage,
}

/// Opening a session failed. No message was touched: whatever it was, its verdict is [`Verdict::Later`] and the
/// server is to blame, never a recipient.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Failure {
    /// How far it came.
    pub phase: Phase,
    /// What kind it was.
    pub kind: FailureKind,
    /// The server's words, if it said any.
    pub reply: Option<Reply>,
    /// What happened, without secrets.
    pub error: SmtpError,
}

impl Failure {
    pub(crate) fn new(phase: Phase, kind: FailureKind, error: SmtpError) -> Self {
        Self { phase, kind, reply: None, error }
    }

    pub(crate) fn refused(phase: Phase, reply: Reply) -> Self {
        let error = match phase {
            Phase::Auth => SmtpError::LoginRefused {},
            Phase::StartTls => SmtpError::StartTlsRefused {},
            _ => SmtpError::SessionRefused {},
        };
        Self { phase, kind: FailureKind::Refused, reply: Some(reply), error }
    }

    /// Always [`Verdict::Later`].
    pub fn verdict(&self) -> Verdict {
        Verdict::Later
    }

    /// Always [`Blame::Server`].
    pub fn blame(&self) -> Blame {
        Blame::Server
    }

    /// Whether a person must change something before it can work: a wrong password, a certificate that does not
    /// hold, a relay that lacks what the configuration demands. The others may pass by themselves.
    pub fn needs_attention(&self) -> bool {
        match self.kind {
            FailureKind::Tls | FailureKind::NotTls | FailureKind::Insecure | FailureKind::Unsupported => true,
            FailureKind::Refused => self.reply.as_ref().is_some_and(Reply::is_permanent),
            FailureKind::Dns
            | FailureKind::Unreachable
            | FailureKind::TimedOut
            | FailureKind::Lost
            | FailureKind::Garbage => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        match &self.reply {
            Some(reply) => write!(f, ": {reply}"),
            None => Ok(()),
        }
    }
}
