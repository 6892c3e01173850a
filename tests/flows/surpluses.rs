//! Subscriptions too many: whichever order they are heard of in, one counts, the others are ended and paid back.

use super::ledger::prove;
use crate::both;
use crate::support::{App, GOOD_CARD, together};
use keel_types::time::{DAY, HOUR, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
/// Its bank sends refunds back, a day later.
const RETURNING_CARD: &str = "4000000000005126";
const DONE: &str = "SELECT COUNT(*) FROM surpluses WHERE state = 'done'";

fn pro(start: &str) -> Value {
    json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": start })
}

fn business() -> Value {
    json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 4 })
}

/// Two payment pages that are both paid, at once. Webhooks come as `how` says.
async fn paid_in_two_tabs(app: &App, orders: [Value; 2]) {
    let olivia = app.buyer(OLIVIA, "pro", "month").await;
    let mut pages = vec![];
    for order in orders {
        pages.push(app.order(&olivia, order).await);
    }
    for page in &pages {
        app.pay_for(page).await;
        // Which was made first is told by the second.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
}

/// What is left at Stripe.
async fn at_stripe(app: &App) -> Vec<(String, String)> {
    let all = app.stripe(Method::GET, "/v1/subscriptions?status=all", "").await;
    let of = |s: &Value| (s["id"].as_str().unwrap().to_owned(), s["status"].as_str().unwrap().to_owned());
    all["data"].as_array().unwrap().iter().rev().map(of).collect()
}

async fn refunded(app: &App) -> i64 {
    let all = app.stripe(Method::GET, "/v1/charges?limit=100", "").await;
    all["data"].as_array().unwrap().iter().map(|charge| charge["amount_refunded"].as_i64().unwrap()).sum()
}

/// The first was kept; the second is gone, its money and its credits with it.
async fn assert_first_counts(app: &App, money: i64) {
    app.settles(DONE, 1).await;
    app.settles("SELECT CAST(COALESCE(SUM(refunded), 0) AS BIGINT) FROM payments", money).await;
    app.digested().await;
    let left = at_stripe(app).await;
    assert_eq!(left.iter().map(|(_, status)| status.as_str()).collect::<Vec<_>>(), ["active", "canceled"]);
    assert_eq!(app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await, left[0].0);
    assert_eq!(app.db.text("SELECT plan FROM subscriptions WHERE live").await, "pro");
    assert_eq!(refunded(app).await, money);
    assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500);
    assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 10);
    assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'A second subscription %'").await, 1);
    assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'subscription.surplus'").await, 1);
    prove(app).await;
}

