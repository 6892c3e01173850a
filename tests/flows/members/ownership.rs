//! Handing over: who may, what becomes of both, what is told and written down.

use super::told;
use crate::both;
use crate::support::{ACME, Answer, App, Browser, Cast, EVIL_CORP};
use keel_types::time::MINUTE;
use serde_json::{Value, json};

async fn transfer(browser: &Browser, member: &str, stay: bool) -> Answer {
    let asked = json!({ "account": ACME, "member": member, "confirmation": " Acme ", "stay": stay });
    browser.json("/api/members/transfer-ownership", &asked).await
}

async fn hand_billing_over(browser: &Browser, member: &str) -> Answer {
    browser.json("/api/billing/change-owner", &json!({ "account": ACME, "member": member })).await
}

async fn billing_owner(app: &App) -> String {
    app.db.text("SELECT u.email FROM accounts a JOIN users u ON u.id = a.billing_owner_id WHERE a.slug = 'acme'").await
}

async fn events(app: &App, action: &str) -> Vec<Value> {
    let of = format!("FROM audit_events e JOIN accounts a ON a.id = e.account_id WHERE a.slug = 'acme' AND action = '{action}'");
    let count = app.db.number(&format!("SELECT COUNT(*) {of}")).await;
    let mut events = vec![];
    for place in 0..count {
        let text = app.db.text(&format!("SELECT metadata {of} ORDER BY e.created_at, e.id LIMIT 1 OFFSET {place}")).await;
        events.push(serde_json::from_str(&text).unwrap());
    }
    events
}

