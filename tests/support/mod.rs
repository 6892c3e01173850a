//! A Keel of its own for every test: real HTTP, the billing sandbox beside it, SQLite or PostgreSQL.

mod browser;
mod cast;
mod database;
mod device;
mod forms;
mod issuer;
mod mailroom;
mod money;
mod process;
mod relay;
mod tables;
mod together;
mod two_step;
mod workers;

pub use browser::{Answer, Browser, cookie_without_value};
pub use cast::{ACME, Cast, EVIL_CORP};
pub use database::{Database, Engine};
pub use device::Device;
pub use issuer::{CLIENT, Issuer, Trouble, encoded};
pub use mailroom::{Mailroom, Mood};
pub use money::{DECLINED_CARD, GOOD_CARD, pay, sign};
pub use process::{Alone, free_address};
pub use relay::Relay;
pub use tables::compare;
pub use together::together;
pub use two_step::{Authenticator, CODES, NEXT_CODE, SET_UP, secret_on};

use keel::config::Config;
use keel::process::Process;
use keel_domain::Keel;
use keel_domain::secrets::Secret;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How often or long something is tried: so in `make test`, so in `make soak`.
pub fn scaled<T>(test: T, soak: T) -> T {
    if std::env::var_os("KEEL_SOAK").is_some() { soak } else { test }
}

/// Declares tests that run on both databases: `both! { async fn name(app: App) { … } }`, with settings after `with`.
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: App $(, with $settings:expr)?) $body:block)*) => { $(
        $(#[$meta])*
        async fn $name(engine: $crate::support::Engine) {
            let $app = $crate::support::App::start(engine, $crate::both!(@settings $($settings)?)).await;
            $body
            $app.stop().await;
        }

        $crate::on_both! { $name }
    )* };
    (@settings) => { &[] };
    (@settings $settings:expr) => { $settings };
}

/// Makes of a function that takes an [`Engine`] a test for each.
#[macro_export]
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            use super::$name as run;
            use $crate::support::Engine;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                run(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                run(Engine::Postgres).await;
            }
        }
    };
}

/// The settings of a b2c Keel.
pub const B2C: &[(&str, &str)] = &[("KEEL_BUSINESS_MODEL", "b2c")];
/// The settings of a hybrid Keel.
pub const HYBRID: &[(&str, &str)] = &[("KEEL_BUSINESS_MODEL", "hybrid")];

/// The settings of a Keel that sells licences only.
pub const LICENCES: &[(&str, &str)] = &[("KEEL_BILLING_MODEL", "license")];
/// The settings of a Keel that sells plans only.
pub const SUBSCRIPTIONS: &[(&str, &str)] = &[("KEEL_BILLING_MODEL", "subscription")];

