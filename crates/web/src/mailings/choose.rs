//! Choosing recipients inside of the mailing's form: search, tick, or take all that match.
//!
//! It is one form: pressing «Найти» sends it, and it comes back with everything typed and ticked, and the matches. So it
//! works without scripts. Ticks on rows that the next search does not show travel along as hidden fields.

use std::collections::BTreeSet;

use serde::Serialize;
use vestnik_model::{
    Actor,
    id::RecipientId,
    recipient::{Recipient, RecipientSort},
};
use vestnik_store::{
    mailings::Selection,
    recipients::{self, RecipientQuery},
};

use super::form::MailingForm;
use crate::{error::Error, state::AppState};

/// Rows that a search shows. Who wants more narrows the search, or takes all that match.
const ROWS: usize = 30;
/// Most ticks that are carried along.
const MOST_TICKS: usize = 10_000;

/// A recipient to tick.
#[derive(Debug, Serialize)]
pub(crate) struct Pick {
    pub(crate) id: RecipientId,
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) ticked: bool,
}

/// The part of the form.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ChooseView {
    pub(crate) picks: Vec<Pick>,
    /// Ticked earlier, and not among the rows.
    pub(crate) carried: Vec<RecipientId>,
    /// How many match the search.
    pub(crate) matching: i64,
    /// How many there are.
    pub(crate) everyone: i64,
    /// Whether there are more than the rows.
    pub(crate) more: bool,
}

/// The ids that are ticked.
pub(crate) fn ticked(form: &MailingForm) -> BTreeSet<RecipientId> {
    form.id.iter().filter_map(|id| id.parse().ok()).take(MOST_TICKS).collect()
}

/// Who is chosen; `None` keeps those who were.
pub(crate) fn selection(form: &MailingForm) -> Option<Selection> {
    match form.audience.as_str() {
        "keep" => None,
        "chosen" if form.all.is_some() => {
            Some(Selection::Matching { search: form.search.clone(), also: ticked(form).into_iter().collect() })
        }
        "chosen" => Some(Selection::Ids(ticked(form).into_iter().collect())),
        _ => Some(Selection::All),
    }
}

impl ChooseView {
    /// The rows that match, with what is ticked.
    pub(crate) async fn find(app: &AppState, actor: &Actor, form: &MailingForm) -> Result<Self, Error> {
        let ticked = ticked(form);
        let query =
            RecipientQuery { search: form.search.clone(), sort: RecipientSort::Newest, cursor: None, size: ROWS };
        let found = recipients::list(&app.db, actor, &query).await?;
        let more = found.next.is_some();
        let on_page: BTreeSet<RecipientId> = found.rows.iter().map(|row| row.id).collect();
        let pick = |row: Recipient| Pick {
            ticked: ticked.contains(&row.id),
            id: row.id,
            email: row.email,
            full_name: row.full_name,
        };
        // Counting goes through the whole list: once is enough, and not at all where everyone is in sight.
        let shown = i64::try_from(found.rows.len()).unwrap_or(i64::MAX);
        let everyone = recipients::count(&app.db, actor, "").await?;
        let matching = match form.search.trim() {
            _ if !more => shown,
            "" => everyone,
            search => recipients::count(&app.db, actor, search).await?,
        };
        Ok(Self {
            carried: ticked.difference(&on_page).copied().collect(),
            picks: found.rows.into_iter().map(pick).collect(),
            matching,
            everyone,
            more,
        })
    }
}
