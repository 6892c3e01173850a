//! The life of a subscription, told through async-stripe; `end2end/sandbox/README.md` has the story. Stripe's own clients for Node
//! and Python tell it in `end2end/sandbox/clients`; all three see the same.

use miniserde::Deserialize as MiniDeserialize;
use serde_json::{Value, json};
use stripe::{Client, StripeError};
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_shared::{
    Charge, CheckoutSession, Customer, Event, Invoice, PaymentIntent, PaymentMethod, Price, Refund, Subscription, SubscriptionSchedule,
};
use stripe_types::{Expandable, List};

use crate::client::{Process, get};
use crate::support::{KEY, form, send};

const SAME_FOR_ALL: &str = include_str!("../../../../end2end/sandbox/clients/life.json");
const CARD: [(&str, &str); 3] = [("card_number", "4242424242424242"), ("expiry", "12 / 40"), ("cvc", "123")];

#[derive(MiniDeserialize)]
struct Portal {
    object: String,
    url: String,
}

#[tokio::test]
async fn async_stripe_sees_the_life_that_the_official_clients_see() {
    let process = Process::start();
    let seen = Box::pin(story(&process)).await;
    let expected: Value = serde_json::from_str(SAME_FOR_ALL).unwrap();
    for (part, expected) in expected.as_object().unwrap() {
        assert_eq!(seen.get(part), Some(expected), "{part}");
    }
    assert_eq!(seen, expected);
}

async fn post<T: MiniDeserialize>(client: &Client, path: &str, fields: &Value) -> Result<T, StripeError> {
    RequestBuilder::new(StripeMethod::Post, path).form(fields).customize::<T>().send(client).await
}

async fn story(process: &Process) -> Value {
    let client = process.client(KEY);
    let (small, large) = (monthly(&client, "Small", 3_000).await, monthly(&client, "Large", 6_000).await);
    let name = |price: &str| if price == small { "small" } else { "large" };
    let customer: Customer = post(&client, "/customers", &json!({ "name": "Acme", "email": "olivia@acme.example" })).await.unwrap();
    let wanted = json!({
        "mode": "subscription", "customer": customer.id.as_str(), "line_items": [{ "price": small, "quantity": 1 }],
        "success_url": "http://127.0.0.1:9/", "subscription_data": { "trial_period_days": 14 },
    });
    let session: CheckoutSession = post(&client, "/checkout/sessions", &wanted).await.unwrap();
    press(process, session.url.as_deref().unwrap(), "pay", &CARD).await;
    let session: CheckoutSession = get(&client, &format!("/checkout/sessions/{}", session.id), &[]).await;
    let id = session.subscription.unwrap().id().to_string();
    let path = format!("/subscriptions/{id}");
    let now = || get::<Subscription>(&client, &path, &[("expand[]", "latest_invoice")]);
    let trial = now().await;
    let item = trial.items.data[0].id.to_string();

    let end = json!({ "trial_end": "now", "payment_behavior": "error_if_incomplete", "expand": ["latest_invoice"] });
    let ended: Subscription = post(&client, &path, &end).await.unwrap();
    let up = json!({ "items": [{ "id": item, "price": large }], "proration_behavior": "always_invoice" });
    let preview = json!({ "subscription": id, "subscription_details": up });
    let preview: Invoice = post(&client, "/invoices/create_preview", &preview).await.unwrap();
    let mut strict = up.clone();
    strict["payment_behavior"] = "error_if_incomplete".into();
    strict["expand"] = json!(["latest_invoice"]);
    let upgraded: Subscription = post(&client, &path, &strict).await.unwrap();

    let begun: SubscriptionSchedule = post(&client, "/subscription_schedules", &json!({ "from_subscription": id })).await.unwrap();
    let (start, end) = (begun.phases[0].start_date, begun.phases[0].end_date);
    let schedule = format!("/subscription_schedules/{}", begun.id);
    let phases = json!({ "phases": [
        { "items": [{ "price": large }], "start_date": start, "end_date": end },
        { "items": [{ "price": small }], "proration_behavior": "none" },
    ] });
    let scheduled: SubscriptionSchedule = post(&client, &schedule, &phases).await.unwrap();
    next_period(process, &now().await).await;
    let downgraded = now().await;
    let released: SubscriptionSchedule = post(&client, &format!("{schedule}/release"), &json!({})).await.unwrap();

    let attach = json!({ "customer": customer.id.as_str() });
    let failing: PaymentMethod = post(&client, "/payment_methods/pm_card_chargeCustomerFail/attach", &attach).await.unwrap();
    post::<Subscription>(&client, &path, &json!({ "default_payment_method": failing.id.as_str() })).await.unwrap();
    let refused = refusal(post::<Subscription>(&client, &path, &strict).await);
    next_period(process, &now().await).await;
    let owed = now().await;

    let wanted = json!({ "customer": customer.id.as_str(), "return_url": "http://127.0.0.1:9/back" });
    let portal: Portal = post(&client, "/billing_portal/sessions", &wanted).await.unwrap();
    let page = press(process, &format!("{}/card", portal.url), "save", &CARD).await;
    let pay = format!("/invoices/{}/pay", latest(&owed).id.as_ref().unwrap());
    let paid: Invoice = post(&client, &pay, &json!({ "expand": ["payments"] })).await.unwrap();
    let intent = paid.payments.unwrap().data[0].payment.payment_intent.as_ref().unwrap().id().to_string();
    let intent: PaymentIntent = get(&client, &format!("/payment_intents/{intent}"), &[]).await;
    let charge = intent.latest_charge.unwrap().id().to_string();
    let refund = json!({ "charge": charge, "amount": 1_000, "reason": "requested_by_customer" });
    let refund: Refund = post(&client, "/refunds", &refund).await.unwrap();
    let charge: Charge = get(&client, &format!("/charges/{charge}"), &[]).await;
    let recovered = now().await;
    let cancelled = RequestBuilder::new(StripeMethod::Delete, &path).customize::<Subscription>().send(&client).await.unwrap();
    let events: List<Event> = get(&client, "/events", &[("limit", "100")]).await;
    assert!(!events.has_more);

    let state = |subscription: &Subscription| {
        let item = &subscription.items.data[0];
        json!({
            "status": subscription.status.as_str(), "price": name(item.price.id.as_str()), "quantity": item.quantity,
            "invoice": bill(latest(subscription)),
        })
    };
    let mut begun = state(&trial);
    begun["lasts"] = (trial.trial_end.unwrap() - trial.trial_start.unwrap()).into();
    let mut in_arrears = state(&owed);
    in_arrears["attempts"] = latest(&owed).attempt_count.into();
    json!({
        "trial": begun,
        "ended": state(&ended),
        "preview": bill(&preview),
        "upgraded": state(&upgraded),
        "scheduled": {
            "status": scheduled.status.as_str(),
            "phases": scheduled.phases.iter().map(|phase| name(phase.items[0].price.id().as_str())).collect::<Vec<_>>(),
        },
        "downgraded": state(&downgraded),
        "released": { "status": released.status.as_str(), "of_subscription": released.released_subscription.as_deref() == Some(&id) },
        "refused": refused,
        "owed": in_arrears,
        "portal": { "object": portal.object, "saved": page },
        "recovered": state(&recovered),
        "refund": { "amount": refund.amount, "status": refund.status, "refunded": charge.amount_refunded, "whole": charge.refunded },
        "cancelled": { "status": cancelled.status.as_str(), "has_ended": cancelled.ended_at.is_some() },
        "events": events.data.iter().rev().map(|event| event.type_.as_str()).collect::<Vec<_>>(),
    })
}

