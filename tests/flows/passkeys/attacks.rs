//! What is tried with passkeys by those who should not come in.

use super::*;

/// An answer in a browser of its own, of a device that may lie; the fault it is refused with.
async fn refused(app: &App, device: &mut Device) -> String {
    let browser = app.browser();
    let signed = device.signs(&asked(&browser, "sign-in").await);
    let fault = fault(&signs_in(&browser, &signed).await);
    assert!(browser.cookie("keel_session").is_none());
    fault
}

both! {
    async fn a_replayed_assertion_opens_nothing(app: App, with AT_A_NAME) {
        let mut device = added(&app.sign_in(OLIVIA).await).await;
        let browser = app.browser();
        let question = asked(&browser, "sign-in").await;
        let thief = browser.copy();
        let signed = device.signs(&question);
        assert_eq!(signs_in(&browser, &signed).await.status, 200);
        assert_eq!(fault(&signs_in(&thief, &signed).await), "passkey_expired");
        asked(&thief, "sign-in").await;
        assert_eq!(fault(&signs_in(&thief, &signed).await), "passkey_failed", "nor in answer to another question");
        assert_eq!(app.db.number(SESSIONS).await, 1);
    }

    async fn a_question_is_answered_once_even_wrongly(app: App, with AT_A_NAME) {
        let mut device = added(&app.sign_in(OLIVIA).await).await;
        let browser = app.browser();
        let question = asked(&browser, "sign-in").await;
        let mut liar = Device { host: "evil.example".to_owned(), ..device.clone() };
        assert_eq!(fault(&signs_in(&browser, &liar.signs(&question)).await), "passkey_failed");
        assert_eq!(fault(&signs_in(&browser, &device.signs(&question)).await), "passkey_expired");
    }

    async fn a_question_of_another_browser_is_not_answered_here(app: App, with AT_A_NAME) {
        let mut device = added(&app.sign_in(OLIVIA).await).await;
        let (victim, thief) = (app.browser(), app.browser());
        let signed = device.signs(&asked(&victim, "sign-in").await);
        assert_eq!(fault(&signs_in(&thief, &signed).await), "passkey_expired", "nothing was asked there");
        asked(&thief, "sign-in").await;
        assert_eq!(fault(&signs_in(&thief, &signed).await), "passkey_failed");
        assert_eq!(signs_in(&victim, &signed).await.status, 200, "and the victim is not hindered");
    }

    async fn a_question_lives_five_minutes_and_a_newer_one_replaces_it(app: App, with AT_A_NAME) {
        let mut device = added(&app.sign_in(OLIVIA).await).await;
        let browser = app.browser();
        let old = device.signs(&asked(&browser, "sign-in").await);
        app.advance(5 * MINUTE).await;
        assert_eq!(fault(&signs_in(&browser, &old).await), "passkey_expired");
        let old = device.signs(&asked(&browser, "sign-in").await);
        asked(&browser, "sign-in").await;
        assert_eq!(fault(&signs_in(&browser, &old).await), "passkey_failed");
        app.advance(48 * 60 * MINUTE).await;
        app.settles("SELECT COUNT(*) FROM passkey_challenges", 0).await;
    }

    async fn an_answer_counts_for_what_was_asked_and_nothing_else(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        let mut device = added(&olivia).await;
        app.advance(11 * MINUTE).await;
        let signed = device.signs(&asked(&olivia, "sign-in").await);
        assert_eq!(fault(&confirms(&olivia, &signed).await), "passkey_expired", "a sign-in proves nothing in a session");
        let signed = device.signs(&asked(&olivia, "step-up").await);
        assert_eq!(fault(&signs_in(&olivia, &signed).await), "passkey_expired", "nor does a proof sign in");
        assert_eq!(fault(&olivia.json("/api/auth/ask-passkey", &json!({ "purpose": "register" })).await), "not_a_choice");
    }

    async fn a_page_of_another_origin_or_host_gets_nothing(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        let device = added(&olivia).await;
        for lie in [
            Device { origin: "http://evil.example".to_owned(), ..device.clone() },
            Device { origin: "http://localhost:3001".to_owned(), ..device.clone() },
            Device { origin: "https://localhost:3000".to_owned(), ..device.clone() },
            Device { origin: "http://keel.localhost:3000".to_owned(), ..device.clone() },
            Device { host: "evil.example".to_owned(), ..device.clone() },
            Device { kind: Some("webauthn.create"), ..device.clone() },
        ] {
            assert_eq!(refused(&app, &mut lie.clone()).await, "passkey_failed", "{} {} {:?}", lie.origin, lie.host, lie.kind);
            let mut lie = Device { kind: lie.kind.map(|_| "webauthn.get"), ..lie };
            let made = lie.registers(&begun(&olivia).await);
            assert_eq!(fault(&adds(&olivia, &made, "Evil").await), "passkey_failed");
        }
        assert_eq!(app.db.number(SESSIONS).await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM passkeys").await, 1);
        let failed = "SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed' AND metadata LIKE '%passkey%'";
        assert_eq!(app.db.number(failed).await, 6);
    }

    async fn a_device_that_does_not_know_its_person_signs_nobody_in(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        let mut device = Device { verifies: false, ..added(&olivia).await };
        assert_eq!(refused(&app, &mut device).await, "passkey_unverified");
        app.advance(11 * MINUTE).await;
        let signed = device.signs(&asked(&olivia, "step-up").await);
        assert_eq!(fault(&confirms(&olivia, &signed).await), "passkey_unverified");
        let olivia = app.sign_in(OLIVIA).await;
        let mut careless = Device { verifies: false, ..Device::at(ORIGIN) };
        let made = careless.registers(&begun(&olivia).await);
        assert_eq!(fault(&adds(&olivia, &made, "Careless").await), "passkey_unverified");
    }

    async fn another_key_or_another_persons_handle_is_refused(app: App, with AT_A_NAME) {
        let (olivia, max) = (app.sign_in(OLIVIA).await, app.sign_in(MAX).await);
        let (device, mut of_max) = (added(&olivia).await, added(&max).await);
        let forged = Device { handle: device.handle.clone(), ..of_max.clone() };
        assert_eq!(refused(&app, &mut forged.clone()).await, "passkey_failed", "Max's passkey does not sign in as Olivia");
        let nameless = Device { handle: Value::Null, ..device.clone() };
        assert_eq!(refused(&app, &mut nameless.clone()).await, "passkey_failed");
        let browser = app.browser();
        let signed: Value = serde_json::from_str(&of_max.signs(&asked(&browser, "sign-in").await)).unwrap();
        let mut mixed: Value = serde_json::from_str(&device.clone().signs(&json!({ "challenge": "" }))).unwrap();
        mixed["response"] = signed["response"].clone();
        mixed["response"]["userHandle"] = device.handle.clone();
        assert_eq!(fault(&signs_in(&browser, &mixed.to_string()).await), "passkey_failed", "the signature is of another key");

        app.advance(11 * MINUTE).await;
        let signed = of_max.signs(&asked(&olivia, "step-up").await);
        assert_eq!(fault(&confirms(&olivia, &signed).await), "passkey_of_another", "nor does it prove anything for her");
        assert_eq!(olivia.json("/api/passkeys/begin", &json!({})).await.problem().0, 401);
        assert_eq!(app.db.number(SESSIONS).await, 0);
    }

    async fn a_copied_passkey_is_refused_and_its_person_told(app: App, with AT_A_NAME) {
        let mut device = added(&app.sign_in(OLIVIA).await).await;
        let mut copy = device.clone();
        let browser = app.browser();
        assert_eq!(signs_in(&browser, &device.signs(&asked(&browser, "sign-in").await)).await.status, 200);
        assert_eq!(refused(&app, &mut copy).await, "passkey_copied", "it counts what was counted");
        let mail = app.mail(OLIVIA).await;
        assert!(mail["subject"].as_str().unwrap().contains("may have been copied"), "{mail}");
        assert!(mail["text"].as_str().unwrap().contains("Laptop"));
        let mut backwards = Device { counter: 0, ..device.clone() };
        assert_eq!(refused(&app, &mut backwards).await, "passkey_copied", "nor does it stop counting");
        assert_eq!(app.db.number(SESSIONS).await, 1);
        let browser = app.browser();
        assert_eq!(signs_in(&browser, &device.signs(&asked(&browser, "sign-in").await)).await.status, 200);
    }

    async fn somebody_elses_passkey_is_not_added_to_another_account(app: App, with AT_A_NAME) {
        let (olivia, max) = (app.sign_in(OLIVIA).await, app.sign_in(MAX).await);
        let mut device = added(&olivia).await;
        let made = device.clone().registers(&begun(&max).await);
        assert_eq!(fault(&adds(&max, &made, "Hers").await), "passkey_known");
        let again = begun(&olivia).await;
        assert_eq!(again["excludeCredentials"].as_array().unwrap().len(), 1);
        assert_eq!(again["user"]["id"], device.handle, "a person has one handle");
        assert_eq!(fault(&adds(&olivia, &device.clone().registers(&again), "Twice").await), "passkey_failed", "it was excluded");
        let elsewhere = app.sign_in(OLIVIA).await;
        let made = Device::at(ORIGIN).registers(&begun(&olivia).await);
        assert_eq!(fault(&adds(&elsewhere, &made, "Elsewhere").await), "passkey_expired", "another session asked for it");
        let browser = app.browser();
        assert_eq!(signs_in(&browser, &device.signs(&asked(&browser, "sign-in").await)).await.status, 200, "hers is still hers");
    }

    async fn one_client_asks_so_many_questions(app: App, with AT_A_NAME) {
        let browser = app.browser();
        for _ in 0..200 {
            asked(&browser, "sign-in").await;
        }
        let answer = browser.json("/api/auth/ask-passkey", &json!({ "purpose": "sign-in" })).await;
        assert_eq!(answer.problem(), (429, "TOO_MANY".to_owned()));
    }
}
