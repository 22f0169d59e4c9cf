//! How fast Vestnik reads a list of recipients in, beside what the databases' own shells do with the same file.

use std::{io, path::PathBuf, process::Command};

use tempfile::TempDir;

use crate::{
    audience,
    postgres::Postgres,
    process::{self, Usage},
    report::{self, Spread},
    vestnik::{self, Vestnik},
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rows of the file.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    rows: u64,
    /// Runs of each; the table has their medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// PostgreSQL; a database vestnik_bench is made and dropped there [default: VESTNIK_TEST_POSTGRES_URL, or a
    /// private server]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Measures this binary instead of building one.
    #[arg(long, value_name = "PATH")]
    vestnik: Option<PathBuf>,
}

/// The least that is a list: no checks, no keys to search and sort by, and one index, the one that keeps an address
/// from being there twice.
const TABLE: &str = "CREATE TABLE recipients (
    email TEXT NOT NULL UNIQUE, full_name TEXT NOT NULL, comment TEXT NOT NULL)";

/// What is compared, each limit after that for which it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Sqlite,
    SqliteShell,
    Postgres,
    Copy,
}

const READERS: [Reader; 4] = [Reader::Sqlite, Reader::SqliteShell, Reader::Postgres, Reader::Copy];

impl Reader {
    fn name(self, postgres: &str) -> String {
        match self {
            Self::Sqlite => "Vestnik, SQLite".to_owned(),
            Self::SqliteShell => "`sqlite3`, `.import`".to_owned(),
            Self::Postgres => format!("Vestnik, {postgres}"),
            Self::Copy => "`psql`, `\\copy`".to_owned(),
        }
    }

    fn limit(self) -> Self {
        match self {
            Self::Sqlite | Self::SqliteShell => Self::SqliteShell,
            Self::Postgres | Self::Copy => Self::Copy,
        }
    }
}

/// What is fixed for all runs.
struct Plan {
    program: PathBuf,
    postgres: Postgres,
    rows: usize,
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    process::run(Command::new("sqlite3").arg("--version"))
        .map_err(|error| io::Error::new(error.kind(), format!("SQLite's shell is needed ({error})")))?;
    let program = vestnik::program(options.vestnik.as_deref())?;
    let plan =
        Plan { program, postgres: Postgres::find(options.database_url.as_deref())?, rows: options.rows as usize };
    let about = plan.postgres.about()?;
    let mut all: Vec<(Reader, Usage)> = Vec::new();
    // In rounds, so that what else the machine is doing falls on all alike.
    for round in 1..=options.runs {
        for reader in READERS {
            let name = reader.name(&about);
            let usage =
                plan.measure(reader).map_err(|error| io::Error::other(format!("{name}, round {round}: {error}")))?;
            let rate = report::count(plan.rate(&usage));
            eprintln!("round {round} of {}: {name}: {rate} rows/s", options.runs);
            all.push((reader, usage));
        }
    }
    println!(
        "{} rows in no order, time of the whole command. {}; {} shared by command and database.\n\n{}",
        report::count(plan.rows as f64),
        report::runs(options.runs),
        report::machine(),
        plan.table(&all, &about)
    );
    Ok(())
}

impl Plan {
    fn rate(&self, usage: &Usage) -> f64 {
        self.rows as f64 / usage.wall.as_secs_f64()
    }

    fn measure(&self, reader: Reader) -> io::Result<Usage> {
        let folder = process::folder()?;
        audience::write_list(&folder.path().join("list.csv"), self.rows)?;
        match reader {
            Reader::Sqlite => self.product(&folder, None),
            Reader::Postgres => {
                let database = self.postgres.fresh()?;
                self.product(&folder, Some(database.url.as_str()))
            }
            Reader::SqliteShell => self.sqlite_shell(&folder),
            Reader::Copy => self.copy(&folder),
        }
    }

    fn product(&self, folder: &TempDir, database_url: Option<&str>) -> io::Result<Usage> {
        let vestnik = Vestnik { program: &self.program, folder: folder.path(), database_url };
        vestnik.create_user()?;
        vestnik.import("list.csv", self.rows)
    }

    fn sqlite_shell(&self, folder: &TempDir) -> io::Result<Usage> {
        let mut command = Command::new("sqlite3");
        command.current_dir(folder.path()).args(["-batch", "-bail", "limit.db"]);
        // With as much memory for pages as Vestnik gives it; by default it is 2 MB, and takes half as long again.
        command.args(["PRAGMA cache_size = -32000", TABLE]);
        command.args([".import --csv --skip 1 list.csv recipients", "SELECT count(*) FROM recipients"]);
        let (usage, output) = process::run(&mut command)?;
        self.complete(&output).map(|()| usage)
    }

    fn copy(&self, folder: &TempDir) -> io::Result<Usage> {
        let database = self.postgres.fresh()?;
        database.query(TABLE)?;
        let mut command = database.shell();
        command.current_dir(folder.path());
        command.args(["--command", "\\copy recipients FROM 'list.csv' WITH (FORMAT csv, HEADER)"]);
        let (usage, _) = process::run(&mut command)?;
        self.complete(&database.query("SELECT count(*) FROM recipients")?).map(|()| usage)
    }

    /// A figure from a run that lost rows is no figure.
    fn complete(&self, count: &str) -> io::Result<()> {
        if count.trim() == self.rows.to_string() {
            return Ok(());
        }
        Err(io::Error::other(format!("the table has {} rows instead of {}", count.trim(), self.rows)))
    }

    fn table(&self, all: &[(Reader, Usage)], postgres: &str) -> String {
        let of = |reader: Reader| all.iter().filter(move |(of, _)| *of == reader).map(|(_, usage)| usage);
        let rate = |reader: Reader| Spread::of(of(reader).map(|usage| self.rate(usage)));
        let row = |&reader: &Reader| {
            let median = |figure: fn(&Usage) -> f64| Spread::of(of(reader).map(figure)).median;
            vec![
                reader.name(postgres),
                report::count(rate(reader).median),
                rate(reader).range(),
                format!("{:.2}", rate(reader).median / rate(reader.limit()).median),
                format!("{:.1}", median(|usage| usage.wall.as_secs_f64())),
                report::megabytes(median(|usage| usage.peak as f64)),
            ]
        };
        let head = ["", "rows/s", "from–to", "of the limit", "seconds", "peak memory, MB"];
        report::table(&head, &READERS.iter().map(row).collect::<Vec<_>>())
    }
}
