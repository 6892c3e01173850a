//! Replacing the card that pays.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use crate::billing::wallets::{self, Saved};
use crate::cards::CardErrors;
use crate::json::At;
use crate::shared::Shared;

use super::super::authenticate::{Pressed, question as asked};
use super::super::card_form::{TEST_CARDS, Typed, fields};
use super::super::html::inert;
use super::{Portal, change};

const FLOW: &str = "payment_method_update";

pub async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    match Portal::open(&shared, &id) {
        Ok(portal) => form(&portal, StatusCode::OK, &Typed::default(), None, &CardErrors::default()),
        Err(other) => other,
    }
}

pub async fn submit(State(shared): State<Arc<Shared>>, Path(id): Path<String>, typed: Result<Form<Typed>, FormRejection>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let typed = typed.map(|Form(typed)| typed).unwrap_or_default();
    if typed.action == "cancel" {
        return Redirect::to(&portal.path("/overview")).into_response();
    }
    let card = match typed.card(shared.clock.now_ms().div_euclid(1_000)) {
        Ok(card) => card,
        Err(fields) => return form(&portal, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some("Check the fields marked below."), &fields),
    };
    let page = format!("{}{}", shared.pages, portal.path("/card"));
    match change(&shared, |tx| wallets::put_in(tx, portal.customer(), &card, &page)) {
        Ok(Saved::Done) => portal.onward(FLOW),
        Ok(Saved::Asked(intent)) => Redirect::to(&portal.path(&format!("/card/{intent}"))).into_response(),
        Ok(Saved::Declined(decline)) => form(&portal, StatusCode::PAYMENT_REQUIRED, &typed, Some(decline.message), &CardErrors::default()),
        Err(other) => other,
    }
}

/// The bank asks the card's owner.
pub async fn question(State(shared): State<Arc<Shared>>, Path((id, intent)): Path<(String, String)>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let last4 = shared.read(|store| {
        let intent = store.value(&intent);
        let waits = intent.text("status") == "requires_action" && intent.text("customer") == portal.customer();
        waits.then(|| store.value(intent.text("payment_method")).text("card.last4").to_owned())
    });
    match last4 {
        Some(last4) => {
            let main = asked(&portal.path(&format!("/card/{intent}")), &last4, "saving your card");
            portal.page(StatusCode::OK, "Confirm it is you", &main)
        }
        None => Redirect::to(&portal.path("/card")).into_response(),
    }
}

pub async fn answer(
    State(shared): State<Arc<Shared>>,
    Path((id, intent)): Path<(String, String)>,
    pressed: Result<Form<Pressed>, FormRejection>,
) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let confirmed = match pressed.as_ref().map(|form| form.action.as_str()) {
        Ok("complete") => true,
        Ok("fail") => false,
        _ => return question(State(shared), Path((id, intent))).await,
    };
    let own = shared.read(|store| store.value(&intent).text("customer") == portal.customer());
    match change(&shared, |tx| own && wallets::answer(tx, &intent, confirmed)) {
        Ok(true) => portal.onward(FLOW),
        Ok(false) => {
            let reason = Some("Your bank could not confirm that it is you. Try again, or take another card.");
            form(&portal, StatusCode::PAYMENT_REQUIRED, &Typed::default(), reason, &CardErrors::default())
        }
        Err(other) => other,
    }
}

fn form(portal: &Portal, status: StatusCode, typed: &Typed, reason: Option<&str>, errors: &CardErrors) -> Response {
    let alert = reason.map_or_else(String::new, |reason| format!(r#"<p class="alert" role="alert">{}</p>"#, inert(reason)));
    let main = format!(
        r#"<h1>Update payment method</h1>
<form class="card" method="post" action="{action}" novalidate>
{alert}
{fields}
<div class="actions">
<button name="action" value="save">Save card</button>
<button class="quiet" name="action" value="cancel">Go back</button>
</div>
<p class="hint">Nothing is charged now. The next invoices are paid with this card.</p>
</form>
{TEST_CARDS}"#,
        action = portal.path("/card"),
        fields = fields(typed, errors),
    );
    let title = if reason.is_some() { "Error: Update payment method" } else { "Update payment method" };
    portal.page(status, title, &main)
}
