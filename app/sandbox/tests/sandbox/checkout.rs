//! The payment page and what comes of it.

use std::sync::Arc;

use serde_json::Value;

use crate::support::{Bench, CANCEL, DAY_MS, SUCCESS, send};

const GOOD: &str = "4242 4242 4242 4242";

#[tokio::test]
async fn a_paid_session_becomes_an_active_subscription() {
    let bench = Bench::start().await;
    let price = bench.price("29000", "usd", Some("year")).await;
    let account = [("metadata[account_id]", "acc_1"), ("subscription_data[metadata][account_id]", "acc_1")];
    let session = bench.session("subscription", &price, &account).await;
    let id = session["id"].as_str().unwrap();
    assert_eq!(session["url"], format!("{}/pay/{id}", bench.sandbox.pages_base()));

    let paid = bench.pay(&session, GOOD).await;
    assert_eq!(paid.status, 303);
    let success = format!("http://127.0.0.1:3000/checkout/success?session={id}");
    assert_eq!(paid.header("location"), Some(success.as_str()));
    let seen_again = send(&bench.address, "GET", &format!("/pay/{id}"), &[], "").await.unwrap();
    assert_eq!((seen_again.status, seen_again.header("location")), (303, Some(success.as_str())));

    let expand = "expand[]=subscription.latest_invoice.payments&expand[]=line_items&expand[]=subscription.items.data.price.product";
    let session = bench.get(&format!("/v1/checkout/sessions/{id}?{expand}")).await;
    let subscription = &session["subscription"];
    let invoice = &subscription["latest_invoice"];
    assert_eq!((&session["status"], &session["payment_status"]), (&"complete".into(), &"paid".into()));
    assert_eq!(subscription["status"], "active");
    assert_eq!(subscription["metadata"]["account_id"], "acc_1");
    assert_eq!(subscription["items"]["data"][0]["price"]["product"]["name"], "Pro");
    assert_eq!(invoice["status"], "paid");
    assert_eq!(invoice["billing_reason"], "subscription_create");
    assert_eq!(invoice["amount_paid"], 29_000);
    assert_eq!(invoice["parent"]["subscription_details"]["metadata"]["account_id"], "acc_1");
    let line = &invoice["lines"]["data"][0];
    let item = &subscription["items"]["data"][0];
    assert_eq!(line["parent"]["subscription_item_details"]["subscription_item"], item["id"]);
    assert_eq!(line["period"]["end"], item["current_period_end"]);
    assert_eq!(line["pricing"]["price_details"]["price"], price.as_str());
    let intent = invoice["payments"]["data"][0]["payment"]["payment_intent"].as_str().unwrap();
    let intent = bench.get(&format!("/v1/payment_intents/{intent}?expand[]=latest_charge")).await;
    assert_eq!((&intent["status"], &intent["latest_charge"]["amount"]), (&"succeeded".into(), &29_000.into()));

    let told: Vec<String> = bench.events().await.into_iter().skip_while(|kind| kind != "customer.subscription.created").collect();
    assert_eq!(
        told,
        [
            "customer.subscription.created",
            "invoice.created",
            "invoice.finalized",
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded",
            "invoice.paid",
            "invoice.payment_succeeded",
            "invoice_payment.paid",
            "customer.subscription.updated",
            "checkout.session.completed",
        ]
    );
}

#[tokio::test]
async fn events_show_the_object_as_it_was() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    bench.pay(&session, GOOD).await;
    let created = &bench.list("/v1/events?type=customer.subscription.created").await[0];
    assert_eq!(created["data"]["object"]["status"], "incomplete");
    let updated = &bench.list("/v1/events?type=customer.subscription.updated").await[0];
    assert_eq!(updated["data"]["object"]["status"], "active");
    assert_eq!(updated["data"]["previous_attributes"], serde_json::json!({ "status": "incomplete" }));
    let statuses = bench.list("/v1/events?type=invoice.*").await;
    let statuses: Vec<&str> = statuses.iter().rev().map(|event| event["data"]["object"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["draft", "open", "paid", "paid"]);
}

