//! A storm of events: shuffled, told again and again, ten at a time, while one call in ten at Stripe and one write in ten in the
//! database fails. What is left is what was bought, as the test itself remembers it.

use super::ledger::prove;
use crate::both;
use crate::support::{App, Browser, GOOD_CARD, scaled, together};
use keel_types::time::HOUR;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// What an account bought, and what became of it.
struct Bought {
    email: String,
    plan: Option<&'static str>,
    seats: i64,
    refunded: i64,
    ended: bool,
    packs: i64,
}

/// What it must have by then: credits, people that fit in, live subscriptions, payments that stayed and that did not.
fn expected(bought: &Bought) -> (i64, i64, i64, i64, i64) {
    let (credits, price, seats) = match bought.plan {
        Some("pro") => (2_500, 2_900, 10),
        Some(_) => (1_500 * bought.seats, 2_400 * bought.seats, bought.seats),
        None => (0, 1, 3),
    };
    let lives = bought.plan.is_some() && !bought.ended;
    let (plans, back) = (i64::from(bought.plan.is_some()), i64::from(bought.refunded > 0));
    let left = credits - credits * bought.refunded / price + 1_500 * bought.packs;
    (left, if lives { seats } else { 3 }, i64::from(lives), plans - back + bought.packs, back)
}

async fn found(app: &App, email: &str) -> (i64, i64, i64, i64, i64) {
    let account = app.account(email, "workspace").await;
    let of = |what: &str, from: &str| format!("SELECT CAST(COALESCE({what}, 0) AS BIGINT) FROM {from} WHERE account_id = '{account}'");
    let payments = |status: &str| format!("{} AND status = '{status}'", of("COUNT(*)", "payments"));
    (
        app.db.number(&of("SUM(balance)", "credit_balances")).await,
        app.db.number(&format!("SELECT max_members FROM accounts WHERE id = '{account}'")).await,
        app.db.number(&format!("{} AND live", of("COUNT(*)", "subscriptions"))).await,
        app.db.number(&payments("paid")).await,
        app.db.number(&payments("refunded")).await,
    )
}

/// Somebody buys something of everything, and takes some of it back. No webhook tells of it yet.
async fn buy(app: &App, number: i64) -> Bought {
    let email = format!("buyer{number}@acme.example");
    let buyer = app.buyer(&email, "pro", "month").await;
    buyer.get("/checkout").await;
    let plan = [Some("pro"), Some("business"), None][usize::try_from(number % 3).unwrap()];
    let mut bought = Bought { email, plan, seats: 2 + number % 4, refunded: 0, ended: false, packs: scaled(number % 2, 4 + number % 9) };
    for _ in 0..bought.packs {
        let page = app.order(&buyer, json!({ "kind": "pack", "pack": "credits1500", "currency": "usd" })).await;
        app.pay(&page, GOOD_CARD).await.location();
    }
    if let Some(plan) = plan {
        let seats = if plan == "business" { bought.seats } else { 1 };
        let page = app.order(&buyer, json!({ "plan": plan, "interval": "month", "currency": "usd", "seats": seats })).await;
        app.pay(&page, GOOD_CARD).await.location();
        if number % 2 == 0 {
            let charges = app.stripe(Method::GET, "/v1/charges?limit=1", "").await;
            let charge = charges["data"][0]["id"].as_str().unwrap().to_owned();
            bought.refunded = 700 + 100 * (number % 7);
            // In two parts, which each event tells in all.
            for amount in [300, bought.refunded - 300] {
                app.stripe(Method::POST, "/v1/refunds", &format!("charge={charge}&amount={amount}")).await;
            }
        }
        if number % 5 == 4 {
            let all = app.stripe(Method::GET, "/v1/subscriptions?limit=1", "").await;
            app.stripe(Method::DELETE, &format!("/v1/subscriptions/{}", all["data"][0]["id"].as_str().unwrap()), "").await;
            bought.ended = true;
        }
    }
    bought
}

/// Everything that has happened at Stripe.
async fn all_events(app: &App) -> Vec<Value> {
    let (mut all, mut after): (Vec<Value>, String) = (vec![], String::new());
    loop {
        let page = app.stripe(Method::GET, &format!("/v1/events?limit=100{after}"), "").await;
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] != true {
            return all;
        }
        after = format!("&starting_after={}", all.last().unwrap()["id"].as_str().unwrap());
    }
}

