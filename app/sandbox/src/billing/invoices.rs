//! Invoices: drafted, finalized, paid, left open or voided.

use serde_json::{Value, json};

use crate::cards::{ACTION_REQUIRED, Card, DECLINED, Decline, NO_METHOD};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{Store, Tx, nothing};

use super::payments::{self, Payment, verdict_on};
use super::{debits, lines, subscriptions, tax_ids, taxes, totals};

/// Days from a failed attempt to the second, third and fourth one.
const RETRY_DAYS: [i64; 3] = [3, 5, 7];

/// What an invoice is for.
pub struct Draft<'d> {
    pub customer: &'d str,
    pub currency: &'d str,
    pub reason: &'d str,
    /// The subscription's id, if there is one.
    pub subscription: Option<&'d str>,
    pub lines: Vec<Value>,
    /// Start and end of the time the invoice looks back on, in unix seconds.
    pub period: (i64, i64),
    pub description: Option<&'d str>,
    pub metadata: Value,
    /// The ids of the discounts on it.
    pub discounts: Vec<String>,
    pub automatic_tax: bool,
}

/// Writes a draft; answers its id. The caller sends `invoice.created` when its turn comes.
pub fn draft(tx: &mut Tx, draft: Draft) -> String {
    let id = ids::fresh("in_1", 23);
    let customer = tx.value(draft.customer).clone();
    let subscription = draft.subscription.map(|id| tx.value(id).clone());
    let mut lines = draft.lines;
    let coupons = draft.discounts.iter().map(|id| (id.clone(), tx.value(id).text("source.coupon").to_owned()));
    price(tx, &mut lines, draft.customer, &coupons.collect::<Vec<_>>(), draft.automatic_tax);
    for line in &mut lines {
        line.set("invoice", id.as_str());
        for details in ["invoice_item_details", "subscription_item_details"] {
            let item = line.text(&format!("parent.{details}.invoice_item")).to_owned();
            tx.edit(&item, |item| item.set("invoice", id.as_str()));
        }
    }
    let parent = subscription.as_ref().map(|subscription| {
        json!({
            "quote_details": null,
            "subscription_details": { "metadata": subscription.at("metadata"), "subscription": subscription.at("id") },
            "type": "subscription_details",
        })
    });
    let shown = |tax_id: &Value| json!({ "type": tax_id.at("type"), "value": tax_id.at("value") });
    let mut invoice = shapes::invoice(json!({
        "id": id,
        "automatic_tax": automatic_tax(draft.automatic_tax),
        "billing_reason": draft.reason,
        "created": tx.now,
        "currency": draft.currency,
        "customer": draft.customer,
        "customer_address": customer.at("address"),
        "customer_email": customer.at("email"),
        "customer_name": customer.at("name"),
        "customer_phone": customer.at("phone"),
        "customer_tax_exempt": customer.at("tax_exempt"),
        "customer_tax_ids": tax_ids::of_customer(tx, draft.customer).map(shown).collect::<Vec<_>>(),
        "description": draft.description,
        "discounts": draft.discounts,
        "lines": { "object": "list", "data": lines, "has_more": false, "url": format!("/v1/invoices/{id}/lines") },
        "metadata": draft.metadata,
        "parent": parent,
        "period_start": draft.period.0,
        "period_end": draft.period.1,
        "test_clock": customer.at("test_clock"),
    }));
    totals::tally(&mut invoice, customer.integer("balance"));
    tx.add(invoice, nothing())
}

/// Puts an invoice item on a draft.
pub fn add_line(tx: &mut Tx, id: &str, item: &str) {
    let invoice = tx.value(id).clone();
    let mut line = [lines::of_item(tx.value(item))];
    line[0].set("invoice", id);
    price(tx, &mut line, invoice.text("customer"), &[], invoice.flag("automatic_tax.enabled"));
    let balance = tx.value(invoice.text("customer")).integer("balance");
    tx.edit(item, |item| item.set("invoice", id));
    tx.edit(id, |invoice| {
        let lines = [invoice.entries("lines.data"), &line].concat();
        invoice.set("lines.data", lines);
        totals::tally(invoice, balance);
    });
}

