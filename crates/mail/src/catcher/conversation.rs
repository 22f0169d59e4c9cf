//! One client of the catcher.

use std::{borrow::Cow, io, net::SocketAddr, sync::Arc};

use smtp_proto::{Error, MAIL_SMTPUTF8, Request};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::timeout,
};

use super::{
    Caught, Limits, Sink,
    input::{Input, LineTooLong, TooBig, path},
};

/// Bad commands after which a client is sent away.
const PATIENCE: usize = 20;

/// What to do after a command.
enum Next {
    Command,
    Message,
    Close,
}

pub(super) struct Conversation<T> {
    stream: T,
    peer: SocketAddr,
    limits: Arc<Limits>,
    stopping: watch::Receiver<bool>,
    input: Input,
    /// Replies to what came in one piece go out in one piece.
    out: Vec<u8>,
    hello: String,
    from: Option<String>,
    smtputf8: bool,
    to: Vec<String>,
    mistakes: usize,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conversation<T> {
    pub(super) fn new(stream: T, peer: SocketAddr, limits: Arc<Limits>, stopping: watch::Receiver<bool>) -> Self {
        Self {
            stream,
            peer,
            limits,
            stopping,
            input: Input::default(),
            out: Vec::new(),
            hello: String::new(),
            from: None,
            smtputf8: false,
            to: Vec::new(),
            mistakes: 0,
        }
    }

    pub(super) async fn run<S: Sink>(mut self, sink: &S) {
        // A client that vanishes is no event: what it was not told 250 for, it still has.
        let _ = self.talk(sink).await;
        let _ = self.stream.shutdown().await;
    }

    async fn talk<S: Sink>(&mut self, sink: &S) -> io::Result<()> {
        self.say("220 vestnik mail catcher ESMTP");
        loop {
            match self.command().await? {
                Next::Command => {}
                Next::Message => self.message(sink).await?,
                Next::Close => return self.flush().await,
            }
        }
    }

    fn say(&mut self, reply: &str) {
        self.out.extend_from_slice(reply.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// A reply to a command that was wrong.
    fn object(&mut self, reply: &str) -> Next {
        self.mistakes += 1;
        if self.mistakes > PATIENCE {
            self.say("421 4.7.0 Too many mistakes");
            return Next::Close;
        }
        self.say(reply);
        Next::Command
    }

    async fn flush(&mut self) -> io::Result<()> {
        let written = timeout(self.limits.idle, self.stream.write_all(&self.out)).await;
        self.out.clear();
        written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sends what there is to say and waits for more. `false` if the conversation is over.
    async fn listen(&mut self) -> io::Result<bool> {
        self.flush().await?;
        let reading = timeout(self.limits.idle, self.input.fill(&mut self.stream));
        let farewell = tokio::select! {
            read = reading => match read {
                Ok(read) => return read,
                Err(_) => "421 4.4.2 Nothing heard for too long",
            },
            _ = self.stopping.wait_for(|stopping| *stopping) => "421 4.3.2 Shutting down",
        };
        self.say(farewell);
        self.flush().await?;
        Ok(false)
    }

    async fn command(&mut self) -> io::Result<Next> {
        loop {
            match self.input.line() {
                Ok(None) => {}
                Ok(Some(line)) => {
                    let line = line.to_vec();
                    return Ok(self.obey(&line));
                }
                Err(LineTooLong) => {
                    self.say("421 5.5.2 Line too long");
                    return Ok(Next::Close);
                }
            }
            if !self.listen().await? {
                return Ok(Next::Close);
            }
        }
    }

    fn obey(&mut self, line: &[u8]) -> Next {
        match Request::parse(&mut line.iter()) {
            Ok(request) => {
                // smtp-proto gives addresses without their quotes, which makes two different ones look alike.
                let path = std::str::from_utf8(line).ok().and_then(path).unwrap_or_default();
                self.serve(request, path)
            }
            Err(Error::UnknownCommand) => self.object("500 5.5.1 Command not known"),
            Err(Error::InvalidSenderAddress) => self.object("501 5.1.7 Bad sender address"),
            Err(Error::InvalidRecipientAddress) => self.object("501 5.1.3 Bad recipient address"),
            Err(Error::UnsupportedParameter { .. }) => self.object("555 5.5.4 Parameter not known"),
            Err(_) => self.object("501 5.5.2 Syntax error"),
        }
    }

    fn serve(&mut self, request: Request<Cow<'_, str>>, path: &str) -> Next {
        match request {
            Request::Ehlo { host } => {
                self.greet(host);
                let size = self.limits.message;
                self.say("250-vestnik mail catcher");
                self.say("250-PIPELINING");
                self.say(&format!("250-SIZE {size}"));
                self.say("250-8BITMIME");
                self.say("250-SMTPUTF8");
                self.say("250 ENHANCEDSTATUSCODES");
            }
            Request::Helo { host } => {
                self.greet(host);
                self.say("250 vestnik mail catcher");
            }
            Request::Mail { .. } if self.hello.is_empty() => {
                return self.object("503 5.5.1 EHLO first");
            }
            Request::Mail { .. } if self.from.is_some() => {
                return self.object("503 5.5.1 Sender already given");
            }
            Request::Mail { from } if from.size > self.limits.message => {
                self.say("552 5.3.4 Message too big");
            }
            Request::Mail { from } => {
                self.smtputf8 = from.flags & MAIL_SMTPUTF8 != 0;
                self.from = Some(path.to_owned());
                self.say("250 2.1.0 Sender ok");
            }
            Request::Rcpt { .. } if self.from.is_none() => {
                return self.object("503 5.5.1 MAIL first");
            }
            Request::Rcpt { .. } if self.to.len() >= self.limits.recipients => {
                self.say("452 4.5.3 Too many recipients");
            }
            Request::Rcpt { .. } => {
                self.to.push(path.to_owned());
                self.say("250 2.1.5 Recipient ok");
            }
            Request::Data if self.to.is_empty() => return self.object("503 5.5.1 RCPT first"),
            Request::Data => {
                self.say("354 Go on, end with a dot");
                return Next::Message;
            }
            Request::Rset => {
                self.forget();
                self.say("250 2.0.0 Forgotten");
            }
            Request::Noop { .. } => self.say("250 2.0.0 Done"),
            Request::Vrfy { .. } => self.say("252 2.1.5 Try and see"),
            Request::Quit => {
                self.say("221 2.0.0 Goodbye");
                return Next::Close;
            }
            _ => return self.object("502 5.5.1 Command not implemented"),
        }
        Next::Command
    }

    fn greet(&mut self, host: Cow<'_, str>) {
        self.forget();
        self.hello = host.into_owned();
    }

    fn forget(&mut self) {
        self.from = None;
        self.smtputf8 = false;
        self.to.clear();
    }

    async fn message<S: Sink>(&mut self, sink: &S) -> io::Result<()> {
        let message = loop {
            if let Some(message) = self.input.message(self.limits.message) {
                break message;
            }
            if !self.listen().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        match message {
            Err(TooBig) => self.say("552 5.3.4 Message too big"),
            Ok(bytes) => {
                let caught = Caught {
                    peer: self.peer,
                    hello: self.hello.clone(),
                    from: self.from.take().unwrap_or_default(),
                    to: std::mem::take(&mut self.to),
                    smtputf8: self.smtputf8,
                    bytes,
                };
                match sink.accept(caught).await {
                    Ok(words) => self.say(&format!("250 2.0.0 {}", one_line(&words))),
                    Err(words) => self.say(&format!("451 4.3.0 {}", one_line(&words))),
                }
            }
        }
        self.forget();
        Ok(())
    }
}

/// A sink's words must not become a second reply.
fn one_line(words: &str) -> Cow<'_, str> {
    if words.contains(char::is_control) { words.replace(char::is_control, " ").into() } else { words.into() }
}
