//! The renewal: stopped at once, taken up again, and told to Stripe by somebody else where nobody came back.

use super::{AT_REST, OLIVIA};
use crate::both;
use crate::support::{App, Browser};
use keel_types::time::{DAY, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};

/// Olivia, with a plan of this interval for her workspace.
async fn subscribed(app: &App, interval: &str) -> Browser {
    let olivia = app.buyer(OLIVIA, "pro", interval).await;
    assert_eq!(olivia.get("/checkout").await.status, 200);
    app.buy(&olivia, json!({ "plan": "pro", "interval": interval, "currency": "usd" })).await;
    olivia
}

async fn schedule(app: &App, browser: &Browser) -> u16 {
    let name = app.db.text("SELECT name FROM accounts WHERE kind = 'workspace'").await;
    browser.json("/api/org/schedule-deletion", &json!({ "confirmation": name })).await.status
}

async fn cancel(browser: &Browser) -> u16 {
    browser.json("/api/org/cancel-deletion", &json!({})).await.status
}

/// The only subscription, as Stripe has it.
async fn subscription(app: &App) -> Value {
    app.stripe(Method::GET, "/v1/subscriptions?status=all", "").await["data"][0].clone()
}

async fn ends(app: &App) -> bool {
    subscription(app).await["cancel_at_period_end"].as_bool().unwrap()
}

/// Waits until Stripe has it so.
async fn comes_to_end(app: &App, wanted: bool) {
    for _ in 0..200 {
        if ends(app).await == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the renewal is not as the deletion wants it: {}", subscription(app).await);
}

both! {
    async fn renewal_stops_at_once_and_is_taken_up_again(app: App) {
        let olivia = subscribed(&app, "year").await;
        assert_eq!(schedule(&app, &olivia).await, 200);
        assert!(ends(&app).await, "before the answer");
        app.settles(AT_REST, 0).await;
        app.digested().await;
        assert!(olivia.get("/org-dashboard/billing").await.body.contains("Ends on "));
        assert_eq!(cancel(&olivia).await, 200);
        assert!(!ends(&app).await);
        assert_eq!(subscription(&app).await["metadata"]["deletion_id"], Value::Null);
        app.digested().await;
        assert!(olivia.get("/org-dashboard/billing").await.body.contains("Renews on "));
        assert_eq!(schedule(&app, &olivia).await, 200, "and once more");
        assert!(ends(&app).await);
    }

    async fn what_a_customer_had_ended_stays_ended(app: App) {
        let olivia = subscribed(&app, "year").await;
        let id = subscription(&app).await["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, &format!("/v1/subscriptions/{id}"), "cancel_at_period_end=true").await;
        schedule(&app, &olivia).await;
        assert_eq!(cancel(&olivia).await, 200);
        app.settles(AT_REST, 0).await;
        app.digested().await;
        assert!(ends(&app).await, "nobody but the customer ended it");
    }

    async fn what_stripe_was_not_told_is_told_later(app: App) {
        let olivia = subscribed(&app, "year").await;
        app.trouble(json!({ "path": "/v1/subscriptions", "status": 503, "count": 1_000 })).await;
        assert_eq!(schedule(&app, &olivia).await, 200, "it is scheduled all the same");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM deletions WHERE renewal_open").await, 1);
        app.trouble(Value::Null).await;
        app.advance(MINUTE).await;
        comes_to_end(&app, true).await;
        app.settles(AT_REST, 0).await;
        app.digested().await;

        app.trouble(json!({ "path": "/v1/subscriptions", "status": 503, "count": 1_000 })).await;
        assert_eq!(cancel(&olivia).await, 200);
        app.trouble(Value::Null).await;
        app.advance(2 * MINUTE).await;
        comes_to_end(&app, false).await;
        app.settles(AT_REST, 0).await;
    }

    async fn who_resumes_it_elsewhere_is_overruled_while_it_is_due(app: App) {
        let olivia = subscribed(&app, "year").await;
        schedule(&app, &olivia).await;
        app.settles(AT_REST, 0).await;
        app.digested().await;
        let id = subscription(&app).await["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, &format!("/v1/subscriptions/{id}"), "cancel_at_period_end=false").await;
        comes_to_end(&app, true).await;
        app.settles(AT_REST, 0).await;
        assert_eq!(cancel(&olivia).await, 200);
        assert!(!ends(&app).await);
        // An older stop that reaches Stripe only now is taken back.
        let deletion = app.db.text("SELECT id FROM deletions").await;
        app.digested().await;
        app.settles(AT_REST, 0).await;
        let late = format!("cancel_at_period_end=true&metadata[deletion_id]={deletion}");
        app.stripe(Method::POST, &format!("/v1/subscriptions/{id}"), &late).await;
        comes_to_end(&app, false).await;
    }

    async fn stripe_ends_it_before_the_workspace_ends(app: App) {
        let olivia = subscribed(&app, "year").await;
        schedule(&app, &olivia).await;
        app.settles(AT_REST, 0).await;
        app.trouble(json!({ "path": "/v1/subscriptions", "status": 503, "count": 1_000_000 })).await;
        app.advance(30 * DAY).await;
        app.settles("SELECT COUNT(*) FROM deletions WHERE state = 'closing'", 1).await;
        let olivia = app.sign_in(OLIVIA).await;
        assert_eq!(olivia.get("/org-dashboard").await.status, 200, "nothing is lost while Stripe was not told");
        let answer = olivia.json("/api/org/cancel-deletion", &json!({})).await;
        assert_eq!(answer.problem(), (409, "DELETION_UNDERWAY".to_owned()));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace' AND purging").await, 0);
        app.trouble(Value::Null).await;
        app.advance(2 * MINUTE).await;
        app.settles(super::DONE, 1).await;
        assert_eq!(subscription(&app).await["status"], "canceled");
        assert_eq!(olivia.get("/org-dashboard").await.status, 303);
    }
}
