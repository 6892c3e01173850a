//! Accounts elsewhere on the page Security: linked, used, parted with.

use super::{LINK, OLIVIA, SECURITY, Trip, UNLINK, count, is_in, lays_up_a_passkey, linking, settings, vouched};
use crate::both;
use keel_types::time::MINUTE;
use serde_json::json;

both! {
    async fn an_account_is_linked_used_and_parted_with(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        let page = olivia.get(SECURITY).await;
        assert!(page.body.contains("Sign-in with other accounts") && page.body.contains("Link Acme"), "{}", page.body);
        linking(&app, &olivia).await.back_as(vouched("7", "olivia@private.example")).await.leads_to(SECURITY);
        let page = olivia.get(SECURITY).await;
        for text in ["The account is linked.", "olivia@private.example", "Unlink Acme", "Link Evil"] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
        let mail = app.mail(OLIVIA).await;
        assert!(mail["text"].as_str().unwrap().contains("olivia@ private. example at Acme"), "{mail}");

        let elsewhere = app.browser();
        Trip::begin(&app, &elsewhere, "acme", &[]).await.back_as(vouched("7", "olivia@private.example")).await.location();
        assert!(is_in(&elsewhere).await);
        linking(&app, &olivia).await.back_as(vouched("7", "")).await.leads_to(SECURITY);
        assert_eq!((count(&app, "users").await, count(&app, "identities").await), (1, 1), "linked twice is linked once");

        let form = olivia.get(SECURITY).await.form_to(UNLINK);
        let identity = form.value("identity").unwrap().to_owned();
        let eve = app.sign_in("eve@evil.example").await;
        assert_eq!(eve.form(UNLINK, &[("identity", &identity)]).await.status, 404, "not hers");
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(SECURITY);
        assert_eq!(app.mail(OLIVIA).await["subject"], "Acme does not sign in to Keel any more");
        assert_eq!(olivia.form(UNLINK, &[("identity", &identity)]).await.status, 404);
        let events = "SELECT COUNT(*) FROM audit_events WHERE action IN ('factor.added', 'factor.removed')";
        assert_eq!(app.db.number(events).await, 2);

        let parted = app.browser();
        Trip::begin(&app, &parted, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/auth/address");
        assert!(!is_in(&parted).await, "it opens nothing any more");
    }

    async fn linking_asks_for_a_fresh_proof(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        app.advance(11 * MINUTE).await;
        for (action, field) in [(LINK, ("provider", "acme")), (UNLINK, ("identity", "idt_0"))] {
            let asked = olivia.form(&format!("{action}?at={SECURITY}"), &[field]).await;
            assert!(asked.location().starts_with("/step-up?"), "{}", asked.location());
        }
        assert_eq!(count(&app, "provider_trips").await, 0);
    }

    async fn who_has_the_first_factor_alone_links_nothing_where_a_second_is_required(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        lays_up_a_passkey(&app).await;
        let began = linking(&app, &olivia).await;
        app.db.run("UPDATE users SET platform_role = 'support'").await;
        let led = olivia.form(&format!("{LINK}?at={SECURITY}"), &[("provider", "acme")]).await;
        assert!(led.location().starts_with("/two-step/required?redirectTo="), "{}", led.location());
        let back = began.back_as(vouched("7", OLIVIA)).await;
        assert!(back.status == 403 && back.body.contains("/two-step/required"), "{}", back.body);
        assert_eq!(count(&app, "identities").await, 0);
    }

    async fn who_has_the_first_factor_alone_parts_with_nothing_where_a_second_is_required(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        linking(&app, &olivia).await.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
        lays_up_a_passkey(&app).await;
        app.db.run("UPDATE users SET platform_role = 'support'").await;
        let identity = json!({ "identity": app.db.text("SELECT id FROM identities").await });
        assert_eq!(olivia.json(UNLINK, &identity).await.problem(), (403, "TWO_STEP_REQUIRED".to_owned()));
        assert_eq!(count(&app, "identities").await, 1);
        app.db.run("UPDATE users SET platform_role = NULL").await;
        assert_eq!(olivia.json(UNLINK, &identity).await.status, 200);
    }

    async fn a_second_step_begun_by_an_account_that_was_parted_with_opens_nothing(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        linking(&app, &olivia).await.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
        let (authenticator, _) = app.turns_on_two_step(&olivia).await;
        let phone = app.browser();
        Trip::begin(&app, &phone, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/two-step");
        let identity = json!({ "identity": app.db.text("SELECT id FROM identities").await });
        assert_eq!(olivia.json(UNLINK, &identity).await.status, 200);
        let shown = phone.json("/api/auth/verify-second-step", &json!({ "code": authenticator.code(&app) })).await;
        assert_eq!(shown.problem(), (410, "EXPIRED".to_owned()));
        assert!(!is_in(&phone).await);
    }

    async fn an_account_belongs_to_one_person(app: App, with &settings()) {
        let (olivia, eve) = (app.sign_in(OLIVIA).await, app.sign_in("eve@evil.example").await);
        linking(&app, &olivia).await.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
        linking(&app, &eve).await.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
        assert!(eve.get(SECURITY).await.body.contains("signs in as somebody else here"));
        assert_eq!(count(&app, "identities").await, 1);
    }

    async fn a_trip_to_link_ends_with_the_session_it_began_in(app: App, with &settings()) {
        let olivia = app.sign_in(OLIVIA).await;
        let trip = linking(&app, &olivia).await;
        olivia.form("/api/auth/sign-out", &[]).await.location();
        trip.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
        assert!(!is_in(&olivia).await, "linking signs nobody in");
        app.sign_in_with(&olivia, OLIVIA).await;
        let trip = linking(&app, &olivia).await;
        let kept = olivia.cookie("keel_trip").unwrap();
        app.sign_in_with(&olivia, "eve@evil.example").await;
        assert_eq!(olivia.cookie("keel_trip"), None, "who signs in goes on no trip of the one before");
        olivia.set_cookie("keel_trip", &kept);
        trip.back_as(vouched("7", OLIVIA)).await.leads_to(SECURITY);
        assert_eq!(count(&app, "identities").await, 0, "it began as somebody else");
    }
}
