//! Files about money: the ledger and the payments as CSV, written while they are read, and the way to a payment's paper.

use super::posts::Post;
use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderMap, Method, header};
use keel_domain::Result;
use keel_domain::access::Write;
use keel_domain::billing::changes;
use keel_domain::billing::overview::{Entry, Payment};
use keel_domain::billing::records::{self, Export, Rows, What};
use keel_text::iso;
use keel_types::Money;
use keel_types::permission::may;
use keel_web::arrival::Arrival;
use keel_web::csv::{self, Cell};
use keel_web::form::{Fields, Input as _};
use keel_web::page::{Visit, see_other};
use keel_web::pages::billing::PAGE;
use keel_web::pages::billing::records::Wanted;
use keel_web::problem::Problem;
use std::io;

/// `POST /api/billing/export`. Whoever loses the right meanwhile gets a file that breaks off.
pub async fn export(Extension(arrival): Extension<Arrival>, method: Method, headers: HeaderMap, body: Body) -> Response {
    Post { method, headers, body, page: PAGE }.answer(arrival, |arrival, fields| async move { begin(&arrival, &fields).await }).await
}

async fn begin(arrival: &Arrival, fields: &Fields) -> std::result::Result<Response, Problem> {
    let mut call = Write::<may::ViewBilling>::open(&arrival.keel, arrival.asked.clone()).await?;
    let Wanted { what, filter } = Wanted::parse(fields, arrival)?;
    let export = records::export(&mut call, what, &filter).await?;
    let day = iso(call.now()).split('T').next().unwrap_or_default().to_owned();
    let name = format!("{}-{}-{day}.csv", what.as_str(), call.proof().standing().handle());
    call.commit().await?;
    let head = match what {
        What::Credits => csv::row(["time", "type", "amount", "balance"]),
        What::Payments => csv::row(["time", "description", "number", "amount", "currency", "status", "refunded"]),
    };
    let writing = (Some(head), export);
    let body = Body::from_stream(stream::try_unfold(writing, |(head, mut export)| async move {
        let chunk = match head {
            Some(head) => Some(head),
            None => next(&mut export).await?,
        };
        Ok::<_, io::Error>(chunk.map(|chunk| (chunk, (None, export))))
    }));
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned());
    Ok(([kind, (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], body).into_response())
}

async fn next(export: &mut Export) -> io::Result<Option<String>> {
    let rows = export.next().await.map_err(|refusal| {
        tracing::warn!(?refusal, "an export breaks off");
        io::Error::other("the export breaks off")
    })?;
    Ok(rows.map(|rows| match rows {
        Rows::Credits(rows) => rows.iter().map(entry).collect(),
        Rows::Payments(rows) => rows.iter().map(payment).collect(),
    }))
}

fn entry(entry: &Entry) -> String {
    csv::row_of([Cell::Text(&iso(entry.at)), Cell::Text(&entry.kind), Cell::Units(entry.amount), Cell::Units(entry.balance)])
}

/// An amount in a currency that Keel does not sell in stays empty: nobody here knows how many decimals it has.
fn payment(payment: &Payment) -> String {
    let money = |amount: Option<Money>| amount.map_or(Cell::Text(""), |amount| Cell::Hundredths(amount.minor));
    csv::row_of([
        Cell::Text(&iso(payment.at)),
        Cell::Text(&payment.product),
        Cell::Text(payment.number.as_deref().unwrap_or_default()),
        money(payment.amount),
        Cell::Text(&payment.currency),
        Cell::Text(&payment.status),
        money(payment.refunded),
    ])
}

/// `GET /billing/papers/{payment}`: leads to the invoice or the receipt, where the payment provider keeps it. Refused as a page is.
pub async fn paper(visit: Visit, Path(payment): Path<String>) -> Response {
    match find(&visit, &payment).await {
        Ok(paper) => see_other(&paper),
        Err(refusal) => visit.stop(refusal.into()).await,
    }
}

async fn find(visit: &Visit, payment: &str) -> Result<String> {
    changes::find_paper(visit.read::<may::ViewBilling>().await?, payment).await
}
