//! The proof of who one is, renewed by people with two-step verification: their second factor, and nothing less.

use super::{OLIVIA, PASSWORD, fault, is_in, olivia, shows};
use crate::both;
use crate::support::{Authenticator, NEXT_CODE, scaled};
use keel_types::time::MINUTE;
use serde_json::json;

const CONFIRM: &str = "/api/auth/confirm-second-factor";

both! {
    async fn neither_a_password_nor_a_mailed_code_proves_a_person_with_a_second_factor(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        shows(&browser, &authenticator.code(&app)).await.leads_to("/org-dashboard");
        app.advance(11 * MINUTE).await;
        for (path, body) in [
            ("/api/auth/mail-code", json!({})),
            ("/api/auth/confirm-code", json!({ "code": "123456" })),
            ("/api/auth/confirm-password", json!({ "password": PASSWORD })),
        ] {
            assert_eq!(browser.json(path, &body).await.problem(), (403, "TWO_STEP_REQUIRED".to_owned()), "{path}");
        }
        let asked = browser.form("/api/two-step/turn-off", &[]).await.location().to_owned();
        let page = browser.get(&asked).await;
        assert!(!page.body.contains("name=\"password\"") && !page.body.contains("Email me a code"), "{}", page.body);
        let form = page.form_to(CONFIRM);
        let refused = browser.form(&form.action, &form.filled(&[("code", &authenticator.wrong_code(&app))])).await;
        assert!(refused.status == 422 && refused.body.contains("not the code your app shows"), "{}", refused.body);
        let (before, code) = (browser.copy(), authenticator.code(&app));
        browser.form(&form.action, &form.filled(&[("code", &code)])).await.leads_to("/private-dashboard/settings/security");
        assert_eq!(before.json(CONFIRM, &json!({ "code": code })).await.problem().0, 401, "the token from before opens nothing");
        assert_eq!(fault(&browser.json(CONFIRM, &json!({ "code": code })).await), "spent_app_code");
        let other = app.begins_to_sign_in(OLIVIA).await;
        assert_eq!(super::fault_of(&other, &code).await, "spent_app_code", "nor does it sign in");
        assert_eq!(browser.json("/api/two-step/turn-off", &json!({})).await.status, 200);
    }

    async fn a_recovery_code_proves_it_too(app: App) {
        let (authenticator, codes) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        shows(&browser, &authenticator.code(&app)).await.leads_to("/org-dashboard");
        app.advance(11 * MINUTE).await;
        let page = browser.get("/step-up?redirectTo=/two-step/set-up").await;
        assert!(page.body.contains("href=\"/step-up?redirectTo=/two-step/set-up&amp;with=recovery\""), "{}", page.body);
        let form = browser.get("/step-up?redirectTo=/two-step/set-up&with=recovery").await.form_to(CONFIRM);
        browser.form(&form.action, &form.filled(&[("recovery_code", &codes[0])])).await.leads_to("/two-step/set-up");
        assert_eq!(browser.get("/two-step/set-up").await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NOT NULL").await, 1);
    }

    async fn who_has_no_second_factor_proves_nothing_by_one(app: App) {
        let (authenticator, codes) = olivia(&app).await;
        let max = app.sign_in("max@acme.example").await;
        assert_eq!(fault(&max.json(CONFIRM, &json!({ "code": authenticator.code(&app) })).await), "wrong_app_code");
        assert_eq!(fault(&max.json(CONFIRM, &json!({ "recovery_code": codes[0] })).await), "wrong_recovery_code");
        assert_eq!(app.browser().json(CONFIRM, &json!({ "code": "123456" })).await.problem().0, 401);
        app.advance(NEXT_CODE).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE second_factor IS NOT NULL AND revoked_at IS NULL").await, 0);
    }

    async fn a_weaker_proof_at_the_same_instant_loses_against_an_app_that_is_turned_on(app: App) {
        for trial in 0..scaled(10, 100) {
            let email = format!("person{trial}@acme.example");
            let owner = app.sign_in(&email).await;
            assert_eq!(owner.json("/api/auth/mail-code", &json!({})).await.status, 200);
            let mailed = json!({ "code": app.code(&email).await });
            owner.form("/api/two-step/start", &[]).await.leads_to("/two-step/set-up");
            let authenticator = Authenticator::of_page(&owner.get("/two-step/set-up").await.body);
            let shown = json!({ "code": authenticator.code(&app) });
            // Somebody else has the cookie of the session, and reads the mailbox.
            let thief = owner.copy();
            let (on, proven) = tokio::join!(owner.json("/api/two-step/confirm", &shown), thief.json("/api/auth/confirm-code", &mailed));
            let seen = format!("trial {trial}: turned on with {}, proven with {}", on.status, proven.status);
            assert!([200, 401].contains(&on.status) && [200, 401, 403].contains(&proven.status), "{seen}");
            if on.status == 200 {
                assert!(is_in(&owner).await && !is_in(&thief).await, "{seen}");
            }
        }
    }
}
