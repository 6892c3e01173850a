//! Customers: one for each account.

use std::collections::HashMap;

use keel_types::VatNumber;
use miniserde::Deserialize;
use stripe_core::customer::CreateCustomer;

use super::{Listed, Marks, Named, PaymentError, Payments, segment};
use crate::access::Outside;

/// A customer at Stripe, such as `cus_…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerId(pub String);

impl Payments {
    /// The account has a customer that carries the account's id. Asked again with the same key within Stripe's day of
    /// remembering keys, it is the same customer.
    pub async fn create_customer(&self, out: &Outside, account: &str, key: &str) -> Result<CustomerId, PaymentError> {
        // Only what never changes goes with the key: Stripe refuses a known key with other parameters, and between two tries
        // the address or the name may have changed.
        let marks = HashMap::from([("account_id".to_owned(), account.to_owned())]);
        let created: Named = self.send(out, &CreateCustomer::new().metadata(marks), Some(key)).await?;
        Ok(CustomerId(created.id))
    }

    /// The account's customer, among those made since then (milliseconds).
    pub async fn find_customer(&self, out: &Outside, account: &str, since_ms: i64) -> Result<Option<CustomerId>, PaymentError> {
        let since = since_ms.div_euclid(1_000).to_string();
        let all: Vec<Customer> = self.list(out, "/customers", &[("created[gte]", &since)]).await?;
        let is_theirs = |customer: &Customer| customer.metadata.as_ref().is_some_and(|m| m.account_id.as_deref() == Some(account));
        // The list begins with the newest: where there are two, the first one made is the account's.
        Ok(all.into_iter().rev().find(is_theirs).map(|customer| CustomerId(customer.id)))
    }

    /// Whether there is such a customer still: of one that was deleted Stripe tells nothing else.
    pub async fn has_customer(&self, out: &Outside, customer: &str) -> Result<bool, PaymentError> {
        match self.get::<Customer>(out, format!("/customers/{}", segment(customer)?)).await {
            Ok(known) => Ok(known.deleted != Some(true)),
            Err(PaymentError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The customer is called and reached as told. Of an address that the payment page has asked for, the parts stay by which taxes
    /// are worked out; a tax number stands on invoices where its kind is known. Done twice, it is the same.
    pub async fn describe_customer(&self, out: &Outside, customer: &CustomerId, details: &CustomerDetails) -> Result<(), PaymentError> {
        let path = format!("/customers/{}", segment(&customer.0)?);
        let mut form = vec![("email".to_owned(), details.email.clone()), ("name".to_owned(), details.name.clone())];
        if let Some(typed) = &details.address {
            let known: Customer = self.get(out, path.clone()).await?;
            form.extend(known.address.unwrap_or_default().with_lines(typed));
        }
        self.post::<Named>(out, path.clone(), form, None).await?;
        match details.tax_id.as_deref().and_then(kind_of) {
            Some((kind, value)) => self.set_tax_id(out, &format!("{path}/tax_ids"), kind, &value).await,
            None => Ok(()),
        }
    }

    /// The customer has this tax id and no other of its kind. One that Stripe does not take is left out.
    async fn set_tax_id(&self, out: &Outside, path: &str, kind: &str, value: &str) -> Result<(), PaymentError> {
        let known: Vec<KnownTaxId> = self.list(out, path, &[]).await?;
        for other in known.iter().filter(|id| id.kind == kind && id.value != value) {
            self.send::<Named>(out, &super::Delete { path: format!("/tax_ids/{}", segment(&other.id)?) }, None).await?;
        }
        if known.iter().any(|id| id.kind == kind && id.value == value) {
            return Ok(());
        }
        let form = vec![("type".to_owned(), kind.to_owned()), ("value".to_owned(), value.to_owned())];
        match self.post::<Named>(out, path.to_owned(), form, None).await {
            Err(PaymentError::Refused { code, .. }) => {
                tracing::warn!(?code, kind, "Stripe does not take a tax id");
                Ok(())
            }
            other => other.map(drop),
        }
    }
}

/// How a customer is called and reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerDetails {
    /// Where bills are mailed.
    pub email: String,
    /// Who they are for.
    pub name: String,
    /// The address, in lines, where one is told.
    pub address: Option<String>,
    /// The tax number, where one is told.
    pub tax_id: Option<String>,
}

/// Stripe's kind of a tax number, and the number as Stripe takes it. None for countries whose kind is not told by how it is written.
fn kind_of(typed: &str) -> Option<(&'static str, String)> {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let vat = VatNumber::parse(&plain).ok()?;
    match plain.get(..2)? {
        "GB" => Some(("gb_vat", plain)),
        _ if vat.is_european() => Some(("eu_vat", plain)),
        _ => None,
    }
}

#[derive(Deserialize)]
struct KnownTaxId {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

impl Listed for KnownTaxId {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Default, Deserialize)]
struct Address {
    city: Option<String>,
    country: Option<String>,
    postal_code: Option<String>,
    state: Option<String>,
}

impl Address {
    /// The typed lines, with what is known besides.
    fn with_lines(self, typed: &str) -> Vec<(String, String)> {
        let mut lines = typed.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let parts = [
            ("line1", Some(first)),
            ("line2", Some(lines.collect::<Vec<_>>().join(", "))),
            ("city", self.city),
            ("country", self.country),
            ("postal_code", self.postal_code),
            ("state", self.state),
        ];
        let told = parts.into_iter().filter_map(|(name, value)| Some((name, value?)));
        told.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (format!("address[{name}]"), value)).collect()
    }
}

#[derive(Deserialize)]
struct Customer {
    id: String,
    metadata: Option<Marks>,
    address: Option<Address>,
    deleted: Option<bool>,
}

impl Listed for Customer {
    fn id(&self) -> &str {
        &self.id
    }
}
