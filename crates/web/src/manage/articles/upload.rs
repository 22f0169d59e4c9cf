//! Pictures of articles, as they are uploaded.

use axum::{extract::State, response::Response};
use vestnik_media::picture::Encoded;
use vestnik_store::pictures;

use super::{ArticleForm, EditView, stored};
use crate::{
    error::Error,
    limits::Limit,
    media::{self, PictureForm},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// Widths in which a picture is kept: a phone, a column of text, the same on a screen with two dots a pixel.
const WIDTHS: [u32; 3] = [480, 960, 1_600];
/// Decoding takes a processor's time.
const UPLOADS: Limit = Limit::per_minutes("picture", 120, 15);

/// Takes a picture. Answers the page of the article as it is stored, of which a script takes the pictures alone. The
/// first picture is the cover until another is chosen.
pub(crate) async fn submit(
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
