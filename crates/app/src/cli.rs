//! What can be typed. Each command's flags stand here; what it does stands under `commands`.

mod accounts;
mod mailing;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use url::Url;
use vestnik_model::id::MailingId;

pub use self::accounts::{CreateGroupsArgs, CreateUserArgs, ResetPasswordArgs, ResetSecondFactorArgs};
pub use self::mailing::{ControlArgs, CreateMailingArgs, MailingCommand, SendMailingArgs, SendOptions, ShowArgs};
use crate::config::{DataArgs, MailArgs, WatchArgs, WebArgs};

/// Mailings to your recipients, with an account of what became of each
///
/// Settings may be given as flags, as VESTNIK_* variables, or in a .env file in the current folder.
#[derive(Parser, Debug)]
#[command(name = "vestnik", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the commands that make accounts find what is left out.
fn left_out(role: &str) -> String {
    format!(
        "What is left out is asked for on a terminal. Elsewhere it is read from VESTNIK_{role}_EMAIL, \
         VESTNIK_{role}_NAME and VESTNIK_{role}_PASSWORD."
    )
}

/// `vestnik help aliases`
pub const ALIASES: &str = "\
Other names under which commands are known:

  create-admin   create_admin, createadmin, createsuperuser, csu, ccsu
  create-user    create_user
  create-manager create_manager
  create-groups  create_groups, create_manager_group, create_managers
  mailing send   send-mailing, send_mailing, send__mailing
                 (without a number: one pass of the scheduler)
  worker         apscheduler_run";

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the web interface, the scheduler and the sending
    Serve(ServeArgs),
    /// Run the scheduler and the sending, without the web interface
    #[command(alias = "apscheduler_run")]
    Worker(WorkerArgs),
    /// Ask the web interface of this machine for a page; fails if none comes
    Ping(PingArgs),
    /// Try everything: sample data, a mailing sent to the built-in catcher, and the web interface
    Demo(DemoArgs),
    /// Bring the database's schema up to date (every other command does so as well)
    Migrate(MigrateArgs),
    /// Write everything into one file, while the service goes on
    Backup(BackupArgs),
    /// Put a backup into an empty database of either kind; nothing is sent from it until you say so
    Restore(RestoreArgs),
    /// Let an installation that was restored from a backup send mail
    ResumeSending(ResumeSendingArgs),
    /// Look at everything that the service leans on, and say what to do about it
    Doctor(DoctorArgs),
    /// Encrypt stored secrets with this installation's key from now on, when the key they were encrypted with is lost
    AdoptSecretKey(AdoptSecretKeyArgs),
    /// Make an account; its address counts as confirmed
    #[command(alias = "create_user", after_help = left_out("USER"))]
    CreateUser(CreateUserArgs),
    /// Make an account that runs the installation, or let an account that is there do so
    #[command(
        aliases = ["create_admin", "createadmin", "createsuperuser", "csu", "ccsu"], after_help = left_out("ADMIN")
    )]
    CreateAdmin(CreateUserArgs),
    /// Make an account that watches over everyone's mailings, or let an account that is there do so
    #[command(alias = "create_manager", after_help = left_out("MANAGER"))]
    CreateManager(CreateUserArgs),
    /// Give the groups that are there from the start the permissions that they had in the beginning, or make another one
    #[command(aliases = ["create_groups", "create_manager_group", "create_managers"])]
    CreateGroups(CreateGroupsArgs),
    /// Switch off the second factor of someone who has lost it, and sign them out everywhere
    ResetSecondFactor(ResetSecondFactorArgs),
    /// Set another password for an account and sign it out everywhere: the way in when nobody can read its mail
    #[command(alias = "reset_password")]
    ResetPassword(ResetPasswordArgs),
    /// Other names under which commands are known
    #[command(hide = true, long_about = ALIASES, after_help = "")]
    Aliases,
    /// Render a message that may end the process, for the process that asks
    #[command(hide = true)]
    RenderCheck,
    /// Import and export recipients
    #[command(subcommand)]
    Recipients(RecipientsCommand),
    /// Make messages
    #[command(subcommand)]
    Message(MessageCommand),
    /// Make, send and show mailings
    #[command(subcommand)]
    Mailing(MailingCommand),
    /// The same as `mailing send`; without a number, one pass of the scheduler, for cron
    #[command(aliases = ["send_mailing", "send__mailing"])]
    SendMailing(SendMailingArgs),
    /// Export attempts
    #[command(subcommand)]
    Attempts(AttemptsCommand),
}

