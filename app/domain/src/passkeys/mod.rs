//! Passkeys: keys that people's devices keep and use once they know their person. One is both factors at once: the device that
//! one has, and the finger, face or PIN by which it is opened. Tested in `tests/flows/passkeys.rs`.
//!
//! What is signed and how it is checked is `webauthn-rs`'s; here is whose a passkey is, and that each question counts once.

mod challenges;
mod proofs;
mod registrations;

pub use challenges::Purpose;
pub use proofs::{Assertion, ask};
pub(crate) use proofs::{Proven, prove};
pub use registrations::{Registration, add, begin};

use crate::access::{Fresh, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::db::Tx;
use crate::mail::letters::passkeys as letters;
use crate::refusal::{Refusal, Result};
use crate::settings::Settings;
use crate::{args, sql, two_step};
use keel_text::EN;
use keel_types::{Fault, Instant, PasskeyId, PasskeyName, UserId};
use std::thread;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder, WebauthnError};

/// Most passkeys of one person.
pub const MOST: i64 = 20;

/// Bytes of the stack on which is read what devices say; what is not needed is not taken.
const STACK: usize = 16 * 1024 * 1024;

sql! {
    LIST_OF_PERSON = "SELECT id, name, created_at, used_at FROM passkeys WHERE user_id = $1 ORDER BY created_at, id LIMIT 0 + $2";
    LIST_KNOWN = "SELECT credential_id, user_handle FROM passkeys WHERE user_id = $1 LIMIT 0 + $2";
    RENAME = "UPDATE passkeys SET name = $3 WHERE user_id = $1 AND id = $2";
    REMOVE = "DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING name";
}

/// A passkey as its person sees it.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What the person calls it.
    pub name: String,
    /// When it was added.
    pub created: Instant,
    /// When somebody last signed in or proved who they are with it.
    pub used: Option<Instant>,
}

#[derive(sqlx::FromRow)]
struct PasskeyRow {
    #[sqlx(try_from = "String")]
    id: PasskeyId,
    name: String,
    created_at: i64,
    used_at: Option<i64>,
}

/// Whether there are passkeys here: browsers know them at hosts that have a name, not at bare IP addresses.
pub fn are_offered(settings: &Settings) -> bool {
    relying_party(settings).is_some()
}

/// The caller's passkeys, the oldest first.
pub async fn list(call: &mut Read<SignedIn>) -> Result<Vec<Passkey>> {
    let user = call.proof().user.clone();
    let rows: Vec<PasskeyRow> = call.conn().list(LIST_OF_PERSON, args![&user, MOST]).await?;
    let passkey =
        |row: PasskeyRow| Passkey { id: row.id, name: row.name, created: Instant(row.created_at), used: row.used_at.map(Instant) };
    Ok(rows.into_iter().map(passkey).collect())
}

/// Calls a passkey of the caller's otherwise.
///
/// # Errors
/// `NotFound`.
pub async fn rename(call: &mut Write<SignedIn>, id: &PasskeyId, name: &PasskeyName) -> Result<()> {
    let user = call.proof().user.clone();
    if !call.tx()?.ran(RENAME, args![&user, id, name.as_str()]).await? {
        return Err(Refusal::NotFound);
    }
    audit::record(call, Action::PasskeyRenamed, None, id.as_str(), &[("name", name.as_str())]).await
}

/// Removes a passkey of the caller's, and mails that it happened: nobody signs in with it any more, nor does a sign-in that is
/// under way.
///
/// # Errors
/// `NotFound`; `Refused(TwoStepKept)` when it is the caller's last second factor, while a workspace of theirs requires one;
/// `TwoStepNeeded` when one is required of them and the session has shown none.
pub async fn remove(call: &mut Write<Fresh<SignedIn>>, id: &PasskeyId) -> Result<()> {
    call.lock_caller().await?;
    let (caller, keel) = (call.proof().clone(), call.keel().clone());
    let tx = call.tx()?;
    two_step::require_shown(tx, &caller).await?;
    let removed: Option<(String,)> = tx.find(REMOVE, args![&caller.user, id]).await?;
    let (name,) = removed.ok_or(Refusal::NotFound)?;
    two_step::end_if_last(tx, &caller.user).await?;
    letters::removed(tx, &keel, &caller.email, &name).await?;
    audit::record(call, Action::PasskeyRemoved, None, id.as_str(), &[("name", &name)]).await
}

/// The credentials of a person's passkeys, each with the handle by which its device knows the person.
async fn list_known(tx: &mut Tx, user: &UserId) -> Result<Vec<(String, String)>> {
    Ok(tx.list(LIST_KNOWN, args![user, MOST]).await?)
}

/// Who asks for passkeys: the host of `KEEL_BASE_URL`, for which alone they count, from this address alone.
fn relying_party(settings: &Settings) -> Option<Webauthn> {
    let origin = Url::parse(&settings.base_url).ok()?;
    WebauthnBuilder::new(origin.domain()?, &origin).ok()?.rp_name(EN.common.product).build().ok()
}

/// Reads what somebody's device says on a stack of its own: however it is nested, the process goes on. Its reader goes down 128 levels,
/// for which that of a worker is too small.
fn on_own_stack<T: Send>(read: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read).map_err(|error| Refusal::internal(&error))?;
        reader.join().map_err(|_| Refusal::internal(&"what a device says could not be read"))
    })
}

/// What a person is told of an answer that does not hold.
fn fault(error: &WebauthnError) -> Fault {
    match error {
        WebauthnError::UserNotVerified => Fault::PasskeyUnverified,
        WebauthnError::CredentialPossibleCompromise => Fault::PasskeyCopied,
        _ => Fault::PasskeyFailed,
    }
}

/// What a browser says instead of an answer: the name of its error. Nothing, where it could not even ask.
fn fault_of_browser(said: &str) -> Fault {
    match said {
        // It does not tell whether the person declined or let the time pass.
        "NotAllowedError" | "AbortError" => Fault::PasskeyCancelled,
        "InvalidStateError" => Fault::PasskeyKnown,
        _ => Fault::PasskeyFailed,
    }
}
