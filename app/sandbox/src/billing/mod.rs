//! What happens to money and time: paying a session, invoices, charges, and what falls due as the clock runs.

pub mod changes;
pub mod checkout;
pub mod debits;
pub mod discounts;
pub mod disputes;
pub mod due;
pub mod invoices;
pub mod lines;
pub mod payments;
pub mod periods;
pub mod previews;
pub mod prorations;
pub mod refunds;
pub mod schedules;
pub mod subscriptions;
pub mod tax_ids;
pub mod taxes;
pub mod totals;
pub mod wallets;
