//! The same instant, and crashes: a workspace is wholly alive or wholly gone.

use super::{AT_REST, OLIVIA, audited, mailed, schedule};
use crate::both;
use crate::support::{App, Cast, scaled, together};
use keel_types::time::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Trials of a cancellation against the end.
const TRIALS: (usize, usize) = (20, 200);

/// Somebody with a paid workspace whose deletion is scheduled, and what it is called.
async fn leaving(app: &App, email: &str) -> (crate::support::Browser, String) {
    let browser = app.buyer(email, "pro", "year").await;
    assert_eq!(browser.get("/checkout").await.status, 200);
    app.buy(&browser, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
    let account = app.account(email, "workspace").await;
    let name = app.db.text(&format!("SELECT name FROM accounts WHERE id = '{account}'")).await;
    assert_eq!(browser.json("/api/org/schedule-deletion", &json!({ "confirmation": name })).await.status, 200);
    app.settles(AT_REST, 0).await;
    app.digested().await;
    (browser, account)
}

async fn subscription(app: &App, account: &str) -> Value {
    let id = app.db.text(&format!("SELECT customer_id FROM stripe_customers WHERE account_id = '{account}'")).await;
    app.stripe(Method::GET, &format!("/v1/subscriptions?status=all&customer={id}"), "").await["data"][0].clone()
}

/// Waits until the renewal is stopped, or not.
async fn becomes(app: &App, account: &str, stopped: bool) {
    let started = Instant::now();
    while subscription(app, account).await["cancel_at_period_end"] != stopped {
        assert!(started.elapsed() < Duration::from_secs(20), "stopped: {stopped}, but {}", subscription(app, account).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Another instance works, and ends in the middle of it after so long.
async fn crashes(app: &App, after: Duration) {
    let another = app.another().await;
    let _ = tokio::time::timeout(after, async {
        loop {
            let _ = another.work().await;
        }
    })
    .await;
    another.close().await;
}

both! {
    async fn a_cancellation_against_the_end_leaves_it_wholly_alive_or_wholly_gone(app: App) {
        let (mut alive, mut gone) = (0, 0);
        // How far ahead the end is, in milliseconds: nearer when it came too late, farther when it came too early, so that a race it
        // is on every machine.
        let mut ahead = 40;
        for trial in 0..scaled(TRIALS.0, TRIALS.1) {
            let email = format!("owner{trial}@acme.example");
            let (browser, account) = leaving(&app, &email).await;
            let customer = app.db.text(&format!("SELECT customer_id FROM stripe_customers WHERE account_id = '{account}'")).await;
            // The end comes within the next moments.
            let due = app.keel.now().plus(ahead + 10 * i64::try_from(trial % 5).unwrap()).0;
            app.db.run(&format!("UPDATE deletions SET due_at = {due}, next_at = {due} WHERE account_id = '{account}'")).await;
            let wait = Duration::from_millis(u64::try_from(15 * (trial % 7)).unwrap());
            let (canceled, ()) = tokio::join!(
                async {
                    tokio::time::sleep(wait).await;
                    browser.json("/api/org/cancel-deletion", &json!({ "account": account })).await.status
                },
                crashes(&app, Duration::from_millis(30 + 17 * (u64::try_from(trial).unwrap() % 6)))
            );
            // Leases of whoever crashed run out, and somebody goes on.
            app.advance(3 * MINUTE).await;
            app.settles(&format!("SELECT COUNT(*) FROM deletions WHERE account_id = '{account}' AND (next_at IS NOT NULL OR renewal_open OR notice IS NOT NULL)"), 0).await;
            app.digested().await;
            let state = app.db.text(&format!("SELECT state FROM deletions WHERE account_id = '{account}'")).await;
            let seen = format!("trial {trial}: canceled with {canceled}, {state}");
            let here = app.db.number(&format!("SELECT COUNT(*) FROM accounts WHERE id = '{account}' AND NOT purging AND deletion_due_at IS NULL")).await;
            let people = app.db.number(&format!("SELECT COUNT(*) FROM memberships WHERE account_id = '{account}'")).await;
            let listed = app.stripe(Method::GET, &format!("/v1/subscriptions?status=all&customer={customer}"), "").await;
            let paid = &listed["data"][0];
            if state == "canceled" {
                alive += 1;
                ahead = (ahead / 2).max(10);
                assert_eq!((canceled, here, people), (200, 1, 1), "{seen}");
                assert_eq!((paid["status"].as_str(), paid["cancel_at_period_end"].as_bool()), (Some("active"), Some(false)), "{seen}");
                assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM subscriptions WHERE account_id = '{account}' AND live")).await, 1, "{seen}");
            } else {
                gone += 1;
                ahead = (ahead * 2).min(5_000);
                assert_eq!((state.as_str(), here, people), ("done", 0, 0), "{seen}");
                assert!([404, 409].contains(&canceled), "{seen}");
                assert_eq!(paid["status"], "canceled", "{seen}");
                let told = format!("SELECT COUNT(*) FROM mail_outbox WHERE recipient = '{email}' AND subject LIKE '% was deleted'");
                assert_eq!(app.db.number(&told).await, 1, "{seen}");
            }
        }
        println!("{alive} stayed, {gone} went");
        assert!(alive > 0 && gone > 0, "{alive} stayed, {gone} went: nothing was raced");
    }

    async fn scheduled_and_canceled_by_many_at_once_it_is_one_of_the_two(app: App) {
        let (browser, account) = leaving(&app, OLIVIA).await;
        let name = app.db.text(&format!("SELECT name FROM accounts WHERE id = '{account}'")).await;
        for _ in 0..scaled(3, 30) {
            let calls = (0..10).map(|number| {
                let (browser, name) = (browser.copy(), name.clone());
                async move {
                    let (path, asked) = if number % 2 == 0 { ("cancel", json!({})) } else { ("schedule", json!({ "confirmation": name })) };
                    browser.json(&format!("/api/org/{path}-deletion"), &asked).await.status
                }
            });
            let statuses = together(calls.collect::<Vec<_>>()).await;
            assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
            app.advance(3 * MINUTE).await;
            app.settles(AT_REST, 0).await;
            app.digested().await;
            app.settles(AT_REST, 0).await;
            let due = app.db.number(&format!("SELECT COUNT(*) FROM accounts WHERE id = '{account}' AND deletion_due_at IS NOT NULL")).await;
            assert_eq!(app.db.number("SELECT COUNT(*) FROM deletions WHERE state = 'due'").await, due);
            becomes(&app, &account, due == 1).await;
            // The clock went on; who they are is proven again.
            app.db.run(&format!("UPDATE user_sessions SET proven_at = {}", app.keel.now().0)).await;
        }
    }

    async fn scheduled_twenty_times_at_once_it_is_one_and_everybody_is_told_once(app: App) {
        let cast = Cast::gather(&app).await;
        let calls = (0..20).map(|_| cast.olivia.copy()).map(|browser| async move { schedule(&browser).await.status });
        let statuses = together(calls.collect::<Vec<_>>()).await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        let workers = app.with_workers(2).await;
        app.settles(AT_REST, 0).await;
        workers.stop().await;
        assert_eq!((app.db.number("SELECT COUNT(*) FROM deletions").await, audited(&app, "deletion.scheduled").await), (1, 1));
        assert_eq!(mailed(&app, "Acme will be deleted on %").await, (5, 5));
    }
}
