//! The blog as it is written (S-51): articles, their pictures, a look before they are published, and an article as a
//! message to be mailed.

pub(crate) mod upload;

#[cfg(test)]
mod tests;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, Problems, UnixMillis,
    article::{Article, ArticleDraft, Publication, TypedArticle},
    id::{ArticleId, PictureId},
    message::MessageDraft,
    schedule::local_input,
};
use vestnik_store::{
    articles::{self, ArticleFilter, Kept},
    messages,
    pictures::{self, Picture},
};

use super::{PAGE_SIZE, author};
use crate::{
    blog::{
        markdown::{Place, VERSION, escaped, image, render, render_any},
        nesting::DEEPEST,
    },
    conflict::{ConflictView, Field},
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path, Query},
    page::{Page, Pager},
    render_pool::Cancel,
    session::CurrentUser,
    state::AppState,
    typed::{Restored, Sent, TypedView},
    visit::Visit,
};

/// Pictures to choose from beside an article.
const NEWEST: i64 = 24;

/// What the list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    q: String,
    /// `draft`, `planned`, `published`, or empty.
    state: String,
    at: String,
}

/// An article in the list.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: ArticleId,
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) publication: Publication,
    pub(crate) published_at: Option<UnixMillis>,
    pub(crate) updated_at: UnixMillis,
    pub(crate) views: i64,
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    pub(crate) rows: Vec<Row>,
    pub(crate) search: String,
    pub(crate) state: String,
    pub(crate) pager: Pager,
}

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ArticleForm {
    /// Of the stored one, where there is one: for a look at the form, and for pictures.
    pub(crate) id: String,
    /// When the stored one was last changed, in Unix milliseconds: what someone else does meanwhile is not written over.
    pub(crate) seen: String,
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) lead: String,
    pub(crate) body: String,
    /// The number of a picture, or empty.
    pub(crate) cover: String,
    pub(crate) cover_alt: String,
    /// `draft`, `now` or `at`.
    pub(crate) when: String,
    pub(crate) published_at: String,
}

/// A picture to choose.
#[derive(Debug, Serialize)]
pub(crate) struct PictureChoice {
    pub(crate) id: PictureId,
    /// The key of the narrowest file.
    pub(crate) key: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The page of an article.
#[derive(Debug, Serialize)]
pub(crate) struct EditView {
    /// `None`: it is a new one.
    pub(crate) id: Option<ArticleId>,
    pub(crate) form: ArticleForm,
    pub(crate) errors: FormErrors,
    pub(crate) picture_errors: FormErrors,
    pub(crate) pictures: Vec<PictureChoice>,
    /// How far the stored one is; `None`: there is none yet.
    pub(crate) publication: Option<Publication>,
    /// Its address, when everyone reads it.
    pub(crate) slug: String,
    /// How it looks; empty: nobody has asked.
    pub(crate) preview: String,
    pub(crate) typed: TypedView,
}

/// The question before deleting.
#[derive(Debug, Serialize)]
pub(crate) struct AskDeleteView {
    pub(crate) id: ArticleId,
    pub(crate) title: String,
}

impl ArticleForm {
    fn of(article: &Article, user: &CurrentUser, now: UnixMillis) -> Self {
        let when = match article.publication(now) {
            Publication::Draft => "draft",
            Publication::Planned => "at",
            Publication::Published => "now",
        };
        let zone = user.user.zone();
        Self {
            id: article.id.to_string(),
            seen: article.updated_at.0.to_string(),
            title: article.title.clone(),
            slug: article.slug.clone(),
            lead: article.lead.clone(),
            body: article.body.clone(),
            cover: article.cover_id.map(|id| id.to_string()).unwrap_or_default(),
            cover_alt: article.cover_alt.clone(),
            when: when.to_owned(),
            published_at: article.published_at.map(|at| local_input(at, &zone)).unwrap_or_default(),
        }
    }

