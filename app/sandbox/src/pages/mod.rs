//! The pages people see: payment, the bank's question, the portal, invoice, receipt, and a look into the sandbox. All work without scripts.

mod authenticate;
mod card_form;
mod deliveries;
mod html;
mod papers;
mod pay;
mod pdf;
mod portal;
mod window;

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use crate::shared::Shared;

/// The routes of all pages.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/_sandbox") }))
        .route("/pay/{session}", get(pay::show).post(pay::submit))
        .route("/pay/{session}/authenticate", get(authenticate::show).post(authenticate::submit))
        .merge(portal::routes())
        .route("/invoice/{id}", get(papers::invoice).post(papers::pay))
        .route("/invoice/{id}/authenticate", get(papers::question).post(papers::answer))
        .route("/invoice/{id}/pdf", get(papers::download))
        .route("/receipt/{id}", get(papers::receipt))
        .route("/_sandbox", get(window::index))
        .route("/_sandbox/webhooks", get(deliveries::log))
        .route("/_sandbox/webhooks/{id}/resend", post(deliveries::resend))
        .route("/_sandbox/objects/{id}", get(window::object))
        .route("/_sandbox/style.css", get(|| async { asset("text/css; charset=utf-8", include_str!("style.css")) }))
        .route("/_sandbox/mark.svg", get(|| async { asset("image/svg+xml", include_str!("mark.svg")) }))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, text).into_response()
}
