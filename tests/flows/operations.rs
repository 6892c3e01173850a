//! What an operator's commands do.

#![expect(clippy::disallowed_methods, reason = "these are the commands' own verbs")]

use crate::both;
use crate::support::{App, Browser, together};
use keel_domain::access::{SystemGrant, sessions};
use keel_domain::billing::repair;
use keel_domain::staff::{self, PlatformRole};
use keel_domain::{Refusal, credits, demo};
use keel_types::Email;
use keel_types::time::MINUTE;
use serde_json::json;

/// Olivia pays for Pro; nobody waits for the webhooks.
async fn buy_pro(app: &App) {
    let olivia = app.sign_in("olivia@acme.example").await;
    olivia.get("/checkout").await;
    let answer = olivia.json("/api/billing/checkout", &json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
    let page = answer.json()["next"].as_str().expect("a payment page").to_owned();
    assert_eq!(app.pay(&page, "4242424242424242").await.status, 303);
}

both! {
    async fn the_ledger_is_proved_and_a_wrong_row_is_named(app: App) {
        buy_pro(&app).await;
        app.settles("SELECT COUNT(*) FROM credit_entries", 1).await;
        app.digested().await;
        let system = SystemGrant::new(&app.keel, "test");
        let proof = credits::verify(&system).await.unwrap();
        assert!(proof.holds() && proof.entries == 1, "{proof:?}");

        app.db.run("UPDATE credit_balances SET balance = balance + 1").await;
        let proof = credits::verify(&system).await.unwrap();
        assert_eq!((proof.not_the_sum.len(), proof.not_the_lots.len(), proof.out_of_line.len()), (1, 1, 0));

        app.db.run("UPDATE credit_balances SET balance = balance - 1").await;
        app.db.run("UPDATE credit_entries SET balance_after = balance_after + 1").await;
        let proof = credits::verify(&system).await.unwrap();
        assert_eq!((proof.not_the_sum.len(), proof.not_the_lots.len(), proof.out_of_line.len()), (0, 0, 1));
    }

    async fn lost_events_are_taken_in_and_reported_once(app: App) {
        app.webhooks("drop").await;
        buy_pro(&app).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
        let system = SystemGrant::new(&app.keel, "test");
        let drift = repair::reconcile(&system).await.unwrap();
        assert!(!drift.missed_events.is_empty());
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND status = 'active'", 1).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500);
        assert_eq!(repair::reconcile(&system).await.unwrap(), repair::Drift::default());
    }

    async fn a_mirror_that_differs_is_looked_at_again(app: App) {
        buy_pro(&app).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND status = 'active'", 1).await;
        // What is said later would put the mirror right.
        app.digested().await;
        app.db.run("UPDATE subscriptions SET status = 'past_due'").await;
        let system = SystemGrant::new(&app.keel, "test");
        let drift = repair::reconcile(&system).await.unwrap();
        assert_eq!((drift.missed_events.len(), drift.stale_subscriptions.len()), (0, 1));
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'active'", 1).await;
    }

    async fn a_customer_that_stripe_does_not_know_keeps_nobody_from_being_compared(app: App) {
        for email in ["olivia@acme.example", "eve@evil.example"] {
            let buyer = app.buyer(email, "pro", "month").await;
            app.buy(&buyer, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        }
        app.digested().await;
        let price = app.db.text("SELECT MAX(stripe_price_id) FROM subscriptions").await;
        app.db.run("UPDATE subscriptions SET stripe_price_id = 'price_before', plan = 'business'").await;
        // The first that is asked for.
        app.trouble(json!({ "path": "/v1/subscriptions", "method": "GET", "status": 404, "count": 1 })).await;
        let drift = repair::reconcile(&SystemGrant::new(&app.keel, "test")).await.unwrap();
        assert_eq!((drift.unknown_customers.len(), drift.stale_subscriptions.len()), (1, 1), "{drift:?}");
        assert_eq!(app.db.text("SELECT customers || ' ' || subscriptions FROM drift_reports").await, "1 1");
        app.settles(&format!("SELECT COUNT(*) FROM subscriptions WHERE plan = 'pro' AND stripe_price_id = '{price}'"), 1).await;
        assert_eq!(repair::reconcile(&SystemGrant::new(&app.keel, "test")).await.unwrap().stale_subscriptions.len(), 1, "the other one");
    }

    async fn an_event_is_processed_again_on_demand(app: App) {
        buy_pro(&app).await;
        app.settles("SELECT COUNT(*) FROM credit_entries", 1).await;
        app.digested().await;
        app.db.run("UPDATE subscriptions SET status = 'unpaid', live = FALSE").await;
        let event = app.db.text("SELECT MAX(id) FROM stripe_events WHERE kind = 'customer.subscription.updated'").await;
        let system = SystemGrant::new(&app.keel, "test");
        repair::replay(&system, &event).await.unwrap();
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND status = 'active'", 1).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries").await, 1, "nothing is granted twice");
        assert_eq!(repair::replay(&system, "evt_nobody").await, Err(Refusal::NotFound));
    }

    async fn prices_are_set_up_once(app: App) {
        let system = SystemGrant::new(&app.keel, "test");
        let keys = repair::set_up_prices(&system).await.unwrap();
        assert_eq!(keys.len(), 18, "two plans in two intervals, a licence and a pack, each in three currencies");
        app.stripe_calls().await;
        assert_eq!(repair::set_up_prices(&system).await.unwrap(), keys);
        let made = app.stripe_calls().await.into_iter().filter(|call| call["method"] == "POST").count();
        assert_eq!(made, 0);
    }

    async fn demo_data_is_made_once(app: App) {
        let system = SystemGrant::new(&app.keel, "test");
        demo::seed(&system).await.unwrap();
        demo::seed(&system).await.unwrap();
        assert_eq!(app.db.number("SELECT COUNT(*) FROM users").await, 6);
        assert_eq!(app.db.number("SELECT member_count FROM accounts WHERE name = 'Acme'").await, 4);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 2);
        assert!(credits::verify(&system).await.unwrap().holds());
        let adam = app.sign_in("adam@acme.example").await;
        let overview = adam.get("/org-dashboard").await;
        assert!(overview.status == 200 && overview.body.contains("Acme"), "{}", overview.body);
    }

    async fn staff_are_made_of_people_who_signed_up(app: App) {
        let (system, sam) = (SystemGrant::new(&app.keel, "test"), Email::parse("sam@keel.example").unwrap());
        assert_eq!(staff::make(&system, &sam, PlatformRole::Admin).await, Err(Refusal::NotFound));
        app.sign_in("sam@keel.example").await;
        staff::make(&system, &sam, PlatformRole::Support).await.unwrap();
        assert_eq!(app.db.text("SELECT platform_role FROM users WHERE email = 'sam@keel.example'").await, "support");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'staff.made'").await, 1);
    }

    async fn an_operator_ends_the_sessions_of_whoever_was_robbed(app: App) {
        let system = SystemGrant::new(&app.keel, "test");
        let olivia = Email::parse("olivia@acme.example").unwrap();
        assert_eq!(sessions::end_for_operator(&system, &olivia).await, Err(Refusal::NotFound));
        let adam = app.sign_in("adam@acme.example").await;
        let mut stolen = vec![];
        for _ in 0..6 {
            stolen.push(app.sign_in(olivia.as_str()).await);
        }
        // Whoever has them goes on using them meanwhile, and proves who they are.
        stolen[0].json("/api/auth/mail-code", &json!({})).await;
        let code = json!({ "code": app.code(olivia.as_str()).await });
        let ((first, second), ..) = tokio::join!(
            async { tokio::join!(sessions::end_for_operator(&system, &olivia), sessions::end_for_operator(&system, &olivia)) },
            stolen[0].json("/api/auth/confirm-code", &code),
            together(stolen.iter().map(Browser::copy).map(|browser| async move { browser.get("/private-dashboard").await.status }).collect::<Vec<_>>())
        );
        assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
        for browser in &stolen {
            assert_eq!(browser.json("/api/profile/save", &json!({})).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        }
        app.advance(6 * MINUTE).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL").await, 1, "Adam's, whom nobody meant");
        assert_eq!(adam.get("/private-dashboard").await.status, 200);
        let told = i64::from(first.is_ok()) + i64::from(second.is_ok());
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'session.ended' AND actor_id IS NULL").await, told);
        assert_eq!(app.mail(olivia.as_str()).await["subject"], "You were signed out of Keel everywhere");
        app.sign_in_with(&stolen[0], olivia.as_str()).await;
        assert_eq!(stolen[0].get("/private-dashboard").await.status, 200, "she signs in again");
        let of_sign_ins = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'New sign-in %'";
        assert_eq!(app.db.number(of_sign_ins).await, 6, "five new browsers, and one that is known no more");
    }

    async fn a_second_step_that_waits_ends_with_the_sessions(app: App) {
        let system = SystemGrant::new(&app.keel, "test");
        let browser = app.sign_in("olivia@acme.example").await;
        let (authenticator, _) = app.turns_on_two_step(&browser).await;
        let waiting = app.begins_to_sign_in("olivia@acme.example").await;
        sessions::end_for_operator(&system, &Email::parse("olivia@acme.example").unwrap()).await.unwrap();
        let late = waiting.json("/api/auth/verify-second-step", &json!({ "code": authenticator.code(&app) })).await;
        assert_eq!(late.problem(), (410, "EXPIRED".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_sessions WHERE revoked_at IS NULL").await, 0);
    }
}
