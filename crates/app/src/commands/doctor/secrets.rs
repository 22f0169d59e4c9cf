//! The key that stored secrets are encrypted with, and whether it decrypts them.

use std::os::unix::fs::PermissionsExt as _;

use vestnik_store::Db;
use vestnik_store::secrets::{self, Belonging};

use super::Finding;
use crate::cli::DoctorArgs;
use crate::secret_key::{self, Place};

const CHECK: &str = "secret key";

/// Looks at both.
pub async fn look(args: &DoctorArgs, db: Option<&Db>) -> Vec<Finding> {
    let Some(db) = db else { return Vec::new() };
    let place = secret_key::place(&args.data);
    let id = match secrets::key_id(db).await {
        Ok(id) => id,
        Err(error) => return vec![Finding::problem(CHECK, error.to_string(), "see above")],
    };
    let mut findings = vec![match secrets::belonging(db, db.keys()).await {
        Ok(Belonging::Nobody) => Finding::ok(CHECK, "none yet; starting the service makes one"),
        Ok(Belonging::Another(id)) => Finding::problem(
            CHECK,
            format!("the database's secrets are encrypted with the key {id}, which is not in {place}"),
            "copy secret.key from the data folder of the process that made it, or give every process the same \
             VESTNIK_SECRET_KEY_FILE; if the key is lost: vestnik adopt-secret-key",
        ),
        Ok(Belonging::Ours) => ours(&id, &place, db),
        Err(error) => Finding::problem(CHECK, error.to_string(), "see above"),
    }];
    match secrets::lost(db).await {
        Ok(lost) if !lost.is_empty() => {
            let lost = secret_key::to_enter_anew(&lost);
            let found = format!("not decrypted by any key at hand: {}", lost.len());
            findings.push(Finding::warning(CHECK, found, format!("enter anew {}", lost.join("; "))));
        }
        Ok(_) => {}
        Err(error) => findings.push(Finding::problem(CHECK, error.to_string(), "see above")),
    }
    findings
}

fn ours(id: &str, place: &Place, db: &Db) -> Finding {
    if let Place::File(path) = place
        && let Ok(found) = path.metadata()
        && found.permissions().mode() & 0o077 != 0
    {
        let mode = found.permissions().mode() & 0o777;
        let found = format!("{place} can be read by others (mode {mode:o})");
        return Finding::warning(CHECK, found, format!("chmod 600 {place}"));
    }
    if db.keys().is_some_and(|keys| keys.id() != id) {
        let found = format!("{place} has a new key, and secrets are still encrypted with {id}");
        return Finding::warning(CHECK, found, "restart the service, and keep the old key until this is gone");
    }
    Finding::ok(CHECK, format!("{id} from {place}; keep a copy of it apart from the backups, which do not hold it"))
}
