//! Backups while mail goes out, and what a copy that is made of one does: nothing, until a person says so.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use common::Installation;
use common::browser::Browser;
use common::served::Served;
use sha2::{Digest as _, Sha256};
use vestnik_mail::faults::{Behaviour, FaultServer};
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_store::Db;

const ANNA: &str = "anna@example.com";
const PASSWORD: &str = "correct horse battery";
const RECIPIENTS: usize = 1_500;

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(240), waiting).await.is_ok(), "it never came to this: {what}");
}

/// An account with recipients, a mailing to all of them that repeats, and one that is about to.
async fn mailing(installation: &Installation) {
    installation.ok(&["create-admin", "--email", ANNA, "--name", "Анна", "--password", PASSWORD]).await;
    let list: String = (1..=RECIPIENTS).map(|n| format!("r{n}@example.org\n")).collect();
    let list = installation.write("list.csv", &format!("email\n{list}"));
    let text = installation.write("letter.txt", "Hello {{ recipient.email }}");
    installation.ok(&["recipients", "import", "--owner", ANNA, &list]).await;
    installation.ok(&["message", "create", "--owner", ANNA, "--subject", "Hi", "--text", &text]).await;
    let all = ["mailing", "create", "--message", "1", "--owner", ANNA, "--all-recipients"];
    installation.ok(&[&all[..], &["--unknown", "resend"]].concat()).await;
    let next_year = SystemClock.now().plus(Duration::from_secs(365 * 86_400)).to_string();
    installation.ok(&[&all[..], &["--start", &next_year, "--repeat", "daily"]].concat()).await;
}

async fn shown(installation: &Installation, mailing: &str) -> serde_json::Value {
    serde_json::from_str(&installation.ok(&["mailing", "show", mailing, "--json"]).await).unwrap()
}

/// Addresses of the first mailing's deliveries, by state.
async fn ledger(db: &Db) -> BTreeMap<String, HashSet<String>> {
    let sql = "SELECT d.state, d.email FROM deliveries d JOIN runs u ON u.id = d.run_id WHERE u.mailing_id = 1";
    let rows: Vec<(String, String)> = db.fetch_all(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), RECIPIENTS, "everyone is in exactly one state");
    let mut states: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    for (state, email) in rows {
        states.entry(state).or_default().insert(email);
    }
    states
}

