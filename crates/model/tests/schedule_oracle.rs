//! Schedules against somebody else's calendar: Python's `zoneinfo`, which schedule_oracle.py asks.
//!
//! Both read the same time zone database, so that they can differ in their rules alone. Another set of rules:
//! `VESTNIK_TEST_SEED=2 cargo test -p vestnik-model --test schedule_oracle`.
//! The interpreter is `$VESTNIK_TEST_PYTHON`, `python3` by default, 3.9 or newer.

use std::{
    collections::{BTreeSet, HashMap},
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{TimeZone, TimeZoneDatabase},
};
use serde_json::{Value, json};
use vestnik_model::{
    UnixMillis,
    schedule::{Periodicity, Schedule},
};

const RULES: usize = 10_000;
const DAY: i64 = 86_400_000;

/// Zones that did something unusual: half-hour daylight saving, two hours of it, none in Ramadan, negative, at
/// midnight, a day left out, another offset for ever, and the rest of the world's worst.
const ODD: [&str; 28] = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Windhoek",
    "America/Asuncion",
    "America/Caracas",
    "America/Havana",
    "America/Nuuk",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Europe/Volgograd",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Fakaofo",
    "Pacific/Kanton",
    "Pacific/Kiritimati",
];

/// A generator whose numbers depend on the seed alone (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` up to, not including, `high`.
    fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low).expect("low is below high");
        low + i64::try_from(self.next() % width).expect("it is below the width")
    }

    fn chance(&mut self, percent: i64) -> bool {
        self.between(0, 100) < percent
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let length = i64::try_from(of.len()).expect("a short list");
        &of[usize::try_from(self.between(0, length)).expect("not negative")]
    }
}

/// A zone with its clock changes from 1994 to 2038.
struct Zone {
    name: String,
    zone: TimeZone,
    changes: Vec<Timestamp>,
}

struct Rule {
    name: String,
    schedule: Schedule,
    first: i64,
    count: i64,
}

impl Rule {
    fn random(dice: &mut Dice, zone: &Zone) -> Self {
        let periodicity = match dice.between(0, 10) {
            0 => Periodicity::Once,
            1..4 => Periodicity::Daily,
            4..7 => Periodicity::Weekly,
            _ => Periodicity::Monthly,
        };
        let (days, count) = match periodicity {
            Periodicity::Once | Periodicity::Daily => (1, 8),
            Periodicity::Weekly => (7, 8),
            Periodicity::Monthly => (30, 14),
        };
        // The occurrence around which to look: one of the first, or any within eight years.
        let number = if dice.chance(40) { dice.between(1, count) } else { dice.between(1, 8 * 365 / days) };
        let start = if zone.changes.is_empty() || dice.chance(25) {
            start(dice, zone)
        } else {
            aimed_start(dice, zone, periodicity, number)
        };
        let first = (number - dice.between(0, count)).max(0);
        let ends = start + ((first + dice.between(-1, count)) * days) * DAY + dice.between(-DAY, DAY);
        let ends_at = dice.chance(40).then_some(UnixMillis(ends));
        let starts_local = zone.zone.to_datetime(UnixMillis(start).timestamp());
        let schedule =
            Schedule { starts_at: UnixMillis(start), starts_local, ends_at, periodicity, zone: zone.zone.clone() };
        Self { name: zone.name.clone(), schedule, first, count }
    }

    fn to_json(&self) -> Value {
        let Schedule { starts_at, ends_at, periodicity, .. } = &self.schedule;
        json!({ "zone": self.name, "start": starts_at, "end": ends_at, "every": periodicity.as_str(),
                "first": self.first, "count": self.count })
    }
}

/// A start in the years from 1995 to 2037, mostly in a month's last days.
fn start(dice: &mut Dice, zone: &Zone) -> i64 {
    let first_day = Date::constant(1995, 1, 1);
    let date = if dice.chance(75) {
        let month = first_day.saturating_add(dice.between(0, 43 * 12).months());
        month.last_of_month().saturating_sub(dice.between(0, 3).days())
    } else {
        first_day.saturating_add(dice.between(0, 43 * 365).days())
    };
    let time = date.at(0, 0, 0, 0).saturating_add(dice.between(0, DAY).milliseconds());
    place(dice, zone, time)
}

