//! One SMTP connection (RFC 5321), pipelined (RFC 2920), generic over its stream.
//!
//! A message costs one round trip on a warm connection: its body and final dot go out together with `MAIL RCPT
//! DATA` of the next one, and the next [`Session::send`] finds their replies waiting. So at most one message of a
//! connection ever has an unknown fate: the one whose dot is out and whose reply is not in.
//!
//! What ties a reply to a recipient is nothing but its place in the row. Therefore a reply too many, a reply too
//! few, or one that cannot be, ends the connection, and nothing that was read together with it is believed.
//! One thing no client can see: a server that takes a dot in silence and answers what rides behind it.
//! No server is known to do that; `next` left out, the silence would show.

mod auth;
mod capabilities;
mod envelope;
mod open;
mod stuffing;
mod transaction;
mod wire;

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

pub use auth::{Credentials, Mechanism};
pub use capabilities::Capabilities;
pub use envelope::Envelope;
pub use open::{BadHello, Hello};

use crate::{
    error::SmtpError,
    reply::Reply,
    verdict::{Blame, Outcome, Phase, Verdict, classify},
};
use transaction::{Stop, Why, too_large};
use wire::{Trouble, Unasked, Wire};

/// How long each phase may take in all, however many bytes trickle in meanwhile.
///
/// RFC 5321 4.5.3.2 wants minutes; a mailing cannot wait five minutes for each dead server, and what is cut short
/// before the dot costs nothing but another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// Looking up and connecting, all addresses together.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// Until the greeting.
    pub greeting: Duration,
    /// EHLO, STARTTLS and RSET, each.
    pub ehlo: Duration,
    /// Each step of AUTH.
    pub auth: Duration,
    /// MAIL FROM.
    pub mail: Duration,
    /// RCPT TO; longer, because servers look things up here.
    pub rcpt: Duration,
    /// DATA, until its 354.
    pub data: Duration,
    /// Writing the message, plus one second for every 32 KiB of it.
    pub body: Duration,
    /// From the final dot to its reply. The one place where impatience has a price: a reply that comes too late
    /// leaves the message's fate unknown.
    pub dot: Duration,
    /// Saying goodbye.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(15),
            tls: seconds(15),
            greeting: seconds(30),
            ehlo: seconds(20),
            auth: seconds(20),
            mail: seconds(30),
            rcpt: seconds(45),
            data: seconds(30),
            body: seconds(60),
            dot: seconds(180),
            quit: seconds(1),
        }
    }
}

impl Timeouts {
    /// The same for every phase. For tests.
    pub fn all(limit: Duration) -> Self {
        Self {
            connect: limit,
            tls: limit,
            greeting: limit,
            ehlo: limit,
            auth: limit,
            mail: limit,
            rcpt: limit,
            data: limit,
            body: limit,
            dot: limit,
            quit: limit,
        }
    }
}

/// A message on its way to one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// From whom and to whom.
    pub envelope: &'a Envelope,
    /// The message as RFC 5322 has it, without dot-stuffing or final dot.
    pub body: &'a [u8],
}

/// What became of one message.
#[derive(Debug, Clone)]
#[must_use = "the outcome of a delivery must be recorded"]
pub struct Sent {
    /// What became of it.
    pub verdict: Verdict,
    /// Whose doing it was.
    pub blame: Blame,
    /// Where it was decided.
    pub phase: Phase,
    /// The server's words that decided it.
    pub reply: Option<Reply>,
    /// What happened, where no reply decided it.
    pub error: Option<SmtpError>,
    /// From the call to the verdict, on the runtime's monotonic clock.
    pub duration: Duration,
    /// Whether the session can take another message. If not, the next one, announced or not, was not touched.
    pub usable: bool,
    /// Whether the server ended the session before it was told of the recipient, with 421 or without a word, or for the
    /// errors in it, with 421 in place of its answers to the rest. Many do so after a number of messages.
    pub closed: bool,
}

/// What the server takes the connection to be at.
#[derive(Debug)]
enum State {
    /// Between transactions; `reset` if the last one was left open by a refusal.
    Idle { reset: bool },
    /// The next message's commands are out, their replies not read.
    Announced { envelope: Envelope, reset: bool },
    /// Out of step, closing or lost.
    Dead,
}

/// One open connection.
pub struct Session<S> {
    wire: Wire<S>,
    capabilities: Capabilities,
    timeouts: Timeouts,
    state: State,
    /// Messages that the server has judged, and those of them that it has taken.
    judged: u32,
    taken: u32,
    /// What is being written; kept for its memory.
    out: Vec<u8>,
}

