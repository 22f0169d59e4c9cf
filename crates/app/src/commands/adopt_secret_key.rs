//! `vestnik adopt-secret-key`

use vestnik_store::secrets::{self, Belonging};

use crate::cli::AdoptSecretKeyArgs;
use crate::failure::Failure;
use crate::{installation, secret_key};

/// Makes this installation's key the database's, whose own is lost, and says what has to be entered anew.
pub async fn run(args: AdoptSecretKeyArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    if secrets::belonging(&db, db.keys()).await? != Belonging::Ours {
        let keys = match secret_key::at_hand(&args.data)? {
            Some(keys) => Some(keys),
            None => secret_key::make(&args.data)?,
        };
        let db = db.clone().with_keys(keys);
        secrets::adopt(&db).await?;
        return tell(&db, &args).await;
    }
    tell(&db, &args).await
}

async fn tell(db: &vestnik_store::Db, args: &AdoptSecretKeyArgs) -> Result<(), Failure> {
    println!("{} from {}", secrets::key_id(db).await?, secret_key::place(&args.data));
    let lost = secret_key::to_enter_anew(&secrets::lost(db).await?);
    if !lost.is_empty() {
        println!("To be entered anew:");
        lost.iter().for_each(|line| println!("  {line}"));
    }
    Ok(())
}
