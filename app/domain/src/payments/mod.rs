//! The conversation with Stripe, and nothing else: no rows, no grants, no decisions.
//!
//! Requests that change something are written with the library's typed parameters, or as pairs where those cannot say it. Answers are read with the small structs
//! here instead of the library's: those fail as a whole when one required field is missing, and one object carries dozens.
//! No type of the library leaves this module. Identifiers are Stripe's; times are milliseconds since 1970; amounts are minor
//! units and currencies lower-case codes.
//!
//! Every call that goes over the network takes [`Outside`] first, because no transaction may be open while it waits.

mod changes;
mod charges;
mod checkouts;
mod customers;
mod events;
mod invoices;
mod pages;
mod portal;
mod prices;
mod refunds;
mod subscriptions;
pub mod webhook;

use std::collections::BTreeMap;
use std::time::Duration;

use keel_types::ProductKind;
use miniserde::Deserialize;
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::access::Outside;
use pages::Pages;

pub use changes::{PreviewState, Upcoming, WantedItems};
pub use charges::{ChargeState, DisputeState, DisputeStatus, IntentStatus};
pub use checkouts::{CheckoutCreated, CheckoutKind, CheckoutMode, CheckoutState, CheckoutStatus, WantedCheckout};
pub use customers::{CustomerDetails, CustomerId};
pub use invoices::{InvoiceLine, InvoiceState, InvoiceStatus, PaidInvoice};
pub use prices::{PriceFound, Recurrence, WantedPrice};
pub use subscriptions::{SubscriptionState, SubscriptionStatus};

const STRIPE: &str = "https://api.stripe.com/";
/// From the first byte sent to the last received, for each try.
const TRY_LASTS: Duration = Duration::from_secs(10);
/// Before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_200)];
/// The most Stripe puts on one page of a list.
const PAGE: &str = "100";

/// Stripe, as seen with one secret key.
#[derive(Clone, Debug)]
pub struct Payments {
    client: Client,
    pages: Pages,
}

/// Why a secret key or a base address cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The key is none of Stripe's secret or restricted ones.
    #[error("the Stripe secret key is not a key")]
    Key,
    /// The base is no `http` or `https` address.
    #[error("the Stripe API base is not an http or https address")]
    Base,
    /// A live key would be sent to somebody who is not Stripe.
    #[error("a live Stripe key is only used with Stripe's own API base")]
    LiveKeyElsewhere,
}

/// Why Stripe did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// No object has the id.
    #[error("Stripe has no such object")]
    NotFound,
    /// The card was not charged.
    #[error("the card was declined: {code:?}, {decline_code:?}")]
    Declined {
        /// Stripe's error code, such as `card_declined`.
        code: Option<String>,
        /// The bank's reason, such as `insufficient_funds`.
        decline_code: Option<String>,
    },
    /// The request was wrong, or not allowed as things stand; sending it again is no use.
    #[error("Stripe refused: {code:?}, {message}")]
    Refused {
        /// Stripe's error code, such as `resource_missing`.
        code: Option<String>,
        /// Stripe's sentence, for the log and never for a page.
        message: String,
    },
    /// No connection, no answer in time, or an answer that says to come back later, at every try. Whether Stripe did it is
    /// not known: ask again with the same idempotency key.
    #[error("Stripe cannot be reached")]
    Unavailable,
    /// Stripe failed inside, at every try. Under the same idempotency key it says so for a day, whether it was done or not:
    /// look the object up, then ask with another key.
    #[error("Stripe failed")]
    Broken,
    /// An answer leads people to a host that is not Stripe's.
    #[error("Stripe leads elsewhere: {0}")]
    Elsewhere(String),
    /// The answer is not what Stripe is known to send, at every try. As with [`Self::Unavailable`] it may have been done.
    #[error("the answer of Stripe cannot be read")]
    Unreadable,
}

/// Whether a text has the form of a secret key of Stripe's, or of a restricted one.
pub fn is_secret_key(text: &str) -> bool {
    ["sk_", "rk_"].iter().any(|kind| text.len() > kind.len() && text.starts_with(kind)) && text.bytes().all(|b| b.is_ascii_graphic())
}