async fn monthly(client: &Client, name: &str, amount: i64) -> String {
    let wanted =
        json!({ "currency": "usd", "unit_amount": amount, "product_data": { "name": name }, "recurring": { "interval": "month" } });
    post::<Price>(client, "/prices", &wanted).await.unwrap().id.to_string()
}

fn latest(subscription: &Subscription) -> &Invoice {
    let Some(Expandable::Object(invoice)) = &subscription.latest_invoice else { panic!("the invoice is not expanded") };
    invoice
}

fn bill(invoice: &Invoice) -> Value {
    let lines = invoice.lines.data.iter().map(|line| {
        let parent = line.parent.as_ref().unwrap().subscription_item_details.as_ref().unwrap();
        json!({ "amount": line.amount, "proration": parent.proration })
    });
    json!({
        "status": invoice.status.as_ref().unwrap().as_str(), "reason": invoice.billing_reason.as_ref().unwrap().as_str(),
        "total": invoice.total, "lines": lines.collect::<Vec<_>>(),
    })
}

/// A minute after the current period has ended.
async fn next_period(process: &Process, subscription: &Subscription) {
    let end = subscription.items.data[0].current_period_end;
    let now = send(process.address(), "GET", "/_sandbox/clock", &[], "").await.unwrap().json()["now_ms"].as_i64().unwrap();
    let step = format!(r#"{{"advance_ms": {}}}"#, end * 1_000 - now + 60_000);
    let headers = [("content-type", "application/json")];
    assert_eq!(send(process.address(), "POST", "/_sandbox/clock", &headers, &step).await.unwrap().status, 200);
}

/// Presses a button on a page; answers the status.
async fn press(process: &Process, url: &str, button: &str, fields: &[(&str, &str)]) -> u16 {
    let url = url::Url::parse(url).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let typed = form(&[&[("action", button)], fields].concat());
    send(process.address(), "POST", url.path(), &headers, &typed).await.unwrap().status
}

/// What a call that has to fail fails with.
fn refusal<T>(result: Result<T, StripeError>) -> Value {
    match result {
        Err(StripeError::Stripe(error, status)) => json!({
            "status": status, "type": error.type_.as_str(), "code": error.code.as_ref().map(stripe::ApiErrorsCode::as_str),
            "decline_code": error.decline_code,
        }),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a call succeeded that had to fail"),
    }
}
