//! Changing a running subscription: what it costs, and what happens when it cannot be paid.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use time::macros::datetime;

use crate::support::{Bench, DAY_MS, standing, text};

const GOOD: &str = "4242424242424242";
/// Saves, then fails when charged.
const FAILING: &str = "4000000000000341";
/// Thirty days, of which 15 are left after the test's half.
const START: time::OffsetDateTime = datetime!(2027-04-01 00:00 UTC);

struct Shop {
    bench: Bench,
    pro: String,
    business: String,
    yearly: String,
    now: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

/// A shop at the first of April, whose clock stands still.
async fn shop(currency: &str) -> Shop {
    let (clock, now) = standing(START.unix_timestamp() * 1_000);
    let bench = Bench::with(|options| options.clock = clock).await;
    let pro = bench.price("3000", currency, Some("month")).await;
    let business = bench.price("6000", currency, Some("month")).await;
    let yearly = bench.price("30000", currency, Some("year")).await;
    Shop { bench, pro, business, yearly, now }
}

impl Shop {
    fn pass(&self, days: i64) {
        self.now.fetch_add(days * DAY_MS, Ordering::SeqCst);
    }

    async fn fail_from_now_on(&self, subscription: &Value) {
        let customer = [("customer", text(subscription, "customer"))];
        let method = self.bench.post("/v1/payment_methods/pm_card_chargeCustomerFail/attach", &customer).await;
        self.bench.post(&path(subscription), &[("default_payment_method", text(&method, "id"))]).await;
    }
}

fn path(subscription: &Value) -> String {
    format!("/v1/subscriptions/{}", text(subscription, "id"))
}

fn item(subscription: &Value) -> &str {
    text(&subscription["items"]["data"][0], "id")
}

/// Amount and whether it is a proration, of each line.
fn lines(invoice: &Value) -> Vec<(i64, bool)> {
    let lines = invoice["lines"]["data"].as_array().unwrap();
    lines.iter().map(|line| (line["amount"].as_i64().unwrap(), line["parent"]["subscription_item_details"]["proration"] == true)).collect()
}

#[tokio::test]
async fn an_upgrade_in_the_middle_is_billed_to_the_second() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    shop.pass(15);
    let known = shop.bench.events().await.len();
    let change = [("items[0][id]", item(&subscription)), ("items[0][price]", &shop.business), ("items[0][quantity]", "2")];
    let how = [("proration_behavior", "always_invoice"), ("payment_behavior", "error_if_incomplete"), ("expand[]", "latest_invoice")];
    let changed = shop.bench.post(&path(&subscription), &[&change[..], &how].concat()).await;
    let invoice = &changed["latest_invoice"];
    assert_eq!(lines(invoice), [(-1_500, true), (6_000, true)]);
    assert_eq!((&invoice["status"], &invoice["total"], &invoice["amount_paid"]), (&"paid".into(), &4_500.into(), &4_500.into()));
    assert_eq!(invoice["billing_reason"], "subscription_update");
    let period = &invoice["lines"]["data"][0]["period"];
    let half = START.unix_timestamp() + 15 * 86_400;
    assert_eq!(period, &json!({ "start": half, "end": subscription["items"]["data"][0]["current_period_end"] }));
    assert_eq!(invoice["lines"]["data"][0]["description"], "Unused time on Pro after 16 April 2027");
    assert_eq!(invoice["lines"]["data"][1]["description"], "Remaining time on 2 × Pro after 16 April 2027");
    let credited = &invoice["lines"]["data"][0]["parent"]["subscription_item_details"]["proration_details"]["credited_items"];
    assert_eq!(credited["invoice"], subscription["latest_invoice"]);
    let after = &changed["items"]["data"][0];
    assert_eq!(
        (&after["price"]["id"], &after["quantity"], &after["id"]),
        (&shop.business.as_str().into(), &2.into(), &item(&subscription).into())
    );
    assert_eq!(after["current_period_end"], subscription["items"]["data"][0]["current_period_end"]);
    let told = shop.bench.events_after(known).await;
    assert_eq!(
        told,
        [
            "invoiceitem.created",
            "invoiceitem.created",
            "customer.subscription.updated",
            "invoice.created",
            "invoice.finalized",
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.succeeded",
            "invoice.paid",
            "invoice.payment_succeeded",
            "invoice_payment.paid",
        ]
    );
}

