//! Whose identities are whose. One belongs to one person, for as long as that person likes.

use super::Identity;
use crate::access::{Fresh, Read, SignedIn, Visitor, Write};
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::mail::letters::providers as letters;
use crate::refusal::{Refusal, Result};
use crate::sign_in::second_steps;
use crate::{args, ids, sql, two_step};
use keel_types::{Email, IdentityId, Instant, UserId};

sql! {
    FIND_PERSON = "SELECT i.id, u.id AS user_id, u.email FROM identities i JOIN users u ON u.id = i.user_id
        WHERE i.issuer = $1 AND i.subject = $2";
    INSERT_IDENTITY = "INSERT INTO identities (id, user_id, provider, issuer, subject, label, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (issuer, subject) DO NOTHING";
    USE_IDENTITY = "UPDATE identities SET last_used_at = $2 WHERE id = $1";
    LIST_IDENTITIES = "SELECT id, provider, label, created_at, last_used_at FROM identities WHERE user_id = $1 ORDER BY created_at, id LIMIT 50";
    DELETE_IDENTITY = "DELETE FROM identities WHERE id = $1 AND user_id = $2 RETURNING provider, label";
}

/// Whose an identity is.
#[derive(sqlx::FromRow)]
pub(super) struct Person {
    #[sqlx(try_from = "String")]
    id: IdentityId,
    #[sqlx(try_from = "String")]
    pub user_id: UserId,
    #[sqlx(try_from = "String")]
    pub email: Email,
}

/// Whose this identity is.
pub(super) async fn find(tx: &mut Tx, identity: &Identity) -> Result<Option<Person>> {
    Ok(tx.find(FIND_PERSON, args![&identity.issuer, &identity.subject]).await?)
}

/// Whose this identity is, as long as the transaction lasts, and that they come in by it now: nobody parts with it meanwhile.
pub(super) async fn come_in_by(tx: &mut Tx, identity: &Identity, now: Instant) -> Result<Option<Person>> {
    let Some(seen) = find(tx, identity).await? else { return Ok(None) };
    locks::lock_user(tx, &seen.user_id).await?;
    let held = find(tx, identity).await?.filter(|held| held.user_id == seen.user_id);
    if let Some(person) = &held {
        tx.run(USE_IDENTITY, args![&person.id, now]).await?;
    }
    Ok(held)
}

/// Makes it this person's and writes that down, unless it is somebody's already. However often at the same instant: one is told that
/// it did.
pub(super) async fn keep(tx: &mut Tx, identity: &Identity, user: &UserId, actor: &Actor<'_>, now: Instant) -> Result<bool> {
    let (id, Identity { provider, issuer, subject, label }) = (ids::new::<IdentityId>(), identity);
    if !tx.ran(INSERT_IDENTITY, args![&id, user, provider, issuer, subject, label, now]).await? {
        return Ok(false);
    }
    let what = [("factor", "provider"), ("provider", provider.as_str()), ("name", label.as_str())];
    audit::write(tx, actor, Action::FactorAdded, None, id.as_str(), &what, now).await?;
    Ok(true)
}

/// An identity that becomes somebody's once they are in, as it is kept with their sign-in.
#[derive(Clone, Debug)]
pub struct WaitingIdentity(pub(super) Identity);

impl WaitingIdentity {
    /// Reads what was kept.
    pub(crate) fn parse(kept: &str) -> Option<Self> {
        serde_json::from_str(kept).ok().map(Self)
    }

    /// As it is kept.
    pub(crate) fn text(&self) -> Option<String> {
        serde_json::to_string(&self.0).ok()
    }
}

/// Links the identity that waited to the person who is in; who was here before is told by mail. Nothing when it became somebody's
/// meanwhile.
pub(crate) async fn link_waiting(
    call: &mut Write<Visitor>,
    user: &UserId,
    email: &Email,
    WaitingIdentity(identity): &WaitingIdentity,
    is_new: bool,
) -> Result<()> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    if keep(tx, identity, user, &Actor::SignedIn(user, email.as_str(), &asked), now).await? && !is_new {
        letters::linked(tx, &keel, email, &identity.provider, &identity.label).await?;
    }
    Ok(())
}

/// An account elsewhere by which the caller can sign in.
#[derive(Clone, Debug)]
pub struct Linked {
    /// The identity.
    pub id: IdentityId,
    /// The provider's slug; it may not be set up any more.
    pub provider: String,
    /// How the account is called there.
    pub label: String,
    /// Since when.
    pub at: Instant,
    /// When the person last signed in by it.
    pub last_used: Option<Instant>,
}

#[derive(sqlx::FromRow)]
struct LinkedRow {
    #[sqlx(try_from = "String")]
    id: IdentityId,
    provider: String,
    label: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

/// The caller's, oldest first.
pub async fn list(call: &mut Read<SignedIn>) -> Result<Vec<Linked>> {
    let user = call.proof().user.clone();
    let rows: Vec<LinkedRow> = call.conn().list(LIST_IDENTITIES, args![&user]).await?;
    let linked = |row: LinkedRow| Linked {
        id: row.id,
        provider: row.provider,
        label: row.label,
        at: Instant(row.created_at),
        last_used: row.last_used_at.map(Instant),
    };
    Ok(rows.into_iter().map(linked).collect())
}

/// Nobody signs in as the caller by this identity any more, nor does a sign-in that waits for its second step. The mailbox is always
/// another way in.
///
/// # Errors
/// `NotFound` when it is none of the caller's; `TwoStepNeeded` when a second factor is required of them and the session has shown none.
pub async fn unlink(call: &mut Write<Fresh<SignedIn>>, id: &IdentityId) -> Result<()> {
    // Whoever signs in by it at the same instant was first, or does not get in.
    call.lock_caller().await?;
    let (keel, caller, now) = (call.keel().clone(), call.proof().clone(), call.now());
    let tx = call.tx()?;
    two_step::require_shown(tx, &caller).await?;
    let row: Option<(String, String)> = tx.find(DELETE_IDENTITY, args![id, &caller.user]).await?;
    let (provider, label) = row.ok_or(Refusal::NotFound)?;
    second_steps::end_all(tx, &caller.user, now).await?;
    let what = [("factor", "provider"), ("provider", provider.as_str()), ("name", label.as_str())];
    audit::record(call, Action::FactorRemoved, None, id.as_str(), &what).await?;
    letters::unlinked(call.tx()?, &keel, &caller.email, &provider, &label).await
}
