//! What becomes of Stripe's events: whatever their order, number and delay, whoever works, and whatever happens meanwhile.

mod webhooks;

use crate::both;
use crate::support::{App, Browser, GOOD_CARD, together};
use keel_types::time::{HOUR, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const OLIVIA: &str = "olivia@acme.example";
const PAID: &str = "live 1, contracts 1, paid 1, payments 1, amount 29000, entries 1, lots 1, balance 2500, complete 1, intents 0, seats 10, currencies 1, ";
const TRIED: &str =
    "live 1, contracts 1, paid 0, payments 0, amount 0, entries 1, lots 1, balance 2500, complete 1, intents 0, seats 10, currencies 0, ";

fn pro(start: &str) -> Value {
    json!({ "plan": "pro", "interval": "year", "currency": "usd", "start": start })
}

/// An event as Stripe would send it.
fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "api_version": "2026-09-30.endive", "created": 1_800_000_000, "livemode": false,
        "data": { "object": object } })
}

/// What Olivia has at Stripe after buying: the subscription and the customer.
async fn contract(app: &App) -> (String, String) {
    let subscription = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
    (subscription, app.db.text("SELECT customer_id FROM stripe_customers WHERE customer_id IS NOT NULL").await)
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

/// Our tables as they were before Stripe said anything about the one purchase.
async fn forget_what_stripe_said(app: &App) {
    for table in ["credit_entries", "credit_lots", "credit_balances", "payments", "subscriptions", "stripe_events", "told"] {
        app.db.run(&format!("DELETE FROM {table}")).await;
    }
    app.db.run("UPDATE checkouts SET state = 'open', completed_at = NULL").await;
    app.db
        .run("UPDATE accounts SET currency = NULL, trial_started_at = NULL, trial_of = NULL, max_members = 3 WHERE kind = 'workspace'")
        .await;
    app.db.run("UPDATE user_profiles SET intent = 'kept'").await;
}

/// The events of a purchase in many orders, each looked at alone or together with others, some of them twice.
async fn in_any_order(app: &App, order: Value, wanted: &str) {
    let olivia = app.buyer(OLIVIA, "pro", "year").await;
    app.webhooks("drop").await;
    let page = app.order(&olivia, order).await;
    app.pay_for(&page).await;
    let mut events = app.stripe_events().await;
    let looked_at =
        |event: &Value| ["checkout.session", "subscription", "invoice"].iter().any(|kind| event["data"]["object"]["object"] == *kind);
    events.retain(looked_at);
    assert!(events.len() >= 6, "{}", events.len());
    let mut dice = Dice(7);
    for round in 0..20 {
        dice.shuffle(&mut events);
        for event in &events {
            assert_eq!(app.webhook(event).await.status, 200);
            match dice.below(4) {
                0 => app.digested().await,
                1 => assert_eq!(app.webhook(event).await.status, 200),
                2 => drop(app.keel.work().await.unwrap()),
                _ => {}
            }
        }
        app.digested().await;
        let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(app.books().await, wanted, "round {round}: {kinds:?}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE state <> 'done'").await, 0);
        app.assert_sound_ledger().await;
        forget_what_stripe_said(app).await;
    }
}

