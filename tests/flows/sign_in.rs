//! Signing in by e-mail: links and codes, sessions, and where people are led.

use crate::both;
use crate::support::{Answer, App, Browser, cookie_without_value, together};
use http::{Method, header};
use keel_types::time::{DAY, MINUTE, SECOND};
use serde_json::json;

mod redirects;
mod sessions;

const OLIVIA: &str = "olivia@acme.example";
const SESSIONS: &str = "SELECT COUNT(*) FROM user_sessions";

/// A browser that has asked for a link and a code.
async fn asked(app: &App, email: &str) -> Browser {
    let browser = app.browser();
    browser.form("/api/auth/request-link", &[("email", email)]).await.leads_to("/verify");
    browser
}

async fn type_code(browser: &Browser, code: &str) -> Answer {
    browser.form("/api/auth/verify-otp", &[("code", code)]).await
}

async fn confirm(browser: &Browser, token: &str) -> Answer {
    browser.form("/api/auth/confirm-link", &[("token", token)]).await
}

/// What a program is told about a code.
async fn fault_of(browser: &Browser, code: &str) -> String {
    let answer = browser.json("/api/auth/verify-otp", &json!({ "code": code })).await;
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()));
    answer.json()["errors"][0]["code"].as_str().unwrap().to_owned()
}

