//! A sink in a process of its own, for one run, and the proof that it got every message.

use std::{
    env,
    fs::File,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use wait4::Wait4 as _;

/// How a sink behaves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// By how much replies are late.
    pub(crate) delay: Option<Duration>,
    /// Whether what was read is acknowledged at once.
    pub(crate) quick_ack: bool,
}

/// What a sink saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    /// Messages.
    pub(crate) accepted: usize,
    /// Of all messages as they came over the wire.
    pub(crate) octets: u64,
    /// From the first message accepted to the last.
    pub(crate) time: Duration,
    /// What the sink itself took.
    pub(crate) cpu: Duration,
}

/// A running sink. It ends when this is dropped, or when this process ends, however that happens.
pub(crate) struct Receiver {
    child: Child,
    output: BufReader<ChildStdout>,
    log: PathBuf,
    /// Where it takes mail.
    pub(crate) address: SocketAddr,
}

impl Receiver {
    /// Starts one that writes its log into `folder`.
    pub(crate) fn start(manner: Manner, folder: &Path) -> io::Result<Self> {
        let log = folder.join("accepted");
        let mut command = Command::new(env::current_exe()?);
        command.args(["sink", "--until-stdin-ends", "--log"]).arg(&log);
        if let Some(delay) = manner.delay {
            command.args(["--delay", &humantime::format_duration(delay).to_string()]);
        }
        if manner.quick_ack {
            command.arg("--quick-ack");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("the sink has no output"))?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| io::Error::other("the sink did not start"))?;
        Ok(Self { child, output, log, address })
    }

    /// Ends it. An error unless it accepted `r0@example.com` to `r{messages - 1}@example.com`, each once: a figure from
    /// a run that lost mail is no figure.
    pub(crate) fn finish(mut self, messages: usize) -> io::Result<Received> {
        drop(self.child.stdin.take());
        let mut counts = String::new();
        self.output.read_line(&mut counts)?;
        let ended = self.child.wait4()?;
        let count = |name: &str| -> io::Result<f64> {
            let value = counts.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse().ok()).ok_or_else(|| io::Error::other("the sink did not end well"))
        };
        let received = Received {
            accepted: count("accepted")? as usize,
            octets: count("octets")? as u64,
            time: Duration::from_secs_f64(count("seconds")?),
            cpu: ended.rusage.utime + ended.rusage.stime,
        };
        check(&self.log, messages)?;
        Ok(received)
    }
}

/// Goes through a log of accepted recipients.
fn check(log: &Path, messages: usize) -> io::Result<()> {
    let mut seen = vec![false; messages];
    for line in BufReader::new(File::open(log)?).lines() {
        let line = line?;
        let number = line.strip_prefix('r').and_then(|rest| rest.strip_suffix("@example.com"));
        let place = number.and_then(|number| number.parse::<usize>().ok()).and_then(|number| seen.get_mut(number));
        let place = place.ok_or_else(|| io::Error::other(format!("mail went to a stranger: {line:?}")))?;
        if std::mem::replace(place, true) {
            return Err(io::Error::other(format!("{line} got the message twice")));
        }
    }
    match seen.iter().filter(|seen| !**seen).count() {
        0 => Ok(()),
        missing => Err(io::Error::other(format!("{missing} of {messages} recipients got no message"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipient_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("accepted");
        let verdict = |lines: &[&str]| {
            std::fs::write(&log, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
            check(&log, 3).err().map(|error| error.to_string())
        };
        let all = ["r1@example.com", "r0@example.com", "r2@example.com"];
        assert_eq!(verdict(&all), None);
        assert_eq!(verdict(&all[..2]), Some("1 of 3 recipients got no message".to_owned()));
        assert_eq!(verdict(&[all[0], all[1], all[1]]), Some("r0@example.com got the message twice".to_owned()));
        assert_eq!(verdict(&["r3@example.com"]), Some("mail went to a stranger: \"r3@example.com\"".to_owned()));
    }
}