both! {
    async fn the_events_of_a_payment_leave_the_same_in_every_order(app: App) {
        in_any_order(&app, pro("pay"), PAID).await;
    }

    async fn the_events_of_a_trial_leave_the_same_in_every_order(app: App) {
        in_any_order(&app, pro("trial"), TRIED).await;
    }

    async fn who_lost_the_lane_writes_nothing(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("pay")).await;
        let (subscription, customer) = contract(&app).await;
        let another = app.another().await;
        // The worker of the application asks, and gets the answer of now when it is long out of date.
        app.trouble(json!({ "path": "/v1/subscriptions/", "method": "GET", "after_commit": true, "delay_ms": 8_000 })).await;
        app.stripe_calls().await;
        let object = json!({ "id": subscription, "object": "subscription", "customer": customer });
        assert_eq!(app.webhook(&event("evt_slow", "customer.subscription.updated", &object)).await.status, 200);
        app.settles("SELECT COUNT(*) FROM stripe_lanes WHERE leased_until > 0", 1).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{subscription}"), "").await;
        app.settles("SELECT COUNT(*) FROM stripe_events WHERE kind = 'customer.subscription.deleted'", 1).await;
        let fence = app.db.number("SELECT fence FROM stripe_lanes").await;
        // Another instance does not touch the lane before the lease is over, and then takes it.
        another.work().await.unwrap();
        assert_eq!(app.db.text("SELECT status FROM subscriptions").await, "active");
        app.advance(3 * MINUTE).await;
        another.refresh_clock().await.unwrap();
        another.work().await.unwrap();
        assert_eq!(app.db.text("SELECT status FROM subscriptions").await, "canceled");
        assert_eq!(app.db.number("SELECT fence FROM stripe_lanes").await, fence + 1);
        // The old answer arrives now: it is two looks and still the newer state.
        let sandbox = Browser::new(app.sandbox.trim_end_matches('/'));
        let looks = || async {
            let calls = sandbox.get("/_sandbox/requests").await.json();
            let is_look = |call: &&Value| call["method"] == "GET" && call["path"].as_str().unwrap().contains(&subscription);
            calls.as_array().unwrap().iter().filter(is_look).count()
        };
        for _ in 0..150 {
            if looks().await >= 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(looks().await, 2);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(app.db.text("SELECT status FROM subscriptions").await, "canceled");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live").await, 0);
        app.digested().await;
        another.close().await;
    }

    async fn a_lane_whose_holder_died_is_taken_over_after_its_lease(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("pay")).await;
        let (subscription, _) = contract(&app).await;
        let lease = app.keel.now().plus(2 * MINUTE).0;
        app.db.run(&format!("UPDATE stripe_lanes SET fence = fence + 1, leased_until = {lease}")).await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{subscription}"), "").await;
        app.settles("SELECT COUNT(*) FROM stripe_events WHERE state = 'new'", 1).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(app.db.text("SELECT status FROM subscriptions").await, "active", "the holder may still be at work");
        app.advance(2 * MINUTE).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'canceled'", 1).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_lanes WHERE leased_until > 0 OR due_at IS NOT NULL").await, 0);
    }

    async fn an_event_that_cannot_be_looked_at_fails_visibly_and_holds_up_nobody(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("pay")).await;
        let (subscription, customer) = contract(&app).await;
        let lost = json!({ "id": "sub_lost", "object": "subscription", "customer": customer });
        assert_eq!(app.webhook(&event("evt_lost", "customer.subscription.updated", &lost)).await.status, 200);
        let mut tries: i64 = 0;
        while tries < 40 {
            app.settles(&format!("SELECT COUNT(*) FROM stripe_events WHERE id = 'evt_lost' AND tries > {tries}"), 1).await;
            // In one look: the first tries follow each other within seconds.
            let seen = app.db.text("SELECT state || ' ' || tries || ' ' || due_at FROM stripe_events WHERE id = 'evt_lost'").await;
            let seen: Vec<&str> = seen.split(' ').collect();
            tries = seen[1].parse().unwrap();
            assert_eq!(seen[0], if tries < 40 { "new" } else { "failed" });
            let waits = seen[2].parse::<i64>().unwrap() - app.keel.now().0;
            assert!(waits <= HOUR && waits > (1_000 << tries.min(11)) - 5_000, "try {tries} waits {waits} ms");
            app.advance(waits.max(0) + 1).await;
        }
        assert!(app.db.text("SELECT error FROM stripe_events WHERE id = 'evt_lost'").await.contains("no such object"));
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{subscription}"), "").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'canceled'", 1).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT tries FROM stripe_events WHERE id = 'evt_lost'").await, 40, "left for people");
        app.advance(24 * HOUR).await;
        let reported = "SELECT COUNT(*) FROM drift_reports WHERE failed = 1 AND details LIKE '%evt_lost%'";
        app.settles(&format!("SELECT CAST(CASE WHEN ({reported}) > 0 THEN 1 ELSE 0 END AS BIGINT)"), 1).await;
    }

    async fn trouble_at_stripe_delays_a_payment_and_loses_nothing(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        let page = app.order(&olivia, pro("pay")).await;
        app.trouble(json!({ "path": "/v1/", "method": "GET", "status": 503, "count": 10_000 })).await;
        app.pay_for(&page).await;
        app.delivered().await;
        app.settles("SELECT CAST(CASE WHEN MIN(tries) >= 1 THEN 1 ELSE 0 END AS BIGINT) FROM stripe_events WHERE state = 'new'", 1).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE state = 'new' AND error IS NULL").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
        app.trouble(Value::Null).await;
        app.advance(HOUR).await;
        app.digested().await;
        assert_eq!(app.books().await, PAID);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE error IS NOT NULL").await, 0);
        app.assert_sound_ledger().await;
    }

    async fn no_event_is_forgotten_while_its_lane_is_given_back(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("pay")).await;
        let (subscription, customer) = contract(&app).await;
        let posts = (0..8).map(|poster| {
            let sealed: Vec<_> = (0..40)
                .map(|number| {
                    let object = json!({ "id": subscription, "object": "subscription", "customer": customer });
                    let body = event(&format!("evt_{poster}_{number}"), "customer.subscription.updated", &object).to_string();
                    (app.signature(body.as_bytes(), app.keel.now()), body)
                })
                .collect();
            let stripe = app.browser();
            async move {
                for (signature, body) in sealed {
                    let request = stripe.request(Method::POST, keel::http::STRIPE_WEBHOOK).header("stripe-signature", signature);
                    assert_eq!(stripe.send(request.body(body)).await.status, 200);
                }
            }
        });
        together(posts).await;
        app.digested().await;
        assert_eq!(app.books().await, PAID);
    }

    async fn several_instances_settle_every_purchase_once(app: App) {
        let workers = app.with_workers(2).await;
        app.webhooks("duplicate").await;
        let mut pages = vec![];
        for number in 0..5 {
            let buyer = app.buyer(&format!("buyer{number}@acme.example"), "pro", "year").await;
            pages.push(app.order(&buyer, pro("pay")).await);
        }
        together(pages.into_iter().map(|page| async move {
            let (host, path) = page.split_at(page.find("/pay/").expect("a payment page"));
            let card = [("card_number", GOOD_CARD), ("expiry", "12/34"), ("cvc", "123")];
            Browser::new(host).form(path, &card).await.location();
        }))
        .await;
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 5).await;
        app.digested().await;
        workers.stop().await;
        let all = "live 5, contracts 5, paid 5, payments 5, amount 145000, entries 5, lots 5, balance 12500, complete 5, intents 0, seats 50, currencies 5, ";
        assert_eq!(app.books().await, all);
        app.assert_sound_ledger().await;
    }

    async fn a_late_event_of_an_older_subscription_leaves_the_present_one_alone(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("pay")).await;
        let (old, customer) = contract(&app).await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{old}"), "").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        app.buy(&olivia, json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 4 })).await;
        let before = app.books().await;
        for kind in ["created", "updated", "deleted"] {
            let object = json!({ "id": old, "object": "subscription", "customer": customer });
            assert_eq!(app.webhook(&event(&format!("evt_late_{kind}"), &format!("customer.subscription.{kind}"), &object)).await.status, 200);
        }
        app.digested().await;
        assert_eq!(app.books().await, before);
        assert_eq!(app.db.text("SELECT plan FROM subscriptions WHERE live").await, "business");
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 4);
    }
}
