//! The details of a new account: from flags, from variables, or asked for on a terminal.

use std::io::{IsTerminal as _, Read as _};

use vestnik_mail::address::EmailAddress;
use vestnik_model::problem::line;
use vestnik_model::recipient::address;
use vestnik_model::user::{LONGEST_NAME, Registration};
use vestnik_model::{Problem, Problems};

use crate::cli::CreateUserArgs;
use crate::failure::{Failure, in_words, language};

/// The variables that stand in for what is left out: VESTNIK_, one of these, and the name of the detail.
const ROLES: [&str; 3] = ["ADMIN", "USER", "MANAGER"];
const DETAILS: [&str; 3] = ["EMAIL", "NAME", "PASSWORD"];

/// The variables of all commands that make accounts.
pub fn variables() -> impl Iterator<Item = String> {
    ROLES.iter().flat_map(|role| DETAILS.iter().map(move |detail| format!("VESTNIK_{role}_{detail}")))
}

/// See the module.
pub struct Details<'a> {
    args: &'a CreateUserArgs,
    role: &'static str,
    on_terminal: bool,
}

impl<'a> Details<'a> {
    /// Of the command whose variables are of this role.
    pub fn new(args: &'a CreateUserArgs, role: &'static str) -> Self {
        Self { args, role, on_terminal: std::io::stdin().is_terminal() }
    }

    /// The address. Without a terminal everything that is missing is named at once.
    pub fn email(&self) -> Result<EmailAddress, Failure> {
        match self.given("EMAIL") {
            Some(email) => Ok(address(&email).map_err(|problem| Problems::one("email", problem))?),
            None if self.on_terminal => ask("Email address", address),
            None => Err(self.missing(&DETAILS)),
        }
    }

    /// All of it, with the address if it is known already.
    pub fn registration(&self, email: Option<EmailAddress>) -> Result<Registration, Failure> {
        if !self.on_terminal {
            let wanted = if email.is_some() { &DETAILS[1..] } else { &DETAILS[..] };
            if wanted.iter().any(|detail| !self.has(detail)) {
                return Err(self.missing(wanted));
            }
        }
        let email = match email {
            Some(email) => email.to_string(),
            None => match self.given("EMAIL") {
                Some(email) => email,
                None => ask("Email address", address)?.to_string(),
            },
        };
        let name = match self.given("NAME") {
            Some(name) => name,
            None => ask("Name", |name| line(name, true, LONGEST_NAME))?,
        };
        let parse = |password: &str| {
            let language = self.args.language.unwrap_or_else(language);
            Registration::parse(&email, &name, password, language, &self.args.time_zone)
        };
        if self.args.password_stdin {
            return Ok(parse(&from_standard_input()?)?);
        }
        if let Some(password) = self.given("PASSWORD") {
            return Ok(parse(&password)?);
        }
        loop {
            let password = rpassword::prompt_password("Password: ")?;
            match parse(&password) {
                // Before it is typed again: a password that is refused anyway need not be.
                Err(problems) if problems.iter().all(|(field, _)| field == "password") => {
                    for (_, problem) in problems.iter() {
                        eprintln!("{}", in_words(problem));
                    }
                }
                Err(problems) => return Err(problems.into()),
                Ok(registration) if rpassword::prompt_password("Password again: ")? == password => {
                    return Ok(registration);
                }
                Ok(_) => eprintln!("The two passwords differ"),
            }
        }
    }

    /// From the flag, or else from the variable. An empty variable is none.
    fn given(&self, detail: &str) -> Option<String> {
        let flag = match detail {
            "EMAIL" => &self.args.email,
            "NAME" => &self.args.name,
            _ => &self.args.password,
        };
        flag.clone().or_else(|| std::env::var(self.variable(detail)).ok().filter(|value| !value.is_empty()))
    }

    fn has(&self, detail: &str) -> bool {
        self.given(detail).is_some() || detail == "PASSWORD" && self.args.password_stdin
    }

    fn variable(&self, detail: &str) -> String {
        format!("VESTNIK_{}_{detail}", self.role)
    }

    fn missing(&self, wanted: &[&str]) -> Failure {
        let missing: Vec<String> = wanted
            .iter()
            .filter(|detail| !self.has(detail))
            .map(|detail| {
                let flag = if *detail == "PASSWORD" { "password-stdin".to_owned() } else { detail.to_lowercase() };
                format!("the {} (--{flag} or {})", detail.to_lowercase(), self.variable(detail))
            })
            .collect();
        Failure::misused(format!("missing: {}; on a terminal it is asked for", missing.join(", ")))
    }
}

/// A new password for an account that is there: from the flag or its variable, from standard input, or asked for without
/// being shown.
pub fn new_password(given: Option<&str>, from_stdin: bool) -> Result<String, Failure> {
    if let Some(password) = given {
        return Ok(password.to_owned());
    }
    if from_stdin {
        return from_standard_input();
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::misused("a password is wanted: --password-stdin reads it from standard input"));
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Password again: ")? != password {
        return Err(Failure::failed("the two passwords differ"));
    }
    Ok(password)
}

fn from_standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks until the answer is good.
fn ask<T>(question: &str, check: impl Fn(&str) -> Result<T, Problem>) -> Result<T, Failure> {
    loop {
        eprint!("{question}: ");
        let mut answer = String::new();
        if std::io::stdin().read_line(&mut answer)? == 0 {
            return Err(Failure::failed("no answer was given"));
        }
        match check(answer.trim()) {
            Ok(good) => return Ok(good),
            Err(problem) => eprintln!("{}", in_words(&problem)),
        }
    }
}
