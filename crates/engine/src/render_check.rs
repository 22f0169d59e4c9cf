//! After a process that sends was ended in the middle: was it a message that ended it? Each delivery that was being
//! rendered is rendered once more, in a child process with little memory and time. Only a run whose message ends the
//! child waits for its owner; everything else goes on as after any other crash.
//!
//! The child is this binary with the command `render-check`. It reads a [`Suspect`] from its standard input and writes a
//! line after each thing that it has done: compiled the message and tried it on a sample recipient, then rendered it for
//! one recipient after the other.
//!
//! A child that a fault of its own ends (a stack that overflows, memory or processor time beyond its limits) convicts the
//! message. One that is killed from outside, or is not heard of for long, convicts nobody: on a machine that is out of
//! memory the kernel chooses its victims by size, and a busy machine is slow. It is checked once more; if that tells
//! nothing either, the run goes on, and the deliveries that were being rendered have an attempt that counts. So a process
//! that such a message ends each time is ended no more often than the retry policy allows.

use std::io::{self, BufRead, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use vestnik_model::id::RunId;
use vestnik_model::template::{Content, Person, RenderLimits};
use vestnik_store::deliveries::{self, Claimed};
use vestnik_store::settle::Outcome;
use vestnik_store::{Result, control, runs};

use crate::journal::{Left, Noted, Record};
use crate::rendering::render;
use crate::{Context, outcome};

/// The hidden command that is the child.
pub const COMMAND: &str = "render-check";
/// How long the child may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// Before a check that told nothing is repeated: what killed the child, or took its time, may have passed.
const PAUSE: Duration = Duration::from_secs(2);
/// The signals that a process is ended with by its own doing: SIGILL, SIGABRT (a stack that overflows, memory that is
/// refused within its limit), SIGBUS, SIGFPE, SIGSEGV, SIGXCPU.
const OWN_FAULTS: [i32; 6] = [4, 6, 7, 8, 11, 24];
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
            if let Ok(content) = &content {
                let _ = content.try_sample(RenderLimits::default());
            }
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

/// What came of a check.
#[derive(Debug, PartialEq, Eq)]
enum Checked {
    /// The child survived.
    Harmless,
    /// The message ends the process that renders it.
    Convicted(Death),
    /// The child was ended from outside or was silent for too long, which may have nothing to do with the message.
    Inconclusive(Death),
}

/// Checks a suspect, and once more if that tells nothing.
async fn check_twice(program: &Path, suspect: &Suspect) -> io::Result<Checked> {
    match check(program, suspect).await? {
        Checked::Inconclusive(death) => {
            tracing::warn!(
                how = death.how,
                "checking a message that may have ended a process told nothing; repeating it"
            );
            tokio::time::sleep(PAUSE).await;
            check(program, suspect).await
        }
        told => Ok(told),
    }
}

/// Has a child render a suspect.
async fn check(program: &Path, suspect: &Suspect) -> io::Result<Checked> {
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
    let death = |how: String| Death { rendered: usize::checked_sub(done, 1), how };
    if silent {
        child.kill().await?;
        return Ok(Checked::Inconclusive(death(format!("silent for {} s", SILENCE.as_secs()))));
    }
    let status = child.wait().await?;
    match status.signal() {
        Some(signal) if OWN_FAULTS.contains(&signal) => Ok(Checked::Convicted(death(format!("signal {signal}")))),
        Some(signal) => Ok(Checked::Inconclusive(death(format!("signal {signal}")))),
        None if status.success() => Ok(Checked::Harmless),
        // It never came to rendering: its limits could not be set, or it is another version.
        None => Err(io::Error::other(format!("the child ended with {status}"))),
    }
}

/// Looks at what a process was rendering that is gone, and pauses the runs whose messages end a process. Answers the
/// outcomes of claims of which no check could tell whether it was they.
pub async fn look(context: &Context, left: &Left) -> Result<Vec<Outcome>> {
    let mut counted = Vec::new();
    let Some(program) = &context.config.render_check else { return Ok(counted) };
    let mut runs: Vec<RunId> = left.rendering.iter().map(|noted| noted.run).collect();
    runs.sort();
    runs.dedup();
    for run in runs {
        let noted: Vec<Noted> = left.rendering.iter().copied().filter(|noted| noted.run == run).collect();
        let Some((suspect, claims)) = suspect(context, run, &noted, &left.records).await? else { continue };
        match check_twice(program, &suspect).await {
            Ok(Checked::Harmless) => {}
            Ok(Checked::Convicted(death)) => {
                let recipient = death.rendered.and_then(|rendered| suspect.recipients.get(rendered));
                let email = recipient.map_or("", |values| values.email.as_str());
                tracing::error!(%run, email, how = death.how, "a message ends the process that renders it; its run is paused");
                control::pause_unrenderable(&context.db, run, email, context.clock.now()).await?;
            }
            Ok(Checked::Inconclusive(death)) => {
                let deliveries = claims.len();
                tracing::warn!(%run, deliveries, how = death.how, "could not find out whether a message ends the process; \
                    what was being rendered of its run has an attempt that counts");
                if let Some(run) = runs::open_one(&context.db, run).await? {
                    counted.extend(claims.iter().map(|claim| outcome::ended_while_rendered(context, &run, claim)));
                }
            }
            // Whatever it is, mail is not held up by it.
            Err(error) => tracing::error!(%run, %error, "could not check whether a message ends the process"),
        }
    }
    Ok(counted)
}

/// What is to be rendered of a run, with the claims that it is rendered for; `None`: nothing of it was being rendered, or
/// it does not go on.
async fn suspect(
    context: &Context,
    run: RunId,
    noted: &[Noted],
    records: &[Record],
) -> Result<Option<(Suspect, Vec<Claimed>)>> {
    let Some(message) = runs::message(&context.db, run).await? else { return Ok(None) };
    let compiling = noted.iter().any(|noted| noted.delivery.is_none());
    let mut claims = Vec::new();
    for delivery in noted.iter().filter_map(|noted| noted.delivery) {
        let claimed = deliveries::leased(&context.db, run, delivery).await?;
        // What was handed over had been rendered.
        let handed_over =
            |claimed: &Claimed| records.iter().any(|record| record.claim() == (claimed.id, claimed.epoch));
        claims.extend(claimed.filter(|claimed| !handed_over(claimed)));
    }
    if claims.is_empty() && !compiling {
        return Ok(None);
    }
    let values = |claimed: &Claimed| Values {
        email: claimed.email.clone(),
        full_name: claimed.full_name.clone().unwrap_or_default(),
        comment: claimed.comment.clone().unwrap_or_default(),
    };
    let recipients = claims.iter().map(values).collect();
    Ok(Some((Suspect { subject: message.subject, html: message.html, text: message.text, recipients }, claims)))
}

#[cfg(test)]
mod tests;
