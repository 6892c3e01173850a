//! The story of `end2end/sandbox/README.md`, told through async-stripe, the client that Keel uses, to the sandbox as a process of
//! its own. Stripe's own clients for Node and Python tell it in `end2end/sandbox/clients`; all three see the same.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use miniserde::Deserialize as MiniDeserialize;
use serde_json::{Value, json};
use stripe::{ApiErrorsCode, Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData, RetrieveCheckoutSession,
};
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_core::customer::{CreateCustomer, ListCustomer, RetrieveCustomer};
use stripe_product::price::{CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval, ListPrice};
use stripe_product::product::CreateProduct;
use stripe_shared::{CheckoutSession, CheckoutSessionMode, Customer, Event, Invoice, Subscription};
use stripe_types::{Currency, Expandable, List};

use crate::support::{KEY, Sink, form, is_signed, send};

const NOWHERE: &str = "http://127.0.0.1:9/";
const SAME_FOR_ALL: &str = include_str!("../../../../end2end/sandbox/clients/summary.json");

/// The sandbox on a free port, until dropped.
pub struct Process {
    child: Child,
    pub api: String,
}

impl Process {
    pub fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_billing-sandbox"))
            .args(["--listen", "127.0.0.1:0", "--api-key", KEY])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let api = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { child, api }
    }

    pub fn address(&self) -> &str {
        self.api.trim_start_matches("http://").trim_end_matches('/')
    }

    /// Orders trouble for the next calls.
    async fn fault(&self, order: &str) {
        let headers = [("content-type", "application/json")];
        let body = format!(r#"{{"api_error": {order}}}"#);
        assert_eq!(send(self.address(), "POST", "/_sandbox/faults", &headers, &body).await.unwrap().status, 200);
    }

    pub fn client(&self, key: &str) -> Client {
        ClientBuilder::new(key).url(self.api.clone()).build().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What a call that has to fail fails with.
fn refusal<T>(result: Result<T, StripeError>) -> Value {
    match result {
        Ok(_) => panic!("a call succeeded that had to fail"),
        Err(StripeError::Stripe(error, status)) => {
            json!({ "status": status, "type": error.type_.as_str(), "code": error.code.as_ref().map(ApiErrorsCode::as_str), "param": error.param })
        }
        Err(StripeError::ClientError(_)) => "no connection".into(),
        Err(other) => panic!("{other}"),
    }
}

/// A call under an idempotency key.
async fn keyed<R: StripeRequest>(client: &Client, request: R, key: &str) -> Result<R::Output, StripeError>
where
    R::Output: MiniDeserialize,
{
    request.customize().request_strategy(RequestStrategy::Idempotent(IdempotencyKey::new(key).unwrap())).send(client).await
}

pub async fn get<T: MiniDeserialize>(client: &Client, path: &str, query: &[(&str, &str)]) -> T {
    let request = RequestBuilder::new(StripeMethod::Get, path);
    // The library would write an empty query as a pair without a name.
    let request = if query.is_empty() { request } else { request.query(&query.iter().copied().collect::<BTreeMap<_, _>>()) };
    request.customize::<T>().send(client).await.unwrap()
}

#[derive(MiniDeserialize)]
struct Endpoint {
    secret: String,
}

#[tokio::test]
async fn async_stripe_sees_what_the_official_clients_see() {
    let process = Process::start();
    let seen = Box::pin(story(&process)).await;
    let expected: Value = serde_json::from_str(SAME_FOR_ALL).unwrap();
    for (part, expected) in expected.as_object().unwrap() {
        assert_eq!(seen.get(part), Some(expected), "{part}");
    }
    assert_eq!(seen, expected);
}

async fn story(process: &Process) -> Value {
    let client = process.client(KEY);
    let sink = Sink::start().await;
    let wanted = json!({ "url": sink.url, "enabled_events": ["*"] });
    let made = RequestBuilder::new(StripeMethod::Post, "/webhook_endpoints").form(&wanted).customize::<Endpoint>();
    let endpoint = made.send(&client).await.unwrap();

    let plan = HashMap::from([("plan".to_owned(), "pro".to_owned())]);
    let product = CreateProduct::new("Pro").metadata(plan).send(&client).await.unwrap();
    let monthly = CreatePriceRecurring::new(CreatePriceRecurringInterval::Month);
    let price = CreatePrice::new(Currency::USD).product(product.id.as_str()).unit_amount(2_900).recurring(monthly).lookup_key("pro_month");
    let price = price.send(&client).await.unwrap();

    let account = HashMap::from([("account_id".to_owned(), "acc_1".to_owned())]);
    let person = CreateCustomer::new().name("Ada").email("ada@acme.example").metadata(account.clone());
    let ada = keyed(&client, person.clone(), "ada").await.unwrap();
    let again = keyed(&client, person, "ada").await.unwrap();
    let reused = refusal(keyed(&client, CreateCustomer::new().name("Eve"), "ada").await);
    for name in ["Bea", "Cleo"] {
        CreateCustomer::new().name(name).send(&client).await.unwrap();
    }

    let opened = session(&price.id, 2, CheckoutSessionMode::Subscription).customer(ada.id.as_str()).cancel_url(NOWHERE);
    let mut data = CreateCheckoutSessionSubscriptionData::new();
    data.metadata = Some(account);
    let opened = opened.subscription_data(data).send(&client).await.unwrap();
    let page = pay(process, &opened).await;
    let expand = ["subscription".to_owned(), "invoice".to_owned()];
    let closed = RetrieveCheckoutSession::new(opened.id.clone()).expand(expand).send(&client).await.unwrap();
    let [Some(Expandable::Object(begun))] = [&closed.subscription] else { panic!("the subscription is not expanded") };
    let subscription: Subscription = get(&client, &format!("/subscriptions/{}", begun.id), &[]).await;
    let Some(Expandable::Id(Some(invoice))) = &subscription.latest_invoice else { panic!("the invoice is expanded") };
    let invoice: Invoice = get(&client, &format!("/invoices/{invoice}"), &[]).await;

    let prices = ListPrice::new().lookup_keys(["pro_month".to_owned(), "other".to_owned()]).active(true).send(&client).await.unwrap();
    let customers = customers(&client).await;
    let events = events(&client).await;
    let delivered = sink.settled(events.len()).await;
    let received = sink.received();
    let mut changed = received[0].clone();
    changed.body = changed.body.replace("created", "treated");

    process.fault(r#"{"status": 429}"#).await;
    let hurried = refusal(ListCustomer::new().send(&client).await);
    process.fault(r#"{"status": 500}"#).await;
    let broken = refusal(ListCustomer::new().send(&client).await);
    process.fault(r#"{"hang_up": true, "after_commit": true, "count": 2}"#).await;
    let lost = || keyed(&client, CreateCustomer::new().email("lost@acme.example"), "lost");
    let cut = refusal(lost().await);
    refusal(lost().await);
    let found = lost().await.unwrap();
    let kept = ListCustomer::new().email("lost@acme.example").send(&client).await.unwrap();

    json!({
        "product": { "object": "product", "name": product.name, "active": product.active, "metadata": product.metadata },
        "price": {
            "type": price.type_.as_str(), "unit_amount": price.unit_amount, "currency": price.currency.to_string(),
            "interval": price.recurring.unwrap().interval.as_str(), "of_product": price.product.id() == &product.id,
        },
        "customer": { "name": ada.name, "email": ada.email, "account_id": ada.metadata.as_ref().unwrap()["account_id"], "livemode": ada.livemode },
        "same_key": { "same_customer": again.id == ada.id, "other_parameters": reused },
        "opened": {
            "status": opened.status.unwrap().as_str(), "payment_status": opened.payment_status.as_str(), "mode": opened.mode.as_str(),
            "amount_total": opened.amount_total, "currency": opened.currency.unwrap().to_string(),
        },
        "page": page,
        "session": {
            "status": closed.status.as_ref().unwrap().as_str(), "payment_status": closed.payment_status.as_str(), "url": closed.url,
            "subscription": begun.status.as_str(), "invoice": closed.invoice.as_ref().unwrap().as_object().unwrap().status.as_ref().unwrap().as_str(),
        },
        "subscription": {
            "status": subscription.status.as_str(), "currency": subscription.currency.to_string(),
            "account_id": subscription.metadata["account_id"], "of_customer": subscription.customer.id() == &ada.id,
            "items": subscription.items.data.iter().map(|item| json!({
                "lookup_key": item.price.lookup_key, "quantity": item.quantity, "has_ended": item.current_period_end <= item.current_period_start,
            })).collect::<Vec<_>>(),
        },
        "invoice": {
            "status": invoice.status.unwrap().as_str(), "total": invoice.total, "amount_paid": invoice.amount_paid,
            "billing_reason": invoice.billing_reason.unwrap().as_str(), "of_session": &invoice.id == closed.invoice.as_ref().unwrap().id(),
            "lines": invoice.lines.data.iter().map(|line| json!({
                "amount": line.amount, "quantity": line.quantity, "description": line.description,
            })).collect::<Vec<_>>(),
        },
        "prices": prices.data.iter().map(|price| price.lookup_key.clone()).collect::<Vec<_>>(),
        "customers": customers,
        "webhooks": {
            "as_listed": delivered == events && received.iter().all(|webhook| is_signed(webhook, &endpoint.secret)),
            "changed_is_refused": !is_signed(&changed, &endpoint.secret),
            "wrong_secret_is_refused": !is_signed(&received[0], "whsec_wrong"),
        },
        "events": events,
        "refusals": {
            "missing": refusal(RetrieveCustomer::new("cus_unknown").send(&client).await),
            "price": refusal(session("price_unknown", 1, CheckoutSessionMode::Payment).send(&client).await),
            "email": refusal(CreateCustomer::new().email("nobody").send(&client).await),
            "key": refusal(ListCustomer::new().send(&process.client("sk_test_wrong")).await),
            "hurried": hurried,
            "broken": broken,
        },
        "lost_answer": { "first": cut, "customers": kept.data.len(), "same_customer": kept.data[0].id == found.id },
    })
}

fn session(price: &str, quantity: u64, mode: CheckoutSessionMode) -> CreateCheckoutSession {
    let mut line = CreateCheckoutSessionLineItems::new();
    line.price = Some(price.to_owned());
    line.quantity = Some(quantity);
    CreateCheckoutSession::new().mode(mode).line_items([line]).success_url(format!("{NOWHERE}?session={{CHECKOUT_SESSION_ID}}"))
}

/// Types a good card into the session's page; answers the status.
async fn pay(process: &Process, session: &CheckoutSession) -> u16 {
    let url = url::Url::parse(session.url.as_deref().unwrap()).unwrap();
    let card = form(&[("action", "pay"), ("card_number", "4242424242424242"), ("expiry", "12 / 40"), ("cvc", "123")]);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    send(process.address(), "POST", url.path(), &headers, &card).await.unwrap().status
}

/// The names of all customers, newest first, two on a page.
async fn customers(client: &Client) -> Vec<String> {
    let mut all: Vec<Customer> = Vec::new();
    loop {
        let page = ListCustomer::new().limit(2);
        let page = match all.last() {
            Some(last) => page.starting_after(last.id.as_str()),
            None => page,
        };
        let page = page.send(client).await.unwrap();
        all.extend(page.data);
        if !page.has_more {
            return all.into_iter().filter_map(|customer| customer.name).collect();
        }
    }
}

/// The kinds of all events, oldest first, read five at a time.
async fn events(client: &Client) -> Vec<String> {
    let mut all: Vec<Event> = Vec::new();
    loop {
        let mut query = vec![("limit", "5")];
        query.extend(all.last().map(|last| ("starting_after", last.id.as_str())));
        let page: List<Event> = get(client, "/events", &query).await;
        all.extend(page.data);
        if !page.has_more {
            return all.iter().rev().map(|event| event.type_.as_str().to_owned()).collect();
        }
    }
}
