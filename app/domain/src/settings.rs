//! How a Keel is set up, read and checked before anything starts.

use crate::billing::catalogue::Product;
use crate::providers::settings::ProviderSettings;
use crate::secrets::Secret;
use keel_types::BusinessModel;

/// Where a Keel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine or in a test: the mailbox page, the billing sandbox and the movable clock are there.
    Development,
    /// For customers.
    Production,
}

/// Everything that can be set.
#[derive(Clone)]
pub struct Settings {
    /// Where it runs.
    pub environment: Environment,
    /// `scheme://host[:port]`, without a slash at the end: what links in mails begin with.
    pub base_url: String,
    /// Signs cookies and codes.
    pub secret: Secret,
    /// What is sold.
    pub product: Product,
    /// Who mails come from: `Name <address>`.
    pub mail_from: String,
    /// Where mails go; without it they are kept for the mailbox page.
    pub smtp_url: Option<String>,
    /// How to reach Stripe.
    pub stripe: StripeSettings,
    /// Whose accounts people sign in by, besides their mailbox and their password.
    pub providers: Vec<ProviderSettings>,
}

/// How to reach Stripe.
#[derive(Clone)]
pub struct StripeSettings {
    /// The API key.
    pub secret_key: String,
    /// The secrets webhooks may be signed with: the current one and, during a rotation, the previous one.
    pub webhook_secrets: Vec<String>,
    /// Another place than Stripe's own.
    pub api_base: Option<String>,
    /// Whether that place is the billing sandbox: its switches are on, and products appear by themselves.
    pub sandbox: bool,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("environment", &self.environment).field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for StripeSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeSettings").field("api_base", &self.api_base).field("sandbox", &self.sandbox).finish_non_exhaustive()
    }
}

impl Settings {
    /// Who the customers are.
    pub fn model(&self) -> BusinessModel {
        self.product.business_model
    }

    /// Whether this is a developer's machine or a test.
    pub fn in_development(&self) -> bool {
        self.environment == Environment::Development
    }

    /// What people know a provider as; its slug, of one that is not set up any more.
    pub fn provider_name<'a>(&'a self, slug: &'a str) -> &'a str {
        self.providers.iter().find(|provider| provider.slug == slug).map_or(slug, |provider| provider.name.as_str())
    }

    /// Whether cookies are sent over https only.
    pub fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}
