//! Settings: environment over `keel.toml` over defaults, read and checked whole before anything starts.

mod providers;

use crate::http::TrustedProxies;
use keel_domain::billing::catalogue::{BadProduct, Product};
use keel_domain::providers::settings::ProviderSettings;
use keel_domain::secrets::Secret;
use keel_domain::settings::{Environment, Settings, StripeSettings};
use keel_types::{BillingModel, BusinessModel};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The product of a Keel without a `keel.toml`.
const BUILT_IN: &str = include_str!("../keel.toml");

/// What a process needs to know.
#[derive(Debug)]
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

/// Why the settings are not taken: which one, and what it should be.
#[derive(Debug, thiserror::Error)]
pub enum BadConfig {
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

/// The names of the environment variables of this process.
pub fn names() -> Vec<String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
}

/// The environment variables of this process; empty ones count as unset.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// Reads the settings; `names` are those of all there are. In development what is missing is made and kept in the data directory.
    ///
    /// # Errors
    /// Names the first setting that is not taken; of those of providers, all.
    pub fn read(names: &[String], env: impl Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let environment = match env("KEEL_ENV").as_deref() {
            None | Some("development") => Environment::Development,
            Some("production") => Environment::Production,
            Some(_) => return bad("KEEL_ENV", "is `development` or `production`"),
        };
        let production = environment == Environment::Production;
        let data_dir = PathBuf::from(env("KEEL_DATA_DIR").unwrap_or_else(|| "data".to_owned()));
        std::fs::create_dir_all(&data_dir).map_err(|error| BadConfig::File(data_dir.clone(), error))?;
        let address = |name, text: String| text.parse().or_else(|_| bad(name, "is an address and a port, such as 127.0.0.1:3000"));
        let listen = address("KEEL_LISTEN", env("KEEL_LISTEN").unwrap_or_else(|| "127.0.0.1:3000".to_owned()))?;
        let metrics_listen = env("KEEL_METRICS_LISTEN").map(|text| address("KEEL_METRICS_LISTEN", text)).transpose()?;
        let trusted_proxies = match env("KEEL_TRUSTED_PROXIES").map(|text| TrustedProxies::parse(&text)) {
            None => TrustedProxies::default(),
            Some(Some(proxies)) => proxies,
            Some(None) => return bad("KEEL_TRUSTED_PROXIES", "is addresses or networks with commas between, such as 10.0.0.0/8,::1"),
        };
        let drain = env("KEEL_DRAIN").unwrap_or_else(|| "2".to_owned());
        let drain = drain.parse().map(Duration::from_secs).or_else(|_| bad("KEEL_DRAIN", "is a number of seconds"))?;
        let database_url = env("DATABASE_URL").unwrap_or_else(|| format!("sqlite:{}", data_dir.join("keel.db").display()));
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database_url.starts_with(scheme)) {
            return bad("DATABASE_URL", "begins with `sqlite:` or `postgres:`");
        }
        let smtp_url = env("SMTP_URL");
        if production && smtp_url.is_none() {
            return bad("SMTP_URL", "is needed in production: people sign in by e-mail");
        }
        Ok(Self {
            environment,
            base_url: base_url(&env, production)?,
            listen,
            metrics_listen,
            trusted_proxies,
            drain,
            database_url,
            secret: secret(&env, production, &data_dir)?,
            product: product(&env)?,
            mail_from: mail_from(&env, production)?,
            smtp_url,
            stripe: stripe(&env, production)?,
            providers: providers::read(names, &env, production)?,
            data_dir,
        })
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

