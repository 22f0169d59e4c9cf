//! The built-in mail catcher's memory: keeps every mail in the tables, many in one commit.

use std::sync::Arc;

use mail_parser::MessageParser;
use tokio::sync::{mpsc, oneshot};
use vestnik_mail::catcher::{Caught, Sink};
use vestnik_model::Clock;
use vestnik_store::Db;
use vestnik_store::caught::{self, NewCaught};

/// Mails that may wait for a commit.
const CAPACITY: usize = 1_000;
/// Mails in one commit.
const LARGEST_COMMIT: usize = 500;

type Waiting = (NewCaught, oneshot::Sender<bool>);

/// Where the catcher's SMTP server puts what it takes. It answers when the mail is committed: the ledger says *sent*
/// only of mails that can be read.
pub struct Keeper {
    mails: mpsc::Sender<Waiting>,
    clock: Arc<dyn Clock>,
}

impl Keeper {
    /// Starts keeping mails; ends when the keeper is dropped.
    pub fn start(db: Db, clock: Arc<dyn Clock>) -> Self {
        let (mails, waiting) = mpsc::channel(CAPACITY);
        tokio::spawn(keep(db, waiting));
        Self { mails, clock }
    }
}

impl Sink for Keeper {
    async fn accept(&self, caught: Caught) -> Result<String, String> {
        let refused = || "The mail could not be kept".to_owned();
        let message = MessageParser::new().parse_headers(caught.bytes.as_slice()).unwrap_or_default();
        let subject = message.subject().unwrap_or_default().to_owned();
        let message_id = message.message_id().unwrap_or_default().to_owned();
        let mail = NewCaught {
            sender: caught.from,
            recipient: caught.to.join(", "),
            subject,
            message_id,
            raw: caught.bytes,
            caught_at: self.clock.now(),
        };
        let (done, kept) = oneshot::channel();
        self.mails.send((mail, done)).await.map_err(|_| refused())?;
        match kept.await {
            Ok(true) => Ok("Caught: kept here and sent to nobody".to_owned()),
            _ => Err(refused()),
        }
    }
}

async fn keep(db: Db, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(LARGEST_COMMIT);
    while waiting.recv_many(&mut batch, LARGEST_COMMIT).await > 0 {
        let (mails, done): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let kept = caught::insert(&db, mails).await;
        if let Err(error) = &kept {
            tracing::error!(%error, "caught mails could not be kept");
        }
        for waiting in done {
            let _ = waiting.send(kept.is_ok());
        }
    }
}
