//! `vestnik mailing create | send | list | show`; what holds a mailing up or sends it again is in [`control`].

mod control;
mod list;

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use vestnik_model::clock::SystemClock;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::mailing::{Mailing, MailingDraft, MailingInput};
use vestnik_model::run::{Run, RunState};
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_model::{Actor, Clock as _};
use vestnik_store::mailings::{LateStart, Saved, Saving, Selection};
use vestnik_store::runs::Demanded;
use vestnik_store::{Db, mailings, nodes, recipients, runs, troubles};

use crate::cli::{CreateMailingArgs, MailingCommand, SendArgs, ShowArgs};
use crate::commands::recipients::addresses;
use crate::commands::restore;
use crate::failure::Failure;
use crate::installation::{self, owner, progress_bar};
use crate::sending::{self, Route, Sending, Turn};
use crate::stopping::StopSignals;

/// How often a run that another process sends is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Dispatches.
pub async fn run(command: MailingCommand) -> Result<(), Failure> {
    match command {
        MailingCommand::Create(args) => create(args).await,
        MailingCommand::Send(args) => send(args).await,
        MailingCommand::List(args) => list::list(args).await,
        MailingCommand::Show(args) => show(args).await,
        control => control::run(control).await,
    }
}

async fn create(args: CreateMailingArgs) -> Result<(), Failure> {
    let emails = args.recipients_from.as_deref().map(addresses).transpose()?;
    let db = installation::open_existing(&args.data).await?;
    let (user, actor) = owner(&db, &args.owner).await?;
    let now = SystemClock.now();
    let input = MailingInput {
        name: &args.name,
        message_id: Some(args.message),
        audience: if emails.is_some() { "chosen" } else { "all" },
        starts_at: &args.start,
        ends_at: &args.end,
        periodicity: &args.repeat,
        time_zone: args.time_zone.as_deref().unwrap_or(&user.time_zone),
        on_unknown: &args.unknown,
    };
    let draft = MailingDraft::parse(&input, now)?;
    let undo = args.undo.undo_delay;
    draft.check_window(None, undo, now)?;
    let selection = match emails {
        Some(emails) => {
            let strangers = recipients::strangers(&db, &actor, &emails).await?;
            if let Some(first) = strangers.first() {
                return Err(Failure::failed(format!(
                    "{} of the addresses are not in the list of recipients, the first is {first}; import them first",
                    strangers.len(),
                )));
            }
            Selection::Emails(emails)
        }
        None => Selection::All,
    };
    let key = new_key(&SystemRandom, 8);
    let late_start = if args.past_start { LateStart::Allowed } else { LateStart::Ask };
    let saving = Saving { now, undo, key: &key, late_start, form: None };
    match mailings::create(&db, &actor, &draft, &selection, &saving).await? {
        Saved::Saved(id) => {
            println!("{id}");
            Ok(())
        }
        Saved::Begins(id, run) => {
            println!("{id}");
            // Beside the id, which others read.
            eprintln!(
                "the start has passed: run {run} begins in {}; until then `vestnik mailing cancel {id}` undoes it",
                humantime::format_duration(undo),
            );
            Ok(())
        }
        Saved::Late { days, recipients } => Err(Failure::failed(format!(
            "the start lies {days} {} in the past, and the mailing would begin at once, to {recipients} {}; \
             if that is meant, add --past-start",
            if days == 1 { "day" } else { "days" },
            if recipients == 1 { "recipient" } else { "recipients" },
        ))),
        Saved::NoMessage | Saved::NotFound | Saved::Changed => {
            Err(Failure::failed(format!("{} has no message {}", args.owner, args.message)))
        }
        Saved::NoRecipients => Err(Failure::failed("the mailing would go to no one: there are no recipients")),
        Saved::MayNotSend => Err(may_not_send(&args.owner)),
    }
}

fn may_not_send(email: &str) -> Failure {
    Failure::failed(format!("{email} has not confirmed the address yet, and may not send until then"))
}

/// The mailing with the one it belongs to: whoever runs this command runs the service.
async fn find(db: &Db, id: MailingId) -> Result<(Mailing, Actor, String), Failure> {
    let missing = || Failure::failed(format!("there is no mailing {id}"));
    let owner = mailings::owner(db, id).await?.ok_or_else(missing)?;
    let actor = Actor::of(&owner);
    let mailing = mailings::find(db, &actor, id).await?.ok_or_else(missing)?;
    Ok((mailing, actor, owner.email))
}

/// Sends a mailing now. Without `--wait` the run is left to the service.
pub async fn send(args: SendArgs) -> Result<(), Failure> {
    // A wrong address is said before anything is planned.
    args.mail.relay()?;
    let db = installation::open_existing(&args.data).await?;
    let route = Route::find(&args.mail, &vestnik_store::installation::read(&db).await?)?;
    if route.locked.is_some() {
        return Err(Failure::failed(format!(
            "nothing can be sent: {route}; enter it anew in the settings of the service"
        )));
    }
    let (mailing, actor, email) = find(&db, args.id).await?;
    if let Some(why) = restore::held(&db).await? {
        return Err(Failure::failed(why));
    }
    let key = new_key(&SystemRandom, 8);
    let run = match runs::demand(&db, &actor, mailing.id, &key, Duration::ZERO, SystemClock.now()).await? {
        Demanded::Planned(run) | Demanded::Continues(run) | Demanded::Repeated(run) => run,
        Demanded::NotFound => return Err(Failure::failed(format!("there is no mailing {}", args.id))),
        Demanded::Disabled => return Err(Failure::failed(format!("mailing {} is disabled", args.id))),
        Demanded::WindowOver => return Err(Failure::failed("the end of the mailing's window has come")),
        Demanded::NoRecipients => return Err(Failure::failed("the mailing has no recipients")),
        Demanded::MayNotSend => return Err(may_not_send(&email)),
    };
    if !args.wait {
        println!("run {run} is planned; a running `vestnik serve` or `vestnik worker` sends it");
        return Ok(());
    }
    let run = send_and_wait(&db, &actor, &args, run).await?;
    print_counts(&run);
    Ok(())
}

