//! `vestnik migrate`

use crate::cli::MigrateArgs;
use crate::failure::Failure;
use crate::installation;

/// Brings the schema up to date, which opening does.
pub async fn run(args: MigrateArgs) -> Result<(), Failure> {
    installation::open(&args.data).await?.close().await;
    println!("the database is up to date");
    Ok(())
}
