//! What went wrong, where no reply of a server says it: [`SmtpError`]. It has a name and arguments, so that pages can say
//! it in their reader's language; its `Display` is for logs, in English. Replies are kept beside it, as they came.

/// Makes the enum with its names. Every argument is a text.
macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident { $($arg:ident),* } = $id:literal, $words:literal;)+) => {
        /// See the module.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum SmtpError {
            $($(#[$doc])* #[error($words)] $variant {
                $(#[doc = concat!("`", stringify!($arg), "` in its words.")] $arg: String),*
            },)+
        }

        impl SmtpError {
            /// The names of all with those of their arguments.
            pub const ALL: &'static [(&'static str, &'static [&'static str])] = &[$(($id, &[$(stringify!($arg)),*])),+];

            /// A stable name in kebab case, for storage and translation.
            pub fn id(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $id),+ }
            }

            /// What it speaks of, by name.
            pub fn args(self) -> Vec<(&'static str, String)> {
                match self { $(Self::$variant { $($arg),* } => vec![$((stringify!($arg), $arg)),*]),+ }
            }
        }
    };
}

errors! {
    // On the way to the server.
    /// The name has no address, as far as can be found out now.
    NameNotResolved { host, detail } = "smtp-name-not-resolved", "the name {host} cannot be resolved: {detail}";
    /// No answer from the name servers in time.
    NameTimedOut { host } = "smtp-name-timed-out", "looking up {host} took too long";
    /// The machine is there and takes no connections on this port.
    ConnectionRefused { server } = "smtp-connection-refused", "{server} refused the connection";
    /// There is no way to the machine.
    HostUnreachable { server } = "smtp-host-unreachable", "there is no route to {server}";
    /// No answer to the request for a connection in time.
    ConnectTimedOut { server } = "smtp-connect-timed-out", "{server} did not answer in time";
    /// Any other error of the system.
    ConnectFailed { server, detail } = "smtp-connect-failed", "cannot connect to {server}: {detail}";

    // Encryption.
    /// The certificate was issued by nobody who is trusted, as a self-signed one is.
    CertificateUntrusted { host } = "smtp-certificate-untrusted",
        "the certificate of {host} was not issued by a trusted authority";
    /// The certificate is another host's.
    CertificateWrongName { host } = "smtp-certificate-wrong-name", "the certificate is not valid for the name {host}";
    /// The certificate's time is over.
    CertificateExpired { host } = "smtp-certificate-expired", "the certificate of {host} has expired";
    /// The certificate's time has not begun.
    CertificateNotYetValid { host } = "smtp-certificate-not-yet-valid", "the certificate of {host} is not valid yet";
    /// The certificate was revoked.
    CertificateRevoked { host } = "smtp-certificate-revoked", "the certificate of {host} has been revoked";
    /// The certificate does not hold for another reason.
    CertificateInvalid { host, detail } = "smtp-certificate-invalid", "the certificate of {host} is not valid: {detail}";
    /// No common version or cipher, or not TLS at all.
    TlsFailed { host, detail } = "smtp-tls-failed", "no secure connection to {host}: {detail}";
    /// A port for TLS from the first byte is configured, and the server greets in plain text there.
    TlsNotAtOnce { host, port } = "smtp-tls-not-at-once",
        "{host} speaks no TLS at once on port {port}; smtp:// with starttls=required encrypts there, smtps:// is for a \
         port such as 465";
    /// It offered STARTTLS and went on in plain text.
    TlsNotSpoken { host, port } = "smtp-tls-not-spoken",
        "{host} offers STARTTLS on port {port}, and then does not speak TLS";
    /// The handshake took too long.
    TlsTimedOut { host } = "smtp-tls-timed-out", "the TLS handshake with {host} took too long";
    /// This machine has no certificate authorities.
    TlsUnavailable { detail } = "smtp-tls-unavailable", "TLS cannot be set up on this machine: {detail}";
    /// The configuration demands STARTTLS.
    StartTlsMissing {} = "smtp-starttls-missing", "the server does not offer STARTTLS";
    /// Plain text behind the answer to STARTTLS.
    StartTlsInjection {} = "smtp-starttls-injection", "plain text followed the answer to STARTTLS";

    // Logging in, and being let in.
    /// A password would have gone in clear text.
    PasswordUnprotected {} = "smtp-password-unprotected",
        "the server offers no encryption, so the password was not sent; \
         use smtps://, or starttls=off to send it in clear text";
    /// No mechanism that both know.
    LoginUnsupported { wanted, offered } = "smtp-login-unsupported",
        "the server does not offer AUTH {wanted} (it offers: {offered})";
    /// The reply says why.
    LoginRefused {} = "smtp-login-refused", "the server refused the login";
    /// The reply says why.
    SessionRefused {} = "smtp-session-refused", "the server refused the session";
    /// The reply says why.
    StartTlsRefused {} = "smtp-starttls-refused", "the server refused STARTTLS";

    // The conversation.
    /// The server ended the connection.
    ConnectionClosed {} = "smtp-connection-closed", "the server closed the connection";
    /// The network ended it.
    ConnectionLost { detail } = "smtp-connection-lost", "the connection was lost: {detail}";
    /// No reply in time; the phase says to what.
    ReplyTimedOut { phase } = "smtp-reply-timed-out", "the server did not answer in time (phase: {phase})";
    /// A part of a reply came, and not its end.
    ReplyUnfinished { phase } = "smtp-reply-unfinished", "the server did not finish its answer in time (phase: {phase})";
    /// It stopped reading.
    WriteTimedOut { phase } = "smtp-write-timed-out",
        "the server did not take what was sent in time (phase: {phase})";
    /// Another protocol, or none.
    ReplyMalformed {} = "smtp-reply-malformed", "the server's answer is not an SMTP reply";
    /// See RFC 5321, 4.2.1.
    ReplyCodesDiffer {} = "smtp-reply-codes-differ", "the lines of the server's reply carry different codes";
    /// More than anyone needs.
    ReplyTooLong {} = "smtp-reply-too-long", "the server's reply is too long";
    /// A reply to nothing.
    ReplyUnasked { said } = "smtp-reply-unasked", "the server answered unasked: {said}";
    /// Something that is no whole reply, at a moment when nothing was asked.
    SpokeUnasked {} = "smtp-spoke-unasked", "the server spoke unasked";
    /// A reply that the command cannot have.
    ReplyMismatch { said } = "smtp-reply-mismatch", "the reply does not match the command: {said}";
    /// Replies to several commands that cannot be.
    RepliesMismatch { said } = "smtp-replies-mismatch", "the replies do not match the commands: {said}";
    /// What belongs to which command is not known any more.
    TooManyReplies {} = "smtp-too-many-replies", "the server sent more replies than there were commands";

    // The message.
    /// Not all addresses can be written in ASCII.
    NeedsSmtpUtf8 {} = "smtp-needs-smtputf8", "the address needs SMTPUTF8, which the server does not know";
    /// The message has octets above 127.
    NeedsEightBit {} = "smtp-needs-8bitmime", "the message needs 8BITMIME, which the server does not know";
    /// The server said beforehand what it takes.
    MessageTooLarge { size, limit } = "smtp-message-too-large",
        "the message has {size} octets, the server takes {limit}";

    // Our own doing.
    /// Another message came first and ended it.
    SessionEnded {} = "smtp-session-ended", "the session had already ended";
    /// The server waited for another message.
    OtherAnnounced {} = "smtp-other-announced", "another message had been announced on this connection";
    /// What is asked before each final dot said no.
    StoppedBeforeDot { detail } = "smtp-stopped-before-dot", "stopped before the final dot: {detail}";
}

impl From<crate::reply::ReplyError> for SmtpError {
    fn from(error: crate::reply::ReplyError) -> Self {
        use crate::reply::ReplyError;
        match error {
            ReplyError::Malformed => Self::ReplyMalformed {},
            ReplyError::CodesDiffer => Self::ReplyCodesDiffer {},
            ReplyError::TooLong => Self::ReplyTooLong {},
        }
    }
}
