//! Against somebody else's server: Python's aiosmtpd, with STARTTLS and AUTH.
//!
//! The interpreter is `$VESTNIK_TEST_PYTHON`, `python3` by default; it must have the module `aiosmtpd`.

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use common::{address, in_time, short};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use vestnik_mail::{
    message::{HeaderText, Mail, Mailbox, MessageId},
    relay::{Relay, Tls, connect},
    session::{Envelope, Hello, Outgoing},
    verdict::{Blame, Phase, Verdict},
};

const SERVER: &str = r#"
import asyncio, base64, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("no@"):
            return "550 5.1.1 No such user"
        if address.startswith("later@"):
            return "451 4.7.1 Come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "ssl": session.ssl is not None,
                          "user": session.auth_data and session.auth_data.login.decode(),
                          "bytes": base64.b64encode(envelope.original_content).decode()}), flush=True)
        return "554 5.7.1 Spam" if b"Spam" in envelope.original_content else "250 2.0.0 OK"

def check(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"anna" and data.password == b"secret", handled=False, auth_data=data)

async def main(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    factory = lambda: SMTP(Handler(), tls_context=context, require_starttls=True, authenticator=check,
                           auth_required=True, enable_SMTPUTF8=True, data_size_limit=1000000)
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main(sys.argv[1], sys.argv[2]))
"#;

/// The server's process; it ends with this.
struct Server {
    child: Child,
    output: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(certificate: &std::path::Path, key: &std::path::Path) -> Self {
        let python = std::env::var("VESTNIK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let has = Command::new(&python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        assert!(
            has.is_ok_and(|status| status.success()),
            "{python} has no module aiosmtpd; install it, or name an interpreter that has it in VESTNIK_TEST_PYTHON"
        );
        let mut child = Command::new(python)
            .args(["-c", SERVER])
            .args([certificate, key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it ran a moment ago");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, output }
    }

    fn line(&mut self) -> String {
        self.output.next().expect("the server runs").expect("it speaks UTF-8")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aiosmtpd_takes_our_mail() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate can be made");
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::File::create(&certificate).and_then(|mut file| file.write_all(cert.pem().as_bytes())).expect("written");
    std::fs::File::create(&key)
        .and_then(|mut file| file.write_all(signing_key.serialize_pem().as_bytes()))
        .expect("written");
    let mut server = Server::start(&certificate, &key);
    let port = server.line();

    let tls = Tls::with_extra_roots([cert.der().to_vec()]).expect("a certificate");
    let relay = |user: &str, auth: &str| {
        Relay::parse(&format!("smtp://{user}@localhost:{port}?starttls=required&auth={auth}")).expect("a URL")
    };
    let mut timeouts = short();
    timeouts.greeting *= 10;
    timeouts.dot *= 10;

    let refused = in_time(connect(&relay("anna:wrong", "plain"), &tls, &Hello::default(), &timeouts)).await;
    let refused = refused.map(drop).expect_err("the password is wrong");
    assert_eq!(refused.phase, Phase::Auth);
    assert!(refused.needs_attention(), "{refused:?}");

    for auth in ["plain", "login"] {
        let mut session =
            in_time(connect(&relay("anna:secret", auth), &tls, &Hello::default(), &timeouts)).await.expect("connects");
        let from = Mailbox::named(HeaderText::new("Анна").expect("a name"), address("anna@example.com"));
        let cases = [
            ("one@example.com", "Привет", Verdict::Accepted, Blame::Nobody),
            ("no@example.com", "Привет", Verdict::Never, Blame::Recipient),
            ("later@example.com", "Привет", Verdict::Later, Blame::Recipient),
            ("two@example.com", "Spam", Verdict::Never, Blame::Message),
            ("иван@почта.рф", "Привет", Verdict::Accepted, Blame::Nobody),
            ("three@example.com", "Привет\n.\n..\n", Verdict::Accepted, Blame::Nobody),
        ];
        let envelopes: Vec<Envelope> =
            cases.iter().map(|(to, ..)| Envelope::new(&address("anna@example.com"), &address(to))).collect();
        for (at, (to, text, verdict, blame)) in cases.into_iter().enumerate() {
            let mut body = Vec::new();
            Mail {
                from: &from,
                to: &Mailbox::new(address(to)),
                subject: &HeaderText::new("Тема").expect("a subject"),
                text: Some(text),
                html: None,
                parts: &[],
                message_id: &MessageId::new("1@example.com").expect("an id"),
                date_ms: 0,
                extra: &[],
            }
            .write(&mut body);
            let message = Outgoing { envelope: &envelopes[at], body: &body };
            let sent = in_time(session.send(&message, envelopes.get(at + 1), || Ok(()))).await;
            assert_eq!((sent.verdict, sent.blame, sent.usable), (verdict, blame, true), "{to}: {sent:?}");
            if sent.phase == Phase::Dot {
                let seen: serde_json::Value = serde_json::from_str(&server.line()).expect("JSON");
                assert_eq!(seen["to"][0], envelopes[at].to());
                assert_eq!((&seen["ssl"], &seen["user"]), (&true.into(), &"anna".into()));
                let bytes = BASE64.decode(seen["bytes"].as_str().expect("text")).expect("base64");
                assert_eq!(bytes, body);
            }
        }
        in_time(session.quit()).await;
    }
}
