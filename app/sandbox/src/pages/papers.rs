//! Invoices and receipts as pages, where the links in invoices and charges lead.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;

use crate::billing::{debits, invoices};
use crate::cards::{ACTION_REQUIRED, CardErrors};
use crate::dates::day;
use crate::json::At;
use crate::money;
use crate::shared::Shared;
use crate::store::Cause;

use super::authenticate::{Pressed, question as asked_of};
use super::card_form::{TEST_CARDS, Typed, fields};
use super::html::{guarded, inert, joined, page};
use super::pdf;

pub async fn invoice(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match numbered(&shared, &id) {
        // Whoever comes by the link in a mail is asked at once.
        Some(_) if shared.read(|store| invoices::asked(store, &id).is_some()) => {
            Redirect::to(&format!("/invoice/{id}/authenticate")).into_response()
        }
        Some(invoice) => shown(&invoice, StatusCode::OK, &Typed::default(), None, &CardErrors::default()),
        None => not_found(),
    }
}

/// Pays an open invoice with the card that is typed.
pub async fn pay(State(shared): State<Arc<Shared>>, Path(id): Path<String>, typed: Result<Form<Typed>, FormRejection>) -> Response {
    let Some(invoice) = numbered(&shared, &id) else { return not_found() };
    let typed = typed.map(|Form(typed)| typed).unwrap_or_default();
    let card = match typed.card(shared.clock.now_ms().div_euclid(1_000)) {
        Ok(card) => card,
        Err(fields) => return shown(&invoice, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some("Check the fields marked below."), &fields),
    };
    let paid = shared.change(Cause::default(), |tx| {
        // Somebody else may have paid meanwhile.
        if tx.value(&id).text("status") != "open" {
            return Ok(Ok(()));
        }
        Ok::<_, Infallible>(invoices::pay_with_card(tx, &id, &card))
    });
    match paid {
        Ok(Ok(())) => Redirect::to(&format!("/invoice/{id}")).into_response(),
        Ok(Err(ACTION_REQUIRED)) => Redirect::to(&format!("/invoice/{id}/authenticate")).into_response(),
        Ok(Err(decline)) => shown(&invoice, StatusCode::PAYMENT_REQUIRED, &typed, Some(decline.message), &CardErrors::default()),
        Err(error) => {
            tracing::error!(%error, invoice = id, "a payment was not recorded");
            let reason = Some("The payment could not be recorded. Nothing was charged; try again.");
            shown(&invoice, StatusCode::INTERNAL_SERVER_ERROR, &typed, reason, &CardErrors::default())
        }
    }
}

/// The bank asks the card's owner about the payment of an invoice.
pub async fn question(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let asked = shared.read(|store| {
        let intent = invoices::asked(store, &id)?;
        let amount = money::written(intent.integer("amount"), intent.text("currency"));
        Some((store.value(intent.text("payment_method")).text("card.last4").to_owned(), amount))
    });
    match asked {
        Some((last4, amount)) => {
            let main = asked_of(&format!("/invoice/{id}/authenticate"), &last4, &format!("a payment of <strong>{amount}</strong>"));
            page(StatusCode::OK, "Confirm it is you", false, &main, &[])
        }
        None => Redirect::to(&format!("/invoice/{id}")).into_response(),
    }
}

/// Goes on at the invoice, which knows what became of it.
pub async fn answer(State(shared): State<Arc<Shared>>, Path(id): Path<String>, pressed: Result<Form<Pressed>, FormRejection>) -> Response {
    let confirmed = match pressed.as_ref().map(|form| form.action.as_str()) {
        Ok("complete") => true,
        Ok("fail") => false,
        _ => return question(State(shared), Path(id)).await,
    };
    let answered = shared.change(Cause::default(), |tx| {
        invoices::answer(tx, &id, confirmed);
        Ok::<_, Infallible>(())
    });
    if let Err(error) = answered {
        tracing::error!(%error, invoice = id, "an answer to the bank was not recorded");
    }
    Redirect::to(&format!("/invoice/{id}")).into_response()
}

