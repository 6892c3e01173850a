//! What a subscription becomes when its period ends: mirrored from Stripe's schedule.

use crate::db::Tx;
use crate::payments::{SubscriptionState, Upcoming};
use crate::refusal::Result;
use crate::{args, sql};

sql! {
    KEEP_UPCOMING = "UPDATE subscriptions SET schedule_id = $2, next_price_id = $3, next_seats = $4, next_at = $5 WHERE stripe_id = $1";
}

/// Writes down what is scheduled for a subscription, or that nothing is.
pub(super) async fn keep(tx: &mut Tx, subscription: &SubscriptionState, upcoming: Option<&Upcoming>) -> Result<()> {
    let (price, seats, at) = upcoming.map_or((None, None, None), |next| (Some(next.price_id.clone()), Some(next.quantity), Some(next.at)));
    tx.run(KEEP_UPCOMING, args![subscription.id.as_str(), subscription.schedule.clone(), price, seats, at]).await?;
    Ok(())
}