#[tokio::test]
async fn a_preview_shows_what_the_change_makes_and_changes_nothing() {
    let shop = shop("jpy").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    shop.pass(7);
    let known = shop.bench.events().await;
    let moment = (START.unix_timestamp() + 7 * 86_400).to_string();
    for behavior in ["always_invoice", "create_prorations", "none"] {
        for price in [&shop.business, &shop.yearly] {
            let asked = [
                ("subscription", text(&subscription, "id")),
                ("subscription_details[items][0][id]", item(&subscription)),
                ("subscription_details[items][0][price]", price.as_str()),
                ("subscription_details[proration_behavior]", behavior),
                ("subscription_details[proration_date]", moment.as_str()),
            ];
            let preview = shop.bench.post("/v1/invoices/create_preview", &asked).await;
            assert!(text(&preview, "id").starts_with("upcoming_in_"));
            assert_eq!((&preview["status"], &preview["number"]), (&"draft".into(), &Value::Null));
            assert_eq!(shop.bench.events().await, known, "a preview tells nobody");
            assert_eq!(shop.bench.get(&path(&subscription)).await, subscription);
            assert_eq!(shop.bench.list("/v1/invoices").await.len(), 1);

            if behavior == "always_invoice" && price == &shop.business {
                assert_eq!(lines(&preview), [(-2_300, true), (4_600, true)]);
            }
        }
    }
    let next = shop.bench.post("/v1/invoices/create_preview", &[("subscription", text(&subscription, "id"))]).await;
    assert_eq!(lines(&next), [(3_000, false)], "without a change it is the next renewal");
    let mut real = vec![("items[0][id]", item(&subscription)), ("items[0][price]", shop.business.as_str())];
    real.extend([("proration_behavior", "always_invoice"), ("proration_date", moment.as_str()), ("expand[]", "latest_invoice")]);
    let changed = shop.bench.post(&path(&subscription), &real).await;
    assert_eq!(lines(&changed["latest_invoice"]), [(-2_300, true), (4_600, true)]);
}

#[tokio::test]
async fn a_change_that_must_be_paid_and_is_not_leaves_nothing_behind() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    shop.fail_from_now_on(&subscription).await;
    shop.pass(15);
    let before = shop.bench.get(&path(&subscription)).await;
    let known = (shop.bench.events().await, shop.bench.list("/v1/invoices").await, shop.bench.list("/v1/payment_intents").await);
    let change =
        [("items[0][id]", item(&subscription)), ("items[0][price]", shop.business.as_str()), ("proration_behavior", "always_invoice")];
    let refused = shop
        .bench
        .call(
            "POST",
            &path(&subscription),
            &[("idempotency-key", "up")],
            &[&change[..], &[("payment_behavior", "error_if_incomplete")]].concat(),
        )
        .await;
    let error = &refused.json()["error"];
    assert_eq!(
        (refused.status, &error["type"], &error["code"], &error["decline_code"]),
        (402, &"card_error".into(), &"card_declined".into(), &"generic_decline".into())
    );
    assert_eq!(shop.bench.get(&path(&subscription)).await, before);
    assert_eq!((shop.bench.events().await, shop.bench.list("/v1/invoices").await, shop.bench.list("/v1/payment_intents").await), known);
    assert!(shop.bench.list("/v1/invoiceitems").await.is_empty());
}