/// Writes discounts and tax on the lines of one customer's invoice.
pub fn price(tx: &Tx, lines: &mut [Value], customer: &str, discounts: &[(String, String)], automatic_tax: bool) {
    totals::discount(tx, lines, discounts);
    let tax = if automatic_tax { taxes::of_customer(tx, customer, taxes::is_added(tx, lines)) } else { None };
    if let Some(tax) = tax {
        totals::levy(lines, &tax);
    }
}

fn automatic_tax(enabled: bool) -> Value {
    let (liability, provider, status) =
        if enabled { (json!({ "type": "self" }), json!("stripe"), json!("complete")) } else { Default::default() };
    json!({ "disabled_reason": null, "enabled": enabled, "liability": liability, "provider": provider, "status": status })
}

/// Gives the invoice its number, settles it with the customer's balance and opens it for payment.
pub fn finalize(tx: &mut Tx, id: &str) {
    let customer = tx.value(id).text("customer").to_owned();
    let sequence = tx.value(&customer).integer("next_invoice_sequence");
    let number = format!("{}-{sequence:04}", tx.value(&customer).text("invoice_prefix"));
    tx.edit(&customer, |customer| customer.set("next_invoice_sequence", sequence + 1));
    let balance = tx.value(&customer).integer("balance");
    let (now, page) = (tx.now, format!("{}/invoice/{id}", tx.pages));
    let mut ending = 0;
    tx.edit(id, |invoice| {
        totals::tally(invoice, balance);
        ending = balance + invoice.integer("total") - invoice.integer("amount_due");
        invoice.set("ending_balance", ending);
        invoice.set("number", number);
        invoice.set("status", "open");
        invoice.set("status_transitions.finalized_at", now);
        invoice.set("effective_at", now);
        invoice.set("invoice_pdf", format!("{page}/pdf"));
        invoice.set("hosted_invoice_url", page);
    });
    tx.update(&customer, "customer.updated", |customer| customer.set("balance", ending));
    tx.emit("invoice.finalized", id);
}

/// Who tries to pay. Attempts by hand, after the first one, leave the row of retries alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Hand,
    Schedule,
}

/// Tries to pay an open invoice with a saved payment method, through `intent` if one was opened before.
///
/// # Errors
/// Why it stays open; the attempt is on record.
pub fn pay(tx: &mut Tx, id: &str, method: Option<&str>, intent: Option<String>) -> Result<(), Decline> {
    attempt(tx, id, method, intent, By::Hand)
}

/// Tries again, as planned, with the card that pays now.
pub fn retry(tx: &mut Tx, id: &str) {
    let method = payer(tx, tx.value(id));
    // What becomes of a refusal is decided by the row of retries.
    let _ = attempt(tx, id, method.as_deref(), None, By::Schedule);
}

/// The payment method that usually pays such an invoice.
pub fn payer(tx: &Tx, invoice: &Value) -> Option<String> {
    let subscription = tx.value(invoice.text("parent.subscription_details.subscription"));
    if !subscription.is_null() {
        return subscriptions::method_of(tx, subscription);
    }
    tx.value(invoice.text("customer")).at("invoice_settings.default_payment_method").as_str().map(str::to_owned)
}

fn attempt(tx: &mut Tx, id: &str, method: Option<&str>, intent: Option<String>, by: By) -> Result<(), Decline> {
    let invoice = tx.value(id).clone();
    let amount = invoice.integer("amount_due");
    if amount == 0 {
        settle(tx, id, 0);
        subscriptions::was_paid(tx, id);
        return Ok(());
    }
    let (intent, share) = payment_of(tx, &invoice, intent);
    if tx.value(&intent).text("status") == "processing" {
        return Ok(());
    }
    let Some(method) = method else {
        note_failure(tx, id, by);
        return Err(NO_METHOD);
    };
    if debits::is_slow(tx, method) {
        debits::begin(tx, &intent, method);
        tx.edit(id, |invoice| invoice.set("attempted", true));
        return Ok(());
    }
    // Chance spares what is bought on a page: whoever sends a card there has been told already that the bank agrees.
    let runs = matches!(invoice.text("billing_reason"), "subscription_cycle" | "subscription_update");
    let unlucky = runs && tx.faults().next_charge();
    if let Err(decline) = if unlucky { Err(DECLINED) } else { verdict_on(tx, method) } {
        let method = tx.value(method).clone();
        payments::fail(tx, &intent, &method, decline);
        note_failure(tx, id, by);
        return Err(decline);
    }
    // Who has just typed a card has answered its bank already.
    if runs && tx.hidden(method).flag("asks_each_time") {
        ask(tx, id, &intent, method);
        note_failure(tx, id, by);
        tx.emit("invoice.payment_action_required", id);
        return Err(ACTION_REQUIRED);
    }
    payments::succeed(tx, &intent, method);
    collected(tx, id, &share);
    Ok(())
}

