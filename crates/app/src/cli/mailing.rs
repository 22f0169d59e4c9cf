//! `vestnik mailing ...`

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use url::Url;
use vestnik_model::id::{MailingId, MessageId};

use super::ListArgs;
use crate::config::{DataArgs, MailArgs, UndoArgs};

/// `mailing`
#[derive(Subcommand, Debug)]
pub enum MailingCommand {
    /// Make a mailing; prints its id
    Create(CreateMailingArgs),
    /// Send a mailing now; an unfinished run of it goes on, and a finished one is not repeated without --again
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
    /// How.
    #[command(flatten)]
    pub options: SendOptions,
    /// Which mailing
    pub id: MailingId,
}

/// `send-mailing`
#[derive(Args, Debug)]
pub struct SendMailingArgs {
    /// How.
    #[command(flatten)]
    pub options: SendOptions,
    /// Which mailing; without a number, every mailing whose time has come
    pub id: Option<MailingId>,
}

/// Exit statuses of `mailing send`.
const STATUSES: &str = "\
Exit status:
  0  the run is over, or was over before (nothing is sent then); without --wait: it is planned
  1  it is not over: interrupted, paused, or nothing could be begun; the same command goes on with it
  2  the command was called wrongly";

/// How it is sent.
#[derive(Args, Debug)]
#[command(after_help = STATUSES)]
pub struct SendOptions {
    /// Data.
    #[command(flatten)]
    pub data: DataArgs,
    /// Mail.
    #[command(flatten)]
    pub mail: MailArgs,
    /// Where people reach the service: its host is what mail servers are told, unless --ehlo-name says otherwise
    #[arg(long, env = "VESTNIK_BASE_URL", value_name = "URL")]
    pub base_url: Option<Url>,
    /// End when every delivery has its final state, waiting through retries
    #[arg(long)]
    pub wait: bool,
    /// Begin another run of a mailing that has been sent already; prints the run's number
    #[arg(long)]
    pub again: bool,
    /// A name for this request: repeated with the same name it begins no second run, with --again too
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
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
