//! The portal, page by page.

use serde_json::Value;

use crate::support::{Answer, Bench, form, send, text};

const GOOD: &str = "4242424242424242";
const SELLER: &str = "http://127.0.0.1:3000/org-dashboard/billing";

/// A running subscription, and a portal session of its customer.
async fn portal(bench: &Bench, card: &str, extra: &[(&str, &str)]) -> (Value, Value) {
    let price = bench.price("2900", "usd", Some("month")).await;
    let subscription = bench.subscription(&price, card, &[]).await;
    let pairs = [&[("customer", text(&subscription, "customer")), ("return_url", SELLER)], extra].concat();
    let session = bench.post("/v1/billing_portal/sessions", &pairs).await;
    (subscription, session)
}

async fn open(bench: &Bench, session: &Value, rest: &str) -> Answer {
    send(&bench.address, "GET", &format!("/portal/{}{rest}", text(session, "id")), &[], "").await.unwrap()
}

async fn submit(bench: &Bench, session: &Value, rest: &str, pairs: &[(&str, &str)]) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    send(&bench.address, "POST", &format!("/portal/{}{rest}", text(session, "id")), &headers, &form(pairs)).await.unwrap()
}

fn card(number: &str) -> [(&str, &str); 4] {
    [("action", "save"), ("card_number", number), ("expiry", "12 / 40"), ("cvc", "123")]
}

