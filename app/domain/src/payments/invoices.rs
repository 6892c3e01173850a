//! Invoices: what was charged, and for which time.

use miniserde::Deserialize;

use super::{Listed, Marks, Page, PaymentError, Payments, ms, segment, words};
use crate::access::Outside;

/// An invoice with all its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceState {
    /// The invoice's id.
    pub id: String,
    /// Who pays.
    pub customer: Option<String>,
    /// The subscription it bills; `None` for other invoices.
    pub subscription: Option<String>,
    /// The account written on that subscription when the invoice was made.
    pub account_id: Option<String>,
    /// How it stands.
    pub status: InvoiceStatus,
    /// Stripe's word for its cause, such as `subscription_create`, `subscription_cycle` or `subscription_update`.
    pub billing_reason: Option<String>,
    /// What customers know it by; a draft has none.
    pub number: Option<String>,
    /// Minor units, with discounts and taxes; negative for a credit.
    pub total: i64,
    /// Minor units.
    pub amount_paid: i64,
    /// Lower-case code.
    pub currency: String,
    /// When it was made.
    pub created: i64,
    /// When it was paid.
    pub paid_at: Option<i64>,
    /// How often it was tried to charge it.
    pub attempts: i64,
    /// The page at Stripe where it is seen and paid.
    pub hosted_url: Option<String>,
    /// The document.
    pub pdf: Option<String>,
    /// Real money, not a test.
    pub livemode: bool,
    /// What it charges for.
    pub lines: Vec<InvoiceLine>,
}

/// One line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The line's id.
    pub id: String,
    /// The price's id.
    pub price_id: Option<String>,
    /// The subscription's item it bills; `None` for a line made beside it.
    pub subscription_item: Option<String>,
    /// How many.
    pub quantity: i64,
    /// Minor units, before discounts and taxes; negative for a credit.
    pub amount: i64,
    /// The beginning of the time it pays for.
    pub period_start: i64,
    /// The end of the time it pays for.
    pub period_end: i64,
    /// It settles a change in the middle of a period.
    pub proration: bool,
}

words! {
    /// How an invoice stands.
    InvoiceStatus {
        /// Can still change.
        Draft = "draft",
        /// Waits for money.
        Open = "open",
        /// Paid.
        Paid = "paid",
        /// Given up.
        Uncollectible = "uncollectible",
        /// Cancelled.
        Void = "void",
    }
}

impl Payments {
    /// The invoice as Stripe knows it now, with every line.
    pub async fn get_invoice(&self, out: &Outside, id: &str) -> Result<InvoiceState, PaymentError> {
        let path = format!("/invoices/{}", segment(id)?);
        let invoice: Invoice = self.get(out, path.clone()).await?;
        // The invoice itself carries its first ten lines.
        let lines = if invoice.lines.has_more { self.list(out, &format!("{path}/lines"), &[]).await? } else { Vec::new() };
        let state = invoice.state(lines);
        Ok(InvoiceState { hosted_url: self.pages.perhaps(state.hosted_url), pdf: self.pages.perhaps(state.pdf), ..state })
    }

    /// The subscription's paid invoices, newest first.
    pub async fn list_paid_invoices(&self, out: &Outside, subscription: &str) -> Result<Vec<PaidInvoice>, PaymentError> {
        self.list(out, "/invoices", &[("subscription", subscription), ("status", "paid")]).await
    }
}

/// An invoice of a list of paid ones.
#[derive(Deserialize)]
pub struct PaidInvoice {
    /// The invoice's id.
    pub id: String,
    /// Minor units.
    pub amount_paid: i64,
}

impl Listed for PaidInvoice {
    fn id(&self) -> &str {
        &self.id
    }
}

/// An invoice as Stripe sends it.
#[derive(Deserialize)]
struct Invoice {
    id: String,
    customer: Option<String>,
    parent: Option<Parent>,
    status: Option<String>,
    billing_reason: Option<String>,
    number: Option<String>,
    total: i64,
    amount_paid: i64,
    currency: String,
    created: i64,
    status_transitions: Option<Transitions>,
    attempt_count: Option<i64>,
    hosted_invoice_url: Option<String>,
    #[serde(rename = "invoice_pdf")]
    pdf: Option<String>,
    livemode: bool,
    lines: Page<Line>,
}

#[derive(Deserialize)]
struct Parent {
    subscription_details: Option<SubscriptionDetails>,
}

#[derive(Deserialize)]
struct SubscriptionDetails {
    subscription: String,
    metadata: Option<Marks>,
}

#[derive(Deserialize)]
struct Transitions {
    paid_at: Option<i64>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    pricing: Option<Pricing>,
    parent: Option<LineParent>,
    quantity: Option<i64>,
    amount: i64,
    period: Period,
}

#[derive(Deserialize)]
struct Pricing {
    price_details: Option<PriceDetails>,
}

#[derive(Deserialize)]
struct PriceDetails {
    price: String,
}

#[derive(Deserialize)]
struct LineParent {
    subscription_item_details: Option<LineDetails>,
    invoice_item_details: Option<LineDetails>,
}

#[derive(Deserialize)]
struct LineDetails {
    subscription_item: Option<String>,
    proration: bool,
}

#[derive(Deserialize)]
struct Period {
    start: i64,
    end: i64,
}

impl Listed for Line {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Invoice {
    /// The state with `lines`, or with the invoice's own when those are all.
    fn state(self, lines: Vec<Line>) -> InvoiceState {
        let lines = if self.lines.has_more { lines } else { self.lines.data };
        let subscription = self.parent.and_then(|parent| parent.subscription_details);
        let (subscription, marks) = subscription.map_or((None, None), |details| (Some(details.subscription), details.metadata));
        InvoiceState {
            id: self.id,
            customer: self.customer,
            subscription,
            account_id: marks.and_then(|marks| marks.account_id),
            status: InvoiceStatus::read(self.status),
            billing_reason: self.billing_reason,
            number: self.number,
            total: self.total,
            amount_paid: self.amount_paid,
            currency: self.currency,
            created: ms(self.created),
            paid_at: self.status_transitions.and_then(|at| at.paid_at).map(ms),
            attempts: self.attempt_count.unwrap_or(0),
            hosted_url: self.hosted_invoice_url,
            pdf: self.pdf,
            livemode: self.livemode,
            lines: lines.into_iter().map(InvoiceLine::from).collect(),
        }
    }
}

impl From<Line> for InvoiceLine {
    fn from(line: Line) -> Self {
        let details = line.parent.and_then(|parent| parent.subscription_item_details.or(parent.invoice_item_details));
        Self {
            id: line.id,
            price_id: line.pricing.and_then(|pricing| pricing.price_details).map(|details| details.price),
            proration: details.as_ref().is_some_and(|details| details.proration),
            subscription_item: details.and_then(|details| details.subscription_item),
            quantity: line.quantity.unwrap_or(1),
            amount: line.amount,
            period_start: ms(line.period.start),
            period_end: ms(line.period.end),
        }
    }
}
