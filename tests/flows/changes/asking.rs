//! How often Stripe is asked for an account.

use super::{CANCEL, PAGE, PORTAL, SYNC, business, subscribed};
use crate::both;
use crate::support::together;
use keel_types::time::MINUTE;
use serde_json::json;

const PREVIEW: &str = "/billing/change?plan=business&interval=month&seats=5";

both! {
    async fn stripe_is_asked_thirty_times_a_minute_for_an_account(app: App) {
        let olivia = subscribed(&app, business(2)).await;
        let statuses = together((0..50).map(|number| {
            let olivia = olivia.copy();
            async move {
                match number % 3 {
                    0 => olivia.json(PORTAL, &json!({})).await.status,
                    1 => olivia.get(PREVIEW).await.status,
                    _ => olivia.json(SYNC, &json!({})).await.status,
                }
            }
        }))
        .await;
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((count(200), count(429)), (30, 20), "{statuses:?}");
        app.digested().await;
        app.stripe_calls().await;

        let page = olivia.get(PAGE).await;
        let form = page.form_to(SYNC);
        let refused = olivia.form(&form.action, &form.filled(&[])).await;
        let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(refused.status == 429 && (1..=60).contains(&wait), "{} {wait}", refused.status);
        assert!(refused.body.contains("There is a problem") && refused.body.contains("<h1>Billing</h1>"), "the page is kept: {}", refused.body);
        let preview = olivia.get(PREVIEW).await;
        assert!(preview.status == 429 && preview.headers.contains_key("retry-after"), "{}", preview.status);
        assert!(preview.body.contains("value=\"5\"") && !preview.body.contains("Confirm change"), "the choice is kept: {}", preview.body);
        assert_eq!(olivia.json(SYNC, &json!({})).await.problem(), (429, "TOO_MANY".to_owned()));
        assert_eq!(app.stripe_calls().await.len(), 0, "who is refused asks nobody");

        let eve = app.buyer("eve@evil.example", "pro", "month").await;
        app.buy(&eve, super::pro()).await;
        assert_eq!(eve.json(SYNC, &json!({})).await.status, 200, "others go on");
        app.advance(MINUTE).await;
        assert_eq!(olivia.json(SYNC, &json!({})).await.status, 200);
        assert!(olivia.get(PREVIEW).await.body.contains("Confirm change"));
    }

    async fn whatever_asks_stripe_shares_the_thirty(app: App) {
        let olivia = subscribed(&app, business(2)).await;
        let name = app.db.text("SELECT name FROM accounts WHERE kind = 'workspace'").await;
        let schedule = json!({ "confirmation": name });
        while olivia.json(SYNC, &json!({})).await.status == 200 {}
        app.digested().await;
        app.stripe_calls().await;
        assert_eq!(olivia.json(CANCEL, &json!({})).await.problem(), (429, "TOO_MANY".to_owned()));
        assert_eq!(olivia.json("/api/org/schedule-deletion", &schedule).await.problem(), (429, "TOO_MANY".to_owned()));
        let company = json!({ "company_name": "Acme Inc." });
        assert_eq!(olivia.json("/api/billing/update-company", &company).await.status, 200, "it is kept, and told later");
        assert_eq!(app.stripe_calls().await.len(), 0, "who is refused asks nobody");
        let undone = [("deletions", "due_at > 0"), ("plan_changes", "TRUE"), ("accounts", "deletion_due_at IS NOT NULL")];
        for (table, rows) in undone {
            assert_eq!(app.db.number(&format!("SELECT COUNT(*) FROM {table} WHERE {rows}")).await, 0, "{table}");
        }
        app.advance(MINUTE).await;
        assert_eq!(olivia.json(CANCEL, &json!({})).await.status, 200);
        assert_eq!(olivia.json("/api/org/schedule-deletion", &schedule).await.status, 200);
        app.settles("SELECT COUNT(*) FROM stripe_customers WHERE wanted > told", 0).await;
        let customers = app.stripe(reqwest::Method::GET, "/v1/customers?limit=1", "").await;
        assert_eq!(customers["data"][0]["name"], "Acme Inc.");
    }
}
