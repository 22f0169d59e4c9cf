//! `vestnik mailing create | send | list | show` and `vestnik send-mailing`; what holds a mailing up or sends it again is
//! in [`control`].

mod control;
mod list;
mod pass;
mod send;
mod wait;

use serde::Serialize;
use vestnik_model::clock::SystemClock;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::mailing::{Mailing, MailingDraft, MailingInput};
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_model::{Actor, Clock as _};
use vestnik_store::mailings::{LateStart, Saved, Saving, Selection};
use vestnik_store::{Db, mailings, outages, recipients, runs};

pub use self::send::send_mailing;
use crate::cli::{CreateMailingArgs, MailingCommand, ShowArgs};
use crate::commands::recipients::addresses;
use crate::failure::Failure;
use crate::installation::{self, owner};

/// Dispatches.
pub async fn run(command: MailingCommand) -> Result<(), Failure> {
    match command {
        MailingCommand::Create(args) => create(args).await,
        MailingCommand::Send(args) => send::send(args.options, args.id).await,
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
    paused_by: Option<String>,
    /// What the mail server says that takes no messages now, while some of the run wait for it.
    outage: Option<String>,
    outage_since: Option<String>,
}

async fn show(args: ShowArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let (mailing, actor, _) = find(&db, args.id).await?;
    let all = runs::of_mailing(&db, &actor, mailing.id, 10_000).await?;
    let run = all.first();
    let counts = run.map(|run| run.counts).unwrap_or_default();
    let waits = run.is_some_and(|run| !run.state.is_final());
    let outage = if waits { outages::current(&db).await?.into_iter().next() } else { None };
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
        paused_by: run.and_then(wait::pause_reason),
        outage: outage.as_ref().map(|outage| format!("{}: {}", outage.server, wait::outage_words(outage))),
        outage_since: outage.map(|outage| outage.since.to_string()),
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
