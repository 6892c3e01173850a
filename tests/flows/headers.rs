//! The headers that keep browsers from harm: on every answer of every endpoint, whatever it says.

use crate::both;
use crate::support::Browser;
use http::{HeaderMap, Method, header};

const HTTPS: &[(&str, &str)] = &[("KEEL_BASE_URL", "https://keel.example")];

/// Every kind of answer: by each method, to people and programs, with a good body, a bad one and one that is too large.
async fn answers(browser: &Browser) -> Vec<(String, HeaderMap, u16)> {
    let mut all = vec![];
    let mut paths: Vec<&str> = keel::http::endpoints().iter().map(|endpoint| endpoint.path).collect();
    paths.extend(["/nothing", "/%ff", "/api/nothing", "/health/live/", "/metrics"]);
    let stylesheet = keel_web::assets::url("keel.css");
    paths.push(stylesheet);
    for path in paths {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS] {
            for (accept, kind, body) in [
                ("text/html", "application/x-www-form-urlencoded", String::new()),
                ("application/json", "application/json", "{".to_owned()),
                ("*/*", "text/plain", "x".to_owned()),
                ("*/*", "application/x-www-form-urlencoded", "x".repeat(64 * 1024 + 1)),
            ] {
                if body.len() > 64 * 1024 && method != Method::POST {
                    continue;
                }
                let browser = browser.copy();
                let request = browser.request(method.clone(), path).header(header::ACCEPT, accept).header("sec-fetch-site", "same-origin");
                let request = if method == Method::GET { request } else { request.header(header::CONTENT_TYPE, kind).body(body) };
                let answer = browser.send(request).await;
                all.push((format!("{method} {path} {accept}"), answer.headers, answer.status));
            }
        }
    }
    let (_, headers, _) = all.iter().find(|(what, ..)| what.starts_with(&format!("GET {stylesheet}"))).unwrap();
    let known = browser.request(Method::GET, stylesheet).header(header::IF_NONE_MATCH, &headers[header::ETAG]);
    let answer = browser.send(known).await;
    all.push((format!("GET {stylesheet} again"), answer.headers, answer.status));
    all
}

fn assert_safe(what: &str, headers: &HeaderMap, https: bool) {
    let one = |name: &str| {
        let all: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(all.len(), 1, "{what} {name}");
        all[0].to_str().unwrap().to_owned()
    };
    let policy = one("content-security-policy");
    let start = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
                 form-action 'self' ";
    assert!(policy.starts_with(start) && !policy.contains("unsafe-inline") && !policy.contains('*'), "{what} {policy}");
    assert_eq!(one("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(one("referrer-policy"), "same-origin", "{what}");
    assert_eq!(one("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(one("x-request-id").len(), 12, "{what}");
    assert!(!one("cache-control").is_empty());
    assert_eq!(headers.contains_key("strict-transport-security"), https, "{what}");
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert!(!headers.contains_key(name), "{what} {name}");
    }
    let length = headers.get(header::CONTENT_LENGTH).map_or("0", |length| length.to_str().unwrap());
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
    assert!(kind.map_or(length == "0", |kind| !kind.starts_with("text/") || kind.ends_with("; charset=utf-8")), "{what} {kind:?}");
}

both! {
    async fn every_answer_carries_them(app: App) {
        let olivia = app.sign_in("olivia@acme.example").await;
        for browser in [app.browser(), olivia] {
            let mut statuses = std::collections::BTreeSet::new();
            for (what, headers, status) in answers(&browser).await {
                assert_safe(&what, &headers, false);
                statuses.insert(status);
            }
            for status in [200, 303, 304, 400, 404, 405, 413, 415, 422] {
                assert!(statuses.contains(&status), "{status} is not among {statuses:?}");
            }
        }
    }

    async fn over_https_browsers_stay_there(app: App, with HTTPS) {
        for (what, headers, _) in answers(&app.browser()).await {
            assert_safe(&what, &headers, true);
            assert!(headers["strict-transport-security"].to_str().unwrap().starts_with("max-age=63072000"));
        }
    }
}
