//! `vestnik create-user | create-admin | create-manager | create-groups | reset-second-factor`

use clap::Args;
use clap::builder::PossibleValuesParser;
use url::Url;
use vestnik_model::Permission;

use crate::config::DataArgs;

/// `create-groups`
#[derive(Args, Debug)]
pub struct CreateGroupsArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Make a group of this name instead
    #[arg(long, requires = "permission")]
    pub name: Option<String>,
    /// What the members of the new group may
    #[arg(long, num_args = 1.., requires = "name", value_parser = permissions())]
    pub permission: Vec<String>,
}

fn permissions() -> PossibleValuesParser {
    PossibleValuesParser::new(Permission::ALL.iter().map(|permission| permission.as_str()))
}

/// `reset-second-factor`
#[derive(Args, Debug)]
pub struct ResetSecondFactorArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// The person's address
    #[arg(long)]
    pub email: String,
    /// Where people reach the service, for the letter that tells the person
    #[arg(long, env = "VESTNIK_BASE_URL", default_value = "http://127.0.0.1:8000/", value_name = "URL")]
    pub base_url: Url,
}

/// `reset-password`
#[derive(Args, Debug)]
pub struct ResetPasswordArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// The account's address
    #[arg(long)]
    pub email: String,
    /// The new password; other programs can see a flag while this one runs, so better leave it out and be asked
    #[arg(long, env = "VESTNIK_NEW_PASSWORD", hide_env_values = true, conflicts_with = "password_stdin")]
    pub password: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
}

/// `create-user`, `create-admin`, `create-manager`
#[derive(Args, Debug)]
pub struct CreateUserArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// The person's address
    #[arg(long)]
    pub email: Option<String>,
    /// What the person is called
    #[arg(long)]
    pub name: Option<String>,
    /// The password; other programs can see it while this one runs, so better leave it out and be asked
    #[arg(long, conflicts_with = "password_stdin")]
    pub password: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// Language of pages and letters: ru or en [default: the environment's]
    #[arg(long)]
    pub language: Option<vestnik_model::user::Language>,
    /// Time zone in which times are shown
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    pub time_zone: String,
}