/// One write in ten fails, of those that settle an event and of those that enter credits.
async fn let_writes_fail(app: &App) {
    let sqlite = |name: &str, when: &str| {
        format!("CREATE TRIGGER {name} BEFORE {when} WHEN ABS(RANDOM() % 10) = 0 BEGIN SELECT RAISE(ABORT, 'injected'); END")
    };
    if app.db.url.starts_with("sqlite:") {
        app.db.run(&sqlite("events_fail", "UPDATE OF settled_at ON stripe_events")).await;
        app.db.run(&sqlite("entries_fail", "INSERT ON credit_entries")).await;
    } else {
        let body = "BEGIN IF RANDOM() < 0.1 THEN RAISE EXCEPTION 'injected'; END IF; RETURN NEW; END";
        app.db.run(&format!("CREATE FUNCTION fail_sometimes() RETURNS trigger LANGUAGE plpgsql AS '{}'", body.replace('\'', "''"))).await;
        app.db
            .run("CREATE TRIGGER events_fail BEFORE UPDATE OF settled_at ON stripe_events FOR EACH ROW EXECUTE FUNCTION fail_sometimes()")
            .await;
        app.db.run("CREATE TRIGGER entries_fail BEFORE INSERT ON credit_entries FOR EACH ROW EXECUTE FUNCTION fail_sometimes()").await;
    }
}

async fn let_writes_be(app: &App) {
    let of = |table: &str| if app.db.url.starts_with("sqlite:") { String::new() } else { format!(" ON {table}") };
    app.db.run(&format!("DROP TRIGGER events_fail{}", of("stripe_events"))).await;
    app.db.run(&format!("DROP TRIGGER entries_fail{}", of("credit_entries"))).await;
}

both! {
    async fn whatever_fails_in_a_storm_of_events_the_books_are_right(app: App) {
        app.webhooks("drop").await;
        let mut all = vec![];
        for number in 0..scaled(4, 20) {
            all.push(buy(&app, number).await);
        }
        let events = all_events(&app).await;
        let mut dice = Dice(11);
        let deliveries: Vec<Value> = (0..scaled(400, 10_000).max(events.len())).map(|n| events[n % events.len()].clone()).collect();
        let mut order: Vec<usize> = (0..deliveries.len()).collect();
        for end in (1..order.len()).rev() {
            order.swap(end, dice.below(end + 1));
        }
        let_writes_fail(&app).await;
        let sandbox = Browser::new(app.sandbox.trim_end_matches('/'));
        assert_eq!(sandbox.json("/_sandbox/faults", &json!({ "random": { "seed": 5, "percent": 10 } })).await.status, 200);
        let workers = app.with_workers(2).await;
        let deliveries = Arc::new(deliveries);
        let sealed = |event: &Value| (app.signature(event.to_string().as_bytes(), app.keel.now()), event.to_string());
        together((0..10).map(|poster| {
            let mine: Vec<_> = order.iter().skip(poster).step_by(10).map(|place| sealed(&deliveries[*place])).collect();
            let stripe = app.browser();
            async move {
                for (signature, body) in mine {
                    // Stripe tells again what was not taken.
                    for _ in 0..20 {
                        let request = stripe.request(Method::POST, keel::http::STRIPE_WEBHOOK).header("stripe-signature", &signature);
                        if stripe.send(request.body(body.clone())).await.status == 200 {
                            break;
                        }
                    }
                }
            }
        }))
        .await;
        // What failed is tried again, later and later.
        for _ in 0..scaled(6, 10) {
            tokio::time::sleep(std::time::Duration::from_secs(scaled(1, 5))).await;
            app.advance(HOUR).await;
        }
        sandbox.json("/_sandbox/faults", &json!({ "random": null })).await;
        let_writes_be(&app).await;
        for _ in 0..3 {
            app.advance(HOUR).await;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        app.digested().await;
        workers.stop().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE state = 'failed'").await, 0);
        for bought in &all {
            assert_eq!(found(&app, &bought.email).await, expected(bought), "{}", bought.email);
        }
        prove(&app).await;
        println!("{} events of {} accounts, told {} times: the books are right", events.len(), all.len(), deliveries.len());
    }
}
