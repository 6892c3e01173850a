//! Another plan, another interval, other seats: now and paid, or when the period ends.

use super::{CHANGE, KEEP, OLIVIA, PAGE, audited, business, changes_asked, charged, plan, pro, subscribed, subscription};
use crate::both;
use crate::support::{App, Browser};
use keel_types::Instant;
use keel_types::time::DAY;
use reqwest::Method;
use serde_json::{Value, json};

fn wanted(plan: &str, interval: &str, seats: i64) -> Value {
    json!({ "plan": plan, "interval": interval, "seats": seats })
}

/// The page with what a choice costs.
async fn priced(browser: &Browser, plan: &str, interval: &str, seats: &str) -> String {
    let page = browser.get(&format!("/billing/change?plan={plan}&interval={interval}&seats={seats}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.body
}

/// The figure in the fact of this name.
fn fact(page: &str, label: &str) -> String {
    let rest = page.split(&format!("<dt>{label}</dt>")).nth(1).unwrap_or_else(|| panic!("no {label}: {page}"));
    let inside = rest.split("</dd>").next().unwrap();
    let plain: String = inside.split('<').map(|part| part.rsplit('>').next().unwrap_or_default()).collect();
    plain.trim().to_owned()
}

fn dollars(minor: i64) -> String {
    keel_text::EN.money(keel_types::Money { minor, currency: keel_types::Currency::Usd })
}

async fn period_end(app: &App) -> i64 {
    app.db.number("SELECT period_end FROM subscriptions WHERE live").await
}

both! {
    async fn what_costs_more_begins_now_and_is_charged_as_shown(app: App) {
        let olivia = subscribed(&app, pro()).await;
        app.advance(10 * DAY).await;
        let first = olivia.get("/billing/change").await;
        assert!(first.status == 200 && first.body.contains("$24 per seat, per month") && !first.body.contains("Confirm change"), "{}", first.body);
        let page = olivia.get("/billing/change?plan=business&interval=month&seats=5").await;
        let shown = fact(&page.body, "Charged today");
        let form = page.form_to(CHANGE);
        // Some time passes before it is agreed to.
        app.advance(5 * 60_000).await;
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        assert_eq!(plan(&app).await, ("business".to_owned(), 5));
        let paid = charged(&app).await;
        assert_eq!((paid.len(), paid[0], dollars(paid[1])), (2, 2_900, shown), "to the cent");
        assert!((5_000..7_500).contains(&paid[1]), "about two thirds of 120 less 29: {paid:?}");
        let billing = olivia.get(PAGE).await;
        assert!(billing.body.contains("1 of 5 seats used") && billing.body.contains("$120 per month"), "{}", billing.body);
        assert_eq!(audited(&app, "subscription.changed").await, 1);
        assert!(app.mail(OLIVIA).await["subject"].as_str().unwrap().contains("is on Business now"));
        changes_asked(&app).await;
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 5)).await.status, 200, "it is so already");
        assert_eq!((changes_asked(&app).await, audited(&app, "subscription.changed").await), (0, 1));
        assert!(priced(&olivia, "business", "month", "5").await.contains("You are on Business like this already."));
        app.digested().await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 2).await;
        app.assert_sound_ledger().await;
    }

    async fn more_seats_cost_the_rest_of_the_period(app: App) {
        let olivia = subscribed(&app, business(2)).await;
        app.advance(12 * DAY).await;
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 4)).await.status, 200);
        let paid = charged(&app).await;
        assert!(paid[0] == 4_800 && (2_700..3_000).contains(&paid[1]), "two more for about three fifths of a month: {paid:?}");
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 4);
        assert_eq!(charged(&app).await.len(), 2);
    }

    async fn fewer_seats_come_with_the_next_period_and_can_be_taken_back(app: App) {
        let olivia = subscribed(&app, business(5)).await;
        let ends = period_end(&app).await;
        let date = keel_text::EN.date(Instant(ends));
        let page = priced(&olivia, "business", "month", "2").await;
        assert!(page.contains(&format!("Business with 5 seats stays until {date}")) && page.contains("Then Business with 2 seats begins") && fact(&page, "Charged today") == "$0", "{page}");
        assert!(fact(&page, "Then").contains("$48 per month"), "{page}");
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 2)).await.status, 200);
        assert_eq!(plan(&app).await, ("business".to_owned(), 5), "nothing yet");
        let billing = olivia.get(PAGE).await;
        assert!(billing.body.contains(&format!("On {date} this becomes Business with 2 seats, $48 per month.")), "{}", billing.body);
        assert!(app.mail(OLIVIA).await["subject"].as_str().unwrap().contains(&format!("changes to Business with 2 seats on {date}")));

        let form = billing.form_to(KEEP);
        olivia.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        assert!(!olivia.get(PAGE).await.body.contains("this becomes"));
        assert_eq!(subscription(&app).await["schedule"], Value::Null);

        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 2)).await.status, 200);
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 3)).await.status, 200, "another wish takes its place");
        assert!(olivia.get(PAGE).await.body.contains("Business with 3 seats"));
        app.advance(ends - app.keel.now().0 + 60_000).await;
        app.settles("SELECT seats FROM subscriptions WHERE live", 3).await;
        app.digested().await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 2).await;
        assert_eq!((plan(&app).await, charged(&app).await), (("business".to_owned(), 3), vec![12_000, 7_200]));
        assert_eq!(app.db.number("SELECT max_members FROM accounts WHERE kind = 'workspace'").await, 3);
        let page = app.sign_in(OLIVIA).await.get(PAGE).await;
        assert!(page.body.contains("1 of 3 seats used") && !page.body.contains("this becomes"), "{}", page.body);
    }

    async fn what_a_code_takes_off_stays_off_when_fewer_seats_begin(app: App) {
        let olivia = app.buyer(OLIVIA, "business", "month").await;
        assert_eq!(olivia.get("/checkout").await.status, 200);
        let coupon = app.stripe(Method::POST, "/v1/coupons", "percent_off=50&duration=forever").await["id"].as_str().unwrap().to_owned();
        app.stripe(Method::POST, "/v1/promotion_codes", &format!("promotion[type]=coupon&promotion[coupon]={coupon}&code=HALF")).await;
        let page = app.order(&olivia, business(5)).await;
        let (host, path) = page.split_at(page.find("/pay/").unwrap());
        assert_eq!(Browser::new(host).form(path, &[("action", "apply"), ("promotion_code", "HALF")]).await.status, 303);
        app.pay_for(&page).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND status = 'active'", 1).await;
        app.digested().await;
        let ends = period_end(&app).await;
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 2)).await.status, 200);
        app.advance(ends - app.keel.now().0 + 60_000).await;
        app.settles("SELECT seats FROM subscriptions WHERE live", 2).await;
        app.digested().await;
        app.settles("SELECT COUNT(*) FROM payments WHERE status = 'paid'", 2).await;
        assert_eq!(charged(&app).await, [6_000, 2_400]);
    }

    async fn from_a_year_to_months_goes_with_the_year(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "pro", "interval": "year", "currency": "usd" })).await;
        let ends = period_end(&app).await;
        assert_eq!(olivia.json(CHANGE, &wanted("pro", "month", 1)).await.status, 200);
        assert!(olivia.get(PAGE).await.body.contains("this becomes Pro, $29 per month"));
        assert_eq!(charged(&app).await, [29_000]);
        app.advance(ends - app.keel.now().0 + 60_000).await;
        app.settles("SELECT COUNT(*) FROM subscriptions WHERE live AND period = 'month'", 1).await;
        app.digested().await;
        assert_eq!(charged(&app).await, [29_000, 2_900]);
    }

    async fn from_months_to_a_year_goes_at_once(app: App) {
        let olivia = subscribed(&app, pro()).await;
        app.advance(10 * DAY).await;
        assert_eq!(olivia.json(CHANGE, &wanted("pro", "year", 1)).await.status, 200);
        let paid = charged(&app).await;
        assert!(paid[0] == 2_900 && (26_500..27_500).contains(&paid[1]), "a year less what was left: {paid:?}");
        assert!(olivia.get(PAGE).await.body.contains("$290 per year"));
    }

    async fn in_a_trial_everything_changes_for_nothing(app: App) {
        let olivia = subscribed(&app, json!({ "plan": "business", "interval": "month", "currency": "usd", "seats": 4, "start": "trial" })).await;
        let page = priced(&olivia, "business", "month", "2").await;
        assert!(page.contains("Nothing is charged before the trial ends") && fact(&page, "Charged today") == "$0", "{page}");
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 2)).await.status, 200);
        assert_eq!(olivia.json(CHANGE, &wanted("pro", "year", 1)).await.status, 200);
        assert_eq!((plan(&app).await, charged(&app).await), (("pro".to_owned(), 1), vec![]));
        assert_eq!(subscription(&app).await["status"], "trialing");
    }

    async fn there_is_a_seat_for_everybody(app: App) {
        let olivia = subscribed(&app, business(5)).await;
        let workspace = app.account(OLIVIA, "workspace").await;
        for name in ["adam", "max"] {
            app.colleague(&format!("{name}@acme.example"), &workspace, "member").await;
        }
        olivia.json("/api/org/invite", &json!({ "emails": "vera@acme.example", "role": "member" })).await;
        changes_asked(&app).await;
        let refused = olivia.json(CHANGE, &wanted("business", "month", 3)).await;
        assert_eq!(refused.problem(), (409, "SEAT_LIMIT_REACHED".to_owned()));
        assert_eq!(refused.json()["seats_used"], 4);
        assert!(refused.json()["title"].as_str().unwrap().starts_with("4 seats are taken"), "{}", refused.body);
        assert!(priced(&olivia, "business", "month", "3").await.contains("4 seats are taken"));
        assert_eq!(changes_asked(&app).await, 0, "refusals come before any call");
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 4)).await.status, 200);
        let other = olivia.get("/billing/change?plan=business&interval=year").await;
        assert!(other.body.contains("name=\"seats\"") && other.body.contains("value=\"4\""), "another interval proposes the seats people have: {}", other.body);
    }

    async fn what_is_not_sold_is_not_changed_to(app: App) {
        let olivia = subscribed(&app, business(2)).await;
        for (wish, status, code) in [
            (wanted("free", "month", 1), 400, "PRICE_UNKNOWN"),
            (wanted("enterprise", "month", 1), 400, "PRICE_UNKNOWN"),
            (wanted("credits1500", "month", 1), 400, "PRICE_UNKNOWN"),
            (wanted("", "month", 1), 400, "PRICE_UNKNOWN"),
            (wanted("business", "week", 1), 422, "INVALID"),
            (wanted("business", "month", 0), 422, "INVALID"),
            (wanted("business", "month", 501), 422, "INVALID"),
            (wanted("business", "month", i64::MAX), 422, "INVALID"),
            (json!({ "plan": "business", "interval": "month", "seats": "many" }), 422, "INVALID"),
            (json!({ "plan": "business" }), 422, "INVALID"),
        ] {
            assert_eq!(olivia.json(CHANGE, &wish).await.problem(), (status, code.to_owned()), "{wish}");
        }
        for (seats, status) in [("0", 422), ("501", 422), ("many", 422), ("", 200)] {
            assert_eq!(olivia.get(&format!("/billing/change?plan=business&interval=month&seats={seats}")).await.status, status);
        }
        assert_eq!((plan(&app).await, charged(&app).await), (("business".to_owned(), 2), vec![4_800]));
    }

    async fn what_ends_is_resumed_before_it_is_changed(app: App) {
        let olivia = subscribed(&app, pro()).await;
        assert_eq!(olivia.json(super::CANCEL, &json!({})).await.status, 200);
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 2)).await.problem(), (409, "PLAN_ENDS".to_owned()));
        assert!(olivia.get("/billing/change").await.body.contains("Resume it first"));
    }

    async fn an_end_takes_the_place_of_what_was_to_come(app: App) {
        let olivia = subscribed(&app, business(5)).await;
        assert_eq!(olivia.json(CHANGE, &wanted("business", "month", 2)).await.status, 200);
        assert_eq!(olivia.json(super::CANCEL, &json!({})).await.status, 200);
        let known = subscription(&app).await;
        assert_eq!((known["cancel_at_period_end"].as_bool(), &known["schedule"]), (Some(true), &Value::Null));
        let page = olivia.get(PAGE).await;
        assert!(page.body.contains("Ends on ") && !page.body.contains("this becomes"), "{}", page.body);
    }
}
