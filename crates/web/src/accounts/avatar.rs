//! A person's picture (S-36): a square cut out of the middle, in two sizes.

use axum::{extract::State, http::StatusCode, response::Response};
use vestnik_model::Problem;
use vestnik_store::users;

use super::settings::{SettingsForm, SettingsView, view};
use crate::{
    error::Error,
    flash::Flash,
    limits::Limit,
    media::{self, PictureForm},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// Sides in pixels: on the person's page, and in lists (at twice the density).
const LARGE: u32 = 256;
const SMALL: u32 = 64;
/// Decoding takes a processor's time.
const UPLOADS: Limit = Limit::per_minutes("avatar", 20, 15);

/// Takes a picture.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    PictureForm { picture, .. }: PictureForm,
) -> Result<Response, Error> {
    UPLOADS.count(&app, &user.user.id.to_string()).await?;
    let bytes = match picture {
        Ok(bytes) => bytes,
        Err(refused) => return refuse(&app, &page, &user, refused),
    };
    let sizes =
        app.media.pictures.read(bytes, |picture| [LARGE, SMALL].map(|side| picture.square(side).encode())).await;
    let [large, small] = match sizes {
        Ok(sizes) => sizes,
        Err(refused) => return refuse(&app, &page, &user, media::problem(refused)),
    };
    // Below a folder of their own, so that no one else's picture goes with theirs.
    let prefix = format!("avatars/{}", user.user.id);
    let (large, small) = (app.media.keep(&prefix, large).await?, app.media.keep(&prefix, small).await?);
    let new = [large.as_str(), small.as_str()];
    let before = users::set_avatar(&app.db, &user.actor, new[0], new[1]).await?;
    for old in before.iter().filter(|old| !new.contains(&old.as_str())) {
        app.media.forget(old).await;
    }
    Ok(Flash::ok("flash-avatar-saved").and_go("/settings"))
}

fn refuse(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    (status, problem): (StatusCode, Problem),
) -> Result<Response, Error> {
    let avatar_errors = page.error("picture", &problem);
    let shown = SettingsView { avatar_errors, ..view(app, page, user, SettingsForm::of(user)) };
    page.answer(status, "accounts/settings.html", &shown)
}

/// Takes the picture away.
pub(crate) async fn remove(State(app): State<AppState>, user: CurrentUser) -> Result<Response, Error> {
    for old in users::set_avatar(&app.db, &user.actor, "", "").await? {
        app.media.forget(&old).await;
    }
    Ok(Flash::ok("flash-avatar-removed").and_go("/settings"))
}