/// The card's owner is asked on a page below the invoice's.
fn ask(tx: &mut Tx, id: &str, intent: &str, method: &str) {
    let page = format!("{}/invoice/{id}", tx.pages);
    payments::ask(tx, intent, method, &page);
}

/// The payment intent that waits for the answer of a card's owner, of an open invoice.
pub fn asked<'t>(store: &'t Store, id: &str) -> Option<&'t Value> {
    let invoice = store.record(id).filter(|record| record.value.text("status") == "open")?;
    Some(store.value(invoice.hidden.text("intent"))).filter(|intent| intent.text("status") == "requires_action")
}

/// Goes on with an open invoice whose card's owner has answered the bank. Without a question pending nothing happens.
pub fn answer(tx: &mut Tx, id: &str, confirmed: bool) {
    let Some(intent) = asked(tx.store(), id).cloned() else { return };
    let (intent, method) = (intent.text("id"), intent.text("payment_method"));
    if confirmed {
        payments::succeed(tx, intent, method);
        let share = tx.hidden(id).text("share").to_owned();
        collected(tx, id, &share);
    } else {
        payments::leave_unauthenticated(tx, intent, method);
        note_failure(tx, id, By::Hand);
    }
}

/// The money of a payment intent has come after days, or will not; `id` is the open invoice it was for.
pub fn debited(tx: &mut Tx, id: &str, paid: bool) {
    if paid {
        let share = tx.hidden(id).text("share").to_owned();
        collected(tx, id, &share);
    } else {
        note_failure(tx, id, By::Schedule);
        subscriptions::was_missed(tx, id);
    }
}

/// The money for an invoice is there, as its share in the payment says from now on.
fn collected(tx: &mut Tx, id: &str, share: &str) {
    let (now, amount) = (tx.now, tx.value(id).integer("amount_due"));
    settle(tx, id, amount);
    tx.edit(share, |share| {
        share.set("amount_paid", amount);
        share.set("status", "paid");
        share.set("status_transitions.paid_at", now);
    });
    tx.emit("invoice_payment.paid", share);
    subscriptions::was_paid(tx, id);
}

/// The open invoice that a payment intent pays.
pub fn of_intent(tx: &Tx, intent: &str) -> Option<String> {
    let pays = |share: &Value| share.text("payment.payment_intent") == intent && share.text("status") == "open";
    tx.store().all("invoice_payment").map(|record| &record.value).find(|share| pays(share)).map(|share| share.text("invoice").to_owned())
}

/// The payment intent of an invoice and its share in the invoice, which all attempts go on with.
fn payment_of(tx: &mut Tx, invoice: &Value, intent: Option<String>) -> (String, String) {
    let id = invoice.text("id");
    let kept = tx.hidden(id).clone();
    if let (Some(intent), Some(share)) = (kept.at("intent").as_str(), kept.at("share").as_str()) {
        return (intent.to_owned(), share.to_owned());
    }
    let description = match (invoice.text("billing_reason"), invoice.at("parent")) {
        (_, Value::Null) => "Payment for Invoice",
        ("subscription_create", _) => "Subscription creation",
        _ => "Subscription update",
    };
    let payment = Payment {
        amount: invoice.integer("amount_due"),
        currency: invoice.text("currency"),
        customer: invoice.at("customer").as_str(),
        description: Some(description.to_owned()),
        details: nothing(),
    };
    let intent = match intent {
        Some(intent) => {
            tx.edit(&intent, |intent| intent.set("amount", payment.amount));
            intent
        }
        None => payments::open(tx, &payment),
    };
    let share = shapes::invoice_payment(json!({
        "id": ids::fresh("inpay_1", 23), "amount_requested": payment.amount, "created": tx.now, "currency": invoice.at("currency"),
        "invoice": id, "payment": { "payment_intent": intent, "type": "payment_intent" },
    }));
    let share = tx.add(share, Value::Null);
    tx.edit_hidden(id, |hidden| {
        hidden.set("intent", intent.as_str());
        hidden.set("share", share.as_str());
    });
    (intent, share)
}

