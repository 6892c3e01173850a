//! Events of Stripe: taken in beside the least that keeps them, and processed.

use crate::bare::Bare;
use crate::data::{self, Database};
use crate::load::{self, Plan, get, post};
use crate::report::{Comparison, Line, Lines};
use crate::servers::{AUTHORIZATION, Server, WEBHOOK_SECRET, bare};
use crate::{Bench, Failure, MUCH};
use hmac::{Hmac, KeyInit as _, Mac as _};
use keel_domain::clock::Clock;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{Duration, Instant};

const ROUNDS: usize = 4;
const EVENTS: usize = 1_000;
/// Subscriptions that are needed: every event is about one of its own.
const SUBSCRIPTIONS: usize = ROUNDS * EVENTS;
const PATIENCE: Duration = Duration::from_mins(2);
const WAITING: &str = "SELECT COUNT(*) FROM stripe_events WHERE state = 'new'";
const DONE: &str = "SELECT COUNT(*) FROM stripe_events WHERE state = 'done'";

/// A subscription in the sandbox: its customer, and the object.
struct Subscription {
    customer: String,
    object: Value,
}

/// Has so many customers buy a subscription, each by a checkout session and its payment page.
async fn subscribe(sandbox: &Server) -> Result<Vec<Subscription>, Failure> {
    let price = [
        ("currency", "usd"),
        ("unit_amount", "2900"),
        ("product_data[name]", "Pro"),
        ("lookup_key", "keel_pro_month_usd_2900"),
        ("recurring[interval]", "month"),
    ];
    let price = id(&ask(sandbox, "/v1/prices", &price).await?)?;
    let mut all = vec![];
    for i in 0..SUBSCRIPTIONS {
        let customer = id(&ask(sandbox, "/v1/customers", &[("email", &format!("person{i}@bench.example"))]).await?)?;
        let session = [
            ("mode", "subscription"),
            ("success_url", "https://keel.example/checkout/success"),
            ("customer", &customer),
            ("line_items[0][price]", &price),
            ("line_items[0][quantity]", "1"),
        ];
        let session = id(&ask(sandbox, "/v1/checkout/sessions", &session).await?)?;
        let card = [("card_number", "4242424242424242"), ("expiry", "12/34"), ("cvc", "123")];
        let paid = send(sandbox, &format!("/pay/{session}"), &card).await?;
        if paid.status != 303 {
            return Err(format!("the payment page answers {}: {}", paid.status, paid.text()).into());
        }
        let list = load::ask(sandbox.address, &get(&format!("/v1/subscriptions?customer={customer}"), &[AUTHORIZATION])).await?;
        let list: Value = serde_json::from_slice(&list.body)?;
        all.push(Subscription { customer, object: list["data"][0].clone() });
    }
    Ok(all)
}

async fn send(sandbox: &Server, path: &str, fields: &[(&str, &str)]) -> Result<load::Answer, Failure> {
    let form = ("content-type", "application/x-www-form-urlencoded");
    load::ask(sandbox.address, &post(path, &[form, AUTHORIZATION], serde_urlencoded::to_string(fields)?.as_bytes())).await
}

async fn ask(sandbox: &Server, path: &str, fields: &[(&str, &str)]) -> Result<Value, Failure> {
    let answer = send(sandbox, path, fields).await?;
    if answer.status == 200 { Ok(serde_json::from_slice(&answer.body)?) } else { Err(format!("{path}: {}", answer.text()).into()) }
}

fn id(object: &Value) -> Result<String, Failure> {
    Ok(object["id"].as_str().ok_or("an object without an id")?.to_owned())
}

/// Acknowledged and processed events per second, and how long the backlog lasted.
pub async fn measure(bench: &Bench, keel: &Server, database: &str, sandbox: &Server) -> Lines {
    let subscriptions = subscribe(sandbox).await?;
    let customers: Vec<String> = subscriptions.iter().map(|one| one.customer.clone()).collect();
    data::add_customers(database, MUCH.people, &customers).await?;
    let bare = bare(&Bare::Inserts { database: bench.migrated("inserts").await? }).await?;
    let database = Database::open(database).await?;
    let (mut acknowledged, mut processed, mut backlog) = (vec![], vec![], 0.0_f64);
    for round in subscriptions.chunks(EVENTS) {
        let events: Vec<Vec<u8>> = round.iter().map(signed).collect();
        let started = Instant::now();
        let ours = load::run(keel.address, &Plan::once(events.clone()), 200).await?;
        until_empty(&database).await?;
        let all = started.elapsed().as_secs_f64();
        let least = load::run(bare.address, &Plan::once(events), 200).await?.per_second();
        acknowledged.push([ours.per_second(), least]);
        processed.push([count(round.len()) / all, least]);
        backlog = backlog.max(all - ours.seconds);
    }
    let done = database.number(DONE).await?;
    if usize::try_from(done)? != subscriptions.len() {
        return Err(format!("{done} of {} events were processed", subscriptions.len()).into());
    }
    Ok(vec![
        Line::ratio("events of Stripe, acknowledged beside inserted", &Comparison::of(&acknowledged), 80),
        Line::ratio("events of Stripe, processed beside inserted", &Comparison::of(&processed), 25),
        Line::most(format!("  until {EVENTS} events were processed, after the load"), backlog, "s", 60.0),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are small")]
fn count(events: usize) -> f64 {
    events as f64
}

async fn until_empty(database: &Database) -> Result<(), Failure> {
    let started = Instant::now();
    while database.number(WAITING).await? > 0 {
        if started.elapsed() > PATIENCE {
            return Err("the backlog did not become empty".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// An event about a subscription as Stripe posts it.
fn signed(subscription: &Subscription) -> Vec<u8> {
    let seconds = Clock::default().now().0 / 1_000;
    let Subscription { object, .. } = subscription;
    let body = json!({
        "id": format!("evt_{}", object["id"].as_str().unwrap_or_default()),
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": seconds,
        "livemode": false,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": "customer.subscription.created",
        "data": { "object": object },
    });
    let body = body.to_string();
    let signature = hmac(&format!("{seconds}.{body}"));
    let headers = [("content-type", "application/json"), ("stripe-signature", &*format!("t={seconds},v1={signature}"))];
    post(keel::http::STRIPE_WEBHOOK, &headers, body.as_bytes())
}

fn hmac(text: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
