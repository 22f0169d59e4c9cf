//! Articles, on both databases: who sees and changes which, their addresses, their order, how often they are read.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::BTreeSet;

use common::{NOW, someone};
use vestnik_model::article::{ArticleDraft, Publication};
use vestnik_model::id::ArticleId;
use vestnik_model::installation::SecondFactorPolicy;
use vestnik_model::secret::SystemRandom;
use vestnik_model::{Actor, BuiltinGroup, UnixMillis};
use vestnik_store::articles::{self, ArticleFilter, AtSlug, Kept};
use vestnik_store::audit::Author;
use vestnik_store::{Db, databases, groups, people, pictures, users};

fn author() -> Author {
    Author::at_console(NOW)
}

async fn writer(db: &Db) -> Actor {
    let actor = someone(db, "writer").await;
    people::join(db, actor.user(), BuiltinGroup::ContentManagers, &author()).await.unwrap();
    let user = users::find(db, actor.user()).await.unwrap().unwrap();
    Actor::with(&user, &groups::permissions_of(db, user.id).await.unwrap(), SecondFactorPolicy::Optional)
}

fn draft(title: &str, published_at: Option<i64>) -> ArticleDraft {
    ArticleDraft {
        title: title.into(),
        slug: vestnik_model::article::slug(title),
        lead: String::new(),
        body: "Text".into(),
        cover_alt: String::new(),
        published_at: published_at.map(UnixMillis),
    }
}

