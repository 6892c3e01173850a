//! Subscriptions on a schedule.

use serde_json::Value;

use crate::support::{Bench, DAY_MS, text};

const GOOD: &str = "4242424242424242";

struct Planned {
    bench: Bench,
    subscription: Value,
    schedule: Value,
    small: String,
    yearly: String,
}

async fn planned() -> Planned {
    let bench = Bench::start().await;
    let large = bench.price("6000", "usd", Some("month")).await;
    let small = bench.price("3000", "usd", Some("month")).await;
    let yearly = bench.price("30000", "usd", Some("year")).await;
    let subscription = bench.subscription(&large, GOOD, &[]).await;
    let schedule = bench.post("/v1/subscription_schedules", &[("from_subscription", text(&subscription, "id"))]).await;
    Planned { bench, subscription, schedule, small, yearly }
}

impl Planned {
    fn path(&self) -> String {
        format!("/v1/subscription_schedules/{}", text(&self.schedule, "id"))
    }

    async fn now(&self) -> Value {
        self.bench.get(&format!("/v1/subscriptions/{}?expand[]=latest_invoice", text(&self.subscription, "id"))).await
    }

    /// The current period as it is, then `price`.
    async fn then(&self, price: &str) -> Value {
        let phase = &self.schedule["phases"][0];
        let (start, end) = (phase["start_date"].to_string(), phase["end_date"].to_string());
        let pairs = [
            ("phases[0][items][0][price]", text(&phase["items"][0], "price")),
            ("phases[0][items][0][quantity]", "1"),
            ("phases[0][start_date]", start.as_str()),
            ("phases[0][end_date]", end.as_str()),
            ("phases[1][items][0][price]", price),
            ("phases[1][items][0][quantity]", "2"),
            ("phases[1][metadata][plan]", "small"),
            ("phases[1][proration_behavior]", "none"),
            ("end_behavior", "release"),
        ];
        self.bench.post(&self.path(), &pairs).await
    }
}

#[tokio::test]
async fn a_downgrade_comes_with_the_next_period() {
    let planned = planned().await;
    assert_eq!((&planned.schedule["status"], &planned.schedule["end_behavior"]), (&"active".into(), &"release".into()));
    let item = &planned.subscription["items"]["data"][0];
    assert_eq!(planned.schedule["current_phase"]["end_date"], item["current_period_end"]);
    let scheduled = planned.then(&planned.small).await;
    assert_eq!(scheduled["phases"].as_array().unwrap().len(), 2);
    let before = planned.now().await;
    assert_eq!((&before["schedule"], &before["items"]["data"][0]["price"]["id"]), (&planned.schedule["id"], &item["price"]["id"]));
    let next = planned.bench.post("/v1/invoices/create_preview", &[("subscription", text(&planned.subscription, "id"))]).await;
    assert_eq!((&next["total"], next["lines"]["data"].as_array().unwrap().len()), (&6_000.into(), 1));

    planned.bench.advance(32 * DAY_MS).await;
    let after = planned.now().await;
    let changed = &after["items"]["data"][0];
    assert_eq!((&changed["price"]["id"], &changed["quantity"], &changed["id"]), (&planned.small.as_str().into(), &2.into(), &item["id"]));
    assert_eq!((&after["latest_invoice"]["total"], &after["metadata"]["plan"]), (&6_000.into(), &"small".into()));
    assert_eq!(after["latest_invoice"]["lines"]["data"].as_array().unwrap().len(), 1, "nothing is prorated at the turn of a period");
    assert_eq!(planned.bench.get(&planned.path()).await["status"], "active");
    planned.bench.advance(31 * DAY_MS).await;
    let released = planned.bench.get(&planned.path()).await;
    assert_eq!((&released["status"], &released["released_subscription"]), (&"released".into(), &planned.subscription["id"]));
    assert_eq!((&planned.now().await["status"], &planned.now().await["schedule"]), (&"active".into(), &Value::Null));
    let told = planned.bench.list("/v1/events?type=subscription_schedule.*").await;
    let told: Vec<&str> =
        told.iter().rev().map(|event| event["type"].as_str().unwrap().trim_start_matches("subscription_schedule.")).collect();
    assert_eq!(told, ["created", "updated", "updated", "released"]);
}

