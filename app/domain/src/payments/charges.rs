//! Charges: money that came, went back, or is disputed; and the payment intents behind them.

use miniserde::Deserialize;

use super::{Listed, PaymentError, Payments, segment, words};
use crate::access::Outside;

/// A charge, as Stripe knows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeState {
    /// The charge's id.
    pub id: String,
    /// Who paid.
    pub customer: Option<String>,
    /// The payment intent it belongs to.
    pub intent: Option<String>,
    /// Whether money came.
    pub succeeded: bool,
    /// Minor units.
    pub amount: i64,
    /// Minor units given back in all, without what came back again.
    pub refunded: i64,
    /// Minor units of refunds that the bank sent back. In the list of a customer only of charges of which something is given back.
    pub returned: i64,
    /// Lower-case code.
    pub currency: String,
    /// Every dispute about it.
    pub disputes: Vec<DisputeState>,
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeState {
    /// The dispute's id.
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// How it stands.
    pub status: DisputeStatus,
}

words! {
    /// How a dispute stands.
    DisputeStatus {
        /// A bank asks, and no money is gone.
        WarningNeedsResponse = "warning_needs_response",
        /// A bank looks at the answer, and no money is gone.
        WarningUnderReview = "warning_under_review",
        /// A bank asked, and no dispute came of it.
        WarningClosed = "warning_closed",
        /// The money is gone until somebody decides; an answer is due.
        NeedsResponse = "needs_response",
        /// The money is gone until somebody decides.
        UnderReview = "under_review",
        /// The money came back.
        Won = "won",
        /// The money is gone for good.
        Lost = "lost",
        /// It was settled before it became one.
        Prevented = "prevented",
    }
}

impl DisputeStatus {
    /// Whether the money is with neither side. A word that Stripe adds is taken for that: nothing is given away by it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::NeedsResponse | Self::UnderReview | Self::Unknown(_))
    }
}

words! {
    /// How a payment intent stands.
    IntentStatus {
        /// Waits for a card, or for another one: the one that was tried was declined.
        RequiresPaymentMethod = "requires_payment_method",
        /// Waits to be tried.
        RequiresConfirmation = "requires_confirmation",
        /// Waits for the card's owner to answer the bank.
        RequiresAction = "requires_action",
        /// On its way, which can take days.
        Processing = "processing",
        /// Paid.
        Succeeded = "succeeded",
        /// Given up.
        Canceled = "canceled",
    }
}

impl Payments {
    /// The charge as Stripe knows it now, with every dispute about it and every refund that stands.
    pub async fn get_charge(&self, out: &Outside, id: &str) -> Result<ChargeState, PaymentError> {
        let charge: Charge = self.get(out, format!("/charges/{}", segment(id)?)).await?;
        self.with_refunds(out, charge, true).await
    }

    /// Every charge of a payment intent, also those in vain.
    pub async fn list_charges_of_intent(&self, out: &Outside, intent: &str) -> Result<Vec<ChargeState>, PaymentError> {
        self.list_charges(out, ("payment_intent", intent), true).await
    }

    /// Every charge of a customer, also those in vain.
    pub async fn list_charges_of_customer(&self, out: &Outside, customer: &str) -> Result<Vec<ChargeState>, PaymentError> {
        self.list_charges(out, ("customer", customer), false).await
    }

