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
    MOVE = "UPDATE stripe_events SET customer = $2, due_at = $3 WHERE id = $1 AND state = 'new'";
    MAKE_LANE_DUE = "INSERT INTO stripe_lanes (customer, due_at) VALUES ($1, $2)
        ON CONFLICT (customer) DO UPDATE SET due_at = CASE WHEN stripe_lanes.due_at < excluded.due_at THEN stripe_lanes.due_at ELSE excluded.due_at END";
}

/// What of Stripe Keel looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ObjectKind {
    Checkout,
    Subscription,
    Invoice,
    /// Everything the customer pays for.
    Customer,
    /// Money that came, with its refunds and disputes.
    Charge,
}

impl ObjectKind {
    const ALL: [Self; 5] = [Self::Checkout, Self::Subscription, Self::Invoice, Self::Customer, Self::Charge];

    /// Stripe's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout.session",
            Self::Subscription => "subscription",
            Self::Invoice => "invoice",
            Self::Customer => "customer",
            Self::Charge => "charge",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Where an event says to look: at its own object, or at what that is part of.
    fn told_of(event: &Envelope) -> Option<(Self, &str)> {
        let id = event.object_id.as_str();
        let found = match event.object_type.as_str() {
            "charge" => (event.kind == "charge.refunded").then_some((Self::Charge, id)),
            "refund" | "dispute" => Some((Self::Charge, event.charge.as_deref()?)),
            "customer" => (event.kind == "customer.updated").then_some((Self::Customer, id)),
            "payment_method" => Some((Self::Customer, event.customer.as_deref()?)),
            // One to come cannot be asked for.
            "invoice" if event.kind == "invoice.upcoming" || id.is_empty() => Some((Self::Customer, event.customer.as_deref()?)),
            other => Self::parse(other).map(|kind| (kind, id)),
        };
        found.filter(|(_, id)| !id.is_empty())
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
    let look = ObjectKind::told_of(envelope);
    if envelope.livemode != live {
        tracing::warn!(event = envelope.id, livemode = envelope.livemode, "an event of the other mode was stored and left alone");
    }
    let state = if look.is_some() && envelope.livemode == live { "new" } else { "ignored" };
    let (kind, id) = look.map_or((envelope.object_type.as_str(), envelope.object_id.as_str()), |(kind, id)| (kind.as_str(), id));
    // Objects that name no customer get a lane of their own, until the look finds whose they are.
    let lane = envelope.customer.as_deref().unwrap_or(id);
    let row = args![envelope.id.as_str(), envelope.kind.as_str(), kind, id, lane, body, state, now, envelope.created_ms];
    let is_new = tx.ran(INSERT, row).await?;
    if is_new && state == "new" {
        make_due(tx, lane, now).await?;
    }
    Ok(is_new)
}

/// Gives an event to the lane of the customer whose it turned out to be.
pub(super) async fn move_to(tx: &mut Tx, lane: &str, event: &str, now: Instant) -> Result<()> {
    make_due(tx, lane, now).await?;
    tx.run(MOVE, args![event, lane, now]).await?;
    Ok(())
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
