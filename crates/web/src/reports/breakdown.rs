//! The parts of a report that tell of recipients' domains and of what servers answered. Alike for a period and for a
//! mailing.

use serde::Serialize;
use vestnik_model::{Actor, UnixMillis, reason::Reason};
use vestnik_store::{
    breakdown::{self, Coverage, DomainFigures, RUNS, ReplyFigures, RunsOf},
    summaries::OTHER_CODES,
};

use crate::{cached::BREAKDOWN, error::Error, mailings::explanation::Explanation, state::AppState};

/// Domains, and kinds of answers, that a page names.
const DOMAINS: i64 = 20;
const REPLIES: i64 = 50;

/// Both parts.
#[derive(Debug, Default, Serialize)]
pub(crate) struct BreakdownView {
    pub(crate) domains: Vec<DomainFigures>,
    /// Deliveries that failed or expired after an answer.
    pub(crate) unsent: i64,
    /// While they are still being counted: all that failed or expired.
    pub(crate) of_unsent: Option<i64>,
    pub(crate) reasons: Vec<ReasonView>,
    pub(crate) replies: Vec<ReplyView>,
    /// Sendings that are not in it yet.
    pub(crate) waiting: i64,
    /// When it was made, if something goes on.
    pub(crate) as_of: Option<UnixMillis>,
    /// If there are more sendings than are summed up: how many are.
    pub(crate) newest: Option<i64>,
}

/// Why deliveries were not sent, in plain words, with what servers say.
#[derive(Debug, Serialize)]
pub(crate) struct ReasonView {
    /// The words are `reason-{reason}` and `reason-{reason}-text`.
    pub(crate) reason: Reason,
    pub(crate) count: i64,
    /// The commonest of this kind; empty: several.
    pub(crate) explanation: Explanation,
}

/// A kind of answer.
#[derive(Debug, Serialize)]
pub(crate) struct ReplyView {
    pub(crate) reason: Reason,
    /// Empty: several.
    pub(crate) explanation: Explanation,
    pub(crate) attempts: i64,
    pub(crate) failed: i64,
    pub(crate) expired: i64,
    pub(crate) unknown: i64,
}

impl BreakdownView {
    /// Gathers them.
    pub(crate) async fn of(app: &AppState, actor: &Actor, of: RunsOf) -> Result<Self, Error> {
        let (coverage, domains, replies) = known(app, actor, of).await?;
        let reasons = reasons(&replies);
        let unsent = reasons.iter().map(|reason| reason.count).sum();
        let counting = coverage.waiting > 0 || coverage.as_of.is_some();
        Ok(Self {
            domains,
            unsent,
            of_unsent: Some(coverage.unsent).filter(|all| counting && *all > unsent),
            reasons,
            replies: replies.iter().map(ReplyView::from).collect(),
            waiting: coverage.waiting,
            as_of: coverage.as_of,
            newest: (coverage.runs > RUNS).then_some(RUNS),
        })
    }

    /// Why deliveries were not sent, alone.
    pub(crate) async fn reasons_of(app: &AppState, actor: &Actor, of: RunsOf) -> Result<Vec<ReasonView>, Error> {
        Ok(reasons(&known(app, actor, of).await?.2))
    }
}

/// What a page needs of it, which takes a while to sum up where there are many sendings.
async fn known(app: &AppState, actor: &Actor, of: RunsOf) -> Result<Known, Error> {
    let make = async || -> Result<Known, Error> {
        Ok(tokio::try_join!(
            breakdown::coverage(&app.db, actor, of),
            breakdown::by_domain(&app.db, actor, of, DOMAINS),
            breakdown::by_reply(&app.db, actor, of, REPLIES),
        )?)
    };
    let key = format!("{} {of:?}", actor.user());
    Ok(app.cache.get_or_make_json(BREAKDOWN, &key, make).await?.0)
}

type Known = (Coverage, Vec<DomainFigures>, Vec<ReplyFigures>);

fn unsent(reply: &ReplyFigures) -> i64 {
    reply.failed + reply.expired
}

/// How these attempts ended; empty: in several ways.
pub(super) fn explanation_of(reply: &ReplyFigures) -> Explanation {
    if reply.code == OTHER_CODES {
        return Explanation::default();
    }
    let code = (reply.code > 0).then_some(reply.code);
    let phase = if reply.reason == Reason::Message { "render" } else { "" };
    Explanation::of((code, Some(&reply.enhanced), &reply.reply), &reply.error, phase)
}

impl From<&ReplyFigures> for ReplyView {
    fn from(reply: &ReplyFigures) -> Self {
        let explanation = explanation_of(reply);
        let ReplyFigures { reason, attempts, failed, expired, unknown, .. } = *reply;
        Self { reason, explanation, attempts, failed, expired, unknown }
    }
}

/// Answers by what they come to, the commonest first. They come with the commonest first themselves.
fn reasons(replies: &[ReplyFigures]) -> Vec<ReasonView> {
    let mut found: Vec<ReasonView> = Vec::new();
    for reply in replies.iter().filter(|reply| unsent(reply) > 0) {
        match found.iter_mut().find(|view| view.reason == reply.reason) {
            Some(view) => view.count += unsent(reply),
            None => {
                let explanation = explanation_of(reply);
                found.push(ReasonView { reason: reply.reason, count: unsent(reply), explanation });
            }
        }
    }
    found.sort_by_key(|view| std::cmp::Reverse(view.count));
    found
}

#[cfg(test)]
mod tests {
    use vestnik_model::problem::StoredProblem;

    use super::*;

    fn reply(reason: Reason, code: i64, failed: i64, attempts: i64) -> ReplyFigures {
        let (enhanced, reply) = (String::from("5.1.1"), String::from("No"));
        let error = StoredProblem::default();
        ReplyFigures { reason, code, enhanced, reply, error, attempts, failed, expired: 0, unknown: 0 }
    }

    #[test]
    fn answers_are_grouped_by_what_they_come_to() {
        let found = reasons(&[
            reply(Reason::Full, 552, 5, 5),
            reply(Reason::NoAddress, 550, 4, 4),
            reply(Reason::NoAddress, 551, 3, 3),
            reply(Reason::NoAddress, OTHER_CODES, 2, 2),
            reply(Reason::Later, 451, 0, 90),
        ]);
        let found: Vec<_> =
            found.iter().map(|view| (view.reason, view.count, view.explanation.reply.as_str())).collect();
        assert_eq!(found, [(Reason::NoAddress, 9, "550 5.1.1 No"), (Reason::Full, 5, "552 5.1.1 No")]);
        assert_eq!(explanation_of(&reply(Reason::Server, 0, 1, 1)).reply, "5.1.1 No");
        assert_eq!(explanation_of(&reply(Reason::Full, OTHER_CODES, 1, 1)), Explanation::default());
    }
}
