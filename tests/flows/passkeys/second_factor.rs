//! Passkeys as a second factor: behind a first one, and where a workspace requires one.

use super::*;
use crate::support::{ACME, Cast, NEXT_CODE, together};

/// Lets Acme require a second factor, or not; what is told.
async fn require(browser: &Browser, on: bool) -> String {
    told(&browser.json("/api/org/require-two-step", &json!({ "account": ACME, "two_step": on })).await)
}

async fn removes(browser: &Browser, id: &str) -> String {
    told(&browser.json("/api/passkeys/remove", &json!({ "passkey_id": id })).await)
}

fn told(answer: &Answer) -> String {
    if answer.status == 200 { "done".to_owned() } else { answer.problem().1 }
}

/// The ids of a person's passkeys, the oldest first.
async fn ids_of(app: &App, email: &str) -> Vec<String> {
    let whose = format!("JOIN users u ON u.id = p.user_id WHERE u.email = '{email}'");
    app.db.texts(&format!("SELECT p.id FROM passkeys p {whose} ORDER BY p.created_at, p.id")).await
}

both! {
    async fn a_passkey_takes_the_second_step_and_needs_none_after_it(app: App, with AT_A_NAME) {
        let desk = app.sign_in(OLIVIA).await;
        let mut device = added(&desk).await;
        assert_eq!(app.sign_in_with(&app.browser(), OLIVIA).await, "/onboarding", "a passkey alone asks nobody for a second step");
        app.adds_app(&desk).await;

        let phone = app.begins_to_sign_in(OLIVIA).await;
        let page = phone.get("/two-step").await;
        assert!(page.body.contains("Confirm with a passkey"), "{}", page.body);
        let form = page.forms().into_iter().rfind(|form| form.url() == "/api/auth/verify-second-step").unwrap();
        let again = phone.form(&form.action, &form.filled(&[("passkey", "NotAllowedError")])).await;
        assert!(again.status == 422 && again.body.contains("No passkey was used"), "{}", again.body);
        let mut stranger = added(&app.sign_in(MAX).await).await;
        let signed = stranger.signs(&asked(&phone, "second-factor").await);
        let answer = phone.json("/api/auth/verify-second-step", &json!({ "passkey": signed })).await;
        assert_eq!(fault(&answer), "passkey_of_another");
        let signed = device.signs(&asked(&phone, "second-factor").await);
        assert_eq!(fault(&signs_in(&phone, &signed).await), "passkey_expired", "it signs nobody in by itself");
        let signed = device.signs(&asked(&phone, "second-factor").await);
        phone.form(&form.action, &form.filled(&[("passkey", &signed)])).await.leads_to("/onboarding");
        let shown = "SELECT COUNT(*) FROM user_sessions s JOIN users u ON u.id = s.user_id
            WHERE u.email = 'olivia@acme.example' AND s.factor = 'code' AND s.second_factor = 'passkey'";
        assert_eq!(app.db.number(shown).await, 1);

        let tablet = app.browser();
        let signed = device.signs(&asked(&tablet, "sign-in").await);
        assert_eq!(signs_in(&tablet, &signed).await.json()["next"], "/onboarding", "both factors at once");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE factor = 'passkey' AND second_factor = 'passkey'").await, 1);
        app.advance(11 * MINUTE).await;
        assert!(tablet.get("/step-up").await.body.contains("Confirm with a passkey"));
        assert_eq!(confirms(&tablet, &device.signs(&asked(&tablet, "second-factor").await)).await.status, 200);
        assert_eq!(tablet.json("/api/passkeys/begin", &json!({})).await.status, 200);
    }

    async fn five_passkeys_that_are_not_the_persons_end_the_step_and_the_person_is_told(app: App, with AT_A_NAME) {
        let desk = app.sign_in(OLIVIA).await;
        let mut device = added(&desk).await;
        let authenticator = app.adds_app(&desk).await;
        let mut stranger = added(&app.sign_in(MAX).await).await;
        let thief = app.begins_to_sign_in(OLIVIA).await;
        let mut faults = vec![];
        for _ in 0..5 {
            let signed = stranger.signs(&asked(&thief, "second-factor").await);
            faults.push(fault(&thief.json("/api/auth/verify-second-step", &json!({ "passkey": signed })).await));
        }
        assert_eq!(faults, ["passkey_of_another", "passkey_of_another", "passkey_of_another", "passkey_of_another", "start_over"]);
        let signed = device.signs(&asked(&thief, "second-factor").await);
        let late = thief.json("/api/auth/verify-second-step", &json!({ "passkey": signed })).await;
        assert_eq!(fault(&late), "start_over", "not even the right one counts any more");
        assert_eq!(app.mail(OLIVIA).await["subject"], "Somebody tried to sign in as you");
        app.advance(NEXT_CODE).await;
        let phone = app.begins_to_sign_in(OLIVIA).await;
        phone.form("/api/auth/verify-second-step?at=/two-step", &[("code", &authenticator.code(&app))]).await.leads_to("/onboarding");
    }

    async fn where_a_workspace_requires_one_a_passkey_is_one(app: App, with AT_A_NAME) {
        let cast = Cast::gather(&app).await;
        added(&cast.olivia).await;
        let mut of_max = added(&cast.max).await;
        assert_eq!(require(&app.sign_in(OLIVIA).await, true).await, "TWO_STEP_OFF", "she has not signed in with it there");
        assert_eq!(require(&cast.olivia, true).await, "done");
        app.settles("SELECT COUNT(*) FROM two_step_news", 0).await;
        let told = app.db.texts("SELECT recipient FROM mail_outbox WHERE subject = 'Acme requires two-step verification'").await;
        assert!(told.contains(&"adam@acme.example".to_owned()) && !told.contains(&MAX.to_owned()), "{told:?}");

        assert_eq!(cast.max.get("/private-dashboard?account=acme").await.status, 200, "he has just added his");
        let desk = app.sign_in(MAX).await;
        let led = desk.get("/private-dashboard?account=acme").await.location().to_owned();
        assert_eq!(led, "/two-step/required?redirectTo=/private-dashboard%3Faccount%3Dacme&account=acme");
        let page = desk.get(&led).await;
        assert!(page.body.contains("Your passkey is one") && !page.body.contains("/two-step/set-up"), "{}", page.body);
        let form = page.form_to("/api/auth/confirm-second-factor");
        let again = desk.form(&form.action, &form.filled(&[("passkey", "NotAllowedError")])).await;
        assert!(again.status == 422 && again.body.contains("No passkey was used"), "{}", again.body);
        let signed = of_max.signs(&asked(&desk, "second-factor").await);
        desk.form(&form.action, &form.filled(&[("passkey", &signed)])).await.leads_to("/private-dashboard?account=acme");
        assert_eq!(desk.get("/private-dashboard?account=acme").await.status, 200);
        let phone = app.browser();
        assert_eq!(signs_in(&phone, &of_max.signs(&asked(&phone, "sign-in").await)).await.status, 200);
        assert_eq!(phone.get("/private-dashboard?account=acme").await.status, 200);
    }

    async fn the_last_second_factor_stays_while_a_workspace_requires_one(app: App, with AT_A_NAME) {
        let cast = Cast::gather(&app).await;
        added(&cast.olivia).await;
        assert_eq!(require(&cast.olivia, true).await, "done");
        let id = ids_of(&app, OLIVIA).await.remove(0);
        let form = cast.olivia.get(SECURITY).await.form_to("/api/passkeys/remove");
        let refused = cast.olivia.form(&form.action, &form.filled(&[])).await;
        assert!(refused.status == 409 && refused.body.contains("this is your only second factor"), "{}", refused.body);
        assert_eq!(removes(&cast.olivia, &id).await, "TWO_STEP_KEPT");

        app.adds_app(&cast.olivia).await;
        assert_eq!(told(&cast.olivia.json("/api/two-step/turn-off", &json!({})).await), "done", "the passkey is left");
        assert_eq!(cast.olivia.get("/org-dashboard").await.status, 200);
        app.adds_app(&cast.olivia).await;
        assert_eq!(removes(&cast.olivia, &id).await, "done", "the app is left");
        assert_eq!(told(&cast.olivia.json("/api/two-step/turn-off", &json!({})).await), "TWO_STEP_KEPT");
        assert_eq!(require(&cast.olivia, false).await, "done");
        assert_eq!(told(&cast.olivia.json("/api/two-step/turn-off", &json!({})).await), "done");
        assert_eq!(require(&cast.olivia, true).await, "TWO_STEP_OFF", "no session counts as begun with one any more");
    }

    async fn of_two_passkeys_removed_at_once_one_stays_where_one_is_required(app: App, with AT_A_NAME) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET two_step_required = TRUE WHERE slug = 'acme'").await;
        for round in 0..5 {
            while ids_of(&app, OLIVIA).await.len() < 2 {
                added(&cast.olivia).await;
            }
            let calls = ids_of(&app, OLIVIA).await.into_iter().map(|id| (cast.olivia.copy(), id));
            let outcomes = together(calls.map(|(browser, id)| async move { removes(&browser, &id).await }).collect::<Vec<_>>()).await;
            assert_eq!(outcomes.iter().filter(|outcome| *outcome == "done").count(), 1, "{round}: {outcomes:?}");
            assert!(outcomes.contains(&"TWO_STEP_KEPT".to_owned()), "{round}: {outcomes:?}");
            assert_eq!(ids_of(&app, OLIVIA).await.len(), 1);
        }
    }

    async fn one_answer_to_a_second_step_posted_twenty_times_at_once_starts_one_session(app: App, with AT_A_NAME) {
        let desk = app.sign_in(OLIVIA).await;
        let mut device = added(&desk).await;
        app.adds_app(&desk).await;
        let phone = app.begins_to_sign_in(OLIVIA).await;
        let signed = device.signs(&asked(&phone, "second-factor").await);
        let posts = (0..20).map(|_| (phone.copy(), json!({ "passkey": signed })));
        let calls = posts.map(|(browser, body)| async move { browser.json("/api/auth/verify-second-step", &body).await.status });
        let statuses = together(calls.collect::<Vec<_>>()).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 410, 422].contains(status)), "{statuses:?}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE second_factor = 'passkey'").await, 1);
    }
}
