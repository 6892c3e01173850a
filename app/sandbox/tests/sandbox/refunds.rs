//! Money that goes back: refunds, and disputes won and lost.

use std::sync::Arc;

use serde_json::Value;

use crate::support::{Bench, DAY_MS, send, text};

/// A charge of 19 dollars, made with `card`.
async fn charge(bench: &Bench, card: &str) -> Value {
    let price = bench.price("1900", "usd", None).await;
    let session = bench.session("payment", &price, &[]).await;
    assert_eq!(bench.pay(&session, card).await.status, 303);
    bench.list("/v1/charges").await.remove(0)
}

#[tokio::test]
async fn a_charge_goes_back_in_parts_and_never_more_than_all_of_it() {
    let bench = Bench::start().await;
    let charge = charge(&bench, "4242424242424242").await;
    let id = text(&charge, "id");
    let known = bench.events().await.len();
    let part =
        bench.post("/v1/refunds", &[("charge", id), ("amount", "700"), ("reason", "requested_by_customer"), ("metadata[a]", "b")]).await;
    assert_eq!((&part["amount"], &part["status"], &part["charge"]), (&700.into(), &"succeeded".into(), &charge["id"]));
    assert_eq!(bench.events_after(known).await, ["charge.refunded", "refund.created", "refund.updated"]);
    let partly = bench.get(&format!("/v1/charges/{id}?expand[]=refunds")).await;
    assert_eq!((&partly["amount_refunded"], &partly["refunded"]), (&700.into(), &false.into()));
    assert_eq!(partly["refunds"]["data"][0]["id"], part["id"]);

    let too_much = bench.call("POST", "/v1/refunds", &[], &[("charge", id), ("amount", "1201")]).await;
    assert_eq!((too_much.status, &too_much.json()["error"]["param"]), (400, &"amount".into()));
    let rest = bench.post("/v1/refunds", &[("payment_intent", text(&charge, "payment_intent"))]).await;
    assert_eq!(rest["amount"], 1_200);
    let told = &bench.list("/v1/events?type=charge.refunded").await[0]["data"]["object"];
    assert_eq!((&told["amount_refunded"], &told["refunded"]), (&1_900.into(), &true.into()));
    let again = bench.call("POST", "/v1/refunds", &[], &[("charge", id)]).await;
    assert_eq!((again.status, &again.json()["error"]["code"]), (400, &"charge_already_refunded".into()));
    assert_eq!(bench.list(&format!("/v1/refunds?charge={id}")).await.len(), 2);
    assert_eq!(bench.call("POST", "/v1/refunds", &[], &[]).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refunds_at_once_give_back_the_charge_once() {
    let bench = Arc::new(Bench::start().await);
    let id = text(&charge(&bench, "4242424242424242").await, "id").to_owned();
    let attempts: Vec<_> = (0..30)
        .map(|_| {
            let (bench, id) = (Arc::clone(&bench), id.clone());
            tokio::spawn(async move { bench.call("POST", "/v1/refunds", &[], &[("charge", &id), ("amount", "100")]).await.status })
        })
        .collect();
    let mut made = 0;
    for attempt in attempts {
        made += usize::from(attempt.await.unwrap() == 200);
    }
    assert_eq!((made, &bench.get(&format!("/v1/charges/{id}")).await["amount_refunded"]), (19, &1_900.into()));
}

#[tokio::test]
async fn what_was_never_paid_is_not_given_back() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let session = bench.session("payment", &price, &[]).await;
    bench.pay(&session, "4000000000000002").await;
    let failed = bench.list("/v1/charges").await.remove(0);
    let refused = bench.call("POST", "/v1/refunds", &[], &[("charge", text(&failed, "id"))]).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &"charge_not_refundable".into()));
}

async fn disputed(bench: &Bench) -> Value {
    let charge = charge(bench, "4000000000000259").await;
    bench.advance(6_000).await;
    bench.list(&format!("/v1/disputes?charge={}", text(&charge, "id"))).await.remove(0)
}

