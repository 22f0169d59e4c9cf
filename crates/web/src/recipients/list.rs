//! The list of recipients: search, order, pages, and rows to choose.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use vestnik_model::recipient::{Recipient, RecipientSort};
use vestnik_store::recipients::{self, RecipientQuery};

use crate::{
    error::Error,
    form::Query,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

const PAGE_SIZE: usize = 50;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    pub(crate) sort: String,
    #[serde(default)]
    pub(crate) at: String,
}

/// One way to order the list.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    /// The words are `recipients-sort-{name}`.
    pub(crate) name: RecipientSort,
    pub(crate) href: String,
    pub(crate) current: bool,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    pub(crate) rows: Vec<Recipient>,
    pub(crate) search: String,
    pub(crate) sort: RecipientSort,
    pub(crate) orders: Vec<Order>,
    pub(crate) pager: Pager,
    /// How many match the search.
    pub(crate) matching: i64,
    /// How many there are.
    pub(crate) total: i64,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let search = query.q.trim().to_owned();
    let sort = query.sort.parse().unwrap_or(RecipientSort::Newest);
    let asked = RecipientQuery { search, sort, cursor: query.at.parse().ok(), size: PAGE_SIZE };
    let found = recipients::list(&app.db, &user.actor, &asked).await?;
    if found.rows.is_empty() && asked.cursor.is_some() {
        // The rows of this page have been deleted meanwhile.
        return Ok(Redirect::to(&address(&asked.search, sort)).into_response());
    }
    let total = recipients::count(&app.db, &user.actor, "").await?;
    // Counting those who match goes through the whole list; not needed where all of them are in sight.
    let all_here = found.previous.is_none() && found.next.is_none();
    let matching = match asked.search.as_str() {
        "" => total,
        _ if all_here => i64::try_from(found.rows.len()).unwrap_or(i64::MAX),
        search => recipients::count(&app.db, &user.actor, search).await?,
    };

    let keep = [("q", asked.search.as_str()), ("sort", sort_name(sort))];
    let pager = Pager::of("/recipients", &keep, &found);
    let orders = RecipientSort::ALL
        .iter()
        .map(|name| Order { name: *name, href: address(&asked.search, *name), current: *name == sort })
        .collect();
    page.show(
        "recipients/list.html",
        &ListView { rows: found.rows, search: asked.search, sort, orders, pager, matching, total },
    )
}

/// As it stands in an address, where the usual order is left out.
fn sort_name(sort: RecipientSort) -> &'static str {
    if sort == RecipientSort::Newest { "" } else { sort.as_str() }
}

/// The address of the list's first page.
pub(crate) fn address(search: &str, sort: RecipientSort) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([("q", search), ("sort", sort_name(sort))].into_iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { "/recipients".into() } else { format!("/recipients?{query}") }
}
