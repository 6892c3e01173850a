//! A workspace that requires two-step verification. That none of its doors forgets it: `tests/access/matrix.rs`.

use crate::both;
use crate::support::{ACME, Answer, Browser, Cast, SET_UP, together};
use serde_json::json;

const REQUIRE: &str = "/api/org/require-two-step";

async fn require(browser: &Browser, on: bool) -> Answer {
    browser.json(REQUIRE, &json!({ "account": ACME, "two_step": on })).await
}

/// What is refused, and why.
fn told(answer: &Answer) -> String {
    if answer.status == 200 { "done".to_owned() } else { answer.problem().1 }
}

both! {
    async fn whoever_requires_it_has_it(app: App) {
        let cast = Cast::gather(&app).await;
        let page = cast.olivia.get("/org-dashboard/settings").await;
        assert!(page.body.contains("Require two-step verification") && page.body.contains("disabled"), "{}", page.body);
        assert_eq!(told(&require(&cast.olivia, true).await), "TWO_STEP_OFF");
        app.turns_on_two_step(&cast.olivia).await;
        for (browser, wanted) in [(&cast.max, "FORBIDDEN"), (&cast.vera, "FORBIDDEN"), (&cast.eve, "NOT_FOUND"), (&cast.adam, "TWO_STEP_OFF")] {
            assert_eq!(told(&require(browser, true).await), wanted);
        }
        let personal = cast.olivia.json(REQUIRE, &json!({ "account": "personal", "two_step": true })).await;
        assert_eq!(told(&personal), "NOT_FOUND");
        let form = cast.olivia.get("/org-dashboard/settings").await.form_to(REQUIRE);
        cast.olivia.form(&form.action, &form.filled(&[("two_step", "on")])).await.leads_to("/org-dashboard/settings");
        assert_eq!(told(&require(&cast.olivia, true).await), "done", "nothing happens where nothing changes");
        let events = app.db.texts("SELECT metadata FROM audit_events WHERE action = 'settings.updated'").await;
        assert_eq!(events, ["{\"two_step_required\":\"on\"}"]);
    }

    async fn members_without_it_are_told_and_led_to_set_it_up(app: App) {
        let cast = Cast::gather(&app).await;
        app.turns_on_two_step(&cast.olivia).await;
        app.turns_on_two_step(&cast.vera).await;
        assert_eq!(told(&require(&cast.olivia, true).await), "done");
        app.settles("SELECT COUNT(*) FROM mail_outbox WHERE subject = 'Acme requires two-step verification'", 3).await;
        app.settles("SELECT COUNT(*) FROM two_step_news", 0).await;
        for without in ["adam", "max", "aude"] {
            assert_eq!(app.mail(&format!("{without}@acme.example")).await["subject"], "Acme requires two-step verification", "{without}");
        }
        assert_eq!(cast.vera.get("/private-dashboard?account=acme").await.status, 200, "who has it sees no difference");

        let led = cast.max.get("/private-dashboard?account=acme").await.location().to_owned();
        assert_eq!(led, "/two-step/required?redirectTo=/private-dashboard%3Faccount%3Dacme&account=acme");
        let page = cast.max.get(&led).await;
        assert!(page.status == 200 && page.body.contains("Acme opens only to people who sign in with two-step verification"), "{}", page.body);
        let set_up = format!("{SET_UP}?redirectTo=/private-dashboard%3Faccount%3Dacme");
        assert!(page.body.contains(&format!("href=\"{set_up}\"")), "{}", page.body);
        let form = cast.max.get(&set_up).await.form_to("/api/two-step/start");
        cast.max.form(&form.action, &form.filled(&[])).await.leads_to(&set_up);
        let page = cast.max.get(&set_up).await;
        let code = crate::support::Authenticator::of_page(&page.body).code(&app);
        let form = page.form_to("/api/two-step/confirm");
        let codes = cast.max.form(&form.action, &form.filled(&[("code", &code)])).await.location().to_owned();
        assert!(cast.max.get(&codes).await.body.contains("href=\"/private-dashboard?account=acme\""), "{codes}");
        assert_eq!(cast.max.get("/private-dashboard?account=acme").await.status, 200);
        let typed = cast.adam.form("/api/org/update-settings", &[("account", ACME), ("name", "Mine")]).await;
        assert!(typed.location().starts_with("/two-step/required?redirectTo="), "{}", typed.location());
    }

    async fn other_accounts_stay_open(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET two_step_required = TRUE WHERE slug = 'acme'").await;
        let page = cast.max.get("/two-step/required?redirectTo=/private-dashboard&account=acme").await;
        let switch = page.forms().into_iter().find(|form| form.url() == "/api/accounts/switch").expect("the switcher");
        cast.max.form(&switch.action, &switch.filled(&[])).await.leads_to("/private-dashboard");
        assert_eq!(cast.max.get("/private-dashboard").await.status, 200);
        assert_eq!(cast.max.get("/private-dashboard/settings").await.status, 200);
        assert_eq!(cast.max.json("/api/workspaces/create", &json!({ "name": "Mine" })).await.status, 200);
        assert_eq!(cast.max.get("/org-dashboard").await.status, 200);
    }

    async fn a_session_begun_without_is_asked_for_the_second_step(app: App) {
        let cast = Cast::gather(&app).await;
        let (authenticator, _) = app.turns_on_two_step(&cast.max).await;
        app.db.run("UPDATE user_sessions SET second_factor = NULL").await;
        app.db.run("UPDATE accounts SET two_step_required = TRUE WHERE slug = 'acme'").await;
        let led = cast.max.get("/private-dashboard?account=acme").await.location().to_owned();
        let asked = cast.max.get(&led).await.location().to_owned();
        assert_eq!(asked, "/step-up?redirectTo=/private-dashboard%3Faccount%3Dacme");
        let form = cast.max.get(&asked).await.form_to("/api/auth/confirm-second-factor");
        let code = authenticator.code(&app);
        cast.max.form(&form.action, &form.filled(&[("code", &code)])).await.leads_to("/private-dashboard?account=acme");
        assert_eq!(cast.max.get("/private-dashboard?account=acme").await.status, 200);
    }

    async fn it_is_not_turned_off_while_a_workspace_requires_it(app: App) {
        let cast = Cast::gather(&app).await;
        app.turns_on_two_step(&cast.olivia).await;
        assert_eq!(told(&require(&cast.olivia, true).await), "done");
        let form = cast.olivia.get("/private-dashboard/settings/security").await.form_to("/api/two-step/turn-off");
        let refused = cast.olivia.form(&form.action, &form.filled(&[])).await;
        assert!(refused.status == 409 && refused.body.contains("A workspace of yours requires two-step verification"), "{}", refused.body);
        assert_eq!(told(&cast.olivia.json("/api/two-step/turn-off", &json!({})).await), "TWO_STEP_KEPT");
        assert_eq!(cast.olivia.get("/org-dashboard").await.status, 200);
        assert_eq!(told(&require(&cast.olivia, false).await), "done");
        assert_eq!(cast.max.get("/private-dashboard?account=acme").await.status, 200);
        assert_eq!(told(&cast.olivia.json("/api/two-step/turn-off", &json!({})).await), "done");
    }

    async fn required_and_turned_off_at_once_nobody_requires_what_they_lack(app: App) {
        let cast = Cast::gather(&app).await;
        for round in 0..5 {
            app.turns_on_two_step(&cast.olivia).await;
            let (one, other) = (cast.olivia.copy(), cast.olivia.copy());
            let requirement = tokio::spawn(async move { told(&require(&one, true).await) });
            let turns_off = tokio::spawn(async move { told(&other.json("/api/two-step/turn-off", &json!({})).await) });
            let outcome = (requirement.await.unwrap(), turns_off.await.unwrap());
            let required = app.db.number("SELECT COUNT(*) FROM accounts WHERE two_step_required").await;
            match (outcome.0.as_str(), outcome.1.as_str()) {
                ("done", "TWO_STEP_KEPT") => assert_eq!(required, 1),
                ("TWO_STEP_OFF", "done") => assert_eq!(required, 0),
                _ => panic!("{round}: {outcome:?}"),
            }
            if required == 1 {
                assert_eq!(told(&require(&cast.olivia, false).await), "done");
                assert_eq!(told(&cast.olivia.json("/api/two-step/turn-off", &json!({})).await), "done");
            }
        }
    }

    async fn required_ten_times_at_once_it_is_told_once(app: App) {
        let cast = Cast::gather(&app).await;
        app.turns_on_two_step(&cast.olivia).await;
        let calls = (0..10).map(|_| cast.olivia.copy()).map(|browser| async move { told(&require(&browser, true).await) });
        let all = together(calls.collect::<Vec<_>>()).await;
        assert!(all.iter().all(|told| told == "done"), "{all:?}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'settings.updated'").await, 1);
        app.settles("SELECT COUNT(*) FROM two_step_news", 0).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject = 'Acme requires two-step verification'").await, 4);
    }

    async fn somebody_who_joins_sets_it_up_first(app: App) {
        let cast = Cast::gather(&app).await;
        app.db.run("UPDATE accounts SET two_step_required = TRUE WHERE slug = 'acme'").await;
        app.joins("rob", "member").await;
        cast.rob.get("/private-dashboard").await.leads_to("/two-step/required?redirectTo=/private-dashboard");
        app.turns_on_two_step(&cast.rob).await;
        assert_eq!(cast.rob.get("/private-dashboard").await.status, 200);
    }
}
