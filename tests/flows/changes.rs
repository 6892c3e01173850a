//! What an owner changes about the plan that is paid, and what Stripe has then.

mod asking;
mod plans;
mod races;
mod trouble;

use crate::both;
use crate::support::{App, Browser};
use keel_types::Instant;
use keel_types::time::DAY;
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const PAGE: &str = "/org-dashboard/billing";

const CANCEL: &str = "/api/billing/cancel-plan";
const RESUME: &str = "/api/billing/resume-plan";
const KEEP: &str = "/api/billing/keep-plan";
const END_TRIAL: &str = "/api/billing/end-trial";
const CHANGE: &str = "/api/billing/change-plan";
const PORTAL: &str = "/api/billing/portal";
const SYNC: &str = "/api/billing/sync";

/// Olivia, whose workspace has a plan.
async fn subscribed(app: &App, order: Value) -> Browser {
    let olivia = app.buyer(OLIVIA, order["plan"].as_str().unwrap(), "month").await;
    assert_eq!(olivia.get("/checkout").await.status, 200);
    app.buy(&olivia, order).await;
    app.digested().await;
    olivia
}

fn pro() -> Value {
    json!({ "plan": "pro", "interval": "month", "currency": "usd" })
}

fn business(seats: i64) -> Value {
    json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": seats })
}

/// The only subscription, as Stripe has it.
async fn subscription(app: &App) -> Value {
    app.stripe(Method::GET, "/v1/subscriptions?status=all", "").await["data"][0].clone()
}

/// Plan and seats, as the mirror has them and as Stripe has.
async fn plan(app: &App) -> (String, i64) {
    let theirs = subscription(app).await["items"]["data"][0].clone();
    let key = theirs["price"]["lookup_key"].as_str().unwrap().to_owned();
    let ours = app.db.text("SELECT plan FROM subscriptions WHERE live").await;
    let seats = app.db.number("SELECT seats FROM subscriptions WHERE live").await;
    assert!(key.starts_with(&format!("keel_{ours}_")) && theirs["quantity"] == seats, "{ours} {seats}, and at Stripe {theirs}");
    (ours, seats)
}

/// What was charged, in minor units, in the order of it.
async fn charged(app: &App) -> Vec<i64> {
    let all = app.stripe(Method::GET, "/v1/invoices?limit=100", "").await;
    let mut paid: Vec<i64> = all["data"].as_array().unwrap().iter().map(|invoice| invoice["amount_paid"].as_i64().unwrap()).collect();
    paid.reverse();
    paid.retain(|amount| *amount != 0);
    paid
}

/// Gives the customer another card, by Stripe's name for it.
async fn put_card(app: &App, name: &str) {
    let subscription = subscription(app).await;
    let (id, customer) = (subscription["id"].as_str().unwrap(), subscription["customer"].as_str().unwrap());
    let card = app.stripe(Method::POST, &format!("/v1/payment_methods/{name}/attach"), &format!("customer={customer}")).await;
    let card = card["id"].as_str().unwrap();
    app.stripe(Method::POST, &format!("/v1/subscriptions/{id}"), &format!("default_payment_method={card}")).await;
    app.digested().await;
}

/// How often Stripe was asked to change something since the last time this was called.
async fn changes_asked(app: &App) -> usize {
    let is_change = |call: &&Value| call["method"] == "POST" && call["path"].as_str().is_some_and(|path| path.contains("/subscription"));
    app.stripe_calls().await.iter().filter(is_change).count()
}

async fn audited(app: &App, action: &str) -> i64 {
    app.db.number(&format!("SELECT COUNT(*) FROM audit_events WHERE action = '{action}' AND actor_name = '{OLIVIA}'")).await
}

