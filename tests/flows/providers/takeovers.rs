//! Ways to become somebody else, or to let somebody else become one: none of them leads there.

use super::{OLIVIA, SECURITY, Trip, UNLINK, count, is_in, lays_up_a_passkey, linking, settings, vouched};
use crate::both;
use crate::support::{App, Browser, scaled, together};
use keel_domain::secrets::reference;
use keel_types::time::DAY;
use serde_json::json;

const EVE: &str = "eve@evil.example";
const PASSWORD: &str = "a long walk on the quay";

/// Whether this browser is signed in as somebody.
async fn is_of(browser: &Browser, email: &str) -> bool {
    browser.get(SECURITY).await.body.contains(&format!("You sign in as {email}"))
}

/// Comes in by Acme, as somebody who is linked.
async fn comes_in(app: &App, subject: &str) -> Browser {
    let browser = app.browser();
    Trip::begin(app, &browser, "acme", &[]).await.back_as(vouched(subject, OLIVIA)).await.location();
    browser
}

both! {
    async fn a_session_that_was_planted_before_is_not_the_one_that_signs_in(app: App, with &settings()) {
        let eve = app.sign_in(EVE).await;
        let planted = eve.cookie("keel_session").unwrap();
        let olivia = app.browser();
        olivia.set_cookie("keel_session", &planted);
        Trip::begin(&app, &olivia, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
        assert_ne!(olivia.cookie("keel_session").unwrap(), planted);
        assert!(is_of(&olivia, OLIVIA).await);
        assert!(!is_of(&eve, OLIVIA).await, "the token that was planted is nobody else's for that");
    }

    async fn a_trip_that_was_planted_signs_nobody_in_as_the_attacker(app: App, with &settings()) {
        let (victim, attacker) = (app.browser(), app.browser());
        let trip = Trip::begin(&app, &attacker, "acme", &[]).await;
        let code = reference();
        trip.issuer.promises(&code, &trip.sent["code_challenge"], trip.issuer.signed(&trip.claims(&vouched("666", EVE))).into());
        let framed = victim.page(&trip.back(&code)).header("sec-fetch-dest", "iframe").header("sec-fetch-site", "cross-site");
        assert_eq!(victim.send(framed).await.status, 400);
        let led = victim.page(&trip.back(&code)).header("sec-fetch-dest", "document").header("sec-fetch-site", "cross-site");
        victim.send(led).await.leads_to("/login");
        assert!(!is_in(&victim).await);
        assert_eq!((trip.issuer.exchanged(), count(&app, "users").await), (0, 0));
    }

    async fn a_token_for_another_trip_signs_nobody_in(app: App, with &settings()) {
        let (victim, attacker) = (app.browser(), app.browser());
        let theirs = Trip::begin(&app, &victim, "acme", &[]).await;
        let elsewhere = Trip::begin(&app, &victim, "evil", &[]).await;
        for nonce in [&theirs.sent["nonce"], &elsewhere.sent["nonce"]] {
            let trip = Trip::begin(&app, &attacker, "acme", &[]).await;
            trip.back_with(trip.issuer.signed(&trip.issuer.claims(nonce, &vouched("7", OLIVIA)))).await.leads_to("/login");
            assert!(!is_in(&attacker).await, "its nonce is not this trip's");
        }
        assert_eq!(count(&app, "users").await, 0);
    }

    async fn the_same_name_at_another_issuer_is_somebody_else(app: App, with &settings()) {
        Trip::begin(&app, &app.browser(), "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
        let mallory = app.browser();
        Trip::begin(&app, &mallory, "evil", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/auth/address");
        assert!(!is_in(&mallory).await);
        assert_eq!((count(&app, "users").await, count(&app, "identities").await), (1, 1));
    }

    async fn an_address_that_changes_at_the_provider_opens_nobody_elses_account(app: App, with &settings()) {
        app.sign_in(OLIVIA).await;
        Trip::begin(&app, &app.browser(), "acme", &[]).await.back_as(vouched("666", EVE)).await.leads_to("/onboarding");
        let mallory = app.browser();
        Trip::begin(&app, &mallory, "acme", &[]).await.back_as(vouched("666", OLIVIA)).await.location();
        assert!(is_of(&mallory, EVE).await && !is_of(&mallory, OLIVIA).await, "who they say they are changes nothing");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM users WHERE email = 'eve@evil.example'").await, 1);
        let owner = "SELECT u.email FROM identities i JOIN users u ON u.id = i.user_id";
        assert_eq!(app.db.texts(owner).await, [EVE]);
    }

    async fn an_account_registered_in_advance_is_not_the_one_the_owner_gets(app: App, with &settings()) {
        let (by_password, by_provider) = (app.browser(), app.browser());
        by_password.form("/api/auth/sign-up", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/verify");
        Trip::begin(&app, &by_provider, "evil", &[]).await.back_as(json!({ "sub": "666", "email": OLIVIA })).await.leads_to("/auth/address");
        by_provider.form("/api/auth/prove-address", &[("email", OLIVIA)]).await.leads_to("/verify");
        assert_eq!(count(&app, "users").await, 0, "what waits for a mailbox is nobody");

        let olivia = app.browser();
        Trip::begin(&app, &olivia, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
        assert_eq!(app.db.texts("SELECT subject FROM identities").await, ["7"]);
        let password = app.browser();
        assert_eq!(password.form("/api/auth/sign-in?at=/login", &[("email", OLIVIA), ("password", PASSWORD)]).await.status, 422);
        let mallory = app.browser();
        Trip::begin(&app, &mallory, "evil", &[]).await.back_as(json!({ "sub": "666", "email": OLIVIA })).await.leads_to("/auth/address");
        for browser in [&by_password, &by_provider, &password, &mallory] {
            assert!(!is_in(browser).await);
        }
    }

    async fn whoever_reads_the_mailbox_of_a_new_person_is_told_how_they_sign_in(app: App, with &settings()) {
        comes_in(&app, "7").await;
        assert_eq!(app.mail(OLIVIA).await["subject"], "You can sign in to Keel with Acme now");
    }

    async fn a_provider_is_one_factor_whatever_it_says_of_its_own(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        linking(&app, &olivia).await.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
        let (authenticator, _) = app.turns_on_two_step(&olivia).await;
        let browser = app.browser();
        let sure = json!({ "sub": "7", "email": OLIVIA, "email_verified": true, "acr": "urn:mace:incommon:iap:gold", "amr": ["mfa", "hwk"] });
        Trip::begin(&app, &browser, "acme", &[]).await.back_as(sure).await.leads_to("/two-step");
        assert!(!is_in(&browser).await);
        let shown = browser.form("/api/auth/verify-second-step", &[("code", &authenticator.code(&app))]).await;
        shown.leads_to("/onboarding");
        let strength = "SELECT factor || ' ' || second_factor FROM user_sessions WHERE revoked_at IS NULL AND factor = 'provider'";
        assert_eq!(app.db.text(strength).await, "provider totp");
    }

    async fn whoever_has_the_mailbox_but_no_second_factor_links_nothing(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        let (authenticator, _) = app.turns_on_two_step(&olivia).await;
        for by_link in [false, true] {
            let browser = app.browser();
            Trip::begin(&app, &browser, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/auth/address");
            browser.form("/api/auth/prove-address", &[("email", OLIVIA)]).await.leads_to("/verify");
            if by_link {
                let token = app.link_token(OLIVIA).await;
                browser.form("/api/auth/confirm-link", &[("token", &token)]).await.leads_to("/two-step");
            } else {
                let code = app.code(OLIVIA).await;
                browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/two-step");
            }
            let wrong = browser.form("/api/auth/verify-second-step?at=/two-step", &[("code", &authenticator.wrong_code(&app))]).await;
            assert_eq!((wrong.status, count(&app, "identities").await), (422, 0));
            if by_link {
                browser.form("/api/auth/verify-second-step", &[("code", &authenticator.code(&app))]).await.leads_to("/onboarding");
            }
        }
        assert_eq!(count(&app, "identities").await, 1, "it is linked once the person is in");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'factor.added' AND metadata LIKE '%acme%'").await, 1);
    }

    async fn whoever_has_the_mailbox_alone_links_nothing_where_a_second_factor_is_required(app: App, with &settings()) {
        app.sign_in(OLIVIA).await;
        lays_up_a_passkey(&app).await;
        for (role, linked) in [("'support'", 0), ("NULL", 1)] {
            app.db.run(&format!("UPDATE users SET platform_role = {role}")).await;
            let browser = app.browser();
            Trip::begin(&app, &browser, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/auth/address");
            browser.form("/api/auth/prove-address", &[("email", OLIVIA)]).await.leads_to("/verify");
            let code = app.code(OLIVIA).await;
            browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/onboarding");
            assert!(is_of(&browser, OLIVIA).await, "the mailbox signs in as before");
            assert_eq!(count(&app, "identities").await, linked, "{role}");
        }
    }

    async fn parting_with_the_only_account_leaves_the_mailbox_as_a_way_in(app: App, with &settings()) {
        let olivia = comes_in(&app, "7").await;
        let form = olivia.get(SECURITY).await.form_to(UNLINK);
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(SECURITY);
        olivia.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        let browser = app.sign_in(OLIVIA).await;
        assert!(is_of(&browser, OLIVIA).await);
        assert_eq!(count(&app, "users").await, 1);
    }

    async fn nobody_gets_in_by_an_account_that_was_parted_with_at_the_same_instant(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        for round in 0..scaled(4, 30) {
            linking(&app, &olivia).await.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
            let identity = app.db.text("SELECT id FROM identities").await;
            let mut calls = vec![];
            for _ in 0..4 {
                let browser = app.browser();
                let trip = Trip::begin(&app, &browser, "acme", &[]).await;
                let code = reference();
                trip.issuer.promises(&code, &trip.sent["code_challenge"], trip.issuer.signed(&trip.claims(&vouched("7", OLIVIA))).into());
                calls.push((browser.copy(), trip.back(&code)));
            }
            let coming = together(calls.into_iter().map(|(browser, back)| async move { browser.get(&back).await.location().to_owned() }));
            let fields = [("identity", identity.as_str())];
            let (led, parted) = tokio::join!(coming, olivia.form(UNLINK, &fields));
            parted.leads_to(SECURITY);
            let parted = app.db.number("SELECT MAX(created_at) FROM audit_events WHERE action = 'factor.removed'").await;
            let after = format!("SELECT COUNT(*) FROM user_sessions WHERE factor = 'provider' AND created_at > {parted}");
            assert_eq!(app.db.number(&after).await, 0, "round {round}: {led:?}");
            assert!(led.iter().all(|place| place == "/onboarding" || place == "/auth/address"), "{led:?}");
            assert_eq!(count(&app, "identities").await, 0);
        }
    }

    async fn a_return_path_to_another_site_is_not_followed(app: App, with &settings()) {
        for path in ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "/%0d%0aLocation:/x\r\n"] {
            let browser = app.browser();
            let trip = Trip::begin(&app, &browser, "acme", &[("redirectTo", path)]).await;
            let back = format!("{}&redirectTo=https://evil.example&next=//evil.example", trip.back("none"));
            let told = browser.get(&back).await;
            assert!(told.location().starts_with("/login"), "{path}: {}", told.location());
            assert!(!told.location().contains("evil"), "{path}: {}", told.location());
            let browser = app.browser();
            let answer = Trip::begin(&app, &browser, "acme", &[("redirectTo", path)]).await.back_as(vouched("7", OLIVIA)).await;
            assert_eq!(answer.location(), "/onboarding", "{path}");
        }
    }

    async fn an_account_that_was_closed_is_opened_by_no_account_elsewhere(app: App, with &settings()) {
        let olivia = comes_in(&app, "7").await;
        let workspaces = app.db.text("SELECT id FROM accounts WHERE kind = 'workspace'").await;
        let closing = olivia.json("/api/user/close-account", &json!({ "confirmation": OLIVIA, "workspaces": workspaces })).await;
        assert_eq!(closing.status, 200, "{}", closing.body);
        app.advance(31 * DAY).await;
        app.settles("SELECT COUNT(*) FROM identities", 0).await;
        let browser = app.browser();
        Trip::begin(&app, &browser, "acme", &[]).await.back_as(json!({ "sub": "7" })).await.leads_to("/auth/address");
        assert!(!is_in(&browser).await);
    }
}
