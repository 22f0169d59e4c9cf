//! AUTH (RFC 4954): PLAIN (RFC 4616), LOGIN and XOAUTH2.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Session;
use crate::{
    error::SmtpError,
    failure::{Failure, FailureKind},
    verdict::Phase,
};

/// How to prove who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// User and password at once (RFC 4616).
    Plain,
    /// User and password one after the other; no standard, but all that some servers know.
    Login,
    /// An OAuth 2 access token in place of the password.
    XOAuth2,
}

impl Mechanism {
    /// The name in EHLO and AUTH.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::XOAuth2 => "XOAUTH2",
        }
    }
}

/// A user and a secret. The secret shows in no output.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password or access token.
    pub secret: String,
    /// The mechanism to use; without one, PLAIN and then LOGIN, as the server offers.
    pub mechanism: Option<Mechanism>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Proves who we are. Whether the stream is safe enough for it is for the caller to say; see
    /// [`crate::relay::connect`].
    ///
    /// # Errors
    /// In [`Phase::Auth`]: refused credentials ([`FailureKind::Refused`]), no common mechanism
    /// ([`FailureKind::Unsupported`]), or trouble on the wire.
    pub async fn authenticate(&mut self, credentials: &Credentials) -> Result<(), Failure> {
        let mechanism = self.choose_mechanism(credentials)?;
        let Credentials { user, secret, .. } = credentials;
        let reply = match mechanism {
            Mechanism::Plain => {
                let answer = BASE64.encode(format!("\0{user}\0{secret}"));
                let reply = self.auth_line(&format!("AUTH PLAIN {answer}")).await?;
                // Some servers ask all the same.
                if reply.code == 334 { self.auth_line(&answer).await? } else { reply }
            }
            Mechanism::Login => {
                let mut reply = self.auth_line("AUTH LOGIN").await?;
                for answer in [user, secret] {
                    if reply.code != 334 {
                        break;
                    }
                    reply = self.auth_line(&BASE64.encode(answer)).await?;
                }
                reply
            }
            Mechanism::XOAuth2 => {
                let answer = BASE64.encode(format!("user={user}\x01auth=Bearer {secret}\x01\x01"));
                let reply = self.auth_line(&format!("AUTH XOAUTH2 {answer}")).await?;
                // A 334 holds the reason for a refusal; an empty answer brings the refusal itself.
                if reply.code == 334 { self.auth_line("").await? } else { reply }
            }
        };
        match reply.code {
            235 => Ok(()),
            400..600 => Err(Failure::refused(Phase::Auth, reply)),
            _ => {
                let error = SmtpError::ReplyMismatch { said: reply.to_string() };
                Err(Failure::new(Phase::Auth, FailureKind::Garbage, error))
            }
        }
    }

    async fn auth_line(&mut self, line: &str) -> Result<crate::reply::Reply, Failure> {
        self.command(Phase::Auth, line, self.timeouts.auth).await
    }

    fn choose_mechanism(&self, credentials: &Credentials) -> Result<Mechanism, Failure> {
        let offered = &self.capabilities.auth;
        let wanted = match credentials.mechanism {
            Some(one) => vec![one],
            None => vec![Mechanism::Plain, Mechanism::Login],
        };
        let found = wanted.iter().copied().find(|wanted| offered.iter().any(|name| name == wanted.name()));
        found.ok_or_else(|| {
            let names: Vec<&str> = wanted.iter().map(|wanted| wanted.name()).collect();
            let offered = if offered.is_empty() { "-".to_owned() } else { offered.join(", ") };
            let error = SmtpError::LoginUnsupported { wanted: names.join(", "), offered };
            Failure::new(Phase::Auth, FailureKind::Unsupported, error)
        })
    }
}
