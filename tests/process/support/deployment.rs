//! What stays when a process of Keel ends: the database, Stripe, the mail server, and the settings.

use super::Instance;
use super::instance::command;
use crate::support::{Browser, Database, Engine, Mailroom, free_address};
use billing_sandbox::{Clock, Options, Sandbox, Webhook};
use keel_domain::secrets::{Secret, reference};
use keel_types::Instant as Moment;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than any lease, in milliseconds.
const LEASE: i64 = 2 * 60_000 + 1_000;
/// Events that are sent again.
const AGAIN: usize = 500;
/// Instances a deployment has addresses for.
const INSTANCES: usize = 2;
const STRIPE_KEY: &str = "sk_test_process";

/// A place to run Keel in.
pub struct Deployment {
    pub db: Database,
    pub mail: Arc<Mailroom>,
    /// Where its instances serve.
    pub bases: [String; INSTANCES],
    /// Where files of this deployment are kept.
    pub dir: PathBuf,
    sandbox: Sandbox,
    env: Vec<(String, String)>,
}

impl Deployment {
    /// One with a database of its own.
    pub async fn new(engine: Engine) -> Self {
        let dir = fresh_dir();
        let db = Database::create(engine, &dir).await;
        Self::on(db, dir).await
    }

    /// One on a PostgreSQL that is there already.
    pub async fn at(url: &str) -> Self {
        Self::on(Database::at(url), fresh_dir()).await
    }

