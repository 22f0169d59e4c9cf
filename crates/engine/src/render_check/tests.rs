//! What a child's end says of the message that it was to render.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

fn values(email: &str) -> Values {
    Values { email: email.into(), full_name: String::new(), comment: String::new() }
}

fn suspect(subject: &str, recipients: usize) -> Suspect {
    Suspect {
        subject: subject.into(),
        html: String::new(),
        text: "x".into(),
        recipients: (0..recipients).map(|n| values(&format!("r{n}@example.org"))).collect(),
    }
}

#[test]
fn the_child_says_how_far_it_has_come() {
    for (subject, recipients) in [("{{ recipient.email }}", 2), ("{{ broken", 1), ("{{ recipient.nothing }}", 3)] {
        let mut output = Vec::new();
        child(&*serde_json::to_vec(&suspect(subject, recipients)).unwrap(), &mut output).unwrap();
        assert_eq!(output, "\n".repeat(recipients + 1).as_bytes(), "{subject}");
    }
    assert!(child(&b"nothing"[..], Vec::new()).is_err());
}

/// A program in place of the child: it notes each call in a file beside it, has compiled the message, and then does this.
fn program(folder: &TempDir, then: &str) -> PathBuf {
    let path = folder.path().join("child");
    let calls = folder.path().join("calls");
    fs::write(&path, format!("#!/bin/sh\necho >> {}\necho\n{then}\n", calls.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn calls(folder: &TempDir) -> usize {
    fs::read_to_string(folder.path().join("calls")).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn only_a_fault_of_its_own_convicts_at_once() {
    for signal in OWN_FAULTS {
        let folder = TempDir::new().unwrap();
        let checked = check_twice(&program(&folder, &format!("kill -{signal} $$")), &suspect("x", 1)).await.unwrap();
        assert_eq!(checked, Checked::Convicted(Death { rendered: Some(0), how: format!("signal {signal}") }));
        assert_eq!(calls(&folder), 1);
    }
}

#[tokio::test]
async fn what_is_killed_from_outside_is_checked_once_more_and_convicts_nobody() {
    for signal in [9, 15, 2] {
        let folder = TempDir::new().unwrap();
        let checked = check_twice(&program(&folder, &format!("kill -{signal} $$")), &suspect("x", 1)).await.unwrap();
        assert_eq!(checked, Checked::Inconclusive(Death { rendered: Some(0), how: format!("signal {signal}") }));
        assert_eq!(calls(&folder), 2);
    }
}

#[tokio::test]
async fn the_second_check_decides() {
    for (second, expected) in [
        ("exit 0", Checked::Harmless),
        ("kill -6 $$", Checked::Convicted(Death { rendered: Some(0), how: "signal 6".to_owned() })),
    ] {
        let folder = TempDir::new().unwrap();
        let killed = folder.path().join("killed");
        let then = format!("if [ -e {0} ]; then {second}; fi\ntouch {0}\nkill -9 $$", killed.display());
        assert_eq!(check_twice(&program(&folder, &then), &suspect("x", 1)).await.unwrap(), expected);
        assert_eq!(calls(&folder), 2);
    }
}

// With the clock stopped, the wait for a child that says nothing is over at once, however slow the machine is.
#[tokio::test(start_paused = true)]
async fn silence_convicts_nobody() {
    let folder = TempDir::new().unwrap();
    let checked = check_twice(&program(&folder, "exec sleep 1000"), &suspect("x", 1)).await.unwrap();
    assert!(matches!(&checked, Checked::Inconclusive(death) if death.how.contains("silent")), "{checked:?}");
}

#[tokio::test]
async fn another_program_is_an_error_and_not_a_death() {
    let folder = TempDir::new().unwrap();
    assert!(check_twice(&program(&folder, "exit 2"), &suspect("x", 1)).await.is_err());
    assert_eq!(calls(&folder), 1);
}
