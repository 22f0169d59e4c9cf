//! Samples of the blog.

use vestnik_model::{
    UnixMillis,
    article::Publication,
    id::{ArticleId, PictureId},
};

use super::{Sample, errors_at, page, stranger, typed};
use crate::{
    blog::{ArticleView, Card, ListView},
    form::FormErrors,
    home::Figures,
    manage::articles::{ArticleForm, AskDeleteView, EditView, ListView as AllView, PictureChoice, Row},
    page::Pager,
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);
const TITLE: &str = "Осень <b>и</b> \"кофе\"";

pub(super) fn card() -> Card {
    Card {
        title: TITLE.into(),
        slug: "osen".into(),
        lead: "<i>Кратко".into(),
        cover: "<img src=\"/media/x.jpg\" alt=\"\">".into(),
        published_at: NOW,
        views: 21,
    }
}

fn article(public: bool) -> ArticleView {
    ArticleView {
        title: TITLE.into(),
        lead: "<i>Кратко".into(),
        html: "<p>Текст</p>".into(),
        cover: if public { "<img src=\"/media/x.jpg\" alt=\"\">".into() } else { String::new() },
        cover_address: if public { "https://mail.example.org/media/x.jpg".into() } else { String::new() },
        author: if public { "Анна <Север>".into() } else { String::new() },
        published_at: public.then_some(NOW),
        views: 1,
        zone: "Europe/Moscow".into(),
        canonical: "https://mail.example.org/blog/osen".into(),
        edit: if public { String::new() } else { "/manage/articles/1".into() },
        public,
    }
}

fn row(publication: Publication) -> Row {
    Row {
        id: ArticleId(1),
        title: TITLE.into(),
        slug: "osen".into(),
        publication,
        published_at: (publication != Publication::Draft).then_some(NOW),
        updated_at: NOW,
        views: 12_480,
    }
}

fn edit(new: bool, errors: FormErrors, picture_errors: FormErrors) -> EditView {
    let picture = |id| PictureChoice { id: PictureId(id), key: "articles/a.jpg".into(), width: 1_600, height: 900 };
    EditView {
        id: (!new).then_some(ArticleId(1)),
        form: ArticleForm {
            title: TITLE.into(),
            body: "</textarea><b>".into(),
            cover: "2".into(),
            when: if new { "draft" } else { "at" }.into(),
            published_at: "2026-12-01T10:00".into(),
            ..ArticleForm::default()
        },
        errors,
        picture_errors,
        pictures: if new { Vec::new() } else { vec![picture(3), picture(2)] },
        publication: (!new).then_some(Publication::Published),
        slug: "osen".into(),
        preview: if new { String::new() } else { "<p>Текст</p>".into() },
        typed: typed(!new),
    }
}

pub(super) fn all() -> Vec<Sample> {
    let list = |cards: Vec<Card>| ListView {
        figures: (!cards.is_empty()).then_some(Figures { mailings: 24, active: 3, recipients: 12_480, set_up: true }),
        chosen: cards.clone(),
        cards,
        pager: Pager { previous: None, next: Some("/blog?at=a1".into()) },
        zone: "Europe/Moscow".into(),
        canonical: "https://mail.example.org/blog".into(),
    };
    let rows = |rows| AllView { rows, search: "<b>".into(), state: "draft".into(), pager: Pager::default() };
    let wrong = errors_at(&["title", "lead", "body", "slug", "published_at", "when"]);
    vec![
        stranger("blog/list.html", list(vec![card(), card()])),
        stranger("blog/list.html", list(Vec::new())),
        stranger("blog/article.html", article(true)),
        page("blog/article.html", article(false)),
        page("manage/articles.html", rows(Publication::ALL.iter().copied().map(row).collect())),
        page("manage/articles.html", rows(Vec::new())),
        page("manage/article.html", edit(true, FormErrors::none(), FormErrors::none())),
        page("manage/article.html", edit(false, wrong, FormErrors::none())),
        page("manage/article.html", edit(false, FormErrors::none(), errors_at(&["picture"]))),
        page("manage/delete_article.html", AskDeleteView { id: ArticleId(1), title: TITLE.into() }),
    ]
}
