//! Many at the same instant.

use super::{LINK, OLIVIA, SECURITY, Trip, count, settings, vouched};
use crate::both;
use crate::support::{scaled, together};

both! {
    async fn one_code_that_arrives_fifty_times_at_once_gives_one_session(app: App, with &settings()) {
        let browser = app.browser();
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        let token = trip.issuer.signed(&trip.claims(&vouched("7", OLIVIA)));
        trip.issuer.promises("the-code", &trip.sent["code_challenge"], token.into());
        let back = trip.back("the-code");
        let calls = (0..50).map(|_| {
            let (browser, back) = (browser.copy(), back.clone());
            async move { browser.get(&back).await.location().to_owned() }
        });
        let led = together(calls.collect::<Vec<_>>()).await;
        assert_eq!(led.iter().filter(|place| *place == "/onboarding").count(), 1, "{led:?}");
        assert_eq!(trip.issuer.exchanged(), 1);
        for table in ["users", "identities", "user_sessions"] {
            assert_eq!(count(&app, table).await, 1, "{table}");
        }
    }

    async fn somebody_new_who_comes_in_many_times_at_once_is_one_person(app: App, with &settings()) {
        for round in 0..scaled(2, 20) {
            let (subject, email) = (format!("sub-{round}"), format!("new-{round}@acme.example"));
            let browsers: Vec<_> = (0..8).map(|_| app.browser()).collect();
            let mut calls = vec![];
            for browser in &browsers {
                let trip = Trip::begin(&app, browser, "acme", &[]).await;
                let code = keel_domain::secrets::reference();
                let token = trip.issuer.signed(&trip.claims(&vouched(&subject, &email)));
                trip.issuer.promises(&code, &trip.sent["code_challenge"], token.into());
                calls.push((browser.copy(), trip.back(&code)));
            }
            let led = together(calls.into_iter().map(|(browser, back)| async move { browser.get(&back).await.location().to_owned() })).await;
            assert!(led.iter().all(|place| place == "/onboarding"), "{led:?}");
            let of = |what: &str| format!("SELECT COUNT(*) FROM {what} WHERE u.email = '{email}'");
            for (what, wanted) in [("users u", 1), ("identities i JOIN users u ON u.id = i.user_id", 1), ("memberships m JOIN users u ON u.id = m.user_id", 2)] {
                assert_eq!(app.db.number(&of(what)).await, wanted, "{what}");
            }
        }
    }

    async fn whoever_proves_the_mailbox_at_the_same_instant_is_not_linked(app: App, with &settings()) {
        for round in 0..scaled(4, 40) {
            let email = format!("both-{round}@acme.example");
            let (by_provider, by_mail) = (app.browser(), app.browser());
            let trip = Trip::begin(&app, &by_provider, "acme", &[]).await;
            let code = format!("code-{round}");
            let token = trip.issuer.signed(&trip.claims(&vouched(&format!("race-{round}"), &email)));
            trip.issuer.promises(&code, &trip.sent["code_challenge"], token.into());
            by_mail.form("/api/auth/request-link", &[("email", &email)]).await.leads_to("/verify");
            let (digits, back) = (app.code(&email).await, trip.back(&code));
            let (one, other) = tokio::join!(by_provider.get(&back), async {
                let fields = [("code", digits.as_str())];
                by_mail.form("/api/auth/verify-otp", &fields).await
            });
            assert_eq!(other.location(), "/onboarding");
            let linked = app.db.number(&format!("SELECT COUNT(*) FROM identities WHERE subject = 'race-{round}'")).await;
            // The provider's word made the person, or nothing.
            assert_eq!(linked == 1, one.location() == "/onboarding", "{}", one.location());
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM users WHERE email = '{email}'")).await, 1);
        }
    }

    async fn two_who_link_the_same_account_are_told_apart(app: App, with &settings()) {
        let (olivia, eve) = (app.sign_in(OLIVIA).await, app.sign_in("eve@evil.example").await);
        for round in 0..scaled(3, 30) {
            let mut calls = vec![];
            for browser in [&olivia, &eve] {
                let answer = browser.form(LINK, &[("provider", "acme")]).await;
                let trip = Trip::sent(&app, browser, "acme", &answer);
                let code = keel_domain::secrets::reference();
                let token = trip.issuer.signed(&trip.claims(&vouched(&format!("shared-{round}"), OLIVIA)));
                trip.issuer.promises(&code, &trip.sent["code_challenge"], token.into());
                calls.push((browser.copy(), trip.back(&code)));
            }
            together(calls.into_iter().map(|(browser, back)| async move {
                browser.get(&back).await.leads_to(SECURITY);
            }))
            .await;
        }
        let rounds = i64::from(scaled(3, 30));
        assert_eq!(count(&app, "identities").await, rounds);
        assert_eq!(count(&app, "audit_events WHERE action = 'factor.added'").await, rounds);
    }
}
