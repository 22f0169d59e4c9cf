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

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// The server took the letter, with these words.
    Taken(String),
    /// It did not come to that.
    Failed {
        /// What was in the way.
        obstacle: Obstacle,
        /// The server's words, or what the network said.
        words: String,
    },
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
    /// The server does not speak as a mail server does.
    Speech,
    /// User or password are refused.
    Password,
    /// The server takes no mail from us, from this sender, or for this recipient.
    Refusal,
}

impl Obstacle {
    /// Every obstacle.
    pub const ALL: [Self; 6] =
        [Self::Name, Self::Silence, Self::Encryption, Self::Speech, Self::Password, Self::Refusal];

    /// Its name in the ids of its sentences (`trial-{name}`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Silence => "silence",
            Self::Encryption => "encryption",
            Self::Speech => "speech",
            Self::Password => "password",
            Self::Refusal => "refusal",
        }
    }
}

/// Sends a letter through a mail server, past all queues, and says what came of it within half a minute.
pub trait TryMail: Send + Sync + 'static {
    /// Tries.
    fn try_out(&self, letter: TrialLetter) -> Pin<Box<dyn Future<Output = Tried> + Send + '_>>;
}
