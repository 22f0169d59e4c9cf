//! `vestnik migrate`

use vestnik_store::health;
use vestnik_store::secrets::{self, Belonging};

use crate::cli::MigrateArgs;
use crate::failure::Failure;
use crate::installation;
use crate::outdated::outdated_messages;

/// Brings the schema up to date, and says from where to where, and which messages the upgrade leaves unable to be sent.
pub async fn run(args: MigrateArgs) -> Result<(), Failure> {
    let db = installation::open_unmigrated(&args.data).await?;
    let before = health::look(&db).await?;
    let db = installation::migrated(db, &args.data).await?;
    if secrets::belonging(&db, db.keys()).await? == Belonging::Ours {
        secrets::clear_free_pages(&db).await;
    }
    let outdated = outdated_messages(&db).await?;
    db.close().await;
    let newest = before.newest;
    match before.migration {
        None => println!("the database is new (schema {newest})"),
        Some(step) if step == newest => println!("the database is up to date already (schema {newest})"),
        Some(step) => println!("the database is brought up to date (from schema {step} to {newest})"),
    }
    if !outdated.is_empty() {
        println!("these messages use what the template language no longer has; their owners have to change them:");
        for message in outdated {
            println!("  {message}");
        }
    }
    Ok(())
}
