//! An installation with its command line, as a person or a script uses it.
#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

pub mod browser;
pub mod served;

use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use vestnik_mail::faults::Event;
use vestnik_model::keyring::Keyring;
use vestnik_model::secret::SystemRandom;
use vestnik_store::Db;
use vestnik_store::db::embedded_address;
use vestnik_store::testing::{TEST_KEY, TestDatabase, assert_figures_agree, test_keys};

/// An installation of its own, on one of the databases.
pub struct Installation {
    folder: tempfile::TempDir,
    database: Option<TestDatabase>,
}

impl Installation {
    pub fn on_sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: None }
    }

    pub async fn on_postgres() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Some(TestDatabase::postgres().await) }
    }

    /// On PostgreSQL, through a PgBouncer in transaction mode.
    pub async fn behind_pooler() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Some(TestDatabase::pooled().await) }
    }

    /// On servers of the test's own.
    pub fn at(address: String) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Some(TestDatabase::At(address)) }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, contents: &str) -> String {
        std::fs::write(self.path(name), contents).unwrap();
        self.path(name).display().to_string()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        // Another build may be put to the test, for example a release.
        let binary = std::env::var("VESTNIK_TEST_BINARY");
        let mut command = Command::new(binary.as_deref().unwrap_or(env!("CARGO_BIN_EXE_vestnik")));
        command.args(args).current_dir(self.folder.path()).env_clear().env("LANG", "C");
        command.env("VESTNIK_DATA_DIR", self.path("data"));
        if let Some(database) = &self.database {
            command.env("VESTNIK_DATABASE_URL", database.address());
            // Nodes have folders of their own.
            command.env("VESTNIK_SECRET_KEY", TEST_KEY);
        }
        command
    }

    /// Runs a command off the async threads, so that a server in the same test can answer it.
    pub async fn run(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output().unwrap()).await.unwrap()
    }

    /// Runs a command that is to succeed; answers its output.
    pub async fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args).await;
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command that is to fail with this status; answers its single line of explanation.
    pub async fn fails(&self, status: i32, args: &[&str]) -> String {
        let output = self.run(args).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?}: {error}");
        assert!(output.stdout.is_empty(), "{args:?} printed something");
        error.trim().to_owned()
    }

    pub async fn account(&self) {
        let password = ["--password", "correct horse battery"];
        self.ok(&[&["create-user", "--email", "anna@example.com", "--name", "Анна"][..], &password].concat()).await;
    }

    /// Whether several processes may use its database.
    pub fn is_shared(&self) -> bool {
        self.database.is_some()
    }

    /// Where its database is.
    pub fn database_address(&self) -> String {
        match &self.database {
            Some(database) => database.address(),
            None => embedded_address(&self.path("data")).unwrap(),
        }
    }

    /// Its database, for what no command does.
    pub async fn db(&self) -> Db {
        let address = self.database_address();
        let keys = match &self.database {
            Some(_) => test_keys(),
            None => {
                let file = std::fs::read_to_string(self.path("data").join("secret.key")).unwrap();
                Keyring::parse(&file, Arc::new(SystemRandom)).unwrap()
            }
        };
        Db::open(&address).await.unwrap().with_keys(Some(keys))
    }

    /// Panics if reports say something else than the ledger.
    pub async fn figures_agree(&self) {
        let db = self.db().await;
        assert_figures_agree(&db).await;
        db.close().await;
    }

    pub async fn remove(self) {
        if let Some(database) = self.database {
            database.remove().await;
        }
    }
}

/// The number in `r7@example.org`.
pub fn number_of(event: &Event) -> usize {
    let address = event.to.as_deref().unwrap_or("");
    address.trim_start_matches('r').split('@').next().unwrap_or("").parse().unwrap_or(0)
}
