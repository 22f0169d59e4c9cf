//! Opening a transaction: `[RSET] MAIL RCPT DATA`, together or one by one, and what their replies mean.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{Envelope, Session, State, wire::Trouble};
use crate::{
    error::SmtpError,
    reply::Reply,
    verdict::{Blame, Phase, Verdict},
};

/// Where and why a message's way ended.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) phase: Phase,
    pub(super) why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    /// The server's reply decides.
    Reply(Reply),
    /// The server has ended the session after it refused a command, and before it answered those that came with it: the
    /// limit of errors in a session has been reached. What its replies belong to cannot be told for sure then, so that the
    /// message is to be sent in another session.
    Ended(Reply),
    /// There was no reply, or none to be believed.
    Trouble(Trouble),
    /// Decided on our side.
    Decided(Verdict, Blame, SmtpError),
}

impl Stop {
    /// Nobody's fault; safe to try again.
    pub(super) fn ours(phase: Phase, error: SmtpError) -> Self {
        Self { phase, why: Why::Decided(Verdict::Later, Blame::Nobody, error) }
    }

    /// Whether the server has ended the session before it knew more of the message than its sender, or for its errors.
    pub(super) fn is_close(&self) -> bool {
        let ended = match &self.why {
            Why::Reply(reply) => reply.code == 421,
            Why::Ended(_) => return true,
            Why::Trouble(trouble) => matches!(trouble, Trouble::Lost(_)),
            Why::Decided(..) => false,
        };
        ended && matches!(self.phase, Phase::Reset | Phase::MailFrom)
    }

    /// This, if what came before it in the row was refused or not.
    fn after(self, all_taken: bool) -> Self {
        match self.why {
            Why::Reply(farewell) if !all_taken => Self { why: Why::Ended(farewell), ..self },
            why => Self { why, ..self },
        }
    }

    fn garbage(phase: Phase, error: SmtpError) -> Self {
        Self { phase, why: Why::Trouble(Trouble::Garbage(error)) }
    }
}

