//! The built-in mail catcher in front of everyone who may come by: whose mail they see, and whose they delete.

mod common;

use std::time::Duration;

use common::Installation;
use common::browser::Browser;
use common::served::Served;
use reqwest::StatusCode;

const PASSWORD: &str = "correct horse battery";
/// Who registers at the page: everyone else is made at the command line.
const STRANGER: &str = "stranger@example.com";

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "it never came to this: {what}");
}

/// Has users of each kind; `anna` has sent a mailing, and a stranger has registered.
async fn with_mail(installation: &Installation, node: &Served) {
    for (kind, name) in [("user", "anna"), ("user", "boris"), ("manager", "marina"), ("admin", "chief")] {
        let email = format!("{name}@example.com");
        let person = ["--email", &email, "--name", name, "--password", PASSWORD];
        installation.ok(&[&[format!("create-{kind}").as_str()][..], &person].concat()).await;
    }
    let anna = "anna@example.com";
    let list = installation.write("list.csv", "email\nreader@example.org\n");
    let text = installation.write("message.txt", "Hello");
    installation.ok(&["recipients", "import", "--owner", anna, &list]).await;
    installation.ok(&["message", "create", "--owner", anna, "--subject", "Autumn menu", "--text", &text]).await;
    installation.ok(&["mailing", "create", "--message", "1", "--owner", anna, "--all-recipients"]).await;
    installation.ok(&["mailing", "send", "1"]).await;
    let form = [("email", STRANGER), ("name", "S"), ("password", PASSWORD), ("time_zone", "UTC")];
    Browser::at(&node.url).post("/register", &form).await.says("Check your mail");
    let mut chief = signed_in(node, "chief").await;
    until("two emails are caught", async || chief.get("/caught").await.text.contains("2 in all")).await;
}

async fn signed_in(node: &Served, name: &str) -> Browser {
    let mut browser = Browser::at(&node.url);
    browser.log_in(&format!("{name}@example.com"), PASSWORD).await;
    browser
}

async fn the_matrix(installation: &Installation, node: &Served) {
    with_mail(installation, node).await;
    // Which of the two has the lower number is up to the engine.
    let mut chief = signed_in(node, "chief").await;
    let first = chief.get("/caught/1").await.text.contains("reader@example.org");
    let (mailing, confirmation) = if first { (1, 2) } else { (2, 1) };
    for (name, sees) in [
        ("", vec![]),
        ("anna", vec![mailing]),
        ("boris", vec![]),
        ("stranger", vec![confirmation]),
        ("marina", vec![]),
        ("chief", vec![1, 2]),
    ] {
        let mut browser = if name.is_empty() { Browser::at(&node.url) } else { signed_in(node, name).await };
        let list = browser.get("/caught").await;
        for (id, words) in [(mailing, "reader@example.org"), (confirmation, STRANGER)] {
            let expected = sees.contains(&id);
            assert_eq!(list.text.contains(&format!("/caught/{id}\"")), expected, "{name}: {words}");
            for page in ["", "/html", "/source"] {
                let status = browser.get(&format!("/caught/{id}{page}")).await.status;
                assert_eq!(status == StatusCode::OK, expected, "{name}: {words}{page}: {status}");
            }
        }
        let offered = list.text.contains("/caught/clear");
        assert_eq!(offered, !sees.is_empty(), "{name}: nobody is offered to delete what they do not see");
    }

    // What someone deletes is what they see.
    for (name, left) in [("", 2), ("boris", 2), ("marina", 2), ("anna", 1), ("chief", 0)] {
        let mut browser = if name.is_empty() { Browser::at(&node.url) } else { signed_in(node, name).await };
        browser.post("/caught/clear", &[]).await;
        let list = chief.get("/caught").await.text;
        assert_eq!(list.matches("class=\"row-link\"").count(), left, "after {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_which_caught_mail() {
    let installation = Installation::on_sqlite();
    let node = Served::start(&installation, "data", &[]);
    the_matrix(&installation, &node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_which_caught_mail_behind_a_proxy() {
    let installation = Installation::on_sqlite();
    let node = Served::start_behind_proxy(&installation, "data");
    the_matrix(&installation, &node).await;
    // Whatever a visitor says of where they come from.
    for (name, value) in [("host", "localhost"), ("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1")] {
        let mut visitor = Browser::at(&node.url);
        let answer = visitor.get_with("/caught", name, value).await;
        assert!(answer.goes_to().is_some_and(|to| to.starts_with("/login")), "{name}: {}", answer.status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_signing_in_only_the_mail_of_the_demo_is_seen_and_only_directly() {
    let installation = Installation::on_sqlite();
    let node = Served::start_demo(&installation);
    let mut visitor = Browser::at(&node.url);
    visitor.get("/caught").await.says("1,000 in all").says("@sever.example");
    assert!(!visitor.get("/caught").await.text.contains("/caught/clear"), "nothing to delete");
    assert_eq!(visitor.get("/caught/1").await.status, StatusCode::OK);
    assert_eq!(visitor.post("/caught/clear", &[]).await.goes_to(), Some("/login"));

    // A user's email in the same catcher is nobody else's.
    let form = [("email", STRANGER), ("name", "S"), ("password", PASSWORD), ("time_zone", "UTC")];
    visitor.post("/register", &form).await.says("Check your mail");
    let mut own = signed_in(&node, "stranger").await;
    until("the email is caught", async || own.get("/caught").await.text.contains("1 in all")).await;
    visitor.get("/caught").await.says("1,000 in all");
    assert_eq!(visitor.get("/caught/1001").await.status, StatusCode::NOT_FOUND);
    assert_eq!(own.get("/caught/1001").await.status, StatusCode::OK);
    assert_eq!(own.get("/caught/1").await.status, StatusCode::NOT_FOUND);

    for (name, value) in [
        ("host", "demo.example.com"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=192.0.2.1"),
        ("via", "1.1 proxy"),
    ] {
        for path in ["/caught", "/caught/1"] {
            let answer = visitor.get_with(path, name, value).await;
            let sent_away = answer.goes_to().is_some_and(|to| to.starts_with("/login"));
            assert!(sent_away, "{path} with {name}: {value} answers {}", answer.status);
        }
    }
}

#[tokio::test]
async fn a_proxy_in_front_needs_the_address_that_people_come_by() {
    let installation = Installation::on_sqlite();
    let said = installation.fails(2, &["serve", "--listen", "127.0.0.1:0", "--behind-proxy"]).await;
    assert!(said.contains("--base-url") && said.contains("VESTNIK_BASE_URL"), "{said}");
    assert!(!installation.path("data").exists(), "nothing was made");
}
