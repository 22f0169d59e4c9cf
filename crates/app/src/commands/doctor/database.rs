//! The database, and what stands in it about the service.

use std::time::Duration;

use indicatif::HumanBytes;
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_store::{Db, health, life, nodes, stats};

use super::{Finding, PATIENCE};
use crate::cli::DoctorArgs;
use crate::installation;

/// How far two clocks may be apart.
const APART: Duration = Duration::from_secs(5);

/// Opens the database that is there.
pub async fn open(args: &DoctorArgs, opened: &mut Option<Db>) -> Vec<Finding> {
    const CHECK: &str = "database";
    let db = match installation::open_as_it_is(&args.data).await {
        Ok(db) => db,
        Err(failure) => {
            let advice = "start the service once to make it, or correct VESTNIK_DATABASE_URL or VESTNIK_DATA_DIR; of \
                          several servers one has to take writes";
            return vec![Finding::problem(CHECK, failure.to_string(), advice)];
        }
    };
    let health = match health::look(&db).await {
        Ok(health) => health,
        Err(error) => return vec![Finding::problem(CHECK, error.to_string(), "see whether the database is running")],
    };
    let kind = if db.is_embedded() { "SQLite" } else { "PostgreSQL" };
    let found = format!("{kind} {}, {}", health.version, HumanBytes(u64::try_from(health.bytes).unwrap_or(0)));
    let mut findings = vec![Finding::ok(CHECK, found)];
    if db.is_pooled() {
        let found = "a pooler in transaction mode stands before it: statements have transactions of their own, and \
                     processes look for news once a second";
        findings.push(Finding::ok("pooler", found));
    }
    findings.push(match health.migration {
        Some(step) if step == health.newest => {
            *opened = Some(db);
            Finding::ok("schema", format!("up to date ({step})"))
        }
        Some(step) if step > health.newest => Finding::problem(
            "schema",
            format!("{step} is a newer Vestnik's; this one knows it up to {}", health.newest),
            "run the newer version",
        ),
        step => Finding::warning(
            "schema",
            format!("at step {} of {}", step.unwrap_or(0), health.newest),
            "make a backup, then `vestnik migrate`; starting the service does it as well",
        ),
    });
    findings
}

/// Looks at it.
pub async fn look(db: Option<&Db>) -> Vec<Finding> {
    let Some(db) = db else { return Vec::new() };
    let mut findings = vec![match health::write(db).await {
        Ok(()) => Finding::ok("writing", "the database takes changes"),
        Err(error) => Finding::problem(
            "writing",
            format!("the database takes no changes: {error}"),
            "see to free disk space and to the rights of its user",
        ),
    }];
    findings.extend(clock(db).await);
    findings.extend(replication(db).await);
    findings.extend(sending(db).await);
    findings
}

async fn clock(db: &Db) -> Option<Finding> {
    const CHECK: &str = "clock";
    if db.is_embedded() {
        return None;
    }
    let before = SystemClock.now().0;
    let theirs = db.micros().await.ok()? / 1_000;
    let after = SystemClock.now().0;
    // As far as it cannot be explained by the time that the answer took.
    let apart = (before - theirs).max(theirs - after).max(0).unsigned_abs();
    let found = format!("{apart} ms apart from the database's");
    Some(if apart > APART.as_millis() as u64 {
        Finding::warning(CHECK, found, "have both machines set their clocks by the network (NTP)")
    } else {
        Finding::ok(CHECK, found)
    })
}

/// Whether a failover can lose what was committed, where there are standbys.
async fn replication(db: &Db) -> Option<Finding> {
    const CHECK: &str = "replication";
    let (names, standbys) = health::replication(db).await.ok()?;
    if names.is_empty() && standbys.is_empty() {
        return None;
    }
    let described: Vec<String> = standbys
        .iter()
        .map(|standby| {
            let kind = if standby.is_synchronous { "synchronous" } else { "asynchronous" };
            let behind = standby.behind.and_then(|behind| u64::try_from(behind).ok());
            let behind = behind.map_or_else(String::new, |behind| format!(", {} behind", HumanBytes(behind)));
            format!("{} is {kind}{behind}", standby.name)
        })
        .collect();
    let found = described.join("; ");
    if standbys.iter().any(|standby| standby.is_synchronous) {
        return Some(Finding::ok(CHECK, found));
    }
    Some(if names.is_empty() {
        let advice = "a failover loses what the standby has not received; the nodes' journals make up for it for \
                      VESTNIK_JOURNAL_KEPT; set synchronous_standby_names to lose nothing";
        Finding::warning(CHECK, found, advice)
    } else {
        let found = format!("commits wait for {names}, and no such standby is connected; {found}");
        Finding::problem(CHECK, found, "start the standby, or take it out of synchronous_standby_names")
    })
}

/// Whether the mail server refuses what is being sent, so that it waits for a person.
async fn refused(db: &Db) -> Finding {
    const CHECK: &str = "sending";
    match stats::refused(db).await {
        Ok((0, _)) => Finding::ok(CHECK, "nothing is held back"),
        Ok((count, words)) => Finding::warning(
            CHECK,
            format!(
                "the mail server refuses {count} of the sendings, which are paused; to the newest it says: {words}"
            ),
            "see what it objects to, and have their owners resume them",
        ),
        Err(error) => Finding::problem(CHECK, error.to_string(), "see above"),
    }
}

async fn sending(db: &Db) -> Vec<Finding> {
    let mut findings = Vec::new();
    match life::read(db).await {
        Ok(life) if life.held => {
            let of = life.backup_at.map(|at| at.to_string()).unwrap_or_default();
            let found = format!("restored from a backup of {of}: nothing is sent");
            let advice = "look around, then `vestnik resume-sending` or the button on the page \"Service settings\"";
            findings.push(Finding::warning("sending", found, advice));
        }
        Ok(_) => findings.push(refused(db).await),
        Err(error) => findings.push(Finding::problem("sending", error.to_string(), "see above")),
    }
    if db.is_embedded() {
        return findings;
    }
    findings.push(match nodes::count(db).await {
        Ok((0, _)) => {
            Finding::warning("processes", "none sends from this database", "start `vestnik serve` or `worker`")
        }
        Ok((alive, gone)) => {
            let gone = if gone > 0 { format!(", {gone} gone without a word") } else { String::new() };
            Finding::ok("processes", format!("{alive} send from this database{gone}"))
        }
        Err(error) => Finding::problem("processes", error.to_string(), "see above"),
    });
    findings
}

/// Reads all of an embedded database, as far as there is time.
pub async fn integrity(db: Option<&Db>) -> Vec<Finding> {
    const CHECK: &str = "integrity";
    let Some(db) = db.filter(|db| db.is_embedded()) else { return Vec::new() };
    vec![match tokio::time::timeout(PATIENCE, health::damage(db)).await {
        Ok(Ok(None)) => Finding::ok(CHECK, "every page of the database was read"),
        Ok(Ok(Some(words))) => {
            Finding::problem(CHECK, words, "stop the service, keep a copy of the folder, and restore the last backup")
        }
        Ok(Err(error)) => Finding::problem(CHECK, error.to_string(), "see whether the disk is well"),
        Err(_) => Finding::warning(
            CHECK,
            format!("reading all of the database takes more than {} s", PATIENCE.as_secs()),
            "at a quiet time: sqlite3 vestnik.db 'PRAGMA quick_check'",
        ),
    }]
}
