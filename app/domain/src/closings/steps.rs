//! The worker of closings. A step is claimed by moving the moment at which the worker looks next; whoever finds it moved does
//! nothing.

use super::{Tie, take_back, ties};
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::jobs::pause;
use crate::mail::letters::closings as letters;
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_text::EN;
use keel_types::time::{MINUTE, SECOND};
use keel_types::{AccountId, ClosingId, Email, Instant, UserId};

/// How long a claimed step is nobody else's, in milliseconds.
const LEASE: i64 = MINUTE;
/// How long the worker waits for what is deleted with the person, unless it is told.
const PATIENCE: i64 = 10 * SECOND;

sql! {
    LIST_NEXT = "SELECT id, next_at FROM closings WHERE next_at <= $1 ORDER BY next_at LIMIT 20";
    CLAIM = "UPDATE closings SET next_at = $3, tries = tries + 1 WHERE id = $1 AND next_at = $2 RETURNING id, user_id, email, state, tries";
    FAIL = "UPDATE closings SET next_at = $3, error = $4 WHERE id = $1 AND next_at = $2";
    CLOSE = "UPDATE closings SET state = 'closing', next_at = $2, tries = 0, error = NULL WHERE id = $1 AND state = 'due' AND due_at <= $2";
    FINISH = "UPDATE closings SET state = 'done', email = '', next_at = NULL, settled_at = $2 WHERE id = $1 AND state = 'closing'";
    WAIT = "UPDATE closings SET next_at = $2, tries = 0 WHERE id = $1 AND state = 'closing'";
    LEAVE = "DELETE FROM memberships WHERE account_id = $1 AND user_id = $2
            AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = $1 AND a.deletion_due_at IS NULL) RETURNING id";
    UNCOUNT_MEMBER = "UPDATE accounts SET member_count = member_count - 1 WHERE id = $1";
    REVOKE_SESSIONS = "UPDATE user_sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
    END_RESETS = "DELETE FROM password_resets WHERE user_id = $1";
    END_SECOND_STEPS = "DELETE FROM second_steps WHERE user_id = $1";
    END_APP = "DELETE FROM totp WHERE user_id = $1";
    END_RECOVERY_CODES = "DELETE FROM recovery_codes WHERE user_id = $1";
    END_IDENTITIES = "DELETE FROM identities WHERE user_id = $1";
    END_PASSKEYS = "DELETE FROM passkeys WHERE user_id = $1";
    END_BROWSERS = "DELETE FROM known_browsers WHERE user_id = $1";
    END_ADDRESS_CHANGES = "DELETE FROM address_changes WHERE user_id = $1";
    END_SIGN_INS = "DELETE FROM sign_ins WHERE email = $1";
    // The address is free again; nobody gets mail at the one that takes its place.
    FORGET_WAYS = "UPDATE users SET email = $2, password_hash = NULL, platform_role = NULL WHERE id = $1";
    COUNT_HELD = "SELECT COUNT(*) FROM accounts WHERE person_id = $1 OR billing_owner_id = $1";
    LIST_DONE = "SELECT id FROM audit_events WHERE actor_id = $1 ORDER BY created_at, id LIMIT 1000";
    FORGET_ACTOR = "UPDATE audit_events SET actor_id = NULL, actor_name = $2, actor_key = $2, address = '', agent = '' WHERE id = $1";
    FORGET_INVITER = "UPDATE invitations SET inviter_name = $2 WHERE invited_by = $1";
    DELETE_PERSON = "DELETE FROM users WHERE id = $1";
}

#[derive(sqlx::FromRow)]
struct NextRow {
    id: String,
    next_at: i64,
}

/// A closing of which this instance holds the next step.
#[derive(sqlx::FromRow)]
struct Step {
    #[sqlx(try_from = "String")]
    id: ClosingId,
    #[sqlx(try_from = "String")]
    user_id: UserId,
    #[sqlx(try_from = "String")]
    email: Email,
    state: String,
    tries: i64,
}

