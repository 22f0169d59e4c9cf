//! Everything that is someone's, to be taken along: in files that programs read, and of which the product takes its own
//! back. It is read in batches while it is sent.

mod files;

use axum::{extract::State, response::Response};
use vestnik_media::store::Key;
use vestnik_model::{
    UnixMillis,
    audit::Action,
    delivery::Attempt,
    id::{AttemptId, AuditId, MailingId, MessageId, RecipientId, RunId},
    mailing::{Audience, Mailing},
    run::Run,
    user::Language,
};
use vestnik_store::{
    Db,
    audit::{self, Entry},
    feedback, groups,
    ledger::{self, AttemptFilter, Delivered},
    mailings, messages, recipients, runs, sessions, stats,
};

use self::files::{FeedbackFile, MailingFile, MessageFile, ProfileFile, RUN_HEADS, SentFile, SessionFile, run_line};
use crate::{
    archive::{self, Archive},
    csv_file::{self, MARK, Stop},
    download,
    error::Error,
    i18n::{self, FluentValue},
    limits::Limit,
    mailings::attempts::AttemptTable,
    manage::{audit::HEADS as AUDIT_HEADS, audit::line as audit_line, author},
    page::Page,
    recipients::export as recipients_file,
    session::CurrentUser,
    state::AppState,
};

/// It takes the database a while.
const EXPORTS: Limit = Limit::per_minutes("export", 6, 60);
/// Rows in memory at a time, and texts, which are longer.
const BATCH: i64 = 1_000;
const TEXTS: i64 = 10;
/// With more attempts or deliveries than these their file may grow past 4 GB.
const MANY: i64 = 5_000_000;

const PICTURES: &str = "pictures/";
/// What there is; what it is, says `export-{name}` without its ending.
const FILES: &[(&str, &str)] = &[
    ("profile.json", "export-profile"),
    (PICTURES, "export-pictures"),
    ("recipients.csv", "export-recipients"),
    ("messages.json", "export-messages"),
    ("mailings.json", "export-mailings"),
    ("mailing-recipients.csv", "export-mailing-recipients"),
    ("runs.csv", "export-runs"),
    ("sent.json", "export-sent"),
    ("deliveries.csv", "export-deliveries"),
    ("attempts.csv", "export-attempts"),
    ("feedback.json", "export-feedback"),
    ("sessions.json", "export-sessions"),
    ("audit.csv", "export-audit"),
];

/// Sends it.
pub(crate) async fn download(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    EXPORTS.count(&app, &user.user.id.to_string()).await?;
    let entry = Entry::new(Action::DataExported, Some(user.user.id.0), &user.user.email);
    audit::note_alone(&app.db, &author(&app, &page.visit, &user), entry).await?;

    let now = app.now();
    let name = download::name("vestnik", "zip", &user.user, now);
    let zoned = now.timestamp().to_zoned(user.user.zone());
    let turns = app.archives.clone();
    let db = app.db.heavy_for_file(&user.actor);
    let everything = Everything { app, db, user, language: page.language(), now };
    Ok(archive::answer(&name, zoned, turns, async move |archive| everything.write(archive).await))
}

/// Whose, and for what reader.
struct Everything {
    app: AppState,
    /// Reads as a file does.
    db: Db,
    user: CurrentUser,
    language: Language,
    now: UnixMillis,
}

impl Everything {
    async fn write(&self, mut archive: Archive) -> Result<(), Stop> {
        archive.begin("README.txt", false).await?;
        archive.write(self.readme().as_bytes()).await?;
        archive.json("profile.json", &self.profile().await?).await?;
        self.pictures(&mut archive).await?;
        self.recipients(&mut archive).await?;
        self.messages(&mut archive).await?;
        self.mailings(&mut archive).await?;
        self.mailing_recipients(&mut archive).await?;
        self.runs(&mut archive).await?;
        self.sent(&mut archive).await?;
        let totals = stats::totals(&self.db, &self.user.actor).await?;
        let many = totals.attempts_ok + totals.attempts_failed > MANY;
        self.deliveries(&mut archive, many).await?;
        self.attempts(&mut archive, many).await?;
        let written = feedback::own(&self.db, &self.user.actor).await?;
        archive.json("feedback.json", &written.iter().map(FeedbackFile::of).collect::<Vec<_>>()).await?;
        let sessions = sessions::all(&self.db, &self.user.actor, self.now).await?;
        archive.json("sessions.json", &sessions.iter().map(SessionFile::of).collect::<Vec<_>>()).await?;
        self.audit(&mut archive).await?;
        archive.end().await
    }

