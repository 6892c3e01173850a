//! What receivers of webhooks see.

use serde_json::Value;

use crate::support::{Bench, SECRET, Sink, is_signed, send, with_sink};

async fn deliveries(bench: &Bench) -> Vec<Value> {
    send(&bench.address, "GET", "/_sandbox/deliveries", &[], "").await.unwrap().json().as_array().unwrap().clone()
}

#[tokio::test]
async fn webhooks_are_signed_and_in_order() {
    let (bench, sink) = with_sink().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    bench.pay(&session, "4242424242424242").await;
    let told = bench.events().await;
    assert_eq!(sink.settled(told.len()).await, told);
    for received in sink.received() {
        assert!(is_signed(&received, SECRET));
        let event = received.event();
        assert_eq!((&event["object"], &event["api_version"]), (&"event".into(), &"2026-09-30.endive".into()));
    }
    assert!(bench.list("/v1/events").await.iter().all(|event| event["pending_webhooks"] == 0));
}

#[tokio::test]
async fn a_refused_webhook_comes_again_until_accepted() {
    let (bench, sink) = with_sink().await;
    sink.answer(&[500, 302]);
    bench.customer().await;
    assert_eq!(sink.settled(3).await.len(), 3);
    let received = sink.received();
    assert!(received.iter().all(|one| one.event()["id"] == received[0].event()["id"]));
    let delivery = &deliveries(&bench).await[0];
    let statuses: Vec<_> = delivery["attempts"].as_array().unwrap().iter().map(|attempt| attempt["status"].as_u64().unwrap()).collect();
    assert_eq!((statuses, &delivery["status"]), (vec![500, 302, 200], &"delivered".into()));

    let id = delivery["id"].as_str().unwrap();
    bench.control(&format!("/_sandbox/deliveries/{id}/resend"), "").await;
    bench.control(&format!("/_sandbox/events/{}/resend", delivery["event"].as_str().unwrap()), "").await;
    assert_eq!(sink.settled(5).await.len(), 5);
}

#[tokio::test]
async fn webhooks_are_held_lost_doubled_and_reversed_to_order() {
    let (bench, sink) = with_sink().await;
    bench.control("/_sandbox/faults", r#"{"webhooks": "hold"}"#).await;
    bench.customer().await;
    assert!(sink.settled(0).await.is_empty());
    bench.control("/_sandbox/faults", r#"{"webhooks": "deliver"}"#).await;
    assert_eq!(sink.settled(1).await.len(), 1);

    bench.control("/_sandbox/faults", r#"{"webhooks": "drop", "count": 1}"#).await;
    bench.customer().await;
    bench.customer().await;
    assert_eq!(sink.settled(2).await.len(), 2, "one was lost, the next was not");
    assert_eq!(bench.list("/v1/events").await.len(), 3, "a lost webhook's event is still listed");

    bench.control("/_sandbox/faults", r#"{"webhooks": "duplicate", "count": 1}"#).await;
    bench.customer().await;
    assert_eq!(sink.settled(5).await.len(), 5);

    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    let known = bench.events().await.len();
    let sent = 5 + known - 4;
    assert_eq!(sink.settled(sent).await.len(), sent);
    bench.control("/_sandbox/faults", r#"{"webhooks": "reverse"}"#).await;
    bench.pay(&session, "4242424242424242").await;
    let told = bench.events_after(known).await;
    let mut received = sink.settled(sent + told.len()).await.split_off(sent);
    received.reverse();
    assert_eq!(received, told);
}

#[tokio::test]
async fn endpoints_get_the_events_they_asked_for() {
    let (bench, configured) = with_sink().await;
    let sink = Sink::start().await;
    let made = bench.post("/v1/webhook_endpoints", &[("url", &sink.url), ("enabled_events[]", "price.created")]).await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    bench.price("2900", "usd", None).await;
    assert_eq!(sink.settled(1).await, ["price.created"]);
    assert_eq!(configured.settled(2).await, ["product.created", "price.created"]);
    assert_eq!(bench.list("/v1/webhook_endpoints").await.len(), 2);
    assert_eq!(bench.list("/v1/webhook_endpoints").await[0].get("secret"), None);
}
