//! One client of the fault server.

use std::{io, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::server::TlsStream;

use super::{
    Accepted, Action, Behaviour, Certificate, Encryption, Event, Shared, Stage,
    perform::{Said, perform},
};
use crate::catcher::input::{Input, path};

/// What ends a session with too many errors.
const TOO_MANY: &str = "421 4.7.0 Error: too many errors";

/// How a conversation goes on.
enum Flow {
    On,
    End,
    /// The rest is said over TLS.
    Encrypt,
}

impl From<Said> for Flow {
    fn from(said: Said) -> Self {
        if said == Said::Ended { Flow::End } else { Flow::On }
    }
}

struct Conversation<'a, T> {
    stream: T,
    number: usize,
    shared: &'a Shared,
    behaviour: Arc<Behaviour>,
    input: Input,
    from: Option<String>,
    to: Vec<String>,
    /// A recipient was given and refused.
    refused: bool,
    authenticated: bool,
    encrypted: bool,
    /// Refusals since a message was accepted.
    errors: usize,
}

pub(super) async fn talk<T: AsyncRead + AsyncWrite + Unpin>(stream: T, number: usize, shared: Arc<Shared>) {
    // Clients vanish; that is what tests do.
    let _ = converse(stream, number, &shared).await;
}

async fn converse<T: AsyncRead + AsyncWrite + Unpin>(stream: T, number: usize, shared: &Shared) -> io::Result<()> {
    let behaviour = shared.behaviour();
    match behaviour.encryption {
        Encryption::Implicit(certificate) => {
            let conversation = Conversation::new(stream, number, shared, behaviour.clone(), false);
            let Some(stream) = conversation.encrypt(certificate).await? else {
                return Ok(());
            };
            Conversation::new(stream, number, shared, behaviour, true).run(true).await.map(drop)
        }
        Encryption::None => Conversation::new(stream, number, shared, behaviour, false).run(true).await.map(drop),
        Encryption::StartTls(certificate) => {
            let conversation = Conversation::new(stream, number, shared, behaviour.clone(), false);
            let Some(stream) = conversation.run(true).await? else {
                return Ok(());
            };
            let conversation = Conversation::new(stream, number, shared, behaviour.clone(), false);
            let Some(stream) = conversation.encrypt(certificate).await? else {
                return Ok(());
            };
            Conversation::new(stream, number, shared, behaviour, true).run(false).await.map(drop)
        }
    }
}

impl<'a, T: AsyncRead + AsyncWrite + Unpin> Conversation<'a, T> {
    fn new(stream: T, number: usize, shared: &'a Shared, behaviour: Arc<Behaviour>, encrypted: bool) -> Self {
        Self {
            stream,
            number,
            shared,
            behaviour,
            input: Input::default(),
            from: None,
            to: Vec::new(),
            refused: false,
            authenticated: false,
            encrypted,
            errors: 0,
        }
    }

    /// The stream under TLS, unless the script wants something else.
    async fn encrypt(mut self, certificate: Certificate) -> io::Result<Option<TlsStream<T>>> {
        match self.decide(Stage::Tls) {
            Action::Proceed => self.shared.authority.acceptor(certificate)?.accept(self.stream).await.map(Some),
            other => self.perform(other, "").await.map(|_| None),
        }
    }

