//! Where things are kept: pictures, journals, what Redis remembers, and the room on the disks.

use std::path::Path;
use std::time::Duration;

use indicatif::HumanBytes;
use vestnik_cache::{Cache, CacheOptions, RedisCondition, Timing};
use vestnik_engine::journal;
use vestnik_engine::lock::SenderLock;
use vestnik_media::MediaType;
use vestnik_media::store::Location;
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_store::Db;
use vestnik_store::life::{self, Life};

use super::Finding;
use crate::cli::DoctorArgs;

/// Less, and a large mailing or a backup may not fit.
const LITTLE: u64 = 1024 * 1024 * 1024;
/// Less, and the database may not be able to commit.
const NOTHING: u64 = 64 * 1024 * 1024;
/// Between two looks at Redis.
const LOOK: Duration = Duration::from_millis(50);
/// For Redis to be reached.
const REDIS: Duration = Duration::from_secs(4);

/// Stores, reads and removes something.
pub async fn media(args: &DoctorArgs) -> Vec<Finding> {
    const CHECK: &str = "pictures";
    let advice = "correct VESTNIK_MEDIA and the access to it";
    let place = match &args.data.media {
        Some(Location::Bucket { bucket, .. }) => format!("the bucket {bucket}"),
        Some(Location::Folder(folder)) => folder.display().to_string(),
        None => args.data.data_dir.join("media").display().to_string(),
    };
    // A folder would be made, in a data folder that may be a slip of the pen.
    if args.data.media.is_none() && !args.data.data_dir.is_dir() {
        return vec![Finding::warning(
            CHECK,
            format!("{place} is not there yet"),
            "the service makes it when it starts",
        )];
    }
    let store = match args.data.media() {
        Ok(store) => store,
        Err(failure) => return vec![Finding::problem(CHECK, failure.to_string(), advice)],
    };
    let probe = format!("doctor/{}", new_key(&SystemRandom, 16)).to_lowercase() + ".png";
    let Ok(key) = probe.parse() else { return vec![Finding::problem(CHECK, "the probe has no name", advice)] };
    let tried = async {
        store.put(&key, "a probe".into(), MediaType::Png).await?;
        let read = store.get(&key).await;
        store.delete(&key).await?;
        Ok::<_, vestnik_media::store::StoreError>(read?.is_some_and(|stored| stored.bytes == "a probe"))
    };
    vec![match tried.await {
        Ok(true) => Finding::ok(CHECK, format!("{place} stores, gives back and removes")),
        Ok(false) => Finding::problem(CHECK, format!("{place} does not give back what was stored"), advice),
        Err(error) => Finding::problem(CHECK, format!("{place}: {error}"), advice),
    }]
}

/// Reaches Redis, if there is to be one.
pub async fn redis(args: &DoctorArgs) -> Vec<Finding> {
    const CHECK: &str = "redis";
    let Some(url) = &args.web.redis_url else { return Vec::new() };
    let options = CacheOptions {
        redis: Some(url.clone()),
        most_bytes: 1,
        prefix: args.web.redis_prefix.clone(),
        timing: Timing::default(),
    };
    let cache = match Cache::new(options) {
        Ok(cache) => cache,
        Err(error) => return vec![Finding::problem(CHECK, error.to_string(), "correct VESTNIK_REDIS_URL")],
    };
    let reached = tokio::time::timeout(REDIS, async {
        loop {
            match cache.state().redis {
                Some(state) if state.condition == RedisCondition::Down => tokio::time::sleep(LOOK).await,
                state => break state,
            }
        }
    });
    let state = match reached.await {
        Ok(state) => state,
        Err(_) => cache.state().redis,
    };
    let reason = state.as_ref().and_then(|state| state.reason.clone()).unwrap_or_default();
    let advice = "correct VESTNIK_REDIS_URL or start it; until then each process keeps its own";
    vec![match state.map(|state| state.condition) {
        Some(RedisCondition::Up) => Finding::ok(CHECK, "answers"),
        Some(RedisCondition::Refusing) => {
            Finding::warning(CHECK, format!("answers, and stores nothing: {reason}"), "give it more memory")
        }
        _ => Finding::problem(CHECK, format!("does not answer: {reason}"), advice),
    }]
}

