//! What people are told once and for all, however often Stripe says it.

use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::Instant;

sql! {
    TELL = "INSERT INTO told (fact, told_at) VALUES ($1, $2) ON CONFLICT (fact) DO NOTHING";
}

/// Whether this fact is told for the first time.
pub(super) async fn once(tx: &mut Tx, fact: &str, now: Instant) -> Result<bool> {
    Ok(tx.ran(TELL, args![fact, now]).await?)
}
