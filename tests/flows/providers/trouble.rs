//! Providers that are slow, broken or too talkative: people are led back with a message, nothing is half done, and the next trip works.

use super::{OLIVIA, Trip, count, is_in, issuer, settings, vouched};
use crate::both;
use crate::support::{Trouble, together};
use keel_domain::secrets::reference;
use std::time::{Duration, Instant};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const NO_ANSWER: &str = "The other side does not answer at the moment.";
const NO_TRUST: &str = "What came back could not be trusted";

both! {
    async fn a_provider_that_breaks_on_the_way_there_leads_back_with_a_message(app: App, with &settings()) {
        let acme = issuer(&app, 0);
        for (trouble, said) in [
            (Trouble::Garbage, NO_TRUST), (Trouble::Flood, NO_ANSWER), (Trouble::Failure, NO_ANSWER), (Trouble::Redirect, NO_TRUST),
        ] {
            acme.has(trouble, DISCOVERY);
            let browser = app.browser();
            browser.form("/auth/oauth/acme", &[("redirectTo", "/pricing")]).await.leads_to("/login?redirectTo=/pricing");
            assert!(browser.get("/login").await.body.contains(said), "{trouble:?}");
        }
        assert_eq!(count(&app, "provider_trips").await, 0);
        acme.recovers();
        Trip::begin(&app, &app.browser(), "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
    }

    async fn a_provider_that_breaks_on_the_way_back_leaves_nothing_half_done(app: App, with &settings()) {
        let acme = issuer(&app, 0);
        for (path, trouble, said) in [
            ("/token", Trouble::Garbage, NO_TRUST), ("/token", Trouble::Flood, NO_ANSWER),
            ("/token", Trouble::Failure, NO_ANSWER), ("/token", Trouble::Redirect, NO_TRUST),
            ("/keys", Trouble::Garbage, NO_TRUST), ("/keys", Trouble::Flood, NO_ANSWER),
            ("/keys", Trouble::Failure, NO_ANSWER), ("/keys", Trouble::Redirect, NO_TRUST),
        ] {
            let browser = app.browser();
            let trip = Trip::begin(&app, &browser, "acme", &[("redirectTo", "/pricing")]).await;
            acme.has(trouble, path);
            trip.back_as(vouched("7", OLIVIA)).await.leads_to("/login?redirectTo=/pricing");
            assert!(browser.get("/login").await.body.contains(said), "{path}: {trouble:?}");
            assert!(!is_in(&browser).await && browser.cookie("keel_trip").is_none(), "{path}: {trouble:?}");
            acme.recovers();
        }
        for table in ["users", "identities", "user_sessions", "sign_ins"] {
            assert_eq!(count(&app, table).await, 0, "{table}");
        }
        Trip::begin(&app, &app.browser(), "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
    }

    async fn a_silent_provider_holds_up_nobody_for_long_and_no_one_else(app: App, with &settings()) {
        let waiting = app.browser();
        let trip = Trip::begin(&app, &waiting, "acme", &[]).await;
        let code = reference();
        trip.issuer.promises(&code, &trip.sent["code_challenge"], trip.issuer.signed(&trip.claims(&vouched("7", OLIVIA))).into());
        trip.issuer.has(Trouble::Silence, "/token");
        issuer(&app, 1).has(Trouble::Silence, DISCOVERY);
        let began = Instant::now();
        let others = (0..5).map(|_| {
            let browser = app.browser();
            async move {
                let answer = browser.form("/auth/oauth/evil", &[]).await;
                (answer.location().to_owned(), browser.get("/login").await.body)
            }
        });
        let back = trip.back(&code);
        let ((), led, ()) = tokio::join!(
            async { waiting.get(&back).await.leads_to("/login") },
            together(others.collect::<Vec<_>>()),
            async {
                app.sign_in(OLIVIA).await;
                assert!(began.elapsed() < Duration::from_secs(7), "whoever asks no provider waits for none: {:?}", began.elapsed());
            },
        );
        for (place, page) in led {
            assert!(place == "/login" && page.contains(NO_ANSWER), "{place}");
        }
        assert!(began.elapsed() < Duration::from_secs(20), "five who wait do not wait in turn: {:?}", began.elapsed());
        assert_eq!(count(&app, "identities").await, 0);
    }
}
