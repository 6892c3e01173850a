//! The inbox: every event of Stripe is stored before anything is done about it, once.

use crate::db::Tx;
use crate::payments::webhook::{self, Envelope};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::{Code, Instant};

sql! {
    INSERT = "INSERT INTO stripe_events (id, kind, object_kind, object_id, customer, body, state, due_at, happened_at, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8) ON CONFLICT (id) DO NOTHING";
    ASK_AGAIN = "INSERT INTO stripe_events (id, kind, object_kind, object_id, customer, body, state, due_at, happened_at, received_at)
        VALUES ($1, 'check', $2, $3, $4, '', 'new', $5, $5, $5)
        ON CONFLICT (id) DO UPDATE SET state = 'new', tries = 0, due_at = excluded.due_at, error = NULL
        WHERE stripe_events.state <> 'new'";
    MAKE_LANE_DUE = "INSERT INTO stripe_lanes (customer, due_at) VALUES ($1, $2)
        ON CONFLICT (customer) DO UPDATE SET due_at = CASE WHEN stripe_lanes.due_at < excluded.due_at THEN stripe_lanes.due_at ELSE excluded.due_at END";
}

/// What of Stripe Keel looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ObjectKind {
    Checkout,
    Subscription,
    Invoice,
}

impl ObjectKind {
    /// Stripe's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout.session",
            Self::Subscription => "subscription",
            Self::Invoice => "invoice",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Checkout, Self::Subscription, Self::Invoice].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Takes in a webhook: afterwards it is stored, and will be processed even if this instance ends now.
///
/// # Errors
/// `Refused(Malformed)` when the signature or the body is not Stripe's.
pub async fn receive(keel: &Keel, signature: Option<&str>, body: &[u8]) -> Result<()> {
    let now = keel.now();
    let secrets: Vec<&str> = keel.settings().stripe.webhook_secrets.iter().map(String::as_str).collect();
    let refused = |why: &dyn std::fmt::Display| {
        tracing::warn!(%why, "a webhook was refused");
        Refusal::Refused(Code::Malformed)
    };
    webhook::verify(signature, body, &secrets, now.0).map_err(|e| refused(&e))?;
    let envelope = Envelope::read(body).map_err(|e| refused(&e))?;
    let body = std::str::from_utf8(body).map_err(|e| refused(&e))?;
    let mut tx = keel.db().begin().await?;
    store(&mut tx, keel, &envelope, body, now).await?;
    tx.commit().await?;
    keel.wake_for_events();
    Ok(())
}

/// Stores an event, once, and makes its lane due. False when it was known.
pub(super) async fn store(tx: &mut Tx, keel: &Keel, envelope: &Envelope, body: &str, now: Instant) -> Result<bool> {
    let live = keel.settings().stripe.secret_key.contains("_live_");
    // An invoice to come cannot be asked for.
    let is_there = !envelope.object_id.is_empty() && envelope.kind != "invoice.upcoming";
    let known = ObjectKind::parse(&envelope.object_type).is_some() && is_there;
    if envelope.livemode != live {
        tracing::warn!(event = envelope.id, livemode = envelope.livemode, "an event of the other mode was stored and left alone");
    }
    let state = if known && envelope.livemode == live { "new" } else { "ignored" };
    // Objects without a customer get a lane of their own.
    let lane = envelope.customer.as_deref().unwrap_or(&envelope.object_id);
    let row = args![
        envelope.id.as_str(),
        envelope.kind.as_str(),
        envelope.object_type.as_str(),
        envelope.object_id.as_str(),
        lane,
        body,
        state,
        now,
        envelope.created_ms
    ];
    let is_new = tx.ran(INSERT, row).await?;
    if is_new && state == "new" {
        make_due(tx, lane, now).await?;
    }
    Ok(is_new)
}

/// Has the worker look after a lane, now.
pub(super) async fn make_due(tx: &mut Tx, lane: &str, now: Instant) -> Result<()> {
    tx.run(MAKE_LANE_DUE, args![lane, now]).await?;
    Ok(())
}

/// Asks for one look at an object, as if an event had named it. Asked again before the look, it stays one.
pub(super) async fn ask(tx: &mut Tx, kind: ObjectKind, id: &str, customer: &str, now: Instant) -> Result<()> {
    // The lane first, as the worker does: two that lock the same rows in another order would wait for each other.
    make_due(tx, customer, now).await?;
    tx.run(ASK_AGAIN, args![format!("check.{id}"), kind.as_str(), id, customer, now]).await?;
    Ok(())
}
