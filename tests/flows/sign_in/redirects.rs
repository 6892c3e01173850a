//! Where people are led: only to Keel's own pages, as a browser understands addresses.

use super::{OLIVIA, asked, confirm, type_code};
use crate::both;
use crate::support::{Answer, App};
use http::header;
use reqwest::Url;

/// Addresses of elsewhere, in disguise. Browsers take tabs and line ends out, and read a backslash as a slash.
const HOSTILE: &[&str] = &[
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/\r\nSet-Cookie: keel_session=x",
    "\t//evil.example",
    " //evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/ｅvil\u{2215}",
    "/\u{202e}elpmaxe.live//",
    "//evil。example",
    "/\u{0}/evil.example",
    "?x",
    "#x",
];

/// Odd, but on this host.
const HARMLESS: &[&str] =
    &["/%09/evil.example", "/%2f/evil.example", "/%5cevil.example", "/.//evil.example", "/a/..//evil.example", "/@evil.example"];

/// Asserts that a browser which follows this answer stays here.
fn stays_here(app: &App, answer: &Answer, sink: &str, wish: &str) {
    if let Some(place) = answer.headers.get(header::LOCATION) {
        let base = Url::parse(&app.base).unwrap();
        let place = base.join(place.to_str().unwrap()).unwrap();
        assert!(place.origin() == base.origin(), "{sink} leads {wish:?} to {place}");
    }
    assert!(!answer.headers.get_all(header::SET_COOKIE).iter().any(|cookie| cookie.as_bytes().starts_with(b"keel_session=x")));
    for attribute in ["href", "action", "src", "content"] {
        for value in answer.body.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()) {
            let value = value.strip_prefix("2;url=").unwrap_or(value);
            let external = value.starts_with("//") || value.starts_with("/\\") || value.contains("://") || value.starts_with("javascript:");
            assert!(!external, "{sink} links {wish:?}: {value}");
        }
    }
    for value in answer.body.split("name=\"redirectTo\" value=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let base = Url::parse(&app.base).unwrap();
        assert!(base.join(value).unwrap().origin() == base.origin(), "{sink} keeps {wish:?}: {value}");
    }
}

fn query(path: &str, name: &str, value: &str) -> String {
    format!("{path}?{}", serde_urlencoded::to_string([(name, value)]).unwrap())
}

both! {
    async fn nobody_is_led_elsewhere(app: App) {
        let (anonymous, olivia) = (app.browser(), app.sign_in(OLIVIA).await);
        for wish in HOSTILE.iter().chain(HARMLESS) {
            for path in ["/login", "/signup"] {
                let page = anonymous.get(&query(path, "redirectTo", wish)).await;
                assert_eq!(page.status, 200);
                stays_here(&app, &page, path, wish);
                stays_here(&app, &olivia.get(&query(path, "redirectTo", wish)).await, path, wish);
            }
            for action in ["/api/auth/request-link", "/api/auth/resend", "/api/auth/verify-otp", "/api/user/onboarding", "/api/workspaces/create", "/api/workspaces/create-first", "/api/accounts/switch", "/api/billing/checkout"] {
                let url = query(action, "at", wish);
                stays_here(&app, &anonymous.get(&url).await, action, wish);
                for browser in [&anonymous, &olivia] {
                    stays_here(&app, &browser.form(&url, &[("name", ""), ("redirectTo", wish), ("at", wish)]).await, action, wish);
                }
            }
        }
    }

    async fn hostile_wishes_are_forgotten_at_the_end_of_the_sign_in(app: App) {
        for wish in HOSTILE {
            let browser = app.browser();
            browser.form("/api/auth/request-link", &[("email", OLIVIA), ("redirectTo", wish)]).await.leads_to("/verify");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM sign_ins WHERE next IS NOT NULL").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM sign_ins").await, i64::try_from(HOSTILE.len()).unwrap());
        let token = app.link_token(OLIVIA).await;
        confirm(&app.browser(), &token).await.leads_to("/onboarding");
    }

    async fn wishes_of_our_own_are_followed_once_the_name_is_known(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        browser.form("/api/user/onboarding", &[("first_name", "Olivia"), ("last_name", "A")]).await.leads_to("/org-dashboard");
        for wish in ["/private-dashboard?account=personal", "/checkout/success?session_id=cs_1", "/invitations/x"] {
            let browser = app.browser();
            browser.form("/api/auth/request-link", &[("email", OLIVIA), ("redirectTo", wish)]).await.leads_to("/verify");
            let code = app.code(OLIVIA).await;
            type_code(&browser, &code).await.leads_to(wish);
        }
        for (wish, place) in [("/login", "/org-dashboard"), ("/verify?x", "/org-dashboard"), ("/onboarding", "/org-dashboard"), ("/checkout", "/checkout")] {
            let browser = app.browser();
            browser.form("/api/auth/request-link", &[("email", OLIVIA), ("redirectTo", wish)]).await.leads_to("/verify");
            let code = app.code(OLIVIA).await;
            type_code(&browser, &code).await.leads_to(place);
        }
    }

    async fn a_link_that_waits_for_a_sign_in_is_readable_nowhere_meanwhile(app: App) {
        let (authenticator, _) = app.turns_on_two_step(&app.sign_in(OLIVIA).await).await;
        let token = "an-invitation-of-43-characters-of-base64url";
        let (browser, link) = (app.browser(), format!("/invitations/{token}"));
        browser.form("/api/auth/request-link", &[("email", OLIVIA), ("redirectTo", &link)]).await.leads_to("/verify");
        let code = app.code(OLIVIA).await;
        type_code(&browser, &code).await.leads_to("/two-step");
        for table in ["sign_ins", "second_steps"] {
            let kept = app.db.text(&format!("SELECT next FROM {table} WHERE next IS NOT NULL")).await;
            assert!(kept.len() > link.len() && !kept.contains("invitation"), "{table}: {kept}");
        }
        browser.form("/api/auth/verify-second-step", &[("code", &authenticator.code(&app))]).await.leads_to(&link);
    }

    async fn people_who_are_signed_in_are_led_on(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        for path in ["/login", "/signup", "/verify"] {
            browser.get(path).await.leads_to("/onboarding");
        }
        browser.get("/login?redirectTo=/checkout").await.leads_to("/checkout");
        browser.form("/api/user/onboarding", &[("first_name", "Olivia"), ("last_name", "A")]).await.leads_to("/org-dashboard");
        browser.get("/login").await.leads_to("/org-dashboard");
        browser.get("/signup?redirectTo=/private-dashboard").await.leads_to("/private-dashboard");
        browser.form("/api/billing/choose", &[("plan", "pro"), ("interval", "month")]).await.leads_to("/checkout");
        browser.get("/login?redirectTo=/private-dashboard").await.leads_to("/checkout");
    }

    async fn where_one_was_is_where_one_comes_back_to(app: App) {
        let browser = app.browser();
        browser.get("/org-dashboard/billing?account=acme").await.leads_to("/login?redirectTo=/org-dashboard/billing%3Faccount%3Dacme");
        let asking = asked(&app, OLIVIA).await;
        asking.get("/api/auth/verify-otp").await.leads_to("/verify");
        asking.get("/api/auth/verify-otp?at=/verify").await.leads_to("/verify");
    }
}
