//! Two-step verification: the second step of a sign-in, and that no way leads around it.

use crate::both;
use crate::support::{Answer, App, Authenticator, Browser, NEXT_CODE, together};
use http::header;
use keel_types::time::MINUTE;
use serde_json::json;

mod guessing;
mod recovery;
mod requirement;
mod staff;
mod step_up;
mod turning_on;

const OLIVIA: &str = "olivia@acme.example";
const PASSWORD: &str = "a long walk on the quay";
const SESSIONS: &str = "SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL";

/// Shows a code of the app, as a person does.
async fn shows(browser: &Browser, code: &str) -> Answer {
    browser.form("/api/auth/verify-second-step?at=/two-step", &[("code", code)]).await
}

/// What a program is told that shows a code.
async fn fault_of(browser: &Browser, code: &str) -> String {
    fault(&browser.json("/api/auth/verify-second-step", &json!({ "code": code })).await)
}

/// What is wrong with the only field that is.
fn fault(answer: &Answer) -> String {
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{}", answer.body);
    answer.json()["errors"][0]["code"].as_str().unwrap().to_owned()
}

/// Olivia with a name, a password and two-step verification, signed out everywhere; her app and her recovery codes.
async fn olivia(app: &App) -> (Authenticator, Vec<String>) {
    let browser = app.browser();
    browser.form("/api/auth/sign-up", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/verify");
    let code = app.code(OLIVIA).await;
    browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/onboarding");
    browser.form("/api/user/onboarding", &[("first_name", "Olivia"), ("last_name", "Owens")]).await.leads_to("/org-dashboard");
    let on = app.turns_on_two_step(&browser).await;
    browser.form("/api/auth/sign-out", &[]).await.leads_to("/login");
    assert_eq!(app.db.number(SESSIONS).await, 0);
    on
}

/// Whether somebody is signed in there.
async fn is_in(browser: &Browser) -> bool {
    browser.get("/private-dashboard").await.status == 200
}

both! {
    async fn the_first_factor_alone_gives_no_session_by_whatever_way(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let by_code = app.begins_to_sign_in(OLIVIA).await;
        let by_link = app.browser();
        by_link.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        let token = app.link_token(OLIVIA).await;
        by_link.form("/api/auth/confirm-link", &[("token", &token)]).await.leads_to("/two-step");
        let by_password = app.browser();
        by_password.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/two-step");
        let to_join = app.browser();
        to_join.form("/api/auth/request-link", &[("email", OLIVIA), ("redirectTo", "/invitations/none")]).await.leads_to("/verify");
        let code = app.code(OLIVIA).await;
        to_join.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/two-step");
        assert_eq!(app.db.number(SESSIONS).await, 0);
        for browser in [&by_code, &by_link, &by_password, &to_join] {
            assert_eq!(browser.cookie("keel_session"), None);
            assert_eq!(browser.cookie("keel_sign_in"), None);
            assert!(!is_in(browser).await);
            assert_eq!(browser.json("/api/workspaces/create", &json!({ "name": "Acme" })).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        }
        shows(&by_password, &authenticator.code(&app)).await.leads_to("/org-dashboard");
        assert!(is_in(&by_password).await);
        assert_eq!(app.db.text("SELECT factor || ' ' || second_factor FROM user_sessions WHERE revoked_at IS NULL").await, "password totp");
        let told = "SELECT COUNT(*) FROM audit_events WHERE action = 'auth.signed_in' AND metadata LIKE '%\"second_factor\":\"totp\"%'";
        assert_eq!(app.db.number(told).await, 1);
        app.advance(NEXT_CODE).await;
        shows(&to_join, &authenticator.code(&app)).await.leads_to("/invitations/none");
    }

    async fn a_new_password_from_the_mailbox_does_not_lead_around_it(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let waiting = app.begins_to_sign_in(OLIVIA).await;
        let thief = app.browser();
        thief.form("/api/auth/request-reset", &[("email", OLIVIA)]).await.leads_to("/forgot-password");
        let token = app.link_token(OLIVIA).await;
        let chosen = [("token", token.as_str()), ("password", "a longer walk on the pier")];
        thief.form("/api/auth/reset-password", &chosen).await.leads_to("/two-step");
        assert!(!is_in(&thief).await);
        assert_eq!(app.db.number(SESSIONS).await, 0);
        assert_eq!(shows(&waiting, &authenticator.code(&app)).await.status, 410, "what was begun with the old password is over");
        shows(&thief, &authenticator.code(&app)).await.leads_to("/org-dashboard");
    }

    async fn a_code_counts_once_and_one_before_it_never(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let (first, second) = (app.begins_to_sign_in(OLIVIA).await, app.begins_to_sign_in(OLIVIA).await);
        app.next_code_begins().await;
        let (earlier, code) = (authenticator.code_at(app.keel.now().plus(-NEXT_CODE)), authenticator.code(&app));
        shows(&first, &code).await.leads_to("/org-dashboard");
        assert_eq!(fault_of(&second, &code).await, "spent_app_code");
        assert_eq!(fault_of(&second, &earlier).await, "spent_app_code");
        shows(&second, &authenticator.code_at(app.keel.now().plus(NEXT_CODE))).await.leads_to("/org-dashboard");
        assert_eq!(app.db.number(SESSIONS).await, 2);
    }

    async fn one_code_shown_thirty_times_at_once_gives_one_session(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let code = authenticator.code(&app);
        let mut browsers = vec![];
        for _ in 0..10 {
            browsers.push(app.begins_to_sign_in(OLIVIA).await);
        }
        let calls = (0..30).map(|n| {
            let (browser, code) = (browsers[n % 10].copy(), code.clone());
            async move { shows(&browser, &code).await.status }
        });
        let statuses = together(calls.collect::<Vec<_>>()).await;
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [303, 410, 422, 429].contains(status)), "{statuses:?}");
        assert_eq!(app.db.number(SESSIONS).await, 1);
    }

    async fn a_clock_may_be_off_by_half_a_minute(app: App) {
        let (authenticator, _) = olivia(&app).await;
        app.advance(5 * MINUTE).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        app.next_code_begins().await;
        for spans in [-2, 2] {
            let code = authenticator.code_at(app.keel.now().plus(spans * NEXT_CODE));
            assert_eq!(fault_of(&browser, &code).await, "wrong_app_code", "{spans}");
        }
        shows(&browser, &authenticator.code_at(app.keel.now().plus(-NEXT_CODE))).await.leads_to("/org-dashboard");
        let browser = app.begins_to_sign_in(OLIVIA).await;
        let late = authenticator.code_at(app.keel.now().plus(NEXT_CODE));
        shows(&browser, &format!(" {} {} ", &late[..3], &late[3..])).await.leads_to("/org-dashboard");
    }

    async fn a_step_counts_for_its_person_in_its_browser_for_ten_minutes(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let eve = app.sign_in("eve@evil.example").await;
        let (eves, _) = app.turns_on_two_step(&eve).await;
        let waiting = app.begins_to_sign_in(OLIVIA).await;
        assert_eq!(fault_of(&waiting, &eves.code(&app)).await, "wrong_app_code");
        for (browser, cookie) in [(app.browser(), None), (app.browser(), Some("A".repeat(43))), (app.browser(), Some("x".to_owned()))] {
            if let Some(cookie) = cookie {
                browser.set_cookie("keel_second_step", &cookie);
            }
            assert_eq!(shows(&browser, &authenticator.code(&app)).await.status, 410);
            assert!(browser.get("/two-step").await.body.contains("Nothing is waiting"));
        }
        let page = waiting.get("/two-step").await;
        assert!(page.body.contains(OLIVIA) && page.body.contains("Start over"), "{}", page.body);
        app.advance(10 * MINUTE).await;
        let late = shows(&waiting, &authenticator.code(&app)).await;
        assert!(late.status == 410 && late.body.contains("href=\"/login"), "{}", late.body);
        assert!(waiting.get("/two-step").await.body.contains("Nothing is waiting"));
    }

    async fn starting_over_ends_the_step(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        let before = browser.copy();
        let form = browser.get("/two-step").await.form_to("/api/auth/start-over");
        browser.form(&form.action, &form.filled(&[])).await.leads_to("/login");
        assert_eq!(browser.cookie("keel_second_step"), None);
        assert_eq!(shows(&before, &authenticator.code(&app)).await.status, 410);
        assert_eq!(app.browser().form("/api/auth/start-over", &[]).await.status, 303, "nothing to end is no fault");
    }

    async fn what_was_wished_for_is_there_after_the_second_step(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let browser = app.browser();
        browser.form("/api/billing/choose", &[("plan", "pro"), ("interval", "month")]).await;
        browser.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/two-step");
        let kept = "SELECT COUNT(*) FROM user_profiles WHERE intent IS NOT NULL";
        assert_eq!(app.db.number(kept).await, 0, "nothing is done for a person who is not in yet");
        shows(&browser, &authenticator.code(&app)).await.leads_to("/checkout");
        assert_eq!(app.db.number(kept).await, 1);
        app.advance(NEXT_CODE).await;
        let hostile = app.browser();
        let fields = [("email", OLIVIA), ("password", PASSWORD), ("redirectTo", "//evil.example")];
        hostile.form("/api/auth/sign-in", &fields).await.leads_to("/two-step");
        shows(&hostile, &authenticator.code(&app)).await.leads_to("/checkout");
    }

    async fn the_cookie_of_a_step_is_no_session_and_is_kept_from_scripts(app: App) {
        olivia(&app).await;
        let browser = app.browser();
        let answer = browser.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await;
        let set: Vec<&str> = answer.headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
        let step = set.iter().find(|cookie| cookie.starts_with("keel_second_step=")).unwrap();
        assert!(step.contains("HttpOnly; SameSite=Lax") && step.contains("Max-Age=600"), "{step}");
        assert!(!set.iter().any(|cookie| cookie.starts_with("keel_session=") || cookie.starts_with("keel_device=")), "{set:?}");
        browser.set_cookie("keel_session", &browser.cookie("keel_second_step").unwrap());
        assert!(!is_in(&browser).await);
        let kept = app.db.text("SELECT token_hash FROM second_steps").await;
        assert_ne!(Some(kept), browser.cookie("keel_second_step"));
    }

    async fn a_step_begun_from_the_mailbox_before_opens_nothing_once_the_address_is_another(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let desk = app.begins_to_sign_in(OLIVIA).await;
        shows(&desk, &authenticator.code(&app)).await.leads_to("/org-dashboard");
        let waiting = app.begins_to_sign_in(OLIVIA).await;
        assert_eq!(desk.json("/api/auth/change-email", &json!({ "email": "olivia@new.example" })).await.status, 200);
        let token = app.link_token("olivia@new.example").await;
        assert_eq!(desk.json("/api/auth/confirm-email", &json!({ "token": token })).await.status, 200);
        app.advance(NEXT_CODE).await;
        let late = waiting.json("/api/auth/verify-second-step", &json!({ "code": authenticator.code(&app) })).await;
        assert_eq!(late.problem(), (410, "EXPIRED".to_owned()));
        assert!(is_in(&desk).await && !is_in(&waiting).await);
    }
}
