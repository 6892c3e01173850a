//! Turning two-step verification on and off, and going on with another app.

use super::{OLIVIA, SESSIONS, fault, is_in, olivia, shows};
use crate::both;
use crate::support::{ACME, Authenticator, Cast, NEXT_CODE, SET_UP, secret_on, together};
use keel_types::time::MINUTE;
use serde_json::json;

both! {
    async fn an_app_counts_only_after_its_first_code(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        let page = browser.get(SET_UP).await;
        assert!(!page.body.contains("<path d=\"M4 4h1") && page.body.contains("Turn on two-step verification"), "{}", page.body);
        let form = page.form_to("/api/two-step/start");
        browser.form(&form.action, &form.filled(&[])).await.leads_to(SET_UP);
        let page = browser.get(SET_UP).await;
        assert!(page.body.contains("class=\"qr-code\"") && !page.body.contains("data:image") && !page.body.contains("style="), "{}", page.body);
        let authenticator = Authenticator::of_page(&page.body);
        app.sign_in(OLIVIA).await;
        assert_eq!(app.db.number(SESSIONS).await, 2, "nothing has changed yet");

        let form = page.form_to("/api/two-step/confirm");
        let refused = browser.form(&form.action, &form.filled(&[("code", &authenticator.wrong_code(&app))])).await;
        assert!(refused.status == 422 && refused.body.contains("not the code your app shows"), "{}", refused.body);
        let before = browser.copy();
        let code = authenticator.code(&app);
        browser.form(&form.action, &form.filled(&[("code", &code)])).await.leads_to("/two-step/recovery-codes");
        assert!(is_in(&browser).await);
        assert!(!is_in(&before).await, "the token from before opens nothing");
        assert_eq!(app.db.number(SESSIONS).await, 1, "the others were begun without it");
        assert_eq!(app.mail(OLIVIA).await["subject"], "Two-step verification is on");
        assert_eq!(app.db.text("SELECT metadata FROM audit_events WHERE action = 'factor.added'").await, "{\"factor\":\"totp\"}");
        let security = browser.get("/private-dashboard/settings/security").await.body;
        let key = secret_on(&page.body, "key");
        for page in [security, browser.get(SET_UP).await.body] {
            assert!(!page.contains(&key), "the key is shown until it counts, and never again");
        }
    }

    async fn the_secret_is_encrypted_at_rest_and_bound_to_its_person(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let kept = app.db.text("SELECT secret FROM totp").await;
        let eve = app.sign_in("eve@evil.example").await;
        eve.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
        let key = secret_on(&eve.get(SET_UP).await.body, "key").replace(' ', "");
        let pending = app.db.text("SELECT pending FROM totp WHERE pending IS NOT NULL").await;
        assert!(pending.len() > 70 && !pending.contains(&key) && pending != kept);
        app.db.run(&format!("UPDATE totp SET pending = '{kept}' WHERE pending IS NOT NULL")).await;
        let stolen = eve.json("/api/two-step/confirm", &json!({ "code": authenticator.code(&app) })).await;
        assert_eq!(stolen.problem(), (410, "EXPIRED".to_owned()), "another person's row opens nothing");
        let browser = app.begins_to_sign_in(OLIVIA).await;
        shows(&browser, &authenticator.code(&app)).await.leads_to("/org-dashboard");
        assert_ne!(app.db.text(&format!("SELECT t.secret FROM totp t JOIN users u ON u.id = t.user_id WHERE u.email = '{OLIVIA}'")).await, kept, "written anew, under the key of today");
    }

    async fn a_key_that_waits_is_shown_in_no_other_session_of_its_person(app: App) {
        let (owner, thief) = (app.sign_in(OLIVIA).await, app.sign_in(OLIVIA).await);
        owner.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
        let page = owner.get(SET_UP).await;
        let authenticator = Authenticator::of_page(&page.body);
        let seen = thief.get(SET_UP).await;
        assert!(seen.status == 200 && !seen.body.contains(&secret_on(&page.body, "key")), "{}", seen.body);
        seen.form_to("/api/two-step/start");
        let code = json!({ "code": authenticator.code(&app) });
        assert_eq!(thief.json("/api/two-step/confirm", &code).await.problem(), (410, "EXPIRED".to_owned()));
        assert_eq!(owner.json("/api/two-step/confirm", &code).await.status, 200);
    }

    async fn a_key_waits_half_an_hour_and_a_newer_one_takes_its_place(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        let confirm = async |code: &str| browser.json("/api/two-step/confirm", &json!({ "code": code })).await;
        assert_eq!(confirm("123456").await.problem(), (410, "EXPIRED".to_owned()), "none waits");
        browser.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
        let first = Authenticator::of_page(&browser.get(SET_UP).await.body);
        browser.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
        let second = Authenticator::of_page(&browser.get(SET_UP).await.body);
        assert_eq!(fault(&confirm(&first.code(&app)).await), "wrong_app_code");
        app.db.run("UPDATE user_sessions SET proven_at = proven_at + 3600000").await;
        app.advance(31 * MINUTE).await;
        assert_eq!(confirm(&second.code(&app)).await.problem(), (410, "EXPIRED".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM totp WHERE secret IS NOT NULL").await, 0);
    }

    async fn a_first_code_given_ten_times_at_once_turns_it_on_once(app: App) {
        let browser = app.sign_in(OLIVIA).await;
        browser.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
        let code = Authenticator::of_page(&browser.get(SET_UP).await.body).code(&app);
        let calls = (0..10).map(|_| {
            let (browser, code) = (browser.copy(), code.clone());
            async move { browser.json("/api/two-step/confirm", &json!({ "code": code })).await.status }
        });
        let statuses = together(calls.collect::<Vec<_>>()).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 401, 410].contains(status)), "{statuses:?}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM recovery_codes").await, 10);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'factor.added'").await, 1);
    }

    async fn whoever_signs_in_while_it_is_turned_on_does_not_stay_without(app: App) {
        for round in 0..5 {
            let email = format!("both{round}@acme.example");
            let browser = app.sign_in(&email).await;
            browser.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
            let authenticator = Authenticator::of_page(&browser.get(SET_UP).await.body);
            let other = app.browser();
            other.form("/api/auth/request-link", &[("email", &email)]).await.leads_to("/verify");
            let (mailed, code) = (app.code(&email).await, authenticator.code(&app));
            let (mailed, fields) = ([("code", mailed.as_str())], [("code", code.as_str())]);
            let (signed_in, on) = tokio::join!(other.form("/api/auth/verify-otp", &mailed), browser.form("/api/two-step/confirm", &fields));
            assert_eq!((signed_in.status, on.status), (303, 303));
            assert!(!is_in(&other).await, "ended, or asked for the second step");
        }
    }

    async fn another_app_takes_the_place_of_the_first_and_recovery_codes_stay(app: App) {
        let (first, codes) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        shows(&browser, &first.code(&app)).await.leads_to("/org-dashboard");
        browser.form("/api/two-step/start", &[]).await.leads_to(SET_UP);
        let second = Authenticator::of_page(&browser.get(SET_UP).await.body);
        app.advance(NEXT_CODE).await;
        let meanwhile = app.begins_to_sign_in(OLIVIA).await;
        shows(&meanwhile, &first.code(&app)).await.leads_to("/org-dashboard");
        let code = second.code(&app);
        browser.form("/api/two-step/confirm", &[("code", &code)]).await.leads_to("/private-dashboard/settings/security");
        app.advance(NEXT_CODE).await;
        let again = app.begins_to_sign_in(OLIVIA).await;
        assert_eq!(super::fault_of(&again, &first.code(&app)).await, "wrong_app_code");
        shows(&again, &second.code(&app)).await.leads_to("/org-dashboard");
        let by_paper = app.begins_to_sign_in(OLIVIA).await;
        by_paper.form("/api/auth/verify-second-step", &[("recovery_code", &codes[0])]).await.leads_to("/org-dashboard");
    }

    async fn turned_off_signing_in_takes_one_step(app: App) {
        let (authenticator, codes) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        shows(&browser, &authenticator.code(&app)).await.leads_to("/org-dashboard");
        let form = browser.get("/private-dashboard/settings/security").await.form_to("/api/two-step/turn-off");
        browser.form(&form.action, &form.filled(&[])).await.leads_to("/private-dashboard/settings/security");
        assert_eq!(app.mail(OLIVIA).await["subject"], "Two-step verification is off");
        assert_eq!(app.db.number("SELECT (SELECT COUNT(*) FROM totp) + (SELECT COUNT(*) FROM recovery_codes)").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE second_factor IS NOT NULL AND revoked_at IS NULL").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'factor.removed'").await, 1);
        let again = app.browser();
        assert_eq!(app.sign_in_with(&again, OLIVIA).await, "/org-dashboard");
        for path in ["/api/two-step/turn-off", "/api/two-step/new-recovery-codes"] {
            assert_eq!(browser.json(path, &json!({})).await.problem(), (409, "TWO_STEP_OFF".to_owned()), "{path}");
        }
        let code = [("recovery_code", codes[0].as_str())];
        assert_eq!(again.form("/api/auth/verify-second-step", &code).await.status, 410);
    }

    async fn nothing_about_it_changes_without_a_fresh_proof(app: App) {
        let cast = Cast::gather(&app).await;
        app.advance(11 * MINUTE).await;
        for path in ["/api/two-step/start", "/api/two-step/confirm", "/api/two-step/turn-off", "/api/two-step/new-recovery-codes"] {
            assert_eq!(cast.olivia.json(path, &json!({ "code": "123456" })).await.problem(), (401, "STEP_UP_REQUIRED".to_owned()), "{path}");
            let asked = cast.olivia.form(path, &[("code", "123456")]).await;
            assert!(asked.location().starts_with("/step-up?redirectTo="), "{path}");
        }
        let required = cast.olivia.json("/api/org/require-two-step", &json!({ "account": ACME, "two_step": true })).await;
        assert_eq!(required.problem(), (401, "STEP_UP_REQUIRED".to_owned()));
        cast.olivia.get(SET_UP).await.leads_to("/step-up?redirectTo=/two-step/set-up");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM totp").await, 0);
    }
}
