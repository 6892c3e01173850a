//! The client against a listener that answers from a script.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{JoinHandle, spawn};

use keel_types::{Interval, ProductKind};

use super::*;

const OUT: Outside = Outside(());

/// A client of a listener that gives each connection one answer in turn: a status and a body, or none at all (status 0).
/// The handle ends with what was asked, once every answer was given.
fn stripe(answers: Vec<(u16, String)>) -> (Payments, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let payments = Payments::new("sk_test_1", Some(&format!("http://{}", listener.local_addr().unwrap()))).unwrap();
    let asked = spawn(move || {
        answers
            .into_iter()
            .map(|(status, body)| {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read(&mut stream);
                if status > 0 {
                    let length = body.len();
                    write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
                }
                request
            })
            .collect()
    });
    (payments, asked)
}

/// The request line, headers and body, percent-decoded.
fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut chunk = [0; 4096];
    loop {
        let length = stream.read(&mut chunk).unwrap();
        text.push_str(std::str::from_utf8(&chunk[..length]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        if body.len() == expected {
            return text.replace("%5B", "[").replace("%5D", "]").replace("%3A", ":").replace("%2F", "/");
        }
    }
}

fn ok(body: &str) -> (u16, String) {
    (200, body.to_owned())
}

fn error(status: u16, fields: &str) -> (u16, String) {
    (status, format!(r#"{{"error":{{"type":"invalid_request_error","message":"No.",{fields}"param":"x"}}}}"#))
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let customer = r#"{"id":"cus_1","object":"customer"}"#;
    let (payments, asked) = stripe(vec![(0, String::new()), error(500, ""), ok(customer)]);
    let created = payments.create_customer(&OUT, "acc_1", "cus:acc_1").await;
    assert_eq!(created, Ok(CustomerId("cus_1".to_owned())));
    for request in &asked.join().unwrap() {
        assert!(request.starts_with("POST /v1/customers HTTP"), "{request}");
        assert_eq!(header(request, "idempotency-key"), Some("cus:acc_1"));
        assert_eq!(header(request, "stripe-version"), Some("2026-09-30.endive"));
        assert!(request.ends_with("metadata[account_id]=acc_1"), "{request}");
    }
}

#[tokio::test]
async fn after_three_tries_stripe_is_unavailable() {
    let (payments, asked) = stripe(vec![error(500, ""), error(429, r#""code":"lock_timeout","#), (0, String::new())]);
    assert_eq!(payments.get_checkout(&OUT, "cs_1").await, Err(PaymentError::Unavailable));
    assert_eq!(asked.join().unwrap().len(), 3);
}

#[tokio::test]
async fn a_failure_of_stripe_is_told_apart_because_its_key_is_spent() {
    let (payments, asked) = stripe(vec![error(500, ""), error(500, ""), error(500, "")]);
    assert_eq!(payments.create_customer(&OUT, "acc_1", "cus:acc_1").await, Err(PaymentError::Broken));
    asked.join().unwrap();
    let customer = |id: &str, account: &str| format!(r#"{{"id":"{id}","object":"customer","metadata":{{"account_id":"{account}"}}}}"#);
    let page = format!(r#"{{"data":[{},{}],"has_more":false}}"#, customer("cus_2", "acc_2"), customer("cus_1", "acc_1"));
    let (payments, asked) = stripe(vec![ok(&page)]);
    assert_eq!(payments.find_customer(&OUT, "acc_1", 5_999).await, Ok(Some(CustomerId("cus_1".to_owned()))));
    assert!(asked.join().unwrap()[0].starts_with("GET /v1/customers?created[gte]=5&limit=100 HTTP"));
}

#[tokio::test]
async fn an_error_page_is_unreadable() {
    let (payments, asked) = stripe(vec![(502, "<html>".to_owned()), (502, "<html>".to_owned()), ok("[]")]);
    assert_eq!(payments.get_checkout(&OUT, "cs_1").await, Err(PaymentError::Unreadable));
    asked.join().unwrap();
}

#[tokio::test]
async fn what_will_not_change_is_asked_once() {
    let code = |code: &str| Some(code.to_owned());
    for (answer, meaning) in [
        (error(404, r#""code":"resource_missing","#), PaymentError::NotFound),
        (
            error(402, r#""code":"card_declined","decline_code":"insufficient_funds","#),
            PaymentError::Declined { code: code("card_declined"), decline_code: code("insufficient_funds") },
        ),
        (error(400, r#""code":"a_newer_one","#), PaymentError::Refused { code: code("a_newer_one"), message: "No.".to_owned() }),
        (error(401, ""), PaymentError::Refused { code: None, message: "No.".to_owned() }),
    ] {
        let (payments, asked) = stripe(vec![answer]);
        assert_eq!(payments.get_checkout(&OUT, "cs_1").await, Err(meaning));
        assert!(asked.join().unwrap()[0].starts_with("GET /v1/checkout/sessions/cs_1 HTTP"));
    }
}

fn wanted_checkout(mode: CheckoutMode) -> WantedCheckout {
    WantedCheckout {
        idempotency_key: "chk:1".to_owned(),
        customer: "cus_1".to_owned(),
        price: "price_1".to_owned(),
        quantity: 3,
        mode,
        account_id: "acc_1".to_owned(),
        checkout_id: "chk_1".to_owned(),
        article: (ProductKind::Pack, "credits1500".to_owned()),
        success_url: "https://keel.test/ok".to_owned(),
        cancel_url: "https://keel.test/back".to_owned(),
        promotion_codes: true,
        automatic_tax: true,
        collect_address: true,
        collect_tax_id: true,
    }
}

#[tokio::test]
async fn a_checkout_marks_what_comes_of_it() {
    let session =
        r#"{"id":"cs_1","object":"checkout.session","url":"https://checkout.stripe.com/c/pay/cs_1","expires_at":7,"livemode":false}"#;
    for (mode, expected) in [
        (CheckoutMode::Subscription { trial_days: Some(14) }, "subscription_data[trial_period_days]=14"),
        (CheckoutMode::Subscription { trial_days: None }, "subscription_data[metadata][account_id]=acc_1"),
        (CheckoutMode::Subscription { trial_days: None }, "subscription_data[metadata][checkout_id]=chk_1"),
        (CheckoutMode::Payment, "payment_intent_data[metadata][account_id]=acc_1"),
        (CheckoutMode::Payment, "payment_intent_data[metadata][checkout_id]=chk_1"),
        (CheckoutMode::Payment, "payment_intent_data[metadata][kind]=pack"),
        (CheckoutMode::Payment, "payment_intent_data[metadata][what]=credits1500"),
        (CheckoutMode::Payment, "metadata[account_id]=acc_1"),
        (CheckoutMode::Payment, "line_items[0][quantity]=3"),
        (CheckoutMode::Payment, "customer_update[address]=auto"),
        (CheckoutMode::Payment, "customer_update[name]=auto"),
    ] {
        let (payments, asked) = stripe(vec![ok(session)]);
        let created = payments.create_checkout(&OUT, &wanted_checkout(mode)).await.unwrap();
        assert_eq!(
            created,
            CheckoutCreated { id: "cs_1".to_owned(), url: "https://checkout.stripe.com/c/pay/cs_1".to_owned(), expires_at: 7_000 }
        );
        let request = &asked.join().unwrap()[0];
        let fields: Vec<&str> = request.rsplit("\r\n").next().unwrap().split('&').collect();
        assert!(fields.contains(&expected), "{expected}: {fields:?}");
        assert_eq!(header(request, "idempotency-key"), Some("chk:1"));
    }
}

#[tokio::test]
async fn a_complete_checkout_can_still_wait_for_money() {
    for (payment_status, paid) in [("unpaid", false), ("paid", true), ("no_payment_required", true), ("a_newer_one", false)] {
        let session = format!(
            r#"{{"id":"cs_1","expires_at":7,"livemode":false,"status":"complete","mode":"subscription","subscription":"sub_1",
                "payment_status":"{payment_status}","metadata":{{"account_id":"acc_1","checkout_id":"chk_1","kind":"pack","what":"credits1500"}}}}"#
        );
        let (payments, asked) = stripe(vec![ok(&session)]);
        let state = payments.get_checkout(&OUT, "cs_1").await.unwrap();
        assert_eq!((state.status, state.mode, state.paid), (CheckoutStatus::Complete, CheckoutKind::Subscription, paid));
        assert_eq!(state.subscription.as_deref(), Some("sub_1"));
        assert_eq!((state.account_id.as_deref(), state.checkout_id.as_deref()), (Some("acc_1"), Some("chk_1")));
        assert_eq!(state.article, Some((ProductKind::Pack, "credits1500".to_owned())));
        asked.join().unwrap();
    }
}

const PRICE: &str = r#"{"id":"price_1","object":"price","unit_amount":2900,"currency":"usd","lookup_key":"pro_month_usd",
    "product":"pro","recurring":{"interval":"month","interval_count":1,"usage_type":"licensed"}}"#;

fn wanted_price(unit_amount: i64) -> WantedPrice {
    WantedPrice {
        product_slug: "pro".to_owned(),
        product_name: "Pro".to_owned(),
        lookup_key: "pro_month_usd".to_owned(),
        unit_amount,
        currency: "usd".to_owned(),
        interval: Some(Interval::Month),
        per_seat: false,
    }
}

#[tokio::test]
async fn a_price_as_wanted_is_not_made_again() {
    let (payments, asked) = stripe(vec![ok(&format!(r#"{{"data":[{PRICE}],"has_more":false}}"#))]);
    assert_eq!(payments.create_price(&OUT, &wanted_price(2900)).await, Ok("price_1".to_owned()));
    let request = &asked.join().unwrap()[0];
    assert!(request.starts_with("GET /v1/prices?active=true&lookup_keys[0]=pro_month_usd HTTP"), "{request}");
}

#[tokio::test]
async fn a_new_amount_takes_over_the_lookup_key() {
    let (payments, asked) = stripe(vec![
        ok(&format!(r#"{{"data":[{PRICE}],"has_more":false}}"#)),
        error(400, r#""code":"resource_already_exists","#),
        ok(r#"{"id":"price_2"}"#),
    ]);
    assert_eq!(payments.create_price(&OUT, &wanted_price(3900)).await, Ok("price_2".to_owned()));
    let asked = asked.join().unwrap();
    assert!(asked[1].starts_with("POST /v1/products HTTP") && asked[1].contains("id=pro"), "{}", asked[1]);
    assert!(asked[2].contains("transfer_lookup_key=true") && asked[2].contains("recurring[interval]=month"), "{}", asked[2]);
    assert!(header(&asked[2], "idempotency-key").unwrap().starts_with("price:pro_month_usd:"));
}

fn subscription(id: &str, status: &str, price: &str) -> String {
    format!(
        r#"{{"id":"{id}","object":"subscription","customer":"cus_1","metadata":{{"account_id":"acc_1"}},"status":"{status}",
            "items":{{"object":"list","has_more":false,"data":[{{"id":"si_1","quantity":4,"price":{price},
            "current_period_start":10,"current_period_end":20}}]}},"trial_end":null,"cancel_at":20,"cancel_at_period_end":false,
            "latest_invoice":"in_1","created":9,"livemode":false,"new":[{{"a":1.5}}]}}"#
    )
}

#[tokio::test]
async fn a_subscription_with_newer_words_is_read() {
    let price = PRICE.replace(r#""interval":"month""#, r#""interval":"moon""#).replace("pro_month_usd", "x");
    let (payments, asked) = stripe(vec![ok(&subscription("sub_1", "hibernating", &price))]);
    let state = payments.get_subscription(&OUT, "sub_1").await.unwrap();
    assert_eq!(state.status, SubscriptionStatus::Unknown("hibernating".to_owned()));
    assert_eq!(state.interval, Recurrence::Other("moon".to_owned()));
    assert_eq!((state.item_id.as_str(), state.quantity, state.unit_amount), ("si_1", 4, Some(2900)));
    assert_eq!((state.current_period_start, state.current_period_end, state.cancel_at), (10_000, 20_000, Some(20_000)));
    assert_eq!((state.account_id.as_deref(), state.trial_end, state.ended_at), (Some("acc_1"), None, None));
    asked.join().unwrap();
}

#[tokio::test]
async fn every_page_of_a_list_is_read() {
    let page = |id: &str, has_more: bool| {
        ok(&format!(r#"{{"object":"list","data":[{}],"has_more":{has_more}}}"#, subscription(id, "active", PRICE)))
    };
    let (payments, asked) = stripe(vec![page("sub_2", true), page("sub_1", false)]);
    let all = payments.list_subscriptions(&OUT, "cus_1").await.unwrap();
    assert_eq!(all.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["sub_2", "sub_1"]);
    assert_eq!(all[0].interval, Some(Interval::Month).into());
    let asked = asked.join().unwrap();
    assert!(asked[0].starts_with("GET /v1/subscriptions?customer=cus_1&limit=100&status=all HTTP"), "{}", asked[0]);
    assert!(asked[1].contains("&starting_after=sub_2&"), "{}", asked[1]);
}

#[tokio::test]
async fn every_line_of_an_invoice_is_read() {
    let line = |id: &str, parent: &str| {
        format!(
            r#"{{"id":"{id}","object":"line_item","quantity":2,"amount":2900,"period":{{"start":10,"end":20}},
                "pricing":{{"type":"price_details","price_details":{{"price":"price_1","product":"pro"}}}},"parent":{parent}}}"#
        )
    };
    let renewal = line(
        "il_1",
        r#"{"type":"subscription_item_details","invoice_item_details":null,
            "subscription_item_details":{"subscription_item":"si_1","proration":false}}"#,
    );
    let change = line(
        "il_2",
        r#"{"type":"invoice_item_details","subscription_item_details":null,
            "invoice_item_details":{"invoice_item":"ii_1","proration":true}}"#,
    );
    let invoice = format!(
        r#"{{"id":"in_1","object":"invoice","customer":"cus_1","status":"paid","billing_reason":"subscription_cycle","number":"K-1",
            "parent":{{"type":"subscription_details","subscription_details":{{"subscription":"sub_1","metadata":{{"account_id":"acc_1"}}}}}},
            "total":5800,"amount_paid":5800,"currency":"usd","created":10,"status_transitions":{{"paid_at":11}},"livemode":false,
            "lines":{{"object":"list","data":[{renewal}],"has_more":true}}}}"#
    );
    let lines = format!(r#"{{"object":"list","data":[{renewal},{change}],"has_more":false}}"#);
    let (payments, asked) = stripe(vec![ok(&invoice), ok(&lines)]);
    let state = payments.get_invoice(&OUT, "in_1").await.unwrap();
    assert_eq!((state.subscription.as_deref(), state.account_id.as_deref()), (Some("sub_1"), Some("acc_1")));
    assert_eq!((state.status, state.paid_at), (InvoiceStatus::Paid, Some(11_000)));
    let expected = InvoiceLine {
        id: "il_1".to_owned(),
        price_id: Some("price_1".to_owned()),
        subscription_item: Some("si_1".to_owned()),
        quantity: 2,
        amount: 2900,
        period_start: 10_000,
        period_end: 20_000,
        proration: false,
    };
    let change = InvoiceLine { id: "il_2".to_owned(), subscription_item: None, proration: true, ..expected.clone() };
    assert_eq!(state.lines, [expected, change]);
    assert!(asked.join().unwrap()[1].starts_with("GET /v1/invoices/in_1/lines?limit=100 HTTP"));
}

#[tokio::test]
async fn events_come_oldest_first() {
    let event = |id: &str| {
        format!(
            r#"{{"id":"{id}","type":"invoice.paid","created":5,"livemode":false,"data":{{"object":{{"id":"in_1","object":"invoice"}}}}}}"#
        )
    };
    let (payments, asked) = stripe(vec![ok(&format!(r#"{{"data":[{},{}],"has_more":false}}"#, event("evt_2"), event("evt_1")))]);
    let all = payments.list_events(&OUT, 5_999).await.unwrap();
    assert_eq!(all.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["evt_1", "evt_2"]);
    let request = &asked.join().unwrap()[0];
    assert!(request.starts_with("GET /v1/events?created[gte]=5&limit=100 HTTP"), "{request}");
}

#[test]
fn a_live_key_goes_to_stripe_only() {
    assert_eq!(Payments::new("sk_live_1", Some("http://127.0.0.1:1")).err(), Some(SettingError::LiveKeyElsewhere));
    assert_eq!(Payments::new("rk_live_1", Some("https://api.stripe.com.evil.test")).err(), Some(SettingError::LiveKeyElsewhere));
    assert!(Payments::new("sk_live_1", None).is_ok());
    assert!(Payments::new("sk_live_1", Some("https://api.stripe.com")).is_ok());
    assert!(Payments::new("sk_test_1", Some("http://127.0.0.1:1")).is_ok());
}

#[test]
fn nonsense_is_no_setting() {
    assert_eq!(Payments::new("", None).err(), Some(SettingError::Key));
    assert_eq!(Payments::new("sk_test_1\n", None).err(), Some(SettingError::Key));
    assert_eq!(Payments::new("sk_test_1", Some("localhost:1")).err(), Some(SettingError::Base));
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_unknown() {
    let payments = Payments::new("sk_test_1", Some("http://127.0.0.1:1")).unwrap();
    for id in ["", "..", "../customers", "cs_1?expand[]=customer", "cs_1/expire", "cs 1"] {
        assert_eq!(payments.get_checkout(&OUT, id).await, Err(PaymentError::NotFound), "{id}");
    }
}
