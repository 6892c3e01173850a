//! What each test card does beyond paying or not.

use serde_json::Value;

use crate::support::{Bench, DAY_MS, form, send};

const ASKING: &str = "4000002500003155";
const ASKING_EACH_TIME: &str = "4000002760003184";

/// Presses a button on the bank's page.
async fn answer_bank(bench: &Bench, session: &Value, button: &str) -> (u16, String) {
    let path = format!("/pay/{}/authenticate", session["id"].as_str().unwrap());
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = send(&bench.address, "POST", &path, &headers, &format!("action={button}")).await.unwrap();
    (answer.status, answer.header("location").unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_bank_that_asks_is_answered_before_the_payment() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    let pay = format!("/pay/{}", session["id"].as_str().unwrap());
    let asked = bench.pay(&session, ASKING).await;
    assert_eq!((asked.status, asked.header("location")), (303, Some(format!("{pay}/authenticate").as_str())));
    let page = send(&bench.address, "GET", &format!("{pay}/authenticate"), &[], "").await.unwrap();
    assert!(page.text.contains("3155") && page.text.contains("$29.00") && page.text.contains(">Complete<") && page.text.contains(">Fail<"));
    assert!(page.header("content-security-policy").unwrap().ends_with("form-action 'self' http://127.0.0.1:3000"));

    let intent = bench.list("/v1/payment_intents").await.remove(0);
    assert_eq!((&intent["status"], &intent["next_action"]["type"]), (&"requires_action".into(), &"redirect_to_url".into()));
    assert!(intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap().ends_with(&format!("{pay}/authenticate")));
    assert!(bench.list("/v1/charges").await.is_empty() && bench.list("/v1/subscriptions?status=all").await.is_empty());

    assert_eq!(answer_bank(&bench, &session, "complete").await, (303, pay.clone()));
    assert_eq!(send(&bench.address, "GET", &pay, &[], "").await.unwrap().status, 303, "the page leads on to the seller");
    let intents = bench.list("/v1/payment_intents").await;
    assert_eq!((intents.len(), &intents[0]["status"], &intents[0]["next_action"]), (1, &"succeeded".into(), &Value::Null));
    assert_eq!(bench.list("/v1/subscriptions").await[0]["status"], "active");
    assert_eq!(answer_bank(&bench, &session, "complete").await.0, 303, "a second answer changes nothing");
    assert_eq!(bench.list("/v1/charges").await.len(), 1);
    bench.advance(32 * DAY_MS).await;
    assert_eq!(bench.list("/v1/charges?limit=2").await.len(), 2, "renewals are not asked about");
    let told = bench.events().await;
    let place = |kind: &str| told.iter().position(|known| known == kind).unwrap();
    assert!(place("payment_intent.requires_action") < place("payment_intent.succeeded"));
}

#[tokio::test]
async fn a_wrong_answer_to_the_bank_leads_back_with_the_reason() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let session = bench.session("payment", &price, &[]).await;
    let pay = format!("/pay/{}", session["id"].as_str().unwrap());
    bench.pay(&session, ASKING).await;
    assert_eq!(answer_bank(&bench, &session, "nonsense").await.0, 200, "the question stands");
    assert_eq!(answer_bank(&bench, &session, "fail").await, (303, pay.clone()));
    let page = send(&bench.address, "GET", &pay, &[], "").await.unwrap();
    assert!(page.status == 200 && page.text.contains(r#"role="alert">Your bank could not confirm"#), "{}", page.text);
    let gone = send(&bench.address, "GET", &format!("{pay}/authenticate"), &[], "").await.unwrap();
    assert_eq!((gone.status, gone.header("location")), (303, Some(pay.as_str())));
    answer_bank(&bench, &session, "complete").await;
    let intent = bench.list("/v1/payment_intents").await.remove(0);
    assert_eq!(intent["status"], "requires_payment_method", "an answer nobody asked for pays nothing");
    assert_eq!(intent["last_payment_error"]["code"], "payment_intent_authentication_failure");
    assert!(bench.list("/v1/charges").await.is_empty());

    assert_eq!(bench.pay(&session, "4000000000000002").await.status, 402);
    assert!(!send(&bench.address, "GET", &pay, &[], "").await.unwrap().text.contains("could not confirm"));
    bench.pay(&session, ASKING).await;
    answer_bank(&bench, &session, "complete").await;
    let intents = bench.list("/v1/payment_intents").await;
    assert_eq!((intents.len(), &intents[0]["status"], &intents[0]["last_payment_error"]), (1, &"succeeded".into(), &Value::Null));
}

#[tokio::test]
async fn a_trial_asks_the_bank_about_the_card_alone() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[("subscription_data[trial_period_days]", "14")]).await;
    assert_eq!(bench.pay(&session, ASKING).await.status, 303);
    answer_bank(&bench, &session, "complete").await;
    assert_eq!(bench.list("/v1/subscriptions").await[0]["status"], "trialing");
    assert!(bench.list("/v1/payment_intents").await.is_empty());
}