    fn parse(
        &self,
        user: &CurrentUser,
        now: UnixMillis,
        before: Option<UnixMillis>,
    ) -> Result<(ArticleDraft, Option<PictureId>), Problems> {
        let typed = TypedArticle {
            title: &self.title,
            slug: &self.slug,
            lead: &self.lead,
            body: &self.body,
            cover_alt: &self.cover_alt,
            when: &self.when,
            published_at: &self.published_at,
        };
        Ok((typed.parse(&user.user.zone(), now, before)?, self.cover.parse().ok()))
    }
}

fn choice(picture: Picture) -> PictureChoice {
    let key = picture.files.into_iter().next().map(|(key, _)| key).unwrap_or_default();
    PictureChoice { id: picture.id, key, width: picture.width, height: picture.height }
}

impl EditView {
    async fn new(
        app: &AppState,
        user: &CurrentUser,
        stored: Option<&Article>,
        form: ArticleForm,
    ) -> Result<Self, Error> {
        let mut found = pictures::newest(&app.db, &user.actor, NEWEST).await?;
        // The cover may be older than those.
        if let Ok(cover) = form.cover.parse::<PictureId>()
            && !found.iter().any(|picture| picture.id == cover)
        {
            found.extend(pictures::find(&app.db, &[cover]).await?);
        }
        Ok(Self {
            id: stored.map(|article| article.id),
            form,
            errors: FormErrors::none(),
            picture_errors: FormErrors::none(),
            pictures: found.into_iter().map(choice).collect(),
            publication: stored.map(|article| article.publication(app.now())),
            slug: stored.map(|article| article.slug.clone()).unwrap_or_default(),
            preview: String::new(),
            typed: TypedView::default(),
        })
    }
}

/// All articles, whatever becomes of them.
pub(crate) async fn list(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let now = app.now();
    let filter = ArticleFilter { search: query.q.replace('\0', ""), publication: query.state.parse().ok() };
    let cursor = query.at.parse().ok();
    let found = articles::list(&app.db, &user.actor, &filter, now, cursor.as_ref(), PAGE_SIZE).await?;
    let pager = Pager::of("/manage/articles", &[("q", &query.q), ("state", &query.state)], &found);
    let row = |article: Article| Row {
        publication: article.publication(now),
        id: article.id,
        title: article.title,
        slug: article.slug,
        published_at: article.published_at,
        updated_at: article.updated_at,
        views: article.views,
    };
    let rows = found.rows.into_iter().map(row).collect();
    page.show("manage/articles.html", &ListView { rows, search: query.q, state: query.state, pager })
}

/// An empty form.
pub(crate) async fn new(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Restored(typed): Restored<ArticleForm>,
) -> Result<Response, Error> {
    let restored = TypedView::restored(typed.is_some());
    let form = typed.unwrap_or_else(|| ArticleForm { when: "draft".to_owned(), ..ArticleForm::default() });
    let view = EditView::new(&app, &user, None, form).await?;
    page.show("manage/article.html", &EditView { typed: restored, ..view })
}

/// An article to be changed.
pub(crate) async fn edit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<ArticleId>,
    Restored(typed): Restored<ArticleForm>,
) -> Result<Response, Error> {
    let article = articles::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let restored = TypedView::restored(typed.is_some());
    let form = typed.unwrap_or_else(|| ArticleForm::of(&article, &user, app.now()));
    let view = EditView::new(&app, &user, Some(&article), form).await?;
    page.show("manage/article.html", &EditView { typed: restored, ..view })
}

/// Keeps a new one.
pub(crate) async fn create(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Sent { form, hash }: Sent<ArticleForm>,
) -> Result<Response, Error> {
    let (draft, cover) = match form.parse(&user, app.now(), None) {
        Ok(read) => read,
        Err(problems) => return refuse(&app, &page, &user, None, form, &problems).await,
    };
    let Ok(html) = render(&app, &draft.body, Place::Page).await? else {
        return refuse(&app, &page, &user, None, form, &too_deep()).await;
    };
    let exact = !form.slug.trim().is_empty();
    let (cover, author) = (known(&app, cover).await?, author(&app, &visit, &user));
    match articles::create_once(&app.db, &user.actor, &draft, (cover, exact), hash.as_ref(), &author).await? {
        Kept::Done(id) => {
            articles::keep_html(&app.db, id, author.at, VERSION, &html).await?;
            Ok(kept(&draft, app.now()).and_go(&format!("/manage/articles/{id}")))
        }
        other => not_kept(&app, &page, &user, None, form, other).await,
    }
}

