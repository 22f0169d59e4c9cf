//! The blog (S-51, S-52). Everyone reads what is published; only who may keep the blog sees and changes the rest.

use sqlx::AssertSqlSafe;
use vestnik_model::article::{Article, ArticleDraft, Publication};
use vestnik_model::audit::Action;
use vestnik_model::id::{ArticleId, PictureId, UserId};
use vestnik_model::secret::Random;
use vestnik_model::text::fold;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::audit::{self, Author, Entry};
use crate::db::{Db, Param, Result, Tx};
use crate::page::{Cursor, NewestFirst, Page};
use crate::search::{SearchIn, Words};
use crate::submitted_forms::{self, FormHash};

const COLUMNS: &str =
    "id, author_id, title, slug, lead, body, cover_id, cover_alt, published_at, views, created_at, updated_at";
/// The same for lists, without the text; its beginning is there where nobody wrote what it is about.
const LISTED: &str =
    "id, author_id, title, slug, lead, CASE WHEN lead = '' THEN substr(body, 1, 1000) ELSE '' END AS body,
     cover_id, cover_alt, published_at, views, created_at, updated_at";
/// Addresses that are tried beside one that is taken.
const MOST_ALIKE: u32 = 1_000;

/// What came of keeping an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is kept.
    Done(ArticleId),
    /// The address is another article's.
    SlugTaken,
    /// It was changed meanwhile, at this time.
    ChangedAt(UnixMillis),
    /// There is none such.
    NotFound,
    /// The actor does not keep the blog.
    NotAllowed,
}

/// Which articles are wanted.
#[derive(Clone, Debug, Default)]
pub struct ArticleFilter {
    /// Words in the title; empty: all.
    pub search: String,
    /// How far they are; `None`: all.
    pub publication: Option<Publication>,
}

/// A page of all articles for whoever keeps the blog, newest first; empty for others.
pub async fn list(
    db: &Db,
    actor: &Actor,
    filter: &ArticleFilter,
    now: UnixMillis,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Article>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let limit = size as i64 + 1;
    let db = &db.heavy_if(!filter.search.trim().is_empty(), actor);
    let words = Words::of(&filter.search);
    let mut args: Vec<&dyn Param> = vec![&from, &limit];
    let mut conditions = format!(" AND {}", words.condition(&[SearchIn::Folded("title_key")], &mut args));
    if filter.publication.is_some_and(|wanted| wanted != Publication::Draft) {
        args.push(&now);
    }
    let place = args.len();
    match filter.publication {
        Some(Publication::Draft) => conditions.push_str(" AND published_at IS NULL"),
        Some(Publication::Planned) => conditions.push_str(&format!(" AND published_at > ${place}")),
        Some(Publication::Published) => conditions.push_str(&format!(" AND published_at <= ${place}")),
        None => {}
    }
    // Only fixed conditions are put together here.
    let sql =
        format!("SELECT {LISTED} FROM articles WHERE id {compare} $1{conditions} ORDER BY id {direction} LIMIT $2");
    let may = actor.may(Permission::ManageBlog);
    let rows = if may { db.fetch_all(AssertSqlSafe(sql), &args).await? } else { Vec::new() };
    Ok(Page::of(rows, cursor, size, |article: &Article| (article.id.0, String::new())))
}

/// An article for whoever keeps the blog.
pub async fn find(db: &Db, actor: &Actor, id: ArticleId) -> Result<Option<Article>> {
    if !actor.may(Permission::ManageBlog) {
        return Ok(None);
    }
    db.fetch_optional(AssertSqlSafe(format!("SELECT {COLUMNS} FROM articles WHERE id = $1")), &[&id]).await
}

/// A page of what is published, the newest first, without the texts.
pub async fn published(db: &Db, now: UnixMillis, cursor: Option<&Cursor>, size: usize) -> Result<Page<Article>> {
    let back = cursor.is_some_and(|cursor| cursor.back);
    let (compare, direction) = if back { (">", "ASC") } else { ("<", "DESC") };
    let at = cursor.and_then(|cursor| cursor.key.parse().ok()).unwrap_or(i64::MAX);
    let id = cursor.map_or(i64::MAX, |cursor| cursor.id);
    let rows = db
        .fetch_all(
            AssertSqlSafe(format!(
                "SELECT {LISTED} FROM articles WHERE published_at <= $1 AND (published_at, id) {compare} ($2, $3)
                 ORDER BY published_at {direction}, id {direction} LIMIT $4"
            )),
            &[&now, &at, &id, &(size as i64 + 1)],
        )
        .await?;
    let key = |article: &Article| (article.id.0, article.published_at.map_or(0, |at| at.0).to_string());
    Ok(Page::of(rows, cursor, size, key))
}

/// The newest of what is published, with the texts, for readers of feeds.
pub async fn newest(db: &Db, now: UnixMillis, limit: i64) -> Result<Vec<Article>> {
    db.fetch_all(
        AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM articles WHERE published_at <= $1 ORDER BY published_at DESC, id DESC LIMIT $2"
        )),
        &[&now, &limit],
    )
    .await
}

