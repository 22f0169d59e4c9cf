//! How a command ends when it does not succeed: one clear line on standard error and an exit status, 1 for work that
//! failed and 2 for a command that was not understood.

use std::fmt::{self, Write as _};
use std::process::ExitCode;

use vestnik_model::user::Language;
use vestnik_model::{Problem, Problems};

/// Why a command did not succeed.
#[derive(Debug)]
pub struct Failure {
    words: String,
    status: u8,
}

impl Failure {
    /// The work failed.
    pub fn failed(words: impl Into<String>) -> Self {
        Self { words: words.into(), status: 1 }
    }

    /// The command cannot mean what it says.
    pub fn misused(words: impl Into<String>) -> Self {
        Self { words: words.into(), status: 2 }
    }

    /// Prints the line and answers the exit status.
    pub fn report(self) -> ExitCode {
        eprintln!("vestnik: {self}");
        ExitCode::from(self.status)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// Input that is not valid, each problem with its field, in the language of the environment.
impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let mut words = String::new();
        for (field, problem) in problems.iter() {
            let separator = if words.is_empty() { "" } else { "; " };
            let _ = match field {
                "" => write!(words, "{separator}{}", in_words(problem)),
                field => write!(words, "{separator}{}: {}", field.replace('_', "-"), in_words(problem)),
            };
        }
        Self::misused(words)
    }
}

impl From<vestnik_store::Error> for Failure {
    fn from(error: vestnik_store::Error) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}

/// A problem in the language of the environment.
pub fn in_words(problem: &Problem) -> String {
    vestnik_web::i18n::problem(language(), problem)
}

/// Russian where the environment asks for it (`LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set), English elsewhere.
pub fn language() -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    if locale.starts_with("ru") { Language::Ru } else { Language::En }
}
