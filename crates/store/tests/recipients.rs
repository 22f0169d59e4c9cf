//! The list of recipients (S-01 to S-04).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, add_recipients, all_ids, draft, plan, plan_for, someone};
use vestnik_model::id::RecipientId;
use vestnik_model::mailing::Audience;
use vestnik_model::recipient::RecipientSort;
use vestnik_store::mailings::Selection;
use vestnik_store::recipients::{self, RecipientQuery, Saved};
use vestnik_store::{Cursor, audience, databases};

fn query(search: &str, sort: RecipientSort, cursor: Option<Cursor>) -> RecipientQuery {
    RecipientQuery { search: search.to_owned(), sort, cursor, size: 3 }
}

databases! {
    async fn an_audience_is_read_in_steps_by_its_owner(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 5).await;
        add_recipients(&db, &boris, 1).await;
        let ids = all_ids(&db, &anna).await;
        let chosen = Selection::Ids(vec![ids[1], ids[3], ids[4]]);
        let everyone = (plan(&db, &anna, "", "", "once").await, Audience::All);
        let some = (plan_for(&db, &anna, "", "", "once", &chosen).await, Audience::Chosen);
        for (mailing, expected) in [(everyone, ids.clone()), (some, vec![ids[1], ids[3], ids[4]])] {
            let (first, last) = (expected[0], expected[expected.len() - 1]);
            assert_eq!(audience::bounds(&db, &anna, mailing).await.unwrap(), Some((first, last)));
            let mut found = Vec::new();
            let mut next = first;
            loop {
                let step = audience::from(&db, &anna, mailing, next, 2).await.unwrap();
                let Some(last) = step.last() else { break };
                next = RecipientId(last.id.0 + 1);
                found.extend(step.into_iter().map(|recipient| recipient.id));
            }
            assert_eq!(found, expected);
            assert_eq!(audience::bounds(&db, &boris, mailing).await.unwrap(), None);
            assert!(audience::from(&db, &boris, mailing, RecipientId(0), 9).await.unwrap().is_empty());
        }
        recipients::delete_many(&db, &anna, &ids).await.unwrap();
        assert_eq!(audience::bounds(&db, &anna, everyone).await.unwrap(), None);
    }

    async fn an_address_is_unique_for_its_owner_and_no_further(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let Saved::Saved(first) = recipients::create(&db, &anna, &draft("Client@Example.org", "", ""), NOW).await.unwrap()
        else { panic!("not saved") };
        assert_eq!(
            recipients::create(&db, &anna, &draft("client@EXAMPLE.org", "", ""), NOW).await.unwrap(),
            Saved::EmailTaken(first)
        );
        assert!(matches!(
            recipients::create(&db, &boris, &draft("client@example.org", "", ""), NOW).await.unwrap(),
            Saved::Saved(_)
        ));
        let Saved::Saved(second) = recipients::create(&db, &anna, &draft("other@example.org", "", ""), NOW).await.unwrap()
        else { panic!("not saved") };
        assert_eq!(
            recipients::update(&db, &anna, second, &draft("client@example.org", "", ""), NOW).await.unwrap(),
            Saved::EmailTaken(first)
        );
    }

    async fn the_number_stays_exact_whatever_comes_together(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let drafts = |from: usize| -> Vec<_> {
            (from..from + 300).map(|n| draft(&format!("r{n}@example.org"), &format!("{from}"), "")).collect()
        };
        // Each address comes three times, from imports that go on at once.
        let (first, second, third) = (drafts(0), drafts(100), drafts(200));
        let (first, second, third, _) = tokio::join!(
            recipients::add_all(&db, &anna, &first, NOW),
            recipients::add_all(&db, &anna, &second, NOW),
            recipients::add_all(&db, &anna, &third, NOW),
            recipients::create(&db, &anna, &first[0], NOW),
        );
        let merged = [first.unwrap(), second.unwrap(), third.unwrap()];
        let counts = async || (recipients::count(&db, &anna, "").await.unwrap(), all_ids(&db, &anna).await.len() as i64);
        assert_eq!(counts().await, (500, 500), "{merged:?}");
        let ids = all_ids(&db, &anna).await;
        assert!(recipients::delete(&db, &anna, ids[0]).await.unwrap());
        assert!(!recipients::delete(&db, &anna, ids[0]).await.unwrap());
        recipients::delete_many(&db, &boris, &ids).await.unwrap();
        assert_eq!(recipients::delete_many(&db, &anna, &ids[..100]).await.unwrap(), 99);
        recipients::delete_matching(&db, &anna, "r49").await.unwrap();
        let (known, real) = counts().await;
        assert_eq!(known, real);
        recipients::delete_all(&db, &anna).await.unwrap();
        assert_eq!(counts().await, (0, 0));
    }

    async fn nobody_reaches_anothers_recipient(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 1).await;
        let id = common::all_ids(&db, &anna).await[0];
        assert!(recipients::find(&db, &boris, id).await.unwrap().is_none());
        assert_eq!(recipients::update(&db, &boris, id, &draft("x@y.org", "", ""), NOW).await.unwrap(), Saved::NotFound);
        assert!(!recipients::delete(&db, &boris, id).await.unwrap());
        assert_eq!(recipients::delete_many(&db, &boris, &[id]).await.unwrap(), 0);
        assert_eq!(recipients::delete_matching(&db, &boris, "r1").await.unwrap(), 0);
        assert_eq!(recipients::count(&db, &boris, "").await.unwrap(), 0);
        assert!(recipients::find(&db, &anna, id).await.unwrap().is_some());
    }

    async fn search_finds_in_all_fields_without_regard_to_case_and_takes_no_wildcards(db: Db) {
        let anna = someone(&db, "anna").await;
        for (email, name, comment) in
            [("first@example.org", "Щукина Наталья", ""), ("Second@пример.рф", "100% Boris", "Любит_кофе")]
        {
            recipients::create(&db, &anna, &draft(email, name, comment), NOW).await.unwrap();
        }
        for (search, found) in [
            ("щукина", 1), ("НАТАЛЬЯ", 1), ("second@", 1), ("пример", 1), ("любит_", 1), ("ЛЮБИТ", 1), ("100%", 1),
            ("0%b", 0), ("и_а", 0), ("", 2), ("  ", 2), ("nobody", 0),
        ] {
            assert_eq!(recipients::count(&db, &anna, search).await.unwrap(), found, "{search:?}");
            let rows = recipients::list(&db, &anna, &query(search, RecipientSort::Newest, None)).await.unwrap().rows;
            assert_eq!(rows.len() as i64, found, "{search:?}");
        }
    }

    async fn search_takes_words_in_any_order_and_ye_for_yo(db: Db) {
        let anna = someone(&db, "anna").await;
        for (email, name, comment) in [
            ("semenov@example.org", "Семёнов Пётр Ильич", "Орёл, VIP"),
            ("petr@example.org", "Петр Семенов", "Тула"),
            ("other@example.org", "Андрей Лесной", ""),
            ("ёлка@ёж.рф", "", ""),
        ] {
            recipients::create(&db, &anna, &draft(email, name, comment), NOW).await.unwrap();
        }
        for (search, found) in [
            ("семенов петр", 2), ("Пётр СЕМЁНОВ", 2), ("петр орел", 1), ("vip semenov@ ильич", 1), ("петр лесной", 0),
            ("андреи", 0), ("андрей", 1), ("елка", 1), ("ёлка", 1), ("еж.рф", 1), ("xn--e1a", 0), ("тула орел", 0),
            ("п е т р", 2), ("\0", 4),
        ] {
            assert_eq!(recipients::count(&db, &anna, search).await.unwrap(), found, "{search:?}");
            let mut listed = query(search, RecipientSort::Name, None);
            listed.size = 9;
            let rows = recipients::list(&db, &anna, &listed).await.unwrap().rows;
            assert_eq!(rows.len() as i64, found, "{search:?}");
        }
        // What is deleted is what was found, and a search for nothing deletes nobody.
        assert_eq!(recipients::delete_matching(&db, &anna, "\0").await.unwrap(), 0);
        assert_eq!(recipients::delete_matching(&db, &anna, "орел семенов").await.unwrap(), 1);
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 3);
    }

    async fn every_order_can_be_walked_forth_and_back(db: Db) {
        let anna = someone(&db, "anna").await;
        for n in [5, 3, 8, 1, 7, 2, 6, 4] {
            // Equal names, so that the id decides.
            let name = if n % 2 == 0 { "Ёлка" } else { "abc" };
            recipients::create(&db, &anna, &draft(&format!("r{n}@example.org"), name, ""), NOW).await.unwrap();
        }
        for sort in RecipientSort::ALL {
            let mut forth = Vec::new();
            let mut cursor = None;
            let mut last = loop {
                let page = recipients::list(&db, &anna, &query("", *sort, cursor)).await.unwrap();
                forth.extend(page.rows.iter().map(|row| row.id));
                match page.next.clone() {
                    Some(next) => cursor = Some(next.to_string().parse().unwrap()),
                    None => break page,
                }
            };
            assert_eq!(forth.len(), 8, "{sort}");
            let mut back: Vec<RecipientId> = last.rows.iter().map(|row| row.id).collect();
            while let Some(previous) = last.previous {
                last = recipients::list(&db, &anna, &query("", *sort, Some(previous))).await.unwrap();
                back.splice(0..0, last.rows.iter().map(|row| row.id));
            }
            assert_eq!(forth, back, "{sort}");
        }
    }

    async fn an_import_adds_and_fills_in_and_never_empties(db: Db) {
        let anna = someone(&db, "anna").await;
        recipients::create(&db, &anna, &draft("a@example.org", "Anna", "friend"), NOW).await.unwrap();
        recipients::create(&db, &anna, &draft("b@example.org", "Boris", ""), NOW).await.unwrap();
        let merged = recipients::add_all(
            &db,
            &anna,
            &[draft("A@example.org", "", "best friend"), draft("b@example.org", "Boris", ""), draft("c@example.org", "C", "")],
            NOW,
        ).await.unwrap();
        assert_eq!((merged.added, merged.updated), (1, 1), "the second one is as it was");
        let rows = recipients::list(&db, &anna, &query("", RecipientSort::Email, None)).await.unwrap().rows;
        assert_eq!((rows[0].full_name.as_str(), rows[0].comment.as_str()), ("Anna", "best friend"));
        assert_eq!(recipients::count(&db, &anna, "best").await.unwrap(), 1);
    }

    async fn strangers_are_named(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 2).await;
        let emails: Vec<_> = ["R1@example.org", "x@example.org"].iter().map(|e| e.parse().unwrap()).collect();
        let strangers = recipients::strangers(&db, &anna, &emails).await.unwrap();
        assert_eq!(strangers.iter().map(|e| e.as_str()).collect::<Vec<_>>(), ["x@example.org"]);
        assert_eq!(recipients::strangers(&db, &boris, &emails).await.unwrap().len(), 2);
    }
}
