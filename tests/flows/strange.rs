//! What Stripe says that Keel does not know, or that cannot be: pages stay up, nothing is half done, and it is seen why.

use super::ledger::prove;
use crate::both;
use crate::support::{App, Browser, GOOD_CARD};
use keel_types::time::{DAY, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const BILLING: &str = "/org-dashboard/billing";
const PAYMENTS: &str = "/billing/payments";
/// Everything that shows something about money.
const PAGES: [&str; 9] = [
    BILLING,
    PAYMENTS,
    "/billing/credits",
    "/billing/change",
    "/billing/change?plan=business&interval=month&seats=5",
    "/org-dashboard",
    "/private-dashboard",
    "/checkout",
    "/pricing",
];

/// From now on answers to questions from this path on say something else, in these places.
async fn says(app: &App, path: &str, says: &Value) {
    app.trouble(json!({ "path": path, "method": "GET", "says": says, "count": 100_000 })).await;
}

/// The newest event of a kind, told as a new one.
async fn tell(app: &App, kind: &str, number: usize) {
    let events = app.stripe_events().await;
    let mut event = events.iter().rev().find(|event| event["type"] == kind).expect("such an event").clone();
    event["id"] = json!(format!("evt_told_{number}"));
    assert_eq!(app.webhook(&event).await.status, 200);
}

async fn assert_pages_are_up(browser: &Browser, what: &Value) {
    for path in PAGES {
        let page = browser.get(path).await;
        // Who has a plan is led from the checkout and the change to the billing page.
        assert!([200, 303].contains(&page.status), "{path} with {what}: {} {}", page.status, page.body);
    }
}

/// Credits, payments and how the newest of them stands.
async fn books(app: &App, account: &str) -> (i64, i64, String) {
    let credits = format!("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM credit_entries WHERE account_id = '{account}'");
    let payments = format!("FROM payments WHERE account_id = '{account}'");
    let newest = format!("SELECT COALESCE(MAX(status || ' ' || amount || ' ' || currency || ' ' || COALESCE(note, '')), '') {payments}");
    (app.db.number(&credits).await, app.db.number(&format!("SELECT COUNT(*) {payments}")).await, app.db.text(&newest).await)
}

/// A purchase of which nobody has told yet.
async fn buys_unheard(app: &App, number: usize, order: &Value) -> (Browser, String) {
    let email = format!("buyer{number}@acme.example");
    let buyer = app.buyer(&email, "pro", "month").await;
    let page = app.order(&buyer, order.clone()).await;
    app.pay(&page, GOOD_CARD).await.location();
    (buyer, app.account(&email, "workspace").await)
}

fn pro() -> Value {
    json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "pay" })
}

fn business() -> Value {
    json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 2, "start": "pay" })
}

