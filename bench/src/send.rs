//! How fast Vestnik sends, beside what nothing can exceed, and beside another library.

use std::{env, io, path::PathBuf, process::Command, time::Duration};

use tempfile::TempDir;

use crate::{
    audience,
    postgres::Postgres,
    process::{self, Usage},
    receiver::{Manner, Received, Receiver},
    report::{self, Spread},
    vestnik::{self, Vestnik},
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Messages of a run [default: 100000, or 20000 with --delay]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    messages: Option<u64>,
    /// Connections at once.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    connections: u16,
    /// Octets of a message before encoding, HTML and text together.
    #[arg(long, default_value_t = 5_000)]
    size: usize,
    /// Runs of each; the table has their medians.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Messages of a run of lettre where it waits.
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    lettre_messages: u64,
    /// How far away the mail server is: each reply comes this much later, for example 20ms.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    delay: Option<Duration>,
    /// PostgreSQL; a database vestnik_bench is made and dropped there [default: VESTNIK_TEST_POSTGRES_URL, or a
    /// private server]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Measures this binary instead of building one.
    #[arg(long, value_name = "PATH")]
    vestnik: Option<PathBuf>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    /// Bare sessions, and the same message again and again.
    Raw,
    Sqlite,
    Postgres,
    /// lettre, as it is with most servers.
    Lettre,
    /// lettre with a server that does not let it wait.
    LettreAcknowledged,
}

impl Sender {
    fn name(self, postgres: &str) -> String {
        match self {
            Self::Raw => "raw limit: bare sessions, one message again and again".to_owned(),
            Self::Sqlite => "Vestnik, SQLite".to_owned(),
            Self::Postgres => format!("Vestnik, {postgres}"),
            Self::Lettre => "lettre's pool".to_owned(),
            Self::LettreAcknowledged => "lettre's pool, each segment acknowledged at once".to_owned(),
        }
    }
}

/// One run of one sender.
struct Measured {
    sender: Sender,
    usage: Usage,
    received: Received,
}

impl Measured {
    fn rate(&self) -> f64 {
        self.received.accepted as f64 / self.received.time.as_secs_f64().max(1e-6)
    }

    /// Microseconds a message.
    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.received.accepted as f64
    }
}

/// What is fixed for all runs.
struct Plan<'a> {
    options: &'a Options,
    program: PathBuf,
    postgres: Option<Postgres>,
    messages: usize,
    lettre_messages: usize,
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let program = vestnik::program(options.vestnik.as_deref())?;
    let postgres = match Postgres::find(options.database_url.as_deref()) {
        Ok(postgres) => Some(postgres),
        // One that was asked for must be there.
        Err(error) if options.database_url.is_some() => return Err(error),
        Err(error) => {
            println!("PostgreSQL is left out, because there is none: {error}\n");
            None
        }
    };
    let about = postgres.as_ref().map(Postgres::about).transpose()?.unwrap_or_default();
    let messages = options.messages.unwrap_or(if options.delay.is_some() { 20_000 } else { 100_000 });
    let plan = Plan {
        options,
        program,
        postgres,
        messages: messages as usize,
        lettre_messages: messages.min(options.lettre_messages) as usize,
    };
    let senders =
        [Sender::Raw, Sender::Sqlite, Sender::Postgres, Sender::Lettre, Sender::LettreAcknowledged].into_iter();
    let senders: Vec<Sender> =
        senders.filter(|&sender| sender != Sender::Postgres || plan.postgres.is_some()).collect();
    let mut all = Vec::new();
    // In rounds, so that what else the machine is doing falls on all alike.
    for round in 1..=options.runs {
        for &sender in &senders {
            let name = sender.name(&about);
            let measured =
                plan.measure(sender).map_err(|error| io::Error::other(format!("{name}, round {round}: {error}")))?;
            eprintln!("round {round} of {}: {name}: {} messages/s", options.runs, report::count(measured.rate()));
            all.push(measured);
        }
    }
    println!("{}", plan.table(&senders, &all, &about));
    Ok(())
}

