//! What the fault server does: a list of rules, first match wins.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Where in the conversation a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The TLS handshake is due, at once or after STARTTLS; no reply stands here.
    Tls,
    /// A connection was made; the greeting is due.
    Greeting,
    /// EHLO.
    Ehlo,
    /// HELO.
    Helo,
    /// STARTTLS.
    StartTls,
    /// A question in the course of AUTH.
    Challenge,
    /// AUTH, once the credentials are complete.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The first bytes of a message's text have come; normally nothing happens.
    Body,
    /// The final dot has come.
    Dot,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

/// What a rule is asked about.
#[derive(Debug, Clone)]
pub struct Event {
    /// Where in the conversation.
    pub stage: Stage,
    /// Which connection, counted from 0.
    pub connection: usize,
    /// How often this stage was reached before, on all connections.
    pub nth: usize,
    /// How often this stage was reached before, on this connection.
    pub here: usize,
    /// Messages accepted before on this connection.
    pub taken: usize,
    /// The transaction's sender, once known.
    pub from: Option<String>,
    /// The transaction's recipient, once known.
    pub to: Option<String>,
    /// How often this stage was reached before for this recipient. 0 without a recipient.
    pub seen: usize,
}

/// What the server does instead of the right thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The right thing.
    Proceed,
    /// Answers this, CRLF added; more lines by `\n`. A 2xx after the dot accepts the message, anything else does not.
    Reply(String),
    /// Sends these bytes as they are, in place of the reply.
    Bytes(Vec<u8>),
    /// The right reply followed at once by these bytes.
    Also(Vec<u8>),
    /// Does the right thing but says nothing, and goes on.
    Skip,
    /// Says nothing any more and reads nothing, with the connection open: so a peer looks that has vanished.
    Silence,
    /// The right reply, one byte at a time with this pause before each.
    Trickle(Duration),
    /// The right thing after this pause.
    Delay(Duration),
    /// Closes the connection without a word.
    Drop,
    /// Answers this and closes the connection.
    ReplyAndDrop(String),
    /// Answers this, then [`Action::Silence`].
    ReplyAndSilence(String),
    /// Accepts the message and closes the connection without a word.
    AcceptAndDrop,
    /// Accepts the message and says nothing any more.
    AcceptAndSilence,
    /// Ten megabytes of a reply that never ends.
    Flood,
}

impl Action {
    /// [`Action::Reply`].
    pub fn reply(text: &str) -> Self {
        Action::Reply(text.to_owned())
    }
}

type Condition = Arc<dyn Fn(&Event) -> bool + Send + Sync>;

#[derive(Clone)]
struct Rule {
    stage: Stage,
    condition: Condition,
    /// How often it still applies.
    left: Arc<AtomicUsize>,
    action: Action,
}

/// How the server's certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Issued for `localhost` and the loopback addresses by the server's own authority.
    Good,
    /// Issued by that authority for another name.
    WrongName,
    /// Issued by itself.
    SelfSigned,
    /// Issued properly, but it ended in 2001.
    Expired,
}

/// Whether and when the server speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    None,
    /// Offered by STARTTLS.
    StartTls(Certificate),
    /// From the first byte.
    Implicit(Certificate),
}

/// What errors of a client cost it, as Postfix has it: they are counted in a session, until a message is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tarpit {
    /// From this many on, each reply comes late.
    pub soft: usize,
    /// By this.
    pub delay: Duration,
    /// With this many the session is ended: 421 follows the reply to the last of them.
    pub hard: usize,
    /// Whether that 421 comes in one packet with the reply before it.
    pub together: bool,
}