both! {
    async fn nobody_is_made_an_owner_without_a_fresh_proof_by_whatever_form(app: App) {
        const CHANGE_ROLE: &str = "/api/members/change-role";
        let cast = Cast::gather(&app).await;
        let max = app.member("max").await;
        let role = |role: &str| json!({ "account": ACME, "member": max, "role": role });
        app.advance(11 * MINUTE).await;
        assert_eq!(told(&cast.olivia.json(CHANGE_ROLE, &role("owner")).await), "401 STEP_UP_REQUIRED");
        assert_eq!(told(&cast.adam.json(CHANGE_ROLE, &role("owner")).await), "403 FORBIDDEN", "a proof would not help");
        assert_eq!(told(&cast.olivia.json(CHANGE_ROLE, &role("viewer")).await), "200", "other roles ask for none");
        let at = format!("{CHANGE_ROLE}?at=/org-dashboard/members");
        let asked = cast.olivia.form(&at, &[("account", ACME), ("member", &max), ("role", "owner")]).await;
        assert_eq!(asked.location(), "/step-up?redirectTo=/org-dashboard/members");
        assert_eq!(app.role("max").await, "viewer");
        let again = app.sign_in("olivia@acme.example").await;
        assert_eq!(told(&again.json(CHANGE_ROLE, &role("owner")).await), "200");
        assert_eq!(app.role("max").await, "owner");
    }

    async fn an_owner_hands_the_workspace_over_with_its_billing(app: App) {
        let cast = Cast::gather(&app).await;
        let max = app.member("max").await;
        assert_eq!(told(&transfer(&cast.olivia, &max, false).await), "200");
        assert_eq!((app.role("max").await, app.role("olivia").await), ("owner".to_owned(), "admin".to_owned()));
        assert_eq!(billing_owner(&app).await, "max@acme.example");
        assert_eq!(events(&app, "ownership.transferred").await, [json!({ "name": "Max Example", "email": "max@acme.example", "giver": "admin" })]);
        assert_eq!(events(&app, "billing_owner.changed").await.len(), 1);
        let mail = app.mail("max@acme.example").await;
        assert_eq!(mail["subject"], "You are an owner of Acme now");
        assert!(mail["text"].as_str().unwrap().contains("Olivia Example made you an owner of Acme."), "{mail}");
        assert!(mail["text"].as_str().unwrap().contains("answer for its billing"), "{mail}");
        let mail = app.mail("olivia@acme.example").await;
        assert_eq!(mail["subject"], "Max Example is an owner of Acme now");
        assert_eq!(told(&transfer(&cast.olivia, &app.member("adam").await, false).await), "403 FORBIDDEN", "on the very next request");
        assert_eq!(cast.max.get("/org-dashboard/billing?account=acme").await.status, 200);
    }

    async fn who_stays_an_owner_hands_over_the_billing_all_the_same(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(told(&transfer(&cast.olivia, &app.member("max").await, true).await), "200");
        assert_eq!((app.role("max").await, app.role("olivia").await), ("owner".to_owned(), "owner".to_owned()));
        assert_eq!(billing_owner(&app).await, "max@acme.example");
        assert_eq!(told(&transfer(&cast.olivia, &app.member("adam").await, false).await), "200");
        assert_eq!(billing_owner(&app).await, "max@acme.example", "who does not hold it cannot hand it over with the rest");
        assert_eq!((app.role("adam").await, app.role("olivia").await), ("owner".to_owned(), "admin".to_owned()));
    }

    async fn billing_goes_to_another_owner_only(app: App) {
        let cast = Cast::gather(&app).await;
        let (olivia, adam) = (app.member("olivia").await, app.member("adam").await);
        assert_eq!(told(&hand_billing_over(&cast.olivia, &adam).await), "422 INVALID");
        assert_eq!(told(&hand_billing_over(&cast.olivia, &olivia).await), "200", "it is theirs");
        assert_eq!(events(&app, "billing_owner.changed").await.len(), 0);
        app.db.run(&format!("UPDATE memberships SET role = 'owner' WHERE id = '{adam}'")).await;
        let page = cast.olivia.get("/org-dashboard/billing?account=acme").await;
        let form = page.form_to("/api/billing/change-owner");
        let done = cast.olivia.form(&form.action, &form.filled(&[("member", &adam)])).await;
        assert_eq!(done.location(), "/org-dashboard/billing");
        assert_eq!(billing_owner(&app).await, "adam@acme.example");
        assert_eq!(app.mail("adam@acme.example").await["subject"], "You are the billing owner of Acme now");
        assert_eq!(app.mail("olivia@acme.example").await["subject"], "You are no longer the billing owner of Acme");
        assert_eq!(events(&app, "billing_owner.changed").await.len(), 1);
        assert_eq!(told(&super::leave(&cast.olivia).await), "200", "now she may leave");
        assert_eq!(told(&super::leave(&cast.adam).await), "409 LAST_OWNER");
    }

    async fn nobody_else_hands_over_and_nothing_to_strangers(app: App) {
        let cast = Cast::gather(&app).await;
        let (olivia, max) = (app.member("olivia").await, app.member("max").await);
        let eve = app.db.text("SELECT m.id FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.slug = 'evil-corp'").await;
        for (browser, member, wanted) in [
            (&cast.adam, &max, "403 FORBIDDEN"),
            (&cast.max, &max, "403 FORBIDDEN"),
            (&cast.vera, &max, "403 FORBIDDEN"),
            (&cast.aude, &max, "403 FORBIDDEN"),
            (&cast.eve, &max, "404 NOT_FOUND"),
            (&cast.rob, &max, "404 NOT_FOUND"),
            (&cast.olivia, &eve, "404 NOT_FOUND"),
            (&cast.olivia, &olivia, "422 INVALID"),
        ] {
            assert_eq!(told(&transfer(browser, member, true).await), wanted);
            if *member != olivia {
                assert!(["403 FORBIDDEN", "404 NOT_FOUND", "422 INVALID"].contains(&told(&hand_billing_over(browser, member).await).as_str()));
            }
        }
        for account in [EVIL_CORP, "personal"] {
            let asked = json!({ "account": account, "member": max, "confirmation": "Evil Corp" });
            assert_eq!(told(&cast.eve.json("/api/members/transfer-ownership", &asked).await), "404 NOT_FOUND", "{account}");
        }
        for (typed, wanted) in [("", "required"), ("acme", "not_the_name"), ("Acme Inc", "not_the_name")] {
            let asked = json!({ "account": ACME, "member": max, "confirmation": typed });
            let answer = cast.olivia.json("/api/members/transfer-ownership", &asked).await;
            assert_eq!((told(&answer).as_str(), answer.json()["errors"][0]["code"].as_str()), ("422 INVALID", Some(wanted)), "{typed}");
        }
        app.advance(11 * MINUTE).await;
        assert_eq!(told(&transfer(&cast.olivia, &max, true).await), "401 STEP_UP_REQUIRED");
        assert_eq!(told(&hand_billing_over(&cast.olivia, &max).await), "401 STEP_UP_REQUIRED");
        assert_eq!((app.role("olivia").await, app.role("max").await, billing_owner(&app).await), ("owner".into(), "member".into(), "olivia@acme.example".into()));
        assert_eq!(events(&app, "ownership.transferred").await.len(), 0);
        let adams = cast.adam.get(&format!("/org-dashboard/members/{max}?account=acme")).await;
        assert!(!adams.body.contains("Transfer ownership") && !cast.adam.get("/org-dashboard/billing?account=acme").await.body.contains("Change billing owner"));
    }
}