#[tokio::test]
async fn a_session_that_expires_takes_its_question_with_it() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let session = bench.session("payment", &price, &[]).await;
    bench.pay(&session, ASKING).await;
    bench.post(&format!("/v1/checkout/sessions/{}/expire", session["id"].as_str().unwrap()), &[]).await;
    answer_bank(&bench, &session, "complete").await;
    assert_eq!(bench.list("/v1/payment_intents").await[0]["status"], "canceled");
    assert!(bench.list("/v1/charges").await.is_empty());
}

#[tokio::test]
async fn a_card_can_pay_and_be_disputed_later() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let session = bench.session("payment", &price, &[]).await;
    assert_eq!(bench.pay(&session, "4000000000000259").await.status, 303);
    let charge = bench.list("/v1/charges").await.remove(0);
    assert_eq!((&charge["status"], &charge["disputed"]), (&"succeeded".into(), &false.into()));
    assert!(bench.list("/v1/disputes").await.is_empty());
    bench.advance(5_000).await;
    let charge_id = charge["id"].as_str().unwrap();
    assert_eq!(bench.get(&format!("/v1/charges/{charge_id}")).await["disputed"], true);
    let dispute = bench.list(&format!("/v1/disputes?charge={charge_id}")).await.remove(0);
    assert_eq!((&dispute["amount"], &dispute["status"], &dispute["charge"]), (&1_900.into(), &"needs_response".into(), &charge["id"]));
    assert_eq!(bench.get(&format!("/v1/disputes/{}", dispute["id"].as_str().unwrap())).await, dispute);
    let told = bench.list("/v1/events?type=charge.dispute.created").await;
    assert_eq!((told.len(), &told[0]["data"]["object"]["id"]), (1, &dispute["id"]));
    bench.advance(DAY_MS).await;
    assert_eq!(bench.list("/v1/disputes").await.len(), 1, "a charge is disputed once");
}

#[tokio::test]
async fn a_card_can_start_a_trial_and_fail_at_its_end() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[("subscription_data[trial_period_days]", "14")]).await;
    assert_eq!(bench.pay(&session, "4000000000000341").await.status, 303);
    bench.advance(15 * DAY_MS).await;
    let subscription = bench.list("/v1/subscriptions?expand[]=data.latest_invoice").await.remove(0);
    assert_eq!((&subscription["status"], &subscription["latest_invoice"]["status"]), (&"past_due".into(), &"open".into()));
    assert!(bench.events().await.contains(&"invoice.payment_failed".to_owned()));
}

/// A subscription whose card's bank has just asked about the renewal.
async fn asked_at_renewal(bench: &Bench) -> Value {
    let price = bench.price("2900", "usd", Some("month")).await;
    let session = bench.session("subscription", &price, &[]).await;
    assert_eq!(bench.pay(&session, ASKING_EACH_TIME).await.status, 303);
    answer_bank(bench, &session, "complete").await;
    assert_eq!(bench.list("/v1/subscriptions").await[0]["status"], "active");
    bench.advance(32 * DAY_MS).await;
    bench.list("/v1/subscriptions?expand[]=data.latest_invoice").await.remove(0)
}