#[tokio::test]
async fn a_change_can_wait_for_its_payment_or_run_out() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    let good = subscription["default_payment_method"].as_str().unwrap().to_owned();
    shop.fail_from_now_on(&subscription).await;
    shop.pass(15);
    let change = [
        ("items[0][id]", item(&subscription)),
        ("items[0][price]", shop.business.as_str()),
        ("proration_behavior", "always_invoice"),
        ("payment_behavior", "pending_if_incomplete"),
        ("expand[]", "latest_invoice"),
    ];
    let waiting = shop.bench.post(&path(&subscription), &change).await;
    assert_eq!(waiting["items"]["data"][0]["price"]["id"], shop.pro.as_str());
    assert_eq!(waiting["pending_update"]["subscription_items"][0]["price"]["id"], shop.business.as_str());
    assert_eq!((&waiting["status"], &waiting["latest_invoice"]["status"]), (&"active".into(), &"open".into()));
    let refused = shop.bench.call("POST", &path(&subscription), &[], &[&change[1..4], &[("metadata[a]", "b")]].concat()).await;
    assert_eq!(refused.status, 400);

    let invoice = format!("/v1/invoices/{}/pay", text(&waiting["latest_invoice"], "id"));
    assert_eq!(shop.bench.call("POST", &invoice, &[], &[]).await.status, 402);
    let paid = shop.bench.post(&invoice, &[("payment_method", &good)]).await;
    assert_eq!((&paid["status"], &paid["amount_paid"]), (&"paid".into(), &1_500.into()));
    let applied = shop.bench.get(&path(&subscription)).await;
    assert_eq!((&applied["items"]["data"][0]["price"]["id"], &applied["pending_update"]), (&shop.business.as_str().into(), &Value::Null));
    assert!(shop.bench.events().await.contains(&"customer.subscription.pending_update_applied".to_owned()));

    let more = [("items[0][id]", item(&subscription)), ("items[0][quantity]", "3"), change[2], change[3]];
    let waiting = shop.bench.post(&path(&subscription), &more).await;
    shop.pass(1);
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let given_up = shop.bench.get(&path(&subscription)).await;
    assert_eq!((&given_up["items"]["data"][0]["quantity"], &given_up["pending_update"]), (&1.into(), &Value::Null));
    assert_eq!(shop.bench.get(&format!("/v1/invoices/{}", text(&waiting, "latest_invoice"))).await["status"], "void");
    assert!(shop.bench.events().await.contains(&"customer.subscription.pending_update_expired".to_owned()));
}

#[tokio::test]
async fn what_is_given_back_beyond_the_debit_pays_the_next_invoice() {
    let shop = shop("eur").await;
    let subscription = shop.bench.subscription(&shop.business, GOOD, &[]).await;
    shop.pass(15);
    let change = [
        ("items[0][id]", item(&subscription)),
        ("items[0][price]", shop.pro.as_str()),
        ("proration_behavior", "always_invoice"),
        ("expand[]", "latest_invoice"),
    ];
    let changed = shop.bench.post(&path(&subscription), &change).await;
    let invoice = &changed["latest_invoice"];
    assert_eq!((&invoice["total"], &invoice["amount_due"], &invoice["status"]), (&(-1_500).into(), &0.into(), &"paid".into()));
    assert_eq!((&invoice["starting_balance"], &invoice["ending_balance"]), (&0.into(), &(-1_500).into()));
    let customer = format!("/v1/customers/{}", text(&subscription, "customer"));
    assert_eq!(shop.bench.get(&customer).await["balance"], -1_500);
    shop.pass(16);
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let renewed = shop.bench.get(&format!("{}?expand[]=latest_invoice", path(&subscription))).await;
    let invoice = &renewed["latest_invoice"];
    assert_eq!((&invoice["total"], &invoice["amount_paid"], &invoice["ending_balance"]), (&3_000.into(), &1_500.into(), &0.into()));
    assert_eq!(shop.bench.get(&customer).await["balance"], 0);
}