/// `serve`
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Web.
    #[command(flatten)]
    pub web: WebArgs,
    /// Mail.
    #[command(flatten)]
    pub mail: MailArgs,
    /// Watch.
    #[command(flatten)]
    pub watch: WatchArgs,
}

/// `ping`
#[derive(Args, Debug)]
pub struct PingArgs {
    /// The address and port that it listens on
    #[arg(long, env = "VESTNIK_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
}

/// `worker`
#[derive(Args, Debug)]
pub struct WorkerArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Mail.
    #[command(flatten)]
    pub mail: MailArgs,
    /// Where people reach the service: its host is what mail servers are told, unless --ehlo-name says otherwise
    #[arg(long, env = "VESTNIK_BASE_URL", value_name = "URL")]
    pub base_url: Option<Url>,
    /// Watch.
    #[command(flatten)]
    pub watch: WatchArgs,
}

/// `demo`
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Folder for the demo's data; kept apart from real data
    #[arg(long, default_value = "./data/demo", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Address and port to listen on; if it is taken, a free port is used
    #[arg(long, env = "VESTNIK_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDR:PORT")]
    pub listen: std::net::SocketAddr,
    /// End after the mailing instead of leaving the web interface running
    #[arg(long)]
    pub exit: bool,
}

/// `migrate`
#[derive(Args, Debug)]
pub struct MigrateArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `backup`
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// The file to write, a ZIP archive; it holds secrets
    pub file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
    /// Leave uploaded pictures out
    #[arg(long)]
    pub without_media: bool,
}

/// `restore`
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// The backup
    pub file: PathBuf,
    /// Leave uploaded pictures where they are, and put none back
    #[arg(long)]
    pub without_media: bool,
}

/// `resume-sending`
#[derive(Args, Debug)]
pub struct ResumeSendingArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `adopt-secret-key`
#[derive(Args, Debug)]
pub struct AdoptSecretKeyArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
}

/// `doctor`
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Web.
    #[command(flatten)]
    pub web: WebArgs,
    /// Mail.
    #[command(flatten)]
    pub mail: MailArgs,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `recipients`
#[derive(Subcommand, Debug)]
pub enum RecipientsCommand {
    /// Read recipients from a CSV file; known addresses get the file's names and comments
    Import(ImportArgs),
    /// Write recipients as CSV to standard output
    Export(ExportArgs),
}

/// `recipients import`
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address of the account whose list it is
    #[arg(long, value_name = "EMAIL")]
    pub owner: String,
    /// Write rows that could not be taken, with line and reason, to this CSV file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// The file: any usual delimiter and encoding, headers in Russian or English
    pub file: PathBuf,
}

/// `recipients export`
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address of the account whose list it is
    #[arg(long, value_name = "EMAIL")]
    pub owner: String,
}

/// `message`
#[derive(Subcommand, Debug)]
pub enum MessageCommand {
    /// Make a message; prints its id
    Create(CreateMessageArgs),
    /// List an account's messages, the oldest first
    List(ListArgs),
}

/// `message list`, `mailing list`
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address of the account whose they are
    #[arg(long, value_name = "EMAIL")]
    pub owner: String,
    /// As JSON, an object a line
    #[arg(long)]
    pub json: bool,
}

/// `message create`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("body").required(true).multiple(true).args(["html", "text"]))]
pub struct CreateMessageArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address of the account whose message it is
    #[arg(long, value_name = "EMAIL")]
    pub owner: String,
    /// Subject; may speak of the recipient: {{ recipient.full_name }}
    #[arg(long)]
    pub subject: String,
    /// File with the HTML body
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// File with the text body; made from the HTML if left out
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
}

/// `attempts`
#[derive(Subcommand, Debug)]
pub enum AttemptsCommand {
    /// Write every attempt of a mailing to standard output
    Export(ExportAttemptsArgs),
}

/// `attempts export`
#[derive(Args, Debug)]
pub struct ExportAttemptsArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Of which mailing
    #[arg(long, value_name = "ID")]
    pub mailing: MailingId,
    /// In which form
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}
