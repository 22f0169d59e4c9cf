//! How often articles are read: each visitor counts once a day, the writers and machines do not, and nothing is kept of
//! who it was. No cookie is set for it.
//!
//! What is counted waits here for some seconds and goes into the table together.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use vestnik_cache::Counted;
use vestnik_model::{Permission, id::ArticleId, secret};
use vestnik_store::articles;

use crate::{limits::address_key, state::AppState, visit::Visit};

/// How long views wait for each other.
const GATHER: Duration = Duration::from_secs(4);
const DAY: Duration = Duration::from_secs(86_400);

/// What programs that read pages by themselves call themselves, in lower case.
const MACHINES: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "fetch",
    "curl",
    "wget",
    "python",
    "java/",
    "go-http",
    "headless",
    "lighthouse",
    "monitor",
    "scan",
    "feed",
    "rss",
    "facebookexternalhit",
    "whatsapp",
    "telegram",
    "vkshare",
    "http",
];

/// Views that are not in the table yet.
#[derive(Debug, Default)]
pub struct Views(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    views: HashMap<ArticleId, i64>,
    /// Whether someone is at it to write them.
    is_awaited: bool,
}

impl Views {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one; `true`: the caller is to see to it that they are written.
    fn add(&self, article: ArticleId) -> bool {
        let mut waiting = self.lock();
        *waiting.views.entry(article).or_default() += 1;
        !mem::replace(&mut waiting.is_awaited, true)
    }

    fn take(&self) -> Vec<(ArticleId, i64)> {
        let mut waiting = self.lock();
        waiting.is_awaited = false;
        waiting.views.drain().collect()
    }
}

fn is_machine(agent: &str) -> bool {
    let agent = agent.to_lowercase();
    agent.is_empty() || MACHINES.iter().any(|mark| agent.contains(mark))
}

/// Notes that someone has opened an article.
pub(crate) async fn note(app: &AppState, visit: &Visit, article: ArticleId) {
    let writes = visit.user.as_ref().is_some_and(|who| who.actor.may(Permission::ManageBlog));
    if writes || is_machine(&visit.agent) {
        return;
    }
    // Only a hash of who it was is kept, for a day, and nobody can tell from it which article was read by whom.
    let reader = secret::hash(&format!("{article} {} {}", address_key(visit.address), visit.agent));
    if !matches!(app.cache.count("article-view", &reader, 1, DAY).await, Counted::Allowed) {
        return;
    }
    if app.views.add(article) {
        let app = app.clone();
        tokio::spawn(async move {
            let mut closing = app.closing();
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                _ = closing.wait_for(|closing| *closing) => {}
            }
            write(&app).await;
        });
    }
}

/// Writes what waits. Views that cannot be written are lost: they are worth no error to anybody.
async fn write(app: &AppState) {
    let views = app.views.take();
    if let Err(error) = articles::add_views(&app.db, &views).await {
        tracing::warn!(%error, "views of articles could not be counted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_say_what_they_are() {
        for (agent, machine) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", false),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", true),
            ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", true),
            ("TelegramBot (like TwitterBot)", true),
            ("curl/8.11.0", true),
            ("", true),
        ] {
            assert_eq!(is_machine(agent), machine, "{agent}");
        }
    }

    #[test]
    fn one_writes_for_all() {
        let views = Views::default();
        assert!(views.add(ArticleId(1)));
        assert!(!views.add(ArticleId(1)) && !views.add(ArticleId(2)));
        let mut taken = views.take();
        taken.sort_unstable();
        assert_eq!(taken, [(ArticleId(1), 2), (ArticleId(2), 1)]);
        assert!(views.add(ArticleId(1)), "the next one waits for a writer again");
    }
}
