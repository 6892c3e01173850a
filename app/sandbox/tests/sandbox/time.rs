//! Renewals as the clock runs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::support::{Bench, DAY_MS, send, standing};

const GOOD: &str = "4242424242424242";

fn day(seconds: &Value) -> String {
    OffsetDateTime::from_unix_timestamp(seconds.as_i64().unwrap()).unwrap().date().to_string()
}

#[tokio::test]
async fn months_end_where_they_end() {
    let (clock, now) = standing(datetime!(2027-01-31 10:00 UTC).unix_timestamp() * 1_000);
    let bench = Bench::with(|options| options.clock = clock).await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    bench.pay(&session, GOOD).await;
    now.fetch_add(149 * DAY_MS, Ordering::SeqCst);
    let paid = |invoice: &&Value| invoice["status"] == "paid";
    let mut invoices = Vec::new();
    for _ in 0..200 {
        invoices = bench.list("/v1/invoices").await;
        if invoices.iter().filter(paid).count() == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    invoices.reverse();
    let starts: Vec<String> = invoices.iter().map(|invoice| day(&invoice["lines"]["data"][0]["period"]["start"])).collect();
    assert_eq!(starts, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    assert!(invoices.iter().all(|invoice| invoice["status"] == "paid"));
    for (invoice, start) in invoices.iter().zip(&starts) {
        assert_eq!(&day(&invoice["status_transitions"]["paid_at"]), start, "a renewal is dated by its period, not by the tick");
    }
    let periods: Vec<_> = invoices.iter().map(|invoice| invoice["lines"]["data"][0]["period"].clone()).collect();
    assert!(periods.windows(2).all(|pair| pair[0]["end"] == pair[1]["start"]), "no gap, no overlap");
    let subscription = &bench.list("/v1/subscriptions").await[0];
    assert_eq!(day(&subscription["items"]["data"][0]["current_period_end"]), "2027-06-30");
    assert_eq!(subscription["latest_invoice"], invoices[4]["id"]);
}

#[tokio::test]
async fn event_dates_never_run_backwards() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    bench.pay(&session, GOOD).await;
    bench.advance(100 * DAY_MS).await;
    let dates: Vec<i64> = bench.list("/v1/events").await.iter().rev().map(|event| event["created"].as_i64().unwrap()).collect();
    assert!(dates.is_sorted(), "{dates:?}");
}

#[tokio::test]
async fn a_cancelled_subscription_runs_to_the_end_of_its_period() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    bench.pay(&session, GOOD).await;
    let subscription = bench.list("/v1/subscriptions").await.remove(0);
    let path = format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap());
    let end = subscription["items"]["data"][0]["current_period_end"].clone();

    let planned = bench.post(&path, &[("cancel_at_period_end", "true")]).await;
    assert_eq!((&planned["status"], &planned["cancel_at"]), (&"active".into(), &end));
    let resumed = bench.post(&path, &[("cancel_at_period_end", "false")]).await;
    assert_eq!((&resumed["cancel_at"], &resumed["canceled_at"]), (&Value::Null, &Value::Null));
    bench.post(&path, &[("cancel_at_period_end", "true")]).await;
    bench.advance(32 * DAY_MS).await;
    let ended = bench.get(&path).await;
    assert_eq!((&ended["status"], &ended["ended_at"]), (&"canceled".into(), &end));
    assert_eq!(bench.list("/v1/invoices").await.len(), 1);
    assert!(bench.list("/v1/subscriptions").await.is_empty());
    assert_eq!(bench.list("/v1/subscriptions?status=canceled").await.len(), 1);
    assert_eq!(bench.events().await.last().unwrap(), "customer.subscription.deleted");
}

#[tokio::test]
async fn cancelling_now_ends_now() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    bench.pay(&session, GOOD).await;
    let path = format!("/v1/subscriptions/{}", bench.list("/v1/subscriptions").await[0]["id"].as_str().unwrap());
    let ended = bench.call("DELETE", &path, &[], &[("cancellation_details[comment]", "surplus")]).await.json();
    assert_eq!((&ended["status"], &ended["cancellation_details"]["comment"]), (&"canceled".into(), &"surplus".into()));
    assert_eq!(bench.call("DELETE", &path, &[], &[]).await.status, 404);
}

#[tokio::test]
async fn a_foreign_clock_is_not_moved() {
    let (clock, _now) = standing(1_800_000_000_000);
    let bench = Bench::with(|options| options.clock = clock).await;
    let headers = [("content-type", "application/json")];
    let refused = send(&bench.address, "POST", "/_sandbox/clock", &headers, r#"{"advance_ms": 1}"#).await.unwrap();
    assert_eq!(refused.status, 400);
    let shown = send(&bench.address, "GET", "/_sandbox/clock", &[], "").await.unwrap().json();
    assert_eq!(shown["now_ms"], 1_800_000_000_000_i64);
}
