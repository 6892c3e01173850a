//! Refunds: money that goes back to the card it came from, whole or in parts.

use serde_json::{Value, json};

use crate::events;
use crate::ids;
use crate::json::{At, differences};
use crate::shapes;
use crate::store::Tx;

use super::periods::DAY;

/// How long after a refund a bank that does not take it says so: a day.
const FAILS_AFTER: i64 = DAY;

/// What is left of a charge to give back, in minor units.
pub fn refundable(charge: &Value) -> i64 {
    charge.integer("amount_captured") - charge.integer("amount_refunded")
}

/// Gives `amount` of a charge back; answers the refund's id. The caller knows that so much is left.
pub fn refund(tx: &mut Tx, charge: &str, amount: i64, reason: Option<&str>, metadata: &Value) -> String {
    let paid = tx.value(charge).clone();
    let id = ids::fresh("re_3", 23);
    let mut refund = shapes::refund(json!({
        "id": id, "amount": amount, "balance_transaction": ids::fresh("txn_3", 23), "charge": charge, "created": tx.now,
        "currency": paid.at("currency"), "customer": paid.at("customer"), "metadata": metadata, "payment_intent": paid.at("payment_intent"),
        "payment_method": paid.at("payment_method"), "reason": reason, "status": "succeeded",
    }));
    refund["destination_details"] = json!({ "card": { "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund" }, "type": "card" });
    let fails = tx.hidden(paid.text("payment_method")).flag("refunds_fail");
    tx.add(refund, json!({ "fails_at": fails.then_some(tx.now + FAILS_AFTER) }));
    tx.update(charge, "charge.refunded", |charge| {
        let refunded = charge.integer("amount_refunded") + amount;
        charge.set("amount_refunded", refunded);
        charge.set("refunded", refunded == charge.integer("amount_captured"));
    });
    tx.emit("refund.created", &id);
    // The bank names its reference a moment later.
    let reference = ids::fresh("", 23);
    tx.update(&id, "refund.updated", |refund| {
        refund.set("destination_details.card.reference", reference);
        refund.set("destination_details.card.reference_status", "available");
    });
    id
}

/// The card's bank did not take a refund: the money is back with the seller, and the charge stands as before.
pub fn fail(tx: &mut Tx, id: &str) {
    let refund = tx.value(id).clone();
    tx.edit_hidden(id, |hidden| hidden.set("fails_at", Value::Null));
    tx.edit(refund.text("charge"), |charge| {
        charge.set("amount_refunded", charge.integer("amount_refunded") - refund.integer("amount"));
        charge.set("refunded", false);
    });
    let returned = ids::fresh("txn_3", 23);
    tx.edit(id, |refund| {
        refund.set("failure_balance_transaction", returned);
        refund.set("failure_reason", "expired_or_canceled_card");
        refund.set("status", "failed");
    });
    let previous = differences(&refund, tx.value(id));
    for kind in ["charge.refund.updated", "refund.updated"] {
        events::emit(tx, kind, id, Some(previous.clone()));
    }
    tx.emit("refund.failed", id);
}
