//! Vestnik as people run it: the binary, by its command line, in a folder of its own.

use std::{
    env, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::{self, Usage};

const OWNER: &str = "anna@example.com";

/// The binary to measure: the one that was named; or else the one beside this program, which is first built where cargo
/// runs us.
pub(crate) fn program(named: Option<&Path>) -> io::Result<PathBuf> {
    if let Some(path) = named {
        return path
            .canonicalize()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())));
    }
    if let Some(cargo) = env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        // In the workspace's folder, where cargo finds its settings.
        build
            .args(["build", "--release", "--package", "vestnik"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        // What cargo told us about ourselves; some build scripts would take it for news, and build anew each time.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                build.env_remove(&name);
            }
        }
        if !build.status()?.success() {
            return Err(io::Error::other("vestnik could not be built"));
        }
    }
    let path = env::current_exe()?.with_file_name("vestnik");
    if !path.exists() {
        return Err(io::Error::other(format!(
            "there is no {}; run this with --release, or name the binary with --vestnik",
            path.display()
        )));
    }
    Ok(path)
}

/// An installation of it.
pub(crate) struct Vestnik<'a> {
    /// The binary.
    pub(crate) program: &'a Path,
    /// Where it is run and keeps its data.
    pub(crate) folder: &'a Path,
    /// PostgreSQL; without it, SQLite.
    pub(crate) database_url: Option<&'a str>,
}

impl Vestnik<'_> {
    /// A command in the installation, with no settings but those given: neither the environment's nor, in this
    /// folder, those of a `.env`.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.current_dir(self.folder).args(words).args(["--data-dir", "data"]);
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("VESTNIK_")) {
            command.env_remove(name);
        }
        if let Some(url) = self.database_url {
            command.args(["--database-url", url]);
        }
        command
    }

    /// Makes the account that all else belongs to.
    pub(crate) fn create_user(&self) -> io::Result<()> {
        let words = ["create-user", "--email", OWNER, "--name", "Анна", "--password", "correct horse battery"];
        process::run(&mut self.command(&words)).map(|_| ())
    }

    /// Imports a list of new addresses.
    pub(crate) fn import(&self, list: &str, rows: usize) -> io::Result<Usage> {
        let (usage, output) = process::run(&mut self.command(&["recipients", "import", list, "--owner", OWNER]))?;
        let expected = format!("added {rows}, updated 0, unchanged 0, rejected 0");
        if output.trim() == expected {
            Ok(usage)
        } else {
            Err(io::Error::other(format!("vestnik imported {:?}, and not {expected:?}", output.trim())))
        }
    }

    /// Makes a mailing to everyone: its id.
    pub(crate) fn create_mailing(&self, subject: &str, html: &str, text: &str) -> io::Result<String> {
        let words = ["message", "create", "--owner", OWNER, "--subject", subject, "--html", html, "--text", text];
        let (_, message) = process::run(&mut self.command(&words))?;
        let words = ["mailing", "create", "--owner", OWNER, "--message", message.trim(), "--all-recipients"];
        Ok(process::run(&mut self.command(&words))?.1.trim().to_owned())
    }

    /// Sends a mailing.
    pub(crate) fn send(&self, mailing: &str, to: SocketAddr, connections: usize) -> io::Result<Usage> {
        let mut command = self.command(&["mailing", "send", mailing, "--wait"]);
        command.env("VESTNIK_SMTP_URL", format!("smtp://{to}?starttls=off"));
        command.env("VESTNIK_SMTP_CONNECTIONS", connections.to_string());
        command.env("VESTNIK_MAIL_FROM", "news@example.com");
        Ok(process::run(&mut command)?.0)
    }

    /// How many attempts the ledger has of a mailing.
    pub(crate) fn attempts(&self, mailing: &str) -> io::Result<usize> {
        let words = ["attempts", "export", "--mailing", mailing, "--format", "jsonl"];
        process::count_lines(&mut self.command(&words))
    }
}
