//! The payment page of a checkout session.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;
use url::Url;

use crate::banks::AccountErrors;
use crate::billing::checkout::{self, Paid};
use crate::billing::lines::interval;
use crate::billing::periods::next_boundary;
use crate::billing::subscriptions;
use crate::cards::{CardErrors, NOT_AUTHENTICATED};
use crate::dates::day;
use crate::json::At;
use crate::money;
use crate::shared::Shared;
use crate::store::{Cause, Record, Tx};

use super::card_form::{TEST_ACCOUNTS, TEST_CARDS, Typed, account_fields, fields};
use super::html::{guarded, host, inert, joined, page};

/// Why the page is shown again.
#[derive(Default)]
struct Trouble {
    reason: Option<&'static str>,
    fields: CardErrors,
    account: AccountErrors,
}

pub async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match open_session(&shared, &id) {
        Ok(session) => {
            let reason = checkout::was_denied(&session.hidden).then_some(NOT_AUTHENTICATED.message);
            form(&shared, &session, StatusCode::OK, &Typed::default(), &Trouble { reason, ..Trouble::default() })
        }
        Err(other) => other,
    }
}

pub async fn submit(State(shared): State<Arc<Shared>>, Path(id): Path<String>, typed: Result<Form<Typed>, FormRejection>) -> Response {
    let session = match open_session(&shared, &id) {
        Ok(session) => session,
        Err(other) => return other,
    };
    let Ok(Form(typed)) = typed else {
        let trouble = Trouble { reason: Some("The form could not be read. Enter the card again."), ..Trouble::default() };
        return form(&shared, &session, StatusCode::UNPROCESSABLE_ENTITY, &Typed::default(), &trouble);
    };
    if typed.action == "cancel" {
        return leave(session.value.text("cancel_url"), &session.value);
    }
    if typed.action == "apply" {
        return apply(&shared, &id, &session, &typed);
    }
    if typed.action == "bank" && checkout::takes_bank(&session.value) {
        return debit(&shared, &id, &session, &typed);
    }
    let card = if checkout::needs_card(&session.value) {
        match typed.card(shared.clock.now_ms().div_euclid(1_000)) {
            Ok(card) => Some(card),
            Err(fields) => {
                let trouble = Trouble { reason: Some("Check the fields marked below."), fields, ..Trouble::default() };
                return form(&shared, &session, StatusCode::UNPROCESSABLE_ENTITY, &typed, &trouble);
            }
        }
    } else {
        None
    };
    attempt(&shared, &id, &session, &typed, |tx| checkout::pay(tx, &id, card.as_ref()))
}

/// Pays with the typed bank account.
fn debit(shared: &Shared, id: &str, session: &Record, typed: &Typed) -> Response {
    match typed.account() {
        Ok(account) => attempt(shared, id, session, typed, |tx| checkout::pay_by_bank(tx, id, &account)),
        Err(account) => {
            let trouble = Trouble { reason: Some("Check the fields marked below."), account, ..Trouble::default() };
            form(shared, session, StatusCode::UNPROCESSABLE_ENTITY, typed, &trouble)
        }
    }
}

/// Tries to pay, and shows what came of it.
fn attempt(shared: &Shared, id: &str, session: &Record, typed: &Typed, pay: impl FnOnce(&mut Tx) -> Paid) -> Response {
    match shared.change(Cause::default(), |tx| Ok::<_, std::convert::Infallible>(pay(tx))) {
        Ok(Paid::Declined(decline)) => {
            let trouble = Trouble { reason: Some(decline.message), ..Trouble::default() };
            form(shared, session, StatusCode::PAYMENT_REQUIRED, typed, &trouble)
        }
        Ok(Paid::Asked) => Redirect::to(&format!("/pay/{id}/authenticate")).into_response(),
        Ok(Paid::Complete | Paid::Closed) => match open_session(shared, id) {
            Ok(session) => form(shared, &session, StatusCode::OK, &Typed::default(), &Trouble::default()),
            Err(other) => other,
        },
        Err(error) => {
            tracing::error!(%error, session = id, "a payment was not recorded");
            let trouble =
                Trouble { reason: Some("The payment could not be recorded. Nothing was charged; try again."), ..Trouble::default() };
            form(shared, session, StatusCode::INTERNAL_SERVER_ERROR, typed, &trouble)
        }
    }
}