/// A running Keel.
pub struct App {
    /// Where it is, without a slash at the end.
    pub base: String,
    /// Where its billing sandbox is.
    pub sandbox: String,
    /// The Keel itself, for its clock.
    pub keel: Keel,
    /// Its database.
    pub db: Database,
    /// Where its metrics are, without a slash at the end.
    pub metrics: String,
    dir: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl App {
    /// Starts a Keel on a database of its own.
    pub async fn start(engine: Engine, settings: &[(&str, &str)]) -> Self {
        let (dir, db) = Self::prepare(engine).await;
        let url = db.url.clone();
        Self::start_on(dir, db, &url, settings).await
    }

    /// Starts a Keel that reaches its PostgreSQL by way of a relay.
    pub async fn start_behind_relay() -> (Self, Relay) {
        let (dir, db) = Self::prepare(Engine::Postgres).await;
        let (relay, url) = Relay::to(&db.url).await;
        (Self::start_on(dir, db, &url, &[]).await, relay)
    }

    async fn prepare(engine: Engine) -> (PathBuf, Database) {
        let dir = std::env::temp_dir().join(format!("keel-test-{}", keel_domain::secrets::reference()));
        std::fs::create_dir_all(&dir).unwrap();
        let db = Database::create(engine, &dir).await;
        (dir, db)
    }

    async fn start_on(dir: PathBuf, db: Database, url: &str, settings: &[(&str, &str)]) -> Self {
        // Behind a base address of another name it has to be known where it really is.
        let real = settings.iter().any(|(name, _)| *name == "KEEL_BASE_URL").then(free_address);
        let listen = real.clone().unwrap_or_else(|| "127.0.0.1:0".to_owned());
        let names: Vec<String> = settings.iter().map(|(name, _)| (*name).to_owned()).collect();
        let config = Config::read(&names, |name| {
            let set = settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            set.or_else(|| match name {
                "KEEL_DATA_DIR" => Some(dir.display().to_string()),
                "KEEL_LISTEN" => Some(listen.clone()),
                "KEEL_SECRET" => Some(Secret::generate()),
                "KEEL_DRAIN" => Some("0".to_owned()),
                "KEEL_METRICS_LISTEN" => Some("127.0.0.1:0".to_owned()),
                "DATABASE_URL" => Some(url.to_owned()),
                _ => None,
            })
        });
        let process = Process::start(config.unwrap()).await.unwrap();
        let keel = process.keel().clone();
        let (sandbox, _) = process.sandbox().expect("the sandbox runs in the process");
        let metrics = format!("http://{}", process.metrics_address().expect("metrics are on"));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            process.serve(async move { drop(stopped.await) }).await;
        });
        let base = real.map_or_else(|| keel.settings().base_url.clone(), |real| format!("http://{real}"));
        Self { base, sandbox, keel, db, metrics, dir, stop: Some(stop), serving: Some(serving) }
    }

    /// Stops it and removes what it kept.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            serving.await.unwrap();
        }
        self.db.remove().await;
        let _ = std::fs::remove_dir_all(&self.dir);
    }

    /// A browser nobody used yet.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// A browser in which this address has just signed in by code.
    pub async fn sign_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        self.sign_in_with(&browser, email).await;
        browser
    }

    /// Signs an address in, in this browser; gives where it was led.
    pub async fn sign_in_with(&self, browser: &Browser, email: &str) -> String {
        browser.form("/api/auth/request-link", &[("email", email)]).await.leads_to("/verify");
        let code = self.code(email).await;
        let answer = browser.form("/api/auth/verify-otp", &[("code", &code)]).await;
        answer.location().to_owned()
    }

    /// The newest mail to an address.
    pub async fn mail(&self, to: &str) -> Value {
        self.mails(to).await.swap_remove(0)
    }

    /// The newest mail to an address under this subject.
    pub async fn mail_about(&self, to: &str, subject: &str) -> Value {
        self.mails(to).await.into_iter().find(|mail| mail["subject"] == subject).unwrap_or_else(|| panic!("no mail: {subject}"))
    }

    /// Every mail to an address, the newest first.
    async fn mails(&self, to: &str) -> Vec<Value> {
        let mut mails: Value = self.browser().get(&format!("/dev/mailbox.json?to={to}")).await.json();
        mails.as_array_mut().filter(|mails| !mails.is_empty()).map(std::mem::take).expect("a mail")
    }

    /// The code of the newest mail with one.
    pub async fn code(&self, to: &str) -> String {
        let code = |mail: &Value| {
            let mut words = mail["text"].as_str()?.split_whitespace();
            words.find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
        };
        self.mails(to).await.iter().find_map(code).expect("six digits")
    }

    /// The token of the newest mail's link, of those that carry one.
    pub async fn link_token(&self, to: &str) -> String {
        let token = |mail: &Value| Some(mail["links"][0].as_str()?.split_once("token=")?.1.to_owned());
        self.mails(to).await.iter().find_map(token).expect("a token")
    }

    /// Moves the clock of application and sandbox.
    pub async fn advance(&self, milliseconds: i64) {
        self.keel.move_clock(milliseconds).await.unwrap();
    }

    /// What the sandbox was asked since the last time this was called.
    pub async fn stripe_calls(&self) -> Vec<Value> {
        let sandbox = Browser::new(self.sandbox.trim_end_matches('/'));
        let calls: Value = sandbox.get("/_sandbox/requests").await.json();
        sandbox.delete("/_sandbox/requests").await;
        calls.as_array().or_else(|| calls["data"].as_array()).cloned().unwrap_or_default()
    }

    /// How the sandbox treats webhooks from now on.
    pub async fn webhooks(&self, how: &str) {
        let sandbox = Browser::new(self.sandbox.trim_end_matches('/'));
        assert_eq!(sandbox.json("/_sandbox/faults", &json!({ "webhooks": how })).await.status, 200);
    }

    /// Pays on the sandbox's page with a card; gives where the buyer is sent.
    pub async fn pay(&self, page: &str, card: &str) -> Answer {
        pay(page, card).await
    }

    /// Waits until a number in the database is what it should become.
    pub async fn settles(&self, sql: &str, wanted: i64) {
        let started = Instant::now();
        loop {
            // Before anything is there, there may be no row, or a sum of none.
            let found = self.db.found(sql).await;
            if found == Some(wanted) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{sql}: {found:?} instead of {wanted}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until everything Stripe has said by now has arrived.
    pub async fn delivered(&self) {
        let sandbox = Browser::new(self.sandbox.trim_end_matches('/'));
        let started = Instant::now();
        loop {
            let deliveries = sandbox.get("/_sandbox/deliveries").await.json();
            let is_under_way = |delivery: &Value| delivery["status"] == "pending";
            if !deliveries.as_array().expect("a list").iter().any(is_under_way) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{deliveries}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until everything Stripe has said by now is processed.
    pub async fn digested(&self) {
        self.delivered().await;
        self.settles("SELECT COUNT(*) FROM stripe_events WHERE state = 'new'", 0).await;
    }
}
