//! `vestnik serve` as a process of its own, ended with the test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::Installation;

/// A node.
pub struct Served {
    /// Where its pages are.
    pub url: String,
    child: Child,
    lines: Receiver<String>,
}

impl Served {
    /// Starts it on a free port; `name` is that of its data folder.
    pub fn start(installation: &Installation, name: &str, more: &[&str]) -> Self {
        let folder = installation.path(name).display().to_string();
        let args = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &folder];
        let mut served = Self::spawn(installation, &[&args[..], more].concat());
        served.url = served.line("Vestnik is at ");
        served
    }

    /// The same as it runs behind a proxy, whose address it prints: the tests come straight to it all the same.
    pub fn start_behind_proxy(installation: &Installation, name: &str) -> Self {
        let folder = installation.path(name).display().to_string();
        // A port that is free now; the service cannot say which it took.
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let proxy = ["--behind-proxy", "--base-url", "http://mail.example.com/"];
        let args = ["serve", "--listen", &listen, "--data-dir", &folder];
        let mut served = Self::spawn(installation, &[&args[..], &proxy].concat());
        assert_eq!(served.line("Vestnik is at "), "http://mail.example.com/");
        served.url = format!("http://{listen}/");
        served
    }

    /// `vestnik demo`, when its mailing has been sent.
    pub fn start_demo(installation: &Installation) -> Self {
        let folder = installation.path("demo").display().to_string();
        let mut served = Self::spawn(installation, &["demo", "--listen", "127.0.0.1:0", "--data-dir", &folder]);
        while served.url.is_empty() {
            let line = served.lines.recv_timeout(Duration::from_secs(60)).expect("it says something");
            served.url = line.strip_prefix("Vestnik is at ").unwrap_or_default().to_owned();
        }
        served
    }

    fn spawn(installation: &Installation, args: &[&str]) -> Self {
        let mut command = installation.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { url: String::new(), child, lines }
    }

    /// What follows these words in the line that it prints next.
    pub fn line(&mut self, beginning: &str) -> String {
        let line = self.lines.recv_timeout(Duration::from_secs(240)).expect("it says something");
        line.strip_prefix(beginning).unwrap_or_else(|| panic!("{line:?} does not begin with {beginning:?}")).to_owned()
    }

    /// Whether it has not said anything else.
    pub fn says_nothing(&mut self) -> bool {
        self.lines.try_recv().is_err()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
