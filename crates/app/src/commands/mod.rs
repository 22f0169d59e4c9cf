//! What each command does, one file a noun.

pub mod adopt_secret_key;
pub mod attempts;
pub mod backup;
pub mod demo;
mod details;
pub mod doctor;
pub mod mailing;
pub mod message;
pub mod migrate;
pub mod ping;
pub mod recipients;
pub mod render_check;
pub mod reset_password;
pub mod restore;
pub mod serve;
pub mod user;