both! {
    async fn amounts_and_words_of_an_invoice_that_cannot_be_are_survived(app: App) {
        app.webhooks("drop").await;
        let quantity = |quantity: i64| json!({ "/lines/data/0/quantity": quantity });
        let cases = [
            (pro(), json!({ "/total": 0 }), (2_500, 0, "")),
            (pro(), json!({ "/total": -2_900 }), (2_500, 0, "")),
            (pro(), json!({ "/total": i64::MAX }), (2_500, 1, "paid 9223372036854775807 usd ")),
            (pro(), json!({ "/amount_paid": i64::MIN, "/attempt_count": i64::MAX }), (2_500, 1, "paid 2900 usd ")),
            (pro(), json!({ "/created": i64::MAX, "/status_transitions/paid_at": i64::MIN }), (2_500, 1, "paid 2900 usd ")),
            (pro(), json!({ "/lines/data/0/period/end": i64::MAX, "/lines/data/0/amount": i64::MIN }), (2_500, 1, "paid 2900 usd ")),
            (pro(), json!({ "/billing_reason": "leap_year" }), (2_500, 1, "paid 2900 usd ")),
            (pro(), json!({ "/currency": "chf" }), (2_500, 1, "paid 2900 chf ")),
            (pro(), json!({ "/status": "parked" }), (0, 1, "pending 2900 usd state_new")),
            (pro(), json!({ "/lines/data/0/pricing/price_details/price": "price_of_nobody" }), (0, 1, "paid 2900 usd price_unknown")),
            (business(), quantity(0), (0, 1, "paid 4800 usd ")),
            (business(), quantity(-3), (0, 1, "paid 4800 usd ")),
        ];
        for (number, (order, what, wanted)) in cases.into_iter().enumerate() {
            let (buyer, account) = buys_unheard(&app, number, &order).await;
            says(&app, "/v1/invoices/", &what).await;
            tell(&app, "invoice.paid", number).await;
            app.digested().await;
            let wanted = (wanted.0, wanted.1, wanted.2.to_owned());
            assert_eq!(books(&app, &account).await, wanted, "{what}");
            assert_pages_are_up(&buyer, &what).await;
            app.trouble(Value::Null).await;
        }
        prove(&app).await;
    }

    async fn what_cannot_be_believed_is_not_written_and_waits_to_be_seen(app: App) {
        app.webhooks("drop").await;
        for (number, what) in [
            json!({ "/total": 9_223_372_036_854_775_808_u64 }),
            json!({ "/lines/data/0/quantity": 1e30 }),
            json!({ "/lines/data/0/quantity": i64::MAX }),
            json!({ "/currency": null }),
            json!({ "/lines": [] }),
        ]
        .into_iter()
        .enumerate()
        {
            let (buyer, account) = buys_unheard(&app, number, &business()).await;
            says(&app, "/v1/invoices/", &what).await;
            tell(&app, "invoice.paid", number).await;
            let event = format!("SELECT COUNT(*) FROM stripe_events WHERE id = 'evt_told_{number}' AND state = 'new' AND error IS NOT NULL");
            app.settles(&event, 1).await;
            assert_eq!(books(&app, &account).await, (0, 0, String::new()), "{what}");
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM subscriptions WHERE account_id = '{account}'")).await, 0, "half of it: {what}");
            assert_pages_are_up(&buyer, &what).await;
            app.trouble(Value::Null).await;
            let later = app.keel.now().plus(DAY);
            app.advance(DAY).await;
            // Who asks for lost events would otherwise tell what the next buyer did.
            let asked = format!(
                "SELECT COUNT(*) FROM marks m JOIN marks t ON m.reached >= t.reached
                 WHERE m.name = 'stripe events' AND t.name = 'turn: lost events' AND t.reached >= {}",
                later.0
            );
            app.settles(&asked, 1).await;
            app.digested().await;
            assert_eq!(books(&app, &account).await.0, 3_000, "and later it is believed");
        }
        prove(&app).await;
    }

    async fn words_of_a_subscription_that_stripe_adds_leave_it_as_it_was(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.buy(&olivia, pro()).await;
        app.webhooks("drop").await;
        for (number, (what, shown)) in [
            (json!({ "/status": "hibernating" }), "hibernating"),
            (json!({ "/items/data/0/price/recurring/interval": "fortnight" }), "$29"),
            (json!({ "/items/data/0/price/currency": "chf" }), "see the document"),
            (json!({ "/items/data/0/price/unit_amount": i64::MAX, "/items/data/0/quantity": i64::MAX }), "Pro"),
            (json!({ "/items/data/0/price/unit_amount": -1, "/items/data/0/quantity": -1 }), "Pro"),
            (json!({ "/items/data/0/current_period_end": i64::MAX, "/items/data/0/current_period_start": i64::MIN }), "Pro"),
            (json!({ "/cancel_at_period_end": true, "/ended_at": i64::MIN, "/created": i64::MAX }), "Pro"),
        ]
        .into_iter()
        .enumerate()
        {
            says(&app, "/v1/subscriptions/", &what).await;
            tell(&app, "customer.subscription.created", number).await;
            app.digested().await;
            assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live").await, 1, "{what}");
            let page = olivia.get(BILLING).await;
            assert!(page.status == 200 && page.body.contains(shown), "{what}: {}", page.body);
            assert_pages_are_up(&olivia, &what).await;
            app.trouble(Value::Null).await;
        }
        assert_eq!(olivia.json("/api/billing/sync", &json!({})).await.status, 200);
        let page = olivia.get(BILLING).await;
        assert!(page.body.contains("Active") && page.body.contains("$29 per month"), "{}", page.body);
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 10);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM stripe_events WHERE state = 'failed' OR error IS NOT NULL").await, 0);
        prove(&app).await;
    }

    async fn a_checkout_says_strange_things_and_gives_nothing_it_does_not_name(app: App) {
        app.webhooks("drop").await;
        let pack = json!({ "kind": "pack", "pack": "credits1500", "currency": "usd" });
        for (number, (what, wanted)) in [
            (json!({ "/metadata/what": "goldbar" }), (0, 1, "paid 1900 usd article_gone")),
            (json!({ "/metadata/kind": "promise" }), (0, 1, "paid 1900 usd article_gone")),
            (json!({ "/payment_status": "promised" }), (0, 1, "pending 1900 usd ")),
            (json!({ "/status": "asleep" }), (0, 0, "")),
            (json!({ "/mode": "barter" }), (0, 0, "")),
            (json!({ "/amount_total": 0 }), (1_500, 0, "")),
            (json!({ "/amount_total": -1 }), (1_500, 0, "")),
            (json!({ "/amount_total": i64::MAX, "/currency": "xyz" }), (1_500, 1, "paid 9223372036854775807 xyz ")),
        ]
        .into_iter()
        .enumerate()
        {
            let (buyer, account) = buys_unheard(&app, number, &pack).await;
            says(&app, "/v1/checkout/sessions/", &what).await;
            tell(&app, "checkout.session.completed", number).await;
            app.digested().await;
            let wanted = (wanted.0, wanted.1, wanted.2.to_owned());
            assert_eq!(books(&app, &account).await, wanted, "{what}");
            assert_pages_are_up(&buyer, &what).await;
            let page = buyer.get(PAYMENTS).await;
            assert_eq!(page.body.contains("Brought nothing"), wanted.2.ends_with("article_gone"), "{what}: {}", page.body);
            app.trouble(Value::Null).await;
        }
        prove(&app).await;
    }

    async fn refunds_and_disputes_that_cannot_be_take_what_there_is_and_no_more(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.buy(&olivia, pro()).await;
        let charge = app.stripe(Method::GET, "/v1/charges?limit=1", "").await["data"][0]["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={charge}&amount=290")).await;
        app.settles("SELECT balance FROM credit_balances", 2_250).await;
        app.digested().await;
        app.webhooks("drop").await;
        for (number, (refunded, balance, status)) in
            [(i64::MAX, 2_250, "refunded"), (i64::MIN, 2_500, "paid"), (-1, 2_500, "paid"), (290, 2_250, "refunded")].into_iter().enumerate()
        {
            let what = json!({ "/amount_refunded": refunded, "/data/0/amount_refunded": refunded });
            says(&app, "/v1/charges", &what).await;
            tell(&app, "charge.refunded", number).await;
            app.digested().await;
            assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, balance, "{what}");
            assert_eq!(app.db.text("SELECT status FROM payments").await, status, "{what}");
            assert_pages_are_up(&olivia, &what).await;
            prove(&app).await;
        }
        app.trouble(Value::Null).await;
    }

    async fn what_a_change_would_cost_is_told_or_not_but_never_breaks_the_page(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.buy(&olivia, pro()).await;
        for what in [
            json!({ "/amount_due": i64::MIN, "/lines/data/0/amount": i64::MIN, "/lines/data/1/amount": i64::MIN }),
            json!({ "/amount_due": i64::MAX, "/lines/data/0/amount": i64::MAX, "/lines/data/1/amount": i64::MAX }),
            json!({ "/total_taxes": [{ "amount": i64::MAX, "type": "window_tax" }, { "amount": i64::MAX, "type": null }] }),
            json!({ "/currency": "chf" }),
        ] {
            app.trouble(json!({ "path": "/v1/invoices/create_preview", "says": what, "count": 10 })).await;
            let page = olivia.get("/billing/change?plan=business&interval=month&seats=5").await;
            assert!(page.status == 200 && page.body.contains("Show what it costs"), "{what}: {} {}", page.status, page.body);
            app.trouble(Value::Null).await;
        }
    }

    async fn a_price_that_the_catalogue_has_not_is_kept_grants_nothing_and_says_so(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.buy(&olivia, pro()).await;
        let subscription = app.stripe(Method::GET, "/v1/subscriptions", "").await["data"][0].clone();
        let product = subscription["items"]["data"][0]["price"]["product"].as_str().unwrap();
        let form = format!("currency=usd&unit_amount=1234&product={product}&recurring[interval]=month&lookup_key=made_by_hand");
        let price = app.stripe(Method::POST, "/v1/prices", &form).await["id"].as_str().unwrap().to_owned();
        let item = subscription["items"]["data"][0]["id"].as_str().unwrap();
        let form = format!("items[0][id]={item}&items[0][price]={price}&proration_behavior=none");
        app.stripe(Method::POST, &format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap()), &form).await;
        app.settles(&format!("SELECT COUNT(*) FROM subscriptions WHERE live AND plan = '{price}'"), 1).await;
        app.advance(32 * DAY).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE note = 'price_unknown' AND amount = 1234 AND status = 'paid'", 1).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'").await, 1, "of the month before");
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 3);
        let olivia = app.sign_in(OLIVIA).await;
        assert_pages_are_up(&olivia, &Value::Null).await;
        for (path, said) in [
            (BILLING, "What is paid here is not in our catalogue any more"),
            (BILLING, "its price is not in our catalogue"),
            (PAYMENTS, "its price is not in our catalogue"),
        ] {
            let page = olivia.get(path).await;
            assert!(page.body.contains(said) && page.body.contains("$12.34"), "{path}: {}", page.body);
        }
        prove(&app).await;
    }

    async fn a_refund_that_came_back_in_a_currency_nobody_knows_is_written_down_and_no_mail_has_a_gap(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        let page = app.order(&olivia, pro()).await;
        app.pay(&page, "4000000000005126").await.location();
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 1).await;
        let charge = app.stripe(Method::GET, "/v1/charges", "").await["data"][0]["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={charge}")).await;
        app.settles("SELECT refunded FROM payments", 2_900).await;
        app.digested().await;
        says(&app, "/v1/charges", &json!({ "/currency": "chf", "/data/0/currency": "chf" })).await;
        app.advance(DAY + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM charges WHERE returned = 2900", 1).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'refund.returned'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'A refund for % came back'").await, 0);
        prove(&app).await;
    }

    async fn what_one_buys_is_never_anothers_whatever_an_event_or_a_form_says(app: App) {
        let eve = app.buyer("eve@evil.example", "pro", "month").await;
        app.buy(&eve, pro()).await;
        let theirs = app.db.text("SELECT customer_id FROM stripe_customers").await;
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        let mut order = business();
        for (field, value) in [("customer", theirs.as_str()), ("success_url", "https://evil.example/"), ("cancel_url", "//evil.example"), ("account_id", "acc_1"), ("price", "price_1")] {
            order[field] = value.into();
        }
        app.webhooks("drop").await;
        let page = app.order(&olivia, order).await;
        let back = app.pay_for(&page).await;
        assert!(back.starts_with("/checkout/success?session_id="), "{back}");
        let session = app.stripe(Method::GET, &format!("/v1/checkout/sessions/{}", page.rsplit('/').next().unwrap()), "").await;
        assert_ne!(session["customer"], theirs.as_str());
        let mut books = vec![];
        for wrong in [true, false] {
            for (number, event) in app.stripe_events().await.into_iter().enumerate() {
                let mut event = event;
                event["id"] = json!(format!("evt_{wrong}_{number}"));
                if wrong && event["data"]["object"]["customer"].is_string() {
                    event["data"]["object"]["customer"] = theirs.as_str().into();
                }
                assert_eq!(app.webhook(&event).await.status, 200);
            }
            app.digested().await;
            books.push(app.books().await);
        }
        assert_eq!(books[0], books[1], "an event only says where to look");
        let of = |email| {
            let app = &app;
            async move {
                let account = app.account(email, "workspace").await;
                app.db.number(&format!("SELECT balance FROM credit_balances WHERE account_id = '{account}'")).await
            }
        };
        assert_eq!((of("eve@evil.example").await, of(OLIVIA).await), (2_500, 3_000));
        assert_eq!(eve.get(&back).await.status, 404);
        prove(&app).await;
    }
}
