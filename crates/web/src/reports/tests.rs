//! Reports as people see them (S-29 to S-31).

use std::time::Duration;

use axum::http::StatusCode;
use vestnik_model::{Actor, BuiltinGroup, UnixMillis, delivery::DeliveryState, id::MailingId};
use vestnik_store::{mailings, runs};

use crate::{
    mailings::tests::{deliver, prepared},
    testing::{Answer, Browser, TestApp},
};

/// 30 days with today, in the time zone of the tests' people.
const MONTH: &str = "26 October \u{2013} 24 November 2026, Moscow (UTC+3)";

/// A page as people and browsers read it: the engine writes strokes of addresses as a reference.
async fn open(browser: &mut Browser, path: &str) -> Answer {
    let mut answer = browser.get(path).await;
    answer.text = answer.text.replace("&#x2f;", "/");
    answer
}

/// Has a mailing to three.
async fn planned(app: &TestApp) -> (Browser, Actor, MailingId) {
    let (mut browser, actor, message, _) = prepared(app).await;
    let form = crate::mailings::tests::form(&message.to_string(), &[("name", "Autumn menu")])
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect::<Vec<_>>();
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post("/mailings/new", &form).await;
    let mailing = mailings::list(&app.db, &actor, None, 1).await.expect("a list").rows[0].mailing.id;
    (browser, actor, mailing)
}

/// Has sent a mailing to three: the first refused it.
async fn sent(app: &TestApp) -> (Browser, Actor, MailingId) {
    let (browser, actor, mailing) = planned(app).await;
    let demanded = runs::demand(&app.db, &actor, mailing, "key", Duration::ZERO, app.clock_now()).await;
    let runs::Demanded::Planned(run) = demanded.expect("planned") else { panic!("not planned") };
    deliver(app, &actor, run, 100, |email| match email.starts_with("one@") {
        true => DeliveryState::Failed,
        false => DeliveryState::Sent,
    })
    .await;
    (browser, actor, mailing)
}

#[tokio::test]
async fn s31_a_person_sees_what_was_sent_and_what_was_not() {
    let app = TestApp::start().await;
    let (mut browser, _, mailing) = sent(&app).await;
    let report = open(&mut browser, "/reports").await;
    report.says(MONTH).says("Changes are against the period before: 26 September \u{2013} 25 October 2026");
    report.says("<dt>Letters sent</dt><dd class=\"figure num\">2</dd>").says("<span class=\"num text-mute\">+2</span>");
    report.says("<dt>Attempts in all</dt><dd class=\"figure num\">3</dd>");
    report.says("<dt>Successful attempts</dt><dd class=\"figure num\">2</dd>");
    report.says("<dt>Unsuccessful attempts</dt><dd class=\"figure num\">1</dd>");
    report.says("<dt>Share successful</dt><dd class=\"figure num\">66.6%</dd><dd class=\"sub\">nothing before</dd>");
    report.says("<dt>Mailings</dt><dd class=\"figure num\">1</dd>");
    report.says("2 letters sent, 1 refused. Most were sent on 24 November 2026: 2.</desc>");
    report.says("<tr><th scope=\"row\">24 November 2026</th><td class=\"num\">2</td><td class=\"num\">1</td>");
    report.says("<tr><th scope=\"row\">26 October 2026</th><td class=\"num\">0</td>");
    report.says(&format!("<a class=\"row-link\" href=\"/mailings/{mailing}\">Autumn menu</a>"));
    let lines = |step: &str| {
        let table = report.text.split(&format!("Letters by {step}</caption>")).nth(1).expect("a table");
        let table = table.split("</table>").next().unwrap_or_default();
        table.matches("<tr><th scope=\"row\">").count()
    };
    assert_eq!(lines("day"), 30 + 1, "each day, and all of them");
    // It was ten o'clock on a Tuesday in Moscow.
    assert_eq!((lines("hour of the day"), lines("day of the week")), (24 + 1, 7 + 1));
    report.says("<tr><th scope=\"row\">10:00\u{2013}11:00</th><td class=\"num\">2</td><td class=\"num\">1</td>");
    report.says("<tr><th scope=\"row\">Tuesday</th><td class=\"num\">2</td><td class=\"num\">1</td>");
    report.says(&format!("href=\"/mailings/{mailing}/report\"")).says("/reports/report.xlsx?period=30");
    report.says("Domains and answers of 1 sending are still being counted");
    // The overview draws the same days.
    let overview = open(&mut browser, "/dashboard").await;
    overview
        .says(MONTH)
        .says("in 30 days: 2")
        .says("2 letters sent, 1 refused. Most were sent on 24 November 2026: 2.</desc>");
    app.stop().await;
}

