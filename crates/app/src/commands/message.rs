//! `vestnik message create | list`

use std::io::Write as _;
use std::path::Path;

use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_model::id::MessageId;
use vestnik_model::message::MessageDraft;
use vestnik_store::messages;

use crate::cli::{CreateMessageArgs, ListArgs, MessageCommand};
use crate::failure::Failure;
use crate::installation::{self, owner};

/// Messages that are read at once, with their bodies.
const BATCH: i64 = 100;

/// Dispatches.
pub async fn run(command: MessageCommand) -> Result<(), Failure> {
    match command {
        MessageCommand::Create(args) => create(args).await,
        MessageCommand::List(args) => list(args).await,
    }
}

async fn create(args: CreateMessageArgs) -> Result<(), Failure> {
    let html = args.html.as_deref().map(read).transpose()?.unwrap_or_default();
    let text = args.text.as_deref().map(read).transpose()?.unwrap_or_default();
    let draft = MessageDraft::parse(&args.subject, &html, &text)?;
    let db = installation::open_existing(&args.data).await?;
    let (_, actor) = owner(&db, &args.owner).await?;
    println!("{}", messages::create(&db, &actor, &draft, SystemClock.now()).await?);
    Ok(())
}

async fn list(args: ListArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let (_, actor) = owner(&db, &args.owner).await?;
    let mut out = std::io::stdout();
    let mut after = MessageId(0);
    loop {
        let batch = messages::batch_after(&db, &actor, after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = last.id;
        for message in &batch {
            let changed = message.updated_at.to_string();
            if args.json {
                let line = serde_json::json!({ "id": message.id, "subject": message.subject, "changed_at": changed });
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "{:<8} {changed:<24} {}", message.id.0, message.subject)?;
            }
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("{} cannot be read: {error}", path.display())))
}