/// The server said what it takes.
pub(super) fn too_large(size: u64, limit: u64) -> SmtpError {
    SmtpError::MessageTooLarge { size: size.to_string(), limit: limit.to_string() }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Whether the server can take this envelope at all. Decided without asking it, so the connection stays good.
    pub(super) fn check_envelope(&self, envelope: &Envelope) -> Result<(), Stop> {
        let refuse =
            |blame, error| Err(Stop { phase: Phase::MailFrom, why: Why::Decided(Verdict::Never, blame, error) });
        // Not the server's blame, though it is the server that lacks something: the next message will go through.
        if envelope.needs_smtputf8() && !self.capabilities.smtputf8 {
            let blame = if envelope.to().is_ascii() { Blame::Sender } else { Blame::Recipient };
            return refuse(blame, SmtpError::NeedsSmtpUtf8 {});
        }
        if envelope.needs_eight_bit() && !self.capabilities.eight_bit {
            return refuse(Blame::Message, SmtpError::NeedsEightBit {});
        }
        match (envelope.size(), self.capabilities.max_size) {
            (Some(size), Some(max)) if size > max => refuse(Blame::Message, too_large(size, max)),
            _ => Ok(()),
        }
    }

    pub(super) fn push_opening(&mut self, envelope: &Envelope, reset: bool) {
        if reset {
            self.out.extend_from_slice(b"RSET\r\n");
        }
        self.push_mail(envelope);
        self.push_rcpt(envelope);
        self.out.extend_from_slice(b"DATA\r\n");
    }

    fn push_mail(&mut self, envelope: &Envelope) {
        let out = &mut self.out;
        out.extend_from_slice(b"MAIL FROM:<");
        out.extend_from_slice(envelope.from().as_bytes());
        out.push(b'>');
        if let Some(size) = envelope.size().filter(|_| self.capabilities.size) {
            out.extend_from_slice(b" SIZE=");
            out.extend_from_slice(size.to_string().as_bytes());
        }
        if envelope.needs_eight_bit() {
            out.extend_from_slice(b" BODY=8BITMIME");
        }
        if envelope.needs_smtputf8() {
            out.extend_from_slice(b" SMTPUTF8");
        }
        out.extend_from_slice(b"\r\n");
    }

    fn push_rcpt(&mut self, envelope: &Envelope) {
        self.out.extend_from_slice(b"RCPT TO:<");
        self.out.extend_from_slice(envelope.to().as_bytes());
        self.out.extend_from_slice(b">\r\n");
    }

    /// Writes what stands in `out`. Nothing of it may hold a final dot.
    pub(super) async fn write_out(&mut self, phase: Phase, limit: Duration) -> Result<(), Stop> {
        let mut written = 0;
        let result = self.wire.write(&self.out, &mut written, Instant::now() + limit).await;
        result.map_err(|trouble| Stop { phase, why: Why::Trouble(trouble) })
    }

    /// Reads one reply. 421 and what is no reply leave the session dead.
    async fn answer(&mut self, phase: Phase, limit: Duration) -> Result<Reply, Stop> {
        match self.wire.reply(Instant::now() + limit).await {
            Ok(reply) if reply.code == 421 => Err(Stop { phase, why: Why::Reply(reply) }),
            Ok(reply) => Ok(reply),
            Err(trouble) => Err(Stop { phase, why: Why::Trouble(trouble) }),
        }
    }

    /// Reads the replies to a pipelined opening. `Ok`: the server waits for the body. `Err`: see the state for
    /// whether the session survived. The state is `Dead` when this is called.
    pub(super) async fn read_opening(&mut self, reset: bool) -> Result<(), Stop> {
        if reset {
            self.expect_reset().await?;
        }
        let mail = self.answer(Phase::MailFrom, self.timeouts.mail).await?;
        let rcpt = self.answer(Phase::RcptTo, self.timeouts.rcpt).await;
        let rcpt = rcpt.map_err(|stop| stop.after(mail.is_positive()))?;
        let data = self.answer(Phase::Data, self.timeouts.data).await;
        let data = data.map_err(|stop| stop.after(mail.is_positive() && rcpt.is_positive()))?;
        // First the shape of the whole row, then its meaning: with a reply too many or too few somewhere, a
        // refusal in it may be another recipient's.
        let known = |reply: &Reply| reply.is_positive() || reply.is_transient() || reply.is_permanent();
        if !known(&mail) || !known(&rcpt) || data.code != 354 && !(data.is_transient() || data.is_permanent()) {
            let said = format!("{mail}; {rcpt}; {data}");
            return Err(Stop::garbage(Phase::Data, SmtpError::RepliesMismatch { said }));
        }
        let farewell = self.farewell(Phase::Data).await?;
        let waits_for_text = data.code == 354;
        let refusal = match (mail.is_positive(), rcpt.is_positive(), waits_for_text) {
            (true, true, true) => {
                return farewell.map_or(Ok(()), |farewell| Err(Stop { phase: Phase::Data, why: Why::Reply(farewell) }));
            }
            // A recipient taken without a sender, and now it waits for text: a lone dot might be delivered to the
            // recipient as an empty message, so the connection is dropped instead.
            (false, true, true) => {
                return Err(Stop { phase: Phase::MailFrom, why: Why::Reply(mail) });
            }
            (false, ..) => Stop { phase: Phase::MailFrom, why: Why::Reply(mail) },
            (true, false, _) => Stop { phase: Phase::RcptTo, why: Why::Reply(rcpt) },
            (true, true, false) => Stop { phase: Phase::Data, why: Why::Reply(data) },
        };
        if farewell.is_some() {
            return Err(refusal);
        }
        if waits_for_text {
            self.end_empty().await;
        } else {
            self.state = State::Idle { reset: true };
        }
        Err(refusal)
    }

    /// What has come behind the replies to all that was asked: nothing, or the farewell of a server that ends the session
    /// with them, as one does after a number of errors. RFC 5321 3.8: 421 is the one thing that it may say unasked.
    /// Anything else is a reply too many.
    async fn farewell(&mut self, phase: Phase) -> Result<Option<Reply>, Stop> {
        if !self.wire.has_input() {
            return Ok(None);
        }
        // The rest of it may be in another packet.
        match self.wire.reply(Instant::now() + self.timeouts.quit).await {
            Ok(reply) if reply.code == 421 && !self.wire.has_input() => Ok(Some(reply)),
            _ => Err(Stop::garbage(phase, SmtpError::TooManyReplies {})),
        }
    }

    /// The server waits for a text although nobody will get it: a lone dot ends it (RFC 2920 3.1). What it answers
    /// is of no interest, so long as it is one reply.
    async fn end_empty(&mut self) {
        self.out.clear();
        self.out.extend_from_slice(b".\r\n");
        if self.write_out(Phase::Data, self.timeouts.data).await.is_ok()
            && self.answer(Phase::Data, self.timeouts.data).await.is_ok()
            && !self.wire.has_input()
        {
            self.state = State::Idle { reset: true };
        }
    }

    async fn expect_reset(&mut self) -> Result<(), Stop> {
        let reply = self.answer(Phase::Reset, self.timeouts.ehlo).await?;
        if reply.is_positive() { Ok(()) } else { Err(Stop { phase: Phase::Reset, why: Why::Reply(reply) }) }
    }

    /// The same opening for a server without PIPELINING: each command waits for its reply.
    pub(super) async fn open_in_steps(&mut self, envelope: &Envelope, reset: bool) -> Result<(), Stop> {
        if reset {
            self.out.clear();
            self.out.extend_from_slice(b"RSET\r\n");
            self.write_out(Phase::Reset, self.timeouts.ehlo).await?;
            self.expect_reset().await?;
        }
        for phase in [Phase::MailFrom, Phase::RcptTo, Phase::Data] {
            self.out.clear();
            let limit = match phase {
                Phase::MailFrom => {
                    self.push_mail(envelope);
                    self.timeouts.mail
                }
                Phase::RcptTo => {
                    self.push_rcpt(envelope);
                    self.timeouts.rcpt
                }
                _ => {
                    self.out.extend_from_slice(b"DATA\r\n");
                    self.timeouts.data
                }
            };
            self.silence(phase)?;
            self.write_out(phase, limit).await?;
            let reply = self.answer(phase, limit).await?;
            let farewell = self.farewell(phase).await?;
            let taken = if phase == Phase::Data { reply.code == 354 } else { reply.is_positive() };
            if !taken && (reply.is_transient() || reply.is_permanent()) {
                if farewell.is_none() {
                    self.state = State::Idle { reset: true };
                }
                return Err(Stop { phase, why: Why::Reply(reply) });
            }
            if !taken {
                return Err(Stop::garbage(phase, SmtpError::ReplyMismatch { said: reply.to_string() }));
            }
            if let Some(farewell) = farewell {
                return Err(Stop { phase, why: Why::Reply(farewell) });
            }
        }
        Ok(())
    }

    /// The message was refused before its body, so the next one's commands had nothing to ride on. They are sent
    /// now, without waiting, so that their replies come while the refusal is being recorded.
    pub(super) async fn announce_after_refusal(&mut self, next: Option<&Envelope>) {
        let State::Idle { reset } = self.state else {
            return;
        };
        let Some(next) = next.filter(|next| self.capabilities.pipelining && self.check_envelope(next).is_ok()) else {
            return;
        };
        self.state = State::Dead;
        // Whatever goes wrong here is not this message's affair; the next call finds the session dead.
        if self.silence(Phase::MailFrom).is_err() {
            return;
        }
        self.out.clear();
        self.push_opening(next, reset);
        if self.write_out(Phase::MailFrom, self.timeouts.mail).await.is_ok() {
            self.state = State::Announced { envelope: next.clone(), reset };
        }
    }
}
