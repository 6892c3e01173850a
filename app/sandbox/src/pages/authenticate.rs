//! The page where a bank asks the card's owner (3-D Secure), between the payment page and the payment.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::billing::checkout;
use crate::json::At;
use crate::money;
use crate::shared::Shared;
use crate::store::Cause;

use super::html::{inert, page};
use super::pay::open_session;

#[derive(Deserialize)]
pub struct Pressed {
    pub action: String,
}

pub async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let session = match open_session(&shared, &id) {
        Ok(session) => session,
        Err(other) => return other,
    };
    let Some(method) = checkout::asked(&session.hidden) else { return back(&id) };
    let value = &session.value;
    let last4 = shared.read(|store| store.value(method).text("card.last4").to_owned());
    let what = match value.integer("amount_total") {
        0 => "saving your card".to_owned(),
        amount => format!("a payment of <strong>{}</strong>", money::written(amount, value.text("currency"))),
    };
    let main = question(&format!("/pay/{id}/authenticate"), &last4, &what);
    page(StatusCode::OK, "Confirm it is you", false, &main, &[value.text("success_url"), value.text("cancel_url")])
}

/// What the bank asks: `what` is HTML, and the answer goes to `action`.
pub fn question(action: &str, last4: &str, what: &str) -> String {
    format!(
        r#"<h1>Confirm it is you</h1>
<form class="card" method="post" action="{}">
<p>The bank of your card ending in {} asks you to confirm {what}.</p>
<div class="actions">
<button name="action" value="complete">Complete</button>
<button class="quiet" name="action" value="fail">Fail</button>
</div>
<p class="hint">Complete stands for a right answer to the bank, Fail for a wrong one or none.</p>
</form>"#,
        inert(action),
        inert(last4),
    )
}

/// Goes on at the payment page, which knows what became of it.
pub async fn submit(State(shared): State<Arc<Shared>>, Path(id): Path<String>, pressed: Result<Form<Pressed>, FormRejection>) -> Response {
    let confirmed = match pressed.as_ref().map(|form| form.action.as_str()) {
        Ok("complete") => true,
        Ok("fail") => false,
        _ => return show(State(shared), Path(id)).await,
    };
    let answered = shared.change(Cause::default(), |tx| Ok::<_, std::convert::Infallible>(checkout::authenticate(tx, &id, confirmed)));
    if let Err(error) = answered {
        tracing::error!(%error, session = id, "an answer to the bank was not recorded");
    }
    back(&id)
}

fn back(id: &str) -> Response {
    Redirect::to(&format!("/pay/{id}")).into_response()
}
