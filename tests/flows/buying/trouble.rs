//! Stripe in trouble while a checkout is opened: told clearly, nothing lost, nothing twice.

use crate::both;
use crate::support::{Answer, App, together};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where trouble comes, and a price that nobody has asked for before.
const PLACES: [(&str, &str, &str); 5] = [
    ("/v1/customers", "pro", "year"),
    ("/v1/customers/cus_", "pro", "month"),
    ("/v1/products", "business", "month"),
    ("/v1/prices", "business", "year"),
    ("/v1/checkout/sessions", "pro", "year"),
];

const CUSTOMER: &str = "SELECT customer_id FROM stripe_customers";

/// Asserts that a browser is told to come back, with its form as it was.
fn assert_told(answer: &Answer, place: &str) {
    assert_eq!(answer.status, 503, "{place}: {}", answer.body);
    assert!(answer.headers.contains_key("retry-after"), "{place}: {:?}", answer.headers);
    assert!(answer.body.contains("Continue to payment"), "{place}: {}", answer.body);
    let trial = answer.body.split("<input").find(|tag| tag.contains("value=\"trial\"")).expect("the choice of a trial");
    assert!(trial.split('>').next().unwrap().contains("checked"), "{place}: {trial}");
}

/// Asserts that Stripe has a customer for each of our rows and no more, and that no price is there twice.
async fn assert_nothing_twice(app: &App, place: &str) {
    let customers = app.stripe(Method::GET, "/v1/customers?limit=100", "").await;
    let ours = app.db.number("SELECT COUNT(*) FROM stripe_customers WHERE customer_id IS NOT NULL").await;
    assert_eq!(i64::try_from(customers["data"].as_array().unwrap().len()).unwrap(), ours, "after trouble at {place}: {customers}");
    let prices = app.stripe(Method::GET, "/v1/prices?limit=100", "").await;
    let ours = app.db.number("SELECT COUNT(*) FROM stripe_prices").await;
    assert_eq!(i64::try_from(prices["data"].as_array().unwrap().len()).unwrap(), ours, "after trouble at {place}: {prices}");
}

/// At each place: trouble with every try, the person is told; then without trouble the same form works.
async fn survives(app: &App, method: Option<&str>, trouble: Value) {
    for (number, (place, plan, interval)) in PLACES.into_iter().enumerate() {
        let email = format!("buyer{number}@acme.example");
        let buyer = app.buyer(&email, plan, interval).await;
        assert_eq!(buyer.get("/checkout").await.status, 200);
        let mut fault = trouble.clone();
        fault["path"] = json!(place);
        fault["method"] = json!(method);
        fault["count"] = json!(50);
        app.trouble(fault).await;
        let form = [("plan", plan), ("interval", interval), ("currency", "usd"), ("start", "trial")];
        assert_told(&buyer.form("/api/billing/checkout?at=/checkout", &form).await, place);
        app.trouble(Value::Null).await;
        let page = buyer.form("/api/billing/checkout?at=/checkout", &form).await;
        assert_eq!(page.status, 303, "after trouble at {place}: {}", page.body);
        assert!(page.location().contains("/pay/"), "{place}");
        assert_nothing_twice(app, place).await;
        let account = app.account(&email, "workspace").await;
        assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM checkouts WHERE state = 'open' AND account_id = '{account}'")).await, 1);
        let back = app.pay_for(page.location()).await;
        app.settles(&format!("SELECT COUNT(*) FROM checkouts WHERE state = 'complete' AND account_id = '{account}'"), 1).await;
        app.digested().await;
        assert!(buyer.get(&back).await.body.contains("Your trial has started"), "{place}");
    }
    app.assert_sound_ledger().await;
}

