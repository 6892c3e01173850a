//! Changes in the middle of a period: the rest of the month of credits follows what is paid, and going up and down makes nothing.

use super::ledger::prove;
use crate::both;
use crate::support::App;
use keel_types::time::DAY;
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const BALANCE: &str = "SELECT balance FROM credit_balances";

/// Olivia pays for two seats of Business, and ten days are over.
async fn two_seats(app: &App, interval: &str) {
    let olivia = app.buyer(OLIVIA, "business", interval).await;
    app.buy(&olivia, json!({ "plan": "business", "interval": interval, "currency": "usd", "seats": 2 })).await;
    assert_eq!(app.db.number(BALANCE).await, 3_000);
    app.advance(10 * DAY).await;
}

/// Other seats from now on, billed at once; gives the invoice that settles it.
async fn seats(app: &App, seats: i64) -> Value {
    let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
    let item = app.db.text("SELECT stripe_item_id FROM subscriptions WHERE live").await;
    let form = format!("items[0][id]={item}&items[0][quantity]={seats}&proration_behavior=always_invoice");
    let changed = app.stripe(Method::POST, &format!("/v1/subscriptions/{contract}"), &form).await;
    app.settles("SELECT seats FROM subscriptions WHERE live", seats).await;
    let invoice = app.stripe(Method::GET, &format!("/v1/invoices/{}", changed["latest_invoice"].as_str().unwrap()), "").await;
    app.settles(
        &format!("SELECT COUNT(*) FROM stripe_events WHERE kind = 'invoice.paid' AND object_id = '{}'", invoice["id"].as_str().unwrap()),
        1,
    )
    .await;
    app.digested().await;
    invoice
}

/// What the lines of an invoice are worth, worked out from what Stripe says of them and the month they lie in.
fn worth(invoice: &Value, begins: i64, ends: i64) -> i64 {
    let lines = invoice["lines"]["data"].as_array().unwrap();
    let of = |line: &Value| {
        let credits = 1_500 * line["quantity"].as_i64().unwrap();
        let rest = ends - line["period"]["start"].as_i64().unwrap();
        if line["amount"].as_i64().unwrap() > 0 {
            credits * rest / (ends - begins)
        } else {
            -((credits * rest + ends - begins - 1) / (ends - begins))
        }
    };
    lines.iter().map(of).sum()
}

both! {
    async fn more_seats_bring_the_rest_of_the_month_and_fewer_take_it(app: App) {
        two_seats(&app, "month").await;
        let begins = app.db.number("SELECT period_start FROM subscriptions WHERE live").await / 1_000;
        let ends = app.db.number("SELECT period_end FROM subscriptions WHERE live").await / 1_000;
        let mut expected = 3_000;
        let mut highest = 0;
        for (step, count) in [4, 2, 4, 2, 4].into_iter().enumerate() {
            let invoice = seats(&app, count).await;
            assert_eq!(invoice["lines"]["data"].as_array().unwrap().len(), 2, "{invoice}");
            expected += worth(&invoice, begins, ends);
            assert_eq!(app.db.number(BALANCE).await, expected, "step {step}");
            if step == 0 {
                highest = expected;
                assert!((4_900..=5_100).contains(&highest), "two thirds of 3,000 more: {highest}");
            }
            assert!(expected <= highest, "step {step} made credits");
        }
        assert!(highest - expected <= 20, "and takes none either but for seconds and rounding");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'plan_change'").await, 10);
        prove(&app).await;
    }

    async fn what_was_spent_before_going_down_is_owed(app: App) {
        two_seats(&app, "month").await;
        seats(&app, 4).await;
        let account = keel_types::AccountId::parse(&app.account(OLIVIA, "workspace").await).unwrap();
        let balance = app.db.number(BALANCE).await;
        super::ledger::adjust(&app, &account, -balance, "spent").await;
        seats(&app, 2).await;
        let owed = app.db.number("SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM credit_debts").await;
        assert!((1_900..=2_100).contains(&owed), "{owed}");
        seats(&app, 4).await;
        let owed = app.db.number("SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM credit_debts").await;
        assert!(app.db.number(BALANCE).await <= 2 && owed <= 20, "up again repays it and makes nothing");
        prove(&app).await;
    }

    async fn of_a_year_only_the_running_month_follows(app: App) {
        two_seats(&app, "year").await;
        let begins = app.db.number("SELECT period_start FROM subscriptions WHERE live").await;
        let ends = keel_domain::clock::add_months(keel_types::Instant(begins), 1).0;
        let invoice = seats(&app, 3).await;
        assert_eq!(app.db.number(BALANCE).await, 3_000 + worth(&invoice, begins / 1_000, ends / 1_000));
        app.advance(31 * DAY).await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'", 2).await;
        app.settles(BALANCE, 4_500).await;
        prove(&app).await;
    }
}