/// Takes the typed promotion code, and shows what is due then.
fn apply(shared: &Shared, id: &str, session: &Record, typed: &Typed) -> Response {
    let offered = session.value.flag("allow_promotion_codes");
    let applied = shared.change(Cause::default(), |tx| {
        let code = typed.promotion_code.trim();
        Ok::<_, std::convert::Infallible>(if offered { checkout::promote(tx, id, code) } else { Ok(()) })
    });
    let reason = match applied {
        Ok(Ok(())) => return Redirect::to(&format!("/pay/{id}")).into_response(),
        Ok(Err(reason)) => reason,
        Err(error) => {
            tracing::error!(%error, session = id, "a promotion code was not recorded");
            "The code could not be recorded. Try again."
        }
    };
    form(shared, session, StatusCode::UNPROCESSABLE_ENTITY, typed, &Trouble { reason: Some(reason), ..Trouble::default() })
}

/// The field for a promotion code, where the seller takes one.
fn promotion(session: &Value, typed: &Typed) -> String {
    if !session.flag("allow_promotion_codes") {
        return String::new();
    }
    format!(
        r#"<div class="fields"><div class="whole"><label for="promotion_code">Promotion code</label><input id="promotion_code" name="promotion_code" value="{}" autocomplete="off" maxlength="100"></div></div>
<div class="actions"><button class="quiet" name="action" value="apply">Apply</button></div>"#,
        inert(&typed.promotion_code)
    )
}

/// The session if it can still be paid; otherwise what to show instead. A complete one leads on to the seller.
pub fn open_session(shared: &Shared, id: &str) -> Result<Record, Response> {
    let session = shared.read(|store| store.record(id).filter(|record| record.kind == "checkout.session").cloned());
    let Some(session) = session else {
        let main = "<h1>Page not found</h1><p>There is no payment page at this address. Go back to the seller and start again.</p>";
        return Err(page(StatusCode::NOT_FOUND, "Page not found", false, main, &[]));
    };
    match session.value.text("status") {
        "open" if session.value.integer("expires_at") > shared.clock.now_ms().div_euclid(1_000) => Ok(session),
        "complete" => Err(leave(session.value.text("success_url"), &session.value)),
        _ => {
            let back = back_link(session.value.text("cancel_url"));
            let main = format!("<h1>This page has expired</h1><p>Nothing was charged. Go back to the seller and start again.</p>{back}");
            Err(page(StatusCode::GONE, "Page expired", false, &main, &[]))
        }
    }
}

/// 303 to the seller's address, with the session's id in its place. Without an address there is a page.
fn leave(address: &str, session: &Value) -> Response {
    let Ok(address) = Url::parse(&address.replace("{CHECKOUT_SESSION_ID}", session.text("id"))) else {
        let main = "<h1>Payment left</h1><p>Nothing was charged. You can close this page.</p>";
        return page(StatusCode::OK, "Payment left", false, main, &[]);
    };
    let targets = [session.text("success_url"), session.text("cancel_url")];
    guarded((StatusCode::SEE_OTHER, [(header::LOCATION, address.as_str())]).into_response(), &targets)
}

