//! Money that does not stay: refunds in part and in whole, disputes lost and won, each with all its events, and what was spent before.

use super::ledger::prove;
use crate::both;
use crate::support::{App, Browser, GOOD_CARD, together};
use keel_types::time::{DAY, HOUR, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const BALANCE: &str = "SELECT balance FROM credit_balances";
const HELD: &str = "SELECT held FROM credit_balances";
const OWED: &str = "SELECT CAST(COALESCE(SUM(remaining), 0) AS BIGINT) FROM credit_debts";

/// Disputed shortly after it is charged.
const DISPUTED_CARD: &str = "4000000000000259";
/// Its bank sends refunds back, a day later.
const RETURNING_CARD: &str = "4000000000005126";

/// Olivia has bought a month of Pro: 2,500 credits for $29. Gives her browser and the charge.
async fn bought(app: &App) -> (Browser, Value) {
    bought_with(app, GOOD_CARD).await
}

async fn bought_with(app: &App, card: &str) -> (Browser, Value) {
    let olivia = app.buyer(OLIVIA, "pro", "month").await;
    let page = app.order(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "pay" })).await;
    app.pay(&page, card).await.location();
    app.settles("SELECT COUNT(*) FROM credit_entries", 1).await;
    app.digested().await;
    (olivia, charge(app).await)
}

/// Olivia's payment is disputed, after she has used 500 credits. Gives the dispute's id.
async fn disputed(app: &App) -> String {
    let (_, charge) = bought_with(app, DISPUTED_CARD).await;
    spend(app, 500).await;
    app.advance(MINUTE).await;
    app.settles(HELD, 2_500).await;
    app.digested().await;
    let all = app.stripe(Method::GET, &format!("/v1/disputes?charge={}", charge["id"].as_str().unwrap()), "").await;
    all["data"][0]["id"].as_str().unwrap().to_owned()
}

/// The bank decides.
async fn decide(app: &App, dispute: &str, won: bool) {
    let sandbox = Browser::new(app.sandbox.trim_end_matches('/'));
    assert_eq!(sandbox.json(&format!("/_sandbox/disputes/{dispute}"), &json!({ "won": won })).await.status, 200);
}

/// The newest charge that brought money.
async fn charge(app: &App) -> Value {
    let all = app.stripe(Method::GET, "/v1/charges?limit=1", "").await;
    all["data"][0].clone()
}

async fn refund(app: &App, charge: &Value, amount: i64) -> Value {
    let form = format!("charge={}&amount={amount}", charge["id"].as_str().unwrap());
    app.stripe(Method::POST, "/v1/refunds", &form).await
}

/// The payment as people see it.
async fn status(app: &App) -> String {
    app.db.text("SELECT status || ' ' || refunded || ' ' || lost || ' ' || contested FROM payments").await
}

/// Takes credits as if they had been used.
async fn spend(app: &App, amount: i64) {
    let account = keel_types::AccountId::parse(&app.account(OLIVIA, "workspace").await).unwrap();
    super::ledger::adjust(app, &account, -amount, &format!("spent {amount}")).await;
}

