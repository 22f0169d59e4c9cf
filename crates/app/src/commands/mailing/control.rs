//! `vestnik mailing pause | resume | cancel | disable | enable | retry-failed | send-missed | resend-unknown`
//!
//! They change what stands in the tables. A running `vestnik serve` or `vestnik worker` sees it within two seconds, or
//! at its next start.

use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_model::run::Run;
use vestnik_store::control::{self, Again, Controlled, SentAgain};
use vestnik_store::runs;

use super::{find, may_not_send};
use crate::cli::{ControlArgs, MailingCommand};
use crate::failure::Failure;
use crate::installation;

/// Dispatches.
pub async fn run(command: MailingCommand) -> Result<(), Failure> {
    match command {
        MailingCommand::Pause(args) => change(args, Change::Pause).await,
        MailingCommand::Resume(args) => change(args, Change::Resume).await,
        MailingCommand::Cancel(args) => change(args, Change::Cancel).await,
        MailingCommand::Disable(args) => change(args.control, Change::Disable(args.reason)).await,
        MailingCommand::Enable(args) => change(args, Change::Enable).await,
        MailingCommand::RetryFailed(args) => again(args, Again::Failed).await,
        MailingCommand::SendMissed(args) => again(args, Again::NotReached).await,
        MailingCommand::ResendUnknown(args) => again(args, Again::Unknown).await,
        MailingCommand::Create(_) | MailingCommand::Send(_) | MailingCommand::List(_) | MailingCommand::Show(_) => {
            Ok(())
        }
    }
}

enum Change {
    Pause,
    Resume,
    Cancel,
    Disable(String),
    Enable,
}

impl Change {
    fn done(&self) -> &'static str {
        match self {
            Self::Pause => "is paused",
            Self::Resume => "goes on",
            Self::Cancel => "is called off",
            Self::Disable(_) => "is disabled",
            Self::Enable => "is enabled",
        }
    }

    fn not_now(&self) -> &'static str {
        match self {
            Self::Pause | Self::Cancel => "is not being sent",
            Self::Resume => "is not paused",
            Self::Disable(_) => "is disabled already",
            Self::Enable => "is not disabled",
        }
    }
}

async fn change(args: ControlArgs, change: Change) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let (mailing, actor, _) = find(&db, args.id).await?;
    let now = SystemClock.now();
    let newest = runs::newest(&db, &actor, mailing.id).await?;
    let not_sent = || Failure::failed(format!("mailing {} has not been sent yet", args.id));
    let run = || newest.as_ref().map(|run| run.id).ok_or_else(not_sent);
    let controlled = match &change {
        Change::Pause => control::pause(&db, &actor, run()?, now).await?,
        Change::Resume => control::resume(&db, &actor, run()?).await?,
        Change::Cancel => control::cancel(&db, &actor, run()?, now).await?,
        Change::Disable(reason) => control::disable(&db, &actor, mailing.id, reason, now).await?,
        Change::Enable => control::enable(&db, &actor, mailing.id, now).await?,
    };
    match controlled {
        Controlled::Done => println!("mailing {} {}", args.id, change.done()),
        Controlled::NotNow => return Err(Failure::failed(format!("mailing {} {}", args.id, change.not_now()))),
        Controlled::NotFound => return Err(not_sent()),
    }
    Ok(())
}

async fn again(args: ControlArgs, which: Again) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let (mailing, actor, email) = find(&db, args.id).await?;
    let failed = |why: &str| Err(Failure::failed(format!("mailing {} {why}", args.id)));
    let Some(Run { id: run, .. }) = runs::newest(&db, &actor, mailing.id).await? else {
        return failed("has not been sent yet");
    };
    match control::send_again(&db, &actor, run, which, SystemClock.now()).await? {
        SentAgain::Waiting(count) => {
            println!(
                "{count} recipients of run {run} wait; a running `vestnik serve` or `vestnik worker` sends to them"
            );
            Ok(())
        }
        SentAgain::Nothing => {
            println!("run {run} has none of those");
            Ok(())
        }
        SentAgain::NotNow => failed("is being prepared or called off; try again in a moment"),
        SentAgain::WindowOver => failed("is over: the end of its window has come"),
        SentAgain::Disabled => failed("is disabled"),
        SentAgain::MayNotSend => Err(may_not_send(&email)),
        SentAgain::NotFound => failed("has not been sent yet"),
    }
}