fn base_url(env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<Option<String>, BadConfig> {
    const NAME: &str = "KEEL_BASE_URL";
    let Some(text) = env(NAME) else { return if production { bad(NAME, "is needed in production") } else { Ok(None) } };
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://").filter(|_| !production));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(Some(text)),
        _ if production => bad(NAME, "is `https://host[:port]`, without a path"),
        _ => bad(NAME, "is `http[s]://host[:port]`, without a path"),
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
        Some(path) => (path.clone(), std::fs::read_to_string(&path).map_err(|error| BadConfig::File(path.into(), error))?),
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
    match env("KEEL_MAIL_FROM") {
        Some(from) => Ok(from),
        None if production => bad("KEEL_MAIL_FROM", "is needed in production: `Name <address>`"),
        None => Ok("Keel <keel@localhost>".to_owned()),
    }
}

fn stripe(env: &impl Fn(&str) -> Option<String>, production: bool) -> Result<Option<StripeSettings>, BadConfig> {
    let (key, base) = (env("STRIPE_SECRET_KEY"), env("STRIPE_API_BASE"));
    if !production && key.is_none() && base.is_none() {
        return Ok(None);
    }
    let Some(secret_key) = key else { return bad("STRIPE_SECRET_KEY", "is needed") };
    let Some(secrets) = env("STRIPE_WEBHOOK_SECRET") else { return bad("STRIPE_WEBHOOK_SECRET", "is needed") };
    let webhook_secrets: Vec<String> = secrets.split(',').map(|secret| secret.trim().to_owned()).collect();
    if webhook_secrets.iter().any(String::is_empty) || webhook_secrets.len() > 2 {
        return bad("STRIPE_WEBHOOK_SECRET", "is the current secret, optionally followed by a comma and the previous one");
    }
    let sandbox = !production && base.as_deref().is_some_and(is_loopback);
    Ok(Some(StripeSettings { secret_key, webhook_secrets, api_base: base, sandbox }))
}

fn is_loopback(url: &str) -> bool {
    let host = url.strip_prefix("http://").and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, BadConfig> {
        let dir = std::env::temp_dir().join(format!("keel-config-{}-{:?}", std::process::id(), std::thread::current().id()));
        let dir = dir.display().to_string();
        let names: Vec<String> = set.iter().map(|(name, _)| (*name).to_owned()).collect();
        let read = Config::read(&names, |name| {
            let set = set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            set.or_else(|| (name == "KEEL_DATA_DIR").then(|| dir.clone()))
        });
        let _ = std::fs::remove_dir_all(&dir);
        read
    }

    const SECRET: &str = "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlIGFyZSAzMg==";

    const PRODUCTION: &[(&str, &str)] = &[
        ("KEEL_ENV", "production"),
        ("KEEL_BASE_URL", "https://keel.example"),
        ("KEEL_SECRET", SECRET),
        ("SMTP_URL", "smtps://mail.example"),
        ("KEEL_MAIL_FROM", "Keel <keel@keel.example>"),
        ("STRIPE_SECRET_KEY", "sk_live_x"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a,whsec_b"),
    ];

    #[test]
    fn development_needs_nothing() {
        let config = read(&[]).unwrap();
        assert!(config.stripe.is_none() && config.base_url.is_none() && config.smtp_url.is_none());
        assert!(config.database_url.starts_with("sqlite:"));
    }

    #[test]
    fn production_names_what_is_missing() {
        assert!(read(PRODUCTION).is_ok());
        for (name, _) in &PRODUCTION[1..] {
            let rest: Vec<_> = PRODUCTION.iter().copied().filter(|(known, _)| known != name).collect();
            assert!(read(&rest).unwrap_err().to_string().starts_with(name), "{name}");
        }
    }

    #[test]
    fn malformed_settings_are_named() {
        for (name, value) in [
            ("KEEL_ENV", "prod"),
            ("KEEL_LISTEN", "3000"),
            ("KEEL_DRAIN", "soon"),
            ("KEEL_METRICS_LISTEN", "9100"),
            ("KEEL_METRICS_LISTEN", "metrics.example:9100"),
            ("KEEL_TRUSTED_PROXIES", "proxy.example"),
            ("KEEL_TRUSTED_PROXIES", "10.0.0.0/8,"),
            ("DATABASE_URL", "mysql://x"),
            ("KEEL_BASE_URL", "keel.example"),
            ("KEEL_BASE_URL", "http://keel.example/app"),
            ("KEEL_SECRET", "short"),
            ("KEEL_BUSINESS_MODEL", "b2x"),
            ("KEEL_BILLING_MODEL", "free"),
            ("STRIPE_SECRET_KEY", "sk_test_x"),
            ("OAUTH_GOOGLE_CLIENT_SECRET", "x"),
        ] {
            let named = match name {
                "STRIPE_SECRET_KEY" => "STRIPE_WEBHOOK_SECRET",
                "OAUTH_GOOGLE_CLIENT_SECRET" => "OAUTH_GOOGLE_CLIENT_ID",
                name => name,
            };
            assert!(read(&[(name, value)]).unwrap_err().to_string().starts_with(named), "{name}={value}");
        }
        let http: Vec<_> =
            PRODUCTION.iter().map(|(n, v)| if *n == "KEEL_BASE_URL" { (*n, "http://keel.example") } else { (*n, *v) }).collect();
        assert!(read(&http).is_err(), "production takes https only");
    }

    #[test]
    fn only_a_loopback_base_is_the_sandbox() {
        for (url, sandbox) in
            [("http://127.0.0.1:3001", true), ("http://localhost:1/", true), ("https://127.0.0.1", false), ("http://stripe.example", false)]
        {
            assert_eq!(is_loopback(url), sandbox, "{url}");
        }
    }
}