/// A start whose occurrence of this number falls on the wall-clock times that a clock change skips or repeats, on the
/// edges of them, or just beside them.
fn aimed_start(dice: &mut Dice, zone: &Zone, periodicity: Periodicity, number: i64) -> i64 {
    let change = UnixMillis::from(*dice.one(&zone.changes));
    let local = |at: i64| zone.zone.to_datetime(UnixMillis(at).timestamp());
    let (before, after) = (local(change.0 - 1), local(change.0));
    let low = before.min(after);
    let width = before.duration_until(after).abs().as_millis();
    let width = i64::try_from(width).expect("no change is that big");
    let target = match dice.between(0, 10) {
        0 => after,
        1 => before,
        2 => before.saturating_add(1.milliseconds()),
        _ => low.saturating_add(dice.between(-width / 4 - 1, width * 5 / 4 + 1).milliseconds()),
    };
    let back = match periodicity {
        Periodicity::Once => 0.days(),
        Periodicity::Daily => number.days(),
        Periodicity::Weekly => number.weeks(),
        Periodicity::Monthly => number.months(),
    };
    place(dice, zone, target.saturating_sub(back))
}

/// Either of the two times where the clock shows it twice; a time that it skips becomes some other.
fn place(dice: &mut Dice, zone: &Zone, local: DateTime) -> i64 {
    let ambiguous = zone.zone.to_ambiguous_zoned(local);
    let start = if dice.chance(50) { ambiguous.earlier() } else { ambiguous.later() };
    start.expect("far from the calendar's ends").timestamp().as_millisecond()
}

/// The system's time zone database, as jiff finds it.
fn database_folder() -> PathBuf {
    let usual = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
    let named = std::env::var_os("TZDIR").map(PathBuf::from);
    let mut folders = named.into_iter().chain(usual.map(PathBuf::from));
    let found = folders.find(|folder| folder.join("Europe/Berlin").exists());
    found.expect("this test needs the system's time zone database; install the package tzdata")
}

struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Oracle {
    fn start(folder: &Path) -> Self {
        let python = std::env::var("VESTNIK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schedule_oracle.py");
        let child = Command::new(&python).arg(script).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("this test needs Python: {python}: {error}"));
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, input, output }
    }

    fn line(&mut self) -> Value {
        let line = self.output.next().expect("Python went on to the end; see what it wrote above");
        serde_json::from_str(&line.expect("Python writes UTF-8")).expect("Python writes JSON")
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The zones that both know, by name.
fn zones(database: &TimeZoneDatabase, theirs: &Value) -> HashMap<String, Zone> {
    let ours: BTreeSet<String> = database.available().map(|name| name.to_string()).collect();
    let theirs: Vec<String> = serde_json::from_value(theirs.clone()).expect("a list of names");
    let (from, to) = (Timestamp::constant(757_382_400, 0), Timestamp::constant(2_145_916_800, 0));
    let both = theirs.into_iter().filter(|name| ours.contains(name)).map(|name| {
        let zone = database.get(&name).expect("it is available");
        let changes = zone.following(from).map(|change| change.timestamp()).take_while(|&at| at < to).collect();
        (name.clone(), Zone { name, zone, changes })
    });
    both.collect()
}

/// Compares what the schedule says with the occurrences that the oracle found.
fn check(rule: &Rule, answer: &Value, dice: &mut Dice, context: &str) {
    let schedule = &rule.schedule;
    let over = answer["over"] == true;
    let at: Vec<UnixMillis> = serde_json::from_value(answer["at"].clone()).expect("a list of times");
    let (Some(&first), Some(&last)) = (at.first(), at.last()) else {
        assert!(over, "{context}");
        if rule.first == 0 {
            let any = UnixMillis(schedule.starts_at.0 + dice.between(-DAY, DAY));
            assert_eq!((schedule.at_or_after(any), schedule.at_or_before(any)), (None, None), "{context}");
        }
        return;
    };
    for (&at, &next) in at.iter().zip(&at[1..]) {
        let between = UnixMillis(dice.between(at.0 + 1, next.0));
        for (from, before, after) in [(at, Some(at), at), (between, Some(at), next)] {
            let found = (schedule.at_or_before(from), schedule.at_or_after(from), schedule.next_after(from));
            assert_eq!(found, (before, Some(after), Some(next)), "{context}: from {from}");
        }
        let edge = (schedule.at_or_before(UnixMillis(next.0 - 1)), schedule.at_or_after(UnixMillis(at.0 + 1)));
        assert_eq!(edge, (Some(at), Some(next)), "{context}: beside {at} and {next}");
    }
    assert_eq!((schedule.at_or_before(last), schedule.at_or_after(last)), (Some(last), Some(last)), "{context}");
    if rule.first == 0 {
        let before = UnixMillis(first.0 - dice.between(1, 1_000 * DAY));
        let found = (schedule.at_or_before(before), schedule.at_or_after(before), schedule.next_after(before));
        assert_eq!(found, (None, Some(first), Some(first)), "{context}: before the start");
    }
    if over {
        let after = UnixMillis(last.0 + dice.between(1, 1_000 * DAY));
        let found = (schedule.at_or_before(after), schedule.at_or_after(after), schedule.next_after(last));
        assert_eq!(found, (Some(last), None, None), "{context}: after the last, from {after}");
    }
}

#[test]
fn python_finds_the_same_occurrences() {
    let seed = std::env::var("VESTNIK_TEST_SEED").map_or(1, |seed| seed.parse().expect("the seed is a number"));
    let mut dice = Dice(seed);
    let folder = database_folder();
    let mut oracle = Oracle::start(&folder);
    let database = TimeZoneDatabase::from_dir(&folder).expect("a time zone database");
    let zones = zones(&database, &oracle.line());
    assert!(zones.len() > 400, "only {} zones are known to both", zones.len());
    let mut names: Vec<&String> = zones.keys().collect();
    names.sort();
    let odd: Vec<&str> = ODD.into_iter().filter(|&name| zones.contains_key(name)).collect();
    assert!(odd.len() > 20, "the time zone database has only {odd:?}");

    let rules: Vec<Rule> = (0..RULES)
        .map(|_| {
            let name = if dice.chance(40) { *dice.one(&odd) } else { dice.one(&names).as_str() };
            Rule::random(&mut dice, &zones[name])
        })
        .collect();
    let questions: String = rules.iter().map(|rule| format!("{}\n", rule.to_json())).collect();
    let mut input = oracle.input.take().expect("piped");
    // Beside the reading: neither side's pipe holds all of it.
    let writer = thread::spawn(move || input.write_all(questions.as_bytes()));
    let (mut occurrences, mut over, mut gaps, mut folds, mut cut) = (0, 0, 0, 0, 0);
    for (number, rule) in rules.iter().enumerate() {
        let answer = oracle.line();
        let context = format!("VESTNIK_TEST_SEED={seed}, rule {number}: {}", rule.to_json());
        check(rule, &answer, &mut dice, &context);
        let figure = |name: &str| answer[name].as_u64().expect("a number");
        occurrences += answer["at"].as_array().map_or(0, Vec::len);
        over += usize::from(answer["over"] == true);
        gaps += figure("gaps");
        folds += figure("folds");
        cut += figure("cut");
    }
    writer.join().expect("no panic").expect("Python read all rules");
    // The dice must go on landing on what is hard.
    let met = format!("seed {seed}: {occurrences} occurrences, {over} ends, {gaps} gaps, {folds} folds, {cut} cut");
    assert!(occurrences > 60_000 && over > 3_000 && gaps > 1_000 && folds > 1_000 && cut > 1_500, "{met}");
    println!("{met}");
}
