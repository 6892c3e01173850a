//! Settings: environment over `keel.toml` over defaults, read and checked whole before anything starts.

mod addresses;
mod providers;

use crate::http::TrustedProxies;
use addresses::{is_loopback, is_origin, is_safe_smtp, is_safe_web, is_web};
use keel_domain::billing::catalogue::{BadProduct, Product};
use keel_domain::db::is_safe;
use keel_domain::mail::post::Post;
use keel_domain::payments::is_secret_key;
use keel_domain::providers::settings::ProviderSettings;
use keel_domain::secrets::Secret;
use keel_domain::settings::{Environment, Settings, StripeSettings};
use keel_types::{BillingModel, BusinessModel};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The product of a Keel without a `keel.toml`.
const BUILT_IN: &str = include_str!("../keel.toml");
/// The longest drain: what waits longer for a load balancer waits in vain.
const LONGEST_DRAIN: u64 = 3_600;

/// What a process needs to know.
pub struct Config {
    /// Where it runs.
    pub environment: Environment,
    /// What links begin with; from the address it listens on where unset.
    pub base_url: Option<String>,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where metrics are read; none are without it.
    pub metrics_listen: Option<SocketAddr>,
    /// Whose word about a client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Seconds it goes on accepting after it was told to stop.
    pub drain: Duration,
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// `sqlite:…` or `postgres:…`.
    pub database_url: String,
    secret: Secret,
    product: Product,
    mail_from: String,
    smtp_url: Option<String>,
    /// How to reach Stripe; none where the billing sandbox is started in this process.
    pub stripe: Option<StripeSettings>,
    providers: Vec<ProviderSettings>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("environment", &self.environment).field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// Why the settings are not taken: which one, and what it should be. Never what it is: that may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
    /// Every one that is not taken.
    #[error("{}", lines(.0))]
    All(Vec<Self>),
    /// A setting is missing or malformed.
    #[error("{0}: {1}")]
    Setting(&'static str, String),
    /// Settings of providers are missing or malformed: each by its name, never with what it holds.
    #[error("{}", .0.join("\n"))]
    Providers(Vec<String>),
    /// The product file is not taken.
    #[error("{0}: {1}")]
    Product(String, BadProduct),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
}

fn bad<T>(name: &'static str, should: impl Into<String>) -> Result<T, BadConfig> {
    Err(BadConfig::Setting(name, should.into()))
}

fn lines(faults: &[BadConfig]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The names of the environment variables of this process.
pub fn names() -> Vec<String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
}

/// What was wrong so far.
#[derive(Default)]
struct Faults(Vec<BadConfig>);

impl Faults {
    /// The setting, unless it is among the faults now.
    fn less<T>(&mut self, read: Result<T, BadConfig>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }
}

/// The environment variables of this process; empty ones count as unset.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// Reads the settings; `names` are those of all there are. In development what is missing is made and kept in the data directory.
    ///
    /// # Errors
    /// Names every setting that is not taken; only that of the environment alone, because what the others should be depends on it.
    pub fn read(names: &[String], env: impl Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let environment = match env("KEEL_ENV").as_deref() {
            None | Some("development") => Environment::Development,
            Some("production") => Environment::Production,
            Some(_) => return bad("KEEL_ENV", "is `development` or `production`"),
        };
        let production = environment == Environment::Production;
        let data_dir = PathBuf::from(env("KEEL_DATA_DIR").unwrap_or_else(|| "data".to_owned()));
        if let Err(error) = std::fs::create_dir_all(&data_dir) {
            return bad("KEEL_DATA_DIR", format!("is a directory that can be made and written to: {error}"));
        }
        let mut faults = Faults::default();
        let listen = faults.less(address("KEEL_LISTEN", env("KEEL_LISTEN").as_deref().unwrap_or("127.0.0.1:3000")));
        let metrics_listen = faults.less(env("KEEL_METRICS_LISTEN").map(|text| address("KEEL_METRICS_LISTEN", &text)).transpose());
        let trusted_proxies = faults.less(trusted_proxies(&env));
        let drain = faults.less(drain(&env));
        let database_url = faults.less(database_url(&env, production, &data_dir));
        let base_url = faults.less(base_url(&env, production));
        let secret = faults.less(secret(&env, production, &data_dir));
        let product = faults.less(product(&env));
        let mail_from = faults.less(mail_from(&env, production));
        let smtp_url = faults.less(smtp_url(&env, production));
        let stripe = faults.less(stripe(&env, production));
        let providers = faults.less(providers::read(names, &env, production));
        let read = || {
            Some(Self {
                environment,
                base_url: base_url?,
                listen: listen?,
                metrics_listen: metrics_listen?,
                trusted_proxies: trusted_proxies?,
                drain: drain?,
                database_url: database_url?,
                secret: secret?,
                product: product?,
                mail_from: mail_from?,
                smtp_url: smtp_url?,
                stripe: stripe?,
                providers: providers?,
                data_dir,
            })
        };
        read().ok_or(BadConfig::All(faults.0))
    }