#[tokio::test]
async fn a_declined_card_stays_on_the_page_and_buys_nothing() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    let cards = [
        ("4000000000000002", "Your card was declined."),
        ("4000000000009995", "Your card has insufficient funds."),
        ("4000000000000069", "Your card has expired."),
        ("4000000000000127", "Your card&#39;s security code is incorrect."),
        ("4000000000000341", "Your card was declined."),
    ];
    for (card, reason) in cards {
        let page = bench.pay(&session, card).await;
        assert_eq!(page.status, 402);
        assert!(page.text.contains(&format!(r#"role="alert">{reason}"#)), "{card}: {}", page.text);
        assert!(page.text.contains(&format!(r#"value="{card}""#)) && page.text.contains(r#"value="12 / 40""#));
        assert!(!page.text.contains(r#"value="123""#), "the security code is not sent back");
    }
    assert!(bench.list("/v1/subscriptions?status=all").await.is_empty());
    assert!(bench.list("/v1/invoices").await.is_empty());
    let intents = bench.list("/v1/payment_intents").await;
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0]["status"], "requires_payment_method");

    assert_eq!(bench.pay(&session, GOOD).await.status, 303);
    let intents = bench.list("/v1/payment_intents").await;
    assert_eq!((intents.len(), &intents[0]["status"]), (1, &"succeeded".into()));
}

#[tokio::test]
async fn wrong_fields_are_named_and_kept() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    let page = bench.type_in(&session, &[("action", "pay"), ("card_number", "42<b>"), ("expiry", "13/40"), ("cvc", "1")]).await;
    assert_eq!(page.status, 422);
    for field in ["card_number", "expiry", "cvc"] {
        assert!(page.text.contains(&format!(r#"id="{field}-error""#)), "{field}");
    }
    assert!(page.text.contains(r#"value="42&lt;b&gt;""#) && !page.text.contains("<b>"));
    assert!(bench.list("/v1/payment_intents").await.is_empty());
    let empty = bench.type_in(&session, &[]).await;
    assert_eq!(empty.status, 422);
}

#[tokio::test]
async fn a_trial_costs_nothing_until_it_ends() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[("subscription_data[trial_period_days]", "14")]).await;
    let page = send(&bench.address, "GET", &format!("/pay/{}", session["id"].as_str().unwrap()), &[], "").await.unwrap();
    assert!(page.text.contains(">Start trial</button>") && page.text.contains("14 days free. Then $29.00 per month"));
    // Its days begin when it is taken, however long the page stood open.
    bench.advance(3_600_000).await;
    assert_eq!(bench.pay(&session, GOOD).await.status, 303);

    let path = format!("/v1/checkout/sessions/{}?expand[]=subscription&expand[]=invoice", session["id"].as_str().unwrap());
    let session = bench.get(&path).await;
    let (subscription, invoice) = (&session["subscription"], &session["invoice"]);
    assert_eq!(session["payment_status"], "no_payment_required");
    assert_eq!(subscription["status"], "trialing");
    let days = subscription["trial_end"].as_i64().unwrap() - subscription["trial_start"].as_i64().unwrap();
    assert_eq!(days, 14 * 86_400);
    assert_eq!((&invoice["status"], &invoice["total"]), (&"paid".into(), &0.into()));
    assert_eq!(invoice["lines"]["data"][0]["period"]["end"], subscription["trial_end"]);
    assert!(bench.list("/v1/charges").await.is_empty());

    bench.advance(15 * DAY_MS).await;
    let subscription = bench.get(&format!("/v1/subscriptions/{}?expand[]=latest_invoice", subscription["id"].as_str().unwrap())).await;
    assert_eq!(subscription["status"], "active");
    assert_eq!(subscription["latest_invoice"]["billing_reason"], "subscription_cycle");
    assert_eq!(subscription["latest_invoice"]["amount_paid"], 2_900);
    assert!(bench.events().await.contains(&"customer.subscription.trial_will_end".to_owned()));
}

#[tokio::test]
async fn a_trial_with_a_card_that_is_declined_does_not_start() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[("subscription_data[trial_period_days]", "14")]).await;
    assert_eq!(bench.pay(&session, "4000000000000002").await.status, 402);
    assert!(bench.list("/v1/subscriptions?status=all").await.is_empty());
    assert_eq!(bench.pay(&session, "4000000000000341").await.status, 303);
    bench.advance(15 * DAY_MS).await;
    let subscription = &bench.list("/v1/subscriptions").await[0];
    assert_eq!(subscription["status"], "past_due");
    let invoice = bench.get(&format!("/v1/invoices/{}", subscription["latest_invoice"].as_str().unwrap())).await;
    assert_eq!((&invoice["status"], &invoice["attempt_count"]), (&"open".into(), &1.into()));
    assert!(bench.events().await.contains(&"invoice.payment_failed".to_owned()));
}

#[tokio::test]
async fn a_trial_without_a_card_ends_as_the_session_said() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let behavior = "subscription_data[trial_settings][end_behavior][missing_payment_method]";
    for (ending, status) in [("cancel", "canceled"), ("create_invoice", "past_due")] {
        let trial = [("payment_method_collection", "if_required"), ("subscription_data[trial_period_days]", "7"), (behavior, ending)];
        let session = bench.session("subscription", &price, &trial).await;
        assert_eq!(bench.type_in(&session, &[("action", "pay")]).await.status, 303);
        bench.advance(8 * DAY_MS).await;
        assert_eq!(bench.list("/v1/subscriptions?status=all").await[0]["status"], status);
    }
}

#[tokio::test]
async fn a_session_without_a_customer_makes_one() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let pairs = [
        ("mode", "payment"),
        ("customer_email", "olivia@acme.test"),
        ("success_url", SUCCESS),
        ("line_items[0][price]", &price),
        ("line_items[0][quantity]", "1"),
    ];
    let session = bench.post("/v1/checkout/sessions", &pairs).await;
    assert_eq!(bench.pay(&session, "4000000000000002").await.status, 402);
    assert!(bench.list("/v1/customers").await.is_empty());
    assert_eq!(bench.pay(&session, GOOD).await.status, 303);
    let customer = &bench.list("/v1/customers?email=olivia@acme.test").await[0];
    let intents = bench.list("/v1/payment_intents").await;
    assert_eq!((intents.len(), &intents[0]["customer"]), (1, &customer["id"]));
    assert_eq!(bench.get(&format!("/v1/checkout/sessions/{}", session["id"].as_str().unwrap())).await["customer"], customer["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn paying_fifty_times_at_once_charges_once() {
    let bench = Arc::new(Bench::start().await);
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let (bench, session) = (Arc::clone(&bench), session.clone());
            tokio::spawn(async move { bench.pay(&session, GOOD).await.status })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 303);
    }
    assert_eq!(bench.list("/v1/subscriptions?status=all").await.len(), 1);
    assert_eq!(bench.list("/v1/charges").await.len(), 1);
    assert_eq!(bench.list("/v1/payment_intents").await.len(), 1);
}

#[tokio::test]
async fn something_bought_once_makes_one_payment() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "jpy", None).await;
    let more =
        [("payment_intent_data[metadata][account_id]", "acc_1"), ("line_items[0][quantity]", "3"), ("invoice_creation[enabled]", "true")];
    let session = bench.session("payment", &price, &more).await;
    let page = send(&bench.address, "GET", &format!("/pay/{}", session["id"].as_str().unwrap()), &[], "").await.unwrap();
    assert!(page.text.contains("<td>¥5,700</td>"), "{}", page.text);
    assert_eq!(bench.pay(&session, GOOD).await.status, 303);
    let path = format!("/v1/checkout/sessions/{}?expand[]=payment_intent.latest_charge&expand[]=invoice", session["id"].as_str().unwrap());
    let session = bench.get(&path).await;
    assert_eq!(session["payment_intent"]["metadata"]["account_id"], "acc_1");
    assert_eq!(session["payment_intent"]["latest_charge"]["amount"], 5_700);
    assert_eq!((&session["invoice"]["status"], &session["invoice"]["total"]), (&"paid".into(), &5_700.into()));
    let invoice = send(&bench.address, "GET", path_of(&session["invoice"]["hosted_invoice_url"]), &[], "").await.unwrap();
    assert_eq!(invoice.status, 200);
    let receipt = send(&bench.address, "GET", path_of(&session["payment_intent"]["latest_charge"]["receipt_url"]), &[], "").await.unwrap();
    assert!(receipt.text.contains("¥5,700 paid on"));
}

fn path_of(url: &Value) -> &str {
    let url = url.as_str().unwrap();
    &url[url.rfind(':').and_then(|port| url[port..].find('/').map(|slash| port + slash)).unwrap()..]
}

#[tokio::test]
async fn a_closed_session_cannot_be_paid() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    let id = session["id"].as_str().unwrap();
    assert_eq!(bench.type_in(&session, &[("action", "cancel")]).await.header("location").unwrap(), CANCEL);
    let expired = bench.post(&format!("/v1/checkout/sessions/{id}/expire"), &[]).await;
    assert_eq!((&expired["status"], &expired["url"]), (&"expired".into(), &Value::Null));
    let page = bench.pay(&session, GOOD).await;
    assert_eq!(page.status, 410);
    assert!(page.text.contains("has expired") && page.text.contains(CANCEL));
    assert_eq!(bench.call("POST", &format!("/v1/checkout/sessions/{id}/expire"), &[], &[]).await.status, 400);

    let forgotten = bench.session("subscription", &price, &[]).await;
    bench.advance(DAY_MS).await;
    assert_eq!(bench.pay(&forgotten, GOOD).await.status, 410);
    assert_eq!(bench.list("/v1/events?type=checkout.session.expired").await.len(), 2);
    assert_eq!(send(&bench.address, "GET", "/pay/cs_test_unknown", &[], "").await.unwrap().status, 404);
}

#[tokio::test]
async fn pages_allow_no_script_and_no_foreign_form_target() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    for path in [format!("/pay/{}", session["id"].as_str().unwrap()), "/_sandbox".to_owned(), "/pay/cs_test_unknown".to_owned()] {
        let page = send(&bench.address, "GET", &path, &[], "").await.unwrap();
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert!(!page.text.contains("<script") && !page.text.contains("style="));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        if path.starts_with("/pay/cs_test_a") {
            assert!(policy.ends_with("form-action 'self' http://127.0.0.1:3000"), "{policy}");
        }
    }
}
