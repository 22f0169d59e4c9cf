//! After a process that sends was ended in the middle: was it a message that ended it? Each delivery that was being
//! rendered is rendered once more, in a child process with little memory and time. Only a run whose message ends the
//! child waits for its owner; everything else goes on as after any other crash.
//!
//! The child is this binary with the command `render-check`. It reads a [`Suspect`] from its standard input and writes a
//! line after each thing that it has done: compiled the message, then rendered it for one recipient after the other.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use vestnik_model::id::RunId;
use vestnik_model::template::{Content, Person, RenderLimits};
use vestnik_store::deliveries::{self, Claimed};
use vestnik_store::{Result, control, runs};

use crate::Context;
use crate::journal::{Left, Noted, Record};
use crate::rendering::render;

/// The hidden command that is the child.
pub const COMMAND: &str = "render-check";
/// How long the child may be silent: what takes longer would hold up a connection as long each time.
const SILENCE: Duration = Duration::from_secs(30);
/// The stack of the threads that render while mail goes out (tokio's default). What overflows there has to overflow in
/// the child.
const STACK: usize = 2 * 1024 * 1024;

/// A message that may have ended the process, and for whom it was being rendered.
#[derive(Debug, Serialize, Deserialize)]
pub struct Suspect {
    /// Subject template.
    pub subject: String,
    /// HTML template.
    pub html: String,
    /// Text template.
    pub text: String,
    /// For whom.
    pub recipients: Vec<Values>,
}

/// What a template sees of a recipient.
#[derive(Debug, Serialize, Deserialize)]
pub struct Values {
    /// The address.
    pub email: String,
    /// The full name.
    pub full_name: String,
    /// The comment.
    pub comment: String,
}

/// The child's work. What a template gets wrong without ending the process is not looked for here.
///
/// # Errors
/// The suspect cannot be read, or nobody hears the child any more.
pub fn child(input: impl BufRead, mut output: impl Write + Send) -> io::Result<()> {
    let suspect: Suspect = serde_json::from_reader(input)?;
    std::thread::scope(|scope| {
        let work = move || {
            let mut done = || output.write_all(b"\n").and_then(|()| output.flush());
            let content = Content::compile(&suspect.subject, &suspect.html, &suspect.text);
            done()?;
            for values in &suspect.recipients {
                if let Ok(content) = &content {
                    let person =
                        Person { email: &values.email, full_name: &values.full_name, comment: &values.comment };
                    let _ = render(content, person, RenderLimits::default());
                }
                done()?;
            }
            Ok(())
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        // A panic is caught while mail goes out as well.
        thread.join().unwrap_or(Ok(()))
    })
}

/// What ended the child.
#[derive(Debug, PartialEq, Eq)]
struct Death {
    /// How many recipients had been rendered; `None`: the message was not even compiled.
    rendered: Option<usize>,
    how: String,
}

/// Has a child render a suspect. `None`: it survived.
async fn check(program: &Path, suspect: &Suspect) -> io::Result<Option<Death>> {
    let mut command = Command::new(program);
    command.arg(COMMAND).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.kill_on_drop(true);
    // The allocator reserves a gigabyte at its start, more than the child may have.
    command.env("MIMALLOC_DISALLOW_ARENA_ALLOC", "1");
    #[cfg(debug_assertions)]
    if let Ok(told) = std::env::var(crate::rendering::ABORT_FOR) {
        command.env(crate::rendering::ABORT_FOR, told);
    }
    let mut child = command.spawn()?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("the child has no input or output"));
    };
    let sent = serde_json::to_vec(suspect)?;
    // A child that dies early reads no more of it.
    let sending = async move {
        let _ = input.write_all(&sent).await;
        drop(input);
    };
    let watching = async {
        let mut lines = BufReader::new(output).lines();
        let mut done = 0;
        loop {
            match tokio::time::timeout(SILENCE, lines.next_line()).await {
                Ok(Ok(Some(_))) => done += 1,
                Ok(Ok(None) | Err(_)) => return (done, false),
                Err(_) => return (done, true),
            }
        }
    };
    let ((), (done, silent)) = tokio::join!(sending, watching);
    if silent {
        child.kill().await?;
        return Ok(Some(Death { rendered: usize::checked_sub(done, 1), how: "it took too long".to_owned() }));
    }
    let status = child.wait().await?;
    match how_it_died(status) {
        Some(how) => Ok(Some(Death { rendered: usize::checked_sub(done, 1), how })),
        None if status.success() => Ok(None),
        // It never came to rendering: its limits could not be set, or it is another version.
        None => Err(io::Error::other(format!("the child ended with {status}"))),
    }
}

