//! What is known of how an attempt ended: our own words and the mail server's.

use serde::Serialize;
use vestnik_model::problem::StoredProblem;

/// See the module. Shown by the macro `explanation`, in the reader's language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Explanation {
    /// What happened, where the server's words alone do not say it.
    #[serde(flatten)]
    pub(crate) error: StoredProblem,
    /// Where in the conversation.
    pub(crate) phase: String,
    /// The server's words with their codes: `550 5.1.1 No such user`.
    pub(crate) reply: String,
}

impl Explanation {
    /// Of what the ledger has.
    pub(crate) fn of(
        (code, enhanced, words): (Option<i64>, Option<&str>, &str),
        error: &StoredProblem,
        phase: &str,
    ) -> Self {
        Self { error: error.clone(), phase: phase.to_owned(), reply: reply(code, enhanced, words) }
    }
}

/// A reply as the server gave it.
fn reply(code: Option<i64>, enhanced: Option<&str>, words: &str) -> String {
    let code = code.map(|code| code.to_string());
    let parts = [code.as_deref(), enhanced, Some(words)];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