/// Changes one.
pub(crate) async fn update(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Path(id): Path<ArticleId>,
    Sent { form, .. }: Sent<ArticleForm>,
) -> Result<Response, Error> {
    let article = articles::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let (draft, cover) = match form.parse(&user, app.now(), article.published_at) {
        Ok(read) => read,
        Err(problems) => return refuse(&app, &page, &user, Some(&article), form, &problems).await,
    };
    let Ok(html) = render(&app, &draft.body, Place::Page).await? else {
        return refuse(&app, &page, &user, Some(&article), form, &too_deep()).await;
    };
    let (cover, author) = (known(&app, cover).await?, author(&app, &visit, &user));
    let seen = form.seen.parse().ok().map(UnixMillis);
    match articles::update(&app.db, &user.actor, id, seen, &draft, cover, &author).await? {
        Kept::Done(id) => {
            articles::keep_html(&app.db, id, author.at, VERSION, &html).await?;
            Ok(kept(&draft, app.now()).and_go(&format!("/manage/articles/{id}")))
        }
        other => not_kept(&app, &page, &user, Some(&article), form, other).await,
    }
}

fn too_deep() -> Problems {
    Problems::one("body", Problem::new("problem-article-depth").with("deepest", DEEPEST))
}

fn kept(draft: &ArticleDraft, now: UnixMillis) -> Flash {
    Flash::ok(match draft.published_at {
        None => "flash-article-draft",
        Some(at) if at > now => "flash-article-planned",
        Some(_) => "flash-article-published",
    })
}

async fn not_kept(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    stored: Option<&Article>,
    mut form: ArticleForm,
    kept: Kept,
) -> Result<Response, Error> {
    match kept {
        Kept::ChangedAt(_) => {
            let id = stored.map(|article| article.id).ok_or(Error::NotFound)?;
            let article = articles::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
            // Whoever saves once more has seen it.
            form.seen = article.updated_at.0.to_string();
            let theirs = ArticleForm::of(&article, user, app.now());
            let words = |form: &ArticleForm| publication_words(page, form);
            let fields = vec![
                Field::new("article-title", &*theirs.title, &*form.title),
                Field::new("article-lead", &*theirs.lead, &*form.lead),
                Field::new("article-body", &*theirs.body, &*form.body),
                Field::new("article-publication", words(&theirs), words(&form)),
                Field::new("article-slug", &*theirs.slug, &*form.slug),
                Field::new("article-cover", &*theirs.cover, &*form.cover),
                Field::new("article-cover-alt", &*theirs.cover_alt, &*form.cover_alt),
            ];
            let keep = format!("/manage/articles/{id}");
            let conflict = ConflictView::of(page, article.updated_at, "article", keep.clone(), fields).await?;
            let Some(conflict) = conflict else { return Ok(Redirect::to(&keep).into_response()) };
            let view = EditView::new(app, user, Some(&article), form).await?;
            let view = EditView { typed: TypedView::conflict(conflict), ..view };
            page.answer(StatusCode::CONFLICT, "manage/article.html", &view)
        }
        Kept::SlugTaken => {
            let problems = Problems::one("slug", Problem::new("problem-slug-taken"));
            refuse(app, page, user, stored, form, &problems).await
        }
        Kept::NotAllowed => Err(Error::Forbidden),
        Kept::NotFound | Kept::Done(_) => Err(Error::NotFound),
    }
}

