//! What cannot be bought, and by whom: refused before Stripe hears of it.

use super::{OLIVIA, pro};
use crate::both;
use crate::support::{App, B2C, Browser, HYBRID, together};
use keel_types::time::DAY;
use reqwest::Method;
use serde_json::{Value, json};

const CHECKOUT: &str = "/api/billing/checkout";
const FREE: &str = "/api/billing/subscribe-free";

/// Posts, and asserts how it is refused and that nobody asked Stripe or wrote a thing.
async fn refused(app: &App, browser: &Browser, url: &str, body: Value, how: (u16, &str)) -> Value {
    let before = app.books().await;
    app.stripe_calls().await;
    let answer = browser.json(url, &body).await;
    assert_eq!(answer.problem(), (how.0, how.1.to_owned()), "{body}");
    assert_eq!(app.stripe_calls().await, Vec::<Value>::new(), "{body}");
    assert_eq!(app.books().await, before, "{body}");
    assert_eq!(app.db.number("SELECT COUNT(*) FROM checkouts WHERE state <> 'complete'").await, 0, "{body}");
    answer.json()
}

fn for_account(mut order: Value, account: &str) -> Value {
    order["account"] = json!(account);
    order
}

both! {
    async fn in_b2b_a_personal_account_buys_nothing(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        let personal = app.account(OLIVIA, "personal").await;
        for account in [personal.as_str(), "personal"] {
            refused(&app, &olivia, CHECKOUT, for_account(pro("year"), account), (400, "WORKSPACE_REQUIRED")).await;
            refused(&app, &olivia, FREE, json!({ "account": account }), (400, "WORKSPACE_REQUIRED")).await;
        }
    }

    async fn in_hybrid_a_personal_account_buys_no_team_plan(app: App, with HYBRID) {
        let olivia = app.sign_in(OLIVIA).await;
        let order = json!({ "plan": "business", "interval": "month", "account": "personal" });
        refused(&app, &olivia, CHECKOUT, order, (400, "WORKSPACE_REQUIRED")).await;
    }

    async fn in_b2b_only_owners_buy(app: App) {
        app.sign_in(OLIVIA).await;
        let workspace = app.account(OLIVIA, "workspace").await;
        for role in ["admin", "member", "viewer"] {
            let email = format!("{role}@acme.example");
            let colleague = app.colleague(&email, &workspace, role).await;
            for order in [pro("year"), for_account(pro("year"), &workspace)] {
                let problem = refused(&app, &colleague, CHECKOUT, order, (403, "FORBIDDEN")).await;
                assert_eq!(problem["permission"], "billing:manage");
            }
            refused(&app, &colleague, FREE, json!({ "account": workspace }), (403, "FORBIDDEN")).await;
        }
    }

    async fn outside_b2b_admins_buy_and_members_do_not(app: App, with HYBRID) {
        let olivia = app.sign_in(OLIVIA).await;
        olivia.form("/api/workspaces/create", &[("name", "Acme")]).await.location();
        let workspace = app.account(OLIVIA, "workspace").await;
        for role in ["member", "viewer"] {
            let colleague = app.colleague(&format!("{role}@acme.example"), &workspace, role).await;
            refused(&app, &colleague, CHECKOUT, for_account(pro("year"), &workspace), (403, "FORBIDDEN")).await;
        }
        let adam = app.colleague("adam@acme.example", &workspace, "admin").await;
        refused(&app, &adam, FREE, json!({ "account": workspace }), (403, "FORBIDDEN")).await;
        app.buy(&adam, for_account(pro("year"), &workspace)).await;
        assert_eq!(app.db.text("SELECT account_id FROM subscriptions WHERE live").await, workspace);
    }

    async fn a_foreign_account_is_an_unknown_one(app: App) {
        app.sign_in(OLIVIA).await;
        let acme = app.account(OLIVIA, "workspace").await;
        let eve = app.sign_in("eve@evil.example").await;
        let unknown = format!("acc_{}", "0".repeat(acme.len() - 4));
        for url in [CHECKOUT, FREE] {
            let mut told = vec![];
            for account in [acme.as_str(), "acme", unknown.as_str(), "nowhere", "../..", "'"] {
                told.push(refused(&app, &eve, url, for_account(pro("year"), account), (404, "NOT_FOUND")).await);
            }
            assert!(told.iter().all(|problem| *problem == told[0]), "{told:?}");
        }
    }

    async fn what_is_not_sold_is_refused(app: App) {
        let olivia = app.sign_in(OLIVIA).await;
        for (order, how) in [
            (json!({}), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "gold", "interval": "year" }), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "pro" }), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "pro", "interval": "week" }), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "pro", "interval": "YEAR" }), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "pro", "interval": "year", "currency": "xxx" }), (422, "INVALID")),
            (json!({ "plan": "pro", "interval": "year", "currency": "USD" }), (422, "INVALID")),
            (json!({ "plan": "free" }), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "free", "interval": "month" }), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "enterprise", "interval": "year" }), (400, "PRICE_UNKNOWN")),
            (json!({ "plan": "pro", "interval": "year", "start": "later" }), (422, "INVALID")),
            (json!({ "plan": "pro", "interval": "year", "seats": 2 }), (422, "INVALID")),
        ] {
            refused(&app, &olivia, CHECKOUT, order, how).await;
        }
        for seats in ["0", "-1", "501", "1000000000", "9223372036854775808", "-9223372036854775808", "two", "1.5", "1e3", "0x10", "١"] {
            let order = json!({ "plan": "business", "interval": "month", "seats": seats });
            let problem = refused(&app, &olivia, CHECKOUT, order, (422, "INVALID")).await;
            assert_eq!(problem["errors"][0]["field"], "seats", "{seats}");
        }
        for seats in [json!(0), json!(-1), json!(1_000_000_000_i64), json!(1.5), json!(1e300), json!(true)] {
            let order = json!({ "plan": "business", "interval": "month", "seats": seats });
            refused(&app, &olivia, CHECKOUT, order, (422, "INVALID")).await;
        }
        refused(&app, &olivia, CHECKOUT, json!({ "plan": { "id": "pro" } }), (400, "MALFORMED")).await;
    }

    async fn a_second_subscription_is_refused_and_the_change_of_plan_offered(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("year")).await;
        for order in [pro("year"), pro("month"), json!({ "plan": "business", "interval": "month", "seats": 1 })] {
            let problem = refused(&app, &olivia, CHECKOUT, order, (409, "ALREADY_SUBSCRIBED")).await;
            assert_eq!(problem["change_plan"], "/org-dashboard/billing?account=olivias-workspace");
        }
        refused(&app, &olivia, FREE, json!({}), (409, "ALREADY_SUBSCRIBED")).await;
        let fields = [("plan", "pro"), ("interval", "year"), ("currency", "usd")];
        let page = olivia.form("/api/billing/checkout?at=/checkout", &fields).await;
        assert!(page.status == 409 && page.body.contains("href=\"/org-dashboard/billing\""), "{} {}", page.status, page.body);
    }

    async fn outside_b2b_a_subscribed_person_is_led_to_the_billing_page_of_the_account(app: App, with B2C) {
        let olivia = app.buyer(OLIVIA, "pro", "year").await;
        app.buy(&olivia, pro("year")).await;
        let problem = refused(&app, &olivia, CHECKOUT, pro("year"), (409, "ALREADY_SUBSCRIBED")).await;
        let offered = problem["change_plan"].as_str().expect("a page");
        assert_eq!(olivia.get(offered).await.status, 200, "{offered}");
        let page = olivia.form("/api/billing/checkout?at=/checkout", &[("plan", "pro"), ("interval", "year")]).await;
        assert!(page.status == 409 && page.body.contains("href=\"/private-dashboard/billing\""), "{} {}", page.status, page.body);
    }

    async fn nobody_and_other_sites_buy_nothing(app: App) {
        let nobody = app.browser();
        refused(&app, &nobody, CHECKOUT, pro("year"), (401, "SIGN_IN_REQUIRED")).await;
        refused(&app, &nobody, FREE, json!({}), (401, "SIGN_IN_REQUIRED")).await;
        nobody.set_cookie("keel_session", &"a".repeat(43));
        refused(&app, &nobody, CHECKOUT, pro("year"), (401, "SIGN_IN_REQUIRED")).await;

        let olivia = app.sign_in(OLIVIA).await;
        app.stripe_calls().await;
        for url in [CHECKOUT, FREE] {
            for proof in [Some(("sec-fetch-site", "cross-site")), Some(("sec-fetch-site", "same-site")), Some(("origin", "https://evil.example")), Some(("origin", "null")), None] {
                let request = olivia.request(Method::POST, url).header("accept", "application/json").header("content-type", "application/json");
                let request = proof.into_iter().fold(request, |request, (name, value)| request.header(name, value));
                let answer = olivia.send(request.body(pro("year").to_string())).await;
                assert_eq!(answer.problem(), (403, "ORIGIN_REQUIRED".to_owned()), "{url} {proof:?}");
            }
        }
        assert_eq!(app.stripe_calls().await, Vec::<Value>::new());
        assert_eq!(app.db.number("SELECT COUNT(*) FROM checkouts").await, 0);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM subscriptions").await, 0);
    }

    async fn who_tries_card_after_card_begins_a_hundred_checkouts_a_day(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.order(&olivia, pro("month")).await;
        app.db.run("UPDATE limits SET taken = 95 WHERE key LIKE 'account checkout:%'").await;
        let statuses = together((0..12).map(|_| {
            let olivia = olivia.copy();
            async move { olivia.json(CHECKOUT, &pro("month")).await.status }
        }))
        .await;
        let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
        assert_eq!((count(200), count(429)), (5, 7), "{statuses:?}");
        assert_eq!(app.db.number("SELECT COUNT(*) FROM checkouts").await, 6);
        app.stripe_calls().await;
        let refused = olivia.form(CHECKOUT, &[("plan", "pro"), ("interval", "month")]).await;
        assert!(refused.status == 429 && refused.headers.contains_key("retry-after"), "{}", refused.status);
        assert_eq!(app.stripe_calls().await, Vec::<Value>::new(), "who is refused asks nobody");
        let eve = app.buyer("eve@evil.example", "pro", "month").await;
        app.order(&eve, pro("month")).await;
        app.advance(DAY).await;
        app.order(&olivia, pro("month")).await;
    }

    async fn one_person_begins_two_hundred_checkouts_a_day_in_all_workspaces(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        app.order(&olivia, pro("month")).await;
        app.db.run("UPDATE limits SET taken = 200 WHERE key LIKE 'checkout:%'").await;
        olivia.form("/api/workspaces/create", &[("name", "Another")]).await;
        let another = app.db.text("SELECT id FROM accounts WHERE name = 'Another'").await;
        assert_eq!(olivia.json(CHECKOUT, &for_account(pro("month"), &another)).await.problem(), (429, "TOO_MANY".to_owned()));
        let eve = app.buyer("eve@evil.example", "pro", "month").await;
        app.order(&eve, pro("month")).await;
    }
}
