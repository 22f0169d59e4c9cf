//! People with accounts.

use jiff::tz::TimeZone;
use vestnik_mail::address::EmailAddress;

use crate::clock::UnixMillis;
use crate::id::{SessionId, UserId};
use crate::password::check_password;
use crate::problem::{Problem, Problems, line};
use crate::recipient::address;
use crate::text_enum::text_enum;

text_enum! {
    /// A language of the interface.
    pub enum Language {
        /// Русский.
        Ru = "ru",
        /// English.
        En = "en",
    }
}

text_enum! {
    /// How the interface looks.
    pub enum Theme {
        /// As the browser asks for.
        Auto = "auto",
        /// Always light.
        Light = "light",
        /// Always dark.
        Dark = "dark",
    }
}

text_enum! {
    /// What a link in a letter is for.
    pub enum TokenPurpose {
        /// Proves that the address is the person's.
        Confirm = "confirm",
        /// Lets the person set a new password.
        Recover = "recover",
        /// Proves that the address that the person wants is theirs.
        NewAddress = "new_address",
    }
}

/// A person with an account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct User {
    /// Identifier.
    pub id: UserId,
    /// Address as it was typed, trimmed.
    pub email: String,
    /// What the person is called.
    pub name: String,
    /// A PHC string (argon2id).
    pub password_hash: String,
    /// Language of pages and letters.
    pub language: Language,
    /// IANA name of the time zone in which times are shown.
    pub time_zone: String,
    /// Light or dark.
    pub theme: Theme,
    /// When the address was confirmed.
    pub confirmed_at: Option<UnixMillis>,
    /// When the account was made.
    pub created_at: UnixMillis,
    /// Since when the person may not sign in and nothing of theirs is sent (S-41).
    pub blocked_at: Option<UnixMillis>,
    /// Why, in the words of whoever has blocked them.
    pub blocked_reason: String,
    /// When they were last here, to ten minutes or so.
    pub seen_at: Option<UnixMillis>,
    /// As typed; empty: not given.
    pub phone: String,
    /// Empty: not given.
    pub city: String,
    /// The picture's key in the media store; empty: none.
    pub avatar: String,
    /// The same, small.
    pub avatar_small: String,
    /// Since when a second factor is asked for at login.
    pub second_factor_at: Option<UnixMillis>,
    /// Whether the catcher alone has seen the confirmation: once mail reaches people, the address is confirmed again.
    pub confirmed_by_catcher: bool,
}

impl User {
    /// The zone in which this person reads times; UTC if the name is no longer known to the zone database.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// What a person says of themselves, and how they see the pages (S-36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileDraft {
    /// What the person is called.
    pub name: String,
    /// As typed; empty: not given.
    pub phone: String,
    /// Empty: not given.
    pub city: String,
    /// Language of pages and letters.
    pub language: Language,
    /// IANA name of a time zone.
    pub time_zone: String,
    /// Light or dark.
    pub theme: Theme,
}

/// Characters of a name, at most.
pub const LONGEST_NAME: usize = 200;

impl ProfileDraft {
    /// Checks the typed fields: `name`, `phone`, `city`, `language`, `time_zone`, `theme`.
    pub fn parse(
        name: &str,
        phone: &str,
        city: &str,
        language: &str,
        time_zone: &str,
        theme: &str,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let choice = || Problem::new("problem-choice");
        let name = problems.take("name", line(name, true, LONGEST_NAME));
        let phone = problems.take("phone", phone_number(phone));
        let city = problems.take("city", line(city, false, 100));
        let language = problems.take("language", language.parse().map_err(|_| choice()));
        let time_zone = problems.take("time_zone", time_zone_name(time_zone));
        let theme = problems.take("theme", theme.parse().map_err(|_| choice()));
        let draft = (|| {
            Some(Self {
                name: name?,
                phone: phone?,
                city: city?,
                language: language?,
                time_zone: time_zone?,
                theme: theme?,
            })
        })();
        problems.into_result(draft)
    }
}

/// Checks a phone number as people write it: 5 to 15 digits (ITU-T E.164), and what is put between them.
fn phone_number(text: &str) -> Result<String, Problem> {
    let text = line(text, false, 40)?;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let written = text.char_indices().all(|(at, c)| c.is_ascii_digit() || " ()-.".contains(c) || c == '+' && at == 0);
    if text.is_empty() || written && (5..=15).contains(&digits) { Ok(text) } else { Err(Problem::new("problem-phone")) }
}

/// A signed-in browser.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    /// Identifier.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// When it began.
    pub created_at: UnixMillis,
    /// When it was last used, to the minute.
    pub seen_at: UnixMillis,
    /// When it ends by itself.
    pub expires_at: UnixMillis,
    /// From which network address it was begun.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
}

/// What a person types to get an account.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The person's address.
    pub email: EmailAddress,
    /// What the person is called.
    pub name: String,
    /// The password in the clear, checked and not yet hashed.
    pub password: String,
    /// Language of pages and letters.
    pub language: Language,
    /// IANA name of a time zone.
    pub time_zone: String,
}

impl Registration {
    /// Checks the typed fields: `email`, `name`, `password`, `time_zone`.
    pub fn parse(
        email: &str,
        name: &str,
        password: &str,
        language: Language,
        time_zone: &str,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let email = problems.take("email", address(email));
        let name = problems.take("name", line(name, true, LONGEST_NAME));
        let shown = email.as_ref().map_or("", |email| email.as_str());
        let password = problems.take("password", check_password(password, shown, name.as_deref().unwrap_or("")));
        let time_zone = problems.take("time_zone", time_zone_name(time_zone));
        let registration = email
            .zip(name)
            .zip(password)
            .zip(time_zone)
            .map(|(((email, name), password), time_zone)| Self { email, name, password, language, time_zone });
        problems.into_result(registration)
    }
}

/// Checks the name of a time zone against the zone database.
pub fn time_zone_name(name: &str) -> Result<String, Problem> {
    let zone = TimeZone::get(name.trim()).map_err(|_| Problem::new("problem-time-zone").with("name", name))?;
    Ok(zone.iana_name().unwrap_or("UTC").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_taken_as_people_write_them() {
        for good in ["", "+7 (912) 345-67-89", "8 800 555 35 35", "030.1234-567", "+1 202 555 0100"] {
            assert_eq!(phone_number(good).unwrap(), good);
        }
        for bad in ["1234", "+7 912 345 67 89 12 34 56", "call me", "8+800 555", "12345x"] {
            assert_eq!(phone_number(bad).unwrap_err().id, "problem-phone", "{bad}");
        }
    }
}