/// An article's stored HTML, if this version of the renderer has made it.
pub async fn html(db: &Db, id: ArticleId, version: i64) -> Result<Option<String>> {
    let sql = "SELECT html FROM articles WHERE id = $1 AND html_version = $2";
    Ok(db.fetch_optional::<(String,)>(sql, &[&id, &version]).await?.map(|(html,)| html))
}

/// Stores an article's HTML, unless the article was changed since `seen`, the time of its last change.
pub async fn keep_html(db: &Db, id: ArticleId, seen: UnixMillis, version: i64, html: &str) -> Result<()> {
    let sql = "UPDATE articles SET html = $1, html_version = $2 WHERE id = $3 AND updated_at = $4";
    db.execute(sql, &[&html, &version, &id, &seen]).await.map(|_| ())
}

/// Some of what is published, chosen at random (S-50), without the texts.
pub async fn random(db: &Db, now: UnixMillis, random: &dyn Random, count: usize) -> Result<Vec<Article>> {
    let mut ids: Vec<(ArticleId,)> =
        db.fetch_all("SELECT id FROM articles WHERE published_at <= $1 ORDER BY id", &[&now]).await?;
    let mut chosen = Vec::new();
    while chosen.len() < count && !ids.is_empty() {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        // The remainder's unevenness is one in 2^64.
        let at = u64::from_le_bytes(bytes) % ids.len() as u64;
        let (id,) = ids.swap_remove(at as usize);
        let sql = format!("SELECT {LISTED} FROM articles WHERE id = $1");
        chosen.extend(db.fetch_optional::<Article>(AssertSqlSafe(sql), &[&id]).await?);
    }
    Ok(chosen)
}

/// What stands at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtSlug {
    /// An article; whether everyone may read it is for the caller to ask.
    Article(Box<Article>),
    /// An article that has another address now.
    Moved(Box<Article>),
    /// Nothing.
    Nothing,
}

/// Looks an address up.
pub async fn at_slug(db: &Db, slug: &str) -> Result<AtSlug> {
    let sql = format!("SELECT {COLUMNS} FROM articles WHERE slug = $1");
    if let Some(article) = db.fetch_optional(AssertSqlSafe(sql), &[&slug]).await? {
        return Ok(AtSlug::Article(Box::new(article)));
    }
    let sql =
        format!("SELECT {COLUMNS} FROM articles WHERE id = (SELECT article_id FROM article_slugs WHERE slug = $1)");
    let moved: Option<Article> = db.fetch_optional(AssertSqlSafe(sql), &[&slug]).await?;
    Ok(moved.map_or(AtSlug::Nothing, |article| AtSlug::Moved(Box::new(article))))
}

