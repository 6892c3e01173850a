//! Recovery codes: what stands in for the app, each once.

use super::{OLIVIA, SESSIONS, fault, olivia};
use crate::both;
use crate::support::{Answer, Browser, secret_on, together};
use serde_json::json;

async fn types(browser: &Browser, code: &str) -> Answer {
    browser.form("/api/auth/verify-second-step?at=/two-step%3Fwith=recovery", &[("recovery_code", code)]).await
}

async fn fault_of(browser: &Browser, code: &str) -> String {
    fault(&browser.json("/api/auth/verify-second-step", &json!({ "recovery_code": code })).await)
}

both! {
    async fn a_recovery_code_signs_in_once_and_its_person_is_told(app: App) {
        let (_, codes) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        assert!(browser.get("/two-step").await.body.contains("href=\"/two-step?with=recovery\""));
        let form = browser.get("/two-step?with=recovery").await.form_to("/api/auth/verify-second-step");
        let refused = browser.form(&form.action, &form.filled(&[("recovery_code", "not one of them")])).await;
        assert!(refused.status == 422 && refused.body.contains("24 letters and digits") && !refused.body.contains("not one of them"), "{}", refused.body);
        browser.form(&form.action, &form.filled(&[("recovery_code", &codes[3].to_uppercase())])).await.leads_to("/org-dashboard");
        assert_eq!(app.db.text("SELECT second_factor FROM user_sessions WHERE revoked_at IS NULL").await, "recovery");
        let mail = app.mail_about(OLIVIA, "A recovery code was used").await;
        assert!(mail["text"].as_str().unwrap().contains("9 are left"), "{mail}");
        assert!(browser.get("/private-dashboard/settings/security").await.body.contains("9 recovery codes left"));
        let again = app.begins_to_sign_in(OLIVIA).await;
        assert_eq!(fault_of(&again, &codes[3]).await, "wrong_recovery_code");
        types(&again, &codes[4].replace('-', " ")).await.leads_to("/org-dashboard");
    }

    async fn one_recovery_code_typed_thirty_times_at_once_gives_one_session(app: App) {
        let (_, codes) = olivia(&app).await;
        let mut browsers = vec![];
        for _ in 0..10 {
            browsers.push(app.begins_to_sign_in(OLIVIA).await);
        }
        let calls = (0..30).map(|n| {
            let (browser, code) = (browsers[n % 10].copy(), codes[0].clone());
            async move { types(&browser, &code).await.status }
        });
        let statuses = together(calls.collect::<Vec<_>>()).await;
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        assert_eq!(app.db.number(SESSIONS).await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL").await, 9);
    }

    async fn a_recovery_code_is_good_for_its_person_alone_and_kept_as_a_hash(app: App) {
        let (_, codes) = olivia(&app).await;
        let eve = app.sign_in("eve@evil.example").await;
        app.turns_on_two_step(&eve).await;
        let browser = app.begins_to_sign_in("eve@evil.example").await;
        assert_eq!(fault_of(&browser, &codes[0]).await, "wrong_recovery_code");
        for wrong in ["", "123456", "ü"] {
            assert_ne!(fault_of(&browser, wrong).await, "wrong_recovery_code");
        }
        let kept = app.db.texts("SELECT code_hash FROM recovery_codes").await.join(" ");
        for code in &codes {
            assert!(!kept.contains(&code.replace('-', "")) && !kept.contains(code));
        }
        let mails = app.db.text("SELECT COALESCE(MAX(plain), '') FROM mail_outbox").await;
        assert!(!mails.contains(&codes[0]));
    }

    async fn new_codes_end_those_before_and_are_shown_once(app: App) {
        let (_, codes) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        types(&browser, &codes[0]).await.leads_to("/org-dashboard");
        let page = browser.get("/private-dashboard/settings/security").await;
        let form = page.form_to("/api/two-step/new-recovery-codes");
        browser.form(&form.action, &form.filled(&[])).await.leads_to("/two-step/recovery-codes");
        let carried = browser.cookie("keel_recovery_codes").unwrap();
        let shown = browser.get("/two-step/recovery-codes").await;
        let newer: Vec<String> = secret_on(&shown.body, "codes").split_whitespace().map(str::to_owned).collect();
        assert!(newer.len() == 10 && newer.iter().all(|code| !codes.contains(code)), "{newer:?}");
        assert_eq!(browser.cookie("keel_recovery_codes"), None, "shown once");
        assert!(browser.get("/two-step/recovery-codes").await.body.contains("shown once, when they are made"));
        let eve = app.sign_in("eve@evil.example").await;
        eve.set_cookie("keel_recovery_codes", &carried);
        assert!(!eve.get("/two-step/recovery-codes").await.body.contains(&newer[0]), "carried for Olivia alone");
        assert_eq!(app.mail(OLIVIA).await["subject"], "You have new recovery codes");
        let again = app.begins_to_sign_in(OLIVIA).await;
        assert_eq!(fault_of(&again, &codes[1]).await, "wrong_recovery_code");
        types(&again, &newer[1]).await.leads_to("/org-dashboard");
    }
}
