//! Outages of mail servers, as pages tell of them: while they go on, and after they are over.

use std::time::Duration;

use serde::Serialize;
use vestnik_model::{
    Actor, UnixMillis,
    id::{MailingId, RunId},
    outage::OutageKind,
};
use vestnik_store::outages::{self, Outage};

use super::explanation::Explanation;
use crate::{error::Error, state::AppState};

/// Of a mail server's words, no more than this is shown, in characters.
const LONGEST_REPLY: usize = 300;
/// What was over sooner is not told of: a connection that is lost once is no outage to anyone.
const WORTH_TELLING: Duration = Duration::from_secs(10);
/// Outages that are told of one run, the newest.
const OF_A_RUN: i64 = 5;
const OF_A_MAILING: i64 = 10;

/// An outage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OutageView {
    pub(crate) server: String,
    /// The words are `outage-title-{kind}`, `outage-text-{kind}` and, when it is over, `outage-past-{kind}`.
    pub(crate) kind: OutageKind,
    pub(crate) since: UnixMillis,
    /// `None`: it goes on.
    pub(crate) ended_at: Option<UnixMillis>,
    pub(crate) explanation: Explanation,
}

impl From<Outage> for OutageView {
    fn from(outage: Outage) -> Self {
        let reply: String = outage.reply.chars().take(LONGEST_REPLY).collect();
        let explanation = Explanation::of((outage.code, outage.enhanced.as_deref(), &reply), &outage.error, "");
        Self { server: outage.server, kind: outage.kind, since: outage.since, ended_at: outage.ended_at, explanation }
    }
}

impl OutageView {
    /// Those of now; none when nothing goes on that they could hold up.
    pub(crate) async fn current(app: &AppState, going: bool) -> Result<Vec<Self>, Error> {
        if !going {
            return Ok(Vec::new());
        }
        Ok(outages::current(&app.db).await?.into_iter().map(Self::from).collect())
    }

    /// Those that held one of the actor's runs up, newest first; of one that sent nothing also the short ones.
    pub(crate) async fn of_run(
        app: &AppState,
        actor: &Actor,
        run: RunId,
        sent_nothing: bool,
    ) -> Result<Vec<Self>, Error> {
        let lasted = if sent_nothing { Duration::ZERO } else { WORTH_TELLING };
        let found = outages::of_run(&app.db, actor, run, lasted, OF_A_RUN).await?;
        Ok(found.into_iter().map(Self::from).collect())
    }

    /// Those that held runs of one of the actor's mailings up, newest first.
    pub(crate) async fn of_mailing(app: &AppState, actor: &Actor, mailing: MailingId) -> Result<Vec<Self>, Error> {
        let found = outages::of_mailing(&app.db, actor, mailing, WORTH_TELLING, OF_A_MAILING).await?;
        Ok(found.into_iter().map(Self::from).collect())
    }

    /// Those that have ended since then and held some of the actor's runs up, newest first.
    pub(crate) async fn ended_since(
        app: &AppState,
        actor: &Actor,
        since: UnixMillis,
        limit: i64,
    ) -> Result<Vec<Self>, Error> {
        let found = outages::ended_since(&app.db, actor, since, WORTH_TELLING, limit).await?;
        Ok(found.into_iter().map(Self::from).collect())
    }
}
