//! Tries mail servers out for the pages, past all queues.

use std::sync::Arc;
use std::time::Duration;

use vestnik_mail::address::EmailAddress;
use vestnik_mail::failure::{Failure, FailureKind};
use vestnik_mail::message::{HeaderName, HeaderText, Mail, Mailbox, MessageId};
use vestnik_mail::relay::{Stream, Tls, connect};
use vestnik_mail::session::{Envelope, Hello, Outgoing, Session, Timeouts};
use vestnik_mail::verdict::{Phase, Verdict};
use vestnik_model::Clock;
use vestnik_model::mail_server::{DEFAULT_FROM, MailServer};
use vestnik_model::secret::{Random, new_key};
use vestnik_web::trial::{Hindrance, Obstacle, TrialLetter, TryMail, Trying};

use super::route::mailbox;

/// Someone waits in front of the screen.
const PATIENCE: Duration = Duration::from_secs(25);
/// For a look that nobody has asked for.
const LOOK: Duration = Duration::from_secs(5);
/// One phase, so that what is said at the end names the phase that took too long.
const STEP: Duration = Duration::from_secs(10);

/// See the module.
pub struct Trial {
    /// What letters come from where nothing else is typed; `None`: the product's own default.
    pub from: Option<String>,
    /// The name by which mail servers are greeted.
    pub hello: Hello,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl TryMail for Trial {
    fn try_out(&self, letter: TrialLetter) -> Trying<'_, String> {
        Box::pin(in_time(PATIENCE, async move { self.send(&letter).await }))
    }

    fn reach(&self, server: MailServer) -> Trying<'_, ()> {
        Box::pin(in_time(LOOK, async move {
            self.open(&server).await?.quit().await;
            Ok(())
        }))
    }
}

async fn in_time<T>(patience: Duration, tried: impl Future<Output = Result<T, Hindrance>>) -> Result<T, Hindrance> {
    let late = |_| Err(Hindrance { obstacle: Obstacle::Silence, words: "timed out".to_owned() });
    tokio::time::timeout(patience, tried).await.unwrap_or_else(late)
}

impl Trial {
    async fn open(&self, server: &MailServer) -> Result<Session<Stream>, Hindrance> {
        let Some(relay) = &server.relay else {
            return Err(Hindrance { obstacle: Obstacle::Name, words: String::new() });
        };
        connect(relay, &Tls::system(), &self.hello, &Timeouts::all(STEP))
            .await
            .map_err(|failure| Hindrance { obstacle: obstacle(&failure), words: failure.to_string() })
    }

    async fn send(&self, letter: &TrialLetter) -> Result<String, Hindrance> {
        let refused = |words| Hindrance { obstacle: Obstacle::Refusal, words };
        let (envelope, body) = self.write(letter).map_err(refused)?;
        let mut session = self.open(&letter.server).await?;
        let sent = session.send(&Outgoing { envelope: &envelope, body: &body }, None, || Ok(())).await;
        session.quit().await;
        let error = || sent.error.map(|error| error.to_string());
        let words = sent.reply.map(|reply| reply.to_string()).or_else(error).unwrap_or_default();
        if sent.verdict == Verdict::Accepted { Ok(words) } else { Err(refused(words)) }
    }

    fn write(&self, letter: &TrialLetter) -> Result<(Envelope, Vec<u8>), String> {
        let from = self.sender(&letter.server)?;
        let to = EmailAddress::parse(&letter.to).map_err(|error| error.to_string())?;
        let envelope = Envelope::new(&from.address, &to);
        let subject = HeaderText::new(&letter.subject).map_err(|error| error.to_string())?;
        let id = format!("{}@{}", new_key(&*self.random, 12), from.address.domain());
        let message_id = MessageId::new(&id).map_err(|error| error.to_string())?;
        let automatic = HeaderText::new("auto-generated").map_err(|error| error.to_string())?;
        let mail = Mail {
            from: &from,
            to: &Mailbox::new(to),
            subject: &subject,
            text: Some(&letter.text),
            html: None,
            parts: &[],
            message_id: &message_id,
            date_ms: self.clock.now().0,
            extra: &[(HeaderName::from_static("Auto-Submitted"), automatic)],
        };
        let mut body = Vec::new();
        mail.write(&mut body);
        Ok((envelope, body))
    }

    /// As the engine has it: what the process was started with goes before what is typed.
    fn sender(&self, server: &MailServer) -> Result<Mailbox, String> {
        let typed = Some(server.mail_from()).filter(|from| !from.is_empty());
        let from = self.from.clone().or(typed).unwrap_or_else(|| DEFAULT_FROM.to_owned());
        mailbox(&from).map(|(mailbox, _)| mailbox)
    }
}

fn obstacle(failure: &Failure) -> Obstacle {
    match (failure.kind, failure.phase) {
        (FailureKind::Dns, _) => Obstacle::Name,
        (FailureKind::Refused, Phase::Auth) => Obstacle::Password,
        (FailureKind::Unsupported, Phase::Auth) => Obstacle::Login,
        (FailureKind::NotTls, _) => Obstacle::Port,
        (FailureKind::Tls | FailureKind::Insecure | FailureKind::Unsupported, _) => Obstacle::Encryption,
        (FailureKind::Garbage, _) => Obstacle::Speech,
        (FailureKind::Refused, _) => Obstacle::Connection,
        (FailureKind::Unreachable | FailureKind::TimedOut | FailureKind::Lost, _) => Obstacle::Silence,
    }
}
