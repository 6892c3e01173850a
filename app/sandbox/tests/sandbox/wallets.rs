//! Cards saved without a page: payment methods, payment intents and setup intents.

use serde_json::Value;

use crate::support::{Bench, text};

async fn card(bench: &Bench, number: &str) -> Value {
    let pairs = [("type", "card"), ("card[number]", number), ("card[exp_month]", "12"), ("card[exp_year]", "2040"), ("card[cvc]", "123")];
    bench.post("/v1/payment_methods", &pairs).await
}

#[tokio::test]
async fn a_card_is_attached_listed_and_detached() {
    let bench = Bench::start().await;
    let (customer, other) = (bench.customer().await, bench.customer().await);
    let method = card(&bench, "4242424242424242").await;
    let id = text(&method, "id");
    let attached = bench.post(&format!("/v1/payment_methods/{id}/attach"), &[("customer", &customer)]).await;
    assert_eq!(attached["customer"], customer.as_str());
    let taken = bench.call("POST", &format!("/v1/payment_methods/{id}/attach"), &[], &[("customer", &other)]).await;
    assert_eq!(taken.status, 400);
    assert_eq!(bench.list(&format!("/v1/customers/{customer}/payment_methods")).await.len(), 1);
    assert!(bench.list(&format!("/v1/payment_methods?customer={other}&type=card")).await.is_empty());
    bench.post(&format!("/v1/customers/{customer}"), &[("invoice_settings[default_payment_method]", id)]).await;
    let detached = bench.post(&format!("/v1/payment_methods/{id}/detach"), &[]).await;
    assert_eq!(detached["customer"], Value::Null);
    let known = bench.get(&format!("/v1/customers/{customer}")).await;
    assert_eq!(known["invoice_settings"]["default_payment_method"], Value::Null);
    assert_eq!(bench.call("POST", &format!("/v1/payment_methods/{id}/detach"), &[], &[]).await.status, 400);
}

#[tokio::test]
async fn cards_that_cannot_be_are_refused_as_they_are_typed_or_saved() {
    let bench = Bench::start().await;
    let customer = bench.customer().await;
    for (number, code) in [("4000000000000002", "card_declined"), ("4000000000000069", "expired_card")] {
        let method = card(&bench, number).await;
        let refused =
            bench.call("POST", &format!("/v1/payment_methods/{}/attach", text(&method, "id")), &[], &[("customer", &customer)]).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (402, &code.into()), "{number}");
    }
    let cases = [
        ("card[number]", "4242424242424241", "incorrect_number"),
        ("card[exp_year]", "2020", "invalid_expiry_year"),
        ("card[cvc]", "1", "invalid_cvc"),
    ];
    for (field, value, code) in cases {
        let pairs =
            [("type", "card"), ("card[number]", "4242424242424242"), ("card[exp_month]", "12"), ("card[exp_year]", "2040"), (field, value)];
        let refused = bench.call("POST", "/v1/payment_methods", &[], &pairs).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (402, &code.into()), "{field}");
    }
    assert!(bench.list(&format!("/v1/customers/{customer}/payment_methods")).await.is_empty());
    let saved = bench.post("/v1/payment_methods/pm_card_chargeCustomerFail/attach", &[("customer", &customer)]).await;
    assert_eq!(saved["card"]["last4"], "0341");
}

#[tokio::test]
async fn a_payment_intent_is_confirmed_once_and_a_refusal_stays_on_record() {
    let bench = Bench::start().await;
    let customer = bench.customer().await;
    let intent =
        bench.post("/v1/payment_intents", &[("amount", "1900"), ("currency", "usd"), ("customer", &customer), ("metadata[a]", "b")]).await;
    assert_eq!(intent["status"], "requires_payment_method");
    let confirm = format!("/v1/payment_intents/{}/confirm", text(&intent, "id"));
    assert_eq!(bench.call("POST", &confirm, &[], &[]).await.status, 400);
    let declined = bench.call("POST", &confirm, &[], &[("payment_method", "pm_card_chargeDeclined")]).await;
    let error = &declined.json()["error"];
    assert_eq!((declined.status, &error["payment_intent"]["status"]), (402, &"requires_payment_method".into()));
    assert_eq!(error["payment_intent"]["last_payment_error"]["decline_code"], "generic_decline");
    let paid = bench.post(&confirm, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!((&paid["status"], &paid["amount_received"]), (&"succeeded".into(), &1_900.into()));
    assert_eq!(bench.call("POST", &confirm, &[], &[("payment_method", "pm_card_visa")]).await.status, 400);
    assert_eq!(bench.list("/v1/charges").await.len(), 2);

    let left = bench.post("/v1/payment_intents", &[("amount", "1900"), ("currency", "usd")]).await;
    let cancel = format!("/v1/payment_intents/{}/cancel", text(&left, "id"));
    assert_eq!(bench.post(&cancel, &[("cancellation_reason", "abandoned")]).await["status"], "canceled");
    assert_eq!(bench.call("POST", &cancel, &[], &[]).await.status, 400);
}

#[tokio::test]
async fn confirming_the_intent_of_an_invoice_pays_the_invoice() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let subscription = bench.subscription(&price, "4000000000000341", &[("subscription_data[trial_period_days]", "1")]).await;
    bench.advance(2 * 86_400_000).await;
    let intent = bench.list("/v1/payment_intents").await.remove(0);
    bench.post(&format!("/v1/payment_intents/{}/confirm", text(&intent, "id")), &[("payment_method", "pm_card_visa")]).await;
    let paid = bench.get(&format!("/v1/subscriptions/{}?expand[]=latest_invoice", text(&subscription, "id"))).await;
    assert_eq!((&paid["status"], &paid["latest_invoice"]["status"]), (&"active".into(), &"paid".into()));
}

#[tokio::test]
async fn a_setup_intent_saves_a_card_for_its_customer() {
    let bench = Bench::start().await;
    let customer = bench.customer().await;
    let intent =
        bench.post("/v1/setup_intents", &[("customer", &customer), ("payment_method", "pm_card_mastercard"), ("confirm", "true")]).await;
    assert_eq!(intent["status"], "succeeded");
    let saved = bench.list(&format!("/v1/customers/{customer}/payment_methods")).await;
    assert_eq!((saved.len(), &saved[0]["id"]), (1, &intent["payment_method"]));
    let refused = bench.post("/v1/setup_intents", &[("customer", &customer)]).await;
    let confirm = format!("/v1/setup_intents/{}/confirm", text(&refused, "id"));
    let declined = bench.call("POST", &confirm, &[], &[("payment_method", "pm_card_chargeDeclined")]).await;
    assert_eq!((declined.status, &declined.json()["error"]["setup_intent"]["status"]), (402, &"requires_payment_method".into()));
    bench.post(&format!("/v1/setup_intents/{}/cancel", text(&refused, "id")), &[]).await;
    assert_eq!(bench.call("POST", &confirm, &[], &[("payment_method", "pm_card_visa")]).await.status, 400);
    assert_eq!(bench.list(&format!("/v1/setup_intents?customer={customer}")).await.len(), 2);
}
