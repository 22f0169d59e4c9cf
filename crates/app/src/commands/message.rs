//! `vestnik message create`

use std::path::Path;

use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_model::message::MessageDraft;
use vestnik_store::messages;

use crate::cli::{CreateMessageArgs, MessageCommand};
use crate::failure::Failure;
use crate::installation::{self, owner};

/// Dispatches.
pub async fn run(command: MessageCommand) -> Result<(), Failure> {
    let MessageCommand::Create(args) = command;
    create(args).await
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

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("{} cannot be read: {error}", path.display())))
}
