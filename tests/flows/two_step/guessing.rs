//! Whoever has the first factor cannot guess the second, nor keep its person out by trying.

use super::{OLIVIA, PASSWORD, fault_of, olivia, shows};
use crate::both;
use crate::support::{App, Browser, together};
use http::header;
use keel_types::time::{HOUR, MINUTE};
use std::net::Ipv4Addr;

/// The first factor, from another address of this machine.
async fn knows_the_password(app: &App, address: u8) -> Browser {
    let browser = Browser::at(&app.base, Ipv4Addr::new(127, 0, 4, address));
    browser.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/two-step");
    browser
}

both! {
    async fn the_fifth_wrong_code_is_the_last_and_its_person_is_told(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let thief = app.begins_to_sign_in(OLIVIA).await;
        let wrong = authenticator.wrong_code(&app);
        for _ in 0..4 {
            assert_eq!(fault_of(&thief, &wrong).await, "wrong_app_code");
        }
        assert!(!app.mail(OLIVIA).await["subject"].as_str().unwrap().contains("tried"));
        assert_eq!(fault_of(&thief, &wrong).await, "start_over");
        assert_eq!(app.mail(OLIVIA).await["subject"], "Somebody tried to sign in as you");
        assert_eq!(fault_of(&thief, &authenticator.code(&app)).await, "start_over", "not even the right one");
        let page = shows(&thief, &wrong).await;
        assert!(page.status == 422 && page.body.contains("Start over") && !page.body.contains(&wrong), "{}", page.body);
        let failed = "SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed' AND metadata LIKE '%totp%'";
        assert_eq!(app.db.number(failed).await, 5);
        shows(&app.begins_to_sign_in(OLIVIA).await, &authenticator.code(&app)).await.leads_to("/org-dashboard");
    }

    async fn the_fifth_code_may_be_the_right_one(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let browser = app.begins_to_sign_in(OLIVIA).await;
        for _ in 0..4 {
            assert_eq!(shows(&browser, &authenticator.wrong_code(&app)).await.status, 422);
        }
        shows(&browser, &authenticator.code(&app)).await.leads_to("/org-dashboard");
    }

    async fn wrong_codes_at_once_have_five_tries_in_all(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let thief = app.begins_to_sign_in(OLIVIA).await;
        let calls = (0..30).map(|_| {
            let (browser, wrong) = (thief.copy(), authenticator.wrong_code(&app));
            async move { shows(&browser, &wrong).await.status }
        });
        let statuses = together(calls.collect::<Vec<_>>()).await;
        assert!(statuses.iter().all(|status| [422, 429].contains(status)), "{statuses:?}");
        assert_eq!(app.db.number("SELECT tries FROM second_steps").await, 5);
        assert_eq!(fault_of(&thief, &authenticator.code(&app)).await, "start_over");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed'").await, 5);
    }

    async fn new_steps_and_addresses_give_no_more_tries(app: App) {
        let (authenticator, codes) = olivia(&app).await;
        let mut wrong = 0;
        for address in 1..=5 {
            let thief = knows_the_password(&app, address).await;
            for _ in 0..5 {
                let answer = shows(&thief, &authenticator.wrong_code(&app)).await;
                assert_eq!(answer.status, if wrong < 20 { 422 } else { 429 }, "{wrong}");
                wrong += 1;
                if answer.status == 429 {
                    let wait: i64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
                    assert!((1..=6 * 3_600).contains(&wait), "{wait}");
                    assert!(answer.body.contains("Start over"), "the form is there again");
                }
            }
        }
        let stranger = knows_the_password(&app, 9).await;
        assert_eq!(shows(&stranger, &authenticator.code(&app)).await.status, 429, "even the right one, where nobody signed in before");
        let paper = [("recovery_code", codes[0].as_str())];
        stranger.form("/api/auth/verify-second-step", &paper).await.leads_to("/org-dashboard");
        app.advance(6 * HOUR + MINUTE).await;
        shows(&knows_the_password(&app, 9).await, &authenticator.code(&app)).await.leads_to("/org-dashboard");
    }

    async fn strangers_keep_nobody_out_of_their_own_browser(app: App) {
        let (authenticator, _) = olivia(&app).await;
        let own = app.begins_to_sign_in(OLIVIA).await;
        shows(&own, &authenticator.code(&app)).await.leads_to("/org-dashboard");
        own.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        for address in 1..=4 {
            let thief = knows_the_password(&app, address).await;
            for _ in 0..5 {
                assert_eq!(shows(&thief, &authenticator.wrong_code(&app)).await.status, 422);
            }
        }
        app.advance(MINUTE).await;
        own.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/two-step");
        shows(&own, &authenticator.code(&app)).await.leads_to("/org-dashboard");
    }
}