both! {
    async fn a_plan_ends_with_its_period_and_goes_on_again(app: App) {
        let olivia = subscribed(&app, pro()).await;
        let ends = keel_text::EN.date(Instant(app.db.number("SELECT period_end FROM subscriptions WHERE live").await));
        let page = olivia.get(PAGE).await;
        let form = page.form_to(CANCEL);
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        assert_eq!(subscription(&app).await["cancel_at_period_end"], true);
        let page = olivia.get(PAGE).await;
        assert!(page.body.contains(&format!("Ends on {ends}")) && page.body.contains("The plan is cancelled."), "{}", page.body);
        assert!(page.body.contains("Resume plan") && !page.body.contains(CANCEL), "{}", page.body);
        let mail = app.mail(OLIVIA).await;
        assert!(mail["subject"].as_str().unwrap().contains(&format!("Pro ends on {ends}")), "{mail}");
        assert_eq!(audited(&app, "subscription.canceled").await, 1);

        changes_asked(&app).await;
        assert_eq!(olivia.json(CANCEL, &json!({})).await.status, 200, "again it is so already");
        assert_eq!((changes_asked(&app).await, audited(&app, "subscription.canceled").await), (0, 1));

        assert_eq!(olivia.json(RESUME, &json!({})).await.status, 200);
        assert_eq!(subscription(&app).await["cancel_at_period_end"], false);
        assert!(olivia.get(PAGE).await.body.contains(&format!("Renews on {ends}")));
        assert_eq!(olivia.json(RESUME, &json!({})).await.status, 200);
        assert_eq!((audited(&app, "subscription.resumed").await, charged(&app).await), (1, vec![2_900]));
        assert!(app.mail(OLIVIA).await["subject"].as_str().unwrap().contains("Pro goes on"));
    }

    async fn an_end_that_was_set_in_the_portal_is_taken_back_too(app: App) {
        let olivia = subscribed(&app, pro()).await;
        let (known, end) = (subscription(&app).await, app.db.number("SELECT period_end FROM subscriptions WHERE live").await);
        app.stripe(Method::POST, &format!("/v1/subscriptions/{}", known["id"].as_str().unwrap()), &format!("cancel_at={}", end / 1_000)).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND cancel_at IS NOT NULL", 1).await;
        app.digested().await;
        assert!(olivia.get(PAGE).await.body.contains("Ends on "));
        assert_eq!(olivia.json(RESUME, &json!({})).await.status, 200);
        assert_eq!(subscription(&app).await["cancel_at"], Value::Null);
        assert!(olivia.get(PAGE).await.body.contains("Renews on "));
    }

    async fn a_trial_ends_when_its_owner_has_seen_the_amount(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        let billing = olivia.get(PAGE).await;
        assert!(billing.body.contains("href=\"/billing/end-trial\""), "{}", billing.body);
        let page = olivia.get("/billing/end-trial").await;
        assert!(page.status == 200 && page.body.contains("charged $29 now"), "{}", page.body);
        let form = page.form_to(END_TRIAL);
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        assert_eq!((subscription(&app).await["status"].as_str(), charged(&app).await), (Some("active"), vec![2_900]));
        assert!(olivia.get(PAGE).await.body.contains("Renews on "));
        let mail = app.mail(OLIVIA).await;
        let told = mail["text"].as_str().unwrap();
        assert!(mail["subject"].as_str().unwrap().contains("The trial of") && told.contains("$29 was charged"), "{mail}");
        assert_eq!(olivia.json(END_TRIAL, &json!({})).await.status, 200, "it is over already");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM mail_outbox WHERE subject LIKE 'The trial of % is over'").await, 1, "told once");
        assert_eq!((charged(&app).await, audited(&app, "subscription.trial_ended").await), (vec![2_900], 1));
        olivia.get("/billing/end-trial").await.leads_to(PAGE);
        app.digested().await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription' AND amount = 2500", 1).await;
        app.assert_sound_ledger().await;
    }

    async fn what_a_trial_was_that_ended_early_grants_nothing_when_it_is_heard_again(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "trial" })).await;
        app.advance(3 * DAY).await;
        assert_eq!(olivia.json(END_TRIAL, &json!({})).await.status, 200);
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'", 1).await;
        app.digested().await;
        app.hears_it_all_again().await;
        let granted = app.db.text("SELECT COUNT(*) || ' of ' || SUM(amount) FROM credit_entries WHERE amount > 0").await;
        assert_eq!(granted, "2 of 5000", "the trial and the first month, and no month that began with the trial");
        app.assert_sound_ledger().await;
    }

    async fn who_paid_is_led_to_the_portal(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        olivia.get("/checkout").await;
        for path in [PORTAL, SYNC, CANCEL, RESUME, KEEP, END_TRIAL] {
            assert_eq!(olivia.json(path, &json!({})).await.problem(), (409, "NOT_SUBSCRIBED".to_owned()), "{path}");
        }
        app.buy(&olivia, pro()).await;
        for flow in ["", "cards"] {
            let answer = olivia.json(PORTAL, &json!({ "flow": flow })).await;
            let next = answer.json()["next"].as_str().unwrap().to_owned();
            assert!(answer.status == 200 && next.starts_with("http://localhost:"), "{}", answer.body);
        }
        assert_eq!(olivia.json(PORTAL, &json!({ "flow": "elsewhere" })).await.problem(), (422, "INVALID".to_owned()));
        let asked = app.stripe_calls().await;
        assert!(asked.iter().any(|call| call["path"] == "/v1/billing_portal/sessions"), "{asked:?}");
    }

    async fn what_was_lost_is_found_by_looking(app: App) {
        let olivia = subscribed(&app, pro()).await;
        app.webhooks("drop").await;
        let known = subscription(&app).await;
        app.stripe(Method::POST, &format!("/v1/subscriptions/{}", known["id"].as_str().unwrap()), "cancel_at_period_end=true").await;
        assert!(olivia.get(PAGE).await.body.contains("Renews on "), "nobody has told");
        let page = olivia.get(PAGE).await;
        let form = page.form_to(SYNC);
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        assert!(olivia.get(PAGE).await.body.contains("Ends on "));
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{}", known["id"].as_str().unwrap()), "").await;
        assert_eq!(olivia.json(SYNC, &json!({})).await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live").await, 0);
    }

    async fn a_plan_that_ended_leaves_the_page_to_what_is_free(app: App) {
        let olivia = subscribed(&app, pro()).await;
        assert_eq!(olivia.json(CANCEL, &json!({})).await.status, 200);
        app.advance(32 * DAY).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        app.digested().await;
        let olivia = app.sign_in(OLIVIA).await;
        let page = olivia.get(PAGE).await;
        assert!(page.body.contains("No plan yet") && page.body.contains(PORTAL), "{}", page.body);
        assert_eq!(olivia.json(RESUME, &json!({})).await.problem(), (409, "NOT_SUBSCRIBED".to_owned()));
    }
}
