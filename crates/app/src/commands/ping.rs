//! `vestnik ping`: whether the pages of this machine are there, for containers and service managers that ask a program.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::cli::PingArgs;
use crate::failure::Failure;

/// How long connecting may take, and each piece of the answer.
const PATIENCE: Duration = Duration::from_secs(5);
const ASK: &[u8] = b"GET /readyz HTTP/1.0\r\nHost: localhost\r\nUser-Agent: vestnik ping\r\n\r\n";

/// Succeeds if it says that it is ready.
pub fn run(args: &PingArgs) -> Result<(), Failure> {
    let address = reachable(args.listen);
    let status = ask(address).map_err(|error| Failure::failed(format!("{address} does not answer: {error}")))?;
    if status.starts_with("HTTP/1.0 200 ") || status.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(Failure::failed(format!("{address} answers: {status}")))
}

/// Where a process that listens on this address is found from here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The first line of the answer.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(ASK)?;
    let mut beginning = Vec::new();
    stream.take(200).read_to_end(&mut beginning)?;
    let text = String::from_utf8_lossy(&beginning);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn answered(with: &'static [u8]) -> Result<(), Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let listen = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), listener.local_addr().expect("bound").port());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("asked");
            let mut asked = vec![0; ASK.len()];
            stream.read_exact(&mut asked).expect("read");
            stream.write_all(with).expect("answered");
        });
        let answered = run(&PingArgs { listen });
        server.join().expect("no panic");
        answered
    }

    #[test]
    fn only_a_page_is_a_sign_of_life() {
        assert!(answered(b"HTTP/1.1 200 OK\r\n\r\n<!doctype html>").is_ok());
        assert!(answered(b"HTTP/1.1 500 Internal Server Error\r\n\r\n").is_err());
        assert!(answered(b"").is_err());
    }
}
