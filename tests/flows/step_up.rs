//! The proof of who one is, renewed: what it is needed for, what counts as one, and for whom.

use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast, together};
use keel_types::time::{MINUTE, SECOND};
use serde_json::json;

const OLIVIA: &str = "olivia@acme.example";
const PASSWORD: &str = "a long walk on the quay";
const CONFIRM_CODE: &str = "/api/auth/confirm-code";
const CONFIRM_PASSWORD: &str = "/api/auth/confirm-password";

/// Something that cannot be taken back. Without the workspace's name nothing comes of it, once it may.
async fn tries(app: &App, browser: &Browser) -> Answer {
    browser.json("/api/members/transfer-ownership", &json!({ "account": ACME, "member": app.member("max").await })).await
}

/// Asks for a code, and gives it.
async fn mailed(app: &App, browser: &Browser, email: &str) -> String {
    assert_eq!(browser.json("/api/auth/mail-code", &json!({})).await.status, 200);
    app.code(email).await
}

async fn confirms(browser: &Browser, code: &str) -> Answer {
    browser.json(CONFIRM_CODE, &json!({ "code": code })).await
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// What is wrong with the only field that is.
fn fault(answer: &Answer) -> String {
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{}", answer.body);
    answer.json()["errors"][0]["code"].as_str().unwrap().to_owned()
}

both! {
    async fn a_sign_in_counts_for_ten_minutes(app: App) {
        let cast = Cast::gather(&app).await;
        app.advance(9 * MINUTE).await;
        assert_eq!(tries(&app, &cast.olivia).await.problem(), (422, "INVALID".to_owned()));
        app.advance(MINUTE).await;
        assert_eq!(tries(&app, &cast.olivia).await.problem(), (401, "STEP_UP_REQUIRED".to_owned()));
        for (browser, wanted) in [(&cast.adam, (403, "FORBIDDEN")), (&cast.eve, (404, "NOT_FOUND")), (&app.browser(), (401, "SIGN_IN_REQUIRED"))] {
            assert_eq!(tries(&app, browser).await.problem(), (wanted.0, wanted.1.to_owned()), "a proof would not help them");
        }
        let again = app.sign_in(OLIVIA).await;
        assert_eq!(tries(&app, &again).await.problem().0, 422);
        assert_eq!(tries(&app, &cast.olivia).await.problem().0, 401, "another session proves nothing of this one");
    }

    async fn a_browser_is_asked_and_led_back_to_what_was_typed(app: App) {
        let cast = Cast::gather(&app).await;
        app.advance(11 * MINUTE).await;
        let here = format!("/org-dashboard/members/{}?account=acme", app.member("max").await);
        let form = cast.olivia.get(&here).await.form_to("/api/members/transfer-ownership");
        let asked = cast.olivia.form(&form.action, &form.filled(&[("confirmation", "Acme & Co"), ("stay", "on")])).await;
        let asked = asked.location().to_owned();
        assert!(asked.starts_with("/step-up?redirectTo=/org-dashboard/members/mem_"), "{asked}");

        let mail = cast.olivia.get(&asked).await.form_to("/api/auth/mail-code");
        cast.olivia.form(&mail.action, &mail.filled(&[])).await.leads_to(&asked);
        let confirm = cast.olivia.get(&asked).await.form_to(CONFIRM_CODE);
        let before = cast.olivia.copy();
        let code = app.code(OLIVIA).await;
        let refused = cast.olivia.form(&confirm.action, &confirm.filled(&[("code", &other_than(&code))])).await;
        assert!(refused.status == 422 && refused.body.contains("This is not the code"), "{}", refused.body);
        cast.olivia.form(&confirm.action, &confirm.filled(&[("code", &code)])).await.leads_to(&here);
        assert_eq!(before.json("/api/auth/mail-code", &json!({})).await.problem().0, 401, "the token from before opens nothing");

        let back = cast.olivia.get(&here).await;
        let form = back.form_to("/api/members/transfer-ownership");
        assert_eq!(form.value("confirmation"), Some("Acme & Co"));
        assert!(back.body.contains("id=\"stay\" name=\"stay\" value=\"on\" checked"), "{}", back.body);
        let dialog = back.body.split("<dialog ").nth(1).and_then(|rest| rest.split('>').next()).unwrap_or_default();
        assert!(dialog.contains("id=\"ask-transfer\"") && dialog.split(' ').any(|word| word == "open"), "{dialog}");
        assert_eq!(cast.olivia.form(&form.action, &form.filled(&[])).await.status, 422, "the proof is there; the name is another");
        let later = cast.olivia.get(&here).await.form_to("/api/members/transfer-ownership");
        assert_eq!(later.value("confirmation"), Some(""), "shown once");
        assert_eq!(app.role("max").await, "member");
    }

    async fn a_code_counts_in_its_session_and_for_nothing_else(app: App) {
        let cast = Cast::gather(&app).await;
        let elsewhere = app.sign_in(OLIVIA).await;
        let code = mailed(&app, &cast.olivia, OLIVIA).await;
        assert_eq!(fault(&confirms(&elsewhere, &code).await), "used_code", "no code was mailed for that session");
        assert_eq!(fault(&confirms(&cast.adam, &code).await), "used_code");
        assert_eq!(confirms(&app.browser(), &code).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));

        let stranger = app.browser();
        stranger.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        let sign_in = app.code(OLIVIA).await;
        if sign_in != code {
            assert_eq!(fault(&stranger.json("/api/auth/verify-otp", &json!({ "code": code })).await), "wrong_code", "it signs nobody in");
            assert_eq!(fault(&confirms(&cast.olivia, &sign_in).await), "wrong_code", "nor does a sign-in's code prove anything here");
        }
        app.db.run("UPDATE users SET email = 'olivia@new.example' WHERE email = 'olivia@acme.example'").await;
        assert_eq!(fault(&confirms(&cast.olivia, &code).await), "expired_code", "it was mailed to another address");
        app.db.run("UPDATE users SET email = 'olivia@acme.example' WHERE email = 'olivia@new.example'").await;
        assert_eq!(confirms(&cast.olivia, &code).await.status, 200);
        assert_eq!(fault(&confirms(&cast.olivia, &code).await), "used_code");
    }

    async fn a_code_has_five_tries_and_ten_minutes(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let code = mailed(&app, &olivia, OLIVIA).await;
        for wanted in ["wrong_code", "wrong_code", "wrong_code", "wrong_code", "no_tries_left", "no_tries_left"] {
            assert_eq!(fault(&confirms(&olivia, &other_than(&code)).await), wanted);
        }
        assert_eq!(fault(&confirms(&olivia, &code).await), "no_tries_left");
        assert_eq!(olivia.json("/api/auth/mail-code", &json!({})).await.problem(), (429, "TOO_MANY".to_owned()), "not so soon");
        app.advance(31 * SECOND).await;
        let newer = mailed(&app, &olivia, OLIVIA).await;
        if newer != code {
            assert_eq!(fault(&confirms(&olivia, &code).await), "wrong_code");
        }
        app.advance(10 * MINUTE).await;
        assert_eq!(fault(&confirms(&olivia, &newer).await), "expired_code");
        let failed = "SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed' AND metadata LIKE '%step-up%'";
        assert!(app.db.number(failed).await >= 5);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.stepped_up'").await, 0);
    }

    async fn tries_at_the_same_instant_are_five_in_all_and_the_right_one_counts_once(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let code = mailed(&app, &olivia, OLIVIA).await;
        let wrong = other_than(&code);
        let guesses = (0..30).map(|_| (olivia.copy(), wrong.clone())).map(|(browser, wrong)| async move { fault(&confirms(&browser, &wrong).await) });
        let faults = together(guesses.collect::<Vec<_>>()).await;
        assert_eq!(faults.iter().filter(|fault| **fault == "wrong_code").count(), 4, "{faults:?}");
        assert_eq!(app.db.number("SELECT tries FROM step_ups").await, 5);
        app.advance(31 * SECOND).await;
        let code = mailed(&app, &olivia, OLIVIA).await;
        let rights = (0..20).map(|_| (olivia.copy(), code.clone())).map(|(browser, code)| async move { confirms(&browser, &code).await.status });
        let statuses = together(rights.collect::<Vec<_>>()).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 401, 422].contains(status)), "{statuses:?}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.stepped_up'").await, 1);
    }

    async fn a_password_proves_it_too(app: App) {
        let olivia = app.browser();
        olivia.form("/api/auth/sign-up", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/verify");
        let code = app.code(OLIVIA).await;
        assert_eq!(olivia.form("/api/auth/verify-otp", &[("code", &code)]).await.status, 303);
        app.advance(11 * MINUTE).await;
        let page = olivia.get("/step-up?redirectTo=/org-dashboard").await;
        let form = page.form_to(CONFIRM_PASSWORD);
        let refused = olivia.form(&form.action, &form.filled(&[("password", "not this one")])).await;
        assert!(refused.status == 422 && refused.body.contains("This is not your password."), "{}", refused.body);
        let before = olivia.copy();
        olivia.form(&form.action, &form.filled(&[("password", PASSWORD)])).await.leads_to("/org-dashboard");
        assert_eq!(olivia.get("/org-dashboard").await.status, 200);
        assert_eq!(before.get("/org-dashboard").await.status, 303, "the token from before opens nothing");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL").await, 1, "it is the same session");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.stepped_up' AND metadata LIKE '%password%'").await, 1);

        let max = app.sign_in("max@acme.example").await;
        assert!(!max.get("/step-up").await.body.contains("name=\"password\""), "who has none is not asked for one");
        assert_eq!(fault(&max.json(CONFIRM_PASSWORD, &json!({ "password": PASSWORD })).await), "not_the_password");
    }

    async fn it_leads_to_our_own_pages_only(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        for (place, wanted) in [
            ("https://evil.example/", "/private-dashboard"),
            ("//evil.example", "/private-dashboard"),
            ("/\\evil.example", "/private-dashboard"),
            ("", "/private-dashboard"),
            ("/org-dashboard?account=acme", "/org-dashboard?account=acme"),
        ] {
            app.advance(31 * SECOND).await;
            let page = olivia.get(&format!("/step-up?redirectTo={}", keel_types::url::escape(place))).await;
            let kept = page.form_to("/api/auth/mail-code").value("redirectTo").unwrap().to_owned();
            assert!(kept.is_empty() || kept == wanted, "{place}: {kept}");
            assert_eq!(olivia.form("/api/auth/mail-code", &[("redirectTo", place)]).await.status, 303);
            let code = app.code(OLIVIA).await;
            olivia.form(CONFIRM_CODE, &[("code", &code), ("redirectTo", place)]).await.leads_to(wanted);
        }
    }

    async fn what_was_typed_is_forgotten_with_the_session(app: App) {
        let cast = Cast::gather(&app).await;
        app.advance(11 * MINUTE).await;
        let max = app.member("max").await;
        let typed = [("account", ACME), ("member", &max), ("confirmation", "Acme"), ("password", "secret"), ("code", "123456")];
        assert_eq!(cast.olivia.form("/api/members/transfer-ownership", &typed).await.status, 303);
        let kept = cast.olivia.cookie("keel_typed").expect("what was typed");
        assert!(kept.len() < 3_000);
        cast.olivia.copy().form("/api/auth/sign-out", &[]).await.leads_to("/login");
        let other = app.browser();
        other.set_cookie("keel_typed", &kept);
        app.sign_in_with(&other, OLIVIA).await;
        assert_eq!(other.cookie("keel_typed"), None);

        let olivia = app.sign_in(OLIVIA).await;
        app.advance(11 * MINUTE).await;
        assert_eq!(olivia.form("/api/members/transfer-ownership", &typed).await.status, 303);
        let long = "x".repeat(8_000);
        let much = [("account", ACME), ("member", max.as_str()), ("confirmation", long.as_str())];
        assert_eq!(olivia.form("/api/members/transfer-ownership", &much).await.status, 303, "too much to be kept is asked for all the same");
        assert_eq!(olivia.cookie("keel_typed"), None);
    }
}
