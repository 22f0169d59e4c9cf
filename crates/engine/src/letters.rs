//! Letters of the service itself: confirmations, recoveries, test sends. Few and urgent, so they have a session of
//! their own and do not queue behind mailings.

use std::time::Duration;

use vestnik_mail::address::EmailAddress;
use vestnik_mail::message::{HeaderName, HeaderText, Mail, Mailbox, MessageId};
use vestnik_mail::session::{Envelope, Outgoing};
use vestnik_mail::verdict::{Blame, Judgement, Verdict};
use vestnik_model::Problem;
use vestnik_model::delivery::{Next, RetryPolicy, Tried};
use vestnik_model::mailing::UnknownPolicy;
use vestnik_model::problem::StoredProblem;
use vestnik_store::Result;
use vestnik_store::letters::{self, Letter, LetterOutcome};

use crate::config::LETTER_LEASE;
use crate::open::{OpenSession, open, problem};
use crate::{Config, Context};

/// Letters taken at once.
const BATCH: i64 = 20;
/// The kind of letters that a person has written.
const BY_HAND: &str = "feedback-answer";
/// Someone waits for a letter in front of the screen: it is tried again sooner than a mailing.
const RETRY: RetryPolicy =
    RetryPolicy { attempts: 8, first_delay: Duration::from_secs(15), factor: 2.5, ceiling: Duration::from_secs(3_600) };

/// Runs until the process stops.
pub async fn run(context: Context) {
    while !context.is_stopping() {
        let called = context.db.signals().letters.notified();
        match turn(&context).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "letters could not be read"),
        }
        tokio::select! {
            () = called => {}
            _ = context.sleep(context.config.poll) => {}
        }
    }
}

/// Sends what is due; `true`: there may be more.
async fn turn(context: &Context) -> Result<bool> {
    if context.relay.is_down() && letters::pending(&context.db).await? > 0 {
        // Waits with the connections until the server is back, without burning a letter's attempts.
        let Ok(session) = open(context).await else { return Ok(false) };
        session.quit().await;
    }
    let now = context.clock.now();
    let due = letters::claim(&context.db, BATCH, now, now.plus(LETTER_LEASE)).await?;
    if due.is_empty() {
        return Ok(false);
    }
    let mut session = None;
    let mut reachable = true;
    for letter in &due {
        if session.is_none() && reachable && !context.is_stopping() {
            session = open(context).await.ok();
            reachable = session.is_some();
        }
        let (outcome, reply, error) = match session.take().filter(|_| !context.is_stopping()) {
            Some(mut open) => {
                let result = send(context, &mut open, letter).await;
                session = open.is_usable().then_some(open);
                result
            }
            None => (LetterOutcome::GivenBack, String::new(), None),
        };
        if matches!(outcome, LetterOutcome::Failed) {
            // The words may have the address in them; they are in the tables, and on the person's page.
            let code = reply.get(..3).unwrap_or_default();
            tracing::warn!(letter = %letter.id, kind = letter.kind, code, "a letter of the service is not delivered");
        }
        let error = StoredProblem::of(error.as_ref());
        letters::settle(&context.db, letter.id, outcome, &reply, &error).await?;
        context.config.measures.letter(outcome);
    }
    if let Some(session) = session {
        session.quit().await;
    }
    Ok(reachable)
}

async fn send(
    context: &Context,
    session: &mut OpenSession,
    letter: &Letter,
) -> (LetterOutcome, String, Option<Problem>) {
    let now = context.clock.now();
    let (envelope, body) = match mail(&context.config, letter, now.0) {
        Ok(mail) => mail,
        Err(problem) => return (LetterOutcome::Failed, String::new(), Some(problem)),
    };
    let sent = session.send(&Outgoing { envelope: &envelope, body: &body }, None, || Ok(())).await;
    if sent.closed && session.was_only_ended(&sent) {
        return (LetterOutcome::GivenBack, String::new(), None);
    }
    let reply = sent.reply.as_ref().map(ToString::to_string).unwrap_or_default();
    let error = sent.error.map(problem);
    // Letters are few: none is excused.
    let judgement = Judgement { verdict: sent.verdict, blame: Blame::Recipient };
    let tried = Tried {
        number: u32::try_from(letter.attempts).unwrap_or(u32::MAX),
        excused: 0,
        unreached: 0,
        put_off: false,
        // A confirmation twice does no harm; none at all locks a person out.
        on_unknown: UnknownPolicy::Resend,
        ends_at: None,
    };
    let outcome = match RETRY.after(judgement, tried, now, 1.0) {
        Next::Again { at, .. } => LetterOutcome::Again(at),
        Next::Final(_) if sent.verdict == Verdict::Accepted => LetterOutcome::Sent,
        Next::Final(_) => LetterOutcome::Failed,
    };
    (outcome, reply, error)
}

fn mail(config: &Config, letter: &Letter, date_ms: i64) -> std::result::Result<(Envelope, Vec<u8>), Problem> {
    let address = EmailAddress::parse(&letter.recipient).map_err(|_| Problem::new("delivery-error-address"))?;
    let envelope = Envelope::new(&config.from.address, &address);
    let to = match HeaderText::new(&letter.recipient_name) {
        Ok(name) => Mailbox::named(name, address),
        Err(_) => Mailbox::new(address),
    };
    let subject = HeaderText::new(&letter.subject).map_err(|_| Problem::new("delivery-error-subject"))?;
    let id = format!("{}@{}", letter.key, config.from.address.domain());
    let id = MessageId::new(&id).map_err(|_| Problem::new("delivery-error-identifier"))?;
    // RFC 3834: no holiday notice is to answer a confirmation. What a person has written is not automatic.
    let automatic = HeaderText::new("auto-generated").map_err(|_| Problem::new("delivery-error-internal"))?;
    let marks = [(HeaderName::from_static("Auto-Submitted"), automatic)];
    let mut body = Vec::new();
    let mail = Mail {
        from: &config.from,
        to: &to,
        subject: &subject,
        text: Some(&letter.text),
        html: (!letter.html.is_empty()).then_some(letter.html.as_str()),
        parts: &[],
        message_id: &id,
        date_ms,
        extra: if letter.kind == BY_HAND { &[] } else { &marks },
    };
    mail.write(&mut body);
    Ok((envelope, body))
}