fn back_link(address: &str) -> String {
    if address.is_empty() { String::new() } else { format!(r#"<p><a href="{}">Back to {}</a></p>"#, inert(address), inert(&host(address))) }
}

fn form(shared: &Shared, session: &Record, status: StatusCode, typed: &Typed, trouble: &Trouble) -> Response {
    let value = &session.value;
    let trial = subscriptions::trial_end(session.hidden.at("subscription_data"), shared.clock.now_ms().div_euclid(1_000));
    let button = if trial.is_some() { "Start trial" } else { "Pay" };
    let seller = host(value.text("success_url"));
    let alert = trouble.reason.map_or_else(String::new, |reason| format!(r#"<p class="alert" role="alert">{}</p>"#, inert(reason)));
    let fields = if checkout::needs_card(value) { fields(typed, &trouble.fields) } else { "<p>No card is needed to start.</p>".to_owned() };
    let main = format!(
        r#"<h1>Pay</h1>
<p>You are paying <strong>{seller}</strong>.</p>
<section class="card" aria-label="Your order">
{bill}
</section>
<form class="card" method="post" action="/pay/{id}" novalidate>
{alert}
{fields}
<div class="actions">
<button name="action" value="pay">{button}</button>
<button class="quiet" name="action" value="cancel">Cancel</button>
</div>
<p class="hint">Cancel takes you back to {seller}; nothing is charged.</p>
{promotion}
</form>
{TEST_CARDS}
{bank}"#,
        seller = inert(&seller),
        id = inert(value.text("id")),
        bill = bill(shared, session, trial),
        promotion = promotion(value, typed),
        bank = if checkout::takes_bank(value) { bank_form(value.text("id"), typed, &trouble.account) } else { String::new() },
    );
    let title = if trouble.reason.is_some() { "Error: Pay" } else { "Pay" };
    page(status, title, false, &main, &[value.text("success_url"), value.text("cancel_url")])
}

/// The way to pay by a bank account.
fn bank_form(id: &str, typed: &Typed, errors: &AccountErrors) -> String {
    format!(
        r#"<h2>Or by bank account</h2>
<form class="card" method="post" action="/pay/{id}" novalidate>
{fields}
<div class="actions"><button class="quiet" name="action" value="bank">Pay by bank</button></div>
<p class="hint">The bank answers four days later; until then nothing is paid.</p>
</form>
{TEST_ACCOUNTS}"#,
        id = inert(id),
        fields = account_fields(typed, errors),
    )
}

/// What is bought, what it costs, and what is due today.
fn bill(shared: &Shared, session: &Record, trial: Option<i64>) -> String {
    let currency = session.value.text("currency");
    let items = session.hidden.entries("items");
    let rows = joined(items.iter().map(|item| row(item, currency)));
    let regular: i64 = items.iter().map(|item| item.integer("price.unit_amount") * item.integer("quantity")).sum();
    let price = items[0].at("price");
    let rhythm = interval(price);
    let amount = money::written(regular, currency);
    let today = money::written(session.value.integer("amount_total"), currency);
    let now = shared.clock.now_ms().div_euclid(1_000);
    let note = match trial {
        Some(end) => {
            let days = (end - now + 43_200) / 86_400;
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            format!("<p>{days} free. Then {amount} per {rhythm}, first on {}. Cancel before and nothing is charged.</p>", day(end))
        }
        None if price.at("recurring").is_null() => String::new(),
        None => {
            let next = next_boundary(now, price.text("recurring.interval"), price.integer("recurring.interval_count"), now);
            format!("<p>Renews on {} and every {rhythm} after, until cancelled.</p>", day(next))
        }
    };
    let less = extra("Discount", -session.value.integer("total_details.amount_discount"), currency);
    let tax = extra("Tax", session.value.integer("total_details.amount_tax"), currency);
    format!(
        r#"<table class="bill">
<tbody>
{rows}{less}{tax}</tbody>
<tfoot><tr><th scope="row">Due today</th><td>{today}</td></tr></tfoot>
</table>
{note}"#
    )
}

/// A row of the bill, unless it is nothing.
fn extra(label: &str, amount: i64, currency: &str) -> String {
    if amount == 0 {
        String::new()
    } else {
        format!("<tr><th scope=\"row\">{label}</th><td>{}</td></tr>\n", money::written(amount, currency))
    }
}

fn row(item: &Value, currency: &str) -> String {
    let price = item.at("price");
    let (quantity, unit) = (item.integer("quantity"), price.integer("unit_amount"));
    let rhythm = if price.at("recurring").is_null() { String::new() } else { format!(" per {}", interval(price)) };
    let each =
        if quantity > 1 { format!("<small>{quantity} × {}{rhythm}</small>", money::written(unit, currency)) } else { String::new() };
    let amount = money::written(unit * quantity, currency);
    format!(
        r#"<tr><th scope="row">{}{each}</th><td>{amount}<small>{}</small></td></tr>{}"#,
        inert(item.text("description")),
        rhythm.trim(),
        "\n"
    )
}