/// Another code than this one.
fn wrong(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

both! {
    async fn a_code_signs_in_where_it_was_asked_for(app: App) {
        let browser = app.browser();
        assert_eq!(app.sign_in_with(&browser, OLIVIA).await, "/onboarding");
        assert_eq!(browser.get("/onboarding").await.status, 200);
        assert_eq!(app.db.number(SESSIONS).await, 1);
    }

    async fn looking_at_a_link_uses_nothing_up(app: App) {
        asked(&app, OLIVIA).await;
        let token = app.link_token(OLIVIA).await;
        let (scanner, person) = (app.browser(), app.browser());
        let page = format!("/auth/link?token={token}");
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let answer = scanner.send(scanner.request(method, &page)).await;
            assert_eq!(answer.status, 200);
            assert!(answer.headers.get(header::SET_COOKIE).is_none());
        }
        assert_eq!(app.db.number(SESSIONS).await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM users").await, 0);
        assert!(person.get(&page).await.body.contains(&format!("Sign in as {OLIVIA}")));
        confirm(&person, &token).await.leads_to("/onboarding");
        assert_eq!(app.db.number(SESSIONS).await, 1);
        for answer in [scanner.get(&page).await, confirm(&scanner, &token).await] {
            assert_eq!(answer.status, 410);
            assert!(answer.body.contains("already been used") && answer.body.contains("href=\"/login\""), "{}", answer.body);
        }
    }

    async fn one_link_posted_fifty_times_at_once_gives_one_session(app: App) {
        asked(&app, OLIVIA).await;
        let token = app.link_token(OLIVIA).await;
        let statuses = together((0..50).map(|_| {
            let (browser, token) = (app.browser(), token.clone());
            async move { confirm(&browser, &token).await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 410).count(), 49, "{statuses:?}");
        assert_eq!(app.db.number(SESSIONS).await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 1);
    }

    async fn after_the_link_the_code_is_dead(app: App) {
        let browser = asked(&app, OLIVIA).await;
        let (code, token) = (app.code(OLIVIA).await, app.link_token(OLIVIA).await);
        confirm(&app.browser(), &token).await.leads_to("/onboarding");
        assert_eq!(fault_of(&browser, &code).await, "used_code");
        assert_eq!(type_code(&browser, &code).await.status, 422);
        assert_eq!(app.db.number(SESSIONS).await, 1);
    }

    async fn after_the_code_the_link_is_dead(app: App) {
        let browser = asked(&app, OLIVIA).await;
        let (code, token) = (app.code(OLIVIA).await, app.link_token(OLIVIA).await);
        type_code(&browser, &code).await.leads_to("/onboarding");
        assert_eq!(confirm(&app.browser(), &token).await.status, 410);
        assert_eq!(app.browser().json("/api/auth/confirm-link", &json!({ "token": token })).await.problem(), (410, "USED".to_owned()));
        assert_eq!(app.db.number(SESSIONS).await, 1);
    }

    async fn link_and_code_at_once_give_one_session(app: App) {
        for round in 0..10 {
            let email = format!("both{round}@acme.example");
            let browser = asked(&app, &email).await;
            let (code, token, other) = (app.code(&email).await, app.link_token(&email).await, app.browser());
            let by_code = async { type_code(&browser, &code).await.status };
            let by_link = async { confirm(&other, &token).await.status };
            let (by_code, by_link) = tokio::join!(by_code, by_link);
            assert_eq!([by_code, by_link].iter().filter(|status| **status == 303).count(), 1, "{by_code} {by_link}");
            assert_eq!(app.db.number(SESSIONS).await, round + 1);
        }
    }

    async fn a_code_counts_only_in_the_browser_that_asked(app: App) {
        asked(&app, OLIVIA).await;
        let code = app.code(OLIVIA).await;
        let stranger = app.browser();
        assert_eq!(type_code(&stranger, &code).await.status, 410);
        let eve = asked(&app, "eve@evil.example").await;
        assert_eq!(fault_of(&eve, &code).await, "wrong_code");
        stranger.set_cookie("keel_sign_in", &"A".repeat(43));
        assert!([404, 410].contains(&type_code(&stranger, &code).await.status));
        assert_eq!(app.db.number(SESSIONS).await, 0);
    }

    async fn the_fifth_wrong_code_is_the_last_and_the_link_still_works(app: App) {
        let browser = asked(&app, OLIVIA).await;
        let (code, token) = (app.code(OLIVIA).await, app.link_token(OLIVIA).await);
        for _ in 0..4 {
            assert_eq!(fault_of(&browser, &wrong(&code)).await, "wrong_code");
        }
        assert_eq!(fault_of(&browser, &wrong(&code)).await, "no_tries_left");
        assert_eq!(fault_of(&browser, &code).await, "no_tries_left");
        confirm(&browser, &token).await.leads_to("/onboarding");
    }

    async fn the_fifth_code_may_be_the_right_one(app: App) {
        let browser = asked(&app, OLIVIA).await;
        let code = app.code(OLIVIA).await;
        for _ in 0..4 {
            assert_eq!(fault_of(&browser, &wrong(&code)).await, "wrong_code");
        }
        type_code(&browser, &format!(" {}-{} ", &code[..3], &code[3..])).await.leads_to("/onboarding");
    }

    async fn wrong_codes_at_once_have_five_tries_in_all(app: App) {
        let browser = asked(&app, OLIVIA).await;
        let code = app.code(OLIVIA).await;
        let statuses = together((0..30).map(|_| {
            let (browser, code) = (browser.copy(), wrong(&code));
            async move { type_code(&browser, &code).await.status }
        }))
        .await;
        assert!(statuses.iter().all(|status| *status == 422), "{statuses:?}");
        assert_eq!(fault_of(&browser, &code).await, "no_tries_left");
        assert_eq!(app.db.number(SESSIONS).await, 0);
        let failed = app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed'").await;
        assert!((5..=30).contains(&failed), "{failed}");
    }

    async fn link_and_code_live_ten_minutes(app: App) {
        let (early, late) = (asked(&app, "adam@acme.example").await, asked(&app, OLIVIA).await);
        let (code, token) = (app.code(OLIVIA).await, app.link_token(OLIVIA).await);
        let in_time = app.code("adam@acme.example").await;
        app.advance(9 * MINUTE + 50 * SECOND).await;
        type_code(&early, &in_time).await.leads_to("/onboarding");
        app.advance(10 * SECOND).await;
        assert_eq!(app.browser().get(&format!("/auth/link?token={token}")).await.status, 410);
        let answer = confirm(&late, &token).await;
        assert_eq!(answer.status, 410);
        assert!(answer.body.contains("Ask for a new one"), "{}", answer.body);
        assert_eq!(fault_of(&late, &code).await, "expired_code");
        assert_eq!(app.db.number(SESSIONS).await, 1);
    }

    async fn sending_again_waits_and_ends_the_earlier_link_and_code(app: App) {
        let browser = asked(&app, OLIVIA).await;
        let (code, token) = (app.code(OLIVIA).await, app.link_token(OLIVIA).await);
        let too_soon = browser.form("/api/auth/resend", &[]).await;
        assert_eq!(too_soon.status, 429);
        let wait: u32 = too_soon.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
        assert!(too_soon.body.contains("Check your email"), "the form is there again");
        let program = browser.json("/api/auth/resend", &json!({})).await;
        assert_eq!(program.problem(), (429, "TOO_MANY".to_owned()));
        assert!(program.headers.contains_key(header::RETRY_AFTER));
        app.advance(31 * SECOND).await;
        browser.form("/api/auth/resend", &[]).await.leads_to("/verify");
        assert!(browser.get("/verify").await.body.contains("role=\"status\""), "it says that a new one is on its way");
        let (new_code, new_token) = (app.code(OLIVIA).await, app.link_token(OLIVIA).await);
        assert_ne!(token, new_token);
        assert_eq!(confirm(&browser, &token).await.status, 410);
        assert_eq!(app.browser().get(&format!("/auth/link?token={token}")).await.status, 410);
        if code != new_code {
            assert_eq!(fault_of(&browser, &code).await, "wrong_code");
        }
        type_code(&browser, &new_code).await.leads_to("/onboarding");
        assert_eq!(confirm(&browser, &new_token).await.status, 410);
    }

    async fn sending_again_at_once_sends_one_mail(app: App) {
        let browser = asked(&app, OLIVIA).await;
        app.advance(31 * SECOND).await;
        let statuses = together((0..20).map(|_| {
            let browser = browser.copy();
            async move { browser.form("/api/auth/resend", &[]).await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 19, "{statuses:?}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox").await, 2);
    }

    async fn known_and_unknown_addresses_are_answered_alike(app: App) {
        app.sign_in("known@acme.example").await;
        let (known, unknown) = (app.browser(), app.browser());
        let emails = ["known@acme.example", "never@acme.example"];
        let by_form = (
            known.form("/api/auth/request-link", &[("email", emails[0])]).await,
            unknown.form("/api/auth/request-link", &[("email", emails[1])]).await,
        );
        let pages = (known.get("/verify").await, unknown.get("/verify").await);
        let again = (known.form("/api/auth/resend", &[]).await, unknown.form("/api/auth/resend", &[]).await);
        let by_json = (
            known.json("/api/auth/request-link", &json!({ "email": emails[0] })).await,
            unknown.json("/api/auth/request-link", &json!({ "email": emails[1] })).await,
        );
        for (one, other) in [by_form, pages, again, by_json] {
            assert_eq!(shape(&one, emails[0]), shape(&other, emails[1]));
        }
    }

    async fn a_mail_leads_to_this_host_only(app: App) {
        let browser = app.browser();
        let request = browser.request(Method::POST, "/api/auth/request-link").header(header::HOST, "evil.example");
        let request = request.header("x-forwarded-host", "evil.example").header(header::ACCEPT, "text/html");
        let request = request.header("sec-fetch-site", "same-origin").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        browser.send(request.body(format!("email={OLIVIA}"))).await;
        let mail = app.mail(OLIVIA).await;
        assert!(mail["links"][0].as_str().unwrap().starts_with(&format!("{}/auth/link?token=", app.base)), "{mail}");
        assert!(!mail.to_string().contains("evil"));
    }

    async fn the_chosen_plan_comes_along_into_another_browser(app: App) {
        let (first, second) = (app.browser(), app.browser());
        first.form("/api/billing/choose", &[("plan", "pro"), ("interval", "year")]).await.leads_to("/signup?redirectTo=/checkout");
        first.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        confirm(&second, &app.link_token(OLIVIA).await).await.leads_to("/checkout");
        let checkout = second.get("/checkout").await;
        assert!(checkout.status == 200 && checkout.body.contains("Pro") && checkout.body.contains("per year"), "{}", checkout.body);
        app.advance(23 * 60 * MINUTE).await;
        assert!(second.get("/checkout").await.body.contains("per year"), "it is kept for a day");
        app.advance(61 * MINUTE).await;
        assert!(second.get("/checkout").await.body.contains("No plan is chosen yet"));
    }
}

/// Everything of an answer but what is random or the address itself.
pub(in crate::flows) fn shape(answer: &Answer, email: &str) -> String {
    let own = ["date", "x-request-id", "retry-after"];
    let headers = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())).map(|(name, value)| {
        let value = value.to_str().unwrap();
        let value = if name == header::SET_COOKIE { cookie_without_value(value) } else { value.to_owned() };
        format!("{name}: {value}")
    });
    let headers: Vec<String> = headers.collect();
    let body = answer.body.replace(email, "…");
    let body: Vec<&str> = body.split(" seconds").map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit())).collect();
    let body = body.join(" seconds");
    format!("{}\n{}\n{body}", answer.status, headers.join("\n"))
}

/// A day's worth of milliseconds more than `days`.
const fn over(days: i64) -> i64 {
    days * DAY + MINUTE
}