    /// The settings of a Keel that listens on `listen` and reaches Stripe so.
    pub fn settings(self, listen: SocketAddr, stripe: StripeSettings) -> Settings {
        Settings {
            environment: self.environment,
            base_url: self.base_url.unwrap_or_else(|| format!("http://{listen}")),
            secret: self.secret,
            product: self.product,
            mail_from: self.mail_from,
            smtp_url: self.smtp_url,
            stripe,
            providers: self.providers,
        }
    }
}

fn address(name: &'static str, text: &str) -> Result<SocketAddr, BadConfig> {
    text.parse().or_else(|_| bad(name, "is an address and a port, such as 127.0.0.1:3000"))
}

fn trusted_proxies(env: &impl Fn(&str) -> Option<String>) -> Result<TrustedProxies, BadConfig> {
    const NAME: &str = "KEEL_TRUSTED_PROXIES";
    let Some(text) = env(NAME) else { return Ok(TrustedProxies::default()) };
    let should = "is addresses or networks with commas between, such as 10.0.0.0/8,::1";
    TrustedProxies::parse(&text).map_or_else(|| bad(NAME, should), Ok)
}

fn drain(env: &impl Fn(&str) -> Option<String>) -> Result<Duration, BadConfig> {
    const NAME: &str = "KEEL_DRAIN";
    let seconds = env(NAME).map_or(Ok(2), |text| text.parse::<u64>());
    match seconds {
        Ok(seconds) if seconds <= LONGEST_DRAIN => Ok(Duration::from_secs(seconds)),
        _ => bad(NAME, format!("is a number of seconds, at most {LONGEST_DRAIN}")),
    }
}

fn database_url(env: &impl Fn(&str) -> Option<String>, production: bool, data_dir: &Path) -> Result<String, BadConfig> {
    const NAME: &str = "DATABASE_URL";
    let url = env(NAME).unwrap_or_else(|| format!("sqlite:{}", data_dir.join("keel.db").display()));
    match is_safe(&url) {
        Err(_) => bad(NAME, "is `sqlite:PATH` or `postgres://user:password@host/name?sslmode=verify-full`"),
        Ok(false) if production => bad(
            NAME,
            "needs `sslmode=verify-full` in production (or `verify-ca`, or `require`): passwords and data would cross the network in the clear",
        ),
        Ok(_) => Ok(url),
    }
}

fn base_url(env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<Option<String>, BadConfig> {
    const NAME: &str = "KEEL_BASE_URL";
    let Some(text) = env(NAME) else { return if production { bad(NAME, "is needed in production") } else { Ok(None) } };
    match is_origin(&text) {
        true if !production || text.starts_with("https://") => Ok(Some(text)),
        _ if production => {
            bad(NAME, "is `https://host[:port]` as browsers write it: small letters, no path, no port that goes without saying")
        }
        _ => bad(NAME, "is `http[s]://host[:port]` as browsers write it: small letters, no path, no port that goes without saying"),
    }
}

fn secret(env: &impl Fn(&str) -> Option<String>, production: bool, data_dir: &Path) -> Result<Secret, BadConfig> {
    const NAME: &str = "KEEL_SECRET";
    let text = match env(NAME) {
        Some(text) => text,
        None if production => return bad(NAME, "is needed in production"),
        None => kept(&data_dir.join("secret"), Secret::generate)?,
    };
    Secret::parse(&text).or_else(|error| bad(NAME, error.to_string()))
}

/// The text of a file, made at the first time and readable by its owner alone.
pub fn kept(path: &Path, make: impl FnOnce() -> String) -> Result<String, BadConfig> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let failed = |error| BadConfig::File(path.to_owned(), error);
    match std::fs::read_to_string(path) {
        Ok(text) => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let text = make();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(text)
}

fn product(env: &impl Fn(&str) -> Option<String>) -> Result<Product, BadConfig> {
    let (name, text) = match env("KEEL_CONFIG") {
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => ("KEEL_CONFIG".to_owned(), text),
            Err(error) => return bad("KEEL_CONFIG", format!("is a file that can be read: {error}")),
        },
        None => match std::fs::read_to_string("keel.toml") {
            Ok(text) => ("keel.toml".to_owned(), text),
            Err(_) => ("the built-in keel.toml".to_owned(), BUILT_IN.to_owned()),
        },
    };
    let mut product = Product::parse(&text).map_err(|error| BadConfig::Product(name, error))?;
    if let Some(word) = env("KEEL_BUSINESS_MODEL") {
        product.business_model =
            BusinessModel::parse(&word).map_or_else(|| bad("KEEL_BUSINESS_MODEL", "is `b2c`, `b2b` or `hybrid`"), Ok)?;
    }
    if let Some(word) = env("KEEL_BILLING_MODEL") {
        product.billing_model =
            BillingModel::parse(&word).map_or_else(|| bad("KEEL_BILLING_MODEL", "is `subscription`, `license` or `hybrid`"), Ok)?;
    }
    Ok(product)
}

