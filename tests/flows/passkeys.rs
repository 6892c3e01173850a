//! Passkeys: adding, naming and removing them, signing in and proving who one is with them, and what must not work.

mod attacks;
mod races;
mod recovery;
mod second_factor;

use crate::both;
use crate::support::{Answer, App, Browser, Device};
use keel_types::time::MINUTE;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const MAX: &str = "max@acme.example";
const SECURITY: &str = "/private-dashboard/settings/security";
/// Where the pages say that they are: browsers know no passkeys at bare addresses.
const ORIGIN: &str = "http://localhost:3000";
const AT_A_NAME: &[(&str, &str)] = &[("KEEL_BASE_URL", ORIGIN)];
const SESSIONS: &str = "SELECT COUNT(*) FROM user_sessions WHERE factor = 'passkey'";

/// What the device of this browser is asked for.
async fn asked(browser: &Browser, purpose: &str) -> Value {
    let answer = browser.json("/api/auth/ask-passkey", &json!({ "purpose": purpose })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["given"].clone()
}

/// What a device of this browser is asked to make.
async fn begun(browser: &Browser) -> Value {
    let answer = browser.json("/api/passkeys/begin", &json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["given"].clone()
}

async fn adds(browser: &Browser, made: &str, name: &str) -> Answer {
    browser.json("/api/passkeys/add", &json!({ "passkey": made, "passkey_name": name })).await
}

/// A device whose passkey is now that of the person who is signed in.
async fn added(browser: &Browser) -> Device {
    let mut device = Device::at(ORIGIN);
    let made = device.registers(&begun(browser).await);
    assert_eq!(adds(browser, &made, "Laptop").await.status, 200);
    device
}

async fn signs_in(browser: &Browser, signed: &str) -> Answer {
    browser.json("/api/auth/by-passkey", &json!({ "passkey": signed })).await
}

async fn confirms(browser: &Browser, signed: &str) -> Answer {
    browser.json("/api/auth/confirm-second-factor", &json!({ "passkey": signed })).await
}

/// What is wrong with the only field that is.
fn fault(answer: &Answer) -> String {
    assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{}", answer.body);
    answer.json()["errors"][0]["code"].as_str().unwrap().to_owned()
}

both! {
    async fn a_passkey_signs_in_without_an_address(app: App, with AT_A_NAME) {
        let desk = app.sign_in(OLIVIA).await;
        let mut device = Device::at(ORIGIN);
        let options = begun(&desk).await;
        assert_eq!(options["rp"]["id"], "localhost");
        let wanted = &options["authenticatorSelection"];
        assert_eq!((&wanted["residentKey"], &wanted["userVerification"]), (&json!("required"), &json!("required")));
        let user = app.db.text("SELECT id FROM users WHERE email = 'olivia@acme.example'").await;
        assert!(!options["user"]["id"].as_str().unwrap().contains(&user[4..]), "the handle is not the id");
        assert_eq!(adds(&desk, &device.registers(&options), "Laptop").await.status, 200);
        let mail = app.mail(OLIVIA).await;
        assert!(mail["subject"].as_str().unwrap().contains("passkey was added") && mail["text"].as_str().unwrap().contains("Laptop"), "{mail}");
        assert!(desk.get(SECURITY).await.body.contains("Laptop"));

        let phone = app.browser();
        let question = asked(&phone, "sign-in").await;
        assert_eq!((&question["allowCredentials"], &question["userVerification"]), (&json!([]), &json!("required")), "it says nothing about anybody");
        let answer = signs_in(&phone, &device.signs(&question)).await;
        assert_eq!((answer.status, answer.json()["next"].as_str()), (200, Some("/onboarding")));
        assert_eq!(phone.get(SECURITY).await.status, 200);
        assert_eq!(app.db.number(SESSIONS).await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM passkeys WHERE used_at IS NOT NULL AND credential LIKE '%\"counter\":2%'").await, 1);
        let audit = "SELECT COUNT(*) FROM audit_events WHERE action = 'auth.signed_in' AND metadata LIKE '%passkey%'";
        assert_eq!(app.db.number(audit).await, 1);
        assert!(phone.cookie("keel_passkey").is_none(), "the question is answered");

        let question = asked(&phone, "sign-in").await;
        assert_eq!(signs_in(&phone, &device.signs(&question)).await.status, 200, "and again, with the next count");
    }

    async fn a_form_signs_in_and_leads_on_and_is_shown_again_with_what_went_wrong(app: App, with AT_A_NAME) {
        let desk = app.sign_in(OLIVIA).await;
        desk.form("/api/user/onboarding", &[("first_name", "Olivia"), ("last_name", "Owens")]).await.location();
        let mut device = added(&desk).await;
        let phone = app.browser();
        let form = phone.get("/login?redirectTo=/private-dashboard/settings").await.form_to("/api/auth/by-passkey");
        for (said, words) in [
            ("NotAllowedError", "No passkey was used, or not in time."),
            ("SecurityError", "This did not work with the passkey."),
            ("", "This did not work with the passkey."),
            ("{}", "This did not work with the passkey."),
        ] {
            let again = phone.form(&form.action, &form.filled(&[("passkey", said)])).await;
            assert!(again.status == 422 && again.body.contains(words), "{said}: {}", again.body);
        }
        let signed = device.signs(&asked(&phone, "sign-in").await);
        phone.form(&form.action, &form.filled(&[("passkey", &signed)])).await.leads_to("/private-dashboard/settings");
    }

    async fn a_passkey_is_renamed_and_removed_by_its_person_alone(app: App, with AT_A_NAME) {
        let (olivia, max) = (app.sign_in(OLIVIA).await, app.sign_in(MAX).await);
        let mut device = added(&olivia).await;
        let id = app.db.text("SELECT id FROM passkeys").await;
        let named = |name: &str| json!({ "passkey_id": id, "passkey_name": name });
        assert_eq!(max.json("/api/passkeys/rename", &named("Mine")).await.problem().0, 404);
        assert_eq!(max.json("/api/passkeys/remove", &json!({ "passkey_id": id })).await.problem().0, 404);
        assert_eq!(fault(&olivia.json("/api/passkeys/rename", &named(" ")).await), "required");
        assert_eq!(fault(&olivia.json("/api/passkeys/rename", &named("Lap\u{202e}top")).await), "bad_characters");
        assert_eq!(olivia.json("/api/passkeys/rename", &named("Work phone")).await.status, 200);
        assert!(olivia.get(SECURITY).await.body.contains("Work phone"));

        app.advance(11 * MINUTE).await;
        assert_eq!(olivia.json("/api/passkeys/rename", &named("Phone")).await.status, 200, "a name opens nothing");
        for (path, body) in [
            ("/api/passkeys/begin", json!({})),
            ("/api/passkeys/add", json!({})),
            ("/api/passkeys/remove", json!({ "passkey_id": id })),
        ] {
            assert_eq!(olivia.json(path, &body).await.problem(), (401, "STEP_UP_REQUIRED".to_owned()), "{path}");
        }
        let page = olivia.get(SECURITY).await.form_to("/api/passkeys/add");
        let led = olivia.form(&page.action, &page.filled(&[("passkey_name", "Tablet")])).await;
        led.leads_to(&format!("/step-up?redirectTo={SECURITY}"));
        assert_eq!(confirms(&olivia, &device.signs(&asked(&olivia, "second-factor").await)).await.status, 200);
        assert_eq!(olivia.get(SECURITY).await.form_to("/api/passkeys/add").value("passkey_name"), Some("Tablet"), "what was typed waits");

        assert_eq!(olivia.json("/api/passkeys/remove", &json!({ "passkey_id": id })).await.status, 200);
        assert_eq!(olivia.json("/api/passkeys/remove", &json!({ "passkey_id": id })).await.problem().0, 404);
        let mail = app.mail(OLIVIA).await;
        assert!(mail["subject"].as_str().unwrap().contains("passkey was removed") && mail["text"].as_str().unwrap().contains("Phone"), "{mail}");
        let phone = app.browser();
        assert_eq!(fault(&signs_in(&phone, &device.signs(&asked(&phone, "sign-in").await)).await), "passkey_unknown");
        for action in ["passkey.added", "passkey.renamed", "passkey.removed"] {
            assert!(app.db.number(&format!("SELECT COUNT(*) FROM audit_events WHERE action = '{action}'")).await >= 1, "{action}");
        }
    }

    async fn a_passkey_proves_anew_who_one_is(app: App, with AT_A_NAME) {
        let olivia = app.sign_in(OLIVIA).await;
        let mut device = added(&olivia).await;
        app.advance(11 * MINUTE).await;
        let page = olivia.get("/step-up?redirectTo=/private-dashboard").await;
        assert!(page.body.contains("Confirm with a passkey"), "{}", page.body);
        let form = page.form_to("/api/auth/confirm-second-factor");
        let question = asked(&olivia, "second-factor").await;
        assert_eq!(question["allowCredentials"].as_array().unwrap().len(), 1, "the caller's own are asked for");
        let before = olivia.copy();
        // A device that is asked for this very passkey need not say whose it is.
        device.handle = Value::Null;
        olivia.form(&form.action, &form.filled(&[("passkey", &device.signs(&question))])).await.leads_to("/private-dashboard");
        assert_eq!(before.json("/api/auth/mail-code", &json!({})).await.problem().0, 401, "the token from before opens nothing");
        assert_eq!(olivia.json("/api/passkeys/begin", &json!({})).await.status, 200, "the proof counts");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.stepped_up'").await, 1);
        let without = app.sign_in(MAX).await;
        assert!(!without.get("/step-up").await.body.contains("Confirm with a passkey"));
    }

    async fn a_device_that_does_not_count_is_taken_at_its_word(app: App, with AT_A_NAME) {
        let desk = app.sign_in(OLIVIA).await;
        let mut device = Device { counter: 0, ..Device::at(ORIGIN) };
        let made = device.registers(&begun(&desk).await);
        assert_eq!(adds(&desk, &made, "").await.status, 200);
        assert!(desk.get(SECURITY).await.body.contains("Passkey"), "without a name it has the usual one");
        for _ in 0..2 {
            let phone = app.browser();
            let signed = device.signs(&asked(&phone, "sign-in").await);
            assert_eq!(signs_in(&phone, &signed).await.status, 200);
        }
    }

    async fn at_a_bare_address_nobody_is_offered_a_passkey(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        assert!(!app.browser().get("/login").await.body.contains("passkey"));
        let page = olivia.get(SECURITY).await.body;
        assert!(page.contains("Browsers know no passkeys at bare IP addresses.") && !page.contains("Add passkey"), "{page}");
        assert_eq!(olivia.json("/api/passkeys/begin", &json!({})).await.problem().0, 404);
        assert_eq!(app.browser().json("/api/auth/ask-passkey", &json!({ "purpose": "sign-in" })).await.problem().0, 404);
    }
}
