//! Seven events of a subscription's life, in every order there is: one state.

use super::ledger::prove;
use crate::both;
use crate::support::{App, scaled};
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const LIFE: [&str; 7] = [
    "checkout.session.completed",
    "customer.subscription.created",
    "invoice.paid",
    "customer.updated",
    "refund.created",
    "charge.refunded",
    "customer.subscription.deleted",
];

/// The order of a number, from 0 to 5039.
fn order(mut number: usize) -> Vec<usize> {
    let (mut left, mut order): (Vec<usize>, Vec<usize>) = ((0..7).collect(), vec![]);
    for places in (1..=7).rev() {
        order.push(left.remove(number % places));
        number /= places;
    }
    order
}

#[test]
fn there_are_5040_orders() {
    let all: std::collections::BTreeSet<Vec<usize>> = (0..5_040).map(order).collect();
    assert_eq!(all.len(), 5_040);
}

/// Our tables as they were before Stripe said anything about the one purchase.
async fn forget(app: &App) {
    for table in ["credit_entries", "credit_lots", "credit_debts", "credit_balances", "payments", "subscriptions", "stripe_events", "told"]
    {
        app.db.run(&format!("DELETE FROM {table}")).await;
    }
    app.db.run("UPDATE checkouts SET state = 'open', completed_at = NULL").await;
    app.db
        .run("UPDATE accounts SET currency = NULL, trial_started_at = NULL, trial_of = NULL, max_members = 3 WHERE kind = 'workspace'")
        .await;
}

async fn state(app: &App) -> String {
    let payment = app.db.text("SELECT status || ' ' || amount || ' ' || refunded FROM payments").await;
    let contract = app.db.text("SELECT status || ' ' || CASE WHEN live THEN 'live' ELSE 'over' END FROM subscriptions").await;
    let credits = app.db.text("SELECT balance || ' of ' || (SELECT COUNT(*) FROM credit_entries) FROM credit_balances").await;
    let seats = app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await;
    let checkout = app.db.text("SELECT state FROM checkouts").await;
    format!("{payment}, {contract}, {credits}, {seats} seats, {checkout}")
}

both! {
    async fn in_every_order_seven_events_of_a_life_leave_one_state(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.webhooks("drop").await;
        let page = app.order(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "pay" })).await;
        app.pay_for(&page).await;
        let charges = app.stripe(Method::GET, "/v1/charges?limit=1", "").await;
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={}&amount=1450", charges["data"][0]["id"].as_str().unwrap())).await;
        let all = app.stripe(Method::GET, "/v1/subscriptions?limit=1", "").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{}", all["data"][0]["id"].as_str().unwrap()), "").await;
        let told = app.stripe_events().await;
        let life: Vec<Value> = LIFE.map(|kind| told.iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("{kind}")).clone()).to_vec();
        let step = 5_040 / scaled(24, 5_040);
        for number in (0..5_040).step_by(step) {
            for place in order(number) {
                assert_eq!(app.webhook(&life[place]).await.status, 200);
                while app.keel.work().await.unwrap() {}
            }
            app.digested().await;
            assert_eq!(state(&app).await, "refunded 2900 1450, canceled over, 1250 of 2, 3 seats, complete", "{:?}", order(number));
            if number % 1_000 == 0 {
                prove(&app).await;
            }
            forget(&app).await;
        }
    }
}
