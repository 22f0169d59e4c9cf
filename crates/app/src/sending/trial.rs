//! Sends test letters for the pages, past all queues.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use vestnik_mail::address::EmailAddress;
use vestnik_mail::failure::{Failure, FailureKind};
use vestnik_mail::message::{HeaderName, HeaderText, Mail, Mailbox, MessageId};
use vestnik_mail::relay::{Relay, Tls, connect};
use vestnik_mail::session::{Envelope, Hello, Outgoing, Timeouts};
use vestnik_mail::verdict::{Phase, Verdict};
use vestnik_model::Clock;
use vestnik_model::mail_server::MailServer;
use vestnik_model::secret::{Random, new_key};
use vestnik_web::trial::{Obstacle, TrialLetter, Tried, TryMail};

use super::route::{DEFAULT_FROM, mailbox};

/// Someone waits in front of the screen.
const PATIENCE: Duration = Duration::from_secs(25);
/// One phase, so that what is said at the end names the phase that took too long.
const STEP: Duration = Duration::from_secs(10);

/// See the module.
pub struct Trial {
    /// What letters come from where nothing else is typed; `None`: the product's own default.
    pub from: Option<String>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl TryMail for Trial {
    fn try_out(&self, letter: TrialLetter) -> Pin<Box<dyn Future<Output = Tried> + Send + '_>> {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, self.send(&letter)).await {
                Ok(tried) => tried,
                Err(_) => Tried::Failed { obstacle: Obstacle::Silence, words: "timed out".to_owned() },
            }
        })
    }
}

impl Trial {
    async fn send(&self, letter: &TrialLetter) -> Tried {
        let Some(relay) = &letter.server.relay else {
            return Tried::Failed { obstacle: Obstacle::Name, words: String::new() };
        };
        let (envelope, body) = match self.write(letter) {
            Ok(mail) => mail,
            Err(words) => return Tried::Failed { obstacle: Obstacle::Refusal, words },
        };
        hand_over(relay, &envelope, &body).await
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

async fn hand_over(relay: &Relay, envelope: &Envelope, body: &[u8]) -> Tried {
    let mut session = match connect(relay, &Tls::system(), &Hello::default(), &Timeouts::all(STEP)).await {
        Ok(session) => session,
        Err(failure) => return Tried::Failed { obstacle: obstacle(&failure), words: failure.to_string() },
    };
    let sent = session.send(&Outgoing { envelope, body }, None, || Ok(())).await;
    session.quit().await;
    let words = sent.reply.map(|reply| reply.to_string()).or(sent.error).unwrap_or_default();
    if sent.verdict == Verdict::Accepted {
        Tried::Taken(words)
    } else {
        Tried::Failed { obstacle: Obstacle::Refusal, words }
    }
}

fn obstacle(failure: &Failure) -> Obstacle {
    match (failure.kind, failure.phase) {
        (FailureKind::Dns, _) => Obstacle::Name,
        (FailureKind::Refused | FailureKind::Unsupported, Phase::Auth) => Obstacle::Password,
        (FailureKind::Tls | FailureKind::Insecure | FailureKind::Unsupported, _) => Obstacle::Encryption,
        (FailureKind::Garbage, _) => Obstacle::Speech,
        (FailureKind::Refused, _) => Obstacle::Refusal,
        (FailureKind::Unreachable | FailureKind::TimedOut | FailureKind::Lost, _) => Obstacle::Silence,
    }
}