/// Waits until a run is over. It is sent here when no other process sends from this installation, or from the moment
/// when that process ends.
async fn send_and_wait(db: &Db, actor: &Actor, args: &SendArgs, id: RunId) -> Result<Run, Failure> {
    let mut signals = StopSignals::listen()?;
    let mut sending = None;
    let bar = progress_bar(0, "{bar:40} {pos}/{len} {per_sec} {msg}");
    // However it ends, what is being sent is sent.
    let waited = wait(db, actor, args, id, (&mut sending, &mut signals, &bar)).await;
    bar.finish_and_clear();
    if let Some(sending) = sending {
        sending.stop().await;
    }
    waited
}

async fn wait(
    db: &Db,
    actor: &Actor,
    args: &SendArgs,
    id: RunId,
    (sending, signals, bar): (&mut Option<Sending>, &mut StopSignals, &ProgressBar),
) -> Result<Run, Failure> {
    loop {
        // Beside a service that runs, this process would take part in its work: not without a mail server, or else the
        // letters of others would end in the catcher of this one.
        let takes_part = args.mail.smtp_url.is_some() || !nodes::any_lives(db).await?;
        if sending.is_none()
            && takes_part
            && let Turn::Ours(lock) = sending::turn(db, &args.data)?
        {
            *sending = Some(Sending::start(db.clone(), &args.data, &args.mail, lock).await?);
        }
        let run = runs::find(db, actor, id).await?;
        let run = run.ok_or_else(|| Failure::failed("the mailing was deleted while it was being sent"))?;
        bar.set_length(u64::try_from(run.counts.recipients).unwrap_or(0));
        bar.set_position(u64::try_from(run.counts.done()).unwrap_or(0));
        bar.set_message(match troubles::current(db).await?.first() {
            Some(trouble) => format!("{} is in trouble: {}", trouble.server, trouble.error),
            None => format!("sent {}, failed {}", run.counts.sent, run.counts.failed),
        });
        if run.state.is_final() {
            return Ok(run);
        }
        if run.state == RunState::Paused {
            let why = if run.paused_by.is_empty() { String::new() } else { format!(": {}", run.paused_by) };
            return Err(Failure::failed(format!("the mailing is paused{why}; the same command resumes it")));
        }
        if signals.unless_told(tokio::time::sleep(LOOK)).await.is_none() {
            return Err(Failure::failed("interrupted; the same command goes on where it stopped"));
        }
    }
}

fn print_counts(run: &Run) {
    let counts = &run.counts;
    println!(
        "recipients {}, sent {}, failed {}, expired {}, skipped {}, unknown {}, cancelled {}, attempts {}",
        counts.recipients,
        counts.sent,
        counts.failed,
        counts.expired,
        counts.skipped,
        counts.unknown,
        counts.cancelled,
        counts.attempts(),
    );
}

/// What `mailing show` tells. The figures are those of the newest run; zero when there is none.
#[derive(Serialize)]
struct Shown<'a> {
    id: MailingId,
    name: &'a str,
    status: &'static str,
    starts_at: Option<String>,
    ends_at: Option<String>,
    next_at: Option<String>,
    periodicity: &'static str,
    time_zone: &'a str,
    on_unknown: &'static str,
    disabled_at: Option<String>,
    runs: usize,
    run: Option<RunId>,
    run_state: Option<&'static str>,
    recipients: i64,
    sent: i64,
    failed: i64,
    pending: i64,
    expired: i64,
    skipped: i64,
    unknown: i64,
    cancelled: i64,
    attempts: i64,
    paused_by: Option<&'a str>,
}

async fn show(args: ShowArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let (mailing, actor, _) = find(&db, args.id).await?;
    let all = runs::of_mailing(&db, &actor, mailing.id, 10_000).await?;
    let run = all.first();
    let counts = run.map(|run| run.counts).unwrap_or_default();
    let shown = Shown {
        id: mailing.id,
        name: &mailing.name,
        status: mailing.status.as_str(),
        starts_at: mailing.starts_at.map(|at| at.to_string()),
        ends_at: mailing.ends_at.map(|at| at.to_string()),
        next_at: mailing.next_at.map(|at| at.to_string()),
        periodicity: mailing.periodicity.as_str(),
        time_zone: &mailing.time_zone,
        on_unknown: mailing.on_unknown.as_str(),
        disabled_at: mailing.disabled_at.map(|at| at.to_string()),
        runs: all.len(),
        run: run.map(|run| run.id),
        run_state: run.map(|run| run.state.as_str()),
        recipients: counts.recipients,
        sent: counts.sent,
        failed: counts.failed,
        pending: counts.pending(),
        expired: counts.expired,
        skipped: counts.skipped,
        unknown: counts.unknown,
        cancelled: counts.cancelled,
        attempts: counts.attempts(),
        paused_by: run.map(|run| run.paused_by.as_str()).filter(|reason| !reason.is_empty()),
    };
    let value = serde_json::to_value(&shown).map_err(|error| Failure::failed(error.to_string()))?;
    if args.json {
        println!("{value}");
        return Ok(());
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        let value = match value {
            serde_json::Value::Null => "-".to_owned(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        println!("{name:<12} {value}");
    }
    Ok(())
}
