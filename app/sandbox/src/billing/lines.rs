//! Lines of invoices, and the invoice items that some of them come from.

use serde_json::{Value, json};

use crate::dates::day;
use crate::ids;
use crate::json::At;
use crate::money;
use crate::shapes;
use crate::store::Tx;

use super::discounts;
use super::prorations::remaining;

/// A line for one period of a subscription item.
pub fn of_period(item: &Value, product: &str, period: (i64, i64), trial: bool) -> Value {
    let price = item.at("price");
    let quantity = item.integer("quantity");
    let unit = if trial { 0 } else { price.integer("unit_amount") };
    let description = if trial {
        format!("Trial period for {product}")
    } else {
        let amount = money::written(unit, price.text("currency"));
        format!("{quantity} × {product} (at {amount} / {})", interval(price))
    };
    let parent = json!({
        "invoice_item_details": null,
        "subscription_item_details": {
            "invoice_item": null, "proration": false, "proration_details": { "credited_items": null },
            "subscription": item.at("subscription"), "subscription_item": item.at("id"),
        },
        "type": "subscription_item_details",
    });
    shapes::line_item(json!({
        "id": ids::fresh("il_1", 23),
        "amount": unit * quantity,
        "currency": price.at("currency"),
        "description": description,
        "metadata": item.at("metadata"),
        "parent": parent,
        "period": { "start": period.0, "end": period.1 },
        "pricing": pricing(price, unit),
        "quantity": quantity,
        "quantity_decimal": quantity.to_string(),
        "subscription": item.at("subscription"),
        "subtotal": unit * quantity,
    }))
}

/// The line of an invoice item.
pub fn of_item(item: &Value) -> Value {
    let (proration, subscription) = (item.at("proration"), item.at("parent.subscription_details.subscription"));
    let credited = item.at("proration_details.credited_items.invoice_line_item_details");
    let details = json!({
        "invoice_item": item.at("id"), "proration": proration, "proration_details": { "credited_items": credited }, "subscription": subscription,
    });
    let parent = match item.at("parent.subscription_details.subscription_item") {
        Value::Null => json!({ "invoice_item_details": details, "subscription_item_details": null, "type": "invoice_item_details" }),
        of => {
            let mut details = details;
            details.set("subscription_item", of.clone());
            json!({ "invoice_item_details": null, "subscription_item_details": details, "type": "subscription_item_details" })
        }
    };
    shapes::line_item(json!({
        "id": ids::fresh("il_1", 23), "amount": item.at("amount"), "currency": item.at("currency"), "description": item.at("description"),
        "discountable": item.at("discountable"), "metadata": item.at("metadata"), "parent": parent, "period": item.at("period"),
        "pricing": item.at("pricing"), "quantity": item.at("quantity"), "quantity_decimal": item.at("quantity_decimal"),
        "subscription": subscription, "subtotal": item.at("amount"),
    }))
}

/// A line for something bought once.
pub fn of_purchase(item: &Value, now: i64) -> Value {
    let parent = json!({
        "invoice_item_details": { "invoice_item": ids::fresh("ii_1", 23), "proration": false, "proration_details": { "credited_items": null }, "subscription": null },
        "subscription_item_details": null,
        "type": "invoice_item_details",
    });
    let (price, quantity) = (item.at("price"), item.integer("quantity"));
    let amount = price.integer("unit_amount") * quantity;
    shapes::line_item(json!({
        "id": ids::fresh("il_1", 23), "amount": amount, "currency": price.at("currency"), "description": item.at("description"),
        "parent": parent, "period": { "start": now, "end": now }, "pricing": pricing(price, price.integer("unit_amount")),
        "quantity": quantity, "quantity_decimal": quantity.to_string(), "subtotal": amount,
    }))
}

/// What a change gives back for a subscription item from `at` on, or asks for it, as an invoice item that is not stored yet.
pub fn proration(tx: &Tx, subscription: &Value, item: &Value, at: i64, credit: bool) -> Value {
    let price = item.at("price");
    let product = tx.value(price.text("product")).text("name");
    let quantity = item.integer("quantity");
    let what = if quantity == 1 { product.to_owned() } else { format!("{quantity} × {product}") };
    let net = discounts::net(tx, subscription, remaining(item, at), at);
    let (amount, time) = if credit { (-net, "Unused") } else { (net, "Remaining") };
    let mut proration = shapes::invoiceitem(json!({
        "id": ids::fresh("ii_1", 23),
        "amount": amount,
        "currency": price.at("currency"),
        "customer": subscription.at("customer"),
        "date": tx.now,
        "description": format!("{time} time on {what} after {}", day(at)),
        "discountable": false,
        "net_amount": amount,
        "parent": {
            "subscription_details": { "subscription": subscription.at("id"), "subscription_item": item.at("id") },
            "type": "subscription_details",
        },
        "period": { "start": at, "end": item.at("current_period_end") },
        "pricing": pricing(price, price.integer("unit_amount")),
        "proration": true,
        "quantity": quantity,
        "quantity_decimal": quantity.to_string(),
    }));
    let credited = if credit { credited(tx, subscription, item) } else { Value::Null };
    proration["proration_details"] = json!({ "credited_items": credited, "discount_amounts": [] });
    proration
}

/// The line of the latest invoice that asked for what is given back.
fn credited(tx: &Tx, subscription: &Value, item: &Value) -> Value {
    let invoice = tx.value(subscription.text("latest_invoice"));
    let line = invoice
        .entries("lines.data")
        .iter()
        .find(|line| line.text("parent.subscription_item_details.subscription_item") == item.text("id") && line.integer("amount") > 0);
    line.map_or(Value::Null, |line| {
        let details = json!({ "invoice": invoice.at("id"), "invoice_line_items": [line.at("id")] });
        json!({ "invoice_line_item_details": details, "type": "invoice_line_items" })
    })
}

/// The `pricing` of lines and invoice items.
pub fn pricing(price: &Value, unit: i64) -> Value {
    json!({
        "price_details": { "price": price.at("id"), "product": price.at("product") },
        "type": "price_details",
        "unit_amount_decimal": unit.to_string(),
    })
}

/// `month`, or `3 months`.
pub fn interval(price: &Value) -> String {
    let interval = price.text("recurring.interval");
    match price.integer("recurring.interval_count") {
        0 | 1 => interval.to_owned(),
        count => format!("{count} {interval}s"),
    }
}
