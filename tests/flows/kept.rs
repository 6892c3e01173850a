//! Pages that are kept: the same bytes for everybody who brings neither a cookie nor a query, and nothing of anybody's in them.

use crate::both;
use crate::support::Browser;
use http::{HeaderMap, Method, header};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::Ipv4Addr;

const KEPT: [&str; 7] = ["/", "/pricing", "/login", "/signup", "/forgot-password", "/legal/terms", "/legal/privacy"];

/// Bytes and headers of a GET with these headers, without a cookie.
async fn fetch(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> (HeaderMap, Vec<u8>) {
    let request = browser.request(Method::GET, path).header(header::ACCEPT, "text/html");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

fn is_public(headers: &HeaderMap) -> bool {
    assert!(headers.get(header::SET_COOKIE).is_none());
    let varies = headers.get(header::VARY).map_or("", |vary| vary.to_str().unwrap());
    let public = headers[header::CACHE_CONTROL] == "public, max-age=60";
    assert!(!public || varies == "accept-encoding, accept-language, cookie", "{varies}");
    assert!(public || headers[header::CACHE_CONTROL] == "no-store");
    public
}

both! {
    async fn everybody_gets_the_same_bytes(app: App) {
        for path in KEPT {
            let (first_headers, first) = fetch(&app.browser(), path, &[]).await;
            let others: [&[(&str, &str)]; 4] = [
                &[],
                &[("user-agent", "one <script>"), ("x-forwarded-for", "198.51.100.1"), ("x-request-id", "mine")],
                &[("sec-fetch-site", "cross-site"), ("referer", "https://evil.example/"), ("origin", "https://evil.example")],
                &[("accept", "*/*"), ("host", "evil.example"), ("x-forwarded-host", "evil.example")],
            ];
            for headers in others {
                let elsewhere = Browser::at(&app.base, Ipv4Addr::new(127, 0, 0, 9));
                let (other_headers, other) = fetch(&elsewhere, path, headers).await;
                assert!(first == other, "{path} {headers:?}");
                assert!(is_public(&first_headers) && is_public(&other_headers), "{path}");
                assert_ne!(first_headers["x-request-id"], other_headers["x-request-id"]);
            }
        }
    }

    async fn whoever_brings_a_cookie_or_a_query_gets_a_page_of_their_own(app: App) {
        for path in KEPT {
            assert!(is_public(&fetch(&app.browser(), path, &[]).await.0), "{path}");
            for cookie in ["keel_session=none", "keel_flash=none", "theme=dark", "x"] {
                assert!(!is_public(&fetch(&app.browser(), path, &[("cookie", cookie)]).await.0), "{path} {cookie}");
            }
            for query in ["?", "?account=acme", "?redirectTo=/checkout", "?utm_source=x"] {
                assert!(!is_public(&fetch(&app.browser(), &format!("{path}{query}"), &[]).await.0), "{path}{query}");
            }
        }
        let (_, other) = fetch(&app.browser(), "/verify", &[]).await;
        assert!(!other.is_empty());
        assert!(!is_public(&fetch(&app.browser(), "/verify", &[]).await.0), "what the table does not say is not kept");
    }

    async fn nothing_of_one_person_gets_into_the_page_of_all(app: App) {
        // Each of these is the first to ask for the page.
        let chooses = app.browser();
        chooses.form("/api/billing/choose", &[("plan", "pro"), ("interval", "year")]).await.leads_to("/signup?redirectTo=/checkout");
        assert!(chooses.get("/signup").await.body.contains("Pro"));
        let leaves = app.sign_in("olivia@acme.example").await;
        assert!(leaves.get("/pricing").await.body.contains("/onboarding/workspace") || leaves.get("/pricing").await.body.contains("-dashboard"));
        leaves.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        assert!(leaves.get("/login").await.body.contains("role=\"status\""));
        assert!(app.browser().get("/login?redirectTo=/checkout").await.body.contains("value=\"/checkout\""));
        let refused = app.browser().form("/api/auth/request-link?at=/login", &[("email", "no address")]).await;
        assert!(refused.status == 422 && refused.body.contains("no address"));
        for path in KEPT {
            let page = app.browser().get(path).await;
            for foreign in ["olivia", "no address", "role=\"status\"", "-dashboard", "redirectTo", "aria-invalid"] {
                assert!(!page.body.contains(foreign), "{path} {foreign}");
            }
        }
        let (with, without) = (chooses.get("/signup").await.body, app.browser().get("/signup").await.body);
        assert_ne!(with, without);
        assert!(leaves.get("/login").await.headers[header::CACHE_CONTROL] == "no-store", "the browser that knows a device is no stranger");
    }

    async fn a_page_is_kept_for_each_language_and_currency_and_for_nothing_else(app: App) {
        let mut pages = BTreeSet::new();
        for languages in ["en-US", "en-GB", "en-IE", "de", "fr-FR", "xx-YY", "", "*", "en-GB;q=0.1, de", "tlh", "a-very-long-language-nobody-speaks"] {
            for _ in 0..2 {
                let (headers, page) = fetch(&app.browser(), "/pricing", &[("accept-language", languages)]).await;
                assert!(is_public(&headers));
                pages.insert(page);
            }
        }
        assert_eq!(pages.len(), 6, "English in dollars, euros and pounds; German in euros and pounds; French in euros");
    }

    async fn every_encoding_carries_the_same_page(app: App) {
        for path in KEPT {
            // The first to ask gets it rendered, the second from the kept bytes.
            for accepted in ["br", "identity", "gzip", "br", "gzip, deflate, br", "identity"] {
                let (headers, bytes) = fetch(&app.browser(), path, &[("accept-encoding", accepted)]).await;
                let (_, plain) = fetch(&app.browser(), path, &[]).await;
                let mut page = vec![];
                match headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap()) {
                    Some("br") => drop(brotli::Decompressor::new(&bytes[..], 4_096).read_to_end(&mut page).unwrap()),
                    Some("gzip") => drop(flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut page).unwrap()),
                    None => page.clone_from(&bytes),
                    other => panic!("{other:?}"),
                }
                assert!(page == plain, "{path} {accepted}");
                assert_eq!(headers.contains_key(header::CONTENT_ENCODING), accepted != "identity", "{path} {accepted}");
                assert_eq!(headers[header::CONTENT_LENGTH], bytes.len().to_string().as_str());
            }
        }
    }

    async fn head_tells_the_same_as_get(app: App) {
        for path in KEPT {
            for _ in 0..2 {
                let browser = app.browser();
                let answer = browser.request(Method::HEAD, path).send().await.unwrap();
                assert!(answer.status() == 200 && is_public(answer.headers()));
                let length = answer.headers()[header::CONTENT_LENGTH].clone();
                assert!(answer.bytes().await.unwrap().is_empty());
                let (headers, _) = fetch(&app.browser(), path, &[]).await;
                assert_eq!(headers[header::CONTENT_LENGTH], length, "{path}");
            }
        }
    }
}
