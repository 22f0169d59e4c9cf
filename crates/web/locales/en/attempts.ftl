# What went wrong with an attempt, where no reply of the mail server says it.

smtp-name-not-resolved = The name { $host } could not be resolved.
smtp-name-timed-out = Looking up the name { $host } took too long.
smtp-connection-refused = The mail server { $server } refused the connection.
smtp-host-unreachable = There is no network route to the mail server { $server }.
smtp-connect-timed-out = The mail server { $server } did not accept the connection in time.
smtp-connect-failed = Could not connect to the mail server { $server } ({ $detail }).
smtp-certificate-untrusted = The certificate of { $host } was not issued by a trusted authority.
smtp-certificate-wrong-name = The certificate of the mail server is not valid for the name { $host }.
smtp-certificate-expired = The certificate of { $host } has expired.
smtp-certificate-not-yet-valid = The certificate of { $host } is not valid yet.
smtp-certificate-revoked = The certificate of { $host } has been revoked.
smtp-certificate-invalid = The certificate of { $host } is not valid ({ $detail }).
smtp-tls-failed = Could not set up an encrypted connection to { $host } ({ $detail }).
smtp-tls-not-at-once = { $host } does not speak TLS from the start on port { $port }. Choose STARTTLS for this port, or a port such as 465.
smtp-tls-not-spoken = { $host } offered STARTTLS on port { $port } and then did not speak TLS.
smtp-tls-timed-out = Setting up an encrypted connection to { $host } took too long.
smtp-tls-unavailable = Encrypted connections are not possible on this machine ({ $detail }).
smtp-starttls-missing = The mail server does not offer STARTTLS, which the settings require.
smtp-starttls-injection = Unencrypted text followed the mail server’s answer to STARTTLS, so the connection was closed.
smtp-password-unprotected = The mail server offers no encryption, so the password was not sent.
smtp-login-unsupported = The mail server does not offer the login method { $wanted }. It offers: { $offered }.
smtp-login-refused = The mail server rejected the user name or password.
smtp-session-refused = The mail server refused the session.
smtp-starttls-refused = The mail server refused to start encryption.
smtp-connection-closed = The mail server closed the connection.
smtp-connection-lost = The connection to the mail server was lost.
smtp-reply-timed-out = The mail server did not answer in time ({ $phase ->
    [greeting] after the connection was made
    [ehlo] to EHLO
    [starttls] to STARTTLS
    [auth] to the login
    [reset] to RSET
    [mail-from] to the sender’s address
    [rcpt-to] to the recipient’s address
    [data] to DATA
    [body] while the message was being sent
    [dot] after the whole message had been sent
   *[other] during { $phase }
}).
smtp-reply-unfinished = The mail server did not finish its answer in time ({ $phase ->
    [greeting] after the connection was made
    [ehlo] to EHLO
    [starttls] to STARTTLS
    [auth] to the login
    [reset] to RSET
    [mail-from] to the sender’s address
    [rcpt-to] to the recipient’s address
    [data] to DATA
    [body] while the message was being sent
    [dot] after the whole message had been sent
   *[other] during { $phase }
}).
smtp-write-timed-out = The mail server stopped reading what was sent ({ $phase ->
    [body] in the middle of the message
    [dot] at the end of the message
   *[other] during { $phase }
}).
smtp-reply-malformed = The mail server’s answer is not an SMTP reply.
smtp-reply-codes-differ = The lines of one answer of the mail server have different codes.
smtp-reply-too-long = The mail server’s answer is too long.
smtp-reply-unasked = The mail server sent a reply that nothing had asked for: { $said }
smtp-spoke-unasked = The mail server sent something that nothing had asked for.
smtp-reply-mismatch = The mail server’s reply does not fit the command: { $said }
smtp-replies-mismatch = The mail server’s replies do not fit the commands: { $said }
smtp-too-many-replies = The mail server sent more replies than there were commands.
smtp-needs-smtputf8 = The address has characters that the mail server cannot handle (it does not support SMTPUTF8).
smtp-needs-8bitmime = The message has characters that the mail server cannot handle (it does not support 8BITMIME).
smtp-message-too-large = The message is { $size } bytes long; the mail server takes { $limit }.
smtp-session-ended = The session with the mail server had already ended.
smtp-other-announced = The mail server was waiting for another message.
smtp-stopped-before-dot = This service stopped before the message was complete ({ $detail }).

delivery-error-render = The message cannot be rendered. { $problem }
delivery-error-address = The recipient’s address cannot be used in an email.
delivery-error-subject = The subject cannot be used in an email.
delivery-error-identifier = The Message-ID cannot be used in an email.
delivery-error-process-ended = The sending process ended before the mail server answered.
delivery-error-process-lost = The sending process was lost together with the mail server’s answer.
delivery-error-ended-while-rendered = The sending process ended while this email was being rendered. It could not be determined whether the message was the cause.
delivery-error-internal = An internal error of the service. Its log has the details.
delivery-error-before-backup = The email was being sent when the backup was made. Only the original installation knows its outcome.
delivery-error-other = Unknown error: { $id }
