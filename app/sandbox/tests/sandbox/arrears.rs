//! Cards that fail when a subscription renews: when they are tried again, and what comes of it.

use std::sync::Arc;

use serde_json::Value;

use crate::support::{Bench, DAY_MS, text};

const GOOD: &str = "4242424242424242";
const FAILING: &str = "4000000000000341";
const DAY: i64 = 86_400;

/// A subscription whose trial has just ended with a card that fails.
async fn owing(bench: &Bench) -> Value {
    let price = bench.price("2900", "usd", Some("month")).await;
    let subscription = bench.subscription(&price, FAILING, &[("subscription_data[trial_period_days]", "10")]).await;
    bench.advance(10 * DAY_MS).await;
    subscription
}

async fn now(bench: &Bench, subscription: &Value) -> Value {
    bench.get(&format!("/v1/subscriptions/{}?expand[]=latest_invoice", text(subscription, "id"))).await
}

#[tokio::test]
async fn a_failing_card_is_tried_after_three_five_and_seven_days() {
    let bench = Bench::start().await;
    let subscription = owing(&bench).await;
    let mut tried = subscription["trial_end"].as_i64().unwrap();
    for (count, days) in [(1, 3), (2, 5), (3, 7)] {
        let owed = now(&bench, &subscription).await;
        let invoice = &owed["latest_invoice"];
        assert_eq!((&owed["status"], &invoice["status"], &invoice["attempt_count"]), (&"past_due".into(), &"open".into(), &count.into()));
        assert_eq!(invoice["next_payment_attempt"], tried + days * DAY, "attempt {count}");
        tried += days * DAY;
        bench.advance(days * DAY_MS).await;
    }
    let ended = now(&bench, &subscription).await;
    assert_eq!((&ended["status"], &ended["cancellation_details"]["reason"]), (&"canceled".into(), &"payment_failed".into()));
    let invoice = &ended["latest_invoice"];
    assert_eq!(
        (&invoice["status"], &invoice["attempt_count"], &invoice["next_payment_attempt"]),
        (&"open".into(), &4.into(), &Value::Null)
    );
    assert_eq!(bench.list("/v1/events?type=invoice.payment_failed").await.len(), 4);
    assert_eq!(bench.list("/v1/payment_intents").await.len(), 1, "all attempts go on with one payment intent");
    bench.advance(60 * DAY_MS).await;
    assert_eq!(bench.list("/v1/events?type=invoice.payment_failed").await.len(), 4, "nobody tries again after the end");
}

#[tokio::test]
async fn attempts_by_hand_leave_the_row_of_retries_alone() {
    let bench = Bench::start().await;
    let subscription = owing(&bench).await;
    let before = now(&bench, &subscription).await["latest_invoice"].clone();
    let pay = format!("/v1/invoices/{}/pay", text(&before, "id"));
    assert_eq!(bench.call("POST", &pay, &[], &[]).await.status, 402);
    let after = now(&bench, &subscription).await["latest_invoice"].clone();
    assert_eq!((&after["attempt_count"], &after["next_payment_attempt"]), (&1.into(), &before["next_payment_attempt"]));
    assert_eq!(bench.list("/v1/events?type=invoice.payment_failed").await.len(), 2);
}

