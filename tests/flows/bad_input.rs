//! Bad input: whatever arrives, a clear page or problem comes back, what was typed is still there, and nothing happened.

use crate::both;
use crate::support::{Answer, App, Browser};
use http::{Method, header};
use keel_types::time::{MINUTE, SECOND};
use keel_web::endpoints::{Endpoint, Kind};
use serde_json::json;

mod bodies;
mod names;
mod origin;
mod pages;

const OLIVIA: &str = "olivia@acme.example";

fn endpoints_of(kind: Kind) -> impl Iterator<Item = Endpoint> {
    keel::http::endpoints().into_iter().filter(move |endpoint| endpoint.kind == kind)
}

/// What is kept, counted: the same before and after means that nothing happened.
async fn everything(app: &App) -> Vec<i64> {
    let tables =
        ["users", "accounts", "memberships", "invitations", "sign_ins", "mail_outbox", "checkouts", "subscriptions", "audit_events"];
    let mut counts = vec![];
    for table in tables {
        counts.push(app.db.number(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts.push(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL").await);
    counts.push(app.db.number("SELECT COUNT(*) FROM user_profiles WHERE first_name IS NOT NULL OR intent IS NOT NULL").await);
    counts
}

/// A GET with one more header.
async fn get_with(browser: &Browser, path: &str, name: &str, value: &[u8]) -> Answer {
    let value = header::HeaderValue::from_bytes(value).unwrap();
    browser.send(browser.request(Method::GET, path).header(header::ACCEPT, "text/html").header(name, value)).await
}

both! {
    async fn a_plan_cookie_that_is_not_ours_is_no_choice(app: App) {
        let browser = app.browser();
        browser.form("/api/billing/choose", &[("plan", "pro"), ("interval", "year")]).await.location();
        let ours = browser.cookie("keel_pending_checkout").unwrap();
        let olivia = app.sign_in(OLIVIA).await;
        let flash = {
            let other = app.sign_in("adam@acme.example").await;
            other.form("/api/auth/sign-out", &[]).await.leads_to("/login");
            other.cookie("keel_flash").unwrap()
        };
        let (text, signature) = ours.split_once('.').unwrap();
        let swapped = format!("{}.{signature}", flash.split_once('.').unwrap().0);
        let flipped = format!("{text}.{}", signature.chars().rev().collect::<String>());
        let longer = format!("{ours}00");
        for cookie in [flash.as_str(), &swapped, &flipped, &longer, &ours[1..], text, "", ".", "a.b", "%00", "{}", &"x".repeat(3000)] {
            olivia.set_cookie("keel_pending_checkout", cookie);
            let page = olivia.get("/checkout").await;
            assert!(page.status == 200 && page.body.contains("No plan is chosen yet"), "{cookie}");
            let visitor = app.browser();
            visitor.set_cookie("keel_pending_checkout", cookie);
            for path in ["/login", "/signup", "/pricing"] {
                assert_eq!(visitor.get(path).await.status, 200, "{path} {cookie}");
            }
            assert_eq!(visitor.form("/api/auth/request-link", &[("email", "max@acme.example")]).await.status, 303);
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM sign_ins WHERE intent IS NOT NULL").await, 0);
        olivia.set_cookie("keel_pending_checkout", &ours);
        assert!(olivia.get("/checkout").await.body.contains("per year"));
        app.advance(31 * MINUTE).await;
        assert!(olivia.get("/checkout").await.body.contains("No plan is chosen yet"), "after half an hour it is stale");
    }

    async fn a_broken_plan_cookie_does_not_lose_the_kept_choice(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        browser.form("/api/billing/choose", &[("plan", "pro"), ("interval", "year")]).await.leads_to("/checkout");
        browser.set_cookie("keel_pending_checkout", "broken");
        assert!(browser.get("/checkout").await.body.contains("per year"));
    }

    async fn a_message_that_is_not_ours_is_not_shown(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        let leaving = browser.copy();
        leaving.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        let ours = leaving.cookie("keel_flash").unwrap();
        let shown = leaving.copy().get("/login").await;
        assert!(shown.body.contains("role=\"status\""));
        for cookie in ["", "signed_out", "a.b", &ours[..ours.len() - 1], &format!("{ours}0"), "<script>alert(1)</script>", &"x".repeat(3000)] {
            let browser = app.browser();
            browser.set_cookie("keel_flash", cookie);
            let page = browser.get("/login").await;
            assert!(page.status == 200 && !page.body.contains("role=\"status\"") && !page.body.contains("alert(1)"), "{cookie}");
        }
        app.advance(61 * SECOND).await;
        assert!(!leaving.get("/login").await.body.contains("role=\"status\""), "after a minute it is stale");
    }

    async fn a_forged_session_is_nobody(app: App) {
        let real = app.sign_in(OLIVIA).await.cookie("keel_session").unwrap();
        let hash = app.db.text("SELECT token_hash FROM user_sessions").await;
        let id = app.db.text("SELECT id FROM user_sessions").await;
        let shorter = &real[..42];
        let changed = format!("{shorter}{}", if real.ends_with('A') { 'B' } else { 'A' });
        for forged in [changed.as_str(), shorter, &format!("{real}A"), &hash, &hash[..43], &id, "", "'", "\" OR 1=1--", &"x".repeat(4000)] {
            let browser = app.browser();
            browser.set_cookie("keel_session", forged);
            assert_eq!(browser.get("/private-dashboard").await.location().split('?').next(), Some("/login"), "{forged}");
            assert_eq!(browser.get("/login").await.status, 200);
            assert_eq!(browser.json("/api/auth/sign-out", &json!({})).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        }
        let other_name = app.browser();
        other_name.set_cookie("__Host-keel_session", &real);
        assert_eq!(other_name.get("/private-dashboard").await.status, 303);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL").await, 1);
    }

    async fn strange_headers_and_queries_are_survived(app: App) {
        let (anonymous, olivia) = (app.browser(), app.sign_in(OLIVIA).await);
        let long = "x".repeat(6000);
        let headers: &[(&str, &[u8])] = &[
            ("accept-language", b"\xff\xfe,,;q=,de;q=nan,*;q=-1"),
            ("accept-language", long.as_bytes()),
            ("accept", b"\xff"),
            ("accept", b"*/*;;;,text/html;q=2"),
            ("cookie", b"\xff=\xff; keel_session=\xff; ==; ;;; keel_session"),
            ("cookie", long.as_bytes()),
            ("user-agent", b"\xff\xfe <script>"),
            ("user-agent", long.as_bytes()),
            ("origin", b"null"),
            ("sec-fetch-site", b"\xff"),
            ("if-none-match", b"\"\xff"),
            ("range", b"bytes=999-1"),
            ("content-type", b"\xff/\xff; charset=utf-7"),
            ("x-forwarded-for", b"not an address"),
            ("accept-encoding", b"br;q=x, gzip;q=, zstd"),
        ];
        let queries = [
            "?%", "?%%%", "?=&=&&", "?%00", "?a=%ff", "?redirectTo[]=/x", "?redirectTo=%00", "?token=", "?token=%00", "?token=AAAA",
            "?session_id=", "?session_id=%00", "?session_id=cs_%27", "?session_id=cs_1&looks=-1", "?looks=99999999999999999999", "?canceled",
            "?account=", "?account", "?account=personal&account=nobody", "?to=%00", "?to='", "?at=%00",
        ];
        let mut pages: Vec<&str> = endpoints_of(Kind::Page).map(|endpoint| endpoint.path).collect();
        pages.extend(["/nothing", "/api/auth/verify-otp", "/dev/mailbox.json", "/assets/none", "/robots.txt"]);
        for path in pages {
            for browser in [&anonymous, &olivia] {
                for (name, value) in headers {
                    let answer = get_with(browser, path, name, value).await;
                    assert!(answer.status < 500, "{path} {name} {} {}", answer.status, answer.body);
                }
                for query in queries {
                    let answer = browser.get(&format!("{path}{query}")).await;
                    assert!(answer.status < 500, "{path}{query} {} {}", answer.status, answer.body);
                }
            }
        }
    }

    async fn methods_are_not_confused(app: App) {
        let (anonymous, olivia) = (app.browser(), app.sign_in(OLIVIA).await);
        let before = everything(&app).await;
        for action in endpoints_of(Kind::Action) {
            for browser in [&anonymous, &olivia] {
                let home = browser.get(action.path).await.location().to_owned();
                assert!(endpoints_of(Kind::Page).any(|page| page.path == home), "{} leads to {home}", action.path);
                browser.send(browser.request(Method::HEAD, action.path)).await.leads_to(&home);
                for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE] {
                    let request = browser.request(method.clone(), action.path).header("sec-fetch-site", "same-origin");
                    let answer = browser.send(request.header(header::CONTENT_TYPE, "application/json").body("{}")).await;
                    assert_eq!(answer.problem(), (405, "METHOD_NOT_ALLOWED".to_owned()), "{method} {}", action.path);
                    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD,POST", "{method} {}", action.path);
                }
            }
        }
        for page in endpoints_of(Kind::Page) {
            // Mail programs post to the page that asks people.
            let is_posted_to = keel::http::endpoints().iter().any(|other| (other.path, other.method) == (page.path, "POST"));
            let allowed = if is_posted_to { "GET,HEAD,POST" } else { "GET,HEAD" };
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH].into_iter().filter(|method| *method != Method::POST || !is_posted_to) {
                let request = olivia.request(method.clone(), page.path).header("sec-fetch-site", "same-origin");
                let answer = olivia.send(request.header(header::ACCEPT, "text/html")).await;
                assert_eq!(answer.status, 405, "{method} {}", page.path);
                assert!(answer.body.contains("does not take this kind of request"));
                assert_eq!(answer.headers[header::ALLOW], allowed, "{method} {}", page.path);
            }
        }
        assert_eq!(everything(&app).await, before);
    }

    async fn unknown_addresses_are_refused_in_the_askers_format(app: App) {
        let (anonymous, olivia) = (app.browser(), app.sign_in(OLIVIA).await);
        let long = format!("/{}", "x".repeat(8000));
        let paths = [
            "/nothing", "/login/", "/LOGIN", "/%00", "/%ff", "/..%2f..%2fetc%2fpasswd", "//", "//evil.example", "/api", "/api/", "/api/auth",
            "/api/auth/unknown", "/api/v1/account", "/assets/", "/assets/..%2fCargo.toml", "/org-dashboard/unknown", "/admin-dashboard",
            "/checkout/success/", "/.env", "/.git/config", "/%3Cscript%3Ealert(1)%3C/script%3E", &long,
        ];
        for path in paths {
            for browser in [&anonymous, &olivia] {
                let page = browser.get(path).await;
                assert_eq!(page.status, 404, "{path}");
                if !path.starts_with("/assets/") {
                    assert!(page.body.contains("<h1>Not found</h1>") && !page.body.contains("<script>"), "{path}");
                    let program = browser.send(browser.request(Method::GET, path).header(header::ACCEPT, "application/json")).await;
                    assert_eq!(program.problem(), (404, "NOT_FOUND".to_owned()), "{path}");
                }
            }
            let posted = olivia.form(path, &[("a", "b")]).await;
            assert!([404, 405].contains(&posted.status), "{path} {}", posted.status);
        }
        assert!(olivia.get("/nothing").await.body.contains("href=\"/org-dashboard\""), "it shows the way on");
    }
}
