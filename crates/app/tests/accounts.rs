//! Commands that make accounts and groups (S-59 to S-63), under every name that people know them by, with flags, with
//! variables, and on a terminal.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use common::Installation;
use vestnik_model::BuiltinGroup;
use vestnik_model::secret::SystemRandom;
use vestnik_store::{groups, users};
use vestnik_web::password::Passwords;

const PASSWORD: &str = "correct horse battery";

/// What `vestnik help aliases` has.
const ALIASES: [&str; 15] = [
    "create_admin",
    "createadmin",
    "createsuperuser",
    "csu",
    "ccsu",
    "create_user",
    "create_manager",
    "create_groups",
    "create_manager_group",
    "create_managers",
    "send-mailing",
    "send_mailing",
    "send__mailing",
    "apscheduler_run",
    "one pass of the scheduler",
];

async fn people_are_made_under_every_known_name(installation: &Installation) {
    let person = |email: &'static str| ["--email", email, "--name", "Nina", "--password", "correct horse battery"];
    // S-59 to S-62, each name as its users know it; a second time nothing changes.
    for name in ["create-admin", "create_admin", "createadmin", "createsuperuser", "csu", "ccsu"] {
        let id = installation.ok(&[&[name][..], &person("admin@example.com")].concat()).await;
        assert_eq!(id, "1", "{name}");
    }
    for name in ["create-manager", "create_manager"] {
        let id = installation.ok(&[&[name][..], &person("manager@example.com")].concat()).await;
        assert_eq!(id, "2", "{name}");
    }
    for name in ["create-user", "create_user"] {
        let output = installation.run(&[&[name][..], &person("user@example.com")].concat()).await;
        assert_eq!(output.status.success(), name == "create-user", "{name}");
    }
    for name in ["create-groups", "create_groups", "create_manager_group", "create_managers"] {
        let groups = installation.ok(&[name]).await;
        assert!(groups.contains("Administrators (1)") && groups.contains("Managers (1)"), "{groups}");
        assert!(groups.contains("Users (3)"), "{groups}");
        let managers = groups.lines().find(|line| line.starts_with("Managers")).unwrap();
        assert!(managers.contains("block_users") && !managers.contains("manage_users"), "{managers}");
    }
    let listed = installation.ok(&["help", "aliases"]).await;
    for name in ALIASES {
        assert!(listed.contains(name), "{name} is not among {listed}");
    }
    // S-63: known, and it says what is missing.
    for name in ["send-mailing", "send_mailing", "send__mailing"] {
        assert!(installation.fails(1, &[name, "7"]).await.contains("there is no mailing 7"), "{name}");
    }
    let help = installation.ok(&["apscheduler_run", "--help"]).await;
    assert!(help.contains("scheduler"), "{help}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_made_under_every_known_name_on_sqlite() {
    people_are_made_under_every_known_name(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_made_under_every_known_name_on_postgres() {
    let installation = Installation::on_postgres().await;
    people_are_made_under_every_known_name(&installation).await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_comes_from_standard_input() {
    let installation = Installation::on_sqlite();
    let mut command =
        installation.command(&["create-user", "--email", "b@example.com", "--name", "B", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("correct horse battery\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1\n");
}

/// A command without flags, with these variables, and nothing on standard input.
async fn with_variables(installation: &Installation, name: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = installation.command(&[name]);
    command.envs(variables.iter().copied()).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Which groups someone is in beside that of all users, and whether this is their password.
async fn made(installation: &Installation, email: &str) -> (Vec<BuiltinGroup>, bool) {
    let db = installation.db().await;
    let user = users::find_by_email(&db, &email.parse().unwrap()).await.unwrap().unwrap();
    let own = groups::of_user(&db, user.id).await.unwrap();
    let all = groups::all(&db).await.unwrap();
    db.close().await;
    let builtin = all.iter().filter(|(group, _)| own.contains(&group.id)).filter_map(|(group, _)| group.builtin);
    let builtin = builtin.filter(|group| *group != BuiltinGroup::Users);
    let passwords = Passwords::new(1, Arc::new(SystemRandom));
    (builtin.collect(), passwords.verify(PASSWORD.to_owned(), Some(user.password_hash)).await.unwrap())
}

/// Names of commands with the group, beside that of all users, that they put someone into.
const COMMANDS: [(&str, &[&str], Option<BuiltinGroup>); 3] = [
    ("ADMIN", &["create-admin", "csu", "ccsu", "createadmin", "createsuperuser"], Some(BuiltinGroup::Administrators)),
    ("MANAGER", &["create-manager", "create_manager"], Some(BuiltinGroup::Managers)),
    ("USER", &["create-user", "create_user"], None),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_details_come_from_variables_or_are_named() {
    let installation = Installation::on_sqlite();
    for (role, names, group) in COMMANDS {
        for name in names {
            let variable = |detail: &str| format!("VESTNIK_{role}_{detail}");
            let output = with_variables(&installation, name, &[]).await;
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{told}");
            for detail in ["EMAIL", "NAME", "PASSWORD"] {
                assert!(told.contains(&variable(detail)), "{name} names all that is missing: {told}");
            }
            let email = format!("{name}@example.com");
            let (email_is, name_is, password_is) = (variable("EMAIL"), variable("NAME"), variable("PASSWORD"));
            let some = [(email_is.as_str(), email.as_str()), (name_is.as_str(), "Nina"), (password_is.as_str(), "")];
            let output = with_variables(&installation, name, &some).await;
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{told}");
            assert!(told.contains(&password_is) && !told.contains(&email_is), "an empty one is none: {told}");
            let all = [some[0], some[1], (password_is.as_str(), PASSWORD)];
            let output = with_variables(&installation, name, &all).await;
            assert!(output.status.success(), "{output:?}");
            assert_eq!(made(&installation, &email).await, (Vec::from_iter(group), true), "{name}");
        }
    }
    // A flag wins over a variable.
    let mut command = installation.command(&["csu", "--email", "flag@example.com"]);
    command.env("VESTNIK_ADMIN_EMAIL", "variable@example.com").env("VESTNIK_ADMIN_NAME", "Nina");
    let output = command.env("VESTNIK_ADMIN_PASSWORD", PASSWORD).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(made(&installation, "flag@example.com").await.1);
}

/// Runs a command on a terminal and answers its questions; what the terminal showed, and whether it ended well.
async fn on_terminal(installation: &Installation, args: &[&str], dialogue: &[(&str, &str)]) -> (String, bool) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/terminal.py");
    let wanted = installation.command(args);
    let mut command = Command::new("python3");
    command.arg(script).arg(serde_json::to_string(dialogue).unwrap()).arg(wanted.get_program()).args(wanted.get_args());
    command.current_dir(wanted.get_current_dir().unwrap()).env_clear().env("PATH", std::env::var("PATH").unwrap());
    command.envs(wanted.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!told.contains("never asked") && !told.contains("Traceback"), "{told}");
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_terminal_details_are_asked_for() {
    let installation = Installation::on_sqlite();
    for (_, names, group) in COMMANDS {
        for name in names {
            let email = format!("{name}@example.com\n");
            // Whatever is wrong is said, and asked for again.
            let dialogue = [
                ("Email address: ", "nonsense\n"),
                ("Email address: ", email.as_str()),
                ("Name: ", "\n"),
                ("Name: ", "Nina North\n"),
                ("Password: ", "short\n"),
                ("Password: ", "correct horse battery\n"),
                ("Password again: ", "correct horse batteries\n"),
                ("The two passwords differ", ""),
                ("Password: ", "correct horse battery\n"),
                ("Password again: ", "correct horse battery\n"),
            ];
            let (shown, ended_well) = on_terminal(&installation, &[name], &dialogue).await;
            assert!(ended_well, "{name}: {shown}");
            assert!(!shown.contains("correct horse") && !shown.contains("short\r"), "passwords are not shown: {shown}");
            assert_eq!(made(&installation, email.trim()).await, (Vec::from_iter(group), true), "{name}");
        }
    }
    // An account that is there is asked for nothing else.
    let (shown, ended_well) =
        on_terminal(&installation, &["csu"], &[("Email address: ", "create_user@example.com\n")]).await;
    assert!(ended_well && shown.contains("has an account already"), "{shown}");
    let raised = vec![BuiltinGroup::Administrators];
    assert_eq!(made(&installation, "create_user@example.com").await, (raised, true));
    // Ctrl-D.
    let (shown, ended_well) = on_terminal(&installation, &["create_user"], &[("Email address: ", "\u{4}")]).await;
    assert!(!ended_well && shown.contains("no answer was given"), "{shown}");
}

async fn a_group_is_made(installation: &Installation) {
    let create = ["create-groups", "--name", "Auditors", "--permission", "view_mailings", "view_audit"];
    assert_eq!(installation.ok(&create).await, "Auditors (0): view_mailings, view_audit");
    for name in ["create_groups", "create_manager_group", "create_managers"] {
        let again = [&[name], &create[1..]].concat();
        assert!(installation.fails(1, &again).await.contains("there is a group Auditors already"), "{name}");
    }
    let twice = [
        "create_groups",
        "--name",
        "Writers",
        "--permission",
        "manage_blog",
        "manage_own",
        "--permission",
        "manage_blog",
    ];
    assert_eq!(installation.ok(&twice).await, "Writers (0): manage_own, manage_blog");
    let all = installation.ok(&["create-groups"]).await;
    assert!(all.contains("Administrators (0)") && all.contains("Auditors (0): view_mailings, view_audit"), "{all}");
    let unknown = installation.fails(2, &["create-groups", "--name", "X", "--permission", "fly"]).await;
    assert!(unknown.contains("fly") && unknown.contains("view_audit"), "what there is: {unknown}");
    assert!(installation.fails(2, &["create-groups", "--name", "X"]).await.contains("--permission"));
    assert!(
        installation.fails(2, &["create-groups", "--name", " ", "--permission", "view_audit"]).await.contains("name")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_ones_own_is_made_on_sqlite() {
    a_group_is_made(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_ones_own_is_made_on_postgres() {
    let installation = Installation::on_postgres().await;
    a_group_is_made(&installation).await;
    installation.remove().await;
}
