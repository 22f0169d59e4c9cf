//! `vestnik demo`: sample data, a mailing sent through the built-in catcher with a progress bar, and the web interface.

mod sample;

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Runtime;
use url::Url;
use vestnik_model::clock::SystemClock;
use vestnik_model::id::RunId;
use vestnik_model::run::Run;
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_model::{Actor, Clock as _};
use vestnik_store::runs::Demanded;
use vestnik_store::{Db, caught, runs};

use crate::cli::{Cli, Command, DemoArgs, ServeArgs};
use crate::commands::serve::{Doors, Pages, SHUTDOWN, start_engine, stop_engine};
use crate::failure::Failure;
use crate::installation::{self, progress_bar};
use crate::sending;
use crate::server::Door;
use crate::stopping::StopSignals;

/// How often the bar moves.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the demo; ends with Ctrl+C.
pub fn run(args: DemoArgs) -> Result<(), Failure> {
    let pages = Runtime::new()?;
    let engine = Runtime::new()?;
    let settings = settings(&args)?;
    let shown = pages.block_on(async {
        let db = installation::open(&settings.data).await?;
        let lock = sending::claim_turn(&db, &settings.data).await?;
        println!("Preparing sample data in {} ...", args.data_dir.display());
        let prepared = sample::prepare(&db).await?;
        let shown_pages = if args.exit {
            None
        } else {
            let doors = Doors::of_pages(listen(args.listen).await?);
            Some(Pages::prepare(&db, doors, &settings).await?)
        };
        let mut signals = StopSignals::listen()?;
        let sending = start_engine(&engine, db.clone(), settings.data.clone(), settings.mail.clone(), lock).await?;
        let sent = signals.unless_told(send(&db, &prepared.actor, prepared.mailing)).await;
        let measures = sending.measures.clone();
        let stop = stop_engine(&engine, sending);
        match (sent, shown_pages) {
            (Some(Ok(())), Some(pages)) => pages.serve(&measures, print_where, &mut signals, stop).await,
            (sent, _) => {
                let stopped = stop.await;
                sent.unwrap_or(Ok(())).and(stopped)
            }
        }
    });
    engine.shutdown_timeout(SHUTDOWN);
    pages.shutdown_timeout(SHUTDOWN);
    shown
}

/// Says where everything is.
fn print_where(url: &Url) {
    let catcher = url.join("/caught").map_or_else(|_| url.to_string(), |url| url.to_string());
    println!(
        "\nVestnik is at {url}\n\
         \n  Русский:  {}\n  English:  {}\n  who runs it: {}\n  password: {}\n\
         \nThe letters are at {catcher} (nothing was sent to anybody). Ctrl+C ends the demo.",
        sample::RUSSIAN,
        sample::ENGLISH,
        sample::ADMINISTRATOR,
        sample::PASSWORD,
    );
}

/// The settings of `serve` with all defaults, on the demo's folder: whatever the environment configures for real mail
/// and real data is left out, so that a demo never writes to anybody.
fn settings(args: &DemoArgs) -> Result<ServeArgs, Failure> {
    let database = vestnik_store::db::embedded_address(&args.data_dir)?;
    let line = ["vestnik", "serve", "--database-url", &database];
    let Ok(Cli { command: Command::Serve(mut settings) }) = Cli::try_parse_from(line) else {
        return Err(Failure::misused(
            "the environment has settings that vestnik cannot read; see `vestnik serve --help`",
        ));
    };
    settings.data.data_dir.clone_from(&args.data_dir);
    settings.data.secret_key = None;
    settings.data.secret_key_file = None;
    settings.mail.smtp_url = None;
    settings.mail.catch_all = true;
    settings.web.base_url = None;
    settings.web.behind_proxy = false;
    settings.watch.metrics_listen = None;
    Ok(settings)
}

/// Sends the sample mailing and watches it.
async fn send(db: &Db, actor: &Actor, mailing: vestnik_model::id::MailingId) -> Result<(), Failure> {
    let key = new_key(&SystemRandom, 8);
    let run = match runs::demand(db, actor, mailing, &key, Duration::ZERO, SystemClock.now()).await? {
        Demanded::Planned(run) | Demanded::Continues(run) => run,
        other => return Err(Failure::failed(format!("the sample mailing cannot be sent: {other:?}"))),
    };
    let started = SystemClock.now();
    let run = watch(db, actor, run).await?;
    // Whoever tries the demo reads its emails without signing in; those of accounts are nobody else's here either.
    caught::publish(db, run.id).await?;
    println!(
        "Sent to {} of {} recipients in {:.1} s; each has its line in the ledger with the mail server's answer.",
        run.counts.sent,
        run.counts.recipients,
        started.until(SystemClock.now()).as_secs_f64(),
    );
    Ok(())
}

async fn watch(db: &Db, actor: &Actor, id: RunId) -> Result<Run, Failure> {
    let bar = progress_bar(0, "Sending {bar:40} {pos}/{len}");
    loop {
        let run = runs::find(db, actor, id).await?;
        let run = run.ok_or_else(|| Failure::failed("the sample mailing is gone"))?;
        bar.set_length(u64::try_from(run.counts.recipients).unwrap_or(0));
        bar.set_position(u64::try_from(run.counts.done()).unwrap_or(0));
        if run.state.is_final() {
            bar.finish_and_clear();
            return Ok(run);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Listens where it is wished, or on a free port if that one is taken.
async fn listen(address: SocketAddr) -> Result<Door, Failure> {
    match Door::open(address).await {
        Ok(door) => Ok(door),
        Err(error) => {
            println!("{address} cannot be listened on ({error}); taking a free port.");
            Ok(Door::open((address.ip(), 0).into()).await?)
        }
    }
}
