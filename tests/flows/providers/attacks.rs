//! What comes back is bound to one browser, one provider and one trip; and tokens that are not good.

use super::{OLIVIA, Trip, count, is_in, issuer, settings, vouched};
use crate::both;
use crate::support::{CLIENT, encoded};
use http::Method;
use keel_types::time::MINUTE;
use serde_json::{Value, json};

/// A code for a token that is good.
fn good(trip: &Trip<'_>, code: &str) {
    let token = trip.issuer.signed(&trip.claims(&vouched("7", OLIVIA)));
    trip.issuer.promises(code, &trip.sent["code_challenge"], token.into());
}

both! {
    async fn an_answer_counts_in_the_browser_that_asked(app: App, with &settings()) {
        let (victim, attacker) = (app.browser(), app.browser());
        let trip = Trip::begin(&app, &attacker, "acme", &[]).await;
        good(&trip, "a");
        victim.get(&trip.back("a")).await.leads_to("/login");
        assert!(!is_in(&victim).await, "nobody is signed in as the attacker");
        assert!(victim.get("/login").await.body.contains("began in another browser"));
        let theirs = Trip::begin(&app, &victim, "acme", &[]).await;
        victim.get(&trip.back("a")).await.leads_to("/login");
        assert!(!is_in(&victim).await, "nor in the middle of a trip of their own");
        let program = victim.request(Method::GET, &theirs.back("a").replace("state=", "state=x")).header("accept", "application/json");
        assert_eq!(victim.send(program).await.problem(), (410, "EXPIRED".to_owned()));
        assert_eq!(trip.issuer.exchanged(), 0, "no code was shown to the provider");
        attacker.get(&trip.back("a")).await.leads_to("/onboarding");
    }

    async fn an_answer_counts_at_the_provider_that_was_asked(app: App, with &settings()) {
        let browser = app.browser();
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        good(&trip, "a");
        let evil = issuer(&app, 1);
        browser.get(&trip.back("a").replace("/acme/", "/evil/")).await.leads_to("/login");
        assert_eq!(evil.exchanged(), 0, "the other provider sees no code");
        assert_eq!(browser.cookie("keel_trip"), None);

        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        good(&trip, "b");
        browser.get(&format!("{}&iss={}", trip.back("b"), evil.base)).await.leads_to("/login");
        assert_eq!(trip.issuer.exchanged(), 0);
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        good(&trip, "c");
        browser.get(&format!("{}&iss={}", trip.back("c"), trip.issuer.base)).await.leads_to("/onboarding");
    }

    async fn an_answer_from_nobody_counts_for_no_provider_that_always_says_who_it_is(app: App, with &settings()) {
        issuer(&app, 0).says_of_itself(&[("authorization_response_iss_parameter_supported", json!(true))]);
        let browser = app.browser();
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        good(&trip, "a");
        browser.get(&trip.back("a")).await.leads_to("/login");
        assert_eq!(trip.issuer.exchanged(), 0);
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        good(&trip, "b");
        browser.get(&format!("{}&iss={}", trip.back("b"), trip.issuer.base)).await.leads_to("/onboarding");
    }

    async fn a_name_at_a_provider_hides_nothing_and_fits_where_it_is_shown(app: App, with &settings()) {
        for (number, name) in ["Eve\u{0}\r\nBcc: x@evil.example", "\u{202e}eve\u{2066}", &"e".repeat(20_000), "\u{0}"].into_iter().enumerate() {
            let browser = app.browser();
            let who = json!({ "sub": format!("n{number}"), "preferred_username": name });
            Trip::begin(&app, &browser, "acme", &[]).await.back_as(who).await.leads_to("/auth/address");
            let email = format!("eve{number}@evil.example");
            browser.form("/api/auth/prove-address", &[("email", &email)]).await.leads_to("/verify");
            let code = app.code(&email).await;
            browser.form("/api/auth/verify-otp", &[("code", &code)]).await.leads_to("/onboarding");
        }
        let labels = app.db.texts("SELECT label FROM identities ORDER BY subject").await;
        assert_eq!(labels, ["EveBcc: x@evil.example".to_owned(), "eve".to_owned(), "e".repeat(255), "n3".to_owned()]);
    }

    async fn a_trip_is_over_once_used_and_after_ten_minutes(app: App, with &settings()) {
        let browser = app.browser();
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        let kept = browser.cookie("keel_trip").unwrap();
        good(&trip, "a");
        browser.get(&trip.back("a")).await.leads_to("/onboarding");
        let thief = app.browser();
        thief.set_cookie("keel_trip", &kept);
        thief.get(&trip.back("a")).await.leads_to("/login");
        assert!(!is_in(&thief).await);
        browser.set_cookie("keel_trip", &kept);
        browser.get(&trip.back("a")).await.leads_to("/onboarding");
        assert_eq!(count(&app, "user_sessions").await, 1, "loaded again it leads on, and does nothing");

        let late = app.browser();
        let trip = Trip::begin(&app, &late, "acme", &[]).await;
        good(&trip, "b");
        app.advance(10 * MINUTE).await;
        late.get(&trip.back("b")).await.leads_to("/login");
        assert!(!is_in(&late).await);
    }

    async fn who_only_looks_ahead_uses_nothing_up(app: App, with &settings()) {
        let browser = app.browser();
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        good(&trip, "a");
        let back = trip.back("a");
        for (name, value) in [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("sec-fetch-dest", "image"), ("sec-fetch-dest", "iframe")] {
            assert_eq!(browser.send(browser.page(&back).header(name, value)).await.status, 400, "{name}: {value}");
        }
        assert_eq!(browser.send(browser.request(Method::HEAD, &back)).await.status, 400);
        assert_eq!(browser.send(browser.request(Method::POST, &back)).await.status, 405);
        let scanner = app.browser();
        scanner.get(&back).await.leads_to("/login");
        browser.send(browser.page(&back).header("sec-fetch-dest", "document").header("sec-fetch-site", "cross-site")).await.leads_to("/onboarding");
    }

    async fn a_stolen_code_is_worth_nothing_without_its_verifier(app: App, with &settings()) {
        let (victim, attacker) = (app.browser(), app.browser());
        let theirs = Trip::begin(&app, &victim, "acme", &[]).await;
        good(&theirs, "stolen");
        let trip = Trip::begin(&app, &attacker, "acme", &[]).await;
        attacker.get(&trip.back("stolen")).await.leads_to("/login");
        assert!(!is_in(&attacker).await);
        assert_eq!((trip.issuer.exchanged(), count(&app, "users").await), (1, 0));
    }

    async fn tokens_that_are_not_good_sign_nobody_in(app: App, with &settings()) {
        let ago = json!(1_700_000_000);
        let who = vouched("7", OLIVIA);
        for (name, change) in [
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("aud", json!("somebody-else")),
            ("aud", json!([CLIENT.0, "somebody-else"])),
            ("aud", Value::Null),
            ("iss", json!("https://evil.example")),
            ("iss", json!(app.keel.settings().providers[1].issuer)),
            ("exp", ago),
            ("exp", Value::Null),
            ("azp", json!("somebody-else")),
            ("sub", Value::Null),
            ("sub", json!("")),
            ("sub", json!("7\u{0}")),
            ("sub", json!("7".repeat(256))),
        ] {
            let browser = app.browser();
            let trip = Trip::begin(&app, &browser, "acme", &[]).await;
            let mut claims = trip.claims(&who);
            claims[name] = change.clone();
            let back = trip.back_with(trip.issuer.signed(&claims)).await;
            assert!(!is_in(&browser).await, "{name}: {change}");
            back.leads_to("/login");
            assert!(browser.get("/login").await.body.contains("could not be trusted"));
        }
        assert_eq!(count(&app, "users").await, 0);
    }

    async fn signatures_that_are_not_the_issuers_sign_nobody_in(app: App, with &settings()) {
        for forge in 0..7 {
            let browser = app.browser();
            let trip = Trip::begin(&app, &browser, "acme", &[]).await;
            let claims = trip.claims(&vouched("7", OLIVIA));
            let signed = trip.issuer.signed(&claims);
            let (head, rest) = signed.split_once('.').unwrap();
            let (body, signature) = rest.split_once('.').unwrap();
            let unsigned = |alg: &str| encoded(&json!({ "alg": alg, "kid": trip.issuer.kid() }));
            let token = match forge {
                0 => format!("{}.{body}.", unsigned("none")),
                1 => format!("{}.{body}.{signature}", unsigned("none")),
                2 => format!("{}.{body}.{}", unsigned("HS256"), hmac(&format!("{}.{body}", unsigned("HS256")), CLIENT.1)),
                3 => format!("{head}.{}.{signature}", encoded(&trip.claims(&vouched("8", OLIVIA)))),
                4 => format!("{head}.{body}.{}", issuer(&app, 1).signature(&format!("{head}.{body}"))),
                5 => format!("{head}.{body}"),
                _ => format!("{head}.{body}.{}", "A".repeat(signature.len())),
            };
            trip.back_with(token).await.leads_to("/login");
            assert!(!is_in(&browser).await, "forgery {forge}");
        }
        assert_eq!(count(&app, "users").await, 0);
    }

    async fn a_new_key_is_looked_for_and_a_secret_one_is_not_believed(app: App, with &settings()) {
        let browser = app.browser();
        Trip::begin(&app, &browser, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
        let acme = issuer(&app, 0);
        acme.takes_another_key(true);
        let browser = app.browser();
        Trip::begin(&app, &browser, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/onboarding");
        acme.takes_another_key(false);
        let browser = app.browser();
        Trip::begin(&app, &browser, "acme", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/login");
    }

    async fn a_provider_that_says_it_is_another_is_not_asked(app: App, with &settings()) {
        let evil = issuer(&app, 1);
        let acme = &app.keel.settings().providers[0].issuer;
        let browser = app.browser();
        for (name, value) in [("issuer", json!(acme)), ("authorization_endpoint", json!(format!("{acme}/authorize"))), ("token_endpoint", Value::Null)] {
            evil.says_of_itself(&[(name, value)]);
            browser.form("/auth/oauth/evil", &[]).await.leads_to("/login");
            assert!(browser.get("/login").await.body.contains("could not be trusted"), "{name}");
        }
        // A key is asked for at no address of ours, nor of the network's.
        evil.says_of_itself(&[("jwks_uri", json!("http://10.0.0.1/keys"))]);
        Trip::begin(&app, &browser, "evil", &[]).await.back_as(vouched("7", OLIVIA)).await.leads_to("/login");
        assert_eq!(count(&app, "users").await, 0);
    }

    async fn refusals_of_the_provider_lead_back_with_a_message(app: App, with &settings()) {
        for (error, said, look) in [
            ("access_denied", "you did not go on there", "flash-info"),
            ("server_error", "could not be trusted", "flash-warning"),
            ("%3Cb%3E", "could not be trusted", "flash-warning"),
        ] {
            let browser = app.browser();
            let trip = Trip::begin(&app, &browser, "acme", &[("redirectTo", "/pricing")]).await;
            let back = format!("/auth/oauth/acme/callback?error={error}&error_description=%3Cscript%3E&state={}", trip.sent["state"]);
            browser.get(&back).await.leads_to("/login?redirectTo=/pricing");
            let page = browser.get("/login").await;
            assert!(page.body.contains(said) && page.body.contains(look) && !page.body.contains("<script>"), "{error}: {}", page.body);
        }
        let browser = app.browser();
        for garbage in ["", "?state=", "?code=a", "?state=%00&code=%ff", "?state=a&state=b"] {
            let answer = browser.get(&format!("/auth/oauth/acme/callback{garbage}")).await;
            assert!(matches!(answer.status, 303 | 400), "{garbage}: {}", answer.status);
        }
        let elsewhere = browser.request(Method::POST, "/auth/oauth/acme").header("sec-fetch-site", "cross-site").header("accept", "text/html");
        let elsewhere = elsewhere.header("content-type", "application/x-www-form-urlencoded").body("");
        assert_eq!(browser.send(elsewhere).await.status, 403, "no other site begins a trip");
        browser.get("/auth/oauth/acme").await.leads_to("/login");
    }

    async fn nothing_by_which_a_trip_could_be_finished_is_kept(app: App, with &settings()) {
        let browser = app.browser();
        let trip = Trip::begin(&app, &browser, "acme", &[]).await;
        let token = browser.cookie("keel_trip").unwrap();
        let kept = app.db.text("SELECT browser_hash || provider || COALESCE(session_id, '') || COALESCE(next, '') FROM provider_trips").await;
        for secret in [&token, &trip.sent["state"], &trip.sent["nonce"]] {
            assert!(!kept.contains(secret.as_str()));
        }
    }
}

fn hmac(text: &str, key: &str) -> String {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}
