//! The mail server's password and the secret of a second factor, searched for wherever data lies: the database's files,
//! a dump of PostgreSQL, a backup. And what is said of them when the key is another.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use common::Installation;
use common::browser::Browser;
use common::served::Served;
use vestnik_model::clock::SystemClock;
use vestnik_model::second_factor::SharedSecret;
use vestnik_model::{Clock as _, UnixMillis};
use vestnik_store::Db;
use vestnik_store::db::embedded_address;

const CHIEF: &str = "chief@example.com";
const PASSWORD: &str = "correct horse battery";
const SMTP_PASSWORD: &str = "Sehr/geheim@42";

/// Everything by which one of the secrets would be recognised.
struct Needles(Vec<(&'static str, Vec<u8>)>);

impl Needles {
    fn of(smtp: &str, base32: &str) -> Self {
        let raw = base32_decoded(base32);
        let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(vec![
            ("the password", smtp.as_bytes().to_vec()),
            ("the password as in a URL", b"Sehr%2Fgeheim%4042".to_vec()),
            ("the password in Base64", BASE64_STANDARD.encode(smtp).into_bytes()),
            ("the secret", base32.as_bytes().to_vec()),
            ("the secret's bytes", raw),
            ("the secret in hexadecimal", hex.into_bytes()),
        ])
    }

    fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        self.0.iter().filter(|(_, needle)| has(needle)).map(|(name, _)| *name).collect()
    }

    /// Looks through every file of a folder and its folders but the key itself; answers how many bytes that were.
    fn none_in_folder(&self, folder: &Path) -> usize {
        let mut bytes = 0;
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                bytes += self.none_in_folder(&entry.path());
                continue;
            }
            let Ok(content) = std::fs::read(entry.path()) else { continue };
            assert_eq!(self.found_in(&content), [""; 0], "in {}", entry.path().display());
            bytes += content.len();
        }
        bytes
    }

    /// Looks through an archive, packed and unpacked.
    fn none_in_archive(&self, file: &Path) {
        assert_eq!(self.found_in(&std::fs::read(file).unwrap()), [""; 0]);
        let mut archive = zip::ZipArchive::new(std::fs::File::open(file).unwrap()).unwrap();
        let mut seen = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).unwrap();
            let (name, mut content) = (entry.name().unwrap().into_owned(), Vec::new());
            entry.read_to_end(&mut content).unwrap();
            assert_eq!(self.found_in(&content), [""; 0], "in {name}");
            seen.push(name);
        }
        for table in ["installation", "second_factors"] {
            assert!(seen.iter().any(|name| name.contains(table)), "{table} is not in {seen:?}");
        }
    }
}

fn base32_decoded(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0_u32, Vec::new());
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            other => panic!("{other} is not Base32"),
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    bytes
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    &text[text.find(mark).unwrap_or_else(|| panic!("{mark} is not in {text}")) + mark.len()..]
}

/// Sets the password of the mail server and an app for the second factor, as an administrator does at the pages. Answers
/// the secret of the app and the recovery codes.
async fn with_secrets(installation: &Installation, node: &Served) -> (String, Vec<String>) {
    let chief = ["create-admin", "--email", CHIEF, "--name", "Chief", "--password", PASSWORD];
    installation.ok(&chief).await;
    let mut chief = Browser::at(&node.url);
    chief.log_in(CHIEF, PASSWORD).await;
    let mail = [
        ("route", "server"),
        ("host", "127.0.0.1"),
        ("port", "9"),
        ("encryption", "none"),
        ("smtp_user", "anna"),
        ("smtp_password", SMTP_PASSWORD),
        ("from_address", "news@example.com"),
    ];
    assert_eq!(chief.post("/manage/settings/mail", &mail).await.goes_to(), Some("/manage/settings"));
    let begun = chief.post("/settings/two-factor", &[("current", PASSWORD)]).await;
    assert_eq!(begun.goes_to(), Some("/settings/two-factor/app"));
    let page = chief.get("/settings/two-factor/app").await.text;
    let shown = after(after(&page, "id=\"secret\""), ">");
    let secret: String = shown.chars().take_while(|c| *c != '<').filter(|c| !c.is_whitespace()).collect();
    let app = SharedSecret::revealed(secret.clone());
    let digits = app.code_at(SystemClock.now()).unwrap();
    let codes = chief.post("/settings/two-factor/app", &[("code", &digits)]).await.text;
    let codes = after(&codes, "id=\"codes\"").split("</ul>").next().unwrap().split("</ol>").next().unwrap().to_owned();
    let codes: Vec<String> = codes
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text.trim().to_owned())
        .filter(|text| text.len() == 19)
        .collect();
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