    async fn on(db: Database, dir: PathBuf) -> Self {
        let bases = std::array::from_fn(|_| format!("http://{}", free_address()));
        let smtp_url = Mailroom::open();
        let secret = format!("whsec_{}", Secret::generate());
        let sandbox = Sandbox::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_host: "127.0.0.1".to_owned(),
            data_file: None,
            api_key: STRIPE_KEY.to_owned(),
            webhook: Some(Webhook { url: format!("{}{}", bases[0], keel::http::STRIPE_WEBHOOK), secret: secret.clone() }),
            clock: Clock::own(),
        });
        let sandbox = sandbox.await.unwrap();
        let env = [
            ("KEEL_BASE_URL", bases[0].clone()),
            ("KEEL_SECRET", Secret::generate()),
            ("KEEL_DATA_DIR", dir.display().to_string()),
            ("KEEL_DRAIN", "1".to_owned()),
            ("RUST_LOG", "info,access=off,sqlx=off".to_owned()),
            ("DATABASE_URL", db.url.clone()),
            ("SMTP_URL", smtp_url.clone()),
            ("STRIPE_API_BASE", sandbox.api_base()),
            ("STRIPE_SECRET_KEY", STRIPE_KEY.to_owned()),
            ("STRIPE_WEBHOOK_SECRET", secret),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { db, mail: Mailroom::at(&smtp_url), bases, dir, sandbox, env }
    }

    /// A setting of its processes.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// A setting, as it is.
    pub fn setting(&self, name: &str) -> &str {
        &self.env.iter().find(|(known, _)| known == name).expect("a setting").1
    }

    /// Starts `keel serve`, the first or second instance. Nobody waits until it is ready.
    pub fn start(&self, number: usize) -> Instance {
        let base = self.bases[number].clone();
        let listen = base["http://".len()..].to_owned();
        let env: Vec<_> = self.env.iter().cloned().chain([("KEEL_LISTEN".to_owned(), listen)]).collect();
        Instance::start(base, &env, &self.dir.join(format!("keel-{number}.log")))
    }

    /// Starts the first instance, and waits until it is ready.
    pub async fn serve(&self) -> Instance {
        let mut keel = self.start(0);
        keel.ready().await;
        keel
    }

    /// Runs a command of Keel to its end.
    pub async fn run(&self, name: &'static str) -> Output {
        let env = self.env.clone();
        tokio::task::spawn_blocking(move || command(&env).arg(name).output().unwrap()).await.unwrap()
    }

    /// Runs a command for so long and kills it then; true when it had ended well before.
    pub async fn run_for(&self, name: &str, lasts: Duration) -> bool {
        let mut child = command(&self.env).arg(name).spawn().unwrap();
        tokio::time::sleep(lasts).await;
        let _ = child.kill();
        child.wait().unwrap().success()
    }

    /// Has Stripe send its events to another address too.
    pub async fn webhooks_to(&self, base: &str) {
        let receiver = json!({ "url": format!("{base}{}", keel::http::STRIPE_WEBHOOK), "secret": self.setting("STRIPE_WEBHOOK_SECRET") });
        assert_eq!(self.stripe().json("/_sandbox/webhook_endpoints", &receiver).await.status, 200);
    }

    /// Makes trouble with calls to Stripe, see the sandbox's `ApiFault`.
    pub async fn trouble(&self, fault: Value) {
        assert_eq!(self.stripe().json("/_sandbox/faults", &json!({ "api_error": fault })).await.status, 200);
    }

    /// A list of Stripe's.
    pub async fn stripe_list(&self, path: &str) -> Vec<Value> {
        let stripe = self.stripe();
        let answer = stripe.send(stripe.request(Method::GET, path).bearer_auth(STRIPE_KEY)).await;
        answer.json()["data"].as_array().expect("a list").clone()
    }

    /// The sandbox's own pages.
    pub fn stripe(&self) -> Browser {
        Browser::new(self.sandbox.api_base().trim_end_matches('/'))
    }

    /// Moves the clock of Stripe and of the instance at `base`; the others follow within a second.
    pub async fn advance(&self, base: &str, milliseconds: i64) {
        let by = json!({ "advance_ms": milliseconds });
        assert_eq!(self.stripe().json("/_sandbox/clock", &by).await.status, 200);
        assert_eq!(Browser::new(base).json("/dev/clock", &by).await.status, 204);
    }

    /// The moment it is for Keel and for Stripe.
    pub async fn now(&self) -> Moment {
        Moment(self.stripe().get("/_sandbox/clock").await.json()["now_ms"].as_i64().unwrap())
    }

    /// Waits until the instance at `base` has done everything that is left to do: leases of the dead run out, and Stripe
    /// sends many events once more.
    pub async fn settles(&self, base: &str) {
        let stripe = self.stripe();
        let deliveries = stripe.get("/_sandbox/deliveries").await.json();
        let events: BTreeSet<&str> = deliveries.as_array().unwrap().iter().filter_map(|d| d["event"].as_str()).collect();
        for event in events.into_iter().take(AGAIN) {
            assert_eq!(stripe.json(&format!("/_sandbox/events/{event}/resend"), &json!({})).await.status, 200);
        }
        let (mut least, mut since) = (i64::MAX, Instant::now());
        loop {
            let left = self.left(&stripe).await;
            if left == 0 {
                return;
            }
            if left < least {
                (least, since) = (left, Instant::now());
            }
            assert!(since.elapsed() < Duration::from_mins(1), "{left} things stay to be done");
            self.advance(base, LEASE).await;
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
    }

    /// How much is left to do: jobs, events that wait, events on their way.
    async fn left(&self, stripe: &Browser) -> i64 {
        let jobs = self.db.number("SELECT COUNT(*) FROM jobs WHERE state = 'due'").await;
        let events = self.db.number("SELECT COUNT(*) FROM stripe_events WHERE state = 'new'").await;
        let deliveries = stripe.get("/_sandbox/deliveries").await.json();
        let never = |delivery: &&Value| delivery["attempts"].as_array().is_none_or(Vec::is_empty);
        let sending = deliveries.as_array().unwrap().iter().filter(never).count();
        jobs + events + i64::try_from(sending).unwrap()
    }

    /// Removes what it kept.
    pub async fn remove(self) {
        self.sandbox.stop().await;
        self.db.remove().await;
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn fresh_dir() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("keel-process-{}", reference()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
