//! Passwords: signing up with one, signing in by it, and choosing a new one.

use super::sign_in::shape;
use crate::both;
use crate::support::{Answer, App, B2C, Browser, together};
use keel_types::time::MINUTE;
use serde_json::json;

mod timing;

pub(super) use timing::{PAIRS, assert_alike, rank};

const OLIVIA: &str = "olivia@acme.example";
const GOOD: &str = "a long walk on the quay";
/// The same, as it was kept at a fraction of the cost.
const OLD: &str = "$argon2id$v=19$m=4096,t=1,p=1$c2l4dGVlbiBieXRlcyAxNg$niSGwvYVYKOreuaF6ac3Swtsz5WkH4NT+ijjacB4Dpc";
const BETTER: &str = "a longer walk on the pier";
const LIVE_SESSIONS: &str = "SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL";
const NOTICES: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%was changed'";

/// Asks to sign up with a password, in this browser.
async fn ask(browser: &Browser, email: &str, password: &str) -> Answer {
    browser.form("/api/auth/sign-up", &[("email", email), ("password", password)]).await
}

/// Signs up with a password and proves the mailbox; gives where it led.
async fn sign_up(app: &App, browser: &Browser, email: &str, password: &str) -> String {
    ask(browser, email, password).await.leads_to("/verify");
    let code = app.code(email).await;
    browser.form("/api/auth/verify-otp", &[("code", &code)]).await.location().to_owned()
}

async fn sign_in(browser: &Browser, email: &str, password: &str) -> Answer {
    browser.form("/api/auth/sign-in", &[("email", email), ("password", password)]).await
}

async fn fits(app: &App, email: &str, password: &str) -> bool {
    let answer = sign_in(&app.browser(), email, password).await;
    assert!([303, 422].contains(&answer.status), "{} {}", answer.status, answer.body);
    answer.status == 303
}

/// The token of the newest mail, which leads to a new password.
async fn reset_token(app: &App, email: &str) -> String {
    app.browser().form("/api/auth/request-reset", &[("email", email)]).await.leads_to("/forgot-password");
    app.link_token(email).await
}

async fn choose(browser: &Browser, token: &str, password: &str) -> Answer {
    browser.form("/api/auth/reset-password", &[("token", token), ("password", password)]).await
}

/// What a program is told about the password.
fn fault(answer: &Answer) -> String {
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()));
    let error = &answer.json()["errors"][0];
    assert_eq!(error["field"], "password");
    error["code"].as_str().unwrap().to_owned()
}

async fn becomes_the_persons(app: &App) {
    let browser = app.browser();
    ask(&browser, OLIVIA, GOOD).await.leads_to("/verify");
    assert_eq!(app.db.number("SELECT COUNT(*) FROM users").await, 0);
    assert!(!fits(app, OLIVIA, GOOD).await, "nobody has proven the mailbox yet");
    let code = app.code(OLIVIA).await;
    browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/onboarding");
    browser.form("/api/auth/sign-out", &[]).await.leads_to("/login");
    sign_in(&browser, OLIVIA, GOOD).await.leads_to("/onboarding");
    assert_eq!(browser.get("/onboarding").await.status, 200);
    let kept = app.db.text("SELECT password_hash FROM users").await;
    assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains("walk"), "{kept}");
    assert_eq!(app.db.text("SELECT factor FROM user_sessions WHERE revoked_at IS NULL").await, "password");
    assert_eq!(app.db.number(NOTICES).await, 0, "the first password is no news");
}

