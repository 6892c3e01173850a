//! What is only there for developers is not there in production.

use crate::support::Alone;
use http::{Method, header};
use keel::http::endpoints;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_nothing_of_development_is_known() {
    let (_keel, browser) = Alone::in_production().await;
    let routes: Vec<_> = endpoints().into_iter().filter(|route| route.path.starts_with("/dev/")).collect();
    assert!(routes.len() >= 5, "{routes:?}");
    let unknown = browser.get("/nothing-like-it").await;
    for route in routes {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = browser.send(browser.request(method, route.path).header(header::ACCEPT, "application/json")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (unknown.status, Some("NOT_FOUND")), "{}", route.path);
    }
}
