//! Coupons, promotion codes and automatic tax: what they make of a bill.

use serde_json::{Value, json};

use crate::support::{Bench, CANCEL, DAY_MS, SUCCESS, send, text};

const GOOD: &str = "4242424242424242";

async fn code(bench: &Bench, coupon: &[(&str, &str)], code: &str, extra: &[(&str, &str)]) -> Value {
    let coupon = bench.post("/v1/coupons", coupon).await;
    let pairs = [&[("promotion[type]", "coupon"), ("promotion[coupon]", text(&coupon, "id")), ("code", code)], extra].concat();
    bench.post("/v1/promotion_codes", &pairs).await
}

async fn page(bench: &Bench, session: &Value) -> String {
    send(&bench.address, "GET", &format!("/pay/{}", text(session, "id")), &[], "").await.unwrap().text
}

#[tokio::test]
async fn a_code_typed_on_the_page_takes_off_what_it_says_as_long_as_it_says() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    code(&bench, &[("percent_off", "25"), ("duration", "repeating"), ("duration_in_months", "2")], "SPRING", &[]).await;
    let session = bench.session("subscription", &price, &[("allow_promotion_codes", "true")]).await;
    let wrong = bench.type_in(&session, &[("action", "apply"), ("promotion_code", "WINTER")]).await;
    assert!(wrong.status == 422 && wrong.text.contains(r#"role="alert">This code is not valid."#) && wrong.text.contains("WINTER"));
    assert_eq!(bench.type_in(&session, &[("action", "apply"), ("promotion_code", " spring ")]).await.status, 303);
    let shown = page(&bench, &session).await;
    assert!(shown.contains("Discount</th><td>-$7.25") && shown.contains("Due today</th><td>$21.75"), "{shown}");
    assert_eq!(bench.pay(&session, GOOD).await.status, 303);

    let bought = bench.get(&format!("/v1/checkout/sessions/{}?expand[]=subscription.latest_invoice", text(&session, "id"))).await;
    assert_eq!(
        (&bought["amount_subtotal"], &bought["amount_total"], &bought["total_details"]["amount_discount"]),
        (&2_900.into(), &2_175.into(), &725.into())
    );
    assert!(bought["discounts"][0]["promotion_code"].as_str().unwrap().starts_with("promo_"));
    let invoice = &bought["subscription"]["latest_invoice"];
    assert_eq!((&invoice["subtotal"], &invoice["total"], &invoice["amount_paid"]), (&2_900.into(), &2_175.into(), &2_175.into()));
    let discount = &bought["subscription"]["discounts"][0];
    assert_eq!(invoice["total_discount_amounts"], json!([{ "amount": 725, "discount": discount }]));
    bench.advance(95 * DAY_MS).await;
    let totals: Vec<Value> = bench.list("/v1/invoices").await.iter().rev().map(|invoice| invoice["total"].clone()).collect();
    assert_eq!(totals, [2_175, 2_175, 2_900, 2_900]);
    assert_eq!(bench.list("/v1/promotion_codes?code=spring").await[0]["times_redeemed"], 1);
}

#[tokio::test]
async fn a_discount_for_once_counts_once_and_prorations_follow_a_lasting_one() {
    let bench = Bench::start().await;
    let price = bench.price("3000", "usd", Some("month")).await;
    let once = bench.post("/v1/coupons", &[("amount_off", "500"), ("currency", "usd"), ("duration", "once")]).await;
    let subscription = bench.subscription(&price, GOOD, &[("discounts[0][coupon]", text(&once, "id"))]).await;
    assert_eq!(subscription["discounts"], json!([]), "what counts once is over with its invoice");
    bench.advance(32 * DAY_MS).await;
    let totals: Vec<Value> = bench.list("/v1/invoices").await.iter().rev().map(|invoice| invoice["total"].clone()).collect();
    assert_eq!(totals, [2_500, 3_000]);

    let half = bench.post("/v1/coupons", &[("percent_off", "50"), ("duration", "forever")]).await;
    let subscription = bench.subscription(&price, GOOD, &[("discounts[0][coupon]", text(&half, "id"))]).await;
    let item = text(&subscription["items"]["data"][0], "id");
    let seats =
        [("items[0][id]", item), ("items[0][quantity]", "3"), ("proration_behavior", "always_invoice"), ("expand[]", "latest_invoice")];
    let changed = bench.post(&format!("/v1/subscriptions/{}", text(&subscription, "id")), &seats).await;
    assert_eq!(changed["latest_invoice"]["total"], 3_000, "two more seats at half price");
}

#[tokio::test]
async fn codes_have_limits() {
    let bench = Bench::start().await;
    let price = bench.price("1900", "usd", None).await;
    let off = [("percent_off", "100")];
    code(&bench, &off, "ONE", &[("max_redemptions", "1")]).await;
    code(&bench, &off, "LARGE", &[("restrictions[minimum_amount]", "5000"), ("restrictions[minimum_amount_currency]", "usd")]).await;
    code(&bench, &[("amount_off", "100"), ("currency", "eur")], "EURO", &[]).await;
    let stopped = code(&bench, &off, "STOPPED", &[]).await;
    bench.post(&format!("/v1/promotion_codes/{}", text(&stopped, "id")), &[("active", "false")]).await;
    let promoted = [("allow_promotion_codes", "true")];
    let session = bench.session("payment", &price, &promoted).await;
    for (code, reason) in [("LARGE", "for a larger order"), ("EURO", "for another currency"), ("STOPPED", "not valid"), ("", "not valid")] {
        let refused = bench.type_in(&session, &[("action", "apply"), ("promotion_code", code)]).await;
        assert!(refused.status == 422 && refused.text.contains(reason), "{code}: {}", refused.text);
    }
    bench.type_in(&session, &[("action", "apply"), ("promotion_code", "ONE")]).await;
    assert!(!page(&bench, &session).await.contains("Card number"), "what costs nothing asks for no card");
    assert_eq!(bench.type_in(&session, &[("action", "pay")]).await.status, 303);
    let late = bench.session("payment", &price, &promoted).await;
    assert_eq!(bench.type_in(&late, &[("action", "apply"), ("promotion_code", "ONE")]).await.status, 422);
    assert!(bench.list("/v1/charges").await.is_empty());
    let plain = bench.session("payment", &price, &[]).await;
    assert!(!page(&bench, &plain).await.contains("Promotion code"));
    assert_eq!(bench.call("POST", "/v1/coupons", &[], &[("percent_off", "101")]).await.status, 400);
    assert_eq!(bench.call("POST", "/v1/coupons", &[], &[("percent_off", "10"), ("duration", "repeating")]).await.status, 400);
}

#[tokio::test]
async fn tax_is_part_of_the_price_or_comes_on_top_and_a_business_abroad_pays_none() {
    let bench = Bench::start().await;
    let price = |behavior: &'static str| {
        let bench = &bench;
        async move {
            let pairs = [
                ("currency", "eur"),
                ("unit_amount", "11900"),
                ("product_data[name]", "Pro"),
                ("recurring[interval]", "month"),
                ("tax_behavior", behavior),
            ];
            text(&bench.post("/v1/prices", &pairs).await, "id").to_owned()
        }
    };
    let (inclusive, exclusive) = (price("inclusive").await, price("exclusive").await);
    let german = [("address[country]", "DE"), ("name", "Acme")];
    for (price, tax_id, total, tax, reason) in [
        (&inclusive, None, 11_900, 1_900, "standard_rated"),
        (&exclusive, None, 14_161, 2_261, "standard_rated"),
        (&exclusive, Some("DE123456789"), 11_900, 0, "reverse_charge"),
    ] {
        let customer = bench.post("/v1/customers", &german).await;
        let id = text(&customer, "id");
        if let Some(value) = tax_id {
            bench.post(&format!("/v1/customers/{id}/tax_ids"), &[("type", "eu_vat"), ("value", value)]).await;
        }
        let pairs = [
            ("mode", "subscription"),
            ("customer", id),
            ("line_items[0][price]", price.as_str()),
            ("line_items[0][quantity]", "1"),
            ("success_url", SUCCESS),
            ("cancel_url", CANCEL),
            ("automatic_tax[enabled]", "true"),
        ];
        let session = bench.post("/v1/checkout/sessions", &pairs).await;
        assert_eq!((&session["amount_total"], &session["total_details"]["amount_tax"]), (&total.into(), &tax.into()));
        bench.pay(&session, GOOD).await;
        let invoice = bench.list(&format!("/v1/invoices?customer={id}")).await.remove(0);
        assert_eq!(
            (&invoice["total"], &invoice["amount_paid"], &invoice["total_taxes"][0]["amount"]),
            (&total.into(), &total.into(), &tax.into())
        );
        assert_eq!(
            (&invoice["total_excluding_tax"], &invoice["total_taxes"][0]["taxability_reason"]),
            (&(total - tax).into(), &reason.into())
        );
    }
}