fn how_it_died(status: ExitStatus) -> Option<String> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().map(|signal| format!("signal {signal}"))
}

/// Looks at what a process was rendering that is gone, and pauses the runs whose messages end a process.
pub async fn look(context: &Context, left: &Left) -> Result<()> {
    let Some(program) = &context.config.render_check else { return Ok(()) };
    let mut runs: Vec<RunId> = left.rendering.iter().map(|noted| noted.run).collect();
    runs.sort();
    runs.dedup();
    for run in runs {
        let noted: Vec<Noted> = left.rendering.iter().copied().filter(|noted| noted.run == run).collect();
        let Some(suspect) = suspect(context, run, &noted, &left.records).await? else { continue };
        match check(program, &suspect).await {
            Ok(None) => {}
            Ok(Some(death)) => {
                let recipient = death.rendered.and_then(|rendered| suspect.recipients.get(rendered));
                let email = recipient.map_or("", |values| values.email.as_str());
                tracing::error!(%run, email, how = death.how, "a message ends the process that renders it; its run is paused");
                control::pause_unrenderable(&context.db, run, email, context.clock.now()).await?;
            }
            // Whatever it is, mail is not held up by it.
            Err(error) => tracing::error!(%run, %error, "could not check whether a message ends the process"),
        }
    }
    Ok(())
}

/// What is to be rendered of a run; `None`: nothing of it was being rendered, or it does not go on.
async fn suspect(context: &Context, run: RunId, noted: &[Noted], records: &[Record]) -> Result<Option<Suspect>> {
    let Some(message) = runs::message(&context.db, run).await? else { return Ok(None) };
    let compiling = noted.iter().any(|noted| noted.delivery.is_none());
    let mut recipients = Vec::new();
    for delivery in noted.iter().filter_map(|noted| noted.delivery) {
        let claimed = deliveries::leased(&context.db, run, delivery).await?;
        // What was handed over had been rendered.
        let handed_over =
            |claimed: &Claimed| records.iter().any(|record| record.claim() == (claimed.id, claimed.epoch));
        if let Some(claimed) = claimed.filter(|claimed| !handed_over(claimed)) {
            recipients.push(Values {
                email: claimed.email,
                full_name: claimed.full_name.unwrap_or_default(),
                comment: claimed.comment.unwrap_or_default(),
            });
        }
    }
    if recipients.is_empty() && !compiling {
        return Ok(None);
    }
    Ok(Some(Suspect { subject: message.subject, html: message.html, text: message.text, recipients }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_child_says_how_far_it_has_come() {
        let values = |email: &str| Values { email: email.into(), full_name: String::new(), comment: String::new() };
        for (subject, recipients) in [("{{ recipient.email }}", 2), ("{{ broken", 1), ("{{ recipient.nothing }}", 3)] {
            let suspect = Suspect {
                subject: subject.into(),
                html: String::new(),
                text: "x".into(),
                recipients: (0..recipients).map(|n| values(&format!("r{n}@example.org"))).collect(),
            };
            let mut output = Vec::new();
            child(&*serde_json::to_vec(&suspect).unwrap(), &mut output).unwrap();
            assert_eq!(output, "\n".repeat(recipients + 1).as_bytes(), "{subject}");
        }
        assert!(child(&b"nothing"[..], Vec::new()).is_err());
    }
}
