//! Pictures that stand in articles: which files of the media store are one picture in several widths.

use vestnik_model::id::PictureId;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::db::{Db, Result};

/// A picture in several widths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Identifier.
    pub id: PictureId,
    /// Pixels of the widest file.
    pub width: u32,
    /// Pixels of the widest file.
    pub height: u32,
    /// Keys of the media store with their widths in pixels, the narrowest first; never empty.
    pub files: Vec<(String, u32)>,
}

type Row = (PictureId, i64, i64, String);

fn read((id, width, height, files): Row) -> Picture {
    let mut words = files.split(' ');
    let mut pairs = Vec::new();
    while let (Some(key), Some(width)) = (words.next(), words.next()) {
        pairs.push((key.to_owned(), width.parse().unwrap_or_default()));
    }
    let pixels = |number: i64| u32::try_from(number).unwrap_or_default();
    Picture { id, width: pixels(width), height: pixels(height), files: pairs }
}

/// Notes a picture whose files are stored. `None`: the actor does not keep the blog.
pub async fn add(
    db: &Db,
    actor: &Actor,
    size: (u32, u32),
    files: &[(String, u32)],
    now: UnixMillis,
) -> Result<Option<PictureId>> {
    if !actor.may(Permission::ManageBlog) {
        return Ok(None);
    }
    let files: Vec<String> = files.iter().map(|(key, width)| format!("{key} {width}")).collect();
    let mut tx = db.begin().await?;
    let (id,): (PictureId,) = tx
        .fetch_one(
            "INSERT INTO pictures (width, height, files, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
            &[&i64::from(size.0), &i64::from(size.1), &files.join(" "), &now],
        )
        .await?;
    tx.commit().await?;
    Ok(Some(id))
}

/// Those of these pictures that there are. An article has a handful.
pub async fn find(db: &Db, ids: &[PictureId]) -> Result<Vec<Picture>> {
    let mut found = Vec::new();
    for id in ids {
        let sql = "SELECT id, width, height, files FROM pictures WHERE id = $1";
        found.extend(db.fetch_optional::<Row>(sql, &[id]).await?.map(read));
    }
    Ok(found)
}

/// The pictures that were uploaded last, the newest first; none for those who do not keep the blog.
pub async fn newest(db: &Db, actor: &Actor, limit: i64) -> Result<Vec<Picture>> {
    if !actor.may(Permission::ManageBlog) {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, width, height, files FROM pictures ORDER BY id DESC LIMIT $1";
    Ok(db.fetch_all::<Row>(sql, &[&limit]).await?.into_iter().map(read).collect())
}
