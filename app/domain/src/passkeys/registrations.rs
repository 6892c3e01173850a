//! New passkeys.

use super::challenges::{self, Purpose};
use super::{MOST, fault, fault_of_browser, letters, list_known, on_own_stack, relying_party};
use crate::access::sessions::SecondFactor;
use crate::access::{Fresh, SignedIn, Write};
use crate::audit::{self, Action};
use crate::refusal::{Refusal, Result};
use crate::secrets::random;
use crate::two_step::{self, Added};
use crate::{args, ids, sql};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keel_types::{Fault, PasskeyId, PasskeyName};
use serde_json::{Value, json};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

sql! {
    COUNT = "SELECT COUNT(*) FROM passkeys WHERE user_id = $1";
    INSERT = "INSERT INTO passkeys (id, user_id, name, credential_id, user_handle, credential, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_id) DO NOTHING";
}

/// What a device answered that made a passkey.
#[derive(Debug)]
pub struct Registration(RegisterPublicKeyCredential);

impl Registration {
    /// Reads what the browser wrote into the form: the answer as JSON, or why there is none.
    pub fn parse(text: &str) -> std::result::Result<Self, Fault> {
        serde_json::from_str(text).map(Self).map_err(|_| fault_of_browser(text))
    }
}

/// The options for the browser to make a passkey by, within five minutes, in this session. It is one by which a browser finds its
/// person, and devices that hold one already are left out.
///
/// # Errors
/// `NotFound` where there are no passkeys; a fault at the field `passkey` when there are as many as there may be; `TwoStepNeeded` when
/// a second factor is required of the caller, and of those they have the session has shown none.
pub async fn begin(call: &mut Write<Fresh<SignedIn>>) -> Result<Value> {
    let (caller, now) = (call.proof().clone(), call.now());
    let relying_party = relying_party(call.keel().settings()).ok_or(Refusal::NotFound)?;
    let tx = call.tx()?;
    two_step::require_shown(tx, &caller).await?;
    let known = list_known(tx, &caller.user).await?;
    if known.len() >= usize::try_from(MOST).unwrap_or(usize::MAX) {
        return Err(Refusal::field("passkey", Fault::TooManyPasskeys));
    }
    // The same for all passkeys of a person, by which devices tell accounts apart; it says nothing about the person.
    let handle = known.first().and_then(|(_, handle)| Uuid::parse_str(handle).ok()).unwrap_or_else(|| Uuid::from_bytes(random()));
    let devices = known.iter().filter_map(|(id, _)| URL_SAFE_NO_PAD.decode(id).ok()).collect();
    let asked = relying_party.start_passkey_registration(handle, caller.email.as_str(), &caller.shown_name(), Some(devices));
    let (options, state) = asked.map_err(|error| Refusal::internal(&error))?;
    challenges::keep(tx, caller.session.as_str(), Purpose::Register, &(handle, state), now).await?;
    let mut options = serde_json::to_value(options.public_key).map_err(|error| Refusal::internal(&error))?;
    options["authenticatorSelection"]["residentKey"] = json!("required");
    options["authenticatorSelection"]["requireResidentKey"] = json!(true);
    Ok(options)
}

/// Keeps the passkey that was made in answer to [`begin`], and mails that it happened. The session counts as one with a second factor
/// from now on; gives its new token, and recovery codes for a person who has none. A refusal is a value: the question is answered either
/// way.
///
/// # Errors
/// `NotFound` where there are no passkeys; `TwoStepNeeded` as [`begin`].
pub async fn add(call: &mut Write<Fresh<SignedIn>>, made: &Registration, name: &PasskeyName) -> Result<std::result::Result<Added, Fault>> {
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let relying_party = relying_party(keel.settings()).ok_or(Refusal::NotFound)?;
    let tx = call.tx()?;
    let asked = challenges::take(tx, caller.session.as_str(), Purpose::Register, now).await?;
    let Some((handle, state)): Option<(Uuid, PasskeyRegistration)> = asked else { return Ok(Err(Fault::PasskeyExpired)) };
    let finish = || relying_party.finish_passkey_registration(&made.0, &state).map_err(|error| fault(&error));
    let passkey = match on_own_stack(finish)? {
        Ok(passkey) => passkey,
        Err(fault) => return Ok(Err(fault)),
    };
    call.lock_caller().await?;
    let caller = call.proof().clone();
    let tx = call.tx()?;
    two_step::require_shown(tx, &caller).await?;
    let (count,): (i64,) = tx.get(COUNT, args![&caller.user]).await?;
    if count >= MOST {
        return Ok(Err(Fault::TooManyPasskeys));
    }
    let (id, credential_id) = (ids::new::<PasskeyId>(), URL_SAFE_NO_PAD.encode(passkey.cred_id()));
    let credential = serde_json::to_string(&passkey).map_err(|error| Refusal::internal(&error))?;
    if !tx.ran(INSERT, args![&id, &caller.user, name.as_str(), credential_id, handle.to_string(), credential, now]).await? {
        return Ok(Err(Fault::PasskeyKnown));
    }
    let added = two_step::added(tx, &caller, SecondFactor::Passkey, now).await?;
    letters::added(tx, &keel, &caller.email, name.as_str()).await?;
    audit::record(call, Action::PasskeyAdded, None, id.as_str(), &[("name", name.as_str())]).await?;
    Ok(Ok(added))
}