    fn word(&self, id: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        i18n::text(self.language, id, args)
    }

    fn readme(&self) -> String {
        let user = &self.user.user;
        let time = i18n::datetime(self.language, self.now, &user.time_zone);
        let host = self.app.settings.base_url.host_str().unwrap_or_default();
        let about = [("email", user.email.as_str().into()), ("host", host.into()), ("time", time.into())];
        let mut lines = vec![self.word("export-title", &[]), String::new(), self.word("export-lead", &about)];
        lines.push(String::new());
        lines.extend(FILES.iter().map(|(name, what)| format!("{name}\r\n    {}", self.word(what, &[]))));
        lines.extend([String::new(), self.word("export-times", &[]), self.word("export-secrets", &[]), String::new()]);
        lines.join("\r\n")
    }

    async fn profile(&self) -> Result<ProfileFile<'_>, Error> {
        let user = &self.user.user;
        let mine = groups::of_user(&self.db, user.id).await?;
        let all = groups::all(&self.db).await?;
        let groups = all.into_iter().filter(|(group, _)| mine.contains(&group.id)).map(|(group, _)| group.name);
        Ok(ProfileFile::of(user, groups.collect()))
    }

    async fn pictures(&self, archive: &mut Archive) -> Result<(), Stop> {
        for (key, name) in [(&self.user.user.avatar, "avatar"), (&self.user.user.avatar_small, "avatar-small")] {
            let Ok(key) = key.parse::<Key>() else { continue };
            let Some(stored) = self.app.media.store.get(&key).await.map_err(Error::internal)? else { continue };
            let extension = key.as_str().rsplit('.').next().unwrap_or_default();
            archive.begin(&format!("{PICTURES}{name}.{extension}"), false).await?;
            archive.write(&stored.bytes).await?;
        }
        Ok(())
    }

    async fn recipients(&self, archive: &mut Archive) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        begin_table(archive, self.language, "recipients.csv", false, recipients_file::heads(self.language)).await?;
        in_batches(
            RecipientId(0),
            async |after| recipients::batch_after(db, actor, after, BATCH).await,
            |one| one.id,
            async |batch| {
                archive.write(&csv_file::lines(self.language, batch.iter().map(recipients_file::line))?).await
            },
        )
        .await
    }

    async fn messages(&self, archive: &mut Archive) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        let mut list = archive.list("messages.json").await?;
        in_batches(
            MessageId(0),
            async |after| messages::batch_after(db, actor, after, TEXTS).await,
            |one| one.id,
            async |batch| list.add_all(batch.iter().map(MessageFile::of)).await,
        )
        .await?;
        list.end().await
    }

    async fn mailings(&self, archive: &mut Archive) -> Result<(), Stop> {
        let mut list = archive.list("mailings.json").await?;
        self.each_mailings(async |batch| list.add_all(batch.iter().map(MailingFile::of)).await).await?;
        list.end().await
    }

    async fn mailing_recipients(&self, archive: &mut Archive) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        begin_table(archive, self.language, "mailing-recipients.csv", false, ["mailing", "email"]).await?;
        self.each_mailings(async |batch| {
            for mailing in batch.iter().filter(|mailing| mailing.audience == Audience::Chosen) {
                let id = mailing.id.to_string();
                in_batches(
                    RecipientId(0),
                    async |after| mailings::chosen_after(db, actor, mailing.id, after, BATCH).await,
                    |(recipient, _)| *recipient,
                    async |chosen| {
                        archive
                            .write(&csv_file::lines(self.language, chosen.iter().map(|(_, email)| [&id, email]))?)
                            .await
                    },
                )
                .await?;
            }
            Ok(())
        })
        .await
    }

    async fn runs(&self, archive: &mut Archive) -> Result<(), Stop> {
        begin_table(archive, self.language, "runs.csv", false, RUN_HEADS).await?;
        self.each_runs(async |batch| archive.write(&csv_file::lines(self.language, batch.iter().map(run_line))?).await)
            .await
    }

    async fn sent(&self, archive: &mut Archive) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        let mut list = archive.list("sent.json").await?;
        self.each_runs(async |batch| {
            for run in &batch {
                let message = runs::message_of(db, actor, run.id).await?;
                // A run that was missed has sent nothing.
                if let Some(message) = message.filter(|message| !message.html.is_empty() || !message.text.is_empty()) {
                    list.add_all([SentFile::of(run, message)]).await?;
                }
            }
            Ok(())
        })
        .await?;
        list.end().await
    }

    async fn deliveries(&self, archive: &mut Archive, many: bool) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        begin_table(archive, self.language, "deliveries.csv", many, ["run", "email", "state", "attempts"]).await?;
        self.each_runs(async |batch| {
            for run in batch {
                let id = run.id.to_string();
                let line = |one: Delivered| [id.clone(), one.email, one.state.to_string(), one.attempts.to_string()];
                in_batches(
                    RecipientId(0),
                    async |after| ledger::deliveries_after(db, actor, run.id, after, BATCH).await,
                    |one| one.recipient_id,
                    async |found| archive.write(&csv_file::lines(self.language, found.into_iter().map(line))?).await,
                )
                .await?;
            }
            Ok(())
        })
        .await
    }

    async fn attempts(&self, archive: &mut Archive, many: bool) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        let table = AttemptTable::new(self.language);
        let heads = [vec!["mailing".to_owned(), "run".to_owned()], table.heads()].concat();
        begin_table(archive, self.language, "attempts.csv", many, heads).await?;
        self.each_mailings(async |batch| {
            for mailing in batch {
                let filter = AttemptFilter::of(mailing.id);
                let ids = |one: &Attempt| vec![one.mailing_id.to_string(), one.run_id.to_string()];
                let line = |one: Attempt| [ids(&one), table.line(one)].concat();
                in_batches(
                    AttemptId(0),
                    async |after| ledger::batch_after(db, actor, &filter, after, BATCH).await,
                    |one| one.id,
                    async |found| archive.write(&csv_file::lines(self.language, found.into_iter().map(line))?).await,
                )
                .await?;
            }
            Ok(())
        })
        .await
    }

    async fn audit(&self, archive: &mut Archive) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        begin_table(archive, self.language, "audit.csv", false, AUDIT_HEADS.map(|id| self.word(id, &[]))).await?;
        in_batches(
            AuditId(0),
            async |after| audit::own_after(db, actor, after, BATCH).await,
            |one| one.id,
            async |batch| archive.write(&csv_file::lines(self.language, batch.into_iter().map(audit_line))?).await,
        )
        .await
    }

    async fn each_mailings(&self, each: impl AsyncFnMut(Vec<Mailing>) -> Result<(), Stop>) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        let read = async |after| mailings::batch_after(db, actor, after, BATCH).await;
        in_batches(MailingId(0), read, |one| one.id, each).await
    }

    async fn each_runs(&self, each: impl AsyncFnMut(Vec<Run>) -> Result<(), Stop>) -> Result<(), Stop> {
        let (db, actor) = (&self.db, &self.user.actor);
        let read = async |after| runs::batch_after(db, actor, after, BATCH).await;
        in_batches(RunId(0), read, |one| one.id, each).await
    }
}

/// Reads what comes after a key, and after the key of the last of it, until nothing comes.
async fn in_batches<T, Key: Copy>(
    first: Key,
    read: impl AsyncFn(Key) -> vestnik_store::Result<Vec<T>>,
    key: impl Fn(&T) -> Key,
    mut each: impl AsyncFnMut(Vec<T>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut after = first;
    loop {
        let batch = read(after).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = key(last);
        each(batch).await?;
    }
}

async fn begin_table<Value: AsRef<str>>(
    archive: &mut Archive,
    language: Language,
    name: &str,
    large: bool,
    heads: impl IntoIterator<Item = Value>,
) -> Result<(), Stop> {
    archive.begin(name, large).await?;
    archive.write(MARK).await?;
    let heads = csv_file::lines(language, [heads])?;
    archive.write(&heads).await
}
