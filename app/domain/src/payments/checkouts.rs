//! Checkout sessions: the page at Stripe where something is bought.

use std::collections::HashMap;

use keel_types::ProductKind;
use miniserde::Deserialize;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionCustomerUpdate,
    CreateCheckoutSessionCustomerUpdateAddress, CreateCheckoutSessionCustomerUpdateName, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionPaymentIntentData, CreateCheckoutSessionSubscriptionData, CreateCheckoutSessionTaxIdCollection,
};
use stripe_shared::{CheckoutSessionBillingAddressCollection, CheckoutSessionMode};

use super::{Marks, PaymentError, Payments, ms, segment, words};
use crate::access::Outside;

/// A payment page to be made.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in keel.toml")]
pub struct WantedCheckout {
    /// The same for every try to make this page.
    pub idempotency_key: String,
    /// Who buys.
    pub customer: String,
    /// The price's id.
    pub price: String,
    /// How many.
    pub quantity: u64,
    /// What is bought.
    pub mode: CheckoutMode,
    /// The buying account, written on the session and on what comes of it.
    pub account_id: String,
    /// Keel's row of this page, written likewise.
    pub checkout_id: String,
    /// What kind of article is bought, and its id: written likewise.
    pub article: (ProductKind, String),
    /// Where the buyer goes after paying. Stripe puts the session's id for `{CHECKOUT_SESSION_ID}`.
    pub success_url: String,
    /// Where the buyer goes back.
    pub cancel_url: String,
    /// Offers a field for promotion codes.
    pub promotion_codes: bool,
    /// Has Stripe work out the taxes.
    pub automatic_tax: bool,
    /// Asks for the billing address even where the card does not need it.
    pub collect_address: bool,
    /// Offers a field for a tax id.
    pub collect_tax_id: bool,
}

/// What a payment page sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutMode {
    /// A plan that renews.
    Subscription {
        /// Days before the first payment; `None` or 0 for none.
        trial_days: Option<u32>,
    },
    /// Something paid once.
    Payment,
}

/// A payment page that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutCreated {
    /// The session's id.
    pub id: String,
    /// Where to send the buyer.
    pub url: String,
    /// When the page closes.
    pub expires_at: i64,
}

/// A payment page as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutState {
    /// The session's id.
    pub id: String,
    /// How far it is.
    pub status: CheckoutStatus,
    /// Nothing is owed now: paid, or free of charge (a trial, a full discount). A complete session can still wait for money.
    pub paid: bool,
    /// What it sells.
    pub mode: CheckoutKind,
    /// Who buys.
    pub customer: Option<String>,
    /// What was made, in subscription mode.
    pub subscription: Option<String>,
    /// The invoice, where there is one.
    pub invoice: Option<String>,
    /// The payment, in payment mode.
    pub payment_intent: Option<String>,
    /// Minor units, with discounts and taxes.
    pub amount_total: Option<i64>,
    /// Lower-case code.
    pub currency: Option<String>,
    /// The account written on it; `None` on a session that Keel did not make.
    pub account_id: Option<String>,
    /// Keel's row written on it.
    pub checkout_id: Option<String>,
    /// The article written on it, as its kind and its id.
    pub article: Option<(ProductKind, String)>,
    /// A real payment, not a test.
    pub livemode: bool,
}

words! {
    /// How far a payment page is.
    CheckoutStatus {
        /// Waits for the buyer.
        Open = "open",
        /// The buyer is through; whether the money is there, [`CheckoutState::paid`] says.
        Complete = "complete",
        /// Closed without a purchase.
        Expired = "expired",
    }
}

words! {
    /// What a payment page sells.
    CheckoutKind {
        /// A plan that renews.
        Subscription = "subscription",
        /// Something paid once.
        Payment = "payment",
    }
}

impl Payments {
    /// A payment page is open. With a known key it is the page made then.
    pub async fn create_checkout(&self, out: &Outside, wanted: &WantedCheckout) -> Result<CheckoutCreated, PaymentError> {
        let session: Session = self.send(out, &request(wanted), Some(&wanted.idempotency_key)).await?;
        let url = self.pages.lead_to(&session.url.ok_or(PaymentError::Unreadable)?)?;
        Ok(CheckoutCreated { id: session.id, url, expires_at: ms(session.expires_at) })
    }

