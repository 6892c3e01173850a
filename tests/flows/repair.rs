//! What nobody told us: lost webhooks are asked for, everything is compared every night, and one instance does it.

use super::ledger::prove;
use crate::both;
use crate::support::{App, GOOD_CARD, scaled};
use keel_types::time::{HOUR, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";

/// How often Stripe was asked for its events.
async fn asked_for_events(app: &App) -> usize {
    app.stripe_calls().await.iter().filter(|call| call["path"].as_str().unwrap().starts_with("/v1/events")).count()
}

/// Waits until the worker counts the time to its next turns: a clock that was moved before brings none.
async fn turns_begun(app: &App) {
    app.settles("SELECT COUNT(*) FROM marks WHERE name LIKE 'turn%'", 2).await;
}

both! {
    async fn webhooks_lost_for_an_hour_are_asked_for_within_a_quarter_of_one(app: App) {
        turns_begun(&app).await;
        app.webhooks("drop").await;
        let mut buyers = vec![];
        for number in 0..scaled(2, 3) {
            let email = format!("buyer{number}@acme.example");
            let buyer = app.buyer(&email, "pro", "month").await;
            let page = app.order(&buyer, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
            app.pay(&page, GOOD_CARD).await.location();
            buyers.push(email);
        }
        let sold = i64::try_from(buyers.len()).unwrap();
        let charges = app.stripe(Method::GET, "/v1/charges?limit=1", "").await;
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={}", charges["data"][0]["id"].as_str().unwrap())).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
        let workers = app.with_workers(3).await;
        asked_for_events(&app).await;
        app.advance(16 * MINUTE).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", sold).await;
        app.settles("SELECT CAST(SUM(balance) AS BIGINT) FROM credit_balances", 2_500 * (sold - 1)).await;
        app.digested().await;
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        assert_eq!(asked_for_events(&app).await, 1, "by one instance");
        workers.stop().await;
        prove(&app).await;
    }

    async fn the_nightly_comparison_reports_what_it_found_once(app: App) {
        turns_begun(&app).await;
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        app.digested().await;
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        // No event tells of this.
        app.db.run("UPDATE subscriptions SET seats = 7").await;
        let workers = app.with_workers(2).await;
        app.advance(24 * HOUR + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM drift_reports", 1).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND seats = 1", 1).await;
        assert_eq!(app.db.number("SELECT subscriptions FROM drift_reports").await, 1);
        assert!(app.db.text("SELECT details FROM drift_reports").await.contains(&contract));
        app.digested().await;
        app.advance(24 * HOUR).await;
        app.settles("SELECT COUNT(*) FROM drift_reports", 2).await;
        assert_eq!(app.db.number("SELECT subscriptions FROM drift_reports ORDER BY started_at DESC LIMIT 1").await, 0);
        workers.stop().await;
    }

    async fn a_charge_that_is_otherwise_at_stripe_is_found_by_the_comparison_once(app: App) {
        turns_begun(&app).await;
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        let charge = app.stripe(Method::GET, "/v1/charges?limit=1", "").await["data"][0]["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={charge}&amount=14500")).await;
        app.settles("SELECT refunded FROM payments", 14_500).await;
        app.digested().await;
        let workers = app.with_workers(2).await;
        app.advance(24 * HOUR + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM drift_reports", 1).await;
        assert_eq!(app.db.number("SELECT charges FROM drift_reports").await, 0, "as it was told");
        // As if a refund of less had been the last that was heard of.
        app.db.run("UPDATE charges SET refunded = 100").await;
        app.db.run("UPDATE payments SET refunded = 100").await;
        app.advance(24 * HOUR).await;
        app.settles("SELECT COUNT(*) FROM drift_reports", 2).await;
        app.settles("SELECT refunded FROM payments", 14_500).await;
        assert!(app.db.text("SELECT details FROM drift_reports WHERE charges = 1").await.contains(&charge));
        app.digested().await;
        app.advance(24 * HOUR).await;
        app.settles("SELECT COUNT(*) FROM drift_reports", 3).await;
        assert_eq!(app.db.number("SELECT CAST(SUM(charges) AS BIGINT) FROM drift_reports").await, 1);
        workers.stop().await;
        prove(&app).await;
    }

    async fn a_payment_that_nobody_told_of_is_found_by_the_comparison_once(app: App) {
        turns_begun(&app).await;
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        app.digested().await;
        // As if its events had never come, and Stripe did not list them any more.
        for table in ["credit_entries", "credit_lots", "credit_months", "credit_balances", "payments"] {
            app.db.run(&format!("DELETE FROM {table}")).await;
        }
        let workers = app.with_workers(2).await;
        app.advance(24 * HOUR + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid' AND amount = 29000", 1).await;
        app.settles("SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM credit_balances", 2_500).await;
        app.settles("SELECT COUNT(*) FROM drift_reports", 1).await;
        assert_eq!(app.db.number("SELECT charges FROM drift_reports").await, 1);
        app.digested().await;
        app.advance(24 * HOUR).await;
        app.settles("SELECT COUNT(*) FROM drift_reports", 2).await;
        assert_eq!(app.db.number("SELECT CAST(SUM(charges) AS BIGINT) FROM drift_reports").await, 1);
        workers.stop().await;
        prove(&app).await;
    }

    async fn stripe_away_keeps_pages_up_and_is_asked_again_later(app: App) {
        turns_begun(&app).await;
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.webhooks("drop").await;
        let page = app.order(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        app.pay(&page, GOOD_CARD).await.location();
        app.trouble(json!({ "path": "/v1/", "status": 503, "count": 10_000 })).await;
        app.advance(16 * MINUTE).await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        assert_eq!(olivia.get("/org-dashboard/billing").await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
        app.trouble(Value::Null).await;
        app.advance(16 * MINUTE).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 1).await;
    }
}
