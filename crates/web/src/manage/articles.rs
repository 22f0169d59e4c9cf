//! The blog as it is written (S-51): articles, their pictures, a look before they are published, and an article as a
//! message to be mailed.

#[cfg(test)]
mod tests;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_media::picture::Encoded;
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
    blog::markdown::{Place, escaped, html, image, pictures_in},
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path, Query},
    i18n,
    limits::Limit,
    media::{self, PictureForm},
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
    visit::Visit,
};

/// Widths in which a picture is kept: a phone, a column of text, the same on a screen with two dots a pixel.
const WIDTHS: [u32; 3] = [480, 960, 1_600];
/// Pictures to choose from beside an article.
const NEWEST: i64 = 24;
/// Decoding takes a processor's time.
const UPLOADS: Limit = Limit::per_minutes("picture", 120, 15);

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
pub(crate) async fn new(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let form = ArticleForm { when: "draft".to_owned(), ..ArticleForm::default() };
    page.show("manage/article.html", &EditView::new(&app, &user, None, form).await?)
}

/// An article to be changed.
pub(crate) async fn edit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<ArticleId>,
) -> Result<Response, Error> {
    let article = articles::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let form = ArticleForm::of(&article, &user, app.now());
    page.show("manage/article.html", &EditView::new(&app, &user, Some(&article), form).await?)
}

/// Keeps a new one.
pub(crate) async fn create(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Form(form): Form<ArticleForm>,
) -> Result<Response, Error> {
    let (draft, cover) = match form.parse(&user, app.now(), None) {
        Ok(read) => read,
        Err(problems) => return refuse(&app, &page, &user, None, form, &problems).await,
    };
    let exact = !form.slug.trim().is_empty();
    let cover = known(&app, cover).await?;
    match articles::create(&app.db, &user.actor, &draft, cover, exact, &author(&app, &visit, &user)).await? {
        Kept::Done(id) => Ok(kept(&draft, app.now()).and_go(&format!("/manage/articles/{id}"))),
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
    Form(form): Form<ArticleForm>,
) -> Result<Response, Error> {
    let article = articles::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let (draft, cover) = match form.parse(&user, app.now(), article.published_at) {
        Ok(read) => read,
        Err(problems) => return refuse(&app, &page, &user, Some(&article), form, &problems).await,
    };
    let cover = known(&app, cover).await?;
    let seen = form.seen.parse().ok().map(UnixMillis);
    match articles::update(&app.db, &user.actor, id, seen, &draft, cover, &author(&app, &visit, &user)).await? {
        Kept::Done(id) => Ok(kept(&draft, app.now()).and_go(&format!("/manage/articles/{id}"))),
        other => not_kept(&app, &page, &user, Some(&article), form, other).await,
    }
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
        // Whoever saves once more knows of it.
        Kept::ChangedAt(at) => {
            form.seen = at.0.to_string();
            let time = i18n::datetime(page.language(), at, &user.user.time_zone);
            let problems = Problems::one("", Problem::new("problem-article-changed").with("time", time));
            refuse(app, page, user, stored, form, &problems).await
        }
        Kept::SlugTaken => {
            let problems = Problems::one("slug", Problem::new("problem-slug-taken"));
            refuse(app, page, user, stored, form, &problems).await
        }
        Kept::NotAllowed => Err(Error::Forbidden),
        Kept::NotFound | Kept::Done(_) => Err(Error::NotFound),
    }
}

/// The picture, if there is such a one.
async fn known(app: &AppState, cover: Option<PictureId>) -> Result<Option<PictureId>, Error> {
    let Some(cover) = cover else { return Ok(None) };
    Ok(pictures::find(&app.db, &[cover]).await?.first().map(|picture| picture.id))
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
    let mut shown = pictures_in(&form.body);
    shown.extend(form.cover.parse::<PictureId>());
    let found = pictures::find(&app.db, &shown).await?;
    let cover = form.cover.parse().ok().and_then(|id: PictureId| found.iter().find(|picture| picture.id == id));
    let cover = cover.map(|cover| image(cover, &form.cover_alt, Place::Page)).unwrap_or_default();
    let preview = cover + &html(&form.body, &found, Place::Page);
    let stored = stored(&app, &user, &form.id).await?;
    page.show("manage/article.html", &EditView { preview, ..EditView::new(&app, &user, stored.as_ref(), form).await? })
}

