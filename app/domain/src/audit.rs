//! The audit log: who did what, written in the same transaction as the change. Append-only; names never change.

use crate::access::{Asked, Caller, Door, Write};
use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, ids, sql};
use keel_types::{AccountId, AuditId, Instant, UserId};

sql! {
    INSERT_EVENT = "INSERT INTO audit_events (id, account_id, actor_id, actor_name, action, resource, address, agent, metadata, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
}

macro_rules! actions {
    ($($name:ident = $word:literal;)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $(#[doc = $word] $name,)* }

        impl Action {
            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

actions! {
    SignedIn             = "auth.signed_in";
    SignInFailed         = "auth.failed";
    SignedOut            = "auth.signed_out";
    CheckoutStarted      = "checkout.started";
    SubscriptionStarted  = "subscription.started";
    SubscriptionChanged  = "subscription.changed";
    SubscriptionCanceled = "subscription.canceled";
    PaymentFailed        = "payment.failed";
    WorkspaceCreated     = "workspace.created";
}

/// Who did it, where they were.
pub(crate) enum Actor<'a> {
    /// A person, in a request.
    Person(&'a Caller, &'a Asked),
    /// A person who has just signed in with this address, in a request.
    SignedIn(&'a UserId, &'a str, &'a Asked),
    /// Somebody who tried to sign in, in a request.
    Unknown(&'a str, &'a Asked),
    /// Keel itself, for a reason.
    System(&'static str),
}

/// Writes down what the caller of this call did.
pub(crate) async fn record<D: Door>(
    call: &mut Write<D>,
    action: Action,
    account: Option<&AccountId>,
    resource: &str,
    metadata: &[(&str, &str)],
) -> Result<()> {
    let (asked, now) = (call.asked().clone(), call.now());
    let caller = call.caller().cloned();
    let actor = caller.as_ref().map_or(Actor::Unknown("", &asked), |caller| Actor::Person(caller, &asked));
    write(call.tx()?, &actor, action, account, resource, metadata, now).await
}

/// Writes down what somebody did.
pub(crate) async fn write(
    tx: &mut Tx,
    actor: &Actor<'_>,
    action: Action,
    account: Option<&AccountId>,
    resource: &str,
    metadata: &[(&str, &str)],
    now: Instant,
) -> Result<()> {
    let (id, name, address, agent) = match actor {
        Actor::Person(caller, asked) => (Some(caller.user.as_str()), caller.shown_name(), asked.address.as_str(), asked.agent.as_str()),
        Actor::SignedIn(user, email, asked) => (Some(user.as_str()), (*email).to_owned(), asked.address.as_str(), asked.agent.as_str()),
        Actor::Unknown(name, asked) => (None, (*name).to_owned(), asked.address.as_str(), asked.agent.as_str()),
        Actor::System(reason) => (None, (*reason).to_owned(), "", ""),
    };
    let metadata: serde_json::Map<_, _> = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let metadata = serde_json::Value::Object(metadata).to_string();
    let account = account.map(|a| a.as_str().to_owned());
    let row = args![&ids::new::<AuditId>(), account, id, name, action.as_str(), resource, address, agent, metadata, now];
    tx.run(INSERT_EVENT, row).await?;
    Ok(())
}