impl Plan<'_> {
    fn measure(&self, sender: Sender) -> io::Result<Measured> {
        let folder = process::folder()?;
        let manner = Manner { delay: self.options.delay, quick_ack: sender == Sender::LettreAcknowledged };
        match sender {
            Sender::Raw => self.library("blast", sender, manner, &folder),
            Sender::Lettre | Sender::LettreAcknowledged => self.library("lettre", sender, manner, &folder),
            Sender::Sqlite => self.product(sender, manner, &folder, None),
            Sender::Postgres => match &self.postgres {
                Some(postgres) => {
                    let database = postgres.fresh()?;
                    self.product(sender, manner, &folder, Some(database.url.as_str()))
                }
                None => Err(io::Error::other("there is no PostgreSQL")),
            },
        }
    }

    /// How many messages a sender sends in a run.
    fn messages(&self, sender: Sender) -> usize {
        match sender {
            Sender::Lettre => self.lettre_messages,
            Sender::LettreAcknowledged if self.options.delay.is_some() => self.lettre_messages,
            _ => self.messages,
        }
    }

    /// A library in a loop: another command of this program.
    fn library(&self, command: &str, sender: Sender, manner: Manner, folder: &TempDir) -> io::Result<Measured> {
        let messages = self.messages(sender);
        let receiver = Receiver::start(manner, folder.path())?;
        let mut process = Command::new(env::current_exe()?);
        process.args([command, "--to", &receiver.address.to_string()]);
        process.args(["--messages", &messages.to_string(), "--size", &self.options.size.to_string()]);
        process.args(["--connections", &self.options.connections.to_string()]);
        let (usage, _) = process::run(&mut process)?;
        Ok(Measured { sender, usage, received: receiver.finish(messages)? })
    }

    /// Vestnik, from an empty folder to the ledger's last row.
    fn product(
        &self,
        sender: Sender,
        manner: Manner,
        folder: &TempDir,
        database_url: Option<&str>,
    ) -> io::Result<Measured> {
        let file = |name: &str| folder.path().join(name);
        audience::write_list(&file("list.csv"), self.messages)?;
        audience::write_letter(&file("letter.html"), &file("letter.txt"), self.options.size)?;
        let vestnik = Vestnik { program: &self.program, folder: folder.path(), database_url };
        vestnik.create_user()?;
        vestnik.import("list.csv", self.messages)?;
        let mailing = vestnik.create_mailing(audience::SUBJECT, "letter.html", "letter.txt")?;
        let receiver = Receiver::start(manner, folder.path())?;
        let usage = vestnik.send(&mailing, receiver.address, self.options.connections.into())?;
        let received = receiver.finish(self.messages)?;
        let attempts = vestnik.attempts(&mailing)?;
        if attempts != self.messages {
            return Err(io::Error::other(format!(
                "the ledger has {attempts} attempts, of {} messages that were accepted",
                self.messages
            )));
        }
        Ok(Measured { sender, usage, received })
    }

    fn table(&self, senders: &[Sender], all: &[Measured], postgres: &str) -> String {
        let of = |sender: Sender| all.iter().filter(move |measured| measured.sender == sender);
        let limit = Spread::of(of(Sender::Raw).map(Measured::rate)).median;
        let connections = f64::from(self.options.connections);
        let mut head = vec!["", "messages", "messages/s", "from–to", "of the limit", "sender's CPU, µs each"];
        head.extend(["sink's CPU, µs each", "peak memory, MB", "whole command, s"]);
        if self.options.delay.is_some() {
            head.push("messages/s a connection");
        }
        let row = |&sender: &Sender| {
            let rate = Spread::of(of(sender).map(Measured::rate));
            let median = |figure: &dyn Fn(&Measured) -> f64| Spread::of(of(sender).map(figure)).median;
            let mut row = vec![
                sender.name(postgres),
                report::count(self.messages(sender) as f64),
                report::count(rate.median),
                rate.range(),
                format!("{:.3}", rate.median / limit),
                format!("{:.1}", median(&|measured| measured.each(measured.usage.cpu))),
                format!("{:.1}", median(&|measured| measured.each(measured.received.cpu))),
                report::megabytes(median(&|measured| measured.usage.peak as f64)),
                format!("{:.2}", median(&|measured| measured.usage.wall.as_secs_f64())),
            ];
            if self.options.delay.is_some() {
                row.push(format!("{:.1}", rate.median / connections));
            }
            row
        };
        let octets = |sender: Sender| {
            Spread::of(of(sender).map(|measured| measured.received.octets as f64 / measured.received.accepted as f64))
        };
        let delay = self.options.delay.map(|delay| format!(", replies {} late", humantime::format_duration(delay)));
        format!(
            "{} connections{}; {} octets each over the wire by Vestnik, {} by the others. {}; {} \
             shared by sender, sink and database.\n\n{}",
            self.options.connections,
            delay.unwrap_or_default(),
            report::count(octets(Sender::Sqlite).median),
            report::count(octets(Sender::Raw).median),
            report::runs(self.options.runs),
            report::machine(),
            report::table(&head, &senders.iter().map(row).collect::<Vec<_>>()),
        )
    }
}
