//! Renders a mailing's message for its recipients before it is sent: a template may work for one and fail for another.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use vestnik_model::{
    Problem, Problems,
    id::{MailingId, RecipientId},
    mailing::Audience,
    message::Message,
    recipient::Recipient,
    template::{Content, Person, Rendered},
};
use vestnik_store::audience;

use crate::{
    error::Error,
    render_pool::{Cancel, NotRendered},
    session::CurrentUser,
    state::AppState,
};

/// Recipients up to whom everyone is tried; of more, as many from all over the list.
const MOST: i64 = 10_000;
/// Recipients that are rendered in one turn.
const STEP: i64 = 200;
/// How long a page waits for it. What has been tried by then is said.
const LONGEST: Duration = Duration::from_secs(3);

/// What came of trying.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// For how many it was rendered.
    pub(super) tried: i64,
    /// For how many of them it fails.
    pub(super) failed: i64,
    /// One of those, and what is wrong.
    pub(super) failure: Option<(Recipient, Problem)>,
    /// The newest of those for whom it works, and how it looks; a made-up person if there are no recipients.
    pub(super) sample: Option<(Option<Recipient>, Rendered)>,
    /// What is wrong for everyone: it does not compile.
    pub(super) broken: Option<Problem>,
    /// Why nothing more was tried: the renderer has too much to do.
    pub(super) refused: Option<NotRendered>,
}

/// Tries the message of a mailing with so many recipients.
pub(super) async fn try_out(
    app: &AppState,
    user: &CurrentUser,
    mailing: (MailingId, Audience),
    recipients: i64,
    message: Message,
) -> Result<Tried, Error> {
    let deadline = Instant::now() + LONGEST;
    let mut tried = Tried::default();
    let compile = move |cancel: &Cancel| {
        let content = Content::compile(&message.subject, &message.html, &message.text)?;
        let made_up = Person { email: "anna@example.com", full_name: "Анна", comment: "" };
        let sample = cancel.within(|limits| content.render_within(made_up, limits));
        Ok::<_, Problems>((Arc::new(content), sample))
    };
    let (content, made_up) = match app.renders.run(user.user.id, compile).await {
        Ok(Ok(compiled)) => compiled,
        Ok(Err(problems)) => {
            tried.broken = Some(first(&problems));
            return Ok(tried);
        }
        Err(refused) => {
            tried.refused = Some(refused);
            return Ok(tried);
        }
    };
    let Some((lowest, highest)) = audience::bounds(&app.db, &user.actor, mailing).await? else {
        match made_up {
            Ok(rendered) => tried.sample = Some((None, rendered)),
            Err(problems) => tried.broken = Some(first(&problems)),
        }
        return Ok(tried);
    };
    let mut next = lowest;
    for part in 1.. {
        let found = audience::from(&app.db, &user.actor, mailing, next, STEP).await?;
        let Some(last) = found.last().map(|recipient| recipient.id) else { break };
        let rendering = {
            let content = Arc::clone(&content);
            move |cancel: &Cancel| render(&content, found, cancel)
        };
        match app.renders.run(user.user.id, rendering).await {
            Ok(step) => tried.add(step),
            Err(refused) => {
                tried.refused = Some(refused);
                break;
            }
        }
        if tried.tried >= MOST || Instant::now() >= deadline {
            break;
        }
        next = RecipientId(next_from(last.0, part, recipients, lowest.0, highest.0));
    }
    Ok(tried)
}

/// Where the next part of the list begins: right behind the last one if all fit in; or else so that the parts lie evenly
/// over all ids.
fn next_from(last: i64, part: i64, recipients: i64, lowest: i64, highest: i64) -> i64 {
    let behind = last + 1;
    if recipients <= MOST {
        return behind;
    }
    let even = i128::from(lowest) + i128::from(highest - lowest) * i128::from(part) / i128::from(MOST / STEP);
    behind.max(i64::try_from(even).unwrap_or(behind))
}

fn first(problems: &Problems) -> Problem {
    problems.iter().next().map_or_else(|| Problem::new("problem-template"), |(_, problem)| problem.clone())
}

fn render(content: &Content, recipients: Vec<Recipient>, cancel: &Cancel) -> Tried {
    let mut tried = Tried::default();
    for recipient in recipients {
        if tried.tried > 0 && cancel.is_due() {
            break;
        }
        let rendered = cancel.within(|limits| content.render_within(Person::from(&recipient), limits));
        if rendered.is_err() && tried.tried > 0 && cancel.is_due() {
            // The others took the time that this one would have had.
            break;
        }
        tried.tried += 1;
        match rendered {
            Ok(rendered) => tried.sample = Some((Some(recipient), rendered)),
            Err(problems) => {
                tried.failed += 1;
                tried.failure.get_or_insert_with(|| (recipient, first(&problems)));
            }
        }
    }
    tried
}

impl Tried {
    fn add(&mut self, step: Self) {
        self.tried += step.tried;
        self.failed += step.failed;
        self.failure = self.failure.take().or(step.failure);
        self.sample = step.sample.or(self.sample.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts that are tried of ids 1, 1 + gap, ..., as first and last ids.
    fn parts(recipients: i64, gap: i64) -> Vec<(i64, i64)> {
        let highest = 1 + (recipients - 1) * gap;
        let (mut next, mut parts) = (1, Vec::new());
        for part in 1..=MOST / STEP {
            let from = (next - 1 + gap - 1) / gap * gap + 1;
            if from > highest {
                break;
            }
            let last = highest.min(from + (STEP - 1) * gap);
            parts.push((from, last));
            next = next_from(last, part, recipients, 1, highest);
        }
        parts
    }

    #[test]
    fn up_to_ten_thousand_everyone_is_tried_and_then_a_sample_of_the_whole_list() {
        for gap in [1, 7] {
            let all = parts(MOST, gap);
            assert_eq!((all.first().unwrap().0, all.last().unwrap().1), (1, 1 + (MOST - 1) * gap));
            assert!(all.windows(2).all(|pair| pair[1].0 == pair[0].1 + gap), "no one is left out");
            let some = parts(1_000_000, gap);
            assert_eq!(some.len() as i64, MOST / STEP);
            assert!(some.windows(2).all(|pair| pair[1].0 > pair[0].1), "no one is tried twice");
            assert!(some.last().unwrap().1 > 970_000 * gap, "{:?}", some.last());
        }
        assert_eq!(parts(3, 1), [(1, 3)]);
    }
}
