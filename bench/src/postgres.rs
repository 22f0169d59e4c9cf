//! PostgreSQL to measure on: one that was named, or a private one.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use url::Url;

use crate::process;

/// The database that each run makes anew. One name, so that what an interrupted run left is cleared by the next.
const DATABASE: &str = "vestnik_bench";

/// A server as the tests have it; it ends when its standard input does.
const SERVER: &str = "
import sys
from services import Services, Trouble
try:
    with Services() as services:
        print(services.postgres(), flush=True)
        sys.stdin.read()
except Trouble as trouble:
    sys.exit(str(trouble))
except KeyboardInterrupt:
    pass
";

/// A server.
pub(crate) struct Postgres {
    url: Url,
    psql: PathBuf,
    /// Kept to be dropped.
    _private: Option<Private>,
}

impl Postgres {
    /// The server at `url`; else the one at VESTNIK_TEST_POSTGRES_URL; else a private one is started.
    pub(crate) fn find(url: Option<&str>) -> io::Result<Self> {
        let psql = psql()?;
        let named = url.map(str::to_owned).or_else(|| env::var("VESTNIK_TEST_POSTGRES_URL").ok());
        let (url, private) = match named {
            Some(url) => (url, None),
            None => Private::start().map(|(url, private)| (url, Some(private)))?,
        };
        let url = Url::parse(&url).map_err(|error| io::Error::other(format!("the URL of the database: {error}")))?;
        Ok(Self { url, psql, _private: private })
    }

    /// For the table: `PostgreSQL 15.8, fsync off`.
    pub(crate) fn about(&self) -> io::Result<String> {
        let show = |setting: &str| self.query(&self.url, &format!("SHOW {setting}"));
        let version = show("server_version")?;
        let number = version.split_whitespace().next().unwrap_or_default();
        Ok(format!("PostgreSQL {number}, fsync {}", show("fsync")?))
    }

    /// An empty database.
    pub(crate) fn fresh(&self) -> io::Result<Database<'_>> {
        self.drop_database()?;
        self.query(&self.url, &format!("CREATE DATABASE {DATABASE}"))?;
        let mut url = self.url.clone();
        url.set_path(DATABASE);
        Ok(Database { server: self, url })
    }

    fn drop_database(&self) -> io::Result<()> {
        self.query(&self.url, &format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")).map(|_| ())
    }

    fn query(&self, url: &Url, sql: &str) -> io::Result<String> {
        Ok(process::run(self.shell(url).args(["--command", sql]))?.1.trim().to_owned())
    }

    fn shell(&self, url: &Url) -> Command {
        let mut command = Command::new(&self.psql);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        command.args(["--dbname", url.as_str()]);
        command
    }
}

/// A database of a run's own; dropped with this.
pub(crate) struct Database<'a> {
    server: &'a Postgres,
    /// Its address.
    pub(crate) url: Url,
}

impl Database<'_> {
    /// Runs a statement: what it printed.
    pub(crate) fn query(&self, sql: &str) -> io::Result<String> {
        self.server.query(&self.url, sql)
    }

    /// `psql` in this database.
    pub(crate) fn shell(&self) -> Command {
        self.server.shell(&self.url)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.server.drop_database() {
            eprintln!("bench: the database {DATABASE} is left behind: {error}");
        }
    }
}

/// A server of our own.
struct Private(Child);

impl Private {
    fn start() -> io::Result<(String, Self)> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
        let mut command = Command::new("python3");
        command.args(["-B", "-c", SERVER]).current_dir(scripts);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| io::Error::new(error.kind(), format!("python3: {error}")))?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let mut url = String::new();
        BufReader::new(output.ok_or(io::ErrorKind::BrokenPipe)?).read_line(&mut url)?;
        if url.is_empty() {
            let mut words = String::new();
            errors.ok_or(io::ErrorKind::BrokenPipe)?.read_to_string(&mut words)?;
            child.wait()?;
            return Err(io::Error::other(words.trim().to_owned()));
        }
        Ok((url.trim().to_owned(), Self(child)))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Debian's `psql` in PATH is a script that looks for this one, whose time would be counted, too.
fn psql() -> io::Result<PathBuf> {
    let version = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let debian = folders.filter(|folder| folder.join("bin/psql").exists()).max_by_key(version);
    let psql = debian.map_or_else(|| PathBuf::from("psql"), |folder| folder.join("bin/psql"));
    process::run(Command::new(&psql).arg("--version"))
        .map_err(|error| io::Error::new(error.kind(), format!("psql is needed, PostgreSQL's shell ({error})")))?;
    Ok(psql)
}