/// A message longer than this is written up to its last few lines first, so that the final dot, and with it the
/// doubt, comes as late as possible.
const LONG: usize = 64 * 1_024;
/// How much of a long message is left to be written with the dot.
const TAIL: usize = 4 * 1_024;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// What the server said it can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The stream underneath, to look at.
    pub fn stream(&self) -> &S {
        self.wire.stream()
    }

    /// Whether another message can be sent.
    pub fn is_usable(&self) -> bool {
        !matches!(self.state, State::Dead)
    }

    /// How many messages the server has judged here, from their recipient on.
    pub fn judged(&self) -> u32 {
        self.judged
    }

    /// How many of these it has taken.
    pub fn taken(&self) -> u32 {
        self.taken
    }

    /// Looks, without waiting, whether a connection that has been idle is still open; if not, it is
    /// given up. Look before you use one from a shelf: that a server closed an idle connection is no
    /// fault of anyone's, but [`Session::send`] would have to call it the server's.
    pub fn check_idle(&mut self) -> bool {
        if matches!(self.state, State::Idle { .. }) && self.wire.check_silence().is_err() {
            self.state = State::Dead;
        }
        self.is_usable()
    }

    /// The envelope that was announced together with the previous message and must come next.
    pub fn announced(&self) -> Option<&Envelope> {
        match &self.state {
            State::Announced { envelope, .. } => Some(envelope),
            State::Idle { .. } | State::Dead => None,
        }
    }

    /// Sends one message to one recipient.
    ///
    /// With `next`, that message's `MAIL RCPT DATA` rides along, and the following call must be for it: the server
    /// is already waiting for its body. If the following call is for another envelope after all, that one is
    /// answered with [`Verdict::Later`] and nobody's blame, and the connection is given up, unless the server had
    /// refused the announced one anyway. `next` is ignored where it could not be sent: without PIPELINING, or if
    /// the server cannot take it; [`Session::announced`] tells.
    ///
    /// `before_dot` is called right before the write that carries the final dot, at most once; nothing is
    /// unknown as long as it has not been called. Its error stops the message there, safe to try again, and costs
    /// the connection: SMTP has no way back from 354.
    ///
    /// The future must be run to its end. If it is dropped, the session must be dropped too, and if `before_dot`
    /// had been called, the message's fate is unknown.
    pub async fn send(
        &mut self,
        message: &Outgoing<'_>,
        next: Option<&Envelope>,
        before_dot: impl FnOnce() -> io::Result<()> + Send,
    ) -> Sent {
        let started = Instant::now();
        let stop = match self.begin(message).await {
            Ok(()) => self.hand_over(message, next, before_dot).await,
            Err(stop) => {
                self.announce_after_refusal(next).await;
                stop
            }
        };
        if stop.phase > Phase::MailFrom && matches!(stop.why, Why::Reply(_)) {
            self.judged += 1;
        }
        let sent = self.sent(stop, started);
        self.taken += u32::from(sent.verdict == Verdict::Accepted);
        sent
    }

    /// Takes the transaction up to the server's 354.
    async fn begin(&mut self, message: &Outgoing<'_>) -> Result<(), Stop> {
        if !self.is_usable() {
            return Err(Stop::ours(Phase::MailFrom, SmtpError::SessionEnded {}));
        }
        let state = std::mem::replace(&mut self.state, State::Dead);
        let reset = match state {
            State::Announced { envelope, reset } if envelope.same_path(message.envelope) => {
                return self.read_opening(reset).await;
            }
            State::Announced { reset, .. } => match self.read_opening(reset).await {
                Err(_) if self.is_usable() => true,
                _ => {
                    self.state = State::Dead;
                    return Err(Stop::ours(Phase::MailFrom, SmtpError::OtherAnnounced {}));
                }
            },
            State::Idle { reset } => reset,
            State::Dead => true,
        };
        self.state = State::Idle { reset };
        self.check_envelope(message.envelope)?;
        if let Some(max) = self.capabilities.max_size.filter(|&max| message.body.len() as u64 > max) {
            return Err(Stop {
                phase: Phase::MailFrom,
                why: Why::Decided(Verdict::Never, Blame::Message, too_large(message.body.len() as u64, max)),
            });
        }
        self.state = State::Dead;
        self.silence(Phase::MailFrom)?;
        if self.capabilities.pipelining {
            self.out.clear();
            self.push_opening(message.envelope, reset);
            self.write_out(Phase::MailFrom, self.timeouts.mail).await?;
            self.read_opening(reset).await
        } else {
            self.open_in_steps(message.envelope, reset).await
        }
    }

    /// Writes the body, the dot and the next message's commands, and waits for the verdict. The server has said 354.
    async fn hand_over(
        &mut self,
        message: &Outgoing<'_>,
        next: Option<&Envelope>,
        before_dot: impl FnOnce() -> io::Result<()> + Send,
    ) -> Stop {
        let next = next.filter(|next| self.capabilities.pipelining && self.check_envelope(next).is_ok());
        self.state = State::Dead;
        self.out.clear();
        stuffing::stuff(message.body, &mut self.out);
        let end = self.out.len();
        if let Some(next) = next {
            self.push_opening(next, false);
        }
        let allowance = Duration::from_secs((end / (32 * 1_024)) as u64);
        let deadline = Instant::now() + self.timeouts.body + allowance;
        let mut written = 0;
        let head = if end > LONG { end - TAIL } else { 0 };
        let mut result = self.wire.write(&self.out[..head], &mut written, deadline).await;
        if result.is_ok() {
            if let Err(stop) = self.silence(Phase::Body) {
                return stop;
            }
            if let Err(error) = before_dot() {
                return Stop::ours(Phase::Body, SmtpError::StoppedBeforeDot { detail: error.to_string() });
            }
            result = self.wire.write(&self.out, &mut written, deadline).await;
        }
        match result {
            Ok(()) => self.verdict(next).await,
            Err(trouble) if written < end => self.broken_off(trouble).await,
            // The write failed behind the dot: the reply may still come, but the next one's commands are cut off.
            Err(_) => {
                let stop = self.verdict(None).await;
                self.state = State::Dead;
                stop
            }
        }
    }

    /// The write failed before the dot was out. The server may have said why (RFC 5321 3.8: it may answer and close
    /// at any time), so what has already come is read.
    async fn broken_off(&mut self, trouble: Trouble) -> Stop {
        let why = match self.wire.reply(Instant::now() + Duration::from_millis(100)).await {
            Ok(reply) if reply.code >= 400 => Why::Reply(reply),
            _ => Why::Trouble(trouble),
        };
        Stop { phase: Phase::Body, why }
    }

    /// Reads the reply to the final dot.
    async fn verdict(&mut self, next: Option<&Envelope>) -> Stop {
        let phase = Phase::Dot;
        match self.wire.reply(Instant::now() + self.timeouts.dot).await {
            Ok(reply) => {
                // 421, 354 and talk of unknown commands show that the server is leaving or has lost its place.
                if !matches!(reply.code, 300..400 | 421 | 500 | 502..505) {
                    self.state = match next {
                        Some(next) => State::Announced { envelope: next.clone(), reset: false },
                        None => State::Idle { reset: false },
                    };
                }
                Stop { phase, why: Why::Reply(reply) }
            }
            Err(trouble) => Stop { phase, why: Why::Trouble(trouble) },
        }
    }

    fn sent(&self, stop: Stop, started: Instant) -> Sent {
        let closed = stop.is_close();
        let Stop { phase, why } = stop;
        let (judgement, reply, error) = match why {
            Why::Reply(reply) | Why::Ended(reply) => (classify(phase, Outcome::Reply(&reply)), Some(reply), None),
            Why::Trouble(trouble) => (classify(phase, trouble.outcome()), None, Some(trouble.into_error(phase))),
            Why::Decided(verdict, blame, error) => (crate::verdict::Judgement { verdict, blame }, None, Some(error)),
        };
        Sent {
            verdict: judgement.verdict,
            blame: judgement.blame,
            phase,
            reply,
            error,
            duration: started.elapsed(),
            usable: self.is_usable(),
            closed,
        }
    }

    /// Before a write: the server must have nothing to say.
    fn silence(&mut self, phase: Phase) -> Result<(), Stop> {
        self.wire.check_silence().map_err(|unasked| Stop {
            phase,
            why: match unasked {
                Unasked::Closing(reply) => Why::Reply(reply),
                // It does not want the rest of the message, and should have said so after the dot. Whether this or
                // the broken connection is noticed first is chance, and must not decide what becomes of the message.
                Unasked::Answer(reply) if phase == Phase::Body && reply.code >= 400 => Why::Reply(reply),
                Unasked::Answer(reply) => Why::Trouble(Trouble::unasked(&reply)),
                Unasked::Trouble(trouble) => Why::Trouble(trouble),
            },
        })
    }

    /// Ends the session: QUIT where SMTP allows it, then the stream's own end. Takes at most `Timeouts::quit`.
    pub async fn quit(mut self) {
        let deadline = Instant::now() + self.timeouts.quit;
        // With a transaction announced, QUIT would be the message's text; closing makes the server forget it.
        if matches!(self.state, State::Idle { .. }) {
            let mut written = 0;
            if self.wire.write(b"QUIT\r\n", &mut written, deadline).await.is_ok() {
                let _ = self.wire.reply(deadline).await;
            }
        }
        self.wire.shutdown(deadline).await;
    }
}
