use axum::http::{StatusCode, header};
use vestnik_model::{
    Actor,
    id::RecipientId,
    recipient::{Recipient, RecipientDraft},
};
use vestnik_store::{
    deletions::{self, Step},
    recipients,
};

use crate::testing::{Answer, Browser, TestApp};

async fn add(app: &TestApp, actor: &Actor, email: &str, full_name: &str, comment: &str) {
    let draft = RecipientDraft::parse(email, full_name, comment).expect("a recipient");
    recipients::create(&app.db, actor, &draft, vestnik_model::UnixMillis(1)).await.expect("a database");
}

async fn everyone(app: &TestApp, actor: &Actor) -> Vec<Recipient> {
    recipients::batch_after(&app.db, actor, RecipientId(0), 10_000).await.expect("a database")
}

/// Uploads a file and waits until it has been read.
async fn import(browser: &mut Browser, file: &[u8]) -> (String, Answer) {
    let answer = browser.upload("/recipients/import", "C:\\клиенты.csv", file).await;
    let path = answer.goes_to().unwrap_or_else(|| panic!("{}: {}", answer.status, answer.text)).to_owned();
    for _ in 0..500 {
        let page = browser.get(&path).await;
        if !page.text.contains("every 1s") {
            return (path, page);
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the import does not end");
}

#[tokio::test]
async fn s01_add_find_change_and_delete_a_recipient() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    anna.get("/recipients").await.says("No recipients yet").says("/recipients/import").says("/recipients/new");

    let form = [("email", " Boris@Sever.example "), ("full_name", "Борис <b>"), ("comment", "друг\r\nи сосед")];
    let answer = anna.post("/recipients/new", &form).await;
    assert_eq!(answer.goes_to(), Some("/recipients"));
    let list = anna.get("/recipients").await;
    list.says("Recipient Boris@sever.example added.").says("1 recipient").says("Борис &lt;b&gt;");
    assert!(!list.text.contains("Борис <b>"));

    let id = everyone(&app, &actor).await[0].id;
    anna.get(&format!("/recipients/{id}")).await.says("друг").says("и сосед").says("data-dialog");
    let edit = format!("/recipients/{id}/edit");
    anna.get(&edit).await.says("Boris@sever.example");
    let answer =
        anna.post(&edit, &[("email", "boris@sever.example"), ("full_name", "Борис Юг"), ("comment", "")]).await;
    assert_eq!(answer.goes_to(), Some(format!("/recipients/{id}").as_str()));
    anna.get(&format!("/recipients/{id}")).await.says("Борис Юг").says("Recipient saved.");

    anna.get("/recipients?q=%D0%B1%D0%BE%D1%80%D0%B8%D1%81").await.says("1 recipient found").says("Борис Юг");
    anna.get("/recipients?q=%3Cnobody%3E").await.says("Nobody found").says("&lt;nobody&gt;");

    let delete = format!("/recipients/{id}/delete");
    anna.get(&delete).await.says("Delete this recipient?");
    assert_eq!(everyone(&app, &actor).await.len(), 1, "a question deletes nothing");
    assert_eq!(anna.post(&delete, &[]).await.goes_to(), Some("/recipients"));
    assert!(everyone(&app, &actor).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn s02_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    let answer =
        anna.post("/recipients/new", &[("email", "no address"), ("full_name", "Кто\nто"), ("comment", "x<y")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("id=\"email-error\"").says("id=\"full_name-error\"").says("value=\"no address\"").says("x&lt;y");
    assert!(everyone(&app, &actor).await.is_empty());

    add(&app, &actor, "boris@sever.example", "Борис", "").await;
    let holder = everyone(&app, &actor).await[0].id;
    let answer = anna
        .post("/recipients/new", &[("email", "BORIS@sever.example"), ("full_name", "Другой"), ("comment", "")])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("There is a recipient with this address already.").says("Другой");
    answer.says(&format!("<a href=\"/recipients/{holder}\">"));

    add(&app, &actor, "vera@sever.example", "Вера", "").await;
    let vera = everyone(&app, &actor).await[1].id;
    let answer = anna.post(&format!("/recipients/{vera}/edit"), &[("email", "boris@sever.example")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says(&format!("<a href=\"/recipients/{holder}\">"));
    app.stop().await;
}

#[tokio::test]
async fn another_persons_recipient_is_not_there() {
    let app = TestApp::start().await;
    let (mut anna, annas) = app.signed_in("anna").await;
    let (mut boris, boriss) = app.signed_in("boris").await;
    add(&app, &annas, "vera@sever.example", "Вера", "").await;
    let id = everyone(&app, &annas).await[0].id;
    for path in ["", "/edit", "/delete"] {
        assert_eq!(boris.get(&format!("/recipients/{id}{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/edit", "/delete"] {
        let answer = boris.post(&format!("/recipients/{id}{path}"), &[("email", "x@y.example")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    boris.post("/recipients/delete", &[("id", &id.to_string())]).await;
    boris.post("/recipients/delete", &[("all", "1"), ("q", "")]).await;
    boris.post("/recipients/delete", &[("all", "1"), ("q", "vera")]).await;
    assert!(!boris.get("/recipients/export.csv").await.text.contains("vera"));
    // An import is its owner's as well.
    let (path, _) = import(&mut anna, b"email\nx\n").await;
    for path in [path.clone(), format!("{path}/rejected.csv")] {
        assert_eq!(boris.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(everyone(&app, &annas).await[0].full_name, "Вера");
    assert!(everyone(&app, &boriss).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn s03_a_long_list_has_pages_and_an_order() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    for number in 0..120 {
        add(&app, &actor, &format!("r{number:03}@sever.example"), &format!("Имя {:03}", 200 - number), "").await;
    }
    let next = |answer: &Answer| {
        let link = answer.text.split("rel=\"next\" href=\"").nth(1)?.split('"').next()?;
        Some(link.replace("&amp;", "&").replace("&#x2f;", "/").replace("&#x3d;", "="))
    };
    for (sort, first, last) in [("newest", "r119@", "r000@"), ("email", "r000@", "r119@"), ("name", "r119@", "r000@")] {
        let mut page = anna.get(&format!("/recipients?sort={sort}")).await;
        page.says("120 recipients").says(first);
        let mut pages = 1;
        while let Some(path) = next(&page) {
            page = anna.get(&path).await;
            pages += 1;
        }
        assert_eq!(pages, 3, "{sort}");
        page.says(last).says("rel=\"prev\"");
    }
    // A page whose rows are gone leads to the first.
    assert_eq!(anna.get("/recipients?at=a1").await.goes_to(), Some("/recipients"));
    app.stop().await;
}

#[tokio::test]
async fn chosen_recipients_are_deleted_after_a_question() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    for number in 0..60 {
        let name = if number % 2 == 0 { "чётный" } else { "нечётный" };
        add(&app, &actor, &format!("r{number:02}@sever.example"), name, "").await;
    }
    assert_eq!(anna.get("/recipients/delete?q=&sort=email").await.goes_to(), Some("/recipients?sort=email"));
    let ids: Vec<String> = everyone(&app, &actor).await.iter().take(2).map(|one| one.id.to_string()).collect();
    let query = format!("id={}&id={}&id={}&q=&sort=newest", ids[0], ids[1], ids[1]);
    anna.get(&format!("/recipients/delete?{query}"))
        .await
        .says("Delete 2 recipients?")
        .says(&format!("value=\"{}\"", ids[1]));
    let answer = anna.post("/recipients/delete", &[("id", &ids[0]), ("id", &ids[1]), ("all", ""), ("q", "")]).await;
    assert_eq!(answer.goes_to(), Some("/recipients"));
    anna.get("/recipients").await.says("2 recipients deleted.").says("58 recipients");

    let found = "/recipients/delete?all=1&q=r1&sort=newest&id=1";
    anna.get(found).await.says("Delete 10 recipients?").says("Everyone found by “r1”.");
    anna.post("/recipients/delete", &[("all", "1"), ("q", "r1")]).await;
    assert_eq!(everyone(&app, &actor).await.len(), 48);
    anna.get("/recipients/delete?all=1&q=").await.says("Delete 48 recipients?").says("This is your whole list");
    anna.post("/recipients/delete", &[("all", "1"), ("q", " ")]).await;
    assert!(everyone(&app, &actor).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn s05_good_rows_are_imported_and_bad_ones_reported() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    add(&app, &actor, "vera@sever.example", "Вера", "старый").await;
    anna.get("/recipients/import").await.says("multipart/form-data").says("512");
    let file = "Почта;Ф.И.О.;Примечание\r\nboris@sever.example;Борис;\r\nvera@sever.example;;новый\r\n\
                =cmd();Злой;\r\nboris@sever.example;Снова;\r\n";
    let (path, page) = import(&mut anna, file.as_bytes()).await;
    page.says("клиенты.csv")
        .says("2 rows were not taken")
        .says("The address has no @.")
        .says("This address was on line 2 already.");
    let report = anna.get(&format!("{path}/rejected.csv")).await;
    assert_eq!(report.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let disposition = report.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert!(disposition.contains("-rejected-2026-11-24.csv"), "{disposition}");
    let lines: Vec<&str> = report.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 3, "{}", report.text);
    assert_eq!(lines[0], "Line,Email,Reason");
    assert!(lines[1].starts_with("4,'=cmd(),"), "{}", lines[1]);
    assert_eq!(lines[2], "5,boris@sever.example,This address was on line 2 already.");

    let found: Vec<_> =
        everyone(&app, &actor).await.into_iter().map(|one| (one.email, one.full_name, one.comment)).collect();
    let row = |email: &str, name: &str, comment: &str| (email.to_owned(), name.to_owned(), comment.to_owned());
    assert_eq!(found, [row("vera@sever.example", "Вера", "новый"), row("boris@sever.example", "Борис", "")]);
    anna.get("/recipients/import").await.says("Latest imports").says(&path);
    app.stop().await;
}

#[tokio::test]
async fn files_that_are_no_list_say_why() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    let mut line = b"email,name\n".to_vec();
    line.extend(vec![b'x'; 10_000_000]);
    let cases: [(&[u8], &str); 4] = [
        (b"\n\n", "The file is empty."),
        (b"anna@example.com,Anna\n", "The first line of the file should name the columns"),
        (b"name,phone\nAnna,1\n", "name, phone"),
        (&line, "1 row was not taken"),
    ];
    for (file, words) in cases {
        import(&mut anna, file).await.1.says(words);
    }
    let answer = anna.upload("/recipients/import", "", b"").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Choose a file.").says("id=\"file-error\"");
    let answer = anna.upload("/recipients/import", "a.csv", b"").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("The file is empty.");
    assert!(everyone(&app, &actor).await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn s06_what_is_exported_comes_back_the_same() {
    let app = TestApp::start().await;
    let (mut anna, annas) = app.signed_in("anna").await;
    let (mut boris, boriss) = app.signed_in("boris").await;
    add(&app, &annas, "vera@sever.example", "=HYPERLINK(\"http://evil\")", "+7 999 123-45-67").await;
    add(&app, &annas, "+tag@sever.example", "'=x", "a, \"b\"; c").await;
    add(&app, &annas, "почта@пример.рф", "Ёж", "").await;
    let export = anna.get("/recipients/export.csv").await;
    let disposition = export.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert_eq!(disposition, "attachment; filename=\"recipients-2026-11-24.csv\"");
    assert!(export.text.starts_with("\u{feff}Email,Full name,Comment\r\n"), "{}", export.text);
    for start in [",=", ",\"=", "\n+", ",+"] {
        assert!(!export.text.contains(start), "{start:?} would run in a spreadsheet: {}", export.text);
    }

    import(&mut boris, export.text.as_bytes()).await.1.says("every row of the file was taken");
    let fields =
        |list: Vec<Recipient>| list.into_iter().map(|one| (one.email, one.full_name, one.comment)).collect::<Vec<_>>();
    assert_eq!(fields(everyone(&app, &annas).await), fields(everyone(&app, &boriss).await));

    // So do the semicolons that a Russian spreadsheet needs.
    recipients::delete_all(&app.db, &boriss).await.expect("a database");
    anna.post("/language", &[("language", "ru")]).await;
    let export = anna.get("/recipients/export.csv").await;
    assert!(export.text.starts_with("\u{feff}Электронная почта;Ф. И. О.;Комментарий\r\n"), "{}", export.text);
    import(&mut boris, export.text.as_bytes()).await.1.says("every row of the file was taken");
    assert_eq!(fields(everyone(&app, &annas).await), fields(everyone(&app, &boriss).await));

    let workbook = anna.get("/recipients/export.xlsx").await;
    assert_eq!(
        workbook.headers[header::CONTENT_TYPE],
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    let disposition = workbook.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert_eq!(disposition, "attachment; filename=\"recipients-2026-11-24.xlsx\"");

    // The sample is a file that the import takes, in either language.
    for language in ["ru", "en"] {
        anna.post("/language", &[("language", language)]).await;
        let sample = anna.get("/recipients/import/sample.csv").await;
        import(&mut anna, sample.text.as_bytes()).await;
    }
    assert!(everyone(&app, &annas).await.iter().any(|one| one.email == "anna@example.com"));
    app.stop().await;
}

#[tokio::test]
async fn an_import_tells_what_it_did_not_take_and_what_it_kept() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    add(&app, &actor, "boris@sever.example", "Борис Южный", "").await;
    let file = "Name;<Phone>;Email;Fax\nБорис Южны\u{fffd};+7 900;boris@sever.example;\n\
                Вера;;vera@sever.example, vera2@sever.example;\n;;;\nГлеб;1;nothing;\n";
    let (path, page) = import(&mut anna, file.as_bytes()).await;
    page.says("One column was not taken")
        .says("&lt;Phone&gt;")
        .says("Fax")
        .says("2 warnings")
        .says("the one in your list was kept")
        .says("Not taken: vera2@sever.example")
        .says("Empty rows")
        .says("UTF-8")
        .says("1 row was not taken");
    let warnings = anna.get(&format!("{path}/warnings.csv")).await;
    let lines: Vec<&str> = warnings.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 3, "{}", warnings.text);
    assert_eq!(lines[0], "Line,Email,What was done");
    assert!(lines[2].starts_with("3,vera@sever.example,"), "{}", lines[2]);
    let names: Vec<String> = everyone(&app, &actor).await.into_iter().map(|one| one.full_name).collect();
    assert_eq!(names, ["Борис Южный", "Вера"]);

    // The column that was read as the address is named when nothing was taken.
    let (_, page) = import(&mut anna, "Адрес;Имя\nТула, Лесная 1;Анна\n".as_bytes()).await;
    page.says("No row was taken").says("Адрес");
    let workbook = include_bytes!("../../../model/tests/fixtures/import/workbook.xlsx");
    import(&mut anna, workbook).await.1.says("This is an Excel workbook (.xlsx)");
    app.stop().await;
}

#[tokio::test]
async fn the_form_takes_an_address_as_it_is_copied() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    for (email, name) in [
        ("Anna North <anna@sever.example>", ""),
        ("<boris@sever.example>", "Борис"),
        ("mailto:vera@sever.example", "\u{200e}Вера"),
        ("\u{202a}gleb@sever.example\u{202c}", ""),
    ] {
        let form = [("email", email), ("full_name", name), ("comment", "")];
        assert_eq!(anna.post("/recipients/new", &form).await.goes_to(), Some("/recipients"), "{email}");
    }
    let stored: Vec<_> = everyone(&app, &actor).await.into_iter().map(|one| (one.email, one.full_name)).collect();
    let row = |email: &str, name: &str| (format!("{email}@sever.example"), name.to_owned());
    assert_eq!(stored, [row("anna", "Anna North"), row("boris", "Борис"), row("vera", "Вера"), row("gleb", "")]);

    let form = [("email", "a@sever.example; b@sever.example"), ("full_name", ""), ("comment", "")];
    let answer = anna.post("/recipients/new", &form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Enter one address. There is also: b@sever.example");
    app.stop().await;
}

#[tokio::test]
async fn long_list_is_deleted_in_the_background() {
    let app = TestApp::start().await;
    let (mut anna, actor) = app.signed_in("anna").await;
    let drafts: Vec<_> = (0..5_001)
        .map(|n| RecipientDraft::parse(&format!("r{n}@sever.example"), "", "").expect("a recipient"))
        .collect();
    let now = app.state.now();
    recipients::add_all(&app.db, &actor, &drafts, now).await.expect("a database");
    let answer = anna.post("/recipients/delete", &[("all", "1"), ("q", " "), ("sort", "")]).await;
    let path = answer.goes_to().expect("a page").to_owned();
    anna.get(&path).await.says("All recipients").says("Deleting").says("0%").says("every 1s");
    assert_eq!(deletions::step(&app.db, 3_000, now).await.expect("a database"), Step::Done);
    anna.get(&path).await.says("3,000").says("every 1s");
    while deletions::step(&app.db, 3_000, now).await.expect("a database") != Step::Nothing {}
    let page = anna.get(&path).await;
    page.says("Deleted").says("5,001").says("To the recipients");
    assert!(!page.text.contains("every 1s"), "it asks no more");
    anna.get("/recipients").await.says("No recipients yet");
    app.stop().await;
}
