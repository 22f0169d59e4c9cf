//! `vestnik send-mailing` without a number: one pass of the scheduler, fit for cron. It prints what it begins, and nothing
//! if nothing is due.

use vestnik_engine::scheduler;
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::secret::SystemRandom;
use vestnik_store::{Wake, runs};

use super::send::{checked, refuse_if_held};
use super::wait::{self, counts};
use crate::cli::SendOptions;
use crate::failure::Failure;
use crate::installation;

/// Begins what is due. With `--wait` it waits until that is over, and what an earlier pass has not finished; it sends
/// both, if no other process does.
pub async fn run(options: SendOptions) -> Result<(), Failure> {
    if options.again || options.key.is_some() {
        return Err(Failure::misused("--again and --key need the number of a mailing"));
    }
    let options = checked(options)?;
    let db = installation::open_existing(&options.data).await?;
    refuse_if_held(&db, &options).await?;
    let now = SystemClock.now();
    let mut begun: Vec<(MailingId, RunId)> = Vec::new();
    loop {
        let fired = scheduler::fire_due(&db, &SystemRandom, now).await?;
        if fired.is_empty() {
            break;
        }
        for (mailing, run) in &fired {
            println!("mailing {mailing}: run {run} begins");
        }
        begun.extend(fired);
    }
    // A service on another machine need not wait for its next look.
    db.wake(Wake::Schedule).await?;
    if !options.wait {
        return Ok(());
    }
    let mut waited: Vec<RunId> = begun.iter().map(|(_, run)| *run).collect();
    for run in runs::unfinished(&db, now).await? {
        if !waited.contains(&run.id) {
            println!("mailing {}: run {} goes on", run.mailing_id, run.id);
            waited.push(run.id);
        }
    }
    if waited.is_empty() {
        return Ok(());
    }
    let mut paused = Vec::new();
    for run in wait::until_over(&db, &options, &waited).await? {
        println!("mailing {}, run {}: {}", run.mailing_id, run.id, counts(&run));
        if let Some(why) = wait::pause_of(&run) {
            paused.push(format!("mailing {} is paused{why}", run.mailing_id));
        }
    }
    if paused.is_empty() { Ok(()) } else { Err(Failure::failed(paused.join("; "))) }
}