    /// Until the end, or until TLS is to begin: then the stream is given back.
    async fn run(mut self, greet: bool) -> io::Result<Option<T>> {
        if greet && matches!(self.act(Stage::Greeting, "220 faults.example ESMTP").await?, Flow::End) {
            return Ok(None);
        }
        while let Some(line) = self.line().await? {
            match self.obey(&line).await? {
                Flow::On => {}
                Flow::End => return Ok(None),
                Flow::Encrypt => return Ok(Some(self.stream)),
            }
        }
        Ok(None)
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            let line = self.input.line().map_err(|_| io::Error::other("line too long"))?;
            if let Some(line) = line {
                return Ok(Some(String::from_utf8_lossy(line).trim_end().to_owned()));
            }
            if !self.input.fill(&mut self.stream).await? {
                return Ok(None);
            }
        }
    }

    async fn obey(&mut self, line: &str) -> io::Result<Flow> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let shown =
            if verb == "AUTH" { line.split(' ').take(2).collect::<Vec<_>>().join(" ") } else { line.to_owned() };
        self.shared.record().commands.push(shown);
        let pipelining = self.behaviour.extensions.iter().any(|line| line == "PIPELINING");
        let may_be_followed = pipelining && matches!(&*verb, "RSET" | "MAIL" | "RCPT");
        if !may_be_followed && !self.input.is_empty() {
            self.shared.record().violations.push(format!("sent ahead of the reply to {line}"));
        }
        match &*verb {
            "EHLO" => {
                let reply = self.extensions();
                self.act(Stage::Ehlo, &reply).await
            }
            "HELO" => self.act(Stage::Helo, "250 faults.example").await,
            "STARTTLS" if matches!(self.behaviour.encryption, Encryption::StartTls(_)) && !self.encrypted => {
                let sent = self.decide_and_say(Stage::StartTls, "220 2.0.0 Go ahead").await?;
                Ok(if sent == Said::Meant { Flow::Encrypt } else { sent.into() })
            }
            "AUTH" if self.behaviour.credentials.is_some() => self.authenticate(line).await,
            "MAIL" => self.mail(line).await,
            "RCPT" => self.rcpt(line).await,
            "DATA" => self.data().await,
            "RSET" => {
                self.forget();
                self.act(Stage::Rset, "250 2.0.0 Forgotten").await
            }
            "NOOP" => self.say("250 2.0.0 Done").await,
            "QUIT" => {
                self.act(Stage::Quit, "221 2.0.0 Goodbye").await?;
                Ok(Flow::End)
            }
            _ => self.say("500 5.5.1 Command not known").await,
        }
    }

    fn extensions(&self) -> String {
        let mut lines = vec!["faults.example".to_owned()];
        lines.extend(self.behaviour.extensions.clone());
        if matches!(self.behaviour.encryption, Encryption::StartTls(_)) && !self.encrypted {
            lines.push("STARTTLS".to_owned());
        }
        if self.behaviour.credentials.is_some() && !lines.iter().any(|line| line.starts_with("AUTH")) {
            lines.push("AUTH PLAIN LOGIN XOAUTH2".to_owned());
        }
        let last = lines.len() - 1;
        let numbered =
            lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' }));
        numbered.collect::<Vec<_>>().join("\n")
    }

    async fn mail(&mut self, line: &str) -> io::Result<Flow> {
        if self.behaviour.credentials.is_some() && !self.authenticated {
            return self.say("530 5.7.0 Authentication required").await;
        }
        if self.from.is_some() {
            return self.say("503 5.5.1 Sender already given").await;
        }
        self.from = Some(path(line).unwrap_or_default().to_owned());
        let size =
            line.split(' ').find_map(|word| word.strip_prefix("SIZE=")).and_then(|size| size.parse::<usize>().ok());
        let reply = match (size, self.behaviour.size_limit()) {
            (Some(size), Some(limit)) if size > limit => "552 5.3.4 Message too big",
            _ => "250 2.1.0 Sender ok",
        };
        let said = self.decide_and_say(Stage::Mail, reply).await?;
        if !said.is_positive() {
            self.from = None;
        }
        Ok(said.into())
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<Flow> {
        if self.from.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        self.to.push(path(line).unwrap_or_default().to_owned());
        let said = self.decide_and_say(Stage::Rcpt, "250 2.1.5 Recipient ok").await?;
        if !said.is_positive() {
            self.to.pop();
            self.refused = true;
        }
        Ok(said.into())
    }

    async fn data(&mut self) -> io::Result<Flow> {
        if self.to.is_empty() && !(self.refused && self.behaviour.goes_on_despite_refusal) {
            return self.say("503 5.5.1 No valid recipients").await;
        }
        let said = self.decide_and_say(Stage::Data, "354 Go on").await?;
        if !said.is_positive() {
            return Ok(said.into());
        }
        let mut begun = false;
        let bytes = loop {
            if !begun && !self.input.is_empty() {
                begun = true;
                let action = self.decide(Stage::Body);
                if action != Action::Proceed && self.perform(action, "").await? == Said::Ended {
                    return Ok(Flow::End);
                }
            }
            match self.input.message(usize::MAX) {
                Some(Ok(bytes)) => break bytes,
                Some(Err(_)) => return Ok(Flow::End),
                None => {}
            }
            if !self.input.fill(&mut self.stream).await? {
                return Ok(Flow::End);
            }
        };
        self.shared.record().commands.push("<text>".to_owned());
        self.dot(bytes).await
    }

    async fn dot(&mut self, bytes: Vec<u8>) -> io::Result<Flow> {
        let action = self.decide(Stage::Dot);
        let too_big = self.behaviour.size_limit().is_some_and(|limit| bytes.len() > limit);
        let reply = match (self.to.is_empty(), too_big) {
            (true, _) => "554 5.5.1 No valid recipients",
            (_, true) => "552 5.3.4 Message too big",
            _ => "250 2.0.0 Accepted",
        };
        let accepts = match &action {
            Action::Reply(text) | Action::ReplyAndDrop(text) | Action::ReplyAndSilence(text) => text.starts_with('2'),
            Action::Bytes(_) | Action::Silence | Action::Drop | Action::Flood => false,
            Action::AcceptAndDrop | Action::AcceptAndSilence => true,
            Action::Proceed | Action::Also(_) | Action::Skip | Action::Trickle(_) | Action::Delay(_) => {
                reply.starts_with('2')
            }
        };
        if accepts {
            self.errors = 0;
            self.shared.make_room().await;
            let accepted = Accepted {
                connection: self.number,
                from: self.from.clone().unwrap_or_default(),
                to: self.to.clone(),
                bytes,
            };
            self.shared.record().accepted.push(accepted);
        }
        self.forget();
        self.perform(action, reply).await.map(Flow::from)
    }

    async fn authenticate(&mut self, line: &str) -> io::Result<Flow> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let initial = words.next().map(str::to_owned);
        let Some((user, secret)) = self.behaviour.credentials.clone() else {
            return Ok(Flow::On);
        };
        let (given, right) = match &*mechanism {
            "PLAIN" => {
                let given = match initial {
                    Some(given) => given,
                    None => self.ask("334 ").await?,
                };
                (given, BASE64.encode(format!("\0{user}\0{secret}")))
            }
            "LOGIN" => {
                let given = format!("{} {}", self.ask("334 VXNlcm5hbWU6").await?, self.ask("334 UGFzc3dvcmQ6").await?);
                (given, format!("{} {}", BASE64.encode(user), BASE64.encode(secret)))
            }
            "XOAUTH2" => {
                let right = BASE64.encode(format!("user={user}\x01auth=Bearer {secret}\x01\x01"));
                let given = initial.unwrap_or_default();
                if given != right {
                    // The reason comes first, the refusal after an empty line.
                    self.ask("334 eyJzdGF0dXMiOiI0MDEifQ==").await?;
                }
                (given, right)
            }
            _ => {
                return self.say("504 5.5.4 Mechanism not known").await;
            }
        };
        let reply = if given == right { "235 2.7.0 Welcome" } else { "535 5.7.8 Bad credentials" };
        let said = self.decide_and_say(Stage::Auth, reply).await?;
        self.authenticated = said.is_positive();
        Ok(said.into())
    }

    async fn ask(&mut self, question: &str) -> io::Result<String> {
        if self.decide_and_say(Stage::Challenge, question).await? == Said::Ended {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(self.line().await?.unwrap_or_default())
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
        self.refused = false;
    }

    async fn say(&mut self, reply: &str) -> io::Result<Flow> {
        self.perform(Action::Proceed, reply).await.map(Flow::from)
    }

    async fn perform(&mut self, action: Action, reply: &str) -> io::Result<Said> {
        let Some(tarpit) = self.behaviour.tarpit else { return perform(&mut self.stream, action, reply).await };
        if self.errors >= tarpit.soft {
            tokio::time::sleep(tarpit.delay).await;
        }
        let is_last = self.errors + 1 >= tarpit.hard;
        let text = match &action {
            Action::Reply(text) => Some(text.as_str()),
            Action::Proceed => Some(reply),
            _ => None,
        };
        if let Some(text) = text.filter(|text| is_last && tarpit.together && text.starts_with(['4', '5'])) {
            let both = format!("{text}\r\n{TOO_MANY}\r\n").into_bytes();
            perform(&mut self.stream, Action::Bytes(both), reply).await?;
            return Ok(Said::Ended);
        }
        let said = perform(&mut self.stream, action, reply).await?;
        if said != Said::Refused {
            return Ok(said);
        }
        self.errors += 1;
        if !is_last {
            return Ok(said);
        }
        // As a packet of its own.
        tokio::task::yield_now().await;
        perform(&mut self.stream, Action::Reply(TOO_MANY.to_owned()), "").await?;
        Ok(Said::Ended)
    }

    async fn act(&mut self, stage: Stage, reply: &str) -> io::Result<Flow> {
        self.decide_and_say(stage, reply).await.map(Flow::from)
    }

    async fn decide_and_say(&mut self, stage: Stage, reply: &str) -> io::Result<Said> {
        let action = self.decide(stage);
        self.perform(action, reply).await
    }

    /// What the script says, counting that this stage was reached.
    fn decide(&self, stage: Stage) -> Action {
        let to = self.to.last().cloned();
        let event = {
            let mut record = self.shared.record();
            let nth = record.stages.entry(stage).or_default();
            *nth += 1;
            let nth = *nth - 1;
            let seen = to.clone().map_or(0, |to| {
                let seen = record.seen.entry((stage, to)).or_default();
                *seen += 1;
                *seen - 1
            });
            let here = record.here.entry((self.number, stage)).or_default();
            *here += 1;
            let here = *here - 1;
            let taken = record.accepted.iter().filter(|accepted| accepted.connection == self.number).count();
            Event { stage, connection: self.number, nth, here, taken, from: self.from.clone(), to, seen }
        };
        self.behaviour.decide(&event)
    }
}
