//! PostgreSQL servers of a test's own, which it may stop, kill and promote. `scripts/with-services` says where the
//! programs are and who runs them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

use super::unique_name;

/// Between two looks whether a server answers, and how often it is looked.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: usize = 600;

/// A server with a folder of its own, both of which go with it.
#[derive(Debug)]
pub struct PrivatePostgres {
    folder: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl PrivatePostgres {
    /// A new one with an empty database `postgres`, and these settings.
    pub fn start(settings: &[&str]) -> Self {
        let folder = make_folder();
        let data = folder.join("data").display().to_string();
        let mut made = program("initdb");
        made.args(["--pgdata", &data, "--username", "vestnik", "--auth", "trust"]).args([
            "--encoding",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "--no-sync",
        ]);
        succeed(&mut made);
        let mut server = Self { folder, port: free_port(), process: None };
        server.run(settings);
        server
    }

    /// A standby of this one that reads what is written there at `port`, which may be a test's own way to the server.
    pub fn standby(&self, port: u16) -> Self {
        let folder = make_folder();
        let data = folder.join("data").display().to_string();
        let from = ["--host", "127.0.0.1", "--port", &port.to_string(), "--username", "vestnik"];
        let how = ["--write-recovery-conf", "--checkpoint", "fast", "--no-sync", "--pgdata", &data];
        succeed(program("pg_basebackup").args(from).args(how));
        let mut server = Self { folder, port: free_port(), process: None };
        server.run(&[]);
        server
    }

    fn run(&mut self, settings: &[&str]) {
        let port = self.port.to_string();
        let mut server = program("postgres");
        server.arg("-D").arg(self.folder.join("data")).args(["-p", &port]);
        let own = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "full_page_writes=off"];
        for setting in own.iter().chain(settings) {
            server.args(["-c", setting]);
        }
        let log = std::fs::File::create(self.folder.join("log")).expect("the folder can be written");
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.process = Some(server.spawn().expect("PostgreSQL starts"));
        for _ in 0..LOOKS {
            let mut ready = program("pg_isready");
            if ready
                .args(["--quiet", "--host", "127.0.0.1", "--port", &port])
                .status()
                .is_ok_and(|status| status.success())
            {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("{}", std::fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Its port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of its database.
    pub fn address(&self) -> String {
        address(&[self.port], "")
    }

    /// Runs statements, without a transaction around them; answers the first column of the last row as a text.
    pub async fn query(&self, sql: &str) -> Option<String> {
        let options: PgConnectOptions = self.address().parse().expect("an address");
        let mut connection = options.connect().await.expect("the server answers");
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await;
        rows.expect("the server runs it").last().and_then(|row| row.try_get(0).ok())
    }

    /// Makes a standby a server that takes writes.
    pub fn promote(&self) {
        succeed(program("pg_ctl").arg("promote").arg("--wait").arg("--pgdata").arg(self.folder.join("data")));
    }

    /// Ends it as a crash does: nothing is finished or written.
    pub fn crash(&mut self) {
        self.end("-QUIT");
    }

    fn end(&mut self, signal: &str) {
        if let Some(mut process) = self.process.take() {
            let _ = Command::new("kill").args([signal, &process.id().to_string()]).status();
            let _ = process.wait();
        }
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.end("-INT");
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An address with servers at these ports of 127.0.0.1.
pub fn address(ports: &[u16], parameters: &str) -> String {
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    format!("postgres://vestnik@{}/postgres{parameters}", hosts.join(","))
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this with scripts/with-services"))
}

/// One of PostgreSQL's programs, run by whoever may run it.
fn program(name: &str) -> Command {
    let path = Path::new(&setting("VESTNIK_TEST_POSTGRES_PROGRAMS")).join(name);
    let user = setting("VESTNIK_TEST_POSTGRES_USER");
    let mut command = Command::new("setpriv");
    // No server is left behind if the test is killed.
    command.args(["--pdeathsig", "INT"]);
    if !user.is_empty() {
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
    }
    command.arg(path).current_dir(std::env::temp_dir()).env("LC_ALL", "C");
    command
}

fn succeed(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("PostgreSQL's programs start");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn make_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(unique_name());
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let user = setting("VESTNIK_TEST_POSTGRES_USER");
    if !user.is_empty() {
        succeed(Command::new("chown").arg(user).arg(&folder));
    }
    folder
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}
