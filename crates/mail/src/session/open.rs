//! Greeting, EHLO and STARTTLS.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{
    Capabilities, Session, State, Timeouts,
    wire::{Trouble, Unasked, Wire},
};
use crate::{
    error::SmtpError,
    failure::{Failure, FailureKind},
    reply::Reply,
    verdict::Phase,
};

/// The name we give ourselves in EHLO (RFC 5321 4.1.1.1): a domain, or an address literal such as `[127.0.0.1]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello(String);

/// A name that EHLO cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the EHLO name must be a domain or an address literal, in ASCII, without spaces")]
pub struct BadHello;

impl Hello {
    /// A name for EHLO.
    ///
    /// # Errors
    /// [`BadHello`] if it is empty, longer than 255 octets or holds anything but letters, digits, `.`, `-` and
    /// what address literals need.
    pub fn new(name: &str) -> Result<Self, BadHello> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
        if name.is_empty() || name.len() > 255 || !name.bytes().all(good) {
            return Err(BadHello);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Default for Hello {
    /// The loopback's address literal: valid everywhere, and honest about having no name.
    fn default() -> Self {
        Self("[127.0.0.1]".to_owned())
    }
}

impl Trouble {
    pub(super) fn into_failure(self, phase: Phase) -> Failure {
        let kind = match self {
            Trouble::Lost(_) => FailureKind::Lost,
            Trouble::TimedOut(_) => FailureKind::TimedOut,
            Trouble::Garbage(_) => FailureKind::Garbage,
        };
        Failure::new(phase, kind, self.into_error(phase))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Reads the greeting and says EHLO, or HELO to a server that knows no other.
    ///
    /// # Errors
    /// In [`Phase::Greeting`] or [`Phase::Ehlo`].
    pub async fn open(stream: S, hello: &Hello, timeouts: &Timeouts) -> Result<Self, Failure> {
        let mut session = Self::new(stream, timeouts);
        let deadline = Instant::now() + session.timeouts.greeting;
        let greeting = session.wire.reply(deadline).await.map_err(|trouble| trouble.into_failure(Phase::Greeting))?;
        session.check(Phase::Greeting, 220, greeting)?;
        session.ehlo(hello).await?;
        Ok(session)
    }

    /// Goes on over a stream that has already been greeted: after STARTTLS, where everything the server said
    /// before is forgotten (RFC 3207 4.2).
    ///
    /// # Errors
    /// In [`Phase::Ehlo`].
    pub async fn resume(stream: S, hello: &Hello, timeouts: &Timeouts) -> Result<Self, Failure> {
        let mut session = Self::new(stream, timeouts);
        session.ehlo(hello).await?;
        Ok(session)
    }

    fn new(stream: S, timeouts: &Timeouts) -> Self {
        Self {
            wire: Wire::new(stream),
            capabilities: Capabilities::default(),
            timeouts: timeouts.clone(),
            state: State::Idle { reset: false },
            judged: 0,
            taken: 0,
            out: Vec::new(),
        }
    }

    async fn ehlo(&mut self, hello: &Hello) -> Result<(), Failure> {
        let reply = self.command(Phase::Ehlo, &format!("EHLO {}", hello.name()), self.timeouts.ehlo).await?;
        if reply.code == 250 {
            self.capabilities = Capabilities::parse(&reply.text);
            return Ok(());
        }
        // "Command not known": a server from before 1995 (RFC 5321 3.2).
        if !matches!(reply.code, 500 | 502) {
            return self.check(Phase::Ehlo, 250, reply);
        }
        let reply = self.command(Phase::Ehlo, &format!("HELO {}", hello.name()), self.timeouts.ehlo).await?;
        self.check(Phase::Ehlo, 250, reply)
    }

    /// Asks for TLS and gives the stream back, ready for the handshake.
    ///
    /// # Errors
    /// [`FailureKind::Unsupported`] if the server does not offer it, [`FailureKind::Refused`] if it will not, and
    /// [`FailureKind::Insecure`] if anything follows its 220 in plain text: whoever sits between could put words
    /// into the encrypted conversation that way.
    pub async fn start_tls(mut self) -> Result<S, Failure> {
        let phase = Phase::StartTls;
        if !self.capabilities.starttls {
            return Err(Failure::new(phase, FailureKind::Unsupported, SmtpError::StartTlsMissing {}));
        }
        let reply = self.command(phase, "STARTTLS", self.timeouts.ehlo).await?;
        self.check(phase, 220, reply)?;
        match self.wire.check_silence() {
            Ok(()) => Ok(self.wire.into_stream()),
            Err(Unasked::Trouble(trouble @ Trouble::Lost(_))) => Err(trouble.into_failure(phase)),
            Err(_) => Err(Failure::new(phase, FailureKind::Insecure, SmtpError::StartTlsInjection {})),
        }
    }

    /// One command outside a transaction, and its reply.
    pub(super) async fn command(&mut self, phase: Phase, line: &str, limit: Duration) -> Result<Reply, Failure> {
        let deadline = Instant::now() + limit;
        match self.wire.check_silence() {
            Ok(()) => {}
            Err(Unasked::Closing(reply)) => return Err(Failure::refused(phase, reply)),
            Err(Unasked::Answer(reply)) => return Err(Trouble::unasked(&reply).into_failure(phase)),
            Err(Unasked::Trouble(trouble)) => return Err(trouble.into_failure(phase)),
        }
        let line = format!("{line}\r\n");
        let mut written = 0;
        let result = match self.wire.write(line.as_bytes(), &mut written, deadline).await {
            Ok(()) => self.wire.long_reply(deadline).await,
            Err(trouble) => Err(trouble),
        };
        result.map_err(|trouble| trouble.into_failure(phase))
    }

    fn check(&self, phase: Phase, wanted: u16, reply: Reply) -> Result<(), Failure> {
        if reply.code == wanted {
            Ok(())
        } else if reply.is_transient() || reply.is_permanent() {
            Err(Failure::refused(phase, short(reply)))
        } else {
            let said = short(reply).to_string();
            Err(Failure::new(phase, FailureKind::Garbage, SmtpError::ReplyMismatch { said }))
        }
    }
}

/// A reply as it is shown: long ones are kept only to read the list of extensions.
fn short(mut reply: Reply) -> Reply {
    if let Some((cut, _)) = reply.text.char_indices().nth(crate::reply::MAX_TEXT) {
        reply.text.truncate(cut);
    }
    reply
}