#[tokio::test]
async fn a_difference_can_wait_for_the_next_invoice() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    shop.pass(15);
    shop.bench.post(&path(&subscription), &[("items[0][id]", item(&subscription)), ("items[0][quantity]", "4")]).await;
    let waiting = shop.bench.list("/v1/invoiceitems?pending=true").await;
    assert_eq!((waiting.len(), &waiting[1]["amount"], &waiting[0]["amount"]), (2, &(-1_500).into(), &6_000.into()));
    assert_eq!(shop.bench.list("/v1/invoices").await.len(), 1);
    let next = shop.bench.post("/v1/invoices/create_preview", &[("subscription", text(&subscription, "id"))]).await;
    assert_eq!(lines(&next), [(12_000, false), (-1_500, true), (6_000, true)]);
    shop.pass(16);
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let renewed = shop.bench.get(&format!("{}?expand[]=latest_invoice", path(&subscription))).await;
    assert_eq!(lines(&renewed["latest_invoice"]), lines(&next));
    assert!(shop.bench.list("/v1/invoiceitems?pending=true").await.is_empty());
}

#[tokio::test]
async fn another_rhythm_begins_at_once() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    shop.pass(15);
    let change = [("items[0][id]", item(&subscription)), ("items[0][price]", shop.yearly.as_str()), ("expand[]", "latest_invoice")];
    let changed = shop.bench.post(&path(&subscription), &change).await;
    assert_eq!(lines(&changed["latest_invoice"]), [(-1_500, true), (30_000, false)]);
    let start = START.unix_timestamp() + 15 * 86_400;
    let item = &changed["items"]["data"][0];
    assert_eq!((&item["current_period_start"], &changed["billing_cycle_anchor"]), (&start.into(), &start.into()));
    assert_eq!(item["current_period_end"], datetime!(2028-04-16 00:00 UTC).unix_timestamp());
}

#[tokio::test]
async fn a_trial_ends_on_request_if_it_can_be_paid() {
    let shop = shop("usd").await;
    let trial = [("subscription_data[trial_period_days]", "14")];
    let failing = shop.bench.subscription(&shop.pro, FAILING, &trial).await;
    let now = [("trial_end", "now"), ("payment_behavior", "error_if_incomplete"), ("expand[]", "latest_invoice")];
    assert_eq!(shop.bench.call("POST", &path(&failing), &[], &now).await.status, 402);
    assert_eq!(shop.bench.get(&path(&failing)).await, failing);

    let subscription = shop.bench.subscription(&shop.pro, GOOD, &trial).await;
    shop.pass(3);
    let seats = [("items[0][id]", item(&subscription)), ("items[0][quantity]", "2"), ("proration_behavior", "always_invoice")];
    let more = shop.bench.post(&path(&subscription), &seats).await;
    assert_eq!(
        (&more["items"]["data"][0]["quantity"], &more["latest_invoice"]),
        (&2.into(), &subscription["latest_invoice"]),
        "seats cost nothing in a trial"
    );
    let preview = [("subscription", text(&subscription, "id")), ("subscription_details[trial_end]", "now")];
    assert_eq!(lines(&shop.bench.post("/v1/invoices/create_preview", &preview).await), [(6_000, false)]);
    let ended = shop.bench.post(&path(&subscription), &now).await;
    let today = START.unix_timestamp() + 3 * 86_400;
    assert_eq!((&ended["status"], &ended["trial_end"], &ended["billing_cycle_anchor"]), (&"active".into(), &today.into(), &today.into()));
    assert_eq!((lines(&ended["latest_invoice"]), &ended["latest_invoice"]["status"]), (vec![(6_000, false)], &"paid".into()));
}

#[tokio::test]
async fn without_a_word_about_payment_a_change_is_made_and_owed() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    shop.fail_from_now_on(&subscription).await;
    let change = [
        ("items[0][id]", item(&subscription)),
        ("items[0][price]", shop.business.as_str()),
        ("proration_behavior", "always_invoice"),
        ("expand[]", "latest_invoice"),
    ];
    let owed = shop.bench.post(&path(&subscription), &change).await;
    assert_eq!((&owed["status"], &owed["latest_invoice"]["status"]), (&"past_due".into(), &"open".into()));
    let good = subscription["default_payment_method"].as_str().unwrap();
    let pay = format!("/v1/invoices/{}/pay", text(&owed["latest_invoice"], "id"));
    let foreign = shop.bench.call("POST", &pay, &[], &[("payment_method", "pm_unknown")]).await;
    assert_eq!(foreign.status, 400);
    assert_eq!(shop.bench.post(&pay, &[("payment_method", good)]).await["status"], "paid");
    assert_eq!(shop.bench.get(&path(&subscription)).await["status"], "active");
    let again = shop.bench.call("POST", &pay, &[], &[]).await;
    assert_eq!((again.status, &again.json()["error"]["message"]), (400, &"Invoice is already paid".into()));
}

