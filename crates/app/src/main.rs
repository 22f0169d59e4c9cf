//! `vestnik`, the one binary. This file only dispatches; what a command does stands under `commands`.

mod cli;
mod commands;
mod config;
mod failure;
mod installation;
mod metrics;
mod outdated;
mod secret_key;
mod sending;
mod server;
mod stopping;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;
use vestnik_model::BuiltinGroup;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

// Messages are allocated on one thread and freed on another, thousands a second: the system's allocator spends more time
// waiting for itself than the mail takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Of this folder only, and without repeating a line of it, which may hold a password.
    if let Err(error) = dotenvy::from_path(".env")
        && !error.not_found()
    {
        return Failure::misused("the .env file of this folder cannot be read, or has a line that is not NAME=VALUE")
            .report();
    }
    let cli = Cli::parse();
    init_log(&cli.command);
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => commands::serve::serve(args),
        Command::Worker(args) => commands::serve::worker(args),
        Command::Ping(args) => commands::ping::run(&args),
        Command::Demo(args) => commands::demo::run(args),
        Command::Migrate(args) => block_on(commands::migrate::run(args)),
        Command::Backup(args) => block_on(commands::backup::run(args)),
        Command::Restore(args) => block_on(commands::restore::run(args)),
        Command::ResumeSending(args) => block_on(commands::restore::resume_sending(args)),
        Command::Doctor(args) => block_on(commands::doctor::run(args)),
        Command::CreateUser(args) => block_on(commands::user::create(args)),
        Command::CreateAdmin(args) => block_on(commands::user::create_in(args, BuiltinGroup::Administrators)),
        Command::CreateManager(args) => block_on(commands::user::create_in(args, BuiltinGroup::Managers)),
        Command::CreateGroups(args) => block_on(commands::user::create_groups(args)),
        Command::ResetSecondFactor(args) => block_on(commands::user::reset_second_factor(args)),
        Command::AdoptSecretKey(args) => block_on(commands::adopt_secret_key::run(args)),
        Command::ResetPassword(args) => block_on(commands::reset_password::run(args)),
        Command::RenderCheck => commands::render_check::run(),
        Command::Aliases => {
            println!("{}", cli::ALIASES);
            Ok(())
        }
        Command::Recipients(command) => block_on(commands::recipients::run(command)),
        Command::Message(command) => block_on(commands::message::run(command)),
        Command::Mailing(command) => block_on(commands::mailing::run(command)),
        Command::SendMailing(args) => block_on(commands::mailing::send_mailing(args)),
        Command::Attempts(command) => block_on(commands::attempts::run(command)),
    }
}

/// Runs a command's work to its end.
fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::failed(error.to_string()))?;
    let done = runtime.block_on(work);
    // A name that is being looked up on a thread must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    done
}

/// Logs go to standard error: services tell what they do, commands only what is wrong.
fn init_log(command: &Command) {
    let default = match command {
        Command::Serve(_) | Command::Worker(_) => "info,sqlx=warn,memory_serve=warn",
        // What a certificate lacks is said by whoever met it.
        _ => "error,rustls_platform_verifier=off",
    };
    let filter = std::env::var("VESTNIK_LOG").unwrap_or_else(|_| default.to_owned());
    let log = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // For programs that read logs: a JSON object a line, with the id of its request.
    if std::env::var("VESTNIK_LOG_FORMAT").is_ok_and(|format| format == "json") {
        log.json().init();
    } else {
        log.init();
    }
}