async fn a_copy_of_a_running_installation(original: &Installation, copy: &Installation) {
    mailing(original).await;
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    server.accept_only(RECIPIENTS / 10);
    let url = server.url();
    let smtp = ["--smtp-url", &url, "--smtp-connections", "4"];
    let node = Served::start(original, "data", &smtp);
    original.ok(&["mailing", "send", "1"]).await;
    until("it is being sent", async || server.accepted().len() == RECIPIENTS / 10).await;
    let before: HashSet<String> = server.recipients().into_iter().collect();
    let file = copy.path("copy.zip").display().to_string();
    let backup = ["backup", &file];
    // One message after the other goes out meanwhile.
    let going_on = async {
        while server.accepted().len() < RECIPIENTS - 100 {
            server.accept_only(1);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending().await
    };
    let said = tokio::select! {
        said = original.ok(&backup) => said,
        () = going_on => unreachable!("it goes on as long as the backup takes"),
    };
    assert!(said.contains("deliveries") && said.contains("1500"), "{said}");
    let after = server.accepted().len();
    assert!(after < RECIPIENTS, "the original was still sending when it was done: {after}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // The original goes on and is not told of anything.
    server.accept_all();
    let said = copy.ok(&["restore", &file]).await;
    assert!(said.contains("Nothing is sent until you say so"), "{said}");
    copy.figures_agree().await;
    let db = copy.db().await;
    let states = ledger(&db).await;
    let of = |state: &str| states.get(state).cloned().unwrap_or_default();
    assert!(of("leased").is_empty());
    assert!(
        before.is_subset(&of("sent").union(&of("unknown")).cloned().collect()),
        "what was sent is not called waiting"
    );
    assert!(!of("pending").is_empty() && !of("sent").is_empty(), "{:?}", states.keys());
    let told = shown(copy, "1").await;
    assert_eq!(told["run_state"], "paused");
    for state in ["sent", "unknown"] {
        assert_eq!(told[state].as_u64().unwrap(), of(state).len() as u64, "{state}");
    }

    // Its engine runs against a server, and that gets nothing: not when a run is resumed, nor any letter.
    let sink = FaultServer::start(Behaviour::good()).await.unwrap();
    let sink_url = sink.url();
    let mut held = Served::start(copy, "data", &["--smtp-url", &sink_url, "--scheduler-poll", "50ms"]);
    assert!(held.line("restored from a backup of ").contains("nothing is sent"));
    let mut anna = Browser::at(&held.url);
    assert_eq!(anna.post("/recover", &[("email", ANNA)]).await.status.as_u16() / 100, 2, "a letter is asked for");
    anna.log_in(ANNA, PASSWORD).await;
    anna.get("/dashboard").await.says("Nothing is sent");
    let refused = copy.fails(1, &["mailing", "send", "1"]).await;
    assert!(refused.contains("nothing is sent until"), "{refused}");
    copy.ok(&["mailing", "resume", "1"]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    copy.ok(&["mailing", "pause", "1"]).await;
    assert_eq!((sink.accepted().len(), sink.connections()), (0, 0));

    // The word: planned and paused things wait for their own.
    anna.get("/manage/settings").await.says("Let mail go out");
    let answer = anna.post("/manage/settings/resume-sending", &[]).await;
    assert_eq!(answer.goes_to(), Some("/manage/settings"), "{}", answer.text);
    assert!(!anna.get("/manage/settings").await.text.contains("Let mail go out"));
    until("the letter goes", async || sink.accepted().len() == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(sink.recipients(), [ANNA], "the letter alone");
    anna.get("/manage/audit").await.says("Sending after a restore allowed").says("planned=1").says("paused=1");
    copy.ok(&["mailing", "resume", "1"]).await;
    let waiting = of("pending");
    until("the rest goes", async || sink.accepted().len() == 1 + waiting.len()).await;
    let went: HashSet<String> = sink.recipients().into_iter().filter(|email| email != ANNA).collect();
    assert_eq!(went, waiting, "who had it, or might have, gets nothing");
    until("it is over", async || shown(copy, "1").await["run_state"] == "completed").await;
    copy.figures_agree().await;
    assert_eq!(ledger(&db).await["unknown"], of("unknown"));
    db.close().await;

    until("the original is done", async || shown(original, "1").await["run_state"] == "completed").await;
    assert_eq!(shown(original, "1").await["sent"].as_u64().unwrap(), RECIPIENTS as u64);
    original.figures_agree().await;
    drop((node, held));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_running_installation_from_sqlite() {
    let copy = Installation::on_postgres().await;
    a_copy_of_a_running_installation(&Installation::on_sqlite(), &copy).await;
    copy.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_running_installation_from_postgres() {
    let original = Installation::on_postgres().await;
    a_copy_of_a_running_installation(&original, &Installation::on_sqlite()).await;
    original.remove().await;
}

/// A process is killed, and its database put back to how it was: what its journal tells is of a life that never was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_of_another_life_is_not_replayed() {
    let installation = Installation::on_sqlite();
    mailing(&installation).await;
    let file = installation.path("early.zip").display().to_string();
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    server.accept_only(50);
    let url = server.url();
    let node = Served::start(&installation, "data", &["--smtp-url", &url]);
    installation.ok(&["mailing", "send", "1"]).await;
    until("it is being sent", async || server.accepted().len() == 50).await;
    installation.ok(&["backup", &file]).await;
    server.accept_only(100);
    let more = 150;
    until("more is sent", async || server.accepted().len() == more).await;
    drop(node);
    let journal = installation.path("data/journal");
    assert!(journal.read_dir().unwrap().count() > 0, "it was killed");
    for name in ["vestnik.db", "vestnik.db-wal", "vestnik.db-shm"] {
        std::fs::remove_file(installation.path("data").join(name)).unwrap();
    }
    installation.ok(&["restore", &file]).await;
    let db = installation.db().await;
    let before = ledger(&db).await;
    assert!(before["sent"].len() < more);
    let held = Served::start(&installation, "data", &["--smtp-url", &url]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ledger(&db).await, before);
    let names = journal.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let locks = names.filter(|name| name.to_string_lossy().ends_with(".lock")).count();
    assert_eq!(locks, 2, "the one of the process that was killed is left alone, beside that of the one that runs");
    drop(held);
    installation.figures_agree().await;
    db.close().await;
}

/// A ZIP archive of something else.
fn strange() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("word/document.xml", zip::write::SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// The archive with one of its files changed.
fn altered(archive: &[u8], name: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    rewritten(archive, |entry, content| match entry == name {
        true => (entry.to_owned(), change(String::from_utf8(content).unwrap()).into_bytes()),
        false => (entry.to_owned(), content),
    })
}

/// The archive with what its files are made to be, each of them.
fn rewritten(archive: &[u8], mut change: impl FnMut(&str, Vec<u8>) -> (String, Vec<u8>)) -> Vec<u8> {
    let mut old = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let (name, content) = change(&entry.name().unwrap(), content);
        new.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(&content).unwrap();
    }
    new.finish().unwrap().into_inner()
}

/// The archive with a picture under another key than its content has, and with checksums that agree.
fn misnamed(archive: &[u8], key: &str) -> Vec<u8> {
    let digest = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let other = key.replace(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], "a");
    let mut list = String::new();
    rewritten(archive, |name, content| {
        if name == "media.jsonl" {
            list = String::from_utf8(content.clone()).unwrap();
        }
        (name.to_owned(), content)
    });
    let renamed = list.replace(key, &other);
    rewritten(archive, |name, content| match name {
        "media.jsonl" => (name.to_owned(), renamed.clone().into_bytes()),
        "vestnik.json" => {
            let manifest = String::from_utf8(content).unwrap();
            assert!(manifest.contains(&digest(&list)));
            (name.to_owned(), manifest.replace(&digest(&list), &digest(&renamed)).into_bytes())
        }
        name => (name.replace(key, &other), content),
    })
}

async fn what_is_no_good_is_refused(original: &Installation, target: &Installation) {
    original.account().await;
    let file = original.path("good.zip").display().to_string();
    original.ok(&["backup", &file]).await;
    let good = std::fs::read(&file).unwrap();
    let mut flipped = good.clone();
    // In the middle of the rows of a table.
    let mut archive = zip::ZipArchive::new(Cursor::new(&good)).unwrap();
    let rows = archive.by_name("tables/users.jsonl").unwrap();
    let middle = usize::try_from(rows.data_start().unwrap() + rows.compressed_size() / 2).unwrap();
    flipped[middle..middle + 10].iter_mut().for_each(|byte| *byte ^= 0xff);
    drop(rows);
    let newer = altered(&good, "vestnik.json", |text| text.replace("\"migration\": ", "\"migration\": 9"));
    let future = altered(&good, "vestnik.json", |text| text.replace("\"format\": 1", "\"format\": 2"));
    let edited = altered(&good, "tables/users.jsonl", |text| text.replace("anna@", "eve@"));
    for (bytes, sentence) in [
        (flipped, "damaged or cut short"),
        (good[..good.len() / 2].to_vec(), "damaged or cut short"),
        (strange(), "is not a backup of Vestnik"),
        (b"a letter to myself".to_vec(), "is not a backup of Vestnik"),
        (Vec::new(), "is not a backup of Vestnik"),
        (newer, "newer Vestnik"),
        (future, "newer Vestnik"),
        (edited, "damaged or cut short"),
    ] {
        std::fs::write(target.path("bad.zip"), bytes).unwrap();
        let bad = target.path("bad.zip").display().to_string();
        let said = target.fails(1, &["restore", &bad]).await;
        assert!(said.contains(sentence) && said.lines().count() == 1, "{said}");
        assert!(!target.path("data/vestnik.db").exists(), "nothing was made");
        if target.is_shared() {
            let db = target.db().await;
            let sql = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
            let (tables,): (i64,) = db.fetch_one(sql, &[]).await.unwrap();
            db.close().await;
            assert_eq!(tables, 0, "nothing was made");
        }
    }
    // A service that runs, or has been used, takes none; one that has only been started does.
    let node = Served::start(target, "data", &[]);
    let said = target.fails(1, &["restore", &file]).await;
    assert!(said.contains("process is running"), "{said}");
    drop(node);
    until("its node is gone", async || target.run(&["restore", &file]).await.status.success()).await;
    let said = target.fails(1, &["restore", &file]).await;
    assert!(said.contains("empty database only"), "{said}");
    assert_eq!(target.ok(&["resume-sending"]).await.lines().next(), Some("Mail goes out again."));
    assert!(target.ok(&["resume-sending"]).await.contains("nothing is held"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_good_is_refused_on_sqlite() {
    what_is_no_good_is_refused(&Installation::on_sqlite(), &Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_good_is_refused_on_postgres() {
    let target = Installation::on_postgres().await;
    what_is_no_good_is_refused(&Installation::on_sqlite(), &target).await;
    target.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_there_as_a_whole_or_not_at_all() {
    let installation = Installation::on_sqlite();
    let said = installation.fails(1, &["backup", "a.zip"]).await;
    assert!(said.contains("there is no database"), "{said}");
    assert!(!installation.path("data").join("vestnik.db").exists());
    installation.account().await;
    for (file, sentence) in [
        ("-", "written to a file"),
        (".", "is a folder"),
        ("data", "is a folder"),
        ("none/a.zip", "there is no folder none"),
    ] {
        let output = installation.run(&["backup", file]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(sentence), "{file}: {said}");
    }
    installation.ok(&["backup", "a.zip"]).await;
    let first = std::fs::read(installation.path("a.zip")).unwrap();
    let said = installation.fails(1, &["backup", "a.zip"]).await;
    assert!(said.contains("--force replaces it"), "{said}");
    assert_eq!(std::fs::read(installation.path("a.zip")).unwrap(), first);
    // One that fails when the rows are written leaves what was there, and nothing of its own.
    let db = installation.db().await;
    let sql = "UPDATE users SET avatar = 'avatars/1/0123456789abcdef0123456789abcdef.png'";
    db.execute(sql, &[]).await.unwrap();
    std::fs::create_dir_all(installation.path("data/media")).unwrap();
    installation.write("data/media/avatars", "a file in the place of a folder");
    let said = installation.fails(1, &["backup", "--force", "a.zip"]).await;
    assert!(said.contains("cannot be read") && said.contains("--without-media"), "{said}");
    assert_eq!(std::fs::read(installation.path("a.zip")).unwrap(), first);
    let names = || -> Vec<String> {
        let entries = installation.path("").read_dir().unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    assert!(names().iter().all(|name| !name.contains(".part")), "{:?}", names());
    db.execute("UPDATE users SET avatar = ''", &[]).await.unwrap();
    db.close().await;
    // What one that was killed has left goes with the next, when nobody can be writing on it.
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    for part in [".a.zip.AbC123.part", ".b.zip.AbC123.part"] {
        installation.write(part, "half");
        let file = std::fs::File::options().append(true).open(installation.path(part)).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    installation.write(".a.zip.new456.part", "half");
    installation.ok(&["backup", "--force", "a.zip"]).await;
    assert_ne!(std::fs::read(installation.path("a.zip")).unwrap(), first);
    let mut parts: Vec<String> = names().into_iter().filter(|name| name.ends_with(".part")).collect();
    parts.sort();
    assert_eq!(parts, [".a.zip.new456.part", ".b.zip.AbC123.part"]);
}

/// Pictures come along, and a person sees theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_come_along() {
    let (original, copy) = (Installation::on_sqlite(), Installation::on_sqlite());
    original.account().await;
    let node = Served::start(&original, "data", &[]);
    let mut anna = Browser::at(&node.url);
    anna.log_in(ANNA, PASSWORD).await;
    anna.upload("/settings/avatar", "picture", PICTURE.to_vec()).await;
    let address = |page: &str| {
        let found = page.split("src=\"/media/").nth(1).expect("a picture").split('"').next().unwrap();
        format!("/media/{}", found.replace("&#x2f;", "/"))
    };
    let picture = address(&anna.get("/settings").await.text);
    assert_eq!(anna.get(&picture).await.status, 200);
    let file = copy.path("copy.zip").display().to_string();
    original.ok(&["backup", &file]).await;
    drop(node);
    // Browsers keep for ever what a key has led to, so it leads to nothing else.
    let forged = misnamed(&std::fs::read(&file).unwrap(), picture.trim_start_matches("/media/"));
    std::fs::write(copy.path("forged.zip"), forged).unwrap();
    let said = copy.fails(1, &["restore", &copy.path("forged.zip").display().to_string()]).await;
    assert!(said.contains("damaged") && said.contains("the picture avatars/"), "{said}");
    assert!(!copy.path("data/vestnik.db").exists() && !copy.path("data/media").exists(), "nothing was made");
    copy.ok(&["restore", &file]).await;
    let node = Served::start(&copy, "data", &[]);
    let mut there = anna.moved_to(&node.url);
    assert!(there.get("/settings").await.goes_to().unwrap().starts_with("/login"), "no session comes along");
    there.log_in(ANNA, PASSWORD).await;
    assert_eq!(address(&there.get("/settings").await.text), picture);
    assert_eq!(there.get(&picture).await.status, 200);
}

/// One white pixel.
const PICTURE: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
