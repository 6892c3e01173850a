//! Known browsers: where a person's own sign-in is no news, until its session is ended from elsewhere.

use super::{END_OTHERS, NEW_SIGN_IN, OLIVIA, PASSWORD, ends, is_signed_in, mails_about, session_of, with_password};
use crate::both;
use crate::support::{App, Browser, scaled};
use keel_types::time::DAY;
use serde_json::json;

const BETTER: &str = "a longer walk on the pier";
const KNOWN: &str = "SELECT COUNT(*) FROM known_browsers";

async fn told(app: &App, email: &str) -> usize {
    mails_about(app, email, NEW_SIGN_IN).await.len()
}

/// Signs Olivia in by her password; gives how many mails have told her of a new sign-in by then.
async fn signs_in(app: &App, browser: &Browser, password: &str) -> usize {
    let answer = browser.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", password)]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    told(app, OLIVIA).await
}

async fn signs_out(browser: &Browser) {
    browser.form("/api/auth/sign-out", &[]).await.leads_to("/login");
}

both! {
    async fn a_browser_whose_session_was_ended_elsewhere_is_news_again(app: App) {
        let (desk, phone) = (with_password(&app, OLIVIA).await, app.sign_in(OLIVIA).await);
        signs_out(&phone).await;
        assert_eq!(signs_in(&app, &phone, PASSWORD).await, 1, "who signed out there is known there");
        assert_eq!(ends(&desk, &session_of(&app, &phone).await).await.status, 200);
        assert_eq!(signs_in(&app, &phone, PASSWORD).await, 2);
        signs_out(&phone).await;
        assert_eq!(signs_in(&app, &phone, PASSWORD).await, 2, "it was told of, and is known again");

        let tablet = app.sign_in(OLIVIA).await;
        signs_out(&tablet).await;
        assert_eq!(desk.json(END_OTHERS, &json!({})).await.status, 200);
        assert_eq!(signs_in(&app, &phone, PASSWORD).await, 4);
        assert_eq!(signs_in(&app, &tablet, PASSWORD).await, 5, "all others are ended, those that were signed out too");
        signs_out(&desk).await;
        assert_eq!(signs_in(&app, &desk, PASSWORD).await, 5, "but the one where they were ended");
    }

    async fn another_password_makes_every_other_browser_news(app: App) {
        let (desk, phone) = (with_password(&app, OLIVIA).await, app.sign_in(OLIVIA).await);
        let change = json!({ "current_password": PASSWORD, "password": BETTER });
        assert_eq!(desk.json("/api/auth/change-password", &change).await.status, 200);
        assert_eq!(signs_in(&app, &phone, BETTER).await, 2);
        signs_out(&desk).await;
        assert_eq!(signs_in(&app, &desk, BETTER).await, 2, "where it was changed is known");

        phone.form("/api/auth/request-reset", &[("email", OLIVIA)]).await.leads_to("/forgot-password");
        let token = app.link_token(OLIVIA).await;
        let chosen = [("token", token.as_str()), ("password", PASSWORD)];
        assert_eq!(phone.form("/api/auth/reset-password", &chosen).await.status, 303);
        assert_eq!(told(&app, OLIVIA).await, 2, "where it was chosen anew is known");
        assert_eq!(signs_in(&app, &desk, PASSWORD).await, 3);
    }

    async fn what_is_tried_where_a_session_was_ended_counts_as_a_strangers(app: App) {
        let (desk, phone) = (with_password(&app, OLIVIA).await, app.sign_in(OLIVIA).await);
        let strangers = format!("SELECT COUNT(*) FROM limits WHERE key = 'password: {OLIVIA}' AND taken = 1");
        let wrong = json!({ "email": OLIVIA, "password": BETTER });
        let session = session_of(&app, &phone).await;
        assert_eq!(phone.json("/api/auth/sign-in", &wrong).await.status, 422);
        assert_eq!(app.db.number(&strangers).await, 0);
        assert_eq!(ends(&desk, &session).await.status, 200);
        assert_eq!(phone.json("/api/auth/sign-in", &wrong).await.status, 422);
        assert_eq!(app.db.number(&strangers).await, 1);
    }

    async fn the_end_of_a_session_reaches_who_signed_in_there_again(app: App) {
        let (desk, phone) = (with_password(&app, OLIVIA).await, app.sign_in(OLIVIA).await);
        let listed = session_of(&app, &phone).await;
        assert_eq!(signs_in(&app, &phone, PASSWORD).await, 1);
        assert_ne!(session_of(&app, &phone).await, listed);
        assert_eq!(ends(&desk, &listed).await.status, 200);
        assert!(!is_signed_in(&phone).await && is_signed_in(&desk).await);
        assert_eq!(signs_in(&app, &phone, PASSWORD).await, 2);
    }

    async fn who_copied_the_browser_of_the_person_is_ended_without_them(app: App) {
        let (desk, thief) = (with_password(&app, OLIVIA).await, app.browser());
        thief.set_cookie("keel_device", &desk.cookie("keel_device").unwrap());
        assert_eq!(signs_in(&app, &thief, PASSWORD).await, 0);
        assert_eq!(ends(&desk, &session_of(&app, &thief).await).await.status, 200);
        assert!(!is_signed_in(&thief).await && is_signed_in(&desk).await);
        assert_eq!(signs_in(&app, &thief, PASSWORD).await, 1);
    }

    async fn signing_in_while_the_browser_is_ended_is_ended_or_told(app: App) {
        let mut kept = 0;
        for round in 0..scaled(6, 60) {
            app.db.run("DELETE FROM limits").await;
            let email = format!("raced{round}@acme.example");
            let (owner, thief) = (app.sign_in(&email).await, app.sign_in(&email).await);
            let session = session_of(&app, &thief).await;
            thief.form("/api/auth/request-link", &[("email", &email)]).await.leads_to("/verify");
            let code = app.code(&email).await;
            let (ended, entered) = tokio::join!(
                async { ends(&owner, &session).await.status },
                async { thief.json("/api/auth/verify-otp", &json!({ "code": code })).await.status },
            );
            assert_eq!((ended, entered), (200, 200));
            let stays = is_signed_in(&thief).await;
            assert_eq!(told(&app, &email).await, 1 + usize::from(stays), "whichever came first");
            kept += usize::from(stays);
        }
        println!("{kept} came after the end, and were told of");
    }

    async fn a_session_of_before_browsers_were_kept_ends_alone_and_is_news_once(app: App) {
        let (desk, phone, tablet) = (with_password(&app, OLIVIA).await, app.sign_in(OLIVIA).await, app.sign_in(OLIVIA).await);
        app.db.run("UPDATE user_sessions SET browser_id = NULL").await;
        app.db.run("DELETE FROM known_browsers").await;
        assert_eq!(ends(&desk, &session_of(&app, &phone).await).await.status, 200);
        assert!(!is_signed_in(&phone).await && is_signed_in(&tablet).await);
        assert_eq!(desk.json(END_OTHERS, &json!({})).await.status, 200);
        assert!(!is_signed_in(&tablet).await && is_signed_in(&desk).await);
        for _ in 0..2 {
            assert_eq!(signs_in(&app, &desk, PASSWORD).await, 3, "once");
        }
    }

    async fn a_browser_is_known_for_a_year(app: App) {
        app.sign_in(OLIVIA).await;
        assert_eq!(app.db.number(KNOWN).await, 1);
        app.advance(366 * DAY).await;
        app.settles(KNOWN, 0).await;
    }
}