impl Payments {
    /// A client for `secret_key` that asks `api_base`, or Stripe itself.
    ///
    /// # Errors
    /// [`SettingError::LiveKeyElsewhere`] keeps a live key from any other address than Stripe's.
    pub fn new(secret_key: &str, api_base: Option<&str>) -> Result<Self, SettingError> {
        let base = api_base.map_or_else(|| STRIPE.to_owned(), |base| format!("{}/", base.trim_end_matches('/')));
        let live = secret_key.starts_with("sk_live_") || secret_key.starts_with("rk_live_");
        if !is_secret_key(secret_key) {
            return Err(SettingError::Key);
        }
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(SettingError::Base);
        }
        if live && base != STRIPE {
            return Err(SettingError::LiveKeyElsewhere);
        }
        let pages = Pages::beside(&base).ok_or(SettingError::Base)?;
        let client = ClientBuilder::new(secret_key).url(base).timeout(TRY_LASTS).build().map_err(|_| SettingError::Base)?;
        Ok(Self { client, pages })
    }

    /// The object at `path`, read anew.
    async fn get<T: Deserialize>(&self, out: &Outside, path: String) -> Result<T, PaymentError> {
        self.send(out, &Get { path, query: BTreeMap::new() }, None).await
    }

    /// Everything in the list at `path`, page after page, in Stripe's order (newest first).
    async fn list<T: Deserialize + Listed>(
        &self,
        out: &Outside,
        path: &str,
        query: &[(&'static str, &str)],
    ) -> Result<Vec<T>, PaymentError> {
        let mut query: BTreeMap<_, _> = query.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        query.insert("limit", PAGE.to_owned());
        let mut all: Vec<T> = Vec::new();
        loop {
            let page: Page<T> = self.send(out, &Get { path: path.to_owned(), query: query.clone() }, None).await?;
            let last = page.data.last().map(|item| item.id().to_owned());
            all.extend(page.data);
            match last {
                Some(last) if page.has_more => query.insert("starting_after", last),
                _ => return Ok(all),
            };
        }
    }

    /// Sends `request`, up to three times with the same idempotency key. Without a key it must be one that may be done twice.
    async fn send<T: Deserialize>(
        &self,
        _: &Outside,
        request: &impl StripeRequest,
        idempotency_key: Option<&str>,
    ) -> Result<T, PaymentError> {
        let strategy = match idempotency_key.map(IdempotencyKey::new).transpose() {
            Ok(key) => key.map_or(RequestStrategy::Once, RequestStrategy::Idempotent),
            Err(error) => return Err(PaymentError::Refused { code: None, message: error.to_string() }),
        };
        let mut pauses = PAUSES.into_iter();
        loop {
            let tried = request.build().customize::<T>().request_strategy(strategy.clone()).send(&self.client).await;
            let error = match tried {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let meaning = meaning(&error);
            if !matches!(meaning, PaymentError::Unavailable | PaymentError::Unreadable | PaymentError::Broken) {
                return Err(meaning);
            }
            let Some(pause) = pauses.next() else { return Err(meaning) };
            tokio::time::sleep(pause).await;
        }
    }
}

/// What an error of the library means to Keel.
fn meaning(error: &StripeError) -> PaymentError {
    match error {
        StripeError::Stripe(error, status) => {
            let code = error.code.as_ref().map(ToString::to_string);
            match status {
                402 => PaymentError::Declined { code, decline_code: error.decline_code.clone() },
                404 => PaymentError::NotFound,
                500 => PaymentError::Broken,
                409 | 424 | 429 | 501.. => PaymentError::Unavailable,
                _ => PaymentError::Refused { code, message: error.message.clone().unwrap_or_default() },
            }
        }
        // The library has no status for an error page that is not JSON, such as a proxy's.
        StripeError::JSONDeserialize(_) => PaymentError::Unreadable,
        StripeError::ClientError(_) | StripeError::ConfigError(_) | StripeError::Timeout => PaymentError::Unavailable,
    }
}

/// A question that changes nothing.
struct Get {
    path: String,
    query: BTreeMap<&'static str, String>,
}

impl StripeRequest for Get {
    type Output = ();

    fn build(&self) -> RequestBuilder {
        let request = RequestBuilder::new(StripeMethod::Get, &self.path);
        // No parameters would be written as `?=`.
        if self.query.is_empty() { request } else { request.query(&self.query) }
    }
}

/// What is sent as pairs.
struct Post {
    path: String,
    form: BTreeMap<String, String>,
}

impl StripeRequest for Post {
    type Output = ();

    fn build(&self) -> RequestBuilder {
        let request = RequestBuilder::new(StripeMethod::Post, &self.path);
        if self.form.is_empty() { request } else { request.form(&self.form) }
    }
}

/// What makes something go away.
struct Delete {
    path: String,
}

impl StripeRequest for Delete {
    type Output = ();

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Delete, &self.path)
    }
}

/// `id` as a part of a path. Ids come back through browsers, so one that would lead elsewhere is an unknown one.
fn segment(id: &str) -> Result<&str, PaymentError> {
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { Ok(id) } else { Err(PaymentError::NotFound) }
}

/// Milliseconds for Stripe's seconds.
fn ms(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000)
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    has_more: bool,
}

/// What can be the cursor of the next page.
trait Listed {
    fn id(&self) -> &str;
}

/// An answer of which only the id matters.
#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Listed for Named {
    fn id(&self) -> &str {
        &self.id
    }
}

/// What Keel writes on its objects, to know them again.
#[derive(Default, Deserialize)]
struct Marks {
    account_id: Option<String>,
    checkout_id: Option<String>,
    deletion_id: Option<String>,
    kind: Option<String>,
    what: Option<String>,
}

impl Marks {
    /// The article that was bought, where one is written.
    fn article(&self) -> Option<(ProductKind, String)> {
        self.kind.as_deref().and_then(ProductKind::parse).zip(self.what.clone())
    }
}

/// A closed list of Stripe's words that stays readable when Stripe adds one.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A word that this version of Keel does not know; empty where Stripe says nothing.
            Unknown(String),
        }

        impl $name {
            /// Stripe's word.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$variant => $word,)* Self::Unknown(word) => word }
            }

            fn read(word: Option<String>) -> Self {
                match word.as_deref() { $(Some($word) => Self::$variant,)* _ => Self::Unknown(word.unwrap_or_default()) }
            }
        }
    };
}
use words;

#[cfg(test)]
mod tests;
