//! Sessions: how a person sees and ends them, that the end is final, and who is told of a new one.

use super::{
    END, END_OTHERS, LIVE_SESSIONS, NEW_SIGN_IN, OLIVIA, PASSWORD, SECURITY, ends, is_signed_in, mails_about, session_of, with_password,
};
use crate::both;
use crate::support::{ACME, App, Browser, Cast, scaled, together};
use http::header;
use keel_types::time::{DAY, MINUTE};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/604.1";

/// Signs an address in by its mailbox, in a browser that says it is this one.
async fn sign_in_as(app: &App, browser: &Browser, email: &str, agent: &str, by_link: bool) {
    browser.form("/api/auth/request-link", &[("email", email)]).await.leads_to("/verify");
    let (token, code) = (app.link_token(email).await, app.code(email).await);
    let request = if by_link {
        browser.posted("/api/auth/confirm-link", &[("token", &token)])
    } else {
        browser.posted("/api/auth/verify-otp", &[("code", &code)])
    };
    assert_eq!(browser.send(request.header(header::USER_AGENT, agent)).await.status, 303);
}

/// How many mails tell of a new sign-in.
async fn told(app: &App) -> usize {
    mails_about(app, OLIVIA, NEW_SIGN_IN).await.len()
}

both! {
    async fn a_person_sees_where_they_are_signed_in_and_ends_it(app: App) {
        let (desk, phone) = (app.browser(), app.browser());
        sign_in_as(&app, &desk, OLIVIA, FIREFOX, false).await;
        sign_in_as(&app, &phone, OLIVIA, IPHONE, true).await;
        app.sign_in("eve@evil.example").await;
        let page = desk.get(SECURITY).await;
        for text in ["Firefox on Linux", "Safari on iPhone", "127.0.0.1", "by a code in a mail", "by a link in a mail"] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
        assert_eq!(page.body.matches("This device").count(), 1);
        let buttons: Vec<_> = page.forms().into_iter().filter(|form| form.url() == END).collect();
        assert_eq!(buttons.len(), 1, "one cannot end this one here, nor somebody else's");
        assert!(!page.body.contains("Unknown device"), "nothing of Eve's");

        desk.form(&buttons[0].action, &buttons[0].filled(&[])).await.leads_to(SECURITY);
        let page = desk.get(SECURITY).await;
        assert!(page.body.contains("The session is over.") && !page.body.contains("Safari on iPhone"), "{}", page.body);
        assert!(page.forms().iter().all(|form| form.url() != END && form.url() != END_OTHERS), "there is no other one to end");
        assert_eq!(phone.get(SECURITY).await.status, 303);
        assert!(is_signed_in(&desk).await);
        desk.form(&buttons[0].action, &buttons[0].filled(&[])).await.leads_to(SECURITY);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'session.ended'").await, 1, "over is over");
    }

    async fn what_is_over_is_not_listed(app: App) {
        let (desk, phone, left) = (app.browser(), app.browser(), app.browser());
        sign_in_as(&app, &desk, OLIVIA, FIREFOX, false).await;
        sign_in_as(&app, &phone, OLIVIA, IPHONE, false).await;
        sign_in_as(&app, &left, OLIVIA, "curl/8", false).await;
        left.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        app.advance(13 * DAY).await;
        let page = desk.get(SECURITY).await.body;
        assert!(page.contains("Safari on iPhone") && !page.contains("curl"));
        app.settles("SELECT COUNT(*) FROM user_sessions WHERE last_seen_at > created_at", 1).await;
        app.advance(DAY + MINUTE).await;
        assert!(!desk.get(SECURITY).await.body.contains("Safari on iPhone"), "nobody used it for fourteen days");
        app.advance(60 * DAY).await;
        app.settles("SELECT COUNT(*) FROM user_sessions", 0).await;
    }

    async fn nobody_ends_somebody_elses_session(app: App) {
        let (olivia, eve) = (app.sign_in(OLIVIA).await, app.sign_in("eve@evil.example").await);
        let hers = session_of(&app, &olivia).await;
        let unknown = "ses_00000000000000000000000000000000";
        for session in [hers.as_str(), unknown, "", "x"] {
            assert_eq!(ends(&eve, session).await.problem(), (404, "NOT_FOUND".to_owned()), "{session}");
        }
        assert_eq!(ends(&app.browser(), &hers).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        assert!(is_signed_in(&olivia).await);
        app.advance(11 * MINUTE).await;
        for path in [END, END_OTHERS] {
            assert_eq!(olivia.json(path, &json!({ "session": hers })).await.problem(), (401, "STEP_UP_REQUIRED".to_owned()), "{path}");
        }
    }

    async fn all_others_end_at_once(app: App) {
        let (desk, eve) = (app.sign_in(OLIVIA).await, app.sign_in("eve@evil.example").await);
        let others = [app.sign_in(OLIVIA).await, app.sign_in(OLIVIA).await, app.sign_in(OLIVIA).await];
        let form = desk.get(SECURITY).await.form_to(END_OTHERS);
        desk.form(&form.action, &form.filled(&[])).await.leads_to(SECURITY);
        for other in &others {
            assert!(!is_signed_in(other).await);
        }
        assert!(is_signed_in(&desk).await && is_signed_in(&eve).await);
    }

    async fn of_two_that_end_each_other_one_stays(app: App) {
        for round in 0..scaled(5, 50) {
            app.db.run("DELETE FROM limits").await;
            let email = format!("two{round}@acme.example");
            let pair = [app.sign_in(&email).await, app.sign_in(&email).await];
            let statuses = together(pair.each_ref().map(|browser| {
                let browser = browser.copy();
                async move { browser.json(END_OTHERS, &json!({})).await.status }
            }))
            .await;
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
            assert!(statuses.contains(&401), "{statuses:?}");
            assert_ne!(is_signed_in(&pair[0]).await, is_signed_in(&pair[1]).await);
        }
    }

    async fn nothing_begins_after_a_session_has_ended(app: App) {
        let owner = app.sign_in(OLIVIA).await;
        for round in 0..scaled(4, 40) {
            app.db.run("DELETE FROM limits").await;
            let thief = app.sign_in(OLIVIA).await;
            let session = session_of(&app, &thief).await;
            let writers: Vec<_> = (0..6)
                .map(|writer| {
                    let thief = thief.copy();
                    tokio::spawn(async move {
                        let mut written = vec![];
                        loop {
                            let began = Instant::now();
                            let told = json!({ "first_name": format!("Thief {round}"), "last_name": format!("Writer {writer}") });
                            match thief.json("/api/profile/save", &told).await.status {
                                200 => written.push(began),
                                status => break (status, written),
                            }
                        }
                    })
                })
                .collect();
            app.settles(&format!("SELECT COUNT(*) FROM user_profiles WHERE first_name = 'Thief {round}'"), 1).await;
            assert_eq!(ends(&owner, &session).await.status, 200);
            let ended = Instant::now();
            let mut count = 0;
            for writer in writers {
                let (status, written) = writer.await.unwrap();
                assert_eq!(status, 401);
                assert!(written.iter().all(|began| *began < ended), "a write began after the end");
                count += written.len();
            }
            assert!(count > 0, "somebody was writing");
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM user_sessions WHERE id = '{session}' AND revoked_at IS NOT NULL")).await, 1);
        }
    }

    async fn who_is_thrown_out_while_they_wait_does_nothing_that_lasts(app: App) {
        const EVE: &str = "eve@evil.example";
        let cast = Cast::gather(&app).await;
        let corporation = app.db.text("SELECT id FROM accounts WHERE slug = 'evil-corp'").await;
        app.db.run("UPDATE accounts SET max_members = 20 WHERE slug = 'acme'").await;
        let invited = cast.adam.json("/api/org/invite", &json!({ "account": ACME, "emails": EVE, "role": "member" })).await;
        assert_eq!(invited.status, 200, "{}", invited.body);
        let mail = app.mail(EVE).await;
        let invitation = mail["links"][0].as_str().unwrap().split_once("/invitations/").unwrap().1;
        for (path, body) in [
            ("/api/user/close-account", json!({ "confirmation": EVE, "workspaces": corporation })),
            ("/api/user/export-data", json!({})),
            ("/api/workspaces/create", json!({ "name": "Too late" })),
            ("/api/invitations/accept", json!({ "token": invitation })),
        ] {
            let thief = app.sign_in(EVE).await;
            let session = session_of(&app, &thief).await;
            let person = format!("UPDATE users SET revision = revision + 1 WHERE email = '{EVE}'");
            let held = app.db.hold(&[&person, &format!("UPDATE user_sessions SET revoked_at = 1 WHERE id = '{session}'")]).await;
            let waits = tokio::spawn(async move { thief.json(path, &body).await.status });
            tokio::time::sleep(Duration::from_millis(300)).await;
            held.commit().await;
            assert_eq!(waits.await.unwrap(), 401, "{path}");
        }
        for nothing in [
            "SELECT COUNT(*) FROM closings",
            "SELECT COUNT(*) FROM exports",
            "SELECT COUNT(*) FROM accounts WHERE name = 'Too late'",
            "SELECT COUNT(*) FROM invitations WHERE state = 'accepted' AND email = 'eve@evil.example'",
        ] {
            assert_eq!(app.db.number(nothing).await, 0, "{nothing}");
        }
    }

    async fn a_token_renewed_at_the_same_instant_does_not_outlive_the_end(app: App) {
        let owner = app.sign_in(OLIVIA).await;
        for _ in 0..scaled(6, 60) {
            app.db.run("DELETE FROM limits").await;
            let thief = Arc::new(app.sign_in(OLIVIA).await);
            let session = session_of(&app, &thief).await;
            assert_eq!(thief.json("/api/auth/mail-code", &json!({})).await.status, 200);
            let code = app.code(OLIVIA).await;
            let (renews, ending) = (thief.clone(), owner.copy());
            let (renewed, ended) = tokio::join!(
                async move { renews.json("/api/auth/confirm-code", &json!({ "code": code })).await.status },
                async move { ends(&ending, &session).await.status },
            );
            assert!([200, 401].contains(&renewed) && ended == 200, "{renewed} {ended}");
            assert!(!is_signed_in(&thief).await, "whichever came first");
        }
        assert_eq!(app.db.number(LIVE_SESSIONS).await, 1);
    }

    async fn what_was_seen_last_never_revives_a_session(app: App) {
        let (owner, thief) = (app.sign_in(OLIVIA).await, app.sign_in(OLIVIA).await);
        let session = session_of(&app, &thief).await;
        app.advance(6 * MINUTE).await;
        let visits = (0..20).map(|_| thief.copy()).map(|thief| async move { thief.get(SECURITY).await.status });
        let ending = owner.copy();
        let ended = session.clone();
        let (visits, ending) = tokio::join!(together(visits.collect::<Vec<_>>()), async move { ends(&ending, &ended).await.status });
        assert!(ending == 200 && visits.iter().all(|status| [200, 303].contains(status)), "{visits:?}");
        // The worker has written down what was seen before once it has written a later visit of the owner's.
        app.advance(6 * MINUTE).await;
        let later = app.keel.now().0;
        assert!(is_signed_in(&owner).await);
        app.settles(&format!("SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL AND last_seen_at >= {later}"), 1).await;
        assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM user_sessions WHERE id = '{session}' AND revoked_at IS NULL")).await, 0);
        assert!(!is_signed_in(&thief).await);
    }

    async fn a_sign_in_from_a_browser_that_is_not_known_is_told_by_mail(app: App) {
        let olivia = with_password(&app, OLIVIA).await;
        assert_eq!(told(&app).await, 0, "the very first sign-in is no news");
        for _ in 0..2 {
            olivia.form("/api/auth/sign-out", &[]).await.leads_to("/login");
            olivia.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/onboarding");
        }
        app.sign_in_with(&olivia, OLIVIA).await;
        assert_eq!(told(&app).await, 0, "nor is one from the same browser");

        let phone = app.browser();
        sign_in_as(&app, &phone, OLIVIA, IPHONE, true).await;
        let mail = mails_about(&app, OLIVIA, NEW_SIGN_IN).await.remove(0);
        let text = mail["text"].as_str().unwrap();
        assert!(text.contains("Safari on iPhone") && text.contains("127.0.0.1") && text.contains("UTC"), "{text}");
        assert_eq!(mail["links"][0], format!("{}{SECURITY}", app.base));
        let by_password = app.browser();
        by_password.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/onboarding");
        assert_eq!(told(&app).await, 2);
        app.sign_in(OLIVIA).await;
        assert_eq!(told(&app).await, 3, "by code");
        let eve = app.sign_in("eve@evil.example").await;
        eve.form("/api/auth/sign-out", &[]).await.leads_to("/login");
        eve.form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await.leads_to("/onboarding");
        assert_eq!(told(&app).await, 4, "a browser that is known to be Eve's");
        let reset = app.browser();
        reset.form("/api/auth/request-reset", &[("email", OLIVIA)]).await.leads_to("/forgot-password");
        let token = app.link_token(OLIVIA).await;
        let chosen = [("token", token.as_str()), ("password", "a longer walk on the pier")];
        reset.form("/api/auth/reset-password", &chosen).await.leads_to("/onboarding");
        assert_eq!(told(&app).await, 5);
        let wrong = app.browser().form("/api/auth/sign-in", &[("email", OLIVIA), ("password", PASSWORD)]).await;
        assert_eq!((wrong.status, told(&app).await), (422, 5), "who did not get in is no news");
    }

    async fn what_browsers_say_they_are_is_inert(app: App) {
        let olivia = app.browser();
        sign_in_as(&app, &olivia, OLIVIA, "<script>alert(1)</script>\"' Firefox/1", false).await;
        let page = olivia.get(SECURITY).await.body;
        assert!(page.contains("Firefox") && !page.contains("alert(1)"), "{page}");
    }
}