    /// The page as Stripe knows it now.
    pub async fn get_checkout(&self, out: &Outside, id: &str) -> Result<CheckoutState, PaymentError> {
        let session: Session = self.get(out, format!("/checkout/sessions/{}", segment(id)?)).await?;
        Ok(session.into())
    }
}

fn request(wanted: &WantedCheckout) -> CreateCheckoutSession {
    let (kind, what) = &wanted.article;
    let marks = [("account_id", wanted.account_id.as_str()), ("checkout_id", &wanted.checkout_id), ("kind", kind.as_str()), ("what", what)];
    let marks: HashMap<_, _> = marks.into_iter().map(|(name, mark)| (name.to_owned(), mark.to_owned())).collect();
    let mut line = CreateCheckoutSessionLineItems::new();
    line.price = Some(wanted.price.clone());
    line.quantity = Some(wanted.quantity);
    let mut request = CreateCheckoutSession::new()
        .customer(&wanted.customer)
        .client_reference_id(&wanted.checkout_id)
        .line_items([line])
        .success_url(&wanted.success_url)
        .cancel_url(&wanted.cancel_url)
        .metadata(marks.clone());

    // What comes of a session does not inherit its metadata.
    request = match wanted.mode {
        CheckoutMode::Subscription { trial_days } => {
            let mut data = CreateCheckoutSessionSubscriptionData::new();
            data.metadata = Some(marks);
            data.trial_period_days = trial_days.filter(|days| *days > 0);
            request.mode(CheckoutSessionMode::Subscription).subscription_data(data)
        }
        CheckoutMode::Payment => {
            let mut data = CreateCheckoutSessionPaymentIntentData::new();
            data.metadata = Some(marks);
            request.mode(CheckoutSessionMode::Payment).payment_intent_data(data)
        }
    };

    // For a customer who exists, Stripe refuses to collect what it may not write back.
    let mut update = CreateCheckoutSessionCustomerUpdate::new();
    if wanted.promotion_codes {
        request = request.allow_promotion_codes(true);
    }
    if wanted.automatic_tax {
        request = request.automatic_tax(CreateCheckoutSessionAutomaticTax::new(true));
    }
    if wanted.collect_address {
        request = request.billing_address_collection(CheckoutSessionBillingAddressCollection::Required);
    }
    if wanted.collect_tax_id {
        request = request.tax_id_collection(CreateCheckoutSessionTaxIdCollection::new(true));
        update.name = Some(CreateCheckoutSessionCustomerUpdateName::Auto);
    }
    if wanted.automatic_tax || wanted.collect_address {
        update.address = Some(CreateCheckoutSessionCustomerUpdateAddress::Auto);
    }
    if update.name.is_some() || update.address.is_some() {
        request = request.customer_update(update);
    }
    request
}

/// A session as Stripe sends it.
#[derive(Deserialize)]
struct Session {
    id: String,
    url: Option<String>,
    expires_at: i64,
    status: Option<String>,
    payment_status: Option<String>,
    mode: Option<String>,
    customer: Option<String>,
    subscription: Option<String>,
    invoice: Option<String>,
    payment_intent: Option<String>,
    amount_total: Option<i64>,
    currency: Option<String>,
    metadata: Option<Marks>,
    livemode: bool,
}

impl From<Session> for CheckoutState {
    fn from(session: Session) -> Self {
        let marks = session.metadata.unwrap_or_default();
        Self {
            id: session.id,
            status: CheckoutStatus::read(session.status),
            paid: matches!(session.payment_status.as_deref(), Some("paid" | "no_payment_required")),
            mode: CheckoutKind::read(session.mode),
            customer: session.customer,
            subscription: session.subscription,
            invoice: session.invoice,
            payment_intent: session.payment_intent,
            amount_total: session.amount_total,
            currency: session.currency,
            article: marks.article(),
            account_id: marks.account_id,
            checkout_id: marks.checkout_id,
            livemode: session.livemode,
        }
    }
}
