//! Subscriptions and invoices made without a page, test clocks, and the log of webhooks.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Bench, DAY_MS, form, send, standing, text, with_sink};

async fn saved(bench: &Bench, card: &str) -> String {
    let customer = bench.customer().await;
    let method = bench.post(&format!("/v1/payment_methods/{card}/attach"), &[("customer", &customer)]).await;
    bench.post(&format!("/v1/customers/{customer}"), &[("invoice_settings[default_payment_method]", text(&method, "id"))]).await;
    customer
}

#[tokio::test]
async fn a_subscription_is_made_by_a_call() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let customer = saved(&bench, "pm_card_visa").await;
    let pairs = [("customer", customer.as_str()), ("items[0][price]", &price), ("items[0][quantity]", "2"), ("expand[]", "latest_invoice")];
    let made = bench.post("/v1/subscriptions", &pairs).await;
    assert_eq!((&made["status"], &made["latest_invoice"]["amount_paid"]), (&"active".into(), &5_800.into()));
    let trial = bench.post("/v1/subscriptions", &[&pairs[..], &[("trial_period_days", "14")]].concat()).await;
    assert_eq!((&trial["status"], &trial["latest_invoice"]["total"]), (&"trialing".into(), &0.into()));

    let failing = saved(&bench, "pm_card_chargeCustomerFail").await;
    let pairs = [("customer", failing.as_str()), ("items[0][price]", &price), ("expand[]", "latest_invoice")];
    let known = bench.events().await.len();
    let refused =
        bench.call("POST", "/v1/subscriptions", &[], &[&pairs[..], &[("payment_behavior", "error_if_incomplete")]].concat()).await;
    assert_eq!((refused.status, bench.events().await.len()), (402, known));
    let incomplete = bench.post("/v1/subscriptions", &pairs).await;
    assert_eq!((&incomplete["status"], &incomplete["latest_invoice"]["status"]), (&"incomplete".into(), &"open".into()));
    bench.advance(DAY_MS).await;
    let expired = bench.get(&format!("/v1/subscriptions/{}?expand[]=latest_invoice", text(&incomplete, "id"))).await;
    assert_eq!((&expired["status"], &expired["latest_invoice"]["status"]), (&"incomplete_expired".into(), &"void".into()));

    let late = bench.post("/v1/subscriptions", &pairs).await;
    bench
        .post(&format!("/v1/invoices/{}/pay", text(&late["latest_invoice"], "id")), &[("payment_method", &good(&bench, &failing).await)])
        .await;
    assert_eq!(bench.get(&format!("/v1/subscriptions/{}", text(&late, "id"))).await["status"], "active");
}

async fn good(bench: &Bench, customer: &str) -> String {
    text(&bench.post("/v1/payment_methods/pm_card_visa/attach", &[("customer", customer)]).await, "id").to_owned()
}

#[tokio::test]
async fn an_invoice_is_written_by_hand() {
    let bench = Bench::start().await;
    let customer = saved(&bench, "pm_card_visa").await;
    let waiting =
        bench.post("/v1/invoiceitems", &[("customer", &customer), ("amount", "500"), ("currency", "usd"), ("description", "Setup")]).await;
    let surplus = bench.post("/v1/invoiceitems", &[("customer", &customer), ("amount", "700"), ("currency", "usd")]).await;
    let deleted = bench.call("DELETE", &format!("/v1/invoiceitems/{}", text(&surplus, "id")), &[], &[]).await.json();
    assert_eq!(deleted["deleted"], true);
    let draft = bench.post("/v1/invoices", &[("customer", &customer), ("pending_invoice_items_behavior", "include")]).await;
    assert_eq!((&draft["status"], &draft["total"]), (&"draft".into(), &500.into()));
    let pack = bench.price("1900", "usd", None).await;
    bench
        .post("/v1/invoiceitems", &[("customer", &customer), ("pricing[price]", &pack), ("quantity", "2"), ("invoice", text(&draft, "id"))])
        .await;
    let path = format!("/v1/invoices/{}", text(&draft, "id"));
    assert_eq!(bench.call("POST", &format!("{path}/pay"), &[], &[]).await.status, 400);
    let open = bench.post(&format!("{path}/finalize"), &[]).await;
    assert_eq!((&open["status"], &open["amount_due"]), (&"open".into(), &4_300.into()));
    assert_eq!(bench.post(&format!("{path}/pay"), &[]).await["status"], "paid");
    assert_eq!(bench.call("DELETE", &format!("/v1/invoiceitems/{}", text(&waiting, "id")), &[], &[]).await.status, 400);
    assert_eq!(bench.call("POST", &format!("{path}/void"), &[], &[]).await.status, 400);
}

