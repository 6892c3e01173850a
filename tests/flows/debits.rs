//! Money that takes days: until the bank has sent it nothing is granted, and when it never comes nothing was.

use super::ledger::prove;
use crate::both;
use crate::support::{App, Browser};
use keel_types::time::{DAY, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const GOOD: &str = "000123456789";
const EMPTY: &str = "000222222227";
const BALANCE: &str = "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM credit_balances";
const LIVE: &str = "SELECT COUNT(*) FROM subscriptions WHERE live";
const MISSED: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'A payment for % did not arrive'";

fn pack() -> Value {
    json!({ "kind": "pack", "pack": "credits1500", "currency": "usd" })
}

fn pro() -> Value {
    json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "pay" })
}

/// Olivia has ordered, and paid by a bank account whose bank has not answered. Gives her browser and where she was led.
async fn waiting(app: &App, order: Value, number: &str) -> (Browser, String) {
    let olivia = app.buyer(OLIVIA, "pro", "month").await;
    olivia.get("/checkout").await;
    let page = app.order(&olivia, order).await;
    let back = app.debit(&page, number).await;
    app.settles("SELECT COUNT(*) FROM payments WHERE status = 'pending'", 1).await;
    app.digested().await;
    (olivia, back)
}

both! {
    async fn a_pack_waits_for_its_money_and_grants_once(app: App) {
        let (olivia, back) = waiting(&app, pack(), GOOD).await;
        assert!(olivia.get(&back).await.body.contains("Confirming your payment"));
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(BALANCE).await, app.db.number("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'").await), (0, 0));
        assert!(olivia.get("/org-dashboard/billing").await.body.contains("Pending"));
        let workers = app.with_workers(2).await;
        app.advance(4 * DAY + MINUTE).await;
        app.settles(BALANCE, 1_500).await;
        app.digested().await;
        app.hears_it_all_again().await;
        workers.stop().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries").await, 1);
        assert_eq!(app.db.text("SELECT status || ' ' || amount FROM payments").await, "paid 1900");
        assert!(olivia.get(&back).await.body.contains("Payment received"));
        assert_eq!(app.db.number(MISSED).await, 0);
        prove(&app).await;
    }

    async fn a_pack_whose_money_never_comes_grants_nothing_and_its_buyer_is_told_once(app: App) {
        let (olivia, _) = waiting(&app, pack(), EMPTY).await;
        app.advance(4 * DAY + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'failed'", 1).await;
        app.settles(MISSED, 1).await;
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(MISSED).await, app.db.number("SELECT COUNT(*) FROM credit_entries").await), (1, 0));
        let mail = app.mail(OLIVIA).await;
        assert!(mail["text"].as_str().unwrap().contains("$19") && mail["links"][0].as_str().unwrap().contains("/org-dashboard/billing"), "{mail}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'payment.failed'").await, 1);
        app.buy(&olivia, pack()).await;
        assert_eq!(app.db.number(BALANCE).await, 1_500, "and by card it is bought after all");
        prove(&app).await;
    }

    async fn a_plan_begins_when_its_first_money_has_come(app: App) {
        let (olivia, back) = waiting(&app, pro(), GOOD).await;
        app.hears_it_all_again().await;
        app.advance(2 * DAY).await;
        app.digested().await;
        assert_eq!((app.db.number(LIVE).await, app.db.number(BALANCE).await), (0, 0), "nothing before");
        assert!(olivia.get("/org-dashboard/billing").await.body.contains("No plan yet"));
        app.advance(2 * DAY + MINUTE).await;
        app.settles(LIVE, 1).await;
        app.settles(BALANCE, 2_500).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries").await, 1);
        assert_eq!(app.db.text("SELECT status FROM subscriptions").await, "active");
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 10);
        assert!(olivia.get(&back).await.body.contains("Payment received"));
        prove(&app).await;
    }

    async fn a_plan_whose_money_never_comes_does_not_begin(app: App) {
        let (olivia, _) = waiting(&app, pro(), EMPTY).await;
        app.advance(4 * DAY + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'incomplete_expired'", 1).await;
        app.settles(MISSED, 1).await;
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(LIVE).await, app.db.number(MISSED).await), (0, 1));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries").await, 0);
        assert_eq!(app.db.text("SELECT status FROM payments").await, "failed");
        app.buy(&olivia, pro()).await;
        assert_eq!((app.db.number(LIVE).await, app.db.number(BALANCE).await), (1, 2_500));
        prove(&app).await;
    }

    async fn a_plan_that_was_paid_by_card_meanwhile_is_paid_once(app: App) {
        let (olivia, _) = waiting(&app, pro(), GOOD).await;
        app.buy(&olivia, pro()).await;
        assert_eq!((app.db.number(LIVE).await, app.db.number(BALANCE).await), (1, 2_500));
        app.advance(4 * DAY + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM surpluses WHERE state = 'done'", 1).await;
        app.settles("SELECT CAST(COALESCE(SUM(refunded), 0) AS BIGINT) FROM payments", 2_900).await;
        app.digested().await;
        let all = app.stripe(Method::GET, "/v1/subscriptions", "").await;
        assert_eq!(all["data"].as_array().unwrap().len(), 1, "{all}");
        assert_eq!(app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await, all["data"][0]["id"].as_str().unwrap());
        assert_eq!(app.db.number(BALANCE).await, 2_500);
        prove(&app).await;
    }
}
