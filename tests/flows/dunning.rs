//! Renewals that fail: the plan is kept until the deadline, everybody is told once, and the account falls back by the clock.

use super::ledger::prove;
use crate::both;
use crate::support::{App, Browser};
use keel_types::time::{DAY, HOUR, MINUTE};
use reqwest::Method;
use serde_json::json;

const OLIVIA: &str = "olivia@acme.example";
/// It can be saved, and is declined whenever it is charged.
const FAILING_CARD: &str = "4000000000000341";
const LIVE: &str = "SELECT COUNT(*) FROM subscriptions WHERE live";
const SEATS: &str = "SELECT max_members FROM accounts WHERE kind = 'workspace'";
const FAILED: &str = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'A payment for %'";

/// Olivia's trial of Pro has ended, and the first payment failed.
async fn overdue(app: &App) -> Browser {
    let sandbox = Browser::new(app.sandbox.trim_end_matches('/'));
    assert_eq!(sandbox.json("/_sandbox/settings", &json!({ "after_retries": "past_due" })).await.status, 200);
    let olivia = app.buyer(OLIVIA, "pro", "month").await;
    let page = app.order(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
    app.pay(&page, FAILING_CARD).await.location();
    app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'trialing'", 1).await;
    app.digested().await;
    app.advance(14 * DAY + MINUTE).await;
    app.settles("SELECT COUNT(*) FROM subscriptions WHERE status = 'past_due'", 1).await;
    app.digested().await;
    app.sign_in(OLIVIA).await
}

both! {
    async fn an_overdue_plan_is_kept_until_the_deadline_and_ends_by_the_clock(app: App) {
        let olivia = overdue(&app).await;
        let since = app.db.number("SELECT past_due_since FROM subscriptions").await;
        let until = app.db.number("SELECT kept_until FROM subscriptions").await;
        assert_eq!(until, since + 14 * DAY);
        assert_eq!(since, app.db.number("SELECT trial_end FROM subscriptions").await, "since the payment was due");
        assert_eq!((app.db.number(LIVE).await, app.db.number(SEATS).await), (1, 10));
        let page = olivia.get("/org-dashboard").await;
        let date = keel_text::EN.date(keel_types::Instant(until));
        assert!(page.body.contains("banner-warning") && page.body.contains(&date), "{}", page.body);
        assert!(page.body.contains("href=\"/org-dashboard/billing\""), "{}", page.body);
        assert!(olivia.get("/private-dashboard?account=personal").await.body.find("banner-warning").is_none());

        // Nobody has to say anything: the deadline comes by itself.
        app.webhooks("drop").await;
        app.advance(until - app.keel.now().0 - HOUR).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        assert_eq!(app.db.number(LIVE).await, 1);
        // What nobody told is asked for by then, and looked at before the deadline.
        app.settles(&format!("SELECT COUNT(*) FROM marks WHERE name = 'stripe events' AND reached >= {}", until - HOUR), 1).await;
        app.digested().await;
        let workers = app.with_workers(2).await;
        app.advance(HOUR + MINUTE).await;
        app.settles(LIVE, 0).await;
        app.settles(SEATS, 3).await;
        workers.stop().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE '%limits of the free plan%'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'subscription.canceled'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE status = 'past_due'").await, 1, "nothing is deleted");
        let olivia = app.sign_in(OLIVIA).await;
        let page = olivia.get("/org-dashboard").await;
        assert!(page.body.contains("banner-danger") && page.body.contains("has ended"), "{}", page.body);
        app.digested().await;
        assert_eq!(app.db.number(LIVE).await, 0, "a look changes nothing about it");
        prove(&app).await;
    }

    async fn each_failed_try_is_told_once_however_often_stripe_says_it(app: App) {
        overdue(&app).await;
        assert_eq!(app.db.number(FAILED).await, 1);
        app.hears_it_all_again().await;
        assert_eq!(app.db.number(FAILED).await, 1);
        let invoice = app.db.text("SELECT latest_invoice FROM subscriptions").await;
        // One further try, and not the one after it too.
        let known = app.stripe(Method::GET, &format!("/v1/invoices/{invoice}"), "").await;
        let next = known["next_payment_attempt"].as_i64().expect("another try") * 1_000;
        app.advance(next - app.keel.now().0 + MINUTE).await;
        app.settles(FAILED, 2).await;
        app.hears_it_all_again().await;
        assert_eq!(app.db.number(FAILED).await, 2);
        let mail = app.mail(OLIVIA).await;
        assert!(mail["text"].as_str().unwrap().contains("$29") && mail["links"][0].as_str().unwrap().contains("/org-dashboard/billing"), "{mail}");
    }

    async fn what_is_paid_after_all_goes_on_as_it_was(app: App) {
        overdue(&app).await;
        app.advance(15 * DAY).await;
        app.settles(LIVE, 0).await;
        app.digested().await;
        let customer = app.db.text("SELECT customer_id FROM stripe_customers").await;
        let method = app.stripe(Method::POST, "/v1/payment_methods/pm_card_visa/attach", &format!("customer={customer}")).await;
        let invoice = app.db.text("SELECT latest_invoice FROM subscriptions").await;
        let form = format!("payment_method={}", method["id"].as_str().unwrap());
        app.stripe(Method::POST, &format!("/v1/invoices/{invoice}/pay"), &form).await;
        app.settles(LIVE, 1).await;
        app.digested().await;
        assert_eq!(app.db.number(SEATS).await, 10);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kept_until IS NOT NULL").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'").await, 1);
        let olivia = app.sign_in(OLIVIA).await;
        assert!(!olivia.get("/org-dashboard").await.body.contains("class=\"banner"));
        prove(&app).await;
    }

    async fn who_pays_is_told_of_the_trials_end_once(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd", "start": "trial" })).await;
        let told = "SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'The trial of %'";
        assert_eq!(app.db.number(told).await, 0);
        app.advance(11 * DAY + MINUTE).await;
        app.settles(told, 1).await;
        app.hears_it_all_again().await;
        assert_eq!(app.db.number(told).await, 1);
        assert!(app.mail(OLIVIA).await["text"].as_str().unwrap().contains("$290"));
    }

    async fn unpaid_and_ended_fall_back_to_free(app: App) {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        app.buy(&olivia, json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 20 })).await;
        assert_eq!(app.db.number(SEATS).await, 20);
        let credits = app.db.number("SELECT balance FROM credit_balances").await;
        let subscription = app.db.text("SELECT stripe_id FROM subscriptions").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{subscription}"), "").await;
        app.settles(LIVE, 0).await;
        app.settles(SEATS, 3).await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, credits, "nothing is deleted");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 1, "and no row of Free is made");
    }
}