/// The article that is being changed, if it is not a new one.
async fn stored(app: &AppState, user: &CurrentUser, id: &str) -> Result<Option<Article>, Error> {
    match id.parse() {
        Ok(id) => Ok(articles::find(&app.db, &user.actor, id).await?),
        Err(_) => Ok(None),
    }
}

/// Takes a picture. Answers the page of the article as it is stored, of which a script takes the pictures alone. The
/// first picture is the cover until another is chosen.
pub(crate) async fn upload(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    PictureForm { picture, mut fields }: PictureForm,
) -> Result<Response, Error> {
    UPLOADS.count(&app, &user.user.id.to_string()).await?;
    let made = match picture {
        Ok(bytes) => app.media.pictures.read(bytes, |picture| in_widths(&picture)).await.map_err(media::problem),
        Err(refused) => Err(refused),
    };
    let stored = stored(&app, &user, &fields.remove("id").unwrap_or_default()).await?;
    let mut form = match &stored {
        Some(article) => ArticleForm::of(article, &user, app.now()),
        None => ArticleForm { when: "draft".to_owned(), ..ArticleForm::default() },
    };
    form.cover = fields.remove("cover").unwrap_or(form.cover);
    form.cover_alt = fields.remove("cover_alt").unwrap_or(form.cover_alt);
    let files = match made {
        Ok(files) => files,
        Err((status, problem)) => {
            let picture_errors = page.error("picture", &problem);
            let view = EditView { picture_errors, ..EditView::new(&app, &user, stored.as_ref(), form).await? };
            return page.answer(status, "manage/article.html", &view);
        }
    };
    let mut kept = Vec::new();
    let mut size = (1, 1);
    for (encoded, (width, height)) in files {
        let key = app.media.keep("articles", encoded).await?;
        kept.push((key.as_str().to_owned(), width));
        size = (width, height);
    }
    let added = pictures::add(&app.db, &user.actor, size, &kept, app.now()).await?.ok_or(Error::Forbidden)?;
    if form.cover.is_empty() {
        form.cover = added.to_string();
    }
    page.show("manage/article.html", &EditView::new(&app, &user, stored.as_ref(), form).await?)
}

/// The picture in each width that is not wider than it is.
fn in_widths(picture: &vestnik_media::picture::Picture) -> Vec<(Encoded, (u32, u32))> {
    let (own, _) = picture.size();
    let narrower = WIDTHS.iter().filter(|width| **width < own).copied();
    let widest = own.min(WIDTHS[WIDTHS.len() - 1]);
    let mut widths: Vec<u32> = narrower.filter(|width| *width < widest).collect();
    widths.push(widest);
    widths
        .into_iter()
        .map(|width| {
            let scaled = picture.width(width);
            (scaled.encode(), scaled.size())
        })
        .collect()
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
    let shown: Vec<PictureId> = pictures_in(&article.body).into_iter().chain(article.cover_id).collect();
    let found = pictures::find(&app.db, &shown).await?;
    let place = Place::Elsewhere(&app.settings.base_url);
    let cover = found.iter().find(|picture| Some(picture.id) == article.cover_id);
    let cover = cover.map(|cover| image(cover, &article.cover_alt, place)).unwrap_or_default();
    let text = html(&article.body, &found, place);
    let link = app.settings.link(&format!("/blog/{}", article.slug));
    let title = escaped(&article.title);
    let body = format!("<h1>{title}</h1>\n{cover}\n{text}\n<p><a href=\"{link}\">{link}</a></p>\n");
    let draft = MessageDraft::parse(&literal(&article.title), &literal(&body), "").map_err(|_| Error::BadRequest)?;
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
