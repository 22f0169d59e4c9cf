//! Reading files into the list, with what became of each row.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::fs::File;
use std::io::{Seek as _, Write as _};

use common::{NOW, someone};
use vestnik_model::Actor;
use vestnik_model::clock::SettableClock;
use vestnik_model::recipient::RecipientSort;
use vestnik_store::import::{self, Import, KEPT_ROWS};
use vestnik_store::recipients::RecipientQuery;
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

/// Names of the list, in the order of addresses.
async fn names(db: &Db, actor: &Actor) -> Vec<String> {
    let query = RecipientQuery { search: String::new(), sort: RecipientSort::Email, cursor: None, size: 9 };
    let rows = recipients::list(db, actor, &query).await.unwrap().rows;
    rows.into_iter().map(|row| row.full_name).collect()
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
        assert_eq!((again.unchanged, again.rejected), (5_000, 5));
    }

    async fn a_file_that_is_no_list_is_refused_and_says_why(db: Db) {
        let anna = someone(&db, "anna").await;
        let done = read(&db, &anna, b"a@example.org,Anna\n").await;
        assert_eq!(done.state, "failed");
        assert_eq!(done.problem().unwrap().id, "problem-import-no-header");
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 0);
    }

    async fn rejected_rows_and_warnings_beyond_the_limit_are_counted_and_not_kept(db: Db) {
        let anna = someone(&db, "anna").await;
        let mut contents = String::from("Email,Name\n");
        let many = KEPT_ROWS + 1_500;
        for n in 0..many {
            contents.push_str(&format!("nonsense {n},x\nr{n}@example.org; s{n}@example.org,\n"));
        }
        // So many lines of nothing else that progress is noted without anything to store.
        contents.push_str(&"x\n".repeat(120_000));
        let done = read(&db, &anna, contents.as_bytes()).await;
        assert_eq!((done.added, done.rejected as usize, done.warnings as usize), (many as i64, many + 120_000, many));
        let kept = async |sql| db.fetch_one::<(i64,)>(sql, &[]).await.unwrap().0 as usize;
        assert_eq!(kept("SELECT count(*) FROM import_rejects").await, KEPT_ROWS);
        assert_eq!(kept("SELECT count(*) FROM import_warnings").await, KEPT_ROWS);
        let rejects = import::rejects(&db, &anna, done.id, None, KEPT_ROWS * 2).await.unwrap().rows;
        assert_eq!(rejects.len(), KEPT_ROWS);
        assert_eq!(rejects.last().unwrap().line, KEPT_ROWS as i64 * 2, "the first ones");
    }

    async fn a_good_name_is_never_replaced_by_a_damaged_one(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let good = include_bytes!("../../model/tests/fixtures/import/names-good.csv");
        let broken = include_bytes!("../../model/tests/fixtures/import/names-one-broken-byte.csv");
        read(&db, &anna, good).await;
        let done = read(&db, &anna, broken).await;
        assert_eq!((done.added, done.updated, done.unchanged, done.rejected, done.warnings), (0, 0, 2, 0, 1));
        assert_eq!(names(&db, &anna).await, ["Анна Северная", "Борис Южный"]);
        let warning = &import::warnings(&db, &anna, done.id, None, 9).await.unwrap().rows[0];
        assert_eq!((warning.line, warning.email.as_str()), (3, "boris@example.com"));
        let problem = warning.problem();
        assert_eq!(problem.id, "import-warning-name-kept");
        assert_eq!(problem.args[0].1, "Борис Южны\u{fffd}");
        assert!(import::warnings(&db, &boris, done.id, None, 9).await.unwrap().rows.is_empty(), "another's");

        // Without a good one the damaged name is better than none, and gives way to the good one.
        let done = read(&db, &boris, broken).await;
        assert_eq!((done.added, done.warnings), (2, 1));
        assert_eq!(names(&db, &boris).await, ["Анна Северная", "Борис Южны\u{fffd}"]);
        assert_eq!(read(&db, &boris, good).await.updated, 1);
        assert_eq!(names(&db, &boris).await, ["Анна Северная", "Борис Южный"]);
        // The comment beside a damaged name is taken all the same.
        let done = read(&db, &boris, "Email;Имя;Комментарий\nboris@example.com;Бор\u{fffd}с;друг\n".as_bytes()).await;
        assert_eq!((done.updated, done.warnings), (1, 1));
        assert_eq!(names(&db, &boris).await, ["Анна Северная", "Борис Южный"]);
        assert_eq!(recipients::count(&db, &boris, "друг").await.unwrap(), 1);
    }

    async fn the_result_tells_how_the_file_was_understood(db: Db) {
        let anna = someone(&db, "anna").await;
        let done = read(&db, &anna, include_bytes!("../../model/tests/fixtures/import/windows-1251-names.csv")).await;
        let layout = done.layout().unwrap();
        assert_eq!(layout.encoding, "windows-1251");
        let name = |columns: &[vestnik_model::import::Column]| {
            columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(name(&layout.full_name), ["Фамилия", "Имя", "Отчество"]);
        assert_eq!(name(&layout.email), ["E-mail клиента"]);
        assert_eq!((name(&layout.not_taken), layout.not_taken[0].filled), (vec!["Город".to_owned()], true));
        let done = read(&db, &anna, include_bytes!("../../model/tests/fixtures/import/delimiter-only-rows.csv")).await;
        // Anna's name is another in this file.
        assert_eq!((done.added, done.updated, done.unchanged, done.blank_rows, done.rejected), (0, 2, 0, 4, 0));
        assert_eq!(done.taken(), 2);
    }

    async fn an_import_that_was_cut_off_does_not_hang(db: Db) {
        let anna = someone(&db, "anna").await;
        let id = import::begin(&db, &anna, "list.csv", 10, NOW).await.unwrap();
        assert!(import::find(&db, &anna, id).await.unwrap().unwrap().is_reading());
        import::fail_abandoned(&db, NOW).await.unwrap();
        assert_eq!(import::find(&db, &anna, id).await.unwrap().unwrap().state, "failed");
    }
}
