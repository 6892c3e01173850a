//! Bank accounts: a session is complete at once, and days later the money is there or is not.

use serde_json::Value;

use crate::support::{Answer, Bench, DAY_MS, text};

const GOOD: &str = "000123456789";
const CLOSED: &str = "000111111113";

/// Types a bank account into the session's page.
async fn debit(bench: &Bench, session: &Value, number: &str) -> Answer {
    bench.type_in(session, &[("action", "bank"), ("routing_number", "110000000"), ("account_number", number)]).await
}

async fn now(bench: &Bench, session: &Value) -> Value {
    let expand = "expand[]=payment_intent.latest_charge&expand[]=subscription.latest_invoice";
    bench.get(&format!("/v1/checkout/sessions/{}?{expand}", text(session, "id"))).await
}

#[tokio::test]
async fn money_from_a_bank_comes_days_after_the_session_is_complete() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let session = bench.session("payment", &price, &[]).await;
    let known = bench.events().await.len();
    assert_eq!(debit(&bench, &session, GOOD).await.status, 303);
    let waiting = now(&bench, &session).await;
    assert_eq!((&waiting["status"], &waiting["payment_status"]), (&"complete".into(), &"unpaid".into()));
    let intent = &waiting["payment_intent"];
    assert_eq!((&intent["status"], &intent["amount_received"]), (&"processing".into(), &0.into()));
    let charge = &intent["latest_charge"];
    assert_eq!((&charge["status"], &charge["paid"], &charge["receipt_url"]), (&"pending".into(), &false.into(), &Value::Null));
    assert_eq!(charge["payment_method_details"]["us_bank_account"]["last4"], "6789");
    let sent =
        ["payment_intent.created", "payment_method.attached", "charge.pending", "payment_intent.processing", "checkout.session.completed"];
    let mut told = bench.events_after(known).await;
    told.sort_unstable();
    let mut sent = sent.to_vec();
    sent.sort_unstable();
    assert_eq!(told, sent);

    let known = bench.events().await.len();
    bench.advance(4 * DAY_MS - 60_000).await;
    assert_eq!(now(&bench, &session).await["payment_status"], "unpaid");
    bench.advance(60_000).await;
    let paid = now(&bench, &session).await;
    assert_eq!((&paid["payment_status"], &paid["payment_intent"]["status"]), (&"paid".into(), &"succeeded".into()));
    assert_eq!(paid["payment_intent"]["latest_charge"]["paid"], true);
    let told = ["charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded"];
    assert_eq!(bench.events_after(known).await, told);
    bench.advance(9 * DAY_MS).await;
    assert_eq!(bench.list("/v1/charges").await.len(), 1, "a bank answers once");
    bench.post("/v1/refunds", &[("charge", text(&paid["payment_intent"]["latest_charge"], "id"))]).await;
}

#[tokio::test]
async fn a_closed_account_pays_nothing_and_the_session_stays_unpaid() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let session = bench.session("payment", &price, &[("invoice_creation[enabled]", "true")]).await;
    assert_eq!(debit(&bench, &session, CLOSED).await.status, 303);
    let pending = bench.list("/v1/charges").await.remove(0);
    let refused = bench.call("POST", "/v1/refunds", &[], &[("charge", text(&pending, "id"))]).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &"charge_not_refundable".into()));
    bench.advance(4 * DAY_MS).await;
    let failed = now(&bench, &session).await;
    assert_eq!((&failed["status"], &failed["payment_status"]), (&"complete".into(), &"unpaid".into()));
    let intent = bench.list("/v1/payment_intents").await.remove(0);
    assert_eq!((&intent["status"], &intent["last_payment_error"]["code"]), (&"requires_payment_method".into(), &"account_closed".into()));
    assert_eq!(bench.list("/v1/charges").await[0]["failure_code"], "account_closed");
    let told = bench.events().await;
    assert!(told.contains(&"checkout.session.async_payment_failed".to_owned()) && told.contains(&"invoice.payment_failed".to_owned()));
    assert!(!told.contains(&"invoice.paid".to_owned()), "{told:?}");
}

