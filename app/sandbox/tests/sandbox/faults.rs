//! Trouble made to order, as callers and receivers of webhooks meet it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Bench, KEY, SECRET, Sink, is_signed, send, with_sink};

async fn customers(bench: &Bench) -> usize {
    bench.list("/v1/customers").await.len()
}

/// A call that is expected to end without a single byte.
async fn is_cut_off(bench: &Bench, key: &str) -> bool {
    let authorization = format!("Bearer {KEY}");
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded"), ("idempotency-key", key)];
    send(&bench.address, "POST", "/v1/customers", &headers, "").await.is_err()
}

#[tokio::test]
async fn a_line_is_cut_before_or_after_the_effect() {
    let bench = Bench::start().await;
    bench.control("/_sandbox/faults", r#"{"api_error": {"hang_up": true}}"#).await;
    assert!(is_cut_off(&bench, "before").await);
    assert_eq!(customers(&bench).await, 0);
    assert_eq!(bench.call("POST", "/v1/customers", &[("idempotency-key", "before")], &[]).await.status, 200);

    bench.control("/_sandbox/faults", r#"{"api_error": {"hang_up": true, "after_commit": true}}"#).await;
    assert!(is_cut_off(&bench, "after").await);
    assert_eq!(customers(&bench).await, 2);
    let again = bench.call("POST", "/v1/customers", &[("idempotency-key", "after")], &[]).await;
    assert_eq!((again.status, again.header("idempotent-replayed"), customers(&bench).await), (200, Some("true"), 2));
    let requests = send(&bench.address, "GET", "/_sandbox/requests", &[], "").await.unwrap().json();
    assert_eq!(requests.as_array().unwrap().iter().filter(|call| call["status"].is_null()).count(), 2);
}

#[tokio::test]
async fn answers_say_something_else_or_nothing_of_use() {
    let bench = Bench::start().await;
    bench.customer().await;
    let list = || bench.call("GET", "/v1/customers", &[], &[]);
    bench.control("/_sandbox/faults", r#"{"api_error": {"says": {"/data/0/email": "new@x.example", "/data/7": 1}}}"#).await;
    assert_eq!(list().await.json()["data"][0]["email"], "new@x.example");
    assert_ne!(list().await.json()["data"][0]["email"], "new@x.example", "what is kept stays");
    bench.control("/_sandbox/faults", r#"{"api_error": {"garbage": true}}"#).await;
    assert!(list().await.text.starts_with("<!DOCTYPE html>"));
    assert_eq!(list().await.status, 200);
}

#[tokio::test]
async fn webhooks_come_late_while_others_go_ahead() {
    let (bench, sink) = with_sink().await;
    bench.control("/_sandbox/faults", r#"{"webhooks": {"delay": 5000}, "count": 1}"#).await;
    let started = Instant::now();
    bench.customer().await;
    bench.price("100", "usd", None).await;
    assert_eq!(sink.settled(2).await, ["product.created", "price.created"]);
    assert_eq!(sink.settled(3).await.last().unwrap(), "customer.created");
    assert!(started.elapsed() >= Duration::from_secs(5));
}

#[tokio::test]
async fn tampered_webhooks_do_not_fit_their_signature_until_sent_again() {
    for fault in ["bad_signature", "changed_body"] {
        let (bench, sink) = with_sink().await;
        bench.control("/_sandbox/faults", &format!(r#"{{"webhooks": "{fault}", "count": 1}}"#)).await;
        sink.answer(&[400]);
        bench.customer().await;
        assert_eq!(sink.settled(2).await.len(), 2, "{fault}");
        let received = sink.received();
        assert!(!is_signed(&received[0], SECRET) && is_signed(&received[1], SECRET), "{fault}");
        let event = &bench.list("/v1/events").await[0];
        assert_eq!(received[0].event()["id"] == event["id"], fault == "bad_signature");
        assert_eq!(received[1].event()["id"], event["id"]);
        bench.customer().await;
        assert_eq!(sink.settled(3).await.len(), 3);
        assert!(is_signed(&sink.received()[2], SECRET), "the order was for one");
    }
}

#[tokio::test]
async fn chance_is_as_seeded_and_ends() {
    let mut runs: Vec<Vec<Option<u16>>> = Vec::new();
    for _ in 0..2 {
        let bench = Bench::start().await;
        bench.control("/_sandbox/faults", r#"{"random": {"seed": 11, "percent": 30}}"#).await;
        let authorization = format!("Bearer {KEY}");
        let mut statuses = Vec::new();
        for _ in 0..60 {
            let answer = send(&bench.address, "POST", "/v1/customers", &[("authorization", &authorization)], "").await;
            statuses.push(answer.ok().map(|answer| answer.status));
        }
        let shown = send(&bench.address, "GET", "/_sandbox/faults", &[], "").await.unwrap().json();
        assert_eq!(shown["random"], serde_json::json!({ "seed": 11, "percent": 30 }));
        bench.control("/_sandbox/faults", r#"{"random": null}"#).await;
        for _ in 0..40 {
            bench.customer().await;
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    for kind in [None, Some(200), Some(429), Some(500), Some(503)] {
        assert!(runs[0].contains(&kind), "{kind:?} in {:?}", runs[0]);
    }
}

#[tokio::test]
async fn what_cannot_be_ordered_is_refused() {
    let bench = Bench::start().await;
    let headers = [("content-type", "application/json")];
    for order in
        [r#"{"webhooks": "explode"}"#, r#"{"api_error": {"stauts": 500}}"#, r#"{"random": {"seed": 1, "percent": 1, "x": 1}}"#, "{"]
    {
        let refused = send(&bench.address, "POST", "/_sandbox/faults", &headers, order).await.unwrap();
        assert!((400..500).contains(&refused.status), "{order}");
        assert!(refused.json()["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn receivers_can_bring_their_own_secret() {
    let (bench, first) = with_sink().await;
    let second = Sink::start().await;
    let order = format!(r#"{{"url": "{}", "secret": "{}"}}"#, second.url, SECRET);
    let added = bench.control("/_sandbox/webhook_endpoints", &order).await;
    assert_eq!(bench.control("/_sandbox/webhook_endpoints", &order).await["id"], added["id"]);
    bench.customer().await;
    assert_eq!((first.settled(1).await.len(), second.settled(1).await.len()), (1, 1));
    assert!(is_signed(&second.received()[0], SECRET));
    let listed: Vec<Value> = bench.list("/v1/webhook_endpoints").await;
    assert!(listed.len() == 2 && listed.iter().all(|endpoint| endpoint.get("secret").is_none()));
}

#[tokio::test]
async fn a_sandbox_left_to_chance_says_its_seed() {
    let bench = Bench::start().await;
    assert_eq!(bench.sandbox.leave_to_chance(Some(7), 100), 7);
    let random = send(&bench.address, "GET", "/_sandbox/faults", &[], "").await.unwrap().json()["random"].clone();
    assert_eq!((&random["seed"], &random["percent"]), (&7.into(), &100.into()));
    let made_up = bench.sandbox.leave_to_chance(None, 0);
    assert_eq!(bench.sandbox.leave_to_chance(Some(made_up), 0), made_up);
    bench.customer().await;
}
