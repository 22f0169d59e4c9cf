//! What can be typed. Each command's flags stand here; what it does stands under `commands`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use url::Url;
use vestnik_model::id::{MailingId, MessageId};

use crate::config::{DataArgs, MailArgs, UndoArgs, WatchArgs, WebArgs};

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

/// `vestnik help aliases`
pub const ALIASES: &str = "\
Other names under which commands are known:

  create-admin   create_admin, createadmin, createsuperuser, csu, ccsu
  create-user    create_user
  create-manager create_manager
  create-groups  create_groups, create_manager_group, create_managers
  mailing send   send-mailing, send_mailing
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
    #[command(alias = "create_user")]
    CreateUser(CreateUserArgs),
    /// Make an account that runs the installation, or let an account that is there do so
    #[command(aliases = ["create_admin", "createadmin", "createsuperuser", "csu", "ccsu"])]
    CreateAdmin(CreateUserArgs),
    /// Make an account that watches over everyone's mailings, or let an account that is there do so
    #[command(alias = "create_manager")]
    CreateManager(CreateUserArgs),
    /// Give the groups that are there from the start the permissions that they had in the beginning
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
    /// The same as `mailing send`
    #[command(hide = true, alias = "send_mailing")]
    SendMailing(SendArgs),
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

/// `create-groups`
#[derive(Args, Debug)]
pub struct CreateGroupsArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
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
    pub email: String,
    /// What the person is called
    #[arg(long)]
    pub name: String,
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

/// `mailing`
#[derive(Subcommand, Debug)]
pub enum MailingCommand {
    /// Make a mailing; prints its id
    Create(CreateMailingArgs),
    /// Send a mailing now; an unfinished run of it goes on
    Send(SendArgs),
    /// List an account's mailings, the oldest first
    List(ListArgs),
    /// Show a mailing and its newest run
    Show(ShowArgs),
    /// Halt what is being sent; `resume` goes on where it stood
    Pause(ControlArgs),
    /// Go on with what was paused
    Resume(ControlArgs),
    /// Call off what is being sent; what has not gone out will not
    Cancel(ControlArgs),
    /// Cancel all planned sendings, and what is being sent, until the mailing is enabled
    Disable(DisableArgs),
    /// Let a disabled mailing be sent again, from its next occurrence on
    Enable(ControlArgs),
    /// Send the newest run again to those to whom it failed
    RetryFailed(ControlArgs),
    /// Send the newest run again to all who have not got it for sure: failed, expired, cancelled
    SendMissed(ControlArgs),
    /// Send the newest run again to those of whom it is not known; some may get a second copy
    ResendUnknown(ControlArgs),
}

/// `mailing pause` and its kin
#[derive(Args, Debug)]
pub struct ControlArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Which mailing
    pub id: MailingId,
}

/// `mailing disable`
#[derive(Args, Debug)]
pub struct DisableArgs {
    /// Which.
    #[command(flatten)]
    pub control: ControlArgs,
    /// Why, for its owner to read
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
}

/// `mailing create`
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("audience").required(true).args(["all_recipients", "recipients_from"]))]
pub struct CreateMailingArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address of the account whose mailing it is
    #[arg(long, value_name = "EMAIL")]
    pub owner: String,
    /// Which message is sent
    #[arg(long, value_name = "ID")]
    pub message: MessageId,
    /// To everyone in the list, whoever that is when it is sent
    #[arg(long)]
    pub all_recipients: bool,
    /// To those named in this file: a CSV with an email column, or an address a line
    #[arg(long, value_name = "FILE")]
    pub recipients_from: Option<PathBuf>,
    /// What the mailing is called [default: the message's subject]
    #[arg(long, default_value = "")]
    pub name: String,
    /// First sending: `2026-11-24 10:00` in the time zone, or RFC 3339 [default: only when it is sent by hand]
    #[arg(long, value_name = "TIME", default_value = "")]
    pub start: String,
    /// End of the window: nothing is sent from then on
    #[arg(long, value_name = "TIME", default_value = "")]
    pub end: String,
    /// Repeat: daily, weekly or monthly
    #[arg(long, value_name = "HOW", default_value = "once", value_parser = ["once", "daily", "weekly", "monthly"])]
    pub repeat: String,
    /// Time zone that times are read and repeated in [default: the account's]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Messages that were handed over without an answer: hold them for a person to decide, or send them again
    #[arg(long, value_name = "POLICY", default_value = "hold", value_parser = ["hold", "resend"])]
    pub unknown: String,
    /// Begin at once although the start lies more than a day in the past
    #[arg(long)]
    pub past_start: bool,
    /// Undo.
    #[command(flatten)]
    pub undo: UndoArgs,
}

/// `mailing send`
#[derive(Args, Debug)]
pub struct SendArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Mail.
    #[command(flatten)]
    pub mail: MailArgs,
    /// Which mailing
    pub id: MailingId,
    /// End when every delivery has its final state, waiting through retries
    #[arg(long)]
    pub wait: bool,
}

/// `mailing show`
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Which mailing
    pub id: MailingId,
    /// As JSON
    #[arg(long)]
    pub json: bool,
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
