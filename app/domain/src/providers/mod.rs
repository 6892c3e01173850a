//! Accounts elsewhere by which people sign in: Google, GitHub, Microsoft, and whoever speaks OpenID Connect.
//!
//! A browser goes on a trip ([`trips`]) to a provider and comes back with a code, which is exchanged and judged ([`tokens`]) between
//! two transactions. What then counts is the identity alone, an issuer and what it calls the person ([`identities`]). An address that
//! a provider tells makes a person only where the provider vouches for it and nobody has it: the mailbox is proven in every other
//! case, also where somebody has the address. Whoever holds an account elsewhere is not thereby the one who reads the mailbox now, and
//! who does read it needs a minute to show it. Tested in `tests/flows/providers/`.

mod discovery;
mod github;
mod identities;
pub mod settings;
mod tokens;
mod trips;

pub(crate) use identities::link_waiting;
pub use identities::{Linked, WaitingIdentity, list, unlink};
pub use trips::{Back, Departure, Landing, Missed, Why, ask, depart, find_asking, land, link};

use crate::access::Outside;
use crate::outgoing::{Outgoing, Unreached};
use crate::settings::Settings;
use discovery::Provider;
use http::{Request, Response};
use keel_types::name::is_hidden;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use settings::ProviderSettings;

/// Characters a provider may have for what it calls somebody (OpenID Connect), and those of a name or a reason that are kept of it.
const LONGEST: usize = 255;

/// The providers of a Keel, and the way to them.
pub(crate) struct Providers {
    all: Vec<Provider>,
    outgoing: Outgoing,
}

impl Providers {
    /// Those that are set up. Nobody is asked anything yet.
    pub fn new(settings: &Settings) -> Result<Self, rustls::Error> {
        Ok(Self { all: settings.providers.iter().cloned().map(Provider::new).collect(), outgoing: Outgoing::new(settings)? })
    }

    fn find(&self, slug: &str) -> Option<&Provider> {
        self.all.iter().find(|provider| provider.settings.slug == slug)
    }
}

/// Somebody, as a provider knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    provider: String,
    issuer: String,
    subject: String,
    /// How the account is called there, for people to recognise.
    label: String,
}

impl Identity {
    /// Whom an issuer calls `subject`. What hides or turns text around is left out of how the account is shown; where nothing is left,
    /// it is shown as what it is called.
    fn of(provider: &ProviderSettings, issuer: &str, subject: &str, label: &str) -> Result<Self, Failure> {
        // Without one everybody there would be the same person.
        if subject.is_empty() || subject.chars().count() > LONGEST || subject.contains(char::is_control) {
            return Err(Failure::untrusted("it is not said whom this is about"));
        }
        let shown = |text: &str| text.chars().filter(|c| !is_hidden(*c)).take(LONGEST).collect::<String>();
        let label = Some(shown(label)).filter(|label| !label.trim().is_empty()).unwrap_or_else(|| shown(subject));
        Ok(Self { provider: provider.slug.clone(), issuer: issuer.to_owned(), subject: subject.to_owned(), label })
    }
}

/// What a provider said of somebody.
struct Known {
    identity: Identity,
    email: Option<String>,
    /// Whether it can be taken at its word about the address.
    is_vouched: bool,
}

/// Why a provider's word was not taken.
enum Failure {
    /// It did not give any.
    Unreached(Unreached),
    /// It is not good; why, for the log.
    Untrusted(String),
}

impl Failure {
    fn untrusted(why: &(impl ToString + ?Sized)) -> Self {
        Self::Untrusted(why.to_string().chars().take(LONGEST).collect())
    }
}

/// An answer that is JSON.
async fn json<T: DeserializeOwned>(outgoing: &Outgoing, out: &Outside, request: http::Result<Request<Vec<u8>>>) -> Result<T, Failure> {
    let request = request.map_err(|error| Failure::untrusted(&error))?;
    let host = request.uri().host().unwrap_or_default().to_owned();
    let answer: Response<Vec<u8>> = outgoing.send(out, request).await.map_err(Failure::Unreached)?;
    if !answer.status().is_success() {
        return Err(Failure::Untrusted(format!("{host} answered {}", answer.status())));
    }
    // Not the error's own words: they may quote the answer, in which there are tokens.
    let unread = |error: serde_json::Error| Failure::Untrusted(format!("what {host} answered cannot be read: {:?}", error.classify()));
    serde_json::from_slice(answer.body()).map_err(unread)
}
