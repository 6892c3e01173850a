//! Coupons at work: what they take off, for whom and how long.

use serde_json::{Value, json};

use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::periods::next_boundary;
use super::prorations::share;

/// What a coupon takes off each of these amounts. A fixed amount is spread over them, and never more than there is.
pub fn off(coupon: &Value, amounts: &[i64]) -> Vec<i64> {
    if let Some(percent) = coupon.at("percent_off").as_f64() {
        let basis_points = basis_points(percent);
        return amounts.iter().map(|amount| share((*amount).max(0), basis_points, 10_000)).collect();
    }
    let whole: i64 = amounts.iter().map(|amount| (*amount).max(0)).sum();
    let taken = coupon.integer("amount_off").min(whole);
    let (mut left, mut rest) = (taken, whole);
    let spread = amounts.iter().map(|amount| {
        let part = share(left, (*amount).max(0), rest);
        left -= part;
        rest -= (*amount).max(0);
        part
    });
    spread.collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a percentage is between 0 and 100")]
fn basis_points(percent: f64) -> i64 {
    (percent * 100.0).round() as i64
}

/// True when a coupon applies to a line.
pub fn covers(coupon: &Value, line: &Value) -> bool {
    let products = coupon.entries("applies_to.products");
    line.flag("discountable") && (products.is_empty() || products.contains(line.at("pricing.price_details.product")))
}

/// Why a coupon cannot be used now; nothing when it can.
pub fn refusal(coupon: &Value, currency: &str, now: i64) -> Option<&'static str> {
    let over = coupon.at("redeem_by").as_i64().is_some_and(|at| at <= now);
    let used_up = coupon.at("max_redemptions").as_i64().is_some_and(|most| coupon.integer("times_redeemed") >= most);
    let foreign = coupon.at("currency").as_str().is_some_and(|of| of != currency);
    match (over, used_up, foreign) {
        (true, _, _) => Some("This code has expired."),
        (_, true, _) => Some("This code has been used up."),
        (_, _, true) => Some("This code is for another currency."),
        _ => None,
    }
}

/// Who gets a discount, through what.
pub struct Redeemed<'r> {
    pub coupon: &'r str,
    pub promotion_code: Option<&'r str>,
    pub customer: &'r str,
    pub subscription: Option<&'r str>,
    pub session: Option<&'r str>,
}

/// Redeems a coupon; answers the discount's id.
pub fn redeem(tx: &mut Tx, redeemed: &Redeemed) -> String {
    let coupon = tx.value(redeemed.coupon).clone();
    let end = match coupon.text("duration") {
        "repeating" => Some((0..coupon.integer("duration_in_months")).fold(tx.now, |at, _| next_boundary(tx.now, "month", 1, at))),
        _ => None,
    };
    let discount = shapes::discount(json!({
        "id": ids::fresh("di_1", 23), "checkout_session": redeemed.session, "customer": redeemed.customer, "end": end,
        "promotion_code": redeemed.promotion_code, "source": { "coupon": redeemed.coupon, "type": "coupon" }, "start": tx.now,
        "subscription": redeemed.subscription,
    }));
    let id = tx.add(discount, Value::Null);
    for used in [Some(redeemed.coupon), redeemed.promotion_code].into_iter().flatten() {
        tx.edit(used, |used| used.set("times_redeemed", used.integer("times_redeemed") + 1));
    }
    tx.emit("customer.discount.created", &id);
    id
}

/// The discounts of a subscription that count at `at`, in unix seconds.
pub fn current(tx: &Tx, subscription: &Value, at: i64) -> Vec<String> {
    let all = subscription.entries("discounts").iter().filter_map(Value::as_str);
    all.filter(|id| tx.value(id).at("end").as_i64().is_none_or(|end| at < end)).map(str::to_owned).collect()
}

/// Takes away from a subscription what was for one invoice and took something off this one, or is over at `at`.
pub fn retire(tx: &mut Tx, subscription: &str, invoice: &str, at: i64) {
    let known: Vec<String> = tx.value(subscription).entries("discounts").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let taken = |id: &str| {
        tx.value(invoice).entries("total_discount_amounts").iter().any(|off| off.text("discount") == id && off.integer("amount") > 0)
    };
    let once = |id: &str| tx.value(tx.value(id).text("source.coupon")).text("duration") == "once";
    let over = |id: &str| tx.value(id).at("end").as_i64().is_some_and(|end| at >= end);
    let (gone, kept): (Vec<String>, Vec<String>) = known.into_iter().partition(|id| over(id) || (once(id) && taken(id)));
    for id in &gone {
        tx.emit("customer.discount.deleted", id);
    }
    if !gone.is_empty() {
        tx.edit(subscription, |subscription| subscription.set("discounts", kept));
    }
}

/// The part of a price that the subscription's percentages leave, for prorations.
pub fn net(tx: &Tx, subscription: &Value, amount: i64, at: i64) -> i64 {
    let percents = current(tx, subscription, at);
    let percents = percents.iter().filter_map(|id| tx.value(tx.value(id).text("source.coupon")).at("percent_off").as_f64());
    percents.fold(amount, |amount, percent| amount - share(amount, basis_points(percent), 10_000))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::off;

    #[test]
    fn a_fixed_amount_is_spread_whole_and_never_exceeds_the_lines() {
        let coupon = |amount: i64| json!({ "amount_off": amount });
        assert_eq!(off(&coupon(100), &[1_000, 2_000]), [33, 67]);
        assert_eq!(off(&coupon(5_000), &[1_000, 2_000]), [1_000, 2_000]);
        assert_eq!(off(&coupon(100), &[0, -50, 200]), [0, 0, 100]);
        for amount in 0..500 {
            let parts = off(&coupon(amount), &[333, 77, 1, 89]);
            assert_eq!(parts.iter().sum::<i64>(), amount);
            assert!(parts.iter().zip([333, 77, 1, 89]).all(|(part, most)| (0..=most).contains(part)), "{amount}: {parts:?}");
        }
        assert_eq!(off(&json!({ "percent_off": 12.5 }), &[2_900, 101]), [363, 13]);
    }
}