both! {
    async fn an_error_before_stripe_did_it_is_told_and_a_retry_works(app: App) {
        survives(&app, Some("POST"), json!({ "status": 500 })).await;
    }

    async fn an_error_after_stripe_did_it_is_told_and_a_retry_works(app: App) {
        survives(&app, Some("POST"), json!({ "status": 500, "after_commit": true })).await;
    }

    async fn an_overloaded_stripe_is_told_and_a_retry_works(app: App) {
        survives(&app, None, json!({ "status": 503 })).await;
    }

    async fn a_single_failure_is_not_even_noticed(app: App) {
        for (number, status) in [500, 503, 429, 409].into_iter().enumerate() {
            let buyer = app.buyer(&format!("buyer{number}@acme.example"), "pro", "year").await;
            app.trouble(json!({ "path": "/v1/checkout", "status": status, "count": 1, "after_commit": status == 500 })).await;
            let order = json!({ "plan": "pro", "interval": "year", "currency": "usd" });
            app.order(&buyer, order).await;
            assert_nothing_twice(&app, "the session").await;
        }
    }

    async fn a_stripe_that_does_not_answer_is_given_up_in_time(app: App) {
        let buyer = app.buyer("olivia@acme.example", "pro", "year").await;
        app.trouble(json!({ "path": "/v1/", "delay_ms": 40_000, "count": 100 })).await;
        let started = Instant::now();
        let form = [("plan", "pro"), ("interval", "year"), ("currency", "usd"), ("start", "trial")];
        assert_told(&buyer.form("/api/billing/checkout?at=/checkout", &form).await, "everywhere");
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
        app.trouble(Value::Null).await;
        assert!(buyer.form("/api/billing/checkout?at=/checkout", &form).await.location().contains("/pay/"));
        assert_nothing_twice(&app, "everywhere").await;
    }

    async fn two_orders_at_once_make_one_customer(app: App) {
        let buyer = Arc::new(app.buyer("olivia@acme.example", "pro", "year").await);
        let order = json!({ "plan": "pro", "interval": "year", "currency": "usd" });
        let orders: Vec<_> = (0..8)
            .map(|_| {
                let (buyer, order) = (buyer.clone(), order.clone());
                tokio::spawn(async move { buyer.json("/api/billing/checkout", &order).await })
            })
            .collect();
        for order in orders {
            let answer = order.await.unwrap();
            assert!([200, 503].contains(&answer.status), "{}", answer.body);
        }
        assert_nothing_twice(&app, "the same instant").await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_customers").await, 1);
    }

    async fn a_customer_deleted_at_stripe_has_one_other_in_its_place(app: App) {
        let buyer = Arc::new(app.buyer("olivia@acme.example", "pro", "month").await);
        let order = json!({ "plan": "pro", "interval": "month", "currency": "usd" });
        app.order(&buyer, order.clone()).await;
        let deleted = app.db.text(CUSTOMER).await;
        app.stripe(Method::DELETE, &format!("/v1/customers/{deleted}"), "").await;
        let again = |_| {
            let (buyer, order) = (buyer.clone(), order.clone());
            async move { buyer.json("/api/billing/checkout", &order).await }
        };
        for answer in together((0..4).map(again)).await {
            assert!([200, 503].contains(&answer.status), "{}", answer.body);
        }
        app.order(&buyer, order.clone()).await;
        assert_ne!(app.db.text(CUSTOMER).await, deleted);
        assert_nothing_twice(&app, "a customer").await;
        app.buy(&buyer, order).await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500);
        app.assert_sound_ledger().await;
    }

    async fn a_deleted_customer_keeps_its_place_until_it_is_known_that_its_plan_ended(app: App) {
        let buyer = app.buyer("olivia@acme.example", "pro", "month").await;
        app.buy(&buyer, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        let deleted = app.db.text(CUSTOMER).await;
        app.webhooks("drop").await;
        app.stripe(Method::DELETE, &format!("/v1/customers/{deleted}"), "").await;
        let pack = json!({ "kind": "pack", "pack": "credits1500", "currency": "usd" });
        assert_eq!(buyer.json("/api/billing/checkout", &pack).await.status, 503);
        assert_eq!(app.db.text(CUSTOMER).await, deleted);
        let events = app.stripe_events().await;
        let ended = events.iter().find(|event| event["type"] == "customer.subscription.deleted").expect("its end");
        assert_eq!(app.webhook(ended).await.status, 200);
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        app.order(&buyer, pack).await;
        assert_ne!(app.db.text(CUSTOMER).await, deleted);
    }

    async fn a_price_archived_at_stripe_is_made_anew_and_whoever_bought_at_it_keeps_the_plan(app: App) {
        let order = json!({ "plan": "pro", "interval": "month", "currency": "usd" });
        let olivia = app.buyer("olivia@acme.example", "pro", "month").await;
        app.buy(&olivia, order.clone()).await;
        let archived = app.db.text("SELECT price_id FROM stripe_prices").await;
        app.stripe(Method::POST, &format!("/v1/prices/{archived}"), "active=false").await;
        let eve = app.buyer("eve@evil.example", "pro", "month").await;
        app.buy(&eve, order).await;
        assert_eq!(app.db.number("SELECT COUNT(DISTINCT stripe_price_id) FROM subscriptions WHERE live").await, 2);
        let end = app.db.number("SELECT MAX(period_end) FROM subscriptions WHERE live").await;
        app.advance(end - app.keel.now().0 + 60_000).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid' AND product = 'Pro' AND note IS NULL", 4).await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'", 4).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live AND plan = 'pro'").await, 2);
        app.digested().await;
        app.assert_sound_ledger().await;
    }
}
