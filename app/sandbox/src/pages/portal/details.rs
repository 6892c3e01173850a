//! Name, address and tax id, which invoices show.

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::billing::tax_ids;
use crate::json::At;
use crate::shared::Shared;
use crate::store::Tx;

use super::super::html::inert;
use super::{Portal, change};

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    action: String,
    name: String,
    email: String,
    line1: String,
    line2: String,
    postal_code: String,
    city: String,
    state: String,
    country: String,
    tax_id: String,
}

const LONGEST: usize = 200;

pub async fn show(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let known = shared.read(|store| {
        let customer = store.value(portal.customer());
        let part = |path: &str| customer.text(path).to_owned();
        let tax_id = store.all("tax_id").map(|record| &record.value).find(|tax_id| tax_id.text("customer") == portal.customer());
        Typed {
            action: String::new(),
            name: part("name"),
            email: part("email"),
            line1: part("address.line1"),
            line2: part("address.line2"),
            postal_code: part("address.postal_code"),
            city: part("address.city"),
            state: part("address.state"),
            country: part("address.country"),
            tax_id: tax_id.map(|tax_id| tax_id.text("value").to_owned()).unwrap_or_default(),
        }
    });
    form(&portal, StatusCode::OK, &known, &[])
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
    let wrong = faults(&typed);
    if !wrong.is_empty() {
        return form(&portal, StatusCode::UNPROCESSABLE_ENTITY, &typed, &wrong);
    }
    match change(&shared, |tx| save(tx, portal.customer(), &typed)) {
        Ok(()) => portal.onward("customer_update"),
        Err(other) => other,
    }
}

/// The fields that are wrong, with what is wrong.
fn faults(typed: &Typed) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    if !typed.email.is_empty() && !typed.email.contains('@') {
        wrong.push(("email", "Enter an e-mail address."));
    }
    if !typed.country.is_empty() && (typed.country.len() != 2 || !typed.country.bytes().all(|letter| letter.is_ascii_alphabetic())) {
        wrong.push(("country", "Enter the two letters of a country, such as DE."));
    }
    if typed.tax_id.len() > 30 || !typed.tax_id.chars().all(|letter| letter.is_ascii_alphanumeric() || " .-".contains(letter)) {
        wrong.push(("tax_id", "Enter a tax ID, such as DE123456789, or nothing."));
    }
    let long = [("name", &typed.name), ("line1", &typed.line1), ("line2", &typed.line2), ("city", &typed.city)];
    wrong.extend(long.iter().filter(|(_, value)| value.chars().count() > LONGEST).map(|(name, _)| (*name, "This is too long.")));
    wrong
}

fn save(tx: &mut Tx, customer: &str, typed: &Typed) {
    let filled = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
    let country = typed.country.to_ascii_uppercase();
    let parts = [&typed.line1, &typed.line2, &typed.postal_code, &typed.city, &typed.state, &country];
    let address = if parts.iter().all(|part| part.trim().is_empty()) {
        Value::Null
    } else {
        json!({
            "city": filled(&typed.city), "country": filled(&country), "line1": filled(&typed.line1), "line2": filled(&typed.line2),
            "postal_code": filled(&typed.postal_code), "state": filled(&typed.state),
        })
    };
    tx.update(customer, "customer.updated", |customer| {
        customer.set("name", filled(&typed.name));
        customer.set("email", filled(&typed.email));
        customer.set("address", address);
    });
    let wanted = filled(&typed.tax_id.to_ascii_uppercase());
    let known: Vec<(String, String)> =
        tax_ids::of_customer(tx, customer).map(|tax_id| (tax_id.text("id").to_owned(), tax_id.text("value").to_owned())).collect();
    for (id, _) in known.iter().filter(|(_, value)| Some(value) != wanted.as_ref()) {
        tax_ids::remove(tx, id);
    }
    if let Some(value) = wanted.filter(|value| known.iter().all(|(_, other)| other != value)) {
        tax_ids::add(tx, customer, tax_ids::kind_of(&value), &value);
    }
}

fn form(portal: &Portal, status: StatusCode, typed: &Typed, wrong: &[(&str, &str)]) -> Response {
    let field = |name: &str, label: &str, autocomplete: &str, value: &str| {
        let error = wrong.iter().find(|(field, _)| *field == name).map(|(_, message)| *message);
        let (state, message) = match error {
            Some(error) => (
                format!(r#" aria-invalid="true" aria-describedby="{name}-error""#),
                format!(r#"<span class="error" id="{name}-error">{}</span>"#, inert(error)),
            ),
            None => (String::new(), String::new()),
        };
        let value = inert(value);
        format!(
            r#"<div class="whole"><label for="{name}">{label}</label><input id="{name}" name="{name}" value="{value}" autocomplete="{autocomplete}"{state}>{message}</div>"#
        )
    };
    let fields = [
        field("name", "Name", "organization", &typed.name),
        field("email", "Email", "email", &typed.email),
        field("line1", "Address", "address-line1", &typed.line1),
        field("line2", "Address, second line", "address-line2", &typed.line2),
        field("postal_code", "Postal code", "postal-code", &typed.postal_code),
        field("city", "City", "address-level2", &typed.city),
        field("state", "State", "address-level1", &typed.state),
        field("country", "Country", "country", &typed.country),
        field("tax_id", "Tax ID", "off", &typed.tax_id),
    ]
    .concat();
    let alert = if wrong.is_empty() { "" } else { r#"<p class="alert" role="alert">Check the fields marked below.</p>"# };
    let main = format!(
        r#"<h1>Billing information</h1>
<form class="card" method="post" action="{}" novalidate>
{alert}
<div class="fields">{fields}</div>
<div class="actions">
<button name="action" value="save">Save</button>
<button class="quiet" name="action" value="cancel">Go back</button>
</div>
</form>"#,
        portal.path("/details"),
    );
    portal.page(status, if wrong.is_empty() { "Billing information" } else { "Error: Billing information" }, &main)
}
