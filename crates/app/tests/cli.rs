//! The command line as a person or a script uses it (S-18, S-60, S-63): the main job from an empty folder to the export
//! of attempts, and clear errors with their exit status.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Installation, number_of};
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_model::clock::SystemClock;
use vestnik_model::id::UserId;
use vestnik_model::second_factor::{RecoveryCode, SharedSecret};
use vestnik_model::secret::SystemRandom;
use vestnik_model::{Actor, Clock as _};
use vestnik_store::audit::Author;
use vestnik_store::sessions::Origin;
use vestnik_store::{Db, letters, second_factor, sessions, users};

async fn the_main_job(installation: &Installation) {
    let behaviour = Behaviour::good()
        .on_if(Stage::Rcpt, |event: &Event| number_of(event) % 20 == 7, Action::reply("550 5.1.1 No such user"))
        .on_if(
            Stage::Rcpt,
            |event: &Event| number_of(event) % 10 == 3 && event.seen == 0,
            Action::reply("451 4.7.1 Later"),
        );
    let server = FaultServer::start(behaviour).await.unwrap();
    installation.account().await;

    let mut list = String::from("Почта;Ф. И. О.;Комментарий\n");
    for n in 1..=400 {
        list.push_str(&format!("r{n}@example.org;Имя {n};\n"));
    }
    list.push_str("no address;x;\n");
    let list = installation.write("list.csv", &list);
    let report = installation.path("report.csv").display().to_string();
    let imported =
        installation.ok(&["recipients", "import", "--owner", "anna@example.com", "--report", &report, &list]).await;
    assert_eq!(imported, "added 400, updated 0, unchanged 0, rejected 1");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.starts_with("line,email,reason\n402,no address,"), "{report}");
    let exported = installation.ok(&["recipients", "export", "--owner", "anna@example.com"]).await;
    assert_eq!(exported.lines().count(), 401);
    assert!(exported.contains("r1@example.org,Имя 1,"));

    let html = installation.write("letter.html", "<h1>Привет</h1><p>{{ recipient.full_name }}</p>");
    let message = installation
        .ok(&[
            "message",
            "create",
            "--owner",
            "anna@example.com",
            "--subject",
            "Для {{ recipient.full_name }}",
            "--html",
            &html,
        ])
        .await;
    let mailing = installation
        .ok(&[
            "mailing",
            "create",
            "--owner",
            "anna@example.com",
            "--message",
            &message,
            "--all-recipients",
            "--name",
            "News",
        ])
        .await;
    let sent = installation
        .ok(&["mailing", "send", &mailing, "--wait", "--smtp-url", &server.url(), "--retry-first-delay", "200ms"])
        .await;
    assert_eq!(sent, "recipients 400, sent 380, failed 20, expired 0, skipped 0, unknown 0, cancelled 0, attempts 440");
    assert_eq!(server.accepted().len(), 380);

    let shown: serde_json::Value =
        serde_json::from_str(&installation.ok(&["mailing", "show", &mailing, "--json"]).await).unwrap();
    assert_eq!(shown["status"], "completed");
    assert_eq!((&shown["recipients"], &shown["sent"], &shown["failed"]), (&400.into(), &380.into(), &20.into()));
    assert_eq!((&shown["pending"], &shown["attempts"]), (&0.into(), &440.into()));

    let csv = installation.ok(&["attempts", "export", "--mailing", &mailing]).await;
    let header = "email,time,successful,code,enhanced_code,answer,message_id,attempt,unknown,phase,server,tls,duration_ms,error_kind,\
         error";
    assert_eq!(csv.lines().next(), Some(header));
    assert_eq!(csv.lines().count(), 441);
    assert_eq!(csv.lines().filter(|line| line.contains(",false,550,5.1.1,No such user,")).count(), 20);
    let jsonl = installation.ok(&["attempts", "export", "--mailing", &mailing, "--format", "jsonl"]).await;
    let lines: Vec<serde_json::Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 440);
    assert_eq!(lines.iter().filter(|line| line["attempt"] == 2 && line["successful"] == true).count(), 40);

    let listed = installation.ok(&["mailing", "list", "--owner", "anna@example.com"]).await;
    assert_eq!(listed.split_whitespace().collect::<Vec<_>>(), [mailing.as_str(), "completed", "-", "News"]);
    let listed = installation.ok(&["mailing", "list", "--owner", "anna@example.com", "--json"]).await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&listed).unwrap()["message"].to_string(), message);
    let listed = installation.ok(&["message", "list", "--owner", "anna@example.com"]).await;
    assert!(listed.starts_with(&message) && listed.ends_with("Для {{ recipient.full_name }}"), "{listed}");

    // A finished run is followed by a new one when that is asked for, also under the other name.
    let again = ["send-mailing", &mailing, "--wait", "--again", "--smtp-url", &server.url()];
    installation.ok(&[&again[..], &["--retry-first-delay", "200ms"]].concat()).await;
    let shown = installation.ok(&["mailing", "show", &mailing, "--json"]).await;
    assert!(shown.contains("\"runs\":2"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_on_sqlite() {
    the_main_job(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_main_job_on_postgres() {
    let installation = Installation::on_postgres().await;
    the_main_job(&installation).await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_who_are_named_get_it() {
    let installation = Installation::on_sqlite();
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    installation.account().await;
    let list = installation.write("list.csv", "email\na@example.org\nb@example.org\nc@example.org\n");
    installation.ok(&["recipients", "import", "--owner", "anna@example.com", &list]).await;
    let text = installation.write("letter.txt", "Hello");
    let message = installation
        .ok(&["message", "create", "--owner", "anna@example.com", "--subject", "Hi", "--text", &text])
        .await;
    let named = installation.write("named.txt", "B@example.org\n\nc@example.org\n");
    let create = ["mailing", "create", "--owner", "anna@example.com", "--message", &message, "--recipients-from"];
    let mailing = installation.ok(&[&create[..], &[&named]].concat()).await;
    installation.ok(&["mailing", "send", &mailing, "--wait", "--smtp-url", &server.url()]).await;
    assert_eq!(server.recipients(), ["b@example.org", "c@example.org"]);

    let stranger = installation.write("stranger.csv", "email\na@example.org\nx@example.org\n");
    let error = installation.fails(1, &[&create[..], &[&stranger]].concat()).await;
    assert!(error.contains("x@example.org") && error.contains("import"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_in_one_line() {
    let installation = Installation::on_sqlite();
    installation.account().await;
    let create = |email, password| ["create-user", "--email", email, "--name", "Boris", "--password", password];
    let owner = ["--owner", "anna@example.com"];
    let loops = installation
        .write("loop.txt", "a\n{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}");
    let empty = installation.write("empty.csv", "");
    let headless = installation.write("headless.csv", "a@example.org,Anna\n");
    let text = installation.write("letter.txt", "Hello");
    let message =
        installation.ok(&[&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &text]].concat()).await;
    let mailing = |extra: &'static [&'static str]| {
        let mut args = vec!["mailing", "create", "--owner", "anna@example.com", "--message", "1", "--all-recipients"];
        args.extend(extra);
        args
    };
    assert_eq!(message, "1");
    let cases: Vec<(i32, Vec<&str>, &str)> = vec![
        (2, create("nonsense", "correct horse battery").to_vec(), "email"),
        (2, create("boris@example.com", "short").to_vec(), "password"),
        (1, create("ANNA@example.com", "correct horse battery").to_vec(), "has an account already"),
        (1, vec!["recipients", "export", "--owner", "nobody@example.com"], "no account"),
        (1, [&["recipients", "import"][..], &owner, &["missing.csv"]].concat(), "missing.csv"),
        (1, [&["recipients", "import"][..], &owner, &[&empty]].concat(), "empty"),
        (1, [&["recipients", "import"][..], &owner, &[&headless]].concat(), "first line"),
        (2, [&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &loops]].concat(), "2"),
        (
            2,
            [&["message", "create"][..], &owner, &["--subject", "a\r\nBcc: all@example.org", "--text", &text]].concat(),
            "subject",
        ),
        (1, mailing(&[]), "no recipients"),
        (2, mailing(&["--start", "2026-11-24 10:00", "--end", "2026-11-24 09:00"]), "ends-at"),
        (2, mailing(&["--start", "tomorrow"]), "starts-at"),
        (2, mailing(&["--start", "0027-01-15 10:00"]), "from 2000 to"),
        (2, mailing(&["--start", "1970-01-01 10:00", "--past-start"]), "from 2000 to"),
        (2, mailing(&["--start", "2126-11-24 10:00", "--repeat", "daily"]), "from 2000 to"),
        (2, mailing(&["--end", "2126-11-24 10:00"]), "ends-at"),
        (2, mailing(&["--end", "2026-01-01 10:00"]), "ends-at"),
        (2, mailing(&["--time-zone", "Mars/Olympus"]), "time-zone"),
        (2, mailing(&["--repeat", "hourly"]), "hourly"),
        (1, vec!["mailing", "show", "99"], "no mailing 99"),
        (1, vec!["mailing", "send", "99"], "no mailing 99"),
        (1, vec!["attempts", "export", "--mailing", "99"], "no mailing 99"),
        (2, vec!["mailing", "send", "1", "--smtp-url", "http://example.com"], "smtp"),
        (1, vec!["migrate", "--database-url", "mysql://localhost/x"], "postgres"),
        (2, vec!["serve", "--listen", "127.0.0.1:0", "--base-url", "ftp://example.com/"], "no address of a web page"),
        (2, vec!["serve", "--listen", "127.0.0.1:0", "--base-url", "https://anna:pw@example.com/"], "(example.com)"),
        (2, vec!["nonsense"], "nonsense"),
    ];
    for (status, args, words) in cases {
        let error = installation.fails(status, &args).await;
        assert!(error.contains(words), "{args:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_says_what_it_left_out_and_fails_if_that_is_all() {
    let installation = Installation::on_sqlite();
    installation.account().await;
    let import = async |file: &[u8]| {
        std::fs::write(installation.path("list.csv"), file).unwrap();
        let path = installation.path("list.csv").display().to_string();
        let output = installation.run(&["recipients", "import", "--owner", "anna@example.com", &path]).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let fixture = include_bytes!("../../model/tests/fixtures/import/postal-address-first.csv");
    let (status, printed, told) = import(fixture).await;
    assert_eq!((status, printed.trim()), (Some(0), "added 1, updated 0, unchanged 0, rejected 0"));
    assert!(told.contains("columns not taken: Address, Phone"), "{told}");
    let (status, printed, _) = import(fixture).await;
    assert_eq!((status, printed.trim()), (Some(0), "added 0, updated 0, unchanged 1, rejected 0"), "they are there");
    let (_, _, told) = import("Email;Name\nb@example.com;Бор\u{fffd}с\n".as_bytes()).await;
    assert!(told.contains("line 2, b@example.com: The name has damaged characters"), "{told}");

    for file in ["Address,Phone\n\"1 Quay Street, Town\",555-0100\n", "Email,Name\n"] {
        let (status, printed, told) = import(file.as_bytes()).await;
        let count = i64::from(file.contains("Quay"));
        assert_eq!(
            (status, printed),
            (Some(1), format!("added 0, updated 0, unchanged 0, rejected {count}\n")),
            "{told}"
        );
        assert!(told.contains("list.csv: no row was taken"), "{told}");
    }
    let (status, printed, told) = import(include_bytes!("../../model/tests/fixtures/import/workbook.xlsx")).await;
    assert_eq!((status, printed.as_str()), (Some(1), ""));
    assert!(told.contains("Excel workbook"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_that_has_passed_is_asked_about_and_can_be_undone() {
    let installation = Installation::on_sqlite();
    installation.account().await;
    let list = installation.write("list.csv", "email\na@example.org\nb@example.org\n");
    let text = installation.write("letter.txt", "Hello");
    installation.ok(&["recipients", "import", "--owner", "anna@example.com", &list]).await;
    installation.ok(&["message", "create", "--owner", "anna@example.com", "--subject", "Hi", "--text", &text]).await;
    let ago = |hours: u64| SystemClock.now().minus(Duration::from_secs(hours * 3_600)).to_string();
    let create = async |start: &str, extra: &[&str]| {
        let args = ["mailing", "create", "--owner", "anna@example.com", "--message", "1", "--all-recipients"];
        installation.run(&[&args[..], &["--start", start], extra].concat()).await
    };
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();

    // Three days ago: nothing is stored unless that is meant.
    let refused = create(&ago(73), &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    let words = said(&refused.stderr);
    assert!(words.contains("lies 3 days in the past") && words.contains("to 2 recipients"), "{words}");
    assert!(words.contains("--past-start"), "{words}");
    let meant = create(&ago(73), &["--past-start", "--undo-delay", "1h"]).await;
    assert_eq!((meant.status.code(), said(&meant.stdout).as_str()), (Some(0), "1\n"));
    assert!(said(&meant.stderr).contains("run 1 begins in 1h"), "{}", said(&meant.stderr));

    // An hour ago needs no word, and has the same time to undo.
    let today = create(&ago(1), &["--undo-delay", "1h"]).await;
    assert_eq!(said(&today.stdout), "2\n");
    assert!(said(&today.stderr).contains("vestnik mailing cancel 2"), "{}", said(&today.stderr));
    assert!(installation.ok(&["mailing", "show", "2"]).await.contains("planned"));
    installation.ok(&["mailing", "cancel", "2"]).await;
    let shown = installation.ok(&["mailing", "show", "2"]).await;
    assert!(shown.contains("cancelled"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_sends_from_a_data_folder_and_others_hand_over() {
    let installation = Installation::on_sqlite();
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    installation.account().await;
    let list = installation.write("list.csv", "email\na@example.org\n");
    installation.ok(&["recipients", "import", "--owner", "anna@example.com", &list]).await;
    let text = installation.write("letter.txt", "Hello");
    installation.ok(&["message", "create", "--owner", "anna@example.com", "--subject", "Hi", "--text", &text]).await;
    installation.ok(&["mailing", "create", "--owner", "anna@example.com", "--message", "1", "--all-recipients"]).await;

    let mut worker =
        installation.command(&["worker", "--smtp-url", &server.url()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0_u8; 7];
    std::io::Read::read_exact(worker.stdout.as_mut().unwrap(), &mut ready).unwrap();
    let error = installation.fails(1, &["worker"]).await;
    assert!(error.contains("another vestnik process"), "{error}");
    // No mail server is named here: the running worker sends it.
    installation.ok(&["mailing", "send", "1", "--wait"]).await;
    assert_eq!(server.recipients(), ["a@example.org"]);

    Command::new("kill").arg(worker.id().to_string()).status().unwrap();
    assert!(worker.wait().unwrap().success(), "SIGTERM ends it well");
}

#[test]
fn the_sample_of_the_environment_names_every_setting() {
    let sample = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.env.sample")).unwrap();
    let help = Command::new(env!("CARGO_BIN_EXE_vestnik")).args(["serve", "--help"]).env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let named = |text: &str| -> std::collections::BTreeSet<String> {
        text.match_indices("VESTNIK_")
            .map(|(at, _)| text[at..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect())
            .collect()
    };
    let mut wanted = named(&help);
    wanted.insert("VESTNIK_LOG".to_owned());
    wanted.insert("VESTNIK_LOG_FORMAT".to_owned());
    assert_eq!(named(&sample), wanted);
    assert!(wanted.len() > 10, "{wanted:?}");
}

/// Someone who has set up an app, and is signed in at a browser.
async fn has_second_factor(db: &Db, email: &str) -> UserId {
    let now = SystemClock.now();
    let later = now.plus(Duration::from_secs(600));
    let user = users::find_by_email(db, &email.parse().unwrap()).await.unwrap().unwrap();
    let (actor, author) = (Actor::of(&user), Author::at_console(now));
    sessions::create(db, user.id, "enrolling", Origin::default(), now, later).await.unwrap();
    let session = sessions::all(db, &actor, now).await.unwrap()[0].id;
    let secret = SharedSecret::new(&SystemRandom);
    second_factor::offer(db, &actor, session, None, &secret, now, later).await.unwrap();
    let (digits, codes) = (secret.code_at(now).unwrap(), RecoveryCode::several(&SystemRandom));
    let confirmed = second_factor::confirm(db, &actor, session, &digits, &codes, &author).await.unwrap();
    assert_eq!(confirmed, second_factor::Confirmed::On);
    sessions::create(db, user.id, "signed in", Origin::default(), now, later).await.unwrap();
    user.id
}

async fn a_second_factor_is_reset(installation: &Installation) {
    installation.account().await;
    let reset = ["reset-second-factor", "--email", "Anna@example.com", "--base-url", "https://mail.example.com"];
    assert!(installation.fails(1, &reset).await.contains("anna@example.com has no second factor"));
    let db = installation.db().await;
    let id = has_second_factor(&db, "anna@example.com").await;
    assert_eq!(installation.ok(&reset).await, id.to_string());
    let user = users::find(&db, id).await.unwrap().unwrap();
    assert_eq!(user.second_factor_at, None);
    assert!(sessions::find(&db, "signed in", SystemClock.now()).await.unwrap().is_none(), "signed out");
    let letters = letters::claim(&db, 10, SystemClock.now(), SystemClock.now()).await.unwrap();
    assert_eq!((letters.len(), letters[0].recipient.as_str()), (1, "anna@example.com"));
    assert!(letters[0].text.contains("https://mail.example.com/login"), "{}", letters[0].text);
    db.close().await;
    let stranger = ["reset-second-factor", "--email", "none@example.com"];
    assert!(installation.fails(1, &stranger).await.contains("there is no account with the address none@example.com"));
    let nonsense = ["reset-second-factor", "--email", "none"];
    assert!(installation.fails(2, &nonsense).await.contains("email"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_is_reset_on_sqlite() {
    a_second_factor_is_reset(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_factor_is_reset_on_postgres() {
    let installation = Installation::on_postgres().await;
    a_second_factor_is_reset(&installation).await;
    installation.remove().await;
}