    async fn list_charges(&self, out: &Outside, of: (&'static str, &str), closely: bool) -> Result<Vec<ChargeState>, PaymentError> {
        let charges: Vec<Charge> = self.list(out, "/charges", &[of]).await?;
        let mut all = vec![];
        for charge in charges {
            all.push(self.with_refunds(out, charge, closely).await?);
        }
        Ok(all)
    }

    /// With its disputes and refunds; closely looked at, also with refunds of which nothing is left.
    async fn with_refunds(&self, out: &Outside, charge: Charge, closely: bool) -> Result<ChargeState, PaymentError> {
        let of = [("charge", charge.id.as_str())];
        let disputes: Vec<Dispute> = if charge.disputed { self.list(out, "/disputes", &of).await? } else { vec![] };
        let has_refunds = closely || charge.amount_refunded > 0;
        let refunds: Vec<Refund> = if has_refunds { self.list(out, "/refunds", &of).await? } else { vec![] };
        let sum = |wanted: fn(&Refund) -> bool| {
            refunds.iter().filter(|refund| wanted(refund)).fold(0, |all: i64, refund| all.saturating_add(refund.amount))
        };
        Ok(ChargeState {
            id: charge.id,
            customer: charge.customer,
            intent: charge.payment_intent,
            succeeded: charge.status.as_deref() == Some("succeeded"),
            amount: charge.amount,
            refunded: charge.amount_refunded.min(sum(Refund::stands)),
            returned: sum(Refund::came_back),
            currency: charge.currency.unwrap_or_default(),
            disputes: disputes.into_iter().map(DisputeState::from).collect(),
        })
    }

    /// How the payment intent stands.
    pub async fn get_intent_status(&self, out: &Outside, id: &str) -> Result<IntentStatus, PaymentError> {
        let intent: Intent = self.get(out, format!("/payment_intents/{}", segment(id)?)).await?;
        Ok(IntentStatus::read(intent.status))
    }

    /// The invoice that a payment intent pays, where it pays one.
    pub async fn find_invoice_of_intent(&self, out: &Outside, intent: &str) -> Result<Option<String>, PaymentError> {
        let query = [("payment[type]", "payment_intent"), ("payment[payment_intent]", segment(intent)?)];
        let all: Vec<InvoicePayment> = self.list(out, "/invoice_payments", &query).await?;
        Ok(all.into_iter().next().map(|payment| payment.invoice))
    }

    /// The payment intents of an invoice, newest first.
    pub async fn list_intents_of_invoice(&self, out: &Outside, invoice: &str) -> Result<Vec<String>, PaymentError> {
        self.list_intents(out, &[("invoice", segment(invoice)?)]).await
    }

    /// Those of them that brought money.
    pub async fn list_paid_intents_of_invoice(&self, out: &Outside, invoice: &str) -> Result<Vec<String>, PaymentError> {
        self.list_intents(out, &[("invoice", segment(invoice)?), ("status", "paid")]).await
    }

    async fn list_intents(&self, out: &Outside, query: &[(&'static str, &str)]) -> Result<Vec<String>, PaymentError> {
        let all: Vec<InvoicePayment> = self.list(out, "/invoice_payments", query).await?;
        Ok(all.into_iter().filter_map(|payment| payment.payment?.payment_intent).collect())
    }

    /// The checkout session in which a payment intent was paid, where it was in one.
    pub async fn find_checkout_of_intent(&self, out: &Outside, intent: &str) -> Result<Option<String>, PaymentError> {
        let all: Vec<super::Named> = self.list(out, "/checkout/sessions", &[("payment_intent", segment(intent)?)]).await?;
        Ok(all.into_iter().next().map(|session| session.id))
    }
}

#[derive(Deserialize)]
struct Charge {
    id: String,
    customer: Option<String>,
    payment_intent: Option<String>,
    status: Option<String>,
    amount: i64,
    amount_refunded: i64,
    currency: Option<String>,
    disputed: bool,
}

#[derive(Deserialize)]
struct Dispute {
    id: String,
    amount: i64,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    id: String,
    amount: i64,
    status: Option<String>,
}

impl Refund {
    /// Whether the money is gone, or on its way. A word that Stripe adds is taken for that.
    fn stands(&self) -> bool {
        !matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }

    /// Whether the bank did not take it.
    fn came_back(&self) -> bool {
        self.status.as_deref() == Some("failed")
    }
}

impl Listed for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Deserialize)]
struct Intent {
    status: Option<String>,
}

#[derive(Deserialize)]
struct InvoicePayment {
    id: String,
    invoice: String,
    payment: Option<Paid>,
}

#[derive(Deserialize)]
struct Paid {
    payment_intent: Option<String>,
}

impl Listed for Charge {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for Dispute {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for InvoicePayment {
    fn id(&self) -> &str {
        &self.id
    }
}

impl From<Dispute> for DisputeState {
    fn from(dispute: Dispute) -> Self {
        Self { id: dispute.id, amount: dispute.amount, status: DisputeStatus::read(dispute.status) }
    }
}
