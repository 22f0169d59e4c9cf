//! Reading files into the list, with what became of each row.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::fs::File;
use std::io::{Seek as _, Write as _};

use common::{NOW, someone};
use vestnik_model::Actor;
use vestnik_model::clock::SettableClock;
use vestnik_store::import::{self, Import};
use vestnik_store::{Db, databases, recipients};

fn file(contents: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(contents).unwrap();
    file.rewind().unwrap();
    file
}

async fn read(db: &Db, actor: &Actor, contents: &[u8]) -> Import {
    let id = import::begin(db, actor, "list.csv", contents.len() as u64, NOW).await.unwrap();
    import::read(db, actor, id, file(contents), &SettableClock::at(NOW)).await.unwrap()
}

databases! {
    async fn good_rows_are_kept_and_bad_ones_reported(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let mut contents = String::from("Почта;ФИО\n");
        for n in 0..5_000 {
            contents.push_str(&format!("r{n}@example.org;Имя {n}\n"));
            if n % 1_000 == 999 {
                contents.push_str("nonsense;x\n");
            }
        }
        let done = read(&db, &anna, contents.as_bytes()).await;
        assert_eq!((done.state.as_str(), done.added, done.updated, done.rejected), ("done", 5_000, 0, 5));
        assert_eq!(done.position, done.size);
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 5_000);
        let rejects = import::rejects(&db, &anna, done.id, None, 3).await.unwrap();
        assert_eq!(rejects.rows.iter().map(|reject| reject.line).collect::<Vec<_>>(), [1_002, 2_003, 3_004]);
        assert_eq!(rejects.rows[0].problem().id, "address-no-at");
        let rest = import::rejects(&db, &anna, done.id, rejects.next.as_ref(), 3).await.unwrap();
        assert_eq!(rest.rows.len(), 2);
        assert!(import::find(&db, &boris, done.id).await.unwrap().is_none());
        assert!(import::rejects(&db, &boris, done.id, None, 3).await.unwrap().rows.is_empty());

        let again = read(&db, &anna, contents.as_bytes()).await;
        assert_eq!((again.added, again.updated), (0, 0), "the same file twice changes nothing");
    }

    async fn a_file_that_is_no_list_is_refused_and_says_why(db: Db) {
        let anna = someone(&db, "anna").await;
        let done = read(&db, &anna, b"a@example.org,Anna\n").await;
        assert_eq!(done.state, "failed");
        assert_eq!(done.problem().unwrap().id, "problem-import-no-header");
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 0);
    }

    async fn an_import_that_was_cut_off_does_not_hang(db: Db) {
        let anna = someone(&db, "anna").await;
        let id = import::begin(&db, &anna, "list.csv", 10, NOW).await.unwrap();
        assert!(import::find(&db, &anna, id).await.unwrap().unwrap().is_reading());
        import::fail_abandoned(&db, NOW).await.unwrap();
        assert_eq!(import::find(&db, &anna, id).await.unwrap().unwrap().state, "failed");
    }
}
