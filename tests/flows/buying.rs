//! From the pricing page to a plan, on every way there is.

mod once;
mod payment_page;
mod refusals;
mod trouble;

use crate::both;
use crate::support::{B2C, Browser, HYBRID};
use keel_domain::clock::add_months;
use keel_types::Instant;
use keel_types::time::{DAY, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const LIVE: &str = "SELECT COUNT(*) FROM subscriptions WHERE live";

fn pro(interval: &str) -> Value {
    json!({ "plan": "pro", "interval": interval, "currency": "usd" })
}

both! {
    async fn a_visitor_becomes_a_customer_with_a_year_of_pro(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        assert!(olivia.cookie("keel_pending_checkout").is_some());
        let checkout = olivia.get("/checkout").await;
        assert!(checkout.status == 200 && checkout.body.contains("Pro") && checkout.body.contains("$290"), "{}", checkout.body);
        let back = app.buy(&olivia, pro("year")).await;
        assert!(olivia.cookie("keel_pending_checkout").is_none());
        let success = olivia.get(&back).await;
        assert!(success.status == 200 && success.body.contains("Payment received"), "{}", success.body);
        assert!(success.body.contains("href=\"/onboarding\"") && !success.body.contains("http-equiv"), "{}", success.body);

        let start = app.db.number("SELECT period_start FROM subscriptions WHERE live AND status = 'active' AND plan = 'pro'").await;
        let end = app.db.number("SELECT period_end FROM subscriptions WHERE live").await;
        assert_eq!(end, add_months(Instant(start), 12).0);
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500);
        assert_eq!(app.db.text("SELECT kind FROM credit_entries").await, "subscription");
        assert_eq!(app.db.number("SELECT expires_at FROM credit_lots").await, add_months(Instant(start), 1).0, "granted month by month");
        assert_eq!(app.db.text("SELECT product || ' ' || status || ' ' || amount || currency FROM payments").await, "Pro paid 29000usd");
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 10);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM user_profiles WHERE intent IS NOT NULL").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'subscription.started'").await, 1);

        let billing = olivia.get("/org-dashboard/billing").await;
        let renews = format!("Renews on {}", keel_text::EN.date(Instant(end)));
        for shown in ["Pro", &renews, "2,500", "$290", "Active"] {
            assert!(billing.body.contains(shown), "{shown}: {}", billing.body);
        }
        app.assert_sound_ledger().await;
    }

    async fn a_month_of_pro_grants_for_the_month_and_renews_with_the_next(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.buy(&olivia, pro("month")).await;
        let end = app.db.number("SELECT period_end FROM subscriptions WHERE live").await;
        let start = app.db.number("SELECT period_start FROM subscriptions WHERE live").await;
        assert_eq!(end, add_months(Instant(start), 1).0);
        assert_eq!(app.db.number("SELECT expires_at FROM credit_lots").await, end);
        assert_eq!(app.db.number("SELECT amount FROM payments").await, 2_900);
        app.advance(end - app.keel.now().0 + 60_000).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 2).await;
        app.digested().await;
        app.settles("SELECT COUNT(*) FROM credit_entries", 3).await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500, "what was left of the first month is gone");
        assert_eq!(app.db.number("SELECT period_start FROM subscriptions WHERE live").await, end);
        app.assert_sound_ledger().await;
    }

    async fn business_counts_by_the_seat_from_the_people_there_are(app: App) {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        let workspace = app.account(OLIVIA, "workspace").await;
        app.colleague("adam@acme.example", &workspace, "admin").await;
        app.colleague("max@acme.example", &workspace, "member").await;
        let checkout = olivia.get("/checkout").await;
        let field = checkout.body.split("<input").find(|tag| tag.contains("name=\"seats\"")).expect("a field for seats");
        assert!(field.contains("value=\"3\""), "{field}");
        let order = |seats: i64| json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": seats });
        app.stripe_calls().await;
        let few = olivia.json("/api/billing/checkout", &order(2)).await;
        assert_eq!(few.problem(), (422, "INVALID".to_owned()));
        assert_eq!(few.json()["errors"][0]["field"], "seats");
        assert_eq!(app.stripe_calls().await, Vec::<Value>::new());
        app.buy(&olivia, order(5)).await;
        assert_eq!(app.db.number("SELECT seats FROM subscriptions WHERE live").await, 5);
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 7_500);
        assert_eq!(app.db.number("SELECT amount FROM payments").await, 12_000);
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 5);
        app.assert_sound_ledger().await;
    }

    async fn what_a_code_makes_free_grants_all_the_same_and_is_no_payment(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        let coupon = app.stripe(Method::POST, "/v1/coupons", "percent_off=100&duration=forever").await["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, "/v1/promotion_codes", &format!("promotion[type]=coupon&promotion[coupon]={coupon}&code=GIFT")).await;
        let page = app.order(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd", "start": "pay" })).await;
        let (host, path) = page.split_at(page.find("/pay/").unwrap());
        assert_eq!(Browser::new(host).form(path, &[("action", "apply"), ("promotion_code", "GIFT")]).await.status, 303);
        app.pay_for(&page).await;
        app.settles("SELECT COUNT(*) FROM checkouts WHERE state = 'complete'", 1).await;
        app.digested().await;
        app.hears_it_all_again().await;
        assert_eq!(app.db.text("SELECT status FROM subscriptions WHERE live").await, "active");
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM payments").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE currency IS NOT NULL").await, 0, "nothing was paid in any");
        assert!(olivia.get("/org-dashboard/billing").await.body.contains("Renews on "));
        app.assert_sound_ledger().await;
    }

    async fn whoever_is_invited_has_a_seat_too(app: App) {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        olivia.json("/api/org/invite", &json!({ "emails": "adam@acme.example, max@acme.example", "role": "member" })).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM invitations WHERE state = 'pending'").await, 2);
        let checkout = olivia.get("/checkout").await;
        let field = checkout.body.split("<input").find(|tag| tag.contains("name=\"seats\"")).expect("a field for seats");
        assert!(field.contains("value=\"3\""), "{field}");
        let order = |seats: i64| json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": seats });
        assert_eq!(olivia.json("/api/billing/checkout", &order(2)).await.problem(), (422, "INVALID".to_owned()));
        app.buy(&olivia, order(3)).await;
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 3);
    }

    async fn a_trial_grants_once_and_costs_nothing_until_it_ends(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        assert!(olivia.get("/checkout").await.body.contains("value=\"trial\""));
        let order = json!({ "plan": "pro", "interval": "year", "currency": "usd", "start": "trial" });
        let now = app.keel.now().0;
        let back = app.buy(&olivia, order).await;
        assert!(olivia.get(&back).await.body.contains("Your trial has started"));
        let end = app.db.number("SELECT trial_end FROM subscriptions WHERE live AND status = 'trialing'").await;
        assert!((now + 14 * DAY - 60_000..=now + 14 * DAY + 60_000).contains(&end));
        assert_eq!(app.db.text("SELECT kind || ' ' || amount FROM credit_entries").await, "trial 2500");
        assert_eq!(app.db.number("SELECT expires_at FROM credit_lots").await, end);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM payments").await, 0);
        assert!(olivia.get("/org-dashboard/billing").await.body.contains("Trial until"));

        app.advance(14 * DAY + 60_000).await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid' AND amount = 29000", 1).await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'subscription' AND amount = 2500", 1).await;
        app.digested().await;
        app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'expiry' AND amount = -2500", 1).await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_500, "the trial's credits ended with it");
        app.assert_sound_ledger().await;
    }

    async fn a_second_trial_is_neither_offered_nor_given(app: App) {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        let trial = |seats: i64| json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": seats, "start": "trial" });
        app.buy(&olivia, trial(8)).await;
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 7_500, "a trial counts five seats at most");
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles(LIVE, 0).await;
        app.digested().await;
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 3, "back to what Free has");
        olivia.form("/api/billing/choose", &[("plan", "pro"), ("interval", "month")]).await.leads_to("/checkout");
        assert!(!olivia.get("/checkout").await.body.contains("value=\"trial\""));
        app.stripe_calls().await;
        let again = olivia.json("/api/billing/checkout", &trial(1)).await;
        assert_eq!((again.status, &again.json()["errors"][0]["field"]), (422, &json!("start")));
        assert_eq!(app.stripe_calls().await, Vec::<Value>::new());
        app.buy(&olivia, pro("month")).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'trial'").await, 1);
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 10_000);
        app.assert_sound_ledger().await;
    }

    async fn the_free_plan_grants_once_a_month_however_often_it_is_asked_for(app: App) {
        // All of it within one month.
        let month = |at: Instant| keel_text::iso(at)[..7].to_owned();
        if month(app.keel.now()) != month(app.keel.now().plus(10 * MINUTE)) {
            app.advance(10 * MINUTE).await;
        }
        let olivia = app.buyer(OLIVIA, "free", "").await;
        assert!(olivia.get("/checkout").await.body.contains("Start with Free"));
        app.stripe_calls().await;
        let olivia = std::sync::Arc::new(olivia);
        let posts: Vec<_> = (0..30)
            .map(|_| {
                let olivia = olivia.clone();
                tokio::spawn(async move { olivia.json("/api/billing/subscribe-free", &json!({})).await })
            })
            .collect();
        let mut answers = vec![];
        for post in posts {
            answers.push(post.await.unwrap().status);
        }
        answers.sort_unstable();
        assert_eq!(answers[0], 200);
        assert!(answers[1..].iter().all(|status| [409, 503].contains(status)), "{answers:?}");
        assert!(olivia.get("/checkout/success").await.body.contains("You&#x27;re on Free") || olivia.get("/checkout/success").await.body.contains("on Free"));
        assert_eq!(app.books().await, "live 1, contracts 1, paid 0, payments 0, amount 0, entries 1, lots 1, balance 100, complete 0, intents 0, seats 3, currencies 0, ");
        assert_eq!(app.stripe_calls().await, Vec::<Value>::new());

        // The first paid plan takes its place; back on Free within the month there is nothing more to grant.
        app.buy(&olivia, pro("month")).await;
        assert_eq!(app.db.number(LIVE).await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions WHERE plan = 'free' AND status = 'canceled' AND ended_at IS NOT NULL").await, 1);
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles(LIVE, 0).await;
        assert_eq!(olivia.json("/api/billing/subscribe-free", &json!({})).await.status, 200);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'free_plan'").await, 1);
        assert_eq!(app.db.number("SELECT balance FROM credit_balances").await, 2_600);
        app.assert_sound_ledger().await;
    }

    async fn in_b2c_the_personal_account_pays(app: App, with B2C) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        let back = app.buy(&olivia, pro("year")).await;
        assert!(olivia.get(&back).await.body.contains("Payment received"));
        let personal = app.account(OLIVIA, "personal").await;
        assert_eq!(app.db.text("SELECT account_id FROM subscriptions WHERE live").await, personal);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts").await, 1);
        assert_eq!(app.db.number("SELECT max_members FROM accounts").await, 1, "a personal account stays one person's");
        let billing = olivia.get("/private-dashboard/billing").await;
        assert!(billing.body.contains("Renews on") && billing.body.contains("2,500"), "{}", billing.body);
        assert_eq!(olivia.get("/org-dashboard/billing").await.status, 404);
    }

    async fn in_hybrid_the_personal_account_pays_for_pro(app: App, with HYBRID) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        assert_eq!(olivia.get("/checkout").await.status, 200);
        app.buy(&olivia, pro("year")).await;
        let personal = app.account(OLIVIA, "personal").await;
        assert_eq!(app.db.text("SELECT account_id FROM subscriptions WHERE live").await, personal);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 0);
    }

    async fn in_hybrid_a_team_plan_makes_its_workspace(app: App, with HYBRID) {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM accounts WHERE kind = 'workspace'").await, 0);
        assert_eq!(olivia.get("/checkout").await.status, 200);
        app.buy(&olivia, json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 2 })).await;
        let workspace = app.account(OLIVIA, "workspace").await;
        assert_eq!(app.db.text("SELECT account_id FROM subscriptions WHERE live").await, workspace);
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 2);
    }

    async fn the_language_suggests_the_currency_and_the_first_payment_settles_it(app: App) {
        let olivia = app.browser();
        let choose = |language: &str| {
            let request = olivia.request(Method::POST, "/api/billing/choose").header("accept-language", language);
            let request = request.header("accept", "text/html").header("sec-fetch-site", "same-origin");
            request.header("content-type", "application/x-www-form-urlencoded").body("plan=pro&interval=month")
        };
        assert_eq!(olivia.send(choose("en-GB,en;q=0.8")).await.status, 303);
        app.sign_in_with(&olivia, OLIVIA).await;
        let checkout = olivia.get("/checkout").await;
        assert!(checkout.body.contains("£29") && checkout.body.contains("value=\"gbp\""), "{}", checkout.body);
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "gbp" })).await;
        assert_eq!(app.db.text("SELECT currency FROM payments").await, "gbp");
        assert_eq!(app.db.text("SELECT currency FROM accounts WHERE kind = 'workspace'").await, "gbp");
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles(LIVE, 0).await;

        assert_eq!(olivia.send(choose("de")).await.status, 303);
        let checkout = olivia.get("/checkout").await;
        assert!(checkout.body.contains("£29") && !checkout.body.contains('€'), "{}", checkout.body);
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "eur" })).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM payments WHERE currency = 'gbp'").await, 2);
    }

    async fn the_choice_survives_finishing_in_another_browser(app: App) {
        let first = app.browser();
        first.form("/api/billing/choose", &[("plan", "pro"), ("interval", "year")]).await.location();
        first.form("/api/auth/request-link", &[("email", OLIVIA)]).await.leads_to("/verify");
        let token = app.link_token(OLIVIA).await;
        let second = app.browser();
        second.form("/api/auth/confirm-link", &[("token", &token)]).await.leads_to("/checkout");
        let checkout = second.get("/checkout").await;
        assert!(checkout.body.contains("$290"), "{}", checkout.body);
    }
}
