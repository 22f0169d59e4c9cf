//! What each command does, one file a noun.

pub mod attempts;
pub mod demo;
pub mod mailing;
pub mod message;
pub mod migrate;
pub mod ping;
pub mod recipients;
pub mod serve;
pub mod user;
