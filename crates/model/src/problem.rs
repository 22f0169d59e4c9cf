//! What is wrong with an input, said so that it can be put into words in the reader's language.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One thing that a person can mend: the id of a sentence in the translations, and what it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The Fluent id, for example `problem-email-taken`.
    pub id: Cow<'static, str>,
    /// Arguments of the sentence.
    pub args: Vec<(Cow<'static, str>, String)>,
}

impl Problem {
    /// A problem without arguments.
    pub const fn new(id: &'static str) -> Self {
        Self { id: Cow::Borrowed(id), args: Vec::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((Cow::Borrowed(name), value.to_string()));
        self
    }
}

/// A problem as tables keep it, in two columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::FromRow)]
pub struct StoredProblem {
    /// Its id; empty: there is none.
    pub error_kind: String,
    /// Its arguments as JSON: a list of pairs of a name and a text. Empty: there are none.
    pub error_args: String,
}

impl StoredProblem {
    /// Of a problem, if there is one.
    pub fn of(problem: Option<&Problem>) -> Self {
        let Some(problem) = problem else { return Self::default() };
        // Texts in a list are always JSON.
        let args = if problem.args.is_empty() { None } else { serde_json::to_string(&problem.args).ok() };
        Self { error_kind: problem.id.to_string(), error_args: args.unwrap_or_default() }
    }

    /// The problem. Arguments that cannot be read are left out: half a sentence says more than none.
    pub fn problem(&self) -> Option<Problem> {
        let args = serde_json::from_str(&self.error_args).unwrap_or_default();
        (!self.error_kind.is_empty()).then(|| Problem { id: Cow::Owned(self.error_kind.clone()), args })
    }
}

/// Problems by the field that they stand at. The empty field name means the form as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<(&'static str, Problem)>);

impl Problems {
    /// A single problem at a field.
    pub fn one(field: &'static str, problem: Problem) -> Self {
        Self(vec![(field, problem)])
    }

    /// Adds a problem at a field.
    pub fn add(&mut self, field: &'static str, problem: Problem) {
        self.0.push((field, problem));
    }

    /// Adds those of another part of the form.
    pub fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All problems with their fields, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Problem)> {
        self.0.iter().map(|(field, problem)| (*field, problem))
    }

    /// Takes the value out of a result, noting its problem at `field`.
    pub fn take<T>(&mut self, field: &'static str, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.add(field, problem)).ok()
    }

    /// The value when nothing is wrong, or else the problems.
    pub fn into_result<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => Err(self),
        }
    }
}

/// Trims a line of text and checks its length in characters; control characters are refused,
/// because a line ends up in mail headers and in tables.
pub fn line(text: &str, required: bool, longest: usize) -> Result<String, Problem> {
    let text = text.trim();
    if required && text.is_empty() {
        return Err(Problem::new("problem-required"));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::new("problem-control-character"));
    }
    limit(text, longest)
}

/// Checks a text of several lines: length in characters, no NUL (PostgreSQL cannot store it).
pub fn paragraph(text: &str, longest: usize) -> Result<String, Problem> {
    if text.contains('\0') {
        return Err(Problem::new("problem-control-character"));
    }
    limit(text, longest)
}

fn limit(text: &str, longest: usize) -> Result<String, Problem> {
    let length = text.chars().count();
    if length > longest {
        return Err(Problem::new("problem-too-long").with("longest", longest).with("length", length));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_comes_back_from_its_columns() {
        let problem = Problem::new("problem-too-long").with("longest", 5).with("text", "\0\"Ж");
        let stored = StoredProblem::of(Some(&problem));
        assert!(!stored.error_args.contains('\0'), "PostgreSQL's TEXT has none");
        assert_eq!(stored.problem(), Some(problem));
        let plain = Problem::new("problem-required");
        assert_eq!(StoredProblem::of(Some(&plain)).problem(), Some(plain.clone()));
        assert_eq!(StoredProblem::of(None), StoredProblem::default());
        assert_eq!(StoredProblem::default().problem(), None);
        let torn = StoredProblem { error_args: "[[".into(), ..StoredProblem::of(Some(&plain)) };
        assert_eq!(torn.problem(), Some(plain));
    }
}
