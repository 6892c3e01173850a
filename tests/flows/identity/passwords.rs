//! A person's own password: another one, and a first one.

use super::{LIVE_SESSIONS, OLIVIA, PASSWORD, SECURITY, fault, is_signed_in, with_password};
use crate::both;
use crate::support::{Answer, App, Browser, scaled, together};
use keel_types::time::MINUTE;
use serde_json::json;

const BETTER: &str = "a longer walk on the pier";
const CHANGE: &str = "/api/auth/change-password";
const SET: &str = "/api/auth/set-password";
const NOTICES: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject = 'Your password for Keel was changed'";

async fn changes(browser: &Browser, current: &str, new: &str) -> Answer {
    browser.json(CHANGE, &json!({ "current_password": current, "password": new })).await
}

async fn fits(app: &App, password: &str) -> bool {
    let answer = app.browser().form("/api/auth/sign-in", &[("email", OLIVIA), ("password", password)]).await;
    assert!([303, 422].contains(&answer.status), "{}", answer.body);
    answer.status == 303
}

fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

both! {
    async fn a_password_is_changed_by_who_knows_it(app: App) {
        let desk = with_password(&app, OLIVIA).await;
        let phone = app.sign_in(OLIVIA).await;
        app.browser().form("/api/auth/request-reset", &[("email", OLIVIA)]).await.leads_to("/forgot-password");
        let reset = app.link_token(OLIVIA).await;
        app.advance(11 * MINUTE - 30_000).await;
        let form = desk.get(SECURITY).await.form_to(CHANGE);
        let wrong = desk.form(&form.action, &form.filled(&[("current_password", BETTER), ("password", BETTER)])).await;
        assert!(wrong.status == 422 && wrong.body.contains("id=\"current_password-error\"") && !wrong.body.contains(BETTER), "{}", wrong.body);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'auth.failed'").await, 1);
        for (current, new, field, why) in [
            (PASSWORD, "short", "password", "too_short"),
            (PASSWORD, "password123", "password", "common_password"),
            (PASSWORD, "", "password", "required"),
            ("", BETTER, "current_password", "required"),
            (BETTER, BETTER, "current_password", "not_the_password"),
        ] {
            assert_eq!(fault(&changes(&desk, current, new).await), (field.to_owned(), why.to_owned()), "{current} {new}");
        }
        assert!(is_signed_in(&phone).await && fits(&app, PASSWORD).await, "nothing changed");

        let before = desk.copy();
        let form = desk.get(SECURITY).await.form_to(CHANGE);
        desk.form(&form.action, &form.filled(&[("current_password", PASSWORD), ("password", BETTER)])).await.leads_to(SECURITY);
        assert!(desk.get(SECURITY).await.body.contains("Your new password is saved."));
        assert!(!is_signed_in(&phone).await && !is_signed_in(&before).await, "the others ended, and this one has another token");
        assert_eq!((app.db.number(LIVE_SESSIONS).await, app.db.number(NOTICES).await), (1, 1));
        let chosen = [("token", reset.as_str()), ("password", PASSWORD)];
        assert_eq!(app.browser().form("/api/auth/reset-password", &chosen).await.status, 410, "links to a new one ended too");
        assert!(!fits(&app, PASSWORD).await && fits(&app, BETTER).await);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'user.password_changed'").await, 1);
    }

    async fn a_first_password_is_set_by_who_has_just_proven_who_they_are(app: App) {
        let (desk, phone) = (app.sign_in(OLIVIA).await, app.sign_in(OLIVIA).await);
        let page = desk.get(SECURITY).await;
        assert!(!page.body.contains("current_password"), "there is none to ask for");
        let form = page.form_to(SET);
        app.advance(11 * MINUTE).await;
        let asked = desk.form(&form.action, &form.filled(&[("password", PASSWORD)])).await;
        assert!(asked.location().starts_with("/step-up?"), "{}", asked.location());
        let kept = desk.cookie("keel_typed").map(|kept| kept.len());
        desk.form(&form.action, &form.filled(&[("password", &PASSWORD.repeat(5))])).await;
        assert_eq!(desk.cookie("keel_typed").map(|kept| kept.len()), kept, "a password is not kept meanwhile");
        let again = app.sign_in(OLIVIA).await;
        assert_eq!(fault(&again.json(SET, &json!({ "password": "princess1" })).await).1, "common_password");
        assert_eq!(fault(&changes(&again, PASSWORD, BETTER).await).1, "not_the_password", "who has none knows none");
        again.form(&form.action, &form.filled(&[("password", PASSWORD)])).await.leads_to(SECURITY);
        assert!(!is_signed_in(&desk).await && !is_signed_in(&phone).await && is_signed_in(&again).await);
        assert_eq!(app.db.number(NOTICES).await, 1);
        assert_eq!(fault(&again.json(SET, &json!({ "password": BETTER })).await), ("current_password".to_owned(), "required".to_owned()));
        assert!(again.get(SECURITY).await.body.contains("Current password"));
        assert!(fits(&app, PASSWORD).await && !fits(&app, BETTER).await);
    }

    async fn of_many_new_passwords_at_once_one_is_kept(app: App) {
        let olivia = with_password(&app, OLIVIA).await;
        let statuses = together((0..8).map(|number| {
            let browser = olivia.copy();
            async move { changes(&browser, PASSWORD, &format!("{BETTER} {number}")).await.status }
        }))
        .await;
        assert_eq!(count(&statuses, 200), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 401, 422].contains(status)), "{statuses:?}");
        assert_eq!(app.db.number(NOTICES).await, 1);
        assert!(!fits(&app, PASSWORD).await);

        let max = app.sign_in("max@acme.example").await;
        let statuses = together((0..8).map(|number| {
            let browser = max.copy();
            async move { browser.json(SET, &json!({ "password": format!("{BETTER} {number}") })).await.status }
        }))
        .await;
        assert_eq!(count(&statuses, 200), 1, "{statuses:?}");
        assert_eq!(app.db.number(NOTICES).await, 2);
    }

    async fn who_is_thrown_out_while_the_password_is_hashed_changes_nothing(app: App) {
        for round in 0..scaled(4, 40) {
            app.db.run("DELETE FROM limits").await;
            let email = format!("thrown{round}@acme.example");
            let (thief, owner) = (with_password(&app, &email).await, app.sign_in(&email).await);
            let (changed, ended) = tokio::join!(async { changes(&thief, PASSWORD, BETTER).await.status }, async {
                tokio::time::sleep(std::time::Duration::from_millis(10 * round)).await;
                owner.json("/api/auth/end-other-sessions", &json!({})).await.status
            });
            assert!(matches!((changed, ended), (200, 401) | (401, 200)), "{changed} {ended}");
            let opens = async |password| {
                let fields = [("email", email.as_str()), ("password", password)];
                app.browser().form("/api/auth/sign-in", &fields).await.status == 303
            };
            assert_eq!((opens(BETTER).await, opens(PASSWORD).await), (changed == 200, changed == 401));
        }
    }

    async fn a_password_compared_while_the_address_becomes_another_makes_nobody_and_opens_nobody_elses_account(app: App) {
        for round in 0..scaled(4, 40) {
            app.db.run("DELETE FROM limits").await;
            let email = format!("moves{round}@acme.example");
            with_password(&app, &email).await;
            let people = app.db.number("SELECT COUNT(*) FROM users").await;
            // So many are hashed first that the address changes in between.
            let others = together((0..10).map(|number| {
                let browser = app.browser();
                async move { browser.json("/api/auth/sign-in", &json!({ "email": format!("never{number}@acme.example"), "password": PASSWORD })).await.status }
            }));
            let browser = app.browser();
            let comes = async {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                browser.json("/api/auth/sign-in", &json!({ "email": email, "password": PASSWORD })).await.status
            };
            let moves = async {
                tokio::time::sleep(std::time::Duration::from_millis(40 + 10 * round)).await;
                app.db.run(&format!("UPDATE users SET email = 'moved{round}@acme.example' WHERE email = '{email}'")).await;
            };
            let (_, came, ()) = tokio::join!(others, comes, moves);
            assert!([200, 422].contains(&came), "{came}");
            assert_eq!(is_signed_in(&browser).await, came == 200);
            assert_eq!(app.db.number("SELECT COUNT(*) FROM users").await, people, "nobody proved the mailbox: {came}");
        }
    }

    async fn tries_at_the_current_password_are_counted(app: App) {
        let olivia = with_password(&app, OLIVIA).await;
        for _ in 0..10 {
            assert_eq!(changes(&olivia, BETTER, BETTER).await.status, 422);
        }
        let refused = changes(&olivia, PASSWORD, BETTER).await;
        assert_eq!(refused.problem(), (429, "TOO_MANY".to_owned()), "even the right one");
        assert!(fits(&app, PASSWORD).await, "other browsers have tries of their own");
        app.advance(15 * MINUTE).await;
        assert_eq!(changes(&olivia, PASSWORD, BETTER).await.status, 200);
    }
}
