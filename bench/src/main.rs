//! Measuring tools: somewhere to send mail to, and something that sends it. See the README beside this.

#![expect(clippy::disallowed_methods, reason = "measuring real time is what this program is for")]

mod blast;
mod render;
mod sink;

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
    /// Receives mail over SMTP as fast as one core can, and throws it away.
    Sink(sink::Options),
    /// Sends messages through bare sessions: the speed nothing built on them can exceed.
    Blast(blast::Options),
    /// Builds messages without sending them.
    Render(render::Options),
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Sink(options) => sink::run(&options),
        Command::Blast(options) => blast::run(&options),
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
