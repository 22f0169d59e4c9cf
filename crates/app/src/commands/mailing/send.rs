//! `vestnik mailing send`: safe to repeat. Whoever does not know how the command ended calls it again, and nobody is
//! mailed twice for that.

use vestnik_model::clock::SystemClock;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::problem::line;
use vestnik_model::run::{Run, RunState};
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_model::{Actor, Clock as _, Problems};
use vestnik_store::runs::{Demanded, DemandedOnce, Repeat};
use vestnik_store::{Db, messages, runs};

use super::wait::{self, counts};
use super::{find, may_not_send, pass};
use crate::cli::{SendMailingArgs, SendOptions};
use crate::commands::restore;
use crate::failure::Failure;
use crate::installation;
use crate::sending::Route;

/// Longer names of requests are mistakes.
const LONGEST_KEY: usize = 200;

/// Sends one mailing, or begins everything that is due.
pub async fn send_mailing(args: SendMailingArgs) -> Result<(), Failure> {
    match args.id {
        Some(id) => send(args.options, id).await,
        None => pass::run(args.options).await,
    }
}

/// What is wrong with the settings for mail is said before anything is planned.
pub fn checked(mut options: SendOptions) -> Result<SendOptions, Failure> {
    options.mail = options.mail.named_after(options.base_url.as_ref());
    options.mail.relay()?;
    options.mail.hello()?;
    Ok(options)
}

/// Nothing is planned that this installation cannot send at the moment.
pub async fn refuse_if_held(db: &Db, options: &SendOptions) -> Result<(), Failure> {
    if let Some(why) = restore::held(db).await? {
        return Err(Failure::failed(why));
    }
    let route = Route::find(&options.mail, &vestnik_store::installation::read(db).await?)?;
    if route.locked.is_some() {
        return Err(Failure::failed(format!(
            "nothing can be sent: {route}; enter it anew in the settings of the service"
        )));
    }
    Ok(())
}

/// Sends a mailing now. Without `--wait` the run is left to the service.
pub async fn send(options: SendOptions, id: MailingId) -> Result<(), Failure> {
    let options = checked(options)?;
    let request = options.key.as_deref().map(|key| line(key, true, LONGEST_KEY)).transpose();
    let request = request.map_err(|problem| Problems::one("key", problem))?;
    let db = installation::open_existing(&options.data).await?;
    let (mailing, actor, email) = find(&db, id).await?;
    refuse_if_held(&db, &options).await?;
    let message = messages::find(&db, &actor, mailing.message_id).await?;
    if let Some(Err(problems)) = message.map(|message| message.check()) {
        return Err(Failure::failed(format!("the message cannot be sent: {}", Failure::from(problems))));
    }
    let (key, repeat) = (new_key(&SystemRandom, 8), Repeat { again: options.again, key: request.as_deref() });
    let demanded = match runs::demand_by_command(&db, &actor, mailing.id, &key, repeat, SystemClock.now()).await? {
        DemandedOnce::Asked(demanded) => demanded,
        DemandedOnce::AlreadyOver(run) => return already_over(&db, &actor, run, options.again).await,
        DemandedOnce::Busy(run) => {
            return Err(Failure::failed(format!(
                "run {run} of mailing {id} is not over yet; when it is, the same command begins another one"
            )));
        }
    };
    let (run, stands) = match demanded {
        Demanded::Planned(run) => (run, "is planned"),
        Demanded::Continues(run) | Demanded::Repeated(run) => (run, "goes on"),
        Demanded::NotFound => return Err(Failure::failed(format!("there is no mailing {id}"))),
        Demanded::Disabled => return Err(Failure::failed(format!("mailing {id} is disabled"))),
        Demanded::WindowOver => return Err(Failure::failed("the end of the mailing's window has come")),
        Demanded::NoRecipients => return Err(Failure::failed("the mailing has no recipients")),
        Demanded::MayNotSend => return Err(may_not_send(&email)),
    };
    if !options.wait {
        println!("run {run} {stands}; a running `vestnik serve` or `vestnik worker` sends it");
        return Ok(());
    }
    if options.again {
        println!("run {run}");
    }
    for run in wait::until_over(&db, &options, &[run]).await? {
        if let Some(why) = wait::pause_of(&run) {
            return Err(Failure::failed(format!("the mailing is paused{why}; the same command resumes it")));
        }
        println!("{}", counts(&run));
    }
    Ok(())
}

/// Says that a repeated command has nothing to do, with the figures that the first one printed or would have printed.
async fn already_over(db: &Db, actor: &Actor, run: RunId, again: bool) -> Result<(), Failure> {
    let Some(run) = runs::find(db, actor, run).await? else {
        return Err(Failure::failed("the mailing was deleted meanwhile"));
    };
    let Run { id, mailing_id, .. } = run;
    let ended = if run.state == RunState::Cancelled { "was cancelled" } else { "ended" };
    let at = run.finished_at.map(|at| format!(" at {at}")).unwrap_or_default();
    let hint = if again { "this key has had its run" } else { "--again begins another run" };
    eprintln!(
        "vestnik: mailing {mailing_id} has been sent already: run {id} {ended}{at}; nothing is sent now ({hint})"
    );
    if again {
        println!("run {id}");
    }
    println!("{}", counts(&run));
    Ok(())
}
