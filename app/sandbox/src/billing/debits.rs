//! Debits of bank accounts: sent for at once, and days later the money is there or will not come.

use serde_json::{Value, json};

use crate::banks::Account;
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::payments::{self, Made};
use super::periods::DAY;
use super::{checkout, invoices};

/// What Stripe calls a bank account that is debited.
pub const TYPE: &str = "us_bank_account";
/// How long a bank takes to answer: four days.
const TAKES: i64 = 4 * DAY;

/// Takes down a bank account as a payment method that belongs to nobody yet; answers its id.
pub fn add_account(tx: &mut Tx, account: &Account) -> String {
    let method = shapes::bank_account(json!({ "id": ids::fresh("pm_1", 23), "created": tx.now, "us_bank_account": account.shape() }));
    tx.add(method, Value::Null)
}

/// True for a payment method whose money takes days.
pub fn is_slow(tx: &Tx, method: &str) -> bool {
    tx.value(method).text("type") == TYPE
}

/// Charges a payment intent: a card's money is there at once.
pub fn charge(tx: &mut Tx, intent: &str, method: &str) {
    if is_slow(tx, method) {
        begin(tx, intent, method);
    } else {
        payments::succeed(tx, intent, method);
    }
}

/// Sends for the money of a payment intent.
pub fn begin(tx: &mut Tx, intent: &str, method: &str) {
    let account = tx.value(method).clone();
    let charge = payments::charge(tx, intent, &account, Made::Pending);
    tx.emit("charge.pending", &charge);
    tx.edit(intent, |intent| {
        intent.set("last_payment_error", Value::Null);
        intent.set("latest_charge", charge);
        intent.set("next_action", Value::Null);
        intent.set("payment_method", method);
        intent.set("payment_method_types", json!(["card", TYPE]));
        intent.set("status", "processing");
    });
    let answered = tx.now + TAKES;
    tx.edit_hidden(intent, |hidden| hidden.set("answered_at", answered));
    tx.emit("payment_intent.processing", intent);
}

/// When the bank answers a debit that is under way, in unix seconds.
pub fn awaited(tx: &Tx, intent: &str) -> Option<i64> {
    tx.hidden(intent).at("answered_at").as_i64()
}

/// The bank has answered: the money is there, or will not come.
pub fn arrive(tx: &mut Tx, intent: &str) {
    tx.edit_hidden(intent, |hidden| hidden.set("answered_at", Value::Null));
    let known = tx.value(intent).clone();
    let (method, charge) = (tx.value(known.text("payment_method")).clone(), known.text("latest_charge"));
    let invoice = invoices::of_intent(tx, intent);
    let verdict = Account::verdict(method.text("us_bank_account.last4"));
    match verdict {
        Ok(()) => {
            let (receipt, entry) = (payments::receipt(tx, charge), ids::fresh("txn_3", 23));
            tx.edit(charge, |charge| {
                charge.set("balance_transaction", entry);
                charge.set("amount_captured", charge.integer("amount"));
                charge.set("captured", true);
                charge.set("paid", true);
                charge.set("receipt_url", receipt);
                charge.set("status", "succeeded");
            });
            tx.emit("charge.succeeded", charge);
            payments::receive(tx, intent, method.text("id"), charge);
        }
        Err(decline) => {
            tx.edit(charge, |charge| {
                charge.set("failure_code", decline.code);
                charge.set("failure_message", decline.message);
                charge.set("status", "failed");
            });
            tx.emit("charge.failed", charge);
            payments::give_up(tx, intent, &method, charge, decline);
        }
    }
    if let Some(invoice) = &invoice {
        invoices::debited(tx, invoice, verdict.is_ok());
    }
    checkout::debited(tx, intent, invoice.as_deref(), verdict.is_ok());
}