both! {
    async fn a_refund_takes_back_its_share_however_often_it_is_told(app: App) {
        let (olivia, charge) = bought(&app).await;
        refund(&app, &charge, 1_450).await;
        app.settles(BALANCE, 1_250).await;
        app.digested().await;
        assert_eq!(status(&app).await, "refunded 1450 0 0");
        for path in ["/org-dashboard/billing", "/billing/payments"] {
            let page = olivia.get(path).await;
            assert!(page.body.contains("Partly refunded") && page.body.contains("$14.50 given back"), "{path}: {}", page.body);
        }
        app.hears_it_all_again().await;
        assert_eq!(app.db.number(BALANCE).await, 1_250);
        refund(&app, &charge, 725).await;
        app.settles(BALANCE, 625).await;
        refund(&app, &charge, 725).await;
        app.settles(BALANCE, 0).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!(status(&app).await, "refunded 2900 0 0");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'refund'").await, 3);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE live").await, 1, "a refund ends no plan");
        let billing = olivia.get("/org-dashboard/billing").await;
        assert!(billing.body.contains("Refunded") && !billing.body.contains("Partly") && !billing.body.contains("given back"), "{}", billing.body);
        prove(&app).await;
    }

    async fn a_payment_of_several_charges_is_judged_by_all_of_them(app: App) {
        let (olivia, first) = bought(&app).await;
        let invoice = app.db.text("SELECT stripe_id FROM payments").await;
        let (customer, method) = (first["customer"].as_str().unwrap(), first["payment_method"].as_str().unwrap());
        let form = format!("amount=2900&currency=usd&customer={customer}&payment_method={method}&confirm=true");
        let intent = app.stripe(Method::POST, "/v1/payment_intents", &form).await;
        let second = charge(&app).await;
        assert_ne!(first["id"], second["id"]);
        // As if both had paid it.
        let share = |number: i64, intent: &Value| {
            json!({ "id": format!("inpay_{number}"), "object": "invoice_payment", "invoice": invoice, "status": "paid", "payment": { "type": "payment_intent", "payment_intent": intent } })
        };
        let both = json!([share(1, &first["payment_intent"]), share(2, &intent["id"])]);
        app.trouble(json!({ "path": "/v1/invoice_payments", "says": { "/data": both }, "count": 10_000 })).await;
        refund(&app, &second, 2_900).await;
        app.settles(BALANCE, 1_250).await;
        app.digested().await;
        assert_eq!(status(&app).await, "refunded 2900 0 0");
        assert!(olivia.get("/billing/payments").await.body.contains("Partly refunded"));
        refund(&app, &first, 1_450).await;
        app.settles(BALANCE, 625).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!((status(&app).await.as_str(), app.db.number(BALANCE).await), ("refunded 4350 0 0", 625));
        refund(&app, &first, 1_450).await;
        app.settles(BALANCE, 0).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT CAST(SUM(refunded) AS BIGINT) FROM charges WHERE payment IS NOT NULL").await, 5_800);
        prove(&app).await;
    }

    async fn what_is_spent_already_is_owed_and_repaid_first(app: App) {
        let (_, charge) = bought(&app).await;
        spend(&app, 2_000).await;
        refund(&app, &charge, 2_900).await;
        app.settles(BALANCE, 0).await;
        app.settles(OWED, 2_000).await;
        app.digested().await;
        prove(&app).await;
        // The next month grants 2,500, of which 2,000 are owed.
        app.advance(32 * DAY).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 1).await;
        app.digested().await;
        app.settles(BALANCE, 500).await;
        assert_eq!(app.db.number(OWED).await, 0);
        app.hears_it_all_again().await;
        assert_eq!(app.db.number(BALANCE).await, 500);
        prove(&app).await;
    }

    async fn a_dispute_holds_what_it_is_about_and_the_winner_has_it(app: App) {
        let dispute = disputed(&app).await;
        assert_eq!(status(&app).await, "disputed 0 0 2900");
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(HELD).await, app.db.number(BALANCE).await), (2_500, 2_000), "nothing is taken yet");
        prove(&app).await;
        decide(&app, &dispute, true).await;
        app.settles(HELD, 0).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!(status(&app).await, "paid 0 0 0");
        assert_eq!((app.db.number(BALANCE).await, app.db.number(OWED).await), (2_000, 0));
        prove(&app).await;
    }

    async fn a_dispute_that_is_lost_takes_what_it_held(app: App) {
        let dispute = disputed(&app).await;
        decide(&app, &dispute, false).await;
        app.settles(HELD, 0).await;
        app.settles(OWED, 500).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!(status(&app).await, "disputed 0 2900 0");
        assert_eq!(app.db.number(BALANCE).await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'dispute'").await, 1);
        prove(&app).await;
    }

    async fn a_dispute_about_what_was_given_back_already_holds_and_takes_nothing(app: App) {
        let (_, charge) = bought_with(&app, DISPUTED_CARD).await;
        refund(&app, &charge, 2_900).await;
        app.settles(BALANCE, 0).await;
        app.digested().await;
        app.advance(MINUTE).await;
        app.settles("SELECT contested FROM payments", 2_900).await;
        app.digested().await;
        assert_eq!((app.db.number(HELD).await, app.db.number(OWED).await), (0, 0));
        let all = app.stripe(Method::GET, &format!("/v1/disputes?charge={}", charge["id"].as_str().unwrap()), "").await;
        decide(&app, all["data"][0]["id"].as_str().unwrap(), false).await;
        app.settles("SELECT lost FROM payments", 2_900).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(BALANCE).await, app.db.number(HELD).await, app.db.number(OWED).await), (0, 0, 0));
        assert_eq!(status(&app).await, "disputed 2900 2900 0");
        prove(&app).await;
    }

    async fn what_expired_unused_is_not_taken_a_second_time(app: App) {
        let (_, charge) = bought(&app).await;
        spend(&app, 1_000).await;
        app.advance(32 * DAY).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 2).await;
        app.settles(BALANCE, 2_500).await;
        app.digested().await;
        refund(&app, &charge, 2_900).await;
        // Of the first month 1,000 were used: they are taken from the second. The other 1,500 had expired.
        app.settles(BALANCE, 1_500).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!((app.db.number(BALANCE).await, app.db.number(OWED).await), (1_500, 0));
        prove(&app).await;
    }

    async fn refunds_grants_and_spending_at_once_add_up(app: App) {
        let (_, charge) = bought(&app).await;
        let account = keel_types::AccountId::parse(&app.account(OLIVIA, "workspace").await).unwrap();
        let workers = app.with_workers(2).await;
        let events: Vec<Value> = {
            for _ in 0..10 {
                refund(&app, &charge, 145).await;
            }
            app.stripe_events().await
        };
        let spends = (0..30).map(|number| {
            let (keel, account) = (app.keel.clone(), account.clone());
            async move { while matches!(super::ledger::adjusted(&keel, &account, -50, &number.to_string()).await, Err(keel_domain::Refusal::Unavailable | keel_domain::Refusal::Collision)) {} }
        });
        together(spends).await;
        for (number, event) in events.iter().filter(|event| event["type"] == "charge.refunded").enumerate() {
            let mut event = event.clone();
            event["id"] = json!(format!("evt_race_{number}"));
            assert_eq!(app.webhook(&event).await.status, 200);
        }
        app.settles("SELECT refunded FROM payments", 1_450).await;
        app.digested().await;
        workers.stop().await;
        let spent = app.db.number("SELECT CAST(COALESCE(-SUM(amount), 0) AS BIGINT) FROM credit_entries WHERE kind = 'adjustment'").await;
        let (balance, owed) = (app.db.number(BALANCE).await, app.db.number(OWED).await);
        assert_eq!(balance - owed, 2_500 - 1_250 - spent, "half the money is gone, and half the credits");
        prove(&app).await;
    }

    async fn a_refund_that_comes_back_gives_again_what_it_took(app: App) {
        let (olivia, charge) = bought_with(&app, RETURNING_CARD).await;
        spend(&app, 2_000).await;
        refund(&app, &charge, 1_450).await;
        refund(&app, &charge, 1_450).await;
        app.settles(OWED, 2_000).await;
        app.digested().await;
        assert_eq!((app.db.number(BALANCE).await, status(&app).await), (0, "refunded 2900 0 0".to_owned()));
        prove(&app).await;
        let workers = app.with_workers(2).await;
        app.advance(DAY + MINUTE).await;
        app.settles(BALANCE, 500).await;
        app.digested().await;
        app.hears_it_all_again().await;
        workers.stop().await;
        assert_eq!((app.db.number(BALANCE).await, app.db.number(OWED).await), (500, 0), "as if it had not been");
        assert_eq!(status(&app).await, "paid 0 0 0");
        assert!(olivia.get("/org-dashboard/billing").await.body.contains("Paid"));
        prove(&app).await;
    }

    async fn a_licence_whose_refund_comes_back_goes_on(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        olivia.get("/checkout").await;
        let answer = olivia.json("/api/billing/license-checkout", &json!({ "licence": "prolifetime", "currency": "usd" })).await;
        app.pay(answer.json()["next"].as_str().unwrap(), RETURNING_CARD).await.location();
        let live = "SELECT COUNT(*) FROM licences WHERE live";
        app.settles(live, 1).await;
        app.digested().await;
        refund(&app, &charge(&app).await, 29_900).await;
        app.settles(live, 0).await;
        app.settles(BALANCE, 0).await;
        app.advance(DAY + MINUTE).await;
        app.settles(live, 1).await;
        app.settles(BALANCE, 2_500).await;
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 10);
        app.digested().await;
        prove(&app).await;
    }

    async fn a_licence_that_goes_on_in_another_month_has_that_month(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        olivia.get("/checkout").await;
        let answer = olivia.json("/api/billing/license-checkout", &json!({ "licence": "prolifetime", "currency": "usd" })).await;
        app.pay(answer.json()["next"].as_str().unwrap(), RETURNING_CARD).await.location();
        let months = "SELECT COUNT(*) FROM credit_entries WHERE kind = 'licence'";
        app.settles(months, 1).await;
        app.digested().await;
        let next = app.db.number("SELECT due_at FROM licences").await;
        app.advance(next - app.keel.now().0 - 12 * HOUR).await;
        refund(&app, &charge(&app).await, 29_900).await;
        app.settles("SELECT COUNT(*) FROM licences WHERE live", 0).await;
        app.digested().await;
        // The month changes meanwhile.
        app.advance(DAY + MINUTE).await;
        app.settles("SELECT COUNT(*) FROM licences WHERE live", 1).await;
        app.settles(months, 2).await;
        app.settles(BALANCE, 2_500).await;
        app.digested().await;
        prove(&app).await;
    }

    async fn later_months_of_a_refunded_year_are_taken_too(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        refund(&app, &charge(&app).await, 14_500).await;
        app.settles(BALANCE, 1_250).await;
        app.digested().await;
        app.advance(32 * DAY).await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription'", 2).await;
        app.settles(BALANCE, 1_250).await;
        prove(&app).await;
    }
}
