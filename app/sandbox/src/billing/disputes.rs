//! Disputes: a card's owner denies a charge, and the money is away until somebody decides.

use serde_json::{Value, json};

use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

/// Nine days, in which a dispute can be answered.
const ANSWER_SECONDS: i64 = 9 * 86_400;
/// What a dispute costs the seller, in minor units.
const FEE: i64 = 1_500;

/// The card's owner denies the charge: the money is taken back until somebody decides.
pub fn open(tx: &mut Tx, charge: &str) {
    tx.edit_hidden(charge, |hidden| hidden.set("dispute_at", Value::Null));
    tx.edit(charge, |charge| charge.set("disputed", true));
    let (charge, created) = (tx.value(charge).clone(), tx.now);
    let id = ids::fresh("dp_1", 23);
    let dispute = shapes::dispute(json!({
        "id": id,
        "amount": charge.at("amount"),
        "charge": charge.at("id"),
        "created": created,
        "currency": charge.at("currency"),
        "evidence_details": {
            "due_by": created + ANSWER_SECONDS, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false, "submission_count": 0,
        },
        "payment_intent": charge.at("payment_intent"),
        "payment_method_details": {
            "card": { "brand": charge.at("payment_method_details.card.brand"), "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4" },
            "type": "card",
        },
    }));
    tx.add(dispute, Value::Null);
    tx.emit("charge.dispute.created", &id);
    move_money(tx, &id, -charge.integer("amount"), FEE, "charge.dispute.funds_withdrawn");
}

/// The seller has answered; the bank looks at it.
pub fn submit(tx: &mut Tx, id: &str) {
    tx.update(id, "charge.dispute.updated", |dispute| {
        let count = dispute.integer("evidence_details.submission_count");
        dispute.set("evidence_details.submission_count", count + 1);
        dispute.set("status", "under_review");
    });
}

/// True while a dispute is undecided.
pub fn is_open(dispute: &Value) -> bool {
    matches!(dispute.text("status"), "needs_response" | "under_review")
}

/// Decides an undecided dispute. A won one brings the money back.
pub fn decide(tx: &mut Tx, id: &str, won: bool) {
    tx.edit(id, |dispute| dispute.set("status", if won { "won" } else { "lost" }));
    tx.emit("charge.dispute.closed", id);
    if won {
        let amount = tx.value(id).integer("amount");
        move_money(tx, id, amount, 0, "charge.dispute.funds_reinstated");
    }
}

/// Takes down money that moved, in minor units, and tells.
fn move_money(tx: &mut Tx, id: &str, amount: i64, fee: i64, event: &str) {
    let (dispute, now) = (tx.value(id).clone(), tx.now);
    let (currency, category) = (dispute.at("currency").clone(), if amount < 0 { "dispute" } else { "dispute_reversal" });
    let fees = json!([{ "amount": fee, "application": null, "currency": currency, "description": "Dispute fee", "type": "stripe_fee" }]);
    let entry = shapes::balance_transaction(json!({
        "id": ids::fresh("txn_1", 23), "amount": amount, "available_on": now, "created": now, "currency": currency, "fee": fee,
        "description": format!("Chargeback for {}", dispute.text("charge")), "fee_details": if fee == 0 { json!([]) } else { fees },
        "net": amount - fee, "reporting_category": category, "source": id,
    }));
    tx.edit(id, |dispute| {
        let mut entries = dispute.entries("balance_transactions").to_vec();
        entries.push(entry);
        dispute.set("balance_transactions", entries);
    });
    tx.emit(event, id);
}
