//! Slugs: whose each is. An account that takes another keeps the one it had for thirty days: old links lead on, and nobody else
//! can take it meanwhile. One row a slug, so that of two who take the same one at the same instant one gets it.

use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::time::DAY;
use keel_types::{AccountId, Instant, Slug};

/// How long a former slug leads on, in milliseconds.
const HELD: i64 = 30 * DAY;

sql! {
    CLAIM = "INSERT INTO slugs (slug, account_id, held_until) VALUES ($1, $2, NULL)
        ON CONFLICT (slug) DO UPDATE SET account_id = $2, held_until = NULL WHERE slugs.account_id = $2 OR slugs.held_until <= $3";
    RELEASE = "UPDATE slugs SET held_until = $3 WHERE slug = $1 AND account_id = $2";
}

/// Whether the slug is the account's from now on: it was nobody's, or its own before.
pub(super) async fn claim(tx: &mut Tx, slug: &Slug, account: &AccountId, now: Instant) -> Result<bool> {
    Ok(tx.ran(CLAIM, args![slug, account, now]).await?)
}

/// Leaves a slug to nobody for thirty days.
pub(super) async fn release(tx: &mut Tx, slug: &str, account: &AccountId, now: Instant) -> Result<()> {
    tx.run(RELEASE, args![slug, account, now.plus(HELD)]).await?;
    Ok(())
}
