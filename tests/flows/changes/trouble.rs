//! Cards that fail, a payment provider that does not answer, and wishes nobody came back to.

use super::{
    CANCEL, CHANGE, END_TRIAL, PAGE, RESUME, audited, business, changes_asked, charged, plan, pro, put_card, subscribed, subscription,
};
use crate::both;
use keel_types::time::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};

const OPEN: &str = "SELECT COUNT(*) FROM plan_changes WHERE state = 'open'";

fn five_seats() -> Value {
    json!({ "plan": "business", "interval": "month", "seats": 5 })
}

both! {
    async fn a_card_that_fails_leaves_the_plan_as_it_is(app: App) {
        let olivia = subscribed(&app, pro()).await;
        put_card(&app, "pm_card_chargeCustomerFail").await;
        let page = olivia.get("/billing/change?plan=business&interval=month&seats=5").await;
        let form = page.form_to(CHANGE);
        let refused = olivia.form(&form.action, &form.filled(&[])).await;
        assert!(refused.status == 402 && refused.body.contains("The card was declined") && refused.body.contains("Confirm change"), "{}", refused.body);
        assert_eq!((plan(&app).await, charged(&app).await), (("pro".to_owned(), 1), vec![2_900]));
        assert_eq!(olivia.json(CHANGE, &five_seats()).await.problem(), (402, "PAYMENT_DECLINED".to_owned()));
        assert_eq!((audited(&app, "subscription.changed").await, app.db.number(OPEN).await), (0, 0));
        assert!(olivia.get(PAGE).await.body.contains("Active"), "and it is not past due");
        put_card(&app, "pm_card_visa").await;
        assert_eq!(olivia.json(CHANGE, &five_seats()).await.status, 200, "another card, the same wish");
        assert_eq!((plan(&app).await, charged(&app).await.len()), (("business".to_owned(), 5), 2));
    }

    async fn a_card_that_fails_leaves_what_was_to_come_as_it_was(app: App) {
        let olivia = subscribed(&app, business(5)).await;
        let fewer = json!({ "plan": "business", "interval": "month", "seats": 2 });
        assert_eq!(olivia.json(CHANGE, &fewer).await.status, 200);
        put_card(&app, "pm_card_chargeCustomerFail").await;
        let more = json!({ "plan": "business", "interval": "month", "seats": 9 });
        for _ in 0..2 {
            assert_eq!(olivia.json(CHANGE, &more).await.problem(), (402, "PAYMENT_DECLINED".to_owned()));
            assert!(olivia.get(PAGE).await.body.contains("this becomes Business with 2 seats"), "before anybody is answered");
        }
        assert_eq!((plan(&app).await, charged(&app).await), (("business".to_owned(), 5), vec![12_000]));
        put_card(&app, "pm_card_visa").await;
        let ends = app.db.number("SELECT period_end FROM subscriptions WHERE live").await;
        app.advance(ends - app.keel.now().0 + MINUTE).await;
        app.settles("SELECT seats FROM subscriptions WHERE live", 2).await;
        app.digested().await;
        assert_eq!((plan(&app).await, charged(&app).await), (("business".to_owned(), 2), vec![12_000, 4_800]));
    }

    async fn a_price_that_cannot_be_had_leaves_what_was_to_come_as_it_was(app: App) {
        let olivia = subscribed(&app, business(5)).await;
        assert_eq!(olivia.json(CHANGE, &json!({ "plan": "business", "interval": "month", "seats": 2 })).await.status, 200);
        app.trouble(json!({ "path": "/v1/prices", "status": 400, "count": 1_000 })).await;
        let year = json!({ "plan": "business", "interval": "year", "seats": 5 });
        assert_ne!(olivia.json(CHANGE, &year).await.status, 200);
        app.trouble(Value::Null).await;
        assert!(subscription(&app).await["schedule"].is_string(), "it is still to come at Stripe");
        assert!(olivia.get(PAGE).await.body.contains("this becomes Business with 2 seats"));
    }

    async fn a_change_to_a_price_archived_at_stripe_takes_the_one_in_its_place(app: App) {
        let eve = app.buyer("eve@evil.example", "business", "year").await;
        app.buy(&eve, json!({ "plan": "business", "interval": "year", "currency": "usd", "seats": 2 })).await;
        let archived = app.db.text("SELECT price_id FROM stripe_prices").await;
        app.stripe(Method::POST, &format!("/v1/prices/{archived}"), "active=false").await;
        let olivia = subscribed(&app, business(5)).await;
        let year = "/billing/change?plan=business&interval=year&seats=5";
        assert_eq!(olivia.get(year).await.status, 200);
        assert_eq!(olivia.json(CHANGE, &json!({ "plan": "business", "interval": "year", "seats": 5 })).await.status, 200);
        app.digested().await;
        let yearly = "FROM subscriptions WHERE live AND plan = 'business' AND period = 'year'";
        assert_eq!(app.db.number(&format!("SELECT COUNT(DISTINCT stripe_price_id) {yearly}")).await, 2);
    }

    async fn a_card_that_fails_leaves_the_trial_as_it_is(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        put_card(&app, "pm_card_chargeCustomerFail").await;
        assert_eq!(olivia.json(END_TRIAL, &json!({})).await.problem(), (402, "PAYMENT_DECLINED".to_owned()));
        assert_eq!((subscription(&app).await["status"].as_str(), charged(&app).await), (Some("trialing"), vec![]));
        assert!(olivia.get(PAGE).await.body.contains("Trial until "));
        put_card(&app, "pm_card_visa").await;
        assert_eq!(olivia.json(END_TRIAL, &json!({})).await.status, 200);
        assert_eq!(charged(&app).await, [2_900]);
    }

    async fn what_was_done_without_an_answer_is_not_done_twice(app: App) {
        let olivia = subscribed(&app, pro()).await;
        let lost = json!({ "path": "/v1/subscriptions", "method": "POST", "count": 3, "after_commit": true, "hang_up": true });
        app.trouble(lost).await;
        assert_eq!(olivia.json(CHANGE, &five_seats()).await.status, 503);
        app.trouble(Value::Null).await;
        app.digested().await;
        assert_eq!(olivia.json(CHANGE, &five_seats()).await.status, 200);
        assert_eq!((plan(&app).await, charged(&app).await.len()), (("business".to_owned(), 5), 2));
    }

    async fn a_trial_that_was_ended_tells_no_price_where_its_invoice_is_not_known(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        app.webhooks("drop").await;
        app.trouble(json!({ "path": "/v1/invoices", "method": "GET", "status": 503, "count": 1_000 })).await;
        assert_eq!(olivia.json(END_TRIAL, &json!({})).await.status, 200);
        app.trouble(Value::Null).await;
        let mail = app.mail(super::OLIVIA).await;
        let told = mail["text"].as_str().unwrap();
        assert!(told.contains("What was charged stands on the invoice") && !told.contains('$'), "{mail}");
    }

    async fn a_trial_that_was_ended_without_an_answer_is_not_ended_again_under_another_key(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        app.webhooks("drop").await;
        let lost = json!({ "path": "/v1/subscriptions", "method": "POST", "count": 3, "after_commit": true, "hang_up": true });
        app.trouble(lost).await;
        assert_eq!(olivia.json(END_TRIAL, &json!({})).await.status, 503);
        app.trouble(Value::Null).await;
        // As if the worker had given the wish up, and its look were still to come.
        app.db.run("UPDATE plan_changes SET state = 'left'").await;
        changes_asked(&app).await;
        assert_eq!(olivia.json(END_TRIAL, &json!({})).await.status, 200);
        assert_eq!((changes_asked(&app).await, charged(&app).await), (0, vec![2_900]));
        assert_eq!(app.db.text("SELECT status FROM subscriptions WHERE live").await, "active");
    }

    async fn who_hangs_up_has_changed_the_plan_and_it_is_written_down(app: App) {
        let olivia = subscribed(&app, pro()).await;
        app.trouble(json!({ "path": "/v1/subscriptions", "method": "POST", "delay_ms": 3_000, "count": 1 })).await;
        let asks = tokio::spawn(async move { olivia.json(CANCEL, &json!({})).await });
        // Stripe is being asked from then on, however fast the machine is.
        app.settles(OPEN, 1).await;
        asks.abort();
        assert!(asks.await.is_err(), "nobody waited for the answer");
        app.settles("SELECT COUNT(*) FROM plan_changes WHERE state = 'done'", 1).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live AND cancel_at_period_end").await, 1);
        assert_eq!((audited(&app, "subscription.canceled").await, app.db.number(OPEN).await), (1, 0));
    }

    async fn while_nobody_knows_what_became_of_a_wish_there_is_no_other(app: App) {
        let olivia = subscribed(&app, business(2)).await;
        app.trouble(json!({ "path": "/v1/subscriptions", "status": 503, "count": 1_000 })).await;
        assert_eq!(olivia.json(CANCEL, &json!({})).await.status, 503);
        app.trouble(Value::Null).await;
        assert_eq!(app.db.number(OPEN).await, 1);
        assert_eq!(olivia.json(CHANGE, &five_seats()).await.problem(), (409, "CHANGE_UNDERWAY".to_owned()));
        app.advance(2 * MINUTE).await;
        app.settles(OPEN, 0).await;
        app.digested().await;
        assert_eq!(olivia.json(CHANGE, &five_seats()).await.status, 200);
        assert_eq!(olivia.json(RESUME, &json!({})).await.status, 200, "nothing was to end");
        assert_eq!(plan(&app).await, ("business".to_owned(), 5));
    }

    async fn what_it_would_cost_waits_for_an_answer_and_says_so(app: App) {
        let olivia = subscribed(&app, pro()).await;
        app.trouble(json!({ "path": "/v1/invoices/create_preview", "status": 503, "count": 1_000 })).await;
        let page = olivia.get("/billing/change?plan=business&interval=month&seats=5").await;
        assert!(page.status == 200 && page.body.contains("We cannot do this right now") && !page.body.contains("Confirm change"), "{}", page.body);
    }
}