both! {
    async fn of_two_that_are_paid_the_first_counts_and_the_second_is_paid_back(app: App) {
        let workers = app.with_workers(2).await;
        paid_in_two_tabs(&app, [pro("pay"), business()]).await;
        assert_first_counts(&app, 9_600).await;
        workers.stop().await;
    }

    async fn heard_of_the_other_way_round_it_is_the_same(app: App) {
        app.webhooks("drop").await;
        paid_in_two_tabs(&app, [pro("pay"), business()]).await;
        let mut events = app.stripe_events().await;
        events.reverse();
        app.webhooks("deliver").await;
        let second = at_stripe(&app).await[1].0.clone();
        let (late, early): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event.to_string().contains(&second));
        // All about the second one first.
        for group in [late, early] {
            for event in group {
                assert_eq!(app.webhook(&event).await.status, 200);
            }
            app.digested().await;
        }
        assert_first_counts(&app, 9_600).await;
    }

    async fn trouble_at_stripe_between_the_steps_loses_and_doubles_nothing(app: App) {
        // Done, and the answer lost; then not done; at each of the two steps.
        app.trouble(json!({ "path": "/v1/refunds", "method": "POST", "after_commit": true, "status": 500, "count": 3 })).await;
        paid_in_two_tabs(&app, [pro("pay"), business()]).await;
        app.settles("SELECT COUNT(*) FROM surpluses WHERE error IS NOT NULL OR tries > 1", 1).await;
        app.trouble(Value::Null).await;
        app.advance(HOUR).await;
        assert_first_counts(&app, 9_600).await;
    }

    async fn one_instance_that_stops_in_between_is_followed_by_another(app: App) {
        paid_in_two_tabs(&app, [pro("pay"), business()]).await;
        app.settles(DONE, 1).await;
        // As if whoever did it had stopped before writing it down. From the last of these on somebody else may go on.
        app.db.run("DELETE FROM mail_outbox WHERE subject LIKE 'A second subscription %'").await;
        app.db.run("DELETE FROM audit_events WHERE action = 'subscription.surplus'").await;
        app.db.run("UPDATE surpluses SET state = 'due', next_at = 1, settled_at = NULL").await;
        app.advance(MINUTE).await;
        assert_first_counts(&app, 9_600).await;
    }

    async fn money_that_comes_when_all_is_over_is_paid_back_too(app: App) {
        paid_in_two_tabs(&app, [pro("pay"), business()]).await;
        assert_first_counts(&app, 9_600).await;
        // As if it had been ended while its money was still on the way, and the one that counts had ended since.
        app.db.run("UPDATE surpluses SET refunded = 0").await;
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        app.hears_it_all_again().await;
        app.settles("SELECT CAST(COALESCE(SUM(refunded), 0) AS BIGINT) FROM surpluses WHERE state = 'done'", 9_600).await;
        let tries = app.db.number("SELECT tries FROM surpluses").await;
        app.hears_it_all_again().await;
        assert_eq!((app.db.number("SELECT tries FROM surpluses").await, refunded(&app).await), (tries, 9_600), "and not again and again");
        prove(&app).await;
    }

    async fn what_the_bank_sends_back_is_told_once_and_stands_in_the_next_report(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        let (first, second) = (app.order(&olivia, pro("pay")).await, app.order(&olivia, business()).await);
        app.pay_for(&first).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        app.pay(&second, RETURNING_CARD).await.location();
        assert_first_counts(&app, 9_600).await;
        let workers = app.with_workers(2).await;
        app.advance(DAY + MINUTE).await;
        let told = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'A refund for % came back'";
        app.settles(told, 1).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!(app.db.number(told).await, 1);
        let mail = app.mail(OLIVIA).await;
        assert!(mail["text"].as_str().unwrap().contains("$96") && mail["text"].as_str().unwrap().contains("sales@keel.example"), "{mail}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'refund.returned'").await, 1);
        let charge = app.db.text("SELECT stripe_id FROM charges WHERE returned = 9600").await;
        app.advance(DAY).await;
        let reported = format!("SELECT COUNT(*) FROM drift_reports WHERE refunds = 1 AND details LIKE '%{charge}%'");
        app.settles(&format!("SELECT CAST(CASE WHEN ({reported}) > 0 THEN 1 ELSE 0 END AS BIGINT)"), 1).await;
        workers.stop().await;
        prove(&app).await;
    }

    async fn a_trial_is_had_once_whatever_is_open_in_other_tabs(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        let mut pages = vec![];
        for _ in 0..3 {
            pages.push(app.order(&olivia, pro("trial")).await);
        }
        let last = pages.pop().unwrap();
        together(pages.into_iter().map(|page| async move { crate::support::pay(&page, GOOD_CARD).await.status })).await;
        app.settles(DONE, 1).await;
        app.digested().await;
        assert_eq!(at_stripe(&app).await.iter().filter(|(_, status)| status == "trialing").count(), 1);
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        app.digested().await;
        // A page that was opened before the trial began is paid after it has ended.
        app.pay_for(&last).await;
        app.settles(DONE, 2).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live").await, 0);
        assert!(at_stripe(&app).await.iter().all(|(_, status)| status == "canceled"));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'trial'").await, 1);
        prove(&app).await;
    }
}