/// An address that no other article has: this one, or, if it may be changed, this one with a number.
async fn free_slug(tx: &mut Tx, wanted: &str, own: Option<ArticleId>, exact: bool) -> Result<Option<String>> {
    for number in 1..=MOST_ALIKE {
        let slug = if number == 1 { wanted.to_owned() } else { format!("{wanted}-{number}") };
        let holder: Option<(ArticleId,)> =
            tx.fetch_optional("SELECT id FROM articles WHERE slug = $1", &[&slug]).await?;
        if holder.is_none_or(|(id,)| Some(id) == own) {
            // An address that another article has left is free, too: links lead to whoever has it now.
            tx.execute("DELETE FROM article_slugs WHERE slug = $1", &[&slug]).await?;
            return Ok(Some(slug));
        }
        if exact {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Keeps a new article. `exact`: the address was typed and must not be changed.
pub async fn create(
    db: &Db,
    actor: &Actor,
    draft: &ArticleDraft,
    cover: Option<PictureId>,
    exact: bool,
    author: &Author,
) -> Result<Kept> {
    create_once(db, actor, draft, (cover, exact), None, author).await
}

/// The same for a form: sent again, it leads to the article that it has created.
pub async fn create_once(
    db: &Db,
    actor: &Actor,
    draft: &ArticleDraft,
    (cover, exact): (Option<PictureId>, bool),
    form: Option<&FormHash>,
    author: &Author,
) -> Result<Kept> {
    if !actor.may(Permission::ManageBlog) {
        return Ok(Kept::NotAllowed);
    }
    let mut tx = db.begin().await?;
    if let Some(earlier) = submitted_forms::claim(&mut tx, actor, form, author.at).await? {
        return Ok(Kept::Done(ArticleId(earlier)));
    }
    let Some(slug) = free_slug(&mut tx, &draft.slug, None, exact).await? else { return Ok(Kept::SlugTaken) };
    let created = tx
        .fetch_optional::<(ArticleId,)>(
            "INSERT INTO articles (author_id, title, title_key, slug, lead, body, cover_id, cover_alt, published_at,
                created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
             ON CONFLICT (slug) DO NOTHING RETURNING id",
            &[
                &actor.user(),
                &draft.title,
                &fold(&draft.title),
                &slug,
                &draft.lead,
                &draft.body,
                &cover,
                &draft.cover_alt,
                &draft.published_at,
                &author.at,
            ],
        )
        .await?;
    // Someone else took it in this moment.
    let Some((id,)) = created else { return Ok(Kept::SlugTaken) };
    audit::note(&mut tx, author, Entry::new(Action::ArticleCreated, Some(id.0), &draft.title)).await?;
    submitted_forms::created(&mut tx, actor, form, id.0).await?;
    tx.commit().await?;
    Ok(Kept::Done(id))
}

/// Changes an article, if it is still as it was at `seen`, the time of its last change; `None`: however it is. The address
/// it had leads to the new one, if anyone can have seen it.
pub async fn update(
    db: &Db,
    actor: &Actor,
    id: ArticleId,
    seen: Option<UnixMillis>,
    draft: &ArticleDraft,
    cover: Option<PictureId>,
    author: &Author,
) -> Result<Kept> {
    if !actor.may(Permission::ManageBlog) {
        return Ok(Kept::NotAllowed);
    }
    let mut tx = db.begin().await?;
    let sql = format!("SELECT {COLUMNS} FROM articles WHERE id = $1");
    let Some(before) = tx.fetch_optional::<Article>(AssertSqlSafe(sql), &[&id]).await? else {
        return Ok(Kept::NotFound);
    };
    if seen.is_some_and(|seen| seen != before.updated_at) {
        return Ok(Kept::ChangedAt(before.updated_at));
    }
    let Some(slug) = free_slug(&mut tx, &draft.slug, Some(id), true).await? else { return Ok(Kept::SlugTaken) };
    let changed = tx
        .execute(
            "UPDATE articles SET title = $1, title_key = $2, slug = $3, lead = $4, body = $5, cover_id = $6, cover_alt = $7,
                published_at = $8, updated_at = $9, html = '', html_version = 0
             WHERE id = $10 AND updated_at = $11",
            &[
                &draft.title,
                &fold(&draft.title),
                &slug,
                &draft.lead,
                &draft.body,
                &cover,
                &draft.cover_alt,
                &draft.published_at,
                &author.at,
                &id,
                &before.updated_at,
            ],
        )
        .await;
    match changed {
        // In this very moment.
        Ok(0) => {
            let sql = "SELECT updated_at FROM articles WHERE id = $1";
            let now: Option<(UnixMillis,)> = tx.fetch_optional(sql, &[&id]).await?;
            return Ok(now.map_or(Kept::NotFound, |(at,)| Kept::ChangedAt(at)));
        }
        Ok(_) => {}
        Err(error) if error.is_unique_violation() => return Ok(Kept::SlugTaken),
        Err(error) => return Err(error),
    }
    if before.slug != slug && before.publication(author.at) == Publication::Published {
        let sql = "INSERT INTO article_slugs (slug, article_id) VALUES ($1, $2) ON CONFLICT (slug) DO UPDATE
            SET article_id = excluded.article_id";
        tx.execute(sql, &[&before.slug, &id]).await?;
    }
    let told = |publication: Publication| publication.as_str();
    let (was, is) = (before.publication(author.at), Publication::at(draft.published_at, author.at));
    let entry = Entry::new(Action::ArticleChanged, Some(id.0), &draft.title);
    let entry = if was == is { entry } else { entry.before(&told(was)).after(&told(is)) };
    audit::note(&mut tx, author, entry).await?;
    tx.commit().await?;
    Ok(Kept::Done(id))
}

/// Deletes an article. `false`: there is none, or the actor does not keep the blog.
pub async fn delete(db: &Db, actor: &Actor, id: ArticleId, author: &Author) -> Result<bool> {
    if !actor.may(Permission::ManageBlog) {
        return Ok(false);
    }
    let mut tx = db.begin().await?;
    let title: Option<(String,)> =
        tx.fetch_optional("DELETE FROM articles WHERE id = $1 RETURNING title", &[&id]).await?;
    let Some((title,)) = title else { return Ok(false) };
    audit::note(&mut tx, author, Entry::new(Action::ArticleDeleted, Some(id.0), &title)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Adds to how often articles were read, in the order of their ids, so that two nodes do not wait for each other.
pub async fn add_views(db: &Db, views: &[(ArticleId, i64)]) -> Result<()> {
    let mut views = views.to_vec();
    views.sort_unstable();
    let mut tx = db.begin().await?;
    for (id, more) in views {
        tx.execute("UPDATE articles SET views = views + $1 WHERE id = $2", &[&more, &id]).await?;
    }
    tx.commit().await
}

/// What writers are called, for articles.
pub async fn author_name(db: &Db, id: UserId) -> Result<Option<String>> {
    let sql = "SELECT name FROM users WHERE id = $1 AND deleted_at IS NULL";
    Ok(db.fetch_optional::<(String,)>(sql, &[&id]).await?.map(|(name,)| name))
}
