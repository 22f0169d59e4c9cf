//! All SQL of Vestnik. One module a noun, each statement written once for SQLite and PostgreSQL.
//!
//! A function that touches a user's data takes the [`Actor`](vestnik_model::Actor) for whom it is done and answers
//! `None` (or counts zero rows) for what is not theirs, so that another's object looks like one that does not exist.
//! The engine's own work (claims, results, schedules) takes no actor: it serves everyone.
//!
//! The dialect: ids and times are `BIGINT`, sums are cast to `BIGINT` (PostgreSQL sums to `NUMERIC`), `$1`
//! placeholders, and [`Rows`](db::Rows) for statements over many rows.

mod after_migration;
pub mod articles;
pub mod audience;
pub mod audit;
pub mod breakdown;
pub mod caught;
pub mod control;
pub mod db;
pub mod deletions;
pub mod deliveries;
pub mod dump;
pub mod erasure;
pub mod expansion;
pub mod failover;
pub mod fates;
pub mod feedback;
pub mod figures;
pub mod groups;
pub mod health;
pub mod import;
pub mod installation;
pub mod kept_forms;
pub mod ledger;
pub mod letters;
pub mod life;
pub mod logins;
pub mod mailings;
pub mod messages;
pub mod new_address;
pub mod nodes;
mod open_runs;
pub mod outages;
pub mod oversight;
pub mod paces;
pub mod page;
pub mod people;
pub mod pictures;
pub mod recipients;
pub mod reports;
pub mod runs;
mod saving;
mod search;
pub mod second_factor;
pub mod secrets;
pub mod sessions;
pub mod settle;
pub mod signals;
pub mod stats;
pub mod submitted_forms;
pub mod summaries;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
pub mod users;

pub use db::{Db, Error, Result, Tx, Wake};
pub use page::{Cursor, Page};