async fn no_copy_holds_a_secret(installation: &Installation) {
    let node = Served::start(installation, "data", &[]);
    let (secret, codes) = with_secrets(installation, &node).await;
    let needles = Needles::of(SMTP_PASSWORD, &secret);
    assert_eq!(needles.found_in(format!("x{secret}x{SMTP_PASSWORD}x").as_bytes()).len(), 2, "it would be found");

    // While the service runs, so that some of it is in the write-ahead log alone; and after it was killed.
    let backup = installation.path("backup.zip");
    installation.ok(&["backup", &backup.display().to_string()]).await;
    needles.none_in_archive(&backup);
    if installation.is_shared() {
        // Without the parameters that are of no meaning to libpq.
        let address = installation.database_address();
        let address = address.split('?').next().unwrap_or_default();
        let dump = Command::new("pg_dump").arg(address).output().unwrap();
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        assert!(String::from_utf8_lossy(&dump.stdout).contains("encrypted:1:"), "the secrets are in it");
        assert_eq!(needles.found_in(&dump.stdout), [""; 0]);
    } else {
        assert!(needles.none_in_folder(&installation.path("data")) > 100_000);
        let key = installation.path("data").join("secret.key");
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    drop(node);
    needles.none_in_folder(&installation.path("data"));

    // With the key everything goes on; with another one it is said what has to be entered anew.
    if installation.is_shared() {
        return;
    }
    let restored = installation.path("restored").display().to_string();
    let backup = backup.display().to_string();
    let key = installation.path("data").join("secret.key").display().to_string();
    let said = installation.ok(&["restore", "--data-dir", &restored, "--secret-key-file", &key, &backup]).await;
    assert!(!said.contains("entered anew"), "{said}");
    let without = installation.path("without").display().to_string();
    let said = installation.ok(&["restore", "--data-dir", &without, &backup]).await;
    for words in
        ["To be entered anew", "the mail server smtp://anna@127.0.0.1:9", "the second factor of chief@example.com"]
    {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let doctor = installation.run(&["doctor", "--data-dir", &without]).await;
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("not decrypted by any key at hand: 2"), "{doctor}");

    // It starts, and says so on its pages; a recovery code lets the administrator in.
    let node = Served::start(installation, "without", &[]);
    let mut chief = Browser::at(&node.url);
    let half = chief.post("/login", &[("email", CHIEF), ("password", PASSWORD)]).await;
    assert_eq!(half.goes_to(), Some("/login/code?next=%2Fdashboard"));
    let app = SharedSecret::revealed(secret);
    let later = UnixMillis(SystemClock.now().0 + 30_000);
    let refused = chief.post("/login/code", &[("code", &app.code_at(later).unwrap())]).await;
    refused.says("Codes of the app cannot be checked here");
    assert_eq!(chief.post("/login/code", &[("code", &codes[0])]).await.goes_to(), Some("/dashboard"));
    chief.get("/dashboard").await.says("password has to be entered again");
    chief.get("/manage/settings").await.says("Enter the password again").says("value=\"127.0.0.1\"");
    let mail = [
        ("route", "server"),
        ("host", "127.0.0.1"),
        ("port", "9"),
        ("encryption", "none"),
        ("smtp_user", "anna"),
        ("smtp_password", ""),
        ("from_address", "news@example.com"),
    ];
    chief.post("/manage/settings/mail", &mail).await.says("password");
    let mail = mail.map(|(name, value)| (name, if name == "smtp_password" { "another" } else { value }));
    assert_eq!(chief.post("/manage/settings/mail", &mail).await.goes_to(), Some("/manage/settings"));
    assert!(!chief.get("/dashboard").await.text.contains("password has to be entered again"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_copy_holds_a_secret_on_sqlite() {
    no_copy_holds_a_secret(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_copy_holds_a_secret_on_postgres() {
    let installation = Installation::on_postgres().await;
    no_copy_holds_a_secret(&installation).await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_of_a_database_of_before_are_gone_from_its_free_pages() {
    let installation = Installation::on_sqlite();
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let db = Db::open(&embedded_address(&installation.path("data")).unwrap()).await.unwrap();
    db.migrate_to(12).await.unwrap();
    let sql = "INSERT INTO users (email, email_key, name, password_hash, language, time_zone, theme, created_at)
         VALUES ('a@example.com', 'a@example.com', 'A', 'hash', 'en', 'UTC', 'auto', 1)";
    db.execute(sql, &[]).await.unwrap();
    // Versions of before, and a row that is gone, as years leave them.
    let url = format!("smtp://anna:{}@relay.example:587?starttls=required", "Sehr%2Fgeheim%4042");
    for padding in ["x".repeat(3_000), String::new(), "y".repeat(20_000), String::new()] {
        let sql = "UPDATE installation SET smtp_url = $1, contacts = $2";
        db.execute(sql, &[&url, &padding]).await.unwrap();
    }
    for _ in 0..3 {
        db.execute("DELETE FROM second_factors", &[]).await.unwrap();
        db.execute("INSERT INTO second_factors (user_id, secret, last_step) VALUES (1, $1, 0)", &[&secret])
            .await
            .unwrap();
    }
    db.execute("DELETE FROM second_factors", &[]).await.unwrap();
    db.close().await;
    let needles = Needles::of(SMTP_PASSWORD, secret);
    let file = std::fs::read(installation.path("data").join("vestnik.db")).unwrap();
    assert_eq!(needles.found_in(&file), ["the password as in a URL", "the secret"], "it is there before");

    installation.ok(&["migrate"]).await;
    assert!(needles.none_in_folder(&installation.path("data")) > 100_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_needs_the_same_key() {
    let installation = Installation::on_postgres().await;
    installation.ok(&["migrate"]).await;
    let start = |name: &str| {
        let folder = installation.path(name).display().to_string();
        let mut command = installation.command(&["worker", "--data-dir", &folder]);
        command.env_remove("VESTNIK_SECRET_KEY");
        command
    };
    let output = tokio::task::spawn_blocking({
        let mut command = start("another");
        move || command.output().unwrap()
    })
    .await
    .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    for words in ["are encrypted with the key", "secret.key", "VESTNIK_SECRET_KEY_FILE", "adopt-secret-key"] {
        assert!(error.contains(words), "{words:?} is not in {error}");
    }
    // The key is lost: from now on it is this node's.
    let folder = installation.path("another").display().to_string();
    let mut adopt = installation.command(&["adopt-secret-key", "--data-dir", &folder]);
    adopt.env_remove("VESTNIK_SECRET_KEY");
    let output = tokio::task::spawn_blocking(move || adopt.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("another/secret.key"));
    installation.fails(1, &["worker"]).await;
    installation.remove().await;
}
