//! What happens to money and time: paying a session, invoices, charges, and what falls due as the clock runs.

pub mod checkout;
pub mod due;
pub mod invoices;
pub mod payments;
pub mod periods;
pub mod subscriptions;
