//! Nouns and rules of Vestnik, without I/O: no database, no network, no clock and no randomness but what is passed in.
//!
//! A struct here is also the row that `store` reads (it derives `sqlx::FromRow`), so that a noun is described once.
//! Errors that a person can mend are [`Problem`]s: a Fluent id with its arguments, put into words where they are shown.

pub mod address_field;
pub mod article;
pub mod audit;
pub mod clock;
pub mod delivery;
pub mod feedback;
pub mod id;
pub mod import;
pub mod installation;
pub mod keyring;
pub mod mail_server;
pub mod mailing;
pub mod message;
pub mod outage;
pub mod password;
pub mod period;
pub mod permission;
pub mod problem;
pub mod reason;
pub mod recipient;
pub mod run;
pub mod schedule;
pub mod second_factor;
pub mod secret;
pub mod spreadsheet;
pub mod template;
pub mod text;
mod text_enum;
pub mod user;

pub use clock::{Clock, UnixMillis};
pub use installation::Installation;
pub use permission::{Actor, BuiltinGroup, Group, GroupDraft, Permission};
pub use problem::{Problem, Problems};
pub use vestnik_mail::address::EmailAddress;
