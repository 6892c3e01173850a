//! From the pricing page to a paid workspace.

use crate::both;
use serde_json::json;

both! {
    async fn a_visitor_becomes_a_customer_with_a_plan(app: App) {
        let browser = app.browser();
        browser.form("/api/billing/choose", &[("plan", "pro"), ("interval", "year")]).await.leads_to("/signup?redirectTo=/checkout");
        assert_eq!(app.sign_in_with(&browser, "olivia@acme.example").await, "/checkout");
        let checkout = browser.get("/checkout").await;
        assert!(checkout.status == 200 && checkout.body.contains("Pro"), "{}", checkout.body);
        let answer = browser.json("/api/billing/checkout", &json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        let page = answer.json()["next"].as_str().expect("a payment page").to_owned();
        let paid = app.pay(&page, "4242424242424242").await;
        let back = paid.location().strip_prefix(&app.base).expect("back to us").to_owned();
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND status = 'active'", 1).await;
        app.digested().await;
        let success = browser.get(&back).await;
        assert!(success.status == 200 && success.body.contains("Payment received"), "{}", success.body);
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries").await, 1);
        assert_eq!(app.db.number("SELECT amount FROM payments WHERE status = 'paid'").await, 29_000);
    }
}
