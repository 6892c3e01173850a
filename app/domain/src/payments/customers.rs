//! Customers: one for each account.

use std::collections::HashMap;

use miniserde::Deserialize;
use stripe_core::customer::{CreateCustomer, UpdateCustomer};

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

    /// The customer has this address and this name.
    pub async fn update_customer(&self, out: &Outside, customer: &CustomerId, email: &str, name: &str) -> Result<(), PaymentError> {
        let request = UpdateCustomer::new(segment(&customer.0)?).email(email).name(name);
        self.send::<Named>(out, &request, None).await?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct Customer {
    id: String,
    metadata: Option<Marks>,
}

impl Listed for Customer {
    fn id(&self) -> &str {
        &self.id
    }
}
