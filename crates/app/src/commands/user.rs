//! `vestnik create-user`

use std::io::{IsTerminal as _, Read as _};

use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_model::secret::SystemRandom;
use vestnik_model::user::Registration;
use vestnik_store::users;
use vestnik_web::password::hash_password;

use crate::cli::CreateUserArgs;
use crate::failure::{Failure, language};
use crate::installation;

/// Makes an account. Whoever may run this command vouches for the address, so it counts as confirmed.
pub async fn create(args: CreateUserArgs) -> Result<(), Failure> {
    let password = password(&args)?;
    let registration = Registration::parse(
        &args.email,
        &args.name,
        &password,
        args.language.unwrap_or_else(language),
        &args.time_zone,
    )?;
    let hash =
        hash_password(&registration.password, &SystemRandom).map_err(|error| Failure::failed(error.to_string()))?;
    let db = installation::open(&args.data).await?;
    let now = SystemClock.now();
    match users::create(&db, &registration, &hash, Some(now), now).await? {
        Some(user) => {
            println!("{}", user.id);
            Ok(())
        }
        None => Err(Failure::failed(format!("{} has an account already", registration.email))),
    }
}

/// From the flag, from standard input, or asked for without echo.
fn password(args: &CreateUserArgs) -> Result<String, Failure> {
    if let Some(password) = &args.password {
        return Ok(password.clone());
    }
    if args.password_stdin {
        let mut text = String::new();
        std::io::stdin().take(4_096).read_to_string(&mut text)?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::misused("a password is wanted: --password-stdin reads it from standard input"));
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Again: ")? != password {
        return Err(Failure::failed("the two passwords differ"));
    }
    Ok(password)
}