#[tokio::test]
async fn a_subscription_waits_for_its_first_debit_as_long_as_it_takes() {
    for (number, status, session_status) in [(GOOD, "active", "paid"), (CLOSED, "incomplete_expired", "unpaid")] {
        let bench = Bench::start().await;
        let price = bench.price("2900", "usd", Some("month")).await;
        let session = bench.session("subscription", &price, &[]).await;
        assert_eq!(debit(&bench, &session, number).await.status, 303);
        for days in [0, 1, 2] {
            let waiting = now(&bench, &session).await;
            let subscription = &waiting["subscription"];
            assert_eq!((&subscription["status"], &waiting["payment_status"]), (&"incomplete".into(), &"unpaid".into()), "day {days}");
            assert_eq!(subscription["latest_invoice"]["status"], "open");
            bench.advance(DAY_MS).await;
        }
        bench.advance(DAY_MS + 2_000).await;
        let answered = now(&bench, &session).await;
        assert_eq!((&answered["subscription"]["status"], &answered["payment_status"]), (&status.into(), &session_status.into()));
        assert_eq!(bench.list("/v1/charges").await.len(), 1);
    }
}

#[tokio::test]
async fn a_renewal_by_bank_leaves_the_plan_on_until_the_bank_says_no() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    debit(&bench, &session, GOOD).await;
    bench.advance(5 * DAY_MS).await;
    bench.advance(27 * DAY_MS).await;
    let renewed = now(&bench, &session).await["subscription"].clone();
    assert_eq!((&renewed["status"], &renewed["latest_invoice"]["status"]), (&"active".into(), &"open".into()));
    let invoice = format!("/v1/invoices/{}/pay", text(&renewed["latest_invoice"], "id"));
    assert_eq!(bench.post(&invoice, &[]).await["status"], "open", "what is under way is not charged twice");
    bench.advance(4 * DAY_MS).await;
    let paid = now(&bench, &session).await["subscription"].clone();
    assert_eq!((&paid["status"], &paid["latest_invoice"]["status"]), (&"active".into(), &"paid".into()));
    assert_eq!(bench.list("/v1/charges").await.len(), 2);
}

#[tokio::test]
async fn an_account_is_taken_where_there_are_dollars_to_pay_and_the_seller_takes_banks() {
    let bench = Bench::start().await;
    let (dollars, euros) = (bench.price("1900", "usd", None).await, bench.price("1900", "eur", None).await);
    let restricted = [("payment_method_types[0]", "card")];
    for (price, more, offered) in [(&dollars, &[][..], true), (&dollars, &restricted[..], false), (&euros, &[][..], false)] {
        let session = bench.session("payment", price, more).await;
        let page = bench.type_in(&session, &[("action", "bank"), ("routing_number", "1"), ("account_number", "<b>")]).await;
        assert_eq!((page.status, page.text.contains("Pay by bank")), (422, offered), "{price}");
        assert_eq!(page.text.contains(r#"id="account_number-error""#), offered);
        assert_eq!(debit(&bench, &session, GOOD).await.status, if offered { 303 } else { 422 });
    }
    let refused = [("payment_method_types[0]", "us_bank_account"), ("mode", "payment"), ("success_url", "http://127.0.0.1:3000/")];
    let line = [("line_items[0][price]", euros.as_str()), ("line_items[0][quantity]", "1")];
    assert_eq!(bench.call("POST", "/v1/checkout/sessions", &[], &[&refused[..], &line].concat()).await.status, 400);
    let trial = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &trial, &[("subscription_data[trial_period_days]", "14")]).await;
    assert!(!bench.type_in(&session, &[("action", "look")]).await.text.contains("Pay by bank"), "a trial asks for a card");
}
