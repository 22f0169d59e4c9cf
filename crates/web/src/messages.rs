//! Messages: the list, the form, the page of one with its preview, and a test letter to oneself.

pub(crate) mod delete;
pub(crate) mod edit;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod show;
#[cfg(test)]
mod template_tests;
pub(crate) mod test_send;
#[cfg(test)]
mod tests;

use vestnik_model::{
    Problems,
    id::RecipientId,
    message::Message,
    recipient::{Recipient, RecipientSort},
    template::{self, Content, Person, Rendered},
};
use vestnik_store::recipients::{self, RecipientQuery};

use crate::{error::Error, i18n, page::Page, render_pool::Cancel, session::CurrentUser, state::AppState};

/// For whom a message is shown.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Reader {
    /// Nobody of the list when it is empty: then the reader is made up.
    pub(crate) id: Option<RecipientId>,
    pub(crate) email: String,
    pub(crate) full_name: String,
    #[serde(skip)]
    comment: String,
}

impl From<Recipient> for Reader {
    fn from(one: Recipient) -> Self {
        Self { id: Some(one.id), email: one.email, full_name: one.full_name, comment: one.comment }
    }
}

impl Reader {
    /// The recipient with this id; without one (an empty text) someone of the list, or else a made-up person.
    async fn find(app: &AppState, page: &Page, user: &CurrentUser, wanted: &str) -> Result<Self, Error> {
        if !wanted.is_empty() {
            let id = wanted.parse().map_err(|_| Error::NotFound)?;
            return recipients::find(&app.db, &user.actor, id).await?.map(Self::from).ok_or(Error::NotFound);
        }
        let someone = recipients::any(&app.db, &user.actor).await?;
        Ok(someone.map_or_else(|| Self::made_up(page), Self::from))
    }

    fn made_up(page: &Page) -> Self {
        let word = |id| page.text(id, &[]);
        Self {
            id: None,
            email: word("import-sample-email"),
            full_name: word("import-sample-full-name"),
            comment: word("import-sample-comment"),
        }
    }

    /// Someone for a sample of the page.
    #[cfg(test)]
    pub(crate) fn sample(id: Option<RecipientId>) -> Self {
        let full_name = if id.is_some() { "Анна <Север>" } else { "" };
        Self { id, email: "<b>@example.org".into(), full_name: full_name.into(), comment: String::new() }
    }

    /// In words, for a choice: «Анна Север, anna@example.com».
    fn words(&self) -> String {
        if self.full_name.is_empty() { self.email.clone() } else { format!("{}, {}", self.full_name, self.email) }
    }

    fn person(&self) -> Person<'_> {
        Person { email: &self.email, full_name: &self.full_name, comment: &self.comment }
    }
}

/// Some recipients to choose a reader from, those that match the search.
async fn readers(app: &AppState, user: &CurrentUser, search: &str) -> Result<Vec<Reader>, Error> {
    let query = RecipientQuery { search: search.to_owned(), sort: RecipientSort::Newest, cursor: None, size: 20 };
    let found = recipients::list(&app.db, &user.actor, &query).await?;
    Ok(found.rows.into_iter().map(Reader::from).collect())
}

/// What of a message looks like a placeholder of another service, in words.
pub(crate) fn notices(page: &Page, message: &Message) -> Vec<String> {
    let notices = template::notices(&message.subject, &message.html, &message.text);
    notices.iter().map(|(_, problem)| i18n::problem(page.language(), problem)).collect()
}

/// What keeps a stored message from being sent: it was checked when it was saved, but maybe by an earlier program.
pub(crate) async fn check(app: &AppState, user: &CurrentUser, message: Message) -> Result<(), Problems> {
    let checking = move |cancel: &Cancel| cancel.within(|limits| message.check_within(limits));
    app.renders.run(user.user.id, checking).await.unwrap_or_else(|refused| Err(refused.problems("")))
}

/// Renders a message for a page of this user.
async fn render(app: &AppState, user: &CurrentUser, message: Message, reader: Reader) -> Result<Rendered, Problems> {
    let rendering = move |cancel: &Cancel| {
        let content = Content::compile(&message.subject, &message.html, &message.text)?;
        cancel.within(|limits| content.render_within(reader.person(), limits))
    };
    app.renders.run(user.user.id, rendering).await.unwrap_or_else(|refused| Err(refused.problems("")))
}