#[tokio::test]
async fn an_end_is_planned_and_taken_back() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    let end = &subscription["items"]["data"][0]["current_period_end"];
    let planned = shop.bench.post(&path(&subscription), &[("cancel_at", "min_period_end")]).await;
    assert_eq!((&planned["cancel_at"], &planned["cancel_at_period_end"]), (end, &false.into()));
    let unset = shop.bench.post(&path(&subscription), &[("cancel_at", "")]).await;
    assert_eq!((&unset["cancel_at"], &unset["canceled_at"]), (&Value::Null, &Value::Null));
    let both = [("cancel_at", "4000000000"), ("cancel_at_period_end", "true")];
    assert_eq!(shop.bench.call("POST", &path(&subscription), &[], &both).await.status, 400);
    shop.bench.post(&path(&subscription), &[("cancel_at_period_end", "true")]).await;
    let nothing = shop.bench.call("POST", "/v1/invoices/create_preview", &[], &[("subscription", text(&subscription, "id"))]).await;
    assert_eq!((nothing.status, &nothing.json()["error"]["code"]), (400, &"invoice_upcoming_none".into()));
}

#[tokio::test]
async fn impossible_changes_are_refused_by_name() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    let euro = shop.bench.price("3000", "eur", Some("month")).await;
    let once = shop.bench.price("3000", "usd", None).await;
    let id = item(&subscription).to_owned();
    let cases = [
        (vec![("items[0][id]", "si_unknown")], "items[0][id]"),
        (vec![("items[0][id]", id.as_str()), ("items[0][price]", euro.as_str())], "items[0][price]"),
        (vec![("items[0][id]", id.as_str()), ("items[0][price]", once.as_str())], "items[0][price]"),
        (vec![("items[0][quantity]", "3")], "items[0][price]"),
        (vec![("items[0][price]", shop.pro.as_str())], "items"),
        (vec![("items[0][price]", shop.yearly.as_str())], "items"),
        (vec![("items[0][id]", id.as_str()), ("items[0][deleted]", "true")], "items"),
        (vec![("proration_behavior", "sometimes")], "proration_behavior"),
        (vec![("proration_date", "1000")], "proration_date"),
        (vec![("trial_end", "yesterday")], "trial_end"),
        (vec![("payment_behavior", "maybe")], "payment_behavior"),
        (vec![("coupon", "x")], "coupon"),
    ];
    for (change, param) in cases {
        let refused = shop.bench.call("POST", &path(&subscription), &[], &change).await;
        assert_eq!((refused.status, refused.json()["error"]["param"].as_str()), (400, Some(param)), "{change:?}: {}", refused.text);
    }
    let two = [("items[0][price]", shop.business.as_str()), ("proration_behavior", "none")];
    assert_eq!(
        shop.bench.post(&path(&subscription), &two).await["items"]["data"].as_array().unwrap().len(),
        2,
        "an item without an id is a new one"
    );
}

#[tokio::test]
async fn an_end_can_give_back_the_rest() {
    let shop = shop("usd").await;
    let subscription = shop.bench.subscription(&shop.pro, GOOD, &[]).await;
    shop.pass(15);
    let ended = shop
        .bench
        .call("DELETE", &path(&subscription), &[], &[("prorate", "true"), ("invoice_now", "true"), ("expand[]", "latest_invoice")])
        .await
        .json();
    assert_eq!((&ended["status"], &ended["latest_invoice"]["total"]), (&"canceled".into(), &(-1_500).into()));
    assert_eq!(shop.bench.get(&format!("/v1/customers/{}", text(&subscription, "customer"))).await["balance"], -1_500);
}