/// A script for the fault server. By default it behaves.
#[derive(Clone)]
pub struct Behaviour {
    pub(super) extensions: Vec<String>,
    pub(super) encryption: Encryption,
    pub(super) credentials: Option<(String, String)>,
    pub(super) goes_on_despite_refusal: bool,
    pub(super) resets: bool,
    pub(super) tarpit: Option<Tarpit>,
    rules: Vec<Rule>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            extensions: ["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
                .map(String::from)
                .to_vec(),
            encryption: Encryption::None,
            credentials: None,
            goes_on_despite_refusal: false,
            resets: false,
            tarpit: None,
            rules: Vec::new(),
        }
    }
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behaviour").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

impl Behaviour {
    /// Does nothing wrong.
    pub fn good() -> Self {
        Self::default()
    }

    /// Always does this at this stage.
    pub fn on(self, stage: Stage, action: Action) -> Self {
        self.on_if(stage, |_| true, action)
    }

    /// Does this the first time this stage is reached, and not again.
    pub fn once(self, stage: Stage, action: Action) -> Self {
        self.times(stage, 1, action)
    }

    /// Does this the first `times` times this stage is reached.
    pub fn times(mut self, stage: Stage, times: usize, action: Action) -> Self {
        self.rules.push(Rule { stage, condition: Arc::new(|_| true), left: Arc::new(times.into()), action });
        self
    }

    /// Does this at this stage for this recipient.
    pub fn on_recipient(self, stage: Stage, recipient: &str, action: Action) -> Self {
        let recipient = recipient.to_owned();
        self.on_if(stage, move |event| event.to.as_deref() == Some(&recipient), action)
    }

    /// Does this at this stage whenever the condition holds.
    pub fn on_if(
        mut self,
        stage: Stage,
        condition: impl Fn(&Event) -> bool + Send + Sync + 'static,
        action: Action,
    ) -> Self {
        self.rules.push(Rule { stage, condition: Arc::new(condition), left: Arc::new(usize::MAX.into()), action });
        self
    }

    /// Announces these extensions and no others.
    pub fn extensions(mut self, extensions: &[&str]) -> Self {
        self.extensions = extensions.iter().map(|&line| line.to_owned()).collect();
        self
    }

    /// Announces all but this one; `SIZE` takes `SIZE 1000` with it.
    pub fn without(mut self, extension: &str) -> Self {
        self.extensions.retain(|line| line.split(' ').next() != Some(extension));
        self
    }

    /// Announces this message size in octets, and refuses bigger ones.
    pub fn max_size(self, octets: usize) -> Self {
        let mut changed = self.without("SIZE");
        changed.extensions.push(format!("SIZE {octets}"));
        changed
    }

    /// Speaks TLS.
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Demands these credentials before MAIL; announces PLAIN, LOGIN and XOAUTH2 unless the extensions name AUTH.
    pub fn credentials(mut self, user: &str, secret: &str) -> Self {
        self.credentials = Some((user.to_owned(), secret.to_owned()));
        self
    }

    /// Answers 354 to DATA although every recipient was refused, as RFC 2920 3.1 allows.
    pub fn goes_on_despite_refusal(mut self) -> Self {
        self.goes_on_despite_refusal = true;
        self
    }

    /// Slows clients down that make errors, and ends their sessions.
    pub fn tarpit(mut self, tarpit: Tarpit) -> Self {
        self.tarpit = Some(tarpit);
        self
    }

    /// Whenever it closes a TCP connection, it resets it (RST), as a machine does that has just started again.
    pub fn resets(mut self) -> Self {
        self.resets = true;
        self
    }

    /// The message size it announces.
    pub(super) fn size_limit(&self) -> Option<usize> {
        self.extensions.iter().find_map(|line| line.strip_prefix("SIZE ")).and_then(|size| size.parse().ok())
    }

    /// What to do now.
    pub(super) fn decide(&self, event: &Event) -> Action {
        for rule in self.rules.iter().filter(|rule| rule.stage == event.stage && (rule.condition)(event)) {
            let taken = rule.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if taken.is_ok() {
                return rule.action.clone();
            }
        }
        Action::Proceed
    }
}
