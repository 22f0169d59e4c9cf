//! Stored messages that use what the template language does not have any more.

use vestnik_model::id::MessageId;
use vestnik_model::{Problem, template};
use vestnik_store::{Db, messages};

use crate::failure::{Failure, in_words};

/// The step of the schema that came with the bounded language.
pub const BOUNDED_LANGUAGE: i64 = 18;
/// Messages that are read at once, with their bodies.
const BATCH: i64 = 100;

/// A message that cannot be sent as it is, or will not look as before.
pub struct Outdated {
    pub id: MessageId,
    pub subject: String,
    /// The address of its owner's account.
    pub owner: String,
    /// At which part.
    pub field: &'static str,
    pub problem: Problem,
}

impl std::fmt::Display for Outdated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = in_words(&self.problem);
        write!(f, "message {} of {}, \"{}\": {}: {words}", self.id, self.owner, self.subject, self.field)
    }
}

/// Looks through everyone's messages.
pub async fn outdated_messages(db: &Db) -> Result<Vec<Outdated>, Failure> {
    let mut outdated = Vec::new();
    let mut after = MessageId(0);
    loop {
        let batch = messages::of_everyone_after(db, after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(outdated) };
        after = last.message.id;
        for found in batch {
            let message = found.message;
            // Comments are text now, so that what they say would be sent.
            let is_comment = |problem: &Problem| problem.id == "problem-template-comment";
            let first = match message.check() {
                Err(problems) => problems.iter().next().map(|(field, problem)| (field, problem.clone())),
                Ok(()) => template::notices(&message.subject, &message.html, &message.text)
                    .iter()
                    .find(|(_, problem)| is_comment(problem))
                    .map(|(field, problem)| (field, problem.clone())),
            };
            if let Some((field, problem)) = first {
                let (id, subject, owner) = (message.id, message.subject, found.owner_email);
                outdated.push(Outdated { id, subject, owner, field, problem });
            }
        }
    }
}
