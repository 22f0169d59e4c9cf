//! Waiting until runs are over, and sending them meanwhile if nobody else does.

use std::time::Duration;

use indicatif::ProgressBar;
use vestnik_model::id::RunId;
use vestnik_model::run::{Run, RunState};
use vestnik_model::user::Language;
use vestnik_store::outages::{self, Outage};
use vestnik_store::{Db, control, nodes, runs};
use vestnik_web::i18n;

use crate::cli::SendOptions;
use crate::failure::{Failure, in_words};
use crate::installation::progress_bar;
use crate::sending::{self, Sending, Turn};
use crate::stopping::StopSignals;

/// How often a run that another process sends is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Waits until none of the runs goes on; those that are paused do not. They are sent here when no other process sends
/// from this installation, or from the moment when that process ends.
pub async fn until_over(db: &Db, options: &SendOptions, ids: &[RunId]) -> Result<Vec<Run>, Failure> {
    let mut signals = StopSignals::listen()?;
    let mut sending = None;
    let bar = progress_bar(0, "{bar:40} {pos}/{len} {per_sec} {msg}");
    // However it ends, what is being sent is sent.
    let waited = wait(db, options, ids, (&mut sending, &mut signals, &bar)).await;
    bar.finish_and_clear();
    if let Some(sending) = sending {
        sending.stop().await;
    }
    waited
}

async fn wait(
    db: &Db,
    options: &SendOptions,
    ids: &[RunId],
    (sending, signals, bar): (&mut Option<Sending>, &mut StopSignals, &ProgressBar),
) -> Result<Vec<Run>, Failure> {
    let SendOptions { data, mail, .. } = options;
    let mut outage = None;
    loop {
        // Beside a service that runs, this process would take part in its work: not without a mail server, or else the
        // mail of others would end in the catcher of this one.
        let takes_part = mail.smtp_url.is_some() || !nodes::any_lives(db).await?;
        if sending.is_none()
            && takes_part
            && let Turn::Ours(lock) = sending::turn(db, data)?
        {
            *sending = Some(Sending::start(db.clone(), data, mail, lock).await?);
        }
        let found = runs::all_of(db, ids).await?;
        if found.len() < ids.len() {
            return Err(Failure::failed("a mailing was deleted while it was being sent"));
        }
        let sum = |count: fn(&Run) -> i64| u64::try_from(found.iter().map(count).sum::<i64>()).unwrap_or(0);
        bar.set_length(sum(|run| run.counts.recipients));
        bar.set_position(sum(|run| run.counts.done()));
        bar.set_message(format!("sent {}, failed {}", sum(|run| run.counts.sent), sum(|run| run.counts.failed)));
        // Also before the end: a run may be over soon after its server is back.
        tell_change(bar, &mut outage, current_outage(db).await?);
        if found.iter().all(|run| run.state.is_final() || run.state == RunState::Paused) {
            return Ok(found);
        }
        if signals.unless_told(tokio::time::sleep(LOOK)).await.is_none() {
            return Err(Failure::failed("interrupted; the same command goes on where it stopped"));
        }
    }
}

/// Which mail server takes nothing at the moment, and what it says.
async fn current_outage(db: &Db) -> Result<Option<String>, Failure> {
    let first = outages::current(db).await?.into_iter().next();
    Ok(first
        .map(|outage| format!("the mail server {} takes no messages now: {}", outage.server, outage_words(&outage))))
}

/// Why a mail server takes no mail, on one line.
pub fn outage_words(outage: &Outage) -> String {
    let error = i18n::attempt_error(Language::En, &outage.error, "");
    let code = outage.code.map(|code| code.to_string());
    let parts = [Some(error.as_str()), code.as_deref(), outage.enhanced.as_deref(), Some(outage.reply.as_str())];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").replace('\n', " ")
}

/// A line on standard error when an outage begins, when it becomes another one, and when it is over.
fn tell_change(bar: &ProgressBar, told: &mut Option<String>, outage: Option<String>) {
    if *told == outage {
        return;
    }
    let words = outage.as_deref().unwrap_or("the mail server takes messages again");
    bar.suspend(|| eprintln!("vestnik: {words}"));
    *told = outage;
}

/// Why a run is paused, to be put after that word; `None`: it is not paused.
pub fn pause_of(run: &Run) -> Option<String> {
    let why = || pause_reason(run).map_or_else(String::new, |reason| format!(": {reason}"));
    (run.state == RunState::Paused).then(why)
}

/// Why a run is paused, unless a person has paused it.
pub fn pause_reason(run: &Run) -> Option<String> {
    match control::pause_problem(run) {
        Some(problem) => Some(format!("the message cannot be rendered: {}", in_words(&problem))),
        None => Some(run.paused_by.clone()).filter(|reason| !reason.is_empty()),
    }
}

/// The figures of a run in a line.
pub fn counts(run: &Run) -> String {
    let counts = &run.counts;
    format!(
        "recipients {}, sent {}, failed {}, expired {}, skipped {}, unknown {}, cancelled {}, attempts {}",
        counts.recipients,
        counts.sent,
        counts.failed,
        counts.expired,
        counts.skipped,
        counts.unknown,
        counts.cancelled,
        counts.attempts(),
    )
}
