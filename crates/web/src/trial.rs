//! Trying a mail server out before mail goes through it. Pages send nothing themselves: whoever starts them hands them
//! the way to do it.

use std::pin::Pin;

use vestnik_model::mail_server::MailServer;

/// A letter to try a mail server with.
#[derive(Debug)]
pub struct TrialLetter {
    /// The server, and what the letter comes from.
    pub server: MailServer,
    /// To which address.
    pub to: String,
    /// Subject, without line breaks.
    pub subject: String,
    /// Plain text body.
    pub text: String,
}

/// Why mail does not get through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// What is in the way.
    pub obstacle: Obstacle,
    /// The server's words, or what the network said.
    pub words: String,
}

/// What can be in the way of a letter, as far as a person must do something else about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The server's name is not known.
    Name,
    /// Nobody answers there, or not in time.
    Silence,
    /// Encryption does not come about, or the certificate does not hold.
    Encryption,
    /// The server speaks no TLS on that port, or not from the beginning.
    Port,
    /// The server does not speak as a mail server does.
    Speech,
    /// The server refuses the connection.
    Connection,
    /// The server knows no login, or none of ours.
    Login,
    /// User or password are refused.
    Password,
    /// The server takes no mail from us, from this sender, or for this recipient.
    Refusal,
}

impl Obstacle {
    /// Every obstacle.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::Silence,
        Self::Encryption,
        Self::Port,
        Self::Speech,
        Self::Connection,
        Self::Login,
        Self::Password,
        Self::Refusal,
    ];

    /// Its name in the ids of its sentences (`trial-{name}`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Silence => "silence",
            Self::Encryption => "encryption",
            Self::Port => "port",
            Self::Speech => "speech",
            Self::Connection => "connection",
            Self::Login => "login",
            Self::Password => "password",
            Self::Refusal => "refusal",
        }
    }
}

/// What comes of a try.
pub type Trying<'a, T> = Pin<Box<dyn Future<Output = Result<T, Hindrance>> + Send + 'a>>;

/// Tries a mail server out, past all queues, within half a minute.
pub trait TryMail: Send + Sync + 'static {
    /// Sends a letter. Answers the words with which the server took it.
    fn try_out(&self, letter: TrialLetter) -> Trying<'_, String>;

    /// Goes as far as a letter would, and sends none. It takes a few seconds at most.
    fn reach(&self, server: MailServer) -> Trying<'_, ()>;
}
