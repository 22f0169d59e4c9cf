//! `vestnik doctor`: looks at everything that the service leans on, and says in one line each how it is and what to do.
//!
//! Each look has a deadline of its own, so that the whole ends within half a minute whatever hangs. Nothing is changed:
//! what is written to see whether it can be is taken back.

mod database;
mod places;
mod secrets;
mod settings;
mod web;

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use serde::Serialize;
use vestnik_mail::relay::{Tls, connect};
use vestnik_mail::session::Timeouts;
use vestnik_store::{Db, installation};

use crate::cli::DoctorArgs;
use crate::failure::Failure;
use crate::sending::Route;

/// For one look. There are never more than two, one after the other.
const PATIENCE: Duration = Duration::from_secs(10);
/// For one phase with the mail server, so that the phase is named that takes too long.
const STEP: Duration = Duration::from_secs(4);

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Problem,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What came of a look.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    check: &'static str,
    level: Level,
    /// How it is.
    found: String,
    /// What to do about it; empty where there is nothing to do.
    advice: String,
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, found: one_line(found.into()), advice: String::new() }
    }

    /// It works, and could be better.
    pub fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Warning, advice: advice.into(), ..Self::ok(check, found) }
    }

    /// It does not work.
    pub fn problem(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Problem, advice: advice.into(), ..Self::ok(check, found) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {:<14} {}", self.level.as_str(), self.check, self.found)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, ": {}", self.advice) }
    }
}

/// A stranger's words stay in their line, and tell a terminal nothing.
fn one_line(words: String) -> String {
    words.replace(|c: char| c.is_control(), " ")
}

/// What is found within the time that one look has.
async fn in_time(check: &'static str, look: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| {
        let found = format!("no answer within {} s", PATIENCE.as_secs());
        vec![Finding::problem(check, found, "see whether it is running and can be reached from this machine")]
    })
}

/// Looks, tells, and fails if there is a problem.
pub async fn run(mut args: DoctorArgs) -> Result<(), Failure> {
    args.mail = args.mail.named_after(args.web.base_url.as_ref());
    let findings = look(&args).await;
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    let text = if args.json {
        format!("{:#}\n", serde_json::json!({ "checks": findings, "problems": problems, "warnings": warnings }))
    } else {
        findings.iter().map(|finding| format!("{finding}\n")).collect()
    };
    // Whoever reads it may have read enough.
    std::io::stdout().write_all(text.as_bytes())?;
    match problems {
        0 => Ok(()),
        1 => Err(Failure::failed("there is a problem")),
        many => Err(Failure::failed(format!("there are {many} problems"))),
    }
}

async fn look(args: &DoctorArgs) -> Vec<Finding> {
    let mut findings = settings::look(args);
    let mut db = None;
    findings.extend(in_time("database", async { database::open(args, &mut db).await }).await);
    let db = db.as_ref();
    let (database, secrets, integrity, disk, journal, media, redis, mail, web) = tokio::join!(
        in_time("database", database::look(db)),
        in_time("secret key", secrets::look(args, db)),
        database::integrity(db),
        in_time("disk", places::disk(args)),
        in_time("journal", places::journal(args, db)),
        in_time("pictures", places::media(args)),
        in_time("redis", places::redis(args)),
        in_time("mail server", mail_server(args, db)),
        in_time("base URL", web::look(args)),
    );
    for more in [database, secrets, integrity, disk, journal, media, redis, mail, web] {
        findings.extend(more);
    }
    findings
}

/// Goes as far as a message would, and sends none.
async fn mail_server(args: &DoctorArgs, db: Option<&Db>) -> Vec<Finding> {
    const CHECK: &str = "mail server";
    let stored = match db {
        Some(db) => installation::read(db).await.ok(),
        None => None,
    };
    let route = match &stored {
        Some(stored) => Route::find(&args.mail, stored).and_then(|route| match route.locked {
            Some(_) => Err(Failure::failed(format!("{route}"))),
            None => Ok(route.relay),
        }),
        None => args.mail.relay(),
    };
    let relay = match route {
        Ok(Some(relay)) => relay,
        Ok(None) if stored.is_none() => {
            return vec![Finding::warning(CHECK, "it is set in the database, which cannot be read", "see above")];
        }
        Ok(None) => {
            let advice = "choose a mail server on the page \"Service settings\", or set VESTNIK_SMTP_URL";
            return vec![Finding::warning(CHECK, "none is set: all mail stays in the built-in catcher", advice)];
        }
        Err(failure) => {
            return vec![Finding::problem(
                CHECK,
                failure.to_string(),
                "correct VESTNIK_SMTP_URL or the page of settings",
            )];
        }
    };
    let hello = match args.mail.hello() {
        Ok(hello) => hello,
        Err(failure) => return vec![Finding::problem(CHECK, failure.to_string(), "correct VESTNIK_EHLO_NAME")],
    };
    let session = match connect(&relay, &Tls::system(), &hello, &Timeouts::all(STEP)).await {
        Ok(session) => session,
        Err(failure) => {
            let advice = "correct the address, the encryption or the password; runs wait until it answers";
            return vec![Finding::problem(CHECK, format!("{relay}: {failure}"), advice)];
        }
    };
    let (encrypted, version) = (session.stream().is_encrypted(), session.stream().tls_version());
    let can = session.capabilities().clone();
    session.quit().await;
    let mut offers = Vec::new();
    offers.push(if encrypted { version.to_owned() } else { "no encryption".to_owned() });
    if relay.credentials().is_some() {
        offers.push("the password is right".to_owned());
    }
    if let Some(octets) = can.max_size {
        offers.push(format!("messages up to {}", indicatif::HumanBytes(octets)));
    }
    let all = [(can.pipelining, "PIPELINING"), (can.eight_bit, "8BITMIME"), (can.smtputf8, "SMTPUTF8")];
    offers.extend(all.iter().filter(|(has, _)| *has).map(|(_, name)| (*name).to_owned()));
    let lacks: Vec<&str> = all.iter().filter(|(has, _)| !has).map(|(_, name)| *name).collect();
    let lacks = if lacks.is_empty() { String::new() } else { format!("; it lacks {}", lacks.join(", ")) };
    let found = format!("{relay} answers: {}{lacks}", offers.join(", "));
    if !encrypted && !settings::is_here(relay.host()) {
        let advice = "use smtps:// or ?starttls=required, or everyone on the way can read what is sent";
        return vec![Finding::warning(CHECK, found, advice)];
    }
    if !can.pipelining {
        let advice = "without PIPELINING each message takes several round trips: ask whoever runs it to offer it, \
                      or open more connections (VESTNIK_SMTP_CONNECTIONS)";
        return vec![Finding::warning(CHECK, found, advice)];
    }
    vec![Finding::ok(CHECK, found)]
}