/// When an article is published, as the form has it.
fn publication_words(page: &Page, form: &ArticleForm) -> String {
    match form.when.as_str() {
        "now" => page.text("article-when-now", &[]),
        "at" => form.published_at.replace('T', " "),
        _ => page.text("article-when-draft", &[]),
    }
}

/// The picture, if there is such a one.
async fn known(app: &AppState, cover: Option<PictureId>) -> Result<Option<PictureId>, Error> {
    Ok(pictures::find(&app.db, cover.as_slice()).await?.first().map(|picture| picture.id))
}

async fn refuse(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    stored: Option<&Article>,
    form: ArticleForm,
    problems: &Problems,
) -> Result<Response, Error> {
    let errors = page.errors(problems);
    page.invalid("manage/article.html", &EditView { errors, ..EditView::new(app, user, stored, form).await? })
}

/// How an article would look, without keeping it.
pub(crate) async fn preview(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<ArticleForm>,
) -> Result<Response, Error> {
    let stored = stored(&app, &user, &form.id).await?;
    let Ok(html) = render(&app, &form.body, Place::Page).await? else {
        return refuse(&app, &page, &user, stored.as_ref(), form, &too_deep()).await;
    };
    let preview = cover(&app, form.cover.parse().ok(), &form.cover_alt, &Place::Page).await? + &html;
    page.show("manage/article.html", &EditView { preview, ..EditView::new(&app, &user, stored.as_ref(), form).await? })
}

/// HTML of a cover; empty: there is none.
async fn cover(app: &AppState, id: Option<PictureId>, alt: &str, place: &Place) -> Result<String, Error> {
    let found = pictures::find(&app.db, id.as_slice()).await?;
    Ok(found.first().map(|cover| image(cover, alt, place)).unwrap_or_default())
}

/// The article that is being changed, if it is not a new one.
async fn stored(app: &AppState, user: &CurrentUser, id: &str) -> Result<Option<Article>, Error> {
    match id.parse() {
        Ok(id) => Ok(articles::find(&app.db, &user.actor, id).await?),
        Err(_) => Ok(None),
    }
}

/// Asks before an article is deleted.
pub(crate) async fn ask_delete(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<ArticleId>,
) -> Result<Response, Error> {
    let article = articles::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    page.show("manage/delete_article.html", &AskDeleteView { id, title: article.title })
}

/// Deletes it.
pub(crate) async fn delete(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<ArticleId>,
) -> Result<Response, Error> {
    if !articles::delete(&app.db, &user.actor, id, &author(&app, &visit, &user)).await? {
        return Err(Error::NotFound);
    }
    Ok(Flash::ok("flash-article-deleted").and_go("/manage/articles"))
}

/// Makes a message of it, to be changed and mailed as any other.
pub(crate) async fn to_message(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<ArticleId>,
) -> Result<Response, Error> {
    let article = articles::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let place = Place::Elsewhere(app.settings.base_url.clone());
    let cover = cover(&app, article.cover_id, &article.cover_alt, &place).await?;
    let text = render_any(&app, &article.body, place).await?;
    let link = app.settings.link(&format!("/blog/{}", article.slug));
    let title = escaped(&article.title);
    let body = format!("<h1>{title}</h1>\n{cover}\n{text}\n<p><a href=\"{link}\">{link}</a></p>\n");
    let title = literal(&article.title);
    let check =
        move |cancel: &Cancel| cancel.within(|limits| MessageDraft::parse_within(&title, &literal(&body), "", limits));
    let draft = app.renders.run(user.user.id, check).await?.map_err(|_| Error::BadRequest)?;
    let message = messages::create(&app.db, &user.actor, &draft, app.now()).await?;
    Ok(Redirect::to(&format!("/messages/{message}/edit")).into_response())
}

/// A text as a template that is rendered to it: what looks like a tag of a template in an article is its text.
fn literal(text: &str) -> String {
    let mut template = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        template.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        template.push_str(if rest.starts_with(['{', '%', '#']) { "{{ '{' }}" } else { "{" });
    }
    template + rest
}
