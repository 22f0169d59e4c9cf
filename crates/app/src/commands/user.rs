//! `vestnik create-user | create-admin | create-manager | create-groups | reset-second-factor`

use vestnik_model::clock::SystemClock;
use vestnik_model::recipient::address;
use vestnik_model::secret::SystemRandom;
use vestnik_model::user::{Registration, User};
use vestnik_model::{BuiltinGroup, Clock as _, GroupDraft, Permission, Problems};
use vestnik_store::audit::Author;
use vestnik_store::groups::Changed;
use vestnik_store::people::Created;
use vestnik_store::{Db, groups, people, users};
use vestnik_web::letters::{Kind, Post};
use vestnik_web::password::hash_password;

use crate::cli::{CreateGroupsArgs, CreateUserArgs, ResetSecondFactorArgs};
use crate::commands::details::Details;
use crate::config::check_base_url;
use crate::failure::Failure;
use crate::installation;

/// Makes an account. Whoever may run this command vouches for the address, so it counts as confirmed.
pub async fn create(args: CreateUserArgs) -> Result<(), Failure> {
    // What is wrong with what was typed is said before anything is made.
    let details = Details::new(&args, "USER");
    let registration = details.registration(None)?;
    let db = installation::open(&args.data).await?;
    let user = made(&db, &registration, BuiltinGroup::Users).await?;
    println!("{}", user.id);
    Ok(())
}

/// Makes an account in a group, or puts the one that is there into it: a script may run this twice.
pub async fn create_in(args: CreateUserArgs, group: BuiltinGroup) -> Result<(), Failure> {
    let details = Details::new(&args, if group == BuiltinGroup::Administrators { "ADMIN" } else { "MANAGER" });
    let email = details.email()?;
    let db = installation::open(&args.data).await?;
    let user = match users::find_by_email(&db, &email).await? {
        // A stranger could have registered with it, and would have the rights with their own password.
        Some(user) if user.confirmed_at.is_none() => {
            let email = &user.email;
            return Err(Failure::failed(format!("{email} has an account whose address is not confirmed yet")));
        }
        Some(user) if user.confirmed_by_catcher => {
            return Err(Failure::failed(format!(
                "{} has an account whose address was confirmed through the mail catcher alone, where anybody could \
                 have done it; set its password with `vestnik reset-password` and give it the group in the web interface",
                user.email
            )));
        }
        Some(user) => {
            people::join(&db, user.id, group, &Author::at_console(SystemClock.now())).await?;
            eprintln!("{} has an account already; its password stays as it is", user.email);
            user
        }
        None => made(&db, &details.registration(Some(email))?, group).await?,
    };
    println!("{}", user.id);
    Ok(())
}

async fn made(db: &Db, registration: &Registration, group: BuiltinGroup) -> Result<User, Failure> {
    let hash =
        hash_password(&registration.password, &SystemRandom).map_err(|error| Failure::failed(error.to_string()))?;
    let author = Author::at_console(SystemClock.now());
    match people::create(db, None, registration, &hash, Some(author.at), group, &author).await? {
        Created::Done(user) => Ok(*user),
        _ => Err(Failure::failed(format!("{} has an account already", registration.email))),
    }
}

/// Gives the groups that are there from the start their permissions again, or makes one that is named.
pub async fn create_groups(args: CreateGroupsArgs) -> Result<(), Failure> {
    let author = Author::at_console(SystemClock.now());
    let Some(name) = &args.name else {
        let db = installation::open(&args.data).await?;
        groups::restore_builtin(&db, &author).await?;
        for (group, members) in groups::all(&db).await? {
            println!("{} ({members}): {}", group.name, permissions(&group.permissions));
        }
        return Ok(());
    };
    let draft = GroupDraft::parse(name, &args.permission)?;
    let db = installation::open(&args.data).await?;
    match groups::create(&db, None, &draft, &author).await? {
        (Changed::Done, _) => println!("{} (0): {}", draft.name, permissions(&draft.permissions)),
        _ => return Err(Failure::failed(format!("there is a group {} already; it stays as it is", draft.name))),
    }
    Ok(())
}

fn permissions(permissions: &[Permission]) -> String {
    permissions.iter().map(|permission| permission.as_str()).collect::<Vec<_>>().join(", ")
}

/// Lets someone in again who has lost their second factor: the last administrator has nobody else to ask.
pub async fn reset_second_factor(args: ResetSecondFactorArgs) -> Result<(), Failure> {
    check_base_url(&args.base_url)?;
    let db = installation::open(&args.data).await?;
    let email = address(&args.email).map_err(|problem| Problems::one("email", problem))?;
    let nobody = || Failure::failed(format!("there is no account with the address {email}"));
    let user = users::find_by_email(&db, &email).await?.ok_or_else(nobody)?;
    let now = SystemClock.now();
    match people::reset_second_factor(&db, None, user.id, &Author::at_console(now)).await? {
        Changed::Done => {}
        _ => return Err(Failure::failed(format!("{} has no second factor", user.email))),
    }
    let service = vestnik_store::installation::read(&db).await?.name;
    let post = Post { db: &db, service, base_url: &args.base_url, random: &SystemRandom, now };
    if let Err(error) = post.send(Kind::FactorReset, &user, "/login").await {
        eprintln!("vestnik: the letter that tells {} could not be queued: {error:?}", user.email);
    }
    println!("{}", user.id);
    Ok(())
}
