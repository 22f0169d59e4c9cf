//! Passwords: how long they are, and how soon someone guesses them who knows what people like to take.
//!
//! `zxcvbn` estimates the guesses. It knows English words, names, leaked passwords, rows of keys, dates and repeats, and
//! takes Cyrillic for noise. So a password is read in three ways: as it was typed, as the Latin keys that were pressed
//! for it («пароль» is `gfhjkm`, which has leaked often enough), and as the Russian letters on those keys (`cjkysirj` is
//! «солнышко»). Where one of the readings is weak, the password is.

use std::iter;

use zxcvbn::{feedback::Warning, matching::patterns::MatchPattern, zxcvbn};

use crate::problem::Problem;

/// In characters.
const SHORTEST: usize = 10;
/// In bytes; hashing takes no longer for a short one.
const LONGEST: usize = 200;
/// Fewer guesses than these are too few. Three known pieces in a row, as `qwerty 123456`, count as 10⁸ and a little: such
/// a password is to be refused, and one with a fourth piece is not.
const FEWEST_GUESSES: u64 = 200_000_000;
/// How much a person's own words add to what is left of a password without them: where they stand, and how.
const OWN_WORDS_ADD: u64 = 100;
/// Characters that are looked at: what begins strong stays strong. With characters that may stand for letters (`@`, `3`,
/// `$`) the work grows so fast that a request could hold others up: 24 of them take 50 ms at worst, 100 of them a second.
const READ: usize = 24;
/// Shorter parts of names and addresses say nothing: `a`, `de`, `ru`.
const SHORTEST_OWN: usize = 3;

/// Russian words, names and places that people take for passwords; in lower case, «ё» written as «е».
const RUSSIAN: &str = include_str!("password/russian.txt");

/// The keys of one layout in the order of the other, and the same with Shift.
const LATIN: &str = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>";
const CYRILLIC: &str = "ёйцукенгшщзхъфывапролджэячсмитьбюЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ";

/// Checks a password: 10 characters at least, 200 bytes at most, not soon guessed by someone who knows the person's
/// address and name.
///
/// # Errors
/// The problem says why it is too weak.
pub fn check_password(password: &str, email: &str, name: &str) -> Result<String, Problem> {
    if password.chars().count() < SHORTEST {
        return Err(Problem::new("problem-password-short").with("shortest", SHORTEST));
    }
    if password.len() > LONGEST {
        return Err(Problem::new("problem-password-long"));
    }
    match weakness(password, &own_words(email, name)) {
        Some(why) => Err(Problem::new(why)),
        None => Ok(password.to_owned()),
    }
}

/// What someone tries first at this person: parts of the name and of the address, and what the product is called.
/// The longest come first.
fn own_words(email: &str, name: &str) -> Vec<String> {
    // What stands behind the last dot is everyone's.
    let address = email.rsplit_once('.').map_or(email, |(rest, _)| rest);
    let parts = [address, name].into_iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let mut words: Vec<String> = parts
        .chain(["vestnik", "вестник"])
        .map(|word| with_e(&word.to_lowercase()))
        .filter(|word| word.chars().count() >= SHORTEST_OWN)
        .collect();
    words.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then_with(|| a.cmp(b)));
    words.dedup();
    words
}

/// Why the password is guessed too soon, as the id of a sentence; `None`: it is not.
fn weakness(password: &str, own: &[String]) -> Option<&'static str> {
    let typed = with_e(&password.chars().take(READ).collect::<String>());
    let letters = with_e(&on_other_layout(&typed, LATIN, CYRILLIC));
    let mut plain = vec![on_other_layout(&typed, CYRILLIC, LATIN), typed];
    plain.dedup();
    if plain.iter().chain([&letters]).any(|reading| is_made_of(own, reading)) {
        return Some("problem-password-own");
    }
    let why = plain.iter().find_map(|reading| guessed_soon(reading, own));
    // Without a word that is known here, zxcvbn sees nothing in these letters that it has not seen in the keys.
    let in_russian = || {
        let is_typed = plain.contains(&letters);
        !is_typed && !russian_words_in(&letters).is_empty() && guessed_soon(&letters, own).is_some()
    };
    match why {
        None | Some("problem-password-guessed" | "problem-password-word") if in_russian() => {
            Some("problem-password-layout")
        }
        why => why,
    }
}

/// «Ё» is typed as «е» as often as not.
fn with_e(text: &str) -> String {
    text.replace('ё', "е").replace('Ё', "Е")
}

/// Each character as it comes from the same key on the other layout.
fn on_other_layout(text: &str, from: &str, to: &str) -> String {
    let other = |c| iter::zip(from.chars(), to.chars()).find(|(key, _)| *key == c).map_or(c, |(_, other)| other);
    text.chars().map(other).collect()
}

/// Whether nothing worth guessing is left without the person's own words.
fn is_made_of(own: &[String], reading: &str) -> bool {
    let whole = reading.to_lowercase();
    let rest = own.iter().fold(whole.clone(), |rest, word| rest.replace(word.as_str(), ""));
    rest != whole && zxcvbn(&rest, &[]).guesses().saturating_mul(OWN_WORDS_ADD) < FEWEST_GUESSES
}

fn russian_words_in<'a>(reading: &str) -> Vec<&'a str> {
    let reading = reading.to_lowercase();
    RUSSIAN.split_whitespace().filter(|word| reading.contains(word)).collect()
}

