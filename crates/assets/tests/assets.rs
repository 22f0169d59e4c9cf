//! What the rest of the program relies on: names resolve, files are served well, and stay small.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use tower::ServiceExt;
use vestnik_assets::{icon, icons, routes, url};

const JS_BUDGET: usize = 40 * 1024;
const CSS_BUDGET: usize = 35 * 1024;

async fn get(path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a valid request");
    routes::<()>().oneshot(request).await.expect("infallible")
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().expect("text")
}

#[test]
fn every_listed_icon_is_an_inline_svg() {
    let listed: Vec<&str> = include_str!("../src/icons.txt").lines().collect();
    assert_eq!(icons().collect::<Vec<_>>(), listed, "icons.txt is sorted and all of it is built");
    for name in listed {
        let svg = icon(name).expect(name);
        assert!(
            svg.starts_with("<svg class=\"icon\" aria-hidden=\"true\"") && svg.ends_with("/></svg>"),
            "{name}: {svg}"
        );
        assert!(!svg.contains("style="), "{name} would break the Content-Security-Policy");
    }
    assert_eq!(icon("no-such-icon"), None);
}

#[tokio::test]
async fn files_are_served_for_ever_under_hashed_names() {
    for (name, content_type) in [
        ("app.css", "text/css"),
        ("app.js", "text/javascript"),
        ("favicon.svg", "image/svg+xml"),
        ("onest-cyrillic-wght-normal.woff2", "font/woff2"),
    ] {
        let address = url(name);
        assert!(address.starts_with("/assets/"), "{address}");
        let response = get(address, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{address}");
        assert_eq!(header(&response, "content-type"), content_type);
        assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");

        let etag = header(&response, "etag");
        let again = get(address, &[("if-none-match", etag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn what_was_not_built_is_not_found() {
    for path in ["/assets/app.css", "/assets/.vite/manifest.json", "/assets/"] {
        assert_eq!(get(path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn scripts_and_styles_stay_within_budget() {
    for (name, budget) in [("app.js", JS_BUDGET), ("app.css", CSS_BUDGET)] {
        for encoding in ["br", "gzip"] {
            let response = get(url(name), &[("accept-encoding", encoding)]).await;
            assert_eq!(header(&response, "content-encoding"), encoding);
            let size: usize = header(&response, "content-length").parse().expect("a number");
            assert!(size <= budget, "{name} is {size} bytes as {encoding}; the budget is {budget}");
        }
    }
}
