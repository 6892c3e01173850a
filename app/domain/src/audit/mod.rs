//! The audit log: who did what, written in the same transaction as the change. Append-only; names never change.
//! Tested in `tests/flows/audit.rs`.

mod exports;
mod log;

pub use exports::{Export, export};
pub use log::{Event, Filter, Listed, Place, list, may_export};

use crate::access::{Asked, Caller, Door, Manager, Member, Read, Write};
use crate::db::Tx;
use crate::members::fold;
use crate::refusal::Result;
use crate::{args, ids, sql};
use keel_text::EN;
use keel_types::{AccountId, AuditId, Instant, Permission, UserId};

sql! {
    LIST_OF_ACCOUNT = "SELECT actor_name, action, created_at FROM audit_events WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT 0 + $2";
    LIST_OF_PERSON = "SELECT actor_name, action, created_at FROM audit_events WHERE actor_id = $1 AND (account_id = $2 OR account_id IS NULL)
        ORDER BY created_at DESC, id DESC LIMIT 0 + $3";
    LIST_BEHIND = "SELECT id, actor_name, action, metadata, created_at FROM audit_events
        WHERE account_id = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT 0 + $4";
    FORGET_NAMES = "UPDATE audit_events SET actor_name = $2, actor_key = $4, metadata = $3, address = '', agent = '' WHERE id = $1";
    INSERT_EVENT = "INSERT INTO audit_events (id, account_id, actor_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
}

macro_rules! actions {
    ($($name:ident = $word:literal;)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $(#[doc = concat!("`", $word, "`.")] $name,)* }

        impl Action {
            /// Every one, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Reads the stable name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.as_str() == name)
            }

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
    SteppedUp            = "auth.stepped_up";
    FactorAdded          = "factor.added";
    FactorRemoved        = "factor.removed";
    PasswordChanged      = "user.password_changed";
    ClosingScheduled     = "user.closing_scheduled";
    ClosingCanceled      = "user.closing_canceled";
    AccountClosed        = "user.closed";
    EmailRequested       = "user.email_requested";
    EmailChanged         = "user.email_changed";
    SessionEnded         = "session.ended";
    PasskeyAdded         = "passkey.added";
    PasskeyRenamed       = "passkey.renamed";
    PasskeyRemoved       = "passkey.removed";
    CheckoutStarted      = "checkout.started";
    SubscriptionStarted  = "subscription.started";
    SubscriptionChanged  = "subscription.changed";
    SubscriptionCanceled = "subscription.canceled";
    SubscriptionResumed  = "subscription.resumed";
    SubscriptionTrialEnded = "subscription.trial_ended";
    SubscriptionSurplus  = "subscription.surplus";
    LicenceStarted       = "licence.started";
    LicenceEnded         = "licence.ended";
    PaymentFailed        = "payment.failed";
    PaymentRefunded      = "payment.refunded";
    PaymentDisputed      = "payment.disputed";
    RefundReturned       = "refund.returned";
    CreditsAdjusted      = "credits.adjusted";
    StaffMade            = "staff.made";
    InvitationCreated    = "invitation.created";
    InvitationResent     = "invitation.resent";
    InvitationRevoked    = "invitation.revoked";
    InvitationAccepted   = "invitation.accepted";
    InvitationDeclined   = "invitation.declined";
    WorkspaceCreated     = "workspace.created";
    MemberRoleChanged    = "member.role_changed";
    MemberRemoved        = "member.removed";
    MemberLeft           = "member.left";
    SettingsUpdated      = "settings.updated";
    CompanyUpdated       = "company.updated";
    OwnershipTransferred = "ownership.transferred";
    BillingOwnerChanged  = "billing_owner.changed";
    DataExported         = "data.exported";
    DataDownloaded       = "data.downloaded";
    DeletionScheduled    = "deletion.scheduled";
    DeletionCanceled     = "deletion.canceled";
    DeletionCompleted    = "deletion.completed";
    RoleCreated          = "role.created";
    RoleUpdated          = "role.updated";
    RoleDeleted          = "role.deleted";
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
    let key = fold(&name);
    let event = ids::new::<AuditId>();
    let row = args![&event, account, id, name, action.as_str(), resource, address, agent, metadata, now, key];
    tx.run(INSERT_EVENT, row).await?;
    Ok(())
}

/// Events whose names are forgotten in one go.
const BATCH: u32 = 1_000;
/// Who did it, of accounts that were deleted and of people who closed theirs.
pub(crate) const FORMER: &str = "former_member";

#[derive(sqlx::FromRow)]
struct NamedRow {
    id: String,
    actor_name: String,
    action: String,
    metadata: String,
    created_at: i64,
}

/// Forgets the names in some events of an account that is being deleted, those behind `place`: who they were remains a number.
/// Gives how many there were and the place behind them; nothing behind the last.
pub(crate) async fn forget_names(tx: &mut Tx, account: &AccountId, place: &str) -> Result<Option<(u64, String)>> {
    let (at, id) = place.split_once(' ').and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id))).unwrap_or((i64::MIN, ""));
    let rows: Vec<NamedRow> = tx.list(LIST_BEHIND, args![account, at, id, BATCH]).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let place = format!("{} {}", last.created_at, last.id);
    for row in &rows {
        let is_system = EN.actor.find(&row.actor_name).is_some();
        let name = if is_system { row.actor_name.as_str() } else { FORMER };
        tx.run(FORGET_NAMES, args![row.id.as_str(), name, impersonal(&row.action, &row.metadata), fold(name)]).await?;
    }
    Ok(Some((rows.len().try_into().unwrap_or(u64::MAX), place)))
}

/// What of an event's metadata says nothing of anybody: all about money, the roles of members, nothing else.
fn impersonal(action: &str, metadata: &str) -> String {
    let subject = action.split('.').next().unwrap_or_default();
    let mut kept: serde_json::Map<_, _> = serde_json::from_str(metadata).unwrap_or_default();
    kept.retain(|name, _| match subject {
        "subscription" | "licence" | "checkout" | "payment" | "credits" => !matches!(name.as_str(), "name" | "email" | "reason"),
        "member" | "invitation" | "ownership" => matches!(name.as_str(), "role" | "from" | "to" | "giver"),
        _ => false,
    });
    serde_json::Value::Object(kept).to_string()
}

/// Something that was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// Who did it.
    pub actor: String,
    /// The stable name of what was done.
    pub action: String,
    /// When.
    pub at: Instant,
}

impl From<(String, String, i64)> for Done {
    fn from((actor, action, at): (String, String, i64)) -> Self {
        Self { actor, action, at: Instant(at) }
    }
}

/// What was done last in the account, for people who may read the audit log; nothing for others.
pub async fn list_recent(call: &mut Read<Manager>, most: u32) -> Result<Vec<Done>> {
    if !call.proof().standing().role.permissions.has(Permission::ViewAudit) {
        return Ok(vec![]);
    }
    let account = call.proof().account().clone();
    let rows: Vec<(String, String, i64)> = call.conn().list(LIST_OF_ACCOUNT, args![&account, most]).await?;
    Ok(rows.into_iter().map(Done::from).collect())
}

/// What the caller did last, in this account and about themselves.
pub async fn list_mine(call: &mut Read<Member>, most: u32) -> Result<Vec<Done>> {
    let (user, account) = (call.proof().actor().user.clone(), call.proof().account().clone());
    let rows: Vec<(String, String, i64)> = call.conn().list(LIST_OF_PERSON, args![&user, &account, most]).await?;
    Ok(rows.into_iter().map(Done::from).collect())
}
