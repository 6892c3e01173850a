//! Codes of an app (RFC 6238): six digits of every thirty seconds, the span before and the one behind count too. The secret is
//! encrypted under `KEEL_SECRET`, bound to its person, and counts only after a first code has shown that the app has it. Until then it
//! is shown in the session that began, and in no other of the same person's: whoever has got hold of one would know it from then on.

use super::{Added, added, end_if_last, require_shown, ways};
use crate::access::sessions::{self, SecondFactor};
use crate::access::{Caller, Fresh, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::db::Tx;
use crate::mail::letters::two_step as letters;
use crate::refusal::{Refusal, Result};
use crate::secrets::random;
use crate::{Keel, args, sql};
use keel_types::time::{MINUTE, SECOND};
use keel_types::{Code, Fault, Instant, UserId};
use totp_rs::{Builder, Totp};

/// How long a secret that was shown waits for its first code.
const PATIENCE: i64 = 30 * MINUTE;
/// Characters of the groups in which a secret is shown.
const GROUP: usize = 4;
/// Who the app says the codes are for.
const ISSUER: &str = "Keel";

sql! {
    KEEP_PENDING = "INSERT INTO totp (user_id, pending, pending_until) VALUES ($1, $2, $3)
        ON CONFLICT (user_id) DO UPDATE SET pending = excluded.pending, pending_until = excluded.pending_until";
    FIND_PENDING = "SELECT pending FROM totp WHERE user_id = $1 AND pending IS NOT NULL AND pending_until > $2";
    CONFIRM = "UPDATE totp SET secret = $4, last_step = $2, confirmed_at = $3, pending = NULL, pending_until = NULL
        WHERE user_id = $1 AND pending = $5";
    FIND_SECRET = "SELECT secret FROM totp WHERE user_id = $1 AND secret IS NOT NULL";
    // Written anew each time, so that it is under the current key.
    USE_STEP = "UPDATE totp SET last_step = $2, secret = $3 WHERE user_id = $1 AND last_step < $2";
    REMOVE = "DELETE FROM totp WHERE user_id = $1";
}

/// A secret that waits for its first code, as the caller may see it.
#[derive(Clone, Debug)]
pub struct Pending {
    /// To be typed into an app: base32, in groups.
    pub secret: String,
    /// The same for a camera: an `otpauth` address.
    pub address: String,
}

/// Makes a secret for the caller's app; an earlier one that waits is forgotten. Nothing counts before [`confirm`].
///
/// # Errors
/// `TwoStepNeeded`, as all verbs here, when the session has shown none of the second factors that are required of the caller.
pub async fn start(call: &mut Write<Fresh<SignedIn>>) -> Result<()> {
    call.lock_caller().await?;
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let pending = keel.settings().secret.encrypt(&purpose_of_pending(&caller), &random::<20>())?;
    let tx = call.tx()?;
    require_shown(tx, &caller).await?;
    tx.run(KEEP_PENDING, args![&caller.user, pending, now.plus(PATIENCE)]).await?;
    Ok(())
}

/// The secret that waits for the caller's first code.
pub async fn find_pending(call: &mut Read<Fresh<SignedIn>>) -> Result<Option<Pending>> {
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let row: Option<(String,)> = call.conn().find(FIND_PENDING, args![&caller.user, now]).await?;
    let secret = row.and_then(|(pending,)| keel.settings().secret.decrypt(&purpose_of_pending(&caller), &pending));
    let Some(secret) = secret else { return Ok(None) };
    let totp = of_secret(secret, caller.email.as_str())?;
    let secret = totp.secret().to_base32();
    let groups: Vec<&str> = secret.as_bytes().chunks(GROUP).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    let address = totp.to_url().map_err(|error| Refusal::internal(&error))?;
    Ok(Some(Pending { secret: groups.join(" "), address }))
}

/// Turns two-step verification on, or goes on with another app: the secret that waits counts from now on. Every other session of the
/// caller ends, because it was begun without, and whoever turns this on may fear one of them. A wrong code is a value.
///
/// # Errors
/// `Refused(Expired)` when no secret waits in this session.
pub async fn confirm(call: &mut Write<Fresh<SignedIn>>, code: &str) -> Result<std::result::Result<Added, Fault>> {
    call.lock_caller().await?;
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let tx = call.tx()?;
    require_shown(tx, &caller).await?;
    let row: Option<(String,)> = tx.find(FIND_PENDING, args![&caller.user, now]).await?;
    let (pending,) = row.ok_or(Refusal::Refused(Code::Expired))?;
    let secret = keel.settings().secret.decrypt(&purpose_of_pending(&caller), &pending);
    let totp = of_secret(secret.ok_or(Refusal::Refused(Code::Expired))?, "")?;
    let Some(step) = step_of(&totp, code, now) else { return Ok(Err(Fault::WrongAppCode)) };
    let secret = sealed(&keel, &caller.user, totp.secret().as_bytes())?;
    tx.run(CONFIRM, args![&caller.user, step, now, secret, pending]).await?;
    sessions::end_others(tx, &caller.user, &caller.session, now).await?;
    let added = added(tx, &caller, SecondFactor::Totp, now).await?;
    letters::turned_on(tx, &keel, &caller.email).await?;
    audit::record(call, Action::FactorAdded, None, caller.user.as_str(), &[("factor", SecondFactor::Totp.as_str())]).await?;
    Ok(Ok(added))
}

/// The caller's app counts no more.
///
/// # Errors
/// `Refused(TwoStepOff)` when none does; `Refused(TwoStepKept)` while a workspace of the caller's requires two-step verification.
pub async fn turn_off(call: &mut Write<Fresh<SignedIn>>) -> Result<()> {
    call.lock_caller().await?;
    let (caller, keel) = (call.proof().clone(), call.keel().clone());
    let tx = call.tx()?;
    require_shown(tx, &caller).await?;
    if !ways(tx, &caller.user).await?.is_on() {
        return Err(Refusal::Refused(Code::TwoStepOff));
    }
    tx.run(REMOVE, args![&caller.user]).await?;
    end_if_last(tx, &caller.user).await?;
    letters::turned_off(tx, &keel, &caller.email).await?;
    audit::record(call, Action::FactorRemoved, None, caller.user.as_str(), &[("factor", SecondFactor::Totp.as_str())]).await
}

/// Takes a code of the person's app: of each span one, and of none that is before one that was taken.
pub(super) async fn take(tx: &mut Tx, keel: &Keel, user: &UserId, code: &str, now: Instant) -> Result<std::result::Result<(), Fault>> {
    let row: Option<(String,)> = tx.find(FIND_SECRET, args![user]).await?;
    let Some((secret,)) = row else { return Ok(Err(Fault::WrongAppCode)) };
    let totp = opened(keel, user, &secret)?;
    let Some(step) = step_of(&totp, code, now) else { return Ok(Err(Fault::WrongAppCode)) };
    let again = sealed(keel, user, totp.secret().as_bytes())?;
    Ok(if tx.ran(USE_STEP, args![user, step, again]).await? { Ok(()) } else { Err(Fault::SpentAppCode) })
}

/// The span of thirty seconds that a code is of.
fn step_of(totp: &Totp, code: &str, now: Instant) -> Option<i64> {
    let seconds = u64::try_from(now.0 / SECOND).ok()?;
    totp.check(code, seconds).and_then(|step| i64::try_from(step).ok())
}

fn sealed(keel: &Keel, user: &UserId, secret: &[u8]) -> Result<String> {
    keel.settings().secret.encrypt(&purpose(user), secret)
}

fn opened(keel: &Keel, user: &UserId, sealed: &str) -> Result<Totp> {
    let secret = keel.settings().secret.decrypt(&purpose(user), sealed);
    of_secret(secret.ok_or_else(|| Refusal::internal(&"an app's secret is under a KEEL_SECRET that is no more known"))?, "")
}

fn of_secret(secret: Vec<u8>, name: &str) -> Result<Totp> {
    let built = Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(name).build();
    built.map_err(|error| Refusal::internal(&error))
}

fn purpose(user: &UserId) -> String {
    format!("totp of {user}")
}

fn purpose_of_pending(caller: &Caller) -> String {
    format!("totp that waits in {}", caller.session)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard_and_one_span_early_or_late_counts() {
        let totp = Builder::new().with_secret(b"12345678901234567890".to_vec()).build().unwrap();
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (20_000_000_000, "353130")] {
            let at = |drift: i64| step_of(&totp, code, Instant((seconds + drift) * SECOND));
            assert_eq!([at(-30), at(0), at(30)], [Some(seconds / 30); 3], "{code}");
            assert_eq!([at(-60), at(60)], [None; 2], "{code}");
        }
    }
}