async fn keep(db: &Db, actor: &Actor, draft: &ArticleDraft) -> ArticleId {
    match articles::create(db, actor, draft, None, false, &author()).await.unwrap() {
        Kept::Done(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn slug_of(db: &Db, actor: &Actor, id: ArticleId) -> String {
    articles::find(db, actor, id).await.unwrap().unwrap().slug
}

databases! {
    async fn s51_only_who_keeps_the_blog_sees_and_changes_what_is_not_published(db: Db) {
        let writer = writer(&db).await;
        let anna = someone(&db, "anna").await;
        let id = keep(&db, &writer, &draft("Draft", None)).await;
        assert_eq!(articles::find(&db, &anna, id).await.unwrap(), None);
        let filter = ArticleFilter::default();
        assert!(articles::list(&db, &anna, &filter, NOW, None, 10).await.unwrap().rows.is_empty());
        let mine = draft("Mine", Some(NOW.0));
        assert_eq!(articles::create(&db, &anna, &mine, None, false, &author()).await.unwrap(), Kept::NotAllowed);
        assert_eq!(articles::update(&db, &anna, id, None, &mine, None, &author()).await.unwrap(), Kept::NotAllowed);
        assert!(!articles::delete(&db, &anna, id, &author()).await.unwrap());
        assert_eq!(pictures::add(&db, &anna, (1, 1), &[("a".into(), 1)], NOW).await.unwrap(), None);
        assert!(articles::published(&db, NOW, None, 10).await.unwrap().rows.is_empty());
        assert!(articles::find(&db, &writer, id).await.unwrap().is_some());
        assert!(articles::delete(&db, &writer, id, &author()).await.unwrap());
        assert!(!articles::delete(&db, &writer, id, &author()).await.unwrap());
    }

    async fn what_is_published_is_read_newest_first_and_what_is_planned_when_its_time_comes(db: Db) {
        let writer = writer(&db).await;
        // Two of the same moment, one of them on the next page.
        for (title, before) in [("a", 40), ("b", 30), ("c", 30), ("d", 10)] {
            keep(&db, &writer, &draft(title, Some(NOW.0 - before))).await;
        }
        keep(&db, &writer, &draft("planned", Some(NOW.0 + 5))).await;
        keep(&db, &writer, &draft("draft", None)).await;
        let titles = |page: &vestnik_store::Page<vestnik_model::article::Article>| {
            page.rows.iter().map(|article| article.title.clone()).collect::<String>()
        };
        let first = articles::published(&db, NOW, None, 2).await.unwrap();
        assert_eq!(titles(&first), "dc");
        assert!(first.rows.iter().all(|article| article.body == "Text"), "its beginning stands for the lead");
        let second = articles::published(&db, NOW, first.next.as_ref(), 2).await.unwrap();
        assert_eq!(titles(&second), "ba");
        assert_eq!(second.next, None);
        let back = articles::published(&db, NOW, second.previous.as_ref(), 2).await.unwrap();
        assert_eq!(titles(&back), "dc");
        let later = articles::published(&db, UnixMillis(NOW.0 + 5), None, 1).await.unwrap();
        assert_eq!(titles(&later), "planned");
        let of = |publication| ArticleFilter { publication: Some(publication), ..ArticleFilter::default() };
        for (publication, count) in [(Publication::Draft, 1), (Publication::Planned, 1), (Publication::Published, 4)] {
            let found = articles::list(&db, &writer, &of(publication), NOW, None, 10).await.unwrap();
            assert_eq!(found.rows.len(), count, "{publication}");
        }
        let told = ArticleDraft { lead: "About".into(), ..draft("told", Some(NOW.0)) };
        keep(&db, &writer, &told).await;
        let [told] = &articles::published(&db, NOW, None, 1).await.unwrap().rows[..] else { panic!("one") };
        assert_eq!((told.lead.as_str(), told.body.as_str()), ("About", ""), "lists carry no texts");
        let newest = articles::newest(&db, NOW, 2).await.unwrap();
        assert_eq!(newest.iter().map(|article| article.body.as_str()).collect::<Vec<_>>(), ["Text", "Text"]);
    }

    async fn addresses_are_unique_and_old_ones_lead_on(db: Db) {
        let writer = writer(&db).await;
        let first = keep(&db, &writer, &draft("Осень", Some(NOW.0 - 1))).await;
        let second = keep(&db, &writer, &draft("Осень", Some(NOW.0 - 1))).await;
        assert_eq!((slug_of(&db, &writer, first).await, slug_of(&db, &writer, second).await), ("osen".into(), "osen-2".into()));
        let exact = articles::create(&db, &writer, &draft("Осень", None), None, true, &author()).await.unwrap();
        assert_eq!(exact, Kept::SlugTaken);

        let renamed = ArticleDraft { slug: "autumn".into(), ..draft("Осень", Some(NOW.0 - 1)) };
        assert_eq!(articles::update(&db, &writer, first, None, &renamed, None, &author()).await.unwrap(), Kept::Done(first));
        let moved = articles::at_slug(&db, "osen").await.unwrap();
        assert!(matches!(moved, AtSlug::Moved(article) if article.slug == "autumn"));
        let taken = ArticleDraft { slug: "osen-2".into(), ..renamed.clone() };
        assert_eq!(articles::update(&db, &writer, first, None, &taken, None, &author()).await.unwrap(), Kept::SlugTaken);
        // Someone else may have the address that was left.
        let third = keep(&db, &writer, &draft("Осень", None)).await;
        assert_eq!(slug_of(&db, &writer, third).await, "osen");
        assert!(matches!(articles::at_slug(&db, "osen").await.unwrap(), AtSlug::Article(article) if article.id == third));
        // A draft that is renamed leaves no trace: nobody had its address.
        let other = ArticleDraft { slug: "fall".into(), ..draft("Осень", None) };
        articles::update(&db, &writer, third, None, &other, None, &author()).await.unwrap();
        assert_eq!(articles::at_slug(&db, "osen").await.unwrap(), AtSlug::Nothing);
        // And back to one's own old one.
        let back = ArticleDraft { slug: "osen".into(), ..renamed };
        assert_eq!(articles::update(&db, &writer, first, None, &back, None, &author()).await.unwrap(), Kept::Done(first));
        let moved = articles::at_slug(&db, "autumn").await.unwrap();
        assert!(matches!(moved, AtSlug::Moved(article) if article.slug == "osen"));
    }

    async fn titles_are_searched_in_any_case_and_script(db: Db) {
        let writer = writer(&db).await;
        keep(&db, &writer, &draft("Осеннее МЕНЮ, 100%", None)).await;
        for (search, found) in [("меню", 1), ("осеннее", 1), ("100%", 1), ("_", 0), ("зима", 0)] {
            let filter = ArticleFilter { search: search.into(), publication: None };
            assert_eq!(articles::list(&db, &writer, &filter, NOW, None, 10).await.unwrap().rows.len(), found, "{search}");
        }
    }

    async fn views_are_added_and_random_ones_are_all_published(db: Db) {
        let writer = writer(&db).await;
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(keep(&db, &writer, &draft(&format!("n{n}"), Some(NOW.0 - 10))).await);
        }
        keep(&db, &writer, &draft("draft", None)).await;
        articles::add_views(&db, &[(ids[3], 2), (ids[0], 1), (ArticleId(999), 7)]).await.unwrap();
        articles::add_views(&db, &[(ids[3], 5)]).await.unwrap();
        assert_eq!(articles::find(&db, &writer, ids[3]).await.unwrap().unwrap().views, 7);
        let mut seen = BTreeSet::new();
        for _ in 0..60 {
            let chosen = articles::random(&db, NOW, &SystemRandom, 3).await.unwrap();
            let titles: BTreeSet<String> = chosen.into_iter().map(|article| article.title).collect();
            assert_eq!(titles.len(), 3, "three different ones");
            seen.extend(titles);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["n0", "n1", "n2", "n3", "n4"]);
        assert!(articles::random(&db, UnixMillis(0), &SystemRandom, 3).await.unwrap().is_empty());
    }

    async fn a_picture_has_several_widths_and_outlives_no_reference(db: Db) {
        let writer = writer(&db).await;
        let files = [("articles/a.jpg".to_owned(), 480), ("articles/b.jpg".to_owned(), 960)];
        let id = pictures::add(&db, &writer, (960, 640), &files, NOW).await.unwrap().unwrap();
        let found = pictures::find(&db, &[id, vestnik_model::id::PictureId(999)]).await.unwrap();
        assert_eq!((found.len(), found[0].width, found[0].height, found[0].files.as_slice()), (1, 960, 640, &files[..]));
        let kept = articles::create(&db, &writer, &draft("x", None), Some(id), false, &author()).await.unwrap();
        let Kept::Done(article) = kept else { panic!("{kept:?}") };
        assert_eq!(articles::find(&db, &writer, article).await.unwrap().unwrap().cover_id, Some(id));
    }

    async fn what_someone_else_has_changed_meanwhile_is_not_written_over(db: Db) {
        let writer = writer(&db).await;
        let id = keep(&db, &writer, &draft("One", None)).await;
        let seen = articles::find(&db, &writer, id).await.unwrap().unwrap().updated_at;
        let later = Author::at_console(UnixMillis(NOW.0 + 5));
        let mine = articles::update(&db, &writer, id, Some(seen), &draft("Mine", None), None, &later).await.unwrap();
        assert_eq!(mine, Kept::Done(id));
        let yours = draft("Yours", None);
        let late = articles::update(&db, &writer, id, Some(seen), &yours, None, &later).await.unwrap();
        assert_eq!(late, Kept::ChangedAt(later.at));
        assert_eq!(slug_of(&db, &writer, id).await, "mine");
        let knowing = articles::update(&db, &writer, id, Some(later.at), &yours, None, &later).await.unwrap();
        assert_eq!(knowing, Kept::Done(id));
    }
}
