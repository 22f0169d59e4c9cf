//! No template may stop the process: templates made by a hostile grammar, and those of the fuzz target's corpus, are
//! compiled and rendered in a child process with 64 MB of memory, on a thread with a stack of the usual 2 MB, in a second
//! of processor time each.
//!
//! `make test` tries the first 10,000. For a million:
//! `VESTNIK_HOSTILE_TEMPLATES=1000000 cargo test --release -p vestnik-model --test hostile_templates`
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "hostile_templates/grammar.rs"]
mod grammar;

use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use vestnik_model::template::{Content, Person, notices};

/// Says to the test below that it is the child.
const CHILD: &str = "VESTNIK_HOSTILE_TEMPLATES_CHILD";
/// How many templates to make.
const COUNT: &str = "VESTNIK_HOSTILE_TEMPLATES";
const MEMORY: u64 = 64 << 20;
const STACK: usize = 2 << 20;
const LONGEST: Duration = Duration::from_secs(1);
/// Largest part that comes out, in bytes.
const LARGEST: usize = 4_000_000;

#[test]
fn no_template_stops_the_process() {
    if std::env::var_os(CHILD).is_some() {
        return try_all();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "no_template_stops_the_process", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    // The last line that it printed is the template that it was at.
    let tail = |text: &str| text.chars().rev().take(3_000).collect::<Vec<_>>().into_iter().rev().collect::<String>();
    assert!(child.status.success(), "{}\n{}\n{}", child.status, tail(&out), tail(&err));
    let tried = out.lines().find(|line| line.contains("tried ")).unwrap_or_else(|| panic!("{out}"));
    println!("{tried}");
}

fn try_all() {
    setrlimit(Resource::Data, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) }).unwrap();
    let trying = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        let count = std::env::var(COUNT).map_or(10_000, |count| count.parse().unwrap());
        let (mut rendered, mut slowest) = (0, Duration::ZERO);
        for seed in 0..count {
            let (took, whole) = try_one(&format!("seed {seed}"), &grammar::template(seed), seed % 4 == 0);
            rendered += u64::from(whole);
            slowest = slowest.max(took);
        }
        // A grammar of nothing but mistakes would try the parser alone.
        assert!(rendered * 20 > count, "only {rendered} of {count} could be rendered");
        println!("tried {count}, {rendered} rendered, slowest {slowest:?}");
        for (name, template) in corpus() {
            try_one(&name, &template, true);
        }
    });
    trying.unwrap().join().unwrap();
}

/// The corpus of the fuzz target: every shape that once stopped a process or filled its memory.
fn corpus() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/user_template");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let corpus: Vec<_> = files
        .map(|path| (path.display().to_string(), String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()))
        .collect();
    assert!(corpus.len() >= 20, "{folder} is not complete");
    corpus
}

/// Processor time that it took, and whether anything could be rendered.
fn try_one(name: &str, template: &str, as_text: bool) -> (Duration, bool) {
    let comment = "x&<".repeat(1_300);
    let people = [
        Person { email: "anna@example.com", full_name: "", comment: "" },
        Person { email: "\"<&>\"@example.com", full_name: "Анна Северова", comment: &comment },
    ];
    // HTML with the text that is made of it, and seldom, for they are parsed alike, a subject and a text.
    let parts = [("s", template, ""), (template, "", template)];
    let parts = &parts[..if as_text { 2 } else { 1 }];
    let begun = processor_time();
    let mut whole = false;
    notices("s", template, "");
    for (subject, html, text) in parts {
        let Ok(content) = Content::compile(subject, html, text) else { continue };
        for person in people {
            let Ok(rendered) = content.render(person) else { continue };
            whole = true;
            for part in [&rendered.subject, &rendered.text].into_iter().chain(&rendered.html) {
                assert!(part.len() <= LARGEST, "{name}: {} bytes", part.len());
            }
        }
    }
    let took = processor_time() - begun;
    assert!(took < LONGEST, "{name} took {took:?}");
    (took, whole)
}

/// Of this thread: what else the machine is busy with does not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
