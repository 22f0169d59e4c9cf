//! Mail as the RFCs have it. Knows nothing of mailings.
//!
//! | module | holds |
//! |---|---|
//! | [`address`] | [`EmailAddress`](address::EmailAddress), parsed at the edge |
//! | [`message`] | a message's bytes (RFC 5322, MIME) |
//! | [`reply`] | what a server answers, and its parser |
//! | [`verdict`] | what an answer means: a pure function |
//! | [`session`] | one SMTP connection, over any stream |
//! | [`relay`] | the way to the mail server: URL, DNS, TLS, AUTH |
//! | [`failure`] | why there is no session |
//! | [`rate_refusals`] | what providers say when a rate or a quota is exceeded |
//! | [`error`] | what went wrong where no reply says it, for pages in any language |
//! | [`catcher`] | the built-in mail catcher: a small SMTP server for loopback |
//! | `faults` | a server that misbehaves as a test tells it to (feature `faults`) |
//!
//! Errors: what a person typed wrong is an [`AddressError`](address::AddressError), a
//! [`HeaderError`](message::HeaderError) or a [`RelayError`](relay::RelayError); what went wrong before a message
//! was touched is a [`Failure`](failure::Failure); what became of a message is never an error but a
//! [`Sent`](session::Sent) with its [`Verdict`](verdict::Verdict).

pub mod address;
pub mod catcher;
pub mod error;
pub mod failure;
#[cfg(feature = "faults")]
pub mod faults;
pub mod message;
pub mod rate_refusals;
pub mod relay;
pub mod reply;
pub mod session;
pub mod verdict;
