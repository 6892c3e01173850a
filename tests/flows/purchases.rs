//! What is paid once: packs that never expire, licences that count like a plan, money that comes later or never.

use super::ledger::prove;
use crate::both;
use crate::support::{App, Browser, together};
use keel_types::time::DAY;
use reqwest::Method;
use serde_json::{Value, json};

const OLIVIA: &str = "olivia@acme.example";
const PAGE: &str = "/org-dashboard/billing";
const BALANCE: &str = "SELECT CAST(COALESCE(SUM(balance), 0) AS BIGINT) FROM credit_balances";
const SEATS: &str = "SELECT max_members FROM accounts WHERE kind = 'workspace'";

fn pack() -> Value {
    json!({ "kind": "pack", "pack": "credits1500", "currency": "usd" })
}

/// Buys a licence, and waits until that is known.
async fn buy_licence(app: &App, browser: &Browser) {
    let answer = browser.json("/api/billing/license-checkout", &json!({ "licence": "prolifetime", "currency": "usd" })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.pay_for(answer.json()["next"].as_str().unwrap()).await;
    app.settles("SELECT COUNT(*) FROM licences", 1).await;
    app.digested().await;
}

/// Olivia with a workspace and nothing in it.
async fn olivia(app: &App) -> Browser {
    let olivia = app.buyer(OLIVIA, "pro", "month").await;
    olivia.get("/checkout").await;
    olivia
}

async fn events_of(app: &App, kind: &str) -> Vec<Value> {
    app.stripe_events().await.into_iter().filter(|event| event["type"] == kind).collect()
}

both! {
    async fn a_pack_grants_once_and_never_expires(app: App) {
        let olivia = olivia(&app).await;
        app.buy(&olivia, pack()).await;
        assert_eq!(app.db.number(BALANCE).await, 1_500);
        let completed = events_of(&app, "checkout.session.completed").await;
        let again = (0..20).map(|number| {
            let mut event = completed[0].clone();
            event["id"] = json!(format!("evt_pack_{number}"));
            event
        });
        for event in again {
            assert_eq!(app.webhook(&event).await.status, 200);
        }
        app.digested().await;
        assert_eq!(app.db.number(BALANCE).await, 1_500);
        assert_eq!(app.db.text("SELECT product || ' ' || amount || ' ' || status FROM payments").await, "1,500 credits 1900 paid");
        app.buy(&olivia, pack()).await;
        assert_eq!(app.db.number(BALANCE).await, 3_000, "another pack is another fact");
        app.advance(800 * DAY).await;
        app.works().await;
        assert_eq!(app.db.number(BALANCE).await, 3_000);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'credit_pack'").await, 2);
        prove(&app).await;
    }

    async fn a_licence_counts_like_a_plan_for_ever(app: App) {
        let olivia = olivia(&app).await;
        buy_licence(&app, &olivia).await;
        assert_eq!((app.db.number(BALANCE).await, app.db.number(SEATS).await), (2_500, 10));
        assert_eq!(app.db.number("SELECT COUNT(*) FROM licences WHERE live AND ends_at IS NULL").await, 1);
        let workers = app.with_workers(2).await;
        for month in 2..=14 {
            app.advance(31 * DAY).await;
            app.settles("SELECT COUNT(*) FROM credit_entries WHERE kind = 'licence'", month).await;
            app.settles(BALANCE, 2_500).await;
        }
        workers.stop().await;
        assert_eq!(app.db.number(SEATS).await, 10);
        prove(&app).await;
    }

    async fn beside_a_subscription_both_grant_and_the_higher_limit_counts(app: App) {
        let olivia = olivia(&app).await;
        app.buy(&olivia, json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 4 })).await;
        buy_licence(&app, &olivia).await;
        assert_eq!((app.db.number(BALANCE).await, app.db.number(SEATS).await), (8_500, 10));
        let page = olivia.get(PAGE).await;
        for said in ["Licences", "for ever", "Business keeps renewing beside the licence", "commandfor=\"ask-cancel\""] {
            assert!(page.body.contains(said), "{said}: {}", page.body);
        }
        assert_eq!(page.body.matches("id=\"ask-cancel\"").count(), 1);
        assert_eq!(olivia.json("/api/billing/cancel-plan", &json!({})).await.status, 200);
        let page = olivia.get(PAGE).await;
        assert!(!page.body.contains("keeps renewing") && page.body.contains("for ever"), "{}", page.body);
        let contract = app.db.text("SELECT stripe_id FROM subscriptions WHERE live").await;
        app.stripe(Method::DELETE, &format!("/v1/subscriptions/{contract}"), "").await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live", 0).await;
        assert_eq!(app.db.number(SEATS).await, 10, "the licence goes on");
        prove(&app).await;
    }

    async fn a_licence_for_a_time_ends_by_the_clock(app: App, with &[("KEEL_CONFIG", &timed_licence())]) {
        let olivia = olivia(&app).await;
        buy_licence(&app, &olivia).await;
        assert_eq!(app.db.number(SEATS).await, 10);
        let ends = keel_text::EN.date(keel_types::Instant(app.db.number("SELECT ends_at FROM licences").await));
        let page = olivia.get(PAGE).await;
        assert!(page.body.contains(&ends) && !page.body.contains("keeps renewing"), "{ends}: {}", page.body);
        app.advance(29 * DAY).await;
        app.works().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM licences WHERE live").await, 1);
        app.advance(2 * DAY).await;
        app.settles("SELECT COUNT(*) FROM licences WHERE live", 0).await;
        app.settles(BALANCE, 0).await;
        assert_eq!(app.db.number(SEATS).await, 3);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'licence'").await, 1);
        assert_eq!(app.db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'licence.ended'").await, 1);
        assert!(app.sign_in(OLIVIA).await.get(PAGE).await.body.contains("Ended"));
        prove(&app).await;
    }

    async fn a_licence_that_is_paid_back_ends(app: App) {
        let olivia = olivia(&app).await;
        buy_licence(&app, &olivia).await;
        let charges = app.stripe(Method::GET, "/v1/charges?limit=1", "").await;
        let charge = charges["data"][0]["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={charge}&amount=10000")).await;
        app.settles("SELECT refunded FROM payments", 10_000).await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM licences WHERE live").await, 1, "in part it goes on");
        app.stripe(Method::POST, "/v1/refunds", &format!("charge={charge}")).await;
        app.settles("SELECT COUNT(*) FROM licences WHERE live", 0).await;
        app.digested().await;
        assert_eq!((app.db.number(BALANCE).await, app.db.number(SEATS).await), (0, 3));
        app.advance(40 * DAY).await;
        app.works().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM credit_entries WHERE kind = 'licence'").await, 1);
        prove(&app).await;
    }

    async fn several_packs_at_once_all_count(app: App) {
        let olivia = olivia(&app).await;
        let mut pages = vec![];
        for _ in 0..5 {
            pages.push(app.order(&olivia, pack()).await);
        }
        let workers = app.with_workers(2).await;
        together(pages.into_iter().map(|page| async move { crate::support::pay(&page, crate::support::GOOD_CARD).await.status })).await;
        app.settles(BALANCE, 7_500).await;
        app.digested().await;
        workers.stop().await;
        assert_eq!(app.db.number("SELECT COUNT(*) FROM payments WHERE status = 'paid'").await, 5);
        prove(&app).await;
    }
}

/// A product file in which the licence lasts thirty days.
fn timed_licence() -> String {
    let text = include_str!("../../keel.toml").replace("id = \"prolifetime\"", "id = \"prolifetime\"\ndays = 30");
    let path = std::env::temp_dir().join(format!("keel-{}.toml", keel_domain::secrets::reference()));
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}