fn note_failure(tx: &mut Tx, id: &str, by: By) {
    let (now, count) = (tx.now, tx.value(id).integer("attempt_count"));
    let counts = by == By::Schedule || count == 0;
    let next = usize::try_from(count).ok().and_then(|count| RETRY_DAYS.get(count)).map(|days| now + days * 86_400);
    tx.edit(id, |invoice| {
        invoice.set("attempted", true);
        if counts {
            invoice.set("attempt_count", count + 1);
            invoice.set("next_payment_attempt", next);
        }
    });
    tx.emit("invoice.payment_failed", id);
    if counts && next.is_none() {
        subscriptions::retries_ended(tx, id);
    }
}

/// Tries to pay an open invoice with a typed card, which is saved if the bank takes it.
///
/// # Errors
/// Why it stays open: the bank refuses the card, or asks its owner first, and [`answer`] goes on.
pub fn pay_with_card(tx: &mut Tx, id: &str, card: &Card) -> Result<(), Decline> {
    if let Err(decline) = card.verdict(true) {
        let invoice = tx.value(id).clone();
        let (intent, _) = payment_of(tx, &invoice, None);
        let method = payments::unsaved(tx, card);
        payments::fail(tx, &intent, &method, decline);
        note_failure(tx, id, By::Hand);
        return Err(decline);
    }
    let method = payments::add_card(tx, card);
    let invoice = tx.value(id).clone();
    payments::save_card(tx, &method, invoice.text("customer"));
    if card.asks_its_owner() {
        let (intent, _) = payment_of(tx, &invoice, None);
        ask(tx, id, &intent, &method);
        return Err(ACTION_REQUIRED);
    }
    pay(tx, id, Some(&method), None)
}

/// Takes an open invoice as paid by other means.
pub fn settle_outside(tx: &mut Tx, id: &str) {
    if let Some(intent) = tx.hidden(id).at("intent").as_str().map(str::to_owned) {
        payments::cancel(tx, &intent, "void_invoice");
    }
    let amount = tx.value(id).integer("amount_due");
    settle(tx, id, amount);
    subscriptions::was_paid(tx, id);
}

fn settle(tx: &mut Tx, id: &str, amount: i64) {
    let now = tx.now;
    tx.edit(id, |invoice| {
        invoice.set("amount_paid", amount);
        invoice.set("amount_remaining", 0);
        invoice.set("attempted", true);
        invoice.set("attempt_count", invoice.integer("attempt_count") + i64::from(amount > 0));
        invoice.set("auto_advance", false);
        invoice.set("next_payment_attempt", Value::Null);
        invoice.set("status", "paid");
        invoice.set("status_transitions.paid_at", now);
    });
    tx.emit("invoice.paid", id);
    tx.emit("invoice.payment_succeeded", id);
}

/// Nobody has to pay this any more; what it took from the customer's balance goes back.
pub fn void(tx: &mut Tx, id: &str) {
    let invoice = tx.value(id).clone();
    let (customer, now) = (invoice.text("customer"), tx.now);
    let back = invoice.integer("starting_balance") - invoice.integer("ending_balance");
    if let Some(intent) = tx.hidden(id).at("intent").as_str().map(str::to_owned) {
        payments::cancel(tx, &intent, "void_invoice");
    }
    if let Some(share) = tx.hidden(id).at("share").as_str().map(str::to_owned) {
        tx.edit(&share, |share| {
            share.set("status", "canceled");
            share.set("status_transitions.canceled_at", now);
        });
    }
    tx.edit(id, |invoice| {
        invoice.set("auto_advance", false);
        invoice.set("next_payment_attempt", Value::Null);
        invoice.set("status", "void");
        invoice.set("status_transitions.voided_at", now);
    });
    tx.update(customer, "customer.updated", |customer| customer.set("balance", customer.integer("balance") + back));
    tx.emit("invoice.voided", id);
}
