//! Customers: one for each account.

use std::collections::HashMap;

use stripe_core::customer::{CreateCustomer, UpdateCustomer};

use super::{Named, PaymentError, Payments, segment};
use crate::access::Outside;

/// A customer at Stripe, such as `cus_…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerId(pub String);

impl Payments {
    /// The account has a customer that carries the account's id, this address and this name. Asked again within Stripe's
    /// day of remembering keys, it is the same customer.
    pub async fn create_customer(&self, out: &Outside, account: &str, email: &str, name: &str) -> Result<CustomerId, PaymentError> {
        // Only what never changes goes with the key: Stripe refuses a known key with other parameters, and between two tries
        // the address or the name may have changed.
        let marks = HashMap::from([("account_id".to_owned(), account.to_owned())]);
        let request = CreateCustomer::new().metadata(marks);
        let created: Named = self.send(out, &request, Some(&format!("cus:{account}"))).await?;
        let customer = CustomerId(created.id);
        self.update_customer(out, &customer, email, name).await?;
        Ok(customer)
    }

    /// The customer has this address and this name.
    pub async fn update_customer(&self, out: &Outside, customer: &CustomerId, email: &str, name: &str) -> Result<(), PaymentError> {
        let request = UpdateCustomer::new(segment(&customer.0)?).email(email).name(name);
        self.send::<Named>(out, &request, None).await?;
        Ok(())
    }
}