/// Why a reading is guessed too soon, told by its longest part; `None`: it is not.
fn guessed_soon(reading: &str, own: &[String]) -> Option<&'static str> {
    let mut known: Vec<&str> = own.iter().map(String::as_str).collect();
    known.extend(russian_words_in(reading));
    let estimate = zxcvbn(reading, &known);
    if estimate.guesses() >= FEWEST_GUESSES {
        return None;
    }
    let has_leaked = estimate.feedback().and_then(|feedback| feedback.warning()).is_some_and(|warning| {
        use Warning::{
            ThisIsACommonPassword, ThisIsATop10Password, ThisIsATop100Password, ThisIsSimilarToACommonlyUsedPassword,
        };
        matches!(
            warning,
            ThisIsATop10Password | ThisIsATop100Password | ThisIsACommonPassword | ThisIsSimilarToACommonlyUsedPassword
        )
    });
    let longest = estimate.sequence().iter().max_by_key(|part| part.token.chars().count());
    Some(match longest.map(|part| &part.pattern) {
        _ if has_leaked => "problem-password-common",
        Some(MatchPattern::Dictionary(_)) => "problem-password-word",
        Some(MatchPattern::Spatial(_)) => "problem-password-keys",
        Some(MatchPattern::Repeat(_)) => "problem-password-repeat",
        Some(MatchPattern::Sequence(_)) => "problem-password-sequence",
        Some(MatchPattern::Regex(_) | MatchPattern::Date(_)) => "problem-password-date",
        Some(MatchPattern::BruteForce) | None => "problem-password-guessed",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(password: &str) -> Result<String, String> {
        check_password(password, "anna.petrova@sever-coffee.example.org", "Анна Петрова-Ёлкина")
            .map_err(|problem| problem.id.trim_start_matches("problem-password-").to_owned())
    }

    #[test]
    fn the_layouts_have_the_same_keys() {
        assert_eq!(LATIN.chars().count(), CYRILLIC.chars().count());
        assert_eq!(on_other_layout("Пароль, ёж", CYRILLIC, LATIN), "Gfhjkm, `;");
        assert_eq!(on_other_layout("Ghbdtn 1", LATIN, CYRILLIC), "Привет 1");
    }

    #[test]
    fn the_list_is_written_as_it_is_read() {
        for word in RUSSIAN.split_whitespace() {
            assert!(word.chars().count() >= SHORTEST_OWN, "{word}");
            assert!(word.chars().all(|c| ('а'..='я').contains(&c)), "{word}");
        }
    }

    #[test]
    fn what_is_guessed_soon_is_refused_and_says_why() {
        for (password, why) in [
            ("short", "short"),
            ("девять зн", "short"),
            // Leaked, or as good as.
            ("password123", "common"),
            ("P@ssw0rd2024!", "common"),
            ("qwertyuiop", "common"),
            ("1234567890", "common"),
            ("gfhjkm12345", "common"),
            ("ghbdtngjrf", "common"),
            ("пароль12345", "common"),
            ("йцукенгшщз", "common"),
            ("Привет1234", "common"),
            ("moskva2024", "common"),
            ("iloveyou12", "common"),
            // A word, whatever is put behind it.
            ("солнышко2024", "common"),
            ("Шоколадка77", "common"),
            ("любовь москва", "word"),
            ("vladivostok", "word"),
            // The same on the other layout.
            ("irjkflrf77", "layout"),
            ("Ljxtymrf-2024", "layout"),
            ("k.,jdm12345", "layout"),
            // Patterns.
            ("qwerty 123456", "word"),
            ("нгшщзфывапрол", "common"),
            ("lkjhgfdsazxcv", "keys"),
            ("7890-=uiop[]", "keys"),
            ("абабабабабаб", "repeat"),
            ("aaaaaaaaaaaaaaa", "repeat"),
            ("abcdefghijkl", "sequence"),
            ("абвгдежзийкл", "sequence"),
            ("24.11.1985", "date"),
            // The person's own, and the product's.
            ("anna.petrova", "own"),
            ("Anna.Petrova1990", "own"),
            ("анна петрова", "own"),
            ("аннаёлкина1", "own"),
            ("annasevercoffee", "own"),
            ("Sever-Coffee-2026!", "own"),
            ("vestnik2026", "own"),
            ("Вестник-2026", "own"),
            ("dtcnybr12345", "own"),
            ("фттфзуекщмф", "own"),
        ] {
            assert_eq!(checked(password).unwrap_err(), why, "{password}");
        }
    }

    #[test]
    fn what_is_not_guessed_soon_is_taken() {
        for password in [
            "correct horse battery",
            "осенний кофе 7",
            "k8#Qz!x9Lp",
            "Анна любит утренний кофе",
            "vestnik goes out at dawn",
            "тыквенный латте в октябре",
            "hfljcnm djcreiyst cthtyflt",
            "xkcd: nine hundred and thirty six",
            "0f3a9c7be1d24856",
        ] {
            assert_eq!(checked(password).as_deref(), Ok(password));
        }
        assert_eq!(checked(&"ж".repeat(101)).unwrap_err(), "long");
    }

    #[test]
    fn hostile_input_is_survived() {
        // Every character may stand for a letter: all of it would take seconds, and patterns that go on too long panic.
        let leet = "4@8({[<369&#!1/|0$5+7%2".repeat(8);
        let hidden = format!("{}{}", &leet[..100], "хъжэбю".repeat(8));
        for password in [&leet, &hidden, &"ab".repeat(100), &"a".repeat(200)] {
            let _ = checked(password);
        }
    }
}
