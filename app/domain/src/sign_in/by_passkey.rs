//! Signing in by a passkey, without an address: whose it is says who comes in. Both factors at once.

use super::{Welcome, Wish, enter};
use crate::access::sessions::Factor;
use crate::access::{Visitor, Write};
use crate::audit::{self, Action, Actor};
use crate::billing::catalogue::Choice;
use crate::passkeys::{self, Assertion, Proven, Purpose};
use crate::refusal::Result;
use crate::secrets::PlainToken;
use keel_types::Fault;
use keel_types::url::LocalPath;

/// Signs in by what a device signed, in the browser that was asked for it. However often at the same instant: one session. A refusal
/// is a value: what was asked is answered either way.
///
/// # Errors
/// `NotFound` where there are no passkeys.
pub async fn by_passkey(
    call: &mut Write<Visitor>,
    browser: &PlainToken,
    assertion: &Assertion,
    next: Option<LocalPath>,
    choice: Option<Choice>,
) -> Result<std::result::Result<Welcome, Fault>> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    match passkeys::prove(tx, &keel, browser, Purpose::SignIn, assertion, None).await? {
        Ok(Proven { user, email }) => {
            enter(call, &user, Wish { email, next, choice, identity: None }, Factor::Passkey, false).await.map(Ok)
        }
        Err((fault, whose)) => {
            if let Some(email) = whose {
                let actor = Actor::Unknown(email.as_str(), &asked);
                audit::write(tx, &actor, Action::SignInFailed, None, "", &[("factor", Factor::Passkey.as_str())], now).await?;
            }
            Ok(Err(fault))
        }
    }
}