/// Presses a button on the bank's page about an invoice.
async fn answer_about(bench: &Bench, invoice: &Value, button: &str) {
    let path = format!("/invoice/{}/authenticate", invoice["id"].as_str().unwrap());
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = send(&bench.address, "POST", &path, &headers, &format!("action={button}")).await.unwrap();
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn a_renewal_that_the_bank_asks_about_is_paid_when_its_owner_confirms() {
    let bench = Bench::start().await;
    let owing = asked_at_renewal(&bench).await;
    let invoice = &owing["latest_invoice"];
    assert_eq!((&owing["status"], &invoice["status"], &invoice["attempt_count"]), (&"past_due".into(), &"open".into(), &1.into()));
    let intent = bench.list("/v1/payment_intents").await.remove(0);
    assert_eq!(intent["status"], "requires_action");
    let told = bench.events().await;
    for kind in ["payment_intent.requires_action", "invoice.payment_failed", "invoice.payment_action_required"] {
        assert!(told.iter().any(|known| known == kind), "{kind}: {told:?}");
    }
    assert_eq!(bench.list("/v1/charges").await.len(), 1, "nothing is charged before");
    let page = invoice["hosted_invoice_url"].as_str().unwrap();
    let path = page.split_once("/invoice/").map(|(_, id)| format!("/invoice/{id}")).unwrap();
    let led = send(&bench.address, "GET", &path, &[], "").await.unwrap();
    assert_eq!((led.status, led.header("location")), (303, Some(format!("{path}/authenticate").as_str())));
    let page = send(&bench.address, "GET", &format!("{path}/authenticate"), &[], "").await.unwrap();
    assert!(page.text.contains("3184") && page.text.contains("$29.00"), "{}", page.text);

    answer_about(&bench, invoice, "complete").await;
    answer_about(&bench, invoice, "complete").await;
    let paid = bench.list("/v1/subscriptions?expand[]=data.latest_invoice").await.remove(0);
    assert_eq!((&paid["status"], &paid["latest_invoice"]["status"]), (&"active".into(), &"paid".into()));
    assert_eq!(bench.list("/v1/charges").await.len(), 2, "and once then");
    assert_eq!(send(&bench.address, "GET", &path, &[], "").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_renewal_that_is_not_confirmed_is_tried_again_or_paid_by_another_card() {
    let bench = Bench::start().await;
    let owing = asked_at_renewal(&bench).await;
    let invoice = owing["latest_invoice"].clone();
    answer_about(&bench, &invoice, "fail").await;
    assert_eq!(bench.list("/v1/payment_intents").await[0]["status"], "requires_payment_method");
    bench.advance(4 * DAY_MS).await;
    assert_eq!(bench.list("/v1/payment_intents").await[0]["status"], "requires_action", "the next attempt asks anew");
    assert_eq!(bench.list("/v1/events?type=invoice.payment_action_required").await.len(), 2);
    answer_about(&bench, &invoice, "fail").await;
    let card = [("card_number", "4242424242424242"), ("expiry", "12 / 40"), ("cvc", "123")];
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/invoice/{}", invoice["id"].as_str().unwrap());
    assert_eq!(send(&bench.address, "POST", &path, &headers, &form(&card)).await.unwrap().status, 303);
    assert_eq!(bench.list("/v1/subscriptions").await[0]["status"], "active");
}

#[tokio::test]
async fn a_change_that_the_bank_asks_about_is_refused_and_leaves_nothing() {
    let bench = Bench::start().await;
    let (small, large) = (bench.price("2900", "usd", Some("month")).await, bench.price("9900", "usd", Some("month")).await);
    let subscription = bench.subscription(&small, "4242424242424242", &[]).await;
    let customer = subscription["customer"].as_str().unwrap();
    let method = bench.post("/v1/payment_methods/pm_card_authenticationRequired/attach", &[("customer", customer)]).await;
    let path = format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap());
    bench.post(&path, &[("default_payment_method", method["id"].as_str().unwrap())]).await;
    let item = subscription["items"]["data"][0]["id"].as_str().unwrap();
    let change = [
        ("items[0][id]", item),
        ("items[0][price]", large.as_str()),
        ("proration_behavior", "always_invoice"),
        ("payment_behavior", "error_if_incomplete"),
    ];
    let refused = bench.call("POST", &path, &[], &change).await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (402, &"invoice_payment_intent_requires_action".into()));
    let after = bench.get(&path).await;
    assert_eq!((&after["items"]["data"][0]["price"]["id"], &after["status"]), (&small.into(), &"active".into()));
    assert_eq!(bench.list("/v1/invoices").await.len(), 1);
}
