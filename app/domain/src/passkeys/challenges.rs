//! What devices are asked to sign. A question is kept until it is answered, and whoever answers takes it: at the same instant, one.

use crate::db::Tx;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::Instant;
use keel_types::time::MINUTE;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long a question may be answered; browsers are told the same.
pub(super) const LIFE: i64 = 5 * MINUTE;

sql! {
    KEEP = "INSERT INTO passkey_challenges (holder, purpose, state, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (holder, purpose) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at";
    TAKE = "DELETE FROM passkey_challenges WHERE holder = $1 AND purpose = $2 RETURNING state, expires_at";
}

/// What a passkey is asked for. An answer counts for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To become one of the caller's.
    Register,
    /// To sign in.
    SignIn,
    /// As the second factor, behind a first one or to prove anew who the caller is.
    SecondFactor,
}

impl Purpose {
    /// The word as kept and as pages ask for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign-in",
            Self::SecondFactor => "second-factor",
        }
    }

    /// Reads what anybody may ask for: everything but registering.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::SignIn, Self::SecondFactor].into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// Keeps what was asked; an earlier question to the same holder for the same purpose is dead.
pub(super) async fn keep(tx: &mut Tx, holder: &str, purpose: Purpose, state: &impl Serialize, now: Instant) -> Result<()> {
    let state = serde_json::to_string(state).map_err(|error| Refusal::internal(&error))?;
    tx.run(KEEP, args![holder, purpose.as_str(), state, now.plus(LIFE)]).await?;
    Ok(())
}

/// Takes what was asked, if it may still be answered; nobody else can from now on.
pub(super) async fn take<S: DeserializeOwned>(tx: &mut Tx, holder: &str, purpose: Purpose, now: Instant) -> Result<Option<S>> {
    let taken: Option<(String, i64)> = tx.find(TAKE, args![holder, purpose.as_str()]).await?;
    Ok(taken.filter(|(_, expires_at)| *expires_at > now.0).and_then(|(state, _)| serde_json::from_str(&state).ok()))
}
