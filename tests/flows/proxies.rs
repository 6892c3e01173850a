//! Whose address counts: the peer's, or the one that a trusted proxy tells.

use crate::both;
use crate::support::{Answer, Browser};
use http::{Method, header};
use std::net::Ipv4Addr;

const BEHIND_ONE: &[(&str, &str)] = &[("KEEL_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")];
const WRONG: &str = "email=olivia%40acme.example&password=a+longer+walk+on+the+pier";

/// Tries a wrong password, as a proxy would hand it on.
async fn try_password(browser: &Browser, forwarded_for: &[&str]) -> Answer {
    let request = browser.request(Method::POST, "/api/auth/sign-in").header("sec-fetch-site", "same-origin");
    let request = forwarded_for.iter().fold(request, |request, line| request.header("x-forwarded-for", *line));
    browser.send(request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(WRONG)).await
}

async fn failures(app: &crate::support::App, client: &str) -> i64 {
    app.db.number(&format!("SELECT COALESCE(MAX(taken), 0) FROM limits WHERE key = 'client failure: {client}'")).await
}

both! {
    async fn a_trusted_proxy_is_believed(app: App, with BEHIND_ONE) {
        for lines in [&["198.51.100.1"][..], &["203.0.113.9, 198.51.100.1, 10.1.2.3"], &["203.0.113.9", "::ffff:198.51.100.1"]] {
            assert_eq!(try_password(&app.browser(), lines).await.status, 422);
        }
        assert_eq!(failures(&app, "198.51.100.1").await, 3);
        for line in ["2001:db8:1:2::3", "2001:db8:1:2:ffff::4", "[2001:db8:1:2::5]:443"] {
            assert_eq!(try_password(&app.browser(), &[line]).await.status, 422);
        }
        assert_eq!(failures(&app, "2001:db8:1:2::/64").await, 3, "one network is one client");
        app.db.run("UPDATE limits SET taken = 100 WHERE key = 'client failure: 198.51.100.1'").await;
        assert_eq!(try_password(&app.browser(), &["198.51.100.1"]).await.status, 429);
        assert_eq!(try_password(&app.browser(), &["198.51.100.1, 198.51.100.2"]).await.status, 422, "another client, whatever it made up");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed'").await, 7);
    }

    async fn nobody_else_is_believed(app: App, with BEHIND_ONE) {
        let direct = Browser::at(&app.base, Ipv4Addr::new(127, 0, 0, 2));
        assert_eq!(try_password(&direct, &["198.51.100.1"]).await.status, 422);
        assert_eq!((failures(&app, "127.0.0.2").await, failures(&app, "198.51.100.1").await), (1, 0));
    }

    async fn without_the_setting_there_is_no_proxy(app: App) {
        assert_eq!(try_password(&app.browser(), &["198.51.100.1"]).await.status, 422);
        assert_eq!((failures(&app, "127.0.0.1").await, failures(&app, "198.51.100.1").await), (1, 0));
    }

    async fn a_session_remembers_the_clients_address(app: App, with BEHIND_ONE) {
        let browser = app.browser();
        browser.form("/api/auth/request-link", &[("email", "olivia@acme.example")]).await.leads_to("/verify");
        let body = format!("code={}", app.code("olivia@acme.example").await);
        let request = browser.request(Method::POST, "/api/auth/verify-otp").header("sec-fetch-site", "same-origin");
        let request = request.header("x-forwarded-for", "2001:DB8::1").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert_eq!(browser.send(request.body(body)).await.status, 200);
        assert_eq!(app.db.text("SELECT address FROM user_sessions").await, "2001:db8::1");
    }
}