/// The invoice as a file.
pub async fn download(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(invoice) = numbered(&shared, &id) else { return not_found() };
    let (number, currency) = (invoice.text("number"), invoice.text("currency"));
    let mut lines = vec![
        format!("Invoice {number}"),
        format!("{}. Issued on {}.", state(&invoice), day(invoice.integer("created"))),
        format!("To {}", payer(&invoice)),
    ];
    let address =
        ["line1", "line2", "postal_code", "city", "country"].map(|part| invoice.text(&format!("customer_address.{part}")).to_owned());
    lines.extend(address.into_iter().filter(|part| !part.is_empty()));
    lines.extend(invoice.entries("customer_tax_ids").iter().map(|tax_id| format!("Tax ID {}", tax_id.text("value"))));
    lines.push(String::new());
    let of_line = |line: &Value| format!("{}: {}", line.text("description"), money::written(line.integer("amount"), currency));
    lines.extend(invoice.entries("lines.data").iter().map(of_line));
    lines.push(format!("Total: {}", money::written(invoice.integer("total"), currency)));
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"invoice-{number}.pdf\"")),
    ];
    guarded((headers, pdf::page(&lines)).into_response(), &[])
}

/// An invoice that has its number, as every finalized one.
fn numbered(shared: &Shared, id: &str) -> Option<Value> {
    let invoice = shared.read(|store| store.value(id).clone());
    (invoice.text("object") == "invoice" && !invoice.at("number").is_null()).then_some(invoice)
}

fn state(invoice: &Value) -> String {
    match (invoice.text("status"), invoice.at("status_transitions.paid_at").as_i64()) {
        (_, Some(at)) => format!("Paid on {}", day(at)),
        ("void", _) => "Void".to_owned(),
        _ => "Not paid yet".to_owned(),
    }
}

fn shown(invoice: &Value, status: StatusCode, typed: &Typed, reason: Option<&str>, errors: &CardErrors) -> Response {
    let currency = invoice.text("currency");
    let path = format!("/invoice/{}", inert(invoice.text("id")));
    let alert = reason.map_or_else(String::new, |reason| format!(r#"<p class="alert" role="alert">{}</p>"#, inert(reason)));
    let form = if invoice.text("status") == "open" {
        format!(
            r#"<form class="card" method="post" action="{path}" novalidate>
{alert}
{}
<div class="actions"><button name="action" value="pay">Pay</button></div>
</form>
{TEST_CARDS}"#,
            fields(typed, errors)
        )
    } else {
        String::new()
    };
    let main = format!(
        r#"<h1>Invoice {number}</h1>
<p>{state}. Issued on {issued} to {payer}.</p>
<section class="card" aria-label="Lines">
<table class="bill">
<tbody>
{rows}</tbody>
<tfoot><tr><th scope="row">Total</th><td>{total}</td></tr>
<tr><th scope="row">Amount due</th><td>{due}</td></tr></tfoot>
</table>
</section>
<p><a href="{path}/pdf">Download</a></p>
{form}"#,
        number = inert(invoice.text("number")),
        state = state(invoice),
        issued = day(invoice.integer("created")),
        payer = inert(payer(invoice)),
        rows = joined(invoice.entries("lines.data").iter().map(|line| row(line, currency))),
        total = money::written(invoice.integer("total"), currency),
        due = money::written(invoice.integer("amount_due"), currency),
    );
    page(status, if reason.is_some() { "Error: Invoice" } else { "Invoice" }, false, &main, &[])
}

fn row(line: &Value, currency: &str) -> String {
    let (start, end) = (line.integer("period.start"), line.integer("period.end"));
    let span = if start == end { String::new() } else { format!("<small>{} – {}</small>", day(start), day(end)) };
    let amount = money::written(line.integer("amount"), currency);
    format!("<tr><th scope=\"row\">{}{span}</th><td>{amount}</td></tr>\n", inert(line.text("description")))
}

fn payer(invoice: &Value) -> &str {
    let name = [invoice.text("customer_name"), invoice.text("customer_email")].into_iter().find(|name| !name.is_empty());
    name.unwrap_or_else(|| invoice.text("customer"))
}

pub async fn receipt(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let charge = shared.read(|store| store.value(&id).clone());
    if charge.text("object") != "charge" || !charge.flag("paid") {
        return not_found();
    }
    let kind = charge.text("payment_method_details.type");
    let main = format!(
        "<h1>Receipt</h1>\n<p>{amount} paid on {day} with the {what} ending in {last4}.</p>",
        amount = money::written(charge.integer("amount"), charge.text("currency")),
        day = day(charge.integer("created")),
        what = if kind == debits::TYPE { "bank account" } else { "card" },
        last4 = inert(charge.text(&format!("payment_method_details.{kind}.last4"))),
    );
    page(StatusCode::OK, "Receipt", false, &main, &[])
}

fn not_found() -> Response {
    page(StatusCode::NOT_FOUND, "Page not found", false, "<h1>Page not found</h1><p>There is no such paper.</p>", &[])
}
