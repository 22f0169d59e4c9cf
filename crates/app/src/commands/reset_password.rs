//! `vestnik reset-password`

use vestnik_model::clock::SystemClock;
use vestnik_model::password::check_password;
use vestnik_model::recipient::address;
use vestnik_model::secret::SystemRandom;
use vestnik_model::{Clock as _, Problems};
use vestnik_store::audit::Author;
use vestnik_store::users;
use vestnik_web::password::hash_password;

use super::details::new_password;
use crate::cli::ResetPasswordArgs;
use crate::failure::Failure;
use crate::installation;

/// Sets another password for an account, and ends its sessions and links. A second factor stays, unless the address was
/// never confirmed; `reset-second-factor` removes it.
pub async fn run(args: ResetPasswordArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let email = address(&args.email).map_err(|problem| Problems::one("email", problem))?;
    let nobody = || Failure::failed(format!("there is no account with the address {email}"));
    let user = users::find_by_email(&db, &email).await?.ok_or_else(nobody)?;
    let typed = new_password(args.password.as_deref(), args.password_stdin)?;
    let typed =
        check_password(&typed, &user.email, &user.name).map_err(|problem| Problems::one("password", problem))?;
    let hash = hash_password(&typed, &SystemRandom).map_err(|error| Failure::failed(error.to_string()))?;
    if !users::reset_password(&db, user.id, &hash, &Author::at_console(SystemClock.now())).await? {
        return Err(nobody());
    }
    if user.blocked_at.is_some() {
        eprintln!("{} is blocked and cannot sign in until an administrator unblocks it", user.email);
    }
    if user.second_factor_at.is_some() && user.confirmed_at.is_some() {
        eprintln!("{} signs in with a second factor as before; `vestnik reset-second-factor` removes it", user.email);
    }
    println!("{}", user.id);
    Ok(())
}
