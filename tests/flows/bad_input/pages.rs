//! What every page carries: headers that keep it out of others' hands, and markup without scripts or styles in it.

use super::{OLIVIA, endpoints_of};
use crate::both;
use crate::support::{Answer, B2C, Browser, Cast};
use http::Method;
use keel_web::endpoints::Kind;

/// Asserts what holds for every answer with HTML.
pub(super) fn is_clean(answer: &Answer, path: &str) {
    for (name, wanted) in
        [("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin"), ("cross-origin-opener-policy", "same-origin")]
    {
        assert_eq!(answer.headers.get(name).map(|value| value.to_str().unwrap()), Some(wanted), "{path}");
    }
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    for part in [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains('*'), "{path}: {policy}");
    assert!(answer.headers.contains_key("cache-control"), "{path}");
    assert!(answer.headers.get("server").is_none() && answer.headers.get("x-powered-by").is_none(), "{path}");
    for tag in answer.body.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        assert!(name != "style" && name != "base" && name != "iframe" && name != "object", "{path}: <{tag}>");
        assert!(name != "script" || tag.contains(" src=\"/assets/"), "{path}: <{tag}>");
        for attribute in tag.split(' ').skip(1).filter_map(|part| part.split_once("=\"").map(|(attribute, _)| attribute)) {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{path}: <{tag}>");
        }
        for url in ["src=\"http", "src=\"//", "action=\"http", "javascript:"] {
            assert!(!tag.contains(url), "{path}: <{tag}>");
        }
    }
}

async fn every_page_is_clean(browser: &Browser) {
    for endpoint in endpoints_of(Kind::Page) {
        is_clean(&browser.copy().get(endpoint.path).await, endpoint.path);
    }
    for endpoint in endpoints_of(Kind::Plain).filter(|endpoint| endpoint.method == "GET") {
        let answer = browser.copy().get(endpoint.path).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{}", endpoint.path);
    }
}

both! {
    async fn every_page_is_clean_for_everybody(app: App) {
        let cast = Cast::gather(&app).await;
        let anonymous = app.browser();
        for browser in [&anonymous, &cast.olivia, &cast.adam, &cast.max, &cast.vera, &cast.aude, &cast.rob] {
            every_page_is_clean(browser).await;
        }
        cast.olivia.form("/api/billing/choose", &[("plan", "business"), ("interval", "month")]).await.leads_to("/checkout");
        is_clean(&cast.olivia.get("/checkout").await, "/checkout with a choice");
        assert_eq!(cast.eve.form("/api/billing/subscribe-free", &[]).await.status, 303);
        for path in ["/checkout/success", "/org-dashboard", "/org-dashboard/billing", "/checkout"] {
            is_clean(&cast.eve.get(path).await, path);
        }
    }

    async fn every_page_is_clean_in_b2c(app: App, with B2C) {
        every_page_is_clean(&app.sign_in(OLIVIA).await).await;
    }

    async fn every_refusal_is_clean(app: App) {
        let cast = Cast::gather(&app).await;
        let browser = app.browser();
        browser.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        let token = app.link_token(OLIVIA).await;
        is_clean(&browser.get("/verify").await, "/verify");
        is_clean(&browser.get(&format!("/auth/link?token={token}")).await, "/auth/link");
        is_clean(&cast.eve.get(&format!("/auth/link?token={token}")).await, "/auth/link instead of another");
        let refusals = [
            (404, browser.get("/nothing").await),
            (404, cast.olivia.get("/org-dashboard?account=none").await),
            (403, cast.aude.get("/org-dashboard/billing").await),
            (403, cast.max.form("/api/billing/checkout", &[]).await),
            (400, cast.olivia.form("/api/billing/checkout", &[]).await),
            (401, browser.form("/api/user/onboarding", &[]).await),
            (405, browser.send(browser.request(Method::PUT, "/login").header("accept", "text/html")).await),
            (410, browser.get(&format!("/auth/link?token={}", "A".repeat(43))).await),
            (413, browser.form("/api/auth/request-link", &[("email", &"x".repeat(70_000))]).await),
            (422, browser.form("/api/auth/verify-otp", &[]).await),
            (422, browser.form("/api/auth/request-link", &[]).await),
            (429, browser.form("/api/auth/resend", &[]).await),
        ];
        for (status, answer) in &refusals {
            assert_eq!(answer.status, *status);
            assert!(answer.body.starts_with("<!DOCTYPE html>"), "{status}");
            assert_eq!(answer.headers["cache-control"], "no-store", "{status}");
            is_clean(answer, &status.to_string());
        }
    }
}