both! {
    async fn a_password_becomes_the_persons_when_the_mailbox_is_proven(app: App) {
        becomes_the_persons(&app).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 1);
    }

    async fn so_it_does_in_b2c(app: App, with B2C) {
        becomes_the_persons(&app).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 0);
    }

    async fn the_link_in_the_same_browser_proves_it_too(app: App) {
        let browser = app.browser();
        ask(&browser, OLIVIA, GOOD).await.leads_to("/verify");
        let token = app.link_token(OLIVIA).await;
        assert!(!browser.get(&format!("/auth/link?token={token}")).await.body.contains("without it"));
        browser.form("/api/auth/confirm-link", &[("token", &token)]).await.leads_to("/onboarding");
        assert!(fits(&app, OLIVIA, GOOD).await);
    }

    async fn a_password_somebody_else_typed_never_becomes_the_owners(app: App) {
        for known in [false, true] {
            if known {
                sign_up(&app, &app.browser(), "max@acme.example", GOOD).await;
            }
            let email = if known { "max@acme.example" } else { OLIVIA };
            let (eve, owner) = (app.browser(), app.browser());
            ask(&eve, email, BETTER).await.leads_to("/verify");
            let token = app.link_token(email).await;
            assert!(owner.get(&format!("/auth/link?token={token}")).await.body.contains("without it"), "it says so");
            owner.form("/api/auth/confirm-link", &[("token", &token)]).await.leads_to("/onboarding");
            assert!(!fits(&app, email, BETTER).await);
            assert_eq!(fits(&app, email, GOOD).await, known, "the owner's own password stays");
            assert!(eve.get("/onboarding").await.status != 200);
        }
    }

    async fn signing_up_again_replaces_the_password_once_the_mailbox_is_proven(app: App) {
        let (first, second) = (app.browser(), app.browser());
        sign_up(&app, &first, OLIVIA, GOOD).await;
        ask(&second, OLIVIA, BETTER).await.leads_to("/verify");
        let mail = app.mail(OLIVIA).await;
        assert!(mail["text"].as_str().unwrap().contains("You have an account already"), "{mail}");
        assert!(fits(&app, OLIVIA, GOOD).await && !fits(&app, OLIVIA, BETTER).await, "asking changes nothing");
        let code = app.code(OLIVIA).await;
        second.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/onboarding");
        assert_eq!(app.db.number(LIVE_SESSIONS).await, 1, "every other session has ended");
        assert_eq!(first.get("/onboarding").await.location(), "/login?redirectTo=/onboarding");
        assert_eq!(app.db.number(NOTICES).await, 1);
        assert!(!fits(&app, OLIVIA, GOOD).await && fits(&app, OLIVIA, BETTER).await);
    }

    async fn passwords_that_are_not_taken_are_refused_at_the_field(app: App) {
        let (browser, long) = (app.browser(), "x".repeat(129));
        for (password, wanted) in
            [("", "required"), ("short", "too_short"), (long.as_str(), "too_long"), ("password123", "common_password"), ("oliviaolivia", "common_password")]
        {
            let answer = browser.json("/api/auth/sign-up", &json!({ "email": OLIVIA, "password": password })).await;
            assert_eq!(fault(&answer), wanted, "{password}");
        }
        assert_eq!(fault(&browser.json("/api/auth/sign-in", &json!({ "email": OLIVIA, "password": long })).await), "too_long");
        let page = browser.form("/api/auth/sign-up?at=/signup", &[("email", OLIVIA), ("password", "princess1")]).await;
        assert!(page.status == 422 && page.body.contains("Create your account") && page.body.contains(&format!("value=\"{OLIVIA}\"")));
        assert!(page.body.contains("id=\"password-error\"") && !page.body.contains("princess1"), "a password is not repeated");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM sign_ins").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM limits WHERE taken > 0 AND key LIKE 'sign-in mail%'").await, 0, "no mail was asked for");
    }

    async fn a_wrong_password_keeps_the_address_and_is_remembered(app: App) {
        let browser = app.browser();
        sign_up(&app, &browser, OLIVIA, GOOD).await;
        let stranger = app.browser();
        let page = stranger.form("/api/auth/sign-in?at=/login", &[("email", OLIVIA), ("password", BETTER)]).await;
        assert!(page.status == 422 && page.body.contains(&format!("value=\"{OLIVIA}\"")) && page.body.contains("id=\"password-error\""));
        assert!(!page.body.contains(BETTER));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed'").await, 1);
        assert_eq!(app.db.number("SELECT MAX(taken) FROM limits WHERE key LIKE 'password%'").await, 1);
        assert!(fits(&app, OLIVIA, GOOD).await);
        assert_eq!(app.db.number("SELECT MAX(taken) FROM limits WHERE key LIKE 'password%'").await, 1, "the right one takes no try");
        sign_in(&stranger, &OLIVIA.to_uppercase(), GOOD).await.leads_to("/onboarding");
    }

    async fn known_unknown_and_passwordless_addresses_are_answered_alike(app: App) {
        let emails = ["known@acme.example", "never@acme.example", "light@acme.example"];
        sign_up(&app, &app.browser(), emails[0], GOOD).await;
        app.sign_in(emails[2]).await;
        for path in ["/api/auth/sign-in", "/api/auth/sign-up", "/api/auth/request-reset"] {
            let mut shapes = vec![];
            for email in emails {
                let browser = app.browser();
                let by_form = browser.form(path, &[("email", email), ("password", BETTER)]).await;
                let page = browser.get(if path.ends_with("sign-up") { "/verify" } else { "/forgot-password" }).await;
                let by_json = app.browser().json(path, &json!({ "email": email, "password": BETTER })).await;
                shapes.push([by_form, page, by_json].map(|answer| shape(&answer, email)));
            }
            assert_eq!(shapes[0], shapes[1], "{path}");
            assert_eq!(shapes[0], shapes[2], "{path}");
        }
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE recipient = 'known@acme.example'").await, 5);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE recipient = 'never@acme.example'").await, 4);
    }

    async fn a_forgotten_password_is_chosen_anew_by_mail(app: App) {
        let (desk, phone, scanner) = (app.browser(), app.browser(), app.browser());
        sign_up(&app, &desk, OLIVIA, GOOD).await;
        let (earlier, token) = (reset_token(&app, OLIVIA).await, reset_token(&app, OLIVIA).await);
        let page = format!("/reset-password?token={token}");
        for _ in 0..2 {
            assert_eq!(scanner.get(&page).await.status, 200);
        }
        let again = phone.form(&format!("/api/auth/reset-password?at={}", page.replace('?', "%3F").replace('=', "%3D")), &[("token", &token), ("password", "short")]).await;
        assert!(again.status == 422 && again.body.contains("Choose a new password") && again.body.contains(&token), "{}", again.body);
        assert_eq!(choose(&phone, &token, "password123").await.status, 422, "the link stays good");
        choose(&phone, &token, BETTER).await.leads_to("/onboarding");
        assert!(phone.get("/onboarding").await.body.contains("Your new password is saved"));
        assert_eq!(desk.get("/onboarding").await.location(), "/login?redirectTo=/onboarding", "every other session has ended");
        assert_eq!(app.db.number(LIVE_SESSIONS).await, 1);
        assert_eq!(app.db.number(NOTICES).await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'user.password_changed'").await, 1);
        for spent in [&token, &earlier] {
            assert_eq!(choose(&scanner, spent, GOOD).await.status, 410);
            assert_eq!(scanner.get(&format!("/reset-password?token={spent}")).await.status, 410);
        }
        assert!(!fits(&app, OLIVIA, GOOD).await && fits(&app, OLIVIA, BETTER).await);
    }

    async fn a_reset_link_lives_ten_minutes_and_opens_nothing_else(app: App) {
        app.sign_in(OLIVIA).await;
        let token = reset_token(&app, OLIVIA).await;
        assert_eq!(app.browser().form("/api/auth/confirm-link", &[("token", &token)]).await.status, 410);
        app.browser().form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        let sign_in_link = app.link_token(OLIVIA).await;
        assert_eq!(choose(&app.browser(), &sign_in_link, GOOD).await.status, 410);
        app.advance(10 * MINUTE).await;
        assert_eq!(choose(&app.browser(), &token, GOOD).await.status, 410);
        assert!(!fits(&app, OLIVIA, GOOD).await);
        let other = reset_token(&app, OLIVIA).await;
        app.db.run("UPDATE users SET email = 'owens@acme.example'").await;
        assert_eq!(choose(&app.browser(), &other, GOOD).await.status, 410, "it is bound to the address it was mailed to");
    }

    async fn an_address_nobody_has_gets_no_way_to_a_password(app: App) {
        app.browser().form("/api/auth/request-reset", &[("email", OLIVIA)]).await.leads_to("/forgot-password");
        let mail = app.mail(OLIVIA).await;
        assert!(mail["links"][0].as_str().unwrap().ends_with("/signup") && !mail.to_string().contains("token="), "{mail}");
        app.sign_in(OLIVIA).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM password_resets WHERE user_id IS NOT NULL").await, 0);
    }

    async fn one_reset_link_posted_many_times_at_once_counts_once(app: App) {
        app.sign_in(OLIVIA).await;
        let token = reset_token(&app, OLIVIA).await;
        let statuses = together((0..15).map(|number| {
            let (browser, token) = (app.browser(), token.clone());
            async move { choose(&browser, &token, &format!("{GOOD} {number}")).await.status }
        }))
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [303, 410].contains(status)), "{statuses:?}");
        assert_eq!((app.db.number(LIVE_SESSIONS).await, app.db.number(NOTICES).await), (1, 1));
    }

    async fn no_session_by_the_old_password_outlives_the_reset(app: App) {
        sign_up(&app, &app.browser(), OLIVIA, GOOD).await;
        let mut old = GOOD.to_owned();
        for round in 0..6 {
            let (token, new) = (reset_token(&app, OLIVIA).await, format!("{BETTER} {round}"));
            let tries = together((0..6).map(|number| {
                let (browser, token, old, new) = (app.browser(), token.clone(), old.clone(), new.clone());
                async move { if number == 3 { choose(&browser, &token, &new).await } else { sign_in(&browser, OLIVIA, &old).await }.status }
            }))
            .await;
            assert!(tries[3] == 303 && tries.iter().all(|status| [303, 422].contains(status)), "{tries:?}");
            assert_eq!(app.db.number(LIVE_SESSIONS).await, 1, "{tries:?}");
            old = new;
            app.advance(15 * MINUTE).await;
        }
    }

    async fn a_password_kept_at_another_cost_is_kept_anew_at_the_next_sign_in(app: App) {
        const CURRENT: &str = "SELECT COUNT(*) FROM users WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
        sign_up(&app, &app.browser(), OLIVIA, GOOD).await;
        app.db.run(&format!("UPDATE users SET password_hash = '{OLD}'")).await;
        assert!(!fits(&app, OLIVIA, BETTER).await);
        assert_eq!(app.db.number(CURRENT).await, 0, "who does not know it changes nothing");
        let all = together((0..4).map(|_| {
            let browser = app.browser();
            async move { sign_in(&browser, OLIVIA, GOOD).await.status }
        }))
        .await;
        assert_eq!((all, app.db.number(CURRENT).await), (vec![303; 4], 1));
        assert!(fits(&app, OLIVIA, GOOD).await && !fits(&app, OLIVIA, BETTER).await);
    }
}