#[tokio::test]
async fn the_days_are_the_readers_choice() {
    let app = TestApp::start().await;
    let (mut browser, ..) = sent(&app).await;
    open(&mut browser, "/reports?period=7")
        .await
        .says("18\u{2013}24 November 2026")
        .says("period=7\" aria-current=\"true\"");
    open(&mut browser, "/reports?period=90").await.says("27 August \u{2013} 24 November 2026");
    let year = open(&mut browser, "/reports?period=year").await;
    year.says("25 November 2025 \u{2013} 24 November 2026").says("Letters by week").says("23\u{2013}24 November 2026");
    let chosen = open(&mut browser, "/reports?from=2026-11-24&to=24.11.2026").await;
    chosen.says("</span>24 November 2026, Moscow").says("/reports/days.csv?from=2026-11-24&amp;to=24.11.2026");
    assert!(!chosen.text.contains("aria-current=\"true\">7 days"));
    // What was sent on the evening of the 24th in London was sent on the 25th in Moscow.
    app.clock.set("2026-11-24T21:30:00Z".parse::<jiff::Timestamp>().map(UnixMillis::from).expect("a time"));
    open(&mut browser, "/reports").await.says("27 October \u{2013} 25 November 2026");
    app.stop().await;
}

#[tokio::test]
async fn days_that_are_none_are_said_at_their_field() {
    let app = TestApp::start().await;
    let (mut browser, ..) = sent(&app).await;
    let answer = open(&mut browser, "/reports?from=2026-11-31&to=%22%3E2027-01-01").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("value=\"2026-11-31\"").says("value=\"&quot;&gt;2027-01-01\"").says(MONTH);
    answer.says("id=\"from-error\">Enter a date, for example 2026-11-24.</p>").says("id=\"to-error\">");
    for (query, problem) in [
        ("from=2026-11-24&to=2026-11-20", "must not be before the first"),
        ("from=2026-11-24&to=2026-11-25", "has not come yet"),
        ("from=2016-11-23&to=2026-11-24", "more than ten years"),
        ("to=2026-11-24", "Please fill this in."),
    ] {
        let answer = open(&mut browser, &format!("/reports?{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        answer.says(problem);
    }
    assert_eq!(open(&mut browser, "/reports/days.csv?from=x&to=y").await.status, StatusCode::BAD_REQUEST);
    app.stop().await;
}

#[tokio::test]
async fn what_there_is_not_is_said_and_a_way_shown() {
    let app = TestApp::start().await;
    let (mut stranger, _) = app.signed_in("boris").await;
    open(&mut stranger, "/reports").await.says("No reports yet").says("/mailings/new");
    let (mut browser, ..) = sent(&app).await;
    let before = open(&mut browser, "/reports?from=2026-10-01&to=2026-10-31").await;
    before.says("Nothing was sent on these days").says("The last sending was on 24 November 2026.");
    before.says("/reports?from=2026-10-26&amp;to=2026-11-24");
    assert!(!before.text.contains("<svg role=\"img\""));
    app.stop().await;
}

#[tokio::test]
async fn s31_the_tables_are_files_as_well() {
    let app = TestApp::start().await;
    let (mut browser, _, mailing) = sent(&app).await;
    let days = open(&mut browser, "/reports/days.csv?period=7").await;
    assert_eq!(days.headers["content-disposition"], "attachment; filename=\"report-days-2026-11-24.csv\"");
    let lines: Vec<&str> = days.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines[0],
        "Day,Sent,Refused,Expired,Skipped,Unknown,Cancelled,Successful attempts,Unsuccessful attempts"
    );
    assert_eq!((lines.len(), lines[1], lines[7]), (8, "2026-11-18,0,0,0,0,0,0,0,0", "2026-11-24,2,1,0,0,0,0,2,1"));
    let by_mailing = open(&mut browser, "/reports/mailings.csv").await;
    let lines: Vec<&str> = by_mailing.text.lines().collect();
    assert!(lines[0].ends_with("Successful attempts,Unsuccessful attempts,Last sending"), "{lines:?}");
    assert_eq!(lines[1], format!("{mailing},Autumn menu,2,1,0,0,0,0,2,1,2026-11-24T07:00:00Z"));
    assert_eq!(lines.len(), 2);
    app.stop().await;
}

/// What the loop of the engine does.
async fn sum_up(app: &TestApp) {
    for due in vestnik_store::summaries::due(&app.db, app.clock_now(), 10).await.expect("a look") {
        vestnik_store::summaries::make(&app.db, &due, app.clock_now()).await.expect("a summary");
    }
}

#[tokio::test]
async fn s30_domains_and_answers_are_told_in_plain_words() {
    let app = TestApp::start().await;
    let (mut browser, _, mailing) = sent(&app).await;
    sum_up(&app).await;
    for path in ["/reports".to_owned(), format!("/mailings/{mailing}/report")] {
        let report = open(&mut browser, &path).await;
        report.says("Why not delivered: 1 with a server").says("<strong>The address does not exist</strong>");
        report.says("550 5.1.1 &lt;b&gt;User&lt;/b&gt; unknown").says("example.org</th>").says("66.6%");
        assert!(!report.text.contains("still being counted"), "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn s30_a_mailings_runs_stand_side_by_side() {
    let app = TestApp::start().await;
    let (mut browser, actor, mailing) = sent(&app).await;
    let path = format!("/mailings/{mailing}/report");
    open(&mut browser, &format!("/mailings/{mailing}")).await.says(&format!("href=\"{path}\""));
    let one = open(&mut browser, &path).await;
    one.says("Report: Autumn menu")
        .says("1 sending, Moscow (UTC+3)")
        .says("<dt>Letters sent</dt><dd class=\"figure num\">2</dd>");
    assert!(!one.text.contains("Letters by sending"), "a chart of one bar says nothing");

    app.clock.set(UnixMillis(app.clock_now().0 + 86_400_000));
    let demanded = runs::demand(&app.db, &actor, mailing, "key", Duration::ZERO, app.clock_now()).await;
    let runs::Demanded::Planned(run) = demanded.expect("planned") else { panic!("not planned") };
    deliver(&app, &actor, run, 2, |_| DeliveryState::Sent).await;
    let two = open(&mut browser, &path).await;
    two.says("2 sendings").says("Letters by sending").says("<dt>Letters sent</dt><dd class=\"figure num\">4</dd>");
    two.says("25 November 2026").says("24 November 2026").says(&format!("/attempts?run={run}"));
    assert_eq!(two.text.matches("<tr role=\"row\">\n      <th scope=\"row\" role=\"rowheader\"><a").count(), 2);

    // Nobody else sees it but those who may look at mailings.
    let (mut boris, mut manager) =
        (app.signed_in("boris").await.0, crate::manage::tests::member(&app, "manager", BuiltinGroup::Managers).await.0);
    assert_eq!(boris.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(boris.get(&format!("/manage{path}")).await.status, StatusCode::FORBIDDEN);
    let watched = open(&mut manager, &format!("/manage{path}")).await;
    watched.says("Report: Autumn menu").says("anna@example.org");
    assert!(!watched.text.contains("/attempts?run="), "a link that leads nowhere for a manager");
    assert_eq!(manager.get("/manage/mailings/999/report").await.status, StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test]
async fn a_mailing_that_was_never_sent_says_so() {
    let app = TestApp::start().await;
    let (mut browser, _, mailing) = planned(&app).await;
    open(&mut browser, &format!("/mailings/{mailing}/report")).await.says("Not sent yet");
    app.stop().await;
}

#[tokio::test]
async fn reasons_that_are_still_being_counted_are_not_shown_as_final() {
    for counted in [false, true] {
        let app = TestApp::start().await;
        let (mut browser, _, mailing) = sent(&app).await;
        if counted {
            sum_up(&app).await;
        }
        for path in ["/reports".to_owned(), format!("/mailings/{mailing}/report")] {
            let report = open(&mut browser, &path).await;
            let so_far = report.text.contains("Why not delivered: counted so far 0 of 1");
            assert_eq!((so_far, report.text.contains("still being counted")), (!counted, !counted), "{path}");
            assert_eq!(report.text.contains("Why not delivered: 1 with a server"), counted, "{path}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn s31_all_of_it_is_a_workbook() {
    let app = TestApp::start().await;
    let (mut browser, anna, mailing) = sent(&app).await;
    sum_up(&app).await;
    vestnik_store::Db::execute(&app.db, "UPDATE mailings SET name = '=HYPERLINK(1)'", &[]).await.expect("renamed");
    let book = browser.get("/reports/report.xlsx?period=7").await;
    assert_eq!(book.headers["content-disposition"], "attachment; filename=\"report-2026-11-24.xlsx\"");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(book.bytes)).expect("an archive");
    let mut part = |name: &str| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).expect(name), &mut text).expect("XML");
        text
    };
    let names = part("xl/workbook.xml");
    for name in ["Days", "Hours", "Days of the week", "Mailings", "Domains", "Server answers"] {
        assert!(names.contains(&format!("name=\"{name}\"")), "{name} in {names}");
    }
    let rows = |sheet: &str| sheet.matches("<row ").count();
    let (days, mailings) = (part("xl/worksheets/sheet1.xml"), part("xl/worksheets/sheet4.xml"));
    assert_eq!((rows(&days), rows(&part("xl/worksheets/sheet2.xml")), rows(&mailings)), (8, 25, 2));
    assert!(mailings.contains(">=HYPERLINK(1)</t>") && !mailings.contains("<f>"), "{mailings}");
    assert!(mailings.contains(&format!("<v>{mailing}</v>")));
    // Ten o'clock in Moscow.
    assert!(mailings.contains("<v>46350.416666"), "{mailings}");
    assert!(part("xl/worksheets/sheet5.xml").contains(">example.org</t>"));
    let answers = part("xl/worksheets/sheet6.xml");
    assert!(answers.contains("The address does not exist") && answers.contains("550 5.1.1 &lt;b&gt;User"), "{answers}");

    assert_eq!(browser.get("/reports/report.xlsx?from=x&to=y").await.status, StatusCode::BAD_REQUEST);
    let (mut manager, _) = crate::manage::tests::member(&app, "manager", BuiltinGroup::Managers).await;
    let others = manager.get(&format!("/manage/users/{}/report/report.xlsx", anna.user())).await;
    assert_eq!((others.status, &others.bytes[..2]), (StatusCode::OK, b"PK".as_slice()));
    app.stop().await;
}

#[tokio::test]
async fn s45_managers_see_anyones_and_others_only_their_own() {
    let app = TestApp::start().await;
    let (mut owner, anna, mailing) = sent(&app).await;
    let (mut manager, own) = crate::manage::tests::member(&app, "manager", BuiltinGroup::Managers).await;
    let report = format!("/manage/users/{}/report", anna.user());
    open(&mut manager, &format!("/manage/users/{}", anna.user())).await.says(&format!("href=\"{report}\""));
    let seen = open(&mut manager, &report).await;
    seen.says("Report: anna")
        .says("anna@example.org</span> · 26 October")
        .says("<dt>Letters sent</dt><dd class=\"figure num\">2</dd>");
    seen.says(&format!("/manage/mailings/{mailing}\">Autumn menu")).says(&format!("{report}/days.csv?period=30"));
    let days = open(&mut manager, &format!("{report}/days.csv?period=7")).await;
    assert_eq!(days.text.lines().last(), Some("2026-11-24,2,1,0,0,0,0,2,1"));
    open(&mut manager, &format!("{report}/mailings.csv")).await.says("Autumn menu");
    open(&mut manager, &format!("{report}?from=x&to=2026-11-24")).await.says("id=\"from-error\"").says("Report: anna");
    let empty = open(&mut manager, &format!("/manage/users/{}/report", own.user())).await;
    empty.says("No mailings yet");
    assert!(!empty.text.contains("class=\"btn btn-primary\" href=\"/mailings/new\">New"), "nothing to do for another");
    open(&mut manager, "/reports").await.says("No reports yet");
    assert_eq!(open(&mut manager, "/manage/users/999/report").await.status, StatusCode::NOT_FOUND);
    for path in ["", "/days.csv", "/mailings.csv"] {
        assert_eq!(owner.get(&format!("{report}{path}")).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_others_mailings_are_called_is_for_those_who_may_see_them() {
    let app = TestApp::start().await;
    let (_, anna, _) = sent(&app).await;
    let (mut chief, _) = crate::manage::tests::member(&app, "chief", BuiltinGroup::Administrators).await;
    chief.post("/manage/groups/new", &[("name", "Counters"), ("permission", "view_users")]).await;
    let groups = vestnik_store::groups::all(&app.db).await.expect("groups");
    let (counters, _) = groups.iter().find(|(group, _)| group.name == "Counters").expect("made");
    let boris = app.user("boris").await;
    chief.post(&format!("/manage/users/{}/groups", boris.id), &[("group", &counters.id.to_string())]).await;
    let mut counter = app.browser();
    counter.post("/login", &[("email", "boris@example.org"), ("password", crate::testing::PASSWORD)]).await;
    let path = format!("/manage/users/{}/report", anna.user());
    let report = open(&mut counter, &path).await;
    report.says("<dt>Letters sent</dt><dd class=\"figure num\">2</dd>");
    assert!(!report.text.contains("Autumn menu") && !report.text.contains("mailings.csv"));
    assert!(!report.text.contains("Why not delivered") && !report.text.contains("report.xlsx"));
    assert_eq!(counter.get(&format!("{path}/report.xlsx")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(counter.get(&format!("{path}/mailings.csv")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(counter.get(&format!("{path}/days.csv")).await.status, StatusCode::OK);
    open(&mut chief, &path).await.says("Autumn menu").says("mailings.csv");
    app.stop().await;
}
