//! A running Keel: its database, its settings, its clock and its ways outside.

use crate::access::sessions::Seen;
use crate::billing::asking::Asking;
use crate::billing::{self, lanes};
use crate::clock::Clock;
use crate::db::Db;
use crate::mail::post::Post;
use crate::metrics::Metrics;
use crate::passwords::{Hashing, Place};
use crate::payments::Payments;
use crate::providers::Providers;
use crate::refusal::{Refusal, Result};
use crate::settings::Settings;
use crate::sweep::Broom;
use keel_types::Instant;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long nothing arrives between two bursts of events.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a burst keeps the worker waiting.
const LONGEST_BURST: Duration = Duration::from_millis(250);

/// A running Keel. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Keel(Arc<Parts>);

struct Parts {
    db: Db,
    clock: Clock,
    settings: Settings,
    payments: Payments,
    post: Post,
    providers: Providers,
    seen: Seen,
    hashing: Hashing,
    metrics: Metrics,
    broom: Broom,
    asking: Asking,
    events: Notify,
    jobs: Notify,
    accounts: Notify,
}

/// A kind of work. Each is done in a loop of its own, so that a slow Stripe keeps no mail waiting, nor a slow mail server Stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// What Stripe said.
    Events,
    /// Mail, expiries, and what is written down in batches.
    Jobs,
    /// Accounts that end, copies of accounts, and what is put right at Stripe: long work, in small steps.
    Accounts,
}

/// Why a Keel does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database does not answer or cannot be migrated.
    #[error("DATABASE_URL: {0}")]
    Database(#[from] sqlx::Error),
    /// The Stripe settings are not taken.
    #[error("STRIPE_SECRET_KEY or STRIPE_API_BASE: {0}")]
    Stripe(#[from] crate::payments::SettingError),
    /// The way to providers of sign-ins cannot be secured.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The mail settings are not taken.
    #[error("{0}")]
    Mail(#[from] crate::mail::post::BadMailSetting),
}

impl Keel {
    /// Puts the parts together; the clock takes over its offset. Calls nobody outside.
    pub async fn start(db: Db, clock: Clock, settings: Settings) -> std::result::Result<Self, StartError> {
        if settings.in_development() {
            clock.refresh(&db).await?;
        }
        let payments = Payments::new(&settings.stripe.secret_key, settings.stripe.api_base.as_deref())?;
        let post = Post::new(settings.smtp_url.as_deref(), &settings.mail_from)?;
        let providers = Providers::new(&settings)?;
        Ok(Self(Arc::new(Parts {
            db,
            clock,
            settings,
            payments,
            post,
            providers,
            seen: Seen::default(),
            hashing: Hashing::default(),
            metrics: Metrics::default(),
            broom: Broom::default(),
            asking: Asking::default(),
            events: Notify::new(),
            jobs: Notify::new(),
            accounts: Notify::new(),
        })))
    }

    /// How it is set up.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The moment it is.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// How often Stripe was asked for whom.
    pub(crate) fn asking(&self) -> &Asking {
        &self.0.asking
    }

    /// Brings what is measured, and not counted as it happens, up to date.
    pub async fn measure(&self) {
        self.0.metrics.measure(self).await;
    }

    /// Whether the database answers.
    pub async fn is_ready(&self) -> bool {
        self.0.db.answers().await
    }

    /// Ends the connections to the database, after those in use are given back.
    pub async fn close(&self) {
        self.0.db.close().await;
    }

    /// Moves the clock, for every instance, and looks for work that is due by then.
    ///
    /// # Errors
    /// `NotFound` in production.
    pub async fn move_clock(&self, milliseconds: i64) -> Result<()> {
        if !self.settings().in_development() {
            return Err(Refusal::NotFound);
        }
        let mut tx = self.db().begin().await?;
        Clock::advance(&mut tx, milliseconds).await?;
        tx.commit().await?;
        self.0.clock.refresh(self.db()).await?;
        self.wake();
        Ok(())
    }

    /// Takes over the clock's offset, which another instance may have moved.
    pub async fn refresh_clock(&self) -> Result<()> {
        Ok(self.0.clock.refresh(self.db()).await?)
    }

    /// Does everything that is due now, once. True when there was something.
    pub async fn work(&self) -> Result<bool> {
        Ok(self.work_on(Work::Events).await? | self.work_on(Work::Jobs).await? | self.work_on(Work::Accounts).await?)
    }

    /// Does everything of one kind that is due now, once. True when there was something.
    pub async fn work_on(&self, kind: Work) -> Result<bool> {
        match kind {
            Work::Events => lanes::work(self).await,
            Work::Jobs => self.work_on_jobs().await,
            Work::Accounts => self.work_on_accounts().await,
        }
    }

    async fn work_on_jobs(&self) -> Result<bool> {
        let jobs = crate::jobs::work(self).await?;
        self.0.seen.flush(self).await?;
        self.0.broom.sweep(self).await?;
        let expiries = crate::credits::expire(self).await?;
        let holds = crate::credits::release_due(self).await?;
        let months = billing::months::grant_due(self).await? | billing::licences::work(self).await?;
        let lapses = billing::dunning::lapse_due(self).await?;
        Ok(jobs || expiries || holds || months || lapses)
    }

    async fn work_on_accounts(&self) -> Result<bool> {
        let accounts = crate::closings::work(self).await?
            | crate::deletions::work(self).await?
            | crate::exports::work(self).await?
            | crate::roles::news::work(self).await?;
        let told = crate::two_step::news::work(self).await?;
        let changes = billing::changes::look_at_left(self).await? | billing::customers::tell_due(self).await?;
        let stripe = billing::surpluses::work(self).await? | billing::repair::work(self).await?;
        Ok(accounts || told || changes || stripe)
    }

    /// Waits until this instance is told of work of a kind; other instances' work is found by asking every second.
    pub async fn work_arrives(&self, kind: Work) {
        match kind {
            Work::Events => self.0.events.notified().await,
            Work::Jobs => self.0.jobs.notified().await,
            Work::Accounts => self.0.accounts.notified().await,
        }
    }

    /// Waits until Stripe has said what it has to say, a quarter of a second at most: it waits for each acknowledgement, and one
    /// look answers all events about one object.
    pub async fn events_pause(&self) {
        let still_arriving = async { while timeout(PAUSE, self.0.events.notified()).await.is_ok() {} };
        let _ = timeout(LONGEST_BURST, still_arriving).await;
    }

    /// Tells the workers of this instance that there is work.
    pub(crate) fn wake(&self) {
        self.wake_for_events();
        self.0.jobs.notify_one();
        self.0.accounts.notify_one();
    }

    /// Tells the worker of events that there is one.
    pub(crate) fn wake_for_events(&self) {
        self.0.events.notify_one();
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn payments(&self) -> &Payments {
        &self.0.payments
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.0.seen
    }

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.0.hashing
    }

    /// A place at the hashing of passwords.
    ///
    /// # Errors
    /// `Unavailable` when the queue is full.
    pub(crate) fn place_at_hashing(&self) -> Result<Place> {
        self.0.hashing.place().inspect_err(|_| self.0.metrics.sign_in_shed())
    }

    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    pub(crate) fn post(&self) -> &Post {
        &self.0.post
    }
}
