//! What is paid once: credit packs and licences, up to the payment page. What comes of the payment is tested in `flows/credits`.

use super::OLIVIA;
use crate::both;
use crate::support::{App, Browser, Cast, LICENCES, SUBSCRIPTIONS};
use reqwest::Method;
use serde_json::{Value, json};

const CHECKOUT: &str = "/api/billing/checkout";
const LICENCE: &str = "/api/billing/license-checkout";

fn pack() -> Value {
    json!({ "kind": "pack", "pack": "credits1500", "currency": "usd" })
}

fn licence() -> Value {
    json!({ "licence": "prolifetime", "currency": "usd" })
}

/// Olivia's browser, from the pricing page to the checkout of what she chose.
async fn chosen(app: &App, kind: &str, id: &str) -> Browser {
    let browser = app.browser();
    browser.form("/api/billing/choose", &[(kind, id), ("interval", "month")]).await.leads_to("/signup?redirectTo=/checkout");
    assert_eq!(app.sign_in_with(&browser, OLIVIA).await, "/checkout");
    browser
}

/// The newest checkout session, as Stripe has it.
async fn session(app: &App) -> Value {
    app.stripe(Method::GET, "/v1/checkout/sessions?limit=1", "").await["data"][0].clone()
}

both! {
    async fn a_pack_is_chosen_on_the_pricing_page_and_paid_on_stripes(app: App) {
        let olivia = chosen(&app, "pack", "credits1500").await;
        let page = olivia.get("/checkout").await;
        for shown in ["Credit pack", "1,500 credits", "$19 once", "never expire"] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        let form = page.form_to(CHECKOUT);
        let answer = olivia.form(&form.action, &form.filled(&[])).await;
        assert!(answer.status == 303 && answer.location().contains("/pay/"), "{} {}", answer.status, answer.body);
        let session = session(&app).await;
        assert_eq!((session["mode"].as_str(), session["amount_total"].as_i64()), (Some("payment"), Some(1_900)));
        assert_eq!((session["metadata"]["kind"].as_str(), session["metadata"]["what"].as_str()), (Some("pack"), Some("credits1500")));
        app.pay(answer.location(), crate::support::GOOD_CARD).await;
        let intents = app.stripe(Method::GET, "/v1/payment_intents", "").await;
        let marks = &intents["data"][0]["metadata"];
        assert_eq!((marks["kind"].as_str(), marks["what"].as_str()), (Some("pack"), Some("credits1500")), "{intents}");
        assert_eq!(marks["account_id"].as_str(), Some(app.account(OLIVIA, "workspace").await.as_str()));
    }

    async fn a_licence_has_a_checkout_of_its_own(app: App) {
        let olivia = chosen(&app, "licence", "prolifetime").await;
        let page = olivia.get("/checkout").await;
        for shown in ["Licence", "Pro lifetime", "$299 once", "For ever", "2,500 a month"] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        let form = page.form_to(LICENCE);
        let answer = olivia.form(&form.action, &form.filled(&[])).await;
        assert!(answer.status == 303 && answer.location().contains("/pay/"), "{} {}", answer.status, answer.body);
        assert_eq!((session(&app).await["mode"].as_str(), session(&app).await["metadata"]["kind"].as_str()), (Some("payment"), Some("licence")));
    }

    async fn who_has_a_plan_buys_packs_and_licences_beside_it(app: App) {
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        olivia.get("/checkout").await;
        app.buy(&olivia, json!({ "plan": "pro", "interval": "month", "currency": "usd" })).await;
        assert_eq!(olivia.json(CHECKOUT, &json!({ "plan": "pro", "interval": "month" })).await.problem(), (409, "ALREADY_SUBSCRIBED".to_owned()));
        assert_eq!(olivia.json(CHECKOUT, &pack()).await.status, 200);
        assert_eq!(olivia.json(LICENCE, &licence()).await.status, 200);
        olivia.form("/api/billing/choose", &[("licence", "prolifetime")]).await.leads_to("/checkout");
        let page = olivia.get("/checkout").await;
        assert!(page.body.contains("Pro goes on renewing") && page.body.contains("$299 once"), "{}", page.body);
        let billing = olivia.get("/org-dashboard/billing").await;
        assert!(billing.body.contains("Buy more") && billing.body.contains("#packs"), "{}", billing.body);
    }

    async fn what_is_paid_once_is_refused_as_a_plan_is(app: App) {
        let cast = Cast::gather(&app).await;
        app.stripe_calls().await;
        for (path, order, status, code) in [
            (CHECKOUT, json!({ "kind": "pack", "pack": "gold" }), 400, "PRICE_UNKNOWN"),
            (CHECKOUT, json!({ "kind": "pack", "plan": "pro", "interval": "month" }), 400, "PRICE_UNKNOWN"),
            (CHECKOUT, json!({ "kind": "pack", "pack": "prolifetime" }), 400, "PRICE_UNKNOWN"),
            (CHECKOUT, json!({ "kind": "pack", "pack": "credits1500", "interval": "month" }), 400, "PRICE_UNKNOWN"),
            (CHECKOUT, json!({ "kind": "licence", "licence": "prolifetime" }), 422, "INVALID"),
            (CHECKOUT, json!({ "kind": "gift", "pack": "credits1500" }), 422, "INVALID"),
            (CHECKOUT, json!({ "kind": "pack", "pack": "credits1500", "seats": 2 }), 422, "INVALID"),
            (CHECKOUT, json!({ "kind": "pack", "pack": "credits1500", "start": "trial" }), 422, "INVALID"),
            (CHECKOUT, json!({ "kind": "pack", "pack": "credits1500", "account": "personal" }), 400, "WORKSPACE_REQUIRED"),
            (LICENCE, json!({ "licence": "credits1500" }), 400, "PRICE_UNKNOWN"),
            (LICENCE, json!({}), 400, "PRICE_UNKNOWN"),
        ] {
            assert_eq!(cast.olivia.json(path, &order).await.problem(), (status, code.to_owned()), "{path} {order}");
        }
        for (browser, status) in [(&cast.adam, 403), (&cast.max, 403), (&cast.eve, 404)] {
            let mut order = pack();
            order["account"] = crate::support::ACME.into();
            assert_eq!(browser.json(CHECKOUT, &order).await.status, status);
        }
        assert_eq!(app.stripe_calls().await, Vec::<Value>::new(), "refusals come before any call");
    }

    async fn where_plans_alone_are_sold_there_are_no_licences(app: App, with SUBSCRIPTIONS) {
        let page = app.browser().get("/pricing").await;
        assert!(!page.body.contains("Pro lifetime") && page.body.contains("1,500 credits"), "{}", page.body);
        let olivia = app.buyer(OLIVIA, "pro", "month").await;
        olivia.get("/checkout").await;
        assert_eq!(olivia.json(LICENCE, &licence()).await.problem(), (400, "PRICE_UNKNOWN".to_owned()));
        assert_eq!(olivia.json(CHECKOUT, &pack()).await.status, 200);
    }

    async fn where_licences_alone_are_sold_nothing_renews(app: App, with LICENCES) {
        let page = app.browser().get("/pricing").await;
        assert!(page.body.contains("Pro lifetime") && page.body.contains("$299") && !page.body.contains("per month"), "{}", page.body);
        let olivia = chosen(&app, "licence", "prolifetime").await;
        olivia.get("/checkout").await;
        assert_eq!(olivia.json(LICENCE, &licence()).await.status, 200);
        assert_eq!(olivia.json(CHECKOUT, &json!({ "plan": "pro", "interval": "month" })).await.problem(), (400, "PRICE_UNKNOWN".to_owned()));
    }
}