#[tokio::test]
async fn a_voided_invoice_gives_the_balance_back() {
    let bench = Bench::start().await;
    let price = bench.price("6000", "usd", Some("month")).await;
    let subscription = bench.subscription(&price, "4242424242424242", &[]).await;
    let customer = text(&subscription, "customer");
    let path = format!("/v1/subscriptions/{}", text(&subscription, "id"));
    let item = text(&subscription["items"]["data"][0], "id");
    bench.post(&path, &[("items[0][id]", item), ("items[0][quantity]", "0"), ("proration_behavior", "always_invoice")]).await;
    let balance = |value: &Value| value["balance"].as_i64().unwrap();
    let credit = balance(&bench.get(&format!("/v1/customers/{customer}")).await);
    assert!((-6_000..-5_990).contains(&credit), "{credit}");
    bench.post("/v1/invoiceitems", &[("customer", customer), ("amount", "9000"), ("currency", "usd")]).await;
    let draft = bench.post("/v1/invoices", &[("customer", customer), ("pending_invoice_items_behavior", "include")]).await;
    let open = bench.post(&format!("/v1/invoices/{}/finalize", text(&draft, "id")), &[]).await;
    assert_eq!((&open["amount_due"], balance(&bench.get(&format!("/v1/customers/{customer}")).await)), (&(9_000 + credit).into(), 0));
    assert_eq!(bench.post(&format!("/v1/invoices/{}/void", text(&draft, "id")), &[]).await["status"], "void");
    assert_eq!(balance(&bench.get(&format!("/v1/customers/{customer}")).await), credit);
}

#[tokio::test]
async fn a_test_clock_moves_the_time_of_the_sandbox() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let now = bench.get("/_sandbox/clock").await["now_ms"].as_i64().unwrap() / 1_000;
    let clock = bench.post("/v1/test_helpers/test_clocks", &[("frozen_time", &now.to_string()), ("name", "renewal")]).await;
    let id = text(&clock, "id");
    let customer = bench.post("/v1/customers", &[("test_clock", id)]).await;
    bench.post("/v1/payment_methods/pm_card_visa/attach", &[("customer", text(&customer, "id"))]).await;
    let method = bench.list("/v1/payment_methods").await.remove(0);
    let pairs = [("customer", text(&customer, "id")), ("items[0][price]", &price), ("default_payment_method", text(&method, "id"))];
    let subscription = bench.post("/v1/subscriptions", &pairs).await;
    assert_eq!(subscription["test_clock"], id);
    let path = format!("/v1/test_helpers/test_clocks/{id}");
    let later = (now + 40 * 86_400).to_string();
    let advancing = bench.post(&format!("{path}/advance"), &[("frozen_time", &later)]).await;
    assert_eq!(advancing["status"], "advancing");
    let mut ready = Value::Null;
    for _ in 0..50 {
        ready = bench.get(&path).await;
        if ready["status"] == "ready" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((&ready["status"], ready["frozen_time"].to_string()), (&"ready".into(), later.clone()));
    assert_eq!(bench.list("/v1/invoices").await.len(), 2);
    assert_eq!(bench.call("POST", &format!("{path}/advance"), &[], &[("frozen_time", &later)]).await.status, 400);
    assert_eq!(bench.call("POST", "/v1/test_helpers/test_clocks", &[], &[("frozen_time", "1000")]).await.status, 400);
    assert_eq!(bench.call("DELETE", &path, &[], &[]).await.json()["deleted"], true);
    assert_eq!(bench.get(&format!("/v1/subscriptions/{}", text(&subscription, "id"))).await["status"], "canceled");

    let (foreign, _now) = standing(1_800_000_000_000);
    let fixed = Bench::with(|options| options.clock = foreign).await;
    let clock = fixed.post("/v1/test_helpers/test_clocks", &[("frozen_time", "1800000000")]).await;
    let refused = fixed
        .call("POST", &format!("/v1/test_helpers/test_clocks/{}/advance", text(&clock, "id")), &[], &[("frozen_time", "1800000100")])
        .await;
    assert_eq!(refused.status, 400, "a clock that is not the sandbox's own stands");
}

#[tokio::test]
async fn a_webhook_is_sent_again_from_the_log() {
    let (bench, sink) = with_sink().await;
    bench.customer().await;
    assert_eq!(sink.settled(1).await.len(), 1);
    let log = send(&bench.address, "GET", "/_sandbox/webhooks", &[], "").await.unwrap();
    assert!(log.status == 200 && log.text.contains("customer.created") && log.text.contains("200 after"), "{}", log.text);
    assert!(!log.text.contains("<script") && !log.text.contains("style="));
    let action = log.text.split_once("action=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(send(&bench.address, "POST", &action, &headers, &form(&[])).await.unwrap().status, 303);
    assert_eq!(sink.settled(2).await, ["customer.created", "customer.created"]);
    let ids: Vec<Value> = sink.received().iter().map(|one| one.event()["id"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(send(&bench.address, "POST", "/_sandbox/webhooks/dlv_unknown/resend", &headers, "").await.unwrap().status, 404);
}
