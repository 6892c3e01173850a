//! What is only there for developers is not there in production, and what is malformed does not get there.

use crate::support::Alone;
use http::{Method, header};
use keel::http::endpoints;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_nothing_of_development_is_known() {
    let (_keel, browser) = Alone::in_production(&[]).await;
    let routes: Vec<_> = endpoints().into_iter().filter(|route| route.path.starts_with("/dev/")).collect();
    assert!(routes.len() >= 5, "{routes:?}");
    let unknown = browser.get("/nothing-like-it").await;
    for route in routes {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = browser.send(browser.request(method, route.path).header(header::ACCEPT, "application/json")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (unknown.status, Some("NOT_FOUND")), "{}", route.path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_settings_of_providers_stop_the_start_and_are_all_named_without_their_values() {
    let told = Alone::not_in_production(&[
        ("OAUTH_ACME_CLIENT_SECRET", "a secret with spaces"),
        ("OAUTH_ACME_ISSUER", "http://127.0.0.1:9/hidden"),
        ("OAUTH_GOOGLE_CLIENT_ID", "shown-to-google"),
    ])
    .await;
    for name in ["OAUTH_ACME_CLIENT_ID", "OAUTH_ACME_CLIENT_SECRET", "OAUTH_ACME_ISSUER", "OAUTH_GOOGLE_CLIENT_SECRET"] {
        assert!(told.contains(&format!("{name}: ")), "{name} is not named: {told}");
    }
    for value in ["a secret with spaces", "hidden", "shown-to-google"] {
        assert!(!told.contains(value), "{value} is told: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_forms_lead_to_the_providers_that_are_set_and_nowhere_else() {
    let google = [("OAUTH_GOOGLE_CLIENT_ID", "keel"), ("OAUTH_GOOGLE_CLIENT_SECRET", "between-the-two")];
    let (_keel, browser) = Alone::in_production(&google).await;
    let login = browser.get("/login").await;
    assert!(login.body.contains("Continue with Google") && !login.body.contains("GitHub"));
    let policy = login.headers["content-security-policy"].to_str().unwrap().to_owned();
    let forms = policy.split("; ").find(|part| part.starts_with("form-action")).unwrap();
    assert_eq!(forms, "form-action 'self' https://checkout.stripe.com https://billing.stripe.com https://accounts.google.com");
}