/// The room where the service writes.
pub async fn disk(args: &DoctorArgs) -> Vec<Finding> {
    let mut places = vec![args.data.home(), args.data.data_dir.clone()];
    if let Some(Location::Folder(folder)) = &args.data.media {
        places.push(folder.clone());
    }
    places.sort();
    places.dedup();
    // A folder of a server that is away holds up whoever asks for it.
    let looked = tokio::task::spawn_blocking(move || places.iter().filter_map(|place| room(place)).collect());
    looked.await.unwrap_or_default()
}

fn room(place: &Path) -> Option<Finding> {
    const CHECK: &str = "disk";
    let found = rustix::fs::statvfs(place).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let words = format!("{} are free in {}", HumanBytes(free), place.display());
    Some(if free < NOTHING {
        Finding::problem(CHECK, words, "make room before the database can write no more")
    } else if free < LITTLE {
        Finding::warning(CHECK, words, "make room: a large mailing or a backup may not fit")
    } else {
        Finding::ok(CHECK, words)
    })
}

/// The journals, and on an embedded database whether a process is running.
pub async fn journal(args: &DoctorArgs, db: Option<&Db>) -> Vec<Finding> {
    let Some(db) = db else { return Vec::new() };
    let (home, embedded) = (args.data.home(), db.is_embedded());
    let life = match life::read(db).await {
        Ok(life) => life,
        Err(error) => return vec![Finding::problem("journal", error.to_string(), "see above")],
    };
    let looked = tokio::task::spawn_blocking(move || {
        let mut findings = Vec::new();
        if embedded {
            findings.push(running(&home));
        }
        findings.push(journals(&home.join("journal"), &life, journal::knows_boot()));
        findings
    });
    looked.await.unwrap_or_default()
}

fn journals(folder: &Path, life: &Life, knows_boot: bool) -> Finding {
    const CHECK: &str = "journal";
    match journal::of_other_lives(folder, life) {
        Ok(0) if !knows_boot => Finding::warning(
            CHECK,
            "the system does not tell when it was started (/proc/sys/kernel/random/boot_id)",
            "let the service read it, or after a kill what it had claimed is taken for of unknown fate",
        ),
        Ok(0) => Finding::ok(CHECK, folder.display().to_string()),
        Ok(count) => Finding::warning(
            CHECK,
            format!("{} has {count} of another database, which nobody replays here", folder.display()),
            "if that database is still in use, give each a data folder of its own; if not, remove the files",
        ),
        Err(error) => Finding::problem(
            CHECK,
            format!("{} cannot be read: {error}", folder.display()),
            "see to its owner: without a journal nothing is sent",
        ),
    }
}

/// Whether a process sends from a folder.
fn running(home: &Path) -> Finding {
    const CHECK: &str = "processes";
    let none = || Finding::warning(CHECK, "none sends from this database", "start `vestnik serve`");
    // Taking a lock makes its file.
    if !home.join("sender.lock").exists() {
        return none();
    }
    match SenderLock::take(home) {
        Ok(Some(_)) => none(),
        Ok(None) => Finding::ok(CHECK, "one sends from this database"),
        Err(error) => Finding::problem(CHECK, error.to_string(), "see to the owner of the data folder"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Level;

    #[test]
    fn a_system_that_does_not_tell_when_it_was_started_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let life = Life { name: "one".into(), restored_at: None, backup_at: None, held: false };
        for (knows_boot, level) in [(true, Level::Ok), (false, Level::Warning)] {
            assert_eq!(journals(folder.path(), &life, knows_boot).level, level);
        }
    }
}
