//! `vestnik mailing list`

use std::io::Write as _;

use serde::Serialize;
use vestnik_model::id::{MailingId, MessageId};
use vestnik_store::mailings;

use crate::cli::ListArgs;
use crate::failure::Failure;
use crate::installation::{self, owner};

/// Mailings that are read at once.
const BATCH: i64 = 500;

/// A mailing as a program reads it.
#[derive(Serialize)]
struct Line<'a> {
    id: MailingId,
    name: &'a str,
    message: MessageId,
    status: &'static str,
    next_at: Option<String>,
    disabled_at: Option<String>,
}

/// Lists an account's mailings, the oldest first.
pub async fn list(args: ListArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let (_, actor) = owner(&db, &args.owner).await?;
    let mut out = std::io::stdout();
    let mut after = MailingId(0);
    loop {
        let batch = mailings::batch_after(&db, &actor, after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.id;
        for mailing in &batch {
            let line = Line {
                id: mailing.id,
                name: &mailing.name,
                message: mailing.message_id,
                status: mailing.status.as_str(),
                next_at: mailing.next_at.map(|at| at.to_string()),
                disabled_at: mailing.disabled_at.map(|at| at.to_string()),
            };
            if args.json {
                writeln!(out, "{}", serde_json::json!(line))?;
            } else {
                let status = if line.disabled_at.is_some() { "disabled" } else { line.status };
                let next = line.next_at.as_deref().unwrap_or("-");
                writeln!(out, "{:<8} {status:<10} {next:<24} {}", line.id.0, line.name)?;
            }
        }
    }
}
