//! Measuring tools: somewhere to send mail to, and something that sends it. See the README beside this.

#![expect(clippy::disallowed_methods, reason = "measuring real time is what this program is for")]

mod audience;
mod blast;
mod import;
mod lettre_pool;
mod postgres;
mod process;
mod receiver;
mod render;
mod report;
mod send;
mod sink;
mod vestnik;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measuring tools for Vestnik")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compares Vestnik's sending with the raw limit and with another library; prints a table.
    Send(send::Options),
    /// Compares Vestnik's import of recipients with the databases' own shells; prints a table.
    Import(import::Options),
    /// Receives mail over SMTP as fast as one core can, and throws it away.
    Sink(sink::Options),
    /// Sends messages through bare sessions: the speed nothing built on them can exceed.
    Blast(blast::Options),
    /// Sends messages through the pool of the library `lettre`.
    Lettre(lettre_pool::Options),
    /// Builds messages without sending them.
    Render(render::Options),
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Send(options) => send::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Sink(options) => sink::run(&options),
        Command::Blast(options) => blast::run(&options),
        Command::Lettre(options) => lettre_pool::run(&options),
        Command::Render(options) => render::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