#[tokio::test]
async fn the_portal_shows_plan_card_and_invoices_to_download() {
    let bench = Bench::start().await;
    let (subscription, session) = portal(&bench, GOOD, &[]).await;
    assert_eq!(session["url"], format!("{}/portal/{}", bench.sandbox.pages_base(), text(&session, "id")));
    let page = open(&bench, &session, "").await;
    for shown in [
        "1 × Pro",
        "$29.00 per month",
        "ending in 4242",
        "Renews on",
        "Acme",
        "olivia@acme.test",
        &format!(r#"<a href="{SELLER}">Return</a>"#),
    ] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
    let invoice = text(&subscription, "latest_invoice");
    assert!(page.text.contains(&format!("/invoice/{invoice}/pdf")));
    let file = bench.get(&format!("/v1/invoices/{invoice}")).await["invoice_pdf"].as_str().unwrap().to_owned();
    assert!(file.ends_with(&format!("/invoice/{invoice}/pdf")));
    let download = send(&bench.address, "GET", &format!("/invoice/{invoice}/pdf"), &[], "").await.unwrap();
    assert_eq!(download.header("content-type"), Some("application/pdf"));
    assert!(download.header("content-disposition").unwrap().starts_with("attachment"));
    assert!(download.text.starts_with("%PDF-1.4") && download.text.contains("$29.00"));

    assert_eq!(open(&bench, &serde_json::json!({ "id": "bps_unknown" }), "").await.status, 404);
    bench.advance(3_700_000).await;
    assert_eq!(open(&bench, &session, "").await.status, 410);
}

#[tokio::test]
async fn a_replaced_card_pays_from_then_on() {
    let bench = Bench::start().await;
    let flow = [
        ("flow_data[type]", "payment_method_update"),
        ("flow_data[after_completion][type]", "redirect"),
        ("flow_data[after_completion][redirect][return_url]", SELLER),
    ];
    let (subscription, session) = portal(&bench, GOOD, &flow).await;
    let path = format!("/v1/subscriptions/{}", text(&subscription, "id"));
    let first = open(&bench, &session, "").await;
    assert_eq!((first.status, first.header("location").unwrap().ends_with("/card")), (303, true));
    let known = bench.events().await.len();
    assert_eq!(submit(&bench, &session, "/card", &card("4000000000000002")).await.status, 402);
    assert_eq!(submit(&bench, &session, "/card", &[("action", "save")]).await.status, 422);
    assert_eq!(bench.get(&path).await["default_payment_method"], subscription["default_payment_method"]);
    let saved = submit(&bench, &session, "/card", &card("5555555555554444")).await;
    assert_eq!((saved.status, saved.header("location")), (303, Some(SELLER)));
    let method = bench.get(&format!("{path}?expand[]=default_payment_method")).await["default_payment_method"].clone();
    assert_eq!(method["card"]["last4"], "4444");
    let customer = bench.get(&format!("/v1/customers/{}", text(&subscription, "customer"))).await;
    assert_eq!(customer["invoice_settings"]["default_payment_method"], method["id"]);
    assert_eq!(
        bench.events_after(known).await,
        [
            "setup_intent.created",
            "setup_intent.setup_failed",
            "setup_intent.created",
            "payment_method.attached",
            "setup_intent.succeeded",
            "customer.updated",
            "customer.subscription.updated"
        ]
    );
}

#[tokio::test]
async fn a_bank_asks_about_a_card_that_is_saved() {
    let bench = Bench::start().await;
    let (subscription, session) = portal(&bench, GOOD, &[]).await;
    let ask = || async {
        let asked = submit(&bench, &session, "/card", &card("4000002500003155")).await;
        asked.header("location").unwrap().split_once("/card").unwrap().1.to_owned()
    };
    let question = ask().await;
    assert!(open(&bench, &session, &format!("/card{question}")).await.text.contains("ending in 3155"));
    assert_eq!(submit(&bench, &session, &format!("/card{question}"), &[("action", "fail")]).await.status, 402);
    let path = format!("/v1/subscriptions/{}", text(&subscription, "id"));
    assert_eq!(bench.get(&path).await["default_payment_method"], subscription["default_payment_method"]);
    assert_eq!(submit(&bench, &session, &format!("/card{question}"), &[("action", "complete")]).await.status, 402, "asked once");
    let question = ask().await;
    assert_eq!(submit(&bench, &session, &format!("/card{question}"), &[("action", "complete")]).await.status, 303);
    assert_ne!(bench.get(&path).await["default_payment_method"], subscription["default_payment_method"]);
}

#[tokio::test]
async fn a_subscription_is_cancelled_by_date_and_resumed() {
    let bench = Bench::start().await;
    let (subscription, session) = portal(&bench, GOOD, &[]).await;
    let (id, path) = (text(&subscription, "id"), format!("/v1/subscriptions/{}", text(&subscription, "id")));
    assert!(open(&bench, &session, &format!("/cancel/{id}")).await.text.contains("It runs until"));
    assert_eq!(submit(&bench, &session, &format!("/cancel/{id}"), &[]).await.status, 303);
    let planned = bench.get(&path).await;
    assert_eq!(
        (&planned["cancel_at"], &planned["cancel_at_period_end"]),
        (&subscription["items"]["data"][0]["current_period_end"], &false.into())
    );
    assert!(open(&bench, &session, "/overview").await.text.contains("Cancels on"));
    let known = bench.events().await.len();
    submit(&bench, &session, &format!("/cancel/{id}"), &[]).await;
    assert!(bench.events_after(known).await.is_empty(), "cancelling twice tells nothing new");
    submit(&bench, &session, &format!("/resume/{id}"), &[]).await;
    assert_eq!(bench.get(&path).await["cancel_at"], Value::Null);

    let (other, _) = portal(&bench, GOOD, &[]).await;
    submit(&bench, &session, &format!("/cancel/{}", text(&other, "id")), &[]).await;
    assert_eq!(
        bench.get(&format!("/v1/subscriptions/{}", text(&other, "id"))).await["cancel_at"],
        Value::Null,
        "a portal is one customer's"
    );
}

#[tokio::test]
async fn address_and_tax_id_reach_the_next_invoice() {
    let bench = Bench::start().await;
    let (subscription, session) = portal(&bench, GOOD, &[]).await;
    let typed = [
        ("action", "save"),
        ("name", "Acme <b>GmbH"),
        ("email", "billing@acme.test"),
        ("line1", "Weg 1"),
        ("city", "Berlin"),
        ("country", "de"),
        ("tax_id", "DE123456789"),
    ];
    let wrong = submit(&bench, &session, "/details", &[("action", "save"), ("email", "nobody"), ("country", "Germany")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("email-error") && wrong.text.contains("country-error"));
    assert_eq!(submit(&bench, &session, "/details", &typed).await.status, 303);
    assert!(
        open(&bench, &session, "/overview")
            .await
            .text
            .contains("Acme &lt;b&gt;GmbH<br>billing@acme.test<br>Weg 1<br>Berlin<br>DE<br>Tax ID DE123456789")
    );
    let tax_ids = bench.list(&format!("/v1/customers/{}/tax_ids", text(&subscription, "customer"))).await;
    assert_eq!((tax_ids.len(), &tax_ids[0]["type"], &tax_ids[0]["country"]), (1, &"eu_vat".into(), &"DE".into()));
    bench.advance(32 * 86_400_000).await;
    let invoice = bench.list("/v1/invoices").await.remove(0);
    assert_eq!((&invoice["customer_address"]["country"], &invoice["customer_tax_ids"][0]["value"]), (&"DE".into(), &"DE123456789".into()));

    let again = bench.post("/v1/billing_portal/sessions", &[("customer", text(&subscription, "customer"))]).await;
    submit(&bench, &again, "/details", &[("action", "save"), ("name", "Acme")]).await;
    assert!(bench.list(&format!("/v1/customers/{}/tax_ids", text(&subscription, "customer"))).await.is_empty());
}

#[tokio::test]
async fn an_open_invoice_is_paid_on_its_page() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let subscription = bench.subscription(&price, "4000000000000341", &[("subscription_data[trial_period_days]", "1")]).await;
    bench.advance(2 * 86_400_000).await;
    let path = format!("/v1/subscriptions/{}", text(&subscription, "id"));
    let owed = bench.get(&path).await;
    assert_eq!(owed["status"], "past_due");
    let session = bench.post("/v1/billing_portal/sessions", &[("customer", text(&subscription, "customer"))]).await;
    let page = open(&bench, &session, "").await;
    let invoice = format!("/invoice/{}", text(&owed, "latest_invoice"));
    assert!(page.text.contains("The last payment failed") && page.text.contains(&format!(r#"<a href="{invoice}" aria-label="Pay"#)));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    for (number, status) in [("42", 422), ("4000000000009995", 402), (GOOD, 303)] {
        let paid = send(&bench.address, "POST", &invoice, &headers, &form(&card(number))).await.unwrap();
        assert_eq!(paid.status, status, "{number}");
    }
    assert_eq!(bench.get(&path).await["status"], "active");
    assert_eq!(send(&bench.address, "POST", &invoice, &headers, &form(&card(GOOD))).await.unwrap().status, 303, "paid once");
    assert_eq!(bench.list("/v1/charges").await.iter().filter(|charge| charge["paid"] == true).count(), 1);
}

#[tokio::test]
async fn what_a_portal_cannot_do_is_refused() {
    let bench = Bench::start().await;
    let customer = bench.customer().await;
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("customer", "cus_unknown")], "customer"),
        (&[("return_url", "nowhere")], "return_url"),
        (&[("flow_data[type]", "subscription_update")], "flow_data[type]"),
        (
            &[("flow_data[type]", "subscription_cancel"), ("flow_data[subscription_cancel][subscription]", "sub_unknown")],
            "flow_data[subscription_cancel][subscription]",
        ),
        (&[("configuration", "bpc_other")], "configuration"),
    ];
    for (extra, param) in cases {
        let pairs = [&[("customer", customer.as_str())], extra].concat();
        let refused = bench.call("POST", "/v1/billing_portal/sessions", &[], &pairs).await;
        assert_eq!((refused.status, refused.json()["error"]["param"].as_str()), (400, Some(param)), "{}", refused.text);
    }
}
