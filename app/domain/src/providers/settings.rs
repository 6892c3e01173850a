//! How providers are set up.

use openidconnect::url::Url;

/// A provider of sign-ins, as it is set up.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its part of URLs, and its name in the database.
    pub slug: String,
    /// What people know it as.
    pub name: String,
    /// What it speaks.
    pub kind: Kind,
    /// What it knows this Keel as.
    pub client_id: String,
    /// By which it knows this Keel.
    pub client_secret: String,
    /// What it is known as itself: `https://…`, without a slash at the end unless it writes itself so.
    pub issuer: String,
}

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OpenID Connect.
    OpenId,
    /// OpenID Connect, and which addresses it answers for is known.
    Google,
    /// OpenID Connect, of many issuers at once, and which addresses it answers for is known.
    Microsoft,
    /// OAuth 2 and an interface of its own.
    GitHub,
}

impl ProviderSettings {
    /// Scheme, host and port: where people are sent who go to it.
    pub fn origin(&self) -> String {
        Url::parse(&self.issuer).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSettings").field("slug", &self.slug).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