#[tokio::test]
async fn a_new_card_pays_at_the_next_attempt() {
    let bench = Bench::start().await;
    let subscription = owing(&bench).await;
    let method = bench.post("/v1/payment_methods/pm_card_visa/attach", &[("customer", text(&subscription, "customer"))]).await;
    bench.post(&format!("/v1/subscriptions/{}", text(&subscription, "id")), &[("default_payment_method", text(&method, "id"))]).await;
    bench.advance(3 * DAY_MS).await;
    let paid = now(&bench, &subscription).await;
    assert_eq!(
        (&paid["status"], &paid["latest_invoice"]["status"], &paid["latest_invoice"]["attempt_count"]),
        (&"active".into(), &"paid".into(), &2.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invoice_paid_thirty_times_at_once_is_paid_once() {
    let bench = Arc::new(Bench::start().await);
    let subscription = owing(&bench).await;
    let method = bench.post("/v1/payment_methods/pm_card_visa/attach", &[("customer", text(&subscription, "customer"))]).await;
    let invoice = text(&now(&bench, &subscription).await["latest_invoice"], "id").to_owned();
    let attempts: Vec<_> = (0..30)
        .map(|_| {
            let (bench, path, method) = (Arc::clone(&bench), format!("/v1/invoices/{invoice}/pay"), text(&method, "id").to_owned());
            tokio::spawn(async move { bench.call("POST", &path, &[], &[("payment_method", &method)]).await.status })
        })
        .collect();
    let mut paid = 0;
    for attempt in attempts {
        paid += usize::from(attempt.await.unwrap() == 200);
    }
    let charged = bench.list("/v1/charges").await.iter().filter(|charge| charge["paid"] == true).count();
    assert_eq!((paid, charged), (1, 1));
}

#[tokio::test]
async fn after_the_last_attempt_the_settings_decide() {
    for (setting, status) in [("unpaid", "unpaid"), ("past_due", "past_due"), ("cancel", "canceled")] {
        let bench = Bench::start().await;
        assert_eq!(bench.control("/_sandbox/settings", &format!(r#"{{"after_retries": "{setting}"}}"#)).await["after_retries"], setting);
        let subscription = owing(&bench).await;
        bench.advance(16 * DAY_MS).await;
        assert_eq!(now(&bench, &subscription).await["status"], status);
        bench.advance(20 * DAY_MS).await;
        let invoices = bench.list("/v1/invoices").await;
        let newest = text(&invoices[0], "status").to_owned();
        let expected = match setting {
            "unpaid" => (3, "draft"),
            "past_due" => (3, "open"),
            _ => (2, "open"),
        };
        assert_eq!((invoices.len(), newest.as_str()), expected, "{setting}");
        if setting != "cancel" {
            let owed = text(&invoices[1], "id").to_owned();
            let method = bench.post("/v1/payment_methods/pm_card_visa/attach", &[("customer", text(&subscription, "customer"))]).await;
            bench.post(&format!("/v1/invoices/{owed}/pay"), &[("payment_method", text(&method, "id"))]).await;
        }
    }
}

#[tokio::test]
async fn a_renewal_is_announced_a_week_before() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let subscription = bench.subscription(&price, GOOD, &[]).await;
    bench.advance(20 * DAY_MS).await;
    assert!(bench.list("/v1/events?type=invoice.upcoming").await.is_empty());
    bench.advance(5 * DAY_MS).await;
    let told = bench.list("/v1/events?type=invoice.upcoming").await;
    assert_eq!(told.len(), 1);
    let upcoming = &told[0]["data"]["object"];
    assert!(text(upcoming, "id").starts_with("upcoming_in_"));
    assert_eq!((&upcoming["amount_due"], &upcoming["status"], &upcoming["number"]), (&2_900.into(), &"draft".into(), &Value::Null));
    assert_eq!(upcoming["parent"]["subscription_details"]["subscription"], subscription["id"]);
    assert_eq!(bench.list("/v1/invoices").await.len(), 1, "an announcement makes no invoice");
    bench.advance(32 * DAY_MS).await;
    assert_eq!(bench.list("/v1/events?type=invoice.upcoming").await.len(), 2, "each renewal is announced once");
}

#[tokio::test]
async fn an_end_that_is_planned_is_not_announced_as_a_renewal() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let subscription = bench.subscription(&price, GOOD, &[]).await;
    bench.post(&format!("/v1/subscriptions/{}", text(&subscription, "id")), &[("cancel_at_period_end", "true")]).await;
    bench.advance(40 * DAY_MS).await;
    assert!(bench.list("/v1/events?type=invoice.upcoming").await.is_empty());
}

#[tokio::test]
async fn chance_declines_the_same_charges_for_the_same_seed() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let bench = Bench::start().await;
        let price = bench.price("2900", "usd", Some("week")).await;
        bench.subscription(&price, GOOD, &[]).await;
        bench.control("/_sandbox/settings", r#"{"after_retries": "past_due"}"#).await;
        bench.control("/_sandbox/faults", r#"{"random": {"seed": 11, "percent": 40}}"#).await;
        bench.advance(40 * 7 * DAY_MS).await;
        bench.control("/_sandbox/faults", r#"{"random": null}"#).await;
        let charges = bench.list("/v1/charges").await;
        seen.push(charges.iter().map(|charge| charge["paid"] == true).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].contains(&false) && seen[0].contains(&true));
}