#[tokio::test]
async fn another_rhythm_begins_with_its_phase() {
    let planned = planned().await;
    planned.then(&planned.yearly).await;
    planned.bench.advance(32 * DAY_MS).await;
    let after = planned.now().await;
    let item = &after["items"]["data"][0];
    assert_eq!(item["current_period_start"], planned.subscription["items"]["data"][0]["current_period_end"]);
    assert_eq!(after["billing_cycle_anchor"], item["current_period_start"]);
    let days = (item["current_period_end"].as_i64().unwrap() - item["current_period_start"].as_i64().unwrap()) / 86_400;
    assert!((365..=366).contains(&days), "{days}");
    assert_eq!(after["latest_invoice"]["total"], 60_000);
}

#[tokio::test]
async fn a_released_schedule_changes_nothing_any_more() {
    let planned = planned().await;
    planned.then(&planned.small).await;
    let refused = planned
        .bench
        .call("POST", &format!("/v1/subscriptions/{}", text(&planned.subscription, "id")), &[], &[("cancel_at_period_end", "true")])
        .await;
    assert_eq!(refused.status, 400, "a schedule has the end in its hands");
    let twice =
        planned.bench.call("POST", "/v1/subscription_schedules", &[], &[("from_subscription", text(&planned.subscription, "id"))]).await;
    assert_eq!(twice.status, 400);
    let released = planned.bench.post(&format!("{}/release", planned.path()), &[]).await;
    assert_eq!((&released["status"], &released["subscription"]), (&"released".into(), &Value::Null));
    assert_eq!(planned.bench.call("POST", &format!("{}/release", planned.path()), &[], &[]).await.status, 400);
    planned.bench.advance(32 * DAY_MS).await;
    assert_eq!(planned.now().await["latest_invoice"]["total"], 6_000);
    assert_eq!(planned.now().await["items"]["data"][0]["quantity"], 1);
}

#[tokio::test]
async fn an_end_takes_the_schedule_with_it() {
    let planned = planned().await;
    let canceled = planned.bench.post(&format!("{}/cancel", planned.path()), &[]).await;
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(planned.now().await["status"], "canceled");

    let other = self::planned().await;
    let phase = &other.schedule["phases"][0];
    let (price, start) = (text(&phase["items"][0], "price"), phase["start_date"].to_string());
    let ends = [
        ("phases[0][items][0][price]", price),
        ("phases[0][start_date]", start.as_str()),
        ("phases[0][duration][interval]", "month"),
        ("phases[0][duration][interval_count]", "2"),
        ("end_behavior", "cancel"),
    ];
    other.bench.post(&other.path(), &ends).await;
    other.bench.advance(65 * DAY_MS).await;
    assert_eq!((&other.now().await["status"], &other.bench.get(&other.path()).await["status"]), (&"canceled".into(), &"completed".into()));
    assert_eq!(other.bench.list("/v1/invoices").await.len(), 2);
}

#[tokio::test]
async fn the_current_phase_can_change_at_once() {
    let planned = planned().await;
    let phase = &planned.schedule["phases"][0];
    let (start, end) = (phase["start_date"].to_string(), phase["end_date"].to_string());
    let pairs = [
        ("phases[0][items][0][price]", text(&phase["items"][0], "price")),
        ("phases[0][items][0][quantity]", "3"),
        ("phases[0][start_date]", start.as_str()),
        ("phases[0][end_date]", end.as_str()),
        ("proration_behavior", "always_invoice"),
    ];
    planned.bench.post(&planned.path(), &pairs).await;
    let after = planned.now().await;
    assert_eq!(
        (&after["items"]["data"][0]["quantity"], &after["latest_invoice"]["billing_reason"]),
        (&3.into(), &"subscription_update".into())
    );
    let gap = [pairs[0], ("phases[0][start_date]", "1000"), pairs[3]];
    let refused = planned.bench.call("POST", &planned.path(), &[], &gap).await;
    assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &"phases[0][start_date]".into()));
}