async fn moved(bench: &Bench, dispute: &Value) -> Vec<i64> {
    let dispute = bench.get(&format!("/v1/disputes/{}", text(dispute, "id"))).await;
    dispute["balance_transactions"].as_array().unwrap().iter().map(|entry| entry["amount"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_dispute_takes_the_money_until_it_is_won() {
    let bench = Bench::start().await;
    let dispute = disputed(&bench).await;
    assert_eq!(moved(&bench, &dispute).await, [-1_900]);
    let refused = bench.call("POST", "/v1/refunds", &[], &[("charge", text(&dispute, "charge"))]).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &"charge_disputed".into()));
    let known = bench.events().await.len();
    let path = format!("/v1/disputes/{}", text(&dispute, "id"));
    let answered = bench.post(&path, &[("evidence[uncategorized_text]", "It was used every day.")]).await;
    assert_eq!(answered["status"], "under_review");
    let order = format!("/_sandbox/disputes/{}", text(&dispute, "id"));
    assert_eq!(bench.control(&order, r#"{"won": true}"#).await["status"], "won");
    let told = ["charge.dispute.updated", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"];
    assert_eq!(bench.events_after(known).await, told);
    assert_eq!(moved(&bench, &dispute).await, [-1_900, 1_900]);
    let again = send(&bench.address, "POST", &order, &[("content-type", "application/json")], r#"{"won": false}"#).await.unwrap();
    assert_eq!(again.status, 400, "a dispute is decided once");
    bench.post("/v1/refunds", &[("charge", text(&dispute, "charge"))]).await;
}

#[tokio::test]
async fn a_dispute_is_lost_by_evidence_or_by_giving_in() {
    let bench = Bench::start().await;
    for lose in [true, false] {
        let dispute = disputed(&bench).await;
        let path = format!("/v1/disputes/{}", text(&dispute, "id"));
        let lost = if lose {
            bench.post(&path, &[("evidence[uncategorized_text]", "losing_evidence")]).await
        } else {
            bench.post(&format!("{path}/close"), &[]).await
        };
        assert_eq!(lost["status"], "lost");
        assert_eq!(moved(&bench, &dispute).await, [-1_900]);
        assert_eq!(bench.call("POST", &path, &[], &[("submit", "false")]).await.status, 400);
    }
}

#[tokio::test]
async fn a_refund_can_come_back_a_day_later_and_be_tried_again() {
    let bench = Bench::start().await;
    let charge = charge(&bench, "4000000000005126").await;
    let path = format!("/v1/charges/{}", text(&charge, "id"));
    let kept = bench.post("/v1/refunds", &[("charge", text(&charge, "id")), ("amount", "700")]).await;
    assert_eq!((&kept["status"], &bench.get(&path).await["amount_refunded"]), (&"succeeded".into(), &700.into()));
    let known = bench.events().await.len();
    bench.advance(DAY_MS).await;
    let failed = bench.get(&format!("/v1/refunds/{}", text(&kept, "id"))).await;
    assert_eq!((&failed["status"], &failed["failure_reason"]), (&"failed".into(), &"expired_or_canceled_card".into()));
    let stands = bench.get(&path).await;
    assert_eq!((&stands["amount_refunded"], &stands["refunded"]), (&0.into(), &false.into()));
    assert_eq!(bench.events_after(known).await, ["charge.refund.updated", "refund.updated", "refund.failed"]);
    let told = &bench.list("/v1/events?type=refund.updated").await[0]["data"]["previous_attributes"];
    assert_eq!(told["status"], "succeeded");
    assert_eq!(bench.post("/v1/refunds", &[("charge", text(&charge, "id"))]).await["amount"], 1_900);
    bench.advance(2 * DAY_MS).await;
    assert_eq!(bench.list("/v1/events?type=refund.failed").await.len(), 2, "each comes back once");
}