/// Does the next step of every closing that waits for one. True when there was one.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let due: Vec<NextRow> = keel.db().read().list(LIST_NEXT, args![keel.now()]).await?;
    let any = !due.is_empty();
    for row in due {
        let lease = keel.now().plus(LEASE);
        let mut tx = keel.db().begin().await?;
        let step: Option<Step> = tx.find(CLAIM, args![row.id, row.next_at, lease]).await?;
        tx.commit().await?;
        let Some(step) = step else { continue };
        let done = if step.state == "due" { close(keel, &step).await } else { go_on(keel, &step).await };
        if let Err(refusal) = done {
            let error = format!("{refusal:?}");
            tracing::warn!(closing = %step.id, state = step.state, tries = step.tries, error, "a step of a closing failed");
            let mut tx = keel.db().begin().await?;
            tx.run(FAIL, args![&step.id, lease, keel.now().plus(pause(step.tries)), error]).await?;
            tx.commit().await?;
        }
    }
    Ok(any)
}

/// The point of no return, unless a workspace needs the person by now: then the closing is taken back, and they are told why.
async fn close(keel: &Keel, step: &Step) -> Result<()> {
    let (now, user) = (keel.now(), &step.user_id);
    let mut tx = keel.db().begin().await?;
    // In front of the person's lock, which those who use these up wait for. Whoever is needed asks for another mail.
    tx.run(END_SIGN_INS, args![&step.email]).await?;
    locks::lock_user(&mut tx, user).await?;
    let needed: Vec<Tie> = ties::hold(&mut tx, user).await?.into_iter().filter(|tie| tie.deletion_due.is_none()).collect();
    if !needed.is_empty() {
        if take_back(&mut tx, user, EN.actor.closing, now).await?.is_some() {
            letters::kept(&mut tx, keel, &step.email, &needed).await?;
        }
    } else if tx.ran(CLOSE, args![&step.id, now]).await? {
        end(&mut tx, keel, step, now).await?;
    }
    tx.commit().await?;
    keel.wake();
    Ok(())
}

/// Ends every way in: nobody is this person any more.
async fn end(tx: &mut Tx, keel: &Keel, step: &Step, now: Instant) -> Result<()> {
    let user = &step.user_id;
    letters::closed(tx, keel, &step.email).await?;
    for account in ties::lock_accounts(tx, user).await? {
        leave(tx, &account, user, now).await?;
    }
    tx.run(REVOKE_SESSIONS, args![user, now]).await?;
    for way in [END_RESETS, END_SECOND_STEPS, END_APP, END_RECOVERY_CODES, END_IDENTITIES, END_PASSKEYS, END_BROWSERS, END_ADDRESS_CHANGES]
    {
        tx.run(way, args![user]).await?;
    }
    tx.run(FORGET_WAYS, args![user, format!("{user}@closed.invalid")]).await?;
    audit::write(tx, &Actor::System("closing"), Action::AccountClosed, None, step.id.as_str(), &[], now).await
}

/// Ends the person's place in a workspace that goes on without them. One that is being deleted parts with them by itself.
async fn leave(tx: &mut Tx, account: &AccountId, user: &UserId, now: Instant) -> Result<()> {
    let left: Option<(String,)> = tx.find(LEAVE, args![account, user]).await?;
    let Some((membership,)) = left else { return Ok(()) };
    tx.run(UNCOUNT_MEMBER, args![account]).await?;
    audit::write(tx, &Actor::System("closing"), Action::MemberLeft, Some(account), &membership, &[], now).await
}

/// What was deleted with the person is gone: so are their names, a batch at a time, and then they.
async fn go_on(keel: &Keel, step: &Step) -> Result<()> {
    let (now, user) = (keel.now(), &step.user_id);
    let mut tx = keel.db().begin().await?;
    let (held,): (i64,) = tx.get(COUNT_HELD, args![user]).await?;
    if held > 0 {
        tx.run(WAIT, args![&step.id, now.plus(PATIENCE)]).await?;
        return Ok(tx.commit().await?);
    }
    let done: Vec<(String,)> = tx.list(LIST_DONE, args![user]).await?;
    for (event,) in &done {
        tx.run(FORGET_ACTOR, args![event.as_str(), audit::FORMER]).await?;
    }
    if done.is_empty() {
        tx.run(FORGET_INVITER, args![user, EN.actor.former_member]).await?;
        tx.run(DELETE_PERSON, args![user]).await?;
        tx.run(FINISH, args![&step.id, now]).await?;
    } else {
        tx.run(WAIT, args![&step.id, now]).await?;
    }
    tx.commit().await?;
    keel.wake();
    Ok(())
}