fn mail_from(env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<String, BadConfig> {
    const NAME: &str = "KEEL_MAIL_FROM";
    match env(NAME) {
        Some(from) if Post::is_sender(&from) => Ok(from),
        Some(_) => bad(NAME, "is `Name <address>`"),
        None if production => bad(NAME, "is needed in production: `Name <address>`"),
        None => Ok("Keel <keel@localhost>".to_owned()),
    }
}

fn smtp_url(env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<Option<String>, BadConfig> {
    const NAME: &str = "SMTP_URL";
    let Some(url) = env(NAME) else {
        return if production { bad(NAME, "is needed in production: people sign in by e-mail") } else { Ok(None) };
    };
    if !Post::is_server(&url) {
        return bad(NAME, "is `smtps://user:password@host:port` or `smtp://user:password@host:port?tls=required`, percent-encoded");
    }
    if production && !is_safe_smtp(&url) {
        return bad(NAME, "is `smtps://…` or ends in `?tls=required` in production: links and codes would cross the network in the clear");
    }
    Ok(Some(url))
}

fn stripe(env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<Option<StripeSettings>, BadConfig> {
    let (key, base) = (env("STRIPE_SECRET_KEY"), env("STRIPE_API_BASE"));
    if !production && key.is_none() && base.is_none() && env("STRIPE_WEBHOOK_SECRET").is_none() {
        return Ok(None);
    }
    let mut faults = Faults::default();
    let secret_key = faults.less(match key {
        Some(key) if is_secret_key(&key) => Ok(key),
        Some(_) => bad("STRIPE_SECRET_KEY", "is a secret or a restricted key of Stripe's: `sk_…` or `rk_…`"),
        None => bad("STRIPE_SECRET_KEY", "is needed"),
    });
    let webhook_secrets = faults.less(webhook_secrets(env));
    let api_base = faults.less(match base {
        Some(base) if !is_web(&base) => bad("STRIPE_API_BASE", "is `https://host[:port]`"),
        Some(base) if production && !is_safe_web(&base) => {
            bad("STRIPE_API_BASE", "is https in production: the key would cross the network in the clear")
        }
        base => Ok(base),
    });
    let (Some(secret_key), Some(webhook_secrets), Some(api_base)) = (secret_key, webhook_secrets, api_base) else {
        return Err(BadConfig::All(faults.0));
    };
    let sandbox = !production && api_base.as_deref().is_some_and(is_loopback);
    Ok(Some(StripeSettings { secret_key, webhook_secrets, api_base, sandbox }))
}

fn webhook_secrets(env: &impl Fn(&str) -> Option<String>) -> Result<Vec<String>, BadConfig> {
    const NAME: &str = "STRIPE_WEBHOOK_SECRET";
    let Some(text) = env(NAME) else { return bad(NAME, "is needed") };
    let secrets: Vec<String> = text.split(',').map(|secret| secret.trim().to_owned()).collect();
    let is_one =
        |secret: &String| secret.strip_prefix("whsec_").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()));
    if secrets.len() > 2 || !secrets.iter().all(is_one) {
        return bad(NAME, "is the current secret (`whsec_…`), optionally followed by a comma and the previous one");
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests;
