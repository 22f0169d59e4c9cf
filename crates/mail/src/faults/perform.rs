//! Saying the right thing, or the wrong one.

use std::{future::pending, io};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    time::sleep,
};

use super::Action;

/// What was said, as the rest of the server is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Yes: 2xx or 3xx.
    Meant,
    /// No.
    Refused,
    /// Nothing more will be said.
    Ended,
}

impl Said {
    pub(super) fn is_positive(self) -> bool {
        self == Said::Meant
    }

    fn of(reply: &str) -> Self {
        if reply.starts_with(['2', '3']) { Said::Meant } else { Said::Refused }
    }
}

/// Does `action`, where `reply` would be right.
pub(super) async fn perform(stream: &mut (impl AsyncWrite + Unpin), action: Action, reply: &str) -> io::Result<Said> {
    let right = lines(reply);
    match action {
        Action::Proceed => send(stream, right.as_bytes()).await?,
        Action::Reply(other) => {
            send(stream, lines(&other).as_bytes()).await?;
            return Ok(Said::of(&other));
        }
        Action::Bytes(bytes) => {
            send(stream, &bytes).await?;
            return Ok(Said::of(&String::from_utf8_lossy(&bytes)));
        }
        Action::Also(bytes) => send(stream, &[right.as_bytes(), &bytes].concat()).await?,
        Action::Skip => {}
        Action::Silence | Action::AcceptAndSilence => return pending().await,
        Action::Trickle(pause) => {
            for byte in right.bytes() {
                sleep(pause).await;
                send(stream, &[byte]).await?;
            }
        }
        Action::Delay(pause) => {
            sleep(pause).await;
            send(stream, right.as_bytes()).await?;
        }
        Action::ReplyAndSilence(other) => {
            send(stream, lines(&other).as_bytes()).await?;
            return pending().await;
        }
        Action::Drop | Action::AcceptAndDrop => return Ok(Said::Ended),
        Action::ReplyAndDrop(other) => {
            send(stream, lines(&other).as_bytes()).await?;
            stream.shutdown().await?;
            return Ok(Said::Ended);
        }
        Action::Flood => {
            let line = format!("250-{}\r\n", "x".repeat(100));
            for _ in 0..10 * 1_024 * 1_024 / line.len() {
                stream.write_all(line.as_bytes()).await?;
            }
            stream.flush().await?;
            return Ok(Said::Refused);
        }
    }
    Ok(Said::of(reply))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Each line ended by CRLF. A reply of several lines given without hyphens gets them.
fn lines(reply: &str) -> String {
    let all: Vec<&str> = reply.split('\n').collect();
    let mut out = String::with_capacity(reply.len() + 2);
    for (at, line) in all.iter().enumerate() {
        match (line.get(..3), line.get(4..)) {
            (Some(code), rest) if at + 1 < all.len() => {
                out.push_str(code);
                out.push('-');
                out.push_str(rest.unwrap_or_default());
            }
            _ => out.push_str(line),
        }
        out.push_str("\r\n");
    }
    out
}
