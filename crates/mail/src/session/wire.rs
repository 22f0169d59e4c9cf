//! Replies in and bytes out over any stream, each under a total deadline.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    task::unconstrained,
    time::{Instant, timeout_at},
};

use crate::{
    error::SmtpError,
    reply::{MAX_REPLY, MAX_TEXT, Reply, ReplyParser},
    verdict::{Outcome, Phase},
};

/// Octets read at once. Four replies of a pipelined exchange fit many times over.
const INPUT: usize = 4 * 1_024;

/// Why no reply could be had or no bytes be sent.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The connection broke or ended.
    Lost(SmtpError),
    /// The deadline passed.
    TimedOut(Late),
    /// What came was no reply, or not one to anything that was asked.
    Garbage(SmtpError),
}

/// What did not come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// A reply.
    Reply,
    /// The rest of a reply.
    RestOfReply,
    /// Room for what is written.
    Room,
}

impl Trouble {
    pub(crate) fn outcome(&self) -> Outcome<'static> {
        match self {
            Trouble::Lost(_) => Outcome::Lost,
            Trouble::TimedOut(_) => Outcome::TimedOut,
            Trouble::Garbage(_) => Outcome::Garbage,
        }
    }

    pub(crate) fn into_error(self, phase: Phase) -> SmtpError {
        let phase = phase.id().to_owned();
        match self {
            Trouble::Lost(error) | Trouble::Garbage(error) => error,
            Trouble::TimedOut(Late::Reply) => SmtpError::ReplyTimedOut { phase },
            Trouble::TimedOut(Late::RestOfReply) => SmtpError::ReplyUnfinished { phase },
            Trouble::TimedOut(Late::Room) => SmtpError::WriteTimedOut { phase },
        }
    }

    pub(crate) fn unasked(reply: &Reply) -> Self {
        Trouble::Garbage(SmtpError::ReplyUnasked { said: reply.to_string() })
    }

    fn lost(error: &io::Error) -> Self {
        Trouble::Lost(SmtpError::ConnectionLost { detail: error.to_string() })
    }

    fn ended() -> Self {
        Trouble::Lost(SmtpError::ConnectionClosed {})
    }
}

/// A stream with its unread input.
pub(crate) struct Wire<S> {
    stream: S,
    input: Vec<u8>,
    /// The unread part of `input`.
    unread: std::ops::Range<usize>,
    parser: ReplyParser,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, input: vec![0; INPUT], unread: 0..0, parser: ReplyParser::default() }
    }

    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    /// The next reply.
    pub(crate) async fn reply(&mut self, deadline: Instant) -> Result<Reply, Trouble> {
        // A reply that has already come is taken without asking the clock.
        if let Some(reply) = self.buffered_reply()? {
            return Ok(reply);
        }
        match timeout_at(deadline, self.read_reply()).await {
            Ok(result) => result,
            Err(_) if self.parser.is_midway() => Err(Trouble::TimedOut(Late::RestOfReply)),
            Err(_) => Err(Trouble::TimedOut(Late::Reply)),
        }
    }

    /// The next reply, with as much of its text as the parser takes: the list of extensions must not be cut off.
    pub(crate) async fn long_reply(&mut self, deadline: Instant) -> Result<Reply, Trouble> {
        self.parser.keep(MAX_REPLY);
        let reply = self.reply(deadline).await;
        self.parser.keep(MAX_TEXT);
        reply
    }

    async fn read_reply(&mut self) -> Result<Reply, Trouble> {
        loop {
            match self.stream.read(&mut self.input).await {
                Ok(0) => return Err(Trouble::ended()),
                Ok(count) => self.unread = 0..count,
                Err(error) => return Err(Trouble::lost(&error)),
            }
            if let Some(reply) = self.buffered_reply()? {
                return Ok(reply);
            }
        }
    }

    fn buffered_reply(&mut self) -> Result<Option<Reply>, Trouble> {
        if self.unread.is_empty() {
            return Ok(None);
        }
        match self.parser.feed(&self.input[self.unread.clone()]) {
            Ok((taken, reply)) => {
                self.unread.start += taken;
                Ok(reply)
            }
            Err(error) => Err(Trouble::Garbage(error.into())),
        }
    }

    /// Whether the server has said something that is not yet read.
    pub(crate) fn has_input(&self) -> bool {
        !self.unread.is_empty() || self.parser.is_midway()
    }

    /// Looks, without waiting, whether the server has said something or gone away, at a moment when it has nothing
    /// to say. A 421 is the one thing it may say unasked (RFC 5321 3.8); it is returned as a reply.
    ///
    /// It costs next to nothing: after a short read the runtime knows that there is no more and asks no kernel.
    pub(crate) fn check_silence(&mut self) -> Result<(), Unasked> {
        if !self.has_input() {
            let mut buffer = ReadBuf::new(&mut self.input);
            let look = poll_fn(|context| Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            // Outside of the task's budget: once it is spent, every stream claims to have nothing.
            let looked = pin!(unconstrained(look)).poll(&mut Context::from_waker(Waker::noop()));
            match looked {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(error)) => return Err(Unasked::Trouble(Trouble::lost(&error))),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    return Err(Unasked::Trouble(Trouble::ended()));
                }
                Poll::Ready(Ok(())) => self.unread = 0..buffer.filled().len(),
            }
        }
        match self.buffered_reply() {
            Ok(Some(reply)) if reply.code == 421 => Err(Unasked::Closing(reply)),
            Ok(Some(reply)) => Err(Unasked::Answer(reply)),
            Ok(None) => Err(Unasked::Trouble(Trouble::Garbage(SmtpError::SpokeUnasked {}))),
            Err(trouble) => Err(Unasked::Trouble(trouble)),
        }
    }

    /// Writes all of `bytes`. `written` says how far it came, whatever the result.
    pub(crate) async fn write(&mut self, bytes: &[u8], written: &mut usize, deadline: Instant) -> Result<(), Trouble> {
        let stream = &mut self.stream;
        let work = async {
            while *written < bytes.len() {
                match stream.write(&bytes[*written..]).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    count => *written += count,
                }
            }
            stream.flush().await
        };
        within(deadline, work).await
    }

    /// Ends the stream politely.
    pub(crate) async fn shutdown(&mut self, deadline: Instant) {
        // Whether the goodbye arrives makes no difference to anyone.
        let _ = timeout_at(deadline, self.stream.shutdown()).await;
    }
}

/// What a server does when it has nothing to say.
#[derive(Debug)]
pub(crate) enum Unasked {
    /// It announces that it closes the connection.
    Closing(Reply),
    /// It answers where nothing was asked.
    Answer(Reply),
    /// Anything else.
    Trouble(Trouble),
}

async fn within(deadline: Instant, work: impl Future<Output = io::Result<()>>) -> Result<(), Trouble> {
    match timeout_at(deadline, work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Trouble::lost(&error)),
        Err(_) => Err(Trouble::TimedOut(Late::Room)),
    }
}
