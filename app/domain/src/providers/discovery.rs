//! What a provider says about itself: where it is asked, and the keys it signs with. Kept for an hour in this process; a key
//! that is unknown is looked for anew. Nobody waits for somebody else's question: a slow provider is slow for each, not for all in turn.

use super::settings::{Kind, ProviderSettings};
use super::{Failure, json};
use crate::access::Outside;
use crate::outgoing::Outgoing;
use http::Request;
use openidconnect::AuthType;
use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::url::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what it said is believed.
const LIFE: Duration = Duration::from_hours(1);
/// What stands in Microsoft's issuer for the tenant, where people of all tenants sign in.
pub(super) const TENANT: &str = "{tenantid}";

/// Where a provider is asked.
#[derive(Debug)]
pub(super) struct Endpoints {
    /// What its tokens say they are from; with [`TENANT`] in it where that differs.
    pub issuer: String,
    /// Where people are sent.
    pub authorization: String,
    /// Where codes are exchanged.
    pub token: String,
    /// Whether an answer always says which issuer it is from (RFC 9207).
    pub tells_sender: bool,
    /// Where its keys are; none of a provider that signs nothing.
    keys: Option<String>,
    /// How this Keel says who it is.
    pub auth: AuthType,
}

/// A provider, and what it said about itself lately.
pub(super) struct Provider {
    pub settings: ProviderSettings,
    endpoints: Kept<Arc<Endpoints>>,
    keys: Kept<CoreJsonWebKeySet>,
}

/// What was said, and when.
struct Kept<T>(Mutex<Option<(Instant, T)>>);

impl<T: Clone> Kept<T> {
    fn none() -> Self {
        Self(Mutex::new(None))
    }

    fn find(&self) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(at, _)| at.elapsed() < LIFE).map(|(_, said)| said.clone())
    }

    fn keep(&self, said: &T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), said.clone()));
    }
}

/// The part of a discovery document that is needed.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Provider {
    pub fn new(settings: ProviderSettings) -> Self {
        Self { settings, endpoints: Kept::none(), keys: Kept::none() }
    }

    /// Where it is asked.
    pub async fn endpoints(&self, outgoing: &Outgoing, out: &Outside) -> Result<Arc<Endpoints>, Failure> {
        if let Some(known) = self.endpoints.find() {
            return Ok(known);
        }
        let known = Arc::new(self.discover(outgoing, out).await?);
        self.endpoints.keep(&known);
        Ok(known)
    }

    /// The keys it signs with: asked for anew where those that are known do not suffice.
    pub async fn keys(&self, outgoing: &Outgoing, out: &Outside, endpoints: &Endpoints, anew: bool) -> Result<CoreJsonWebKeySet, Failure> {
        if let Some(known) = self.keys.find().filter(|_| !anew) {
            return Ok(known);
        }
        let address = endpoints.keys.as_deref().ok_or_else(|| Failure::untrusted("a provider without keys was asked for them"))?;
        let known: CoreJsonWebKeySet = get(outgoing, out, address).await?;
        self.keys.keep(&known);
        Ok(known)
    }

    async fn discover(&self, outgoing: &Outgoing, out: &Outside) -> Result<Endpoints, Failure> {
        let issuer = &self.settings.issuer;
        if self.settings.kind == Kind::GitHub {
            return Ok(Endpoints {
                issuer: issuer.clone(),
                authorization: format!("{issuer}/login/oauth/authorize"),
                token: format!("{issuer}/login/oauth/access_token"),
                tells_sender: false,
                keys: None,
                auth: AuthType::RequestBody,
            });
        }
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        self.judge(get(outgoing, out, &address).await?)
    }

    /// The document of this very issuer. Keel sends people to no other host than the issuer's; that one may
    /// lead them on to further ones.
    fn judge(&self, document: Document) -> Result<Endpoints, Failure> {
        let origin = self.settings.origin();
        let is_own = |address: &str| Url::parse(address).is_ok_and(|url| url.origin().ascii_serialization() == origin);
        let is_issuer = match self.settings.kind {
            // The issuer of `common`, `organizations` and `consumers` is another: a tenant's, or a place for it.
            Kind::Microsoft => is_own(&document.issuer),
            _ => document.issuer == self.settings.issuer,
        };
        if !is_issuer {
            return Err(Failure::untrusted(&format!("{origin} says it is the issuer {}", document.issuer)));
        }
        if !is_own(&document.authorization_endpoint) {
            return Err(Failure::untrusted(&format!("{origin} sends people to {}", document.authorization_endpoint)));
        }
        let methods = document.token_endpoint_auth_methods_supported;
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        Ok(Endpoints {
            issuer: document.issuer,
            authorization: document.authorization_endpoint,
            token: document.token_endpoint,
            tells_sender: document.authorization_response_iss_parameter_supported,
            keys: Some(document.jwks_uri),
            auth: if basic { AuthType::BasicAuth } else { AuthType::RequestBody },
        })
    }
}

async fn get<T: DeserializeOwned>(outgoing: &Outgoing, out: &Outside, address: &str) -> Result<T, Failure> {
    let request = Request::get(address).header(http::header::ACCEPT, "application/json").body(vec![]);
    json(outgoing, out, request).await
}
