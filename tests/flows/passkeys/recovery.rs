//! Recovery codes of people who have passkeys and no app.

use super::*;
use crate::support::{CODES, Cast, scaled, secret_on, together};
use http::header;

const LEFT: &str = "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL";
const RENEW: &str = "/api/two-step/new-recovery-codes";

/// Whether codes go along to the page that shows them.
fn carries_codes(answer: &Answer) -> bool {
    answer.headers.get_all(header::SET_COOKIE).iter().any(|cookie| cookie.to_str().unwrap().starts_with("keel_recovery_codes="))
}

/// A passkey that a new device makes for whoever is signed in there, not yet added.
async fn made(browser: &Browser) -> String {
    Device::at(ORIGIN).registers(&begun(browser).await)
}

async fn removes(browser: &Browser, id: &str) -> u16 {
    browser.json("/api/passkeys/remove", &json!({ "passkey_id": id })).await.status
}

async fn turns_app_off(browser: &Browser) -> u16 {
    browser.json("/api/two-step/turn-off", &json!({})).await.status
}

async fn shows(browser: &Browser, code: &str) -> Answer {
    browser.json("/api/auth/confirm-second-factor", &json!({ "recovery_code": code })).await
}

both! {
    async fn with_the_first_passkey_come_codes_that_are_shown_once(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        assert!(!olivia.get(SECURITY).await.body.contains("recovery code"));
        let form = olivia.get(SECURITY).await.form_to("/api/passkeys/add");
        let first = made(&olivia).await;
        olivia.form(&form.action, &form.filled(&[("passkey", &first)])).await.leads_to(CODES);
        let shown = olivia.get(CODES).await;
        let codes: Vec<String> = secret_on(&shown.body, "codes").split_whitespace().map(str::to_owned).collect();
        assert!(codes.len() == 10 && shown.body.contains("The passkey is added."), "{}", shown.body);
        assert_eq!(olivia.cookie("keel_recovery_codes"), None, "shown once");
        assert!(olivia.get(SECURITY).await.body.contains("10 recovery codes left"));

        let second = adds(&olivia, &made(&olivia).await, "Phone").await;
        assert_eq!((second.json()["next"].as_str(), carries_codes(&second)), (Some(SECURITY), false), "who has some keeps them");
        let form = olivia.get(SECURITY).await.form_to(RENEW);
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(CODES);
        let newer = olivia.recovery_codes().await;
        assert_eq!(app.mail(OLIVIA).await["subject"], "You have new recovery codes");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'factor.added' AND metadata LIKE '%recovery%'").await, 1);
        assert_eq!(fault(&shows(&olivia, &codes[0]).await), "wrong_recovery_code");
        assert_eq!(shows(&olivia, &newer[0]).await.status, 200);

        app.db.run("UPDATE recovery_codes SET used_at = 1").await;
        assert!(olivia.get(SECURITY).await.body.contains("No recovery code is left."));
        assert!(carries_codes(&adds(&olivia, &made(&olivia).await, "Tablet").await), "who has none left gets ten with the next factor");
        assert_eq!(app.db.number(LEFT).await, 10);
    }

    async fn a_code_stands_in_once_for_a_lost_passkey_where_one_is_required(app: App, with AT_A_NAME) {
        let cast = Cast::gather(&app).await;
        added(&cast.max).await;
        let codes = cast.max.recovery_codes().await;
        app.db.run("UPDATE accounts SET two_step_required = TRUE WHERE slug = 'acme'").await;
        let desk = app.sign_in(MAX).await;
        let led = desk.get("/private-dashboard?account=acme").await.location().to_owned();
        let page = desk.get(&led).await.body;
        assert!(page.contains("with=recovery") && page.contains("Use a recovery code"), "{page}");
        let form = desk.get(&format!("{led}&with=recovery")).await.form_to("/api/auth/confirm-second-factor");
        let again = desk.form(&form.action, &form.filled(&[("recovery_code", "not one of them")])).await;
        for part in ["24 letters and digits", "One of your recovery codes stands in for it", "Confirm with a passkey"] {
            assert!(again.status == 422 && again.body.contains(part), "{part}: {}", again.body);
        }
        assert!(!again.body.contains("not one of them"), "{}", again.body);
        desk.form(&form.action, &form.filled(&[("recovery_code", &codes[0])])).await.leads_to("/private-dashboard?account=acme");
        assert_eq!(desk.get("/private-dashboard?account=acme").await.status, 200);
        let mail = app.mail_about(MAX, "A recovery code was used").await;
        assert!(mail["text"].as_str().unwrap().contains("9 are left"), "{mail}");
        assert_eq!(fault(&shows(&app.sign_in(MAX).await, &codes[0]).await), "wrong_recovery_code");

        let lost = app.db.text("SELECT id FROM passkeys").await;
        added(&desk).await;
        assert_eq!(removes(&desk, &lost).await, 200, "he has another one by now");
        assert_eq!(app.db.number(LEFT).await, 9);
    }

    async fn codes_go_with_the_last_second_factor_and_no_earlier(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        added(&olivia).await;
        let codes = olivia.recovery_codes().await;
        app.adds_app(&olivia).await;
        assert_eq!(turns_app_off(&olivia).await, 200);
        assert_eq!(app.db.number(LEFT).await, 10, "the passkey is left");
        assert_eq!(shows(&olivia, &codes[0]).await.status, 200);
        app.adds_app(&olivia).await;
        let id = app.db.text("SELECT id FROM passkeys").await;
        assert_eq!(removes(&olivia, &id).await, 200);
        assert_eq!(app.db.number(LEFT).await, 9, "the app is left");
        assert_eq!(turns_app_off(&olivia).await, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
        assert_eq!(olivia.json(RENEW, &json!({})).await.problem(), (409, "TWO_STEP_OFF".to_owned()));
        assert!(!olivia.get(SECURITY).await.body.contains("recovery code"));
    }

    async fn of_two_first_passkeys_added_at_once_one_brings_the_codes(app: App, with AT_A_NAME) {
        for round in 0..scaled(3, 30) {
            let email = format!("first-{round}@acme.example");
            let mut calls = vec![];
            for _ in 0..2 {
                let browser = app.sign_in(&email).await;
                let made = made(&browser).await;
                calls.push(async move { adds(&browser, &made, "Laptop").await });
            }
            let answers = together(calls).await;
            assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
            assert_eq!(answers.iter().filter(|answer| carries_codes(answer)).count(), 1);
            let whose = format!("{LEFT} AND user_id = (SELECT id FROM users WHERE email = '{email}')");
            assert_eq!(app.db.number(&whose).await, 10);
        }
    }

    async fn one_code_shown_twenty_times_at_once_counts_once(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        added(&olivia).await;
        let code = olivia.recovery_codes().await.remove(0);
        let posts = (0..20).map(|_| (olivia.copy(), code.clone()));
        let statuses = together(posts.map(|(browser, code)| async move { shows(&browser, &code).await.status }).collect::<Vec<_>>()).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(app.db.number(LEFT).await, 9);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.stepped_up'").await, 1);
    }

    async fn codes_made_ten_times_at_once_are_ten(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        added(&olivia).await;
        let calls = (0..10).map(|_| olivia.copy());
        let statuses = together(calls.map(|browser| async move { browser.json(RENEW, &json!({})).await.status }).collect::<Vec<_>>()).await;
        assert_eq!(statuses, [200; 10]);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM recovery_codes").await, 10);
    }

    async fn the_last_two_passkeys_removed_at_once_leave_no_code(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        for _ in 0..scaled(3, 30) {
            added(&olivia).await;
            added(&olivia).await;
            let calls = app.db.texts("SELECT id FROM passkeys").await.into_iter().map(|id| (olivia.copy(), id));
            let statuses = together(calls.map(|(browser, id)| async move { removes(&browser, &id).await }).collect::<Vec<_>>()).await;
            assert_eq!(statuses, [200, 200]);
            assert_eq!(app.db.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
        }
    }

    async fn a_passkey_that_comes_while_the_last_one_goes_has_codes(app: App, with AT_A_NAME) {
        for round in 0..scaled(3, 30) {
            let email = format!("other-{round}@acme.example");
            let (desk, phone) = (app.sign_in(&email).await, app.sign_in(&email).await);
            added(&desk).await;
            let whose = format!("(SELECT id FROM users WHERE email = '{email}')");
            let id = app.db.text(&format!("SELECT id FROM passkeys WHERE user_id = {whose}")).await;
            let made = made(&phone).await;
            let (gone, come) = tokio::join!(removes(&desk, &id), adds(&phone, &made, "Phone"));
            assert_eq!((gone, come.status), (200, 200));
            // Either those of before, or others that are shown now.
            assert_eq!(app.db.number(&format!("{LEFT} AND user_id = {whose}")).await, 10);
        }
    }
}
